//! The optional reviewer from the command line, against a real server of the API.

use serde_json::json;

use super::{Place, TEMPLATE};
use crate::support::DEAD_PORT;
use crate::support::peers::{self, Peer};

/// A server whose model vetoes posts, wants the owner to see advertisements, objects to no mail, and talks about answers.
fn server() -> Peer {
    let fixture = |asked: &str, content: &str| {
        let usage = json!({ "prompt_tokens": 900, "completion_tokens": 100, "total_tokens": 1000 });
        json!({ "match": { "userMessage": asked }, "response": { "content": content, "usage": usage } })
    };
    let says = |ruling: &str, category: &str| json!({ "ruling": ruling, "category": category, "confidence": 90 }).to_string();
    let fixtures = [
        fixture("\"action\": \"publish_post\"", &says("veto", "deception")),
        fixture("\"action\": \"run_ads\"", &says("escalate", "pressure")),
        fixture("\"action\": \"send_email\"", &says("ok", "none")),
        fixture("\"action\": \"answer_ticket\"", "Sure, Ada Lovelace!"),
        fixture("does not fit the schema", "Sure, Ada Lovelace!"),
    ];
    peers::aimock(&json!({ "fixtures": fixtures }))
}

fn settings(port: u16) -> String {
    format!("[llm]\nbase_url = \"http://127.0.0.1:{port}/v1\"\nmodel = \"m\"\nprice_per_million_tokens_usd = 10\n")
}

#[test]
fn a_reviewer_reads_each_text_and_its_opinion_is_told() {
    let peer = server();
    let place = Place::new();
    place.write("bbb.toml", &settings(peer.ports[0]));
    let ran = place.bbb(&["launch", TEMPLATE, "--days", "4", "--reviewer", "llm", "--json"]);
    assert!(ran.err.contains("its reviewer: m reads every text"), "{}", ran.err);
    let summary = ran.json();
    // A thousand tokens at ten dollars a million are a cent; no task asked a model.
    let calls = summary["models"]["calls"].as_u64().unwrap();
    assert!(calls > 2, "{}", summary["models"]);
    assert_eq!((&summary["models"]["spent"], &summary["models"]["attempts"]), (&json!(calls as f64 / 100.0), &json!(0)));
    let journal = place.bbb(&["journal", "show"]).ok();
    let vetoed = journal.lines().find(|line| line.contains(": the reviewer vetoes it (deception), 90 % sure")).expect(&journal);
    let post = vetoed.split_whitespace().find(|word| word.starts_with("prop_")).unwrap().trim_end_matches(':');
    assert!(journal.contains(&format!("about {post}: ask m, at most")), "{journal}");
    assert!(!journal.contains("Lovelace"));
    let why = place.bbb(&["why", post]).ok();
    for words in [
        "reviewer  vetoes it (deception), 90 % sure (event",
        "asked by prop_",
        "content.reviewer.deception: The reviewer finds nothing untrue",
    ] {
        assert!(why.contains(words), "`{words}` is not in {why}");
    }
    let why = place.bbb(&["why", post, "--json"]).json();
    assert_eq!(why["opinion"]["opinion"], json!({ "says": "veto", "category": "deception", "confidence": 90 }));
    place.bbb(&["journal", "verify"]).ok();
    let report = place.bbb(&["report"]).ok();
    assert!(report.contains("Reviewer") && !report.contains("function of its seed"), "{report}");
    // What a model says is no function of the seed: the same launch is another run.
    assert!(!place.bbb(&["launch", TEMPLATE, "--days", "1", "--reviewer", "llm"]).err.contains("launched here before"));
    // Without the flag a simulated business has no reviewer, whatever the configuration says.
    place.write("bbb.toml", &format!("{}[reviewer]\nmind = \"llm\"\n", settings(peer.ports[0])));
    assert!(place.launched("1")["models"].is_null());
}

#[test]
fn a_reviewer_that_cannot_be_reached_lets_no_text_out_by_itself() {
    let place = Place::new();
    place.write("bbb.toml", &settings(DEAD_PORT));
    place.bbb(&["launch", TEMPLATE, "--days", "2", "--reviewer", "llm", "--json"]).ok();
    let journal = place.bbb(&["journal", "show"]).ok();
    assert!(journal.contains("the reviewer says nothing: no answer came"), "{journal}");
    assert!(journal.contains("escalated to the owner by content.reviewer-silent: no answer came"), "{journal}");
    assert!(!journal.contains("published as") && !journal.contains("clicks"), "{journal}");
}

#[test]
fn a_shadow_business_has_the_reviewer_of_the_configuration_unless_told_otherwise() {
    let place = Place::new();
    place.write("leads.csv", "email,consent\nada@engines-ltd.net,yes\n");
    place.write("bbb.toml", &format!("{}[reviewer]\nmind = \"llm\"\nmodel = \"r\"\n", settings(DEAD_PORT)));
    let args = ["launch", TEMPLATE, "--world", "shadow", "--leads", "leads.csv", "--licence-confirmed"];
    let mut running = place.start(&args);
    running.until("its reviewer: r reads every text");
    running.signal("-TERM");
    assert_eq!(running.end(), 0);
    let mut running = place.start(&[args.as_slice(), &["--reviewer", "none"]].concat());
    running.until("leads imported");
    running.signal("-TERM");
    assert!(running.end() == 0 && !running.said("its reviewer"));
}

#[test]
fn the_reviewers_rules_are_explained_where_a_text_leaves() {
    let place = Place::new();
    for (kind, listed) in [("send_email", true), ("publish_post", true), ("pay_bill", false)] {
        let text = place.bbb(&["charter", "explain", kind]).ok();
        assert_eq!(text.contains("content.reviewer.deception") && text.contains("content.reviewer-silent"), listed, "{kind}: {text}");
    }
}
