//! Projection: the profit of a blueprint over some months, by its planning figures.
//!
//! With a ramp-up of `r = max(1, ramp)` months, month `t` brings the share `min(t / r, 1)` of what a month brings later. Over `m` months that makes, with
//! `p = min(m, r)`,
//!
//! ```text
//! effective = max(0, m - r) + p (p + 1) / (2 r)
//! profit    = max(0, (revenue - expenses) effective - startup)
//! ```

use serde::Serialize;

use super::{MONTHLY_FLOOR, QUARTER_TARGET};
use crate::blueprint::Blueprint;
use crate::money::Cents;

/// The months of a quarter, which has a target of its own.
const QUARTER_MONTHS: u32 = 3;

/// What a blueprint is expected to bring.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Projection {
    /// Over how many months.
    pub months: u32,
    /// What is left after opening, in cents; no loss is told.
    #[serde(rename = "profit_usd_cents")]
    pub profit: Cents,
    /// The profit by month, in cents, rounded.
    #[serde(rename = "monthly_average_usd_cents")]
    pub monthly_average: Cents,
    /// Whether that reaches [`MONTHLY_FLOOR`].
    pub meets_floor: bool,
    /// Whether a quarter reaches [`QUARTER_TARGET`]; of other spans nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quarter_meets_target: Option<bool>,
}

/// The projection of a blueprint over so many months; of none, nothing is earned.
pub fn project(blueprint: &Blueprint, months: u32) -> Projection {
    let ramp = i128::from(blueprint.ramp_up_months.max(1));
    let span = i128::from(months);
    let (whole, part) = ((span - ramp).max(0), span.min(ramp));
    let net = i128::from(blueprint.expected_monthly_revenue.get()) - i128::from(blueprint.expected_monthly_expenses.get());
    // Everything in units of 1 / (2 r), so that the only rounding is the last one.
    let earned = net * (whole * 2 * ramp + part * (part + 1));
    let profit = (earned - i128::from(blueprint.startup_cost.get()) * 2 * ramp).max(0);
    let average = divided(profit, 2 * ramp * span.max(1));
    let profit = divided(profit, 2 * ramp);
    Projection {
        months,
        profit,
        monthly_average: average,
        meets_floor: average >= MONTHLY_FLOOR,
        quarter_meets_target: (months == QUARTER_MONTHS).then_some(profit >= QUARTER_TARGET),
    }
}

/// A quotient of what is not negative, rounded to the nearest cent, halves up.
fn divided(amount: i128, by: i128) -> Cents {
    Cents::new(i64::try_from((amount * 2 + by).div_euclid(by * 2)).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blueprint;

    #[test]
    fn every_template_is_projected_to_the_cent() {
        let golden = include_str!("../../../tests/golden/projections.csv");
        let mut count = 0;
        for line in golden.lines().skip(1) {
            let fields: Vec<&str> = line.rsplitn(6, ',').collect();
            let [target, floor, average, profit, months, name] = fields[..] else { panic!("six fields: {line}") };
            let template = blueprint::all().iter().find(|template| template.name == name.trim_matches('"')).expect("a template");
            let found = project(template, months.parse().expect("a number"));
            let told = |cents: Cents| cents.to_string();
            let target = if target.is_empty() { None } else { Some(target == "true") };
            assert_eq!(
                (told(found.profit).as_str(), told(found.monthly_average).as_str(), found.meets_floor, found.quarter_meets_target),
                (profit, average, floor == "true", target),
                "{line}"
            );
            count += 1;
        }
        assert_eq!(count, 33 * 4);
    }

    #[test]
    fn odd_figures_do_no_harm() {
        let mut blueprint = blueprint::all()[0].clone();
        assert_eq!(project(&blueprint, 0).profit, Cents::ZERO);
        blueprint.ramp_up_months = 0;
        assert_eq!(project(&blueprint, 1).months, 1);
        blueprint.expected_monthly_expenses = Cents::new(i64::MAX);
        assert_eq!(project(&blueprint, u32::MAX).profit, Cents::ZERO);
        blueprint.expected_monthly_expenses = Cents::new(i64::MIN);
        assert_eq!(project(&blueprint, u32::MAX).profit, Cents::new(i64::MAX));
    }
}
