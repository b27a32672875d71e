//! Businesses at rest: in memory nothing of them but when they must be woken, on disk a row of the same, so that a start reads rows rather than journals.
//!
//! A row counts only where the journal still ends where it did when the business was brought to rest. So none is ever taken away in time, and one that a crash lost costs no
//! more than that the business is woken at the next start.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use bbb_agents::handle::Rest;
use bbb_core::id::BusinessId;
use bbb_core::time::Timestamp;
use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition, TableError};

use crate::fault::Fault;
use crate::reopening::Reopening;

/// The file's name in the data directory.
const FILE: &str = "rests.redb";
/// The version of what a row means is in the table's name.
const RESTS: TableDefinition<'_, &[u8; 8], &[u8; ROW_BYTES]> = TableDefinition::new("rests/1");
const ROW_BYTES: usize = 4 * 8;
/// What stands for none: no time of a business is as early.
const NONE: i64 = i64::MIN;
/// How much of it is kept in memory.
const CACHE_BYTES: usize = 1024 * 1024;

/// How a business rests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Resting {
    /// The last event of its journal; 0 where nobody knows how it stood there, and so it must be woken.
    pub(super) sequence: u64,
    /// Since when, by the wall.
    pub(super) since: Timestamp,
    /// What of its time had passed since its last event then, where that passes as on the wall.
    pub(super) passed_ms: Option<i64>,
    /// When it must be woken.
    pub(super) wake_at: Option<Timestamp>,
}

impl Resting {
    /// One that was brought to rest at this time.
    pub(super) fn new(rest: Rest, now: Timestamp) -> Resting {
        let wake_at = rest.due_in_ms.map(|ms| now.plus_ms(ms));
        Resting { sequence: rest.sequence, since: now, passed_ms: rest.passed_ms, wake_at }
    }

    /// One that must be woken, and nothing more is known.
    pub(super) fn unknown(now: Timestamp) -> Resting {
        Resting { sequence: 0, since: now, passed_ms: None, wake_at: Some(now) }
    }

    /// What of its time has passed since its last event.
    pub(super) fn passed_ms(&self, now: Timestamp) -> Option<i64> {
        self.passed_ms.map(|passed_ms| passed_ms.saturating_add(now.since(self.since).max(0)))
    }

    fn to_bytes(self) -> [u8; ROW_BYTES] {
        let wake_at = self.wake_at.map_or(NONE, Timestamp::ms);
        let fields = [self.sequence.cast_signed(), self.since.ms(), self.passed_ms.unwrap_or(NONE), wake_at];
        let mut bytes = [0; ROW_BYTES];
        bytes.as_chunks_mut::<8>().0.iter_mut().zip(fields).for_each(|(place, field)| *place = field.to_le_bytes());
        bytes
    }

    fn from_bytes(bytes: &[u8; ROW_BYTES]) -> Resting {
        let mut fields = bytes.as_chunks::<8>().0.iter().map(|bytes| i64::from_le_bytes(*bytes));
        let mut field = || fields.next().unwrap_or(NONE);
        let (sequence, since) = (field().cast_unsigned(), Timestamp::from_ms(field()));
        let some = |field: i64| (field != NONE).then_some(field);
        Resting { sequence, since, passed_ms: some(field()), wake_at: some(field()).map(Timestamp::from_ms) }
    }
}

/// Who rests, and who is next.
#[derive(Debug, Default)]
pub(super) struct Index {
    all: BTreeMap<BusinessId, Resting>,
    by_time: BTreeSet<(Timestamp, BusinessId)>,
}

impl Index {
    pub(super) fn put(&mut self, id: BusinessId, resting: Resting) {
        self.take(id);
        self.by_time.extend(resting.wake_at.map(|at| (at, id)));
        self.all.insert(id, resting);
    }

    pub(super) fn get(&self, id: BusinessId) -> Option<Resting> {
        self.all.get(&id).copied()
    }

    pub(super) fn take(&mut self, id: BusinessId) -> Option<Resting> {
        let resting = self.all.remove(&id)?;
        resting.wake_at.map(|at| self.by_time.remove(&(at, id)));
        Some(resting)
    }

    /// Up to `limit` of those whose time has come, the earliest first.
    pub(super) fn due(&self, now: Timestamp, limit: usize) -> Vec<BusinessId> {
        self.by_time.iter().take_while(|(at, _)| *at <= now).take(limit).map(|(_, id)| *id).collect()
    }
}

/// The rows on disk.
pub(super) struct Rows(Reopening);

impl Rows {
    /// Opens them, or makes an empty file where there is none, or none that can be read: what they say is known elsewhere, and takes longer there. Blocks.
    ///
    /// # Errors
    /// [`Fault`] where no file can be made.
    pub(super) fn open(directory: &Path) -> Result<Rows, Fault> {
        let path = directory.join(FILE);
        match Rows::at(&path) {
            Ok(rows) => Ok(rows),
            Err(error) => {
                tracing::warn!(file = %path.display(), %error, "which businesses rest is not known any more: all are woken");
                std::fs::remove_file(&path).map_err(|error| Fault::file(path.display(), &error))?;
                Rows::at(&path).map_err(|error| failed(&path, &error))
            }
        }
    }

