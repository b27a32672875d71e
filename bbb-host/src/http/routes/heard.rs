//! What was heard from the people that a shadow or live business is in touch with: nothing reads their answers by itself.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use bbb_core::event::Intent;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::accounts::rights::Action;
use crate::http::App;
use crate::http::auth::Theirs;
use crate::http::extract::Body;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::routes::advice::Dollars;
use crate::http::routes::refused;
use crate::service::contacts::{News, Noted, Who};

/// The most characters of a reference.
const MAX_REFERENCE_CHARS: usize = 100;

/// What was heard, and from whom.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(tag = "what", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Heard {
    /// They want no mail any more.
    Unsubscribed {
        /// Their address, or their name among the contacts.
        #[schema(value_type = String)]
        who: Who,
    },
    /// They answered.
    Replied {
        /// Their address, or their name among the contacts.
        #[schema(value_type = String)]
        who: Who,
        /// `interested`, `asked_price` or `declined`.
        #[schema(value_type = String, example = "interested")]
        intent: Intent,
    },
    /// They ordered.
    Ordered {
        /// Their address, or their name among the contacts.
        #[schema(value_type = String)]
        who: Who,
        /// What they pay, in US dollars.
        #[schema(value_type = f64, maximum = 1_000_000, example = 99.5)]
        price_usd: Dollars,
        /// Whether they pay it every month.
        #[serde(default)]
        monthly: bool,
        /// Your own name for the order: the same one is the same order.
        #[serde(default)]
        #[schema(max_length = 100)]
        reference: Option<String>,
    },
}

/// What came of it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NotedView {
    /// Who it was.
    contact: String,
    /// Whether they were known before.
    known: bool,
    /// Whether this was news.
    new: bool,
    /// The order's name, where one was placed.
    order: Option<String>,
}

impl From<Noted> for Json<NotedView> {
    fn from(noted: Noted) -> Json<NotedView> {
        let Noted { contact, known, new, order } = noted;
        Json(NotedView { contact: contact.to_string(), known, new, order: order.map(|order| order.to_string()) })
    }
}

/// Notes what was heard from somebody. The same twice is no news.
#[utoipa::path(post, path = "/api/businesses/{id}/contacts/heard", tag = "businesses", request_body = Heard, params(("id" = String, Path, description = "The business")), responses(
    (status = 200, description = "What came of it", body = NotedView),
    (status = 403, description = "You may not", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "There is none of this id that you may see, or it knows nobody of this name", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "It is simulated, or over, or it does not fit", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "A field breaks a rule", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(crate) async fn heard(State(app): State<Arc<App>>, theirs: Theirs, Body(heard): Body<Heard>) -> Result<Json<NotedView>, Problem> {
    let id = theirs.to(Action::Hear)?;
    let (who, news) = match heard {
        Heard::Unsubscribed { who } => (who, News::Unsubscribed),
        Heard::Replied { who, intent } => (who, News::Replied(intent)),
        Heard::Ordered { reference: Some(text), .. } if text.is_empty() || text.chars().count() > MAX_REFERENCE_CHARS => {
            return Err(Problem::field("reference", format!("has 1 to {MAX_REFERENCE_CHARS} characters")));
        }
        Heard::Ordered { who, price_usd, monthly, reference } => (who, News::Ordered { price: price_usd.0, monthly, reference }),
    };
    Ok(app.service.tell_of(id, &who, news).await.map_err(refused)?.into())
}

/// Who is to be forgotten.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ToErase {
    /// Their address, or their name among the contacts.
    #[schema(value_type = String)]
    who: Who,
}

/// Has somebody forgotten for good: nothing is written to them any more, and their key is destroyed, so that nothing about them can be read.
#[utoipa::path(post, path = "/api/businesses/{id}/contacts/erase", tag = "businesses", request_body = ToErase, params(("id" = String, Path, description = "The business")), responses(
    (status = 200, description = "What came of it", body = NotedView),
    (status = 403, description = "You may not, or have not just shown who you are", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "There is none of this id that you may see, or it knows nobody of this name", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "It is simulated", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "It is neither an address nor a name", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(crate) async fn erase(State(app): State<Arc<App>>, theirs: Theirs, Body(wanted): Body<ToErase>) -> Result<Json<NotedView>, Problem> {
    let id = theirs.to(Action::KeepContacts)?;
    Ok(app.service.tell_of(id, &wanted.who, News::Erase).await.map_err(refused)?.into())
}
