//! Scripts of requests against a business that runs, over its real socket: whoever says whatever in whatever order, nothing begins that was not approved.
//!
//! A script is a text. A line that begins with a word of [`World::hear`] is something that happens outside; every other line is sent over the socket as it is, with the
//! business's id in the place of `BUSINESS`. Nobody waits for anything between two lines but for `rest`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bbb::agents::handle::Command;
use bbb::agents::world::World as Outside;
use bbb::core::action::{Action, Digest};
use bbb::core::event::{By, Delegation, Event, Intent, Payload, Recovery, Signal};
use bbb::core::id::{ContactId, OrderId, ProposalId, TicketId};
use bbb::core::invariant;
use bbb::core::observe::Arrival;
use bbb::core::oversight::verdict::Ruling;
use bbb::core::seal::Vault;
use bbb::core::time::HOUR_MS;
use bbb::host::control::server::Server;
use bbb::host::control::{Ask, Request};
use bbb::host::data_dir::DataDir;
use bbb::host::service::Service;
use bbb::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

use super::{Answer, Target};
use crate::faults::store::FlakyStore;
use crate::faults::{START, lead, live, ports};
use crate::run::on_one_thread;
use crate::worlds::{Clock, come_to_rest};

const EMAIL: &str = "ada@somewhere.com";
/// Lines of a script beyond these are not read: a script is bounded by its length.
const MAX_LINES: usize = 48;
const TOKENS: [&str; 36] = [
    "rest\n",
    "hours 1\n",
    "hours 200\n",
    "hours -3\n",
    "order\n",
    "ticket\n",
    "refund\n",
    "replied\n",
    "unsubscribed\n",
    "lead\n",
    "{\"version\":1,\"ask\":{\"command\":{\"business\":\"BUSINESS\",\"command\":{\"approve\":1}}}}\n",
    "{\"version\":1,\"ask\":{\"command\":{\"business\":\"BUSINESS\",\"command\":{\"approve\":2}}}}\n",
    "{\"version\":1,\"ask\":{\"command\":{\"business\":\"BUSINESS\",\"command\":{\"approve\":3}}}}\n",
    "{\"version\":1,\"ask\":{\"command\":{\"business\":\"BUSINESS\",\"command\":{\"approve\":4}}}}\n",
    "{\"version\":1,\"ask\":{\"command\":{\"business\":\"BUSINESS\",\"command\":{\"veto\":[2,\"no\"]}}}}\n",
    "{\"version\":1,\"ask\":{\"command\":{\"business\":\"BUSINESS\",\"command\":{\"resolve_doubt\":[1,true]}}}}\n",
    "{\"version\":1,\"ask\":{\"command\":{\"business\":\"BUSINESS\",\"command\":{\"answer_as\":{\"name\":\"Grace\",\"proposal\":1,\"approve\":true,\"reason\":\"\"}}}}}\n",
    "{\"version\":1,\"ask\":{\"command\":{\"business\":\"BUSINESS\",\"command\":{\"delegate\":[\"Grace\",{\"kinds\":[],\"up_to\":100000}]}}}}\n",
    "{\"version\":1,\"ask\":{\"command\":{\"business\":\"BUSINESS\",\"command\":{\"delegate\":[\"Grace\",null]}}}}\n",
    "{\"version\":1,\"ask\":{\"command\":{\"business\":\"BUSINESS\",\"command\":{\"pause\":\"a thought\"}}}}\n",
    "{\"version\":1,\"ask\":{\"command\":{\"business\":\"BUSINESS\",\"command\":\"resume\"}}}\n",
    "{\"version\":1,\"ask\":{\"command\":{\"business\":\"BUSINESS\",\"command\":\"stop\"}}}\n",
    "{\"version\":1,\"ask\":{\"command\":{\"business\":\"BUSINESS\",\"command\":{\"set_autonomy\":[null,6]}}}}\n",
    "{\"version\":1,\"ask\":{\"command\":{\"business\":\"BUSINESS\",\"command\":{\"set_autonomy\":[\"send_email\",0]}}}}\n",
    "{\"version\":1,\"ask\":{\"command\":{\"business\":\"BUSINESS\",\"command\":{\"set_charter\":\"@id(\\\"a\\\") forbid (principal, action == Action::\\\"send_email\\\", resource);\"}}}}\n",
    "{\"version\":1,\"ask\":{\"tell_of\":{\"business\":\"BUSINESS\",\"who\":\"ada@somewhere.com\",\"news\":\"erase\"}}}\n",
    "{\"version\":1,\"ask\":{\"import\":{\"business\":\"BUSINESS\",\"list\":\"email,consent\\nbob@somewhere.com,yes\\n\"}}}\n",
    "{\"version\":1,\"ask\":{\"inbox\":\"BUSINESS\"}}\n",
    "{\"version\":1,\"ask\":{\"follow\":\"BUSINESS\"}}\n",
    "BUSINESS",
    "\"Grace\"",
    "true",
    "false",
    "1",
    "2",
    "4294967295",
];

