//! `bbb launch`: launches a business and runs it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bbb_core::blueprint;
use bbb_core::budget::{Cap, Caps};
use bbb_core::draw::Seed;
use bbb_core::id::BusinessId;
use bbb_core::market::Scenario;
use bbb_core::money::Cents;
use bbb_core::oversight::charter::Charter;
use bbb_core::projection::timeline::plain;
use bbb_core::spec::{Autonomy, MindKind, Spec, WorldKind};
use bbb_core::time::{DAY_MS, HOUR_MS, SIMULATION_START};
use clap::{Args, ValueEnum};

use crate::allotment;
use crate::charter::{self, Kept};
use crate::cli::business::money;
use crate::cli::run::{Session, StopSignal, take};
use crate::cli::screen::Screen;
use crate::cli::{Common, runtime, world};
use crate::config::{Config, ReviewerSetting};
use crate::data_dir::DataDir;
use crate::fault::Fault;
use crate::leads::{self, Lead};
use crate::{real_world, scenario};

/// The most worker threads.
pub(super) const MAX_THREADS: i64 = 256;
/// The longest run in days: ten years.
const MAX_DAYS: i64 = 3_650;
/// The longest run in hours.
const MAX_HOURS: i64 = 87_600;
/// How long a simulated business runs where nothing is said.
const DEFAULT_DAYS: u32 = 90;
/// The largest budget, in dollars.
const MAX_BUDGET_USD: i64 = 1_000_000_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum WorldArg {
    /// A virtual clock and a market model; nothing leaves this machine
    Simulated,
    /// Real leads and a real clock; effects are recorded and not sent
    Shadow,
    /// Real leads, a real clock, and mail that is sent; needs a configuration with [sender] and [smtp]
    Live,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum MindArg {
    /// Fixed rules from the blueprint
    Playbook,
    /// A language model that chooses among the playbook's options
    Llm,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ReviewerArg {
    /// Nobody beside the rules
    None,
    /// A language model that can ask for you or veto, and never approve
    Llm,
}

#[derive(Debug, Args)]
pub(super) struct Launch {
    /// A template's name (see: bbb templates), or your own concept in one line
    #[arg(value_name = "TEMPLATE OR CONCEPT")]
    concept: String,
    /// The founder's name
    #[arg(long, default_value = "Founder", value_name = "NAME")]
    founder: String,
    /// The world that the business acts on
    #[arg(long, value_enum, default_value_t = WorldArg::Simulated)]
    world: WorldArg,
    /// How many days it runs, 1 to 3650 [default: 90 simulated; without end in shadow and live]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=MAX_DAYS), conflicts_with = "hours", allow_negative_numbers = true, value_name = "N")]
    days: Option<u32>,
    /// How many hours it runs, 1 to 87600, instead of days
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=MAX_HOURS), allow_negative_numbers = true, value_name = "H")]
    hours: Option<u32>,
    /// What all randomness of a simulated run is derived from
    #[arg(long, default_value_t = 42, allow_negative_numbers = true, value_name = "S")]
    seed: u64,
    /// Worker threads; the result is the same with any number
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=MAX_THREADS), value_name = "N")]
    threads: u16,
    /// How much it may do without asking, 0 (observe) to 6 (full) [default: 6 simulated, 2 in shadow and live]
    #[arg(long, value_parser = clap::value_parser!(u8).range(0..=6), value_name = "0-6")]
    autonomy: Option<u8>,
    /// What it may spend in all, a quarter of it in one day [default: simulated, what the template needs; else caps.money_usd, 50]
    #[arg(long, value_parser = budget, allow_negative_numbers = true, value_name = "USD")]
    budget: Option<Cents>,
    /// How its roles think
    #[arg(long, value_enum, default_value_t = MindArg::Playbook)]
    mind: MindArg,
    /// Who reads each text before it leaves [default: none simulated; reviewer.mind of the configuration in shadow and live]
    #[arg(long, value_enum)]
    reviewer: Option<ReviewerArg>,
    /// Hidden parameters of the simulated market, as TOML; what it does not give is drawn from the seed
    #[arg(long, value_name = "FILE.toml")]
    market: Option<PathBuf>,
    /// Leads to begin with, as CSV with a heading; only in shadow and live
    #[arg(long, value_name = "FILE.csv")]
    leads: Option<PathBuf>,
    /// The configuration file [default: ./bbb.toml, if there is one]
    #[arg(long, env = "BBB_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// The time zone of its days, an IANA name such as America/New_York
    #[arg(long, default_value = "UTC", value_name = "ZONE")]
    zone: String,
    /// The owner's policies on top of the shipped ones: a Cedar file or a pack, such as pack:cautious; may be given several times
    #[arg(long, value_name = "FILE.cedar")]
    charter: Vec<String>,
    /// You have the licence that this kind of business needs
    #[arg(long)]
    licence_confirmed: bool,
}

