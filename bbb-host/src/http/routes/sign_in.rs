//! Registering, signing in and out.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use http::header::SET_COOKIE;
use http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::accounts::rights::Role;
use crate::accounts::token::Token;
use crate::accounts::{Delivery, Issued, Membership, Newcomer, User};
use crate::http::auth::{Caller, check_site};
use crate::http::extract::Body;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::routes::mail::{Mailed, mailed};
use crate::http::routes::second_factor;
use crate::http::{App, Peer, cookie, request_id};

/// Somebody who wants an account.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Registration {
    /// The token of the first administrator's link, or of an invitation. Without one where registration is open.
    #[serde(default)]
    token: Option<String>,
    /// The address that they will sign in with.
    #[schema(max_length = 254, example = "ada@example.org")]
    email: String,
    /// Their name.
    #[schema(min_length = 1, max_length = 80, example = "Ada Lovelace")]
    name: String,
    /// 10 to 128 characters, not easy to guess.
    #[schema(min_length = 10, max_length = 128, format = Password)]
    password: String,
}

/// Somebody who has one.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Account {
    /// Their id.
    id: String,
    /// The address that they sign in with.
    email: String,
    /// Their name.
    name: String,
    /// Whether they administer this daemon.
    admin: bool,
    /// The tenant that they own.
    tenant: String,
    /// Since when.
    created_at: String,
}

impl Account {
    pub(crate) fn of(user: &User) -> Account {
        Account {
            id: user.id.to_string(),
            email: user.address.clone(),
            name: user.name.clone(),
            admin: user.admin,
            tenant: user.tenant.to_string(),
            created_at: user.created_at.to_string(),
        }
    }
}

/// Makes an account: the first one by the link that the daemon gave whoever started it, every other by an invitation, or without one where registration is open.
#[utoipa::path(post, path = "/api/auth/register", tag = "accounts", security(()), request_body = Registration, responses(
    (status = 201, description = "The account; sign in with it", body = Account),
    (status = 202, description = "Registration is open and this daemon sends mail: the account is made when the address is confirmed. The answer is the same where the address has an account", body = Mailed),
    (status = 403, description = "Nobody invited them, or the token is good no more", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "A field breaks a rule, or the password is easy to guess", body = ProblemBody, content_type = "application/problem+json"),
    (status = 429, description = "Too many mails to this address, or from yours", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(crate) async fn register(
    State(app): State<Arc<App>>,
    peer: Option<Extension<Peer>>,
    Body(wanted): Body<Registration>,
) -> Result<Response, Problem> {
    let Registration { token, email, name, password } = wanted;
    let newcomer = Newcomer { token, address: email, name, password };
    if newcomer.token.is_none() && app.accounts.confirms_first()? {
        app.accounts.begin_registration(newcomer, second_factor::address(peer)).await?;
        return Ok(mailed("open the link in the mail within a day"));
    }
    let user = app.accounts.register(newcomer).await?;
    registered(&app, &user).await?;
    Ok((StatusCode::CREATED, Json(Account::of(&user))).into_response())
}

/// What follows where somebody has registered.
pub(crate) async fn registered(app: &App, user: &User) -> Result<(), Problem> {
    if user.admin {
        // What was launched before there was anybody is the first administrator's.
        crate::serve::adopt(&app.accounts, &app.service).await?;
        crate::serve::first_run::forget(app.service.data())?;
    }
    tracing::info!(user = %user.id, admin = user.admin, "somebody registered");
    Ok(())
}

/// An address and a password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Credentials {
    /// The address of the account.
    email: String,
    /// Its password.
    #[schema(format = Password)]
    password: String,
    /// `token` for programs, which get tokens in the answer; `cookie` for browsers, which get a cookie that no script reads.
    #[serde(default = "token")]
    #[schema(value_type = String, example = "token", default = "token")]
    delivery: Delivery,
    /// The code of the app, for accounts with a second factor: six digits, good once.
    #[serde(default)]
    #[schema(max_length = 64)]
    totp: Option<String>,
    /// One of the recovery codes in its place.
    #[serde(default)]
    #[schema(max_length = 64)]
    recovery_code: Option<String>,
}

fn token() -> Delivery {
    Delivery::Token
}

/// What a sign-in gives.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SignedIn {
    /// What goes behind `Authorization: Bearer`; none for browsers.
    #[serde(skip_serializing_if = "Option::is_none")]
    access_token: Option<String>,
    /// What gets the next pair, once; none for browsers.
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    /// Until when the access token, or the cookie where it is not used, is good.
    expires_at: String,
}

pub(crate) fn signed_in(issued: &Issued, delivery: Delivery) -> Result<Response, Problem> {
    let expires_at = issued.expires_at.to_string();
    Ok(match delivery {
        Delivery::Token => {
            let refresh_token = issued.refresh.as_ref().map(Token::reveal);
            Json(SignedIn { access_token: Some(issued.token.reveal()), refresh_token, expires_at }).into_response()
        }
        Delivery::Cookie => {
            let line = cookie::SESSION.set(&issued.token.reveal(), crate::accounts::BROWSER_MS / 1000);
            let line = line.ok_or_else(|| Problem::failed("a token does not fit a header"))?;
            ([(SET_COOKIE, line)], Json(SignedIn { access_token: None, refresh_token: None, expires_at })).into_response()
        }
    })
}

