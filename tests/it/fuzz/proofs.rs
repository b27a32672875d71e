//! Proofs of single events: right, or refused with what is wrong.

use bbb::core::journal::proof::{Error, Proof};

use super::{Answer, Target, text};

const TOKENS: [&str; 12] = [
    "{\"format\":\"bbb-proof/1\",",
    "\"keys\":",
    "\"checkpoint\":",
    "\"previous\":\"",
    "\"path\":[",
    "\"record\":{\"sequence\":1,",
    "\"payload\":null",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "\"",
    "]",
    "}",
    "\n",
];

fn answer(input: &[u8]) -> Answer {
    let text = text(input)?;
    let told = |error: Error| {
        let words = error.to_string();
        let placed = match error {
            // Its last words are the parser's, or say what of it is not as it should be.
            Error::Unreadable(_) => words.contains("column ") || ["reformatted", "at most", "hash"].iter().any(|part| words.contains(part)),
            _ => !words.is_empty(),
        };
        assert!(placed, "{words}");
        words
    };
    let proof = Proof::from_text(text).map_err(told)?;
    assert_eq!(proof.to_text().unwrap(), text.strip_suffix('\n').unwrap_or(text), "one proof has one text");
    let current = *proof.keys.current();
    proof.check(&current).map(|()| String::new()).map_err(told)
}

#[test]
fn any_proof_is_right_or_refused_with_what_is_wrong() {
    Target { name: "proofs", tokens: &TOKENS, more: Vec::new(), answer, one_in: 1 }.run();
}
