//! API keys and passwords: what programs may do in somebody's name, and what only they may.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Answer, House, PASSWORD, Person, of};

const DAY_MS: i64 = 24 * 60 * 60_000;

async fn key(house: &House, who: &Person, role: &str, days: u32) -> (String, Person) {
    let made = house.post(who, "/api/keys", &json!({ "name": "my script", "role": role, "days": days })).await.ok();
    let person = Person { access: made["token"].as_str().unwrap().to_owned(), ..who.clone() };
    assert!(person.access.starts_with("bbb_ak_"), "those who look for leaks find it");
    (made["id"].as_str().unwrap().to_owned(), person)
}

fn delete<'a>(house: &'a House, who: &Person, path: &str) -> impl Future<Output = Answer> + use<'a> {
    Answer::of(house.request(Method::DELETE, path).bearer_auth(&who.access))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_may_do_what_its_role_allows_and_changes_nothing_of_the_account() {
    let mut house = House::new().await;
    let admin = house.admin().await;
    let eve = house.guest(&admin, "eve").await;
    let business = house.launch(&admin, json!({ "pace": "realtime" })).await;
    let (id, viewer) = key(&house, &admin, "viewer", 30).await;
    let (_, owner) = key(&house, &admin, "owner", 90).await;
    house.get(&viewer, &of(&business, "")).await.ok();
    house.post(&viewer, &of(&business, "/pause"), &json!({})).await.problem(403, "forbidden");
    house.post(&owner, &of(&business, "/pause"), &json!({})).await.ok();
    let (_, eves) = key(&house, &eve, "owner", 90).await;
    house.get(&eves, &of(&business, "")).await.problem(404, "not-found");
    for (path, body) in [
        ("/api/keys", json!({ "name": "another", "role": "owner" })),
        ("/api/invitations", json!({ "role": "viewer" })),
        ("/api/invitations", json!({})),
        ("/api/auth/password", json!({ "current": PASSWORD, "new": "another-horse-battery-9" })),
        ("/api/auth/logout", json!({})),
    ] {
        house.post(&owner, path, &body).await.problem(403, "human-required");
    }
    house.get(&owner, "/api/admin/users").await.problem(403, "human-required");
    delete(&house, &owner, &format!("/api/keys/{id}")).await.problem(403, "human-required");
    delete(&house, &eve, &format!("/api/keys/{id}")).await.problem(404, "not-found");
    let names: Vec<Value> = house.get(&admin, "/api/keys").await.ok()["keys"].as_array().unwrap().clone();
    assert!(names.len() == 2 && names.iter().all(|key| key.get("token").is_none()), "it is shown once");
    house.stop().await;
    house.start().await;
    house.get(&viewer, "/api/me").await.ok();
    assert_eq!(delete(&house, &admin, &format!("/api/keys/{id}")).await.status, 204);
    house.get(&viewer, "/api/me").await.problem(401, "not-signed-in");
    house.later(90 * DAY_MS);
    house.get(&owner, "/api/me").await.problem(401, "not-signed-in");
    let admin = house.login("admin").await;
    assert_eq!(house.get(&admin, "/api/keys").await.ok()["keys"], json!([]));
    for (body, field) in [
        (json!({ "name": "", "role": "owner" }), "name"),
        (json!({ "name": "x", "role": "admin" }), "role"),
        (json!({ "name": "x", "role": "owner", "days": 0 }), "days"),
        (json!({ "name": "x", "role": "owner", "days": 400 }), "days"),
    ] {
        assert_eq!(house.post(&admin, "/api/keys", &body).await.problem(422, "invalid")["errors"][0]["field"], field);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_changed_password_ends_all_other_sessions_and_needs_the_current_one() {
    let house = House::new().await;
    let (one, other) = (house.admin().await, house.login("admin").await);
    let change = |current: &'static str, new: &'static str| {
        let (house, one) = (&house, &one);
        async move { house.post(one, "/api/auth/password", &json!({ "current": current, "new": new })).await }
    };
    change("not-the-password", "another-horse-battery-9").await.problem(401, "wrong-credentials");
    change(PASSWORD, "password123").await.problem(422, "weak-password");
    house.get(&other, "/api/me").await.ok();
    assert_eq!(change(PASSWORD, "another-horse-battery-9").await.status, 204);
    house.get(&one, "/api/me").await.ok();
    house.get(&other, "/api/me").await.problem(401, "not-signed-in");
    house.ask("/api/auth/refresh", &json!({ "refresh_token": other.refresh })).await.problem(401, "wrong-credentials");
    let sign_in = |password: &str| json!({ "email": one.email, "password": password });
    house.ask("/api/auth/login", &sign_in(PASSWORD)).await.problem(401, "wrong-credentials");
    house.ask("/api/auth/login", &sign_in("another-horse-battery-9")).await.ok();
}
