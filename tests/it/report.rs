//! Reports of real runs, in their four forms.

use bbb::core::blueprint;
use bbb::core::draw::Seed;
use bbb::core::event::{Event, Payload};
use bbb::core::journal::chain::{GENESIS, Head};
use bbb::core::spec::{Autonomy, Spec, WorldKind};
use bbb::core::state::State;
use bbb::host::report::{self, Report};

use crate::projection::run;

fn gathered(concept: &str, days: u32, autonomy: Autonomy) -> Report {
    let (state, events, head) = run(concept, days, autonomy);
    Report::gather(&state, &events, head)
}

const HEADINGS: [&str; 12] = [
    "What it is",
    "Result (simulated)",
    "Money (simulated)",
    "Funnel and channels (simulated)",
    "What growth learned (simulated)",
    "Agents (simulated)",
    "Oversight (simulated)",
    "Waiting for the owner (simulated)",
    "Recent failures (simulated)",
    "History by week (simulated)",
    "How to verify",
    "Appendix: the hidden market (simulated)",
];

/// Each part stands after the one before it.
fn in_order(text: &str, parts: &[String]) {
    let mut from = 0;
    for part in parts {
        let found = text[from..].find(part.as_str());
        assert!(found.is_some(), "`{part}` is missing or out of order in:\n{text}");
        from += found.unwrap_or(0) + part.len();
    }
}

#[test]
fn the_text_fits_a_terminal_and_has_every_section() {
    let report = gathered("Podcast Production Studio", 30, Autonomy::ASK);
    let text = report::text(&report);
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    in_order(&text, &HEADINGS.map(str::to_uppercase));
    assert!(text.contains("! Simulated. No money moved"));
}

#[test]
fn json_is_the_summary_and_more() {
    let (state, events, head) = run("AI Chatbot Integration Service", 10, Autonomy::FULL);
    let report = report::json(&Report::gather(&state, &events, head));
    let summary = serde_json::to_value(bbb::core::projection::summary::summary(&state, head)).unwrap();
    for (name, value) in summary.as_object().unwrap() {
        assert_eq!(&report[name], value, "{name}");
    }
    for name in
        ["about", "money", "spending", "funnel", "channels", "learned", "agent_details", "tasks", "audit", "rules", "vetoes", "weeks"]
    {
        assert!(!report[name].is_null(), "{name}");
    }
}

#[test]
fn a_concept_made_of_markup_is_only_text() {
    let concept = "<script>alert(1)</script> | **bold** [link](javascript:x) & \"quotes\"";
    let report = gathered(concept, 3, Autonomy::FULL);
    let html = report::html(&report).unwrap();
    assert!(!html.contains("<script") && html.contains("<h1>&lt;script&gt;alert(1)&lt;"), "{html}");
    let markdown = report::markdown(&report);
    assert!(!markdown.contains("<script") && markdown.contains("&lt;script&gt;alert(1)&lt;/script&gt; \\| \\*\\*bold\\*\\*"), "{markdown}");
    in_order(&markdown, &HEADINGS.map(|heading| format!("\n## {heading}\n")));
}

/// One file that asks nothing of anybody: no address but the one that names the drawing's words, no script, nothing fetched.
#[test]
fn the_html_is_one_file_that_fetches_nothing() {
    let (state, events, head) = run("Podcast Production Studio", 30, Autonomy::ASK);
    let html = report::html(&Report::gather(&state, &events, head)).unwrap();
    for foreign in ["http:", "https:", "src=", "href=", "url(", "@import", "<script", "<link", "<iframe", "onload", "NaN"] {
        assert!(!html.contains(foreign), "{foreign}");
    }
    in_order(&html, &HEADINGS.map(|heading| format!("<h2>{heading}</h2>")));
    assert!(html.contains("class=\"banner\""));
    let charts = html.matches("<svg ").count();
    assert_eq!(charts, 5);
    for named in ["role=\"img\"", "<title id=", "<desc id=", "<figcaption>"] {
        assert_eq!(html.matches(named).count(), charts, "{named}");
    }
    let tables = html.matches("<table>").count();
    assert!(tables >= charts && html.matches("<caption>").count() == tables);
    let unmarked: Vec<&str> =
        html.split("<figcaption>").skip(1).filter(|rest| !rest.split("</").next().unwrap().contains("(simulated)")).collect();
    assert!(unmarked.is_empty(), "a chart is not called simulated");
}

#[test]
fn a_live_business_on_its_first_morning_is_not_called_simulated() {
    let (origin, blueprint) = blueprint::resolve("Podcast Production Studio").unwrap();
    let spec = Spec { world: WorldKind::Live, end: None, ..Spec::simulated(origin, blueprint, Seed::new(1), 1) };
    let launched =
        Event { sequence: 1, at: spec.start, cause: 0, payload: Payload::Launched { spec: Box::new(spec.clone()), market: None } };
    let state = State::launch(spec.id(), &launched).unwrap();
    let report = Report::gather(&state, &[launched], Head { sequence: 1, hash: GENESIS });
    let (html, text) = (report::html(&report).unwrap(), report::text(&report));
    for form in [&html, &text, &report::markdown(&report)] {
        assert!(!form.to_lowercase().contains("(simulated") && !form.contains("In the simulation") && !form.contains("NaN"), "{form}");
    }
    assert!(text.contains("day 0, no planned end") && text.contains("No day has ended yet."), "{text}");
    assert!(!html.contains("class=\"banner\""));
    assert_eq!(report::json(&report)["metrics"]["revenue"]["simulated"], false);
}

#[test]
fn what_waits_in_the_middle_of_a_run_is_listed() {
    let (state, events, head) = run("Podcast Production Studio", 5, Autonomy::ASK);
    let escalated = |event: &&Event| matches!(&event.payload, Payload::Reviewed { expires_at: Some(_), .. });
    let at = events.iter().find(escalated).unwrap().sequence;
    let end = usize::try_from(at).unwrap();
    let so_far = State::replay(state.business, &events[..end]).unwrap().unwrap();
    let report = Report::gather(&so_far, &events[..end], Head { sequence: at, hash: head.hash });
    assert_eq!(report.waiting.len(), 1);
    let text = report::text(&report);
    // The lines of a terminal break where they are full.
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("1 thing waits for the owner.") && text.contains("Escalations without an answer"), "{text}");
    assert!(report::html(&report).unwrap().contains(&report.waiting[0].proposal));
}
