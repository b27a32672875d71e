//! `bbb why`: what led to one proposal and what came of it.

use bbb_core::event::By;
use bbb_core::id::{BusinessId, ProposalId};
use bbb_core::oversight::charter::Charter;
use bbb_core::oversight::verdict::Ruling;
use bbb_core::projection::Price;
use bbb_core::projection::audit::Ended;
use bbb_core::projection::tasks::TaskRow;
use bbb_core::projection::timeline::{moment, opined, plain};
use bbb_core::projection::why::{Judged, Plan, Try, Unknown, Why, why};
use clap::Args;

use crate::cli::Common;
use crate::cli::access::{Access, decode};
use crate::cli::screen::Screen;
use crate::fault::{Fault, Kind};

#[derive(Debug, Args)]
pub(super) struct WhyArgs {
    /// The business, where there are several, and the proposal, such as prop_12
    #[arg(required = true, num_args = 1..=2, value_name = "[BUSINESS] PROPOSAL")]
    names: Vec<String>,
}

impl WhyArgs {
    pub(super) fn run(self, common: &Common, screen: &mut Screen) -> Result<(), Fault> {
        let usage = |error: bbb_core::id::ParseError| Fault::usage(error.to_string());
        let (business, proposal) = match self.names.as_slice() {
            [business, proposal] => (Some(business.parse::<BusinessId>().map_err(usage)?), proposal),
            [proposal] => (None, proposal),
            _ => return Err(Fault::usage("name a proposal, such as prop_12")),
        };
        let proposal: ProposalId = proposal.parse().map_err(usage)?;
        let access = Access::open(common)?;
        let id = access.pick(business)?;
        let events = decode(&access.journal(id)?.0)?;
        let why = why(&events, proposal, Charter::shipped()).map_err(|error| match error {
            Unknown::Proposal(..) => Fault::not_found(format!("{id}: {error}; see: bbb journal show {id}")),
            error => Fault::new(Kind::Corrupted, format!("{id}: {error}")),
        })?;
        if screen.is_json() {
            let mut object = serde_json::to_value(&why).map_err(|error| Fault::failed(error.to_string()))?;
            object["business_id"] = serde_json::json!(id);
            return screen.object(&object);
        }
        screen.print(&text(id, &why))
    }
}

/// A heading and its branches, each with lines of its own.
fn text(id: BusinessId, why: &Why) -> String {
    let proposal = &why.proposal;
    let standing = words_of(why.outcome);
    let again = match (why.retry_at, why.attempts.len()) {
        (Some(at), attempts) => format!(" at attempt {attempts}, another one follows from {} UTC", moment(at)),
        (None, attempts @ 2..) => format!(" at attempt {attempts}"),
        (None, _) => String::new(),
    };
    let mut branches = vec![goal(id, why), plan(why), task(why)];
    branches.extend(why.before.iter().map(|tried| another("before", tried)));
    let mut proposed = vec![
        format!("proposal  {} by {} at {} UTC (event {})", proposal.id, proposal.role, moment(proposal.at), proposal.event),
        format!("{} % sure: {}", proposal.confidence, plain(&proposal.rationale)),
    ];
    proposed.extend(proposal.unadvised.iter().map(|reason| format!("by the playbook alone, since {}", plain(reason))));
    proposed.push(format!("content {}", proposal.digest));
    branches.push(proposed);
    branches.extend(why.opinion.iter().map(|said| {
        let calls: Vec<String> = said.calls.iter().map(ToString::to_string).collect();
        let asked = if calls.is_empty() { "without a call".to_owned() } else { format!("asked by {}", calls.join(", ")) };
        let words = opined(said.opinion);
        vec![format!("reviewer  {} (event {}, {asked})", words.strip_prefix("the reviewer ").unwrap_or(&words), said.event)]
    }));
    branches.extend(why.verdicts.iter().map(verdict));
    if let Some(answer) = &why.answer {
        let who = match &answer.by {
            By::Owner => "the owner".into(),
            By::SimulatedOwner => "the simulated owner".into(),
            By::Expiry => "nobody: time ran out".into(),
            By::Engine => "the engine".into(),
            By::Delegate(name) => plain(name),
        };
        let reason = if answer.reason.is_empty() { String::new() } else { format!(": {}", plain(&answer.reason)) };
        branches.push(vec![format!("answer    {} by {who}{reason}", if answer.approve { "yes" } else { "no" })]);
    }
    for attempt in &why.attempts {
        let began =
            format!("attempt   {} at {} UTC (event {}), {} held", attempt.number, moment(attempt.at), attempt.event, price(&attempt.hold));
        let settled = attempt.settled.map_or_else(|| "under way".to_owned(), |event| format!("(event {event})"));
        let results = attempt.results.join("; ");
        branches.push(vec![began, format!("{results} {settled}").trim().to_owned()]);
    }
    let reason = if why.reason.is_empty() { String::new() } else { format!(": {}", plain(&why.reason)) };
    let cost = why.cost.as_ref().map_or_else(|| "nothing".to_owned(), price);
    branches.push(vec![format!("result    {standing}{again}{reason}"), format!("cost {cost}")]);
    branches.extend(why.after.iter().map(|tried| another("again", tried)));

    let last = why.after.last().map_or_else(String::new, |last| format!("; tried again as {}: {}", last.proposal, words_of(last.outcome)));
    let mut out = format!("{}: {}: {standing}{again}{last}\n", proposal.id, proposal.what);
    let count = branches.len();
    for (index, lines) in branches.into_iter().enumerate() {
        let last = index + 1 == count;
        for (number, line) in lines.into_iter().enumerate() {
            let stem = match (number, last) {
                (0, false) => "├─ ",
                (0, true) => "└─ ",
                (_, false) => "│            ",
                (_, true) => "             ",
            };
            out.push_str(stem);
            out.push_str(&line);
            out.push('\n');
        }
    }
    out
}

