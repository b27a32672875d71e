//! Sessions: what a sign-in gives. A program gets an access token for minutes and a refresh token that is good once; a browser gets a cookie.
//!
//! A refresh token that comes a second time was copied, and nobody knows by whom: its session is over for both.

use bbb_core::time::{DAY_MS, HOUR_MS, Timestamp};
use redb::TableDefinition;
use serde::{Deserialize, Serialize};

use crate::accounts::db::{Read, Table, Writing};
use crate::accounts::id::{SessionId, UserId};
use crate::accounts::rights::Role;
use crate::accounts::token::{Purpose, Token};
use crate::accounts::{Accounts, Error, User, locks};

/// How long an access token is good for.
pub(crate) const ACCESS_MS: i64 = 15 * 60_000;
/// How long a session is at most, whatever is done in it: of a program, and of a browser.
const PROGRAM_MS: i64 = 30 * DAY_MS;
pub(crate) const BROWSER_MS: i64 = 7 * DAY_MS;
/// How long a browser may be idle.
const IDLE_MS: i64 = 12 * HOUR_MS;
/// How often it is noted that a browser is not.
const NOTE_MS: i64 = 10 * 60_000;
/// The most sessions of one user; the oldest ends when there is one more.
const MAX_SESSIONS: usize = 50;

const SESSIONS: Table = TableDefinition::new("sessions");
const BY_USER: Table = TableDefinition::new("sessions_by_user");
const TOKENS: Table = TableDefinition::new("tokens");

/// To whom a session is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Delivery {
    /// A program: tokens in the answer.
    Token,
    /// A browser: a cookie that no script reads.
    Cookie,
}

/// A session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SessionRow {
    /// Whose.
    pub user: UserId,
    /// To whom it was given.
    pub delivery: Delivery,
    /// Since when.
    pub created_at: Timestamp,
    /// Until when at most.
    pub expires_at: Timestamp,
    /// When a second factor, or without one the password, was last shown in it.
    #[serde(default)]
    shown_at: Option<Timestamp>,
    /// The hash of the access token that is good now.
    access: Option<Vec<u8>>,
}

/// What is kept of a token.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct TokenRow {
    session: SessionId,
    expires_at: Timestamp,
    /// A refresh token that was used.
    spent: bool,
}

/// What a program or a browser gets.
#[derive(Debug, Clone)]
pub struct Issued {
    /// The access token, or the cookie's.
    pub token: Token,
    /// What gets the next pair; programs only.
    pub refresh: Option<Token>,
    /// Until when `token` is good.
    pub expires_at: Timestamp,
}

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The user.
    pub user: User,
    /// In which session; none for an API key.
    pub session: Option<SessionId>,
    /// When a second factor, or without one the password, was last shown in that.
    pub shown_at: Option<Timestamp>,
    /// To whom that was given.
    pub delivery: Delivery,
    /// The most that may be done: an API key's role.
    pub at_most: Option<Role>,
}

fn by_user(user: UserId, session: SessionId) -> Vec<u8> {
    [user.bytes(), session.bytes()].concat()
}

fn row(tables: &impl Read, id: SessionId, now: Timestamp) -> Result<Option<SessionRow>, Error> {
    let row: Option<SessionRow> = tables.get(SESSIONS, &id.bytes())?;
    Ok(row.filter(|row| row.expires_at > now))
}

/// Ends a session. Its tokens name nothing from here on.
fn end(tables: &Writing, id: SessionId, row: &SessionRow) -> Result<(), Error> {
    tables.remove(SESSIONS, &id.bytes())?;
    tables.remove(BY_USER, &by_user(row.user, id)).map(drop)
}

