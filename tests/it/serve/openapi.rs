//! The description of the API is whole, and true.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::Value;

use super::{Answer, House};

async fn description(house: &House) -> Value {
    Answer::of(house.request(Method::GET, "/api/openapi.json")).await.ok()
}

/// Every reference in a value.
fn references(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(object) => {
            found.extend(object.get("$ref").and_then(Value::as_str).map(str::to_owned));
            object.values().for_each(|value| references(value, found));
        }
        Value::Array(list) => list.iter().for_each(|value| references(value, found)),
        _ => {}
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_path_is_described_with_words_answers_and_types_that_are_there() {
    let house = House::new().await;
    let api = description(&house).await;
    assert!(api["openapi"].as_str().unwrap().starts_with("3.1"));
    let mut found = BTreeSet::new();
    references(&api, &mut found);
    for reference in &found {
        let path = reference.strip_prefix('#').unwrap();
        assert!(api.pointer(path).is_some(), "{reference} is nowhere");
    }
    let mut operations = 0;
    for (path, item) in api["paths"].as_object().unwrap() {
        for (method, told) in item.as_object().unwrap() {
            operations += 1;
            let name = format!("{method} {path}");
            assert!(told["summary"].is_string(), "{name} says nothing");
            assert_eq!(told["tags"].as_array().map(Vec::len), Some(1), "{name}");
            let answers = told["responses"].as_object().unwrap();
            assert!(answers.keys().any(|status| status.starts_with(['1', '2', '3'])), "{name} has no good end");
            let named: BTreeSet<&str> = path.split('{').skip(1).filter_map(|part| part.split('}').next()).collect();
            let parameters = told["parameters"].as_array().cloned().unwrap_or_default();
            let described: BTreeSet<&str> =
                parameters.iter().filter(|one| one["in"] == "path").filter_map(|one| one["name"].as_str()).collect();
            assert_eq!(named, described, "{name}");
        }
    }
    assert!(operations >= 30, "{operations}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_what_says_so_is_answered_to_nobody() {
    let house = House::new().await;
    let api = description(&house).await;
    for (path, item) in api["paths"].as_object().unwrap() {
        for (method, told) in item.as_object().unwrap() {
            let path = path.replace(['{', '}'], "");
            let method: Method = method.to_uppercase().parse().unwrap();
            let request = house.request(method.clone(), &path).header("content-type", "application/json").body("{}");
            let status = Answer::of(request).await.status;
            assert_eq!(status == 401, told.get("security").is_none(), "{method} {path}: {status}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_pages_need_nothing_from_elsewhere() {
    let house = House::new().await;
    for path in ["/api/docs", "/welcome", "/sign-in"] {
        let page = Answer::of(house.request(Method::GET, path)).await;
        let text = page.body.as_str().unwrap().to_owned();
        assert!(text.starts_with("<!doctype html>") && !text.contains("//cdn") && !text.contains("https://"), "{path}");
        for part in text.split(['"']).filter(|part| part.starts_with("/pages/")) {
            assert_eq!(Answer::of(house.request(Method::GET, part)).await.status, 200, "{part}");
        }
    }
    let root = Answer::of(house.request(Method::GET, "/")).await;
    assert_eq!((root.status, root.header("location")), (307, "/api/docs"));
}
