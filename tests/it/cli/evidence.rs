//! What an owner can show and check elsewhere: signed exports, checkpoints, proofs; and why something was done.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use super::{Place, TEMPLATE};

/// A short run with its export, and its public key.
fn exported(place: &Place) -> (Value, String, String) {
    let summary = place.launched("5");
    place.bbb(&["journal", "export", "--output", "run.jsonl"]).ok();
    let key = place.bbb(&["journal", "key"]).ok().trim().to_owned();
    let text = fs::read_to_string(place.path().join("run.jsonl")).unwrap();
    (summary, key, text)
}

#[test]
fn a_public_key_and_an_export_are_all_that_a_verifier_needs() {
    let place = Place::new();
    place.bbb(&["journal", "key"]).fails(3, "there is no data directory");
    let (summary, key, text) = exported(&place);
    assert_eq!(place.bbb(&["journal", "key", "--json"]).json()["key"], key.as_str());
    let elsewhere = Place::new();
    elsewhere.write("key.txt", &format!("{key}\n"));
    let verify = |text: &str, key: &str| {
        elsewhere.write("run.jsonl", text);
        elsewhere.bbb(&["journal", "verify", "--file", "run.jsonl", "--key", key, "--json"])
    };
    for key in [key.as_str(), "key.txt"] {
        let said = verify(&text, key).json();
        assert_eq!((&said["head"], &said["signed"]["events"]), (&summary["journal"]["head"], &summary["journal"]["events"]));
        assert_eq!(
            (said["unsigned_events"].as_u64(), said["signed"]["key"].as_str()),
            (Some(0), Some(&*key.replace("key.txt", said["signed"]["key"].as_str().unwrap())))
        );
    }
    let other = Place::new();
    let (_, stranger, foreign) = exported(&other);
    assert_ne!(stranger, key);
    verify(&text, &stranger).fails(5, "does not vouch for this");
    verify(&text.replacen("study_market", "study_marked", 1), &key).fails(5, "does not match its hash");
    verify(&text, "00").fails(3, "00");
    verify(&text, &"00".repeat(32)).fails(2, "is not an Ed25519 public key");
    // The same business was run under the other key: its checkpoint, put into this export, is not this owner's.
    let swapped = text.replacen(text.lines().nth(1).unwrap(), foreign.lines().nth(1).unwrap(), 1);
    verify(&swapped, &key).fails(5, "which is not in the list of keys");
    let unsigned = format!("{{\"format\":\"bbb-journal/1\",\"business\":{}}}\n", summary["business_id"]);
    let unsigned: String = unsigned + &text.lines().skip(2).map(|line| line.to_owned() + "\n").collect::<String>();
    verify(&unsigned, &key).fails(5, "nothing here is signed");
    assert!(place.bbb(&["journal", "verify"]).ok().contains("all of it"));
}

#[test]
fn one_event_is_proven_without_the_journal() {
    let place = Place::new();
    let (summary, key, text) = exported(&place);
    let id = summary["business_id"].as_str().unwrap();
    let printed = place.bbb(&["journal", "prove", id, "7"]).ok();
    let said = place.bbb(&["journal", "prove", id, "7", "--out", "event.json", "--json"]).json();
    assert_eq!(fs::read_to_string(place.path().join("event.json")).unwrap(), printed);
    assert!(said["bytes"].as_u64().unwrap() < 5000 && (text.len() as u64) > 10 * said["bytes"].as_u64().unwrap(), "{said}");
    place.bbb(&["journal", "prove", id, "7", "--out", "event.json"]).fails(4, "does not overwrite");
    place.bbb(&["journal", "prove", id, "999999"]).fails(3, "there is no event 999999");

    let elsewhere = Place::new();
    elsewhere.write("event.json", &printed);
    let shown = elsewhere.bbb(&["journal", "check-proof", "event.json", "--key", &key]).ok();
    assert!(shown.contains(place.bbb(&["journal", "show", "--from", "7", "--limit", "1"]).ok().trim()) && shown.contains(id), "{shown}");
    let json = elsewhere.bbb(&["journal", "check-proof", "event.json", "--key", &key, "--json"]).json();
    assert_eq!(json["event"], place.bbb(&["journal", "show", "--from", "7", "--limit", "1", "--json"]).json()["events"][0]);
    elsewhere.write("event.json", &printed.replacen("\"at_ms\":1", "\"at_ms\":2", 1));
    elsewhere.bbb(&["journal", "check-proof", "event.json", "--key", &key]).fails(5, "event.json");
    elsewhere.write("event.json", &printed);
    elsewhere.bbb(&["journal", "check-proof", "event.json", "--key", &"11".repeat(32)]).fails(5, "does not vouch for this");
}

