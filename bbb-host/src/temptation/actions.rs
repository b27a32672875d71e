//! Actions, both ways: made from what a scenario wants, and read as what a reader would see.

use bbb_core::action::{
    Action, ActionKind, AnswerTicket, CallModel, CollectPayment, DeliverOrder, MailPurpose, Message, PayBill, PromptPart, PublishPost,
    QualifyLeads, RefundPayment, RunAds, SendEmail, SetPrice, StudyMarket,
};
use bbb_core::id::{ContactId, OrderId, TicketId};
use bbb_core::money::Cents;
use bbb_core::seal::{self, Vault, owner_contact};
use bbb_core::spec::QuietHours;
use bbb_core::state::State;
use bbb_core::time::{self, Timestamp};
use serde_json::Value;

use crate::temptation::scenario::{Lead, Pattern, Wanted};

/// What a model call of a rogue mind costs at most.
const CALL_COST: Cents = Cents::new(5);
const CALL_TOKENS: u32 = 200;

/// Makes the action that a scenario wants, in this state.
///
/// # Errors
/// The vault's, such as for somebody who was erased: then there is nothing to propose.
pub(super) fn make(wanted: &Wanted, leads: &[Lead], state: &State, vault: &Vault) -> Result<Action, seal::Error> {
    let blueprint = &state.spec.blueprint;
    let lead = wanted.to.and_then(|index| leads.get(index));
    let contact_of = |lead: Option<&Lead>| lead.map_or_else(owner_contact, |lead| vault.contact_id(&lead.email));
    let text = |default: &str| wanted.text.clone().unwrap_or_else(|| default.to_owned());
    let title = |default: &str| wanted.title.clone().unwrap_or_else(|| default.to_owned());
    let amount = |default: Cents| wanted.amount.unwrap_or(default);
    let order = OrderId::new(wanted.order);
    let ordered = state.trade.orders.get(&order).map_or(state.trade.price, |order| order.price);
    Ok(match wanted.action {
        ActionKind::StudyMarket => StudyMarket { channels: vec![wanted.channel] }.into(),
        ActionKind::QualifyLeads => QualifyLeads { contacts: vec![contact_of(lead)] }.into(),
        ActionKind::PublishPost => {
            let (title, body) = (title("How we work"), text("First a short talk, then an offer."));
            PublishPost { channel: wanted.channel, title, body, cost: amount(Cents::from_dollars(5)) }.into()
        }
        ActionKind::RunAds => {
            let headline = title(&text(&blueprint.name));
            RunAds { channel: wanted.channel, headline, spend_limit: amount(Cents::from_dollars(5)) }.into()
        }
        ActionKind::SendEmail => {
            let contact = contact_of(lead);
            let sealed_for = wanted.sealed_for.map_or(contact, |other| contact_of(leads.get(other)));
            let mut body = text("Hello,\n\nthis is what we do. Would that help?");
            if wanted.footer && wanted.purpose.is_commercial() {
                body = format!("{body}\n\n{}", state.spec.sender.footer());
            }
            let to = wanted.address.clone().or_else(|| lead.map(|lead| lead.email.clone())).unwrap_or_default();
            let message = Message { to, subject: title("A question"), body };
            let message = vault.seal(sealed_for, &serde_json::to_string(&message).unwrap_or_default())?;
            let price = wanted.amount.or_else(|| (wanted.purpose == MailPurpose::Offer).then_some(state.trade.price));
            SendEmail { contact, purpose: wanted.purpose, price, line: None, message }.into()
        }
        ActionKind::DeliverOrder => DeliverOrder { order, cost: amount(blueprint.unit_cost) }.into(),
        ActionKind::AnswerTicket => {
            let ticket = TicketId::new(wanted.ticket);
            let asker = state.trade.tickets.get(&ticket).map_or_else(owner_contact, |(asker, _)| *asker);
            let whom = lead.map_or(asker, |lead| vault.contact_id(&lead.email));
            AnswerTicket { ticket, body: vault.seal(whom, &text("Hello,\n\nit is done."))? }.into()
        }
        ActionKind::CollectPayment => CollectPayment { order, installment: wanted.installment, price: amount(ordered) }.into(),
        ActionKind::RefundPayment => RefundPayment { order, refund: amount(ordered) }.into(),
        ActionKind::PayBill => PayBill { label: text("rent"), cost: amount(Cents::from_dollars(50)) }.into(),
        ActionKind::SetPrice => SetPrice { price: amount(blueprint.price) }.into(),
        ActionKind::CallModel => {
            let parts = vec![PromptPart { speaker: bbb_core::action::Speaker::User, text: text("What next?") }];
            let prompt = vault.seal(owner_contact(), &serde_json::to_string(&parts).unwrap_or_default())?;
            let (purpose, model, schema) = ("a question".to_owned(), state.spec.model.model.clone(), "{}".to_owned());
            CallModel { purpose, model, prompt, schema, max_tokens: CALL_TOKENS, cost: amount(CALL_COST) }.into()
        }
    })
}

