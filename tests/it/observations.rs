//! Nobody peeks: what a business decides follows from what it observed, and from nothing else.

use std::sync::Arc;

use bbb::agents::driver::{self, Driver};
use bbb::agents::recording::Recording;
use bbb::core::blueprint::Channel;
use bbb::core::decide::growth::Strategy;
use bbb::core::event::{Event, Payload};
use bbb::core::journal::passing::PassingStore;
use bbb::core::market::{self, Scenario};
use bbb::core::spec::Autonomy;
use bbb::prelude::*;
use proptest::prelude::*;
use proptest::strategy::Strategy as _;

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

/// The same business in the same future, in a market of which this much is given: what it decided and observed, without what names the market.
fn lived_in(scenario: &Scenario, days: u32) -> Vec<Event> {
    let spec = Spec { market: Some(scenario.digest()), ..spec("AI Chatbot Integration Service", 42, days) };
    let mut events = run(&spec, World::simulated(&spec, None).with_scenario(scenario.clone()));
    // The launch differs by the scenario and its digest, and by that the id of the business, of which the keys of its effects are hashes.
    events.remove(0);
    for event in &mut events {
        if let Payload::Intended { key, .. } = &mut event.payload {
            key.clear();
        }
    }
    events
}

/// Whether an event tells what the market did: a signal, or how an effect ended.
fn is_observation(event: &Event) -> bool {
    match &event.payload {
        Payload::Received { source, .. } => source == market::SOURCE,
        Payload::Settled { .. } => true,
        _ => false,
    }
}

/// Checks that nothing differs before the market has shown a difference; says how much was proposed before it did, and none where it never did.
fn proposed_before_a_difference(one: &[Event], other: &[Event]) -> Option<usize> {
    let Some((first, second)) = differs(one, other) else {
        assert_eq!(one.len(), other.len());
        return None;
    };
    // Where a day ends in one market, something more may have arrived in the other.
    let shows = |event: &Event, beside: &Event| {
        is_observation(event) && (is_observation(beside) || matches!(beside.payload, Payload::DayClosed { .. }))
    };
    assert!(shows(first, second) || shows(second, first), "what differs first is no observation:\n{first:?}\n{second:?}");
    Some(one.iter().filter(|event| event.sequence < first.sequence && matches!(event.payload, Payload::Proposed { .. })).count())
}

/// Scenarios that differ from an empty one in one parameter each.
fn one_by_one() -> Vec<(&'static str, Scenario)> {
    let mut all = Vec::new();
    macro_rules! given {
        ($($field:ident: $value:expr),* $(,)?) => {
            $(all.push((stringify!($field), Scenario { $field: $value, ..Scenario::default() }));)*
        };
    }
    given! {
        size_percent: Some(300),
        awareness_days: Some(2),
        churn_percent: Some(80),
        price_tolerance_percent: Some(100),
        consent_percent: Some(10),
        season_percent: Some(90),
        season_peak_day: Some(180),
        ad_cost_percent: Some(1),
        ad_fatigue_percent: Some(0),
        delivery_capacity_percent: Some(1),
        late_replies_percent: Some(100),
        tickets_permille: Some(200),
        disputes_percent: Some(100),
        dispute_fee_cents: Some(100_000),
        reputation_percent: Some(100),
        rival_match_percent: Some(100),
        rival_match_days: Some(1),
        rival_entry_percent: Some(100),
        rival_share_percent: Some(90),
        ban_percent: Some(100),
        price_war_percent: Some(100),
        viral_percent: Some(100),
        temptations_percent: Some(100),
        share_percent: [(Channel::Seo, 100)].into(),
        quality_points: [(Channel::Social, -50), (Channel::Email, 50)].into(),
    }
    all
}

#[test]
fn what_no_observation_has_shown_yet_changes_no_decision() {
    let usual = lived_in(&Scenario::default(), 40);
    let before: Vec<_> =
        one_by_one().iter().map(|(name, other)| (*name, proposed_before_a_difference(&usual, &lived_in(other, 40)))).collect();
    // Were all markets told apart by the first study, this would say nothing about later decisions.
    let late = before.iter().filter(|(_, proposed)| proposed.is_none_or(|proposed| proposed >= 50)).count();
    let shown = before.iter().filter(|(_, proposed)| proposed.is_some()).count();
    assert!(late >= 15 && shown >= 10, "{before:?}");
}

fn scenarios() -> impl proptest::strategy::Strategy<Value = Scenario> {
    let some = |range: std::ops::RangeInclusive<u32>| proptest::option::weighted(0.2, range);
    let channel = proptest::sample::select(Channel::ALL.to_vec());
    let first = (some(10..=1_000), some(1..=2_000), some(0..=90), some(5..=100), some(0..=100), some(1..=100), some(0..=100));
    let second = (some(0..=10_000), some(0..=100), some(0..=200), some(0..=100), some(0..=100), some(0..=100), some(0..=100));
    let points = proptest::collection::btree_map(channel, -50..=50, 0..2);
    (first, second, points).prop_map(|(first, second, quality_points)| Scenario {
        size_percent: first.0,
        awareness_days: first.1,
        churn_percent: first.2,
        price_tolerance_percent: first.3,
        consent_percent: first.4,
        ad_cost_percent: first.5,
        ad_fatigue_percent: first.6,
        delivery_capacity_percent: second.0,
        late_replies_percent: second.1,
        tickets_permille: second.2,
        disputes_percent: second.3,
        reputation_percent: second.4,
        rival_match_percent: second.5,
        ban_percent: second.6,
        quality_points,
        ..Scenario::default()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn of_two_markets_a_business_learns_by_observing_alone(one in scenarios(), other in scenarios()) {
        // What the first study shows is the same in both, so that they part later.
        let other = Scenario { size_percent: one.size_percent, ad_cost_percent: one.ad_cost_percent, ..other };
        proposed_before_a_difference(&lived_in(&one, 20), &lived_in(&other, 20));
    }
}
