//! `bbb what-if`: forks, the table, the page, and what is refused.

use std::fs;

use serde_json::Value;

use super::{Place, TEMPLATE};

const NO_ADS: &str =
    "@id(\"we-do-not-advertise\")\n@says(\"We do not advertise.\")\nforbid (principal, action == Action::\"run_ads\", resource);\n";

#[test]
fn alternatives_are_compared_with_what_happened() {
    let place = Place::new();
    place.write("mine.cedar", NO_ADS);
    let original = place.launched("60");
    let id = original["business_id"].as_str().unwrap();
    let asked = ["what-if", "--at-day", "20", "--price", "99.50", "--strategy", "fixed", "--channel", "seo=0", "--charter", "mine.cedar"];
    let compared = place.bbb(&[&asked[..], &["--json", "--html", "page.html"]].concat()).json();
    assert_eq!(
        (&compared["simulated"], &compared["at_day"], &compared["later_orders"]),
        (&Value::from(true), &Value::from(21), &Value::from(0))
    );
    assert_eq!(compared["original"]["business_id"], original["business_id"]);
    let alternatives = compared["alternatives"].as_array().unwrap();
    let names: Vec<&str> = alternatives.iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["price 99.50", "strategy fixed", "seo 0%", "charter mine.cedar"]);
    let profit = |figures: &Value| (figures["profit"].as_f64().unwrap() * 100.0).round();
    for one in alternatives {
        assert_eq!(profit(&one["difference"]), profit(&one["figures"]) - profit(&compared["original"]), "{one}");
        assert_ne!(one["figures"]["cash_by_week"], compared["original"]["cash_by_week"], "{one}");
        // Two weeks passed before they parted.
        let weeks = |figures: &Value| figures["cash_by_week"].as_array().unwrap()[..2].to_vec();
        assert_eq!(weeks(&one["figures"]), weeks(&compared["original"]), "{one}");
        let fork = one["figures"]["business_id"].as_str().unwrap();
        assert_eq!(place.bbb(&["journal", "verify", fork, "--json"]).json()["integrity"], "own");
        let from = (compared["at_event"].as_u64().unwrap() + 1).to_string();
        let shown = place.bbb(&["journal", "show", fork, "--from", &from, "--limit", "1"]).ok();
        assert!(shown.contains(&format!("forked from {id}")), "{shown}");
    }
    let page = fs::read_to_string(place.path().join("page.html")).unwrap();
    for words in ["Simulated: nothing here has happened", "price 99.50", "Cash by week (simulated)", "charter mine.cedar", "here they part"]
    {
        assert!(page.contains(words), "{words}");
    }
    assert!(!page.contains("http://") && !page.contains("https://") && !page.contains("<script"), "self-contained");

    // Asked again, the same businesses are found, and people get a table.
    let again = place.bbb(&asked);
    assert!(again.err.contains("was forked before"), "{}", again.err);
    let table = again.ok();
    for words in ["SIMULATION", "all money is simulated", "PROFIT", "REFUSED", "original", "seo 0%", "difference", id] {
        assert!(table.contains(words), "{words}: {table}");
    }
    // The policies are the fork's own, and the original has none.
    let fork = alternatives[3]["figures"]["business_id"].as_str().unwrap();
    assert!(place.bbb(&["charter", "get", fork]).ok().starts_with("@id(\"we-do-not-advertise\")"));
    assert!(place.bbb(&["charter", "get", id]).ok().is_empty());
    assert!(alternatives[3]["figures"]["refused"].as_i64() > compared["original"]["refused"].as_i64());
    let why = place.bbb(&["why", fork, "prop_0"]);
    assert!(why.ok().contains("other policies") || compared["at_event"].as_u64() > Some(0));
}

