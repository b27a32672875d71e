//! What is wrong with a file, and where.

use super::Format;
use crate::optimizer::model;

/// Why a file is no problem of its format.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("line {line}, column {column}: {fault}")]
pub struct Error {
    /// The line, from 1.
    pub line: usize,
    /// The character in it, from 1.
    pub column: usize,
    /// What is wrong there.
    pub fault: Fault,
}

/// What is wrong at a place of a file.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// Something that should be a whole number.
    #[error("{what} must be a whole number, not {found:?}")]
    NotWhole {
        /// What stands there.
        what: &'static str,
        /// The text found, shortened.
        found: String,
    },
    /// Something that should be a number.
    #[error("{what} must be a finite number, not {found:?}")]
    NotANumber {
        /// What stands there.
        what: &'static str,
        /// The text found, shortened.
        found: String,
    },
    /// A number that is too low or too high.
    #[error("{what} must be from {least} to {most}, not {found}")]
    OutOfRange {
        /// What stands there.
        what: &'static str,
        /// The text found, shortened.
        found: String,
        /// The least it can be.
        least: i64,
        /// The most it can be.
        most: i64,
    },
    /// A line that is too short.
    #[error("the line ends where {0} is wanted")]
    Missing(&'static str),
    /// A line that is too long.
    #[error("nothing more is wanted in this line, but there is {0:?}")]
    Extra(String),
    /// A file that is too short.
    #[error("the file ends where {0} is wanted")]
    Ended(&'static str),
    /// A file that is too long.
    #[error("the problem is over, but there is {0:?}")]
    After(String),
    /// Some word that is wanted.
    #[error("{wanted} is wanted, not {found:?}")]
    Wanted {
        /// What is wanted.
        wanted: &'static str,
        /// The text found, shortened.
        found: String,
    },
    /// A number of things that is not what was announced.
    #[error("{found} {what} were announced and {counted} are there")]
    Count {
        /// What was counted.
        what: &'static str,
        /// How many were announced.
        found: usize,
        /// How many there are.
        counted: usize,
    },
    /// Something that is given twice and may not be.
    #[error("{0} is given twice")]
    Twice(String),
    /// A problem that the format knows and this reader does not take.
    #[error("{0}")]
    Unsupported(String),
    /// A file that is larger than [`MAX_BYTES`](super::MAX_BYTES).
    #[error("a file has at most {most} bytes, this one has {found}")]
    TooLong {
        /// How many bytes there are.
        found: usize,
        /// How many there may be.
        most: usize,
    },
    /// A file that holds another number of problems than one.
    #[error("the file holds {0} problems: say which one")]
    Several(usize),
    /// A file of no known format.
    #[error("this looks like none of the formats {}: name one", Format::names())]
    Unknown,
    /// What `serde_json` found.
    #[error("{0}")]
    Json(String),
    /// A model that cannot be.
    #[error(transparent)]
    Model(#[from] model::Error),
}

/// The most characters of a file that a message repeats.
const MAX_SHOWN: usize = 40;

/// A text of a file as a message shows it.
pub(super) fn shown(text: &str) -> String {
    match text.char_indices().nth(MAX_SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// Why a problem cannot be written in a format.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// The format has no words for it.
    #[error("{format} cannot say {what}")]
    Inexpressible {
        /// The format.
        format: Format,
        /// What it cannot say, for people.
        what: &'static str,
    },
    /// The model has no form over variables of the format's type.
    #[error(transparent)]
    Model(#[from] model::Error),
}
