//! `bbb optimize portfolio|budget|assignment|schedule FILE`: answers a founder's question.

mod input;
mod table;
mod week;

use std::path::{Path, PathBuf};
use std::time::Duration;

use bbb_core::money::Cents;
use bbb_core::optimizer::problem::{Outcome, assignment, budget, portfolio, schedule};
use bbb_core::optimizer::sampler::{Params, Run};
use clap::{Args, Subcommand};
use serde::Serialize;
use serde_json::{Value, json};

use self::input::File;
use super::{INTERRUPTED, on_interrupt, time};
use crate::cli::screen::Screen;
use crate::fault::Fault;
use crate::search::{Limits, Threads, Watch};

/// What is asked. Each command shows a file to begin with in examples/optimize.
#[derive(Debug, Subcommand)]
pub(super) enum Question {
    /// Choose projects under a budget and weekly hours, with synergies, conflicts and risk
    Portfolio(Portfolio),
    /// Give out a marketing budget over channels whose response grows ever more slowly
    Budget(Budget),
    /// Give tasks to agents with skills and room
    Assignment(Assignment),
    /// Place tasks in a week, within windows, in order, without clashes
    Schedule(Schedule),
}

#[derive(Debug, Args)]
pub(super) struct Portfolio {
    /// The question (TOML), or a table of projects (CSV: name, cost_usd, weekly_hours, value_usd, industry, required)
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// What may be spent, in dollars, in place of what the file says; a table needs it
    #[arg(long, value_parser = Cents::parse_dollars, value_name = "USD")]
    budget: Option<Cents>,
    /// What a week has, in hours, in place of what the file says; a table needs it
    #[arg(long, value_parser = hours, value_name = "HOURS")]
    hours: Option<i64>,
    #[command(flatten)]
    search: Search,
}

#[derive(Debug, Args)]
pub(super) struct Budget {
    /// The question (TOML), or a table of channels (CSV: name, most_usd and scale_usd or factor and exponent, min_usd, max_usd, fixed_usd, required)
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// What may be spent, in dollars, in place of what the file says; a table needs it
    #[arg(long, value_parser = Cents::parse_dollars, value_name = "USD")]
    budget: Option<Cents>,
    /// In which steps, in dollars, in place of what the file says; a table needs it
    #[arg(long, value_parser = Cents::parse_dollars, value_name = "USD")]
    step: Option<Cents>,
}

#[derive(Debug, Args)]
pub(super) struct Assignment {
    /// The question (TOML), or a table of costs (CSV: a column for each agent, a row for each task and one named capacity; empty where an agent cannot)
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct Schedule {
    /// The question (TOML)
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    search: Search,
}

/// How to search where nothing simpler answers. Without a limit of time the answer is a function of the file and the seed.
#[derive(Debug, Args)]
struct Search {
    /// What all randomness is derived from
    #[arg(long, default_value_t = 0, value_name = "SEED")]
    seed: u64,
    /// Stop after so much time, such as 10s, and search that long unless the answer is proved
    #[arg(long, value_parser = time, value_name = "TIME")]
    time: Option<Duration>,
    /// How many threads to use
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=256), value_name = "N")]
    threads: u16,
}

/// Hours as minutes.
fn hours(text: &str) -> Result<i64, String> {
    let wrong = || "it is a number of hours that are whole minutes, such as 40 or 7.5".to_owned();
    let minutes = text.parse::<f64>().map_err(|_| wrong())? * 60.0;
    #[expect(clippy::cast_possible_truncation, reason = "small and whole, as is checked here")]
    if (0.0..1e9).contains(&minutes) && (minutes - minutes.round()).abs() < 1e-5 { Ok(minutes.round() as i64) } else { Err(wrong()) }
}

impl Question {
    pub(super) fn run(self, screen: &mut Screen) -> Result<(), Fault> {
        match self {
            Question::Portfolio(question) => question.run(screen),
            Question::Budget(question) => question.run(screen),
            Question::Assignment(question) => question.run(screen),
            Question::Schedule(question) => question.run(screen),
        }
    }
}

/// Reads a question as `bbb optimize` does, without answering it: a table where the name ends with `.csv`, with budgets and hours that suit any.
///
/// # Errors
/// [`Fault`] names the file and, where it is known, the line.
pub fn read(kind: Kind, name: &str, text: String) -> Result<(), Fault> {
    let file = File::of(Path::new(name), text);
    let thousand = Some(Cents::from_dollars(1000));
    match kind {
        Kind::Portfolio => portfolio(&file, thousand.filter(|_| file.is_table()), Some(40 * 60).filter(|_| file.is_table())).map(drop),
        Kind::Budget => {
            budget(&file, thousand.filter(|_| file.is_table()), Some(Cents::from_dollars(100)).filter(|_| file.is_table())).map(drop)
        }
        Kind::Assignment => assignment(&file).map(drop),
        Kind::Schedule => schedule(&file).map(drop),
    }
}

/// The kinds of questions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// What to take on.
    Portfolio,
    /// What to spend where.
    Budget,
    /// Who does what.
    Assignment,
    /// What is done when.
    Schedule,
}

