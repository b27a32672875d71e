//! What the market remembers of the journal.
//!
//! Everything here is whole numbers, so that a snapshot reads back exactly what was written.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::action::{Action, MailPurpose};
use crate::blueprint::Channel;
use crate::event::{Event, Intent, Outcome, Payload, Signal};
use crate::id::{ContactId, OrderId, ProposalId, TaskId, TicketId};
use crate::market::buyer::LATEST_REPLY_DAYS;
use crate::market::deal::{self, Deal};
use crate::market::params::Params;
use crate::market::scenario::Scenario;
use crate::market::{SOURCE, climate, demand, whole};
use crate::money::Cents;
use crate::oversight::verdict::Ruling;
use crate::receipt::Receipt;
use crate::spec::Spec;
use crate::task::TaskKind;
use crate::temptation::Temptation;
use crate::time::Timestamp;

/// The mean of the ratings of good service, which is what people expect of a business that they know nothing of.
const USUAL_STARS: f64 = 4.3;
/// Part of the way to a new rating that reputation goes.
pub(super) const REPUTE_RATE: f64 = 1.0 / 12.0;

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

/// A commercial mail that may still be answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Letter {
    pub(super) contact: ContactId,
    pub(super) purpose: MailPurpose,
    /// The how manieth commercial mail to this person, from 1.
    pub(super) nth: u32,
    /// The price that the reader has in mind: the one offered last; none for an outreach.
    pub(super) offered: Option<Cents>,
    /// Which subject line it has.
    #[serde(default)]
    pub(super) line: u8,
    /// When it went out.
    pub(super) sent_on: u32,
}

impl Letter {
    /// What the draws of this letter to this person are keyed by.
    pub(super) fn key(&self, person: &Person) -> u64 {
        u64::from(person.ordinal) << 16 | u64::from(self.nth & 0xffff)
    }
}

/// What a proposed action will mean to the market if it happens: its arguments without texts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
enum Deed {
    Post { channel: Channel, cost: Cents },
    Ads { channel: Channel, limit: Cents },
    Mail { contact: ContactId, purpose: MailPurpose, price: Option<Cents>, line: u8 },
    Deliver { order: OrderId, cost: Cents },
    Answer(TicketId),
    Collect(OrderId),
    Refund(OrderId),
    Bill,
    Price(Cents),
    GiveIn(Temptation),
}

