//! How long a simulated business of 90 days takes from launch to its end: on a memory store and on redb, on one thread.
//!
//! The named baseline of the same run is the bare commit cost: as many appends and `fdatasync`s to a plain file as the business makes commits on redb,
//! with the same bytes. Run with `cargo bench --bench business`.

use std::fs::File;
use std::hint::black_box;
use std::io::Write;
use std::sync::Arc;

use bbb::core::journal::chain::Head;
use bbb::core::journal::store::Store;
use bbb::core::journal::writer;
use bbb::host::store::redb::{Options, RedbStore};
use bbb::prelude::*;
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};

const DAYS: u32 = 90;

fn finish(store: Arc<dyn Store>) -> Head {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let (origin, blueprint) = blueprint::resolve("AI Chatbot Integration Service").expect("a template");
        let engine = Engine::builder(Arc::clone(&store)).build();
        let spec = engine.prepare(Spec::simulated(origin, blueprint, Seed::new(42), DAYS));
        let business = engine.launch(spec.clone(), World::simulated(&spec, None)).await.expect("a new business");
        business.wait().await.expect("it ends");
        writer::load(store.as_ref(), spec.id(), Head::EMPTY).await.expect("its journal").1
    })
}

fn on_disk() -> (tempfile::TempDir, Arc<dyn Store>) {
    let directory = tempfile::tempdir().expect("a directory");
    let store = RedbStore::open(directory.path().join("journal.redb"), Options::default()).expect("a new store");
    (directory, Arc::new(store))
}

fn business(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("business_90_days");
    group.sample_size(10);
    group.bench_function("memory", |bencher| {
        bencher.iter_batched(|| Arc::new(MemoryStore::new()), |store| black_box(finish(store)), BatchSize::PerIteration);
    });
    group.bench_function("redb", |bencher| {
        bencher.iter_batched(on_disk, |(directory, store)| (black_box(finish(store)), directory), BatchSize::PerIteration);
    });
    // About as many commits as the business makes, of the same size: 90 days of two or three rounds with effects.
    group.bench_function("baseline_240_bare_syncs_of_12_kib", |bencher| {
        bencher.iter_batched(
            || tempfile::tempfile().expect("a file"),
            |mut file: File| {
                for _ in 0..240 {
                    file.write_all(&[7; 12 * 1024]).and_then(|()| file.sync_data()).expect("the disk takes it");
                }
                file
            },
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

criterion_group!(benches, business);
criterion_main!(benches);
