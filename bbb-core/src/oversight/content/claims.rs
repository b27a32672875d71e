//! Claims that nobody may make: guarantees, incomes, cures, pressure, and words that belong to a machine and not to a reader.

use super::Hit;
use super::normal::{Normal, Word};

/// A way to find something in the words of a text.
struct Phrases {
    rule: &'static str,
    /// Runs of whole words, in lower case.
    phrases: &'static [&'static str],
    /// Whether a denial just before takes the claim back: "we cannot guarantee".
    deniable: bool,
}

const PHRASES: [Phrases; 4] = [
    Phrases {
        rule: "content.guarantee",
        phrases: &[
            "guaranteed",
            "we guarantee",
            "i guarantee",
            "guarantee you",
            "guarantee that you",
            "guarantees you",
            "risk free",
            "no risk",
            "zero risk",
            "without any risk",
            "100% safe",
            "can't lose",
            "cannot lose",
            "can not lose",
            "never fails",
            "sure thing",
        ],
        deniable: true,
    },
    Phrases {
        rule: "content.income-claim",
        phrases: &[
            "get rich",
            "financial freedom",
            "passive income",
            "make money fast",
            "easy money",
            "quit your job",
            "double your money",
            "double your income",
            "unlimited income",
            "unlimited earnings",
        ],
        deniable: true,
    },
    Phrases {
        rule: "content.urgency",
        phrases: &[
            "act now",
            "act immediately",
            "last chance",
            "final notice",
            "final warning",
            "expires today",
            "expires tonight",
            "before it's too late",
            "urgent response",
            "urgent action",
            "once in a lifetime",
            "don't miss out",
        ],
        deniable: true,
    },
    Phrases {
        rule: "content.injection-echo",
        phrases: &[
            "ignore previous instructions",
            "ignore all previous instructions",
            "ignore the previous instructions",
            "ignore your instructions",
            "ignore prior instructions",
            "ignore all prior instructions",
            "ignore the above",
            "disregard previous instructions",
            "disregard all previous instructions",
            "disregard the above",
            "disregard your instructions",
            "system prompt",
            "developer message",
            "as an ai language model",
            "as a large language model",
        ],
        deniable: false,
    },
];

pub(super) const DENIALS: [&str; 16] = [
    "no", "not", "never", "cannot", "can't", "don't", "doesn't", "won't", "isn't", "aren't", "nobody", "nothing", "without", "nor",
    "neither", "avoid",
];

const EARN: [&str; 8] = ["earn", "earns", "earning", "make", "makes", "making", "income", "profit"];
const PERIODS: [&str; 14] =
    ["hour", "hourly", "day", "daily", "week", "weekly", "month", "monthly", "year", "yearly", "annually", "hours", "days", "weeks"];

const CURES: [&str; 13] =
    ["cure", "cures", "cured", "heal", "heals", "treat", "treats", "reverse", "reverses", "prevent", "prevents", "eliminate", "eliminates"];
const ILLNESSES: [&str; 30] = [
    "adhd",
    "allergies",
    "alzheimer's",
    "anxiety",
    "arthritis",
    "asthma",
    "autism",
    "cancer",
    "covid",
    "dementia",
    "depression",
    "diabetes",
    "disease",
    "diseases",
    "epilepsy",
    "flu",
    "hiv",
    "hypertension",
    "illness",
    "illnesses",
    "insomnia",
    "migraine",
    "migraines",
    "obesity",
    "parkinson's",
    "ptsd",
    "schizophrenia",
    "stroke",
    "strokes",
    "tumors",
];
const CURE_PHRASES: [&str; 4] = ["miracle cure", "clinically proven", "cures all", "no side effects"];

/// The most words between the parts of one claim.
const REACH: usize = 6;

pub(super) fn find(normal: &Normal, words: &[Word<'_>], hits: &mut Vec<Hit>) {
    for group in &PHRASES {
        for phrase in group.phrases {
            find_phrase(group.rule, phrase, group.deniable, normal, words, hits);
        }
    }
    for phrase in CURE_PHRASES {
        find_phrase("content.health-claim", phrase, true, normal, words, hits);
    }
    for (index, word) in words.iter().enumerate() {
        if EARN.contains(&word.text) && !is_denied(words, index) {
            income(index, normal, words, hits);
        }
        if CURES.contains(&word.text) && !is_denied(words, index) {
            let illness = nearby(words, index).iter().find(|word| ILLNESSES.contains(&word.text));
            hits.extend(illness.map(|illness| Hit::of("content.health-claim", normal, word.start, illness.end)));
        }
    }
}

/// "Earn $5,000 a month": a verb, a sum, a period.
fn income(index: usize, normal: &Normal, words: &[Word<'_>], hits: &mut Vec<Hit>) {
    let near = nearby(words, index);
    let Some(sum) = near.iter().position(|word| is_sum(word.text)) else { return };
    let period = near[sum + 1..].iter().take(3).find(|word| PERIODS.contains(&word.text));
    hits.extend(period.map(|period| Hit::of("content.income-claim", normal, words[index].start, period.end)));
}

fn is_sum(word: &str) -> bool {
    let figures = word.trim_start_matches(['$', '€', '£']);
    let digits = figures.trim_end_matches(['k', 'm', '$', '€', '£']).replace([',', '.'], "");
    let signed = figures.len() < word.len() || word.ends_with(['k', '$', '€', '£']);
    let all_digits = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    all_digits && (signed || digits.len() >= 3)
}

fn nearby<'w, 't>(words: &'w [Word<'t>], index: usize) -> &'w [Word<'t>] {
    &words[index + 1..words.len().min(index + 1 + REACH)]
}

fn is_denied(words: &[Word<'_>], index: usize) -> bool {
    words[index.saturating_sub(3)..index].iter().any(|word| DENIALS.contains(&word.text))
}

fn find_phrase(rule: &'static str, phrase: &str, deniable: bool, normal: &Normal, words: &[Word<'_>], hits: &mut Vec<Hit>) {
    let mut wanted = phrase.split(' ');
    let Some(first) = wanted.next() else { return };
    for (index, word) in words.iter().enumerate().filter(|(_, word)| word.text == first) {
        let mut last = word;
        let rest = words[index + 1..].iter();
        let follows = wanted.clone().zip(rest.map(Some).chain(std::iter::repeat(None))).all(|(want, found)| {
            last = found.unwrap_or(last);
            found.is_some_and(|found| found.text == want)
        });
        if follows && !(deniable && is_denied(words, index)) {
            hits.push(Hit::of(rule, normal, word.start, last.end));
        }
    }
}
