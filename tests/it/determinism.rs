//! The same seed gives the same journal, byte for byte, whatever runs concurrently.

use bbb::core::invariant;

use crate::run::{chatbot, on_one_thread, on_threads, run, spec};

const DAYS: u32 = 30;

#[test]
fn the_same_seed_gives_the_same_head_on_any_number_of_threads() {
    let once = on_one_thread(run(chatbot(DAYS), |engine| engine));
    assert!(once.head.sequence > 500, "a run of {DAYS} days should do something: {:?}", once.head);
    for threads in [1, 2, 4] {
        let again = on_threads(threads, run(chatbot(DAYS), |engine| engine));
        assert_eq!(again.head, once.head, "{threads} threads");
    }
}

#[test]
fn the_order_in_which_roles_reply_does_not_matter() {
    let once = on_one_thread(run(chatbot(DAYS), |engine| engine));
    let orders = [[6, 5, 4, 3, 2, 1, 0], [0, 9, 1, 8, 2, 7, 3], [3, 0, 6, 0, 5, 1, 0], [1, 1, 0, 0, 9, 9, 5]];
    for order in orders {
        let again = on_one_thread(run(chatbot(DAYS), |engine| engine.yields_before_reply(order)));
        assert_eq!(again.head, once.head, "{order:?}");
    }
}

#[test]
fn another_seed_gives_another_head() {
    let one = on_one_thread(run(spec("Grant Writing Consultancy", 1, 5), |engine| engine));
    let two = on_one_thread(run(spec("Grant Writing Consultancy", 2, 5), |engine| engine));
    assert_ne!(one.head.hash, two.head.hash);
}

#[test]
fn the_head_is_the_same_in_debug_and_release_builds_of_this_version() {
    let ran = on_one_thread(run(chatbot(40), |engine| engine));
    let stored = include_str!("../golden/head-40-days.txt").trim();
    assert_eq!(
        ran.head.hash.to_string(),
        stored,
        "if engine, market or charter changed on purpose, raise their version and store the new head"
    );
}

#[test]
fn every_journal_keeps_the_invariants() {
    for name in ["AI Chatbot Integration Service", "Sustainable Office Snack Boxes", "a walking tour of old lighthouses"] {
        let ran = on_one_thread(run(spec(name, 3, DAYS), |engine| engine));
        invariant::check(&ran.events).unwrap();
    }
}
