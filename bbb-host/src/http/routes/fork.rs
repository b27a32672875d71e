//! Forking a simulated business: what if the price, the strategy, a channel or the charter had been another one.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use bbb_agents::world::Pace;
use bbb_core::blueprint::Channel;
use bbb_core::decide::growth::Strategy;
use bbb_core::fork::Change;
use bbb_core::oversight::charter::Charter;
use http::HeaderMap;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::accounts::BusinessRow;
use crate::accounts::rights::Action;
use crate::http::App;
use crate::http::auth::Theirs;
use crate::http::dto::Business;
use crate::http::extract::Body;
use crate::http::keyed::{Made, once};
use crate::http::problem::{Problem, ProblemBody};
use crate::http::routes::advice::Dollars;
use crate::http::routes::charter::owners_charter;
use crate::http::routes::refused;
use crate::serve::fleet::launch::LaunchError;
use crate::simulate::Policy;
use crate::what_if::end_of_day;

/// What is different in the fork, and from where on.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fork {
    /// The last event that both have in common. Either this or the day.
    #[serde(default)]
    #[schema(minimum = 1)]
    at_event: Option<u64>,
    /// The same by the day, counted from 1: when it had ended.
    #[serde(default)]
    #[schema(minimum = 1, example = 1)]
    at_day: Option<u32>,
    /// What new customers pay, in US dollars.
    #[serde(default)]
    #[schema(value_type = Option<f64>, maximum = 1_000_000, example = 99.5)]
    price_usd: Option<Dollars>,
    /// How it allots its growth: `engine`, `fixed`, `equal`, `greedy`, `epsilon`, `random` or `idle`.
    #[serde(default)]
    strategy: Option<String>,
    /// What channels get of their posts and advertising, in percent: 0 shuts one, 200 doubles it, 1000 is the most. Such as `{"seo": 0}`.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    channels: BTreeMap<Channel, u16>,
    /// The owner's policies in Cedar, instead of those that it has; an empty text for none.
    #[serde(default)]
    charter: Option<String>,
    /// `fast` or `realtime`; as the business that it is forked from, where it is not given.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "fast")]
    pace: Option<Pace>,
}

fn strategy(name: &str) -> Result<Strategy, Problem> {
    let known: Vec<Strategy> = Policy::ALL.into_iter().filter_map(Policy::strategy).collect();
    let names = || known.iter().map(Strategy::as_str).collect::<Vec<_>>().join(", ");
    known.iter().find(|one| one.as_str() == name).cloned().ok_or_else(|| Problem::field("strategy", format!("is one of {}", names())))
}

impl Fork {
    /// What is different, and the charter of it where that is.
    fn change(&self, blueprint: &str) -> Result<(Change, Option<Charter>), Problem> {
        let charter = match &self.charter {
            None => None,
            Some(text) => Some(owners_charter(text, blueprint)?.1),
        };
        let change = Change {
            price: self.price_usd.map(|dollars| dollars.0),
            strategy: self.strategy.as_deref().map(strategy).transpose()?,
            channels: self.channels.clone(),
            charter: charter.as_ref().map(Charter::digest),
        };
        if change.is_nothing() {
            return Err(Problem::field("the body", "says what is to be different: price_usd, strategy, channels or charter"));
        }
        change.check().map_err(|rule| Problem::field(if self.price_usd.is_some() { "price_usd" } else { "channels" }, rule))?;
        Ok((change, charter))
    }
}

/// Forks a simulated business: another one of the same tenant that has its first events, and goes on in the same future with something different. Asked the same again, the
/// same fork is found.
#[utoipa::path(post, path = "/api/businesses/{id}/fork", tag = "businesses", request_body = Fork,
    params(
        ("id" = String, Path, description = "The business"),
        ("idempotency-key" = Option<String>, Header, description = "However often it is sent with this, it is answered once"),
    ),
    responses(
        (status = 201, description = "The fork; `Location` says where it is", body = Business),
        (status = 403, description = "You may not launch for this tenant, or it has as many as it may", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "There is none of this id that you may see", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "It is not simulated, or was over there", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "A field breaks a rule, or there is no such event or day", body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "The tenant's businesses at this pace have made as many events as an hour allows: come again after `Retry-After`", body = ProblemBody, content_type = "application/problem+json"),
    ))]
pub(crate) async fn fork(
    State(app): State<Arc<App>>,
    theirs: Theirs,
    headers: HeaderMap,
    Body(wanted): Body<Fork>,
) -> Result<Response, Problem> {
    let source = theirs.to(Action::Launch)?;
    let user = theirs.caller.identity.user.id;
    let spec = Arc::clone(&app.service.now(source).await?.state.spec);
    if wanted.at_event.is_some() == wanted.at_day.is_some() {
        return Err(Problem::field("at_event", "or at_day says from where on: give one of them"));
    }
    // Policies of 64 KiB take a while.
    let (change, charter) = {
        let wanted = wanted.clone();
        tokio::task::spawn_blocking(move || wanted.change(&spec.blueprint.name)).await.map_err(Problem::failed)??
    };
    let row = BusinessRow {
        tenant: theirs.row.tenant,
        by: Some(user),
        at: app.accounts.now(),
        pace: wanted.pace.unwrap_or(theirs.row.pace),
        owner: theirs.row.owner,
    };
    once(&app, user, &headers, &(source.to_string(), &wanted), async |_| {
        let at = match (wanted.at_event, wanted.at_day) {
            (Some(event), _) => event,
            (None, day) => end_of_day(&app.service.events(source).await?.0, day.unwrap_or(0)).map_err(refused)?,
        };
        // On a task of its own: a client that hangs up does not leave half a fork.
        let fleet = Arc::clone(&app.fleet);
        let forked = tokio::spawn({
            let (change, charter, row) = (change.clone(), charter.clone(), row.clone());
            async move { fleet.fork((source, at), change, charter, row).await }
        });
        let id = forked.await.map_err(Problem::failed)?.map_err(|error| match error {
            LaunchError::Fault(fault) => refused(fault),
            account => account.into(),
        })?;
        tracing::info!(business = %id, %source, at, %user, "a business was forked");
        let row = app.accounts.business(id)?.ok_or_else(Problem::not_found)?;
        let body = Business::of(&app.service.now(id).await?, &row, app.fleet.trouble(id))?;
        Ok(Made { location: format!("/api/businesses/{id}"), body })
    })
    .await
}
