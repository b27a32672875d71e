//! What if the price had been another one? A journal is forked at an event, runs on with another price, and the two outcomes are compared.
//!
//! Run with `cargo run --example what_if`.

use std::sync::Arc;

use bbb::core::fork::Change;
use bbb::core::state::State;
use bbb::prelude::*;

const FORK_AT_EVENT: u64 = 300;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let engine = Engine::builder(Arc::new(MemoryStore::new())).build();
    let (origin, blueprint) = blueprint::resolve("Technical Interview Prep Platform")?;
    let price = blueprint.price;
    let spec = engine.prepare(Spec::simulated(origin, blueprint, Seed::new(42), 90));
    let business = engine.launch(spec.clone(), World::simulated(&spec, None)).await?;
    let original = business.wait().await?;

    println!("price (USD)  customers  revenue (simulated USD)");
    show(price, &original);
    for percent in [80, 120] {
        let other = price.percent(percent);
        let fork = engine.fork(original.business, FORK_AT_EVENT, Change { price: Some(other), ..Change::default() }).await?;
        let business = engine.resume(fork, |spec| Ok(World::simulated(spec, None))).await?;
        show(other, business.wait().await?.as_ref());
    }
    Ok(())
}

fn show(price: Cents, state: &State) {
    println!("{price:>11} {:>10} {:>24}", state.trade.customers, state.books.of_world().revenue);
}
