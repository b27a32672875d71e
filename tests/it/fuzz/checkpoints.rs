//! Files of checkpoints, and lists of keys: genuine, or refused with the line.

use bbb::core::journal::keys::KeyList;
use bbb::host::checkpoints;

use super::{Answer, Target, names_a_place};

const TOKENS: [&str; 12] = [
    "{\"format\":\"bbb-checkpoint/1\",",
    "{\"format\":\"bbb-keys/1\",\"first\":\"",
    "\"rotations\":[",
    "\"sequence\":0",
    "\"at_ms\":",
    "\"signature\":\"",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "ff",
    "}",
    "]",
    "\n",
    "\u{feff}",
];

fn answer(input: &[u8]) -> Answer {
    // The first line may be a list of keys.
    let end = input.iter().position(|byte| *byte == b'\n').unwrap_or(input.len());
    if let Ok(text) = std::str::from_utf8(&input[..end])
        && let Ok(keys) = KeyList::from_text(text)
    {
        assert_eq!(keys.to_text(), text, "one list has one text");
        assert_eq!(keys.position(keys.current()), Some(keys.rotations()));
        return Ok("keys".to_owned());
    }
    match checkpoints::parse(input) {
        Ok(all) => {
            let written: String = all.iter().map(|checkpoint| checkpoint.to_line() + "\n").collect();
            assert_eq!(
                written.trim_end_matches('\n').as_bytes(),
                input.strip_suffix(b"\n").unwrap_or(input),
                "one checkpoint has one text"
            );
            let Some(first) = all.first() else { return Ok(String::new()) };
            KeyList::new(*first.key()).check_order(first.business(), &all).map(|()| String::new()).map_err(|error| {
                let words = error.to_string();
                assert!(names_a_place(&words), "{words}");
                words
            })
        }
        Err(words) => {
            assert!(words.starts_with("line "), "{words}");
            Err(words)
        }
    }
}

#[test]
fn any_file_of_checkpoints_is_genuine_or_refused_with_its_line() {
    Target { name: "checkpoints", tokens: &TOKENS, more: Vec::new(), answer, one_in: 1 }.run();
}
