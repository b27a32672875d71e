//! Live events as server-sent events, which browsers and programs resume by themselves with `Last-Event-ID`.

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::State;
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use http::{HeaderMap, StatusCode};

use crate::http::App;
use crate::http::auth::Theirs;
use crate::http::dto::Entry;
use crate::http::extract::Asked;
use crate::http::live::{After, Farewell, Heard, Line, Message, begin};
use crate::http::problem::{Problem, ProblemBody};

/// Streams what happens in a business: `event` with an entry of the journal and its sequence as id, and at the end `close`, which says why and after which event to go on.
/// While nothing happens there is a comment every 15 seconds.
#[utoipa::path(get, path = "/api/businesses/{id}/events", tag = "live",
    params(
        ("id" = String, Path, description = "The business"),
        After,
        ("last-event-id" = Option<String>, Header, description = "The last event that is known; goes before `after`"),
    ),
    responses(
        (status = 200, description = "`event` has an `Entry`, `close` a `Farewell`", body = Entry, content_type = "text/event-stream"),
        (status = 204, description = "The business is over, and there is nothing after this event: do not come again"),
        (status = 404, description = "There is none of this id that you may see", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "The event is beyond the last", body = ProblemBody, content_type = "application/problem+json"),
    ))]
pub(crate) async fn events(
    State(app): State<Arc<App>>,
    theirs: Theirs,
    headers: HeaderMap,
    Asked(asked): Asked<After>,
) -> Result<Response, Problem> {
    let named = headers.get("last-event-id").map(|line| {
        let number = line.to_str().ok().and_then(|text| text.parse::<u64>().ok());
        number.ok_or_else(|| Problem::field("Last-Event-ID", "is the number of an event"))
    });
    let after = named.transpose()?.or(asked.after).unwrap_or(0);
    let Some(line) = begin(&app, &theirs, after).await? else { return Ok(StatusCode::NO_CONTENT.into_response()) };
    let events = stream::unfold(Some(line), |line| async move {
        let mut line = line?;
        match line.hear().await? {
            Heard::Message(message) => Some((Ok::<_, Infallible>(written(message)), Some(line))),
            Heard::Farewell(farewell) => Some((Ok(last(&farewell)), None)),
        }
    });
    Ok(Sse::new(events).into_response())
}

fn written(message: Message) -> Event {
    match message {
        Message::Event(entry) => {
            let id = entry.sequence.to_string();
            Event::default().event("event").id(id).json_data(*entry).unwrap_or_else(|_| Event::default().comment("unreadable"))
        }
        Message::Beat => Event::default().comment("beat"),
    }
}

fn last(farewell: &Farewell) -> Event {
    Event::default().event("close").json_data(farewell).unwrap_or_else(|_| Event::default().comment("closed"))
}

/// The line is dropped with the stream, and with it the seat.
impl Drop for Line {
    fn drop(&mut self) {
        self.producer.abort();
    }
}
