//! Journals in a redb database: one file, one process.
//!
//! `writer` is the one thread that writes; it commits the appends of all businesses in groups, and `answer` is how it replies. `layout` is what stands on the disk, `index` what stands in
//! memory, `database` how one becomes the other, `reader` what is read from the disk. `docs/design/journal-format.md` gives the reasons.

mod answer;
mod database;
mod index;
mod layout;
mod reader;
mod writer;

use std::path::Path;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use bbb_core::id::BusinessId;
use bbb_core::journal::chain::{Head, Record};
use bbb_core::journal::store::{Append, BoxFuture, Epoch, Error, Listed, SignalKey, Snapshot, Store};
use bbb_core::time::Timestamp;
use redb::{Database, StorageBackend};
use tokio::sync::Semaphore;

use self::answer::{Answer, answer};
use self::database::{Place, SharedBackend};
use self::index::Index;
use self::writer::{Command, Writer};

/// The most commands that wait for the writer; further callers wait before they enter the queue.
const MAX_QUEUED_COMMANDS: usize = 4096;

/// How a store is run.
#[derive(Debug, Clone)]
pub struct Options {
    /// Memory that the database may use as a cache, in bytes.
    pub cache_bytes: usize,
    /// How long nothing must have been written before the store settles, so that a kill after that costs the next opening nothing; `None` for only when
    /// asked to ([`RedbStore::settle`]) and when closed.
    pub quiet_after: Option<Duration>,
    /// After how many appends the derived tables are brought up to date. More of them cost memory, and time when opening after a kill.
    pub index_after_runs: usize,
}

impl Default for Options {
    fn default() -> Self {
        Options { cache_bytes: 64 * 1024 * 1024, quiet_after: Some(Duration::from_millis(250)), index_after_runs: 128 * 1024 }
    }
}

/// Why a store could not be opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Another process, or another store in this one, has it open.
    #[error("{place} is open in another process")]
    AlreadyOpen {
        /// The file.
        place: String,
    },
    /// The file is no store.
    #[error("{place} is not a store of this program: {reason}")]
    NotAStore {
        /// The file.
        place: String,
        /// What it is instead.
        reason: String,
    },
    /// The file was written by another version.
    #[error("{place} has format `{found}`; this build reads `{}`", layout::FORMAT)]
    UnknownFormat {
        /// The file.
        place: String,
        /// Its format.
        found: String,
    },
    /// What is stored is not what was written. It is left as it is.
    #[error("{place} is corrupted: {reason}")]
    Corrupted {
        /// The file.
        place: String,
        /// What is wrong, and where.
        reason: String,
    },
    /// The file cannot be read or written.
    #[error("{place} cannot be opened: {reason}")]
    Io {
        /// The file.
        place: String,
        /// What the system said.
        reason: String,
    },
}

/// A store of journals in one redb database.
///
/// Dropping it carries out what is queued, settles and closes the database; that takes a commit's time and blocks the thread.
#[derive(Debug)]
pub struct RedbStore {
    shared: Arc<Shared>,
    admission: Arc<Semaphore>,
    queue: Option<Sender<Command>>,
    thread: Option<JoinHandle<()>>,
}

/// What the writer and the readers share.
#[derive(Debug)]
struct Shared {
    /// Empty while the database is being opened again, and after the store is closed. Readers hold it while they read.
    database: RwLock<Option<Database>>,
    index: Mutex<Index>,
    failed: OnceLock<Error>,
}

impl RedbStore {
    /// Opens the store in a file, and makes one where there is none. Blocks: after a kill under load the whole file is read.
    ///
    /// # Errors
    /// [`OpenError`]; [`OpenError::AlreadyOpen`] tells that another process serves it.
    pub fn open(path: impl AsRef<Path>, options: Options) -> Result<RedbStore, OpenError> {
        RedbStore::open_place(Place::File(path.as_ref().to_path_buf()), options)
    }

    /// Opens the store on any storage. The backend is used again after a failure, also after [`StorageBackend::close`] would have been called on it.
    ///
    /// # Errors
    /// As [`RedbStore::open`].
    pub fn open_with_backend(backend: impl StorageBackend, options: Options) -> Result<RedbStore, OpenError> {
        RedbStore::open_place(Place::Backend(SharedBackend(Arc::new(backend))), options)
    }

    fn open_place(place: Place, options: Options) -> Result<RedbStore, OpenError> {
        let (database, index) = place.open(options.cache_bytes)?;
        let unsettled = index.is_ahead();
        let shared = Arc::new(Shared { database: RwLock::new(Some(database)), index: Mutex::new(index), failed: OnceLock::new() });
        let (queue, receiver) = mpsc::channel();
        let name = place.to_string();
        let admission = Arc::new(Semaphore::new(MAX_QUEUED_COMMANDS));
        let writer = Writer { shared: Arc::clone(&shared), admission: Arc::clone(&admission), place, options, unsettled };
        let thread = std::thread::Builder::new().name("bbb-journal".to_owned()).spawn(move || writer.run(&receiver));
        let thread = thread.map_err(|error| OpenError::Io { place: name, reason: error.to_string() })?;
        Ok(RedbStore { shared, admission, queue: Some(queue), thread: Some(thread) })
    }

    /// Brings the derived tables up to date and makes the next opening quick, now rather than after a quiet moment.
    ///
    /// # Errors
    /// The store's.
    pub async fn settle(&self) -> Result<(), Error> {
        self.ask(Command::Settle).await
    }

