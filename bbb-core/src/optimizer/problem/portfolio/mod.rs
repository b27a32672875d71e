//! Which projects to take on: under a budget and weekly hours, with pairs that help each other, pairs that exclude each other, and risk (Markowitz, "Portfolio selection",
//! The Journal of Finance 7, 1952, over projects that are taken whole or not at all).
//!
//! A choice is worth its expected value, with the bonuses of its pairs, less risk aversion times the variance of its value. All of it is quadratic in which projects are chosen, so that it
//! is a QUBO under two inequalities and exclusions. Branch and bound searches it first, and to the end where at most [`CERTIFIED`] projects can be chosen or not. Where that is too much work, the
//! model is given to [`Auto`](crate::optimizer::sampler::auto::Auto), what it finds is repaired and improved by adding, leaving and swapping, and the best of that and of the greedy
//! choice is kept.
//!
//! A choice keeps to its rules if and only if the required projects alone do, so that this problem is never `Unknown`.

mod explain;
mod psd;
mod search;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

pub use self::explain::{Chosen, Explanation, Greedy, LeftOut, Reason};
use super::amount;
use super::answer::{Conflict, Invalid, Outcome};
use super::check;
use super::text::{self, hours};
use crate::money::{Cents, dollars};
use crate::optimizer::sampler::{self, Params, Run};

/// The most projects.
pub const MAX_PROJECTS: usize = 400;
/// Up to so many projects that are not required the answer is proved to be the best, however long that takes.
pub const CERTIFIED: usize = 24;
/// The most minutes of a week, of all people together.
const MAX_MINUTES: i64 = 1 << 32;
/// The largest magnitude of a covariance, in square dollars.
const MAX_COVARIANCE: f64 = 1e20;

/// One project, such as a blueprint that could be launched.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Project {
    /// Its name, unlike all others.
    pub name: String,
    /// What it takes of the budget.
    #[serde(rename = "cost_usd", with = "amount::usd")]
    pub cost: Cents,
    /// What it takes of the week, in minutes.
    #[serde(rename = "weekly_hours", with = "amount::hours")]
    pub weekly_minutes: i64,
    /// The value that is expected of it, over whatever time you compare; negative for a loss.
    #[serde(rename = "value_usd", with = "amount::usd")]
    pub value: Cents,
    /// What it has in common with others, for [`Risk::Assumed`].
    #[serde(default)]
    pub industry: Option<String>,
    /// Whether it must be chosen.
    #[serde(default)]
    pub required: bool,
}

/// Two projects that together are worth more than alone, or less.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Synergy {
    /// Their names.
    pub between: [String; 2],
    /// How much more, where both are chosen.
    #[serde(rename = "bonus_usd", with = "amount::usd")]
    pub bonus: Cents,
}

/// How uncertain values are, and what that costs.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Risk {
    /// Only expected values count.
    #[default]
    Ignored,
    /// Somebody knows.
    Given {
        /// What a square dollar of variance costs, in dollars, 0 to 1. At 0.0001 a standard deviation of $1,000 costs $100.
        aversion: f64,
        /// The covariance of the values of each project with each, in square dollars.
        covariance: Vec<Vec<f64>>,
    },
    /// Nobody knows: **an assumption, not a measurement**, which explanations call one. Each value has a standard deviation that is the same share of its magnitude, values of one
    /// industry have one correlation, and those of different industries, or of none, have none. Such a matrix is a sum of positive semidefinite ones, a diagonal one
    /// and one of rank 1 for each industry.
    Assumed {
        /// As above.
        aversion: f64,
        /// The standard deviation as a share of the value, 0 to 10.
        deviation_share: f64,
        /// The correlation within an industry, 0 to 1.
        correlation: f64,
    },
}

