//! Notices: what members of a tenant are told of its businesses, by mail as each of them prefers, and by the tenant's webhooks.
//!
//! They follow from journals. How far one was read is kept beside the letters that came of it, in one transaction: so a kill loses and doubles none.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use bbb_core::id::BusinessId;
use bbb_core::time::{DAY_MS, HOUR_MS, Timestamp};
use redb::TableDefinition;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::accounts::db::{Read, Table, Writing};
use crate::accounts::id::{TenantId, UserId};
use crate::accounts::letters::{self, is_verified};
use crate::accounts::outbox::{Account, Letter, Outbox};
use crate::accounts::rights::{Action, may};
use crate::accounts::{Accounts, Error, locks, members, tenants, webhooks};

/// By user and tenant.
const PREFERENCES: Table = TableDefinition::new("notice_preferences");
/// How far a journal was read, by business.
const CURSORS: Table = TableDefinition::new("notice_cursors");
/// What waits for the mail of the day, by user and tenant.
const DIGESTS: Table = TableDefinition::new("notice_digests");

/// The hour at which the mail of the day is sent, UTC.
const DIGEST_HOUR: i64 = 6;
/// The most lines of it; more are counted.
const MAX_LINES: usize = 100;

/// What somebody is told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NoticeKind {
    /// A business asks before it does something.
    ApprovalWaiting,
    /// The use of a budget has come to a share of its cap.
    BudgetAlert,
    /// Nobody knows whether something happened.
    EffectInDoubt,
    /// A business should run, and does not.
    BusinessFailed,
    /// A business is over.
    BusinessOver,
}

impl NoticeKind {
    /// All of them.
    pub const ALL: [NoticeKind; 5] = [
        NoticeKind::ApprovalWaiting,
        NoticeKind::BudgetAlert,
        NoticeKind::EffectInDoubt,
        NoticeKind::BusinessFailed,
        NoticeKind::BusinessOver,
    ];

    /// Its name in messages to webhooks.
    const fn event(self) -> &'static str {
        match self {
            NoticeKind::ApprovalWaiting => "approval.waiting",
            NoticeKind::BudgetAlert => "budget.alert",
            NoticeKind::EffectInDoubt => "effect.in_doubt",
            NoticeKind::BusinessFailed => "business.failed",
            NoticeKind::BusinessOver => "business.over",
        }
    }

    const fn subject(self) -> &'static str {
        match self {
            NoticeKind::ApprovalWaiting => "A business waits for your answer",
            NoticeKind::BudgetAlert => "A budget is being used up",
            NoticeKind::EffectInDoubt => "Nobody knows whether something happened",
            NoticeKind::BusinessFailed => "A business does not run",
            NoticeKind::BusinessOver => "A business is over",
        }
    }

    /// What one must be allowed to do in the tenant to be told.
    const fn takes(self) -> Action {
        match self {
            NoticeKind::ApprovalWaiting | NoticeKind::EffectInDoubt => Action::Answer,
            NoticeKind::BudgetAlert | NoticeKind::BusinessFailed | NoticeKind::BusinessOver => Action::View,
        }
    }
}

/// When somebody is mailed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// Never.
    Never,
    /// At once.
    #[default]
    AtOnce,
    /// Once a day, all of it together.
    Daily,
}

/// What somebody is mailed of the businesses of a tenant; what is not named, at once.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Preferences(pub BTreeMap<NoticeKind, When>);

impl Preferences {
    /// When somebody is mailed of this.
    pub fn of(&self, kind: NoticeKind) -> When {
        self.0.get(&kind).copied().unwrap_or_default()
    }
}

/// Something to tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// What.
    pub kind: NoticeKind,
    /// What makes it the same: there is one of a key for a business.
    pub key: String,
    /// In words, on one line.
    pub text: String,
    /// For programs: more fields.
    pub data: serde_json::Map<String, serde_json::Value>,
}

/// How far a journal was read, and whether it was told that the business does not run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Noted {
    /// The last event that was read.
    pub sequence: u64,
    /// Whether it was told that it should run and does not.
    pub failed: bool,
    /// How often that was told.
    pub failures: u32,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Digest {
    due_at: Timestamp,
    lines: Vec<String>,
    more: u32,
}

fn place(user: UserId, tenant: TenantId) -> Vec<u8> {
    [user.bytes(), tenant.bytes()].concat()
}

/// What stands in a journal up to this event is no news.
pub(super) fn begin_after(tables: &Writing, business: BusinessId, sequence: u64) -> Result<(), Error> {
    tables.put(CURSORS, &business.bytes(), &Noted { sequence, ..Noted::default() })
}

