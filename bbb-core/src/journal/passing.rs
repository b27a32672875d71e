//! A store that keeps only where each journal ends: for simulated runs of which only the outcome counts.

use std::collections::BTreeMap;
use std::future::ready;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::id::BusinessId;
use crate::journal::chain::{Head, Record};
use crate::journal::store::{Append, BoxFuture, Epoch, Error, Listed, SignalKey, Snapshot, Store};
use crate::time::Timestamp;

/// Lets events pass and keeps the heads of their journals, which are those that any other store would have. What was appended cannot be read again, so nothing can be
/// resumed from it, and signals are not deduplicated: a simulated market does not send one twice.
#[derive(Debug, Default)]
pub struct PassingStore {
    heads: Mutex<BTreeMap<BusinessId, (u64, Head)>>,
}

impl PassingStore {
    /// A store that has seen nothing.
    pub fn new() -> Self {
        PassingStore::default()
    }

    // Nothing panics while the lock is held.
    fn heads(&self) -> MutexGuard<'_, BTreeMap<BusinessId, (u64, Head)>> {
        self.heads.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, append: &Append) -> Result<Head, Error> {
        let mut heads = self.heads();
        let lost = |newest| Error::LeaseLost { business: append.business, held: append.epoch.0, newest };
        let (epoch, head) = heads.get_mut(&append.business).ok_or_else(|| lost(0))?;
        if append.epoch.0 != *epoch {
            return Err(lost(*epoch));
        }
        append.fits(head)?;
        *head = append.verify()?;
        Ok(*head)
    }
}

impl Store for PassingStore {
    fn acquire(&self, business: BusinessId) -> BoxFuture<'_, Result<(Epoch, Head), Error>> {
        let mut heads = self.heads();
        let (epoch, head) = heads.entry(business).or_insert((0, Head::EMPTY));
        *epoch += 1;
        Box::pin(ready(Ok((Epoch(*epoch), *head))))
    }

    fn append(&self, append: Append) -> BoxFuture<'_, Result<Head, Error>> {
        Box::pin(ready(self.take(&append)))
    }

    fn read(&self, business: BusinessId, after: u64, _: usize) -> BoxFuture<'_, Result<Vec<Record>, Error>> {
        let kept = self.heads().get(&business).is_none_or(|(_, head)| head.sequence <= after);
        Box::pin(ready(if kept { Ok(Vec::new()) } else { Err(Error::Io("this store keeps no events".to_owned())) }))
    }

    fn list(&self) -> BoxFuture<'_, Result<Vec<Listed>, Error>> {
        let listed =
            |(business, (_, head)): (&BusinessId, &(u64, Head))| Listed { business: *business, head: *head, wake_at: None, ended: false };
        let all = self.heads().iter().filter(|(_, (_, head))| *head != Head::EMPTY).map(listed).collect();
        Box::pin(ready(Ok(all)))
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
