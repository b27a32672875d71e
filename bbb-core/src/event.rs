//! Events: what a journal consists of. Everything else is derived from them.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::action::{Action, ActionKind, Cost, Digest};
use crate::blueprint::Channel;
use crate::budget::{Caps, Resource, Window};
use crate::decide::growth::Allotment;
use crate::fork::Change;
use crate::id::{BusinessId, ContactId, OrderId, ProposalId, TaskId, TicketId};
use crate::market::Scenario;
use crate::money::Cents;
use crate::oversight::reviewer::Opinion;
use crate::oversight::verdict::Verdict;
use crate::receipt::Receipt;
use crate::role::{Agent, Role};
use crate::seal::Sealed;
use crate::spec::{Autonomy, Spec, Versions};
use crate::task::{FailureCause, NewTask};
use crate::temptation::Temptation;
use crate::time::Timestamp;

/// The version of the payload format that this build writes.
pub const SCHEMA_VERSION: u16 = 1;

/// One entry of a journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its place in the journal, counted from 1.
    pub sequence: u64,
    /// When it happened, by the business's clock.
    pub at: Timestamp,
    /// The event that it follows from; 0 where it follows from none.
    pub cause: u64,
    /// What happened.
    pub payload: Payload,
}

/// An action that a role wants to take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    /// Its name, and the name of the effect that it may become.
    pub id: ProposalId,
    /// The task that it serves.
    pub task: TaskId,
    /// Who proposes it.
    pub role: Role,
    /// What is proposed, exactly.
    pub action: Action,
    /// How sure the role is that this serves the task, in percent.
    pub confidence: u8,
    /// Why, for people.
    pub rationale: String,
    /// The proposal whose text oversight's reviewer is asked about; only oversight's own calls have one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reviews: Option<ProposalId>,
}

/// What a port declares about losing track of its effects: decides what a restart does with an open intent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Recovery {
    /// Harmless to repeat, such as a read: a lost call settles at its full hold, a new attempt takes a new one.
    Repeatable,
    /// The provider deduplicates by the idempotency key: retry under the same key.
    Idempotent,
    /// The provider can be asked whether it happened.
    Verifiable,
    /// Neither: mark in doubt and ask the owner; never send again by itself.
    AtMostOnce,
}

/// How an effect ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// It happened; the receipt proves it.
    Done {
        /// The proof.
        receipt: Receipt,
    },
    /// It definitely did not happen.
    Failed {
        /// Why, for people.
        reason: String,
        /// When the same permitted content may be tried again; never, where absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_at: Option<Timestamp>,
    },
    /// Nobody knows whether it happened; its provider deduplicates by the key, so it is tried again under the same key. Its hold stays held until a receipt
    /// comes, or its owner is asked.
    Unanswered {
        /// Why, for people.
        reason: String,
        /// When it is tried again.
        retry_at: Timestamp,
    },
    /// Nobody knows whether it happened; its hold stays held, and its owner is asked.
    InDoubt {
        /// Why, for people.
        reason: String,
    },
    /// Its answer was lost, and it is of a kind that is harmless to repeat: the full hold is spent, and another attempt takes another one.
    Lost {
        /// Why, for people.
        reason: String,
        /// When it is tried again; never, where absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_at: Option<Timestamp>,
    },
    /// Its permit was never used: the business was paused, or the permit dropped.
    Released {
        /// Why, for people.
        reason: String,
    },
}

impl Outcome {
    /// Whether the hold stays held.
    pub const fn keeps_hold(&self) -> bool {
        matches!(self, Outcome::Unanswered { .. } | Outcome::InDoubt { .. })
    }

    /// Whether the same proposal may be tried again, or is not closed for another reason.
    pub const fn stays_open(&self) -> bool {
        match self {
            Outcome::Done { .. } => false,
            Outcome::Failed { retry_at, .. } | Outcome::Lost { retry_at, .. } => retry_at.is_some(),
            Outcome::Unanswered { .. } | Outcome::InDoubt { .. } | Outcome::Released { .. } => true,
        }
    }
}

