//! Contacts: what the owner heard from the people that a real business is in touch with, and has to tell it by hand.
//!
//! An address comes in and never goes into a journal, a log or an error: a contact is found by its keyed digest, and everything else about it is sealed.

use std::fmt;
use std::sync::Arc;

use bbb_core::blueprint::Channel;
use bbb_core::event::{Intent, Profile, Signal};
use bbb_core::id::{BusinessId, ContactId, OrderId};
use bbb_core::money::Cents;
use bbb_core::observe::Arrival;
use bbb_core::seal::{self, Keys, Vault};
use bbb_core::state::State;
use bbb_core::state::contacts::{Contact, Interest};
use bbb_core::time::Timestamp;
use bbb_integrations::mail::address;
use serde::{Deserialize, Serialize};

use crate::fault::Fault;
use crate::keys::FileKeys;
use crate::leads::{self, Lead};
use crate::service::{Service, now};

/// The source of what an owner says about contacts.
pub const SOURCE: &str = "owner";

/// Somebody, by mail address or by contact id. Prints as `***`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Who(String);

impl fmt::Debug for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl Who {
    /// Somebody by this text, which [`Service::tell_of`] checks.
    pub fn new(text: impl Into<String>) -> Who {
        Who(text.into())
    }

    /// The id of the contact. Does not repeat what was said, which is personal.
    fn contact(&self, vault: &Vault) -> Result<ContactId, Fault> {
        if let Ok(id) = self.0.trim().parse() {
            return Ok(id);
        }
        address::parse(&self.0).map_err(|rule| Fault::usage(format!("neither a mail address nor a contact's id: {rule}")))?;
        Ok(vault.contact_id(&self.0))
    }

    fn is_address(&self) -> bool {
        self.0.contains('@')
    }
}

/// What an owner heard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum News {
    /// Somebody does not want mail any more.
    Unsubscribed,
    /// Somebody answered.
    Replied(Intent),
    /// Somebody ordered.
    Ordered {
        /// At which price.
        price: Cents,
        /// Whether it is paid every month.
        monthly: bool,
        /// The owner's own name for the order: the same one is the same order. Only a keyed digest of it is journaled.
        reference: Option<String>,
    },
    /// Somebody wants everything about them to be forgotten.
    Erase,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Noted {
    /// Who.
    pub contact: ContactId,
    /// Whether the contact was known before.
    pub known: bool,
    /// Whether this was news.
    pub new: bool,
    /// The order's name, where one was placed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<OrderId>,
}

/// What came of a list of leads.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Imported {
    /// Leads that are new.
    pub new: usize,
    /// How many of those agreed to be written to.
    pub new_with_consent: usize,
    /// Contacts that were known, and have agreed now.
    pub consent_given: usize,
    /// Contacts about which the list says nothing new.
    pub known: usize,
    /// How many of those agreed earlier, and not in this list: that stands, since a list does not take it back.
    pub consent_kept: usize,
    /// Contacts that unsubscribed or were erased: a list does not bring them back.
    pub left_out: usize,
}

/// A contact, readable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    missing_docs,
    reason = "as in Contact, but for `erased`: whether its key was destroyed, and `profile`: absent where it cannot be read"
)]
pub struct ContactRow {
    pub contact: ContactId,
    pub interest: Interest,
    pub consent: bool,
    pub suppressed: bool,
    pub erased: bool,
    pub qualified: bool,
    pub fit: Option<u8>,
    pub mails: u8,
    pub orders: usize,
    pub arrived_at_ms: i64,
    pub profile: Option<Profile>,
}

impl ContactRow {
    /// When it arrived.
    pub fn arrived_at(&self) -> Timestamp {
        Timestamp::from_ms(self.arrived_at_ms)
    }
}

impl Service {
    /// All contacts of a business, in the order of their ids.
    ///
    /// # Errors
    /// [`crate::fault::Kind::NotFound`]; those of the store and of the keys.
    pub async fn contacts(&self, id: BusinessId) -> Result<Vec<ContactRow>, Fault> {
        let state = self.now(id).await?.state;
        let vault = self.vault(id, &state.spec)?;
        Ok(state.trade.contacts.iter().map(|(id, contact)| row(*id, contact, &state, &vault)).collect())
    }

    /// Up to `limit` contacts of a business, those after `after` where that is given, in the order of their ids.
    ///
    /// # Errors
    /// As [`Service::contacts`].
    pub async fn contacts_after(&self, id: BusinessId, after: Option<ContactId>, limit: usize) -> Result<Vec<ContactRow>, Fault> {
        let state = self.now(id).await?.state;
        let vault = self.vault(id, &state.spec)?;
        let later = state.trade.contacts.iter().filter(|(id, _)| after.is_none_or(|after| **id > after));
        Ok(later.take(limit).map(|(id, contact)| row(*id, contact, &state, &vault)).collect())
    }

