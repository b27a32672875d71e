//! One instance, searched with several seeds.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bbb_core::optimizer::format::{Problem, Sense};
use bbb_core::optimizer::sampler::{Params, Sampler};
use serde_json::{Value, json};

use super::instances::Instance;
use crate::cli::optimize::{number, rate};
use crate::fault::Fault;
use crate::search::{Limits, Step, Watch, search};

/// A search with one seed.
#[derive(Debug, Clone)]
pub(super) struct Trial {
    pub(super) seed: u64,
    pub(super) solver: String,
    pub(super) objective: f64,
    pub(super) feasible: bool,
    pub(super) cpu: Duration,
    pub(super) wall: Duration,
    pub(super) updates: u64,
    /// Processor seconds and the gap from then on, in percent.
    pub(super) gaps: Vec<(f64, f64)>,
}

/// The trials of an instance.
#[derive(Debug, Clone)]
pub(super) struct Measured {
    pub(super) name: String,
    pub(super) family: &'static str,
    pub(super) copy_of: Option<String>,
    pub(super) variables: usize,
    pub(super) couplers: usize,
    pub(super) best_known: f64,
    pub(super) sense: Sense,
    pub(super) trials: Vec<Trial>,
}

/// How far an objective is from the best known, in percent of it; below 0 where it is better.
pub(super) fn gap(problem: &Problem, best_known: f64, objective: f64) -> f64 {
    let worse = if problem.sense == Sense::Max { best_known - objective } else { objective - best_known };
    100.0 * worse / best_known.abs().max(f64::MIN_POSITIVE)
}

/// Searches an instance once. It ends early where the best known value is reached, unless there may be a better one.
pub(super) fn trial(instance: &Instance, sampler: &dyn Sampler, limit: Duration, seed: u64, cancel: &AtomicBool) -> Result<Trial, Fault> {
    let Instance { problem, best_known, .. } = instance;
    let limits = Limits { cpu: Some(limit), energy: Some(problem.energy_at(*best_known)), ..Limits::default() };
    let watch = Watch::new(limits, cancel, &|_: Step| {});
    let params = Params { until_stopped: true, seed, ..Params::default() };
    let found = search(problem, sampler, &params, &watch, 1).map_err(|error| Fault::usage(format!("{}: {error}", instance.name)))?;
    let (wall, cpu) = watch.elapsed();
    let Some(best) = found.first() else { return Err(Fault::failed(format!("{}: the search found no state", instance.name))) };
    let of = |step: &Step| (step.cpu.as_secs_f64(), gap(problem, *best_known, problem.objective(step.energy)));
    Ok(Trial {
        seed,
        solver: found.effort.solver.clone(),
        objective: problem.objective(best.energy),
        feasible: problem.is_feasible(&best.state),
        cpu,
        wall,
        updates: found.effort.updates,
        gaps: watch.steps().iter().map(of).collect(),
    })
}

/// Searches an instance with seeds 1 to `seeds`; fewer where it is cancelled.
pub(super) fn measure(
    instance: &Instance,
    sampler: &dyn Sampler,
    limit: Duration,
    seeds: u64,
    cancel: &AtomicBool,
) -> Result<Measured, Fault> {
    let mut trials = Vec::new();
    for seed in 1..=seeds {
        trials.push(trial(instance, sampler, limit, seed, cancel)?);
        if cancel.load(Ordering::Relaxed) {
            break;
        }
    }
    let Instance { name, family, problem, best_known, copy_of } = instance;
    let (variables, couplers) = (problem.bqm.num_variables(), problem.bqm.num_couplers());
    Ok(Measured {
        name: name.clone(),
        family,
        copy_of: copy_of.clone(),
        variables,
        couplers,
        best_known: *best_known,
        sense: problem.sense,
        trials,
    })
}

/// The middle of some numbers, the lower one of two.
fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len().saturating_sub(1) / 2).copied()
}

impl Trial {
    /// The gap that it ended with, in percent.
    pub(super) fn last_gap(&self) -> f64 {
        self.gaps.last().map_or(100.0, |(_, gap)| *gap)
    }

