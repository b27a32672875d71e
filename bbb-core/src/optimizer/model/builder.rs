//! Building a model term by term.

use super::bqm::{Bqm, Vartype};
use super::error::Error;
use super::{MAX_COUPLERS, MAX_VARIABLES};

/// A model in the making. Terms of the same variables are added up; variables exist from the first mention of them or of a higher one.
#[derive(Debug, Clone)]
pub struct Builder {
    vartype: Vartype,
    offset: f64,
    linear: Vec<f64>,
    /// Pairs with the lower variable first, in the order of their arrival.
    couplers: Vec<(u32, u32, f64)>,
    labels: Option<Vec<String>>,
    /// The first thing that was wrong.
    broken: Option<Error>,
}

impl Builder {
    pub(super) fn new(vartype: Vartype) -> Builder {
        Builder { vartype, offset: 0.0, linear: Vec::new(), couplers: Vec::new(), labels: None, broken: None }
    }

    /// At least so many variables.
    #[must_use]
    pub fn variables(mut self, count: usize) -> Builder {
        self.add_variables(count);
        self
    }

    /// Adds to the offset.
    #[must_use]
    pub fn offset(mut self, offset: f64) -> Builder {
        self.add_offset(offset);
        self
    }

    /// Adds to the linear bias of a variable.
    #[must_use]
    pub fn linear(mut self, variable: usize, bias: f64) -> Builder {
        self.add_linear(variable, bias);
        self
    }

    /// Adds to the coupler of two variables. Of one variable with itself it is linear (0 and 1 are their own squares) or constant (the square of a spin is 1).
    #[must_use]
    pub fn quadratic(mut self, one: usize, other: usize, bias: f64) -> Builder {
        self.add_quadratic(one, other, bias);
        self
    }

    /// Names the variables, in their order.
    #[must_use]
    pub fn labels(mut self, labels: Vec<String>) -> Builder {
        self.labels = Some(labels);
        self
    }

    /// As [`Builder::variables`], in place.
    pub fn add_variables(&mut self, count: usize) {
        if count > 0 {
            self.reach(count - 1);
        }
    }

    /// As [`Builder::offset`], in place.
    pub fn add_offset(&mut self, offset: f64) {
        self.offset += self.finite(offset, || "offset".to_owned());
    }

    /// As [`Builder::linear`], in place.
    pub fn add_linear(&mut self, variable: usize, bias: f64) {
        let bias = self.finite(bias, || format!("variable {variable}"));
        if self.reach(variable) {
            self.linear[variable] += bias;
        }
    }

    /// As [`Builder::quadratic`], in place.
    pub fn add_quadratic(&mut self, one: usize, other: usize, bias: f64) {
        if one == other {
            return match self.vartype {
                Vartype::Binary => self.add_linear(one, bias),
                Vartype::Spin => {
                    self.reach(one);
                    self.offset += self.finite(bias, || format!("variable {one}"));
                }
            };
        }
        let bias = self.finite(bias, || format!("variables {one} and {other}"));
        // Repeated terms count until they are merged; the bound keeps a file of repetitions from filling the memory.
        if self.couplers.len() >= MAX_COUPLERS {
            self.break_off(Error::TooManyCouplers { most: MAX_COUPLERS });
        }
        if self.reach(one.max(other)) {
            let (low, high) = (one.min(other), one.max(other));
            // Cannot fail: `reach` holds both below MAX_VARIABLES.
            if let (Ok(low), Ok(high)) = (u32::try_from(low), u32::try_from(high)) {
                self.couplers.push((low, high, bias));
            }
        }
    }

    /// The model.
    ///
    /// # Errors
    /// The first thing that was wrong with a term; labels that do not fit; [`Error::TooLarge`].
    pub fn build(mut self) -> Result<Bqm, Error> {
        if let Some(error) = self.broken.take() {
            return Err(error);
        }
        check_labels(self.labels.as_deref(), self.linear.len())?;
        // Stable, so that repeated terms are added in the order of their arrival.
        self.couplers.sort_by_key(|(one, other, _)| (*one, *other));
        self.couplers.dedup_by(|next, kept| {
            let same = (next.0, next.1) == (kept.0, kept.1);
            if same {
                kept.2 += next.2;
            }
            same
        });
        let reach: f64 = self.linear.iter().chain(self.couplers.iter().map(|(_, _, bias)| bias)).map(|bias| bias.abs()).sum();
        if !(reach + self.offset.abs()).is_finite() {
            return Err(Error::TooLarge);
        }
        let (starts, neighbors, biases) = rows(self.linear.len(), &self.couplers);
        let Builder { vartype, offset, linear, labels, .. } = self;
        Ok(Bqm { vartype, offset, linear, starts, neighbors, biases, labels })
    }

    /// Makes the variable exist; says whether it can.
    fn reach(&mut self, variable: usize) -> bool {
        if variable >= MAX_VARIABLES {
            self.break_off(Error::TooManyVariables { variable, most: MAX_VARIABLES });
        }
        if self.broken.is_none() && variable >= self.linear.len() {
            self.linear.resize(variable + 1, 0.0);
        }
        self.broken.is_none()
    }

    fn finite(&mut self, value: f64, place: impl Fn() -> String) -> f64 {
        if value.is_finite() {
            return value;
        }
        self.break_off(Error::NotFinite { place: place(), value });
        0.0
    }

    fn break_off(&mut self, error: Error) {
        self.broken.get_or_insert(error);
    }
}

/// Whether there is one label for each variable, each its own.
pub(super) fn check_labels(labels: Option<&[String]>, variables: usize) -> Result<(), Error> {
    let Some(labels) = labels else { return Ok(()) };
    if labels.len() != variables {
        return Err(Error::WrongLabels { found: labels.len(), wanted: variables });
    }
    let mut sorted: Vec<&String> = labels.iter().collect();
    sorted.sort_unstable();
    match sorted.windows(2).find(|pair| pair[0] == pair[1]) {
        None => Ok(()),
        Some(pair) => Err(Error::SameLabel(pair[0].clone())),
    }
}

/// Both directions of sorted couplers, as rows: where each starts, neighbors, biases.
fn rows(variables: usize, couplers: &[(u32, u32, f64)]) -> (Vec<usize>, Vec<u32>, Vec<f64>) {
    let mut starts = vec![0; variables + 1];
    for (one, other, _) in couplers {
        starts[*one as usize + 1] += 1;
        starts[*other as usize + 1] += 1;
    }
    for row in 0..variables {
        starts[row + 1] += starts[row];
    }
    let mut next = starts.clone();
    let (mut neighbors, mut biases) = (vec![0; 2 * couplers.len()], vec![0.0; 2 * couplers.len()]);
    let mut put = |row: u32, neighbor: u32, bias: f64| {
        let at = next[row as usize];
        next[row as usize] += 1;
        (neighbors[at], biases[at]) = (neighbor, bias);
    };
    // Lower neighbors come first in every row, since couplers are sorted by their lower variable.
    for (one, other, bias) in couplers {
        put(*other, *one, *bias);
    }
    for (one, other, bias) in couplers {
        put(*one, *other, *bias);
    }
    (starts, neighbors, biases)
}