/// An action as the outside sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The kind of action.
    pub kind: ActionKind,
    /// The mail address that it reaches.
    pub to: Option<String>,
    /// Its words: subject or title first.
    pub text: String,
    /// The amount of money in it.
    pub amount: Option<Cents>,
    /// The order that it is about.
    pub order: Option<u32>,
}

/// Reads an action. What cannot be opened has no words.
pub(super) fn see(action: &Action, leads: &[Lead], vault: &Vault) -> Seen {
    let address = |contact: ContactId| leads.iter().map(|lead| &lead.email).find(|email| vault.contact_id(email) == contact).cloned();
    let mut seen = Seen { kind: action.kind(), to: None, text: String::new(), amount: None, order: None };
    match action {
        Action::StudyMarket(_) | Action::QualifyLeads(_) => {}
        Action::PublishPost(post) => (seen.text, seen.amount) = (format!("{}\n{}", post.title, post.body), Some(post.cost)),
        Action::RunAds(ads) => (seen.text, seen.amount) = (ads.headline.clone(), Some(ads.spend_limit)),
        Action::SendEmail(mail) => {
            seen.amount = mail.price;
            let opened = vault.open(&mail.message).ok();
            if let Some(message) = opened.and_then(|text| serde_json::from_str::<Message>(text.reveal()).ok()) {
                (seen.to, seen.text) = (Some(message.to), format!("{}\n{}", message.subject, message.body));
            }
        }
        Action::DeliverOrder(delivery) => (seen.order, seen.amount) = (Some(delivery.order.get()), Some(delivery.cost)),
        Action::AnswerTicket(answer) => {
            seen.to = address(answer.body.contact());
            seen.text = vault.open(&answer.body).map(|text| text.reveal().to_owned()).unwrap_or_default();
        }
        Action::CollectPayment(payment) => (seen.order, seen.amount) = (Some(payment.order.get()), Some(payment.price)),
        Action::RefundPayment(refund) => (seen.order, seen.amount) = (Some(refund.order.get()), Some(refund.refund)),
        Action::PayBill(bill) => (seen.text, seen.amount) = (bill.label.clone(), Some(bill.cost)),
        Action::SetPrice(price) => seen.amount = Some(price.price),
        Action::CallModel(call) => {
            seen.amount = Some(call.cost);
            seen.text = prompt(call, vault).into_iter().map(|part| part.text).collect::<Vec<_>>().join("\n");
        }
    }
    seen
}

/// The prompt of a model call; nothing where it cannot be read.
pub(super) fn prompt(call: &CallModel, vault: &Vault) -> Vec<PromptPart> {
    let opened = vault.open(&call.prompt).ok();
    opened.and_then(|text| serde_json::from_str(text.reveal()).ok()).unwrap_or_default()
}

/// The keys of the options that a model may choose.
pub(super) fn options(call: &CallModel) -> Vec<String> {
    let schema: Value = serde_json::from_str(&call.schema).unwrap_or_default();
    serde_json::from_value(schema["properties"]["choices"]["items"]["properties"]["option"]["enum"].clone()).unwrap_or_default()
}

impl Pattern {
    /// Whether an action is meant, whenever it happens.
    pub fn fits(&self, seen: &Seen) -> bool {
        self.action == seen.kind
            && self.to.as_ref().is_none_or(|to| seen.to.as_ref().is_some_and(|seen| seen.trim().eq_ignore_ascii_case(to)))
            && self.text.as_ref().is_none_or(|text| seen.text.contains(text))
            && self.amount.is_none_or(|amount| seen.amount == Some(amount))
            && self.above.is_none_or(|above| seen.amount.is_some_and(|amount| amount > above))
            && self.order.is_none_or(|order| seen.order == Some(order))
    }

    /// Whether an effect that begins then is meant, as far as the time goes.
    pub fn fits_time(&self, at: Timestamp, zone: &str) -> bool {
        let Some((from, to)) = self.hours else { return true };
        // A business was launched in this zone, so there is one.
        let Ok(zone) = time::zone(zone) else { return true };
        u8::try_from(at.hour_in(&zone)).is_ok_and(|hour| QuietHours { from, to }.contains(hour))
    }
}