impl Deed {
    fn of(action: &Action) -> Option<Deed> {
        Some(match action {
            Action::PublishPost(post) => Deed::Post { channel: post.channel, cost: post.cost },
            Action::RunAds(ads) => Deed::Ads { channel: ads.channel, limit: ads.spend_limit },
            Action::SendEmail(mail) => {
                Deed::Mail { contact: mail.contact, purpose: mail.purpose, price: mail.price, line: mail.line.unwrap_or(0) }
            }
            Action::DeliverOrder(delivery) => Deed::Deliver { order: delivery.order, cost: delivery.cost },
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
    /// What the launch gave instead of letting it be drawn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) scenario: Option<Box<Scenario>>,
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
    /// Orders handed over that wait for others to be served.
    pub(super) queue: u32,
    /// The stars that people expect of the business: the last dozen ratings, about.
    pub(super) repute: Level,
    /// How well known the business is, 0 to 1.
    pub(super) awareness: Level,
    /// What earlier posts still do, by channel, in posts a day.
    pub(super) echo: [Level; 6],
    /// How worn out advertising is, by channel, 0 to 1.
    pub(super) wear: [Level; 6],
    /// Commercial mails a day, smoothed.
    pub(super) mail_echo: Level,
    /// The list price that rivals see and the one that they act on, as multiples of the normal price.
    pub(super) watched: [Level; 2],
    /// When a bill was last paid; the first day counts as paid.
    pub(super) billed_on: u32,
    /// Quality-weighted posts of today, by channel.
    pub(super) posts: [Level; 6],
    /// Advertising of today, by channel.
    pub(super) ads: [Cents; 6],
    /// Commercial mails that may still be answered, in the order in which they went out.
    pub(super) letters: Vec<Letter>,
    /// What the market tempted with last, and the task that takes it up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tempted: Option<(Temptation, Option<TaskId>)>,
    /// When a refund could last be dodged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) dodge_offered_on: Option<u32>,
    /// People on a scraped list who come today.
    #[serde(default)]
    pub(super) listed: u32,
    /// The day on which an agreement of prices ends.
    #[serde(default)]
    pub(super) agreed_until: u32,
    /// Actions that are not settled yet.
    deeds: BTreeMap<ProposalId, Deed>,
    /// Signals of today, which take effect when the day is closed.
    signals: Vec<(Timestamp, Signal)>,
}

impl Folded {
    pub(super) fn new(spec: &Spec) -> Folded {
        Folded {
            scenario: None,
            day: 0,
            price: spec.blueprint.price,
            people: BTreeMap::new(),
            deals: BTreeMap::new(),
            tickets: BTreeMap::new(),
            next_ticket: 0,
            queue: 0,
            repute: Level::of(USUAL_STARS),
            awareness: Level::default(),
            echo: [Level::default(); 6],
            wear: [Level::default(); 6],
            mail_echo: Level::default(),
            watched: [Level::of(1.0); 2],
            billed_on: 0,
            posts: [Level::default(); 6],
            ads: [Cents::ZERO; 6],
            letters: Vec::new(),
            tempted: None,
            dodge_offered_on: None,
            listed: 0,
            agreed_until: 0,
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
            Payload::Forked { change, .. } => self.price = change.price.unwrap_or(self.price),
            Payload::Received { source, signal, .. } if source == SOURCE => self.signals.push((event.at, signal.clone())),
            Payload::DayClosed { .. } => self.close_day(params),
            Payload::TaskCreated { task, order } if order.kind == TaskKind::TakeUpOffer => {
                if let Some((_, taken_up_by)) = &mut self.tempted {
                    *taken_up_by = Some(*task);
                }
            }
            Payload::Proposed { proposal } => {
                let gives_in =
                    self.tempted.filter(|(_, task)| *task == Some(proposal.task)).map(|(temptation, _)| Deed::GiveIn(temptation));
                if let Some(deed) = gives_in.or_else(|| Deed::of(&proposal.action)) {
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
            Deed::Mail { contact, purpose, price, line } => self.mailed(contact, purpose, price, line),
            Deed::Deliver { order, cost } => {
                let wait = params.deliveries_per_day.map_or(0, |capacity| self.queue / capacity.max(1));
                self.queue = self.queue.saturating_add(1);
                self.change(order, |deal| deal.delivered(day, wait, deal::flaw(params, wait, cost)));
            }
            Deed::Answer(ticket) => drop(self.tickets.remove(&ticket)),
            Deed::Collect(order) => self.change(order, |deal| deal.paid(day)),
            Deed::Refund(order) => self.change(order, |deal| deal.paid_back(day)),
            Deed::Bill => self.billed_on = day,
            Deed::Price(price) => self.price = price,
            Deed::GiveIn(temptation) => self.give_in(params, temptation),
        }
    }

    fn change(&mut self, order: OrderId, change: impl FnOnce(&mut Deal)) {
        if let Some(deal) = self.deals.get_mut(&order) {
            change(deal);
        }
    }

    fn mailed(&mut self, contact: ContactId, purpose: MailPurpose, price: Option<Cents>, line: u8) {
        let (list_price, sent_on) = (self.price, self.day);
        let Some(person) = self.people.get_mut(&contact).filter(|_| purpose.is_commercial()) else { return };
        person.mails += 1;
        if purpose == MailPurpose::Offer {
            person.offers += 1;
            person.offered = Some(price.unwrap_or(list_price));
        }
        let offered = person.offered.filter(|_| purpose != MailPurpose::Outreach);
        self.letters.push(Letter { contact, purpose, nth: person.mails, offered, line, sent_on });
    }

    fn close_day(&mut self, params: &Params) {
        let reach = demand::Reach::today(params, self);
        self.awareness = reach.next_awareness;
        self.echo = reach.echo;
        self.wear = reach.wear;
        self.mail_echo = reach.mail_echo;
        self.watched = climate::watch(params, self);
        self.queue = self.queue.saturating_sub(params.deliveries_per_day.unwrap_or(u32::MAX));
        for (at, signal) in std::mem::take(&mut self.signals) {
            self.receive(&signal, at);
        }
        self.posts = [Level::default(); 6];
        self.ads = [Cents::ZERO; 6];
        self.listed = 0;
        self.day += 1;
        let day = self.day;
        self.letters.retain(|letter| letter.sent_on + LATEST_REPLY_DAYS >= day);
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
                // Whoever ordered answers no letter from before that.
                self.letters.retain(|letter| letter.contact != *contact);
                self.deals.insert(*order, Deal::placed(*contact, *price, *monthly, at, day));
            }
            Signal::Churned { order } => self.change(*order, |deal| deal.open = false),
            Signal::TicketOpened { ticket, contact } => {
                self.tickets.insert(*ticket, (*contact, day));
                self.next_ticket = self.next_ticket.max(ticket.get().saturating_add(1));
            }
            Signal::RefundRequested { order } => self.change(*order, |deal| deal.refund_asked_on = Some(day)),
            Signal::ChargedBack { order, .. } => self.change(*order, |deal| deal.paid_back(day)),
            Signal::Tempted { temptation } => {
                self.tempted = Some((*temptation, None));
                if let Temptation::DodgedRefund { .. } = temptation {
                    self.dodge_offered_on = Some(day);
                }
            }
            Signal::Rated { stars, .. } => {
                let repute = self.repute.get();
                self.repute = Level::of(repute + REPUTE_RATE * (f64::from(*stars) - repute));
            }
        }
    }

    /// Stars of reputation above the usual, below where negative.
    pub(super) fn above_usual(&self) -> f64 {
        self.repute.get() - USUAL_STARS
    }

    /// How much more readily people buy for the reputation of the business.
    pub(super) fn trust(&self, params: &Params) -> f64 {
        libm::exp(params.reputation * self.above_usual())
    }

    fn know(&mut self, contact: ContactId, change: impl FnOnce(&mut Person)) {
        if let Some(person) = self.people.get_mut(&contact) {
            change(person);
        }
    }
}
