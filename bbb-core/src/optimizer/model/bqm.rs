//! The model itself: reading it, and the energy of a state.

use serde::{Deserialize, Serialize};

use super::builder::Builder;
use super::error::Error;

/// What values variables have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Vartype {
    /// 0 or 1.
    Binary,
    /// -1 or +1.
    Spin,
}

impl Vartype {
    /// The two values, the lower one first.
    pub const fn values(self) -> [i8; 2] {
        match self {
            Vartype::Binary => [0, 1],
            Vartype::Spin => [-1, 1],
        }
    }

    pub(super) const fn allowed(self) -> &'static str {
        match self {
            Vartype::Binary => "0 or 1",
            Vartype::Spin => "-1 or 1",
        }
    }
}

/// A binary quadratic model. Made by [`Bqm::builder`], a reader of [`format`](mod@crate::optimizer::format), or from matrices.
#[derive(Debug, Clone, PartialEq)]
pub struct Bqm {
    pub(super) vartype: Vartype,
    pub(super) offset: f64,
    pub(super) linear: Vec<f64>,
    /// Where the row of each variable starts in `neighbors` and `biases`, and where the last one ends.
    pub(super) starts: Vec<usize>,
    /// Both directions of every coupler, rows in order, each sorted.
    pub(super) neighbors: Vec<u32>,
    pub(super) biases: Vec<f64>,
    /// None where variables are named by their numbers.
    pub(super) labels: Option<Vec<String>>,
}

impl Bqm {
    /// Begins a model.
    pub fn builder(vartype: Vartype) -> Builder {
        Builder::new(vartype)
    }

    /// An Ising model from fields `h`, couplers `(i, j, J)` and an offset.
    ///
    /// # Errors
    /// As [`Builder::build`].
    pub fn from_ising(h: &[f64], j: impl IntoIterator<Item = (usize, usize, f64)>, offset: f64) -> Result<Bqm, Error> {
        Bqm::from_parts(Vartype::Spin, h, j, offset)
    }

    /// A QUBO from the entries `(i, j, q)` of its matrix: the diagonal is linear, entries above and below it are added up.
    ///
    /// # Errors
    /// As [`Builder::build`].
    pub fn from_qubo(q: impl IntoIterator<Item = (usize, usize, f64)>, offset: f64) -> Result<Bqm, Error> {
        Bqm::from_parts(Vartype::Binary, &[], q, offset)
    }

    fn from_parts(
        vartype: Vartype,
        linear: &[f64],
        quadratic: impl IntoIterator<Item = (usize, usize, f64)>,
        offset: f64,
    ) -> Result<Bqm, Error> {
        let mut builder = Builder::new(vartype);
        builder.add_offset(offset);
        for (variable, bias) in linear.iter().enumerate() {
            builder.add_linear(variable, *bias);
        }
        for (one, other, bias) in quadratic {
            builder.add_quadratic(one, other, bias);
        }
        builder.build()
    }

    /// What values its variables have.
    pub fn vartype(&self) -> Vartype {
        self.vartype
    }

    /// How many variables it has.
    pub fn num_variables(&self) -> usize {
        self.linear.len()
    }

    /// How many pairs of variables have a coupler; one whose bias is 0 counts too.
    pub fn num_couplers(&self) -> usize {
        self.neighbors.len() / 2
    }

    /// The energy of no variable at all.
    pub fn offset(&self) -> f64 {
        self.offset
    }

    /// The linear biases, by variable.
    pub fn linear(&self) -> &[f64] {
        &self.linear
    }

    /// The couplers of a variable: the others in order, with their biases. Nothing where there is no such variable.
    pub fn neighborhood(&self, variable: usize) -> impl Iterator<Item = (usize, f64)> {
        let row = if variable < self.num_variables() { self.starts[variable]..self.starts[variable + 1] } else { 0..0 };
        row.map(|at| (self.neighbors[at] as usize, self.biases[at]))
    }

    /// All couplers `(i, j, bias)` with `i < j`, in order.
    pub fn quadratic(&self) -> impl Iterator<Item = (usize, usize, f64)> {
        (0..self.num_variables()).flat_map(move |one| {
            let above = self.neighborhood(one).filter(move |(other, _)| *other > one);
            above.map(move |(other, bias)| (one, other, bias))
        })
    }

    /// The share of all pairs that have a coupler, 0 to 1.
    #[expect(clippy::cast_precision_loss, reason = "a share for people and heuristics")]
    pub fn density(&self) -> f64 {
        let n = self.num_variables() as f64;
        if n < 2.0 { 0.0 } else { self.num_couplers() as f64 / (n * (n - 1.0) / 2.0) }
    }

    /// The label of a variable: its own, or its number.
    pub fn label(&self, variable: usize) -> String {
        self.labels.as_ref().and_then(|labels| labels.get(variable)).cloned().unwrap_or_else(|| variable.to_string())
    }

    /// The labels, where variables have names of their own.
    pub fn labels(&self) -> Option<&[String]> {
        self.labels.as_deref()
    }

    /// Whether all coefficients are whole numbers whose magnitudes sum to less than 2^53, so that all energies are exact.
    pub fn is_integral(&self) -> bool {
        const EXACT: f64 = 9_007_199_254_740_992.0;
        let all = || self.linear.iter().chain(&self.biases).chain(std::iter::once(&self.offset));
        all().all(|bias| bias.fract() == 0.0) && all().map(|bias| bias.abs()).sum::<f64>() < EXACT
    }

    /// The energy of a state.
    ///
    /// # Errors
    /// [`Error::WrongLength`] and [`Error::WrongValue`] where it is no state of this model.
    pub fn energy(&self, state: &[i8]) -> Result<f64, Error> {
        self.check_state(state)?;
        Ok(self.energy_of(state))
    }

    /// Whether this is a state of the model.
    ///
    /// # Errors
    /// [`Error::WrongLength`] and [`Error::WrongValue`].
    pub fn check_state(&self, state: &[i8]) -> Result<(), Error> {
        if state.len() != self.num_variables() {
            return Err(Error::WrongLength { found: state.len(), wanted: self.num_variables() });
        }
        match state.iter().position(|value| !self.vartype.values().contains(value)) {
            None => Ok(()),
            Some(variable) => Err(Error::WrongValue { variable, value: state[variable], allowed: self.vartype.allowed() }),
        }
    }

    /// The energy of what is known to be a state. Terms are added in the order of the variables, so that equal states have equal energies to the bit.
    pub(crate) fn energy_of(&self, state: &[i8]) -> f64 {
        let mut energy = self.offset;
        for (one, value) in state.iter().enumerate() {
            if *value == 0 {
                continue;
            }
            let row = self.starts[one]..self.starts[one + 1];
            let mut local = self.linear[one];
            for (other, bias) in self.neighbors[row.clone()].iter().zip(&self.biases[row]) {
                let other = *other as usize;
                if other > one {
                    local += bias * f64::from(state[other]);
                }
            }
            energy += f64::from(*value) * local;
        }
        energy
    }
}
