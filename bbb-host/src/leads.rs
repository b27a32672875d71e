//! The founder's list of leads, as CSV: who may be written to, and who agreed to it.
//!
//! ```csv
//! email,name,company,consent,note
//! ada@example.com,Ada Lovelace,Engines Ltd,yes,met at the fair
//! ```
//!
//! The first line names the columns, in any order and case; `email` and `consent` must be there, unknown ones must not. The list is taken
//! whole or not at all: every problem is reported with its line and column, up to [`MAX_PROBLEMS`] of them, and no problem repeats what the
//! cell says.

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};

use bbb_core::blueprint::Channel;
use bbb_core::event::{Profile, Signal};
use bbb_core::id::ContactId;
use bbb_core::observe::Arrival;
use bbb_core::seal::{self, Sealed, Vault};
use bbb_integrations::mail::address;

/// The most leads of one list.
pub const MAX_LEADS: usize = 10_000;
/// The most characters of one cell.
pub const MAX_CELL_CHARS: usize = 1_000;
/// The most bytes of one list: 16 MiB.
pub const MAX_BYTES: usize = 16 * 1024 * 1024;
/// The most problems that are reported at once.
pub const MAX_PROBLEMS: usize = 20;
/// The source of leads that come from a list.
pub const SOURCE: &str = "leads-csv";

/// Someone who may become a customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lead {
    /// Who it is.
    pub profile: Profile,
    /// Whether the person agreed to be written to.
    pub consent: bool,
}

/// The columns of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    Email,
    Name,
    Company,
    Consent,
    Note,
}

impl Column {
    const ALL: [Column; 5] = [Column::Email, Column::Name, Column::Company, Column::Consent, Column::Note];

    const fn as_str(self) -> &'static str {
        match self {
            Column::Email => "email",
            Column::Name => "name",
            Column::Company => "company",
            Column::Consent => "consent",
            Column::Note => "note",
        }
    }
}

/// One thing that is wrong with a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The line, counted from 1, that the lead begins on.
    pub line: u64,
    /// The column; none where the whole line is meant.
    pub column: Option<&'static str>,
    /// The rule that is broken.
    pub rule: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.column {
            Some(column) => write!(f, "line {}, {column}: {}", self.line, self.rule),
            None => write!(f, "line {}: {}", self.line, self.rule),
        }
    }
}

/// Why a list was not taken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is larger than [`MAX_BYTES`].
    #[error("{} is over {MAX_BYTES} bytes", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// The list has problems.
    #[error("{}", told(problems, *more))]
    Problems {
        /// The first of them, at most [`MAX_PROBLEMS`], by line.
        problems: Vec<Problem>,
        /// Whether there are more.
        more: bool,
    },
}

fn told(problems: &[Problem], more: bool) -> String {
    let mut lines: Vec<String> = problems.iter().map(Problem::to_string).collect();
    if more {
        lines.push(format!("and more; these are the first {MAX_PROBLEMS}"));
    }
    lines.join("\n")
}

/// Reads a list from a file, unparsed.
///
/// # Errors
/// [`Error::Io`] and [`Error::TooLarge`].
pub fn read_bytes(path: &Path) -> Result<Vec<u8>, Error> {
    use std::io::Read as _;
    let io = |source| Error::Io { path: path.to_owned(), source };
    let file = std::fs::File::open(path).map_err(io)?;
    let mut bytes = Vec::new();
    // One byte over the limit tells that there is more.
    file.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(io)?;
    if bytes.len() > MAX_BYTES {
        return Err(Error::TooLarge { path: path.to_owned() });
    }
    Ok(bytes)
}

/// Reads a list from a file.
///
/// # Errors
/// Those of [`read_bytes`] and of [`parse`].
pub fn read(path: &Path) -> Result<Vec<Lead>, Error> {
    parse(&read_bytes(path)?)
}

