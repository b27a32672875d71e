//! What mails about accounts say. Plain text, and nothing in it that a stranger wrote: no name, no address but the recipient's own in the field that it belongs to.

use bbb_core::time::{DAY_MS, Timestamp};
use redb::TableDefinition;

use crate::accounts::db::{Read, Table, Writing};
use crate::accounts::id::{KeyId, UserId, WebhookId};
use crate::accounts::outbox::{Account, Content, Letter, Outbox};
use crate::accounts::token::Token;
use crate::accounts::{Accounts, Error, User, users};

/// Which address of a user is known to be read by them.
const VERIFIED: Table = TableDefinition::new("verified_addresses");

/// The end of every mail.
const FOOTER: &str = "You get this because somebody used this address with Better Business Builder. Nobody reads answers to it.";

/// Something about an account that its owner should know, whoever did it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Security {
    /// The password was changed.
    PasswordChanged,
    /// It was set anew by a link that was mailed.
    PasswordReset,
    /// The second factor was turned on.
    SecondFactorOn,
    /// It was turned off.
    SecondFactorOff,
    /// An API key was made.
    NewKey(KeyId),
    /// Somebody is known by a provider as the account's owner from here on.
    ProviderLinked,
    /// And no more.
    ProviderUnlinked,
    /// Sign-ins failed so often that they must wait.
    SignInLocked,
    /// The account has another address now. This goes to the old one.
    AddressChanged,
    /// A webhook was switched off, since it failed for days.
    WebhookOff(WebhookId),
}

impl Security {
    const fn subject(&self) -> &'static str {
        match self {
            Security::PasswordChanged | Security::PasswordReset => "Your password was changed",
            Security::SecondFactorOn => "Your second factor was turned on",
            Security::SecondFactorOff => "Your second factor was turned off",
            Security::NewKey(_) => "An API key was made",
            Security::ProviderLinked => "A way to sign in was added",
            Security::ProviderUnlinked => "A way to sign in was taken away",
            Security::SignInLocked => "Sign-ins to your account failed",
            Security::AddressChanged => "The address of your account was changed",
            Security::WebhookOff(_) => "A webhook was switched off",
        }
    }

    fn text(&self) -> String {
        match self {
            Security::PasswordChanged => "The password of your account was changed. All other sessions have ended; API keys go on.".to_owned(),
            Security::PasswordReset => {
                "The password of your account was set anew by a link that was mailed to you. All sessions have ended; API keys and the second factor stay as they are.".to_owned()
            }
            Security::SecondFactorOn => "From here on, signing in asks for a code of your app, too.".to_owned(),
            Security::SecondFactorOff => "From here on, your password alone signs in.".to_owned(),
            Security::ProviderLinked => "From here on, your account can be signed in to by another provider as well.".to_owned(),
            Security::ProviderUnlinked => "Your account can be signed in to by one provider less. All other sessions have ended.".to_owned(),
            Security::NewKey(id) => format!("The API key {id} was made for your account."),
            Security::SignInLocked => {
                "Signing in to your account failed several times, and must wait now after each further failure. If that was you, wait a few minutes, or have your password set anew.".to_owned()
            }
            Security::AddressChanged => "Your account has another address now, and this one signs in no more.".to_owned(),
            Security::WebhookOff(id) => {
                format!("The webhook {id} of your tenant has answered nothing for days, and nothing is sent to it any more. Mend what it leads to, and switch it on again.")
            }
        }
    }
}

fn with_footer(text: &str) -> String {
    format!("{text}\n\n-- \n{FOOTER}\n")
}

/// A mail.
pub(super) fn mail(to: &str, subject: &str, text: &str) -> Content {
    Content::Mail { to: to.to_owned(), subject: subject.to_owned(), body: with_footer(text) }
}

/// A link with a token, which stands behind the `#`: browsers send it to no server.
fn link(links: &str, token: &Token) -> String {
    format!("{links}/welcome#{}", token.reveal())
}

/// Asks whether somebody reads this address, who registered with it.
pub(super) fn registration(links: &str, to: &str, token: &Token) -> Content {
    let link = link(links, token);
    mail(
        to,
        "Confirm your address",
        &format!(
            "To make your account, open this link within a day and give the password that you chose:\n\n{link}\n\nIf you did not register, ignore this mail: without it there is no account."
        ),
    )
}

