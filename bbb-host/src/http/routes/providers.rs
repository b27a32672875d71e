//! Signing in by a provider: where a browser is sent, what happens when it comes back, and how that ends.
//!
//! What comes back is a navigation from another site, so it changes nothing that anybody is signed in to: it notes who the provider says that somebody is, for the browser that
//! was sent. That browser finishes it by a request of this site.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::State;
use axum::response::{AppendHeaders, IntoResponse, Response};
use axum::{Extension, Json};
use http::header::{HeaderMap, HeaderValue, LOCATION, SET_COOKIE};
use http::{StatusCode, header::HeaderName};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::accounts::attempts::{ATTEMPT_MS, Aim};
use crate::accounts::token::{Purpose, Token};
use crate::accounts::{Delivery, Error};
use crate::http::auth::check_site;
use crate::http::extract::{Asked, Body, Named};
use crate::http::problem::{Problem, ProblemBody, What};
use crate::http::routes::second_factor::{self, address};
use crate::http::routes::sign_in::{SignedIn, registered, signed_in};
use crate::http::{App, Peer, cookie, guard};
use crate::sign_in::{Failure, Provider, Ties, word};

/// Where browsers go on.
const PAGE: &str = "/sign-in";

/// Somebody by whom people sign in.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProviderView {
    /// What paths call it.
    id: String,
    /// What people call it.
    name: String,
}

/// All of them.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProviderViews {
    /// As they are configured.
    providers: Vec<ProviderView>,
}

/// Lists by whom people sign in, beside passwords.
#[utoipa::path(get, path = "/api/auth/providers", tag = "accounts", security(()), responses(
    (status = 200, description = "The providers", body = ProviderViews),
))]
pub(crate) async fn providers(State(app): State<Arc<App>>) -> Json<ProviderViews> {
    let view = |provider: &Provider| ProviderView { id: provider.id.clone(), name: provider.name.clone() };
    Json(ProviderViews { providers: app.providers.all().iter().map(view).collect() })
}

/// Who begins to sign in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Beginning {
    /// The token of the first administrator's link, or of an invitation, for those who have no account and are to get one.
    #[serde(default)]
    token: Option<String>,
}

/// Where the browser is to go.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Sent {
    /// The provider's page. It sends the browser back within ten minutes.
    location: String,
}

/// Ties an attempt to the browser that asks, and says where that is to go.
pub(crate) async fn send(app: &App, headers: &HeaderMap, provider: &str, aim: Aim, from: IpAddr) -> Result<Response, Problem> {
    let provider = app.providers.find(provider).ok_or_else(Problem::not_found)?;
    let redirect = format!("{}/api/auth/providers/{}/callback", guard::origin(app, headers)?, provider.id);
    let again = matches!(aim, Aim::StepUp { .. });
    let token = app.accounts.begin_attempt(&provider.id, &redirect, aim, from).await?;
    let location = app.providers.begin(provider, &redirect, &ties(&token), again).await;
    let location = location.map_err(|failure| failed(provider, &failure))?;
    let line = cookie::ATTEMPT.set(&token.reveal(), ATTEMPT_MS / 1000).ok_or_else(|| Problem::failed("a token does not fit a header"))?;
    Ok(([(SET_COOKIE, line)], Json(Sent { location: location.to_string() })).into_response())
}

/// What ties an attempt with this token to its browser.
fn ties(token: &Token) -> Ties {
    Ties::new(token.secret_for("bbb 2026 sign-in by a provider"))
}

/// Tells the log what is wrong with a provider, and the client that something is.
fn failed(provider: &Provider, failure: &Failure) -> Problem {
    tracing::warn!(provider = %provider.id, ?failure, "a provider signs nobody in");
    Problem::new(What::Busy, format!("{} cannot be asked now, or gives no good answer; the log of the daemon says why", provider.name))
        .after(5)
}

/// The token of the attempt that belongs to this browser.
pub(crate) fn attempt(headers: &HeaderMap) -> Result<Token, Problem> {
    let token = cookie::ATTEMPT.find(headers).and_then(Token::parse).filter(|token| token.purpose() == Purpose::Attempt);
    token.ok_or_else(|| Problem::new(What::Conflict, "no sign-in waits to be finished in this browser: begin again"))
}

