//! The owner of a simulated business: answers what is escalated, some hours later.

use crate::action::Action;
use crate::draw::Seed;
use crate::id::ProposalId;
use crate::market::{figure, whole};
use crate::money::Cents;
use crate::spec::Spec;
use crate::time::{HOUR_MS, MINUTE_MS, Timestamp};

/// Answers escalations as a function of the seed, the proposal and the action's worst cost.
///
/// The answer comes after 1 to 20 hours. Yes is likely (97 %) for what costs at most the business's cap per action, and falls with the
/// logarithm of the cost above it: 75 % at twice the cap, 30 % at eight times, never below 5 %.
#[derive(Debug, Clone)]
pub struct SimulatedOwner {
    seed: Seed,
    cap: Cents,
}

impl SimulatedOwner {
    /// The owner of this business.
    pub fn new(spec: &Spec) -> Self {
        SimulatedOwner { seed: spec.seed.derive("owner"), cap: spec.caps.ask_above }
    }

    /// When the owner answers, whether with yes, and why.
    pub fn answer(&self, proposal: ProposalId, action: &Action, asked_at: Timestamp) -> (Timestamp, bool, String) {
        let mut draw = self.seed.draw("answer", proposal.get().into());
        let minutes = i64::try_from(whole(draw.between(0.0, 19.0 * 60.0))).unwrap_or(0);
        let at = asked_at.plus_ms(HOUR_MS + minutes * MINUTE_MS);
        let cost = action.worst_case(true).money.cents();
        let approve = draw.chance(self.inclination(cost));
        let reason = match (approve, cost > self.cap) {
            (true, false) => "fine".to_owned(),
            (true, true) => format!("{cost} is much, but worth trying"),
            (false, true) => format!("{cost} is too much"),
            (false, false) => "not now".to_owned(),
        };
        (at, approve, reason)
    }

    fn inclination(&self, cost: Cents) -> f64 {
        if cost <= self.cap {
            return 0.97;
        }
        let doublings = libm::log2(figure(cost) / figure(self.cap));
        (0.975 - 0.225 * doublings).clamp(0.05, 0.97)
    }
}
