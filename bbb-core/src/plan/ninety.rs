//! Ninety: the plan of a founder for the first ninety days of one blueprint.

use serde::Serialize;

use super::band::{self, Band};
use super::cash_flow::CashFlow;
use super::checklist::{self, Step};
use super::milestone::{Milestone, milestones};
use super::outlook::Uncertainty;
use super::state::State;
use crate::blueprint::{self, Billing, Blueprint, Origin};
use crate::draw::Seed;
use crate::money::Cents;

/// Who plans, as far as that is known.
#[derive(Debug, Clone, Default)]
pub struct Who {
    /// What they are called.
    pub name: Option<String>,
    /// Where they are.
    pub state: Option<&'static State>,
    /// Money to open with, in cents; where absent, just what opening costs.
    pub budget: Option<Cents>,
    /// Hours a week that there are.
    pub hours: Option<u8>,
}

/// The plan. All figures are planned or simulated: none has happened.
#[derive(Debug, Clone, Serialize)]
pub struct Plan {
    /// What the founder is called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub founder: Option<String>,
    /// Where they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<&'static State>,
    /// Whether the founder did not say what money they have, so that it is taken to be what opening costs.
    pub money_is_assumed: bool,
    /// How many hours a week are lacking, where some are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hours_short: Option<u8>,
    /// What is opened.
    pub business: Business,
    /// What is planned, to the cent.
    pub cash_flow: CashFlow,
    /// What the futures say of it.
    pub band: Band,
    /// What should happen when.
    pub milestones: Vec<Milestone>,
    /// What to do first.
    pub checklist: [Step; 7],
}

/// What is opened, by its planning figures. Amounts are in cents.
#[derive(Debug, Clone, Serialize)]
pub struct Business {
    /// Its name.
    pub name: String,
    /// The template whose figures a concept borrows; absent where the blueprint is a template, or no template is near.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub figures_of: Option<String>,
    /// Whether it is a concept of the founder's own.
    pub is_concept: bool,
    /// Branch of trade.
    pub industry: String,
    /// What the customer buys.
    pub offer: String,
    /// Who buys it.
    pub target_customer: String,
    /// The price of one sale, or of a month.
    #[serde(rename = "price_usd_cents")]
    pub price: Cents,
    /// How often the price is paid.
    pub billing: Billing,
    /// What opening costs.
    #[serde(rename = "startup_cost_usd_cents")]
    pub startup_cost: Cents,
    /// Revenue of a full month.
    #[serde(rename = "full_month_revenue_usd_cents")]
    pub revenue: Cents,
    /// Expenses of a full month.
    #[serde(rename = "full_month_expenses_usd_cents")]
    pub expenses: Cents,
    /// Months until the full figures are reached.
    pub ramp_up_months: u8,
    /// Hours a week that it takes a person.
    pub hours_per_week: u8,
    /// The licence that it needs, where one is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub licence: Option<String>,
}

/// Plans ninety days of a blueprint over so many futures. The same seed draws the same ones.
pub fn plan(origin: &Origin, blueprint: &Blueprint, who: &Who, draws: u32, seed: Seed) -> Plan {
    let money = who.budget.unwrap_or(blueprint.startup_cost);
    let cash_flow = CashFlow::of(blueprint, money);
    let band = band::look(blueprint, money, draws, Uncertainty::STATED, seed.derive(&blueprint.slug));
    Plan {
        founder: who.name.clone(),
        state: who.state,
        money_is_assumed: who.budget.is_none(),
        hours_short: who.hours.and_then(|hours| blueprint.time_commitment_hours_per_week.checked_sub(hours)).filter(|short| *short > 0),
        business: business(origin, blueprint),
        milestones: milestones(blueprint, &cash_flow, &band),
        cash_flow,
        band,
        checklist: checklist::steps(blueprint, who.state),
    }
}

fn business(origin: &Origin, blueprint: &Blueprint) -> Business {
    let is_concept = matches!(origin, Origin::Concept { .. });
    let lender = |template: &&Blueprint| template.keywords == blueprint.keywords && template.startup_cost == blueprint.startup_cost;
    Business {
        name: blueprint.name.clone(),
        figures_of: blueprint::all().iter().find(lender).filter(|_| is_concept).map(|template| template.name.clone()),
        is_concept,
        industry: blueprint.industry.clone(),
        offer: blueprint.offer.clone(),
        target_customer: blueprint.target_customer.clone(),
        price: blueprint.price,
        billing: blueprint.billing,
        startup_cost: blueprint.startup_cost,
        revenue: blueprint.expected_monthly_revenue,
        expenses: blueprint.expected_monthly_expenses,
        ramp_up_months: blueprint.ramp_up_months,
        hours_per_week: blueprint.time_commitment_hours_per_week,
        licence: blueprint.licence.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_is_a_function_of_its_seed_and_says_what_it_took_for_granted() {
        let (origin, blueprint) = blueprint::resolve("Weekly lunch menus for restaurants").expect("a concept");
        let told = |budget, seed| {
            let who = Who { budget, ..Who::default() };
            serde_json::to_value(plan(&origin, &blueprint, &who, 200, Seed::new(seed))).expect("plain")
        };
        let one = told(None, 1);
        assert_eq!(one, told(None, 1));
        assert_ne!(one["band"], told(None, 2)["band"]);
        assert_eq!(one["business"]["figures_of"], "Social Media Management for Restaurants");
        assert_eq!(
            (one["money_is_assumed"].as_bool(), told(Some(Cents::ZERO), 1)["money_is_assumed"].as_bool()),
            (Some(true), Some(false))
        );
        assert_eq!(one["cash_flow"]["money_usd_cents"], one["business"]["startup_cost_usd_cents"]);
    }
}
