//! What people see while a business runs: a bar and a stream of lines on a terminal, a few plain lines elsewhere. All of it on standard error.

use std::collections::BTreeMap;
use std::io::{self, Write};

use bbb_core::event::{Event, Outcome, Payload, Signal};
use bbb_core::id::{BusinessId, ProposalId, TaskId};
use bbb_core::money::Cents;
use bbb_core::oversight::verdict::Ruling;
use bbb_core::projection::timeline::{moment, plain, what};
use bbb_core::receipt::Receipt;
use bbb_core::state::State;
use bbb_core::time::Timestamp;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::cli::business::money;

/// Into how many parts a run is cut where nobody watches: one line each.
const PLAIN_LINES: u32 = 10;

/// What is shown of a run.
pub(super) struct Progress {
    business: BusinessId,
    simulated: bool,
    watched: bool,
    start: Timestamp,
    days: Option<u32>,
    bar: Option<ProgressBar>,
    tasks: BTreeMap<TaskId, String>,
    proposals: BTreeMap<ProposalId, String>,
    figures: Figures,
    /// How many parts of the run a plain line was written for.
    parts: u32,
    /// Whether a model call is known to have failed.
    model_failed: bool,
}

#[derive(Default)]
struct Figures {
    day: u32,
    leads: u32,
    orders: u32,
    revenue: Cents,
}

impl Progress {
    /// The progress of a business that stands at `state`.
    pub(super) fn new(state: &State, watched: bool) -> Progress {
        let simulated = state.spec.world.is_simulated();
        let days = state.spec.days().and_then(|days| u32::try_from(days).ok());
        let bar = days.filter(|_| watched && simulated).map(bar);
        let mut progress = Progress {
            business: state.business,
            simulated,
            watched,
            start: state.spec.start,
            days,
            bar,
            tasks: BTreeMap::new(),
            proposals: BTreeMap::new(),
            figures: Figures::default(),
            parts: 0,
            model_failed: false,
        };
        progress.catch_up(state);
        progress
    }

    pub(super) fn is_simulated(&self) -> bool {
        self.simulated
    }

    /// Takes names and figures from the state, where events were missed.
    pub(super) fn catch_up(&mut self, state: &State) {
        self.tasks = state.work.tasks.values().map(|task| (task.id, format!("{}  {}", task.role(), task.order.kind))).collect();
        let open = state.work.proposals.iter();
        self.proposals = open.map(|(id, open)| (*id, format!("{} {}", open.proposal.role, open.proposal.action.kind()))).collect();
        let orders = u32::try_from(state.trade.orders.len()).unwrap_or(u32::MAX);
        self.figures = Figures { day: state.day, leads: state.trade.leads, orders, revenue: state.books.of_world().revenue };
        self.tick();
    }

    /// Shows one committed event.
    pub(super) fn show(&mut self, event: &Event) {
        self.learn(event);
        if let Some(text) = self.text(event) {
            self.note(&format!("{}  {text}", self.time(event.at)));
        }
        if let Payload::DayClosed { .. } = event.payload {
            self.tick();
        }
    }

    fn learn(&mut self, event: &Event) {
        match &event.payload {
            Payload::TaskCreated { task, order } => drop(self.tasks.insert(*task, format!("{}  {}", order.kind.role(), order.kind))),
            Payload::Proposed { proposal } => {
                let who = if proposal.reviews.is_some() { "reviewer" } else { proposal.role.as_str() };
                drop(self.proposals.insert(proposal.id, format!("{who} {}", proposal.action.kind())));
            }
            Payload::Received { signal: Signal::LeadArrived { .. }, .. } => self.figures.leads += 1,
            Payload::Received { signal: Signal::OrderPlaced { .. }, .. } => self.figures.orders += 1,
            Payload::Settled { proposal, outcome: Outcome::Done { receipt: Receipt::PaymentReceipt(payment) }, .. }
                if self.proposals.get(proposal).is_some_and(|name| name.ends_with("collect_payment")) =>
            {
                self.figures.revenue = self.figures.revenue.plus(payment.amount.cents());
            }
            Payload::DayClosed { day } => self.figures.day = day + 1,
            _ => {}
        }
    }

