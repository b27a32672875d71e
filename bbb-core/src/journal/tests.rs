//! Exports, checkpoints and proofs under every small attack: nothing that was altered passes for what was signed.

use ed25519_dalek::{Signer, SigningKey};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::chain::{GENESIS, Hash, Head, Record};
use super::checkpoint::{self, Checkpoint, Signed, Statement, Verdict};
use super::export::{self, Export};
use super::keys::{KeyList, PublicKey, Rotation, Signature, rotation_bytes};
use super::merkle;
use super::proof::{self, Proof};
use crate::event::{By, Event, Payload};
use crate::id::BusinessId;
use crate::time::Timestamp;

fn secret(number: u8) -> SigningKey {
    SigningKey::from_bytes(&[number; 32])
}

fn public(secret: &SigningKey) -> PublicKey {
    PublicKey::from_bytes(&secret.verifying_key().to_bytes()).expect("a key")
}

fn sign(secret: &SigningKey, message: &[u8]) -> Signature {
    Signature(secret.sign(message).to_bytes())
}

fn business(number: u8) -> BusinessId {
    BusinessId::from_bytes([number; 8])
}

fn journal(length: u64) -> Vec<Record> {
    named(length, "reason")
}

fn named(length: u64, name: &str) -> Vec<Record> {
    let mut previous = GENESIS;
    let record = |sequence| {
        let payload = Payload::Paused { by: By::Owner, reason: format!("{name} {sequence}") };
        let event = Event { sequence, at: Timestamp::from_ms(1000 + sequence.cast_signed()), cause: sequence - 1, payload };
        let record = Record::encode(&event, &previous).expect("small");
        previous = record.hash;
        record
    };
    (1..=length).map(record).collect()
}

fn statement(whose: BusinessId, records: &[Record], sequence: u64) -> Statement {
    let covered = &records[..usize::try_from(sequence).expect("small")];
    let head = covered.last().map_or(Head::EMPTY, |last| Head { sequence, hash: last.hash });
    let root = merkle::root(covered.iter().map(|record| &record.hash)).unwrap_or(GENESIS);
    Statement { business: whose, head, root, at: Timestamp::from_ms(5000) }
}

fn checkpoint(secret: &SigningKey, whose: BusinessId, records: &[Record], sequence: u64) -> Checkpoint {
    let statement = statement(whose, records, sequence);
    Checkpoint::new(statement, public(secret), sign(secret, &statement.bytes())).expect("own signature")
}

fn rotated(keys: KeyList, old: &SigningKey, new: &SigningKey) -> Result<KeyList, checkpoint::Error> {
    let (at, number) = (Timestamp::from_ms(7000), keys.rotations() as u64 + 1);
    let bytes = rotation_bytes(number, &public(old), &public(new), at);
    keys.rotated(Rotation { key: public(new), at_ms: at.ms(), by_old: sign(old, &bytes), by_new: sign(new, &bytes) })
}

/// Seven events, checkpoints of the third by the first key and of the sixth by the second one.
fn signed() -> (Vec<Record>, Signed) {
    let records = journal(7);
    let keys = rotated(KeyList::new(public(&secret(1))), &secret(1), &secret(2)).expect("signed by both");
    let checkpoints = vec![checkpoint(&secret(1), business(1), &records, 3), checkpoint(&secret(2), business(1), &records, 6)];
    (records, Signed { keys, checkpoints })
}

fn exported() -> String {
    let (records, signed) = signed();
    text(&records, &signed)
}

fn text(records: &[Record], signed: &Signed) -> String {
    let mut bytes = Vec::new();
    export::write_signed(&mut bytes, business(1), records, signed).expect("memory");
    String::from_utf8(bytes).expect("JSON")
}

fn check(bytes: &[u8], trusted: &PublicKey, kept: &[Checkpoint]) -> Result<Verdict, String> {
    let Export { business, records, signed, .. } = export::read_signed(&mut &*bytes).map_err(|error| error.to_string())?;
    checkpoint::verify(business, &records, signed.as_ref(), kept, Some(trusted)).map_err(|error| error.to_string())
}

#[track_caller]
fn refused(bytes: &[u8], want: &str) {
    let error = check(bytes, &public(&secret(2)), &[]).expect_err(want);
    assert!(error.contains(want), "`{want}` is not in: {error}");
}

