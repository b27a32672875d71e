//! Checks that inputs have in common.

use std::collections::BTreeMap;

use super::answer::Invalid;
use crate::money::{Cents, dollars};

/// The largest magnitude of an amount, 10 billion dollars: sums over all entries stay exact, as cents and as doubles.
pub(super) const MAX_MONEY: Cents = Cents::from_dollars(10_000_000_000);
/// The most characters of a name.
const MAX_NAME: usize = 80;

/// Where each name is. Names are texts without control characters, and no two are equal.
pub(super) fn names<'a>(field: &str, names: impl IntoIterator<Item = &'a String>) -> Result<BTreeMap<&'a str, usize>, Invalid> {
    let mut places = BTreeMap::new();
    for (at, name) in names.into_iter().enumerate() {
        let wrong = |rule: String| Err(Invalid::new(format!("{field}[{at}].name"), rule));
        if name.trim().is_empty() || name.chars().any(char::is_control) || name.chars().count() > MAX_NAME {
            return wrong(format!("must be 1 to {MAX_NAME} characters without line breaks"));
        }
        if let Some(first) = places.insert(name.as_str(), at) {
            return wrong(format!("is {name:?}, as that of {field}[{first}]: names must differ"));
        }
    }
    Ok(places)
}

/// The place of a name.
pub(super) fn place(field: &str, name: &str, places: &BTreeMap<&str, usize>, what: &str) -> Result<usize, Invalid> {
    places.get(name).copied().ok_or_else(|| Invalid::new(field, format!("names {name:?}, and there is no such {what}")))
}

/// The places of two names that differ.
pub(super) fn pair(field: &str, names: &[String; 2], places: &BTreeMap<&str, usize>, what: &str) -> Result<(usize, usize), Invalid> {
    let (one, other) = (place(field, &names[0], places, what)?, place(field, &names[1], places, what)?);
    if one == other {
        return Err(Invalid::new(field, format!("must name two that differ, not {:?} twice", names[0])));
    }
    Ok((one.min(other), one.max(other)))
}

/// An amount of at most [`MAX_MONEY`], negative or not.
pub(super) fn amount(field: impl Fn() -> String, amount: Cents) -> Result<(), Invalid> {
    if amount > MAX_MONEY || amount < Cents::ZERO.minus(MAX_MONEY) {
        return Err(Invalid::new(field(), format!("must be at most {} in magnitude, not {}", dollars(MAX_MONEY), dollars(amount))));
    }
    Ok(())
}

/// An amount from 0 to [`MAX_MONEY`].
pub(super) fn cost(field: impl Fn() -> String, cost: Cents) -> Result<(), Invalid> {
    if cost < Cents::ZERO {
        return Err(Invalid::new(field(), format!("must not be negative, and is {}", dollars(cost))));
    }
    amount(field, cost)
}

/// A number from `low` to `high`.
pub(super) fn number(field: impl Fn() -> String, value: f64, low: f64, high: f64) -> Result<(), Invalid> {
    if value.is_finite() && (low..=high).contains(&value) {
        return Ok(());
    }
    Err(Invalid::new(field(), format!("must be a number from {low} to {high}, not {value}")))
}

/// At most so many entries.
pub(super) fn count(field: &str, found: usize, most: usize) -> Result<(), Invalid> {
    if found > most {
        return Err(Invalid::new(field, format!("has {found} entries: at most {most} are allowed")));
    }
    Ok(())
}
