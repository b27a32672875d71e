//! The state of a business: a fold of its journal, and nothing else.
//!
//! [`State::apply`] takes one event after the other; two states that saw the same events are equal. What happens next is a function of this
//! state alone, so whoever replays a journal stands where the writer stood. The parts: [`books`] (money, tokens, messages), [`work`] (tasks
//! and proposals), [`consultation`] (what the reviewer said), [`trade`] ([`contacts`], [`orders`], tickets, channels), [`growth`] (what is allotted to them by the week).

pub mod books;
pub mod consultation;
pub mod contacts;
pub mod filed;
pub mod growth;
pub mod orders;
#[cfg(test)]
mod tests;
pub mod trade;
pub mod work;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::action::Action;
use crate::event::{Delegation, Event, Outcome, Payload, Signal};
use crate::fork::Change;
use crate::id::{BusinessId, ProposalId, TaskId};
use crate::limits::MAX_HISTORY_DAYS;
use crate::market;
use crate::money::Cents;
use crate::oversight::verdict::{RuleId, Ruling, Verdict};
use crate::receipt::Receipt;
use crate::role::{Agent, Role};
use crate::spec::{AutonomyPlan, Spec};
use crate::state::books::Books;
use crate::state::growth::Growth;
use crate::state::trade::Trade;
use crate::state::work::{Closed, Stage, Work};
use crate::time::{self, Timestamp};

/// The version of the fold: a snapshot of another one is rebuilt from the journal.
pub const FOLD_VERSION: u32 = 6;

/// Whether a business acts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum Status {
    /// It acts.
    Active,
    /// No effect starts.
    Paused {
        /// Why.
        reason: String,
    },
    /// Its planned end was reached.
    Completed,
    /// Its owner ended it.
    Stopped,
}

impl Status {
    /// The status's name.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Status::Active => "active",
            Status::Paused { .. } => "paused",
            Status::Completed => "completed",
            Status::Stopped => "stopped",
        }
    }

    /// Whether the business is over.
    pub const fn is_over(&self) -> bool {
        matches!(self, Status::Completed | Status::Stopped)
    }
}

/// How oversight has ruled so far: first verdicts only, so that the three add up to `reviewed`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rulings {
    /// Proposals reviewed.
    pub reviewed: u64,
    /// Approved at once.
    pub approved: u64,
    /// Vetoed at once.
    pub vetoed: u64,
    /// Given to the owner.
    pub escalated: u64,
    /// How often each rule decided against approving at once.
    pub by_rule: BTreeMap<RuleId, u64>,
}

/// How a role has done so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Performance {
    /// Tasks completed.
    pub completed: u32,
    /// Tasks failed, vetoed ones apart.
    pub failed: u32,
    /// Tasks that failed because of a veto.
    pub vetoed: u32,
    /// How often its actor died.
    pub crashes: u32,
}

impl Performance {
    /// Completed tasks among all that ended, from 0 to 1; none before the first has ended.
    pub fn success_rate(&self) -> Option<f64> {
        let ended = self.completed + self.failed + self.vetoed;
        (ended > 0).then(|| f64::from(self.completed) / f64::from(ended))
    }
}

/// One day of the business, as totals at its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayRow {
    /// The day, counted from 0.
    pub day: u32,
    /// When it ended.
    pub at: Timestamp,
    /// Revenue so far, in the book of the business's world.
    pub revenue: Cents,
    /// Money spent so far, in the same book.
    pub spent: Cents,
    /// Customers so far.
    pub customers: u32,
    /// Leads so far.
    pub leads: u32,
    /// Qualified leads so far.
    pub qualified: u32,
    /// Tasks completed so far.
    pub tasks_completed: u32,
    /// Tasks failed so far, vetoed ones included.
    pub tasks_failed: u32,
    /// Tasks that are open.
    pub tasks_open: u32,
}

/// An agent that is down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Down {
    /// When it is started again.
    pub restart_at: Timestamp,
}

