//! What if: a simulated business beside its alternatives, which left it at some event and went on in the same future with something different. All of it is the
//! simulator's: nothing here has happened.

use bbb_core::event::{By, Event, Payload};
use bbb_core::fork::Change;
use bbb_core::id::BusinessId;
use bbb_core::money::Cents;
use bbb_core::projection::Dollars;
use bbb_core::state::State;
use serde::Serialize;

use crate::fault::Fault;
use crate::simulate::outcome::{CASH_EVERY_DAYS, brought};

/// The most alternatives that are compared at once: more lines could not be told apart.
pub const MAX_ALTERNATIVES: usize = 7;

/// A business and its alternatives from one event on.
#[derive(Debug, Clone, Serialize)]
pub struct Comparison {
    /// Always true: nothing of this has happened.
    pub simulated: bool,
    /// What the business is called.
    pub blueprint: String,
    /// The last event that all have in common.
    pub at_event: u64,
    /// The day that ran then, counted from 1.
    pub at_day: u32,
    /// How often people gave the original orders later, which the alternatives did not get.
    pub later_orders: usize,
    /// What really happened in the simulation.
    pub original: Figures,
    /// What happened otherwise, in the order in which it was asked for.
    pub alternatives: Vec<Alternative>,
}

/// What one alternative came to.
#[derive(Debug, Clone, Serialize)]
pub struct Alternative {
    /// What is different, in a few words.
    pub name: String,
    /// What is different.
    pub change: Change,
    /// What it came to.
    pub figures: Figures,
    /// The same less what the original came to.
    pub difference: Difference,
}

/// What a business came to from the fork on.
#[derive(Debug, Clone, Serialize)]
pub struct Figures {
    /// The business.
    pub business_id: BusinessId,
    /// How it ended.
    pub status: &'static str,
    /// Revenue less spending.
    pub profit: Dollars,
    /// Money earned, and given back already taken off.
    pub revenue: Dollars,
    /// Money spent.
    pub spent: Dollars,
    /// Contacts that paid for the first time.
    pub customers: i64,
    /// The mean rating; none where nobody rated.
    pub stars: Option<f64>,
    /// Ratings of four and five stars among all; none likewise.
    pub satisfaction: Option<f64>,
    /// Proposals that oversight vetoed at once.
    pub refused: i64,
    /// The cash at the end: what the founder brought (the cost to open and three months of expenses), with all that was earned, less all that was spent.
    pub cash_at_the_end: Dollars,
    /// The cash at the end of every seventh day since the launch.
    pub cash_by_week: Vec<Dollars>,
}

/// How much more an alternative came to than the original.
#[derive(Debug, Clone, Serialize)]
#[expect(missing_docs, reason = "as in the figures")]
pub struct Difference {
    pub profit: Dollars,
    pub revenue: Dollars,
    pub spent: Dollars,
    pub customers: i64,
    pub stars: Option<f64>,
    pub refused: i64,
    pub cash_at_the_end: Dollars,
}

impl Comparison {
    /// The comparison of a business, whose events these are, with none yet; `before` is its state at the fork, `after` that at its end.
    pub fn new(events: &[Event], before: &State, after: &State) -> Comparison {
        let later = events.iter().filter(|event| event.sequence > before.sequence);
        Comparison {
            simulated: true,
            blueprint: after.spec.blueprint.name.clone(),
            at_event: before.sequence,
            at_day: before.day + 1,
            later_orders: later.filter(|event| is_order(&event.payload)).count(),
            original: Figures::of(before, after),
            alternatives: Vec::new(),
        }
    }

    /// Adds an alternative that left the original at `before` and ended at `after`.
    pub fn add(&mut self, name: String, change: Change, before: &State, after: &State) {
        let figures = Figures::of(before, after);
        let difference = figures.less(&self.original);
        self.alternatives.push(Alternative { name, change, figures, difference });
    }
}

/// The event that ended a day, counted from 1.
///
/// # Errors
/// [`Fault`] says how many days ended, where that one did not.
pub fn end_of_day(events: &[Event], wanted: u32) -> Result<u64, Fault> {
    let mut closed = 0;
    for event in events {
        if let Payload::DayClosed { day } = event.payload {
            closed = day + 1;
            if closed == wanted {
                return Ok(event.sequence);
            }
        }
    }
    Err(Fault::usage(format!("day {wanted} never ended: the business ran {closed} days")))
}

