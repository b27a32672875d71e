use super::{Exact, Method};
use crate::optimizer::model::tests::random_model;
use crate::optimizer::model::{Bqm, Vartype};
use crate::optimizer::random::Random;
use crate::optimizer::sample_set::SampleSet;
use crate::optimizer::sampler::run::Progress;
use crate::optimizer::sampler::tests::{kinds, least};
use crate::optimizer::sampler::{Error, Params, Run, Sampler, Stop};

fn solve(exact: Exact, bqm: &Bqm) -> Result<SampleSet, Error> {
    exact.sample(bqm, &Params::default(), &Run::default())
}

/// A torus of couplers -1 and 1.
fn torus(width: usize, height: usize, seed: u64) -> Bqm {
    let mut random = Random::new(seed, 0);
    let mut builder = Bqm::builder(Vartype::Spin);
    for x in 0..width {
        for y in 0..height {
            builder.add_quadratic(x * height + y, (x + 1) % width * height + y, f64::from(random.spin()));
            builder.add_quadratic(x * height + y, x * height + (y + 1) % height, f64::from(random.spin()));
        }
    }
    builder.build().expect("finite")
}

#[test]
fn every_method_proves_what_enumeration_finds() {
    for (kind, bqm) in kinds() {
        for method in [Method::Tree, Method::Enumeration, Method::Branch] {
            let found = solve(Exact { method: Some(method), ..Exact::default() }, &bqm).expect("small");
            let energy = found.first().expect("a row").energy;
            assert!((energy - least(&bqm)).abs() <= 1e-9 * energy.abs(), "{method:?} on {kind}");
            assert!(found.effort.optimal);
        }
    }
}

#[test]
fn methods_agree_beyond_enumeration() {
    for seed in 0..4 {
        let bqm = torus(6, 6, seed);
        let tree = solve(Exact { method: Some(Method::Tree), ..Exact::default() }, &bqm).expect("narrow");
        let branch = solve(Exact { method: Some(Method::Branch), ..Exact::default() }, &bqm).expect("within the nodes");
        assert_eq!(tree.first().map(|row| row.energy), branch.first().map(|row| row.energy), "seed {seed}");
    }
}

#[test]
fn the_lowest_states_of_a_small_model_are_enumerated_in_order() {
    let bqm = random_model(7, Vartype::Binary, 3);
    let params = Params { num_reads: 1 << 10, ..Params::default() };
    let found = Exact::default().sample(&bqm, &params, &Run::default()).expect("small");
    assert_eq!(found.rows.len(), 1 << 7);
    assert!(found.rows.windows(2).all(|pair| pair[0].energy <= pair[1].energy && pair[0].state != pair[1].state));
    let few = Exact::default().sample(&bqm, &Params { num_reads: 5, ..params }, &Run::default()).expect("small");
    let energies = |set: &SampleSet| set.rows.iter().map(|row| row.energy).take(5).collect::<Vec<_>>();
    assert_eq!(energies(&few), energies(&found));
}

#[test]
fn an_unfrustrated_model_of_any_size_satisfies_every_coupler() {
    let mut random = Random::new(7, 0);
    let n = 4000;
    let hidden: Vec<i8> = (0..n).map(|_| random.spin()).collect();
    let mut builder = Bqm::builder(Vartype::Spin).variables(n);
    let mut sum = 0.0;
    for _ in 0..4 * n {
        let (one, other) = (random.below(n), random.below(n));
        if one != other {
            builder.add_quadratic(one, other, -2.0 * f64::from(hidden[one] * hidden[other]));
            sum += 2.0;
        }
    }
    builder.add_linear(5, -f64::from(hidden[5]));
    let bqm = builder.build().expect("finite");
    let found = solve(Exact::default(), &bqm).expect("balanced");
    assert_eq!(found.first().map(|row| row.energy), Some(-sum - 1.0));
    assert!(found.effort.optimal);
}

#[test]
fn what_is_too_large_is_refused_with_the_reason() {
    let refused = |exact: Exact, bqm: &Bqm, wanted: &str| {
        let error = solve(exact, bqm).expect_err(wanted);
        assert!(matches!(error, Error::Unsuitable { .. }) && error.to_string().contains(wanted), "{error}");
    };
    refused(Exact::default(), &torus(30, 30, 1), "a component of 900 variables");
    refused(Exact { nodes: 100, ..Exact::default() }, &random_model(60, Vartype::Spin, 1), "within 100 nodes");
    refused(Exact { method: Some(Method::Enumeration), ..Exact::default() }, &random_model(31, Vartype::Spin, 1), "31 variables");
    refused(Exact { method: Some(Method::Balanced), ..Exact::default() }, &torus(5, 5, 1), "a component of 25 variables");
}

#[test]
fn what_was_stopped_is_not_called_optimal() {
    struct AtOnce;
    impl Stop for AtOnce {
        fn should_stop(&self, _: Progress) -> bool {
            true
        }
    }
    let run = Run { stop: &AtOnce, ..Run::default() };
    let bqm = random_model(28, Vartype::Binary, 1);
    for method in [Method::Tree, Method::Enumeration] {
        let exact = Exact { method: Some(method), ..Exact::default() };
        let found =
            exact.sample(&bqm, &Params::default(), &run).map(|set| (set.effort.interrupted, set.effort.optimal, !set.rows.is_empty()));
        if let Ok(found) = found {
            assert_eq!(found, (true, false, true), "{method:?}");
        }
    }
}
