//! `bbb simulate`.

use super::{Place, TEMPLATE};

const SHORT: [&str; 7] = ["simulate", "--blueprint", TEMPLATE, "--days", "30", "--seeds", "2"];

fn with<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&SHORT[..], more].concat()
}

#[test]
fn policies_meet_the_same_futures_and_the_oracle_is_never_behind() {
    let place = Place::new();
    let policies = ["--policy", "engine", "--policy", "fixed", "--policy", "idle", "--policy", "random", "--policy", "oracle"];
    let ran = place.bbb(&with(&[&policies[..], &["--json"]].concat())).json();
    assert_eq!(ran["simulated"].as_bool(), Some(true));
    let outcomes = ran["outcomes"].as_array().unwrap();
    assert_eq!(outcomes.len(), 10);
    let profit = |policy: &str, seed: u64| {
        let found = outcomes.iter().find(|one| one["policy"] == policy && one["seed"] == seed).unwrap();
        found["profit_cents"].as_i64().unwrap()
    };
    for seed in [10_000, 10_001] {
        assert_eq!(profit("idle", seed), 0, "nothing comes of nothing");
        for policy in ["engine", "fixed", "random", "idle"] {
            assert!(profit("oracle", seed) >= profit(policy, seed), "{policy} {seed}");
        }
    }
    assert_ne!(profit("fixed", 10_000), profit("fixed", 10_001));
    let rows = ran["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 5);
    assert!(rows.iter().all(|row| row["runs"] == 2 && row["regret_cents"].is_i64()));
    let told = place.bbb(&with(&["--policy", "fixed"])).ok();
    assert!(told.contains("all money is simulated") && told.contains("fixed"), "{told}");
}

#[test]
fn outcomes_are_kept_and_a_run_goes_on_from_them() {
    let place = Place::new();
    let args = with(&["--policy", "fixed", "--outcomes", "kept.jsonl", "--json"]);
    let first = place.bbb(&args).json();
    let kept = std::fs::read_to_string(place.path().join("kept.jsonl")).unwrap();
    assert_eq!(kept.lines().count(), 2);
    // Stopped while the second outcome was being written: it is simulated again, and ends the same.
    std::fs::write(place.path().join("kept.jsonl"), &kept[..kept.len() - 30]).unwrap();
    assert_eq!(place.bbb(&args).json(), first);
    let mut lines: Vec<String> = std::fs::read_to_string(place.path().join("kept.jsonl")).unwrap().lines().map(str::to_owned).collect();
    let mut before: Vec<String> = kept.lines().map(str::to_owned).collect();
    lines.sort();
    before.sort();
    assert_eq!(lines, before);
    std::fs::write(place.path().join("kept.jsonl"), "{}\n").unwrap();
    place.bbb(&args).fails(4, "kept.jsonl, line 1");
}

#[test]
fn a_silent_owner_and_faults_are_part_of_the_question() {
    let place = Place::new();
    let ask = |more: &[&str]| {
        place.bbb(&with(&[more, &["--policy", "fixed", "--autonomy", "2", "--outcomes", "kept.jsonl", "--json"]].concat())).json()
    };
    let (usual, silent) = (ask(&[]), ask(&["--owner", "silent", "--faults", "0"]));
    let told = |ran: &serde_json::Value| (ran["futures"]["faults_percent"].as_u64(), ran["futures"]["owner"].as_str().map(str::to_owned));
    assert_eq!((told(&usual), told(&silent)), ((Some(5), Some("simulated".to_owned())), (Some(0), Some("silent".to_owned()))));
    let success = |ran: &serde_json::Value| ran["rows"][0]["success"].as_f64().unwrap();
    assert!(success(&silent) < success(&usual), "{} {}", success(&silent), success(&usual));
    assert_eq!(silent["rows"][0]["conversion"].as_f64(), None, "without a yes nobody is written to: {silent}");
    let kept = std::fs::read_to_string(place.path().join("kept.jsonl")).unwrap();
    assert_eq!(kept.lines().count(), 4, "other conditions are other businesses");
    let text = place.bbb(&with(&["--policy", "idle", "--owner", "silent"])).ok();
    assert!(text.contains("5 % of attempts at effects fail, silent owner"), "{text}");
}

#[test]
fn what_cannot_be_simulated_is_refused() {
    let place = Place::new();
    for (args, words) in [
        (&["simulate", "--blueprint", "a shop for invisible hats"][..], "no template is named"),
        (&["simulate", "--blueprint", "all", "--days", "0"], "1..=3650"),
        (&["simulate", "--blueprint", "all", "--seeds", "0"], "1..=100000"),
        (&["simulate", "--blueprint", "all", "--policy", "perfect"], "perfect"),
        (&["simulate", "--blueprint", "all", "--autonomy", "7"], "0..=6"),
        (&["simulate", "--blueprint", "all", "--faults", "101"], "0..=100"),
        (&["simulate", "--blueprint", "all", "--owner", "absent"], "silent"),
        (&["simulate", "--blueprint", "all", "--first-seed", "18446744073709551615"], "too large"),
    ] {
        place.bbb(args).fails(2, words);
    }
}

#[test]
fn a_given_market_is_part_of_the_question_and_repeats_exactly() {
    let place = Place::new();
    place.write("crowded.toml", "size_percent = 40\nad_fatigue_percent = 100\n");
    let ask = |more: &[&str]| place.bbb(&with(&[more, &["--policy", "fixed", "--outcomes", "kept.jsonl", "--json"]].concat())).json();
    let kept = || std::fs::read_to_string(place.path().join("kept.jsonl")).unwrap();
    let leads = |ran: &serde_json::Value| ran["outcomes"][0]["leads"].as_u64().unwrap();
    let (drawn, crowded) = (ask(&[]), ask(&["--market", "crowded.toml"]));
    assert!(leads(&crowded) < leads(&drawn), "{} {}", leads(&crowded), leads(&drawn));
    assert_eq!((kept().lines().count(), ask(&["--market", "crowded.toml"])), (4, crowded.clone()), "it goes on from what is there");
    // The same name, another content: another market.
    place.write("crowded.toml", "size_percent = 40\nad_fatigue_percent = 90\n");
    let other = ask(&["--market", "crowded.toml"]);
    assert_eq!(kept().lines().count(), 6, "another scenario is never taken for this one");
    assert_ne!(other["outcomes"], crowded["outcomes"]);
    // Several at once, and the one that was not asked for stays out.
    place.write("small.toml", "size_percent = 40\n");
    let both = ask(&["--market", "small.toml", "--market", "crowded.toml"]);
    assert_eq!(kept().lines().count(), 8);
    assert_eq!(both["outcomes"].as_array().unwrap()[2..], other["outcomes"].as_array().unwrap()[..]);
    let labels: Vec<&str> = both["rows"].as_array().unwrap().iter().map(|row| row["market"].as_str().unwrap()).collect();
    assert!(labels[0].starts_with("small-") && labels[1].starts_with("crowded-"), "{labels:?}");
    assert_eq!(both["futures"]["markets"][0]["given"]["size_percent"].as_u64(), Some(40));
    // Without the file of outcomes the same comes out again.
    assert_eq!(place.bbb(&with(&["--policy", "fixed", "--market", "crowded.toml", "--json"])).json(), other);
    let text = place.bbb(&with(&["--policy", "idle", "--market", "crowded.toml", "--html", "page.html"])).ok();
    assert!(text.contains("market crowded-"), "{text}");
    assert!(std::fs::read_to_string(place.path().join("page.html")).unwrap().contains("market crowded-"));
    place.bbb(&with(&["--market", "small.toml", "--market", "crowded.toml", "--html", "two.html"])).fails(2, "one market");
    let bench =
        ["bench", "business", "--blueprint", TEMPLATE, "--days", "15", "--seeds", "1", "--oracle-seeds", "0", "--market", "small.toml"];
    let bench = place.bbb(&[&bench[..], &["--json"]].concat()).json();
    assert!(bench["comparisons"][0]["market"].as_str().unwrap().starts_with("small-"), "{bench}");
}

#[test]
fn nobody_earns_more_than_the_upper_bound_in_the_mean() {
    let place = Place::new();
    let bench = |blueprint: &str, more: &[&str]| {
        let args = ["bench", "business", "--blueprint", blueprint, "--json"];
        place.bbb(&[&args[..], more].concat()).json()["rows"].as_array().unwrap().clone()
    };
    let frugal = concat!(env!("CARGO_MANIFEST_DIR"), "/markets/frugal.toml");
    for rows in [
        bench(TEMPLATE, &["--days", "60", "--seeds", "2", "--oracle-seeds", "2"]),
        bench("virtual-executive-assistant-agency", &["--days", "90", "--seeds", "3", "--oracle-seeds", "0"]),
        bench("mobile-car-detailing", &["--days", "90", "--seeds", "3", "--oracle-seeds", "0", "--market", frugal]),
    ] {
        let mean = |row: &serde_json::Value| row["mean_profit_cents"].as_i64().unwrap();
        let bound = rows[0]["expected_profit_bound_cents"].as_i64().unwrap();
        assert!(rows.iter().all(|row| row["expected_profit_bound_cents"] == bound && mean(row) < bound), "{rows:?}");
        let best = rows.iter().map(mean).max().unwrap();
        assert!(best > 0 && bound < 20 * best, "it says something: {best} {bound}");
    }
}

#[test]
fn a_simulation_in_a_given_market_earns_what_a_launch_does() {
    let place = Place::new();
    place.write("small.toml", "size_percent = 60\nlate_replies_percent = 90\n");
    let market = ["--days", "30", "--market", "small.toml", "--autonomy", "6", "--json"];
    let launched = place.bbb(&[&["launch", TEMPLATE, "--seed", "7"], &market[..]].concat()).json();
    let futures = ["simulate", "--blueprint", TEMPLATE, "--first-seed", "7", "--seeds", "1", "--faults", "0"];
    let simulated = place.bbb(&[&futures[..], &market[..]].concat()).json();
    let dollars = |field: &str| simulated["outcomes"][0][field].as_f64().unwrap() / 100.0;
    let launched = |field: &str| launched["metrics"][field]["total"].as_f64().unwrap();
    assert_eq!((dollars("revenue_cents"), dollars("spent_cents")), (launched("revenue"), launched("spent")));
    assert!(dollars("revenue_cents") > 0.0);
}

#[test]
fn every_market_that_is_kept_out_of_tuning_is_read_and_run() {
    let place = Place::new();
    let mut names = Vec::new();
    for file in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/markets")).unwrap() {
        let path = file.unwrap().path();
        let ran =
            place.bbb(&["simulate", "--blueprint", TEMPLATE, "--days", "2", "--seeds", "1", "--market", path.to_str().unwrap(), "--json"]);
        names.push(ran.json()["futures"]["markets"][0]["name"].as_str().unwrap().to_owned());
        let told = std::fs::read_to_string(&path).unwrap();
        assert!(told.starts_with("# ") && told.contains("kept out of tuning"), "{path:?} says what it stands for");
    }
    names.sort();
    assert_eq!(names, ["crowded", "fickle", "frugal", "seasonal", "slow"]);
}

#[test]
fn a_market_that_is_wrong_simulates_nothing() {
    let place = Place::new();
    place.write("market.toml", "\nsize_percent = 4\n");
    let args = with(&["--market", "market.toml", "--outcomes", "kept.jsonl"]);
    place.bbb(&args).fails(2, "market.toml, line 2: size_percent is 4; it must be 10 to 1000");
    place.write("market.toml", "sise_percent = 40\n");
    place.bbb(&args).fails(2, "market.toml, line 1: unknown field `sise_percent`");
    place.bbb(&["bench", "business", "--days", "1", "--seeds", "1", "--market", "market.toml"]).fails(2, "line 1");
    assert!(!place.path().join("kept.jsonl").exists(), "nothing was simulated");
}
