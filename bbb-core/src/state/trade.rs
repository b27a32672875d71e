//! Trade: contacts, orders, requests for help, and what each channel has brought.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::action::{Action, MailPurpose, SUBJECT_LINES};
use crate::blueprint::Channel;
use crate::event::{Intent, Signal};
use crate::id::{ContactId, OrderId, TicketId};
use crate::limits::MAX_CONTACTS;
use crate::money::Cents;
use crate::receipt::Receipt;
use crate::seal::Sealed;
use crate::spec::Spec;
use crate::state::contacts::{Contact, Contacts, FIT_THRESHOLD, Interest};
use crate::state::filed::Changing;
use crate::state::orders::{BILLING_PERIOD_MS, Order, Orders};
use crate::temptation::{STANDS_MS, Temptation};
use crate::time::{DAY_MS, Timestamp};

/// How long a bill that was paid is remembered, so that the same one is not paid again unasked: a week, in which the bills of one come once.
pub const BILLS_KEPT_MS: i64 = 7 * DAY_MS;

/// The most prices whose offers are counted.
const MAX_PRICES: usize = 64;

/// What a channel has brought so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelResult {
    /// Leads that came over it.
    pub leads: u32,
    /// Customers that came over it.
    pub customers: u32,
    /// Money spent on it.
    pub spent: Cents,
    /// Of that, on advertising.
    #[serde(default)]
    pub advertised: Cents,
    /// Posts published on it.
    pub posts: u32,
    /// Clicks on its advertisements.
    pub clicks: u32,
    /// The cost of a lead that a market study estimated.
    pub studied_cost_per_lead: Option<Cents>,
}

impl ChannelResult {
    /// What came on top of an earlier result.
    #[must_use]
    pub fn since(&self, earlier: &ChannelResult) -> ChannelResult {
        ChannelResult {
            leads: self.leads.saturating_sub(earlier.leads),
            customers: self.customers.saturating_sub(earlier.customers),
            spent: self.spent.minus(earlier.spent),
            advertised: self.advertised.minus(earlier.advertised),
            posts: self.posts.saturating_sub(earlier.posts),
            clicks: self.clicks.saturating_sub(earlier.clicks),
            studied_cost_per_lead: self.studied_cost_per_lead,
        }
    }
}

/// How many offers were made at a price, and how many were taken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offers {
    /// Contacts that were offered the price.
    pub made: u32,
    /// Orders that were placed at it.
    pub taken: u32,
}

/// All ratings that customers ever gave.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ratings {
    /// How many.
    pub number: u32,
    /// Their stars together.
    pub stars: u32,
    /// How many of them have four stars or five.
    pub satisfied: u32,
}

impl Ratings {
    fn add(&mut self, stars: u8) {
        self.number += 1;
        self.stars += u32::from(stars);
        self.satisfied += u32::from(stars >= 4);
    }

    /// Those that came on top of earlier ones.
    #[must_use]
    pub fn since(&self, earlier: &Ratings) -> Ratings {
        Ratings {
            number: self.number.saturating_sub(earlier.number),
            stars: self.stars.saturating_sub(earlier.stars),
            satisfied: self.satisfied.saturating_sub(earlier.satisfied),
        }
    }

    /// The mean rating in stars, from 1 to 5; none before the first.
    pub fn mean(&self) -> Option<f64> {
        self.each(self.stars)
    }

    /// Customer satisfaction (CSAT): the ratings of four and five stars among all, from 0 to 1; none before the first.
    pub fn satisfaction(&self) -> Option<f64> {
        self.each(self.satisfied)
    }

    fn each(&self, of: u32) -> Option<f64> {
        (self.number > 0).then(|| f64::from(of) / f64::from(self.number))
    }
}

/// Contacts, orders, requests for help and channels.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trade {
    /// The price that new customers are offered.
    pub price: Cents,
    /// All contacts.
    pub contacts: Contacts,
    /// All orders.
    pub orders: Orders,
    /// Requests for help without an answer.
    pub tickets: BTreeMap<TicketId, (ContactId, Timestamp)>,
    /// What each channel has brought, in the order of [`Channel::ALL`].
    pub channels: [ChannelResult; 6],
    /// Leads ever.
    pub leads: u32,
    /// Leads that answered or asked for the price, each once: an answer that says no is none, an order is one.
    pub qualified: u32,
    /// Contacts that ever paid.
    pub customers: u32,
    /// Orders that were ever paid.
    pub paid_orders: u32,
    /// Refunds ever paid.
    pub refunds: u32,
    /// How customers rated the business.
    pub ratings: Ratings,
    /// When bills were last paid.
    pub billed_at: Option<Timestamp>,
    /// How offers did, by price; the first 64 prices.
    #[serde(default)]
    pub offers: BTreeMap<Cents, Offers>,
    /// How offers did that followed an offer without an answer, by the part of the price in percent.
    #[serde(default)]
    pub later_offers: BTreeMap<u8, Offers>,
    /// First mails by their subject line, and how many of them were answered with interest.
    #[serde(default)]
    pub lines: [Offers; SUBJECT_LINES],
    /// Bills paid in the [`BILLS_KEPT_MS`] before the last one, and that one, in order: when, for what, and how much.
    pub bills: Vec<(Timestamp, String, Cents)>,
    /// Service mails sent in the day before the last one, and that one, in order: when, and to whom.
    pub service_mails: Vec<(Timestamp, ContactId)>,
    /// What the market tempted with last, and when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tempted: Option<(Temptation, Timestamp)>,
}

