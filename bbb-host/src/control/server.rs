//! The server's side of the control socket.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustix::process::geteuid;
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::timeout;

use crate::accounts::Accounts;
use crate::control::admin;
use crate::control::{Answer, Ask, MAX_ANSWER_BYTES, MAX_REQUEST_BYTES, Request, VERSION, WireEvent, WireNow, WireRecord};
use crate::data_dir::SocketPath;
use crate::fault::Fault;
use crate::service::Service;

/// The most connections that are served at a time; more wait.
const MAX_CONNECTIONS: usize = 32;
/// How long a client may take for its request.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a client may take to read a line of the answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);
/// The wait after an error of the listener itself, such as too many open files.
const LISTENER_PAUSE: Duration = Duration::from_millis(100);

/// A listening socket; dropped, it is taken away.
#[derive(Debug)]
pub struct Server {
    socket: SocketPath,
    accepting: JoinHandle<()>,
}

impl Server {
    /// Listens for the holder of the data directory, and so takes away what a dead holder left.
    ///
    /// # Errors
    /// [`Fault`] where the socket cannot be made.
    pub fn listen(service: Arc<Service>) -> Result<Server, Fault> {
        Server::listen_with(service, None)
    }

    /// The same for a daemon, whose operator may ask about its accounts.
    ///
    /// # Errors
    /// As [`Server::listen`].
    pub fn listen_with(service: Arc<Service>, accounts: Option<Arc<Accounts>>) -> Result<Server, Fault> {
        let socket = service.data().socket()?;
        let listen = || -> io::Result<UnixListener> {
            socket.clear()?;
            let listener = UnixListener::bind(socket.path())?;
            socket.restrict()?;
            Ok(listener)
        };
        let named = format_args!("the socket in {}", service.data().path().display()).to_string();
        let listener = listen().map_err(|error| Fault::file(named, &error))?;
        let accepting = tokio::spawn(accept(listener, service, accounts));
        Ok(Server { socket, accepting })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
        if let Err(error) = self.socket.clear() {
            tracing::warn!(%error, "the socket could not be removed");
        }
    }
}

async fn accept(listener: UnixListener, service: Arc<Service>, accounts: Option<Arc<Accounts>>) {
    let slots = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    // They end with the server: what a client still wants to hear, nobody knows any more.
    let mut clients = JoinSet::new();
    loop {
        // The semaphore is never closed.
        let Ok(slot) = Arc::clone(&slots).acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, _)) => {
                let (service, accounts) = (Arc::clone(&service), accounts.clone());
                while clients.try_join_next().is_some() {}
                clients.spawn(async move {
                    if let Err(error) = serve(stream, &service, accounts.as_deref()).await {
                        tracing::debug!(%error, "a client of the socket went away");
                    }
                    drop(slot);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "the socket failed");
                tokio::time::sleep(LISTENER_PAUSE).await;
            }
        }
    }
}

async fn serve(mut stream: UnixStream, service: &Service, accounts: Option<&Accounts>) -> io::Result<()> {
    let user = stream.peer_cred()?.uid();
    if user != geteuid().as_raw() && user != 0 {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, format!("user {user} is not the owner")));
    }
    let (reader, mut writer) = stream.split();
    let mut line = Vec::new();
    let limit = MAX_REQUEST_BYTES as u64 + 1;
    let mut input = BufReader::new(reader.take(limit));
    timeout(REQUEST_TIMEOUT, input.read_until(b'\n', &mut line)).await.map_err(|_| io::ErrorKind::TimedOut)??;
    let ask = match Request::read(&line) {
        Ok(ask) => ask,
        Err(fault) => return say::<()>(&mut writer, Err(fault)).await,
    };
    match ask {
        Ask::Follow(business) => {
            service.wake(business).await;
            let mut events = match service.follow(business).await {
                Ok(events) => events,
                Err(fault) => return say::<()>(&mut writer, Err(fault)).await,
            };
            // The first answer says that from here on nothing is missed.
            say(&mut writer, Ok(())).await?;
            loop {
                tokio::select! {
                    event = events.recv() => match event {
                        Some(event) => say(&mut writer, Ok(WireEvent::from(event.as_ref()))).await?,
                        None => return Ok(()),
                    },
                    // The client has nothing more to say, so this is its end.
                    _ = input.read_u8() => return Ok(()),
                }
            }
        }
        Ask::Admin(ask) => say(&mut writer, admin::answer(accounts, service, ask).await).await,
        Ask::List => say(&mut writer, service.list().await).await,
        Ask::State(business) => {
            let now = service.now(business).await;
            say(&mut writer, now.map(|now| WireNow { state: now.state, head: now.head.into(), running: now.running })).await
        }
        Ask::Inbox(business) => say(&mut writer, service.inbox(business).await).await,
        Ask::Checkpoint(business) => say(&mut writer, service.checkpoint(business).await).await,
        Ask::Signed(business) => say(&mut writer, service.signed(business).await).await,
        Ask::Records { business, after, limit } => {
            let page = service.records(business, after, limit).await;
            say(&mut writer, page.map(|page| page.iter().filter_map(WireRecord::of).collect::<Vec<_>>())).await
        }
        Ask::Recheck { business, texts } => say(&mut writer, service.recheck(business, &texts).await).await,
        Ask::Bound { but } => say(&mut writer, service.bound(but).await).await,
        Ask::Contacts(business) => say(&mut writer, service.contacts(business).await).await,
        Ask::TellOf { business, who, news } => say(&mut writer, service.tell_of(business, &who, news).await).await,
        Ask::Import { business, list } => say(&mut writer, service.import(business, &list).await).await,
        Ask::Command { business, command } => say(&mut writer, service.command(business, command).await).await,
    }
}

async fn say<T: Serialize>(writer: &mut (impl AsyncWriteExt + Unpin), answer: Result<T, Fault>) -> io::Result<()> {
    let raw = |value: T| -> Result<Box<RawValue>, Fault> {
        let raw = to_raw_value(&value).map_err(|error| Fault::failed(format!("the answer cannot be written: {error}")))?;
        if raw.get().len() >= MAX_ANSWER_BYTES {
            return Err(Fault::failed(format!(
                "the answer is over the limit of {MAX_ANSWER_BYTES} bytes; stop the running bbb and ask again"
            )));
        }
        Ok(raw)
    };
    let answer = match answer.and_then(raw) {
        Ok(ok) => Answer { version: VERSION, ok: Some(ok), fault: None },
        Err(fault) => Answer { version: VERSION, ok: None, fault: Some(fault) },
    };
    let mut line = serde_json::to_vec(&answer)?;
    line.push(b'\n');
    timeout(ANSWER_TIMEOUT, writer.write_all(&line)).await.map_err(|_| io::ErrorKind::TimedOut)?
}
