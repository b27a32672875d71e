//! The second factor of whoever is signed in: setting it up, turning it off, and recovery codes.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use axum::extract::State;
use axum::{Extension, Json};
use bbb_core::time::Timestamp;
use http::StatusCode;
use qrcode::render::svg;
use qrcode::{EcLevel, QrCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::accounts::Proof;
use crate::accounts::step_up::Deed;
use crate::http::auth::Caller;
use crate::http::extract::Body;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::{App, Peer};

/// Where a request comes from.
pub(crate) fn address(peer: Option<Extension<Peer>>) -> IpAddr {
    peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |Extension(Peer(address))| address.ip())
}

/// What was shown: one of the two, or neither.
pub(crate) fn proof(totp: Option<String>, recovery_code: Option<String>) -> Result<Option<Proof>, Problem> {
    match (totp, recovery_code) {
        (Some(_), Some(_)) => Err(Problem::field("recovery_code", "stands in the place of `totp`: send one of the two")),
        (Some(code), None) => Ok(Some(Proof::Code(code))),
        (None, Some(code)) => Ok(Some(Proof::Recovery(code))),
        (None, None) => Ok(None),
    }
}

/// A second factor, as it stands.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SecondFactor {
    /// Whether signing in asks for it.
    on: bool,
    /// Recovery codes that are good.
    recovery_codes: usize,
}

/// Shows whether you have a second factor.
#[utoipa::path(get, path = "/api/me/totp", tag = "accounts", responses((status = 200, description = "As it stands", body = SecondFactor)))]
pub(crate) async fn shown(State(app): State<Arc<App>>, caller: Caller) -> Result<Json<SecondFactor>, Problem> {
    let standing = app.accounts.second_factor(caller.identity.user.id)?;
    Ok(Json(SecondFactor { on: standing.on, recovery_codes: standing.recovery_codes }))
}

/// The password, once more.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Again {
    /// The password of the account, where it has one.
    #[serde(default)]
    #[schema(format = Password)]
    password: Option<String>,
}

/// What an app needs. It is shown this once.
#[derive(Serialize, ToSchema)]
pub(crate) struct Enrolment {
    /// The secret, in base32.
    secret: String,
    /// The same as an `otpauth:` URI, which apps read from a QR code.
    uri: String,
    /// That QR code, an SVG picture.
    qr: String,
}

/// A QR code of a text: black on white, with the quiet zone that readers need, and scaled by whoever shows it.
fn qr(text: &str) -> Result<String, Problem> {
    let code = QrCode::with_error_correction_level(text, EcLevel::M).map_err(|error| Problem::failed(format!("a QR code: {error}")))?;
    let mut picture = code.render();
    picture.quiet_zone(true).min_dimensions(240, 240).dark_color(svg::Color("#000")).light_color(svg::Color("#fff"));
    Ok(picture.build())
}

/// Begins to set up a second factor: an app that shows a code of six digits, which changes every 30 seconds (RFC 6238). It is asked for once its first code was confirmed,
/// within 15 minutes.
#[utoipa::path(post, path = "/api/me/totp", tag = "accounts", request_body = Again, responses(
    (status = 200, description = "The secret, shown this once", body = Enrolment),
    (status = 401, description = "The password is another", body = ProblemBody, content_type = "application/problem+json"),
    (status = 403, description = "It is a key that asks, or nothing was shown lately", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "There is a second factor already", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(crate) async fn begin(
    State(app): State<Arc<App>>,
    caller: Caller,
    peer: Option<Extension<Peer>>,
    Body(given): Body<Again>,
) -> Result<Json<Enrolment>, Problem> {
    let user = caller.person(Deed::ChangeAccount)?;
    let enrolment = app.accounts.begin_second_factor(user, given.password, address(peer)).await?;
    let qr = qr(&enrolment.uri)?;
    Ok(Json(Enrolment { secret: enrolment.secret, uri: enrolment.uri, qr }))
}

/// The first code.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FirstCode {
    /// The code that the app shows: six digits.
    #[schema(max_length = 64, example = "287082")]
    totp: String,
}

/// Recovery codes. They are shown this once.
#[derive(Serialize, ToSchema)]
pub(crate) struct RecoveryCodes {
    /// Each signs in once in the place of a code of the app.
    recovery_codes: Vec<String>,
}

