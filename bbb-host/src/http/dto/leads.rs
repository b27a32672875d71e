//! People who may become customers, as a request names them.

use bbb_core::event::Profile;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::problem::Problem;
use crate::leads::{self, Lead};

/// The most leads of one request.
const MAX_LEADS: usize = 1_000;

/// Somebody who may become a customer.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewLead {
    /// Their address.
    #[schema(max_length = 254, example = "ada@example.com")]
    email: String,
    #[serde(default)]
    #[schema(max_length = 1000)]
    name: String,
    #[serde(default)]
    #[schema(max_length = 1000)]
    company: String,
    #[serde(default)]
    #[schema(max_length = 1000)]
    note: String,
    /// Whether they agreed to be written to. Nobody else ever is.
    consent: bool,
}

impl std::fmt::Debug for NewLead {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("NewLead(***)")
    }
}

/// The leads of a request's field `leads`, checked as those of a list in CSV.
pub(crate) fn checked(leads: &[NewLead]) -> Result<Vec<Lead>, Problem> {
    if leads.len() > MAX_LEADS {
        return Err(Problem::field("leads", format!("are at most {MAX_LEADS}")));
    }
    let lead = |lead: &NewLead| {
        let NewLead { email, name, company, note, consent } = lead.clone();
        Lead { profile: Profile { email, name, company, note }, consent }
    };
    leads::check(leads.iter().map(lead).collect()).map_err(|bad| Problem::field(format!("leads[{}].{}", bad.index, bad.column), bad.rule))
}