#[test]
fn an_export_with_checkpoints_verifies_and_tells_its_unsigned_tail() {
    let text = exported();
    for number in [1, 2] {
        let verdict = check(text.as_bytes(), &public(&secret(number)), &[]).expect("own export");
        assert_eq!((verdict.end.sequence, verdict.unsigned()), (7, 1));
        let (newest, count) = verdict.newest.expect("signed");
        assert_eq!((newest.head().sequence, *newest.key(), count), (6, public(&secret(2)), 2));
    }
    let kept = check(text.as_bytes(), &public(&secret(2)), &signed().1.checkpoints).expect("agrees with itself");
    assert_eq!(kept.newest.map(|(_, count)| count), Some(2), "a copy is no further checkpoint");
    let plain = export::read(&mut text.as_bytes()).expect("whole");
    assert_eq!((plain.0, plain.1, plain.2.sequence), (business(1), journal(7), 7));
}

#[test]
fn every_single_byte_change_of_an_export_is_refused() {
    let bytes = exported().into_bytes();
    for index in 0..bytes.len() {
        // 0x20 is the case of a letter.
        for mask in [1, 0x20] {
            let mut altered = bytes.clone();
            altered[index] ^= mask;
            assert!(check(&altered, &public(&secret(2)), &[]).is_err(), "byte {index}, mask {mask:#x}");
        }
        let mut spaced = bytes.clone();
        spaced.insert(index, b" \n\t\r"[index % 4]);
        assert!(check(&spaced, &public(&secret(2)), &[]).is_err(), "white space before byte {index}");
        assert!(check(&bytes[..index], &public(&secret(2)), &[]).is_err(), "cut at {index}");
    }
}

/// Lines before the records: the heading and the checkpoints.
const BEFORE: usize = 3;

#[test]
fn the_event_that_was_altered_is_named() {
    let text = exported();
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let named = |bytes: &[u8], event: usize, what: &str| {
        let error = check(bytes, &public(&secret(2)), &[]).expect_err(what);
        let place = format!("line {}: ", BEFORE + event);
        let names =
            [format!("record {event} does not match its hash"), format!("record {event}: "), format!("record {event} has format version ")];
        let out_of_order = error.ends_with(&format!(" stands where record {event} should"));
        assert!(error.starts_with(&place) && (out_of_order || names.iter().any(|name| error.contains(name))), "{what}: {error}");
    };
    let mut start: usize = lines[..BEFORE].iter().map(|line| line.len()).sum();
    for event in 1..=7 {
        let line = lines[BEFORE + event - 1];
        for at in start..start + line.len() {
            for mask in [1, 2, 0x10, 0x20, 0x80] {
                let mut altered = text.clone().into_bytes();
                altered[at] ^= mask;
                named(&altered, event, &format!("byte {} of event {event}, mask {mask:#x}", at - start));
            }
            let mut without = text.clone().into_bytes();
            without.remove(at);
            named(&without, event, &format!("without byte {} of event {event}", at - start));
            let mut longer = text.clone().into_bytes();
            longer.insert(at, b'0');
            named(&longer, event, &format!("one more before byte {} of event {event}", at - start));
        }
        start += line.len();
    }
}

