//! Step-up: what a program with a key can never do, and what a person does only shortly after showing their second factor. The policies are in `policies/step_up.cedar`.
//!
//! A session remembers when that was: at the sign-in, or later at a step-up. Refreshing a token renews nothing.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::LazyLock;

use bbb_core::time::Timestamp;

use crate::accounts::id::SessionId;
use crate::accounts::rights::{Action, Permitted, table};
use crate::accounts::{Accounts, Error, Identity, Proof, User, sessions};
use crate::fault::Fault;

const POLICIES: &str = include_str!("policies/step_up.cedar");

/// How somebody asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asker {
    /// With an API key: a program.
    Key,
    /// In a session, in which nothing was shown lately.
    Session,
    /// In one in which it was.
    Fresh,
}

impl Asker {
    /// All of them, each with the one that it includes.
    const ALL: [(&'static str, Option<&'static str>); 3] = [("key", None), ("session", Some("key")), ("fresh", Some("session"))];

    const fn as_str(self) -> &'static str {
        match self {
            Asker::Key => "key",
            Asker::Session => "session",
            Asker::Fresh => "fresh",
        }
    }

    /// How this is, where what was shown counts for `lasts_ms`.
    pub fn of(identity: &Identity, now: Timestamp, lasts_ms: i64) -> Asker {
        match (identity.session, identity.shown_at) {
            (None, _) => Asker::Key,
            // A clock that was set back makes nothing fresh for longer.
            (Some(_), Some(at)) if (0..lasts_ms).contains(&now.since(at)) => Asker::Fresh,
            (Some(_), _) => Asker::Session,
        }
    }
}

/// What somebody wants to do: to a business or a tenant, or to their own account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// To a business or a tenant, or to the daemon.
    To(Action),
    /// Sign out, end sessions, accept an invitation: what only people do.
    UseSessions,
    /// Make API keys, and take them back.
    ManageKeys,
    /// Change the password or the second factor.
    ChangeAccount,
}

impl Deed {
    const fn as_str(self) -> &'static str {
        match self {
            Deed::To(action) => action.as_str(),
            Deed::UseSessions => "use_sessions",
            Deed::ManageKeys => "manage_keys",
            Deed::ChangeAccount => "change_account",
        }
    }

    fn names() -> Vec<&'static str> {
        let own = [Deed::UseSessions, Deed::ManageKeys, Deed::ChangeAccount];
        Action::ALL.into_iter().map(Action::as_str).chain(own.map(Deed::as_str)).collect()
    }
}

static PERMITTED: LazyLock<Result<Permitted, String>> = LazyLock::new(|| table(POLICIES, "Asker", &Asker::ALL, &Deed::names()));

/// Whether one who asks so may do this at all, whatever their role.
pub fn admits(asker: Asker, deed: Deed) -> bool {
    PERMITTED.as_ref().is_ok_and(|permitted: &BTreeSet<_>| permitted.contains(&(asker.as_str(), deed.as_str())))
}

/// Refuses policies that cannot be used.
///
/// # Errors
/// [`Fault`] with what Cedar says.
pub(super) fn check() -> Result<(), Fault> {
    PERMITTED.as_ref().map(drop).map_err(|error| Fault::failed(format!("the policies of step-up: {error}")))
}

impl Accounts {
    /// Notes that somebody has shown, in a session, who they are: with their second factor where they have one, else with their password. Returns when that was.
    ///
    /// # Errors
    /// [`Error::SecondFactor`] where a second factor is needed and none is given, [`Error::Wrong`], [`Error::Locked`], [`Error::Bad`].
    pub async fn step_up(
        &self,
        user: &User,
        session: SessionId,
        password: Option<String>,
        proof: Option<Proof>,
        from: IpAddr,
    ) -> Result<Timestamp, Error> {
        if self.second_factor(user.id)?.on {
            self.prove_second(user, proof, from).await?;
        } else {
            let rule = match self.has_password(user.id)? {
                true => "is needed: this account has no second factor",
                false => {
                    "is none: this account has neither a password nor a second factor; show who you are with your provider, by POST /api/auth/step-up/{provider}"
                }
            };
            let missing = || Error::Bad { field: "password", rule: rule.to_owned() };
            self.prove_password(&user.address, password.ok_or_else(missing)?, from).await?;
        }
        self.lockout.succeeded(&user.address, from);
        let now = self.now();
        self.db.write(move |tables| sessions::note_shown(tables, session, now)).await?;
        Ok(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_never_decide_and_people_only_shortly_after_showing_who_they_are() {
        let own = [Deed::UseSessions, Deed::ManageKeys, Deed::ChangeAccount];
        let all: Vec<Deed> = Action::ALL.into_iter().map(Deed::To).chain(own).collect();
        let admitted = |asker| all.iter().filter(|deed| admits(asker, **deed)).map(|deed| deed.as_str()).collect::<Vec<_>>();
        let key = ["view", "launch", "pause", "resume", "limit", "hear", "stop"];
        assert_eq!(admitted(Asker::Key), key);
        let person: Vec<&str> = admitted(Asker::Session).into_iter().filter(|name| !key.contains(name)).collect();
        assert_eq!(person, ["read_personal", "administer", "use_sessions"]);
        assert_eq!(admitted(Asker::Fresh).len(), all.len(), "somebody can do everything");
    }
}
