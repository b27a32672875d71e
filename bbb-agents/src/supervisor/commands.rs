//! What the owner and the outside tell a business. Every answer comes after the commit.

use std::sync::Arc;

use bbb_core::event::{By, Delegation, Payload};
use bbb_core::id::{BusinessId, ProposalId};
use bbb_core::journal::store::{self, Store};
use bbb_core::observe::{self, Arrival};
use bbb_core::orient;
use bbb_core::oversight::charter::Charter;
use bbb_core::round::Round;
use bbb_core::spec::Versions;
use bbb_core::state::Status;
use bbb_core::state::work::Stage;
use ractor::ActorRef;

use crate::handle::{Command, Refused};
use crate::message::ToSupervisor;
use crate::supervisor::Business;
use crate::supervisor::step::Halt;

/// The most characters of an owner's reason that are kept.
const MAX_REASON_CHARS: usize = 500;
/// The most characters of a delegate's name.
const MAX_NAME_CHARS: usize = 60;
/// The most delegates of a business.
const MAX_DELEGATES: usize = 32;

impl Business {
    pub(super) async fn command(&mut self, myself: &ActorRef<ToSupervisor>, command: Command) -> Result<(), Refused> {
        if let Some(reason) = self.halted.clone() {
            if command != Command::Resume {
                return Err(Refused::Journal(reason));
            }
            self.reopen().await.map_err(|halt| self.refuse(halt))?;
            self.queue_step(myself);
        }
        if let Some(now) = self.told_at()
            && let Some(round) = &mut self.round
        {
            round.advance(now);
        }
        let round = self.round.as_mut().ok_or(Refused::NotRunning)?;
        let before = round.state().sequence;
        // Read again rather than handed over: what is staged names the digest of exactly this.
        let charter = match &command {
            Command::SetCharter(text) => Some(owners_charter(text)?),
            _ => None,
        };
        stage(round, command)?;
        self.commit(myself).await.map_err(|halt| self.refuse_after(before, halt))?;
        if let Some(charter) = charter {
            self.options.charter = charter;
            // The next step starts another one, under the new charter; until then nothing is reviewed, and no permit is made.
            self.agents.stop_oversight();
        }
        self.queue_step(myself);
        Ok(())
    }

    /// Journals what arrived. What was received before is dropped; a signal that does not fit refuses all of them, and nothing is received.
    pub(super) async fn receive(&mut self, myself: &ActorRef<ToSupervisor>, arrivals: Vec<Arrival>) -> Result<usize, Refused> {
        if let Some(reason) = &self.halted {
            return Err(Refused::Journal(reason.clone()));
        }
        // What is staged already must be on disk before the store is asked what it knows.
        self.commit(myself).await.map_err(|halt| self.refuse(halt))?;
        let store = Arc::clone(self.journal.store());
        let new = unreceived(store.as_ref(), self.id, arrivals).await.map_err(|error| Refused::Journal(error.to_string()))?;
        let round = self.round.as_ref().ok_or(Refused::NotRunning)?;
        if round.state().status.is_over() {
            return Err(Refused::Status(round.state().status.as_str().to_owned()));
        }
        let mut trial = round.clone();
        if let Some(now) = self.told_at() {
            trial.advance(now);
        }
        let (count, before) = (new.len(), round.state().sequence);
        for arrival in new {
            observe::receive(&mut trial, arrival).map_err(|misfit| Refused::BadSignal(misfit.reason))?;
        }
        self.round = Some(trial);
        self.commit(myself).await.map_err(|halt| self.refuse_after(before, halt))?;
        self.queue_step(myself);
        Ok(count)
    }

    /// Refuses what could not be written: unless it is found to be written after all, it is dropped, and so has no effect later.
    fn refuse_after(&mut self, before: u64, halt: Halt) -> Refused {
        self.refused_after = Some(before);
        self.refuse(halt)
    }

    fn refuse(&mut self, halt: Halt) -> Refused {
        let reason = halt.to_string();
        self.halt(reason.clone());
        Refused::Journal(reason)
    }
}

/// What of this was not received before, each once.
pub(crate) async fn unreceived(store: &dyn Store, business: BusinessId, arrivals: Vec<Arrival>) -> Result<Vec<Arrival>, store::Error> {
    let mut new = Vec::with_capacity(arrivals.len());
    for arrival in observe::once(arrivals) {
        let known = match arrival.key() {
            Some(key) => store.received(business, key).await?,
            None => false,
        };
        if !known {
            new.push(arrival);
        }
    }
    Ok(new)
}