/// Forgets how far a journal was read: there is none.
pub(super) fn forget(tables: &Writing, business: BusinessId) -> Result<(), Error> {
    tables.remove(CURSORS, &business.bytes()).map(drop)
}

/// Forgets what a user wants to be told of, and what waits for their mail of the day, and that of all members of a tenant.
pub(super) fn forget_people(tables: &Writing, user: UserId, tenant: TenantId) -> Result<(), Error> {
    let is_theirs = |key: &[u8]| key.starts_with(&user.bytes()) || key.ends_with(&tenant.bytes());
    for (key, _) in tables.all::<Preferences>(PREFERENCES, &[])? {
        if is_theirs(&key) {
            tables.remove(PREFERENCES, &key)?;
        }
    }
    for (key, _) in tables.all::<Digest>(DIGESTS, &[])? {
        if is_theirs(&key) {
            tables.remove(DIGESTS, &key)?;
        }
    }
    Ok(())
}

/// The next time at which mails of the day are sent.
fn next_digest(now: Timestamp) -> Timestamp {
    let day = now.ms().saturating_sub(DIGEST_HOUR * HOUR_MS).div_euclid(DAY_MS) + 1;
    Timestamp::from_ms(day * DAY_MS + DIGEST_HOUR * HOUR_MS)
}

/// What a business is called, without anything that a mail program would make a link of.
fn plain(name: &str) -> String {
    let fits = |char: &char| char.is_alphanumeric() || " -'&".contains(*char);
    name.chars().filter(fits).take(60).collect()
}

/// Whose business it is that something is told of.
#[derive(Clone, Copy)]
struct About<'a> {
    business: BusinessId,
    name: &'a str,
    tenant: TenantId,
}

impl Outbox {
    fn tell_members(&self, tables: &Writing, now: Timestamp, about: About<'_>, notice: &Notice) -> Result<(), Error> {
        let About { business, tenant, name } = about;
        let (key, kind) = (format!("{business} {}", notice.key), notice.kind);
        for (id, webhook) in webhooks::of(tables, tenant)? {
            if webhook.on && webhook.kinds.contains(&kind) {
                let mut data = notice.data.clone();
                data.insert("business_id".to_owned(), business.to_string().into());
                data.insert("name".to_owned(), name.into());
                data.insert("text".to_owned(), notice.text.clone().into());
                let body = serde_json::json!({ "type": kind.event(), "timestamp": now.to_string(), "data": data });
                self.message(tables, now, (id, tenant), &key, body.to_string())?;
            }
        }
        let Some(links) = self.links() else { return Ok(()) };
        for (user, role) in members::of(tables, tenant)? {
            if !may(role, kind.takes()) || locks::is_locked(tables, user.id)? || !is_verified(tables, &user)? {
                continue;
            }
            let preferences: Preferences = tables.get(PREFERENCES, &place(user.id, tenant))?.unwrap_or_default();
            let line = format!("{} ({business}): {}", plain(name), notice.text);
            match preferences.of(kind) {
                When::Never => {}
                When::AtOnce => {
                    let text = format!("{line}\n\nSee {links}/ for more, and to choose what you are mailed.");
                    let letter = Letter {
                        account: Account::User(user.id),
                        key: key.clone(),
                        content: letters::mail(&user.address, kind.subject(), &text),
                        useful_ms: None,
                    };
                    self.put(tables, now, letter)?;
                }
                When::Daily => add_to_digest(tables, now, user.id, tenant, line)?,
            }
        }
        Ok(())
    }
}

fn add_to_digest(tables: &Writing, now: Timestamp, user: UserId, tenant: TenantId, line: String) -> Result<(), Error> {
    let known: Option<Digest> = tables.get(DIGESTS, &place(user, tenant))?;
    let mut digest = known.unwrap_or_else(|| Digest { due_at: next_digest(now), lines: Vec::new(), more: 0 });
    match digest.lines.len() {
        MAX_LINES.. => digest.more = digest.more.saturating_add(1),
        _ => digest.lines.push(line),
    }
    tables.put(DIGESTS, &place(user, tenant), &digest)
}

