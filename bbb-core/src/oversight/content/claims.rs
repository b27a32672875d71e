//! Claims that nobody may make: guarantees, incomes, cures, pressure, and words that belong to a machine and not to a reader.

use std::cell::LazyCell;
use std::sync::LazyLock;

use super::Hit;
use super::conduct::{GROUPS, Group, HEALTH_LICENCES, PLAIN, is_fair_dealing};
use super::context::Context;
use super::denial::is_denied;
use super::normal::{Normal, Word};
use super::own::Own;
use super::phrases::{Index, Table};
use crate::oversight::verdict::Ruling;

const CLAIMS: [Group; 4] = [
    Group {
        rule: "content.guarantee",
        patterns: &[
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
        ..PLAIN
    },
    Group {
        rule: "content.income-claim",
        patterns: &[
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
        ..PLAIN
    },
    Group {
        rule: "content.urgency",
        patterns: &[
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
        ..PLAIN
    },
    Group {
        rule: "content.injection-echo",
        patterns: &[
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
        ..PLAIN
    },
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
/// What a licensed provider may say of its own work; nobody cures, reverses or prevents.
const TREATS: [&str; 2] = ["treat", "treats"];
const PREVENTS: [&str; 2] = ["prevent", "prevents"];
/// No illness in particular.
const GENERAL: [&str; 4] = ["disease", "diseases", "illness", "illnesses"];

/// What a claim that is told by several lists begins with.
enum Verb {
    Earns,
    Cures,
}

static VERBS: LazyLock<Table<Verb>> =
    LazyLock::new(|| EARN.into_iter().map(|word| (word, Verb::Earns)).chain(CURES.into_iter().map(|word| (word, Verb::Cures))).collect());

/// The most words between the parts of one claim.
const REACH: usize = 6;

static INDEX: LazyLock<Index> = LazyLock::new(|| Index::of(CLAIMS.iter().chain(&GROUPS).map(|group| group.patterns)));

/// Whether a word is part of anything that is looked for here.
pub(super) fn knows(word: &str) -> bool {
    VERBS.contains_key(word) || ILLNESSES.contains(&word) || INDEX.knows(word)
}

pub(super) fn find(context: &Context<'_>, normal: &Normal, words: &[Word<'_>], own: &Own<'_>, hits: &mut Vec<Hit>) {
    let fair = LazyCell::new(|| is_fair_dealing(words));
    for found in INDEX.find(normal, words) {
        let group = CLAIMS.get(found.group).unwrap_or_else(|| &GROUPS[found.group - CLAIMS.len()]);
        let (start, end) = (words[found.first].start, words[found.last].end);
        let repeats_owner = group.unless_own && own.covers(start, end);
        if !repeats_owner && group.counts(&found, context, normal, words, || *fair) {
            let hit = Hit::of(group.rule, normal, start, end);
            hits.push(Hit { ruling: group.ruling, ..hit });
        }
    }
    for (index, word) in words.iter().enumerate() {
        match VERBS.get(word.text) {
            Some(Verb::Earns) if !is_denied(normal, words, index) => income(index, normal, words, hits),
            Some(Verb::Cures) => {
                let licensed = TREATS.contains(&word.text) && context.licensed_for(&HEALTH_LICENCES);
                if !licensed && !is_denied(normal, words, index) {
                    let illness = nearby(words, index).iter().find(|word| ILLNESSES.contains(&word.text));
                    // Clean water and fewer mice prevent diseases, too: that is for a person to judge.
                    let asks = |illness: &Word<'_>| PREVENTS.contains(&word.text) && GENERAL.contains(&illness.text);
                    hits.extend(illness.map(|illness| Hit {
                        ruling: if asks(illness) { Ruling::Escalate } else { Ruling::Veto },
                        ..Hit::of("content.health-claim", normal, word.start, illness.end)
                    }));
                }
            }
            Some(Verb::Earns) | None => {}
        }
    }
    quotes(normal, hits);
}

/// Praise between quotation marks with a name behind it: `"Best ever" - Maria`.
fn quotes(normal: &Normal, hits: &mut Vec<Hit>) {
    for (at, _) in normal.text.match_indices('"') {
        let after = normal.text[at + 1..].trim_start();
        let name = after.strip_prefix(['-', '~']).map(|after| after.trim_start_matches(['-', ' ']));
        // One word in quotation marks is something to type, not praise.
        let quoted = normal.text[..at].rfind('"').map(|start| &normal.text[start..at]);
        if name.is_some_and(|name| name.starts_with(char::is_alphabetic)) && quoted.is_some_and(|quoted| quoted.contains(' ')) {
            hits.push(Hit::of("content.testimonial", normal, at, at + 1));
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
    let behind = &words[index..][1..];
    &behind[..behind.len().min(REACH)]
}
