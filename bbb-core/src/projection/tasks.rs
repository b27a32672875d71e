//! Tasks: every one that ever was, with how it ended. The state remembers only the open ones and the newest that ended.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{as_text, as_text_or_null, as_texts};
use crate::blueprint::Channel;
use crate::event::{Event, Payload};
use crate::id::TaskId;
use crate::role::Role;
use crate::task::{FailureCause, NewTask, TaskKind, TaskStatus};
use crate::time::Timestamp;

/// A task, from its creation to its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TaskRow {
    /// Its name.
    #[serde(serialize_with = "as_text")]
    pub id: TaskId,
    /// What it is about.
    pub kind: TaskKind,
    /// Whose it is.
    pub role: Role,
    /// The channel that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<Channel>,
    /// Where it stands.
    pub status: TaskStatus,
    /// 0 (last) to 100 (first).
    pub priority: u8,
    /// Attempts so far.
    pub attempts: u32,
    /// When it was created.
    #[serde(serialize_with = "as_text")]
    pub created_at: Timestamp,
    /// When it ended.
    #[serde(serialize_with = "as_text_or_null")]
    pub ended_at: Option<Timestamp>,
    /// When it is too late.
    #[serde(serialize_with = "as_text")]
    pub deadline: Timestamp,
    /// Tasks that had to be completed before.
    #[serde(serialize_with = "as_texts")]
    pub depends_on: Vec<TaskId>,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<TaskFailure>,
}

/// Why a task failed for good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TaskFailure {
    /// Of what kind the failure is.
    pub cause: FailureCause,
    /// Why, for people.
    pub reason: String,
}

/// Every task of a journal, in the order of creation.
pub fn tasks<'a>(events: impl IntoIterator<Item = &'a Event>) -> Vec<TaskRow> {
    let mut tasks: BTreeMap<TaskId, TaskRow> = BTreeMap::new();
    for event in events {
        match &event.payload {
            Payload::TaskCreated { task, order } => {
                let row = created(*task, order, event.at, &tasks);
                tasks.insert(*task, row);
            }
            Payload::TaskStarted { task } => change(&mut tasks, *task, |row| {
                row.status = TaskStatus::InProgress;
                row.attempts += 1;
            }),
            Payload::AttemptFailed { task, .. } => change(&mut tasks, *task, |row| row.status = TaskStatus::Pending),
            Payload::TaskCompleted { task } => {
                change(&mut tasks, *task, |row| (row.status, row.ended_at) = (TaskStatus::Completed, Some(event.at)));
                unblock(&mut tasks, *task);
            }
            Payload::TaskFailed { task, cause, reason } => change(&mut tasks, *task, |row| {
                (row.status, row.ended_at) = (TaskStatus::Failed, Some(event.at));
                row.failure = Some(TaskFailure { cause: *cause, reason: reason.clone() });
            }),
            _ => {}
        }
    }
    tasks.into_values().collect()
}

fn created(id: TaskId, order: &NewTask, at: Timestamp, known: &BTreeMap<TaskId, TaskRow>) -> TaskRow {
    TaskRow {
        id,
        kind: order.kind,
        role: order.kind.role(),
        channel: order.channel,
        status: if waits(&order.depends_on, known) { TaskStatus::Blocked } else { TaskStatus::Pending },
        priority: order.priority,
        attempts: 0,
        created_at: at,
        ended_at: None,
        deadline: order.deadline,
        depends_on: order.depends_on.clone(),
        failure: None,
    }
}

fn waits(dependencies: &[TaskId], known: &BTreeMap<TaskId, TaskRow>) -> bool {
    dependencies.iter().any(|id| known.get(id).is_some_and(|row| row.ended_at.is_none()))
}

/// An event on a task that was never created says nothing: the fold refuses such a journal, a reader of a part of one goes on.
fn change(tasks: &mut BTreeMap<TaskId, TaskRow>, id: TaskId, how: impl FnOnce(&mut TaskRow)) {
    if let Some(row) = tasks.get_mut(&id) {
        how(row);
    }
}

fn unblock(tasks: &mut BTreeMap<TaskId, TaskRow>, completed: TaskId) {
    // A dependency is always older than what waits for it.
    let waiting = tasks.range(completed..).filter(|(_, row)| row.status == TaskStatus::Blocked && row.depends_on.contains(&completed));
    let ready: Vec<TaskId> = waiting.filter(|(_, row)| !waits(&row.depends_on, tasks)).map(|(id, _)| *id).collect();
    for id in ready {
        change(tasks, id, |row| row.status = TaskStatus::Pending);
    }
}
