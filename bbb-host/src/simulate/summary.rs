//! What many outcomes say together: per blueprint and policy, with intervals by the bootstrap (Efron, "Bootstrap methods: another look at the jackknife", Annals of Statistics 7, 1979).

use std::collections::BTreeMap;

use bbb_core::draw::Seed;
use bbb_core::plan::percent;
use serde::Serialize;

use super::Policy;
use super::bound::Bounds;
use super::outcome::Outcome;

/// Samples of the bootstrap.
const RESAMPLES: u64 = 1_000;
/// The shortfall of profit below which a seed is among the worst: one in twenty.
const WORST_PERCENT: usize = 5;

/// One policy on one blueprint, or on all.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// The template's short name; `all` for all together.
    pub blueprint: String,
    /// The scenario of its market, by name and digest; absent where all was drawn.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub market: Option<String>,
    /// The policy.
    pub policy: Policy,
    /// Runs.
    pub runs: usize,
    /// The median profit, in cents.
    pub median_profit_cents: i64,
    /// Its 95 % interval by the bootstrap, in cents.
    pub median_profit_interval_cents: [i64; 2],
    /// The mean profit, in cents.
    pub mean_profit_cents: i64,
    /// The mean of the worst 5 % of profits (at least one run), in cents.
    pub worst_profit_cents: i64,
    /// The share of runs whose cash ran out.
    pub ruined: f64,
    /// How much less the mean run earned than the oracle's, in cents, over the seeds on which that ran; none without an oracle.
    pub regret_cents: Option<i64>,
    /// A profit, in cents, that no growth policy can expect to exceed: the mean over the same futures. A bound of the mean, not of a single run; none where it was not asked for.
    pub expected_profit_bound_cents: Option<i64>,
    /// The median revenue of the last 90 days, in cents.
    pub last_quarter_revenue_cents: i64,
    /// Decisions that the owner was asked for, in 30 days.
    pub asked_a_month: f64,
    /// Tasks that succeeded, of all that ended.
    pub success: Option<f64>,
    /// Customers among qualified leads.
    pub conversion: Option<f64>,
    /// Ratings of four and five stars among all.
    pub satisfaction: Option<f64>,
}

/// One row for each blueprint and policy; where there are several blueprints, one more for each policy over all. All outcomes must be of one market.
pub fn rows(outcomes: &[Outcome], bounds: &Bounds) -> Vec<Row> {
    let mut groups: BTreeMap<(String, Policy), Vec<&Outcome>> = BTreeMap::new();
    for outcome in outcomes {
        groups.entry((outcome.blueprint.clone(), outcome.policy)).or_default().push(outcome);
    }
    let blueprints = groups.keys().map(|(blueprint, _)| blueprint).collect::<std::collections::BTreeSet<_>>().len();
    let oracle: BTreeMap<(&str, u64), i64> = outcomes
        .iter()
        .filter(|outcome| outcome.policy == Policy::Oracle)
        .map(|outcome| ((outcome.blueprint.as_str(), outcome.seed), outcome.profit_cents))
        .collect();
    let mut rows: Vec<Row> = groups.iter().map(|((blueprint, policy), runs)| row(blueprint, *policy, runs, &oracle, bounds)).collect();
    if blueprints > 1 {
        for policy in Policy::ALL {
            let runs: Vec<&Outcome> = outcomes.iter().filter(|outcome| outcome.policy == policy).collect();
            if !runs.is_empty() {
                rows.push(row("all", policy, &runs, &oracle, bounds));
            }
        }
    }
    rows
}

