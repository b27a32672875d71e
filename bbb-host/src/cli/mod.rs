//! The command line of `bbb`: a file per command.
//!
//! Results go to standard output and nothing else does; progress, notes and errors go to standard error. The exit code says what kind of error it was, see
//! [`crate::fault::Kind`].

mod access;
mod admin;
mod bench;
mod business;
mod charter;
mod config;
mod contact;
mod founder;
mod inbox;
mod journal;
mod launch;
mod log;
mod optimize;
mod output;
mod owner;
mod plan;
mod progress;
mod recommend;
mod report;
mod resume;
mod run;
mod screen;
mod serve;
mod simulate;
mod status;
mod templates;
mod terms;
mod what_if;
mod why;

pub use self::founder::read_founder;
pub use self::optimize::{QuestionKind, read_question};

use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::cli::screen::Screen;
use crate::fault::{Fault, Kind};
use crate::wiring as world;

const AFTER_HELP: &str = "\
Exit codes:
  0  done
  1  failed: the machine, a disk, an adapter, or a defect
  2  usage: the input breaks a rule; nothing was changed
  3  not found: no such business, proposal or file
  4  refused: it does not fit what is there (wrong status, already running)
  5  corrupted: a journal, its store or its keys are missing, or not what was written
  6  unproven: an export that fits together, and that no signature vouches for

Environment:
  BBB_DATA           the data directory (--data)
  BBB_CONFIG         the configuration file (--config)
  BBB_<SECTION>_<KEY>  one setting of it, such as BBB_SMTP_HOST; see: bbb config, and bbb config check
  BBB_SMTP_PASSWORD  the password for sending mail
  BBB_LLM_API_KEY    the key of the language model
  BBB_LOG            what is logged to standard error, such as info or bbb_agents=debug [default: warn; of serve: info]
  BBB_LOG_FORMAT     human, or json: an object a line";

/// Launch businesses that run by themselves, under an oversight that every effect must pass
#[derive(Debug, Parser)]
#[command(name = "bbb", version, after_help = AFTER_HELP, max_term_width = 100, disable_help_subcommand = true)]
struct Cli {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Command,
}

/// What every command takes.
#[derive(Debug, Clone, Args)]
struct Common {
    /// The data directory, where journals and keys are kept
    #[arg(long, global = true, env = "BBB_DATA", default_value = "./bbb-data", value_name = "DIR")]
    data: PathBuf,
    /// Print one JSON object instead of text; errors are JSON too
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List the templates that a business can be launched from
    Templates,
    /// Say which templates fit your money and hours, and how sure their figures are
    Recommend(Box<recommend::Recommend>),
    /// Plan the first ninety days of a business: cash flow by week, milestones and what to do first
    Plan(Box<plan::Plan>),
    /// Launch a business from a template or from your own concept, and run it
    Launch(Box<launch::Launch>),
    /// Run a business on, after an interruption or a pause
    Resume(resume::Resume),
    /// Show how a business stands, or list all of them
    Status(status::Status),
    /// Show what waits for your decision
    Inbox(inbox::Inbox),
    /// Say yes to a proposal that waits
    Approve(owner::Approve),
    /// Say no to a proposal that waits
    Veto(owner::Veto),
    /// Start no effect from now on
    Pause(owner::Pause),
    /// End a business for good
    Stop(owner::Stop),
    /// Say what became of an effect in doubt
    Doubt(owner::Doubt),
    /// Show or set how much a business may do without asking
    Autonomy(terms::AutonomyArgs),
    /// Show or set what a business may use
    Budget(terms::Budget),
    /// Name somebody who may answer in your place, or take that back
    Delegate(terms::Delegate),
    /// Tell what you heard from people, bring in more leads, and list them
    #[command(subcommand)]
    Contact(contact::Contact),
    /// Check, try, show and change the policies of an owner
    #[command(subcommand)]
    Charter(charter::CharterCommand),
    /// Report on a business
    Report(report::Report),
    /// Tell what led to a proposal, and what came of it
    Why(why::WhyArgs),
    /// Fork a simulated business and run it on with another price, strategy, channel or charter, and compare with what happened
    WhatIf(Box<what_if::WhatIf>),
    /// Read, check, sign and export journals
    #[command(subcommand)]
    Journal(journal::Journal),
    /// Search the problem of a file (a QUBO, an Ising model, a maximum cut, a quadratic knapsack), or answer a founder's question: what to take on, spend, assign or schedule
    Optimize(optimize::Optimize),
    /// Run a business in many simulated futures, by one growth policy or several
    Simulate(simulate::Simulate),
    /// Measure what oversight stops and lets through, and how good the optimizer is
    #[command(subcommand)]
    Bench(bench::Bench),
    /// Run the daemon: businesses of many founders behind an HTTP API
    Serve(serve::Serve),
    /// Print the configuration file with all defaults, explained, or check one
    Config(config::ConfigArgs),
    /// See and change the accounts of a running daemon
    #[command(subcommand)]
    Admin(admin::AdminCommand),
}

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    let mut screen = Screen::new(cli.common.json);
    let is_daemon = matches!(cli.command, Command::Serve(_));
    match log::start(is_daemon).and_then(|()| dispatch(cli, &mut screen)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            screen.fault(&fault);
            ExitCode::from(fault.kind.exit_code())
        }
    }
}

