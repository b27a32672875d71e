//! Facts as a Cedar request: built from values, without JSON. No personal text enters it.

use std::sync::LazyLock;

use cedar_policy::{Context, EntityId, EntityTypeName, EntityUid, Request, RestrictedExpression};

use crate::action::{ActionKind, MailPurpose, Risk};
use crate::oversight::facts::{ContactFacts, Facts, MailFacts, OrderFacts, PriceFacts};
use crate::role::Role;
use crate::spec::WorldKind;
use crate::state::trade::Interest;

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

/// The names in policies, made once.
struct Names {
    roles: Vec<EntityUid>,
    actions: Vec<EntityUid>,
    this: EntityUid,
    worlds: Vec<EntityUid>,
    risks: Vec<EntityUid>,
    purposes: Vec<EntityUid>,
    interests: Vec<EntityUid>,
}

static NAMES: LazyLock<Names> = LazyLock::new(|| Names {
    roles: named("Role", Role::ALL.map(Role::as_str)),
    actions: named("Action", ActionKind::ALL.iter().map(|kind| kind.as_str())),
    this: entity("Business", "this"),
    worlds: named("World", WORLDS.map(WorldKind::as_str)),
    risks: named("Risk", RISKS.map(Risk::as_str)),
    purposes: named("Purpose", PURPOSES.map(MailPurpose::as_str)),
    interests: named("Interest", INTERESTS.map(|(_, name)| name)),
});

fn named<'a>(kind: &str, names: impl IntoIterator<Item = &'a str>) -> Vec<EntityUid> {
    names.into_iter().map(|name| entity(kind, name)).collect()
}

fn entity(kind: &str, name: &str) -> EntityUid {
    // Cannot fail: each kind above is an identifier, and every test of this module makes them all.
    let kind: EntityTypeName = kind.parse().expect("an identifier should name a type");
    EntityUid::from_type_name_and_id(kind, EntityId::new(name))
}

/// Who asks for what, on whose behalf: the parts of a request beside its context.
pub(super) fn scope(role: Role, kind: ActionKind) -> (EntityUid, EntityUid, EntityUid) {
    let names = &*NAMES;
    (names.roles[role.index()].clone(), names.actions[kind as usize].clone(), names.this.clone())
}

/// Whether this is the name of that kind of action.
pub(super) fn is_action(name: &EntityUid, kind: ActionKind) -> bool {
    NAMES.actions[kind as usize] == *name
}

/// The facts did not make a request.
#[derive(Debug)]
pub(super) struct Unfit;

/// The request that puts these facts before the charter.
pub(super) fn build(facts: &Facts, owner_approved: bool) -> Result<Request, Unfit> {
    let names = &*NAMES;
    let mut fields = vec![
        field("owner_approved", boolean(owner_approved)),
        field("act", act(facts, names)?),
        field("business", situation(facts, names)?),
    ];
    let parts = [
        ("contact", facts.contact.as_ref().map(|contact| contact_record(contact, names))),
        ("mail", facts.mail.as_ref().map(|mail| mail_record(mail, names))),
        ("order", facts.order.as_ref().map(order_record)),
        ("price", facts.price.as_ref().map(price_record)),
    ];
    for (name, part) in parts {
        if let Some(part) = part {
            fields.push(field(name, part?));
        }
    }
    if let Some(matches) = facts.ticket_matches {
        fields.push(field("ticket_matches", boolean(matches)));
    }
    let context = Context::from_pairs(fields).map_err(|_| Unfit)?;
    let (principal, action, resource) = scope(facts.role, facts.kind);
    Request::new(principal, action, resource, context, None).map_err(|_| Unfit)
}

fn act(facts: &Facts, names: &Names) -> Result<RestrictedExpression, Unfit> {
    record([
        ("confidence", number(facts.confidence)),
        ("cost", number(facts.cost.get())),
        ("planned_cost", number(facts.planned_cost.get())),
        ("tokens", number(facts.tokens)),
        ("messages", number(facts.messages)),
        ("reversible", boolean(facts.reversible)),
        ("risk", name(&names.risks, facts.risk as usize)),
        ("under_way", boolean(facts.under_way)),
    ])
}

fn situation(facts: &Facts, names: &Names) -> Result<RestrictedExpression, Unfit> {
    record([
        ("world", name(&names.worlds, facts.world as usize)),
        ("autonomy", number(facts.autonomy)),
        ("licence_needed", boolean(facts.licence_needed)),
        ("licence_confirmed", boolean(facts.licence_confirmed)),
        ("days_without_income", number(facts.days_without_income)),
        ("oldest_refund_days", number(facts.oldest_refund_days)),
        ("budget_used_percent", number(facts.budget_used_percent)),
    ])
}

fn contact_record(contact: &ContactFacts, names: &Names) -> Result<RestrictedExpression, Unfit> {
    record([
        ("consent", boolean(contact.consent)),
        ("suppressed", boolean(contact.suppressed)),
        ("mails", number(contact.mails)),
        ("days_since_last_mail", number(contact.days_since_last_mail)),
        ("qualified", boolean(contact.qualified)),
        ("served", boolean(contact.served)),
        ("refund_open", boolean(contact.refund_open)),
        ("interest", name(&names.interests, contact.interest as usize)),
        ("company_named", boolean(!contact.profile.company.trim().is_empty())),
    ])
}

fn mail_record(mail: &MailFacts, names: &Names) -> Result<RestrictedExpression, Unfit> {
    record([
        ("purpose", name(&names.purposes, mail.purpose as usize)),
        ("commercial", boolean(mail.purpose.is_commercial())),
        ("recipient_matches", boolean(mail.recipient_matches)),
        ("subject_claims_reply", boolean(mail.subject_claims_reply)),
        ("postal_address_present", boolean(mail.postal_address_present)),
        ("unsubscribe_present", boolean(mail.unsubscribe_present)),
        ("footer_present", boolean(mail.footer_present)),
        ("sender_reachable", boolean(mail.sender_reachable)),
        ("price_fits_purpose", boolean(mail.price_fits_purpose)),
    ])
}

fn order_record(order: &OrderFacts) -> Result<RestrictedExpression, Unfit> {
    record([
        ("known", boolean(order.known)),
        ("active", boolean(order.active)),
        ("paid", boolean(order.paid)),
        ("awaits_delivery", boolean(order.awaits_delivery)),
        ("payment_due", boolean(order.payment_due)),
        ("price_agreed", boolean(order.price_agreed)),
        ("refund_requested", boolean(order.refund_requested)),
        ("refund_within_paid", boolean(order.refund_within_paid)),
    ])
}

fn price_record(price: &PriceFacts) -> Result<RestrictedExpression, Unfit> {
    record([("percent_of_list", number(price.percent_of_list)), ("below_unit_cost", boolean(price.below_unit_cost))])
}

fn record<const N: usize>(fields: [(&str, RestrictedExpression); N]) -> Result<RestrictedExpression, Unfit> {
    RestrictedExpression::new_record(fields.map(|(name, value)| field(name, value))).map_err(|_| Unfit)
}

fn field(name: &str, value: RestrictedExpression) -> (String, RestrictedExpression) {
    (name.to_owned(), value)
}

fn boolean(value: bool) -> RestrictedExpression {
    RestrictedExpression::new_bool(value)
}

fn number(value: impl Into<i64>) -> RestrictedExpression {
    RestrictedExpression::new_long(value.into())
}

fn name(names: &[EntityUid], index: usize) -> RestrictedExpression {
    RestrictedExpression::new_entity_uid(names[index].clone())
}
