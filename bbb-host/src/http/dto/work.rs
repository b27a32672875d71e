//! What businesses did: tasks and events.

use bbb_core::event::Event;
use bbb_core::journal::chain::Record;
use bbb_core::projection::timeline::what;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::http::problem::Problem;

/// A task.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct Task {
    pub(crate) id: String,
    /// What it is about.
    kind: String,
    /// Whose it is.
    role: String,
    /// The channel that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    channel: Option<String>,
    /// `pending`, `blocked`, `in_progress`, `completed` or `failed`.
    status: String,
    /// 0 (last) to 100 (first).
    priority: u8,
    /// Attempts so far.
    attempts: u32,
    created_at: String,
    ended_at: Option<String>,
    /// When it is too late.
    deadline: String,
    /// Tasks that had to be completed before.
    depends_on: Vec<String>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    failure: Option<TaskFailure>,
}

/// Why a task failed for good.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct TaskFailure {
    /// Of what kind the failure is.
    cause: String,
    /// Why, for people.
    reason: String,
}

/// A page of tasks.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Tasks {
    /// The newest first.
    pub(crate) tasks: Vec<Task>,
    /// What to ask for the next page with; none where this is the last.
    pub(crate) next: Option<String>,
}

/// An event of a journal.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Entry {
    /// Its place, from 1.
    pub(crate) sequence: u64,
    /// When it happened, in the business's own time.
    at: String,
    /// The event that it follows from; 0 where that is none.
    cause: u64,
    /// What happened, in one plain line without personal text.
    text: String,
    /// Its hash, which is of all before it as well; only in a journal, not in live events.
    #[serde(skip_serializing_if = "Option::is_none")]
    hash: Option<String>,
    /// All of it, with a `type`. What is personal is sealed.
    #[schema(value_type = Object)]
    payload: Value,
}

impl Entry {
    pub(crate) fn of(event: &Event) -> Result<Entry, Problem> {
        let payload = serde_json::to_value(&event.payload).map_err(Problem::failed)?;
        let Event { sequence, at, cause, .. } = event;
        Ok(Entry { sequence: *sequence, at: at.to_string(), cause: *cause, text: what(&event.payload), hash: None, payload })
    }

    pub(crate) fn of_record(record: &Record) -> Result<Entry, Problem> {
        let event = record.decode().map_err(Problem::failed)?;
        Ok(Entry { hash: Some(record.hash.to_string()), ..Entry::of(&event)? })
    }
}

/// A page of a journal.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Journal {
    /// In order.
    pub(crate) events: Vec<Entry>,
    /// What to ask for the next page with, as `after`; none where the journal ends here for now.
    pub(crate) next: Option<u64>,
}
