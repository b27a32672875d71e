//! Identities: who a user is at a provider. One is named by the issuer and what that calls somebody, and never by an address: those are given away, and given to others.
//!
//! An identity that nobody has yet signs nobody in to an account that was there before, whatever its address. It becomes one's by registering with it, or because
//! somebody who is signed in, and has just shown who they are, links it.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

use bbb_core::time::Timestamp;
use redb::TableDefinition;
use serde::{Deserialize, Serialize};

use crate::accounts::attempts::{self, Aim};
use crate::accounts::db::{Read, Table, Writing};
use crate::accounts::grants;
use crate::accounts::id::{IdentityId, SessionId, UserId};
use crate::accounts::letters::{self, Security};
use crate::accounts::token::Token;
use crate::accounts::users::{self, Way};
use crate::accounts::{Accounts, Error, Proof, User, sessions};
use crate::sign_in::Proven;

/// Whose identity has this name.
const IDENTITIES: Table = TableDefinition::new("identities");
/// The same by user and id: the key in the other table.
const BY_USER: Table = TableDefinition::new("identities_by_user");
/// The most of one user.
const MAX_IDENTITIES: usize = 20;

/// Who somebody is at a provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct IdentityRow {
    pub(crate) id: IdentityId,
    user: UserId,
    pub(crate) issuer: String,
    subject: String,
    /// The address that they had there when it was linked: for its owner to know it by, and for nothing else.
    pub(crate) address: Option<String>,
    pub(crate) linked_at: Timestamp,
}

fn name(issuer: &str, subject: &str) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_derive_key("bbb 2026 identity");
    hasher.update(&(issuer.len() as u64).to_be_bytes()).update(issuer.as_bytes()).update(subject.as_bytes());
    hasher.finalize().into()
}

fn place(user: UserId, id: IdentityId) -> Vec<u8> {
    [user.bytes(), id.bytes()].concat()
}

/// Whose identity this is.
fn owner(tables: &impl Read, proven: &Proven) -> Result<Option<UserId>, Error> {
    let row: Option<IdentityRow> = tables.get(IDENTITIES, &name(&proven.issuer, &proven.subject))?;
    Ok(row.map(|row| row.user))
}

/// All of a user.
pub(super) fn of(tables: &impl Read, user: UserId) -> Result<Vec<IdentityRow>, Error> {
    let mut found = Vec::new();
    for (_, key) in tables.all::<[u8; 32]>(BY_USER, &user.bytes())? {
        found.extend(tables.get::<IdentityRow>(IDENTITIES, &key)?);
    }
    Ok(found)
}

fn put(tables: &Writing, user: UserId, proven: &Proven, now: Timestamp) -> Result<IdentityRow, Error> {
    match owner(tables, proven)? {
        Some(owner) if owner == user => return Err(Error::Conflict("this is one of your ways to sign in already")),
        Some(_) => return Err(Error::Conflict("who you are there is linked to another account")),
        None => {}
    }
    if of(tables, user)?.len() >= MAX_IDENTITIES {
        return Err(Error::Full(format!("an account has at most {MAX_IDENTITIES} of these")));
    }
    let Proven { issuer, subject, address, .. } = proven.clone();
    let (key, id) = (name(&issuer, &subject), IdentityId::draw()?);
    let row = IdentityRow { id, user, issuer, subject, address, linked_at: now };
    tables.put(IDENTITIES, &key, &row)?;
    tables.put(BY_USER, &place(user, id), &key)?;
    Ok(row)
}

fn remove(tables: &Writing, row: &IdentityRow) -> Result<(), Error> {
    tables.remove(IDENTITIES, &name(&row.issuer, &row.subject))?;
    tables.remove(BY_USER, &place(row.user, row.id)).map(drop)
}

/// Takes away all of a user.
pub(super) fn forget(tables: &Writing, user: UserId) -> Result<(), Error> {
    of(tables, user)?.iter().try_for_each(|row| remove(tables, row))
}

/// Makes an account for who came by a provider, under the rules that hold for passwords.
fn register(tables: &Writing, proven: &Proven, grant: Option<[u8; 32]>, is_open: bool, now: Timestamp) -> Result<User, Error> {
    let missing =
        Error::Conflict("the provider does not say that an address is yours, and an account needs one: confirm your address there first");
    let address = users::normal_address(proven.address.as_deref().ok_or(missing)?)?;
    if users::is_taken(tables, &address)? {
        return Err(Error::Conflict(
            "there is an account with this address, and an address alone signs nobody in: sign in to it as ever, and link this provider there",
        ));
    }
    let grant = match grant {
        Some(hash) => Some(grants::take_hash(tables, &hash, now)?),
        None if is_open => None,
        None => return Err(Error::NotInvited),
    };
    let name = users::likely_name(proven.name.as_deref(), &address);
    let user = users::admit(tables, users::Admission { address, name, grant, way: Way::Provider }, now)?;
    put(tables, user.id, proven, now)?;
    // The provider says that it is theirs.
    letters::set_verified(tables, &user)?;
    Ok(user)
}

