//! The bytes of a journal: framed, hash-chained records.
//!
//! A record is what a store keeps. Its hash covers the hash of the record before and every field, each framed by its length, so that no two different
//! records have the same input to the hash. `docs/design/journal-format.md` explains every byte.

use std::fmt;
use std::sync::{Arc, LazyLock};

use blake3::hazmat::{ContextKey, HasherExt, hash_derive_key_context};

use crate::event::{Event, Payload, SCHEMA_VERSION};
use crate::limits::MAX_EVENT_BYTES;
use crate::time::Timestamp;

/// What the first record's hash is chained to.
pub const GENESIS: Hash = Hash([0; 32]);

/// The domain of the chain's hashes (BLAKE3's key derivation mode), hashed once rather than for every record.
static CONTEXT: LazyLock<ContextKey> = LazyLock::new(|| hash_derive_key_context("bbb 2026 journal record v1"));

/// The hash of a record, and so of everything before it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Hash(pub [u8; 32]);

impl Hash {
    /// Reads 64 hex digits.
    pub fn from_hex(text: &str) -> Option<Hash> {
        blake3::Hash::from_hex(text).ok().map(|hash| Hash(*hash.as_bytes()))
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Where a journal ends: the number of its last record and that record's hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The last record's sequence; 0 for an empty journal.
    pub sequence: u64,
    /// The last record's hash; [`GENESIS`] for an empty journal.
    pub hash: Hash,
}

impl Head {
    /// The head of an empty journal.
    pub const EMPTY: Head = Head { sequence: 0, hash: GENESIS };
}

/// One event as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Its place in the journal, counted from 1.
    pub sequence: u64,
    /// When it happened.
    pub at: Timestamp,
    /// The version of the payload's format.
    pub version: u16,
    /// The event that it follows from, or 0.
    pub cause: u64,
    /// The payload, as JSON.
    pub payload: Arc<[u8]>,
    /// The chained hash.
    pub hash: Hash,
}

/// What is wrong with a record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The bytes end within a record.
    #[error("record {sequence} is cut off")]
    CutOff {
        /// The record's number, as far as it is known.
        sequence: u64,
    },
    /// A record is not the one that should come next.
    #[error("record {found} stands where record {expected} should")]
    OutOfOrder {
        /// The sequence that should come next.
        expected: u64,
        /// The sequence that is there.
        found: u64,
    },
    /// A record's hash is not that of its content after the record before it.
    #[error("record {sequence} does not match its hash: it, or the order of records before it, was altered")]
    BrokenChain {
        /// The record's number.
        sequence: u64,
    },
    /// The payload's format is newer than this build.
    #[error("record {sequence} has format version {version}; this build reads up to {SCHEMA_VERSION}")]
    UnknownVersion {
        /// The record's number.
        sequence: u64,
        /// Its version.
        version: u16,
    },
    /// The payload is not an event of its version.
    #[error("record {sequence} is not a known event: {reason}")]
    Unreadable {
        /// The record's number.
        sequence: u64,
        /// What the parser said.
        reason: String,
    },
    /// The payload is over the limit.
    #[error("record {sequence} has a payload of {bytes} bytes, over the limit of {MAX_EVENT_BYTES} bytes")]
    TooLarge {
        /// The record's number.
        sequence: u64,
        /// The payload's size.
        bytes: usize,
    },
}

/// Bytes of a record before its payload: sequence, time, version, cause, payload length.
const HEADER_BYTES: usize = 8 + 8 + 2 + 8 + 4;

impl Record {
    /// The record of `event` after `previous`.
    ///
    /// # Errors
    /// [`Error::TooLarge`] where the payload is over the limit.
    pub fn encode(event: &Event, previous: &Hash) -> Result<Record, Error> {
        let sequence = event.sequence;
        let payload = serde_json::to_vec(&event.payload).map_err(|e| Error::Unreadable { sequence, reason: e.to_string() })?;
        if payload.len() > MAX_EVENT_BYTES {
            return Err(Error::TooLarge { sequence, bytes: payload.len() });
        }
        let mut record =
            Record { sequence, at: event.at, version: SCHEMA_VERSION, cause: event.cause, payload: payload.into(), hash: GENESIS };
        record.hash = record.chained(previous);
        Ok(record)
    }

    /// The event in this record.
    ///
    /// # Errors
    /// [`Error::UnknownVersion`] and [`Error::Unreadable`].
    pub fn decode(&self) -> Result<Event, Error> {
        if self.version != SCHEMA_VERSION {
            return Err(Error::UnknownVersion { sequence: self.sequence, version: self.version });
        }
        let payload: Payload =
            serde_json::from_slice(&self.payload).map_err(|e| Error::Unreadable { sequence: self.sequence, reason: e.to_string() })?;
        Ok(Event { sequence: self.sequence, at: self.at, cause: self.cause, payload })
    }

    /// The hash of this record after `previous`.
    pub fn chained(&self, previous: &Hash) -> Hash {
        let mut hasher = blake3::Hasher::new_from_context_key(&CONTEXT);
        hasher.update(&previous.0).update(&self.header()).update(&self.payload);
        Hash(*hasher.finalize().as_bytes())
    }

