//! What a journal says, where its hashes are right: whoever can write a journal can write any event into it. It is folded, or refused with the event that does not fit.

use bbb::core::invariant;
use bbb::core::journal::chain::{Head, Record};
use bbb::core::state::State;
use bbb::core::time::Timestamp;
use serde_json::Value;

use super::exports::{TOKENS, simulated};
use super::{Answer, Target, names_a_place, text};

/// The records of an export whose numbers and hashes are made anew.
fn chained(text: &str) -> Result<Vec<Record>, String> {
    let (mut head, mut records) = (Head::EMPTY, Vec::new());
    for (index, line) in text.lines().enumerate().skip(1) {
        let bad = |what: &str| format!("line {}: {what}", index + 1);
        let value: Value = serde_json::from_str(line).map_err(|_| bad("not JSON"))?;
        let number = |name: &str| value[name].as_i64();
        let cause = number("cause").and_then(|cause| u64::try_from(cause).ok()).ok_or_else(|| bad("no cause"))?;
        let version = number("version").and_then(|version| u16::try_from(version).ok()).ok_or_else(|| bad("no version"))?;
        let at = Timestamp::from_ms(number("at_ms").ok_or_else(|| bad("no time"))?);
        let payload = value["payload"].to_string().into_bytes().into();
        let mut record = Record { sequence: head.sequence + 1, at, version, cause, payload, hash: head.hash };
        record.hash = record.chained(&head.hash);
        head = record.follow(&head).map_err(|error| error.to_string())?;
        records.push(record);
    }
    Ok(records)
}

fn answer(input: &[u8]) -> Answer {
    let records = chained(text(input)?)?;
    let refused = |words: String| {
        assert!(names_a_place(&words) || words.starts_with("oversight reviewed"), "{words}");
        words
    };
    let events: Vec<_> = records.iter().map(Record::decode).collect::<Result<_, _>>().map_err(|error| refused(error.to_string()))?;
    let business = bbb::core::id::BusinessId::from_bytes([0; 8]);
    let folded = State::replay(business, &events).map_err(|error| refused(error.to_string()))?;
    let checked = invariant::check(&events).map_err(|error| refused(error.to_string()))?;
    assert_eq!(folded, checked, "the fold is one");
    Ok(String::new())
}

#[test]
fn any_events_are_folded_or_refused_with_the_one_that_does_not_fit() {
    Target { name: "events", tokens: &TOKENS, more: vec![simulated()], answer, one_in: 1 }.run();
}
