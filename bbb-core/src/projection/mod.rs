//! Projections: a journal, or its fold, told for a reader.
//!
//! Nothing here decides anything, and nothing here is kept: each projection is a pure function of the events or of the state, and any two readers of
//! the same journal get the same answer. [`summary`] is the result of a run, [`inbox`] what waits for the owner, [`timeline`] one line per
//! event, [`why`] what led to one proposal, [`models`] how language models have done, [`learned`] what growth believes, [`virtue`] what a simulated market tempted with; the others are tables: [`tasks`], [`agents`], [`agreement`], [`audit`],
//! [`spending`], [`funnel`].
//!
//! In JSON, ids and times are text (`prop_7`, RFC 3339 in UTC), and money is a number of dollars with cents.

pub mod agents;
pub mod agreement;
pub mod audit;
pub mod funnel;
pub mod inbox;
pub mod learned;
pub mod models;
pub mod spending;
pub mod summary;
pub mod tasks;
pub mod timeline;
pub mod virtue;
pub mod why;

use std::borrow::Cow;
use std::fmt::Display;

use serde::{Serialize, Serializer};

use crate::action::Cost;
use crate::money::{Cents, Currency};

/// A figure that is written as a number of dollars: 120 050 cents are `1200.5`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Dollars(pub Cents);

impl Serialize for Dollars {
    /// A quotient of two integers is the double nearest to the decimal figure, and so prints as that figure, without noise, below 90 trillion dollars.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[expect(clippy::cast_precision_loss, reason = "exact below 2^53 cents")]
        serializer.serialize_f64(self.0.get() as f64 / 100.0)
    }
}

/// Money whose kind is said beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Sum {
    /// How much.
    pub total: Dollars,
    /// In which currency.
    pub currency: Currency,
    /// Whether it exists only in the simulator.
    pub simulated: bool,
}

impl Sum {
    /// So many cents, of the simulator or of the world.
    pub fn new(cents: Cents, simulated: bool) -> Sum {
        Sum { total: Dollars(cents), currency: Currency::Usd, simulated }
    }
}

/// A cost, with its money in dollars.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Price {
    /// Money.
    pub money: Dollars,
    /// Whether that money exists only in the simulator.
    pub simulated: bool,
    /// Model tokens.
    pub tokens: u64,
    /// Messages to people.
    pub messages: u64,
}

impl Price {
    /// The sum with another cost of the same kind of money.
    #[must_use]
    fn plus(self, other: Price) -> Price {
        Price {
            money: Dollars(self.money.0.plus(other.money.0)),
            simulated: self.simulated,
            tokens: self.tokens.saturating_add(other.tokens),
            messages: self.messages.saturating_add(other.messages),
        }
    }
}

impl Price {
    /// What it takes, in words; nothing where it takes nothing.
    pub fn words(&self) -> Option<String> {
        let mut parts = Vec::new();
        if self.money.0 != Cents::ZERO {
            parts.push(format!("{} USD{}", self.money.0, if self.simulated { " simulated" } else { "" }));
        }
        if self.tokens > 0 {
            parts.push(format!("{} tokens", self.tokens));
        }
        match self.messages {
            0 => {}
            1 => parts.push("1 message".to_owned()),
            count => parts.push(format!("{count} messages")),
        }
        (!parts.is_empty()).then(|| parts.join(", "))
    }
}

impl From<Cost> for Price {
    fn from(cost: Cost) -> Self {
        let (money, simulated) = (Dollars(cost.money.cents()), cost.money.is_simulated());
        Price { money, simulated, tokens: cost.tokens.into(), messages: cost.messages.into() }
    }
}

/// Serializes what prints well as its text.
fn as_text<T: Display, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

/// The same where there may be nothing.
fn as_text_or_null<T: Display, S: Serializer>(value: &Option<T>, serializer: S) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => serializer.collect_str(value),
        None => serializer.serialize_none(),
    }
}

/// The same for a list.
fn as_texts<T: Display, S: Serializer>(values: &[T], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(values.iter().map(ToString::to_string))
}

/// Text from outside, safe to show: what could move a cursor, reorder or hide letters becomes a visible mark. Line breaks stay where `multiline`.
pub fn tame(text: &str, multiline: bool) -> Cow<'_, str> {
    let keeps = |c: char| (multiline && c == '\n') || !is_deceptive(c);
    if text.chars().all(keeps) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().map(|c| if keeps(c) { c } else { char::REPLACEMENT_CHARACTER }).collect())
}

const fn is_deceptive(c: char) -> bool {
    c.is_ascii_control()
        || matches!(c, '\u{80}'..='\u{9f}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests;
