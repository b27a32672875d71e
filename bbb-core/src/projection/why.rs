//! Why: everything that led to one proposal and what came of it, from the business's goal to the cost.

use std::collections::BTreeMap;

use serde::Serialize;

use super::audit::{Answer, AuditRow, Ended, audit};
use super::tasks::{TaskRow, tasks};
use super::timeline::what;
use super::{Price, as_text, as_text_or_null, as_texts};
use crate::action::{Action, ActionKind, Digest};
use crate::blueprint::Origin;
use crate::event::{Event, Outcome, Payload, Recovery};
use crate::id::{ProposalId, TaskId};
use crate::oversight::charter::Charter;
use crate::oversight::reviewer::{self, Opinion};
use crate::oversight::verdict::{RuleId, Ruling, Verdict};
use crate::role::Role;
use crate::spec::{Spec, WorldKind};
use crate::task::TaskKind;
use crate::time::Timestamp;

/// The most tasks of which the way back is told.
const MAX_PARENTS: usize = 32;

/// The chain from the goal to the result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Why {
    /// What the business is for.
    pub goal: Goal,
    /// What made the task.
    pub plan: Plan,
    /// The task that the proposal serves.
    pub task: TaskRow,
    /// Tasks that had to be completed before it, and before those, nearest first.
    pub parents: Vec<TaskRow>,
    /// What was proposed.
    pub proposal: Proposed,
    /// What the reviewer says of its text, where the business has one and the text came that far.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub opinion: Option<Opined>,
    /// Oversight's answers, in order.
    pub verdicts: Vec<Judged>,
    /// The answer of the owner, or of time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer: Option<Answer>,
    /// Attempts to carry it out.
    pub attempts: Vec<Attempt>,
    /// Where it stands, or how it ended.
    pub outcome: Ended,
    /// Why it ended so, for people.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// When there is another attempt, where the newest one came to nothing for now.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "as_text_or_null")]
    pub retry_at: Option<Timestamp>,
    /// Earlier proposals of the same effect for the same task, each over before the next was made; oldest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub before: Vec<Try>,
    /// Later ones: that this proposal failed need not be the last word.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<Try>,
    /// What it cost in all; absent before the first attempt has ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost: Option<Price>,
}

/// What a business is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Goal {
    /// The founder's own words, where it was launched from a concept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub concept: Option<String>,
    /// Its blueprint.
    pub blueprint: String,
    /// What it does and how it earns.
    pub description: String,
    /// Its world.
    pub world: WorldKind,
    /// How much it may do without asking.
    pub autonomy: u8,
    /// When it was launched.
    #[serde(serialize_with = "as_text")]
    pub launched_at: Timestamp,
}

/// What made a task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum Plan {
    /// The first plan, at the launch.
    Launch,
    /// A planning task.
    Task {
        /// Which.
        #[serde(serialize_with = "as_text")]
        task: TaskId,
        /// The business's day, counted from 1.
        day: u32,
        /// When its plan was adopted.
        #[serde(serialize_with = "as_text")]
        at: Timestamp,
        /// The event that adopted it.
        event: u64,
    },
    /// The engine itself: the day was to be planned.
    Engine {
        /// The business's day, counted from 1.
        day: u32,
    },
}

/// A proposal as it was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Proposed {
    /// Its name.
    #[serde(serialize_with = "as_text")]
    pub id: ProposalId,
    /// The event in which it was made.
    pub event: u64,
    /// When.
    #[serde(serialize_with = "as_text")]
    pub at: Timestamp,
    /// By whom.
    pub role: Role,
    /// What kind of action it is.
    pub kind: ActionKind,
    /// What it would do, without personal text.
    pub what: String,
    /// How sure the role was, in percent.
    pub confidence: u8,
    /// Why, for people.
    pub rationale: String,
    /// Why the playbook decided it without the model that the role asks otherwise; absent where it did not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unadvised: Option<String>,
    /// The digest of the content that was judged.
    pub digest: Digest,
}

/// What the reviewer says of a text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Opined {
    /// The event.
    pub event: u64,
    /// When.
    #[serde(serialize_with = "as_text")]
    pub at: Timestamp,
    /// The calls that asked it, repairs included; none where it was not asked, or has said so of the same content before.
    #[serde(serialize_with = "as_texts")]
    pub calls: Vec<ProposalId>,
    /// The opinion.
    pub opinion: Opinion,
}

