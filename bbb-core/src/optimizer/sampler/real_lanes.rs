//! Models in single-precision numbers, for samplers with replicas in the lanes of vectors whose local fields are not whole.
//!
//! Products and sums are single operations in a fixed order, so that results are the same with and without AVX2.

use super::single::{Rows, Single};
use crate::optimizer::model::ising::Ising;
use crate::optimizer::random::Random;

/// A model times a factor.
pub(super) struct Scaled<'a> {
    starts: &'a [u32],
    neighbors: &'a [u32],
    couplers: Vec<f32>,
    fields: Vec<f32>,
}

impl<'a> Scaled<'a> {
    pub(super) fn of(ising: &'a Ising<f64>, factor: f64) -> Scaled<'a> {
        #[expect(clippy::cast_possible_truncation, reason = "an exponent or a force needs no more digits")]
        let scaled = |bias: &f64| (bias * factor).clamp(-1e30, 1e30) as f32;
        let (couplers, fields) = (ising.couplers.iter().map(scaled).collect(), ising.fields.iter().map(scaled).collect());
        Scaled { starts: &ising.starts, neighbors: &ising.neighbors, couplers, fields }
    }

    /// The couplers of a spin.
    #[inline(always)]
    pub(super) fn row(&self, spin: usize) -> impl Iterator<Item = (usize, f32)> {
        let row = self.starts[spin] as usize..self.starts[spin + 1] as usize;
        self.neighbors[row.clone()].iter().zip(&self.couplers[row]).map(|(other, coupler)| (*other as usize, *coupler))
    }

    /// The local fields of a spin in all lanes, from the values of the others.
    #[inline(always)]
    pub(super) fn local<'b, const L: usize>(&self, spin: usize, values: impl Fn(usize) -> &'b [f32; L]) -> [f32; L] {
        let mut sums = [self.fields[spin]; L];
        for (other, coupler) in self.row(spin) {
            let values = values(other);
            for lane in 0..L {
                sums[lane] += coupler * values[lane];
            }
        }
        sums
    }
}

/// The local minima below these states, the best first.
pub(super) fn minima(ising: &Ising<f64>, states: impl Iterator<Item = Vec<i8>>) -> Vec<Vec<i8>> {
    let rows = Rows::Sparse(ising);
    let mut single = Single::new(ising, &rows, Random::new(0, 0));
    let below = |state: Vec<i8>| {
        single.set(&state);
        single.descend();
        (single.energy(), single.spins.clone())
    };
    let mut found: Vec<(f64, Vec<i8>)> = states.map(below).collect();
    found.sort_by(|one, other| one.0.total_cmp(&other.0));
    found.into_iter().map(|(_, spins)| spins).collect()
}
