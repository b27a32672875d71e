//! Users: registration, and signing in with a password.

use std::net::IpAddr;
use std::sync::Arc;

use bbb_core::time::Timestamp;
use bbb_integrations::mail::address;
use redb::TableDefinition;
use serde::{Deserialize, Serialize};

use crate::accounts::db::{Read, Table, Writing};
use crate::accounts::grants::{self, What};
use crate::accounts::id::{SessionId, TenantId, UserId};
use crate::accounts::letters::Security;
use crate::accounts::token::{Purpose, Token};
use crate::accounts::{Accounts, Error, Membership, Proof, confirm, locks, members, password, sessions, tenants};
use crate::config::Registration;

const USERS: Table = TableDefinition::new("users");
const ADDRESSES: Table = TableDefinition::new("addresses");
/// Apart from what is shown of users: nothing that lists them reads it.
const PASSWORDS: Table = TableDefinition::new("passwords");

/// The most characters of an address and of a name.
const MAX_ADDRESS_CHARS: usize = 254;
const MAX_NAME_CHARS: usize = 80;

/// Somebody who has an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct User {
    /// Who.
    pub id: UserId,
    /// The address that they sign in with.
    pub address: String,
    /// Their name.
    pub name: String,
    /// Whether they administer this daemon.
    pub admin: bool,
    /// The tenant that they own.
    pub tenant: TenantId,
    /// Since when.
    pub created_at: Timestamp,
}

/// Somebody who wants one.
#[derive(Clone)]
pub struct Newcomer {
    /// What lets them.
    pub token: Option<String>,
    /// The address that they will sign in with.
    pub address: String,
    /// Their name.
    pub name: String,
    /// Their password.
    pub password: String,
}

impl std::fmt::Debug for Newcomer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Newcomer").field("address", &self.address).finish_non_exhaustive()
    }
}

/// An address in the form in which two are the same: ASCII, in lower case, with one `@`. It names an account; whether it can be written to, [`mail_address`] says.
pub(super) fn normal_address(text: &str) -> Result<String, Error> {
    let text = text.trim().to_ascii_lowercase();
    let is_one = |text: &str| {
        let (name, host) = text.split_once('@')?;
        let good = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_graphic() && !b"@,;:<>()[]\\\"".contains(&byte));
        (good(name) && good(host) && !host.starts_with('.') && !host.ends_with('.')).then_some(())
    };
    if text.len() > MAX_ADDRESS_CHARS || is_one(&text).is_none() {
        return Err(Error::Bad { field: "email", rule: "is an address such as ada@example.org".to_owned() });
    }
    Ok(text)
}

/// The same, where mail is to reach it.
pub(super) fn mail_address(text: &str) -> Result<String, Error> {
    let address = normal_address(text)?;
    address::parse(&address).map_err(|error| Error::Bad { field: "email", rule: format!("cannot be written to: {error}") })?;
    Ok(address)
}

pub(super) fn normal_name(text: &str) -> Result<String, Error> {
    let text = text.trim();
    let chars = text.chars().count();
    if chars == 0 || chars > MAX_NAME_CHARS || text.chars().any(char::is_control) {
        return Err(Error::Bad { field: "name", rule: format!("has 1 to {MAX_NAME_CHARS} characters on one line") });
    }
    Ok(text.to_owned())
}

pub(super) fn user(tables: &impl Read, id: UserId) -> Result<Option<User>, Error> {
    tables.get(USERS, &id.bytes())
}

/// Who has this address.
pub(super) fn by_address(tables: &impl Read, address: &str) -> Result<Option<User>, Error> {
    let id: Option<UserId> = tables.get(ADDRESSES, address.as_bytes())?;
    id.map_or(Ok(None), |id| user(tables, id))
}

pub(super) fn password_of(tables: &impl Read, user: UserId) -> Result<Option<String>, Error> {
    tables.get(PASSWORDS, &user.bytes())
}

pub(super) fn set_password(tables: &Writing, user: UserId, hash: &str) -> Result<(), Error> {
    tables.put(PASSWORDS, &user.bytes(), &hash)
}

