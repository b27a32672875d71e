//! Outlook: what becomes of a plan whose figures are wrong, over many drawn futures.
//!
//! Nobody knows the figures of a business before it runs. Each future draws them anew around the blueprint's, by the stated [`Uncertainty`], and lives through the
//! months one by one. What comes out are probabilities under these assumptions: no forecast, and no promise.

use serde::Serialize;

use super::future::{Future, in_cents, ratio, tenths};
use super::{MONTHLY_FLOOR, QUARTER_TARGET};
use crate::blueprint::Blueprint;
use crate::draw::Seed;
use crate::money::Cents;

/// How many futures are drawn where nobody says otherwise.
pub const DRAWS: u32 = 10_000;
/// The most months of an outlook.
pub const MAX_MONTHS: u32 = 120;
/// The most futures of an outlook.
pub const MAX_DRAWS: u32 = 100_000;

/// By how much the figures of a blueprint may be wrong. These are assumptions of ours, wide on purpose, and not estimates from data.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Uncertainty {
    /// Spread of revenue: the standard deviation of its logarithm. Its median is the blueprint's figure.
    pub revenue: f64,
    /// Spread of expenses, likewise.
    pub expenses: f64,
    /// Spread of the cost to open, likewise.
    pub startup: f64,
    /// The longest ramp-up, as a multiple of the blueprint's; the shortest is the blueprint's, and all between are as likely.
    pub ramp: f64,
    /// Spread of each month's revenue around its own course, likewise.
    pub month: f64,
}

impl Uncertainty {
    /// The assumptions that are used where nobody states others: revenue is off by a factor of 1.5 in a third of all futures, expenses by 1.2, opening by 1.25, and
    /// the ramp-up takes up to twice as long.
    pub const STATED: Uncertainty = Uncertainty { revenue: 0.4, expenses: 0.2, startup: 0.22, ramp: 2.0, month: 0.15 };
}

/// What is uncertain, by name.
const FACTORS: [&str; 4] = ["revenue", "expenses", "startup", "ramp"];

/// What many futures say together. Probabilities are shares of the futures.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Outlook {
    /// Over how many months.
    pub months: u32,
    /// How many futures.
    pub draws: u32,
    /// The assumptions.
    pub uncertainty: Uncertainty,
    /// How often the months brought [`MONTHLY_FLOOR`] on average, opening paid.
    pub meets_floor: f64,
    /// How often the last three months together brought [`QUARTER_TARGET`] in revenue; with fewer months, all of them.
    pub meets_quarter_target: f64,
    /// How often the money ran out: the founder's, less opening and losses, plus what was earned.
    pub runs_out: f64,
    /// How often the opening and all losses were earned back within the months.
    pub breaks_even: f64,
    /// In half of all futures it is no later than this month; absent where fewer than half break even.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub break_even_month: Option<u32>,
    /// Profit, opening paid, that a tenth, a half and nine tenths of all futures stay below, in cents.
    #[serde(rename = "profit_usd_cents_p10_p50_p90")]
    pub profit: [Cents; 3],
    /// Which assumption matters most: the share of the profit's variance that each explains by its rank alone (Spearman), the largest first.
    pub sensitivity: Vec<(&'static str, f64)>,
}

