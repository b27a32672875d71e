//! What goes by mail: confirming an address, and setting a forgotten password.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::accounts::step_up::Deed;
use crate::http::auth::Caller;
use crate::http::extract::Body;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::routes::second_factor::address;
use crate::http::routes::sign_in::Account;
use crate::http::{App, Peer};

/// That a mail follows, or none, which the answer does not tell.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Mailed {
    /// What to do next.
    next: &'static str,
}

/// Says so.
pub(crate) fn mailed(next: &'static str) -> Response {
    (StatusCode::ACCEPTED, Json(Mailed { next })).into_response()
}

/// What the link in a mail has.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Confirmation {
    /// What stands behind the `#` of the link.
    token: String,
    /// The password of the account, or that which was chosen at the registration. Accounts without one need none.
    #[serde(default)]
    #[schema(max_length = 128, format = Password)]
    password: Option<String>,
}

/// Confirms an address by the link that was mailed to it; that of a registration makes the account. It takes the password as well, so that nobody who opens a link confirms what a stranger began.
#[utoipa::path(post, path = "/api/auth/confirm", tag = "accounts", security(()), request_body = Confirmation, responses(
    (status = 200, description = "The account, whose address this is now", body = Account),
    (status = 401, description = "It is another password", body = ProblemBody, content_type = "application/problem+json"),
    (status = 403, description = "The link is none, or is good no more", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "It needs the password", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(crate) async fn confirm(
    State(app): State<Arc<App>>,
    peer: Option<Extension<Peer>>,
    Body(given): Body<Confirmation>,
) -> Result<Json<Account>, Problem> {
    let user = app.accounts.confirm(&given.token, given.password, address(peer)).await?;
    tracing::info!(user = %user.id, "an address was confirmed");
    Ok(Json(Account::of(&user)))
}

/// Whose password was forgotten.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Forgotten {
    /// The address of the account.
    #[schema(max_length = 254, example = "ada@example.org")]
    email: String,
}

/// Mails a link that sets a new password, where this is the confirmed address of an account. The answer is the same where it is not.
#[utoipa::path(post, path = "/api/auth/forgot", tag = "accounts", security(()), request_body = Forgotten, responses(
    (status = 202, description = "A mail follows, if there is such an account", body = Mailed),
    (status = 409, description = "This daemon sends no mail", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "It is no address", body = ProblemBody, content_type = "application/problem+json"),
    (status = 429, description = "Too many mails to this address, or from yours; `Retry-After` says how long to wait", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(crate) async fn forgot(
    State(app): State<Arc<App>>,
    peer: Option<Extension<Peer>>,
    Body(given): Body<Forgotten>,
) -> Result<Response, Problem> {
    app.accounts.forgot_password(&given.email, address(peer))?;
    Ok(mailed("open the link in the mail within 30 minutes"))
}

/// A password in the place of a forgotten one.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Reset {
    /// What stands behind the `#` of the link.
    token: String,
    /// 10 to 128 characters, not easy to guess.
    #[schema(min_length = 10, max_length = 128, format = Password)]
    password: String,
}

/// Sets a new password by the link that was mailed. All sessions end. API keys and the second factor stay: the next sign-in asks for it.
#[utoipa::path(post, path = "/api/auth/reset", tag = "accounts", security(()), request_body = Reset, responses(
    (status = 204, description = "It is set: sign in with it"),
    (status = 403, description = "The link is none, or is good no more", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "The password is easy to guess", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(crate) async fn reset(State(app): State<Arc<App>>, Body(given): Body<Reset>) -> Result<StatusCode, Problem> {
    app.accounts.reset_password(&given.token, given.password).await?;
    tracing::info!("a forgotten password was set anew");
    Ok(StatusCode::NO_CONTENT)
}

/// An address.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewAddress {
    /// The one that your account is to have; your own, to confirm it.
    #[schema(max_length = 254, example = "ada@example.org")]
    email: String,
}

/// Mails a link to an address, which becomes that of your account when the link is opened. Until then you sign in with the one before.
#[utoipa::path(post, path = "/api/me/email", tag = "accounts", request_body = NewAddress, responses(
    (status = 202, description = "A mail follows", body = Mailed),
    (status = 403, description = "Show who you are first, or it is a key that asks", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "It is yours and confirmed, or this daemon sends no mail", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "It is no address", body = ProblemBody, content_type = "application/problem+json"),
    (status = 429, description = "Too many mails to this address, or from yours", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(crate) async fn change_address(
    State(app): State<Arc<App>>,
    caller: Caller,
    peer: Option<Extension<Peer>>,
    Body(wanted): Body<NewAddress>,
) -> Result<Response, Problem> {
    let user = caller.person(Deed::ChangeAccount)?;
    app.accounts.begin_address(user, &wanted.email, address(peer)).await?;
    Ok(mailed("open the link in the mail within a day"))
}
