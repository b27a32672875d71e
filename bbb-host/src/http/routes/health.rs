//! Whether the daemon lives, and whether it can work.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::App;
use crate::http::problem::{Problem, ProblemBody, What};

/// That it does.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Standing {
    /// `ok`.
    status: &'static str,
}

const OK: Standing = Standing { status: "ok" };

/// Says that the process lives. It asks nobody.
#[utoipa::path(get, path = "/health", tag = "health", security(()), responses((status = 200, description = "It lives", body = Standing)))]
pub(crate) async fn health() -> Json<Standing> {
    Json(OK)
}

/// Says that requests can be answered: the journals and the accounts can be read.
#[utoipa::path(get, path = "/ready", tag = "health", security(()), responses(
    (status = 200, description = "It can work", body = Standing),
    (status = 503, description = "It cannot, or it is ending", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(crate) async fn ready(State(app): State<Arc<App>>) -> Result<Json<Standing>, Problem> {
    if *app.ending.borrow() {
        return Err(Problem::new(What::Busy, "the daemon is ending"));
    }
    if let Err(error) = app.accounts.ready() {
        tracing::error!(%error, "not ready");
        return Err(Problem::new(What::Busy, "the accounts cannot be read"));
    }
    if let Err(error) = app.service.store().list().await {
        tracing::error!(%error, "not ready");
        return Err(Problem::new(What::Busy, "the journals cannot be read"));
    }
    Ok(Json(OK))
}