/// What is asked.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// What can be chosen, at most [`MAX_PROJECTS`].
    #[serde(rename = "project", default)]
    pub projects: Vec<Project>,
    /// What may be spent.
    #[serde(rename = "budget_usd", with = "amount::usd")]
    pub budget: Cents,
    /// What a week has, in minutes.
    #[serde(rename = "weekly_hours", with = "amount::hours")]
    pub weekly_minutes: i64,
    /// Pairs with a bonus.
    #[serde(rename = "synergy", default)]
    pub synergies: Vec<Synergy>,
    /// Pairs that cannot both be chosen.
    #[serde(default)]
    pub conflicts: Vec<[String; 2]>,
    /// Uncertainty.
    #[serde(default)]
    pub risk: Risk,
}

/// A question that keeps the rules of its input.
#[derive(Debug, Clone, PartialEq)]
pub struct Portfolio {
    projects: Vec<Project>,
    budget: Cents,
    weekly_minutes: i64,
    /// Bonuses of pairs in dollars, a row for each project, both halves.
    bonuses: Vec<f64>,
    /// Covariances in square dollars, likewise.
    covariance: Vec<f64>,
    aversion: f64,
    excludes: Vec<bool>,
    /// What is assumed of risk, for people.
    assumption: Option<String>,
    /// What each project adds alone, and each pair beside: what the search sees.
    linear: Vec<f64>,
    pairs: Vec<f64>,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Choice {
    /// The chosen projects, in the order of the input.
    pub chosen: Vec<String>,
    /// What the choice is worth: expected value and bonuses less the cost of risk, in dollars.
    #[serde(rename = "worth_usd")]
    pub worth: f64,
    /// Whether it is proved that no choice is worth more, up to a share of 10^-9 of all values.
    pub optimal: bool,
    /// What no choice can exceed, in dollars; the worth itself where that is proved.
    #[serde(rename = "at_most_usd")]
    pub at_most: f64,
    /// What found it: `branch and bound`, `greedy`, or the sampler.
    pub solver: String,
    /// Why.
    pub explanation: Explanation,
}

impl Portfolio {
    /// Checks an input.
    ///
    /// # Errors
    /// [`Invalid`] names the field and the rule.
    pub fn new(input: Input) -> Result<Portfolio, Invalid> {
        let Input { projects, budget, weekly_minutes, synergies, conflicts, risk } = input;
        check::count("projects", projects.len(), MAX_PROJECTS)?;
        let places = check::names("projects", projects.iter().map(|project| &project.name))?;
        check::cost(|| "budget".to_owned(), budget)?;
        minutes("weekly_minutes", weekly_minutes)?;
        for (at, project) in projects.iter().enumerate() {
            check::cost(|| format!("projects[{at}].cost"), project.cost)?;
            check::amount(|| format!("projects[{at}].value"), project.value)?;
            minutes(&format!("projects[{at}].weekly_minutes"), project.weekly_minutes)?;
        }
        let n = projects.len();
        let (mut bonuses, mut excludes) = (vec![0.0; n * n], vec![false; n * n]);
        check::count("synergies", synergies.len(), n * n)?;
        for (at, synergy) in synergies.iter().enumerate() {
            let (one, other) = check::pair(&format!("synergies[{at}].between"), &synergy.between, &places, "project")?;
            check::amount(|| format!("synergies[{at}].bonus"), synergy.bonus)?;
            if bonuses[one * n + other] != 0.0 {
                return Err(Invalid::new(format!("synergies[{at}].between"), "names a pair that has a bonus already"));
            }
            for place in [one * n + other, other * n + one] {
                bonuses[place] = text::real(synergy.bonus);
            }
        }
        for (at, names) in conflicts.iter().enumerate() {
            let (one, other) = check::pair(&format!("conflicts[{at}]"), names, &places, "project")?;
            (excludes[one * n + other], excludes[other * n + one]) = (true, true);
        }
        let (aversion, covariance, assumption) = uncertainty(&projects, risk)?;
        let linear = (0..n).map(|one| text::real(projects[one].value) - aversion * covariance[one * n + one]).collect();
        let pairs = bonuses.iter().zip(&covariance).map(|(bonus, covariance)| bonus - 2.0 * aversion * covariance).collect();
        Ok(Portfolio { projects, budget, weekly_minutes, bonuses, covariance, aversion, excludes, assumption, linear, pairs })
    }