/// One answer of oversight.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Judged {
    /// The event.
    pub event: u64,
    /// When.
    #[serde(serialize_with = "as_text")]
    pub at: Timestamp,
    /// What it said.
    pub ruling: Ruling,
    /// The rules that decided.
    pub rules: Vec<RuleText>,
    /// What they saw.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub note: String,
    /// Whether it was ruled under another charter than the one whose sentences these are.
    pub other_charter: bool,
}

/// A rule, with its words where it is one of the charter or the reviewer's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RuleText {
    /// Its name.
    pub rule: RuleId,
    /// What it says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sentence: Option<String>,
    /// Why it is there: a statute, a guide, or decency.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ground: Option<String>,
}

/// One attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Attempt {
    /// Counted from 1.
    pub number: u32,
    /// The event that held its cost.
    pub event: u64,
    /// When it began.
    #[serde(serialize_with = "as_text")]
    pub at: Timestamp,
    /// What was held for it.
    pub hold: Price,
    /// Under which key its provider may deduplicate.
    pub key: String,
    /// What a restart does with it.
    pub recovery: Recovery,
    /// The event that ended it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub settled: Option<u64>,
    /// When it ended.
    #[serde(serialize_with = "as_text_or_null")]
    pub ended_at: Option<Timestamp>,
    /// Its receipt or failure, without personal text; what followed, such as an overrun or the owner's word about a doubt, comes after it.
    pub results: Vec<String>,
}

/// Another proposal of the same effect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Try {
    /// Its name.
    #[serde(serialize_with = "as_text")]
    pub proposal: ProposalId,
    /// The event in which it was made.
    pub event: u64,
    /// When.
    #[serde(serialize_with = "as_text")]
    pub at: Timestamp,
    /// Where it stands, or how it ended.
    pub outcome: Ended,
    /// Why it ended so, for people.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

/// There is nothing to tell.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unknown {
    /// No such proposal.
    #[error("{0} was never proposed: {1}")]
    Proposal(ProposalId, String),
    /// The journal has no beginning, or its proposal no task.
    #[error("the journal does not tell: {0}")]
    Incomplete(&'static str),
}

/// What led to a proposal, from a whole journal. `charter` gives the rules' sentences.
///
/// # Errors
/// [`Unknown`].
pub fn why(events: &[Event], id: ProposalId, charter: &Charter) -> Result<Why, Unknown> {
    let Some(Event { payload: Payload::Launched { spec, .. }, at, .. }) = events.first() else {
        return Err(Unknown::Incomplete("it does not begin with a launch"));
    };
    let mut rows = audit(events);
    let (before, after) = tries(events, &rows, id);
    let Some(row) = rows.iter().position(|row| row.proposal == id).map(|index| rows.swap_remove(index)) else {
        let newest = rows.iter().map(|row| row.proposal).max();
        let known = newest.map_or("nothing was proposed yet".to_owned(), |newest| format!("the newest proposal is {newest}"));
        return Err(Unknown::Proposal(id, known));
    };
    let tasks = tasks(events);
    let find = |id: TaskId| tasks.binary_search_by_key(&id, |task| task.id).ok().map(|index| tasks[index].clone());
    let task = find(row.task).ok_or(Unknown::Incomplete("the proposal's task was never created"))?;
    let mut parents: Vec<TaskRow> = Vec::new();
    let mut open: Vec<TaskId> = task.depends_on.clone();
    while let Some(next) = (!open.is_empty()).then(|| open.remove(0))
        && parents.len() < MAX_PARENTS
    {
        if let Some(parent) = find(next).filter(|parent| parents.iter().all(|known| known.id != parent.id)) {
            open.extend(&parent.depends_on);
            parents.push(parent);
        }
    }
    let Told { verdicts, attempts, event, opinion, retry_at, .. } = told(events, id, charter, spec);
    let plan = plan(events, task.id, &tasks);
    let AuditRow { role, kind, what, at: proposed_at, confidence, rationale, digest, answer, outcome, reason, cost, .. } = row;
    let unadvised = unadvised(events, task.id, event);
    let proposal = Proposed { id, event, at: proposed_at, role, kind, what, confidence, rationale, unadvised, digest };
    Ok(Why {
        goal: goal(spec, *at),
        plan,
        task,
        parents,
        proposal,
        opinion,
        verdicts,
        answer,
        attempts,
        outcome,
        reason,
        retry_at,
        before,
        after,
        cost,
    })
}

