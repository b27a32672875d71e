//! What if: a simulated business goes on from an event of its journal with another price, as a business of its own.

use std::sync::Arc;

use bbb_core::event::{Event, Payload};
use bbb_core::id::BusinessId;
use bbb_core::journal::chain::Head;
use bbb_core::journal::writer::{self, Journal};
use bbb_core::money::Cents;
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
    /// The journal is shorter.
    #[error("the journal has {events} events")]
    TooLate {
        /// How many it has.
        events: usize,
    },
    /// Nothing would happen any more.
    #[error("the business is over at that event; fork it earlier")]
    Over,
    /// A price is more than nothing.
    #[error("a price is more than 0")]
    Price,
}

impl Engine {
    /// Copies the first `at` events of a simulated business into a new one, in which new customers are offered `price` from there on. The new
    /// business's id is a function of the three, so that the same fork is made once; it is not run until it is resumed.
    ///
    /// # Errors
    /// [`Error::Fork`] where it cannot be forked there, [`Error::Unknown`], and the journal's.
    pub async fn fork(&self, source: BusinessId, at: u64, price: Cents) -> Result<BusinessId, Error> {
        let (events, _) = writer::load(self.store().as_ref(), source, Head::EMPTY).await?;
        let copied = check(source, &events, at, price)?;
        let id = fork_id(source, at, price);
        let mut journal = Journal::open(Arc::clone(self.store()), id).await?;
        let written = journal.head().sequence;
        if written > at {
            return Ok(id);
        }
        let state = State::replay(id, copied)?.ok_or(Error::Unknown(source))?;
        let now = state.now;
        let mut round = Round::new(state, now);
        round.stage(Payload::Forked { price }, 0)?;
        // A kill within an earlier fork may have left a part of the copy.
        let missing = copied.iter().filter(|event| event.sequence > written);
        let missing: Vec<Event> = missing.chain(round.staged()).cloned().collect();
        journal.commit(&missing, orient::next_due(round.state(), now), false).await?;
        Ok(id)
    }
}

fn check(source: BusinessId, events: &[Event], at: u64, price: Cents) -> Result<&[Event], Error> {
    let length = usize::try_from(at).ok().filter(|at| (1..=events.len()).contains(at));
    let copied = match length {
        Some(length) => &events[..length],
        None if events.is_empty() => return Err(Error::Unknown(source)),
        None => return Err(NoFork::TooLate { events: events.len() }.into()),
    };
    let state = State::replay(source, copied)?.ok_or(Error::Unknown(source))?;
    if !state.spec.world.is_simulated() {
        return Err(NoFork::NotSimulated.into());
    }
    if state.status.is_over() {
        return Err(NoFork::Over.into());
    }
    if price <= Cents::ZERO { Err(NoFork::Price.into()) } else { Ok(copied) }
}

fn fork_id(source: BusinessId, at: u64, price: Cents) -> BusinessId {
    let mut hasher = blake3::Hasher::new_derive_key("bbb 2026 fork of a journal");
    hasher.update(&source.bytes()).update(&at.to_le_bytes()).update(&price.get().to_le_bytes());
    BusinessId::derive(&hasher.finalize())
}
