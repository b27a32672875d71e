//! The listener: HTTP/1.1 on each connection, so many at a time, with bounds on how long a client may take to say what it wants, and how much of it.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tower_service::Service;

use crate::http::Peer;

/// How long a client may take for the head of a request, and how long a connection may be idle between two.
const HEAD_TIMEOUT: Duration = Duration::from_secs(15);
/// The most bytes of the head of a request.
const MAX_HEAD_BYTES: usize = 32 * 1024;
/// The most header fields.
const MAX_FIELDS: usize = 100;
/// The wait after an error of the listener itself, such as too many open files.
const PAUSE: Duration = Duration::from_millis(100);
/// How long requests that are under way may take to end.
const FAREWELL: Duration = Duration::from_secs(10);

/// Serves until `ended` is true.
pub(super) async fn serve(listener: TcpListener, router: Router, connections: usize, mut ended: watch::Receiver<bool>) {
    let slots = Arc::new(Semaphore::new(connections));
    let mut open = JoinSet::new();
    loop {
        let next = async {
            // The semaphore is never closed.
            let slot = Arc::clone(&slots).acquire_owned().await.ok();
            (slot, listener.accept().await)
        };
        let (slot, accepted) = tokio::select! {
            next = next => next,
            () = async { drop(ended.wait_for(|ended| *ended).await) } => break,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "the listener failed");
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        // Answers are small and wanted at once. Where it cannot be set, they are only slower.
        let _ = stream.set_nodelay(true);
        let router = router.clone();
        let answer = service_fn(move |request: Request<Incoming>| {
            let mut router = router.clone();
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(Peer(peer));
            async move { Ok::<_, Infallible>(router.call(request).await.unwrap_or_else(|never| match never {})) }
        });
        let mut builder = http1::Builder::new();
        builder.timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT).max_buf_size(MAX_HEAD_BYTES).max_headers(MAX_FIELDS);
        let connection = builder.serve_connection(TokioIo::new(stream), answer).with_upgrades();
        let mut ended = ended.clone();
        // Those that are closed are forgotten.
        while open.try_join_next().is_some() {}
        open.spawn(async move {
            let mut connection = pin!(connection);
            let mut closed = tokio::select! {
                closed = connection.as_mut() => Some(closed),
                () = async { drop(ended.wait_for(|ended| *ended).await) } => None,
            };
            if closed.is_none() {
                // The request that is under way is answered, and there is no next one.
                connection.as_mut().graceful_shutdown();
                closed = Some(connection.await);
            }
            if let Some(Err(error)) = closed {
                tracing::debug!(%error, "a client went away");
            }
            drop(slot);
        });
    }
    drop(listener);
    if tokio::time::timeout(FAREWELL, async { while open.join_next().await.is_some() {} }).await.is_err() {
        tracing::warn!("requests that took too long were cut off");
    }
}
