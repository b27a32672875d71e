//! Removing somebody: what goes, what stays, and when not.

use reqwest::Method;
use serde_json::{Value, json};

use super::live::read_to_the_end;
use super::{Answer, House, PASSWORD, Person, of};

async fn remove(house: &House, who: &Person) -> Answer {
    house.delete(who, "/api/me", &json!({ "email": who.email })).await
}

/// The text of every row of the accounts, keys as hex.
async fn rows(house: &mut House) -> String {
    use redb::{ReadableDatabase as _, TableHandle as _};
    house.stop().await;
    let path = house.data().path().join("accounts.redb");
    let text = tokio::task::spawn_blocking(move || {
        let database = redb::Database::open(path).unwrap();
        let read = database.begin_read().unwrap();
        let mut text = String::new();
        let names: Vec<String> = read.list_tables().unwrap().map(|table| table.name().to_owned()).collect();
        for name in names {
            let table = read.open_table(redb::TableDefinition::<&[u8], &[u8]>::new(&name)).unwrap();
            for entry in redb::ReadableTable::iter(&table).unwrap() {
                let (key, value) = entry.unwrap();
                // Addresses and ids are keys too.
                let shown = String::from_utf8_lossy(key.value()).replace(char::is_control, "");
                let key: String = key.value().iter().map(|byte| format!("{byte:02x}")).collect();
                text.push_str(&format!("{name} {key} {shown} {}\n", String::from_utf8_lossy(value.value())));
            }
        }
        text
    });
    let text = text.await.unwrap();
    house.start().await;
    text
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_removed_leaves_nothing_that_names_them_or_lets_anybody_in() {
    let mut house = House::new().await;
    let admin = house.admin().await;
    let ada = house.guest(&admin, "ada").await;
    let bob = house.guest(&admin, "bob").await;
    // Ada has everything that there is: members, memberships, invitations, keys, a second factor, answers that are kept, a business that is over, and one launched for Bob.
    let invite = |who: &Person, role: &str| {
        let (house, who, role) = (&house, who.clone(), role.to_owned());
        async move { house.post(&who, "/api/invitations", &json!({ "role": role })).await.ok() }
    };
    let into_adas = invite(&ada, "operator").await;
    let body = json!({ "token": into_adas["token"] });
    house.post(&bob, "/api/invitations/accept", &body).await.ok();
    let into_bobs = invite(&bob, "operator").await;
    house.post(&ada, "/api/invitations/accept", &json!({ "token": into_bobs["token"] })).await.ok();
    let unused = invite(&ada, "viewer").await;
    house.enrol(&ada).await;
    let key = house.post(&ada, "/api/keys", &json!({ "name": "script", "role": "owner" })).await.ok();
    let launched = house.launch(&ada, json!({ "days": 1 })).await;
    read_to_the_end(&house, &ada, &launched).await;
    let body = json!({ "blueprint": super::TEMPLATE, "seed": 43, "days": 2, "tenant": bob.tenant, "pace": "realtime" });
    let request = house.request(Method::POST, "/api/businesses/launch").bearer_auth(&ada.access).header("idempotency-key", "once");
    let for_bob = Answer::of(request.json(&body)).await.ok();
    let me = house.get(&ada, "/api/me").await.ok();
    let names = |of: &Value| ["id", "tenant"].map(|field| of[field].as_str().unwrap().split_once('_').unwrap().1.to_owned());
    let before = rows(&mut house).await;
    assert!(names(&me).iter().all(|name| before.contains(name.as_str())) && before.contains("ada@example.org"));

    house.delete(&ada, "/api/me", &json!({ "email": "bob@example.org" })).await.problem(422, "invalid");
    let program = Person { access: key["token"].as_str().unwrap().to_owned(), ..ada.clone() };
    remove(&house, &program).await.problem(403, "human-required");
    remove(&house, &ada).await.ok();
    for who in [&ada, &program] {
        house.get(who, "/api/me").await.problem(401, "not-signed-in");
    }
    house.ask("/api/auth/refresh", &json!({ "refresh_token": ada.refresh })).await.problem(401, "wrong-credentials");
    house.ask("/api/auth/login", &json!({ "email": "ada@example.org", "password": PASSWORD })).await.problem(401, "wrong-credentials");
    house.register(unused["token"].as_str(), "eve").await.problem(403, "forbidden");
    // Her tenant is nobody's, what she launched for Bob is his as before, and of her business only the operator knows.
    house.get(&bob, &format!("/api/members?tenant={}", ada.tenant)).await.problem(404, "not-found");
    house.get(&bob, &of(&for_bob, "")).await.ok();
    for who in [&bob, &admin] {
        house.get(who, &of(&launched, "")).await.problem(404, "not-found");
    }
    let id = launched["id"].as_str().unwrap().parse().unwrap();
    assert!(house.daemon().service().now(id).await.is_ok(), "its journal stays");
    let after = rows(&mut house).await;
    let [id, tenant] = names(&me);
    let left: Vec<&str> = after.lines().filter(|line| line.contains(&id) || line.contains("ada@example.org")).collect();
    assert_eq!(left, Vec::<&str>::new());
    let left: Vec<&str> = after.lines().filter(|line| line.contains(&tenant)).filter_map(|line| line.split(' ').next()).collect();
    assert_eq!(left, ["businesses", "businesses_by_tenant"], "whose the journal was: a name that nobody has");
    // The address is free again, for somebody else.
    let again = house.guest(&admin, "ada").await;
    assert_ne!(house.get(&again, "/api/me").await.ok()["id"], me["id"]);
    house.get(&again, &of(&launched, "")).await.problem(404, "not-found");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_is_removed_whose_business_runs_and_nobody_launches_for_who_is_gone() {
    use bbb_host::accounts::{BusinessRow, Error, Owner};
    let house = House::new().await;
    let admin = house.admin().await;
    let ada = house.guest(&admin, "ada").await;
    let running = house.launch(&ada, json!({ "pace": "realtime" })).await;
    let told = remove(&house, &ada).await.problem(409, "conflict");
    assert!(told["detail"].as_str().unwrap().contains("end these first"), "{told}");
    house.post(&ada, &of(&running, "/pause"), &json!({})).await.ok();
    remove(&house, &ada).await.problem(409, "conflict");
    house.post(&ada, &of(&running, "/stop"), &json!({})).await.ok();
    read_to_the_end(&house, &ada, &running).await;
    house.later(15 * 60_000);
    let told = house.ask("/api/auth/refresh", &json!({ "refresh_token": ada.refresh })).await.ok();
    let stale = Person { access: told["access_token"].as_str().unwrap().to_owned(), ..ada.clone() };
    remove(&house, &stale).await.problem(403, "step-up-required");
    house.post(&stale, "/api/auth/step-up", &json!({ "password": PASSWORD })).await.ok();
    remove(&house, &stale).await.ok();
    // A launch that was under way meanwhile comes too late.
    let accounts = house.daemon().accounts();
    let row = BusinessRow {
        tenant: ada.tenant.parse().unwrap(),
        by: None,
        at: accounts.now(),
        pace: bbb_agents::world::Pace::Fast,
        owner: Owner::Simulated,
    };
    let claimed = accounts.claim("biz_00000000000000aa".parse().unwrap(), row, 9, std::collections::BTreeSet::new()).await;
    assert_eq!(claimed, Err(Error::NotFound));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_operator_removes_users_and_an_administrator_too_who_is_then_made_anew() {
    let house = House::new().await;
    let admin = house.admin().await;
    let ada = house.guest(&admin, "ada").await;
    remove(&house, &admin).await.problem(409, "conflict");
    let running = house.launch(&ada, json!({ "pace": "realtime" })).await;
    let (code, _, said) = super::admin::admin(&house, &["remove", "ada@example.org"]).await;
    assert!(code == 4 && said.contains("end these first"), "{said}");
    house.post(&ada, &of(&running, "/stop"), &json!({})).await.ok();
    read_to_the_end(&house, &ada, &running).await;
    let (code, told, _) = super::admin::admin(&house, &["remove", "ada@example.org"]).await;
    assert_eq!((code, &told["removed"]), (0, &json!(true)));
    house.get(&ada, "/api/me").await.problem(401, "not-signed-in");
    assert_eq!(super::admin::admin(&house, &["remove", "admin@example.org"]).await.0, 0);
    assert_eq!(super::admin::admin(&house, &["users"]).await.1, json!({ "users": [] }));
    house.admin().await;
}