/// A business that asks about everything, the process that runs it, and the outside.
struct World {
    // Dropped in this order: the directory goes last.
    server: Server,
    business: BusinessHandle,
    clock: Clock,
    vault: Vault,
    service: Arc<Service>,
    outside: Arc<ports::Outside>,
    directory: tempfile::TempDir,
    arrivals: u32,
    /// Yeses that were answered with a yes, by who gave them.
    yeses: BTreeSet<ProposalId>,
}

impl World {
    async fn begin() -> World {
        let directory = tempfile::tempdir().unwrap();
        let store = Arc::new(FlakyStore::default());
        let service = Arc::new(Service::new(DataDir::create(directory.path()).unwrap(), Arc::<FlakyStore>::clone(&store)));
        let spec = service.engine().prepare(live(true));
        let vault = service.new_vault(spec.id(), &spec).await.unwrap();
        let (clock, outside) = (Clock::at(START), ports::Outside::new(store, &[]));
        let world = Outside::live(outside.ports(&[Recovery::AtMostOnce, Recovery::Idempotent]), vault.clone(), clock.told());
        let signal = lead(&vault, (vault.contact_id(EMAIL), EMAIL.to_owned()), "");
        let ada = Arrival { source: "outside".to_owned(), external_id: "ada".to_owned(), signal };
        let id = spec.id();
        let launch = service.engine().launch_with(spec, world, vec![ada]);
        let business = service.start(id, None, launch).await.unwrap();
        let server = Server::listen(Arc::clone(&service)).unwrap();
        World { server, business, clock, vault, service, outside, directory, arrivals: 0, yeses: BTreeSet::new() }
    }

    fn contact(&self) -> ContactId {
        self.vault.contact_id(EMAIL)
    }

    /// Lets something happen outside; false where the line is no such thing.
    async fn hear(&mut self, line: &str) -> bool {
        let (word, number) = line.split_once(' ').unwrap_or((line, ""));
        let contact = self.contact();
        let signal = match word {
            "rest" => {
                come_to_rest(&self.business).await;
                return true;
            }
            "hours" => {
                let hours: i64 = number.parse().unwrap_or(1);
                self.clock.pass(hours.clamp(-100, 1_000) * HOUR_MS);
                return true;
            }
            "lead" => lead(&self.vault, (contact, EMAIL.to_owned()), ""),
            "replied" => Signal::Replied { contact, intent: Intent::AskedPrice },
            "unsubscribed" => Signal::Unsubscribed { contact },
            "order" => Signal::OrderPlaced { order: OrderId::new(1), contact, price: Cents::from_dollars(50), monthly: true },
            "refund" => Signal::RefundRequested { order: OrderId::new(1) },
            "ticket" => Signal::TicketOpened { ticket: TicketId::new(1), contact },
            _ => return false,
        };
        self.arrivals += 1;
        // What does not fit is refused, and changes nothing.
        let _ = self.business.receive(vec![Arrival { source: "fuzz".to_owned(), external_id: self.arrivals.to_string(), signal }]).await;
        true
    }

    /// Sends a line, and notes which yes was taken.
    async fn say(&mut self, line: &[u8]) {
        let answer = self.ask(line).await;
        let taken = answer.starts_with(b"{\"version\":1,\"ok\":");
        let yes = match Request::read(line) {
            Ok(Ask::Command { command: Command::Approve(proposal) | Command::AnswerAs { proposal, approve: true, .. }, .. }) => proposal,
            _ => return,
        };
        if taken {
            assert!(self.yeses.insert(yes), "{yes} was approved twice");
        }
    }

    async fn ask(&self, line: &[u8]) -> Vec<u8> {
        let mut stream = UnixStream::connect(self.directory.path().join("bbb.sock")).await.unwrap();
        // A request that is refused for its length is answered before it is all read, and the answer can be lost on the way.
        drop(stream.write_all(line).await);
        drop(stream.shutdown().await);
        let mut answer = Vec::new();
        drop(stream.read_to_end(&mut answer).await);
        answer
    }
}

