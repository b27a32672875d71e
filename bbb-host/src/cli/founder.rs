//! The founder: who asks, from flags, a file and an interview, for `bbb recommend` and `bbb plan`.
//!
//! Flags count before the file. The interview asks for everything, and offers what is known already.

mod file;
mod interview;

use std::io::{self, IsTerminal};
use std::path::PathBuf;

use bbb_core::money::Cents;
use bbb_core::plan::founder::{self, Founder, Risk};
use bbb_core::plan::state::{self, State};
use clap::{Args, ValueEnum};

use crate::fault::Fault;

const AFTER: &str = "\
The file of --founder is TOML; everything in it may be left out, and flags count before it:
  name = \"Ada\"
  state = \"CA\"            # two letters, or the name
  budget_usd = 3000
  hours_per_week = 15     # 1 to 80
  industry = \"Education\"  # or a part of it
  risk = \"balanced\"       # careful, balanced or bold";

/// What is said below the help of a command that takes a founder.
pub(super) const HELP: &str = AFTER;

#[derive(Debug, Args)]
pub(super) struct FounderArgs {
    /// Money to open a business with, in US dollars
    #[arg(long, value_parser = Cents::parse_dollars, allow_negative_numbers = true, value_name = "USD")]
    budget: Option<Cents>,
    /// Hours a week that there are for it
    #[arg(long, value_parser = clap::value_parser!(u8).range(1..=i64::from(founder::MAX_HOURS)), allow_negative_numbers = true, value_name = "1-80")]
    hours: Option<u8>,
    /// Only this branch of trade, or a part of its name; `bbb templates` lists them
    #[arg(long, value_parser = founder::industry, value_name = "TEXT")]
    industry: Option<String>,
    /// Choose by what nine of ten futures reach, by what half of them reach, or by what one of ten reaches [default: balanced]
    #[arg(long, value_enum)]
    risk: Option<Posture>,
    /// What you are called
    #[arg(long, value_parser = founder::name, value_name = "TEXT")]
    name: Option<String>,
    /// The US state you are in: two letters, or its name
    #[arg(long, value_parser = in_state, value_name = "STATE")]
    state: Option<&'static State>,
    /// A file that says these things (TOML, see below); flags count before it
    #[arg(long = "founder", value_name = "FILE")]
    file: Option<PathBuf>,
    /// Be asked for these things; so it is too on a terminal where neither budget nor hours are given
    #[arg(long)]
    interview: bool,
}

/// How much risk is taken.
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

fn in_state(text: &str) -> Result<&'static State, state::Unknown> {
    state::find(text)
}

/// Reads the text of a founder's file, without using it: for whoever checks such files.
///
/// # Errors
/// What is wrong with it, with the file's name and the line.
pub fn read_founder(name: &str, text: &str) -> Result<(), Fault> {
    file::parse(name, text).map(drop)
}

/// What a founder has said of themselves.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) name: Option<String>,
    pub(super) state: Option<&'static State>,
    pub(super) budget: Option<Cents>,
    pub(super) hours: Option<u8>,
    pub(super) industry: Option<String>,
    pub(super) risk: Option<Risk>,
}

impl FounderArgs {
    /// What was said, in flags, the file and the interview. `needs` says that it takes budget and hours.
    ///
    /// # Errors
    /// A file that breaks a rule, by its line; an interview that ends too early.
    pub(super) fn told(self, needs: bool) -> Result<Told, Fault> {
        let of_file = self.file.as_deref().map(file::read).transpose()?.unwrap_or_default();
        let told = Told {
            name: self.name.or(of_file.name),
            state: self.state.or(of_file.state),
            budget: self.budget.or(of_file.budget),
            hours: self.hours.or(of_file.hours),
            industry: self.industry.or(of_file.industry),
            risk: self.risk.map(Risk::from).or(of_file.risk),
        };
        let on_terminal = io::stdin().is_terminal();
        let asks = self.interview || (needs && on_terminal && told.budget.is_none() && told.hours.is_none());
        if asks { interview::ask(told, &mut io::stdin().lock(), &mut io::stderr(), !on_terminal) } else { Ok(told) }
    }
}

impl Told {
    /// A founder who looks so many months ahead.
    ///
    /// # Errors
    /// Where the budget or the hours were not said.
    pub(super) fn founder(self, months: u32) -> Result<Founder, Fault> {
        let missing = |flag: &str, field: &str| {
            Fault::usage(format!("{flag} is needed: give it, or {field} in a file (--founder FILE), or be asked (--interview)"))
        };
        Ok(Founder {
            budget: self.budget.ok_or_else(|| missing("--budget USD", "budget_usd"))?,
            hours_per_week: self.hours.ok_or_else(|| missing("--hours 1-80", "hours_per_week"))?,
            name: self.name,
            state: self.state,
            industry: self.industry,
            risk: self.risk.unwrap_or(Risk::Balanced),
            months,
        })
    }
}
