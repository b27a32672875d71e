//! Parallel tempering (Hukushima, Nemoto, "Exchange Monte Carlo method and application to spin glass simulations", Journal of the Physical Society of Japan 65,
//! 1996) with isoenergetic cluster moves (Zhu, Ochoa, Katzgraber, "Efficient cluster algorithm for spin glasses in any space dimension", Physical Review Letters
//! 115, 077201, 2015).
//!
//! Replicas are swept at a ladder of inverse temperatures, and neighbours on it change places with the probability that keeps both temperatures in balance:
//! what is stuck in the cold is carried to where it is warm, and back. From time to time all states are taken down to a local minimum, and the best one is kept.
//! A read is one ladder of replicas: thirty-two side by side where the model is sparse and its coefficients are small, sixteen otherwise. A run until it is
//! stopped is one read on each thread.

mod clusters;
mod replicas;
#[cfg(test)]
mod tests;

use self::clusters::Clusters;
use self::replicas::{Replicas, Singles};
use super::lanes::{Fit, Lanes};
use super::parts::{self, Part, Shape};
use super::run::Progress;
use super::scale::{Scale, geometric, share};
use super::single::{Number, Rows};
use super::{Error, MAX_SWEEPS, Params, Run, Sampler};
use crate::optimizer::model::Bqm;
use crate::optimizer::model::ising::{Compiled, Ising, to_state};
use crate::optimizer::random::{Random, mix};
use crate::optimizer::sample_set::SampleSet;

/// The share of its inverse temperature that each replica begins with.
const WARM: f64 = 0.2;
/// At most one in so many sweeps of a read is for the way from there to its temperature.
const WARM_SHARE: u64 = 4;

/// Parallel tempering.
#[derive(Debug, Clone, Copy, Default)]
pub struct ParallelTempering {}

impl Sampler for ParallelTempering {
    fn name(&self) -> &'static str {
        "pt"
    }

    fn sample(&self, bqm: &Bqm, params: &Params, run: &Run<'_>) -> Result<SampleSet, Error> {
        params.check(bqm)?;
        match Compiled::of(bqm) {
            Compiled::Whole(ising) => match Fit::of(&ising) {
                Some(Fit::I8) => reads(bqm, &ising, params, run, &|random| Lanes::<i8>::new(&ising, random)),
                Some(Fit::I16) => reads(bqm, &ising, params, run, &|random| Lanes::<i16>::new(&ising, random)),
                None => match ising.narrow() {
                    Some(ising) => one_by_one(bqm, &ising, params, run),
                    None => one_by_one(bqm, &ising, params, run),
                },
            },
            Compiled::Real(ising) => one_by_one(bqm, &ising, params, run),
        }
    }
}

fn one_by_one<N: Number>(bqm: &Bqm, ising: &Ising<N>, params: &Params, run: &Run<'_>) -> Result<SampleSet, Error> {
    let rows = Rows::of(ising);
    reads(bqm, ising, params, run, &|random| Singles::new(ising, &rows, random))
}

fn reads<N: Number, R: Replicas>(
    bqm: &Bqm,
    ising: &Ising<N>,
    params: &Params,
    run: &Run<'_>,
    replicas: &(impl Fn(Random) -> R + Sync),
) -> Result<SampleSet, Error> {
    let sweeps = match params.num_sweeps {
        Some(sweeps) => sweeps,
        None if params.until_stopped => MAX_SWEEPS,
        None => parts::DEFAULT_SWEEPS,
    };
    let clusters = Clusters::of(ising);
    let range = params
        .beta_range
        .map_or_else(|| beta_range::<N, R>(ising, clusters.is_some()), |(hot, cold)| (hot * ising.scale, cold * ising.scale));
    let copies = if clusters.is_some() { 2 } else { 1 };
    let shape = Shape { solver: "pt", reads_per_part: 1 };
    parts::run(bqm, params, run, shape, |number, _| {
        let mut replicas = replicas(Random::new(params.seed, number));
        let initial = parts::initial_states(bqm, params, number, 1).next();
        if let Some(spins) = &initial {
            replicas.set(spins);
        }
        let mut read = Read {
            ladder: Ladder::new(range, replicas.count(), copies),
            random: Random::new(mix(params.seed, number), 1),
            clusters: clusters.clone(),
            replicas,
            best: None,
        };
        let tell = |spins: &[i8]| {
            let state = to_state(bqm, |spin| spins[spin]);
            run.stop.improved(bqm.energy_of(&state), &state);
        };
        let (done, stopped) = read.run(ising, sweeps, initial.is_some(), run, &tell);
        let spins = read.best.into_iter().map(|(_, spins)| spins).collect();
        Part { spins, sweeps: done * read.replicas.count() as u64, updates: read.replicas.updates(), stopped }
    })
}

