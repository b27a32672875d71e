//! Simulated quantum annealing by path-integral Monte Carlo (Martonak, Santoro, Tosatti, "Quantum annealing by the path-integral Monte Carlo method: The two-dimensional random Ising
//! model", Physical Review B 66, 094203, 2002).
//!
//! The model in a transverse field is, by Suzuki's and Trotter's formula, a ring of slices of the classical model in which each spin is coupled with itself in the slices before and after by
//! `K = ln(coth(b g)) / 2`, where `b` is the inverse temperature of one slice and `g` the field. The field is lowered to almost nothing, and the slices, at first free of each other, become
//! one. A sweep offers every spin a change in each slice, even ones before odd ones, and every second sweep in all slices at once. At the end each slice is a state, taken down to a local
//! minimum.
//!
//! The slices are the lanes of vectors.

use std::sync::LazyLock;

use super::parts::{self, Part, Shape};
use super::real_lanes::{Scaled, minima};
use super::run::Progress;
use super::scale::{Scale, geometric, share};
use super::simd::vectorized;
use super::thresholds::exponential;
use super::{Error, Params, Run, Sampler};
use crate::optimizer::model::Bqm;
use crate::optimizer::model::ising::real;
use crate::optimizer::random::Random;
use crate::optimizer::sample_set::SampleSet;

/// How many slices there are.
const SLICES: usize = 32;
/// How many random thresholds there are; a power of two.
const QUANTILES: usize = 1 << 13;
/// Fields are calculated anew after so many sweeps, which takes away what rounding has left in them.
const SWEEPS_PER_REFRESH: u64 = 64;
/// The transverse field of the first sweep, in typical fields of the model, and of the last.
const FIRST_FIELD: f64 = 1.5;
const LAST_FIELD: f64 = 1e-3;

#[expect(clippy::cast_possible_truncation, reason = "a random threshold needs no more digits")]
static EXPONENTIAL: LazyLock<Vec<f32>> =
    LazyLock::new(|| exponential(QUANTILES, SLICES).into_iter().map(|quantile| quantile as f32).collect());

/// Simulated quantum annealing. The inverse temperature of a slice is the second of `beta_range`; a schedule has no meaning.
#[derive(Debug, Clone, Copy, Default)]
pub struct QuantumAnnealing {}

impl Sampler for QuantumAnnealing {
    fn name(&self) -> &'static str {
        "sqa"
    }

    fn sample(&self, bqm: &Bqm, params: &Params, run: &Run<'_>) -> Result<SampleSet, Error> {
        params.check(bqm)?;
        let ising = real(bqm);
        let scale = Scale::of(&ising);
        let typical = scale.map_or(1.0, |scale| scale.typical);
        let beta = params.beta_range.map_or_else(|| beta(scale), |(_, cold)| cold * ising.scale);
        let scaled = Scaled::of(&ising, beta);
        let shape = Shape { solver: "sqa", reads_per_part: 1 };
        parts::run(bqm, params, run, shape, |number, _| {
            let mut slices = Slices::new(ising.len(), Random::new(params.seed, number));
            if let Some(spins) = parts::initial_states(bqm, params, number, 1).next() {
                slices.set(&spins);
            }
            let wanted = parts::sweeps(params, number);
            let (mut done, mut stopped) = (0, false);
            while done < wanted && !stopped {
                let field = field(done, wanted) * typical;
                slices.sweep(&scaled, coupling(beta * field), done % 2 == 1);
                done += 1;
                stopped = run.stop.should_stop(Progress { sweeps: done, energy: None });
            }
            let spins = minima(&ising, (0..SLICES).map(|slice| slices.state(slice))).into_iter().take(1).collect();
            Part { spins, sweeps: done * SLICES as u64, updates: slices.updates, stopped }
        })
    }
}

/// The inverse temperature of a slice: the least change is slowed down, or, where fields are sums of many, a typical one. Of this, half and twice of it, this
/// is the best on G22, G35, G39 and G32 together.
fn beta(scale: Option<Scale>) -> f64 {
    scale.map_or(1.0, |Scale { typical, least }| 0.5 / least.max(typical / 4.0))
}

/// The transverse field in typical fields of the model: lowered by equal factors.
fn field(sweep: u64, sweeps: u64) -> f64 {
    geometric(FIRST_FIELD, LAST_FIELD, share(sweep, sweeps))
}

