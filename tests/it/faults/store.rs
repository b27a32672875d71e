//! A store in memory whose appends fail on demand, before or after they have written.

use std::sync::{Mutex, PoisonError};

use bbb::core::event::{Event, Payload};
use bbb::core::id::BusinessId;
use bbb::core::journal::chain::{Head, Record};
use bbb::core::journal::memory::MemoryStore;
use bbb::core::journal::store::{Append, BoxFuture, Epoch, Error, Listed, SignalKey, Snapshot, Store};
use bbb::core::time::Timestamp;

/// How the next append fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nothing is written.
    Before,
    /// Everything is written, and the answer is lost.
    After,
}

/// The store, and what it has acknowledged.
#[derive(Default)]
pub(crate) struct FlakyStore {
    inner: MemoryStore,
    fault: Mutex<Option<Fault>>,
    /// Whether a pause or an end is acknowledged, and nothing that lifts it was written since.
    closed: Mutex<bool>,
}

impl FlakyStore {
    /// The next append fails like this; none fails with nothing.
    pub(crate) fn break_next(&self, fault: Option<Fault>) {
        *lock(&self.fault) = fault;
    }

    /// Whether no effect may begin, by what the engine was told.
    pub(crate) fn is_closed(&self) -> bool {
        *lock(&self.closed)
    }

    /// Everything that is written.
    pub(crate) async fn events(&self, business: BusinessId) -> Vec<Event> {
        let records = self.inner.read(business, 0, usize::MAX).await.unwrap();
        records.iter().map(|record| record.decode().unwrap()).collect()
    }

    fn note(&self, records: &[Record], acknowledged: bool) {
        for record in records {
            match record.decode().unwrap().payload {
                Payload::Paused { .. } | Payload::Ended { .. } if acknowledged => *lock(&self.closed) = true,
                Payload::Resumed { .. } => *lock(&self.closed) = false,
                _ => {}
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Store for FlakyStore {
    fn acquire(&self, business: BusinessId) -> BoxFuture<'_, Result<(Epoch, Head), Error>> {
        self.inner.acquire(business)
    }

    fn append(&self, append: Append) -> BoxFuture<'_, Result<Head, Error>> {
        let fault = lock(&self.fault).take();
        Box::pin(async move {
            if fault == Some(Fault::Before) {
                return Err(Error::Io("the disk is gone, nothing was written".to_owned()));
            }
            let records = append.records.clone();
            let head = self.inner.append(append).await?;
            self.note(&records, fault.is_none());
            match fault {
                None => Ok(head),
                Some(_) => Err(Error::Io("the disk is gone after the write".to_owned())),
            }
        })
    }

    fn read(&self, business: BusinessId, after: u64, limit: usize) -> BoxFuture<'_, Result<Vec<Record>, Error>> {
        self.inner.read(business, after, limit)
    }

    fn list(&self) -> BoxFuture<'_, Result<Vec<Listed>, Error>> {
        self.inner.list()
    }

    fn look(&self, business: BusinessId) -> BoxFuture<'_, Result<Option<Listed>, Error>> {
        self.inner.look(business)
    }

    fn due(&self, now: Timestamp, limit: usize) -> BoxFuture<'_, Result<Vec<(Timestamp, BusinessId)>, Error>> {
        self.inner.due(now, limit)
    }

    fn received(&self, business: BusinessId, key: SignalKey) -> BoxFuture<'_, Result<bool, Error>> {
        self.inner.received(business, key)
    }

    fn save_snapshot(&self, business: BusinessId, snapshot: Snapshot) -> BoxFuture<'_, Result<(), Error>> {
        self.inner.save_snapshot(business, snapshot)
    }

    fn snapshot(&self, business: BusinessId) -> BoxFuture<'_, Result<Option<Snapshot>, Error>> {
        self.inner.snapshot(business)
    }
}
