//! A round: the state with what has been staged on top of it since the last commit.
//!
//! Every stage of the path takes a round and stages events into it; each event is folded at once, so that the next stage sees it. Nothing staged is
//! real until the journal has acknowledged it.

use crate::event::{Event, Payload};
use crate::state::{Misfit, State};
use crate::time::Timestamp;

/// A state and the events staged on top of the journal.
#[derive(Debug, Clone)]
pub struct Round {
    state: State,
    staged: Vec<Event>,
    now: Timestamp,
}

impl Round {
    /// A round at time `now`, which is not before the state's own time.
    pub fn new(state: State, now: Timestamp) -> Round {
        let now = now.max(state.now);
        Round { state, staged: Vec::new(), now }
    }

    /// The state with everything staged folded in.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// The time at which events are staged.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// Moves the time on; it never goes back.
    pub fn advance(&mut self, now: Timestamp) {
        self.now = self.now.max(now);
    }

    /// What is staged.
    pub fn staged(&self) -> &[Event] {
        &self.staged
    }

    /// Stages one event that follows from event `cause`, or from none where that is 0. Returns its sequence.
    ///
    /// # Errors
    /// [`Misfit`] where the event does not fit the state: a defect in the caller. The round must then be dropped.
    pub fn stage(&mut self, payload: Payload, cause: u64) -> Result<u64, Misfit> {
        let event = Event { sequence: self.state.sequence + 1, at: self.now, cause, payload };
        self.state.apply(&event)?;
        self.staged.push(event);
        Ok(self.state.sequence)
    }

    /// Takes what is staged, after it was committed.
    pub fn take_staged(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.staged)
    }

    /// Takes the parts apart: the state, and what is staged on top of the journal.
    pub fn into_parts(self) -> (State, Vec<Event>) {
        (self.state, self.staged)
    }

    /// Puts the parts of [`Round::into_parts`] together again.
    pub fn from_parts(state: State, staged: Vec<Event>, now: Timestamp) -> Round {
        Round { now: now.max(state.now), state, staged }
    }
}
