//! Makes inputs from others: the same seed, number and pool make the same input.

use bbb::core::draw::{Draw, Seed};

/// The most bytes of a made input: more than any file under test may have, and little enough to be quick.
const MAX_BYTES: usize = 300 * 1024;
/// The most changes of one input.
const MAX_CHANGES: u32 = 6;
/// Numbers at and beyond the edges of what is counted.
const NUMBERS: [&str; 18] = [
    "0",
    "-1",
    "1",
    "255",
    "256",
    "65536",
    "2147483648",
    "4294967295",
    "4294967296",
    "-9223372036854775808",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775809",
    "18446744073709551616",
    "99999999999999999999999999999999",
    "1e400",
    "0.1",
    "-0",
];
/// What can be put around something any number of times.
const BRACKETS: [(&str, &str); 8] =
    [("(", ")"), ("[", "]"), ("{", "}"), ("{\"a\":", "}"), ("!", ""), ("a.", ""), ("\"", "\""), ("if true then ", " else 1")];

/// Changes inputs at random places in ways that find what readers forget.
pub(super) struct Mutator {
    seed: Seed,
    tokens: &'static [&'static str],
}

impl Mutator {
    pub(super) fn new(seed: Seed, tokens: &'static [&'static str]) -> Mutator {
        Mutator { seed, tokens }
    }

    /// The input of this number, made from one of the pool, or from two.
    pub(super) fn make(&self, number: u64, pool: &[Vec<u8>]) -> Vec<u8> {
        let mut draw = self.seed.draw("input", number);
        let mut input = pool[below(&mut draw, pool.len())].clone();
        for _ in 0..=draw.below(MAX_CHANGES) {
            input = self.changed(input, pool, &mut draw);
            input.truncate(MAX_BYTES);
        }
        input
    }

    fn changed(&self, mut input: Vec<u8>, pool: &[Vec<u8>], draw: &mut Draw) -> Vec<u8> {
        let at = below(draw, input.len() + 1);
        let some = at + below(draw, (input.len() - at).min(64) + 1);
        match draw.below(12) {
            // Bytes.
            0 => {
                if let Some(byte) = input.get_mut(at) {
                    *byte ^= 1 << draw.below(8);
                }
            }
            1 => {
                let byte = u8::try_from(draw.below(256)).unwrap();
                let end = (at + 1).min(input.len());
                put(&mut input, at..end, &[byte]);
            }
            2 => put(&mut input, at..some, &[]),
            3 => input.truncate(at),
            // Words.
            4 | 5 => {
                let token = self.tokens[below(draw, self.tokens.len())];
                let end = if draw.chance(0.5) { at } else { some };
                put(&mut input, at..end, token.as_bytes());
            }
            6 => {
                let run = digits(&input, at);
                put(&mut input, run, NUMBERS[below(draw, NUMBERS.len())].as_bytes());
            }
            // Lines.
            7 => {
                let line = line(&input, at);
                match draw.below(3) {
                    0 => put(&mut input, line, &[]),
                    1 => {
                        let copy = input[line.clone()].to_vec();
                        put(&mut input, line.end..line.end, &copy);
                    }
                    _ => {
                        let moved = input[line.clone()].to_vec();
                        put(&mut input, line, &[]);
                        let to = self::line(&input, below(draw, input.len() + 1)).start;
                        put(&mut input, to..to, &moved);
                    }
                }
            }
            // Parts of another one.
            8 | 9 => {
                let other = &pool[below(draw, pool.len())];
                let from = below(draw, other.len() + 1);
                let end = if draw.chance(0.5) { other.len() } else { from + below(draw, (other.len() - from).min(400) + 1) };
                let to = if draw.chance(0.5) { input.len() } else { some };
                put(&mut input, at..to, &other[from..end]);
            }
            // Too much of something.
            10 => {
                let part = input[at..some].to_vec();
                let times = if draw.chance(0.2) { 20_000 } else { 40 };
                let times = times.min(MAX_BYTES / part.len().max(1));
                put(&mut input, at..at, &part.repeat(times));
            }
            _ => {
                let (open, close) = BRACKETS[below(draw, BRACKETS.len())];
                let times = [3, 30, 200, 20_000][below(draw, 4)];
                put(&mut input, some..some, close.repeat(times).as_bytes());
                put(&mut input, at..at, open.repeat(times).as_bytes());
            }
        }
        input
    }
}

fn below(draw: &mut Draw, bound: usize) -> usize {
    usize::try_from(draw.below(u32::try_from(bound).unwrap())).unwrap()
}

fn put(input: &mut Vec<u8>, range: std::ops::Range<usize>, bytes: &[u8]) {
    input.splice(range, bytes.iter().copied());
}

/// The digits at or after a place; nothing at that place where there are none.
fn digits(input: &[u8], at: usize) -> std::ops::Range<usize> {
    let is_digit = |place: &usize| input[*place].is_ascii_digit();
    let Some(start) = (at..input.len()).find(is_digit) else { return at..at };
    let end = (start..input.len()).find(|place| !is_digit(place)).unwrap_or(input.len());
    start..end
}

/// The line around a place, with its end.
fn line(input: &[u8], at: usize) -> std::ops::Range<usize> {
    let start = input[..at].iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
    let end = input[at..].iter().position(|byte| *byte == b'\n').map_or(input.len(), |newline| at + newline + 1);
    start..end
}

#[test]
fn the_same_seed_makes_the_same_inputs_and_another_one_others() {
    let pool = [b"one 12\ntwo 7\n".to_vec(), b"[three]\n".to_vec(), Vec::new()];
    let inputs = |seed: u64| {
        let mutator = Mutator::new(Seed::new(seed), &["name", "="]);
        (0..300).map(|number| mutator.make(number, &pool)).collect::<Vec<_>>()
    };
    let made = inputs(1);
    assert_eq!(made, inputs(1));
    assert_ne!(made, inputs(2));
    assert!(made.iter().all(|input| input.len() <= MAX_BYTES));
    let has = |what: &[u8]| made.iter().any(|input| input.windows(what.len()).any(|window| window == what));
    assert!(has(b"((((") && has(b"99999999999999999999") && has(b"name") && has(b"[three"), "brackets, numbers, words, parts of others");
}
