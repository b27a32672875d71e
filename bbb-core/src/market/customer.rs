//! What people do after they ordered: complain, rate, come back, leave.
//!
//! ```text
//! not paid for 30 days              the order is dropped
//! not delivered within 7 days       wants its money back; after 7 more days gives one star and disputes the payment, or leaves
//! a delivery                        is rated by every fourth, monthly ones by every eighth
//! stars       = 4.4 - 1.5 late - flaw - 1 per request unanswered for more than 2 days + 0.7 z, rounded, 1 to 5
//! requests    = 1 % a day of customers who pay monthly, or were served in the last 14 days, or wait; three times that after a bad delivery
//! disputes    = 50 % of those who wait in vain for money that they asked back; 20 % of that ten days after a bad delivery
//! leaving     = 6 % a month * (1 + 3 per unanswered request) * (5 while something paid is owed for more than 3 days)
//! coming back = 0.25 % a day * fit * acceptance of the price * reputation, from 14 to 194 days after a one-time delivery; a third after a bad one
//! ```
//!
//! A bad delivery is late or lost a star otherwise, see `deal`. The figures of requests and disputes are those of an average market.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use crate::event::Signal;
use crate::id::{ContactId, OrderId, TicketId};
use crate::market::buyer::Traits;
use crate::market::climate;
use crate::market::deal::Deal;
use crate::market::fold::Folded;
use crate::market::params::Params;
use crate::market::whole;

/// Days after which an order that was never paid is dropped.
const UNPAID_DAYS: u32 = 30;
/// Days after which something that was paid for and not delivered is wanted back.
const DELIVERY_DAYS: u32 = 7;
/// Days after which a customer who wants money back stops waiting for it.
const REFUND_DAYS: u32 = 7;
/// Days that a customer waits for help without minding.
const TICKET_DAYS: u32 = 2;
/// Days after a one-time delivery in which its customer may come back.
const RETURN_DAYS: RangeInclusive<u32> = 14..=194;
/// Days after a bad delivery on which its customer may dispute the payment, and how much rarer that is than after money asked back in vain.
const BAD_DISPUTE: (u32, f64) = (10, 0.2);
/// How many more requests for help come after a bad delivery.
const BAD_REQUESTS: f64 = 3.0;
/// Chance that a customer comes back on a day, for perfect fit at an acceptable price.
const RETURN_PER_DAY: f64 = 0.0025;
/// More than any customer's chance of coming back on a day: who drew more is not looked at.
const MOST_RETURNS_PER_DAY: f64 = 0.01;

/// The ordinals that the day's new orders and requests get, and who has a running order.
pub(super) struct Counters {
    next_order: u32,
    next_ticket: u32,
    running: Option<BTreeSet<ContactId>>,
}

impl Counters {
    pub(super) fn new(folded: &Folded) -> Counters {
        let next_order = folded.deals.last_key_value().map_or(0, |(order, _)| order.get().saturating_add(1));
        Counters { next_order, next_ticket: folded.next_ticket, running: None }
    }

    pub(super) fn order(&mut self) -> OrderId {
        let order = OrderId::new(self.next_order);
        self.next_order = self.next_order.saturating_add(1);
        order
    }

    fn ticket(&mut self) -> TicketId {
        let ticket = TicketId::new(self.next_ticket);
        self.next_ticket = self.next_ticket.saturating_add(1);
        ticket
    }

    /// Whether a person has a monthly order that goes on, or an order that is not served yet.
    pub(super) fn has_running(&mut self, folded: &Folded, contact: ContactId) -> bool {
        let running = self.running.get_or_insert_with(|| {
            let runs = |deal: &&Deal| deal.open && (deal.monthly || deal.served_on.is_none());
            folded.deals.values().filter(runs).map(|deal| deal.contact).collect()
        });
        running.contains(&contact)
    }
}

/// What customers do today, in the order of their orders.
pub(super) fn doings(params: &Params, folded: &Folded, counters: &mut Counters) -> Vec<Signal> {
    let mut ignored: BTreeMap<ContactId, u32> = BTreeMap::new();
    for (contact, since) in folded.tickets.values() {
        if folded.day.saturating_sub(*since) > TICKET_DAYS {
            *ignored.entry(*contact).or_default() += 1;
        }
    }
    let rivals = climate::rivals_price(params, folded);
    let mut signals = Vec::new();
    for (order, deal) in &folded.deals {
        let ignored = ignored.get(&deal.contact).copied().unwrap_or(0);
        let customer = Customer { params, folded, order: *order, deal, ignored: f64::from(ignored), rivals };
        customer.day(counters, &mut signals);
    }
    signals
}

