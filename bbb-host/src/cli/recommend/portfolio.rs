//! `bbb recommend --portfolio`: several blueprints together.

use std::fmt::Write;
use std::path::Path;

use bbb_core::draw::Seed;
use bbb_core::money::dollars;
use bbb_core::plan::founder::Founder;
use bbb_core::plan::frontier::{Frontier, frontier};
use bbb_core::plan::percent;
use serde_json::json;

use crate::cli::output;
use crate::cli::screen::Screen;
use crate::fault::Fault;
use crate::report;

/// Columns of what is told in sentences.
const WIDTH: usize = 100;

pub(super) fn run(founder: &Founder, draws: u32, seed: u64, html: Option<&Path>, force: bool, screen: &mut Screen) -> Result<(), Fault> {
    let found = frontier(founder, draws, Seed::new(seed)).map_err(|error| Fault::failed(error.to_string()))?;
    if let Some(path) = html {
        let page = report::frontier_html(founder, &found, seed).map_err(|error| Fault::failed(error.to_string()))?;
        output::write(path, &page, force)?;
        screen.note(&format!("wrote the portfolios to {}", path.display()));
    }
    let object = json!({ "simulated": true, "founder": founder, "seed": seed, "frontier": found, "file": html });
    screen.result(&object, &text(founder, &found))
}

fn text(founder: &Founder, found: &Frontier) -> String {
    let lines = |text: &str| report::wrap(text, WIDTH).join("\n");
    let mut text = format!("PORTFOLIOS (SIMULATED), {} months\n{}\n", found.months, lines(&report::frontier_headline(founder, found)));
    if found.points.is_empty() {
        return text;
    }
    // Writing to a string cannot fail.
    let _ = writeln!(
        text,
        "\n{:>4}  {:>12} {:>12} {:>12} {:>12} {:>6} {:>12} {:>6}",
        "", "EXPECTED", "DEVIATION", "WORST 5%", "1 OF 10", "LOSS", "OPENING", "HOURS"
    );
    for (at, point) in found.points.iter().enumerate() {
        let mark = if found.suits == Some(at) { "*" } else { "" };
        let _ = writeln!(
            text,
            "{:>4}  {:>12} {:>12} {:>12} {:>12} {:>6} {:>12} {:>6}",
            format!("{mark}{}", at + 1),
            dollars(point.expected),
            dollars(point.deviation),
            dollars(point.worst),
            dollars(point.profit[0]),
            percent(point.loses),
            dollars(point.opening),
            point.hours_per_week
        );
        for member in &point.members {
            let _ = writeln!(text, "        {} ({})", member.name, member.industry);
        }
    }
    let notes = format!(
        "* suits your risk best. Expected: the mean profit of {} drawn futures, opening paid. Deviation: its standard deviation. Worst 5%, 1 of 10: the profit that \
         so many futures stay below. Loss: how often the months end with one. No portfolio shown is bettered by another in both expected profit and deviation.",
        found.draws
    );
    let assumed = report::assumed(found.uncertainty);
    let _ = write!(text, "\n{}\n{}\n{}\n", lines(&notes), lines(&report::frontier_assumed(found)), lines(&assumed));
    text
}
