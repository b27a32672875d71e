//! Situations that somebody makes up to try policies on: what the schema knows about a kind of action, and one good situation for each kind.
//!
//! Attributes, types and units are read from the schema's own text, so that what is documented and what can be tried is what policies see.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::{Value, json};

use super::question::{self, Question, Scalar, Unfit};
use crate::action::ActionKind;
use crate::money::Cents;
use crate::role::Role;

const SCHEMA: &str = include_str!("../../../charter/schema.cedarschema");
/// What the schema writes where an amount is in cents; such an attribute can be set in dollars too, under its name with [`DOLLARS`].
const CENTS: &str = "US cents";
const DOLLARS: &str = "_usd";

/// What an attribute may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AttributeType {
    /// Yes or no.
    Bool,
    /// A whole number.
    Long,
    /// One of some names, written as in `Purpose::"offer"`.
    OneOf {
        /// The type's name.
        name: String,
        /// The names.
        values: Vec<String>,
    },
}

/// Something that policies about a kind of action may ask about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// Where it is below `context`: `contact.consent`.
    pub path: String,
    /// What it may be.
    pub of: AttributeType,
    /// Whether the record that it is in may be absent, and must be asked for with `has`.
    pub optional: bool,
    /// What it says and in which unit, in the schema's words; empty where the name says it all.
    pub about: String,
}

impl Attribute {
    /// Whether it is an amount of money in cents.
    pub fn is_money(&self) -> bool {
        self.of == AttributeType::Long && self.about.contains(CENTS)
    }

    /// What it is where nothing better is known.
    fn plain(&self) -> Value {
        match &self.of {
            AttributeType::Bool => json!(false),
            AttributeType::Long => json!(0),
            AttributeType::OneOf { values, .. } => json!(values.first()),
        }
    }
}

/// What policies about this kind of action may ask about, in the schema's order.
pub fn attributes(kind: ActionKind) -> &'static [Attribute] {
    static BY_KIND: LazyLock<Vec<Vec<Attribute>>> =
        LazyLock::new(|| ActionKind::ALL.iter().map(|kind| read(*kind, &Outline::of(SCHEMA))).collect());
    &BY_KIND[kind as usize]
}

/// The parts of the schema's text that say what a context is.
struct Outline<'a> {
    /// The values of the enumerated types.
    enums: BTreeMap<&'a str, Vec<String>>,
    /// Fields of the records: name, type, comment.
    records: BTreeMap<&'a str, Vec<(&'a str, &'a str, &'a str)>>,
    /// Of each action its fields: name, type.
    contexts: BTreeMap<&'a str, Vec<(&'a str, &'a str)>>,
}