#[test]
fn a_rotated_key_vouches_for_what_the_old_one_signed() {
    let place = Place::new();
    let (_, old, before) = exported(&place);
    let new = place.bbb(&["journal", "rotate-key", "--json"]).json();
    assert_eq!((new["keys"][0].as_str(), new["rotations"].as_u64()), (Some(old.as_str()), Some(1)));
    let new = new["key"].as_str().unwrap();
    assert!(new != old && place.bbb(&["journal", "key"]).ok().trim() == new);
    place.bbb(&["journal", "export", "--output", "after.jsonl"]).ok();
    let verify = |file: &str, key: &str| place.bbb(&["journal", "verify", "--file", file, "--key", key, "--json"]);
    assert_eq!(verify("after.jsonl", new).json()["signed"]["checkpoints"].as_u64(), Some(2));
    assert_eq!(verify("after.jsonl", &old).json()["signed"]["key"].as_str(), Some(new));
    assert_eq!(verify("run.jsonl", &old).json()["signed"]["key"].as_str(), Some(old.as_str()), "{before}");
    verify("run.jsonl", new).fails(5, "it is not in the list of keys");
    let name = fs::read_dir(place.data()).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
    assert!(!name.into_iter().any(|name| name.ends_with(".next") || name.ends_with(".new")));
}

/// A shadow business that was interrupted, and where its journal and its checkpoints are.
fn rested() -> (Place, String, PathBuf, PathBuf) {
    let place = Place::new();
    let mut running = place.start(&["launch", TEMPLATE, "--world", "shadow"]);
    let line = running.until("launched biz_");
    let id = line.split([' ', ':']).find(|word| word.starts_with("biz_")).unwrap().to_owned();
    running.signal("-TERM");
    assert_eq!(running.end(), 0);
    let (journal, checkpoints) = (place.data().join("journal.redb"), place.data().join(format!("{id}.checkpoints")));
    (place, id, journal, checkpoints)
}

#[test]
fn a_journal_that_lost_its_newest_events_is_refused_by_name() {
    let (place, id, journal, checkpoints) = rested();
    let earlier = fs::read(&journal).unwrap();
    let events = place.bbb(&["status", "--json"]).json()["journal"]["events"].as_u64().unwrap();
    place.bbb(&["pause", "--reason", "to look"]).ok();
    let kept = place.bbb(&["journal", "checkpoint", "--out", "kept.json", "--json"]).json();
    assert_eq!(kept["checkpoint"]["sequence"].as_u64(), Some(events + 1));
    assert_eq!(place.bbb(&["journal", "checkpoint", "--json"]).json()["checkpoint"], kept["checkpoint"], "nothing new, nothing signed");
    let key = place.bbb(&["journal", "key"]).ok().trim().to_owned();
    let later = fs::read(&journal).unwrap();

    fs::write(&journal, &earlier).unwrap();
    let said = format!("the journal of {id} ends at event {events}, but a checkpoint of ");
    for command in
        [&["status", &id][..], &["resume"], &["journal", "show"], &["journal", "export"], &["inbox"], &["journal", "checkpoint"], &["stop"]]
    {
        let ran = place.bbb(command);
        ran.fails(5, &said);
        assert!(ran.err.contains(&format!("event {} was committed", events + 1)), "{ran:?}");
    }
    // What the checkpoints do not know, nobody can tell: without them, this is a sound journal. A copy elsewhere tells.
    let lines = fs::read(&checkpoints).unwrap();
    fs::remove_file(&checkpoints).unwrap();
    place.bbb(&["journal", "verify"]).ok();
    place.bbb(&["journal", "verify", "--checkpoint", "kept.json", "--key", &key]).fails(5, &said);

    // The other way round, a journal that is ahead of its checkpoints is what a crash between the two leaves.
    fs::write(&journal, &later).unwrap();
    let first = lines.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    fs::write(&checkpoints, [&lines[..first], &lines[first..first + 50]].concat()).unwrap();
    let verified = place.bbb(&["journal", "verify", "--json"]).json();
    assert_eq!(verified["unsigned_events"].as_u64(), Some(1), "{verified}");
    place.bbb(&["journal", "checkpoint"]).ok();
    let text = fs::read_to_string(&checkpoints).unwrap();
    assert_eq!((text.lines().count(), text.ends_with('\n')), (2, true));
    assert_eq!(place.bbb(&["journal", "verify", "--json", "--checkpoint", "kept.json"]).json()["unsigned_events"].as_u64(), Some(0));

    // A damaged checkpoint is no missing one.
    fs::write(&checkpoints, text.replacen("\"sequence\":", "\"sequence\":1", 1)).unwrap();
    place.bbb(&["status", &id]).fails(5, "line 1: ");
}

