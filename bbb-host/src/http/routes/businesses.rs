//! Looking at businesses.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bbb_core::id::BusinessId;
use futures_util::stream;
use futures_util::{StreamExt, TryStreamExt};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderMap, IF_NONE_MATCH};
use http::{HeaderValue, StatusCode};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::accounts::id::TenantId;
use crate::accounts::rights::Action;
use crate::fault::{Fault, Kind};
use crate::http::App;
use crate::http::auth::{Caller, Theirs};
use crate::http::dto::{Agents, Business, Businesses, History, Metrics};
use crate::http::extract::Asked;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::{cursor, routes};

/// How many businesses of a page are asked how they stand at a time.
const AT_A_TIME: usize = 16;

/// Which businesses.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Which {
    /// The tenant; your own, where it is not given.
    tenant: Option<String>,
    /// What a page gave as `next`.
    #[param(min_length = 2, max_length = 128)]
    cursor: Option<String>,
    /// How many at most, 1 to 200.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<usize>,
}

/// Lists the businesses of a tenant, the newest first.
#[utoipa::path(get, path = "/api/businesses", tag = "businesses",
    params(Which, ("if-none-match" = Option<String>, Header, description = "The `ETag` of what is known already")), responses(
    (status = 200, description = "A page of them, with an `ETag`", body = Businesses),
    (status = 304, description = "Nothing happened since"),
    (status = 404, description = "You are no member of this tenant", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "The cursor or the limit is none", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    headers: HeaderMap,
    Asked(which): Asked<Which>,
) -> Result<Response, Problem> {
    let named = which.tenant.as_deref().map(str::parse::<TenantId>).transpose().map_err(|_| Problem::not_found())?;
    let tenant = caller.tenant(&app, named, Action::View)?;
    let after = which.cursor.as_deref().map(cursor::read).transpose()?;
    let limit = routes::page_length(which.limit)?;
    let mut page = app.accounts.businesses(tenant, after.as_deref(), limit + 1)?;
    let more = page.len() > limit;
    page.truncate(limit);
    let next = page.last().filter(|_| more).map(|(_, key)| cursor::write(key));
    let shown = stream::iter(page).map(|(id, _)| one(&app, id)).buffered(AT_A_TIME).try_collect::<Vec<_>>().await?;
    let businesses = shown.into_iter().flatten().collect();
    tagged(&headers, &Businesses { businesses, next })
}

async fn one(app: &App, id: BusinessId) -> Result<Option<Business>, Problem> {
    let Some(row) = app.accounts.business(id)? else { return Ok(None) };
    match app.service.now(id).await {
        Ok(now) => Business::of(&now, &row, app.fleet.trouble(id)).map(Some),
        // It is just being launched.
        Err(Fault { kind: Kind::NotFound, .. }) => Ok(None),
        Err(fault) => Err(fault.into()),
    }
}

/// Shows a business as it stands. Ask with `If-None-Match`, and there is no body unless something happened.
#[utoipa::path(get, path = "/api/businesses/{id}", tag = "businesses",
    params(
        ("id" = String, Path, description = "The business"),
        ("if-none-match" = Option<String>, Header, description = "The `ETag` of what is known already"),
    ),
    responses(
        (status = 200, description = "The business, with an `ETag`", body = Business),
        (status = 304, description = "Nothing happened since"),
        (status = 404, description = "There is none of this id that you may see", body = ProblemBody, content_type = "application/problem+json"),
    ))]
pub(crate) async fn show(State(app): State<Arc<App>>, theirs: Theirs, headers: HeaderMap) -> Result<Response, Problem> {
    let id = theirs.to(Action::View)?;
    let (running, trouble) = (app.service.runs(id), app.fleet.trouble(id));
    // What else is shown is in the journal, or stands in its row and never changes.
    let shown = app.shown.get(id, app.service.head(id).await?);
    if let Some(shown) = shown.filter(|shown| shown.running == running && shown.trouble == trouble) {
        return Ok(shown.answer.to(&headers));
    }
    let now = app.service.now(id).await?;
    let answer = Tagged::of(&Business::of(&now, &theirs.row, trouble.clone())?)?;
    // What is staged is in the state, and in no journal yet.
    if now.state.sequence == now.head.sequence {
        app.shown.keep(id, now.head, Shown { running: now.running, trouble, answer: answer.clone() });
    }
    Ok(answer.to(&headers))
}

