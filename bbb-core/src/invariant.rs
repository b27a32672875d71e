//! The promises of the engine as checks on a journal: what must hold for every journal, however it came about.
//!
//! Tests run these after every random run and every crash; `bbb journal verify` runs them on what it is given.

use std::collections::BTreeMap;

use crate::action::{Action, Cost, Digest};
use crate::budget::{Resource, Window};
use crate::event::{Event, Outcome, Payload, Recovery};
use crate::id::{BusinessId, ProposalId, TaskId};
use crate::oversight::reviewer::Opinion;
use crate::oversight::verdict::Ruling;
use crate::state::{Misfit, State};
use crate::task::{Acceptance, Task};

/// A promise that a journal breaks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Violation {
    /// The events do not fit together.
    #[error(transparent)]
    Misfit(#[from] Misfit),
    /// An effect began without an earlier approval of exactly this content.
    #[error("event {sequence}: {proposal} began without an approval of its content")]
    Unapproved {
        /// The event.
        sequence: u64,
        /// The effect.
        proposal: ProposalId,
    },
    /// A text left although the business has a reviewer that gave no opinion on it, vetoed it, or asked for an owner who did not say yes.
    #[error("event {sequence}: the text of {proposal} left without its review, or against it")]
    Unread {
        /// The event.
        sequence: u64,
        /// The effect.
        proposal: ProposalId,
    },
    /// An effect began while the business was not active.
    #[error("event {sequence}: {proposal} began while the business was not active")]
    Inactive {
        /// The event.
        sequence: u64,
        /// The effect.
        proposal: ProposalId,
    },
    /// An effect began again although it may have happened.
    #[error("event {sequence}: {proposal} began again although it may have happened")]
    Repeated {
        /// The event.
        sequence: u64,
        /// The effect.
        proposal: ProposalId,
    },
    /// An effect that may have happened was settled as one that did not.
    #[error("event {sequence}: {proposal} may have happened, and was settled as if it had not")]
    Forgotten {
        /// The event.
        sequence: u64,
        /// The effect.
        proposal: ProposalId,
    },
    /// More was spent and held than a cap allows.
    #[error("event {sequence}: {what} is at {amount}, over its cap of {cap}")]
    OverCap {
        /// The event.
        sequence: u64,
        /// Which cap.
        what: String,
        /// Spent and held.
        amount: String,
        /// The cap.
        cap: String,
    },
    /// A task was completed whose acceptance condition did not hold.
    #[error("event {sequence}: {task} was completed, and what it is accepted by had not happened")]
    Unaccepted {
        /// The event.
        sequence: u64,
        /// The task.
        task: TaskId,
    },
    /// Oversight's counts do not add up.
    #[error("oversight reviewed {reviewed} proposals, but its rulings add up to {sum}")]
    Counts {
        /// Proposals reviewed.
        reviewed: u64,
        /// The sum of approvals, vetoes and escalations.
        sum: u64,
    },
}

/// What is known of one proposal.
struct Known {
    digest: Digest,
    approved: bool,
    /// Whether it is a text that a reviewer must have read.
    read: bool,
    opinion: Option<Opinion>,
    /// Whether its owner, or who stands for the owner, said yes.
    answered: bool,
    /// Set while the effect may be under way, and for good once it has or may have happened.
    begun: Option<Begun>,
    /// Whether an attempt went unanswered: then only a receipt or its owner may say what happened.
    unsure: bool,
    key: Option<String>,
}

#[derive(PartialEq)]
enum Begun {
    UnderWay(Recovery),
    MayHaveHappened,
}

/// Checks a whole journal; returns its state.
///
/// # Errors
/// The first promise that it breaks.
pub fn check(events: &[Event]) -> Result<Option<State>, Violation> {
    let Some((first, rest)) = events.split_first() else { return Ok(None) };
    let mut state = State::launch(BusinessId::from_bytes([0; 8]), first)?;
    let mut known: BTreeMap<ProposalId, Known> = BTreeMap::new();
    for event in rest {
        check_event(event, &state, &mut known)?;
        state.apply(event)?;
        check_caps(event, &state)?;
    }
    let rulings = &state.rulings;
    let sum = rulings.approved + rulings.vetoed + rulings.escalated;
    if rulings.reviewed != sum {
        return Err(Violation::Counts { reviewed: rulings.reviewed, sum });
    }
    Ok(Some(state))
}

