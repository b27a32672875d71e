//! Who you are at providers: other ways to sign in to your account. And showing once more who you are by one of them.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::accounts::IdentityRow;
use crate::accounts::attempts::Aim;
use crate::accounts::id::IdentityId;
use crate::accounts::step_up::Deed;
use crate::http::auth::Caller;
use crate::http::extract::{Body, Named};
use crate::http::problem::{Problem, ProblemBody};
use crate::http::routes::providers::{Sent, attempt, send, without_attempt};
use crate::http::routes::second_factor::{SteppedUp, address};
use crate::http::{App, Peer};

/// Who you are at a provider.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct IdentityView {
    /// Its id.
    id: String,
    /// The provider's name; of one that signs nobody in any more, where it was.
    provider: String,
    /// The address that you had there when you linked it, where that was known.
    email: Option<String>,
    /// Since when it signs you in.
    linked_at: String,
}

impl IdentityView {
    fn of(app: &App, row: &IdentityRow) -> IdentityView {
        let known = app.providers.all().iter().find(|provider| provider.issuer() == row.issuer);
        IdentityView {
            id: row.id.to_string(),
            provider: known.map_or(&row.issuer, |provider| &provider.name).clone(),
            email: row.address.clone(),
            linked_at: row.linked_at.to_string(),
        }
    }
}

/// All of them.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Identities {
    /// Whether a password signs you in too.
    password: bool,
    /// The oldest first.
    identities: Vec<IdentityView>,
}

/// Lists your ways to sign in.
#[utoipa::path(get, path = "/api/me/identities", tag = "accounts", responses((status = 200, description = "Your ways to sign in", body = Identities)))]
pub(crate) async fn identities(State(app): State<Arc<App>>, caller: Caller) -> Result<Json<Identities>, Problem> {
    let user = caller.identity.user.id;
    let mine = app.accounts.identities(user)?;
    let identities = mine.iter().map(|row| IdentityView::of(&app, row)).collect();
    Ok(Json(Identities { password: app.accounts.has_password(user)?, identities }))
}

/// Which provider.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Which {
    /// The provider's id.
    provider: String,
}

/// Begins to link a provider to your account: the answer says where the browser is to go, and sets a cookie with which it must come back.
#[utoipa::path(post, path = "/api/me/identities", tag = "accounts", request_body = Which, responses(
    (status = 200, description = "Where to go, and a cookie", body = Sent),
    (status = 403, description = "It is a key that asks, or nothing was shown lately", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "There is no such provider", body = ProblemBody, content_type = "application/problem+json"),
    (status = 503, description = "The provider cannot be asked", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(crate) async fn link(
    State(app): State<Arc<App>>,
    caller: Caller,
    peer: Option<Extension<Peer>>,
    headers: HeaderMap,
    Body(which): Body<Which>,
) -> Result<Response, Problem> {
    let user = caller.person(Deed::ChangeAccount)?.id;
    let session = caller.identity.session.ok_or_else(Problem::not_signed_in)?;
    send(&app, &headers, &which.provider, Aim::Link { user, session }, address(peer)).await
}

/// Links who came back from the provider to your account. It must be the session in which it was begun.
#[utoipa::path(post, path = "/api/me/identities/finish", tag = "accounts", responses(
    (status = 201, description = "It signs you in from now on", body = IdentityView),
    (status = 403, description = "It is a key that asks, nothing was shown lately, or you have as many as you may", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "Nothing waits for this session in this browser, or it is somebody's already", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(crate) async fn finish_link(State(app): State<Arc<App>>, caller: Caller, headers: HeaderMap) -> Result<Response, Problem> {
    let user = caller.person(Deed::ChangeAccount)?.id;
    let session = caller.identity.session.ok_or_else(Problem::not_signed_in)?;
    let row = app.accounts.finish_link(&attempt(&headers)?, user, session).await?;
    tracing::info!(user = %user, identity = %row.id, "a provider was linked");
    Ok(without_attempt((StatusCode::CREATED, Json(IdentityView::of(&app, &row))).into_response()))
}

/// Takes away a way to sign in. The last one stays. All your other sessions end.
#[utoipa::path(delete, path = "/api/me/identities/{identity}", tag = "accounts", params(("identity" = String, Path, description = "Its id")), responses(
    (status = 204, description = "It signs nobody in any more"),
    (status = 403, description = "It is a key that asks, or nothing was shown lately", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "You have none of this id", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "It is the last way to sign in", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(crate) async fn unlink(State(app): State<Arc<App>>, caller: Caller, Named(identity): Named<String>) -> Result<StatusCode, Problem> {
    let user = caller.person(Deed::ChangeAccount)?.id;
    let id: IdentityId = identity.parse().map_err(|_| Problem::not_found())?;
    app.accounts.unlink(user, caller.identity.session, id, app.providers.issuers()).await?;
    tracing::info!(user = %user, identity = %id, "a provider was unlinked");
    Ok(StatusCode::NO_CONTENT)
}

/// Begins to show once more who you are by a provider that signs you in: for accounts without a second factor. The provider is asked to have you sign in anew; how hard that
/// is, is the provider's.
#[utoipa::path(post, path = "/api/auth/step-up/{provider}", tag = "accounts", params(("provider" = String, Path, description = "The provider")), responses(
    (status = 200, description = "Where to go, and a cookie", body = Sent),
    (status = 401, description = "There is a second factor: show that", body = ProblemBody, content_type = "application/problem+json"),
    (status = 403, description = "It is a key that asks", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "There is no such provider", body = ProblemBody, content_type = "application/problem+json"),
    (status = 503, description = "The provider cannot be asked", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(crate) async fn step_up(
    State(app): State<Arc<App>>,
    caller: Caller,
    peer: Option<Extension<Peer>>,
    headers: HeaderMap,
    Named(provider): Named<String>,
) -> Result<Response, Problem> {
    let user = caller.in_person()?.id;
    let session = caller.identity.session.ok_or_else(Problem::not_signed_in)?;
    if app.accounts.second_factor(user)?.on {
        return Err(crate::accounts::Error::SecondFactor.into());
    }
    send(&app, &headers, &provider, Aim::StepUp { user, session }, address(peer)).await
}

/// Finishes that, once the provider sent the browser back.
#[utoipa::path(post, path = "/api/auth/step-up/finish", tag = "accounts", responses(
    (status = 200, description = "It counts", body = SteppedUp),
    (status = 401, description = "It was somebody else, or nothing was shown there, or there is a second factor", body = ProblemBody, content_type = "application/problem+json"),
    (status = 403, description = "It is a key that asks", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "Nothing waits for this session in this browser", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(crate) async fn finish_step_up(State(app): State<Arc<App>>, caller: Caller, headers: HeaderMap) -> Result<Response, Problem> {
    let user = caller.in_person()?.id;
    let session = caller.identity.session.ok_or_else(Problem::not_signed_in)?;
    let at = app.accounts.finish_step_up(&attempt(&headers)?, user, session).await?;
    Ok(without_attempt(Json(SteppedUp::until(&app, at)).into_response()))
}
