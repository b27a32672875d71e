//! `bbb config`: the defaults, and checking a configuration.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::Place;

#[test]
fn the_defaults_are_printed_as_they_are_and_nothing_is_wrong_with_them() {
    let place = Place::new();
    let defaults = place.bbb(&["config", "default"]).ok();
    assert_eq!(defaults, bbb_host::config::DEFAULT_TOML);
    assert_eq!(defaults, place.bbb(&["config"]).ok());
    assert!(place.bbb(&["config", "check"]).ok().contains("No file"));
    place.write("bbb.toml", &defaults);
    let text = place.bbb(&["config", "check"]).ok();
    assert!(text.contains("port = 465  # bbb.toml, line ") && text.contains("Nothing is wrong"), "{text}");
}

#[test]
fn what_holds_is_shown_with_where_it_comes_from_and_no_secret_is() {
    let place = Place::new();
    place.write(
        "mine.toml",
        "[smtp]\nhost = \"mail.example.org\"\n[llm]\nbase_url = \"https://me:hunter2@models.example.org/v1\"\nkey_file = \"key\"\n",
    );
    place.write("key", "hunter2\n");
    fs::set_permissions(place.path().join("key"), fs::Permissions::from_mode(0o600)).unwrap();
    let check = |args: &[&str]| {
        let output = place
            .command(args)
            .envs([("BBB_SMTP_PASSWORD", "hunter2"), ("BBB_SMTP_PORT", "587"), ("BBB_SMTP_PROT", "1")])
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        let all = [output.stdout.as_slice(), &output.stderr].concat();
        assert!(!String::from_utf8(all).unwrap().contains("hunter2"), "a secret is shown");
        String::from_utf8(output.stdout).unwrap()
    };
    let told: serde_json::Value = serde_json::from_str(&check(&["config", "check", "mine.toml", "--json"])).unwrap();
    let smtp = &told["settings"]["smtp"];
    assert_eq!(smtp["host"], serde_json::json!({ "value": "mail.example.org", "from": "file", "file": "mine.toml", "line": 2 }));
    assert_eq!(smtp["port"], serde_json::json!({ "value": 587, "from": "environment", "variable": "BBB_SMTP_PORT" }));
    assert_eq!(smtp["connections"], serde_json::json!({ "value": 4, "from": "default" }));
    assert_eq!(told["secrets"], serde_json::json!({ "smtp.password": "given by BBB_SMTP_PASSWORD", "llm.key": "in the file key" }));
    assert_eq!((&told["ok"], &told["unread"]), (&serde_json::json!(true), &serde_json::json!(["BBB_SMTP_PROT"])));
    assert!(check(&["config", "check", "mine.toml"]).contains("BBB_SMTP_PROT names no setting"));
}

#[test]
fn all_that_is_wrong_is_named_with_its_place() {
    let place = Place::new();
    place.write("bbb.toml", "[smtp]\nhots = \"a\"\n\nport = 70000\n[server]\nlisten = \"0.0.0.0:80\"\n");
    let told = place.bbb(&["config", "check", "--json"]);
    assert_eq!(told.code, 2);
    let object: serde_json::Value = serde_json::from_str(&told.out).unwrap();
    let lines: Vec<_> = object["troubles"].as_array().unwrap().iter().map(|one| one["line"].as_u64()).collect();
    assert_eq!((lines, &object["ok"]), (vec![Some(2), Some(4), Some(6)], &serde_json::json!(false)));
    let text = place.bbb(&["config", "check"]);
    text.fails(2, "3 things are wrong");
    for words in ["bbb.toml, line 2: smtp.hots: unknown field `hots`", "line 4: smtp.port", "line 6: server.listen is 0.0.0.0:80"] {
        assert!(text.out.contains(words), "{words}: {}", text.out);
    }
    place.write("bbb.toml", "[smtp\n");
    place.bbb(&["config", "check"]).fails(2, "bbb.toml, line 1");
    place.write("bbb.toml", "[llm]\nkey_file = \"open\"\n");
    place.write("open", "x");
    fs::set_permissions(place.path().join("open"), fs::Permissions::from_mode(0o644)).unwrap();
    place.bbb(&["config", "check"]).fails(2, "chmod 600");
    place.write("bbb.toml", "[server]\ntls_certificate_file = \"none.pem\"\ntls_key_file = \"none.key\"\n");
    place.bbb(&["config", "check"]).fails(2, "none.pem");
    place.bbb(&["config", "check", "none.toml"]).fails(3, "none.toml");
}
