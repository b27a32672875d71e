//! Removing a user: all that signs them in, all that says who they are, and the tenant that they own.
//!
//! Their businesses must be over: one that runs would run for nobody. The journals of those stay, as journals do; nobody but the operator sees them any more. Of what they
//! launched for others their name is taken away.

use std::collections::BTreeSet;

use bbb_core::id::BusinessId;

use crate::accounts::db::Writing;
use crate::accounts::id::UserId;
use crate::accounts::outbox::Account;
use crate::accounts::{
    Accounts, Error, attempts, confirm, grants, idempotency, identities, keys, letters, locks, members, notices, outbox, sessions, tenants,
    totp, users, webhooks,
};

/// Who asks for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum By {
    /// The user.
    Themselves,
    /// The operator, who can make another administrator by starting the daemon again.
    Operator,
}

fn remove(tables: &Writing, id: UserId, by: By, over: &BTreeSet<BusinessId>) -> Result<(), Error> {
    let user = users::user(tables, id)?.ok_or(Error::NotFound)?;
    if user.admin && by == By::Themselves && users::first_admin(tables)?.is_some_and(|first| first.id == id) {
        return Err(Error::Conflict("an administrator is removed by the operator: bbb admin remove"));
    }
    if tenants::has_more_than(tables, user.tenant, over)? {
        return Err(Error::Conflict("there are businesses of theirs that are not over: end these first"));
    }
    sessions::end_others(tables, id, None)?;
    keys::forget(tables, id)?;
    totp::forget(tables, id)?;
    identities::forget(tables, id)?;
    attempts::forget(tables, id)?;
    idempotency::forget(tables, id)?;
    grants::forget(tables, id, user.tenant)?;
    members::forget(tables, id, user.tenant)?;
    tenants::forget_launcher(tables, id)?;
    locks::forget(tables, id)?;
    confirm::forget(tables, id)?;
    letters::forget(tables, id)?;
    notices::forget_people(tables, id, user.tenant)?;
    webhooks::forget(tables, user.tenant)?;
    outbox::forget(tables, Account::User(id))?;
    outbox::forget(tables, Account::Tenant(user.tenant))?;
    users::forget(tables, &user)
}

impl Accounts {
    /// Removes a user. Of their tenant's businesses those in `over` are over.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Conflict`] where a business of theirs is not over, and for an administrator who asks themselves.
    pub(crate) async fn remove_user(&self, id: UserId, by: By, over: BTreeSet<BusinessId>) -> Result<(), Error> {
        self.db.write(move |tables| remove(tables, id, by, &over)).await
    }
}
