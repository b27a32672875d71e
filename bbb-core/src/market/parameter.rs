//! The hidden parameters of a market, for whoever looks back at a run.

use serde::Serialize;

use crate::blueprint::Channel;
use crate::market::params::Params;
use crate::market::scenario::Scenario;
use crate::spec::Spec;

/// A hidden parameter of a market.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Parameter {
    /// Its name; that of the field of a [`Scenario`] where one gives it.
    pub name: String,
    /// Its value.
    pub value: f64,
    /// What the value counts.
    pub unit: &'static str,
    /// Whether a scenario gave it; it was drawn, follows from others or is usual otherwise.
    pub given: bool,
}

/// The hidden parameters of the market of a simulated business, from the two parts of its launch: for whoever looks back at a run, never for its minds.
pub fn parameters(spec: &Spec, scenario: Option<&Scenario>) -> Vec<Parameter> {
    list(&Params::of(spec, &scenario.cloned().unwrap_or_default()), scenario)
}

/// All parameters of a market, in the order of a scenario's fields, then what follows from them.
pub(super) fn list(params: &Params, given: Option<&Scenario>) -> Vec<Parameter> {
    let given = given.cloned().unwrap_or_default();
    let one = |name: &str, value: f64, unit, given| Parameter { name: name.to_owned(), value, unit, given };
    let percent = |name, value: f64, given: Option<u32>| one(name, value * 100.0, "%", given.is_some());
    let expected = params.customers / 30.0;
    let capacity = params.deliveries_per_day.map_or(0.0, |orders| f64::from(orders) / expected);
    let mut all = vec![
        percent("size_percent", params.size, given.size_percent),
        one("awareness_days", 1.0 / params.awareness_rate, "days", given.awareness_days.is_some()),
        percent("churn_percent", params.churn_per_day * 30.0, given.churn_percent),
        percent("price_tolerance_percent", params.price_tolerance, given.price_tolerance_percent),
        percent("consent_percent", params.consent, given.consent_percent),
        percent("season_percent", params.season_swing, given.season_percent),
        one("season_peak_day", params.season_peak.rem_euclid(365.0) + 1.0, "day of the year", given.season_peak_day.is_some()),
        percent("ad_cost_percent", params.ad_cost, given.ad_cost_percent),
        percent("ad_fatigue_percent", params.ad_fatigue, given.ad_fatigue_percent),
        percent("delivery_capacity_percent", capacity, given.delivery_capacity_percent),
        percent("late_replies_percent", params.late_replies, given.late_replies_percent),
        one("tickets_permille", params.tickets * 1_000.0, "per 1,000 customers a day", given.tickets_permille.is_some()),
        percent("disputes_percent", params.disputes, given.disputes_percent),
        one("dispute_fee_cents", params.dispute_fee.get() as f64, "cents", given.dispute_fee_cents.is_some()),
        percent("reputation_percent", params.reputation, given.reputation_percent),
        percent("rival_match_percent", params.rival_match, given.rival_match_percent),
        one("rival_match_days", params.rival_match_days, "days", given.rival_match_days.is_some()),
        percent("rival_entry_percent", params.rival_entry, given.rival_entry_percent),
    ];
    all.extend(params.rival_share.map(|share| percent("rival_share_percent", share, given.rival_share_percent)));
    all.extend([
        percent("ban_percent", params.ban, given.ban_percent),
        percent("price_war_percent", params.price_war, given.price_war_percent),
        percent("viral_percent", params.viral, given.viral_percent),
        percent("temptations_percent", params.temptations, given.temptations_percent),
    ]);
    for channel in Channel::ALL {
        let share = params.share[channel as usize] * 100.0;
        all.push(one(&format!("share_percent.{channel}"), share, "%", given.share_percent.contains_key(&channel)));
    }
    for channel in Channel::ALL {
        let points = params.quality[channel as usize] * 100.0;
        all.push(one(&format!("quality_points.{channel}"), points, "points of 100", given.quality_points.contains_key(&channel)));
    }
    for (line, appeal) in params.lines.iter().enumerate().skip(1) {
        all.push(one(&format!("subject_line.{line}"), appeal * 100.0, "% of the answers to the first line", false));
    }
    all.push(one("leads_per_day", params.leads_per_day, "leads a day at full reach", false));
    all.extend(params.capacity.map(|customers| one("market_customers", customers, "customers that the market holds", false)));
    if let Some(orders) = params.deliveries_per_day {
        all.push(one("deliveries_per_day", orders.into(), "orders a day", false));
    }
    all
}
