//! `bbb journal`: show, verify, export; and what a fork is to its journal.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::Stdio;

use super::Place;

#[test]
fn events_are_shown_in_pages_and_as_json() {
    let place = Place::new();
    let summary = place.launched("5");
    let events = summary["journal"]["events"].as_u64().unwrap();
    let all = place.bbb(&["journal", "show"]).ok();
    assert_eq!(all.lines().count() as u64, events);
    assert!(all.lines().next().unwrap().contains("launched") && all.lines().last().unwrap().contains("ended"));
    let some = place.bbb(&["journal", "show", "--from", "3", "--limit", "2"]).ok();
    assert_eq!(some.lines().collect::<Vec<_>>(), all.lines().skip(2).take(2).collect::<Vec<_>>());
    let beyond = place.bbb(&["journal", "show", "--from", "999999"]);
    assert!(beyond.err.contains("ends at event") && beyond.out.is_empty() && beyond.code == 0, "{beyond:?}");
    let json = place.bbb(&["journal", "show", "--limit", "1", "--json"]).json();
    assert_eq!(json["events"][0]["payload"]["type"], "launched");
}

#[test]
fn a_reader_that_hangs_up_early_is_no_error() {
    let place = Place::new();
    place.launched("60");
    let mut child = place.command(&["journal", "show"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut first = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), String::from_utf8(output.stderr).unwrap().as_str()), (Some(0), ""));
}

#[test]
fn an_export_verifies_without_its_store_and_every_change_is_found() {
    let place = Place::new();
    let summary = place.launched("5");
    let said = place.bbb(&["journal", "export", "--output", "run.jsonl", "--json"]).json();
    assert_eq!(said["head"], summary["journal"]["head"]);
    place.bbb(&["journal", "export", "--output", "run.jsonl"]).fails(4, "does not overwrite");
    place.bbb(&["journal", "export", "--json"]).fails(2, "--output");
    let text = fs::read_to_string(place.path().join("run.jsonl")).unwrap();
    assert_eq!(place.bbb(&["journal", "export"]).ok(), text);

    let elsewhere = Place::new();
    let check = |text: &str, code: i32, fragment: &str| {
        elsewhere.write("run.jsonl", text);
        let ran = elsewhere.bbb(&["journal", "verify", "run.jsonl"]);
        if code == 0 { assert!(ran.ok().contains(fragment)) } else { ran.fails(code, fragment) }
    };
    check(&text, 0, summary["journal"]["head"].as_str().unwrap());
    check("", 5, "the file is empty");
    check("{}\n", 5, "line 1");
    check(&text[..text.len() - 9], 5, "line");
    check(&text.replacen("study_market", "study_marked", 1), 5, "does not match its hash");
    let mut lines: Vec<&str> = text.lines().collect();
    lines.remove(7);
    check(&(lines.join("\n") + "\n"), 5, "line 8: record 7 stands where record 6 should");
    let shorter: String = text.lines().take(20).map(|line| line.to_owned() + "\n").collect();
    check(&shorter, 5, "line 20: the file ends here at event 18, but its first line says that there are");
    // Of the format without checkpoints, a shorter file is a journal too, and says that nothing is signed.
    let id = summary["business_id"].as_str().unwrap();
    let heading = format!("{{\"format\":\"bbb-journal/1\",\"business\":\"{id}\"}}\n");
    let plain: String = text.lines().skip(2).take(19).map(|line| line.to_owned() + "\n").collect();
    check(&(heading + &plain), 6, "integrity unproven: nothing vouches for this file");
    let bare = elsewhere.bbb(&["journal", "verify", "run.jsonl", "--json"]);
    bare.fails(6, "run.jsonl: integrity unproven");
    let said: serde_json::Value = serde_json::from_str(&bare.out).unwrap();
    let json = elsewhere.bbb(&["journal", "verify", "run.jsonl", "--unsigned", "--json"]).json();
    assert_eq!(said, json, "it is told either way");
    assert_eq!((json["events"].as_u64(), json["status"].as_str(), json["signed"].is_null()), (Some(19), Some("active"), true));
    assert_eq!(json["integrity"], "unproven");
    assert!(elsewhere.bbb(&["journal", "verify", "run.jsonl", "--unsigned"]).ok().contains("could have made all of it up"));
    elsewhere.bbb(&["journal", "verify", "run.jsonl", "--unsigned", "--key", "00"]).fails(2, "--unsigned");

    // Forged and chained anew, with the checkpoints left out: it fits together, and that is all.
    let journal = bbb::core::journal::export::read(&mut text.as_bytes()).unwrap();
    let mut forged: Vec<bbb::core::journal::chain::Record> = Vec::new();
    for record in &journal.1 {
        let mut event = record.decode().unwrap();
        event.at = event.at.plus_ms(1);
        let before = forged.last().map_or(bbb::core::journal::chain::GENESIS, |last| last.hash);
        forged.push(bbb::core::journal::chain::Record::encode(&event, &before).unwrap());
    }
    let mut bytes = Vec::new();
    bbb::core::journal::export::write(&mut bytes, journal.0, &forged).unwrap();
    check(&String::from_utf8(bytes).unwrap(), 6, "integrity unproven");
    // With checkpoints whose key came along, the exit code is 0, and both outputs say that it is the file's own word.
    elsewhere.write("run.jsonl", &text);
    assert_eq!(elsewhere.bbb(&["journal", "verify", "run.jsonl", "--json"]).json()["integrity"], "self_signed");
    let key = place.bbb(&["journal", "key"]).ok().trim().to_owned();
    assert_eq!(elsewhere.bbb(&["journal", "verify", "run.jsonl", "--key", &key, "--json"]).json()["integrity"], "proven");
    assert_eq!(place.bbb(&["journal", "verify", "--json"]).json()["integrity"], "own");
}

#[test]
fn a_fork_goes_its_own_way_and_is_made_once() {
    let place = Place::new();
    let original = place.launched("40");
    let id = original["business_id"].as_str().unwrap();
    let fork = |at: &str, price: &str| place.bbb(&["what-if", id, "--at", at, "--price", price, "--json"]);
    let forked = fork("200", "99.50").json();
    let figures = |compared: &serde_json::Value| compared["alternatives"][0]["figures"].clone();
    let name = figures(&forked)["business_id"].as_str().unwrap().to_owned();
    assert_eq!((&forked["original"]["business_id"], &figures(&forked)["status"]), (&original["business_id"], &"completed".into()));
    assert_ne!(name, id);
    let again = fork("200", "99.50");
    assert!(again.err.contains("was forked before"), "{}", again.err);
    assert_eq!(again.json(), forked);
    assert_ne!(figures(&fork("201", "99.50").json())["business_id"], name.as_str());
    let [ours, theirs] = [id, &name].map(|id| place.bbb(&["journal", "show", id, "--limit", "200"]).ok());
    assert_eq!(ours, theirs, "the fork begins with what it is a fork of");
    assert!(place.bbb(&["journal", "show", &name, "--from", "201", "--limit", "1"]).ok().contains("forked"));
}
