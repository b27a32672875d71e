//! Tenants: whose businesses are whose.
//!
//! A business gets its row before it is launched, so that none is ever launched for nobody. A row whose launch a crash cut short names a journal that is not there: to
//! everybody such a business does not exist, and the next start takes the row away. A journal without a row was launched outside the daemon, and is the first
//! administrator's.

use std::collections::{BTreeMap, BTreeSet};

use bbb_agents::world::Pace;
use bbb_core::id::BusinessId;
use bbb_core::time::Timestamp;
use redb::TableDefinition;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use crate::accounts::db::{Read, Table, Writing};
use crate::accounts::id::{TenantId, UserId};
use crate::accounts::rights::Role;
use crate::accounts::{Accounts, Error, User, members, notices, users};

const BUSINESSES: Table = TableDefinition::new("businesses");
/// By tenant, time of launch and business.
const BY_TENANT: Table = TableDefinition::new("businesses_by_tenant");

/// Who answers what a simulated business asks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Owner {
    /// The simulated owner, within a simulated day, mostly with yes. Its real owner may be quicker.
    #[default]
    Simulated,
    /// Nobody but its real owner; what they do not answer expires, which is a veto.
    Human,
}

/// Whose a business is, and what the daemon must know to run it that its journal does not tell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BusinessRow {
    /// Whose.
    pub tenant: TenantId,
    /// Who launched it; none where that was outside the daemon, or by somebody who was removed.
    pub by: Option<UserId>,
    /// When.
    pub at: Timestamp,
    /// How quickly its virtual time passes.
    pub pace: Pace,
    /// Who answers what it asks.
    pub owner: Owner,
}

fn place(tenant: TenantId, at: Timestamp, business: BusinessId) -> [u8; 24] {
    let mut key = [0; 24];
    key[..8].copy_from_slice(&tenant.bytes());
    key[8..16].copy_from_slice(&at.ms().max(0).to_be_bytes());
    key[16..].copy_from_slice(&business.bytes());
    key
}

/// The business of a place.
fn business_in(place: &[u8]) -> Option<BusinessId> {
    Some(BusinessId::from_bytes(place.get(16..24)?.try_into().ok()?))
}

/// A user's own tenant.
pub(super) fn make(tables: &Writing, user: &User) -> Result<(), Error> {
    members::put(tables, user.tenant, user.id, Role::Owner)
}

fn put(tables: &Writing, id: BusinessId, row: &BusinessRow) -> Result<(), Error> {
    tables.put(BUSINESSES, &id.bytes(), row)?;
    tables.put(BY_TENANT, &place(row.tenant, row.at, id), &())
}

fn remove(tables: &Writing, id: BusinessId) -> Result<(), Error> {
    if let Some(row) = tables.get::<BusinessRow>(BUSINESSES, &id.bytes())? {
        tables.remove(BY_TENANT, &place(row.tenant, row.at, id))?;
        tables.remove(BUSINESSES, &id.bytes())?;
        notices::forget(tables, id)?;
    }
    Ok(())
}

/// Whether a business has a row.
pub(super) fn is_somebodys(tables: &Writing, id: BusinessId) -> Result<bool, Error> {
    Ok(tables.get::<IgnoredAny>(BUSINESSES, &id.bytes())?.is_some())
}

/// Whether a tenant has a business that is none of these.
pub(super) fn has_more_than(tables: &impl Read, tenant: TenantId, those: &BTreeSet<BusinessId>) -> Result<bool, Error> {
    let all = tables.all::<()>(BY_TENANT, &tenant.bytes())?;
    Ok(all.iter().any(|(key, ())| business_in(key).is_none_or(|id| !those.contains(&id))))
}

/// Takes the name of somebody from all that they launched.
pub(super) fn forget_launcher(tables: &Writing, user: UserId) -> Result<(), Error> {
    for (key, row) in tables.all::<BusinessRow>(BUSINESSES, &[])? {
        if row.by == Some(user) {
            tables.put(BUSINESSES, &key, &BusinessRow { by: None, ..row })?;
        }
    }
    Ok(())
}