#[test]
fn the_event_where_the_order_breaks_is_named() {
    let (records, _) = signed();
    let text = exported();
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let says = |lines: &[&str], event: usize, found: usize| {
        let want = format!("line {}: record {found} stands where record {event} should", BEFORE + event);
        refused(lines.concat().as_bytes(), &want);
    };
    for event in 1..=7 {
        let at = BEFORE + event - 1;
        for other in event + 1..=7 {
            let mut swapped = lines.clone();
            swapped.swap(at, BEFORE + other - 1);
            says(&swapped, event, other);
            let mut moved = lines.clone();
            let line = moved.remove(at);
            moved.insert(BEFORE + other - 1, line);
            says(&moved, event, event + 1);
        }
        if event < 7 {
            let mut without = lines.clone();
            without.remove(at);
            says(&without, event, event + 1);
        }
        for to in 1..=8 {
            let mut doubled = lines.clone();
            doubled.insert(BEFORE + to - 1, lines[at]);
            let expected = if to == event { to + 1 } else { to };
            says(&doubled, expected, event);
        }
        // One that was made up, and fits what is before it: the next genuine one does not follow it.
        let mut forged = lines.clone();
        let mut made_up = records[event - 1].decode().expect("own");
        made_up.sequence += 1;
        let line = {
            let record = Record::encode(&made_up, &records[event - 1].hash).expect("small");
            let mut bytes = Vec::new();
            export::write(&mut bytes, business(1), &[record]).expect("memory");
            String::from_utf8(bytes).expect("JSON").split_inclusive('\n').nth(1).expect("a record").to_owned()
        };
        forged.insert(at + 1, &line);
        match event {
            7 => refused(
                forged.concat().as_bytes(),
                "line 11: the file ends here at event 8, but its first line says that there are 7 events",
            ),
            _ => says(&forged, event + 2, event + 1),
        }
        // Everything chained anew from here on: the first checkpoint after it tells between which events.
        let mut other = records[..event - 1].to_vec();
        for record in named(7, "lie").drain(event - 1..) {
            let before = other.last().map_or(GENESIS, |last: &Record| last.hash);
            other.push(Record::encode(&record.decode().expect("own"), &before).expect("small"));
        }
        let (_, signed) = signed();
        match event {
            1..=3 => refused(self::text(&other, &signed).as_bytes(), "an event after 0 and up to 3 was altered"),
            4..=6 => refused(self::text(&other, &signed).as_bytes(), "an event after 3 and up to 6 was altered"),
            // No checkpoint covers it: it is told as unsigned.
            _ => {
                let verdict = check(self::text(&other, &signed).as_bytes(), &public(&secret(2)), &[]).expect("the end is not signed");
                assert_eq!(verdict.unsigned(), 1);
            }
        }
    }
}

#[test]
fn lines_moved_left_out_or_doubled_are_refused_by_name() {
    let text = exported();
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    assert_eq!(lines.len(), 10);
    let fails = |lines: &[&str], what: &str| {
        let error = check(lines.concat().as_bytes(), &public(&secret(2)), &[]).expect_err(what);
        assert!(error.contains("line") || error.contains("checkpoint"), "{what}: {error}");
    };
    for index in 0..lines.len() {
        let mut without = lines.clone();
        without.remove(index);
        fails(&without, &format!("without line {index}"));
        fails(&lines[..index], &format!("cut before line {index}"));
        for to in 0..=lines.len() {
            let mut doubled = lines.clone();
            doubled.insert(to, lines[index]);
            fails(&doubled, &format!("line {index} again at {to}"));
        }
        for other in index + 1..lines.len() {
            let mut swapped = lines.clone();
            swapped.swap(index, other);
            fails(&swapped, &format!("lines {index} and {other} swapped"));
        }
    }
    let mut without = lines.clone();
    without.remove(5);
    refused(without.concat().as_bytes(), "line 6: record 4 stands where record 3 should");
    refused(text.replace("reason 5", "season 5").as_bytes(), "line 8: record 5 does not match its hash");
    refused(lines[..9].concat().as_bytes(), "line 9: the file ends here at event 6, but its first line says that there are 7 events");
}

#[test]
fn a_journal_that_was_rewritten_or_shortened_as_a_whole_disagrees_with_its_checkpoints() {
    let (records, signed) = signed();
    // Everything chained anew, with other content from event 5 on.
    let mut other = records[..4].to_vec();
    for record in named(7, "lie").drain(4..) {
        let event = record.decode().expect("own");
        other.push(Record::encode(&event, &other[other.len() - 1].hash).expect("small"));
    }
    refused(text(&other, &signed).as_bytes(), "an event after 3 and up to 6 was altered");
    refused(
        text(&records[..5], &signed).as_bytes(),
        "ends at event 5, but a checkpoint of 1970-01-01T00:00:05.000Z says that event 6 was committed",
    );
    // Its newest checkpoint taken away too, a shorter journal is a genuine one of earlier; only a checkpoint kept elsewhere tells.
    let earlier = Signed { checkpoints: signed.checkpoints[..1].to_vec(), ..signed.clone() };
    let short = text(&records[..4], &earlier);
    let verdict = check(short.as_bytes(), &public(&secret(1)), &[]).expect("genuine");
    assert_eq!((verdict.end.sequence, verdict.unsigned()), (4, 1));
    let error = check(short.as_bytes(), &public(&secret(1)), &signed.checkpoints[1..]).expect_err("truncated");
    assert!(error.contains("ends at event 4") && error.contains("event 6"), "{error}");
    // The older key alone cannot vouch any more for whoever trusts the newer one.
    refused(short.as_bytes(), "is signed by an older key");
    let none = Signed { checkpoints: Vec::new(), ..signed.clone() };
    refused(text(&records, &none).as_bytes(), "nothing here is signed");
    let mut plain = Vec::new();
    export::write(&mut plain, business(1), &records).expect("memory");
    refused(&plain, "nothing here is signed");
    // Of an export without checkpoints, one that was kept elsewhere says how far it is signed.
    let verdict = check(&plain, &public(&secret(2)), &signed.checkpoints[1..]).expect("agrees");
    assert_eq!(verdict.unsigned(), 1);
    let error = check(&plain, &public(&secret(3)), &signed.checkpoints[1..]).expect_err("a stranger's");
    assert!(error.contains("which is not in the list of keys"), "{error}");
}