#[test]
fn why_goes_from_the_goal_to_the_result() {
    let place = Place::new();
    // A budget that is soon spent: then oversight vetoes.
    let summary = place.bbb(&["launch", TEMPLATE, "--days", "40", "--budget", "400", "--json"]).json();
    let id = summary["business_id"].as_str().unwrap();
    let events = place.bbb(&["journal", "show", "--json"]).json();
    let about = |wanted: &dyn Fn(&Value) -> bool| {
        let found = events["events"].as_array().unwrap().iter().map(|event| &event["payload"]).find(|payload| wanted(payload));
        format!("prop_{}", found.unwrap()["proposal"])
    };
    let vetoed = about(&|payload| payload["type"] == "reviewed" && payload["verdict"]["ruling"] == "veto");
    let done =
        about(&|payload| payload["type"] == "settled" && payload["outcome"]["outcome"] == "done" && payload["cost"]["messages"] == 1);
    let text = place.bbb(&["why", &vetoed]).ok();
    for part in
        [&vetoed, "vetoed", "goal ", TEMPLATE, "plan ", "task ", "proposal ", "% sure", "oversight vetoed", "it saw: ", "cost nothing"]
    {
        assert!(text.contains(part), "`{part}` is not in: {text}");
    }
    let json = place.bbb(&["why", id, &done, "--json"]).json();
    assert_eq!(
        (json["proposal"]["id"].as_str(), json["outcome"].as_str(), json["business_id"].as_str()),
        (Some(&*done), Some("done"), Some(id))
    );
    assert_eq!((json["cost"]["messages"].as_u64(), json["verdicts"][0]["ruling"].as_str()), (Some(1), Some("approve")));
    assert!(json["attempts"][0]["results"][0].as_str().unwrap().starts_with("done: ") && json["plan"]["by"].is_string(), "{json}");
    assert!(json["verdicts"][0]["rules"].as_array().unwrap().iter().any(|rule| rule["sentence"].is_string()), "{json}");
    place.bbb(&["why", "prop_999999"]).fails(3, "prop_999999 was never proposed: the newest proposal is prop_");
    place.bbb(&["why", "biz_0000000000000000", "prop_1"]).fails(3, "there is no business");
    place.bbb(&["why", "nonsense"]).fails(2, "is not an id");
    place.bbb(&["why"]).fails(2, "PROPOSAL");
}

#[test]
fn a_running_business_signs_proves_and_explains_on_request() {
    let place = Place::new();
    place.write("leads.csv", "email,name,company,consent,note\nada@engines-ltd.net,Ada,Engines Ltd,yes,\n");
    let mut running = place.start(&["launch", TEMPLATE, "--world", "shadow", "--leads", "leads.csv", "--licence-confirmed"]);
    let id = running.until("launched biz_").split([' ', ':']).find(|word| word.starts_with("biz_")).unwrap().to_owned();
    let line = running.until("waits for you");
    let proposal = line.split(' ').find(|word| word.starts_with("prop_")).unwrap();
    let key = place.bbb(&["journal", "key"]).ok().trim().to_owned();
    let signed = place.bbb(&["journal", "checkpoint", "--json"]).json();
    assert_eq!(signed["checkpoint"]["key"], key.as_str());
    let proof = place.bbb(&["journal", "prove", &id, "1"]).ok();
    place.write("proof.json", &proof);
    place.bbb(&["journal", "check-proof", "proof.json", "--key", &key]).ok();
    assert!(!place.bbb(&["journal", "prove", &id, "2"]).ok().contains("engines-ltd"), "what is sealed stays sealed");
    let why = place.bbb(&["why", proposal]).ok();
    assert!(why.contains("waiting") && why.contains("asked the owner"), "{why}");
    place.bbb(&["journal", "rotate-key"]).fails(4, "another bbb process is running");
    place.bbb(&["veto", &id, proposal, "--reason", "not now"]).ok();
    running.until("refused by the owner");
    assert!(place.bbb(&["why", &id, proposal]).ok().contains("answer    no by the owner: not now"));
    assert!(place.bbb(&["journal", "verify", "--json", "--key", &key]).json()["unsigned_events"].as_u64() > Some(0));
    place.bbb(&["stop"]).ok();
    assert_eq!(running.end(), 0);
    assert_eq!(place.bbb(&["journal", "verify", "--json", "--key", &key]).json()["unsigned_events"].as_u64(), Some(0));
}