    /// Finds the best choice, or a good one. Parameters are those of the sampler, where one is needed.
    ///
    /// # Errors
    /// Where the parameters break a rule.
    pub fn solve(&self, params: &Params, run: &Run<'_>) -> Result<Outcome<Choice>, sampler::Error> {
        if let Some(conflict) = self.conflict() {
            return Ok(Outcome::Infeasible(conflict));
        }
        let found = search::solve(self, params, run)?;
        Ok(Outcome::Solved(explain::choice(self, found, run)))
    }

    /// What a choice is worth, in dollars.
    fn worth(&self, chosen: &[bool]) -> f64 {
        self.value(chosen) + self.bonus(chosen) - self.aversion * self.variance(chosen)
    }

    fn value(&self, chosen: &[bool]) -> f64 {
        self.projects.iter().zip(chosen).filter(|(_, chosen)| **chosen).map(|(project, _)| text::real(project.value)).sum()
    }

    fn bonus(&self, chosen: &[bool]) -> f64 {
        over_pairs(&self.bonuses, chosen) / 2.0
    }

    fn variance(&self, chosen: &[bool]) -> f64 {
        over_pairs(&self.covariance, chosen)
    }

    fn cost(&self, chosen: &[bool]) -> Cents {
        let costs = self.projects.iter().zip(chosen).filter(|(_, chosen)| **chosen).map(|(project, _)| project.cost);
        costs.fold(Cents::ZERO, Cents::plus)
    }

    fn minutes(&self, chosen: &[bool]) -> i64 {
        self.projects.iter().zip(chosen).filter(|(_, chosen)| **chosen).map(|(project, _)| project.weekly_minutes).sum()
    }

    fn excludes(&self, one: usize, other: usize) -> bool {
        self.excludes[one * self.projects.len() + other]
    }

    /// The chosen projects that exclude this one.
    fn rivals(&self, project: usize, chosen: &[bool]) -> Vec<String> {
        let rivals = (0..self.projects.len()).filter(|other| chosen[*other] && self.excludes(project, *other));
        rivals.map(|other| self.projects[other].name.clone()).collect()
    }

    fn names(&self, chosen: &[bool]) -> Vec<String> {
        self.projects.iter().zip(chosen).filter(|(_, chosen)| **chosen).map(|(project, _)| project.name.clone()).collect()
    }

    fn required(&self) -> Vec<bool> {
        self.projects.iter().map(|project| project.required).collect()
    }

