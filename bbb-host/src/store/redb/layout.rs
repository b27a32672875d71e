//! The bytes of the store: tables, batch rows, and the derived rows that make opening fast.
//!
//! `docs/design/journal-format.md` explains every byte. Batches and signals are the truth; heads and runs are derived from batches and may lag behind them.

use std::sync::LazyLock;

use bbb_core::id::BusinessId;
use bbb_core::journal::chain::{self, Hash, Head, Record};
use bbb_core::journal::store::{Append, Error, SignalKey, Snapshot};
use bbb_core::time::Timestamp;
use blake3::hazmat::{ContextKey, HasherExt, hash_derive_key_context};
use redb::TableDefinition;

/// The name of the format, in the `meta` table.
pub(super) const FORMAT: &str = "bbb-store/1";
/// The key of the format's name in `meta`.
pub(super) const FORMAT_KEY: &str = "format";
/// The key in `meta` of the first batch that the derived tables do not cover.
pub(super) const INDEXED_KEY: &str = "indexed";

pub(super) const META: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("meta");
pub(super) const BATCHES: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("batches");
pub(super) const SIGNALS: TableDefinition<'_, &[u8; 24], ()> = TableDefinition::new("signals");
pub(super) const HEADS: TableDefinition<'_, &[u8; 8], &[u8]> = TableDefinition::new("heads");
pub(super) const RUNS: TableDefinition<'_, &[u8; 16], &[u8]> = TableDefinition::new("runs");
pub(super) const SNAPSHOTS: TableDefinition<'_, &[u8; 8], &[u8]> = TableDefinition::new("snapshots");

/// The most bytes of a batch row that holds more than one record. redb keeps a large value in a page of the next power of two, so this stays just below one.
/// It is also what reading one lone record costs.
pub(super) const MAX_BATCH_BYTES: usize = 16 * 1024 - 128;
/// The most runs of one row of the `runs` table: about what fits into a page.
pub(super) const MAX_RUNS_PER_ROW: usize = 240;

static BATCH_CONTEXT: LazyLock<ContextKey> = LazyLock::new(|| hash_derive_key_context("bbb 2026 store batch v1"));
static SIGNAL_CONTEXT: LazyLock<ContextKey> = LazyLock::new(|| hash_derive_key_context("bbb 2026 store signal v1"));
const CHECKSUM_BYTES: usize = 8;
const RUN_BYTES: usize = 16;
const HEAD_BYTES: usize = 8 + 8 + 32 + 1 + 8;

const LEASE: u8 = 1;
const RECORDS: u8 = 2;
const WAKES: u8 = 1;
const ENDED: u8 = 2;

/// What the store knows of a business without reading its journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) epoch: u64,
    pub(super) head: Head,
    pub(super) wake_at: Option<Timestamp>,
    pub(super) ended: bool,
}

impl Row {
    pub(super) const EMPTY: Row = Row { epoch: 0, head: Head::EMPTY, wake_at: None, ended: false };

    /// When the business must be woken, unless it is over.
    pub(super) fn due_at(&self) -> Option<Timestamp> {
        self.wake_at.filter(|_| !self.ended)
    }

    pub(super) fn to_bytes(self) -> Vec<u8> {
        let mut out = Vec::with_capacity(HEAD_BYTES);
        out.extend_from_slice(&self.epoch.to_le_bytes());
        out.extend_from_slice(&self.head.sequence.to_le_bytes());
        out.extend_from_slice(&self.head.hash.0);
        put_wake(&mut out, self.wake_at, self.ended);
        out
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Row> {
        let mut input = Input(bytes);
        let epoch = input.u64()?;
        let head = Head { sequence: input.u64()?, hash: Hash(input.array()?) };
        let (wake_at, ended) = input.wake()?;
        input.0.is_empty().then_some(Row { epoch, head, wake_at, ended })
    }
}

/// Consecutive records of one business in one batch row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Run {
    /// The first record's sequence.
    pub(super) first: u64,
    /// The batch row.
    pub(super) batch: u64,
    /// Where in the row the first record begins.
    pub(super) offset: u32,
    /// How many records.
    pub(super) count: u32,
}

