//! The service: what may be asked of the process that holds a data directory, whether the question comes from itself or over its socket.
//!
//! Businesses that run in this process are asked through their handles; of others the journal is read, and commands to them are journaled without starting anything.

pub mod contacts;
pub mod inbox;
pub(crate) mod recheck;
pub(crate) mod running;
mod turns;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use bbb_agents::engine::Engine;
use bbb_agents::handle::{BusinessHandle, Command, Refused};
use bbb_core::event::{Event, Payload};
use bbb_core::id::{BusinessId, ProposalId};
use bbb_core::journal::chain::{Hash, Head, Record};
use bbb_core::journal::checkpoint::{Checkpoint, Signed};
use bbb_core::journal::store::{Listed, Store};
use bbb_core::journal::writer;
use bbb_core::money::Cents;
use bbb_core::oversight::charter::{Charter, owners_part};
use bbb_core::seal::{DerivedKeys, Vault};
use bbb_core::spec::{Spec, WorldKind};
use bbb_core::state::State;
use bbb_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use crate::allotment;
use crate::at_head::AtHead;
use crate::charter::Kept;
use crate::checkpoints::Checkpoints;
use crate::data_dir::DataDir;
use crate::desk::Desk;
use crate::fault::{Fault, Kind};
use crate::keys::{self, FileKeys, OwnerKey};
use crate::service::running::Wake;
use crate::service::turns::{Turn, Turns};
use crate::store::guarded::Guarded;

/// The most records of one page.
pub const MAX_PAGE_RECORDS: usize = 1024;
/// The most states of businesses that do not run that are kept.
const MAX_RESTED: usize = 64;
/// The most bytes of the records of one page, beyond which it ends early; a single record is always given.
pub const MAX_PAGE_BYTES: usize = 8 * 1024 * 1024;

/// A business as it stands in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// The business.
    pub business: BusinessId,
    /// Its name, from its blueprint.
    pub name: String,
    /// Whether it is the fork of another one.
    pub fork: bool,
    /// Its world.
    pub world: WorldKind,
    /// Events in its journal.
    pub events: u64,
    /// Whether it is over.
    pub ended: bool,
    /// Whether it runs in the process that was asked, if only at rest until its next moment.
    pub running: bool,
}

impl Row {
    /// Its name, marked where it is a fork.
    pub fn title(&self) -> String {
        if self.fork { format!("{} (fork)", self.name) } else { self.name.clone() }
    }
}

/// A business as it stands now.
#[derive(Debug, Clone)]
pub struct Now {
    /// Its folded journal, with what is staged where it runs.
    pub state: Arc<State>,
    /// Where its journal ends on disk.
    pub head: Head,
    /// Whether it runs in the process that was asked, if only at rest until its next moment.
    pub running: bool,
}

/// Answers questions about the businesses of one data directory.
pub struct Service {
    data: DataDir,
    store: Arc<dyn Store>,
    /// The same without its checkpoints: a list shows refused journals too.
    unguarded: Arc<dyn Store>,
    checkpoints: Arc<Checkpoints>,
    engine: Engine,
    running: Mutex<BTreeMap<BusinessId, Running>>,
    /// Taken while a business is started or brought to rest, while one that runs nowhere is told something (each takes the lease, and would take it from the other), and
    /// while something is noted about a contact, which looks at what is known before it tells.
    turns: Turns,
    /// Wakes businesses that rest in this process, where something does.
    waker: OnceLock<Box<dyn Wake>>,
    /// A key file can be open once only.
    keys: Mutex<BTreeMap<BusinessId, Arc<FileKeys>>>,
    /// States of businesses that do not run, so that looking at one twice folds its journal once.
    rested: AtHead<Arc<State>>,
    /// What businesses bind of the owner's real money, each up to which event: of those that wrote nothing since, no journal is read again.
    bound: tokio::sync::Mutex<BTreeMap<BusinessId, (u64, Cents)>>,
}

/// A business that runs in this process.
#[derive(Clone)]
struct Running {
    handle: BusinessHandle,
    /// What scores its leads, and so must hear of new ones.
    desk: Option<Arc<Desk>>,
}

