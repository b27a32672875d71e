//! Typed actions: everything that a role may want to do to the outside world, with its cost, risk and reversibility.
//!
//! Each action is a struct of its own that implements [`Effect`]; [`Action`] is their sum, for journals and rules. Planning tasks is
//! not an action, since it changes nothing outside. Who carries actions out is in [`crate::port`].

use std::fmt;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::blueprint::Channel;
use crate::id::{ContactId, OrderId, TicketId};
use crate::limits::{MAX_BATCH, MAX_TEXT_CHARS};
use crate::money::{Amount, Cents};
use crate::receipt::{
    AdsReceipt, AnswerReceipt, BillReceipt, DeliveryReceipt, Findings, MailReceipt, ModelAnswer, PaymentReceipt, PostReceipt, PriceReceipt,
    Receipt, Scores,
};
use crate::role::Role;
use crate::seal::Sealed;

/// An action's type: ties its arguments to its name and to the receipt that proves it.
pub trait Effect: Into<Action> + Clone + fmt::Debug + Serialize + DeserializeOwned + Send + Sync + 'static {
    /// What a provider answers when the effect is done.
    type Receipt: Into<Receipt> + Send + 'static;
    /// The action's name.
    const KIND: ActionKind;
}

/// Asks how well channels work for this business.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StudyMarket {
    /// The channels to study.
    pub channels: Vec<Channel>,
}

/// Scores how well leads fit the offer, from what is known about them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QualifyLeads {
    /// The leads, at most [`MAX_BATCH`].
    pub contacts: Vec<ContactId>,
}

/// Publishes a piece of content on an organic channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublishPost {
    /// Where.
    pub channel: Channel,
    /// The headline.
    pub title: String,
    /// The text.
    pub body: String,
    /// What producing and placing it costs.
    pub cost: Cents,
}

/// Runs advertising for one day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunAds {
    /// Where.
    pub channel: Channel,
    /// The advertisement's text.
    pub headline: String,
    /// The most that the campaign may spend; the request itself enforces it.
    pub spend_limit: Cents,
}

/// Why a mail is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MailPurpose {
    /// The first mail to a lead.
    Outreach,
    /// A reminder to a lead that did not answer.
    FollowUp,
    /// A concrete offer with a price.
    Offer,
    /// Not advertising: about an order or a question.
    Service,
}

impl MailPurpose {
    /// Whether the mail advertises, and so needs consent, a footer and a way out.
    pub const fn is_commercial(self) -> bool {
        !matches!(self, MailPurpose::Service)
    }

    /// The purpose's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            MailPurpose::Outreach => "outreach",
            MailPurpose::FollowUp => "follow_up",
            MailPurpose::Offer => "offer",
            MailPurpose::Service => "service",
        }
    }
}

/// How many subject lines the playbook has for a first mail.
pub const SUBJECT_LINES: usize = 3;

/// Sends one mail to one contact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SendEmail {
    /// To whom.
    pub contact: ContactId,
    /// Why.
    pub purpose: MailPurpose,
    /// The price offered; only in offers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<Cents>,
    /// Which of the playbook's subject lines a first mail has, below [`SUBJECT_LINES`]; absent for other mails, and where the line is somebody else's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u8>,
    /// A sealed [`Message`], exactly as it will be sent.
    pub message: Sealed,
}

/// A mail's address, subject and text: what is sealed inside [`SendEmail::message`].
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Message {
    /// The recipient's address.
    pub to: String,
    /// The subject line.
    pub subject: String,
    /// The text, footer included.
    pub body: String,
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Message(***)")
    }
}

/// Delivers what was ordered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliverOrder {
    /// Which order.
    pub order: OrderId,
    /// What the delivery may cost at most.
    pub cost: Cents,
}

/// Answers a customer's request for help.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnswerTicket {
    /// Which request.
    pub ticket: TicketId,
    /// The answer, sealed under the customer's key.
    pub body: Sealed,
}

/// Collects a payment that a customer agreed to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CollectPayment {
    /// For which order.
    pub order: OrderId,
    /// Which payment of the order, counted from 0: monthly orders are paid every month.
    pub installment: u32,
    /// How much.
    pub price: Cents,
}

/// Gives money back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundPayment {
    /// For which order.
    pub order: OrderId,
    /// How much.
    pub refund: Cents,
}