/// The inverse temperatures of the ends of the ladder, in the units of the compiled model.
///
/// A mean-field spin glass freezes where the temperature is the typical field (Sherrington, Kirkpatrick, Physical Review Letters 35, 1975): the ladder begins there, and
/// ends where the least change is rare; with dense rows, where fields are sums of many, it reaches from somewhat below the freezing temperature, so that fewer
/// changes are made in the heat, to a fifth of it. With cluster moves it can be
/// colder as a whole, since they cross barriers in the cold. Measured on the G-set and K2000; half or twice these values is worse.
fn beta_range<N: Number, R: Replicas>(ising: &Ising<N>, clusters: bool) -> (f64, f64) {
    let Some(Scale { typical, least }) = Scale::of(ising) else { return (1.0, 1.0) };
    let (hot, cold) = match (clusters, R::SIDE_BY_SIDE) {
        (true, _) => (2.5 / typical, 3.5 / least.max(typical / 8.0)),
        (false, true) => (1.0 / typical, 2.5 / least.max(typical / 8.0)),
        (false, false) => (1.3 / typical, 2.5 / least.max(typical / 2.0)),
    };
    (hot, cold.max(hot))
}

/// Inverse temperatures by equal factors, and who is where.
struct Ladder {
    betas: Vec<f64>,
    /// How many replicas there are at each temperature.
    copies: usize,
    /// The replica at each place; those of one temperature stand together.
    replicas: Vec<usize>,
}

impl Ladder {
    fn new((hot, cold): (f64, f64), replicas: usize, copies: usize) -> Ladder {
        let (hot, cold) = (hot.max(f64::MIN_POSITIVE), cold.max(f64::MIN_POSITIVE));
        let steps = replicas / copies;
        let betas = (0..steps).map(|step| geometric(hot, cold, share(step as u64, steps as u64))).collect();
        Ladder { betas, copies, replicas: (0..steps * copies).collect() }
    }

    /// The inverse temperature of each replica, times a factor.
    fn heat(&self, factor: f64) -> Vec<f64> {
        let mut betas = vec![self.betas[0] * factor; self.replicas.len()];
        for (place, replica) in self.replicas.iter().enumerate() {
            betas[*replica] = self.betas[place / self.copies] * factor;
        }
        betas
    }

    /// Lets neighbours change places: those above even steps in even rounds, those above odd ones in odd rounds.
    fn exchange(&mut self, energies: &[f64], round: u64, random: &mut Random) {
        let first = usize::from(round % 2 == 1);
        for step in (first..self.betas.len().saturating_sub(1)).step_by(2) {
            for copy in 0..self.copies {
                let (warm, cold) = (step * self.copies + copy, (step + 1) * self.copies + copy);
                let [warm_energy, cold_energy] = [warm, cold].map(|place| energies[self.replicas[place]]);
                let exponent = (self.betas[step + 1] - self.betas[step]) * (cold_energy - warm_energy);
                if exponent >= 0.0 || random.unit() < libm::exp(exponent) {
                    self.replicas.swap(warm, cold);
                }
            }
        }
    }
}

/// One read.
struct Read<R> {
    replicas: R,
    ladder: Ladder,
    clusters: Option<Clusters>,
    random: Random,
    /// The best local minimum so far, with its energy in the units of the compiled model.
    best: Option<(f64, Vec<i8>)>,
}

impl<R: Replicas> Read<R> {
    /// Says how many sweeps it took, and whether it was stopped.
    fn run<N: Number>(&mut self, ising: &Ising<N>, sweeps: u64, begun: bool, run: &Run<'_>, tell: &impl Fn(&[i8])) -> (u64, bool) {
        if begun {
            self.keep_best(tell);
        }
        let warming = if begun { 0 } else { R::WARM_SWEEPS.min(sweeps / WARM_SHARE) };
        let (mut done, mut round) = (0, 0);
        loop {
            let factor = warm(done, warming);
            self.replicas.set_betas(&self.ladder.heat(factor));
            for _ in 0..R::SWEEPS_PER_ROUND.min(sweeps - done) {
                self.replicas.sweep();
                done += 1;
                if run.stop.should_stop(Progress { sweeps: done, energy: None }) {
                    self.keep_best(tell);
                    return (done, true);
                }
            }
            round += 1;
            if round % R::ROUNDS_PER_QUENCH == 0 || done >= sweeps {
                self.keep_best(tell);
            }
            if done >= sweeps {
                return (done, false);
            }
            if factor == 1.0 {
                let energies = self.replicas.energies();
                self.ladder.exchange(&energies, round, &mut self.random);
                if let Some(clusters) = &mut self.clusters {
                    clusters.turn(ising, &mut self.replicas, &self.ladder.replicas, &mut self.random);
                }
            }
        }
    }

    fn keep_best(&mut self, tell: &impl Fn(&[i8])) {
        let (energy, spins) = self.replicas.quenched();
        if self.best.as_ref().is_none_or(|(least, _)| energy < *least) {
            tell(&spins);
            self.best = Some((energy, spins));
        }
    }
}

/// The share of their inverse temperatures that replicas are swept with after so many sweeps, while they are taken there.
#[expect(clippy::cast_precision_loss, reason = "a share of a few hundred sweeps")]
fn warm(done: u64, warming: u64) -> f64 {
    if done < warming { libm::pow(WARM, 1.0 - done as f64 / warming as f64) } else { 1.0 }
}
