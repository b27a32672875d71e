//! One simulated day of a business, from launch to its first history row.
//!
//! Run with `cargo run --example one_day`.

use std::sync::Arc;

use bbb::prelude::*;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let days = std::env::args().nth(1).map_or(Ok(1), |days| days.parse())?;
    let (origin, blueprint) = blueprint::resolve("AI Chatbot Integration Service")?;
    let spec = Spec::simulated(origin, blueprint, Seed::new(42), days);
    let engine = Engine::builder(Arc::new(MemoryStore::new())).build();
    let spec = engine.prepare(spec);
    let business = engine.launch(spec.clone(), World::simulated(&spec, None)).await?;
    let state = business.wait().await?;
    println!("{} ran {} simulated day(s) and is {}", state.business, state.history.len(), state.status.as_str());
    println!("events {}  leads {}  revenue {} simulated", state.sequence, state.trade.leads, state.books.of_world().revenue);
    println!("oversight: {:?}", state.rulings);
    for role in Role::ALL {
        println!("  {role:<12} {:?}", state.performance_of(role));
    }
    Ok(())
}
