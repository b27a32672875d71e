//! `bbb simulate`: businesses in many futures, by one growth policy or several.

use std::collections::BTreeSet;
use std::fmt::{self, Write as _};
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write as _};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use bbb_agents::conditions::{Conditions, FaultRate, OwnerKind};
use bbb_core::blueprint::{self, Blueprint, Origin};
use bbb_core::money::{Cents, dollars};
use bbb_core::spec::Autonomy;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use crate::cli::output;
use crate::cli::screen::Screen;
use crate::fault::Fault;
use crate::report;
use crate::simulate::outcome::Outcome;
use crate::simulate::summary::{self, Row};
use crate::simulate::{self, Job, Policy};

/// Into how many parts the work is cut where nobody watches: one line each.
const PLAIN_LINES: usize = 10;

#[derive(Debug, Args)]
pub(super) struct Simulate {
    /// A template's name, or `all`
    #[arg(long, value_name = "NAME|all")]
    blueprint: String,
    /// Who allots growth; may be given several times [default: engine]
    #[arg(long, value_enum)]
    policy: Vec<Policy>,
    #[command(flatten)]
    futures: Futures,
}

/// Whether the owner answers.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Owner {
    /// Answers within a day, mostly with yes
    Simulated,
    /// Never answers: whatever is escalated expires and counts as failed
    Silent,
}

impl From<Owner> for OwnerKind {
    fn from(owner: Owner) -> OwnerKind {
        match owner {
            Owner::Simulated => OwnerKind::Simulated,
            Owner::Silent => OwnerKind::Silent,
        }
    }
}

/// In which futures, and how.
#[derive(Debug, Args)]
pub(super) struct Futures {
    /// How many futures
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=100_000), allow_negative_numbers = true, value_name = "N")]
    seeds: u64,
    /// The first future's seed
    #[arg(long, default_value_t = 10_000, value_name = "SEED")]
    first_seed: u64,
    /// Days of each
    #[arg(long, default_value_t = 365, value_parser = clap::value_parser!(u32).range(1..=3650), allow_negative_numbers = true, value_name = "N")]
    days: u32,
    /// How much the business may do without asking its simulated owner, 0 to 6
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u8).range(0..=6), allow_negative_numbers = true, value_name = "LEVEL")]
    autonomy: u8,
    /// How many of a hundred attempts at an effect fail for now, beside the one that fails within the market
    #[arg(long, default_value_t = FaultRate::USUAL.percent(), value_parser = clap::value_parser!(u8).range(0..=100), allow_negative_numbers = true, value_name = "PERCENT")]
    faults: u8,
    /// Whether the simulated owner answers what is escalated, or lets all of it expire
    #[arg(long, value_enum, default_value_t = Owner::Simulated)]
    owner: Owner,
    /// Keep each outcome in this file as it comes, a JSON object a line, and go on from what is there
    #[arg(long, value_name = "FILE")]
    outcomes: Option<PathBuf>,
    /// Write the charts to this file, as one HTML page: cash, profit, regret
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Write over a page that is there
    #[arg(long)]
    force: bool,
    /// Threads [default: all cores]
    #[arg(long, value_name = "N")]
    threads: Option<NonZeroUsize>,
}

impl Simulate {
    pub(super) fn run(self, screen: &mut Screen) -> Result<(), Fault> {
        let policies = if self.policy.is_empty() { vec![Policy::Engine] } else { self.policy };
        let outcomes = self.futures.outcomes(&self.blueprint, &policies, screen)?;
        let rows = summary::rows(&outcomes);
        self.futures.draw(&rows, &outcomes, screen)?;
        let object = json!({ "simulated": true, "futures": self.futures.object(), "rows": rows, "outcomes": outcomes });
        let text = format!("SIMULATION, {}; all money is simulated\n\n{}", self.futures, table(&rows));
        screen.result(&object, &text)
    }
}

