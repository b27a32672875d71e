//! How the engine compares with the best baseline and with the oracle, on the same futures.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::Policy;
use super::outcome::Outcome;
use super::summary::{interval_of_mean, mean, median, sorted};

/// The engine on one blueprint, beside the rest.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// The template's short name.
    pub blueprint: String,
    /// The scenario of its market, by name and digest; absent where all was drawn.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub market: Option<String>,
    /// Futures in which all of these ran.
    pub futures: usize,
    /// The engine's median profit, in cents.
    pub engine_cents: i64,
    /// The baseline with the highest median profit.
    pub best_baseline: Policy,
    /// That median, in cents.
    pub best_baseline_cents: i64,
    /// The engine's median over the baseline's; none where the baseline's is not above zero.
    pub ratio: Option<f64>,
    /// How much more the engine earned than that baseline in the same future, on average, in cents.
    pub gain_cents: i64,
    /// Its 95 % interval by the bootstrap, in cents.
    pub gain_interval_cents: [i64; 2],
    /// The engine's mean profit over the oracle's, in the futures in which the oracle ran; none without one, or where its mean is not above zero.
    pub of_oracle: Option<f64>,
    /// The engine's ruined share, and the smallest of the baselines'.
    pub ruined: [f64; 2],
}

impl Comparison {
    /// Whether the engine is below the baseline by more than chance explains.
    pub fn is_behind(&self) -> bool {
        self.gain_interval_cents[1] < 0
    }
}

/// One comparison for each blueprint that the engine and all baselines ran. All outcomes must be of one market.
pub fn comparisons(outcomes: &[Outcome]) -> Vec<Comparison> {
    let mut by_blueprint: BTreeMap<&str, BTreeMap<Policy, BTreeMap<u64, &Outcome>>> = BTreeMap::new();
    for outcome in outcomes {
        by_blueprint.entry(&outcome.blueprint).or_default().entry(outcome.policy).or_default().insert(outcome.seed, outcome);
    }
    by_blueprint.into_iter().filter_map(|(blueprint, runs)| compare(blueprint, &runs)).collect()
}

fn compare(blueprint: &str, runs: &BTreeMap<Policy, BTreeMap<u64, &Outcome>>) -> Option<Comparison> {
    let engine = runs.get(&Policy::Engine)?;
    let baselines: Vec<(Policy, &BTreeMap<u64, &Outcome>)> =
        Policy::BASELINES.into_iter().map(|policy| Some((policy, runs.get(&policy)?))).collect::<Option<_>>()?;
    let common = |seed: &u64| baselines.iter().all(|(_, runs)| runs.contains_key(seed));
    let seeds: BTreeSet<u64> = engine.keys().copied().filter(common).collect();
    if seeds.is_empty() {
        return None;
    }
    let profits = |runs: &BTreeMap<u64, &Outcome>| seeds.iter().map(|seed| runs[seed].profit_cents).collect::<Vec<i64>>();
    let median_of = |runs: &BTreeMap<u64, &Outcome>| median(&sorted(profits(runs)));
    let ruined = |runs: &BTreeMap<u64, &Outcome>| seeds.iter().filter(|seed| runs[seed].ruined).count() as f64 / seeds.len() as f64;
    let (best, best_runs) = baselines.iter().max_by_key(|(policy, runs)| (median_of(runs), std::cmp::Reverse(*policy)))?;
    let (mine, theirs) = (median_of(engine), median_of(best_runs));
    let gains: Vec<i64> = profits(engine).into_iter().zip(profits(best_runs)).map(|(mine, theirs)| mine - theirs).collect();
    let over = |whole: i64| (whole > 0).then(|| mine as f64 / whole as f64);
    Some(Comparison {
        blueprint: blueprint.to_owned(),
        market: engine.values().next().and_then(|run| run.market.clone()),
        futures: seeds.len(),
        engine_cents: mine,
        best_baseline: *best,
        best_baseline_cents: theirs,
        ratio: over(theirs),
        gain_cents: mean(&gains),
        gain_interval_cents: interval_of_mean(&gains, blueprint),
        of_oracle: runs.get(&Policy::Oracle).and_then(|oracle| of_oracle(engine, oracle)),
        ruined: [ruined(engine), baselines.iter().map(|(_, runs)| ruined(runs)).fold(1.0, f64::min)],
    })
}