/// What no request may bring about, said again, without the fold.
fn check(events: &[Event], yeses: &BTreeSet<ProposalId>) {
    let mut digests: BTreeMap<ProposalId, Digest> = BTreeMap::new();
    let mut asked: BTreeSet<ProposalId> = BTreeSet::new();
    let mut approved: BTreeSet<(ProposalId, [u8; 32])> = BTreeSet::new();
    let mut said_yes = BTreeSet::new();
    let mut delegates: BTreeMap<String, Delegation> = BTreeMap::new();
    let mut actions: BTreeMap<ProposalId, Action> = BTreeMap::new();
    for event in events {
        match &event.payload {
            Payload::Proposed { proposal } => {
                digests.insert(proposal.id, proposal.action.digest());
                actions.insert(proposal.id, proposal.action.clone());
            }
            Payload::Delegated { name, delegation: Some(delegation) } => drop(delegates.insert(name.clone(), delegation.clone())),
            Payload::Delegated { name, delegation: None } => drop(delegates.remove(name)),
            Payload::Reviewed { proposal, digest, verdict, .. } => match verdict.ruling {
                Ruling::Approve => drop(approved.insert((*proposal, digest.0))),
                Ruling::Escalate => drop(asked.insert(*proposal)),
                Ruling::Veto => {}
            },
            Payload::Answered { proposal, digest, approve, by, .. } => {
                assert!(asked.remove(proposal), "{proposal} was answered without being asked about, or twice");
                if let By::Delegate(name) = by {
                    let delegation = delegates.get(name).unwrap_or_else(|| panic!("{proposal} was answered by {name}, who is nobody"));
                    let action = &actions[proposal];
                    let named = delegation.kinds.contains(&action.kind());
                    assert!(named || (delegation.kinds.is_empty() && action.worth().is_some()), "{name} answered for {action:?}");
                    assert!(action.worth().is_none_or(|worth| worth <= delegation.up_to), "{name} answered for {action:?}");
                }
                if *approve {
                    approved.insert((*proposal, digest.0));
                    assert!(said_yes.insert(*proposal), "two yeses to {proposal}");
                }
            }
            Payload::Intended { proposal, digest, .. } => {
                assert_eq!(digests.get(proposal), Some(digest), "{proposal} began with another content than was proposed");
                assert!(approved.contains(&(*proposal, digest.0)), "{proposal} began without an approval of its content");
            }
            _ => {}
        }
    }
    assert_eq!(&said_yes, yeses, "every yes that was taken is journaled, and no other");
    invariant::check(events).unwrap_or_else(|broken| panic!("{broken}"));
}

async fn play(script: &[u8]) -> Vec<&'static str> {
    let mut world = World::begin().await;
    come_to_rest(&world.business).await;
    let id = world.business.id().to_string();
    for line in script.split_inclusive(|byte| *byte == b'\n').take(MAX_LINES) {
        let text = std::str::from_utf8(line).unwrap_or_default().trim_end();
        if !text.is_empty() && world.hear(text).await {
            continue;
        }
        let line = match std::str::from_utf8(line) {
            Ok(text) => text.replace("BUSINESS", &id).into_bytes(),
            Err(_) => line.to_vec(),
        };
        world.say(&line).await;
    }
    come_to_rest(&world.business).await;
    let list = world.ask(b"{\"version\":1,\"ask\":\"list\"}\n").await;
    assert!(list.starts_with(b"{\"version\":1,\"ok\":["), "the socket still answers: {}", String::from_utf8_lossy(&list));
    world.business.passivate().await;
    let (events, _) = world.service.events(world.business.id()).await.unwrap();
    check(&events, &world.yeses);
    assert!(world.outside.broken().is_empty(), "{:?}", world.outside.broken());
    drop(world.server);
    events.iter().map(|event| event.payload.name()).collect::<BTreeSet<_>>().into_iter().collect()
}

fn answer(input: &[u8]) -> Answer {
    Ok(on_one_thread(play(input)).join(" "))
}

#[test]
fn no_script_of_requests_begins_what_was_not_approved() {
    let target = Target { name: "approvals", tokens: &TOKENS, more: Vec::new(), answer, one_in: 20 };
    target.run();
}

#[test]
fn scripts_do_something() {
    let script = super::kept("approvals").into_iter().map(|(_, script)| on_one_thread(play(&script)));
    let seen: BTreeSet<&str> = script.flatten().collect();
    for name in ["answered", "intended", "settled", "delegated", "paused", "upgraded", "withdrawn"] {
        assert!(seen.contains(name), "no script of the corpus leads to {name}, but to {seen:?}");
    }
}
