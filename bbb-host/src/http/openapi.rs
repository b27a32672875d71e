//! The description of the API (OpenAPI 3.1), made from the handlers themselves, and the pages: one to read it, one for whoever has a link to register
//! with, and one to sign in.

use std::sync::Arc;

use axum::Router;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use http::HeaderValue;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::response::ResponseBuilder;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{Ref, RefOr};
use utoipa::{Modify, OpenApi};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::http::routes::{
    advice, blueprints, businesses, charter, commands, contacts, evidence, fork, health, heard, identities, inbox, keys, launch, mail,
    metrics, notifications, people, plan, providers, records, removal, second_factor, sessions, sign_in, terms,
};
use crate::http::{App, cookie, live, problem};

#[derive(OpenApi)]
#[openapi(
    info(title = "Better Business Builder", description = "Launches businesses that run by themselves, and shows and steers them. Every error is a problem (RFC 9457). \
    Programs sign in for tokens and send `Authorization: Bearer`; browsers get a cookie, and send `X-BBB-CSRF: 1` with everything that changes something. \
    `RateLimit` says how many requests are left. What belongs to a tenant that you are no member of is not there for you: 404."),
    modifiers(&Secured),
    components(schemas(live::Farewell)),
    tags(
        (name = "accounts", description = "Who you are"),
        (name = "people", description = "Who else there is"),
        (name = "notifications", description = "What you are told of"),
        (name = "advice", description = "What to launch"),
        (name = "businesses", description = "What runs"),
        (name = "inbox", description = "What waits for you"),
        (name = "live", description = "What happens now"),
        (name = "health", description = "Whether the daemon works"),
    )
)]
struct Api;

/// Says that everything needs somebody who is signed in, but what says otherwise.
struct Secured;

impl Modify for Secured {
    fn modify(&self, api: &mut utoipa::openapi::OpenApi) {
        let components = api.components.get_or_insert_default();
        let bearer =
            HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some("An access token of `POST /api/auth/login`")).build();
        components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
        components.add_security_scheme("cookie", SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::new(cookie::SESSION.name))));
        let nothing: [String; 0] = [];
        api.security = Some(vec![SecurityRequirement::new("bearer", nothing.clone()), SecurityRequirement::new("cookie", nothing)]);
    }
}

/// Says of every path what is true of all: any other answer is a problem, and without somebody who is signed in it is 401.
fn say_what_all_share(api: &mut utoipa::openapi::OpenApi) {
    let problem = |words: &str| {
        let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("ProblemBody"))).build();
        RefOr::T(ResponseBuilder::new().description(words).content(problem::MEDIA_TYPE, content).build())
    };
    for item in api.paths.paths.values_mut() {
        let operations = [&mut item.get, &mut item.put, &mut item.post, &mut item.delete];
        for operation in operations.into_iter().flatten() {
            let answers = &mut operation.responses.responses;
            if operation.security.is_none() {
                answers.entry("401".to_owned()).or_insert_with(|| problem("Nobody is signed in"));
            }
            answers
                .entry("default".to_owned())
                .or_insert_with(|| problem("Any other problem: 400, 405, 413, 415, 421, 422, 429, 500, 503, 507"));
        }
    }
}

/// All paths that are described, and the description.
pub(crate) fn described() -> (Router<Arc<App>>, utoipa::openapi::OpenApi) {
    let (router, mut api) = collected().split_for_parts();
    say_what_all_share(&mut api);
    (router, api)
}

