//! The businesses that run in this process: from when they are started until they have ended here.

use std::sync::Arc;
use std::time::Duration;

use bbb_agents::handle::{BusinessHandle, Rest};
use bbb_core::event::Payload;
use bbb_core::id::BusinessId;
use bbb_core::journal::store::{BoxFuture, Store};

use crate::checkpoints::Checkpoints;
use crate::desk::Desk;
use crate::service::{Running, Service};

/// What wakes businesses that rest.
pub(crate) trait Wake: Send + Sync {
    /// Wakes a business, if it rests.
    fn wake(&self, id: BusinessId) -> BoxFuture<'_, ()>;
    /// Something was written to a business while it rested: it is woken soon.
    fn told(&self, id: BusinessId);
    /// Whether a business rests, and is woken at its next moment.
    fn rests(&self, id: BusinessId) -> bool;
}

impl Service {
    /// Has businesses that rest woken by this before they are told something.
    pub(crate) fn woken_by(&self, waker: Box<dyn Wake>) {
        // Set once, when the daemon starts; where nothing is set, nothing rests.
        drop(self.waker.set(waker));
    }

    /// Whether a business rests here.
    pub(crate) fn rests(&self, id: BusinessId) -> bool {
        self.waker.get().is_some_and(|waker| waker.rests(id))
    }

    /// Whether a business runs here, if only at rest until its next moment.
    pub(crate) fn runs(&self, id: BusinessId) -> bool {
        self.is_running(id) || self.rests(id)
    }

    /// Something was written to a business that runs nowhere: if it rests here, it is woken soon.
    pub(super) fn told(&self, id: BusinessId) {
        if let Some(waker) = self.waker.get() {
            waker.told(id);
        }
    }

    /// Wakes a business, if it rests here. Where that fails it is told all the same, in its journal.
    pub(crate) async fn wake(&self, id: BusinessId) {
        if let Some(waker) = self.waker.get() {
            waker.wake(id).await;
        }
    }

    /// Brings a business to rest in its turn, where it may; see [`BusinessHandle::rest`]. `note` is told how it rests before anybody can tell it something.
    pub(crate) async fn bring_to_rest(&self, handle: &BusinessHandle, idle: Duration, note: impl FnOnce(Rest)) {
        let id = handle.id();
        let _turn = self.turns.of(id).await;
        if let Ok(Some(rest)) = handle.rest(idle).await {
            self.all_running().remove(&id);
            note(rest);
        }
    }

    /// Whether these actors are those of a business that runs here. Once it is brought to rest they are not.
    pub(crate) async fn still_runs(&self, handle: &BusinessHandle) -> bool {
        let _turn = self.turns.of(handle.id()).await;
        self.running(handle.id()).is_some_and(|running| running.handle.is_of(handle))
    }

    /// How many businesses run here.
    pub(crate) fn count_running(&self) -> usize {
        self.all_running().len()
    }

    /// Starts a business, whose leads `desk` scores, and makes it known, in one turn: whoever tells it something meanwhile waits, and then tells the running
    /// one.
    ///
    /// # Errors
    /// Those of `starting`.
    pub async fn start<E>(
        &self,
        id: BusinessId,
        desk: Option<Arc<Desk>>,
        starting: impl Future<Output = Result<BusinessHandle, E>>,
    ) -> Result<BusinessHandle, E> {
        let _turn = self.turns.of(id).await;
        let handle = starting.await?;
        self.now_runs(&handle, desk);
        Ok(handle)
    }

    /// The same where `starting` may find that there is nothing to start, and finds who scores its leads.
    ///
    /// # Errors
    /// Those of `starting`.
    pub async fn start_unless<E>(
        &self,
        id: BusinessId,
        starting: impl Future<Output = Result<Option<(BusinessHandle, Option<Arc<Desk>>)>, E>>,
    ) -> Result<Option<BusinessHandle>, E> {
        let _turn = self.turns.of(id).await;
        let Some((handle, desk)) = starting.await? else { return Ok(None) };
        self.now_runs(&handle, desk);
        Ok(Some(handle))
    }

    fn now_runs(&self, handle: &BusinessHandle, desk: Option<Arc<Desk>>) {
        self.all_running().insert(handle.id(), Running { handle: handle.clone(), desk });
        tokio::spawn(sign_days(handle.clone(), Arc::clone(&self.store), Arc::clone(&self.checkpoints)));
    }

    /// Whether a business runs here.
    pub fn is_running(&self, id: BusinessId) -> bool {
        self.all_running().contains_key(&id)
    }

    /// All businesses that run here.
    pub fn handles(&self) -> Vec<BusinessHandle> {
        self.all_running().values().map(|running| running.handle.clone()).collect()
    }

    /// A business does not run here any more.
    pub fn ended(&self, id: BusinessId) {
        self.all_running().remove(&id);
    }
}

/// Signs a checkpoint whenever a business closes a day, while it runs. A simulated one has nobody to lose its days, and is signed when it rests.
async fn sign_days(handle: BusinessHandle, store: Arc<dyn Store>, checkpoints: Arc<Checkpoints>) {
    let id = handle.id();
    if !handle.status().await.is_ok_and(|state| !state.spec.world.is_simulated()) {
        return;
    }
    // A subscriber that falls behind is dropped, and subscribes again: it may have missed a day, and the next one covers it.
    while let Ok(mut events) = handle.subscribe().await {
        while let Some(event) = events.recv().await {
            if matches!(event.payload, Payload::DayClosed { .. })
                && let Err(error) = checkpoints.make(store.as_ref(), id).await
            {
                tracing::warn!(%error, business = %id, "no checkpoint was written");
            }
        }
        if handle.status().await.is_ok_and(|state| state.status.is_over()) {
            return;
        }
    }
}
