//! A store whose journals are compared with their newest checkpoints when they are loaded: one that ends before it, or says something else, is refused.

use std::sync::Arc;

use bbb_core::id::BusinessId;
use bbb_core::journal::chain::{Head, Record};
use bbb_core::journal::checkpoint::Error as Disagreement;
use bbb_core::journal::store::{Append, BoxFuture, Epoch, Error, Listed, SignalKey, Snapshot, Store};
use bbb_core::time::Timestamp;

use crate::checkpoints::Checkpoints;

/// A store behind its checkpoints. Of a journal that is refused nothing can be read; that it is there, the list says.
pub struct Guarded {
    store: Arc<dyn Store>,
    checkpoints: Arc<Checkpoints>,
}

impl Guarded {
    /// Guards a store.
    pub fn new(store: Arc<dyn Store>, checkpoints: Arc<Checkpoints>) -> Guarded {
        Guarded { store, checkpoints }
    }

    /// Compares a journal with its newest checkpoint, once.
    async fn compare(&self, business: BusinessId) -> Result<(), Error> {
        let corrupted = |error: String| Error::Corrupted(error);
        let Some(newest) = self.checkpoints.to_compare(business).map_err(|fault| corrupted(fault.message))? else { return Ok(()) };
        let sequence = newest.head().sequence;
        let found = self.store.read(business, sequence.saturating_sub(1), 1).await?;
        let end = match found.is_empty() {
            false => sequence,
            true => self.store.look(business).await?.map_or(0, |listed| listed.head.sequence),
        };
        let place = self.checkpoints.path(business);
        let refuse = |error: Disagreement| corrupted(format!("{error} (see {})", place.display()));
        newest.compare(found.first().map(|record| record.hash), end, 0).map_err(refuse)?;
        self.checkpoints.agrees(business);
        Ok(())
    }
}

impl Store for Guarded {
    fn acquire(&self, business: BusinessId) -> BoxFuture<'_, Result<(Epoch, Head), Error>> {
        Box::pin(async move {
            self.compare(business).await?;
            self.store.acquire(business).await
        })
    }

    fn append(&self, append: Append) -> BoxFuture<'_, Result<Head, Error>> {
        self.store.append(append)
    }

    fn read(&self, business: BusinessId, after: u64, limit: usize) -> BoxFuture<'_, Result<Vec<Record>, Error>> {
        Box::pin(async move {
            self.compare(business).await?;
            self.store.read(business, after, limit).await
        })
    }

    fn list(&self) -> BoxFuture<'_, Result<Vec<Listed>, Error>> {
        self.store.list()
    }

    fn look(&self, business: BusinessId) -> BoxFuture<'_, Result<Option<Listed>, Error>> {
        self.store.look(business)
    }

    fn due(&self, now: Timestamp, limit: usize) -> BoxFuture<'_, Result<Vec<(Timestamp, BusinessId)>, Error>> {
        self.store.due(now, limit)
    }

    fn received(&self, business: BusinessId, key: SignalKey) -> BoxFuture<'_, Result<bool, Error>> {
        self.store.received(business, key)
    }

    fn save_snapshot(&self, business: BusinessId, snapshot: Snapshot) -> BoxFuture<'_, Result<(), Error>> {
        self.store.save_snapshot(business, snapshot)
    }

    fn snapshot(&self, business: BusinessId) -> BoxFuture<'_, Result<Option<Snapshot>, Error>> {
        self.store.snapshot(business)
    }
}