impl Run {
    /// The sequence after the last record.
    pub(super) fn end(&self) -> u64 {
        self.first.saturating_add(u64::from(self.count))
    }
}

/// The key of a row of runs: so ordered that the runs of a business stand together, in order.
pub(super) fn run_key(business: BusinessId, first: u64) -> [u8; 16] {
    let mut key = [0; 16];
    key[..8].copy_from_slice(&business.bytes());
    key[8..].copy_from_slice(&first.to_be_bytes());
    key
}

/// A row of the `runs` table; the runs must be consecutive.
pub(super) fn runs_to_bytes(runs: &[Run]) -> Vec<u8> {
    let mut out = Vec::with_capacity(runs.len() * RUN_BYTES);
    for run in runs {
        out.extend_from_slice(&run.batch.to_le_bytes());
        out.extend_from_slice(&run.offset.to_le_bytes());
        out.extend_from_slice(&run.count.to_le_bytes());
    }
    out
}

/// Reads a row of the `runs` table; its key must be of `business`.
pub(super) fn runs_from_bytes(key: &[u8; 16], business: BusinessId, bytes: &[u8]) -> Option<Vec<Run>> {
    let mut key = Input(key);
    if key.array()? != business.bytes() {
        return None;
    }
    let mut first = u64::from_be_bytes(key.array()?);
    let mut input = Input(bytes);
    let mut runs = Vec::with_capacity(bytes.len() / RUN_BYTES);
    while !input.0.is_empty() {
        let run = Run { first, batch: input.u64()?, offset: input.u32()?, count: input.u32()? };
        first = run.end();
        runs.push(run);
    }
    Some(runs)
}

/// The key of a row of the `signals` table: whose signal, and 16 bytes that stand for the signal's name.
pub(super) type SignalId = [u8; 24];

pub(super) fn signal_id(business: BusinessId, key: &SignalKey) -> SignalId {
    let mut hasher = blake3::Hasher::new_from_context_key(&SIGNAL_CONTEXT);
    // The length keeps ("ab", "c") and ("a", "bc") apart.
    hasher.update(&(key.source.len() as u64).to_le_bytes()).update(key.source.as_bytes()).update(key.external_id.as_bytes());
    let mut id = [0; 24];
    id[..8].copy_from_slice(&business.bytes());
    id[8..].copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    id
}

pub(super) fn snapshot_to_bytes(snapshot: &Snapshot) -> Vec<u8> {
    let mut out = Vec::with_capacity(44 + snapshot.bytes.len());
    out.extend_from_slice(&snapshot.head.sequence.to_le_bytes());
    out.extend_from_slice(&snapshot.head.hash.0);
    out.extend_from_slice(&snapshot.fold_version.to_le_bytes());
    out.extend_from_slice(&snapshot.bytes);
    out
}

pub(super) fn snapshot_from_bytes(bytes: &[u8]) -> Option<Snapshot> {
    let mut input = Input(bytes);
    let head = Head { sequence: input.u64()?, hash: Hash(input.array()?) };
    let fold_version = input.u32()?;
    Some(Snapshot { head, fold_version, bytes: input.0.into() })
}

/// Fills batch rows with what one commit writes. Every row goes to `put` with its number as soon as it is full.
pub(super) struct Batcher<P> {
    /// The number of the row being filled.
    next: u64,
    open: Vec<u8>,
    put: P,
}

impl<P: FnMut(u64, &[u8]) -> Result<(), Error>> Batcher<P> {
    /// A batcher whose first row has number `next`.
    pub(super) fn new(next: u64, put: P) -> Self {
        Batcher { next, open: Vec::new(), put }
    }

    /// Writes that a lease was taken.
    pub(super) fn lease(&mut self, business: BusinessId, epoch: u64) -> Result<(), Error> {
        self.make_room(LEASE_BYTES)?;
        self.open.push(LEASE);
        self.open.extend_from_slice(&business.bytes());
        self.open.extend_from_slice(&epoch.to_le_bytes());
        Ok(())
    }

