//! Random and damaged policies and case files: each is taken, or refused with a place. Bounded and seeded.

use std::cell::Cell;

use bbb::core::oversight::charter::{Charter, PACKS};
use bbb::host::cases;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

const CASES: &str = include_str!("../../examples/charter/cases.toml");
const MINE: &str = include_str!("../../examples/charter/mine.cedar");
/// Pieces that texts of both kinds are made of, and some that neither knows.
const PIECES: [&str; 40] = [
    "@id(\"a\")",
    "@says(\"x\")",
    "@escalate(\"owner\")",
    "forbid",
    "permit",
    "(principal, action, resource)",
    "when",
    "unless",
    "{",
    "}",
    "(",
    ")",
    "context",
    ".act",
    ".cost",
    " > ",
    "1",
    "has",
    "price",
    "\"",
    "\\",
    ";",
    "//",
    "\n",
    "[[case]]",
    "[case]",
    "name = ",
    "action = ",
    "\"send_email\"",
    "expect = ",
    "\"veto\"",
    "contact.consent",
    " = ",
    "false",
    "rules = [",
    "]",
    "99999999999999999999",
    "\u{202e}",
    "é",
    "\0",
];

/// One change of a text: at this place (in thousandths of its length) so many characters make room for a piece.
type Change = (usize, usize, usize);

fn changed(text: &str, changes: &[Change]) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    for (place, removed, piece) in changes {
        let from = chars.len() * place / 1000;
        let to = (from + removed).min(chars.len());
        chars.splice(from..to, PIECES[*piece].chars());
    }
    chars.into_iter().collect()
}

fn runner(cases: u32) -> TestRunner {
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]))
}

fn changes() -> impl Strategy<Value = Vec<Change>> {
    prop::collection::vec((0_usize..1000, 0_usize..12, 0..PIECES.len()), 1..6)
}

fn is_place(line: usize, column: usize, text: &str) -> bool {
    (1..=text.matches('\n').count() + 1).contains(&line) && column >= 1 && column <= text.chars().count() + 1
}

#[test]
fn any_text_of_policies_is_taken_or_refused_with_its_place() {
    let texts: Vec<&str> = PACKS.iter().map(|pack| pack.text).chain([MINE, ""]).collect();
    let (taken, refused) = (Cell::new(0), Cell::new(0));
    let strategy = (0..texts.len(), changes());
    runner(1500)
        .run(&strategy, |(text, changes)| {
            let text = changed(texts[text], &changes);
            match Charter::with_owner_policies("fuzz.cedar", &text) {
                Ok(charter) => {
                    taken.set(taken.get() + 1);
                    prop_assert!(charter.policies().filter(|info| info.owners).all(|info| !info.permits));
                }
                Err(error) => {
                    refused.set(refused.get() + 1);
                    prop_assert!(is_place(error.line, error.column, &text) && !error.reason.is_empty(), "{error}: {text}");
                    prop_assert!(!error.reason.contains("defect"), "{error}: {text}");
                }
            }
            Ok(())
        })
        .unwrap();
    let (taken, refused) = (taken.get(), refused.get());
    assert!(taken > 20 && refused > 500, "{taken} taken, {refused} refused: the changes hit nothing");
}

#[test]
fn any_case_file_is_taken_or_refused_with_its_place() {
    let (taken, refused) = (Cell::new(0), Cell::new(0));
    let strategy = (any::<bool>(), changes());
    runner(2500)
        .run(&strategy, |(whole, changes)| {
            let text = changed(if whole { CASES } else { "" }, &changes);
            match cases::parse("fuzz.toml", &text) {
                Ok(cases) => {
                    taken.set(taken.get() + 1);
                    cases.iter().for_each(|case| drop(case.judge(Charter::shipped())));
                }
                Err(error) => {
                    refused.set(refused.get() + 1);
                    prop_assert!(is_place(error.line, error.column, &text) && !error.reason.is_empty(), "{error}: {text}");
                }
            }
            Ok(())
        })
        .unwrap();
    let (taken, refused) = (taken.get(), refused.get());
    assert!(taken > 20 && refused > 500, "{taken} taken, {refused} refused: the changes hit nothing");
}
