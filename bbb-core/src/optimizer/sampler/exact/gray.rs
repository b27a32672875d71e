//! Enumeration of all states in the order of a Gray code, so that each differs from the one before in one spin (Gray, "Pulse code communication", 1953).

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use super::must_stop;
use crate::optimizer::model::ising::Ising;
use crate::optimizer::sampler::run::Run;
use crate::optimizer::sampler::{jobs, simd::vectorized};

/// The most spins.
pub(super) const MAX_SPINS: usize = 30;
/// The highest spins are fixed in each of the parts that may run side by side.
const MAX_FIXED: usize = 6;
/// So many states are visited at a stretch; then fields are calculated anew, so that rounding does not add up.
const STRETCH: u32 = 1 << 12;
const WIDTH: usize = 32;

/// The lowest states, bit `i` for spin `i`.
pub(super) struct Lowest {
    pub(super) states: Vec<u32>,
    pub(super) updates: u64,
    pub(super) stopped: bool,
}

/// A state and its energy, the worse one the greater.
#[derive(PartialEq, Clone, Copy)]
struct Candidate {
    energy: f64,
    bits: u32,
}

impl Eq for Candidate {}

impl PartialOrd for Candidate {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Candidate {
    fn cmp(&self, other: &Self) -> Ordering {
        self.energy.total_cmp(&other.energy).then_with(|| self.bits.cmp(&other.bits))
    }
}

/// The value of a spin in a state.
pub(super) fn spin(bits: u32, spin: usize) -> i8 {
    if bits >> spin & 1 == 1 { 1 } else { -1 }
}

/// So many of the lowest states, the lowest first.
pub(super) fn lowest(ising: &Ising<f64>, count: usize, run: &Run<'_>) -> Lowest {
    let n = ising.len();
    let fixed = n.saturating_sub(16).min(MAX_FIXED);
    let rows = rows(ising);
    let parts = jobs::all(run, 1 << fixed, |part| {
        // Cannot be cut off: there are at most 64 parts.
        let high = u32::try_from(part).unwrap_or(0) << (n - fixed);
        walk(ising, &rows, n - fixed, high, count, run)
    });
    let stopped = parts.iter().any(|part| part.1);
    let mut all: Vec<Candidate> = parts.into_iter().flat_map(|part| part.0).collect();
    all.sort_unstable();
    all.truncate(count);
    Lowest { states: all.into_iter().map(|candidate| candidate.bits).collect(), updates: 1 << n, stopped }
}

/// Twice the couplers, row after row.
fn rows(ising: &Ising<f64>) -> Vec<[f64; WIDTH]> {
    let mut rows = vec![[0.0; WIDTH]; ising.len()];
    for (spin, row) in rows.iter_mut().enumerate() {
        for (other, coupler) in ising.row(spin) {
            row[other] = 2.0 * coupler;
        }
    }
    rows
}

/// All states whose spins from `free` on are those of `high`; says whether it was stopped.
fn walk(ising: &Ising<f64>, rows: &[[f64; WIDTH]], free: usize, high: u32, count: usize, run: &Run<'_>) -> (BinaryHeap<Candidate>, bool) {
    let mut heap = BinaryHeap::with_capacity(count.min(1 << 16) + 1);
    let mut start = 0_u32;
    loop {
        let stretch = STRETCH.min((1 << free) - start);
        vectorized(|| visit(ising, rows, high, start..start + stretch, count, &mut heap));
        start += stretch;
        if start >> free != 0 {
            return (heap, false);
        }
        if must_stop(run) {
            return (heap, true);
        }
    }
}

/// The states of these numbers of the Gray code.
#[inline(always)]
fn visit(
    ising: &Ising<f64>,
    rows: &[[f64; WIDTH]],
    high: u32,
    numbers: std::ops::Range<u32>,
    count: usize,
    heap: &mut BinaryHeap<Candidate>,
) {
    let n = ising.len();
    let mut bits = high | (numbers.start ^ (numbers.start >> 1));
    let spins: Vec<i8> = (0..n).map(|at| spin(bits, at)).collect();
    let mut energy = super::energy(ising, &spins);
    let mut fields = [0.0; WIDTH];
    for (at, field) in fields.iter_mut().enumerate().take(n) {
        *field = ising.row(at).fold(ising.fields[at], |sum, (other, coupler)| sum + coupler * f64::from(spins[other]));
    }
    let mut worst = if heap.len() < count { f64::INFINITY } else { heap.peek().map_or(f64::INFINITY, |candidate| candidate.energy) };
    for number in numbers.clone() {
        if energy <= worst {
            heap.push(Candidate { energy, bits });
            if heap.len() > count {
                heap.pop();
            }
            worst = if heap.len() < count { f64::INFINITY } else { heap.peek().map_or(f64::INFINITY, |candidate| candidate.energy) };
        }
        let next = number + 1;
        if next == numbers.end {
            return;
        }
        let flipped = next.trailing_zeros() as usize;
        let old = f64::from(spin(bits, flipped));
        energy -= 2.0 * old * fields[flipped];
        bits ^= 1 << flipped;
        for (field, coupler) in fields.iter_mut().zip(&rows[flipped]) {
            *field -= old * coupler;
        }
    }
}
