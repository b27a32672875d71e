//! What an owner tells a business: pause, resume, stop, and how much it may do without asking.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use bbb_agents::handle::Command;
use bbb_core::action::ActionKind;
use bbb_core::id::BusinessId;
use bbb_core::spec::Autonomy;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::accounts::BusinessRow;
use crate::accounts::rights::Action;
use crate::http::App;
use crate::http::auth::Theirs;
use crate::http::dto::Business;
use crate::http::extract::Body;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::routes::inbox::Reason;
use crate::http::routes::refused;

/// The business as it stands after a command.
async fn after(app: &App, id: BusinessId, row: &BusinessRow) -> Result<Json<Business>, Problem> {
    Ok(Json(Business::of(&app.service.now(id).await?, row, app.fleet.trouble(id))?))
}

/// Pauses a business: when this answers, no effect starts any more.
#[utoipa::path(post, path = "/api/businesses/{id}/pause", tag = "businesses", request_body = Reason, params(("id" = String, Path, description = "The business")), responses(
    (status = 200, description = "It is paused", body = Business),
    (status = 403, description = "You may not", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "There is none of this id that you may see", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "It is paused or over already", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(crate) async fn pause(State(app): State<Arc<App>>, theirs: Theirs, Body(why): Body<Reason>) -> Result<Json<Business>, Problem> {
    let id = theirs.to(Action::Pause)?;
    app.fleet.command(id, Command::Pause(why.reason)).await.map_err(refused)?;
    after(&app, id, &theirs.row).await
}

/// Lets a business go on, and starts it where it does not run.
#[utoipa::path(post, path = "/api/businesses/{id}/resume", tag = "businesses", params(("id" = String, Path, description = "The business")), responses(
    (status = 200, description = "It goes on", body = Business),
    (status = 403, description = "You may not", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "There is none of this id that you may see", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "It is over, or cannot be run by this version", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(crate) async fn resume(State(app): State<Arc<App>>, theirs: Theirs) -> Result<Json<Business>, Problem> {
    let id = theirs.to(Action::Resume)?;
    app.fleet.resume(id).await.map_err(refused)?;
    after(&app, id, &theirs.row).await
}

/// Ends a business for good.
#[utoipa::path(post, path = "/api/businesses/{id}/stop", tag = "businesses", params(("id" = String, Path, description = "The business")), responses(
    (status = 200, description = "It is over", body = Business),
    (status = 403, description = "You may not", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "There is none of this id that you may see", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "It is over already", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(crate) async fn stop(State(app): State<Arc<App>>, theirs: Theirs) -> Result<Json<Business>, Problem> {
    let id = theirs.to(Action::Stop)?;
    app.fleet.command(id, Command::Stop).await.map_err(refused)?;
    after(&app, id, &theirs.row).await
}

/// A kind of action by its name.
fn kind_of(name: &str) -> Result<ActionKind, Problem> {
    let known = || ActionKind::ALL.iter().map(|kind| kind.as_str()).collect::<Vec<_>>().join(", ");
    ActionKind::ALL
        .iter()
        .copied()
        .find(|kind| kind.as_str() == name)
        .ok_or_else(|| Problem::field("kind", format!("is one of {}", known())))
}

/// How much a business may do without asking.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Level {
    /// From 0 (observe) to 6 (full).
    #[schema(minimum = 0, maximum = 6)]
    level: u8,
    /// Only for this kind of action, such as `send_email`; for all without a level of their own, where it is not given.
    #[serde(default)]
    kind: Option<String>,
}

/// Sets how much a business may do without asking, from now on. Less can be set at any time, and by API keys; more takes a person who has just shown who they are.
#[utoipa::path(put, path = "/api/businesses/{id}/autonomy", tag = "businesses", request_body = Level, params(("id" = String, Path, description = "The business")), responses(
    (status = 200, description = "It is set", body = Business),
    (status = 403, description = "You may not", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "There is none of this id that you may see", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "It is over", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "There is no such level", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(crate) async fn autonomy(State(app): State<Arc<App>>, theirs: Theirs, Body(wanted): Body<Level>) -> Result<Json<Business>, Problem> {
    let id = theirs.to(Action::Limit)?;
    let level = Autonomy::try_from(wanted.level).map_err(|error| Problem::field("level", error.to_string()))?;
    let kind = wanted.kind.as_deref().map(kind_of).transpose()?;
    let admit = |more| theirs.to(if more { Action::Loosen } else { Action::Limit }).map(drop);
    app.fleet.set_autonomy(id, kind, level, admit).await.map_err(refused)??;
    after(&app, id, &theirs.row).await
}
