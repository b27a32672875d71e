//! Bad input and bad files: each has its exit code and says what is wrong.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::{Place, TEMPLATE};

const NOBODY: &str = "biz_0123456789abcdef";

#[test]
fn bad_input_is_refused_with_its_rule_and_changes_nothing() {
    let place = Place::new();
    place.write("empty.csv", "");
    place.write("bad.csv", "email,consent\nnot an address,perhaps\n");
    place.write("unknown.toml", "[smtp]\n\nhots = \"a\"\n");
    place.write("amount.toml", "[caps]\nmoney_usd = \"lots\"\n");
    place.write(
        "reserved.toml",
        "[sender]\nname = \"A\"\naddress = \"a@b.example\"\npostal_address = \"1 Road\"\nunsubscribe = \"https://b.example\"\n",
    );
    place.write(
        "sender.toml",
        "[sender]\nname = \"A\"\naddress = \"a@b-c.net\"\npostal_address = \"1 Road\"\nunsubscribe = \"https://b-c.net\"\n",
    );
    let live = "[sender]\nname = \"A\"\naddress = \"a@b-c.net\"\npostal_address = \"1 Road\"\n";
    let way_out = "unsubscribe = \"https://b-c.net\"\n";
    place.write("way-out.toml", &format!("{live}unsubscribe = \"ask us\"\n[smtp]\nhost = \"127.0.0.1\"\ntls = \"none\"\n"));
    place.write("naked.toml", &format!("{live}{way_out}[smtp]\nhost = \"mail.b-c.net\"\ntls = \"none\"\n"));
    place.write("idle.toml", &format!("{live}{way_out}[smtp]\nhost = \"127.0.0.1\"\ntls = \"none\"\nconnections = 0\n"));
    place.write("model.toml", "[llm]\nbase_url = \"not a place\"\n");
    let long = "x".repeat(501);
    let check = |args: &[&str], code: i32, fragment: &str| place.bbb(args).fails(code, fragment);
    let launch = |more: &[&str], fragment: &str| check(&[&["launch", TEMPLATE], more].concat(), 2, fragment);

    check(&[], 2, "Usage");
    check(&["fly"], 2, "unrecognized subcommand");
    check(&["launch"], 2, "required arguments");
    check(&["launch", ""], 2, "the text is empty");
    check(&["launch", "two\nlines"], 2, "control character");
    check(&["launch", &long], 2, "at most 500");
    check(&["launch", "Podcast Production Studo"], 2, "Podcast Production Studio");
    check(&["launch", "C0unterfeit h\u{430}ndbags"], 2, "deals in counterfeit goods");
    check(&["launch", "Escort agency", "--world", "shadow"], 2, "deals in");
    launch(&["--days", "0"], "1..=3650");
    launch(&["--days", "3651"], "1..=3650");
    launch(&["--days", "many"], "invalid digit");
    launch(&["--hours", "87601"], "1..=87600");
    launch(&["--days", "1", "--hours", "1"], "cannot be used with");
    launch(&["--seed", "-1"], "--seed");
    launch(&["--threads", "0"], "1..=256");
    launch(&["--autonomy", "7"], "0..=6");
    launch(&["--budget", "-5"], "no sign");
    launch(&["--budget", "1.005"], "decimals");
    launch(&["--budget", "99999999999"], "at most");
    launch(&["--world", "dream"], "possible values");
    launch(&["--mind", "own"], "possible values");
    launch(&["--zone", "Mars/Olympus"], "IANA");
    launch(&["--founder", ""], "founder");
    launch(&["--founder", "a\u{7}b"], "founder");
    launch(&["--leads", "bad.csv"], "--leads is for");
    launch(&["--world", "shadow", "--leads", "bad.csv"], "line 2");
    launch(&["--world", "shadow", "--leads", "empty.csv"], "");
    launch(&["--world", "live"], "sender.name");
    launch(&["--world", "live", "--config", "unknown.toml"], "unknown.toml, line 3");
    launch(&["--world", "live", "--config", "amount.toml"], "line 2");
    launch(&["--world", "live", "--config", "reserved.toml"], "sender.address");
    launch(&["--world", "live", "--config", "sender.toml"], "smtp.host");
    launch(&["--world", "live", "--config", "way-out.toml"], "the configuration: sender.unsubscribe");
    launch(&["--world", "live", "--config", "naked.toml"], "[smtp]");
    launch(&["--world", "live", "--config", "idle.toml"], "connections");
    launch(&["--mind", "llm", "--config", "model.toml"], "[llm]");
    check(&["launch", TEMPLATE, "--world", "shadow", "--leads", "no.csv"], 3, "no.csv");
    check(&["launch", TEMPLATE, "--config", "no.toml"], 3, "no.toml");
    check(&["approve", "biz_1", "prop_1"], 2, "16 hex digits");
    check(&["approve", NOBODY, "one"], 2, "prop_<number>");
    check(&["veto", NOBODY, "prop_1"], 2, "--reason");
    check(&["veto", NOBODY, "prop_1", "--reason", "  "], 2, "a reason is needed");
    check(&["pause", "--reason", &long], 2, "at most 500");
    check(&["doubt", NOBODY, "prop_1"], 2, "--happened");
    check(&["doubt", NOBODY, "prop_1", "--happened", "--did-not-happen"], 2, "cannot be used with");
    check(&["report", "--format", "pdf"], 2, "possible values");
    check(&["report", "--format", "html", "--json"], 2, "--json");
    check(&["status", "--data", ""], 2, "--data");
    assert!(!place.data().exists(), "something was made");
}

