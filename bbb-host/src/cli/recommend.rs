//! `bbb recommend`: which blueprints fit a founder's money and hours, and how sure their figures are.

use std::fmt::Write;

use bbb_core::draw::Seed;
use bbb_core::money::{Cents, dollars};
use bbb_core::plan::outlook::{DRAWS, MAX_DRAWS, MAX_MONTHS};
use bbb_core::plan::recommend::{Founder, Recommendation, Risk, recommend};
use bbb_core::plan::{MONTHLY_FLOOR, QUARTER_TARGET};
use clap::{Args, ValueEnum};
use serde_json::json;

use crate::cli::screen::Screen;
use crate::fault::Fault;

/// How many are shown where nobody says otherwise.
const SHOWN: usize = 10;

#[derive(Debug, Args)]
pub(super) struct Recommend {
    /// Money to open a business with, in US dollars
    #[arg(long, value_parser = Cents::parse_dollars, allow_negative_numbers = true, value_name = "USD")]
    budget: Cents,
    /// Hours a week that there are for it
    #[arg(long, value_parser = clap::value_parser!(u8).range(1..=80), allow_negative_numbers = true, value_name = "1-80")]
    hours: u8,
    /// Only this branch of trade, or a part of its name; `bbb templates` lists them
    #[arg(long, value_name = "TEXT")]
    industry: Option<String>,
    /// Order by what nine of ten futures reach, by what half of them reach, or by what one of ten reaches
    #[arg(long, value_enum, default_value_t = Posture::Balanced)]
    risk: Posture,
    /// Months to look ahead
    #[arg(long, default_value_t = 12, value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_MONTHS)), allow_negative_numbers = true, value_name = "N")]
    months: u32,
    /// How many futures to draw for each blueprint
    #[arg(long, default_value_t = DRAWS, value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_DRAWS)), allow_negative_numbers = true, value_name = "N")]
    draws: u32,
    /// What the futures are drawn from
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Show all blueprints, those that do not fit too
    #[arg(long)]
    all: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Posture {
    Careful,
    Balanced,
    Bold,
}

impl From<Posture> for Risk {
    fn from(posture: Posture) -> Risk {
        match posture {
            Posture::Careful => Risk::Careful,
            Posture::Balanced => Risk::Balanced,
            Posture::Bold => Risk::Bold,
        }
    }
}

impl Recommend {
    pub(super) fn run(self, screen: &mut Screen) -> Result<(), Fault> {
        let founder = Founder {
            budget: self.budget,
            hours_per_week: self.hours,
            industry: self.industry,
            risk: self.risk.into(),
            months: self.months,
        };
        let all = recommend(&founder, self.draws, Seed::new(self.seed));
        let object = json!({ "simulated": true, "founder": founder, "seed": self.seed, "recommendations": all });
        screen.result(&object, &text(&founder, &all, self.all))
    }
}

fn text(founder: &Founder, all: &[Recommendation], whole: bool) -> String {
    let fitting = all.iter().filter(|one| one.fits).count();
    let shown: Vec<&Recommendation> = if whole { all.iter().collect() } else { all.iter().take(fitting.min(SHOWN)).collect() };
    let mut text = format!(
        "RECOMMENDATIONS (SIMULATED), {} months\n{fitting} of {} blueprints fit {} and {} hours a week\n\n",
        founder.months,
        all.len(),
        dollars(founder.budget),
        founder.hours_per_week
    );
    if !shown.is_empty() {
        let width = shown.iter().map(|one| one.name.chars().count()).max().unwrap_or(0);
        // Writing to a string cannot fail.
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
        let uncertainty = shown[0].outlook.uncertainty;
        let _ = write!(
            text,
            "\nAs planned: profit by the planning figures, opening paid. 1 of 10, half, 9 of 10: the profit that so many of {} drawn futures stay below.\n\
             Floor: the months bring {} on average. Quarter: the last three bring {} in revenue. Runs out: the money does. Even: the month by which half have\n\
             earned back what they cost. For {} it is {most} that matters most.\n\
             Assumed: revenue spreads by {}, expenses by {}, opening by {} (standard deviations of logarithms), a month by {}; the ramp-up takes up to {} times as long.\n\
             These are assumptions, not estimates from data, and no forecast.\n",
            shown[0].outlook.draws,
            dollars(MONTHLY_FLOOR),
            dollars(QUARTER_TARGET),
            shown[0].name,
            uncertainty.revenue,
            uncertainty.expenses,
            uncertainty.startup,
            uncertainty.month,
            uncertainty.ramp
        );
    }
    if !whole && shown.len() < all.len() {
        let _ = writeln!(text, "Shown: {} of {}; --all shows all, and what does not fit.", shown.len(), all.len());
    }
    text
}

/// A share in percent, rounded so that only never is 0 and only always is 100.
fn percent(share: f64) -> String {
    let rounded = (share * 100.0).round();
    match share {
        share if share > 0.0 && rounded == 0.0 => "<1%".to_owned(),
        share if share < 1.0 && rounded == 100.0 => ">99%".to_owned(),
        _ => format!("{rounded:.0}%"),
    }
}
