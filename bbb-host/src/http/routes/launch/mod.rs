//! Launching a business.
//!
//! A shadow or live one has to do with real people and real money, which are its operator's as well: so `real` asks whether that is allowed here at all, and its policies
//! take a person who has just shown who they are.

mod caps;
mod real;

pub(crate) use self::real::not_set_up;

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use bbb_agents::world::Pace;
use bbb_core::blueprint;
use bbb_core::draw::Seed;
use bbb_core::oversight::charter::Charter;
use bbb_core::spec::{Autonomy, MindKind, Spec, WorldKind};
use bbb_core::time;
use http::HeaderMap;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::accounts::id::TenantId;
use crate::accounts::rights::Action;
use crate::accounts::{BusinessRow, Owner};
use crate::charter::{charter_of_texts, configured_for};
use crate::config::Config;
use crate::http::App;
use crate::http::auth::Caller;
use crate::http::dto::Business;
use crate::http::dto::leads::{NewLead, checked};
use crate::http::extract::Body;
use crate::http::keyed::{Made, once};
use crate::http::problem::{Problem, ProblemBody};
use crate::http::routes::charter::owners_charter;
use crate::http::routes::launch::caps::CapsWanted;
use crate::serve::fleet::launch::Plan;

/// The longest run in days: ten years; how long it is where nothing is said; and the longest that may pass at the pace of the wall.
const MAX_DAYS: u32 = 3_650;
const DEFAULT_DAYS: u32 = 90;
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
    /// `simulated`; `shadow`: real leads and a real clock, and nothing is sent; or `live`. The latter two take an owner of the tenant, and an operator who allows them.
    #[serde(default = "simulated")]
    #[schema(value_type = String, default = "simulated", example = "simulated")]
    world: WorldKind,
    /// `fast`: as quickly as the machine can; `realtime`: a simulated day takes a day. In the real world it always does.
    #[serde(default)]
    #[schema(value_type = Option<String>, default = "fast", example = "fast")]
    pace: Option<Pace>,
    /// Who answers what it asks: `simulated`, or `human`, which is you alone. In the real world you do.
    #[serde(default)]
    #[schema(value_type = Option<String>, default = "simulated", example = "simulated")]
    owner: Option<Owner>,
    /// What all randomness is derived from; drawn, where it is not given.
    #[serde(default)]
    seed: Option<u64>,
    /// How many days it runs. Not given: 90 in a simulated world, else without end.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 3650)]
    days: Option<u32>,
    /// How much it may do without asking. Not given: 6 in a simulated world, else 2, which asks before every effect.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 6)]
    autonomy: Option<u8>,
    /// The founder's name.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 80)]
    founder: Option<String>,
    /// Its hard caps; what is not given is what the blueprint needs, or in the real world what is configured.
    #[serde(default)]
    caps: CapsWanted,
    /// The time zone of its days, an IANA name.
    #[serde(default)]
    #[schema(max_length = 100, example = "America/New_York")]
    zone: Option<String>,
    /// The owner's policies in Cedar, on top of the shipped ones.
    #[serde(default)]
    charter: Option<String>,
    /// In the real world: how its roles think, `playbook` or `llm`.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "playbook")]
    mind: Option<MindKind>,
    /// In the real world: whom it may come to know first. It writes to those who agreed, and to nobody else.
    #[serde(default)]
    #[schema(max_items = 1000)]
    leads: Vec<NewLead>,
    /// In the real world: you have the licence that this kind of business needs.
    #[serde(default)]
    licence_confirmed: bool,
}

const fn simulated() -> WorldKind {
    WorldKind::Simulated
}

/// Launches a business. When this answers, its launch and its first plan are committed, and it is yours whatever happens next.
#[utoipa::path(post, path = "/api/businesses/launch", tag = "businesses", request_body = Launch,
    params(("idempotency-key" = Option<String>, Header, description = "However often it is sent with this, one business is launched")),
    responses(
        (status = 201, description = "The business; `Location` says where it is", body = Business),
        (status = 403, description = "You may not launch for this tenant, or it has as many as it may, or the operator allows no such business; or a shadow or live one takes a person who has just shown who they are", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "The daemon is not set up for real businesses, or there is not so much money left to allot, or the key is in use", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "A field breaks a rule", body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "The tenant's businesses at this pace have made as many events as an hour allows: come again after `Retry-After`", body = ProblemBody, content_type = "application/problem+json"),
    ))]