/// Gives a user another address.
pub(super) fn move_to(tables: &Writing, before: &User, user: &User) -> Result<(), Error> {
    if by_address(tables, &user.address)?.is_some() {
        return Err(Error::BadGrant);
    }
    tables.remove(ADDRESSES, before.address.as_bytes())?;
    tables.put(ADDRESSES, user.address.as_bytes(), &user.id)?;
    tables.put(USERS, &user.id.bytes(), user)
}

/// Whether somebody has this address.
pub(super) fn is_taken(tables: &impl Read, address: &str) -> Result<bool, Error> {
    Ok(tables.get::<UserId>(ADDRESSES, address.as_bytes())?.is_some())
}

pub(super) fn has_password(tables: &impl Read, user: UserId) -> Result<bool, Error> {
    Ok(password_of(tables, user)?.is_some())
}

/// What somebody is called whom a provider calls so: that, as far as it is a name here, else what stands before the `@` of their address.
pub(super) fn likely_name(told: Option<&str>, address: &str) -> String {
    let plain: String = told.unwrap_or_default().chars().filter(|char| !char.is_control()).take(MAX_NAME_CHARS).collect();
    let before = address.split('@').next().unwrap_or(address);
    normal_name(&plain).unwrap_or_else(|_| before.chars().take(MAX_NAME_CHARS).collect())
}

/// Whether there is an administrator.
pub(super) fn has_admin(tables: &impl Read) -> Result<bool, Error> {
    Ok(first_admin(tables)?.is_some())
}

/// The administrator who was there first.
pub(super) fn first_admin(tables: &impl Read) -> Result<Option<User>, Error> {
    let admins = tables.all::<User>(USERS, &[])?.into_iter().map(|(_, user)| user).filter(|user| user.admin);
    Ok(admins.min_by_key(|user| (user.created_at, user.id)))
}