#[test]
fn checkpoints_of_others_and_keys_of_others_are_refused() {
    let (records, signed) = signed();
    let with = |at: usize, checkpoint: Checkpoint| {
        let mut signed = signed.clone();
        signed.checkpoints[at] = checkpoint;
        text(&records, &signed)
    };
    refused(with(1, checkpoint(&secret(2), business(2), &records, 6)).as_bytes(), "is of biz_0202020202020202");
    refused(with(1, checkpoint(&secret(3), business(1), &records, 6)).as_bytes(), "which is not in the list of keys");
    refused(with(0, checkpoint(&secret(2), business(1), &records, 6)).as_bytes(), "it is of the same event");
    refused(with(0, checkpoint(&secret(2), business(1), &records, 7)).as_bytes(), "it is older");
    refused(with(1, checkpoint(&secret(2), business(1), &named(7, "lie"), 6)).as_bytes(), "was altered");
    let mut late = signed.clone();
    late.checkpoints.push(checkpoint(&secret(1), business(1), &records, 7));
    refused(text(&records, &late).as_bytes(), "its key had been replaced");
    let error = check(exported().as_bytes(), &public(&secret(3)), &[]).expect_err("a stranger's key");
    assert!(error.contains("does not vouch for this: it is not in the list of keys"), "{error}");
    let root = Statement { root: Hash([9; 32]), ..statement(business(1), &records, 6) };
    let rootless = Checkpoint::new(root, public(&secret(2)), sign(&secret(2), &root.bytes())).expect("own signature");
    refused(with(1, rootless).as_bytes(), "has another tree root");
    // A signature of another key, or of another statement by the same key, makes no checkpoint.
    let said = statement(business(1), &records, 6);
    let bad = |key: PublicKey, signature: Signature| Checkpoint::new(said, key, signature).expect_err("not its signature");
    bad(public(&secret(2)), sign(&secret(1), &said.bytes()));
    bad(public(&secret(2)), sign(&secret(2), &statement(business(1), &records, 5).bytes()));
    // The same content signed for another purpose: the domain tells.
    bad(public(&secret(2)), sign(&secret(2), &said.bytes()[31..]));
}

#[test]
fn a_forged_rotation_brings_no_key_in() {
    let keys = KeyList::new(public(&secret(1)));
    let at = Timestamp::from_ms(7000);
    let bytes = rotation_bytes(1, &public(&secret(1)), &public(&secret(9)), at);
    let rotation = |by_old: Signature, by_new: Signature| Rotation { key: public(&secret(9)), at_ms: 7000, by_old, by_new };
    let (old, new) = (sign(&secret(1), &bytes), sign(&secret(9), &bytes));
    assert!(keys.clone().rotated(rotation(old, new)).is_ok());
    for (by_old, by_new) in [(new, new), (old, old), (new, old)] {
        assert_eq!(keys.clone().rotated(rotation(by_old, by_new)), Err(checkpoint::Error::BadRotation { number: 1 }));
    }
    // Genuine signatures, at another place or time.
    let second = rotated(keys.clone(), &secret(1), &secret(2)).expect("signed by both");
    assert_eq!(second.clone().rotated(rotation(old, new)), Err(checkpoint::Error::BadRotation { number: 2 }));
    let later = Rotation { at_ms: 7001, ..rotation(old, new) };
    assert_eq!(keys.rotated(later), Err(checkpoint::Error::BadRotation { number: 1 }));
    assert!(matches!(rotated(second.clone(), &secret(2), &secret(1)), Err(checkpoint::Error::BadKeys(_))), "a key comes back");
    let text = second.to_text();
    assert_eq!(KeyList::from_text(&text), Ok(second));
    for index in 0..text.len() {
        let mut altered = text.clone().into_bytes();
        altered[index] ^= 1;
        assert!(String::from_utf8(altered).map_or(true, |altered| KeyList::from_text(&altered).is_err()), "byte {index}");
    }
    // All-zero bytes are a key of small order, under which anything verifies.
    assert_eq!(PublicKey::from_bytes(&[0; 32]), None);
}