impl std::fmt::Debug for Service {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Service").field("data", &self.data).finish_non_exhaustive()
    }
}

impl Service {
    /// The service of the process that holds `data`, over its store, whose journals are from here on compared with their checkpoints.
    pub fn new(data: DataDir, unguarded: Arc<dyn Store>) -> Service {
        let checkpoints = Arc::new(Checkpoints::new(data.path(), now));
        let store: Arc<dyn Store> = Arc::new(Guarded::new(Arc::clone(&unguarded), Arc::clone(&checkpoints)));
        let engine = Engine::builder(Arc::clone(&store)).build();
        let (running, keys) = (Mutex::default(), Mutex::default());
        Service {
            data,
            store,
            unguarded,
            checkpoints,
            engine,
            running,
            turns: Turns::default(),
            waker: OnceLock::new(),
            keys,
            rested: AtHead::new(MAX_RESTED),
            bound: tokio::sync::Mutex::default(),
        }
    }

    /// The engine.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The store.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// The checkpoints.
    pub fn checkpoints(&self) -> &Checkpoints {
        &self.checkpoints
    }

    /// The data directory.
    pub fn data(&self) -> &DataDir {
        &self.data
    }

    fn all_running(&self) -> MutexGuard<'_, BTreeMap<BusinessId, Running>> {
        // The map is changed by single inserts and removals: a panic elsewhere leaves it whole.
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn running(&self, id: BusinessId) -> Option<Running> {
        self.all_running().get(&id).cloned()
    }

    fn handle(&self, id: BusinessId) -> Option<BusinessHandle> {
        Some(self.running(id)?.handle)
    }

    /// Signs where a journal ends now; see [`Checkpoints::make`].
    ///
    /// # Errors
    /// [`crate::fault::Kind::NotFound`], and those of [`Checkpoints::make`].
    pub async fn checkpoint(&self, id: BusinessId) -> Result<Checkpoint, Fault> {
        self.head(id).await?;
        self.checkpoints.make(self.store.as_ref(), id).await
    }

    /// The checkpoints of a business, with the keys; nothing where no key was ever made here.
    ///
    /// # Errors
    /// [`crate::fault::Kind::NotFound`]; [`crate::fault::Kind::Corrupted`] where a file of them is damaged.
    pub async fn signed(&self, id: BusinessId) -> Result<Option<Signed>, Fault> {
        self.head(id).await?;
        self.checkpoints.signed(id)
    }

    /// All businesses, by id.
    ///
    /// # Errors
    /// The store's.
    pub async fn list(&self) -> Result<Vec<Row>, Fault> {
        let mut rows = Vec::new();
        for listed in self.store.list().await? {
            rows.push(self.row(listed).await?);
        }
        Ok(rows)
    }

    /// What a business was launched with, from the first event of its journal alone; nothing where it has none.
    pub(crate) async fn launched(&self, id: BusinessId) -> Result<Option<Box<Spec>>, Fault> {
        let first = self.unguarded.read(id, 0, 1).await?;
        match first.first().map(Record::decode).transpose()?.map(|event| event.payload) {
            None => Ok(None),
            Some(Payload::Launched { spec, .. }) => Ok(Some(spec)),
            Some(_) => Err(Fault::new(Kind::Corrupted, format!("the journal of {id} does not begin with a launch"))),
        }
    }

    async fn row(&self, listed: Listed) -> Result<Row, Fault> {
        let spec = self.launched(listed.business).await?.ok_or_else(|| unknown(listed.business))?;
        let running = self.runs(listed.business);
        Ok(Row {
            business: listed.business,
            name: spec.blueprint.name.clone(),
            fork: spec.id() != listed.business,
            world: spec.world,
            events: listed.head.sequence,
            ended: listed.ended,
            running,
        })
    }

