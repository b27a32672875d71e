//! Frontier: several blueprints at once, and what more profit costs in risk (Markowitz, "Portfolio selection", The Journal of Finance 7, 1952).
//!
//! Every blueprint lives through the same number of drawn futures. The optimizer's [portfolio problem](crate::optimizer::problem::portfolio) then chooses, for
//! each of several aversions to risk, which to open: within the founder's money and hours, without any stretch. Expected profits and covariances are those of
//! the futures. Revenue within one industry has a part in common ([`COMMON_SHARE`]); all else is drawn independently. Both are assumptions, not estimates.
//!
//! Aversions are found as one goes: no aversion gives the most profit, the greatest that leaves anything worth opening gives the least risk, and between two
//! neighbours the next one is that at which both are worth the same. Where nothing is worth more there, no portfolio lies between them on the frontier's hull.
//! Since that hull leaves out what is small and safe, it is looked for within a quarter, a half and three quarters of the hours, too.
//!
//! What it leaves out: that a business shares customers or equipment with another, and that two at once distract.

use serde::Serialize;

use super::founder::{Founder, is_of};
use super::future::{Common, Future, quantile, ratio, tenths};
use super::outlook::{MAX_DRAWS, MAX_MONTHS, Uncertainty};
use crate::blueprint::{self, Blueprint};
use crate::draw::Seed;
use crate::money::Cents;
use crate::optimizer::problem::{Outcome, portfolio};
use crate::optimizer::sampler::{Params, Run};

/// How much of the variance of the logarithm of revenue the blueprints of one industry have in common. An assumption.
pub const COMMON_SHARE: f64 = 0.5;
/// How many aversions to risk are tried at most, for each share of the hours.
pub const MAX_AVERSIONS: usize = 24;
/// The shares of the hours that are tried, in quarters.
const QUARTERS: std::ops::RangeInclusive<i64> = 1..=4;
/// The sweeps of a search that the optimizer cannot finish by proof.
const SWEEPS: u64 = 2_000;
/// The reads of such a search.
const READS: u32 = 8;

/// A blueprint of a portfolio.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Member {
    /// Its name.
    pub name: &'static str,
    /// Its branch of trade.
    pub industry: &'static str,
}

/// A portfolio that no other one found betters in both profit and risk. Amounts are in cents, probabilities shares of the futures.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Point {
    /// What is opened.
    pub members: Vec<Member>,
    /// The mean profit, opening paid.
    #[serde(rename = "expected_profit_usd_cents")]
    pub expected: Cents,
    /// Its standard deviation.
    #[serde(rename = "deviation_usd_cents")]
    pub deviation: Cents,
    /// The profit that one of twenty futures does not exceed.
    #[serde(rename = "worst_5_percent_usd_cents")]
    pub worst: Cents,
    /// The profit that a tenth, a half and nine tenths of all futures are not above.
    #[serde(rename = "profit_usd_cents_p10_p50_p90")]
    pub profit: [Cents; 3],
    /// How often the months end with a loss.
    pub loses: f64,
    /// What opening costs by the planning figures.
    #[serde(rename = "opening_usd_cents")]
    pub opening: Cents,
    /// The hours a week that it takes.
    pub hours_per_week: u32,
    /// An aversion to risk that chose it, in dollars for each square dollar of variance.
    pub aversion: f64,
    /// Whether the choice is proved to be the best for that aversion.
    pub proved: bool,
}

/// The portfolios that are worth a look, from the least to the most profit.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Frontier {
    /// Over how many months.
    pub months: u32,
    /// How many futures.
    pub draws: u32,
    /// The assumptions on a single blueprint.
    pub uncertainty: Uncertainty,
    /// [`COMMON_SHARE`].
    pub common_share_within_industry: f64,
    /// How many blueprints can be opened alone with the founder's money and hours.
    pub considered: usize,
    /// The portfolios.
    pub points: Vec<Point>,
    /// Which of them is best by the profit that the founder's risk looks at; absent where there are none.
    pub suits: Option<usize>,
}

/// The question could not be put to the optimizer: a defect of this build.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the portfolio problem: {0}")]
pub struct Error(String);