fn proofs() -> Vec<Proof> {
    let (records, signed) = signed();
    let newest = signed.checkpoints[1];
    (1..=6).map(|sequence| Proof::of(&signed.keys, newest, &records, sequence).expect("covered")).collect()
}

#[test]
fn a_proof_shows_one_event_without_the_journal_and_every_change_is_refused() {
    let (records, signed) = signed();
    for (proof, record) in proofs().iter().zip(&records) {
        let text = proof.to_text().expect("JSON");
        let read = Proof::from_text(&(text.clone() + "\n")).expect("own proof");
        assert_eq!((&read, &read.record), (proof, record));
        assert_eq!((read.check(&public(&secret(1))), read.check(&public(&secret(2)))), (Ok(()), Ok(())));
        assert!(read.check(&public(&secret(3))).is_err() && read.path.len() <= 3);
    }
    let text = proofs()[4].to_text().expect("JSON").into_bytes();
    let passes = |bytes: &[u8]| {
        std::str::from_utf8(bytes).is_ok_and(|text| Proof::from_text(text).is_ok_and(|proof| proof.check(&public(&secret(2))).is_ok()))
    };
    assert!(passes(&text));
    for index in 0..text.len() {
        for mask in [1, 0x20] {
            let mut altered = text.clone();
            altered[index] ^= mask;
            assert!(!passes(&altered), "byte {index}, mask {mask:#x}");
        }
        let mut spaced = text.clone();
        spaced.insert(index, b' ');
        assert!(!passes(&spaced) && !passes(&text[..index]), "byte {index}");
    }
    let of = |checkpoint: Checkpoint, records: &[Record], sequence| Proof::of(&signed.keys, checkpoint, records, sequence);
    let newest = signed.checkpoints[1];
    for sequence in [0, 7, u64::MAX] {
        assert_eq!(of(newest, &records, sequence), Err(proof::Error::NotCovered { sequence, covered: 6 }));
    }
    assert!(matches!(of(newest, &named(7, "lie"), 2), Err(proof::Error::NotIncluded { sequence: 2, count: 6 })));
    assert!(matches!(of(newest, &records[..5], 2), Err(proof::Error::Checkpoint(checkpoint::Error::Truncated { end: 5, .. }))));
    // Under the older key's checkpoint, for whoever trusts only the newer key.
    let old = of(signed.checkpoints[0], &records, 2).expect("covered");
    assert!(old.check(&public(&secret(1))).is_ok() && old.check(&public(&secret(2))).is_err());
}

#[test]
fn what_random_journals_export_verifies_and_each_of_their_events_can_be_proven() {
    let mut random = ChaCha8Rng::seed_from_u64(7);
    for case in 0..60 {
        let length = random.next_u64() % 40 + 1;
        let records = named(length, &format!("\"\\\u{e9}{{{case}\u{1f600}"));
        let mut keys = KeyList::new(public(&secret(1)));
        let (mut key, mut checkpoints) = (1, Vec::new());
        for sequence in 1..=length {
            if random.next_u64() % 9 == 0 {
                keys = rotated(keys, &secret(key), &secret(key + 1)).expect("signed by both");
                key += 1;
            }
            if random.next_u64() % 4 == 0 || sequence == length / 2 + 1 {
                checkpoints.push(checkpoint(&secret(key), business(1), &records, sequence));
            }
        }
        let signed = Signed { keys, checkpoints };
        let newest = *signed.checkpoints.last().expect("one at least");
        let verdict = check(text(&records, &signed).as_bytes(), newest.key(), &signed.checkpoints).expect("own export");
        assert_eq!((verdict.end.sequence, verdict.unsigned()), (length, length - newest.head().sequence));
        for sequence in 1..=newest.head().sequence {
            let proof = Proof::of(&signed.keys, newest, &records, sequence).expect("covered");
            let read = Proof::from_text(&proof.to_text().expect("JSON")).expect("own proof");
            assert_eq!(read.check(newest.key()), Ok(()));
        }
    }
}

