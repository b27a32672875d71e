//! Rest and waking: a business with nothing to do leaves the memory, and comes back at its next moment or with whatever reaches it.

use std::sync::atomic::Ordering;
use std::sync::{Arc, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use bbb_agents::handle::Rest;
use bbb_agents::world::Pace;
use bbb_core::id::BusinessId;
use bbb_core::journal::store::BoxFuture;
use futures_util::{StreamExt, stream};
use tokio::time::Instant;

use super::Fleet;
use super::launch::LaunchError;
use super::rests::{Index, Resting};
use crate::accounts::BusinessRow;
use crate::fault::Fault;
use crate::service::running::Wake;

/// How often it is looked whether somebody must be woken, at least and at most: the clock may be set.
const LOOK_MOST: Duration = Duration::from_millis(50);
const LOOK_LEAST: Duration = Duration::from_secs(1);
/// How many businesses are asked at a time whether they have anything to do.
const ASKED_AT_A_TIME: usize = 64;

impl Fleet {
    pub(super) fn rests(&self) -> MutexGuard<'_, Index> {
        // Changed whole: a panic elsewhere leaves it as it was.
        self.rests.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes whoever must be, and brings to rest whoever may, until nothing is to be started any more.
    pub(crate) async fn tend(self: Arc<Self>) {
        if let Err(fault) = self.find_all().await {
            return tracing::error!(%fault, "no business was started");
        }
        let idle = Duration::from_secs(self.config.server.rest_after_s);
        let mut asked_at = Instant::now();
        while !self.resting.load(Ordering::SeqCst) {
            let more = self.wake_due().await;
            if asked_at.elapsed() >= idle / 4 {
                self.bring_idle_to_rest(idle).await;
                asked_at = Instant::now();
            }
            if !more {
                drop(tokio::time::timeout(idle.clamp(LOOK_MOST, LOOK_LEAST), self.stirred.notified()).await);
            }
        }
    }

    /// Finds who rests, from their rows. Whoever is not over and has none, or another than its journal's, must be woken.
    async fn find_all(&self) -> Result<(), Fault> {
        let rows = Arc::clone(&self.rows);
        let read = tokio::task::spawn_blocking(move || rows.all()).await;
        let mut rows = read.map_err(|error| Fault::failed(error.to_string()))??;
        let (now, listed) = (self.accounts.now(), self.service.store().list().await?);
        {
            let mut rests = self.rests();
            for listed in listed.into_iter().filter(|listed| !listed.ended && !self.service.is_running(listed.business)) {
                let row = rows.remove(&listed.business).filter(|row| row.sequence == listed.head.sequence);
                rests.put(listed.business, row.unwrap_or_else(|| Resting::unknown(now)));
            }
        }
        // What is left is over.
        self.write_rows(Vec::new(), rows.into_keys().collect()).await;
        Ok(())
    }

    /// Wakes those whose time has come, as many as there are places; says whether there may be more.
    async fn wake_due(self: &Arc<Self>) -> bool {
        let at_a_time = self.config.server.starts_at_a_time;
        let places = self.places().await;
        // A few at a time, so that the end of the daemon does not wait for all of them.
        let due = self.rests().due(self.accounts.now(), places.min(4 * at_a_time));
        let count = due.len();
        let starts = stream::iter(due).map(|id| async move {
            if let Err(fault) = self.start(id).await {
                tracing::error!(business = %id, %fault, "a business could not be started");
            }
        });
        starts.buffer_unordered(at_a_time).collect::<()>().await;
        count > 0 && places > 0
    }

    /// How many businesses may still be taken into memory. Where none may, those that have nothing to do just now make room.
    async fn places(&self) -> usize {
        let most = self.config.server.live_businesses;
        if self.service.count_running() >= most {
            self.bring_idle_to_rest(Duration::ZERO).await;
        }
        most.saturating_sub(self.service.count_running())
    }

    /// Admits one more business, or refuses it because its tenant has no more to compute, or the daemon is full.
    pub(super) async fn admit(&self, row: &BusinessRow) -> Result<(), LaunchError> {
        if row.pace == Pace::Fast
            && let Some(seconds) = self.shares.spent(row.tenant)
        {
            return Err(LaunchError::Spent { seconds });
        }
        match self.places().await {
            0 => Err(LaunchError::Full),
            _ => Ok(()),
        }
    }

    /// Brings every business to rest that has done nothing for `idle` and has nothing to do for as long.
    pub(super) async fn bring_idle_to_rest(&self, idle: Duration) {
        let brought = stream::iter(self.service.handles()).map(|handle| async move {
            let id = handle.id();
            let (mut row, mut is_real) = (None, false);
            let note = |rest: Rest| {
                is_real = !rest.simulated;
                let resting = Resting::new(rest, self.accounts.now());
                self.rests().put(id, resting);
                row = Some((id, resting));
            };
            self.service.bring_to_rest(&handle, idle, note).await;
            // A simulated one has nobody to lose what is not signed, and is signed when it is over.
            if is_real && let Err(fault) = self.service.checkpoint(id).await {
                tracing::warn!(business = %id, %fault, "no checkpoint was written");
            }
            row
        });
        let rows: Vec<_> = brought.buffer_unordered(ASKED_AT_A_TIME).filter_map(std::future::ready).collect().await;
        if !rows.is_empty() {
            self.write_rows(rows, Vec::new()).await;
            // Whoever follows one hears of its end there, and waits for its beginning here.
            self.changed();
        }
    }

    /// Writes rows. That they are missing costs time at the next start, and nothing else.
    pub(super) async fn write_rows(&self, put: Vec<(BusinessId, Resting)>, gone: Vec<BusinessId>) {
        let rows = Arc::clone(&self.rows);
        let written = tokio::task::spawn_blocking(move || rows.write(&put, &gone)).await;
        if let Err(fault) = written.map_err(|error| Fault::failed(error.to_string())).flatten() {
            tracing::warn!(%fault, "the next start will wake businesses that could rest");
        }
    }

    /// A business is being started, in its turn: it rests no more. Returns what of its time passed while it did.
    pub(super) async fn wakes(&self, id: BusinessId) -> Result<Option<i64>, Fault> {
        let Some(resting) = self.rests().take(id) else { return Ok(None) };
        let head = self.service.store().look(id).await?.map(|listed| listed.head.sequence);
        // What was written since was written at its last event's time.
        Ok(resting.passed_ms(self.accounts.now()).filter(|_| head == Some(resting.sequence)))
    }
}

/// What wakes the businesses of a fleet, while there is one: the service that it uses holds this.
pub(crate) struct Waker(pub(crate) Weak<Fleet>);

impl Wake for Waker {
    fn wake(&self, id: BusinessId) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            // Where it is full, or it cannot be started, what it is told stands in its journal until it is.
            if let Some(fleet) = self.0.upgrade()
                && fleet.rests().get(id).is_some()
                && fleet.places().await > 0
                && let Err(fault) = fleet.start(id).await
            {
                tracing::error!(business = %id, %fault, "a business could not be woken");
            }
        })
    }

    fn told(&self, id: BusinessId) {
        let Some(fleet) = self.0.upgrade() else { return };
        let now = fleet.accounts.now();
        let mut rests = fleet.rests();
        if let Some(resting) = rests.get(id) {
            rests.put(id, Resting { wake_at: Some(now), ..resting });
            fleet.stirred.notify_one();
        }
    }

    fn rests(&self, id: BusinessId) -> bool {
        self.0.upgrade().is_some_and(|fleet| fleet.rests().get(id).is_some())
    }
}