    /// Why the required projects cannot all be chosen. Where they can, they are a choice that keeps every rule, since nothing costs less than nothing.
    fn conflict(&self) -> Option<Conflict> {
        let required = self.required();
        for (at, project) in self.projects.iter().enumerate().filter(|(at, _)| required[*at]) {
            if let Some(rival) = self.rivals(at, &required).first() {
                let constraints = vec![
                    format!("{} is required", project.name),
                    format!("{rival} is required"),
                    format!("{} and {rival} exclude each other", project.name),
                ];
                return Some(Conflict { constraints, reason: "Two required projects exclude each other.".to_owned() });
            }
        }
        let (cost, minutes) = (self.cost(&required), self.minutes(&required));
        let (limit, reason) = if cost > self.budget {
            (
                format!("the budget is {}", dollars(self.budget)),
                format!(
                    "The required projects cost {} together, {} more than the budget.",
                    dollars(cost),
                    dollars(cost.minus(self.budget))
                ),
            )
        } else if minutes > self.weekly_minutes {
            (
                format!("the week has {}", hours(self.weekly_minutes)),
                format!(
                    "The required projects take {} a week, {} more than there are.",
                    hours(minutes),
                    hours(minutes - self.weekly_minutes)
                ),
            )
        } else {
            return None;
        };
        let needs = |project: &Project| match cost > self.budget {
            true => format!("{} is required and costs {}", project.name, dollars(project.cost)),
            false => format!("{} is required and takes {} a week", project.name, hours(project.weekly_minutes)),
        };
        let takes = |project: &Project| if cost > self.budget { project.cost > Cents::ZERO } else { project.weekly_minutes > 0 };
        let mut constraints: Vec<String> = self.projects.iter().filter(|project| project.required && takes(project)).map(needs).collect();
        constraints.push(limit);
        Some(Conflict { constraints, reason })
    }
}

/// The sum of a matrix over all pairs of what is chosen.
fn over_pairs(matrix: &[f64], chosen: &[bool]) -> f64 {
    let n = chosen.len();
    let row = |one: usize| (0..n).filter(|other| chosen[*other]).map(|other| matrix[one * n + other]).sum::<f64>();
    (0..n).filter(|one| chosen[*one]).map(row).sum()
}

fn minutes(field: &str, minutes: i64) -> Result<(), Invalid> {
    if (0..=MAX_MINUTES).contains(&minutes) {
        return Ok(());
    }
    Err(Invalid::new(field, format!("must be from 0 to {MAX_MINUTES} minutes, not {minutes}")))
}

/// The aversion, the covariance matrix row by row, and what is assumed.
fn uncertainty(projects: &[Project], risk: Risk) -> Result<(f64, Vec<f64>, Option<String>), Invalid> {
    let n = projects.len();
    let aversion_is_fine = |aversion: f64| check::number(|| "risk.aversion".to_owned(), aversion, 0.0, 1.0);
    match risk {
        Risk::Ignored => Ok((0.0, vec![0.0; n * n], None)),
        Risk::Given { aversion, covariance } => {
            aversion_is_fine(aversion)?;
            if covariance.len() != n {
                return Err(Invalid::new(
                    "risk.covariance",
                    format!("must have a row for each of {n} projects, and has {}", covariance.len()),
                ));
            }
            for (at, row) in covariance.iter().enumerate() {
                let place = || format!("risk.covariance[{at}]");
                if row.len() != n {
                    return Err(Invalid::new(place(), format!("must have a number for each of {n} projects, and has {}", row.len())));
                }
                for (other, value) in row.iter().enumerate() {
                    check::number(|| format!("{}[{other}]", place()), *value, -MAX_COVARIANCE, MAX_COVARIANCE)?;
                }
            }
            let covariance: Vec<f64> = covariance.into_iter().flatten().collect();
            psd::check(n, &covariance).map_err(|rule| Invalid::new("risk.covariance", rule))?;
            Ok((aversion, covariance, None))
        }
        Risk::Assumed { aversion, deviation_share, correlation } => {
            aversion_is_fine(aversion)?;
            check::number(|| "risk.deviation_share".to_owned(), deviation_share, 0.0, 10.0)?;
            check::number(|| "risk.correlation".to_owned(), correlation, 0.0, 1.0)?;
            let deviation = |project: &Project| deviation_share * text::real(project.value).abs();
            let mut covariance = Vec::with_capacity(n * n);
            for (at, one) in projects.iter().enumerate() {
                for (to, other) in projects.iter().enumerate() {
                    let together = match (&one.industry, &other.industry) {
                        _ if at == to => 1.0,
                        (Some(one), Some(other)) if one == other => correlation,
                        _ => 0.0,
                    };
                    covariance.push(together * deviation(one) * deviation(other));
                }
            }
            psd::check(n, &covariance).map_err(|rule| Invalid::new("risk", rule))?;
            let told = format!(
                "assumed, not measured: every value has a standard deviation of {:.0} % of itself, and a correlation of {correlation} within an industry",
                deviation_share * 100.0
            );
            Ok((aversion, covariance, Some(told)))
        }
    }
}
