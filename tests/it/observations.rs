//! Nobody peeks: what a business decides follows from what it observed, and from nothing else.

use std::sync::Arc;

use bbb::agents::driver::{self, Driver};
use bbb::agents::recording::Recording;
use bbb::core::decide::growth::Strategy;
use bbb::core::event::{Event, Payload};
use bbb::core::journal::passing::PassingStore;
use bbb::core::spec::Autonomy;
use bbb::prelude::*;

use crate::run::spec;

fn run(spec: &Spec, world: World) -> Vec<Event> {
    let mut events = Vec::new();
    let mut watch = |committed: &[Event], _: &bbb::core::state::State| events.extend_from_slice(committed);
    match Driver::default().run(spec.clone(), world, Arc::new(PassingStore), &mut watch) {
        // A recording that does not know what is asked of it refuses it, until the business is paused.
        Ok(_) | Err(driver::Error::Paused { .. }) => events,
        Err(error) => panic!("{error}"),
    }
}

/// What differs first between two journals.
fn differs<'a>(one: &'a [Event], other: &'a [Event]) -> Option<(&'a Event, &'a Event)> {
    one.iter().zip(other).find(|(one, other)| one != other)
}

#[test]
fn recorded_observations_without_the_market_give_every_decision_again() {
    for (name, seed) in [("AI Chatbot Integration Service", 42), ("Sustainable Office Snack Boxes", 7)] {
        for strategy in [Strategy::Engine, Strategy::Epsilon, Strategy::Greedy, Strategy::Random] {
            let autonomy = Autonomy::try_from(4).expect("a level");
            let spec = Spec { strategy, autonomy, ..spec(name, seed, 40) };
            let lived = run(&spec, World::simulated(&spec, None));
            let told = run(&spec, World::recorded(&spec, Recording::of(&lived)));
            assert_eq!(differs(&lived, &told), None, "{name}, {}", spec.strategy.as_str());
            assert_eq!(lived.len(), told.len());
        }
    }
}

#[test]
fn other_observations_give_other_decisions() {
    let spec = spec("AI Chatbot Integration Service", 42, 40);
    let lived = run(&spec, World::simulated(&spec, None));
    // The same journal, in which nobody came after the tenth day.
    let mut day = 0;
    let quiet: Vec<Event> = lived
        .iter()
        .filter(|event| {
            day += u32::from(matches!(event.payload, Payload::DayClosed { .. }));
            day < 10 || !matches!(event.payload, Payload::Received { .. })
        })
        .cloned()
        .collect();
    let told = run(&spec, World::recorded(&spec, Recording::of(&quiet)));
    let (_, other) = differs(&lived, &told).expect("they differ");
    let tenth = lived.iter().position(|event| matches!(event.payload, Payload::DayClosed { day: 9 })).expect("a tenth day");
    assert!(other.sequence > lived[tenth].sequence, "nothing differs before: {other:?}");
}