/// Turns the second factor on, and gives ten recovery codes. All your other sessions end.
#[utoipa::path(post, path = "/api/me/totp/confirm", tag = "accounts", request_body = FirstCode, responses(
    (status = 200, description = "It is on", body = RecoveryCodes),
    (status = 401, description = "The code is wrong", body = ProblemBody, content_type = "application/problem+json"),
    (status = 403, description = "It is a key that asks, or nothing was shown lately", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "None was begun within 15 minutes", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(crate) async fn confirm(
    State(app): State<Arc<App>>,
    caller: Caller,
    peer: Option<Extension<Peer>>,
    Body(given): Body<FirstCode>,
) -> Result<Json<RecoveryCodes>, Problem> {
    let user = caller.person(Deed::ChangeAccount)?;
    let recovery_codes = app.accounts.confirm_second_factor(user, caller.identity.session, given.totp, address(peer)).await?;
    tracing::info!(user = %user.id, "a second factor was turned on");
    Ok(Json(RecoveryCodes { recovery_codes }))
}

/// The password and the second factor, once more.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Both {
    /// The password of the account, where it has one.
    #[serde(default)]
    #[schema(format = Password)]
    password: Option<String>,
    /// The code of the app.
    #[serde(default)]
    #[schema(max_length = 64)]
    totp: Option<String>,
    /// A recovery code in its place.
    #[serde(default)]
    #[schema(max_length = 64)]
    recovery_code: Option<String>,
}

impl Both {
    fn parts(self) -> Result<(Option<String>, Proof), Problem> {
        let proof = proof(self.totp, self.recovery_code)?.ok_or(crate::accounts::Error::SecondFactor)?;
        Ok((self.password, proof))
    }
}

/// Turns the second factor off.
#[utoipa::path(delete, path = "/api/me/totp", tag = "accounts", request_body = Both, responses(
    (status = 204, description = "It is off"),
    (status = 401, description = "The password or the code is wrong", body = ProblemBody, content_type = "application/problem+json"),
    (status = 403, description = "It is a key that asks, or nothing was shown lately", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "There is none", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(crate) async fn turn_off(
    State(app): State<Arc<App>>,
    caller: Caller,
    peer: Option<Extension<Peer>>,
    Body(given): Body<Both>,
) -> Result<StatusCode, Problem> {
    let user = caller.person(Deed::ChangeAccount)?;
    let (password, proof) = given.parts()?;
    app.accounts.end_second_factor(user, password, proof, address(peer)).await?;
    tracing::info!(user = %user.id, "a second factor was turned off");
    Ok(StatusCode::NO_CONTENT)
}

/// Gives ten new recovery codes. Those before are good no more.
#[utoipa::path(post, path = "/api/me/totp/recovery-codes", tag = "accounts", request_body = Both, responses(
    (status = 200, description = "The codes, shown this once", body = RecoveryCodes),
    (status = 401, description = "The password or the code is wrong", body = ProblemBody, content_type = "application/problem+json"),
    (status = 403, description = "It is a key that asks, or nothing was shown lately", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "There is no second factor", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(crate) async fn recovery_codes(
    State(app): State<Arc<App>>,
    caller: Caller,
    peer: Option<Extension<Peer>>,
    Body(given): Body<Both>,
) -> Result<Json<RecoveryCodes>, Problem> {
    let user = caller.person(Deed::ChangeAccount)?;
    let (password, proof) = given.parts()?;
    let recovery_codes = app.accounts.new_recovery_codes(user, password, proof, address(peer)).await?;
    tracing::info!(user = %user.id, "recovery codes were drawn");
    Ok(Json(RecoveryCodes { recovery_codes }))
}

/// Who you are, once more: the second factor for those who have one, the password for all others.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct StepUp {
    /// The code of the app.
    #[serde(default)]
    #[schema(max_length = 64)]
    totp: Option<String>,
    /// A recovery code in its place.
    #[serde(default)]
    #[schema(max_length = 64)]
    recovery_code: Option<String>,
    /// The password, for accounts without a second factor.
    #[serde(default)]
    #[schema(format = Password)]
    password: Option<String>,
}

/// Until when that counts.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SteppedUp {
    /// Before this, nothing is asked for again in this session.
    until: String,
}

impl SteppedUp {
    pub(crate) fn until(app: &App, at: Timestamp) -> SteppedUp {
        SteppedUp { until: at.plus_ms(app.server.step_up_ms()).to_string() }
    }
}

/// Shows once more who you are. Approving, vetoing, raising autonomy, setting budgets, and changing members, API keys and the account need it, for some minutes
/// (`server.step_up_minutes`); a sign-in counts as well.
#[utoipa::path(post, path = "/api/auth/step-up", tag = "accounts", request_body = StepUp, responses(
    (status = 200, description = "It counts", body = SteppedUp),
    (status = 401, description = "It is wrong, or a second factor is needed", body = ProblemBody, content_type = "application/problem+json"),
    (status = 403, description = "It is a key that asks", body = ProblemBody, content_type = "application/problem+json"),
    (status = 429, description = "Too many failures; `Retry-After` says how long to wait", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(crate) async fn step_up(
    State(app): State<Arc<App>>,
    caller: Caller,
    peer: Option<Extension<Peer>>,
    Body(given): Body<StepUp>,
) -> Result<Json<SteppedUp>, Problem> {
    let user = caller.in_person()?;
    let session = caller.identity.session.ok_or_else(Problem::not_signed_in)?;
    let proof = proof(given.totp, given.recovery_code)?;
    let at = app.accounts.step_up(user, session, given.password, proof, address(peer)).await?;
    Ok(Json(SteppedUp::until(&app, at)))
}
