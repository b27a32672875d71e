//! Members: who may do what in which tenant.

use redb::TableDefinition;

use crate::accounts::db::{Read, Table, Writing};
use crate::accounts::id::{TenantId, UserId};
use crate::accounts::rights::Role;
use crate::accounts::{Accounts, Error, User, users};

/// Roles by user and tenant, and the same pairs by tenant and user.
const BY_USER: Table = TableDefinition::new("members_by_user");
const BY_TENANT: Table = TableDefinition::new("members_by_tenant");
/// The most members of a tenant.
const MAX_MEMBERS: usize = 200;

/// Somebody's part in a tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Membership {
    /// Which.
    pub tenant: TenantId,
    /// As what.
    pub role: Role,
}

fn key(first: [u8; 8], second: [u8; 8]) -> [u8; 16] {
    let mut key = [0; 16];
    key[..8].copy_from_slice(&first);
    key[8..].copy_from_slice(&second);
    key
}

/// The id in the second half of a key.
fn second(key: &[u8]) -> Option<[u8; 8]> {
    key.get(8..16)?.try_into().ok()
}

pub(super) fn put(tables: &Writing, tenant: TenantId, user: UserId, role: Role) -> Result<(), Error> {
    if tables.all::<Role>(BY_TENANT, &tenant.bytes())?.len() >= MAX_MEMBERS {
        return Err(Error::Full(format!("a tenant has at most {MAX_MEMBERS} members")));
    }
    tables.put(BY_USER, &key(user.bytes(), tenant.bytes()), &role)?;
    tables.put(BY_TENANT, &key(tenant.bytes(), user.bytes()), &role)
}

/// The members of a tenant.
pub(super) fn of(tables: &impl Read, tenant: TenantId) -> Result<Vec<(User, Role)>, Error> {
    let mut found = Vec::new();
    for (key, role) in tables.all::<Role>(BY_TENANT, &tenant.bytes())? {
        let Some(id) = second(&key).map(UserId::from_bytes) else { continue };
        found.extend(users::user(tables, id)?.map(|user| (user, role)));
    }
    Ok(found)
}

/// Takes away all that somebody is a member of, and a tenant with all its members.
pub(super) fn forget(tables: &Writing, user: UserId, tenant: TenantId) -> Result<(), Error> {
    let mut pairs = Vec::new();
    for (place, _) in tables.all::<Role>(BY_USER, &user.bytes())? {
        pairs.extend(second(&place).map(|tenant| (user.bytes(), tenant)));
    }
    for (place, _) in tables.all::<Role>(BY_TENANT, &tenant.bytes())? {
        pairs.extend(second(&place).map(|user| (user, tenant.bytes())));
    }
    for (user, tenant) in pairs {
        tables.remove(BY_USER, &key(user, tenant))?;
        tables.remove(BY_TENANT, &key(tenant, user))?;
    }
    Ok(())
}

/// Whether a tenant has anybody: one whose owner was removed has not.
pub(super) fn has_any(tables: &impl Read, tenant: TenantId) -> Result<bool, Error> {
    Ok(!tables.page::<Role>(BY_TENANT, &tenant.bytes(), None, false, 1)?.is_empty())
}

/// Whether somebody is a member already.
pub(super) fn is_member(tables: &impl Read, user: UserId, tenant: TenantId) -> Result<bool, Error> {
    Ok(tables.get::<Role>(BY_USER, &key(user.bytes(), tenant.bytes()))?.is_some())
}

impl Accounts {
    /// Somebody's role in a tenant; nothing where they have none.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub fn role(&self, user: UserId, tenant: TenantId) -> Result<Option<Role>, Error> {
        self.roles.get(&self.db, (user, tenant), || self.db.read(|tables| tables.get(BY_USER, &key(user.bytes(), tenant.bytes()))))
    }

    /// All tenants that somebody is a member of.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub fn memberships(&self, user: UserId) -> Result<Vec<Membership>, Error> {
        let rows = self.db.read(|tables| tables.all::<Role>(BY_USER, &user.bytes()))?;
        let named = rows.iter().filter_map(|(key, role)| Some(Membership { tenant: TenantId::from_bytes(second(key)?), role: *role }));
        Ok(named.collect())
    }

    /// The members of a tenant.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub fn members(&self, tenant: TenantId) -> Result<Vec<(User, Role)>, Error> {
        self.db.read(|tables| of(tables, tenant))
    }

    /// Ends a membership. The owner of a tenant stays.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Conflict`] for the owner.
    pub async fn dismiss(&self, tenant: TenantId, user: UserId) -> Result<(), Error> {
        self.db
            .write(move |tables| {
                match tables.get::<Role>(BY_USER, &key(user.bytes(), tenant.bytes()))? {
                    None => return Err(Error::NotFound),
                    Some(Role::Owner) => return Err(Error::Conflict("the owner of a tenant stays its member")),
                    Some(_) => {}
                }
                tables.remove(BY_USER, &key(user.bytes(), tenant.bytes()))?;
                tables.remove(BY_TENANT, &key(tenant.bytes(), user.bytes())).map(drop)
            })
            .await
    }
}
