//! Optima that are proved: for models that are small, narrow, or without frustration.
//!
//! The model is divided into its components, and each is given to the first of these that takes it:
//! - `balanced`: no cycle is frustrated (Harary, "On the notion of balance of a signed graph", 1953); any size, in linear time;
//! - `tree`: dynamic programming along an elimination order of width 22 at most;
//! - `branch`: branch and bound, of up to 128 variables, where it ends within its bound of nodes;
//! - `gray`: enumeration of up to 30 variables.
//!
//! Models of up to 20 variables are enumerated as a whole, and as many of the lowest states are given as reads were asked for; otherwise there is one. Where
//! coefficients are no whole numbers, optimal means: up to the rounding of doubles.

mod branch;
mod gray;
#[cfg(test)]
mod tests;
mod tree;

use serde::{Deserialize, Serialize};

use super::run::Progress;
use super::{Error, Params, Run, Sampler};
use crate::optimizer::model::Bqm;
use crate::optimizer::model::balanced::balanced;
use crate::optimizer::model::ising::{Ising, real, to_state};
use crate::optimizer::sample_set::{Effort, SampleSet};

/// Up to this many variables the lowest states are enumerated, several of them.
const SMALL: usize = 20;
/// The nodes of a branch and bound where nothing is said.
pub const DEFAULT_NODES: u64 = 1 << 25;

/// A way to an optimum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Follows the signs of an unfrustrated model.
    Balanced,
    /// Eliminates variable by variable.
    Tree,
    /// Divides the states and drops what cannot hold the optimum.
    Branch,
    /// Visits every state.
    Enumeration,
}

/// Finds a state of the lowest energy and proves it, or refuses the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Exact {
    /// The only way to try; whichever fits where absent.
    pub method: Option<Method>,
    /// How many nodes each branch and bound may visit.
    pub nodes: u64,
    /// How many table entries the elimination of one component may fill, at most 2^31.
    pub entries: u64,
}

impl Default for Exact {
    fn default() -> Exact {
        Exact { method: None, nodes: DEFAULT_NODES, entries: tree::MAX_ENTRIES }
    }
}

/// What came of one component.
pub(super) struct Outcome {
    /// The best spins there were.
    pub(super) spins: Vec<i8>,
    /// States, table entries or nodes that were looked at.
    pub(super) updates: u64,
    /// Whether the run was stopped before the spins were proved to be optimal.
    pub(super) stopped: bool,
}

impl Sampler for Exact {
    fn name(&self) -> &'static str {
        "exact"
    }

    fn sample(&self, bqm: &Bqm, params: &Params, run: &Run<'_>) -> Result<SampleSet, Error> {
        params.check(bqm)?;
        let ising = real(bqm);
        let small = self.method.is_none() && ising.len() <= SMALL;
        if small || self.method == Some(Method::Enumeration) {
            return self.enumerate(bqm, &ising, params, run);
        }
        let mut spins = vec![1; ising.len()];
        let mut effort = self.effort(params);
        for members in components(&ising) {
            let part = induced(&ising, &members);
            let outcome = self.solve(&part, run)?;
            for (spin, value) in members.iter().zip(&outcome.spins) {
                spins[*spin as usize] = *value;
            }
            effort.updates += outcome.updates;
            effort.interrupted |= outcome.stopped;
        }
        effort.reads = 1;
        effort.optimal = !effort.interrupted;
        let state = to_state(bqm, |spin| spins[spin]);
        run.stop.improved(bqm.energy_of(&state), &state);
        Ok(SampleSet::new(bqm, [state], effort)?)
    }
}

impl Exact {
    fn enumerate(&self, bqm: &Bqm, ising: &Ising<f64>, params: &Params, run: &Run<'_>) -> Result<SampleSet, Error> {
        if ising.len() > gray::MAX_SPINS {
            return Err(self.unsuitable(format!("{} variables are more than the {} that are enumerated", ising.len(), gray::MAX_SPINS)));
        }
        let found = gray::lowest(ising, params.num_reads as usize, run);
        let mut effort = self.effort(params);
        effort.reads = found.states.len() as u64;
        effort.updates = found.updates;
        effort.interrupted = found.stopped;
        effort.optimal = !found.stopped;
        let states = found.states.iter().map(|bits| to_state(bqm, |spin| gray::spin(*bits, spin)));
        let set = SampleSet::new(bqm, states, effort)?;
        if let Some(first) = set.first() {
            run.stop.improved(first.energy, &first.state);
        }
        Ok(set)
    }

