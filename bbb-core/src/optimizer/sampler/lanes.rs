//! Thirty-two replicas of one Ising model side by side: lane `l` of every vector belongs to replica `l`, so that one visit of a spin updates all replicas with a
//! few vector instructions and without gathering.
//!
//! Local fields are kept up to date, in 8-bit integers where every coupler is -1 or 1 and no field can leave them, and in 16-bit ones otherwise. A visit compares
//! `s_i f_i` of all lanes with random thresholds: Metropolis's rule accepts a change by `dE = -2 s_i f_i` with probability `exp(-beta dE)`, that is, if `-2 s_i f_i <=
//! e / beta` for an exponentially distributed `e`. Thresholds are windows of a shuffled table of the quantiles of `e`, at a random place for every visit: each lane
//! draws independently over time. Lanes of one visit draw without repetition, which is no harm to replicas that are compared and not averaged.
//!
//! The loops are written so that the compiler makes vector instructions of them; see [`simd`](super::simd).

use std::sync::LazyLock;

use crate::optimizer::model::ising::Ising;
use crate::optimizer::random::Random;
use crate::optimizer::sampler::simd::vectorized;
use crate::optimizer::sampler::thresholds::exponential;

/// How many replicas there are.
pub(crate) const LANES: usize = 32;
/// How many quantiles the table of thresholds has; a power of two.
const QUANTILES: usize = 1 << 13;

static EXPONENTIAL: LazyLock<Vec<f64>> = LazyLock::new(|| exponential(QUANTILES, LANES));

/// The integers that fields are kept in.
pub(crate) trait Width: Copy + Eq + Default + Send + Sync + 'static {
    /// The largest magnitude that a field may have.
    const MOST: i32;
    /// Whether every coupler must be -1 or 1, since there is no vector multiplication.
    const UNIT: bool;
    fn of(value: i32) -> Self;
    fn get(self) -> i32;
    fn threshold(value: f64) -> Self;
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
pub(crate) struct Lanes<'a, T> {
    ising: &'a Ising<i32>,
    rows: Rows<T>,
    sites: Vec<Site<T>>,
    thresholds: Vec<T>,
    pub(crate) random: Random,
    /// Visits of spins, in all lanes together.
    pub(crate) updates: u64,
}

/// Whether fields of this width hold this model.
pub(crate) fn fits<T: Width>(ising: &Ising<i32>) -> bool {
    let unit = !T::UNIT || ising.couplers.iter().all(|coupler| coupler.abs() == 1);
    unit && ising.reaches().all(|reach| reach <= T::MOST)
}

impl<'a, T: Width> Lanes<'a, T> {
    /// Replicas in random states.
    pub(crate) fn new(ising: &'a Ising<i32>, random: Random) -> Self {
        let n = ising.len();
        let site = Site { field: [T::default(); LANES], sign: [T::default(); LANES] };
        let entries = (4 * n).next_power_of_two().clamp(512, QUANTILES);
        let thresholds = vec![T::of(-1); entries + LANES];
        let mut lanes = Lanes { ising, rows: rows(ising), sites: vec![site; n], thresholds, random, updates: 0 };
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
        for (threshold, quantile) in self.thresholds.iter_mut().zip(EXPONENTIAL.iter()) {
            *threshold = T::threshold(quantile * half);
        }
        // The last window goes on with the first entries of a table that was cut short.
        let entries = self.thresholds.len() - LANES;
        self.thresholds.copy_within(..LANES, entries);
    }

    /// Visits every spin of every replica once.
    pub(crate) fn sweep(&mut self) {
        self.updates += (self.sites.len() * LANES) as u64;
        vectorized(|| sweep(&mut self.sites, &self.rows, &self.thresholds, &mut self.random));
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
        let mut energies = [0_i64; LANES];
        for (site, field) in self.sites.iter().zip(&self.ising.fields) {
            for (lane, energy) in energies.iter_mut().enumerate() {
                let spin = 1 + 2 * site.sign[lane].get();
                *energy += i64::from(spin * (site.field[lane].get() + field));
            }
        }
        energies
    }

    /// The state of a replica.
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

#[inline(always)]
fn sweep<T: Width>(sites: &mut [Site<T>], rows: &Rows<T>, thresholds: &[T], random: &mut Random) {
    let mask = thresholds.len() - LANES - 1;
    let mut bits = 0;
    for spin in 0..sites.len() {
        if spin % 4 == 0 {
            bits = random.next();
        }
        #[expect(clippy::cast_possible_truncation, reason = "only the low bits are wanted")]
        let at = bits as usize & mask;
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
