//! Agreement: how often the owner said yes to what oversight would have let through, had it not been for the level of autonomy.
//!
//! Only such escalations count: where another rule asked, a yes says nothing about doing without asking. The engine measures and suggests; a level is raised
//! by its owner alone.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::action::{ActionKind, Cost};
use crate::event::{By, Event, Payload};
use crate::id::ProposalId;
use crate::money::Cents;
use crate::oversight::limits::asks;
use crate::oversight::verdict::{RuleId, Ruling};
use crate::spec::Autonomy;
use crate::state::State;

/// The share of yes that is wanted, at the lower end of its interval, before a higher level is suggested.
pub const WANTED: f64 = 0.9;
/// The quantile of the standard normal distribution for an interval of 95 percent.
const Z: f64 = 1.959_963_984_540_054;
/// How the rules of autonomy are named.
const AUTONOMY: &str = "limits.autonomy-";

/// How the owner answered about one kind of action.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Agreement {
    /// Yes.
    pub approved: u64,
    /// No.
    pub vetoed: u64,
    /// No answer in time; counts for nothing.
    pub expired: u64,
    /// The share of yes among the answers, and the interval that holds the true share with 95 percent certainty (Wilson 1927); absent without an answer.
    pub share: Option<Share>,
    /// The lowest level above the one that holds at which fewer of the answered questions would have been asked, where the figures speak for one. Never
    /// taken by itself.
    pub suggested: Option<u8>,
}

/// A share with its interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Share {
    /// As counted, from 0 to 1.
    pub value: f64,
    /// The interval's lower end.
    pub low: f64,
    /// The interval's upper end.
    pub high: f64,
}

/// The agreement for every kind of action that its owner was asked about, under the levels and the per-action budget that hold now in `state`.
pub fn agreement<'a>(events: impl IntoIterator<Item = &'a Event>, state: &State) -> BTreeMap<ActionKind, Agreement> {
    let simulated = state.spec.world.is_simulated();
    let mut kinds: BTreeMap<ProposalId, (ActionKind, Cost)> = BTreeMap::new();
    let mut asked: BTreeMap<ProposalId, (ActionKind, Cost)> = BTreeMap::new();
    let mut answered: BTreeMap<ActionKind, Vec<Cost>> = BTreeMap::new();
    let mut table: BTreeMap<ActionKind, Agreement> = BTreeMap::new();
    for event in events {
        match &event.payload {
            Payload::Proposed { proposal } => {
                kinds.insert(proposal.id, (proposal.action.kind(), proposal.action.worst_case(simulated)));
            }
            Payload::Reviewed { proposal, verdict, .. } => {
                let kind = kinds.remove(proposal);
                if let (Some(kind), Ruling::Escalate, true) = (kind, verdict.ruling, verdict.rules.iter().all(asks_by_level)) {
                    asked.insert(*proposal, kind);
                }
            }
            Payload::Answered { proposal, by, approve, .. } => {
                let Some((kind, hold)) = asked.remove(proposal) else { continue };
                let row = table.entry(kind).or_default();
                if !matches!(by, By::Expiry | By::Engine) {
                    answered.entry(kind).or_default().push(hold);
                }
                match by {
                    By::Owner | By::SimulatedOwner | By::Delegate(_) if *approve => row.approved += 1,
                    By::Owner | By::SimulatedOwner | By::Delegate(_) => row.vetoed += 1,
                    By::Expiry | By::Engine => row.expired += 1,
                }
            }
            _ => {}
        }
    }
    for (kind, row) in &mut table {
        row.share = wilson(row.approved, row.approved + row.vetoed);
        if row.share.is_some_and(|share| share.low >= WANTED) {
            let ask_above = state.books.caps.ask_above;
            row.suggested = next_level(state.autonomy.level(*kind), *kind, answered.get(kind).map_or(&[], Vec::as_slice), ask_above);
        }
    }
    table
}

/// The lowest level above this one at which fewer of these questions would be asked.
fn next_level(level: Autonomy, kind: ActionKind, questions: &[Cost], ask_above: Cents) -> Option<u8> {
    let asked = |level: Autonomy| questions.iter().filter(|hold| asks(level, kind, hold, ask_above)).count();
    let now = asked(level);
    let higher = (level.get() + 1..=Autonomy::FULL.get()).filter_map(|level| Autonomy::try_from(level).ok());
    higher.into_iter().find(|level| asked(*level) < now).map(Autonomy::get)
}

