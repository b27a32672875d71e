//! Agents: how each role has done, told by its tasks.

use serde::Serialize;

use super::tasks::TaskRow;
use crate::event::{Event, Payload};
use crate::role::{Agent, Role};
use crate::task::{FailureCause, TaskStatus};
use crate::time::HOUR_MS;

/// How a role has done.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct AgentRow {
    /// Which.
    pub role: Role,
    /// Tasks completed.
    pub completed: u32,
    /// Tasks failed, vetoed ones apart.
    pub failed: u32,
    /// Tasks that failed because of a veto.
    pub vetoed: u32,
    /// Tasks that have not ended.
    pub open: u32,
    /// Completed tasks among all that ended, from 0 to 1; null before the first has ended.
    pub success_rate: Option<f64>,
    /// Hours from a task's creation to its completion, on average; null before the first is completed.
    pub mean_hours: Option<f64>,
    /// How often its actor died.
    pub crashes: u32,
}

/// How the seven roles have done, in canonical order: `tasks` are those of [`super::tasks::tasks`] on the same events.
pub fn agents<'a>(tasks: &[TaskRow], events: impl IntoIterator<Item = &'a Event>) -> [AgentRow; 7] {
    let mut crashes = [0; 7];
    for event in events {
        if let Payload::AgentFailed { agent: Agent::Role(role), .. } = &event.payload {
            crashes[role.index()] += 1;
        }
    }
    Role::ALL.map(|role| agent(role, tasks, crashes[role.index()]))
}

fn agent(role: Role, tasks: &[TaskRow], crashes: u32) -> AgentRow {
    let mut row = AgentRow { role, completed: 0, failed: 0, vetoed: 0, open: 0, success_rate: None, mean_hours: None, crashes };
    let mut took_ms: i64 = 0;
    for task in tasks.iter().filter(|task| task.role == role) {
        match (task.status, &task.failure) {
            (TaskStatus::Completed, _) => {
                row.completed += 1;
                took_ms = took_ms.saturating_add(task.ended_at.map_or(0, |end| end.since(task.created_at)));
            }
            (TaskStatus::Failed, Some(failure)) if failure.cause == FailureCause::Vetoed => row.vetoed += 1,
            (TaskStatus::Failed, _) => row.failed += 1,
            (TaskStatus::Pending | TaskStatus::Blocked | TaskStatus::InProgress, _) => row.open += 1,
        }
    }
    let ended = row.completed + row.failed + row.vetoed;
    row.success_rate = (ended > 0).then(|| f64::from(row.completed) / f64::from(ended));
    #[expect(clippy::cast_precision_loss, reason = "a mean for people")]
    let hours = took_ms as f64 / HOUR_MS as f64;
    row.mean_hours = (row.completed > 0).then(|| hours / f64::from(row.completed));
    row
}