/// What somebody told a business to do, in a run that is otherwise a function of its launch.
fn is_order(payload: &Payload) -> bool {
    let by_people = |by: &By| matches!(by, By::Owner | By::Delegate(_));
    match payload {
        Payload::CapsSet { .. } | Payload::AutonomySet { .. } | Payload::Delegated { .. } => true,
        Payload::Answered { by, .. } | Payload::Paused { by, .. } | Payload::Ended { by, .. } => by_people(by),
        _ => false,
    }
}

impl Figures {
    fn of(before: &State, after: &State) -> Figures {
        let (earlier, later) = (before.books.of_world(), after.books.of_world());
        let (revenue, spent) = (later.revenue.minus(earlier.revenue), later.spent.minus(earlier.spent));
        let ratings = after.trade.ratings.since(&before.trade.ratings);
        let brought = brought(&after.spec.blueprint);
        let cash = |revenue: Cents, spent: Cents| Dollars(brought.plus(revenue).minus(spent));
        let weeks = after.history.iter().skip(CASH_EVERY_DAYS - 1).step_by(CASH_EVERY_DAYS);
        Figures {
            business_id: after.business,
            status: after.status.as_str(),
            profit: Dollars(revenue.minus(spent)),
            revenue: Dollars(revenue),
            spent: Dollars(spent),
            customers: i64::from(after.trade.customers) - i64::from(before.trade.customers),
            stars: ratings.mean(),
            satisfaction: ratings.satisfaction(),
            refused: i64::try_from(after.rulings.vetoed.saturating_sub(before.rulings.vetoed)).unwrap_or(i64::MAX),
            cash_at_the_end: cash(later.revenue, later.spent),
            cash_by_week: weeks.map(|row| cash(row.revenue, row.spent)).collect(),
        }
    }

    fn less(&self, other: &Figures) -> Difference {
        let money = |figure: fn(&Figures) -> Dollars| Dollars(figure(self).0.minus(figure(other).0));
        Difference {
            profit: money(|figures| figures.profit),
            revenue: money(|figures| figures.revenue),
            spent: money(|figures| figures.spent),
            customers: self.customers - other.customers,
            stars: self.stars.zip(other.stars).map(|(ours, theirs)| ours - theirs),
            refused: self.refused - other.refused,
            cash_at_the_end: money(|figures| figures.cash_at_the_end),
        }
    }
}

/// The heads of the columns that [`Figures::cells`] and [`Difference::cells`] fill.
pub const HEADS: [&str; 7] = ["#Profit", "#Revenue", "#Spent", "#Customers", "#Stars", "#Refused", "#Cash at the end"];

impl Figures {
    /// The figures for people.
    pub fn cells(&self) -> [String; 7] {
        let money = |dollars: Dollars| bbb_core::money::dollars(dollars.0);
        let stars = self.stars.map_or("-".to_owned(), |stars| format!("{stars:.2}"));
        let [profit, revenue, spent, cash] = [self.profit, self.revenue, self.spent, self.cash_at_the_end].map(money);
        [profit, revenue, spent, self.customers.to_string(), stars, self.refused.to_string(), cash]
    }
}

impl Difference {
    /// The differences for people, with their signs.
    pub fn cells(&self) -> [String; 7] {
        let money = |dollars: Dollars| {
            let sign = if dollars.0 > Cents::ZERO { "+" } else { "" };
            format!("{sign}{}", bbb_core::money::dollars(dollars.0))
        };
        let count = |count: i64| if count == 0 { "0".to_owned() } else { format!("{count:+}") };
        let stars = self.stars.map_or("-".to_owned(), |stars| if stars.abs() < 0.005 { "0.00".to_owned() } else { format!("{stars:+.2}") });
        let [profit, revenue, spent, cash] = [self.profit, self.revenue, self.spent, self.cash_at_the_end].map(money);
        [profit, revenue, spent, count(self.customers), stars, count(self.refused), cash]
    }
}