    /// Writes an append, and adds to `runs` where its records are. Its parts may fall into several rows, of one transaction.
    pub(super) fn append(&mut self, append: &Append, signals: &[SignalId], runs: &mut Vec<Run>) -> Result<(), Error> {
        let mut records = append.records.as_slice();
        let mut signals = signals;
        while let Some(first) = records.first() {
            let header = PART_BYTES + signals.len() * 16;
            self.make_room(header + first.len_bytes())?;
            let room = MAX_BATCH_BYTES.saturating_sub(self.open.len() + header);
            let (count, bytes) = fitting(records, room);
            let (part, rest) = records.split_at(count);
            self.part_header(append, signals, count, bytes);
            runs.push(Run { first: first.sequence, batch: self.next, offset: narrow(self.open.len()), count: narrow(count) });
            part.iter().for_each(|record| record.write(&mut self.open));
            records = rest;
            signals = &[];
        }
        Ok(())
    }

    fn part_header(&mut self, append: &Append, signals: &[SignalId], count: usize, bytes: usize) {
        let out = &mut self.open;
        out.push(RECORDS);
        out.extend_from_slice(&append.business.bytes());
        out.extend_from_slice(&append.epoch.0.to_le_bytes());
        put_wake(out, append.wake_at, append.ended);
        out.extend_from_slice(&narrow(signals.len()).to_le_bytes());
        out.extend_from_slice(&narrow(count).to_le_bytes());
        out.extend_from_slice(&narrow(bytes).to_le_bytes());
        signals.iter().for_each(|id| out.extend_from_slice(&id[8..]));
    }

    /// Starts a new row where the open one has no room for `bytes` more. A row with one frame only may be over the limit.
    fn make_room(&mut self, bytes: usize) -> Result<(), Error> {
        if self.open.len() > CHECKSUM_BYTES && self.open.len() + bytes > MAX_BATCH_BYTES {
            self.seal()?;
        }
        if self.open.is_empty() {
            self.open.extend_from_slice(&[0; CHECKSUM_BYTES]);
        }
        Ok(())
    }

    fn seal(&mut self) -> Result<(), Error> {
        let sum = checksum(self.next, &self.open[CHECKSUM_BYTES..]);
        self.open[..CHECKSUM_BYTES].copy_from_slice(&sum);
        (self.put)(self.next, &self.open)?;
        self.open.clear();
        self.next += 1;
        Ok(())
    }

    /// Puts the last row, and returns the number of the row after it.
    pub(super) fn finish(mut self) -> Result<u64, Error> {
        if !self.open.is_empty() {
            self.seal()?;
        }
        Ok(self.next)
    }
}

const LEASE_BYTES: usize = 1 + 8 + 8;
const PART_BYTES: usize = 1 + 8 + 8 + 9 + 4 + 4 + 4;

/// How many of the records fit into `room` bytes, at least one, and their size.
fn fitting(records: &[Record], room: usize) -> (usize, usize) {
    let (mut count, mut total) = (0, 0);
    for record in records {
        let bytes = record.len_bytes();
        if count > 0 && total + bytes > room {
            break;
        }
        count += 1;
        total += bytes;
    }
    (count, total)
}

/// Sizes within a row are bounded by [`MAX_BATCH_BYTES`] or by one record, and counts by the size.
fn narrow(size: usize) -> u32 {
    u32::try_from(size).unwrap_or(u32::MAX)
}

fn checksum(batch: u64, frames: &[u8]) -> [u8; CHECKSUM_BYTES] {
    let mut hasher = blake3::Hasher::new_from_context_key(&BATCH_CONTEXT);
    // The number is hashed too, so that a row that stands under another's number is noticed.
    hasher.update(&batch.to_le_bytes()).update(frames);
    let mut sum = [0; CHECKSUM_BYTES];
    sum.copy_from_slice(&hasher.finalize().as_bytes()[..CHECKSUM_BYTES]);
    sum
}

