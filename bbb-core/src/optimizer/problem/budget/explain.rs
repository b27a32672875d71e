//! Why an allocation is what it is.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::search::{self, Found};
use super::{Allocation, Budget, Goal};
use crate::money::{Cents, dollars};
use crate::optimizer::problem::amount;
use crate::optimizer::problem::answer::Relief;
use crate::optimizer::problem::text::{counted, reliefs, table, usd};

/// What keeps a channel from getting more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// A further step brings more elsewhere.
    Elsewhere,
    /// It has its maximum.
    Max,
    /// A further step would bring no more than it costs, or nothing.
    NotWorth,
    /// It is not used: the least that it must get brings more elsewhere, or does not fit.
    Start,
}

/// What is spent on a channel, and why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Spent {
    /// Its name.
    pub name: String,
    /// What is spent on it.
    #[serde(rename = "spent_usd", with = "amount::usd")]
    pub spent: Cents,
    /// What that brings, in dollars.
    #[serde(rename = "brings_usd")]
    pub brings: f64,
    /// What the last step adds to that; nothing where there is none.
    #[serde(rename = "last_step_usd")]
    pub last_step: f64,
    /// What a further step would add, or the least that it must get to begin; none where it has its maximum.
    #[serde(rename = "next_step_usd")]
    pub next_step: Option<f64>,
    /// How much that step is.
    #[serde(rename = "next_money_usd", with = "amount::usd")]
    pub next_money: Cents,
    /// What keeps it from getting more.
    pub reason: Reason,
}

/// Why an allocation is what it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Explanation {
    /// What is to be as much as possible.
    pub goal: Goal,
    /// The steps in which money is given.
    #[serde(rename = "step_usd", with = "amount::usd")]
    pub step: Cents,
    /// Channel by channel.
    pub channels: Vec<Spent>,
    /// What is spent.
    #[serde(rename = "used_usd", with = "amount::usd")]
    pub used: Cents,
    /// Of this budget.
    #[serde(rename = "budget_usd", with = "amount::usd")]
    pub budget: Cents,
    /// What all of it brings, in dollars.
    #[serde(rename = "brings_usd")]
    pub brings: f64,
    /// What giving out steps greedily is worth, a channel's minimum in one piece. Where no channel has one, that is the best.
    #[serde(rename = "greedy_usd")]
    pub greedy: f64,
    /// What the same for every channel is worth.
    #[serde(rename = "even_usd")]
    pub even: f64,
    /// What a larger budget would bring: by a step, and by a tenth.
    pub reliefs: Vec<Relief>,
}

pub(super) fn allocation(budget: &Budget, found: Found) -> Allocation {
    let Found { allocation, greedy, solver } = found;
    let worth = budget.total(&allocation);
    let used: usize = allocation.iter().sum();
    let channels: Vec<Spent> = (0..allocation.len()).map(|at| spent(budget, at, allocation[at])).collect();
    let explanation = Explanation {
        goal: budget.goal,
        step: budget.step,
        brings: channels.iter().map(|channel| channel.brings).sum(),
        channels,
        used: budget.money(used),
        budget: budget.budget,
        greedy: budget.total(&greedy),
        even: budget.total(&search::even(budget)),
        reliefs: wider(budget, worth),
    };
    let spent = allocation.iter().map(|steps| budget.money(*steps)).collect();
    Allocation { spent, worth, optimal: true, solver: solver.to_owned(), explanation }
}

fn spent(budget: &Budget, at: usize, steps: usize) -> Spent {
    let line = &budget.channels[at];
    let brings = budget.response(at, steps);
    // A channel's first step is the least that it must get.
    let next = (steps + 1).max(line.low);
    let is_full = line.channel.max.is_some_and(|max| budget.money(next) > max);
    let reason = if is_full {
        Reason::Max
    } else if budget.worth(at, next) <= budget.worth(at, steps) {
        Reason::NotWorth
    } else if steps == 0 && line.low > 0 {
        Reason::Start
    } else {
        Reason::Elsewhere
    };
    Spent {
        name: line.channel.name.clone(),
        spent: budget.money(steps),
        brings,
        last_step: if steps == 0 { 0.0 } else { brings - budget.response(at, steps - 1) },
        next_step: (!is_full).then(|| budget.response(at, next) - brings),
        next_money: budget.money(next - steps),
        reason,
    }
}

/// What a larger budget would bring, by solving it.
fn wider(budget: &Budget, worth: f64) -> Vec<Relief> {
    let mut steps = vec![1, budget.steps() / 10];
    steps.retain(|steps| *steps > 0);
    steps.dedup();
    let relief = |steps: usize| {
        let wider = search::widened(budget, steps);
        // No less than before: what was allowed still is. Rounding could say otherwise.
        let then = wider.total(&search::solve(&wider).allocation).max(worth);
        Relief { limit: "budget".to_owned(), by: dollars(budget.money(steps)), gain: then - worth, proved: true }
    };
    steps.into_iter().map(relief).collect()
}

impl fmt::Display for Allocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Explanation { used, budget, brings, channels, .. } = &self.explanation;
        let all = counted(channels.len(), "channel");
        writeln!(f, "{} of {} on {all} bring {}: proved to be the best.\n", dollars(*used), dollars(*budget), usd(*brings))?;
        self.explanation.fmt(f)
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = ["channel", "spent", "brings", "last step", "next step", ""].map(str::to_owned).to_vec();
        let row = |channel: &Spent| {
            let next = channel.next_step.map_or_else(String::new, usd);
            let why = match channel.reason {
                Reason::Elsewhere => "a further step brings more elsewhere, or there is none".to_owned(),
                Reason::Max => "has its maximum".to_owned(),
                Reason::NotWorth => "a further step is not worth its money".to_owned(),
                Reason::Start => format!("not used: takes {} to begin", dollars(channel.next_money)),
            };
            vec![channel.name.clone(), dollars(channel.spent), usd(channel.brings), usd(channel.last_step), next, why]
        };
        table(f, &[1, 2, 3, 4], &std::iter::once(head).chain(self.channels.iter().map(row)).collect::<Vec<_>>())?;
        writeln!(f, "  A step is {}.", dollars(self.step))?;
        let left = self.budget.minus(self.used);
        if left > Cents::ZERO {
            writeln!(f, "  {} are left: no allocation that spends them is worth more.", dollars(left))?;
        }
        let word = match self.goal {
            Goal::Response => "brings",
            Goal::Profit => "earns, less its cost,",
        };
        writeln!(f, "\nGiving out steps greedily {word} {}; the same for every channel {word} {}.", usd(self.greedy), usd(self.even))?;
        reliefs(f, &self.reliefs, usd)
    }
}
