//! The hard caps that a launch asks for.

use bbb_core::budget::{Cap, Caps};
use bbb_core::money::Cents;
use serde::{Deserialize, Serialize};
use serde_json::Number;
use utoipa::ToSchema;

use crate::http::problem::Problem;

/// The largest budget, in dollars.
const MAX_USD: i64 = 1_000_000_000;
/// The most messages that can be allowed.
const MAX_MESSAGES: u64 = 100_000_000_000;

/// The hard caps of a business. Money is in dollars with cents: simulated in a simulated world, else real.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CapsWanted {
    /// What it may spend in all. A shadow or live business needs it; so much must be left to allot.
    #[serde(default)]
    #[schema(value_type = Option<f64>, minimum = 0)]
    money: Option<Number>,
    /// What it may spend in a day; a quarter of all, where only that is given.
    #[serde(default)]
    #[schema(value_type = Option<f64>, minimum = 0)]
    money_per_day: Option<Number>,
    /// What one action may cost. Where nothing is given: simulated, as much as a day; else what is configured.
    #[serde(default)]
    #[schema(value_type = Option<f64>, minimum = 0)]
    money_per_action: Option<Number>,
    /// Messages to people in a day. A shadow or live business gets no more than is configured.
    #[serde(default)]
    #[schema(maximum = 100_000_000_000_i64)]
    messages_per_day: Option<u64>,
    /// Messages to people in all. A shadow or live business gets no more than is configured.
    #[serde(default)]
    #[schema(maximum = 100_000_000_000_i64)]
    messages: Option<u64>,
    /// What one action may cost before autonomy levels 4 and below ask.
    #[serde(default)]
    #[schema(value_type = Option<f64>, minimum = 0)]
    ask_above: Option<Number>,
}

fn dollars(field: &str, number: Option<&Number>) -> Result<Option<Cents>, Problem> {
    let Some(number) = number else { return Ok(None) };
    let wrong = |rule: String| Problem::field(format!("caps.{field}"), rule);
    let amount = Cents::parse_dollars(&number.to_string()).map_err(|error| wrong(error.to_string()))?;
    if amount > Cents::from_dollars(MAX_USD) {
        return Err(wrong(format!("is at most {MAX_USD} USD")));
    }
    Ok(Some(amount))
}

impl CapsWanted {
    /// What a shadow or live business may spend in all: nobody is charged what they did not name.
    pub(super) fn budget(&self) -> Result<Cents, Problem> {
        let needed = || Problem::field("caps.money", "is needed for a shadow or live business: what it may spend in all, which may be 0");
        dollars("money", self.money.as_ref())?.ok_or_else(needed)
    }

    /// Sets them in those of a simulated business.
    pub(super) fn apply_simulated(&self, caps: &mut Caps) -> Result<(), Problem> {
        if let Some(total) = dollars("money", self.money.as_ref())? {
            caps.simulated_money = Cap { action: total.percent(25), day: total.percent(25), ..Cap::of(total) };
        }
        if let Some(day) = dollars("money_per_day", self.money_per_day.as_ref())? {
            (caps.simulated_money.action, caps.simulated_money.day) = (day, day);
        }
        if let Some(action) = dollars("money_per_action", self.money_per_action.as_ref())? {
            caps.simulated_money.action = action;
        }
        let most = Cap::of(MAX_MESSAGES);
        self.apply_rest(caps, most)
    }

    /// Sets them in those of a shadow or live business, which are those that are configured and have its budget.
    pub(super) fn apply_real(&self, caps: &mut Caps) -> Result<(), Problem> {
        if let Some(day) = dollars("money_per_day", self.money_per_day.as_ref())? {
            (caps.real_money.action, caps.real_money.day) = (caps.real_money.action.min(day), day);
        }
        if let Some(action) = dollars("money_per_action", self.money_per_action.as_ref())? {
            caps.real_money.action = action;
        }
        let most = caps.messages;
        self.apply_rest(caps, most)
    }

