//! What every request passes first: it gets an id, must call the daemon by one of its names, is counted, and ends in time. Every answer leaves with headers that keep
//! browsers from making more of it than it is.

use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HOST, HeaderMap, HeaderName, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::{HeaderValue, StatusCode, Uri};

use crate::accounts::id::UserId;
use crate::http::auth::{self, Found};
use crate::http::problem::{Problem, What};
use crate::http::{App, Peer};

tokio::task_local! {
    static REQUEST_ID: String;
}

/// The id of the request that this task works for.
pub(crate) fn request_id() -> Option<String> {
    REQUEST_ID.try_with(Clone::clone).ok()
}

/// Names requests: no two of a process alike, and those of two processes hardly ever.
#[derive(Debug)]
pub(crate) struct RequestIds {
    base: u64,
    count: AtomicU64,
}

impl Default for RequestIds {
    fn default() -> Self {
        // Without random numbers those of another process may be alike, and nothing else depends on them.
        RequestIds { base: getrandom::u64().unwrap_or_default(), count: AtomicU64::new(0) }
    }
}

impl RequestIds {
    fn next(&self) -> String {
        // An odd factor: every count has a product of its own, and neighbours look nothing alike.
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        format!("{:016x}", self.base.wrapping_add(count.wrapping_mul(0x9e37_79b9_7f4a_7c15)))
    }
}

/// When something may be tried again for which there was no room on the disk, in seconds.
const FULL_S: u64 = 60;

/// Paths that whoever watches the daemon asks every second, and that say nothing.
const FREE: [&str; 2] = ["/health", "/ready"];

