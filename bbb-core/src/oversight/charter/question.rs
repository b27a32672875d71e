//! What the charter is asked: who wants to do what, and everything that policies may look at. No personal text enters it.
//!
//! A question is answered natively and, where a policy needs it, by Cedar. Both read this one form, so neither can be told anything that the other is not.

use std::sync::LazyLock;

use cedar_policy::{Context, EntityId, EntityTypeName, EntityUid, Request, RestrictedExpression, Schema};

use crate::action::{ActionKind, MailPurpose, Risk};
use crate::oversight::facts::{ContactFacts, Facts, MailFacts, OrderFacts, PriceFacts};
use crate::role::Role;
use crate::spec::WorldKind;
use crate::state::contacts::Interest;

const WORLDS: [WorldKind; 3] = [WorldKind::Simulated, WorldKind::Shadow, WorldKind::Live];
const RISKS: [Risk; 3] = [Risk::Low, Risk::Medium, Risk::High];
const PURPOSES: [MailPurpose; 4] = [MailPurpose::Outreach, MailPurpose::FollowUp, MailPurpose::Offer, MailPurpose::Service];
pub(super) const INTERESTS: [(Interest, &str); 9] = [
    (Interest::New, "new"),
    (Interest::Unfit, "unfit"),
    (Interest::Fit, "fit"),
    (Interest::Contacted, "contacted"),
    (Interest::Interested, "interested"),
    (Interest::AskedPrice, "asked_price"),
    (Interest::Offered, "offered"),
    (Interest::Customer, "customer"),
    (Interest::Lost, "lost"),
];

/// The types of names that the schema knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Type {
    Role,
    Action,
    Business,
    World,
    Risk,
    Purpose,
    Interest,
}

impl Type {
    pub(super) const ALL: [Type; 7] = [Type::Role, Type::Action, Type::Business, Type::World, Type::Risk, Type::Purpose, Type::Interest];

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Type::Role => "Role",
            Type::Action => "Action",
            Type::Business => "Business",
            Type::World => "World",
            Type::Risk => "Risk",
            Type::Purpose => "Purpose",
            Type::Interest => "Interest",
        }
    }

    /// The names of this type, in the order of the code's own type.
    fn names(self) -> Vec<&'static str> {
        match self {
            Type::Role => Role::ALL.map(Role::as_str).to_vec(),
            Type::Action => ActionKind::ALL.iter().map(|kind| kind.as_str()).collect(),
            Type::Business => vec!["this"],
            Type::World => WORLDS.map(WorldKind::as_str).to_vec(),
            Type::Risk => RISKS.map(Risk::as_str).to_vec(),
            Type::Purpose => PURPOSES.map(MailPurpose::as_str).to_vec(),
            Type::Interest => INTERESTS.map(|(_, name)| name).to_vec(),
        }
    }
}

/// A value that a policy can meet. Names are told by their place in their type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scalar {
    Bool(bool),
    Long(i64),
    Name(Type, u8),
}

impl Scalar {
    /// The name of this type; nothing where there is no such type or name.
    pub(super) fn named(of: &str, name: &str) -> Option<Scalar> {
        let of = Type::ALL.into_iter().find(|known| known.as_str() == of)?;
        let place = of.names().iter().position(|known| *known == name)?;
        Some(Scalar::Name(of, u8::try_from(place).ok()?))
    }
}

/// The records of a context with their attributes; first, under no name, what stands in none. A slot is an attribute's place in all of this.
const RECORDS: [(&str, &[&str]); 7] = [
    ("", &["owner_approved", "ticket_matches"]),
    ("act", &["confidence", "cost", "planned_cost", "tokens", "messages", "reversible", "risk", "under_way"]),
    (
        "business",
        &["world", "autonomy", "licence_needed", "licence_confirmed", "days_without_income", "oldest_refund_days", "budget_used_percent"],
    ),
    (
        "contact",
        &["consent", "suppressed", "mails", "days_since_last_mail", "qualified", "served", "refund_open", "interest", "company_named"],
    ),
    (
        "mail",
        &[
            "purpose",
            "commercial",
            "recipient_matches",
            "subject_claims_reply",
            "postal_address_present",
            "unsubscribe_present",
            "footer_present",
            "sender_reachable",
            "price_fits_purpose",
        ],
    ),
    (
        "order",
        &[
            "known",
            "active",
            "paid",
            "awaits_delivery",
            "payment_due",
            "price_agreed",
            "refund_requested",
            "refund_within_paid",
            "refund_in_full",
        ],
    ),
    ("price", &["percent_of_list", "below_unit_cost"]),
];

