//! The world that a business acts on: its clock, its adapters, its keys. The engine runs the same in all of them.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use bbb_core::action::{Action, ActionKind, CallModel};
use bbb_core::decide::view::Eyes;
use bbb_core::event::{Event, Signal};
use bbb_core::id::ProposalId;
use bbb_core::market::{self, Market, Scenario, SimulatedOwner};
use bbb_core::port::{Port, Ports};
use bbb_core::seal::{DerivedKeys, Vault};
use bbb_core::spec::{Autonomy, Spec, WorldKind};
use bbb_core::state::State;
use bbb_core::state::work::Stage;
use bbb_core::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::conditions::{Conditions, Faults, OwnerKind, UnreliableModel};
use crate::recording::Recording;
use crate::share::Shares;

/// Tells the time to a live or shadow business.
pub type WallClock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// A world for one business.
#[derive(Clone)]
pub struct World {
    kind: WorldKind,
    ports: Ports,
    connected: Arc<[ActionKind]>,
    vault: Vault,
    clock: Option<WallClock>,
    simulation: Option<Simulation>,
    /// What a launch in this world journals of the market beside the spec; a resumed business has it in its journal.
    scenario: Option<Box<Scenario>>,
    pace: Pace,
    passed_ms: Option<i64>,
    shares: Option<Arc<dyn Shares>>,
}

/// How quickly the virtual time of a simulated world passes. What happens in it is the same at any pace, and so is the journal.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pace {
    /// As quickly as the machine can: when nothing is left to do, it is the next moment at which something is.
    #[default]
    Fast,
    /// As on the wall: a simulated day takes a day, while the business runs and is not paused.
    Realtime,
}

#[derive(Clone)]
enum Simulation {
    /// A market and an owner; none where the owner never answers.
    Market { market: Arc<RwLock<Market>>, owner: Option<Arc<SimulatedOwner>> },
    /// What they once did.
    Recorded(Arc<Recording>),
}

impl World {
    /// The simulated world of a spec: a virtual clock, the market model, keys from the seed. Model calls, where minds make them, go to `model`.
    pub fn simulated(spec: &Spec, model: Option<Arc<dyn Port<CallModel>>>) -> World {
        World::simulated_under(Conditions::default(), spec, model)
    }

    /// The same world under these conditions: its ports fail so often, model calls too, and its owner answers or does not.
    pub fn simulated_under(conditions: Conditions, spec: &Spec, model: Option<Arc<dyn Port<CallModel>>>) -> World {
        let vault = Vault::new(Arc::new(DerivedKeys::new(spec.seed)));
        let market = Arc::new(RwLock::new(Market::new(spec, vault.clone())));
        let (asked, faults) = (Arc::clone(&market), Faults::new(spec, conditions.faults));
        let mut ports = market::ports_by(Arc::new(move |grant, action| {
            faults.strike(grant.proposal, grant.attempt)?;
            // A panic while the lock is held for writing fails the step that caused it: the fold is as good as the journal.
            asked.read().unwrap_or_else(PoisonError::into_inner).perform(grant, action)
        }));
        ports.call_model = model.map(|model| Arc::new(UnreliableModel { model, faults }) as Arc<dyn Port<CallModel>>);
        let owner = (conditions.owner == OwnerKind::Simulated).then(|| Arc::new(SimulatedOwner::new(spec)));
        World::of(ports, vault, Simulation::Market { market, owner })
    }

    /// The simulated world of a spec without a market and an owner: what they did is told again from a recording.
    pub fn recorded(spec: &Spec, recording: Recording) -> World {
        let vault = Vault::new(Arc::new(DerivedKeys::new(spec.seed)));
        let recording = Arc::new(recording);
        let told = Arc::clone(&recording);
        World::of(market::ports_by(Arc::new(move |grant, _| told.perform(grant))), vault, Simulation::Recorded(recording))
    }

    fn of(ports: Ports, vault: Vault, simulation: Simulation) -> World {
        World {
            kind: WorldKind::Simulated,
            connected: ports.connected().into(),
            ports,
            vault,
            clock: None,
            simulation: Some(simulation),
            scenario: None,
            pace: Pace::Fast,
            passed_ms: None,
            shares: None,
        }
    }

    /// The same world, in whose market a launch gives these hidden parameters instead of letting them be drawn. The spec must name their digest. Nothing changes
    /// in the real world, or for a business that is resumed: its journal has them.
    #[must_use]
    pub fn with_scenario(mut self, scenario: Scenario) -> World {
        self.scenario = self.simulation.is_some().then(|| Box::new(scenario));
        self
    }

    /// The same world at this pace. The real world has its own.
    #[must_use]
    pub fn paced(mut self, pace: Pace) -> World {
        self.pace = pace;
        self
    }

    /// The same world, in which so many milliseconds have passed since the last event of a business that is resumed, at the pace of the wall: those since which it was at
    /// [rest](crate::handle::Rest). Nothing changes at any other pace.
    #[must_use]
    pub fn after(mut self, passed_ms: Option<i64>) -> World {
        self.passed_ms = passed_ms.filter(|_| self.pace == Pace::Realtime).map(|passed_ms| passed_ms.max(0));
        self
    }

