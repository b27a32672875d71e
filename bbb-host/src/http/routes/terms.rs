//! What a business is bound by: its charter and its budgets, and what oversight made of each proposal.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use bbb_core::budget::{Caps, Resource, Window};
use bbb_core::id::BusinessId;
use bbb_core::money::Cents;
use bbb_core::oversight::charter::Charter;
use bbb_core::projection::audit::audit as all_rulings;
use http::HeaderMap;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use crate::accounts::rights::Action;
use crate::http::App;
use crate::http::auth::Theirs;
use crate::http::extract::{Asked, Body};
use crate::http::problem::{Problem, ProblemBody};
use crate::http::routes::businesses::tagged;
use crate::http::routes::refused;
use crate::http::{cursor, routes};

/// The ethics policy of a business.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CharterView {
    business_id: String,
    /// The digest of all its policies, as the journal names it.
    digest: String,
    /// All of them: the shipped ones, which hold always, and the owner's.
    policies: Vec<Policy>,
    /// The text of the owner's; empty where there is none.
    owner_text: String,
}

/// A policy.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Policy {
    /// Its name.
    id: String,
    /// What it says.
    sentence: String,
    /// Why: a statute, a guide, or decency.
    ground: String,
    /// `permits`, `asks` or `forbids`.
    effect: &'static str,
    /// Whether its owner added it.
    owners: bool,
}

/// Shows the charter of a business. Ask with `If-None-Match`, and there is no body unless it changed.
#[utoipa::path(get, path = "/api/businesses/{id}/charter", tag = "businesses",
    params(
        ("id" = String, Path, description = "The business"),
        ("if-none-match" = Option<String>, Header, description = "The `ETag` of what is known already"),
    ),
    responses(
        (status = 200, description = "The charter, with an `ETag`", body = CharterView),
        (status = 304, description = "It did not change"),
        (status = 404, description = "There is none of this id that you may see", body = ProblemBody, content_type = "application/problem+json"),
    ))]
pub(crate) async fn charter(State(app): State<Arc<App>>, theirs: Theirs, headers: HeaderMap) -> Result<Response, Problem> {
    let id = theirs.to(Action::View)?;
    tagged(&headers, &shown_charter(&app, id).await?)
}

/// The charter of a business as it is shown.
pub(crate) async fn shown_charter(app: &App, id: BusinessId) -> Result<CharterView, Problem> {
    Ok(CharterView::of(id, &app.service.charter(id).await?))
}

impl CharterView {
    pub(crate) fn of(id: BusinessId, charter: &Charter) -> CharterView {
        let policies = charter.policies().map(|policy| Policy {
            id: policy.id.to_owned(),
            sentence: policy.sentence.to_owned(),
            ground: policy.ground.to_owned(),
            effect: match (policy.permits, policy.escalates) {
                (true, _) => "permits",
                (false, true) => "asks",
                (false, false) => "forbids",
            },
            owners: policy.owners,
        });
        CharterView {
            business_id: id.to_string(),
            digest: charter.digest(),
            policies: policies.collect(),
            owner_text: charter.owner_text().to_owned(),
        }
    }
}

/// What a business may use, and has used.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Budgets {
    business_id: String,
    budgets: Vec<Budget>,
    /// What one action may cost before autonomy levels 4 and below ask, in cents.
    ask_above_cents: i64,
}

/// One resource over one time.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Budget {
    /// `real_money`, `simulated_money`, `tokens` or `messages`.
    resource: &'static str,
    /// `action`, `day`, `month` or `total`.
    window: &'static str,
    /// `cents` for money, or the resource's name.
    unit: &'static str,
    /// What is spent and held; null for one action.
    used: Option<u64>,
    /// The most.
    cap: u64,
}

/// A cap.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewCap {
    /// `real_money`, `simulated_money`, `tokens` or `messages`.
    #[schema(value_type = String, example = "messages")]
    resource: Resource,
    /// `action`, `day`, `month` or `total`.
    #[schema(value_type = String, example = "day")]
    window: Window,
    /// The most from now on: cents for money, or so many.
    #[schema(maximum = 100_000_000_000_i64)]
    cap: u64,
}

/// Caps to set. What is not named stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewCaps {
    /// At most 16.
    #[serde(default)]
    #[schema(max_items = 16)]
    caps: Vec<NewCap>,
    /// What one action may cost before autonomy levels 4 and below ask, in cents.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 100_000_000_000_i64)]
    ask_above_cents: Option<i64>,
}

/// The most of anything that can be allowed, in its unit: a thousand million dollars in cents.
const MAX_CAP: u64 = 100_000_000_000;