#[test]
fn all_in_one_alternative_where_that_is_wanted() {
    let place = Place::new();
    place.launched("40");
    let asked = ["what-if", "--at", "300", "--price", "900", "--channel", "seo=200", "--channel", "social=0", "--charter", "pack:no-ads"];
    let compared = place.bbb(&[&asked[..], &["--together", "--json"]].concat()).json();
    let [one] = &compared["alternatives"].as_array().unwrap()[..] else { panic!("{compared}") };
    assert_eq!(one["name"], "price 900.00, seo 200%, social 0%, charter pack:no-ads");
    assert_eq!((&one["change"]["price"], &one["change"]["channels"]["seo"]), (&Value::from(90_000), &Value::from(200)));
    assert_eq!(compared["at_event"], 300);
}

#[test]
fn what_cannot_be_compared_is_refused_by_name() {
    let place = Place::new();
    let check = |args: &[&str], code: i32, fragment: &str| place.bbb(&[&["what-if"], args].concat()).fails(code, fragment);
    check(&["--at", "1"], 2, "what is to be different");
    check(&["--price", "5"], 2, "from where on");
    check(&["--at", "0", "--price", "5"], 2, "--at");
    check(&["--at", "1", "--at-day", "1", "--price", "5"], 2, "cannot be used with");
    check(&["--at", "1", "--price", "0"], 2, "more than 0");
    check(&["--at", "1", "--price", "1000000.01"], 2, "at most 1000000 USD");
    check(&["--at", "1", "--price", "5", "--price", "5"], 2, "given twice");
    check(&["--at", "1", "--price", "5", "--price", "6", "--together"], 2, "one price");
    check(&["--at", "1", "--strategy", "oracle"], 2, "the strategies are engine");
    check(&["--at", "1", "--channel", "tv=0"], 2, "the channels are seo");
    check(&["--at", "1", "--channel", "seo"], 2, "seo=50");
    check(&["--at", "1", "--channel", "seo=1001"], 2, "0 to 1000");
    check(&["--at", "1", "--channel", "seo=1", "--channel", "seo=2", "--together"], 2, "--channel seo is given twice");
    let many: Vec<String> = (1..=8).flat_map(|price| ["--price".to_owned(), price.to_string()]).collect();
    check(&[&["--at", "1"], &many.iter().map(String::as_str).collect::<Vec<_>>()[..]].concat(), 2, "at most 7");
    check(&["--at", "1", "--price", "5"], 3, "no data directory");
    assert!(!place.data().exists(), "asking makes nothing");

    let summary = place.launched("20");
    let events = summary["journal"]["events"].to_string();
    check(&["--at", &events, "--price", "5"], 4, "is over at that event");
    check(&["--at", "999999", "--price", "5"], 2, "there is no event 999999");
    check(&["--at-day", "21", "--price", "5"], 2, "day 21 never ended: the business ran 20 days");
    check(&["--at", "5", "--charter", "no.cedar"], 3, "there is no file no.cedar");
    place.write("bad.cedar", "permit (principal, action, resource);");
    check(&["--at", "5", "--charter", "bad.cedar"], 2, "bad.cedar:1:1");
    check(&["biz_0123456789abcdef", "--at", "5", "--price", "5"], 3, "biz_0123456789abcdef");
    place.write("page.html", "mine");
    check(&["--at", "5", "--price", "5", "--html", "page.html"], 4, "is there already");
    assert_eq!(place.bbb(&["status", "--json"]).json()["business_id"], summary["business_id"], "nothing was forked");
    let mut running = place.start(&["launch", TEMPLATE, "--days", "3000", "--seed", "7"]);
    running.until("launched");
    check(&["--at", "5", "--price", "5"], 4, "another bbb process is running");
    running.signal("-TERM");
    running.end();
    let rows = place.bbb(&["status", "--json"]).json();
    let rows = rows["businesses"].as_array().unwrap_or_else(|| panic!("{rows}"));
    let halted = rows.iter().find(|row| row["ended"] == false).unwrap()["business"].as_str().unwrap();
    check(&[halted, "--at", "5", "--price", "5"], 4, "run it to its end first");
}
