//! A business loses its engine in the middle of a run, is resumed from its journal, and ends exactly where the run that nobody disturbed ends.
//!
//! Run with `cargo run --example crash_and_resume`.

use std::sync::Arc;

use bbb::core::journal::chain::Head;
use bbb::core::journal::store::Store;
use bbb::core::journal::writer;
use bbb::host::store::redb::{Options, RedbStore};
use bbb::prelude::*;

const DAYS: u32 = 30;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let undisturbed = run(Arc::new(MemoryStore::new()), None).await?;
    let directory = std::env::temp_dir().join(format!("bbb-crash-and-resume-{}", std::process::id()));
    std::fs::create_dir_all(&directory)?;
    let path = directory.join("store.redb");

    let cut = run(Arc::new(RedbStore::open(&path, Options::default())?), Some(200)).await?;
    println!("the engine went away after event {}", cut.sequence);
    let resumed = run(Arc::new(RedbStore::open(&path, Options::default())?), None).await?;
    std::fs::remove_dir_all(&directory)?;

    println!("undisturbed {} {}", undisturbed.sequence, undisturbed.hash);
    println!("resumed     {} {}", resumed.sequence, resumed.hash);
    anyhow::ensure!(resumed == undisturbed, "the heads differ");
    Ok(())
}

/// Runs the business on this store to its end, or until this many events are committed; says where its journal ends then.
async fn run(store: Arc<dyn Store>, until: Option<u64>) -> anyhow::Result<Head> {
    let (origin, blueprint) = blueprint::resolve("AI Chatbot Integration Service")?;
    let engine = Engine::builder(Arc::clone(&store)).build();
    let spec = engine.prepare(Spec::simulated(origin, blueprint, Seed::new(42), DAYS));
    let begun = store.list().await?.iter().any(|listed| listed.business == spec.id());
    let business = match begun {
        true => engine.resume(spec.id(), |spec| Ok(World::simulated(spec, None))).await?,
        false => engine.launch(spec.clone(), World::simulated(&spec, None)).await?,
    };
    if let Some(events) = until {
        let mut committed = business.subscribe().await?;
        while committed.recv().await.is_some_and(|event| event.sequence < events) {}
        business.passivate().await;
    } else {
        business.wait().await?;
    }
    Ok(writer::load(store.as_ref(), spec.id(), Head::EMPTY).await?.1)
}