/// Stages what a command amounts to.
pub(crate) fn stage(round: &mut Round, command: Command) -> Result<(), Refused> {
    let status = round.state().status.clone();
    let wrong = || Refused::Status(status.as_str().to_owned());
    if status.is_over() && !matches!(command, Command::ResolveDoubt(..)) {
        return Err(wrong());
    }
    let payload = match command {
        Command::Approve(id) => return answer(round, id, By::Owner, true, ""),
        Command::Veto(id, reason) => return answer(round, id, By::Owner, false, &reason),
        Command::Pause(reason) if status == Status::Active => Payload::Paused { by: By::Owner, reason: clip(&reason) },
        Command::Pause(_) => return Err(wrong()),
        // A resume after a failed journal finds the business active, and that is what was asked for.
        Command::Resume if status == Status::Active => return Ok(()),
        Command::Resume => Payload::Resumed { by: By::Owner },
        Command::Stop => return orient::close(round, By::Owner, false).map_err(|misfit| Refused::Journal(misfit.to_string())),
        Command::ResolveDoubt(proposal, happened) => {
            let in_doubt = |id| round.state().work.proposals.get(&id).is_some_and(|open| matches!(open.stage, Stage::InDoubt { .. }));
            if !in_doubt(proposal) {
                return Err(Refused::NotInDoubt(proposal));
            }
            Payload::DoubtResolved { proposal, happened }
        }
        Command::SetAutonomy(None, None) => return Err(Refused::BadSetting("the business needs some level of autonomy".to_owned())),
        Command::SetAutonomy(kind, level) => Payload::AutonomySet { kind, level },
        Command::SetCaps(caps) => match caps.problem() {
            Some((field, rule)) => return Err(Refused::BadSetting(format!("{field} {rule}"))),
            None => Payload::CapsSet { caps },
        },
        Command::SetCharter(text) => {
            if round.state().spec.world.is_simulated() {
                let keeps = "simulated: it keeps the policies that it was launched with, because its result is a function of them";
                return Err(Refused::Status(keeps.to_owned()));
            }
            let versions = Versions { charter: owners_charter(&text)?.digest(), ..round.state().spec.versions.clone() };
            if versions == round.state().spec.versions {
                return Ok(());
            }
            Payload::Upgraded { versions }
        }
        Command::Delegate(name, delegation) => delegate(round, name, delegation)?,
        Command::AnswerAs { name, proposal, approve, reason } => {
            may_answer(round, &name, proposal)?;
            return answer(round, proposal, By::Delegate(name), approve, &reason);
        }
    };
    round.stage(payload, 0).map(drop).map_err(|misfit| Refused::Journal(misfit.to_string()))
}

/// The shipped policies with these of the owner.
fn owners_charter(text: &str) -> Result<Charter, Refused> {
    Charter::with_owner_policies("the owner's policies", text).map_err(|error| Refused::BadSetting(error.to_string()))
}

fn delegate(round: &Round, name: String, delegation: Option<Delegation>) -> Result<Payload, Refused> {
    let fits = !name.trim().is_empty() && name.chars().count() <= MAX_NAME_CHARS && !name.chars().any(char::is_control);
    let known = round.state().delegates.contains_key(&name);
    match &delegation {
        _ if !fits => Err(Refused::BadSetting(format!("a delegate's name has 1 to {MAX_NAME_CHARS} characters on one line"))),
        None if !known => Err(Refused::BadSetting(format!("{name} is no delegate"))),
        Some(_) if !known && round.state().delegates.len() >= MAX_DELEGATES => {
            Err(Refused::BadSetting(format!("a business has at most {MAX_DELEGATES} delegates")))
        }
        _ => Ok(Payload::Delegated { name, delegation }),
    }
}

/// Whether a delegate may answer for this proposal: only what the owner named, and only up to the amount.
fn may_answer(round: &Round, name: &str, id: ProposalId) -> Result<(), Refused> {
    let state = round.state();
    let refuse = |rule: &str| Err(Refused::NotDelegated { name: name.to_owned(), proposal: id, rule: rule.to_owned() });
    let Some(delegation) = state.delegates.get(name) else { return refuse("nobody of this name is a delegate") };
    let Some(open) = state.work.proposals.get(&id) else { return Err(Refused::NotWaiting(id)) };
    delegation.covers(&open.proposal.action).or_else(refuse)
}

fn answer(round: &mut Round, id: ProposalId, by: By, approve: bool, reason: &str) -> Result<(), Refused> {
    match observe::answer(round, id, by, approve, &clip(reason)) {
        Ok(true) => Ok(()),
        Ok(false) => Err(Refused::NotWaiting(id)),
        Err(misfit) => Err(Refused::Journal(misfit.to_string())),
    }
}

fn clip(reason: &str) -> String {
    reason.chars().filter(|c| !c.is_control()).take(MAX_REASON_CHARS).collect()
}