impl<'a> Outline<'a> {
    /// Reads the schema. It is our own text, of one form: a field a line in records, a context on one line. A test holds the result against what Cedar reads.
    fn of(schema: &'a str) -> Outline<'a> {
        let mut outline = Outline { enums: BTreeMap::new(), records: BTreeMap::new(), contexts: BTreeMap::new() };
        let (mut record, mut actions): (Option<&str>, Vec<&str>) = (None, Vec::new());
        for line in schema.lines() {
            let (code, about) = line.split_once("//").unwrap_or((line, ""));
            let (code, about) = (code.trim(), about.trim());
            if let Some((name, values)) = code.strip_prefix("entity ").and_then(|rest| rest.split_once(" enum ")) {
                let values = values.trim_matches(['[', ']', ';', ' ']).split(',').map(|value| value.trim().trim_matches('"').to_owned());
                outline.enums.insert(name.trim(), values.collect());
            } else if let Some((name, _)) = code.strip_prefix("type ").and_then(|rest| rest.split_once('=')) {
                record = Some(name.trim());
            } else if code.starts_with('}') {
                record = None;
            } else if let Some(names) = code.strip_prefix("action ").and_then(|rest| rest.split_once(" appliesTo")) {
                actions = names.0.split(',').map(str::trim).collect();
            } else if let Some(fields) = code.strip_prefix("context:") {
                let fields = fields.trim_matches(['{', '}', ',', ' ']).split(',');
                let fields: Vec<_> = fields.filter_map(|field| field.split_once(':')).map(|(name, of)| (name.trim(), of.trim())).collect();
                outline.contexts.extend(actions.drain(..).map(|action| (action, fields.clone())));
            } else if let (Some(record), Some((name, of))) = (record, code.trim_end_matches(',').split_once(':')) {
                outline.records.entry(record).or_default().push((name.trim(), of.trim(), about));
            }
        }
        outline
    }
}

fn read(kind: ActionKind, outline: &Outline<'_>) -> Vec<Attribute> {
    let of = |name: &str| match (name, outline.enums.get(name)) {
        (_, Some(values)) => AttributeType::OneOf { name: name.to_owned(), values: values.clone() },
        ("Bool", _) => AttributeType::Bool,
        _ => AttributeType::Long,
    };
    let mut all = Vec::new();
    for (name, record) in outline.contexts.get(kind.as_str()).into_iter().flatten() {
        let (name, optional) = name.strip_suffix('?').map_or((*name, false), |name| (name, true));
        match outline.records.get(record) {
            Some(fields) => all.extend(fields.iter().map(|(field, kind, about)| Attribute {
                path: format!("{name}.{field}"),
                of: of(kind),
                optional,
                about: (*about).to_owned(),
            })),
            None => all.push(Attribute { path: name.to_owned(), of: of(record), optional, about: words_of(name).to_owned() }),
        }
    }
    all
}

/// What attributes mean that stand in no record, and so have no line of their own in the schema.
fn words_of(name: &str) -> &'static str {
    match name {
        "owner_approved" => "the owner said yes to this very content; only policies that ask may look at it",
        "ticket_matches" => "the request for help is open, and of the contact that is answered",
        _ => "",
    }
}

/// Why something cannot be set: the rule, for people.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unsettable(String);

/// A made up situation: who wants to do what, and what is known about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Situation {
    kind: ActionKind,
    role: Role,
    values: BTreeMap<String, Value>,
    purpose_alone: bool,
}

impl Situation {
    /// A situation in which the shipped policies allow this kind of action.
    pub fn good(kind: ActionKind) -> Situation {
        let role = kind.role().unwrap_or(Role::Orchestrator);
        let required = attributes(kind).iter().filter(|attribute| !attribute.optional);
        let values = required.map(|attribute| (attribute.path.clone(), good(kind, &attribute.path).unwrap_or_else(|| attribute.plain())));
        Situation { kind, role, values: values.collect(), purpose_alone: true }
    }

    /// What is to be done.
    pub fn kind(&self) -> ActionKind {
        self.kind
    }

    /// Whether the owner has said yes.
    pub fn owner_approved(&self) -> bool {
        self.values.get("owner_approved") == Some(&Value::Bool(true))
    }

    /// Lets another role ask for it.
    pub fn set_role(&mut self, role: Role) {
        self.role = role;
    }

    /// Sets an attribute, such as `contact.consent` or, in dollars, `act.cost_usd`. With one attribute of a record that may be absent the record is there. A
    /// mail's purpose says whether it is commercial, where that is not set itself.
    ///
    /// # Errors
    /// [`Unsettable`] where this kind of action has no such attribute, or it cannot be this.
    pub fn set(&mut self, path: &str, value: &Value) -> Result<(), Unsettable> {
        let known = attributes(self.kind);
        let find = |path: &str| known.iter().find(|attribute| attribute.path == path);
        let dollars = path.strip_suffix(DOLLARS).and_then(find).filter(|attribute| attribute.is_money());
        let (attribute, value) = match (find(path), dollars) {
            (Some(attribute), _) => (attribute, fit(attribute, value)?),
            (None, Some(attribute)) => (attribute, json!(in_cents(path, value)?.get())),
            (None, None) => return Err(self.unknown(path)),
        };
        if attribute.optional {
            let record = path.split('.').next().unwrap_or(path);
            for other in known.iter().filter(|other| other.path.split('.').next() == Some(record)) {
                self.values.entry(other.path.clone()).or_insert_with(|| good(self.kind, &other.path).unwrap_or_else(|| other.plain()));
            }
        }
        if path == "mail.commercial" {
            self.purpose_alone = false;
        }
        if path == "mail.purpose" && self.purpose_alone {
            self.values.insert("mail.commercial".to_owned(), json!(value != "service"));
        }
        self.values.insert(attribute.path.clone(), value);
        Ok(())
    }