fn budget(text: &str) -> Result<Cents, String> {
    let budget = Cents::parse_dollars(text).map_err(|error| error.to_string())?;
    match budget > Cents::from_dollars(MAX_BUDGET_USD) {
        true => Err(format!("a budget is at most {MAX_BUDGET_USD} USD")),
        false => Ok(budget),
    }
}

impl Launch {
    pub(super) fn run(self, common: &Common, screen: &mut Screen) -> Result<(), Fault> {
        if self.world == WorldArg::Simulated && self.leads.is_some() {
            return Err(Fault::usage(
                "--leads is for --world shadow and --world live: a simulated market has its own leads, and real people have no place in it",
            ));
        }
        if self.world != WorldArg::Simulated && self.market.is_some() {
            return Err(Fault::usage("--market is for --world simulated: the market of the real world is not ours to choose"));
        }
        let config = Config::load(self.config.as_deref())?;
        let scenario = self.market.as_deref().map(scenario::read).transpose()?;
        let mut spec = self.spec(&config)?;
        spec.market = scenario.as_ref().map(Scenario::digest);
        // Read before anything is launched: a list is taken whole or not at all.
        let leads = match self.leads.as_deref() {
            Some(path) => leads::read(path).map_err(|error| in_list(path, &error))?,
            None => Vec::new(),
        };
        let (charter, left_out) = self.policies(&config, &spec)?;
        if !left_out.is_empty() {
            screen.note(&format!("for other blueprints, and so not for this business: {}", left_out.join(", ")));
        }
        world::check(&spec, &config)?;
        let data = DataDir::create(&common.data)?;
        let store = take(&data)?;
        runtime(self.threads)?.block_on(async {
            let mut stop = StopSignal::catch()?;
            let session = Session::begin(data, store)?;
            session.service.checkpoints().prepare().await?;
            session.launch(Plan { spec, scenario, charter, leads, config, file: self.config }, &mut stop, screen).await
        })
    }

    /// The shipped policies and the owner's: those of the command line, and of the configuration where the world is real and the blueprint is theirs. And what of the
    /// configuration is for other blueprints.
    fn policies(&self, config: &Config, spec: &Spec) -> Result<(Charter, Vec<String>), Fault> {
        let configured: &[String] = if self.world == WorldArg::Simulated { &[] } else { &config.charter.files };
        charter::charter_for(configured, &self.charter, &spec.blueprint.name)
    }

    /// What the business is launched with.
    fn spec(&self, config: &Config) -> Result<Spec, Fault> {
        let (origin, blueprint) =
            blueprint::resolve(&self.concept).map_err(|error| Fault::usage(format!("{error}; see: bbb templates")))?;
        let days = self.days.or_else(|| Some(self.hours?.div_ceil(24)));
        let mut spec = Spec::simulated(origin, blueprint, Seed::new(self.seed), days.unwrap_or(DEFAULT_DAYS));
        spec.founder = self.founder.trim().to_owned();
        spec.zone.clone_from(&self.zone);
        if self.mind == MindArg::Llm {
            spec.mind = MindKind::Llm;
            spec.model = config.model();
        }
        let configured = self.world != WorldArg::Simulated && config.reviewer.mind == ReviewerSetting::Llm;
        if self.reviewer.map_or(configured, |reviewer| reviewer == ReviewerArg::Llm) {
            spec.reviewer = Some(config.reviewer());
        }
        if asks_models(&spec) {
            // What a model answers is no function of what the business is launched with, so each launch is another run.
            spec.nonce = nonce()?;
        }
        match self.world {
            WorldArg::Simulated => self.simulate(&mut spec, config),
            WorldArg::Shadow => self.make_real(&mut spec, WorldKind::Shadow, config)?,
            WorldArg::Live => self.make_real(&mut spec, WorldKind::Live, config)?,
        }
        if let Some(level) = self.autonomy {
            spec.autonomy = Autonomy::try_from(level).map_err(|error| Fault::usage(error.to_string()))?;
        }
        Ok(spec)
    }

    fn simulate(&self, spec: &mut Spec, config: &Config) {
        if let Some(hours) = self.hours {
            spec.end = Some(SIMULATION_START.plus_ms(i64::from(hours) * HOUR_MS));
        }
        if let Some(budget) = self.budget {
            spec.caps.simulated_money = Cap { action: budget.percent(25), day: budget.percent(25), ..Cap::of(budget) };
        }
        if asks_models(spec) {
            // Model calls cost real money and tokens in every world.
            let Caps { real_money, tokens, .. } = config.caps(None);
            (spec.caps.real_money, spec.caps.tokens) = (real_money, tokens);
        }
    }

    fn make_real(&self, spec: &mut Spec, world: WorldKind, config: &Config) -> Result<(), Fault> {
        let length_ms = self.days.map(|days| i64::from(days) * DAY_MS).or(self.hours.map(|hours| i64::from(hours) * HOUR_MS));
        spec.nonce = nonce()?;
        spec.licence_confirmed = self.licence_confirmed;
        real_world::enter(spec, world, config, self.budget, length_ms)
    }
}

