//! Branch and bound by Russian dolls (Verfaillie, Lemaître, Schiex, "Russian doll search for solving constraint optimization problems", 1996): the model of the
//! last spins is solved first, then that of one more, and so on. Each optimum is a bound for the ones that follow: of the free spins, what they can gain among
//! themselves is known, and what they can gain from the fixed ones is at most the magnitude of the fields that those make.

use super::{Outcome, must_stop};
use crate::optimizer::model::ising::Ising;
use crate::optimizer::sampler::baseline::Descent;
use crate::optimizer::sampler::run::Run;

/// The most spins.
pub(super) const MAX_SPINS: usize = 128;
/// Nodes between two questions whether to stop.
const CHECK_NODES: u64 = 1 << 14;

/// The optimum, or none where it takes more nodes than these.
pub(super) fn solve(ising: &Ising<f64>, nodes: u64, run: &Run<'_>) -> Option<Outcome> {
    let n = ising.len();
    // Heavy spins come first: they make the fields of the others large, and the dolls are light.
    let weight = |spin: usize| ising.row(spin).map(|(_, coupler)| coupler.abs()).sum::<f64>();
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|one, other| weight(*other).total_cmp(&weight(*one)).then_with(|| one.cmp(other)));
    let mut search = Search::new(ising, &order, nodes, run);
    for first in (0..n).rev() {
        search.solve_from(first);
        if search.ended {
            break;
        }
    }
    let back = |ordered: &[i8]| {
        let mut spins = vec![1; n];
        for (at, spin) in order.iter().enumerate() {
            spins[*spin] = ordered[at];
        }
        spins
    };
    if search.ended && !search.stopped {
        return None;
    }
    let mut spins = back(&search.best);
    if search.stopped {
        let mut descent = Descent::new(ising, spins);
        while descent.step() {}
        spins = descent.spins;
    }
    Some(Outcome { spins, updates: search.visited, stopped: search.stopped })
}

/// The least difference of two energies of a model of whole numbers; 0 for others.
fn step(ising: &Ising<f64>) -> f64 {
    let all = || ising.fields.iter().chain(&ising.couplers);
    if all().any(|bias| bias.fract() != 0.0 || bias.abs() > 9.0e15) {
        return 0.0;
    }
    let gcd = |one: f64, other: f64| {
        let (mut one, mut other) = (one, other);
        while other != 0.0 {
            (one, other) = (other, one % other);
        }
        one
    };
    2.0 * all().fold(0.0, |divisor, bias| gcd(divisor, bias.abs()))
}

struct Search<'a> {
    n: usize,
    run: &'a Run<'a>,
    fields: Vec<f64>,
    /// Row after row, in the order of the search.
    couplers: Vec<f64>,
    /// What energies are multiples of, up to a constant; 0 where that is not known.
    step: f64,
    /// By first spin, the optimum of the model of it and those after it; nothing is known of those that are not solved.
    dolls: Vec<f64>,
    /// By first spin and spin, half the magnitudes of the couplers to others from the first on.
    halves: Vec<f64>,
    /// By depth, what the fixed spins add to the field of each.
    made: Vec<f64>,
    spins: Vec<i8>,
    best: Vec<i8>,
    least: f64,
    visited: u64,
    nodes: u64,
    /// Whether the bound of nodes was reached or the run was stopped.
    ended: bool,
    stopped: bool,
}

impl<'a> Search<'a> {
    fn new(ising: &Ising<f64>, order: &[usize], nodes: u64, run: &'a Run<'a>) -> Self {
        let n = order.len();
        let mut couplers = vec![0.0; n * n];
        for (row, spin) in order.iter().enumerate() {
            for (other, coupler) in ising.row(*spin) {
                let column = order.iter().position(|ordered| *ordered == other).unwrap_or(row);
                couplers[row * n + column] = coupler;
            }
        }
        let mut halves = vec![0.0; (n + 1) * n];
        for first in (0..n).rev() {
            for spin in 0..n {
                halves[first * n + spin] = halves[(first + 1) * n + spin] + 0.5 * couplers[first * n + spin].abs();
            }
        }
        Search {
            n,
            run,
            fields: order.iter().map(|spin| ising.fields[*spin]).collect(),
            couplers,
            dolls: (0..=n).map(|first| if first == n { 0.0 } else { f64::NEG_INFINITY }).collect(),
            step: step(ising),
            halves,
            made: vec![0.0; (n + 1) * n],
            spins: vec![1; n],
            best: vec![1; n],
            least: 0.0,
            visited: 0,
            nodes,
            ended: false,
            stopped: false,
        }
    }

    /// The optimum of the model of these spins, from those of the dolls in it.
    fn solve_from(&mut self, first: usize) {
        // The best state of the doll with the new spin, whichever way is better, is where the search begins.
        let field =
            self.fields[first] + (first + 1..self.n).map(|at| self.couplers[first * self.n + at] * f64::from(self.best[at])).sum::<f64>();
        self.best[first] = if field > 0.0 { -1 } else { 1 };
        self.least = self.dolls[first + 1] - field.abs();
        let n = self.n;
        self.made[first * n..(first + 1) * n].fill(0.0);
        self.visit(first, 0.0);
        self.dolls[first] = self.least;
    }

    /// Everything below the state in which spins before `depth` are fixed, at this energy.
    fn visit(&mut self, depth: usize, energy: f64) {
        self.visited += 1;
        if self.visited > self.nodes {
            self.ended = true;
        } else if self.visited.is_multiple_of(CHECK_NODES) && must_stop(self.run) {
            (self.ended, self.stopped) = (true, true);
        }
        if self.ended {
            return;
        }
        if depth == self.n {
            if energy < self.least {
                self.least = energy;
                self.best.copy_from_slice(&self.spins);
            }
            return;
        }
        let n = self.n;
        let (mut gained, mut apart) = (0.0, 0.0);
        let made = &self.made[depth * n + depth..(depth + 1) * n];
        let halves = &self.halves[depth * n + depth..(depth + 1) * n];
        for ((made, half), field) in made.iter().zip(halves).zip(&self.fields[depth..]) {
            gained += made.abs();
            apart += (field + made).abs() + half;
        }
        // A better state is better by a whole step, or by more than rounding.
        let rounding = 1e-12 * (energy.abs() + gained + apart);
        let margin = if self.step > 0.0 { self.step - rounding.min(0.5) } else { rounding };
        if energy + (self.dolls[depth] - gained).max(-apart) >= self.least - margin {
            return;
        }
        let field = self.fields[depth] + self.made[depth * n + depth];
        let preferred = if field > 0.0 { -1 } else { 1 };
        for spin in [preferred, -preferred] {
            self.spins[depth] = spin;
            let (above, below) = self.made.split_at_mut((depth + 1) * n);
            let row = &self.couplers[depth * n..(depth + 1) * n];
            for ((next, old), coupler) in below[depth + 1..n].iter_mut().zip(&above[depth * n + depth + 1..]).zip(&row[depth + 1..]) {
                *next = old + f64::from(spin) * coupler;
            }
            self.visit(depth + 1, energy + f64::from(spin) * field);
        }
    }
}
