//! What a link in a mail does, once: prove that somebody reads an address, or set a forgotten password. Of its token only the hash is kept.
//!
//! Where registration is open and mail is sent, an account is made only when its address was confirmed, so that whoever registers learns nothing of others: an address that is taken gets
//! the same answer, and another mail. The link alone confirms nothing: that takes the password as well, so that nobody confirms for a stranger who gave somebody else's address.

use std::net::IpAddr;
use std::sync::Arc;

use bbb_core::time::{DAY_MS, MINUTE_MS, Timestamp};
use redb::TableDefinition;
use serde::{Deserialize, Serialize};

use crate::accounts::db::{Read, Table, Writing};
use crate::accounts::id::UserId;
use crate::accounts::letters::{self, Security};
use crate::accounts::outbox::{Account, Content, Letter, Outbox};
use crate::accounts::token::{Purpose, Token};
use crate::accounts::users::{self, Admission, Way, normal_name};
use crate::accounts::{Accounts, Error, Newcomer, User, locks, sessions};
use crate::config::Registration;

/// How long the link of a confirmation is good for, and that for a forgotten password.
const CONFIRM_MS: i64 = DAY_MS;
const RESET_MS: i64 = 30 * MINUTE_MS;
/// The most links that wait at a time.
const MAX_WAITING: u64 = 10_000;

const CONFIRMATIONS: Table = TableDefinition::new("confirmations");

/// What a link does.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum What {
    /// Make this account.
    Register { address: String, name: String, hash: String },
    /// Give this user this address, or confirm that they read it.
    Address { user: UserId, address: String },
    /// Set the password of this user, whose address is this.
    Reset { user: UserId, address: String },
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    what: What,
    expires_at: Timestamp,
}

/// Keeps what a link does, and puts the mail with it in.
fn offer(tables: &Writing, outbox: &Outbox, now: Timestamp, what: What, mail: impl FnOnce(&str, &Token) -> Content) -> Result<(), Error> {
    let Some(links) = outbox.links() else { return Err(Error::NoMail) };
    has_room(tables)?;
    let (purpose, lasts_ms, account) = match what {
        What::Register { .. } => (Purpose::Confirm, CONFIRM_MS, Account::Nobody),
        What::Address { user, .. } => (Purpose::Confirm, CONFIRM_MS, Account::User(user)),
        What::Reset { user, .. } => (Purpose::Reset, RESET_MS, Account::User(user)),
    };
    let token = Token::draw(purpose)?;
    tables.put(CONFIRMATIONS, &token.hash(), &Row { what, expires_at: now.plus_ms(lasts_ms) })?;
    let content = mail(links, &token);
    // Each link has a mail of its own.
    let key = format!("link {}", blake3::hash(&token.hash()).to_hex());
    outbox.put(tables, now, Letter { account, key, content, useful_ms: Some(lasts_ms) }).map(drop)
}

/// Whether one more link may wait. Asked before it is known whether an address has an account: the answer must not tell.
fn has_room(tables: &Writing) -> Result<(), Error> {
    if tables.count(CONFIRMATIONS)? >= MAX_WAITING { Err(Error::Busy) } else { Ok(()) }
}

fn found(tables: &impl Read, token: &Token, now: Timestamp) -> Result<What, Error> {
    let row: Option<Row> = tables.get(CONFIRMATIONS, &token.hash())?;
    row.filter(|row| row.expires_at > now).map(|row| row.what).ok_or(Error::BadGrant)
}

/// Takes a link, so that it is no more; whoever cannot finish fails the whole transaction, and then it still is.
fn take(tables: &Writing, token: &Token, now: Timestamp) -> Result<What, Error> {
    let what = found(tables, token, now)?;
    tables.remove(CONFIRMATIONS, &token.hash())?;
    Ok(what)
}

fn parse(text: &str, purpose: Purpose) -> Result<Token, Error> {
    Token::parse(text.trim()).filter(|token| token.purpose() == purpose).ok_or(Error::BadGrant)
}

/// Takes away links of a user for a forgotten password: it was changed, or another one of them was used.
pub(super) fn forget_resets(tables: &Writing, id: UserId) -> Result<(), Error> {
    forget_those(tables, |row| matches!(row.what, What::Reset { user, .. } if user == id))
}

/// Takes away all links of a user.
pub(super) fn forget(tables: &Writing, id: UserId) -> Result<(), Error> {
    forget_those(tables, |row| matches!(row.what, What::Address { user, .. } | What::Reset { user, .. } if user == id))
}