pub(crate) async fn launch(
    State(app): State<Arc<App>>,
    caller: Caller,
    headers: HeaderMap,
    Body(wanted): Body<Launch>,
) -> Result<Response, Problem> {
    let named = wanted.tenant.as_deref().map(str::parse::<TenantId>).transpose().map_err(|_| Problem::not_found())?;
    let action = if wanted.world.is_simulated() { Action::Launch } else { Action::LaunchReal };
    let tenant = caller.tenant(&app, named, action)?;
    let config = app.fleet.config();
    if !wanted.world.is_simulated() {
        real::admit(config.server.real_businesses, caller.identity.user.admin)?;
    }
    let user = caller.identity.user.id;
    // Before a key is taken for it.
    let (spec, leads) = (wanted.spec(&caller, config, 0)?, checked(&wanted.leads)?);
    let charter = wanted.charter(config, spec.blueprint.name).await?;
    let (pace, owner) = wanted.time_and_owner()?;
    let row = BusinessRow { tenant, by: Some(user), at: app.accounts.now(), pace, owner };
    once(&app, user, &headers, &wanted, async |salt| {
        let plan = Plan { spec: wanted.spec(&caller, config, salt)?, charter: charter.clone(), leads: leads.clone() };
        // On a task of its own: a client that hangs up does not leave half a launch.
        let fleet = Arc::clone(&app.fleet);
        let launched = tokio::spawn({
            let row = row.clone();
            async move { fleet.launch(plan, row).await }
        });
        let id = launched.await.map_err(Problem::failed)??;
        tracing::info!(business = %id, %tenant, %user, world = %wanted.world, "a business was launched");
        let body = Business::of(&app.service.now(id).await?, &row, None)?;
        Ok(Made { location: format!("/api/businesses/{id}"), body })
    })
    .await
}

impl Launch {
    /// What is launched, with `salt` for what is drawn.
    fn spec(&self, caller: &Caller, config: &Config, salt: u64) -> Result<Spec, Problem> {
        let (origin, blueprint) = blueprint::resolve(&self.blueprint).map_err(|error| Problem::field("blueprint", error.to_string()))?;
        if self.days.is_some_and(|days| !(1..=MAX_DAYS).contains(&days)) {
            return Err(Problem::field("days", format!("is 1 to {MAX_DAYS}")));
        }
        let seed = self.seed.unwrap_or(salt % SEEDS);
        let mut spec = Spec::simulated(origin, blueprint, Seed::new(seed), self.days.unwrap_or(DEFAULT_DAYS));
        // The same words launch another business each time: ids are digests of what is launched, and no two tenants may meet in one.
        spec.nonce = format!("{salt:016x}");
        let founder = self.founder.as_deref().unwrap_or(&caller.identity.user.name).trim();
        if founder.is_empty() || founder.chars().count() > 80 || founder.chars().any(char::is_control) {
            return Err(Problem::field("founder", "has 1 to 80 characters on one line"));
        }
        founder.clone_into(&mut spec.founder);
        if let Some(zone) = &self.zone {
            time::zone(zone).map_err(|error| Problem::field("zone", error.to_string()))?;
            spec.zone.clone_from(zone);
        }
        if self.world.is_simulated() {
            self.simulate(&mut spec)?;
        } else {
            self.make_real(&mut spec, config)?;
        }
        if let Some(level) = self.autonomy {
            spec.autonomy = Autonomy::try_from(level).map_err(|error| Problem::field("autonomy", error.to_string()))?;
        }
        Ok(spec)
    }

    fn simulate(&self, spec: &mut Spec) -> Result<(), Problem> {
        let not = |field, rule| Err(Problem::field(field, rule));
        if !self.leads.is_empty() {
            return not("leads", "are for shadow and live businesses: a simulated market has its own, and real people have no place in it");
        }
        if self.mind == Some(MindKind::Llm) {
            return not("mind", "is playbook in a simulated world: a model costs real money");
        }
        self.caps.apply_simulated(&mut spec.caps)
    }

    /// How quickly its time passes, and who answers it.
    fn time_and_owner(&self) -> Result<(Pace, Owner), Problem> {
        match (self.world.is_simulated(), self.pace, self.owner) {
            (true, pace, owner) => Ok((pace.unwrap_or_default(), owner.unwrap_or_default())),
            (false, Some(Pace::Fast), _) => Err(Problem::field("pace", "is realtime in the real world")),
            (false, _, Some(Owner::Simulated)) => Err(Problem::field("owner", "is human in the real world")),
            (false, ..) => Ok((Pace::Realtime, Owner::Human)),
        }
    }

    /// The shipped policies, the configured ones where it is real, and the owner's.
    async fn charter(&self, config: &Config, blueprint: String) -> Result<Charter, Problem> {
        let configured = if self.world.is_simulated() { Vec::new() } else { config.charter.files.clone() };
        let Some(own) = self.charter.clone().or_else(|| (!configured.is_empty()).then(String::new)) else {
            return Ok(Charter::shipped().clone());
        };
        // Policies of 64 KiB take a while.
        let read = move || {
            let (own, _) = owners_charter(&own, &blueprint)?;
            let (mut texts, _) = configured_for(&configured, &blueprint).map_err(not_set_up)?;
            texts.push(own);
            charter_of_texts(&texts).map_err(|fault| Problem::field("charter", fault.message))
        };
        tokio::task::spawn_blocking(read).await.map_err(Problem::failed)?
    }
}
