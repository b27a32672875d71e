//! Tabu search, and the population of the best states that is relinked.

use super::state::{State, Value};
use crate::optimizer::sampler::run::{Progress, Run};

/// How many states a population has.
const SIZE: usize = 10;
/// Changes without a better state after which a search ends, per variable, and at least.
const PATIENCE: u64 = 5;
const LEAST_PATIENCE: u64 = 500;
/// How long a changed variable stays blocked: this share of the variables, and up to so many changes more.
const TENURE_SHARE: usize = 100;
const TENURE_CHANCE: usize = 10;
/// About so many fields are updated between two questions whether to stop.
const CHECK_UPDATES: u64 = 1 << 22;

struct Member {
    energy: f64,
    spins: Vec<i8>,
    /// Which ones of the population it is not relinked with yet is told by what is newer.
    born: u64,
}

/// The best states, each another one.
pub(super) struct Population<'a, N: Value> {
    state: State<'a, N>,
    run: &'a Run<'a>,
    improved: &'a dyn Fn(&[i8]),
    members: Vec<Member>,
    best: (f64, Vec<i8>),
    /// Whether every state has the energy of its opposite.
    symmetric: bool,
    budget: u64,
    check_every: u64,
    next_check: u64,
    stopped: bool,
    births: u64,
    /// By remainder of the number of changes, the variables that become free then.
    ends: Vec<Vec<u32>>,
    until: Vec<u64>,
}

impl<'a, N: Value> Population<'a, N> {
    pub(super) fn new(state: State<'a, N>, run: &'a Run<'a>, budget: u64, improved: &'a dyn Fn(&[i8])) -> Self {
        let n = state.len();
        let best = (f64::INFINITY, state.spins().to_vec());
        let symmetric = state.ising.fields.iter().all(|field| *field == N::default());
        let check_every = (CHECK_UPDATES / (n.max(1) as u64)).clamp(64, 1 << 16);
        let ends = vec![Vec::new(); n / TENURE_SHARE + TENURE_CHANCE + 2];
        Population {
            state,
            run,
            improved,
            members: Vec::new(),
            best,
            symmetric,
            budget,
            check_every,
            next_check: check_every,
            stopped: false,
            births: 0,
            ends,
            until: vec![0; n],
        }
    }

    /// What is left of it: the state, the best spins, and whether it was stopped.
    pub(super) fn end(self) -> (State<'a, N>, Vec<i8>, bool) {
        (self.state, self.best.1, self.stopped)
    }

    /// Whether there is nothing left to do, or the run was stopped.
    #[inline(always)]
    fn is_over(&mut self) -> bool {
        if self.state.changes >= self.next_check && !self.stopped {
            self.next_check = self.state.changes + self.check_every;
            let sweeps = self.state.changes / (self.state.len().max(1) as u64);
            self.stopped = self.run.stop.should_stop(Progress { sweeps, energy: None });
        }
        self.stopped || self.state.changes >= self.budget
    }

    /// Fills the population and relinks it, again and again, until the budget is used up or the run is stopped.
    pub(super) fn evolve(&mut self) {
        if self.state.len() < 2 {
            self.search();
            return;
        }
        self.search();
        self.settle();
        while !self.is_over() {
            while self.members.len() < SIZE && !self.is_over() {
                self.scatter();
                self.search();
                self.settle();
                // Small models have fewer good states than a population has room for.
                self.births += 1;
                if self.births.is_multiple_of(4 * SIZE as u64) {
                    break;
                }
            }
            self.relink_all();
            // The best one stays among new ones.
            self.members.truncate(1);
        }
    }

    /// Relinks every pair, until all of them are.
    fn relink_all(&mut self) {
        let mut linked = 0;
        loop {
            let newest = self.births;
            let pairs: Vec<(Vec<i8>, Vec<i8>)> = self.pairs(linked);
            if pairs.is_empty() {
                return;
            }
            for (from, to) in pairs {
                if self.is_over() {
                    return;
                }
                if self.walk(from, to) {
                    self.search();
                    self.settle();
                }
            }
            linked = newest;
        }
    }

    /// All ordered pairs of which one was born after this.
    fn pairs(&self, after: u64) -> Vec<(Vec<i8>, Vec<i8>)> {
        let mut pairs = Vec::new();
        for (at, one) in self.members.iter().enumerate() {
            for other in self.members[at + 1..].iter().filter(|other| one.born.max(other.born) > after) {
                pairs.push((one.spins.clone(), other.spins.clone()));
                pairs.push((other.spins.clone(), one.spins.clone()));
            }
        }
        pairs
    }