/// What arrived from outside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "signal", rename_all = "snake_case")]
pub enum Signal {
    /// Somebody may become a customer.
    LeadArrived {
        /// Who.
        contact: ContactId,
        /// Over which channel.
        channel: Channel,
        /// Whether the person agreed to be written to.
        consent: bool,
        /// A sealed [`Profile`].
        profile: Sealed,
    },
    /// A contact answered a mail.
    Replied {
        /// Who.
        contact: ContactId,
        /// What the answer amounts to.
        intent: Intent,
    },
    /// A contact does not want mail any more.
    Unsubscribed {
        /// Who.
        contact: ContactId,
    },
    /// A contact accepted an offer.
    OrderPlaced {
        /// The order's name.
        order: OrderId,
        /// Who.
        contact: ContactId,
        /// At which price.
        price: Cents,
        /// Whether the price is paid every month.
        monthly: bool,
    },
    /// A monthly customer left.
    Churned {
        /// Whose order ends.
        order: OrderId,
    },
    /// A customer asks for help.
    TicketOpened {
        /// The request's name.
        ticket: TicketId,
        /// Who.
        contact: ContactId,
    },
    /// A customer wants money back.
    RefundRequested {
        /// For which order.
        order: OrderId,
    },
    /// A customer's bank took a payment back.
    ChargedBack {
        /// For which order, which ends with it.
        order: OrderId,
        /// What was taken back.
        amount: Cents,
        /// What the business is charged on top.
        fee: Cents,
    },
    /// The market offers something that would pay and is wrong. Only a simulated market does.
    Tempted {
        /// What.
        temptation: Temptation,
    },
    /// A customer rated the business.
    Rated {
        /// For which order.
        order: OrderId,
        /// One to five.
        stars: u8,
    },
}

/// What an answer amounts to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Intent {
    /// Wants to hear more.
    Interested,
    /// Asked for the price.
    AskedPrice,
    /// Does not want it.
    Declined,
}

/// Who a contact is: sealed in the journal.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// The mail address.
    pub email: String,
    /// The person's name, or empty.
    pub name: String,
    /// The company's name, or empty.
    pub company: String,
    /// The founder's note, or empty. Untrusted, like all text from outside.
    pub note: String,
}

impl std::fmt::Debug for Profile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Profile(***)")
    }
}

/// Who answered an escalation, or gave a command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// The owner, or someone with the owner's rights on this machine.
    Owner,
    /// The seeded owner of a simulated world.
    SimulatedOwner,
    /// Nobody: time ran out.
    Expiry,
    /// The engine itself, failing closed.
    Engine,
    /// Somebody whom the owner named, by that name.
    Delegate(String),
}

/// What a delegate may answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Delegation {
    /// Escalations of these kinds of action; where empty, of all whose content says what they are worth.
    pub kinds: BTreeSet<ActionKind>,
    /// Those that are worth at most this: what they may cost, and the amounts that their content names.
    pub up_to: Cents,
}

impl Delegation {
    /// Whether this action may be answered.
    ///
    /// # Errors
    /// The rule that is against it, for people.
    pub fn covers(&self, action: &Action) -> Result<(), &'static str> {
        if !self.kinds.is_empty() && !self.kinds.contains(&action.kind()) {
            return Err("this kind of action is not delegated");
        }
        // The kind of money is no matter here.
        let cost = action.worst_case(true).money.cents();
        match action.worth() {
            Some(worth) if worth.max(cost) > self.up_to => Err("it is worth more than was delegated"),
            None if cost > self.up_to => Err("it costs more than was delegated"),
            None if self.kinds.is_empty() => Err("its content does not say what it is worth, and its kind was not delegated by name"),
            _ => Ok(()),
        }
    }
}