/// The same where the address has an account already.
pub(super) fn registered_already(to: &str) -> Content {
    mail(
        to,
        "You have an account already",
        "Somebody wanted to register with this address, which has an account. If that was you, sign in, or have your password set anew. If it was not, there is nothing to do.",
    )
}

/// Asks whether somebody reads this address, who has an account.
pub(super) fn confirmation(links: &str, to: &str, token: &Token) -> Content {
    let link = link(links, token);
    mail(
        to,
        "Confirm your address",
        &format!(
            "To use this address for your account, open this link within a day and give its password:\n\n{link}\n\nIf you have no account, or do not want this, ignore this mail: nothing is changed without it."
        ),
    )
}

/// The same where the address has an account already.
pub(super) fn address_taken(to: &str) -> Content {
    mail(
        to,
        "This address has an account",
        "Somebody wanted to use this address for another account. It has one already, so nothing was changed. If that was not you, there is nothing to do.",
    )
}

/// Lets somebody set a forgotten password.
pub(super) fn reset(links: &str, to: &str, token: &Token) -> Content {
    let link = link(links, token);
    mail(
        to,
        "Set a new password",
        &format!(
            "To set a new password, open this link within 30 minutes:\n\n{link}\n\nIf you did not ask for it, ignore this mail: your password stays as it is."
        ),
    )
}

/// Whether a user is known to read the mail of their address.
pub(super) fn is_verified(tables: &impl Read, user: &User) -> Result<bool, Error> {
    Ok(tables.get::<String>(VERIFIED, &user.id.bytes())?.as_ref() == Some(&user.address))
}

pub(super) fn set_verified(tables: &Writing, user: &User) -> Result<(), Error> {
    tables.put(VERIFIED, &user.id.bytes(), &user.address)
}

/// Takes away which address of a user was confirmed.
pub(super) fn forget(tables: &Writing, user: UserId) -> Result<(), Error> {
    tables.remove(VERIFIED, &user.bytes()).map(drop)
}

impl Outbox {
    /// Mails a user something about their account, where they are known to read their mail and any is sent.
    pub(super) fn tell(&self, tables: &Writing, now: Timestamp, user: UserId, what: &Security) -> Result<(), Error> {
        match users::user(tables, user)? {
            Some(user) => self.tell_at(tables, now, &user, what),
            None => Ok(()),
        }
    }

    /// The same at an address that they had.
    pub(super) fn tell_at(&self, tables: &Writing, now: Timestamp, user: &User, what: &Security) -> Result<(), Error> {
        if self.links().is_none() || !is_verified(tables, user)? {
            return Ok(());
        }
        // One of these a day is enough; each of the others happens once.
        let key = match what {
            Security::SignInLocked => format!("locked {}", now.ms().div_euclid(DAY_MS)),
            other => format!("{other:?} {}", now.ms()),
        };
        let content = mail(&user.address, what.subject(), &what.text());
        self.put(tables, now, Letter { account: Account::User(user.id), key, content, useful_ms: None }).map(drop)
    }
}

impl Accounts {
    /// Whether a user is known to read the mail of their address.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub fn is_verified(&self, user: &User) -> Result<bool, Error> {
        self.db.read(|tables| is_verified(tables, user))
    }

    /// Sign-ins of this address are locked for a while. Its owner is told aside, so that the answer takes as long as for an address that nobody has.
    pub(super) fn tell_of_lock(&self, address: &str) {
        if !self.sends_mail() {
            return;
        }
        let (db, outbox, now, address) = (self.db.clone(), std::sync::Arc::clone(&self.outbox), self.now(), address.to_owned());
        tokio::spawn(async move {
            let told = db.write(move |tables| match users::by_address(tables, &address)? {
                Some(user) => outbox.tell_at(tables, now, &user, &Security::SignInLocked),
                None => Ok(()),
            });
            if let Err(error) = told.await {
                tracing::warn!(%error, "nobody was told that sign-ins are locked");
            }
        });
    }
}