#[test]
fn what_is_not_there_is_not_found() {
    let place = Place::new();
    let commands: [&[&str]; 6] = [&["status"], &["inbox"], &["resume"], &["report"], &["pause", "--reason", "x"], &["journal", "verify"]];
    for command in commands {
        place.bbb(command).fails(3, "there is no data directory");
    }
    assert!(!place.data().exists(), "asking makes nothing");
    fs::create_dir(place.data()).unwrap();
    fs::set_permissions(place.data(), fs::Permissions::from_mode(0o700)).unwrap();
    for command in commands {
        place.bbb(command).fails(3, "nothing was launched");
    }
    assert_eq!(fs::read_dir(place.data()).unwrap().count(), 0, "asking makes nothing");
    place.launched("1");
    let commands: [&[&str]; 7] = [
        &["status", NOBODY],
        &["inbox", NOBODY],
        &["resume", NOBODY],
        &["report", NOBODY],
        &["approve", NOBODY, "prop_1"],
        &["journal", "show", NOBODY],
        &["what-if", NOBODY, "--at", "3", "--price", "5"],
    ];
    for command in commands {
        place.bbb(command).fails(3, NOBODY);
    }
    place.bbb(&["journal", "verify", "no-such-file"]).fails(3, "no-such-file");
}

#[test]
fn what_does_not_fit_is_refused() {
    let place = Place::new();
    place.launched("1");
    let id = place.id();
    place.bbb(&["pause", "--reason", "x"]).fails(4, "the business is completed");
    place.bbb(&["stop"]).fails(4, "the business is completed");
    place.bbb(&["approve", &id, "prop_0"]).fails(4, "completed");
    place.bbb(&["doubt", &id, "prop_0", "--happened"]).fails(4, "prop_0 is not in doubt");
    place.bbb(&["doubt", &id, "prop_999999", "--happened"]).fails(3, "does not exist");
    place.bbb(&["journal", "show", "--follow"]).fails(4, "not running");
    let error = place.bbb(&["stop", "--json"]);
    let said: serde_json::Value = serde_json::from_str(&error.err).unwrap();
    assert_eq!((error.code, &said["error"]["kind"]), (4, &serde_json::json!("refused")), "{said}");
    let error = place.bbb(&["launch", "x", "--days", "0", "--json"]);
    let said: serde_json::Value = serde_json::from_str(&error.err).unwrap();
    assert_eq!((error.code, &said["error"]["kind"], error.out.as_str()), (2, &serde_json::json!("usage"), ""), "{said}");
}

#[test]
fn a_damaged_store_is_reported_and_kept() {
    let place = Place::new();
    place.launched("1");
    let store = place.data().join("journal.redb");
    let whole = fs::read(&store).unwrap();
    let mut damaged = whole.clone();
    damaged[..4096].fill(0xA5);
    for bytes in [b"this is no store, and never was one".to_vec(), damaged] {
        fs::write(&store, &bytes).unwrap();
        for command in [&["status"][..], &["launch", TEMPLATE, "--days", "1"], &["journal", "verify"]] {
            let ran = place.bbb(command);
            ran.fails(5, "journal.redb");
        }
        assert_eq!(fs::read(&store).unwrap(), bytes, "what is damaged stays as it is");
    }
    fs::write(&store, whole).unwrap();
    place.bbb(&["status"]).ok();
}

#[test]
fn a_data_directory_that_cannot_be_used_is_named() {
    let place = Place::new();
    place.write("file", "");
    place.bbb(&["status", "--data", "file"]).fails(2, "file is not a directory");
    place.bbb(&["launch", TEMPLATE, "--data", "file"]).fails(2, "file is not a directory");
    place.bbb(&["launch", TEMPLATE, "--data", "file/below"]).fails(1, "file/below");
    let open = place.path().join("open");
    fs::create_dir(&open).unwrap();
    fs::set_permissions(&open, fs::Permissions::from_mode(0o777)).unwrap();
    place.bbb(&["launch", TEMPLATE, "--data", "open"]).fails(4, "chmod 700");
    let closed = place.path().join("closed");
    fs::create_dir(&closed).unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o000)).unwrap();
    // The superuser reads it all the same, and finds nothing.
    let ran = place.bbb(&["status", "--data", "closed"]);
    assert!(matches!(ran.code, 1 | 3) && ran.err.contains("closed"), "{ran:?}");
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o700)).unwrap();
}

#[test]
fn help_version_and_defaults_are_results() {
    let place = Place::new();
    let help = place.bbb(&["--help"]).ok();
    assert!(help.contains("Exit codes") && help.contains("BBB_SMTP_PASSWORD"), "{help}");
    assert!(place.bbb(&["--version"]).ok().starts_with("bbb "));
    let defaults = place.bbb(&["config"]).ok();
    place.write("bbb.toml", &defaults);
    place.launched("1");
    assert_eq!(place.bbb(&["config", "--json"]).json()["smtp"]["port"], 465);
    let templates = place.bbb(&["templates", "--json"]).json();
    assert_eq!(templates["templates"].as_array().map(Vec::len), Some(33));
    assert!(place.bbb(&["templates"]).ok().contains("Podcast Production Studio"));
    let ran = place.command(&["status"]).env("BBB_LOG", "=!=").output().unwrap();
    assert_eq!(ran.status.code(), Some(2));
}