impl Futures {
    /// Simulates these policies in all futures, or takes what was simulated before; sorted by blueprint, policy and seed.
    pub(super) fn outcomes(&self, blueprint: &str, policies: &[Policy], screen: &Screen) -> Result<Vec<Outcome>, Fault> {
        if let Some(path) = &self.html {
            output::check(path, self.force)?;
        }
        let jobs = self.jobs(blueprint, policies)?;
        let mut file = self.outcomes.as_deref().map(Kept::open).transpose()?;
        let keys: BTreeSet<String> = jobs.iter().map(Job::key).collect();
        let mut outcomes: Vec<Outcome> =
            file.iter().flat_map(|file| &file.known).filter(|known| keys.contains(&known.key)).cloned().collect();
        let done: BTreeSet<String> = outcomes.iter().map(|outcome| outcome.key.clone()).collect();
        let mut progress = Progress::new(screen, jobs.len(), done.len());
        let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let mut failed = None;
        simulate::run(&jobs, &done, self.threads.map_or(cores, NonZeroUsize::get), |outcome| {
            if let Err(fault) = file.as_mut().map_or(Ok(()), |file| file.add(&outcome)) {
                failed = Some(fault);
                return false;
            }
            progress.tick(screen);
            outcomes.push(outcome);
            true
        })
        .map_err(|error| Fault::failed(format!("a simulated business could not be run to its end: {error}")))?;
        progress.finish();
        outcomes.sort_by(|one, other| (&one.blueprint, one.policy, one.seed).cmp(&(&other.blueprint, other.policy, other.seed)));
        failed.map_or(Ok(outcomes), Err)
    }

    fn jobs(&self, blueprint: &str, policies: &[Policy]) -> Result<Vec<Job>, Fault> {
        let blueprints: Vec<&'static Blueprint> = if blueprint == "all" {
            blueprint::all().iter().collect()
        } else {
            let (origin, _) = blueprint::resolve(blueprint).map_err(|error| Fault::usage(error.to_string()))?;
            let Origin::Template { slug } = origin else {
                return Err(Fault::usage(format!("no template is named {blueprint:?}: `bbb templates` lists them")));
            };
            blueprint::all().iter().filter(|template| template.slug == slug).collect()
        };
        let policies: BTreeSet<Policy> = policies.iter().copied().collect();
        let autonomy = Autonomy::try_from(self.autonomy).map_err(|error| Fault::usage(error.to_string()))?;
        let faults = FaultRate::of(self.faults).ok_or_else(|| Fault::usage("--faults is at most 100"))?;
        let conditions = Conditions { faults, owner: self.owner.into() };
        let (days, first) = (self.days, self.first_seed);
        let last = first.checked_add(self.seeds).ok_or_else(|| Fault::usage("--first-seed is too large for so many futures"))?;
        let mut jobs = Vec::new();
        for seed in first..last {
            for blueprint in &blueprints {
                jobs.extend(policies.iter().map(|policy| Job { blueprint, policy: *policy, seed, days, autonomy, conditions }));
            }
        }
        Ok(jobs)
    }

    /// Writes the page, where one is wanted.
    pub(super) fn draw(&self, rows: &[Row], outcomes: &[Outcome], screen: &Screen) -> Result<(), Fault> {
        let Some(path) = &self.html else { return Ok(()) };
        let page = report::simulation_html(&self.to_string(), rows, outcomes).map_err(|error| Fault::failed(error.to_string()))?;
        output::write(path, &page, self.force)?;
        screen.note(&format!("wrote the charts to {}", path.display()));
        Ok(())
    }

    /// What was asked, as data.
    pub(super) fn object(&self) -> serde_json::Value {
        let owner = OwnerKind::from(self.owner).as_str();
        json!({
            "days": self.days, "seeds": self.seeds, "first_seed": self.first_seed, "autonomy": self.autonomy, "faults_percent": self.faults, "owner": owner,
        })
    }
}

impl fmt::Display for Futures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let owner = OwnerKind::from(self.owner).as_str();
        write!(f, "{} days, {} futures from seed {}, autonomy {}, ", self.days, self.seeds, self.first_seed, self.autonomy)?;
        write!(f, "{} % of attempts at effects fail, {owner} owner", self.faults)
    }
}

/// A file of outcomes.
struct Kept {
    path: PathBuf,
    file: File,
    known: Vec<Outcome>,
}

impl Kept {
    /// Opens or makes the file, and reads what is there. A last line without an end was being written when a run was stopped: it is cut off.
    fn open(path: &Path) -> Result<Kept, Fault> {
        let fault = |error: &std::io::Error| Fault::file(path.display(), error);
        let file = OpenOptions::new().read(true).append(true).create(true).open(path).map_err(|error| fault(&error))?;
        let (mut known, mut whole, mut line) = (Vec::new(), 0, String::new());
        let mut reader = BufReader::new(&file);
        loop {
            line.clear();
            let read = reader.read_line(&mut line).map_err(|error| fault(&error))?;
            if !line.ends_with('\n') {
                break;
            }
            whole += read as u64;
            let outcome = serde_json::from_str(&line).map_err(|error| {
                Fault::refused(format!("{}, line {}: not an outcome of `bbb simulate`: {error}", path.display(), known.len() + 1))
            })?;
            known.push(outcome);
        }
        file.set_len(whole).map_err(|error| fault(&error))?;
        Ok(Kept { path: path.to_owned(), file, known })
    }

