//! Single words of a command line and of the socket: ids, amounts, digests, addresses, zones, names of blueprints.

use std::fmt::{Debug, Display};
use std::str::FromStr;

use bbb::core::id::{BusinessId, ContactId, OrderId, ProposalId, TaskId, TicketId};
use bbb::core::journal::chain::Hash;
use bbb::core::journal::keys::PublicKey;
use bbb::core::money::Cents;
use bbb::core::time;
use bbb::integrations::mail::address;
use bbb::prelude::blueprint;

use super::{Answer, Target, text};

const TOKENS: [&str; 18] = [
    "prop_",
    "biz_",
    "contact_",
    "order_",
    "task_",
    "ticket_",
    "0123456789abcdef",
    "+",
    "-",
    ".",
    "$",
    ",",
    "@example.com",
    "Europe/Berlin",
    "Agency",
    " ",
    "\0",
    "é",
];

/// What is printed reads back as the same; what is refused says the form, and is not too long for a screen.
fn reads_back<T>(text: &str) -> Result<(), String>
where
    T: FromStr<Err: Display> + Display + PartialEq + Debug,
{
    let value: T = text.parse().map_err(|error: T::Err| {
        let words = error.to_string();
        assert!(words.chars().count() < 200 && words.contains('<'), "{words}");
        words
    })?;
    assert_eq!(value.to_string().parse::<T>().ok(), Some(value), "{text}");
    Ok(())
}

fn answer(input: &[u8]) -> Answer {
    let text = text(input)?;
    let text = text.strip_suffix('\n').unwrap_or(text);
    let ids = [
        reads_back::<BusinessId>(text),
        reads_back::<ContactId>(text),
        reads_back::<ProposalId>(text),
        reads_back::<OrderId>(text),
        reads_back::<TaskId>(text),
        reads_back::<TicketId>(text),
    ];
    if let Ok(cents) = Cents::parse_dollars(text) {
        assert_eq!(Cents::parse_dollars(&cents.to_string()), Ok(cents));
    }
    if let Some(hash) = Hash::from_hex(text) {
        assert_eq!(hash.to_string(), text);
    }
    if let Some(key) = PublicKey::from_hex(text) {
        assert_eq!(key.to_string(), text);
    }
    let _ = (address::parse(text), time::zone(text), blueprint::resolve(text));
    match ids.iter().position(Result::is_ok) {
        Some(place) => Ok(["a business", "a contact", "a proposal", "an order", "a task", "a ticket"][place].to_owned()),
        None => Err("no id".to_owned()),
    }
}

#[test]
fn any_word_is_read_or_refused_and_reads_back() {
    Target { name: "words", tokens: &TOKENS, more: Vec::new(), answer, one_in: 1 }.run();
}
