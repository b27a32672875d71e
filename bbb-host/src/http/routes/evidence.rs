//! What a business came to, and why it did what it did.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bbb_core::projection::why::{Unknown, why as all_of_it};
use http::HeaderValue;
use http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use serde::Deserialize;
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use crate::accounts::rights::Action;
use crate::http::App;
use crate::http::auth::Theirs;
use crate::http::extract::{Asked, Named};
use crate::http::problem::{Problem, ProblemBody};
use crate::http::routes::inbox::proposal;
use crate::report::{self, Report};

/// The form of a report.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Form {
    #[default]
    Json,
    Markdown,
    Html,
}

/// How to show it.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct How {
    /// As data, as text, or as a page of its own with charts; data, where it is not given.
    #[param(inline)]
    format: Option<Form>,
}

/// What the page of a report may do: nothing but show what is in it.
pub(crate) const REPORT_POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; frame-ancestors 'none'";

/// Reports on a business: figures, oversight, what it learned. A simulated one says so first.
#[utoipa::path(get, path = "/api/businesses/{id}/report", tag = "businesses", params(("id" = String, Path, description = "The business"), How), responses(
    (status = 200, description = "The report", content((Object = "application/json"), (String = "text/markdown"), (String = "text/html"))),
    (status = 404, description = "There is none of this id that you may see", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(crate) async fn report(State(app): State<Arc<App>>, theirs: Theirs, Asked(how): Asked<How>) -> Result<Response, Problem> {
    let id = theirs.to(Action::View)?;
    let (events, head) = app.service.events(id).await?;
    let state = bbb_core::state::State::replay(id, &events).map_err(Problem::failed)?.ok_or_else(Problem::not_found)?;
    // Charts of ten years take a while.
    let made = tokio::task::spawn_blocking(move || {
        let report = Report::gather(&state, &events, head);
        Ok::<_, Problem>(match how.format.unwrap_or_default() {
            Form::Json => ("application/json", serde_json::to_string(&report::json(&report)).map_err(Problem::failed)?),
            Form::Markdown => ("text/markdown; charset=utf-8", report::markdown(&report)),
            Form::Html => ("text/html; charset=utf-8", report::html(&report).map_err(Problem::failed)?),
        })
    });
    let (kind, text) = made.await.map_err(Problem::failed)??;
    let headers = [(CONTENT_TYPE, kind), (CONTENT_SECURITY_POLICY, REPORT_POLICY)];
    Ok((headers.map(|(name, value)| (name, HeaderValue::from_static(value))), text).into_response())
}

/// Tells what led to a proposal and what came of it: goal, plan, task, rules, answer, attempts, cost.
#[utoipa::path(get, path = "/api/businesses/{id}/proposals/{proposal}/why", tag = "businesses",
    params(("id" = String, Path, description = "The business"), ("proposal" = String, Path, description = "The proposal, such as `prop_7`")),
    responses(
        (status = 200, description = "The chain of causes, each with its event", body = Object),
        (status = 404, description = "There is none of this id that you may see", body = ProblemBody, content_type = "application/problem+json"),
    ))]
pub(crate) async fn why(
    State(app): State<Arc<App>>,
    theirs: Theirs,
    Named((_, name)): Named<(String, String)>,
) -> Result<Json<Value>, Problem> {
    let (id, proposal) = (theirs.to(Action::View)?, proposal(&name)?);
    let (events, _) = app.service.events(id).await?;
    let charter = app.service.charter(id).await?;
    let told = all_of_it(&events, proposal, &charter).map_err(|error| match error {
        Unknown::Proposal(..) => Problem::not_found(),
        error => Problem::failed(error),
    })?;
    let mut object = serde_json::to_value(&told).map_err(Problem::failed)?;
    object["business_id"] = Value::from(id.to_string());
    Ok(Json(object))
}
