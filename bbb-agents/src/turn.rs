//! What every turn of a business does beside its agents: days end, a simulated owner answers, the market follows, circles are broken. The supervisor and the
//! [driver](crate::driver) share it, so that both do the same.

use bbb_core::event::{By, Payload};
use bbb_core::limits::MAX_ROUNDS_PER_INSTANT;
use bbb_core::round::Round;
use bbb_core::state::{Misfit, Status};
use bbb_core::time::Timestamp;
use bbb_core::{observe, orient};

use crate::world::World;

/// Staged events from which a simulated business commits even though nothing is to be begun.
const COMMIT_EVENTS: usize = 1024;

/// How far the market has followed a business, and how often it turned without time passing.
pub(crate) struct Turn {
    /// Up to which event the market has followed.
    followed: u64,
    /// Turns that staged something since the time last moved on.
    turns_now: u32,
}

impl Turn {
    /// The turn after this event, which the market knows.
    pub(crate) fn new(followed: u64) -> Turn {
        Turn { followed, turns_now: 0 }
    }

    /// Feeds staged events to the market, once each.
    pub(crate) fn follow(&mut self, world: &World, round: &Round) {
        if let Some(first) = round.staged().iter().position(|event| event.sequence > self.followed) {
            world.follow(&round.staged()[first..]);
            self.followed = round.state().sequence;
        }
    }

    /// Ends every day that is over, with what the market did in it.
    pub(crate) fn close_days(&mut self, world: &World, round: &mut Round) -> Result<(), Misfit> {
        loop {
            let (state, now) = (round.state(), round.now());
            let end = orient::day_end(state);
            if state.status.is_over() || end > now || end <= state.day_started_at {
                return Ok(());
            }
            let day = state.day;
            self.follow(world, round);
            observe::close_day(round, world.end_of_day(day))?;
        }
    }

    /// Breaks a circle: a business that keeps staging events without time passing is paused, and its owner can look. Only virtual time stands still.
    pub(crate) fn guard_against_circles(&mut self, is_virtual: bool, round: &mut Round, staged: bool) -> Result<(), Misfit> {
        self.turns_now = if staged { self.turns_now + 1 } else { 0 };
        if is_virtual && self.turns_now > MAX_ROUNDS_PER_INSTANT {
            self.turns_now = 0;
            if round.state().status == Status::Active {
                let reason = format!("more than {MAX_ROUNDS_PER_INSTANT} rounds at one point in time");
                round.stage(Payload::Paused { by: By::Engine, reason }, 0)?;
            }
        }
        Ok(())
    }

    /// Moves virtual time on.
    pub(crate) fn advance(&mut self, round: &mut Round, at: Timestamp) {
        round.advance(at);
        self.turns_now = 0;
    }
}

/// Stages the answers of a simulated owner whose time has come.
pub(crate) fn owner_answers(world: &World, round: &mut Round) -> Result<(), Misfit> {
    for (at, id, approve, reason) in world.owner_answers(round.state()) {
        if at <= round.now() {
            observe::answer(round, id, By::SimulatedOwner, approve, &reason)?;
        }
    }
    Ok(())
}

/// Whether to commit: a simulated business commits when something is to be begun, and now and then; others commit every step.
pub(crate) fn should_commit(is_virtual: bool, round: &Round) -> bool {
    let staged = round.staged();
    let begins = || staged.iter().any(|event| matches!(event.payload, Payload::Intended { .. }));
    !staged.is_empty() && (!is_virtual || staged.len() >= COMMIT_EVENTS || round.state().status.is_over() || begins())
}

/// When something follows next from the state, or a simulated owner answers.
pub(crate) fn next_due(world: &World, round: &Round) -> Option<Timestamp> {
    let (state, now) = (round.state(), round.now());
    let answers = world.owner_answers(state).into_iter().map(|(at, ..)| at).filter(|at| *at > now).min();
    [orient::next_due(state, now), answers].into_iter().flatten().min()
}
