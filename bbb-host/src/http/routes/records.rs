//! What businesses did: their tasks and their journals.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use bbb_core::id::TaskId;
use bbb_core::projection::tasks::tasks as all_tasks;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::accounts::rights::Action;
use crate::http::App;
use crate::http::auth::Theirs;
use crate::http::dto::{Entry, Journal, Task, Tasks, told};
use crate::http::extract::Asked;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::{cursor, routes};

/// Which tasks.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct WhichTasks {
    /// Only those that stand so: `pending`, `blocked`, `in_progress`, `completed` or `failed`.
    #[param(value_type = Option<String>)]
    status: Option<bbb_core::task::TaskStatus>,
    /// What a page gave as `next`.
    #[param(min_length = 2, max_length = 128)]
    cursor: Option<String>,
    /// How many at most, 1 to 200.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<usize>,
}

/// Lists the tasks of a business, the newest first.
#[utoipa::path(get, path = "/api/businesses/{id}/tasks", tag = "businesses", params(("id" = String, Path, description = "The business"), WhichTasks), responses(
    (status = 200, description = "A page of them", body = Tasks),
    (status = 404, description = "There is none of this id that you may see", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "A parameter is none", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(crate) async fn tasks(State(app): State<Arc<App>>, theirs: Theirs, Asked(which): Asked<WhichTasks>) -> Result<Json<Tasks>, Problem> {
    let id = theirs.to(Action::View)?;
    let before = which.cursor.as_deref().map(cursor::read_number).transpose()?;
    let limit = routes::page_length(which.limit)?;
    let (events, _) = app.service.events(id).await?;
    let rows = all_tasks(&events);
    let fits = |task: TaskId| before.is_none_or(|before| task.get() < before);
    let mut page: Vec<_> =
        rows.iter().rev().filter(|row| fits(row.id) && which.status.is_none_or(|status| row.status == status)).take(limit + 1).collect();
    let more = page.len() > limit;
    page.truncate(limit);
    let next = page.last().filter(|_| more).map(|row| cursor::write_number(row.id.get()));
    let tasks = page.into_iter().map(told::<Task>).collect::<Result<_, _>>()?;
    Ok(Json(Tasks { tasks, next }))
}

/// Which events.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct WhichEvents {
    /// The event after which to begin; 0 for the first.
    #[param(default = 0)]
    after: Option<u64>,
    /// How many at most, 1 to 200.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<usize>,
}

/// Shows the journal of a business: all that happened, in order. What is personal is sealed.
#[utoipa::path(get, path = "/api/businesses/{id}/journal", tag = "businesses", params(("id" = String, Path, description = "The business"), WhichEvents), responses(
    (status = 200, description = "A page of it", body = Journal),
    (status = 404, description = "There is none of this id that you may see", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "A parameter is none", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(crate) async fn journal(
    State(app): State<Arc<App>>,
    theirs: Theirs,
    Asked(which): Asked<WhichEvents>,
) -> Result<Json<Journal>, Problem> {
    let id = theirs.to(Action::View)?;
    let limit = routes::page_length(which.limit)?;
    let records = app.service.records(id, which.after.unwrap_or(0), limit).await?;
    let events = records.iter().map(Entry::of_record).collect::<Result<Vec<_>, _>>()?;
    // A page that is not full may have ended for its size.
    let last = records.last().map(|record| record.sequence);
    let end = app.service.now(id).await?.head.sequence;
    Ok(Json(Journal { next: last.filter(|last| *last < end), events }))
}
