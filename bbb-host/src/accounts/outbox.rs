//! The outbox: what the daemon itself has to say to somebody, by mail or to a webhook, until it was said.
//!
//! A letter is put in with the change that it tells of, in one transaction, and so is lost only if that is. It is tried again after waits that double, for a day at most, under the same
//! name each time: whoever gets it twice, after a crash between the sending and the note of it, can tell. What it says is encrypted under the master key while it waits: some letters have a token in
//! them. A letter with a key that was used before is none.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bbb_core::time::{DAY_MS, HOUR_MS, Timestamp};
use redb::TableDefinition;
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

use crate::accounts::db::{Read, Table, Writing};
use crate::accounts::id::{LetterId, TenantId, UserId, WebhookId, random};
use crate::accounts::master_key::MasterKey;
use crate::accounts::{Accounts, Error, secrets};

/// By way, the time at which it is tried next, and name.
const LETTERS: Table = TableDefinition::new("outbox");
/// How many letters of somebody wait.
const COUNTS: Table = TableDefinition::new("outbox_counts");
/// Keys that were used, and until when that is remembered.
const KEYS: Table = TableDefinition::new("outbox_keys");

/// The most letters that wait: of all, of one user or tenant, and to addresses without an account.
const MAX_LETTERS: u64 = 20_000;
const MAX_OF_ONE: u32 = 200;
const MAX_OF_NOBODY: u32 = 2_000;
/// How long a letter is tried.
const PATIENCE_MS: i64 = DAY_MS;
/// The wait after the first failure, which doubles up to the longest. Each is up to a quarter shorter or longer, so that what failed together is not tried together.
const FIRST_WAIT_MS: i64 = 30_000;
const LONGEST_WAIT_MS: i64 = 2 * HOUR_MS;
/// How long a key is remembered.
const MEMORY_MS: i64 = 30 * DAY_MS;
/// The most characters of a reason that are kept.
const MAX_REASON_CHARS: usize = 200;

/// How a letter leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// By mail.
    Mail,
    /// To a webhook.
    Webhook,
}

impl Way {
    /// All of them.
    pub const ALL: [Way; 2] = [Way::Mail, Way::Webhook];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Way::Mail => "mail",
            Way::Webhook => "webhook",
        }
    }

    const fn place(self) -> u8 {
        match self {
            Way::Mail => 0,
            Way::Webhook => 1,
        }
    }
}

/// On whose account a letter waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Account {
    /// A user's.
    User(UserId),
    /// A tenant's.
    Tenant(TenantId),
    /// Nobody's: it goes to an address that has no account.
    Nobody,
}

impl Account {
    const fn bytes(self) -> [u8; 8] {
        match self {
            Account::User(id) => id.bytes(),
            Account::Tenant(id) => id.bytes(),
            Account::Nobody => [0; 8],
        }
    }

    const fn most(self) -> u32 {
        match self {
            Account::Nobody => MAX_OF_NOBODY,
            Account::User(_) | Account::Tenant(_) => MAX_OF_ONE,
        }
    }
}

/// What is said to whom.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Content {
    /// A mail.
    Mail {
        /// The address.
        to: String,
        /// The subject.
        subject: String,
        /// The text.
        body: String,
    },
    /// A message to a webhook.
    Webhook {
        /// Which.
        webhook: WebhookId,
        /// The JSON.
        body: String,
    },
}

impl std::fmt::Debug for Content {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.way().as_str())
    }
}

impl Content {
    /// How it leaves.
    pub const fn way(&self) -> Way {
        match self {
            Content::Mail { .. } => Way::Mail,
            Content::Webhook { .. } => Way::Webhook,
        }
    }
}

/// A letter to be put in.
#[derive(Debug, Clone)]
pub(super) struct Letter {
    /// On whose account.
    pub(super) account: Account,
    /// What makes it the same letter: there is one of a key.
    pub(super) key: String,
    /// What it says.
    pub(super) content: Content,
    /// How long it is of any use, where that is shorter than it would be tried.
    pub(super) useful_ms: Option<i64>,
}

/// A letter that waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Waiting {
    /// Its name.
    pub id: LetterId,
    /// On whose account it waits.
    pub account: Account,
    /// Since when.
    pub created_at: Timestamp,
    /// When it is tried next.
    pub due_at: Timestamp,
    /// After which it is given up.
    pub until: Timestamp,
    /// How often it was tried.
    pub attempts: u32,
    /// Why the last time failed.
    pub failure: Option<String>,
    sealed: Vec<u8>,
}

