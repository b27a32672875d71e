//! Budgets: how much money, how many tokens and how many messages a business may use, in one action, in a day, in a month and in all.
//!
//! Days and months are those of the business's time zone, and a hold counts when it is taken. There is no unlimited default: a cap of zero allows nothing.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::action::Cost;
use crate::money::{Amount, Cents};

/// What a budget is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resource {
    /// Real money, in cents; model calls included.
    RealMoney,
    /// Money of the simulator, in cents.
    SimulatedMoney,
    /// Tokens of language models.
    Tokens,
    /// Messages to people.
    Messages,
}

impl Resource {
    /// All of them.
    pub const ALL: [Resource; 4] = [Resource::RealMoney, Resource::SimulatedMoney, Resource::Tokens, Resource::Messages];

    /// The resource's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Resource::RealMoney => "real_money",
            Resource::SimulatedMoney => "simulated_money",
            Resource::Tokens => "tokens",
            Resource::Messages => "messages",
        }
    }

    /// The resource that money is.
    pub const fn of_money(simulated: bool) -> Resource {
        if simulated { Resource::SimulatedMoney } else { Resource::RealMoney }
    }

    /// How much of it a cost takes; nothing is never negative.
    pub fn taken_by(self, cost: &Cost) -> u64 {
        match (self, cost.money) {
            (Resource::RealMoney, Amount::Real(_)) | (Resource::SimulatedMoney, Amount::Simulated(_)) => whole(cost.money.cents()),
            (Resource::RealMoney | Resource::SimulatedMoney, _) => 0,
            (Resource::Tokens, _) => cost.tokens.into(),
            (Resource::Messages, _) => cost.messages.into(),
        }
    }

    /// An amount of it, for people.
    pub fn show(self, amount: u64) -> String {
        match self {
            Resource::RealMoney => format!("{} USD", cents(amount)),
            Resource::SimulatedMoney => format!("{} simulated USD", cents(amount)),
            Resource::Tokens => format!("{amount} tokens"),
            Resource::Messages => format!("{amount} messages"),
        }
    }
}

/// Over which time a budget counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Window {
    /// One action.
    Action,
    /// A calendar day.
    Day,
    /// A calendar month.
    Month,
    /// The business's whole life.
    Total,
}

impl Window {
    /// All of them, the shortest first.
    pub const ALL: [Window; 4] = [Window::Action, Window::Day, Window::Month, Window::Total];

    /// The window's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Window::Action => "action",
            Window::Day => "day",
            Window::Month => "month",
            Window::Total => "total",
        }
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Window::Action => "one action",
            Window::Day => "the day",
            Window::Month => "the month",
            Window::Total => "the business",
        })
    }
}

/// The caps of one resource, in its unit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cap<T> {
    /// In one action.
    pub action: T,
    /// In a day.
    pub day: T,
    /// In a month.
    pub month: T,
    /// In all.
    pub total: T,
}

impl<T: Copy> Cap<T> {
    /// The same cap over every time: only the total binds.
    pub const fn of(total: T) -> Cap<T> {
        Cap { action: total, day: total, month: total, total }
    }

    const fn over_mut(&mut self, window: Window) -> &mut T {
        match window {
            Window::Action => &mut self.action,
            Window::Day => &mut self.day,
            Window::Month => &mut self.month,
            Window::Total => &mut self.total,
        }
    }

    const fn over(&self, window: Window) -> T {
        match window {
            Window::Action => self.action,
            Window::Day => self.day,
            Window::Month => self.month,
            Window::Total => self.total,
        }
    }
}

/// The hard caps of a business.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Caps {
    /// Real money that may leave the business, model calls included: what its owner allots to it.
    pub real_money: Cap<Cents>,
    /// Money of the simulator that may leave the business.
    pub simulated_money: Cap<Cents>,
    /// Model tokens.
    pub tokens: Cap<u64>,
    /// Messages to people.
    pub messages: Cap<u64>,
    /// Money that one action may cost before autonomy levels 4 and below ask.
    pub ask_above: Cents,
}

