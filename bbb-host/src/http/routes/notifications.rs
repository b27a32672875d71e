//! What members of a tenant are told of its businesses: by mail as each of them prefers, and by the tenant's webhooks.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::accounts::id::WebhookId;
use crate::accounts::rights::Action;
use crate::accounts::{NoticeKind, Preferences, Webhook, When};
use crate::http::App;
use crate::http::auth::Caller;
use crate::http::extract::{Asked, Body, Named};
use crate::http::problem::{Problem, ProblemBody};
use crate::http::routes::people::{OfTenant, tenant_of};

/// What you are mailed of a tenant's businesses.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PreferencesView {
    /// The tenant.
    tenant: String,
    /// Whether mail leaves this daemon, and your address is confirmed: otherwise you are mailed nothing.
    mailed: bool,
    /// When you are mailed of what: `never`, `at_once`, or `daily`, all of it together.
    #[schema(value_type = BTreeMap<String, When>)]
    mail: BTreeMap<NoticeKind, When>,
}

/// What you want to be mailed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPreferences {
    /// When of what; what is not named, at once.
    #[schema(value_type = BTreeMap<String, When>)]
    mail: BTreeMap<NoticeKind, When>,
}

fn shown(app: &App, caller: &Caller, asked: &OfTenant) -> Result<PreferencesView, Problem> {
    let user = &caller.identity.user;
    let tenant = caller.tenant(app, tenant_of(asked.tenant.as_deref())?, Action::View)?;
    let preferences = app.accounts.preferences(user.id, tenant)?;
    let mailed = app.accounts.sends_mail() && app.accounts.is_verified(user)?;
    let mail = NoticeKind::ALL.into_iter().map(|kind| (kind, preferences.of(kind))).collect();
    Ok(PreferencesView { tenant: tenant.to_string(), mailed, mail })
}

/// Shows what you are mailed of the businesses of a tenant.
#[utoipa::path(get, path = "/api/notifications", tag = "notifications", params(OfTenant), responses(
    (status = 200, description = "What you are mailed", body = PreferencesView),
    (status = 404, description = "You are no member of this tenant", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(crate) async fn preferences(
    State(app): State<Arc<App>>,
    caller: Caller,
    Asked(asked): Asked<OfTenant>,
) -> Result<Json<PreferencesView>, Problem> {
    shown(&app, &caller, &asked).map(Json)
}

/// Sets what you are mailed of the businesses of a tenant.
#[utoipa::path(put, path = "/api/notifications", tag = "notifications", params(OfTenant), request_body = NewPreferences, responses(
    (status = 200, description = "What you are mailed from here on", body = PreferencesView),
    (status = 403, description = "It is a key that asks", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "You are no member of this tenant", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(crate) async fn set_preferences(
    State(app): State<Arc<App>>,
    caller: Caller,
    Asked(asked): Asked<OfTenant>,
    Body(wanted): Body<NewPreferences>,
) -> Result<Json<PreferencesView>, Problem> {
    let tenant = caller.tenant(&app, tenant_of(asked.tenant.as_deref())?, Action::View)?;
    let user = caller.in_person()?.id;
    app.accounts.set_preferences(user, tenant, Preferences(wanted.mail)).await?;
    shown(&app, &caller, &asked).map(Json)
}

/// A webhook, without its secret, and without the path that it leads to, which may have one in it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WebhookView {
    /// Its id.
    id: String,
    /// The tenant.
    tenant: String,
    /// The beginning of the address that it leads to.
    origin: String,
    /// What it is told of.
    kinds: Vec<NoticeKind>,
    /// Whether anything is sent to it. One that fails for three days is switched off.
    on: bool,
    /// Since when nothing that was sent was taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    failing_since: Option<String>,
    /// Since when it is there.
    created_at: String,
}

impl WebhookView {
    fn of(app: &App, id: WebhookId, row: &Webhook) -> WebhookView {
        // What the operator no longer allows leads nowhere.
        let origin = app.outbound.target(&row.url).map_or_else(|_| "(not allowed any more)".to_owned(), |target| target.origin());
        WebhookView {
            id: id.to_string(),
            tenant: row.tenant.to_string(),
            origin,
            kinds: row.kinds.clone(),
            on: row.on,
            failing_since: row.failing_since.map(|at| at.to_string()),
            created_at: row.created_at.to_string(),
        }
    }
}

/// All of them.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Webhooks {
    /// The oldest first.
    webhooks: Vec<WebhookView>,
}

/// Lists the webhooks of a tenant.
#[utoipa::path(get, path = "/api/webhooks", tag = "notifications", params(OfTenant), responses(
    (status = 200, description = "Its webhooks", body = Webhooks),
    (status = 404, description = "You are no member of this tenant", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(crate) async fn webhooks(
    State(app): State<Arc<App>>,
    caller: Caller,
    Asked(asked): Asked<OfTenant>,
) -> Result<Json<Webhooks>, Problem> {
    let tenant = caller.tenant(&app, tenant_of(asked.tenant.as_deref())?, Action::View)?;
    let all = app.accounts.webhooks(tenant)?;
    Ok(Json(Webhooks { webhooks: all.iter().map(|(id, row)| WebhookView::of(&app, *id, row)).collect() }))
}

/// A webhook to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewWebhook {
    /// Where it leads: https, on the public network.
    #[schema(max_length = 1000, example = "https://hooks.example.org/bbb")]
    url: String,
    /// What it is told of; all, where it is not given.
    #[serde(default)]
    kinds: Option<Vec<NoticeKind>>,
}

fn sorted(kinds: Option<Vec<NoticeKind>>) -> Vec<NoticeKind> {
    let mut kinds = kinds.unwrap_or_else(|| NoticeKind::ALL.to_vec());
    kinds.sort_unstable();
    kinds.dedup();
    kinds
}

