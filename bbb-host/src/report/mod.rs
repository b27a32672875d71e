//! Reports: what a business came to, for its owner, as text, Markdown, JSON or one HTML file.
//!
//! [`Report::gather`] collects everything from the journal and its fold; nothing here opens sealed text, so a report holds no personal data of
//! contacts and can be passed on. The four forms tell the same: [`text`], [`markdown`] and [`html`] render the same sections, and
//! [`json`] is the summary of `bbb launch --json` with more beside it. A founder's plan is told in the same forms, and many simulated businesses as one HTML file. Figures of a simulated world are called so at every group.

mod chart;
mod drawing;
mod figure;
mod gather;
mod html;
mod learned;
mod markdown;
mod plan;
mod sections;
mod simulation;
mod text;
mod virtue;
mod what_if;

use std::collections::BTreeMap;

use bbb_core::market::Parameter;
use bbb_core::oversight::verdict::RuleId;
use bbb_core::projection::agents::AgentRow;
use bbb_core::projection::audit::Ended;
use bbb_core::projection::funnel::{Funnel, Steps};
use bbb_core::projection::learned::Learned;
use bbb_core::projection::models::Models;
use bbb_core::projection::spending::Spending;
use bbb_core::projection::summary::Summary;
use bbb_core::projection::virtue::TemptationRow;
use bbb_core::projection::{Dollars, Sum};
use bbb_core::role::Role;
use bbb_core::task::FailureCause;
use serde::Serialize;

pub use html::html;
pub use markdown::markdown;
pub use plan::{assumed, frontier_assumed, frontier_headline, frontier_html, plan_csv, plan_html, plan_markdown};
pub use simulation::simulation_html;
pub use text::text;
pub(crate) use text::wrap;
pub(crate) use what_if::later_orders;
pub use what_if::what_if_html;

/// How many of the newest vetoes a report lists.
pub const MAX_VETOES: usize = 20;
/// How many of the newest failures a report lists.
pub const MAX_FAILURES: usize = 10;
/// How many waiting approvals and effects in doubt a report lists each.
pub const MAX_WAITING: usize = 20;

/// Everything that a report tells.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// The summary of `bbb launch --json`.
    #[serde(flatten)]
    pub summary: Summary,
    /// What the business is.
    pub about: About,
    /// Budgets and receipts.
    pub money: MoneyReport,
    /// How the calls of language models have ended; absent where none was to be asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub models: Option<Models>,
    /// Where the money went.
    pub spending: Spending,
    /// How far leads have come.
    pub funnel: Funnel,
    /// What each channel has brought: those that brought or cost something.
    pub channels: Vec<ChannelRow>,
    /// What growth has learned of channels and prices.
    pub learned: Learned,
    /// How each role has done.
    pub agent_details: [AgentRow; 7],
    /// Tasks in numbers.
    pub tasks: TaskCounts,
    /// Proposals in numbers.
    pub audit: AuditCounts,
    /// How often each rule decided against approving at once, most often first.
    pub rules: Vec<RuleRow>,
    /// What a simulated market tempted with, and what giving in would have brought; empty in the real world.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub temptations: Vec<TemptationRow>,
    /// The newest proposals that were kept from happening, newest first.
    pub vetoes: Vec<VetoRow>,
    /// What waits for the owner, oldest first, cut at [`MAX_WAITING`].
    pub waiting: Vec<OpenRow>,
    /// Effects of which nobody knows whether they happened, oldest first, cut at [`MAX_WAITING`].
    pub in_doubt: Vec<OpenRow>,
    /// The newest failures, newest first.
    pub failures: Vec<FailureRow>,
    /// The history by week.
    pub weeks: Vec<WeekRow>,
    /// The hidden parameters of a simulated market, which its minds never saw; empty in the real world, and where another version of the model drew them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hidden_market: Vec<Parameter>,
}

/// What a business is, in its own words.
#[derive(Debug, Clone, Serialize)]
pub struct About {
    /// A template's name, or nothing where the founder gave a concept of their own.
    pub template: Option<String>,
    /// Branch of trade.
    pub industry: String,
    /// What it does.
    pub description: String,
    /// What the customer buys.
    pub offer: String,
    /// Who buys it.
    pub target_customer: String,
    /// The price that new customers are offered now.
    pub price: Dollars,
    /// Whether the price is paid every month.
    pub monthly: bool,
    /// The licence that it needs, where one is known.
    pub licence: Option<String>,
    /// Whole days that it has run.
    pub days_run: u32,
    /// Days that it is planned to run; none where it has no end.
    pub days_planned: Option<i64>,
    /// When it started, in UTC.
    pub started_at: String,
    /// When its newest event was, in UTC.
    pub newest_at: String,
    /// Its time zone.
    pub zone: String,
    /// How much it may do without asking, 0 to 6.
    pub autonomy: u8,
    /// How its roles think.
    pub mind: &'static str,
    /// The model that reads its texts before they leave, where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reviewer: Option<String>,
    /// Why it is paused, where it is.
    pub paused_because: Option<String>,
}

