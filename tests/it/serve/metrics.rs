//! What Prometheus reads, checked by Prometheus' own tool.

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

use reqwest::Method;
use serde_json::json;

use super::live::read_to_the_end;
use super::{Answer, House, of};
use crate::support::peers;

async fn read(house: &House) -> String {
    let told = Answer::of(house.request(Method::GET, "/metrics")).await;
    assert_eq!((told.status, told.header("content-type")), (200, "text/plain; version=0.0.4; charset=utf-8"));
    told.body.as_str().unwrap().to_owned()
}

/// The value of a series.
fn value(text: &str, series: &str) -> f64 {
    let found = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    found.unwrap_or_else(|| panic!("{series} is not in\n{text}")).parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn metrics_tell_of_requests_by_pattern_and_of_businesses_what_their_journals_say() {
    let mut house = House::new().await;
    let admin = house.admin().await;
    let over = house.launch(&admin, json!({ "days": 90, "caps": { "money": 5000 } })).await;
    read_to_the_end(&house, &admin, &over).await;
    let runs = house.launch(&admin, json!({ "pace": "realtime", "seed": 7 })).await;
    for _ in 0..3 {
        house.get(&admin, &of(&runs, "")).await.ok();
    }
    Answer::of(house.request(Method::GET, "/api/secret-4711")).await.problem(404, "not-found");
    let text = read(&house).await;
    assert_eq!(value(&text, "bbb_requests_total{method=\"GET\",route=\"/api/businesses/{id}\",status=\"200\"}"), 3.0);
    assert_eq!(value(&text, "bbb_requests_total{method=\"GET\",route=\"(no such path)\",status=\"404\"}"), 1.0);
    assert!(!text.contains("secret") && !text.contains(runs["id"].as_str().unwrap()), "paths are no labels: {text}");
    assert_eq!(value(&text, "bbb_active_businesses"), 1.0);
    let told = house.get(&admin, &of(&over, "/metrics")).await.ok();
    assert!(told["metrics"]["revenue"]["total"].as_f64().unwrap() > 0.0);
    assert_eq!(Some(value(&text, "bbb_revenue_total{world=\"simulated\"}")), told["metrics"]["revenue"]["total"].as_f64());
    assert_eq!((value(&text, "bbb_revenue_total{world=\"live\"}"), value(&text, "bbb_revenue_total{world=\"shadow\"}")), (0.0, 0.0));
    let done = told["agents"].as_array().unwrap().iter().find(|agent| agent["role"] == "marketer").unwrap();
    let by_marketers = value(&text, "bbb_agent_tasks_total{role=\"marketer\",outcome=\"completed\"}");
    assert!(by_marketers >= done["tasks_completed"].as_f64().unwrap() && by_marketers > 0.0);
    check(&text);
    house.post(&admin, &of(&runs, "/pause"), &json!({})).await.ok();
    assert_eq!(value(&read(&house).await, "bbb_active_businesses"), 0.0);
    house.stop().await;
    house.start().await;
    let again = read(&house).await;
    for series in ["bbb_revenue_total{world=\"simulated\"}", "bbb_agent_tasks_total{role=\"marketer\",outcome=\"completed\"}"] {
        assert!(value(&again, series) >= value(&text, series), "{series} is read from the journals");
    }
}

/// What Prometheus' own tool says of a text: nothing.
fn check(text: &str) {
    let mut command = Command::new(peers::promtool());
    command.args(["check", "metrics"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap_or_else(|error| panic!("cannot run {command:?}: {error}"));
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    assert!(output.status.success() && said.trim().is_empty(), "{said}\n{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_machines_read_metrics_with_a_token_only() {
    let house = House::new().await;
    let forwarded = house.request(Method::GET, "/metrics").header("x-forwarded-for", "192.0.2.1");
    Answer::of(forwarded).await.problem(403, "forbidden");
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("token");
    std::fs::write(&file, "correct-horse-battery-8\n").unwrap();
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o600)).unwrap();
    let house = House::with(|config| config.server.metrics_token_file = file.display().to_string()).await;
    let ask = |token: &str| Answer::of(house.request(Method::GET, "/metrics").header("x-forwarded-for", "192.0.2.1").bearer_auth(token));
    Answer::of(house.request(Method::GET, "/metrics")).await.problem(401, "not-signed-in");
    ask("correct-horse-battery-9").await.problem(401, "not-signed-in");
    assert_eq!(ask("correct-horse-battery-8").await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_proxy_that_says_nothing_of_its_clients_gets_no_metrics() {
    let house = House::with(|config| config.server.trusted_proxies = vec!["127.0.0.1".to_owned()]).await;
    Answer::of(house.request(Method::GET, "/metrics")).await.problem(403, "forbidden");
    Answer::of(house.request(Method::GET, "/metrics").header("x-forwarded-for", "127.0.0.1")).await.problem(403, "forbidden");
    assert_eq!(Answer::of(house.request(Method::GET, "/health")).await.status, 200);
}
