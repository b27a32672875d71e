//! The businesses that run in this process: from when they are started until they have ended here.

use std::sync::Arc;

use bbb_agents::handle::BusinessHandle;
use bbb_core::event::Payload;
use bbb_core::id::BusinessId;
use bbb_core::journal::store::Store;

use crate::checkpoints::Checkpoints;
use crate::desk::Desk;
use crate::service::{Running, Service};

impl Service {
    /// Starts a business, whose leads `desk` scores, and makes it known, in one turn: whoever tells it something meanwhile waits, and then tells the running
    /// one.
    ///
    /// # Errors
    /// Those of `starting`.
    pub async fn start<E>(
        &self,
        desk: Option<Arc<Desk>>,
        starting: impl Future<Output = Result<BusinessHandle, E>>,
    ) -> Result<BusinessHandle, E> {
        let _turn = self.turn.lock().await;
        let handle = starting.await?;
        self.now_runs(&handle, desk);
        Ok(handle)
    }

    /// The same where `starting` may find that there is nothing to start.
    ///
    /// # Errors
    /// Those of `starting`.
    pub async fn start_unless<E>(
        &self,
        desk: Option<Arc<Desk>>,
        starting: impl Future<Output = Result<Option<BusinessHandle>, E>>,
    ) -> Result<Option<BusinessHandle>, E> {
        let _turn = self.turn.lock().await;
        let started = starting.await?;
        if let Some(handle) = &started {
            self.now_runs(handle, desk);
        }
        Ok(started)
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
