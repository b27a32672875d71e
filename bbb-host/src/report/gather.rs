//! Gathering: everything that a report tells, from the journal and its fold.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use bbb_core::blueprint::{Billing, Channel, Origin};
use bbb_core::event::{By, Event, Outcome, Payload, Signal};
use bbb_core::journal::chain::Head;
use bbb_core::market::{self, Parameter};
use bbb_core::money::Cents;
use bbb_core::oversight::verdict::{RuleId, Ruling};
use bbb_core::projection::agents::agents;
use bbb_core::projection::audit::{AuditRow, Ended, audit, outcomes};
use bbb_core::projection::funnel::{Funnel, funnel};
use bbb_core::projection::learned::learned;
use bbb_core::projection::models::models;
use bbb_core::projection::spending::{Spending, spending};
use bbb_core::projection::summary::{HistoryRow, summary};
use bbb_core::projection::tasks::{TaskRow, tasks};
use bbb_core::projection::timeline::{asked, moment, plain, what};
use bbb_core::projection::virtue::virtue;
use bbb_core::projection::{Dollars, Sum};
use bbb_core::state::work::{Open, Stage};
use bbb_core::state::{State, Status};
use bbb_core::task::TaskStatus;
use bbb_core::time::Timestamp;

use super::figure::words;
use super::{
    About, AuditCounts, ChannelRow, FailureRow, MAX_FAILURES, MAX_VETOES, MAX_WAITING, MoneyReport, OpenRow, Report, RuleRow, TaskCounts,
    VetoRow, WeekRow,
};

/// Days in a week of the history table.
const WEEK_DAYS: usize = 7;

impl Report {
    /// Collects a report. `state` is the fold of `events`, which are the whole journal up to `head`.
    pub fn gather(state: &State, events: &[Event], head: Head) -> Report {
        let (tasks, audit) = (tasks(events), audit(events));
        let (funnel, spending) = (funnel(events), spending(events));
        let summary = summary(state, head);
        Report {
            about: about(state),
            money: money(state, events, &spending),
            models: models(events),
            channels: channels(state, &funnel),
            learned: learned(state, events),
            agent_details: agents(&tasks, events),
            tasks: count_tasks(&tasks),
            audit: count_audit(&audit),
            rules: rules(events),
            temptations: virtue(events, &audit),
            vetoes: vetoes(&audit),
            waiting: open(state, |open| matches!(open.stage, Stage::Waiting { .. })),
            in_doubt: open(state, |open| matches!(open.stage, Stage::InDoubt { .. })),
            failures: events.iter().rev().filter_map(|event| failure(event, &tasks, &audit)).take(MAX_FAILURES).collect(),
            weeks: weeks(&summary.history),
            hidden_market: hidden_market(events),
            spending,
            funnel,
            summary,
        }
    }
}

/// What was hidden in the market of a simulated run, as this version of the model draws it.
fn hidden_market(events: &[Event]) -> Vec<Parameter> {
    match events.first().map(|event| &event.payload) {
        Some(Payload::Launched { spec, market }) if spec.world.is_simulated() && spec.versions.market == market::VERSION => {
            market::parameters(spec, market.as_deref())
        }
        _ => Vec::new(),
    }
}

/// A time in UTC, to the minute.
fn minute(at: Timestamp) -> String {
    let text = moment(at);
    text.get(..16).map_or_else(|| text.clone(), str::to_owned)
}

fn about(state: &State) -> About {
    let (spec, blueprint) = (&state.spec, &state.spec.blueprint);
    About {
        template: match &spec.origin {
            Origin::Template { slug } => Some(slug.clone()),
            Origin::Concept { .. } => None,
        },
        industry: blueprint.industry.clone(),
        description: blueprint.description.clone(),
        offer: blueprint.offer.clone(),
        target_customer: blueprint.target_customer.clone(),
        price: Dollars(state.trade.price),
        monthly: blueprint.billing == Billing::Monthly,
        licence: Some(spec.licences().join("; ")).filter(|licences| !licences.is_empty()),
        days_run: state.day,
        days_planned: spec.days(),
        started_at: minute(spec.start),
        newest_at: minute(state.now),
        zone: spec.zone.clone(),
        autonomy: spec.autonomy.get(),
        mind: spec.mind.as_str(),
        reviewer: spec.reviewer.as_ref().map(|reviewer| reviewer.model.clone()),
        paused_because: match &state.status {
            Status::Paused { reason } => Some(reason.clone()),
            Status::Active | Status::Completed | Status::Stopped => None,
        },
    }
}