    /// An optimum of one component.
    pub(super) fn solve(&self, ising: &Ising<f64>, run: &Run<'_>) -> Result<Outcome, Error> {
        let tries = |method: Method| self.method.is_none_or(|only| only == method);
        if tries(Method::Balanced)
            && let Some(spins) = balanced(ising)
        {
            return Ok(Outcome { spins, updates: ising.len() as u64, stopped: false });
        }
        if tries(Method::Tree)
            && let Some(order) = tree::order(ising, self.entries)
        {
            return Ok(tree::solve(ising, &order, run));
        }
        if tries(Method::Branch) && ising.len() <= branch::MAX_SPINS {
            match branch::solve(ising, self.nodes, run) {
                Some(outcome) => return Ok(outcome),
                None if self.method.is_none() && ising.len() <= gray::MAX_SPINS && self.nodes >= DEFAULT_NODES => {}
                None => return Err(self.unsuitable(format!("branch and bound did not end within {} nodes", self.nodes))),
            }
        }
        if tries(Method::Enumeration) && ising.len() <= gray::MAX_SPINS {
            let found = gray::lowest(ising, 1, run);
            let bits = found.states.first().copied().unwrap_or(0);
            let spins = (0..ising.len()).map(|spin| gray::spin(bits, spin)).collect();
            return Ok(Outcome { spins, updates: found.updates, stopped: found.stopped });
        }
        Err(self.unsuitable(format!("a component of {} variables is neither small, nor narrow, nor free of frustration", ising.len())))
    }

    fn unsuitable(&self, reason: String) -> Error {
        Error::Unsuitable { solver: self.name(), reason }
    }

    fn effort(&self, params: &Params) -> Effort {
        Effort::begin(self.name(), params.seed)
    }
}

/// Whether a run must end now.
fn must_stop(run: &Run<'_>) -> bool {
    run.stop.should_stop(Progress { sweeps: 0, energy: None })
}

/// The energy of spins in the units of the compiled model.
pub(super) fn energy(ising: &Ising<f64>, spins: &[i8]) -> f64 {
    let value = |spin: usize| f64::from(spins[spin]);
    let of = |spin: usize| {
        let above = ising.row(spin).filter(|(other, _)| *other > spin);
        value(spin) * (ising.fields[spin] + above.map(|(other, coupler)| coupler * value(other)).sum::<f64>())
    };
    (0..ising.len()).map(of).sum()
}

/// The spins of each component, sorted, components by their first spin.
pub(super) fn components<W: Copy>(ising: &Ising<W>) -> Vec<Vec<u32>> {
    let mut seen = vec![false; ising.len()];
    let mut components = Vec::new();
    for first in 0..ising.len() {
        if std::mem::replace(&mut seen[first], true) {
            continue;
        }
        let (mut members, mut at) = (vec![first], 0);
        while at < members.len() {
            for (other, _) in ising.row(members[at]) {
                if !std::mem::replace(&mut seen[other], true) {
                    members.push(other);
                }
            }
            at += 1;
        }
        members.sort_unstable();
        // Cannot be cut off: a model has at most 2^24 variables.
        components.push(members.into_iter().map(|spin| u32::try_from(spin).unwrap_or(u32::MAX)).collect());
    }
    components
}

/// The model of these spins alone, which have no couplers to others.
fn induced(ising: &Ising<f64>, members: &[u32]) -> Ising<f64> {
    let mut part = Ising { fields: Vec::new(), starts: vec![0], neighbors: Vec::new(), couplers: Vec::new(), scale: ising.scale };
    for spin in members {
        part.fields.push(ising.fields[*spin as usize]);
        for (other, coupler) in ising.row(*spin as usize) {
            let new = members.partition_point(|member| (*member as usize) < other);
            part.neighbors.push(u32::try_from(new).unwrap_or(u32::MAX));
            part.couplers.push(coupler);
        }
        part.starts.push(u32::try_from(part.neighbors.len()).unwrap_or(u32::MAX));
    }
    part
}
