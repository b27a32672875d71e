//! Desk research: scores leads from what their own rows say. Local and free; asks nobody.
//!
//! | what the row says | points |
//! |---|---|
//! | a lead at all | 20 |
//! | agreed to be written to | 30 |
//! | a company | 20 |
//! | an address at a domain of its own, and not at a free-mail provider | 20 |
//! | a note by the founder | 10 |
//!
//! So a lead without consent needs everything else to be worth a look, and is not written to even then: that is for oversight to say, not for the desk.

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};

use bbb_core::action::QualifyLeads;
use bbb_core::event::{Profile, Recovery, Signal};
use bbb_core::id::ContactId;
use bbb_core::journal::store::BoxFuture;
use bbb_core::oversight::permit::Permit;
use bbb_core::port::{Failure, Port};
use bbb_core::receipt::Scores;
use bbb_core::seal::{Error, Sealed, Vault};
use bbb_core::state::State;

/// Domains at which anybody can have an address.
const FREE_MAIL: [&str; 24] = [
    "aol.com",
    "fastmail.com",
    "gmail.com",
    "gmx.at",
    "gmx.ch",
    "gmx.com",
    "gmx.de",
    "gmx.net",
    "googlemail.com",
    "hey.com",
    "hotmail.com",
    "icloud.com",
    "live.com",
    "mail.com",
    "mail.ru",
    "me.com",
    "msn.com",
    "outlook.com",
    "proton.me",
    "protonmail.com",
    "qq.com",
    "web.de",
    "yahoo.com",
    "yandex.ru",
];

/// The adapter. It knows the leads that it was told of.
#[derive(Debug)]
pub struct Desk {
    vault: Vault,
    rows: RwLock<BTreeMap<ContactId, (Sealed, bool)>>,
}

impl Desk {
    /// A desk that opens profiles with `vault`.
    pub fn new(vault: Vault) -> Desk {
        Desk { vault, rows: RwLock::default() }
    }

    /// Notes a lead that arrives; other signals tell it nothing.
    pub fn learn(&self, signal: &Signal) {
        if let Signal::LeadArrived { contact, consent, profile, .. } = signal {
            self.note(*contact, profile.clone(), *consent);
        }
    }

    /// Notes the contacts of a business that is resumed.
    pub fn learn_all(&self, state: &State) {
        for (id, contact) in state.trade.contacts.iter() {
            self.note(*id, contact.profile.clone(), contact.consent);
        }
    }

    fn note(&self, id: ContactId, profile: Sealed, consent: bool) {
        // Single inserts: a panic elsewhere leaves the map whole.
        let mut rows = self.rows.write().unwrap_or_else(PoisonError::into_inner);
        let row = rows.entry(id).or_insert((profile, consent));
        row.1 |= consent;
    }

    fn fit(&self, id: ContactId) -> Result<u8, Failure> {
        let row = self.rows.read().unwrap_or_else(PoisonError::into_inner).get(&id).cloned();
        let Some((profile, consent)) = row else { return Ok(0) };
        match self.vault.open(&profile) {
            Ok(text) => Ok(serde_json::from_str(text.reveal()).map_or(0, |profile| score(&profile, consent))),
            // What was erased or altered says nothing.
            Err(Error::KeyStore(reason)) => Err(Failure::Temporary(reason)),
            Err(_) => Ok(0),
        }
    }
}

fn score(profile: &Profile, consent: bool) -> u8 {
    let domain = profile.email.rsplit_once('@').map_or("", |(_, domain)| domain).to_lowercase();
    let own_domain = domain.contains('.') && !FREE_MAIL.contains(&domain.as_str());
    let says = |text: &str| !text.trim().is_empty();
    let points = [(true, 20), (consent, 30), (says(&profile.company), 20), (own_domain, 20), (says(&profile.note), 10)];
    points.into_iter().filter(|(holds, _)| *holds).map(|(_, points)| points).sum()
}

impl Port<QualifyLeads> for Desk {
    fn recovery(&self) -> Recovery {
        Recovery::Repeatable
    }

    fn perform(&self, permit: Permit<QualifyLeads>) -> BoxFuture<'_, Result<Scores, Failure>> {
        Box::pin(async move {
            let begun = permit.begin()?;
            let fit = begun.action.contacts.iter().map(|id| Ok((*id, self.fit(*id)?))).collect::<Result<_, Failure>>()?;
            Ok(Scores { fit })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_scored_by_what_it_says() {
        let check = |email: &str, company: &str, note: &str, consent: bool, want: u8| {
            let [email, company, note] = [email, company, note].map(str::to_owned);
            let profile = Profile { email, name: "Ada".to_owned(), company, note };
            assert_eq!(score(&profile, consent), want, "{}", profile.email);
        };
        check("ada@engines.example", "Engines Ltd", "met at the fair", true, 100);
        check("ada@gmail.com", "", "", true, 50);
        check("ADA@GMAIL.COM", "", "", false, 20);
        check("ada@engines.example", "Engines Ltd", "", false, 60);
        check("no address", " ", " ", false, 20);
    }
}
