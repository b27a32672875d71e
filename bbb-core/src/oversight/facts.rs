//! Facts: everything that the charter and the content checks may look at, gathered once per review.
//!
//! Gathering opens what is sealed, so that policies see whether a mail has its footer without seeing a word of it. A fact that cannot be
//! established is an error, and its caller vetoes. What is under way counts as done: two proposals of one round cannot slip past a rule
//! that either of them alone would obey.

use std::sync::Arc;

use crate::action::{Action, ActionKind, MailPurpose, Message, Risk, SendEmail};
use crate::event::{Profile, Proposal};
use crate::id::{ContactId, OrderId};
use crate::money::Cents;
use crate::oversight::content::{self, Business};
use crate::role::Role;
use crate::seal::{Personal, Sealed, Vault};
use crate::spec::{Sender, Spec, WorldKind};
use crate::state::State;
use crate::state::contacts::Interest;
use crate::state::work::Stage;
use crate::time::{DAY_MS, Timestamp};

/// Words before the colon of a subject that claim an earlier message, in lower case.
const REPLY_MARKS: [&str; 22] = [
    "re", "fwd", "fw", "aw", "wg", "sv", "vs", "antw", "antwort", "res", "ref", "rif", "rv", "enc", "tr", "odp", "pd", "ynt", "vb", "vl",
    "doorst", "reply",
];

/// The most days without income that are told apart.
pub const MAX_IDLE_DAYS: usize = 30;

/// What is known about one proposal at one time. `Debug` prints no personal text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// Who proposes.
    pub role: Role,
    /// What is proposed.
    pub kind: ActionKind,
    /// The world that it acts on.
    pub world: WorldKind,
    /// How much the business may do without asking, 0 to 6.
    pub autonomy: u8,
    /// Money that it costs at worst.
    pub cost: Cents,
    /// Money that the blueprint foresees for one such action.
    pub planned_cost: Cents,
    /// Model tokens that it takes at worst.
    pub tokens: u32,
    /// Messages to people that it sends.
    pub messages: u32,
    /// How sure the role is, in percent.
    pub confidence: u8,
    /// Whether the business can take it back by itself.
    pub reversible: bool,
    /// How much harm it can do.
    pub risk: Risk,
    /// Whether the owner approved this very content.
    pub owner_approved: bool,
    /// Whether the same thing is under way already, by another proposal.
    pub under_way: bool,
    /// Whether the blueprint names a licence, or the owner's words a trade that needs one.
    pub licence_needed: bool,
    /// Whether the owner confirmed them.
    pub licence_confirmed: bool,
    /// Whether it is a mail that advertises.
    pub commercial: bool,
    /// Whom it reaches, where it reaches one contact.
    pub contact: Option<ContactFacts>,
    /// The mail, opened.
    pub message: Option<Message>,
    /// The answer to a request for help, opened.
    pub answer: Option<Personal>,
    /// Text that becomes public, by the name of its field.
    pub public: Vec<(&'static str, String)>,
    /// What the mail is like.
    pub mail: Option<MailFacts>,
    /// The order that it is about.
    pub order: Option<OrderFacts>,
    /// The price that it sets or offers.
    pub price: Option<PriceFacts>,
    /// The price that its text may name: an offer's own, or the list price where the text becomes public.
    pub stated_price: Option<Cents>,
    /// Whether the request for help is open and of the contact that is answered.
    pub ticket_matches: Option<bool>,
    /// Whole days in which nothing was earned, counted up to [`MAX_IDLE_DAYS`].
    pub days_without_income: i64,
    /// Whole days that a customer waits for money that it asked back, of whoever waits longest.
    pub oldest_refund_days: i64,
    /// How much of the budget of money for the whole life is spent or held, in percent.
    pub budget_used_percent: i64,
    /// What the business was launched with.
    pub spec: Arc<Spec>,
    /// What its owner's words say that it is; of it, the licences are what is needed, and what the owner confirmed where `licence_confirmed`.
    pub business: Arc<Business>,
}

/// What is known about the recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContactFacts {
    /// Whether it agreed to be written to.
    pub consent: bool,
    /// Whether it must not be written to any more.
    pub suppressed: bool,
    /// Commercial mails sent or under way, this one not counted.
    pub mails: u32,
    /// Whole days since the last of them; since its arrival, where there was none.
    pub days_since_last_mail: i64,
    /// Whether it ever answered or asked for the price.
    pub qualified: bool,
    /// Whether it has an order or an open request for help.
    pub served: bool,
    /// Whether it waits for money that it asked back.
    pub refund_open: bool,
    /// How far it has come.
    pub interest: Interest,
    /// Who it is.
    pub profile: Profile,
}