    /// One business as it stands now.
    ///
    /// # Errors
    /// [`crate::fault::Kind::NotFound`], and the store's.
    pub async fn now(&self, id: BusinessId) -> Result<Now, Fault> {
        if let Some(handle) = self.handle(id) {
            match handle.status().await {
                Ok(state) => return Ok(Now { state, head: self.head(id).await?, running: true }),
                // It has just come to its end here, and the journal has all of it.
                Err(Refused::NotRunning) => {}
                Err(refused) => return Err(refused.into()),
            }
        }
        let head = self.head(id).await?;
        if let Some(state) = self.rested.get(id, head) {
            return Ok(Now { state, head, running: self.rests(id) });
        }
        let state = Arc::new(self.engine.peek(id).await?);
        // Somebody may have written meanwhile.
        if state.sequence == head.sequence {
            self.rested.keep(id, head, Arc::clone(&state));
        }
        Ok(Now { state, head, running: self.rests(id) })
    }

    /// Where the journal of a business ends on disk.
    ///
    /// # Errors
    /// [`crate::fault::Kind::NotFound`], and the store's.
    pub async fn head(&self, id: BusinessId) -> Result<Head, Fault> {
        self.store.look(id).await?.map(|listed| listed.head).ok_or_else(|| unknown(id))
    }

    /// What of the owner's real money the businesses of this directory bind, all but one where that is named.
    ///
    /// # Errors
    /// The store's.
    pub async fn bound(&self, but: Option<BusinessId>) -> Result<Cents, Fault> {
        let mut known = self.bound.lock().await;
        let mut bound = Cents::ZERO;
        for listed in self.store.list().await?.into_iter().filter(|listed| but != Some(listed.business)) {
            let one = match known.get(&listed.business) {
                Some((sequence, one)) if *sequence == listed.head.sequence => *one,
                _ => {
                    let now = self.now(listed.business).await?;
                    let one = allotment::bound_by(&now.state);
                    // One that runs may be ahead of its journal.
                    if now.state.sequence == now.head.sequence {
                        known.insert(listed.business, (now.head.sequence, one));
                    }
                    one
                }
            };
            bound = bound.plus(one);
        }
        Ok(bound)
    }

    /// Up to `limit` records after `after`, in order; fewer where the journal ends or the page is full.
    ///
    /// # Errors
    /// [`crate::fault::Kind::NotFound`], and the store's.
    pub async fn records(&self, id: BusinessId, after: u64, limit: usize) -> Result<Vec<Record>, Fault> {
        self.head(id).await?;
        let mut page = self.store.read(id, after, limit.min(MAX_PAGE_RECORDS)).await?;
        let mut bytes = 0;
        let fits = page.iter().take_while(|record| {
            let first = bytes == 0;
            bytes += record.len_bytes();
            first || bytes <= MAX_PAGE_BYTES
        });
        let fitting = fits.count();
        page.truncate(fitting);
        Ok(page)
    }

    /// Tells a business something; the answer comes after it is committed.
    ///
    /// # Errors
    /// [`crate::fault::Kind::Refused`] where it does not fit, [`crate::fault::Kind::NotFound`] for a business or a proposal that never was.
    pub async fn command(&self, id: BusinessId, command: Command) -> Result<(), Fault> {
        self.wake(id).await;
        if let Command::SetCharter(text) = command {
            return self.set_charter(&self.turns.of(id).await, id, text).await;
        }
        let proposal = match &command {
            Command::Approve(proposal) | Command::Veto(proposal, _) | Command::ResolveDoubt(proposal, _) => Some(*proposal),
            Command::AnswerAs { proposal, .. } => Some(*proposal),
            Command::Pause(_)
            | Command::Resume
            | Command::Stop
            | Command::SetAutonomy(..)
            | Command::SetCaps(_)
            | Command::SetCharter(_)
            | Command::Delegate(..) => None,
        };
        match (self.tell(id, command).await, proposal) {
            (Err(fault), Some(proposal)) if fault.kind == Kind::Refused => Err(self.explain(id, proposal, fault).await),
            (done, _) => done,
        }
    }

    async fn tell(&self, id: BusinessId, command: Command) -> Result<(), Fault> {
        if let Some(handle) = self.handle(id) {
            match handle.command(command.clone()).await {
                // It has just come to its end here: what it was told fits its journal, or does not.
                Err(Refused::NotRunning) => {}
                told => return Ok(told?),
            }
        }
        let turn = self.turns.of(id).await;
        // It may have been started before the turn came.
        if let Some(handle) = self.handle(id) {
            drop(turn);
            return Ok(handle.command(command).await?);
        }
        self.engine.tell(id, command, now()).await?;
        self.told(id);
        // The command is committed, and the answer is about that.
        if let Err(error) = self.checkpoint(id).await {
            tracing::warn!(%error, business = %id, "no checkpoint was written");
        }
        Ok(())
    }

