//! The writer of one journal: chains events, commits them, and turns the store's word into an [`Acknowledgement`].

use std::sync::Arc;

use crate::action::Digest;
use crate::event::{Event, Payload, Recovery};
use crate::id::{BusinessId, ProposalId};
use crate::journal::chain::{self, Head, Record};
use crate::journal::store::{Append, Epoch, SignalKey, Store};
use crate::limits::MAX_EVENTS_PER_APPEND;
use crate::state::State;
use crate::state::work::Stage;
use crate::time::Timestamp;

/// How many records are read at a time.
const READ_PAGE: usize = 4096;

/// Why a journal could not be read or written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The store refused or failed.
    #[error(transparent)]
    Store(#[from] super::store::Error),
    /// A record is wrong.
    #[error("the journal is corrupted: {0}")]
    Chain(#[from] chain::Error),
}

/// Proof that intents are committed: the only thing that permits are made from. It is not [`Clone`], and made only here.
#[derive(Debug)]
pub struct Acknowledgement {
    business: BusinessId,
    sequence: u64,
    intents: Vec<(ProposalId, Digest)>,
}

impl Acknowledgement {
    /// Whose intents.
    pub fn business(&self) -> BusinessId {
        self.business
    }

    /// The journal's last committed event.
    pub fn sequence(&self) -> u64 {
        self.sequence
    }

    /// Whether no intent is acknowledged.
    pub fn is_empty(&self) -> bool {
        self.intents.is_empty()
    }

    /// The committed intents.
    pub(crate) fn into_intents(self) -> Vec<(ProposalId, Digest)> {
        self.intents
    }
}

/// The one writer of a journal, under a lease.
pub struct Journal {
    store: Arc<dyn Store>,
    business: BusinessId,
    epoch: Epoch,
    head: Head,
}

impl std::fmt::Debug for Journal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Journal")
            .field("business", &self.business)
            .field("epoch", &self.epoch)
            .field("head", &self.head)
            .finish_non_exhaustive()
    }
}

impl Journal {
    /// Takes the lease on a journal. Its events are not read; see [`load`].
    ///
    /// # Errors
    /// The store's.
    pub async fn open(store: Arc<dyn Store>, business: BusinessId) -> Result<Journal, Error> {
        let (epoch, head) = store.acquire(business).await?;
        Ok(Journal { store, business, epoch, head })
    }

    /// Where the journal ends.
    pub fn head(&self) -> Head {
        self.head
    }

    /// The store behind it.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// Commits events in order, each append all or nothing. The acknowledgement names the intents among them.
    ///
    /// # Errors
    /// The store's. A prefix of whole appends may then be committed; [`Journal::head`] tells how much of it is known to be. After
    /// [`super::store::Error::Io`] even that is unknown, and the journal must be opened again.
    pub async fn commit(&mut self, events: &[Event], wake_at: Option<Timestamp>, ended: bool) -> Result<Acknowledgement, Error> {
        for chunk in events.chunks(MAX_EVENTS_PER_APPEND) {
            self.append(chunk, wake_at, ended).await?;
        }
        let intents = events.iter().filter_map(intent).collect();
        Ok(Acknowledgement { business: self.business, sequence: self.head.sequence, intents })
    }

    async fn append(&mut self, events: &[Event], wake_at: Option<Timestamp>, ended: bool) -> Result<(), Error> {
        let mut previous = self.head.hash;
        let mut records = Vec::with_capacity(events.len());
        for event in events {
            let record = Record::encode(event, &previous)?;
            previous = record.hash;
            records.push(record);
        }
        let signals = events.iter().filter_map(signal_key).collect();
        let append = Append { business: self.business, epoch: self.epoch, expected: self.head, records, signals, wake_at, ended };
        self.head = self.store.append(append).await?;
        Ok(())
    }

    /// Acknowledges once more, after a restart, the intents that are committed, not settled, and harmless to begin again because the provider
    /// deduplicates them. The state must be the fold of this very journal.
    pub fn acknowledge_open(&self, state: &State) -> Acknowledgement {
        let idempotent = |stage: &Stage| matches!(stage, Stage::Held { recovery: Recovery::Idempotent, .. });
        let held = state.work.proposals.iter().filter(|(_, open)| idempotent(&open.stage));
        let intents = match state.sequence == self.head.sequence && state.business == self.business {
            true => held.map(|(id, open)| (*id, open.proposal.action.digest())).collect(),
            false => Vec::new(),
        };
        Acknowledgement { business: self.business, sequence: self.head.sequence, intents }
    }
}

fn intent(event: &Event) -> Option<(ProposalId, Digest)> {
    match &event.payload {
        Payload::Intended { proposal, digest, .. } => Some((*proposal, *digest)),
        _ => None,
    }
}

fn signal_key(event: &Event) -> Option<SignalKey> {
    match &event.payload {
        Payload::Received { source, external_id, .. } if !external_id.is_empty() => {
            Some(SignalKey { source: source.clone(), external_id: external_id.clone() })
        }
        _ => None,
    }
}

/// Reads and verifies a whole journal, or what comes after a known head.
///
/// # Errors
/// The store's, and [`chain::Error`] for the first record that is wrong.
pub async fn load(store: &dyn Store, business: BusinessId, from: Head) -> Result<(Vec<Event>, Head), Error> {
    let mut head = from;
    let mut events = Vec::new();
    loop {
        let page = store.read(business, head.sequence, READ_PAGE).await?;
        for record in &page {
            head = record.follow(&head)?;
            events.push(record.decode()?);
        }
        if page.len() < READ_PAGE {
            return Ok((events, head));
        }
    }
}
