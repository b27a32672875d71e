//! What the operator of a daemon asks it about its accounts. Whoever reaches the control socket is the user that the daemon runs as, and so may do this.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::accounts::id::TenantId;
use crate::accounts::removal::By;
use crate::accounts::{Account, Accounts, User, Way};
use crate::fault::Fault;
use crate::serve::over;
use crate::service::Service;

/// What is asked. People are named by their id or their address.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Admin {
    /// All users.
    Users,
    /// Keep somebody out.
    Lock(String),
    /// Let them in again.
    Unlock(String),
    /// Let somebody register, under this address where one is given.
    Invite(Option<String>),
    /// End all sessions of somebody.
    EndSessions(String),
    /// Take away a second factor that was lost.
    ResetSecondFactor(String),
    /// Remove somebody, and all that is kept of them.
    Remove(String),
    /// All businesses, and whose they are.
    Businesses,
    /// What the daemon has to say and could not yet.
    Outbox,
}

fn view(accounts: &Accounts, user: &User) -> Result<Value, Fault> {
    let factor = accounts.second_factor(user.id)?;
    Ok(json!({
        "id": user.id, "email": user.address, "name": user.name, "admin": user.admin, "tenant": user.tenant, "created_at": user.created_at.to_string(),
        "locked_since": accounts.locked_since(user.id)?.map(|at| at.to_string()),
        "password": accounts.has_password(user.id)?, "providers": accounts.identities(user.id)?.into_iter().map(|row| row.issuer).collect::<Vec<_>>(),
        "second_factor": factor.on, "sessions": accounts.sessions(user.id)?.len(),
    }))
}

/// Does it, and says what came of it.
pub(super) async fn answer(accounts: Option<&Accounts>, service: &Service, ask: Admin) -> Result<Value, Fault> {
    let accounts = accounts.ok_or_else(|| Fault::refused("the running bbb is no daemon and has no accounts: start bbb serve"))?;
    let find = |who: &str| {
        accounts.find_user(who).map_err(|error| match error {
            crate::accounts::Error::NotFound => Fault::not_found(format!("there is no user {who}; see: bbb admin users")),
            other => other.into(),
        })
    };
    match ask {
        Admin::Users => {
            let users = accounts.users()?;
            Ok(json!({ "users": users.iter().map(|user| view(accounts, user)).collect::<Result<Vec<_>, _>>()? }))
        }
        Admin::Lock(who) => {
            let user = find(&who)?;
            accounts.lock_user(user.id).await?;
            tracing::info!(user = %user.id, "an account was locked");
            view(accounts, &user)
        }
        Admin::Unlock(who) => {
            let user = find(&who)?;
            accounts.unlock_user(user.id).await?;
            tracing::info!(user = %user.id, "an account was unlocked");
            view(accounts, &user)
        }
        Admin::EndSessions(who) => {
            let user = find(&who)?;
            let ended = accounts.end_all_sessions(user.id).await?;
            Ok(json!({ "id": user.id, "ended": ended }))
        }
        Admin::ResetSecondFactor(who) => {
            let user = find(&who)?;
            accounts.reset_second_factor(user.id).await?;
            tracing::info!(user = %user.id, "a second factor was taken away");
            view(accounts, &user)
        }
        Admin::Remove(who) => {
            let user = find(&who)?;
            accounts.remove_user(user.id, By::Operator, over(service).await?).await?;
            tracing::info!(user = %user.id, "an account was removed");
            Ok(json!({ "id": user.id, "removed": true }))
        }
        Admin::Invite(address) => {
            let admin = accounts.first_admin()?;
            let admin = admin.ok_or_else(|| Fault::refused("there is no administrator yet: become it by the link that bbb serve gives"))?;
            let (token, expires_at) = accounts.invite(admin.id, address.as_deref(), None).await?;
            let token = token.reveal();
            Ok(json!({ "path": format!("/welcome#{token}"), "token": token, "expires_at": expires_at.to_string() }))
        }
        Admin::Businesses => businesses(accounts, service).await,
        Admin::Outbox => outbox(accounts),
    }
}

/// The most letters of a way that are listed.
const MAX_LETTERS: usize = 500;

/// Letters without what they say and to which address: those may be secret.
fn outbox(accounts: &Accounts) -> Result<Value, Fault> {
    let mut stuck = Vec::new();
    for way in Way::ALL {
        for letter in accounts.waiting_letters(way, MAX_LETTERS)? {
            let (user, tenant) = match letter.account {
                Account::User(id) => (Some(id), None),
                Account::Tenant(id) => (None, Some(id)),
                Account::Nobody => (None, None),
            };
            stuck.push(json!({
                "id": letter.id, "way": way, "user": user, "tenant": tenant, "created_at": letter.created_at.to_string(), "due_at": letter.due_at.to_string(),
                "until": letter.until.to_string(), "attempts": letter.attempts, "failure": letter.failure,
            }));
        }
    }
    let counts = accounts.letters()?.map(|tally| {
        json!({ "way": tally.way, "waiting": tally.waiting, "said": tally.said, "failed_attempts": tally.failed, "given_up": tally.given_up, "dropped": tally.dropped })
    });
    Ok(json!({ "sends_mail": accounts.sends_mail(), "since_start": counts, "waiting": stuck }))
}

async fn businesses(accounts: &Accounts, service: &Service) -> Result<Value, Fault> {
    let owners: BTreeMap<TenantId, String> = accounts.users()?.into_iter().map(|user| (user.tenant, user.address)).collect();
    let mut all = Vec::new();
    for row in service.list().await? {
        let tenant = accounts.business(row.business)?.map(|known| known.tenant);
        all.push(json!({
            "id": row.business.to_string(), "name": row.title(), "world": row.world.as_str(), "running": row.running, "ended": row.ended,
            "tenant": tenant, "owner": tenant.and_then(|tenant| owners.get(&tenant)),
        }));
    }
    Ok(json!({ "businesses": all }))
}