    fn apply_rest(&self, caps: &mut Caps, most: Cap<u64>) -> Result<(), Problem> {
        if let Some(ask_above) = dollars("ask_above", self.ask_above.as_ref())? {
            caps.ask_above = ask_above;
        }
        let messages = &mut caps.messages;
        for (field, wanted, most, cap) in [
            ("messages_per_day", self.messages_per_day, most.day, &mut messages.day),
            ("messages", self.messages, most.total, &mut messages.total),
        ] {
            match wanted {
                Some(wanted) if wanted > most => return Err(Problem::field(format!("caps.{field}"), format!("is at most {most}"))),
                Some(wanted) => *cap = wanted,
                None => {}
            }
        }
        match caps.problem() {
            Some((field, rule)) => Err(Problem::field(format!("caps: {field}"), rule)),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use bbb_core::blueprint;
    use bbb_core::draw::Seed;
    use bbb_core::spec::Spec;
    use serde_json::json;

    fn caps(wanted: serde_json::Value) -> Result<Caps, String> {
        let wanted: CapsWanted = serde_json::from_value(wanted).map_err(|error| error.to_string())?;
        let (origin, blueprint) = blueprint::resolve("Grant Writing Consultancy").unwrap();
        let mut caps = Spec::simulated(origin, blueprint, Seed::new(1), 30).caps;
        wanted.apply_simulated(&mut caps).map_err(|problem| format!("{problem:?}"))?;
        Ok(caps)
    }

    #[test]
    fn caps_are_exact_and_what_is_no_amount_is_named() {
        let set = caps(json!({ "money": 1000.5, "money_per_action": 20, "messages_per_day": 3 })).unwrap();
        assert_eq!((set.simulated_money.total, set.simulated_money.action), (Cents::new(100_050), Cents::from_dollars(20)));
        assert_eq!((set.simulated_money.day, set.messages.day), (Cents::new(25_012), 3));
        assert_eq!(set.real_money.total, Cents::ZERO, "a simulated business moves no money");
        for (wrong, part) in [
            (json!({ "money": -1 }), "caps.money"),
            (json!({ "money": 0.001 }), "caps.money"),
            (json!({ "money": 1e300 }), "caps.money"),
            (json!({ "money": "ten" }), "invalid type"),
            (json!({ "tokens": 5 }), "unknown field"),
        ] {
            let refused = caps(wrong.clone()).expect_err(&wrong.to_string());
            assert!(refused.contains(part), "{wrong}: {refused}");
        }
    }

    #[test]
    fn real_caps_need_a_budget_and_stay_within_what_is_configured() {
        let config = Config::default();
        let caps = |wanted: serde_json::Value| {
            let wanted: CapsWanted = serde_json::from_value(wanted).map_err(|error| error.to_string())?;
            let budget = wanted.budget().map_err(|problem| format!("{problem:?}"))?;
            let mut caps = config.caps(Some(budget));
            wanted.apply_real(&mut caps).map_err(|problem| format!("{problem:?}"))?;
            Ok::<_, String>(caps)
        };
        let set = caps(json!({ "money": 30, "money_per_day": 4, "messages_per_day": 5 })).unwrap();
        let money = set.real_money;
        assert_eq!([money.total, money.month, money.day, money.action].map(Cents::get), [3000, 3000, 400, 400]);
        assert_eq!((set.messages.day, set.messages.total, set.simulated_money.total), (5, 10_000, Cents::ZERO));
        assert_eq!(caps(json!({ "money": 0 })).unwrap().real_money.total, Cents::ZERO);
        for (wrong, part) in [
            (json!({}), "caps.money"),
            (json!({ "money": 30, "messages_per_day": 51 }), "is at most 50"),
            (json!({ "money": 30, "messages": 10_001 }), "is at most 10000"),
        ] {
            let refused = caps(wrong.clone()).expect_err(&wrong.to_string());
            assert!(refused.contains(part), "{wrong}: {refused}");
        }
    }
}
