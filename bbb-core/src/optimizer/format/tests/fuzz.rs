//! Files that were broken at random, by a seed: readers must end with a problem or an error that has a place, and whatever they take must survive being written.

use super::super::{Error, Format, Problem, read_all, write};
use super::SAMPLES;
use crate::optimizer::random::Random;

/// Broken files of each format.
const ROUNDS: u64 = 1500;
/// Words that numbers and structure are replaced with.
const WORDS: [&str; 20] = [
    "0",
    "-1",
    "1",
    "2",
    "3",
    "4",
    "300",
    "9007199254740993",
    "-9223372036854775808",
    "18446744073709551616",
    "1e308",
    "1e-320",
    "nan",
    "-",
    "",
    "\n",
    "c",
    "#",
    "\u{fffd}",
    "[]",
];

/// The text with some of it changed.
fn mutated(text: &str, random: &mut Random) -> String {
    let mut text = text.to_owned();
    for _ in 0..1 + random.below(3) {
        let places: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
        let (from, to) = (places[random.below(places.len())], places[random.below(places.len())]);
        let (from, to) = (from.min(to), from.max(to).min(from.min(to) + 12));
        let to = if text.is_char_boundary(to) { to } else { from };
        match random.below(4) {
            0 => text.replace_range(from..to, ""),
            1 => text.insert_str(from, WORDS[random.below(WORDS.len())]),
            2 => {
                let piece = text[from..to].to_owned();
                text.insert_str(from, &piece);
            }
            _ => {
                // A whole word in the place of another.
                let start = text[..from].rfind(char::is_whitespace).map_or(0, |at| at + 1);
                let end = text[from..].find(char::is_whitespace).map_or(text.len(), |length| from + length);
                if text.is_char_boundary(start) {
                    text.replace_range(start..end, WORDS[random.below(WORDS.len())]);
                }
            }
        }
    }
    text
}

fn check(seed: u64, text: &str, read: Result<Vec<Problem>, Error>) -> bool {
    match read {
        Err(error) => {
            let lines = text.lines().count().max(1);
            let width = text.lines().nth(error.line - 1).unwrap_or_default().chars().count() + 2;
            assert!((1..=lines).contains(&error.line) && (1..=width).contains(&error.column), "seed {seed}: {error} in {text:?}");
            assert!(error.to_string().chars().count() < 400, "seed {seed}: {error}");
            false
        }
        Ok(problems) => {
            assert!(!problems.is_empty(), "seed {seed}");
            for problem in problems {
                for format in Format::ALL {
                    let Ok(written) = write(&problem, format) else { continue };
                    let again = read_all(&written, Some(format));
                    // Constants of a model can grow beyond what a file takes as a whole number when its variables are changed to 0 and 1.
                    let Ok(again) = again else { continue };
                    assert_eq!(again[0].bqm.num_variables(), problem.bqm.num_variables(), "seed {seed}: {format} of {text:?}");
                }
            }
            true
        }
    }
}

#[test]
fn broken_files_are_problems_or_errors_with_a_place() {
    for (format, text) in SAMPLES {
        let mut taken = 0;
        for seed in 0..ROUNDS {
            let mut random = Random::new(seed, format as u64);
            let broken = mutated(text, &mut random);
            taken += u64::from(check(seed, &broken, read_all(&broken, Some(format))));
            check(seed, &broken, read_all(&broken, None));
        }
        // Neither is everything refused nor everything taken: the test looks at both.
        assert!(taken > ROUNDS / 100 && taken < ROUNDS * 9 / 10, "{format}: {taken}");
    }
}
