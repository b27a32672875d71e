//! The orchestrator: turns what waits to be done into tasks, most valuable first.

use crate::decide::view::View;
use crate::decide::{Decision, plan};
use crate::task::{Task, TaskKind};

pub(super) fn decide(view: &View<'_>, task: &Task) -> Decision {
    match task.order.kind {
        TaskKind::PlanDay => Decision::Plan(plan::candidates(view)),
        _ => super::unknown(task),
    }
}
