//! Band: where the balance of ninety days lies in most of many drawn futures.
//!
//! The futures are those of [`outlook`](super::outlook) over three months. The band is of each week by itself: no single future need run along its edge.

use serde::Serialize;

use super::cash_flow::{DAYS, MONTH_DAYS, MONTHS, WEEKS, ends};
use super::future::{Future, in_cents, ratio, tenths};
use super::outlook::{MAX_DRAWS, Uncertainty};
use crate::blueprint::Blueprint;
use crate::draw::Seed;
use crate::money::Cents;

/// What many futures say of ninety days. Probabilities are shares of the futures, amounts in cents.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Band {
    /// How many futures.
    pub draws: u32,
    /// The assumptions.
    pub uncertainty: Uncertainty,
    /// The balance at the end of each week that a tenth, a half and nine tenths of all futures are not above.
    #[serde(rename = "weeks_usd_cents_p10_p50_p90")]
    pub weeks: Vec<[Cents; 3]>,
    /// The lowest balance on the way, likewise, opening paid at once.
    #[serde(rename = "lowest_usd_cents_p10_p50_p90")]
    pub lowest: [Cents; 3],
    /// How often the money runs out.
    pub runs_out: f64,
    /// How often opening and expenses are earned back by the end.
    pub earned_back: f64,
}

/// Looks at so many futures of a blueprint whose founder has this much money. Draws are brought into 1 to [`MAX_DRAWS`].
pub fn look(blueprint: &Blueprint, money: Cents, draws: u32, uncertainty: Uncertainty, seed: Seed) -> Band {
    let draws = draws.clamp(1, MAX_DRAWS);
    let mut weeks: Vec<Vec<f64>> = vec![Vec::with_capacity(draws as usize); WEEKS as usize];
    let mut lowest = Vec::with_capacity(draws as usize);
    let mut earned_back = 0;
    for index in 0..draws {
        let mut future = Future::draw(blueprint, uncertainty, seed, index, None);
        let mut balance = in_cents(money) - future.opening;
        let mut least = balance;
        let mut week = 1;
        for month in 1..=MONTHS {
            let (earned, spent) = future.month(month);
            let (before, end) = ((month - 1) * MONTH_DAYS, month * MONTH_DAYS);
            while week <= WEEKS && ends(week) <= end {
                let part = f64::from(ends(week) - before) / f64::from(MONTH_DAYS);
                weeks[week as usize - 1].push(balance + (earned - spent) * part);
                week += 1;
            }
            balance += earned - spent;
            // Within a month the balance goes one way, so that its lowest is at an end.
            least = least.min(balance);
        }
        lowest.push(least);
        earned_back += usize::from(balance >= in_cents(money));
    }
    Band {
        draws,
        uncertainty,
        weeks: weeks.iter_mut().map(|values| tenths(values)).collect(),
        runs_out: ratio(lowest.iter().filter(|least| **least < 0.0).count(), lowest.len()),
        lowest: tenths(&mut lowest),
        earned_back: ratio(earned_back, draws as usize),
    }
}

const _: () = assert!(DAYS == MONTH_DAYS * MONTHS);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blueprint;
    use crate::plan::cash_flow::CashFlow;
    use crate::plan::outlook;

    #[test]
    fn without_uncertainty_the_band_is_the_plan() {
        let sure = Uncertainty { revenue: 0.0, expenses: 0.0, startup: 0.0, ramp: 1.0, month: 0.0 };
        let money = Cents::from_dollars(9_000);
        for template in blueprint::all() {
            let (band, flow) = (look(template, money, 3, sure, Seed::new(1)), CashFlow::of(template, money));
            assert_eq!(band.weeks.len(), flow.weeks.len());
            for (told, week) in band.weeks.iter().zip(&flow.weeks) {
                assert!(told.iter().all(|cents| cents.minus(week.balance).get().abs() <= 1), "{}: {told:?} {week:?}", template.name);
            }
            assert_eq!(band.earned_back > 0.5, flow.months[2].balance >= money, "{}", template.name);
        }
    }

    #[test]
    fn the_band_is_ordered_and_ends_where_the_outlook_does() {
        for template in blueprint::all().iter().step_by(5) {
            let (money, seed) = (template.startup_cost, Seed::new(4));
            let band = look(template, money, 2_000, Uncertainty::STATED, seed);
            assert!(band.weeks.iter().chain([&band.lowest]).all(|week| week.is_sorted() && week[0] < week[2]), "{band:?}");
            let told = outlook::look(template, money, MONTHS, 2_000, Uncertainty::STATED, seed);
            let end = band.weeks[12].map(|cents| cents.minus(money));
            assert!(end.iter().zip(&told.profit).all(|(one, other)| one.minus(*other).get().abs() <= 1), "{end:?} {:?}", told.profit);
            assert!((band.runs_out - told.runs_out).abs() < 1e-12 && (band.earned_back - told.breaks_even).abs() < 1e-12);
            assert!(band.lowest[0] <= band.weeks.iter().map(|week| week[0]).min().expect("weeks"));
            assert_eq!(band, look(template, money, 2_000, Uncertainty::STATED, seed));
        }
    }
}
