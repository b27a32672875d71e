//! The database of accounts: tables of JSON under byte keys. Every change is one transaction, durable before it is answered.

use std::fs::{self, File, OpenOptions};
use std::ops::Bound;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use redb::{
    Database, ReadOnlyTable, ReadTransaction, ReadableDatabase, ReadableTable, ReadableTableMetadata, Table as Opened, TableDefinition,
    TableError, WriteTransaction,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::accounts::Error;
use crate::fault::{Fault, Kind};
use crate::reopening::Reopening;

/// A table: its name, and nothing else that the compiler knows.
pub(super) type Table = TableDefinition<'static, &'static [u8], &'static [u8]>;

type Readable = ReadOnlyTable<&'static [u8], &'static [u8]>;
type Writable<'a> = Opened<'a, &'static [u8], &'static [u8]>;

/// What format the database has.
const FORMAT: u32 = 1;
const META: Table = TableDefinition::new("meta");
const FORMAT_KEY: &[u8] = b"format";
/// How much of the database is kept in memory.
const CACHE_BYTES: usize = 16 * 1024 * 1024;

pub(super) fn failure(error: impl Into<redb::Error>) -> Error {
    Error::Database(error.into().to_string())
}

fn is_failure(error: &Error) -> bool {
    matches!(error, Error::Database(_))
}

/// The database.
#[derive(Clone)]
pub(super) struct Db {
    database: Arc<Reopening>,
    /// How often something was written, since it was opened.
    version: Arc<AtomicU64>,
}

impl Db {
    pub(super) fn open(path: &Path) -> Result<Db, Fault> {
        let named = |error: &dyn std::fmt::Display| Fault::failed(format!("the accounts in {}: {error}", path.display()));
        if !fs::metadata(path).is_ok_and(|metadata| metadata.len() > 0) {
            make(path).map_err(|error| named(&error))?;
        }
        let opened = Reopening::new({
            let path = path.to_owned();
            move || Ok(Database::builder().set_cache_size(CACHE_BYTES).open(&path)?)
        });
        let database = match opened {
            Err(redb::Error::DatabaseAlreadyOpen) => {
                return Err(Fault::refused(format!("another process has the accounts in {}", path.display())));
            }
            other => other.map_err(|error| named(&error))?,
        };
        let db = Db { database: Arc::new(database), version: Arc::default() };
        let found = db.write_now(|tables| match tables.get::<u32>(META, FORMAT_KEY)? {
            None => tables.put(META, FORMAT_KEY, &FORMAT).map(|()| FORMAT),
            Some(format) => Ok(format),
        });
        match found.map_err(|error| named(&error))? {
            FORMAT => Ok(db),
            other => Err(Fault::new(
                Kind::Refused,
                format!("the accounts in {} have the format {other}; this bbb knows {FORMAT}", path.display()),
            )),
        }
    }

    /// Reads. Quick: an answer is a few pages, mostly from memory.
    pub(super) fn read<T>(&self, how: impl FnOnce(&Reading) -> Result<T, Error>) -> Result<T, Error> {
        self.database.with(|database| how(&Reading(database.begin_read().map_err(failure)?)), is_failure).map_err(failure)?
    }

    fn write_now<T>(&self, how: impl FnOnce(&Writing) -> Result<T, Error>) -> Result<T, Error> {
        let write = |database: &Database| {
            let writing = Writing(database.begin_write().map_err(failure)?);
            let done = how(&writing)?;
            writing.0.commit().map_err(failure)?;
            Ok(done)
        };
        self.database.with(write, is_failure).map_err(failure)?
    }

    /// Changes, on a thread that may wait for the disk. Nothing is changed where `how` fails.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        how: impl FnOnce(&Writing) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let db = self.clone();
        let work = move || {
            let done = db.write_now(how);
            // A commit that failed may have written all the same. What failed before it has not.
            if done.as_ref().err().is_none_or(is_failure) {
                db.written();
            }
            done
        };
        let done = tokio::task::spawn_blocking(work).await;
        done.map_err(|error| Error::Database(error.to_string()))?
    }

    /// Which state of the database is read: another one after each write, before that is answered.
    pub(super) fn version(&self) -> u64 {
        self.version.load(Ordering::SeqCst)
    }

    /// Notes that something was written.
    pub(super) fn written(&self) {
        self.version.fetch_add(1, Ordering::SeqCst);
    }
}

