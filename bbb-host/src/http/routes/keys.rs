//! API keys, and the password: what only somebody who signed in may change.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::accounts::KeyRow;
use crate::accounts::id::KeyId;
use crate::accounts::rights::Role;
use crate::accounts::step_up::Deed;
use crate::http::auth::Caller;
use crate::http::extract::{Body, Named};
use crate::http::problem::{Problem, ProblemBody};
use crate::http::routes::second_factor;
use crate::http::{App, Peer};

/// A key to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewKey {
    /// What you call it.
    #[schema(min_length = 1, max_length = 80)]
    name: String,
    /// The most that it may do: `viewer`, `approver`, `operator` or `owner`.
    role: Role,
    /// How many days it is good for.
    #[serde(default = "quarter")]
    #[schema(minimum = 1, maximum = 366, default = 90)]
    days: u32,
}

const fn quarter() -> u32 {
    90
}

/// A key, without what would let anybody use it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct KeyView {
    /// Its id.
    id: String,
    /// What you call it.
    name: String,
    /// The most that it may do.
    role: Role,
    /// Since when.
    created_at: String,
    /// Until when.
    expires_at: String,
}

impl KeyView {
    fn of(id: KeyId, row: &KeyRow) -> KeyView {
        KeyView {
            id: id.to_string(),
            name: row.name.clone(),
            role: row.role,
            created_at: row.created_at.to_string(),
            expires_at: row.expires_at.to_string(),
        }
    }
}

/// A key that was just made.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MadeKey {
    #[serde(flatten)]
    key: KeyView,
    /// What goes behind `Authorization: Bearer`. It is shown this once.
    token: String,
}

/// Makes an API key for a program of yours. It may do what you may, and no more than its role; it changes nothing of your account.
#[utoipa::path(post, path = "/api/keys", tag = "accounts", request_body = NewKey, responses(
    (status = 201, description = "The key, shown this once", body = MadeKey),
    (status = 403, description = "You have as many as you may, or it is a key that asks", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(crate) async fn make_key(State(app): State<Arc<App>>, caller: Caller, Body(wanted): Body<NewKey>) -> Result<Response, Problem> {
    let user = caller.person(Deed::ManageKeys)?;
    let (token, id, row) = app.accounts.make_key(user.id, &wanted.name, wanted.role, wanted.days).await?;
    tracing::info!(user = %user.id, key = %id, "a key was made");
    Ok((StatusCode::CREATED, Json(MadeKey { key: KeyView::of(id, &row), token: token.reveal() })).into_response())
}

/// All of them.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Keys {
    /// The newest first.
    keys: Vec<KeyView>,
}

/// Lists your API keys.
#[utoipa::path(get, path = "/api/keys", tag = "accounts", responses((status = 200, description = "Your keys", body = Keys)))]
pub(crate) async fn keys(State(app): State<Arc<App>>, caller: Caller) -> Result<Json<Keys>, Problem> {
    let mine = app.accounts.keys(caller.identity.user.id)?;
    Ok(Json(Keys { keys: mine.iter().map(|(id, row)| KeyView::of(*id, row)).collect() }))
}

/// Takes an API key back. It is good no more at once.
#[utoipa::path(delete, path = "/api/keys/{key}", tag = "accounts", params(("key" = String, Path, description = "The key")), responses(
    (status = 204, description = "It is good no more"),
    (status = 403, description = "It is a key that asks", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "You have none of this id", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(crate) async fn revoke_key(State(app): State<Arc<App>>, caller: Caller, Named(key): Named<String>) -> Result<StatusCode, Problem> {
    let user = caller.person(Deed::ManageKeys)?;
    let id: KeyId = key.parse().map_err(|_| Problem::not_found())?;
    app.accounts.revoke_key(user.id, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A password in the place of another.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPassword {
    /// The one that is; none where there is none yet, as after registering by a provider.
    #[serde(default)]
    #[schema(format = Password)]
    current: Option<String>,
    /// The one that is to be: 10 to 128 characters, not easy to guess.
    #[schema(min_length = 10, max_length = 128, format = Password)]
    new: String,
}

/// Changes your password, or sets your first one. All other sessions end.
#[utoipa::path(post, path = "/api/auth/password", tag = "accounts", request_body = NewPassword, responses(
    (status = 204, description = "It is changed"),
    (status = 401, description = "The current one is another", body = ProblemBody, content_type = "application/problem+json"),
    (status = 403, description = "It is a key that asks", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "The new one is easy to guess", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(crate) async fn password(
    State(app): State<Arc<App>>,
    caller: Caller,
    peer: Option<Extension<Peer>>,
    Body(wanted): Body<NewPassword>,
) -> Result<StatusCode, Problem> {
    let user = caller.person(Deed::ChangeAccount)?;
    let from = second_factor::address(peer);
    app.accounts.change_password(user, caller.identity.session, wanted.current, wanted.new, from).await?;
    tracing::info!(user = %user.id, "a password was changed");
    Ok(StatusCode::NO_CONTENT)
}
