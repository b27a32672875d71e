use super::{ConstraintError, Model, slack};
use crate::optimizer::model::tests::random_model;
use crate::optimizer::model::{Bqm, Vartype};
use crate::optimizer::random::Random;
use crate::optimizer::sampler::exact::Exact;
use crate::optimizer::sampler::{Params, Run, Sampler};

fn states(variables: usize) -> impl Iterator<Item = Vec<i8>> {
    (0..1_u32 << variables).map(move |bits| (0..variables).map(|at| i8::from(bits >> at & 1 == 1)).collect())
}

/// One to three random constraints of every kind over six variables; those that cannot be are left out.
fn constrained(seed: u64) -> Model {
    let mut random = Random::new(seed, 4);
    let vartype = if seed.is_multiple_of(2) { Vartype::Binary } else { Vartype::Spin };
    let mut model = Model::new(&random_model(6, vartype, seed)).expect("finite");
    let mut whole = |bound: i64| i64::try_from(random.below(usize::try_from(bound).expect("small"))).expect("small");
    for at in 0..1 + whole(3) {
        let terms: Vec<(usize, i64)> = (0..6).map(|variable| (variable, whole(7) - 3)).collect();
        let label = format!("c{at}");
        let _ = match whole(6) {
            0 => model.equality(&label, &terms, whole(5) - 2),
            1 => model.at_most(&label, &terms, whole(6) - 3),
            2 => model.at_least(&label, &terms, whole(6) - 3),
            3 => model.one_hot(&label, &[0, 2, 3]),
            4 => model.cardinality(&label, &[1, 3, 5], 0, 1),
            _ => model.cardinality(&label, &[1, 2, 4, 5], 1, 2),
        };
    }
    model
}

#[test]
fn every_optimum_of_the_penalised_model_is_feasible_and_one_of_the_constrained() {
    let (mut checked, mut none) = (0, 0);
    for seed in 0..60 {
        let model = constrained(seed);
        let converted = model.convert().expect("small");
        assert!(converted.is_certified());
        let n = converted.bqm().num_variables();
        let feasible = states(6).filter(|state| model.is_feasible(state).expect("a state"));
        let wanted = feasible.map(|state| model.objective().energy_of(&state)).fold(f64::INFINITY, f64::min);
        if n > 13 {
            continue;
        }
        if wanted.is_infinite() {
            none += 1;
            continue;
        }
        checked += 1;
        let energies: Vec<(f64, Vec<i8>)> = states(n).map(|state| (converted.bqm().energy_of(&state), state)).collect();
        let least = energies.iter().map(|(energy, _)| *energy).fold(f64::INFINITY, f64::min);
        assert_eq!(least, wanted, "seed {seed}");
        for (_, state) in energies.iter().filter(|(energy, _)| *energy == least) {
            assert_eq!(model.is_feasible(&state[..6]), Ok(true), "seed {seed}");
        }
    }
    assert!(checked > 25 && none < 30, "{checked} {none}");
}

#[test]
fn a_penalty_that_is_too_small_is_not_called_certified_and_its_samples_are_repaired() {
    let objective = Bqm::from_qubo((0..6).map(|at| (at, at, -5.0 - f64::from(u8::try_from(at).expect("small")))), 0.0).expect("finite");
    let mut model = Model::new(&objective).expect("finite");
    model.one_hot("one", &[0, 1, 2, 3, 4, 5]).expect("possible");
    model.set_penalty(0.1).expect("above 0");
    let converted = model.convert().expect("small");
    assert!(!converted.is_certified());
    let found = Exact::default().sample(converted.bqm(), &Params { num_reads: 1, ..Params::default() }, &Run::default()).expect("small");
    assert_eq!(model.violations(&found.rows[0].state), Ok(vec![5]));
    let solutions = model.interpret(&found).expect("its own states");
    assert!(solutions[0].repaired && solutions[0].is_feasible());
    // The repair gives up what is worth least.
    assert_eq!((solutions[0].objective, solutions[0].state.as_slice()), (-10.0, [0, 0, 0, 0, 0, 1].as_slice()));
}

#[test]
fn repair_says_whether_the_state_became_feasible_and_leaves_what_is() {
    for seed in 0..40 {
        let model = constrained(seed);
        for state in states(6) {
            let mut repaired = state.clone();
            let became = model.repair(&mut repaired).expect("a state");
            assert_eq!(model.is_feasible(&repaired), Ok(became), "seed {seed}");
            if model.is_feasible(&state) == Ok(true) {
                assert_eq!(repaired, state, "seed {seed}");
            }
        }
    }
}

#[test]
fn slack_counts_every_number_up_to_its_width_and_none_above() {
    for width in 0..70 {
        let steps = slack(width);
        let mut sums: Vec<i64> =
            states(steps.len()).map(|state| state.iter().zip(&steps).map(|(bit, step)| i64::from(*bit) * step).sum()).collect();
        sums.sort_unstable();
        sums.dedup();
        assert_eq!(sums, (0..=width).collect::<Vec<_>>());
    }
}

#[test]
fn slack_has_labels_and_the_objective_keeps_its_own() {
    let objective = random_model(3, Vartype::Binary, 1).relabel(vec!["a".into(), "b".into(), "c".into()]).expect("three");
    let mut model = Model::new(&objective).expect("finite");
    model.at_most("budget", &[(0, 2), (1, 3), (2, 4)], 6).expect("possible");
    let bqm = model.convert().expect("small").bqm().clone();
    let labels: Vec<String> = (0..bqm.num_variables()).map(|variable| bqm.label(variable)).collect();
    assert_eq!(labels, ["a", "b", "c", "budget.slack0", "budget.slack1", "budget.slack2"]);
    model.cardinality("at most one", &[0, 1, 2], 0, 1).expect("possible");
    assert_eq!(model.convert().expect("small").bqm().num_variables(), 6, "at most one needs no slack");
    model.at_most("budget", &[(0, 1), (1, 2)], 2).expect("possible");
    assert!(model.convert().is_err(), "two constraints of one label have slack of one label");
}

#[test]
fn constraints_that_cannot_be_are_refused() {
    let mut model = Model::new(&random_model(3, Vartype::Binary, 1)).expect("finite");
    assert!(matches!(model.at_least("x", &[(0, 1), (1, 1)], 3), Err(ConstraintError::Unsatisfiable { most: 2, .. })));
    assert!(matches!(model.at_most("x", &[(0, i64::MIN)], 3), Err(ConstraintError::TooLarge { .. })));
    assert!(matches!(model.equality("x", &[(3, 1)], 1), Err(ConstraintError::Model(_))));
    assert!(matches!(model.set_penalty(f64::NAN), Err(ConstraintError::Penalty(_))));
    assert!(model.constraints().is_empty());
    // What always holds needs no slack.
    model.at_most("x", &[(0, 1), (1, 1)], 5).expect("possible");
    assert_eq!(model.constraints()[0].violation(&[1, 1, 1]), 0);
}
