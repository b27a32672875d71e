//! Launching a business.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use bbb_agents::world::Pace;
use bbb_core::blueprint;
use bbb_core::budget::{Cap, Caps};
use bbb_core::draw::Seed;
use bbb_core::money::Cents;
use bbb_core::spec::{Autonomy, Spec, WorldKind};
use http::HeaderMap;
use serde::{Deserialize, Serialize};
use serde_json::Number;
use utoipa::ToSchema;

use crate::accounts::id::TenantId;
use crate::accounts::rights::Action;
use crate::accounts::{BusinessRow, Owner};
use crate::http::App;
use crate::http::auth::Caller;
use crate::http::dto::Business;
use crate::http::extract::Body;
use crate::http::keyed::{Made, once};
use crate::http::problem::{Problem, ProblemBody, What};

/// The longest run in days: ten years; how long it is where nothing is said; and the longest that may pass at the pace of the wall.
const MAX_DAYS: u32 = 3_650;
const DEFAULT_DAYS: u32 = 90;
/// The largest budget, in dollars.
const MAX_USD: i64 = 1_000_000_000;
/// The most messages that can be allowed.
const MAX_MESSAGES: u64 = 100_000_000_000;
/// Seeds that are drawn are below this, so that every program can read them as numbers.
const SEEDS: u64 = 1 << 53;

/// What to launch.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Launch {
    /// A blueprint's name, or your own concept in a line.
    #[schema(example = "AI Chatbot Integration Service", min_length = 1, max_length = 200)]
    blueprint: String,
    /// The tenant that it will belong to; your own, where it is not given.
    #[serde(default)]
    tenant: Option<String>,
    /// `simulated`. The daemon launches no `shadow` or `live` business yet.
    #[serde(default = "simulated")]
    #[schema(value_type = String, default = "simulated", example = "simulated")]
    world: WorldKind,
    /// `fast`: as quickly as the machine can; `realtime`: a simulated day takes a day.
    #[serde(default)]
    #[schema(value_type = String, default = "fast", example = "fast")]
    pace: Pace,
    /// Who answers what it asks: `simulated`, or `human`, which is you alone.
    #[serde(default)]
    #[schema(value_type = String, default = "simulated", example = "simulated")]
    owner: Owner,
    /// What all randomness is derived from; drawn, where it is not given.
    #[serde(default)]
    seed: Option<u64>,
    /// How many days it runs.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 3650, default = 90)]
    days: Option<u32>,
    /// How much it may do without asking.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 6, default = 6)]
    autonomy: Option<u8>,
    /// The founder's name.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 80)]
    founder: Option<String>,
    /// Its hard caps; what is not given is what the blueprint needs.
    #[serde(default)]
    caps: CapsWanted,
}

const fn simulated() -> WorldKind {
    WorldKind::Simulated
}

/// The hard caps of a simulated business. Money is in dollars with cents.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CapsWanted {
    /// What it may spend in all.
    #[serde(default)]
    #[schema(value_type = Option<f64>, minimum = 0)]
    money: Option<Number>,
    /// What it may spend in a day; a quarter of all, where only that is given.
    #[serde(default)]
    #[schema(value_type = Option<f64>, minimum = 0)]
    money_per_day: Option<Number>,
    /// What one action may cost; as much as a day, where nothing is given.
    #[serde(default)]
    #[schema(value_type = Option<f64>, minimum = 0)]
    money_per_action: Option<Number>,
    /// Messages to people in a day.
    #[serde(default)]
    #[schema(maximum = 100_000_000_000_i64)]
    messages_per_day: Option<u64>,
    /// Messages to people in all.
    #[serde(default)]
    #[schema(maximum = 100_000_000_000_i64)]
    messages: Option<u64>,
    /// What one action may cost before autonomy levels 4 and below ask.
    #[serde(default)]
    #[schema(value_type = Option<f64>, minimum = 0)]
    ask_above: Option<Number>,
}

/// Launches a business. When this answers, its launch and its first plan are committed, and it is yours whatever happens next.
#[utoipa::path(post, path = "/api/businesses/launch", tag = "businesses", request_body = Launch,
    params(("idempotency-key" = Option<String>, Header, description = "However often it is sent with this, one business is launched")),
    responses(
        (status = 201, description = "The business; `Location` says where it is", body = Business),
        (status = 403, description = "You may not launch for this tenant, or it has as many as it may", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "A field breaks a rule", body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "The tenant's businesses at this pace have made as many events as an hour allows: come again after `Retry-After`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 501, description = "The daemon launches simulated businesses only, for now", body = ProblemBody, content_type = "application/problem+json"),
    ))]
pub(crate) async fn launch(
    State(app): State<Arc<App>>,
    caller: Caller,
    headers: HeaderMap,
    Body(wanted): Body<Launch>,
) -> Result<Response, Problem> {
    let named = wanted.tenant.as_deref().map(str::parse::<TenantId>).transpose().map_err(|_| Problem::not_found())?;
    let tenant = caller.tenant(&app, named, Action::Launch)?;
    let user = caller.identity.user.id;
    // Before a key is taken for it.
    wanted.spec(&caller, 0)?;
    let row = BusinessRow { tenant, by: Some(user), at: app.accounts.now(), pace: wanted.pace, owner: wanted.owner };
    once(&app, user, &headers, &wanted, async |salt| {
        let spec = wanted.spec(&caller, salt)?;
        // On a task of its own: a client that hangs up does not leave half a launch.
        let fleet = Arc::clone(&app.fleet);
        let launched = tokio::spawn({
            let row = row.clone();
            async move { fleet.launch(spec, row).await }
        });
        let id = launched.await.map_err(Problem::failed)??;
        tracing::info!(business = %id, %tenant, %user, "a business was launched");
        let body = Business::of(&app.service.now(id).await?, &row, None)?;
        Ok(Made { location: format!("/api/businesses/{id}"), body })
    })
    .await
}

