//! Future: one drawing of a blueprint's figures, and the months that follow from it.
//!
//! All figures are drawn independently of each other, which is a simplification. Where several blueprints are looked at together, a part of the revenue's
//! drawing can be [`Common`] to those of one industry.

use super::outlook::Uncertainty;
use crate::blueprint::Blueprint;
use crate::draw::{Draw, Seed};
use crate::money::Cents;

/// What the blueprints of an industry have in common: so much of the variance of the logarithm of revenue, 0 to 1, from a drawing of its own. The
/// distribution of a single blueprint's revenue stays what it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Common {
    pub(super) share: f64,
    pub(super) seed: Seed,
}

/// The figures of one future, in cents and months.
pub(super) struct Future {
    full_revenue: f64,
    full_expenses: f64,
    ramp_months: f64,
    month_spread: f64,
    draw: Draw,
    /// What it costs to open.
    pub(super) opening: f64,
    /// By what each figure of the blueprint was multiplied: revenue, expenses, opening, ramp-up.
    pub(super) factors: [f64; 4],
}

impl Future {
    /// The future of this number.
    pub(super) fn draw(blueprint: &Blueprint, uncertainty: Uncertainty, seed: Seed, index: u32, common: Option<Common>) -> Future {
        let mut draw = seed.draw("outlook", u64::from(index));
        // The median of each factor is one, so the median of each figure is what the blueprint tells.
        let own = draw.normal();
        let normal = common.map_or(own, |common| {
            let shared = common.seed.draw("industry", u64::from(index)).normal();
            libm::sqrt(common.share) * shared + libm::sqrt(1.0 - common.share) * own
        });
        let revenue = libm::exp(normal * uncertainty.revenue);
        let (expenses, startup) = (draw.log_normal(uncertainty.expenses), draw.log_normal(uncertainty.startup));
        let ramp = draw.between(1.0, uncertainty.ramp.max(1.0));
        Future {
            full_revenue: in_cents(blueprint.expected_monthly_revenue) * revenue,
            full_expenses: in_cents(blueprint.expected_monthly_expenses) * expenses,
            ramp_months: f64::from(blueprint.ramp_up_months.max(1)) * ramp,
            month_spread: uncertainty.month,
            draw,
            opening: in_cents(blueprint.startup_cost) * startup,
            factors: [revenue, expenses, startup, ramp],
        }
    }

    /// What a month earns and spends. Months are asked for in order, from 1.
    pub(super) fn month(&mut self, month: u32) -> (f64, f64) {
        let share = (f64::from(month) / self.ramp_months).min(1.0);
        (self.full_revenue * share * self.draw.log_normal(self.month_spread), self.full_expenses * share)
    }
}

#[expect(clippy::cast_precision_loss, reason = "amounts beyond 90 trillion dollars need not be exact here")]
pub(super) const fn in_cents(cents: Cents) -> f64 {
    cents.get() as f64
}

#[expect(clippy::cast_precision_loss, reason = "at most a hundred thousand")]
pub(super) fn ratio(part: usize, whole: usize) -> f64 {
    part as f64 / whole.max(1) as f64
}

/// The value that this part of sorted values is not above, by nearest rank; of none, 0.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a rank within so many values; floats saturate"
)]
pub(super) fn quantile(sorted: &[f64], part: f64) -> Cents {
    let rank = ((part * sorted.len() as f64).ceil() as usize).clamp(1, sorted.len().max(1));
    Cents::new(sorted.get(rank - 1).map_or(0, |value| value.round() as i64))
}

/// What a tenth, a half and nine tenths of all values are not above. Orders the values.
pub(super) fn tenths(values: &mut [f64]) -> [Cents; 3] {
    values.sort_unstable_by(f64::total_cmp);
    [0.1, 0.5, 0.9].map(|part| quantile(values, part))
}