/// The other proposals of the same effect for the same task: those that were over when this one was made, and those that were made when it was over.
fn tries(events: &[Event], rows: &[AuditRow], id: ProposalId) -> (Vec<Try>, Vec<Try>) {
    let made: BTreeMap<ProposalId, (u64, TaskId, &Action)> = events
        .iter()
        .filter_map(|event| match &event.payload {
            Payload::Proposed { proposal } => Some((proposal.id, (event.sequence, proposal.task, &proposal.action))),
            _ => None,
        })
        .collect();
    let Some((this_made, task, action)) = made.get(&id) else { return (Vec::new(), Vec::new()) };
    let over_at = |of: ProposalId| events.iter().rfind(|event| ends(&event.payload, of)).map(|event| event.sequence);
    let this_over = over_at(id);
    let (mut before, mut after) = (Vec::new(), Vec::new());
    for row in rows.iter().filter(|row| row.proposal != id && row.task == *task && row.kind == action.kind()) {
        let Some((event, ..)) = made.get(&row.proposal).filter(|(_, _, other)| same_effect(action, other)) else { continue };
        let tried = Try { proposal: row.proposal, event: *event, at: row.at, outcome: row.outcome, reason: row.reason.clone() };
        if event < this_made && over_at(row.proposal).is_some_and(|over| over < *this_made) {
            before.push(tried);
        } else if this_over.is_some_and(|over| over < *event) {
            after.push(tried);
        }
    }
    (before, after)
}

/// Whether an event leaves a proposal without anything that is still to come by itself.
fn ends(payload: &Payload, of: ProposalId) -> bool {
    match payload {
        Payload::Reviewed { proposal, verdict, .. } => *proposal == of && verdict.ruling == Ruling::Veto,
        Payload::Answered { proposal, approve, .. } => *proposal == of && !approve,
        Payload::Withdrawn { proposal, .. } | Payload::DoubtResolved { proposal, .. } => *proposal == of,
        Payload::Settled { proposal, outcome, .. } => *proposal == of && !outcome.stays_open(),
        _ => false,
    }
}

/// Whether two actions are for the same effect, whatever words and amounts they have.
fn same_effect(one: &Action, other: &Action) -> bool {
    match (one, other) {
        (Action::PublishPost(one), Action::PublishPost(other)) => one.channel == other.channel,
        (Action::RunAds(one), Action::RunAds(other)) => one.channel == other.channel,
        (Action::SendEmail(one), Action::SendEmail(other)) => (one.contact, one.purpose) == (other.contact, other.purpose),
        (Action::DeliverOrder(one), Action::DeliverOrder(other)) => one.order == other.order,
        (Action::AnswerTicket(one), Action::AnswerTicket(other)) => one.ticket == other.ticket,
        (Action::CollectPayment(one), Action::CollectPayment(other)) => (one.order, one.installment) == (other.order, other.installment),
        (Action::RefundPayment(one), Action::RefundPayment(other)) => one.order == other.order,
        (Action::PayBill(one), Action::PayBill(other)) => one.label == other.label,
        (Action::CallModel(one), Action::CallModel(other)) => one.purpose == other.purpose,
        (one, other) => one.kind() == other.kind(),
    }
}

fn goal(spec: &Spec, launched_at: Timestamp) -> Goal {
    let concept = match &spec.origin {
        Origin::Concept { text } => Some(text.as_str().to_owned()),
        Origin::Template { .. } => None,
    };
    let (blueprint, description) = (spec.blueprint.name.clone(), spec.blueprint.description.clone());
    Goal { concept, blueprint, description, world: spec.world, autonomy: spec.autonomy.get(), launched_at }
}

/// A plan is journaled as the tasks that it makes, followed at once by the end of the planning task; the first one follows the launch.
fn plan(events: &[Event], task: TaskId, tasks: &[TaskRow]) -> Plan {
    let is_created = |event: &Event| matches!(event.payload, Payload::TaskCreated { .. });
    let place = events.iter().position(|event| matches!(event.payload, Payload::TaskCreated { task: created, .. } if created == task));
    let place = place.unwrap_or_default();
    let day = |end: usize| events[..end].iter().filter(|event| matches!(event.payload, Payload::DayClosed { .. })).count();
    let day = |end: usize| u32::try_from(day(end)).unwrap_or(u32::MAX).saturating_add(1);
    let planner = events[place..].iter().find(|event| !is_created(event));
    if let Some(Event { sequence, at, payload: Payload::TaskCompleted { task: planner }, .. }) = planner
        && tasks.iter().any(|task| task.id == *planner && task.kind == TaskKind::PlanDay)
    {
        return Plan::Task { task: *planner, day: day(place), at: *at, event: *sequence };
    }
    match events[..place].iter().rfind(|event| !is_created(event)).map(|event| &event.payload) {
        Some(Payload::Launched { .. }) | None => Plan::Launch,
        Some(_) => Plan::Engine { day: day(place) },
    }
}