fn words_of(outcome: Ended) -> String {
    outcome.as_str().replace('_', " ")
}

/// Another proposal of the same effect.
fn another(when: &str, tried: &Try) -> Vec<String> {
    let reason = if tried.reason.is_empty() { String::new() } else { format!(": {}", plain(&tried.reason)) };
    let (name, at, event) = (tried.proposal, moment(tried.at), tried.event);
    vec![format!("{when:<10}{name} for the same, proposed at {at} UTC (event {event}): {}{reason}", words_of(tried.outcome))]
}

fn goal(id: BusinessId, why: &Why) -> Vec<String> {
    let goal = &why.goal;
    let mut lines = vec![format!("goal      {} ({id}), {}, autonomy {}", plain(&goal.blueprint), goal.world, goal.autonomy)];
    lines.extend(goal.concept.as_ref().map(|concept| format!("in the founder's words: {}", plain(concept))));
    lines.push(plain(&goal.description));
    lines
}

fn plan(why: &Why) -> Vec<String> {
    vec![match &why.plan {
        Plan::Launch => format!("plan      the first one, at the launch on {} UTC", moment(why.goal.launched_at)),
        Plan::Task { task, day, at, event } => format!("plan      of day {day}, by {task} at {} UTC (event {event})", moment(*at)),
        Plan::Engine { day } => format!("plan      none: the engine asks for a plan of day {day}"),
    }]
}

fn task(why: &Why) -> Vec<String> {
    let words = |task: &TaskRow| {
        let channel = task.channel.map_or_else(String::new, |channel| format!(" on {channel}"));
        let failure = task.failure.as_ref().map_or_else(String::new, |failure| format!(" ({})", plain(&failure.reason)));
        format!("{} {}{channel} for {}: {}{failure}", task.id, task.kind, task.role, task.status.as_str().replace('_', " "))
    };
    let mut lines = vec![format!("task      {}, priority {}, attempt {}", words(&why.task), why.task.priority, why.task.attempts)];
    lines.extend(why.parents.iter().map(|parent| format!("after {}", words(parent))));
    lines
}

fn verdict(verdict: &Judged) -> Vec<String> {
    let ruling = match verdict.ruling {
        Ruling::Approve => "approved",
        Ruling::Escalate => "asked the owner",
        Ruling::Veto => "vetoed",
    };
    let mut lines = vec![format!("oversight {ruling} at {} UTC (event {})", moment(verdict.at), verdict.event)];
    for rule in &verdict.rules {
        let sentence = rule.sentence.as_ref().map_or_else(String::new, |sentence| format!(": {sentence}"));
        let ground = rule.ground.as_ref().map_or_else(String::new, |ground| format!(" ({ground})"));
        lines.push(format!("{}{sentence}{ground}", rule.rule));
    }
    if !verdict.note.is_empty() {
        lines.push(format!("it saw: {}", plain(&verdict.note)));
    }
    if verdict.other_charter {
        lines.push("the charter was another one then; these are today's sentences".to_owned());
    }
    lines
}

fn price(price: &Price) -> String {
    price.words().unwrap_or_else(|| "nothing".to_owned())
}
