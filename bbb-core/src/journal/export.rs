//! A journal as a file: one JSON object a line, readable by people and verifiable without a store.
//!
//! The first line names the format; every further line is a record, with its payload as JSON and its hash in hex. The hash covers the payload's exact bytes, so
//! they are kept as they are, and a line that was reformatted no longer verifies.

use std::io::{BufRead, Write};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::id::BusinessId;
use crate::journal::chain::{self, Hash, Head, Record};
use crate::limits::MAX_EVENT_BYTES;
use crate::time::Timestamp;

/// The name of the format, in its first line.
pub const FORMAT: &str = "bbb-journal/1";

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Heading {
    format: String,
    business: BusinessId,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line<'a> {
    sequence: u64,
    at_ms: i64,
    version: u16,
    cause: u64,
    hash: String,
    #[serde(borrow)]
    payload: &'a RawValue,
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
}

/// Writes a journal.
///
/// # Errors
/// [`Error::Io`]; [`Error::BadLine`] where a record's payload is not JSON.
pub fn write(out: &mut dyn Write, business: BusinessId, records: &[Record]) -> Result<(), Error> {
    let heading = Heading { format: FORMAT.to_owned(), business };
    writeln!(out, "{}", to_json(&heading, 1)?)?;
    for (index, record) in records.iter().enumerate() {
        let bad = |reason: String| Error::BadLine { line: index + 2, reason };
        let payload = serde_json::from_slice(&record.payload).map_err(|e| bad(e.to_string()))?;
        let line = Line {
            sequence: record.sequence,
            at_ms: record.at.ms(),
            version: record.version,
            cause: record.cause,
            hash: record.hash.to_string(),
            payload,
        };
        writeln!(out, "{}", to_json(&line, index + 2)?)?;
    }
    Ok(())
}

fn to_json<T: Serialize>(value: &T, line: usize) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|e| Error::BadLine { line, reason: e.to_string() })
}

/// Reads a journal and verifies its chain from the first record on.
///
/// # Errors
/// The first thing that is wrong, with its line.
pub fn read(input: &mut dyn BufRead) -> Result<(BusinessId, Vec<Record>, Head), Error> {
    let mut lines = Lines { input, number: 0 };
    let first = lines.next_line()?.ok_or_else(|| Error::NotAnExport("the file is empty".to_owned()))?;
    let heading: Heading = serde_json::from_str(&first).map_err(|e| Error::NotAnExport(e.to_string()))?;
    if heading.format != FORMAT {
        return Err(Error::NotAnExport(format!("its format is `{}`, this build reads `{FORMAT}`", heading.format)));
    }
    let mut head = Head::EMPTY;
    let mut records = Vec::new();
    while let Some(text) = lines.next_line()? {
        let line = lines.number;
        let record = parse(&text).map_err(|reason| Error::BadLine { line, reason })?;
        head = record.follow(&head).map_err(|source| Error::Chain { line, source })?;
        records.push(record);
    }
    Ok((heading.business, records, head))
}

fn parse(text: &str) -> Result<Record, String> {
    let line: Line<'_> = serde_json::from_str(text).map_err(|e| e.to_string())?;
    let hash = Hash::from_hex(&line.hash).ok_or("hash is not 64 hex digits")?;
    let payload = line.payload.get().as_bytes().into();
    Ok(Record { sequence: line.sequence, at: Timestamp::from_ms(line.at_ms), version: line.version, cause: line.cause, payload, hash })
}

struct Lines<'a> {
    input: &'a mut dyn BufRead,
    number: usize,
}

impl Lines<'_> {
    /// The next line without its end; a line longer than any record can be is refused before it fills the memory.
    fn next_line(&mut self) -> Result<Option<String>, Error> {
        use std::io::Read;
        let limit = MAX_EVENT_BYTES as u64 + 1024;
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
        check(&text[..text.len() - 1], "line 4: it is cut off");
        check(
            &text.lines().take(2).chain(text.lines().skip(3)).map(|l| format!("{l}\n")).collect::<String>(),
            "line 3: record 3 stands where record 2",
        );
    }
}
