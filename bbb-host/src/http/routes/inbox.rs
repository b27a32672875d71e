//! What waits for the owner of a business, and their answers.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use bbb_agents::handle::Command;
use bbb_core::id::ProposalId;
use http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::accounts::rights::Action;
use crate::http::App;
use crate::http::auth::Theirs;
use crate::http::dto::{Inbox, told};
use crate::http::extract::{Body, Named};
use crate::http::problem::{Problem, ProblemBody};
use crate::http::routes::refused;

/// Shows what waits for the owner, with the full text.
#[utoipa::path(get, path = "/api/businesses/{id}/inbox", tag = "inbox", params(("id" = String, Path, description = "The business")), responses(
    (status = 200, description = "What waits", body = Inbox),
    (status = 404, description = "There is none of this id that you may see", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(crate) async fn inbox(State(app): State<Arc<App>>, theirs: Theirs) -> Result<Json<Inbox>, Problem> {
    let id = theirs.to(Action::View)?;
    Ok(Json(told(&app.service.inbox(id).await?.json)?))
}

pub(crate) fn proposal(text: &str) -> Result<ProposalId, Problem> {
    // Only the printed form: two paths for one thing are one too many.
    text.parse().ok().filter(|id: &ProposalId| id.to_string() == text).ok_or_else(Problem::not_found)
}

/// Says yes to a proposal. It answers after that is committed.
#[utoipa::path(post, path = "/api/businesses/{id}/inbox/{proposal}/approve", tag = "inbox",
    params(("id" = String, Path, description = "The business"), ("proposal" = String, Path, description = "The proposal, such as `prop_7`")),
    responses(
        (status = 204, description = "Approved"),
        (status = 403, description = "You may not answer", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "There is none of this id that you may see", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "It does not wait any more", body = ProblemBody, content_type = "application/problem+json"),
    ))]
pub(crate) async fn approve(
    State(app): State<Arc<App>>,
    theirs: Theirs,
    Named((_, name)): Named<(String, String)>,
) -> Result<StatusCode, Problem> {
    let id = theirs.to(Action::Answer)?;
    app.fleet.command(id, Command::Approve(proposal(&name)?)).await.map_err(refused)?;
    Ok(StatusCode::NO_CONTENT)
}

/// What became of an effect in doubt.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Happened {
    /// Whether it happened.
    happened: bool,
}

/// Says what became of an effect of which nobody knows whether it happened. It answers after that is committed.
#[utoipa::path(post, path = "/api/businesses/{id}/inbox/{proposal}/doubt", tag = "inbox", request_body = Happened,
    params(("id" = String, Path, description = "The business"), ("proposal" = String, Path, description = "The proposal, such as `prop_7`")),
    responses(
        (status = 204, description = "Noted"),
        (status = 403, description = "You may not answer", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "There is none of this id that you may see", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "It is not in doubt", body = ProblemBody, content_type = "application/problem+json"),
    ))]
pub(crate) async fn doubt(
    State(app): State<Arc<App>>,
    theirs: Theirs,
    Named((_, name)): Named<(String, String)>,
    Body(told): Body<Happened>,
) -> Result<StatusCode, Problem> {
    let id = theirs.to(Action::Answer)?;
    app.fleet.command(id, Command::ResolveDoubt(proposal(&name)?, told.happened)).await.map_err(refused)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Why not.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Reason {
    /// For people; at most 500 characters are kept.
    #[serde(default)]
    #[schema(max_length = 500)]
    pub(crate) reason: String,
}

/// Says no to a proposal. It answers after that is committed.
#[utoipa::path(post, path = "/api/businesses/{id}/inbox/{proposal}/veto", tag = "inbox", request_body = Reason,
    params(("id" = String, Path, description = "The business"), ("proposal" = String, Path, description = "The proposal, such as `prop_7`")),
    responses(
        (status = 204, description = "Vetoed"),
        (status = 403, description = "You may not answer", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "There is none of this id that you may see", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "It does not wait any more", body = ProblemBody, content_type = "application/problem+json"),
    ))]
pub(crate) async fn veto(
    State(app): State<Arc<App>>,
    theirs: Theirs,
    Named((_, name)): Named<(String, String)>,
    Body(why): Body<Reason>,
) -> Result<StatusCode, Problem> {
    let id = theirs.to(Action::Answer)?;
    app.fleet.command(id, Command::Veto(proposal(&name)?, why.reason)).await.map_err(refused)?;
    Ok(StatusCode::NO_CONTENT)
}