impl Caps {
    /// The cap of a resource over a time, in its unit; a negative cap is none at all.
    pub fn of(&self, resource: Resource, window: Window) -> u64 {
        match resource {
            Resource::RealMoney => whole(self.real_money.over(window)),
            Resource::SimulatedMoney => whole(self.simulated_money.over(window)),
            Resource::Tokens => self.tokens.over(window),
            Resource::Messages => self.messages.over(window),
        }
    }

    /// Sets the cap of a resource over a time, in its unit.
    pub fn set(&mut self, resource: Resource, window: Window, amount: u64) {
        match resource {
            Resource::RealMoney => *self.real_money.over_mut(window) = cents(amount),
            Resource::SimulatedMoney => *self.simulated_money.over_mut(window) = cents(amount),
            Resource::Tokens => *self.tokens.over_mut(window) = amount,
            Resource::Messages => *self.messages.over_mut(window) = amount,
        }
    }

    /// What is wrong with these caps, if anything: the name of the field, and the rule that it breaks.
    pub fn problem(&self) -> Option<(&'static str, &'static str)> {
        let negative = |cap: &Cap<Cents>| Window::ALL.iter().any(|window| cap.over(*window) < Cents::ZERO);
        match self {
            caps if negative(&caps.real_money) => Some(("caps.real_money", "must not be negative")),
            caps if negative(&caps.simulated_money) => Some(("caps.simulated_money", "must not be negative")),
            caps if caps.ask_above < Cents::ZERO => Some(("caps.ask_above", "must not be negative")),
            _ => None,
        }
    }
}

/// How much of a resource was used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Settled.
    pub spent: u64,
    /// Held for effects that have not ended.
    pub held: u64,
    /// Spent or held today.
    pub today: u64,
    /// Spent or held this month.
    pub this_month: u64,
}

impl Usage {
    /// What counts towards the cap of a time; nothing counts towards that of one action.
    pub const fn over(&self, window: Window) -> u64 {
        match window {
            Window::Action => 0,
            Window::Day => self.today,
            Window::Month => self.this_month,
            Window::Total => self.spent.saturating_add(self.held),
        }
    }

    pub(crate) fn hold(&mut self, amount: u64) {
        for counter in [&mut self.held, &mut self.today, &mut self.this_month] {
            *counter = counter.saturating_add(amount);
        }
    }

    /// A day's cap counts what was held that day; what a hold did not use is given back, but never below nothing after midnight.
    pub(crate) fn settle(&mut self, held: u64, spent: u64) {
        self.held = self.held.saturating_sub(held);
        self.spent = self.spent.saturating_add(spent);
        for counter in [&mut self.today, &mut self.this_month] {
            *counter = counter.saturating_add(spent).saturating_sub(held);
        }
    }

    /// What is still held counts towards the new day.
    pub(crate) fn new_day(&mut self) {
        self.today = self.held;
    }

    pub(crate) fn new_month(&mut self) {
        self.this_month = self.held;
    }
}

/// The shares of a cap, in percent, at which its owner is told.
pub const ALERTS: [u8; 3] = [50, 80, 100];

/// The highest of [`ALERTS`] that this use has reached; none below the first, and none of a cap of nothing.
pub fn reached(used: u64, cap: u64) -> Option<u8> {
    let percent = u128::from(used) * 100;
    ALERTS.into_iter().rev().find(|alert| cap > 0 && percent >= u128::from(cap) * u128::from(*alert))
}

fn whole(money: Cents) -> u64 {
    u64::try_from(money.get()).unwrap_or(0)
}

