//! The ethics-oversight actor: the only one that reviews, and the only one that turns acknowledged intents into permits. Without it nothing happens.

use bbb_core::oversight::Oversight;
use ractor::{Actor, ActorProcessingErr, ActorRef};

use crate::message::ToOversight;

/// The oversight of one business.
pub(crate) struct OversightActor;

impl Actor for OversightActor {
    type Msg = ToOversight;
    type State = Oversight;
    type Arguments = Oversight;

    async fn pre_start(&self, _: ActorRef<ToOversight>, oversight: Oversight) -> Result<Oversight, ActorProcessingErr> {
        Ok(oversight)
    }

    async fn handle(&self, _: ActorRef<ToOversight>, message: ToOversight, oversight: &mut Oversight) -> Result<(), ActorProcessingErr> {
        // A supervisor that no longer waits has moved on: an unheard review is repeated, and unheard permits are dropped and released.
        match message {
            ToOversight::Review { mut round, reply } => {
                let reviewed = oversight.review(&mut round).map(|()| round);
                let _ = reply.send(reviewed);
            }
            ToOversight::Mint { acknowledgement, state, now, reply } => {
                let permits = oversight.mint(acknowledgement, &state, now);
                drop(state);
                let _ = reply.send(permits);
            }
            ToOversight::Crash => return Err("crashed on request".into()),
        }
        Ok(())
    }
}
