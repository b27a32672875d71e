//! The client's side of the control socket.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use bbb_agents::handle::Command;
use bbb_core::event::Event;
use bbb_core::id::BusinessId;
use bbb_core::journal::chain::Record;
use bbb_core::journal::checkpoint::{Checkpoint, Signed};
use bbb_core::money::Cents;
use bbb_core::oversight::recheck::Rechecked;
use serde::de::DeserializeOwned;

use crate::control::admin::Admin;
use crate::control::{Answer, Ask, MAX_ANSWER_BYTES, Request, VERSION, WireEvent, WireNow, WireRecord};
use crate::data_dir::DataDir;
use crate::fault::Fault;
use crate::service::contacts::{ContactRow, Imported, News, Noted, Who};
use crate::service::inbox::OwnersInbox;
use crate::service::{Now, Row};

/// How long the server may take for an answer: longer than a business may take for its own.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);
/// The same for a list of leads, each of which gets a key of its own on disk.
const IMPORT_TIMEOUT: Duration = Duration::from_secs(600);

/// A client of the process that holds a data directory. Every request is a connection of its own. Blocks.
#[derive(Debug, Clone)]
pub struct Client {
    data: DataDir,
}

/// Events as they are committed.
#[derive(Debug)]
pub struct Follower(BufReader<UnixStream>);

impl Client {
    /// The client of whoever listens in `data`; nothing where nobody does.
    ///
    /// # Errors
    /// [`Fault`] where the socket is there and may not be used.
    pub fn connect(data: &DataDir) -> Result<Option<Client>, Fault> {
        let client = Client { data: data.clone() };
        Ok(client.dial()?.map(|_| client))
    }

    fn dial(&self) -> Result<Option<UnixStream>, Fault> {
        let socket = self.data.socket()?;
        match UnixStream::connect(socket.path()) {
            Ok(stream) => Ok(Some(stream)),
            // No socket, or one that a killed process left.
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused) => Ok(None),
            Err(error) => Err(Fault::file(format_args!("the socket in {}", self.data.path().display()), &error)),
        }
    }

    fn send(&self, ask: Ask) -> Result<BufReader<UnixStream>, Fault> {
        let timeout = if matches!(ask, Ask::Import { .. }) { IMPORT_TIMEOUT } else { ANSWER_TIMEOUT };
        let mut stream = self.dial()?.ok_or_else(|| Fault::failed("the running bbb has just ended; run the command again"))?;
        let mut line = serde_json::to_vec(&Request { version: VERSION, ask }).map_err(|error| Fault::failed(error.to_string()))?;
        line.push(b'\n');
        let sent = stream.set_read_timeout(Some(timeout)).and_then(|()| stream.write_all(&line));
        sent.map_err(|error| lost(&error))?;
        Ok(BufReader::new(stream))
    }

    fn ask<T: DeserializeOwned>(&self, ask: Ask) -> Result<T, Fault> {
        let mut stream = self.send(ask)?;
        hear(&mut stream)?.ok_or_else(|| lost(&io::ErrorKind::UnexpectedEof.into()))
    }

    /// As [`crate::service::Service::list`].
    ///
    /// # Errors
    /// The service's, and where the connection broke.
    pub fn list(&self) -> Result<Vec<Row>, Fault> {
        self.ask(Ask::List)
    }

    /// As [`crate::service::Service::now`].
    ///
    /// # Errors
    /// As [`Client::list`].
    pub fn now(&self, id: BusinessId) -> Result<Now, Fault> {
        let now: WireNow = self.ask(Ask::State(id))?;
        let head = now.head.head().ok_or_else(|| strange("a hash"))?;
        Ok(Now { state: now.state, head, running: now.running })
    }

    /// As [`crate::service::Service::inbox`].
    ///
    /// # Errors
    /// As [`Client::list`].
    pub fn inbox(&self, id: BusinessId) -> Result<OwnersInbox, Fault> {
        self.ask(Ask::Inbox(id))
    }

    /// As [`crate::service::Service::records`].
    ///
    /// # Errors
    /// As [`Client::list`].
    pub fn records(&self, business: BusinessId, after: u64, limit: usize) -> Result<Vec<Record>, Fault> {
        let page: Vec<WireRecord> = self.ask(Ask::Records { business, after, limit })?;
        page.iter().map(|record| record.record().ok_or_else(|| strange("a record"))).collect()
    }

    /// As [`crate::service::Service::checkpoint`].
    ///
    /// # Errors
    /// As [`Client::list`].
    pub fn checkpoint(&self, id: BusinessId) -> Result<Checkpoint, Fault> {
        self.ask(Ask::Checkpoint(id))
    }

    /// As [`crate::service::Service::signed`].
    ///
    /// # Errors
    /// As [`Client::list`].
    pub fn signed(&self, id: BusinessId) -> Result<Option<Signed>, Fault> {
        self.ask(Ask::Signed(id))
    }

    /// As [`crate::service::Service::recheck`].
    ///
    /// # Errors
    /// As [`Client::list`].
    pub fn recheck(&self, business: BusinessId, texts: Vec<String>) -> Result<Vec<Rechecked>, Fault> {
        self.ask(Ask::Recheck { business, texts })
    }

    /// As [`crate::service::Service::bound`].
    ///
    /// # Errors
    /// As [`Client::list`].
    pub fn bound(&self, but: Option<BusinessId>) -> Result<Cents, Fault> {
        self.ask(Ask::Bound { but })
    }

    /// As [`crate::service::Service::command`].
    ///
    /// # Errors
    /// As [`Client::list`].
    pub fn command(&self, business: BusinessId, command: Command) -> Result<(), Fault> {
        self.ask(Ask::Command { business, command })
    }

    /// As [`crate::service::Service::contacts`].
    ///
    /// # Errors
    /// As [`Client::list`].
    pub fn contacts(&self, id: BusinessId) -> Result<Vec<ContactRow>, Fault> {
        self.ask(Ask::Contacts(id))
    }

    /// As [`crate::service::Service::tell_of`].
    ///
    /// # Errors
    /// As [`Client::list`].
    pub fn tell_of(&self, business: BusinessId, who: Who, news: News) -> Result<Noted, Fault> {
        self.ask(Ask::TellOf { business, who, news })
    }

    /// As [`crate::service::Service::import`].
    ///
    /// # Errors
    /// As [`Client::list`].
    pub fn import(&self, business: BusinessId, list: String) -> Result<Imported, Fault> {
        self.ask(Ask::Import { business, list })
    }

    /// Asks a daemon about its accounts, or changes them.
    ///
    /// # Errors
    /// As [`Client::list`]; [`crate::fault::Kind::Refused`] where what runs is no daemon.
    pub fn admin(&self, ask: Admin) -> Result<serde_json::Value, Fault> {
        self.ask(Ask::Admin(ask))
    }

    /// Committed events from now on.
    ///
    /// # Errors
    /// As [`Client::list`].
    pub fn follow(&self, business: BusinessId) -> Result<Follower, Fault> {
        let mut stream = self.send(Ask::Follow(business))?;
        hear::<()>(&mut stream)?.ok_or_else(|| lost(&io::ErrorKind::UnexpectedEof.into()))?;
        stream.get_ref().set_read_timeout(None).map_err(|error| lost(&error))?;
        Ok(Follower(stream))
    }
}

