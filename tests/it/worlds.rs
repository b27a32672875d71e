//! The same engine in every world: simulated, shadow and live differ in the adapters and in nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use bbb::agents::world::World;
use bbb::core::action::ActionKind;
use bbb::core::budget::Cap;
use bbb::core::event::{Event, Outcome, Payload, Recovery, Signal};
use bbb::core::id::{OrderId, ProposalId};
use bbb::core::invariant;
use bbb::core::observe::Arrival;
use bbb::core::receipt::Receipt;
use bbb::core::seal::{DerivedKeys, Vault};
use bbb::core::spec::WorldKind;
use bbb::core::state::{State, Status};
use bbb::core::time::{DAY_MS, HOUR_MS, Timestamp};
use bbb::prelude::*;

use crate::faults::ports::Outside;
use crate::faults::store::FlakyStore;
use crate::faults::{lead, live};
use crate::run::{on_one_thread, run};

/// A clock that is told what to say.
#[derive(Clone)]
pub(crate) struct Clock(Arc<AtomicI64>);

impl Clock {
    pub(crate) fn at(start: Timestamp) -> Clock {
        Clock(Arc::new(AtomicI64::new(start.ms())))
    }

    pub(crate) fn pass(&self, ms: i64) {
        self.0.fetch_add(ms, Ordering::SeqCst);
    }

    pub(crate) fn told(&self) -> bbb::agents::world::WallClock {
        let clock = Arc::clone(&self.0);
        Arc::new(move || Timestamp::from_ms(clock.load(Ordering::SeqCst)))
    }
}

/// Lets a live business look at its clock and work until nothing moves.
pub(crate) async fn come_to_rest(business: &BusinessHandle) -> Arc<State> {
    // What arrives, be it nothing, makes the business look; one that is over refuses, and has nothing to do.
    let _ = business.receive(Vec::new()).await;
    let (mut state, mut same) = (business.status().await.unwrap(), 0);
    while same < 4 {
        for _ in 0..64 {
            tokio::task::yield_now().await;
        }
        let now = business.status().await.unwrap();
        same = if now.sequence == state.sequence { same + 1 } else { 0 };
        state = now;
    }
    state
}

fn arrival(number: usize, signal: Signal) -> Arrival {
    Arrival { source: "outside".to_owned(), external_id: number.to_string(), signal }
}

/// What each effect went through, by what it was.
fn lifecycles(events: &[Event]) -> BTreeMap<ActionKind, BTreeSet<Vec<&'static str>>> {
    let mut kinds: BTreeMap<ProposalId, ActionKind> = BTreeMap::new();
    let mut paths: BTreeMap<ProposalId, Vec<&'static str>> = BTreeMap::new();
    for event in events {
        let id = match &event.payload {
            Payload::Proposed { proposal } => {
                kinds.insert(proposal.id, proposal.action.kind());
                proposal.id
            }
            Payload::Reviewed { proposal, .. } | Payload::Intended { proposal, .. } | Payload::Settled { proposal, .. } => *proposal,
            _ => continue,
        };
        paths.entry(id).or_default().push(event.payload.name());
    }
    let mut lifecycles: BTreeMap<ActionKind, BTreeSet<Vec<&'static str>>> = BTreeMap::new();
    for (id, path) in paths {
        lifecycles.entry(kinds[&id]).or_default().insert(path);
    }
    lifecycles
}

fn names(events: &[Event]) -> BTreeSet<&'static str> {
    events.iter().map(|event| event.payload.name()).collect()
}

fn tasks(events: &[Event]) -> Vec<(String, &'static str)> {
    let about = |event: &Event| match &event.payload {
        Payload::TaskCreated { order, .. } => Some((order.kind.to_string(), "created")),
        Payload::TaskStarted { task } => Some((task.to_string(), "started")),
        Payload::TaskCompleted { task } => Some((task.to_string(), "completed")),
        _ => None,
    };
    let mut tasks: Vec<_> = events.iter().filter_map(about).collect();
    tasks.sort();
    tasks
}

fn market_spec() -> Spec {
    let mut spec = crate::run::spec("SEO Content Agency for Local Businesses", 8, 2);
    spec.sender = live(false).sender;
    spec
}

#[test]
fn a_live_business_goes_the_same_way_as_a_simulated_one() {
    let simulated = on_one_thread(run(market_spec(), |engine| engine));
    let said = simulated.events.iter().filter_map(|event| match &event.payload {
        Payload::Received { signal, .. } => Some((event.at, signal.clone())),
        _ => None,
    });
    let said: Vec<(Timestamp, Signal)> = said.collect();
    assert!(!said.is_empty(), "somebody comes");
    let events = on_one_thread(async {
        let mut spec = market_spec();
        spec.world = WorldKind::Live;
        (spec.caps.real_money, spec.caps.simulated_money) = (spec.caps.simulated_money, Cap::of(Cents::ZERO));
        let store = Arc::new(FlakyStore::default());
        let outside = Outside::new(Arc::clone(&store), &[]);
        let clock = Clock::at(spec.start);
        let engine = Engine::builder(store.clone()).build();
        let spec = engine.prepare(spec);
        let world = World::live(outside.ports(&[Recovery::Idempotent]), Vault::new(Arc::new(DerivedKeys::new(spec.seed))), clock.told());
        let business = engine.launch(spec.clone(), world).await.unwrap();
        let mut state = come_to_rest(&business).await;
        let mut said = said.into_iter().enumerate().peekable();
        while state.status == Status::Active {
            clock.pass(HOUR_MS);
            let now = clock.told()();
            while let Some((number, (_, signal))) = said.next_if(|(_, (at, _))| *at <= now) {
                business.receive(vec![arrival(number, signal)]).await.unwrap();
            }
            state = come_to_rest(&business).await;
        }
        assert_eq!((state.status.as_str(), outside.broken()), ("completed", Vec::<String>::new()));
        store.events(spec.id()).await
    });
    invariant::check(&events).unwrap();
    assert_eq!(names(&events), names(&simulated.events));
    assert_eq!(lifecycles(&events), lifecycles(&simulated.events));
    assert_eq!(tasks(&events), tasks(&simulated.events));
}

