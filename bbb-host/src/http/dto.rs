//! What answers are made of. They stand apart from the types of the domain, so that those can change without an API changing; each is read from the JSON of its
//! projection, and what that has more is left out.
//!
//! Ids and times are text (`prop_7`, RFC 3339 in UTC), and money is a number of dollars with cents, as everywhere in the JSON of `bbb`.

use std::collections::BTreeMap;

use bbb_core::event::Event;
use bbb_core::journal::chain::Record;
use bbb_core::projection::summary::summary;
use bbb_core::projection::timeline::what;
use bbb_core::projection::{Dollars, Sum};
use bbb_core::state::Status;
use bbb_core::state::work::Stage;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::accounts::BusinessRow;
use crate::http::problem::Problem;
use crate::service::Now;

/// Reads an answer from a projection.
pub(crate) fn told<T: DeserializeOwned>(projection: &impl Serialize) -> Result<T, Problem> {
    let value = serde_json::to_value(projection).map_err(Problem::failed)?;
    serde_json::from_value(value).map_err(Problem::failed)
}

/// Money.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub(crate) struct Money {
    /// How much.
    total: f64,
    /// In which currency.
    currency: String,
    /// Whether it exists only in the simulator.
    simulated: bool,
}

/// A business, as it stands.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Business {
    /// Its name everywhere.
    id: String,
    /// Whose it is.
    tenant: String,
    /// Its blueprint's name for people.
    name: String,
    /// `simulated`, `shadow` or `live`.
    world: String,
    /// `fast` or `realtime`: how quickly the virtual time of a simulated world passes.
    pace: String,
    /// Who answers what it asks: `simulated` or `human`.
    owner: String,
    /// `active`, `paused`, `completed` or `stopped`.
    status: String,
    /// Why it is paused.
    #[serde(skip_serializing_if = "Option::is_none")]
    paused_because: Option<String>,
    /// Whether it runs now.
    running: bool,
    /// Why it does not, where it should.
    #[serde(skip_serializing_if = "Option::is_none")]
    trouble: Option<String>,
    /// What its randomness is derived from.
    seed: u64,
    /// How much it may do without asking, 0 to 6.
    autonomy: u8,
    /// When it is in its own time.
    now: String,
    /// Days that are over.
    days: usize,
    /// Days that it is planned to run; none where it has no end.
    #[serde(skip_serializing_if = "Option::is_none")]
    planned_days: Option<i64>,
    /// What receipts prove was earned.
    revenue: Money,
    /// What left it.
    spent: Money,
    /// Contacts that ever paid.
    customers: u32,
    /// Leads ever.
    leads: u32,
    /// Proposals that wait for its owner.
    waiting: usize,
    /// Effects of which nobody knows whether they happened.
    in_doubt: usize,
    /// Events in its journal.
    events: u64,
    /// The hash of the newest, and so of all.
    head: String,
}

impl Business {
    pub(crate) fn of(now: &Now, row: &BusinessRow, trouble: Option<String>) -> Result<Business, Problem> {
        let (state, spec) = (&now.state, &now.state.spec);
        let simulated = spec.world.is_simulated();
        let book = state.books.of_world();
        let count = |wanted: fn(&Stage) -> bool| state.work.proposals.values().filter(|open| wanted(&open.stage)).count();
        let paused_because = match &state.status {
            Status::Paused { reason } => Some(reason.clone()),
            _ => None,
        };
        Ok(Business {
            id: state.business.to_string(),
            tenant: row.tenant.to_string(),
            name: spec.blueprint.name.clone(),
            world: spec.world.to_string(),
            pace: name_of(&row.pace)?,
            owner: name_of(&row.owner)?,
            status: state.status.as_str().to_owned(),
            paused_because,
            running: now.running,
            trouble,
            seed: spec.seed.get(),
            autonomy: state.autonomy.base.get(),
            now: state.now.to_string(),
            days: state.history.len(),
            planned_days: spec.days(),
            revenue: told(&Sum::new(book.revenue, simulated))?,
            spent: told(&Sum::new(book.spent, simulated))?,
            customers: state.trade.customers,
            leads: state.trade.leads,
            waiting: count(|stage| matches!(stage, Stage::Waiting { .. })),
            in_doubt: count(|stage| matches!(stage, Stage::InDoubt { .. })),
            events: now.head.sequence,
            head: now.head.hash.to_string(),
        })
    }
}

/// The name of a value that is written as one.
fn name_of(value: &impl Serialize) -> Result<String, Problem> {
    told(value)
}

/// A page of businesses.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Businesses {
    /// The newest first.
    pub(crate) businesses: Vec<Business>,
    /// What to ask for the next page with; none where this is the last.
    pub(crate) next: Option<String>,
}

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

