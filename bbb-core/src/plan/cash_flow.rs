//! Cash flow: what the first ninety days bring by the planning figures, week by week and exact to the cent.
//!
//! Months have thirty days here, and weeks seven; the thirteenth has six. Money comes and goes evenly within a month, and opening is paid in the first week.
//! All sums so far are rounded once, from the exact figure, and a week is the difference of two of them: weeks and months sum to the same cents, and the end
//! is that of [`project`](super::projection::project) over three months.

use serde::Serialize;

use crate::blueprint::Blueprint;
use crate::money::Cents;

/// The days of a plan.
pub const DAYS: u32 = 90;
/// Its weeks.
pub const WEEKS: u32 = 13;
/// Its months.
pub const MONTHS: u32 = 3;
/// The days of a month.
pub const MONTH_DAYS: u32 = DAYS / MONTHS;
const WEEK_DAYS: u32 = 7;

/// A span of the plan: a week or a month. Money is in cents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Span {
    /// Which one, from 1.
    pub number: u32,
    /// Its first day, from 1.
    pub from_day: u32,
    /// Its last day.
    pub to_day: u32,
    /// What opening costs in it.
    #[serde(rename = "opening_usd_cents")]
    pub opening: Cents,
    /// What comes in.
    #[serde(rename = "revenue_usd_cents")]
    pub revenue: Cents,
    /// What goes out, opening apart.
    #[serde(rename = "expenses_usd_cents")]
    pub expenses: Cents,
    /// The founder's money at its end: what they began with, less opening and expenses, plus revenue.
    #[serde(rename = "balance_usd_cents")]
    pub balance: Cents,
}

/// What is planned for ninety days.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CashFlow {
    /// What the founder begins with, in cents.
    #[serde(rename = "money_usd_cents")]
    pub money: Cents,
    /// The weeks.
    pub weeks: Vec<Span>,
    /// The same by months.
    pub months: Vec<Span>,
    /// All of it.
    pub total: Span,
}

impl CashFlow {
    /// What a blueprint plans, for a founder with this money.
    pub fn of(blueprint: &Blueprint, money: Cents) -> CashFlow {
        let sums = Sums::of(blueprint);
        let span = |number: u32, days: u32| {
            let (before, to_day) = ((number - 1) * days, (number * days).min(DAYS));
            let opening = if before == 0 { blueprint.startup_cost } else { Cents::ZERO };
            let revenue = sums.revenue(to_day).minus(sums.revenue(before));
            let expenses = revenue.minus(sums.net(to_day).minus(sums.net(before)));
            let balance = money.minus(blueprint.startup_cost).plus(sums.net(to_day));
            Span { number, from_day: before + 1, to_day, opening, revenue, expenses, balance }
        };
        CashFlow {
            money,
            weeks: (1..=WEEKS).map(|week| span(week, WEEK_DAYS)).collect(),
            months: (1..=MONTHS).map(|month| span(month, MONTH_DAYS)).collect(),
            total: span(1, DAYS),
        }
    }

    /// The first week from whose end on opening and expenses are earned back, where there is one.
    pub fn breaks_even(&self) -> Option<&Span> {
        let short = self.weeks.iter().rposition(|week| week.balance < self.money);
        self.weeks.get(short.map_or(0, |last| last + 1))
    }

    /// Revenue from the first day to the end of each week.
    pub fn revenue_so_far(&self) -> impl Iterator<Item = (&Span, Cents)> {
        self.weeks.iter().scan(Cents::ZERO, |sum, week| {
            *sum = sum.plus(week.revenue);
            Some((week, *sum))
        })
    }
}

/// The last day of a week.
pub(super) const fn ends(week: u32) -> u32 {
    let day = week * WEEK_DAYS;
    if day < DAYS { day } else { DAYS }
}

/// The week that a day lies in; both from 1.
pub(super) const fn week_of(day: u32) -> u32 {
    day.div_ceil(WEEK_DAYS)
}

/// What has come and gone by the end of a day.
struct Sums {
    revenue: i128,
    net: i128,
    ramp: u32,
}

impl Sums {
    fn of(blueprint: &Blueprint) -> Sums {
        let revenue = i128::from(blueprint.expected_monthly_revenue.get());
        Sums {
            revenue,
            net: revenue - i128::from(blueprint.expected_monthly_expenses.get()),
            ramp: u32::from(blueprint.ramp_up_months.max(1)),
        }
    }

    fn revenue(&self, day: u32) -> Cents {
        self.rounded(self.revenue, day)
    }

    fn net(&self, day: u32) -> Cents {
        self.rounded(self.net, day)
    }

