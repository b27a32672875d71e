//! What answers are made of, and leads, which requests have. They stand apart from the types of the domain, so that those can change without an API changing; each is read from the JSON of its
//! projection, and what that has more is left out.
//!
//! Ids and times are text (`prop_7`, RFC 3339 in UTC), and money is a number of dollars with cents, as everywhere in the JSON of `bbb`.

mod business;
mod inbox;
pub(crate) mod leads;
mod metrics;
mod work;

pub(crate) use self::business::{BlueprintView, Business, Businesses};
pub(crate) use self::inbox::Inbox;
pub(crate) use self::metrics::{Agents, History, Metrics};
pub(crate) use self::work::{Entry, Journal, Task, Tasks};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::problem::Problem;

/// Reads an answer from a projection.
pub(crate) fn told<T: DeserializeOwned>(projection: &impl Serialize) -> Result<T, Problem> {
    let value = serde_json::to_value(projection).map_err(Problem::failed)?;
    serde_json::from_value(value).map_err(Problem::failed)
}

/// Money.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub(crate) struct Money {
    /// How much.
    total: f64,
    /// In which currency.
    currency: String,
    /// Whether it exists only in the simulator.
    simulated: bool,
}

/// The name of a value that is written as one.
pub(super) fn name_of(value: &impl Serialize) -> Result<String, Problem> {
    told(value)
}
