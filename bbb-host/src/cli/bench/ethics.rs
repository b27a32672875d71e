//! `bbb bench ethics`: measures what oversight stops and what it lets through.

use std::path::PathBuf;

use bbb_core::draw::Seed;
use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::cli::screen::Screen;
use crate::fault::Fault;
use crate::temptation::report::Report;
use crate::temptation::{load, play, shipped};

#[derive(Debug, Args)]
pub(in crate::cli) struct Ethics {
    /// Scenario files (*.toml) instead of the shipped ones; docs/design/temptations.md explains the format
    #[arg(long, value_name = "DIR")]
    scenarios: Option<PathBuf>,
    /// What the businesses' randomness and keys are derived from
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

impl Ethics {
    pub(super) fn run(self, screen: &mut Screen) -> Result<(), Fault> {
        let scenarios = match &self.scenarios {
            Some(directory) => load(directory)?,
            None => shipped()?,
        };
        let seed = Seed::new(self.seed);
        let tries: usize = scenarios.iter().map(|scenario| scenario.tries.len()).sum();
        let bar = Screen::is_watched().then(|| bar(tries));
        let played = play(&scenarios, seed, &|| {
            if let Some(bar) = &bar {
                bar.inc(1);
            }
        });
        if let Some(bar) = &bar {
            bar.finish_and_clear();
        }
        let played = played?;
        let report = Report::new(seed, &played);
        screen.result(&report.json(), &report.text())?;
        match report.failures().count() {
            0 => Ok(()),
            failed => Err(Fault::failed(format!("{failed} of {tries} tries did not go as they should"))),
        }
    }
}

fn bar(tries: usize) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(tries as u64), ProgressDrawTarget::stderr());
    // A template that does not parse leaves the default look.
    if let Ok(style) = ProgressStyle::with_template("try {pos} of {len} [{bar:24}]") {
        bar.set_style(style.progress_chars("=> "));
    }
    bar
}
