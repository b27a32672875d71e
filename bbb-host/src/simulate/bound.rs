//! What no growth policy can expect to earn more than, in each of many futures.

use std::collections::BTreeMap;

use bbb_core::decide::growth::Strategy;
use bbb_core::market;

use super::{Job, in_parallel};

/// A future: the template's short name, the market's name where one was given, and the seed.
type Future = (String, Option<String>, u64);

/// Upper bounds of expected profit, in cents, of the futures of some jobs.
#[derive(Debug, Clone, Default)]
pub struct Bounds(BTreeMap<Future, i64>);

impl Bounds {
    /// Those of these jobs, each future once, on so many threads.
    pub fn of(jobs: &[Job], threads: usize) -> Bounds {
        let futures: BTreeMap<Future, &Job> = jobs.iter().map(|job| (job.future(), job)).collect();
        let futures: Vec<(Future, &Job)> = futures.into_iter().collect();
        let mut bounds = BTreeMap::new();
        in_parallel(
            &futures,
            threads,
            |(future, job)| (future.clone(), job.bound()),
            |(future, bound)| {
                bounds.extend(bound.map(|bound| (future, bound)));
                true
            },
        );
        Bounds(bounds)
    }

    /// That of a future; none where it was not asked for.
    pub fn get(&self, blueprint: &str, market: Option<&str>, seed: u64) -> Option<i64> {
        self.0.get(&(blueprint.to_owned(), market.map(str::to_owned), seed)).copied()
    }
}

impl Job {
    fn future(&self) -> Future {
        (self.blueprint.slug.clone(), self.market.as_ref().map(|market| market.to_string()), self.seed)
    }

    /// A profit, in cents, that no growth policy can expect to exceed in this job's market ([`market::bound`]).
    pub fn bound(&self) -> Option<i64> {
        let scenario = self.market.as_ref().map(|market| &market.scenario);
        market::bound(&self.spec(Strategy::default()), scenario).map(|bound| bound.get())
    }
}
