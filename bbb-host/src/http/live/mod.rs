//! Live events: what happened in a business from some event on, and what happens from there, without a gap and without anything twice.
//!
//! A producer reads the journal up to its end, then follows the running business; where it falls behind that, or the business ceases to run, it reads the journal again
//! from where it was. It stops for a reader who takes nothing for a while. So one reader holds a page of the journal, a queue of the business's and a short one of its
//! own at most, and whoever was dropped goes on from the last event that it has.

mod sse;
#[cfg(test)]
mod tests;
mod ws;

pub(crate) use self::sse::{__path_events, events};
pub(crate) use self::ws::{__path_dashboard, dashboard};

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bbb_core::id::BusinessId;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use tokio::sync::mpsc::Receiver;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval_at, timeout};
use utoipa::{IntoParams, ToSchema};

use crate::accounts::id::UserId;
use crate::accounts::rights::{Action, may};
use crate::fault::Fault;
use crate::http::App;
use crate::http::auth::{Caller, Theirs};
use crate::http::dto::Entry;
use crate::http::problem::{Problem, What};

/// The most readers of one user at a time.
const MAX_READERS: usize = 16;
/// Events of the journal that are read at a time.
const PAGE: usize = 128;
/// Events that wait for a reader.
const QUEUE: usize = 64;
/// How long a reader may take nothing.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often a reader hears that the line is good, where nothing happens. Then it is also looked whether it may still read.
const BEAT: Duration = Duration::from_secs(15);

/// Where to begin.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct After {
    /// The event after which to begin; 0, for the first, where it is not given.
    after: Option<u64>,
}

/// Why a reader hears no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Reason {
    /// The business is over: there is no more.
    Ended,
    /// The daemon is ending: come again.
    GoingAway,
    /// Nothing was taken for too long: come again, and read more quickly.
    TooSlow,
    /// The access token is over, or the right to read: come again with a new one.
    NotAllowed,
    /// Something went wrong here: come again.
    Failed,
}

/// The last word to a reader.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Farewell {
    /// Why.
    reason: Reason,
    /// The last event that was sent; go on after it.
    resume_after: u64,
}

/// What a reader hears.
#[derive(Debug)]
enum Message {
    Event(Box<Entry>),
    Beat,
}

/// Who reads now.
#[derive(Debug, Default)]
pub(crate) struct Readers(Mutex<BTreeMap<UserId, usize>>);

/// A place among them; dropped, it is free.
#[derive(Debug)]
pub(crate) struct Seat {
    readers: Arc<Readers>,
    user: UserId,
}

impl Readers {
    fn admit(self: &Arc<Self>, user: UserId) -> Result<Seat, Problem> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(user).or_insert(0);
        if *count >= MAX_READERS {
            return Err(
                Problem::new(What::TooMany, format!("{MAX_READERS} of your connections read live events already: close one")).after(5)
            );
        }
        *count += 1;
        Ok(Seat { readers: Arc::clone(self), user })
    }
}

impl Readers {
    /// Whether nobody reads.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut counts = self.readers.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.user) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.user);
            }
        }
    }
}

/// A reader's end: messages, and after the last of them why there are no more.
struct Line {
    messages: Receiver<Message>,
    producer: JoinHandle<Farewell>,
    _seat: Seat,
}

/// What comes over a line.
enum Heard {
    Message(Message),
    Farewell(Farewell),
}

impl Line {
    /// The next of it; nothing after the farewell.
    async fn hear(&mut self) -> Option<Heard> {
        if let Some(message) = self.messages.recv().await {
            return Some(Heard::Message(message));
        }
        if self.producer.is_finished() && self.messages.is_closed() && self.messages.capacity() == 0 {
            return None;
        }
        // A producer that panicked has nothing to say about where it was.
        (&mut self.producer).await.ok().map(Heard::Farewell)
    }
}

/// Begins to read. Nothing where the business is over and the reader has heard all of it.
async fn begin(app: &Arc<App>, theirs: &Theirs, after: u64) -> Result<Option<Line>, Problem> {
    let id = theirs.to(Action::View)?;
    let seat = app.readers.admit(theirs.caller.identity.user.id)?;
    let (end, ended) = end(app, id).await?;
    if after > end {
        return Err(Problem::field("after", format!("is beyond the last event, {end}")));
    }
    if ended && after == end {
        return Ok(None);
    }
    let (sender, messages) = mpsc::channel(QUEUE);
    let producer = Producer { app: Arc::clone(app), caller: theirs.caller.clone(), id, after, sender };
    Ok(Some(Line { messages, producer: tokio::spawn(producer.run()), _seat: seat }))
}

