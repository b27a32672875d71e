//! Founder: who asks, and what they have.

use serde::Serialize;

use super::state::State;
use crate::blueprint;
use crate::money::Cents;

/// The longest name of a founder, in Unicode scalar values.
pub const MAX_NAME_CHARS: usize = 80;
/// The most hours of a week.
pub const MAX_HOURS: u8 = 80;

/// How much risk a founder takes: by which profit blueprints are ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Risk {
    /// By what nine of ten futures reach.
    Careful,
    /// By what half of them reach.
    Balanced,
    /// By what one of ten reaches.
    Bold,
}

impl Risk {
    /// The place of the profit that this looks at among the tenth, the half and the nine tenths of futures.
    pub(super) const fn place(self) -> usize {
        match self {
            Risk::Careful => 0,
            Risk::Balanced => 1,
            Risk::Bold => 2,
        }
    }
}

/// What a founder has and wants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Founder {
    /// What they are called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Where they are: whose registration and licences it takes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<&'static State>,
    /// Money to open with, in cents.
    #[serde(rename = "budget_usd_cents")]
    pub budget: Cents,
    /// Hours a week, 1 to [`MAX_HOURS`].
    pub hours_per_week: u8,
    /// A branch of trade; any, where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub industry: Option<String>,
    /// How much risk is taken.
    pub risk: Risk,
    /// Over how many months to look.
    pub months: u32,
}

/// Whether a blueprint's branch of trade is the one that was asked for, or has it in its name.
pub fn is_of(industry: &str, wanted: &str) -> bool {
    industry.to_lowercase().contains(&wanted.to_lowercase())
}

/// A founder's name, trimmed.
///
/// # Errors
/// The rule that it breaks, for people.
pub fn name(text: &str) -> Result<String, String> {
    let text = text.trim();
    match text.chars().count() {
        0 => Err("a name has at least one letter".to_owned()),
        count if count > MAX_NAME_CHARS => Err(format!("a name has at most {MAX_NAME_CHARS} characters, and this one has {count}")),
        _ if text.chars().any(char::is_control) => Err("a name has no line breaks, tabs or other control characters".to_owned()),
        _ => Ok(text.to_owned()),
    }
}

/// A branch of trade, or a part of its name, trimmed: one that some template has.
///
/// # Errors
/// Where none has it: all that there are.
pub fn industry(text: &str) -> Result<String, String> {
    let text = text.trim();
    if !text.is_empty() && blueprint::all().iter().any(|template| is_of(&template.industry, text)) {
        return Ok(text.to_owned());
    }
    let shown: String = text.chars().take(40).collect();
    Err(format!("no template is of {shown:?}; there are: {}", industries().join(", ")))
}

/// The branches of trade of all templates, in alphabetical order.
pub fn industries() -> Vec<&'static str> {
    let mut all: Vec<&str> = blueprint::all().iter().map(|template| template.industry.as_str()).collect();
    all.sort_unstable();
    all.dedup();
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_branches_are_trimmed_or_refused_with_the_rule() {
        assert_eq!(name("  Ada Lovelace "), Ok("Ada Lovelace".to_owned()));
        for (text, words) in [(" ", "at least one"), ("a\nb", "no line breaks"), (&"x".repeat(81), "at most 80")] {
            assert!(name(text).is_err_and(|rule| rule.contains(words)), "{text}");
        }
        assert_eq!(industry(" educ "), Ok("educ".to_owned()));
        for text in ["", "mining"] {
            assert!(industry(text).is_err_and(|rule| rule.contains("Education, Finance, Healthcare")), "{text}");
        }
    }
}