/// Looks for the portfolios of a founder over so many futures. The answer is a function of the founder, the draws and the seed.
///
/// # Errors
/// [`Error`] where the optimizer does not take the question, which no founder can bring about.
pub fn frontier(founder: &Founder, draws: u32, seed: Seed) -> Result<Frontier, Error> {
    let (months, draws) = (founder.months.clamp(1, MAX_MONTHS), draws.clamp(1, MAX_DRAWS));
    let fits = |one: &&Blueprint| {
        let of_branch = founder.industry.as_ref().is_none_or(|wanted| is_of(&one.industry, wanted));
        of_branch && one.startup_cost <= founder.budget && one.time_commitment_hours_per_week <= founder.hours_per_week
    };
    let candidates: Vec<&'static Blueprint> = blueprint::all().iter().filter(fits).collect();
    let futures: Vec<Vec<f64>> = candidates.iter().map(|one| profits(one, months, draws, seed)).collect();
    let moments = Moments::of(&futures);
    let mut points: Vec<Point> = Vec::new();
    for quarters in QUARTERS {
        let weekly_minutes = i64::from(founder.hours_per_week) * 15 * quarters;
        let search = Search { candidates: &candidates, moments: &moments, budget: founder.budget, weekly_minutes, seed };
        points.extend(search.hull()?.iter().map(|choice| point(&candidates, &futures, &moments, choice)));
    }
    points.sort_by_key(|point| (point.expected, point.deviation));
    points.dedup_by(|one, other| one.members == other.members);
    let points: Vec<Point> = points.iter().filter(|point| !points.iter().any(|other| dominates(other, point))).cloned().collect();
    let place = founder.risk.place();
    let suits = (0..points.len()).max_by_key(|at| (points[*at].profit[place], std::cmp::Reverse(*at)));
    Ok(Frontier {
        months,
        draws,
        uncertainty: Uncertainty::STATED,
        common_share_within_industry: COMMON_SHARE,
        considered: candidates.len(),
        points,
        suits,
    })
}

fn member(blueprint: &'static Blueprint) -> Member {
    Member { name: &blueprint.name, industry: &blueprint.industry }
}

/// Whether one is as good as another in profit and risk, and better in one of them.
fn dominates(one: &Point, other: &Point) -> bool {
    one.expected >= other.expected && one.deviation <= other.deviation && (one.expected > other.expected || one.deviation < other.deviation)
}

/// The profit of a blueprint in each future, in cents.
fn profits(blueprint: &Blueprint, months: u32, draws: u32, seed: Seed) -> Vec<f64> {
    let common = Common { share: COMMON_SHARE, seed: seed.derive(&blueprint.industry) };
    let own = seed.derive(&blueprint.slug);
    let live = |index| {
        let mut future = Future::draw(blueprint, Uncertainty::STATED, own, index, Some(common));
        (1..=months).fold(-future.opening, |profit, month| {
            let (earned, spent) = future.month(month);
            profit + earned - spent
        })
    };
    (0..draws).map(live).collect()
}

/// Means in dollars, and covariances in square dollars.
struct Moments {
    means: Vec<f64>,
    covariance: Vec<Vec<f64>>,
}

impl Moments {
    fn of(futures: &[Vec<f64>]) -> Moments {
        let mean = |values: &Vec<f64>| values.iter().sum::<f64>() / ratio(values.len(), 1) / 100.0;
        let means: Vec<f64> = futures.iter().map(mean).collect();
        let around: Vec<Vec<f64>> =
            futures.iter().zip(&means).map(|(values, mean)| values.iter().map(|value| value / 100.0 - mean).collect()).collect();
        let together = |one: &Vec<f64>, other: &Vec<f64>| one.iter().zip(other).map(|(a, b)| a * b).sum::<f64>() / ratio(one.len(), 1);
        let mut covariance = vec![vec![0.0; means.len()]; means.len()];
        for at in 0..means.len() {
            for to in 0..=at {
                let value = together(&around[at], &around[to]);
                (covariance[at][to], covariance[to][at]) = (value, value);
            }
        }
        Moments { means, covariance }
    }

    fn mean(&self, chosen: &[usize]) -> f64 {
        chosen.iter().map(|at| self.means[*at]).sum()
    }

    fn variance(&self, chosen: &[usize]) -> f64 {
        chosen.iter().flat_map(|at| chosen.iter().map(move |to| self.covariance[*at][*to])).sum::<f64>().max(0.0)
    }

    /// The aversion just below which a single blueprint alone is still worth opening.
    fn greatest_aversion(&self) -> f64 {
        let worth = |at: usize| self.means[at] / self.covariance[at][at].max(1.0);
        (0..self.means.len()).map(worth).fold(0.0, f64::max).min(1.0) * (1.0 - 1e-6)
    }
}

/// What was chosen for an aversion.
struct Choice {
    /// The places of what is opened, ascending.
    chosen: Vec<usize>,
    aversion: f64,
    proved: bool,
}

struct Search<'a> {
    candidates: &'a [&'static Blueprint],
    moments: &'a Moments,
    budget: Cents,
    weekly_minutes: i64,
    seed: Seed,
}