/// Makes an empty database beside `path` and renames it: one whose making was cut short by a kill cannot be opened.
fn make(path: &Path) -> Result<(), Error> {
    let io = |error: std::io::Error| Error::Database(error.to_string());
    let draft = path.with_extension("redb.new");
    match fs::remove_file(&draft) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(io(error)),
        _ => {}
    }
    // Made first, so that it is its owner's only from the beginning.
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft).map_err(io)?;
    drop(Database::builder().create(&draft).map_err(failure)?);
    fs::rename(&draft, path).map_err(io)?;
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(directory).and_then(|directory| directory.sync_all()).map_err(io)
}

/// What can be read, in a transaction of either kind.
pub(super) trait Read {
    /// The value under a key.
    fn get<T: DeserializeOwned>(&self, table: Table, key: &[u8]) -> Result<Option<T>, Error>;
    /// Up to `limit` entries whose keys begin with `prefix` and are beyond `after`, in the order of the keys, or against it.
    fn page<T: DeserializeOwned>(
        &self,
        table: Table,
        prefix: &[u8],
        after: Option<&[u8]>,
        backwards: bool,
        limit: usize,
    ) -> Result<Vec<(Vec<u8>, T)>, Error>;
    /// All of them.
    fn all<T: DeserializeOwned>(&self, table: Table, prefix: &[u8]) -> Result<Vec<(Vec<u8>, T)>, Error> {
        self.page(table, prefix, None, false, usize::MAX)
    }
}

/// A transaction that reads.
pub(super) struct Reading(ReadTransaction);

impl Reading {
    /// A table that nobody wrote yet is not there.
    fn open(&self, table: Table) -> Result<Option<Readable>, Error> {
        match self.0.open_table(table) {
            Ok(opened) => Ok(Some(opened)),
            Err(TableError::TableDoesNotExist(_)) => Ok(None),
            Err(error) => Err(failure(error)),
        }
    }
}

impl Read for Reading {
    fn get<T: DeserializeOwned>(&self, table: Table, key: &[u8]) -> Result<Option<T>, Error> {
        self.open(table)?.map_or(Ok(None), |table| get(&table, key))
    }

    fn page<T: DeserializeOwned>(
        &self,
        table: Table,
        prefix: &[u8],
        after: Option<&[u8]>,
        backwards: bool,
        limit: usize,
    ) -> Result<Vec<(Vec<u8>, T)>, Error> {
        self.open(table)?.map_or(Ok(Vec::new()), |table| page(&table, prefix, after, backwards, limit))
    }
}

/// A transaction that writes.
pub(super) struct Writing(WriteTransaction);

impl Writing {
    /// How many entries a table has.
    pub(super) fn count(&self, table: Table) -> Result<u64, Error> {
        self.open(table)?.len().map_err(failure)
    }

    fn open(&self, table: Table) -> Result<Writable<'_>, Error> {
        self.0.open_table(table).map_err(failure)
    }

    pub(super) fn put<T: Serialize>(&self, table: Table, key: &[u8], value: &T) -> Result<(), Error> {
        let bytes = serde_json::to_vec(value).map_err(|error| Error::Database(error.to_string()))?;
        self.open(table)?.insert(key, bytes.as_slice()).map(drop).map_err(failure)
    }

    /// Takes an entry away; says whether it was there.
    pub(super) fn remove(&self, table: Table, key: &[u8]) -> Result<bool, Error> {
        self.open(table)?.remove(key).map(|old| old.is_some()).map_err(failure)
    }
}

impl Read for Writing {
    fn get<T: DeserializeOwned>(&self, table: Table, key: &[u8]) -> Result<Option<T>, Error> {
        get(&self.open(table)?, key)
    }

