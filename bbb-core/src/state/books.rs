//! The books: what was earned, spent and held, in money, tokens and messages.
//!
//! Real and simulated money have a book each, of different types. Caps are checked by [`crate::oversight::limits`]; here is only the counting.

use serde::{Deserialize, Serialize};

use crate::action::Cost;
use crate::budget::{self, Caps, Resource, Usage, Window};
use crate::money::{Amount, Cents, Currency, Kind, Money, Real, Simulated};
use crate::spec::Spec;

/// Money of one kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct Book<K: Kind> {
    revenue: Money<K>,
    usage: Usage,
}

impl<K: Kind> Book<K> {
    /// Money that receipts prove was earned. Refunds count as spent.
    pub fn revenue(&self) -> Money<K> {
        self.revenue
    }

    /// Money that left.
    pub fn spent(&self) -> Money<K> {
        money(self.usage.spent)
    }

    /// Money held for effects that have not ended.
    pub fn held(&self) -> Money<K> {
        money(self.usage.held)
    }

    fn figures(&self) -> Figures {
        let Usage { spent, held, today, .. } = self.usage;
        let cents = |amount| money::<K>(amount).cents();
        Figures { revenue: self.revenue.cents(), spent: cents(spent), held: cents(held), today: cents(today) }
    }
}

fn money<K: Kind>(cents: u64) -> Money<K> {
    Money::new(Cents::new(i64::try_from(cents).unwrap_or(i64::MAX)), Currency::Usd)
}

/// The figures of a book whose kind the caller knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Figures {
    /// Earned.
    pub revenue: Cents,
    /// Left the business.
    pub spent: Cents,
    /// Held.
    pub held: Cents,
    /// Spent or held today.
    pub today: Cents,
}

/// Both books, and the counts of tokens and messages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Books {
    /// The hard caps.
    pub caps: Caps,
    /// Whether the business's own book is the simulated one.
    simulated_world: bool,
    /// Money of the world.
    pub real: Book<Real>,
    /// Money of the simulator.
    pub simulated: Book<Simulated>,
    /// Tokens.
    pub tokens: Usage,
    /// Messages.
    pub messages: Usage,
    /// The highest share of each cap that the owner was told of, in percent: by resource, for day, month and all.
    alerted: [[u8; 3]; 4],
}

impl Books {
    /// Empty books under the spec's caps.
    pub fn new(spec: &Spec) -> Books {
        Books {
            caps: spec.caps,
            simulated_world: spec.world.is_simulated(),
            real: Book::default(),
            simulated: Book::default(),
            tokens: Usage::default(),
            messages: Usage::default(),
            alerted: [[0; 3]; 4],
        }
    }

    /// How much of a resource was used.
    pub fn usage(&self, resource: Resource) -> &Usage {
        match resource {
            Resource::RealMoney => &self.real.usage,
            Resource::SimulatedMoney => &self.simulated.usage,
            Resource::Tokens => &self.tokens,
            Resource::Messages => &self.messages,
        }
    }

    fn usage_mut(&mut self, resource: Resource) -> &mut Usage {
        match resource {
            Resource::RealMoney => &mut self.real.usage,
            Resource::SimulatedMoney => &mut self.simulated.usage,
            Resource::Tokens => &mut self.tokens,
            Resource::Messages => &mut self.messages,
        }
    }

    /// What is left of a resource over a time: its cap less what is spent and held.
    pub fn left_of(&self, resource: Resource, window: Window) -> u64 {
        self.caps.of(resource, window).saturating_sub(self.usage(resource).over(window))
    }

    /// A budget whose use has come to a share that its owner was not told of yet.
    pub fn next_alert(&self) -> Option<(Resource, Window, u8)> {
        let windows = || [Window::Day, Window::Month, Window::Total];
        Resource::ALL.into_iter().flat_map(|resource| windows().map(move |window| (resource, window))).find_map(|(resource, window)| {
            let percent = budget::reached(self.usage(resource).over(window), self.caps.of(resource, window))?;
            (percent > self.alerted[resource as usize][window as usize - 1]).then_some((resource, window, percent))
        })
    }

    pub(super) fn alert(&mut self, resource: Resource, window: Window, percent: u8) -> Result<(), String> {
        let place = (window as usize).checked_sub(1).ok_or("there is no alert for one action")?;
        self.alerted[resource as usize][place] = percent;
        Ok(())
    }

    /// The owner is told anew under other caps.
    pub(super) fn set_caps(&mut self, caps: Caps) {
        self.caps = caps;
        self.alerted = [[0; 3]; 4];
    }

    /// The figures of the book of the business's own world.
    pub fn of_world(&self) -> Figures {
        if self.simulated_world { self.simulated.figures() } else { self.real.figures() }
    }

    fn own_money(&self) -> Resource {
        Resource::of_money(self.simulated_world)
    }

    /// What the business's own book has left to spend: its cap less what is spent and held.
    pub fn left(&self) -> Cents {
        money::<Real>(self.left_of(self.own_money(), Window::Total)).cents()
    }

    /// What the business's own book has left to spend in one action today.
    pub fn left_today(&self) -> Cents {
        let left = Window::ALL.map(|window| self.left_of(self.own_money(), window));
        money::<Real>(left.into_iter().min().unwrap_or(0)).cents()
    }

    pub(crate) fn hold(&mut self, cost: &Cost) {
        for resource in Resource::ALL {
            self.usage_mut(resource).hold(resource.taken_by(cost));
        }
    }

    pub(super) fn settle(&mut self, hold: &Cost, cost: &Cost) {
        for resource in Resource::ALL {
            self.usage_mut(resource).settle(resource.taken_by(hold), resource.taken_by(cost));
        }
    }

    pub(super) fn earn(&mut self, amount: Amount) {
        match amount {
            Amount::Real(money) => self.real.revenue = self.real.revenue.plus(money),
            Amount::Simulated(money) => self.simulated.revenue = self.simulated.revenue.plus(money),
        }
    }

    pub(super) fn new_day(&mut self) {
        self.renew(Window::Day, Usage::new_day);
    }

    pub(super) fn new_month(&mut self) {
        self.renew(Window::Month, Usage::new_month);
    }

    fn renew(&mut self, window: Window, renew: impl Fn(&mut Usage)) {
        for resource in Resource::ALL {
            renew(self.usage_mut(resource));
            self.alerted[resource as usize][window as usize - 1] = 0;
        }
    }
}

impl Cost {
    /// The same kind of cost, of nothing.
    #[must_use]
    pub fn released(&self) -> Cost {
        Cost::nothing(self.money.is_simulated())
    }
}
