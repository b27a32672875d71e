//! A founder's file.

use std::fmt;
use std::path::Path;

use bbb_core::money::Cents;
use bbb_core::plan::founder::{self, MAX_HOURS, Risk};
use bbb_core::plan::state::{self, State};
use serde::Deserialize;
use serde::de::{self, Deserializer, Visitor};

use super::Told;
use crate::config;
use crate::fault::Fault;

/// The most bytes of a file.
const MAX_BYTES: u64 = 64 << 10;

/// What a file may say. Every rule is checked while it is read, so that the error knows the line.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    #[serde(default, deserialize_with = "name")]
    name: Option<String>,
    #[serde(default, deserialize_with = "in_state")]
    state: Option<&'static State>,
    #[serde(default, deserialize_with = "budget")]
    budget_usd: Option<Cents>,
    #[serde(default, deserialize_with = "hours")]
    hours_per_week: Option<u8>,
    #[serde(default, deserialize_with = "industry")]
    industry: Option<String>,
    risk: Option<Posture>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Posture {
    Careful,
    Balanced,
    Bold,
}

/// Reads a founder's file.
///
/// # Errors
/// A file that is missing, too large or no TOML, a key that is not known, or a value that breaks a rule: with the line.
pub(super) fn read(path: &Path) -> Result<Told, Fault> {
    parse(&path.display().to_string(), &config::read(path, MAX_BYTES)?)
}

pub(super) fn parse(name: &str, text: &str) -> Result<Told, Fault> {
    config::nested_fairly(name, text)?;
    let fields: Fields = toml::from_str(text).map_err(|error| config::in_file(name, text, &error))?;
    let risk = fields.risk.map(|posture| match posture {
        Posture::Careful => Risk::Careful,
        Posture::Balanced => Risk::Balanced,
        Posture::Bold => Risk::Bold,
    });
    Ok(Told {
        name: fields.name,
        state: fields.state,
        budget: fields.budget_usd,
        hours: fields.hours_per_week,
        industry: fields.industry,
        risk,
    })
}

fn name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    founder::name(&String::deserialize(deserializer)?).map(Some).map_err(de::Error::custom)
}

fn in_state<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<&'static State>, D::Error> {
    state::find(&String::deserialize(deserializer)?).map(Some).map_err(de::Error::custom)
}

fn industry<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    founder::industry(&String::deserialize(deserializer)?).map(Some).map_err(de::Error::custom)
}

fn hours<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u8>, D::Error> {
    let hours = i64::deserialize(deserializer)?;
    let within = u8::try_from(hours).ok().filter(|hours| (1..=MAX_HOURS).contains(hours));
    within.map(Some).ok_or_else(|| de::Error::custom(format!("hours_per_week is from 1 to {MAX_HOURS}, not {hours}")))
}

fn budget<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Cents>, D::Error> {
    deserializer.deserialize_any(Dollars).map(Some)
}

/// Dollars as a number or a text.
struct Dollars;

impl Visitor<'_> for Dollars {
    type Value = Cents;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an amount in US dollars, such as 3000 or 3000.50")
    }

    fn visit_i64<E: de::Error>(self, dollars: i64) -> Result<Cents, E> {
        self.visit_str(&dollars.to_string())
    }

    fn visit_f64<E: de::Error>(self, dollars: f64) -> Result<Cents, E> {
        self.visit_str(&dollars.to_string())
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Cents, E> {
        Cents::parse_dollars(text).map_err(E::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_says_what_it_says_and_may_leave_all_of_it_away() {
        assert_eq!(parse("f", ""), Ok(Told::default()));
        let text = "name = \"Ada\"\nstate = \"new york\"\nbudget_usd = 3000.5\nhours_per_week = 15\nindustry = \"educ\"\nrisk = \"bold\"\n";
        let told = parse("f", text).unwrap();
        assert_eq!((told.name.as_deref(), told.state.map(|state| state.code)), (Some("Ada"), Some("NY")));
        assert_eq!((told.budget, told.hours, told.risk), (Some(Cents::new(300_050)), Some(15), Some(Risk::Bold)));
        assert_eq!(parse("f", "budget_usd = \"12.34\"").unwrap().budget, Some(Cents::new(1234)));
    }

    #[test]
    fn what_breaks_a_rule_is_refused_with_its_line() {
        for (text, words) in [
            ("\nbugdet = 1", "line 2: unknown field `bugdet`"),
            ("name = \"\"", "line 1: a name has at least one letter"),
            ("\n\nstate = \"XX\"", "line 3: \"XX\" is no US state"),
            ("state = 5", "line 1: invalid type"),
            ("budget_usd = -5", "line 1: `-5` is not an amount"),
            ("budget_usd = 0.001", "line 1: `0.001` is not an amount"),
            ("budget_usd = nan", "line 1: `NaN` is not an amount"),
            ("budget_usd = true", "an amount in US dollars"),
            ("hours_per_week = 81", "line 1: hours_per_week is from 1 to 80, not 81"),
            ("hours_per_week = 0", "from 1 to 80"),
            ("hours_per_week = 1.5", "line 1: invalid type"),
            ("industry = \"mining\"", "line 1: no template is of \"mining\""),
            ("risk = \"reckless\"", "line 1: unknown variant `reckless`"),
            ("name = \"a\"\nname = \"b\"", "line 2: duplicate key"),
            ("name = ", "line 1"),
            (
                "x = [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
                "line 1",
            ),
        ] {
            let fault = parse("founder.toml", text).unwrap_err();
            assert!(fault.message.starts_with("founder.toml, line "), "{}", fault.message);
            assert!(fault.message.contains(words), "`{words}` is not in: {}", fault.message);
        }
    }
}
