//! What an operator does to accounts: locks them, ends their sessions, and takes away a second factor whose owner has lost it.

use std::sync::Arc;

use bbb_core::time::Timestamp;
use redb::TableDefinition;

use crate::accounts::db::{Read, Table, Writing};
use crate::accounts::id::UserId;
use crate::accounts::letters::Security;
use crate::accounts::{Accounts, Error, User, sessions, totp, users};

/// Who is locked, and since when.
const LOCKED: Table = TableDefinition::new("locked_users");

/// Whether somebody is locked.
pub(super) fn is_locked(tables: &impl Read, user: UserId) -> Result<bool, Error> {
    Ok(tables.get::<Timestamp>(LOCKED, &user.bytes())?.is_some())
}

/// Takes away a lock.
pub(super) fn forget(tables: &Writing, user: UserId) -> Result<(), Error> {
    tables.remove(LOCKED, &user.bytes()).map(drop)
}

/// A user who may do something: one that is there and not locked.
pub(super) fn active(tables: &impl Read, id: UserId) -> Result<Option<User>, Error> {
    if is_locked(tables, id)? { Ok(None) } else { users::user(tables, id) }
}

impl Accounts {
    /// The user with this id or this address.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub fn find_user(&self, who: &str) -> Result<User, Error> {
        let address = users::normal_address(who).ok();
        let found = self.users()?.into_iter().find(|user| user.id.to_string() == who || Some(&user.address) == address.as_ref());
        found.ok_or(Error::NotFound)
    }

    /// Since when somebody is locked.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub fn locked_since(&self, user: UserId) -> Result<Option<Timestamp>, Error> {
        self.db.read(|tables| tables.get(LOCKED, &user.bytes()))
    }

    /// Locks somebody: they cannot sign in, their sessions end, and their keys are good for nothing. Their businesses go on.
    ///
    /// # Errors
    /// [`Error::Conflict`] where they are locked already.
    pub async fn lock_user(&self, user: UserId) -> Result<(), Error> {
        let now = self.now();
        self.db
            .write(move |tables| {
                if is_locked(tables, user)? {
                    return Err(Error::Conflict("this account is locked already"));
                }
                tables.put(LOCKED, &user.bytes(), &now)?;
                sessions::end_others(tables, user, None)
            })
            .await
    }

    /// Lets somebody in again. Their keys are good again; sessions that ended stay so.
    ///
    /// # Errors
    /// [`Error::Conflict`] where they are not locked.
    pub async fn unlock_user(&self, user: UserId) -> Result<(), Error> {
        let unlock = self.db.write(move |tables| tables.remove(LOCKED, &user.bytes()));
        if unlock.await? { Ok(()) } else { Err(Error::Conflict("this account is not locked")) }
    }

    /// Ends all sessions of somebody, and says how many there were.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn end_all_sessions(&self, user: UserId) -> Result<usize, Error> {
        let count = self.sessions(user)?.len();
        self.db.write(move |tables| sessions::end_others(tables, user, None)).await?;
        Ok(count)
    }

    /// Takes away the second factor of somebody who has lost it, and ends their sessions. Their password or their provider signs them in from here on.
    ///
    /// # Errors
    /// [`Error::Conflict`] where there is none.
    pub async fn reset_second_factor(&self, user: UserId) -> Result<(), Error> {
        let (now, outbox) = (self.now(), Arc::clone(&self.outbox));
        self.db
            .write(move |tables| {
                if !totp::forget(tables, user)? {
                    return Err(Error::Conflict("this account has no second factor"));
                }
                sessions::end_others(tables, user, None)?;
                outbox.tell(tables, now, user, &Security::SecondFactorOff)
            })
            .await
    }
}
