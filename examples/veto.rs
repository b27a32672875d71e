//! The owner adds a policy, and oversight vetoes what it forbids: nothing of it leaves, and the journal says why.
//!
//! Run with `cargo run --example veto`.

use std::sync::Arc;

use bbb::core::oversight::charter::Charter;
use bbb::prelude::*;

const NO_ADS: &str = r#"
@id("no-ads")
@says("This business does not advertise.")
@ground("The owner's wish.")
forbid (principal, action == Action::"run_ads", resource);
"#;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let (origin, blueprint) = blueprint::resolve("Grant Writing Consultancy")?;
    let charter = Charter::with_owner_policies("no-ads.cedar", NO_ADS)?;
    let engine = Engine::builder(Arc::new(MemoryStore::new())).charter(charter).build();
    let spec = engine.prepare(Spec::simulated(origin, blueprint, Seed::new(7), 14));
    let business = engine.launch(spec.clone(), World::simulated(&spec, None)).await?;
    let state = business.wait().await?;

    let rulings = &state.rulings;
    println!("reviewed {}, approved {}, vetoed {}", rulings.reviewed, rulings.approved, rulings.vetoed);
    for (rule, count) in &rulings.by_rule {
        println!("  {rule}: {count}");
    }
    let clicks: u32 = state.trade.channels.iter().map(|channel| channel.clicks).sum();
    anyhow::ensure!(rulings.vetoed > 0 && clicks == 0, "an advertisement left in spite of the veto");
    println!("clicks on advertisements: {clicks}");
    Ok(())
}
