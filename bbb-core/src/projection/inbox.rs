//! The inbox: what waits for the owner, readable.

use serde::Serialize;

use super::{Price, as_text, tame};
use crate::action::{Action, ActionKind, Cost, Digest, Message, Risk};
use crate::event::Proposal;
use crate::id::{ProposalId, TaskId};
use crate::oversight::verdict::RuleId;
use crate::role::Role;
use crate::seal::{Sealed, Vault};
use crate::state::State;
use crate::state::work::Stage;
use crate::time::Timestamp;

/// What waits for the owner.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Inbox {
    /// Escalations without an answer, oldest first.
    pub waiting: Vec<WaitingItem>,
    /// Effects of which nobody knows whether they happened, oldest first.
    pub in_doubt: Vec<DoubtItem>,
}

impl Inbox {
    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.in_doubt.is_empty()
    }
}

/// An escalation without an answer. Its `Debug` form shows no content.
#[derive(Clone, PartialEq, Serialize)]
pub struct WaitingItem {
    /// Its name.
    #[serde(serialize_with = "as_text")]
    pub proposal: ProposalId,
    /// The task that it serves.
    #[serde(serialize_with = "as_text")]
    pub task: TaskId,
    /// Who proposes it.
    pub role: Role,
    /// What kind of action it is.
    pub kind: ActionKind,
    /// What it costs at worst.
    pub cost: Price,
    /// How much harm it can do.
    pub risk: Risk,
    /// Whether the business can take it back by itself.
    pub reversible: bool,
    /// How sure the role is, in percent.
    pub confidence: u8,
    /// Why, for people.
    pub rationale: String,
    /// The rules that escalated it.
    pub rules: Vec<RuleId>,
    /// When it becomes a veto.
    #[serde(serialize_with = "as_text")]
    pub expires_at: Timestamp,
    /// The digest of the content that an answer is bound to.
    pub digest: Digest,
    /// What exactly would happen, mail and all, as text of one or more lines. Characters that could deceive are replaced by a visible mark.
    pub content: String,
}

impl std::fmt::Debug for WaitingItem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WaitingItem").field("proposal", &self.proposal).field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// An effect of which nobody knows whether it happened. Its `Debug` form shows no content.
#[derive(Clone, PartialEq, Serialize)]
pub struct DoubtItem {
    /// Its name.
    #[serde(serialize_with = "as_text")]
    pub proposal: ProposalId,
    /// The task that it serves.
    #[serde(serialize_with = "as_text")]
    pub task: TaskId,
    /// Who proposed it.
    pub role: Role,
    /// What kind of action it is.
    pub kind: ActionKind,
    /// What stays held until the owner says what became of it.
    pub held: Price,
    /// The digest of the content.
    pub digest: Digest,
    /// What would have happened, as in [`WaitingItem::content`].
    pub content: String,
}

impl std::fmt::Debug for DoubtItem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DoubtItem").field("proposal", &self.proposal).field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// What waits for the owner. Sealed text is readable only with the business's vault.
pub fn inbox(state: &State, vault: Option<&Vault>) -> Inbox {
    let mut inbox = Inbox::default();
    for open in state.work.proposals.values() {
        match &open.stage {
            Stage::Waiting { expires_at, rules } => inbox.waiting.push(waiting(&open.proposal, *expires_at, rules, state, vault)),
            Stage::InDoubt { hold } => inbox.in_doubt.push(in_doubt(&open.proposal, *hold, vault)),
            Stage::New | Stage::Approved { .. } | Stage::Held { .. } | Stage::Retry { .. } | Stage::Unanswered { .. } => {}
        }
    }
    inbox
}

