//! Constraints over binary variables, and the model without constraints whose optima are those of the constrained one.
//!
//! Penalties are added (Lucas, "Ising formulations of many NP problems", 2014; Glover, Kochenberger, Du, "Quantum bridge analytics I", 2019): for an equality
//! `sum c_i x_i = b` the square of the difference, for an inequality `low <= sum c_i x_i <= high` the same with slack variables that count from 0 to the width of
//! the range. Of variables of which at most one may be 1, each pair is penalised instead, which needs no slack: `k` of them cost `k (k - 1) / 2` penalties.
//!
//! **How large a penalty is enough.** Coefficients of constraints are whole numbers, so that a violated one costs at least its penalty. Where all penalties are
//! `P`, an infeasible state of objective `f` has at least the energy `f + P`. With `P` above `max f - min f` over all states no infeasible state is better than, or as
//! good as, a feasible one. That difference is at most the sum of all magnitudes of the binary objective, and at most twice the sum of those of its Ising form:
//! the lesser of both, and one more, is the penalty. Where every violation can be mended by changes of single variables one after the other, less would do; that is
//! not tried, since it would not be certain. [`Model::set_penalty`] takes a smaller one where the caller knows better; [`Converted::is_certified`] says so.
//!
//! Where no state is feasible, the optimum of the model without constraints is not feasible either.

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use super::bqm::{Bqm, Vartype};
use super::error::Error;
use crate::optimizer::sample_set::SampleSet;

/// The largest magnitude of the sum of a constraint's coefficients, and of its bounds.
pub const MAX_SUM: i64 = 1 << 31;
/// Changes of variables that a repair makes at most, per variable.
const MAX_REPAIRS: usize = 4;

/// Why a constraint cannot be had.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ConstraintError {
    /// A constraint that no values satisfy.
    #[error("constraint {label}: the sum is from {least} to {most}, never from {low} to {high}")]
    Unsatisfiable {
        /// Its label.
        label: String,
        /// The least that its sum can be.
        least: i64,
        /// The most.
        most: i64,
        /// What it must be at least.
        low: i64,
        /// What it must be at most.
        high: i64,
    },
    /// Coefficients or bounds that are too large.
    #[error("constraint {label}: magnitudes sum to more than {most}")]
    TooLarge {
        /// Its label.
        label: String,
        /// What they may sum to.
        most: i64,
    },
    /// A penalty that is no positive number.
    #[error("a penalty must be a number above 0, not {0}")]
    Penalty(f64),
    /// An objective or a state that is none.
    #[error(transparent)]
    Model(#[from] Error),
}

/// `low <= sum coefficient * variable <= high`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Constraint {
    /// Its name, for people.
    pub label: String,
    /// Whole coefficients of variables, each variable once, sorted.
    terms: Vec<(usize, i64)>,
    low: i64,
    high: i64,
}

impl Constraint {
    /// What the sum of its terms is in a state.
    pub fn sum(&self, state: &[i8]) -> i64 {
        self.terms.iter().map(|(variable, coefficient)| coefficient * i64::from(state.get(*variable).copied().unwrap_or(0))).sum()
    }

    /// By how much a state violates it: 0 where it does not.
    pub fn violation(&self, state: &[i8]) -> i64 {
        self.excess(self.sum(state)).abs()
    }

    /// How far a sum is above what is allowed, or, negative, below.
    fn excess(&self, sum: i64) -> i64 {
        sum - sum.clamp(self.low, self.high)
    }

    /// Whether it says that at most one of its variables is 1.
    fn is_at_most_one(&self) -> bool {
        (self.low, self.high) == (0, 1) && self.terms.iter().all(|(_, coefficient)| *coefficient == 1)
    }

    /// The least and the most that the sum can be.
    fn range(&self) -> (i64, i64) {
        let part = |sign: i64| self.terms.iter().map(|(_, coefficient)| (coefficient * sign).max(0)).sum::<i64>() * sign;
        (part(-1), part(1))
    }
}

/// An objective over binary variables that is to be minimised under constraints.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    objective: Bqm,
    constraints: Vec<Constraint>,
    penalty: Option<f64>,
}

impl Model {
    /// Begins with an objective. One over spins becomes one over binary variables.
    ///
    /// # Errors
    /// [`Error::TooLarge`].
    pub fn new(objective: &Bqm) -> Result<Model, Error> {
        Ok(Model { objective: objective.to_vartype(Vartype::Binary)?, constraints: Vec::new(), penalty: None })
    }