    /// Goes from one state towards another, along the best changes, and back to the best state between the two; says whether there is anything between.
    fn walk(&mut self, from: Vec<i8>, mut to: Vec<i8>) -> bool {
        let apart = |to: &[i8]| from.iter().zip(to).filter(|(one, other)| one != other).count();
        if self.symmetric && apart(&to) > from.len() / 2 {
            to.iter_mut().for_each(|spin| *spin = -*spin);
        }
        let differing: Vec<usize> = (0..from.len()).filter(|variable| from[*variable] != to[*variable]).collect();
        let (first, last) = (differing.len() / 3, differing.len() - differing.len() / 3);
        if first < 1 {
            return false;
        }
        self.state.go_to(&from);
        self.state.free_only(&differing);
        let mut path = Vec::with_capacity(last);
        let mut least = (f64::INFINITY, 0);
        while path.len() < last {
            let gain = self.state.gains().0;
            let Some(variable) = self.state.find(gain, true) else { break };
            self.state.block(variable, true);
            self.state.flip(variable);
            path.push(variable);
            if path.len() >= first && self.state.energy < least.0 {
                least = (self.state.energy, path.len());
            }
        }
        self.state.changes += path.len() as u64;
        for variable in path.drain(least.1..).rev() {
            self.state.flip(variable);
        }
        self.state.release();
        true
    }

    /// Puts every variable at random.
    fn scatter(&mut self) {
        let spins: Vec<i8> = (0..self.state.len()).map(|_| self.state.random.spin()).collect();
        self.state.go_to(&spins);
    }

    /// Tabu search from the current state; ends in the best state that it saw.
    fn search(&mut self) {
        let n = self.state.len();
        let patience = (PATIENCE * n as u64).max(LEAST_PATIENCE);
        self.state.release();
        self.ends.iter_mut().for_each(Vec::clear);
        let mut best = (f64::INFINITY, Vec::new());
        let (mut now, mut last_better) = (0_u64, 0_u64);
        let tenures = (n / TENURE_SHARE).min(n / 4);
        let chance = TENURE_CHANCE.min(n / 4 + 1);
        while n > 0 && !self.is_over() {
            let (free, any) = self.state.gains();
            // The state before a change that does not improve it is one to remember.
            if any.real() <= 0.0 || free.real() <= 0.0 {
                let before = self.state.energy;
                if before < best.0 - rounding::<N>(before) {
                    best = (before, self.state.spins().to_vec());
                    last_better = now;
                } else if now - last_better > patience {
                    break;
                }
            }
            let aspires = any > free && self.state.energy - 2.0 * any.real() < best.0 - rounding::<N>(best.0);
            let found = if aspires { self.state.find(any, false) } else { self.state.find(free, true) };
            let variable = found.unwrap_or_else(|| self.state.random.below(n));
            let tenure = tenures + self.state.random.below(chance) + usize::from(n > 1);
            now += 1;
            self.until[variable] = now + tenure as u64;
            let slots = self.ends.len();
            #[expect(clippy::cast_possible_truncation, reason = "a remainder below a length")]
            let slot = |time: u64| (time % slots as u64) as usize;
            // Cannot be cut off: a model has at most 2^24 variables.
            self.ends[slot(now + tenure as u64)].push(u32::try_from(variable).unwrap_or(u32::MAX));
            for ended in std::mem::take(&mut self.ends[slot(now)]) {
                if self.until[ended as usize] == now {
                    self.state.block(ended as usize, false);
                }
            }
            self.state.block(variable, self.until[variable] > now);
            self.state.flip(variable);
            self.state.changes += 1;
        }
        if self.state.energy < best.0 || best.1.is_empty() {
            best = (self.state.energy, self.state.spins().to_vec());
        }
        self.state.release();
        self.state.go_to(&best.1);
        self.state.energy = best.0;
        if best.0 < self.best.0 {
            (self.improved)(&best.1);
            self.best = best;
        }
    }

    /// Takes the current state into the population where it is a new one and good enough.
    fn settle(&mut self) {
        let (energy, spins) = (self.state.energy, self.state.spins());
        let same = |member: &Member| {
            let apart = member.spins.iter().zip(spins).filter(|(one, other)| one != other).count();
            apart == 0 || (self.symmetric && apart == spins.len())
        };
        let full = self.members.len() >= SIZE;
        if (full && self.members.last().is_some_and(|worst| energy >= worst.energy)) || self.members.iter().any(same) {
            return;
        }
        if full {
            self.members.pop();
        }
        self.births += 1;
        let member = Member { energy, spins: spins.to_vec(), born: self.births };
        let at = self.members.partition_point(|other| other.energy <= energy);
        self.members.insert(at, member);
    }
}

/// Differences of energies below this are none.
fn rounding<N: Value>(energy: f64) -> f64 {
    if N::EXACT || !energy.is_finite() { 0.0 } else { 1e-12 * energy.abs() }
}
