//! `bbb status`: how a business stands, or which businesses there are.

use std::fmt::Write;

use bbb_core::id::BusinessId;
use bbb_core::projection::summary::summary;
use bbb_core::projection::timeline::moment;
use bbb_core::state::Status as Standing;
use bbb_core::state::work::Stage;
use clap::Args;
use serde_json::json;

use crate::cli::Common;
use crate::cli::access::Access;
use crate::cli::business::money;
use crate::cli::screen::Screen;
use crate::fault::Fault;
use crate::service::{Now, Row};

#[derive(Debug, Args)]
pub(super) struct Status {
    /// The business; without it all are listed where there are several
    business: Option<BusinessId>,
}

impl Status {
    pub(super) fn run(self, common: &Common, screen: &mut Screen) -> Result<(), Fault> {
        let access = Access::open(common)?;
        let id = match self.business {
            Some(id) => id,
            None => match access.list()?.as_slice() {
                [row] => row.business,
                rows => return list(rows, screen),
            },
        };
        let now = access.now(id)?;
        if !screen.is_json() {
            return screen.print(&text(&now));
        }
        let mut object = serde_json::to_value(summary(&now.state, now.head)).map_err(|error| Fault::failed(error.to_string()))?;
        let (waiting, in_doubt) = open(&now);
        object["running"] = json!(now.running);
        object["waiting"] = json!(waiting);
        object["in_doubt"] = json!(in_doubt);
        if let Standing::Paused { reason } = &now.state.status {
            object["paused_because"] = json!(reason);
        }
        screen.object(&object)
    }
}

fn list(rows: &[Row], screen: &mut Screen) -> Result<(), Fault> {
    if screen.is_json() {
        return screen.object(&json!({ "businesses": rows }));
    }
    if rows.is_empty() {
        return screen.print("no business was launched here yet");
    }
    let mut text = String::new();
    for row in rows {
        let standing = if row.ended {
            "over"
        } else if row.running {
            "running"
        } else {
            "not running"
        };
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{}  {:<11}  {:<9}  {:>7} events  {}", row.business, standing, row.world, row.events, row.title());
    }
    screen.print(&text)
}

/// How many proposals wait for the owner, and how many effects are in doubt.
fn open(now: &Now) -> (usize, usize) {
    let count = |wanted: fn(&Stage) -> bool| now.state.work.proposals.values().filter(|open| wanted(&open.stage)).count();
    (count(|stage| matches!(stage, Stage::Waiting { .. })), count(|stage| matches!(stage, Stage::InDoubt { .. })))
}

fn text(now: &Now) -> String {
    let state = &now.state;
    let (spec, id, simulated) = (&state.spec, state.business, state.spec.world.is_simulated());
    let mut out = String::new();
    let mut line = |name: &str, value: String| {
        let _ = writeln!(out, "  {name:<10}  {value}");
    };
    let status = match &state.status {
        Standing::Paused { reason } => format!("paused: {reason}"),
        Standing::Active if now.running => "active, running".to_owned(),
        Standing::Active => "active, but no process runs it".to_owned(),
        over => over.as_str().to_owned(),
    };
    line("status", status);
    line("world", format!("{}, seed {}, autonomy {}", spec.world, spec.seed.get(), state.autonomy.base.get()));
    let planned = spec.days().map_or_else(String::new, |days| format!(" of {days}"));
    line("day", format!("{}{planned}, {} UTC", state.history.len(), moment(state.now)));
    let book = state.books.of_world();
    line("revenue", money(book.revenue, simulated));
    line("spent", format!("{}, {} held, {} left", money(book.spent, simulated), book.held, state.books.left()));
    let trade = &state.trade;
    line(
        "trade",
        format!(
            "{} leads, {} qualified, {} customers{}",
            trade.leads,
            trade.qualified,
            trade.customers,
            if simulated { " (simulated)" } else { "" }
        ),
    );
    let tasks = state.task_totals();
    line(
        "tasks",
        format!("{} completed, {} failed, {} vetoed, {} open", tasks.completed, tasks.failed, tasks.vetoed, state.work.open_tasks()),
    );
    let rulings = &state.rulings;
    line(
        "oversight",
        format!("{} reviewed: {} approved, {} vetoed, {} escalated", rulings.reviewed, rulings.approved, rulings.vetoed, rulings.escalated),
    );
    line("journal", format!("{} events, head {}", now.head.sequence, now.head.hash));
    match open(now) {
        (0, 0) => {}
        (waiting, 0) => line("inbox", format!("{waiting} to approve or veto: bbb inbox {id}")),
        (waiting, doubts) => line("inbox", format!("{waiting} to approve or veto, {doubts} in doubt: bbb inbox {id}")),
    }
    if !state.status.is_over() && (!now.running || state.status != Standing::Active) {
        line("go on", format!("bbb resume {id}"));
    }
    format!("{} ({id})\n{out}", spec.blueprint.name)
}
