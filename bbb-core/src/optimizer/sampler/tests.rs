use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use super::anneal::SimulatedAnnealing;
use super::auto::Auto;
use super::baseline::{RandomStates, SteepestDescent};
use super::bifurcation::SimulatedBifurcation;
use super::exact::Exact;
use super::lanes::Fit;
use super::quantum::QuantumAnnealing;
use super::tabu::TabuSearch;
use super::tempering::ParallelTempering;
use super::{Executor, Job, Params, Progress, Run, Sampler, Stop};
use crate::optimizer::model::ising::Compiled;
use crate::optimizer::model::tests::random_model;
use crate::optimizer::model::{Bqm, Vartype};
use crate::optimizer::random::Random;

/// The lowest energy, by looking at every state.
pub(super) fn least(bqm: &Bqm) -> f64 {
    let [low, high] = bqm.vartype().values();
    let n = bqm.num_variables();
    let state = |bits: u32| -> Vec<i8> { (0..n).map(|variable| if bits >> variable & 1 == 1 { high } else { low }).collect() };
    (0..1_u32 << n).map(|bits| bqm.energy_of(&state(bits))).fold(f64::INFINITY, f64::min)
}

/// Those that find the optima of small models.
fn samplers() -> Vec<Box<dyn Sampler>> {
    vec![
        Box::new(SimulatedAnnealing::default()),
        Box::new(ParallelTempering::default()),
        Box::new(QuantumAnnealing::default()),
        Box::new(SimulatedBifurcation { discrete: false }),
        Box::new(SimulatedBifurcation { discrete: true }),
        Box::new(Exact::default()),
        Box::new(TabuSearch::default()),
        Box::new(Auto::default()),
    ]
}