#[test]
fn a_shadow_business_records_what_it_would_do_and_does_nothing() {
    on_one_thread(async {
        let mut spec = live(false);
        spec.world = WorldKind::Shadow;
        let store = Arc::new(FlakyStore::default());
        let outside = Outside::new(Arc::clone(&store), &[]);
        let (clock, vault) = (Clock::at(spec.start), Vault::new(Arc::new(DerivedKeys::new(Seed::new(1)))));
        let engine = Engine::builder(store.clone()).build();
        let spec = engine.prepare(spec);
        let world = World::shadow(outside.ports(&[Recovery::AtMostOnce]), vault.clone(), clock.told());
        let business = engine.launch(spec.clone(), world).await.unwrap();
        let email = "ada@somewhere.com".to_owned();
        let contact = vault.contact_id(&email);
        let price = spec.blueprint.price;
        let order = Signal::OrderPlaced { order: OrderId::new(1), contact, price, monthly: true };
        business.receive(vec![arrival(1, lead(&vault, (contact, email), ""))]).await.unwrap();
        for day in 0..5 {
            come_to_rest(&business).await;
            clock.pass(DAY_MS);
            if day == 2 {
                business.receive(vec![arrival(2, order.clone())]).await.unwrap();
            }
        }
        let state = come_to_rest(&business).await;
        let events = store.events(spec.id()).await;
        invariant::check(&events).unwrap();
        let begun = outside.begun();
        assert!(!begun.is_empty() && begun.iter().all(|kind| kind.is_read()), "{begun:?}");
        let recorded = events.iter().filter(|event| match &event.payload {
            Payload::Settled { outcome: Outcome::Done { receipt: Receipt::ShadowReceipt(_) }, cost, .. } => {
                assert!(cost.is_free() && cost.messages == 0, "{cost:?}");
                true
            }
            _ => false,
        });
        let (recorded, kinds) = (recorded.count(), lifecycles(&events));
        assert!(recorded >= 4 && kinds.contains_key(&ActionKind::SendEmail), "{recorded}: {kinds:?}");
        let books = &state.books;
        assert_eq!(
            (books.real.spent().cents(), books.real.held().cents(), books.real.revenue().cents()),
            (Cents::ZERO, Cents::ZERO, Cents::ZERO)
        );
        assert_eq!((books.of_world().revenue, state.trade.customers, books.messages.spent), (Cents::ZERO, 0, 0));
    });
}

#[test]
fn what_arrives_while_nobody_runs_a_business_is_journaled_once_or_not_at_all() {
    on_one_thread(async {
        let store = Arc::new(FlakyStore::default());
        let outside = Outside::new(Arc::clone(&store), &[]);
        let spec = live(false);
        let (clock, vault) = (Clock::at(spec.start), Vault::new(Arc::new(DerivedKeys::new(Seed::new(1)))));
        let engine = Engine::builder(store.clone()).build();
        let spec = engine.prepare(spec);
        let id = spec.id();
        let world = || World::live(outside.ports(&[Recovery::Idempotent]), vault.clone(), clock.told());
        let business = engine.launch(spec.clone(), world()).await.unwrap();
        come_to_rest(&business).await;
        business.passivate().await;
        let begun = outside.begun().len();

        let email = "ada@somewhere.com".to_owned();
        let contact = vault.contact_id(&email);
        let came = || arrival(1, lead(&vault, (contact, email.clone()), ""));
        let left = Arrival { source: "outside".to_owned(), external_id: String::new(), signal: Signal::Unsubscribed { contact } };
        assert_eq!(engine.receive(id, vec![came(), came(), left], clock.told()()).await.unwrap(), 2, "a twin is dropped");
        assert_eq!(engine.receive(id, vec![came()], clock.told()()).await.unwrap(), 0, "and so is what came before");
        let events = store.events(id).await;
        let stranger = Signal::Unsubscribed { contact: vault.contact_id("eve@somewhere.com") };
        let other = arrival(2, lead(&vault, (vault.contact_id("bob@somewhere.com"), "bob@somewhere.com".to_owned()), ""));
        let refused = engine.receive(id, vec![other, arrival(3, stranger)], clock.told()()).await.unwrap_err();
        assert!(refused.to_string().contains("is not known"), "{refused}");
        assert_eq!(store.events(id).await, events, "all of it is journaled, or nothing");
        assert_eq!(outside.begun().len(), begun, "nothing begins");

        let business = engine.resume(id, |_| Ok(world())).await.unwrap();
        let state = come_to_rest(&business).await;
        assert!(state.trade.contacts[&contact].suppressed);
        business.stop().await.unwrap();
        business.passivate().await;
        assert!(engine.receive(id, vec![arrival(9, lead(&vault, (contact, email), ""))], clock.told()()).await.is_err(), "it is over");
        invariant::check(&store.events(id).await).unwrap();
    });
}