/// Signs in. A wrong password and an address that nobody has get the same answer, after the same work; after some failures there is a wait, which doubles. Accounts with a
/// second factor need that as well: after the right password without it the problem is `second-factor-required`.
#[utoipa::path(post, path = "/api/auth/login", tag = "accounts", security(()), request_body = Credentials, responses(
    (status = 200, description = "Tokens, or a cookie", body = SignedIn),
    (status = 401, description = "That signs nobody in, or a second factor is needed", body = ProblemBody, content_type = "application/problem+json"),
    (status = 403, description = "The account is locked", body = ProblemBody, content_type = "application/problem+json"),
    (status = 429, description = "Too many failures; `Retry-After` says how long to wait", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(crate) async fn login(
    State(app): State<Arc<App>>,
    peer: Option<Extension<Peer>>,
    headers: HeaderMap,
    Body(given): Body<Credentials>,
) -> Result<Response, Problem> {
    let Credentials { email, password, delivery, totp, recovery_code } = given;
    let proof = second_factor::proof(totp, recovery_code)?;
    if delivery == Delivery::Cookie {
        // Or another site could sign a browser in as somebody else.
        check_site(&headers)?;
    }
    let from = second_factor::address(peer);
    let user = app.accounts.sign_in(&email, password, proof, from).await.inspect_err(|error| {
        // Not whom: people type passwords where addresses belong.
        tracing::warn!(request = request_id().as_deref().unwrap_or("-"), %from, %error, "a sign-in failed");
    })?;
    let issued = app.accounts.begin_session(user.id, delivery).await?;
    tracing::info!(user = %user.id, ?delivery, "somebody signed in");
    signed_in(&issued, delivery)
}

/// A refresh token.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Refresh {
    refresh_token: String,
}

/// Gives the next pair of tokens for a refresh token, which is good no more then. One that comes twice was copied: its session ends.
#[utoipa::path(post, path = "/api/auth/refresh", tag = "accounts", security(()), request_body = Refresh, responses(
    (status = 200, description = "The next pair", body = SignedIn),
    (status = 401, description = "It is no refresh token, or no more", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(crate) async fn refresh(State(app): State<Arc<App>>, Body(given): Body<Refresh>) -> Result<Response, Problem> {
    let token = Token::parse(given.refresh_token.trim()).ok_or(crate::accounts::Error::Wrong)?;
    signed_in(&app.accounts.refresh(&token).await?, Delivery::Token)
}

/// Signs out: the session and all its tokens are over.
#[utoipa::path(post, path = "/api/auth/logout", tag = "accounts", responses(
    (status = 204, description = "Signed out"),
    (status = 403, description = "It is a key that asks: take that back", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(crate) async fn logout(State(app): State<Arc<App>>, caller: Caller) -> Result<Response, Problem> {
    let identity = &caller.identity;
    caller.in_person()?;
    if let Some(session) = identity.session {
        app.accounts.end_session(identity.user.id, session).await?;
    }
    tracing::info!(user = %identity.user.id, "somebody signed out");
    Ok(match identity.delivery {
        Delivery::Token => StatusCode::NO_CONTENT.into_response(),
        Delivery::Cookie => {
            let line = cookie::SESSION.clear().ok_or_else(|| Problem::failed("a cookie without a value does not fit a header"))?;
            (StatusCode::NO_CONTENT, [(SET_COOKIE, line)]).into_response()
        }
    })
}

/// Who is signed in, and what they are where.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Me {
    #[serde(flatten)]
    account: Account,
    /// Whether you are known to read the mail of your address.
    email_confirmed: bool,
    /// The tenants that they are members of, their own too.
    memberships: Vec<MembershipView>,
}

/// Somebody's part in a tenant.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MembershipView {
    /// Which.
    tenant: String,
    /// As what.
    role: Role,
}

impl MembershipView {
    pub(crate) fn of(membership: &Membership) -> MembershipView {
        MembershipView { tenant: membership.tenant.to_string(), role: membership.role }
    }
}

/// Says who is signed in.
#[utoipa::path(get, path = "/api/me", tag = "accounts", responses((status = 200, description = "Who you are", body = Me)))]
pub(crate) async fn me(State(app): State<Arc<App>>, caller: Caller) -> Result<Json<Me>, Problem> {
    let user = &caller.identity.user;
    let memberships = app.accounts.memberships(user.id)?;
    let email_confirmed = app.accounts.is_verified(user)?;
    Ok(Json(Me { account: Account::of(user), email_confirmed, memberships: memberships.iter().map(MembershipView::of).collect() }))
}
