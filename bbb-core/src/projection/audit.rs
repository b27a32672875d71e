//! The audit: every proposal, with what oversight and the owner said and what came of it.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Price, as_text};
use crate::action::{ActionKind, Cost, Digest};
use crate::event::{By, Event, Outcome, Payload, Proposal};
use crate::id::{ProposalId, TaskId};
use crate::oversight::verdict::{Ruling, Verdict};
use crate::projection::timeline::asked;
use crate::role::Role;
use crate::time::Timestamp;

/// A proposal and its fate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AuditRow {
    /// Its name.
    #[serde(serialize_with = "as_text")]
    pub proposal: ProposalId,
    /// The task that it serves.
    #[serde(serialize_with = "as_text")]
    pub task: TaskId,
    /// Who proposed it.
    pub role: Role,
    /// What kind of action it is.
    pub kind: ActionKind,
    /// What it would do, in a few words and without personal text.
    pub what: String,
    /// When it was proposed.
    #[serde(serialize_with = "as_text")]
    pub at: Timestamp,
    /// How sure the role was, in percent.
    pub confidence: u8,
    /// Why, for people.
    pub rationale: String,
    /// The digest of the content that was judged.
    pub digest: Digest,
    /// Oversight's answers in order: the first, and the one that took an approval back.
    pub verdicts: Vec<Verdict>,
    /// The answer to an escalation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer: Option<Answer>,
    /// Attempts to carry it out.
    pub attempts: u32,
    /// What the newest attempt held.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hold: Option<Price>,
    /// Where it stands, or how it ended.
    pub outcome: Ended,
    /// Why it ended so, for people.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// What all its attempts cost in fact; absent before the first has ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost: Option<Price>,
    /// When it last changed.
    #[serde(serialize_with = "as_text")]
    pub changed_at: Timestamp,
}

/// An answer to an escalation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Answer {
    /// By whom.
    pub by: By,
    /// True for yes.
    pub approve: bool,
    /// Why, for people.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

/// Where a proposal stands, or how it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    /// Not reviewed yet.
    Proposed,
    /// Waits for the owner.
    Waiting,
    /// Approved, and not under way.
    Approved,
    /// Vetoed by oversight.
    Vetoed,
    /// Refused by the owner, or by time.
    Refused,
    /// Approved, and taken back before it began.
    Withdrawn,
    /// Under way.
    Begun,
    /// It happened.
    Done,
    /// It did not happen; there may be another attempt.
    Failed,
    /// It was lost, and its hold is spent; there may be another attempt.
    Lost,
    /// Nobody knows yet: it is tried again under the same key.
    Unanswered,
    /// Nobody knows.
    InDoubt,
    /// It was in doubt, and the owner says that it happened.
    ResolvedDone,
    /// It was in doubt, and the owner says that it did not happen.
    ResolvedFailed,
}

impl Ended {
    /// The name in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Ended::Proposed => "proposed",
            Ended::Waiting => "waiting",
            Ended::Approved => "approved",
            Ended::Vetoed => "vetoed",
            Ended::Refused => "refused",
            Ended::Withdrawn => "withdrawn",
            Ended::Begun => "begun",
            Ended::Done => "done",
            Ended::Failed => "failed",
            Ended::Lost => "lost",
            Ended::Unanswered => "unanswered",
            Ended::InDoubt => "in_doubt",
            Ended::ResolvedDone => "resolved_done",
            Ended::ResolvedFailed => "resolved_failed",
        }
    }

    /// Whether it was kept from happening: by oversight, by the owner, or by time.
    pub const fn is_refused(self) -> bool {
        matches!(self, Ended::Vetoed | Ended::Refused | Ended::Withdrawn)
    }
}

impl AuditRow {
    fn add(&mut self, cost: Price) {
        self.cost = Some(self.cost.map_or(cost, |sum| sum.plus(cost)));
    }
}

