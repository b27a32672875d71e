//! Why a choice is what it is.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::search::{self, Found};
use super::{Choice, Portfolio};
use crate::money::{Cents, dollars};
use crate::optimizer::problem::amount;
use crate::optimizer::problem::answer::Relief;
use crate::optimizer::problem::text::{counted, hours, list, reliefs, table, usd};
use crate::optimizer::sampler::Run;

/// A chosen project.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Chosen {
    /// Its name.
    pub name: String,
    /// What it takes of the budget.
    #[serde(rename = "cost_usd", with = "amount::usd")]
    pub cost: Cents,
    /// And of the week.
    #[serde(rename = "weekly_hours", with = "amount::hours")]
    pub weekly_minutes: i64,
    /// The value that is expected of it.
    #[serde(rename = "value_usd", with = "amount::usd")]
    pub value: Cents,
    /// How much less the choice would be worth without it, in dollars: its value, its bonuses, less its part of the risk.
    #[serde(rename = "adds_usd")]
    pub adds: f64,
    /// Whether it had to be chosen.
    pub required: bool,
}

/// What keeps a project out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// It would make the choice worth no more, even if there were room.
    NotWorth,
    /// It and chosen projects exclude each other.
    Excluded {
        /// Those.
        by: Vec<String>,
    },
    /// It costs more than is left.
    Budget {
        /// By so much.
        #[serde(rename = "short_usd", with = "amount::usd")]
        short: Cents,
    },
    /// It takes more hours than are left.
    Hours {
        /// By so many minutes.
        #[serde(rename = "short_hours", with = "amount::hours")]
        short: i64,
    },
    /// Nothing: it would fit and add something that rounding hides.
    Rounding,
}

/// A project that was not chosen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LeftOut {
    /// Its name.
    pub name: String,
    /// What it would add to the chosen ones, in dollars, if nothing kept it out.
    #[serde(rename = "would_add_usd")]
    pub would_add: f64,
    /// What keeps it out, beside those.
    pub reasons: Vec<Reason>,
}

/// What the greedy choice would have given: again and again the project that adds most for the share of the limits that it takes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Greedy {
    /// What it chooses.
    pub chosen: Vec<String>,
    /// What that is worth, in dollars.
    #[serde(rename = "worth_usd")]
    pub worth: f64,
}

/// Why a choice is what it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Explanation {
    /// What is chosen.
    pub chosen: Vec<Chosen>,
    /// What is not.
    pub left_out: Vec<LeftOut>,
    /// What is spent.
    #[serde(rename = "used_usd", with = "amount::usd")]
    pub used: Cents,
    /// Of this budget.
    #[serde(rename = "budget_usd", with = "amount::usd")]
    pub budget: Cents,
    /// The minutes of the week that are taken.
    #[serde(rename = "used_hours", with = "amount::hours")]
    pub used_minutes: i64,
    /// Of so many.
    #[serde(rename = "weekly_hours", with = "amount::hours")]
    pub weekly_minutes: i64,
    /// The sum of expected values, in dollars.
    #[serde(rename = "value_usd")]
    pub value: f64,
    /// The sum of bonuses, in dollars.
    #[serde(rename = "bonus_usd")]
    pub bonus: f64,
    /// The standard deviation of the value, in dollars.
    #[serde(rename = "deviation_usd")]
    pub deviation: f64,
    /// What the variance costs, in dollars.
    #[serde(rename = "risk_cost_usd")]
    pub risk_cost: f64,
    /// What is assumed of risk, where that was not given.
    pub assumption: Option<String>,
    /// The greedy choice.
    pub greedy: Greedy,
    /// What wider limits would bring: by a dollar or an hour, and by a tenth.
    pub reliefs: Vec<Relief>,
}

pub(super) fn choice(portfolio: &Portfolio, found: Found, run: &Run<'_>) -> Choice {
    let Found { chosen, greedy, optimal, at_most, solver } = found;
    let worth = portfolio.worth(&chosen);
    let turned = |project: usize| {
        let mut other = chosen.clone();
        other[project] = !other[project];
        portfolio.worth(&other)
    };
    let in_choice = |at: usize| {
        let project = &portfolio.projects[at];
        Chosen {
            name: project.name.clone(),
            cost: project.cost,
            weekly_minutes: project.weekly_minutes,
            value: project.value,
            adds: worth - turned(at),
            required: project.required,
        }
    };
    let (taken, left): (Vec<usize>, Vec<usize>) = (0..chosen.len()).partition(|at| chosen[*at]);
    let explanation = Explanation {
        chosen: taken.into_iter().map(in_choice).collect(),
        left_out: left.into_iter().map(|at| left_out(portfolio, &chosen, at, turned(at) - worth)).collect(),
        used: portfolio.cost(&chosen),
        budget: portfolio.budget,
        used_minutes: portfolio.minutes(&chosen),
        weekly_minutes: portfolio.weekly_minutes,
        value: portfolio.value(&chosen),
        bonus: portfolio.bonus(&chosen),
        // Rounding can bring a variance of nothing below it.
        deviation: libm::sqrt(portfolio.variance(&chosen).max(0.0)),
        risk_cost: portfolio.aversion * portfolio.variance(&chosen),
        assumption: portfolio.assumption.clone(),
        greedy: Greedy { worth: portfolio.worth(&greedy), chosen: portfolio.names(&greedy) },
        reliefs: wider(portfolio, &chosen, worth, optimal, run),
    };
    Choice { chosen: portfolio.names(&chosen), worth, optimal, at_most, solver, explanation }
}

