//! One replica of an Ising model, for models that are dense or whose coefficients do not fit [`lanes`](super::lanes): local fields in 16-bit or
//! 32-bit integers, or doubles.
//!
//! Spins are visited in blocks. Each spin of a block has its own threshold; the block is compared with them at once, and only where a change is accepted are its
//! spins visited one by one, since fields change from there on. That is Metropolis's rule in sequence, and most blocks at low temperatures are over after a few
//! vector instructions. In dense models the fields of all spins are updated with one contiguous row.

use std::sync::LazyLock;

use crate::optimizer::model::ising::Ising;
use crate::optimizer::random::Random;
use crate::optimizer::sampler::simd::vectorized;
use crate::optimizer::sampler::thresholds::exponential;

/// How many spins are compared at once.
const BLOCK: usize = 16;
/// How many quantiles the table of thresholds has; a power of two.
const QUANTILES: usize = 1 << 14;
/// Models with at least this share of all couplers have contiguous rows.
const DENSE: f64 = 0.08;
/// The most bytes of contiguous rows.
const MAX_DENSE_ENTRIES: usize = 1 << 28;

static EXPONENTIAL: LazyLock<Vec<f64>> = LazyLock::new(|| exponential(QUANTILES, BLOCK));

/// What fields are kept in.
pub(crate) trait Number: Copy + Default + PartialOrd + Send + Sync + std::fmt::Debug + 'static {
    /// What contiguous rows are kept in.
    type Entry: Copy + Default + Send + Sync;
    fn entry(self) -> Option<Self::Entry>;
    fn wide(entry: Self::Entry) -> Self;
    fn real(self) -> f64;
    /// The least number that is at least `-value`, or the number below which nothing counts.
    fn threshold(value: f64) -> Self;
    fn signed(self, spin: i8) -> Self;
    fn add(self, other: Self) -> Self;
    fn sub(self, other: Self) -> Self;
    fn twice(self) -> Self;
}

impl Number for i32 {
    type Entry = i8;
    fn entry(self) -> Option<i8> {
        i8::try_from(self).ok()
    }
    #[inline(always)]
    fn wide(entry: i8) -> i32 {
        i32::from(entry)
    }
    fn real(self) -> f64 {
        f64::from(self)
    }
    #[expect(clippy::cast_possible_truncation, reason = "held within bounds first")]
    fn threshold(value: f64) -> i32 {
        -(value.min(f64::from(i32::MAX / 2)) as i32)
    }
    #[inline(always)]
    fn signed(self, spin: i8) -> i32 {
        self * i32::from(spin)
    }
    #[inline(always)]
    fn add(self, other: i32) -> i32 {
        self + other
    }
    #[inline(always)]
    fn sub(self, other: i32) -> i32 {
        self - other
    }
    #[inline(always)]
    fn twice(self) -> i32 {
        2 * self
    }
}

/// Fields keep within 16 bits, but twice a coupler may not: then it wraps, and so does the field's way to a value that is within them.
impl Number for i16 {
    type Entry = i8;
    fn entry(self) -> Option<i8> {
        i8::try_from(self).ok()
    }
    #[inline(always)]
    fn wide(entry: i8) -> i16 {
        i16::from(entry)
    }
    fn real(self) -> f64 {
        f64::from(self)
    }
    #[inline(always)]
    #[expect(clippy::cast_possible_truncation, reason = "held within bounds first")]
    fn threshold(value: f64) -> i16 {
        -(value.min(f64::from(i16::MAX)) as i16)
    }
    #[inline(always)]
    fn signed(self, spin: i8) -> i16 {
        self * i16::from(spin)
    }
    #[inline(always)]
    fn add(self, other: i16) -> i16 {
        self.wrapping_add(other)
    }
    #[inline(always)]
    fn sub(self, other: i16) -> i16 {
        self.wrapping_sub(other)
    }
    #[inline(always)]
    fn twice(self) -> i16 {
        self.wrapping_mul(2)
    }
}

