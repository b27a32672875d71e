//! The HTTP API: what a browser or a program may ask of the daemon.
//!
//! Handlers read projections and submit commands, nothing else. `guard` is what every request passes first; a handler that takes [`auth::Caller`] needs somebody who is
//! signed in, and one that takes [`auth::Theirs`] a business that the caller may know of. Which role may do what is said in one place, the policies of
//! [`crate::accounts::rights`].

mod auth;
mod cookie;
mod cursor;
mod dto;
mod extract;
mod guard;
mod keyed;
mod limits;
mod live;
pub(crate) mod metrics;
mod openapi;
mod problem;
mod routes;
mod turns;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use tokio::sync::watch;

use crate::accounts::Accounts;
use crate::at_head::AtHead;
use crate::config::ServerSection;
use crate::http::limits::Limiter;
use crate::http::metrics::Metrics;
use crate::http::problem::{Problem, What};
use crate::outbound::Outbound;
use crate::serve::fleet::Fleet;
use crate::service::Service;
use crate::sign_in::Providers;

pub(crate) use self::guard::request_id;
pub(crate) use self::live::Readers;

/// The most bytes of a request's body.
pub(crate) const MAX_BODY_BYTES: usize = 256 * 1024;

/// The most businesses that are kept as they were told last, and the most whose figures are.
const MAX_FIGURES: usize = 4_096;

/// Who made a connection.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub(crate) SocketAddr);

/// What handlers work with.
pub(crate) struct App {
    pub(crate) service: Arc<Service>,
    pub(crate) accounts: Arc<Accounts>,
    pub(crate) fleet: Arc<Fleet>,
    pub(crate) server: ServerSection,
    /// The names by which it may be called, with and without its port.
    pub(crate) hosts: Vec<String>,
    pub(crate) limiter: Limiter,
    pub(crate) providers: Providers,
    pub(crate) readers: Arc<Readers>,
    pub(crate) keyed: keyed::UnderWay,
    pub(crate) metrics: Metrics,
    pub(crate) request_ids: guard::RequestIds,
    /// The figures of businesses, and businesses themselves, as they were told last.
    pub(crate) figures: AtHead<Bytes>,
    pub(crate) shown: AtHead<routes::businesses::Shown>,
    pub(crate) advice: turns::Turns,
    pub(crate) outbound: Arc<Outbound>,
    /// True once the daemon is ending.
    pub(crate) ending: watch::Receiver<bool>,
}

impl App {
    pub(crate) fn new(
        (service, accounts, fleet): (Arc<Service>, Arc<Accounts>, Arc<Fleet>),
        (server, providers): (ServerSection, Providers),
        address: SocketAddr,
        ending: watch::Receiver<bool>,
    ) -> App {
        let limiter = Limiter::new(Arc::clone(&accounts), server.requests_per_minute);
        let hosts = guard::hosts(address, &server.hosts);
        App {
            service,
            accounts,
            fleet,
            server,
            hosts,
            limiter,
            providers,
            readers: Arc::default(),
            keyed: keyed::UnderWay::default(),
            metrics: Metrics::default(),
            request_ids: guard::RequestIds::default(),
            figures: AtHead::new(MAX_FIGURES),
            shown: AtHead::new(MAX_FIGURES),
            advice: turns::Turns::default(),
            outbound: Arc::default(),
            ending,
        }
    }
}

/// The router of all paths.
pub(crate) fn router(app: &Arc<App>) -> Router {
    let (router, api) = openapi::described();
    let router = router.merge(openapi::pages(api));
    router
        .fallback(|| async { Problem::not_found() })
        .method_not_allowed_fallback(|| async { Problem::new(What::Method, "`Allow` says which methods there are") })
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .layer(from_fn_with_state(Arc::clone(app), guard::guard))
        .with_state(Arc::clone(app))
}
