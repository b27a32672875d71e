//! A business whose ports fail now and then, with an owner who answers and with one who never does.

use std::collections::BTreeMap;
use std::sync::Arc;

use bbb::agents::conditions::{Conditions, FaultRate, OwnerKind};
use bbb::agents::driver::Driver;
use bbb::agents::engine::Engine;
use bbb::agents::recording::Recording;
use bbb::core::event::{By, Event, Outcome, Payload};
use bbb::core::invariant;
use bbb::core::journal::memory::MemoryStore;
use bbb::core::journal::passing::PassingStore;
use bbb::core::spec::Autonomy;
use bbb::core::state::{State, Status};
use bbb::core::task::FailureCause;
use bbb::prelude::*;

use crate::run::{on_one_thread, spec};

const BLUEPRINTS: [&str; 4] =
    ["ai-chatbot-integration-service", "sustainable-office-snack-boxes", "grant-writing-consultancy", "mobile-car-detailing"];

/// What a run came to.
struct Lived {
    state: State,
    events: Vec<Event>,
}

fn live(name: &str, seed: u64, autonomy: u8, conditions: Conditions) -> Lived {
    live_for(90, name, seed, autonomy, conditions)
}

fn live_for(days: u32, name: &str, seed: u64, autonomy: u8, conditions: Conditions) -> Lived {
    let spec = Spec { autonomy: Autonomy::try_from(autonomy).unwrap(), ..spec(name, seed, days) };
    let mut events = Vec::new();
    let mut watch = |committed: &[Event], _: &State| events.extend_from_slice(committed);
    let world = World::simulated_under(conditions, &spec, None);
    let driven = Driver::default().run(spec, world, Arc::new(PassingStore), &mut watch).unwrap();
    invariant::check(&events).unwrap();
    Lived { state: driven.state, events }
}

fn under(faults: u8, owner: OwnerKind) -> Conditions {
    Conditions { faults: FaultRate::of(faults).unwrap(), owner }
}

impl Lived {
    fn success(&self) -> f64 {
        self.state.task_totals().success_rate().unwrap()
    }

    /// Escalations in 30 days.
    fn asked_a_month(&self) -> f64 {
        f64::from(u32::try_from(self.state.rulings.escalated).unwrap()) / 3.0
    }

    fn count(&self, which: impl Fn(&Payload) -> bool) -> usize {
        self.events.iter().filter(|event| which(&event.payload)).count()
    }

    /// Of all attempts at effects, the share that failed for now.
    fn failed_attempts(&self) -> f64 {
        let failed = self.count(|payload| matches!(payload, Payload::Settled { outcome: Outcome::Failed { .. }, .. }));
        let all = self.count(|payload| matches!(payload, Payload::Settled { .. }));
        f64::from(u32::try_from(failed).unwrap()) / f64::from(u32::try_from(all).unwrap())
    }
}

#[test]
fn with_the_usual_faults_tasks_succeed_and_the_owner_is_left_in_peace() {
    for name in BLUEPRINTS {
        for seed in [1, 2] {
            let lived = live(name, seed, 5, under(FaultRate::USUAL.percent(), OwnerKind::Simulated));
            let (success, asked, failed) = (lived.success(), lived.asked_a_month(), lived.failed_attempts());
            assert!(success >= 0.8, "{name}, seed {seed}: {success}");
            assert!(asked < 4.0, "{name}, seed {seed}: asked {asked} times a month");
            assert!((0.03..0.12).contains(&failed), "{name}, seed {seed}: {failed} of all attempts failed");
            assert!(lived.state.trade.customers > 0, "{name}, seed {seed}: nobody bought");
        }
    }
}