fn money(state: &State, events: &[Event], spending: &Spending) -> MoneyReport {
    let taken = events.iter().filter_map(|event| match &event.payload {
        Payload::Received { signal: Signal::ChargedBack { amount, fee, .. }, .. } => Some(amount.plus(*fee)),
        _ => None,
    });
    let (taken_back, lost) = taken.fold((0, Cents::ZERO), |(count, sum), taken| (count + 1, sum.plus(taken)));
    let (books, simulated) = (&state.books, state.spec.world.is_simulated());
    let figures = books.of_world();
    let cap = if simulated { books.caps.simulated_money.total } else { books.caps.real_money.total };
    MoneyReport {
        balance: Sum::new(figures.revenue.minus(figures.spent), simulated),
        payments: spending.payments,
        refunds: state.trade.refunds,
        taken_back,
        lost: Sum::new(lost, simulated),
        budget: Sum::new(cap, simulated),
        left: Sum::new(books.left(), simulated),
        held: Sum::new(figures.held, simulated),
        real_spent: simulated.then(|| Sum::new(books.real.spent().cents(), false)),
        tokens: books.tokens.spent,
        messages: u32::try_from(books.messages.spent).unwrap_or(u32::MAX),
    }
}

fn channels(state: &State, funnel: &Funnel) -> Vec<ChannelRow> {
    let row = |channel: Channel| {
        let result = state.trade.channel(channel);
        let steps = funnel.by_channel.get(&channel).copied().unwrap_or_default();
        let spent = Dollars(result.spent);
        ChannelRow { channel: channel.as_str(), steps, spent, posts: result.posts, clicks: result.clicks }
    };
    let told = |row: &ChannelRow| row.steps.leads > 0 || row.posts > 0 || row.spent != Dollars::default();
    Channel::ALL.into_iter().map(row).filter(told).collect()
}

fn count_tasks(tasks: &[TaskRow]) -> TaskCounts {
    let mut counts = TaskCounts::default();
    for task in tasks {
        counts.created += 1;
        let kind = counts.by_kind.entry(task.kind.as_str()).or_default();
        match task.status {
            TaskStatus::Completed => kind.completed += 1,
            TaskStatus::Failed => kind.failed += 1,
            TaskStatus::Pending | TaskStatus::Blocked | TaskStatus::InProgress => {
                kind.open += 1;
                counts.open += 1;
            }
        }
        if let Some(failure) = &task.failure {
            *counts.by_cause.entry(failure.cause).or_default() += 1;
        }
    }
    counts
}

fn count_audit(rows: &[AuditRow]) -> AuditCounts {
    let mut answered = (0, 0);
    for answer in rows.iter().filter_map(|row| row.answer.as_ref()) {
        *(if answer.approve { &mut answered.0 } else { &mut answered.1 }) += 1;
    }
    AuditCounts { proposals: rows.len() as u64, by_outcome: outcomes(rows), answered_yes: answered.0, answered_no: answered.1 }
}

fn rules(events: &[Event]) -> Vec<RuleRow> {
    let mut counts: BTreeMap<&RuleId, (u64, u64)> = BTreeMap::new();
    for event in events {
        let Payload::Reviewed { verdict, .. } = &event.payload else { continue };
        for rule in &verdict.rules {
            match verdict.ruling {
                Ruling::Veto => counts.entry(rule).or_default().0 += 1,
                Ruling::Escalate => counts.entry(rule).or_default().1 += 1,
                Ruling::Approve => {}
            }
        }
    }
    let mut rows: Vec<RuleRow> =
        counts.into_iter().map(|(rule, (vetoed, escalated))| RuleRow { rule: rule.clone(), vetoed, escalated }).collect();
    rows.sort_by_key(|row| Reverse(row.vetoed + row.escalated));
    rows
}

fn vetoes(rows: &[AuditRow]) -> Vec<VetoRow> {
    let mut refused: Vec<&AuditRow> = rows.iter().filter(|row| row.outcome.is_refused()).collect();
    refused.sort_by_key(|row| Reverse((row.changed_at, row.proposal)));
    refused.truncate(MAX_VETOES);
    refused.into_iter().map(veto).collect()
}

