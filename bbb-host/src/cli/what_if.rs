//! `bbb what-if`: a simulated business forked at an event, run on with something different, and compared with what happened.
//!
//! Each alternative is a business of its own, whose id is derived from the source, the place and the change: asked the same again, the same alternative is found. Its
//! journal begins with the source's own records, hash by hash, and its first own event says what is different.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use bbb_agents::fork::{check, fork_id};
use bbb_core::blueprint::Channel;
use bbb_core::decide::growth::Strategy;
use bbb_core::event::Event;
use bbb_core::fork::{Change, MAX_CHANNEL_PERCENT};
use bbb_core::id::BusinessId;
use bbb_core::money::Cents;
use bbb_core::oversight::charter::Charter;
use bbb_core::spec::MindKind;
use bbb_core::state::State;
use clap::Args;

use crate::allotment;
use crate::charter::{Kept, charter_for};
use crate::cli::access::only;
use crate::cli::business::replay;
use crate::cli::run::{Session, StopSignal, take};
use crate::cli::screen::Screen;
use crate::cli::{Common, output, runtime, world};
use crate::config::Config;
use crate::data_dir::DataDir;
use crate::fault::Fault;
use crate::report::what_if_html;
use crate::service::Row;
use crate::simulate::Policy;
use crate::what_if::{Comparison, HEADS, MAX_ALTERNATIVES, end_of_day};

/// What stands for no policies of the owner.
const SHIPPED: &str = "shipped";

#[derive(Debug, Args)]
pub(super) struct WhatIf {
    /// The simulated business; may be left out where there is only one that is no fork
    business: Option<BusinessId>,
    /// The last event that the alternatives have in common with it
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..), allow_negative_numbers = true, value_name = "EVENT")]
    at: Option<u64>,
    /// The same by the day, counted from 1: when it had ended
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..), allow_negative_numbers = true, conflicts_with = "at", value_name = "N")]
    at_day: Option<u32>,
    /// An alternative in which new customers pay this; may be given several times, as all that follow
    #[arg(long, value_parser = price, allow_negative_numbers = true, value_name = "USD")]
    price: Vec<Cents>,
    /// An alternative that allots its growth by this strategy: engine, fixed, equal, greedy, epsilon, random or idle
    #[arg(long, value_parser = strategy, value_name = "NAME")]
    strategy: Vec<Strategy>,
    /// An alternative in which a channel gets this part of its posts and advertising: 0 shuts it, 200 doubles them
    #[arg(long, value_parser = channel, value_name = "NAME=PERCENT")]
    channel: Vec<(Channel, u16)>,
    /// An alternative under these policies of its owner instead of those that it has: a Cedar file, a pack such as pack:cautious, or shipped for none
    #[arg(long, value_name = "FILE")]
    charter: Vec<String>,
    /// All of these in one alternative, instead of one each
    #[arg(long)]
    together: bool,
    /// Write the comparison with a chart to this file, as one HTML page
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Write over a page that is there
    #[arg(long, requires = "html")]
    force: bool,
    /// The configuration file [default: ./bbb.toml, if there is one]
    #[arg(long, env = "BBB_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
}

fn price(text: &str) -> Result<Cents, String> {
    let price = Cents::parse_dollars(text).map_err(|error| error.to_string())?;
    Change { price: Some(price), ..Change::default() }.check().map(|()| price)
}

fn strategy(text: &str) -> Result<Strategy, String> {
    let strategies: Vec<Strategy> = Policy::ALL.into_iter().filter_map(Policy::strategy).collect();
    let known = || strategies.iter().map(Strategy::as_str).collect::<Vec<_>>().join(", ");
    strategies.iter().find(|strategy| strategy.as_str() == text).cloned().ok_or_else(|| format!("the strategies are {}", known()))
}

fn channel(text: &str) -> Result<(Channel, u16), String> {
    let known = || Channel::ALL.map(Channel::as_str).join(", ");
    let (name, percent) = text.split_once('=').ok_or("a channel and what it gets, such as seo=50")?;
    let channel = Channel::ALL.into_iter().find(|channel| channel.as_str() == name);
    let channel = channel.ok_or_else(|| format!("the channels are {}", known()))?;
    let percent = percent.trim_end_matches('%').parse().ok().filter(|percent| *percent <= MAX_CHANNEL_PERCENT);
    Ok((channel, percent.ok_or_else(|| format!("what a channel gets is 0 to {MAX_CHANNEL_PERCENT} percent"))?))
}

/// One alternative, before it is run.
#[derive(Clone)]
struct Asked {
    name: String,
    change: Change,
    /// Under which charter it goes on, where that is another one.
    charter: Option<Charter>,
}