    /// The objective.
    pub fn objective(&self) -> &Bqm {
        &self.objective
    }

    /// The constraints, in the order in which they were added.
    pub fn constraints(&self) -> &[Constraint] {
        &self.constraints
    }

    /// `sum coefficient * variable = value`.
    ///
    /// # Errors
    /// As [`Model::range`].
    pub fn equality(&mut self, label: &str, terms: &[(usize, i64)], value: i64) -> Result<(), ConstraintError> {
        self.range(label, terms, value, value)
    }

    /// `sum coefficient * variable <= most`.
    ///
    /// # Errors
    /// As [`Model::range`].
    pub fn at_most(&mut self, label: &str, terms: &[(usize, i64)], most: i64) -> Result<(), ConstraintError> {
        self.range(label, terms, -MAX_SUM, most)
    }

    /// `sum coefficient * variable >= least`.
    ///
    /// # Errors
    /// As [`Model::range`].
    pub fn at_least(&mut self, label: &str, terms: &[(usize, i64)], least: i64) -> Result<(), ConstraintError> {
        self.range(label, terms, least, MAX_SUM)
    }

    /// Exactly one of these variables is 1.
    ///
    /// # Errors
    /// As [`Model::range`].
    pub fn one_hot(&mut self, label: &str, variables: &[usize]) -> Result<(), ConstraintError> {
        self.cardinality(label, variables, 1, 1)
    }

    /// From `least` to `most` of these variables are 1.
    ///
    /// # Errors
    /// As [`Model::range`].
    pub fn cardinality(&mut self, label: &str, variables: &[usize], least: i64, most: i64) -> Result<(), ConstraintError> {
        let terms: Vec<(usize, i64)> = variables.iter().map(|variable| (*variable, 1)).collect();
        self.range(label, &terms, least, most)
    }

    /// `low <= sum coefficient * variable <= high`. Terms of one variable are added up.
    ///
    /// # Errors
    /// [`ConstraintError`], and then the model is as it was.
    pub fn range(&mut self, label: &str, terms: &[(usize, i64)], low: i64, high: i64) -> Result<(), ConstraintError> {
        let too_large = || ConstraintError::TooLarge { label: label.to_owned(), most: MAX_SUM };
        let fits = |value: i64| (-MAX_SUM..=MAX_SUM).contains(&value);
        let sum =
            terms.iter().try_fold(0_i64, |sum, (_, coefficient)| sum.checked_add(coefficient.checked_abs()?)).filter(|sum| fits(*sum));
        if sum.is_none() || !fits(low) || !fits(high) {
            return Err(too_large());
        }
        let mut sorted = terms.to_vec();
        sorted.sort_unstable();
        sorted.dedup_by(|next, kept| {
            let same = next.0 == kept.0;
            if same {
                kept.1 += next.1;
            }
            same
        });
        sorted.retain(|(_, coefficient)| *coefficient != 0);
        let variables = self.objective.num_variables();
        if let Some((variable, _)) = sorted.iter().find(|(variable, _)| *variable >= variables) {
            return Err(Error::NoSuchVariable { variable: *variable, variables }.into());
        }
        let mut constraint = Constraint { label: label.to_owned(), terms: sorted, low, high };
        let (least, most) = constraint.range();
        (constraint.low, constraint.high) = (low.max(least), high.min(most));
        if constraint.low > constraint.high {
            return Err(ConstraintError::Unsatisfiable { label: label.to_owned(), least, most, low, high });
        }
        self.constraints.push(constraint);
        Ok(())
    }

    /// Takes this penalty instead of the certified one.
    ///
    /// # Errors
    /// [`ConstraintError::Penalty`].
    pub fn set_penalty(&mut self, penalty: f64) -> Result<(), ConstraintError> {
        if !(penalty.is_finite() && penalty > 0.0) {
            return Err(ConstraintError::Penalty(penalty));
        }
        self.penalty = Some(penalty);
        Ok(())
    }

