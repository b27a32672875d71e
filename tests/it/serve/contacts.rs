//! Contacts: everybody of a tenant sees how far they have come, and who they are those who run the business.

use reqwest::Method;
use serde_json::{Value, json};

use super::live::read_to_the_end;
use super::{Answer, House, of};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn contacts_are_listed_in_pages_and_who_they_are_is_for_those_who_run_the_business() {
    let house = House::new().await;
    let admin = house.admin().await;
    let business = house.launch(&admin, json!({ "days": 20 })).await;
    read_to_the_end(&house, &admin, &business).await;
    let (mut seen, mut path) = (Vec::new(), of(&business, "/contacts?limit=3"));
    loop {
        let page = house.get(&admin, &path).await.ok();
        let contacts = page["contacts"].as_array().unwrap();
        assert!(contacts.len() <= 3 && page["simulated"] == true && page["personal"] == true, "{page}");
        seen.extend(contacts.clone());
        let Some(next) = page["next"].as_str() else { break };
        path = of(&business, &format!("/contacts?limit=3&cursor={next}"));
    }
    let told = house.get(&admin, &of(&business, "")).await.ok();
    assert_eq!(json!(seen.len()), told["leads"]);
    let ids: Vec<&str> = seen.iter().map(|one| one["contact"].as_str().unwrap()).collect();
    assert!(ids.len() > 3 && ids.is_sorted() && ids.windows(2).all(|two| two[0] != two[1]), "{ids:?}");
    assert!(seen.iter().all(|one| one["profile"]["email"].is_string()), "{seen:?}");

    let wanted = json!({ "role": "approver", "email": "seer@example.org", "tenant": admin.tenant });
    let invited = house.post(&admin, "/api/invitations", &wanted).await.ok();
    house.register(invited["token"].as_str(), "seer").await.ok();
    let seer = house.login("seer").await;
    let all = house.get(&seer, &of(&business, "/contacts?limit=200")).await;
    let tag = all.header("etag").to_owned();
    let all = all.ok();
    assert_eq!((all["contacts"].as_array().unwrap().len(), &all["personal"]), (seen.len(), &json!(false)));
    assert!(all["contacts"].as_array().unwrap().iter().all(|one| one["profile"] == Value::Null));
    let text = all.to_string();
    assert!(!seen.iter().any(|one| text.contains(one["profile"]["email"].as_str().unwrap())), "an address is shown");
    let again = house.request(Method::GET, &of(&business, "/contacts?limit=200")).bearer_auth(&seer.access).header("if-none-match", tag);
    assert_eq!(Answer::of(again).await.status, 304);
    for query in ["?limit=0", "?limit=201", "?cursor=AQ", "?cursor=x"] {
        house.get(&admin, &of(&business, &format!("/contacts{query}"))).await.problem(422, "invalid");
    }
}
