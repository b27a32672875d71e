//! Simulated bifurcation (Goto, Tatsumura, Dixon, Science Advances 5, eaav2372, 2019), ballistic and discrete (Goto and others, "High-performance combinatorial optimization
//! based on classical mechanics", Science Advances 7, eabe7953, 2021).
//!
//! Every spin is an oscillator with a place `x` and a momentum `y` between walls at -1 and 1 that take all momentum: `y += (-(1 - a) x + c f(q)) dt`, `x += y dt`. The pump `a` grows from 0 to 1
//! over the steps, so that `x` leaves the middle for one side; `f` is the force of the couplers, on the places (`q = x`, ballistic: quick) or on their signs (`q = sign x`, discrete: nearer
//! to the energy that is wanted). `c = 0.5 / typical` with the root of the mean square of local fields, which is the paper's `0.5 / (sigma sqrt(N))`. Signs are the states, taken down to a
//! local minimum at the end.
//!
//! Replicas run side by side, a vector lane each.

use super::lanes::is_sparse;
use super::parts::{self, Part, Shape};
use super::real_lanes::{Scaled, minima};
use super::run::Progress;
use super::scale::Scale;
use super::simd::vectorized;
use super::{Error, Params, Run, Sampler};
use crate::optimizer::model::Bqm;
use crate::optimizer::model::ising::{Ising, real};
use crate::optimizer::random::Random;
use crate::optimizer::sample_set::SampleSet;

/// The length of a step; the paper has 0.5 to 1.25.
const STEP: f32 = 1.0;
/// How far from the middle oscillators begin at most, in place or in momentum.
const START: f64 = 0.1;
/// Replicas of sparse models, and of dense ones, whose places would not fit the caches otherwise.
const SPARSE_LANES: usize = 32;
const DENSE_LANES: usize = 8;

/// Simulated bifurcation. `num_sweeps` are its steps; temperatures mean nothing to it, and an initial state gives the first forces and no more.
#[derive(Debug, Clone, Copy)]
pub struct SimulatedBifurcation {
    /// Whether forces come from the signs of places alone.
    pub discrete: bool,
}

impl Sampler for SimulatedBifurcation {
    fn name(&self) -> &'static str {
        if self.discrete { "dsb" } else { "bsb" }
    }

    fn sample(&self, bqm: &Bqm, params: &Params, run: &Run<'_>) -> Result<SampleSet, Error> {
        params.check(bqm)?;
        let ising = real(bqm);
        if is_sparse(&ising) {
            self.reads::<SPARSE_LANES>(bqm, &ising, params, run)
        } else {
            self.reads::<DENSE_LANES>(bqm, &ising, params, run)
        }
    }
}

impl SimulatedBifurcation {
    fn reads<const L: usize>(&self, bqm: &Bqm, ising: &Ising<f64>, params: &Params, run: &Run<'_>) -> Result<SampleSet, Error> {
        // What makes the energy less pushes that way.
        let forces = Scaled::of(ising, Scale::of(ising).map_or(0.0, |scale| -0.5 / scale.typical));
        let shape = Shape { solver: self.name(), reads_per_part: L as u64 };
        parts::run(bqm, params, run, shape, |number, reads| {
            let mut random = Random::new(params.seed, number);
            let mut all = Oscillators::<L>::new(ising.len(), self.discrete, &mut random);
            for (lane, spins) in parts::initial_states(bqm, params, number, L).enumerate() {
                all.set(lane, &spins);
            }
            let steps = parts::sweeps(params, number);
            let (mut done, mut stopped) = (0, false);
            while done < steps && !stopped {
                all.step(&forces, pump(done, steps));
                done += 1;
                stopped = run.stop.should_stop(Progress { sweeps: done, energy: None });
            }
            let spins = minima(ising, (0..reads).map(|lane| all.spins(lane)));
            let updates = done * (L * ising.len()) as u64;
            Part { spins, sweeps: done * L as u64, updates, stopped }
        })
    }
}

/// How much of the pump is on in a step.
#[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "a share of the steps")]
fn pump(step: u64, steps: u64) -> f32 {
    (step as f64 / steps as f64) as f32
}

/// What the force of an oscillator at this place on others comes from.
#[inline(always)]
fn source_at(discrete: bool, place: f32) -> f32 {
    if discrete { 1_f32.copysign(place) } else { place }
}

/// The oscillators of all spins in all replicas.
struct Oscillators<const L: usize> {
    places: Vec<[f32; L]>,
    momenta: Vec<[f32; L]>,
    /// What forces come from: places, or their signs.
    sources: Vec<[f32; L]>,
    discrete: bool,
}

impl<const L: usize> Oscillators<L> {
    fn new(spins: usize, discrete: bool, random: &mut Random) -> Self {
        #[expect(clippy::cast_possible_truncation, reason = "a random number")]
        let mut draw = || (START * (2.0 * random.unit() - 1.0)) as f32;
        let mut all = || (0..spins).map(|_| std::array::from_fn(|_| draw())).collect::<Vec<[f32; L]>>();
        let (places, momenta) = (all(), all());
        let sources = places.iter().map(|places| places.map(|place| source_at(discrete, place))).collect();
        Oscillators { places, momenta, sources, discrete }
    }

    /// Begins a replica on the sides of this state.
    fn set(&mut self, lane: usize, spins: &[i8]) {
        for (at, spin) in spins.iter().enumerate() {
            self.places[at][lane] = f32::from(*spin);
            self.momenta[at][lane] = 0.0;
            self.sources[at][lane] = f32::from(*spin);
        }
    }

    fn spins(&self, lane: usize) -> Vec<i8> {
        self.places.iter().map(|place| if place[lane] < 0.0 { -1 } else { 1 }).collect()
    }

    fn step(&mut self, forces: &Scaled<'_>, pump: f32) {
        vectorized(|| {
            self.push(forces, pump);
            self.glide();
        });
    }

    /// Changes all momenta by the forces of the places as they are.
    #[inline(always)]
    fn push(&mut self, forces: &Scaled<'_>, pump: f32) {
        let pull = 1.0 - pump;
        for (spin, momentum) in self.momenta.iter_mut().enumerate() {
            let force = forces.local(spin, |other| &self.sources[other]);
            let place = &self.places[spin];
            for lane in 0..L {
                momentum[lane] += (force[lane] - pull * place[lane]) * STEP;
            }
        }
    }

    /// Moves all places by their momenta, up to the walls.
    #[inline(always)]
    fn glide(&mut self) {
        for ((place, momentum), source) in self.places.iter_mut().zip(&mut self.momenta).zip(&mut self.sources) {
            for lane in 0..L {
                let free = place[lane] + momentum[lane] * STEP;
                let held = free.clamp(-1.0, 1.0);
                momentum[lane] = if held == free { momentum[lane] } else { 0.0 };
                place[lane] = held;
                source[lane] = source_at(self.discrete, held);
            }
        }
    }
}