impl Accounts {
    /// Says whose a business will be that is launched next. Those in `over` do not count towards the `most` that the tenant may have.
    ///
    /// # Errors
    /// [`Error::Full`] where the tenant has as many as it may, [`Error::Conflict`] where the business is known, [`Error::NotFound`] where the tenant is not there.
    pub async fn claim(&self, id: BusinessId, row: BusinessRow, most: usize, over: BTreeSet<BusinessId>) -> Result<(), Error> {
        self.db
            .write(move |tables| {
                // Its owner may have been removed since whoever launches was found to be a member.
                if !members::has_any(tables, row.tenant)? {
                    return Err(Error::NotFound);
                }
                if tables.get::<BusinessRow>(BUSINESSES, &id.bytes())?.is_some() {
                    return Err(Error::Conflict("this very business was launched before"));
                }
                let theirs = tables.all::<()>(BY_TENANT, &row.tenant.bytes())?;
                if theirs.iter().filter(|(key, ())| business_in(key).is_none_or(|id| !over.contains(&id))).count() >= most {
                    return Err(Error::Full(format!("a tenant has at most {most} businesses here that are not over")));
                }
                put(tables, id, &row)
            })
            .await
    }

    /// Takes back what [`Accounts::claim`] said, because nothing was launched.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn disclaim(&self, id: BusinessId) -> Result<(), Error> {
        self.db.write(move |tables| remove(tables, id)).await
    }

    /// Whose a business is; nothing where nobody here knows it.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub fn business(&self, id: BusinessId) -> Result<Option<BusinessRow>, Error> {
        self.businesses.get(&self.db, id, || self.db.read(|tables| tables.get(BUSINESSES, &id.bytes())))
    }

    /// Up to `limit` businesses of a tenant, the newest first, with the cursor of each; those after `after`, where that is given.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub fn businesses(&self, tenant: TenantId, after: Option<&[u8]>, limit: usize) -> Result<Vec<(BusinessId, Vec<u8>)>, Error> {
        let after = after.map(|after| [&tenant.bytes()[..], after].concat());
        let rows = self.db.read(|tables| tables.page::<()>(BY_TENANT, &tenant.bytes(), after.as_deref(), true, limit))?;
        let named = rows.into_iter().filter_map(|(key, ())| Some((business_in(&key)?, key.get(8..)?.to_vec())));
        Ok(named.collect())
    }

    /// Makes rows and journals agree, before anything is launched: rows without a journal go, and journals without a row become the first administrator's, where there
    /// is one, who is told of nothing that is in them now. Each journal is given with its last event. Returns how many of each there were.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn reconcile(&self, journals: BTreeMap<BusinessId, u64>) -> Result<(usize, usize), Error> {
        let now = self.now();
        self.db
            .write(move |tables| {
                let mut known = BTreeSet::new();
                for (key, _) in tables.all::<IgnoredAny>(BUSINESSES, &[])? {
                    known.extend(key.as_slice().try_into().ok().map(BusinessId::from_bytes));
                }
                let cut_short: Vec<BusinessId> = known.iter().copied().filter(|id| !journals.contains_key(id)).collect();
                for id in &cut_short {
                    remove(tables, *id)?;
                }
                let Some(admin) = users::first_admin(tables)? else { return Ok((cut_short.len(), 0)) };
                let strays: Vec<_> = journals.into_iter().filter(|(id, _)| !known.contains(id)).collect();
                for (id, sequence) in &strays {
                    let row = BusinessRow { tenant: admin.tenant, by: None, at: now, pace: Pace::Fast, owner: Owner::Simulated };
                    put(tables, *id, &row)?;
                    notices::begin_after(tables, *id, *sequence)?;
                }
                Ok((cut_short.len(), strays.len()))
            })
            .await
    }
}
