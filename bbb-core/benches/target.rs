//! How long until 99 % and 99.9 % of the best energy? Models whose best state was hidden in them; instances of the field are searched by `bbb bench optimizer`.
//!
//! Run with `cargo bench -p bbb-core --no-default-features --features optimizer --bench target`.

mod models;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use bbb_core::optimizer::sampler::{Inline, Params, Progress, Run, Stop, named};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};

use self::models::{MODELS, model};

/// Those that search models of any kind.
const SAMPLERS: [&str; 4] = ["auto", "pt", "sa", "tabu"];

/// Stops at an energy.
struct Target {
    energy: f64,
    reached: AtomicBool,
}

impl Stop for Target {
    fn should_stop(&self, _: Progress) -> bool {
        self.reached.load(Ordering::Relaxed)
    }

    fn improved(&self, energy: f64, _: &[i8]) {
        if energy <= self.energy {
            self.reached.store(true, Ordering::Relaxed);
        }
    }
}

fn target(criterion: &mut Criterion) {
    for (id, spins, loops, length) in MODELS {
        let planted = model(spins, loops, length);
        for (share, name) in [(0.99, "99"), (0.999, "99.9")] {
            let mut group = criterion.benchmark_group(format!("target/{id}/{name}"));
            group.sample_size(10);
            for sampler in SAMPLERS {
                let seed = AtomicU64::new(0);
                group.bench_function(BenchmarkId::from_parameter(sampler), |bencher| {
                    bencher.iter(|| {
                        let stop = Target { energy: share * planted.energy, reached: AtomicBool::new(false) };
                        // Another seed each time: what is measured is the mean over seeds.
                        let params = Params { until_stopped: true, seed: seed.fetch_add(1, Ordering::Relaxed), ..Params::default() };
                        let sampler = named(sampler).expect("a sampler of this name");
                        sampler.sample(&planted.bqm, &params, &Run { stop: &stop, executor: &Inline })
                    });
                });
            }
            group.finish();
        }
    }
}

criterion_group!(benches, target);
criterion_main!(benches);
