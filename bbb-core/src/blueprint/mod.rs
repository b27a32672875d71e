//! Blueprints: what a business is launched from.
//!
//! A blueprint states what is sold, to whom, at which price and cost, and through which channels.
//! Thirty-three curated templates are embedded from `data/blueprints.json`; a founder's own
//! [`Concept`] becomes a blueprint by borrowing the figures of the template nearest to it by
//! keywords, or a modest consulting default when none is near. [`resolve`] decides which of the two
//! an owner meant, and refuses what looks like a misspelt template name instead of launching
//! something nobody asked for.
//!
//! The figures are planning assumptions, not forecasts: the market model and the optimizer start
//! from them and are corrected by what happens. Not here: goals, budgets and autonomy, which the
//! owner gives at launch.

mod channel;
mod search;

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

pub use self::channel::{Channel, ChannelMix};
pub use self::search::{find, resolve};
use crate::money::Cents;

/// Longest concept or query, in Unicode scalar values after trimming.
pub const MAX_CONCEPT_CHARS: usize = 500;

/// Longest name that a concept gives to its blueprint, in Unicode scalar values.
pub const MAX_NAME_CHARS: usize = 80;

/// Most names that an unknown query is answered with.
pub const MAX_SUGGESTIONS: usize = 3;

/// Why a text names no blueprint, or a blueprint cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Nothing but white space was given.
    #[error("the text is empty; give 1 to {MAX_CONCEPT_CHARS} characters")]
    Empty,
    /// The text is too long; both figures are Unicode scalar values.
    #[error("the text has {length} characters; at most {max} are allowed")]
    TooLong {
        /// Length after trimming.
        length: usize,
        /// Longest allowed.
        max: usize,
    },
    /// The text holds a line break, a tab or another control character.
    #[error("character {position} is a control character; give plain text on one line")]
    ControlCharacter {
        /// Where it stands in the trimmed text, in Unicode scalar values, the first being 1.
        position: usize,
    },
    /// No template has this name or slug.
    #[error("no template is called {query:?}{}", hint(.suggestions))]
    Unknown {
        /// The text that was looked for, trimmed.
        query: String,
        /// Names of the closest templates, best first, at most [`MAX_SUGGESTIONS`].
        suggestions: Vec<&'static str>,
    },
    /// The percentages of a channel mix do not make a whole.
    #[error("the channel mix sums to {sum} percent; it must sum to 100")]
    MixSum {
        /// Sum of the six percentages.
        sum: u32,
    },
}

fn hint(suggestions: &[&'static str]) -> String {
    match suggestions {
        [] => String::new(),
        names => format!("; the closest are: {}", names.join(", ")),
    }
}

/// How often a customer pays the price.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Billing {
    /// Once for each sale.
    OneTime,
    /// Every month, until the customer leaves.
    Monthly,
}

/// Everything a business needs to know about itself on its first day.
///
/// Money is US cents; the serialized names say so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Blueprint {
    /// Name for addresses and commands: lowercase ASCII words joined by hyphens.
    pub slug: String,
    /// Name for people.
    pub name: String,
    /// Branch of trade, such as "Education".
    pub industry: String,
    /// Months until the expected figures are reached.
    pub ramp_up_months: u8,
    /// Cost to open, once, in cents.
    #[serde(rename = "startup_cost_usd_cents")]
    pub startup_cost: Cents,
    /// Revenue per month after the ramp-up, in cents.
    #[serde(rename = "expected_monthly_revenue_usd_cents")]
    pub expected_monthly_revenue: Cents,
    /// All expenses per month after the ramp-up, unit costs included, in cents.
    #[serde(rename = "expected_monthly_expenses_usd_cents")]
    pub expected_monthly_expenses: Cents,
    /// Hours per week the business would take a person.
    pub time_commitment_hours_per_week: u8,
    /// What the business does and how it earns.
    pub description: String,
    /// What the customer buys.
    pub offer: String,
    /// Who buys it.
    pub target_customer: String,
    /// Price of one sale, or of one month, in cents.
    #[serde(rename = "price_usd_cents")]
    pub price: Cents,
    /// How often the price is paid.
    pub billing: Billing,
    /// Cost to fulfil one sale, or one customer for a month, in cents.
    #[serde(rename = "unit_cost_usd_cents")]
    pub unit_cost: Cents,
    /// Where the marketing effort goes.
    pub channel_mix: ChannelMix,
    /// Licence or registration to confirm before operating; `None` means that none is known, which
    /// is no advice that none is needed.
    pub licence: Option<String>,
    /// Lowercase words by which a concept finds its nearest template.
    pub keywords: Vec<String>,
}

/// The templates, in the order of the data file.
pub fn all() -> &'static [Blueprint] {
    static TEMPLATES: LazyLock<Vec<Blueprint>> = LazyLock::new(|| {
        // Cannot fail at run time: the file is part of the binary, and a test below parses it.
        serde_json::from_str(include_str!("../../data/blueprints.json")).expect("the embedded blueprints.json should be valid")
    });
    &TEMPLATES
}

/// A founder's own idea of a business, in one line of at most [`MAX_CONCEPT_CHARS`] characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct Concept(String);

impl Concept {
    /// Trims the text and checks it.
    ///
    /// # Errors
    /// [`Error::Empty`], [`Error::TooLong`] or [`Error::ControlCharacter`].
    pub fn parse(text: &str) -> Result<Self, Error> {
        search::checked(text).map(|text| Concept(text.to_owned()))
    }

    /// The trimmed text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Concept {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        Concept::parse(&text)
    }
}

/// Where a blueprint came from.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Origin {
    /// One of the curated templates.
    Template {
        /// Its slug.
        slug: String,
    },
    /// The founder's own words.
    Concept {
        /// Those words.
        text: Concept,
    },
}

#[cfg(test)]
mod tests;