/// What a mail is like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailFacts {
    /// Why it is sent.
    pub purpose: MailPurpose,
    /// Whether its address is the contact's.
    pub recipient_matches: bool,
    /// Whether the subject claims an earlier message.
    pub subject_claims_reply: bool,
    /// Whether the body has the whole footer of its sender.
    pub footer_present: bool,
    /// Whether the body names the sender's postal address.
    pub postal_address_present: bool,
    /// Whether the body names a way to unsubscribe.
    pub unsubscribe_present: bool,
    /// Whether answers to its sender's address can arrive.
    pub sender_reachable: bool,
    /// Whether it is an offer with a price, or neither.
    pub price_fits_purpose: bool,
}

/// What is known about an order, as far as the action depends on it. All false and nothing, where the order is not known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OrderFacts {
    /// Whether it exists.
    pub known: bool,
    /// Whether it goes on.
    pub active: bool,
    /// Whether anything was ever paid for it.
    pub paid: bool,
    /// Whether something paid for is not delivered yet.
    pub awaits_delivery: bool,
    /// Whether a payment is due now, and it is the one that is collected.
    pub payment_due: bool,
    /// Whether the price that is collected is the ordered one.
    pub price_agreed: bool,
    /// Whether the customer wants its money back.
    pub refund_requested: bool,
    /// Whether what is given back is at most what was paid, less what was given back before.
    pub refund_within_paid: bool,
    /// Whether what is given back is a whole payment at least, or all that is left to give back.
    pub refund_in_full: bool,
}

/// What is known about a price that is set or offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PriceFacts {
    /// The price as a share of the list price: the blueprint's for a new list price, the current one for an offer.
    pub percent_of_list: i64,
    /// Whether it is under what one sale costs; never so for an offer at the current list price.
    pub below_unit_cost: bool,
}

impl Facts {
    /// Gathers the facts about a proposal as of `now`.
    ///
    /// # Errors
    /// What could not be established, for people and without personal text; the proposal must then be vetoed.
    pub fn gather(state: &State, proposal: &Proposal, vault: &Vault, now: Timestamp, owner_approved: bool) -> Result<Facts, String> {
        Facts::gather_about(Arc::new(Business::of(&state.spec)), state, proposal, vault, now, owner_approved)
    }

    /// The same, where the owner's words have been read: `business` must be what they say.
    pub(super) fn gather_about(
        business: Arc<Business>,
        state: &State,
        proposal: &Proposal,
        vault: &Vault,
        now: Timestamp,
        owner_approved: bool,
    ) -> Result<Facts, String> {
        let spec = &state.spec;
        let kind = proposal.action.kind();
        let cost = proposal.action.worst_case(spec.world.is_simulated());
        let mut facts = Facts {
            role: proposal.role,
            kind,
            world: spec.world,
            autonomy: state.autonomy.level(kind).get(),
            cost: cost.money.cents(),
            planned_cost: planned_cost(state, &proposal.action),
            tokens: cost.tokens,
            messages: cost.messages,
            confidence: proposal.confidence,
            reversible: kind.is_reversible(),
            risk: kind.risk(),
            owner_approved,
            under_way: others_before(state, proposal).any(|other| is_same(&other.action, &proposal.action)),
            licence_needed: !business.licences.is_empty(),
            licence_confirmed: spec.licence_confirmed,
            commercial: false,
            contact: None,
            message: None,
            answer: None,
            public: Vec::new(),
            mail: None,
            order: None,
            price: None,
            stated_price: None,
            ticket_matches: None,
            days_without_income: days_without_income(state),
            oldest_refund_days: state.trade.orders.oldest_refund_days(now),
            budget_used_percent: budget_used(state),
            spec: Arc::clone(spec),
            business,
        };
        facts.add_particulars(state, proposal, vault, now)?;
        Ok(facts)
    }

