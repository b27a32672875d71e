//! `bbb optimize`: searches the problem of a file, or answers a founder's question.

mod question;

pub use self::question::{Kind as QuestionKind, read as read_question};

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bbb_core::optimizer::format::{self, Format, Kind, Problem, Sense};
use bbb_core::optimizer::model::Vartype;
use bbb_core::optimizer::sample_set::{Effort, Row};
use bbb_core::optimizer::sampler::{self, MAX_READS, MAX_SWEEPS, Params, Sampler};
use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Value, json};

use crate::cli::runtime;
use crate::cli::screen::Screen;
use crate::fault::Fault;
use crate::search::{Limits, Step, Watch, search};

/// How long a search takes where nothing bounds it.
const DEFAULT_TIME: Duration = Duration::from_secs(10);
/// The most time that can be asked for.
const MAX_TIME: Duration = Duration::from_secs(366 * 86_400);
/// Where nobody watches, a line at most this often.
const PLAIN_EVERY: Duration = Duration::from_secs(1);

#[derive(Debug, Args)]
#[command(subcommand_negates_reqs = true)]
pub(super) struct Optimize {
    #[command(subcommand)]
    question: Option<question::Question>,
    /// The file: a graph, a QUBO, an Ising model or a quadratic knapsack
    #[arg(value_name = "FILE", required = true)]
    file: Option<PathBuf>,
    /// Its format: auto, rudy, qubo, coo, json, orlib, qplib or qkp
    #[arg(long, default_value = "auto", value_parser = file_format, value_name = "NAME")]
    format: Told,
    /// Which problem of a file that holds several, from 1
    #[arg(long, value_name = "N")]
    problem: Option<usize>,
    /// Make the objective small or large, where the file's own sense is not what you want
    #[arg(long, value_parser = sense, value_name = "min|max")]
    sense: Option<Sense>,
    /// How to search; a knapsack has a search of its own
    #[arg(long, default_value = "auto", value_parser = clap::builder::PossibleValuesParser::new(sampler::NAMES), value_name = "NAME")]
    sampler: String,
    /// Stop after so much time, such as 10s, 500ms or 2m; 10s where nothing else bounds the search
    #[arg(long, value_parser = time, value_name = "TIME")]
    time: Option<Duration>,
    /// Stop after so much processor time, over all threads
    #[arg(long, value_parser = time, value_name = "TIME")]
    cpu_time: Option<Duration>,
    /// Independent runs; without a limit of time the result is a function of the seed
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_READS)), value_name = "N")]
    reads: Option<u32>,
    /// Visits of all variables in a run
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=MAX_SWEEPS), value_name = "N")]
    sweeps: Option<u64>,
    /// What all randomness is derived from
    #[arg(long, default_value_t = 0, value_name = "SEED")]
    seed: u64,
    /// How many threads to use
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=256), value_name = "N")]
    threads: u16,
    /// Stop as soon as the objective is this good
    #[arg(long, allow_negative_numbers = true, value_name = "OBJECTIVE")]
    target: Option<f64>,
}

/// A format that is named, or none where the content tells it. Not an `Option`, which would mean to clap that the option may be left out.
#[derive(Debug, Clone, Copy)]
struct Told(Option<Format>);

fn file_format(text: &str) -> Result<Told, String> {
    if text == "auto" { Ok(Told(None)) } else { text.parse().map(|format| Told(Some(format))) }
}

fn sense(text: &str) -> Result<Sense, String> {
    match text {
        "min" => Ok(Sense::Min),
        "max" => Ok(Sense::Max),
        _ => Err("it is min or max".to_owned()),
    }
}

