//! The books: what was earned, spent and held, in money, tokens and messages.
//!
//! Real and simulated money have a book each, of different types. Caps are checked by [`crate::oversight::limits`]; here is only the counting.

use serde::{Deserialize, Serialize};

use crate::action::Cost;
use crate::money::{Amount, Cents, Currency, Kind, Money, Real, Simulated};
use crate::spec::{Caps, Spec};

/// Money of one kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct Book<K: Kind> {
    revenue: Money<K>,
    spent: Money<K>,
    held: Money<K>,
    spent_or_held_today: Money<K>,
}

impl<K: Kind> Book<K> {
    /// Money that receipts prove was earned. Refunds count as spent.
    pub fn revenue(&self) -> Money<K> {
        self.revenue
    }

    /// Money that left.
    pub fn spent(&self) -> Money<K> {
        self.spent
    }

    /// Money held for effects that have not ended.
    pub fn held(&self) -> Money<K> {
        self.held
    }

    fn hold(&mut self, money: Money<K>) {
        self.held = self.held.plus(money);
        self.spent_or_held_today = self.spent_or_held_today.plus(money);
    }

    fn settle(&mut self, held: Money<K>, spent: Cents) {
        let negative = |cents: Cents| Money::new(Cents::ZERO.minus(cents), Currency::Usd);
        self.held = self.held.plus(negative(held.cents()));
        self.spent = self.spent.plus(Money::new(spent, Currency::Usd));
        // A day's cap counts what was held that day; what a hold did not use is given back, but never below nothing after midnight.
        let today = self.spent_or_held_today.cents().minus(held.cents()).plus(spent);
        self.spent_or_held_today = Money::new(today.max(Cents::ZERO), Currency::Usd);
    }

    fn figures(&self) -> Figures {
        Figures {
            revenue: self.revenue.cents(),
            spent: self.spent.cents(),
            held: self.held.cents(),
            today: self.spent_or_held_today.cents(),
        }
    }
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
    /// Tokens used.
    pub tokens_spent: u64,
    /// Tokens held.
    pub tokens_held: u64,
    /// Messages sent.
    pub messages_sent: u32,
    /// Messages sent or held today.
    pub messages_today: u32,
    /// Messages held.
    pub messages_held: u32,
}

impl Books {
    /// Empty books under the spec's caps.
    pub fn new(spec: &Spec) -> Books {
        Books {
            caps: spec.caps,
            simulated_world: spec.world.is_simulated(),
            real: Book::default(),
            simulated: Book::default(),
            tokens_spent: 0,
            tokens_held: 0,
            messages_sent: 0,
            messages_today: 0,
            messages_held: 0,
        }
    }

    /// The figures of the book of the business's own world.
    pub fn of_world(&self) -> Figures {
        if self.simulated_world { self.simulated.figures() } else { self.real.figures() }
    }

    /// The figures and the cap of the book that this money belongs to.
    pub fn of(&self, money: Amount) -> (Figures, Cents) {
        match money {
            Amount::Real(_) => (self.real.figures(), self.caps.real_money),
            Amount::Simulated(_) => (self.simulated.figures(), self.caps.simulated_money),
        }
    }

    /// What the business's own book has left to spend: its cap less what is spent and held.
    pub fn left(&self) -> Cents {
        let figures = self.of_world();
        let cap = if self.simulated_world { self.caps.simulated_money } else { self.caps.real_money };
        cap.minus(figures.spent).minus(figures.held)
    }

    /// What the business's own book has left to spend today.
    pub fn left_today(&self) -> Cents {
        self.left().min(self.caps.money_per_day.minus(self.of_world().today))
    }

    pub(super) fn hold(&mut self, cost: &Cost) {
        match cost.money {
            Amount::Real(money) => self.real.hold(money),
            Amount::Simulated(money) => self.simulated.hold(money),
        }
        self.tokens_held += u64::from(cost.tokens);
        self.messages_held += cost.messages;
        self.messages_today += cost.messages;
    }

    pub(super) fn settle(&mut self, hold: &Cost, cost: &Cost) {
        match hold.money {
            Amount::Real(money) => self.real.settle(money, cost.money.cents()),
            Amount::Simulated(money) => self.simulated.settle(money, cost.money.cents()),
        }
        self.tokens_held = self.tokens_held.saturating_sub(u64::from(hold.tokens));
        self.tokens_spent += u64::from(cost.tokens);
        self.messages_held = self.messages_held.saturating_sub(hold.messages);
        self.messages_sent += cost.messages;
        self.messages_today = self.messages_today.saturating_sub(hold.messages.saturating_sub(cost.messages));
    }

    pub(super) fn earn(&mut self, amount: Amount) {
        match amount {
            Amount::Real(money) => self.real.revenue = self.real.revenue.plus(money),
            Amount::Simulated(money) => self.simulated.revenue = self.simulated.revenue.plus(money),
        }
    }

    pub(super) fn new_day(&mut self) {
        self.real.spent_or_held_today = self.real.held;
        self.simulated.spent_or_held_today = self.simulated.held;
        self.messages_today = self.messages_held;
    }
}

impl Cost {
    /// The same kind of cost, of nothing.
    #[must_use]
    pub fn released(&self) -> Cost {
        Cost::nothing(self.money.is_simulated())
    }
}