fn collected() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::with_openapi(Api::openapi())
        .routes(routes!(health::health))
        .routes(routes!(health::ready))
        .routes(routes!(metrics::metrics))
        .routes(routes!(sign_in::register))
        .routes(routes!(mail::confirm))
        .routes(routes!(mail::forgot))
        .routes(routes!(mail::reset))
        .routes(routes!(mail::change_address))
        .routes(routes!(notifications::preferences, notifications::set_preferences))
        .routes(routes!(notifications::webhooks, notifications::make_webhook))
        .routes(routes!(notifications::set_webhook, notifications::remove_webhook))
        .routes(routes!(notifications::test_webhook))
        .routes(routes!(notifications::rotate_webhook))
        .routes(routes!(sign_in::login))
        .routes(routes!(sign_in::refresh))
        .routes(routes!(sign_in::logout))
        .routes(routes!(sign_in::me))
        .routes(routes!(removal::remove))
        .routes(routes!(providers::providers))
        .routes(routes!(providers::begin))
        .routes(routes!(providers::callback))
        .routes(routes!(providers::finish))
        .routes(routes!(identities::identities, identities::link))
        .routes(routes!(identities::finish_link))
        .routes(routes!(identities::unlink))
        .routes(routes!(identities::step_up))
        .routes(routes!(identities::finish_step_up))
        .routes(routes!(sessions::sessions))
        .routes(routes!(sessions::end_session))
        .routes(routes!(keys::password))
        .routes(routes!(keys::keys, keys::make_key))
        .routes(routes!(keys::revoke_key))
        .routes(routes!(second_factor::shown, second_factor::begin, second_factor::turn_off))
        .routes(routes!(second_factor::confirm))
        .routes(routes!(second_factor::recovery_codes))
        .routes(routes!(second_factor::step_up))
        .routes(routes!(people::invite))
        .routes(routes!(people::accept))
        .routes(routes!(people::members))
        .routes(routes!(people::dismiss))
        .routes(routes!(people::users))
        .routes(routes!(blueprints::blueprints))
        .routes(routes!(advice::recommend, advice::recommend_to))
        .routes(routes!(plan::plan))
        .routes(routes!(launch::launch))
        .routes(routes!(businesses::list))
        .routes(routes!(businesses::show))
        .routes(routes!(businesses::metrics))
        .routes(routes!(businesses::history))
        .routes(routes!(businesses::agents))
        .routes(routes!(records::tasks))
        .routes(routes!(records::journal))
        .routes(routes!(terms::charter, charter::replace))
        .routes(routes!(charter::check))
        .routes(routes!(fork::fork))
        .routes(routes!(contacts::contacts, contacts::bring_in))
        .routes(routes!(heard::heard))
        .routes(routes!(heard::erase))
        .routes(routes!(terms::budgets, terms::set_budgets))
        .routes(routes!(terms::audit))
        .routes(routes!(evidence::report))
        .routes(routes!(evidence::why))
        .routes(routes!(inbox::inbox))
        .routes(routes!(inbox::approve))
        .routes(routes!(inbox::veto))
        .routes(routes!(inbox::doubt))
        .routes(routes!(commands::pause))
        .routes(routes!(commands::resume))
        .routes(routes!(commands::stop))
        .routes(routes!(commands::autonomy))
        .routes(routes!(live::events))
        .routes(routes!(live::dashboard))
}

/// What pages may do: use what is beside them, and ask this daemon.
const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

fn file(kind: &'static str, text: &'static str) -> Response {
    let headers = [(CONTENT_TYPE, kind), (CONTENT_SECURITY_POLICY, PAGE_POLICY), (CACHE_CONTROL, "no-cache")];
    let headers = headers.map(|(name, value)| (name, HeaderValue::from_static(value)));
    (headers, text).into_response()
}

/// The pages, and the description as they and programs read it.
pub(crate) fn pages(api: utoipa::openapi::OpenApi) -> Router<Arc<App>> {
    let text = Arc::<str>::from(serde_json::to_string(&api).unwrap_or_default());
    let description = move || {
        let text = text.to_string();
        async move { ([(CONTENT_TYPE, HeaderValue::from_static("application/json"))], text) }
    };
    let html = "text/html; charset=utf-8";
    let script = "text/javascript; charset=utf-8";
    Router::new()
        .route("/", get(|| async { Redirect::temporary("/api/docs") }))
        .route("/api/openapi.json", get(description))
        .route("/api/docs", get(move || async move { file(html, include_str!("pages/docs.html")) }))
        .route("/welcome", get(move || async move { file(html, include_str!("pages/welcome.html")) }))
        .route("/sign-in", get(move || async move { file(html, include_str!("pages/sign-in.html")) }))
        .route("/pages/sign-in.js", get(move || async move { file(script, include_str!("pages/sign-in.js")) }))
        .route("/pages/docs.js", get(move || async move { file(script, include_str!("pages/docs.js")) }))
        .route("/pages/welcome.js", get(move || async move { file(script, include_str!("pages/welcome.js")) }))
        .route("/pages/page.css", get(|| async { file("text/css; charset=utf-8", include_str!("pages/page.css")) }))
}
