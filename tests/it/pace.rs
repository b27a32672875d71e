//! The pace of virtual time: what happens is the same at any, and a simulated day takes a day where that is wanted.

use std::sync::Arc;
use std::time::Duration;

use bbb::agents::engine::Engine;
use bbb::agents::world::{Pace, World};
use bbb::core::journal::memory::MemoryStore;
use bbb::core::journal::store::Store;
use tokio::time::Instant;

use crate::run::{chatbot, finished, run};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Runs a future at a time that moves on by itself when nothing else is left to do.
fn at_leisure<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap().block_on(future)
}

#[test]
fn at_the_pace_of_the_wall_a_day_takes_a_day_and_the_journal_is_the_same() {
    at_leisure(async {
        let fast = run(chatbot(4), |builder| builder).await;
        let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
        let engine = Engine::builder(Arc::clone(&store)).build();
        let spec = engine.prepare(chatbot(4));
        let began = Instant::now();
        let business = engine.launch(spec.clone(), World::simulated(&spec, None).paced(Pace::Realtime)).await.unwrap();
        let state = business.wait().await.unwrap();
        let took = began.elapsed();
        assert!(took >= DAY * 4 && took < DAY * 4 + Duration::from_secs(60), "{took:?}");
        let paced = finished(&store, state).await;
        assert_eq!((paced.head, paced.events.len()), (fast.head, fast.events.len()));
    });
}

#[test]
fn a_paused_business_ages_in_no_world_and_a_resumed_one_goes_on_where_it_was() {
    at_leisure(async {
        let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
        let engine = Engine::builder(Arc::clone(&store)).build();
        let spec = engine.prepare(chatbot(4));
        let world = || World::simulated(&spec, None).paced(Pace::Realtime);
        let business = engine.launch(spec.clone(), world()).await.unwrap();
        let began = Instant::now();
        tokio::time::sleep(DAY).await;
        business.pause("to look").await.unwrap();
        let before = business.status().await.unwrap().now;
        assert_eq!(before.since(spec.start), 24 * 60 * 60 * 1000, "what passed before counts");
        tokio::time::sleep(DAY * 30).await;
        assert_eq!(business.status().await.unwrap().now, before, "thirty days passed on the wall, and none in it");
        business.resume().await.unwrap();
        tokio::time::sleep(DAY).await;
        business.drain(DAY).await.unwrap();
        business.passivate().await;
        tokio::time::sleep(DAY * 30).await;
        let business = engine.resume(spec.id(), |_| Ok(world())).await.unwrap();
        let state = business.wait().await.unwrap();
        let took = began.elapsed();
        // What passed between the last event and the end of the process passes again.
        assert!(took >= DAY * 64 && took < DAY * 65, "{took:?}");
        assert_eq!(state.status.as_str(), "completed");
    });
}
