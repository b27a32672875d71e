//! Tasks: units of work for a role, with dependencies, a priority that is used, and an acceptance condition fixed at creation.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::action::ActionKind;
use crate::blueprint::Channel;
use crate::id::TaskId;
use crate::role::Role;
use crate::seal::Sealed;
use crate::time::Timestamp;

/// What a task is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskKind {
    /// Learn which channels work.
    StudyMarket,
    /// Score new leads.
    QualifyLeads,
    /// Publish on an organic channel.
    PublishPosts,
    /// Advertise.
    RunAds,
    /// Write to qualified leads for the first time.
    Outreach,
    /// Remind leads that did not answer.
    FollowUp,
    /// Make offers to leads that showed interest.
    MakeOffers,
    /// Deliver paid orders.
    DeliverOrders,
    /// Answer customers.
    AnswerTickets,
    /// Collect payments that are due.
    CollectPayments,
    /// Give money back for orders that went wrong.
    RefundOrders,
    /// Pay the running costs.
    PayBills,
    /// Reconsider the price.
    ReviewPrice,
    /// Take up what a simulated market tempts with.
    TakeUpOffer,
    /// Plan the day.
    PlanDay,
}

impl TaskKind {
    /// All kinds.
    pub const ALL: [TaskKind; 15] = [
        TaskKind::StudyMarket,
        TaskKind::QualifyLeads,
        TaskKind::PublishPosts,
        TaskKind::RunAds,
        TaskKind::Outreach,
        TaskKind::FollowUp,
        TaskKind::MakeOffers,
        TaskKind::DeliverOrders,
        TaskKind::AnswerTickets,
        TaskKind::CollectPayments,
        TaskKind::RefundOrders,
        TaskKind::PayBills,
        TaskKind::ReviewPrice,
        TaskKind::TakeUpOffer,
        TaskKind::PlanDay,
    ];

    /// The kind's name in journals and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            TaskKind::StudyMarket => "study_market",
            TaskKind::QualifyLeads => "qualify_leads",
            TaskKind::PublishPosts => "publish_posts",
            TaskKind::RunAds => "run_ads",
            TaskKind::Outreach => "outreach",
            TaskKind::FollowUp => "follow_up",
            TaskKind::MakeOffers => "make_offers",
            TaskKind::DeliverOrders => "deliver_orders",
            TaskKind::AnswerTickets => "answer_tickets",
            TaskKind::CollectPayments => "collect_payments",
            TaskKind::RefundOrders => "refund_orders",
            TaskKind::PayBills => "pay_bills",
            TaskKind::ReviewPrice => "review_price",
            TaskKind::TakeUpOffer => "take_up_offer",
            TaskKind::PlanDay => "plan_day",
        }
    }

    /// The role that does it.
    pub const fn role(self) -> Role {
        match self {
            TaskKind::StudyMarket | TaskKind::QualifyLeads => Role::Researcher,
            TaskKind::PublishPosts | TaskKind::RunAds | TaskKind::TakeUpOffer => Role::Marketer,
            TaskKind::Outreach | TaskKind::FollowUp | TaskKind::MakeOffers => Role::Sales,
            TaskKind::DeliverOrders => Role::Fulfillment,
            TaskKind::AnswerTickets => Role::Support,
            TaskKind::CollectPayments | TaskKind::RefundOrders | TaskKind::PayBills | TaskKind::ReviewPrice => Role::Finance,
            TaskKind::PlanDay => Role::Orchestrator,
        }
    }

    /// The action that does the work of the task; planning has none.
    pub const fn action(self) -> Option<ActionKind> {
        match self {
            TaskKind::StudyMarket => Some(ActionKind::StudyMarket),
            TaskKind::QualifyLeads => Some(ActionKind::QualifyLeads),
            TaskKind::PublishPosts | TaskKind::TakeUpOffer => Some(ActionKind::PublishPost),
            TaskKind::RunAds => Some(ActionKind::RunAds),
            TaskKind::Outreach | TaskKind::FollowUp | TaskKind::MakeOffers => Some(ActionKind::SendEmail),
            TaskKind::DeliverOrders => Some(ActionKind::DeliverOrder),
            TaskKind::AnswerTickets => Some(ActionKind::AnswerTicket),
            TaskKind::CollectPayments => Some(ActionKind::CollectPayment),
            TaskKind::RefundOrders => Some(ActionKind::RefundPayment),
            TaskKind::PayBills => Some(ActionKind::PayBill),
            TaskKind::ReviewPrice => Some(ActionKind::SetPrice),
            TaskKind::PlanDay => None,
        }
    }
}