impl Accounts {
    /// Who came back from a provider, and has shown the second factor as well, where they have one: somebody whose identity it is, else a new user, who is registered by it.
    /// Says whether they are new.
    ///
    /// # Errors
    /// [`Error::Conflict`] where nothing waits in this browser, where the address is an account's, and where there is none; [`Error::NotInvited`], [`Error::BadGrant`];
    /// [`Error::SecondFactor`], [`Error::Wrong`], [`Error::Locked`], [`Error::Barred`] as for passwords.
    pub(crate) async fn finish_sign_in(&self, token: &Token, proof: Option<Proof>, from: IpAddr) -> Result<(User, bool), Error> {
        let now = self.now();
        let known = self.db.read(|tables| {
            let (attempt, proven) = attempts::proven(tables, token, now)?;
            if !matches!(attempt.aim, Aim::SignIn { .. }) {
                return Err(attempts::NONE);
            }
            match owner(tables, &proven)? {
                Some(id) => users::user(tables, id),
                None => Ok(None),
            }
        })?;
        if let Some(user) = &known {
            self.prove_second(user, proof, from).await?;
            if self.locked_since(user.id)?.is_some() {
                return Err(Error::Barred);
            }
            self.lockout.succeeded(&user.address, from);
        }
        let (token, is_open) = (token.clone(), self.is_open()?);
        self.db
            .write(move |tables| {
                let (attempt, proven) = attempts::proven(tables, &token, now)?;
                let Aim::SignIn { grant } = attempt.aim else { return Err(attempts::NONE) };
                attempts::take(tables, &token)?;
                match (known, owner(tables, &proven)?) {
                    (Some(user), Some(owner)) if user.id == owner => Ok((user, false)),
                    (None, None) => register(tables, &proven, grant, is_open, now).map(|user| (user, true)),
                    // It was linked or unlinked meanwhile.
                    _ => Err(attempts::NONE),
                }
            })
            .await
    }

    /// Links who came back from a provider to the account of whoever is signed in, in the session in which that was begun.
    ///
    /// # Errors
    /// [`Error::Conflict`] where nothing waits for this session in this browser, and where the identity is somebody's already; [`Error::Full`].
    pub(crate) async fn finish_link(&self, token: &Token, user: UserId, session: SessionId) -> Result<IdentityRow, Error> {
        let (now, token, outbox) = (self.now(), token.clone(), Arc::clone(&self.outbox));
        self.db
            .write(move |tables| {
                let (attempt, proven) = attempts::proven(tables, &token, now)?;
                if attempt.aim != (Aim::Link { user, session }) {
                    return Err(attempts::NONE);
                }
                attempts::take(tables, &token)?;
                let row = put(tables, user, &proven, now)?;
                outbox.tell(tables, now, user, &Security::ProviderLinked)?;
                Ok(row)
            })
            .await
    }

    /// Notes that somebody has shown in a session who they are, by who they are at a provider. Who has a second factor shows that and nothing else. Returns when that was.
    ///
    /// # Errors
    /// [`Error::Conflict`] where nothing waits for this session in this browser; [`Error::SecondFactor`]; [`Error::Wrong`] where it is somebody else who came back, or
    /// somebody who showed nothing there.
    pub(crate) async fn finish_step_up(&self, token: &Token, user: UserId, session: SessionId) -> Result<Timestamp, Error> {
        if self.second_factor(user)?.on {
            return Err(Error::SecondFactor);
        }
        let (now, token) = (self.now(), token.clone());
        let done = self.db.write(move |tables| {
            let (attempt, proven) = attempts::proven(tables, &token, now)?;
            if attempt.aim != (Aim::StepUp { user, session }) {
                return Err(attempts::NONE);
            }
            attempts::take(tables, &token)?;
            let has_shown = proven.shown_at.is_none_or(|at| at.since(attempt.begun_at) >= -SKEW_MS);
            if owner(tables, &proven)? != Some(user) || !has_shown {
                // The attempt is over all the same, so it is no error yet.
                return Ok(None);
            }
            sessions::note_shown(tables, session, now).map(|()| Some(now))
        });
        done.await?.ok_or(Error::Wrong)
    }

    /// Who a user is at providers, the oldest first.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub(crate) fn identities(&self, user: UserId) -> Result<Vec<IdentityRow>, Error> {
        let mut found = self.db.read(|tables| of(tables, user))?;
        found.sort_by_key(|row| (row.linked_at, row.id));
        Ok(found)
    }

    /// Takes away an identity, which must not be the last way in: `usable` are the issuers that sign anybody in now. All other sessions end, since it is not known which began
    /// by it.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Conflict`] for the last way in.
    pub(crate) async fn unlink(
        &self,
        user: UserId,
        session: Option<SessionId>,
        id: IdentityId,
        usable: BTreeSet<String>,
    ) -> Result<(), Error> {
        let (now, outbox) = (self.now(), Arc::clone(&self.outbox));
        self.db
            .write(move |tables| {
                let all = of(tables, user)?;
                let row = all.iter().find(|row| row.id == id).ok_or(Error::NotFound)?;
                let another = all.iter().any(|other| other.id != id && usable.contains(&other.issuer));
                if !another && !users::has_password(tables, user)? {
                    return Err(Error::Conflict("this is your last way to sign in: set a password or link another provider first"));
                }
                remove(tables, row)?;
                attempts::forget(tables, user)?;
                sessions::end_others(tables, user, session)?;
                outbox.tell(tables, now, user, &Security::ProviderUnlinked)
            })
            .await
    }
}

/// How far the clock of a provider may be behind.
const SKEW_MS: i64 = 60_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_is_its_issuer_and_its_subject_and_no_two_are_the_same() {
        assert_eq!(name("https://a", "1"), name("https://a", "1"));
        let all = [name("https://a", "1"), name("https://a", "2"), name("https://b", "1"), name("https://a1", ""), name("https://", "a1")];
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
    }
}
