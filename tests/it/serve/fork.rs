//! Forks: the same future with something different, as another business of the same tenant.

use reqwest::Method;
use serde_json::{Value, json};

use super::live::read_to_the_end;
use super::{Answer, House, TEMPLATE, of};

const NO_ADS: &str =
    "@id(\"we-do-not-advertise\")\n@says(\"We buy no advertising.\")\nforbid (principal, action == Action::\"run_ads\", resource);\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fork_has_the_first_days_of_its_source_and_goes_on_otherwise() {
    let house = House::new().await;
    let admin = house.admin().await;
    let source = house.launch(&admin, json!({ "days": 12 })).await;
    let original = read_to_the_end(&house, &admin, &source).await;
    let before = house.get(&admin, &of(&source, "/metrics/history")).await.ok();
    let body = json!({ "at_day": 4, "price_usd": 99.5, "channels": { "seo": 0 }, "charter": NO_ADS });
    let made = house.post(&admin, &of(&source, "/fork"), &body).await;
    assert_eq!((made.status, made.header("location")), (201, of(&made.body, "").as_str()));
    let fork = made.ok();
    assert_eq!((&fork["fork"], &source["fork"], &fork["tenant"]), (&json!(true), &json!(false), &source["tenant"]));
    assert_ne!(fork["id"], source["id"]);
    let own = read_to_the_end(&house, &admin, &fork).await;
    let at = own.iter().position(|event| event["text"].as_str().unwrap().contains("forked from")).unwrap();
    assert!(own[at]["text"].as_str().unwrap().contains("price 99.50, seo 0%"), "{}", own[at]);
    for (ours, theirs) in own[..at].iter().zip(&original) {
        assert_eq!(ours["payload"], theirs["payload"]);
    }
    assert!(own[at..].iter().zip(&original[at..]).any(|(ours, theirs)| ours["payload"] != theirs["payload"]), "something is different");
    let days = |told: &Value| told["history"].as_array().unwrap().clone();
    let after = house.get(&admin, &of(&fork, "/metrics/history")).await.ok();
    assert_eq!((days(&after).len(), &days(&after)[..4]), (12, &days(&before)[..4]));
    assert_eq!(house.get(&admin, &of(&source, "/metrics/history")).await.ok(), before, "the source stays as it was");
    let charter = house.get(&admin, &of(&fork, "/charter")).await.ok();
    assert_eq!(charter["owner_text"].as_str().map(str::trim), Some(NO_ADS.trim()));
    assert_eq!(house.get(&admin, &of(&source, "/charter")).await.ok()["owner_text"], "");
    assert_eq!(house.post(&admin, &of(&source, "/fork"), &body).await.ok()["id"], fork["id"], "the same question has the same answer");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_forked_is_refused_and_nothing_is_there() {
    let house = House::new().await;
    let admin = house.admin().await;
    let source = house.launch(&admin, json!({ "days": 2 })).await;
    let events = read_to_the_end(&house, &admin, &source).await.len();
    let ask = async |body: &Value| house.post(&admin, &of(&source, "/fork"), body).await;
    for (body, words) in [
        (json!({ "price_usd": 5 }), "give one of them"),
        (json!({ "at_event": 3, "at_day": 1, "price_usd": 5 }), "give one of them"),
        (json!({ "at_event": 3 }), "what is to be different"),
        (json!({ "at_day": 3, "price_usd": 5 }), "day 3 never ended: the business ran 2 days"),
        (json!({ "at_event": events + 1, "price_usd": 5 }), "there is no event"),
        (json!({ "at_event": 3, "price_usd": 0 }), "price"),
        (json!({ "at_event": 3, "price_usd": 2_000_000 }), "price"),
        (json!({ "at_event": 3, "strategy": "prayer" }), "is one of engine, fixed"),
        (json!({ "at_event": 3, "channels": { "fax": 1 } }), "fax"),
        (json!({ "at_event": 3, "channels": { "seo": 1001 } }), "1000"),
        (json!({ "at_event": 3, "charter": "permit (principal, action, resource);" }), "charter:1:1"),
    ] {
        let told = ask(&body).await.problem(422, "invalid");
        assert!(told["detail"].as_str().unwrap().contains(words), "{body}: {told}");
    }
    ask(&json!({ "at_event": events, "price_usd": 5 })).await.problem(409, "refused");
    assert_eq!(house.get(&admin, "/api/businesses").await.ok()["businesses"].as_array().unwrap().len(), 1);
    let invited = house
        .post(&admin, "/api/invitations", &json!({ "role": "approver", "email": "seer@example.org", "tenant": admin.tenant }))
        .await
        .ok();
    house.register(invited["token"].as_str(), "seer").await.ok();
    let seer = house.login("seer").await;
    house.post(&seer, &of(&source, "/fork"), &json!({ "at_event": 3, "price_usd": 5 })).await.problem(403, "forbidden");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn forks_count_and_a_keyed_one_is_made_once() {
    let mut house = House::with(|config| config.server.businesses_per_tenant = 2).await;
    let admin = house.admin().await;
    let lasting = json!({ "blueprint": TEMPLATE, "seed": 42, "days": 30, "pace": "realtime" });
    let source = house.post(&admin, "/api/businesses/launch", &lasting).await.ok();
    let other = house.post(&admin, "/api/businesses/launch", &json!({ "blueprint": TEMPLATE, "days": 1 })).await.ok();
    read_to_the_end(&house, &admin, &other).await;
    let send = async |house: &House, source: &Value, body: &Value| {
        let request = house.request(Method::POST, &of(source, "/fork")).bearer_auth(&admin.access);
        Answer::of(request.header("idempotency-key", "one").json(body)).await
    };
    let body = json!({ "at_event": 2, "strategy": "fixed" });
    let first = send(&house, &source, &body).await;
    assert_eq!((first.status, first.headers.contains_key("idempotency-replayed")), (201, false));
    assert_eq!(first.body["pace"], "realtime", "as the business that it is forked from");
    let again = send(&house, &source, &body).await;
    assert_eq!((again.status, again.header("idempotency-replayed"), &again.body), (201, "true", &first.body));
    send(&house, &source, &json!({ "at_event": 2, "strategy": "idle" })).await.problem(422, "invalid");
    send(&house, &other, &body).await.problem(422, "invalid");
    house.post(&admin, &of(&source, "/fork"), &json!({ "at_event": 2, "price_usd": 7 })).await.problem(403, "quota");
    house.stop().await;
    house.start().await;
    assert_eq!(send(&house, &source, &body).await.ok()["id"], first.body["id"]);
    assert_eq!(house.get(&admin, "/api/businesses").await.ok()["businesses"].as_array().unwrap().len(), 3);
}
