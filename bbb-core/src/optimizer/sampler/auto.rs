//! The sampler that chooses samplers: by size, density and coefficients of the model, never by its name or by time.
//!
//! The model is presolved and divided into components. What is small, narrow or unfrustrated is solved exactly; what is dense is searched by tabu; what is sparse
//! is tempered, or annealed where so many reads are wanted. What was found for the components is put together again, the best with the best. [`Effort::solver`] names all that were used, such as
//! `auto(presolve, exact, sa)`.

use std::collections::BTreeSet;

use super::anneal::SimulatedAnnealing;
use super::exact::Exact;
use super::parts::growing_sweeps;
use super::run::{Progress, Stop};
use super::tabu::TabuSearch;
use super::tempering::ParallelTempering;
use super::{Error, Params, Run, Sampler};
use crate::optimizer::model::Bqm;
use crate::optimizer::model::presolve::{Presolved, is_reducible};
use crate::optimizer::random::mix;
use crate::optimizer::sample_set::{Effort, SampleSet};

/// Up to this many variables the lowest states of the whole model are enumerated.
const SMALL: usize = 16;
/// What an exact solution may take before the others are tried: some milliseconds.
const EXACT_ENTRIES: u64 = 1 << 21;
const EXACT_NODES: u64 = 1 << 16;
/// Models with at least this share of all couplers are searched by tabu,
const DENSE: f64 = 0.05;
/// unless their couplers are all of one magnitude and there are more variables than this: then there are too many equal gains to choose from.
const MAX_EVEN: usize = 1000;

/// Chooses a way for every model.
#[derive(Debug, Clone, Copy, Default)]
pub struct Auto {}

impl Sampler for Auto {
    fn name(&self) -> &'static str {
        "auto"
    }

    fn sample(&self, bqm: &Bqm, params: &Params, run: &Run<'_>) -> Result<SampleSet, Error> {
        params.check(bqm)?;
        if bqm.num_variables() <= SMALL {
            let mut found = Exact::default().sample(bqm, params, run)?;
            found.effort.solver = "auto(exact)".to_owned();
            return Ok(found);
        }
        let presolved = if is_reducible(bqm) { Some(Presolved::of(bqm)?) } else { None };
        let model = presolved.as_ref().map_or(bqm, Presolved::model);
        let mut all = Parts::of(bqm, presolved.as_ref(), model, params)?;
        all.solve_exactly(run)?;
        all.solve_the_rest(params, run)?;
        all.end(params, run)
    }
}

/// The sampler for what is not solved exactly: a ladder of temperatures is a search without an end, and annealing a way to many reads.
fn sampler(bqm: &Bqm, until_stopped: bool) -> Box<dyn Sampler> {
    let magnitudes = || bqm.quadratic().map(|(_, _, bias)| bias.abs());
    let even = magnitudes().max_by(f64::total_cmp) == magnitudes().min_by(f64::total_cmp);
    if bqm.density() >= DENSE && !(even && bqm.num_variables() > MAX_EVEN) {
        return Box::new(TabuSearch::default());
    }
    if until_stopped { Box::new(ParallelTempering::default()) } else { Box::new(SimulatedAnnealing::default()) }
}

/// One component.
struct Part {
    /// Its variables in the reduced model.
    members: Vec<usize>,
    model: Bqm,
    initial_states: Vec<Vec<i8>>,
    seed: u64,
    /// What was found, the best first.
    rows: Vec<(f64, Vec<i8>)>,
    optimal: bool,
}

/// All components of a model.
struct Parts<'a> {
    whole: &'a Bqm,
    presolved: Option<&'a Presolved>,
    variables: usize,
    parts: Vec<Part>,
    used: BTreeSet<String>,
    effort: Effort,
}

impl<'a> Parts<'a> {
    fn of(whole: &'a Bqm, presolved: Option<&'a Presolved>, model: &Bqm, params: &Params) -> Result<Self, Error> {
        let project = |state: &Vec<i8>| presolved.map_or_else(|| Ok(state.clone()), |presolved| presolved.project(state));
        let initial_states = params.initial_states.iter().map(project).collect::<Result<Vec<_>, _>>()?;
        let components = model.components();
        let mut parts = Vec::with_capacity(components.len());
        for (number, members) in components.into_iter().enumerate() {
            let part = if members.len() == model.num_variables() { model.clone() } else { model.induced(&members)? };
            let of = |state: &Vec<i8>| members.iter().map(|member| state[*member]).collect();
            let initial_states = initial_states.iter().map(of).collect();
            let seed = mix(params.seed, number as u64);
            parts.push(Part { model: part, initial_states, seed, rows: Vec::new(), optimal: false, members });
        }
        let used = presolved.iter().map(|_| "presolve".to_owned()).collect();
        let effort = Effort::begin("", params.seed);
        Ok(Parts { whole, presolved, variables: model.num_variables(), parts, used, effort })
    }

