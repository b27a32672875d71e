//! Step-up: what no API key can do, and what a person does only shortly after showing who they are.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};

use super::{Answer, House, PASSWORD, Person, of};

const MINUTE_MS: i64 = 60_000;

/// What needs a person who has just shown who they are. Each is made so that it comes to nothing once it is let through, or can be done again.
fn guarded() -> Vec<(Method, &'static str, Value)> {
    let both = json!({ "password": "not-the-password", "totp": "none" });
    vec![
        (Method::POST, "/api/businesses/{id}/inbox/{proposal}/approve", Value::Null),
        (Method::POST, "/api/businesses/{id}/inbox/{proposal}/veto", json!({})),
        (Method::POST, "/api/businesses/{id}/inbox/{proposal}/doubt", json!({ "happened": true })),
        (Method::PUT, "/api/businesses/{id}/autonomy", json!({ "level": 6 })),
        (Method::PUT, "/api/businesses/{id}/budgets", json!({ "caps": [{ "resource": "messages", "window": "day", "cap": 7 }] })),
        // Without `If-Match`: it is refused after all that.
        (Method::PUT, "/api/businesses/{id}/charter", json!({ "none": true })),
        // It is simulated, so its contacts are none of anybody's.
        (Method::POST, "/api/businesses/{id}/contacts", json!({ "leads": [{ "email": "eve@example.org", "consent": true }] })),
        (Method::POST, "/api/businesses/{id}/contacts/erase", json!({ "who": "eve@example.org" })),
        (Method::POST, "/api/invitations", json!({ "role": "viewer" })),
        (Method::POST, "/api/invitations", json!({})),
        (Method::DELETE, "/api/members/{user}", Value::Null),
        (Method::POST, "/api/keys", json!({ "name": "another", "role": "owner" })),
        (Method::DELETE, "/api/keys/{key}", Value::Null),
        (Method::POST, "/api/auth/password", json!({ "current": "not-the-password", "new": "another-horse-battery-9" })),
        (Method::POST, "/api/me/identities", json!({ "provider": "nobody" })),
        (Method::POST, "/api/me/identities/finish", Value::Null),
        (Method::DELETE, "/api/me/identities/{identity}", Value::Null),
        (Method::DELETE, "/api/me", json!({ "email": "not-the-address" })),
        (Method::POST, "/api/me/totp", json!({ "password": "not-the-password" })),
        (Method::POST, "/api/me/totp/confirm", json!({ "totp": "none" })),
        (Method::DELETE, "/api/me/totp", both.clone()),
        (Method::POST, "/api/me/totp/recovery-codes", both),
        // No mail is sent here.
        (Method::POST, "/api/me/email", json!({ "email": "other@example.org" })),
        (Method::POST, "/api/webhooks", json!({ "url": "https://127.0.0.1/" })),
        (Method::PUT, "/api/webhooks/{webhook}", json!({ "on": true })),
        (Method::POST, "/api/webhooks/{webhook}/test", Value::Null),
        (Method::POST, "/api/webhooks/{webhook}/rotate", Value::Null),
        (Method::DELETE, "/api/webhooks/{webhook}", Value::Null),
    ]
}

/// What changes something and needs nothing shown again.
const FREE: [&str; 25] = [
    "post /api/auth/register",
    "post /api/auth/confirm",
    "post /api/auth/forgot",
    "post /api/auth/reset",
    // What one is mailed.
    "put /api/notifications",
    "post /api/auth/providers/{provider}",
    "post /api/auth/finish",
    // They show who somebody is themselves.
    "post /api/auth/step-up/{provider}",
    "post /api/auth/step-up/finish",
    "post /api/auth/login",
    "post /api/auth/refresh",
    "post /api/auth/logout",
    "post /api/auth/step-up",
    "delete /api/sessions/{session}",
    "post /api/invitations/accept",
    "post /api/recommend",
    "post /api/plan",
    // A simulated one; `real.rs` launches others.
    "post /api/businesses/launch",
    "post /api/businesses/{id}/contacts/heard",
    "post /api/businesses/{id}/fork",
    "post /api/businesses/{id}/charter/check",
    "post /api/businesses/{id}/pause",
    "post /api/businesses/{id}/resume",
    "post /api/businesses/{id}/stop",
    // Less.
    "put /api/businesses/{id}/autonomy",
];