/// What became of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Attempt {
    /// It was said.
    Said,
    /// It was not, and may be tried again.
    Failed(String),
    /// It was not, and will not be.
    Refused(String),
}

/// Whether mail leaves this daemon, and what is counted.
pub(super) struct Outbox {
    key: Arc<MasterKey>,
    /// The beginning of links in mails, where mail is sent.
    links: Option<String>,
    wake: Notify,
    counts: [Counts; Way::ALL.len()],
}

#[derive(Default)]
struct Counts {
    said: AtomicU64,
    failed: AtomicU64,
    given_up: AtomicU64,
    dropped: AtomicU64,
}

/// What happened to letters since the start of the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    /// By which way.
    pub way: Way,
    /// Waiting now.
    pub waiting: u64,
    /// Said.
    pub said: u64,
    /// Attempts that failed.
    pub failed: u64,
    /// Given up: refused, or tried for too long.
    pub given_up: u64,
    /// Never put in, since there were too many.
    pub dropped: u64,
}

/// Whether any letter is kept.
pub(super) fn has_secrets(tables: &impl Read) -> Result<bool, Error> {
    Ok(!tables.page::<Waiting>(LETTERS, &[], None, false, 1)?.is_empty())
}

fn place(way: Way, due_at: Timestamp, id: LetterId) -> Vec<u8> {
    [&[way.place()][..], &due_at.ms().max(0).to_be_bytes(), &id.bytes()].concat()
}

fn about(id: LetterId) -> Vec<u8> {
    [b"bbb letter v1".as_slice(), &id.bytes()].concat()
}

fn key_hash(account: Account, key: &str) -> [u8; 32] {
    blake3::Hasher::new_derive_key("bbb 2026 outbox key").update(&account.bytes()).update(key.as_bytes()).finalize().into()
}

/// The wait after this many failures; `random` is 0 to 255.
fn wait_ms(attempts: u32, random: u8) -> i64 {
    let wait = FIRST_WAIT_MS.saturating_mul(1 << attempts.saturating_sub(1).min(20)).min(LONGEST_WAIT_MS);
    wait * 3 / 4 + wait / 2 * i64::from(random) / 255
}

impl Outbox {
    pub(super) fn new(key: Arc<MasterKey>, links: Option<String>) -> Outbox {
        Outbox { key, links, wake: Notify::new(), counts: Default::default() }
    }

    /// The beginning of links in mails; none where no mail is sent.
    pub(super) fn links(&self) -> Option<&str> {
        self.links.as_deref()
    }

    /// What letters, and other secrets, are encrypted under.
    pub(super) fn key(&self) -> &MasterKey {
        &self.key
    }

    fn count(&self, way: Way) -> &Counts {
        &self.counts[usize::from(way.place())]
    }

    /// Puts a letter in; says whether it is new. Where too many wait it is dropped and counted: what it tells of is not undone for that.
    pub(super) fn put(&self, tables: &Writing, now: Timestamp, letter: Letter) -> Result<bool, Error> {
        let Letter { account, key, content, useful_ms } = letter;
        let (way, key) = (content.way(), key_hash(account, &key));
        if tables.get::<Timestamp>(KEYS, &key)?.is_some() {
            return Ok(false);
        }
        let waiting: u32 = tables.get(COUNTS, &account.bytes())?.unwrap_or(0);
        if waiting >= account.most() || tables.count(LETTERS)? >= MAX_LETTERS {
            self.count(way).dropped.fetch_add(1, Ordering::Relaxed);
            tracing::warn!(?account, way = way.as_str(), waiting, "a letter was dropped: too many wait");
            return Ok(false);
        }
        let id = LetterId::draw()?;
        let text = serde_json::to_vec(&content).map_err(|error| Error::Database(error.to_string()))?;
        let sealed = secrets::key_for_more(tables, &self.key)?.seal(&text, &about(id))?;
        let until = now.plus_ms(useful_ms.unwrap_or(PATIENCE_MS).min(PATIENCE_MS));
        let row = Waiting { id, account, created_at: now, due_at: now, until, attempts: 0, failure: None, sealed };
        tables.put(LETTERS, &place(way, now, id), &row)?;
        tables.put(COUNTS, &account.bytes(), &(waiting + 1))?;
        tables.put(KEYS, &key, &now.plus_ms(MEMORY_MS))?;
        // Whoever wakes before this is committed looks again soon by itself.
        self.wake.notify_waiters();
        Ok(true)
    }

