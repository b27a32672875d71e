//! Journals to write, and a writer that remembers what it wrote.

pub(crate) mod gate;
pub(crate) mod ledger;
pub(crate) mod model;
pub(crate) mod peers;
pub(crate) mod permits;
pub(crate) mod process;
pub(crate) mod scene;
pub(crate) mod script;

use std::sync::Arc;

use bbb_core::event::{By, Event, Payload};
use bbb_core::id::BusinessId;
use bbb_core::journal::chain::{Head, Record};
use bbb_core::journal::store::{Append, Epoch, Error, SignalKey, Store};
use bbb_core::time::Timestamp;

/// A port that nobody listens on, whatever ports other tests take: they get none below 1024.
pub(crate) const DEAD_PORT: u16 = 1;

/// The n-th business; ids are spread over their whole range, and ordered otherwise than the numbers.
pub(crate) fn business(number: u64) -> BusinessId {
    BusinessId::derive(&blake3::hash(&number.to_le_bytes()))
}

/// Records that continue a journal; their text is `text` and their number.
pub(crate) fn records(after: Head, count: usize, text: &str) -> Vec<Record> {
    let mut head = after;
    let one = |_| {
        let sequence = head.sequence + 1;
        let payload = Payload::Paused { by: By::Owner, reason: format!("{text} {sequence}") };
        let event = Event { sequence, at: Timestamp::from_ms(1_000 + sequence.cast_signed()), cause: 0, payload };
        let record = Record::encode(&event, &head.hash).unwrap();
        head = Head { sequence, hash: record.hash };
        record
    };
    (0..count).map(one).collect()
}

/// A signal's name.
pub(crate) fn signal(external_id: &str) -> SignalKey {
    SignalKey { source: "payments".to_owned(), external_id: external_id.to_owned() }
}

/// The holder of a lease.
pub(crate) struct Holder {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) business: BusinessId,
    pub(crate) epoch: Epoch,
    pub(crate) head: Head,
}

impl Holder {
    pub(crate) async fn of(store: &Arc<dyn Store>, business: BusinessId) -> Holder {
        let (epoch, head) = store.acquire(business).await.unwrap();
        Holder { store: Arc::clone(store), business, epoch, head }
    }

    /// An append that fits, to be altered.
    pub(crate) fn next(&self, count: usize) -> Append {
        Append {
            business: self.business,
            epoch: self.epoch,
            expected: self.head,
            records: records(self.head, count, "entry"),
            signals: Vec::new(),
            wake_at: None,
            ended: false,
        }
    }

    pub(crate) async fn send(&mut self, append: Append) -> Result<Head, Error> {
        self.head = self.store.append(append).await?;
        Ok(self.head)
    }

    /// Appends `count` records.
    pub(crate) async fn write(&mut self, count: usize) -> Result<Head, Error> {
        self.send(self.next(count)).await
    }

    /// Appends a record and says when the business must be woken, and whether it is over.
    pub(crate) async fn rest(&mut self, wake_at_ms: Option<i64>, ended: bool) {
        let append = Append { wake_at: wake_at_ms.map(Timestamp::from_ms), ended, ..self.next(1) };
        self.send(append).await.unwrap();
    }

    /// Appends a record with signals.
    pub(crate) async fn receive(&mut self, signals: &[SignalKey]) -> Result<Head, Error> {
        self.send(Append { signals: signals.to_vec(), ..self.next(1.max(signals.len())) }).await
    }
}

/// The sequences of a page.
pub(crate) fn numbers(records: &[Record]) -> Vec<u64> {
    records.iter().map(|record| record.sequence).collect()
}

/// Runs a test's future on one thread.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}