/// How strongly a spin is coupled with itself in the slices beside, for the product of inverse temperature and field.
#[expect(clippy::cast_possible_truncation, reason = "an exponent needs no more digits")]
fn coupling(product: f64) -> f32 {
    let product = product.clamp(1e-12, 20.0);
    (0.5 * libm::log(1.0 / libm::tanh(product))) as f32
}

/// One spin in all slices: 1 or -1, and its local field.
#[derive(Clone, Copy)]
struct Site {
    spins: [f32; SLICES],
    fields: [f32; SLICES],
}

struct Slices {
    sites: Vec<Site>,
    random: Random,
    sweeps: u64,
    /// Changes that were offered: of a spin in a slice, or of a spin in all of them.
    updates: u64,
}

impl Slices {
    /// Slices in random states; the first sweep calculates their fields.
    fn new(spins: usize, mut random: Random) -> Slices {
        let mut site = || Site { spins: std::array::from_fn(|_| f32::from(random.spin())), fields: [0.0; SLICES] };
        let sites = (0..spins).map(|_| site()).collect();
        Slices { sites, random, sweeps: 0, updates: 0 }
    }

    /// Puts all slices in this state.
    fn set(&mut self, spins: &[i8]) {
        for (site, spin) in self.sites.iter_mut().zip(spins) {
            site.spins = [f32::from(*spin); SLICES];
        }
    }

    /// Calculates all fields anew.
    fn refresh(&mut self, scaled: &Scaled<'_>) {
        for spin in 0..self.sites.len() {
            self.sites[spin].fields = scaled.local(spin, |other| &self.sites[other].spins);
        }
    }

    fn state(&self, slice: usize) -> Vec<i8> {
        self.sites.iter().map(|site| if site.spins[slice] < 0.0 { -1 } else { 1 }).collect()
    }

    fn sweep(&mut self, scaled: &Scaled<'_>, coupling: f32, together: bool) {
        if self.sweeps.is_multiple_of(SWEEPS_PER_REFRESH) {
            self.refresh(scaled);
        }
        self.sweeps += 1;
        self.updates += (if together { 1 } else { SLICES } * self.sites.len()) as u64;
        vectorized(|| {
            for spin in 0..self.sites.len() {
                #[expect(clippy::cast_possible_truncation, reason = "only the low bits are wanted")]
                let at = self.random.next() as usize & (QUANTILES - 1);
                let Some(thresholds) = EXPONENTIAL[at..].first_chunk::<SLICES>() else { return };
                let site = &mut self.sites[spin];
                if together { turn_all(site, thresholds[0]) } else { turn(site, thresholds, coupling) }
                    .into_iter()
                    .for_each(|change| spread(&mut self.sites, scaled, spin, &change));
            }
        });
    }
}

/// Offers a spin a change in each slice, in even ones and then in odd ones; says what its spins changed by, if any did.
#[inline(always)]
fn turn(site: &mut Site, thresholds: &[f32; SLICES], coupling: f32) -> Option<[f32; SLICES]> {
    let before = site.spins;
    for parity in 0..2 {
        let spins = site.spins;
        for slice in 0..SLICES {
            let beside = spins[(slice + SLICES - 1) % SLICES] + spins[(slice + 1) % SLICES];
            // What the exponent falls by if the spin changes.
            let cost = 2.0 * spins[slice] * (coupling * beside - site.fields[slice]);
            let sign = if slice % 2 == parity && cost <= thresholds[slice] { -1.0 } else { 1.0 };
            site.spins[slice] = spins[slice] * sign;
        }
    }
    let mut change = [0.0; SLICES];
    for slice in 0..SLICES {
        change[slice] = site.spins[slice] - before[slice];
    }
    (change != [0.0; SLICES]).then_some(change)
}

/// Offers a spin a change in all slices at once.
#[inline(always)]
fn turn_all(site: &mut Site, threshold: f32) -> Option<[f32; SLICES]> {
    let mut cost = 0.0;
    for slice in 0..SLICES {
        cost -= 2.0 * site.spins[slice] * site.fields[slice];
    }
    if cost > threshold {
        return None;
    }
    let change = site.spins.map(|spin| -2.0 * spin);
    site.spins = site.spins.map(|spin| -spin);
    Some(change)
}

/// Brings the fields of the neighbours up to date.
#[inline(always)]
fn spread(sites: &mut [Site], scaled: &Scaled<'_>, spin: usize, change: &[f32; SLICES]) {
    for (other, coupler) in scaled.row(spin) {
        let fields = &mut sites[other].fields;
        for slice in 0..SLICES {
            fields[slice] += coupler * change[slice];
        }
    }
}
