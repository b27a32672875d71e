//! The inbox: what waits for a business's owner, with everything that is needed to answer.

use std::sync::Arc;

use bbb_core::action::{Action, Message};
use bbb_core::event::{Outcome, Payload};
use bbb_core::id::{BusinessId, ProposalId, TaskId};
use bbb_core::journal::chain::Record;
use bbb_core::money::Amount;
use bbb_core::role::Role;
use bbb_core::seal::{Sealed, Vault};
use bbb_core::state::State;
use bbb_core::state::work::{Open, Stage};
use bbb_core::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::fault::Fault;
use crate::service::{MAX_PAGE_RECORDS, Service};

/// Why something waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Waits {
    /// Escalated by oversight: approve or veto it.
    ForApproval,
    /// Nobody knows whether it happened: say so.
    InDoubt,
}

/// One thing that waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// The proposal.
    pub proposal: ProposalId,
    /// Why it waits.
    pub waits: Waits,
    /// Whose idea it is.
    pub role: Role,
    /// The task that it serves.
    pub task: TaskId,
    /// The action's name.
    pub action: String,
    /// What it costs at most, with its currency.
    pub cost: String,
    /// How sure the role is, in percent.
    pub confidence: u8,
    /// The role's reason.
    pub rationale: String,
    /// The rules that escalated it.
    pub rules: Vec<String>,
    /// What those rules saw, or why it is in doubt.
    pub note: String,
    /// When it becomes a veto.
    pub expires_at: Option<Timestamp>,
    /// The action's arguments, opened.
    pub content: Vec<Field>,
}

/// One argument of an action, for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// Its value; can be several lines.
    pub text: String,
}

impl Service {
    /// What waits for the owner, oldest first.
    ///
    /// # Errors
    /// [`crate::fault::Kind::NotFound`], and the store's.
    pub async fn inbox(&self, id: BusinessId) -> Result<Vec<Item>, Fault> {
        let state = self.now(id).await?.state;
        let vault = self.vault(id, &state.spec)?;
        let mut items = Vec::new();
        for open in state.work.proposals.values() {
            let (waits, expires_at, rules) = match &open.stage {
                Stage::Waiting { expires_at, rules } => (Waits::ForApproval, Some(*expires_at), rules.iter().map(ToString::to_string).collect()),
                Stage::InDoubt { .. } => (Waits::InDoubt, None, Vec::new()),
                _ => continue,
            };
            let note = self.note(id, open, waits).await?;
            let proposal = &open.proposal;
            items.push(Item {
                proposal: proposal.id,
                waits,
                role: proposal.role,
                task: proposal.task,
                action: proposal.action.kind().to_string(),
                cost: cost(&state, &proposal.action),
                confidence: proposal.confidence,
                rationale: proposal.rationale.clone(),
                rules,
                note,
                expires_at,
                content: content(&state, &vault, &proposal.action),
            });
        }
        Ok(items)
    }

    /// Finds in the journal what made the proposal wait: the newest such event after the one that proposed it.
    async fn note(&self, id: BusinessId, open: &Open, waits: Waits) -> Result<String, Fault> {
        let (mut after, mut note) = (open.event, String::new());
        loop {
            let page = self.store().read(id, after, MAX_PAGE_RECORDS).await?;
            for record in &page {
                if let Some(found) = note_in(record, open.proposal.id, waits)? {
                    if waits == Waits::ForApproval {
                        return Ok(found);
                    }
                    note = found;
                }
            }
            match page.last() {
                Some(last) if page.len() == MAX_PAGE_RECORDS => after = last.sequence,
                _ => return Ok(note),
            }
        }
    }
}

fn note_in(record: &Record, wanted: ProposalId, waits: Waits) -> Result<Option<String>, Fault> {
    Ok(match record.decode()?.payload {
        Payload::Reviewed { proposal, verdict, .. } if proposal == wanted && waits == Waits::ForApproval => Some(verdict.note),
        Payload::Settled { proposal, outcome: Outcome::InDoubt { reason }, .. } if proposal == wanted && waits == Waits::InDoubt => Some(reason),
        _ => None,
    })
}

fn cost(state: &Arc<State>, action: &Action) -> String {
    let cost = action.worst_case(state.spec.world.is_simulated());
    match (cost.money.cents().get(), cost.messages) {
        (0, 0) => "free".to_owned(),
        (0, messages) => format!("free, {messages} message"),
        _ => cost.money.to_string(),
    }
}

/// The arguments of an action, opened, in the order in which a reader wants them.
fn content(state: &State, vault: &Vault, action: &Action) -> Vec<Field> {
    let money = |cents| if state.spec.world.is_simulated() { Amount::simulated(cents) } else { Amount::real(cents) }.to_string();
    let mut fields = Vec::new();
    let mut add = |name: &str, text: String| fields.push(Field { name: name.to_owned(), text });
    match action {
        Action::StudyMarket(study) => add("channels", study.channels.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")),
        Action::QualifyLeads(leads) => add("leads", leads.contacts.len().to_string()),
        Action::PublishPost(post) => {
            add("channel", post.channel.to_string());
            add("cost", money(post.cost));
            add("title", post.title.clone());
            add("text", post.body.clone());
        }
        Action::RunAds(ads) => {
            add("channel", ads.channel.to_string());
            add("spends at most", money(ads.spend_limit));
            add("headline", ads.headline.clone());
        }
        Action::SendEmail(mail) => {
            match opened::<Message>(vault, &mail.message) {
                Ok(message) => {
                    add("to", message.to);
                    add("subject", message.subject);
                    add("text", message.body);
                }
                Err(reason) => add("text", reason),
            }
            add("purpose", mail.purpose.as_str().replace('_', " "));
            mail.price.into_iter().for_each(|price| add("offered price", money(price)));
        }
        Action::DeliverOrder(delivery) => {
            add("order", delivery.order.to_string());
            add("costs at most", money(delivery.cost));
        }
        Action::AnswerTicket(answer) => {
            add("request", answer.ticket.to_string());
            add("text", vault.open(&answer.body).map_or_else(|error| error.to_string(), |text| text.reveal().to_owned()));
        }
        Action::CollectPayment(payment) => {
            add("order", payment.order.to_string());
            add("amount", money(payment.price));
        }
        Action::RefundPayment(refund) => {
            add("order", refund.order.to_string());
            add("amount", money(refund.refund));
        }
        Action::PayBill(bill) => {
            add("bill", bill.label.clone());
            add("amount", money(bill.cost));
        }
        Action::SetPrice(price) => {
            add("old price", money(state.trade.price));
            add("new price", money(price.price));
        }
        Action::CallModel(call) => {
            add("model", call.model.clone());
            add("purpose", call.purpose.clone());
        }
    }
    fields
}

fn opened<T: serde::de::DeserializeOwned>(vault: &Vault, sealed: &Sealed) -> Result<T, String> {
    let text = vault.open(sealed).map_err(|error| format!("({error})"))?;
    // The parser's own words could quote the text; they are not needed.
    serde_json::from_str(text.reveal()).map_err(|_| "(the sealed text is of a form unknown here)".to_owned())
}
