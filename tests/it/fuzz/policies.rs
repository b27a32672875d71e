//! Owners' policies: taken or refused as a whole, with line and column; what is taken widens nothing.

use bbb::core::oversight::charter::{Charter, PACKS};

use super::{Answer, Target, text};

const MINE: &str = include_str!("../../../examples/charter/mine.cedar");
const TOKENS: [&str; 32] = [
    "@id(\"a\")",
    "@says(\"x\")",
    "@ground(\"y\")",
    "@escalate(\"owner\")",
    "@escalate(\"nobody\")",
    "forbid ",
    "permit ",
    "(principal, action, resource)",
    "(principal == Role::\"sales\", action == Action::\"send_email\", resource)",
    "when {",
    "unless { context.owner_approved }",
    "{",
    "}",
    "(",
    ")",
    "context",
    ".act.cost",
    ".mail.commercial",
    " has price",
    " > ",
    " && ",
    " || !",
    " in ",
    ".contains(",
    "decimal(\"1.0\")",
    "World::\"live\"",
    "\"",
    "\\u{0}",
    ";",
    "// ",
    "\u{202e}",
    "\0",
];

/// Whether a place is one of this text.
pub(super) fn is_place(line: usize, column: usize, text: &str) -> bool {
    (1..=text.matches('\n').count() + 1).contains(&line) && (1..=text.chars().count() + 1).contains(&column)
}

fn answer(input: &[u8]) -> Answer {
    let text = text(input)?;
    match Charter::with_owner_policies("fuzz.cedar", text) {
        Ok(charter) => {
            assert!(charter.policies().filter(|info| info.owners).all(|info| !info.permits), "an owner's policy permits");
            let again = Charter::with_owner_policies("fuzz.cedar", charter.owner_text()).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(again.digest(), charter.digest(), "what is kept is what was taken");
            Ok(String::new())
        }
        Err(error) => {
            assert!(is_place(error.line, error.column, text) && !error.reason.is_empty(), "{error}");
            assert!(!error.reason.contains("defect"), "{error}");
            Err(error.reason)
        }
    }
}

#[test]
fn any_text_of_policies_is_taken_or_refused_with_its_place() {
    let more = PACKS.iter().map(|pack| pack.text).chain([MINE]).map(|text| text.as_bytes().to_vec()).collect();
    Target { name: "policies", tokens: &TOKENS, more, answer, one_in: 1 }.run();
}
