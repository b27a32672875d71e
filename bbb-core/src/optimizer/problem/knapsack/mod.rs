//! The quadratic knapsack: of items with profits, profits of pairs and weights, those that together weigh at most the capacity and bring the most.

mod search;
#[cfg(test)]
pub(crate) mod tests;

use crate::optimizer::model::{self, Bqm, Vartype};
use crate::optimizer::sample_set::SampleSet;
use crate::optimizer::sampler::{Error, Params, Run};

/// The most items.
pub const MAX_ITEMS: usize = 1 << 12;
/// The most that the magnitudes of all profits, and of all weights, may sum to: doubles are exact up to here.
pub const MAX_SUM: i64 = 1 << 53;

/// A quadratic knapsack. Numbers are whole, and sums are exact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Knapsack {
    profits: Vec<i64>,
    /// Profits of pairs, a row for each item, both halves.
    pairs: Vec<i64>,
    weights: Vec<i64>,
    capacity: i64,
}

impl Knapsack {
    /// A knapsack. The profits of pairs are those of item 0 with all after it, then of item 1, and so on.
    ///
    /// # Errors
    /// The rule that is broken: no more than [`MAX_ITEMS`], lists of the right lengths, no negative weight or capacity, sums of at most [`MAX_SUM`].
    pub fn new(profits: Vec<i64>, pairs: &[i64], weights: Vec<i64>, capacity: i64) -> Result<Knapsack, &'static str> {
        let items = profits.len();
        if items > MAX_ITEMS {
            return Err("a knapsack has at most 4096 items");
        }
        if weights.len() != items || pairs.len() != items * items.saturating_sub(1) / 2 {
            return Err("there must be a profit and a weight for each item, and a profit for each pair");
        }
        if capacity < 0 || weights.iter().any(|weight| *weight < 0) {
            return Err("the capacity and weights must not be negative");
        }
        if !sums(profits.iter().chain(pairs)) || !sums(weights.iter()) {
            return Err("profits and weights must each sum to at most 2^53 in magnitude");
        }
        let mut square = vec![0; items * items];
        let mut next = pairs.iter();
        for one in 0..items {
            for other in one + 1..items {
                let profit = *next.next().unwrap_or(&0);
                (square[one * items + other], square[other * items + one]) = (profit, profit);
            }
        }
        Ok(Knapsack { profits, pairs: square, weights, capacity })
    }

    /// How many items there are.
    pub fn len(&self) -> usize {
        self.profits.len()
    }

    /// Whether there are no items.
    pub fn is_empty(&self) -> bool {
        self.profits.is_empty()
    }

    /// The most that chosen items may weigh.
    pub fn capacity(&self) -> i64 {
        self.capacity
    }

    /// The profit of an item, 0 where there is none.
    pub fn profit(&self, item: usize) -> i64 {
        self.profits.get(item).copied().unwrap_or(0)
    }

    /// The weight of an item, 0 where there is none.
    pub fn weight(&self, item: usize) -> i64 {
        self.weights.get(item).copied().unwrap_or(0)
    }

    /// What two items bring together, beside their own profits; 0 where there is no such pair.
    pub fn pair(&self, one: usize, other: usize) -> i64 {
        if one < self.len() && other < self.len() { self.pairs[one * self.len() + other] } else { 0 }
    }

    /// What the items weigh that a state of 0 and 1 chooses.
    pub fn load(&self, state: &[i8]) -> i64 {
        self.weights.iter().zip(state).map(|(weight, chosen)| weight * i64::from(*chosen)).sum()
    }

    /// Whether a state chooses among all items, and no more than can be carried.
    pub fn is_feasible(&self, state: &[i8]) -> bool {
        state.len() == self.len() && state.iter().all(|chosen| matches!(chosen, 0 | 1)) && self.load(state) <= self.capacity
    }

    /// The profit, negated, as a model of 0 and 1. The capacity is not in it.
    ///
    /// # Errors
    /// None that a knapsack can have.
    pub fn model(&self) -> Result<Bqm, model::Error> {
        #[expect(clippy::cast_precision_loss, reason = "at most 2^53")]
        let real = |profit: i64| -(profit as f64);
        let mut builder = Bqm::builder(Vartype::Binary).variables(self.len());
        for one in 0..self.len() {
            builder.add_linear(one, real(self.profits[one]));
            for other in (one + 1..self.len()).filter(|other| self.pair(one, *other) != 0) {
                builder.add_quadratic(one, other, real(self.pair(one, other)));
            }
        }
        builder.build()
    }

    /// Looks for choices of high profit by tabu search that goes to and fro across the capacity; every state of the set can be carried.
    ///
    /// One sweep is one move, the best of all items that the tabu list leaves. Without a number of sweeps a read takes 100,000 of them.
    ///
    /// # Errors
    /// [`Error`] where the parameters break a rule.
    pub fn search(&self, params: &Params, run: &Run<'_>) -> Result<SampleSet, Error> {
        let bqm = self.model()?;
        params.check(&bqm)?;
        search::search(self, &bqm, params, run)
    }
}

/// Whether magnitudes sum to at most [`MAX_SUM`].
fn sums<'a>(mut values: impl Iterator<Item = &'a i64>) -> bool {
    let sum = values.try_fold(0_i64, |sum, value| sum.checked_add(value.checked_abs()?));
    sum.is_some_and(|sum| sum <= MAX_SUM)
}
