//! Simulated annealing (Kirkpatrick, Gelatt, Vecchi, "Optimization by simulated annealing", Science 220, 1983) with Metropolis's rule.
//!
//! Sparse models with small whole coefficients run as thirty-two replicas side by side, others one read at a time. Every read ends with a descent to a state
//! that no change of one variable improves.

use super::lanes::{Fit, LANES, Lanes, Width};
use super::parts::{self, Part, Shape};
use super::scale::{Scale, geometric, share};
use super::single::{Number, Rows, Single};
use super::{Error, Params, Run, Sampler, Schedule};
use crate::optimizer::model::Bqm;
use crate::optimizer::model::ising::{Compiled, Ising};
use crate::optimizer::random::Random;
use crate::optimizer::sample_set::SampleSet;
use crate::optimizer::sampler::run::Progress;

/// The most temperatures of a read; at each of them as many sweeps as it takes.
const MAX_STEPS: u64 = 2048;
/// Simulated annealing.
#[derive(Debug, Clone, Copy, Default)]
pub struct SimulatedAnnealing {}

impl Sampler for SimulatedAnnealing {
    fn name(&self) -> &'static str {
        "sa"
    }

    fn sample(&self, bqm: &Bqm, params: &Params, run: &Run<'_>) -> Result<SampleSet, Error> {
        params.check(bqm)?;
        match Compiled::of(bqm) {
            Compiled::Whole(ising) => {
                let cooling = Cooling::of(params, &ising);
                match Fit::of(&ising) {
                    Some(Fit::I8) => side_by_side::<i8>(bqm, &ising, &cooling, params, run),
                    Some(Fit::I16) => side_by_side::<i16>(bqm, &ising, &cooling, params, run),
                    None => match ising.narrow() {
                        Some(ising) => one_by_one(bqm, &ising, &cooling, params, run),
                        None => one_by_one(bqm, &ising, &cooling, params, run),
                    },
                }
            }
            Compiled::Real(ising) => one_by_one(bqm, &ising, &Cooling::of(params, &ising), params, run),
        }
    }
}

/// Inverse temperatures in the units of the compiled model.
struct Cooling<'a> {
    hot: f64,
    cold: f64,
    schedule: &'a Schedule,
    scale: f64,
}

impl<'a> Cooling<'a> {
    fn of<N: Number>(params: &'a Params, ising: &Ising<N>) -> Self {
        let scale = ising.scale;
        let (hot, cold) = params.beta_range.map_or_else(|| beta_range(ising), |(hot, cold)| (hot * scale, cold * scale));
        Cooling { hot, cold, schedule: params.schedule.as_ref().unwrap_or(&Schedule::Geometric), scale }
    }

    /// The inverse temperature of a step.
    fn beta(&self, step: u64, steps: u64) -> f64 {
        let x = share(step, steps);
        let (hot, cold) = (self.hot.max(f64::MIN_POSITIVE), self.cold.max(f64::MIN_POSITIVE));
        match self.schedule {
            Schedule::Geometric => geometric(hot, cold, x),
            Schedule::Linear => hot + (cold - hot) * x,
            Schedule::LinearTemperature => 1.0 / (1.0 / hot + (1.0 / cold - 1.0 / hot) * x),
            Schedule::Custom(betas) => {
                let at = usize::try_from(u128::from(step) * betas.len() as u128 / u128::from(steps)).unwrap_or(0);
                (betas[at] * self.scale).max(f64::MIN_POSITIVE)
            }
        }
    }
}

/// Hot enough that a typical spin turns freely, and cold enough that the least change of an energy is rare, in the units of the compiled model.
fn beta_range<N: Number>(ising: &Ising<N>) -> (f64, f64) {
    let Some(Scale { typical, least }) = Scale::of(ising) else { return (1.0, 1.0) };
    // Where coefficients are many and small beside the typical field, the least of them does not matter: fields are sums of many.
    let cold = 2.5 / least.max(typical / 8.0);
    (0.5 / typical, cold.max(0.5 / typical))
}

/// What is cooled.
trait Cooled {
    fn set_beta(&mut self, beta: f64);
    fn sweep(&mut self);
}

impl<T: Width> Cooled for Lanes<'_, T> {
    fn set_beta(&mut self, beta: f64) {
        Lanes::set_beta(self, beta);
    }

    fn sweep(&mut self) {
        Lanes::sweep(self);
    }
}

impl<N: Number> Cooled for Single<'_, N> {
    fn set_beta(&mut self, beta: f64) {
        Single::set_beta(self, beta);
    }

    fn sweep(&mut self) {
        Single::sweep(self);
    }
}

/// Cools one part; says how many sweeps it took, and whether it was stopped.
fn cool(cooling: &Cooling<'_>, sweeps: u64, run: &Run<'_>, cooled: &mut impl Cooled) -> (u64, bool) {
    let steps = sweeps.min(MAX_STEPS);
    let mut done = 0;
    for step in 0..steps {
        cooled.set_beta(cooling.beta(step, steps));
        let until = u64::try_from(u128::from(step + 1) * u128::from(sweeps) / u128::from(steps)).unwrap_or(sweeps);
        while done < until {
            cooled.sweep();
            done += 1;
            if run.stop.should_stop(Progress { sweeps: done, energy: None }) {
                return (done, true);
            }
        }
    }
    (done, false)
}

fn side_by_side<T: Width>(
    bqm: &Bqm,
    ising: &Ising<i32>,
    cooling: &Cooling<'_>,
    params: &Params,
    run: &Run<'_>,
) -> Result<SampleSet, Error> {
    let shape = Shape { solver: "sa", reads_per_part: LANES as u64 };
    parts::run(bqm, params, run, shape, |number, reads| {
        let mut lanes = Lanes::<T>::new(ising, Random::new(params.seed, number));
        for (lane, spins) in parts::initial_states(bqm, params, number, LANES).enumerate() {
            lanes.set(lane, &spins);
        }
        lanes.refresh();
        let (done, stopped) = cool(cooling, parts::sweeps(params, number), run, &mut lanes);
        lanes.descend();
        let energies = lanes.energies();
        let mut order: Vec<usize> = (0..reads).collect();
        order.sort_by_key(|lane| (energies[*lane], *lane));
        let spins = order.into_iter().map(|lane| lanes.state(lane)).collect();
        Part { spins, sweeps: done * LANES as u64, updates: lanes.updates, stopped }
    })
}

fn one_by_one<N: Number>(bqm: &Bqm, ising: &Ising<N>, cooling: &Cooling<'_>, params: &Params, run: &Run<'_>) -> Result<SampleSet, Error> {
    let rows = Rows::of(ising);
    let shape = Shape { solver: "sa", reads_per_part: 1 };
    parts::run(bqm, params, run, shape, |number, _| {
        let mut single = Single::new(ising, &rows, Random::new(params.seed, number));
        if let Some(spins) = parts::initial_states(bqm, params, number, 1).next() {
            single.set(&spins);
        }
        let (done, stopped) = cool(cooling, parts::sweeps(params, number), run, &mut single);
        single.descend();
        Part { spins: vec![single.spins], sweeps: done, updates: single.updates, stopped }
    })
}