impl fmt::Display for TaskKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// When a task counts as done: decided at its creation, judged by the engine and not by the role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "when", rename_all = "snake_case")]
pub enum Acceptance {
    /// At least this many effects of this kind have receipts.
    Settled {
        /// The effect.
        kind: ActionKind,
        /// How many.
        at_least: u32,
    },
    /// A plan was adopted.
    Planned,
}

impl Acceptance {
    /// Whether a receipt for an effect of this kind counts towards it.
    pub fn counts(self, effect: ActionKind) -> bool {
        matches!(self, Acceptance::Settled { kind, .. } if kind == effect)
    }
}

/// A task as it is created.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewTask {
    /// What it is about.
    pub kind: TaskKind,
    /// The channel that it is about, for marketing tasks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<Channel>,
    /// 0 (last) to 100 (first): a role works on its most urgent task first.
    pub priority: u8,
    /// Tasks that must be completed before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub depends_on: Vec<TaskId>,
    /// When the task is too late and fails.
    pub deadline: Timestamp,
    /// When it counts as done.
    pub acceptance: Acceptance,
}

impl NewTask {
    /// A task of this kind, done when one effect of its action has a receipt.
    pub fn new(kind: TaskKind, priority: u8, deadline: Timestamp) -> Self {
        let acceptance = kind.action().map_or(Acceptance::Planned, |kind| Acceptance::Settled { kind, at_least: 1 });
        NewTask { kind, channel: None, priority, depends_on: Vec::new(), deadline, acceptance }
    }

    /// The same task on a channel.
    #[must_use]
    pub fn on(mut self, channel: Channel) -> Self {
        self.channel = Some(channel);
        self
    }

    /// The same task after another one.
    #[must_use]
    pub fn after(mut self, task: TaskId) -> Self {
        self.depends_on.push(task);
        self
    }
}

/// Where a task stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskStatus {
    /// Waits for its role.
    Pending,
    /// Waits for other tasks.
    Blocked,
    /// Its role is at it.
    InProgress,
    /// Its acceptance condition held.
    Completed,
    /// It ended otherwise.
    Failed,
}

impl TaskStatus {
    /// The status's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            TaskStatus::Pending => "pending",
            TaskStatus::Blocked => "blocked",
            TaskStatus::InProgress => "in_progress",
            TaskStatus::Completed => "completed",
            TaskStatus::Failed => "failed",
        }
    }
}

/// Why a task failed for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureCause {
    /// Its attempts were used up.
    Attempts,
    /// Oversight or the owner vetoed what it needed.
    Vetoed,
    /// Its deadline passed.
    Deadline,
    /// A task that it depends on failed.
    Dependency,
}

/// What an in-progress task waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Its role's next decision.
    Decide,
    /// Its open proposals.
    Act,
    /// The judgement of its acceptance condition.
    Judge,
}

/// A task and how far it has come: derived from the journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    /// Its name.
    pub id: TaskId,
    /// What was ordered.
    pub order: NewTask,
    /// When it was created.
    pub created_at: Timestamp,
    /// Where it stands.
    pub status: TaskStatus,
    /// What it waits for while in progress.
    pub step: Step,
    /// Attempts so far, the current one included.
    pub attempts: u32,
    /// Not before this time, after a failed attempt.
    pub ready_at: Timestamp,
    /// Proposals not closed yet.
    pub open: u32,
    /// Effects of this attempt with a receipt, of the kind that the task is accepted by.
    pub settled: u32,
    /// Effects of this attempt that failed or are in doubt.
    pub failed: u32,
    /// Proposals of this attempt that were vetoed.
    pub vetoed: u32,
    /// Model calls of this attempt that have ended, with an answer or without.
    pub calls: u32,
    /// Model answers of this attempt, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub answers: Vec<Sealed>,
}

impl Task {
    /// Whether the task has ended.
    pub const fn is_over(&self) -> bool {
        matches!(self.status, TaskStatus::Completed | TaskStatus::Failed)
    }

    /// The role that does it.
    pub const fn role(&self) -> Role {
        self.order.kind.role()
    }

    /// Whether the acceptance condition holds, judged by what has receipts. A plan is adopted at once or not at all, see
    /// [`crate::event::Payload::TaskCompleted`].
    pub const fn is_accepted(&self) -> bool {
        match self.order.acceptance {
            Acceptance::Settled { at_least, .. } => self.settled >= at_least,
            Acceptance::Planned => false,
        }
    }
}
