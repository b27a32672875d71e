use super::Presolved;
use crate::optimizer::model::tests::random_model;
use crate::optimizer::model::{Bqm, Vartype};
use crate::optimizer::random::Random;

/// All states of a model.
fn states(bqm: &Bqm) -> impl Iterator<Item = Vec<i8>> {
    let ([low, high], n) = (bqm.vartype().values(), bqm.num_variables());
    (0..1_u32 << n).map(move |bits| (0..n).map(|at| if bits >> at & 1 == 1 { high } else { low }).collect())
}

fn least(bqm: &Bqm) -> f64 {
    states(bqm).map(|state| bqm.energy_of(&state)).fold(f64::INFINITY, f64::min)
}

/// A model of about so many couplers; fields are there with this chance in 8.
fn sparse(variables: usize, couplers: usize, fields: usize, vartype: Vartype, seed: u64) -> Bqm {
    let mut random = Random::new(seed, 9);
    let mut draw = || f64::from(u8::try_from(random.below(13)).expect("small")) - 6.0;
    let mut biases: Vec<f64> = (0..variables + couplers).map(|_| draw()).collect();
    let mut builder = Bqm::builder(vartype).variables(variables).offset(draw());
    for variable in 0..variables {
        let bias = biases.pop().expect("enough");
        if random.below(8) < fields {
            builder.add_linear(variable, bias);
        }
    }
    for bias in biases {
        builder.add_quadratic(random.below(variables), random.below(variables), bias);
    }
    builder.build().expect("finite")
}

/// Every state of the reduced model leads to one of the whole that is no worse, and the least energies are equal.
fn check(bqm: &Bqm, what: &str) -> Presolved {
    let presolved = Presolved::of(bqm).expect("finite");
    let close = |one: f64, other: f64| (one - other).abs() <= 1e-9 * (1.0 + other.abs());
    assert!(close(least(presolved.model()), least(bqm)), "{what}");
    for state in states(presolved.model()) {
        let whole = presolved.restore(&state).expect("a state of the reduced model");
        let energies = (bqm.energy(&whole).expect("a state of the whole"), presolved.model().energy_of(&state));
        assert!(close(energies.0, energies.1), "{what}: {energies:?}");
        assert_eq!(presolved.project(&whole), Ok(state), "{what}");
    }
    presolved
}

#[test]
fn the_optimum_is_kept_and_every_state_leads_back_with_its_energy() {
    let mut eliminated = 0;
    for seed in 0..24 {
        let vartype = if seed % 2 == 0 { Vartype::Binary } else { Vartype::Spin };
        for (couplers, fields) in [(6, 8), (12, 0), (18, 3), (30, 1)] {
            let bqm = sparse(9, couplers, fields, vartype, seed);
            eliminated += check(&bqm, &format!("seed {seed}, {couplers} couplers")).eliminated();
        }
        check(&random_model(7, vartype, seed), &format!("dense, seed {seed}"));
        check(&sparse(8, 16, 4, vartype, seed).scale(std::f64::consts::E).expect("finite"), "doubles");
    }
    assert!(eliminated > 600, "{eliminated}");
}

#[test]
fn trees_cycles_and_unfrustrated_models_vanish() {
    let n = 400;
    let ring = Bqm::from_ising(&[], (0..n).map(|at| (at, (at + 1) % n, if at == 0 { 1.0 } else { -1.0 })), 0.5).expect("finite");
    let tree = Bqm::from_ising(&[0.5; 400], (1..n).map(|at| (at, at / 3, 1.0)), 0.0).expect("finite");
    let hypercube =
        Bqm::from_ising(&[], (0..1024_usize).flat_map(|at| (0..10).map(move |bit| (at, at ^ (1 << bit), 1.0))), 0.0).expect("finite");
    for (bqm, energy) in [(&ring, Some(0.5 - 398.0)), (&tree, None), (&hypercube, Some(-10240.0))] {
        let presolved = Presolved::of(bqm).expect("finite");
        assert_eq!(presolved.model().num_variables(), 0);
        let state = presolved.restore(&[]).expect("the only state");
        assert_eq!(bqm.energy(&state), Ok(presolved.model().offset()));
        assert!(energy.is_none_or(|energy| energy == presolved.model().offset()));
    }
}

#[test]
fn labels_stay_with_the_variables_that_are_kept() {
    // No coupler is as large as the other eleven.
    let mut random = Random::new(5, 0);
    let couplers: Vec<_> = (0..12)
        .flat_map(|one| (0..one).map(move |other| (one, other)))
        .map(|(one, other)| (one, other, f64::from(random.spin())))
        .collect();
    let complete = Bqm::from_ising(&[0.0; 13], couplers, 0.0).expect("finite");
    let labels: Vec<String> = (0..13).map(|at| format!("v{at}")).collect();
    let bqm = complete.relabel(labels.clone()).expect("thirteen");
    let presolved = Presolved::of(&bqm).expect("finite");
    assert_eq!(presolved.kept().len(), 12);
    for (new, old) in presolved.kept().iter().enumerate() {
        assert_eq!(presolved.model().label(new), labels[*old]);
    }
    assert!(presolved.restore(&[]).is_err());
}

#[test]
fn components_and_induced_models_are_those_of_the_couplers() {
    let bqm = Bqm::from_ising(&[1.0, 2.0, 3.0, 4.0], [(0, 2, 5.0), (1, 3, 0.0)], 7.0).expect("finite");
    assert_eq!(bqm.components(), [vec![0, 2], vec![1], vec![3]]);
    let part = bqm.induced(&[2, 0]).expect("both are there");
    assert_eq!((part.linear(), part.offset()), ([3.0, 1.0].as_slice(), 0.0));
    assert_eq!(part.quadratic().collect::<Vec<_>>(), [(0, 1, 5.0)]);
    assert!(bqm.induced(&[4]).is_err());
}
