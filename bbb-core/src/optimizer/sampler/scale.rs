//! The magnitudes of a model, which temperatures are chosen by, and ways from one value to another.

use super::single::Number;
use crate::optimizer::model::ising::Ising;

/// The magnitudes that temperatures are chosen by, in the units of the compiled model.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scale {
    /// The root of the mean square of the fields of random states.
    pub(super) typical: f64,
    /// The least coefficient other than 0.
    pub(super) least: f64,
}

impl Scale {
    /// Nothing for a model without coefficients.
    pub(super) fn of<N: Number>(ising: &Ising<N>) -> Option<Scale> {
        let row = |spin: usize| std::iter::once(ising.fields[spin]).chain(ising.row(spin).map(|(_, coupler)| coupler));
        let magnitudes = || (0..ising.len()).flat_map(row).map(|value| value.real().abs()).filter(|magnitude| *magnitude > 0.0);
        let (least, most) = magnitudes().fold((f64::INFINITY, 0.0), |(least, most), magnitude| (magnitude.min(least), magnitude.max(most)));
        // Squares of the magnitudes themselves could be too large or too small for a double.
        let squares: f64 = magnitudes().map(|magnitude| (magnitude / most) * (magnitude / most)).sum();
        #[expect(clippy::cast_precision_loss, reason = "a count of variables")]
        let typical = most * libm::sqrt(squares / (ising.len().max(1)) as f64);
        (typical > 0.0 && typical.is_finite()).then_some(Scale { typical, least })
    }
}

/// How far along a step is: 0 at the first one, 1 at the last.
#[expect(clippy::cast_precision_loss, reason = "a share")]
pub(super) fn share(step: u64, steps: u64) -> f64 {
    if steps > 1 { step as f64 / (steps - 1) as f64 } else { 1.0 }
}

/// The value at this share of the way from one value above 0 to another, by equal factors.
pub(super) fn geometric(from: f64, to: f64, share: f64) -> f64 {
    from * libm::pow(to / from, share)
}
