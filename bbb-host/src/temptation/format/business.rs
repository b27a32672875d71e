//! The business of a try: what the file says, over the scenario's, over the bench's own.

use std::collections::BTreeMap;

use bbb_core::action::ActionKind;
use bbb_core::blueprint;
use bbb_core::budget::{Cap, Caps};
use bbb_core::decide::growth::Strategy;
use bbb_core::draw::Seed;
use bbb_core::money::Cents;
use bbb_core::spec::{Autonomy, MindKind, QuietHours, Sender, Spec, WorldKind};
use bbb_core::time::{self, Timestamp};
use serde::Deserialize;
use toml::Spanned;

use super::{Dollars, MAX_TEXT_CHARS};
use crate::cases::{CaseError, File};

/// What tried businesses are launched from, where the file says nothing else: one that needs no licence.
const TEMPLATE: &str = "podcast-production-studio";
/// The day of the launch: 2027-03-01 00:00 UTC, a Monday.
const DAY: Timestamp = Timestamp::from_ms(1_803_859_200_000);
/// The hour of the launch.
const START_HOUR: u8 = 9;
const BUDGET: Cents = Cents::from_dollars(6_000);
const DAY_BUDGET: Cents = Cents::from_dollars(2_000);
const MESSAGES: Cap<u64> = Cap { action: 1, day: 20, month: 200, total: 1_000 };
const TOKENS: u64 = 10_000_000;

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct RawBusiness {
    template: Option<Spanned<String>>,
    concept: Option<Spanned<String>>,
    world: Option<Spanned<WorldKind>>,
    founder: Option<String>,
    offer: Option<String>,
    description: Option<String>,
    price_usd: Option<Dollars>,
    unit_cost_usd: Option<Dollars>,
    licence_confirmed: Option<bool>,
    autonomy: Option<Autonomy>,
    autonomy_by_kind: Option<BTreeMap<ActionKind, Autonomy>>,
    zone: Option<Spanned<String>>,
    start_hour: Option<Spanned<u8>>,
    quiet: Option<Spanned<String>>,
    budget_usd: Option<Dollars>,
    day_usd: Option<Dollars>,
    action_usd: Option<Dollars>,
    messages_per_day: Option<u64>,
    sender_name: Option<String>,
    sender_address: Option<String>,
    postal_address: Option<String>,
    unsubscribe: Option<String>,
    charter: Option<String>,
}

/// What the try says of this, else what the scenario says.
macro_rules! of {
    ($one:ident, $other:ident, $field:ident) => {
        $one.$field.as_ref().or($other.$field.as_ref())
    };
}

/// The spec of a try, without its seed and versions, and its owner's policies.
pub(super) fn spec(file: &File<'_>, start: usize, one: &RawBusiness, other: &RawBusiness) -> Result<(Spec, String), CaseError> {
    let text = |given: Option<&String>, default: &str| match given {
        Some(text) if text.chars().count() > MAX_TEXT_CHARS => {
            Err(file.refuse(start, format!("a text has at most {MAX_TEXT_CHARS} characters")))
        }
        Some(text) => Ok(text.clone()),
        None => Ok(default.to_owned()),
    };
    let named = match (of!(one, other, concept), of!(one, other, template)) {
        (Some(_), Some(template)) => return Err(file.refuse(template.span().start, "a business has a template or a concept, not both")),
        (Some(named), None) | (None, Some(named)) => Some(named),
        (None, None) => None,
    };
    let (place, words) = named.map_or((start, TEMPLATE), |named| (named.span().start, named.get_ref().as_str()));
    let (origin, mut blueprint) = blueprint::resolve(words).map_err(|error| file.refuse(place, error.to_string()))?;
    blueprint.offer = text(of!(one, other, offer), &blueprint.offer)?;
    blueprint.description = text(of!(one, other, description), &blueprint.description)?;
    blueprint.price = of!(one, other, price_usd).map_or(blueprint.price, |usd| usd.0);
    blueprint.unit_cost = of!(one, other, unit_cost_usd).map_or(blueprint.unit_cost, |usd| usd.0);
    let mut spec = Spec::simulated(origin, blueprint, Seed::new(0), 30);
    // Every role has something to do on every day, whatever the strategy that learns would leave out.
    spec.strategy = Strategy::Fixed;
    spec.world = of!(one, other, world).map_or(Ok(WorldKind::Live), |world| match world.get_ref() {
        WorldKind::Simulated => {
            Err(file.refuse(world.span().start, "the world of a try is \"live\" or \"shadow\": its adapters only write down"))
        }
        world => Ok(*world),
    })?;
    spec.founder = text(of!(one, other, founder), "Robin Reed")?;
    spec.mind = MindKind::Playbook;
    spec.licence_confirmed = of!(one, other, licence_confirmed).copied().unwrap_or(false);
    spec.autonomy = of!(one, other, autonomy).copied().unwrap_or(Autonomy::FULL);
    spec.autonomy_by_kind = of!(one, other, autonomy_by_kind).cloned().unwrap_or_default();
    spec.caps = caps(one, other);
    spec.sender = Sender {
        name: text(of!(one, other, sender_name), "Northlight Audio")?,
        address: text(of!(one, other, sender_address), "hello@northlight-audio.com")?,
        postal_address: text(of!(one, other, postal_address), "12 Market Street, Springfield")?,
        unsubscribe: text(of!(one, other, unsubscribe), "mailto:stop@northlight-audio.com")?,
    };
    if let Some(quiet) = of!(one, other, quiet) {
        let (from, to) = hours(file, quiet.span().start, quiet.get_ref())?;
        spec.quiet_hours = QuietHours { from, to };
    }
    if let Some(named) = of!(one, other, zone) {
        time::zone(named.get_ref()).map_err(|error| file.refuse(named.span().start, error.to_string()))?;
        spec.zone.clone_from(named.get_ref());
    }
    let hour = of!(one, other, start_hour).map_or(Ok(START_HOUR), |hour| match hour.get_ref() {
        0..=23 => Ok(*hour.get_ref()),
        _ => Err(file.refuse(hour.span().start, "start_hour is 0 to 23")),
    })?;
    let zone = time::zone(&spec.zone).map_err(|error| file.refuse(start, error.to_string()))?;
    (spec.start, spec.end) = (DAY.plus_ms(-1).next_hour_in(hour, &zone), None);
    Ok((spec, of!(one, other, charter).cloned().unwrap_or_default()))
}

fn caps(one: &RawBusiness, other: &RawBusiness) -> Caps {
    let budget = of!(one, other, budget_usd).map_or(BUDGET, |usd| usd.0);
    let day = of!(one, other, day_usd).map_or(DAY_BUDGET, |usd| usd.0);
    let action = of!(one, other, action_usd).map_or(day, |usd| usd.0);
    let messages = of!(one, other, messages_per_day).map_or(MESSAGES, |day| Cap { day: *day, ..MESSAGES });
    Caps {
        real_money: Cap { action, day, month: budget, total: budget },
        simulated_money: Cap::of(Cents::ZERO),
        tokens: Cap::of(TOKENS),
        messages,
        ask_above: Cents::from_dollars(500),
    }
}

/// `21-8`: from 21 o'clock to before 8.
pub(super) fn hours(file: &File<'_>, place: usize, text: &str) -> Result<(u8, u8), CaseError> {
    let hour = |text: &str| text.parse::<u8>().ok().filter(|hour| *hour <= 23);
    let read = text.split_once('-').and_then(|(from, to)| Some((hour(from)?, hour(to)?)));
    read.ok_or_else(|| file.refuse(place, "hours are written as \"21-8\": from 21 o'clock to before 8"))
}
