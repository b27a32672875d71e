//! Agreement: how often the owner said yes to what oversight would have let through, had it not been for the level of autonomy.
//!
//! Only such escalations count: where another rule asked, a yes says nothing about doing without asking. The engine measures and suggests; a level is raised
//! by its owner alone.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::action::ActionKind;
use crate::event::{By, Event, Payload};
use crate::id::ProposalId;
use crate::oversight::verdict::{RuleId, Ruling};
use crate::spec::{Autonomy, AutonomyPlan};

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
    /// The level that the figures speak for, where it is higher than the one that holds. Never taken by itself.
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

/// The agreement for every kind of action that its owner was asked about, under the levels that hold now.
pub fn agreement<'a>(events: impl IntoIterator<Item = &'a Event>, plan: &AutonomyPlan) -> BTreeMap<ActionKind, Agreement> {
    let mut kinds: BTreeMap<ProposalId, ActionKind> = BTreeMap::new();
    let mut asked: BTreeMap<ProposalId, ActionKind> = BTreeMap::new();
    let mut table: BTreeMap<ActionKind, Agreement> = BTreeMap::new();
    for event in events {
        match &event.payload {
            Payload::Proposed { proposal } => drop(kinds.insert(proposal.id, proposal.action.kind())),
            Payload::Reviewed { proposal, verdict, .. } => {
                let kind = kinds.remove(proposal);
                if let (Some(kind), Ruling::Escalate, true) = (kind, verdict.ruling, verdict.rules.iter().all(asks_by_level)) {
                    asked.insert(*proposal, kind);
                }
            }
            Payload::Answered { proposal, by, approve, .. } => {
                let Some(kind) = asked.remove(proposal) else { continue };
                let row = table.entry(kind).or_default();
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
        let level = plan.level(*kind);
        let speaks_for = row.share.is_some_and(|share| share.low >= WANTED) && level < Autonomy::ESCALATE;
        row.suggested = speaks_for.then_some(level.get() + 1);
    }
    table
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