    fn page<T: DeserializeOwned>(
        &self,
        table: Table,
        prefix: &[u8],
        after: Option<&[u8]>,
        backwards: bool,
        limit: usize,
    ) -> Result<Vec<(Vec<u8>, T)>, Error> {
        page(&self.open(table)?, prefix, after, backwards, limit)
    }
}

fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Error> {
    serde_json::from_slice(bytes).map_err(|error| Error::Database(format!("an entry cannot be read: {error}")))
}

fn get<T: DeserializeOwned>(table: &impl ReadableTable<&'static [u8], &'static [u8]>, key: &[u8]) -> Result<Option<T>, Error> {
    table.get(key).map_err(failure)?.map(|value| decode(value.value())).transpose()
}

fn page<T: DeserializeOwned>(
    table: &impl ReadableTable<&'static [u8], &'static [u8]>,
    prefix: &[u8],
    after: Option<&[u8]>,
    backwards: bool,
    limit: usize,
) -> Result<Vec<(Vec<u8>, T)>, Error> {
    // Keys of one prefix stand together, up to where the next prefix begins.
    let end = next_prefix(prefix);
    let end = end.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
    let bounds = match after {
        Some(after) if backwards => (Bound::Included(prefix), Bound::Excluded(after)),
        Some(after) => (Bound::Excluded(after), end),
        None => (Bound::Included(prefix), end),
    };
    if after.is_some_and(|after| !after.starts_with(prefix)) {
        return Ok(Vec::new());
    }
    let mut range = table.range::<&[u8]>(bounds).map_err(failure)?;
    let mut found = Vec::new();
    while found.len() < limit
        && let Some(entry) = if backwards { range.next_back() } else { range.next() }
    {
        let (key, value) = entry.map_err(failure)?;
        found.push((key.value().to_vec(), decode(value.value())?));
    }
    Ok(found)
}

/// The first key after all with this prefix; none where it is nothing but 255s.
fn next_prefix(prefix: &[u8]) -> Option<Vec<u8>> {
    let mut next = prefix.to_vec();
    while let Some(last) = next.pop() {
        if last < u8::MAX {
            next.push(last + 1);
            return Some(next);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const NUMBERS: Table = TableDefinition::new("numbers");

    #[tokio::test]
    async fn pages_follow_each_other_both_ways_and_stay_within_their_prefix() {
        let place = tempfile::tempdir().unwrap();
        let db = Db::open(&place.path().join("a.redb")).unwrap();
        assert_eq!(db.read(|tables| tables.get::<u8>(NUMBERS, b"none")), Ok(None), "a table that is not there is empty");
        let fill = |tables: &Writing| {
            for key in [[1, 1], [1, 2], [1, 3], [2, 1], [255, 1], [255, 2]] {
                tables.put(NUMBERS, &key, &key[1])?;
            }
            Ok(())
        };
        db.write(fill).await.unwrap();
        let page = |prefix: u8, after: Option<u8>, backwards, limit| {
            let after = after.map(|after| [prefix, after]);
            let read = |tables: &Reading| tables.page::<u8>(NUMBERS, &[prefix], after.as_ref().map(|key| &key[..]), backwards, limit);
            db.read(read).unwrap().into_iter().map(|(_, number)| number).collect::<Vec<_>>()
        };
        assert_eq!(page(1, None, false, 2), [1, 2]);
        assert_eq!(page(1, Some(2), false, 2), [3]);
        assert_eq!(page(1, None, true, 2), [3, 2]);
        assert_eq!(page(1, Some(2), true, 9), [1]);
        assert_eq!(page(255, None, true, 9), [2, 1]);
        assert_eq!(page(3, None, true, 9), Vec::<u8>::new());
        let failed = db.write(|tables| tables.put(NUMBERS, &[9], &9).and(Err::<(), _>(Error::NotFound))).await;
        assert_eq!(failed, Err(Error::NotFound));
        assert_eq!(db.read(|tables| tables.get::<u8>(NUMBERS, &[9])), Ok(None), "nothing of what failed is there");
    }
}