/// One entry of a batch row.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Frame {
    Lease { business: BusinessId, epoch: u64 },
    Records { business: BusinessId, epoch: u64, wake_at: Option<Timestamp>, ended: bool, offset: u32, records: Vec<Record> },
}

/// Reads a batch row.
///
/// # Errors
/// What is wrong with it.
pub(super) fn frames(batch: u64, row: &[u8]) -> Result<Vec<Frame>, String> {
    let (sum, body) = row.split_first_chunk::<CHECKSUM_BYTES>().ok_or("it is shorter than its checksum")?;
    if *sum != checksum(batch, body) {
        return Err("its checksum does not match".to_owned());
    }
    let mut input = Input(body);
    let mut frames = Vec::new();
    while !input.0.is_empty() {
        frames.push(frame(&mut input, row.len())?);
    }
    Ok(frames)
}

fn frame(input: &mut Input<'_>, row_bytes: usize) -> Result<Frame, String> {
    const CUT_OFF: &str = "it is cut off";
    let kind = input.array::<1>().ok_or(CUT_OFF)?[0];
    let business = BusinessId::from_bytes(input.array().ok_or(CUT_OFF)?);
    let epoch = input.u64().ok_or(CUT_OFF)?;
    match kind {
        LEASE => Ok(Frame::Lease { business, epoch }),
        RECORDS => {
            let (wake_at, ended) = input.wake().ok_or(CUT_OFF)?;
            let mut size = || input.u32().map(|size| size as usize).ok_or(CUT_OFF);
            let (signals, count, bytes) = (size()?, size()?, size()?);
            input.take(signals.saturating_mul(16)).ok_or(CUT_OFF)?;
            let offset = narrow(row_bytes - input.0.len());
            let records = records(input.take(bytes).ok_or(CUT_OFF)?, count).map_err(|error| error.to_string())?;
            Ok(Frame::Records { business, epoch, wake_at, ended, offset, records })
        }
        other => Err(format!("it has an entry of unknown kind {other}")),
    }
}

/// Reads `count` records from the front of `bytes`.
pub(super) fn records(mut bytes: &[u8], count: usize) -> Result<Vec<Record>, chain::Error> {
    let mut records = Vec::new();
    for _ in 0..count {
        let (record, rest) = Record::read(bytes)?;
        records.push(record);
        bytes = rest;
    }
    Ok(records)
}

fn put_wake(out: &mut Vec<u8>, wake_at: Option<Timestamp>, ended: bool) {
    let flags = if wake_at.is_some() { WAKES } else { 0 } | if ended { ENDED } else { 0 };
    out.push(flags);
    out.extend_from_slice(&wake_at.unwrap_or_default().ms().to_le_bytes());
}

/// Reads fixed-size fields from the front of bytes.
pub(super) struct Input<'a>(pub(super) &'a [u8]);

