//! Live events over a WebSocket.

use std::sync::Arc;

use axum::extract::State;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message as Frame, WebSocket, WebSocketUpgrade};
use axum::response::{IntoResponse, Response};
use http::header::ORIGIN;
use http::{HeaderMap, StatusCode};
use serde::Serialize;
use tokio::time::timeout;
use utoipa::ToSchema;

use crate::accounts::Delivery;
use crate::accounts::rights::Action;
use crate::http::App;
use crate::http::auth::Theirs;
use crate::http::dto::Entry;
use crate::http::extract::Asked;
use crate::http::guard::is_own_origin;
use crate::http::live::{After, Farewell, Heard, Line, Message, PATIENCE, Reason, begin};
use crate::http::problem::{Problem, ProblemBody, What};

/// The most bytes of what a reader may say, which nobody listens to.
const MAX_SAID_BYTES: usize = 4 * 1024;

/// A frame.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Said {
    /// Something happened.
    Event {
        /// What.
        event: Box<Entry>,
    },
    /// There is no more. The socket closes next.
    Close {
        #[serde(flatten)]
        farewell: Farewell,
    },
}

/// Streams what happens in a business: a text frame of JSON for each event, `{"type":"event","event":{…}}`, and a last one, `{"type":"close",…}`, which says why and after
/// which event to go on. While nothing happens there is a ping every 15 seconds.
#[utoipa::path(get, path = "/ws/dashboard/{business_id}", tag = "live",
    params(("business_id" = String, Path, description = "The business"), After),
    responses(
        (status = 101, description = "A WebSocket"),
        (status = 204, description = "The business is over, and there is nothing after this event: do not come again"),
        (status = 400, description = "It is no WebSocket that was asked for", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "Another site's page asks", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "There is none of this id that you may see", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "The event is beyond the last", body = ProblemBody, content_type = "application/problem+json"),
    ))]
pub(crate) async fn dashboard(
    State(app): State<Arc<App>>,
    theirs: Theirs,
    headers: HeaderMap,
    Asked(asked): Asked<After>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Problem> {
    theirs.to(Action::View)?;
    // Browsers send cookies with any page's WebSocket, and always say whose page it is.
    let by_cookie = theirs.caller.identity.delivery == Delivery::Cookie;
    let own = headers.get(ORIGIN).map(|origin| is_own_origin(&headers, origin));
    if own == Some(false) || (by_cookie && own.is_none()) {
        return Err(Problem::new(What::CrossSite, "`Origin` is not this daemon's"));
    }
    let upgrade = upgrade.map_err(|rejection| Problem::new(What::Malformed, format!("ask for a WebSocket: {}", rejection.body_text())))?;
    let Some(line) = begin(&app, &theirs, asked.after.unwrap_or(0)).await? else { return Ok(StatusCode::NO_CONTENT.into_response()) };
    let upgrade = upgrade.max_message_size(MAX_SAID_BYTES).max_frame_size(MAX_SAID_BYTES);
    Ok(upgrade.on_upgrade(move |socket| talk(socket, line)))
}

async fn talk(mut socket: WebSocket, mut line: Line) {
    loop {
        let heard = tokio::select! {
            heard = line.hear() => heard,
            said = socket.recv() => match said {
                // Whatever it says, nobody listens; that it is there is answered below us.
                Some(Ok(Frame::Text(_) | Frame::Binary(_) | Frame::Ping(_) | Frame::Pong(_))) => continue,
                Some(Ok(Frame::Close(_)) | Err(_)) | None => return,
            },
        };
        let frame = match heard {
            Some(Heard::Message(Message::Event(event))) => text(&Said::Event { event }),
            Some(Heard::Message(Message::Beat)) => Frame::Ping(axum::body::Bytes::new()),
            Some(Heard::Farewell(farewell)) => return part(socket, farewell).await,
            None => return,
        };
        if !matches!(timeout(PATIENCE, socket.send(frame)).await, Ok(Ok(()))) {
            return;
        }
    }
}

fn text(said: &Said) -> Frame {
    Frame::Text(serde_json::to_string(said).unwrap_or_default().into())
}

/// Says why there is no more, and closes with a code that says it too.
async fn part(mut socket: WebSocket, farewell: Farewell) {
    let (code, words) = match farewell.reason {
        Reason::Ended => (1000, "the business is over"),
        Reason::GoingAway => (1001, "the daemon is ending; resume after the last event"),
        Reason::TooSlow => (1013, "too slow; resume after the last event"),
        Reason::NotAllowed => (4401, "sign in again; resume after the last event"),
        Reason::Failed => (1011, "something went wrong; resume after the last event"),
    };
    let frames = [text(&Said::Close { farewell }), Frame::Close(Some(CloseFrame { code, reason: words.into() }))];
    for frame in frames {
        if !matches!(timeout(PATIENCE, socket.send(frame)).await, Ok(Ok(()))) {
            return;
        }
    }
    // The other side closes too; one that does not is not waited for long.
    let _ = timeout(PATIENCE, async { while let Some(Ok(_)) = socket.recv().await {} }).await;
}