/// The folded journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// The business.
    pub business: BusinessId,
    /// What it was launched with.
    pub spec: Arc<Spec>,
    /// The last event's sequence.
    pub sequence: u64,
    /// The last event's time.
    pub now: Timestamp,
    /// Whether it acts.
    pub status: Status,
    /// The day that runs, counted from 0.
    pub day: u32,
    /// When that day began: at launch, or at a midnight of the business's zone.
    pub day_started_at: Timestamp,
    /// How much it may do without asking.
    pub autonomy: AutonomyPlan,
    /// Who else may answer escalations, by name.
    pub delegates: BTreeMap<String, Delegation>,
    /// Tasks and proposals.
    pub work: Work,
    /// Money, tokens and messages.
    pub books: Books,
    /// Contacts, orders, tickets, channels.
    pub trade: Trade,
    /// What is allotted to growth, and what the weeks brought.
    pub growth: Growth,
    /// How oversight ruled.
    pub rulings: Rulings,
    /// How the roles did, in the order of [`Role::ALL`].
    pub performance: [Performance; 7],
    /// How often in a row each agent died, and until when it is down.
    pub down: BTreeMap<Agent, (u32, Down)>,
    /// One row a day.
    pub history: Vec<DayRow>,
}

/// An event that does not fit the state before it: the journal was not written by this engine.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("event {sequence} ({payload}) does not fit what came before it: {reason}")]
pub struct Misfit {
    /// The event.
    pub sequence: u64,
    /// Its type.
    pub payload: &'static str,
    /// What does not fit.
    pub reason: String,
}

impl State {
    /// The state after the first event.
    ///
    /// # Errors
    /// [`Misfit`] where the event is not a launch numbered 1.
    pub fn launch(business: BusinessId, event: &Event) -> Result<State, Misfit> {
        let Payload::Launched { spec, .. } = &event.payload else {
            return Err(misfit(event, "a journal begins with a launch"));
        };
        if event.sequence != 1 {
            return Err(misfit(event, "a launch is event 1"));
        }
        Ok(State {
            business,
            sequence: 1,
            now: event.at,
            status: Status::Active,
            day: 0,
            day_started_at: event.at,
            autonomy: AutonomyPlan { base: spec.autonomy, by_kind: spec.autonomy_by_kind.clone() },
            delegates: BTreeMap::new(),
            work: Work::default(),
            books: Books::new(spec),
            trade: Trade::new(spec),
            growth: Growth::default(),
            rulings: Rulings::default(),
            performance: [Performance::default(); 7],
            down: BTreeMap::new(),
            history: Vec::new(),
            spec: Arc::new((**spec).clone()),
        })
    }