/// A business as it was shown last.
#[derive(Debug, Clone)]
pub(crate) struct Shown {
    running: bool,
    trouble: Option<String>,
    answer: Tagged,
}

/// The `ETag` of an answer: a digest of it.
pub(crate) fn tag(bytes: &[u8]) -> String {
    format!("\"{}\"", &blake3::hash(bytes).to_hex().as_str()[..32])
}

/// An answer with an `ETag` that is a digest of it.
#[derive(Debug, Clone)]
struct Tagged {
    bytes: Bytes,
    tag: HeaderValue,
}

impl Tagged {
    fn of(body: &impl serde::Serialize) -> Result<Tagged, Problem> {
        let bytes = Bytes::from(serde_json::to_vec(body).map_err(Problem::failed)?);
        let tag = HeaderValue::from_str(&tag(&bytes)).map_err(Problem::failed)?;
        Ok(Tagged { bytes, tag })
    }

    /// The answer to a request with these headers: no body where the client has it already.
    fn to(&self, headers: &HeaderMap) -> Response {
        let known = headers.get_all(IF_NONE_MATCH).iter().filter_map(|line| line.to_str().ok()).flat_map(|line| line.split(','));
        let is_known = known.map(|text| text.trim().trim_start_matches("W/")).any(|text| text == "*" || self.tag == text);
        let mut response = if is_known {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            ([(CONTENT_TYPE, HeaderValue::from_static("application/json"))], self.bytes.clone()).into_response()
        };
        response.headers_mut().insert(ETAG, self.tag.clone());
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
        response
    }
}

/// An answer with an `ETag`, or none where the client has it already.
pub(crate) fn tagged(headers: &HeaderMap, body: &impl serde::Serialize) -> Result<Response, Problem> {
    Ok(Tagged::of(body)?.to(headers))
}

/// Shows how a business does: figures, roles, oversight.
#[utoipa::path(get, path = "/api/businesses/{id}/metrics", tag = "businesses", params(("id" = String, Path, description = "The business")), responses(
    (status = 200, description = "Its figures", body = Metrics),
    (status = 404, description = "There is none of this id that you may see", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(crate) async fn metrics(State(app): State<Arc<App>>, theirs: Theirs) -> Result<Response, Problem> {
    let id = theirs.to(Action::View)?;
    let json = [(CONTENT_TYPE, HeaderValue::from_static("application/json"))];
    if let Some(answer) = app.figures.get(id, app.service.head(id).await?) {
        return Ok((json, answer).into_response());
    }
    let now = app.service.now(id).await?;
    let answer = Bytes::from(serde_json::to_vec(&Metrics::of(&now)?).map_err(Problem::failed)?);
    // What is staged is in the state, and in no journal yet.
    if now.state.sequence == now.head.sequence {
        app.figures.keep(id, now.head, answer.clone());
    }
    Ok((json, answer).into_response())
}

/// Shows the totals at the end of each day.
#[utoipa::path(get, path = "/api/businesses/{id}/metrics/history", tag = "businesses", params(("id" = String, Path, description = "The business")), responses(
    (status = 200, description = "Its days", body = History),
    (status = 404, description = "There is none of this id that you may see", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(crate) async fn history(State(app): State<Arc<App>>, theirs: Theirs) -> Result<Json<History>, Problem> {
    Ok(Json(History::of(&app.service.now(theirs.to(Action::View)?).await?)?))
}

/// Shows how its seven roles do.
#[utoipa::path(get, path = "/api/businesses/{id}/agents", tag = "businesses", params(("id" = String, Path, description = "The business")), responses(
    (status = 200, description = "Its roles", body = Agents),
    (status = 404, description = "There is none of this id that you may see", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(crate) async fn agents(State(app): State<Arc<App>>, theirs: Theirs) -> Result<Json<Agents>, Problem> {
    Ok(Json(Agents::of(&app.service.now(theirs.to(Action::View)?).await?)?))
}