impl Number for f64 {
    type Entry = f64;
    fn entry(self) -> Option<f64> {
        Some(self)
    }
    #[inline(always)]
    fn wide(entry: f64) -> f64 {
        entry
    }
    fn real(self) -> f64 {
        self
    }
    fn threshold(value: f64) -> f64 {
        -value
    }
    #[inline(always)]
    fn signed(self, spin: i8) -> f64 {
        self * f64::from(spin)
    }
    #[inline(always)]
    fn add(self, other: f64) -> f64 {
        self + other
    }
    #[inline(always)]
    fn sub(self, other: f64) -> f64 {
        self - other
    }
    #[inline(always)]
    fn twice(self) -> f64 {
        2.0 * self
    }
}

/// The couplers, in the form in which a change reads them.
pub(crate) enum Rows<'a, N: Number> {
    Sparse(&'a Ising<N>),
    /// Row after row, each as long as the model.
    Dense(Vec<N::Entry>),
}

impl<'a, N: Number> Rows<'a, N> {
    /// Contiguous where the model is dense and its couplers are small, else as they are.
    #[expect(clippy::cast_precision_loss, reason = "a share")]
    pub(crate) fn of(ising: &'a Ising<N>) -> Self {
        let n = ising.len();
        let dense = n > 1 && ising.couplers.len() as f64 >= DENSE * (n * n) as f64 && n * n <= MAX_DENSE_ENTRIES;
        if !dense || ising.couplers.iter().any(|coupler| coupler.entry().is_none()) {
            return Rows::Sparse(ising);
        }
        let mut rows = vec![N::Entry::default(); n * n];
        for spin in 0..n {
            for (other, coupler) in ising.row(spin) {
                rows[spin * n + other] = coupler.entry().unwrap_or_default();
            }
        }
        Rows::Dense(rows)
    }
}

/// Visits every spin of every replica once: block after block, so that the rows of a block are read for all replicas while they are near.
pub(crate) fn sweep_all<N: Number>(replicas: &mut [Single<'_, N>]) {
    let spins = replicas.first().map_or(0, |replica| replica.spins.len());
    vectorized(|| {
        for start in (0..spins).step_by(BLOCK) {
            for replica in &mut *replicas {
                replica.visit(start);
            }
        }
    });
}

/// One replica.
#[derive(Clone)]
pub(crate) struct Single<'a, N: Number> {
    ising: &'a Ising<N>,
    rows: &'a Rows<'a, N>,
    pub(crate) spins: Vec<i8>,
    pub(crate) fields: Vec<N>,
    /// What the thresholds are for.
    beta: f64,
    thresholds: Vec<N>,
    pub(crate) random: Random,
    /// Visits of spins.
    pub(crate) updates: u64,
}

impl<'a, N: Number> Single<'a, N> {
    /// A replica in a random state.
    pub(crate) fn new(ising: &'a Ising<N>, rows: &'a Rows<'a, N>, random: Random) -> Self {
        let n = ising.len();
        let entries = (4 * n).next_power_of_two().clamp(512, QUANTILES);
        let thresholds = vec![N::default(); entries + BLOCK];
        let mut single =
            Single { ising, rows, spins: vec![1; n], fields: vec![N::default(); n], beta: f64::NAN, thresholds, random, updates: 0 };
        single.scatter();
        single
    }

    /// Puts it in a random state.
    pub(crate) fn scatter(&mut self) {
        for spin in &mut self.spins {
            *spin = self.random.spin();
        }
        self.refresh();
    }

    /// Puts it in this state.
    pub(crate) fn set(&mut self, spins: &[i8]) {
        self.spins.copy_from_slice(spins);
        self.refresh();
    }

    /// Calculates all fields anew.
    pub(crate) fn refresh(&mut self) {
        for spin in 0..self.ising.len() {
            let around = self.ising.row(spin).map(|(other, coupler)| coupler.signed(self.spins[other]));
            self.fields[spin] = around.fold(self.ising.fields[spin], N::add);
        }
    }

