//! What a business's journal says about its mails, read from the disk beside or after the process that writes it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use bbb::core::action::{Action, MailPurpose};
use bbb::core::event::{Event, Outcome, Payload};
use bbb::core::id::ProposalId;
use bbb::core::invariant;
use bbb::core::journal::store::Store;
use bbb::core::receipt::Receipt;
use bbb::core::state::work::Stage;
use bbb::host::control::client::Client;
use bbb::host::data_dir::DataDir;
use bbb::host::store::redb::{Options, RedbStore};

use crate::run::journal;
use crate::support::block_on;

/// Records of one page.
const PAGE: usize = 1000;

/// Where the outreach of a business stands.
#[derive(Debug, Default)]
pub(crate) struct Mails {
    /// Intended and not settled: in flight.
    pub(crate) held: BTreeSet<ProposalId>,
    pub(crate) in_doubt: BTreeSet<ProposalId>,
    /// Sent, with the names that their receipts give them.
    pub(crate) done: BTreeMap<ProposalId, String>,
    /// Approved by the owner.
    pub(crate) approved: BTreeSet<ProposalId>,
    /// What waits for the owner, oldest first.
    pub(crate) waiting: Vec<ProposalId>,
}

impl Mails {
    fn of(events: &[Event]) -> Mails {
        let state = invariant::check(events).expect("every promise is kept").expect("it was launched");
        let mut mails = Mails::default();
        for (id, open) in &state.work.proposals {
            let Action::SendEmail(mail) = &open.proposal.action else { continue };
            assert_eq!(mail.purpose, MailPurpose::Outreach);
            match open.stage {
                Stage::Held { .. } => drop(mails.held.insert(*id)),
                Stage::InDoubt { .. } => drop(mails.in_doubt.insert(*id)),
                Stage::Waiting { .. } => mails.waiting.push(*id),
                Stage::New | Stage::Approved { .. } | Stage::Retry { .. } | Stage::Unanswered { .. } => {}
            }
        }
        for event in events {
            match &event.payload {
                Payload::Settled { proposal, outcome: Outcome::Done { receipt: Receipt::MailReceipt(receipt) }, .. } => {
                    drop(mails.done.insert(*proposal, receipt.message_id.clone()));
                }
                Payload::Answered { proposal, approve: true, .. } => drop(mails.approved.insert(*proposal)),
                _ => {}
            }
        }
        mails
    }

    /// How many are sent or in doubt.
    pub(crate) fn settled(&self) -> usize {
        self.done.len() + self.in_doubt.len()
    }
}

/// A journal as it was read last.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    events: Vec<Event>,
    pub(crate) mails: Mails,
}

impl Ledger {
    /// Reads what a killed process left, from a copy, so that the next process finds all that there is to repair. Checks it against what was
    /// read before: nothing is lost, and in doubt is only what was in flight.
    pub(crate) fn after_kill(&self, data: &Path) -> Ledger {
        let copy = tempfile::tempdir().expect("a temporary directory");
        let path = copy.path().join("journal.redb");
        std::fs::copy(data.join("journal.redb"), &path).expect("there is a store");
        let store: Arc<dyn Store> = Arc::new(RedbStore::open(&path, Options::default()).expect("a kill leaves a store"));
        let business = block_on(store.list()).expect("a list")[0].business;
        self.then(block_on(journal(store.as_ref(), business)).0)
    }

    /// Reads the journal of a business that runs.
    pub(crate) fn now(&self, data: &Path) -> Ledger {
        let data = DataDir::existing(data).expect("it runs in a directory");
        let client = Client::connect(&data).expect("a socket").expect("it runs");
        let business = client.list().expect("a list")[0].business;
        let mut events = self.events.clone();
        loop {
            let page = client.records(business, events.len() as u64, PAGE).expect("a page");
            if page.is_empty() {
                return self.then(events);
            }
            events.extend(page.iter().map(|record| record.decode().expect("an event")));
        }
    }

    fn then(&self, events: Vec<Event>) -> Ledger {
        assert!(events.starts_with(&self.events), "what was committed before the last kill is gone");
        let mails = Mails::of(&events);
        let new: BTreeSet<ProposalId> = mails.in_doubt.difference(&self.mails.in_doubt).copied().collect();
        let held = &self.mails.held;
        assert!(new.is_subset(held), "{new:?} are in doubt, and only {held:?} were in flight");
        Ledger { events, mails }
    }
}
