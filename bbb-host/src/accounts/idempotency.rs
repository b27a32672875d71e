//! Idempotency keys: a request that is repeated gets the answer of the first one, for a day.

use bbb_core::time::{DAY_MS, Timestamp};
use redb::TableDefinition;
use serde::{Deserialize, Serialize};

use crate::accounts::db::{Read, Table, Writing};
use crate::accounts::id::{UserId, random};
use crate::accounts::{Accounts, Error};

const KEPT: Table = TableDefinition::new("idempotency");
/// How long an answer is kept.
const KEPT_MS: i64 = DAY_MS;
/// The most answers that are kept for one user.
const MAX_KEPT: usize = 1_000;

/// The answer to a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kept {
    /// Its status.
    pub status: u16,
    /// Where what was made is.
    pub location: Option<String>,
    /// Its body, JSON.
    pub body: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    /// Of the request: a key is good for one.
    digest: [u8; 32],
    at: Timestamp,
    /// What is drawn for the request, so that it comes to the same when it is carried out again.
    salt: u64,
    /// None while it is carried out, and where that was cut short.
    kept: Option<Kept>,
}

/// What is known of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Begun {
    /// No answer: the request is to be carried out, with this for all that is drawn in it. One that was cut short gets the same again.
    Now(u64),
    /// It was answered before.
    Before(Kept),
    /// It was for another request.
    Other,
}

fn place(user: UserId, key: &str) -> Vec<u8> {
    [&user.bytes()[..], &blake3::hash(key.as_bytes()).as_bytes()[..]].concat()
}

/// Takes away what is kept for somebody.
pub(super) fn forget(tables: &Writing, user: UserId) -> Result<(), Error> {
    for (key, _) in tables.all::<Row>(KEPT, &user.bytes())? {
        tables.remove(KEPT, &key)?;
    }
    Ok(())
}

/// Takes away what is too old.
pub(super) fn sweep(tables: &Writing, now: Timestamp) -> Result<(), Error> {
    for (key, row) in tables.all::<Row>(KEPT, &[])? {
        if now.since(row.at) >= KEPT_MS {
            tables.remove(KEPT, &key)?;
        }
    }
    Ok(())
}

impl Accounts {
    /// Begins a request with a key. A request that was cut short before it was answered is carried out again.
    ///
    /// # Errors
    /// [`Error::Full`] where too many keys are kept.
    pub async fn begin_keyed(&self, user: UserId, key: &str, digest: [u8; 32]) -> Result<Begun, Error> {
        let (now, place) = (self.now(), place(user, key));
        let new = u64::from_be_bytes(random()?);
        self.db
            .write(move |tables| {
                let salt = match tables.get::<Row>(KEPT, &place)?.filter(|row| now.since(row.at) < KEPT_MS) {
                    Some(row) if row.digest != digest => return Ok(Begun::Other),
                    Some(Row { kept: Some(kept), .. }) => return Ok(Begun::Before(kept)),
                    Some(cut_short) => cut_short.salt,
                    None if tables.all::<Row>(KEPT, &user.bytes())?.len() >= MAX_KEPT => {
                        return Err(Error::Full(format!("the answers to {MAX_KEPT} requests are kept for you; they go after a day")));
                    }
                    None => new,
                };
                tables.put(KEPT, &place, &Row { digest, at: now, salt, kept: None })?;
                Ok(Begun::Now(salt))
            })
            .await
    }

    /// Keeps the answer to a request with a key, or, where there is none worth keeping, forgets the key.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn end_keyed(&self, user: UserId, key: &str, digest: [u8; 32], kept: Option<Kept>) -> Result<(), Error> {
        let (now, place) = (self.now(), place(user, key));
        self.db
            .write(move |tables| match kept {
                Some(kept) => tables.put(KEPT, &place, &Row { digest, at: now, salt: 0, kept: Some(kept) }),
                None => tables.remove(KEPT, &place).map(drop),
            })
            .await
    }
}