    /// Changes the owner's policies of a business as [`Command::SetCharter`] does, where they still are those of this charter's digest; says whether they were.
    ///
    /// # Errors
    /// As [`Service::command`].
    pub async fn change_charter(&self, id: BusinessId, text: String, from: &str) -> Result<bool, Fault> {
        self.wake(id).await;
        let turn = self.turns.of(id).await;
        if owners_part(&self.engine.peek(id).await?.spec.versions.charter) != owners_part(from) {
            return Ok(false);
        }
        self.set_charter(&turn, id, text).await.map(|()| true)
    }

    /// Changes the owner's policies of a business, in its journal and on disk: at once where it runs, and otherwise from its next review on.
    /// One change at a time, and none while a business is started: each must find the file and the journal of one mind.
    async fn set_charter(&self, _turn: &Turn, id: BusinessId, text: String) -> Result<(), Fault> {
        let charter = Charter::with_owner_policies("the owner's policies", &text)?;
        let text = charter.owner_text().to_owned();
        let before = self.now(id).await?.state.spec.versions.charter.clone();
        let kept = Kept::of(&self.data, id);
        kept.prepare(&charter)?;
        let told = match self.handle(id) {
            Some(handle) => handle.command(Command::SetCharter(text)).await.map_err(Fault::from),
            None => self.engine.tell(id, Command::SetCharter(text), now()).await.map_err(Fault::from),
        };
        // What became of it, the journal says, whatever the answer was. Where even that is not known, both texts stay.
        let after = self.engine.peek(id).await?.spec.versions.charter.clone();
        self.told(id);
        if owners_part(&after) == owners_part(&charter.digest()) {
            kept.settle(&charter)?;
        } else if after == before {
            kept.forget_next()?;
        }
        told
    }

    /// The charter of a business: the shipped policies and its owner's.
    ///
    /// # Errors
    /// [`crate::fault::Kind::NotFound`]; [`crate::fault::Kind::Corrupted`] where the owner's text is not what the journal names.
    pub async fn charter(&self, id: BusinessId) -> Result<Charter, Fault> {
        self.charter_named(id, &self.engine.peek(id).await?.spec.versions.charter)
    }

    /// The same, where its digest is known.
    pub(crate) fn charter_named(&self, id: BusinessId, digest: &str) -> Result<Charter, Fault> {
        Kept::of(&self.data, id).charter(digest)
    }

    /// A refused answer about a proposal that was never made gets a clearer word.
    async fn explain(&self, id: BusinessId, proposal: ProposalId, fault: Fault) -> Fault {
        match self.now(id).await {
            Ok(now) if proposal.get() >= now.state.work.next_proposal => {
                Fault::not_found(format!("{proposal} does not exist in {id}; see: bbb inbox {id}"))
            }
            _ => fault,
        }
    }

    /// Committed events of a business that runs here, from now on.
    ///
    /// # Errors
    /// [`crate::fault::Kind::Refused`] where it does not run here.
    pub async fn follow(&self, id: BusinessId) -> Result<mpsc::Receiver<Arc<Event>>, Fault> {
        let handle = self.handle(id).ok_or_else(|| Fault::from(Refused::NotRunning))?;
        Ok(handle.subscribe().await?)
    }

    /// The whole journal, verified.
    ///
    /// # Errors
    /// As [`Service::records`]; [`crate::fault::Kind::Corrupted`] for the first record that is wrong.
    pub async fn events(&self, id: BusinessId) -> Result<(Vec<Event>, Head), Fault> {
        self.head(id).await?;
        Ok(writer::load(self.store.as_ref(), id, Head::EMPTY).await?)
    }