    fn unknown(&self, path: &str) -> Unsettable {
        let record = path.split('.').next().unwrap_or(path);
        let all = || attributes(self.kind).iter();
        let near: Vec<&str> = all().map(|known| known.path.as_str()).filter(|known| known.split('.').next() == Some(record)).collect();
        let listed = if near.is_empty() { all().map(|known| known.path.as_str()).collect() } else { near };
        let path: String = path.chars().take(60).collect();
        Unsettable(format!("{} has no attribute {path}; it has: {}", self.kind, listed.join(", ")))
    }

    /// The question that puts the situation before the charter.
    pub(super) fn question(&self) -> Result<Question, Unfit> {
        let mut question = Question::new(self.role, self.kind);
        for attribute in attributes(self.kind) {
            let Some(value) = self.values.get(&attribute.path) else { continue };
            let value = match (&attribute.of, value) {
                (AttributeType::Bool, Value::Bool(value)) => Scalar::Bool(*value),
                (AttributeType::Long, Value::Number(number)) => Scalar::Long(number.as_i64().ok_or(Unfit)?),
                (AttributeType::OneOf { name, .. }, Value::String(value)) => Scalar::named(name, value).ok_or(Unfit)?,
                _ => return Err(Unfit),
            };
            question.set(question::slot_at(&attribute.path).ok_or(Unfit)?, value);
        }
        Ok(question)
    }
}

/// The value as the attribute's type has it.
fn fit(attribute: &Attribute, value: &Value) -> Result<Value, Unsettable> {
    let fits = match (&attribute.of, value) {
        (AttributeType::Bool, Value::Bool(_)) => true,
        (AttributeType::Long, Value::Number(number)) => number.is_i64(),
        (AttributeType::OneOf { values, .. }, Value::String(text)) => values.contains(text),
        _ => false,
    };
    if fits {
        return Ok(value.clone());
    }
    let rule = match &attribute.of {
        AttributeType::Bool => "true or false".to_owned(),
        AttributeType::Long if attribute.is_money() => format!("a whole number of cents; in dollars it is {}{DOLLARS}", attribute.path),
        AttributeType::Long => "a whole number".to_owned(),
        AttributeType::OneOf { values, .. } => format!("one of \"{}\"", values.join("\", \"")),
    };
    Err(Unsettable(format!("{} is {rule}", attribute.path)))
}

fn in_cents(path: &str, value: &Value) -> Result<Cents, Unsettable> {
    let text = match value {
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.clone(),
        _ => return Err(Unsettable(format!("{path} is an amount in dollars"))),
    };
    Cents::parse_dollars(&text).map_err(|error| Unsettable(format!("{path}: {error}")))
}

