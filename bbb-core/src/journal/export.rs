//! A journal as a file: one JSON object a line, readable by people and verifiable without a store.
//!
//! The first line names the format; every further line is a record, with its payload as JSON and its hash in hex. The hash covers the payload's exact bytes, so
//! they are kept as they are, and a line that was reformatted is refused.
//!
//! Format 2 has the signed checkpoints too: its first line also says how many events there are and which keys signed, and the checkpoints come next, before the records.
//! A file that lost its end therefore still says what is missing.

use std::io::{BufRead, Write};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::id::BusinessId;
use crate::journal::chain::{self, Hash, Head, Record};
use crate::journal::checkpoint::{self, Checkpoint, Signed, exact};
use crate::journal::hex;
use crate::journal::keys::{KeyList, MAX_KEYS_BYTES};
use crate::limits::MAX_EVENT_BYTES;
use crate::time::Timestamp;

/// The name of the format without checkpoints, in its first line.
pub const FORMAT: &str = "bbb-journal/1";
/// The name of the format with checkpoints.
pub const SIGNED_FORMAT: &str = "bbb-journal/2";

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Heading {
    format: String,
    business: BusinessId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    events: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    head: Option<HeadHash>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    checkpoints: Option<usize>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    keys: Option<KeyList>,
}

#[derive(Serialize, Deserialize)]
#[serde(transparent)]
struct HeadHash(#[serde(with = "hex")] [u8; 32]);

/// A record as one line of JSON, with its payload's exact bytes.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Line<'a> {
    sequence: u64,
    at_ms: i64,
    version: u16,
    cause: u64,
    hash: String,
    #[serde(borrow)]
    payload: &'a RawValue,
}

impl<'a> Line<'a> {
    pub(super) fn of(record: &'a Record) -> Result<Line<'a>, String> {
        Ok(Line {
            sequence: record.sequence,
            at_ms: record.at.ms(),
            version: record.version,
            cause: record.cause,
            hash: record.hash.to_string(),
            payload: serde_json::from_slice(&record.payload).map_err(|error| error.to_string())?,
        })
    }

    pub(super) fn record(&self) -> Result<Record, String> {
        let hash = Hash::from_hex(&self.hash).ok_or("hash is not 64 hex digits")?;
        let (at, payload) = (Timestamp::from_ms(self.at_ms), self.payload.get().as_bytes().into());
        Ok(Record { sequence: self.sequence, at, version: self.version, cause: self.cause, payload, hash })
    }
}

/// A whole export whose chain is verified.
#[derive(Debug, Clone)]
pub struct Export {
    /// Whose journal.
    pub business: BusinessId,
    /// Its records.
    pub records: Vec<Record>,
    /// Where it ends.
    pub head: Head,
    /// Its checkpoints, in format 2. Their signatures are genuine; whether they fit the records says [`checkpoint::verify`].
    pub signed: Option<Signed>,
}

/// What is wrong with an export, and in which line.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file cannot be read or written.
    #[error("the export cannot be read or written: {0}")]
    Io(#[from] std::io::Error),
    /// The first line is not the heading of a journal export.
    #[error("line 1: this is not a journal export: {0}")]
    NotAnExport(String),
    /// A line is not a record.
    #[error("line {line}: {reason}")]
    BadLine {
        /// Counted from 1.
        line: usize,
        /// What the parser said.
        reason: String,
    },
    /// A record does not follow the one before it.
    #[error("line {line}: {source}")]
    Chain {
        /// Counted from 1.
        line: usize,
        /// What is wrong with the record.
        source: chain::Error,
    },
    /// A checkpoint is wrong.
    #[error("line {line}: {source}")]
    Checkpoint {
        /// Counted from 1.
        line: usize,
        /// What is wrong with it.
        source: checkpoint::Error,
    },
    /// The records are not those that the first line announces.
    #[error(
        "line {line}: the file ends here at event {found}, but its first line says that there are {said} events, the last one with the hash {hash}"
    )]
    OtherEnd {
        /// The last line.
        line: usize,
        /// The last event.
        found: u64,
        /// As announced.
        said: u64,
        /// As announced.
        hash: Hash,
    },
}

