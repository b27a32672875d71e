//! The sessions of whoever is signed in.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use crate::accounts::Delivery;
use crate::accounts::id::SessionId;
use crate::http::App;
use crate::http::auth::Caller;
use crate::http::extract::Named;
use crate::http::problem::{Problem, ProblemBody};

/// A session.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SessionView {
    /// Its id.
    id: String,
    /// `token` for a program's, `cookie` for a browser's.
    #[schema(value_type = String)]
    delivery: Delivery,
    /// Since when.
    created_at: String,
    /// Until when at most.
    expires_at: String,
    /// Whether it is the one that asks.
    current: bool,
}

/// All of them.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Sessions {
    /// The newest first.
    sessions: Vec<SessionView>,
}

/// Lists your sessions.
#[utoipa::path(get, path = "/api/sessions", tag = "accounts", responses((status = 200, description = "Your sessions", body = Sessions)))]
pub(crate) async fn sessions(State(app): State<Arc<App>>, caller: Caller) -> Result<Json<Sessions>, Problem> {
    let mine = app.accounts.sessions(caller.identity.user.id)?;
    let view = |(id, row): &(SessionId, crate::accounts::SessionRow)| SessionView {
        id: id.to_string(),
        delivery: row.delivery,
        created_at: row.created_at.to_string(),
        expires_at: row.expires_at.to_string(),
        current: Some(*id) == caller.identity.session,
    };
    Ok(Json(Sessions { sessions: mine.iter().map(view).collect() }))
}

/// Ends one of your sessions.
#[utoipa::path(delete, path = "/api/sessions/{session}", tag = "accounts", params(("session" = String, Path, description = "The session")), responses(
    (status = 204, description = "It is over"),
    (status = 404, description = "You have none of this id", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(crate) async fn end_session(State(app): State<Arc<App>>, caller: Caller, Named(session): Named<String>) -> Result<StatusCode, Problem> {
    let id: SessionId = session.parse().map_err(|_| Problem::not_found())?;
    app.accounts.end_session(caller.in_person()?.id, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
