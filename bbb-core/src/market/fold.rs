//! What the market remembers of the journal.
//!
//! Everything here is whole numbers, so that a snapshot reads back exactly what was written.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::action::{Action, MailPurpose};
use crate::blueprint::Channel;
use crate::event::{Event, Intent, Outcome, Payload, Signal};
use crate::id::{ContactId, OrderId, ProposalId, TicketId};
use crate::market::params::Params;
use crate::market::{SOURCE, demand, whole};
use crate::money::Cents;
use crate::oversight::verdict::Ruling;
use crate::receipt::Receipt;
use crate::spec::Spec;
use crate::time::Timestamp;

/// A level that moves smoothly, in billionths.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Level(u64);

impl Level {
    pub(super) fn of(level: f64) -> Level {
        Level(whole(level * 1e9))
    }

    pub(super) fn get(self) -> f64 {
        self.0 as f64 / 1e9
    }
}

/// A person that the business got to know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Person {
    /// The how manieth lead; hidden traits are keyed by it.
    pub(super) ordinal: u32,
    pub(super) channel: Channel,
    pub(super) consent: bool,
    /// Asked not to be written to.
    pub(super) gone: bool,
    /// The last answer, if any.
    pub(super) answer: Option<Intent>,
    /// Commercial mails got.
    pub(super) mails: u32,
    /// Offers among them.
    pub(super) offers: u32,
    /// The price last offered.
    pub(super) offered: Option<Cents>,
    /// Orders placed.
    pub(super) orders: u32,
}

/// A commercial mail of today.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Letter {
    pub(super) contact: ContactId,
    pub(super) purpose: MailPurpose,
    /// The how manieth commercial mail to this person, from 1.
    pub(super) nth: u32,
}

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
    /// When it was last delivered.
    pub(super) served_on: Option<u32>,
    /// Whether the last delivery was late.
    pub(super) late: bool,
    pub(super) refund_asked_on: Option<u32>,
    pub(super) refunded_on: Option<u32>,
    /// Whether it goes on: not left, not paid back.
    pub(super) open: bool,
}

/// What a proposed action will mean to the market if it happens: its arguments without texts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
enum Deed {
    Post { channel: Channel, cost: Cents },
    Ads { channel: Channel, limit: Cents },
    Mail { contact: ContactId, purpose: MailPurpose, price: Option<Cents> },
    Deliver(OrderId),
    Answer(TicketId),
    Collect(OrderId),
    Refund(OrderId),
    Bill,
    Price(Cents),
}

impl Deed {
    fn of(action: &Action) -> Option<Deed> {
        Some(match action {
            Action::PublishPost(post) => Deed::Post { channel: post.channel, cost: post.cost },
            Action::RunAds(ads) => Deed::Ads { channel: ads.channel, limit: ads.spend_limit },
            Action::SendEmail(mail) => Deed::Mail { contact: mail.contact, purpose: mail.purpose, price: mail.price },
            Action::DeliverOrder(delivery) => Deed::Deliver(delivery.order),
            Action::AnswerTicket(answer) => Deed::Answer(answer.ticket),
            Action::CollectPayment(payment) => Deed::Collect(payment.order),
            Action::RefundPayment(refund) => Deed::Refund(refund.order),
            Action::PayBill(_) => Deed::Bill,
            Action::SetPrice(price) => Deed::Price(price.price),
            Action::StudyMarket(_) | Action::QualifyLeads(_) | Action::CallModel(_) => return None,
        })
    }
}

