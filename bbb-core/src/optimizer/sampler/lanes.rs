//! Thirty-two replicas of one Ising model side by side: lane `l` of every vector belongs to replica `l`, so that one visit of a spin updates all replicas with a
//! few vector instructions and without gathering.
//!
//! Local fields are kept up to date, in 8-bit integers where every coupler is -1 or 1 and no field can leave them, and in 16-bit ones otherwise. A visit compares
//! `s_i f_i` of all lanes with random thresholds: Metropolis's rule accepts a change by `dE = -2 s_i f_i` with probability `exp(-beta dE)`, that is, if `-2 s_i f_i <=
//! e / beta` for an exponentially distributed `e`. Thresholds are windows of a shuffled table of the quantiles of `e`, at a random place for every visit: each lane
//! draws independently over time. Lanes of one visit draw without repetition, which is no harm to replicas that are compared and not averaged.
//!
//! The loops are written so that the compiler makes vector instructions of them; see [`simd`](super::simd).

use std::sync::{Arc, LazyLock};

use crate::optimizer::model::ising::Ising;
use crate::optimizer::random::Random;
use crate::optimizer::sampler::simd::vectorized;
use crate::optimizer::sampler::thresholds::exponential;

/// How many replicas there are.
pub(crate) const LANES: usize = 32;
/// Replicas side by side are worth while up to this many couplers at a spin, on average.
const MAX_DEGREE: usize = 64;
/// How many quantiles the table of thresholds has; a power of two.
const QUANTILES: usize = 1 << 13;

/// The most rows of thresholds where every lane has a temperature of its own; a power of two.
const MAX_ROWS: usize = 1 << 10;
/// The fewest.
const MIN_ROWS: usize = 1 << 7;

static EXPONENTIAL: LazyLock<Vec<f64>> = LazyLock::new(|| exponential(QUANTILES, LANES));
/// The quantiles for each lane, in an order of its own: row after row, a quantile of each lane.
static BY_LANE: LazyLock<[Vec<[f32; LANES]>; 4]> = LazyLock::new(|| std::array::from_fn(|size| by_lane(MIN_ROWS << size)));

/// The integers that fields are kept in.
pub(crate) trait Width: Copy + Eq + Default + Send + Sync + 'static {
    /// The largest magnitude that a field may have.
    const MOST: i32;
    /// Whether every coupler must be -1 or 1, since there is no vector multiplication.
    const UNIT: bool;
    fn of(value: i32) -> Self;
    fn get(self) -> i32;
    fn threshold(value: f64) -> Self;
    /// The same of a single.
    fn threshold_of(value: f32) -> Self;
    fn add(self, other: Self) -> Self;
    fn sub(self, other: Self) -> Self;
    fn mul(self, other: Self) -> Self;
    fn and(self, other: Self) -> Self;
    fn xor(self, other: Self) -> Self;
    fn is_above(self, other: Self) -> Self;
}

macro_rules! width {
    ($int:ty, $unit:expr) => {
        impl Width for $int {
            const MOST: i32 = <$int>::MAX as i32;
            const UNIT: bool = $unit;
            #[inline(always)]
            #[expect(clippy::cast_possible_truncation, reason = "callers hold values within MOST")]
            fn of(value: i32) -> Self {
                value as $int
            }
            #[inline(always)]
            fn get(self) -> i32 {
                i32::from(self)
            }
            /// `-floor(value) - 1`, at least the least integer; the value is not negative.
            #[inline(always)]
            #[expect(clippy::cast_possible_truncation, reason = "held within bounds before")]
            fn threshold(value: f64) -> Self {
                let whole = value.min(f64::from(Self::MOST)) as i32;
                (-whole - 1) as $int
            }
            #[inline(always)]
            #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "held within bounds before")]
            fn threshold_of(value: f32) -> Self {
                let whole = value.min(Self::MOST as f32) as i32;
                (-whole - 1) as $int
            }
            #[inline(always)]
            fn add(self, other: Self) -> Self {
                self.wrapping_add(other)
            }
            #[inline(always)]
            fn sub(self, other: Self) -> Self {
                self.wrapping_sub(other)
            }
            #[inline(always)]
            fn mul(self, other: Self) -> Self {
                self.wrapping_mul(other)
            }
            #[inline(always)]
            fn and(self, other: Self) -> Self {
                self & other
            }
            #[inline(always)]
            fn xor(self, other: Self) -> Self {
                self ^ other
            }
            #[inline(always)]
            fn is_above(self, other: Self) -> Self {
                -<$int>::from(self > other)
            }
        }
    };
}

