//! Simulated runs: launch, relaunch, interruption, resume, status, report.

use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};

use super::{Place, TEMPLATE};

#[test]
fn a_launch_prints_exactly_one_object_with_everything_in_it() {
    let place = Place::new();
    let ran = place.bbb(&["launch", TEMPLATE, "--days", "30", "--json"]);
    let summary = ran.json();
    assert_eq!(summary["status"], "completed");
    assert_eq!(summary["world"], "simulated");
    assert_eq!(summary["seed"], 42);
    assert!(summary["business_id"].as_str().unwrap().starts_with("biz_"));
    let agents = summary["agents"].as_array().unwrap();
    assert_eq!(agents.len(), 7);
    assert!(agents.iter().all(|agent| agent["role"].is_string() && agent["tasks_completed"].is_u64()));
    let metrics = &summary["metrics"];
    assert_eq!((&metrics["revenue"]["currency"], &metrics["revenue"]["simulated"]), (&json!("USD"), &json!(true)));
    assert!(metrics["revenue"]["total"].is_number() && metrics["conversion_rate"].is_number());
    assert!(["completed", "failed", "vetoed"].iter().all(|key| metrics["tasks"][key].is_u64()));
    let number = |key: &str| summary["oversight"][key].as_u64().unwrap();
    assert_eq!(number("reviewed"), number("approved") + number("vetoed") + number("escalated"));
    assert!(number("reviewed") > 0);
    assert_eq!(summary["journal"]["head"].as_str().map(str::len), Some(64));
    assert_eq!(summary["history"].as_array().map(Vec::len), Some(30));
    let mode = std::fs::metadata(place.data()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
    assert!(!place.data().join("bbb.sock").exists(), "nothing listens after the end");
}

#[test]
fn the_same_launch_shows_the_finished_run_again_and_threads_change_nothing() {
    let place = Place::new();
    let first = place.launched("10");
    let again = place.bbb(&["launch", TEMPLATE, "--days", "10", "--json", "--threads", "3"]);
    assert!(again.err.contains("launched here before"), "{}", again.err);
    assert_eq!(again.json(), first);
    let elsewhere = place.bbb(&["launch", TEMPLATE, "--days", "10", "--json", "--threads", "3", "--data", "other"]).json();
    assert_eq!(elsewhere, first);
    let other = place.bbb(&["launch", TEMPLATE, "--days", "10", "--seed", "7", "--json"]).json();
    assert_ne!(other["journal"]["head"], first["journal"]["head"]);
    let rows = place.bbb(&["status", "--json"]).json();
    assert_eq!(rows["businesses"].as_array().map(Vec::len), Some(2));
    let both = place.bbb(&["inbox"]);
    both.fails(2, first["business_id"].as_str().unwrap());
    both.fails(2, other["business_id"].as_str().unwrap());
    assert_eq!(place.bbb(&["resume", first["business_id"].as_str().unwrap(), "--json"]).json(), first);
}

#[test]
fn flags_change_what_is_launched() {
    let place = Place::new();
    let launch = |more: &[&str]| place.bbb(&[&["launch", TEMPLATE, "--hours", "30", "--json"], more].concat()).json();
    let plain = launch(&[]);
    assert_eq!(plain["history"].as_array().map(Vec::len), Some(2));
    let runs = [
        plain,
        launch(&["--budget", "12.50"]),
        launch(&["--autonomy", "2"]),
        launch(&["--founder", "Ada"]),
        launch(&["--zone", "America/New_York"]),
        launch(&["--seed", "1"]),
    ];
    let mut ids: Vec<&Value> = runs.iter().map(|run| &run["business_id"]).collect();
    ids.sort_by_key(|id| id.to_string());
    ids.dedup();
    assert_eq!(ids.len(), runs.len(), "every flag makes another business");
    let concept = place.bbb(&["launch", "Weekly lunch menus for restaurants", "--days", "1", "--json"]).json();
    assert_eq!(concept["name"], "Weekly lunch menus for restaurants");
}

#[test]
fn interrupted_and_killed_runs_go_on_to_the_head_of_the_run_that_nobody_stopped() {
    let whole = Place::new();
    let args = ["launch", TEMPLATE, "--days", "200", "--autonomy", "3", "--json"];
    let want = whole.bbb(&args).json();
    let place = Place::new();
    let mut running = place.start(&args);
    running.until("simulated day 20 of");
    running.signal("-INT");
    assert_eq!(running.end(), 1);
    assert!(running.said("go on with") && running.said("bbb resume"));
    let status = place.bbb(&["status"]).ok();
    assert!(status.contains("no process runs it"), "{status}");
    let mut running = place.start(&["resume", "--json"]);
    running.until("simulated day 80 of");
    running.signal("-KILL");
    assert_eq!(running.end(), -1);
    assert!(place.data().join("bbb.sock").exists(), "a killed process leaves its socket");
    // The same launch goes on as well.
    let resumed = place.bbb(&args);
    assert!(resumed.err.contains("resumed"), "{}", resumed.err);
    assert_eq!(resumed.json(), want);
    place.bbb(&["journal", "verify"]).ok();
}

#[test]
fn a_simulated_run_is_watched_paused_and_resumed_from_another_terminal() {
    let place = Place::new();
    let mut running = place.start(&["launch", TEMPLATE, "--days", "3650"]);
    running.until("simulated day");
    place.bbb(&["launch", TEMPLATE]).fails(4, "another bbb process is running");
    place.bbb(&["what-if", &place.id(), "--at", "3", "--price", "5"]).fails(4, "another bbb process is running");
    place.bbb(&["pause", "--reason", "lunch"]).ok();
    place.bbb(&["pause", "--reason", "lunch"]).fails(4, "paused");
    running.until("paused by the owner: lunch");
    let status = place.bbb(&["status", "--json"]).json();
    assert_eq!((&status["status"], &status["paused_because"], &status["running"]), (&json!("paused"), &json!("lunch"), &json!(true)));
    let head = &status["journal"]["head"];
    assert_eq!(&place.bbb(&["journal", "verify", "--json"]).json()["head"], head, "a paused business writes nothing");
    assert!(place.bbb(&["report"]).ok().contains("imulated"));
    place.bbb(&["resume"]).ok();
    running.until("simulated day");
    place.bbb(&["stop"]).ok();
    assert_eq!(running.end(), 0);
    assert_eq!(place.bbb(&["status", "--json"]).json()["status"], "stopped");
}

#[test]
fn every_screen_says_what_is_simulated() {
    let place = Place::new();
    let ran = place.bbb(&["launch", TEMPLATE, "--days", "12"]);
    assert!(ran.out.contains("Simulated") || ran.out.contains("SIMULATED"), "{}", ran.out);
    assert!(ran.err.lines().filter(|line| line.contains("USD")).all(|line| line.contains("simulated")), "{}", ran.err);
    let status = place.bbb(&["status"]).ok();
    assert!(status.lines().filter(|line| line.contains("USD")).all(|line| line.contains("simulated")), "{status}");
    assert!(place.bbb(&["inbox"]).ok().contains("simulated"));
    assert!(place.bbb(&["report", "--format", "markdown"]).ok().to_lowercase().contains("simulated"));
}

#[test]
fn reports_come_in_every_form_and_into_files() {
    let place = Place::new();
    let summary = place.launched("8");
    assert_eq!(place.bbb(&["report", "--json"]).json()["journal"], summary["journal"]);
    assert_eq!(place.bbb(&["report", "--format", "json"]).json()["journal"], summary["journal"]);
    assert!(place.bbb(&["report", "--format", "html"]).ok().starts_with("<!"));
    let said = place.bbb(&["report", "--format", "html", "--output", "r.html"]).ok();
    assert!(said.contains("r.html"), "{said}");
    assert!(std::fs::read_to_string(place.path().join("r.html")).unwrap().starts_with("<!"));
    place.bbb(&["report", "--output", "no/such/dir"]).fails(3, "no/such/dir");
}