    /// The processor seconds until the gap was at most this.
    pub(super) fn until(&self, gap: f64) -> Option<f64> {
        self.gaps.iter().find(|(_, had)| *had <= gap).map(|(time, _)| *time)
    }

    fn gap_at(&self, time: f64) -> Option<f64> {
        let known = self.gaps.partition_point(|(at, _)| *at <= time);
        known.checked_sub(1).map(|last| self.gaps[last].1)
    }
}

impl Measured {
    /// The median gap of all seeds at this time, once all of them have a state.
    pub(super) fn gap_at(&self, time: f64) -> Option<f64> {
        let gaps: Option<Vec<f64>> = self.trials.iter().map(|trial| trial.gap_at(time)).collect();
        gaps.and_then(median)
    }

    pub(super) fn median_gap(&self) -> f64 {
        median(self.trials.iter().map(Trial::last_gap).collect()).unwrap_or(100.0)
    }

    /// The median time until the gap was at most this; none where fewer than half of the seeds came so far.
    pub(super) fn until(&self, gap: f64) -> Option<f64> {
        median(self.trials.iter().map(|trial| trial.until(gap).unwrap_or(f64::INFINITY)).collect()).filter(|time| time.is_finite())
    }

    /// The median and the best objective.
    pub(super) fn objectives(&self) -> (f64, f64) {
        let sign = if self.sense == Sense::Max { -1.0 } else { 1.0 };
        let costs = || self.trials.iter().map(|trial| sign * trial.objective);
        let (middle, least) = (median(costs().collect()).unwrap_or(f64::NAN), costs().fold(f64::INFINITY, f64::min));
        (sign * middle, sign * least)
    }

    pub(super) fn rate(&self) -> f64 {
        median(self.trials.iter().map(|trial| rate(trial.updates, trial.cpu)).collect()).unwrap_or(0.0)
    }

    pub(super) fn is_feasible(&self) -> bool {
        self.trials.iter().all(|trial| trial.feasible)
    }

    pub(super) fn object(&self) -> Value {
        let (middle, best) = self.objectives();
        json!({
            "instance": self.name,
            "family": self.family,
            "copy_of": self.copy_of,
            "variables": self.variables,
            "couplers": self.couplers,
            "sense": self.sense,
            "best_known": number(self.best_known),
            "median": number(middle),
            "best": number(best),
            "gap_percent": self.median_gap(),
            "seconds_to_99_percent": self.until(1.0),
            "seconds_to_99_9_percent": self.until(0.1),
            "updates_per_second": self.rate(),
            "feasible": self.is_feasible(),
            "solver": self.trials.first().map(|trial| trial.solver.as_str()),
            "seeds": self.trials.len(),
        })
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in super::super) fn measured(name: &str, family: &'static str) -> Measured {
        let trial = |seed: u64, gaps: &[(f64, f64)], objective: f64| Trial {
            seed,
            solver: "sa".to_owned(),
            objective,
            feasible: true,
            cpu: Duration::from_secs(1),
            wall: Duration::from_secs(2),
            updates: seed * 1000,
            gaps: gaps.to_vec(),
        };
        let trials = vec![
            trial(1, &[(0.01, 5.0), (0.2, 0.5)], 995.0),
            trial(2, &[(0.02, 2.0), (0.1, 0.0)], 1000.0),
            trial(3, &[(0.03, 9.0)], 910.0),
        ];
        Measured { name: name.to_owned(), family, copy_of: None, variables: 3, couplers: 2, best_known: 1000.0, sense: Sense::Max, trials }
    }

    #[test]
    fn figures_are_medians_of_the_seeds() {
        let measured = measured("a", "b");
        assert_eq!(measured.objectives(), (995.0, 1000.0));
        assert_eq!(measured.median_gap(), 0.5);
        assert_eq!(measured.gap_at(0.02), None, "one seed has no state yet");
        assert_eq!(measured.gap_at(0.15), Some(5.0));
        assert_eq!((measured.until(1.0), measured.until(0.1)), (Some(0.2), None));
        assert_eq!(measured.rate(), 2000.0);
        let least = Measured { sense: Sense::Min, ..measured };
        assert_eq!(least.objectives(), (995.0, 910.0));
    }
}