pub(crate) async fn guard(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let id = app.request_ids.next();
    let header = HeaderValue::from_str(&id).ok();
    let app_has_tls = app.server.has_tls();
    let mut response = REQUEST_ID.scope(id, answer(app, request, next)).await;
    let headers = response.headers_mut();
    if let Some(header) = header {
        headers.insert(HeaderName::from_static("x-request-id"), header);
    }
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    if app_has_tls {
        headers.insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
    // Pages say what they need; everything else needs nothing.
    headers
        .entry(CONTENT_SECURITY_POLICY)
        .or_insert(HeaderValue::from_static("default-src 'none'; base-uri 'none'; frame-ancestors 'none'"));
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// Whose request was answered, for the log.
#[derive(Debug, Clone, Copy)]
struct Who(UserId);

async fn answer(app: Arc<App>, request: Request, next: Next) -> Response {
    let began = Instant::now();
    // Without its query, which may hold what is nobody's business, and with the names of paths rather than what stands in them.
    let place = request.extensions().get::<MatchedPath>().map_or("(no such path)", MatchedPath::as_str).to_owned();
    let method = request.method().clone();
    let response = match AssertUnwindSafe(admitted(&app, request, next)).catch_unwind().await {
        Ok(response) => response,
        Err(_) => Problem::failed("a handler panicked").into_response(),
    };
    let (status, took) = (response.status().as_u16(), began.elapsed());
    let user = response.extensions().get::<Who>().map_or_else(|| "-".to_owned(), |who| who.0.to_string());
    app.metrics.answered(&method, &place, status, took);
    let took_ms = took.as_millis();
    tracing::info!(request = request_id().as_deref().unwrap_or("-"), %method, path = %place, user, status, took_ms, "answered");
    response
}

async fn admitted(app: &Arc<App>, mut request: Request, next: Next) -> Response {
    if !is_called(&app.hosts, request.headers(), request.uri()) {
        return Problem::new(What::WrongHost, "`Host` is none of the names of this daemon; `[server] hosts` adds some").into_response();
    }
    let is_free = FREE.contains(&request.uri().path());
    let found = if is_free { Ok(Found::Nobody) } else { auth::find(app, request.headers()) };
    let found = match found {
        Ok(found) => found,
        Err(problem) => return problem.into_response(),
    };
    let from = request.extensions().get::<Peer>().map(|Peer(address)| address.ip());
    let standing = match (is_free, app.limiter.count(&found, from)) {
        (true, _) => None,
        (false, Ok(standing)) => Some(standing),
        (false, Err(problem)) => return problem.into_response(),
    };
    let who = match &found {
        Found::Somebody(identity, _) => Some(Who(identity.user.id)),
        Found::Nobody | Found::Stranger => None,
    };
    request.extensions_mut().insert(found);
    let limit = app.server.request_timeout();
    let mut response = match tokio::time::timeout(limit, next.run(request)).await {
        Ok(response) if response.status() == StatusCode::INTERNAL_SERVER_ERROR && app.service.data().is_full() => {
            let detail = "the daemon's disk is full: nothing was changed that was not acknowledged, and what is there can be read";
            Problem::new(What::DiskFull, detail).after(FULL_S).into_response()
        }
        Ok(response) => response,
        Err(_) => {
            let detail = format!("there was no answer within {} seconds; what was asked for may still be done", limit.as_secs());
            Problem::new(What::TooSlow, detail).after(limit.as_secs()).into_response()
        }
    };
    if let Some(who) = who {
        response.extensions_mut().insert(who);
    }
    if let Some(standing) = standing {
        standing.tell(response.headers_mut());
    }
    response
}

/// The names by which a daemon at this address may be called.
pub(crate) fn hosts(address: SocketAddr, configured: &[String]) -> Vec<String> {
    let mut names = vec![address.to_string(), format!("localhost:{}", address.port()), format!("127.0.0.1:{}", address.port())];
    for name in configured {
        names.push(name.to_ascii_lowercase());
        names.push(format!("{}:{}", name.to_ascii_lowercase(), address.port()));
    }
    names
}

/// The beginning of the daemon's addresses, as the request calls it by one of its names: those that are configured, where any are. Providers send browsers back to it, and
/// compare it with what was registered there.
pub(crate) fn origin(app: &App, headers: &HeaderMap) -> Result<String, Problem> {
    let named = headers.get(HOST).and_then(|line| line.to_str().ok()).map(str::to_ascii_lowercase).unwrap_or_default();
    let scheme = if app.server.has_tls() || !app.server.trusted_proxies.is_empty() { "https" } else { "http" };
    let configured: Vec<&String> = app.hosts.iter().filter(|host| is_configured(&app.server.hosts, host)).collect();
    match configured.first() {
        None if app.hosts.contains(&named) => Ok(format!("{scheme}://{named}")),
        Some(_) if configured.contains(&&named) => Ok(format!("{scheme}://{named}")),
        Some(first) => Err(Problem::new(What::WrongHost, format!("providers send nobody back to this name: go to {scheme}://{first}"))),
        None => Err(Problem::new(What::WrongHost, "`Host` is none of the names of this daemon")),
    }
}

/// Whether a name is one of those that are configured, with or without a port.
fn is_configured(configured: &[String], host: &str) -> bool {
    configured.iter().any(|name| {
        let rest = host.strip_prefix(&name.to_ascii_lowercase());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
    })
}

/// Whether a request calls the daemon by one of its names. A page of another site that has its name resolved to this machine does not, and so gets nothing.
fn is_called(hosts: &[String], headers: &HeaderMap, uri: &Uri) -> bool {
    let mut lines = headers.get_all(HOST).iter();
    let named = match (lines.next(), lines.next()) {
        (Some(line), None) => line.to_str().ok().map(str::to_ascii_lowercase),
        (None, _) => uri.authority().map(|authority| authority.as_str().to_ascii_lowercase()),
        (Some(_), Some(_)) => None,
    };
    named.is_some_and(|named| hosts.contains(&named))
}

/// Whether an `Origin` is that of the daemon itself, as the request calls it.
pub(crate) fn is_own_origin(headers: &HeaderMap, origin: &HeaderValue) -> bool {
    let (Ok(origin), Some(Ok(host))) = (origin.to_str(), headers.get(HOST).map(HeaderValue::to_str)) else { return false };
    let authority = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
    authority.is_some_and(|authority| authority.eq_ignore_ascii_case(host))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_daemon_is_called_by_its_own_names_only() {
        let hosts = hosts("127.0.0.1:7878".parse().unwrap(), &["BBB.example".to_owned()]);
        let called = |lines: &[&str]| {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(HOST, HeaderValue::from_str(line).unwrap());
            }
            is_called(&hosts, &headers, &Uri::from_static("/"))
        };
        for good in ["127.0.0.1:7878", "localhost:7878", "LOCALHOST:7878", "bbb.example", "bbb.example:7878"] {
            assert!(called(&[good]), "{good}");
        }
        for bad in ["evil.example:7878", "127.0.0.1", "127.0.0.1:80", "", "localhost:7878.evil.example"] {
            assert!(!called(&[bad]), "{bad}");
        }
        assert!(!called(&[]) && !called(&["localhost:7878", "localhost:7878"]));
    }

    #[test]
    fn only_the_page_that_the_daemon_served_is_of_its_own_origin() {
        let headers: HeaderMap = [(HOST, HeaderValue::from_static("localhost:7878"))].into_iter().collect();
        let own = |origin: &'static str| is_own_origin(&headers, &HeaderValue::from_static(origin));
        assert!(own("http://localhost:7878") && own("https://localhost:7878"));
        assert!(!own("null") && !own("http://localhost:7879") && !own("http://localhost:7878.evil.example") && !own(""));
    }
}