/// A length of time with its unit: `10s`, `500ms`, `2m`, `1h`; without one it is seconds.
pub(super) fn time(text: &str) -> Result<Duration, String> {
    let split = text.find(|char: char| !char.is_ascii_digit() && char != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let seconds = match unit {
        "ms" => 0.001,
        "s" | "" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        _ => return Err("a time is a number and ms, s, m or h, such as 10s".to_owned()),
    };
    let number: f64 = number.parse().map_err(|_| "a time is a number and ms, s, m or h, such as 10s".to_owned())?;
    match Duration::try_from_secs_f64(number * seconds) {
        Ok(time) if time <= MAX_TIME && !time.is_zero() => Ok(time),
        _ => Err("a time is more than 0 and at most a year".to_owned()),
    }
}

/// The problems of a file.
pub(super) fn read(file: &Path, format: Option<Format>) -> Result<Vec<Problem>, Fault> {
    let name = file.display();
    let size = std::fs::metadata(file).map_err(|error| Fault::file(name.to_string(), &error))?.len();
    if size > format::MAX_BYTES as u64 {
        return Err(Fault::usage(format!("{name}: a file has at most {} bytes, this one has {size}", format::MAX_BYTES)));
    }
    let bytes = std::fs::read(file).map_err(|error| Fault::file(name.to_string(), &error))?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let line = error.as_bytes()[..error.utf8_error().valid_up_to()].iter().filter(|byte| **byte == b'\n').count() + 1;
        Fault::usage(format!("{name}, line {line}: this is no text (UTF-8)"))
    })?;
    format::read_all(&text, format).map_err(|error| Fault::usage(format!("{name}, {error}")))
}

/// Ends a search with the best so far when a signal asks to stop; a second one ends the process.
pub(super) fn on_interrupt(cancel: &'static AtomicBool) -> Result<(), Fault> {
    let runtime = runtime(1)?;
    std::thread::spawn(move || {
        runtime.block_on(async {
            // Where signals cannot be caught they end the process, as they do without this.
            if tokio::signal::ctrl_c().await.is_ok() {
                cancel.store(true, Ordering::Relaxed);
                let _ = tokio::signal::ctrl_c().await;
                std::process::exit(130);
            }
        });
    });
    Ok(())
}

/// Set when a signal asks to stop.
pub(super) static INTERRUPTED: AtomicBool = AtomicBool::new(false);

impl Optimize {
    pub(super) fn run(mut self, screen: &mut Screen) -> Result<(), Fault> {
        if let Some(question) = self.question.take() {
            return if self.is_bare() {
                question.run(screen)
            } else {
                Err(Fault::usage("options come after the kind of question, as its --help says"))
            };
        }
        let Some(file) = self.file.take() else { return Err(Fault::usage("a file is needed")) };
        let problem = self.problem(&file)?;
        let sampler = sampler::named(&self.sampler).ok_or_else(|| Fault::usage(format!("there is no sampler {}", self.sampler)))?;
        let (params, limits) = (self.params(), self.limits(&problem));
        on_interrupt(&INTERRUPTED)?;
        screen.note(&headline(&file, &problem, &limits));
        let show = Show::new(&problem, limits.wall.or(limits.cpu));
        let on_best = |step: Step| show.best(step);
        let watch = Watch::new(limits, &INTERRUPTED, &on_best);
        let found = search(&problem, sampler.as_ref() as &dyn Sampler, &params, &watch, usize::from(self.threads));
        show.finish();
        let found = found.map_err(|error| Fault::usage(error.to_string()))?;
        let (wall, cpu) = watch.elapsed();
        let Some(best) = found.first() else { return Err(Fault::failed("the search found no state")) };
        let found = Found { problem: &problem, effort: &found.effort, best, wall, cpu };
        if screen.is_json() { screen.object(&found.object(&file, limits.energy)) } else { screen.print(&found.text()) }
    }

    /// Whether nothing is said that only the search of a file takes.
    fn is_bare(&self) -> bool {
        let none = self.problem.is_none() && self.sense.is_none() && self.reads.is_none() && self.sweeps.is_none() && self.target.is_none();
        none && !self.is_timed()
            && self.format.0.is_none()
            && self.file.is_none()
            && (self.seed, self.threads, self.sampler.as_str()) == (0, 1, "auto")
    }

