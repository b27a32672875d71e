//! A recording: what a business once observed, told again without whatever told it first.
//!
//! A simulated business that runs on a recording of its own journal meets no market and no owner, only their recorded receipts, signals and answers. If it ends with
//! the same journal, then nothing but those observations can have entered its decisions.

use std::collections::BTreeMap;

use bbb_core::event::{By, Event, Outcome, Payload, Signal};
use bbb_core::id::ProposalId;
use bbb_core::market;
use bbb_core::oversight::permit::Grant;
use bbb_core::port::Failure;
use bbb_core::receipt::Receipt;
use bbb_core::state::State;
use bbb_core::state::work::Stage;
use bbb_core::time::Timestamp;

/// The observations of one journal.
#[derive(Debug, Clone, Default)]
pub struct Recording {
    /// How each attempt at an effect ended.
    answers: BTreeMap<(ProposalId, u32), Result<Receipt, Failure>>,
    /// What arrived from the market during each day.
    days: BTreeMap<u32, Vec<Signal>>,
    /// What the simulated owner answered, and when.
    owner: BTreeMap<ProposalId, (Timestamp, bool, String)>,
}

impl Recording {
    /// The observations in these events, from the first one on.
    pub fn of(events: &[Event]) -> Recording {
        let mut recording = Recording::default();
        let (mut attempts, mut day) = (BTreeMap::new(), 0);
        for event in events {
            match &event.payload {
                Payload::Received { source, signal, .. } if source == market::SOURCE => {
                    recording.days.entry(day).or_default().push(signal.clone());
                }
                Payload::DayClosed { .. } => day += 1,
                Payload::Intended { proposal, attempt, .. } => drop(attempts.insert(*proposal, *attempt)),
                Payload::Settled { proposal, outcome, .. } => {
                    let answer = match outcome {
                        Outcome::Done { receipt } => Ok(receipt.clone()),
                        Outcome::Failed { reason, retry_at: Some(_) } => Err(Failure::Temporary(reason.clone())),
                        Outcome::Failed { reason, retry_at: None } => Err(Failure::Permanent(reason.clone())),
                        // A simulated adapter answers, or does not begin.
                        _ => continue,
                    };
                    recording.answers.insert((*proposal, attempts.get(proposal).copied().unwrap_or(1)), answer);
                }
                Payload::Answered { proposal, by: By::SimulatedOwner, approve, reason, .. } => {
                    recording.owner.insert(*proposal, (event.at, *approve, reason.clone()));
                }
                _ => {}
            }
        }
        recording
    }

    /// How this attempt ended.
    pub(crate) fn perform(&self, grant: &Grant) -> Result<Receipt, Failure> {
        let unknown = || Err(Failure::Permanent("the recording has no such effect".to_owned()));
        self.answers.get(&(grant.proposal, grant.attempt)).cloned().unwrap_or_else(unknown)
    }

    /// What arrived during a day.
    pub(crate) fn end_of_day(&self, day: u32) -> Vec<Signal> {
        self.days.get(&day).cloned().unwrap_or_default()
    }

    /// What the owner answers to what waits.
    pub(crate) fn owner_answers(&self, state: &State) -> Vec<(Timestamp, ProposalId, bool, String)> {
        let waiting = state.work.proposals.iter().filter(|(_, open)| matches!(open.stage, Stage::Waiting { .. }));
        let answered = waiting.filter_map(|(id, _)| self.owner.get(id).map(|(at, approve, reason)| (*at, *id, *approve, reason.clone())));
        let mut answers: Vec<_> = answered.collect();
        answers.sort_by_key(|(at, id, ..)| (*at, *id));
        answers
    }
}
