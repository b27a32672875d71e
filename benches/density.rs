//! How much memory launched businesses take, all nine actors alive: 10,000 of them (or as many as the first argument or `BBB_BUSINESSES` says), live, with
//! nothing to do, on a memory store. Prints the resident memory before and after, and the time to launch.
//!
//! Run with `cargo bench --bench density`.

use std::sync::Arc;
use std::time::Instant;

use bbb::core::seal::{DerivedKeys, Vault};
use bbb::core::spec::{Autonomy, WorldKind};
use bbb::core::time::Timestamp;
use bbb::prelude::*;

fn resident_mib() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap_or("VmRSS: 0 kB");
    let kib: f64 = line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).unwrap_or(0.0);
    kib / 1024.0
}

fn main() {
    let count: u64 = std::env::var("BBB_BUSINESSES").ok().and_then(|count| count.parse().ok()).unwrap_or(10_000);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let engine = Engine::builder(Arc::new(MemoryStore::new())).build();
        let (origin, blueprint) = blueprint::resolve("AI Chatbot Integration Service").expect("a template");
        let start = Timestamp::from_ms(1_800_000_000_000);
        let before = resident_mib();
        let clock = Instant::now();
        let mut businesses = Vec::new();
        for seed in 0..count {
            let mut spec = Spec::simulated(origin.clone(), blueprint.clone(), Seed::new(seed), 1);
            (spec.world, spec.start, spec.end, spec.autonomy) = (WorldKind::Live, start, None, Autonomy::ASK);
            let vault = Vault::new(Arc::new(DerivedKeys::new(Seed::new(seed))));
            let world = World::live(Ports::default(), vault, Arc::new(move || start));
            businesses.push(engine.launch(spec, world).await.expect("a new business"));
        }
        for business in &businesses {
            business.status().await.expect("it is alive");
        }
        let took = clock.elapsed();
        let after = resident_mib();
        let each_kib = (after - before) * 1024.0 / count.max(1) as f64;
        println!("{count} businesses launched in {took:.1?}: {after:.0} MiB resident, {each_kib:.1} KiB each, {before:.0} MiB before");
    });
}