/// What the engine earned of the oracle's profit, in the futures of both.
fn of_oracle(engine: &BTreeMap<u64, &Outcome>, oracle: &BTreeMap<u64, &Outcome>) -> Option<f64> {
    let both = engine.iter().filter_map(|(seed, mine)| Some((mine.profit_cents, oracle.get(seed)?.profit_cents)));
    let (mine, best) = both.fold((0, 0), |(mine, best), (one, other)| (mine + one, best + other));
    (best > 0).then(|| mine as f64 / best as f64)
}

#[cfg(test)]
mod tests {
    use bbb_agents::conditions::OwnerKind;

    use super::*;

    fn outcome(policy: Policy, seed: u64, profit: i64) -> Outcome {
        Outcome {
            simulated: true,
            key: String::new(),
            blueprint: "shop".to_owned(),
            policy,
            seed,
            days: 30,
            faults_percent: 0,
            owner: OwnerKind::Simulated,
            market: None,
            revenue_cents: profit,
            spent_cents: 0,
            profit_cents: profit,
            last_quarter_revenue_cents: profit,
            brought_cents: 0,
            cash_cents: vec![profit],
            ruined: profit < 0,
            leads: 0,
            qualified: 0,
            customers: 0,
            satisfaction: None,
            tasks_completed: 0,
            tasks_failed: 0,
            asked: 0,
            vetoed: 0,
            refunds: 0,
        }
    }

    fn outcomes(engine: [i64; 3], oracle: bool) -> Vec<Outcome> {
        let mut all = Vec::new();
        for (seed, profit) in (0..).zip(engine) {
            all.push(outcome(Policy::Engine, seed, profit));
            for (policy, profit) in [(Policy::Equal, 50), (Policy::Greedy, 80), (Policy::Fixed, 100), (Policy::Epsilon, -10)] {
                all.push(outcome(policy, seed, profit));
            }
            if oracle {
                all.push(outcome(Policy::Oracle, seed, 400));
            }
        }
        all
    }

    #[test]
    fn the_engine_is_held_to_the_best_baseline_and_the_oracle_of_the_same_futures() {
        let found = comparisons(&outcomes([150, 250, 200], true));
        assert_eq!(found.len(), 1);
        let one = &found[0];
        assert_eq!((one.best_baseline, one.best_baseline_cents, one.engine_cents), (Policy::Fixed, 100, 200));
        assert_eq!((one.ratio, one.of_oracle, one.gain_cents, one.futures), (Some(2.0), Some(0.5), 100, 3));
        assert!(one.gain_interval_cents[0] >= 50 && one.gain_interval_cents[1] <= 150 && !one.is_behind());
        assert_eq!(one.ruined, [0.0, 0.0]);
        assert!(comparisons(&outcomes([10, 20, 30], false))[0].is_behind());
        assert_eq!(comparisons(&outcomes([10, 20, 30], false))[0].of_oracle, None);
        let mut few = outcomes([100, 300, 200], true);
        few.retain(|one| one.policy != Policy::Oracle || one.seed < 2);
        let one = &comparisons(&few)[0];
        assert_eq!((one.of_oracle, one.futures), (Some(0.5), 3), "the oracle ran in two futures of three");
    }

    #[test]
    fn futures_that_a_policy_did_not_run_do_not_count() {
        let mut some = outcomes([150, 250, 200], true);
        some.retain(|one| one.policy != Policy::Greedy || one.seed == 1);
        assert_eq!(comparisons(&some)[0].futures, 1);
        some.retain(|one| one.policy != Policy::Greedy);
        assert_eq!(comparisons(&some), []);
    }
}
