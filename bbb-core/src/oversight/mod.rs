//! Oversight: what may happen. Pure rules in layers ([`limits`], [`charter`], [`content`]) that must all agree, a [`reviewer`] that can only object, and the only place
//! where permits are made ([`permit`]).
//!
//! [`Oversight`] is what the oversight actor of a business holds. It fails closed: without it there are no permits.

pub mod charter;
pub mod content;
pub mod facts;
pub mod limits;
pub mod permit;
pub mod recheck;
pub mod reviewer;
#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) mod tests_support;
pub mod verdict;

use std::collections::BTreeMap;
use std::ops::Bound::{Excluded, Unbounded};
use std::sync::{Arc, Mutex, PoisonError};

use crate::action::{ActionKind, CallModel, Cost, Digest};
use crate::event::{Payload, Proposal, Recovery};
use crate::id::ProposalId;
use crate::journal::writer::Acknowledgement;
use crate::limits::{APPROVAL_TTL_MS, MAX_IN_FLIGHT_LIVE, MAX_IN_FLIGHT_SIMULATED, SIMULATED_APPROVAL_TTL_MS};
use crate::oversight::charter::Charter;
use crate::oversight::content::{Business, Memory};
use crate::oversight::facts::Facts;
use crate::oversight::permit::{Grant, Granted};
use crate::oversight::reviewer::Next;
use crate::oversight::verdict::{Finding, RuleId, Ruling, Verdict};
use crate::port::Ports;
use crate::round::Round;
use crate::seal::Vault;
use crate::spec::Spec;
use crate::state::work::{Open, Stage};
use crate::state::{Misfit, State, Status};
use crate::time::Timestamp;

/// The rules, and the means to apply them: one for each business.
pub struct Oversight {
    charter: Charter,
    vault: Vault,
    recovery: BTreeMap<ActionKind, Recovery>,
    /// What was read under the spec that was reviewed last.
    read: Mutex<Option<Read>>,
}

/// What is the same for all reviews under one spec.
#[derive(Clone)]
struct Read {
    spec: Arc<Spec>,
    /// What the owner's words say.
    business: Arc<Business>,
    /// What was said of texts.
    memory: Arc<Memory>,
}

/// Why an acknowledged intent got no permit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The effect that does not happen.
    pub proposal: ProposalId,
    /// Why, for people.
    pub reason: String,
}

impl Oversight {
    /// Oversight under this charter, over a business whose personal text this vault opens and whose adapters these are.
    pub fn new(charter: Charter, vault: Vault, ports: &Ports) -> Oversight {
        let recovery = ActionKind::ALL.iter().filter_map(|kind| Some((*kind, ports.recovery(*kind)?))).collect();
        Oversight { charter, vault, recovery, read: Mutex::default() }
    }

    /// What the owner's words and earlier texts say. All is read again where the state has another spec, as after a change of the owner's policies.
    fn read(&self, state: &State) -> Read {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        // A spec that is kept here cannot change in its place.
        match &*read {
            Some(known) if Arc::ptr_eq(&known.spec, &state.spec) => known.clone(),
            _ => {
                let (spec, business) = (Arc::clone(&state.spec), Arc::new(Business::of(&state.spec)));
                read.insert(Read { spec, business, memory: Arc::default() }).clone()
            }
        }
    }

    /// Reviews everything that waits for it: new proposals get their verdict, approved ones and due retries a second look and, if it still
    /// holds, their hold and intent. All of it is staged into the round, to be committed together.
    ///
    /// # Errors
    /// [`Misfit`] on a defect of the engine.
    pub fn review(&self, round: &mut Round) -> Result<(), Misfit> {
        if round.state().status != Status::Active {
            return Ok(());
        }
        // What a review itself proposes comes last, and is reviewed at once.
        let mut next = round.state().work.proposals.keys().next().copied();
        while let Some(id) = next {
            self.review_one(round, id)?;
            next = round.state().work.proposals.range((Excluded(id), Unbounded)).next().map(|(id, _)| *id);
        }
        Ok(())
    }