    /// Notes what the owner heard about somebody; the answer comes after it is committed. The same news twice is no error.
    ///
    /// # Errors
    /// [`crate::fault::Kind::Refused`] in a simulated world, and where it does not fit; [`crate::fault::Kind::NotFound`] for somebody who is not known, unless
    /// the news is that they do not want to be.
    pub async fn tell_of(&self, id: BusinessId, who: &Who, news: News) -> Result<Noted, Fault> {
        self.wake(id).await;
        let _turn = self.turns.of(id).await;
        let (state, keys) = self.real(id).await?;
        let vault = Vault::new(Arc::<FileKeys>::clone(&keys));
        let contact = who.contact(&vault)?;
        let Some(known) = state.trade.contacts.get(&contact) else {
            return match news {
                News::Unsubscribed if who.is_address() => self.keep_out(id, contact, &vault).await,
                _ => Err(nobody(id, &news)),
            };
        };
        let noted = |new| Noted { contact, known: true, new, order: None };
        match news {
            News::Unsubscribed if known.suppressed => Ok(noted(false)),
            News::Unsubscribed => self.receive(id, said(Signal::Unsubscribed { contact })).await.map(|_| noted(true)),
            News::Replied(intent) if said_before(known, intent) => Ok(noted(false)),
            News::Replied(intent) => self.receive(id, said(Signal::Replied { contact, intent })).await.map(|_| noted(true)),
            News::Ordered { price, monthly, reference } => {
                let order = Order { contact, price, monthly, name: reference.map(|text| format!("order {}", vault.digest(&text))) };
                self.order(id, &state, order).await
            }
            News::Erase => {
                // The word goes first: from here on nothing is written to somebody whose address cannot be read any more.
                if !known.suppressed && !state.status.is_over() {
                    self.receive(id, said(Signal::Unsubscribed { contact })).await?;
                }
                let new = !is_erased(&keys, contact);
                keys.erase(contact)?;
                Ok(noted(new))
            }
        }
    }

    /// Brings in more leads, all that are new or none; the answer comes after they are committed. The same lead twice is one lead.
    ///
    /// # Errors
    /// [`crate::fault::Kind::Usage`] with everything that is wrong with the list; [`crate::fault::Kind::Refused`] in a simulated world, and where the business
    /// is over.
    pub async fn import(&self, id: BusinessId, list: &str) -> Result<Imported, Fault> {
        self.bring_in(id, leads::parse(list.as_bytes())?).await
    }

    /// The same with leads that were checked already.
    ///
    /// # Errors
    /// [`crate::fault::Kind::Refused`] as above.
    pub async fn bring_in(&self, id: BusinessId, leads: Vec<Lead>) -> Result<Imported, Fault> {
        self.wake(id).await;
        let _turn = self.turns.of(id).await;
        let (state, keys) = self.real(id).await?;
        if state.status.is_over() {
            return Err(Fault::refused(format!("the business is {}", state.status.as_str())));
        }
        // Each new key waits for the disk; the business goes on meanwhile.
        let sealing = tokio::task::spawn_blocking(move || sort(&leads, &state, &keys));
        let (arrivals, imported) = sealing.await.map_err(|error| Fault::failed(format!("the leads could not be sealed: {error}")))??;
        self.receive(id, arrivals).await?;
        Ok(imported)
    }

    /// The state and the keys of a business that real people may be named to.
    async fn real(&self, id: BusinessId) -> Result<(Arc<State>, Arc<FileKeys>), Fault> {
        let state = self.now(id).await?.state;
        if state.spec.world.is_simulated() {
            return Err(Fault::refused(format!("{id} is simulated: its market has its own people, and real ones have no place in it")));
        }
        Ok((state, self.keys(id)?))
    }

    /// Notes that somebody who is not known wants no mail, so that no later list brings them in. Nothing is kept of the address but its keyed digest.
    async fn keep_out(&self, id: BusinessId, contact: ContactId, vault: &Vault) -> Result<Noted, Fault> {
        let nothing = Profile { email: String::new(), name: String::new(), company: String::new(), note: String::new() };
        let profile = leads::sealed(contact, &nothing, vault)?;
        let arrived = Signal::LeadArrived { contact, channel: Channel::Email, consent: false, profile };
        self.receive(id, [said(arrived), said(Signal::Unsubscribed { contact })].concat()).await?;
        Ok(Noted { contact, known: false, new: true, order: None })
    }

