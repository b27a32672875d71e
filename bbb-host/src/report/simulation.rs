//! Many simulated businesses as one HTML file: how the cash went, how profit is spread, and how far each policy stays behind the oracle.

use bbb_core::money::{Cents, dollars};

use super::figure::several;
use super::sections::{Block, Document, section, table};
use super::{Error, drawing, html};
use crate::simulate::Policy;
use crate::simulate::outcome::{CASH_EVERY_DAYS, Outcome};
use crate::simulate::summary::{Row, quantile, share, sorted};

/// Bars of the distribution of profit.
const BARS: usize = 16;

/// What one of the columns is.
const BOUND: &str = "Upper bound: of the expected profit, which no growth policy exceeds, by the hidden parameters; the mean of these futures. A single run may be luckier.";

/// The page for one blueprint, or for all together.
///
/// # Errors
/// [`Error`] where the page's template is wrong, which is a defect of this build.
pub fn simulation_html(asked: &str, rows: &[Row], outcomes: &[Outcome]) -> Result<String, Error> {
    let blueprints: std::collections::BTreeSet<&str> = outcomes.iter().map(|outcome| outcome.blueprint.as_str()).collect();
    let name = match blueprints.iter().next() {
        Some(one) if blueprints.len() == 1 => (*one).to_owned(),
        _ => several(blueprints.len() as u64, "blueprint", "blueprints"),
    };
    let policies: Vec<Policy> = Policy::ALL.into_iter().filter(|policy| outcomes.iter().any(|outcome| outcome.policy == *policy)).collect();
    let mut sections = vec![section("Policies (simulated)", vec![Block::Table(overview(rows)), Block::Note(BOUND.to_owned())])];
    for policy in &policies {
        let runs: Vec<&Outcome> = outcomes.iter().filter(|outcome| outcome.policy == *policy).collect();
        let title = |what: &str| format!("{what}, {} (simulated)", policy.as_str());
        let fan = drawing::fan(&format!("cash-{}", policy.as_str()), &title("Cash by week"), &cash_bands(&runs));
        let profits: Vec<Cents> = runs.iter().map(|run| Cents::new(run.profit_cents)).collect();
        let spread = drawing::spread(&format!("profit-{}", policy.as_str()), &title("Profit of each future"), &profits, BARS);
        sections.push(section(format!("{} (simulated)", policy.as_str()), vec![Block::Drawing(fan), Block::Drawing(spread)]));
    }
    let regrets: Vec<(&str, Vec<Cents>)> =
        policies.iter().filter_map(|policy| Some((policy.as_str(), regret(outcomes, *policy)?))).collect();
    if !regrets.is_empty() {
        let title = "Mean regret to the oracle by week (simulated)";
        sections.push(section("Regret over time (simulated)", vec![Block::Drawing(drawing::courses("regret", title, &regrets, None))]));
    }
    html::page(Document {
        kicker: "Simulated futures",
        kind: "simulation",
        name,
        standing: asked.to_owned(),
        banners: vec!["Simulated: nothing here has happened, and nothing here is a forecast. All money is the simulator's.".to_owned()],
        headline: headline(rows),
        sections,
    })
}

fn headline(rows: &[Row]) -> String {
    let told = rows.iter().filter(|row| rows.len() < 10 || row.blueprint == "all").map(|row| {
        format!(
            "{} earns {} in the median future, and {} in the worst twentieth",
            row.policy.as_str(),
            dollars(Cents::new(row.median_profit_cents)),
            dollars(Cents::new(row.worst_profit_cents))
        )
    });
    format!("{}.", told.collect::<Vec<_>>().join("; "))
}

fn overview(rows: &[Row]) -> super::sections::Table {
    let heads = [
        "@Blueprint",
        "@Policy",
        "#Runs",
        "#Median profit",
        "#Worst 5%",
        "#Ruined",
        "#Regret",
        "#Upper bound",
        "#Asked a month",
        "#Success",
        "#Conversion",
        "#Satisfaction",
    ];
    let money = |cents: i64| dollars(Cents::new(cents));
    let row = |row: &Row| {
        vec![
            row.blueprint.clone(),
            row.policy.as_str().to_owned(),
            row.runs.to_string(),
            money(row.median_profit_cents),
            money(row.worst_profit_cents),
            share(Some(row.ruined)),
            row.regret_cents.map_or("-".to_owned(), money),
            row.expected_profit_bound_cents.map_or("-".to_owned(), money),
            format!("{:.1}", row.asked_a_month),
            share(row.success),
            share(row.conversion),
            share(row.satisfaction),
        ]
    };
    table("What became of them (simulated)".to_owned(), &heads, rows.iter().map(row).collect())
}

/// Of each week the cash that a tenth, a half and nine tenths of the runs stay below.
fn cash_bands(runs: &[&Outcome]) -> Vec<[Cents; 3]> {
    let weeks = runs.iter().map(|run| run.cash_cents.len()).min().unwrap_or(0);
    let at = |week: usize| {
        let cash = sorted(runs.iter().map(|run| run.cash_cents[week]));
        [10, 50, 90].map(|percent| Cents::new(quantile(&cash, percent)))
    };
    (0..weeks).map(at).collect()
}

/// How much less cash than the oracle a policy has, by week, in the mean of the futures that both ran; none for the oracle itself and without it.
fn regret(outcomes: &[Outcome], policy: Policy) -> Option<Vec<Cents>> {
    let same = |one: &Outcome, other: &Outcome| (&one.blueprint, one.seed) == (&other.blueprint, other.seed);
    let pairs: Vec<(&Outcome, &Outcome)> = outcomes
        .iter()
        .filter(|one| one.policy == policy && policy != Policy::Oracle)
        .filter_map(|one| Some((one, outcomes.iter().find(|other| other.policy == Policy::Oracle && same(one, other))?)))
        .collect();
    let weeks = pairs.iter().map(|(one, other)| one.cash_cents.len().min(other.cash_cents.len())).min().filter(|weeks| *weeks > 0)?;
    let count = i64::try_from(pairs.len()).unwrap_or(1);
    let mean =
        |week: usize| Cents::new(pairs.iter().map(|(one, other)| other.cash_cents[week] - one.cash_cents[week]).sum::<i64>() / count);
    debug_assert_eq!(CASH_EVERY_DAYS, 7, "the foot counts weeks");
    Some((0..weeks).map(mean).collect())
}
