//! What do models themselves cost: an energy, building one, converting it?
//!
//! Run with `cargo bench -p bbb-core --no-default-features --features optimizer --bench model`.

mod models;

use bbb_core::optimizer::model::{Bqm, Vartype};
use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

use self::models::{MODELS, model};

fn costs(criterion: &mut Criterion) {
    for (id, spins, loops, length) in MODELS {
        let bqm = model(spins, loops, length).bqm;
        let state = vec![1; spins];
        let couplers: Vec<_> = bqm.quadratic().collect();
        let mut group = criterion.benchmark_group("model");
        group.throughput(Throughput::Elements(couplers.len() as u64));
        group.bench_function(BenchmarkId::new("energy", id), |bencher| bencher.iter(|| bqm.energy(&state)));
        group.bench_function(BenchmarkId::new("build", id), |bencher| {
            bencher.iter_batched(|| couplers.clone(), |couplers| Bqm::from_ising(bqm.linear(), couplers, 0.0), BatchSize::LargeInput);
        });
        group.bench_function(BenchmarkId::new("to-binary", id), |bencher| bencher.iter(|| bqm.to_vartype(Vartype::Binary)));
        group.finish();
    }
}

criterion_group!(benches, costs);
criterion_main!(benches);