    /// So much a full month, by the end of this day, to the nearest cent, halves up.
    fn rounded(&self, month: i128, day: u32) -> Cents {
        let share = |month: u32| i128::from(month.min(self.ramp));
        let (whole, part) = (day / MONTH_DAYS, day % MONTH_DAYS);
        // In units of a day of a month that is worth 1 / ramp of a full one.
        let units = (1..=whole).map(|month| share(month) * i128::from(MONTH_DAYS)).sum::<i128>() + share(whole + 1) * i128::from(part);
        let by = i128::from(MONTH_DAYS * self.ramp);
        let rounded = (2 * month * units + by).div_euclid(2 * by);
        Cents::new(i64::try_from(rounded).unwrap_or(if rounded > 0 { i64::MAX } else { i64::MIN }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blueprint;
    use crate::plan::projection::project;

    #[test]
    fn weeks_and_months_sum_to_the_planning_figures_to_the_cent() {
        let mut odd: Vec<Blueprint> = Vec::new();
        for ramp in [0, 1, 7, 11, 255] {
            let mut one = blueprint::all()[0].clone();
            (one.ramp_up_months, one.startup_cost) = (ramp, Cents::new(99_999));
            (one.expected_monthly_revenue, one.expected_monthly_expenses) = (Cents::new(333_337), Cents::new(100_003));
            odd.push(one.clone());
            // A loss.
            one.expected_monthly_expenses = Cents::new(654_321);
            odd.push(one);
        }
        for template in blueprint::all().iter().chain(&odd) {
            let money = Cents::from_dollars(5_000);
            let flow = CashFlow::of(template, money);
            assert_eq!((flow.weeks.len(), flow.months.len()), (13, 3));
            let ramp = i64::from(template.ramp_up_months.max(1));
            let units: i64 = (1..=3).map(|month: i64| month.min(ramp)).sum();
            let exact = |cents: Cents| Cents::new((2 * cents.get() * units + ramp).div_euclid(2 * ramp));
            for spans in [&flow.weeks, &flow.months, &vec![flow.total]] {
                let sum = |figure: fn(&Span) -> Cents| spans.iter().map(figure).fold(Cents::ZERO, Cents::plus);
                assert_eq!(sum(|span| span.revenue), exact(template.expected_monthly_revenue), "{}", template.name);
                let spent = sum(|span| span.expenses).minus(exact(template.expected_monthly_expenses)).get().abs();
                // Three roundings cannot all be kept apart where a month's share is no whole cent: expenses take what is left.
                assert!(spent <= i64::from(template.ramp_up_months > 6), "{}: {spent}", template.name);
                assert_eq!(sum(|span| span.opening), template.startup_cost);
                let last = spans.last().expect("one");
                assert_eq!((spans[0].from_day, last.to_day), (1, DAYS));
                assert_eq!(last.balance.minus(money).get().max(0), project(template, MONTHS).profit.get(), "{}", template.name);
                let mut balance = money;
                for span in spans {
                    balance = balance.plus(span.revenue).minus(span.expenses).minus(span.opening);
                    assert_eq!(balance, span.balance, "{}: {span:?}", template.name);
                }
            }
            for month in &flow.months {
                let share = i64::from(month.number).min(ramp);
                let whole = Cents::new((2 * template.expected_monthly_revenue.get() * share + ramp).div_euclid(2 * ramp));
                assert!(month.revenue.minus(whole).get().abs() <= i64::from(template.ramp_up_months > 6), "{}", template.name);
            }
        }
    }

    #[test]
    fn days_lie_in_their_weeks() {
        assert_eq!([1, 7, 8, 84, 85, 90].map(week_of), [1, 1, 2, 12, 13, 13]);
        assert_eq!([1, 12, 13].map(ends), [7, 84, 90]);
        let flow = CashFlow::of(&blueprint::all()[0], Cents::ZERO);
        assert!(flow.weeks.iter().all(|week| week.to_day == ends(week.number) && week_of(week.from_day) == week.number));
    }

    #[test]
    fn earned_back_is_what_stays_so() {
        for template in blueprint::all() {
            let flow = CashFlow::of(template, Cents::ZERO);
            let by_hand = (0..flow.weeks.len()).find(|at| flow.weeks[*at..].iter().all(|week| week.balance >= Cents::ZERO));
            assert_eq!(flow.breaks_even().map(|week| week.number as usize - 1), by_hand, "{}", template.name);
        }
        let mut loss = blueprint::all()[0].clone();
        loss.expected_monthly_expenses = Cents::new(i64::MAX);
        loss.expected_monthly_revenue = Cents::new(i64::MIN);
        assert_eq!(CashFlow::of(&loss, Cents::ZERO).breaks_even(), None);
    }
}
