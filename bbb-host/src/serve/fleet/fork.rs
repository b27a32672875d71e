//! Forks: a simulated business goes on from an event with something different, as another business of the same tenant.

use std::sync::Arc;

use bbb_agents::fork::{check, fork_id};
use bbb_core::fork::Change;
use bbb_core::id::BusinessId;
use bbb_core::money::Cents;
use bbb_core::oversight::charter::Charter;

use super::Fleet;
use super::launch::LaunchError;
use crate::accounts::{BusinessRow, Error};
use crate::charter::Kept;
use crate::fault::{Fault, Kind};
use crate::wiring;

impl Fleet {
    /// Forks a business after an event, and runs the fork. Asked the same again, the same fork is found and stays as it is. `charter` is that of the change; where that
    /// has none, the fork goes on under the source's.
    pub(crate) async fn fork(
        self: &Arc<Self>,
        (source, at): (BusinessId, u64),
        change: Change,
        charter: Option<Charter>,
        row: BusinessRow,
    ) -> Result<BusinessId, LaunchError> {
        let service = &self.service;
        let (events, _) = service.events(source).await?;
        let (_, before) = check(source, &events, at, &change).map_err(Fault::from)?;
        drop(events);
        let id = fork_id(source, at, &change);
        wiring::check(&before.spec, &self.config)?;
        let charter = match charter {
            Some(charter) => charter,
            None => service.charter(source).await?,
        };
        self.admit(&row).await?;
        // Two at once would both find the same money left.
        let _turn = self.allotting.lock().await;
        let tenant = row.tenant;
        let over = self.over_of(tenant).await?;
        match self.accounts.claim(id, row, self.config.server.businesses_per_tenant, over).await {
            Err(Error::Conflict(text)) => {
                let theirs = self.accounts.business(id)?.is_some_and(|row| row.tenant == tenant);
                if theirs && service.now(id).await.is_ok() {
                    return Ok(id);
                }
                return Err(Error::Conflict(text).into());
            }
            claimed => claimed?,
        }
        let forked = async {
            let wanted = before.spec.caps.real_money.total;
            if wanted > Cents::ZERO {
                self.allot(id, wanted).await?;
            }
            // Before the fork, whose event names their digest.
            Kept::of(service.data(), id).settle(&charter)?;
            let engine = wiring::engine(Arc::clone(service.store()), before.spec.mind, charter);
            Ok::<_, Fault>(engine.fork(source, at, change).await?)
        };
        if let Err(fault) = forked.await {
            if matches!(service.now(id).await, Err(Fault { kind: Kind::NotFound, .. })) {
                self.accounts.disclaim(id).await?;
            }
            return Err(fault.into());
        }
        // It is there. Where it cannot be started, its trouble says why.
        if let Err(fault) = self.start(id).await {
            tracing::error!(business = %id, %fault, "a fork could not be started");
        }
        Ok(id)
    }
}
