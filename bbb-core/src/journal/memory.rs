//! A store in memory: for tests, examples, and simulated runs that nobody wants to keep.

use std::collections::{BTreeMap, HashSet};
use std::future::ready;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::id::BusinessId;
use crate::journal::chain::{Head, Record};
use crate::journal::store::{Append, BoxFuture, Epoch, Error, Listed, SignalKey, Snapshot, Store};
use crate::time::Timestamp;

/// Journals in memory. Nothing survives the process.
#[derive(Debug, Default)]
pub struct MemoryStore {
    journals: Mutex<BTreeMap<BusinessId, Journal>>,
}

#[derive(Debug, Default)]
struct Journal {
    epoch: u64,
    records: Vec<Record>,
    signals: HashSet<SignalKey>,
    wake_at: Option<Timestamp>,
    ended: bool,
    snapshot: Option<Snapshot>,
}

impl Journal {
    fn head(&self) -> Head {
        self.records.last().map_or(Head::EMPTY, |last| Head { sequence: last.sequence, hash: last.hash })
    }

    fn listed(&self, business: BusinessId) -> Listed {
        Listed { business, head: self.head(), wake_at: self.wake_at, ended: self.ended }
    }

    fn append(&mut self, append: Append) -> Result<Head, Error> {
        if append.epoch.0 != self.epoch {
            return Err(Error::LeaseLost { business: append.business, held: append.epoch.0, newest: self.epoch });
        }
        append.fits(&self.head())?;
        let head = append.verify()?;
        let mut seen = HashSet::new();
        if let Some(known) = append.signals.iter().find(|key| self.signals.contains(key) || !seen.insert(*key)) {
            return Err(Error::DuplicateSignal(known.clone()));
        }
        self.records.extend(append.records);
        self.signals.extend(append.signals);
        self.wake_at = append.wake_at;
        self.ended = append.ended;
        Ok(head)
    }
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        MemoryStore::default()
    }

    // A panic while the lock is held cannot leave a journal half written, since `append` checks before it changes.
    fn journals(&self) -> MutexGuard<'_, BTreeMap<BusinessId, Journal>> {
        self.journals.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for MemoryStore {
    fn acquire(&self, business: BusinessId) -> BoxFuture<'_, Result<(Epoch, Head), Error>> {
        let mut journals = self.journals();
        let journal = journals.entry(business).or_default();
        journal.epoch += 1;
        Box::pin(ready(Ok((Epoch(journal.epoch), journal.head()))))
    }

    fn append(&self, append: Append) -> BoxFuture<'_, Result<Head, Error>> {
        let result = match self.journals().get_mut(&append.business) {
            Some(journal) => journal.append(append),
            None => Err(Error::LeaseLost { business: append.business, held: append.epoch.0, newest: 0 }),
        };
        Box::pin(ready(result))
    }

    fn read(&self, business: BusinessId, after: u64, limit: usize) -> BoxFuture<'_, Result<Vec<Record>, Error>> {
        let skip = usize::try_from(after).unwrap_or(usize::MAX);
        let journals = self.journals();
        let records = journals.get(&business).map_or_else(Vec::new, |j| j.records.iter().skip(skip).take(limit).cloned().collect());
        Box::pin(ready(Ok(records)))
    }

    fn list(&self) -> BoxFuture<'_, Result<Vec<Listed>, Error>> {
        let journals = self.journals();
        let begun = journals.iter().filter(|(_, journal)| !journal.records.is_empty());
        let all = begun.map(|(business, journal)| journal.listed(*business)).collect();
        drop(journals);
        Box::pin(ready(Ok(all)))
    }

    fn look(&self, business: BusinessId) -> BoxFuture<'_, Result<Option<Listed>, Error>> {
        let journals = self.journals();
        let begun = journals.get(&business).filter(|journal| !journal.records.is_empty());
        let listed = begun.map(|journal| journal.listed(business));
        drop(journals);
        Box::pin(ready(Ok(listed)))
    }

    fn due(&self, now: Timestamp, limit: usize) -> BoxFuture<'_, Result<Vec<(Timestamp, BusinessId)>, Error>> {
        let journals = self.journals();
        let waiting = journals.iter().filter(|(_, journal)| !journal.ended);
        let mut due: Vec<_> =
            waiting.filter_map(|(business, journal)| Some((journal.wake_at.filter(|at| *at <= now)?, *business))).collect();
        drop(journals);
        due.sort();
        due.truncate(limit);
        Box::pin(ready(Ok(due)))
    }

    fn received(&self, business: BusinessId, key: SignalKey) -> BoxFuture<'_, Result<bool, Error>> {
        let known = self.journals().get(&business).is_some_and(|journal| journal.signals.contains(&key));
        Box::pin(ready(Ok(known)))
    }

    fn save_snapshot(&self, business: BusinessId, snapshot: Snapshot) -> BoxFuture<'_, Result<(), Error>> {
        if let Some(journal) = self.journals().get_mut(&business) {
            journal.snapshot = Some(snapshot);
        }
        Box::pin(ready(Ok(())))
    }

    fn snapshot(&self, business: BusinessId) -> BoxFuture<'_, Result<Option<Snapshot>, Error>> {
        let snapshot = self.journals().get(&business).and_then(|journal| journal.snapshot.clone());
        Box::pin(ready(Ok(snapshot)))
    }
}
