//! The summary: what a run came to, as one small document. `bbb launch --json` prints this, and [`super::models`] beside it where a model was asked.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Dollars, Sum, as_text};
use crate::id::BusinessId;
use crate::journal::chain::{Hash, Head};
use crate::role::Role;
use crate::spec::WorldKind;
use crate::state::{DayRow, State};
use crate::time::Timestamp;

/// What a run came to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    /// `active`, `paused`, `completed` or `stopped`.
    pub status: &'static str,
    /// The business.
    #[serde(serialize_with = "as_text")]
    pub business_id: BusinessId,
    /// Its blueprint's name for people.
    pub name: String,
    /// The world that it acts on.
    pub world: WorldKind,
    /// What its randomness is derived from.
    pub seed: u64,
    /// The seven roles, in canonical order.
    pub agents: Vec<AgentSummary>,
    /// The figures.
    pub metrics: Metrics,
    /// How oversight ruled.
    pub oversight: Oversight,
    /// Where the journal ends.
    pub journal: JournalEnd,
    /// One row a day, as totals at its end.
    pub history: Vec<HistoryRow>,
}

/// How a role did.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct AgentSummary {
    /// Which.
    pub role: Role,
    /// Tasks completed.
    pub tasks_completed: u32,
    /// Tasks that ended otherwise, for whatever reason.
    pub tasks_failed: u32,
    /// Completed tasks among all that ended, from 0 to 1; null before the first has ended.
    pub success_rate: Option<f64>,
}

/// The figures of a business.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Metrics {
    /// What receipts prove was earned, in the book of the business's world.
    pub revenue: Sum,
    /// What left the business, in the same book. Refunds are in it.
    pub spent: Sum,
    /// Contacts that ever paid.
    pub customers: u32,
    /// Leads ever.
    pub leads: u32,
    /// Leads that answered or asked for the price.
    pub qualified_leads: u32,
    /// Customers among qualified leads, from 0 to 1.
    pub conversion_rate: f64,
    /// Ratings of four and five stars among all, from 0 to 1; null before the first.
    pub satisfaction: Option<f64>,
    /// The mean rating in stars, from 1 to 5; null before the first.
    pub mean_stars: Option<f64>,
    /// How tasks ended.
    pub tasks: TaskTotals,
}

/// How tasks ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct TaskTotals {
    /// As they should.
    pub completed: u32,
    /// Otherwise, vetoes apart.
    pub failed: u32,
    /// Because of a veto.
    pub vetoed: u32,
}

/// How oversight ruled at first sight: the three add up to `reviewed`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Oversight {
    /// Proposals reviewed.
    pub reviewed: u64,
    /// Approved at once.
    pub approved: u64,
    /// Vetoed at once.
    pub vetoed: u64,
    /// Given to the owner.
    pub escalated: u64,
    /// How often each rule decided against approving at once.
    pub by_rule: BTreeMap<String, u64>,
}

/// Where a journal ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct JournalEnd {
    /// How many events it has.
    pub events: u64,
    /// The hash of the last, and so of all.
    #[serde(serialize_with = "as_text")]
    pub head: Hash,
}

/// The totals at the end of one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct HistoryRow {
    /// The day, counted from 0.
    pub day: u32,
    /// When it ended.
    #[serde(serialize_with = "as_text")]
    pub at: Timestamp,
    /// Revenue so far, in the book of the business's world.
    pub revenue: Dollars,
    /// Money spent so far, in the same book.
    pub spent: Dollars,
    /// Customers so far.
    pub customers: u32,
    /// Leads so far.
    pub leads: u32,
    /// Qualified leads so far.
    pub qualified: u32,
    /// Tasks completed so far.
    pub tasks_completed: u32,
    /// Tasks failed so far, for whatever reason.
    pub tasks_failed: u32,
    /// Tasks that are open.
    pub tasks_open: u32,
}

/// The summary of a state, whose journal ends at `head`.
pub fn summary(state: &State, head: Head) -> Summary {
    let rulings = &state.rulings;
    Summary {
        status: state.status.as_str(),
        business_id: state.business,
        name: state.spec.blueprint.name.clone(),
        world: state.spec.world,
        seed: state.spec.seed.get(),
        agents: Role::ALL.map(|role| agent(state, role)).to_vec(),
        metrics: metrics(state),
        oversight: Oversight {
            reviewed: rulings.reviewed,
            approved: rulings.approved,
            vetoed: rulings.vetoed,
            escalated: rulings.escalated,
            by_rule: rulings.by_rule.iter().map(|(rule, count)| (rule.to_string(), *count)).collect(),
        },
        journal: JournalEnd { events: head.sequence, head: head.hash },
        history: state.history.iter().map(row).collect(),
    }
}

fn agent(state: &State, role: Role) -> AgentSummary {
    let performance = state.performance_of(role);
    AgentSummary {
        role,
        tasks_completed: performance.completed,
        tasks_failed: performance.failed + performance.vetoed,
        success_rate: performance.success_rate(),
    }
}

fn metrics(state: &State) -> Metrics {
    let (book, simulated) = (state.books.of_world(), state.spec.world.is_simulated());
    let totals = state.task_totals();
    Metrics {
        revenue: Sum::new(book.revenue, simulated),
        spent: Sum::new(book.spent, simulated),
        customers: state.trade.customers,
        leads: state.trade.leads,
        qualified_leads: state.trade.qualified,
        conversion_rate: state.trade.conversion_rate(),
        satisfaction: state.trade.ratings.satisfaction(),
        mean_stars: state.trade.ratings.mean(),
        tasks: TaskTotals { completed: totals.completed, failed: totals.failed, vetoed: totals.vetoed },
    }
}

fn row(day: &DayRow) -> HistoryRow {
    HistoryRow {
        day: day.day,
        at: day.at,
        revenue: Dollars(day.revenue),
        spent: Dollars(day.spent),
        customers: day.customers,
        leads: day.leads,
        qualified: day.qualified,
        tasks_completed: day.tasks_completed,
        tasks_failed: day.tasks_failed,
        tasks_open: day.tasks_open,
    }
}
