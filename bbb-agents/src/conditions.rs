//! What a simulated world is like beside its market: how often its ports fail, and whether its owner answers.
//!
//! A fault is a failure for now: the provider was not reached, nothing happened, the same request may succeed later. Whether an attempt fails is a function of the
//! seed, the proposal and the number of the attempt, so a run with faults has the same journal each time. Nothing of this is in the journal but its results, and so a
//! world that a business is resumed in must be made under the conditions that it was launched under.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bbb_core::action::CallModel;
use bbb_core::draw::Seed;
use bbb_core::event::Recovery;
use bbb_core::id::ProposalId;
use bbb_core::journal::store::BoxFuture;
use bbb_core::oversight::permit::Permit;
use bbb_core::port::{Failure, Port, Verification};
use bbb_core::receipt::ModelAnswer;
use bbb_core::spec::Spec;
use serde::{Deserialize, Serialize};

/// What a simulated world is like beside its market. The default is a world without faults of its own, whose owner answers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Conditions {
    /// How often its ports fail, beside what fails within the market.
    pub faults: FaultRate,
    /// Whether its owner answers.
    pub owner: OwnerKind,
}

/// Of a hundred attempts at an effect, how many fail for now: from 0, the default, to 100.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct FaultRate(u8);

impl FaultRate {
    /// What is assumed of real providers where nothing else is said: one attempt in twenty.
    pub const USUAL: FaultRate = FaultRate(5);

    /// So many of a hundred; none above 100.
    pub const fn of(percent: u8) -> Option<FaultRate> {
        if percent <= 100 { Some(FaultRate(percent)) } else { None }
    }

    /// How many of a hundred.
    pub const fn percent(self) -> u8 {
        self.0
    }
}

impl fmt::Display for FaultRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} %", self.0)
    }
}

/// The owner of a simulated business.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OwnerKind {
    /// [`bbb_core::market::SimulatedOwner`]: answers within a day, mostly with yes.
    #[default]
    Simulated,
    /// Never answers: whatever is escalated expires, which is a veto.
    Silent,
}

impl OwnerKind {
    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            OwnerKind::Simulated => "simulated",
            OwnerKind::Silent => "silent",
        }
    }
}

/// Decides which attempts fail.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Faults {
    seed: Seed,
    rate: FaultRate,
}

impl Faults {
    pub(crate) fn new(spec: &Spec, rate: FaultRate) -> Faults {
        Faults { seed: spec.seed.derive("faults"), rate }
    }

    /// Lets this attempt at an effect pass, or fails it.
    pub(crate) fn strike(self, effect: ProposalId, attempt: u32) -> Result<(), Failure> {
        // Attempts are numbered from 1 and end far below 2^16.
        let mut draw = self.seed.draw("attempt", u64::from(effect.get()) << 16 | u64::from(attempt & 0xffff));
        if draw.below(100) < u32::from(self.rate.percent()) {
            return Err(Failure::Temporary("the simulated provider could not be reached".to_owned()));
        }
        Ok(())
    }
}

/// A language model that is not always reached.
pub(crate) struct UnreliableModel {
    pub(crate) model: Arc<dyn Port<CallModel>>,
    pub(crate) faults: Faults,
}

impl Port<CallModel> for UnreliableModel {
    fn recovery(&self) -> Recovery {
        self.model.recovery()
    }

    fn time_limit(&self) -> Option<Duration> {
        self.model.time_limit()
    }

    fn perform(&self, permit: Permit<CallModel>) -> BoxFuture<'_, Result<ModelAnswer, Failure>> {
        match self.faults.strike(permit.grant().proposal, permit.grant().attempt) {
            Ok(()) => self.model.perform(permit),
            Err(failure) => Box::pin(std::future::ready(Err(failure))),
        }
    }

    fn verify<'a>(&'a self, key: &'a str, action: &'a CallModel) -> BoxFuture<'a, Verification<ModelAnswer>> {
        self.model.verify(key, action)
    }
}

#[cfg(test)]
mod tests {
    use bbb_core::blueprint;

    use super::*;

    fn spec(seed: u64) -> Spec {
        let (origin, blueprint) = blueprint::resolve("podcast-production-studio").expect("a template");
        Spec::simulated(origin, blueprint, Seed::new(seed), 30)
    }

    /// Which of the first 4,000 effects fail at their first and second attempts.
    fn struck(seed: u64, percent: u8) -> Vec<(u32, u32)> {
        let faults = Faults::new(&spec(seed), FaultRate::of(percent).expect("a rate"));
        let attempts = (0..4_000).flat_map(|proposal| [(proposal, 1), (proposal, 2)]);
        attempts.filter(|(proposal, attempt)| faults.strike(ProposalId::new(*proposal), *attempt).is_err()).collect()
    }

    #[test]
    fn so_many_of_a_hundred_attempts_fail_the_same_ones_each_time() {
        assert_eq!(struck(1, 0), []);
        assert_eq!(struck(1, 100).len(), 8_000);
        let usual = struck(1, FaultRate::USUAL.percent());
        assert!((320..=480).contains(&usual.len()), "{} of 8000", usual.len());
        assert_eq!(usual, struck(1, 5));
        assert_ne!(usual, struck(2, 5), "another future has other faults");
        let more = struck(1, 20);
        assert!(usual.iter().all(|attempt| more.contains(attempt)), "a higher rate adds faults to those of a lower one");
        let twice = usual.windows(2).filter(|pair| pair[0].0 == pair[1].0).count();
        assert!(twice < 40, "{twice}: a second attempt does not fail because the first one did");
        assert_eq!(FaultRate::of(101), None);
    }
}