#[derive(Default)]
struct Told {
    event: u64,
    calls: Vec<ProposalId>,
    opinion: Option<Opined>,
    verdicts: Vec<Judged>,
    attempts: Vec<Attempt>,
    retry_at: Option<Timestamp>,
}

/// Why the attempt at a task in which this event is was decided without its model, if it was: what the mind proposes follows that at once, at the same time.
fn unadvised(events: &[Event], task: TaskId, proposed: u64) -> Option<String> {
    let before = events.iter().rev().skip_while(|event| event.sequence >= proposed);
    let of_task = before.map(|event| &event.payload).find_map(|payload| match payload {
        Payload::Unadvised { task: other, reason } if *other == task => Some(Some(reason.clone())),
        Payload::TaskStarted { task: other } if *other == task => Some(None),
        _ => None,
    });
    of_task.flatten()
}

fn told(events: &[Event], id: ProposalId, charter: &Charter, spec: &Spec) -> Told {
    let digest = charter.digest();
    let mut ruling = spec.versions.charter.as_str();
    let mut out = Told::default();
    for event in events {
        let other_charter = ruling != digest;
        let judged =
            |verdict: &Verdict| Judged { event: event.sequence, at: event.at, other_charter, ..judged(verdict, charter, other_charter) };
        match &event.payload {
            Payload::Settled { proposal, outcome: Outcome::Failed { retry_at, .. } | Outcome::Lost { retry_at, .. }, .. }
                if *proposal == id =>
            {
                out.retry_at = *retry_at;
            }
            Payload::Settled { proposal, outcome: Outcome::Unanswered { retry_at, .. }, .. } if *proposal == id => {
                out.retry_at = Some(*retry_at);
            }
            Payload::Intended { proposal, .. } | Payload::Withdrawn { proposal, .. } | Payload::Doubted { proposal, .. }
                if *proposal == id =>
            {
                out.retry_at = None;
            }
            _ => {}
        }
        match &event.payload {
            Payload::Upgraded { versions } => ruling = &versions.charter,
            Payload::Forked { change, .. } => ruling = change.charter.as_deref().unwrap_or(ruling),
            Payload::Proposed { proposal } if proposal.id == id => out.event = event.sequence,
            Payload::Proposed { proposal } if proposal.reviews == Some(id) => out.calls.push(proposal.id),
            Payload::Opined { proposal, opinion, .. } if *proposal == id => {
                let calls = std::mem::take(&mut out.calls);
                out.opinion = Some(Opined { event: event.sequence, at: event.at, calls, opinion: *opinion });
            }
            Payload::Reviewed { proposal, verdict, .. } | Payload::Withdrawn { proposal, verdict } if *proposal == id => {
                out.verdicts.push(judged(verdict));
            }
            Payload::Intended { proposal, attempt, key, hold, recovery, .. } if *proposal == id => out.attempts.push(Attempt {
                number: *attempt,
                event: event.sequence,
                at: event.at,
                hold: (*hold).into(),
                key: key.clone(),
                recovery: *recovery,
                settled: None,
                ended_at: None,
                results: Vec::new(),
            }),
            Payload::Settled { proposal, .. }
            | Payload::Overrun { proposal, .. }
            | Payload::Doubted { proposal, .. }
            | Payload::DoubtResolved { proposal, .. }
                if *proposal == id =>
            {
                if let Some(attempt) = out.attempts.last_mut() {
                    attempt.settled.get_or_insert(event.sequence);
                    attempt.ended_at.get_or_insert(event.at);
                    let text = what(&event.payload);
                    let name = id.to_string();
                    attempt.results.push(text.strip_prefix(&name).unwrap_or(&text).trim_start_matches([' ', ':']).to_owned());
                }
            }
            _ => {}
        }
    }
    out
}

fn judged(verdict: &Verdict, charter: &Charter, other_charter: bool) -> Judged {
    let text = |rule: &RuleId| {
        let policy = rule.as_str().strip_prefix("charter.").and_then(|id| charter.policies().find(|policy| policy.id == id));
        let of_reviewer = reviewer::rules().find(|info| info.id == rule.as_str());
        let texts = policy.map(|policy| (policy.sentence, policy.ground)).or(of_reviewer.map(|info| (info.sentence, info.ground)));
        let words = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        RuleText {
            rule: rule.clone(),
            sentence: texts.and_then(|(sentence, _)| words(sentence)),
            ground: texts.and_then(|(_, ground)| words(ground)),
        }
    };
    let rules = verdict.rules.iter().map(text).collect();
    Judged { event: 0, at: Timestamp::default(), ruling: verdict.ruling, rules, note: verdict.note.clone(), other_charter }
}
