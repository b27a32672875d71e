//! The engine: launches and resumes businesses on one store.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use bbb_core::event::{Event, Payload};
use bbb_core::id::BusinessId;
use bbb_core::journal::chain::Head;
use bbb_core::journal::store::{self, Store};
use bbb_core::journal::writer::{self, Journal};
use bbb_core::limits::MAX_EVENTS_PER_APPEND;
use bbb_core::market::Scenario;
use bbb_core::observe::{self, Arrival};
use bbb_core::oversight::charter::{Charter, owners_part};
use bbb_core::oversight::content;
use bbb_core::role::{Agent, Role};
use bbb_core::round::Round;
use bbb_core::spec::{Spec, Versions, WorldKind};
use bbb_core::state::{FOLD_VERSION, Misfit, State};
use bbb_core::time::Timestamp;
use bbb_core::{orient, time};
use ractor::Actor;

use crate::handle::{BusinessHandle, Command, Refused};
use crate::minds::Minds;
use crate::supervisor::{Start, Supervisor, commands};
use crate::world::World;

/// Committed events between two snapshots of a live business.
const SNAPSHOT_EVERY_EVENTS: u64 = 1_000;

/// What is the same for all businesses of an engine.
#[derive(Clone)]
pub(crate) struct Options {
    pub(crate) charter: Charter,
    pub(crate) snapshot_every_events: Option<u64>,
    pub(crate) yields_before_reply: Option<[usize; 7]>,
    pub(crate) never_started: BTreeSet<Agent>,
}

/// Builds an [`Engine`].
pub struct EngineBuilder {
    store: Arc<dyn Store>,
    minds: Minds,
    options: Options,
}

impl EngineBuilder {
    /// Other minds than the playbooks.
    #[must_use]
    pub fn minds(mut self, minds: Minds) -> Self {
        self.minds = minds;
        self
    }

    /// Another charter than the shipped one. It holds for every business of this engine: one whose owner has policies is launched and resumed by an engine of its
    /// own, on the same store.
    #[must_use]
    pub fn charter(mut self, charter: Charter) -> Self {
        self.options.charter = charter;
        self
    }

    /// How often each role lets other tasks run before it replies: a test hook that permutes the order in which replies arrive.
    #[doc(hidden)]
    #[must_use]
    pub fn yields_before_reply(mut self, yields: [usize; Role::ALL.len()]) -> Self {
        self.options.yields_before_reply = Some(yields);
        self
    }

    /// Never starts this agent: a test hook that shows what a business is without it.
    #[doc(hidden)]
    #[must_use]
    pub fn never_start(mut self, agent: Agent) -> Self {
        self.options.never_started.insert(agent);
        self
    }

    /// The engine.
    pub fn build(self) -> Engine {
        Engine { store: self.store, minds: self.minds, options: self.options }
    }
}

/// Launches and resumes businesses.
#[derive(Clone)]
pub struct Engine {
    store: Arc<dyn Store>,
    minds: Minds,
    options: Options,
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Engine")
    }
}

/// A business that was taken over and does not run yet.
pub struct Taken {
    journal: Journal,
    state: State,
    events: Vec<Event>,
}

impl Taken {
    /// Where it stands.
    pub fn state(&self) -> &State {
        &self.state
    }
}

impl fmt::Debug for Taken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Taken").field("business", &self.state.business).finish_non_exhaustive()
    }
}

