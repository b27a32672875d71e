//! Milestone: what should have happened by which week, and how to see whether it has.

use serde::Serialize;

use super::band::Band;
use super::cash_flow::{CashFlow, DAYS, MONTH_DAYS, MONTHS, Span, WEEKS, ends, week_of};
use super::{QUARTER_TARGET, percent};
use crate::blueprint::{Billing, Blueprint};
use crate::money::{Cents, dollars};

/// Something that the plan expects.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Milestone {
    /// By the end of which week; absent where the plan does not reach it in ninety days.
    pub week: Option<u32>,
    /// What it is, in a few words.
    pub title: String,
    /// What is expected.
    pub expects: String,
    /// How to see whether it has happened.
    pub check: String,
}

/// The milestones of a plan, by week; those beyond it last.
pub fn milestones(blueprint: &Blueprint, flow: &CashFlow, band: &Band) -> Vec<Milestone> {
    let mut all = vec![launched(blueprint), customer(blueprint, flow), month_one(flow, band)];
    all.extend(ten(blueprint, flow));
    all.extend(ramp(blueprint));
    all.push(even(flow, band));
    all.extend(target(flow));
    all.push(end(flow, band));
    all.sort_by_key(|one| one.week.unwrap_or(u32::MAX));
    all
}

fn milestone(week: Option<u32>, title: &str, expects: String, check: String) -> Milestone {
    Milestone { week, title: title.to_owned(), expects, check }
}

fn launched(blueprint: &Blueprint) -> Milestone {
    milestone(
        Some(1),
        "Launched",
        format!("The seven steps are done, and opening is paid: {}.", dollars(blueprint.startup_cost)),
        "bbb status lists the business as active.".to_owned(),
    )
}

/// The week by whose end revenue so far is this much.
fn reaches(flow: &CashFlow, amount: Cents) -> Option<&Span> {
    flow.revenue_so_far().find(|(_, sum)| *sum >= amount).map(|(week, _)| week)
}

fn priced(blueprint: &Blueprint) -> String {
    match blueprint.billing {
        Billing::OneTime => dollars(blueprint.price),
        Billing::Monthly => format!("{} a month", dollars(blueprint.price)),
    }
}

fn customer(blueprint: &Blueprint, flow: &CashFlow) -> Milestone {
    let week = reaches(flow, blueprint.price.max(Cents::new(1)));
    milestone(
        week.map(|week| week.number),
        "First customer",
        format!("Planned revenue so far covers one sale at {}.", priced(blueprint)),
        "bbb report shows a payment with a receipt.".to_owned(),
    )
}

fn ten(blueprint: &Blueprint, flow: &CashFlow) -> Option<Milestone> {
    let week = reaches(flow, blueprint.price.max(Cents::new(1)).times(10))?;
    Some(milestone(
        Some(week.number),
        "Ten sales",
        format!("Planned revenue so far covers ten sales at {}.", priced(blueprint)),
        "bbb report shows ten payments.".to_owned(),
    ))
}

/// The first month, looked back on: when to go on and when to think again.
fn month_one(flow: &CashFlow, band: &Band) -> Milestone {
    let week = week_of(MONTH_DAYS);
    let so_far = flow.revenue_so_far().find(|(span, _)| span.number == week);
    let (sum, planned) = so_far.map_or_else(Default::default, |(span, sum)| (sum, span.balance));
    let low = band.weeks.get(week as usize - 1).map_or(Cents::ZERO, |told| told[0]);
    milestone(
        Some(week),
        "Look back on the first month",
        format!("Planned by day {}: revenue {}, balance {}.", ends(week), dollars(sum), dollars(planned)),
        format!(
            "A balance below {} is worse than in nine of ten simulated futures: then find out which figure is wrong, and plan again with it.",
            dollars(low)
        ),
    )
}

/// How far the ramp-up is.
fn ramp(blueprint: &Blueprint) -> Vec<Milestone> {
    let months = u32::from(blueprint.ramp_up_months.max(1));
    let begins = |month: u32| (month <= MONTHS).then(|| week_of((month - 1) * MONTH_DAYS + 1));
    let runs_at = |month: u32, of: &str| {
        let share = blueprint.expected_monthly_revenue.times(i64::from(month.min(months))).get() / i64::from(months);
        (
            format!("Month {month} brings {of}: {}.", dollars(Cents::new(share))),
            format!("Revenue of days {} to {} in bbb report.", (month - 1) * MONTH_DAYS + 1, month * MONTH_DAYS),
        )
    };
    let full = |title: &str| {
        let (expects, check) = runs_at(months, "what a full month does");
        milestone(begins(months), title, expects, check)
    };
    if months == 1 {
        return vec![full("Full revenue from the start")];
    }
    let half = months.div_ceil(2);
    let (expects, check) = runs_at(half, "at least half of a full one");
    vec![milestone(begins(half), "Half of the ramp-up begins", expects, check), full("Ramp-up done")]
}