/// As in: Grace may answer ...
impl fmt::Display for Delegation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kinds: Vec<&str> = self.kinds.iter().map(|kind| kind.as_str()).collect();
        match kinds.as_slice() {
            [] => write!(f, "what is worth at most {} USD", self.up_to),
            kinds => write!(f, "{} worth at most {} USD", kinds.join(", "), self.up_to),
        }
    }
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Payload {
    /// The business began. Always the first event, and only that.
    Launched {
        /// What it was launched with.
        spec: Box<Spec>,
        /// What its simulated market was given instead of drawing it: the market's fold takes it from here, and minds never see it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        market: Option<Box<Scenario>>,
    },
    /// A copy of another journal's beginning goes its own way from here.
    Forked {
        /// The business whose journal that is.
        source: BusinessId,
        /// What is different from here on.
        change: Box<Change>,
    },
    /// A live business goes on under other versions.
    Upgraded {
        /// The versions from here on.
        versions: Versions,
    },
    /// Something arrived from outside.
    Received {
        /// Where it came from.
        source: String,
        /// The source's own name for it: the same name from the same source is the same thing.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        external_id: String,
        /// What it was.
        signal: Signal,
    },
    /// A day of the business ended; the history gets a row.
    DayClosed {
        /// Which day, counted from 0.
        day: u32,
    },
    /// The business decided what its growth gets from now on, until it decides again.
    Allotted {
        /// What.
        allotment: Box<Allotment>,
    },
    /// A task exists.
    TaskCreated {
        /// Its name.
        task: TaskId,
        /// What is ordered.
        order: NewTask,
    },
    /// A role began an attempt at a task.
    TaskStarted {
        /// Which.
        task: TaskId,
    },
    /// A task's acceptance condition held, or the plan that it was for was adopted.
    TaskCompleted {
        /// Which.
        task: TaskId,
    },
    /// An attempt at a task came to nothing; there will be another.
    AttemptFailed {
        /// Which task.
        task: TaskId,
        /// Why, for people.
        reason: String,
        /// Not before this time.
        retry_at: Timestamp,
    },
    /// A task ended without success.
    TaskFailed {
        /// Which.
        task: TaskId,
        /// Of what kind the failure is.
        cause: FailureCause,
        /// Why, for people.
        reason: String,
    },
    /// A role decided about a task by its playbook alone, because its model said nothing that counts, or could not be asked. What it decided follows.
    Unadvised {
        /// Which task.
        task: TaskId,
        /// Why, for people; no word of the model's.
        reason: String,
    },
    /// A role wants to take an action.
    Proposed {
        /// What.
        proposal: Box<Proposal>,
    },
    /// What oversight's reviewer says of a text, or that it says nothing; the review of the proposal follows.
    Opined {
        /// Which proposal has the text.
        proposal: ProposalId,
        /// The digest of the content that the opinion is about.
        digest: Digest,
        /// The opinion.
        opinion: Opinion,
    },
    /// Oversight answered for the first time.
    Reviewed {
        /// Which proposal.
        proposal: ProposalId,
        /// The digest of the action that was reviewed.
        digest: Digest,
        /// The answer.
        verdict: Verdict,
        /// When an escalation becomes a veto.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expires_at: Option<Timestamp>,
    },
    /// An escalation was answered.
    Answered {
        /// Which proposal.
        proposal: ProposalId,
        /// The digest of the content that the answer is for.
        digest: Digest,
        /// By whom.
        by: By,
        /// True for yes.
        approve: bool,
        /// Why, for people.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        reason: String,
    },
    /// Oversight took an approval back before the effect began: something changed since.
    Withdrawn {
        /// Which proposal.
        proposal: ProposalId,
        /// The answer of the second look.
        verdict: Verdict,
    },
    /// The effect will begin: its cost is held, and the acknowledgement of this event makes the permit.
    Intended {
        /// Which proposal.
        proposal: ProposalId,
        /// The digest of the content that may leave.
        digest: Digest,
        /// The attempt, counted from 1.
        attempt: u32,
        /// Under which key the provider may deduplicate.
        key: String,
        /// What is held for it.
        hold: Cost,
        /// What a restart does with it.
        recovery: Recovery,
    },
    /// The effect ended, and its hold with it, unless it is in doubt.
    Settled {
        /// Which proposal.
        proposal: ProposalId,
        /// How.
        outcome: Outcome,
        /// What it cost in fact.
        cost: Cost,
    },
    /// An effect cost more than was held for it, or collected more than was agreed.
    Overrun {
        /// Which proposal.
        proposal: ProposalId,
        /// What was held; of a payment, what was agreed.
        held: Cost,
        /// What it cost; of a payment, what was collected.
        cost: Cost,
    },
    /// An effect without an answer is not tried again: it is in doubt from here on.
    Doubted {
        /// Which proposal.
        proposal: ProposalId,
        /// Why, for people.
        reason: String,
    },
    /// The owner said what became of an effect in doubt.
    DoubtResolved {
        /// Which proposal.
        proposal: ProposalId,
        /// True if it happened after all.
        happened: bool,
    },
    /// The use of a budget has come to a share of its cap at which its owner is told.
    BudgetReached {
        /// Of what.
        resource: Resource,
        /// Over which time.
        window: Window,
        /// The share, in percent.
        percent: u8,
    },
    /// The owner set other caps.
    CapsSet {
        /// All of them.
        caps: Box<Caps>,
    },
    /// The owner set how much the business may do without asking.
    AutonomySet {
        /// For which kind of action; for all without an own level, where absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        kind: Option<ActionKind>,
        /// The level; where absent, the kind has no own level from here on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        level: Option<Autonomy>,
    },
    /// The owner named somebody who may answer escalations, or took that back.
    Delegated {
        /// The name.
        name: String,
        /// What the person may answer; nothing any more, where absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        delegation: Option<Delegation>,
    },
    /// No effect starts from here on.
    Paused {
        /// By whom.
        by: By,
        /// Why, for people.
        reason: String,
    },
    /// Effects may start again.
    Resumed {
        /// By whom.
        by: By,
    },
    /// An agent's actor died; it is started again at a later time.
    AgentFailed {
        /// Which.
        agent: Agent,
        /// Why, for people.
        reason: String,
        /// When it is started again.
        restart_at: Timestamp,
    },
    /// The business ended, by its owner or by its planned end.
    Ended {
        /// By whom.
        by: By,
        /// True if the planned end was reached.
        completed: bool,
    },
}

