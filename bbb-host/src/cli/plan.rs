//! `bbb plan`: the first ninety days of one blueprint for a founder.

use std::path::{Path, PathBuf};

use bbb_core::blueprint::{self, Blueprint, Origin};
use bbb_core::draw::Seed;
use bbb_core::plan::ninety::{self, Who};
use bbb_core::plan::outlook::{DRAWS, MAX_DRAWS};
use clap::{Args, ValueEnum};
use serde_json::json;

use crate::advice;
use crate::cli::founder::{FounderArgs, HELP, Told};
use crate::cli::output;
use crate::cli::screen::Screen;
use crate::fault::{Fault, Kind};
use crate::report;

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Markdown
    #[value(alias = "markdown")]
    Md,
    /// All of it, as data
    Json,
    /// The weeks as a table
    Csv,
    /// One page that needs nothing else
    Html,
}

#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(super) struct Plan {
    /// A template's name, or your own concept; left out, the template that fits you best
    #[arg(value_name = "TEMPLATE OR CONCEPT")]
    blueprint: Option<String>,
    #[command(flatten)]
    founder: FounderArgs,
    /// The document's form [default: what the name of --out ends in, else md; json with --json]
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Write it to this file instead
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Write over a file that is there
    #[arg(long, requires = "out")]
    force: bool,
    /// How many futures to draw
    #[arg(long, default_value_t = DRAWS, value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_DRAWS)), allow_negative_numbers = true, value_name = "N")]
    draws: u32,
    /// What the futures are drawn from
    #[arg(long, default_value_t = 1, allow_negative_numbers = true)]
    seed: u64,
}

impl Plan {
    pub(super) fn run(self, screen: &mut Screen) -> Result<(), Fault> {
        if screen.is_json() && self.out.is_none() && !matches!(self.format, None | Some(Format::Json)) {
            return Err(Fault::usage("--json prints the plan as JSON: leave --format away, or name a file with --out"));
        }
        let format =
            self.format.or(screen.is_json().then_some(Format::Json)).or(self.out.as_deref().and_then(ending)).unwrap_or(Format::Md);
        if let Some(path) = &self.out {
            output::check(path, self.force)?;
        }
        let told = self.founder.told(self.blueprint.is_none())?;
        let (origin, blueprint) = match &self.blueprint {
            Some(text) => blueprint::resolve(text).map_err(|error| Fault::usage(error.to_string()))?,
            None => best(told.clone(), self.draws, self.seed)?,
        };
        let who = Who { name: told.name, state: told.state, budget: told.budget, hours: told.hours };
        let plan = ninety::plan(&origin, &blueprint, &who, self.draws, Seed::new(self.seed));
        let defect = |error: report::Error| Fault::failed(error.to_string());
        let document = match format {
            Format::Md => report::plan_markdown(&plan, self.seed),
            Format::Csv => report::plan_csv(&plan).map_err(defect)?,
            Format::Html => report::plan_html(&plan, self.seed).map_err(defect)?,
            Format::Json => {
                let object = advice::plan(&plan, self.seed);
                serde_json::to_string_pretty(&object).map_err(|error| Fault::failed(error.to_string()))? + "\n"
            }
        };
        let Some(path) = &self.out else { return screen.print(&document) };
        output::write(path, &document, self.force)?;
        let text = format!("wrote the plan of {} to {}", blueprint.name, path.display());
        screen.result(&json!({ "blueprint": blueprint.name, "file": path }), &text)
    }
}

/// The template that fits a founder best.
fn best(told: Told, draws: u32, seed: u64) -> Result<(Origin, Blueprint), Fault> {
    advice::best(&told.founder(advice::MONTHS)?, draws, seed).map_err(|fault| match fault.kind {
        Kind::Refused => {
            let hint = "bbb recommend --all says what each lacks, and bbb plan NAME plans one all the same";
            Fault::new(Kind::Refused, format!("{}: {hint}", fault.message))
        }
        _ => fault,
    })
}

/// The form that a file's name asks for.
fn ending(path: &Path) -> Option<Format> {
    match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
        "md" | "markdown" => Some(Format::Md),
        "json" => Some(Format::Json),
        "csv" => Some(Format::Csv),
        "html" | "htm" => Some(Format::Html),
        _ => None,
    }
}