fn asks_by_level(rule: &RuleId) -> bool {
    rule.as_str().starts_with(AUTONOMY)
}

/// The Wilson score interval (E. B. Wilson, "Probable inference, the law of succession, and statistical inference", 1927).
fn wilson(yes: u64, answers: u64) -> Option<Share> {
    if answers == 0 {
        return None;
    }
    #[expect(clippy::cast_precision_loss, reason = "exact below 2^53 answers")]
    let (yes, n) = (yes as f64, answers as f64);
    let value = yes / n;
    let middle = (value + Z * Z / (2.0 * n)) / (1.0 + Z * Z / n);
    let half = Z * (value * (1.0 - value) / n + Z * Z / (4.0 * n * n)).sqrt() / (1.0 + Z * Z / n);
    Some(Share { value, low: (middle - half).max(0.0), high: (middle + half).min(1.0) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::{Action, PayBill};
    use crate::event::Proposal;
    use crate::id::TaskId;
    use crate::oversight::tests_support::Scene;
    use crate::oversight::verdict::Verdict;
    use crate::role::Role;

    #[test]
    fn the_level_that_is_suggested_would_have_asked_less() {
        let mut scene = Scene::new();
        scene.state.books.caps.ask_above = Cents::new(50);
        let bill = |cents| Action::from(PayBill { label: "rent".to_owned(), cost: Cents::new(cents) });
        let price = scene.good(ActionKind::SetPrice);
        let suggested = |scene: &Scene, actions: &[&Action]| {
            let kind = actions[0].kind();
            let rule = RuleId::named("limits.autonomy-2-ask");
            let verdict = Verdict { ruling: Ruling::Escalate, rules: vec![rule], note: String::new() };
            let mut events = Vec::new();
            for (number, action) in (0..60).zip(actions.iter().cycle()) {
                let (id, digest) = (ProposalId::new(number), action.digest());
                let (role, rationale) = (Role::Finance, String::new());
                let proposal =
                    Proposal { id, task: TaskId::new(0), role, action: (*action).clone(), confidence: 70, rationale, reviews: None };
                let reason = String::new();
                for payload in [
                    Payload::Proposed { proposal: Box::new(proposal) },
                    Payload::Reviewed { proposal: id, digest, verdict: verdict.clone(), expires_at: None },
                    Payload::Answered { proposal: id, digest, by: By::Owner, approve: true, reason },
                ] {
                    events.push(Event { sequence: events.len() as u64 + 1, at: scene.state.now, cause: 0, payload });
                }
            }
            agreement(&events, &scene.state)[&kind].suggested
        };
        let (cheap, dear) = (bill(50), bill(51));
        for (level, actions, wanted) in [
            (2, vec![&price], Some(3)),
            (2, vec![&cheap], Some(4)),
            (2, vec![&cheap, &dear], Some(4)),
            (2, vec![&dear], Some(5)),
            (3, vec![&price], None),
            (3, vec![&cheap], Some(4)),
            (3, vec![&dear], Some(5)),
            (4, vec![&cheap], None),
            (4, vec![&dear], Some(5)),
            (5, vec![&dear], None),
            (6, vec![&dear], None),
            (1, vec![&cheap], None),
        ] {
            scene.state.autonomy.base = Autonomy::try_from(level).expect("a level");
            assert_eq!(suggested(&scene, &actions), wanted, "at {level}: {actions:?}");
        }
    }

    #[test]
    fn the_interval_is_wilsons() {
        // Newcombe, "Two-sided confidence intervals for the single proportion", Statistics in Medicine 17 (1998), table I, method 3.
        let close = |found: Option<Share>, low: f64, high: f64| {
            let share = found.expect("answers");
            assert!((share.low - low).abs() < 5e-5 && (share.high - high).abs() < 5e-5, "{share:?}");
        };
        close(wilson(81, 263), 0.2553, 0.3662);
        close(wilson(15, 148), 0.0624, 0.1605);
        close(wilson(0, 20), 0.0, 0.1611);
        close(wilson(1, 29), 0.0061, 0.1718);
        assert_eq!(wilson(0, 0), None);
    }

    #[test]
    fn only_many_answers_speak_for_a_higher_level() {
        assert!(wilson(34, 34).is_some_and(|share| share.low < WANTED));
        assert!(wilson(35, 35).is_some_and(|share| share.low >= WANTED));
        assert!(wilson(35, 40).is_some_and(|share| share.low < WANTED));
    }
}