    /// The state after all these events.
    ///
    /// # Errors
    /// [`Misfit`] names the first event that does not fit.
    pub fn replay<'a>(business: BusinessId, events: impl IntoIterator<Item = &'a Event>) -> Result<Option<State>, Misfit> {
        let mut events = events.into_iter();
        let Some(first) = events.next() else { return Ok(None) };
        let mut state = State::launch(business, first)?;
        events.try_for_each(|event| state.apply(event))?;
        Ok(Some(state))
    }

    /// Folds one more event in.
    ///
    /// # Errors
    /// [`Misfit`] where the event does not fit; the state must then not be used any more.
    pub fn apply(&mut self, event: &Event) -> Result<(), Misfit> {
        if event.sequence != self.sequence + 1 {
            return Err(misfit(event, format!("event {} should come next", self.sequence + 1)));
        }
        if event.at < self.now {
            return Err(misfit(event, format!("it is earlier than the event before it, at {}", self.now)));
        }
        self.sequence = event.sequence;
        self.now = event.at;
        self.fold(event).map_err(|reason| misfit(event, reason))
    }

    fn fold(&mut self, event: &Event) -> Result<(), String> {
        let at = event.at;
        match &event.payload {
            Payload::Launched { .. } => return Err("a journal has one launch".to_owned()),
            Payload::Forked { change, .. } => self.fork(change)?,
            Payload::Upgraded { versions } => Arc::make_mut(&mut self.spec).versions = versions.clone(),
            Payload::Received { source, signal: Signal::Tempted { .. }, .. }
                if !self.spec.world.is_simulated() || source != market::SOURCE =>
            {
                return Err(format!("only a simulated market tempts, not {source:?}"));
            }
            Payload::Received { signal, .. } => {
                self.trade.receive(signal, at)?;
                if let Signal::ChargedBack { amount, fee, .. } = signal {
                    self.books.lose(amount.plus(*fee));
                }
            }
            Payload::DayClosed { day } => self.close_day(*day)?,
            Payload::Allotted { allotment } => self.growth.allot((**allotment).clone(), self.day, &self.trade.channels),
            Payload::TaskCreated { task, order } => self.work.create(*task, order, at)?,
            Payload::TaskStarted { task } => self.work.start(*task)?,
            Payload::TaskCompleted { task } => {
                let role = self.work.complete(*task)?;
                self.performance[role.index()].completed += 1;
                self.works_again(Agent::Role(role), at);
            }
            Payload::AttemptFailed { task, retry_at, .. } => self.work.attempt_failed(*task, *retry_at)?,
            Payload::TaskFailed { task, cause, .. } => {
                let role = self.work.fail(*task, *cause)?;
                let performance = &mut self.performance[role.index()];
                match cause {
                    crate::task::FailureCause::Vetoed => performance.vetoed += 1,
                    _ => performance.failed += 1,
                }
            }
            Payload::Unadvised { task, .. } => self.work.task(*task).map(drop)?,
            Payload::Proposed { proposal } => {
                self.work.propose(proposal, event.sequence)?;
                if proposal.reviews.is_none() {
                    self.works_again(Agent::Role(proposal.role), at);
                }
            }
            Payload::Opined { proposal, digest, opinion } => self.work.opine(*proposal, digest, *opinion)?,
            Payload::Reviewed { proposal, verdict, expires_at, .. } => {
                self.review(*proposal, verdict, *expires_at)?;
                self.works_again(Agent::Oversight, at);
            }
            Payload::Answered { proposal, approve, .. } => {
                if *approve {
                    self.work.set_stage(*proposal, Stage::Approved { answered: true, attempt: 0 })?;
                } else {
                    self.work.close(*proposal, Closed::Vetoed)?;
                }
            }
            Payload::Withdrawn { proposal, .. } => self.work.close(*proposal, Closed::Vetoed)?,
            Payload::Intended { proposal, attempt, key, hold, recovery, .. } => {
                let before = &self.work.proposal(*proposal)?.stage;
                let (answered, unsure) = (before.was_answered(), before.held_before().is_some());
                if let Some(before) = before.held_before() {
                    self.books.settle(before, &before.released());
                }
                self.books.hold(hold);
                let stage = Stage::Held { answered, attempt: *attempt, key: key.clone(), hold: *hold, recovery: *recovery, unsure };
                self.work.set_stage(*proposal, stage)?;
            }
            Payload::Settled { proposal, outcome, cost } => self.settle(*proposal, outcome, cost, at)?,
            Payload::Overrun { .. } => {}
            Payload::Doubted { proposal, .. } => {
                let hold = *self
                    .work
                    .proposal(*proposal)?
                    .stage
                    .held_before()
                    .ok_or_else(|| format!("{proposal} does not wait for another try"))?;
                self.work.doubt(*proposal, hold)?;
            }
            Payload::DoubtResolved { proposal, happened } => self.resolve_doubt(*proposal, *happened)?,
            Payload::BudgetReached { resource, window, percent } => self.books.alert(*resource, *window, *percent)?,
            Payload::CapsSet { caps } => self.books.set_caps(**caps),
            Payload::AutonomySet { kind: None, level } => self.autonomy.base = level.ok_or("the business has some level")?,
            Payload::AutonomySet { kind: Some(kind), level: Some(level) } => drop(self.autonomy.by_kind.insert(*kind, *level)),
            Payload::AutonomySet { kind: Some(kind), level: None } => drop(self.autonomy.by_kind.remove(kind)),
            Payload::Delegated { name, delegation: Some(delegation) } => drop(self.delegates.insert(name.clone(), delegation.clone())),
            Payload::Delegated { name, delegation: None } => drop(self.delegates.remove(name)),
            Payload::Paused { reason, .. } if self.status == Status::Active => self.status = Status::Paused { reason: reason.clone() },
            Payload::Resumed { .. } if matches!(self.status, Status::Paused { .. }) => self.status = Status::Active,
            Payload::Paused { .. } | Payload::Resumed { .. } => return Err(format!("the business is {}", self.status.as_str())),
            Payload::AgentFailed { agent, restart_at, .. } => {
                let entry = self.down.entry(*agent).or_insert((0, Down { restart_at: *restart_at }));
                *entry = (entry.0 + 1, Down { restart_at: *restart_at });
                if let Agent::Role(role) = agent {
                    self.performance[role.index()].crashes += 1;
                }
            }
            Payload::Ended { .. } if self.status.is_over() => return Err(format!("the business is {}", self.status.as_str())),
            Payload::Ended { completed, .. } => self.status = if *completed { Status::Completed } else { Status::Stopped },
        }
        Ok(())
    }

    fn fork(&mut self, change: &Change) -> Result<(), String> {
        if !self.spec.world.is_simulated() {
            return Err("only a simulated business is forked".to_owned());
        }
        change.check()?;
        if let Some(price) = change.price {
            self.trade.price = price;
            self.growth.keep_price(price);
        }
        if change.strategy.is_some() || change.charter.is_some() {
            let spec = Arc::make_mut(&mut self.spec);
            spec.strategy = change.strategy.clone().unwrap_or_else(|| spec.strategy.clone());
            spec.versions.charter = change.charter.clone().unwrap_or_else(|| spec.versions.charter.clone());
        }
        self.growth.scale(&change.channels);
        Ok(())
    }

    fn review(&mut self, proposal: ProposalId, verdict: &Verdict, expires_at: Option<Timestamp>) -> Result<(), String> {
        self.rulings.reviewed += 1;
        match verdict.ruling {
            Ruling::Approve => {
                self.rulings.approved += 1;
                return self.work.set_stage(proposal, Stage::Approved { answered: false, attempt: 0 });
            }
            Ruling::Escalate => {
                self.rulings.escalated += 1;
                let expires_at = expires_at.ok_or("an escalation has an expiry")?;
                self.work.set_stage(proposal, Stage::Waiting { expires_at, rules: verdict.rules.clone() })?;
            }
            Ruling::Veto => {
                self.rulings.vetoed += 1;
                self.work.close(proposal, Closed::Vetoed)?;
            }
        }
        for rule in &verdict.rules {
            *self.rulings.by_rule.entry(rule.clone()).or_default() += 1;
        }
        Ok(())
    }

    fn settle(&mut self, id: ProposalId, outcome: &Outcome, cost: &crate::action::Cost, at: Timestamp) -> Result<(), String> {
        let open = self.work.proposal(id)?;
        let Stage::Held { answered, attempt, hold, .. } = &open.stage else {
            return Err(format!("{id} holds nothing that could be settled"));
        };
        let (answered, attempt, hold) = (*answered, *attempt, *hold);
        match outcome {
            Outcome::Done { receipt } => {
                let action = open.proposal.action.clone();
                self.books.settle(&hold, cost);
                self.receive_receipt(&action, receipt, at)?;
                if let Receipt::ModelAnswer(answer) = receipt {
                    self.work.answer(id, answer.text.clone())?;
                }
                self.work.close(id, Closed::Settled)?;
            }
            Outcome::Failed { retry_at, .. } | Outcome::Lost { retry_at, .. } => {
                self.books.settle(&hold, cost);
                match retry_at {
                    Some(at) => self.work.set_stage(id, Stage::Retry { answered, attempt, at: *at })?,
                    None => self.work.close(id, Closed::Failed)?,
                }
            }
            Outcome::Unanswered { retry_at, .. } => {
                self.work.set_stage(id, Stage::Unanswered { answered, attempt, at: *retry_at, hold })?;
            }
            Outcome::InDoubt { .. } => self.work.doubt(id, hold)?,
            Outcome::Released { .. } => {
                self.books.settle(&hold, cost);
                self.work.set_stage(id, Stage::Approved { answered, attempt })?;
            }
        }
        Ok(())
    }

    fn receive_receipt(&mut self, action: &Action, receipt: &Receipt, at: Timestamp) -> Result<(), String> {
        if let (Action::CollectPayment(_) | Action::RefundPayment(_), Receipt::PaymentReceipt(payment)) = (action, receipt) {
            let simulated = self.spec.world.is_simulated();
            if payment.amount.is_simulated() != simulated {
                return Err("simulated and real money do not mix".to_owned());
            }
            if matches!(action, Action::CollectPayment(_)) {
                self.books.earn(payment.amount);
            }
        }
        self.trade.settled(action, receipt, at)
    }

    fn resolve_doubt(&mut self, id: ProposalId, happened: bool) -> Result<(), String> {
        let (action, hold) = self.work.resolve_doubt(id)?;
        let cost = if happened { hold } else { hold.released() };
        self.books.settle(&hold, &cost);
        if happened {
            self.trade.settled(&action, &Receipt::ShadowReceipt(crate::receipt::ShadowReceipt { note: String::new() }), self.now)
        } else {
            Ok(())
        }
    }

    fn close_day(&mut self, day: u32) -> Result<(), String> {
        if day != self.day {
            return Err(format!("day {} is the one that runs", self.day));
        }
        let totals = self.task_totals();
        let book = self.books.of_world();
        self.history.push(DayRow {
            day,
            at: self.now,
            revenue: book.revenue,
            spent: book.spent,
            customers: self.trade.customers,
            leads: self.trade.leads,
            qualified: self.trade.qualified,
            tasks_completed: totals.completed,
            tasks_failed: totals.failed + totals.vetoed,
            tasks_open: u32::try_from(self.work.open_tasks()).unwrap_or(u32::MAX),
        });
        if self.history.len() > MAX_HISTORY_DAYS {
            self.history.remove(0);
        }
        let zone = time::zone(&self.spec.zone).unwrap_or(jiff::tz::TimeZone::UTC);
        if self.now.month_in(&zone) != self.day_started_at.month_in(&zone) {
            self.books.new_month();
        }
        self.day += 1;
        self.day_started_at = self.now;
        self.books.new_day();
        self.work.new_day();
        Ok(())
    }

    /// Tasks that ended, over all roles.
    pub fn task_totals(&self) -> Performance {
        self.performance.iter().fold(Performance::default(), |sum, role| Performance {
            completed: sum.completed + role.completed,
            failed: sum.failed + role.failed,
            vetoed: sum.vetoed + role.vetoed,
            crashes: sum.crashes + role.crashes,
        })
    }

    /// An agent that was started again and has done something since has come to the end of its failures in a row.
    fn works_again(&mut self, agent: Agent, now: Timestamp) {
        if !self.is_down(agent, now) {
            self.down.remove(&agent);
        }
    }

    /// Whether an agent is down at `now`.
    pub fn is_down(&self, agent: Agent, now: Timestamp) -> bool {
        self.down.get(&agent).is_some_and(|(_, down)| down.restart_at > now)
    }

    /// How a role did.
    pub fn performance_of(&self, role: Role) -> &Performance {
        &self.performance[role.index()]
    }

    /// The id that the next task gets.
    pub fn next_task(&self) -> TaskId {
        TaskId::new(self.work.next_task)
    }
}

fn misfit(event: &Event, reason: impl Into<String>) -> Misfit {
    Misfit { sequence: event.sequence, payload: event.payload.name(), reason: reason.into() }
}
