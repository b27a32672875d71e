//! The fleet: the businesses that run in this process, from their launch or their resumption until they are over or the daemon rests.
//!
//! One that has nothing to do for a while is brought to rest: nothing of it stays in memory but when it must be woken. `rest` does that, `rests` remembers it.

mod fork;
pub(crate) mod rest;
mod rests;
mod shares;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bbb_agents::conditions::{Conditions, OwnerKind};
use bbb_agents::handle::{BusinessHandle, Command, Refused};
use bbb_agents::world::{Pace, World};
use bbb_core::action::ActionKind;
use bbb_core::budget::Caps;
use bbb_core::id::BusinessId;
use bbb_core::oversight::charter::Charter;
use bbb_core::spec::{Autonomy, Spec};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

use crate::accounts::id::TenantId;
use crate::accounts::{Accounts, BusinessRow, Error, Owner};
use crate::allotment;
use crate::charter::Kept;
use crate::config::Config;
use crate::fault::{Fault, Kind};
use crate::service::{Service, now, unknown};
use crate::wiring;

/// How long a business may take to end what it has under way when the daemon ends.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(30);
/// How long one that stands still, since its journal cannot be written, is left alone before it is looked at again.
const STILL: Duration = Duration::from_secs(60);
/// How often one whose actors died is started again, and the wait before the first time, which doubles.
const MAX_RESTARTS: u32 = 8;
const RESTART_WAIT: Duration = Duration::from_secs(1);

/// The businesses of this process.
pub(crate) struct Fleet {
    /// Who rests, on disk. Closed before anything else, so that whoever starts next finds it closed.
    rows: Arc<rests::Rows>,
    service: Arc<Service>,
    accounts: Arc<Accounts>,
    config: Config,
    /// Why businesses that should run do not.
    troubles: Mutex<BTreeMap<BusinessId, String>>,
    /// Changes whenever a business begins or ceases to run, or is told something while it does not.
    changes: watch::Sender<u64>,
    resting: AtomicBool,
    /// Those who stay with the businesses that run.
    keepers: Mutex<JoinSet<()>>,
    /// Held while what a business may do or use is set by what it may now.
    allotting: tokio::sync::Mutex<()>,
    /// Those that rest, or wait until they are started.
    rests: Mutex<rests::Index>,
    /// Somebody must be woken earlier than was known.
    stirred: Notify,
    /// Who lets those at full speed take turns.
    shares: Arc<shares::Sharing>,
}

impl Fleet {
    /// The fleet of a data directory, in which nothing runs yet. Blocks.
    ///
    /// # Errors
    /// [`Fault`] where it cannot be kept which businesses rest.
    pub(crate) fn open(service: Arc<Service>, accounts: Arc<Accounts>, config: Config) -> Result<Fleet, Fault> {
        let (changes, _) = watch::channel(0);
        let rows = Arc::new(rests::Rows::open(service.data().path())?);
        let shares = Arc::new(shares::Sharing::new(config.server.fast_at_a_time, config.server.fast_events_per_hour));
        Ok(Fleet {
            service,
            accounts,
            config,
            troubles: Mutex::default(),
            changes,
            resting: AtomicBool::new(false),
            allotting: tokio::sync::Mutex::default(),
            keepers: Mutex::default(),
            rests: Mutex::default(),
            rows,
            stirred: Notify::new(),
            shares,
        })
    }

