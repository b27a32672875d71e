//! Requests for what nobody should ever write in a mail: passwords, PINs, card and account numbers.

use std::sync::LazyLock;

use super::Hit;
use super::denial::{is_denied, pauses};
use super::normal::{Normal, Word};
use super::phrases::{Table, ends_sentence, same_sentence};

const RULE: &str = "content.asks-credentials";

/// What is asked for: runs of whole words.
const SECRETS: [&str; 46] = [
    "password",
    "passwords",
    "passcode",
    "passphrase",
    "pin code",
    "pin number",
    "pin codes",
    "your pin",
    "the pin",
    "card pin",
    "bank pin",
    "atm pin",
    "secret pin",
    "card number",
    "card numbers",
    "card details",
    "card data",
    "your credit card",
    "your debit card",
    "cvv",
    "cvc",
    "security code",
    "social security",
    "ssn",
    "bank login",
    "bank logins",
    "bank log in",
    "bank credentials",
    "bank details",
    "your bank account",
    "account number",
    "account numbers",
    "routing number",
    "online banking",
    "login details",
    "login data",
    "login credentials",
    "login information",
    "your login",
    "your credentials",
    "verification code",
    "one time code",
    "seed phrase",
    "recovery phrase",
    "mother's maiden name",
    "three digits on the back",
];
/// The secrets by their first words.
static BY_FIRST: LazyLock<Table<Vec<&str>>> = LazyLock::new(|| {
    let mut table: Table<Vec<&str>> = Table::default();
    for secret in SECRETS {
        table.entry(secret.split(' ').next().unwrap_or(secret)).or_default().push(secret);
    }
    table
});
/// How it is asked for.
const ASKS: [&str; 36] = [
    "send",
    "sends",
    "sending",
    "reply",
    "replying",
    "respond",
    "answer",
    "give",
    "giving",
    "tell",
    "enter",
    "entering",
    "provide",
    "providing",
    "confirm",
    "confirming",
    "verify",
    "verifying",
    "share",
    "sharing",
    "submit",
    "type",
    "text",
    "email",
    "mail",
    "message",
    "need",
    "require",
    "ask",
    "asking",
    "supply",
    "forward",
    "disclose",
    "include",
    "update",
    "what",
];
/// What turns a request into a question about something else: "tell us if your password does not work".
const TURNS: [&str; 4] = ["if", "whether", "how", "why"];

/// The most words between asking and what is asked for.
const REACH: usize = 8;
/// The most words between two verbs of one request.
const REQUEST_WITHIN: usize = 3;

/// Whether a word is part of anything that is looked for here.
pub(super) fn knows(word: &str) -> bool {
    static KNOWN: LazyLock<Table<()>> =
        LazyLock::new(|| SECRETS.into_iter().flat_map(|secret| secret.split(' ')).chain(ASKS).map(|word| (word, ())).collect());
    KNOWN.contains_key(word)
}

pub(super) fn find(normal: &Normal, words: &[Word<'_>], hits: &mut Vec<Hit>) {
    for (index, word) in words.iter().enumerate() {
        let Some(length) = secret(words, index) else { continue };
        let last = words[index + length - 1];
        if is_denied(normal, words, index) {
            continue;
        }
        let from = index.saturating_sub(REACH);
        let asked = (from..index).rev().take_while(|at| same_sentence(normal, words, *at, index) && !TURNS.contains(&words[*at].text));
        let mut asked = asked.filter(|at| ASKS.contains(&words[*at].text));
        let wanted = words[index + length..].iter().take(3).find(|word| matches!(word.text, "required" | "needed"));
        let wanted = wanted.filter(|word| !ends_sentence(&normal.text[last.end..word.start]));
        match (asked.find(|at| !is_denied_request(normal, words, *at)), wanted) {
            (Some(at), _) => hits.push(Hit::of(RULE, normal, words[at].start, last.end)),
            (None, Some(wanted)) => hits.push(Hit::of(RULE, normal, word.start, wanted.end)),
            (None, None) => {}
        }
    }
}

/// How many words of a secret begin here.
fn secret(words: &[Word<'_>], index: usize) -> Option<usize> {
    let fits = |phrase: &&&str| phrase.split(' ').enumerate().all(|(at, part)| words.get(index + at).is_some_and(|word| word.text == part));
    BY_FIRST.get(words[index].text)?.iter().filter(fits).map(|phrase| phrase.split(' ').count()).max()
}

/// Whether nobody asks: "we never ask you to send", where the denial stands before the first of two verbs.
fn is_denied_request(normal: &Normal, words: &[Word<'_>], index: usize) -> bool {
    let first =
        (index.saturating_sub(REQUEST_WITHIN)..index).find(|at| ASKS.contains(&words[*at].text) && !pauses(normal, words, *at, index));
    is_denied(normal, words, index) || first.is_some_and(|first| is_denied(normal, words, first))
}
