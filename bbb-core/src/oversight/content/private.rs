//! What must not leave: credentials, card numbers, and how to reach people who are not part of the conversation.

use super::Hit;
use super::context::Context;
use super::normal::Normal;

/// How a secret begins, in lower case, and how many characters of a key must follow at least.
const KEY_STARTS: [(&str, usize); 14] = [
    ("sk-", 20),
    ("sk_live_", 10),
    ("sk_test_", 10),
    ("rk_live_", 10),
    ("pk_live_", 10),
    ("whsec_", 16),
    ("akia", 16),
    ("aiza", 30),
    ("ghp_", 20),
    ("github_pat_", 20),
    ("glpat-", 16),
    ("xoxb-", 16),
    ("xoxp-", 16),
    ("eyjh", 40),
];

/// The most characters of a key, of a mail address, or of an address before a number in it, that are looked at.
const LONGEST_CHARS: usize = 256;

pub(super) fn find(context: &Context<'_>, normal: &Normal, hits: &mut Vec<Hit>) {
    keys(normal, hits);
    cards(normal, hits);
    addresses(context, normal, hits);
    phones(context, normal, hits);
}

fn keys(normal: &Normal, hits: &mut Vec<Hit>) {
    let text = &normal.text;
    for (start, _) in text.match_indices('-').filter(|(at, _)| text[*at..].starts_with("-----begin ")) {
        if text[start..].chars().take(60).collect::<String>().contains("private key-----") {
            hits.push(Hit::of("content.secret", normal, start, start + "-----begin".len()));
        }
    }
    let is_part = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    let shortest = KEY_STARTS.iter().map(|(begin, least)| begin.len() + least).min().unwrap_or(0);
    let mut next = 0;
    for run in text.as_bytes().split(|b| !is_part(b)) {
        let from = next;
        next += run.len() + 1;
        if run.len() < shortest {
            continue;
        }
        for (begin, least) in KEY_STARTS {
            for (at, _) in text[from..from + run.len()].match_indices(begin) {
                let key = &run[at + begin.len()..];
                let key = &key[..key.len().min(LONGEST_CHARS)];
                // A key has digits; a hyphenated word that begins alike has none.
                if key.len() >= least && key.iter().any(u8::is_ascii_digit) && !follows_word(text, from + at) {
                    hits.push(Hit::of("content.secret", normal, from + at, from + at + begin.len() + key.len()));
                }
            }
        }
    }
}

fn follows_word(text: &str, at: usize) -> bool {
    text[..at].chars().next_back().is_some_and(char::is_alphanumeric)
}

/// A run of digits with single separators between them.
struct Figures {
    start: usize,
    end: usize,
    digits: Vec<u8>,
    /// How many digits stand together, group by group.
    groups: Vec<usize>,
    plus: bool,
}

fn figures(text: &str, separators: &[u8]) -> Vec<Figures> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(skipped) = bytes[at..].iter().position(u8::is_ascii_digit) {
        at += skipped;
        if follows_word(text, at) {
            at += 1;
            continue;
        }
        let mut run = Figures { start: at, end: at, digits: Vec::new(), groups: vec![0], plus: at > 0 && bytes[at - 1] == b'+' };
        while at < bytes.len() {
            let gap = bytes[at..].iter().take(2).take_while(|b| separators.contains(b)).count();
            if bytes[at].is_ascii_digit() {
                run.digits.push(bytes[at] - b'0');
                if let Some(group) = run.groups.last_mut() {
                    *group += 1;
                }
                at += 1;
                run.end = at;
            } else if bytes.get(at + gap).is_some_and(u8::is_ascii_digit) {
                run.groups.push(0);
                at += gap;
            } else {
                break;
            }
        }
        found.push(run);
    }
    found
}