/// A task.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct Task {
    pub(crate) id: String,
    /// What it is about.
    kind: String,
    /// Whose it is.
    role: String,
    /// The channel that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    channel: Option<String>,
    /// `pending`, `blocked`, `in_progress`, `completed` or `failed`.
    status: String,
    /// 0 (last) to 100 (first).
    priority: u8,
    /// Attempts so far.
    attempts: u32,
    created_at: String,
    ended_at: Option<String>,
    /// When it is too late.
    deadline: String,
    /// Tasks that had to be completed before.
    depends_on: Vec<String>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    failure: Option<TaskFailure>,
}

/// Why a task failed for good.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct TaskFailure {
    /// Of what kind the failure is.
    cause: String,
    /// Why, for people.
    reason: String,
}

/// A page of tasks.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Tasks {
    /// The newest first.
    pub(crate) tasks: Vec<Task>,
    /// What to ask for the next page with; none where this is the last.
    pub(crate) next: Option<String>,
}

/// An event of a journal.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Entry {
    /// Its place, from 1.
    pub(crate) sequence: u64,
    /// When it happened, in the business's own time.
    at: String,
    /// The event that it follows from; 0 where that is none.
    cause: u64,
    /// What happened, in one plain line without personal text.
    text: String,
    /// Its hash, which is of all before it as well; only in a journal, not in live events.
    #[serde(skip_serializing_if = "Option::is_none")]
    hash: Option<String>,
    /// All of it, with a `type`. What is personal is sealed.
    #[schema(value_type = Object)]
    payload: Value,
}

impl Entry {
    pub(crate) fn of(event: &Event) -> Result<Entry, Problem> {
        let payload = serde_json::to_value(&event.payload).map_err(Problem::failed)?;
        let Event { sequence, at, cause, .. } = event;
        Ok(Entry { sequence: *sequence, at: at.to_string(), cause: *cause, text: what(&event.payload), hash: None, payload })
    }

    pub(crate) fn of_record(record: &Record) -> Result<Entry, Problem> {
        let event = record.decode().map_err(Problem::failed)?;
        Ok(Entry { hash: Some(record.hash.to_string()), ..Entry::of(&event)? })
    }
}

/// A page of a journal.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Journal {
    /// In order.
    pub(crate) events: Vec<Entry>,
    /// What to ask for the next page with, as `after`; none where the journal ends here for now.
    pub(crate) next: Option<u64>,
}

/// What waits for the owner of a business.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct Inbox {
    business_id: String,
    /// Escalations without an answer, oldest first.
    waiting: Vec<Waiting>,
    /// Effects of which nobody knows whether they happened, oldest first.
    in_doubt: Vec<Doubt>,
}

/// An escalation without an answer.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct Waiting {
    /// Its name.
    proposal: String,
    /// The task that it serves.
    task: String,
    /// Who proposes it.
    role: String,
    /// What kind of action it is.
    kind: String,
    /// What it costs at worst.
    cost: Cost,
    /// How much harm it can do.
    risk: String,
    /// Whether the business can take it back by itself.
    reversible: bool,
    /// How sure the role is, in percent.
    confidence: u8,
    /// Why, for people.
    rationale: String,
    /// The rules that escalated it.
    rules: Vec<String>,
    /// When it becomes a veto.
    expires_at: String,
    /// The digest of the content that an answer is bound to.
    digest: String,
    /// What exactly would happen, mail and all.
    content: String,
    /// What the rules saw.
    note: Option<String>,
}

/// What an action costs.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct Cost {
    /// Money in dollars.
    money: f64,
    /// Whether that money exists only in the simulator.
    simulated: bool,
    /// Model tokens.
    tokens: u64,
    /// Messages to people.
    messages: u64,
}

/// An effect of which nobody knows whether it happened.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct Doubt {
    /// Its name.
    proposal: String,
    /// The task that it serves.
    task: String,
    /// Who proposed it.
    role: String,
    /// What kind of action it is.
    kind: String,
    /// What stays held until its owner says what became of it.
    held: Cost,
    /// The digest of the content.
    digest: String,
    /// What exactly would have happened.
    content: String,
    /// Why it is in doubt.
    note: Option<String>,
}

/// A blueprint: what a business is launched from. Amounts are planning figures in dollars.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct BlueprintView {
    /// Its short name, which launches it.
    slug: String,
    /// Its name for people, which launches it too.
    name: String,
    /// Its industry.
    industry: String,
    /// What it takes to open.
    startup_cost: f64,
    /// What a customer pays, once or each month.
    price: f64,
    /// `one_time` or `monthly`.
    billing: String,
    /// The licence that it needs, as far as is known here.
    licence: Option<String>,
}

impl BlueprintView {
    pub(crate) fn of(blueprint: &bbb_core::blueprint::Blueprint) -> Result<BlueprintView, Problem> {
        Ok(BlueprintView {
            slug: blueprint.slug.clone(),
            name: blueprint.name.clone(),
            industry: blueprint.industry.clone(),
            startup_cost: told(&Dollars(blueprint.startup_cost))?,
            price: told(&Dollars(blueprint.price))?,
            billing: name_of(&blueprint.billing)?,
            licence: blueprint.licence.clone(),
        })
    }
}