/// Reads a list.
///
/// ```
/// use bbb_host::leads;
///
/// let list = "Consent,E-Mail\nyes,ada@example.com\n";
/// assert_eq!(leads::parse(list.as_bytes()).unwrap_err().to_string().lines().next(), Some("line 1: column 2 is none of email, name, company, consent, note"));
///
/// let leads = leads::parse(b"Consent,Email\nyes,ada@example.com\n").unwrap();
/// assert!(leads[0].consent);
/// assert_eq!(leads[0].profile.email, "ada@example.com");
/// ```
///
/// # Errors
/// [`Error::Problems`] with everything that is wrong.
pub fn parse(bytes: &[u8]) -> Result<Vec<Lead>, Error> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut list = List::default();
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(bytes);
    let mut record = csv::ByteRecord::new();
    let mut lines = Lines { bytes, at: 0, line: 1 };
    // Without headers and with records of any length, nothing in memory makes this fail.
    while reader.read_byte_record(&mut record).unwrap_or(false) {
        let line = lines.of_record_at(record.position().map_or(0, csv::Position::byte));
        match &list.columns {
            None => list.header(line, &record),
            Some(_) => list.row(line, &record),
        }
        if list.is_hopeless() {
            break;
        }
    }
    list.finish()
}

/// Why a lead is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadLead {
    /// Its place, counted from 0.
    pub index: usize,
    /// The column.
    pub column: &'static str,
    /// The rule that it breaks; it repeats nothing of what stands there.
    pub rule: String,
}

/// Checks leads that do not come as a list in CSV, by the same rules, and trims them.
///
/// # Errors
/// [`BadLead`] for the first that is none.
pub fn check(leads: Vec<Lead>) -> Result<Vec<Lead>, BadLead> {
    let mut places = HashMap::new();
    let mut taken = Vec::with_capacity(leads.len());
    for (index, Lead { profile, consent }) in leads.into_iter().enumerate() {
        let bad = |column: Column| move |rule: String| BadLead { index, column: column.as_str(), rule };
        let text = |column: Column, text: &str| checked(text.as_bytes()).map(str::to_owned).map_err(bad(column));
        let profile = Profile {
            email: text(Column::Email, &profile.email)?,
            name: text(Column::Name, &profile.name)?,
            company: text(Column::Company, &profile.company)?,
            note: text(Column::Note, &profile.note)?,
        };
        address::parse(&profile.email).map_err(|error| bad(Column::Email)(error.to_string()))?;
        if let Some(first) = places.insert(profile.email.to_lowercase(), index) {
            return Err(bad(Column::Email)(format!("is the same address as that of lead {first}")));
        }
        taken.push(Lead { profile, consent });
    }
    Ok(taken)
}

/// The arrivals that a list makes: everything personal is sealed, and the same lead from the same list arrives once.
///
/// # Errors
/// Those of the vault; a lead whose key was erased is not taken back by a list.
pub fn arrivals(leads: &[Lead], vault: &Vault) -> Result<Vec<Arrival>, seal::Error> {
    leads.iter().map(|lead| arrival(lead, vault)).collect()
}

/// The arrival of one lead.
///
/// # Errors
/// As [`arrivals`].
pub fn arrival(lead: &Lead, vault: &Vault) -> Result<Arrival, seal::Error> {
    let contact = vault.contact_id(&lead.profile.email);
    let signal =
        Signal::LeadArrived { contact, channel: Channel::Email, consent: lead.consent, profile: sealed(contact, &lead.profile, vault)? };
    Ok(Arrival { source: SOURCE.to_owned(), external_id: contact.to_string(), signal })
}

/// A profile as it stands in a journal.
///
/// # Errors
/// Those of the vault.
pub fn sealed(contact: ContactId, profile: &Profile, vault: &Vault) -> Result<Sealed, seal::Error> {
    // Plain strings always become JSON.
    vault.seal(contact, &serde_json::to_string(profile).unwrap_or_default())
}

/// Counts lines: the reader's own count leaves out the empty lines before a record.
struct Lines<'a> {
    bytes: &'a [u8],
    at: usize,
    line: u64,
}

impl Lines<'_> {
    /// The line of the record that begins at this byte, or after empty lines there. Records come in order.
    fn of_record_at(&mut self, byte: u64) -> u64 {
        let start = usize::try_from(byte).unwrap_or(usize::MAX);
        while let Some(byte) = self.bytes.get(self.at) {
            let is_break = matches!(byte, b'\n' | b'\r');
            if self.at >= start && !is_break {
                break;
            }
            // A carriage return before a line feed is part of the same break.
            if is_break && !(*byte == b'\r' && self.bytes.get(self.at + 1) == Some(&b'\n')) {
                self.line += 1;
            }
            self.at += 1;
        }
        self.line
    }
}

#[derive(Default)]
struct List {
    /// What each column is; none before the header.
    columns: Option<Vec<Column>>,
    leads: Vec<Lead>,
    /// The line of each address.
    lines: HashMap<String, u64>,
    problems: Vec<Problem>,
    header_failed: bool,
    rows: usize,
}

