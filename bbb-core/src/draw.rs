//! Counter-based randomness: a draw is a function of its key, never of how many numbers were drawn before.
//!
//! A [`Seed`] names a stream of keys; [`Seed::draw`] hashes (seed, purpose, index) with BLAKE3 into the key of a ChaCha8 generator. Two draws with
//! different keys are independent, and a killed run that resumes draws the same numbers as the run that nobody killed. The distributions
//! below use `libm`, because the standard library's `exp` and `ln` differ between platforms.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use serde::{Deserialize, Serialize};

/// The bytes of a draw's key that are hashed at once: a block of BLAKE3.
const KEY_BYTES: usize = 64;

/// What all randomness of a run is derived from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seed(u64);

impl Seed {
    /// The seed with this number.
    pub const fn new(seed: u64) -> Self {
        Seed(seed)
    }

    /// The number.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// A seed that is independent of this one, for another subject.
    #[must_use]
    pub fn derive(self, subject: &str) -> Seed {
        let mut first = [0; 8];
        first.copy_from_slice(&self.key(subject, 0).as_bytes()[..8]);
        Seed(u64::from_le_bytes(first))
    }

    /// The random numbers for `purpose` number `index`.
    pub fn draw(self, purpose: &str, index: u64) -> Draw {
        Draw(ChaCha8Rng::from_seed(*self.key(purpose, index).as_bytes()))
    }

    fn key(self, purpose: &str, index: u64) -> blake3::Hash {
        let mut bytes = [0; KEY_BYTES];
        bytes[..8].copy_from_slice(&self.0.to_le_bytes());
        bytes[8..16].copy_from_slice(&index.to_le_bytes());
        if let Some(place) = bytes.get_mut(16..16 + purpose.len()) {
            // One short block, which is hashed without setting up a hasher for more.
            place.copy_from_slice(purpose.as_bytes());
            return blake3::hash(&bytes[..16 + purpose.len()]);
        }
        let mut hasher = blake3::Hasher::new();
        hasher.update(&bytes[..16]).update(purpose.as_bytes());
        hasher.finalize()
    }
}

/// Random numbers for one purpose.
pub struct Draw(ChaCha8Rng);

impl Draw {
    /// A number from 0 (included) to 1 (excluded), with 53 random bits.
    pub fn unit(&mut self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "53 bits fit a double exactly")]
        let bits = (self.0.next_u64() >> 11) as f64;
        bits / 9_007_199_254_740_992.0
    }

    /// True with probability `p`; never for `p <= 0`, always for `p >= 1`.
    pub fn chance(&mut self, p: f64) -> bool {
        self.unit() < p
    }

    /// A number from `low` (included) to `high` (excluded).
    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// A whole number below `bound`; 0 when `bound` is 0. The bias is below 2^-32 for bounds that fit 32 bits.
    pub fn below(&mut self, bound: u32) -> u32 {
        let wide = (u128::from(self.0.next_u64()) * u128::from(bound)) >> 64;
        u32::try_from(wide).unwrap_or(0)
    }

    /// A standard normal number, by Box and Muller's transform (1958).
    pub fn normal(&mut self) -> f64 {
        let radius = libm::sqrt(-2.0 * libm::log(1.0 - self.unit()));
        radius * libm::cos(std::f64::consts::TAU * self.unit())
    }

    /// A log-normal factor with median 1 and the given spread (standard deviation of its logarithm).
    pub fn log_normal(&mut self, spread: f64) -> f64 {
        libm::exp(self.normal() * spread)
    }

    /// A Poisson number with this mean, at most `10 * mean + 100`: Knuth's product method in slices of mean 30, since sums of Poisson
    /// numbers are Poisson. A mean that is not above 0 gives 0; means above 10,000 are cut there.
    pub fn poisson(&mut self, mean: f64) -> u32 {
        let mut left = if mean > 0.0 { mean.min(10_000.0) } else { 0.0 };
        let mut count = 0;
        while left > 0.0 {
            let slice = left.min(30.0);
            left -= slice;
            let floor = libm::exp(-slice);
            let mut product = self.unit();
            while product > floor {
                count += 1;
                product *= self.unit();
            }
        }
        count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_depend_on_their_key_alone() {
        let seed = Seed::new(42);
        let first = seed.draw("lead", 3).unit();
        seed.draw("lead", 4).unit();
        assert_eq!(seed.draw("lead", 3).unit().to_bits(), first.to_bits());
        assert_ne!(seed.draw("leads", 3).unit().to_bits(), first.to_bits());
        assert_ne!(seed.derive("market"), seed.derive("owner"));
        let long = |length: usize| seed.draw(&"x".repeat(length), 0).unit().to_bits();
        assert!((40..60).all(|length| long(length) != long(length + 1)), "long names are not cut");
    }

    #[test]
    fn distributions_have_their_means() {
        let seed = Seed::new(7);
        let n = 4_000;
        let mean = |f: &dyn Fn(&mut Draw) -> f64| (0..n).map(|i| f(&mut seed.draw("mean", i))).sum::<f64>() / 4_000.0;
        assert!((mean(&Draw::unit) - 0.5).abs() < 0.02);
        assert!(mean(&Draw::normal).abs() < 0.05);
        assert!((mean(&|d| f64::from(d.poisson(3.5))) - 3.5).abs() < 0.1);
        assert!((mean(&|d| f64::from(d.poisson(75.0))) - 75.0).abs() < 1.0);
        assert!((mean(&|d| f64::from(d.below(10))) - 4.5).abs() < 0.15);
        assert_eq!(seed.draw("x", 0).poisson(-1.0), 0);
    }
}