/// Budgets and receipts. Simulated and real money stand apart.
#[derive(Debug, Clone, Serialize)]
pub struct MoneyReport {
    /// Revenue less spending, in the book of the business's world.
    pub balance: Sum,
    /// Payments collected, each with a receipt.
    pub payments: u64,
    /// Payments given back.
    pub refunds: u32,
    /// Payments that customers' banks took back.
    pub taken_back: u64,
    /// What that came to with its fees; revenue is less by it.
    pub lost: Sum,
    /// What may be spent in all.
    pub budget: Sum,
    /// What may still be spent.
    pub left: Sum,
    /// What is held for effects under way or in doubt.
    pub held: Sum,
    /// Real money spent by a simulated business, on model calls; absent elsewhere.
    pub real_spent: Option<Sum>,
    /// Model tokens used.
    pub tokens: u64,
    /// Messages sent to people.
    pub messages: u32,
}

/// What a channel has brought.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct ChannelRow {
    /// Its name.
    pub channel: &'static str,
    /// How far its leads have come.
    #[serde(flatten)]
    pub steps: Steps,
    /// What was spent on it.
    pub spent: Dollars,
    /// Posts on it.
    pub posts: u32,
    /// Clicks on its advertisements.
    pub clicks: u32,
}

/// Tasks in numbers.
#[derive(Debug, Clone, Default, Serialize)]
pub struct TaskCounts {
    /// Ever created.
    pub created: u32,
    /// Not ended.
    pub open: u32,
    /// Ended, by kind.
    pub by_kind: BTreeMap<&'static str, KindCounts>,
    /// Failed, by why.
    pub by_cause: BTreeMap<FailureCause, u32>,
}

/// Tasks of one kind in numbers.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct KindCounts {
    /// Completed.
    pub completed: u32,
    /// Failed, for whatever reason.
    pub failed: u32,
    /// Not ended.
    pub open: u32,
}

/// Proposals in numbers.
#[derive(Debug, Clone, Serialize)]
pub struct AuditCounts {
    /// Ever made.
    pub proposals: u64,
    /// By where they stand or how they ended.
    pub by_outcome: BTreeMap<Ended, u64>,
    /// Escalations that were approved.
    pub answered_yes: u64,
    /// Escalations that were refused, by the owner or by time.
    pub answered_no: u64,
}

/// How often a rule decided against approving at once.
#[derive(Debug, Clone, Serialize)]
pub struct RuleRow {
    /// The rule.
    pub rule: RuleId,
    /// Vetoes that it decided.
    pub vetoed: u64,
    /// Escalations that it decided.
    pub escalated: u64,
}

/// A proposal that was kept from happening.
#[derive(Debug, Clone, Serialize)]
pub struct VetoRow {
    /// When, in UTC.
    pub at: String,
    /// Its name.
    pub proposal: String,
    /// Who proposed it.
    pub role: Role,
    /// What it would have done.
    pub what: String,
    /// Who kept it from happening: oversight, owner, simulated owner, expiry, engine.
    pub by: String,
    /// The rules that decided.
    pub rules: Vec<RuleId>,
    /// Why, for people.
    pub why: String,
}

/// A proposal that waits for the owner.
#[derive(Debug, Clone, Serialize)]
pub struct OpenRow {
    /// Its name.
    pub proposal: String,
    /// Who proposed it.
    pub role: Role,
    /// What it would do.
    pub what: String,
    /// The rules that escalated it.
    pub rules: Vec<RuleId>,
    /// When it becomes a veto, in UTC; none for an effect in doubt.
    pub expires_at: Option<String>,
}

/// Something that failed.
#[derive(Debug, Clone, Serialize)]
pub struct FailureRow {
    /// When, in UTC.
    pub at: String,
    /// What, in one line.
    pub what: String,
}

/// A week of the business.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct WeekRow {
    /// The week, counted from 1.
    pub week: u32,
    /// Its last day, counted from 1.
    pub to_day: u32,
    /// Revenue of the week.
    pub revenue: Dollars,
    /// Money spent in the week.
    pub spent: Dollars,
    /// Leads that arrived.
    pub leads: u32,
    /// Leads that became qualified.
    pub qualified: u32,
    /// New customers.
    pub customers: u32,
    /// Tasks completed.
    pub tasks_completed: u32,
    /// Tasks that failed.
    pub tasks_failed: u32,
    /// Revenue so far.
    pub revenue_so_far: Dollars,
    /// Money spent so far.
    pub spent_so_far: Dollars,
}

/// A page that could not be made: a defect of this build, not of the report.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the report's page could not be made: {0}")]
pub struct Error(String);

/// The report as JSON: the summary's fields, and more beside them.
pub fn json(report: &Report) -> serde_json::Value {
    // Only a map with keys that are no text, or a failing `Serialize`, could make this an error, and a report has neither.
    serde_json::to_value(report).unwrap_or_default()
}