    fn add_particulars(&mut self, state: &State, proposal: &Proposal, vault: &Vault, now: Timestamp) -> Result<(), String> {
        match &proposal.action {
            Action::SendEmail(mail) => {
                let contact = contact_facts(state, proposal, mail.contact, vault, now)?;
                let message = open_message(vault, &mail.message)?;
                self.commercial = mail.purpose.is_commercial();
                self.mail = Some(mail_facts(mail, &message, &contact, &state.spec.sender, vault));
                self.price = mail.price.map(|price| offer_price(state, price));
                self.stated_price = mail.price;
                (self.contact, self.message) = (Some(contact), Some(message));
            }
            Action::AnswerTicket(answer) => {
                let whom = answer.body.contact();
                self.contact = Some(contact_facts(state, proposal, whom, vault, now)?);
                self.answer = Some(vault.open(&answer.body).map_err(|error| format!("the answer cannot be read: {error}"))?);
                self.ticket_matches = Some(state.trade.tickets.get(&answer.ticket).is_some_and(|(asker, _)| *asker == whom));
            }
            Action::PublishPost(post) => {
                self.public = vec![("title", post.title.clone()), ("body", post.body.clone())];
                self.stated_price = Some(state.trade.price);
            }
            Action::RunAds(ads) => {
                self.public = vec![("headline", ads.headline.clone())];
                self.stated_price = Some(state.trade.price);
            }
            Action::DeliverOrder(delivery) => self.order = Some(order_facts(state, delivery.order)),
            Action::CollectPayment(payment) => {
                let mut facts = order_facts(state, payment.order);
                if let Some(order) = state.trade.orders.get(&payment.order) {
                    facts.payment_due = order.due_at.is_some_and(|due| due <= now) && payment.installment == order.payments;
                    facts.price_agreed = payment.price == order.price;
                }
                self.order = Some(facts);
            }
            Action::RefundPayment(refund) => {
                let mut facts = order_facts(state, refund.order);
                if let Some(order) = state.trade.orders.get(&refund.order) {
                    facts.refund_within_paid = refund.refund <= order.refundable();
                    facts.refund_in_full = refund.refund >= order.price.min(order.refundable());
                }
                self.order = Some(facts);
            }
            Action::SetPrice(set) => {
                let blueprint = &state.spec.blueprint;
                let below_unit_cost = set.price < blueprint.unit_cost;
                self.price = Some(PriceFacts { percent_of_list: percent_of(set.price, blueprint.price), below_unit_cost });
            }
            Action::StudyMarket(_) | Action::QualifyLeads(_) | Action::PayBill(_) | Action::CallModel(_) => {}
        }
        Ok(())
    }

    /// The text that leaves the business as it is, by the name of its field.
    pub fn texts(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let mail = self.message.iter().flat_map(|mail| [("subject", mail.subject.as_str()), ("body", mail.body.as_str())]);
        let answer = self.answer.iter().map(|answer| ("answer", answer.reveal()));
        mail.chain(answer).chain(self.public.iter().map(|(field, text)| (*field, text.as_str())))
    }
}

/// What the blueprint foresees for one action of this kind.
fn planned_cost(state: &State, action: &Action) -> Cents {
    let blueprint = &state.spec.blueprint;
    match action {
        Action::PayBill(_) => blueprint.startup_cost.max(blueprint.expected_monthly_expenses),
        Action::DeliverOrder(_) => blueprint.unit_cost,
        Action::RefundPayment(refund) => state.trade.orders.get(&refund.order).map_or(Cents::ZERO, |order| order.price),
        _ => Cents::ZERO,
    }
}

/// Whole days at the end of the history in which revenue did not grow; today counts where it began without a sale since.
fn days_without_income(state: &State) -> i64 {
    let now = state.books.of_world().revenue;
    let idle = state.history.iter().rev().take(MAX_IDLE_DAYS).take_while(|row| row.revenue == now).count();
    i64::try_from(idle).unwrap_or(0)
}

/// What is spent or held of the whole budget of the world's money, in percent; all of it where there is none.
fn budget_used(state: &State) -> i64 {
    let (figures, caps) = (state.books.of_world(), &state.books.caps);
    let total = if state.spec.world.is_simulated() { caps.simulated_money.total } else { caps.real_money.total };
    percent_of(figures.spent.plus(figures.held), total)
}

/// Proposals that count as under way beside this one: those past their review, and those that wait for it before this one.
fn others_before<'a>(state: &'a State, proposal: &'a Proposal) -> impl Iterator<Item = &'a Proposal> {
    let others = state.work.proposals.values().filter(|open| open.proposal.id != proposal.id);
    others.filter(|open| open.stage != Stage::New || open.proposal.id < proposal.id).map(|open| &*open.proposal)
}

/// Whether two actions are the same step towards somebody outside, which must not be taken twice.
fn is_same(one: &Action, other: &Action) -> bool {
    match (one, other) {
        (Action::SendEmail(one), Action::SendEmail(other)) => (one.contact, one.purpose) == (other.contact, other.purpose),
        (Action::DeliverOrder(one), Action::DeliverOrder(other)) => one.order == other.order,
        (Action::AnswerTicket(one), Action::AnswerTicket(other)) => one.ticket == other.ticket,
        (Action::CollectPayment(one), Action::CollectPayment(other)) => one.order == other.order,
        (Action::RefundPayment(one), Action::RefundPayment(other)) => one.order == other.order,
        (Action::PayBill(one), Action::PayBill(other)) => one.label == other.label,
        _ => false,
    }
}

