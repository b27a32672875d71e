//! Making a model smaller without losing its optimum, and the way back.
//!
//! Rules are applied until none applies, each to one spin (a binary variable counts as one; a field counts as a coupler to a spin that is always up):
//! - where the field is at least as large as all couplers together, the spin follows it: first-order persistency (Hammer, Hansen, Simeone, "Roof duality,
//!   complementation and persistency in quadratic 0-1 optimization", Mathematical Programming 28, 1984; Boros, Hammer, "Pseudo-Boolean optimization", 2002);
//! - where one coupler is at least as large as all the others and the field together, the two spins are tied (Lange, Andres, Swoboda, "Combinatorial persistency
//!   criteria for multicut and max-cut", CVPR 2019); leaves are such spins;
//! - where there are three couplers, the field counted as one, the spin is replaced by couplers between those three: as the best it can add is an even function
//!   of them, that is exact (the star-triangle transformation of the Ising model at zero temperature);
//! - components in which nothing is frustrated are solved.
//!
//! At least one optimum of the whole model leads to the reduced one, and every optimum of the reduced model leads back to one of the whole. Where the model is of
//! whole numbers, fractions that the third rule would make finer than eighths of its unit are avoided by leaving the spin where it is.

mod graph;
#[cfg(test)]
mod tests;

use self::graph::Graph;
use super::balanced::balanced;
use super::bqm::{Bqm, Vartype};
use super::builder::Builder;
use super::error::Error;
use super::ising::real;

/// Whether a rule applies to any spin of the model, or nothing in it is frustrated. It is quicker than [`Presolved::of`].
pub(crate) fn is_reducible(bqm: &Bqm) -> bool {
    let ising = real(bqm);
    let applies = |spin: usize| {
        let (sum, most) = ising.row(spin).fold((0.0, 0.0_f64), |(sum, most), (_, coupler)| (sum + coupler.abs(), most.max(coupler.abs())));
        let field = ising.fields[spin].abs();
        let count = ising.row(spin).count() + usize::from(field != 0.0);
        field >= sum || most >= sum - most + field || count <= 3
    };
    (0..ising.len()).any(applies) || balanced(&ising).is_some()
}

/// How an eliminated spin follows from others.
#[derive(Debug, Clone, PartialEq)]
enum Step {
    /// It has this value.
    Fixed { spin: u32, value: i8 },
    /// It is another one, times this sign.
    Tied { spin: u32, to: u32, sign: i8 },
    /// It is against its field, which these couplers make.
    Against { spin: u32, field: f64, couplers: Vec<(u32, f64)> },
}

/// A smaller model, and how to get back from its states to those of the whole.
#[derive(Debug, Clone, PartialEq)]
pub struct Presolved {
    model: Bqm,
    kept: Vec<usize>,
    /// In the order of elimination: what a spin follows from is eliminated later, or kept.
    steps: Vec<Step>,
}

impl Presolved {
    /// Reduces a model. Labels stay with the variables that are kept.
    ///
    /// # Errors
    /// [`Error::TooLarge`] where the coefficients are so large that those of the other form are not finite.
    pub fn of(bqm: &Bqm) -> Result<Presolved, Error> {
        let mut graph = Graph::of(&bqm.to_vartype(Vartype::Spin)?);
        graph.reduce();
        let kept = graph.kept();
        let mut builder = Builder::new(Vartype::Spin).variables(kept.len()).offset(graph.offset);
        let mut place = vec![0; bqm.num_variables()];
        for (new, old) in kept.iter().enumerate() {
            place[*old] = new;
            builder.add_linear(new, graph.fields[*old]);
        }
        for old in &kept {
            for (other, coupler) in graph.couplers(*old).filter(|(other, _)| other > old) {
                builder.add_quadratic(place[*old], place[other], coupler);
            }
        }
        if let Some(labels) = bqm.labels() {
            builder = builder.labels(kept.iter().map(|old| labels[*old].clone()).collect());
        }
        Ok(Presolved { model: builder.build()?.to_vartype(bqm.vartype())?, kept, steps: graph.steps })
    }

    /// The reduced model, over variables of the same type.
    pub fn model(&self) -> &Bqm {
        &self.model
    }

    /// Which variables of the whole model those of the reduced one are, in its order.
    pub fn kept(&self) -> &[usize] {
        &self.kept
    }

    /// How many variables were eliminated.
    pub fn eliminated(&self) -> usize {
        self.steps.len()
    }

    /// The state of the whole model that a state of the reduced one leads to: the best there is with these values of the kept variables or a better one.
    ///
    /// # Errors
    /// [`Error::WrongLength`], [`Error::WrongValue`] where it is no state of the reduced model.
    pub fn restore(&self, state: &[i8]) -> Result<Vec<i8>, Error> {
        self.model.check_state(state)?;
        let mut spins = vec![1_i8; self.kept.len() + self.steps.len()];
        for (variable, value) in self.kept.iter().zip(state) {
            spins[*variable] = if *value > 0 { 1 } else { -1 };
        }
        for step in self.steps.iter().rev() {
            match step {
                Step::Fixed { spin, value } => spins[*spin as usize] = *value,
                Step::Tied { spin, to, sign } => spins[*spin as usize] = sign * spins[*to as usize],
                Step::Against { spin, field, couplers } => {
                    let field = couplers.iter().fold(*field, |sum, (other, coupler)| sum + coupler * f64::from(spins[*other as usize]));
                    spins[*spin as usize] = if field > 0.0 { -1 } else { 1 };
                }
            }
        }
        let [low, high] = self.model.vartype().values();
        Ok(spins.into_iter().map(|spin| if spin > 0 { high } else { low }).collect())
    }

    /// The state of the reduced model that a state of the whole has in it, to begin from.
    ///
    /// # Errors
    /// [`Error::WrongLength`].
    pub fn project(&self, state: &[i8]) -> Result<Vec<i8>, Error> {
        let wanted = self.kept.len() + self.steps.len();
        if state.len() != wanted {
            return Err(Error::WrongLength { found: state.len(), wanted });
        }
        Ok(self.kept.iter().map(|variable| state[*variable]).collect())
    }
}
