//! What an owner says: `bbb approve`, `veto`, `pause`, `stop`, `doubt`. Each answer comes after it is in the journal.

use bbb_agents::handle::Command;
use bbb_core::id::{BusinessId, ProposalId};
use clap::Args;
use serde_json::json;

use crate::cli::Common;
use crate::cli::access::Access;
use crate::cli::screen::Screen;
use crate::fault::Fault;

/// The most characters of a reason.
const MAX_REASON_CHARS: usize = 500;

#[derive(Debug, Args)]
#[command(allow_missing_positional = true)]
pub(super) struct Approve {
    /// The business; may be left out where there is only one
    business: Option<BusinessId>,
    /// The proposal, as bbb inbox shows it
    proposal: ProposalId,
    /// Answer in this delegate's name; see: bbb delegate
    #[arg(long = "as", value_name = "NAME")]
    delegate: Option<String>,
}

#[derive(Debug, Args)]
#[command(allow_missing_positional = true)]
pub(super) struct Veto {
    /// The business; may be left out where there is only one
    business: Option<BusinessId>,
    /// The proposal, as bbb inbox shows it
    proposal: ProposalId,
    /// Why; kept in the journal
    #[arg(long, value_parser = reason, value_name = "TEXT")]
    reason: String,
    /// Answer in this delegate's name; see: bbb delegate
    #[arg(long = "as", value_name = "NAME")]
    delegate: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct Pause {
    /// The business; may be left out where there is only one
    business: Option<BusinessId>,
    /// Why; kept in the journal
    #[arg(long, value_parser = reason, value_name = "TEXT")]
    reason: String,
}

#[derive(Debug, Args)]
pub(super) struct Stop {
    /// The business; may be left out where there is only one
    business: Option<BusinessId>,
}

#[derive(Debug, Args)]
#[group(id = "fate", required = true, multiple = false)]
pub(super) struct Fate {
    /// The effect took place: what was held for it is spent
    #[arg(long)]
    happened: bool,
    /// The effect did not take place: what was held for it is free again
    #[arg(long)]
    did_not_happen: bool,
}

#[derive(Debug, Args)]
#[command(allow_missing_positional = true)]
pub(super) struct Doubt {
    /// The business; may be left out where there is only one
    business: Option<BusinessId>,
    /// The proposal, as bbb inbox shows it
    proposal: ProposalId,
    #[command(flatten)]
    fate: Fate,
}

fn reason(text: &str) -> Result<String, String> {
    let text = text.trim();
    match text.chars().count() {
        0 => Err("a reason is needed".to_owned()),
        count if count > MAX_REASON_CHARS => Err(format!("a reason has at most {MAX_REASON_CHARS} characters, not {count}")),
        _ if text.chars().any(char::is_control) => Err("a reason is one line without control characters".to_owned()),
        _ => Ok(text.to_owned()),
    }
}

impl Approve {
    pub(super) fn run(self, common: &Common, screen: &mut Screen) -> Result<(), Fault> {
        let (access, proposal) = (Access::open(common)?, self.proposal);
        let id = access.pick(self.business)?;
        let command = match self.delegate {
            Some(name) => Command::AnswerAs { name, proposal, approve: true, reason: String::new() },
            None => Command::Approve(proposal),
        };
        access.command(id, command)?;
        screen.result(
            &json!({ "business_id": id, "proposal": proposal.to_string(), "answer": "approved" }),
            &format!("approved {proposal} of {id}"),
        )
    }
}

impl Veto {
    pub(super) fn run(self, common: &Common, screen: &mut Screen) -> Result<(), Fault> {
        let (access, proposal) = (Access::open(common)?, self.proposal);
        let id = access.pick(self.business)?;
        let command = match self.delegate {
            Some(name) => Command::AnswerAs { name, proposal, approve: false, reason: self.reason },
            None => Command::Veto(proposal, self.reason),
        };
        access.command(id, command)?;
        screen.result(
            &json!({ "business_id": id, "proposal": proposal.to_string(), "answer": "vetoed" }),
            &format!("vetoed {proposal} of {id}"),
        )
    }
}

impl Pause {
    pub(super) fn run(self, common: &Common, screen: &mut Screen) -> Result<(), Fault> {
        let access = Access::open(common)?;
        let id = access.pick(self.business)?;
        access.command(id, Command::Pause(self.reason))?;
        let text = format!("paused {id}: no effect starts from now on; go on with: bbb resume {id}");
        screen.result(&json!({ "business_id": id, "status": "paused" }), &text)
    }
}

impl Stop {
    pub(super) fn run(self, common: &Common, screen: &mut Screen) -> Result<(), Fault> {
        let access = Access::open(common)?;
        let id = access.pick(self.business)?;
        access.command(id, Command::Stop)?;
        screen.result(&json!({ "business_id": id, "status": "stopped" }), &format!("stopped {id} for good; its journal stays"))
    }
}

impl Doubt {
    pub(super) fn run(self, common: &Common, screen: &mut Screen) -> Result<(), Fault> {
        let (access, proposal, happened) = (Access::open(common)?, self.proposal, self.fate.happened);
        let id = access.pick(self.business)?;
        access.command(id, Command::ResolveDoubt(proposal, happened))?;
        let fate = if happened { "happened" } else { "did not happen" };
        let object = json!({ "business_id": id, "proposal": proposal.to_string(), "happened": happened });
        screen.result(&object, &format!("noted that {proposal} of {id} {fate}"))
    }
}
