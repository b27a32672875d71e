//! What is read from the disk: pages of journals, signals, snapshots. Runs on the blocking pool.

use bbb_core::id::BusinessId;
use bbb_core::journal::chain::{GENESIS, Hash, Head, Record};
use bbb_core::journal::store::{Error, SignalKey, Snapshot};
use redb::{ReadTransaction, ReadableDatabase};

use super::Shared;
use super::database::failure;
use super::layout::{self, BATCHES, RUNS, Run, SIGNALS, SNAPSHOTS};

/// See [`bbb_core::journal::store::Store::read`].
pub(super) fn read(shared: &Shared, business: BusinessId, after: u64, limit: usize) -> Result<Vec<Record>, Error> {
    // The index is copied before the transaction begins, so that the transaction is never older than the index.
    let Some((head, tail)) = shared.index().tail(business).map(|(row, tail)| (row.head, covering(tail, after, limit))) else {
        return Ok(Vec::new());
    };
    let wanted = Wanted { business, after, last: head.sequence.min(after.saturating_add(limit as u64)), head };
    if wanted.after >= wanted.last {
        return Ok(Vec::new());
    }
    shared.with_database(|database| {
        let transaction = database.begin_read().map_err(failure)?;
        let in_memory = tail.first().map_or(u64::MAX, |run| run.first);
        let mut runs = match in_memory > wanted.after + 1 {
            true => stored_runs(&transaction, &wanted, in_memory)?,
            false => Vec::new(),
        };
        runs.extend(tail);
        wanted.records(&transaction, &runs)
    })
}

/// The runs that hold some of the `limit` records after `after`.
fn covering(runs: &[Run], after: u64, limit: usize) -> Vec<Run> {
    let end = after.saturating_add(limit as u64);
    let skipped = runs.partition_point(|run| run.end() <= after.saturating_add(1));
    runs[skipped..].iter().take_while(|run| run.first <= end).copied().collect()
}

struct Wanted {
    business: BusinessId,
    after: u64,
    last: u64,
    head: Head,
}

/// Runs from the derived table, up to the first that was taken from memory.
fn stored_runs(transaction: &ReadTransaction, wanted: &Wanted, in_memory: u64) -> Result<Vec<Run>, Error> {
    let table = transaction.open_table(RUNS).map_err(failure)?;
    let first = layout::run_key(wanted.business, wanted.after + 1);
    let lowest = layout::run_key(wanted.business, 0);
    let start = match table.range::<&[u8; 16]>(&lowest..=&first).map_err(failure)?.next_back() {
        Some(row) => *row.map_err(failure)?.0.value(),
        None => first,
    };
    let end = layout::run_key(wanted.business, in_memory.min(wanted.last + 1));
    let mut runs = Vec::new();
    for row in table.range::<&[u8; 16]>(&start..&end).map_err(failure)? {
        let (key, value) = row.map_err(failure)?;
        let parsed = layout::runs_from_bytes(key.value(), wanted.business, value.value());
        runs.extend(parsed.ok_or_else(|| Error::Corrupted(format!("an index row of {} is not one", wanted.business)))?);
    }
    Ok(covering(&runs, wanted.after, usize::try_from(wanted.last - wanted.after).unwrap_or(usize::MAX)))
}

impl Wanted {
    /// Reads the records of `runs` and checks that they are consecutive, chained, and end where the journal does.
    fn records(&self, transaction: &ReadTransaction, runs: &[Run]) -> Result<Vec<Record>, Error> {
        let batches = transaction.open_table(BATCHES).map_err(failure)?;
        let mut found: Vec<Record> = Vec::new();
        let mut before = (self.after == 0).then_some(GENESIS);
        let mut row = None;
        for run in runs {
            if row.as_ref().is_none_or(|(batch, _)| *batch != run.batch) {
                let value = batches.get(run.batch).map_err(failure)?;
                row = value.map(|value| (run.batch, value));
            }
            let bytes = row.as_ref().and_then(|(_, value)| value.value().get(run.offset as usize..));
            let bytes = bytes.ok_or_else(|| self.corrupted(run.first, format!("batch {} is not there or too short", run.batch)))?;
            let records = layout::records(bytes, run.count as usize).map_err(|error| self.corrupted(run.first, error.to_string()))?;
            for record in records.into_iter().filter(|record| record.sequence > self.after && record.sequence <= self.last) {
                before = Some(self.check(&record, found.len() as u64, before)?);
                found.push(record);
            }
        }
        let complete = self.after + found.len() as u64 == self.last;
        let ends_well = self.last != self.head.sequence || before == Some(self.head.hash);
        match complete && ends_well {
            true => Ok(found),
            false if complete => Err(self.corrupted(self.last, "its hash is not the head's".to_owned())),
            false => Err(self.corrupted(self.after + found.len() as u64 + 1, "the index does not lead to it".to_owned())),
        }
    }

    fn check(&self, record: &Record, index: u64, before: Option<Hash>) -> Result<Hash, Error> {
        let expected = self.after + index + 1;
        let result = match before {
            Some(hash) => record.follow(&Head { sequence: expected - 1, hash }).map(|head| head.hash).map_err(|error| error.to_string()),
            // The first record of a page: the one before it, and so its hash, is the caller's to know.
            None if record.sequence == expected => Ok(record.hash),
            None => Err(format!("record {} stands in its place", record.sequence)),
        };
        result.map_err(|reason| self.corrupted(expected, reason))
    }

    fn corrupted(&self, sequence: u64, reason: String) -> Error {
        Error::Corrupted(format!("{}, event {sequence}: {reason}", self.business))
    }
}

/// See [`bbb_core::journal::store::Store::received`].
pub(super) fn received(shared: &Shared, business: BusinessId, key: &SignalKey) -> Result<bool, Error> {
    shared.with_database(|database| {
        let table = database.begin_read().map_err(failure)?.open_table(SIGNALS).map_err(failure)?;
        Ok(table.get(&layout::signal_id(business, key)).map_err(failure)?.is_some())
    })
}

/// See [`bbb_core::journal::store::Store::snapshot`].
pub(super) fn snapshot(shared: &Shared, business: BusinessId) -> Result<Option<Snapshot>, Error> {
    shared.with_database(|database| {
        let table = database.begin_read().map_err(failure)?.open_table(SNAPSHOTS).map_err(failure)?;
        let Some(value) = table.get(&business.bytes()).map_err(failure)? else { return Ok(None) };
        let snapshot = layout::snapshot_from_bytes(value.value());
        snapshot.map(Some).ok_or_else(|| Error::Corrupted(format!("the snapshot of {business} is cut off")))
    })
}
