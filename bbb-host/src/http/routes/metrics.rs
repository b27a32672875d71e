//! What Prometheus reads.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::HeaderValue;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap};

use crate::http::auth::bearer;
use crate::http::metrics::MEDIA_TYPE;
use crate::http::problem::{Problem, ProblemBody, What};
use crate::http::{App, Peer};

/// What a proxy writes for whom it speaks: then it is not this machine that asks.
const FORWARDED: [&str; 3] = ["forwarded", "x-forwarded-for", "via"];

/// Metrics for Prometheus: requests, durations, businesses, tasks, and revenue by world. Without `server.metrics_token_file` only this machine may read them, and nobody where there
/// are `server.trusted_proxies`; with it, whoever sends that token as `Authorization: Bearer`.
#[utoipa::path(get, path = "/metrics", tag = "health", security(()), responses(
    (status = 200, description = "The text that Prometheus reads, format 0.0.4", body = String, content_type = "text/plain"),
    (status = 401, description = "It needs the token of `server.metrics_token_file`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 403, description = "There is no such token, and another machine asks, or requests come by proxies", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(crate) async fn metrics(State(app): State<Arc<App>>, peer: Option<Extension<Peer>>, headers: HeaderMap) -> Result<Response, Problem> {
    if app.metrics.needs_token() {
        let token = headers.get(AUTHORIZATION).and_then(|line| line.to_str().ok()).and_then(bearer);
        if !token.is_some_and(|token| app.metrics.is_token(token)) {
            return Err(Problem::new(What::NotSignedIn, "this needs `Authorization: Bearer` with the token of server.metrics_token_file"));
        }
    } else if !app.server.trusted_proxies.is_empty() {
        // A proxy need not say for whom it speaks on every path, and where it is on this machine, what it says nothing of would look like this machine asking.
        return Err(Problem::new(
            What::Forbidden,
            "with server.trusted_proxies, the metrics are read with the token of server.metrics_token_file only",
        ));
    } else {
        let is_here = peer.is_some_and(|Extension(Peer(address))| address.ip().to_canonical().is_loopback());
        if !is_here || FORWARDED.iter().any(|name| headers.contains_key(*name)) {
            return Err(Problem::new(What::Forbidden, "only this machine reads the metrics, unless server.metrics_token_file is set"));
        }
    }
    let text = app.metrics.text(&app.service, &app.accounts.letters()?).await?;
    Ok(([(CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE))], text).into_response())
}