/// Writes a journal without checkpoints, in format 1.
///
/// # Errors
/// [`Error::Io`]; [`Error::BadLine`] where a record's payload is not JSON.
pub fn write(out: &mut dyn Write, business: BusinessId, records: &[Record]) -> Result<(), Error> {
    let heading = Heading { format: FORMAT.to_owned(), business, events: None, head: None, checkpoints: None, keys: None };
    writeln!(out, "{}", to_json(&heading, 1)?)?;
    write_records(out, records, 2)
}

/// Writes a journal with its checkpoints, in format 2.
///
/// # Errors
/// As [`write()`].
pub fn write_signed(out: &mut dyn Write, business: BusinessId, records: &[Record], signed: &Signed) -> Result<(), Error> {
    let head = records.last().map_or(Head::EMPTY, |last| Head { sequence: last.sequence, hash: last.hash });
    let heading = Heading {
        format: SIGNED_FORMAT.to_owned(),
        business,
        events: Some(head.sequence),
        head: Some(HeadHash(head.hash.0)),
        checkpoints: Some(signed.checkpoints.len()),
        keys: Some(signed.keys.clone()),
    };
    writeln!(out, "{}", to_json(&heading, 1)?)?;
    for checkpoint in &signed.checkpoints {
        writeln!(out, "{}", checkpoint.to_line())?;
    }
    write_records(out, records, 2 + signed.checkpoints.len())
}

fn write_records(out: &mut dyn Write, records: &[Record], first_line: usize) -> Result<(), Error> {
    for (index, record) in records.iter().enumerate() {
        let number = first_line + index;
        let line = Line::of(record).map_err(|reason| Error::BadLine { line: number, reason })?;
        writeln!(out, "{}", to_json(&line, number)?)?;
    }
    Ok(())
}

fn to_json<T: Serialize>(value: &T, line: usize) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|e| Error::BadLine { line, reason: e.to_string() })
}

/// Reads a journal and verifies its chain from the first record on. Checkpoints are read over.
///
/// # Errors
/// The first thing that is wrong, with its line.
pub fn read(input: &mut dyn BufRead) -> Result<(BusinessId, Vec<Record>, Head), Error> {
    let Export { business, records, head, .. } = read_signed(input)?;
    Ok((business, records, head))
}

/// Reads a journal of any format, and verifies its chain from the first record on and each checkpoint's signature.
///
/// # Errors
/// The first thing that is wrong, with its line.
pub fn read_signed(input: &mut dyn BufRead) -> Result<Export, Error> {
    let mut lines = Lines { input, number: 0 };
    let first = lines.next_line(MAX_KEYS_BYTES)?.ok_or_else(|| Error::NotAnExport("the file is empty".to_owned()))?;
    let heading: Heading = exact(&first, "a heading").map_err(|error| Error::NotAnExport(error.to_string()))?;
    let (end, keys, count) = match (heading.format.as_str(), heading.events, heading.head, heading.checkpoints, heading.keys) {
        (FORMAT, None, None, None, None) => (None, None, 0),
        (SIGNED_FORMAT, Some(sequence), Some(hash), Some(count), Some(keys)) => {
            (Some(Head { sequence, hash: Hash(hash.0) }), Some(keys), count)
        }
        (FORMAT | SIGNED_FORMAT, ..) => return Err(Error::NotAnExport(format!("its fields are not those of {}", heading.format))),
        (other, ..) => {
            return Err(Error::NotAnExport(format!("its format is `{other}`, this build reads `{FORMAT}` and `{SIGNED_FORMAT}`")));
        }
    };
    let mut checkpoints = Vec::new();
    while checkpoints.len() < count {
        let text = lines.next_line(MAX_EVENT_BYTES)?;
        let line = lines.number;
        let missing = || Error::BadLine { line, reason: format!("{count} checkpoints are announced, and {} are here", checkpoints.len()) };
        let text = text.ok_or_else(missing)?;
        checkpoints.push(Checkpoint::from_line(&text).map_err(|source| Error::Checkpoint { line, source })?);
    }
    let mut head = Head::EMPTY;
    let mut records = Vec::new();
    loop {
        // A line that is no record at all stands for the one that should be here.
        let named = |line, reason: &str| Error::BadLine { line, reason: format!("record {}: {reason}", head.sequence.saturating_add(1)) };
        let text = match lines.next_line(MAX_EVENT_BYTES) {
            Ok(Some(text)) => text,
            Ok(None) => break,
            Err(Error::BadLine { line, reason }) => return Err(named(line, &reason)),
            Err(error) => return Err(error),
        };
        let line = lines.number;
        let record = parse(&text).map_err(|reason| named(line, &reason))?;
        head = record.follow(&head).map_err(|source| Error::Chain { line, source })?;
        records.push(record);
    }
    if let Some(end) = end.filter(|end| *end != head) {
        // The last line is the one before the end of the file.
        return Err(Error::OtherEnd { line: lines.number - 1, found: head.sequence, said: end.sequence, hash: end.hash });
    }
    let signed = keys.map(|keys| Signed { keys, checkpoints });
    Ok(Export { business: heading.business, records, head, signed })
}