/// Looks at so many futures of a blueprint whose founder has this much money, from a seed. Months and draws are brought into 1 to [`MAX_MONTHS`] and [`MAX_DRAWS`].
pub fn look(blueprint: &Blueprint, money: Cents, months: u32, draws: u32, uncertainty: Uncertainty, seed: Seed) -> Outlook {
    let (months, draws) = (months.clamp(1, MAX_MONTHS), draws.clamp(1, MAX_DRAWS));
    let futures: Vec<Life> = (0..draws).map(|index| live(blueprint, money, months, uncertainty, seed, index)).collect();
    let share = |holds: &dyn Fn(&Life) -> bool| ratio(futures.iter().filter(|future| holds(future)).count(), futures.len());
    let mut profits: Vec<f64> = futures.iter().map(|future| future.profit).collect();
    let mut even: Vec<u32> = futures.iter().filter_map(|future| future.even_at).collect();
    even.sort_unstable();
    let middle = futures.len().div_ceil(2) - 1;
    let by_profit = ranks(&futures.iter().map(|future| future.profit).collect::<Vec<f64>>());
    let floor = in_cents(MONTHLY_FLOOR) * f64::from(months);
    let mut sensitivity: Vec<(&'static str, f64)> = FACTORS
        .iter()
        .enumerate()
        .map(|(index, name)| {
            (*name, explained(&ranks(&futures.iter().map(|future| future.factors[index]).collect::<Vec<f64>>()), &by_profit))
        })
        .collect();
    sensitivity.sort_by(|a, b| b.1.total_cmp(&a.1));
    Outlook {
        months,
        draws,
        uncertainty,
        meets_floor: share(&|future| future.profit >= floor),
        meets_quarter_target: share(&|future| future.quarter >= in_cents(QUARTER_TARGET)),
        runs_out: share(&|future| future.ran_out),
        breaks_even: ratio(even.len(), futures.len()),
        break_even_month: even.get(middle).copied(),
        profit: tenths(&mut profits),
        sensitivity,
    }
}

/// What became of one future.
struct Life {
    profit: f64,
    quarter: f64,
    ran_out: bool,
    even_at: Option<u32>,
    factors: [f64; 4],
}

fn live(blueprint: &Blueprint, money: Cents, months: u32, uncertainty: Uncertainty, seed: Seed, index: u32) -> Life {
    let mut future = Future::draw(blueprint, uncertainty, seed, index, None);
    let (mut profit, mut quarter, mut even_at) = (-future.opening, 0.0, None);
    let mut ran_out = in_cents(money) + profit < 0.0;
    for month in 1..=months {
        let (earned, spent) = future.month(month);
        profit += earned - spent;
        ran_out |= in_cents(money) + profit < 0.0;
        if month + 3 > months {
            quarter += earned;
        }
        match (profit >= 0.0, even_at) {
            (true, None) => even_at = Some(month),
            // What was lost again was not earned back.
            (false, Some(_)) => even_at = None,
            _ => {}
        }
    }
    Life { profit, quarter, ran_out, even_at, factors: future.factors }
}

/// The square of the correlation of ranks (Spearman 1904).
fn explained(one: &[f64], other: &[f64]) -> f64 {
    let middle = (ratio(one.len(), 1) - 1.0) / 2.0;
    let (mut both, mut first, mut second) = (0.0, 0.0, 0.0);
    for (a, b) in one.iter().zip(other) {
        both += (a - middle) * (b - middle);
        first += (a - middle).powi(2);
        second += (b - middle).powi(2);
    }
    if first > 0.0 && second > 0.0 { both * both / (first * second) } else { 0.0 }
}

/// The rank of each value; those that are alike share theirs.
fn ranks(values: &[f64]) -> Vec<f64> {
    // Values stand beside their places while they are ordered: looking them up is what takes time.
    let mut order: Vec<(f64, usize)> = values.iter().copied().zip(0..).collect();
    order.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let mut ranks = vec![0.0; values.len()];
    let mut next = 0;
    for alike in order.chunk_by(|a, b| a.0.total_cmp(&b.0).is_eq()) {
        let shared = ratio(2 * next + alike.len() - 1, 2);
        alike.iter().for_each(|(_, at)| ranks[*at] = shared);
        next += alike.len();
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blueprint;
    use crate::plan::future::quantile;
    use crate::plan::projection::project;

    const SURE: Uncertainty = Uncertainty { revenue: 0.0, expenses: 0.0, startup: 0.0, ramp: 1.0, month: 0.0 };

    #[test]
    fn without_uncertainty_every_future_is_the_projection() {
        for template in blueprint::all() {
            for months in [1, 3, 6, 12] {
                let told = look(template, Cents::from_dollars(1_000_000), months, 10, SURE, Seed::new(1));
                let projected = project(template, months);
                assert!((told.profit[1].get().max(0) - projected.profit.get()).abs() <= 1, "{}: {told:?}", template.name);
                assert_eq!(told.profit[0], told.profit[2]);
                assert_eq!(told.meets_floor > 0.5, projected.meets_floor, "{}", template.name);
                assert!(told.runs_out < 0.5 && told.sensitivity.iter().all(|(_, share)| *share == 0.0));
            }
        }
    }

    #[test]
    fn the_same_seed_tells_the_same_and_more_money_runs_out_less_often() {
        let template = &blueprint::all()[0];
        let told = |dollars, seed| look(template, Cents::from_dollars(dollars), 12, 2_000, Uncertainty::STATED, Seed::new(seed));
        assert_eq!(told(2_000, 1), told(2_000, 1));
        assert_ne!(told(2_000, 1).profit, told(2_000, 2).profit);
        let ruin = [0, 1_200, 2_000, 100_000].map(|dollars| told(dollars, 1).runs_out);
        assert!(ruin.is_sorted_by(|more, less| more >= less) && ruin[0] > 0.99 && ruin[3] == 0.0, "{ruin:?}");
        let outlook = told(2_000, 1);
        assert_eq!(outlook.sensitivity[0].0, "revenue");
        let all: f64 = outlook.sensitivity.iter().map(|(_, share)| share).sum();
        assert!((0.8..=1.1).contains(&all), "{:?}", outlook.sensitivity);
        assert!(outlook.profit.is_sorted() && outlook.breaks_even > 0.9 && outlook.break_even_month.is_some_and(|month| month <= 3));
    }

    #[test]
    fn quantiles_and_ranks_are_those_of_the_definition() {
        let values: Vec<f64> = (1..=10).map(f64::from).collect();
        assert_eq!([0.1, 0.5, 0.9].map(|part| quantile(&values, part).get()), [1, 5, 9]);
        assert_eq!(ranks(&[3.0, 1.0, 3.0]), [1.5, 0.0, 1.5]);
        let falling: Vec<f64> = values.iter().map(|x| -x * x * x).collect();
        assert!((explained(&ranks(&values), &ranks(&falling)) - 1.0).abs() < 1e-12);
    }
}
