//! The post: takes letters out of the outbox and brings them, by mail and to webhooks, each way beside the other.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bbb_core::port::Failure;
use bbb_core::time::Timestamp;
use bbb_integrations::mail::message::{Notice, Writer};
use bbb_integrations::mail::smtp::Relay;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use hmac::{Hmac, KeyInit, Mac};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue};
use sha2::Sha256;
use tokio::sync::watch;

use crate::accounts::id::{LetterId, WebhookId};
use crate::accounts::{Account, Accounts, Attempt, Content, SigningSecret, Waiting, Way};
use crate::config::Config;
use crate::fault::Fault;
use crate::outbound::Outbound;

/// Letters that are under way by one way at a time, those of one user or tenant among them, and how many of those that are due are looked at.
const AT_A_TIME: usize = 8;
const OF_ONE: usize = 2;
const LOOKED_AT: usize = 1_024;
/// How long what is under way may take when the daemon ends.
const FAREWELL: Duration = Duration::from_secs(3);
/// How often it is looked whether something is due.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// The status by which a webhook says that it is there no more (Standard Webhooks).
const GONE: u16 = 410;

/// Who writes the daemon's mails, and who takes them.
pub(crate) struct Mailer {
    relay: Relay,
    writer: Writer,
}

impl Mailer {
    /// As configured; nothing where the daemon sends no mail.
    ///
    /// # Errors
    /// [`Fault`] names the setting that does not work.
    pub(crate) fn new(config: &Config) -> Result<Option<Mailer>, Fault> {
        if config.server.mail_links()?.is_none() {
            return Ok(None);
        }
        let relay = Relay::new(config.smtp()?).map_err(|error| Fault::usage(format!("the configuration, [smtp]: {error}")))?;
        let writer = Writer::new(&config.server.mail_from, "Better Business Builder");
        let writer = writer.map_err(|rule| Fault::usage(format!("server.mail_from is {}: {rule}", config.server.mail_from)))?;
        Ok(Some(Mailer { relay, writer }))
    }

    async fn send(&self, id: LetterId, at: Timestamp, (to, subject, body): (&str, &str, &str)) -> Attempt {
        let notice = Notice { id: &id.to_string(), at, to, subject, body };
        let mail = match self.writer.write(&notice) {
            Ok(mail) => mail,
            Err(rule) => return Attempt::Refused(rule),
        };
        match self.relay.hand_over(self.writer.from(), &mail, || Ok(())).await {
            Ok(_) => Attempt::Said,
            Err(refused) => match refused.failure {
                Failure::Permanent(reason) if refused.of_this_mail => Attempt::Refused(reason),
                // One in doubt, too: who gets it twice sees the same name.
                Failure::Permanent(reason) | Failure::Temporary(reason) | Failure::Unknown(reason) => Attempt::Failed(reason),
            },
        }
    }
}

/// The post.
pub(crate) struct Post {
    pub(crate) accounts: Arc<Accounts>,
    pub(crate) mailer: Option<Mailer>,
    pub(crate) outbound: Arc<Outbound>,
}

impl Post {
    /// Brings what is due by a way until the daemon ends.
    pub(crate) async fn bring(self: Arc<Self>, way: Way, mut ending: watch::Receiver<bool>) {
        let mut under_way: FuturesUnordered<_> = FuturesUnordered::new();
        let mut which: BTreeMap<LetterId, Account> = BTreeMap::new();
        loop {
            let free = AT_A_TIME.saturating_sub(under_way.len());
            match if free > 0 { self.accounts.due_letters(way, LOOKED_AT) } else { Ok(Vec::new()) } {
                Ok(due) => {
                    for letter in due {
                        let of_one = which.values().filter(|account| **account == letter.account).count();
                        if under_way.len() < AT_A_TIME && of_one < OF_ONE && !which.contains_key(&letter.id) {
                            which.insert(letter.id, letter.account);
                            under_way.push(Arc::clone(&self).one(way, letter));
                        }
                    }
                }
                Err(error) => tracing::error!(%error, way = way.as_str(), "the outbox cannot be read"),
            }
            tokio::select! {
                biased;
                _ = ending.wait_for(|ending| *ending) => break,
                Some(id) = under_way.next() => drop(which.remove(&id)),
                () = self.accounts.letter_put_in() => {}
                () = tokio::time::sleep(LOOK_AGAIN) => {}
            }
        }
        // Most need a moment only. The others are brought again at the next start, under the same name.
        let last = async { while under_way.next().await.is_some() {} };
        if tokio::time::timeout(FAREWELL, last).await.is_err() {
            tracing::warn!(way = way.as_str(), "messages that were under way will be brought again");
        }
    }