/// Pays a bill of the business: tools, insurance, rent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PayBill {
    /// What is paid.
    pub label: String,
    /// How much.
    pub cost: Cents,
}

/// Changes the price that new customers are offered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetPrice {
    /// The new price.
    pub price: Cents,
}

/// Asks a language model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallModel {
    /// What the answer is for.
    pub purpose: String,
    /// The model's name, as its provider knows it.
    pub model: String,
    /// A sealed list of [`PromptPart`]s, as JSON.
    pub prompt: Sealed,
    /// The JSON schema that the answer must satisfy, as JSON text.
    pub schema: String,
    /// The most tokens that the answer may have; the request enforces it.
    pub max_tokens: u32,
    /// The most that the call can cost: its prompt's bytes (a token is at least one byte) and `max_tokens` at the configured price.
    pub cost: Cents,
}

/// One part of a prompt.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PromptPart {
    /// Who says it.
    pub speaker: Speaker,
    /// The text.
    pub text: String,
}

impl fmt::Debug for PromptPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PromptPart({:?}, ***)", self.speaker)
    }
}

/// Who says a part of a prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Speaker {
    /// The engine: rules and task.
    System,
    /// The engine, showing material; external text in it is marked as untrusted.
    User,
    /// The model's own earlier answer.
    Assistant,
}

macro_rules! actions {
    ($($(#[$doc:meta])* $name:ident, $text:literal, $receipt:ty;)*) => {
        /// Any action.
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(tag = "kind", rename_all = "snake_case")]
        pub enum Action {
            $($(#[$doc])* $name($name),)*
        }

        /// The name of an action.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum ActionKind {
            $($(#[$doc])* $name,)*
        }

        impl ActionKind {
            /// All kinds.
            pub const ALL: &'static [ActionKind] = &[$(ActionKind::$name,)*];

            /// The kind's name in journals, policies and JSON.
            pub const fn as_str(self) -> &'static str {
                match self { $(ActionKind::$name => $text,)* }
            }
        }

        impl Action {
            /// The action's name.
            pub const fn kind(&self) -> ActionKind {
                match self { $(Action::$name(_) => ActionKind::$name,)* }
            }
        }

        $(
            impl From<$name> for Action {
                fn from(action: $name) -> Self {
                    Action::$name(action)
                }
            }

            impl Effect for $name {
                type Receipt = $receipt;
                const KIND: ActionKind = ActionKind::$name;
            }
        )*
    };
}

actions! {
    /// See [`StudyMarket`].
    StudyMarket, "study_market", Findings;
    /// See [`QualifyLeads`].
    QualifyLeads, "qualify_leads", Scores;
    /// See [`PublishPost`].
    PublishPost, "publish_post", PostReceipt;
    /// See [`RunAds`].
    RunAds, "run_ads", AdsReceipt;
    /// See [`SendEmail`].
    SendEmail, "send_email", MailReceipt;
    /// See [`DeliverOrder`].
    DeliverOrder, "deliver_order", DeliveryReceipt;
    /// See [`AnswerTicket`].
    AnswerTicket, "answer_ticket", AnswerReceipt;
    /// See [`CollectPayment`].
    CollectPayment, "collect_payment", PaymentReceipt;
    /// See [`RefundPayment`].
    RefundPayment, "refund_payment", PaymentReceipt;
    /// See [`PayBill`].
    PayBill, "pay_bill", BillReceipt;
    /// See [`SetPrice`].
    SetPrice, "set_price", PriceReceipt;
    /// See [`CallModel`].
    CallModel, "call_model", ModelAnswer;
}

impl fmt::Display for ActionKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// How much harm an action can do if it is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Risk {
    /// Nobody outside notices.
    Low,
    /// Somebody outside notices; a mistake is embarrassing.
    Medium,
    /// Somebody's money or rights are touched.
    High,
}

impl Risk {
    /// The risk's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Risk::Low => "low",
            Risk::Medium => "medium",
            Risk::High => "high",
        }
    }
}

impl ActionKind {
    /// How much harm the action can do.
    pub const fn risk(self) -> Risk {
        match self {
            ActionKind::StudyMarket | ActionKind::QualifyLeads | ActionKind::CallModel => Risk::Low,
            ActionKind::PublishPost | ActionKind::RunAds | ActionKind::AnswerTicket | ActionKind::DeliverOrder | ActionKind::SetPrice => {
                Risk::Medium
            }
            ActionKind::SendEmail | ActionKind::CollectPayment | ActionKind::RefundPayment | ActionKind::PayBill => Risk::High,
        }
    }