    fn take(tables: &Writing, way: Way, row: &Waiting) -> Result<bool, Error> {
        if !tables.remove(LETTERS, &place(way, row.due_at, row.id))? {
            return Ok(false);
        }
        match tables.get::<u32>(COUNTS, &row.account.bytes())?.unwrap_or(0) {
            0 | 1 => tables.remove(COUNTS, &row.account.bytes()).map(|_| true),
            count => tables.put(COUNTS, &row.account.bytes(), &(count - 1)).map(|()| true),
        }
    }

    /// Notes what became of an attempt; says whether the letter was given up.
    fn settle(tables: &Writing, now: Timestamp, way: Way, row: &Waiting, attempt: &Attempt) -> Result<bool, Error> {
        let reason = match attempt {
            Attempt::Said => return Outbox::take(tables, way, row).map(|_| false),
            Attempt::Failed(reason) | Attempt::Refused(reason) => reason,
        };
        let [random] = random::<1>()?;
        let attempts = row.attempts.saturating_add(1);
        let due_at = now.plus_ms(wait_ms(attempts, random));
        if matches!(attempt, Attempt::Refused(_)) || due_at > row.until {
            Outbox::take(tables, way, row)?;
            tracing::error!(letter = %row.id, account = ?row.account, way = way.as_str(), attempts, reason, "a letter was given up");
            return Ok(true);
        }
        if tables.remove(LETTERS, &place(way, row.due_at, row.id))? {
            let failure = Some(reason.chars().take(MAX_REASON_CHARS).collect());
            let next = Waiting { due_at, attempts, failure, ..row.clone() };
            tables.put(LETTERS, &place(way, due_at, row.id), &next)?;
        }
        Ok(false)
    }
}

/// Takes away all letters that wait on somebody's account.
pub(super) fn forget(tables: &Writing, account: Account) -> Result<(), Error> {
    for way in Way::ALL {
        for (_, row) in tables.all::<Waiting>(LETTERS, &[way.place()])? {
            if row.account == account {
                Outbox::take(tables, way, &row)?;
            }
        }
    }
    Ok(())
}

/// Takes away keys that were remembered for long enough.
pub(super) fn sweep(tables: &Writing, now: Timestamp) -> Result<(), Error> {
    for (key, until) in tables.all::<Timestamp>(KEYS, &[])? {
        if until <= now {
            tables.remove(KEYS, &key)?;
        }
    }
    Ok(())
}

impl Accounts {
    /// Whether mail leaves this daemon.
    pub fn sends_mail(&self) -> bool {
        self.outbox.links().is_some()
    }

    /// Returns when a letter was put in, or before.
    pub async fn letter_put_in(&self) {
        self.outbox.wake.notified().await;
    }