fn contact_facts(state: &State, proposal: &Proposal, id: ContactId, vault: &Vault, now: Timestamp) -> Result<ContactFacts, String> {
    let contact = state.trade.contacts.get(&id).ok_or_else(|| format!("{id} is not known"))?;
    let profile = vault.open(&contact.profile).map_err(|error| format!("the contact's profile cannot be read: {error}"))?;
    let profile = serde_json::from_str(profile.reveal()).map_err(|_| format!("the profile of {id} is not one"))?;
    let advertises =
        |other: &&Proposal| matches!(&other.action, Action::SendEmail(mail) if mail.contact == id && mail.purpose.is_commercial());
    let pending = u32::try_from(others_before(state, proposal).filter(advertises).count()).unwrap_or(u32::MAX);
    let days = now.since(contact.last_mail_at).div_euclid(DAY_MS);
    Ok(ContactFacts {
        consent: contact.consent,
        suppressed: contact.suppressed,
        mails: u32::from(contact.mails).saturating_add(pending),
        days_since_last_mail: if pending > 0 { 0 } else { days },
        qualified: contact.qualified,
        served: contact.interest == Interest::Customer || state.trade.tickets.values().any(|(asker, _)| *asker == id),
        refund_open: state.trade.orders.owed_refunds().any(|(_, order)| order.contact == id),
        interest: contact.interest,
        profile,
    })
}

fn open_message(vault: &Vault, sealed: &Sealed) -> Result<Message, String> {
    let text = vault.open(sealed).map_err(|error| format!("the mail cannot be read: {error}"))?;
    // The parser's own words could quote the mail, so they are left out.
    serde_json::from_str(text.reveal()).map_err(|_| "the mail is not an address, a subject and a text".to_owned())
}

fn mail_facts(mail: &SendEmail, message: &Message, contact: &ContactFacts, sender: &Sender, vault: &Vault) -> MailFacts {
    let to = message.to.trim();
    let has = |text: &str| !text.trim().is_empty() && message.body.contains(text.trim());
    MailFacts {
        purpose: mail.purpose,
        recipient_matches: to.eq_ignore_ascii_case(contact.profile.email.trim()) || vault.contact_id(to) == mail.contact,
        subject_claims_reply: claims_reply(&message.subject),
        footer_present: has(&sender.footer()),
        postal_address_present: has(&sender.postal_address),
        unsubscribe_present: has(&sender.unsubscribe),
        sender_reachable: sender.is_reachable(),
        price_fits_purpose: (mail.purpose == MailPurpose::Offer) == mail.price.is_some(),
    }
}

/// Whether a subject begins as an answer's does, however it is typed: `Re:`, `FWD :`, `[Re: ...]`, `Re[2]:`.
fn claims_reply(subject: &str) -> bool {
    let plain = content::plain(subject);
    let subject = plain.trim_start_matches(|c: char| !c.is_alphanumeric());
    // `R.e.:` is read as `Re:`.
    let end = subject.find(|c: char| !(c.is_alphabetic() || c == '.')).unwrap_or(subject.len());
    let (word, rest) = (subject[..end].replace('.', ""), subject[end..].trim_start());
    // Some programs count: the second answer is `Re[2]:`.
    let count = |c: char| c.is_ascii_digit() || matches!(c, ']' | ')');
    let rest = rest.strip_prefix(['[', '(']).map_or(rest, |rest| rest.trim_start_matches(count).trim_start());
    REPLY_MARKS.contains(&word.as_str()) && rest.starts_with([':', ';', '\u{2236}', '\u{a789}', '\u{2d0}', '\u{fe55}', '\u{ff1a}'])
}

fn offer_price(state: &State, price: Cents) -> PriceFacts {
    let list = state.trade.price;
    PriceFacts { percent_of_list: percent_of(price, list), below_unit_cost: price < list && price < state.spec.blueprint.unit_cost }
}

/// `price` in hundredths of `list`, rounded up, so that what is over a limit never looks as if it were on it.
fn percent_of(price: Cents, list: Cents) -> i64 {
    match list.get() {
        ..=0 => i64::MAX,
        list => price.get().saturating_mul(100).saturating_add(list - 1).div_euclid(list),
    }
}

fn order_facts(state: &State, id: OrderId) -> OrderFacts {
    state.trade.orders.get(&id).map_or_else(OrderFacts::default, |order| OrderFacts {
        known: true,
        active: order.active,
        paid: order.payments > 0,
        awaits_delivery: order.awaits_delivery(),
        payment_due: false,
        price_agreed: false,
        refund_requested: order.refund_requested(),
        refund_within_paid: false,
        refund_in_full: false,
    })
}

#[cfg(test)]
mod tests;
