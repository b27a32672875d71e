//! Webhooks: where a tenant wants to be told of things. Each has a secret that signs what is sent to it (Standard Webhooks); it is shown once and kept encrypted.
//!
//! A secret that was changed signs beside the new one for a day, so that whoever receives has time to change it as well.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bbb_core::time::{DAY_MS, Timestamp};
use redb::TableDefinition;
use serde::{Deserialize, Serialize};

use crate::accounts::db::{Read, Table, Writing};
use crate::accounts::id::{TenantId, UserId, WebhookId, random};
use crate::accounts::letters::Security;
use crate::accounts::notices::NoticeKind;
use crate::accounts::outbox::{Account, Content, Letter, Outbox};
use crate::accounts::{Accounts, Error, secrets};

const WEBHOOKS: Table = TableDefinition::new("webhooks");
/// By tenant and webhook.
const BY_TENANT: Table = TableDefinition::new("webhooks_by_tenant");
/// The most webhooks of a tenant.
const MAX_WEBHOOKS: usize = 10;
/// The bytes of a secret; Standard Webhooks has 24 to 64.
const SECRET_BYTES: usize = 32;
/// What a secret begins with.
const SECRET_PREFIX: &str = "whsec_";
/// How long a secret that was changed signs, too.
const OVERLAP_MS: i64 = DAY_MS;
/// How long a webhook may fail until it is switched off.
const FAILS_MS: i64 = 3 * DAY_MS;

/// A webhook, without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Webhook {
    /// Whose.
    pub tenant: TenantId,
    /// Who made it, and is told when it is switched off.
    pub by: UserId,
    /// Where it leads. There may be a secret in its path.
    pub url: String,
    /// What it is told of.
    pub kinds: Vec<NoticeKind>,
    /// Since when.
    pub created_at: Timestamp,
    /// Whether anything is sent to it.
    pub on: bool,
    /// Since when nothing that was sent was taken; nothing where the last message was.
    pub failing_since: Option<Timestamp>,
    sealed: Vec<u8>,
    /// The secret before, and until when it signs.
    before: Option<(Vec<u8>, Timestamp)>,
}

/// A secret that signs.
#[derive(Clone, PartialEq, Eq)]
pub struct SigningSecret([u8; SECRET_BYTES]);

impl std::fmt::Debug for SigningSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SigningSecret(***)")
    }
}

impl SigningSecret {
    /// The bytes that sign.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// As it is shown once.
    pub fn reveal(&self) -> String {
        format!("{SECRET_PREFIX}{}", STANDARD.encode(self.0))
    }
}

fn about(id: WebhookId) -> Vec<u8> {
    [b"bbb webhook v1".as_slice(), &id.bytes()].concat()
}

fn by_tenant(tenant: TenantId, id: WebhookId) -> Vec<u8> {
    [tenant.bytes(), id.bytes()].concat()
}

/// Whether any webhook, and so its secret, is kept.
pub(super) fn has_secrets(tables: &impl Read) -> Result<bool, Error> {
    Ok(!tables.page::<()>(BY_TENANT, &[], None, false, 1)?.is_empty())
}

/// The webhooks of a tenant.
pub(super) fn of(tables: &impl Read, tenant: TenantId) -> Result<Vec<(WebhookId, Webhook)>, Error> {
    let mut found = Vec::new();
    for (key, ()) in tables.all::<()>(BY_TENANT, &tenant.bytes())? {
        let Some(id) = key.get(8..).and_then(|id| id.try_into().ok()).map(WebhookId::from_bytes) else { continue };
        found.extend(tables.get::<Webhook>(WEBHOOKS, &id.bytes())?.map(|row| (id, row)));
    }
    Ok(found)
}

fn remove(tables: &Writing, tenant: TenantId, id: WebhookId) -> Result<(), Error> {
    tables.remove(BY_TENANT, &by_tenant(tenant, id))?;
    tables.remove(WEBHOOKS, &id.bytes()).map(drop)
}

/// Takes away all webhooks of a tenant.
pub(super) fn forget(tables: &Writing, tenant: TenantId) -> Result<(), Error> {
    of(tables, tenant)?.into_iter().try_for_each(|(id, _)| remove(tables, tenant, id))
}

impl Outbox {
    /// Puts a message to a webhook in.
    pub(super) fn message(
        &self,
        tables: &Writing,
        now: Timestamp,
        (id, tenant): (WebhookId, TenantId),
        key: &str,
        body: String,
    ) -> Result<bool, Error> {
        let content = Content::Webhook { webhook: id, body };
        self.put(tables, now, Letter { account: Account::Tenant(tenant), key: format!("{id} {key}"), content, useful_ms: None })
    }
}

impl Accounts {
    /// Makes a webhook, with its secret, which is shown this once. Whether it may lead there is the caller's to know.
    ///
    /// # Errors
    /// [`Error::Full`], [`Error::Key`].
    pub async fn make_webhook(
        &self,
        tenant: TenantId,
        by: UserId,
        url: String,
        kinds: Vec<NoticeKind>,
    ) -> Result<(WebhookId, Webhook, SigningSecret), Error> {
        let (id, secret, now, outbox) = (WebhookId::draw()?, SigningSecret(random()?), self.now(), Arc::clone(&self.outbox));
        self.db
            .write(move |tables| {
                if tables.all::<()>(BY_TENANT, &tenant.bytes())?.len() >= MAX_WEBHOOKS {
                    return Err(Error::Full(format!("a tenant has at most {MAX_WEBHOOKS} webhooks")));
                }
                let sealed = secrets::key_for_more(tables, outbox.key())?.seal(&secret.0, &about(id))?;
                let row = Webhook { tenant, by, url, kinds, created_at: now, on: true, failing_since: None, sealed, before: None };
                tables.put(WEBHOOKS, &id.bytes(), &row)?;
                tables.put(BY_TENANT, &by_tenant(tenant, id), &())?;
                Ok((id, row, secret))
            })
            .await
    }

