//! `bbb recommend`: which blueprints fit a founder's money and hours, and how sure their figures are.

mod portfolio;

use std::fmt::Write;
use std::path::PathBuf;

use bbb_core::draw::Seed;
use bbb_core::money::dollars;
use bbb_core::plan::founder::Founder;
use bbb_core::plan::outlook::{DRAWS, MAX_DRAWS, MAX_MONTHS};
use bbb_core::plan::recommend::{Recommendation, recommend};
use bbb_core::plan::{MONTHLY_FLOOR, QUARTER_TARGET, percent};
use bbb_core::projection::tame;
use clap::Args;

use crate::advice;
use crate::cli::founder::{FounderArgs, HELP};
use crate::cli::screen::Screen;
use crate::fault::Fault;
use crate::report;

/// How many are shown where nobody says otherwise.
const SHOWN: usize = 10;
/// How wide the notes under the table are.
const WIDTH: usize = 160;

#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(super) struct Recommend {
    #[command(flatten)]
    founder: FounderArgs,
    /// Months to look ahead
    #[arg(long, default_value_t = 12, value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_MONTHS)), allow_negative_numbers = true, value_name = "N")]
    months: u32,
    /// How many futures to draw for each blueprint
    #[arg(long, default_value_t = DRAWS, value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_DRAWS)), allow_negative_numbers = true, value_name = "N")]
    draws: u32,
    /// What the futures are drawn from
    #[arg(long, default_value_t = 1, allow_negative_numbers = true)]
    seed: u64,
    /// Show all blueprints, those that do not fit too
    #[arg(long)]
    all: bool,
    /// Look for several blueprints that fit together, and show what more profit costs in risk
    #[arg(long, conflicts_with = "all")]
    portfolio: bool,
    /// Write the portfolios as one HTML page to this file, too
    #[arg(long, requires = "portfolio", value_name = "FILE")]
    html: Option<PathBuf>,
    /// Write over a file that is there
    #[arg(long, requires = "html")]
    force: bool,
}

impl Recommend {
    pub(super) fn run(self, screen: &mut Screen) -> Result<(), Fault> {
        if let Some(path) = &self.html {
            crate::cli::output::check(path, self.force)?;
        }
        let founder = self.founder.told(true)?.founder(self.months)?;
        if self.portfolio {
            return portfolio::run(&founder, self.draws, self.seed, self.html.as_deref(), self.force, screen);
        }
        let all = recommend(&founder, self.draws, Seed::new(self.seed));
        screen.result(&advice::recommendations(&founder, &all, self.seed), &text(&founder, &all, self.all))
    }
}

fn text(founder: &Founder, all: &[Recommendation], whole: bool) -> String {
    let fitting = all.iter().filter(|one| one.fits).count();
    let shown: Vec<&Recommendation> = if whole { all.iter().collect() } else { all.iter().take(fitting.min(SHOWN)).collect() };
    let who = founder.name.as_ref().map_or_else(String::new, |name| format!(" for {}", tame(name, false)));
    let mut text = format!(
        "RECOMMENDATIONS (SIMULATED){who}, {} months\n{fitting} of {} blueprints fit {} and {} hours a week\n",
        founder.months,
        all.len(),
        dollars(founder.budget),
        founder.hours_per_week
    );
    if let Some(link) = founder.state.map(|state| state.registration()) {
        // Writing to a string cannot fail, here and below.
        let _ = writeln!(text, "Registers businesses in {}, {} ({})", link.title, link.url, link.standing());
    }
    text.push('\n');
    if !shown.is_empty() {
        let width = shown.iter().map(|one| one.name.chars().count()).max().unwrap_or(0);
        let _ = writeln!(
            text,
            "{:width$}  {:>12} {:>12} {:>12} {:>12} {:>7} {:>8} {:>9} {:>6}",
            "", "AS PLANNED", "1 OF 10", "HALF", "9 OF 10", "FLOOR", "QUARTER", "RUNS OUT", "EVEN"
        );
        for one in &shown {
            let [low, middle, high] = one.outlook.profit;
            let even = one.outlook.break_even_month.map_or("-".to_owned(), |month| month.to_string());
            let _ = writeln!(
                text,
                "{:width$}  {:>12} {:>12} {:>12} {:>12} {:>7} {:>8} {:>9} {even:>6}",
                one.name,
                dollars(one.projection.profit),
                dollars(low),
                dollars(middle),
                dollars(high),
                percent(one.outlook.meets_floor),
                percent(one.outlook.meets_quarter_target),
                percent(one.outlook.runs_out)
            );
            for line in one.against.iter().map(|line| format!("does not fit: {line}")).chain(one.notes.iter().cloned()) {
                let _ = writeln!(text, "    {line}");
            }
        }
        let most = shown[0].outlook.sensitivity.first().map_or("", |(name, _)| name);
        let _ = write!(
            text,
            "\nAs planned: profit by the planning figures, opening paid. 1 of 10, half, 9 of 10: the profit that so many of {} drawn futures stay below.\n\
             Floor: the months bring {} on average. Quarter: the last three bring {} in revenue. Runs out: the money does. Even: the month by which half have\n\
             earned back what they cost. For {} it is {most} that matters most.\n\
             {}\n",
            shown[0].outlook.draws,
            dollars(MONTHLY_FLOOR),
            dollars(QUARTER_TARGET),
            shown[0].name,
            report::wrap(&report::assumed(shown[0].outlook.uncertainty), WIDTH).join("\n")
        );
    }
    if !whole && shown.len() < all.len() {
        let _ = writeln!(text, "Shown: {} of {}; --all shows all, and what does not fit.", shown.len(), all.len());
    }
    if let Some(first) = shown.first() {
        let _ = writeln!(
            text,
            "bbb plan \"{}\" plans the first ninety days; bbb recommend --portfolio looks for several together.",
            first.name
        );
    }
    text
}
