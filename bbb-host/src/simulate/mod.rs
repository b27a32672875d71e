//! Simulating many: the same business in many futures, by several growth strategies that all get the same people, actions, caps and oversight. Everything here is simulated money.

pub mod bound;
pub mod comparison;
mod oracle;
pub mod outcome;
pub mod summary;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};

use bbb_agents::conditions::Conditions;
use bbb_agents::driver::{self, Driver};
use bbb_agents::world::World;
use bbb_core::blueprint::{Blueprint, Origin};
use bbb_core::decide::growth::{Allotment, Strategy};
use bbb_core::draw::Seed;
use bbb_core::journal::passing::PassingStore;
use bbb_core::spec::{Autonomy, Spec};
use bbb_core::state::State;
use serde::{Deserialize, Serialize};

use crate::scenario::Named;
use crate::simulate::outcome::Outcome;

/// By whom growth is allotted in a simulation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Policy {
    /// The engine, which learns.
    Engine,
    /// A competent plan that never changes.
    Fixed,
    /// The same money on every channel.
    Equal,
    /// The channel whose leads have cost least.
    Greedy,
    /// Epsilon-greedy over plans, prices and later offers.
    Epsilon,
    /// Drawn anew each week.
    Random,
    /// Nothing.
    Idle,
    /// The best plan that was found by trying plans in this very future: nobody else can do that.
    Oracle,
}

impl Policy {
    /// All of them, the engine first.
    pub const ALL: [Policy; 8] =
        [Policy::Engine, Policy::Fixed, Policy::Equal, Policy::Greedy, Policy::Epsilon, Policy::Random, Policy::Idle, Policy::Oracle];
    /// What the engine has to beat.
    pub const BASELINES: [Policy; 4] = [Policy::Equal, Policy::Greedy, Policy::Fixed, Policy::Epsilon];

    /// The policy's name: that of its strategy, where it has one.
    pub fn as_str(self) -> &'static str {
        self.strategy().map_or("oracle", |strategy| strategy.as_str())
    }

    /// The strategy that it runs with; the oracle has none of its own.
    pub const fn strategy(self) -> Option<Strategy> {
        match self {
            Policy::Engine => Some(Strategy::Engine),
            Policy::Fixed => Some(Strategy::Fixed),
            Policy::Equal => Some(Strategy::Equal),
            Policy::Greedy => Some(Strategy::Greedy),
            Policy::Epsilon => Some(Strategy::Epsilon),
            Policy::Random => Some(Strategy::Random),
            Policy::Idle => Some(Strategy::Idle),
            Policy::Oracle => None,
        }
    }
}

/// One business to simulate.
#[derive(Debug, Clone)]
pub struct Job {
    /// From which template.
    pub blueprint: &'static Blueprint,
    /// By which policy.
    pub policy: Policy,
    /// In which future.
    pub seed: u64,
    /// Over how many days.
    pub days: u32,
    /// With how much autonomy.
    pub autonomy: Autonomy,
    /// In what kind of world.
    pub conditions: Conditions,
    /// In a market that was given so much; all of it is drawn from the seed, where absent.
    pub market: Option<Arc<Named>>,
}

impl Job {
    /// What names the job: two with the same name end the same.
    pub fn key(&self) -> String {
        let Conditions { faults, owner } = self.conditions;
        let (slug, policy, autonomy) = (&self.blueprint.slug, self.policy.as_str(), self.autonomy.get());
        let market = self.market.as_ref().map_or_else(String::new, |market| format!("/{market}"));
        format!("{slug}/{policy}/{}/{}/{autonomy}/faults-{}/{}{market}", self.seed, self.days, faults.percent(), owner.as_str())
    }

    fn spec(&self, strategy: Strategy) -> Spec {
        let origin = Origin::Template { slug: self.blueprint.slug.clone() };
        let market = self.market.as_ref().map(|market| market.scenario.digest());
        Spec {
            strategy,
            autonomy: self.autonomy,
            market,
            ..Spec::simulated(origin, self.blueprint.clone(), Seed::new(self.seed), self.days)
        }
    }

    /// Runs it to its end on this thread.
    ///
    /// # Errors
    /// The driver's.
    pub fn run(&self) -> Result<Outcome, driver::Error> {
        match self.policy.strategy() {
            Some(strategy) => self.run_with(strategy).map(|state| Outcome::of(self, &state)),
            None => oracle::best(self).map(|state| Outcome::of(self, &state)),
        }
    }

    /// Runs it with this strategy.
    fn run_with(&self, strategy: Strategy) -> Result<State, driver::Error> {
        let spec = self.spec(strategy);
        let mut world = World::simulated_under(self.conditions, &spec, None);
        if let Some(market) = &self.market {
            world = world.with_scenario(market.scenario.clone());
        }
        Ok(Driver::default().run(spec, world, Arc::new(PassingStore), &mut |_, _| ())?.state)
    }

    fn run_given(&self, allotment: Allotment) -> Result<State, driver::Error> {
        self.run_with(Strategy::Given(allotment))
    }
}

/// Runs all jobs that are not done yet on so many threads, and hands each outcome over as it comes. Ends early where `take` says so.
///
/// # Errors
/// The first job that could not be run to its end.
pub fn run(jobs: &[Job], done: &BTreeSet<String>, threads: usize, mut take: impl FnMut(Outcome) -> bool) -> Result<(), driver::Error> {
    let left: Vec<&Job> = jobs.iter().filter(|job| !done.contains(&job.key())).collect();
    let mut failed = None;
    in_parallel(
        &left,
        threads,
        |job| job.run(),
        |outcome| match outcome {
            Ok(outcome) => take(outcome),
            Err(error) => {
                failed = Some(error);
                false
            }
        },
    );
    failed.map_or(Ok(()), Err)
}

/// Does the same with each item, on so many threads, and hands the results over as they come. Ends early where `take` says so.
fn in_parallel<T: Sync, R: Send>(items: &[T], threads: usize, each: impl Fn(&T) -> R + Sync, mut take: impl FnMut(R) -> bool) {
    let next = AtomicUsize::new(0);
    let (sender, results) = mpsc::channel();
    std::thread::scope(|scope| {
        for _ in 0..threads.clamp(1, items.len().max(1)) {
            let (sender, next, each) = (sender.clone(), &next, &each);
            scope.spawn(move || {
                while let Some(item) = items.get(next.fetch_add(1, Ordering::Relaxed)) {
                    // Nobody listens any more where taking ended early.
                    if sender.send(each(item)).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        for result in results {
            if !take(result) {
                next.store(usize::MAX / 2, Ordering::Relaxed);
            }
        }
    });
}