/// What an attribute is in the good situation, where that is not false, 0 or the first name.
fn good(kind: ActionKind, path: &str) -> Option<Value> {
    let value = match path {
        "act.confidence" => json!(80),
        "act.messages" => json!(i32::from(matches!(kind, ActionKind::SendEmail | ActionKind::AnswerTicket))),
        "act.reversible" => json!(kind.is_reversible()),
        "act.risk" => json!(kind.risk().as_str()),
        "business.autonomy" => json!(6),
        "business.licence_confirmed" => json!(true),
        "contact.consent" | "contact.company_named" => json!(true),
        "contact.days_since_last_mail" => json!(10),
        "contact.served" => json!(kind == ActionKind::AnswerTicket),
        "contact.interest" => json!("fit"),
        "mail.commercial" | "mail.recipient_matches" | "mail.postal_address_present" | "mail.unsubscribe_present" => json!(true),
        "mail.footer_present" | "mail.sender_reachable" | "mail.price_fits_purpose" => json!(true),
        "order.known" | "order.active" => json!(true),
        "order.paid" => json!(kind != ActionKind::CollectPayment),
        "order.awaits_delivery" => json!(kind == ActionKind::DeliverOrder),
        "order.payment_due" | "order.price_agreed" => json!(kind == ActionKind::CollectPayment),
        "order.refund_requested" | "order.refund_within_paid" | "order.refund_in_full" => json!(kind == ActionKind::RefundPayment),
        "price.percent_of_list" => json!(100),
        "ticket_matches" => json!(true),
        _ => return None,
    };
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oversight::charter::Charter;
    use crate::oversight::charter::load::VALIDATOR;
    use crate::oversight::verdict::Ruling;

    /// Cedar checks the request against the schema, so an attribute that was not read from it, or that it does not have, would be missed here.
    #[test]
    fn the_good_situation_of_every_kind_has_what_the_schema_asks_for_and_is_approved() {
        for kind in ActionKind::ALL.iter().copied() {
            let question = Situation::good(kind).question().expect("what the schema knows");
            assert!(question.request(Some(VALIDATOR.schema())).is_ok(), "{kind}");
            let verdict = Charter::shipped().judge(&Situation::good(kind));
            assert_eq!(verdict.ruling, Ruling::Approve, "{kind}: {verdict}");
            let silent: Vec<&str> =
                attributes(kind).iter().filter(|known| known.about.is_empty()).map(|known| known.path.as_str()).collect();
            assert!(silent.is_empty(), "the schema does not say what these are: {silent:?}");
        }
        let paths: Vec<&str> = attributes(ActionKind::SendEmail).iter().map(|known| known.path.as_str()).collect();
        assert!(paths.contains(&"price.below_unit_cost") && paths.contains(&"contact.consent"), "{paths:?}");
        assert!(attributes(ActionKind::PayBill).iter().any(Attribute::is_money));
    }

    #[test]
    fn what_is_set_is_what_is_judged_and_nothing_else_can_be_set() {
        let charter = Charter::shipped();
        let mut mail = Situation::good(ActionKind::SendEmail);
        mail.set("contact.consent", &json!(false)).expect("known");
        assert_eq!(charter.judge(&mail).rules[0].as_str(), "charter.mail-consent");
        mail.set("mail.purpose", &json!("service")).expect("known");
        mail.set("contact.served", &json!(true)).expect("known");
        assert_eq!(charter.judge(&mail).ruling, Ruling::Approve, "a service mail does not advertise");
        mail.set("mail.commercial", &json!(true)).expect("known");
        assert_eq!(charter.judge(&mail).ruling, Ruling::Veto);

        let mut bill = Situation::good(ActionKind::PayBill);
        bill.set("act.cost_usd", &json!(1200)).expect("known");
        assert_eq!(charter.judge(&bill).rules[0].as_str(), "charter.large-spend");
        bill.set("owner_approved", &json!(true)).expect("known");
        assert_eq!(charter.judge(&bill).ruling, Ruling::Approve);
        bill.set_role(Role::Marketer);
        assert_eq!(charter.judge(&bill).rules[0].as_str(), "charter.default-deny");

        let mut offer = Situation::good(ActionKind::SendEmail);
        offer.set("price.percent_of_list", &json!(151)).expect("known");
        assert_eq!(charter.judge(&offer).rules[0].as_str(), "charter.price-far-above-list");

        for (path, value, reason) in [
            ("contact.consent", json!("yes"), "contact.consent is true or false"),
            ("contact.content", json!(true), "contact.consent, contact.suppressed"),
            ("order.paid", json!(true), "send_email has no attribute order.paid"),
            ("mail.purpose", json!("spam"), "one of \"outreach\", "),
            ("contact.mails", json!(1.5), "a whole number"),
            ("act.cost", json!("5"), "in dollars it is act.cost_usd"),
            ("act.cost_usd", json!(0.001), "decimals"),
            ("act.tokens_usd", json!(1), "no attribute act.tokens_usd"),
            ("contact", json!({}), "no attribute contact"),
            ("", json!(1), "no attribute"),
        ] {
            let refused = offer.set(path, &value).expect_err(path).to_string();
            assert!(refused.contains(reason), "{refused}");
        }
    }
}