#[test]
fn an_owner_who_never_answers_breaks_nothing_and_what_needed_a_yes_has_failed() {
    for (name, seed) in [(BLUEPRINTS[0], 1), (BLUEPRINTS[1], 2)] {
        // At level 4 some effects need a yes, at level 2 all do.
        for autonomy in [2, 4] {
            let silent = live(name, seed, autonomy, under(5, OwnerKind::Silent));
            assert_eq!(silent.state.status, Status::Completed, "{name}, level {autonomy}");
            let approved = silent.count(|payload| matches!(payload, Payload::Answered { approve: true, .. }));
            let expired = silent.count(|payload| matches!(payload, Payload::Answered { by: By::Expiry, approve: false, .. }));
            let at_the_end = silent.count(|payload| matches!(payload, Payload::Answered { by: By::Engine, approve: false, .. }));
            let asked = usize::try_from(silent.state.rulings.escalated).unwrap();
            assert_eq!((approved, expired + at_the_end), (0, asked), "{name}, level {autonomy}: all that was asked expires");
            let vetoed: Vec<&Payload> =
                silent.events.iter().map(|event| &event.payload).filter(|payload| is_vetoed_task(payload)).collect();
            assert_eq!(vetoed.len(), usize::try_from(silent.state.task_totals().vetoed).unwrap());
            if autonomy == 2 {
                assert!(asked > 0 && expired > 0 && !vetoed.is_empty(), "{name}: {asked} asked, {expired} expired");
                assert_eq!(silent.state.books.of_world().spent.get(), 0, "{name}: nothing that costs money left without a yes");
                let answered = live(name, seed, autonomy, under(5, OwnerKind::Simulated));
                assert!(silent.success() < answered.success(), "{name}: {} and {}", silent.success(), answered.success());
            }
        }
    }
}

fn is_vetoed_task(payload: &Payload) -> bool {
    matches!(payload, Payload::TaskFailed { cause: FailureCause::Vetoed, .. })
}

#[test]
fn where_every_attempt_fails_nothing_is_done_and_nothing_breaks() {
    let lived = live_for(20, BLUEPRINTS[0], 1, 5, under(100, OwnerKind::Simulated));
    assert_eq!(lived.state.status, Status::Completed);
    assert_eq!(lived.count(|payload| matches!(payload, Payload::Settled { outcome: Outcome::Done { .. }, .. })), 0);
    let totals = lived.state.task_totals();
    // Plans are made by nobody but the orchestrator, and need no port.
    let plans = lived.state.work.completed.values().sum::<u32>();
    assert_eq!((totals.completed, lived.state.trade.customers), (plans, 0));
    assert!(totals.failed > 0 && lived.success() < 0.9, "{totals:?}");
}

#[test]
fn faults_are_the_same_each_time_and_are_observations_like_any() {
    let (seed, conditions) = (3, under(20, OwnerKind::Simulated));
    let live = |conditions| live_for(40, BLUEPRINTS[0], seed, 4, conditions);
    let lived = live(conditions);
    assert_eq!(live(conditions).events, lived.events);
    assert_ne!(live(Conditions::default()).events.len(), lived.events.len());
    // Told again without market, owner or faults.
    let spec = Spec { autonomy: Autonomy::try_from(4).unwrap(), ..spec(BLUEPRINTS[0], seed, 40) };
    let mut told = Vec::new();
    let mut watch = |committed: &[Event], _: &State| told.extend_from_slice(committed);
    let world = World::recorded(&spec, Recording::of(&lived.events));
    Driver::default().run(spec.clone(), world, Arc::new(PassingStore), &mut watch).unwrap();
    assert_eq!(told, lived.events);
    // And by the engine with its actors.
    let engine = Engine::builder(Arc::new(MemoryStore::new())).build();
    let spec = engine.prepare(spec);
    let world = World::simulated_under(conditions, &spec, None);
    let state = on_one_thread(async { engine.launch(spec, world).await.unwrap().wait().await.unwrap() });
    assert_eq!(*state, lived.state);
}

/// The table of `docs/design/owner.md`; it is long, and so it is printed by hand: `cargo test --test it owner:: -- --ignored --nocapture`.
#[test]
#[ignore = "prints a table"]
fn table() {
    let mut rows = BTreeMap::new();
    for owner in [OwnerKind::Simulated, OwnerKind::Silent] {
        for autonomy in [2, 3, 4, 5, 6] {
            let mut runs = Vec::new();
            for name in BLUEPRINTS {
                runs.extend((1..=3).map(|seed| live(name, seed, autonomy, under(5, owner))));
            }
            rows.insert((owner.as_str(), autonomy), runs);
        }
    }
    for ((owner, autonomy), runs) in rows {
        let mean = |of: &dyn Fn(&Lived) -> f64| runs.iter().map(of).sum::<f64>() / 12.0;
        let least = runs.iter().map(Lived::success).fold(1.0, f64::min);
        println!(
            "| {autonomy} | {owner} | {:.1} % | {:.1} % | {:.1} | {:.1} |",
            mean(&Lived::success) * 100.0,
            least * 100.0,
            mean(&Lived::asked_a_month),
            runs.iter().map(Lived::asked_a_month).fold(0.0, f64::max),
        );
    }
}