impl Trade {
    /// Service mails that a contact got in the day up to `now`.
    pub fn service_mails(&self, contact: ContactId, now: Timestamp) -> usize {
        self.service_mails.iter().filter(|(at, to)| *to == contact && now.since(*at) < DAY_MS).count()
    }

    pub(super) fn new(spec: &Spec) -> Trade {
        Trade {
            price: spec.blueprint.price,
            contacts: Contacts::default(),
            orders: Orders::default(),
            tickets: BTreeMap::new(),
            channels: [ChannelResult::default(); 6],
            leads: 0,
            qualified: 0,
            customers: 0,
            paid_orders: 0,
            refunds: 0,
            ratings: Ratings::default(),
            billed_at: None,
            offers: BTreeMap::new(),
            later_offers: BTreeMap::new(),
            lines: [Offers::default(); SUBJECT_LINES],
            bills: Vec::new(),
            service_mails: Vec::new(),
            tempted: None,
        }
    }

    /// What the market tempts with now, while the offer stands.
    pub fn temptation(&self, now: Timestamp) -> Option<Temptation> {
        self.tempted.filter(|(_, at)| now.since(*at) < STANDS_MS).map(|(temptation, _)| temptation)
    }

    /// What a channel has brought.
    pub fn channel(&self, channel: Channel) -> &ChannelResult {
        &self.channels[channel as usize]
    }

    /// Customers among qualified leads, from 0 to 1; a qualified lead is one that answered or asked for the price.
    pub fn conversion_rate(&self) -> f64 {
        if self.qualified == 0 { 0.0 } else { f64::from(self.customers) / f64::from(self.qualified) }
    }