    async fn one(self: Arc<Self>, way: Way, letter: Waiting) -> LetterId {
        let id = letter.id;
        let attempt = match self.accounts.open_letter(&letter) {
            Ok(Content::Mail { to, subject, body }) => match &self.mailer {
                Some(mailer) => mailer.send(id, letter.created_at, (&to, &subject, &body)).await,
                None => Attempt::Failed("the daemon sends no mail now".to_owned()),
            },
            Ok(Content::Webhook { webhook, body }) => self.call(id, webhook, body).await,
            Err(error) => Attempt::Failed(error.to_string()),
        };
        if let Err(error) = self.accounts.settle_letter(way, letter, attempt).await {
            tracing::error!(%error, letter = %id, "what became of a letter was not noted; it may be brought again");
        }
        id
    }

    async fn call(&self, id: LetterId, webhook: WebhookId, body: String) -> Attempt {
        let failed = |reason: &dyn std::fmt::Display| Attempt::Failed(reason.to_string());
        let row = match self.accounts.webhook(webhook) {
            Ok(row) if row.on => row,
            Ok(_) => return Attempt::Refused("the webhook is switched off".to_owned()),
            Err(crate::accounts::Error::NotFound) => return Attempt::Refused("the webhook was taken away".to_owned()),
            Err(error) => return failed(&error),
        };
        let secrets = match self.accounts.signing_secrets(webhook, &row) {
            Ok(secrets) => secrets,
            Err(error) => return failed(&error),
        };
        let answered = match (self.outbound.target(&row.url), headers(id, self.accounts.now(), &secrets, &body)) {
            (Ok(target), Some(headers)) => self.outbound.post(&target, headers, body).await.map_err(|failure| failure.to_string()),
            (Err(refused), _) => Err(format!("the address {refused}")),
            (_, None) => Err("it cannot be signed".to_owned()),
        };
        let took = matches!(answered, Ok(200..300));
        if let Err(error) = self.accounts.note_webhook(webhook, took, answered == Ok(GONE)).await {
            tracing::warn!(%error, %webhook, "whether a webhook works was not noted");
        }
        match answered {
            Ok(200..300) => Attempt::Said,
            Ok(status) => Attempt::Failed(format!("the webhook answered {status}")),
            Err(reason) => Attempt::Failed(reason),
        }
    }
}

/// The signature of a message (Standard Webhooks, symmetric): HMAC-SHA256 over its name, its time and its body.
fn signature(secret: &SigningSecret, id: LetterId, seconds: i64, body: &str) -> Option<String> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.bytes()).ok()?;
    mac.update(format!("{id}.{seconds}.").as_bytes());
    mac.update(body.as_bytes());
    Some(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
}

fn headers(id: LetterId, now: Timestamp, secrets: &[SigningSecret], body: &str) -> Option<HeaderMap> {
    let seconds = now.ms().div_euclid(1000);
    let signatures: Option<Vec<String>> = secrets.iter().map(|secret| signature(secret, id, seconds, body)).collect();
    let fields = [("webhook-id", id.to_string()), ("webhook-timestamp", seconds.to_string()), ("webhook-signature", signatures?.join(" "))];
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    for (name, value) in fields {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_str(&value).ok()?);
    }
    Some(headers)
}