fn even(flow: &CashFlow, band: &Band) -> Milestone {
    let week = flow.breaks_even();
    let chance = format!("In {} of the simulated futures it is so by day {DAYS}.", percent(band.earned_back));
    let check = "Revenue in bbb report is above all that was spent, opening too.".to_owned();
    match week {
        Some(week) => milestone(
            Some(week.number),
            "Break-even",
            format!("All that was spent, opening too, is earned back: the balance is {} again. {chance}", dollars(flow.money)),
            check,
        ),
        None => milestone(None, "Break-even", format!("Not within {DAYS} days by the plan. {chance}"), check),
    }
}

fn target(flow: &CashFlow) -> Option<Milestone> {
    let week = reaches(flow, QUARTER_TARGET)?;
    Some(milestone(
        Some(week.number),
        "The quarter's target",
        format!("Revenue so far reaches {}.", dollars(QUARTER_TARGET)),
        "bbb report shows that revenue.".to_owned(),
    ))
}

fn end(flow: &CashFlow, band: &Band) -> Milestone {
    let [low, middle, high] = band.weeks.last().copied().unwrap_or_default();
    milestone(
        Some(WEEKS),
        "Decide on day 90",
        format!(
            "Planned: revenue {}, balance {}. Simulated: a balance below {} in one of ten futures, below {} in half, below {} in nine of ten.",
            dollars(flow.total.revenue),
            dollars(flow.total.balance),
            dollars(low),
            dollars(middle),
            dollars(high)
        ),
        "Compare with bbb report, and go on, change the price, or stop.".to_owned(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blueprint;
    use crate::draw::Seed;
    use crate::plan::band;
    use crate::plan::outlook::Uncertainty;

    fn of(blueprint: &Blueprint) -> (CashFlow, Vec<Milestone>) {
        let flow = CashFlow::of(blueprint, blueprint.startup_cost);
        let band = band::look(blueprint, blueprint.startup_cost, 200, Uncertainty::STATED, Seed::new(1));
        let all = milestones(blueprint, &flow, &band);
        (flow, all)
    }

    #[test]
    fn milestones_come_in_order_and_say_how_to_check() {
        for template in blueprint::all() {
            let (flow, all) = of(template);
            assert!(all.is_sorted_by_key(|one| one.week.unwrap_or(99)) && all[0].title == "Launched" && all[0].week == Some(1));
            assert!(all.iter().all(|one| one.week.is_none_or(|week| (1..=13).contains(&week)) && !one.check.is_empty()));
            let week = |title: &str| all.iter().find(|one| one.title == title).expect(title).week;
            assert_eq!(week("Break-even"), flow.breaks_even().map(|span| span.number), "{}", template.name);
            assert!(week("First customer") <= week("Decide on day 90"), "{}", template.name);
        }
    }

    #[test]
    fn the_ramp_up_is_dated_by_the_month_in_which_it_gets_there() {
        let weeks = |months: u8| {
            let mut one = blueprint::all()[0].clone();
            one.ramp_up_months = months;
            ramp(&one).into_iter().map(|one| one.week).collect::<Vec<_>>()
        };
        assert_eq!(weeks(0), [Some(1)]);
        assert_eq!(weeks(1), [Some(1)]);
        assert_eq!(weeks(2), [Some(1), Some(5)]);
        assert_eq!(weeks(3), [Some(5), Some(9)]);
        assert_eq!(weeks(4), [Some(5), None]);
        assert_eq!(weeks(255), [None, None]);
    }

    #[test]
    fn a_price_that_is_never_reached_has_no_week() {
        let mut dear = blueprint::all()[0].clone();
        dear.price = Cents::new(i64::MAX);
        let (_, all) = of(&dear);
        assert!(all.iter().any(|one| one.title == "First customer" && one.week.is_none()));
        assert!(all.iter().all(|one| one.title != "Ten sales"));
    }
}