width!(i8, true);
width!(i16, false);

/// A spin in all replicas.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
struct Site<T> {
    field: [T; LANES],
    /// 0 for up, all ones for down.
    sign: [T; LANES],
}

/// The couplers of all spins, those that are 1 before those that are -1 where widths are unit.
struct Rows<T> {
    /// Where each row starts, where its negative part starts, and where it ends.
    bounds: Vec<(u32, u32, u32)>,
    neighbors: Vec<u32>,
    couplers: Vec<T>,
}

/// Thirty-two replicas of a model.
#[derive(Clone)]
pub(crate) struct Lanes<'a, T> {
    ising: &'a Ising<i32>,
    rows: Arc<Rows<T>>,
    sites: Vec<Site<T>>,
    thresholds: Vec<T>,
    /// What a random place in the thresholds is shifted by: windows begin anywhere where all lanes have one temperature, else at a row.
    shift: u32,
    pub(crate) random: Random,
    /// Visits of spins, in all lanes together.
    pub(crate) updates: u64,
}

/// The width of fields that a model is searched with, side by side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fit {
    I8,
    I16,
}

impl Fit {
    /// The least width; none where replicas side by side are not worth while, or fields do not fit.
    pub(crate) fn of(ising: &Ising<i32>) -> Option<Fit> {
        if !is_sparse(ising) {
            None
        } else if fits::<i8>(ising) {
            Some(Fit::I8)
        } else {
            fits::<i16>(ising).then_some(Fit::I16)
        }
    }
}

/// Whether replicas side by side are worth while.
pub(crate) fn is_sparse<N: Copy>(ising: &Ising<N>) -> bool {
    ising.couplers.len() <= MAX_DEGREE * ising.len()
}

/// Whether fields of this width hold this model.
fn fits<T: Width>(ising: &Ising<i32>) -> bool {
    let unit = !T::UNIT || ising.couplers.iter().all(|coupler| coupler.abs() == 1);
    unit && ising.reaches().all(|reach| reach <= T::MOST)
}

/// How many quantiles a model of so many spins has use for.
fn entries(spins: usize) -> usize {
    (4 * spins).next_power_of_two().clamp(512, QUANTILES)
}

impl<'a, T: Width> Lanes<'a, T> {
    /// Replicas in random states.
    pub(crate) fn new(ising: &'a Ising<i32>, random: Random) -> Self {
        let n = ising.len();
        let site = Site { field: [T::default(); LANES], sign: [T::default(); LANES] };
        let thresholds = vec![T::of(-1); entries(n) + LANES];
        let rows = Arc::new(rows(ising));
        let mut lanes = Lanes { ising, rows, sites: vec![site; n], thresholds, shift: 0, random, updates: 0 };
        lanes.scatter();
        lanes
    }

    /// Puts every replica in a random state.
    pub(crate) fn scatter(&mut self) {
        for site in &mut self.sites {
            let bits = self.random.next();
            site.sign = std::array::from_fn(|lane| T::of(-i32::from(bits >> lane & 1 == 1)));
        }
        self.refresh();
    }

    /// Puts one replica in this state; [`Lanes::refresh`] must follow.
    pub(crate) fn set(&mut self, lane: usize, spins: &[i8]) {
        for (site, spin) in self.sites.iter_mut().zip(spins) {
            site.sign[lane] = T::of(-i32::from(*spin < 0));
        }
    }

    /// Calculates all fields anew.
    pub(crate) fn refresh(&mut self) {
        for spin in 0..self.ising.len() {
            let mut field = [self.ising.fields[spin]; LANES];
            for (other, coupler) in self.ising.row(spin) {
                let sign = &self.sites[other].sign;
                for lane in 0..LANES {
                    field[lane] += coupler * (1 + 2 * sign[lane].get());
                }
            }
            self.sites[spin].field = field.map(T::of);
        }
    }

