//! Real permits for tests of adapters: a business is launched, a task asks for the effect, oversight approves it, the journal commits it,
//! and only then is there a permit. There is no other way, for tests either.

use std::sync::Arc;

use bbb_core::action::{Action, Message, SendEmail};
use bbb_core::blueprint::{self, Channel};
use bbb_core::budget::Cap;
use bbb_core::draw::Seed;
use bbb_core::event::{Event, Payload, Profile, Proposal, Signal};
use bbb_core::id::{ContactId, ProposalId, TaskId};
use bbb_core::journal::memory::MemoryStore;
use bbb_core::journal::writer::Journal;
use bbb_core::money::Cents;
use bbb_core::observe::{Arrival, receive};
use bbb_core::oversight::Oversight;
use bbb_core::oversight::permit::Granted;
use bbb_core::port::Ports;
use bbb_core::round::Round;
use bbb_core::seal::{DerivedKeys, Vault};
use bbb_core::spec::{Sender, Spec};
use bbb_core::state::State;
use bbb_core::task::{NewTask, TaskKind};
use bbb_core::time::DAY_MS;

/// The vault of the business that permits are for.
pub(crate) fn vault() -> Vault {
    Vault::new(Arc::new(DerivedKeys::new(Seed::new(1))))
}

/// The sender of that business.
pub(crate) fn sender() -> Sender {
    Sender::simulated()
}

/// A mail to its one lead, sealed.
pub(crate) fn mail(message: &Message, purpose: bbb_core::action::MailPurpose) -> SendEmail {
    let vault = vault();
    let contact = lead(&vault);
    let text = serde_json::to_string(message).expect("a message is plain data");
    SendEmail { contact, purpose, price: None, line: None, message: vault.seal(contact, &text).expect("a short text") }
}

fn lead(vault: &Vault) -> ContactId {
    vault.contact_id("ada@example.com")
}

/// A permit for `action`, which serves a task of this kind. The adapters in `ports` decide how its loss would be recovered from.
pub(crate) async fn permit(ports: &Ports, kind: TaskKind, action: impl Into<Action>) -> Granted {
    let vault = vault();
    let spec = spec();
    let (business, start) = (spec.id(), spec.start);
    let launch = Event { sequence: 1, at: start, cause: 0, payload: Payload::Launched { spec: Box::new(spec), market: None } };
    let mut journal = Journal::open(Arc::new(MemoryStore::new()), business).await.expect("memory does not fail");
    let mut round = Round::new(State::launch(business, &launch).expect("a launch"), start);
    let mut events = vec![launch];

    let action = action.into();
    let profile = Profile { email: recipient(&vault, &action), name: "Ada".to_owned(), company: String::new(), note: String::new() };
    let contact = lead(&vault);
    let profile = vault.seal(contact, &serde_json::to_string(&profile).expect("plain data")).expect("a short text");
    let signal = Signal::LeadArrived { contact, channel: Channel::Email, consent: true, profile };
    receive(&mut round, Arrival { source: "test".to_owned(), external_id: "ada".to_owned(), signal }).expect("fits");

    let task = TaskId::new(0);
    let order = NewTask::new(kind, 50, start.plus_ms(DAY_MS));
    let proposal =
        Proposal { id: ProposalId::new(0), task, role: kind.role(), action, confidence: 80, rationale: "a test".to_owned(), reviews: None };
    for payload in [Payload::TaskCreated { task, order }, Payload::TaskStarted { task }, Payload::Proposed { proposal: Box::new(proposal) }]
    {
        round.stage(payload, 0).expect("fits");
    }
    let oversight = Oversight::new(bbb_core::oversight::charter::Charter::shipped().clone(), vault, ports);
    oversight.review(&mut round).expect("fits");
    events.extend(round.take_staged());
    let acknowledgement = journal.commit(&events, None, false).await.expect("memory does not fail");
    let mut permits = oversight.mint(acknowledgement, round.state(), start);
    let verdict = events.iter().find_map(|event| match &event.payload {
        Payload::Reviewed { verdict, .. } => Some(verdict),
        _ => None,
    });
    assert_eq!(permits.len(), 1, "oversight said {verdict:?}");
    permits.remove(0).expect("an approved intent gets its permit")
}

/// The address that the lead is known under: whatever the mail says, since oversight lets no mail go to another one.
fn recipient(vault: &Vault, action: &Action) -> String {
    let Action::SendEmail(mail) = action else { return "ada@example.com".to_owned() };
    let opened = vault.open(&mail.message).expect("sealed here");
    serde_json::from_str::<Message>(opened.reveal()).expect("a message").to
}

fn spec() -> Spec {
    let (origin, blueprint) = blueprint::resolve("Weekly lunch menus for restaurants").expect("a concept");
    let mut spec = Spec::simulated(origin, blueprint, Seed::new(1), 30);
    spec.caps.real_money = Cap::of(Cents::from_dollars(100));
    spec.quiet_hours = bbb_core::spec::QuietHours::NONE;
    spec.caps.tokens = Cap::of(1_000_000);
    spec.versions.charter = bbb_core::oversight::charter::Charter::shipped().digest();
    spec
}
