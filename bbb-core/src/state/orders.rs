//! Orders: what customers ordered, paid, got and asked back.

use serde::{Deserialize, Serialize};

use crate::id::{ContactId, OrderId};
use crate::money::Cents;
use crate::state::filed::{Filed, Stands};
use crate::time::{DAY_MS, Timestamp};

/// Days between two payments of a monthly order.
pub const BILLING_PERIOD_MS: i64 = 30 * DAY_MS;

/// Days after which a refund that was asked for and not paid is overdue: the charter then stops advertising.
pub const REFUND_WITHIN_DAYS: i64 = 14;

/// All orders, also by whether they are open.
pub type Orders = Filed<OrderId, Order>;

/// Whether something is to be done about an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// A payment is or will be due, a delivery or money is owed.
    Open,
    /// Nothing is.
    Settled,
}

/// A customer's order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// Whose.
    pub contact: ContactId,
    /// At which price.
    pub price: Cents,
    /// Whether it is paid every month.
    pub monthly: bool,
    /// When it was placed.
    pub placed_at: Timestamp,
    /// Payments collected.
    pub payments: u32,
    /// When the next payment is due; absent where none is.
    pub due_at: Option<Timestamp>,
    /// Deliveries made: one for a one-time order, one a month for a monthly order.
    pub deliveries: u32,
    /// When the customer asked for money back, and has waited since; absent where it does not.
    pub refund_asked_at: Option<Timestamp>,
    /// What was given back.
    pub refunded: Cents,
    /// Whether it goes on.
    pub active: bool,
}

impl Order {
    /// Whether something paid for is not delivered yet.
    pub const fn awaits_delivery(&self) -> bool {
        self.active && self.payments > self.deliveries
    }

    /// Whether the customer wants money back.
    pub const fn refund_requested(&self) -> bool {
        self.refund_asked_at.is_some()
    }

    /// The most that can be given back: what was paid, less what was given back before.
    pub fn refundable(&self) -> Cents {
        self.price.times(i64::from(self.payments)).minus(self.refunded).max(Cents::ZERO)
    }

    /// Since when the customer waits for money that it paid and asked back; absent where it does not.
    pub fn owed_refund_since(&self) -> Option<Timestamp> {
        self.refund_asked_at.filter(|_| self.refundable() > Cents::ZERO)
    }
}

impl Stands for Order {
    type At = Standing;

    fn at(&self) -> Standing {
        let open = self.active && (self.due_at.is_some() || self.awaits_delivery()) || self.owed_refund_since().is_some();
        if open { Standing::Open } else { Standing::Settled }
    }
}

impl Orders {
    /// Orders about which something is or will be to be done: a payment, a delivery, a refund.
    pub fn open(&self) -> impl Iterator<Item = (&OrderId, &Order)> {
        self.standing(Standing::Open)
    }

    /// Orders whose customers wait for money that they paid and asked back.
    pub fn owed_refunds(&self) -> impl Iterator<Item = (&OrderId, &Order)> {
        self.open().filter(|(_, order)| order.owed_refund_since().is_some())
    }

    /// Whole days that a customer waits for money that it paid and asked back, of whoever waits longest; 0 where nobody does.
    pub fn oldest_refund_days(&self, now: Timestamp) -> i64 {
        let oldest = self.owed_refunds().filter_map(|(_, order)| order.owed_refund_since()).min();
        oldest.map_or(0, |since| now.since(since).div_euclid(DAY_MS).max(0))
    }
}
