//! What the store keeps in memory: where every journal ends, who must be woken when, and where the newest records are.
//!
//! Heads and wake-ups of all businesses are here; runs only of what the derived tables do not cover yet, so that memory does not grow with the journals.

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasherDefault, Hasher};

use bbb_core::id::BusinessId;
use bbb_core::journal::store::Listed;
use bbb_core::time::Timestamp;

use super::layout::{Frame, Row, Run};

/// A map whose order means nothing.
pub(super) type ByBusiness<T> = HashMap<BusinessId, T, BuildHasherDefault<IdHasher>>;

/// Takes an id for its own hash: ids are derived from digests, and every append looks up its business several times.
#[derive(Debug, Default)]
pub(super) struct IdHasher(u64);

impl Hasher for IdHasher {
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.0 ^= u64::from_le_bytes(word);
        }
    }

    fn write_usize(&mut self, _: usize) {
        // The length, the same for every id.
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// The index of all businesses.
#[derive(Debug, Default)]
pub(super) struct Index {
    entries: ByBusiness<Entry>,
    /// Businesses whose rows the derived tables do not have yet, each once.
    changed: Vec<BusinessId>,
    pending_runs: usize,
    /// The number of the next batch row.
    pub(super) next_batch: u64,
}

#[derive(Debug)]
struct Entry {
    row: Row,
    /// Runs that the derived tables do not have yet, in order.
    tail: Vec<Run>,
    changed: bool,
}

/// What the derived tables lack of a business: its newest row, and further runs.
#[derive(Debug)]
pub(super) struct Change {
    pub(super) row: Row,
    pub(super) runs: Vec<Run>,
}

impl Entry {
    /// As it stands in lists; nothing where it has no event yet.
    fn listed(&self, business: BusinessId) -> Option<Listed> {
        let Row { head, wake_at, ended, .. } = self.row;
        (head.sequence > 0).then_some(Listed { business, head, wake_at, ended })
    }
}

impl Index {
    /// Adds what the derived tables know of a business.
    pub(super) fn restore(&mut self, business: BusinessId, row: Row) {
        self.entries.insert(business, Entry { row, tail: Vec::new(), changed: false });
    }

    /// The row of a business.
    pub(super) fn row(&self, business: BusinessId) -> Option<Row> {
        self.entries.get(&business).map(|entry| entry.row)
    }

    /// The row of a business, and its runs that are in memory only.
    pub(super) fn tail(&self, business: BusinessId) -> Option<(Row, &[Run])> {
        self.entries.get(&business).map(|entry| (entry.row, entry.tail.as_slice()))
    }

    /// Takes over what was committed.
    pub(super) fn apply(&mut self, business: BusinessId, row: Row, runs: &[Run]) {
        let entry = self.entries.entry(business).or_insert(Entry { row: Row::EMPTY, tail: Vec::new(), changed: false });
        entry.row = row;
        entry.tail.extend_from_slice(runs);
        self.pending_runs += runs.len();
        if !std::mem::replace(&mut entry.changed, true) {
            self.changed.push(business);
        }
    }

    /// Takes over an entry of a batch row that the derived tables do not cover.
    ///
    /// # Errors
    /// What does not fit to the entries before.
    pub(super) fn replay(&mut self, batch: u64, frame: &Frame) -> Result<(), String> {
        match frame {
            Frame::Lease { business, epoch } => {
                let row = self.row(*business).unwrap_or(Row::EMPTY);
                if *epoch <= row.epoch {
                    return Err(format!("epoch {epoch} of {business} follows epoch {}", row.epoch));
                }
                self.apply(*business, Row { epoch: *epoch, ..row }, &[]);
            }
            Frame::Records { business, epoch, wake_at, ended, offset, records } => {
                let row = self.row(*business).unwrap_or(Row::EMPTY);
                if *epoch != row.epoch {
                    return Err(format!("records of {business} under epoch {epoch} while the lease is {}", row.epoch));
                }
                let head = bbb_core::journal::chain::verify(row.head, records).map_err(|error| format!("{business}: {error}"))?;
                // A row cannot hold more records than a u32 counts: each has 62 bytes or more.
                let count = u32::try_from(records.len()).map_err(|error| error.to_string())?;
                let run = Run { first: row.head.sequence + 1, batch, offset: *offset, count };
                self.apply(*business, Row { epoch: *epoch, head, wake_at: *wake_at, ended: *ended }, &[run]);
            }
        }
        Ok(())
    }

    /// Businesses with a journal, ordered by id.
    pub(super) fn listed(&self) -> Vec<Listed> {
        let mut listed: Vec<_> = self.entries.iter().filter_map(|(business, entry)| entry.listed(*business)).collect();
        listed.sort_unstable_by_key(|listed| listed.business);
        listed
    }

    /// One of them.
    pub(super) fn look(&self, business: BusinessId) -> Option<Listed> {
        self.entries.get(&business)?.listed(business)
    }

    /// Who must be woken by `now`, earliest first. Looked for when asked: nearly every append moves a wake-up, and keeping them in order would cost each of them.
    pub(super) fn due(&self, now: Timestamp, limit: usize) -> Vec<(Timestamp, BusinessId)> {
        let waiting = self.entries.iter().filter_map(|(business, entry)| Some((entry.row.due_at()?, *business)));
        let mut due: Vec<_> = waiting.filter(|(at, _)| *at <= now).collect();
        due.sort_unstable();
        due.truncate(limit);
        due
    }

    /// Whether the derived tables lag behind.
    pub(super) fn is_ahead(&self) -> bool {
        !self.changed.is_empty()
    }

    /// Runs that the derived tables do not have yet.
    pub(super) fn pending_runs(&self) -> usize {
        self.pending_runs
    }

    /// What the derived tables do not have yet.
    pub(super) fn pending(&self) -> BTreeMap<BusinessId, Change> {
        let entries = self.changed.iter().filter_map(|business| Some((business, self.entries.get(business)?)));
        entries.map(|(business, entry)| (*business, Change { row: entry.row, runs: entry.tail.clone() })).collect()
    }

    /// Forgets what the derived tables now have.
    pub(super) fn persisted(&mut self) {
        for business in std::mem::take(&mut self.changed) {
            if let Some(entry) = self.entries.get_mut(&business) {
                entry.tail = Vec::new();
                entry.changed = false;
            }
        }
        self.pending_runs = 0;
    }

    /// Whether `other` knows the same rows, except that those in `changes` stand for this index's own.
    pub(super) fn same_rows(&self, changes: &ByBusiness<Change>, other: &Index) -> bool {
        let added = changes.keys().filter(|business| !self.entries.contains_key(business)).count();
        other.entries.len() == self.entries.len() + added
            && self
                .entries
                .iter()
                .all(|(business, entry)| other.row(*business) == Some(changes.get(business).map_or(entry.row, |change| change.row)))
            && changes.iter().all(|(business, change)| other.row(*business) == Some(change.row))
    }
}
