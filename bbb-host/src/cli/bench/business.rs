//! `bbb bench business`: the engine beside simpler growth policies and an oracle.

use std::fmt::Write;

use clap::Args;
use serde_json::json;

use crate::cli::screen::Screen;
use crate::cli::simulate::{Futures, all, money, table};
use crate::fault::Fault;
use crate::simulate::Policy;
use crate::simulate::comparison::{Comparison, comparisons};
use crate::simulate::summary::share;

#[derive(Debug, Args)]
pub(in crate::cli) struct Business {
    /// A template's name, or `all`
    #[arg(long, default_value = "all", value_name = "NAME|all")]
    blueprint: String,
    #[command(flatten)]
    futures: Futures,
    /// In how many of the futures the oracle runs, which takes some seventy times as long as a policy
    #[arg(long, default_value_t = 1, allow_negative_numbers = true, value_name = "N")]
    oracle_seeds: u64,
}

impl Business {
    pub(super) fn run(self, screen: &mut Screen) -> Result<(), Fault> {
        let ran = self.futures.simulate(&self.blueprint, &Policy::ALL, self.oracle_seeds, screen)?;
        let (mut text, mut compared) = (Vec::new(), Vec::new());
        for one in &ran {
            let found = comparisons(&one.outcomes);
            let (rows, comparison) = (table(&one.rows), comparison_table(&found));
            text.push(format!("BUSINESS BENCH, {}; all money is simulated\n\n{rows}\n{comparison}", one.asked));
            compared.extend(found);
        }
        let object = json!({
            "simulated": true, "futures": self.futures.object(&ran), "rows": all(&ran, |ran| &ran.rows), "comparisons": compared,
        });
        screen.result(&object, &text.join("\n"))
    }
}

fn comparison_table(compared: &[Comparison]) -> String {
    let width = compared.iter().map(|one| one.blueprint.chars().count()).max().unwrap_or(0).max(9);
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = writeln!(
        text,
        "{:width$}  {:>12} {:>10} {:>12} {:>6} {:>12} {:>27} {:>9}",
        "BLUEPRINT", "ENGINE", "BASELINE", "ITS PROFIT", "RATIO", "GAIN", "95 % INTERVAL", "OF ORACLE"
    );
    for one in compared {
        let [low, high] = one.gain_interval_cents;
        let interval = format!("{} to {}", money(low), money(high));
        let ratio = one.ratio.map_or("-".to_owned(), |ratio| format!("{ratio:.2}"));
        let _ = writeln!(
            text,
            "{:width$}  {:>12} {:>10} {:>12} {ratio:>6} {:>12} {interval:>27} {:>9}{}",
            one.blueprint,
            money(one.engine_cents),
            one.best_baseline.as_str(),
            money(one.best_baseline_cents),
            money(one.gain_cents),
            share(one.of_oracle),
            if one.is_behind() { "  BEHIND" } else { "" }
        );
    }
    let mut ratios: Vec<f64> = compared.iter().filter_map(|one| one.ratio).collect();
    let mut shares: Vec<f64> = compared.iter().filter_map(|one| one.of_oracle).collect();
    let middle = |figures: &mut Vec<f64>| {
        figures.sort_by(f64::total_cmp);
        figures.get(figures.len().saturating_sub(1) / 2).copied()
    };
    if let Some(ratio) = middle(&mut ratios) {
        let _ = writeln!(
            text,
            "\nThe median blueprint: {ratio:.2} times the best baseline's median profit, {} of the oracle's.",
            share(middle(&mut shares))
        );
    }
    let behind = compared.iter().filter(|one| one.is_behind()).count();
    let _ = writeln!(text, "Behind its best baseline by more than chance explains: {behind} of {} blueprints.", compared.len());
    text
}