fn left_out(portfolio: &Portfolio, chosen: &[bool], at: usize, would_add: f64) -> LeftOut {
    let project = &portfolio.projects[at];
    let mut reasons = Vec::new();
    if would_add <= 0.0 {
        reasons.push(Reason::NotWorth);
    }
    let by = portfolio.rivals(at, chosen);
    if !by.is_empty() {
        reasons.push(Reason::Excluded { by });
    }
    let short = project.cost.plus(portfolio.cost(chosen)).minus(portfolio.budget);
    if short > Cents::ZERO {
        reasons.push(Reason::Budget { short });
    }
    let short = project.weekly_minutes + portfolio.minutes(chosen) - portfolio.weekly_minutes;
    if short > 0 {
        reasons.push(Reason::Hours { short });
    }
    if reasons.is_empty() {
        reasons.push(Reason::Rounding);
    }
    LeftOut { name: project.name.clone(), would_add, reasons }
}

/// What wider limits would bring. The choice keeps wider limits too, so that no gain is negative.
fn wider(portfolio: &Portfolio, chosen: &[bool], worth: f64, optimal: bool, run: &Run<'_>) -> Vec<Relief> {
    let tenth = Cents::new(portfolio.budget.get() / 10);
    let tenth_minutes = portfolio.weekly_minutes / 10;
    let dollar = Cents::from_dollars(1);
    let mut reliefs = Vec::new();
    for (limit, by, money, minutes) in [
        ("budget", dollars(dollar), dollar, 0),
        ("budget", dollars(tenth), tenth, 0),
        ("weekly time", hours(60), Cents::ZERO, 60),
        ("weekly time", hours(tenth_minutes), Cents::ZERO, tenth_minutes),
    ] {
        if (money, minutes) != (Cents::ZERO, 0) {
            let (then, proved) = search::resolve(&search::widened(portfolio, money, minutes), chosen, run);
            reliefs.push(Relief { limit: limit.to_owned(), by, gain: then - worth, proved: proved && optimal });
        }
    }
    reliefs
}

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = self.explanation.chosen.len() + self.explanation.left_out.len();
        let proof = if self.optimal {
            "proved to be the best choice".to_owned()
        } else {
            format!("not proved to be the best; no choice is worth more than {}", usd(self.at_most))
        };
        writeln!(f, "{} of {} chosen, worth {}: {proof}.\n", self.chosen.len(), counted(all, "project"), usd(self.worth))?;
        self.explanation.fmt(f)
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = ["chosen", "cost", "a week", "expected", "adds", ""].map(str::to_owned).to_vec();
        let row = |project: &Chosen| {
            let required = if project.required { "required" } else { "" }.to_owned();
            vec![
                project.name.clone(),
                dollars(project.cost),
                hours(project.weekly_minutes),
                dollars(project.value),
                usd(project.adds),
                required,
            ]
        };
        table(f, &[1, 2, 3, 4], &std::iter::once(head).chain(self.chosen.iter().map(row)).collect::<Vec<_>>())?;
        if !self.left_out.is_empty() {
            writeln!(f, "\nLeft out")?;
            let row = |project: &LeftOut| vec![project.name.clone(), self.why(project)];
            table(f, &[], &self.left_out.iter().map(row).collect::<Vec<_>>())?;
        }
        writeln!(f, "\nLimits")?;
        let rows = [
            ["budget".to_owned(), dollars(self.used), format!("of {}", dollars(self.budget))],
            ["weekly time".to_owned(), hours(self.used_minutes), format!("of {}", hours(self.weekly_minutes))],
        ];
        table(f, &[1], &rows.map(Vec::from))?;
        writeln!(f, "\nWorth")?;
        let mut rows = vec![("expected value", self.value), ("synergies", self.bonus)];
        if self.risk_cost != 0.0 {
            rows.push(("risk", -self.risk_cost));
        }
        table(f, &[1], &rows.iter().map(|(what, worth)| vec![(*what).to_owned(), usd(*worth)]).collect::<Vec<_>>())?;
        if self.deviation > 0.0 {
            writeln!(f, "  The value has a standard deviation of {}.", usd(self.deviation))?;
        }
        if let Some(assumption) = &self.assumption {
            writeln!(f, "  Risk is {assumption}.")?;
        }
        writeln!(
            f,
            "\nThe greedy choice, by what a project adds for its share of the limits, is worth {}: {}.",
            usd(self.greedy.worth),
            list(&self.greedy.chosen)
        )?;
        reliefs(f, &self.reliefs, usd)
    }
}

impl Explanation {
    fn why(&self, project: &LeftOut) -> String {
        let told = |reason: &Reason| match reason {
            Reason::NotWorth => "costs more in risk and overlap, or loses more, than it brings".to_owned(),
            Reason::Excluded { by } => format!("excluded by {}", list(by)),
            Reason::Budget { short } => format!("{} more than the budget has left", dollars(*short)),
            Reason::Hours { short } => format!("{} a week more than are left", hours(*short)),
            Reason::Rounding => "as good with it as without".to_owned(),
        };
        let reasons: Vec<String> = project.reasons.iter().map(told).collect();
        format!("would add {}, but: {}", usd(project.would_add), reasons.join("; "))
    }
}