impl List {
    fn problem(&mut self, line: u64, column: Option<Column>, rule: impl Into<String>) {
        self.problems.push(Problem { line, column: column.map(Column::as_str), rule: rule.into() });
    }

    /// Whether going on would tell nothing new.
    fn is_hopeless(&self) -> bool {
        self.header_failed || self.rows > MAX_LEADS || self.problems.len() > MAX_PROBLEMS
    }

    fn header(&mut self, line: u64, record: &csv::ByteRecord) {
        let names = Column::ALL.map(Column::as_str).join(", ");
        let mut columns = Vec::new();
        for (index, cell) in record.iter().enumerate() {
            let cell = String::from_utf8_lossy(cell).trim().to_lowercase();
            match Column::ALL.into_iter().find(|column| column.as_str() == cell) {
                None => self.problem(line, None, format!("column {} is none of {names}", index + 1)),
                Some(column) if columns.contains(&column) => self.problem(line, Some(column), "this column is there twice"),
                Some(column) => columns.push(column),
            }
        }
        for needed in [Column::Email, Column::Consent] {
            if !columns.contains(&needed) {
                self.problem(line, Some(needed), "this column is missing");
            }
        }
        self.header_failed = !self.problems.is_empty();
        self.columns = Some(columns);
    }

    fn row(&mut self, line: u64, record: &csv::ByteRecord) {
        self.rows += 1;
        if self.rows > MAX_LEADS {
            return self.problem(line, None, format!("a list has at most {MAX_LEADS} leads"));
        }
        let columns = self.columns.clone().unwrap_or_default();
        if record.len() != columns.len() {
            return self.problem(line, None, format!("{} cells instead of {}", record.len(), columns.len()));
        }
        let problems_before = self.problems.len();
        let mut profile = Profile { email: String::new(), name: String::new(), company: String::new(), note: String::new() };
        let mut consent = false;
        for (column, cell) in columns.into_iter().zip(record) {
            let text = match checked(cell) {
                Ok(text) => text,
                Err(rule) => {
                    self.problem(line, Some(column), rule);
                    continue;
                }
            };
            match column {
                Column::Email => profile.email = self.email(line, text),
                Column::Consent => match yes_or_no(text) {
                    Some(yes) => consent = yes,
                    None => self.problem(line, Some(column), "must be yes or no, true or false, 1 or 0"),
                },
                Column::Name => profile.name = text.to_owned(),
                Column::Company => profile.company = text.to_owned(),
                Column::Note => profile.note = text.to_owned(),
            }
        }
        if self.problems.len() == problems_before {
            self.leads.push(Lead { profile, consent });
        }
    }

    /// Checks an address and notes its line. Two spellings that differ only in case are the same contact to the vault, and so the same lead
    /// here.
    fn email(&mut self, line: u64, text: &str) -> String {
        if let Err(error) = address::parse(text) {
            self.problem(line, Some(Column::Email), error.to_string());
        } else if let Some(first) = self.lines.insert(text.to_lowercase(), line) {
            self.problem(line, Some(Column::Email), format!("the same address stands on line {first}"));
            // The next one is told of the first line too.
            self.lines.insert(text.to_lowercase(), first);
        }
        text.to_owned()
    }

    fn finish(mut self) -> Result<Vec<Lead>, Error> {
        if self.columns.is_none() {
            self.problem(1, None, "the first line must name the columns");
        } else if self.rows == 0 && self.problems.is_empty() {
            self.problem(1, None, "there is no lead below the column names");
        }
        if self.problems.is_empty() {
            return Ok(self.leads);
        }
        let more = self.problems.len() > MAX_PROBLEMS;
        self.problems.truncate(MAX_PROBLEMS);
        Err(Error::Problems { problems: self.problems, more })
    }
}

fn checked(cell: &[u8]) -> Result<&str, String> {
    let text = std::str::from_utf8(cell).map_err(|_| "is not UTF-8".to_owned())?.trim();
    if text.chars().any(char::is_control) {
        return Err("has line breaks or other control characters".to_owned());
    }
    match text.chars().count() {
        0..=MAX_CELL_CHARS => Ok(text),
        count => Err(format!("has {count} characters, at most {MAX_CELL_CHARS} are allowed")),
    }
}

fn yes_or_no(text: &str) -> Option<bool> {
    match text.to_lowercase().as_str() {
        "yes" | "true" | "1" => Some(true),
        "no" | "false" | "0" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
