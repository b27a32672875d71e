//! Recommendations and plans: what the commands say, for whoever is signed in.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Answer, House, TEMPLATE};
use crate::cli::Place;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn recommendations_are_those_of_the_command() {
    let house = House::new().await;
    let ada = house.admin().await;
    let path = "/api/recommend?budget_usd=3000.50&hours_per_week=15&state=ny&risk=careful&months=6&draws=50&seed=7";
    let got = house.get(&ada, path).await;
    let tag = got.header("etag").to_owned();
    let got = got.ok();
    let body =
        json!({ "budget_usd": 3000.5, "hours_per_week": 15, "state": "New York", "risk": "careful", "months": 6, "draws": 50, "seed": 7 });
    assert_eq!(house.post(&ada, "/api/recommend", &body).await.ok(), got);
    let again = house.request(Method::GET, path).bearer_auth(&ada.access).header("if-none-match", tag);
    assert_eq!(Answer::of(again).await.status, 304);
    let args = "recommend --budget 3000.50 --hours 15 --state NY --risk careful --months 6 --draws 50 --seed 7 --json";
    let said = tokio::task::spawn_blocking(move || Place::new().bbb(&args.split(' ').collect::<Vec<_>>()).json()).await.unwrap();
    assert_eq!(got, said);
    assert_eq!((&got["simulated"], got["recommendations"].as_array().map(Vec::len)), (&json!(true), Some(33)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_breaks_a_rule_is_named_and_nothing_is_drawn() {
    let house = House::new().await;
    let ada = house.admin().await;
    let with = |more: Value| {
        let mut body = json!({ "budget_usd": 3000, "hours_per_week": 15, "draws": 10 });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    for (more, field) in [
        (json!({ "budget_usd": -1 }), "budget_usd"),
        (json!({ "budget_usd": 0.001 }), "budget_usd"),
        (json!({ "budget_usd": 1e300 }), "budget_usd"),
        (json!({ "budget_usd": true }), "budget_usd"),
        (json!({ "hours_per_week": 81 }), "hours_per_week"),
        (json!({ "state": "Atlantis" }), "state"),
        (json!({ "industry": "mining" }), "industry"),
        (json!({ "risk": "reckless" }), "risk"),
        (json!({ "name": "a\nb" }), "name"),
        (json!({ "months": 121 }), "months"),
        (json!({ "draws": 10_001 }), "draws"),
        (json!({ "months": 120, "draws": 1001 }), "draws"),
        (json!({ "seed": 1_u64 << 53 }), "seed"),
    ] {
        let told = house.post(&ada, "/api/recommend", &with(more)).await.problem(422, "invalid");
        assert_eq!(told["errors"][0]["field"], field, "{told}");
    }
    for query in ["", "?budget_usd=x&hours_per_week=1", "?budget_usd=1&hours_per_week=1&color=red"] {
        house.get(&ada, &format!("/api/recommend{query}")).await.problem(422, "invalid");
    }
    for (body, field) in [
        (json!({ "budget_usd": 10 }), "hours_per_week"),
        (json!({ "hours_per_week": 10 }), "budget_usd"),
        (json!({ "blueprint": "" }), "blueprint"),
    ] {
        let told = house.post(&ada, "/api/plan", &body).await.problem(422, "invalid");
        assert_eq!(told["errors"][0]["field"], field, "{told}");
    }
    let poor = json!({ "budget_usd": 1, "hours_per_week": 1, "draws": 10 });
    house.post(&ada, "/api/plan", &poor).await.problem(409, "refused");
    house.post(&ada, "/api/plan?format=pdf", &json!({ "blueprint": TEMPLATE })).await.problem(422, "invalid");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plan_is_that_of_the_command_in_every_form() {
    let house = House::new().await;
    let ada = house.admin().await;
    let body = json!({ "blueprint": TEMPLATE, "budget_usd": "5000", "state": "CA", "name": "Ada <b>", "draws": 50 });
    let ask = |query: &str, accept: &'static str| {
        let request = house.request(Method::POST, &format!("/api/plan{query}")).bearer_auth(&ada.access);
        Answer::of(request.header("accept", accept).json(&body))
    };
    for (form, query, accept, kind) in [
        ("json", "", "*/*", "application/json"),
        ("md", "?format=markdown", "text/html", "text/markdown; charset=utf-8"),
        ("csv", "", "text/csv", "text/csv; charset=utf-8"),
        ("html", "", "text/html,application/xhtml+xml,*/*;q=0.8", "text/html; charset=utf-8"),
    ] {
        let told = ask(query, accept).await;
        assert_eq!((told.status, told.header("content-type")), (200, kind), "{form}");
        let said = tokio::task::spawn_blocking(move || {
            let args = ["plan", TEMPLATE, "--budget", "5000", "--state", "CA", "--name", "Ada <b>", "--draws", "50", "--format", form];
            Place::new().bbb(&args).ok()
        });
        let said = said.await.unwrap();
        match told.body {
            Value::String(text) => assert_eq!(text.trim_end(), said.trim_end(), "{form}"),
            object => assert_eq!(object, serde_json::from_str::<Value>(&said).unwrap()),
        }
    }
    let best = json!({ "budget_usd": 5000, "hours_per_week": 20, "draws": 20 });
    let plan = house.post(&ada, "/api/plan", &best).await.ok();
    let first = house.post(&ada, "/api/recommend", &best).await.ok();
    assert_eq!(plan["plan"]["business"]["name"], first["recommendations"][0]["name"]);
}