fn portfolio(file: &File, budget: Option<Cents>, weekly_minutes: Option<i64>) -> Result<portfolio::Portfolio, Fault> {
    let mut input: portfolio::Input = if file.is_table() {
        let projects = table::rows(file, &["name", "industry"], &["required"])?;
        let budget = budget.ok_or_else(|| Fault::usage("a table of projects needs --budget USD"))?;
        let weekly_minutes = weekly_minutes.ok_or_else(|| Fault::usage("a table of projects needs --hours HOURS"))?;
        portfolio::Input { projects, budget, weekly_minutes, ..portfolio::Input::default() }
    } else {
        file.parse()?
    };
    input.budget = budget.unwrap_or(input.budget);
    input.weekly_minutes = weekly_minutes.unwrap_or(input.weekly_minutes);
    portfolio::Portfolio::new(input).map_err(|invalid| file.refuse(&invalid))
}

fn budget(file: &File, budget: Option<Cents>, step: Option<Cents>) -> Result<budget::Budget, Fault> {
    let mut input: budget::Input = if file.is_table() {
        let budget = budget.ok_or_else(|| Fault::usage("a table of channels needs --budget USD"))?;
        let step = step.ok_or_else(|| Fault::usage("a table of channels needs --step USD"))?;
        budget::Input { budget, step, channels: table::channels(file)?, goal: budget::Goal::Response }
    } else {
        file.parse()?
    };
    input.budget = budget.unwrap_or(input.budget);
    input.step = step.unwrap_or(input.step);
    budget::Budget::new(input).map_err(|invalid| file.refuse(&invalid))
}

fn assignment(file: &File) -> Result<assignment::Assignment, Fault> {
    let input: assignment::Input = if file.is_table() { table::costs(file)? } else { file.parse()? };
    assignment::Assignment::new(input).map_err(|invalid| file.refuse(&invalid))
}

fn schedule(file: &File) -> Result<schedule::Schedule, Fault> {
    if file.is_table() {
        return Err(Fault::usage("a schedule is asked for in TOML, as in examples/optimize/schedule.toml"));
    }
    let week: week::Week = file.parse()?;
    let input = week.input().map_err(|invalid| file.refuse(&invalid))?;
    schedule::Schedule::new(input).map_err(|invalid| file.refuse(&invalid))
}

impl Portfolio {
    fn run(self, screen: &mut Screen) -> Result<(), Fault> {
        let question = portfolio(&File::read(&self.file)?, self.budget, self.hours)?;
        self.search.solve("portfolio", &self.file, screen, |params, run| {
            question.solve(params, run).map_err(|error| Fault::usage(error.to_string()))
        })
    }
}

impl Budget {
    fn run(self, screen: &mut Screen) -> Result<(), Fault> {
        let question = budget(&File::read(&self.file)?, self.budget, self.step)?;
        solve("budget", &self.file, screen, Limits::default(), |_| Ok(question.solve()))
    }
}

impl Assignment {
    fn run(self, screen: &mut Screen) -> Result<(), Fault> {
        let question = assignment(&File::read(&self.file)?)?;
        solve("assignment", &self.file, screen, Limits::default(), |_| Ok(question.solve()))
    }
}

impl Schedule {
    fn run(self, screen: &mut Screen) -> Result<(), Fault> {
        let question = schedule(&File::read(&self.file)?)?;
        self.search.solve("schedule", &self.file, screen, |params, run| {
            question.solve(params, run).map_err(|error| Fault::usage(error.to_string()))
        })
    }
}

impl Search {
    fn solve<A: Serialize + std::fmt::Display>(
        &self,
        kind: &str,
        file: &Path,
        screen: &mut Screen,
        answer: impl FnOnce(&Params, &Run<'_>) -> Result<Outcome<A>, Fault>,
    ) -> Result<(), Fault> {
        let params = Params { seed: self.seed, until_stopped: self.time.is_some(), ..Params::default() };
        let threads = Threads(usize::from(self.threads));
        let limits = Limits { wall: self.time, ..Limits::default() };
        solve(kind, file, screen, limits, |watch| answer(&params, &Run { stop: watch, executor: &threads }))
    }
}

/// Answers, and prints the answer. That there is none is an answer too.
fn solve<A: Serialize + std::fmt::Display>(
    kind: &str,
    file: &Path,
    screen: &mut Screen,
    limits: Limits,
    answer: impl FnOnce(&Watch<'_>) -> Result<Outcome<A>, Fault>,
) -> Result<(), Fault> {
    on_interrupt(&INTERRUPTED)?;
    let watch = Watch::new(limits, &INTERRUPTED, &|_| {});
    let outcome = answer(&watch)?;
    let (wall, cpu) = watch.elapsed();
    if !screen.is_json() {
        return screen.print(&outcome.to_string());
    }
    let mut object = json!({
        "question": kind,
        "file": file.display().to_string(),
        "seconds": wall.as_secs_f64(),
        "cpu_seconds": cpu.as_secs_f64(),
    });
    let told = serde_json::to_value(&outcome).map_err(|error| Fault::failed(format!("the answer cannot be written: {error}")))?;
    if let (Value::Object(object), Value::Object(told)) = (&mut object, told) {
        object.extend(told);
    }
    screen.object(&object)
}
