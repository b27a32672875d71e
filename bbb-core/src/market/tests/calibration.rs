//! Calibration: what a plan that is kept for a year after the ramp-up earns and spends, compared with the template.

use super::driver::{CARELESS, COMPETENT, Habits, IDLE, run};
use crate::blueprint::{self, Blueprint};

/// Months after the ramp-up over which revenue and spending are averaged: a whole year, so that seasons cancel.
const MONTHS: usize = 12;

/// The median run of a plan, by month after the ramp-up.
struct Outcome {
    /// Revenue, in percent of the template's.
    revenue: i64,
    /// Spending, in percent of the template's expenses.
    spending: i64,
    /// Revenue less spending, in cents.
    profit: i64,
    /// The tenth and the ninetieth percentile of the revenue, in percent of the template's.
    range: (i64, i64),
}

fn outcome(blueprint: &Blueprint, seeds: u64, habits: Habits) -> Outcome {
    let ramp = usize::from(blueprint.ramp_up_months);
    let days = u32::try_from((ramp + MONTHS) * 30).expect("short");
    let (mut revenue, mut spending, mut profit) = (Vec::new(), Vec::new(), Vec::new());
    for seed in 1..=seeds {
        let run = run(&blueprint.slug, seed, days, habits);
        let mean = |month: &dyn Fn(usize) -> i64| (ramp..ramp + MONTHS).map(month).sum::<i64>() / 12;
        let (earned, spent) = (mean(&|month| run.month_revenue(month).get()), mean(&|month| run.month_spending(month).get()));
        revenue.push(earned * 100 / blueprint.expected_monthly_revenue.get());
        spending.push(spent * 100 / blueprint.expected_monthly_expenses.get());
        profit.push(earned - spent);
    }
    let at = |figures: &mut Vec<i64>, percent: usize| {
        figures.sort_unstable();
        figures[(figures.len() - 1) * percent / 100]
    };
    let range = (at(&mut revenue, 10), at(&mut revenue, 90));
    Outcome { revenue: at(&mut revenue, 50), spending: at(&mut spending, 50), profit: at(&mut profit, 50), range }
}

/// Three templates that a debug build runs for a year in little time.
const QUICK: [&str; 3] = ["ai-chatbot-integration-service", "podcast-production-studio", "no-code-app-development-agency"];

#[test]
fn a_competent_plan_earns_and_spends_what_the_template_says_a_careless_one_loses_and_none_earns_nothing() {
    for slug in QUICK {
        let blueprint = blueprint::find(slug).expect("a template");
        let competent = outcome(blueprint, 5, COMPETENT);
        assert!((85..=115).contains(&competent.revenue), "{slug}: revenue {} %", competent.revenue);
        assert!((85..=115).contains(&competent.spending), "{slug}: spending {} %", competent.spending);
        assert!(outcome(blueprint, 1, CARELESS).profit < 0, "{slug}");
        assert_eq!(outcome(blueprint, 1, IDLE).revenue, 0, "{slug}");
    }
}

#[test]
#[ignore = "prints the calibration table: run it by name, in release, with --nocapture"]
fn calibration_table() {
    let seeds = std::env::var("BBB_SEEDS").ok().and_then(|seeds| seeds.parse().ok()).unwrap_or(200);
    println!(
        "| template | ramp-up, months | sales a month | revenue, % of the template's (10th to 90th percentile) | spending, % | careless plan, USD a month |"
    );
    println!("|---|---|---|---|---|---|");
    let (mut worst, mut gains) = (0, 0);
    for b in blueprint::all() {
        let (competent, careless) = (outcome(b, seeds, COMPETENT), outcome(b, seeds.min(20), CARELESS));
        let (low, high) = competent.range;
        let sales = b.expected_monthly_revenue.get() / b.price.get();
        let monthly = if b.billing == blueprint::Billing::Monthly { " (monthly)" } else { "" };
        println!(
            "| {}{monthly} | {} | {sales} | {} ({low} to {high}) | {} | {} |",
            b.slug,
            b.ramp_up_months,
            competent.revenue,
            competent.spending,
            careless.profit / 100,
        );
        worst = worst.max((competent.revenue - 100).abs()).max((competent.spending - 100).abs());
        gains += i32::from(careless.profit >= 0);
    }
    assert!(worst <= 15 && gains == 0, "{worst} % off, {gains} careless plans gain");
}