    fn add(&mut self, outcome: &Outcome) -> Result<(), Fault> {
        let mut line = serde_json::to_vec(outcome).map_err(|error| Fault::failed(format!("an outcome cannot be written: {error}")))?;
        line.push(b'\n');
        self.file.write_all(&line).map_err(|error| Fault::file(self.path.display(), &error))
    }
}

/// How far it is: a bar on a terminal, a few lines elsewhere.
struct Progress {
    bar: Option<ProgressBar>,
    all: usize,
    done: usize,
}

impl Progress {
    fn new(screen: &Screen, all: usize, done: usize) -> Progress {
        let style = ProgressStyle::with_template("{bar:40} {pos} of {len} businesses, {eta} left").ok();
        let bar = Screen::is_watched().then(|| ProgressBar::new(all as u64)).zip(style).map(|(bar, style)| bar.with_style(style));
        if let Some(bar) = &bar {
            bar.set_position(done as u64);
        } else if done > 0 {
            screen.note(&format!("{done} of {all} businesses were simulated before"));
        }
        Progress { bar, all, done }
    }

    fn tick(&mut self, screen: &Screen) {
        let part = |done: usize| done * PLAIN_LINES / self.all.max(1);
        let (before, now) = (part(self.done), part(self.done + 1));
        self.done += 1;
        match &self.bar {
            Some(bar) => bar.inc(1),
            None if now > before => screen.note(&format!("{} of {} businesses simulated", self.done, self.all)),
            None => {}
        }
    }

    fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// A row for each blueprint and policy, and what the columns mean.
pub(super) fn table(rows: &[Row]) -> String {
    let mut text = String::new();
    let width = rows.iter().map(|row| row.blueprint.chars().count()).max().unwrap_or(0).max(9);
    // Writing to a string cannot fail.
    let _ = writeln!(
        text,
        "{:width$}  {:8} {:>12} {:>27} {:>12} {:>6} {:>12} {:>12} {:>5} {:>7} {:>7} {:>7}",
        "BLUEPRINT",
        "POLICY",
        "PROFIT",
        "95 % INTERVAL",
        "WORST 5 %",
        "RUINED",
        "REGRET",
        "QUARTER",
        "ASKED",
        "SUCCESS",
        "CONVERT",
        "SATISFY"
    );
    for row in rows {
        let [low, high] = row.median_profit_interval_cents;
        let interval = format!("{} to {}", money(low), money(high));
        let regret = row.regret_cents.map_or("-".to_owned(), money);
        let _ = writeln!(
            text,
            "{:width$}  {:8} {:>12} {interval:>27} {:>12} {:>6} {regret:>12} {:>12} {:>5.1} {:>7} {:>7} {:>7}",
            row.blueprint,
            row.policy.as_str(),
            money(row.median_profit_cents),
            money(row.worst_profit_cents),
            percent(Some(row.ruined)),
            money(row.last_quarter_revenue_cents),
            row.asked_a_month,
            percent(row.success),
            percent(row.conversion),
            percent(row.satisfaction),
        );
    }
    text.push_str(
        "\nPROFIT: the median of revenue less spending, with its interval by 1,000 bootstrap samples. WORST 5 %: the mean of the worst of them. REGRET: how much less the mean run\n\
         earned than the oracle's in the same future. QUARTER: the median revenue of the last 90 days. ASKED: decisions of the owner in 30 days. SUCCESS: of all tasks that ended.\n\
         CONVERT: customers of qualified leads. SATISFY: the mean rating, of five stars. RUINED: the cash that the founder brought, three months of expenses and the cost to open, ran out.\n",
    );
    text
}

pub(super) fn money(cents: i64) -> String {
    dollars(Cents::new(cents))
}

pub(super) fn percent(share: Option<f64>) -> String {
    share.map_or("-".to_owned(), |share| format!("{:.0} %", share * 100.0))
}