impl Accounts {
    /// What somebody is mailed of the businesses of a tenant.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub fn preferences(&self, user: UserId, tenant: TenantId) -> Result<Preferences, Error> {
        Ok(self.db.read(|tables| tables.get(PREFERENCES, &place(user, tenant)))?.unwrap_or_default())
    }

    /// Sets it.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn set_preferences(&self, user: UserId, tenant: TenantId, preferences: Preferences) -> Result<(), Error> {
        self.db.write(move |tables| tables.put(PREFERENCES, &place(user, tenant), &preferences)).await
    }

    /// How far the journal of a business was read; nothing where it never was.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub fn noted(&self, business: BusinessId) -> Result<Option<Noted>, Error> {
        self.db.read(|tables| tables.get(CURSORS, &business.bytes()))
    }

    /// The same of all businesses.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub fn all_noted(&self) -> Result<Vec<(BusinessId, Noted)>, Error> {
        let rows = self.db.read(|tables| tables.all::<Noted>(CURSORS, &[]))?;
        Ok(rows.into_iter().filter_map(|(key, noted)| Some((BusinessId::from_bytes(key.try_into().ok()?), noted))).collect())
    }

    /// Notes that there was nothing to tell in journals between one event and another: `(business, from, to)`, where it is still at `from` and is somebody's. All of
    /// them at once. Returns those of which that is not so.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn note_nothing(&self, moves: Vec<(BusinessId, Option<Noted>, Noted)>) -> Result<Vec<BusinessId>, Error> {
        if moves.is_empty() {
            return Ok(Vec::new());
        }
        self.db
            .write(move |tables| {
                let mut others = Vec::new();
                for (business, from, to) in moves {
                    match tables.get::<Noted>(CURSORS, &business.bytes())? == from && tenants::is_somebodys(tables, business)? {
                        true => tables.put(CURSORS, &business.bytes(), &to)?,
                        false => others.push(business),
                    }
                }
                Ok(others)
            })
            .await
    }

    /// Tells the members of a tenant what was found in the journal of its business (named so) beyond `from`, and notes that it was read up to `to`. Says whether it was still at
    /// `from`: if not, somebody else has told it, and nothing is done.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn note(
        &self,
        (business, name, tenant): (BusinessId, String, TenantId),
        from: Option<Noted>,
        to: Noted,
        notices: Vec<Notice>,
    ) -> Result<bool, Error> {
        let (now, outbox) = (self.now(), Arc::clone(&self.outbox));
        self.db
            .write(move |tables| {
                if tables.get::<Noted>(CURSORS, &business.bytes())? != from {
                    return Ok(false);
                }
                for notice in &notices {
                    outbox.tell_members(tables, now, About { business, name: &name, tenant }, notice)?;
                }
                tables.put(CURSORS, &business.bytes(), &to)?;
                Ok(true)
            })
            .await
    }

    /// Puts in the mails of the day that are due.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn send_digests(&self) -> Result<(), Error> {
        let now = self.now();
        let due = self.db.read(|tables| Ok(tables.all::<Digest>(DIGESTS, &[])?.iter().any(|(_, digest)| digest.due_at <= now)))?;
        if !due {
            return Ok(());
        }
        let outbox = Arc::clone(&self.outbox);
        self.db
            .write(move |tables| {
                for (key, digest) in tables.all::<Digest>(DIGESTS, &[])? {
                    let Some(user) =
                        key.get(..8).and_then(|id| id.try_into().ok()).map(UserId::from_bytes).filter(|_| digest.due_at <= now)
                    else {
                        continue;
                    };
                    tables.remove(DIGESTS, &key)?;
                    let Some(user) = locks::active(tables, user)? else { continue };
                    if outbox.links().is_none() || !is_verified(tables, &user)? {
                        continue;
                    }
                    let mut text = digest.lines.join("\n");
                    if digest.more > 0 {
                        // Writing to a string cannot fail.
                        let _ = write!(text, "\nand {} more", digest.more);
                    }
                    let content = letters::mail(&user.address, "What your businesses did", &text);
                    let key = format!("digest {key:?} {}", digest.due_at.ms());
                    outbox.put(tables, now, Letter { account: Account::User(user.id), key, content, useful_ms: None })?;
                }
                Ok(())
            })
            .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mail_of_the_day_is_sent_at_six_and_names_make_no_links() {
        let at = |hours: i64| next_digest(Timestamp::from_ms(hours * HOUR_MS)).ms() / HOUR_MS;
        assert_eq!([at(0), at(5), at(6), at(29), at(30)], [6, 6, 30, 30, 54]);
        assert_eq!(plain("Ada's Bakery & Co. http://evil.example/x\r\nBcc: eve"), "Ada's Bakery & Co httpevilexamplexBcc eve");
    }
}
