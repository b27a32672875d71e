//! Binary quadratic models: `E(x) = offset + sum_i a_i x_i + sum_{i<j} b_ij x_i x_j` over variables that are 0 or 1 ([`Vartype::Binary`], a QUBO) or -1 or +1
//! ([`Vartype::Spin`], an Ising model).
//!
//! A [`Bqm`] does not change: what transforms it makes another one. Coefficients are doubles. Where all of them are whole numbers whose magnitudes sum to
//! less than 2^53, every energy is exact ([`Bqm::is_integral`]), and samplers calculate in integers.

pub(crate) mod balanced;
mod bqm;
mod builder;
pub mod constraint;
mod disguise;
mod error;
pub(crate) mod ising;
pub mod presolve;
mod serial;
#[cfg(test)]
pub(crate) mod tests;
mod transform;

pub use self::bqm::{Bqm, Vartype};
pub use self::builder::Builder;
pub use self::disguise::Disguised;
pub use self::error::Error;

/// The most variables of a model.
pub const MAX_VARIABLES: usize = 1 << 24;
/// The most pairs of variables that have a coupler.
pub const MAX_COUPLERS: usize = 1 << 27;
