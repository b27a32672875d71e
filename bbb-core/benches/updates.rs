//! How fast do samplers go through models of several sizes and densities? Throughput is in updates: changes of one variable whose cost was evaluated.
//!
//! Run with `cargo bench -p bbb-core --no-default-features --features optimizer --bench updates`.

mod models;

use bbb_core::optimizer::sampler::{NAMES, Params, Run, named};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

use self::models::{MODELS, model};

fn updates(criterion: &mut Criterion) {
    for name in NAMES {
        let mut group = criterion.benchmark_group(format!("updates/{name}"));
        group.sample_size(10);
        for (id, spins, loops, length) in MODELS {
            let bqm = model(spins, loops, length).bqm;
            let sampler = named(name).expect("a sampler of each name");
            let params = Params { num_reads: 32, num_sweeps: Some(20), ..Params::default() };
            // What does not take a model is not measured on it: exact search of one that is neither small nor narrow.
            let Ok(found) = sampler.sample(&bqm, &params, &Run::default()) else { continue };
            group.throughput(Throughput::Elements(found.effort.updates));
            group.bench_function(BenchmarkId::from_parameter(id), |bencher| {
                bencher.iter(|| sampler.sample(&bqm, &params, &Run::default()));
            });
        }
        group.finish();
    }
}

criterion_group!(benches, updates);
criterion_main!(benches);