/// What the market remembers of the journal: the part that snapshots keep.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Folded {
    /// The day that runs, counted from 0.
    pub(super) day: u32,
    /// The price that is offered.
    pub(super) price: Cents,
    /// Everyone the business got to know.
    pub(super) people: BTreeMap<ContactId, Person>,
    /// All orders.
    pub(super) deals: BTreeMap<OrderId, Deal>,
    /// Requests for help without an answer: whose, and since which day.
    pub(super) tickets: BTreeMap<TicketId, (ContactId, u32)>,
    /// The ordinal of the next request for help.
    pub(super) next_ticket: u32,
    /// Stars ever given, and ratings.
    pub(super) stars: (u32, u32),
    /// How well known the business is, 0 to 1.
    pub(super) awareness: Level,
    /// What earlier posts still do, by channel, in posts a day.
    pub(super) echo: [Level; 6],
    /// Commercial mails a day, smoothed.
    pub(super) mail_echo: Level,
    /// When a bill was last paid; the first day counts as paid.
    pub(super) billed_on: u32,
    /// Quality-weighted posts of today, by channel.
    pub(super) posts: [Level; 6],
    /// Advertising of today, by channel.
    pub(super) ads: [Cents; 6],
    /// Commercial mails of today, in the order in which they went out.
    pub(super) letters: Vec<Letter>,
    /// Actions that are not settled yet.
    deeds: BTreeMap<ProposalId, Deed>,
    /// Signals of today, which take effect when the day is closed.
    signals: Vec<(Timestamp, Signal)>,
}

impl Folded {
    pub(super) fn new(spec: &Spec) -> Folded {
        Folded {
            day: 0,
            price: spec.blueprint.price,
            people: BTreeMap::new(),
            deals: BTreeMap::new(),
            tickets: BTreeMap::new(),
            next_ticket: 0,
            stars: (0, 0),
            awareness: Level::default(),
            echo: [Level::default(); 6],
            mail_echo: Level::default(),
            billed_on: 0,
            posts: [Level::default(); 6],
            ads: [Cents::ZERO; 6],
            letters: Vec::new(),
            deeds: BTreeMap::new(),
            signals: Vec::new(),
        }
    }

    /// Signals of today that are journaled already.
    pub(super) fn arrived(&self) -> usize {
        self.signals.len()
    }

    pub(super) fn apply(&mut self, params: &Params, event: &Event) {
        match &event.payload {
            Payload::Forked { price } => self.price = *price,
            Payload::Received { source, signal, .. } if source == SOURCE => self.signals.push((event.at, signal.clone())),
            Payload::DayClosed { .. } => self.close_day(params),
            Payload::Proposed { proposal } => {
                if let Some(deed) = Deed::of(&proposal.action) {
                    self.deeds.insert(proposal.id, deed);
                }
            }
            Payload::Reviewed { proposal, verdict, .. } if verdict.ruling == Ruling::Veto => self.forget(*proposal),
            Payload::Answered { proposal, approve: false, .. } | Payload::Withdrawn { proposal, .. } => self.forget(*proposal),
            Payload::Settled { proposal, outcome, .. } => match outcome {
                Outcome::Done { receipt } => self.done(params, *proposal, Some(receipt)),
                outcome if outcome.stays_open() => {}
                _ => self.forget(*proposal),
            },
            Payload::DoubtResolved { proposal, happened: true } => self.done(params, *proposal, None),
            Payload::DoubtResolved { proposal, happened: false } => self.forget(*proposal),
            _ => {}
        }
    }

    fn forget(&mut self, proposal: ProposalId) {
        self.deeds.remove(&proposal);
    }

    fn done(&mut self, params: &Params, proposal: ProposalId, receipt: Option<&Receipt>) {
        let Some(deed) = self.deeds.remove(&proposal) else { return };
        let day = self.day;
        match deed {
            Deed::Post { channel, cost } => {
                let posts = &mut self.posts[channel as usize];
                *posts = Level::of(posts.get() + demand::post_quality(params, cost));
            }
            Deed::Ads { channel, limit } => {
                let spent = if let Some(Receipt::AdsReceipt(ads)) = receipt { ads.spent } else { limit };
                let total = &mut self.ads[channel as usize];
                *total = total.plus(spent);
            }
            Deed::Mail { contact, purpose, price } => self.mailed(contact, purpose, price),
            Deed::Deliver(order) => self.change(order, |deal| deal.delivered(day)),
            Deed::Answer(ticket) => drop(self.tickets.remove(&ticket)),
            Deed::Collect(order) => self.change(order, |deal| deal.paid(day)),
            Deed::Refund(order) => self.change(order, |deal| (deal.refunded_on, deal.open) = (Some(day), false)),
            Deed::Bill => self.billed_on = day,
            Deed::Price(price) => self.price = price,
        }
    }