impl Asked {
    fn new(name: String, change: Change) -> Asked {
        Asked { name, change, charter: None }
    }
}

impl WhatIf {
    pub(super) fn run(self, common: &Common, screen: &mut Screen) -> Result<(), Fault> {
        if self.at.is_none() && self.at_day.is_none() {
            return Err(Fault::usage("say from where on: --at EVENT, as in bbb journal show, or --at-day N"));
        }
        let asked = self.asked()?;
        if let Some(path) = &self.html {
            output::check(path, self.force)?;
        }
        let config = Config::load(self.config.as_deref())?;
        let data = DataDir::existing(&common.data)?;
        if !data.has_store() {
            return Err(Fault::not_found(format!("nothing was launched in {} yet", data.path().display())));
        }
        let store = take(&data)?;
        runtime(1)?.block_on(async {
            let mut stop = StopSignal::catch()?;
            let session = Session::begin(data, store)?;
            self.compare(&session, asked, &config, &mut stop, screen).await
        })
    }

    /// The alternatives that do not need the business to be known, and the names of the policies.
    fn asked(&self) -> Result<Vec<Asked>, Fault> {
        let prices = self.price.iter().map(|price| Change { price: Some(*price), ..Change::default() });
        let strategies = self.strategy.iter().map(|strategy| Change { strategy: Some(strategy.clone()), ..Change::default() });
        let channels =
            self.channel.iter().map(|(channel, percent)| Change { channels: BTreeMap::from([(*channel, *percent)]), ..Change::default() });
        let asked: Vec<Asked> = prices.chain(strategies).chain(channels).map(|change| Asked::new(change.to_string(), change)).collect();
        let count = asked.len() + self.charter.len();
        if count == 0 {
            return Err(Fault::usage("say what is to be different: --price, --strategy, --channel or --charter"));
        }
        if self.together && (self.price.len() > 1 || self.strategy.len() > 1) {
            return Err(Fault::usage("--together makes one alternative, which has one price and one strategy"));
        }
        if !self.together && count > MAX_ALTERNATIVES {
            return Err(Fault::usage(format!("at most {MAX_ALTERNATIVES} alternatives are compared at once, not {count}")));
        }
        let twice = |one: usize| asked[..one].iter().any(|other| other.change == asked[one].change);
        if let Some(one) = (0..asked.len()).find(|one| twice(*one)) {
            return Err(Fault::usage(format!("{} is given twice", asked[one].name)));
        }
        let mut channels: Vec<Channel> = self.channel.iter().map(|(channel, _)| *channel).collect();
        channels.sort_unstable();
        match channels.windows(2).find(|two| self.together && two[0] == two[1]) {
            Some(two) => Err(Fault::usage(format!("--channel {} is given twice", two[0]))),
            None => Ok(asked),
        }
    }

    /// Adds the alternatives with other policies, which must fit the blueprint, and makes one of all where that is wanted.
    fn with_policies(&self, mut asked: Vec<Asked>, blueprint: &str) -> Result<Vec<Asked>, Fault> {
        let read = |files: &[String]| match files {
            [one] if one == SHIPPED => Ok(Charter::shipped().clone()),
            files => charter_for(&[], files, blueprint).map(|(charter, _)| charter),
        };
        let under = |name: &str, charter: Charter| {
            let change = Change { charter: Some(charter.digest()), ..Change::default() };
            Asked { name: format!("charter {name}"), change, charter: Some(charter) }
        };
        if !self.together {
            for file in &self.charter {
                asked.push(under(file, read(std::slice::from_ref(file))?));
            }
            return Ok(asked);
        }
        if !self.charter.is_empty() {
            asked.push(under(&self.charter.join(" + "), read(&self.charter)?));
        }
        let mut all = Asked::new(asked.iter().map(|one| one.name.as_str()).collect::<Vec<_>>().join(", "), Change::default());
        for one in asked {
            all.change.price = all.change.price.or(one.change.price);
            all.change.strategy = all.change.strategy.or(one.change.strategy);
            all.change.channels.extend(one.change.channels);
            all.change.charter = all.change.charter.or(one.change.charter);
            all.charter = all.charter.or(one.charter);
        }
        Ok(vec![all])
    }

    /// The event to fork at.
    fn place(&self, events: &[Event]) -> Result<u64, Fault> {
        self.at_day.map_or(Ok(self.at.unwrap_or(0)), |day| end_of_day(events, day))
    }

