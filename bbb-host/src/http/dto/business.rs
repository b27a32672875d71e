//! Businesses and what they are launched from.

use bbb_core::projection::{Dollars, Sum};
use bbb_core::state::Status;
use bbb_core::state::work::Stage;
use serde::Serialize;
use utoipa::ToSchema;

use crate::accounts::BusinessRow;
use crate::http::dto::{Money, name_of, told};
use crate::http::problem::Problem;
use crate::service::Now;

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
    /// Whether it is a fork of another business.
    fork: bool,
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
            fork: spec.id() != state.business,
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

/// A page of businesses.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Businesses {
    /// The newest first.
    pub(crate) businesses: Vec<Business>,
    /// What to ask for the next page with; none where this is the last.
    pub(crate) next: Option<String>,
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
