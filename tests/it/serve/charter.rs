//! Checking and changing the owner's policies.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Answer, House, Person, TEMPLATE, of};
use crate::cli::Place;

const NO_ADS: &str =
    "@id(\"we-do-not-advertise\")\n@says(\"We buy no advertising.\")\nforbid (principal, action == Action::\"run_ads\", resource);\n";

async fn put(house: &House, who: &Person, id: &str, tag: Option<&str>, body: &Value) -> Answer {
    let request = house.request(Method::PUT, &format!("/api/businesses/{id}/charter")).bearer_auth(&who.access);
    Answer::of(tag.into_iter().fold(request, |request, tag| request.header("if-match", tag)).json(body)).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_text_is_checked_with_its_line_and_changes_nothing() {
    let house = House::new().await;
    let admin = house.admin().await;
    let business = house.launch(&admin, json!({ "pace": "realtime" })).await;
    let before = house.get(&admin, &of(&business, "/charter")).await.ok();
    let check = async |text: &str| house.post(&admin, &of(&business, "/charter/check"), &json!({ "text": text })).await.ok();
    assert_eq!(check(NO_ADS).await, json!({ "ok": true, "policies": 1, "blueprints": [] }));
    assert_eq!(check(&format!("// blueprints: {TEMPLATE}\n{NO_ADS}")).await["blueprints"], json!([TEMPLATE]));
    assert_eq!(check("").await["policies"], 0);
    let bad = check(&format!("{NO_ADS}\n@id(\"b\") forbid (principal, action, resource) when {{ context.mail.commercial }};")).await;
    assert_eq!((&bad["ok"], &bad["line"]), (&json!(false), &json!(5)), "{bad}");
    let wide = check("@id(\"all\")\npermit (principal, action, resource);").await;
    assert_eq!((&wide["line"], &wide["column"]), (&json!(1), &json!(1)));
    assert!(wide["reason"].as_str().unwrap().contains("an owner's policy forbids"), "{wide}");
    let other = check(&format!("// blueprints: Grant Writing Consultancy\n{NO_ADS}")).await;
    assert!(other["reason"].as_str().unwrap().contains("is for Grant Writing Consultancy, not for"), "{other}");
    let file = check("/etc/passwd").await;
    assert_eq!(file["ok"], json!(false), "a text is a text, and never the name of a file: {file}");
    assert_eq!(house.get(&admin, &of(&business, "/charter")).await.ok(), before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_simulated_business_keeps_its_charter_and_says_so() {
    let house = House::new().await;
    let admin = house.admin().await;
    let business = house.launch(&admin, json!({ "pace": "realtime" })).await;
    let id = business["id"].as_str().unwrap();
    let shown = house.get(&admin, &of(&business, "/charter")).await;
    let told = put(&house, &admin, id, Some(shown.header("etag")), &json!({ "text": NO_ADS })).await.problem(409, "refused");
    assert!(told["detail"].as_str().unwrap().contains("it keeps the policies that it was launched with"), "{told}");
    let after = house.get(&admin, &of(&business, "/charter")).await;
    assert_eq!((after.header("etag"), &after.body), (shown.header("etag"), &shown.body));
}

/// Launches a shadow business as `bbb launch` does, into the directory of a house that rests.
async fn shadow(house: &House) -> String {
    let data = house.data().path().display().to_string();
    let launched = tokio::task::spawn_blocking(move || {
        let place = Place::new();
        place.write("leads.csv", "email,name,company,consent,note\nada@engines-ltd.net,Ada,Engines Ltd,yes,met at the fair\n");
        let sender = "name = \"Tester\"\naddress = \"hello@tester-co.net\"\npostal_address = \"1 Road, Town\"\nunsubscribe = \"https://tester-co.net/u\"";
        place.write("bbb.toml", &format!("[sender]\n{sender}\n"));
        let args = ["launch", TEMPLATE, "--world", "shadow", "--leads", "leads.csv", "--licence-confirmed", "--data", &data];
        let mut running = place.start(&args);
        let line = running.until("launched biz_");
        running.until("1 leads imported");
        running.signal("-TERM");
        assert_eq!(running.end(), 0);
        line.split([' ', ':']).find(|word| word.starts_with("biz_")).unwrap().to_owned()
    });
    launched.await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn its_owner_changes_the_charter_of_a_shadow_business_and_nobody_elses_change_is_lost() {
    let mut house = House::new().await;
    let admin = house.admin().await;
    house.stop().await;
    let id = shadow(&house).await;
    house.start().await;
    let path = format!("/api/businesses/{id}/charter");
    let first = house.get(&admin, &path).await;
    let tag = first.header("etag").to_owned();
    let body = json!({ "text": NO_ADS });
    put(&house, &admin, &id, None, &body).await.problem(428, "unconditional");
    put(&house, &admin, &id, Some("\"00\""), &body).await.problem(412, "changed");
    put(&house, &admin, &id, Some(&format!("W/{tag}")), &body).await.problem(412, "changed");
    for (wrong, words) in [
        (json!({ "text": "@id(\"all\")\npermit (principal, action, resource);" }), "line 1, column 1: an owner's policy forbids"),
        (json!({ "text": "// nothing" }), "has no policy"),
        (json!({ "text": NO_ADS, "none": true }), "or say `none`"),
        (json!({}), "or say `none`"),
    ] {
        let told = put(&house, &admin, &id, Some(&tag), &wrong).await.problem(422, "invalid");
        assert!(told["detail"].as_str().unwrap().contains(words), "{told}");
    }
    // Others of the tenant may look.
    let invited = house
        .post(&admin, "/api/invitations", &json!({ "role": "operator", "email": "op@example.org", "tenant": admin.tenant }))
        .await
        .ok();
    house.register(invited["token"].as_str(), "op").await.ok();
    let operator = house.login("op").await;
    house.get(&operator, &path).await.ok();
    put(&house, &operator, &id, Some(&tag), &body).await.problem(403, "forbidden");

    let changed = put(&house, &admin, &id, Some(&format!("\"00\", {tag}")), &body).await;
    let next = changed.header("etag").to_owned();
    let changed = changed.ok();
    assert_eq!(changed["owner_text"].as_str().map(str::trim), Some(NO_ADS.trim()));
    let shown = house.get(&admin, &path).await;
    assert_eq!((shown.header("etag"), &shown.body), (next.as_str(), &changed));
    put(&house, &admin, &id, Some(&tag), &json!({ "none": true })).await.problem(412, "changed");
    house.stop().await;
    house.start().await;
    assert_eq!(house.get(&admin, &path).await.ok(), changed, "it is kept");
    put(&house, &admin, &id, Some(&next), &json!({ "none": true })).await.ok();
    assert_eq!(house.get(&admin, &path).await.ok(), first.body);
}