    fn change(&mut self, order: OrderId, change: impl FnOnce(&mut Deal)) {
        if let Some(deal) = self.deals.get_mut(&order) {
            change(deal);
        }
    }

    fn mailed(&mut self, contact: ContactId, purpose: MailPurpose, price: Option<Cents>) {
        let list_price = self.price;
        let Some(person) = self.people.get_mut(&contact).filter(|_| purpose.is_commercial()) else { return };
        person.mails += 1;
        if purpose == MailPurpose::Offer {
            person.offers += 1;
            person.offered = Some(price.unwrap_or(list_price));
        }
        self.letters.push(Letter { contact, purpose, nth: person.mails });
    }

    fn close_day(&mut self, params: &Params) {
        let reach = demand::Reach::today(params, self);
        self.awareness = reach.next_awareness;
        self.echo = reach.echo;
        self.mail_echo = reach.mail_echo;
        for (at, signal) in std::mem::take(&mut self.signals) {
            self.receive(&signal, at);
        }
        self.posts = [Level::default(); 6];
        self.ads = [Cents::ZERO; 6];
        self.letters.clear();
        self.day += 1;
    }

    fn receive(&mut self, signal: &Signal, at: Timestamp) {
        let day = self.day;
        match signal {
            Signal::LeadArrived { contact, channel, consent, .. } => {
                let ordinal = u32::try_from(self.people.len()).unwrap_or(u32::MAX);
                let (channel, consent) = (*channel, *consent);
                self.people.entry(*contact).or_insert(Person {
                    ordinal,
                    channel,
                    consent,
                    gone: false,
                    answer: None,
                    mails: 0,
                    offers: 0,
                    offered: None,
                    orders: 0,
                });
            }
            Signal::Replied { contact, intent } => self.know(*contact, |person| person.answer = Some(*intent)),
            Signal::Unsubscribed { contact } => self.know(*contact, |person| person.gone = true),
            Signal::OrderPlaced { order, contact, price, monthly } => {
                self.know(*contact, |person| person.orders += 1);
                self.deals.insert(*order, Deal::placed(*contact, *price, *monthly, at, day));
            }
            Signal::Churned { order } => self.change(*order, |deal| deal.open = false),
            Signal::TicketOpened { ticket, contact } => {
                self.tickets.insert(*ticket, (*contact, day));
                self.next_ticket = self.next_ticket.max(ticket.get().saturating_add(1));
            }
            Signal::RefundRequested { order } => self.change(*order, |deal| deal.refund_asked_on = Some(day)),
            Signal::Rated { stars, .. } => self.stars = (self.stars.0 + u32::from(*stars), self.stars.1 + 1),
        }
    }

    fn know(&mut self, contact: ContactId, change: impl FnOnce(&mut Person)) {
        if let Some(person) = self.people.get_mut(&contact) {
            change(person);
        }
    }
}

impl Deal {
    const fn placed(contact: ContactId, price: Cents, monthly: bool, placed_at: Timestamp, placed_on: u32) -> Deal {
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
            refund_asked_on: None,
            refunded_on: None,
            open: true,
        }
    }

    fn paid(&mut self, day: u32) {
        self.payments += 1;
        self.owed_since.get_or_insert(day);
    }

    fn delivered(&mut self, day: u32) {
        self.deliveries += 1;
        self.late = self.owed_since.is_some_and(|since| day.saturating_sub(since) > 3);
        self.served_on = Some(day);
        self.owed_since = (self.payments > self.deliveries).then_some(day);
    }
}
