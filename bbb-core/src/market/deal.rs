//! Orders, and how the business kept its side of them.
//!
//! ```text
//! wait  = orders handed over and not yet served / orders that can be delivered well in a day, rounded down, in days
//! flaw  = 0.3 stars a day of waiting, for at most five, and 3 * (1 - paid / unit cost) for a delivery that is done for less than it takes
//! late  = served more than three days after it was paid
//! ```

use serde::{Deserialize, Serialize};

use crate::id::ContactId;
use crate::market::params::Params;
use crate::market::whole;
use crate::money::Cents;
use crate::time::Timestamp;

/// Days after the payment from which a delivery is late.
const LATE_DAYS: u32 = 3;
/// Hundredths of stars that a delivery loses for each day that it waits for others, for at most so many days.
const CROWD_FLAW: (u32, u32) = (30, 5);
/// Hundredths of stars that a delivery would lose if nothing were spent on it.
const CHEAP_FLAW: f64 = 300.0;
/// Hundredths of stars from which a delivery is a bad one.
const BAD_FLAW: u32 = 100;

/// An order and how the business kept its side of it. Days are counted from 0.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Deal {
    pub(super) contact: ContactId,
    pub(super) price: Cents,
    pub(super) monthly: bool,
    pub(super) placed_at: Timestamp,
    pub(super) placed_on: u32,
    pub(super) payments: u32,
    pub(super) deliveries: u32,
    /// Since when something paid for is not delivered.
    pub(super) owed_since: Option<u32>,
    /// When it was last served, which may be some days after it was handed over.
    pub(super) served_on: Option<u32>,
    /// Whether the last delivery was late.
    pub(super) late: bool,
    /// What else was wrong with the last delivery, in hundredths of stars.
    pub(super) flaw: u32,
    pub(super) refund_asked_on: Option<u32>,
    /// When its money went back, given or taken.
    pub(super) refunded_on: Option<u32>,
    /// Whether it goes on: not left, not paid back.
    pub(super) open: bool,
}

impl Deal {
    pub(super) const fn placed(contact: ContactId, price: Cents, monthly: bool, placed_at: Timestamp, placed_on: u32) -> Deal {
        Deal {
            contact,
            price,
            monthly,
            placed_at,
            placed_on,
            payments: 0,
            deliveries: 0,
            owed_since: None,
            served_on: None,
            late: false,
            flaw: 0,
            refund_asked_on: None,
            refunded_on: None,
            open: true,
        }
    }

    pub(super) fn paid(&mut self, day: u32) {
        self.payments += 1;
        self.owed_since.get_or_insert(day);
    }

    /// Handed over on a day, and served after some more.
    pub(super) fn delivered(&mut self, day: u32, wait: u32, flaw: u32) {
        let served = day.saturating_add(wait);
        self.deliveries += 1;
        self.late = self.owed_since.is_some_and(|since| served.saturating_sub(since) > LATE_DAYS);
        self.flaw = flaw;
        self.served_on = Some(served);
        self.owed_since = (self.payments > self.deliveries).then_some(day);
    }

    /// The money went back, and with it the order.
    pub(super) fn paid_back(&mut self, day: u32) {
        (self.refunded_on, self.open) = (Some(day), false);
    }

    /// Whether the last delivery was a bad one.
    pub(super) const fn badly_served(&self) -> bool {
        self.late || self.flaw >= BAD_FLAW
    }
}

/// What is wrong with a delivery that waits some days for others and may cost so much, in hundredths of stars.
pub(super) fn flaw(params: &Params, wait: u32, cost: Cents) -> u32 {
    let part = if params.unit_cost > 0.0 { cost.get().max(0) as f64 / params.unit_cost } else { 1.0 };
    let cheap = u32::try_from(whole(CHEAP_FLAW * (1.0 - part))).unwrap_or(u32::MAX);
    CROWD_FLAW.0 * wait.min(CROWD_FLAW.1) + cheap
}
