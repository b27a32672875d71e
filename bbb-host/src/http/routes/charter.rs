//! The owner's own policies of a business: checking a text of them, and changing it.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use bbb_core::oversight::charter::Charter;
use http::header::{HeaderMap, IF_MATCH};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::accounts::rights::Action;
use crate::charter::{Text, all_for};
use crate::http::App;
use crate::http::auth::Theirs;
use crate::http::extract::Body;
use crate::http::problem::{Problem, ProblemBody, What};
use crate::http::routes::businesses::{tag, tagged};
use crate::http::routes::terms::{CharterView, shown_charter};
use crate::http::routes::{plain, refused};

/// What a text is called where its errors say the line.
const NAME: &str = "charter";

/// A text of policies.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PolicyText {
    /// Policies in Cedar, at most 64 KiB.
    #[schema(
        example = "@id(\"we-do-not-advertise\")\n@says(\"We buy no advertising.\")\nforbid (principal, action == Action::\"run_ads\", resource);\n"
    )]
    text: String,
}

/// What is found of a text.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CheckedText {
    /// Whether it would be taken.
    ok: bool,
    /// How many policies it has; none where it is refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    policies: Option<usize>,
    /// Which blueprints it is for, by a line that begins with `// blueprints:`; empty where it is for all.
    blueprints: Vec<&'static str>,
    /// Why it is refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// The line, counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    /// The character in the line, counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<usize>,
}

impl CheckedText {
    fn refused(reason: String, place: Option<(usize, usize)>) -> CheckedText {
        let (line, column) = place.unzip();
        CheckedText { ok: false, policies: None, blueprints: Vec::new(), reason: Some(reason), line, column }
    }

    fn of(text: &Text, blueprint: &str) -> CheckedText {
        let charter = match Charter::with_owner_policies(NAME, &text.text) {
            Ok(charter) => charter,
            Err(error) => return CheckedText::refused(error.reason.clone(), Some((error.line, error.column))),
        };
        match all_for(std::slice::from_ref(text), blueprint).and_then(|()| text.blueprints()) {
            Ok(blueprints) => {
                let policies = Some(charter.policies().filter(|policy| policy.owners).count());
                CheckedText { ok: true, policies, blueprints, reason: None, line: None, column: None }
            }
            Err(fault) => CheckedText::refused(plain(&fault.message), None),
        }
    }
}

/// The owner's policies that a launch or a fork gives, as a text and read.
pub(crate) fn owners_charter(text: &str, blueprint: &str) -> Result<(Text, Charter), Problem> {
    let text = Text { name: NAME.to_owned(), text: text.to_owned() };
    all_for(std::slice::from_ref(&text), blueprint).map_err(|fault| Problem::field("charter", plain(&fault.message)))?;
    let charter = Charter::with_owner_policies(NAME, &text.text).map_err(|error| Problem::field("charter", error.to_string()))?;
    Ok((text, charter))
}

/// Says whether a text of policies would be taken for this business, and if not, why and in which line. Changes nothing.
#[utoipa::path(post, path = "/api/businesses/{id}/charter/check", tag = "businesses", request_body = PolicyText, params(("id" = String, Path, description = "The business")), responses(
    (status = 200, description = "What was found", body = CheckedText),
    (status = 404, description = "There is none of this id that you may see", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(crate) async fn check(
    State(app): State<Arc<App>>,
    theirs: Theirs,
    Body(wanted): Body<PolicyText>,
) -> Result<Json<CheckedText>, Problem> {
    let spec = Arc::clone(&app.service.now(theirs.to(Action::View)?).await?.state.spec);
    let text = Text { name: NAME.to_owned(), text: wanted.text };
    // Policies of 64 KiB take a while.
    let checked = tokio::task::spawn_blocking(move || CheckedText::of(&text, &spec.blueprint.name));
    Ok(Json(checked.await.map_err(Problem::failed)?))
}

/// The policies that are to hold from now on.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewCharter {
    /// The owner's policies in Cedar, all of them: what is not in it holds no more. The shipped ones always hold.
    #[serde(default)]
    text: Option<String>,
    /// Instead of a text: the owner has no policies of their own any more.
    #[serde(default)]
    none: bool,
}

/// Changes the owner's policies, from the next review on. `If-Match` is the `ETag` with which they were shown, so that nobody's change is lost. A simulated business keeps
/// the policies that it was launched with; a fork of it may have others.
#[utoipa::path(put, path = "/api/businesses/{id}/charter", tag = "businesses", request_body = NewCharter,
    params(
        ("id" = String, Path, description = "The business"),
        ("if-match" = Option<String>, Header, description = "The `ETag` of the charter that this is to replace; without it, 428"),
    ),
    responses(
        (status = 200, description = "The charter now, with its `ETag`", body = CharterView),
        (status = 403, description = "You may not: its owner may", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "There is none of this id that you may see", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "It is simulated, or over", body = ProblemBody, content_type = "application/problem+json"),
        (status = 412, description = "It is another charter by now: look at it first", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "The text is refused; the rule has the line", body = ProblemBody, content_type = "application/problem+json"),
        (status = 428, description = "There is no `If-Match`", body = ProblemBody, content_type = "application/problem+json"),
    ))]
pub(crate) async fn replace(
    State(app): State<Arc<App>>,
    theirs: Theirs,
    headers: HeaderMap,
    Body(wanted): Body<NewCharter>,
) -> Result<Response, Problem> {
    let id = theirs.to(Action::SetCharter)?;
    let known: Vec<&str> =
        headers.get_all(IF_MATCH).iter().filter_map(|line| line.to_str().ok()).flat_map(|line| line.split(',')).collect();
    if known.is_empty() {
        return Err(Problem::new(What::Unconditional, "send `If-Match` with the `ETag` of the charter that this is to replace"));
    }
    let before = app.service.charter(id).await?;
    let tag_before = tag(&serde_json::to_vec(&CharterView::of(id, &before)).map_err(Problem::failed)?);
    let other = || Problem::new(What::Changed, "the charter is another one by now: get it, and decide anew");
    if !known.iter().any(|text| matches!(text.trim(), "*") || text.trim() == tag_before) {
        return Err(other());
    }
    let text = match (wanted.text, wanted.none) {
        (Some(text), false) => text,
        (None, true) => String::new(),
        _ => return Err(Problem::field("text", "is the policies that are to hold; or say `none`, and no text")),
    };
    let spec = Arc::clone(&app.service.now(id).await?.state.spec);
    let checked = {
        let (text, none) = (Text { name: NAME.to_owned(), text: text.clone() }, wanted.none);
        tokio::task::spawn_blocking(move || match CheckedText::of(&text, &spec.blueprint.name) {
            CheckedText { ok: true, policies: Some(0), .. } if !none => {
                Err(Problem::field("text", "has no policy; to take all of the owner's away, say `none`, and no text"))
            }
            CheckedText { ok: true, .. } => Ok(()),
            CheckedText { reason, line, column, .. } => {
                let place = line.zip(column).map_or_else(String::new, |(line, column)| format!("line {line}, column {column}: "));
                Err(Problem::field("text", format!("{place}{}", reason.unwrap_or_default())))
            }
        })
    };
    checked.await.map_err(Problem::failed)??;
    if !app.fleet.change_charter(id, text, &before.digest()).await.map_err(refused)? {
        return Err(other());
    }
    tracing::info!(business = %id, user = %theirs.caller.identity.user.id, "the owner's policies were changed");
    tagged(&HeaderMap::new(), &shown_charter(&app, id).await?)
}
