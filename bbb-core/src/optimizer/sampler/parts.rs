//! Dividing a run into parts: each part is a function of the model, the parameters and its number, so that a run of a fixed number of parts gives the same set on
//! any number of threads.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::run::{Job, Run};
use super::{Error, Params};
use crate::optimizer::model::Bqm;
use crate::optimizer::model::ising::{to_spins, to_state};
use crate::optimizer::sample_set::{Effort, SampleSet};

/// The most states that a run until it is stopped keeps.
const MAX_KEPT: usize = 1 << 16;

/// Sweeps of a read where nothing is said.
pub(crate) const DEFAULT_SWEEPS: u64 = 1000;
/// Sweeps of the first round of a run that goes on until it is stopped.
const FIRST_SWEEPS: u64 = 250;

/// How many sweeps reads of this round of a run without end take: twice as many as those of the one before.
pub(crate) fn growing_sweeps(round: u64) -> u64 {
    FIRST_SWEEPS << round.min(30)
}

/// How many sweeps reads of this part take, where each part of a run without end is a round.
pub(crate) fn sweeps(params: &Params, part: u64) -> u64 {
    match params.num_sweeps {
        Some(sweeps) => sweeps,
        None if params.until_stopped => growing_sweeps(part),
        None => DEFAULT_SWEEPS,
    }
}

/// The spins that reads of this part begin with, as far as they were given.
pub(crate) fn initial_states(bqm: &Bqm, params: &Params, part: u64, reads_per_part: usize) -> impl Iterator<Item = Vec<i8>> {
    let first = usize::try_from(part).unwrap_or(usize::MAX).saturating_mul(reads_per_part);
    params.initial_states.iter().skip(first).take(reads_per_part).map(|state| to_spins(bqm, state))
}

/// What parts there are.
pub(crate) struct Shape {
    pub(crate) solver: &'static str,
    /// How many reads one part makes at most.
    pub(crate) reads_per_part: u64,
}

/// What a part found.
pub(crate) struct Part {
    /// Spins of the compiled model, the best first.
    pub(crate) spins: Vec<Vec<i8>>,
    pub(crate) sweeps: u64,
    pub(crate) updates: u64,
    /// Whether it ended early.
    pub(crate) stopped: bool,
}

/// Runs all parts, or parts without end until the run is stopped. `work` gets the number of the part and how many reads it makes.
pub(crate) fn run(
    bqm: &Bqm,
    params: &Params,
    run: &Run<'_>,
    shape: Shape,
    work: impl Fn(u64, usize) -> Part + Sync,
) -> Result<SampleSet, Error> {
    let reads = u64::from(params.num_reads);
    let parts = reads.div_ceil(shape.reads_per_part);
    let next = AtomicU64::new(0);
    let stop = AtomicBool::new(false);
    let found: Mutex<Vec<(u64, Part)>> = Mutex::new(Vec::new());
    let take = || {
        while !stop.load(Ordering::Relaxed) {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= parts && !params.until_stopped {
                return;
            }
            let left = reads.saturating_sub(number.saturating_mul(shape.reads_per_part));
            let wanted = if params.until_stopped { shape.reads_per_part } else { left.min(shape.reads_per_part) };
            let mut part = work(number, usize::try_from(wanted).unwrap_or(1));
            if let Some(best) = part.spins.first() {
                let state = to_state(bqm, |spin| best[spin]);
                run.stop.improved(bqm.energy_of(&state), &state);
            }
            if params.until_stopped {
                part.spins.truncate(1);
            }
            if part.stopped {
                stop.store(true, Ordering::Relaxed);
            }
            let mut found = found.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            found.push((number, part));
            if found.len() >= MAX_KEPT && params.until_stopped {
                stop.store(true, Ordering::Relaxed);
            }
        }
    };
    let threads = run.executor.threads().max(1);
    run.executor.run((0..threads).map(|_| Box::new(take) as Job<'_>).collect());
    let mut found = found.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    found.sort_by_key(|(number, _)| *number);
    let sum = |of: fn(&Part) -> u64| found.iter().map(|(_, part)| of(part)).sum();
    let effort = Effort {
        solver: shape.solver.to_owned(),
        seed: params.seed,
        reads: sum(|part| part.spins.len() as u64),
        sweeps: sum(|part| part.sweeps),
        updates: sum(|part| part.updates),
        skipped: 0,
        interrupted: found.iter().any(|(_, part)| part.stopped),
        optimal: false,
    };
    let states = found.iter().flat_map(|(_, part)| &part.spins).map(|spins| to_state(bqm, |spin| spins[spin]));
    Ok(SampleSet::new(bqm, states, effort)?)
}
