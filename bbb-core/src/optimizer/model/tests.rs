use super::{Bqm, Disguised, Error, Vartype};
use crate::optimizer::random::Random;

/// The energy, term by term.
fn naive(bqm: &Bqm, state: &[i8]) -> f64 {
    let value = |variable: usize| f64::from(state[variable]);
    let linear: f64 = bqm.linear().iter().enumerate().map(|(variable, bias)| bias * value(variable)).sum();
    bqm.offset() + linear + bqm.quadratic().map(|(one, other, bias)| bias * value(one) * value(other)).sum::<f64>()
}

/// A model of whole coefficients, about half of its couplers there.
pub(crate) fn random_model(variables: usize, vartype: Vartype, seed: u64) -> Bqm {
    let mut random = Random::new(seed, 0);
    let mut draw = || f64::from(u8::try_from(random.below(21)).expect("small")) - 10.0;
    let mut builder = Bqm::builder(vartype).variables(variables).offset(draw());
    for one in 0..variables {
        builder.add_linear(one, draw());
        for other in one + 1..variables {
            if draw() > 0.0 {
                builder.add_quadratic(one, other, draw());
            }
        }
    }
    builder.build().expect("finite")
}

fn random_state(bqm: &Bqm, random: &mut Random) -> Vec<i8> {
    let [low, high] = bqm.vartype().values();
    (0..bqm.num_variables()).map(|_| if random.spin() > 0 { high } else { low }).collect()
}

#[test]
fn energies_equal_those_of_the_formula() {
    let mut random = Random::new(1, 1);
    for seed in 0..40 {
        for vartype in [Vartype::Binary, Vartype::Spin] {
            let bqm = random_model(usize::try_from(seed).expect("small") % 13, vartype, seed);
            let state = random_state(&bqm, &mut random);
            assert_eq!(bqm.energy(&state), Ok(naive(&bqm, &state)), "seed {seed}");
        }
    }
}

#[test]
fn the_other_vartype_has_the_same_energies_and_leads_back() {
    let mut random = Random::new(2, 1);
    for seed in 0..40 {
        let binary = random_model(9, Vartype::Binary, seed);
        let spin = binary.to_vartype(Vartype::Spin).expect("small");
        let state = random_state(&binary, &mut random);
        let spins: Vec<i8> = state.iter().map(|value| 2 * value - 1).collect();
        assert_eq!(binary.energy(&state), spin.energy(&spins), "seed {seed}");
        assert_eq!(spin.to_vartype(Vartype::Binary), Ok(binary), "seed {seed}");
    }
}

#[test]
fn a_model_in_disguise_has_the_energies_of_the_original() {
    let mut random = Random::new(4, 1);
    let mut changed = 0;
    for seed in 0..40 {
        let vartype = if seed % 2 == 0 { Vartype::Binary } else { Vartype::Spin };
        let bqm = random_model(usize::try_from(seed).expect("small") % 11, vartype, seed);
        let disguised = Disguised::of(&bqm, seed).expect("small");
        let state = random_state(&bqm, &mut random);
        let revealed = disguised.reveal(&state).expect("a state");
        assert_eq!(disguised.bqm.energy(&state), bqm.energy(&revealed), "seed {seed}");
        assert_eq!(disguised.bqm.num_couplers(), bqm.num_couplers(), "seed {seed}");
        changed += usize::from(revealed != state);
        assert!(disguised.reveal(&vec![7; state.len() + 1]).is_err());
    }
    assert!(changed > 25, "{changed}");
}

#[test]
fn fixed_and_contracted_variables_leave_the_energies_of_the_others() {
    let mut random = Random::new(3, 1);
    for seed in 0..40 {
        let vartype = if seed % 2 == 0 { Vartype::Binary } else { Vartype::Spin };
        let bqm = random_model(8, vartype, seed);
        let mut state = random_state(&bqm, &mut random);
        let (one, other) = (random.below(8), random.below(8));
        let without = |state: &[i8], gone: usize| -> Vec<i8> {
            state.iter().enumerate().filter(|(variable, _)| *variable != gone).map(|(_, value)| *value).collect()
        };
        let fixed = bqm.fix_variable(one, state[one]).expect("its value");
        assert_eq!(fixed.energy(&without(&state, one)), bqm.energy(&state), "seed {seed}");
        state[other] = state[one];
        let contracted = bqm.contract(one, other).expect("both are there");
        let left = if one == other { state.clone() } else { without(&state, other) };
        assert_eq!(contracted.energy(&left), bqm.energy(&state), "seed {seed}");
    }
}

#[test]
fn repeated_terms_add_up_and_a_variable_with_itself_is_linear_or_constant() {
    let binary = Bqm::from_qubo([(0, 1, 1.0), (1, 0, 2.0), (2, 2, 5.0)], 0.5).expect("finite");
    assert_eq!(binary.quadratic().collect::<Vec<_>>(), [(0, 1, 3.0)]);
    assert_eq!((binary.linear(), binary.offset()), ([0.0, 0.0, 5.0].as_slice(), 0.5));
    let spin = Bqm::from_ising(&[1.0], [(1, 1, 5.0)], 0.5).expect("finite");
    assert_eq!((spin.linear(), spin.offset(), spin.num_couplers()), ([1.0, 0.0].as_slice(), 5.5, 0));
}

#[test]
fn what_is_no_model_or_no_state_is_refused() {
    let build = |one: f64, other: f64| Bqm::from_ising(&[one], [(0, 1, other)], 0.0);
    assert!(matches!(build(f64::NAN, 0.0), Err(Error::NotFinite { place, .. }) if place == "variable 0"));
    assert!(matches!(build(0.0, f64::INFINITY), Err(Error::NotFinite { place, .. }) if place == "variables 0 and 1"));
    assert_eq!(build(f64::MAX, f64::MAX), Err(Error::TooLarge));
    let far = Bqm::builder(Vartype::Spin).linear(usize::MAX, 1.0).build();
    assert!(matches!(far, Err(Error::TooManyVariables { .. })));
    let bqm = build(1.0, 1.0).expect("finite");
    assert_eq!(bqm.energy(&[1]), Err(Error::WrongLength { found: 1, wanted: 2 }));
    assert_eq!(bqm.energy(&[1, 0]), Err(Error::WrongValue { variable: 1, value: 0, allowed: "-1 or 1" }));
    assert_eq!(bqm.fix_variable(2, 1), Err(Error::NoSuchVariable { variable: 2, variables: 2 }));
    assert_eq!(bqm.relabel(vec!["a".into(), "a".into()]), Err(Error::SameLabel("a".into())));
    assert_eq!(bqm.relabel(vec!["a".into()]), Err(Error::WrongLabels { found: 1, wanted: 2 }));
}

#[test]
fn a_model_is_the_same_after_it_was_written_and_read() {
    let bqm = random_model(6, Vartype::Spin, 5).relabel((0..6).map(|n| format!("v{n}")).collect()).expect("six labels");
    let text = serde_json::to_string(&bqm).expect("plain data");
    assert_eq!(serde_json::from_str::<Bqm>(&text).expect("what was written"), bqm);
    let broken = text.replace("\"v1\"", "\"v0\"");
    assert!(serde_json::from_str::<Bqm>(&broken).is_err(), "two variables of one label");
}
