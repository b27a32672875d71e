//! Businesses that rest: nothing of them is in memory, everything reaches them, and what happens in them is the same as if they had never rested.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bbb::agents::engine::Engine;
use bbb::agents::world::World;
use bbb::core::journal::chain::Head;
use bbb::core::journal::memory::MemoryStore;
use bbb::core::journal::store::Store;
use bbb_core::id::BusinessId;
use bbb_core::spec::Spec;
use serde_json::{Value, json};

use super::{House, Person, of};

/// Longer than any test here takes.
const PATIENCE: Duration = Duration::from_secs(120);
const HOUR_MS: i64 = 60 * 60 * 1000;

/// A house in which whoever has nothing to do rests at once.
async fn restful() -> House {
    House::with(|config| config.server.rest_after_s = 0).await
}

/// Asks until something is so.
pub(super) async fn until(mut is_so: impl AsyncFnMut() -> bool) {
    let began = Instant::now();
    while !is_so().await {
        assert!(began.elapsed() < PATIENCE, "it never comes to that");
        tokio::task::yield_now().await;
    }
}

fn id(business: &Value) -> BusinessId {
    business["id"].as_str().unwrap().parse().unwrap()
}

impl House {
    /// Waits until a business has left the memory.
    async fn rests(&self, business: &Value) {
        until(async || !self.daemon().service().is_running(id(business))).await;
    }

    async fn shown(&self, who: &Person, business: &Value) -> Value {
        self.get(who, &of(business, "")).await.ok()
    }
}

/// A business of three days that take three days, and whose it is.
async fn launched(house: &House) -> (Person, Value) {
    let admin = house.admin().await;
    let launched = house.launch(&admin, json!({ "pace": "realtime" })).await;
    (admin, launched)
}

pub(super) async fn head(house: &House, business: &Value) -> Head {
    house.daemon().service().events(id(business)).await.unwrap().1
}

/// Where the journal of the same business ends that never rested.
pub(super) async fn never_rested(house: &House, business: &Value) -> Head {
    let spec = Spec::clone(&house.daemon().service().now(id(business)).await.unwrap().state.spec);
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let engine = Engine::builder(Arc::clone(&store)).build();
    let handle = engine.launch(spec.clone(), World::simulated(&spec, None)).await.unwrap();
    handle.wait().await.unwrap();
    store.look(spec.id()).await.unwrap().unwrap().head
}

#[tokio::test(flavor = "multi_thread")]
async fn what_rests_and_wakes_at_every_moment_goes_as_what_never_rested() {
    let mut house = restful().await;
    let (_, rested) = launched(&house).await;
    let (mut rests, mut starts) = (0, 0);
    until(async || {
        let at_rest = !house.daemon().service().is_running(id(&rested));
        rests += usize::from(at_rest);
        let now = house.daemon().service().now(id(&rested)).await.unwrap();
        if now.state.status.is_over() {
            return true;
        }
        if at_rest {
            house.later(HOUR_MS / 2);
            if rests % 40 == 0 {
                // The time that passes meanwhile passes for it too.
                house.stop().await;
                house.start().await;
                starts += 1;
            }
        }
        false
    })
    .await;
    assert!(rests > 10 && starts > 0, "it rested {rests} times, over {starts} starts");
    assert_eq!(head(&house, &rested).await, never_rested(&house, &rested).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_reaches_it_wakes_it_and_reading_does_not() {
    let house = restful().await;
    let (ada, business) = launched(&house).await;
    house.rests(&business).await;
    let before = house.shown(&ada, &business).await;
    for path in ["", "/metrics", "/inbox", "/tasks", "/audit"] {
        house.get(&ada, &of(&business, path)).await.ok();
    }
    assert!(!house.daemon().service().is_running(id(&business)), "it was only looked at");
    house.later(10 * 60 * 1000);
    let paused = house.post(&ada, &of(&business, "/pause"), &json!({ "reason": "to look" })).await.ok();
    assert_eq!((paused["status"].as_str(), paused["running"].as_bool()), (Some("paused"), Some(true)));
    assert_ne!(paused["now"], before["now"], "what passed while it rested counts");
    house.rests(&business).await;
    house.later(1_000 * HOUR_MS);
    let ada = house.login("admin").await;
    let resumed = house.post(&ada, &of(&business, "/resume"), &json!({})).await.ok();
    assert_eq!((resumed["status"].as_str(), &resumed["now"]), (Some("active"), &paused["now"]), "no time passes while it is paused");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_wakes_only_who_must_be_woken_and_a_lost_row_loses_nothing() {
    let mut house = restful().await;
    let (ada, business) = launched(&house).await;
    house.rests(&business).await;
    let before = head(&house, &business).await;
    house.stop().await;
    std::fs::remove_file(house.data().path().join("rests.redb")).unwrap();
    house.start().await;
    until(async || house.shown(&ada, &business).await["running"] == true).await;
    house.rests(&business).await;
    assert_eq!(head(&house, &business).await, before, "nothing was due");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_daemon_says_so_and_takes_more_once_one_rests() {
    let house = House::with(|config| {
        config.server.live_businesses = 1;
        config.server.rest_after_s = 3_600;
    })
    .await;
    let admin = house.admin().await;
    let first = house.launch(&admin, json!({ "days": 3650 })).await;
    let body = json!({ "blueprint": super::TEMPLATE, "days": 3 });
    let full = house.post(&admin, "/api/businesses/launch", &body).await;
    assert_eq!(full.header("retry-after"), "30");
    full.problem(503, "busy");
    assert_eq!(house.get(&admin, "/api/businesses").await.ok()["businesses"].as_array().unwrap().len(), 1, "nothing of it is left");
    house.post(&admin, &of(&first, "/pause"), &json!({ "reason": "to make room" })).await.ok();
    let second = house.launch(&admin, json!({})).await;
    assert!(!house.daemon().service().is_running(id(&first)), "it has nothing to do, and made room");
    until(async || house.shown(&admin, &second).await["status"] == "completed").await;
}