/// Those and the ones that need not find them.
pub(super) fn all_samplers() -> Vec<Box<dyn Sampler>> {
    let mut all = samplers();
    all.push(Box::new(RandomStates::default()));
    all.push(Box::new(SteepestDescent::default()));
    all
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

/// The model with a bias that has no divisor in common with the others.
fn without_divisor(bqm: &Bqm) -> Bqm {
    let mut builder = Bqm::builder(bqm.vartype());
    for (variable, bias) in bqm.linear().iter().enumerate() {
        builder.add_linear(variable, *bias + if variable == 0 { 1.0 } else { 0.0 });
    }
    for (one, other, bias) in bqm.quadratic() {
        builder.add_quadratic(one, other, bias);
    }
    builder.build().expect("finite")
}

/// Models of every kind that is calculated in its own way.
pub(super) fn kinds() -> Vec<(&'static str, Bqm)> {
    let mut kinds = Vec::new();
    for seed in 0..4 {
        let small = random_model(4 + usize::try_from(seed).expect("small"), Vartype::Binary, seed);
        kinds.push(("16-bit fields", small.clone()));
        kinds.push(("doubles", small.scale(std::f64::consts::PI).expect("finite")));
        kinds.push(("32-bit fields", without_divisor(&small.scale(100_003.0).expect("finite"))));
        let ring = (0..12).map(|at| (at, (at + 1) % 12, if (at as u64).is_multiple_of(3 + seed) { -1.0 } else { 1.0 }));
        kinds.push(("8-bit fields", Bqm::from_ising(&[], ring, 0.0).expect("finite")));
    }
    kinds
}

#[test]
fn every_kind_is_calculated_as_it_says() {
    for (kind, bqm) in kinds() {
        let calculated = match Compiled::of(&bqm) {
            Compiled::Real(_) => "doubles",
            Compiled::Whole(ising) => match Fit::of(&ising) {
                Some(Fit::I8) => "8-bit fields",
                Some(Fit::I16) => "16-bit fields",
                None => "32-bit fields",
            },
        };
        assert_eq!(calculated, kind);
    }
}

#[test]
fn every_sampler_finds_the_optimum_of_small_models() {
    for sampler in samplers() {
        // Few reads where each is long.
        let params = Params { num_reads: if ["tabu", "pt", "sqa"].contains(&sampler.name()) { 4 } else { 32 }, ..Params::default() };
        for (kind, bqm) in kinds() {
            let found = sampler.sample(&bqm, &params, &Run::default()).expect("fine parameters");
            let first = found.first().expect("a row");
            assert!((first.energy - least(&bqm)).abs() < 1e-9 * least(&bqm).abs().max(1.0), "{} on {kind}", sampler.name());
            assert_eq!(bqm.energy(&first.state), Ok(first.energy));
            assert_eq!(found.rows.len() as u64, found.effort.reads);
            assert_eq!(found.effort.optimal, ["exact", "auto"].contains(&sampler.name()));
        }
    }
}

#[test]
fn a_run_is_a_function_of_its_seed_on_any_number_of_threads() {
    for sampler in all_samplers() {
        for (kind, bqm) in kinds() {
            let params = Params { num_reads: 40, num_sweeps: Some(3), seed: 9, ..Params::default() };
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
    for sampler in all_samplers() {
        for (bqm, energy) in [(build(0), 2.0), (build(1), 2.0), (build(40), 2.0), (zeros.clone(), 2.0), (tiny.clone(), -1e300)] {
            let found = sampler.sample(&bqm, &Params { num_reads: 8, ..Params::default() }, &Run::default()).expect("fine parameters");
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
fn coefficients_of_any_size_are_searched_alike() {
    let bqm = random_model(14, Vartype::Spin, 3);
    for sampler in samplers() {
        for factor in [1e-200, 1e200] {
            let scaled = bqm.scale(factor).expect("finite");
            let params = Params { num_reads: 4, ..Params::default() };
            let found = sampler.sample(&scaled, &params, &Run::default()).expect("fine parameters");
            let state = &found.first().expect("a row").state;
            assert_eq!(bqm.energy(state), Ok(least(&bqm)), "{} times {factor}", sampler.name());
        }
    }
}

/// No change of one variable is better than any row.
fn check_minima(sampler: &dyn Sampler, params: &Params) {
    for (kind, bqm) in kinds() {
        let found = sampler.sample(&bqm, params, &Run::default()).expect("fine parameters");
        for row in &found.rows {
            for variable in 0..bqm.num_variables() {
                let mut other = row.state.clone();
                let [low, high] = bqm.vartype().values();
                other[variable] = low + high - other[variable];
                assert!(bqm.energy_of(&other) >= row.energy - 1e-9 * row.energy.abs(), "{} on {kind}", sampler.name());
            }
        }
    }
}

#[test]
fn every_read_of_a_heuristic_ends_where_no_change_of_one_variable_is_better() {
    for sampler in samplers().iter().filter(|sampler| !["exact", "auto"].contains(&sampler.name())) {
        check_minima(sampler.as_ref(), &Params { num_reads: 2, num_sweeps: Some(5), ..Params::default() });
    }
}

#[test]
fn every_sampler_stops_when_it_is_told_to() {
    struct Now;
    impl Stop for Now {
        fn should_stop(&self, _: Progress) -> bool {
            true
        }
    }
    let bqm = random_model(60, Vartype::Spin, 3);
    for sampler in samplers().iter().filter(|sampler| sampler.name() != "exact") {
        let params = Params { until_stopped: true, ..Params::default() };
        let found = sampler.sample(&bqm, &params, &Run { stop: &Now, ..Run::default() }).expect("fine parameters");
        assert!(found.effort.interrupted && !found.rows.is_empty(), "{}", sampler.name());
    }
}

#[test]
fn a_descent_ends_where_no_change_of_one_variable_is_better() {
    check_minima(&SteepestDescent::default(), &Params::default());
}

#[test]
fn a_descent_from_a_given_state_goes_down_the_steepest_way() {
    // From 00 the second variable gains more; the first then gains nothing.
    let bqm = Bqm::from_qubo([(0, 0, -1.0), (1, 1, -2.0), (0, 1, 3.0)], 0.0).expect("finite");
    let params = Params { num_reads: 1, initial_states: vec![vec![0, 0]], ..Params::default() };
    let found = SteepestDescent::default().sample(&bqm, &params, &Run::default()).expect("fine parameters");
    assert_eq!(found.first().map(|row| row.state.as_slice()), Some([0, 1].as_slice()));
}

#[test]
fn tabu_search_makes_as_many_changes_as_it_is_given() {
    let bqm = random_model(50, Vartype::Binary, 1);
    let params = Params { num_reads: 2, num_sweeps: Some(30), ..Params::default() };
    let found = TabuSearch::default().sample(&bqm, &params, &Run::default()).expect("fine parameters");
    // A path between two states is walked to its end.
    assert!((60..=64).contains(&found.effort.sweeps), "{}", found.effort.sweeps);
    assert!(!found.effort.interrupted);
}

#[test]
fn tabu_search_finds_what_is_proved_for_dense_models() {
    for seed in 0..3 {
        let bqm = random_model(34, Vartype::Spin, seed);
        let proved = Exact::default().sample(&bqm, &Params::default(), &Run::default()).expect("within the nodes");
        let params = Params { num_reads: 1, ..Params::default() };
        let found = TabuSearch::default().sample(&bqm, &params, &Run::default()).expect("fine parameters");
        assert_eq!(found.first().map(|row| row.energy), proved.first().map(|row| row.energy), "seed {seed}");
    }
}

/// Three models side by side: one that is solved exactly, a dense and a sparse one that are not, and a tree at one of them.
fn mixed() -> Bqm {
    let mut random = Random::new(3, 0);
    let mut builder = Bqm::builder(Vartype::Spin);
    let dense = random_model(140, Vartype::Spin, 1);
    let small = random_model(18, Vartype::Spin, 2);
    for (shift, part) in [(0, &dense), (140, &small)] {
        for (variable, bias) in part.linear().iter().enumerate() {
            builder.add_linear(shift + variable, *bias);
        }
        for (one, other, bias) in part.quadratic() {
            builder.add_quadratic(shift + one, shift + other, bias);
        }
    }
    // A torus of 20 times 20 with its diagonals.
    for at in 0..400 {
        let (x, y) = (at / 20, at % 20);
        for (dx, dy) in [(0, 1), (1, 0), (1, 1)] {
            builder.add_quadratic(158 + at, 158 + (x + dx) % 20 * 20 + (y + dy) % 20, f64::from(random.spin()));
        }
    }
    for leaf in 0..30 {
        builder.add_quadratic(558 + leaf, if leaf < 2 { 0 } else { 556 + leaf / 2 }, -1.0);
    }
    builder.build().expect("finite")
}

#[test]
fn the_choice_says_what_it_used_and_puts_components_together() {
    let bqm = mixed();
    let params = Params { num_reads: 2, num_sweeps: Some(8), ..Params::default() };
    let one = Auto::default().sample(&bqm, &params, &Run::default()).expect("fine parameters");
    assert_eq!(one.effort.solver, "auto(exact, presolve, sa, tabu)");
    assert_eq!((one.rows.len(), one.effort.optimal, one.effort.interrupted), (2, false, false));
    let alone = SimulatedAnnealing::default().sample(&bqm, &params, &Run::default()).expect("fine parameters");
    assert!(one.rows[0].energy < alone.rows[0].energy);
    let two = Auto::default().sample(&bqm, &params, &Run { executor: &Two, ..Run::default() }).expect("fine parameters");
    assert_eq!(one, two);
}

#[test]
fn a_run_until_it_is_stopped_tells_states_of_the_whole_model_and_ends() {
    struct After(AtomicU32, Mutex<f64>, Bqm);
    impl Stop for After {
        fn should_stop(&self, _: Progress) -> bool {
            self.0.fetch_add(1, Ordering::Relaxed) > 60
        }
        fn improved(&self, energy: f64, state: &[i8]) {
            assert_eq!(self.2.energy(state), Ok(energy));
            let mut best = self.1.lock().expect("no panic");
            *best = best.min(energy);
        }
    }
    let bqm = mixed();
    let stop = After(AtomicU32::new(0), Mutex::new(f64::INFINITY), bqm.clone());
    let params = Params { num_reads: 1, num_sweeps: Some(8), until_stopped: true, ..Params::default() };
    let found = Auto::default().sample(&bqm, &params, &Run { stop: &stop, ..Run::default() }).expect("fine parameters");
    assert!(found.effort.interrupted);
    let told = *stop.1.lock().expect("no panic");
    assert_eq!(found.rows[0].energy, told);
}

#[test]
fn the_choice_proves_the_optima_of_models_that_are_not_enumerated_as_a_whole() {
    for (seed, vartype) in [(1, Vartype::Binary), (2, Vartype::Spin)] {
        let bqm = random_model(17, vartype, seed);
        let chosen = Auto::default().sample(&bqm, &Params::default(), &Run::default()).expect("fine parameters");
        assert!(chosen.effort.optimal);
        assert_eq!(chosen.first().map(|row| row.energy), Some(least(&bqm)), "seed {seed}");
    }
}

#[test]
fn every_name_is_that_of_a_sampler() {
    for name in super::NAMES {
        let sampler = super::named(name).expect("a sampler");
        assert!(*name == "auto" || sampler.name() == *name);
    }
    assert!(super::named("quantum").is_none());
}
