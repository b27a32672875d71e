//! Grants: one-use tokens that let somebody register, as the first administrator or because they were invited.

use bbb_core::time::{DAY_MS, Timestamp};
use redb::TableDefinition;
use serde::{Deserialize, Serialize};

use crate::accounts::db::{Read, Table, Writing};
use crate::accounts::id::{TenantId, UserId};
use crate::accounts::rights::Role;
use crate::accounts::token::{HASH_BYTES, Purpose, Token};
use crate::accounts::users::{self, normal_address};
use crate::accounts::{Accounts, Error};

/// How long the link of the first administrator is good for.
pub const FIRST_ADMIN_MS: i64 = 15 * 60_000;
/// How long an invitation is.
const INVITATION_MS: i64 = 7 * DAY_MS;
/// The most invitations that wait at a time.
const MAX_WAITING: usize = 1_000;

const GRANTS: Table = TableDefinition::new("grants");

/// What a token lets somebody do, once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Grant {
    pub(super) what: What,
    expires_at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum What {
    /// Be the first administrator.
    FirstAdmin,
    /// Register, with a tenant of one's own, and as a member of another one where that is named.
    Invited { by: UserId, address: Option<String>, member: Option<(TenantId, Role)> },
}

/// Takes a grant by its token, as [`take_hash`] does.
pub(super) fn take(tables: &Writing, token: &Token, now: Timestamp) -> Result<What, Error> {
    take_hash(tables, &token.hash(), now)
}

/// Takes a grant, so that it is no more; whoever cannot finish fails the whole transaction, and then it still is.
pub(super) fn take_hash(tables: &Writing, hash: &[u8; HASH_BYTES], now: Timestamp) -> Result<What, Error> {
    let grant: Grant = tables.get(GRANTS, hash)?.ok_or(Error::BadGrant)?;
    if grant.expires_at <= now {
        return Err(Error::BadGrant);
    }
    tables.remove(GRANTS, hash)?;
    Ok(grant.what)
}

/// Takes away the invitations of somebody, and those into a tenant.
pub(super) fn forget(tables: &Writing, user: UserId, tenant: TenantId) -> Result<(), Error> {
    for (hash, grant) in tables.all::<Grant>(GRANTS, &[])? {
        if let What::Invited { by, member, .. } = grant.what
            && (by == user || member.is_some_and(|(into, _)| into == tenant))
        {
            tables.remove(GRANTS, &hash)?;
        }
    }
    Ok(())
}

/// Takes away those that are too old.
pub(super) fn sweep(tables: &Writing, now: Timestamp) -> Result<(), Error> {
    for (hash, grant) in tables.all::<Grant>(GRANTS, &[])? {
        if grant.expires_at <= now {
            tables.remove(GRANTS, &hash)?;
        }
    }
    Ok(())
}

impl Accounts {
    /// The token that makes the first administrator; earlier ones are good no more. Nothing where there is an administrator.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn first_admin_token(&self) -> Result<Option<Token>, Error> {
        let expires_at = self.now().plus_ms(FIRST_ADMIN_MS);
        let token = Token::draw(Purpose::FirstAdmin)?;
        self.db
            .write(move |tables| {
                for (hash, grant) in tables.all::<Grant>(GRANTS, &[])? {
                    if grant.what == What::FirstAdmin {
                        tables.remove(GRANTS, &hash)?;
                    }
                }
                if users::has_admin(tables)? {
                    return Ok(None);
                }
                tables.put(GRANTS, &token.hash(), &Grant { what: What::FirstAdmin, expires_at })?;
                Ok(Some(token))
            })
            .await
    }

    /// Whether a token would let somebody register now. It stays as it is.
    ///
    /// # Errors
    /// [`Error::BadGrant`].
    pub(super) fn check_grant(&self, token: &Token) -> Result<(), Error> {
        let grant: Option<Grant> = self.db.read(|tables| tables.get(GRANTS, &token.hash()))?;
        grant.filter(|grant| grant.expires_at > self.now()).map(drop).ok_or(Error::BadGrant)
    }

    /// What is kept of a token that lets somebody register, as it is now. It stays as it is.
    ///
    /// # Errors
    /// [`Error::BadGrant`].
    pub(crate) fn grant_of(&self, text: &str) -> Result<[u8; HASH_BYTES], Error> {
        let token = Token::parse(text.trim()).filter(|token| matches!(token.purpose(), Purpose::FirstAdmin | Purpose::Invitation));
        let token = token.ok_or(Error::BadGrant)?;
        self.check_grant(&token)?;
        Ok(token.hash())
    }

    /// Invites somebody to register: under this address only, where one is given, and as a member of a tenant, where one is. Whether `by` may is the caller's to know.
    ///
    /// # Errors
    /// [`Error::Bad`] for what is no address, [`Error::Full`] where too many invitations wait.
    pub async fn invite(&self, by: UserId, address: Option<&str>, member: Option<(TenantId, Role)>) -> Result<(Token, Timestamp), Error> {
        let address = address.map(normal_address).transpose()?;
        let expires_at = self.now().plus_ms(INVITATION_MS);
        let token = Token::draw(Purpose::Invitation)?;
        let what = What::Invited { by, address, member };
        self.db
            .write(move |tables| {
                if tables.all::<Grant>(GRANTS, &[])?.len() >= MAX_WAITING {
                    return Err(Error::Full(format!("{MAX_WAITING} invitations wait already")));
                }
                tables.put(GRANTS, &token.hash(), &Grant { what, expires_at })?;
                Ok((token, expires_at))
            })
            .await
    }
}