impl<'a> Input<'a> {
    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*head)
    }

    pub(super) fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    fn take(&mut self, bytes: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.0.split_at_checked(bytes)?;
        self.0 = rest;
        Some(head)
    }

    fn wake(&mut self) -> Option<(Option<Timestamp>, bool)> {
        let flags = self.array::<1>()?[0];
        let at = Timestamp::from_ms(i64::from_le_bytes(self.array()?));
        (flags & !(WAKES | ENDED) == 0).then_some(((flags & WAKES != 0).then_some(at), flags & ENDED != 0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bbb_core::event::{By, Event, Payload};
    use bbb_core::journal::store::Epoch;

    fn append(count: usize, text_bytes: usize) -> Append {
        let mut head = Head::EMPTY;
        let one = |_| {
            let payload = Payload::Paused { by: By::Owner, reason: "x".repeat(text_bytes) };
            let event = Event { sequence: head.sequence + 1, at: Timestamp::from_ms(1), cause: 0, payload };
            let record = Record::encode(&event, &head.hash).expect("small");
            head = record.follow(&head).expect("in order");
            record
        };
        let records = (0..count).map(one).collect();
        let business = BusinessId::from_bytes([3; 8]);
        let wake_at = Some(Timestamp::from_ms(-7));
        Append { business, epoch: Epoch(9), expected: Head::EMPTY, records, signals: Vec::new(), wake_at, ended: true }
    }

    fn batched(append: &Append, signals: &[SignalId]) -> (Vec<Run>, Vec<(u64, Vec<u8>)>) {
        let mut rows = Vec::new();
        let mut batcher = Batcher::new(5, |number, row| {
            rows.push((number, row.to_vec()));
            Ok(())
        });
        batcher.lease(append.business, 9).expect("a row");
        let mut runs = Vec::new();
        batcher.append(append, signals, &mut runs).expect("rows");
        let next = batcher.finish().expect("a row");
        assert_eq!(next, 5 + rows.len() as u64);
        (runs, rows)
    }

    #[test]
    fn what_is_batched_reads_back_from_the_frames_and_through_the_runs() {
        for (count, text_bytes) in [(1, 10), (3, 1000), (100, 1000), (2, 100_000), (4096, 1)] {
            let append = append(count, text_bytes);
            let (runs, rows) = batched(&append, &[[1; 24], [2; 24]]);
            let mut found = Vec::new();
            for (number, row) in &rows {
                assert!(row.len() <= MAX_BATCH_BYTES || frames(*number, row).expect("own row").len() == 1, "{} bytes", row.len());
                for frame in frames(*number, row).expect("own row") {
                    match frame {
                        Frame::Lease { business, epoch } => assert_eq!((business, epoch), (append.business, 9)),
                        Frame::Records { business, epoch, wake_at, ended, records, .. } => {
                            assert_eq!((business, epoch, wake_at, ended), (append.business, 9, append.wake_at, true));
                            found.extend(records);
                        }
                    }
                }
            }
            assert_eq!(found, append.records);
            let at = |run: &Run| {
                let (_, row) = rows.iter().find(|(number, _)| *number == run.batch).expect("its row");
                records(&row[run.offset as usize..], run.count as usize).expect("own records")
            };
            assert_eq!(runs.iter().flat_map(at).collect::<Vec<_>>(), append.records);
        }
    }

    #[test]
    fn every_altered_byte_and_every_cut_of_a_row_is_noticed() {
        let (_, rows) = batched(&append(2, 10), &[[1; 24]]);
        let (number, row) = &rows[0];
        for index in 0..row.len() {
            let mut altered = row.clone();
            altered[index] ^= 1;
            assert!(frames(*number, &altered).is_err(), "byte {index}");
            assert!(frames(*number, &row[..index]).is_err(), "cut at {index}");
        }
        assert!(frames(number + 1, row).is_err(), "a row under another's number");
    }

    #[test]
    fn rows_of_the_derived_tables_read_back_and_others_are_refused() {
        let head = Head { sequence: 7, hash: Hash([5; 32]) };
        for (wake_at, ended) in [(None, false), (Some(Timestamp::from_ms(-1)), true)] {
            let row = Row { epoch: 3, head, wake_at, ended };
            let bytes = row.to_bytes();
            assert_eq!(Row::from_bytes(&bytes), Some(row));
            assert_eq!(Row::from_bytes(&bytes[1..]), None);
            assert_eq!(Row::from_bytes(&[bytes.as_slice(), &[0]].concat()), None);
        }
        let business = BusinessId::from_bytes([1; 8]);
        let runs = [Run { first: 4, batch: 9, offset: 8, count: 3 }, Run { first: 7, batch: 10, offset: 80, count: 1 }];
        let bytes = runs_to_bytes(&runs);
        assert_eq!(runs_from_bytes(&run_key(business, 4), business, &bytes), Some(runs.to_vec()));
        assert_eq!(runs_from_bytes(&run_key(business, 4), business, &bytes[1..]), None);
        assert_eq!(runs_from_bytes(&run_key(business, 4), BusinessId::from_bytes([2; 8]), &bytes), None);
        assert!(run_key(business, 255) < run_key(business, 256), "keys are ordered as their numbers");
    }
}
