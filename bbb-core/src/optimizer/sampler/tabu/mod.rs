//! Tabu search with path relinking, for dense and middle-sized models.
//!
//! One-flip tabu search (Glover, "Tabu search", 1989; Palubeckis, "Multistart tabu search strategies for the unconstrained binary quadratic optimization problem",
//! Annals of Operations Research 131, 2004) improves states; path relinking between the best ones begins it anew (Glover, Lü, Hao, "Diversification-driven tabu
//! search for unconstrained binary quadratic problems", 4OR 8, 2010; Wang, Lü, Glover, Hao, "Path relinking for unconstrained binary quadratic programming",
//! European Journal of Operational Research 223, 2012).
//!
//! Every read has a population of its own. It changes as many variables as `num_sweeps` times their number, or goes on until it is stopped.

mod relink;
mod state;

use self::relink::Population;
use self::state::{Rows, State, Value};
use super::parts::{self, Part, Shape};
use super::{Error, Params, Run, Sampler};
use crate::optimizer::model::Bqm;
use crate::optimizer::model::ising::{Compiled, Ising, to_state};
use crate::optimizer::random::Random;
use crate::optimizer::sample_set::SampleSet;

/// Changes per variable of a read where nothing is said.
const DEFAULT_SWEEPS: u64 = 100;
/// The least number of changes of such a read.
const DEFAULT_CHANGES: u64 = 1000;

/// Tabu search with path relinking.
#[derive(Debug, Clone, Copy, Default)]
pub struct TabuSearch {}

impl Sampler for TabuSearch {
    fn name(&self) -> &'static str {
        "tabu"
    }

    fn sample(&self, bqm: &Bqm, params: &Params, run: &Run<'_>) -> Result<SampleSet, Error> {
        params.check(bqm)?;
        match Compiled::of(bqm) {
            Compiled::Whole(ising) => search(bqm, &ising, params, run),
            Compiled::Real(ising) => search(bqm, &ising, params, run),
        }
    }
}

/// How many changes a read makes.
fn budget(params: &Params, variables: u64) -> u64 {
    match params.num_sweeps {
        Some(sweeps) => sweeps.saturating_mul(variables),
        None if params.until_stopped => u64::MAX,
        None => (DEFAULT_SWEEPS * variables).max(DEFAULT_CHANGES),
    }
}

fn search<N: Value>(bqm: &Bqm, ising: &Ising<N>, params: &Params, run: &Run<'_>) -> Result<SampleSet, Error> {
    let rows = Rows::of(ising);
    let variables = ising.len() as u64;
    let shape = Shape { solver: "tabu", reads_per_part: 1 };
    parts::run(bqm, params, run, shape, |number, _| {
        let mut random = Random::new(params.seed, number);
        let given = parts::initial_states(bqm, params, number, 1).next();
        let spins = given.unwrap_or_else(|| (0..ising.len()).map(|_| random.spin()).collect());
        let state = State::new(ising, &rows, spins, random);
        let improved = |spins: &[i8]| {
            let state = to_state(bqm, |spin| spins[spin]);
            run.stop.improved(bqm.energy_of(&state), &state);
        };
        let mut population = Population::new(state, run, budget(params, variables), &improved);
        population.evolve();
        let (state, best, stopped) = population.end();
        Part { spins: vec![best], sweeps: state.changes.div_ceil(variables.max(1)), updates: state.changes * variables, stopped }
    })
}
