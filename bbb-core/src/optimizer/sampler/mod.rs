//! Samplers: what looks for states of low energy. Words are those of D-Wave's `dimod` and `dwave-samplers`, since users of the field know them.

pub mod anneal;
pub mod auto;
pub mod baseline;
pub mod bifurcation;
pub mod exact;
mod jobs;
mod lanes;
pub(crate) mod parts;
pub mod quantum;
mod real_lanes;
mod run;
mod scale;
mod simd;
mod single;
pub mod tabu;
pub mod tempering;
#[cfg(test)]
mod tests;
mod thresholds;

use serde::{Deserialize, Serialize};

pub use self::run::{Executor, Inline, Job, Never, Progress, Run, Stop};
use crate::optimizer::model::{self, Bqm};
use crate::optimizer::sample_set::SampleSet;

/// The most reads of one call.
pub const MAX_READS: u32 = 1 << 20;
/// The most sweeps of one read.
pub const MAX_SWEEPS: u64 = 1 << 40;

/// Something that looks for states of low energy.
pub trait Sampler: Send + Sync {
    /// Its name on the command line and in [`Effort::solver`](crate::optimizer::sample_set::Effort::solver).
    fn name(&self) -> &'static str;

    /// Looks for states of low energy.
    ///
    /// # Errors
    /// [`Error`] where the parameters break a rule, or the model is not of the kind that the sampler takes.
    fn sample(&self, bqm: &Bqm, params: &Params, run: &Run<'_>) -> Result<SampleSet, Error>;
}

/// The names of all samplers. `auto` chooses by the model.
pub const NAMES: &[&str] = &["auto", "sa", "pt", "sqa", "bsb", "dsb", "tabu", "exact", "greedy", "random"];

/// The sampler of this name.
pub fn named(name: &str) -> Option<Box<dyn Sampler>> {
    Some(match name {
        "auto" => Box::new(auto::Auto::default()),
        "sa" => Box::new(anneal::SimulatedAnnealing::default()),
        "pt" => Box::new(tempering::ParallelTempering::default()),
        "sqa" => Box::new(quantum::QuantumAnnealing::default()),
        "bsb" => Box::new(bifurcation::SimulatedBifurcation { discrete: false }),
        "dsb" => Box::new(bifurcation::SimulatedBifurcation { discrete: true }),
        "tabu" => Box::new(tabu::TabuSearch::default()),
        "exact" => Box::new(exact::Exact::default()),
        "greedy" => Box::new(baseline::SteepestDescent::default()),
        "random" => Box::new(baseline::RandomStates::default()),
        _ => return None,
    })
}

/// How inverse temperatures go from the hot end to the cold one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Schedule {
    /// By equal factors.
    Geometric,
    /// By equal steps of the inverse temperature.
    Linear,
    /// By equal steps of the temperature.
    LinearTemperature,
    /// These inverse temperatures, stretched over the sweeps.
    Custom(Vec<f64>),
}

/// What all samplers can be told. A sampler takes what it has a use for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Params {
    /// Independent runs, 1 to [`MAX_READS`].
    pub num_reads: u32,
    /// Visits of all variables in one run, 1 to [`MAX_SWEEPS`]; where absent, the sampler chooses, and goes on with ever longer runs until it is stopped if
    /// [`Params::until_stopped`].
    pub num_sweeps: Option<u64>,
    /// Whether to go on with further runs until it is stopped.
    pub until_stopped: bool,
    /// The inverse temperatures to begin and to end with, in the units of the model's energy; chosen from the model where absent.
    pub beta_range: Option<(f64, f64)>,
    /// How to get from one to the other; the sampler chooses where absent.
    pub schedule: Option<Schedule>,
    /// States to begin with; reads beyond them begin with random ones.
    pub initial_states: Vec<Vec<i8>>,
    /// What all randomness is derived from.
    pub seed: u64,
}

impl Default for Params {
    fn default() -> Params {
        Params {
            num_reads: 32,
            num_sweeps: None,
            until_stopped: false,
            beta_range: None,
            schedule: None,
            initial_states: Vec::new(),
            seed: 0,
        }
    }
}

/// Why nothing was looked for.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A parameter that breaks a rule.
    #[error("{parameter} {rule}")]
    Parameter {
        /// Its name.
        parameter: &'static str,
        /// What it must be, for people.
        rule: String,
    },
    /// A model that this sampler does not take.
    #[error("{solver} does not take this model: {reason}")]
    Unsuitable {
        /// The sampler.
        solver: &'static str,
        /// Why, for people.
        reason: String,
    },
    /// A state that does not fit the model.
    #[error(transparent)]
    Model(#[from] model::Error),
}

impl Params {
    /// Checks what does not depend on the sampler.
    ///
    /// # Errors
    /// [`Error::Parameter`], [`Error::Model`].
    pub fn check(&self, bqm: &Bqm) -> Result<(), Error> {
        let wrong = |parameter, rule: String| Err(Error::Parameter { parameter, rule });
        if !(1..=MAX_READS).contains(&self.num_reads) {
            return wrong("num_reads", format!("must be from 1 to {MAX_READS}, not {}", self.num_reads));
        }
        if self.num_sweeps.is_some_and(|sweeps| !(1..=MAX_SWEEPS).contains(&sweeps)) {
            return wrong("num_sweeps", format!("must be from 1 to {MAX_SWEEPS}"));
        }
        let is_beta = |beta: &f64| beta.is_finite() && *beta >= 0.0;
        if let Some((hot, cold)) = self.beta_range
            && !(is_beta(&hot) && is_beta(&cold) && hot <= cold)
        {
            return wrong("beta_range", format!("must be two numbers, 0 or above, the lower one first, not {hot} and {cold}"));
        }
        if let Some(Schedule::Custom(betas)) = &self.schedule
            && (betas.is_empty() || !betas.iter().all(is_beta))
        {
            return wrong("schedule", "must have at least one inverse temperature, each 0 or above".to_owned());
        }
        for state in &self.initial_states {
            bqm.check_state(state)?;
        }
        Ok(())
    }
}