async fn try_it(
    house: &House,
    (business, webhook): (&Value, &str),
    who: Option<&Person>,
    (method, path, body): &(Method, &str, Value),
) -> Answer {
    let path = path.replace("{id}", business["id"].as_str().unwrap()).replace("{proposal}", "prop_999");
    let path = path
        .replace("{user}", "usr_0123456789abcdef")
        .replace("{key}", "key_0123456789abcdef")
        .replace("{identity}", "idn_0123456789abcdef")
        .replace("{webhook}", webhook);
    let mut request = house.request(method.clone(), &path);
    if let Some(who) = who {
        request = request.bearer_auth(&who.access);
    }
    Answer::of(if body.is_null() { request } else { request.json(body) }).await
}

async fn refreshed(house: &House, who: &Person) -> Person {
    let told = house.ask("/api/auth/refresh", &json!({ "refresh_token": who.refresh })).await.ok();
    let text = |name: &str| told[name].as_str().unwrap().to_owned();
    Person { access: text("access_token"), refresh: text("refresh_token"), ..who.clone() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_key_decides_and_a_person_only_shortly_after_showing_who_they_are() {
    let house = House::new().await;
    let admin = house.admin().await;
    let business = house.launch(&admin, json!({ "pace": "realtime", "autonomy": 2, "days": 30 })).await;
    let made = house.post(&admin, "/api/keys", &json!({ "name": "script", "role": "owner" })).await.ok();
    let key = Person { access: made["token"].as_str().unwrap().to_owned(), ..admin.clone() };
    let webhook = house.post(&admin, "/api/webhooks", &json!({ "url": "https://hooks.example/" })).await.ok();
    let business = (&business, webhook["id"].as_str().unwrap());
    house.later(15 * MINUTE_MS);
    let stale = refreshed(&house, &admin).await;
    let before = house.get(&stale, &of(business.0, "")).await.ok();
    for operation in &guarded() {
        try_it(&house, business, None, operation).await.problem(401, "not-signed-in");
        try_it(&house, business, Some(&key), operation).await.problem(403, "human-required");
        try_it(&house, business, Some(&stale), operation).await.problem(403, "step-up-required");
    }
    let after = house.get(&stale, &of(business.0, "")).await.ok();
    assert_eq!((&after["autonomy"], &after["events"]), (&before["autonomy"], &before["events"]), "nothing was done");
    house.post(&key, "/api/auth/step-up", &json!({ "password": PASSWORD })).await.problem(403, "human-required");
    house.post(&stale, "/api/auth/step-up", &json!({ "password": "not-the-password" })).await.problem(401, "wrong-credentials");
    house.post(&stale, "/api/auth/step-up", &json!({})).await.problem(422, "invalid");
    house.post(&stale, "/api/keys", &json!({ "name": "x", "role": "viewer" })).await.problem(403, "step-up-required");
    house.post(&stale, "/api/auth/step-up", &json!({ "password": PASSWORD })).await.ok();
    let mut ends = Vec::new();
    for operation in &guarded() {
        let told = try_it(&house, business, Some(&stale), operation).await;
        ends.push(told.status);
        let refused = told.body["type"].as_str().unwrap_or_default();
        assert!(
            !["human-required", "step-up-required", "not-signed-in", "forbidden"].iter().any(|slug| refused.ends_with(slug)),
            "{told:?}"
        );
    }
    let expected = [
        404, 404, 404, 200, 200, 428, 409, 409, 201, 201, 404, 201, 404, 401, 404, 409, 404, 422, 401, 409, 409, 409, 409, 422, 200, 202,
        200, 204,
    ];
    assert_eq!(ends, expected);
    // It counts until the last moment, and in this session only.
    let elsewhere = house.login("admin").await;
    house.later(15 * MINUTE_MS - 1);
    let stale = refreshed(&house, &stale).await;
    house.post(&stale, "/api/keys", &json!({ "name": "x", "role": "viewer" })).await.ok();
    house.later(1);
    house.post(&stale, "/api/keys", &json!({ "name": "x", "role": "viewer" })).await.problem(403, "step-up-required");
    let elsewhere = refreshed(&house, &elsewhere).await;
    house.post(&elsewhere, "/api/auth/step-up", &json!({ "password": PASSWORD })).await.ok();
    house.post(&stale, "/api/keys", &json!({ "name": "x", "role": "viewer" })).await.problem(403, "step-up-required");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn less_is_set_paused_and_ended_by_keys_and_without_showing_anything() {
    let house = House::new().await;
    let admin = house.admin().await;
    let made = house.post(&admin, "/api/keys", &json!({ "name": "script", "role": "owner" })).await.ok();
    let key = Person { access: made["token"].as_str().unwrap().to_owned(), ..admin.clone() };
    house.later(15 * MINUTE_MS);
    let stale = refreshed(&house, &admin).await;
    for who in [&key, &stale] {
        let business = house.launch(who, json!({ "pace": "realtime", "autonomy": 4, "days": 30 })).await;
        let set = |body: Value| {
            let (house, who, path) = (&house, who, of(&business, "/autonomy"));
            async move { Answer::of(house.request(Method::PUT, &path).bearer_auth(&who.access).json(&body)).await.status }
        };
        assert_eq!(set(json!({ "level": 5 })).await, 403);
        assert_eq!(set(json!({ "level": 4 })).await, 200, "as it is");
        assert_eq!(set(json!({ "level": 4, "kind": "send_email" })).await, 403, "it would keep that when all others are lowered");
        assert_eq!(set(json!({ "level": 3, "kind": "send_email" })).await, 200);
        assert_eq!(set(json!({ "level": 2 })).await, 200);
        assert_eq!(set(json!({ "level": 3 })).await, 403);
        assert_eq!(set(json!({ "level": 4, "kind": "send_email" })).await, 403);
        assert_eq!(set(json!({ "level": 1, "kind": "send_email" })).await, 200);
        assert_eq!(set(json!({ "level": 3, "kind": "send_email" })).await, 403);
        for command in ["/pause", "/resume", "/stop"] {
            house.post(who, &of(&business, command), &json!({})).await.ok();
        }
    }
    let sessions = house.get(&stale, "/api/sessions").await.ok();
    let path = format!("/api/sessions/{}", sessions["sessions"][0]["id"].as_str().unwrap());
    Answer::of(house.request(Method::DELETE, &path).bearer_auth(&key.access)).await.problem(403, "human-required");
    house.post(&key, "/api/auth/logout", &json!({})).await.problem(403, "human-required");
    assert_eq!(house.post(&stale, "/api/auth/logout", &json!({})).await.status, 204);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_has_a_second_factor_shows_that_and_not_the_password() {
    let house = House::new().await;
    let admin = house.admin().await;
    let (app, codes) = house.enrol(&admin).await;
    house.later(15 * MINUTE_MS);
    let admin = refreshed(&house, &admin).await;
    let step_up = |body: Value| {
        let (house, admin) = (&house, &admin);
        async move { house.post(admin, "/api/auth/step-up", &body).await }
    };
    let nobody = json!({});
    let make = || house.post(&admin, "/api/invitations", &nobody);
    make().await.problem(403, "step-up-required");
    step_up(json!({ "password": PASSWORD })).await.problem(401, "second-factor-required");
    step_up(json!({ "totp": "none", "password": PASSWORD })).await.problem(401, "wrong-credentials");
    make().await.problem(403, "step-up-required");
    step_up(json!({ "totp": house.code(&app) })).await.ok();
    make().await.ok();
    step_up(json!({ "totp": house.code(&app) })).await.problem(401, "wrong-credentials");
    house.later(15 * MINUTE_MS);
    let admin = refreshed(&house, &admin).await;
    house.post(&admin, "/api/invitations", &json!({})).await.problem(403, "step-up-required");
    house.post(&admin, "/api/auth/step-up", &json!({ "recovery_code": codes[0] })).await.ok();
    house.post(&admin, "/api/invitations", &json!({})).await.ok();
    for _ in 0..6 {
        house.post(&admin, "/api/auth/step-up", &json!({ "totp": "none" })).await.problem(401, "wrong-credentials");
    }
    house.post(&admin, "/api/auth/step-up", &json!({ "recovery_code": codes[1] })).await.problem(429, "too-many-requests");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_that_changes_something_is_said_to_need_it_or_not_to() {
    let house = House::new().await;
    let api = Answer::of(house.request(Method::GET, "/api/openapi.json")).await.ok();
    let known: BTreeSet<String> = guarded()
        .iter()
        .map(|(method, path, _)| format!("{} {path}", method.as_str().to_lowercase()))
        .chain(FREE.map(str::to_owned))
        .collect();
    for (path, item) in api["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys().filter(|method| *method != "get") {
            assert!(known.contains(&format!("{method} {path}")), "does {method} {path} need somebody who has just shown who they are?");
        }
    }
}
