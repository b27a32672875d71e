//! What a mind may see: the business's own state, never the market, the journal, credentials, or anything to act with.

use std::sync::Arc;

use crate::action::{ActionKind, MailPurpose, Message, SendEmail};
use crate::budget::{Resource, Window};
use crate::decide::text;
use crate::draw::Draw;
use crate::event::Profile;
use crate::id::{ContactId, TaskId};
use crate::money::Cents;
use crate::seal::{self, Personal, Sealed, Vault};
use crate::spec::Spec;
use crate::state::contacts::Contact;
use crate::state::growth::Growth;
use crate::state::trade::Trade;
use crate::state::work::Work;
use crate::state::{DayRow, State};
use crate::task::TaskKind;
use crate::time::Timestamp;

/// What a view looks through beside the state: the keys of the business, and the actions that something is connected for.
#[derive(Debug, Clone)]
pub struct Eyes {
    /// Opens personal text.
    pub vault: Vault,
    /// The actions that have an adapter.
    pub connected: Arc<[ActionKind]>,
}

impl Eyes {
    /// The view of this state at this time.
    pub fn view<'a>(&'a self, state: &'a State, now: Timestamp) -> View<'a> {
        View { state, vault: &self.vault, connected: &self.connected, now }
    }
}

/// A mind's window on its business.
pub struct View<'a> {
    state: &'a State,
    vault: &'a Vault,
    connected: &'a [ActionKind],
    now: Timestamp,
}

impl<'a> View<'a> {
    /// What the business was launched with.
    pub fn spec(&self) -> &'a Spec {
        &self.state.spec
    }

    /// The business's clock.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// The day that runs, counted from 0.
    pub fn day(&self) -> u32 {
        self.state.day
    }

    /// Contacts, orders, requests for help, channels.
    pub fn trade(&self) -> &'a Trade {
        &self.state.trade
    }

    /// What is allotted to growth, and what the weeks before brought.
    pub fn growth(&self) -> &'a Growth {
        &self.state.growth
    }

    /// Tasks and proposals.
    pub fn work(&self) -> &'a Work {
        &self.state.work
    }

    /// What may still be spent today.
    pub fn left_today(&self) -> Cents {
        self.state.books.left_today().max(Cents::ZERO)
    }

    /// What may still be spent in all.
    pub fn left(&self) -> Cents {
        self.state.books.left().max(Cents::ZERO)
    }

    /// How much of a budget is left over a time, in its unit.
    pub fn left_of(&self, resource: Resource, window: Window) -> u64 {
        self.state.books.left_of(resource, window)
    }

    /// The days that are over, oldest first, as totals at their ends.
    pub fn history(&self) -> &'a [DayRow] {
        &self.state.history
    }

    /// Money spent so far, in the book of the business's world.
    pub fn spent(&self) -> Cents {
        self.state.books.of_world().spent
    }

    /// Money earned so far, in the book of the business's world.
    pub fn revenue(&self) -> Cents {
        self.state.books.of_world().revenue
    }

    /// How many more messages may be sent today.
    pub fn messages_left_today(&self) -> usize {
        let left = [Window::Day, Window::Month, Window::Total].map(|window| self.state.books.left_of(Resource::Messages, window));
        usize::try_from(left.into_iter().min().unwrap_or(0)).unwrap_or(usize::MAX)
    }

    /// Whether something is connected that does the work of such tasks; planning needs nothing.
    pub fn can(&self, kind: TaskKind) -> bool {
        kind.action().is_none_or(|action| self.connected.contains(&action))
    }

    /// Whether an open proposal already reaches this contact.
    pub fn is_being_written_to(&self, contact: ContactId) -> bool {
        self.state.work.proposals.values().any(|open| open.proposal.action.contact() == Some(contact))
    }

    /// The random numbers of this task's attempt for one purpose.
    pub fn draw(&self, purpose: &str, task: TaskId) -> Draw {
        self.state.spec.seed.derive("minds").draw(purpose, u64::from(task.get()))
    }

    /// Who a contact is; nothing where the contact was erased.
    pub fn profile(&self, contact: &Contact) -> Option<Profile> {
        let opened = self.vault.open(&contact.profile).ok()?;
        serde_json::from_str(opened.reveal()).ok()
    }

    /// Opens sealed text, such as a model's answer.
    ///
    /// # Errors
    /// The vault's.
    pub fn open(&self, sealed: &Sealed) -> Result<Personal, seal::Error> {
        self.vault.open(sealed)
    }

    /// Seals text about a contact.
    ///
    /// # Errors
    /// The vault's.
    pub fn seal(&self, contact: ContactId, text: &str) -> Result<Sealed, seal::Error> {
        self.vault.seal(contact, text)
    }

    /// A mail to a contact: fills in the contact's words, adds the footer that commercial mail needs, and seals it. Nothing where the contact is
    /// unknown or erased.
    pub fn mail(&self, id: ContactId, purpose: MailPurpose, price: Option<Cents>, subject: &str, body: &str) -> Option<SendEmail> {
        let profile = self.profile(self.state.trade.contacts.get(&id)?)?;
        let filled = |template: &str| text::fill(template, &profile);
        let mut body = filled(body);
        if purpose.is_commercial() {
            body = format!("{body}\n\n{}", self.spec().sender.footer());
        }
        let message = Message { to: profile.email.clone(), subject: filled(subject), body };
        let message = self.vault.seal(id, &serde_json::to_string(&message).ok()?).ok()?;
        Some(SendEmail { contact: id, purpose, price, line: None, message })
    }
}