/// Where a journal ends, and whether that is its end for good.
async fn end(app: &App, id: BusinessId) -> Result<(u64, bool), Fault> {
    Ok(app.service.store().look(id).await?.map_or((0, false), |listed| (listed.head.sequence, listed.ended)))
}

struct Producer {
    app: Arc<App>,
    caller: Caller,
    id: BusinessId,
    after: u64,
    sender: mpsc::Sender<Message>,
}

/// How an attempt to say something ended, where it did not go through.
enum Stop {
    /// The reader went away: nobody hears why.
    Gone,
    Because(Reason),
}

impl From<Problem> for Stop {
    fn from(_: Problem) -> Stop {
        Stop::Because(Reason::Failed)
    }
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Stop {
        tracing::error!(%fault, "live events failed");
        Stop::Because(Reason::Failed)
    }
}

impl Producer {
    async fn run(mut self) -> Farewell {
        let reason = match self.produce().await {
            Ok(()) => Reason::Ended,
            Err(Stop::Because(reason)) => reason,
            Err(Stop::Gone) => Reason::GoingAway,
        };
        Farewell { reason, resume_after: self.after }
    }

    async fn say(&self, message: Message) -> Result<(), Stop> {
        match timeout(PATIENCE, self.sender.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(Stop::Gone),
            Err(_) => Err(Stop::Because(Reason::TooSlow)),
        }
    }

    async fn tell(&mut self, entry: Entry) -> Result<(), Stop> {
        let sequence = entry.sequence;
        self.say(Message::Event(Box::new(entry))).await?;
        self.after = sequence;
        Ok(())
    }

    fn may_read(&self) -> bool {
        let Ok(identity) = self.app.accounts.identify(&self.caller.token) else { return false };
        let Ok(Some(row)) = self.app.accounts.business(self.id) else { return false };
        matches!(self.app.accounts.role(identity.user.id, row.tenant), Ok(Some(role)) if may(role, Action::View))
    }

    /// Tells all of it until the business is over.
    async fn produce(&mut self) -> Result<(), Stop> {
        let (mut ending, mut changes) = (self.app.ending.clone(), self.app.fleet.changes());
        let mut beats = interval_at(tokio::time::Instant::now() + BEAT, BEAT);
        beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            // Before the journal is read: whatever is committed after that comes this way.
            changes.mark_unchanged();
            let mut live = self.app.service.follow(self.id).await.ok();
            if self.catch_up().await? && live.is_none() {
                return Ok(());
            }
            loop {
                tokio::select! {
                    event = next(&mut live) => match event {
                        Some(event) if event.sequence <= self.after => {}
                        Some(event) if event.sequence == self.after + 1 => self.tell(Entry::of(&event)?).await?,
                        // Too far behind, or the business ceased to run: what is missing is in the journal.
                        _ => break,
                    },
                    changed = changes.changed(), if live.is_none() => match changed {
                        Ok(()) => break,
                        Err(_) => return Err(Stop::Because(Reason::GoingAway)),
                    },
                    _ = beats.tick() => {
                        if !self.may_read() {
                            return Err(Stop::Because(Reason::NotAllowed));
                        }
                        self.say(Message::Beat).await?;
                    }
                    () = async { drop(ending.wait_for(|ending| *ending).await) } => return Err(Stop::Because(Reason::GoingAway)),
                }
            }
        }
    }

    /// Tells what the journal has; says whether the business is over.
    async fn catch_up(&mut self) -> Result<bool, Stop> {
        loop {
            let (end, ended) = end(&self.app, self.id).await?;
            let page = self.app.service.records(self.id, self.after, PAGE).await?;
            for record in &page {
                let event = record.decode().map_err(Fault::from)?;
                // The same as it was told when it happened, and so without its hash.
                self.tell(Entry::of(&event)?).await?;
            }
            if self.after >= end || page.is_empty() {
                return Ok(ended);
            }
            if *self.app.ending.borrow() {
                return Err(Stop::Because(Reason::GoingAway));
            }
        }
    }
}

async fn next(live: &mut Option<Receiver<Arc<bbb_core::event::Event>>>) -> Option<Arc<bbb_core::event::Event>> {
    match live {
        Some(live) => live.recv().await,
        None => std::future::pending().await,
    }
}