    /// Sets the inverse temperature of all replicas, in the units of the integer model.
    pub(crate) fn set_beta(&mut self, beta: f64) {
        let half = 0.5 / beta;
        self.shift = 0;
        let entries = entries(self.sites.len());
        self.thresholds.resize(entries + LANES, T::default());
        for (threshold, quantile) in self.thresholds.iter_mut().zip(EXPONENTIAL.iter()) {
            *threshold = T::threshold(quantile * half);
        }
        // The last window goes on with the first entries of a table that was cut short.
        self.thresholds.copy_within(..LANES, entries);
    }

    /// Sets the inverse temperature of each replica, in the units of the integer model.
    pub(crate) fn set_betas(&mut self, betas: &[f64; LANES]) {
        #[expect(clippy::cast_possible_truncation, reason = "a temperature needs no more digits")]
        let halves = betas.map(|beta| (0.5 / beta) as f32);
        let rows = (self.sites.len() / 4).next_power_of_two().clamp(MIN_ROWS, MAX_ROWS);
        let quantiles = &BY_LANE[(rows / MIN_ROWS).trailing_zeros() as usize];
        self.shift = LANES.trailing_zeros();
        self.thresholds.resize(rows * LANES, T::default());
        vectorized(|| {
            for (thresholds, quantiles) in self.thresholds.as_chunks_mut::<LANES>().0.iter_mut().zip(quantiles) {
                for lane in 0..LANES {
                    thresholds[lane] = T::threshold_of(quantiles[lane] * halves[lane]);
                }
            }
        });
    }

    /// Visits every spin of every replica once.
    pub(crate) fn sweep(&mut self) {
        self.updates += (self.sites.len() * LANES) as u64;
        vectorized(|| sweep(&mut self.sites, &self.rows, (&self.thresholds, self.shift), &mut self.random));
    }

    /// Changes single spins for the better until no replica has one left.
    pub(crate) fn descend(&mut self) {
        self.thresholds.fill(T::default());
        loop {
            let before = self.random.clone();
            self.sweep();
            // Every spin whose field is against it was changed; where none is left, nothing was.
            self.random = before;
            if self.sites.iter().all(|site| (0..LANES).all(|lane| gain(site, lane).get() <= 0)) {
                return;
            }
        }
    }

    /// Twice the energy of each replica, in the units of the integer model.
    pub(crate) fn energies(&self) -> [i64; LANES] {
        vectorized(|| energies(&self.sites, &self.ising.fields))
    }

    /// Changes a spin of one replica.
    pub(crate) fn flip(&mut self, lane: usize, spin: usize) {
        let change = T::of(2 + 4 * self.sites[spin].sign[lane].get());
        self.sites[spin].sign[lane] = self.sites[spin].sign[lane].xor(T::of(-1));
        let (start, _, end) = self.rows.bounds[spin];
        for at in start as usize..end as usize {
            let field = &mut self.sites[self.rows.neighbors[at] as usize].field[lane];
            *field = field.sub(self.rows.couplers[at].mul(change));
        }
    }

    /// The state of a replica.
    pub(crate) fn state(&self, lane: usize) -> Vec<i8> {
        (0..self.sites.len()).map(|spin| self.spin(lane, spin)).collect()
    }

    /// A spin of a replica.
    pub(crate) fn spin(&self, lane: usize, spin: usize) -> i8 {
        if self.sites[spin].sign[lane] == T::default() { 1 } else { -1 }
    }
}

/// `s_i f_i`: half of what a change would save.
#[inline(always)]
fn gain<T: Width>(site: &Site<T>, lane: usize) -> T {
    site.field[lane].xor(site.sign[lane]).sub(site.sign[lane])
}

fn rows<T: Width>(ising: &Ising<i32>) -> Rows<T> {
    let mut rows = Rows { bounds: Vec::new(), neighbors: Vec::new(), couplers: Vec::new() };
    // Cannot be cut off: a model has less than 2^32 entries.
    let here = |neighbors: &Vec<u32>| u32::try_from(neighbors.len()).unwrap_or(u32::MAX);
    for spin in 0..ising.len() {
        let start = here(&rows.neighbors);
        let mut row: Vec<(usize, i32)> = ising.row(spin).collect();
        if T::UNIT {
            row.sort_by_key(|(other, coupler)| (*coupler < 0, *other));
        }
        let positive = row.iter().take_while(|(_, coupler)| !T::UNIT || *coupler > 0).count();
        for (other, coupler) in row {
            rows.neighbors.push(u32::try_from(other).unwrap_or(u32::MAX));
            rows.couplers.push(T::of(coupler));
        }
        let middle = start + u32::try_from(positive).unwrap_or(u32::MAX);
        rows.bounds.push((start, middle, here(&rows.neighbors)));
    }
    rows
}