    /// The webhooks of a tenant, the oldest first.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub fn webhooks(&self, tenant: TenantId) -> Result<Vec<(WebhookId, Webhook)>, Error> {
        let mut all = self.db.read(|tables| of(tables, tenant))?;
        all.sort_by_key(|(id, row)| (row.created_at, *id));
        Ok(all)
    }

    /// A webhook.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub fn webhook(&self, id: WebhookId) -> Result<Webhook, Error> {
        self.db.read(|tables| tables.get(WEBHOOKS, &id.bytes()))?.ok_or(Error::NotFound)
    }

    async fn change_webhook<T: Send + 'static>(
        &self,
        id: WebhookId,
        change: impl FnOnce(&Writing, &mut Webhook) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.db
            .write(move |tables| {
                let mut row: Webhook = tables.get(WEBHOOKS, &id.bytes())?.ok_or(Error::NotFound)?;
                let done = change(tables, &mut row)?;
                tables.put(WEBHOOKS, &id.bytes(), &row)?;
                Ok(done)
            })
            .await
    }

    /// Sets what a webhook is told of, and whether anything is sent to it.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn set_webhook(&self, id: WebhookId, on: bool, kinds: Vec<NoticeKind>) -> Result<Webhook, Error> {
        self.change_webhook(id, move |_, row| {
            if on && !row.on {
                row.failing_since = None;
            }
            (row.on, row.kinds) = (on, kinds);
            Ok(row.clone())
        })
        .await
    }

    /// Gives a webhook another secret, which is shown this once; the one before signs beside it for a day.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Key`].
    pub async fn rotate_webhook(&self, id: WebhookId) -> Result<SigningSecret, Error> {
        let (secret, now, outbox) = (SigningSecret(random()?), self.now(), Arc::clone(&self.outbox));
        self.change_webhook(id, move |tables, row| {
            let sealed = secrets::known(tables, outbox.key())?.seal(&secret.0, &about(id))?;
            row.before = Some((std::mem::replace(&mut row.sealed, sealed), now.plus_ms(OVERLAP_MS)));
            Ok(secret)
        })
        .await
    }

    /// Takes a webhook away. What waits for it is not sent.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn remove_webhook(&self, id: WebhookId) -> Result<(), Error> {
        self.db
            .write(move |tables| {
                let row: Webhook = tables.get(WEBHOOKS, &id.bytes())?.ok_or(Error::NotFound)?;
                remove(tables, row.tenant, id)
            })
            .await
    }

    /// The secrets that sign what is sent to a webhook now, the newest first.
    ///
    /// # Errors
    /// [`Error::Key`].
    pub fn signing_secrets(&self, id: WebhookId, row: &Webhook) -> Result<Vec<SigningSecret>, Error> {
        let (now, key) = (self.now(), self.db.read(|tables| secrets::known(tables, self.outbox.key()))?);
        let before = row.before.as_ref().filter(|(_, until)| *until > now).map(|(sealed, _)| sealed);
        let open = |sealed: &Vec<u8>| {
            let bytes = key.open(sealed, &about(id))?;
            let bytes = bytes.try_into().map_err(|_| Error::Database("a webhook's secret has another length".to_owned()))?;
            Ok(SigningSecret(bytes))
        };
        std::iter::once(&row.sealed).chain(before).map(open).collect()
    }

    /// Puts a message in that says nothing but that the webhook works.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Conflict`] where it is switched off.
    pub async fn test_webhook(&self, id: WebhookId) -> Result<(), Error> {
        let (now, outbox) = (self.now(), Arc::clone(&self.outbox));
        let nonce: [u8; 8] = random()?;
        self.change_webhook(id, move |tables, row| {
            if !row.on {
                return Err(Error::Conflict("this webhook is switched off"));
            }
            let body = serde_json::json!({ "type": "test", "timestamp": now.to_string(), "data": { "webhook": id } }).to_string();
            match outbox.message(tables, now, (id, row.tenant), &format!("test {nonce:?}"), body)? {
                true => Ok(()),
                false => Err(Error::Full("too many messages wait already".to_owned())),
            }
        })
        .await
    }

    /// Notes whether a webhook took a message. One that took none for days, or `is_gone`, is switched off, and whoever made it is told.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn note_webhook(&self, id: WebhookId, took: bool, is_gone: bool) -> Result<(), Error> {
        let (now, outbox) = (self.now(), Arc::clone(&self.outbox));
        self.db
            .write(move |tables| {
                // It may have been taken away meanwhile.
                let Some(mut row) = tables.get::<Webhook>(WEBHOOKS, &id.bytes())? else { return Ok(()) };
                row.failing_since = if took { None } else { row.failing_since.or(Some(now)) };
                if row.on && (is_gone || row.failing_since.is_some_and(|since| now.since(since) >= FAILS_MS)) {
                    row.on = false;
                    tracing::warn!(webhook = %id, tenant = %row.tenant, "a webhook was switched off");
                    outbox.tell(tables, now, row.by, &Security::WebhookOff(id))?;
                }
                tables.put(WEBHOOKS, &id.bytes(), &row)
            })
            .await
    }
}
