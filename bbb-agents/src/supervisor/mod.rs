//! The supervisor: the actor that owns one business. It alone writes the journal, it alone starts effects, and it keeps its eight agents alive.
//!
//! It works in steps. A step settles what has ended, orients, has the roles decide, has oversight review, commits, and starts what got a permit; every
//! stage is a call into the pure core or to an agent. The next step is a function of the folded state and the time, so a supervisor that is
//! killed between two commits and resumed goes on as if nothing had been. In a virtual world a step waits until all effects of the one before have ended; then
//! they are settled in the order of their ids, and which of them ended first does not matter.

pub(crate) mod commands;

mod agents;
mod rest;
mod share;
mod step;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bbb_core::event::{Event, Recovery};
use bbb_core::id::{BusinessId, ProposalId};
use bbb_core::journal::writer::Journal;
use bbb_core::oversight::permit::UseMark;
use bbb_core::round::Round;
use bbb_core::settle::Report;
use bbb_core::state::State;
use bbb_core::state::work::Stage;
use bbb_core::time::Timestamp;
use ractor::{Actor, ActorProcessingErr, ActorRef, RpcReplyPort, SupervisionEvent};
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::act;
use crate::engine::Options;
use crate::handle::Refused;
use crate::message::ToSupervisor;
use crate::minds::Minds;
use crate::supervisor::agents::Agents;
use crate::supervisor::share::Held;
use crate::turn::Turn;
use crate::world::World;

/// The supervisor's actor.
pub(crate) struct Supervisor;

/// What a supervisor is started with.
pub(crate) struct Start {
    pub(crate) id: BusinessId,
    pub(crate) world: World,
    pub(crate) minds: Minds,
    pub(crate) options: Options,
    pub(crate) journal: Journal,
    /// The fold of the journal; for a new business, of the staged launch.
    pub(crate) round: Round,
    /// Whether the journal was written by an earlier process, whose effects may have been under way.
    pub(crate) resumed: bool,
}

/// An effect under way.
pub(crate) struct Flight {
    attempt: u32,
    /// Holds it back while it has not begun; absent where its provider is asked what became of it.
    use_mark: Option<UseMark>,
}

/// One business in memory.
pub(crate) struct Business {
    id: BusinessId,
    world: World,
    minds: Minds,
    options: Options,
    journal: Journal,
    /// Always there, but while it is lent to oversight.
    round: Option<Round>,
    agents: Agents,
    /// Effects under way.
    in_flight: BTreeMap<ProposalId, Flight>,
    /// Effects that an earlier process may have begun, and that have not ended.
    inherited: BTreeSet<ProposalId>,
    /// Effects that have ended and are not settled yet.
    ended: BTreeMap<ProposalId, Report>,
    /// What a turn does beside the agents.
    turn: Turn,
    /// The event after which the last snapshot was saved.
    snapshot_at: u64,
    subscribers: Vec<mpsc::Sender<Arc<Event>>>,
    waiting: Vec<RpcReplyPort<Result<Arc<State>, Refused>>>,
    /// Set before a shutdown: nothing is decided or begun any more.
    draining: bool,
    /// Who waits until nothing is under way.
    drainers: Vec<RpcReplyPort<()>>,
    /// After which event everything staged belongs to a command that was refused, because it could not be written.
    refused_after: Option<u64>,
    /// Why the business stands still, if it does: nothing is decided or begun until it is resumed.
    halted: Option<String>,
    /// The wake-up that is set, if any.
    timer: Option<tokio::task::JoinHandle<()>>,
    /// Where a virtual time that passes as on the wall was last set: what the clock of this process showed, and the virtual time then. None while it stands still.
    paced_from: Option<(Instant, Timestamp)>,
    /// Whether a step is already under way to this actor.
    step_queued: bool,
    held: Held,
    /// When something was last done here.
    busy_at: Instant,
}

impl Actor for Supervisor {
    type Msg = ToSupervisor;
    type State = Business;
    type Arguments = Start;

    async fn pre_start(&self, myself: ActorRef<ToSupervisor>, start: Start) -> Result<Business, ActorProcessingErr> {
        let resumed = start.resumed;
        let mut business = Business::new(start);
        business.start_agents(&myself).await?;
        if resumed {
            business.recover_effects(&myself).await;
        }
        business.queue_step(&myself);
        Ok(business)
    }

    async fn handle(
        &self,
        myself: ActorRef<ToSupervisor>,
        message: ToSupervisor,
        business: &mut Business,
    ) -> Result<(), ActorProcessingErr> {
        business.handle(&myself, message).await;
        Ok(())
    }

    async fn handle_supervisor_evt(
        &self,
        myself: ActorRef<ToSupervisor>,
        event: SupervisionEvent,
        business: &mut Business,
    ) -> Result<(), ActorProcessingErr> {
        match event {
            SupervisionEvent::ActorFailed(cell, error) => business.agent_ended(&myself, cell.get_id(), &error.to_string()),
            SupervisionEvent::ActorTerminated(cell, ..) => business.agent_ended(&myself, cell.get_id(), "its actor ended"),
            _ => {}
        }
        Ok(())
    }

    async fn post_stop(&self, _: ActorRef<ToSupervisor>, business: &mut Business) -> Result<(), ActorProcessingErr> {
        business.agents.stop_all();
        business.hold_back();
        business.held.give_back();
        if let Some(timer) = business.timer.take() {
            timer.abort();
        }
        Ok(())
    }
}

