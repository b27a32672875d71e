//! Linking a provider to an account, unlinking it, and accounts without a password.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Browser, Scene};
use crate::serve::{House, PASSWORD, Person};

const MINUTE_MS: i64 = 60_000;

/// A browser in which somebody with a password has signed in.
async fn signed_in<'a>(scene: &'a Scene, who: &Person) -> Browser<'a> {
    let mut browser = scene.browser();
    browser.post("/api/auth/login", &json!({ "email": who.email, "password": PASSWORD, "delivery": "cookie" })).await.ok();
    browser
}

async fn begin_link(browser: &mut Browser<'_>, name: &str) -> String {
    let told = browser.post("/api/me/identities", &json!({ "provider": "sso" })).await.ok();
    let to = told["location"].as_str().unwrap().parse().unwrap();
    let back = browser.sign_in_there(&to, name).await;
    browser.come_back(&back).await
}

async fn enters(scene: &Scene, name: &str) -> u16 {
    let mut browser = scene.browser();
    let back = browser.go("sso", &json!({}), name).await;
    browser.come_back(&back).await;
    browser.post("/api/auth/finish", &json!({})).await.status
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_signed_in_and_has_just_shown_it_links_a_provider_and_nobody_else_does() {
    let scene = Scene::new().await;
    let house = &scene.house;
    let admin = house.admin().await;
    let (ada, eve) = (house.guest(&admin, "ada").await, house.guest(&admin, "eve").await);
    let mut browser = signed_in(&scene, &ada).await;
    assert_eq!(begin_link(&mut browser, "ada-there").await, "link");
    // It is for this session of this user, and for what it was begun for.
    let mut other = signed_in(&scene, &eve).await;
    other.cookies.extend(browser.cookies.clone().into_iter().filter(|((_, name), _)| name == "__Host-bbb-sign-in"));
    other.post("/api/me/identities/finish", &Value::Null).await.problem(409, "conflict");
    let mut again = signed_in(&scene, &ada).await;
    again.cookies.extend(browser.cookies.clone().into_iter().filter(|((_, name), _)| name == "__Host-bbb-sign-in"));
    again.post("/api/me/identities/finish", &Value::Null).await.problem(409, "conflict");
    browser.post("/api/auth/finish", &json!({})).await.problem(409, "conflict");
    browser.post("/api/auth/step-up/finish", &Value::Null).await.problem(409, "conflict");
    assert_eq!(enters(&scene, "ada-there").await, 403, "it is not linked yet");
    let row = browser.post("/api/me/identities/finish", &Value::Null).await.ok();
    assert_eq!((&row["provider"], &row["email"]), (&json!("The sso"), &json!("ada-there@example.org")));
    assert_eq!(enters(&scene, "ada-there").await, 200);
    // Once is enough, and it is nobody else's from here on.
    assert_eq!(begin_link(&mut browser, "ada-there").await, "link");
    browser.post("/api/me/identities/finish", &Value::Null).await.problem(409, "conflict");
    let mut other = signed_in(&scene, &eve).await;
    begin_link(&mut other, "ada-there").await;
    other.post("/api/me/identities/finish", &Value::Null).await.problem(409, "conflict");
    // A sign-in that somebody else began links nothing.
    let back = other.go("sso", &json!({}), "eve-there").await;
    other.come_back(&back).await;
    other.post("/api/me/identities/finish", &Value::Null).await.problem(409, "conflict");

    begin_link(&mut browser, "ada-elsewhere").await;
    house.later(15 * MINUTE_MS);
    browser.post("/api/me/identities", &json!({ "provider": "sso" })).await.problem(403, "step-up-required");
    browser.post("/api/me/identities/finish", &Value::Null).await.problem(403, "step-up-required");
    let path = format!("/api/me/identities/{}", row["id"].as_str().unwrap());
    browser.ask(Method::DELETE, &path, &Value::Null).await.problem(403, "step-up-required");
    browser.post("/api/auth/step-up", &json!({ "password": PASSWORD })).await.ok();
    let others_identity = house.request(Method::DELETE, &path).bearer_auth(&house.login("eve").await.access);
    crate::serve::Answer::of(others_identity).await.problem(404, "not-found");
    let elsewhere = house.login("ada").await;
    browser.ask(Method::DELETE, &path, &Value::Null).await.ok();
    house.get(&elsewhere, "/api/me").await.problem(401, "not-signed-in");
    browser.get("/api/me").await.ok();
    scene.set_clock();
    assert_eq!(enters(&scene, "ada-there").await, 403);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_has_no_password_keeps_the_last_way_in_shows_who_they_are_by_it_and_sets_a_password() {
    let scene = Scene::new().await;
    let house = &scene.house;
    let admin = house.admin().await;
    let mut ada = scene.registered(&admin, "ada").await;
    house.ask("/api/auth/login", &json!({ "email": "ada@example.org", "password": PASSWORD })).await.problem(401, "wrong-credentials");
    let identities = ada.get("/api/me/identities").await.ok();
    let path = format!("/api/me/identities/{}", identities["identities"][0]["id"].as_str().unwrap());
    let told = ada.ask(Method::DELETE, &path, &Value::Null).await.problem(409, "conflict");
    assert!(told["detail"].as_str().unwrap().contains("last way"), "{told}");

    house.later(15 * MINUTE_MS);
    ada.post("/api/keys", &json!({ "name": "x", "role": "viewer" })).await.problem(403, "step-up-required");
    ada.post("/api/auth/password", &json!({ "new": "another-horse-battery-9" })).await.problem(403, "step-up-required");
    let told = ada.post("/api/auth/step-up", &json!({})).await.problem(422, "invalid");
    assert!(told["detail"].as_str().unwrap().contains("/api/auth/step-up/{provider}"), "{told}");
    ada.post("/api/auth/step-up", &json!({ "password": PASSWORD })).await.problem(401, "wrong-credentials");
    // Somebody else at the provider shows nothing about Ada.
    scene.set_clock();
    house.later(1_000);
    let shows = |name: &'static str| {
        let mut browser = ada.clone();
        async move {
            let told = browser.post("/api/auth/step-up/sso", &Value::Null).await.ok();
            let to: reqwest::Url = told["location"].as_str().unwrap().parse().unwrap();
            assert!(to.as_str().contains("max_age=0"), "{to}");
            // Afresh: in the provider's own cookies somebody else may be signed in.
            browser.cookies.retain(|(_, cookie), _| cookie.starts_with("__Host-"));
            let back = browser.sign_in_there(&to, name).await;
            assert_eq!(browser.come_back(&back).await, "step-up");
            browser.post("/api/auth/step-up/finish", &Value::Null).await
        }
    };
    shows("eve").await.problem(401, "wrong-credentials");
    shows("ada").await.ok();
    ada.post("/api/keys", &json!({ "name": "x", "role": "viewer" })).await.ok();
    ada.post("/api/auth/password", &json!({ "new": "short" })).await.problem(422, "invalid");
    ada.post("/api/auth/password", &json!({ "new": "another-horse-battery-9" })).await.ok();
    // From here on there is one, and it must be given.
    ada.post("/api/auth/password", &json!({ "new": "yet-another-horse-10" })).await.problem(422, "invalid");
    ada.post("/api/me/totp", &json!({})).await.problem(422, "invalid");
    house.ask("/api/auth/login", &json!({ "email": "ada@example.org", "password": "another-horse-battery-9" })).await.ok();
    ada.ask(Method::DELETE, &path, &Value::Null).await.ok();
    assert_eq!(ada.get("/api/me/identities").await.ok(), json!({ "password": true, "identities": [] }));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_provider_that_is_configured_no_more_says_is_no_way_in() {
    let mut scene = Scene::new().await;
    let admin = scene.house.admin().await;
    let cookies = scene.registered(&admin, "ada").await.cookies;
    scene.house.stop().await;
    let mut elsewhere = scene.house.config.server.sign_in[0].clone();
    elsewhere.issuer = "http://127.0.0.1:9".to_owned();
    scene.house.config.server.sign_in = vec![elsewhere];
    scene.house.start().await;
    let mut ada = scene.browser();
    let here = |house: &House| house.daemon().address().to_string();
    ada.cookies = cookies.into_iter().map(|((_, name), value)| ((here(&scene.house), name), value)).collect();
    ada.post("/api/auth/password", &json!({ "new": "another-horse-battery-9" })).await.ok();
    let listed = ada.get("/api/me/identities").await.ok();
    assert_eq!(listed["identities"][0]["provider"], json!(format!("http://127.0.0.1:{}", scene.provider.ports[0])));
}
