//! What if: a simulated business goes on from an event of its journal with another price, strategy, channel or charter, as a business of its own.

use std::sync::Arc;

use bbb_core::event::{Event, Payload};
use bbb_core::fork::Change;
use bbb_core::id::BusinessId;
use bbb_core::journal::chain::Head;
use bbb_core::journal::writer::{self, Journal};
use bbb_core::orient;
use bbb_core::round::Round;
use bbb_core::state::State;

use crate::engine::{Engine, Error};

/// Why a business cannot be forked there. Nothing was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoFork {
    /// The world cannot be forked.
    #[error("only a simulated business can be forked, the world cannot")]
    NotSimulated,
    /// There is no such event.
    #[error("there is no event {at}: the journal has {events} events, counted from 1")]
    NoEvent {
        /// The event that was named.
        at: u64,
        /// How many there are.
        events: usize,
    },
    /// Nothing would happen any more.
    #[error("the business is over at that event; fork it earlier")]
    Over,
    /// The change breaks a rule.
    #[error("{0}")]
    Change(String),
}

/// The business that [`Engine::fork`] makes of these: a function of the three.
pub fn fork_id(source: BusinessId, at: u64, change: &Change) -> BusinessId {
    let mut hasher = blake3::Hasher::new_derive_key("bbb 2026 fork of a journal, by its change");
    // Plain data: it has no map with keys that JSON could not write.
    hasher.update(&source.bytes()).update(&at.to_le_bytes()).update(&serde_json::to_vec(change).unwrap_or_default());
    BusinessId::derive(&hasher.finalize())
}

impl Engine {
    /// Copies the first `at` events of a simulated business into a new one, in which something is different from there on. The new business's id is [`fork_id`], so
    /// that the same fork is made once; it is not run until it is resumed. A change of charter must be to that of this engine.
    ///
    /// Where `at` is not the last event of a commit, what the engine had done at once with it is decided anew in the fork.
    ///
    /// # Errors
    /// [`Error::Fork`] where it cannot be forked there, [`Error::Unknown`], [`Error::OtherVersion`] where this engine could not go on with the fork, and the journal's.
    pub async fn fork(&self, source: BusinessId, at: u64, change: Change) -> Result<BusinessId, Error> {
        let (events, _) = writer::load(self.store().as_ref(), source, Head::EMPTY).await?;
        let (copied, state) = check(source, &events, at, &change)?;
        let id = fork_id(source, at, &change);
        let now = state.now;
        let mut round = Round::new(State { business: id, ..state }, now);
        round.stage(Payload::Forked { source, change: Box::new(change) }, 0)?;
        self.check_version(round.state())?;
        let mut journal = Journal::open(Arc::clone(self.store()), id).await?;
        let written = journal.head().sequence;
        if written > at {
            return Ok(id);
        }
        // A kill within an earlier fork may have left a part of the copy.
        let missing = copied.iter().filter(|event| event.sequence > written);
        let missing: Vec<Event> = missing.chain(round.staged()).cloned().collect();
        journal.commit(&missing, orient::next_due(round.state(), now), false).await?;
        Ok(id)
    }
}

/// The events to copy, and the state after them; or why the business cannot be forked there.
///
/// # Errors
/// As [`Engine::fork`].
pub fn check<'a>(source: BusinessId, events: &'a [Event], at: u64, change: &Change) -> Result<(&'a [Event], State), Error> {
    let length = usize::try_from(at).ok().filter(|at| (1..=events.len()).contains(at));
    let copied = match length {
        Some(length) => &events[..length],
        None if events.is_empty() => return Err(Error::Unknown(source)),
        None => return Err(NoFork::NoEvent { at, events: events.len() }.into()),
    };
    let state = State::replay(source, copied)?.ok_or(Error::Unknown(source))?;
    if !state.spec.world.is_simulated() {
        return Err(NoFork::NotSimulated.into());
    }
    if state.status.is_over() {
        return Err(NoFork::Over.into());
    }
    change.check().map_err(NoFork::Change)?;
    Ok((copied, state))
}