impl Business {
    fn new(start: Start) -> Business {
        let Start { id, world, minds, options, journal, round, .. } = start;
        let committed = journal.head().sequence;
        // Of a time that passed while it was at rest, all that is over counts.
        let paced_from = world.passed_ms().map(|passed_ms| (rest::moment(), round.now().plus_ms(passed_ms)));
        Business {
            id,
            world,
            minds,
            options,
            journal,
            round: Some(round),
            agents: Agents::default(),
            in_flight: BTreeMap::new(),
            inherited: BTreeSet::new(),
            ended: BTreeMap::new(),
            turn: Turn::new(committed),
            snapshot_at: committed,
            subscribers: Vec::new(),
            waiting: Vec::new(),
            draining: false,
            drainers: Vec::new(),
            refused_after: None,
            halted: None,
            timer: None,
            paced_from,
            step_queued: false,
            held: Held::default(),
            busy_at: rest::moment(),
        }
    }

    async fn handle(&mut self, myself: &ActorRef<ToSupervisor>, message: ToSupervisor) {
        match message {
            ToSupervisor::Step => {
                self.step_queued = false;
                self.step(myself).await;
            }
            ToSupervisor::Share(share) => self.got_share(myself, share),
            ToSupervisor::Ended { id, attempt, report } => self.effect_ended(myself, id, attempt, report),
            ToSupervisor::Command { command, reply } => {
                let answer = self.command(myself, command).await;
                // The owner may have gone; the command is carried out all the same.
                let _ = reply.send(answer);
            }
            ToSupervisor::Arrived { arrivals, reply } => {
                let answer = self.receive(myself, arrivals).await;
                let _ = reply.send(answer);
            }
            ToSupervisor::Inspect { reply } => {
                if let Some(round) = &self.round {
                    let _ = reply.send(Arc::new(round.state().clone()));
                }
            }
            ToSupervisor::Subscribe { sender, reply } => {
                self.subscribers.push(sender);
                let _ = reply.send(());
            }
            ToSupervisor::Wait { reply } => {
                self.waiting.push(reply);
                self.tell_waiting();
            }
            ToSupervisor::Rest { idle, reply } => {
                let rest = self.may_rest(idle);
                if rest.is_some() {
                    // Before the answer: whatever comes after it finds nobody.
                    myself.stop(None);
                }
                let _ = reply.send(rest);
            }
            ToSupervisor::Drain { reply } => {
                self.draining = true;
                self.drainers.push(reply);
                self.queue_step(myself);
            }
            ToSupervisor::Crash { agent } => self.agents.crash(agent),
        }
    }

    fn effect_ended(&mut self, myself: &ActorRef<ToSupervisor>, id: ProposalId, attempt: u32, report: Report) {
        if self.in_flight.get(&id).is_none_or(|flight| flight.attempt != attempt) {
            return;
        }
        let asked = self.in_flight.remove(&id).is_some_and(|flight| flight.use_mark.is_none());
        if report.leaves_doubt() && !asked && self.ask_provider(myself, id) {
            return;
        }
        self.ended.insert(id, report);
        self.queue_step(myself);
    }

    /// Asks the provider of a verifiable effect what became of it; says whether it is one.
    fn ask_provider(&mut self, myself: &ActorRef<ToSupervisor>, id: ProposalId) -> bool {
        let open = self.round.as_ref().and_then(|round| round.state().work.proposals.get(&id));
        let Some(Stage::Held { attempt, key, recovery: Recovery::Verifiable, .. }) = open.map(|open| &open.stage) else { return false };
        let (attempt, key) = (*attempt, key.clone());
        let Some(action) = open.map(|open| open.proposal.action.clone()) else { return false };
        self.in_flight.insert(id, Flight { attempt, use_mark: None });
        self.report_when_done(myself, act::verify(self.world.ports().clone(), id, attempt, key, action));
        true
    }

    fn queue_step(&mut self, myself: &ActorRef<ToSupervisor>) {
        self.busy_at = rest::moment();
        if !self.step_queued && self.has_share(myself) {
            // Sending to oneself fails only while one is being stopped, when no step is wanted.
            self.step_queued = myself.cast(ToSupervisor::Step).is_ok();
        }
    }

    /// Answers those who wait for the end, if it has come or cannot come.
    fn tell_waiting(&mut self) {
        let Some(round) = &self.round else { return };
        let answer = match &self.halted {
            Some(reason) => Err(Refused::Journal(reason.clone())),
            None if round.state().status.is_over() && self.in_flight.is_empty() && round.staged().is_empty() => {
                Ok(Arc::new(round.state().clone()))
            }
            None => return,
        };
        for reply in self.waiting.drain(..) {
            let _ = reply.send(answer.clone());
        }
    }

    /// Answers those who wait until nothing is under way, if nothing is.
    fn tell_draining(&mut self) {
        if self.in_flight.is_empty() && (self.ended.is_empty() || self.halted.is_some()) {
            for reply in self.drainers.drain(..) {
                let _ = reply.send(());
            }
        }
    }

    /// Stops all deciding and beginning, since what would be written could not be. What is staged stays staged.
    fn halt(&mut self, reason: String) {
        tracing::error!(business = %self.id, %reason, "the business stands still");
        self.halted = Some(reason);
        self.hold_back();
        self.tell_waiting();
    }

    /// Ends every effect that got its permit and has not used it. What has begun goes on.
    fn hold_back(&mut self) {
        let in_time = |_: &ProposalId, flight: &mut Flight| flight.use_mark.as_ref().is_some_and(UseMark::revoke);
        for (id, _) in self.in_flight.extract_if(.., in_time) {
            self.ended.insert(id, Report::Unused("the business was stopped before it began".to_owned()));
        }
    }

    /// Hands committed events to the subscribers; one that is too far behind is dropped.
    fn publish(&mut self, events: Vec<Event>) {
        if self.subscribers.is_empty() {
            return;
        }
        for event in events.into_iter().map(Arc::new) {
            self.subscribers.retain(|subscriber| subscriber.try_send(Arc::clone(&event)).is_ok());
        }
    }
}
