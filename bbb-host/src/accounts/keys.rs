//! API keys: what a program of somebody's uses in the place of their password, until it is taken back. A key may do what its user may, and no more than its own role.

use std::sync::Arc;

use bbb_core::time::{DAY_MS, Timestamp};
use redb::TableDefinition;
use serde::{Deserialize, Serialize};

use crate::accounts::db::{Read, Table, Writing};
use crate::accounts::id::{KeyId, UserId};
use crate::accounts::letters::Security;
use crate::accounts::rights::Role;
use crate::accounts::token::{Purpose, Token};
use crate::accounts::users::normal_name;
use crate::accounts::{Accounts, Delivery, Error, Identity, locks};

/// By user and key.
const KEYS: Table = TableDefinition::new("keys");
/// Whose key has this hash.
const HASHES: Table = TableDefinition::new("key_hashes");
/// The most keys of a user, and the longest that one is good for, in days.
const MAX_KEYS: usize = 50;
const MAX_DAYS: u32 = 366;

/// A key, without what would let anybody use it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyRow {
    /// What its user calls it.
    pub name: String,
    /// The most that it may do in any tenant.
    pub role: Role,
    /// Since when.
    pub created_at: Timestamp,
    /// Until when.
    pub expires_at: Timestamp,
    hash: Vec<u8>,
}

fn place(user: UserId, key: KeyId) -> Vec<u8> {
    [user.bytes(), key.bytes()].concat()
}

fn id_of(place: &[u8]) -> Option<KeyId> {
    Some(KeyId::from_bytes(place.get(8..)?.try_into().ok()?))
}

fn remove(tables: &Writing, user: UserId, id: KeyId) -> Result<bool, Error> {
    let Some(row) = tables.get::<KeyRow>(KEYS, &place(user, id))? else { return Ok(false) };
    tables.remove(HASHES, &row.hash)?;
    tables.remove(KEYS, &place(user, id))
}

/// Takes away all of a user.
pub(super) fn forget(tables: &Writing, user: UserId) -> Result<(), Error> {
    for (key, row) in tables.all::<KeyRow>(KEYS, &user.bytes())? {
        tables.remove(HASHES, &row.hash)?;
        tables.remove(KEYS, &key)?;
    }
    Ok(())
}

/// Takes away those that are too old.
pub(super) fn sweep(tables: &Writing, now: Timestamp) -> Result<(), Error> {
    for (key, row) in tables.all::<KeyRow>(KEYS, &[])? {
        if row.expires_at <= now {
            tables.remove(HASHES, &row.hash)?;
            tables.remove(KEYS, &key)?;
        }
    }
    Ok(())
}

impl Accounts {
    /// Makes a key, which is shown this once.
    ///
    /// # Errors
    /// [`Error::Bad`], [`Error::Full`]; [`Error::Wrong`] for a user who is not there.
    pub async fn make_key(&self, user: UserId, name: &str, role: Role, days: u32) -> Result<(Token, KeyId, KeyRow), Error> {
        let name = normal_name(name)?;
        if !(1..=MAX_DAYS).contains(&days) {
            return Err(Error::Bad { field: "days", rule: format!("is 1 to {MAX_DAYS}") });
        }
        if role == Role::Admin {
            return Err(Error::Bad { field: "role", rule: "is viewer, approver, operator or owner".to_owned() });
        }
        let (token, id, now) = (Token::draw(Purpose::Key)?, KeyId::draw()?, self.now());
        let row = KeyRow { name, role, created_at: now, expires_at: now.plus_ms(i64::from(days) * DAY_MS), hash: token.hash().to_vec() };
        let outbox = Arc::clone(&self.outbox);
        self.db
            .write(move |tables| {
                // They may have been removed since.
                locks::active(tables, user)?.ok_or(Error::Wrong)?;
                if tables.all::<KeyRow>(KEYS, &user.bytes())?.len() >= MAX_KEYS {
                    return Err(Error::Full(format!("a user has at most {MAX_KEYS} keys")));
                }
                tables.put(HASHES, &row.hash, &(user, id))?;
                tables.put(KEYS, &place(user, id), &row)?;
                outbox.tell(tables, now, user, &Security::NewKey(id))?;
                Ok((token, id, row))
            })
            .await
    }

    /// The keys of a user that are good, newest first.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub fn keys(&self, user: UserId) -> Result<Vec<(KeyId, KeyRow)>, Error> {
        let now = self.now();
        let rows = self.db.read(|tables| tables.all::<KeyRow>(KEYS, &user.bytes()))?;
        let mut good: Vec<_> =
            rows.into_iter().filter(|(_, row)| row.expires_at > now).filter_map(|(key, row)| Some((id_of(&key)?, row))).collect();
        good.sort_by_key(|(id, row)| (std::cmp::Reverse(row.created_at), *id));
        Ok(good)
    }

    /// Takes a key back.
    ///
    /// # Errors
    /// [`Error::NotFound`] for one that is not this user's.
    pub async fn revoke_key(&self, user: UserId, id: KeyId) -> Result<(), Error> {
        self.db.write(move |tables| if remove(tables, user, id)? { Ok(()) } else { Err(Error::NotFound) }).await
    }

    /// Whose key this is.
    pub(super) fn look_up_key(&self, token: &Token, now: Timestamp) -> Result<(Identity, Timestamp), Error> {
        self.db.read(|tables| {
            let (user, id): (UserId, KeyId) = tables.get(HASHES, &token.hash())?.ok_or(Error::Wrong)?;
            let row: Option<KeyRow> = tables.get(KEYS, &place(user, id))?;
            let row = row.filter(|row| row.expires_at > now).ok_or(Error::Wrong)?;
            let user = locks::active(tables, user)?.ok_or(Error::Wrong)?;
            let identity = Identity { user, session: None, shown_at: None, delivery: Delivery::Token, at_most: Some(row.role) };
            Ok((identity, row.expires_at))
        })
    }
}