fn row(blueprint: &str, policy: Policy, runs: &[&Outcome], oracle: &BTreeMap<(&str, u64), i64>, bounds: &Bounds) -> Row {
    let profits = sorted(runs.iter().map(|run| run.profit_cents));
    let worst = (profits.len() * WORST_PERCENT / 100).max(1);
    let regrets: Vec<i64> =
        runs.iter().filter_map(|run| Some(oracle.get(&(run.blueprint.as_str(), run.seed))? - run.profit_cents)).collect();
    let bounds: Option<Vec<i64>> = runs.iter().map(|run| bounds.get(&run.blueprint, run.market.as_deref(), run.seed)).collect();
    let totals = |of: &dyn Fn(&Outcome) -> (u32, u32)| {
        let (part, whole) = runs.iter().fold((0_u64, 0_u64), |(part, whole), run| {
            let (more, all) = of(run);
            (part + u64::from(more), whole + u64::from(all))
        });
        (whole > 0).then(|| part as f64 / whole as f64)
    };
    let rated: Vec<f64> = runs.iter().filter_map(|run| run.satisfaction).collect();
    Row {
        blueprint: blueprint.to_owned(),
        market: runs.iter().find_map(|run| run.market.clone()),
        policy,
        runs: runs.len(),
        median_profit_cents: median(&profits),
        median_profit_interval_cents: interval(&profits, &format!("{blueprint}/{}", policy.as_str())),
        mean_profit_cents: mean(&profits),
        worst_profit_cents: mean(&profits[..worst]),
        ruined: runs.iter().filter(|run| run.ruined).count() as f64 / runs.len() as f64,
        regret_cents: (!regrets.is_empty()).then(|| mean(&regrets)),
        expected_profit_bound_cents: bounds.map(|bounds| mean(&bounds)),
        last_quarter_revenue_cents: median(&sorted(runs.iter().map(|run| run.last_quarter_revenue_cents))),
        asked_a_month: runs.iter().map(|run| run.asked_a_month()).sum::<f64>() / runs.len() as f64,
        success: totals(&|run| (run.tasks_completed, run.tasks_completed + run.tasks_failed)),
        conversion: totals(&|run| (run.customers, run.qualified)),
        satisfaction: (!rated.is_empty()).then(|| rated.iter().sum::<f64>() / rated.len() as f64),
    }
}

/// A share of all in percent, for people; a dash where there is none.
pub(crate) fn share(share: Option<f64>) -> String {
    share.map_or("-".to_owned(), percent)
}

pub(crate) fn sorted(figures: impl IntoIterator<Item = i64>) -> Vec<i64> {
    let mut figures: Vec<i64> = figures.into_iter().collect();
    figures.sort_unstable();
    figures
}

/// The lower median of sorted figures; 0 where there are none.
pub(super) fn median(sorted: &[i64]) -> i64 {
    quantile(sorted, 50)
}

/// What so many percent of sorted figures do not exceed; 0 where there are none.
pub(crate) fn quantile(sorted: &[i64], percent: usize) -> i64 {
    sorted.get(sorted.len().saturating_sub(1) * percent / 100).copied().unwrap_or(0)
}

pub(super) fn mean(figures: &[i64]) -> i64 {
    let sum: i128 = figures.iter().map(|figure| i128::from(*figure)).sum();
    let count = i128::try_from(figures.len().max(1)).unwrap_or(1);
    i64::try_from(sum / count).unwrap_or(0)
}

/// The 95 % interval of the median, by resampling. The same figures give the same interval.
fn interval(sorted: &[i64], name: &str) -> [i64; 2] {
    resampled(sorted, name, |again| {
        again.sort_unstable();
        median(again)
    })
}

/// The 95 % interval of the mean, likewise.
pub(super) fn interval_of_mean(figures: &[i64], name: &str) -> [i64; 2] {
    resampled(figures, name, |again| mean(again))
}

fn resampled(figures: &[i64], name: &str, of: impl Fn(&mut [i64]) -> i64) -> [i64; 2] {
    let count = u32::try_from(figures.len()).unwrap_or(u32::MAX);
    let seed = Seed::new(1).derive(name);
    let found = (0..RESAMPLES).map(|number| {
        let mut draw = seed.draw("bootstrap", number);
        let mut again: Vec<i64> = (0..count).map(|_| figures[draw.below(count) as usize]).collect();
        of(&mut again)
    });
    let found = sorted(found);
    // Of 1,000: the 26th and the 975th.
    [found[25], found[974]]
}