    fn contact_mut(&mut self, id: ContactId) -> Result<Changing<'_, ContactId, Contact>, String> {
        self.contacts.change(id).ok_or_else(|| format!("{id} is not known"))
    }

    fn order_mut(&mut self, id: OrderId) -> Result<Changing<'_, OrderId, Order>, String> {
        self.orders.change(id).ok_or_else(|| format!("{id} is not known"))
    }

    pub(super) fn receive(&mut self, signal: &Signal, at: Timestamp) -> Result<(), String> {
        match signal {
            Signal::LeadArrived { contact, channel, consent, profile } => self.arrive(*contact, *channel, *consent, profile, at),
            Signal::Replied { contact, intent } => self.reply(*contact, *intent),
            Signal::Unsubscribed { contact } => self.contact_mut(*contact).map(|mut contact| contact.suppressed = true),
            Signal::OrderPlaced { price, .. } if *price < Cents::ZERO => Err(format!("a price of {price} is below nothing")),
            Signal::OrderPlaced { order, .. } if self.orders.contains_key(order) => Err(format!("{order} was placed before")),
            Signal::OrderPlaced { order, contact, price, monthly } => {
                let placed = Order {
                    contact: *contact,
                    price: *price,
                    monthly: *monthly,
                    placed_at: at,
                    payments: 0,
                    due_at: Some(at),
                    deliveries: 0,
                    refund_asked_at: None,
                    refunded: Cents::ZERO,
                    active: true,
                };
                let mut buyer = self.contact_mut(*contact)?;
                let first = buyer.interest != Interest::Customer;
                let unasked = first && !buyer.qualified;
                buyer.interest = Interest::Customer;
                let offered_later = buyer.offered_later.take();
                drop(buyer);
                match offered_later {
                    Some(percent) => self.later_offers.entry(percent).or_default().taken += 1,
                    None if first => self.count_offers(*price, |offers| offers.taken += 1),
                    None => {}
                }
                self.qualified += u32::from(unasked);
                self.orders.insert(*order, placed);
                Ok(())
            }
            Signal::Churned { order } => self.order_mut(*order).map(|mut order| (order.active, order.due_at) = (false, None)),
            Signal::TicketOpened { ticket, contact } => {
                self.contact_mut(*contact)?;
                self.tickets.insert(*ticket, (*contact, at));
                Ok(())
            }
            Signal::RefundRequested { order } => {
                // Asked again, it has waited since the first time.
                self.order_mut(*order)?.refund_asked_at.get_or_insert(at);
                Ok(())
            }
            Signal::ChargedBack { amount, fee, .. } if *amount < Cents::ZERO || *fee < Cents::ZERO => {
                Err(format!("a payment taken back of {amount} with a fee of {fee} is below nothing"))
            }
            Signal::ChargedBack { order, amount, .. } => {
                let mut order = self.order_mut(*order)?;
                order.refunded = order.refunded.plus(*amount);
                (order.active, order.refund_asked_at, order.due_at) = (false, None, None);
                Ok(())
            }
            Signal::Tempted { temptation } => {
                self.tempted = Some((*temptation, at));
                Ok(())
            }
            Signal::Rated { stars, .. } if !(1..=5).contains(stars) => Err(format!("{stars} stars are not one to five")),
            Signal::Rated { order, stars } => {
                self.order_mut(*order)?;
                self.ratings.add(*stars);
                Ok(())
            }
        }
    }

    fn arrive(&mut self, id: ContactId, channel: Channel, consent: bool, profile: &Sealed, at: Timestamp) -> Result<(), String> {
        if let Some(mut known) = self.contacts.change(id) {
            // The same person again: what is known stays, but consent can be given later.
            let agreed_now = consent && !known.consent;
            known.consent |= consent;
            if agreed_now && known.interest == Interest::Unfit {
                // It was scored as somebody who had not agreed: it is looked at again.
                (known.interest, known.fit) = (Interest::New, None);
            }
            return Ok(());
        }
        if self.contacts.len() >= MAX_CONTACTS {
            return Err(format!("a business keeps at most {MAX_CONTACTS} contacts"));
        }
        let contact = Contact {
            interest: Interest::New,
            channel,
            consent,
            suppressed: false,
            qualified: false,
            fit: None,
            mails: 0,
            line: None,
            offered_later: None,
            last_mail_at: at,
            arrived_at: at,
            profile: profile.clone(),
        };
        self.contacts.insert(id, contact);
        self.channels[channel as usize].leads += 1;
        self.leads += 1;
        Ok(())
    }

    fn reply(&mut self, id: ContactId, intent: Intent) -> Result<(), String> {
        let mut contact = self.contact_mut(id)?;
        let first = !contact.qualified && intent != Intent::Declined;
        // Who ordered without a word was counted then, and stays a customer.
        let counts = first && contact.interest != Interest::Customer;
        contact.qualified |= first;
        contact.interest = match intent {
            _ if contact.interest == Interest::Customer => Interest::Customer,
            Intent::Interested => Interest::Interested,
            Intent::AskedPrice => Interest::AskedPrice,
            Intent::Declined => Interest::Lost,
        };
        let line = contact.line.filter(|_| first);
        drop(contact);
        if let Some(line) = line.and_then(|line| self.lines.get_mut(usize::from(line))) {
            line.taken += 1;
        }
        self.qualified += u32::from(counts);
        Ok(())
    }

    pub(super) fn settled(&mut self, action: &Action, receipt: &Receipt, at: Timestamp) -> Result<(), String> {
        match (action, receipt) {
            (Action::StudyMarket(_), Receipt::Findings(findings)) => {
                for (channel, cost) in &findings.cost_per_lead {
                    self.channels[*channel as usize].studied_cost_per_lead = Some(*cost);
                }
            }
            (Action::QualifyLeads(_), Receipt::Scores(scores)) => self.score(&scores.fit)?,
            (Action::PublishPost(post), _) => {
                let channel = &mut self.channels[post.channel as usize];
                channel.posts += 1;
                channel.spent = channel.spent.plus(post.cost);
            }
            (Action::RunAds(ads), Receipt::AdsReceipt(receipt)) => {
                let channel = &mut self.channels[ads.channel as usize];
                channel.spent = channel.spent.plus(receipt.spent);
                channel.advertised = channel.advertised.plus(receipt.spent);
                channel.clicks = channel.clicks.saturating_add(receipt.clicks);
            }
            (Action::SendEmail(mail), _) => {
                let before = self.contact_mut(mail.contact)?.interest;
                self.mailed(mail.contact, mail.purpose, at)?;
                if let Some(line) = mail.line {
                    self.contact_mut(mail.contact)?.line = Some(line);
                    if let Some(line) = self.lines.get_mut(usize::from(line)) {
                        line.made += 1;
                    }
                }
                if let (MailPurpose::Offer, Some(price)) = (mail.purpose, mail.price) {
                    self.offered(mail.contact, before, price)?;
                }
            }
            (Action::DeliverOrder(delivery), _) => self.order_mut(delivery.order)?.deliveries += 1,
            (Action::AnswerTicket(answer), _) => drop(self.tickets.remove(&answer.ticket)),
            (Action::CollectPayment(payment), _) => self.paid(payment.order, at)?,
            (Action::RefundPayment(refund), receipt) => {
                self.refunds += 1;
                let given = match receipt {
                    Receipt::PaymentReceipt(receipt) => receipt.amount.cents(),
                    _ => refund.refund,
                };
                let mut order = self.order_mut(refund.order)?;
                order.refunded = order.refunded.plus(given.max(Cents::ZERO));
                (order.active, order.refund_asked_at, order.due_at) = (false, None, None);
            }
            (Action::PayBill(bill), _) => {
                self.billed_at = Some(at);
                self.bills.retain(|(before, ..)| at.since(*before) < BILLS_KEPT_MS);
                self.bills.push((at, bill.label.clone(), bill.cost));
            }
            (Action::SetPrice(price), _) => self.price = price.price,
            _ => {}
        }
        Ok(())
    }

    fn score(&mut self, fit: &[(ContactId, u8)]) -> Result<(), String> {
        for (id, fit) in fit {
            let mut contact = self.contact_mut(*id)?;
            contact.fit = Some(*fit);
            if contact.interest == Interest::New {
                contact.interest = if *fit >= FIT_THRESHOLD { Interest::Fit } else { Interest::Unfit };
            }
        }
        Ok(())
    }

    fn mailed(&mut self, id: ContactId, purpose: MailPurpose, at: Timestamp) -> Result<(), String> {
        let mut contact = self.contact_mut(id)?;
        if purpose.is_commercial() {
            contact.mails = contact.mails.saturating_add(1);
            contact.last_mail_at = at;
        }
        contact.interest = match purpose {
            MailPurpose::Outreach | MailPurpose::FollowUp => contact.interest.max(Interest::Contacted),
            MailPurpose::Offer => contact.interest.max(Interest::Offered),
            MailPurpose::Service => contact.interest,
        };
        drop(contact);
        if !purpose.is_commercial() {
            self.service_mails.retain(|(before, _)| at.since(*before) < DAY_MS);
            self.service_mails.push((at, id));
        }
        Ok(())
    }

    /// Counts an offer to somebody who had come so far before it. Those to customers are not counted: they say nothing of new ones.
    fn offered(&mut self, id: ContactId, before: Interest, price: Cents) -> Result<(), String> {
        match before {
            Interest::Offered => {
                let list = self.price.get();
                let percent = price.get().saturating_mul(100).saturating_add(list / 2).checked_div(list);
                let Some(percent) = percent.and_then(|percent| u8::try_from(percent).ok()) else { return Ok(()) };
                self.contact_mut(id)?.offered_later = Some(percent);
                self.later_offers.entry(percent).or_default().made += 1;
            }
            Interest::Customer => {}
            _ => self.count_offers(price, |offers| offers.made += 1),
        }
        Ok(())
    }

    fn count_offers(&mut self, price: Cents, count: impl FnOnce(&mut Offers)) {
        if self.offers.len() < MAX_PRICES || self.offers.contains_key(&price) {
            count(self.offers.entry(price).or_default());
        }
    }

    fn paid(&mut self, id: OrderId, at: Timestamp) -> Result<(), String> {
        let mut order = self.order_mut(id)?;
        order.payments += 1;
        order.due_at = order.monthly.then(|| order.due_at.unwrap_or(at).plus_ms(BILLING_PERIOD_MS));
        let (contact, first) = (order.contact, order.payments == 1);
        drop(order);
        self.paid_orders += u32::from(first);
        if first && !self.orders.iter().any(|(other, order)| *other != id && order.contact == contact && order.payments > 0) {
            self.customers += 1;
            let channel = self.contact_mut(contact)?.channel;
            self.channels[channel as usize].customers += 1;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oversight::tests_support::Scene;

    #[test]
    fn a_lead_that_was_unfit_is_looked_at_again_when_it_agrees_and_not_otherwise() {
        let mut scene = Scene::new();
        let eve = scene.lead("eve@customer.example", false);
        let score = |scene: &mut Scene, fit| scene.state.trade.score(&[(eve, fit)]).expect("known");
        let known = |scene: &Scene| (scene.state.trade.contacts[&eve].interest, scene.state.trade.contacts[&eve].fit);
        score(&mut scene, 20);
        scene.lead("eve@customer.example", false);
        assert_eq!(known(&scene), (Interest::Unfit, Some(20)), "nothing is new");
        scene.lead("eve@customer.example", true);
        assert_eq!(known(&scene), (Interest::New, None));
        score(&mut scene, 20);
        scene.lead("eve@customer.example", true);
        assert_eq!(known(&scene), (Interest::Unfit, Some(20)), "it agreed before");
        scene.contact().interest = Interest::Lost;
        scene.lead(crate::oversight::tests_support::EMAIL, true);
        assert_eq!(scene.contact().interest, Interest::Lost, "who said no stays alone");
    }
}
