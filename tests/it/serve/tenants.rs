//! Whose businesses are whose: others' are not there.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};

use super::live::read_to_the_end;
use super::{Answer, House, Person, of};

const UNKNOWN: &str = "biz_00000000000000aa";

/// Every path of the description that names a business, with its methods.
async fn paths_of_businesses(house: &House) -> Vec<(Method, String)> {
    let api = Answer::of(house.request(Method::GET, "/api/openapi.json")).await.ok();
    let mut found = Vec::new();
    for (path, item) in api["paths"].as_object().unwrap() {
        if path.contains("{id}") || path.contains("{business_id}") {
            let methods = item.as_object().unwrap().keys();
            found.extend(methods.map(|method| (method.to_uppercase().parse().unwrap(), path.replace("{proposal}", "prop_1"))));
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_path_of_the_description_answers_another_tenants_business_as_one_that_is_not_there() {
    let house = House::new().await;
    let admin = house.admin().await;
    let (ada, eve) = (house.guest(&admin, "ada").await, house.guest(&admin, "eve").await);
    let business = house.launch(&ada, json!({ "pace": "realtime" })).await;
    let id = business["id"].as_str().unwrap();
    let paths = paths_of_businesses(&house).await;
    assert!(paths.len() >= 26, "{paths:?}");
    for (method, path) in paths {
        let to = |id: &str| path.replace("{id}", id).replace("{business_id}", id);
        let request = |id: &str| house.request(method.clone(), &to(id)).header("content-type", "application/json").body("{}");
        let mut answers = Vec::new();
        for who in [&eve, &admin] {
            for id in [id, UNKNOWN, "biz_x", "%2e%2e"] {
                let mut told = Answer::of(request(id).bearer_auth(&who.access)).await.problem(404, "not-found");
                told.as_object_mut().unwrap().remove("instance");
                answers.push(told.to_string());
            }
        }
        assert_eq!(answers.iter().collect::<BTreeSet<_>>().len(), 1, "{method} {path}: {answers:?}");
        Answer::of(request(id)).await.problem(401, "not-signed-in");
        // Its body may have no end.
        let own = request(id).bearer_auth(&ada.access).send().await.unwrap().status().as_u16();
        let about_the_proposal = path.contains("prop_1");
        assert!(own != 401 && (own != 404 || about_the_proposal), "{method} {path}: {own}");
    }
    assert_eq!(house.get(&eve, "/api/businesses").await.ok()["businesses"], json!([]));
    house.get(&eve, &format!("/api/businesses?tenant={}", ada.tenant)).await.problem(404, "not-found");
    house.get(&eve, &format!("/api/members?tenant={}", ada.tenant)).await.problem(404, "not-found");
    let body = json!({ "blueprint": "Grant Writing Consultancy", "tenant": ada.tenant });
    house.post(&eve, "/api/businesses/launch", &body).await.problem(404, "not-found");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn members_do_what_their_role_allows() {
    let house = House::new().await;
    let admin = house.admin().await;
    let owner = house.guest(&admin, "owner").await;
    let mut people = Vec::new();
    for role in ["viewer", "approver", "operator"] {
        let body = json!({ "role": role, "email": format!("{role}@example.org") });
        let invited = house.post(&owner, "/api/invitations", &body).await.ok();
        house.register(invited["token"].as_str(), role).await.ok();
        people.push(house.login(role).await);
    }
    let business = house.launch(&owner, json!({ "pace": "realtime", "autonomy": 2 })).await;
    let mut statuses = Vec::new();
    for person in people.iter().chain([&owner]) {
        let seen = house.get(person, &of(&business, "/inbox")).await.status;
        let veto = house.post(person, &of(&business, "/inbox/prop_999/veto"), &json!({})).await.status;
        let pause = house.post(person, &of(&business, "/pause"), &json!({})).await.status;
        house.post(&owner, &of(&business, "/resume"), &json!({})).await.ok();
        let invite = house.post(person, "/api/invitations", &json!({ "role": "viewer", "tenant": owner.tenant })).await.status;
        statuses.push([seen, veto, pause, invite]);
    }
    // A proposal that never was is not found by those who may answer.
    assert_eq!(statuses, [[200, 403, 403, 403], [200, 404, 403, 403], [200, 404, 200, 403], [200, 404, 200, 201]]);
    for person in &people {
        house.post(person, &of(&business, "/stop"), &Value::Null).await.problem(403, "forbidden");
    }
    house.post(&owner, "/api/invitations", &json!({ "role": "owner" })).await.problem(422, "invalid");
    let members = house.get(&people[0], &format!("/api/members?tenant={}", owner.tenant)).await.ok();
    let id = |name: &str| members["members"].as_array().unwrap().iter().find(|member| member["name"] == name).unwrap()["id"].clone();
    let dismiss = |user: &Value| {
        Answer::of(house.request(Method::DELETE, &format!("/api/members/{}", user.as_str().unwrap())).bearer_auth(&owner.access))
    };
    dismiss(&id("owner")).await.problem(409, "conflict");
    dismiss(&id("viewer")).await.ok();
    house.get(&people[0], &of(&business, "")).await.problem(404, "not-found");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn somebody_with_an_account_becomes_a_member_by_accepting() {
    let house = House::new().await;
    let admin = house.admin().await;
    let (owner, ada) = (house.guest(&admin, "owner").await, house.guest(&admin, "ada").await);
    let business = house.launch(&owner, json!({ "days": 1 })).await;
    let invited = house.post(&owner, "/api/invitations", &json!({ "role": "viewer", "email": ada.email })).await.ok();
    let accept = |who: &Person, token: &Value| {
        let request = house.request(Method::POST, "/api/invitations/accept").bearer_auth(&who.access);
        Answer::of(request.json(&json!({ "token": token })))
    };
    accept(&admin, &invited["token"]).await.problem(422, "invalid");
    house.get(&ada, &of(&business, "")).await.problem(404, "not-found");
    let told = accept(&ada, &invited["token"]).await.ok();
    assert_eq!(told, json!({ "tenant": owner.tenant, "role": "viewer" }));
    house.get(&ada, &of(&business, "")).await.ok();
    house.post(&ada, &of(&business, "/stop"), &json!({})).await.problem(403, "forbidden");
    accept(&ada, &invited["token"]).await.problem(403, "forbidden");
    let again = house.post(&owner, "/api/invitations", &json!({ "role": "operator" })).await.ok();
    accept(&owner, &again["token"]).await.problem(409, "conflict");
    accept(&ada, &again["token"]).await.problem(409, "conflict");
    let plain = house.post(&admin, "/api/invitations", &json!({})).await.ok();
    accept(&ada, &plain["token"]).await.problem(403, "forbidden");
    assert_eq!(house.register(plain["token"].as_str(), "bob").await.status, 201, "what was refused did not use it up");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_launched_outside_the_daemon_is_the_first_administrators() {
    let mut house = House::new().await;
    house.stop().await;
    let id = outside(&house, 1).await;
    house.start().await;
    let admin = house.admin().await;
    assert_eq!(house.get(&admin, "/api/businesses").await.ok()["businesses"][0]["id"], id, "adopted when there is somebody");
    house.stop().await;
    let second = outside(&house, 2).await;
    house.start().await;
    let eve = house.guest(&admin, "eve").await;
    house.get(&admin, &format!("/api/businesses/{second}")).await.ok();
    house.get(&eve, &format!("/api/businesses/{second}")).await.problem(404, "not-found");
}

/// Launches a business as `bbb launch` does, without the daemon.
async fn outside(house: &House, seed: u64) -> String {
    use bbb_agents::engine::Engine;
    use bbb_agents::world::World;
    use bbb_core::blueprint;
    use bbb_core::draw::Seed;
    use bbb_core::spec::Spec;
    let data = house.data();
    let store = tokio::task::spawn_blocking(move || data.try_open_store().unwrap().unwrap()).await.unwrap();
    let engine = Engine::builder(std::sync::Arc::new(store)).build();
    let (origin, blueprint) = blueprint::resolve("Grant Writing Consultancy").unwrap();
    let spec = engine.prepare(Spec::simulated(origin, blueprint, Seed::new(seed), 2));
    let handle = engine.launch(spec.clone(), World::simulated(&spec, None)).await.unwrap();
    handle.wait().await.unwrap();
    handle.passivate().await;
    spec.id().to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_launch_that_was_cut_short_leaves_nothing() {
    use bbb_host::accounts::{BusinessRow, Owner};
    let mut house = House::with(|config| config.server.businesses_per_tenant = 1).await;
    let admin = house.admin().await;
    let accounts = std::sync::Arc::clone(house.daemon().accounts());
    let row = BusinessRow {
        tenant: admin.tenant.parse().unwrap(),
        by: None,
        at: accounts.now(),
        pace: bbb_agents::world::Pace::Fast,
        owner: Owner::Simulated,
    };
    accounts.claim(UNKNOWN.parse().unwrap(), row, 1, BTreeSet::new()).await.unwrap();
    drop(accounts);
    house.get(&admin, &format!("/api/businesses/{UNKNOWN}")).await.problem(404, "not-found");
    assert_eq!(house.get(&admin, "/api/businesses").await.ok()["businesses"], json!([]));
    let body = json!({ "blueprint": "Grant Writing Consultancy", "days": 1 });
    house.post(&admin, "/api/businesses/launch", &body).await.problem(403, "quota");
    house.stop().await;
    house.start().await;
    for _ in 0..2 {
        let launched = house.post(&admin, "/api/businesses/launch", &body).await.ok();
        read_to_the_end(&house, &admin, &launched).await;
    }
    let lasting = json!({ "blueprint": "Grant Writing Consultancy", "pace": "realtime" });
    house.post(&admin, "/api/businesses/launch", &lasting).await.ok();
    house.post(&admin, "/api/businesses/launch", &body).await.problem(403, "quota");
}