    /// The line for an event, where it is worth one.
    fn text(&mut self, event: &Event) -> Option<String> {
        let stream = self.watched || !self.simulated;
        let name = |names: &BTreeMap<ProposalId, String>, id: &ProposalId| names.get(id).cloned().unwrap_or_default();
        match &event.payload {
            Payload::TaskCompleted { task } => {
                let task = self.tasks.remove(task)?;
                stream.then(|| format!("{task}: done"))
            }
            Payload::TaskFailed { task, reason, .. } => {
                let task = self.tasks.remove(task)?;
                stream.then(|| format!("{task}: failed, {}", plain(reason)))
            }
            Payload::AttemptFailed { task, reason, retry_at } if stream => {
                let again = self.time(*retry_at);
                self.tasks.get(task).map(|task| format!("{task}: an attempt came to nothing ({}); again from {again}", plain(reason)))
            }
            Payload::Reviewed { proposal, verdict, .. } if verdict.ruling == Ruling::Escalate && !self.simulated => {
                let named = name(&self.proposals, proposal);
                Some(format!("{proposal} waits for you: {named}; see: bbb inbox {}", self.business))
            }
            Payload::Reviewed { verdict, .. } if verdict.ruling == Ruling::Approve => None,
            Payload::Reviewed { proposal, .. } | Payload::Answered { proposal, .. } | Payload::Withdrawn { proposal, .. } => {
                stream.then(|| format!("{}: {}", name(&self.proposals, proposal), what(&event.payload)))
            }
            Payload::Settled { proposal, outcome, .. } => {
                let line = format!("{}: {}", name(&self.proposals, proposal), what(&event.payload));
                let shown = match outcome {
                    Outcome::Done { receipt } => matches!(receipt, Receipt::PaymentReceipt(_)) || !self.simulated,
                    _ => true,
                };
                // With a model that does not answer, a run may stand still for long. The first failure says so to anybody.
                let model_fails = shown && !self.model_failed && name(&self.proposals, proposal).ends_with("call_model");
                self.model_failed |= model_fails;
                if !outcome.stays_open() {
                    self.proposals.remove(proposal);
                }
                (shown && (stream || model_fails)).then_some(line)
            }
            Payload::Received { signal: Signal::LeadArrived { .. }, .. } => None,
            Payload::Unadvised { .. } => stream.then(|| what(&event.payload)),
            Payload::Received { .. } => stream.then(|| what(&event.payload)),
            Payload::Paused { .. } => Some(format!("{}; go on with: bbb resume {}", what(&event.payload), self.business)),
            Payload::Resumed { .. }
            | Payload::Forked { .. }
            | Payload::Upgraded { .. }
            | Payload::Overrun { .. }
            | Payload::AgentFailed { .. }
            | Payload::Doubted { .. }
            | Payload::DoubtResolved { .. } => Some(what(&event.payload)),
            _ => None,
        }
    }

    fn time(&self, at: Timestamp) -> String {
        if !self.simulated {
            return format!("{} UTC", moment(at));
        }
        let minutes = at.since(self.start).div_euclid(60_000);
        format!("simulated day {:>3} {:02}:{:02}", minutes.div_euclid(1440) + 1, minutes.div_euclid(60) % 24, minutes % 60)
    }

    /// Moves the bar, or writes a plain line now and then.
    fn tick(&mut self) {
        let Figures { day, leads, orders, revenue } = self.figures;
        let (Some(days), true) = (self.days, self.simulated) else { return };
        let plural = |count: u32, one: &str| format!("{count} {one}{}", if count == 1 { "" } else { "s" });
        let message = format!("{}, {}, {} earned", plural(leads, "lead"), plural(orders, "order"), money(revenue, self.simulated));
        if let Some(bar) = &self.bar {
            bar.set_position(u64::from(day));
            bar.set_message(message);
            return;
        }
        let parts = day.saturating_mul(PLAIN_LINES).checked_div(days).unwrap_or(0);
        if parts > self.parts {
            self.parts = parts;
            self.note(&format!("simulated day {day} of {days}: {message}"));
        }
    }

    /// Writes a line, above the bar where there is one.
    pub(super) fn note(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.println(text),
            // If standard error is closed, there is nobody to tell.
            None => drop(writeln!(io::stderr(), "{text}")),
        }
    }

    /// Takes the bar away.
    pub(super) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn bar(days: u32) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(u64::from(days)), ProgressDrawTarget::stderr());
    // A template that does not parse leaves the default look.
    if let Ok(style) = ProgressStyle::with_template("simulated day {pos} of {len} [{bar:24}] {msg}") {
        bar.set_style(style.progress_chars("=> "));
    }
    bar
}
