//! `bbb simulate`: businesses in many futures, by one growth policy or several.

mod kept;
mod progress;
mod table;

pub(super) use self::table::{money, table};

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;

use bbb_agents::conditions::{Conditions, FaultRate, OwnerKind};
use bbb_core::blueprint::{self, Blueprint, Origin};
use bbb_core::spec::Autonomy;
use clap::Args;
use serde_json::json;

use self::kept::Kept;
use self::progress::Progress;
use crate::cli::output;
use crate::cli::screen::Screen;
use crate::fault::Fault;
use crate::report;
use crate::scenario::Named;
use crate::simulate::bound::Bounds;
use crate::simulate::outcome::Outcome;
use crate::simulate::summary::{self, Row};
use crate::simulate::{self, Job, Policy};

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
    /// Hidden parameters of the simulated market, as TOML; what it does not give is drawn from each seed. May be given several times, for one market after another
    #[arg(long, value_name = "FILE.toml")]
    market: Vec<PathBuf>,
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
        let ran = self.futures.simulate(&self.blueprint, &policies, u64::MAX, screen)?;
        let told = ran.iter().map(|ran| format!("SIMULATION, {}; all money is simulated\n\n{}", ran.asked, table(&ran.rows)));
        let text = told.collect::<Vec<_>>().join("\n");
        let (rows, outcomes) = (all(&ran, |ran| &ran.rows), all(&ran, |ran| &ran.outcomes));
        let object = json!({ "simulated": true, "futures": self.futures.object(&ran), "rows": rows, "outcomes": outcomes });
        screen.result(&object, &text)
    }
}

/// What came of one market.
pub(super) struct Ran {
    /// What was given of it; nothing, where absent.
    market: Option<Arc<Named>>,
    /// What was asked, for people.
    pub(super) asked: String,
    /// A row for each blueprint and policy.
    pub(super) rows: Vec<Row>,
    /// Sorted by blueprint, policy and seed.
    pub(super) outcomes: Vec<Outcome>,
}

/// What the markets have of something, one after another.
pub(super) fn all<T>(ran: &[Ran], of: impl Fn(&Ran) -> &Vec<T>) -> Vec<&T> {
    ran.iter().flat_map(of).collect()
}

impl Futures {
    /// Simulates these policies in all futures of each market, the oracle in the first so many, or takes what was simulated before, and draws the page where one is wanted.
    pub(super) fn simulate(&self, blueprint: &str, policies: &[Policy], of_oracle: u64, screen: &Screen) -> Result<Vec<Ran>, Fault> {
        let markets = self.markets()?;
        if let Some(path) = &self.html {
            if markets.len() > 1 {
                return Err(Fault::usage("--html draws one market: give one --market with it"));
            }
            output::check(path, self.force)?;
        }
        let jobs = self.jobs(blueprint, policies, of_oracle, &markets)?;
        let mut left = self.outcomes(&jobs, screen)?;
        let bounds = Bounds::of(&jobs, self.threads());
        let ran = markets.into_iter().map(|market| {
            let label = market.as_ref().map(|market| market.to_string());
            let (outcomes, others): (Vec<Outcome>, _) = std::mem::take(&mut left).into_iter().partition(|outcome| outcome.market == label);
            left = others;
            let asked = self.asked(label.as_deref());
            Ran { market, asked, rows: summary::rows(&outcomes, &bounds), outcomes }
        });
        let ran: Vec<Ran> = ran.collect();
        for one in &ran {
            self.draw(one, screen)?;
        }
        Ok(ran)
    }

    /// The markets: one that is drawn, where none is given.
    fn markets(&self) -> Result<Vec<Option<Arc<Named>>>, Fault> {
        let mut markets = Vec::new();
        for path in &self.market {
            let market = Some(Arc::new(Named::read(path)?));
            if !markets.contains(&market) {
                markets.push(market);
            }
        }
        if markets.is_empty() {
            markets.push(None);
        }
        Ok(markets)
    }

    /// The outcomes of these jobs; sorted by blueprint, policy and seed.
    fn outcomes(&self, jobs: &[Job], screen: &Screen) -> Result<Vec<Outcome>, Fault> {
        let mut file = self.outcomes.as_deref().map(Kept::open).transpose()?;
        let keys: BTreeSet<String> = jobs.iter().map(Job::key).collect();
        let mut outcomes: Vec<Outcome> =
            file.iter().flat_map(|file| &file.known).filter(|known| keys.contains(&known.key)).cloned().collect();
        let done: BTreeSet<String> = outcomes.iter().map(|outcome| outcome.key.clone()).collect();
        let mut progress = Progress::new(screen, jobs.len(), done.len());
        let mut failed = None;
        simulate::run(jobs, &done, self.threads(), |outcome| {
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

    fn threads(&self) -> usize {
        let cores = || std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        self.threads.map_or_else(cores, NonZeroUsize::get)
    }

    fn jobs(&self, blueprint: &str, policies: &[Policy], of_oracle: u64, markets: &[Option<Arc<Named>>]) -> Result<Vec<Job>, Fault> {
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
        for market in markets {
            for seed in first..last {
                for blueprint in &blueprints {
                    let job =
                        |policy: &Policy| Job { blueprint, policy: *policy, seed, days, autonomy, conditions, market: market.clone() };
                    let runs = |policy: &&Policy| **policy != Policy::Oracle || seed - first < of_oracle;
                    jobs.extend(policies.iter().filter(runs).map(job));
                }
            }
        }
        Ok(jobs)
    }

    /// Writes the page, where one is wanted.
    fn draw(&self, ran: &Ran, screen: &Screen) -> Result<(), Fault> {
        let Some(path) = &self.html else { return Ok(()) };
        let page = report::simulation_html(&ran.asked, &ran.rows, &ran.outcomes).map_err(|error| Fault::failed(error.to_string()))?;
        output::write(path, &page, self.force)?;
        screen.note(&format!("wrote the charts to {}", path.display()));
        Ok(())
    }

    /// What was asked, as data.
    pub(super) fn object(&self, ran: &[Ran]) -> serde_json::Value {
        let owner = OwnerKind::from(self.owner).as_str();
        let market = |market: &Arc<Named>| json!({ "name": market.name, "digest": market.scenario.digest(), "given": market.scenario });
        let markets: Vec<serde_json::Value> = ran.iter().filter_map(|ran| ran.market.as_ref()).map(market).collect();
        json!({
            "days": self.days, "seeds": self.seeds, "first_seed": self.first_seed, "autonomy": self.autonomy, "faults_percent": self.faults, "owner": owner,
            "markets": markets,
        })
    }

    /// What was asked, for people.
    fn asked(&self, market: Option<&str>) -> String {
        let Futures { days, seeds, first_seed, autonomy, faults, .. } = self;
        let owner = OwnerKind::from(self.owner).as_str();
        let market = market.map_or_else(String::new, |market| format!(", market {market}"));
        format!(
            "{days} days, {seeds} futures from seed {first_seed}, autonomy {autonomy}, {faults} % of attempts at effects fail, {owner} owner{market}"
        )
    }
}
