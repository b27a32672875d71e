//! Taking over somebody's account by what a provider says: an address is no identity.

use serde_json::json;

use super::Scene;
use crate::serve::House;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unknown_identity_with_the_address_of_an_account_signs_nobody_in_to_it() {
    let scene = Scene::with(|_, config| config.server.registration = bbb_host::config::Registration::Open).await;
    let house = &scene.house;
    let admin = house.admin().await;
    house.guest(&admin, "ada").await;
    let invited = house.post(&admin, "/api/invitations", &json!({})).await.ok();
    for (name, body) in [
        ("eve+ada@example.org", json!({})),
        ("ada", json!({})),
        ("ada", json!({ "token": invited["token"] })),
        ("eve+ADA@Example.org", json!({})),
    ] {
        let mut eve = scene.browser();
        let back = eve.go("sso", &body, name).await;
        assert_eq!(eve.come_back(&back).await, "finish");
        let told = eve.post("/api/auth/finish", &json!({})).await.problem(409, "conflict");
        assert!(told["detail"].as_str().unwrap().contains("link this provider"), "{told}");
        assert!(eve.cookie("__Host-bbb-session").is_none());
        eve.get("/api/me").await.problem(401, "not-signed-in");
    }
    assert_eq!(users(house), 2);
    house.login("ada").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_that_the_provider_does_not_vouch_for_registers_nobody() {
    let scene = Scene::with(|_, config| config.server.registration = bbb_host::config::Registration::Open).await;
    let house = &scene.house;
    house.admin().await;
    for name in ["unverified", "unverified+admin@example.org", "eve+no address", "eve+"] {
        let mut eve = scene.browser();
        let back = eve.go("sso", &json!({}), name).await;
        eve.come_back(&back).await;
        let told = eve.post("/api/auth/finish", &json!({})).await;
        if name == "eve+" {
            // Without one of their own they have the one of their name.
            told.ok();
        } else {
            assert!([409, 422].contains(&told.status), "{name}: {told:?}");
        }
    }
    assert_eq!(users(house), 2);
    // Whose identity is known signs in, whatever their address is by now.
    let mut known = scene.browser();
    let back = known.go("sso", &json!({}), "eve+").await;
    known.come_back(&back).await;
    known.post("/api/auth/finish", &json!({})).await.ok();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn somebody_who_is_locked_does_not_come_in_by_a_provider() {
    let scene = Scene::new().await;
    let house = &scene.house;
    let admin = house.admin().await;
    let mut ada = scene.registered(&admin, "ada").await;
    let id = ada.get("/api/me").await.ok()["id"].as_str().unwrap().parse().unwrap();
    house.daemon().accounts().lock_user(id).await.unwrap();
    ada.get("/api/me").await.problem(401, "not-signed-in");
    let back = ada.go("sso", &json!({}), "ada").await;
    ada.come_back(&back).await;
    ada.post("/api/auth/finish", &json!({})).await.problem(403, "forbidden");
}

fn users(house: &House) -> usize {
    house.daemon().accounts().users().unwrap().len()
}
