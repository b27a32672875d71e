//! One step of a business: settle, observe, orient, decide, review, commit, act.

use std::sync::Arc;

use bbb_core::event::{Event, Recovery};
use bbb_core::id::ProposalId;
use bbb_core::journal::chain::Head;
use bbb_core::journal::store;
use bbb_core::journal::writer::{self, Acknowledgement, Journal};
use bbb_core::oversight::Oversight;
use bbb_core::oversight::permit::Granted;
use bbb_core::role::Agent;
use bbb_core::round::Round;
use bbb_core::settle::{self, Report};
use bbb_core::state::work::{Open, Stage};
use bbb_core::state::{Misfit, State, Status};
use bbb_core::time::Timestamp;
use bbb_core::{decide, orient};
use ractor::ActorRef;
use ractor::rpc::CallResult;

use crate::act;
use crate::message::{ToOversight, ToSupervisor};
use crate::supervisor::agents::AGENT_TIMEOUT;
use crate::supervisor::{Business, Flight};
use crate::turn;

/// What is known of an effect that was under way when an earlier process ended.
const RESTARTED: &str = "the engine was restarted before the answer came";

/// Why a step could not be finished.
#[derive(Debug, thiserror::Error)]
pub(super) enum Halt {
    #[error("{0}")]
    Journal(#[from] writer::Error),
    #[error("defect: {0}")]
    Defect(#[from] Misfit),
    #[error("an agent could not be started: {0}")]
    Spawn(#[from] ractor::SpawnErr),
    #[error("the state was lost with an agent")]
    Lost,
}

impl Business {
    pub(super) async fn step(&mut self, myself: &ActorRef<ToSupervisor>) {
        if self.halted.is_some() || (self.is_virtual() && !self.in_flight.is_empty()) {
            self.held.give_back();
            return self.tell_draining();
        }
        let before = self.staged_up_to();
        let stepped = self.try_step(myself).await;
        self.held.stepped(self.staged_up_to().saturating_sub(before));
        match stepped {
            Ok(true) => self.queue_step(myself),
            Ok(false) if self.draining => {}
            Ok(false) => self.rest(myself).await,
            Err(halt) => self.halt(halt.to_string()),
        }
        self.tell_waiting();
        self.tell_draining();
        if !self.step_queued && !self.held.waits() {
            // It waits for something else than the processor.
            self.held.give_back();
        }
    }

    /// The last event that was staged; 0 while the round is lent.
    fn staged_up_to(&self) -> u64 {
        self.round.as_ref().map_or(0, |round| round.state().sequence)
    }

    /// Does what can be done now; says whether anything was.
    async fn try_step(&mut self, myself: &ActorRef<ToSupervisor>) -> Result<bool, Halt> {
        if let Some(now) = self.world.wall_time() {
            self.round()?.advance(now);
        }
        let before = self.round()?.state().sequence;
        let staged_before = !self.round()?.staged().is_empty();
        // A report leaves only once it is staged: an effect without one would count as never begun.
        while let Some((id, report)) = self.ended.first_key_value().map(|(id, report)| (*id, report.clone())) {
            self.settle(id, report)?;
            self.ended.remove(&id);
        }
        let round = self.round.as_mut().ok_or(Halt::Lost)?;
        self.turn.close_days(&self.world, round)?;
        turn::owner_answers(&self.world, round)?;
        if !self.draining && !self.round()?.state().status.is_over() {
            self.start_agents(myself).await?;
            self.orient()?;
            self.decide().await?;
            self.review().await?;
        }
        let is_virtual = self.is_virtual();
        let round = self.round.as_mut().ok_or(Halt::Lost)?;
        let after = round.state().sequence;
        self.turn.guard_against_circles(is_virtual, round, after != before)?;
        if turn::should_commit(is_virtual, round) {
            self.commit(myself).await?;
        }
        Ok(after != before || (staged_before && !self.is_virtual()))
    }

    /// Stages how an effect ended. One that an earlier process may have begun has not come to nothing because this process did nothing.
    fn settle(&mut self, id: ProposalId, report: Report) -> Result<(), Halt> {
        let report = if self.inherited.contains(&id) { report.after_doubt() } else { report };
        settle::settle(self.round()?, id, report)?;
        self.inherited.remove(&id);
        Ok(())
    }

    pub(super) fn round(&mut self) -> Result<&mut Round, Halt> {
        self.round.as_mut().ok_or(Halt::Lost)
    }

    fn is_virtual(&self) -> bool {
        self.world.kind().is_simulated()
    }

    fn orient(&mut self) -> Result<(), Halt> {
        let eyes = self.world.eyes();
        Ok(orient::orient(self.round()?, &eyes)?)
    }

    async fn decide(&mut self) -> Result<(), Halt> {
        let round = self.round()?;
        let ready = decide::ready(round.state(), round.now());
        if ready.is_empty() {
            return Ok(());
        }
        for (_, tasks) in &ready {
            decide::begin(round, tasks)?;
        }
        let now = round.now();
        let (state, staged) = self.round.take().ok_or(Halt::Lost)?.into_parts();
        let state = Arc::new(state);
        let (answers, failures) = self.ask_roles(&state, now, ready).await;
        let state = Arc::try_unwrap(state).unwrap_or_else(|shared| (*shared).clone());
        self.round = Some(Round::from_parts(state, staged, now));
        let decisions =
            answers.into_iter().flat_map(|(role, decisions)| decisions.into_iter().map(move |(task, decision)| (role, task, decision)));
        decide::adopt_all(self.round()?, decisions.collect())?;
        for (role, tasks) in failures {
            self.stage_failure(Agent::Role(role), "it did not answer")?;
            for task in tasks {
                decide::fail_attempt(self.round()?, task, "its role failed")?;
            }
        }
        Ok(())
    }

    /// Lends the round to oversight. Without oversight, or if it fails, nothing is reviewed, and so nothing begins.
    async fn review(&mut self) -> Result<(), Halt> {
        let round = self.round()?;
        let now = round.now();
        if !Oversight::has_work(round.state(), now) {
            return Ok(());
        }
        let Some(oversight) = self.agents.oversight().cloned() else { return Ok(()) };
        let (state, mut staged) = self.round.take().ok_or(Halt::Lost)?.into_parts();
        let lent = Box::new(Round::from_parts(state, Vec::new(), now));
        match oversight.call(|reply| ToOversight::Review { round: lent, reply }, Some(AGENT_TIMEOUT)).await {
            Ok(CallResult::Success(reviewed)) => {
                let (state, reviewed) = reviewed?.into_parts();
                staged.extend(reviewed);
                self.round = Some(Round::from_parts(state, staged, now));
                Ok(())
            }
            _ => {
                self.rebuild(staged, now).await?;
                self.agents.kill(Agent::Oversight);
                Ok(self.stage_failure(Agent::Oversight, "it did not answer")?)
            }
        }
    }

    /// Folds the journal and what is staged once more, after the state was lost with the agent that it was lent to.
    async fn rebuild(&mut self, staged: Vec<Event>, now: Timestamp) -> Result<(), Halt> {
        let (events, _) = writer::load(self.journal.store().as_ref(), self.id, Head::EMPTY).await?;
        let state = State::replay(self.id, events.iter().chain(&staged))?.ok_or(Halt::Lost)?;
        self.round = Some(Round::from_parts(state, staged, now));
        Ok(())
    }

    /// Commits what is staged, and begins what got a permit.
    pub(super) async fn commit(&mut self, myself: &ActorRef<ToSupervisor>) -> Result<(), Halt> {
        let round = self.round.as_mut().ok_or(Halt::Lost)?;
        self.turn.follow(&self.world, round);
        if round.staged().is_empty() {
            return Ok(());
        }
        let wake_at = orient::next_due(round.state(), round.now());
        let ended = round.state().status.is_over();
        let acknowledgement = self.journal.commit(round.staged(), wake_at, ended).await?;
        let events = round.take_staged();
        if round.state().status != Status::Active {
            self.hold_back();
        }
        self.publish(events);
        self.save_snapshot().await;
        if acknowledgement.is_empty() { Ok(()) } else { self.begin_effects(myself, acknowledgement).await }
    }

    /// Has oversight make permits from an acknowledgement, and begins their effects. This is the serial point that pausing passes too.
    async fn begin_effects(&mut self, myself: &ActorRef<ToSupervisor>, acknowledgement: Acknowledgement) -> Result<(), Halt> {
        let (state, staged) = self.round.take().ok_or(Halt::Lost)?.into_parts();
        let now = state.now;
        let state = Arc::new(state);
        let permits = match self.agents.oversight() {
            Some(oversight) => {
                let state = Arc::clone(&state);
                let mint = |reply| ToOversight::Mint { acknowledgement, state, now, reply };
                oversight.call(mint, Some(AGENT_TIMEOUT)).await.ok()
            }
            None => None,
        };
        let state = Arc::try_unwrap(state).unwrap_or_else(|shared| (*shared).clone());
        self.round = Some(Round::from_parts(state, staged, now));
        if let Some(CallResult::Success(permits)) = permits {
            for permit in permits.into_iter().flatten() {
                self.begin_effect(myself, permit);
            }
        } else {
            self.agents.kill(Agent::Oversight);
            self.stage_failure(Agent::Oversight, "it did not answer")?;
        }
        self.release_unpermitted()?;
        Ok(())
    }

    fn begin_effect(&mut self, myself: &ActorRef<ToSupervisor>, granted: Granted) {
        let (id, attempt) = (granted.grant().proposal, granted.grant().attempt);
        self.in_flight.insert(id, Flight { attempt, use_mark: Some(granted.use_mark()) });
        self.report_when_done(myself, act::perform(self.world.ports().clone(), granted));
    }

    pub(super) fn report_when_done(
        &self,
        myself: &ActorRef<ToSupervisor>,
        effect: impl Future<Output = (ProposalId, u32, Report)> + Send + 'static,
    ) {
        let myself = myself.clone();
        tokio::spawn(async move {
            let (id, attempt, report) = effect.await;
            // A supervisor that is gone settles the effect by its recovery class when the business is resumed.
            let _ = myself.cast(ToSupervisor::Ended { id, attempt, report });
        });
    }

    /// Holds for which there is no permit in this process are released: their effects have not begun.
    fn release_unpermitted(&mut self) -> Result<(), Halt> {
        let held = |stage: &Stage| matches!(stage, Stage::Held { .. });
        let round = self.round.as_ref().ok_or(Halt::Lost)?;
        let proposals = round.state().work.proposals.iter();
        let ids: Vec<_> = proposals.filter(|(id, open)| held(&open.stage) && !self.in_flight.contains_key(id)).map(|(id, _)| *id).collect();
        for id in ids.into_iter().filter(|id| !self.ended.contains_key(id)).collect::<Vec<_>>() {
            self.settle(id, Report::Unused("no permit was made".to_owned()))?;
        }
        Ok(())
    }

    /// Decides, by recovery class, what becomes of effects that were under way when an earlier process ended.
    pub(super) async fn recover_effects(&mut self, myself: &ActorRef<ToSupervisor>) {
        if let Err(halt) = self.try_recover_effects(myself).await {
            self.halt(halt.to_string());
        }
    }

    async fn try_recover_effects(&mut self, myself: &ActorRef<ToSupervisor>) -> Result<(), Halt> {
        let state = self.round.as_ref().ok_or(Halt::Lost)?.state();
        let held = |(id, open): (&ProposalId, &Open)| match &open.stage {
            Stage::Held { recovery, .. } => Some((*id, *recovery)),
            _ => None,
        };
        let open: Vec<_> = state.work.proposals.iter().filter_map(held).collect();
        if self.is_virtual() {
            // What a simulated world does, it does in the journal: what is not there has not happened, and nothing has changed since.
            let acknowledgement = self.journal.acknowledge_open(state);
            if !acknowledgement.is_empty() {
                self.begin_effects(myself, acknowledgement).await?;
            }
        } else {
            self.inherited = open.iter().map(|(id, _)| *id).collect();
        }
        for (id, recovery) in open {
            match recovery {
                // Begun anew, above.
                Recovery::Idempotent if self.is_virtual() => {}
                // Tried again under the same key, but only after a second look: it may have become wrong meanwhile.
                Recovery::Idempotent => drop(self.ended.insert(id, Report::LostAnswer(RESTARTED.to_owned()))),
                Recovery::Verifiable => drop(self.ask_provider(myself, id)),
                Recovery::Repeatable | Recovery::AtMostOnce => {
                    self.ended.insert(id, Report::LostAnswer(RESTARTED.to_owned()));
                }
            }
        }
        self.release_unpermitted()
    }

    /// Saves the state now and then, so that resuming a long journal is quick. Losing a snapshot is harmless.
    async fn save_snapshot(&mut self) {
        let Some(every) = self.options.snapshot_every_events.filter(|_| !self.is_virtual()) else { return };
        let head = self.journal.head();
        let Some(round) = &self.round else { return };
        if head.sequence < self.snapshot_at + every || round.state().sequence != head.sequence {
            return;
        }
        self.snapshot_at = head.sequence;
        let Ok(bytes) = serde_json::to_vec(round.state()) else { return };
        let snapshot = store::Snapshot { head, fold_version: bbb_core::state::FOLD_VERSION, bytes: bytes.into() };
        if let Err(error) = self.journal.store().save_snapshot(self.id, snapshot).await {
            tracing::warn!(business = %self.id, %error, "a snapshot could not be saved");
        }
    }

    /// After a failed write: opens the journal again and compares. Either everything staged was committed after all, or a prefix of it, or nothing;
    /// anything else means that another writer was here.
    pub(super) async fn reopen(&mut self) -> Result<(), Halt> {
        let store = Arc::clone(self.journal.store());
        let known = self.journal.head();
        let mut journal = Journal::open(Arc::clone(&store), self.id).await?;
        let (events, head) = writer::load(store.as_ref(), self.id, Head::EMPTY).await?;
        let known_events = usize::try_from(known.sequence).unwrap_or(usize::MAX).min(events.len());
        let written = &events[known_events..];
        let staged = self.round.as_ref().ok_or(Halt::Lost)?.staged();
        if !staged.starts_with(written) || head != journal.head() {
            let conflict = store::Error::Conflict { business: self.id, expected: known.sequence, found: head.sequence };
            return Err(writer::Error::from(conflict).into());
        }
        let mut rest = staged[written.len()..].to_vec();
        if let Some(before) = self.refused_after.take().filter(|before| *before >= head.sequence) {
            rest.retain(|event| event.sequence <= before);
        }
        // The state is folded anew: what stopped the business may have been an event that did not fit, and that is folded in part.
        let state = State::replay(self.id, events.iter().chain(&rest))?.ok_or(Halt::Lost)?;
        let now = state.now;
        self.round = Some(Round::from_parts(state, rest, now));
        std::mem::swap(&mut self.journal, &mut journal);
        self.publish(written.to_vec());
        self.halted = None;
        self.release_unpermitted()
    }
}
