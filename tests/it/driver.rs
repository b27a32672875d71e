//! The driver takes the same turns as the engine with its actors: the same actions, the same events, the same head.

use std::sync::Arc;

use bbb::agents::driver::Driver;
use bbb::core::event::Event;
use bbb::core::journal::passing::PassingStore;
use bbb::core::spec::Autonomy;
use bbb::prelude::*;

use crate::run::{Ran, on_one_thread, run, spec};

/// The same business by the driver: every event that was committed, and the head.
fn driven(spec: &Spec) -> (Vec<Event>, bbb::core::journal::chain::Head) {
    let mut events = Vec::new();
    let mut watch = |committed: &[Event], state: &bbb::core::state::State| {
        events.extend_from_slice(committed);
        assert_eq!(state.sequence, events.last().expect("a commit has events").sequence);
    };
    let driven =
        Driver::default().run(spec.clone(), World::simulated(spec, None), Arc::new(MemoryStore::new()), &mut watch).expect("it ends");
    (events, driven.head)
}

fn same(spec: Spec) -> Ran {
    let (events, head) = driven(&spec);
    let ran = on_one_thread(run(spec, |engine| engine));
    let first = ran.events.iter().zip(&events).find(|(engine, driver)| engine != driver);
    assert_eq!(first, None, "the first event that differs");
    assert_eq!(head, ran.head);
    ran
}

#[test]
fn driver_and_engine_choose_the_same_actions() {
    for (name, seed) in [("AI Chatbot Integration Service", 42), ("Sustainable Office Snack Boxes", 7), ("Grant Writing Consultancy", 1)] {
        assert!(same(spec(name, seed, 45)).events.len() > 500, "{name}");
    }
}

#[test]
fn they_do_so_too_where_the_owner_is_asked() {
    for level in [1_u8, 2, 3, 4, 5] {
        let asked = Spec { autonomy: Autonomy::try_from(level).expect("a level"), ..spec("AI Chatbot Integration Service", 3, 12) };
        same(asked);
    }
}

#[test]
fn the_same_happens_over_a_store_that_keeps_nothing() {
    let spec = spec("AI Chatbot Integration Service", 5, 30);
    let mut passed = Vec::new();
    let mut watch = |events: &[Event], _: &bbb::core::state::State| passed.extend_from_slice(events);
    Driver::default().run(spec.clone(), World::simulated(&spec, None), Arc::new(PassingStore), &mut watch).expect("it ends");
    assert_eq!(passed, driven(&spec).0);
}

#[test]
fn what_was_run_before_is_not_run_again_on_the_same_store() {
    let spec = spec("AI Chatbot Integration Service", 5, 2);
    let store: Arc<MemoryStore> = Arc::new(MemoryStore::new());
    let once = || Driver::default().run(spec.clone(), World::simulated(&spec, None), store.clone(), &mut |_, _| ());
    once().expect("it ends");
    let again = once().expect_err("it is there");
    assert!(again.to_string().contains("was launched here before"), "{again}");
}