struct Customer<'a> {
    params: &'a Params,
    folded: &'a Folded,
    order: OrderId,
    deal: &'a Deal,
    /// Requests for help that were not answered in time.
    ignored: f64,
    /// What rivals charge, as a multiple of the normal price.
    rivals: f64,
}

impl Customer<'_> {
    fn day(&self, counters: &mut Counters, signals: &mut Vec<Signal>) {
        let (order, deal, day) = (self.order, self.deal, self.folded.day);
        let ago = |since: u32| day.saturating_sub(since);
        let forgotten = !deal.monthly && deal.owed_since.is_none() && deal.served_on.is_some_and(|on| ago(on) > *RETURN_DAYS.end());
        if forgotten || (!deal.open && deal.refunded_on != Some(day)) {
            return;
        }
        let mut draw = self.params.seed.draw("customer", u64::from(order.get()) << 20 | u64::from(day & 0xf_ffff));
        // Drawn in one fixed order, so that what is decided below does not depend on which branch is taken.
        let (rates, mood, asks, leaves, returns) = (draw.unit(), draw.normal(), draw.unit(), draw.unit(), draw.unit());
        let disputes = draw.unit();
        if deal.refunded_on == Some(day) && rates < 0.3 {
            signals.push(Signal::Rated { order, stars: 2 });
        }
        if !deal.open {
            return;
        }
        if deal.payments == 0 {
            if ago(deal.placed_on) > UNPAID_DAYS {
                signals.push(Signal::Churned { order });
            }
            return;
        }
        if let Some(asked) = deal.refund_asked_on {
            if ago(asked) > REFUND_DAYS {
                let ends = if disputes < self.params.disputes { self.dispute() } else { Signal::Churned { order } };
                signals.extend([Signal::Rated { order, stars: 1 }, ends]);
            }
            return;
        }
        if deal.owed_since.is_some_and(|since| ago(since) > DELIVERY_DAYS) {
            signals.push(Signal::RefundRequested { order });
            return;
        }
        let long_ago = deal.served_on.is_some_and(|on| ago(on) == BAD_DISPUTE.0);
        if deal.badly_served() && long_ago && disputes < BAD_DISPUTE.1 * self.params.disputes {
            signals.push(self.dispute());
            return;
        }
        if deal.served_on == Some(day) && rates < if deal.monthly { 0.125 } else { 0.25 } {
            signals.push(Signal::Rated { order, stars: self.stars(mood) });
        }
        let cares = deal.monthly || deal.served_on.is_none_or(|on| ago(on) <= 14);
        let trouble = if deal.badly_served() { BAD_REQUESTS } else { 1.0 };
        if cares && asks < trouble * self.params.tickets {
            signals.push(Signal::TicketOpened { ticket: counters.ticket(), contact: deal.contact });
        }
        if deal.monthly && leaves < self.leaving() {
            signals.push(Signal::Churned { order });
        }
        let recent = deal.served_on.is_some_and(|on| RETURN_DAYS.contains(&ago(on)));
        if !deal.monthly && recent && returns < MOST_RETURNS_PER_DAY && returns < self.returning() {
            let (contact, price) = (deal.contact, self.folded.price);
            signals.push(Signal::OrderPlaced { order: counters.order(), contact, price, monthly: false });
        }
    }

    /// The last payment is taken back by the customer's bank, and its fee on top.
    fn dispute(&self) -> Signal {
        Signal::ChargedBack { order: self.order, amount: self.deal.price, fee: self.params.dispute_fee }
    }

    fn stars(&self, mood: f64) -> u8 {
        let late = if self.deal.late { 1.5 } else { 0.0 };
        let flaw = f64::from(self.deal.flaw) / 100.0;
        let stars = (4.4 - late - flaw - self.ignored + 0.7 * mood).clamp(1.0, 5.0);
        u8::try_from(whole(stars)).unwrap_or(5)
    }

    fn leaving(&self) -> f64 {
        let owed = self.deal.owed_since.is_some_and(|since| self.folded.day.saturating_sub(since) > 3);
        self.params.churn_per_day * (1.0 + 3.0 * self.ignored) * if owed { 5.0 } else { 1.0 }
    }

    fn returning(&self) -> f64 {
        let Some(person) = self.folded.people.get(&self.deal.contact) else { return 0.0 };
        let traits = Traits::of(self.params, person);
        let memory = if self.deal.badly_served() { 0.33 } else { 1.0 };
        let accepts = traits.accepts(self.params, self.folded.price, self.rivals);
        RETURN_PER_DAY * traits.fit * accepts * memory * self.folded.trust(self.params)
    }
}