    /// Checks that this record follows `head`, and returns the head after it.
    ///
    /// # Errors
    /// [`Error::OutOfOrder`] and [`Error::BrokenChain`].
    pub fn follow(&self, head: &Head) -> Result<Head, Error> {
        let expected = head.sequence.saturating_add(1);
        if self.sequence != expected {
            return Err(Error::OutOfOrder { expected, found: self.sequence });
        }
        if self.hash != self.chained(&head.hash) {
            return Err(Error::BrokenChain { sequence: self.sequence });
        }
        Ok(Head { sequence: self.sequence, hash: self.hash })
    }

    /// Appends this record's bytes to `out`.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.header());
        out.extend_from_slice(&self.hash.0);
        out.extend_from_slice(&self.payload);
    }

    /// The size of this record's bytes.
    pub fn len_bytes(&self) -> usize {
        HEADER_BYTES + 32 + self.payload.len()
    }

    /// Reads one record from the front of `bytes`, and returns it with the rest.
    ///
    /// # Errors
    /// [`Error::CutOff`] and [`Error::TooLarge`].
    pub fn read(bytes: &[u8]) -> Result<(Record, &[u8]), Error> {
        let mut input = Input(bytes);
        let sequence = input.u64().ok_or(Error::CutOff { sequence: 0 })?;
        let cut_off = Error::CutOff { sequence };
        let read = |input: &mut Input<'_>| {
            let at = Timestamp::from_ms(i64::from_le_bytes(input.array()?));
            let version = u16::from_le_bytes(input.array()?);
            let cause = input.u64()?;
            let length = u32::from_le_bytes(input.array()?);
            Some((at, version, cause, usize::try_from(length).ok()?, Hash(input.array()?)))
        };
        let (at, version, cause, length, hash) = read(&mut input).ok_or(cut_off.clone())?;
        if length > MAX_EVENT_BYTES {
            return Err(Error::TooLarge { sequence, bytes: length });
        }
        let (payload, rest) = input.0.split_at_checked(length).ok_or(cut_off)?;
        Ok((Record { sequence, at, version, cause, payload: payload.into(), hash }, rest))
    }

    fn header(&self) -> [u8; HEADER_BYTES] {
        let mut header = [0; HEADER_BYTES];
        let length = u32::try_from(self.payload.len()).unwrap_or(u32::MAX);
        header[..8].copy_from_slice(&self.sequence.to_le_bytes());
        header[8..16].copy_from_slice(&self.at.ms().to_le_bytes());
        header[16..18].copy_from_slice(&self.version.to_le_bytes());
        header[18..26].copy_from_slice(&self.cause.to_le_bytes());
        header[26..].copy_from_slice(&length.to_le_bytes());
        header
    }
}

struct Input<'a>(&'a [u8]);

impl Input<'_> {
    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*head)
    }

    fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }
}

/// Checks a whole journal from its beginning, or from a known head, and returns where it ends.
///
/// # Errors
/// The first error found names the record.
pub fn verify<'a>(from: Head, records: impl IntoIterator<Item = &'a Record>) -> Result<Head, Error> {
    records.into_iter().try_fold(from, |head, record| record.follow(&head))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::By;

    fn journal(length: u64) -> Vec<Record> {
        let mut head = Head::EMPTY;
        (1..=length)
            .map(|sequence| {
                let payload = Payload::Paused { by: By::Owner, reason: format!("reason {sequence}") };
                let event = Event { sequence, at: Timestamp::from_ms(1000), cause: sequence - 1, payload };
                let record = Record::encode(&event, &head.hash).expect("small");
                head = record.follow(&head).expect("in order");
                assert_eq!(record.decode().expect("own format"), event);
                record
            })
            .collect()
    }

    #[test]
    fn a_record_reads_back_and_a_cut_one_is_refused() {
        let records = journal(2);
        let mut bytes = Vec::new();
        records.iter().for_each(|record| record.write(&mut bytes));
        let (first, rest) = Record::read(&bytes).expect("whole");
        assert_eq!(first, records[0]);
        assert_eq!(rest.len(), records[1].len_bytes());
        for cut in 0..records[0].len_bytes() {
            assert!(matches!(Record::read(&bytes[..cut]), Err(Error::CutOff { .. })), "cut at {cut}");
        }
    }

    #[test]
    fn every_altered_byte_reordering_and_gap_is_noticed() {
        let records = journal(3);
        assert_eq!(verify(Head::EMPTY, &records).expect("whole").sequence, 3);
        let mut bytes = Vec::new();
        records[1].write(&mut bytes);
        for index in 0..bytes.len() {
            let mut altered = bytes.clone();
            altered[index] ^= 1;
            let noticed = match Record::read(&altered) {
                Err(_) => true,
                Ok((record, _)) => verify(Head::EMPTY, [&records[0], &record, &records[2]]).is_err(),
            };
            assert!(noticed, "byte {index}");
        }
        assert!(verify(Head::EMPTY, [&records[0], &records[2]]).is_err());
        assert!(verify(Head::EMPTY, [&records[1], &records[0]]).is_err());
        let mut swapped = records.clone();
        swapped[1].sequence = 3;
        swapped[2].sequence = 2;
        assert!(verify(Head::EMPTY, [&swapped[0], &swapped[2], &swapped[1]]).is_err());
    }
}