    /// Whether the business can take the action back by itself. A payment that was collected cannot be: giving it back is another effect, with its own cost.
    pub const fn is_reversible(self) -> bool {
        matches!(
            self,
            ActionKind::StudyMarket | ActionKind::QualifyLeads | ActionKind::CallModel | ActionKind::PublishPost | ActionKind::SetPrice
        )
    }

    /// Whether the action only reads or thinks: such effects are held for, but no owner is asked.
    pub const fn is_read(self) -> bool {
        matches!(self, ActionKind::StudyMarket | ActionKind::QualifyLeads | ActionKind::CallModel)
    }

    /// Whether the action lets a text out, to a person or to the public.
    pub const fn sends_text(self) -> bool {
        matches!(self, ActionKind::SendEmail | ActionKind::AnswerTicket | ActionKind::PublishPost | ActionKind::RunAds)
    }

    /// The roles that may take the action; the charter says so again, in its own words.
    pub const fn role(self) -> Option<Role> {
        match self {
            ActionKind::StudyMarket | ActionKind::QualifyLeads => Some(Role::Researcher),
            ActionKind::PublishPost | ActionKind::RunAds => Some(Role::Marketer),
            ActionKind::SendEmail => Some(Role::Sales),
            ActionKind::DeliverOrder => Some(Role::Fulfillment),
            ActionKind::AnswerTicket => Some(Role::Support),
            ActionKind::CollectPayment | ActionKind::RefundPayment | ActionKind::PayBill | ActionKind::SetPrice => Some(Role::Finance),
            ActionKind::CallModel => None,
        }
    }
}

/// What an action takes from the budgets, at worst or in fact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cost {
    /// Money that leaves the business.
    pub money: Amount,
    /// Model tokens, prompt and answer together.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub tokens: u32,
    /// Messages to people.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub messages: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl Cost {
    /// Costs nothing, in the given kind of money.
    pub const fn nothing(simulated: bool) -> Cost {
        Cost::money(simulated, Cents::ZERO)
    }

    /// Costs money only.
    pub const fn money(simulated: bool, cents: Cents) -> Cost {
        let money = if simulated { Amount::simulated(cents) } else { Amount::real(cents) };
        Cost { money, tokens: 0, messages: 0 }
    }

    /// Whether the action costs no money and no tokens.
    pub const fn is_free(&self) -> bool {
        self.money.cents().get() == 0 && self.tokens == 0
    }
}

impl Action {
    /// The most that the action can cost, as the request itself enforces it. Model calls cost real money in every world.
    pub fn worst_case(&self, simulated: bool) -> Cost {
        let money = |cents| Cost::money(simulated, cents);
        match self {
            Action::StudyMarket(_) | Action::QualifyLeads(_) | Action::CollectPayment(_) | Action::SetPrice(_) => money(Cents::ZERO),
            Action::PublishPost(post) => money(post.cost),
            Action::RunAds(ads) => money(ads.spend_limit),
            Action::SendEmail(_) | Action::AnswerTicket(_) => Cost { messages: 1, ..money(Cents::ZERO) },
            Action::DeliverOrder(delivery) => money(delivery.cost),
            Action::RefundPayment(refund) => money(refund.refund),
            Action::PayBill(bill) => money(bill.cost),
            Action::CallModel(call) => {
                let prompt = u32::try_from(call.prompt.text_bytes().saturating_add(call.schema.len())).unwrap_or(u32::MAX);
                Cost { tokens: prompt.saturating_add(call.max_tokens), ..Cost::money(false, call.cost) }
            }
        }
    }

