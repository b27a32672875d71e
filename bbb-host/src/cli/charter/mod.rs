//! `bbb charter`: the policies of an owner, and what they would do.

mod check;
mod diff;
mod explain;
mod keep;
mod list;
mod test;

use bbb_core::oversight::charter::PolicyInfo;
use clap::Subcommand;
use serde_json::{Value, json};

use crate::cli::Common;
use crate::cli::screen::Screen;
use crate::fault::Fault;

#[derive(Debug, Subcommand)]
pub(super) enum CharterCommand {
    /// Check texts of policies, each alone and then all together
    Check(check::Check),
    /// List policies: the shipped ones, or those of a business
    List(list::List),
    /// List the packs: shipped texts that an owner may add
    Packs,
    /// Tell what can decide about a kind of action, and what policies may ask about it
    Explain(explain::Explain),
    /// Try cases: situations and what the charter should say about them
    Test(test::Test),
    /// Show which reviews in a journal would have ended otherwise under another charter
    Diff(diff::Diff),
    /// Put these texts in the place of all that the owner of a live or shadow business added before, at once
    Put(keep::Put),
    /// Print the policies that the owner of a business added
    Get(keep::Get),
}

impl CharterCommand {
    pub(super) fn run(self, common: &Common, screen: &mut Screen) -> Result<(), Fault> {
        match self {
            CharterCommand::Check(check) => check.run(screen),
            CharterCommand::List(list) => list.run(common, screen),
            CharterCommand::Packs => list::packs(screen),
            CharterCommand::Explain(explain) => explain.run(common, screen),
            CharterCommand::Test(test) => test.run(screen),
            CharterCommand::Diff(diff) => diff.run(common, screen),
            CharterCommand::Put(put) => put.run(common, screen),
            CharterCommand::Get(get) => get.run(common, screen),
        }
    }
}

/// What a policy does where it decides.
fn does(info: &PolicyInfo<'_>) -> &'static str {
    match (info.permits, info.escalates) {
        (true, _) => "permits",
        (false, true) => "asks",
        (false, false) => "forbids",
    }
}

fn whose(info: &PolicyInfo<'_>) -> &'static str {
    if info.owners { "owner" } else { "shipped" }
}

fn policy_json(info: &PolicyInfo<'_>) -> Value {
    json!({ "id": info.id, "does": does(info), "says": info.sentence, "ground": info.ground, "from": whose(info) })
}

/// A policy in three lines.
fn policy_text(info: &PolicyInfo<'_>) -> String {
    let own = if info.owners { ", the owner's" } else { "" };
    format!("{} ({}{own})\n    {}\n    ground: {}\n", info.id, does(info), info.sentence, info.ground)
}