/// Alters bytes as a random fault or a fuzzer would: flips, cuts, copies of stretches, digits and brackets put in.
fn mutate(bytes: &[u8], random: &mut ChaCha8Rng) -> Vec<u8> {
    let mut out = bytes.to_vec();
    let mut below = |limit: usize| usize::try_from(random.next_u64() % limit.max(1) as u64).expect("small");
    for _ in 0..=below(3) {
        let at = below(out.len());
        match below(6) {
            0 if !out.is_empty() => out[at] ^= 1 << below(8),
            1 => out.truncate(at),
            2 => {
                let piece = out[at..(at + below(64)).min(out.len())].to_vec();
                let to = below(out.len() + 1);
                out.splice(to..to, piece);
            }
            3 => drop(out.drain(at..(at + below(64)).min(out.len()))),
            4 => out.insert(at, b"0123456789-.eE{}[]\",:\\u\xff\n "[below(26)]),
            _ if !out.is_empty() => out[at] = u8::try_from(below(256)).expect("a byte"),
            _ => {}
        }
    }
    out
}

#[test]
fn no_bytes_make_a_reader_panic_or_pass() {
    let mut random = ChaCha8Rng::seed_from_u64(11);
    let key = public(&secret(2));
    let export = exported().into_bytes();
    let line = signed().1.checkpoints[1].to_line().into_bytes();
    let keys = signed().1.keys.to_text().into_bytes();
    let proof = proofs()[2].to_text().expect("JSON").into_bytes();
    for case in 0..1000 {
        let altered = mutate(&export, &mut random);
        assert!(altered == export || check(&altered, &key, &[]).is_err(), "export, case {case}");
        let altered = String::from_utf8_lossy(&mutate(&line, &mut random)).into_owned();
        assert!(altered.as_bytes() == line || Checkpoint::from_line(&altered).is_err(), "checkpoint, case {case}");
        let altered = String::from_utf8_lossy(&mutate(&keys, &mut random)).into_owned();
        let stranger = KeyList::from_text(&altered).is_ok_and(|list| list.rotations() > 0);
        assert!(altered.as_bytes() == keys || !stranger, "keys, case {case}");
        let altered = String::from_utf8_lossy(&mutate(&proof, &mut random)).into_owned();
        let passes = Proof::from_text(&altered).is_ok_and(|read| read.check(&key).is_ok());
        assert!(altered.trim_end_matches('\n').as_bytes() == proof || !passes, "proof, case {case}");
    }
    for case in 0..500 {
        let mut noise = vec![0; usize::try_from(random.next_u64() % 200).expect("small")];
        random.fill_bytes(&mut noise);
        let text = String::from_utf8_lossy(&noise);
        assert!(
            check(&noise, &key, &[]).is_err() && Checkpoint::from_line(&text).is_err() && Proof::from_text(&text).is_err(),
            "case {case}"
        );
    }
}

/// The worked example of `docs/design/journal-format.md`, which shows these very texts.
#[test]
fn the_example_in_the_documentation_is_what_is_written() {
    let records = journal(3);
    let newest = checkpoint(&secret(1), business(1), &records, 3);
    let proof = Proof::of(&KeyList::new(public(&secret(1))), newest, &records, 2).expect("covered");
    let document = include_str!("../../../docs/design/journal-format.md");
    let shown: String = document.split("```text\n").skip(1).map(|block| block.split("```").next().unwrap_or_default()).collect();
    let message = super::hex::encode(&newest_statement(&records).bytes());
    let shown = shown.replace('\n', "");
    let wanted = [message, newest.to_line(), proof.to_text().expect("JSON")];
    let missing: Vec<&String> = wanted.iter().filter(|want| !shown.contains(want.as_str())).collect();
    assert!(missing.is_empty(), "the documentation does not show: {missing:#?}");
}

fn newest_statement(records: &[Record]) -> Statement {
    statement(business(1), records, 3)
}