fn cents(amount: u64) -> Cents {
    Cents::new(i64::try_from(amount).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_hold_did_not_use_is_given_back_but_never_below_nothing() {
        let mut usage = Usage::default();
        usage.hold(100);
        assert_eq!(usage, Usage { spent: 0, held: 100, today: 100, this_month: 100 });
        usage.new_day();
        assert_eq!(usage.over(Window::Day), 100, "what is held counts towards the new day");
        usage.settle(100, 30);
        assert_eq!(usage, Usage { spent: 30, held: 0, today: 30, this_month: 30 });
        usage.hold(10);
        usage.new_month();
        usage.settle(10, 0);
        assert_eq!((usage.over(Window::Month), usage.over(Window::Total)), (0, 30));
    }

    #[test]
    fn the_highest_alert_that_is_reached_counts() {
        for (used, cap, alert) in [
            (0, 100, None),
            (49, 100, None),
            (50, 100, Some(50)),
            (99, 100, Some(80)),
            (100, 100, Some(100)),
            (7, 0, None),
            (u64::MAX, 1, Some(100)),
        ] {
            assert_eq!(reached(used, cap), alert, "{used} of {cap}");
        }
    }

    fn caps() -> Caps {
        let money = |first: i64| Cap { action: first, day: first + 1, month: first + 2, total: first + 3 };
        let in_cents = |cap: Cap<i64>| Cap {
            action: Cents::new(cap.action),
            day: Cents::new(cap.day),
            month: Cents::new(cap.month),
            total: Cents::new(cap.total),
        };
        let (tokens, messages) = (Cap { action: 30, day: 31, month: 32, total: 33 }, Cap { action: 40, day: 41, month: 42, total: 43 });
        Caps { real_money: in_cents(money(10)), simulated_money: in_cents(money(20)), tokens, messages, ask_above: Cents::ZERO }
    }

    #[test]
    fn every_cap_is_read_and_set_in_its_own_place() {
        let windows = || Resource::ALL.into_iter().flat_map(|resource| Window::ALL.map(|window| (resource, window)));
        let all = |caps: &Caps| windows().map(|(resource, window)| caps.of(resource, window)).collect::<Vec<_>>();
        let before = all(&caps());
        assert_eq!(before, [10, 11, 12, 13, 20, 21, 22, 23, 30, 31, 32, 33, 40, 41, 42, 43]);
        for (place, (resource, window)) in windows().enumerate() {
            let mut changed = caps();
            changed.set(resource, window, 99);
            let mut expected = before.clone();
            expected[place] = 99;
            assert_eq!(all(&changed), expected, "{resource:?} {window:?}");
        }
        assert_eq!(Cap::of(5), Cap { action: 5, day: 5, month: 5, total: 5 });
        let mut owing = caps();
        owing.real_money.day = Cents::new(-1);
        assert_eq!(owing.of(Resource::RealMoney, Window::Day), 0, "a negative cap allows nothing");
        let mut most = caps();
        most.set(Resource::RealMoney, Window::Day, u64::MAX);
        assert_eq!(most.real_money.day, Cents::new(i64::MAX));
    }

    #[test]
    fn negative_caps_are_refused_by_name() {
        let mut zero = caps();
        (zero.real_money, zero.simulated_money) = (Cap::of(Cents::ZERO), Cap::of(Cents::ZERO));
        assert_eq!(zero.problem(), None);
        for window in Window::ALL {
            for (resource, field) in [(Resource::RealMoney, "caps.real_money"), (Resource::SimulatedMoney, "caps.simulated_money")] {
                let mut caps = zero;
                match resource {
                    Resource::RealMoney => *caps.real_money.over_mut(window) = Cents::new(-1),
                    _ => *caps.simulated_money.over_mut(window) = Cents::new(-1),
                }
                assert_eq!(caps.problem().map(|(field, _)| field), Some(field), "{window:?}");
            }
        }
        assert_eq!(Caps { ask_above: Cents::new(-1), ..zero }.problem().map(|(field, _)| field), Some("caps.ask_above"));
    }

    #[test]
    fn a_cost_takes_of_its_own_kind_of_money() {
        let taken = |money| Resource::ALL.map(|resource| resource.taken_by(&Cost { money, tokens: 3, messages: 4 }));
        assert_eq!(taken(Amount::real(Cents::new(5))), [5, 0, 3, 4]);
        assert_eq!(taken(Amount::simulated(Cents::new(5))), [0, 5, 3, 4]);
        assert_eq!(taken(Amount::real(Cents::new(-5))), [0, 0, 3, 4], "nothing is never negative");
        assert_eq!([Resource::of_money(true), Resource::of_money(false)], [Resource::SimulatedMoney, Resource::RealMoney]);
        assert_eq!(Resource::ALL.map(Resource::as_str), ["real_money", "simulated_money", "tokens", "messages"]);
        assert_eq!(Window::ALL.map(Window::as_str), ["action", "day", "month", "total"]);
        let usage = Usage { spent: 1, held: 2, today: 4, this_month: 8 };
        assert_eq!(Window::ALL.map(|window| usage.over(window)), [0, 4, 8, 3]);
    }
}