impl Launch {
    fn spec(&self, caller: &Caller, salt: u64) -> Result<Spec, Problem> {
        if !self.world.is_simulated() {
            return Err(Problem::new(
                What::NotYet,
                "a shadow or live business needs credentials that the daemon does not keep yet; launch it with bbb launch while the daemon rests",
            ));
        }
        let (origin, blueprint) = blueprint::resolve(&self.blueprint).map_err(|error| Problem::field("blueprint", error.to_string()))?;
        let days = self.days.unwrap_or(DEFAULT_DAYS);
        if !(1..=MAX_DAYS).contains(&days) {
            return Err(Problem::field("days", format!("is 1 to {MAX_DAYS}")));
        }
        let seed = self.seed.unwrap_or(salt % SEEDS);
        let mut spec = Spec::simulated(origin, blueprint, Seed::new(seed), days);
        // The same words launch another business each time: ids are digests of what is launched, and no two tenants may meet in one.
        spec.nonce = format!("{salt:016x}");
        let founder = self.founder.as_deref().unwrap_or(&caller.identity.user.name).trim();
        if founder.is_empty() || founder.chars().count() > 80 || founder.chars().any(char::is_control) {
            return Err(Problem::field("founder", "has 1 to 80 characters on one line"));
        }
        founder.clone_into(&mut spec.founder);
        if let Some(level) = self.autonomy {
            spec.autonomy = Autonomy::try_from(level).map_err(|error| Problem::field("autonomy", error.to_string()))?;
        }
        self.caps.apply(&mut spec.caps)?;
        Ok(spec)
    }
}

fn dollars(field: &str, number: Option<&Number>) -> Result<Option<Cents>, Problem> {
    let Some(number) = number else { return Ok(None) };
    let wrong = |rule: String| Problem::field(format!("caps.{field}"), rule);
    let amount = Cents::parse_dollars(&number.to_string()).map_err(|error| wrong(error.to_string()))?;
    if amount > Cents::from_dollars(MAX_USD) {
        return Err(wrong(format!("is at most {MAX_USD} USD")));
    }
    Ok(Some(amount))
}

impl CapsWanted {
    fn apply(&self, caps: &mut Caps) -> Result<(), Problem> {
        let (total, day) = (dollars("money", self.money.as_ref())?, dollars("money_per_day", self.money_per_day.as_ref())?);
        if let Some(total) = total {
            caps.simulated_money = Cap { action: total.percent(25), day: total.percent(25), ..Cap::of(total) };
        }
        if let Some(day) = day {
            (caps.simulated_money.action, caps.simulated_money.day) = (day, day);
        }
        if let Some(action) = dollars("money_per_action", self.money_per_action.as_ref())? {
            caps.simulated_money.action = action;
        }
        if let Some(ask_above) = dollars("ask_above", self.ask_above.as_ref())? {
            caps.ask_above = ask_above;
        }
        if let Some((field, _)) = [("messages_per_day", self.messages_per_day), ("messages", self.messages)]
            .into_iter()
            .find(|(_, count)| *count > Some(MAX_MESSAGES))
        {
            return Err(Problem::field(format!("caps.{field}"), format!("is at most {MAX_MESSAGES}")));
        }
        if let Some(day) = self.messages_per_day {
            caps.messages.day = day;
        }
        if let Some(total) = self.messages {
            caps.messages.total = total;
        }
        match caps.problem() {
            Some((field, rule)) => Err(Problem::field(format!("caps: {field}"), rule)),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn caps(wanted: serde_json::Value) -> Result<Caps, String> {
        let wanted: CapsWanted = serde_json::from_value(wanted).map_err(|error| error.to_string())?;
        let (origin, blueprint) = blueprint::resolve("Grant Writing Consultancy").unwrap();
        let mut caps = Spec::simulated(origin, blueprint, Seed::new(1), 30).caps;
        wanted.apply(&mut caps).map_err(|problem| format!("{problem:?}"))?;
        Ok(caps)
    }

    #[test]
    fn caps_are_exact_and_what_is_no_amount_is_named() {
        let set = caps(json!({ "money": 1000.5, "money_per_action": 20, "messages_per_day": 3 })).unwrap();
        assert_eq!((set.simulated_money.total, set.simulated_money.action), (Cents::new(100_050), Cents::from_dollars(20)));
        assert_eq!((set.simulated_money.day, set.messages.day), (Cents::new(25_012), 3));
        assert_eq!(set.real_money.total, Cents::ZERO, "a simulated business moves no money");
        for (wrong, part) in [
            (json!({ "money": -1 }), "caps.money"),
            (json!({ "money": 0.001 }), "caps.money"),
            (json!({ "money": 1e300 }), "caps.money"),
            (json!({ "money": "ten" }), "invalid type"),
            (json!({ "tokens": 5 }), "unknown field"),
        ] {
            let refused = caps(wrong.clone()).expect_err(&wrong.to_string());
            assert!(refused.contains(part), "{wrong}: {refused}");
        }
    }
}
