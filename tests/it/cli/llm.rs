//! Runs that think with a language model: a real server of the API, with answers that fit and answers that do not.

use bbb::core::action::{Action, StudyMarket};
use bbb::core::blueprint::Channel;
use serde_json::{Value, json};

use super::{Place, TEMPLATE};
use crate::support::DEAD_PORT;
use crate::support::model::ModelServer;
use crate::support::peers::{self, Peer};

/// The words of a model that talks instead of answering, about somebody.
const TALK: &str = "Sure! I have asked Ada Lovelace.";

/// A server whose model chooses to study the market wherever it may, and talks otherwise.
fn server() -> Peer {
    let study = Action::from(StudyMarket { channels: Channel::ALL.to_vec() }).digest().to_string()[..8].to_owned();
    let choose = |key: &str| json!({ "choices": [{ "option": key, "subject": null, "text": null, "priority": null }] }).to_string();
    let fixture = |asked: &str, content: &str| {
        let usage = json!({ "prompt_tokens": 900, "completion_tokens": 100, "total_tokens": 1000 });
        json!({ "match": { "userMessage": asked }, "response": { "content": content, "usage": usage } })
    };
    let fixtures = [
        fixture("\"action\": \"study_market\"", &choose(&study)),
        fixture("\"task\": \"study_market\"", &choose("study_market")),
        fixture("\"business\"", TALK),
        fixture("does not fit the schema", TALK),
    ];
    peers::aimock(&json!({ "fixtures": fixtures }))
}

fn settings(port: u16) -> String {
    format!("[llm]\nbase_url = \"http://127.0.0.1:{port}/v1\"\nmodel = \"m\"\nprice_per_million_tokens_usd = 10\n")
}

fn launch(place: &Place, days: &str, config: &str) -> (Value, String) {
    let ran = place.bbb(&["launch", TEMPLATE, "--days", days, "--mind", "llm", "--config", config, "--json"]);
    let said = ran.err.clone();
    (ran.json(), said)
}

#[test]
fn a_model_is_asked_and_paid_and_what_it_spoils_is_said() {
    let peer = server();
    let place = Place::new();
    place.write("bbb.toml", &settings(peer.ports[0]));
    let (summary, said) = launch(&place, "3", "bbb.toml");
    let models = &summary["models"];
    let number = |key: &str| models[key].as_u64().unwrap();
    assert!(number("calls") > 3 && number("calls_failed") == 0, "{models}");
    // A thousand tokens at ten dollars a million are a cent.
    assert_eq!(models["spent"], json!(number("calls") as f64 / 100.0));
    let alone = number("unadvised");
    assert!(alone > 0 && alone < number("attempts") && number("repairs") == 2 * alone && number("attempts_failed") == 0, "{models}");
    let journal = place.bbb(&["journal", "show"]).ok();
    assert!(journal.contains("channels studied") && journal.contains("the model's answer did not fit: it is not JSON"), "{journal}");
    let text = place.bbb(&["report"]).ok();
    let spent = format!("Model calls cost ${:.2} of real money.", number("calls") as f64 / 100.0);
    assert!(text.split_whitespace().collect::<Vec<_>>().join(" ").contains(&spent), "{text}");
    assert!(!text.contains("No money moved") && !text.contains("broke even"), "{text}");
    let warning = "Most attempts that were to ask a model were decided by the playbook";
    assert!(said.contains(&format!("warning: {warning}")) && models["warnings"][0].as_str().unwrap().contains(warning), "{said}");
    for format in ["markdown", "html", "json"] {
        let report = place.bbb(&["report", "--format", format]).ok();
        assert!(report.contains(warning), "{format}: {report}");
        assert!(!report.contains("Lovelace"), "{format}: {report}");
    }
    assert!(!journal.contains("Lovelace") && !said.contains("Lovelace") && !text.contains("Lovelace"));
}

