//! `bbb launch --market`: hidden parameters of the simulated market from a file.

use serde_json::Value;

use super::{Place, TEMPLATE};

const CROWDED: &str = "size_percent = 40\nad_fatigue_percent = 100\n\n[quality_points]\nsocial = -20\n";

fn given(report: &Value) -> Vec<(String, f64)> {
    let rows = report["hidden_market"].as_array().unwrap();
    let given = rows.iter().filter(|row| row["given"] == true);
    given.map(|row| (row["name"].as_str().unwrap().to_owned(), row["value"].as_f64().unwrap())).collect()
}

#[test]
fn a_market_from_a_file_is_another_business_that_its_report_fork_and_resume_keep() {
    let place = Place::new();
    place.write("market.toml", CROWDED);
    let drawn = place.launched("40");
    let launch = ["launch", TEMPLATE, "--days", "40", "--market", "market.toml", "--json"];
    let ran = place.bbb(&launch);
    assert!(ran.err.contains("its market: the scenario"), "{}", ran.err);
    let crowded = ran.json();
    assert_ne!(crowded["business_id"], drawn["business_id"]);
    assert!(crowded["metrics"]["leads"].as_u64() < drawn["metrics"]["leads"].as_u64(), "{crowded}");
    let id = crowded["business_id"].as_str().unwrap();
    let again = place.bbb(&launch);
    assert!(again.err.contains("launched here before"), "{}", again.err);
    assert_eq!(again.json(), crowded);
    let want = [("size_percent".to_owned(), 40.0), ("ad_fatigue_percent".to_owned(), 100.0), ("quality_points.social".to_owned(), -20.0)];
    assert_eq!(given(&place.bbb(&["report", id, "--json"]).json()), want);
    assert_eq!(given(&place.bbb(&["report", drawn["business_id"].as_str().unwrap(), "--json"]).json()), []);
    let shown = place.bbb(&["report", id]).ok();
    assert!(shown.contains("APPENDIX: THE HIDDEN MARKET (SIMULATED)") && shown.contains("ad_fatigue_percent"), "{shown}");
    assert!(place.bbb(&["journal", "show", id, "--limit", "1"]).ok().contains("market scenario"));
    let forked = place.bbb(&["what-if", id, "--at", "200", "--price", "99.50", "--json"]).json();
    let fork = forked["alternatives"][0]["figures"]["business_id"].as_str().unwrap();
    assert_eq!(given(&place.bbb(&["report", fork, "--json"]).json()), want);
}

#[test]
fn a_run_in_such_a_market_that_is_killed_goes_on_to_the_same_head() {
    let (whole, place) = (Place::new(), Place::new());
    let args = ["launch", TEMPLATE, "--days", "200", "--market", "market.toml", "--json"];
    [&whole, &place].iter().for_each(|place| place.write("market.toml", CROWDED));
    let want = whole.bbb(&args).json();
    let mut running = place.start(&args);
    running.until("simulated day 20 of");
    running.signal("-KILL");
    assert_eq!(running.end(), -1);
    // The journal has the market; the file is not needed any more.
    std::fs::remove_file(place.path().join("market.toml")).unwrap();
    assert_eq!(place.bbb(&["resume", "--json"]).json(), want);
}

#[test]
fn a_file_that_is_wrong_launches_nothing() {
    let place = Place::new();
    let launch = |text: &str, more: &[&str]| {
        place.write("market.toml", text);
        place.bbb(&[&["launch", TEMPLATE, "--days", "1", "--market", "market.toml"], more].concat())
    };
    launch("sise_percent = 40\n", &[]).fails(2, "market.toml, line 1: unknown field `sise_percent`");
    launch("\nsize_percent = 4\n", &[]).fails(2, "market.toml, line 2: size_percent is 4; it must be 10 to 1000");
    launch("", &["--world", "shadow"]).fails(2, "--market is for --world simulated");
    place.bbb(&["launch", TEMPLATE, "--market", "nowhere.toml"]).fails(3, "nowhere.toml");
    assert!(!place.data().exists(), "nothing was made");
}
