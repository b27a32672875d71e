//! How much of a marketing budget goes to which channel, where every channel's response grows ever more slowly.
//!
//! Money is given out in steps. Where each channel's curve is concave, giving every step to the channel where it brings most is optimal (Fox, "Discrete optimization via marginal analysis",
//! Management Science 13, 1966). A minimum that need not be spent, or a fixed cost, breaks concavity: those channels are searched by dynamic programming over the steps, and what they
//! leave is given out to the others by the same rule, which is a concave curve again. Both are exact, so that there is nothing here for a QUBO: its slack and penalties would only blur what is
//! solved outright. Sums are of doubles, so that exact means up to their rounding.
//!
//! This problem is never `Unknown`: it can be solved if and only if the budget holds what must be spent.

mod explain;
mod search;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

pub use self::explain::{Explanation, Reason, Spent};
use super::amount;
use super::answer::{Conflict, Invalid, Outcome};
use super::check;
use super::text::real;
use crate::money::{Cents, dollars};

/// The most channels.
pub const MAX_CHANNELS: usize = 500;
/// The most steps of a budget.
pub const MAX_STEPS: i64 = 100_000;
/// The most sums of the dynamic programming: some seconds.
const MAX_WORK: i64 = 1 << 31;

/// What a channel brings, in dollars, for what is spent on it beyond its fixed cost.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "curve", rename_all = "snake_case", deny_unknown_fields)]
pub enum Response {
    /// `most * (1 - exp(-spent / scale))`: 63 % of the most for one scale, 86 % for two.
    Saturating {
        /// What it brings at most.
        #[serde(rename = "most_usd", with = "amount::usd")]
        most: Cents,
        /// How much money brings 63 % of that, above 0.
        #[serde(rename = "scale_usd", with = "amount::usd")]
        scale: Cents,
    },
    /// `factor * spent ^ exponent`, both in dollars.
    Power {
        /// What the first dollar brings, 0 to 10^9.
        factor: f64,
        /// 0 to 1: at 0.5 four times the money brings twice as much; at 1 all dollars bring the same.
        exponent: f64,
    },
}

impl Response {
    /// What so many dollars bring.
    fn of(self, spent: f64) -> f64 {
        match self {
            _ if spent <= 0.0 => 0.0,
            Response::Saturating { most, scale } => -real(most) * libm::expm1(-spent / real(scale)),
            Response::Power { factor, exponent } => factor * libm::pow(spent, exponent),
        }
    }
}

/// One channel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Channel {
    /// Its name, unlike all others.
    pub name: String,
    /// What it brings.
    pub response: Response,
    /// The least that can be spent on it, the fixed cost included; where it is not required, nothing at all can be spent too. A multiple of the step.
    #[serde(rename = "min_usd", default, with = "amount::usd")]
    pub min: Cents,
    /// The most that can be spent on it.
    #[serde(rename = "max_usd", default, with = "amount::usd_option")]
    pub max: Option<Cents>,
    /// What it costs to begin, and brings nothing. A multiple of the step.
    #[serde(rename = "fixed_usd", default, with = "amount::usd")]
    pub fixed: Cents,
    /// Whether its minimum and its fixed cost must be spent.
    #[serde(default)]
    pub required: bool,
}

/// What is to be as much as possible.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Goal {
    /// What the channels bring. All money is spent that brings anything.
    #[default]
    Response,
    /// What they bring, less what is spent. A step is spent only where it brings more than it costs.
    Profit,
}

/// What is asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// What may be spent.
    #[serde(rename = "budget_usd", with = "amount::usd")]
    pub budget: Cents,
    /// In which steps; at most [`MAX_STEPS`] of them, and what does not fill one is left.
    #[serde(rename = "step_usd", with = "amount::usd")]
    pub step: Cents,
    /// On what, at most [`MAX_CHANNELS`].
    #[serde(rename = "channel", default)]
    pub channels: Vec<Channel>,
    /// To which end.
    #[serde(default)]
    pub goal: Goal,
}

/// A question that keeps the rules of its input.
#[derive(Debug, Clone, PartialEq)]
pub struct Budget {
    budget: Cents,
    step: Cents,
    goal: Goal,
    channels: Vec<Line>,
}

/// A channel in steps.
#[derive(Debug, Clone, PartialEq)]
struct Line {
    channel: Channel,
    /// The least that is spent where anything is.
    low: usize,
    /// The most.
    high: usize,
}

impl Line {
    /// Whether a first step is worth no less than those after it, so that steps can be given out one by one.
    fn is_concave(&self) -> bool {
        self.channel.required || self.low == 0
    }

    /// The steps that are spent in any case.
    fn base(&self) -> usize {
        if self.channel.required { self.low } else { 0 }
    }

