//! WebSocket readers, and how long an event takes to the last of them.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use futures_util::stream::FuturesUnordered;
use futures_util::{StreamExt, TryStreamExt, stream};
use serde_json::json;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use crate::daemon::Daemon;
use crate::setting;
use crate::users::{User, ok};

/// Readers of each user: as many as the daemon allows.
const EACH: usize = 16;
const PATIENCE: Duration = Duration::from_secs(60);

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

async fn connect(daemon: &Daemon, user: &User) -> Result<Socket> {
    let url = format!("ws://{}/ws/dashboard/{}", daemon.authority(), user.business);
    let mut request = url.into_client_request()?;
    request.headers_mut().insert("authorization", format!("Bearer {}", user.token).parse()?);
    let (socket, _) = tokio_tungstenite::connect_async(request).await?;
    Ok(socket)
}

/// Reads until a text has this in it, and says when that was.
async fn hear(mut socket: Socket, fragment: &str) -> Result<(Socket, Instant)> {
    let reading = async {
        loop {
            let message = socket.next().await.context("the stream ended")??;
            if matches!(&message, Message::Text(text) if text.contains(fragment)) {
                return Ok::<_, anyhow::Error>(Instant::now());
            }
        }
    };
    let at = tokio::time::timeout(PATIENCE, reading).await.context("the event did not come")??;
    Ok((socket, at))
}

pub(crate) async fn measure(daemon: &Daemon, users: &[User]) -> Result<()> {
    let count = usize::try_from(setting("BBB_LOAD_LISTENERS", 5_000)?)?;
    let speakers = &users[..users.len().min(count.div_ceil(EACH))];
    ensure!(speakers.len() * EACH >= count, "{count} readers need {} users", count.div_ceil(EACH));
    let who = speakers.iter().flat_map(|user| std::iter::repeat_n(user, EACH)).take(count);
    let sockets: Vec<Socket> = stream::iter(who).map(|user| connect(daemon, user)).buffer_unordered(64).try_collect().await?;
    // All have heard everything up to now once they have heard of this.
    let listening: Vec<_> = sockets.into_iter().map(|socket| tokio::spawn(hear(socket, "\"paused\""))).collect();
    say(daemon, speakers, "pause").await?;
    let mut sockets = Vec::with_capacity(count);
    for reader in listening {
        sockets.push(reader.await??.0);
    }
    let resident = daemon.resident_mib();
    let listening: Vec<_> = sockets.into_iter().map(|socket| tokio::spawn(hear(socket, "\"resumed\""))).collect();
    let began = Instant::now();
    say(daemon, speakers, "resume").await?;
    let said = began.elapsed();
    let mut waits: Vec<Duration> = Vec::with_capacity(count);
    for reader in listening {
        waits.push(reader.await??.1.saturating_duration_since(began));
    }
    waits.sort();
    let at = |percent: usize| waits.get((waits.len() * percent / 100).min(waits.len() - 1)).copied().unwrap_or_default();
    println!(
        "{count} WebSocket readers of {} businesses, which all resume at once: heard after {:.0?} in the median, {:.0?} by 99 %, {:.0?} by all; the commands themselves \
         took {said:.0?}; the daemon has {resident:.0} MiB resident",
        speakers.len(),
        at(50),
        at(99),
        at(100),
    );
    Ok(())
}

async fn say(daemon: &Daemon, users: &[User], word: &str) -> Result<()> {
    let body = json!({ "reason": "load" });
    let mut commands: FuturesUnordered<_> = users
        .iter()
        .map(|user| {
            let request = daemon.client.post(daemon.url(&format!("/api/businesses/{}/{word}", user.business))).bearer_auth(&user.token);
            ok(if word == "pause" { request.json(&body) } else { request })
        })
        .collect();
    while let Some(told) = commands.next().await {
        told?;
    }
    Ok(())
}