impl Search<'_> {
    /// The portfolios that are worth most for some aversion, from the most profit to the least risk; none where nothing is worth opening.
    fn hull(&self) -> Result<Vec<Choice>, Error> {
        let (bold, careful) = (self.choose(0.0)?, self.choose(self.moments.greatest_aversion())?);
        let mut tried = 2;
        let mut found = vec![bold];
        let mut next = vec![careful];
        while let Some(right) = next.pop() {
            let Some(left) = found.last() else { break };
            if right.chosen == left.chosen {
                continue;
            }
            let even = self.even(left, &right).filter(|_| tried < MAX_AVERSIONS);
            let Some(aversion) = even else {
                found.push(right);
                continue;
            };
            tried += 1;
            let between = self.choose(aversion)?;
            // More than rounding could make of the same worth.
            let gain = self.worth(&between, aversion) - self.worth(left, aversion);
            let is_new = between.chosen != left.chosen && between.chosen != right.chosen;
            if is_new && gain > 1e-9 * self.worth(left, aversion).abs() {
                next.extend([right, between]);
            } else {
                found.push(right);
            }
        }
        found.retain(|choice| !choice.chosen.is_empty());
        Ok(found)
    }

    fn worth(&self, choice: &Choice, aversion: f64) -> f64 {
        self.moments.mean(&choice.chosen) - aversion * self.moments.variance(&choice.chosen)
    }

    /// The aversion at which both are worth the same, where there is one.
    fn even(&self, one: &Choice, other: &Choice) -> Option<f64> {
        let more = self.moments.mean(&one.chosen) - self.moments.mean(&other.chosen);
        let wider = self.moments.variance(&one.chosen) - self.moments.variance(&other.chosen);
        (more > 0.0 && wider > 0.0).then(|| more / wider).filter(|aversion| *aversion <= 1.0)
    }

    /// What the optimizer chooses for an aversion.
    fn choose(&self, aversion: f64) -> Result<Choice, Error> {
        let project = |(one, mean): (&&Blueprint, &f64)| portfolio::Project {
            name: one.name.clone(),
            cost: one.startup_cost,
            weekly_minutes: i64::from(one.time_commitment_hours_per_week) * 60,
            value: dollars_in_cents(*mean),
            industry: Some(one.industry.clone()),
            required: false,
        };
        // More money than all cost together changes nothing, and the optimizer has a limit.
        let all = self.candidates.iter().map(|one| one.startup_cost).fold(Cents::ZERO, Cents::plus);
        let input = portfolio::Input {
            projects: self.candidates.iter().zip(&self.moments.means).map(project).collect(),
            budget: self.budget.min(all),
            weekly_minutes: self.weekly_minutes,
            risk: portfolio::Risk::Given { aversion, covariance: self.moments.covariance.clone() },
            ..portfolio::Input::default()
        };
        let question = portfolio::Portfolio::new(input).map_err(|error| Error(error.to_string()))?;
        let params = Params { num_reads: READS, num_sweeps: Some(SWEEPS), seed: self.seed.get(), ..Params::default() };
        match question.solve(&params, &Run::default()).map_err(|error| Error(error.to_string()))? {
            Outcome::Solved(choice) => {
                let chosen = (0..self.candidates.len()).filter(|at| choice.chosen.contains(&self.candidates[*at].name)).collect();
                Ok(Choice { chosen, aversion, proved: choice.optimal })
            }
            _ => Err(Error("nothing is required, and yet nothing is feasible".to_owned())),
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a float saturates, and the optimizer refuses what is too large")]
fn dollars_in_cents(dollars: f64) -> Cents {
    Cents::new((dollars * 100.0).round() as i64)
}

fn point(candidates: &[&'static Blueprint], futures: &[Vec<f64>], moments: &Moments, choice: &Choice) -> Point {
    let Choice { chosen, aversion, proved } = choice;
    let draws = futures.first().map_or(0, Vec::len);
    let mut together: Vec<f64> = (0..draws).map(|future| chosen.iter().map(|at| futures[*at][future]).sum()).collect();
    let loses = ratio(together.iter().filter(|profit| **profit < 0.0).count(), draws);
    // This orders them.
    let profit = tenths(&mut together);
    Point {
        members: chosen.iter().map(|at| member(candidates[*at])).collect(),
        expected: dollars_in_cents(moments.mean(chosen)),
        deviation: dollars_in_cents(libm::sqrt(moments.variance(chosen))),
        worst: quantile(&together, 0.05),
        profit,
        loses,
        opening: chosen.iter().map(|at| candidates[*at].startup_cost).fold(Cents::ZERO, Cents::plus),
        hours_per_week: chosen.iter().map(|at| u32::from(candidates[*at].time_commitment_hours_per_week)).sum(),
        aversion: *aversion,
        proved: *proved,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::founder::Risk;
    use crate::plan::future::in_cents;

    fn founder(dollars: i64, hours: u8) -> Founder {
        Founder {
            name: None,
            state: None,
            budget: Cents::from_dollars(dollars),
            hours_per_week: hours,
            industry: None,
            risk: Risk::Balanced,
            months: 12,
        }
    }

    #[test]
    fn portfolios_keep_to_money_and_hours_and_none_is_dominated() {
        for (dollars, hours) in [(3_000, 40), (1_000, 20), (9_000, 80)] {
            let found = frontier(&founder(dollars, hours), 500, Seed::new(1)).expect("an answer");
            assert!(!found.points.is_empty(), "{dollars} {hours}");
            for point in &found.points {
                let named = |member: &Member| blueprint::find(member.name).expect("a template");
                let opening: i64 = point.members.iter().map(|member| named(member).startup_cost.get()).sum();
                let takes: u32 = point.members.iter().map(|member| u32::from(named(member).time_commitment_hours_per_week)).sum();
                assert_eq!((opening, takes), (point.opening.get(), point.hours_per_week));
                assert!(opening <= dollars * 100 && takes <= u32::from(hours), "{point:?}");
                assert!(!found.points.iter().any(|other| dominates(other, point)), "{point:?}");
                assert!(point.worst <= point.profit[0] && point.profit.is_sorted());
            }
            assert!(found.points.is_sorted_by(|a, b| a.expected < b.expected && a.deviation < b.deviation));
            let best = found.suits.expect("one");
            assert!(found.points.iter().all(|point| point.profit[1] <= found.points[best].profit[1]));
        }
    }

    #[test]
    fn the_most_profit_is_that_of_all_choices_and_the_same_seed_finds_the_same() {
        let who = founder(2_000, 36);
        let found = frontier(&who, 300, Seed::new(9)).expect("an answer");
        assert_eq!(found, frontier(&who, 300, Seed::new(9)).expect("an answer"));
        // Every choice, by hand.
        let candidates: Vec<&Blueprint> = blueprint::all()
            .iter()
            .filter(|one| one.startup_cost <= who.budget && one.time_commitment_hours_per_week <= who.hours_per_week)
            .collect();
        assert_eq!(candidates.len(), found.considered);
        let means = Moments::of(&candidates.iter().map(|one| profits(one, 12, 300, Seed::new(9))).collect::<Vec<_>>()).means;
        let mut best = 0.0_f64;
        for bits in 0_u32..1 << candidates.len() {
            let of = |figure: &dyn Fn(usize) -> i64| -> i64 { (0..candidates.len()).filter(|at| bits >> at & 1 == 1).map(figure).sum() };
            let cost = of(&|at| candidates[at].startup_cost.get());
            let takes = of(&|at| i64::from(candidates[at].time_commitment_hours_per_week));
            if cost <= who.budget.get() && takes <= 36 {
                best = best.max((0..candidates.len()).filter(|at| bits >> at & 1 == 1).map(|at| means[at]).sum());
            }
        }
        let most = found.points.last().expect("one").expected;
        assert!((in_cents(most) / 100.0 - best).abs() < 1.0, "{most} {best}");
        assert!(
            found.points.iter().all(|point| point.proved) && found.points[0].members.len() == 1 && found.points.len() >= 3,
            "{found:?}"
        );
    }

    #[test]
    fn one_industry_goes_together_and_others_do_not() {
        let series = |name: &str| profits(blueprint::find(name).expect("a template"), 12, 4_000, Seed::new(2));
        let correlation = |one: &str, other: &str| {
            let moments = Moments::of(&[series(one), series(other)]);
            moments.covariance[0][1] / libm::sqrt(moments.covariance[0][0] * moments.covariance[1][1])
        };
        let within = correlation("SEO Content Agency for Local Businesses", "Social Media Management for Restaurants");
        assert!((0.3..0.6).contains(&within), "{within}");
        let across = correlation("SEO Content Agency for Local Businesses", "Mobile Car Detailing");
        assert!(across.abs() < 0.06, "{across}");
    }

    #[test]
    fn who_can_open_nothing_has_no_portfolio() {
        let found = frontier(&founder(0, 1), 10, Seed::new(1)).expect("an answer");
        assert_eq!((found.considered, found.points.len(), found.suits), (0, 0, None));
        assert!(frontier(&founder(i64::MAX, 80), 20, Seed::new(1)).is_ok_and(|found| found.considered == blueprint::all().len()));
    }
}
