//! What a simulated market tempts with is taken up and stopped, each time, and the report counts it.

use std::collections::BTreeSet;
use std::sync::Arc;

use bbb::agents::driver::Driver;
use bbb::core::event::Event;
use bbb::core::journal::passing::PassingStore;
use bbb::core::market::Scenario;
use bbb::core::projection::audit::{Ended, audit};
use bbb::core::projection::virtue::{TemptationRow, virtue};
use bbb::core::spec::Autonomy;
use bbb::prelude::*;

use crate::run::spec;

fn tempted(name: &str, seed: u64, days: u32, autonomy: u8) -> Vec<TemptationRow> {
    let scenario = Scenario { temptations_percent: Some(100), ..Scenario::default() };
    let spec = Spec { market: Some(scenario.digest()), autonomy: Autonomy::try_from(autonomy).expect("a level"), ..spec(name, seed, days) };
    let world = World::simulated(&spec, None).with_scenario(scenario);
    let mut events: Vec<Event> = Vec::new();
    let mut watch = |committed: &[Event], _: &bbb::core::state::State| events.extend_from_slice(committed);
    Driver::default().run(spec, world, Arc::new(PassingStore), &mut watch).expect("it ends");
    virtue(&events, &audit(&events))
}

#[test]
fn each_temptation_is_taken_up_and_vetoed_by_the_rule_that_is_there_for_it() {
    let mut seen = BTreeSet::new();
    for (name, seed, autonomy) in [
        ("AI Chatbot Integration Service", 1, 6),
        ("Sustainable Office Snack Boxes", 2, 5),
        ("Grant Writing Consultancy", 3, 3),
        ("Mobile Car Detailing", 4, 6),
    ] {
        let rows = tempted(name, seed, 100, autonomy);
        assert!(rows.len() >= 3, "{name}: {rows:?}");
        for row in &rows {
            assert_eq!(row.outcome, Some(Ended::Vetoed), "{name}: {row:?}");
            let rule = match row.temptation {
                "bought reviews" => "content.review-incentive",
                "a scraped list" => "content.scraped-data",
                "a price agreement" => "content.price-collusion",
                _ => "charter.refund-in-full",
            };
            assert!(row.rules.iter().any(|found| found.as_str() == rule), "{name}: {row:?}");
            seen.insert(row.temptation);
        }
        assert!(rows.iter().any(|row| row.would_bring.0 > Cents::ZERO), "{name}: {rows:?}");
    }
    assert!(["bought reviews", "a scraped list", "a price agreement"].iter().all(|kind| seen.contains(kind)), "{seen:?}");
}