    /// Solves what can be solved with little work, and gives each of the others a state.
    fn solve_exactly(&mut self, run: &Run<'_>) -> Result<(), Error> {
        let [low, _] = self.whole.vartype().values();
        let quiet = Run { stop: &Quiet(run.stop), executor: run.executor };
        for at in 0..self.parts.len() {
            let params = Params { num_reads: 1, ..Params::default() };
            let exact = Exact { nodes: EXACT_NODES, entries: EXACT_ENTRIES, ..Exact::default() };
            match exact.sample(&self.parts[at].model, &params, &quiet) {
                Ok(found) => self.take(at, found),
                Err(Error::Unsuitable { .. }) => {
                    let part = &mut self.parts[at];
                    let first = part.initial_states.first().cloned().unwrap_or_else(|| vec![low; part.members.len()]);
                    part.rows = vec![(part.model.energy(&first)?, first)];
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn solve_the_rest(&mut self, params: &Params, run: &Run<'_>) -> Result<(), Error> {
        let left: Vec<usize> = (0..self.parts.len()).filter(|at| !self.parts[*at].optimal).collect();
        if left.is_empty() || self.effort.interrupted {
            return Ok(());
        }
        // One component has all the time there is; several take turns that become longer.
        let turns = params.until_stopped && left.len() > 1;
        for round in 0.. {
            for at in &left {
                let lifted = Lifted { parts: self, at: *at, inner: run.stop };
                let part = &self.parts[*at];
                let mut own = Params { seed: mix(part.seed, round), initial_states: part.initial_states.clone(), ..params.clone() };
                if turns {
                    own.until_stopped = false;
                    own.num_reads = 1;
                    own.num_sweeps = params.num_sweeps.or(Some(growing_sweeps(round)));
                }
                let found =
                    sampler(&part.model, params.until_stopped).sample(&part.model, &own, &Run { stop: &lifted, executor: run.executor })?;
                self.take(*at, found);
                if self.effort.interrupted {
                    return Ok(());
                }
            }
            if !turns {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Takes what was found for a component.
    fn take(&mut self, at: usize, found: SampleSet) {
        self.effort.sweeps += found.effort.sweeps;
        self.effort.updates += found.effort.updates;
        self.effort.skipped += found.effort.skipped;
        self.effort.reads = self.effort.reads.max(found.effort.reads);
        self.effort.interrupted |= found.effort.interrupted;
        let part = &mut self.parts[at];
        let first = part.rows.len() <= 1;
        part.optimal = found.effort.optimal;
        let rows = found.rows.into_iter().map(|row| (row.energy, row.state));
        if first {
            // What it began with only counts where nothing was found.
            let kept = rows.collect::<Vec<_>>();
            part.rows = if kept.is_empty() { std::mem::take(&mut part.rows) } else { kept };
        } else {
            let most = part.rows.len().max(rows.len());
            part.rows.extend(rows);
            part.rows.sort_by(|one, other| one.0.total_cmp(&other.0));
            part.rows.truncate(most);
        }
        self.used.insert(found.effort.solver);
    }

    /// The state of the whole model from row `row` of every component, or its last one; `other` in place of one component.
    fn whole(&self, row: usize, other: Option<(usize, &[i8])>) -> Option<Vec<i8>> {
        let mut state = vec![0; self.variables];
        for (at, part) in self.parts.iter().enumerate() {
            let own = part.rows.get(row).or(part.rows.last()).map(|(_, state)| state.as_slice());
            let values = other.filter(|(replaced, _)| *replaced == at).map(|(_, state)| state).or(own)?;
            for (member, value) in part.members.iter().zip(values) {
                state[*member] = *value;
            }
        }
        self.presolved.map_or(Some(state.clone()), |presolved| presolved.restore(&state).ok())
    }

    fn end(mut self, params: &Params, run: &Run<'_>) -> Result<SampleSet, Error> {
        let longest = self.parts.iter().map(|part| part.rows.len()).max().unwrap_or(1);
        let states: Vec<Vec<i8>> = (0..longest).filter_map(|row| self.whole(row, None)).collect();
        let used: Vec<String> = std::mem::take(&mut self.used).into_iter().collect();
        self.effort.solver = format!("auto({})", used.join(", "));
        self.effort.seed = params.seed;
        self.effort.optimal = !self.effort.interrupted && self.parts.iter().all(|part| part.optimal);
        self.effort.reads = states.len() as u64;
        let set = SampleSet::new(self.whole, states, self.effort)?;
        if let Some(first) = set.first() {
            run.stop.improved(first.energy, &first.state);
        }
        Ok(set)
    }
}

/// Stops when the other does, and tells nothing.
struct Quiet<'a>(&'a dyn Stop);

impl Stop for Quiet<'_> {
    fn should_stop(&self, progress: Progress) -> bool {
        self.0.should_stop(progress)
    }
}

/// Tells states of one component as states of the whole model.
struct Lifted<'a> {
    parts: &'a Parts<'a>,
    at: usize,
    inner: &'a dyn Stop,
}

impl Stop for Lifted<'_> {
    fn should_stop(&self, progress: Progress) -> bool {
        self.inner.should_stop(progress)
    }

    fn improved(&self, _: f64, state: &[i8]) {
        if let Some(whole) = self.parts.whole(0, Some((self.at, state))) {
            self.inner.improved(self.parts.whole.energy_of(&whole), &whole);
        }
    }
}
