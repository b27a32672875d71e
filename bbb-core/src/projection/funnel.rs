//! The funnel: how far leads have come, in all and by the channel over which they came.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::action::{Action, MailPurpose};
use crate::blueprint::Channel;
use crate::event::{Event, Intent, Outcome, Payload, Signal};
use crate::id::{ContactId, OrderId, ProposalId};

/// How far leads have come.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Funnel {
    /// Over all channels.
    pub total: Steps,
    /// By channel: those that brought a lead.
    pub by_channel: BTreeMap<Channel, Steps>,
}

/// How many contacts have come at least so far. A customer may have ordered without an offer, so that step can be smaller than the one after it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Steps {
    /// Arrived.
    pub leads: u32,
    /// Answered with anything but no, asked for the price, or ordered.
    pub qualified: u32,
    /// Were sent an offer.
    pub offered: u32,
    /// Paid.
    pub customers: u32,
}

/// The funnel of a journal.
pub fn funnel<'a>(events: impl IntoIterator<Item = &'a Event>) -> Funnel {
    let mut walk = Walk::default();
    events.into_iter().for_each(|event| walk.follow(&event.payload));
    let mut funnel = Funnel::default();
    for person in walk.people.values() {
        let by_channel = funnel.by_channel.entry(person.channel).or_default();
        for steps in [&mut funnel.total, by_channel] {
            steps.leads += 1;
            steps.qualified += u32::from(person.qualified);
            steps.offered += u32::from(person.offered);
            steps.customers += u32::from(person.paid);
        }
    }
    funnel
}

struct Person {
    channel: Channel,
    qualified: bool,
    offered: bool,
    paid: bool,
}

/// What the walk through a journal remembers.
#[derive(Default)]
struct Walk<'a> {
    people: BTreeMap<ContactId, Person>,
    orders: BTreeMap<OrderId, ContactId>,
    actions: BTreeMap<ProposalId, &'a Action>,
    closed: BTreeSet<ProposalId>,
}

impl<'a> Walk<'a> {
    fn follow(&mut self, payload: &'a Payload) {
        match payload {
            Payload::Received { signal, .. } => self.receive(signal),
            Payload::Proposed { proposal } if matches!(proposal.action, Action::SendEmail(_) | Action::CollectPayment(_)) => {
                self.actions.insert(proposal.id, &proposal.action);
            }
            Payload::Settled { proposal, outcome: Outcome::Done { .. }, .. } | Payload::DoubtResolved { proposal, happened: true } => {
                self.happened(*proposal);
            }
            _ => {}
        }
    }

    fn receive(&mut self, signal: &Signal) {
        match signal {
            Signal::LeadArrived { contact, channel, .. } => {
                let person = Person { channel: *channel, qualified: false, offered: false, paid: false };
                self.people.entry(*contact).or_insert(person);
            }
            Signal::Replied { contact, intent: Intent::Interested | Intent::AskedPrice } => {
                self.change(*contact, |person| person.qualified = true);
            }
            Signal::OrderPlaced { order, contact, .. } => {
                self.change(*contact, |person| person.qualified = true);
                self.orders.insert(*order, *contact);
            }
            _ => {}
        }
    }

    fn happened(&mut self, id: ProposalId) {
        if !self.closed.insert(id) {
            return;
        }
        match self.actions.get(&id) {
            Some(Action::SendEmail(mail)) if mail.purpose == MailPurpose::Offer => {
                self.change(mail.contact, |person| person.offered = true)
            }
            Some(Action::CollectPayment(payment)) => {
                if let Some(contact) = self.orders.get(&payment.order).copied() {
                    self.change(contact, |person| person.paid = true);
                }
            }
            _ => {}
        }
    }

    fn change(&mut self, contact: ContactId, how: impl FnOnce(&mut Person)) {
        if let Some(person) = self.people.get_mut(&contact) {
            how(person);
        }
    }
}