    fn problem(&self, file: &Path) -> Result<Problem, Fault> {
        let mut problems = read(file, self.format.0)?;
        let count = problems.len();
        let number = match self.problem {
            None if count > 1 => {
                return Err(Fault::usage(format!("{} holds {count} problems: say which one, --problem 1 to {count}", file.display())));
            }
            number => number.unwrap_or(1),
        };
        if !(1..=count).contains(&number) {
            return Err(Fault::usage(format!("there is no problem {number} in {}: it holds {count}", file.display())));
        }
        let problem = problems.swap_remove(number - 1);
        match self.sense {
            Some(Sense::Min) if problem.knapsack.is_some() => Err(Fault::usage("a knapsack is to be filled: --sense max")),
            Some(sense) => problem.with_sense(sense).map_err(|error| Fault::usage(error.to_string())),
            None => Ok(problem),
        }
    }

    /// A search that is bounded by time alone goes on until then.
    fn params(&self) -> Params {
        let bounded = self.reads.is_some() || self.sweeps.is_some() && !self.is_timed();
        Params {
            num_reads: self.reads.unwrap_or(Params::default().num_reads),
            num_sweeps: self.sweeps,
            until_stopped: !bounded,
            seed: self.seed,
            ..Params::default()
        }
    }

    fn is_timed(&self) -> bool {
        self.time.is_some() || self.cpu_time.is_some()
    }

    fn limits(&self, problem: &Problem) -> Limits {
        let unbounded = !self.is_timed() && self.reads.is_none() && self.sweeps.is_none();
        let wall = self.time.or(unbounded.then_some(DEFAULT_TIME));
        Limits { wall, cpu: self.cpu_time, energy: self.target.map(|target| problem.energy_at(target)) }
    }
}

/// The result of a search.
struct Found<'a> {
    problem: &'a Problem,
    effort: &'a Effort,
    best: &'a Row,
    wall: Duration,
    cpu: Duration,
}

impl Found<'_> {
    fn object(&self, file: &Path, wanted: Option<f64>) -> Value {
        let Found { problem, effort, best, .. } = self;
        let ones: Vec<u8> = best.state.iter().map(|value| u8::from(*value == 1)).collect();
        json!({
            "file": file.display().to_string(),
            "name": problem.name,
            "format": problem.format,
            "kind": problem.kind,
            "sense": problem.sense,
            "variables": problem.bqm.num_variables(),
            "couplers": problem.bqm.num_couplers(),
            "objective": number(problem.objective(best.energy)),
            "energy": number(best.energy),
            "feasible": problem.is_feasible(&best.state),
            "optimal": effort.optimal,
            "target_reached": wanted.map(|wanted| best.energy <= wanted),
            "solver": effort.solver,
            "seed": effort.seed,
            "reads": effort.reads,
            "sweeps": effort.sweeps,
            "updates": effort.updates,
            "interrupted": INTERRUPTED.load(Ordering::Relaxed),
            "seconds": self.wall.as_secs_f64(),
            "cpu_seconds": self.cpu.as_secs_f64(),
            "updates_per_second": rate(effort.updates, self.cpu),
            "solution": ones,
        })
    }

    fn text(&self) -> String {
        let Found { problem, effort, best, .. } = self;
        let feasible = if problem.is_feasible(&best.state) { "" } else { ", NOT FEASIBLE" };
        let ones = best.state.iter().filter(|value| **value == 1).count();
        let is = if problem.bqm.vartype() == Vartype::Spin { "up" } else { "1" };
        let Effort { solver, seed, reads, sweeps, .. } = effort;
        let objective = number(problem.objective(best.energy));
        format!(
            "{} {objective}{feasible}\n  energy  {}\n  state   {ones} of {} variables are {is}; --json prints them\n  search  {solver}, seed {seed}, {reads} reads, \
             {sweeps} sweeps, {:.2e} updates per second\n  time    {:.2} s, {:.2} s of processor time\n",
            noun(problem.kind),
            number(best.energy),
            best.state.len(),
            rate(effort.updates, self.cpu),
            self.wall.as_secs_f64(),
            self.cpu.as_secs_f64()
        )
    }
}

