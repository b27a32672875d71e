//! Advice for founders, as `bbb recommend`, `bbb plan` and the daemon give it: one object for each, and the template that fits best.

use bbb_core::blueprint::{self, Blueprint, Origin};
use bbb_core::draw::Seed;
use bbb_core::plan::founder::Founder;
use bbb_core::plan::ninety::Plan;
use bbb_core::plan::recommend::{Recommendation, recommend};
use serde_json::{Value, json};

use crate::fault::{Fault, Kind};

/// Over how many months is looked where nobody says otherwise.
pub(crate) const MONTHS: u32 = 12;

/// Recommendations as data. Amounts are in cents; all of it is simulated, and says so.
pub(crate) fn recommendations(founder: &Founder, all: &[Recommendation], seed: u64) -> Value {
    let registration = founder.state.map(|state| state.registration());
    json!({ "simulated": true, "founder": founder, "seed": seed, "registration": registration, "recommendations": all })
}

/// A plan as data, likewise.
pub(crate) fn plan(plan: &Plan, seed: u64) -> Value {
    json!({ "simulated": true, "seed": seed, "plan": plan })
}

/// The template that fits a founder best.
///
/// # Errors
/// [`Kind::Refused`] where none fits.
pub(crate) fn best(founder: &Founder, draws: u32, seed: u64) -> Result<(Origin, Blueprint), Fault> {
    let found = recommend(founder, draws, Seed::new(seed)).into_iter().next().filter(|one| one.fits);
    let found = found.ok_or_else(|| Fault::new(Kind::Refused, "no template fits"))?;
    blueprint::resolve(found.name).map_err(|error| Fault::failed(error.to_string()))
}
