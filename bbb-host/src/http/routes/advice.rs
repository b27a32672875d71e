//! Advice before a launch: which blueprints fit a founder.

use std::fmt;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use bbb_core::draw::Seed;
use bbb_core::money::Cents;
use bbb_core::plan::founder::{self, Founder, MAX_HOURS, Risk};
use bbb_core::plan::outlook::{DRAWS, MAX_MONTHS};
use bbb_core::plan::recommend::recommend as find;
use bbb_core::plan::state::{self, State as UsState};
use http::HeaderMap;
use serde::de::{self, Deserializer, Visitor};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::advice;
use crate::http::App;
use crate::http::auth::Caller;
use crate::http::extract::{Asked, Body};
use crate::http::problem::{Problem, ProblemBody};
use crate::http::routes::businesses::tagged;

/// The most months of futures that are drawn for a blueprint: 10,000 years, however long each of them is.
const MAX_DRAWN_MONTHS: u32 = DRAWS * advice::MONTHS;
/// The largest budget, in dollars.
const MAX_USD: i64 = 1_000_000_000;
/// Seeds are below this, so that every program can write them as numbers.
const SEEDS: u64 = 1 << 53;

/// An amount in dollars, exactly: a number, or a text as it stands in a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct Dollars(pub(super) Cents);

impl<'de> Deserialize<'de> for Dollars {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Dollars, D::Error> {
        struct Amount;
        impl Visitor<'_> for Amount {
            type Value = Cents;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an amount in US dollars, such as 3000 or 3000.50")
            }

            fn visit_i64<E: de::Error>(self, dollars: i64) -> Result<Cents, E> {
                self.visit_str(&dollars.to_string())
            }

            fn visit_u64<E: de::Error>(self, dollars: u64) -> Result<Cents, E> {
                self.visit_str(&dollars.to_string())
            }

            fn visit_f64<E: de::Error>(self, dollars: f64) -> Result<Cents, E> {
                self.visit_str(&dollars.to_string())
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Cents, E> {
                let amount = Cents::parse_dollars(text).map_err(E::custom)?;
                if amount > Cents::from_dollars(MAX_USD) { Err(E::custom(format!("an amount is at most {MAX_USD}"))) } else { Ok(amount) }
            }
        }
        deserializer.deserialize_any(Amount).map(Dollars)
    }
}

/// How much risk is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Posture {
    /// By the profit that nine of ten futures reach.
    Careful,
    /// By what half of them reach.
    Balanced,
    /// By what one of ten reaches.
    Bold,
}

/// What a founder has and wants.
#[derive(Debug, Clone, Deserialize, ToSchema, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Wanted {
    /// Money to open with, in US dollars.
    #[schema(value_type = f64, minimum = 0, maximum = 1_000_000_000, example = 3000)]
    #[param(value_type = f64, minimum = 0, maximum = 1_000_000_000, example = 3000)]
    budget_usd: Dollars,
    /// Hours a week.
    #[schema(minimum = 1, maximum = 80, example = 15)]
    #[param(minimum = 1, maximum = 80, example = 15)]
    hours_per_week: u8,
    /// The US state: two letters, or its name.
    #[serde(default)]
    state: Option<String>,
    /// Only this branch of trade, or a part of its name.
    #[serde(default)]
    industry: Option<String>,
    /// By which profit blueprints are ordered; `balanced`, where it is not given.
    #[serde(default)]
    #[param(inline)]
    risk: Option<Posture>,
    /// What the founder is called.
    #[serde(default)]
    name: Option<String>,
    /// Over how many months to look; 12, where it is not given.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 120)]
    #[param(minimum = 1, maximum = 120)]
    months: Option<u32>,
    /// How many futures to draw for each blueprint. 10,000 are the most, and fewer over more than 12 months: 120,000 months in all. As many, where it is not given.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 10_000)]
    #[param(minimum = 1, maximum = 10_000)]
    draws: Option<u32>,
    /// What they are drawn from; 1, where it is not given.
    #[serde(default)]
    #[schema(maximum = 9_007_199_254_740_991_i64)]
    #[param(maximum = 9_007_199_254_740_991_i64)]
    seed: Option<u64>,
}

