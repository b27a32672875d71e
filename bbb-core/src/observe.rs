//! Observe: what happened outside is folded into the state, in a canonical order.

use std::collections::BTreeSet;

use crate::event::{By, Payload, Signal};
use crate::id::ProposalId;
use crate::journal::store::SignalKey;
use crate::market;
use crate::round::Round;
use crate::state::Misfit;
use crate::state::work::Stage;

/// Something that arrived from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrival {
    /// Where it came from.
    pub source: String,
    /// The source's own name for it; empty where the source never sends twice.
    pub external_id: String,
    /// What it was.
    pub signal: Signal,
}

impl Arrival {
    /// The name by which it is received once; none where its source never sends twice.
    pub fn key(&self) -> Option<SignalKey> {
        (!self.external_id.is_empty()).then(|| SignalKey { source: self.source.clone(), external_id: self.external_id.clone() })
    }
}

/// Leaves out what has the name of something before it in the list.
pub fn once(mut arrivals: Vec<Arrival>) -> Vec<Arrival> {
    let mut keys = BTreeSet::new();
    arrivals.retain(|arrival| arrival.key().is_none_or(|key| keys.insert(key)));
    arrivals
}

/// Stages what arrived.
///
/// # Errors
/// [`Misfit`] where a signal is about something that the business does not know.
pub fn receive(round: &mut Round, arrival: Arrival) -> Result<(), Misfit> {
    let Arrival { source, external_id, signal } = arrival;
    round.stage(Payload::Received { source, external_id, signal }, 0).map(drop)
}

/// Stages the end of the day that runs, after what the market did during it.
///
/// # Errors
/// [`Misfit`] on a defect of the engine or the market.
pub fn close_day(round: &mut Round, signals: Vec<Signal>) -> Result<(), Misfit> {
    for signal in signals {
        receive(round, Arrival { source: market::SOURCE.to_owned(), external_id: String::new(), signal })?;
    }
    round.stage(Payload::DayClosed { day: round.state().day }, 0).map(drop)
}

/// Stages an answer to an escalation that still waits and has not expired; says whether there was one.
///
/// # Errors
/// [`Misfit`] on a defect of the engine.
pub fn answer(round: &mut Round, id: ProposalId, by: By, approve: bool, reason: &str) -> Result<bool, Misfit> {
    let Some(open) = round.state().work.proposals.get(&id) else { return Ok(false) };
    let Stage::Waiting { expires_at, .. } = open.stage else { return Ok(false) };
    // Time that has run out is a veto already, whether anybody has looked at the clock since or not.
    if expires_at <= round.now() && !matches!(by, By::Expiry | By::Engine) {
        return Ok(false);
    }
    let (digest, cause) = (open.proposal.action.digest(), open.event);
    round.stage(Payload::Answered { proposal: id, digest, by, approve, reason: reason.to_owned() }, cause)?;
    Ok(true)
}