    /// Hears of changes that no business tells by itself.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    fn changed(&self) {
        self.changes.send_modify(|count| *count += 1);
    }

    /// Why a business that should run does not.
    pub(crate) fn trouble(&self, id: BusinessId) -> Option<String> {
        self.troubles.lock().unwrap_or_else(PoisonError::into_inner).get(&id).cloned()
    }

    /// Those that should run and do not.
    pub(crate) fn troubled(&self) -> BTreeSet<BusinessId> {
        self.troubles.lock().unwrap_or_else(PoisonError::into_inner).keys().copied().collect()
    }

    fn note(&self, id: BusinessId, trouble: Option<String>) {
        let mut troubles = self.troubles.lock().unwrap_or_else(PoisonError::into_inner);
        match trouble {
            Some(trouble) => troubles.insert(id, trouble),
            None => troubles.remove(&id),
        };
    }

    /// Launches a business for a tenant. It has its row before it has a journal; where it does not come to that, it has neither. One that was launched already stays as it
    /// is.
    pub(crate) async fn launch(self: &Arc<Self>, spec: Spec, row: BusinessRow) -> Result<BusinessId, LaunchError> {
        let charter = Charter::shipped().clone();
        let engine = wiring::engine(Arc::clone(self.service.store()), spec.mind, charter.clone());
        let spec = engine.prepare(spec);
        let id = spec.id();
        wiring::check(&spec, &self.config)?;
        self.admit(&row).await?;
        let over = self.over_of(row.tenant).await?;
        match self.accounts.claim(id, row.clone(), self.config.server.businesses_per_tenant, over).await {
            // Its nonce was drawn: whoever launches it again does so because nobody heard of the first time.
            Err(Error::Conflict(_)) if self.service.now(id).await.is_ok() => return Ok(id),
            claimed => claimed?,
        }
        let launched = async {
            let vault = self.service.new_vault(id, &spec).await?;
            let wired = wiring::world_under(conditions(&row), &spec, &self.config, vault)?;
            Kept::of(self.service.data(), id).settle(&charter)?;
            let world = self.at_its_pace(wired.world, Some(&row));
            Ok::<_, Fault>(self.service.start(id, wired.desk, engine.launch(spec.clone(), world)).await?)
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

    /// Starts a business from its journal, unless it runs or is over. One that was paused stays paused.
    pub(crate) async fn start(self: &Arc<Self>, id: BusinessId) -> Result<(), Fault> {
        let started = self.start_again(id).await;
        if started.is_err() {
            // It is not tried again by itself.
            self.rests().take(id);
        }
        self.note(id, started.as_ref().err().map(|fault| fault.message.clone()));
        if let Some(handle) = started? {
            self.changed();
            self.stay_with(handle);
        }
        Ok(())
    }

    async fn start_again(&self, id: BusinessId) -> Result<Option<BusinessHandle>, Fault> {
        let service = &self.service;
        // Within the turn of the start: nobody else starts it, or changes the owner's policies, between here and there.
        let starting = async {
            if self.resting.load(Ordering::SeqCst) {
                return Ok(None);
            }
            let ended = service.store().look(id).await?.ok_or_else(|| unknown(id))?.ended;
            if ended || service.is_running(id) {
                self.rests().take(id);
                return Ok(None);
            }
            let row = self.accounts.business(id)?;
            let taken = service.engine().take(id).await?;
            let state = taken.state();
            let spec = Arc::clone(&state.spec);
            let conditions = row.as_ref().map(conditions).unwrap_or_default();
            let wired = wiring::world_under(conditions, &spec, &self.config, service.vault(id, &spec)?)?;
            if let Some(desk) = &wired.desk {
                desk.learn_all(state);
            }
            let world = self.at_its_pace(wired.world, row.as_ref());
            let charter = service.charter_named(id, &spec.versions.charter)?;
            let passed_ms = self.wakes(id).await?;
            let engine = wiring::engine(Arc::clone(service.store()), spec.mind, charter);
            let handle = engine.resume_taken(taken, world.after(passed_ms)).await?;
            Ok::<_, Fault>(Some((handle, wired.desk)))
        };
        service.start_unless(id, starting).await
    }

    /// A world at the pace of a business. At full speed it shares the processor with the others.
    fn at_its_pace(&self, world: World, row: Option<&BusinessRow>) -> World {
        let pace = row.map_or(Pace::Fast, |row| row.pace);
        world.paced(pace).sharing(self.shares.of(row.map(|row| row.tenant)))
    }

    /// Lets a business go on: one that is paused, one that stands still, and one that does not run.
    pub(crate) async fn resume(self: &Arc<Self>, id: BusinessId) -> Result<(), Fault> {
        let state = self.service.now(id).await?.state;
        if state.status.is_over() {
            return Err(Refused::Status(state.status.as_str().to_owned()).into());
        }
        self.start(id).await?;
        self.command(id, Command::Resume).await
    }

    /// Tells a business something.
    pub(crate) async fn command(&self, id: BusinessId, command: Command) -> Result<(), Fault> {
        let told = self.service.command(id, command).await;
        self.changed();
        told
    }

    /// Sets what a business may use, by changing what it may use now. More real money must be left to allot; less always is.
    pub(crate) async fn set_caps(&self, id: BusinessId, change: impl FnOnce(&mut Caps)) -> Result<(), Fault> {
        // Two at once would both find the same money left.
        let _turn = self.allotting.lock().await;
        let before = self.service.now(id).await?.state.books.caps;
        let mut caps = before;
        change(&mut caps);
        let wanted = caps.real_money.total;
        if wanted > before.real_money.total {
            allotment::admit(self.service.data(), self.config.owner.money_usd, self.service.bound(Some(id)).await?, wanted)?;
        }
        self.command(id, Command::SetCaps(Box::new(caps))).await
    }

    /// Sets how much a business may do without asking. Before that, `admit` is told whether it is more than now, and may refuse; nobody else sets it in between.
    pub(crate) async fn set_autonomy<E>(
        &self,
        id: BusinessId,
        kind: Option<ActionKind>,
        level: Autonomy,
        admit: impl FnOnce(bool) -> Result<(), E>,
    ) -> Result<Result<(), E>, Fault> {
        let _turn = self.allotting.lock().await;
        let state = self.service.now(id).await?.state;
        let plan = &state.autonomy;
        let more = match kind {
            None => level > plan.base,
            // A kind that gets its first own level keeps it when all others are lowered: the same level is not less.
            Some(kind) => plan.by_kind.get(&kind).map_or(level >= plan.base, |own| level > *own),
        };
        match admit(more) {
            Ok(()) => self.command(id, Command::SetAutonomy(kind, Some(level))).await.map(Ok),
            Err(refusal) => Ok(Err(refusal)),
        }
    }

    /// Changes the owner's policies, where they still are those of this charter's digest; says whether they were.
    pub(crate) async fn change_charter(&self, id: BusinessId, text: String, from: &str) -> Result<bool, Fault> {
        let changed = self.service.change_charter(id, text, from).await;
        self.changed();
        changed
    }

    /// The businesses of a tenant that are over.
    async fn over_of(&self, tenant: TenantId) -> Result<BTreeSet<BusinessId>, LaunchError> {
        let mut over = BTreeSet::new();
        for (id, _) in self.accounts.businesses(tenant, None, usize::MAX)? {
            if self.service.store().look(id).await.map_err(Fault::from)?.is_some_and(|listed| listed.ended) {
                over.insert(id);
            }
        }
        Ok(over)
    }

    fn stay_with(self: &Arc<Self>, handle: BusinessHandle) {
        let mut keepers = self.keepers.lock().unwrap_or_else(PoisonError::into_inner);
        // Those whose business is over are forgotten.
        while keepers.try_join_next().is_some() {}
        keepers.spawn(Arc::clone(self).keep(handle));
    }

    /// Stays with a running business until it is over or the daemon rests. Where its actors die, it is started again.
    fn keep(self: Arc<Self>, handle: BusinessHandle) -> std::pin::Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(async move {
            let id = handle.id();
            let (began, over) = (now(), self.watch(&handle).await);
            if self.resting.load(Ordering::SeqCst) {
                return;
            }
            if !self.service.still_runs(&handle).await {
                // It was brought to rest. Whoever wakes it has others stay with it.
                return;
            }
            // It writes nothing more, whether it is over or its actors are gone: whoever asks from here on asks its journal.
            self.service.ended(id);
            handle.passivate().await;
            self.settle(id).await;
            if over {
                return;
            }
            tracing::error!(business = %id, ran_ms = now().since(began), "the actors of a business died");
            for attempt in 0..MAX_RESTARTS {
                tokio::time::sleep(RESTART_WAIT * 2_u32.pow(attempt)).await;
                match self.start(id).await {
                    Ok(()) => return,
                    Err(fault) => tracing::error!(business = %id, %fault, attempt, "a business could not be started again"),
                }
            }
        })
    }

    /// Waits until a business is over, or its actors are gone; says which.
    async fn watch(&self, handle: &BusinessHandle) -> bool {
        loop {
            match handle.wait().await {
                Ok(_) => return true,
                Err(Refused::Journal(reason)) => {
                    // Its owner may let it go on.
                    self.note(handle.id(), Some(reason));
                    tokio::time::sleep(STILL).await;
                }
                Err(_) => return false,
            }
        }
    }

    /// A business does not run any more: its journal is signed as far as it goes.
    async fn settle(&self, id: BusinessId) {
        self.service.ended(id);
        // That nobody signed it is a pity and no failure of the business.
        if let Err(fault) = self.service.checkpoint(id).await {
            tracing::warn!(business = %id, %fault, "no checkpoint was written");
        }
        self.changed();
    }

    /// Starts no business any more.
    pub(crate) fn start_no_more(&self) {
        self.resting.store(true, Ordering::SeqCst);
        self.stirred.notify_one();
    }

    /// Brings all businesses to rest: what is under way ends, nothing new begins, and each can be resumed.
    pub(crate) async fn rest(&self) {
        self.start_no_more();
        self.bring_idle_to_rest(Duration::ZERO).await;
        let resting: FuturesUnordered<_> = self.service.handles().into_iter().map(|handle| self.bring_to_rest(handle)).collect();
        resting.collect::<()>().await;
        self.keepers.lock().unwrap_or_else(PoisonError::into_inner).abort_all();
    }

    async fn bring_to_rest(&self, handle: BusinessHandle) {
        if handle.drain(DRAIN_TIMEOUT).await.is_err() {
            tracing::warn!(business = %handle.id(), "something is still under way; it may be in doubt when the business goes on");
        }
        handle.passivate().await;
        self.settle(handle.id()).await;
    }
}

/// What the simulated world of a business is like, as its tenant wants it.
fn conditions(row: &BusinessRow) -> Conditions {
    let owner = match row.owner {
        Owner::Simulated => OwnerKind::Simulated,
        Owner::Human => OwnerKind::Silent,
    };
    Conditions { owner, ..Conditions::default() }
}

/// Why nothing was launched.
#[derive(Debug)]
pub(crate) enum LaunchError {
    Account(Error),
    Fault(Fault),
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
