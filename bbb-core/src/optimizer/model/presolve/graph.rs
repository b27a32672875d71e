//! The graph that is reduced.

use std::collections::VecDeque;

use super::Step;
use crate::optimizer::model::balanced::balanced;
use crate::optimizer::model::bqm::Bqm;
use crate::optimizer::model::ising::real;

/// Spins with more couplers than this are not tied to others, since that takes the square of their number.
const MAX_TIED: usize = 512;
/// How much finer than the unit of the model the fractions may become.
const FINER: f64 = 8.0;
/// Units are looked for down to `2^-MAX_HALVINGS`.
const MAX_HALVINGS: i32 = 20;

/// A model over spins that loses one after the other.
pub(super) struct Graph {
    pub(super) offset: f64,
    pub(super) fields: Vec<f64>,
    /// Sorted; spins that are gone are dropped when a row is looked at.
    rows: Vec<Vec<(u32, f64)>>,
    gone: Vec<bool>,
    queue: VecDeque<u32>,
    queued: Vec<bool>,
    pub(super) steps: Vec<Step>,
    /// What coefficients must be multiples of, where the model has a unit.
    unit: Option<f64>,
}

impl Graph {
    pub(super) fn of(spin: &Bqm) -> Graph {
        let n = spin.num_variables();
        let short = |spin: usize| u32::try_from(spin).unwrap_or(u32::MAX);
        let row = |one: usize| spin.neighborhood(one).filter(|(_, bias)| *bias != 0.0).map(|(other, bias)| (short(other), bias)).collect();
        Graph {
            offset: spin.offset(),
            fields: spin.linear().to_vec(),
            rows: (0..n).map(row).collect(),
            gone: vec![false; n],
            queue: (0..n).map(short).collect(),
            queued: vec![true; n],
            steps: Vec::new(),
            unit: unit(spin).map(|unit| unit / FINER),
        }
    }

    /// The spins that are left.
    pub(super) fn kept(&self) -> Vec<usize> {
        (0..self.gone.len()).filter(|spin| !self.gone[*spin]).collect()
    }

    /// The couplers of a spin to those that are left.
    pub(super) fn couplers(&self, spin: usize) -> impl Iterator<Item = (usize, f64)> {
        self.rows[spin].iter().filter(|(other, _)| !self.gone[*other as usize]).map(|(other, coupler)| (*other as usize, *coupler))
    }

    /// Applies all rules until none applies.
    pub(super) fn reduce(&mut self) {
        while let Some(spin) = self.queue.pop_front() {
            self.queued[spin as usize] = false;
            if !self.gone[spin as usize] {
                self.look_at(spin);
            }
        }
        self.solve_balanced();
    }

    fn look_at(&mut self, spin: u32) {
        let at = spin as usize;
        let gone = &self.gone;
        self.rows[at].retain(|(other, coupler)| !gone[*other as usize] && *coupler != 0.0);
        let (field, row) = (self.fields[at], &self.rows[at]);
        let sum: f64 = row.iter().map(|(_, coupler)| coupler.abs()).sum();
        if field.abs() >= sum {
            self.fix(spin, if field > 0.0 { -1 } else { 1 });
            return;
        }
        let (to, coupler) = row.iter().fold((0, 0.0_f64), |most, entry| if entry.1.abs() > most.1.abs() { *entry } else { most });
        let others: f64 = row.iter().filter(|(other, _)| *other != to).map(|(_, coupler)| coupler.abs()).sum();
        if coupler.abs() >= others + field.abs() && row.len() <= MAX_TIED {
            self.tie(spin, to, if coupler > 0.0 { -1 } else { 1 });
        } else if row.len() + usize::from(field != 0.0) == 3 {
            self.replace_star(spin);
        }
    }

    fn touch(&mut self, spin: u32) {
        if !std::mem::replace(&mut self.queued[spin as usize], true) {
            self.queue.push_back(spin);
        }
    }

    fn fix(&mut self, spin: u32, value: i8) {
        let at = spin as usize;
        self.gone[at] = true;
        self.offset += f64::from(value) * self.fields[at];
        for (other, coupler) in std::mem::take(&mut self.rows[at]) {
            if !self.gone[other as usize] {
                self.fields[other as usize] += f64::from(value) * coupler;
                self.touch(other);
            }
        }
        self.steps.push(Step::Fixed { spin, value });
    }

