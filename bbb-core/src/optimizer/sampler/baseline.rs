//! What any other sampler must beat: states drawn at random, and descents from them.

use super::parts::{self, Part, Shape};
use super::run::Progress;
use super::single::Number;
use super::{Error, Params, Run, Sampler};
use crate::optimizer::model::Bqm;
use crate::optimizer::model::ising::{Compiled, Ising, to_state};
use crate::optimizer::random::Random;
use crate::optimizer::sample_set::SampleSet;

/// Random states that are drawn between two questions whether to stop.
const READS_PER_PART: u64 = 64;
/// Spins whose best gain is remembered together.
const BLOCK: usize = 64;
/// Changes of a descent between two questions whether to stop.
const CHECK_FLIPS: u64 = 1 << 12;

/// Random states: each value of each variable equally likely.
#[derive(Debug, Clone, Copy, Default)]
pub struct RandomStates {}

impl Sampler for RandomStates {
    fn name(&self) -> &'static str {
        "random"
    }

    fn sample(&self, bqm: &Bqm, params: &Params, run: &Run<'_>) -> Result<SampleSet, Error> {
        params.check(bqm)?;
        let shape = Shape { solver: self.name(), reads_per_part: READS_PER_PART };
        parts::run(bqm, params, run, shape, |number, reads| {
            let mut random = Random::new(params.seed, number);
            let mut drawn: Vec<(f64, Vec<i8>)> = Vec::with_capacity(reads);
            for _ in 0..reads {
                let spins: Vec<i8> = (0..bqm.num_variables()).map(|_| random.spin()).collect();
                drawn.push((bqm.energy_of(&to_state(bqm, |spin| spins[spin])), spins));
            }
            drawn.sort_by(|one, other| one.0.total_cmp(&other.0));
            let sweeps = reads as u64;
            let stopped = run.stop.should_stop(Progress { sweeps, energy: drawn.first().map(|(energy, _)| *energy) });
            let spins = drawn.into_iter().map(|(_, spins)| spins).collect();
            Part { spins, sweeps, updates: sweeps * bqm.num_variables() as u64, stopped }
        })
    }
}

/// Steepest descent: from a random or given state, the change of one variable that lowers the energy most, until none lowers it.
#[derive(Debug, Clone, Copy, Default)]
pub struct SteepestDescent {}

impl Sampler for SteepestDescent {
    fn name(&self) -> &'static str {
        "greedy"
    }

    fn sample(&self, bqm: &Bqm, params: &Params, run: &Run<'_>) -> Result<SampleSet, Error> {
        params.check(bqm)?;
        match Compiled::of(bqm) {
            Compiled::Whole(ising) => descents(bqm, &ising, params, run),
            Compiled::Real(ising) => descents(bqm, &ising, params, run),
        }
    }
}

fn descents<N: Number>(bqm: &Bqm, ising: &Ising<N>, params: &Params, run: &Run<'_>) -> Result<SampleSet, Error> {
    let shape = Shape { solver: "greedy", reads_per_part: 1 };
    parts::run(bqm, params, run, shape, |number, _| {
        let given = parts::initial_states(bqm, params, number, 1).next();
        let mut random = Random::new(params.seed, number);
        let spins = given.unwrap_or_else(|| (0..ising.len()).map(|_| random.spin()).collect());
        let mut descent = Descent::new(ising, spins);
        let mut stopped = false;
        while !stopped && descent.step() {
            stopped = descent.flips.is_multiple_of(CHECK_FLIPS) && run.stop.should_stop(Progress { sweeps: 1, energy: None });
        }
        stopped |= run.stop.should_stop(Progress { sweeps: 1, energy: None });
        Part { sweeps: 1, updates: descent.flips * ising.len() as u64, stopped, spins: vec![descent.spins] }
    })
}

/// A state on its way down. The best gain of every block is remembered; a change makes the blocks of its neighbors unknown.
pub(super) struct Descent<'a, N: Number> {
    ising: &'a Ising<N>,
    pub(super) spins: Vec<i8>,
    fields: Vec<N>,
    /// By block, the spin whose change gains most, and half of what it gains.
    best: Vec<(f64, usize)>,
    unknown: Vec<bool>,
    /// By spin, below which a gain is taken for rounding: 0 where calculation is in integers.
    least: Vec<f64>,
    pub(super) flips: u64,
}

impl<'a, N: Number> Descent<'a, N> {
    pub(super) fn new(ising: &'a Ising<N>, spins: Vec<i8>) -> Self {
        let field = |spin: usize| ising.row(spin).fold(ising.fields[spin], |sum, (other, coupler)| sum.add(coupler.signed(spins[other])));
        let fields: Vec<N> = (0..ising.len()).map(field).collect();
        let reach = |spin: usize| ising.fields[spin].real().abs() + ising.row(spin).map(|(_, coupler)| coupler.real().abs()).sum::<f64>();
        // Where all numbers are whole, a gain is at least 1, and no reach is above 2^29.
        let least = (0..ising.len()).map(|spin| 1e-12 * reach(spin)).collect();
        let blocks = ising.len().div_ceil(BLOCK);
        Descent { ising, spins, fields, best: vec![(0.0, 0); blocks], unknown: vec![true; blocks], least, flips: 0 }
    }

    /// Makes the best change; says whether there was one that lowers the energy.
    pub(super) fn step(&mut self) -> bool {
        for block in 0..self.best.len() {
            if std::mem::take(&mut self.unknown[block]) {
                self.best[block] = self.best_of(block);
            }
        }
        let best = self.best.iter().fold((0.0, usize::MAX), |best, of_block| if of_block.0 > best.0 { *of_block } else { best });
        if best.1 == usize::MAX {
            return false;
        }
        self.flip(best.1);
        true
    }

    fn best_of(&self, block: usize) -> (f64, usize) {
        let mut best = (0.0, 0);
        for spin in block * BLOCK..((block + 1) * BLOCK).min(self.spins.len()) {
            let gain = self.fields[spin].signed(self.spins[spin]).real();
            if gain > best.0 && gain > self.least[spin] {
                best = (gain, spin);
            }
        }
        best
    }

    fn flip(&mut self, spin: usize) {
        self.flips += 1;
        let old = self.spins[spin];
        self.spins[spin] = -old;
        self.unknown[spin / BLOCK] = true;
        for (other, coupler) in self.ising.row(spin) {
            self.fields[other] = self.fields[other].sub(coupler.signed(old).twice());
            self.unknown[other / BLOCK] = true;
        }
    }
}