    /// The least penalty that is certain to be enough: above the most by which objectives of two states can differ.
    pub fn certified_penalty(&self) -> f64 {
        let binary =
            self.objective.linear().iter().copied().chain(self.objective.quadratic().map(|(_, _, bias)| bias)).map(f64::abs).sum::<f64>();
        // Over spins every term goes from minus to plus its magnitude.
        let spin = self.objective.to_vartype(Vartype::Spin).map_or(f64::INFINITY, |spin| {
            2.0 * spin.linear().iter().copied().chain(spin.quadratic().map(|(_, _, bias)| bias)).map(f64::abs).sum::<f64>()
        });
        let spread = binary.min(spin);
        // A whole unit more, beyond what rounding may take, and whole, so that whole numbers stay whole.
        libm::ceil(spread * (1.0 + 1e-12)) + 1.0
    }

    /// By how much a state violates each constraint.
    ///
    /// # Errors
    /// Where it is no state of the objective.
    pub fn violations(&self, state: &[i8]) -> Result<Vec<i64>, Error> {
        self.objective.check_state(state)?;
        Ok(self.constraints.iter().map(|constraint| constraint.violation(state)).collect())
    }

    /// Whether a state violates no constraint.
    ///
    /// # Errors
    /// Where it is no state of the objective.
    pub fn is_feasible(&self, state: &[i8]) -> Result<bool, Error> {
        Ok(self.violations(state)?.iter().all(|violation| *violation == 0))
    }

    /// Changes single variables, those first that mend most for the least objective, until the state is feasible; says whether it became so. What is feasible
    /// stays as it is.
    ///
    /// # Errors
    /// Where it is no state of the objective.
    pub fn repair(&self, state: &mut [i8]) -> Result<bool, Error> {
        self.objective.check_state(state)?;
        let n = state.len();
        let mut of: Vec<Vec<(usize, i64)>> = vec![Vec::new(); n];
        for (at, constraint) in self.constraints.iter().enumerate() {
            for (variable, coefficient) in &constraint.terms {
                of[*variable].push((at, *coefficient));
            }
        }
        let mut sums: Vec<i64> = self.constraints.iter().map(|constraint| constraint.sum(state)).collect();
        let violated = |sums: &[i64]| self.constraints.iter().zip(sums).any(|(constraint, sum)| constraint.excess(*sum) != 0);
        for _ in 0..MAX_REPAIRS * n {
            if !violated(&sums) {
                return Ok(true);
            }
            let step = |variable: usize| i64::from(1 - 2 * state[variable]);
            let mended = |variable: usize| -> i64 {
                let change = |(at, coefficient): &(usize, i64)| {
                    let constraint = &self.constraints[*at];
                    constraint.excess(sums[*at]).abs() - constraint.excess(sums[*at] + step(variable) * coefficient).abs()
                };
                of[variable].iter().map(change).sum()
            };
            let worse = |variable: usize| {
                let around = self.objective.neighborhood(variable).map(|(other, bias)| bias * f64::from(state[other]));
                f64::from(1 - 2 * state[variable]) * (self.objective.linear()[variable] + around.sum::<f64>())
            };
            #[expect(clippy::cast_precision_loss, reason = "a heuristic's measure")]
            let price = |mends: i64, variable: usize| worse(variable) / mends as f64;
            let candidates = (0..n).map(|variable| (mended(variable), variable)).filter(|(mends, _)| *mends > 0);
            let best =
                candidates.map(|(mends, variable)| (price(mends, variable), variable)).min_by(|one, other| one.0.total_cmp(&other.0));
            let Some((_, variable)) = best else { return Ok(false) };
            for (at, coefficient) in &of[variable] {
                sums[*at] += step(variable) * coefficient;
            }
            state[variable] = 1 - state[variable];
        }
        Ok(!violated(&sums))
    }