/// Makes the tokens of a session; the access token before is good no more.
fn issue(tables: &Writing, id: SessionId, mut row: SessionRow, now: Timestamp) -> Result<Issued, Error> {
    let put = |token: &Token, expires_at| tables.put(TOKENS, &token.hash(), &TokenRow { session: id, expires_at, spent: false });
    if let Some(old) = row.access.take() {
        tables.remove(TOKENS, &old)?;
    }
    let (purpose, lasts_ms) = match row.delivery {
        Delivery::Token => (Purpose::Access, ACCESS_MS),
        Delivery::Cookie => (Purpose::Cookie, IDLE_MS),
    };
    let (token, expires_at) = (Token::draw(purpose)?, now.plus_ms(lasts_ms).min(row.expires_at));
    put(&token, expires_at)?;
    let refresh = match row.delivery {
        Delivery::Token => Some(Token::draw(Purpose::Refresh)?),
        Delivery::Cookie => None,
    };
    if let Some(refresh) = &refresh {
        put(refresh, row.expires_at)?;
    }
    row.access = Some(token.hash().to_vec());
    tables.put(SESSIONS, &id.bytes(), &row)?;
    tables.put(BY_USER, &by_user(row.user, id), &())?;
    Ok(Issued { token, refresh, expires_at })
}

/// Notes that somebody has shown in a session who they are.
pub(super) fn note_shown(tables: &Writing, id: SessionId, now: Timestamp) -> Result<(), Error> {
    let row = row(tables, id, now)?.ok_or(Error::Wrong)?;
    tables.put(SESSIONS, &id.bytes(), &SessionRow { shown_at: Some(now), ..row })
}

/// Ends all sessions of a user but one.
pub(super) fn end_others(tables: &Writing, user: UserId, but: Option<SessionId>) -> Result<(), Error> {
    for (key, ()) in tables.all::<()>(BY_USER, &user.bytes())? {
        let Ok(id) = <[u8; 8]>::try_from(&key[8..]).map(SessionId::from_bytes) else { continue };
        if but != Some(id)
            && let Some(row) = tables.get::<SessionRow>(SESSIONS, &id.bytes())?
        {
            end(tables, id, &row)?;
        }
    }
    Ok(())
}

/// Takes away what is over.
pub(super) fn sweep(tables: &Writing, now: Timestamp) -> Result<(), Error> {
    for (key, row) in tables.all::<SessionRow>(SESSIONS, &[])? {
        if let Ok(id) = <[u8; 8]>::try_from(key.as_slice()).map(SessionId::from_bytes)
            && row.expires_at <= now
        {
            end(tables, id, &row)?;
        }
    }
    for (hash, token) in tables.all::<TokenRow>(TOKENS, &[])? {
        if token.expires_at <= now || tables.get::<SessionRow>(SESSIONS, &token.session.bytes())?.is_none() {
            tables.remove(TOKENS, &hash)?;
        }
    }
    Ok(())
}

impl Accounts {
    /// Begins a session of somebody who has proved who they are.
    ///
    /// # Errors
    /// [`Error::Wrong`] where they were removed or locked meanwhile.
    pub async fn begin_session(&self, user: UserId, delivery: Delivery) -> Result<Issued, Error> {
        let now = self.now();
        let id = SessionId::draw()?;
        let lasts_ms = if delivery == Delivery::Token { PROGRAM_MS } else { BROWSER_MS };
        let row = SessionRow { user, delivery, created_at: now, expires_at: now.plus_ms(lasts_ms), shown_at: Some(now), access: None };
        self.db
            .write(move |tables| {
                // It may have been removed, or locked, since.
                locks::active(tables, user)?.ok_or(Error::Wrong)?;
                let mut others = Vec::new();
                for (key, ()) in tables.all::<()>(BY_USER, &user.bytes())? {
                    let Ok(id) = <[u8; 8]>::try_from(&key[8..]).map(SessionId::from_bytes) else { continue };
                    others.extend(tables.get::<SessionRow>(SESSIONS, &id.bytes())?.map(|row| (row.created_at, id, row)));
                }
                if others.len() >= MAX_SESSIONS {
                    others.sort_by_key(|(at, id, _)| (*at, *id));
                    for (_, id, row) in &others[..=others.len() - MAX_SESSIONS] {
                        end(tables, *id, row)?;
                    }
                }
                issue(tables, id, row, now)
            })
            .await
    }