/// Every proposal of a journal, in the order in which they were made.
pub fn audit<'a>(events: impl IntoIterator<Item = &'a Event>) -> Vec<AuditRow> {
    let mut rows: BTreeMap<ProposalId, AuditRow> = BTreeMap::new();
    for event in events {
        if let Payload::Proposed { proposal } = &event.payload {
            rows.insert(proposal.id, proposed(proposal, event.at));
        } else if let Some(id) = subject(&event.payload)
            && let Some(row) = rows.get_mut(&id)
        {
            row.changed_at = event.at;
            follow(row, &event.payload);
        }
    }
    rows.into_values().collect()
}

/// How many proposals stand or ended how.
pub fn outcomes(rows: &[AuditRow]) -> BTreeMap<Ended, u64> {
    let mut counts = BTreeMap::new();
    for row in rows {
        *counts.entry(row.outcome).or_default() += 1;
    }
    counts
}

fn proposed(proposal: &Proposal, at: Timestamp) -> AuditRow {
    AuditRow {
        proposal: proposal.id,
        task: proposal.task,
        role: proposal.role,
        kind: proposal.action.kind(),
        what: asked(&proposal.action),
        at,
        confidence: proposal.confidence,
        rationale: proposal.rationale.clone(),
        digest: proposal.action.digest(),
        verdicts: Vec::new(),
        answer: None,
        attempts: 0,
        hold: None,
        outcome: Ended::Proposed,
        reason: String::new(),
        cost: None,
        changed_at: at,
    }
}

/// The proposal that an event is about.
fn subject(payload: &Payload) -> Option<ProposalId> {
    match payload {
        Payload::Reviewed { proposal, .. }
        | Payload::Answered { proposal, .. }
        | Payload::Withdrawn { proposal, .. }
        | Payload::Intended { proposal, .. }
        | Payload::Settled { proposal, .. }
        | Payload::Doubted { proposal, .. }
        | Payload::DoubtResolved { proposal, .. } => Some(*proposal),
        _ => None,
    }
}

fn follow(row: &mut AuditRow, payload: &Payload) {
    match payload {
        Payload::Reviewed { verdict, .. } => {
            row.outcome = match verdict.ruling {
                Ruling::Approve => Ended::Approved,
                Ruling::Escalate => Ended::Waiting,
                Ruling::Veto => Ended::Vetoed,
            };
            row.reason.clone_from(&verdict.note);
            row.verdicts.push(verdict.clone());
        }
        Payload::Answered { by, approve, reason, .. } => {
            row.outcome = if *approve { Ended::Approved } else { Ended::Refused };
            row.answer = Some(Answer { by: by.clone(), approve: *approve, reason: reason.clone() });
        }
        Payload::Withdrawn { verdict, .. } => {
            row.outcome = Ended::Withdrawn;
            row.reason.clone_from(&verdict.note);
            row.verdicts.push(verdict.clone());
        }
        Payload::Intended { attempt, hold, .. } => {
            (row.attempts, row.hold, row.outcome) = (*attempt, Some((*hold).into()), Ended::Begun);
            // What an earlier attempt ended with is not why this one is under way.
            row.reason.clear();
        }
        Payload::Settled { outcome, cost, .. } => settled(row, outcome, cost),
        Payload::Doubted { reason, .. } => {
            row.outcome = Ended::InDoubt;
            row.reason.clone_from(reason);
        }
        Payload::DoubtResolved { happened, .. } => {
            row.outcome = if *happened { Ended::ResolvedDone } else { Ended::ResolvedFailed };
            if let (true, Some(hold)) = (*happened, row.hold) {
                row.add(hold);
            }
        }
        _ => {}
    }
}

fn settled(row: &mut AuditRow, outcome: &Outcome, cost: &Cost) {
    let (ended, reason) = match outcome {
        Outcome::Done { .. } => (Ended::Done, ""),
        Outcome::Failed { reason, .. } => (Ended::Failed, reason.as_str()),
        Outcome::Unanswered { reason, .. } => (Ended::Unanswered, reason.as_str()),
        Outcome::InDoubt { reason } => (Ended::InDoubt, reason.as_str()),
        Outcome::Lost { reason, .. } => (Ended::Lost, reason.as_str()),
        Outcome::Released { reason } => (Ended::Approved, reason.as_str()),
    };
    row.outcome = ended;
    reason.clone_into(&mut row.reason);
    if !outcome.keeps_hold() {
        row.add((*cost).into());
    }
}
