//! The listener: HTTP/1.1 on each connection, so many at a time, with bounds on how long a client may take to say what it wants, and how much of it.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use http::{HeaderMap, Request};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tower_service::Service;

use crate::http::Peer;

/// How long a client may take for its handshake, for the head of a request, and how long a connection may be idle between two.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
const HEAD_TIMEOUT: Duration = Duration::from_secs(15);
/// How long a client may leave unread what was sent to it, before it counts as gone: it need not hang up to be done with.
const UNREAD_TIMEOUT: Duration = Duration::from_secs(60);
/// The most bytes of the head of a request.
const MAX_HEAD_BYTES: usize = 32 * 1024;
/// The most header fields.
const MAX_FIELDS: usize = 100;
/// The wait after an error of the listener itself, such as too many open files.
const PAUSE: Duration = Duration::from_millis(100);
/// How long requests that are under way may take to end.
const FAREWELL: Duration = Duration::from_secs(10);

/// How connections are spoken on.
pub(super) struct Manner {
    pub(super) router: Router,
    pub(super) connections: usize,
    pub(super) tls: Option<TlsAcceptor>,
    /// Who speaks for clients; where there is anybody, nobody else is heard.
    pub(super) proxies: Vec<IpAddr>,
}

/// Serves until `ended` is true.
pub(super) async fn serve(listener: TcpListener, manner: Manner, mut ended: watch::Receiver<bool>) {
    let slots = Arc::new(Semaphore::new(manner.connections));
    let manner = Arc::new(manner);
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
        let (manner, ended) = (Arc::clone(&manner), ended.clone());
        // Those that are closed are forgotten.
        while open.try_join_next().is_some() {}
        open.spawn(async move {
            if manner.proxies.is_empty() || manner.proxies.contains(&peer.ip().to_canonical()) {
                meet(stream, peer, &manner, ended).await;
            } else {
                tracing::warn!(%peer, "a connection that came by none of the trusted proxies was closed");
            }
            drop(slot);
        });
    }
    drop(listener);
    if timeout(FAREWELL, async { while open.join_next().await.is_some() {} }).await.is_err() {
        tracing::warn!("requests that took too long were cut off");
    }
}

async fn meet(stream: TcpStream, peer: SocketAddr, manner: &Manner, ended: watch::Receiver<bool>) {
    // Answers are small and wanted at once. Where it cannot be set, they are only slower.
    let _ = stream.set_nodelay(true);
    drop_unread(&stream, UNREAD_TIMEOUT);
    let Some(tls) = &manner.tls else { return converse(stream, peer, manner, ended).await };
    match timeout(HANDSHAKE_TIMEOUT, tls.accept(stream)).await {
        Ok(Ok(stream)) => converse(stream, peer, manner, ended).await,
        Ok(Err(error)) => tracing::debug!(%error, %peer, "no handshake"),
        Err(_) => tracing::debug!(%peer, "no handshake in time"),
    }
}

/// Has the system give up a connection whose other end has taken nothing for so long of what was sent (TCP_USER_TIMEOUT, RFC 5482; on Linux also where that end lives and its
/// window stays shut). Where the system cannot, such a connection is kept until one of the two ends it.
fn drop_unread(stream: &TcpStream, after: Duration) {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::net::sockopt::set_tcp_user_timeout(stream, u32::try_from(after.as_millis()).unwrap_or(u32::MAX)) {
        tracing::debug!(%error, "a client that takes nothing may keep its connection");
    }
}

async fn converse(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    peer: SocketAddr,
    manner: &Manner,
    mut ended: watch::Receiver<bool>,
) {
    let (router, is_proxy) = (manner.router.clone(), !manner.proxies.is_empty());
    let answer = service_fn(move |request: Request<Incoming>| {
        let mut router = router.clone();
        let mut request = request.map(Body::new);
        let client = if is_proxy { forwarded(request.headers()).unwrap_or(peer.ip()) } else { peer.ip() };
        request.extensions_mut().insert(Peer(SocketAddr::new(client, peer.port())));
        async move { Ok::<_, Infallible>(router.call(request).await.unwrap_or_else(|never| match never {})) }
    });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT).max_buf_size(MAX_HEAD_BYTES).max_headers(MAX_FIELDS);
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), answer).with_upgrades());
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
}

/// The client, as the proxy says: the last address, since whatever stands before it the client may have written itself.
fn forwarded(headers: &HeaderMap) -> Option<IpAddr> {
    let line = headers.get_all("x-forwarded-for").iter().next_back()?.to_str().ok()?;
    let last = line.rsplit(',').next()?.trim();
    let bare = last.parse().ok();
    bare.or_else(|| last.parse::<SocketAddr>().ok().map(|address| address.ip())).map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;
    use tokio::io::AsyncWriteExt;

    #[tokio::test]
    async fn who_neither_reads_nor_hangs_up_is_given_up() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let idle = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (mut stream, _) = listener.accept().await.unwrap();
        drop_unread(&stream, Duration::from_millis(300));
        let bytes = vec![0; 64 * 1024];
        let error = loop {
            if let Err(error) = stream.write_all(&bytes).await {
                break error;
            }
        };
        assert_eq!(error.kind(), std::io::ErrorKind::TimedOut);
        drop(idle);
    }

    #[test]
    fn the_last_proxy_is_believed_and_nobody_before_it() {
        let client = |lines: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append("x-forwarded-for", HeaderValue::from_static(line));
            }
            forwarded(&headers).map(|address| address.to_string())
        };
        assert_eq!(client(&["192.0.2.1"]), Some("192.0.2.1".to_owned()));
        assert_eq!(client(&["10.0.0.1, 192.0.2.1"]), Some("192.0.2.1".to_owned()));
        assert_eq!(client(&["10.0.0.1", "192.0.2.2:443"]), Some("192.0.2.2".to_owned()));
        assert_eq!(client(&["[2001:db8::1]:443"]), Some("2001:db8::1".to_owned()));
        assert_eq!(client(&["::ffff:192.0.2.3"]), Some("192.0.2.3".to_owned()));
        assert_eq!(client(&["192.0.2.1, nobody"]), None);
        assert_eq!(client(&[]), None);
    }
}