    /// Whose token this is. It must be one that says who asks: an access token, a browser's, or an API key.
    ///
    /// # Errors
    /// [`Error::Wrong`] for any other, and for one that is over.
    pub fn identify(&self, token: &Token) -> Result<Identity, Error> {
        match token.purpose() {
            Purpose::Access | Purpose::Cookie => {}
            Purpose::Key => return self.identify_key(token),
            Purpose::Refresh | Purpose::FirstAdmin | Purpose::Invitation | Purpose::Confirm | Purpose::Reset | Purpose::Attempt => {
                return Err(Error::Wrong);
            }
        }
        let now = self.now();
        self.db.read(|tables| {
            let known: Option<TokenRow> = tables.get(TOKENS, &token.hash())?;
            let known = known.filter(|known| known.expires_at > now).ok_or(Error::Wrong)?;
            let row = row(tables, known.session, now)?.ok_or(Error::Wrong)?;
            let user = locks::active(tables, row.user)?.ok_or(Error::Wrong)?;
            Ok(Identity { user, session: Some(known.session), shown_at: row.shown_at, delivery: row.delivery, at_most: None })
        })
    }

    /// Notes that a browser is not idle, where that was not noted lately.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn keep_alive(&self, token: &Token) -> Result<(), Error> {
        if token.purpose() != Purpose::Cookie {
            return Ok(());
        }
        let (now, hash) = (self.now(), token.hash());
        let known: Option<TokenRow> = self.db.read(|tables| tables.get(TOKENS, &hash))?;
        if known.is_none_or(|known| known.expires_at.since(now) > IDLE_MS - NOTE_MS) {
            return Ok(());
        }
        self.db
            .write(move |tables| {
                // Looked at again: it may have been signed out meanwhile.
                let Some(known) = tables.get::<TokenRow>(TOKENS, &hash)? else { return Ok(()) };
                let Some(row) = row(tables, known.session, now)? else { return Ok(()) };
                tables.put(TOKENS, &hash, &TokenRow { expires_at: now.plus_ms(IDLE_MS).min(row.expires_at), ..known })
            })
            .await
    }

    /// The next pair of tokens for a refresh token, which is good no more then.
    ///
    /// # Errors
    /// [`Error::Wrong`]; for one that was used before, the session is over as well.
    pub async fn refresh(&self, token: &Token) -> Result<Issued, Error> {
        if token.purpose() != Purpose::Refresh {
            return Err(Error::Wrong);
        }
        let (now, hash) = (self.now(), token.hash());
        let refreshed = self.db.write(move |tables| {
            let Some(known) = tables.get::<TokenRow>(TOKENS, &hash)? else { return Ok(None) };
            let Some(row) = row(tables, known.session, now)? else { return Ok(None) };
            if known.spent {
                tracing::warn!(user = %row.user, session = %known.session, "a refresh token was used twice; its session is over");
                // This must be kept, so it is no error yet.
                return end(tables, known.session, &row).map(|()| None);
            }
            tables.put(TOKENS, &hash, &TokenRow { spent: true, ..known.clone() })?;
            issue(tables, known.session, row, now).map(Some)
        });
        refreshed.await?.ok_or(Error::Wrong)
    }

    /// The sessions of a user, newest first.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub fn sessions(&self, user: UserId) -> Result<Vec<(SessionId, SessionRow)>, Error> {
        let now = self.now();
        let mut found = self.db.read(|tables| {
            let mut found = Vec::new();
            for (key, ()) in tables.all::<()>(BY_USER, &user.bytes())? {
                let Ok(id) = <[u8; 8]>::try_from(&key[8..]).map(SessionId::from_bytes) else { continue };
                found.extend(row(tables, id, now)?.map(|row| (id, row)));
            }
            Ok(found)
        })?;
        found.sort_by_key(|(id, row)| (std::cmp::Reverse(row.created_at), *id));
        Ok(found)
    }

    /// Ends a session of this user.
    ///
    /// # Errors
    /// [`Error::NotFound`] for one that is over, and for somebody else's.
    pub async fn end_session(&self, user: UserId, id: SessionId) -> Result<(), Error> {
        self.db
            .write(move |tables| {
                let row: Option<SessionRow> = tables.get(SESSIONS, &id.bytes())?;
                let row = row.filter(|row| row.user == user).ok_or(Error::NotFound)?;
                end(tables, id, &row)
            })
            .await
    }
}
