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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::ActionKind;
    use crate::event::Outcome;
    use crate::oversight::tests_support::{Scene, TICKET};
    use crate::oversight::verdict::{Finding, RuleId, Ruling, Verdict};
    use crate::time::Timestamp;

    fn arrival(source: &str, external_id: &str) -> Arrival {
        let contact = Scene::new().contact;
        Arrival { source: source.to_owned(), external_id: external_id.to_owned(), signal: Signal::TicketOpened { ticket: TICKET, contact } }
    }

    #[test]
    fn what_has_a_name_arrives_once() {
        let names = [("csv", "1"), ("csv", "2"), ("csv", "1"), ("mail", "1"), ("csv", ""), ("csv", "")];
        let kept = once(names.map(|(source, id)| arrival(source, id)).into());
        let kept: Vec<_> = kept.iter().map(|arrival| (arrival.source.as_str(), arrival.external_id.as_str())).collect();
        assert_eq!(kept, [("csv", "1"), ("csv", "2"), ("mail", "1"), ("csv", ""), ("csv", "")], "what has no name is never sent twice");
        assert_eq!(arrival("csv", "").key(), None);
        assert_eq!(arrival("csv", "1").key(), Some(SignalKey { source: "csv".to_owned(), external_id: "1".to_owned() }));
    }

    /// A bill that waits for its owner until `expires_at`.
    fn waiting(expires_at: impl FnOnce(Timestamp) -> Timestamp) -> (Scene, ProposalId) {
        let mut scene = Scene::new();
        let action = scene.good(ActionKind::PayBill);
        let proposal = scene.propose(action, false);
        let verdict = Verdict::from_findings(&[Finding::new(Ruling::Escalate, RuleId::named("test"), "")]);
        let (id, digest, expires_at) = (proposal.id, proposal.action.digest(), Some(expires_at(scene.state.now)));
        scene.apply(Payload::Reviewed { proposal: id, digest, verdict, expires_at });
        (scene, id)
    }

    #[test]
    fn an_answer_is_to_what_waits_in_time_and_to_its_content() {
        let answered = |scene: &Scene, id, by: By, approve| {
            let mut round = Round::new(scene.state.clone(), scene.state.now);
            let heard = answer(&mut round, id, by, approve, "why").expect("an answer");
            let stage = round.state().work.proposals.get(&id).map(|open| open.stage.clone());
            assert_eq!(heard, round.staged().len() == 1);
            (heard, stage, round.take_staged())
        };
        let (scene, id) = waiting(|now| now.plus_ms(1));
        let (heard, stage, staged) = answered(&scene, id, By::Owner, true);
        assert_eq!((heard, stage), (true, Some(Stage::Approved { answered: true, attempt: 0 })));
        let content = scene.state.work.proposals[&id].proposal.action.digest();
        assert!(matches!(&staged[0].payload, Payload::Answered { digest, by: By::Owner, approve: true, .. } if *digest == content));
        assert_eq!(answered(&scene, id, By::Owner, false).1, None, "a no closes it");
        assert!(!answered(&scene, ProposalId::new(99), By::Owner, true).0);

        let (late, id) = waiting(|now| now);
        for (by, heard) in [
            (By::Owner, false),
            (By::SimulatedOwner, false),
            (By::Delegate("ann".to_owned()), false),
            (By::Expiry, true),
            (By::Engine, true),
        ] {
            assert_eq!(answered(&late, id, by.clone(), false).0, heard, "{by:?}");
        }

        let mut scene = Scene::new();
        let action = scene.good(ActionKind::PayBill);
        let id = scene.propose(action, true).id;
        assert!(!answered(&scene, id, By::Owner, true).0, "what is approved waits for nobody");
        let hold = crate::action::Cost::nothing(true);
        let digest = scene.state.work.proposals[&id].proposal.action.digest();
        let recovery = crate::event::Recovery::AtMostOnce;
        scene.apply(Payload::Intended { proposal: id, digest, attempt: 1, key: String::new(), hold, recovery });
        assert!(!answered(&scene, id, By::Owner, true).0);
        scene.apply(Payload::Settled { proposal: id, outcome: Outcome::InDoubt { reason: String::new() }, cost: hold });
        assert!(!answered(&scene, id, By::Owner, true).0, "a doubt is not resolved by a yes");
    }

    #[test]
    fn a_day_closes_after_what_the_market_did_in_it() {
        let scene = Scene::new();
        let mut round = Round::new(scene.state.clone(), scene.state.now);
        let contact = scene.contact;
        close_day(&mut round, vec![Signal::Unsubscribed { contact }]).expect("a day");
        let staged = round.take_staged();
        assert!(
            matches!(&staged[0].payload, Payload::Received { source, external_id, .. } if source == market::SOURCE && external_id.is_empty())
        );
        assert!(matches!(staged[1].payload, Payload::DayClosed { day } if day == scene.state.day));
        assert_eq!((staged.len(), round.state().day), (2, scene.state.day + 1));
        assert!(round.state().trade.contacts[&contact].suppressed);
    }
}