fn check_event(event: &Event, state: &State, known: &mut BTreeMap<ProposalId, Known>) -> Result<(), Violation> {
    let sequence = event.sequence;
    match &event.payload {
        Payload::Proposed { proposal } => {
            let digest = proposal.action.digest();
            let read = state.spec.reviewer.is_some() && proposal.action.kind().sends_text();
            let (approved, opinion, answered, begun, unsure, key) = (false, None, false, None, false, None);
            known.insert(proposal.id, Known { digest, approved, read, opinion, answered, begun, unsure, key });
        }
        Payload::Opined { proposal, digest, opinion } => {
            if let Some(entry) = known.get_mut(proposal).filter(|entry| entry.digest == *digest) {
                entry.opinion = Some(*opinion);
            }
        }
        Payload::Reviewed { proposal, digest, verdict, .. } => {
            approve(known, *proposal, digest, verdict.ruling == Ruling::Approve && !verdict.rules.is_empty());
        }
        Payload::Answered { proposal, digest, approve: yes, .. } => {
            approve(known, *proposal, digest, *yes);
            if let Some(entry) = known.get_mut(proposal) {
                entry.answered |= *yes && entry.digest == *digest;
            }
        }
        Payload::Withdrawn { proposal, .. } => match known.remove(proposal) {
            Some(entry) if entry.unsure => return Err(Violation::Forgotten { sequence, proposal: *proposal }),
            _ => {}
        },
        Payload::Intended { proposal, digest, recovery, key, .. } => {
            let entry = known.get_mut(proposal).filter(|entry| entry.approved && entry.digest == *digest);
            let entry = entry.ok_or(Violation::Unapproved { sequence, proposal: *proposal })?;
            if state.status != crate::state::Status::Active {
                return Err(Violation::Inactive { sequence, proposal: *proposal });
            }
            let may_leave = match entry.opinion {
                _ if !entry.read => true,
                Some(Opinion::Ok { .. }) => true,
                Some(Opinion::Escalate { .. } | Opinion::Silent { .. }) => entry.answered,
                Some(Opinion::Veto { .. }) | None => false,
            };
            if !may_leave {
                return Err(Violation::Unread { sequence, proposal: *proposal });
            }
            let other_key = entry.key.as_ref().is_some_and(|earlier| earlier != key);
            if entry.begun.is_some() || other_key {
                return Err(Violation::Repeated { sequence, proposal: *proposal });
            }
            entry.begun = Some(Begun::UnderWay(*recovery));
            entry.key = Some(key.clone());
        }
        Payload::Settled { proposal, outcome, .. } => {
            let entry = known.get_mut(proposal).ok_or(Violation::Unapproved { sequence, proposal: *proposal })?;
            let Some(Begun::UnderWay(recovery)) = entry.begun else {
                return Err(Violation::Unapproved { sequence, proposal: *proposal });
            };
            entry.begun = match outcome {
                Outcome::Failed { .. } | Outcome::Released { .. } if entry.unsure => {
                    return Err(Violation::Forgotten { sequence, proposal: *proposal });
                }
                Outcome::Failed { .. } | Outcome::Released { .. } => None,
                Outcome::Unanswered { .. } if recovery == Recovery::Idempotent => None,
                Outcome::Lost { .. } if recovery == Recovery::Repeatable => None,
                Outcome::Done { .. } | Outcome::InDoubt { .. } | Outcome::Unanswered { .. } | Outcome::Lost { .. } => {
                    Some(Begun::MayHaveHappened)
                }
            };
            entry.unsure |= matches!(outcome, Outcome::Unanswered { .. });
        }
        Payload::TaskCompleted { task } => {
            // A task that is not open is a misfit, which the fold finds. A plan is adopted at once or not at all.
            let judged = |task: &&Task| task.order.acceptance != Acceptance::Planned && !task.is_accepted();
            if state.work.tasks.get(task).filter(judged).is_some() {
                return Err(Violation::Unaccepted { sequence, task: *task });
            }
        }
        _ => {}
    }
    Ok(())
}

fn approve(known: &mut BTreeMap<ProposalId, Known>, proposal: ProposalId, digest: &Digest, yes: bool) {
    if let Some(entry) = known.get_mut(&proposal) {
        entry.approved |= yes && entry.digest == *digest;
    }
}

/// After an intent, nothing may be over its cap; an overrun, which only a provider can cause, is journaled and so is not looked for.
fn check_caps(event: &Event, state: &State) -> Result<(), Violation> {
    let Payload::Intended { hold, proposal, .. } = &event.payload else { return Ok(()) };
    let sequence = event.sequence;
    let over = |what, amount: String, cap: String| Err(Violation::OverCap { sequence, what, amount, cap });
    for resource in Resource::ALL.into_iter().filter(|resource| resource.taken_by(hold) > 0) {
        for window in Window::ALL {
            let used = if window == Window::Action { resource.taken_by(hold) } else { state.books.usage(resource).over(window) };
            let cap = state.books.caps.of(resource, window);
            if used > cap {
                return over(format!("{} over {window}", resource.as_str()), resource.show(used), resource.show(cap));
            }
        }
    }
    let worst = state.work.proposals.get(proposal).map(|open| worst_case(&open.proposal.action, state));
    match worst.filter(|worst| worst.money.cents() > hold.money.cents()) {
        Some(worst) => over("hold".to_owned(), worst.money.to_string(), hold.money.to_string()),
        None => Ok(()),
    }
}

fn worst_case(action: &Action, state: &State) -> Cost {
    action.worst_case(state.spec.world.is_simulated())
}