    /// Makes a spin another one times a sign.
    fn tie(&mut self, spin: u32, to: u32, sign: i8) {
        let at = spin as usize;
        self.gone[at] = true;
        let factor = f64::from(sign);
        self.fields[to as usize] += factor * self.fields[at];
        for (other, coupler) in std::mem::take(&mut self.rows[at]) {
            if other == to {
                self.offset += factor * coupler;
            } else {
                self.couple(to, other, factor * coupler);
                self.touch(other);
            }
        }
        self.touch(to);
        self.steps.push(Step::Tied { spin, to, sign });
    }

    /// Adds to a coupler.
    fn couple(&mut self, one: u32, other: u32, coupler: f64) {
        for (from, to) in [(one, other), (other, one)] {
            let row = &mut self.rows[from as usize];
            match row.binary_search_by_key(&to, |(neighbor, _)| *neighbor) {
                Ok(at) => row[at].1 += coupler,
                Err(at) => row.insert(at, (to, coupler)),
            }
        }
    }

    /// Replaces a spin of three couplers, its field counted as one, by couplers between the three.
    fn replace_star(&mut self, spin: u32) {
        let at = spin as usize;
        let row = self.rows[at].clone();
        let (a, b) = (row[0].1, row[1].1);
        let c = row.get(2).map_or(self.fields[at], |(_, coupler)| *coupler);
        // The least that the spin can add, where none of the three is down, or the third, or the second, or the first.
        let [none, third, second, first] = [a + b + c, a + b - c, a - b + c, b + c - a].map(|sum: f64| -sum.abs());
        let constant = (none + third + second + first) / 4.0;
        let between = [(none + third - second - first) / 4.0, (none - third + second - first) / 4.0, (none - third - second + first) / 4.0];
        if self.unit.is_some_and(|unit| [constant, between[0], between[1], between[2]].iter().any(|value| (value / unit).fract() != 0.0)) {
            return;
        }
        self.gone[at] = true;
        self.rows[at].clear();
        self.offset += constant;
        self.couple(row[0].0, row[1].0, between[0]);
        match row.get(2) {
            Some((other, _)) => {
                self.couple(row[0].0, *other, between[1]);
                self.couple(row[1].0, *other, between[2]);
            }
            None => {
                self.fields[row[0].0 as usize] += between[1];
                self.fields[row[1].0 as usize] += between[2];
            }
        }
        for (other, _) in &row {
            self.touch(*other);
        }
        self.steps.push(Step::Against { spin, field: self.fields[at], couplers: row });
    }

    /// Fixes all spins of components in which nothing is frustrated.
    fn solve_balanced(&mut self) {
        let kept = self.kept();
        let mut builder = Bqm::builder(crate::optimizer::model::Vartype::Spin).variables(kept.len());
        let mut place = vec![0; self.gone.len()];
        for (new, old) in kept.iter().enumerate() {
            place[*old] = new;
            builder.add_linear(new, self.fields[*old]);
        }
        for old in &kept {
            for (other, coupler) in self.couplers(*old).filter(|(other, _)| other > old) {
                builder.add_quadratic(place[*old], place[other], coupler);
            }
        }
        let Ok(left) = builder.build() else { return };
        for members in left.components() {
            let Ok(part) = left.induced(&members) else { continue };
            let Some(spins) = balanced(&real(&part)) else { continue };
            for (member, value) in members.iter().zip(spins) {
                // Cannot be cut off: a model has at most 2^24 variables.
                self.fix(u32::try_from(kept[*member]).unwrap_or(u32::MAX), value);
            }
        }
    }
}

/// The largest power of two that all coefficients are multiples of.
fn unit(spin: &Bqm) -> Option<f64> {
    let units = (0..=MAX_HALVINGS).map(|halvings| libm::exp2(f64::from(-halvings)));
    let biases = || spin.linear().iter().copied().chain(spin.quadratic().map(|(_, _, bias)| bias));
    units.into_iter().find(|unit| biases().all(|bias| (bias / unit).fract() == 0.0))
}