    /// Whether so many steps may be spent.
    #[cfg(test)]
    fn allows(&self, steps: usize) -> bool {
        (self.low..=self.high).contains(&steps) || (steps == 0 && !self.channel.required)
    }
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Allocation {
    /// What is spent on each channel, in the order of the input.
    #[serde(rename = "spent_usd", with = "amount::usd_list")]
    pub spent: Vec<Cents>,
    /// What it brings, in dollars, less what is spent where the goal is profit.
    #[serde(rename = "worth_usd")]
    pub worth: f64,
    /// Whether it is proved that no allocation is worth more: always.
    pub optimal: bool,
    /// What found it: `marginal allocation` or `dynamic programming`.
    pub solver: String,
    /// Why.
    pub explanation: Explanation,
}

impl Budget {
    /// Checks an input.
    ///
    /// # Errors
    /// [`Invalid`] names the field and the rule.
    pub fn new(input: Input) -> Result<Budget, Invalid> {
        let Input { budget, step, channels, goal } = input;
        check::cost(|| "budget".to_owned(), budget)?;
        check::amount(|| "step".to_owned(), step)?;
        if step <= Cents::ZERO {
            return Err(Invalid::new("step", format!("must be above 0, and is {}", dollars(step))));
        }
        let steps = budget.get() / step.get();
        if steps > MAX_STEPS {
            return Err(Invalid::new(
                "step",
                format!("of {} makes {steps} steps of the budget: at most {MAX_STEPS} are allowed", dollars(step)),
            ));
        }
        check::count("channels", channels.len(), MAX_CHANNELS)?;
        check::names("channels", channels.iter().map(|channel| &channel.name))?;
        let lines = channels.into_iter().enumerate().map(|(at, channel)| line(at, channel, step, steps)).collect::<Result<Vec<_>, _>>()?;
        let programmed = lines.iter().filter(|line| !line.is_concave());
        let work = programmed.map(|line| steps * i64::try_from(line.high).unwrap_or(steps)).fold(0_i64, i64::saturating_add);
        if work > MAX_WORK {
            let rule = format!("of {} is too fine for channels with minimums or fixed costs: make it larger", dollars(step));
            return Err(Invalid::new("step", rule));
        }
        Ok(Budget { budget, step, goal, channels: lines })
    }

    /// Finds the best allocation.
    pub fn solve(&self) -> Outcome<Allocation> {
        let needed = self.channels.iter().map(|line| line.base()).sum::<usize>();
        if needed <= self.steps() {
            return Outcome::Solved(explain::allocation(self, search::solve(self)));
        }
        let required = self.channels.iter().filter(|line| line.base() > 0);
        let mut constraints: Vec<String> = required
            .map(|line| format!("{} is required and takes at least {}", line.channel.name, dollars(self.money(line.base()))))
            .collect();
        constraints.push(format!("the budget is {}", dollars(self.budget)));
        let needed = self.money(needed);
        let reason = format!("What must be spent is {}, {} more than the budget.", dollars(needed), dollars(needed.minus(self.budget)));
        Outcome::Infeasible(Conflict { constraints, reason })
    }

    /// The whole steps of the budget.
    fn steps(&self) -> usize {
        usize::try_from(self.budget.get() / self.step.get()).unwrap_or(0)
    }

    fn money(&self, steps: usize) -> Cents {
        // Cannot overflow: steps are those of at most 500 amounts of at most 10^12 cents.
        self.step.times(i64::try_from(steps).unwrap_or(i64::MAX))
    }

    /// What a channel brings for so many steps.
    fn response(&self, channel: usize, steps: usize) -> f64 {
        let of = &self.channels[channel].channel;
        of.response.of(real(self.money(steps).minus(of.fixed)))
    }

    /// What that is worth to the goal.
    fn worth(&self, channel: usize, steps: usize) -> f64 {
        let cost = if self.goal == Goal::Profit { real(self.money(steps)) } else { 0.0 };
        self.response(channel, steps) - cost
    }

    fn total(&self, allocation: &[usize]) -> f64 {
        allocation.iter().enumerate().map(|(channel, steps)| self.worth(channel, *steps)).sum()
    }
}

/// A channel in steps of which the budget has so many.
fn line(at: usize, channel: Channel, step: Cents, steps: i64) -> Result<Line, Invalid> {
    let place = |field: &str| format!("channels[{at}].{field}");
    check::cost(|| place("min"), channel.min)?;
    check::cost(|| place("fixed"), channel.fixed)?;
    for (field, amount) in [("min", channel.min), ("fixed", channel.fixed)] {
        if amount.get() % step.get() != 0 {
            return Err(Invalid::new(
                place(field),
                format!("must be a multiple of the step of {}, and is {}", dollars(step), dollars(amount)),
            ));
        }
    }
    let low = channel.min.max(channel.fixed);
    if let Some(max) = channel.max {
        check::cost(|| place("max"), max)?;
        if max < low {
            let rule = format!("must be at least the minimum and the fixed cost, {}, and is {}", dollars(low), dollars(max));
            return Err(Invalid::new(place("max"), rule));
        }
    }
    match channel.response {
        Response::Saturating { most, scale } => {
            check::cost(|| place("response.most"), most)?;
            check::amount(|| place("response.scale"), scale)?;
            if scale <= Cents::ZERO {
                return Err(Invalid::new(place("response.scale"), format!("must be above 0, and is {}", dollars(scale))));
            }
        }
        Response::Power { factor, exponent } => {
            check::number(|| place("response.factor"), factor, 0.0, 1e9)?;
            check::number(|| place("response.exponent"), exponent, 0.0, 1.0)?;
        }
    }
    let low = whole(low, step);
    let high = high(&channel, step, low, usize::try_from(steps).unwrap_or(usize::MAX));
    Ok(Line { channel, low, high })
}

/// The whole steps in an amount.
fn whole(amount: Cents, step: Cents) -> usize {
    usize::try_from(amount.get() / step.get()).unwrap_or(usize::MAX)
}

/// The most that a channel can get of a budget of so many steps. One that takes more than all of them to begin cannot be used: no allocation reaches its
/// lower end.
fn high(channel: &Channel, step: Cents, low: usize, steps: usize) -> usize {
    channel.max.map_or(usize::MAX, |max| whole(max, step)).min(steps.max(low))
}
