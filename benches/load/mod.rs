//! The load of the journal benches: appends of one event each, in turn by many businesses.

use std::sync::Arc;

use bbb_core::event::{By, Event, Payload};
use bbb_core::id::BusinessId;
use bbb_core::journal::chain::{Head, Record};
use bbb_core::journal::store::{Append, Epoch, Store};
use bbb_core::time::Timestamp;
use bbb_host::store::redb::RedbStore;

/// Businesses that append.
pub(crate) const BUSINESSES: u64 = 1024;
/// Characters of an event's text; with the rest of the record this makes about 320 bytes.
const TEXT_CHARS: usize = 200;

/// Writers of all businesses.
pub(crate) struct Load {
    writers: Vec<(BusinessId, Epoch, Head)>,
    next: usize,
}

impl Load {
    /// Takes the lease of every business.
    pub(crate) async fn new(store: &Arc<RedbStore>) -> Load {
        let leases = (0..BUSINESSES).map(|number| {
            let business = BusinessId::derive(&blake3::hash(&number.to_le_bytes()));
            let store = Arc::clone(store);
            async move {
                let (epoch, head) = store.acquire(business).await.expect("the disk works");
                (business, epoch, head)
            }
        });
        Load { writers: futures_util::future::join_all(leases).await, next: 0 }
    }

    /// The next `size` appends.
    pub(crate) fn group(&mut self, size: usize) -> Vec<Append> {
        (0..size).map(|_| self.append()).collect()
    }

    fn append(&mut self) -> Append {
        let place = self.next % self.writers.len();
        let (business, epoch, head) = &mut self.writers[place];
        self.next += 1;
        let sequence = head.sequence + 1;
        let payload = Payload::Paused { by: By::Owner, reason: format!("{:TEXT_CHARS$}", self.next) };
        let event = Event { sequence, at: Timestamp::from_ms(sequence.cast_signed()), cause: head.sequence, payload };
        let record = Record::encode(&event, &head.hash).expect("a small event");
        let expected = *head;
        *head = Head { sequence, hash: record.hash };
        let wake_at = Some(event.at.plus_ms(60_000));
        Append { business: *business, epoch: *epoch, expected, records: vec![record], signals: Vec::new(), wake_at, ended: false }
    }
}

/// Appends a group, all at once, and waits for all.
pub(crate) async fn append_all(store: &Arc<RedbStore>, group: Vec<Append>) {
    let appends = group.into_iter().map(|append| store.append(append));
    for result in futures_util::future::join_all(appends).await {
        result.expect("the disk works and nobody else writes");
    }
}
