//! Running a business in this process: until it is over, until a signal asks to stop, or until the engine itself paused a simulated one.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bbb_agents::handle::{BusinessHandle, Refused};
use bbb_core::event::{By, Event, Payload};
use bbb_core::id::BusinessId;
use bbb_core::projection::models::models;
use bbb_core::state::Status;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc::Receiver;

use crate::cli::access::{Holder, holder};
use crate::cli::business::{print_result, replay};
use crate::cli::progress::Progress;
use crate::cli::screen::Screen;
use crate::control::server::Server;
use crate::data_dir::{DataDir, is_held};
use crate::fault::Fault;
use crate::service::Service;
use crate::store::redb::RedbStore;

/// How long an interrupted run waits for effects that are under way.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(60);

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum End {
    /// The business is over.
    Over,
    /// A signal asked to stop; the business can be resumed.
    Interrupted,
    /// The engine paused a simulated business, in which nothing happens by itself any more.
    Paused(String),
}

/// This process, holding a data directory and listening in it.
pub(super) struct Session {
    pub(super) service: Arc<Service>,
    _server: Server,
}

/// Takes a directory that nobody else holds.
pub(super) fn take(data: &DataDir) -> Result<RedbStore, Fault> {
    match holder(data)? {
        Holder::This(store) => Ok(store),
        Holder::Other(_) => Err(is_held(data.path())),
    }
}

impl Session {
    /// Begins to listen. Must be called in a runtime.
    pub(super) fn begin(data: DataDir, store: RedbStore) -> Result<Session, Fault> {
        let service = Arc::new(Service::new(data, Arc::new(store)));
        let server = Server::listen(Arc::clone(&service))?;
        Ok(Session { service, _server: server })
    }

    /// Runs a business and prints what it came to.
    pub(super) async fn run(&self, handle: BusinessHandle, stop: &mut StopSignal, screen: &mut Screen) -> Result<(), Fault> {
        let id = handle.id();
        let end = self.watch(handle, stop, screen).await?;
        let simulated = self.show(id, screen, end != End::Over).await?;
        self.judge(id, end, simulated, screen)
    }

    /// Runs a business until that ends.
    pub(super) async fn watch(&self, handle: BusinessHandle, stop: &mut StopSignal, screen: &Screen) -> Result<End, Fault> {
        let id = handle.id();
        let end = watch(&handle, stop, screen).await;
        if matches!(end, Ok(End::Interrupted)) {
            // A second signal does not wait. What is under way then is settled by its recovery class when the business goes on.
            tokio::select! {
                drained = handle.drain(DRAIN_TIMEOUT) => {
                    if drained.is_err() {
                        screen.note("something is still under way; it may be in doubt when the business goes on");
                    }
                }
                () = stop.came() => {}
            }
        }
        handle.passivate().await;
        self.service.ended(id);
        // What it came to stands in the journal; that nobody signed it is a pity and no failure of the run.
        if let Err(fault) = self.service.checkpoint(id).await {
            screen.note(&format!("no checkpoint of {id} was written: {fault}"));
        }
        end
    }

    /// What an end means for the command: a simulated run that did not come to its end has no result, a live one is just not running now.
    pub(super) fn judge(&self, id: BusinessId, end: End, simulated: bool, screen: &Screen) -> Result<(), Fault> {
        let go_on = format!("go on with: bbb resume {id} --data {}", self.service.data().path().display());
        match end {
            End::Over => Ok(()),
            End::Interrupted if simulated => Err(Fault::failed(format!("interrupted before the end; {go_on}"))),
            End::Interrupted => {
                screen.note(&format!("interrupted; {go_on}"));
                Ok(())
            }
            End::Paused(reason) => Err(Fault::failed(format!("paused by the engine: {reason}; {go_on}"))),
        }
    }

    /// Prints what a business came to so far; says whether it is simulated. Of an unfinished one people see nothing but the note.
    pub(super) async fn show(&self, id: BusinessId, screen: &mut Screen, unfinished: bool) -> Result<bool, Fault> {
        let (events, head) = self.service.events(id).await?;
        let state = replay(id, &events)?;
        let models = models(&events);
        if !unfinished || screen.is_json() {
            print_result(screen, &state, &events, head, models.as_ref())?;
        }
        // Last, where it is seen: the report that says so as well is long.
        for warning in models.iter().flat_map(|models| &models.warnings) {
            screen.note(&format!("warning: {warning}"));
        }
        Ok(state.spec.world.is_simulated())
    }
}

/// Ctrl-C and its kin.
pub(super) struct StopSignal([Signal; 3]);

impl StopSignal {
    /// From here on such a signal does not end the process by itself. Must be called in a runtime.
    pub(super) fn catch() -> Result<StopSignal, Fault> {
        let catch = |kind| signal(kind).map_err(|error| Fault::failed(format!("signals cannot be caught: {error}")));
        Ok(StopSignal([catch(SignalKind::interrupt())?, catch(SignalKind::terminate())?, catch(SignalKind::hangup())?]))
    }

    pub(super) async fn came(&mut self) {
        let [interrupt, terminate, hangup] = &mut self.0;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
    }
}

async fn watch(handle: &BusinessHandle, stop: &mut StopSignal, screen: &Screen) -> Result<End, Fault> {
    let mut events = handle.subscribe().await?;
    let mut progress = Progress::new(&*handle.status().await?, Screen::is_watched());
    let mut over = pin!(handle.wait());
    loop {
        tokio::select! {
            biased;
            () = stop.came() => {
                progress.finish();
                screen.note("stopping: what is under way is finished, nothing new begins");
                return Ok(End::Interrupted);
            }
            event = events.recv() => match event {
                Some(event) => {
                    progress.show(&event);
                    if let Some(reason) = stands_still(&event, progress.is_simulated()) {
                        progress.finish();
                        return Ok(End::Paused(reason));
                    }
                }
                // Too far behind, and dropped: what was missed is in the journal.
                None => {
                    events = handle.subscribe().await?;
                    let state = handle.status().await?;
                    if let (true, Status::Paused { reason }) = (state.spec.world.is_simulated(), &state.status) {
                        progress.note(&format!("paused: {reason}"));
                    }
                    progress.catch_up(&state);
                }
            },
            ended = &mut over => {
                drain(&mut events, &mut progress);
                progress.finish();
                return match ended {
                    Ok(_) => Ok(End::Over),
                    Err(Refused::NotRunning) => Err(Fault::failed("the business's supervisor died; run: bbb resume")),
                    Err(refused) => Err(refused.into()),
                };
            }
        }
    }
}

fn drain(events: &mut Receiver<Arc<Event>>, progress: &mut Progress) {
    while let Ok(event) = events.try_recv() {
        progress.show(&event);
    }
}

/// A simulated clock stands still in a paused business. What the owner paused, the owner resumes; what the engine paused, nobody does by itself.
fn stands_still(event: &Event, simulated: bool) -> Option<String> {
    match &event.payload {
        Payload::Paused { by: By::Engine, reason } if simulated => Some(reason.clone()),
        _ => None,
    }
}
