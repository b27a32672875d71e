//! The driver: runs a simulated business to its end on the thread that calls it, without actors, timers or a runtime.
//!
//! It takes the same turns as a supervisor with its eight agents, through the same core, and ends with the same journal, byte for byte; a test holds the two
//! together. What it lacks is what simulated playbooks do not need: agents that fail and are started again, commands while it runs, resuming. It is for simulating many.

use std::collections::BTreeMap;
use std::sync::Arc;

use bbb_core::decide::Decision;
use bbb_core::event::Event;
use bbb_core::id::ProposalId;
use bbb_core::journal::chain::Head;
use bbb_core::journal::store::Store;
use bbb_core::journal::writer::{self, Acknowledgement, Journal};
use bbb_core::oversight::Oversight;
use bbb_core::oversight::charter::Charter;
use bbb_core::round::Round;
use bbb_core::settle::{self, Report};
use bbb_core::spec::Spec;
use bbb_core::state::work::Stage;
use bbb_core::state::{Misfit, State, Status};
use bbb_core::{decide, orient};
use futures_util::FutureExt;

use crate::engine;
use crate::minds::Minds;
use crate::turn::{self, Turn};
use crate::world::World;

/// Why a business could not be driven to its end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// It could not be launched.
    #[error(transparent)]
    Launch(#[from] engine::Error),
    /// The journal could not be written.
    #[error(transparent)]
    Journal(#[from] writer::Error),
    /// A defect of the engine.
    #[error("defect: {0}")]
    Misfit(#[from] Misfit),
    /// The world is not simulated, or something in it makes the driver wait.
    #[error("only what answers at once can be driven without a runtime: {0} does not")]
    Waits(&'static str),
    /// The business was paused, and there is nobody who could resume it.
    #[error("it was paused on day {day} and nobody resumes it")]
    Paused {
        /// The day, counted from 0.
        day: u32,
    },
}

/// How a driven business ended.
#[derive(Debug)]
pub struct Driven {
    /// Its last state.
    pub state: State,
    /// Where its journal ends.
    pub head: Head,
}

/// Runs simulated businesses under one charter.
#[derive(Clone, Debug)]
pub struct Driver {
    charter: Charter,
    minds: Minds,
}

impl Default for Driver {
    /// The shipped charter and the playbooks.
    fn default() -> Driver {
        Driver { charter: Charter::shipped().clone(), minds: Minds::playbook() }
    }
}

impl Driver {
    /// A driver under this charter, with these minds.
    pub fn new(charter: Charter, minds: Minds) -> Driver {
        Driver { charter, minds }
    }

    /// Runs a business from its launch to its end. Every committed event goes to the store, and to `watch` with the state after the commit.
    ///
    /// # Errors
    /// [`Error`]; what was committed before stays in the store.
    pub fn run(&self, spec: Spec, world: World, store: Arc<dyn Store>, watch: &mut dyn FnMut(&[Event], &State)) -> Result<Driven, Error> {
        if !world.kind().is_simulated() {
            return Err(Error::Waits("the world"));
        }
        let spec = Spec { versions: engine::versions(&self.charter), ..spec };
        let mut round = engine::begin(spec, &world, Vec::new())?;
        let journal = at_once(Journal::open(store, round.state().business), "the store")??;
        if journal.head() != Head::EMPTY {
            return Err(engine::Error::Exists(round.state().business).into());
        }
        let oversight = Oversight::new(self.charter.clone(), world.vault().clone(), world.ports());
        let mut run = Run { driver: self, world, journal, oversight, turn: Turn::new(0), ended: BTreeMap::new(), watch };
        run.commit(&mut round)?;
        while run.step(&mut round)? {}
        let (state, head) = (round.into_parts().0, run.journal.head());
        if state.status.is_over() { Ok(Driven { state, head }) } else { Err(Error::Paused { day: state.day }) }
    }
}

/// The answer of something that does not wait.
fn at_once<T>(future: impl Future<Output = T>, what: &'static str) -> Result<T, Error> {
    future.now_or_never().ok_or(Error::Waits(what))
}

/// One business on its way.
struct Run<'a> {
    driver: &'a Driver,
    world: World,
    journal: Journal,
    oversight: Oversight,
    turn: Turn,
    /// Effects that have ended and are not settled yet.
    ended: BTreeMap<ProposalId, Report>,
    watch: &'a mut dyn FnMut(&[Event], &State),
}

impl Run<'_> {
    /// Does what can be done now, or moves the time on to when something can; says whether there was either.
    fn step(&mut self, round: &mut Round) -> Result<bool, Error> {
        let before = round.state().sequence;
        for (id, report) in std::mem::take(&mut self.ended) {
            settle::settle(round, id, report)?;
        }
        self.turn.close_days(&self.world, round)?;
        turn::owner_answers(&self.world, round)?;
        if !round.state().status.is_over() {
            orient::orient(round, &self.world.eyes())?;
            self.decide(round)?;
            if Oversight::has_work(round.state(), round.now()) {
                self.oversight.review(round)?;
            }
        }
        let staged = round.state().sequence != before;
        self.turn.guard_against_circles(true, round, staged)?;
        if turn::should_commit(true, round) {
            self.commit(round)?;
        }
        if staged || !self.ended.is_empty() {
            return Ok(true);
        }
        let active = round.state().status == Status::Active;
        match turn::next_due(&self.world, round).filter(|_| active) {
            Some(at) => self.turn.advance(round, at),
            None => self.commit(round)?,
        }
        Ok(active)
    }

    fn decide(&self, round: &mut Round) -> Result<(), Error> {
        let ready = decide::ready(round.state(), round.now());
        for (_, tasks) in &ready {
            decide::begin(round, tasks)?;
        }
        let eyes = self.world.eyes();
        // All roles decide about the same state, as actors do that are asked at once.
        let mut answers = Vec::new();
        for (role, tasks) in ready {
            let (view, mind) = (eyes.view(round.state(), round.now()), self.driver.minds.of(role));
            answers.extend(tasks.into_iter().map(|id| {
                let task = round.state().work.tasks.get(&id);
                (role, id, task.map_or_else(|| Decision::GiveUp("the task is over".to_owned()), |task| mind.decide(&view, task)))
            }));
        }
        Ok(decide::adopt_all(round, answers)?)
    }

    /// Commits what is staged, and carries out what gets a permit.
    fn commit(&mut self, round: &mut Round) -> Result<(), Error> {
        self.turn.follow(&self.world, round);
        if round.staged().is_empty() {
            return Ok(());
        }
        let (wake_at, over) = (orient::next_due(round.state(), round.now()), round.state().status.is_over());
        let acknowledgement = at_once(self.journal.commit(round.staged(), wake_at, over), "the store")??;
        let events = round.take_staged();
        (self.watch)(&events, round.state());
        if acknowledgement.is_empty() { Ok(()) } else { self.act(round, acknowledgement) }
    }

    fn act(&mut self, round: &mut Round, acknowledgement: Acknowledgement) -> Result<(), Error> {
        for granted in self.oversight.mint(acknowledgement, round.state(), round.state().now).into_iter().flatten() {
            let (id, mark) = (granted.grant().proposal, granted.use_mark());
            let answer = at_once(self.world.ports().perform(granted), "an adapter")?;
            // Once this is over the permit is used or revoked, whatever the adapter did with it.
            let _ = mark.revoke();
            self.ended.insert(id, Report::Answered(answer));
        }
        let held = round.state().work.proposals.iter().filter(|(_, open)| matches!(open.stage, Stage::Held { .. }));
        let unpermitted: Vec<_> = held.map(|(id, _)| *id).filter(|id| !self.ended.contains_key(id)).collect();
        for id in unpermitted {
            settle::settle(round, id, Report::Unused("no permit was made".to_owned()))?;
        }
        Ok(())
    }
}
