//! The store of journals, as a port: what any database behind the engine must do.
//!
//! Implementations: [`crate::journal::memory::MemoryStore`] and the host's redb store. Both pass the same conformance suite. The store is trusted: when it
//! says that something is committed, permits are made from its word.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::id::BusinessId;
use crate::journal::chain::{Head, Record};
use crate::time::Timestamp;

/// A future that a port returns.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Who may append to a journal: the holder of its newest lease. Every [`Store::acquire`] makes a newer one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Epoch(pub u64);

/// The name of a thing at its source, by which it is received once.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SignalKey {
    /// Where it came from.
    pub source: String,
    /// The source's own name for it.
    pub external_id: String,
}

/// One append: all of it is committed, or nothing.
#[derive(Debug, Clone)]
pub struct Append {
    /// To which journal.
    pub business: BusinessId,
    /// The lease under which it is written.
    pub epoch: Epoch,
    /// Where the journal must end now.
    pub expected: Head,
    /// The records, in order, chained to `expected`. Not empty, at most [`crate::limits::MAX_EVENTS_PER_APPEND`], and at most
    /// [`crate::limits::MAX_APPEND_BYTES`] together.
    pub records: Vec<Record>,
    /// Signals among the records that must not have been received before, each at most once; not more than records.
    pub signals: Vec<SignalKey>,
    /// When the business must be woken next, if ever; replaces what was said before.
    pub wake_at: Option<Timestamp>,
    /// Whether the business is over, and so no longer to be resumed.
    pub ended: bool,
}

/// What a store knows about a business without reading its journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listed {
    /// The business.
    pub business: BusinessId,
    /// Where its journal ends.
    pub head: Head,
    /// When it must be woken next.
    pub wake_at: Option<Timestamp>,
    /// Whether it is over.
    pub ended: bool,
}

/// A state saved, so that a journal need not be read from its beginning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// The head after which the state was saved.
    pub head: Head,
    /// The version of the fold that made it; one of another version is not used.
    pub fold_version: u32,
    /// The state's bytes.
    pub bytes: Arc<[u8]>,
}

/// Why a store did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The journal does not end where the writer thinks it does. Nothing was written.
    #[error("{business} ends at event {found}, not at {expected}: another writer was here")]
    Conflict {
        /// The journal.
        business: BusinessId,
        /// Where the writer thought it ends.
        expected: u64,
        /// Where it ends.
        found: u64,
    },
    /// Another process or actor took the journal over. Nothing was written.
    #[error("the lease on {business} was taken over: epoch {newest} is newer than {held}")]
    LeaseLost {
        /// The journal.
        business: BusinessId,
        /// The lease that the writer holds.
        held: u64,
        /// The newest lease.
        newest: u64,
    },
    /// A signal was received before. Nothing was written.
    #[error("signal {} from {} was received before", .0.external_id, .0.source)]
    DuplicateSignal(SignalKey),
    /// The records do not form a chain after the journal's head, or break a limit. Nothing was written.
    #[error("the records do not continue the journal: {0}")]
    BadAppend(String),
    /// What is stored is not what was written.
    #[error("the store is corrupted: {0}")]
    Corrupted(String),
    /// The database or the disk failed. Whether the append was committed is unknown until the journal is opened again.
    #[error("the store failed: {0}")]
    Io(String),
    /// The store is shutting down or its writer is gone.
    #[error("the store is closed")]
    Closed,
}

/// A database of journals. Every method may be called from any task; appends of different businesses are committed in groups.
pub trait Store: Send + Sync + 'static {
    /// Takes a new lease on a journal, which ends all earlier ones; creates the journal if there is none. Epochs count from 1, survive a crash and never go
    /// back.
    fn acquire(&self, business: BusinessId) -> BoxFuture<'_, Result<(Epoch, Head), Error>>;

    /// Appends records durably: when the future is ready with `Ok`, they survive a crash. A future dropped earlier leaves it open whether they were written.
    ///
    /// A refused append ([`Error::Conflict`], [`Error::LeaseLost`], [`Error::DuplicateSignal`], [`Error::BadAppend`]) refuses that business only.
    fn append(&self, append: Append) -> BoxFuture<'_, Result<Head, Error>>;

    /// Whether what is appended can be read again. Journals of a store that keeps nothing count their events and chain none.
    fn keeps(&self) -> bool {
        true
    }

    /// Reads up to `limit` records after `after`, in order; fewer only where the journal ends.
    fn read(&self, business: BusinessId, after: u64, limit: usize) -> BoxFuture<'_, Result<Vec<Record>, Error>>;

    /// All businesses with at least one event, ordered by id. One whose lease was taken and that never began is not listed: there is nothing to resume.
    fn list(&self) -> BoxFuture<'_, Result<Vec<Listed>, Error>>;

    /// What is listed of one business; none where it has no event.
    fn look(&self, business: BusinessId) -> BoxFuture<'_, Result<Option<Listed>, Error>>;

    /// Businesses that are not over and whose wake-up time has come, earliest first, at most `limit`.
    fn due(&self, now: Timestamp, limit: usize) -> BoxFuture<'_, Result<Vec<(Timestamp, BusinessId)>, Error>>;

    /// Whether a signal was received before.
    fn received(&self, business: BusinessId, key: SignalKey) -> BoxFuture<'_, Result<bool, Error>>;

    /// Saves a snapshot; replaces the one before. Losing it is harmless, so it need not be durable at once. One of a journal that nobody ever took a lease on
    /// is dropped.
    fn save_snapshot(&self, business: BusinessId, snapshot: Snapshot) -> BoxFuture<'_, Result<(), Error>>;

    /// The newest snapshot, if any.
    fn snapshot(&self, business: BusinessId) -> BoxFuture<'_, Result<Option<Snapshot>, Error>>;
}

impl Append {
    /// Checks that the journal ends where the append expects it to. A store checks this first, and what [`Append::verify`] said only then.
    ///
    /// # Errors
    /// [`Error::Conflict`]; [`Error::BadAppend`] where the number is right and the record is another.
    pub fn fits(&self, head: &Head) -> Result<(), Error> {
        if self.expected.sequence != head.sequence {
            return Err(Error::Conflict { business: self.business, expected: self.expected.sequence, found: head.sequence });
        }
        match self.expected.hash == head.hash {
            true => Ok(()),
            false => Err(Error::BadAppend(format!("the journal's event {} is not the one they follow", head.sequence))),
        }
    }

    /// Checks what every store must check of the records themselves: bounds, order and chain after `expected`. Returns the head after them. Needs nothing of
    /// the journal, so it can be done before the append's turn comes.
    ///
    /// # Errors
    /// [`Error::BadAppend`].
    pub fn verify(&self) -> Result<Head, Error> {
        match self.records.len() {
            0 => return Err(Error::BadAppend("no records".to_owned())),
            count if count > crate::limits::MAX_EVENTS_PER_APPEND => {
                return Err(Error::BadAppend(format!("{count} records, over the limit of {}", crate::limits::MAX_EVENTS_PER_APPEND)));
            }
            count if self.signals.len() > count => {
                return Err(Error::BadAppend(format!("{} signals in {count} records", self.signals.len())));
            }
            _ => {}
        }
        let bytes: usize = self.records.iter().map(Record::len_bytes).sum();
        if bytes > crate::limits::MAX_APPEND_BYTES {
            return Err(Error::BadAppend(format!("{bytes} bytes, over the limit of {}", crate::limits::MAX_APPEND_BYTES)));
        }
        crate::journal::chain::verify(self.expected, &self.records).map_err(|error| Error::BadAppend(error.to_string()))
    }
}
