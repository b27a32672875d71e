//! Running a simulated business in a test.

use std::sync::Arc;

use bbb::agents::engine::{Engine, EngineBuilder};
use bbb::agents::world::World;
use bbb::core::event::Event;
use bbb::core::id::BusinessId;
use bbb::core::journal::chain::Head;
use bbb::core::journal::memory::MemoryStore;
use bbb::core::journal::store::Store;
use bbb::core::journal::writer;
use bbb::core::state::State;
use bbb::prelude::{Seed, Spec, blueprint};

/// The spec of a simulated business.
pub(crate) fn spec(name: &str, seed: u64, days: u32) -> Spec {
    let (origin, blueprint) = blueprint::resolve(name).unwrap();
    Spec::simulated(origin, blueprint, Seed::new(seed), days)
}

/// A short run that reaches sales: the spec used where nothing else is asked for.
pub(crate) fn chatbot(days: u32) -> Spec {
    spec("AI Chatbot Integration Service", 42, days)
}

/// How a run ended.
pub(crate) struct Ran {
    pub(crate) state: Arc<State>,
    pub(crate) events: Vec<Event>,
    pub(crate) head: Head,
}

/// Runs a business to its end on a memory store.
pub(crate) async fn run(spec: Spec, configure: impl FnOnce(EngineBuilder) -> EngineBuilder) -> Ran {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let engine = configure(Engine::builder(Arc::clone(&store))).build();
    let spec = engine.prepare(spec);
    let world = World::simulated(&spec, None);
    let business = engine.launch(spec, world).await.unwrap();
    let state = business.wait().await.unwrap();
    finished(&store, state).await
}

/// What a store holds of a run that ended.
pub(crate) async fn finished(store: &Arc<dyn Store>, state: Arc<State>) -> Ran {
    let (events, head) = journal(store.as_ref(), state.business).await;
    Ran { state, events, head }
}

/// A journal, verified.
pub(crate) async fn journal(store: &dyn Store, business: BusinessId) -> (Vec<Event>, Head) {
    writer::load(store, business, Head::EMPTY).await.unwrap()
}

/// Runs a future on one thread.
pub(crate) fn on_one_thread<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// Runs a future on several threads.
pub(crate) fn on_threads<T>(threads: usize, future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build().unwrap().block_on(future)
}
