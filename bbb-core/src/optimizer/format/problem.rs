//! A problem as its file means it.

use super::Format;
use crate::optimizer::model::{self, Bqm, Disguised};
use crate::optimizer::problem::knapsack::Knapsack;

/// Whether more is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sense {
    /// Less is better.
    Min,
    /// More is better.
    Max,
}

/// What the objective of a file is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The weight of the edges between two sides.
    Cut,
    /// A value or profit.
    Value,
    /// An energy.
    Energy,
}

/// A problem of a file: a model whose energy is to be minimised, and how to say the result in the file's own terms.
#[derive(Debug, Clone, PartialEq)]
pub struct Problem {
    /// Its name, where the file has one.
    pub name: Option<String>,
    /// The format it was read from.
    pub format: Format,
    /// What is to be minimised. Of a knapsack it is the profit alone, negated: its capacity is not in the model.
    pub bqm: Bqm,
    /// What the objective is called.
    pub kind: Kind,
    /// Whether more of the objective is better.
    pub sense: Sense,
    /// The knapsack, where the file is one.
    pub knapsack: Option<Knapsack>,
    /// `objective = base + factor * energy`.
    pub(super) base: f64,
    pub(super) factor: f64,
}

impl Problem {
    /// A problem whose objective is the energy.
    pub fn energy(format: Format, bqm: Bqm) -> Problem {
        Problem { name: None, format, bqm, kind: Kind::Energy, sense: Sense::Min, knapsack: None, base: 0.0, factor: 1.0 }
    }

    /// A problem whose objective is a value to be maximised, the energy with the other sign.
    pub(super) fn value(format: Format, bqm: Bqm) -> Problem {
        Problem { kind: Kind::Value, sense: Sense::Max, factor: -1.0, ..Problem::energy(format, bqm) }
    }

    /// A maximum cut: spins on two sides, `cut = (sum of weights - energy) / 2`.
    ///
    /// # Errors
    /// Where the edges are no model.
    pub fn cut(format: Format, vertices: usize, edges: impl IntoIterator<Item = (usize, usize, f64)>) -> Result<Problem, model::Error> {
        let mut builder = Bqm::builder(model::Vartype::Spin).variables(vertices);
        let mut sum = 0.0;
        for (one, other, weight) in edges {
            // An edge from a vertex to itself is never cut.
            if one != other {
                builder.add_quadratic(one, other, weight);
                sum += weight;
            }
        }
        let problem = Problem::energy(format, builder.build()?);
        Ok(Problem { kind: Kind::Cut, sense: Sense::Max, base: sum / 2.0, factor: -0.5, ..problem })
    }

    /// The file's objective at this energy: the cut, the value, or the energy itself.
    pub fn objective(&self, energy: f64) -> f64 {
        self.base + self.factor * energy
    }

    /// The energy at which the objective is this.
    pub fn energy_at(&self, objective: f64) -> f64 {
        (objective - self.base) / self.factor
    }

    /// The problem of making the same objective as large or as small as can be.
    ///
    /// # Errors
    /// [`model::Error`] where the model cannot be negated, which no finite one is.
    pub fn with_sense(self, sense: Sense) -> Result<Problem, model::Error> {
        if sense == self.sense {
            return Ok(self);
        }
        Ok(Problem { bqm: self.bqm.scale(-1.0)?, sense, factor: -self.factor, ..self })
    }

    /// The same problem in a random disguise: its variables in another order, some of them with their values exchanged. A state has the objective that it
    /// has in the original. None of a knapsack, whose items are no bare variables.
    ///
    /// # Errors
    /// Where the disguised model has too large coefficients.
    pub fn disguised(&self, seed: u64) -> Result<Option<Problem>, model::Error> {
        if self.knapsack.is_some() {
            return Ok(None);
        }
        Ok(Some(Problem { bqm: Disguised::of(&self.bqm, seed)?.bqm, ..self.clone() }))
    }

    /// Whether a state keeps the rules of the file. Only a knapsack has any.
    pub fn is_feasible(&self, state: &[i8]) -> bool {
        self.knapsack.as_ref().is_none_or(|knapsack| knapsack.is_feasible(state))
    }
}