    async fn compare(
        &self,
        session: &Session,
        asked: Vec<Asked>,
        config: &Config,
        stop: &mut StopSignal,
        screen: &mut Screen,
    ) -> Result<(), Fault> {
        let source = match self.business {
            Some(id) => id,
            None => only(&session.service.list().await?.into_iter().filter(|row| !row.fork).collect::<Vec<Row>>())?,
        };
        let (events, _) = session.service.events(source).await?;
        let original = replay(source, &events)?;
        let at = self.place(&events)?;
        let (_, before) = check(source, &events, at, &Change::default())?;
        if !original.status.is_over() {
            let what = format!("{source} is {}, and alternatives are compared with what it came to", original.status.as_str());
            return Err(Fault::refused(format!("{what}; run it to its end first: bbb resume {source}")));
        }
        let asked = self.with_policies(asked, &original.spec.blueprint.name)?;
        let mut comparison = Comparison::new(&events, &before, &original);
        for one in asked {
            let id = session.fork(&one, &before, config, screen).await?;
            session.run_quietly(id, self.config.as_deref(), stop, screen).await?;
            let (events, _) = session.service.events(id).await?;
            comparison.add(one.name, one.change, &before, &replay(id, &events)?);
        }
        if comparison.later_orders > 0 {
            screen.note(&crate::report::later_orders(comparison.later_orders));
        }
        if let Some(path) = &self.html {
            let page = what_if_html(&comparison).map_err(|error| Fault::failed(error.to_string()))?;
            output::write(path, &page, self.force)?;
            screen.note(&format!("wrote the chart to {}", path.display()));
        }
        screen.result(&comparison, &table(&comparison))
    }
}

impl Session {
    /// Makes the business that an alternative is, where it was not made before.
    async fn fork(&self, asked: &Asked, before: &State, config: &Config, screen: &Screen) -> Result<BusinessId, Fault> {
        let (service, source, at) = (&self.service, before.business, before.sequence);
        let id = fork_id(source, at, &asked.change);
        let charter = match &asked.charter {
            Some(charter) => charter.clone(),
            // A simulated business keeps the policies that it was launched with, and so does its fork.
            None => service.charter(source).await?,
        };
        let is_known = service.list().await?.iter().any(|row| row.business == id && row.events > at);
        if !is_known {
            // Alternatives that ask a model spend real money of their own.
            let wanted = before.spec.caps.real_money.total;
            if wanted > Cents::ZERO {
                allotment::admit(service.data(), config.owner.money_usd, service.bound(Some(id)).await?, wanted)?;
            }
            if before.spec.mind == MindKind::Llm || before.spec.reviewer.is_some() {
                screen.note(&format!("{} asks its model anew: what that costs is real money", asked.name));
            }
            // Before the fork, whose event names their digest.
            Kept::of(service.data(), id).settle(&charter)?;
        }
        let engine = world::engine(Arc::clone(service.store()), before.spec.mind, charter);
        let id = engine.fork(source, at, asked.change.clone()).await?;
        let done = if is_known { "was forked before:" } else { "forked" };
        screen.note(&format!("{done} {source} after event {at} as {id}: {} (simulated)", asked.name));
        Ok(id)
    }
}

/// The original and the alternatives, a line each, and below each alternative how much more or less that is.
fn table(comparison: &Comparison) -> String {
    let Comparison { original, alternatives, at_event, at_day, blueprint, .. } = comparison;
    let mut rows: Vec<(String, [String; 7])> = vec![("original".to_owned(), original.cells())];
    for one in alternatives {
        rows.push((one.name.clone(), one.figures.cells()));
        rows.push(("  difference".to_owned(), one.difference.cells()));
    }
    let heads = HEADS.map(|head| head.trim_start_matches('#').to_uppercase());
    let first = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0).max(12);
    let width = |column: usize| rows.iter().map(|(_, cells)| cells[column].chars().count()).max().unwrap_or(0).max(heads[column].len());
    let line = |name: &str, cells: &[String; 7]| {
        let mut line = format!("{name:first$}");
        for (column, cell) in cells.iter().enumerate() {
            // Writing to a string cannot fail.
            let _ = write!(line, "  {cell:>width$}", width = width(column));
        }
        line
    };
    let mut out = format!("SIMULATION: what if, from event {at_event} on, in day {at_day} of {blueprint}; all money is simulated\n\n");
    let _ = writeln!(out, "{}", line("", &heads));
    for (name, cells) in &rows {
        let _ = writeln!(out, "{}", line(name, cells));
    }
    out.push('\n');
    for (name, figures) in std::iter::once(("original", original)).chain(alternatives.iter().map(|one| (one.name.as_str(), &one.figures))) {
        let _ = writeln!(out, "{}  {name} ({}); see: bbb report {0}", figures.business_id, figures.status);
    }
    out.push_str(
        "\nFigures are from the fork on. REFUSED: what oversight vetoed. STARS: the mean of the ratings. CASH: what the founder brought (the cost to open and three months of expenses),\n\
         with all that was earned, less all that was spent.\n",
    );
    out
}