#[test]
fn a_run_that_its_model_spoiled_is_launched_anew_once_the_model_answers() {
    let peer = server();
    let place = Place::new();
    place.write("down.toml", &settings(DEAD_PORT));
    place.write("up.toml", &settings(peer.ports[0]));
    let (down, said) = launch(&place, "1", "down.toml");
    assert!(said.contains("call_model: prop_0 failed: the model was not asked: no connection"), "{said}");
    assert!(said.contains("warning: Most model calls failed"), "{said}");
    assert_eq!((&down["models"]["calls"], &down["models"]["spent"]), (&down["models"]["calls_failed"], &json!(0.0)));
    let (up, said) = launch(&place, "1", "up.toml");
    assert!(!said.contains("launched here before"), "{said}");
    assert_ne!(up["business_id"], down["business_id"]);
    assert_eq!(up["models"]["calls_failed"], 0);
    // Without a model the same launch is the same run, and nothing is said about models.
    assert!(place.launched("1")["models"].is_null());
    assert!(place.bbb(&["launch", TEMPLATE, "--days", "1"]).err.contains("launched here before"));
}

#[test]
fn a_live_business_says_that_its_playbook_decides_and_why() {
    let peer = server();
    let place = Place::new();
    let sender =
        "name = \"Tester\"\naddress = \"hello@tester-co.net\"\npostal_address = \"1 Road\"\nunsubscribe = \"https://tester-co.net/u\"";
    let smtp = format!("host = \"127.0.0.1\"\nport = {}\ntls = \"none\"", DEAD_PORT);
    place.write("bbb.toml", &format!("{}[sender]\n{sender}\n[smtp]\n{smtp}\n", settings(peer.ports[0])));
    place.write("leads.csv", "email,consent\nada@engines-ltd.net,yes\n");
    let mut running = place.start(&["launch", TEMPLATE, "--world", "live", "--mind", "llm", "--leads", "leads.csv", "--licence-confirmed"]);
    let line = running.until("the playbook decides");
    assert!(line.contains("since the model's answer did not fit: it is not JSON"), "{line}");
    running.signal("-TERM");
    assert_eq!(running.end(), 0);
    assert!(running.said("warning: Most attempts that were to ask a model were decided by the playbook"));
}

/// Launches a business whose model goes wrong now and then, and returns what it came to.
fn launch_with_faults(days: &str) -> Value {
    let server = ModelServer::start(100);
    let place = Place::new();
    place.write("bbb.toml", &format!("[llm]\nbase_url = \"http://127.0.0.1:{}/v1\"\nmodel = \"m\"\n", server.port));
    let ran =
        place.bbb(&["launch", "Technical Interview Prep Platform", "--days", days, "--mind", "llm", "--config", "bbb.toml", "--json"]);
    assert!(!ran.err.contains("warning"), "{}", ran.err);
    let summary = ran.json();
    println!("{}\n{}", summary["metrics"], summary["models"]);
    let verified = place.bbb(&["journal", "verify", "--json"]).json();
    assert_eq!(verified["integrity"], "own", "{verified}");
    summary
}

#[test]
fn a_model_that_goes_wrong_now_and_then_is_mended_and_the_business_sells() {
    let summary = launch_with_faults("21");
    assert_eq!(summary["status"], "completed");
    assert!(summary["models"]["repairs"].as_u64() > Some(3) && summary["models"]["calls_failed"].as_u64() > Some(3), "{summary}");
    assert!(summary["metrics"]["customers"].as_u64() > Some(5), "{summary}");
}

/// As the one above for a year, with the default configuration, whose money is used up by then: `docs/design/minds.md`.
#[test]
#[ignore = "long; docs/design/minds.md has its figures"]
fn a_year_with_a_model_comes_to_its_end() {
    let summary = launch_with_faults("365");
    assert_eq!(summary["status"], "completed");
    let models = &summary["models"];
    assert!(models["spent"].as_f64() <= Some(50.0) && models["unadvised"].as_u64() > Some(100), "{models}");
    assert!(summary["metrics"]["customers"].as_u64() > Some(100), "{summary}");
}
