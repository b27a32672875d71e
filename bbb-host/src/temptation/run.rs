//! Plays a try: launches the business in the real engine, takes the steps, and lets it come to rest after each.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use bbb_agents::engine::Engine;
use bbb_agents::handle::{BusinessHandle, Refused};
use bbb_agents::world::World;
use bbb_core::blueprint::Channel;
use bbb_core::draw::Seed;
use bbb_core::event::{Event, Profile, Signal};
use bbb_core::journal::chain::Head;
use bbb_core::journal::memory::MemoryStore;
use bbb_core::journal::store::Store;
use bbb_core::journal::writer;
use bbb_core::observe::Arrival;
use bbb_core::orient;
use bbb_core::oversight::charter::Charter;
use bbb_core::seal::{DerivedKeys, Vault};
use bbb_core::spec::{Spec, WorldKind};
use bbb_core::state::State;
use bbb_core::time::Timestamp;

use crate::fault::Fault;
use crate::temptation::judge::{self, Outcome};
use crate::temptation::minds::{Urge, minds};
use crate::temptation::ports::{ErasableKeys, Left, Outside};
use crate::temptation::scenario::{Lead, Scenario, Try};

/// Turns that every task gets before the bench looks whether something has moved.
const TURNS: usize = 64;
/// Looks in a row at which nothing has moved, after which the business is at rest.
const QUIET_LOOKS: usize = 3;
/// The most looks: a business that never rests is a finding, not a reason to wait forever.
const MAX_LOOKS: usize = 2_000;
/// The source of what arrives.
const SOURCE: &str = "bench";

/// The clock that a scenario sets.
#[derive(Debug, Clone)]
pub(super) struct Clock(Arc<AtomicI64>);

impl Clock {
    fn at(start: Timestamp) -> Clock {
        Clock(Arc::new(AtomicI64::new(start.ms())))
    }

    pub(super) fn now(&self) -> Timestamp {
        Timestamp::from_ms(self.0.load(Ordering::SeqCst))
    }

    pub(super) fn set(&self, now: Timestamp) {
        self.0.store(now.ms(), Ordering::SeqCst);
    }
}

/// What is left of a try for the judge.
pub(super) struct Record {
    /// Everything that was committed.
    pub(super) events: Vec<Event>,
    /// What left, in order.
    pub(super) left: Vec<Left>,
    /// How many effects had left when the mark was set.
    pub(super) mark: usize,
    /// What was refused on the way, by the names that a harm's `by` may give: a launch, a late answer.
    pub(super) refused: Vec<&'static str>,
    /// What went wrong with the engine itself, if anything.
    pub(super) broken: Option<String>,
    /// Reads everything.
    pub(super) reader: Vault,
}

/// A business that is being tried.
pub(super) struct Stage {
    engine: Engine,
    world: World,
    pub(super) spec: Spec,
    pub(super) clock: Clock,
    pub(super) keys: Arc<ErasableKeys>,
    pub(super) vault: Vault,
    pub(super) outside: Arc<Outside>,
    pub(super) urge: Arc<Urge>,
    pub(super) leads: Vec<Lead>,
    pub(super) business: BusinessHandle,
    pub(super) mark: usize,
    pub(super) refused: Vec<&'static str>,
    pub(super) broken: Option<String>,
    arrivals: usize,
    /// Orders and requests for help so far.
    pub(super) orders: u32,
    pub(super) tickets: u32,
}

/// Plays one try and judges it.
///
/// # Errors
/// [`Fault`] where no runtime could be started: the try was not played.
pub fn play(scenario: &Scenario, attempt: &Try, seed: Seed) -> Result<Outcome, Fault> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Fault::failed(format!("the runtime could not be started: {error}")))?;
    let record = runtime.block_on(record(scenario, attempt, seed));
    Ok(judge::judge(attempt, &record))
}

async fn record(scenario: &Scenario, attempt: &Try, seed: Seed) -> Record {
    let reader = Vault::new(Arc::new(DerivedKeys::new(seed)));
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let mut record = Record { events: Vec::new(), left: Vec::new(), mark: 0, refused: Vec::new(), broken: None, reader };
    match launch(scenario, attempt, seed, &store, &record.reader).await {
        Ok(mut stage) => {
            for step in &attempt.steps {
                stage.take(step).await;
            }
            stage.rest().await;
            let id = stage.spec.id();
            stage.business.passivate().await;
            match writer::load(store.as_ref(), id, Head::EMPTY).await {
                Ok((events, _)) => record.events = events,
                Err(error) => record.broken = Some(format!("the journal cannot be read: {error}")),
            }
            record.left = stage.outside.left();
            (record.mark, record.refused) = (stage.mark, stage.refused);
            record.broken = record.broken.or(stage.broken);
        }
        Err(bbb_agents::engine::Error::BadSpec { .. }) => record.refused.push(judge::LAUNCH),
        Err(error) => record.broken = Some(format!("it was not launched: {error}")),
    }
    record
}

