//! The actors are the real thing: without a role the outcome is another, without oversight nothing happens.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use bbb::agents::engine::Engine;
use bbb::core::decide::growth::Strategy;
use bbb::core::decide::playbook::Playbook;
use bbb::core::event::{Outcome, Payload};
use bbb::core::invariant;
use bbb::core::role::Agent;
use bbb::core::state::State;
use bbb::prelude::*;

use crate::run::{chatbot, finished, on_one_thread, run, spec};

const DAYS: u32 = 30;

/// A role that panics three times in a row, works for a while, and panics once more.
struct Clumsy {
    asked: AtomicU32,
}

impl Mind for Clumsy {
    fn decide(&self, view: &View<'_>, task: &Task) -> Decision {
        let asked = self.asked.fetch_add(1, Ordering::Relaxed) + 1;
        assert!(!matches!(asked, 3..=5 | 12), "clumsy on purpose");
        Playbook.decide(view, task)
    }
}

#[test]
fn silencing_any_role_changes_the_outcome() {
    let business = || spec("Financial Literacy Micro-Courses", 42, 40);
    let whole = on_one_thread(run(business(), |engine| engine));
    let revenue = |state: &State| state.books.of_world().revenue;
    for role in Role::ALL {
        let without = on_one_thread(run(business(), |engine| engine.never_start(Agent::Role(role))));
        let state = &without.state;
        assert_eq!(state.performance_of(role).completed, 0, "{role}");
        let changed = match role {
            Role::Finance => revenue(state) == Cents::ZERO && state.trade.customers == 0,
            Role::Fulfillment => state.trade.orders.values().all(|order| order.deliveries == 0),
            Role::Support => state.trade.tickets.len() > whole.state.trade.tickets.len(),
            Role::Marketer => state.trade.leads < whole.state.trade.leads / 2,
            Role::Sales | Role::Researcher => revenue(state) == Cents::ZERO,
            Role::Orchestrator => revenue(state) < revenue(&whole.state),
        };
        assert!(changed && without.head != whole.head, "{role}: {:?}", state.performance);
        invariant::check(&without.events).unwrap();
    }
}

#[test]
fn without_oversight_there_are_no_effects() {
    let ran = on_one_thread(run(chatbot(DAYS), |engine| engine.never_start(Agent::Oversight)));
    let begun =
        positions(&ran.events, |payload| matches!(payload, Payload::Reviewed { .. } | Payload::Intended { .. } | Payload::Settled { .. }));
    assert!(begun.is_empty(), "{begun:?}");
    assert!(ran.state.work.next_proposal > 0, "the roles go on proposing");
}

#[test]
fn a_panicking_role_is_restarted_with_backoff_and_its_task_is_retried() {
    let clumsy = Arc::new(Clumsy { asked: AtomicU32::new(0) });
    let minds = Minds::playbook().with(Role::Marketer, clumsy);
    // The plan that never changes gives the marketer a few tasks a day.
    let spec = Spec { strategy: Strategy::Fixed, ..chatbot(10) };
    let ran = on_one_thread(run(spec, |engine| engine.minds(minds)));
    let performance = ran.state.performance_of(Role::Marketer);
    assert_eq!(performance.crashes, 4, "{performance:?}");
    assert!(performance.completed > performance.crashes, "{performance:?}");
    let backoffs: Vec<i64> = ran
        .events
        .iter()
        .filter_map(|event| match event.payload {
            Payload::AgentFailed { agent: Agent::Role(Role::Marketer), restart_at, .. } => Some(restart_at.since(event.at)),
            _ => None,
        })
        .collect();
    let first = backoffs[0];
    assert_eq!(backoffs, [first, 2 * first, 4 * first, first], "it doubles in a row, and begins anew after work that was done");
    invariant::check(&ran.events).unwrap();
}

#[test]
fn a_crashed_oversight_lets_nothing_out_until_it_is_back() {
    on_one_thread(async {
        let store = Arc::new(MemoryStore::new());
        let engine = Engine::builder(store.clone()).build();
        let spec = engine.prepare(chatbot(5));
        let world = World::simulated(&spec, None);
        let business = engine.launch(spec, world).await.unwrap();
        business.crash(Agent::Oversight);
        let state = business.wait().await.unwrap();
        let store: Arc<dyn bbb::core::journal::store::Store> = store;
        let ran = finished(&store, state).await;
        let failures: Vec<usize> =
            positions(&ran.events, |payload| matches!(payload, Payload::AgentFailed { agent: Agent::Oversight, .. }));
        assert_eq!(failures.len(), 1, "oversight crashed once");
        let event = &ran.events[failures[0]];
        let Payload::AgentFailed { restart_at, .. } = &event.payload else { unreachable!() };
        let early = ran.events[failures[0]..].iter().filter(|later| later.at < *restart_at);
        let out = early.filter(|later| matches!(later.payload, Payload::Intended { .. } | Payload::Reviewed { .. })).count();
        assert_eq!(out, 0, "nothing is reviewed or begun while oversight is down");
        invariant::check(&ran.events).unwrap();
    });
}

fn positions(events: &[bbb::core::event::Event], matches: impl Fn(&Payload) -> bool) -> Vec<usize> {
    events.iter().enumerate().filter(|(_, event)| matches(&event.payload)).map(|(index, _)| index).collect()
}

#[test]
fn effects_that_fail_are_tried_again_and_counted_once() {
    let ran = on_one_thread(run(chatbot(90), |engine| engine));
    let failures =
        positions(&ran.events, |payload| matches!(payload, Payload::Settled { outcome: Outcome::Failed { retry_at: Some(_), .. }, .. }));
    assert!(!failures.is_empty(), "the simulated world fails now and then");
    invariant::check(&ran.events).unwrap();
}