    fn review_one(&self, round: &mut Round, id: ProposalId) -> Result<(), Misfit> {
        if let Some(open) = round.state().work.proposals.get(&id) {
            match &open.stage {
                Stage::New if reviewer::waits(round.state(), open) => {}
                Stage::New => self.judge(round, id)?,
                Stage::Approved { answered, attempt } => self.look_again(round, id, *answered, *attempt)?,
                Stage::Retry { answered, attempt, at } | Stage::Unanswered { answered, attempt, at, .. } if *at <= round.now() => {
                    self.look_again(round, id, *answered, *attempt)?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Whether anything waits for [`Oversight::review`] at `now`.
    pub fn has_work(state: &State, now: Timestamp) -> bool {
        state.status == Status::Active
            && state.work.proposals.values().any(|open| match &open.stage {
                Stage::New => !reviewer::waits(state, open),
                Stage::Approved { .. } => may_begin(state, &open.proposal, now),
                Stage::Retry { at, .. } | Stage::Unanswered { at, .. } => *at <= now && may_begin(state, &open.proposal, now),
                _ => false,
            })
    }

    /// The first look: a verdict, and for an approval the hold and intent right with it.
    fn judge(&self, round: &mut Round, id: ProposalId) -> Result<(), Misfit> {
        let Some(open) = round.state().work.proposals.get(&id) else { return Ok(()) };
        let (digest, cause) = (open.proposal.action.digest(), open.event);
        let (mut findings, facts) = self.findings(round.state(), &open.proposal, round.now(), false);
        // What the pure layers veto, nobody needs to be asked about.
        if Verdict::from_findings(&findings).ruling != Ruling::Veto
            && reviewer::reads(&round.state().spec, &open.proposal.action)
            && let Some(facts) = facts
        {
            let given = open.opinion();
            let opinion = match reviewer::next(round.state(), open, &facts, &self.vault) {
                Next::Ask(call) => return ask(round, id, call),
                Next::Say(opinion) => opinion,
            };
            if given.is_none() {
                round.stage(Payload::Opined { proposal: id, digest, opinion }, cause)?;
            }
            findings.extend(reviewer::finding(Some(opinion), false));
        }
        let verdict = Verdict::from_findings(&findings);
        let ttl = if round.state().spec.world.is_simulated() { SIMULATED_APPROVAL_TTL_MS } else { APPROVAL_TTL_MS };
        let expires_at = (verdict.ruling == Ruling::Escalate).then(|| round.now().plus_ms(ttl));
        let approved = verdict.ruling == Ruling::Approve;
        round.stage(Payload::Reviewed { proposal: id, digest, verdict, expires_at }, cause)?;
        if approved { self.intend(round, id, digest, 0) } else { Ok(()) }
    }

    /// The second look, after an owner's answer, an unused permit or an attempt that is to be repeated: what was approved may have become wrong since.
    fn look_again(&self, round: &mut Round, id: ProposalId, answered: bool, attempt: u32) -> Result<(), Misfit> {
        let Some(open) = round.state().work.proposals.get(&id) else { return Ok(()) };
        let verdict = self.verdict(round.state(), &open.proposal, round.now(), answered);
        let (cause, unanswered) = (open.event, open.stage.held_before().is_some());
        let deduplicated = self.recovery.get(&open.proposal.action.kind()) == Some(&Recovery::Idempotent);
        if unanswered && verdict.ruling == Ruling::Approve && !deduplicated {
            let reason = "its adapter no longer deduplicates by the key".to_owned();
            return round.stage(Payload::Doubted { proposal: id, reason }, cause).map(drop);
        }
        if verdict.ruling == Ruling::Approve {
            let digest = open.proposal.action.digest();
            return self.intend(round, id, digest, attempt);
        }
        // What may have happened cannot be taken back by not trying again.
        let payload = match unanswered {
            true => Payload::Doubted { proposal: id, reason: format!("it is not tried again: {verdict}") },
            false => Payload::Withdrawn { proposal: id, verdict },
        };
        round.stage(payload, cause).map(drop)
    }

    /// Stages hold and intent, unless as many effects are under way as may be, or it is an hour in which this does not begin; then the proposal waits.
    fn intend(&self, round: &mut Round, id: ProposalId, digest: Digest, attempt: u32) -> Result<(), Misfit> {
        let state = round.state();
        let Some(Open { proposal, event, .. }) = state.work.proposals.get(&id) else { return Ok(()) };
        let Some(recovery) = self.recovery.get(&proposal.action.kind()) else { return Ok(()) };
        if !may_begin(state, proposal, round.now()) {
            return Ok(());
        }
        let payload = Payload::Intended {
            proposal: id,
            digest,
            attempt: attempt + 1,
            key: idempotency_key(state, id),
            hold: worst_case(state, proposal),
            recovery: *recovery,
        };
        let cause = *event;
        round.stage(payload, cause).map(drop)
    }

    /// What all layers together say of a proposal, with the reviewer's opinion that the state has.
    pub fn verdict(&self, state: &State, proposal: &Proposal, now: Timestamp, answered: bool) -> Verdict {
        let (mut findings, _) = self.findings(state, proposal, now, answered);
        if reviewer::reads(&state.spec, &proposal.action) {
            let open = state.work.proposals.get(&proposal.id).filter(|open| open.proposal.action == proposal.action);
            findings.extend(reviewer::finding(open.and_then(Open::opinion), answered));
        }
        Verdict::from_findings(&findings)
    }

    /// What the pure layers find, and the facts that they looked at. Without facts one of the findings is a veto.
    fn findings(&self, state: &State, proposal: &Proposal, now: Timestamp, answered: bool) -> (Vec<Finding>, Option<Facts>) {
        let hold = worst_case(state, proposal);
        let has_adapter = self.recovery.contains_key(&proposal.action.kind());
        let mut findings = limits::findings(state, proposal, &hold, has_adapter, now, answered);
        let Read { business, memory, .. } = self.read(state);
        match Facts::gather_about(business, state, proposal, &self.vault, now, answered) {
            Ok(facts) => {
                findings.extend(self.charter.findings(&facts));
                findings.extend(content::findings(&facts, &memory));
                (findings, Some(facts))
            }
            Err(unknown) => {
                findings.push(Finding::new(Ruling::Veto, RuleId::named("limits.facts"), unknown));
                (findings, None)
            }
        }
    }

    /// Makes the permits of acknowledged intents, and says which get none and why. An intent gets a permit if the state, which is the fold of the
    /// acknowledged journal, still holds for it: the business is active, the content is the one that was approved, the charter is the same.
    pub fn mint(&self, acknowledgement: Acknowledgement, state: &State, now: Timestamp) -> Vec<Result<Granted, Refusal>> {
        if acknowledgement.business() != state.business || acknowledgement.sequence() != state.sequence {
            return Vec::new();
        }
        let other_charter = state.spec.versions.charter != self.charter.digest();
        let intents = acknowledgement.into_intents();
        intents
            .into_iter()
            .map(|(id, digest)| {
                let refuse = |reason: &str| Err(Refusal { proposal: id, reason: reason.to_owned() });
                if state.status != Status::Active {
                    return refuse("the business is not active");
                }
                if other_charter {
                    return refuse("the charter is another one");
                }
                let Some(Open { proposal, stage, .. }) = state.work.proposals.get(&id) else {
                    return refuse("it is closed");
                };
                let Stage::Held { attempt, key, hold, recovery, .. } = stage else {
                    return refuse("nothing is held for it");
                };
                if proposal.action.digest() != digest {
                    return refuse("its content is not what was approved");
                }
                let grant = Grant {
                    business: state.business,
                    proposal: id,
                    role: proposal.role,
                    attempt: *attempt,
                    key: key.clone(),
                    digest,
                    hold: *hold,
                    recovery: *recovery,
                    at: now,
                };
                Ok(Granted::new(grant, proposal.action.clone()))
            })
            .collect()
    }
}

/// Stages oversight's own proposal to ask the reviewer about a text.
fn ask(round: &mut Round, about: ProposalId, call: CallModel) -> Result<(), Misfit> {
    let id = ProposalId::new(round.state().work.next_proposal);
    let Some(Open { proposal, event, .. }) = round.state().work.proposals.get(&about) else { return Ok(()) };
    let asked = Proposal {
        id,
        task: proposal.task,
        role: proposal.role,
        action: call.into(),
        confidence: 100,
        rationale: format!("the reviewer reads the text of {about} before it leaves"),
        reviews: Some(about),
    };
    let cause = *event;
    round.stage(Payload::Proposed { proposal: Box::new(asked) }, cause).map(drop)
}

/// Whether the effect of an approved proposal may begin now.
fn may_begin(state: &State, proposal: &Proposal, now: Timestamp) -> bool {
    has_room(state) && limits::not_before(state, proposal, now).is_none()
}

/// Whether one more effect may be under way.
fn has_room(state: &State) -> bool {
    let held = state.work.proposals.values().filter(|open| matches!(open.stage, Stage::Held { .. })).count();
    held < if state.spec.world.is_simulated() { MAX_IN_FLIGHT_SIMULATED } else { MAX_IN_FLIGHT_LIVE }
}

fn worst_case(state: &State, proposal: &Proposal) -> Cost {
    proposal.action.worst_case(state.spec.world.is_simulated())
}

/// The key under which providers deduplicate an effect: the same for every attempt, different for every effect of every business.
fn idempotency_key(state: &State, id: ProposalId) -> String {
    let mut hasher = blake3::Hasher::new_derive_key("bbb 2026 idempotency key v1");
    hasher.update(&state.business.bytes()).update(&id.get().to_le_bytes());
    hasher.finalize().to_hex()[..32].to_owned()
}