/// What is wrong with a list of leads, with its name.
pub(super) fn in_list(path: &Path, error: &leads::Error) -> Fault {
    match error {
        leads::Error::Io { source, .. } => Fault::file(path.display(), source),
        leads::Error::Problems { .. } => Fault::usage(format!("{}: {error}", path.display())),
        error => Fault::usage(error.to_string()),
    }
}

fn asks_models(spec: &Spec) -> bool {
    spec.mind == MindKind::Llm || spec.reviewer.is_some()
}

/// Tells apart businesses that are launched with the same words.
fn nonce() -> Result<String, Fault> {
    let number = getrandom::u64().map_err(|error| Fault::failed(format!("the system gives no random numbers: {error}")))?;
    Ok(format!("{number:016x}"))
}

/// Everything that a launch needs, checked.
struct Plan {
    spec: Spec,
    scenario: Option<Scenario>,
    charter: Charter,
    leads: Vec<Lead>,
    config: Config,
    file: Option<PathBuf>,
}

impl Session {
    async fn launch(&self, plan: Plan, stop: &mut StopSignal, screen: &mut Screen) -> Result<(), Fault> {
        let engine = world::engine(Arc::clone(self.service.store()), plan.spec.mind, plan.charter.clone());
        let spec = engine.prepare(plan.spec);
        let id = spec.id();
        if self.service.store().list().await?.iter().any(|listed| listed.business == id) {
            screen.note(&format!(
                "this very run was launched here before, as {id}; a simulated run is a function of what it is launched with"
            ));
            return self.go_on(id, plan.file.as_deref(), stop, screen).await;
        }
        let wanted = spec.caps.real_money.total;
        // Nothing is bound by what moves no real money, and many simulated businesses are not read for nothing.
        if wanted > Cents::ZERO {
            allotment::admit(self.service.data(), plan.config.owner.money_usd, self.service.bound(None).await?, wanted)?;
        }
        let vault = self.service.new_vault(id, &spec).await?;
        let arrivals = leads::arrivals(&plan.leads, &vault)?;
        let wired = world::world(&spec, &plan.config, vault)?;
        let world = match plan.scenario {
            Some(scenario) => wired.world.with_scenario(scenario),
            None => wired.world,
        };
        if let Some(desk) = &wired.desk {
            arrivals.iter().for_each(|arrival| desk.learn(&arrival.signal));
        }
        // Before the launch, which names their digest: a business that was launched has them.
        Kept::of(self.service.data(), id).settle(&plan.charter)?;
        // In one commit: a business that was launched has its leads, whatever happens next.
        let handle = self.service.start(id, wired.desk, engine.launch_with(spec.clone(), world, arrivals)).await?;
        introduce(id, &spec, screen);
        let own: Vec<&str> = plan.charter.policies().filter(|info| info.owners).map(|info| info.id).collect();
        if !own.is_empty() {
            screen.note(&format!("its owner's policies: {}; see: bbb charter list {id}", own.join(", ")));
        }
        if !plan.leads.is_empty() {
            let consent = plan.leads.iter().filter(|lead| lead.consent).count();
            screen.note(&format!("{} leads imported, {consent} of them with consent; nobody else is ever written to", plan.leads.len()));
        }
        self.run(handle, stop, screen).await
    }
}

fn introduce(id: BusinessId, spec: &Spec, screen: &Screen) {
    let simulated = spec.world.is_simulated();
    let length = spec.days().map_or("without end".to_owned(), |days| format!("{days} day{}", if days == 1 { "" } else { "s" }));
    let cap = if simulated { spec.caps.simulated_money.total } else { spec.caps.real_money.total };
    let (name, world, seed) = (&spec.blueprint.name, spec.world, spec.seed.get());
    screen.note(&format!(
        "launched {id}: {name}, {world}, {length}, seed {seed}, autonomy {}, budget {}",
        spec.autonomy.get(),
        money(cap, simulated)
    ));
    if let Some(digest) = &spec.market {
        screen.note(&format!(
            "its market: the scenario {}, and what that leaves open drawn from the seed",
            digest.get(..8).unwrap_or(digest)
        ));
    }
    if let Some(reviewer) = &spec.reviewer {
        screen.note(&format!("its reviewer: {} reads every text before it leaves, and can only object", plain(&reviewer.model)));
    }
    let licences = spec.licences();
    if !(spec.licence_confirmed || licences.is_empty() || simulated) {
        let licences = licences.join("; ");
        screen.note(&format!(
            "this kind of business needs: {licences}; nothing is advertised, offered or sold before you confirm it with --licence-confirmed"
        ));
    }
    if !simulated {
        screen.note(&format!("from another terminal:  bbb inbox {id}   (then approve or veto), bbb status, bbb pause, bbb stop"));
        screen.note("Ctrl-C interrupts it; it goes on with: bbb resume");
    }
}
