//! Removing your account.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::SET_COOKIE;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::accounts::Delivery;
use crate::accounts::removal::By;
use crate::accounts::step_up::Deed;
use crate::http::auth::Caller;
use crate::http::extract::Body;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::{App, cookie};

/// Which account is meant.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Meant {
    /// The address of your account, so that none is removed by mistake.
    email: String,
}

/// Removes your account: sessions, keys, passwords and other ways to sign in, memberships, and your tenant, whose other members lose it too. Your businesses must be over; their
/// journals stay with the operator, and nobody else sees them any more.
#[utoipa::path(delete, path = "/api/me", tag = "accounts", request_body = Meant, responses(
    (status = 204, description = "It is removed"),
    (status = 403, description = "It is a key that asks, or nothing was shown lately", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "A business of yours is not over, or you are the administrator", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "The address is not your account's", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(crate) async fn remove(State(app): State<Arc<App>>, caller: Caller, Body(meant): Body<Meant>) -> Result<Response, Problem> {
    let user = caller.person(Deed::ChangeAccount)?;
    if meant.email.trim().to_ascii_lowercase() != user.address {
        return Err(Problem::field("email", "is the address of your account"));
    }
    let over = crate::serve::over(&app.service).await?;
    app.accounts.remove_user(user.id, By::Themselves, over).await?;
    tracing::info!(user = %user.id, "somebody removed their account");
    let line = cookie::SESSION.clear().filter(|_| caller.identity.delivery == Delivery::Cookie);
    let mut response = StatusCode::NO_CONTENT.into_response();
    if let Some(line) = line {
        response.headers_mut().insert(SET_COOKIE, line);
    }
    Ok(response)
}