#[expect(clippy::cast_precision_loss, reason = "a rate for people")]
pub(super) fn rate(updates: u64, cpu: Duration) -> f64 {
    if cpu.is_zero() { 0.0 } else { updates as f64 / cpu.as_secs_f64() }
}

fn noun(kind: Kind) -> &'static str {
    match kind {
        Kind::Cut => "cut",
        Kind::Value => "value",
        Kind::Energy => "energy",
    }
}

/// A number as JSON: whole where it is.
pub(super) fn number(value: f64) -> Value {
    #[expect(clippy::cast_possible_truncation, reason = "a whole number below 2^53")]
    if value.fract() == 0.0 && value.abs() < 9.0e15 { Value::from(value as i64) } else { Value::from(value) }
}

fn headline(file: &Path, problem: &Problem, limits: &Limits) -> String {
    let bqm = &problem.bqm;
    let aim = match problem.sense {
        Sense::Max => "maximise",
        Sense::Min => "minimise",
    };
    let until = match (limits.wall, limits.cpu) {
        (Some(wall), _) => format!(", {wall:?}"),
        (None, Some(cpu)) => format!(", {cpu:?} of processor time"),
        (None, None) => String::new(),
    };
    let name = problem.name.as_ref().map_or_else(String::new, |name| format!(" ({})", name.escape_debug()));
    format!(
        "{}{name}: {}, {} variables, {} couplers; {aim} the {}{until}",
        file.display(),
        problem.format,
        bqm.num_variables(),
        bqm.num_couplers(),
        noun(problem.kind)
    )
}

/// The best so far, on standard error: one line that changes on a terminal, a line now and then elsewhere.
struct Show<'a> {
    problem: &'a Problem,
    bar: Option<ProgressBar>,
    told: Mutex<Option<Duration>>,
}

impl<'a> Show<'a> {
    fn new(problem: &'a Problem, limit: Option<Duration>) -> Show<'a> {
        let bar = Screen::is_watched().then(|| {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
            let of = limit.map_or_else(String::new, |limit| format!(" of {limit:?}"));
            // A template that does not parse leaves the default look.
            if let Ok(style) = ProgressStyle::with_template(&format!("{{spinner}} {{elapsed}}{of}  {{msg}}")) {
                bar.set_style(style);
            }
            bar.enable_steady_tick(Duration::from_millis(200));
            bar
        });
        Show { problem, bar, told: Mutex::new(None) }
    }

    fn best(&self, step: Step) {
        let objective = number(self.problem.objective(step.energy));
        let text = format!("{} {objective} after {:.2} s", noun(self.problem.kind), step.wall.as_secs_f64());
        if let Some(bar) = &self.bar {
            bar.set_message(text);
            return;
        }
        let mut told = self.told.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if told.is_none_or(|told| step.wall >= told + PLAIN_EVERY) {
            *told = Some(step.wall);
            // If standard error is closed, there is nobody to tell.
            let _ = writeln!(std::io::stderr(), "{text}");
        }
    }

    fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_units_and_bounds() {
        assert_eq!(time("10s"), Ok(Duration::from_secs(10)));
        assert_eq!(time("1.5"), Ok(Duration::from_millis(1500)));
        assert_eq!(time("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(time("2m"), time("120s"));
        for wrong in ["", "s", "-1s", "0s", "1d", "1e3s", "nan", "inf", "1.1.1s", "99999999h"] {
            assert!(time(wrong).is_err(), "{wrong}");
        }
    }
}
