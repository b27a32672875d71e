//! Models in disguise: what a sampler finds should not depend on the order of the variables, nor on which of their values is called which.

use super::bqm::{Bqm, Vartype};
use super::builder::Builder;
use super::error::Error;
use crate::optimizer::random::Random;

/// A model with its variables in another order, some of them with their values exchanged (for spins: a gauge transformation).
#[derive(Debug, Clone, PartialEq)]
pub struct Disguised {
    /// The model, without labels. Its energies are those of the original, state by state.
    pub bqm: Bqm,
    /// Which variable of the original each of its variables is.
    order: Vec<usize>,
    /// Whether the values of a variable of its own are exchanged.
    exchanged: Vec<bool>,
}

impl Disguised {
    /// A model in a random disguise, each of them equally likely, a function of the seed.
    ///
    /// # Errors
    /// [`Error::TooLarge`] where exchanged values of 0 and 1 make coefficients too large.
    pub fn of(original: &Bqm, seed: u64) -> Result<Disguised, Error> {
        let n = original.num_variables();
        let mut random = Random::new(seed, 0xd15);
        let mut order: Vec<usize> = (0..n).collect();
        for at in 0..n {
            order.swap(at, at + random.below(n - at));
        }
        let exchanged: Vec<bool> = (0..n).map(|_| random.spin() < 0).collect();
        // Each variable v of the original is `factor * v' + shift`.
        let mut place = vec![(0, 1.0, 0.0); n];
        for (new, old) in order.iter().enumerate() {
            let (factor, shift) = match (exchanged[new], original.vartype()) {
                (false, _) => (1.0, 0.0),
                (true, Vartype::Spin) => (-1.0, 0.0),
                (true, Vartype::Binary) => (-1.0, 1.0),
            };
            place[*old] = (new, factor, shift);
        }
        let mut builder = Builder::new(original.vartype()).variables(n);
        builder.add_offset(original.offset());
        for (old, bias) in original.linear().iter().enumerate() {
            let (new, factor, shift) = place[old];
            builder.add_linear(new, bias * factor);
            builder.add_offset(bias * shift);
        }
        for (one, other, bias) in original.quadratic() {
            let ((one, by, plus), (other, times, more)) = (place[one], place[other]);
            builder.add_quadratic(one, other, bias * by * times);
            builder.add_linear(one, bias * by * more);
            builder.add_linear(other, bias * times * plus);
            builder.add_offset(bias * plus * more);
        }
        Ok(Disguised { bqm: builder.build()?, order, exchanged })
    }

    /// The state of the original that a state of the disguised model is.
    ///
    /// # Errors
    /// [`Error::WrongLength`], [`Error::WrongValue`].
    pub fn reveal(&self, state: &[i8]) -> Result<Vec<i8>, Error> {
        self.bqm.check_state(state)?;
        let [low, high] = self.bqm.vartype().values();
        let mut revealed = vec![low; state.len()];
        for ((value, old), exchanged) in state.iter().zip(&self.order).zip(&self.exchanged) {
            revealed[*old] = if *exchanged { low + high - value } else { *value };
        }
        Ok(revealed)
    }
}
