//! Accounts: who there is, how they prove it, and whose businesses are whose. All of it is in a database of its own beside the journals, `accounts.redb`.
//!
//! No secret is kept that could be used: passwords as argon2id, tokens as BLAKE3 of 256 random bits. Nothing here knows of HTTP. Times come from a clock that is handed in.

pub(crate) mod attempts;
mod confirm;
mod db;
pub mod grants;
pub mod id;
mod idempotency;
mod identities;
mod keys;
mod known;
mod letters;
mod lockout;
mod locks;
mod mail_limit;
pub mod master_key;
mod members;
mod notices;
mod outbox;
mod password;
pub(crate) mod removal;
pub mod rights;
mod secrets;
mod sessions;
pub mod step_up;
mod tenants;
pub mod token;
mod totp;
mod users;
mod webhooks;

use std::path::PathBuf;
use std::sync::Arc;

use bbb_agents::world::WallClock;
use bbb_core::id::BusinessId;
use bbb_core::time::Timestamp;

use crate::accounts::db::Db;
use crate::accounts::known::Known;
use crate::accounts::lockout::Lockout;
use crate::accounts::mail_limit::MailLimit;
use crate::accounts::master_key::MasterKey;
use crate::accounts::outbox::Outbox;
use crate::accounts::password::Passwords;
use crate::accounts::totp::SecondFactor;
use crate::config::Registration;
use crate::data_dir::DataDir;
use crate::fault::Fault;

pub use self::idempotency::{Begun, Kept};
pub(crate) use self::identities::IdentityRow;
pub use self::keys::KeyRow;
pub(crate) use self::lockout::subscriber;
pub use self::members::Membership;
pub use self::notices::{Noted, Notice, NoticeKind, Preferences, When};
pub use self::outbox::{Account, Attempt, Content, Tally, Waiting, Way};
pub(crate) use self::sessions::BROWSER_MS;
pub use self::sessions::{Delivery, Identity, Issued, SessionRow};
pub use self::tenants::{BusinessRow, Owner};
pub use self::totp::{Enrolment, Proof, Standing};
pub use self::users::{Newcomer, User};
pub use self::webhooks::{SigningSecret, Webhook};

/// The database's name in the data directory.
const FILE: &str = "accounts.redb";

/// Why something about accounts was not done. Nothing was changed, but where a token that was used twice ended its session.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The address and the password do not belong together, or the token is none, or no more. It does not say which.
    #[error("that does not sign anybody in")]
    Wrong,
    /// The password is right, and there is a second factor.
    #[error("this account has a second factor: send `totp`, the code of the app, or `recovery_code` as well")]
    SecondFactor,
    /// The password is right, and the operator has locked the account.
    #[error("this account is locked: ask whoever runs this daemon")]
    Barred,
    /// Too many failures: nobody is let in by this way for a while.
    #[error("too many tries; wait {seconds} seconds")]
    Locked {
        /// How long it is locked for.
        seconds: u64,
    },
    /// Too many passwords are being checked.
    #[error("too many sign in at once; try again in a moment")]
    Busy,
    /// Nobody may register without being invited.
    #[error("registration needs a token: one who is here must invite you")]
    NotInvited,
    /// The token of a registration is none, or was used, or is too old.
    #[error("this token is not valid: it was used, or it is too old, or it never was one")]
    BadGrant,
    /// What was given breaks a rule.
    #[error("{field} {rule}")]
    Bad {
        /// Which field.
        field: &'static str,
        /// The rule that it breaks.
        rule: String,
    },
    /// It needs mail, and none is sent.
    #[error("this daemon sends no mail: its operator has not set smtp.host and server.mail_from")]
    NoMail,
    /// The password is easy to guess.
    #[error("{0}")]
    Weak(String),
    /// There is no such thing.
    #[error("there is no such thing")]
    NotFound,
    /// There are as many as there may be.
    #[error("{0}")]
    Full(String),
    /// It does not fit what is there.
    #[error("{0}")]
    Conflict(&'static str),
    /// The master key is missing, another one, or no use.
    #[error("{0}")]
    Key(String),
    /// The database failed, or holds what nobody wrote.
    #[error("the accounts: {0}")]
    Database(String),
}

impl From<Error> for Fault {
    fn from(error: Error) -> Fault {
        match error {
            Error::Database(_) | Error::Key(_) | Error::Busy | Error::Locked { .. } => Fault::failed(error.to_string()),
            Error::Bad { .. } | Error::Weak(_) => Fault::usage(error.to_string()),
            Error::NotFound => Fault::not_found(error.to_string()),
            _ => Fault::refused(error.to_string()),
        }
    }
}

/// The accounts of one data directory.
pub struct Accounts {
    db: Db,
    clock: WallClock,
    passwords: Passwords,
    lockout: Lockout,
    mail_limit: MailLimit,
    outbox: Arc<Outbox>,
    second: SecondFactor,
    registration: Registration,
    /// Whose a token is, and until when.
    identities: Known<[u8; token::HASH_BYTES], (Identity, Timestamp)>,
    roles: Known<(id::UserId, id::TenantId), Option<rights::Role>>,
    businesses: Known<BusinessId, Option<BusinessRow>>,
}

impl std::fmt::Debug for Accounts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Accounts")
    }
}

impl Accounts {
    /// Opens the accounts of a data directory, which this process must hold; makes them where there are none. Blocks.
    /// `master_key` is the file of the key that secrets are encrypted under; see [`master_key::place`].
    ///
    /// # Errors
    /// [`Fault`] where the database cannot be opened, or has secrets that do not open with the master key.
    pub fn open(data: &DataDir, registration: Registration, master_key: PathBuf, clock: WallClock) -> Result<Accounts, Fault> {
        rights::check()?;
        step_up::check()?;
        let db = Db::open(&data.path().join(FILE))?;
        let key = Arc::new(MasterKey::at(master_key));
        db.read(|tables| secrets::check(tables, &key))?;
        let (second, outbox) = (SecondFactor::new(Arc::clone(&key)), Arc::new(Outbox::new(key, None)));
        let (lockout, mail_limit) = (Lockout::new(Arc::clone(&clock)), MailLimit::default());
        let (identities, roles, businesses) = Default::default();
        let passwords = Passwords::new()?;
        Ok(Accounts { db, second, outbox, passwords, lockout, mail_limit, clock, registration, identities, roles, businesses })
    }

    /// The same where mail is sent, if `links` has the beginning of links in it.
    #[must_use]
    pub fn mailing(self, links: Option<String>) -> Accounts {
        let outbox = Arc::new(Outbox::new(Arc::clone(&self.second.key), links));
        Accounts { outbox, ..self }
    }

    /// The time.
    pub fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub fn ready(&self) -> Result<(), Error> {
        self.has_admin().map(drop)
    }

    /// Takes away what is over: sessions, tokens, answers to repeated requests.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn sweep(&self) -> Result<(), Error> {
        let now = self.now();
        self.db
            .write(move |tables| {
                sessions::sweep(tables, now)?;
                grants::sweep(tables, now)?;
                keys::sweep(tables, now)?;
                totp::sweep(tables, now)?;
                confirm::sweep(tables, now)?;
                outbox::sweep(tables, now)?;
                attempts::sweep(tables, now)?;
                idempotency::sweep(tables, now)
            })
            .await
    }
}
