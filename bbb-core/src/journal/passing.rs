//! A store that keeps nothing: for simulated runs of which only the outcome counts.

use std::future::ready;

use crate::id::BusinessId;
use crate::journal::chain::{Head, Record};
use crate::journal::store::{Append, BoxFuture, Epoch, Error, Listed, SignalKey, Snapshot, Store};
use crate::time::Timestamp;

/// Lets events pass: they are counted and neither encoded nor chained, which is an eighth of the work of a simulated business. Nothing can be resumed from it, and signals
/// are not deduplicated: a simulated market does not send one twice.
#[derive(Debug, Default)]
pub struct PassingStore;

impl Store for PassingStore {
    fn acquire(&self, _: BusinessId) -> BoxFuture<'_, Result<(Epoch, Head), Error>> {
        Box::pin(ready(Ok((Epoch(1), Head::EMPTY))))
    }

    fn append(&self, _: Append) -> BoxFuture<'_, Result<Head, Error>> {
        Box::pin(ready(Err(Error::Io("this store keeps no events".to_owned()))))
    }

    fn keeps(&self) -> bool {
        false
    }

    fn read(&self, _: BusinessId, _: u64, _: usize) -> BoxFuture<'_, Result<Vec<Record>, Error>> {
        Box::pin(ready(Ok(Vec::new())))
    }

    fn list(&self) -> BoxFuture<'_, Result<Vec<Listed>, Error>> {
        Box::pin(ready(Ok(Vec::new())))
    }

    fn look(&self, _: BusinessId) -> BoxFuture<'_, Result<Option<Listed>, Error>> {
        Box::pin(ready(Ok(None)))
    }

    fn due(&self, _: Timestamp, _: usize) -> BoxFuture<'_, Result<Vec<(Timestamp, BusinessId)>, Error>> {
        Box::pin(ready(Ok(Vec::new())))
    }

    fn received(&self, _: BusinessId, _: SignalKey) -> BoxFuture<'_, Result<bool, Error>> {
        Box::pin(ready(Ok(false)))
    }

    fn save_snapshot(&self, _: BusinessId, _: Snapshot) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(ready(Ok(())))
    }

    fn snapshot(&self, _: BusinessId) -> BoxFuture<'_, Result<Option<Snapshot>, Error>> {
        Box::pin(ready(Ok(None)))
    }
}