    /// Queues a command and waits for its answer. Once queued it is carried out, whether or not somebody still waits.
    async fn ask<T>(&self, command: impl FnOnce(Answer<T>) -> Command) -> Result<T, Error> {
        // Tried first without waiting: that spares the runtime's budget, and so a task that appends for many is not cut short within a group.
        let permit = match self.admission.try_acquire() {
            Ok(permit) => permit,
            Err(_) => self.admission.acquire().await.map_err(|_| Error::Closed)?,
        };
        let (answer, waiting) = answer();
        self.queue.as_ref().and_then(|queue| queue.send(command(answer)).ok()).ok_or(Error::Closed)?;
        // The writer gives it back with those of the whole group.
        permit.forget();
        waiting.await
    }

    /// Reads from the disk without blocking the runtime.
    async fn fetch<T: Send + 'static>(&self, read: impl FnOnce(&Shared) -> Result<T, Error> + Send + 'static) -> Result<T, Error> {
        let shared = Arc::clone(&self.shared);
        let task = tokio::task::spawn_blocking(move || read(&shared));
        // A panic of redb means pages that are not what was written; a cancelled task, that the runtime shuts down.
        task.await.unwrap_or_else(|error| match error.is_panic() {
            true => Err(Error::Corrupted(format!("reading failed: {error}"))),
            false => Err(Error::Closed),
        })
    }
}

impl Drop for RedbStore {
    fn drop(&mut self) {
        drop(self.queue.take());
        if let Some(thread) = self.thread.take() {
            // A writer that panicked has nothing more to say: whoever waited for it was answered `Closed`.
            drop(thread.join());
        }
    }
}

impl Shared {
    /// Locks the index, for a short look or change without I/O.
    fn index(&self) -> MutexGuard<'_, Index> {
        // The index is changed only by the writer; should that panic, nothing is appended any more, and readers still see committed rows.
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What made the store fail, if it did.
    fn check(&self) -> Result<(), Error> {
        self.failed.get().map_or(Ok(()), |error| Err(error.clone()))
    }

    fn with_database<T>(&self, use_it: impl FnOnce(&Database) -> Result<T, Error>) -> Result<T, Error> {
        self.check()?;
        let database = self.database.read().unwrap_or_else(PoisonError::into_inner);
        use_it(database.as_ref().ok_or_else(|| self.failed.get().cloned().unwrap_or(Error::Closed))?)
    }

    /// Closes the database and puts the one that `open` finds, with its index, in its place, if `accept` has nothing against it.
    fn replace_database(
        &self,
        open: impl FnOnce() -> Result<(Database, Index), Error>,
        accept: impl FnOnce(&Index, &Index) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let mut slot = self.database.write().unwrap_or_else(PoisonError::into_inner);
        drop(slot.take());
        let (database, found) = open()?;
        let mut index = self.index();
        accept(&index, &found)?;
        *index = found;
        *slot = Some(database);
        Ok(())
    }

    fn close(&self) {
        drop(self.database.write().unwrap_or_else(PoisonError::into_inner).take());
    }

    /// From now on every call is answered with `error`.
    fn fail(&self, error: Error) {
        // The first failure stays: later ones follow from it.
        drop(self.failed.set(error));
    }
}

impl Store for RedbStore {
    fn acquire(&self, business: BusinessId) -> BoxFuture<'_, Result<(Epoch, Head), Error>> {
        Box::pin(self.ask(move |answer| Command::Acquire(business, answer)))
    }

    fn append(&self, append: Append) -> BoxFuture<'_, Result<Head, Error>> {
        Box::pin(async move {
            // Here, because what is done here is done by many threads, and what the writer does by one.
            let verified = append.verify();
            self.ask(move |answer| Command::Append(append, verified, answer)).await
        })
    }

    fn read(&self, business: BusinessId, after: u64, limit: usize) -> BoxFuture<'_, Result<Vec<Record>, Error>> {
        Box::pin(self.fetch(move |shared| reader::read(shared, business, after, limit)))
    }

    fn list(&self) -> BoxFuture<'_, Result<Vec<Listed>, Error>> {
        Box::pin(async { self.shared.check().map(|()| self.shared.index().listed()) })
    }

    fn look(&self, business: BusinessId) -> BoxFuture<'_, Result<Option<Listed>, Error>> {
        Box::pin(async move { self.shared.check().map(|()| self.shared.index().look(business)) })
    }

    fn due(&self, now: Timestamp, limit: usize) -> BoxFuture<'_, Result<Vec<(Timestamp, BusinessId)>, Error>> {
        Box::pin(async move { self.shared.check().map(|()| self.shared.index().due(now, limit)) })
    }

    fn received(&self, business: BusinessId, key: SignalKey) -> BoxFuture<'_, Result<bool, Error>> {
        Box::pin(self.fetch(move |shared| reader::received(shared, business, &key)))
    }

    fn save_snapshot(&self, business: BusinessId, snapshot: Snapshot) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(self.ask(move |answer| Command::SaveSnapshot(business, snapshot, answer)))
    }

    fn snapshot(&self, business: BusinessId) -> BoxFuture<'_, Result<Option<Snapshot>, Error>> {
        Box::pin(self.fetch(move |shared| reader::snapshot(shared, business)))
    }
}
