//! The supervisor's eight agents: starting, asking, and burying them.

use std::sync::Arc;
use std::time::Duration;

use bbb_core::decide::Decision;
use bbb_core::event::Payload;
use bbb_core::id::TaskId;
use bbb_core::limits::{MAX_RESTART_BACKOFF_MS, RESTART_BACKOFF_MS};
use bbb_core::oversight::Oversight;
use bbb_core::role::{Agent, Role};
use bbb_core::state::{Misfit, State};
use bbb_core::time::Timestamp;
use futures_util::future::join_all;
use ractor::rpc::CallResult;
use ractor::{Actor, ActorId, ActorRef, SpawnErr};

use crate::message::{ToOversight, ToRole, ToSupervisor};
use crate::oversight::OversightActor;
use crate::role::{Desk, RoleActor};
use crate::supervisor::Business;

/// How long an agent may take to answer before it counts as failed.
pub(super) const AGENT_TIMEOUT: Duration = Duration::from_secs(30);

/// The actors that are alive. A list of our own, because the actor library's has random order.
#[derive(Default)]
pub(super) struct Agents {
    roles: [Option<ActorRef<ToRole>>; 7],
    oversight: Option<ActorRef<ToOversight>>,
}

impl Agents {
    pub(super) fn oversight(&self) -> Option<&ActorRef<ToOversight>> {
        self.oversight.as_ref()
    }

    pub(super) fn stop_all(&mut self) {
        self.roles.iter_mut().filter_map(Option::take).for_each(|actor| actor.stop(None));
        self.stop_oversight();
    }

    /// Ends oversight in an orderly way: no failure, so that it is started again at the next step.
    pub(super) fn stop_oversight(&mut self) {
        if let Some(actor) = self.oversight.take() {
            actor.stop(None);
        }
    }

    /// Forgets the actor with this id, and tells which agent it was.
    fn bury(&mut self, id: ActorId) -> Option<Agent> {
        if self.oversight.take_if(|actor| actor.get_id() == id).is_some() {
            return Some(Agent::Oversight);
        }
        let is_it = |role: &Role| self.roles[role.index()].as_ref().is_some_and(|actor| actor.get_id() == id);
        let role = Role::ALL.into_iter().find(is_it)?;
        self.roles[role.index()] = None;
        Some(Agent::Role(role))
    }

    /// Forgets an agent that did not answer, and makes sure that it is gone.
    pub(super) fn kill(&mut self, agent: Agent) {
        match agent {
            Agent::Oversight => self.oversight.take().map(|actor| actor.kill()),
            Agent::Role(role) => self.roles[role.index()].take().map(|actor| actor.kill()),
        };
    }

    pub(super) fn crash(&self, agent: Agent) {
        // An agent that is gone cannot crash.
        let _ = match agent {
            Agent::Oversight => self.oversight.as_ref().map(|actor| actor.cast(ToOversight::Crash).is_ok()),
            Agent::Role(role) => self.roles[role.index()].as_ref().map(|actor| actor.cast(ToRole::Crash).is_ok()),
        };
    }
}

impl Business {
    /// Starts every agent that is not alive and not down by the journal.
    pub(super) async fn start_agents(&mut self, myself: &ActorRef<ToSupervisor>) -> Result<(), SpawnErr> {
        let Some(round) = &self.round else { return Ok(()) };
        let now = round.now();
        let down = |agent| self.options.never_started.contains(&agent) || round.state().is_down(agent, now);
        for role in Role::ALL {
            if self.agents.roles[role.index()].is_none() && !down(Agent::Role(role)) {
                let desk = Desk {
                    mind: self.minds.of(role),
                    eyes: self.world.eyes(),
                    yields_before_reply: self.options.yields_before_reply.map_or(0, |order| order[role.index()]),
                };
                let (actor, _) = RoleActor::spawn_linked(None, RoleActor, desk, myself.get_cell()).await?;
                self.agents.roles[role.index()] = Some(actor);
            }
        }
        if self.agents.oversight.is_none() && !down(Agent::Oversight) {
            let oversight = Oversight::new(self.options.charter.clone(), self.world.vault().clone(), self.world.ports());
            let (actor, _) = OversightActor::spawn_linked(None, OversightActor, oversight, myself.get_cell()).await?;
            self.agents.oversight = Some(actor);
        }
        Ok(())
    }

    /// Asks roles for decisions, all at once, and returns the answers in canonical order; a role that fails to answer is among the failures.
    pub(super) async fn ask_roles(
        &mut self,
        state: &Arc<State>,
        now: Timestamp,
        asked: Vec<(Role, Vec<TaskId>)>,
    ) -> (Vec<(Role, Vec<(TaskId, Decision)>)>, Vec<(Role, Vec<TaskId>)>) {
        let calls = asked.into_iter().map(|(role, tasks)| {
            let (state, actor, sent) = (Arc::clone(state), self.agents.roles[role.index()].clone(), tasks.clone());
            async move {
                let answer = match actor {
                    Some(actor) => actor.call(|reply| ToRole::Decide { state, now, tasks: sent, reply }, Some(AGENT_TIMEOUT)).await.ok(),
                    None => None,
                };
                (role, tasks, answer)
            }
        });
        let mut answers = Vec::new();
        let mut failures = Vec::new();
        for (role, tasks, answer) in join_all(calls).await {
            match answer {
                Some(CallResult::Success(decisions)) => answers.push((role, decisions)),
                _ => {
                    self.agents.kill(Agent::Role(role));
                    failures.push((role, tasks));
                }
            }
        }
        (answers, failures)
    }

    /// Stages that an agent failed and when it is started again: the wait doubles each time.
    pub(super) fn stage_failure(&mut self, agent: Agent, reason: &str) -> Result<(), Misfit> {
        let Some(round) = &mut self.round else { return Ok(()) };
        let failures = round.state().down.get(&agent).map_or(0, |(count, _)| *count);
        let backoff_ms = (RESTART_BACKOFF_MS << failures.min(20)).min(MAX_RESTART_BACKOFF_MS);
        let restart_at = round.now().plus_ms(backoff_ms);
        tracing::warn!(business = %self.id, %agent, reason, "an agent failed");
        round.stage(Payload::AgentFailed { agent, reason: reason.to_owned(), restart_at }, 0).map(drop)
    }

    /// An agent's actor ended by itself: it is marked as down, unless that was noticed before.
    pub(super) fn agent_ended(&mut self, myself: &ActorRef<ToSupervisor>, id: ActorId, reason: &str) {
        let Some(agent) = self.agents.bury(id) else { return };
        if self.round.as_ref().is_some_and(|round| round.state().status.is_over()) {
            return;
        }
        match self.stage_failure(agent, reason) {
            Ok(()) => self.queue_step(myself),
            Err(misfit) => self.halt(misfit.to_string()),
        }
    }
}