    /// The model without constraints. Variables of the objective come first; those of slack follow.
    ///
    /// # Errors
    /// [`Error`] where it is larger than a model may be, or a label is taken.
    pub fn convert(&self) -> Result<Converted, Error> {
        let n = self.objective.num_variables();
        let certified = self.certified_penalty();
        let penalty = self.penalty.unwrap_or(certified);
        let mut builder = Bqm::builder(Vartype::Binary).variables(n).offset(self.objective.offset());
        for (variable, bias) in self.objective.linear().iter().enumerate() {
            builder.add_linear(variable, *bias);
        }
        for (one, other, bias) in self.objective.quadratic() {
            builder.add_quadratic(one, other, bias);
        }
        let mut labels: Vec<String> = (0..n).map(|variable| self.objective.label(variable)).collect();
        for constraint in &self.constraints {
            if constraint.is_at_most_one() {
                for (at, (one, _)) in constraint.terms.iter().enumerate() {
                    constraint.terms[at + 1..].iter().for_each(|(other, _)| builder.add_quadratic(*one, *other, penalty));
                }
                continue;
            }
            let mut terms = constraint.terms.clone();
            for (bit, step) in slack(constraint.high - constraint.low).into_iter().enumerate() {
                terms.push((labels.len(), step));
                labels.push(format!("{}.slack{bit}", constraint.label));
            }
            square(&mut builder, &terms, constraint.high, penalty);
        }
        let named = self.objective.labels().is_some() || labels.len() > n;
        let bqm = if named { builder.labels(labels).build()? } else { builder.build()? };
        Ok(Converted { bqm, variables: n, penalty, certified: penalty >= certified })
    }

    /// What was found for the model without constraints, as states of the objective: repaired where that is possible, feasible ones first, then by objective.
    ///
    /// # Errors
    /// Where rows are no states of the converted model.
    pub fn interpret(&self, found: &SampleSet) -> Result<Vec<Solution>, Error> {
        let n = self.objective.num_variables();
        let mut solutions = Vec::with_capacity(found.rows.len());
        for row in &found.rows {
            let wrong = Error::WrongLength { found: row.state.len(), wanted: n };
            let mut state = row.state.get(..n).ok_or(wrong)?.to_vec();
            let repaired = !self.is_feasible(&state)? && self.repair(&mut state)?;
            solutions.push(Solution { objective: self.objective.energy(&state)?, violations: self.violations(&state)?, state, repaired });
        }
        solutions.sort_by(|one, other| {
            other
                .is_feasible()
                .cmp(&one.is_feasible())
                .then_with(|| one.objective.total_cmp(&other.objective))
                .then_with(|| one.state.cmp(&other.state))
        });
        solutions.dedup_by(|next, kept| next.state == kept.state);
        Ok(solutions)
    }
}

/// Steps of slack variables whose sums are all numbers from 0 to this, and no others.
fn slack(width: i64) -> Vec<i64> {
    let (mut steps, mut reached) = (Vec::new(), 0);
    while reached < width {
        let step = (reached + 1).min(width - reached);
        steps.push(step);
        reached += step;
    }
    steps
}

/// Adds `penalty * (sum - value)^2`.
#[expect(clippy::cast_precision_loss, reason = "sums are held below 2^32, so that products of two are exact or nearly so")]
fn square(builder: &mut super::Builder, terms: &[(usize, i64)], value: i64, penalty: f64) {
    builder.add_offset(penalty * (value as f64) * (value as f64));
    for (at, (variable, coefficient)) in terms.iter().enumerate() {
        let coefficient = *coefficient as f64;
        builder.add_linear(*variable, penalty * coefficient * (coefficient - 2.0 * value as f64));
        for (other, factor) in &terms[at + 1..] {
            builder.add_quadratic(*variable, *other, 2.0 * penalty * coefficient * (*factor as f64));
        }
    }
}

/// A model without constraints that stands for one with them.
#[derive(Debug, Clone, PartialEq)]
pub struct Converted {
    bqm: Bqm,
    variables: usize,
    penalty: f64,
    certified: bool,
}

impl Converted {
    /// The model.
    pub fn bqm(&self) -> &Bqm {
        &self.bqm
    }

    /// How many variables of it, the first ones, are the objective's.
    pub fn variables(&self) -> usize {
        self.variables
    }

    /// What violating a constraint by 1 costs; by 2, four times as much, or three times where at most one variable may be 1.
    pub fn penalty(&self) -> f64 {
        self.penalty
    }

    /// Whether the penalty is certain to be enough.
    pub fn is_certified(&self) -> bool {
        self.certified
    }
}

/// A state of the objective, and how well it keeps the constraints.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Solution {
    /// The values of the objective's variables.
    pub state: Vec<i8>,
    /// The objective there.
    pub objective: f64,
    /// By how much it violates each constraint.
    pub violations: Vec<i64>,
    /// Whether it was infeasible before it was repaired.
    pub repaired: bool,
}

impl Solution {
    /// Whether it violates no constraint.
    pub fn is_feasible(&self) -> bool {
        self.violations.iter().all(|violation| *violation == 0)
    }
}