fn waiting(proposal: &Proposal, expires_at: Timestamp, rules: &[RuleId], state: &State, vault: Option<&Vault>) -> WaitingItem {
    let kind = proposal.action.kind();
    WaitingItem {
        proposal: proposal.id,
        task: proposal.task,
        role: proposal.role,
        kind,
        cost: proposal.action.worst_case(state.spec.world.is_simulated()).into(),
        risk: kind.risk(),
        reversible: kind.is_reversible(),
        confidence: proposal.confidence,
        rationale: tame(&proposal.rationale, true).into_owned(),
        rules: rules.to_vec(),
        expires_at,
        digest: proposal.action.digest(),
        content: content(&proposal.action, vault),
    }
}

fn in_doubt(proposal: &Proposal, hold: Cost, vault: Option<&Vault>) -> DoubtItem {
    DoubtItem {
        proposal: proposal.id,
        task: proposal.task,
        role: proposal.role,
        kind: proposal.action.kind(),
        held: hold.into(),
        digest: proposal.action.digest(),
        content: content(&proposal.action, vault),
    }
}

/// What an action would do, whole and readable. Contains personal text where a vault opens it.
pub fn content(action: &Action, vault: Option<&Vault>) -> String {
    let text = match action {
        Action::StudyMarket(study) => {
            let names: Vec<&str> = study.channels.iter().map(|channel| channel.as_str()).collect();
            format!("Study the market on {}", names.join(", "))
        }
        Action::QualifyLeads(leads) => {
            let names: Vec<String> = leads.contacts.iter().map(ToString::to_string).collect();
            format!("Score {} leads: {}", names.len(), names.join(", "))
        }
        Action::PublishPost(post) => {
            format!("Publish on {} for {} USD\nTitle: {}\n\n{}", post.channel, post.cost, post.title, post.body)
        }
        Action::RunAds(ads) => format!("Advertise on {} for at most {} USD\nText: {}", ads.channel, ads.spend_limit, ads.headline),
        Action::SendEmail(mail) => {
            let price = mail.price.map_or_else(String::new, |price| format!(", offering {price} USD"));
            let head = format!("Send {} mail to {}{price}", mail.purpose.as_str().replace('_', "-"), mail.contact);
            format!("{head}\n{}", message(&mail.message, vault))
        }
        Action::DeliverOrder(delivery) => format!("Deliver {} for at most {} USD", delivery.order, delivery.cost),
        Action::AnswerTicket(answer) => {
            format!("Answer {} of {}\n\n{}", answer.ticket, answer.body.contact(), opened(&answer.body, vault))
        }
        Action::CollectPayment(payment) => {
            format!("Collect payment {} of {}: {} USD", u64::from(payment.installment) + 1, payment.order, payment.price)
        }
        Action::RefundPayment(refund) => format!("Give back {} USD for {}", refund.refund, refund.order),
        Action::PayBill(bill) => format!("Pay {} USD for {}", bill.cost, bill.label),
        Action::SetPrice(price) => format!("Set the price for new customers to {} USD", price.price),
        Action::CallModel(call) => {
            format!("Ask the model {} for at most {} tokens and {} USD: {}", call.model, call.max_tokens, call.cost, call.purpose)
        }
    };
    tame(&text, true).into_owned()
}

fn message(sealed: &Sealed, vault: Option<&Vault>) -> String {
    let text = match vault {
        None => return opened(sealed, None),
        Some(vault) => match vault.open(sealed) {
            Ok(text) => text,
            Err(error) => return format!("[not readable: {error}]"),
        },
    };
    match serde_json::from_str::<Message>(text.reveal()) {
        // A line break in an address or a subject would show as a line of the owner's form.
        Ok(mail) => format!("To: {}\nSubject: {}\n\n{}", tame(&mail.to, false), tame(&mail.subject, false), mail.body),
        Err(_) => "[not readable: the sealed text is not a mail]".to_owned(),
    }
}

fn opened(sealed: &Sealed, vault: Option<&Vault>) -> String {
    match vault.map(|vault| vault.open(sealed)) {
        None => format!("[sealed, {} bytes; readable with the business's keys]", sealed.text_bytes()),
        Some(Ok(text)) => text.reveal().to_owned(),
        Some(Err(error)) => format!("[not readable: {error}]"),
    }
}