    /// The money that the action's content is about, whichever way it moves: what it may spend, gives back, collects or asks for as a price. Absent where
    /// the content names no amount, though words can be worth something: a mail that offers no price, an answer.
    pub const fn worth(&self) -> Option<Cents> {
        match self {
            Action::StudyMarket(_) | Action::QualifyLeads(_) => Some(Cents::ZERO),
            Action::PublishPost(post) => Some(post.cost),
            Action::RunAds(ads) => Some(ads.spend_limit),
            Action::SendEmail(mail) => mail.price,
            Action::AnswerTicket(_) => None,
            Action::DeliverOrder(delivery) => Some(delivery.cost),
            Action::CollectPayment(payment) => Some(payment.price),
            Action::RefundPayment(refund) => Some(refund.refund),
            Action::PayBill(bill) => Some(bill.cost),
            Action::SetPrice(price) => Some(price.price),
            Action::CallModel(call) => Some(call.cost),
        }
    }

    /// The contact that the action reaches, if it reaches one directly.
    pub fn contact(&self) -> Option<ContactId> {
        match self {
            Action::SendEmail(mail) => Some(mail.contact),
            Action::AnswerTicket(answer) => Some(answer.body.contact()),
            _ => None,
        }
    }

    /// The text that becomes public as it is.
    pub fn public_text(&self) -> Option<String> {
        match self {
            Action::PublishPost(post) => Some(format!("{}\n{}", post.title, post.body)),
            Action::RunAds(ads) => Some(ads.headline.clone()),
            _ => None,
        }
    }

    /// Checks the bounds of the arguments themselves, whoever proposes them.
    ///
    /// # Errors
    /// The name of the field and the rule that it breaks.
    pub fn validate(&self) -> Result<(), String> {
        let not_negative = |field: &str, cents: Cents| match cents.get() {
            0.. => Ok(()),
            _ => Err(format!("{field} is {cents}: it must not be negative")),
        };
        let text = |field: &str, text: &str| match text.chars().count() {
            1..=MAX_TEXT_CHARS => Ok(()),
            count => Err(format!("{field} has {count} characters: it needs 1 to {MAX_TEXT_CHARS}")),
        };
        let batch = |field: &str, count: usize| match count {
            1..=MAX_BATCH => Ok(()),
            _ => Err(format!("{field} has {count} entries: it needs 1 to {MAX_BATCH}")),
        };
        match self {
            Action::StudyMarket(study) => batch("channels", study.channels.len()),
            Action::QualifyLeads(leads) => batch("contacts", leads.contacts.len()),
            Action::PublishPost(post) => not_negative("cost", post.cost).and(text("title", &post.title)).and(text("body", &post.body)),
            Action::RunAds(ads) => not_negative("spend_limit", ads.spend_limit).and(text("headline", &ads.headline)),
            Action::SendEmail(mail) => {
                if mail.message.contact() != mail.contact {
                    return Err("message is sealed for another contact".to_owned());
                }
                if let Some(line) = mail.line.filter(|line| usize::from(*line) >= SUBJECT_LINES || mail.purpose != MailPurpose::Outreach) {
                    return Err(format!("line is {line}: only a first mail has one, below {SUBJECT_LINES}"));
                }
                mail.price.map_or(Ok(()), |price| not_negative("price", price))
            }
            Action::AnswerTicket(_) => Ok(()),
            Action::DeliverOrder(delivery) => not_negative("cost", delivery.cost),
            Action::CollectPayment(payment) => not_negative("price", payment.price),
            Action::RefundPayment(refund) => not_negative("refund", refund.refund),
            Action::PayBill(bill) => not_negative("cost", bill.cost).and(text("label", &bill.label)),
            Action::SetPrice(price) => not_negative("price", price.price),
            Action::CallModel(call) => not_negative("cost", call.cost),
        }
    }

    /// The digest that an approval is bound to: BLAKE3 of the action's canonical JSON. Personal text enters it in sealed form.
    pub fn digest(&self) -> Digest {
        // Room for most actions: growing step by step costs more than the hash.
        let mut bytes = Vec::with_capacity(2_048);
        if serde_json::to_writer(&mut bytes, self).is_err() {
            bytes.clear();
        }
        Digest(*blake3::hash(&bytes).as_bytes())
    }
}

/// A content digest: 32 bytes, printed as 64 hex digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest(pub [u8; 32]);

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&blake3::Hash::from_bytes(self.0).to_hex())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Digest {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&blake3::Hash::from_bytes(self.0).to_hex())
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error as _;
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        blake3::Hash::from_hex(text.as_ref())
            .map(|hash| Digest(*hash.as_bytes()))
            .map_err(|_| D::Error::custom("a digest is 64 hex digits"))
    }
}
