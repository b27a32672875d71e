//! Exported journals, as `bbb journal verify FILE` reads them: every byte is vouched for, or the line is named that is not.

use std::io::{BufRead, Read};

use bbb::core::journal::chain::{Head, Record};
use bbb::core::journal::{checkpoint, export};

use super::{Answer, Target, names_a_place};
use crate::run::{chatbot, on_one_thread, run};

pub(super) const PLAIN: &[u8] = include_bytes!("../../golden/journal-v1.jsonl");
pub(super) const TOKENS: [&str; 22] = [
    "{\"format\":\"bbb-journal/1\",\"business\":\"biz_1a0d12016999e476\"}\n",
    "bbb-journal/2",
    "\"events\":3",
    "\"checkpoints\":1",
    "\"keys\":",
    "\"sequence\":1",
    "\"at_ms\":-1",
    "\"version\":2",
    "\"cause\":99",
    "\"hash\":\"",
    "\"payload\":",
    "{\"type\":\"paused\",\"by\":\"owner\",\"reason\":\"x\"}",
    "{\"type\":\"resumed\"}",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "null",
    "\\u0000",
    "\"",
    "{",
    "}",
    ",",
    "\r\n",
    "\u{feff}",
];

/// The journal of a simulated business, as it is exported.
pub(super) fn simulated() -> Vec<u8> {
    let ran = on_one_thread(run(chatbot(2), |builder| builder));
    let mut head = Head::EMPTY;
    let encoded = ran.events.iter().map(|event| {
        let record = Record::encode(event, &head.hash).unwrap();
        head = record.follow(&head).unwrap();
        record
    });
    let records: Vec<Record> = encoded.collect();
    let mut out = Vec::new();
    export::write(&mut out, ran.state.business, &records).unwrap();
    out
}

/// An input that comes in small pieces.
struct Slow<'a> {
    rest: &'a [u8],
}

impl Read for Slow<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.rest.read(buffer)
    }
}

impl BufRead for Slow<'_> {
    fn fill_buf(&mut self) -> std::io::Result<&[u8]> {
        // Little at a time: a line lies across many of these.
        Ok(&self.rest[..self.rest.len().min(61)])
    }

    fn consume(&mut self, amount: usize) {
        self.rest = &self.rest[amount..];
    }
}

fn answer(input: &[u8]) -> Answer {
    let refused = |words: String| {
        assert!(names_a_place(&words), "{words}");
        words
    };
    let whole = export::read_signed(&mut &*input).map_err(|error| error.to_string());
    let read = export::read_signed(&mut Slow { rest: input }).map_err(|error| error.to_string());
    assert_eq!(whole.as_ref().map(|read| read.head), read.as_ref().map(|read| read.head), "however it is read");
    let read = read.map_err(refused)?;
    let mut written = Vec::new();
    match &read.signed {
        Some(signed) => export::write_signed(&mut written, read.business, &read.records, signed),
        None => export::write(&mut written, read.business, &read.records),
    }
    .unwrap();
    assert_eq!(written, input, "one journal has one text");
    checkpoint::verify(read.business, &read.records, read.signed.as_ref(), &[], None).map_err(|error| refused(error.to_string()))?;
    read.records.iter().map(Record::decode).collect::<Result<Vec<_>, _>>().map_err(|error| refused(error.to_string()))?;
    Ok(String::new())
}

#[test]
fn any_export_is_verified_or_refused_with_its_line() {
    Target { name: "exports", tokens: &TOKENS, more: vec![PLAIN.to_vec(), simulated()], answer, one_in: 1 }.run();
}
