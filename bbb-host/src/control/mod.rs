//! The control socket: how other `bbb` commands reach the process that holds a data directory.
//!
//! One request a connection: a line of JSON from the client, one line back, or for `follow` one line an event until either side hangs up. Both directions name the
//! protocol's version, lines are bounded, and the server talks only to processes of its own user (and root). Nothing here acts by itself: a command
//! ends in the journal or is refused.

pub mod admin;
pub mod client;
pub mod server;

use std::sync::Arc;

use bbb_agents::handle::Command;
use bbb_core::event::Event;
use bbb_core::id::BusinessId;
use bbb_core::journal::chain::{Hash, Record};
use bbb_core::state::State;
use bbb_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::fault::Fault;
use crate::leads;
use crate::service::WireHead;
use crate::service::contacts::{News, Who};

/// The protocol's version; both sides must have the same.
pub const VERSION: u32 = 1;
/// The most bytes of a request's line: a list of leads is the largest, and JSON at most doubles it.
pub const MAX_REQUEST_BYTES: usize = 2 * leads::MAX_BYTES + 64 * 1024;
/// The most bytes of an answer's line: a state of many contacts is large.
pub const MAX_ANSWER_BYTES: usize = 512 * 1024 * 1024;

/// A request's line.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// [`VERSION`].
    pub version: u32,
    /// What is asked.
    pub ask: Ask,
}

impl Request {
    /// What a line asks for, with or without its end.
    ///
    /// # Errors
    /// [`Fault`] says where the line cannot be read, or that its version is another one.
    pub fn read(line: &[u8]) -> Result<Ask, Fault> {
        /// The version alone: what else a line of another version has, is not known here.
        #[derive(Deserialize)]
        struct Versioned {
            version: Option<u64>,
        }

        if line.len() > MAX_REQUEST_BYTES {
            return Err(Fault::usage(format!("the request is over the limit of {MAX_REQUEST_BYTES} bytes")));
        }
        let unreadable = |error: serde_json::Error| Fault::usage(format!("the request cannot be read: {error}"));
        let Versioned { version } = serde_json::from_slice(line).map_err(unreadable)?;
        if version != Some(u64::from(VERSION)) {
            let found = version.map_or("none".to_owned(), |version| version.to_string());
            return Err(Fault::refused(format!(
                "the running bbb speaks version {VERSION} of the control protocol, not {found}: use the same bbb"
            )));
        }
        let request: Request = serde_json::from_slice(line).map_err(unreadable)?;
        Ok(request.ask)
    }
}

/// What a client asks.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Ask {
    /// All businesses: a list of [`crate::service::Row`].
    List,
    /// One business: a [`WireNow`].
    State(BusinessId),
    /// What waits for the owner: a [`crate::service::inbox::OwnersInbox`].
    Inbox(BusinessId),
    /// A page of the journal: a list of [`WireRecord`].
    Records {
        /// Whose.
        business: BusinessId,
        /// After which sequence.
        after: u64,
        /// How many at most.
        limit: usize,
    },
    /// Sign where the journal ends now: the newest [`bbb_core::journal::checkpoint::Checkpoint`].
    Checkpoint(BusinessId),
    /// All checkpoints and the keys: a [`bbb_core::journal::checkpoint::Signed`], or nothing.
    Signed(BusinessId),
    /// Every review made again: a list of [`bbb_core::oversight::recheck::Rechecked`].
    Recheck {
        /// Of which business.
        business: BusinessId,
        /// The owner's texts of the charters.
        texts: Vec<String>,
    },
    /// What of the owner's real money businesses bind: [`bbb_core::money::Cents`].
    Bound {
        /// All businesses but this one; all, where absent.
        but: Option<BusinessId>,
    },
    /// An owner's command; answered with `null` after it is committed.
    Command {
        /// To which business.
        business: BusinessId,
        /// What.
        command: Command,
    },
    /// All contacts: a list of [`crate::service::contacts::ContactRow`].
    Contacts(BusinessId),
    /// What the owner heard about somebody; answered with [`crate::service::contacts::Noted`] after it is committed.
    TellOf {
        /// To which business.
        business: BusinessId,
        /// About whom.
        who: Who,
        /// What.
        news: News,
    },
    /// More leads; answered with [`crate::service::contacts::Imported`] after they are committed.
    Import {
        /// To which business.
        business: BusinessId,
        /// The list's text, as [`crate::leads::parse`] takes it.
        list: String,
    },
    /// What the operator of a daemon asks about its accounts: JSON as [`admin::Admin`] says.
    Admin(admin::Admin),
    /// Committed events from now on: one [`WireEvent`] a line.
    Follow(BusinessId),
}

/// An answer's line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// [`VERSION`].
    pub version: u32,
    /// What was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ok: Option<Box<RawValue>>,
    /// Why it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<Fault>,
}

/// [`crate::service::Now`] on the wire.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WireNow {
    /// The folded journal.
    pub state: Arc<State>,
    /// Where the journal ends on disk.
    pub head: WireHead,
    /// Whether the business runs.
    pub running: bool,
}

/// A [`Record`] on the wire, with its payload's exact bytes.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WireRecord {
    sequence: u64,
    at_ms: i64,
    format: u16,
    cause: u64,
    hash: String,
    payload: Box<RawValue>,
}

impl WireRecord {
    /// The record on the wire; nothing where its payload is no JSON.
    pub fn of(record: &Record) -> Option<WireRecord> {
        let payload = String::from_utf8(record.payload.to_vec()).ok().and_then(|text| RawValue::from_string(text).ok())?;
        let Record { sequence, at, version, cause, hash, .. } = record;
        Some(WireRecord { sequence: *sequence, at_ms: at.ms(), format: *version, cause: *cause, hash: hash.to_string(), payload })
    }

    /// The record; nothing where the hash is none.
    pub fn record(&self) -> Option<Record> {
        let hash = Hash::from_hex(&self.hash)?;
        let (at, payload) = (Timestamp::from_ms(self.at_ms), self.payload.get().as_bytes().into());
        Some(Record { sequence: self.sequence, at, version: self.format, cause: self.cause, payload, hash })
    }
}

/// An [`Event`] on the wire.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WireEvent {
    sequence: u64,
    at_ms: i64,
    cause: u64,
    payload: bbb_core::event::Payload,
}

impl From<&Event> for WireEvent {
    fn from(event: &Event) -> WireEvent {
        WireEvent { sequence: event.sequence, at_ms: event.at.ms(), cause: event.cause, payload: event.payload.clone() }
    }
}

impl From<WireEvent> for Event {
    fn from(event: WireEvent) -> Event {
        Event { sequence: event.sequence, at: Timestamp::from_ms(event.at_ms), cause: event.cause, payload: event.payload }
    }
}
