//! Models of several sizes and densities, with known optima.

use bbb_core::optimizer::problem::planted::{Planted, frustrated_loops};

/// Names, spins, loops and their length: sparse ones, where replicas run side by side, and dense ones.
pub(crate) const MODELS: [(&str, usize, usize, usize); 4] =
    [("sparse-1000", 1000, 1500, 6), ("sparse-10000", 10_000, 15_000, 6), ("dense-200", 200, 10_000, 3), ("dense-1000", 1000, 200_000, 3)];

pub(crate) fn model(spins: usize, loops: usize, length: usize) -> Planted {
    frustrated_loops(spins, loops, length, 1).expect("enough spins")
}
