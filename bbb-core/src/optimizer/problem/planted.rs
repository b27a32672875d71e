//! Models with a known optimum: sums of frustrated loops (Hen and others, "Probing for quantum speedup in spin-glass problems with planted solutions", Physical Review A 92,
//! 2015).
//!
//! Every loop has couplers that a hidden state satisfies, all but one. No state satisfies more couplers of a single loop, so the hidden state is optimal for the sum.

use crate::optimizer::model::{self, Bqm, Vartype};
use crate::optimizer::random::Random;

/// A model and its lowest energy.
#[derive(Debug, Clone, PartialEq)]
pub struct Planted {
    /// The model, over spins with whole couplers.
    pub bqm: Bqm,
    /// The hidden state, one of the best.
    pub state: Vec<i8>,
    /// Its energy.
    pub energy: f64,
}

/// A model of `loops` random loops of `length` spins each. Lengths are held to 3 at least and to `variables` at most.
///
/// # Errors
/// Where there are fewer than three variables, or too many.
pub fn frustrated_loops(variables: usize, loops: usize, length: usize, seed: u64) -> Result<Planted, model::Error> {
    let mut random = Random::new(seed, 0x100b);
    let state: Vec<i8> = (0..variables).map(|_| random.spin()).collect();
    let mut builder = Bqm::builder(Vartype::Spin).variables(variables);
    let mut order: Vec<usize> = (0..variables).collect();
    let length = length.max(3).min(variables);
    for _ in 0..if length < 3 { 0 } else { loops } {
        for at in 0..length {
            order.swap(at, at + random.below(variables - at));
        }
        let broken = random.below(length);
        for at in 0..length {
            let (one, other) = (order[at], order[(at + 1) % length]);
            let satisfied = -f64::from(state[one] * state[other]);
            builder.add_quadratic(one, other, if at == broken { -satisfied } else { satisfied });
        }
    }
    let bqm = builder.build()?;
    let energy = bqm.energy_of(&state);
    Ok(Planted { bqm, state, energy })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_state_is_better_than_the_hidden_one() {
        for seed in 0..20 {
            let variables = usize::try_from(seed).expect("small") % 10 + 2;
            let planted = frustrated_loops(variables, 3 * variables, 4, seed).expect("small");
            let state = |bits: u32| -> Vec<i8> { (0..variables).map(|spin| if bits >> spin & 1 == 1 { 1 } else { -1 }).collect() };
            let least = (0..1_u32 << variables).map(|bits| planted.bqm.energy_of(&state(bits))).fold(f64::INFINITY, f64::min);
            assert_eq!(planted.energy, least, "seed {seed}");
        }
    }
}