    async fn order(&self, id: BusinessId, state: &State, order: Order) -> Result<Noted, Fault> {
        let Order { contact, price, monthly, name } = order;
        let same = |open: &bbb_core::state::orders::Order| open.contact == contact && open.price == price && open.monthly == monthly;
        if let (None, Some((twin, _))) = (&name, state.trade.orders.open().find(|(_, open)| same(open))) {
            return Err(Fault::refused(format!("{contact} has {twin} at this price already; if this is another one, give it a reference")));
        }
        let order = state.trade.orders.last_key_value().map_or(0, |(last, _)| last.get()).checked_add(1).map(OrderId::new);
        let order = order.ok_or_else(|| Fault::refused("there are too many orders"))?;
        let signal = Signal::OrderPlaced { order, contact, price, monthly };
        let arrival = Arrival { source: SOURCE.to_owned(), external_id: name.unwrap_or_default(), signal };
        let new = self.receive(id, vec![arrival]).await? > 0;
        Ok(Noted { contact, known: true, new, order: new.then_some(order) })
    }

    /// Delivers arrivals to a business, wherever it runs, if it does. The caller holds the turn.
    async fn receive(&self, id: BusinessId, arrivals: Vec<Arrival>) -> Result<usize, Fault> {
        let Some(running) = self.running(id) else {
            let received = self.engine.receive(id, arrivals, now()).await?;
            self.told(id);
            return Ok(received);
        };
        // First: the business may have them scored as soon as it knows them.
        if let Some(desk) = &running.desk {
            arrivals.iter().for_each(|arrival| desk.learn(&arrival.signal));
        }
        Ok(running.handle.receive(arrivals).await?)
    }
}

/// An order that is to be placed, with the name by which it is placed once.
struct Order {
    contact: ContactId,
    price: Cents,
    monthly: bool,
    name: Option<String>,
}

fn said(signal: Signal) -> Vec<Arrival> {
    vec![Arrival { source: SOURCE.to_owned(), external_id: String::new(), signal }]
}

/// Whether an answer would change nothing.
fn said_before(contact: &Contact, intent: Intent) -> bool {
    match intent {
        Intent::Interested => contact.qualified && matches!(contact.interest, Interest::Interested | Interest::Customer),
        Intent::AskedPrice => contact.qualified && matches!(contact.interest, Interest::AskedPrice | Interest::Customer),
        Intent::Declined => matches!(contact.interest, Interest::Lost | Interest::Customer),
    }
}

fn nobody(id: BusinessId, news: &News) -> Fault {
    let hint = match news {
        News::Unsubscribed => "give the mail address, and no later list brings it in",
        News::Erase => "so there is nothing to erase; to keep an address out of later lists: bbb contact unsubscribe",
        News::Replied(_) | News::Ordered { .. } => "bring it in first: bbb contact import; who is known shows: bbb contact list",
    };
    Fault::not_found(format!("{id} knows nobody by that address or id: {hint}"))
}

fn is_erased(keys: &FileKeys, contact: ContactId) -> bool {
    matches!(keys.contact_key(contact), Err(seal::Error::Erased(_)))
}

/// What of a list is news, sealed, and what it comes to.
fn sort(list: &[Lead], state: &State, keys: &Arc<FileKeys>) -> Result<(Vec<Arrival>, Imported), Fault> {
    let vault = Vault::new(Arc::<FileKeys>::clone(keys));
    let (mut arrivals, mut imported) = (Vec::new(), Imported::default());
    for lead in list {
        let contact = vault.contact_id(&lead.profile.email);
        match state.trade.contacts.get(&contact) {
            _ if is_erased(keys, contact) => imported.left_out += 1,
            Some(known) if known.suppressed => imported.left_out += 1,
            Some(known) if known.consent || !lead.consent => {
                imported.known += 1;
                imported.consent_kept += usize::from(known.consent && !lead.consent);
            }
            Some(_) => {
                imported.consent_given += 1;
                let arrival = leads::arrival(lead, &vault)?;
                // A name of its own: the lead itself was received before.
                arrivals.push(Arrival { external_id: format!("{contact} agreed"), ..arrival });
            }
            None => {
                imported.new += 1;
                imported.new_with_consent += usize::from(lead.consent);
                arrivals.push(leads::arrival(lead, &vault)?);
            }
        }
    }
    Ok((arrivals, imported))
}

fn row(id: ContactId, contact: &Contact, state: &State, vault: &Vault) -> ContactRow {
    let opened = vault.open(&contact.profile);
    ContactRow {
        contact: id,
        interest: contact.interest,
        consent: contact.consent,
        suppressed: contact.suppressed,
        erased: matches!(opened, Err(seal::Error::Erased(_))),
        qualified: contact.qualified,
        fit: contact.fit,
        mails: contact.mails,
        orders: state.trade.orders.values().filter(|order| order.contact == id).count(),
        arrived_at_ms: contact.arrived_at.ms(),
        profile: opened.ok().and_then(|text| serde_json::from_str(text.reveal()).ok()),
    }
}