/// Sets what a business may use, from now on. What is spent and held counts towards it. More real money must be left of what all businesses together may be allotted.
#[utoipa::path(put, path = "/api/businesses/{id}/budgets", tag = "businesses", request_body = NewCaps, params(("id" = String, Path, description = "The business")), responses(
    (status = 200, description = "Its budgets now", body = Budgets),
    (status = 403, description = "You may not", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "There is none of this id that you may see", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "It is over, or there is not so much left to allot", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "A cap is none", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(crate) async fn set_budgets(
    State(app): State<Arc<App>>,
    theirs: Theirs,
    Body(wanted): Body<NewCaps>,
) -> Result<Json<Budgets>, Problem> {
    let id = theirs.to(Action::Loosen)?;
    if wanted.caps.len() > 16 {
        return Err(Problem::field("caps", "has at most 16 entries"));
    }
    if wanted.caps.iter().any(|cap| cap.cap > MAX_CAP)
        || wanted.ask_above_cents.is_some_and(|cents| !(0..=MAX_CAP.cast_signed()).contains(&cents))
    {
        return Err(Problem::field("caps", format!("are at most {MAX_CAP}, and none is negative")));
    }
    let change = |caps: &mut Caps| {
        for cap in &wanted.caps {
            caps.set(cap.resource, cap.window, cap.cap);
        }
        if let Some(cents) = wanted.ask_above_cents {
            caps.ask_above = Cents::new(cents);
        }
    };
    app.fleet.set_caps(id, change).await.map_err(refused)?;
    shown(&app, id).await
}

async fn shown(app: &App, id: BusinessId) -> Result<Json<Budgets>, Problem> {
    let state = app.service.now(id).await?.state;
    let books = &state.books;
    let budget = |resource: Resource, window: Window| Budget {
        resource: resource.as_str(),
        window: window.as_str(),
        unit: if matches!(resource, Resource::RealMoney | Resource::SimulatedMoney) { "cents" } else { resource.as_str() },
        used: (window != Window::Action).then(|| books.usage(resource).over(window)),
        cap: books.caps.of(resource, window),
    };
    let budgets = Resource::ALL.into_iter().flat_map(|resource| Window::ALL.map(|window| budget(resource, window)));
    Ok(Json(Budgets { business_id: id.to_string(), budgets: budgets.collect(), ask_above_cents: books.caps.ask_above.get() }))
}

/// Shows what a business may use, and has used.
#[utoipa::path(get, path = "/api/businesses/{id}/budgets", tag = "businesses", params(("id" = String, Path, description = "The business")), responses(
    (status = 200, description = "Its budgets", body = Budgets),
    (status = 404, description = "There is none of this id that you may see", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(crate) async fn budgets(State(app): State<Arc<App>>, theirs: Theirs) -> Result<Json<Budgets>, Problem> {
    shown(&app, theirs.to(Action::View)?).await
}

/// Which proposals.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct WhichRulings {
    /// What a page gave as `next`.
    #[param(min_length = 2, max_length = 128)]
    cursor: Option<String>,
    /// How many at most, 1 to 200.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<usize>,
}

/// A page of proposals, each with what oversight and its owner said and what came of it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Audit {
    /// The newest first: `proposal`, `kind`, `what`, `verdicts`, `answer`, `outcome`, `cost` and more.
    #[schema(value_type = Vec<Object>)]
    proposals: Vec<Value>,
    /// What to ask for the next page with; none where this is the last.
    next: Option<String>,
}

/// Shows every proposal, what oversight and its owner said, and what came of it.
#[utoipa::path(get, path = "/api/businesses/{id}/audit", tag = "businesses", params(("id" = String, Path, description = "The business"), WhichRulings), responses(
    (status = 200, description = "A page of them", body = Audit),
    (status = 404, description = "There is none of this id that you may see", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "A parameter is none", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(crate) async fn audit(State(app): State<Arc<App>>, theirs: Theirs, Asked(which): Asked<WhichRulings>) -> Result<Json<Audit>, Problem> {
    let id = theirs.to(Action::View)?;
    let before = which.cursor.as_deref().map(cursor::read_number).transpose()?;
    let limit = routes::page_length(which.limit)?;
    let (events, _) = app.service.events(id).await?;
    let rows = all_rulings(&events);
    let mut page: Vec<_> =
        rows.iter().rev().filter(|row| before.is_none_or(|before| row.proposal.get() < before)).take(limit + 1).collect();
    let more = page.len() > limit;
    page.truncate(limit);
    let next = page.last().filter(|_| more).map(|row| cursor::write_number(row.proposal.get()));
    let proposals = page.into_iter().map(|row| serde_json::to_value(row).map_err(Problem::failed)).collect::<Result<_, _>>()?;
    Ok(Json(Audit { proposals, next }))
}
