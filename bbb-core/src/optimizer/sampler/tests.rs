use super::anneal::SimulatedAnnealing;
use super::{Executor, Job, Params, Run, Sampler};
use crate::optimizer::model::tests::random_model;
use crate::optimizer::model::{Bqm, Vartype};

/// The lowest energy, by looking at every state.
fn least(bqm: &Bqm) -> f64 {
    let [low, high] = bqm.vartype().values();
    let n = bqm.num_variables();
    let state = |bits: u32| -> Vec<i8> { (0..n).map(|variable| if bits >> variable & 1 == 1 { high } else { low }).collect() };
    (0..1_u32 << n).map(|bits| bqm.energy_of(&state(bits))).fold(f64::INFINITY, f64::min)
}

fn samplers() -> Vec<Box<dyn Sampler>> {
    vec![Box::new(SimulatedAnnealing::default())]
}

/// Two threads, whatever the machine has.
struct Two;

impl Executor for Two {
    fn threads(&self) -> usize {
        2
    }

    fn run(&self, jobs: Vec<Job<'_>>) {
        std::thread::scope(|scope| {
            for job in jobs {
                scope.spawn(job);
            }
        });
    }
}

/// Models of every kind that is calculated in its own way.
fn kinds() -> Vec<(&'static str, Bqm)> {
    let mut kinds = Vec::new();
    for seed in 0..6 {
        let small = random_model(4 + usize::try_from(seed).expect("small"), Vartype::Binary, seed);
        kinds.push(("16-bit fields", small.clone()));
        kinds.push(("doubles", small.scale(std::f64::consts::PI).expect("finite")));
        kinds.push(("32-bit fields", small.scale(100_003.0).expect("finite")));
        let ring = (0..12).map(|at| (at, (at + 1) % 12, if (at as u64).is_multiple_of(3 + seed) { -1.0 } else { 1.0 }));
        kinds.push(("8-bit fields", Bqm::from_ising(&[], ring, 0.0).expect("finite")));
    }
    kinds
}

#[test]
fn every_sampler_finds_the_optimum_of_small_models() {
    for sampler in samplers() {
        for (kind, bqm) in kinds() {
            let found = sampler.sample(&bqm, &Params::default(), &Run::default()).expect("fine parameters");
            let first = found.first().expect("a row");
            assert!((first.energy - least(&bqm)).abs() < 1e-9 * least(&bqm).abs().max(1.0), "{} on {kind}", sampler.name());
            assert_eq!(bqm.energy(&first.state), Ok(first.energy));
            assert_eq!(found.rows.len(), 32);
        }
    }
}

#[test]
fn a_run_is_a_function_of_its_seed_on_any_number_of_threads() {
    for sampler in samplers() {
        for (kind, bqm) in kinds() {
            let params = Params { num_reads: 70, num_sweeps: Some(3), seed: 9, ..Params::default() };
            let one = sampler.sample(&bqm, &params, &Run::default()).expect("fine parameters");
            let two = sampler.sample(&bqm, &params, &Run { executor: &Two, ..Run::default() }).expect("fine parameters");
            assert_eq!(one, two, "{} on {kind}", sampler.name());
        }
    }
}

#[test]
fn degenerate_models_have_their_states() {
    let build = |variables: usize| Bqm::builder(Vartype::Spin).variables(variables).offset(2.0).build().expect("finite");
    let tiny = Bqm::from_ising(&[1e-300, -1e300], [(0, 1, 1e-300)], 0.0).expect("finite");
    let zeros = Bqm::from_ising(&[0.0; 3], [(0, 1, 0.0)], 2.0).expect("finite");
    for sampler in samplers() {
        for (bqm, energy) in [(build(0), 2.0), (build(1), 2.0), (build(40), 2.0), (zeros.clone(), 2.0), (tiny.clone(), -1e300)] {
            let found = sampler.sample(&bqm, &Params::default(), &Run::default()).expect("fine parameters");
            assert_eq!(found.first().map(|row| row.energy), Some(energy), "{}", sampler.name());
        }
    }
}

#[test]
fn parameters_that_break_a_rule_are_refused() {
    let bqm = random_model(3, Vartype::Spin, 0);
    let check = |params: Params, wanted: &str| {
        let error = SimulatedAnnealing::default().sample(&bqm, &params, &Run::default()).expect_err(wanted);
        assert!(error.to_string().starts_with(wanted), "{error}");
    };
    check(Params { num_reads: 0, ..Params::default() }, "num_reads ");
    check(Params { num_sweeps: Some(0), ..Params::default() }, "num_sweeps ");
    check(Params { beta_range: Some((2.0, 1.0)), ..Params::default() }, "beta_range ");
    check(Params { beta_range: Some((f64::NAN, 1.0)), ..Params::default() }, "beta_range ");
    check(Params { schedule: Some(super::Schedule::Custom(Vec::new())), ..Params::default() }, "schedule ");
    check(Params { initial_states: vec![vec![1, 1]], ..Params::default() }, "the state has 2 values");
}

#[test]
fn every_name_is_that_of_a_sampler() {
    for name in super::NAMES {
        let sampler = super::named(name).expect("a sampler");
        assert!(*name == "auto" || sampler.name() == *name);
    }
    assert!(super::named("quantum").is_none());
}