fn cards(normal: &Normal, hits: &mut Vec<Hit>) {
    for run in figures(&normal.text, b" -") {
        let card = (13..=19).contains(&run.digits.len()) && matches!(run.digits[0], 2..=6) && luhn(&run.digits);
        // Four figures and more together, or all of them: a list of small numbers is no card.
        if card && run.groups.iter().all(|group| *group >= 3) {
            hits.push(Hit::of("content.card-number", normal, run.start, run.end));
        }
    }
}

/// The check digit of card numbers (ISO/IEC 7812-1).
fn luhn(digits: &[u8]) -> bool {
    let weighted = digits.iter().rev().enumerate().map(|(index, digit)| match index % 2 {
        0 => u32::from(*digit),
        // The sum of the two figures of its double, but for tens, which do not count.
        _ => u32::from(*digit) * 2 + u32::from(*digit) * 2 / 10,
    });
    weighted.sum::<u32>() % 10 == 0
}

fn addresses(context: &Context<'_>, normal: &Normal, hits: &mut Vec<Hit>) {
    let text = &normal.text;
    for (at, _) in text.match_indices('@') {
        let is_local = |c: char| c.is_alphanumeric() || "._%+-".contains(c);
        let is_domain = |c: char| c.is_alphanumeric() || ".-".contains(c);
        let start =
            text[..at].char_indices().rev().take(LONGEST_CHARS).take_while(|(_, c)| is_local(*c)).last().map_or(at, |(index, _)| index);
        let domain = text[at + 1..].split(|c| !is_domain(c)).next().unwrap_or("").trim_end_matches(['.', '-']);
        let end = at + 1 + domain.len();
        if start < at && domain.contains('.') && !is_ours(context, &text[start..end]) {
            hits.push(Hit::of("content.third-party-address", normal, start, end));
        }
    }
}

/// Whether an address is the recipient's or the sender's.
pub(super) fn is_ours(context: &Context<'_>, address: &str) -> bool {
    let sender = &context.spec.sender;
    let unsubscribe = sender.unsubscribe.strip_prefix("mailto:").map(|rest| rest.split('?').next().unwrap_or(rest));
    let is_address = |own: &str| Normal::of(own.trim()).text == address;
    // The reader last, so that most texts are known not to depend on it.
    [sender.address.as_str()].into_iter().chain(unsubscribe).any(is_address) || context.readers().any(is_address)
}

/// A telephone number that nobody here is known to have is for a person to judge: the business's own is not on file.
fn phones(context: &Context<'_>, normal: &Normal, hits: &mut Vec<Hit>) {
    for run in figures(&normal.text, b" -.()") {
        let bytes = normal.text.as_bytes();
        let in_address = bytes[..run.start]
            .iter()
            .rev()
            .take(LONGEST_CHARS)
            .take_while(|b| !b.is_ascii_whitespace())
            .any(|b| matches!(b, b'/' | b'@' | b'='));
        let international = run.plus && (8..=15).contains(&run.digits.len());
        let national = matches!(run.groups.as_slice(), [3, 3, 4] | [1, 3, 3, 4]);
        // Outside North America a number that is dialled begins with a nought.
        let date = run.groups.starts_with(&[2, 2, 4]) || run.groups.starts_with(&[2, 2, 2]);
        let abroad = run.digits[0] == 0 && (9..=13).contains(&run.digits.len()) && run.groups.len() <= 5 && !date;
        if (international || national || abroad) && !in_address && !is_known_number(context, &run.digits) {
            hits.push(Hit::asks("content.third-party-phone", normal, run.start, run.end));
        }
    }
}

fn is_known_number(context: &Context<'_>, digits: &[u8]) -> bool {
    let sender = &context.spec.sender;
    let has_it = |known: &str| {
        let known: Vec<u8> = known.bytes().filter(u8::is_ascii_digit).map(|b| b - b'0').collect();
        known.windows(digits.len()).any(|window| window == digits)
    };
    [sender.postal_address.as_str(), sender.name.as_str()].into_iter().any(has_it) || context.readers_note().is_some_and(has_it)
}