impl Payload {
    /// The payload's type, as in its JSON.
    pub const fn name(&self) -> &'static str {
        match self {
            Payload::Launched { .. } => "launched",
            Payload::Forked { .. } => "forked",
            Payload::Upgraded { .. } => "upgraded",
            Payload::Received { .. } => "received",
            Payload::DayClosed { .. } => "day_closed",
            Payload::Allotted { .. } => "allotted",
            Payload::TaskCreated { .. } => "task_created",
            Payload::TaskStarted { .. } => "task_started",
            Payload::TaskCompleted { .. } => "task_completed",
            Payload::AttemptFailed { .. } => "attempt_failed",
            Payload::TaskFailed { .. } => "task_failed",
            Payload::Unadvised { .. } => "unadvised",
            Payload::Proposed { .. } => "proposed",
            Payload::Opined { .. } => "opined",
            Payload::Reviewed { .. } => "reviewed",
            Payload::Answered { .. } => "answered",
            Payload::Withdrawn { .. } => "withdrawn",
            Payload::Intended { .. } => "intended",
            Payload::Settled { .. } => "settled",
            Payload::Overrun { .. } => "overrun",
            Payload::Doubted { .. } => "doubted",
            Payload::DoubtResolved { .. } => "doubt_resolved",
            Payload::BudgetReached { .. } => "budget_reached",
            Payload::CapsSet { .. } => "caps_set",
            Payload::AutonomySet { .. } => "autonomy_set",
            Payload::Delegated { .. } => "delegated",
            Payload::Paused { .. } => "paused",
            Payload::Resumed { .. } => "resumed",
            Payload::AgentFailed { .. } => "agent_failed",
            Payload::Ended { .. } => "ended",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::{AnswerTicket, CallModel, MailPurpose, PayBill, PublishPost, RunAds, SetPrice};
    use crate::action::{CollectPayment, DeliverOrder, RefundPayment, SendEmail};
    use crate::oversight::tests_support::Scene;
    use crate::seal::owner_contact;

    #[test]
    fn a_limited_delegation_covers_no_amount_over_it_and_nothing_without_one() {
        let scene = Scene::new();
        let (cents, order) = (Cents::new, OrderId::new(0));
        let sealed = || scene.vault.seal(owner_contact(), "[]").expect("short");
        let text = || "text".to_owned();
        // Everything that names an amount, at this amount.
        let worth = |amount: i64| -> [Action; 9] {
            let cost = cents(amount);
            [
                PublishPost { channel: Channel::Seo, title: text(), body: text(), cost }.into(),
                RunAds { channel: Channel::Seo, headline: text(), spend_limit: cost }.into(),
                SendEmail { price: Some(cost), ..scene.mail(MailPurpose::Offer, |_| ()) }.into(),
                DeliverOrder { order, cost }.into(),
                CollectPayment { order, installment: 0, price: cost }.into(),
                RefundPayment { order, refund: cost }.into(),
                PayBill { label: text(), cost }.into(),
                SetPrice { price: cost }.into(),
                CallModel { purpose: text(), model: text(), prompt: sealed(), schema: text(), max_tokens: 1, cost }.into(),
            ]
        };
        let to = |kinds: &[ActionKind]| Delegation { kinds: kinds.iter().copied().collect(), up_to: cents(50_00) };
        for (fits, over) in worth(50_00).iter().zip(&worth(50_01)) {
            for delegation in [to(&[]), to(&[fits.kind()])] {
                assert_eq!(delegation.covers(fits), Ok(()), "{fits:?}");
                assert_eq!(delegation.covers(over), Err("it is worth more than was delegated"), "{over:?}");
            }
            let other = if fits.kind() == ActionKind::PayBill { ActionKind::RunAds } else { ActionKind::PayBill };
            assert_eq!(to(&[other]).covers(fits), Err("this kind of action is not delegated"));
        }
        let words: [Action; 2] = [
            SendEmail { price: None, ..scene.mail(MailPurpose::Outreach, |_| ()) }.into(),
            AnswerTicket { ticket: TicketId::new(0), body: sealed() }.into(),
        ];
        for words in words {
            assert!(to(&[]).covers(&words).is_err_and(|rule| rule.contains("does not say what it is worth")), "{words:?}");
            assert_eq!(to(&[words.kind()]).covers(&words), Ok(()));
        }
    }

    #[test]
    fn a_delegation_says_its_kinds() {
        let of = |kinds: &[ActionKind]| Delegation { kinds: kinds.iter().copied().collect(), up_to: Cents::new(50_00) }.to_string();
        assert_eq!(of(&[]), "what is worth at most 50.00 USD");
        assert_eq!(of(&[ActionKind::SetPrice, ActionKind::RunAds]), "run_ads, set_price worth at most 50.00 USD");
    }
}
