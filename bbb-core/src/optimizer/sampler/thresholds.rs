//! Tables of random thresholds: quantiles of the exponential distribution in a shuffled order. A window of the table at a random place is as good as so many draws,
//! and much cheaper. Logarithms are `libm`'s, so that tables are the same on every machine.

use crate::optimizer::random::Random;

/// So many quantiles in a shuffled order, a power of two; the first `window` ones stand once more at the end, so that every window is whole.
pub(super) fn exponential(count: usize, window: usize) -> Vec<f64> {
    #[expect(clippy::cast_precision_loss, reason = "indices are far below 2^53")]
    let mut quantiles: Vec<f64> = (0..count).map(|k| -libm::log((k as f64 + 0.5) / count as f64)).collect();
    let mut random = Random::new(0x7e41_1a57_0d1c_e5ee, 0);
    for last in (1..count).rev() {
        quantiles.swap(last, random.below(last + 1));
    }
    quantiles.extend_from_within(..window);
    quantiles
}
