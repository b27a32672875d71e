//! Opening the database: whose file it is, which format it has, and the index rebuilt from it.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bbb_core::id::BusinessId;
use bbb_core::journal::store::Error;
use redb::{Database, DatabaseError, ReadableDatabase, ReadableTable, StorageBackend, StorageError, TableHandle, WriteTransaction};

use super::OpenError;
use super::index::{Change, Index};
use super::layout::{self, BATCHES, FORMAT, FORMAT_KEY, HEADS, INDEXED_KEY, MAX_RUNS_PER_ROW, META, RUNS, Row, SIGNALS, SNAPSHOTS};

/// Where the database is, so that it can be opened again after a failure.
#[derive(Debug, Clone)]
pub(super) enum Place {
    File(PathBuf),
    Backend(SharedBackend),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::File(path) => write!(f, "{}", path.display()),
            Place::Backend(_) => f.write_str("<backend>"),
        }
    }
}

/// A backend that outlives the database opened on it.
#[derive(Debug, Clone)]
pub(super) struct SharedBackend(pub(super) Arc<dyn StorageBackend>);

impl StorageBackend for SharedBackend {
    fn len(&self) -> std::io::Result<u64> {
        self.0.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> std::io::Result<()> {
        self.0.read(offset, out)
    }

    fn set_len(&self, len: u64) -> std::io::Result<()> {
        self.0.set_len(len)
    }

    fn sync_data(&self) -> std::io::Result<()> {
        self.0.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> std::io::Result<()> {
        self.0.write(offset, data)
    }
}

/// What an opened database is.
#[derive(PartialEq, Eq)]
enum Format {
    Empty,
    Known,
}

/// Translates an error of redb.
pub(super) fn failure(error: impl Into<redb::Error>) -> Error {
    match error.into() {
        redb::Error::Corrupted(reason) => Error::Corrupted(reason),
        other => Error::Io(other.to_string()),
    }
}

impl Place {
    /// Opens the database and reads its index; where it is empty, makes a store of it.
    pub(super) fn open(&self, cache_bytes: usize) -> Result<(Database, Index), OpenError> {
        self.guarded(|| {
            let mut builder = Database::builder();
            builder.set_cache_size(cache_bytes);
            let opened = match self {
                Place::File(path) => {
                    match path.metadata().is_ok_and(|metadata| metadata.len() > 0) {
                        true => self.look(path, &builder)?,
                        false => self.create(path, &builder)?,
                    }
                    builder.open(path)
                }
                Place::Backend(backend) => builder.create_with_backend(backend.clone()),
            };
            self.ready(opened.map_err(|error| self.refusal(error))?)
        })
    }

    /// Makes an empty store beside `path` and renames it, because a database whose making was cut short by a kill cannot be opened.
    fn create(&self, path: &Path, builder: &redb::Builder) -> Result<(), OpenError> {
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(".new");
        let new = path.with_file_name(name);
        let io = |error: std::io::Error| OpenError::Io { place: self.to_string(), reason: error.to_string() };
        // Made first, so that it is its owner's only from the beginning.
        let private = || OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&new).map(drop).map_err(io);
        private()?;
        let database = match builder.create(&new) {
            // What a kill left of an earlier attempt: it holds nothing that anybody was told of.
            Err(DatabaseError::Storage(StorageError::Io(error))) if error.kind() == std::io::ErrorKind::InvalidData => {
                std::fs::remove_file(&new).map_err(io)?;
                private()?;
                builder.create(&new)
            }
            other => other,
        };
        self.ready(database.map_err(|error| self.refusal(error))?).map(drop)?;
        std::fs::rename(&new, path).map_err(io)?;
        let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        // The new name is durable only once the directory is.
        std::fs::File::open(directory).and_then(|directory| directory.sync_all()).map_err(io)
    }

    /// Opens the database again after a failure; never makes a new one.
    pub(super) fn reopen(&self, cache_bytes: usize) -> Result<(Database, Index), OpenError> {
        let exists = match self {
            Place::File(path) => path.metadata().map(|metadata| metadata.len() > 0),
            Place::Backend(backend) => backend.len().map(|bytes| bytes > 0),
        };
        match exists {
            Ok(true) => self.open(cache_bytes),
            Ok(false) => Err(OpenError::Corrupted { place: self.to_string(), reason: "it is empty now".to_owned() }),
            Err(error) => Err(OpenError::Io { place: self.to_string(), reason: error.to_string() }),
        }
    }

    /// redb trusts the pages of a database that was closed well, and may panic where somebody altered them since. Such a database is reported as corrupted.
    fn guarded(&self, open: impl FnOnce() -> Result<(Database, Index), OpenError>) -> Result<(Database, Index), OpenError> {
        catch_unwind(AssertUnwindSafe(open)).unwrap_or_else(|panic| {
            let reason = panic.downcast_ref::<String>().cloned().or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
            Err(OpenError::Corrupted {
                place: self.to_string(),
                reason: reason.unwrap_or_else(|| "the database cannot be read".to_owned()),
            })
        })
    }

    /// Opening a database for writing changes it, even if only to note that it is open. So a file is first looked at without writing: one that is not ours
    /// stays as it is.
    fn look(&self, path: &Path, builder: &redb::Builder) -> Result<(), OpenError> {
        match builder.open_read_only(path) {
            Ok(database) => self.format(&database).map(drop),
            // After a kill nothing can be read before it is repaired.
            Err(DatabaseError::RepairAborted) => Ok(()),
            Err(error) => Err(self.refusal(error)),
        }
    }

    fn ready(&self, database: Database) -> Result<(Database, Index), OpenError> {
        if self.format(&database)? == Format::Empty {
            initialise(&database).map_err(|error| self.unreadable(error))?;
        }
        let index = load(&database).map_err(|error| self.unreadable(error))?;
        Ok((database, index))
    }

    /// Whether the database is a store of this format, or empty.
    fn format(&self, database: &impl ReadableDatabase) -> Result<Format, OpenError> {
        let io = |error: redb::Error| self.unreadable(failure(error));
        let transaction = database.begin_read().map_err(|error| io(error.into()))?;
        let tables: Vec<_> = transaction.list_tables().map_err(|error| io(error.into()))?.collect();
        if tables.is_empty() {
            return Ok(Format::Empty);
        }
        let not_ours = || OpenError::NotAStore { place: self.to_string(), reason: "it is a database of something else".to_owned() };
        if !tables.iter().any(|table| table.name() == META.name()) {
            return Err(not_ours());
        }
        let meta = transaction.open_table(META).map_err(|_| not_ours())?;
        let value = meta.get(FORMAT_KEY).map_err(|error| io(error.into()))?.ok_or_else(not_ours)?;
        match value.value() == FORMAT.as_bytes() {
            true => Ok(Format::Known),
            false => {
                let found = String::from_utf8_lossy(value.value()).chars().take(64).collect();
                Err(OpenError::UnknownFormat { place: self.to_string(), found })
            }
        }
    }

    fn refusal(&self, error: DatabaseError) -> OpenError {
        let place = self.to_string();
        match error {
            DatabaseError::DatabaseAlreadyOpen | DatabaseError::LockProtocolMismatch => OpenError::AlreadyOpen { place },
            DatabaseError::UpgradeRequired(version) => OpenError::UnknownFormat { place, found: format!("redb file format {version}") },
            DatabaseError::Storage(StorageError::Io(error)) if error.kind() == std::io::ErrorKind::InvalidData => {
                OpenError::NotAStore { place, reason: error.to_string() }
            }
            other => self.unreadable(failure(other)),
        }
    }

    fn unreadable(&self, error: Error) -> OpenError {
        match error {
            Error::Corrupted(reason) => OpenError::Corrupted { place: self.to_string(), reason },
            Error::Io(reason) => OpenError::Io { place: self.to_string(), reason },
            other => OpenError::Io { place: self.to_string(), reason: other.to_string() },
        }
    }
}

/// Makes an empty database a store: all tables, and the format's name, in one transaction.
fn initialise(database: &Database) -> Result<(), Error> {
    let mut transaction = database.begin_write().map_err(failure)?;
    transaction.set_quick_repair(true);
    transaction.open_table(BATCHES).map_err(failure)?;
    transaction.open_table(SIGNALS).map_err(failure)?;
    transaction.open_table(HEADS).map_err(failure)?;
    transaction.open_table(RUNS).map_err(failure)?;
    transaction.open_table(SNAPSHOTS).map_err(failure)?;
    {
        let mut meta = transaction.open_table(META).map_err(failure)?;
        meta.insert(FORMAT_KEY, FORMAT.as_bytes()).map_err(failure)?;
        meta.insert(INDEXED_KEY, 0_u64.to_le_bytes().as_slice()).map_err(failure)?;
    }
    transaction.commit().map_err(failure)
}

/// Rebuilds the index: the derived heads, then every batch after them, each verified.
fn load(database: &Database) -> Result<Index, Error> {
    let transaction = database.begin_read().map_err(failure)?;
    let mut index = Index::default();
    for row in transaction.open_table(HEADS).map_err(failure)?.iter().map_err(failure)? {
        let (key, value) = row.map_err(failure)?;
        let business = BusinessId::from_bytes(*key.value());
        let row = Row::from_bytes(value.value()).ok_or_else(|| Error::Corrupted(format!("the head of {business} is not one")))?;
        index.restore(business, row);
    }
    let meta = transaction.open_table(META).map_err(failure)?;
    let indexed = meta.get(INDEXED_KEY).map_err(failure)?.and_then(|value| layout::Input(value.value()).u64());
    index.next_batch = indexed.ok_or_else(|| Error::Corrupted("`indexed` is missing in the table `meta`".to_owned()))?;
    let batches = transaction.open_table(BATCHES).map_err(failure)?;
    if index.next_batch > 0 && batches.get(index.next_batch - 1).map_err(failure)?.is_none() {
        return Err(Error::Corrupted(format!("batch {} is missing", index.next_batch - 1)));
    }
    for row in batches.range(index.next_batch..).map_err(failure)? {
        let (key, value) = row.map_err(failure)?;
        let batch = key.value();
        let wrong = |reason: String| Error::Corrupted(format!("batch {batch}: {reason}"));
        if batch != index.next_batch {
            return Err(wrong(format!("it stands where batch {} should", index.next_batch)));
        }
        for frame in layout::frames(batch, value.value()).map_err(wrong)? {
            index.replay(batch, &frame).map_err(wrong)?;
        }
        index.next_batch += 1;
    }
    Ok(index)
}

/// Writes what the derived tables lack, so that the next opening need not read the batches up to `next_batch`.
pub(super) fn persist(transaction: &WriteTransaction, pending: &BTreeMap<BusinessId, Change>, next_batch: u64) -> Result<(), Error> {
    let mut heads = transaction.open_table(HEADS).map_err(failure)?;
    let mut runs = transaction.open_table(RUNS).map_err(failure)?;
    for (business, change) in pending {
        heads.insert(&business.bytes(), change.row.to_bytes().as_slice()).map_err(failure)?;
        for part in change.runs.chunks(MAX_RUNS_PER_ROW) {
            let key = layout::run_key(*business, part[0].first);
            runs.insert(&key, layout::runs_to_bytes(part).as_slice()).map_err(failure)?;
        }
    }
    let mut meta = transaction.open_table(META).map_err(failure)?;
    meta.insert(INDEXED_KEY, next_batch.to_le_bytes().as_slice()).map_err(failure)?;
    Ok(())
}
