//! Advice before a launch: the first ninety days of a blueprint.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bbb_core::blueprint;
use bbb_core::draw::Seed;
use bbb_core::plan::founder::{self, Founder, MAX_HOURS};
use bbb_core::plan::ninety::{self, Who};
use http::HeaderValue;
use http::header::{ACCEPT, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderMap, VARY};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use crate::advice;
use crate::http::App;
use crate::http::auth::Caller;
use crate::http::extract::{Asked, Body};
use crate::http::problem::{Problem, ProblemBody};
use crate::http::routes::advice::{Dollars, Posture, checked, draws, risk, us_state, within};
use crate::http::routes::evidence::REPORT_POLICY;
use crate::report;

/// Whose first ninety days are planned, and of what.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PlanWanted {
    /// A blueprint's name, or your own concept in a line; the template that fits best, where it is not given. That takes the budget and the hours.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 200, example = "Grant Writing Consultancy")]
    blueprint: Option<String>,
    /// Money to open with, in US dollars; what opening costs, where it is not given.
    #[serde(default)]
    #[schema(value_type = Option<f64>, minimum = 0, maximum = 1_000_000_000)]
    budget_usd: Option<Dollars>,
    /// Hours a week.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 80)]
    hours_per_week: Option<u8>,
    /// The US state: two letters, or its name.
    #[serde(default)]
    state: Option<String>,
    /// Only this branch of trade, or a part of its name, where no blueprint is named.
    #[serde(default)]
    industry: Option<String>,
    /// By which profit the template is chosen.
    #[serde(default)]
    risk: Option<Posture>,
    /// What the founder is called.
    #[serde(default)]
    name: Option<String>,
    /// How many futures to draw; 10,000, where it is not given, and no more.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 10_000)]
    draws: Option<u32>,
    /// What they are drawn from; 1, where it is not given.
    #[serde(default)]
    #[schema(maximum = 9_007_199_254_740_991_i64)]
    seed: Option<u64>,
}

/// The form of a plan.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PlanForm {
    #[default]
    Json,
    Markdown,
    Csv,
    Html,
}

impl PlanForm {
    const fn media_type(self) -> &'static str {
        match self {
            PlanForm::Json => "application/json",
            PlanForm::Markdown => "text/markdown; charset=utf-8",
            PlanForm::Csv => "text/csv; charset=utf-8",
            PlanForm::Html => "text/html; charset=utf-8",
        }
    }

    /// The form that a client would rather have: of the highest weight, and of those the first. Data, where it names none that there is.
    fn accepted(headers: &HeaderMap) -> PlanForm {
        let lines = headers.get_all(ACCEPT).iter().filter_map(|line| line.to_str().ok()).flat_map(|line| line.split(','));
        let mut best = (0.0, PlanForm::Json);
        for range in lines {
            let mut parts = range.split(';').map(str::trim);
            let form = match parts.next().unwrap_or_default().to_ascii_lowercase().as_str() {
                "application/json" | "*/*" | "application/*" => PlanForm::Json,
                "text/markdown" | "text/*" => PlanForm::Markdown,
                "text/csv" => PlanForm::Csv,
                "text/html" => PlanForm::Html,
                _ => continue,
            };
            let weight = parts.find_map(|part| part.strip_prefix("q=")).map_or(1.0, |weight| weight.parse::<f32>().unwrap_or(0.0));
            if weight > best.0 {
                best = (weight, form);
            }
        }
        best.1
    }
}

/// How to show it.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct HowPlanned {
    /// As data, as text, the weeks as a table, or as a page of its own; what `Accept` says, where it is not given, and else data.
    #[param(inline)]
    format: Option<PlanForm>,
}

/// Plans the first ninety days of a blueprint: cash flow by week, milestones, what to do first. Simulated; the same question has the same answer.
#[utoipa::path(post, path = "/api/plan", tag = "advice", request_body = PlanWanted, params(HowPlanned), responses(
    (status = 200, description = "The plan; as data, it is that of `bbb plan --json`, amounts in cents",
        content((Object = "application/json"), (String = "text/markdown"), (String = "text/csv"), (String = "text/html"))),
    (status = 409, description = "No template fits what there is", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "A field breaks a rule", body = ProblemBody, content_type = "application/problem+json"),
    (status = 429, description = "You are being advised already", body = ProblemBody, content_type = "application/problem+json"),
    (status = 503, description = "Too many are being advised: come again after `Retry-After`", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(crate) async fn plan(
    State(app): State<Arc<App>>,
    caller: Caller,
    headers: HeaderMap,
    Asked(how): Asked<HowPlanned>,
    Body(wanted): Body<PlanWanted>,
) -> Result<Response, Problem> {
    let form = how.format.unwrap_or_else(|| PlanForm::accepted(&headers));
    let (draws, seed) = draws(wanted.draws, advice::MONTHS, wanted.seed)?;
    let hours = wanted.hours_per_week.map(|hours| within("hours_per_week", hours, 1, MAX_HOURS)).transpose()?;
    let who = Who {
        name: checked("name", wanted.name.as_deref(), founder::name)?,
        state: us_state(wanted.state.as_deref())?,
        budget: wanted.budget_usd.map(|dollars| dollars.0),
        hours,
    };
    let industry = checked("industry", wanted.industry.as_deref(), founder::industry)?;
    let named = checked("blueprint", wanted.blueprint.as_deref(), |text| blueprint::resolve(text).map_err(|error| error.to_string()))?;
    let founder = match &named {
        Some(_) => None,
        None => {
            let missing = |field: &str| Problem::field(field, "is needed where no blueprint is named");
            Some(Founder {
                name: None,
                state: who.state,
                budget: who.budget.ok_or_else(|| missing("budget_usd"))?,
                hours_per_week: who.hours.ok_or_else(|| missing("hours_per_week"))?,
                industry,
                risk: risk(wanted.risk),
                months: advice::MONTHS,
            })
        }
    };
    let work = move || {
        let (origin, blueprint) = match (named, founder) {
            (Some(named), _) => named,
            (None, Some(founder)) => advice::best(&founder, draws, seed)?,
            (None, None) => return Err(Problem::failed("a plan of nothing")),
        };
        let plan = ninety::plan(&origin, &blueprint, &who, draws, Seed::new(seed));
        Ok(match form {
            PlanForm::Json => serde_json::to_string(&advice::plan(&plan, seed)).map_err(Problem::failed)?,
            PlanForm::Markdown => report::plan_markdown(&plan, seed),
            PlanForm::Csv => report::plan_csv(&plan).map_err(Problem::failed)?,
            PlanForm::Html => report::plan_html(&plan, seed).map_err(Problem::failed)?,
        })
    };
    let text = app.advice.take(caller.identity.user.id, work).await??;
    let headers = [(CONTENT_TYPE, form.media_type()), (CONTENT_SECURITY_POLICY, REPORT_POLICY), (VARY, "accept")];
    Ok((headers.map(|(name, value)| (name, HeaderValue::from_static(value))), text).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_gets_the_form_that_it_would_rather_have() {
        let accepted = |line: &'static str| PlanForm::accepted(&HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static(line))]));
        assert_eq!(PlanForm::accepted(&HeaderMap::new()), PlanForm::Json);
        assert_eq!(accepted("text/csv"), PlanForm::Csv);
        assert_eq!(accepted("text/html, application/json;q=0.9, */*;q=0.8"), PlanForm::Html);
        assert_eq!(accepted("text/html;q=0.1, text/markdown;q=0.2"), PlanForm::Markdown);
        assert_eq!(accepted("image/png, text/csv;q=0"), PlanForm::Json);
    }
}