    /// Up to `limit` letters that are due by a way, those first that have waited longest.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub fn due_letters(&self, way: Way, limit: usize) -> Result<Vec<Waiting>, Error> {
        let now = self.now();
        let rows = self.db.read(|tables| tables.page::<Waiting>(LETTERS, &[way.place()], None, false, limit))?;
        Ok(rows.into_iter().map(|(_, row)| row).take_while(|row| row.due_at <= now).collect())
    }

    /// What a letter says.
    ///
    /// # Errors
    /// [`Error::Key`] where it does not open.
    pub fn open_letter(&self, row: &Waiting) -> Result<Content, Error> {
        let key = self.db.read(|tables| secrets::known(tables, &self.outbox.key))?;
        let text = key.open(&row.sealed, &about(row.id))?;
        serde_json::from_slice(&text).map_err(|error| Error::Database(format!("a letter cannot be read: {error}")))
    }

    /// Notes what became of an attempt.
    ///
    /// # Errors
    /// [`Error::Database`]; then it is tried again.
    pub async fn settle_letter(&self, way: Way, row: Waiting, attempt: Attempt) -> Result<(), Error> {
        let (now, is_said) = (self.now(), attempt == Attempt::Said);
        let is_given_up = self.db.write(move |tables| Outbox::settle(tables, now, way, &row, &attempt)).await?;
        let counts = self.outbox.count(way);
        let more = if is_said { &counts.said } else { &counts.failed };
        more.fetch_add(1, Ordering::Relaxed);
        if is_given_up {
            counts.given_up.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Letters that wait by a way, those first that are due first, up to `limit`.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub fn waiting_letters(&self, way: Way, limit: usize) -> Result<Vec<Waiting>, Error> {
        let rows = self.db.read(|tables| tables.page::<Waiting>(LETTERS, &[way.place()], None, false, limit))?;
        Ok(rows.into_iter().map(|(_, row)| row).collect())
    }

    /// What happened to letters.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub fn letters(&self) -> Result<[Tally; Way::ALL.len()], Error> {
        let waiting = self.db.read(|tables| {
            let count = |way: Way| Ok(tables.all::<Waiting>(LETTERS, &[way.place()])?.len() as u64);
            Ok([count(Way::Mail)?, count(Way::Webhook)?])
        })?;
        Ok(Way::ALL.map(|way| {
            let counts = self.outbox.count(way);
            let of = |count: &AtomicU64| count.load(Ordering::Relaxed);
            let waiting = waiting[usize::from(way.place())];
            Tally {
                way,
                waiting,
                said: of(&counts.said),
                failed: of(&counts.failed),
                given_up: of(&counts.given_up),
                dropped: of(&counts.dropped),
            }
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::accounts::db::Db;

    #[tokio::test]
    async fn there_is_one_letter_of_a_key_and_one_account_fills_nobody_elses_place() {
        let home = tempfile::tempdir().unwrap();
        let outbox = Arc::new(Outbox::new(Arc::new(MasterKey::at(home.path().join("master.key"))), None));
        let db = Db::open(&home.path().join("accounts.redb")).unwrap();
        let (now, ada, bob) = (Timestamp::from_ms(1), Account::User(UserId::from_bytes([1; 8])), Account::User(UserId::from_bytes([2; 8])));
        let letter = |account, key: String| Letter {
            account,
            key,
            content: Content::Mail { to: "ada@example.org".to_owned(), subject: "s".to_owned(), body: "b".to_owned() },
            useful_ms: None,
        };
        let put = Arc::clone(&outbox);
        let new = db.write(move |tables| {
            let mut new = Vec::new();
            for (account, key) in [(ada, "0"), (ada, "0"), (bob, "0")] {
                new.push(put.put(tables, now, letter(account, key.to_owned()))?);
            }
            let mut more = 0;
            for key in 1..=MAX_OF_ONE {
                more += u32::from(put.put(tables, now, letter(ada, key.to_string()))?);
            }
            assert_eq!(more, MAX_OF_ONE - 1, "the last one is dropped");
            new.push(put.put(tables, now, letter(bob, "1".to_owned()))?);
            Ok(new)
        });
        assert_eq!(new.await, Ok(vec![true, false, true, true]));
        assert_eq!(outbox.count(Way::Mail).dropped.load(Ordering::Relaxed), 1);
        let again = Arc::clone(&outbox);
        let settled = db.write(move |tables| {
            let rows: Vec<Waiting> = tables.all(LETTERS, &[Way::Mail.place()])?.into_iter().map(|(_, row)| row).collect();
            let first = rows.into_iter().find(|row| row.account == ada).expect("there are many");
            Outbox::settle(tables, now, Way::Mail, &first, &Attempt::Said)?;
            // It is noted once, whoever is late.
            Outbox::settle(tables, now, Way::Mail, &first, &Attempt::Failed("late".to_owned()))?;
            let has_place = again.put(tables, now, letter(ada, "another".to_owned()))?;
            let is_full = !again.put(tables, now, letter(ada, "one more".to_owned()))?;
            Ok((has_place, is_full, again.put(tables, now, letter(ada, "0".to_owned()))?))
        });
        assert_eq!(settled.await, Ok((true, true, false)), "what was said once is not said again");
    }

    #[test]
    fn waits_double_up_to_two_hours_and_are_spread() {
        assert_eq!([1, 2, 3, 20, 500].map(|attempts| wait_ms(attempts, 0)), [22_500, 45_000, 90_000, 5_400_000, 5_400_000]);
        assert_eq!([1, 500].map(|attempts| wait_ms(attempts, 255)), [37_500, 9_000_000]);
        let mut at = 0;
        let attempts = (1..).find(|attempts| {
            at += wait_ms(*attempts, 128);
            at > PATIENCE_MS
        });
        assert_eq!(attempts, Some(19), "about that often in a day");
    }
}
