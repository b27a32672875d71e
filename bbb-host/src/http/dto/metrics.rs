//! How businesses do.

use std::collections::BTreeMap;

use bbb_core::projection::summary::summary;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::dto::{Money, told};
use crate::http::problem::Problem;
use crate::service::Now;

/// How a business does.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct Metrics {
    business_id: String,
    /// `active`, `paused`, `completed` or `stopped`.
    status: String,
    /// `simulated`, `shadow` or `live`.
    world: String,
    metrics: Figures,
    /// The seven roles.
    agents: Vec<Agent>,
    oversight: Oversight,
}

impl Metrics {
    pub(crate) fn of(now: &Now) -> Result<Metrics, Problem> {
        told(&summary(&now.state, now.head))
    }
}

/// The figures of a business.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct Figures {
    /// What receipts prove was earned.
    revenue: Money,
    /// What left the business, refunds too.
    spent: Money,
    /// Contacts that ever paid.
    customers: u32,
    /// Leads ever.
    leads: u32,
    /// Leads that answered or asked for the price.
    qualified_leads: u32,
    /// Customers among qualified leads, from 0 to 1.
    conversion_rate: f64,
    /// The mean rating as a share of five stars, from 0 to 1; null before the first.
    satisfaction: Option<f64>,
    tasks: TaskTotals,
}

/// How tasks ended.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct TaskTotals {
    /// As they should.
    completed: u32,
    /// Otherwise, vetoes apart.
    failed: u32,
    /// Because of a veto.
    vetoed: u32,
}

/// How a role does.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct Agent {
    /// Which.
    role: String,
    tasks_completed: u32,
    tasks_failed: u32,
    /// Completed tasks among all that ended, from 0 to 1; null before the first has ended.
    success_rate: Option<f64>,
}

/// The agents of a business.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct Agents {
    business_id: String,
    /// The seven roles.
    agents: Vec<Agent>,
}

impl Agents {
    pub(crate) fn of(now: &Now) -> Result<Agents, Problem> {
        told(&summary(&now.state, now.head))
    }
}

/// How oversight ruled.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct Oversight {
    /// Proposals reviewed.
    reviewed: u64,
    /// Approved at once.
    approved: u64,
    /// Vetoed at once.
    vetoed: u64,
    /// Given to the owner.
    escalated: u64,
    /// How often each rule decided against approving at once.
    by_rule: BTreeMap<String, u64>,
}

/// The days of a business.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct History {
    business_id: String,
    /// One row a day, as totals at its end.
    history: Vec<Day>,
}

impl History {
    pub(crate) fn of(now: &Now) -> Result<History, Problem> {
        told(&summary(&now.state, now.head))
    }
}

/// The totals at the end of one day, money in dollars.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct Day {
    /// The day, counted from 0.
    day: u32,
    /// When it ended.
    at: String,
    revenue: f64,
    spent: f64,
    customers: u32,
    leads: u32,
    qualified: u32,
    tasks_completed: u32,
    tasks_failed: u32,
    tasks_open: u32,
}
