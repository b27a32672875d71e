//! What a business at full speed does to get its [share](crate::share) of the processor.

use bbb_core::state::Status;
use futures_util::FutureExt;
use ractor::ActorRef;
use tokio::task::JoinHandle;

use crate::message::ToSupervisor;
use crate::share::{STEPS_PER_SHARE, Share};
use crate::supervisor::Business;
use crate::world::Pace;

/// The share of a business.
#[derive(Default)]
pub(super) struct Held {
    share: Option<Share>,
    steps: u32,
    /// Who waits for the next one.
    waiting: Option<JoinHandle<()>>,
}

impl Held {
    /// Whether it waits for its next share.
    pub(super) fn waits(&self) -> bool {
        self.waiting.is_some()
    }

    /// A step was done, in which so many events were staged.
    pub(super) fn stepped(&mut self, events: u64) {
        self.steps += 1;
        if let Some(share) = &mut self.share {
            share.brought(events);
        }
    }

    /// Gives the share back, and waits for none.
    pub(super) fn give_back(&mut self) {
        self.share = None;
        if let Some(waiting) = self.waiting.take() {
            waiting.abort();
        }
    }

    fn take(&mut self, share: Share) {
        self.give_back();
        (self.share, self.steps) = (Some(share), 0);
    }
}

impl Business {
    /// Whether the next step may come now; if not, it comes with the next share. One that is paused, over or being brought to rest has nothing to compute, and waits for nobody.
    pub(super) fn has_share(&mut self, myself: &ActorRef<ToSupervisor>) -> bool {
        let is_active = self.round.as_ref().is_some_and(|round| round.state().status == Status::Active);
        let is_fast = self.world.kind().is_simulated() && self.world.pace() == Pace::Fast;
        let Some(shares) = self.world.shares().filter(|_| is_fast && is_active && !self.draining) else {
            self.held.give_back();
            return true;
        };
        if self.held.waits() {
            return false;
        }
        if self.held.share.is_some() && self.held.steps < STEPS_PER_SHARE {
            return true;
        }
        // Given back first, so that whoever waited longer comes first.
        self.held.give_back();
        let mut next = shares.next();
        if let Some(share) = (&mut next).now_or_never() {
            self.held.take(share);
            return true;
        }
        let myself = myself.clone();
        self.held.waiting = Some(tokio::spawn(async move {
            let share = next.await;
            // Where nobody is there any more it is over.
            drop(myself.cast(ToSupervisor::Share(share)));
        }));
        false
    }

    /// Its share has come.
    pub(super) fn got_share(&mut self, myself: &ActorRef<ToSupervisor>, share: Share) {
        // Else it has ceased to wait.
        if self.held.waiting.is_some() {
            self.held.take(share);
            self.queue_step(myself);
        }
    }
}
