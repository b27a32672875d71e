//! The fleet: the businesses that run in this process, from their launch or their resumption until they are over or the daemon rests.
//!
//! One that has nothing to do for a while is brought to rest: nothing of it stays in memory but when it must be woken. `rest` does that, `rests` remembers it.

mod fork;
pub(crate) mod launch;
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
use bbb_core::budget::{Caps, Resource, Window};
use bbb_core::id::BusinessId;
use bbb_core::money::Cents;
use bbb_core::spec::Autonomy;
use bbb_core::state::Status;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

use crate::accounts::id::TenantId;
use crate::accounts::{Accounts, BusinessRow, Owner};
use crate::allotment;
use crate::config::Config;
use crate::fault::{Fault, Kind};
use crate::serve::fleet::launch::LaunchError;
use crate::serve::fleet::rests::Resting;
use crate::service::{Service, now, unknown};
use crate::wiring;

/// How long a business may take to end what it has under way when the daemon ends.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(30);
/// How long one that stands still, since its journal cannot be written, is left alone before that is tried again; the wait doubles up to the second.
const STILL: Duration = Duration::from_secs(2);
const MAX_STILL: Duration = Duration::from_secs(60);
/// When one that could not be started because of this machine is tried again, in milliseconds.
const START_AGAIN_MS: i64 = 10_000;
/// The wait before one whose actors died is started again.
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

    /// What the operator has configured.
    pub(crate) fn config(&self) -> &Config {
        &self.config
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

    /// Starts a business from its journal, unless it runs or is over. One that was paused stays paused.
    pub(crate) async fn start(self: &Arc<Self>, id: BusinessId) -> Result<(), Fault> {
        let rested = self.rests().get(id);
        let started = self.start_again(id).await;
        if let Err(fault) = &started {
            let now = self.accounts.now();
            match fault.kind {
                // A full disk, say, which somebody mends: it rests until then, and nothing of its time is lost.
                Kind::Failed => {
                    let wake_at = Some(now.plus_ms(START_AGAIN_MS));
                    self.rests().put(id, Resting { wake_at, ..rested.unwrap_or(Resting::unknown(now)) });
                }
                // What else is wrong stays so, and is not tried again by itself.
                _ => drop(self.rests().take(id)),
            }
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

    /// Allots real money to a business, if there is so much left. Whoever asks over HTTP does not hear what the others have.
    async fn allot(&self, id: BusinessId, wanted: Cents) -> Result<(), Fault> {
        let others = self.service.bound(Some(id)).await?;
        allotment::admit(self.service.data(), self.config.owner.money_usd, others, wanted).map_err(|fault| match fault.kind {
            Kind::Refused => {
                tracing::warn!(business = %id, %fault, "real money was not allotted");
                Fault::refused(format!(
                    "{wanted} USD of real money are more than is left to allot; whoever runs the daemon says how much that is"
                ))
            }
            _ => fault,
        })
    }

    /// Sets what a business may use, by changing what it may use now. More real money must be left to allot; less always is. Of messages and tokens a real business gets no
    /// more than what is configured.
    pub(crate) async fn set_caps(&self, id: BusinessId, change: impl FnOnce(&mut Caps)) -> Result<(), Fault> {
        // Two at once would both find the same money left.
        let _turn = self.allotting.lock().await;
        let state = self.service.now(id).await?.state;
        let before = state.books.caps;
        let mut caps = before;
        change(&mut caps);
        if !state.spec.world.is_simulated() {
            within(&self.config.caps(None), &before, &caps)?;
        }
        let wanted = caps.real_money.total;
        if wanted > before.real_money.total {
            self.allot(id, wanted).await?;
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

    /// Stays with a running business until it is over or the daemon rests. Where its actors die, or a simulated one stands still, it is started again from its journal.
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
            tracing::error!(business = %id, ran_ms = now().since(began), "the actors of a business ended, and it is not over");
            tokio::time::sleep(RESTART_WAIT).await;
            // Apart: what a start needs takes 40 KiB, and nobody is to keep that for each business that runs.
            if let Err(fault) = Box::pin(self.start(id)).await {
                tracing::error!(business = %id, %fault, "a business could not be started again");
            }
        })
    }

    /// Waits until a business is over, or its actors are gone or no more of use; says which.
    async fn watch(&self, handle: &BusinessHandle) -> bool {
        let mut still = STILL;
        loop {
            match handle.wait().await {
                Ok(_) => return true,
                Err(Refused::Journal(reason)) => {
                    self.note(handle.id(), Some(reason));
                    tokio::time::sleep(still).await;
                    // What was under way in a simulated world is not settled otherwise than it would have been: as after a kill, it goes on from its journal.
                    if handle.status().await.is_ok_and(|state| state.spec.world.is_simulated()) {
                        return false;
                    }
                    still = (2 * still).min(MAX_STILL);
                    if self.goes_on(handle).await {
                        still = STILL;
                    }
                }
                Err(_) => return false,
            }
        }
    }

    /// Lets a real business that stands still go on where its journal can be written again. One that is paused stays so, until its owner lets it go on.
    async fn goes_on(&self, handle: &BusinessHandle) -> bool {
        let is_active = handle.status().await.is_ok_and(|state| state.status == Status::Active);
        let goes_on = is_active && handle.resume().await.is_ok();
        if goes_on {
            self.note(handle.id(), None);
            tracing::info!(business = %handle.id(), "the business goes on");
        }
        goes_on
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

/// Refuses more messages and tokens than these caps allow, or than there were before.
fn within(most: &Caps, before: &Caps, wanted: &Caps) -> Result<(), Fault> {
    for resource in [Resource::Messages, Resource::Tokens] {
        for window in Window::ALL {
            let most = most.of(resource, window).max(before.of(resource, window));
            if wanted.of(resource, window) > most {
                return Err(Fault::refused(format!(
                    "{} of {window} can be {most} at most: whoever runs the daemon says how much ([caps])",
                    resource.as_str()
                )));
            }
        }
    }
    Ok(())
}

/// What the simulated world of a business is like, as its tenant wants it.
fn conditions(row: &BusinessRow) -> Conditions {
    let owner = match row.owner {
        Owner::Simulated => OwnerKind::Simulated,
        Owner::Human => OwnerKind::Silent,
    };
    Conditions { owner, ..Conditions::default() }
}
