//! What the checks look at beside the words of a text. They get no other fact, so that what they said of a text is true again where all of this is the same.

use std::cell::Cell;

use crate::money::Cents;
use crate::oversight::content::Business;
use crate::oversight::facts::Facts;
use crate::spec::Spec;

/// What a text is part of, but for whom it reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Setting {
    /// Whether it advertises to one person.
    pub(super) commercial: bool,
    /// Whether it is about somebody's own order.
    pub(super) service: bool,
    /// Whether it has its sender's footer; absent where it is no mail.
    pub(super) footer: Option<bool>,
    /// Whether it becomes public.
    pub(super) public: bool,
    /// The price that it may name.
    pub(super) price: Option<Cents>,
    /// Whether the owner confirmed the licences that the business needs.
    licence_confirmed: bool,
}

impl Setting {
    pub(super) fn of(facts: &Facts) -> Setting {
        Setting {
            commercial: facts.commercial,
            service: facts.mail.as_ref().is_some_and(|mail| !mail.purpose.is_commercial()),
            footer: facts.mail.as_ref().map(|mail| mail.footer_present),
            public: !facts.public.is_empty(),
            price: facts.stated_price,
            licence_confirmed: facts.licence_confirmed,
        }
    }
}

/// The setting of a text, the business whose text it is, and its reader.
pub(super) struct Context<'a> {
    pub(super) setting: Setting,
    pub(super) spec: &'a Spec,
    pub(super) business: &'a Business,
    facts: &'a Facts,
    looked_at_reader: Cell<bool>,
}

impl<'a> Context<'a> {
    pub(super) fn of(facts: &'a Facts) -> Context<'a> {
        Context { setting: Setting::of(facts), spec: &facts.spec, business: &facts.business, facts, looked_at_reader: Cell::new(false) }
    }

    /// Whether the owner confirmed a licence whose text has one of these words.
    pub(super) fn licensed_for(&self, words: &[&str]) -> bool {
        self.setting.licence_confirmed && self.business.licences.iter().any(|licence| words.iter().any(|word| licence.contains(word)))
    }

    /// The addresses of whom the text reaches.
    pub(super) fn readers(&self) -> impl Iterator<Item = &'a str> {
        self.looked_at_reader.set(true);
        let to = self.facts.message.iter().map(|mail| mail.to.as_str());
        to.chain(self.facts.contact.iter().map(|contact| contact.profile.email.as_str()))
    }

    /// What is noted about whom the text reaches.
    pub(super) fn readers_note(&self) -> Option<&'a str> {
        self.looked_at_reader.set(true);
        self.facts.contact.as_ref().map(|contact| contact.profile.note.as_str())
    }

    /// Whether anybody asked who reads it.
    pub(super) fn depends_on_reader(&self) -> bool {
        self.looked_at_reader.get()
    }
}