fn parse(text: &str) -> Result<Record, String> {
    let line: Line<'_> = serde_json::from_str(text).map_err(|e| e.to_string())?;
    let record = line.record()?;
    // The hash covers the fields; this covers how they are written, so that one record has one text.
    match Line::of(&record).and_then(|line| serde_json::to_string(&line).map_err(|e| e.to_string())) {
        Ok(again) if again == text => Ok(record),
        _ => Err("it is not as it was written: it was reformatted".to_owned()),
    }
}

struct Lines<'a> {
    input: &'a mut dyn BufRead,
    number: usize,
}

impl Lines<'_> {
    /// The next line without its end; a line longer than any record can be is refused before it fills the memory.
    fn next_line(&mut self, longest: usize) -> Result<Option<String>, Error> {
        use std::io::Read;
        let limit = longest as u64 + 1024;
        self.number += 1;
        let mut bytes = Vec::new();
        (&mut *self.input).take(limit).read_until(b'\n', &mut bytes)?;
        let bad = |reason: &str| Error::BadLine { line: self.number, reason: reason.to_owned() };
        match bytes.pop() {
            None => Ok(None),
            Some(b'\n') => String::from_utf8(bytes).map(Some).map_err(|_| bad("it is not UTF-8")),
            Some(_) if bytes.len() as u64 + 1 == limit => Err(bad("it is longer than a record can be")),
            Some(_) => Err(bad("it is cut off")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{By, Event, Payload};

    fn exported() -> Vec<u8> {
        let mut head = Head::EMPTY;
        let records: Vec<Record> = (1..=3)
            .map(|sequence| {
                let payload = Payload::Paused { by: By::Owner, reason: format!("r{sequence}") };
                let record = Record::encode(&Event { sequence, at: Timestamp::from_ms(5), cause: 0, payload }, &head.hash).expect("small");
                head = record.follow(&head).expect("in order");
                record
            })
            .collect();
        let mut bytes = Vec::new();
        write(&mut bytes, BusinessId::from_bytes([1; 8]), &records).expect("memory");
        bytes
    }

    #[test]
    fn an_export_reads_back_and_every_altered_byte_is_noticed() {
        let bytes = exported();
        let (business, records, head) = read(&mut bytes.as_slice()).expect("own export");
        assert_eq!((business, records.len(), head.sequence), (BusinessId::from_bytes([1; 8]), 3, 3));
        let heading = bytes.iter().position(|b| *b == b'\n').expect("lines");
        for index in heading + 1..bytes.len() {
            let mut altered = bytes.clone();
            altered[index] ^= 1;
            assert!(read(&mut altered.as_slice()).is_err(), "byte {index} is {:?}", char::from(bytes[index]));
        }
    }

    #[test]
    fn errors_name_the_line() {
        let text = String::from_utf8(exported()).expect("JSON");
        let check = |text: &str, want: &str| {
            let error = read(&mut text.as_bytes()).expect_err("broken").to_string();
            assert!(error.contains(want), "{error}");
        };
        check("", "the file is empty");
        check("hello\n", "line 1: this is not a journal export");
        check(&text.replace("r2", "r9"), "line 3: record 2 does not match its hash");
        check(&text[..text.len() - 1], "line 4: record 3: it is cut off");
        check(
            &text.lines().take(2).chain(text.lines().skip(3)).map(|l| format!("{l}\n")).collect::<String>(),
            "line 3: record 3 stands where record 2",
        );
    }
}
