//! Launches: a business gets its row, its keys and its journal, in this order, and runs.

use std::sync::Arc;

use bbb_core::id::BusinessId;
use bbb_core::money::Cents;
use bbb_core::oversight::charter::Charter;
use bbb_core::spec::Spec;

use super::{Fleet, conditions};
use crate::accounts::id::TenantId;
use crate::accounts::{BusinessRow, Error};
use crate::charter::Kept;
use crate::fault::{Fault, Kind};
use crate::leads::{self, Lead};
use crate::wiring;

/// What is launched.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    /// Its nonce was drawn for it: no other launch has the same.
    pub(crate) spec: Spec,
    pub(crate) charter: Charter,
    /// Whom it knows from the beginning. None in a simulated world.
    pub(crate) leads: Vec<Lead>,
}

impl Fleet {
    /// Launches a business for a tenant. It has its row before it has a journal; where it does not come to that, it has neither. One that was launched already stays as it
    /// is: whoever launches the same nonce again does so because nobody heard of the first time.
    pub(crate) async fn launch(self: &Arc<Self>, plan: Plan, row: BusinessRow) -> Result<BusinessId, LaunchError> {
        let Plan { spec, charter, leads } = plan;
        let engine = wiring::engine(Arc::clone(self.service.store()), spec.mind, charter.clone());
        let spec = engine.prepare(spec);
        let (id, is_real) = (spec.id(), !spec.world.is_simulated());
        if is_real {
            wiring::configured(&spec, &self.config).map_err(LaunchError::NotSetUp)?;
        }
        wiring::check(&spec, &self.config)?;
        self.admit(&row).await?;
        // Two at once would both find the same money left. What moves none waits for nobody.
        let _turn = if is_real { Some(self.allotting.lock().await) } else { None };
        // The moment at which a real one is launched is in its id, so it is not known by that.
        if is_real && let Some(before) = self.launched_as(row.tenant, &spec.nonce).await? {
            return Ok(before);
        }
        let over = self.over_of(row.tenant).await?;
        match self.accounts.claim(id, row.clone(), self.config.server.businesses_per_tenant, over).await {
            Err(Error::Conflict(_)) if self.service.now(id).await.is_ok() => return Ok(id),
            claimed => claimed?,
        }
        let launched = async {
            let wanted = spec.caps.real_money.total;
            if wanted > Cents::ZERO {
                self.allot(id, wanted).await?;
            }
            let vault = self.service.new_vault(id, &spec).await?;
            // Each new key waits for the disk.
            let sealing = vault.clone();
            let arrivals = tokio::task::spawn_blocking(move || leads::arrivals(&leads, &sealing)).await;
            let arrivals = arrivals.map_err(|error| Fault::failed(format!("the leads could not be sealed: {error}")))??;
            let wired = wiring::world_under(conditions(&row), &spec, &self.config, vault)?;
            if let Some(desk) = &wired.desk {
                arrivals.iter().for_each(|arrival| desk.learn(&arrival.signal));
            }
            Kept::of(self.service.data(), id).settle(&charter)?;
            let world = self.at_its_pace(wired.world, Some(&row));
            Ok::<_, Fault>(self.service.start(id, wired.desk, engine.launch_with(spec.clone(), world, arrivals)).await?)
        };
        let handle = match launched.await {
            Ok(handle) => handle,
            Err(fault) => {
                // Unless it was launched after all, and only its actors could not be started: then it has a journal, and is somebody's.
                if matches!(self.service.now(id).await, Err(Fault { kind: Kind::NotFound, .. })) {
                    self.accounts.disclaim(id).await?;
                }
                return Err(fault.into());
            }
        };
        self.changed();
        self.stay_with(handle);
        Ok(id)
    }

    /// The real business of a tenant that was launched with this nonce.
    async fn launched_as(&self, tenant: TenantId, nonce: &str) -> Result<Option<BusinessId>, LaunchError> {
        for (id, _) in self.accounts.businesses(tenant, None, usize::MAX)? {
            // One without a journal is just being launched.
            if self.service.launched(id).await?.is_some_and(|spec| !spec.world.is_simulated() && spec.nonce == nonce) {
                return Ok(Some(id));
            }
        }
        Ok(None)
    }
}

/// Why nothing was launched.
#[derive(Debug)]
pub(crate) enum LaunchError {
    Account(Error),
    Fault(Fault),
    /// The configuration is not one for such a business.
    NotSetUp(Fault),
    /// As many businesses are in memory as may be, and none of them rests.
    Full,
    /// The tenant's businesses at full speed have computed as much as they may; in so many seconds they may go on.
    Spent {
        seconds: u64,
    },
}

impl From<Error> for LaunchError {
    fn from(error: Error) -> LaunchError {
        LaunchError::Account(error)
    }
}

impl From<Fault> for LaunchError {
    fn from(fault: Fault) -> LaunchError {
        LaunchError::Fault(fault)
    }
}
