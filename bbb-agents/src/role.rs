//! A role's actor: hands the state and a task to its mind, and the mind's decision back.

use std::sync::Arc;

use bbb_core::decide::view::Eyes;
use bbb_core::decide::{Decision, Mind};
use ractor::{Actor, ActorProcessingErr, ActorRef};

use crate::message::ToRole;

/// The actor of one role.
pub(crate) struct RoleActor;

/// What a role has at hand: a mind, and what it may see.
pub(crate) struct Desk {
    pub(crate) mind: Arc<dyn Mind>,
    pub(crate) eyes: Eyes,
    /// How often to let other tasks run before a reply: for tests that permute the order of replies.
    pub(crate) yields_before_reply: usize,
}

impl Actor for RoleActor {
    type Msg = ToRole;
    type State = Desk;
    type Arguments = Desk;

    async fn pre_start(&self, _: ActorRef<ToRole>, desk: Desk) -> Result<Desk, ActorProcessingErr> {
        Ok(desk)
    }

    async fn handle(&self, _: ActorRef<ToRole>, message: ToRole, desk: &mut Desk) -> Result<(), ActorProcessingErr> {
        match message {
            ToRole::Decide { state, now, tasks, reply } => {
                let view = desk.eyes.view(&state, now);
                let decide = |id| {
                    let decision = match state.work.tasks.get(&id) {
                        Some(task) => desk.mind.decide(&view, task),
                        None => Decision::GiveUp("the task is over".to_owned()),
                    };
                    (id, decision)
                };
                let decisions = tasks.into_iter().map(decide).collect();
                // The supervisor takes its state back when the last reader is gone.
                drop(state);
                for _ in 0..desk.yields_before_reply {
                    tokio::task::yield_now().await;
                }
                // A supervisor that no longer waits has moved on; the decision is then stale and rightly lost.
                let _ = reply.send(decisions);
                Ok(())
            }
            ToRole::Crash => Err("crashed on request".into()),
        }
    }
}
