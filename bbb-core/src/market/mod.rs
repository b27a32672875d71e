//! The simulated world: people, channels and money that answer what a business does.
//!
//! A [`Market`] is a fold of the business's own journal plus parameters that are drawn from the blueprint and the seed. It has no clock, no
//! hidden counters and no state of its own: whoever replays the journal gets the same market. Roles never see it; they see receipts
//! ([`Market::perform`]) and signals ([`Market::end_of_day`]) only.
//!
//! What happens in a day: effects settle while the day runs and are folded as they come; at the end of the day [`Market::end_of_day`] tells
//! who came, who answered, who bought, who complained and who left; the day's effects are forgotten when the day is closed. Signals take effect in
//! the fold when their day is closed and not before, so that a day whose signals were journaled in part can be told to its end: `end_of_day`
//! then returns those that are missing.
//!
//! Every random number is keyed by what it is for: the ordinal of a lead, an order and a day, a proposal and its attempt. Two runs that
//! differ in one price therefore meet the same people.
//!
//! The equations stand where they are computed: seasons, rivals and shocks in `climate`, reach and arrivals in `demand`, answers and orders in
//! `buyer`, deliveries in `deal`, what customers do after they ordered in `customer`, what tempts in `temptation`, receipts in `perform`; the numbers in `params`. A run may
//! give some of them instead of having them drawn: [`Scenario`], which is journaled with the launch and found there by the fold. `docs/design/market.md` argues them and says what they
//! leave out. The model is plausible, not predictive: it exists to exercise a business, not to forecast one.

mod bound;
mod buyer;
mod climate;
mod customer;
mod deal;
mod demand;
mod fold;
mod owner;
mod parameter;
mod params;
mod people;
mod perform;
mod port;
mod scenario;
mod temptation;
#[cfg(test)]
mod tests;

pub use bound::bound;
pub use fold::Folded;
pub use owner::SimulatedOwner;
pub use parameter::{Parameter, parameters};
pub use port::{Performer, SimulatedPorts, ports, ports_by};
pub use scenario::{Error, Scenario};
pub use temptation::temptations;

use crate::event::{Event, Payload, Signal};
use crate::market::params::Params;
use crate::seal::Vault;
use crate::spec::Spec;

/// The version of the market model: a simulated run of another version is not resumed.
pub const VERSION: u32 = 3;

/// The name under which the market's signals are journaled; the fold ignores signals of other sources.
pub const SOURCE: &str = "market";

/// A market: hidden parameters, and the fold of what the business did in it.
#[derive(Debug, Clone)]
pub struct Market {
    params: Params,
    vault: Vault,
    folded: Folded,
}

impl Market {
    /// The market of a business on its first morning. What the launch says of its [`Scenario`], [`Market::apply`] finds in the first event.
    pub fn new(spec: &Spec, vault: Vault) -> Market {
        Market::resume(spec, vault, Folded::new(spec))
    }

    /// The market as a snapshot left it. The snapshot must come from a journal that began with the same spec, at this [`VERSION`].
    pub fn resume(spec: &Spec, vault: Vault, folded: Folded) -> Market {
        let scenario = folded.scenario.as_deref().cloned().unwrap_or_default();
        Market { params: Params::of(spec, &scenario), vault, folded }
    }

    /// What was folded so far: for snapshots.
    pub fn folded(&self) -> &Folded {
        &self.folded
    }

    /// Folds one more event in; ignores what does not concern the market.
    pub fn apply(&mut self, event: &Event) {
        if let Payload::Launched { spec, market: Some(scenario) } = &event.payload {
            self.params = Params::of(spec, scenario);
            self.folded.scenario = Some(scenario.clone());
        }
        self.folded.apply(&self.params, event);
    }

    /// The hidden parameters, drawn and given: for whoever looks back at a simulated run, never for its minds.
    pub fn parameters(&self) -> Vec<Parameter> {
        parameter::list(&self.params, self.folded.scenario.as_deref())
    }

    /// Everything that happens in the world during `day` and is not journaled yet, in the order in which it is to be journaled. Changes
    /// nothing: two calls return the same. Empty for a day that is not the one that runs.
    pub fn end_of_day(&self, day: u32) -> Vec<Signal> {
        if day != self.folded.day {
            return Vec::new();
        }
        let mut signals = demand::arrivals(&self.params, &self.folded, &self.vault);
        let mut counters = customer::Counters::new(&self.folded);
        signals.extend(buyer::answers(&self.params, &self.folded, &mut counters));
        signals.extend(customer::doings(&self.params, &self.folded, &mut counters));
        let asked = signals.iter().find_map(|signal| match signal {
            Signal::RefundRequested { order } => Some(*order),
            _ => None,
        });
        signals.extend(temptation::today(&self.params, &self.folded, asked));
        signals.drain(..self.folded.arrived().min(signals.len()));
        signals
    }
}

/// A figure rounded to a whole number, 0 for what is below, cut at the largest number that a double counts exactly.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the figure is clamped to 0..2^53 before")]
fn whole(figure: f64) -> u64 {
    libm::round(figure).clamp(0.0, 9_007_199_254_740_992.0) as u64
}

/// A figure in cents rounded to whole cents, never below zero.
fn cents(figure: f64) -> crate::money::Cents {
    crate::money::Cents::new(i64::try_from(whole(figure)).unwrap_or(i64::MAX))
}

/// The cents of a price as a figure, at least one: prices are divided by.
fn figure(price: crate::money::Cents) -> f64 {
    price.get().max(1) as f64
}