/// Rows of quantiles: those of each lane are all there, in a random order.
fn by_lane(rows: usize) -> Vec<[f32; LANES]> {
    let mut random = Random::new(0x7e41_1a57_0d1c_e5ee, 1);
    let mut column = || {
        #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "at most 1024 rows")]
        let mut quantiles: Vec<f32> = (0..rows).map(|row| -libm::log((row as f64 + 0.5) / rows as f64) as f32).collect();
        for last in (1..rows).rev() {
            quantiles.swap(last, random.below(last + 1));
        }
        quantiles
    };
    let columns: [Vec<f32>; LANES] = std::array::from_fn(|_| column());
    (0..rows).map(|row| std::array::from_fn(|lane| columns[lane][row])).collect()
}

/// Spins of which sums of fields are certain to fit 32 bits.
const BLOCK: usize = 1 << 14;

#[inline(always)]
fn energies<T: Width>(sites: &[Site<T>], fields: &[i32]) -> [i64; LANES] {
    let mut energies = [0_i64; LANES];
    for (sites, fields) in sites.chunks(BLOCK).zip(fields.chunks(BLOCK)) {
        let mut sums = [0_i32; LANES];
        for (site, field) in sites.iter().zip(fields) {
            for (lane, sum) in sums.iter_mut().enumerate() {
                let sign = site.sign[lane].get();
                *sum += ((site.field[lane].get() + field) ^ sign) - sign;
            }
        }
        for (energy, sum) in energies.iter_mut().zip(sums) {
            *energy += i64::from(sum);
        }
    }
    energies
}

#[inline(always)]
fn sweep<T: Width>(sites: &mut [Site<T>], rows: &Rows<T>, (thresholds, shift): (&[T], u32), random: &mut Random) {
    let mask = if shift == 0 { thresholds.len() - LANES } else { thresholds.len() >> shift } - 1;
    let mut bits = 0;
    for spin in 0..sites.len() {
        if spin % 4 == 0 {
            bits = random.next();
        }
        #[expect(clippy::cast_possible_truncation, reason = "only the low bits are wanted")]
        let at = (bits as usize & mask) << shift;
        bits >>= 16;
        let Some(window) = thresholds[at..].first_chunk::<LANES>() else { return };
        let site = &mut sites[spin];
        let mut flips = [T::default(); LANES];
        for lane in 0..LANES {
            flips[lane] = gain(site, lane).is_above(window[lane]);
        }
        if flips == [T::default(); LANES] {
            continue;
        }
        // Twice the old spin where it changes, else 0.
        let mut change = [T::default(); LANES];
        for lane in 0..LANES {
            let twice = T::of(2).add(site.sign[lane].add(site.sign[lane])).add(site.sign[lane].add(site.sign[lane]));
            change[lane] = twice.and(flips[lane]);
            site.sign[lane] = site.sign[lane].xor(flips[lane]);
        }
        let (start, middle, end) = rows.bounds[spin];
        let (start, middle, end) = (start as usize, middle as usize, end as usize);
        if T::UNIT {
            for other in &rows.neighbors[start..middle] {
                let field = &mut sites[*other as usize].field;
                for lane in 0..LANES {
                    field[lane] = field[lane].sub(change[lane]);
                }
            }
            for other in &rows.neighbors[middle..end] {
                let field = &mut sites[*other as usize].field;
                for lane in 0..LANES {
                    field[lane] = field[lane].add(change[lane]);
                }
            }
        } else {
            for (other, coupler) in rows.neighbors[start..end].iter().zip(&rows.couplers[start..end]) {
                let field = &mut sites[*other as usize].field;
                for lane in 0..LANES {
                    field[lane] = field[lane].sub(coupler.mul(change[lane]));
                }
            }
        }
    }
}
