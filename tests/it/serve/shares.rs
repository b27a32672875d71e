//! Fair shares of the processor: businesses at full speed take turns and a tenant's budget bounds them, what they are told does not wait, and no journal depends on either.

use serde_json::json;

use super::rest::{head, never_rested, until};
use super::{House, TEMPLATE, of};

#[tokio::test(flavor = "multi_thread")]
async fn whoever_waits_for_turns_writes_what_it_would_have_written_alone() {
    let house = House::with(|config| config.server.fast_at_a_time = 1).await;
    let admin = house.admin().await;
    let guest = house.guest(&admin, "guest").await;
    let mut launched = Vec::new();
    for (who, seed) in [(&admin, 1), (&admin, 2), (&admin, 3), (&guest, 1)] {
        launched.push((who, house.launch(who, json!({ "seed": seed, "days": 10 })).await));
    }
    for (who, business) in &launched {
        until(async || house.get(who, &of(business, "")).await.ok()["status"] == "completed").await;
        assert_eq!(head(&house, business).await, never_rested(&house, business).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_that_used_up_its_events_launches_no_more_at_full_speed_and_what_waits_still_hears() {
    let house = House::with(|config| config.server.fast_events_per_hour = 1).await;
    let admin = house.admin().await;
    let waiting = house.launch(&admin, json!({ "days": 3650 })).await;
    let body = |pace: &str| json!({ "blueprint": TEMPLATE, "days": 3, "pace": pace });
    until(async || house.post(&admin, "/api/businesses/launch", &body("fast")).await.status == 429).await;
    let refused = house.post(&admin, "/api/businesses/launch", &body("fast")).await;
    assert!(refused.header("retry-after").parse::<u64>().unwrap() > 60, "an event an hour");
    refused.problem(429, "too-many-requests");
    let fork = json!({ "at_event": 1, "price_usd": 100 });
    house.post(&admin, &of(&waiting, "/fork"), &fork).await.problem(429, "too-many-requests");
    house.post(&admin, "/api/businesses/launch", &body("realtime")).await.ok();
    let guest = house.guest(&admin, "guest").await;
    house.post(&guest, "/api/businesses/launch", &body("fast")).await.ok();
    // It waits for hours, and nobody who tells it something does.
    let shown = house.get(&admin, &of(&waiting, "")).await.ok();
    assert_eq!((shown["status"].as_str(), shown["running"].as_bool()), (Some("active"), Some(true)));
    let paused = house.post(&admin, &of(&waiting, "/pause"), &json!({ "reason": "to look" })).await.ok();
    assert_eq!(paused["status"], "paused");
    house.post(&admin, &of(&waiting, "/resume"), &json!({})).await.ok();
    house.post(&admin, &of(&waiting, "/stop"), &json!({})).await.ok();
    until(async || house.get(&admin, &of(&waiting, "")).await.ok()["running"] == false).await;
}