/// A webhook that was just made.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MadeWebhook {
    #[serde(flatten)]
    webhook: WebhookView,
    /// What signs what is sent to it, `whsec_…`. It is shown this once.
    secret: String,
}

/// Makes a webhook. What is sent to it is signed as Standard Webhooks (standardwebhooks.com) has it: `webhook-id`, `webhook-timestamp`, `webhook-signature`. The same id is the same message, should it
/// come twice.
#[utoipa::path(post, path = "/api/webhooks", tag = "notifications", params(OfTenant), request_body = NewWebhook, responses(
    (status = 201, description = "The webhook, with its secret, shown this once", body = MadeWebhook),
    (status = 403, description = "You may not, or there are as many as there may be", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "You are no member of this tenant", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "It may not lead there", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(crate) async fn make_webhook(
    State(app): State<Arc<App>>,
    caller: Caller,
    Asked(asked): Asked<OfTenant>,
    Body(wanted): Body<NewWebhook>,
) -> Result<Response, Problem> {
    let tenant = caller.tenant(&app, tenant_of(asked.tenant.as_deref())?, Action::ManageWebhooks)?;
    let target = app.outbound.target(&wanted.url).map_err(|refused| Problem::field("url", refused.to_string()))?;
    let by = caller.in_person()?.id;
    let (id, row, secret) = app.accounts.make_webhook(tenant, by, target.url().to_owned(), sorted(wanted.kinds)).await?;
    tracing::info!(webhook = %id, %tenant, user = %by, "a webhook was made");
    let made = MadeWebhook { webhook: WebhookView::of(&app, id, &row), secret: secret.reveal() };
    Ok((StatusCode::CREATED, Json(made)).into_response())
}

/// The webhook of a path, where the caller may do this to it; what is another tenant's is not there.
fn theirs(app: &App, caller: &Caller, text: &str, action: Action) -> Result<(WebhookId, Webhook), Problem> {
    let id: WebhookId = text.parse().map_err(|_| Problem::not_found())?;
    let row = app.accounts.webhook(id)?;
    caller.tenant(app, Some(row.tenant), action)?;
    Ok((id, row))
}

/// What a webhook is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SetWebhook {
    /// Whether anything is sent to it.
    on: bool,
    /// What it is told of; all, where it is not given.
    #[serde(default)]
    kinds: Option<Vec<NoticeKind>>,
}

/// Sets what a webhook is told of, and switches it on or off.
#[utoipa::path(put, path = "/api/webhooks/{webhook}", tag = "notifications", params(("webhook" = String, Path, description = "The webhook")), request_body = SetWebhook, responses(
    (status = 200, description = "The webhook", body = WebhookView),
    (status = 403, description = "You may not", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "There is no such webhook", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(crate) async fn set_webhook(
    State(app): State<Arc<App>>,
    caller: Caller,
    Named(webhook): Named<String>,
    Body(wanted): Body<SetWebhook>,
) -> Result<Json<WebhookView>, Problem> {
    let (id, _) = theirs(&app, &caller, &webhook, Action::ManageWebhooks)?;
    let row = app.accounts.set_webhook(id, wanted.on, sorted(wanted.kinds)).await?;
    Ok(Json(WebhookView::of(&app, id, &row)))
}

/// Takes a webhook away.
#[utoipa::path(delete, path = "/api/webhooks/{webhook}", tag = "notifications", params(("webhook" = String, Path, description = "The webhook")), responses(
    (status = 204, description = "It is gone"),
    (status = 403, description = "You may not", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "There is no such webhook", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(crate) async fn remove_webhook(
    State(app): State<Arc<App>>,
    caller: Caller,
    Named(webhook): Named<String>,
) -> Result<StatusCode, Problem> {
    let (id, _) = theirs(&app, &caller, &webhook, Action::ManageWebhooks)?;
    app.accounts.remove_webhook(id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Sends a message that says nothing but that the webhook works, like any other: its `type` is `test`.
#[utoipa::path(post, path = "/api/webhooks/{webhook}/test", tag = "notifications", params(("webhook" = String, Path, description = "The webhook")), responses(
    (status = 202, description = "It is on its way"),
    (status = 403, description = "You may not", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "There is no such webhook", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "It is switched off", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(crate) async fn test_webhook(
    State(app): State<Arc<App>>,
    caller: Caller,
    Named(webhook): Named<String>,
) -> Result<StatusCode, Problem> {
    let (id, _) = theirs(&app, &caller, &webhook, Action::ManageWebhooks)?;
    app.accounts.test_webhook(id).await?;
    Ok(StatusCode::ACCEPTED)
}

/// A webhook's next secret.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Rotated {
    /// What signs from here on, `whsec_…`. It is shown this once.
    secret: String,
}

/// Gives a webhook another secret. What is sent has the signature of the one before as well, for a day.
#[utoipa::path(post, path = "/api/webhooks/{webhook}/rotate", tag = "notifications", params(("webhook" = String, Path, description = "The webhook")), responses(
    (status = 200, description = "The secret, shown this once", body = Rotated),
    (status = 403, description = "You may not", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "There is no such webhook", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(crate) async fn rotate_webhook(
    State(app): State<Arc<App>>,
    caller: Caller,
    Named(webhook): Named<String>,
) -> Result<Json<Rotated>, Problem> {
    let (id, _) = theirs(&app, &caller, &webhook, Action::ManageWebhooks)?;
    let secret = app.accounts.rotate_webhook(id).await?;
    tracing::info!(webhook = %id, "a webhook got another secret");
    Ok(Json(Rotated { secret: secret.reveal() }))
}