impl Accounts {
    /// Whether there is an administrator.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub fn has_admin(&self) -> Result<bool, Error> {
        self.db.read(has_admin)
    }

    /// The administrator who was there first, to whom belongs what belongs to nobody else.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub fn first_admin(&self) -> Result<Option<User>, Error> {
        self.db.read(first_admin)
    }

    /// All users, oldest first.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub fn users(&self) -> Result<Vec<User>, Error> {
        let mut users: Vec<User> = self.db.read(|tables| tables.all::<User>(USERS, &[]))?.into_iter().map(|(_, user)| user).collect();
        users.sort_by_key(|user| (user.created_at, user.id));
        Ok(users)
    }

    /// A user.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub fn user(&self, id: UserId) -> Result<User, Error> {
        self.db.read(|tables| user(tables, id))?.ok_or(Error::NotFound)
    }

    /// Makes an account, with a tenant of its own: the first administrator's by the token of the first run, any other by an invitation, or without one where
    /// registration is open.
    ///
    /// # Errors
    /// [`Error::NotInvited`], [`Error::BadGrant`], [`Error::Bad`], [`Error::Weak`], [`Error::Busy`].
    pub async fn register(&self, newcomer: Newcomer) -> Result<User, Error> {
        let token = match newcomer.token.as_deref() {
            Some(text) => {
                let fits = |token: &Token| matches!(token.purpose(), Purpose::FirstAdmin | Purpose::Invitation);
                Some(Token::parse(text.trim()).filter(fits).ok_or(Error::BadGrant)?)
            }
            None if self.is_open()? => None,
            None => return Err(Error::NotInvited),
        };
        // Before the work: nobody makes this machine hash without a reason.
        if let Some(token) = &token {
            self.check_grant(token)?;
        }
        let address = normal_address(&newcomer.address)?;
        let name = normal_name(&newcomer.name)?;
        let hash = self.passwords.hash(newcomer.password, [address.clone(), name.clone()]).await?;
        let (now, outbox) = (self.now(), Arc::clone(&self.outbox));
        self.db
            .write(move |tables| {
                let grant = token.as_ref().map(|token| grants::take(tables, token, now)).transpose()?;
                let user = admit(tables, Admission { address, name, grant, way: Way::Password(hash) }, now)?;
                confirm::ask(tables, &outbox, now, &user)?;
                Ok(user)
            })
            .await
    }

    /// Whether everybody may register now.
    pub(super) fn is_open(&self) -> Result<bool, Error> {
        Ok(self.registration == Registration::Open && self.has_admin()?)
    }

    /// Whether somebody has a password. Who came by a provider has none until they set one.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub fn has_password(&self, user: UserId) -> Result<bool, Error> {
        self.db.read(|tables| has_password(tables, user))
    }

    /// Asks for the password once more, of those who have one. Who has none must be somebody who has just shown otherwise who they are: that is for the caller to know.
    ///
    /// # Errors
    /// [`Error::Bad`] where it is missing, and as [`Accounts::sign_in`].
    pub(super) async fn prove_again(&self, user: &User, password: Option<String>, from: IpAddr) -> Result<(), Error> {
        match password {
            Some(password) => self.prove_password(&user.address, password, from).await.map(drop),
            None if self.has_password(user.id)? => {
                Err(Error::Bad { field: "password", rule: "is needed: this account has one".to_owned() })
            }
            None => Ok(()),
        }
    }

    /// Who has this address, this password, and this second factor, where they have one.
    ///
    /// # Errors
    /// [`Error::Wrong`] for a wrong password and an unknown address alike, after the same work, and for a wrong second factor; [`Error::SecondFactor`] after the right
    /// password only; [`Error::Barred`] for who has shown everything and is locked; [`Error::Locked`], [`Error::Busy`].
    pub async fn sign_in(&self, address: &str, password: String, proof: Option<Proof>, from: IpAddr) -> Result<User, Error> {
        let user = self.prove_password(address, password, from).await?;
        self.prove_second(&user, proof, from).await?;
        if self.locked_since(user.id)?.is_some() {
            return Err(Error::Barred);
        }
        self.lockout.succeeded(&user.address, from);
        Ok(user)
    }

    /// Who has this address and this password. Failures are counted, and a success forgives none: that is for who has shown everything.
    pub(super) async fn prove_password(&self, address: &str, password: String, from: IpAddr) -> Result<User, Error> {
        // What is no address has no account either, and is no quicker to refuse.
        let address = normal_address(address).unwrap_or_else(|_| format!("?{}", blake3::hash(address.as_bytes()).to_hex()));
        self.counted(&address, from, self.check_password(&address, password)).await
    }

    async fn check_password(&self, address: &str, password: String) -> Result<Option<User>, Error> {
        let (user, hash) = self.db.read(|tables| {
            let id: Option<UserId> = tables.get(ADDRESSES, address.as_bytes())?;
            let Some(id) = id else { return Ok((None, None)) };
            Ok((user(tables, id)?, tables.get::<String>(PASSWORDS, &id.bytes())?))
        })?;
        let plausible = password::is_plausible(&password);
        let password = if plausible { password } else { String::new() };
        let fits = self.passwords.fits(password, hash.filter(|_| user.is_some() && plausible)).await?;
        Ok(user.filter(|_| fits))
    }

    /// Whether this is the password whose hash this is, of an address. Failures count like those of a sign-in.
    pub(super) async fn prove_hash(&self, address: &str, password: String, hash: String, from: IpAddr) -> Result<(), Error> {
        let check = async {
            let plausible = password::is_plausible(&password);
            let fits = plausible && self.passwords.fits(password, Some(hash)).await?;
            Ok(fits.then_some(()))
        };
        self.counted(address, from, check).await
    }

    /// Checks something that somebody shows, and counts it as a failure where it is wrong; the owner of an account that is locked by that is told.
    pub(super) async fn counted<T>(
        &self,
        address: &str,
        from: IpAddr,
        check: impl Future<Output = Result<Option<T>, Error>>,
    ) -> Result<T, Error> {
        let attempt = self.lockout.begin(address, from)?;
        match check.await {
            Ok(None) => {
                if attempt.failed() {
                    self.tell_of_lock(address);
                }
                Err(Error::Wrong)
            }
            // What is right, and what was never checked, is no failure.
            checked => {
                attempt.take_back();
                checked?.ok_or(Error::Wrong)
            }
        }
    }
}

/// Refuses an invitation of somebody else.
fn for_whom(grant: Option<&What>, user: &User) -> Result<(), Error> {
    match grant {
        Some(What::Invited { address: Some(address), .. }) if *address != user.address => {
            Err(Error::Bad { field: "email", rule: "is not the one that was invited".to_owned() })
        }
        _ => Ok(()),
    }
}