pub(super) const OWNER_APPROVED: usize = 0;
const TICKET_MATCHES: usize = 1;
const ACT: usize = start(1);
const BUSINESS: usize = start(2);
const CONTACT: usize = start(3);
const MAIL: usize = start(4);
const ORDER: usize = start(5);
const PRICE: usize = start(6);
const SLOTS: usize = start(RECORDS.len());

/// The first slot of a record.
const fn start(record: usize) -> usize {
    let (mut slot, mut before) = (0, 0);
    while before < record {
        slot += RECORDS[before].1.len();
        before += 1;
    }
    slot
}

/// The place of the context itself among the records.
pub(super) const CONTEXT: usize = 0;

/// The place of the record of this name.
pub(super) fn record(name: &str) -> Option<usize> {
    RECORDS.iter().position(|(known, _)| *known == name).filter(|place| *place != CONTEXT)
}

/// The slot of an attribute of a record.
pub(super) fn slot(record: usize, attribute: &str) -> Option<usize> {
    let (_, attributes) = RECORDS.get(record)?;
    Some(start(record) + attributes.iter().position(|known| *known == attribute)?)
}

/// The slot of an attribute by its path below `context`.
pub(super) fn slot_at(path: &str) -> Option<usize> {
    match path.split_once('.') {
        Some((name, attribute)) => slot(record(name)?, attribute),
        None => slot(CONTEXT, path),
    }
}

/// Who asks for what, and what is known about it.
#[derive(Debug, Clone)]
pub(super) struct Question {
    pub(super) role: Role,
    pub(super) kind: ActionKind,
    slots: [Option<Scalar>; SLOTS],
}

/// What is known did not make a question.
#[derive(Debug)]
pub(super) struct Unfit;

impl Question {
    /// A question about which nothing is known.
    pub(super) fn new(role: Role, kind: ActionKind) -> Question {
        Question { role, kind, slots: [None; SLOTS] }
    }

    /// The question that puts these facts before the charter.
    pub(super) fn of(facts: &Facts) -> Question {
        let mut question = Question::new(facts.role, facts.kind);
        question.slots[OWNER_APPROVED] = Some(Scalar::Bool(facts.owner_approved));
        question.slots[TICKET_MATCHES] = facts.ticket_matches.map(Scalar::Bool);
        question.fill(ACT, act(facts));
        question.fill(BUSINESS, situation(facts));
        if let Some(contact) = &facts.contact {
            question.fill(CONTACT, contact_record(contact));
        }
        if let Some(mail) = &facts.mail {
            question.fill(MAIL, mail_record(mail));
        }
        if let Some(order) = &facts.order {
            question.fill(ORDER, order_record(order));
        }
        if let Some(price) = &facts.price {
            question.fill(PRICE, price_record(price));
        }
        question
    }

    fn fill<const N: usize>(&mut self, first: usize, values: [Scalar; N]) {
        for (slot, value) in self.slots[first..].iter_mut().zip(values) {
            *slot = Some(value);
        }
    }

    /// What is known under this slot.
    pub(super) fn get(&self, slot: usize) -> Option<Scalar> {
        self.slots.get(slot).copied().flatten()
    }

    pub(super) fn set(&mut self, slot: usize, value: Scalar) {
        if let Some(known) = self.slots.get_mut(slot) {
            *known = Some(value);
        }
    }

    /// Whether the context has this record.
    pub(super) fn has(&self, record: usize) -> bool {
        self.slots[start(record)..start(record + 1)].iter().any(Option::is_some)
    }

    /// The same question after the owner said yes, or no.
    pub(super) fn after(mut self, owner_approved: bool) -> Question {
        self.slots[OWNER_APPROVED] = Some(Scalar::Bool(owner_approved));
        self
    }

    /// The question in Cedar's form, checked against the schema where there is one.
    pub(super) fn request(&self, schema: Option<&Schema>) -> Result<Request, Unfit> {
        let (principal, action) = (Scalar::Name(Type::Role, self.role as u8), Scalar::Name(Type::Action, self.kind as u8));
        let (principal, action, resource) = (uid(principal)?, uid(action)?, uid(Scalar::Name(Type::Business, 0))?);
        let mut context = Vec::new();
        for (place, (name, attributes)) in RECORDS.iter().enumerate() {
            let known = self.slots[start(place)..].iter().zip(*attributes).filter_map(|(value, attribute)| Some((attribute, (*value)?)));
            let fields = known.map(|(attribute, value)| Ok(((*attribute).to_owned(), expression(value)?)));
            let fields = fields.collect::<Result<Vec<_>, Unfit>>()?;
            if name.is_empty() {
                context.extend(fields);
            } else if !fields.is_empty() {
                context.push(((*name).to_owned(), RestrictedExpression::new_record(fields).map_err(|_| Unfit)?));
            }
        }
        let context = Context::from_pairs(context).map_err(|_| Unfit)?;
        Request::new(principal, action, resource, context, schema).map_err(|_| Unfit)
    }
}