    fn at(path: &Path) -> Result<Rows, redb::Error> {
        let path = path.to_owned();
        let open = move || {
            // Made first, so that it is its owner's only from the beginning.
            OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&path).map_err(redb::Error::Io)?;
            Ok(Database::builder().set_cache_size(CACHE_BYTES).create(&path)?)
        };
        Reopening::new(open).map(Rows)
    }

    /// All of them. Blocks.
    ///
    /// # Errors
    /// [`Fault`] where they cannot be read.
    pub(super) fn all(&self) -> Result<BTreeMap<BusinessId, Resting>, Fault> {
        let read = |database: &Database| -> Result<BTreeMap<BusinessId, Resting>, redb::Error> {
            let table = match database.begin_read()?.open_table(RESTS) {
                Err(TableError::TableDoesNotExist(_)) => return Ok(BTreeMap::new()),
                opened => opened?,
            };
            let mut all = BTreeMap::new();
            for entry in table.iter()? {
                let (id, row) = entry?;
                all.insert(BusinessId::from_bytes(*id.value()), Resting::from_bytes(row.value()));
            }
            Ok(all)
        };
        self.0.with(read, |_| true).flatten().map_err(|error| failed(Path::new(FILE), &error))
    }

    /// Writes rows, and takes away others. Blocks.
    ///
    /// # Errors
    /// [`Fault`] where that fails.
    pub(super) fn write(&self, rows: &[(BusinessId, Resting)], gone: &[BusinessId]) -> Result<(), Fault> {
        let write = |database: &Database| -> Result<(), redb::Error> {
            let writing = database.begin_write()?;
            {
                let mut table = writing.open_table(RESTS)?;
                for id in gone {
                    table.remove(&id.bytes())?;
                }
                for (id, row) in rows {
                    table.insert(&id.bytes(), &row.to_bytes())?;
                }
            }
            Ok(writing.commit()?)
        };
        self.0.with(write, |_| true).flatten().map_err(|error| failed(Path::new(FILE), &error))
    }
}

fn failed(path: &Path, error: &redb::Error) -> Fault {
    Fault::failed(format!("which businesses rest, in {}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u8) -> BusinessId {
        BusinessId::from_bytes([number; 8])
    }

    fn resting(wake_at: Option<i64>) -> Resting {
        Resting { sequence: 7, since: Timestamp::from_ms(5), passed_ms: wake_at.map(|at| at * 2), wake_at: wake_at.map(Timestamp::from_ms) }
    }

    #[test]
    fn rows_are_there_after_the_file_was_closed_and_a_file_of_something_else_is_made_anew() {
        let place = tempfile::tempdir().unwrap();
        let rows = Rows::open(place.path()).unwrap();
        assert_eq!(rows.all().unwrap(), BTreeMap::new());
        rows.write(&[(id(1), resting(None)), (id(2), resting(Some(-3))), (id(3), resting(Some(9)))], &[]).unwrap();
        rows.write(&[(id(3), resting(Some(8)))], &[id(1)]).unwrap();
        drop(rows);
        let rows = Rows::open(place.path()).unwrap();
        assert_eq!(rows.all().unwrap(), BTreeMap::from([(id(2), resting(Some(-3))), (id(3), resting(Some(8)))]));
        drop(rows);
        std::fs::write(place.path().join(FILE), "no database").unwrap();
        assert_eq!(Rows::open(place.path()).unwrap().all().unwrap(), BTreeMap::new());
    }

    #[test]
    fn the_earliest_is_woken_first_and_time_passes_at_rest() {
        let mut index = Index::default();
        for (number, wake_at) in [(1, Some(30)), (2, Some(10)), (3, None), (4, Some(20)), (2, Some(25))] {
            index.put(id(number), resting(wake_at));
        }
        let due = |index: &Index, now, limit| index.due(Timestamp::from_ms(now), limit);
        assert_eq!(due(&index, 19, 9), []);
        assert_eq!(due(&index, 30, 9), [id(4), id(2), id(1)]);
        assert_eq!(due(&index, 30, 1), [id(4)]);
        assert_eq!(index.take(id(4)), Some(resting(Some(20))));
        assert_eq!((due(&index, 30, 9), index.take(id(4))), (vec![id(2), id(1)], None));
        assert_eq!(resting(Some(3)).passed_ms(Timestamp::from_ms(12)), Some(13));
        assert_eq!(resting(Some(3)).passed_ms(Timestamp::from_ms(1)), Some(6), "a clock that was set back takes nothing away");
        assert_eq!(resting(None).passed_ms(Timestamp::from_ms(12)), None);
    }
}
