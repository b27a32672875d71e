//! Contacts: whom a business is in touch with, and how far each has come.

use serde::{Deserialize, Serialize};

use crate::blueprint::Channel;
use crate::id::ContactId;
use crate::seal::Sealed;
use crate::state::filed::{Filed, Stands};
use crate::time::Timestamp;

/// Whether somebody may be written to: agreed to it, and did not take that back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reachable {
    /// Not for advertising.
    No,
    /// It may.
    Yes,
}

/// All contacts, also by how far they have come, whether they may be written to, and the commercial mails that they got.
pub type Contacts = Filed<ContactId, Contact>;

/// The fit, 0 to 100, from which a lead is worth writing to.
pub const FIT_THRESHOLD: u8 = 50;

/// How far a contact has come. The order is the order of the funnel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Interest {
    /// Just arrived.
    New,
    /// Scored, and not worth writing to.
    Unfit,
    /// Scored, and worth writing to.
    Fit,
    /// Written to.
    Contacted,
    /// Answered, wants to hear more.
    Interested,
    /// Asked for the price.
    AskedPrice,
    /// Got an offer.
    Offered,
    /// Ordered.
    Customer,
    /// Said no.
    Lost,
}

/// A person or company that the business is in touch with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// How far it has come.
    pub interest: Interest,
    /// Over which channel it came.
    pub channel: Channel,
    /// Whether it agreed to be written to.
    pub consent: bool,
    /// Whether it must not be written to any more.
    pub suppressed: bool,
    /// Whether it ever answered with anything but no, or asked for the price. Who ordered without a word has not.
    pub qualified: bool,
    /// How well it fits the offer, 0 to 100; absent before it is scored.
    pub fit: Option<u8>,
    /// Commercial mails sent.
    pub mails: u8,
    /// The part of the price that was offered after an offer without an answer, in percent; absent where there was no such offer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offered_later: Option<u8>,
    /// Which subject line the first of them had, where it was one of the playbook's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u8>,
    /// When the last of them was sent.
    pub last_mail_at: Timestamp,
    /// When it arrived.
    pub arrived_at: Timestamp,
    /// Who it is.
    pub profile: Sealed,
}

impl Stands for Contact {
    type At = (Interest, Reachable, u8);

    fn at(&self) -> (Interest, Reachable, u8) {
        let reachable = if self.consent && !self.suppressed { Reachable::Yes } else { Reachable::No };
        (self.interest, reachable, self.mails)
    }
}

impl Contacts {
    /// All that have come so far and no further, in an order of its own.
    pub fn at_step(&self, interest: Interest) -> impl Iterator<Item = (&ContactId, &Contact)> {
        self.among((interest, Reachable::No, 0)..=(interest, Reachable::Yes, u8::MAX))
    }

    /// Those of them that may be written to and got fewer than so many commercial mails.
    pub fn to_write_to(&self, interest: Interest, mails: u8) -> impl Iterator<Item = (&ContactId, &Contact)> {
        self.among((interest, Reachable::Yes, 0)..(interest, Reachable::Yes, mails))
    }
}