fn expression(value: Scalar) -> Result<RestrictedExpression, Unfit> {
    Ok(match value {
        Scalar::Bool(value) => RestrictedExpression::new_bool(value),
        Scalar::Long(value) => RestrictedExpression::new_long(value),
        Scalar::Name(..) => RestrictedExpression::new_entity_uid(uid(value)?),
    })
}

/// Cedar's form of a name.
fn uid(name: Scalar) -> Result<EntityUid, Unfit> {
    static NAMES: LazyLock<Vec<Vec<EntityUid>>> = LazyLock::new(|| {
        let uid = |of: Type, name: &str| {
            // Cannot fail: each type's name is an identifier, and every test of this module makes them all.
            let of: EntityTypeName = of.as_str().parse().expect("an identifier should name a type");
            EntityUid::from_type_name_and_id(of, EntityId::new(name))
        };
        Type::ALL.map(|of| of.names().into_iter().map(|name| uid(of, name)).collect()).to_vec()
    });
    match name {
        Scalar::Name(of, place) => NAMES[of as usize].get(usize::from(place)).cloned().ok_or(Unfit),
        Scalar::Bool(_) | Scalar::Long(_) => Err(Unfit),
    }
}

/// Whether this is the name of that kind of action.
pub(super) fn is_action(name: &EntityUid, kind: ActionKind) -> bool {
    uid(Scalar::Name(Type::Action, kind as u8)).is_ok_and(|known| known == *name)
}

fn act(facts: &Facts) -> [Scalar; 8] {
    [
        number(facts.confidence),
        number(facts.cost.get()),
        number(facts.planned_cost.get()),
        number(facts.tokens),
        number(facts.messages),
        Scalar::Bool(facts.reversible),
        Scalar::Name(Type::Risk, facts.risk as u8),
        Scalar::Bool(facts.under_way),
    ]
}

fn situation(facts: &Facts) -> [Scalar; 7] {
    [
        Scalar::Name(Type::World, facts.world as u8),
        number(facts.autonomy),
        Scalar::Bool(facts.licence_needed),
        Scalar::Bool(facts.licence_confirmed),
        number(facts.days_without_income),
        number(facts.oldest_refund_days),
        number(facts.budget_used_percent),
    ]
}

fn contact_record(contact: &ContactFacts) -> [Scalar; 9] {
    [
        Scalar::Bool(contact.consent),
        Scalar::Bool(contact.suppressed),
        number(contact.mails),
        number(contact.days_since_last_mail),
        Scalar::Bool(contact.qualified),
        Scalar::Bool(contact.served),
        Scalar::Bool(contact.refund_open),
        Scalar::Name(Type::Interest, contact.interest as u8),
        Scalar::Bool(!contact.profile.company.trim().is_empty()),
    ]
}

fn mail_record(mail: &MailFacts) -> [Scalar; 9] {
    [
        Scalar::Name(Type::Purpose, mail.purpose as u8),
        Scalar::Bool(mail.purpose.is_commercial()),
        Scalar::Bool(mail.recipient_matches),
        Scalar::Bool(mail.subject_claims_reply),
        Scalar::Bool(mail.postal_address_present),
        Scalar::Bool(mail.unsubscribe_present),
        Scalar::Bool(mail.footer_present),
        Scalar::Bool(mail.sender_reachable),
        Scalar::Bool(mail.price_fits_purpose),
    ]
}

fn order_record(order: &OrderFacts) -> [Scalar; 9] {
    let of = [
        order.known,
        order.active,
        order.paid,
        order.awaits_delivery,
        order.payment_due,
        order.price_agreed,
        order.refund_requested,
        order.refund_within_paid,
        order.refund_in_full,
    ];
    of.map(Scalar::Bool)
}

fn price_record(price: &PriceFacts) -> [Scalar; 2] {
    [number(price.percent_of_list), Scalar::Bool(price.below_unit_cost)]
}

fn number(value: impl Into<i64>) -> Scalar {
    Scalar::Long(value.into())
}
