//! What the answers of all problems have in common.

use std::fmt;

use serde::{Deserialize, Serialize};

/// An input that breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field} {rule}")]
pub struct Invalid {
    /// Which field, such as `projects[2].cost`, counted from 0.
    pub field: String,
    /// What it must be, and what it is, for people.
    pub rule: String,
}

impl Invalid {
    pub(super) fn new(field: impl Into<String>, rule: impl Into<String>) -> Invalid {
        Invalid { field: field.into(), rule: rule.into() }
    }
}

/// What became of a question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum Outcome<A> {
    /// An answer that keeps every rule.
    Solved(A),
    /// There is none, and this is why.
    Infeasible(Conflict),
    /// None was found, and it is not proved that there is none.
    Unknown(Conflict),
}

impl<A> Outcome<A> {
    /// The answer, where there is one.
    pub fn answer(&self) -> Option<&A> {
        match self {
            Outcome::Solved(answer) => Some(answer),
            Outcome::Infeasible(_) | Outcome::Unknown(_) => None,
        }
    }

    /// Why there is no answer, where there is none.
    pub fn conflict(&self) -> Option<&Conflict> {
        match self {
            Outcome::Solved(_) => None,
            Outcome::Infeasible(conflict) | Outcome::Unknown(conflict) => Some(conflict),
        }
    }
}

impl<A: fmt::Display> fmt::Display for Outcome<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Outcome::Solved(answer) => answer.fmt(f),
            Outcome::Infeasible(conflict) => write!(f, "There is no answer, and this proves it.\n\n{conflict}"),
            Outcome::Unknown(conflict) => write!(f, "No answer was found; there may be one.\n\n{conflict}"),
        }
    }
}

/// Rules that cannot be kept together, or could not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conflict {
    /// The rules, named for people.
    pub constraints: Vec<String>,
    /// Why they conflict: the proof, or what was tried.
    pub reason: String,
}

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.reason)?;
        self.constraints.iter().try_for_each(|constraint| writeln!(f, "  - {constraint}"))
    }
}

/// What a wider limit would bring, found by solving the problem again with it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Relief {
    /// The limit, such as `budget`.
    pub limit: String,
    /// By how much it is widened, such as `$100.00`.
    pub by: String,
    /// How much more the answer would then be worth, in the unit of the answer's own worth.
    pub gain: f64,
    /// Whether that is exact; otherwise it is at least so much.
    pub proved: bool,
}