    /// Sets the inverse temperature, in the units of the compiled model.
    #[expect(clippy::float_cmp, reason = "whether it is the very same")]
    pub(crate) fn set_beta(&mut self, beta: f64) {
        if beta == self.beta {
            return;
        }
        self.beta = beta;
        let entries = self.thresholds.len() - BLOCK;
        let half = 0.5 / beta;
        let quantiles = &EXPONENTIAL[..self.thresholds.len()];
        vectorized(|| {
            for (threshold, quantile) in self.thresholds.iter_mut().zip(quantiles) {
                *threshold = N::threshold(quantile * half);
            }
        });
        // The last window goes on with the first entries of a table that was cut short.
        self.thresholds.copy_within(..BLOCK, entries);
    }

    /// Visits every spin once.
    pub(crate) fn sweep(&mut self) {
        sweep_all(std::slice::from_mut(self));
    }

    /// Visits the spins of the block that starts here.
    #[inline(always)]
    fn visit(&mut self, start: usize) {
        let end = (start + BLOCK).min(self.spins.len());
        self.updates += (end - start) as u64;
        #[expect(clippy::cast_possible_truncation, reason = "only the low bits are wanted")]
        let at = self.random.next() as usize & (self.thresholds.len() - BLOCK - 1);
        if end - start < BLOCK || self.any(start, at) {
            for spin in start..end {
                if self.fields[spin].signed(self.spins[spin]) >= self.thresholds[at + spin - start] {
                    self.flip(spin);
                }
            }
        }
    }

    /// Whether a change of any spin of a whole block is accepted.
    #[inline(always)]
    fn any(&self, start: usize, at: usize) -> bool {
        let fields = self.fields[start..].first_chunk::<BLOCK>();
        let spins = self.spins[start..].first_chunk::<BLOCK>();
        let window = self.thresholds[at..].first_chunk::<BLOCK>();
        let (Some(fields), Some(spins), Some(window)) = (fields, spins, window) else { return true };
        let mut any = false;
        for lane in 0..BLOCK {
            any |= fields[lane].signed(spins[lane]) >= window[lane];
        }
        any
    }

    /// Changes a spin.
    #[inline(always)]
    pub(crate) fn flip(&mut self, spin: usize) {
        let n = self.spins.len();
        let old = self.spins[spin];
        self.spins[spin] = -old;
        match self.rows {
            Rows::Sparse(ising) => {
                let row = ising.starts[spin] as usize..ising.starts[spin + 1] as usize;
                for (other, coupler) in ising.neighbors[row.clone()].iter().zip(&ising.couplers[row]) {
                    let field = &mut self.fields[*other as usize];
                    *field = field.sub(coupler.signed(old).twice());
                }
            }
            Rows::Dense(rows) => {
                let row = &rows[spin * n..spin * n + n];
                if old > 0 {
                    for (field, entry) in self.fields.iter_mut().zip(row) {
                        *field = field.sub(N::wide(*entry).twice());
                    }
                } else {
                    for (field, entry) in self.fields.iter_mut().zip(row) {
                        *field = field.add(N::wide(*entry).twice());
                    }
                }
            }
        }
    }

    /// Its energy, in the units of the compiled model.
    pub(crate) fn energy(&self) -> f64 {
        let each = self.spins.iter().zip(&self.fields).zip(&self.ising.fields);
        each.map(|((spin, field), bias)| f64::from(*spin) * (field.real() + bias.real())).sum::<f64>() / 2.0
    }

    /// Changes single spins for the better until none is left.
    pub(crate) fn descend(&mut self) {
        vectorized(|| {
            loop {
                let mut changed = false;
                for spin in 0..self.spins.len() {
                    if self.fields[spin].signed(self.spins[spin]) > N::default() {
                        self.flip(spin);
                        changed = true;
                    }
                }
                if !changed {
                    return;
                }
            }
        });
    }
}
