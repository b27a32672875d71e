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
        if !self.store.keeps() {
            self.head.sequence = events.last().map_or(self.head.sequence, |event| event.sequence);
            return Ok(());
        }
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
    /// deduplicates them. The state must be the fold of this very journal. Only simulated worlds begin so: there nothing has happened since the intent,
    /// while a live effect has its second look first.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::{ActionKind, Cost};
    use crate::event::{By, Outcome, Signal};
    use crate::journal::memory::MemoryStore;
    use crate::oversight::tests_support::{Scene, TICKET, ready};

    fn event(sequence: u64, payload: Payload) -> Event {
        Event { sequence, at: Timestamp::from_ms(1), cause: 0, payload }
    }

    fn resumed(sequence: u64) -> Event {
        event(sequence, Payload::Resumed { by: By::Owner })
    }

    fn intended(sequence: u64, proposal: u32, hold: Cost, recovery: Recovery) -> Event {
        let digest = Scene::new().good(ActionKind::PayBill).digest();
        let proposal = ProposalId::new(proposal);
        event(sequence, Payload::Intended { proposal, digest, attempt: 1, key: String::new(), hold, recovery })
    }

    #[test]
    fn intents_are_acknowledged_when_they_are_committed_and_nothing_else_is() {
        let store = Arc::new(MemoryStore::new());
        let business = Scene::new().state.business;
        let mut journal = ready(Journal::open(Arc::clone(&store) as Arc<dyn Store>, business)).expect("a lease");
        let events = [resumed(1), intended(2, 4, Cost::nothing(true), Recovery::AtMostOnce), resumed(3)];
        let acknowledged = ready(journal.commit(&events, None, false)).expect("a commit");
        assert_eq!((acknowledged.business(), acknowledged.sequence(), acknowledged.is_empty()), (business, 3, false));
        assert_eq!(journal.head().sequence, 3);
        let Payload::Intended { digest, .. } = events[1].payload else { panic!("an intent") };
        assert_eq!(acknowledged.into_intents(), [(ProposalId::new(4), digest)]);
        let nothing = ready(journal.commit(&[resumed(4)], None, false)).expect("a commit");
        assert!(nothing.is_empty() && nothing.sequence() == 4);

        let mut newer = ready(Journal::open(Arc::clone(&store) as Arc<dyn Store>, business)).expect("a lease");
        assert_eq!(newer.head(), journal.head());
        let event = [intended(5, 5, Cost::nothing(true), Recovery::AtMostOnce)];
        assert!(ready(journal.commit(&event, None, false)).is_err(), "an old lease writes nothing and acknowledges nothing");
        assert!(ready(newer.commit(&[resumed(7)], None, false)).is_err(), "nor does a gap");
        assert_eq!(newer.head().sequence, 4);
        let (read, head) = ready(load(&*store, business, Head::EMPTY)).expect("a journal");
        assert_eq!((read.len(), head), (4, newer.head()));
        assert_eq!(read[..3], events);
    }

    #[test]
    fn a_signal_with_a_name_is_committed_once() {
        let scene = Scene::new();
        let (store, contact) = (Arc::new(MemoryStore::new()), scene.contact);
        let received = |sequence, id: &str| {
            let signal = Signal::TicketOpened { ticket: TICKET, contact };
            [event(sequence, Payload::Received { source: "mail".to_owned(), external_id: id.to_owned(), signal })]
        };
        let mut journal = ready(Journal::open(store, scene.state.business)).expect("a lease");
        for (sequence, id, taken) in [(1, "a", true), (2, "a", false), (2, "b", true), (3, "", true), (4, "", true)] {
            assert_eq!(ready(journal.commit(&received(sequence, id), None, false)).is_ok(), taken, "{sequence} {id}");
        }
    }

    #[test]
    fn many_events_are_read_by_pages_and_appended_in_parts() {
        let store = Arc::new(MemoryStore::new());
        let business = Scene::new().state.business;
        let mut journal = ready(Journal::open(Arc::clone(&store) as Arc<dyn Store>, business)).expect("a lease");
        let page = u64::try_from(READ_PAGE).expect("small");
        let events: Vec<Event> = (1..=page).map(resumed).collect();
        ready(journal.commit(&events, None, false)).expect("a commit");
        assert_eq!(ready(load(&*store, business, Head::EMPTY)).expect("a journal").0.len(), READ_PAGE);
        ready(journal.commit(&[resumed(page + 1)], None, false)).expect("a commit");
        let (read, head) = ready(load(&*store, business, Head::EMPTY)).expect("a journal");
        assert_eq!((read.len(), head), (READ_PAGE + 1, journal.head()));
        assert_eq!(ready(load(&*store, business, journal.head())).expect("a journal").0, []);
    }

    #[test]
    fn after_a_restart_only_what_its_provider_deduplicates_is_acknowledged_again() {
        let open = |recovery, settled: bool, edit: fn(&mut State)| {
            let mut scene = Scene::new();
            let action = scene.good(ActionKind::PayBill);
            let proposal = scene.propose(action, true);
            let (id, digest, hold) = (proposal.id, proposal.action.digest(), Cost::nothing(true));
            scene.apply(Payload::Intended { proposal: id, digest, attempt: 1, key: String::new(), hold, recovery });
            if settled {
                scene.apply(Payload::Settled { proposal: id, outcome: Outcome::InDoubt { reason: String::new() }, cost: hold });
            }
            let mut journal = ready(Journal::open(Arc::new(MemoryStore::new()), scene.state.business)).expect("a lease");
            let events: Vec<Event> = (1..=scene.state.sequence).map(resumed).collect();
            ready(journal.commit(&events, None, false)).expect("a commit");
            edit(&mut scene.state);
            let acknowledged = journal.acknowledge_open(&scene.state);
            assert_eq!(acknowledged.sequence(), journal.head().sequence);
            (acknowledged.into_intents(), (id, digest))
        };
        let (found, held) = open(Recovery::Idempotent, false, |_| ());
        assert_eq!(found, [held]);
        for recovery in [Recovery::Repeatable, Recovery::Verifiable, Recovery::AtMostOnce] {
            assert_eq!(open(recovery, false, |_| ()).0, [], "{recovery:?}");
        }
        assert_eq!(open(Recovery::Idempotent, true, |_| ()).0, [], "what is in doubt is not begun again");
        assert_eq!(open(Recovery::Idempotent, false, |state| state.sequence += 1).0, [], "a state of another journal's end");
        assert_eq!(open(Recovery::Idempotent, false, |state| state.business = BusinessId::from_bytes([7; 8])).0, []);
    }
}