fn veto(row: &AuditRow) -> VetoRow {
    let verdict = row.verdicts.last();
    let (by, why) = match (&row.answer, row.outcome) {
        (Some(answer), Ended::Refused) => (by_text(&answer.by), answer.reason.as_str()),
        _ => ("oversight", verdict.map_or("", |verdict| verdict.note.as_str())),
    };
    VetoRow {
        at: minute(row.changed_at),
        proposal: row.proposal.to_string(),
        role: row.role,
        what: row.what.clone(),
        by: plain(by),
        rules: verdict.map_or_else(Vec::new, |verdict| verdict.rules.clone()),
        why: plain(why),
    }
}

fn by_text(by: &By) -> &str {
    match by {
        By::Owner => "owner",
        By::SimulatedOwner => "simulated owner",
        By::Expiry => "expiry",
        By::Engine => "engine",
        By::Delegate(name) => name,
    }
}

fn open(state: &State, which: impl Fn(&Open) -> bool) -> Vec<OpenRow> {
    let row = |open: &Open| {
        let (rules, expires_at) = match &open.stage {
            Stage::Waiting { rules, expires_at } => (rules.clone(), Some(minute(*expires_at))),
            _ => (Vec::new(), None),
        };
        let proposal = &open.proposal;
        OpenRow { proposal: proposal.id.to_string(), role: proposal.role, what: asked(&proposal.action), rules, expires_at }
    };
    state.work.proposals.values().filter(|open| which(open)).take(MAX_WAITING).map(row).collect()
}

/// What failed, with what it was about: the event itself names only ids.
fn failure(event: &Event, tasks: &[TaskRow], audit: &[AuditRow]) -> Option<FailureRow> {
    let about = match &event.payload {
        Payload::TaskFailed { task, .. } => tasks.iter().find(|row| row.id == *task).map(|row| format!("{}: ", words(row.kind.as_str()))),
        Payload::Doubted { proposal, .. } => audit.iter().find(|row| row.proposal == *proposal).map(|row| format!("{}: ", row.what)),
        Payload::Settled { proposal, outcome, .. } => {
            let ended = matches!(outcome, Outcome::Failed { .. } | Outcome::Lost { .. }) && !outcome.stays_open();
            if !ended && !matches!(outcome, Outcome::InDoubt { .. }) {
                return None;
            }
            audit.iter().find(|row| row.proposal == *proposal).map(|row| format!("{}: ", row.what))
        }
        Payload::AgentFailed { .. } | Payload::Overrun { .. } => None,
        _ => return None,
    };
    Some(FailureRow { at: minute(event.at), what: format!("{}{}", about.unwrap_or_default(), what(&event.payload)) })
}

/// The history keeps a bounded number of days: where its beginning is gone, the first row kept is only what the next week is compared with.
fn weeks(history: &[HistoryRow]) -> Vec<WeekRow> {
    let Some(first) = history.first() else { return Vec::new() };
    let zero = Dollars::default();
    let nothing = HistoryRow {
        revenue: zero,
        spent: zero,
        customers: 0,
        leads: 0,
        qualified: 0,
        tasks_completed: 0,
        tasks_failed: 0,
        tasks_open: 0,
        ..*first
    };
    let (mut before, kept) = if first.day == 0 { (nothing, history) } else { (*first, &history[1..]) };
    let mut weeks = Vec::new();
    for days in kept.chunks(WEEK_DAYS) {
        let Some(end) = days.last() else { continue };
        weeks.push(week(&before, end));
        before = *end;
    }
    weeks
}

fn week(before: &HistoryRow, end: &HistoryRow) -> WeekRow {
    let less = |a: Dollars, b: Dollars| Dollars(a.0.minus(b.0));
    WeekRow {
        week: end.day / 7 + 1,
        to_day: end.day + 1,
        revenue: less(end.revenue, before.revenue),
        spent: less(end.spent, before.spent),
        leads: end.leads.saturating_sub(before.leads),
        qualified: end.qualified.saturating_sub(before.qualified),
        customers: end.customers.saturating_sub(before.customers),
        tasks_completed: end.tasks_completed.saturating_sub(before.tasks_completed),
        tasks_failed: end.tasks_failed.saturating_sub(before.tasks_failed),
        revenue_so_far: end.revenue,
        spent_so_far: end.spent,
    }
}