/// Checked words of a request.
pub(super) fn checked<T>(field: &str, text: Option<&str>, read: impl FnOnce(&str) -> Result<T, String>) -> Result<Option<T>, Problem> {
    text.map(read).transpose().map_err(|rule| Problem::field(field, rule))
}

pub(super) fn within<T: PartialOrd + fmt::Display + Copy>(field: &str, number: T, least: T, most: T) -> Result<T, Problem> {
    if (least..=most).contains(&number) { Ok(number) } else { Err(Problem::field(field, format!("is {least} to {most}"))) }
}

pub(super) fn risk(wanted: Option<Posture>) -> Risk {
    match wanted {
        Some(Posture::Careful) => Risk::Careful,
        Some(Posture::Balanced) | None => Risk::Balanced,
        Some(Posture::Bold) => Risk::Bold,
    }
}

pub(super) fn us_state(text: Option<&str>) -> Result<Option<&'static UsState>, Problem> {
    checked("state", text, |text| state::find(text).map_err(|error| error.to_string()))
}

/// How many futures are drawn over so many months, and what from.
pub(super) fn draws(draws: Option<u32>, months: u32, seed: Option<u64>) -> Result<(u32, u64), Problem> {
    let most = (MAX_DRAWN_MONTHS / months.max(1)).clamp(1, DRAWS);
    Ok((within("draws", draws.unwrap_or(most), 1, most)?, within("seed", seed.unwrap_or(1), 0, SEEDS - 1)?))
}

impl Wanted {
    fn founder(&self) -> Result<Founder, Problem> {
        Ok(Founder {
            name: checked("name", self.name.as_deref(), founder::name)?,
            state: us_state(self.state.as_deref())?,
            budget: self.budget_usd.0,
            hours_per_week: within("hours_per_week", self.hours_per_week, 1, MAX_HOURS)?,
            industry: checked("industry", self.industry.as_deref(), founder::industry)?,
            risk: risk(self.risk),
            months: within("months", self.months.unwrap_or(advice::MONTHS), 1, MAX_MONTHS)?,
        })
    }
}

async fn recommended(app: &App, caller: &Caller, headers: &HeaderMap, wanted: &Wanted) -> Result<Response, Problem> {
    let founder = wanted.founder()?;
    let (draws, seed) = draws(wanted.draws, founder.months, wanted.seed)?;
    let work = move || advice::recommendations(&founder, &find(&founder, draws, Seed::new(seed)), seed);
    tagged(headers, &app.advice.take(caller.identity.user.id, work).await?)
}

/// Says which blueprints fit a founder's money and hours, and how sure their figures are: all of them, those that fit first. Simulated; the same question has the same answer.
#[utoipa::path(get, path = "/api/recommend", tag = "advice", params(Wanted, ("if-none-match" = Option<String>, Header, description = "The `ETag` of what is known already")), responses(
    (status = 200, description = "As `bbb recommend --json`, amounts in cents, with an `ETag`", content((Object = "application/json"))),
    (status = 304, description = "It is what is known already"),
    (status = 422, description = "A parameter breaks a rule", body = ProblemBody, content_type = "application/problem+json"),
    (status = 429, description = "You are being advised already", body = ProblemBody, content_type = "application/problem+json"),
    (status = 503, description = "Too many are being advised: come again after `Retry-After`", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(crate) async fn recommend(
    State(app): State<Arc<App>>,
    caller: Caller,
    headers: HeaderMap,
    Asked(wanted): Asked<Wanted>,
) -> Result<Response, Problem> {
    recommended(&app, &caller, &headers, &wanted).await
}

/// The same for a founder in the body, so that no address has what they have.
#[utoipa::path(post, path = "/api/recommend", tag = "advice", request_body = Wanted, responses(
    (status = 200, description = "As `bbb recommend --json`, amounts in cents", content((Object = "application/json"))),
    (status = 422, description = "A field breaks a rule", body = ProblemBody, content_type = "application/problem+json"),
    (status = 429, description = "You are being advised already", body = ProblemBody, content_type = "application/problem+json"),
    (status = 503, description = "Too many are being advised: come again after `Retry-After`", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(crate) async fn recommend_to(State(app): State<Arc<App>>, caller: Caller, Body(wanted): Body<Wanted>) -> Result<Response, Problem> {
    recommended(&app, &caller, &HeaderMap::new(), &wanted).await
}