/// Why a business could not be launched or resumed. Nothing was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The same business was launched on this store before.
    #[error("{0} was launched here before; resume it, or launch with another seed")]
    Exists(BusinessId),
    /// No such business on this store.
    #[error("{0} is not in this store")]
    Unknown(BusinessId),
    /// The spec cannot be run.
    #[error("{field} {rule}")]
    BadSpec {
        /// The field of the spec.
        field: &'static str,
        /// The rule that it breaks.
        rule: String,
    },
    /// A simulated business was begun by another version of what decides in it.
    #[error("{business} was begun by {begun:?} and cannot be resumed by {found:?}: the result would be neither's")]
    OtherVersion {
        /// The business.
        business: BusinessId,
        /// What it was begun with.
        begun: Box<Versions>,
        /// What this engine would go on with.
        found: Box<Versions>,
    },
    /// The owner's policies are others than those that the journal names.
    #[error(
        "{0} is under other policies of its owner than it is to be resumed under: use those that it was launched with or that its owner set since"
    )]
    OtherPolicies(BusinessId),
    /// Something that the business was to know from the beginning does not fit it.
    #[error("it cannot be launched with this: {0}")]
    BadArrival(String),
    /// The world handed over is not the kind that the business was launched for.
    #[error("the business is {launched} and cannot run in a {found} world")]
    OtherWorld {
        /// As launched.
        launched: WorldKind,
        /// As handed over.
        found: WorldKind,
    },
    /// The journal cannot be read.
    #[error(transparent)]
    Journal(#[from] writer::Error),
    /// The journal's events do not fit together.
    #[error("the journal is corrupted: {0}")]
    Misfit(#[from] Misfit),
    /// A business cannot be forked there.
    #[error(transparent)]
    Fork(#[from] crate::fork::NoFork),
    /// The actors could not be started.
    #[error("the actors could not be started: {0}")]
    Actors(String),
    /// A command does not fit the business.
    #[error(transparent)]
    Refused(#[from] Refused),
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Self {
        Error::Journal(error.into())
    }
}

impl Engine {
    /// An engine on this store, with playbook minds and the shipped charter.
    pub fn builder(store: Arc<dyn Store>) -> EngineBuilder {
        let options = Options {
            charter: Charter::shipped().clone(),
            snapshot_every_events: Some(SNAPSHOT_EVERY_EVENTS),
            yields_before_reply: None,
            never_started: BTreeSet::new(),
        };
        EngineBuilder { store, minds: Minds::playbook(), options }
    }

    /// The store.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// The spec as this engine would run it: with this engine's versions in it. Two launches of the same prepared spec are the same business.
    #[must_use]
    pub fn prepare(&self, mut spec: Spec) -> Spec {
        spec.versions = self.versions();
        spec
    }

    fn versions(&self) -> Versions {
        versions(&self.options.charter)
    }

    /// Launches a business: when this returns, its launch and first plan are committed.
    ///
    /// # Errors
    /// [`Error::Exists`] where the same spec was launched before, [`Error::BadSpec`], and the journal's.
    pub async fn launch(&self, spec: Spec, world: World) -> Result<BusinessHandle, Error> {
        self.launch_with(spec, world, Vec::new()).await
    }

    /// Launches a business that knows something from the beginning, such as its founder's leads: all of it is committed together with the launch, or nothing is.
    /// What has the name of something before it in the list is dropped.
    ///
    /// # Errors
    /// As [`Engine::launch`]; [`Error::BadArrival`] where something does not fit a new business.
    pub async fn launch_with(&self, spec: Spec, world: World, arrivals: Vec<Arrival>) -> Result<BusinessHandle, Error> {
        let mut round = begin(self.prepare(spec), &world, arrivals)?;
        let (id, at) = (round.state().business, round.now());
        let mut journal = Journal::open(Arc::clone(&self.store), id).await?;
        if journal.head() != Head::EMPTY {
            return Err(Error::Exists(id));
        }
        journal.commit(round.staged(), orient::next_due(round.state(), at), false).await?;
        world.follow(&round.take_staged());
        self.start(id, world, journal, round, false).await
    }

    /// Resumes a business from its journal. `world_for` makes the world from the spec in it.
    ///
    /// # Errors
    /// [`Error::Unknown`], [`Error::OtherVersion`] for a simulated business that another version began, [`Error::OtherPolicies`], and the journal's.
    pub async fn resume<F>(&self, id: BusinessId, world_for: F) -> Result<BusinessHandle, Error>
    where
        F: FnOnce(&Spec) -> Result<World, Error>,
    {
        let taken = self.take(id).await?;
        self.check_version(&taken.state)?;
        let world = world_for(&taken.state.spec)?;
        self.resume_taken(taken, world).await
    }

    /// Takes a business over, so that whoever ran it before writes no more, and reads its journal, once: what it needs to be resumed may depend on what that says.
    ///
    /// # Errors
    /// [`Error::Unknown`], and the journal's.
    pub async fn take(&self, id: BusinessId) -> Result<Taken, Error> {
        // One that is not there is not made by taking its lease.
        self.store.look(id).await?.ok_or(Error::Unknown(id))?;
        // The lease is taken before the journal is read, so that nothing is written in between.
        let journal = Journal::open(Arc::clone(&self.store), id).await?;
        // Only real worlds have snapshots: of a simulated one all events are read, which its market needs.
        let (state, events) = self.load(id, WorldKind::Live).await?;
        Ok(Taken { journal, state, events })
    }

    /// Resumes a business that was taken over, on the store that it was taken from.
    ///
    /// # Errors
    /// As [`Engine::resume`].
    pub async fn resume_taken(&self, taken: Taken, world: World) -> Result<BusinessHandle, Error> {
        let Taken { mut journal, state, events } = taken;
        let id = state.business;
        self.check_version(&state)?;
        check(&state.spec, &world)?;
        world.reset(&state.spec);
        world.follow(&events);
        let now = world.wall_time().unwrap_or(state.now);
        let mut round = Round::new(state, now);
        let versions = self.versions();
        if round.state().spec.versions != versions && !round.state().status.is_over() {
            // Committed before anything begins again, so that permits are made under the charter that the journal names.
            round.stage(Payload::Upgraded { versions }, 0)?;
            journal.commit(round.staged(), orient::next_due(round.state(), now), false).await?;
            round.take_staged();
        }
        self.start(id, world, journal, round, true).await
    }

    pub(crate) fn check_version(&self, state: &State) -> Result<(), Error> {
        let found = self.versions();
        if state.spec.world.is_simulated() && !state.status.is_over() && state.spec.versions != found {
            let begun = Box::new(state.spec.versions.clone());
            return Err(Error::OtherVersion { business: state.business, begun, found: Box::new(found) });
        }
        // The shipped policies change with the software. The owner's only by the owner's command: nothing else may lose them.
        if !state.status.is_over() && owners_part(&state.spec.versions.charter) != owners_part(&found.charter) {
            return Err(Error::OtherPolicies(state.business));
        }
        Ok(())
    }

    /// The state of a business as its journal tells it, without running it.
    ///
    /// # Errors
    /// [`Error::Unknown`], and the journal's.
    pub async fn peek(&self, id: BusinessId) -> Result<State, Error> {
        Ok(self.load(id, WorldKind::Live).await?.0)
    }

    /// Tells a business that runs nowhere something: the command is journaled at `now` (at the journal's own time where time is virtual), and has its
    /// effect when the business is resumed. No agent is started and no effect begins.
    ///
    /// # Errors
    /// [`Error::Unknown`], [`Error::Refused`] where the command does not fit, and the journal's.
    pub async fn tell(&self, id: BusinessId, command: Command, now: Timestamp) -> Result<(), Error> {
        self.peek(id).await?;
        // The lease is taken before the journal is read for good, so that nothing is written in between.
        let mut journal = Journal::open(Arc::clone(&self.store), id).await?;
        let state = self.peek(id).await?;
        let now = if state.spec.world.is_simulated() { state.now } else { now };
        let mut round = Round::new(state, now);
        commands::stage(&mut round, command)?;
        if !round.staged().is_empty() {
            let wake_at = orient::next_due(round.state(), round.now());
            journal.commit(round.staged(), wake_at, round.state().status.is_over()).await?;
        }
        Ok(())
    }

    /// Delivers what arrived from outside to a business that runs nowhere, and returns how much of it was new: all of that is committed together at `now` (at
    /// the journal's own time where time is virtual), or nothing is. It has its effect when the business is resumed; no agent is started and no effect begins.
    ///
    /// # Errors
    /// [`Error::Unknown`], [`Error::Refused`] where something does not fit or the business is over, and the journal's.
    pub async fn receive(&self, id: BusinessId, arrivals: Vec<Arrival>, now: Timestamp) -> Result<usize, Error> {
        self.peek(id).await?;
        // The lease is taken before the journal is read for good, so that nothing is written in between.
        let mut journal = Journal::open(Arc::clone(&self.store), id).await?;
        let state = self.peek(id).await?;
        if state.status.is_over() {
            return Err(Refused::Status(state.status.as_str().to_owned()).into());
        }
        let now = if state.spec.world.is_simulated() { state.now } else { now };
        let mut round = Round::new(state, now);
        for arrival in commands::unreceived(self.store.as_ref(), id, arrivals).await? {
            observe::receive(&mut round, arrival).map_err(|misfit| Refused::BadSignal(misfit.reason))?;
        }
        let count = round.staged().len();
        if count > MAX_EVENTS_PER_APPEND {
            return Err(Refused::BadSignal(format!("at most {MAX_EVENTS_PER_APPEND} signals arrive at once")).into());
        }
        if count > 0 {
            journal.commit(round.staged(), orient::next_due(round.state(), round.now()), false).await?;
        }
        Ok(count)
    }

    /// The state, from a snapshot where there is a usable one, and the events that it was folded from, where they were all read. The market of a
    /// simulated world needs them all.
    async fn load(&self, id: BusinessId, world: WorldKind) -> Result<(State, Vec<Event>), Error> {
        if !world.is_simulated()
            && let Some(snapshot) = self.store.snapshot(id).await?.filter(|snapshot| snapshot.fold_version == FOLD_VERSION)
            && let Ok(mut state) = serde_json::from_slice::<State>(&snapshot.bytes)
            && state.sequence == snapshot.head.sequence
            && let Ok((events, _)) = writer::load(self.store.as_ref(), id, snapshot.head).await
        {
            events.iter().try_for_each(|event| state.apply(event))?;
            return Ok((state, events));
        }
        let (events, _) = writer::load(self.store.as_ref(), id, Head::EMPTY).await?;
        let state = State::replay(id, &events)?.ok_or(Error::Unknown(id))?;
        Ok((state, events))
    }

    async fn start(&self, id: BusinessId, world: World, journal: Journal, round: Round, resumed: bool) -> Result<BusinessHandle, Error> {
        let (minds, options) = (self.minds.clone(), self.options.clone());
        let start = Start { id, world, minds, options, journal, round, resumed };
        let (supervisor, _) = Supervisor::spawn(None, Supervisor, start).await.map_err(|error| Error::Actors(error.to_string()))?;
        Ok(BusinessHandle::new(id, supervisor))
    }
}

/// The versions of what decides under this charter.
pub(crate) fn versions(charter: &Charter) -> Versions {
    Versions { engine: bbb_core::ENGINE_VERSION, market: bbb_core::market::VERSION, charter: charter.digest() }
}

/// A new business, with its launch, its first plan and what it knows from the beginning staged.
pub(crate) fn begin(spec: Spec, world: &World, arrivals: Vec<Arrival>) -> Result<Round, Error> {
    check(&spec, world)?;
    let market = scenario(&spec, world)?;
    let (id, at) = (spec.id(), spec.start);
    let launched = Event { sequence: 1, at, cause: 0, payload: Payload::Launched { spec: Box::new(spec), market } };
    let state = State::launch(id, &launched)?;
    let mut round = Round::from_parts(state, vec![launched], at);
    orient::begin(&mut round, &world.eyes())?;
    for arrival in observe::once(arrivals) {
        observe::receive(&mut round, arrival).map_err(|misfit| Error::BadArrival(misfit.reason))?;
    }
    if round.staged().len() > MAX_EVENTS_PER_APPEND {
        return Err(Error::BadArrival(format!("a launch takes at most {MAX_EVENTS_PER_APPEND} events at once")));
    }
    Ok(round)
}

/// What the launch journals of the market's hidden parameters: those that the spec names.
fn scenario(spec: &Spec, world: &World) -> Result<Option<Box<Scenario>>, Error> {
    let bad = |rule: String| Err(Error::BadSpec { field: "market", rule });
    let scenario = world.scenario();
    if let Some(Err(error)) = scenario.map(Scenario::check) {
        return bad(format!("is given a scenario in which {error}"));
    }
    if spec.market != scenario.map(Scenario::digest) {
        return bad("must be the digest of the scenario of the world's market, and absent where it has none".to_owned());
    }
    Ok(scenario.cloned().map(Box::new))
}

/// Checks that a business can be launched so in this world, before anything is made for it.
///
/// # Errors
/// [`Error::BadSpec`] and [`Error::OtherWorld`].
pub fn check(spec: &Spec, world: &World) -> Result<(), Error> {
    let bad = |field, rule: &str| Err(Error::BadSpec { field, rule: rule.to_owned() });
    if spec.world != world.kind() {
        return Err(Error::OtherWorld { launched: spec.world, found: world.kind() });
    }
    if let Err(error) = time::zone(&spec.zone) {
        return Err(Error::BadSpec { field: "zone", rule: error.to_string() });
    }
    if spec.end.is_some_and(|end| end <= spec.start) {
        return bad("end", "must be after the start");
    }
    if spec.world.is_simulated() && spec.end.is_none() {
        return bad("end", "must be given in a simulated world, whose clock runs freely");
    }
    if let Some((field, rule)) = spec.caps.problem() {
        return bad(field, rule);
    }
    if spec.quiet_hours.from > 23 || spec.quiet_hours.to > 23 {
        return bad("quiet_hours", "must be hours from 0 to 23");
    }
    if spec.founder.trim().is_empty() || spec.founder.chars().any(char::is_control) || spec.founder.chars().count() > 100 {
        return bad("founder", "must be 1 to 100 characters without control characters");
    }
    if let Some(category) = content::prohibited(spec) {
        return bad("blueprint", &format!("deals in {category}, by its words; no such business is launched in any world"));
    }
    Ok(())
}
