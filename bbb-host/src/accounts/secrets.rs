//! Which key what is encrypted here is encrypted under: one for second factors, letters that wait, and signing secrets of webhooks.
//!
//! A mark of the key is kept beside them. Where anything is encrypted, the key must be that one, and is never made anew.

use redb::TableDefinition;

use crate::accounts::db::{Read, Reading, Table, Writing};
use crate::accounts::master_key::{Loaded, MasterKey};
use crate::accounts::{Error, outbox, totp, webhooks};

/// Which master key it is.
const MARK: Table = TableDefinition::new("master_key");
const MARK_KEY: &[u8] = b"mark";

fn are_there(tables: &impl Read) -> Result<bool, Error> {
    Ok(totp::has_secrets(tables)? || outbox::has_secrets(tables)? || webhooks::has_secrets(tables)?)
}

/// Refuses to go on where something is encrypted and the key is missing or another one.
pub(super) fn check(tables: &Reading, key: &MasterKey) -> Result<(), Error> {
    if are_there(tables)? { known(tables, key).map(drop) } else { Ok(()) }
}

/// The key that what is here was encrypted under.
pub(super) fn known(tables: &impl Read, key: &MasterKey) -> Result<Loaded, Error> {
    key.known(tables.get(MARK, MARK_KEY)?)
}

/// The key for one more secret.
pub(super) fn key_for_more(tables: &Writing, key: &MasterKey) -> Result<Loaded, Error> {
    if are_there(tables)? {
        return known(tables, key);
    }
    let key = key.find_or_make()?;
    tables.put(MARK, MARK_KEY, &key.mark())?;
    Ok(key)
}