/// Takes away what is too old.
pub(super) fn sweep(tables: &Writing, now: Timestamp) -> Result<(), Error> {
    forget_those(tables, |row| row.expires_at <= now)
}

fn forget_those(tables: &Writing, which: impl Fn(&Row) -> bool) -> Result<(), Error> {
    for (hash, row) in tables.all::<Row>(CONFIRMATIONS, &[])? {
        if which(&row) {
            tables.remove(CONFIRMATIONS, &hash)?;
        }
    }
    Ok(())
}

/// Asks a user who has just registered whether they read their mail. Nothing where no mail is sent: what must be mailed says so itself.
pub(super) fn ask(tables: &Writing, outbox: &Outbox, now: Timestamp, user: &User) -> Result<(), Error> {
    if outbox.links().is_none() {
        return Ok(());
    }
    let what = What::Address { user: user.id, address: user.address.clone() };
    offer(tables, outbox, now, what, |links, token| letters::confirmation(links, &user.address, token))
}

impl Accounts {
    /// Whether an account is made only when its address was confirmed.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub fn confirms_first(&self) -> Result<bool, Error> {
        Ok(self.registration == Registration::Open && self.sends_mail() && self.has_admin()?)
    }

    fn mailable(&self, address: &str, from: IpAddr) -> Result<String, Error> {
        if !self.sends_mail() {
            return Err(Error::NoMail);
        }
        let address = users::mail_address(address)?;
        self.mail_limit.count(&address, from, self.now())?;
        Ok(address)
    }

    /// Begins a registration without an invitation. Whether the address has an account already shows in the mail to it, and nowhere else.
    ///
    /// # Errors
    /// [`Error::NotInvited`], [`Error::NoMail`], [`Error::Locked`] for too many mails, [`Error::Bad`], [`Error::Weak`], [`Error::Busy`].
    pub async fn begin_registration(&self, newcomer: Newcomer, from: IpAddr) -> Result<(), Error> {
        if !self.confirms_first()? {
            return Err(Error::NotInvited);
        }
        let (name, address) = (normal_name(&newcomer.name)?, users::mail_address(&newcomer.address)?);
        // A password that is not taken uses up no mail.
        self.passwords.check(newcomer.password.clone(), [address.clone(), name.clone()]).await?;
        let address = self.mailable(&address, from)?;
        // For an address that is taken, too: it takes as long.
        let hash = self.passwords.hash(newcomer.password, [address.clone(), name.clone()]).await?;
        let (now, outbox) = (self.now(), Arc::clone(&self.outbox));
        self.db
            .write(move |tables| {
                has_room(tables)?;
                match users::by_address(tables, &address)? {
                    None => {
                        let what = What::Register { address: address.clone(), name, hash };
                        offer(tables, &outbox, now, what, |links, token| letters::registration(links, &address, token))
                    }
                    Some(user) => {
                        let (account, key) = (Account::User(user.id), format!("taken {}", now.ms()));
                        let content = letters::registered_already(&address);
                        outbox.put(tables, now, Letter { account, key, content, useful_ms: None }).map(drop)
                    }
                }
            })
            .await
    }

    /// Asks whether a user reads the mail of this address, which becomes that of their account when they say so. Whether it has another account shows in the mail only.
    ///
    /// # Errors
    /// [`Error::NoMail`], [`Error::Locked`] for too many mails, [`Error::Bad`], [`Error::Conflict`] where it is theirs and confirmed.
    pub async fn begin_address(&self, user: &User, address: &str, from: IpAddr) -> Result<(), Error> {
        let address = self.mailable(address, from)?;
        let (now, outbox, user) = (self.now(), Arc::clone(&self.outbox), user.clone());
        self.db
            .write(move |tables| {
                has_room(tables)?;
                let owner = users::by_address(tables, &address)?;
                match owner {
                    Some(owner) if owner.id != user.id => {
                        let (account, key) = (Account::User(owner.id), format!("wanted {}", now.ms()));
                        let content = letters::address_taken(&address);
                        outbox.put(tables, now, Letter { account, key, content, useful_ms: None }).map(drop)
                    }
                    Some(owner) if letters::is_verified(tables, &owner)? => {
                        Err(Error::Conflict("this is your address, and it is confirmed"))
                    }
                    _ => {
                        let what = What::Address { user: user.id, address: address.clone() };
                        offer(tables, &outbox, now, what, |links, token| letters::confirmation(links, &address, token))
                    }
                }
            })
            .await
    }

    /// Does what the link of a confirmation is for, and says whose account it is. That takes the account's password, where it has one: who gets a mail that a stranger caused, and opens its link, confirms
    /// nothing for them.
    ///
    /// # Errors
    /// [`Error::BadGrant`] for what is no such token, or no more; [`Error::Bad`] where a password is needed, [`Error::Wrong`] for another one, [`Error::Locked`].
    pub async fn confirm(&self, token: &str, password: Option<String>, from: IpAddr) -> Result<User, Error> {
        let token = parse(token, Purpose::Confirm)?;
        let now = self.now();
        let asked = self.db.read(|tables| match found(tables, &token, now)? {
            What::Register { address, hash, .. } => Ok(Some((address, hash))),
            What::Address { user, .. } => {
                let user = locks::active(tables, user)?.ok_or(Error::BadGrant)?;
                Ok(users::password_of(tables, user.id)?.map(|hash| (user.address, hash)))
            }
            What::Reset { .. } => Err(Error::BadGrant),
        })?;
        if let Some((address, hash)) = asked {
            let missing = || Error::Bad { field: "password", rule: "is needed: the one of the account".to_owned() };
            self.prove_hash(&address, password.ok_or_else(missing)?, hash, from).await?;
        }
        let outbox = Arc::clone(&self.outbox);
        self.db
            .write(move |tables| match take(tables, &token, now)? {
                What::Register { address, name, hash } => {
                    let admission = Admission { address, name, grant: None, way: Way::Password(hash) };
                    // Somebody else may have confirmed it meanwhile.
                    let user = users::admit(tables, admission, now).map_err(|error| match error {
                        Error::Bad { .. } => Error::BadGrant,
                        other => other,
                    })?;
                    letters::set_verified(tables, &user)?;
                    Ok(user)
                }
                What::Address { user, address } => {
                    let before = locks::active(tables, user)?.ok_or(Error::BadGrant)?;
                    let user = User { address, ..before.clone() };
                    if user.address != before.address {
                        outbox.tell_at(tables, now, &before, &Security::AddressChanged)?;
                        users::move_to(tables, &before, &user)?;
                        forget_resets(tables, user.id)?;
                    }
                    letters::set_verified(tables, &user)?;
                    Ok(user)
                }
                What::Reset { .. } => Err(Error::BadGrant),
            })
            .await
    }

    /// Mails whoever has this address, and is known to read it, a link that sets a new password. The work is done aside: neither the answer nor its time tells whether there is such an
    /// account.
    ///
    /// # Errors
    /// [`Error::NoMail`], [`Error::Locked`] for too many mails, [`Error::Bad`].
    pub fn forgot_password(&self, address: &str, from: IpAddr) -> Result<(), Error> {
        let address = self.mailable(address, from)?;
        let (db, outbox, now) = (self.db.clone(), Arc::clone(&self.outbox), self.now());
        tokio::spawn(async move {
            let offered = db.write(move |tables| {
                let Some(user) = users::by_address(tables, &address)? else { return Ok(()) };
                if locks::is_locked(tables, user.id)? || !letters::is_verified(tables, &user)? {
                    return Ok(());
                }
                let what = What::Reset { user: user.id, address: address.clone() };
                offer(tables, &outbox, now, what, |links, token| letters::reset(links, &address, token))
            });
            if let Err(error) = offered.await {
                tracing::warn!(%error, "no link for a forgotten password was mailed");
            }
        });
        Ok(())
    }

    /// Sets a new password by a link that was mailed. All sessions end; API keys stay, and so does the second factor, which the next sign-in asks for.
    ///
    /// # Errors
    /// [`Error::BadGrant`] for what is no such token, or no more; [`Error::Bad`] and [`Error::Weak`] for the password.
    pub async fn reset_password(&self, token: &str, new: String) -> Result<(), Error> {
        let token = parse(token, Purpose::Reset)?;
        let now = self.now();
        let whose = |tables: &_| -> Result<User, Error> {
            let What::Reset { user, address } = found(tables, &token, now)? else { return Err(Error::BadGrant) };
            locks::active(tables, user)?.filter(|user| user.address == address).ok_or(Error::BadGrant)
        };
        let user = self.db.read(whose)?;
        let hash = self.passwords.hash(new, [user.address.clone(), user.name.clone()]).await?;
        let outbox = Arc::clone(&self.outbox);
        self.db
            .write(move |tables| {
                match take(tables, &token, now)? {
                    What::Reset { user: whose, address } if whose == user.id && address == user.address => {}
                    _ => return Err(Error::BadGrant),
                }
                users::set_password(tables, user.id, &hash)?;
                forget_resets(tables, user.id)?;
                sessions::end_others(tables, user.id, None)?;
                outbox.tell(tables, now, user.id, &Security::PasswordReset)
            })
            .await
    }
}
