//! What became of one simulated business.

use bbb_agents::conditions::OwnerKind;
use bbb_core::blueprint::Blueprint;
use bbb_core::money::Cents;
use bbb_core::state::State;
use serde::{Deserialize, Serialize};

use super::{Job, Policy};

/// Months of expenses that a founder brings beside the cost to open: what the cash begins with.
const MONTHS_BROUGHT: i64 = 3;
/// Days between two figures of the cash.
pub const CASH_EVERY_DAYS: usize = 7;

/// A simulated business at its end. Money is simulated, in cents.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outcome {
    /// Always true: nothing of this has happened.
    pub simulated: bool,
    /// The job's name.
    pub key: String,
    /// The template's short name.
    pub blueprint: String,
    /// By which policy.
    pub policy: Policy,
    /// In which future.
    pub seed: u64,
    /// Days that it ran.
    pub days: u32,
    /// How many of a hundred attempts at an effect its world failed, beside what fails within the market.
    #[serde(default)]
    pub faults_percent: u8,
    /// Whether its owner answered.
    #[serde(default)]
    pub owner: OwnerKind,
    /// The scenario of its market, by name and digest; absent where all was drawn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub market: Option<String>,
    /// Money earned, and given back already taken off.
    pub revenue_cents: i64,
    /// Money spent.
    pub spent_cents: i64,
    /// Revenue less spending.
    pub profit_cents: i64,
    /// Revenue of the last 90 days.
    pub last_quarter_revenue_cents: i64,
    /// What the founder brought: the cost to open and three months of expenses.
    pub brought_cents: i64,
    /// The cash at the end of every seventh day, what the founder brought included and the cost to open not taken off.
    pub cash_cents: Vec<i64>,
    /// Whether the cash ever ran out.
    pub ruined: bool,
    /// Leads that came.
    pub leads: u32,
    /// Leads that answered or asked for the price.
    pub qualified: u32,
    /// Contacts that ever paid.
    pub customers: u32,
    /// Ratings of four and five stars among all; none where nobody rated.
    pub satisfaction: Option<f64>,
    /// Tasks whose acceptance condition held.
    pub tasks_completed: u32,
    /// Tasks that failed, were vetoed or ran out of time.
    pub tasks_failed: u32,
    /// Decisions that the owner was asked for.
    pub asked: u64,
    /// Proposals that oversight vetoed at once.
    pub vetoed: u64,
    /// Refunds paid.
    pub refunds: u32,
}

impl Outcome {
    pub(super) fn of(job: &Job, state: &State) -> Outcome {
        let book = state.books.of_world();
        let profit = |revenue: Cents, spent: Cents| revenue.minus(spent);
        let brought = brought(job.blueprint);
        let cash: Vec<i64> = state.history.iter().map(|row| brought.plus(profit(row.revenue, row.spent)).get()).collect();
        let tasks = state.task_totals();
        let quarter_ago = state.history.len().checked_sub(91).map_or(Cents::ZERO, |index| state.history[index].revenue);
        Outcome {
            simulated: true,
            key: job.key(),
            blueprint: job.blueprint.slug.clone(),
            policy: job.policy,
            seed: job.seed,
            days: job.days,
            faults_percent: job.conditions.faults.percent(),
            owner: job.conditions.owner,
            market: job.market.as_ref().map(|market| market.to_string()),
            revenue_cents: book.revenue.get(),
            spent_cents: book.spent.get(),
            profit_cents: profit(book.revenue, book.spent).get(),
            last_quarter_revenue_cents: book.revenue.minus(quarter_ago).get(),
            brought_cents: brought.get(),
            ruined: cash.iter().any(|cash| *cash < 0),
            cash_cents: cash.into_iter().skip(CASH_EVERY_DAYS - 1).step_by(CASH_EVERY_DAYS).collect(),
            leads: state.trade.leads,
            qualified: state.trade.qualified,
            customers: state.trade.customers,
            satisfaction: state.trade.ratings.satisfaction(),
            tasks_completed: tasks.completed,
            tasks_failed: tasks.failed + tasks.vetoed,
            asked: state.rulings.escalated,
            vetoed: state.rulings.vetoed,
            refunds: state.trade.refunds,
        }
    }

    /// Customers among qualified leads, from 0 to 1; none without any.
    pub fn conversion(&self) -> Option<f64> {
        (self.qualified > 0).then(|| f64::from(self.customers) / f64::from(self.qualified))
    }

    /// Completed tasks among all that ended, from 0 to 1; none before the first.
    pub fn success(&self) -> Option<f64> {
        let ended = self.tasks_completed + self.tasks_failed;
        (ended > 0).then(|| f64::from(self.tasks_completed) / f64::from(ended))
    }

    /// Decisions of the owner in 30 days.
    pub fn asked_a_month(&self) -> f64 {
        // A count of decisions is far below 2^53.
        self.asked as f64 * 30.0 / f64::from(self.days.max(1))
    }
}

/// What a founder brings to a business of this blueprint: what the cash begins with.
pub(crate) fn brought(blueprint: &Blueprint) -> Cents {
    blueprint.startup_cost.plus(blueprint.expected_monthly_expenses.times(MONTHS_BROUGHT))
}