async fn launch(
    scenario: &Scenario,
    attempt: &Try,
    seed: Seed,
    store: &Arc<dyn Store>,
    reader: &Vault,
) -> Result<Stage, bbb_agents::engine::Error> {
    let charter = match attempt.charter.is_empty() {
        true => Charter::shipped().clone(),
        false => Charter::with_owner_policies("charter", &attempt.charter)
            .map_err(|error| bbb_agents::engine::Error::BadSpec { field: "charter", rule: error.to_string() })?,
    };
    let urge = Arc::<Urge>::default();
    let minds = minds(scenario.mind, scenario.role, &urge);
    let engine = Engine::builder(Arc::clone(store)).minds(minds).charter(charter).build();
    let spec = engine.prepare(Spec { seed, ..attempt.spec.clone() });
    let clock = Clock::at(spec.start);
    let keys = ErasableKeys::new(DerivedKeys::new(seed));
    let vault = Vault::new(Arc::<ErasableKeys>::clone(&keys));
    let outside = Outside::new(clock.clone(), &attempt.leads, &attempt.answers, reader.clone(), vault.clone());
    let told = clock.clone();
    let wall = Arc::new(move || told.now());
    let world = match spec.world {
        WorldKind::Shadow => World::shadow(outside.ports(), vault.clone(), wall),
        _ => World::live(outside.ports(), vault.clone(), wall),
    };
    let leads = attempt.leads.iter().filter(|lead| !lead.later);
    let arrivals: Vec<Arrival> = leads.enumerate().map(|(number, lead)| arrival(number, arrives(lead, &vault))).collect();
    let known = arrivals.len();
    let business = engine.launch_with(spec.clone(), world.clone(), arrivals).await?;
    let mut stage = Stage {
        engine,
        world,
        spec,
        clock,
        keys,
        vault,
        outside,
        urge,
        leads: attempt.leads.clone(),
        business,
        mark: 0,
        refused: Vec::new(),
        broken: None,
        arrivals: known,
        orders: 0,
        tickets: 0,
    };
    stage.rest().await;
    Ok(stage)
}

fn arrival(number: usize, signal: Signal) -> Arrival {
    Arrival { source: SOURCE.to_owned(), external_id: number.to_string(), signal }
}

/// The signal that a lead arrives.
pub(super) fn arrives(lead: &Lead, vault: &Vault) -> Signal {
    let Lead { email, name, company, note, .. } = lead.clone();
    let contact = vault.contact_id(&email);
    let profile = serde_json::to_string(&Profile { email, name, company, note }).unwrap_or_default();
    // A lead that cannot be sealed was erased or has a text beyond all bounds, which files cannot hold; it arrives without words.
    let sealed = vault.seal(contact, &profile).or_else(|_| vault.seal(bbb_core::seal::owner_contact(), "{}"));
    let Ok(profile) = sealed else { return Signal::Unsubscribed { contact } };
    Signal::LeadArrived { contact, channel: Channel::Email, consent: lead.consent, profile }
}

impl Stage {
    /// Delivers something to the business.
    pub(super) async fn receive(&mut self, signal: Signal) {
        self.arrivals += 1;
        if self.business.receive(vec![arrival(self.arrivals, signal)]).await.is_err() {
            self.refused.push("engine.bad-signal");
        }
    }

    /// Notes why something that the owner said was refused.
    pub(super) fn note(&mut self, answer: Result<(), Refused>) {
        match answer {
            Ok(()) => {}
            Err(Refused::NotWaiting(_)) => self.refused.push("owner.too-late"),
            Err(Refused::NotDelegated { .. }) => self.refused.push("owner.not-delegated"),
            Err(Refused::BadSetting(_)) => self.refused.push("owner.bad-setting"),
            Err(Refused::Status(_)) => self.refused.push("owner.wrong-status"),
            Err(Refused::NotInDoubt(_)) => self.refused.push("owner.not-in-doubt"),
            Err(error) => drop(self.broken.get_or_insert(error.to_string())),
        }
    }

    /// The state, if the business still answers.
    pub(super) async fn state(&mut self) -> Option<Arc<State>> {
        match self.business.status().await {
            Ok(state) => Some(state),
            Err(error) => {
                self.broken.get_or_insert(error.to_string());
                None
            }
        }
    }

    /// Lets the business look at its clock and work until nothing moves.
    pub(super) async fn rest(&mut self) -> Option<Arc<State>> {
        // What arrives, be it nothing, makes it look; one that is over refuses, and has nothing to do.
        let _ = self.business.receive(Vec::new()).await;
        let (mut before, mut same) = (None, 0);
        for _ in 0..MAX_LOOKS {
            for _ in 0..TURNS {
                tokio::task::yield_now().await;
            }
            let state = self.state().await?;
            let now = Some((state.sequence, self.outside.count()));
            same = if now == before { same + 1 } else { 0 };
            before = now;
            if same >= QUIET_LOOKS {
                return Some(state);
            }
        }
        self.broken.get_or_insert("it does not come to rest".to_owned());
        None
    }

    /// Lets time pass: the business looks at the clock whenever something is due.
    pub(super) async fn wait_until(&mut self, end: Timestamp) {
        for _ in 0..MAX_LOOKS {
            let Some(state) = self.rest().await else { return };
            let now = self.clock.now();
            if now >= end {
                return;
            }
            let due = orient::next_due(&state, now.max(state.now)).filter(|due| *due > now);
            self.clock.set(due.unwrap_or(end).min(end));
        }
    }

    /// Ends the process and goes on from the journal.
    pub(super) async fn restart(&mut self) {
        self.business.passivate().await;
        let world = self.world.clone();
        match self.engine.resume(self.spec.id(), |_| Ok(world)).await {
            Ok(business) => self.business = business,
            Err(error) => drop(self.broken.get_or_insert(format!("it was not resumed: {error}"))),
        }
    }
}
