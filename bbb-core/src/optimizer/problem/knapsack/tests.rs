use super::{Knapsack, MAX_SUM};
use crate::optimizer::random::Random;
use crate::optimizer::sampler::{Params, Progress, Run, Stop};

pub(crate) fn random_knapsack(items: usize, seed: u64) -> Knapsack {
    let mut random = Random::new(seed, 7);
    let mut draw = |most: usize| i64::try_from(random.below(most)).expect("small");
    let profits = (0..items).map(|_| draw(100)).collect();
    let pairs: Vec<i64> = (0..items * items.saturating_sub(1) / 2).map(|_| draw(200) - 90).collect();
    let weights: Vec<i64> = (0..items).map(|_| draw(50)).collect();
    let capacity = draw(usize::try_from(weights.iter().sum::<i64>()).expect("small") + 1);
    Knapsack::new(profits, &pairs, weights, capacity).expect("within its rules")
}

/// The most profit that can be carried, by looking at every choice.
fn most(knapsack: &Knapsack) -> f64 {
    let bqm = knapsack.model().expect("small");
    let choice = |bits: u32| -> Vec<i8> { (0..knapsack.len()).map(|item| i8::from(bits >> item & 1 == 1)).collect() };
    let feasible = (0..1_u32 << knapsack.len()).map(choice).filter(|state| knapsack.is_feasible(state));
    feasible.map(|state| -bqm.energy_of(&state)).fold(0.0, f64::max)
}

#[test]
fn the_search_finds_the_optimum_of_small_knapsacks_and_only_what_can_be_carried() {
    for seed in 0..40 {
        let knapsack = random_knapsack(usize::try_from(seed).expect("small") % 14, seed);
        let params = Params { num_reads: 4, num_sweeps: Some(400), seed, ..Params::default() };
        let found = knapsack.search(&params, &Run::default()).expect("fine parameters");
        assert!(found.rows.iter().all(|row| knapsack.is_feasible(&row.state)), "seed {seed}");
        assert_eq!(found.first().map(|row| -row.energy), Some(most(&knapsack)), "seed {seed}");
        assert_eq!(found, knapsack.search(&params, &Run::default()).expect("fine parameters"));
    }
}

/// Stops at once.
struct AtOnce;

impl Stop for AtOnce {
    fn should_stop(&self, _: Progress) -> bool {
        true
    }
}

#[test]
fn a_run_that_is_stopped_at_once_has_a_choice_that_can_be_carried() {
    let knapsack = random_knapsack(60, 3);
    let params = Params { until_stopped: true, ..Params::default() };
    let found = knapsack.search(&params, &Run { stop: &AtOnce, ..Run::default() }).expect("fine parameters");
    assert!(found.effort.interrupted);
    assert!(knapsack.is_feasible(&found.first().expect("a row").state));
}

#[test]
fn a_knapsack_that_breaks_a_rule_is_refused() {
    let check = |profits: &[i64], pairs: &[i64], weights: &[i64], capacity: i64, wanted: &str| {
        let error = Knapsack::new(profits.to_vec(), pairs, weights.to_vec(), capacity).expect_err(wanted);
        assert!(error.contains(wanted), "{error}");
    };
    check(&[1, 1], &[], &[1, 1], 1, "for each pair");
    check(&[1, 1], &[1], &[1], 1, "for each item");
    check(&[1], &[], &[-1], 1, "negative");
    check(&[1], &[], &[1], -1, "negative");
    check(&[MAX_SUM, 1], &[0], &[1, 1], 1, "2^53");
    check(&[i64::MIN], &[], &[1], 1, "2^53");
    check(&[1, 1], &[0], &[i64::MAX, i64::MAX], 1, "2^53");
    check(&[0; 4097], &[], &[], 1, "4096");
    let knapsack = Knapsack::new(vec![1, 1], &[0], vec![1, 1], 1).expect("within its rules");
    assert!(!knapsack.is_feasible(&[1, 1]) && !knapsack.is_feasible(&[1]) && !knapsack.is_feasible(&[-1, 1]));
    assert!(knapsack.is_feasible(&[0, 1]));
}
