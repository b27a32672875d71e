//! The market and the policies that the engine is compared with do not move: what they come to in a few futures is stored. Who changes them on purpose runs the whole
//! comparison again and says so in `docs/design/growth.md`.

use std::fmt::Write as _;
use std::sync::Arc;

use bbb::agents::driver::Driver;
use bbb::core::decide::growth::Strategy;
use bbb::core::journal::passing::PassingStore;
use bbb::prelude::*;

use crate::run::spec;

const DAYS: u32 = 60;
const NAMES: [&str; 3] = ["AI Chatbot Integration Service", "Sustainable Office Snack Boxes", "Premium Pet Supplement Brand"];
const BASELINES: [Strategy; 4] = [Strategy::Fixed, Strategy::Equal, Strategy::Greedy, Strategy::Epsilon];

#[test]
fn market_and_baselines_come_to_what_they_came_to() {
    let mut found = String::new();
    for name in NAMES {
        for strategy in BASELINES {
            let spec = Spec { strategy: strategy.clone(), ..spec(name, 1, DAYS) };
            let world = World::simulated(&spec, None);
            let state = Driver::default().run(spec, world, Arc::new(PassingStore), &mut |_, _| ()).unwrap().state;
            let (book, trade) = (state.books.of_world(), &state.trade);
            let profit = book.revenue.minus(book.spent);
            writeln!(found, "{name}, {}: {profit}, {} leads, {} customers", strategy.as_str(), trade.leads, trade.customers).unwrap();
        }
    }
    let stored = include_str!("../golden/baselines.txt");
    assert_eq!(found, stored, "found:\n{found}");
}