impl Accounts {
    /// Makes somebody who has an account a member of the tenant that invited them.
    ///
    /// # Errors
    /// [`Error::BadGrant`] for what is no such invitation, [`Error::Bad`] for somebody else's, [`Error::Conflict`] for who is a member already.
    pub async fn accept(&self, user: &User, token: &str) -> Result<Membership, Error> {
        let token = Token::parse(token.trim()).filter(|token| token.purpose() == Purpose::Invitation).ok_or(Error::BadGrant)?;
        let (now, user) = (self.now(), user.clone());
        self.db
            .write(move |tables| {
                let grant = grants::take(tables, &token, now)?;
                for_whom(Some(&grant), &user)?;
                let What::Invited { member: Some((tenant, role)), .. } = grant else { return Err(Error::BadGrant) };
                if members::is_member(tables, user.id, tenant)? {
                    return Err(Error::Conflict("you are a member of this tenant already"));
                }
                members::put(tables, tenant, user.id, role)?;
                Ok(Membership { tenant, role })
            })
            .await
    }

    /// Changes a password, whose owner must know the current one; or sets the first one of somebody who came by a provider. All sessions end but `session`.
    ///
    /// # Errors
    /// [`Error::Wrong`] where the current one is another, [`Error::Bad`] where it is missing, and as [`Accounts::sign_in`]; [`Error::Bad`] and [`Error::Weak`] for the new one.
    pub async fn change_password(
        &self,
        user: &User,
        session: Option<SessionId>,
        current: Option<String>,
        new: String,
        from: IpAddr,
    ) -> Result<(), Error> {
        let had_none = current.is_none();
        self.prove_again(user, current, from).await?;
        let (id, hash) = (user.id, self.passwords.hash(new, [user.address.clone(), user.name.clone()]).await?);
        let (now, outbox) = (self.now(), Arc::clone(&self.outbox));
        self.db
            .write(move |tables| {
                locks::active(tables, id)?.ok_or(Error::Wrong)?;
                if had_none && has_password(tables, id)? {
                    return Err(Error::Conflict("a password was set meanwhile"));
                }
                set_password(tables, id, &hash)?;
                confirm::forget_resets(tables, id)?;
                sessions::end_others(tables, id, session)?;
                outbox.tell(tables, now, id, &Security::PasswordChanged)
            })
            .await
    }
}

/// How somebody signs in first.
pub(super) enum Way {
    /// By a password with this hash.
    Password(String),
    /// By a provider, whom the caller notes.
    Provider,
}

/// Somebody who is to have an account.
pub(super) struct Admission {
    pub(super) address: String,
    pub(super) name: String,
    pub(super) grant: Option<What>,
    pub(super) way: Way,
}

/// Makes an account.
pub(super) fn admit(tables: &Writing, admission: Admission, now: Timestamp) -> Result<User, Error> {
    let Admission { address, name, grant, way } = admission;
    let (id, tenant) = (UserId::draw()?, TenantId::draw()?);
    let user = User { id, address, name, admin: grant == Some(What::FirstAdmin), tenant, created_at: now };
    if user.admin && has_admin(tables)? {
        return Err(Error::BadGrant);
    }
    for_whom(grant.as_ref(), &user)?;
    if is_taken(tables, &user.address)? {
        return Err(Error::Bad { field: "email", rule: "cannot be registered".to_owned() });
    }
    tables.put(ADDRESSES, user.address.as_bytes(), &user.id)?;
    tables.put(USERS, &user.id.bytes(), &user)?;
    if let Way::Password(hash) = way {
        tables.put(PASSWORDS, &user.id.bytes(), &hash)?;
    }
    tenants::make(tables, &user)?;
    if let Some(What::Invited { member: Some((tenant, role)), .. }) = grant {
        members::put(tables, tenant, id, role)?;
    }
    Ok(user)
}

/// Takes away a user and what names them here.
pub(super) fn forget(tables: &Writing, user: &User) -> Result<(), Error> {
    tables.remove(PASSWORDS, &user.id.bytes())?;
    tables.remove(ADDRESSES, user.address.as_bytes())?;
    tables.remove(USERS, &user.id.bytes()).map(drop)
}