    /// What has passed since the last event of a business that is resumed.
    pub(crate) fn passed_ms(&self) -> Option<i64> {
        self.passed_ms
    }

    /// The same world, in which a business at the pace [`Pace::Fast`] steps only while it has a share of the processor. Nothing changes at any other pace.
    #[must_use]
    pub fn sharing(mut self, shares: Arc<dyn Shares>) -> World {
        self.shares = Some(shares);
        self
    }

    /// Who gives shares of the processor, where somebody does.
    pub(crate) fn shares(&self) -> Option<&Arc<dyn Shares>> {
        self.shares.as_ref()
    }

    /// How quickly virtual time passes.
    pub(crate) fn pace(&self) -> Pace {
        self.pace
    }

    /// What a launch gives of the market's hidden parameters.
    pub(crate) fn scenario(&self) -> Option<&Scenario> {
        self.scenario.as_deref()
    }

    /// The real world, through these adapters.
    pub fn live(ports: Ports, vault: Vault, clock: WallClock) -> World {
        World {
            kind: WorldKind::Live,
            connected: ports.connected().into(),
            ports,
            vault,
            clock: Some(clock),
            simulation: None,
            scenario: None,
            pace: Pace::Fast,
            passed_ms: None,
            shares: None,
        }
    }

    /// The real world to read from; what would change it is recorded and not sent.
    pub fn shadow(ports: Ports, vault: Vault, clock: WallClock) -> World {
        World { kind: WorldKind::Shadow, ..World::live(ports.in_shadow(), vault, clock) }
    }

    /// Which world this is.
    pub fn kind(&self) -> WorldKind {
        self.kind
    }

    /// The adapters.
    pub fn ports(&self) -> &Ports {
        &self.ports
    }

    /// What minds see through: the keys, and the actions that something is connected for.
    pub(crate) fn eyes(&self) -> Eyes {
        Eyes { vault: self.vault.clone(), connected: Arc::clone(&self.connected) }
    }

    /// The keys of the business.
    pub fn vault(&self) -> &Vault {
        &self.vault
    }

    /// The time by the wall clock; none where time is virtual.
    pub(crate) fn wall_time(&self) -> Option<Timestamp> {
        self.clock.as_ref().map(|clock| clock())
    }

    /// Folds events into the market; nothing to do in the real world.
    pub(crate) fn follow(&self, events: &[Event]) {
        if let Some(Simulation::Market { market, .. }) = &self.simulation {
            // The market is a fold without partial updates: a panic inside it fails the step that caused it, so the lock's poison adds nothing.
            let mut market = market.write().unwrap_or_else(PoisonError::into_inner);
            events.iter().for_each(|event| market.apply(event));
        }
    }

    /// Starts the fold anew, before a journal is replayed into it, whose first event has the market's scenario.
    pub(crate) fn reset(&self, spec: &Spec) {
        if let Some(Simulation::Market { market, .. }) = &self.simulation {
            *market.write().unwrap_or_else(PoisonError::into_inner) = Market::new(spec, self.vault.clone());
        }
    }

    /// What the market did during a day.
    pub(crate) fn end_of_day(&self, day: u32) -> Vec<Signal> {
        match &self.simulation {
            Some(Simulation::Market { market, .. }) => market.read().unwrap_or_else(PoisonError::into_inner).end_of_day(day),
            Some(Simulation::Recorded(recording)) => recording.end_of_day(day),
            None => Vec::new(),
        }
    }

    /// The escalations that the simulated owner answers, with when. At full autonomy, with an owner who never answers, and outside the simulated world, there are none.
    pub(crate) fn owner_answers(&self, state: &State) -> Vec<(Timestamp, ProposalId, bool, String)> {
        let owner = match &self.simulation {
            Some(Simulation::Market { owner: Some(owner), .. }) => owner,
            Some(Simulation::Recorded(recording)) => return recording.owner_answers(state),
            Some(Simulation::Market { owner: None, .. }) | None => return Vec::new(),
        };
        let waiting = state.work.proposals.iter().filter_map(|(id, open)| match open.stage {
            Stage::Waiting { expires_at, .. } if state.autonomy.level(open.proposal.action.kind()) < Autonomy::FULL => {
                Some((*id, &open.proposal.action, expires_at))
            }
            _ => None,
        });
        let mut answers: Vec<_> = waiting.map(|(id, action, expires_at)| answer(owner, id, action, expires_at)).collect();
        answers.sort_by_key(|(at, id, ..)| (*at, *id));
        answers
    }
}

fn answer(owner: &SimulatedOwner, id: ProposalId, action: &Action, expires_at: Timestamp) -> (Timestamp, ProposalId, bool, String) {
    let asked_at = expires_at.plus_ms(-bbb_core::limits::SIMULATED_APPROVAL_TTL_MS);
    let (at, approve, reason) = owner.answer(id, action, asked_at);
    (at, id, approve, reason)
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("World").field("kind", &self.kind).field("ports", &self.ports).finish_non_exhaustive()
    }
}