impl Iterator for Follower {
    type Item = Result<Event, Fault>;

    fn next(&mut self) -> Option<Self::Item> {
        hear::<WireEvent>(&mut self.0).map(|event| event.map(Event::from)).transpose()
    }
}

/// Reads one line of an answer; nothing where the server hung up between two lines.
fn hear<T: DeserializeOwned>(stream: &mut BufReader<UnixStream>) -> Result<Option<T>, Fault> {
    let mut line = Vec::new();
    let limit = MAX_ANSWER_BYTES as u64 + 1024;
    stream.by_ref().take(limit).read_until(b'\n', &mut line).map_err(|error| lost(&error))?;
    if line.is_empty() {
        return Ok(None);
    }
    if line.last() != Some(&b'\n') {
        return Err(lost(&io::ErrorKind::UnexpectedEof.into()));
    }
    let answer: Answer = serde_json::from_slice(&line).map_err(|_| strange("an answer"))?;
    match answer {
        Answer { version, .. } if version != VERSION => {
            Err(Fault::refused(format!("the running bbb speaks version {version} of the control protocol")))
        }
        Answer { fault: Some(fault), .. } => Err(fault),
        Answer { ok: Some(ok), .. } => serde_json::from_str(ok.get()).map(Some).map_err(|error| strange(&format!("an answer ({error})"))),
        // `()` is `null`, which an optional field takes for absent.
        Answer { ok: None, .. } => serde_json::from_str("null").map(Some).map_err(|_| strange("an answer")),
    }
}

fn lost(error: &io::Error) -> Fault {
    let what = match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => "the running bbb did not answer in time".to_owned(),
        _ => "the running bbb hung up".to_owned(),
    };
    Fault::failed(format!("{what}; whether the command was carried out shows: bbb status"))
}

fn strange(what: &str) -> Fault {
    Fault::failed(format!("the running bbb gave {what} that cannot be read: is it another version?"))
}
