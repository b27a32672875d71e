//! Owners' policies on the command line: checked, tried, kept with their business, changed while it runs.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

use serde_json::Value;

use super::live::{launch as launch_live, place as live_place};
use super::{Place, TEMPLATE};
use crate::support::DEAD_PORT;

const NO_ADS: &str =
    "@id(\"we-do-not-advertise\")\n@says(\"We buy no advertising.\")\nforbid (principal, action == Action::\"run_ads\", resource);\n";
const ASKS: &str = "@id(\"ask-mails\")\n@says(\"We look at every mail.\")\n@escalate(\"owner\")\nforbid (principal, action == Action::\"send_email\", resource)\nunless { context.owner_approved };\n";

fn ids(list: &Value, from: &str) -> Vec<String> {
    let policies = list["policies"].as_array().unwrap().iter();
    policies.filter(|policy| policy["from"] == from).map(|policy| policy["id"].as_str().unwrap().to_owned()).collect()
}

fn example(name: &str) -> String {
    format!("{}/examples/charter/{name}", env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn texts_are_checked_with_file_line_and_column() {
    let place = Place::new();
    place.write("good.cedar", NO_ADS);
    place.write("bad.cedar", &format!("{NO_ADS}\n@id(\"b\") forbid (principal, action, resource) when {{ context.mail.commercial }};"));
    place.write("wide.cedar", "@id(\"all\")\npermit (principal, action, resource);");
    fs::write(place.path().join("bytes.cedar"), b"// \n//\xff\xfe").unwrap();
    assert!(place.bbb(&["charter", "check", "good.cedar", "pack:cautious"]).ok().contains("good.cedar: ok, 1 policy"));
    place.bbb(&["charter", "check", "bad.cedar"]).fails(2, "bad.cedar:5:");
    place.bbb(&["charter", "check", "wide.cedar"]).fails(2, "wide.cedar:1:1: an owner's policy forbids");
    place.bbb(&["charter", "check", "bytes.cedar"]).fails(2, "bytes.cedar:2:3: the text is not UTF-8");
    place.bbb(&["charter", "check", "good.cedar", "good.cedar"]).fails(2, "together: good.cedar:1:1");
    place.bbb(&["charter", "check", "no.cedar"]).fails(3, "no.cedar");
    place.bbb(&["charter", "check", "pack:none"]).fails(3, "b2b-only, cautious, no-ads, regulated");
    place.bbb(&["charter", "check"]).fails(2, "required");
    let several = place.bbb(&["charter", "check", "good.cedar", "bad.cedar", "wide.cedar", "--json"]);
    several.fails(2, "2 of 3 texts are refused");
    let said: Value = serde_json::from_str(&several.out).unwrap();
    let oks: Vec<bool> = said["files"].as_array().unwrap().iter().map(|file| file["ok"].as_bool().unwrap()).collect();
    assert_eq!((said["ok"].as_bool(), oks), (Some(false), vec![true, false, false]));
    assert!(said["files"][1]["reason"].as_str().unwrap().starts_with("bad.cedar:5:"), "{said}");
    place.write(
        "deep.cedar",
        &format!("@id(\"a\") forbid (principal, action, resource) when {{ {}true{} }};", "(".repeat(20_000), ")".repeat(20_000)),
    );
    place.bbb(&["charter", "check", "deep.cedar"]).fails(2, "deep.cedar:1:");
}

#[test]
fn a_text_for_some_blueprints_binds_no_others() {
    let place = Place::new();
    place.write("ours.cedar", &format!("// blueprints: {TEMPLATE}\n{NO_ADS}"));
    place.write("theirs.cedar", &format!("// blueprints: Grant Writing Consultancy\n{ASKS}"));
    place.write("bbb.toml", "[charter]\nfiles = [\"ours.cedar\", \"theirs.cedar\"]\n");
    let checked = place.bbb(&["charter", "check", "ours.cedar"]).ok();
    assert!(checked.contains(&format!("ours.cedar: ok, 1 policy, only for {TEMPLATE}")), "{checked}");
    place.write("slip.cedar", &format!("// blueprints: Grants\n{ASKS}"));
    place.bbb(&["charter", "check", "slip.cedar"]).fails(2, "slip.cedar:1:1: there is no blueprint `Grants`");
    place.bbb(&["launch", TEMPLATE, "--days", "1", "--charter", "theirs.cedar"]).fails(2, "theirs.cedar is for Grant Writing Consultancy");

    let mut running = place.start(&["launch", TEMPLATE, "--world", "shadow"]);
    running.until("for other blueprints, and so not for this business: theirs.cedar");
    let line = running.until("launched biz_");
    let id = line.split([' ', ':']).find(|word| word.starts_with("biz_")).unwrap().to_owned();
    let kept = place.bbb(&["charter", "get", &id, "--json"]).json();
    assert_eq!(kept["policies"], serde_json::json!(["we-do-not-advertise"]));
    place.bbb(&["charter", "put", &id, "theirs.cedar"]).fails(2, "theirs.cedar is for Grant Writing Consultancy, not for");
    place.bbb(&["stop"]).ok();
    assert_eq!(running.end(), 0);
}

#[test]
fn policies_are_listed_and_explained() {
    let place = Place::new();
    let shipped = place.bbb(&["charter", "list", "--json"]).json();
    assert!(ids(&shipped, "shipped").contains(&"mail-consent".to_owned()) && ids(&shipped, "owner").is_empty());
    let text = place.bbb(&["charter", "list", "--charter", "pack:no-ads"]).ok();
    let wanted = ["no-ads-at-all (forbids, the owner's)", "role-sales (permits)", "large-spend (asks)", "ground: 15 U.S.C."];
    assert!(wanted.iter().all(|part| text.contains(part)), "{text}");
    place.bbb(&["charter", "list", "biz_0123456789abcdef"]).fails(3, "there is no data directory");

    let mail = place.bbb(&["charter", "explain", "send_email", "--charter", "pool.cedar"]);
    mail.fails(3, "pool.cedar");
    let mail = place.bbb(&["charter", "explain", "send_email", "--charter", "pack:regulated", "--json"]).json();
    let names = |key: &str, name: &str| -> Vec<String> {
        mail[key].as_array().unwrap().iter().map(|row| row[name].as_str().unwrap().to_owned()).collect()
    };
    let (policies, limits, content, asked) =
        (names("policies", "id"), names("limits", "id"), names("content", "id"), names("attributes", "path"));
    assert!(policies.contains(&"mail-consent".to_owned()) && policies.contains(&"regulated-offers".to_owned()), "{policies:?}");
    assert!(!policies.contains(&"answer-to-asker".to_owned()) && !policies.contains(&"regulated-publicity".to_owned()), "{policies:?}");
    assert!(limits.contains(&"limits.autonomy-2-ask".to_owned()) && content.contains(&"content.footer".to_owned()));
    assert!(asked.contains(&"context.contact.consent".to_owned()) && asked.contains(&"context.price.percent_of_list".to_owned()));
    let text = place.bbb(&["charter", "explain", "pay_bill"]).ok();
    assert!(
        text.contains("what it costs at worst, in US cents") && !text.contains("CONTENT") && text.contains("charter.large-spend"),
        "{text}"
    );
    place.bbb(&["charter", "explain", "steal"]).fails(2, "the kinds of action are: study_market");

    let packs = place.bbb(&["charter", "packs", "--json"]).json();
    let known: Vec<&str> = packs["packs"].as_array().unwrap().iter().map(|pack| pack["name"].as_str().unwrap()).collect();
    assert_eq!(known, ["b2b-only", "cautious", "no-ads", "regulated"]);
    assert!(place.bbb(&["charter", "packs"]).ok().contains("cautious-spend (asks): More than 20 dollars at once need the owner."));
}

#[test]
fn the_example_cases_pass_and_a_failed_case_fails_the_command() {
    let place = Place::new();
    let (cases, mine) = (example("cases.toml"), example("mine.cedar"));
    let ran = place.bbb(&["charter", "test", &cases, "--charter", &mine, "--json"]).json();
    assert_eq!((ran["passed"].as_u64(), ran["failed"].as_u64()), (Some(10), Some(0)), "{ran}");
    let ran = place.bbb(&["charter", "test", &cases]);
    ran.fails(1, "2 of 10 cases failed");
    assert!(ran.out.contains("FAILED  no third mail without an answer: approve, charter.role-sales"), "{ran:?}");
    assert!(ran.out.contains("expected veto, by charter.no-mail-on-a-whim") && ran.out.contains("8 passed, 2 failed"), "{ran:?}");
    place.write("bad.toml", "[[case]]\nname = \"a\"\naction = \"send_email\"\ncontact.consnt = false\nexpect = \"veto\"\n");
    place.bbb(&["charter", "test", "bad.toml"]).fails(2, "bad.toml:4:9: send_email has no attribute contact.consnt");
    place.write("large.toml", &"#".repeat(256 * 1024 + 1));
    place.bbb(&["charter", "test", "large.toml"]).fails(2, "over the limit");
    place.bbb(&["charter", "test", "no.toml"]).fails(3, "no.toml");
}

#[test]
fn a_simulated_business_keeps_the_policies_that_it_was_launched_with() {
    let place = Place::new();
    place.write("mine.cedar", NO_ADS);
    let launch = |more: &[&str]| place.bbb(&[&["launch", TEMPLATE, "--days", "20", "--json"], more].concat());
    place.write("bad.cedar", "permit (principal, action, resource);");
    launch(&["--charter", "bad.cedar"]).fails(2, "bad.cedar:1:1");
    launch(&["--charter", "no.cedar"]).fails(3, "no.cedar");
    assert!(!place.data().exists(), "nothing was made");

    let plain = launch(&[]).json();
    let own = launch(&["--charter", "mine.cedar", "--charter", "pack:b2b-only"]).json();
    let (plain, id) = (plain["business_id"].as_str().unwrap(), own["business_id"].as_str().unwrap());
    assert_ne!(plain, id, "the policies are part of what a run is a function of");
    let again = launch(&["--charter", "mine.cedar", "--charter", "pack:b2b-only"]);
    assert!(again.err.contains("this very run was launched here before"), "{again:?}");
    assert_eq!(again.json()["journal"], own["journal"]);

    let events = place.bbb(&["journal", "show", id]).ok();
    assert!(events.contains("charter.we-do-not-advertise"), "it decides");
    let list = place.bbb(&["charter", "list", id, "--json"]).json();
    assert_eq!(ids(&list, "owner"), ["we-do-not-advertise", "b2b-only-companies"]);
    assert!(place.bbb(&["charter", "get", id]).ok().starts_with(NO_ADS));
    assert!(place.bbb(&["charter", "get", plain]).ok().is_empty());
    let file = place.data().join(format!("{id}.charter.cedar"));
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    place.bbb(&["charter", "put", id, "mine.cedar"]).fails(4, "completed");

    // A fork goes on under the same policies.
    let fork = place.bbb(&["what-if", id, "--at", "40", "--price", "900", "--json"]).json();
    let fork = fork["alternatives"][0]["figures"]["business_id"].as_str().unwrap();
    assert_eq!(ids(&place.bbb(&["charter", "list", fork, "--json"]).json(), "owner").len(), 2);

    fs::write(&file, "// nothing any more\n").unwrap();
    place.bbb(&["charter", "get", id]).fails(5, "is not the text that the journal names");
    fs::remove_file(&file).unwrap();
    place.bbb(&["charter", "list", id]).fails(5, "is missing");
}

#[test]
fn a_changed_charter_is_held_against_a_past_journal() {
    let place = Place::new();
    place.write("mine.cedar", NO_ADS);
    let id = place.bbb(&["launch", TEMPLATE, "--days", "20", "--json"]).json()["business_id"].as_str().unwrap().to_owned();
    let diff = |a: &str, b: &str| place.bbb(&["charter", "diff", a, b, "--journal", &id, "--json"]).json();
    let same = diff("shipped", &id);
    let reviews = same["reviews"].as_u64().unwrap();
    assert!(reviews > 50 && same["changed"].as_array().unwrap().is_empty() && same["unknown"].as_array().unwrap().is_empty(), "{same}");
    assert_eq!(same["as_recorded"]["a"].as_u64(), Some(reviews), "made again, every review ends as it did");
    let other = diff("shipped", "mine.cedar");
    let changed = other["changed"].as_array().unwrap();
    assert!(!changed.is_empty(), "{other}");
    for row in changed {
        assert_eq!(
            (row["action"].as_str(), row["a"]["ruling"].as_str(), row["b"]["ruling"].as_str()),
            (Some("run_ads"), Some("approve"), Some("veto"))
        );
        assert_eq!(row["b"]["rules"][0], "charter.we-do-not-advertise");
    }
    place.bbb(&["journal", "export", &id, "--output", "out.jsonl"]).ok();
    let from_file = place.bbb(&["charter", "diff", "shipped", "mine.cedar", "--journal", "out.jsonl", "--json"]).json();
    assert_eq!(from_file["changed"], other["changed"]);
    let text = place.bbb(&["charter", "diff", "shipped", "pack:cautious", "--journal", &id]).ok();
    assert!(text.contains("approve -> escalate") && text.contains("from approve to escalate"), "{text}");
    place.bbb(&["charter", "diff", "shipped", "no.cedar", "--journal", &id]).fails(3, "no.cedar");
    place.bbb(&["charter", "diff", "shipped", "shipped", "--journal", "no.jsonl"]).fails(3, "no.jsonl");
    place.bbb(&["charter", "diff", "shipped", "shipped", "--journal", "biz_0123456789abcdef"]).fails(3, "biz_0123456789abcdef");
}

#[test]
fn a_running_business_takes_new_policies_at_once_and_keeps_them() {
    let place = live_place(DEAD_PORT);
    place.write("ask.cedar", ASKS);
    place.write("ads.cedar", NO_ADS);
    let config = fs::read_to_string(place.path().join("bbb.toml")).unwrap();
    place.write("bbb.toml", &format!("{config}[charter]\nfiles = [\"ads.cedar\"]\n"));
    let (mut running, id) = launch_live(&place, "live");
    running.until("prop_1 waits for you");
    let own = || ids(&place.bbb(&["charter", "list", &id, "--json"]).json(), "owner");
    assert_eq!(own(), ["we-do-not-advertise"], "from the configuration");

    place.write(
        "nobody.cedar",
        "@id(\"nobody\")\n@says(\"Nobody is written to.\")\nforbid (principal, action == Action::\"send_email\", resource);\n",
    );
    // The process that runs it has its keys open, and makes the reviews again.
    let diff = place.bbb(&["charter", "diff", &id, "nobody.cedar", "--journal", &id, "--json"]).json();
    let mails = diff["changed"].as_array().unwrap();
    assert!(mails.len() >= 2 && diff["unknown"].as_array().unwrap().is_empty(), "{diff}");
    assert!(mails.iter().all(|row| row["action"] == "send_email" && row["b"]["rules"][0] == "charter.nobody"), "{diff}");
    assert_eq!(own(), ["we-do-not-advertise"], "nothing is changed by looking");
    place.bbb(&["charter", "put", &id, "bad.cedar"]).fails(3, "bad.cedar");
    place.bbb(&["charter", "put", &id]).fails(2, "--none");
    for nothing in ["", "// to be written\n"] {
        place.write("nothing.cedar", nothing);
        place
            .bbb(&["charter", "put", &id, "nothing.cedar"])
            .fails(2, "nothing.cedar has no policy; to take all of the owner's policies away, say --none");
        place.bbb(&["charter", "put", &id, "nobody.cedar", "nothing.cedar"]).fails(2, "nothing.cedar has no policy");
    }
    let put = place.bbb(&["charter", "put", &id, "nobody.cedar"]).ok();
    assert!(put.contains("nobody, from its next review on"), "{put}");
    running.until("with its owner's policies");
    assert_eq!(own(), ["nobody"]);
    // What waited under the old policies gets a second look under the new ones.
    place.bbb(&["approve", &id, "prop_1"]).ok();
    running.until("charter.nobody");

    running.signal("-TERM");
    assert_eq!(running.end(), 0);
    let put = place.bbb(&["charter", "put", "ask.cedar", "pack:no-ads"]).ok();
    assert!(put.contains("ask-mails, no-ads-at-all, when it is resumed"), "{put}");
    let shown = place.bbb(&["journal", "show", &id]).ok();
    assert_eq!(shown.matches("with its owner's policies").count(), 2, "each change is journaled: {shown}");
    let mut running = place.start(&["resume"]);
    running.until("resumed biz_");
    assert_eq!(own(), ["ask-mails", "no-ads-at-all"]);
    let put = place.bbb(&["charter", "put", "--none"]).ok();
    assert!(put.contains("the shipped policies alone"), "{put}");
    assert!(own().is_empty());
    running.signal("-TERM");
    assert_eq!(running.end(), 0);

    place.bbb(&["charter", "put", "ask.cedar"]).ok();
    let same = place.bbb(&["charter", "diff", "shipped", &id, "--journal", &id, "--json"]).json();
    assert!(same["reviews"].as_u64().unwrap() > 0 && same["unknown"].as_array().unwrap().is_empty(), "{same}");
    fs::write(place.data().join(format!("{id}.charter.cedar")), NO_ADS).unwrap();
    place.bbb(&["resume"]).fails(5, "is not the text that the journal names");
    // From a pipe, which can be read once: what is checked is what is kept.
    let mut put = place.command(&["charter", "put", "/dev/stdin"]).stdin(Stdio::piped()).spawn().unwrap();
    put.stdin.take().unwrap().write_all(ASKS.as_bytes()).unwrap();
    assert!(put.wait().unwrap().success());
    assert_eq!(own(), ["ask-mails"], "setting them anew mends it");
    for entry in fs::read_dir(place.data()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(!name.contains(".next") && !name.contains(".new"), "{name} was left");
    }
    fs::rename(place.data().join(format!("{id}.keys")), place.path().join("away")).unwrap();
    place.bbb(&["charter", "diff", "shipped", &id, "--journal", &id]).fails(5, "cannot be opened: the keys of");
}
