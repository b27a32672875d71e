//! The inbox: what waits for a business's owner, with what it takes to answer.
//!
//! The projection opens the content; what the deciding rules saw, and why an effect is in doubt, is looked up in the journal and put beside it.

use std::collections::BTreeMap;
use std::fmt::Write;

use bbb_core::event::{Outcome, Payload};
use bbb_core::id::{BusinessId, ProposalId};
use bbb_core::journal::chain::Record;
use bbb_core::projection::inbox::{Inbox, inbox};
use bbb_core::projection::timeline::moment;
use bbb_core::projection::{Price, tame};
use bbb_core::state::State;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::fault::Fault;
use crate::service::{MAX_PAGE_RECORDS, Service};

/// An inbox in the two forms in which it is asked for.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnersInbox {
    /// How much waits.
    pub waiting: usize,
    /// For people.
    pub text: String,
    /// For programs.
    pub json: Value,
}

type Notes = BTreeMap<ProposalId, String>;

impl Service {
    /// What waits for the owner, oldest first.
    ///
    /// # Errors
    /// [`crate::fault::Kind::NotFound`], and the store's.
    pub async fn inbox(&self, id: BusinessId) -> Result<OwnersInbox, Fault> {
        let state = self.now(id).await?.state;
        let vault = self.vault(id, &state.spec)?;
        let inbox = inbox(&state, Some(&vault));
        let notes = self.notes(id, &state, &inbox).await?;
        let waiting = inbox.waiting.len() + inbox.in_doubt.len();
        Ok(OwnersInbox { waiting, text: text(&state, &inbox, &notes), json: json(id, &inbox, &notes)? })
    }

    /// Finds in the journal why each proposal waits.
    async fn notes(&self, id: BusinessId, state: &State, inbox: &Inbox) -> Result<Notes, Fault> {
        let wanted: Vec<ProposalId> =
            inbox.waiting.iter().map(|item| item.proposal).chain(inbox.in_doubt.iter().map(|item| item.proposal)).collect();
        let mut notes = Notes::new();
        let Some(mut after) = wanted.iter().filter_map(|id| Some(state.work.proposals.get(id)?.event)).min() else { return Ok(notes) };
        loop {
            let page = self.store().read(id, after, MAX_PAGE_RECORDS).await?;
            for record in &page {
                if let Some((proposal, note)) = note_in(record)?.filter(|(proposal, _)| wanted.contains(proposal)) {
                    // The newest one: an effect is reviewed before it can be in doubt.
                    notes.insert(proposal, note);
                }
            }
            match page.last() {
                Some(last) if page.len() == MAX_PAGE_RECORDS => after = last.sequence,
                _ => return Ok(notes),
            }
        }
    }
}

fn note_in(record: &Record) -> Result<Option<(ProposalId, String)>, Fault> {
    Ok(match record.decode()?.payload {
        Payload::Reviewed { proposal, verdict, .. } => Some((proposal, verdict.note)),
        Payload::Settled { proposal, outcome: Outcome::InDoubt { reason }, .. } | Payload::Doubted { proposal, reason } => {
            Some((proposal, reason))
        }
        _ => None,
    })
}

fn json(id: BusinessId, inbox: &Inbox, notes: &Notes) -> Result<Value, Fault> {
    let mut value = serde_json::to_value(inbox).map_err(|error| Fault::failed(error.to_string()))?;
    for list in ["waiting", "in_doubt"] {
        for item in value[list].as_array_mut().into_iter().flatten() {
            let proposal = item["proposal"].as_str().and_then(|text| text.parse().ok());
            let note = proposal.and_then(|proposal: ProposalId| notes.get(&proposal));
            item["note"] = note.map_or(Value::Null, |note| Value::from(note.as_str()));
        }
    }
    value["business_id"] = Value::from(id.to_string());
    Ok(value)
}

fn text(state: &State, inbox: &Inbox, notes: &Notes) -> String {
    let id = state.business;
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = writeln!(out, "{} ({}, {}): {}", state.spec.blueprint.name, id, state.spec.world, count(inbox));
    for item in &inbox.waiting {
        let _ = writeln!(
            out,
            "\n{}  {} by {}, {}, until {} UTC",
            item.proposal,
            item.kind,
            item.role,
            price(&item.cost),
            moment(item.expires_at)
        );
        let rules: Vec<&str> = item.rules.iter().map(bbb_core::oversight::verdict::RuleId::as_str).collect();
        let _ = writeln!(out, "    asked because of {}{}", rules.join(", "), note(notes, item.proposal));
        let _ = writeln!(out, "    the role says ({} % sure): {}", item.confidence, tame(&item.rationale, false));
        indent(&mut out, &item.content);
        let _ = writeln!(out, "    yes:  bbb approve {id} {}", item.proposal);
        let _ = writeln!(out, "    no:   bbb veto {id} {} --reason \"...\"", item.proposal);
    }
    for item in &inbox.in_doubt {
        let _ = writeln!(out, "\n{}  {} by {}: IN DOUBT, {} held", item.proposal, item.kind, item.role, price(&item.held));
        let _ = writeln!(out, "    nobody knows whether this happened{}; it is never sent again by itself", note(notes, item.proposal));
        indent(&mut out, &item.content);
        let _ = writeln!(out, "    it did:      bbb doubt {id} {} --happened", item.proposal);
        let _ = writeln!(out, "    it did not:  bbb doubt {id} {} --did-not-happen", item.proposal);
    }
    out
}

fn count(inbox: &Inbox) -> String {
    match (inbox.waiting.len(), inbox.in_doubt.len()) {
        (0, 0) => "nothing waits for you".to_owned(),
        (waiting, 0) => format!("{waiting} to approve or veto"),
        (0, doubts) => format!("{doubts} in doubt"),
        (waiting, doubts) => format!("{waiting} to approve or veto, {doubts} in doubt"),
    }
}

fn note(notes: &Notes, proposal: ProposalId) -> String {
    match notes.get(&proposal).filter(|note| !note.is_empty()) {
        Some(note) => format!(" ({})", tame(note, false)),
        None => String::new(),
    }
}

fn price(price: &Price) -> String {
    price.words().unwrap_or_else(|| "free".to_owned())
}

fn indent(out: &mut String, content: &str) {
    for line in content.lines() {
        let _ = writeln!(out, "    | {line}");
    }
}
