//! Attempts to sign in by others. Each belongs to one browser, which holds its token in a cookie; is good for ten minutes; and is answered once, whatever comes of it.
//!
//! Only the token's hash is kept. What the provider is given and must give back is derived from the token itself, so that whoever reads the database can go on with none.

use std::net::IpAddr;

use bbb_core::time::Timestamp;
use redb::TableDefinition;
use serde::{Deserialize, Serialize};

use crate::accounts::db::{Read, Table, Writing};
use crate::accounts::id::{SessionId, UserId};
use crate::accounts::token::{HASH_BYTES, Purpose, Token};
use crate::accounts::{Accounts, Error, subscriber};
use crate::sign_in::Proven;

const ATTEMPTS: Table = TableDefinition::new("sign_in_attempts");
/// How long one is good for.
pub(crate) const ATTEMPT_MS: i64 = 10 * 60_000;
/// The most that are kept, of one address and of all. The oldest goes when there is one more: who fills it does so from many addresses, and for ten minutes.
const MAX_OF_ADDRESS: usize = 50;
const MAX_OF_ALL: usize = 5_000;

/// Nothing waits to be finished.
pub(super) const NONE: Error =
    Error::Conflict("no sign-in waits to be finished in this browser: it is over, or was never begun here; begin again");

/// What it is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Aim {
    /// To sign in, or to register: by this grant, where there is one.
    SignIn { grant: Option<[u8; HASH_BYTES]> },
    /// To make who they are there another way to sign in to this account, for this session of it.
    Link { user: UserId, session: SessionId },
    /// To show once more who they are, in this session.
    StepUp { user: UserId, session: SessionId },
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Stage {
    /// The browser was sent to the provider.
    Sent,
    /// It came back, and the provider is asked who that is. Nothing else comes of it than one answer.
    Answered,
    /// It said so.
    Proven(Proven),
}

/// What is kept of one.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Attempt {
    /// With which provider.
    pub(crate) provider: String,
    /// Where the browser comes back to.
    pub(crate) redirect: String,
    pub(crate) aim: Aim,
    pub(crate) begun_at: Timestamp,
    from: IpAddr,
    stage: Stage,
}

/// One that is not over.
fn waiting(tables: &impl Read, token: &Token, now: Timestamp) -> Result<Attempt, Error> {
    if token.purpose() != Purpose::Attempt {
        return Err(NONE);
    }
    let attempt: Option<Attempt> = tables.get(ATTEMPTS, &token.hash())?;
    attempt.filter(|attempt| (0..ATTEMPT_MS).contains(&now.since(attempt.begun_at))).ok_or(NONE)
}

/// One of which the provider has said who that is, and who that is.
pub(super) fn proven(tables: &impl Read, token: &Token, now: Timestamp) -> Result<(Attempt, Proven), Error> {
    let attempt = waiting(tables, token, now)?;
    match attempt.stage.clone() {
        Stage::Proven(proven) => Ok((attempt, proven)),
        Stage::Sent | Stage::Answered => Err(NONE),
    }
}

/// Takes one that comes to an end: it must still be there, so that of two who finish it at once only one does.
pub(super) fn take(tables: &Writing, token: &Token) -> Result<(), Error> {
    if tables.remove(ATTEMPTS, &token.hash())? { Ok(()) } else { Err(NONE) }
}

/// Takes away those of somebody.
pub(super) fn forget(tables: &Writing, whose: UserId) -> Result<(), Error> {
    for (key, attempt) in tables.all::<Attempt>(ATTEMPTS, &[])? {
        if let Aim::Link { user, .. } | Aim::StepUp { user, .. } = attempt.aim
            && user == whose
        {
            tables.remove(ATTEMPTS, &key)?;
        }
    }
    Ok(())
}

/// Takes away those that are over.
pub(super) fn sweep(tables: &Writing, now: Timestamp) -> Result<(), Error> {
    for (key, attempt) in tables.all::<Attempt>(ATTEMPTS, &[])? {
        if now.since(attempt.begun_at) >= ATTEMPT_MS {
            tables.remove(ATTEMPTS, &key)?;
        }
    }
    Ok(())
}

/// Makes room for one more of this address.
fn make_room(tables: &Writing, from: IpAddr) -> Result<(), Error> {
    let mut all = tables.all::<Attempt>(ATTEMPTS, &[])?;
    all.sort_by_key(|(_, attempt)| attempt.begun_at);
    let theirs: Vec<&Vec<u8>> = all.iter().filter(|(_, attempt)| attempt.from == from).map(|(key, _)| key).collect();
    let too_many = (theirs.len() + 1).saturating_sub(MAX_OF_ADDRESS);
    for key in &theirs[..too_many] {
        tables.remove(ATTEMPTS, key)?;
    }
    if too_many == 0
        && all.len() >= MAX_OF_ALL
        && let Some((key, _)) = all.first()
    {
        tables.remove(ATTEMPTS, key)?;
    }
    Ok(())
}

impl Accounts {
    /// Begins an attempt from this address, and gives its token.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub(crate) async fn begin_attempt(&self, provider: &str, redirect: &str, aim: Aim, from: IpAddr) -> Result<Token, Error> {
        let (token, now, from) = (Token::draw(Purpose::Attempt)?, self.now(), subscriber(from));
        let attempt =
            Attempt { provider: provider.to_owned(), redirect: redirect.to_owned(), aim, begun_at: now, from, stage: Stage::Sent };
        self.db
            .write(move |tables| {
                sweep(tables, now)?;
                make_room(tables, from)?;
                tables.put(ATTEMPTS, &token.hash(), &attempt)?;
                Ok(token)
            })
            .await
    }

    /// An attempt of which the browser came back, which it does once.
    ///
    /// # Errors
    /// [`Error::Conflict`] where there is none, where it is another provider's, and where it came back before.
    pub(crate) async fn answer_attempt(&self, token: &Token, provider: &str) -> Result<Attempt, Error> {
        let (now, token, provider) = (self.now(), token.clone(), provider.to_owned());
        self.db
            .write(move |tables| {
                let attempt = waiting(tables, &token, now)?;
                if !matches!(attempt.stage, Stage::Sent) || attempt.provider != provider {
                    return Err(NONE);
                }
                tables.put(ATTEMPTS, &token.hash(), &Attempt { stage: Stage::Answered, ..attempt.clone() })?;
                Ok(attempt)
            })
            .await
    }

    /// Notes who somebody is, as the provider says.
    ///
    /// # Errors
    /// [`Error::Conflict`] where the attempt is over.
    pub(crate) async fn prove_attempt(&self, token: &Token, proven: Proven) -> Result<(), Error> {
        let (now, token) = (self.now(), token.clone());
        self.db
            .write(move |tables| {
                let attempt = waiting(tables, &token, now)?;
                if !matches!(attempt.stage, Stage::Answered) {
                    return Err(NONE);
                }
                tables.put(ATTEMPTS, &token.hash(), &Attempt { stage: Stage::Proven(proven), ..attempt })
            })
            .await
    }

    /// Ends an attempt that came to nothing.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub(crate) async fn drop_attempt(&self, token: &Token) -> Result<(), Error> {
        let hash = token.hash();
        self.db.write(move |tables| tables.remove(ATTEMPTS, &hash).map(drop)).await
    }
}
