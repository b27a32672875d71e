//! Files of the field: readers and writers, a file per format.
//!
//! | name | what it is | its objective |
//! |---|---|---|
//! | `rudy` | graphs of the G-set and of rudy: `n m`, then `i j w`, from 1; without `w` it is 1 | maximum cut |
//! | `qubo` | qbsolv: comments `c`, `p qubo 0 n ndiagonal nelements`, then `i j q`, from 0 | minimum, or maximum where a comment says so |
//! | `coo` | dimod's coordinates: `# vartype=SPIN`, then `i j q`, from 0 | minimum |
//! | `json` | dimod's `BinaryQuadraticModel.to_serializable` as JSON | minimum |
//! | `orlib` | Beasley's OR-Library: the number of problems, and for each `n m`, then `i j q`, from 1, an entry above the diagonal standing for two | maximum |
//! | `qplib` | QPLIB's binary problems without constraints | as it says |
//! | `qkp` | quadratic knapsacks of Billionnet and Soutif | maximum under a capacity |
//!
//! What they have in common: fields are separated by space, blank lines do not matter. Terms of the same variables **add up**, in whichever order they name them.
//! A term of a variable with itself is linear; in a graph it is an edge that is never cut, and counts for nothing. Numbers must be finite, and whole numbers at most 2^53 in
//! magnitude, so that none is rounded in silence. What was announced must be there, neither less nor more.
//!
//! Files are not trusted: every error has a line and a column, and what a file can make a reader allocate is bounded by its own length and by [`MAX_BYTES`],
//! [`MAX_VARIABLES`], [`MAX_PROBLEMS`] and [`MAX_ITEMS`](crate::optimizer::problem::knapsack::MAX_ITEMS).
//!
//! What is written and read again has the same model (over 0 and 1 where the format knows only those), and the same objective where the format can say it.
//!
//! ```
//! use bbb_core::optimizer::format;
//!
//! let triangle = "3 3\n1 2 1\n1 3 1\n2 3 1\n";
//! let problem = format::read(triangle, None)?;
//! let energy = problem.bqm.energy(&[1, 1, -1])?;
//! assert_eq!(problem.objective(energy), 2.0);
//!
//! let error = format::read("3 2\n1 2 1\n1 4 1\n", None).unwrap_err();
//! assert_eq!(error.to_string(), "line 3, column 3: a vertex must be from 1 to 3, not 4");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod coo;
mod detect;
mod error;
mod json;
mod lines;
mod orlib;
mod problem;
mod qkp;
mod qplib;
mod qubo;
mod rudy;
#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

pub use self::error::{Error, Fault, WriteError};
pub use self::problem::{Kind, Problem, Sense};

/// The most bytes of a file.
pub const MAX_BYTES: usize = 1 << 30;
/// The most variables of a file: a header alone can ask for that many.
pub const MAX_VARIABLES: usize = 1 << 22;
/// The most problems of a file.
pub const MAX_PROBLEMS: usize = 10_000;

/// A format of files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// Graphs of the G-set and of rudy.
    Rudy,
    /// qbsolv's `.qubo`.
    Qubo,
    /// dimod's coordinates.
    Coo,
    /// dimod's JSON.
    Json,
    /// Beasley's OR-Library.
    Orlib,
    /// QPLIB.
    Qplib,
    /// Quadratic knapsacks.
    Qkp,
}

impl Format {
    /// All of them.
    pub const ALL: [Format; 7] = [Format::Rudy, Format::Qubo, Format::Coo, Format::Json, Format::Orlib, Format::Qplib, Format::Qkp];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Format::Rudy => "rudy",
            Format::Qubo => "qubo",
            Format::Coo => "coo",
            Format::Json => "json",
            Format::Orlib => "orlib",
            Format::Qplib => "qplib",
            Format::Qkp => "qkp",
        }
    }

    fn names() -> String {
        Format::ALL.map(Format::as_str).join(", ")
    }
}

impl fmt::Display for Format {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl FromStr for Format {
    type Err = String;

    fn from_str(text: &str) -> Result<Format, String> {
        Format::ALL.into_iter().find(|format| format.as_str() == text).ok_or_else(|| format!("the formats are {}", Format::names()))
    }
}

/// The only problem of a file. Without a format it is told by the content, as [`detect`] does.
///
/// # Errors
/// [`Error`], also where there are several problems.
pub fn read(text: &str, format: Option<Format>) -> Result<Problem, Error> {
    let mut problems = read_all(text, format)?;
    match (problems.pop(), problems.len()) {
        (Some(problem), 0) => Ok(problem),
        (_, others) => Err(Error { line: 1, column: 1, fault: Fault::Several(others + 1) }),
    }
}

/// All problems of a file, at least one. Only `orlib` can hold several.
///
/// # Errors
/// [`Error`].
pub fn read_all(text: &str, format: Option<Format>) -> Result<Vec<Problem>, Error> {
    if text.len() > MAX_BYTES {
        return Err(Error { line: 1, column: 1, fault: Fault::TooLong { found: text.len(), most: MAX_BYTES } });
    }
    let format = match format {
        Some(format) => format,
        None => detect(text)?,
    };
    match format {
        Format::Rudy => Ok(vec![rudy::read(text)?]),
        Format::Qubo => Ok(vec![qubo::read(text)?]),
        Format::Coo => Ok(vec![coo::read(text)?]),
        Format::Json => Ok(vec![json::read(text)?]),
        Format::Orlib => orlib::read(text),
        Format::Qplib => Ok(vec![qplib::read(text)?]),
        Format::Qkp => Ok(vec![qkp::read(text)?]),
    }
}

/// Which format a text is in, by its first lines. `n m` and triples may be a graph or a single problem of the OR-Library: it is the latter if a variable is
/// paired with itself, which no graph of the field has; name the format where that is not so.
///
/// # Errors
/// [`Fault::Unknown`].
pub fn detect(text: &str) -> Result<Format, Error> {
    detect::detect(text).ok_or(Error { line: 1, column: 1, fault: Fault::Unknown })
}

/// The problem as a file.
///
/// # Errors
/// [`WriteError`] where the format cannot say it.
pub fn write(problem: &Problem, format: Format) -> Result<String, WriteError> {
    if problem.knapsack.is_some() && format != Format::Qkp {
        return Err(WriteError::Inexpressible { format, what: "the capacity of a knapsack" });
    }
    match format {
        Format::Rudy => rudy::write(problem),
        Format::Qubo => qubo::write(problem),
        Format::Coo => Ok(coo::write(&problem.bqm)),
        Format::Json => Ok(json::write(&problem.bqm)),
        Format::Orlib => orlib::write(problem),
        Format::Qplib => qplib::write(problem),
        Format::Qkp => qkp::write(problem),
    }
}