fn dispatch(cli: Cli, screen: &mut Screen) -> Result<(), Fault> {
    let Cli { common, command } = cli;
    match command {
        Command::Templates => templates::run(screen),
        Command::Recommend(recommend) => recommend.run(screen),
        Command::Plan(plan) => plan.run(screen),
        Command::Launch(launch) => launch.run(&common, screen),
        Command::Resume(resume) => resume.run(&common, screen),
        Command::Status(status) => status.run(&common, screen),
        Command::Inbox(inbox) => inbox.run(&common, screen),
        Command::Approve(approve) => approve.run(&common, screen),
        Command::Veto(veto) => veto.run(&common, screen),
        Command::Pause(pause) => pause.run(&common, screen),
        Command::Stop(stop) => stop.run(&common, screen),
        Command::Doubt(doubt) => doubt.run(&common, screen),
        Command::Autonomy(autonomy) => autonomy.run(&common, screen),
        Command::Budget(budget) => budget.run(&common, screen),
        Command::Delegate(delegate) => delegate.run(&common, screen),
        Command::Contact(contact) => contact.run(&common, screen),
        Command::Charter(charter) => charter.run(&common, screen),
        Command::Report(report) => report.run(&common, screen),
        Command::Why(why) => why.run(&common, screen),
        Command::WhatIf(what_if) => what_if.run(&common, screen),
        Command::Journal(journal) => journal.run(&common, screen),
        Command::Optimize(optimize) => optimize.run(screen),
        Command::Simulate(simulate) => simulate.run(screen),
        Command::Bench(bench) => bench.run(screen),
        Command::Serve(serve) => serve.run(&common, screen),
        Command::Config(config) => config.run(screen),
        Command::Admin(admin) => admin.run(&common, screen),
    }
}

/// What clap found: help and version are no errors, everything else is bad input.
fn usage(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        // Nobody listens: then nobody misses the help.
        drop(error.print());
        return ExitCode::SUCCESS;
    }
    let wants_json = std::env::args_os().any(|argument| argument == OsStr::new("--json"));
    if wants_json {
        let text = error.render().to_string();
        let first = text.split("\n\n").next().unwrap_or_default();
        let message = first.strip_prefix("error: ").unwrap_or(first).trim();
        Screen::new(true).fault(&Fault::usage(message));
    } else {
        drop(error.print());
    }
    ExitCode::from(Kind::Usage.exit_code())
}

/// A runtime with so many worker threads; one thread does without workers.
fn runtime(threads: u16) -> Result<tokio::runtime::Runtime, Fault> {
    let mut builder = match threads {
        0 | 1 => tokio::runtime::Builder::new_current_thread(),
        _ => tokio::runtime::Builder::new_multi_thread(),
    };
    if threads > 1 {
        builder.worker_threads(usize::from(threads));
    }
    builder.enable_all().build().map_err(|error| Fault::failed(format!("the runtime could not be started: {error}")))
}
