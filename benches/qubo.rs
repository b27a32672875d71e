//! How fast samplers go through models of several sizes and densities, and what the models themselves cost. Throughput is in updates: changes of one variable whose cost was evaluated.
//!
//! Run with `cargo bench --bench qubo`.

use bbb_core::optimizer::model::{Bqm, Vartype};
use bbb_core::optimizer::problem::planted::frustrated_loops;
use bbb_core::optimizer::sampler::{NAMES, Params, Run, named};
use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

/// Names, spins, loops and their length: sparse ones, where replicas run side by side, and dense ones.
const MODELS: [(&str, usize, usize, usize); 4] =
    [("sparse-1000", 1000, 1500, 6), ("sparse-10000", 10_000, 15_000, 6), ("dense-200", 200, 10_000, 3), ("dense-1000", 1000, 200_000, 3)];

fn model(spins: usize, loops: usize, length: usize) -> Bqm {
    frustrated_loops(spins, loops, length, 1).expect("enough spins").bqm
}

fn samplers(criterion: &mut Criterion) {
    for name in NAMES {
        let mut group = criterion.benchmark_group(format!("sample/{name}"));
        group.sample_size(10);
        for (id, spins, loops, length) in MODELS {
            let bqm = model(spins, loops, length);
            let sampler = named(name).expect("a sampler of each name");
            let params = Params { num_reads: 32, num_sweeps: Some(20), ..Params::default() };
            let found = sampler.sample(&bqm, &params, &Run::default()).expect("fine parameters");
            group.throughput(Throughput::Elements(found.effort.updates));
            group.bench_function(BenchmarkId::from_parameter(id), |bencher| {
                bencher.iter(|| sampler.sample(&bqm, &params, &Run::default()));
            });
        }
        group.finish();
    }
}

fn models(criterion: &mut Criterion) {
    for (id, spins, loops, length) in MODELS {
        let bqm = model(spins, loops, length);
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

criterion_group!(benches, samplers, models);
criterion_main!(benches);