/// Begins to sign in by a provider: the answer says where the browser is to go, and sets a cookie with which it must come back. Needs `X-BBB-CSRF`.
#[utoipa::path(post, path = "/api/auth/providers/{provider}", tag = "accounts", security(()), params(("provider" = String, Path, description = "The provider")),
    request_body = Beginning, responses(
    (status = 200, description = "Where to go, and a cookie", body = Sent),
    (status = 403, description = "The token is good for nothing, or another site sends this", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "There is no such provider", body = ProblemBody, content_type = "application/problem+json"),
    (status = 503, description = "The provider cannot be asked", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(crate) async fn begin(
    State(app): State<Arc<App>>,
    peer: Option<Extension<Peer>>,
    headers: HeaderMap,
    Named(provider): Named<String>,
    Body(given): Body<Beginning>,
) -> Result<Response, Problem> {
    // Or another site could begin it, and have somebody signed in as somebody else.
    check_site(&headers)?;
    let grant = given.token.as_deref().map(|text| app.accounts.grant_of(text)).transpose()?;
    send(&app, &headers, &provider, Aim::SignIn { grant }, address(peer)).await
}

/// With what a provider sends a browser back (RFC 6749, 4.1.2; RFC 9207). Whatever else it says is ignored.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Answer {
    /// What it was given, once more.
    state: Option<String>,
    /// What gets it to say who somebody is, once.
    code: Option<String>,
    /// Who it is.
    iss: Option<String>,
    /// Why there is no code.
    error: Option<String>,
}

/// Sends the browser to the page, which hears how it went behind the `#`.
fn to_page(how: &str, keeps_cookie: bool) -> Response {
    // What is put here are words of this file.
    let location = HeaderValue::from_str(&format!("{PAGE}#{how}")).unwrap_or(HeaderValue::from_static(PAGE));
    let mut fields: Vec<(HeaderName, HeaderValue)> = vec![(LOCATION, location)];
    fields.extend(cookie::ATTEMPT.clear().filter(|_| !keeps_cookie).map(|line| (SET_COOKIE, line)));
    (StatusCode::SEE_OTHER, AppendHeaders(fields)).into_response()
}

/// Where a provider sends a browser back to. Whatever comes of it, the browser goes on to a page of the daemon.
#[utoipa::path(get, path = "/api/auth/providers/{provider}/callback", tag = "accounts", security(()),
    params(("provider" = String, Path, description = "The provider"), Answer), responses(
    (status = 303, description = "To the page on which it goes on"),
    (status = 404, description = "There is no such provider", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(crate) async fn callback(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Named(provider): Named<String>,
    Asked(answer): Asked<Answer>,
) -> Result<Response, Problem> {
    let provider = app.providers.find(&provider).ok_or_else(Problem::not_found)?;
    // What was not sent by this browser leaves its attempt as it is, or others could end it.
    let Ok(token) = attempt(&headers) else { return Ok(to_page("none", true)) };
    let ties = ties(&token);
    if answer.state.as_deref() != Some(ties.state().as_str()) {
        tracing::warn!(provider = %provider.id, "an answer to a sign-in came that this browser did not ask for");
        return Ok(to_page("none", true));
    }
    let begun = match app.accounts.answer_attempt(&token, &provider.id).await {
        Ok(begun) => begun,
        Err(Error::Conflict(_)) => return Ok(to_page("none", true)),
        Err(error) => return Err(error.into()),
    };
    let asked = match (&answer.error, answer.code.as_deref()) {
        (Some(error), _) => Err(Failure::Refused(word(error))),
        (None, None) => Err(Failure::Untrusted("its answer has neither a code nor an error".to_owned())),
        (None, Some(code)) => {
            app.providers.finish(provider, (code, answer.iss.as_deref()), &begun.redirect, &ties, app.accounts.now()).await
        }
    };
    match asked {
        Ok(proven) => {
            app.accounts.prove_attempt(&token, proven).await?;
            Ok(to_page(aim(&begun.aim), true))
        }
        Err(failure) => {
            tracing::warn!(provider = %provider.id, ?failure, "somebody was not signed in by a provider");
            app.accounts.drop_attempt(&token).await?;
            Ok(to_page(if matches!(failure, Failure::Refused(_)) { "refused" } else { "failed" }, false))
        }
    }
}

const fn aim(aim: &Aim) -> &'static str {
    match aim {
        Aim::SignIn { .. } => "finish",
        Aim::Link { .. } => "link",
        Aim::StepUp { .. } => "step-up",
    }
}

/// What finishes a sign-in by a provider.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Finish {
    /// `cookie` for browsers, `token` for programs that went through a browser's steps.
    #[serde(default = "cookie")]
    #[schema(value_type = String, example = "cookie", default = "cookie")]
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

fn cookie() -> Delivery {
    Delivery::Cookie
}

/// An answer that takes the attempt's cookie away as well.
pub(crate) fn without_attempt(mut response: Response) -> Response {
    if let Some(line) = cookie::ATTEMPT.clear() {
        response.headers_mut().append(SET_COOKIE, line);
    }
    response
}

/// Finishes a sign-in after the provider sent the browser back: signs in whose identity that is, or registers who has no account, by the rules that hold for passwords. An
/// account that is there already is never joined because of its address: somebody who is signed in to it links the provider. Needs `X-BBB-CSRF`.
#[utoipa::path(post, path = "/api/auth/finish", tag = "accounts", security(()), request_body = Finish, responses(
    (status = 200, description = "A cookie, or tokens", body = SignedIn),
    (status = 401, description = "A second factor is needed, or is wrong", body = ProblemBody, content_type = "application/problem+json"),
    (status = 403, description = "Nobody invited them, the account is locked, or another site sends this", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "Nothing waits in this browser, or the address is an account's", body = ProblemBody, content_type = "application/problem+json"),
    (status = 429, description = "Too many failures; `Retry-After` says how long to wait", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(crate) async fn finish(
    State(app): State<Arc<App>>,
    peer: Option<Extension<Peer>>,
    headers: HeaderMap,
    Body(given): Body<Finish>,
) -> Result<Response, Problem> {
    check_site(&headers)?;
    let token = attempt(&headers)?;
    let proof = second_factor::proof(given.totp, given.recovery_code)?;
    let (user, is_new) = app.accounts.finish_sign_in(&token, proof, address(peer)).await?;
    if is_new {
        registered(&app, &user).await?;
    }
    let issued = app.accounts.begin_session(user.id, given.delivery).await?;
    tracing::info!(user = %user.id, delivery = ?given.delivery, "somebody signed in by a provider");
    Ok(without_attempt(signed_in(&issued, given.delivery)?))
}