    /// What opens the personal text of a business: keys from the seed in a simulated world, otherwise from its key file, which must be there.
    ///
    /// # Errors
    /// [`Fault`] where the keys are missing or cannot be read.
    pub fn vault(&self, id: BusinessId, spec: &Spec) -> Result<Vault, Fault> {
        if spec.world.is_simulated() {
            return Ok(Vault::new(Arc::new(DerivedKeys::new(spec.seed))));
        }
        Ok(Vault::new(self.keys(id)?))
    }

    /// The same for a business that is being launched: its key file is made now, and with the first real business of the directory the owner's key.
    ///
    /// # Errors
    /// [`Fault`] where the owner's key is missing beside other real businesses, and where a file cannot be made.
    pub async fn new_vault(&self, id: BusinessId, spec: &Spec) -> Result<Vault, Fault> {
        if spec.world.is_simulated() {
            return self.vault(id, spec);
        }
        let directory = self.data.path();
        let mut found = OwnerKey::find(directory);
        // Only then all are looked at.
        if matches!(found, Err(keys::Error::NoOwnerKey { .. })) && self.list().await?.iter().all(|row| row.world.is_simulated()) {
            found = OwnerKey::make(directory);
        }
        let owner = found?;
        let made = Arc::new(FileKeys::make(directory, id, &owner)?);
        self.all_keys().insert(id, Arc::clone(&made));
        Ok(Vault::new(made))
    }

    fn keys(&self, id: BusinessId) -> Result<Arc<FileKeys>, Fault> {
        let mut all = self.all_keys();
        if let Some(keys) = all.get(&id) {
            return Ok(Arc::clone(keys));
        }
        let directory = self.data.path();
        let keys = Arc::new(FileKeys::find(directory, id, &OwnerKey::find(directory)?)?);
        all.insert(id, Arc::clone(&keys));
        Ok(keys)
    }

    fn all_keys(&self) -> MutexGuard<'_, BTreeMap<BusinessId, Arc<FileKeys>>> {
        // Inserted whole: a panic elsewhere leaves the map as it was.
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The fault of a business that is not here.
pub fn unknown(id: BusinessId) -> Fault {
    Fault::not_found(format!("there is no business {id} in this data directory; see: bbb status"))
}

/// The time by the wall clock.
pub fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_ms(i64::try_from(since.as_millis()).unwrap_or(i64::MAX)).min(Timestamp::MAX)
}

/// A head in its wire form.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WireHead {
    /// The last record's sequence.
    pub sequence: u64,
    /// Its hash, in hex.
    pub hash: String,
}

impl From<Head> for WireHead {
    fn from(head: Head) -> WireHead {
        WireHead { sequence: head.sequence, hash: head.hash.to_string() }
    }
}

impl WireHead {
    /// The head, if its hash is one.
    pub fn head(&self) -> Option<Head> {
        Some(Head { sequence: self.sequence, hash: Hash::from_hex(&self.hash)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bbb_agents::world::World;
    use bbb_core::blueprint;
    use bbb_core::draw::Seed;
    use bbb_core::journal::memory::MemoryStore;
    use bbb_core::state::Status;

    #[tokio::test]
    async fn a_command_to_a_business_that_is_being_started_reaches_the_running_one() {
        let directory = tempfile::tempdir().unwrap();
        let service = Service::new(DataDir::create(directory.path()).unwrap(), Arc::new(MemoryStore::new()));
        let engine = service.engine().clone();
        let (origin, blueprint) = blueprint::resolve("Grant Writing Consultancy").unwrap();
        let spec = engine.prepare(Spec::simulated(origin, blueprint, Seed::new(1), 3650));
        let id = spec.id();
        let pause = service.command(id, Command::Pause("to look".to_owned()));
        let started = service.start(id, None, async {
            let handle = engine.launch(spec.clone(), World::simulated(&spec, None)).await?;
            // Whoever asks now finds a journal, and nobody who runs it yet.
            for _ in 0..100 {
                tokio::task::yield_now().await;
            }
            Ok::<_, bbb_agents::engine::Error>(handle)
        });
        let (handle, told) = tokio::join!(started, pause);
        let handle = handle.unwrap();
        told.unwrap();
        assert!(matches!(&handle.status().await.unwrap().status, Status::Paused { reason } if reason == "to look"));
        handle.resume().await.unwrap();
        handle.passivate().await;
    }
}
