//! Models made of models.

use super::bqm::{Bqm, Vartype};
use super::builder::{Builder, check_labels};
use super::error::Error;

impl Bqm {
    /// The same model over variables of this type, by `x = (1 + s) / 2`. The way there and back is lossless where coefficients are whole numbers or multiples of
    /// small negative powers of two.
    ///
    /// # Errors
    /// [`Error::TooLarge`] where the coefficients of the other form are.
    pub fn to_vartype(&self, vartype: Vartype) -> Result<Bqm, Error> {
        match (self.vartype, vartype) {
            (Vartype::Binary, Vartype::Spin) => self.substitute(vartype, 0.5, 0.5),
            (Vartype::Spin, Vartype::Binary) => self.substitute(vartype, 2.0, -1.0),
            _ => Ok(self.clone()),
        }
    }

    /// Every variable `v` as `factor * v' + shift`.
    fn substitute(&self, vartype: Vartype, factor: f64, shift: f64) -> Result<Bqm, Error> {
        let mut builder = self.like(vartype);
        builder.add_offset(self.offset);
        for (variable, bias) in self.linear.iter().enumerate() {
            builder.add_linear(variable, bias * factor);
            builder.add_offset(bias * shift);
        }
        for (one, other, bias) in self.quadratic() {
            builder.add_quadratic(one, other, bias * factor * factor);
            builder.add_linear(one, bias * factor * shift);
            builder.add_linear(other, bias * factor * shift);
            builder.add_offset(bias * shift * shift);
        }
        builder.build()
    }

    /// The model in which a variable has this value, without the variable: those above it move down by one.
    ///
    /// # Errors
    /// [`Error::NoSuchVariable`], [`Error::WrongValue`].
    pub fn fix_variable(&self, variable: usize, value: i8) -> Result<Bqm, Error> {
        self.check_variable(variable)?;
        if !self.vartype.values().contains(&value) {
            return Err(Error::WrongValue { variable, value, allowed: self.vartype.allowed() });
        }
        let value = f64::from(value);
        let new = |old: usize| old - usize::from(old > variable);
        let mut builder = Builder::new(self.vartype).variables(self.num_variables() - 1);
        builder.add_offset(self.offset + value * self.linear[variable]);
        for (old, bias) in self.linear.iter().enumerate().filter(|(old, _)| *old != variable) {
            builder.add_linear(new(old), *bias);
        }
        for (one, other, bias) in self.quadratic() {
            match (one == variable, other == variable) {
                (true, _) => builder.add_linear(new(other), value * bias),
                (_, true) => builder.add_linear(new(one), value * bias),
                _ => builder.add_quadratic(new(one), new(other), bias),
            }
        }
        self.keep_labels(builder, variable).build()
    }

    /// The model in which `gone` is always equal to `kept`, without `gone`: those above it move down by one.
    ///
    /// # Errors
    /// [`Error::NoSuchVariable`].
    pub fn contract(&self, kept: usize, gone: usize) -> Result<Bqm, Error> {
        self.check_variable(kept)?;
        self.check_variable(gone)?;
        if kept == gone {
            return Ok(self.clone());
        }
        let new = |old: usize| {
            let old = if old == gone { kept } else { old };
            old - usize::from(old > gone)
        };
        let mut builder = Builder::new(self.vartype).variables(self.num_variables() - 1);
        builder.add_offset(self.offset);
        for (old, bias) in self.linear.iter().enumerate() {
            builder.add_linear(new(old), *bias);
        }
        for (one, other, bias) in self.quadratic() {
            builder.add_quadratic(new(one), new(other), bias);
        }
        self.keep_labels(builder, gone).build()
    }

    /// The sets of variables that are connected by couplers other than 0, each sorted, in the order of their first variables.
    pub fn components(&self) -> Vec<Vec<usize>> {
        let mut seen = vec![false; self.num_variables()];
        let mut components = Vec::new();
        for first in 0..self.num_variables() {
            if std::mem::replace(&mut seen[first], true) {
                continue;
            }
            let (mut members, mut at) = (vec![first], 0);
            while at < members.len() {
                for (other, bias) in self.neighborhood(members[at]) {
                    if bias != 0.0 && !std::mem::replace(&mut seen[other], true) {
                        members.push(other);
                    }
                }
                at += 1;
            }
            members.sort_unstable();
            components.push(members);
        }
        components
    }

    /// The model of these variables alone, in this order: what couples them with others is left out, and the offset. A variable that stands there twice keeps
    /// its couplers at its last place.
    ///
    /// # Errors
    /// [`Error::NoSuchVariable`].
    pub fn induced(&self, variables: &[usize]) -> Result<Bqm, Error> {
        let mut place = std::collections::BTreeMap::new();
        let mut builder = Builder::new(self.vartype).variables(variables.len());
        for (new, old) in variables.iter().enumerate() {
            self.check_variable(*old)?;
            builder.add_linear(new, self.linear[*old]);
            place.insert(*old, new);
        }
        for (old, new) in &place {
            for (other, bias) in self.neighborhood(*old).filter(|(other, _)| other > old) {
                if let Some(other) = place.get(&other) {
                    builder.add_quadratic(*new, *other, bias);
                }
            }
        }
        builder.build()
    }

    /// The model with other labels, in the order of its variables.
    ///
    /// # Errors
    /// [`Error::WrongLabels`], [`Error::SameLabel`].
    pub fn relabel(&self, labels: Vec<String>) -> Result<Bqm, Error> {
        check_labels(Some(&labels), self.num_variables())?;
        Ok(Bqm { labels: Some(labels), ..self.clone() })
    }

    /// The model with all coefficients times a factor, and so all energies.
    ///
    /// # Errors
    /// [`Error::NotFinite`], [`Error::TooLarge`].
    pub fn scale(&self, factor: f64) -> Result<Bqm, Error> {
        let mut builder = self.like(self.vartype);
        builder.add_offset(self.offset * factor);
        for (variable, bias) in self.linear.iter().enumerate() {
            builder.add_linear(variable, bias * factor);
        }
        for (one, other, bias) in self.quadratic() {
            builder.add_quadratic(one, other, bias * factor);
        }
        builder.build()
    }

    /// An empty model over the same variables.
    fn like(&self, vartype: Vartype) -> Builder {
        let builder = Builder::new(vartype).variables(self.num_variables());
        match &self.labels {
            Some(labels) => builder.labels(labels.clone()),
            None => builder,
        }
    }

    fn keep_labels(&self, builder: Builder, gone: usize) -> Builder {
        let Some(labels) = &self.labels else { return builder };
        let left = labels.iter().enumerate().filter(|(variable, _)| *variable != gone);
        builder.labels(left.map(|(_, label)| label.clone()).collect())
    }

    fn check_variable(&self, variable: usize) -> Result<(), Error> {
        if variable < self.num_variables() {
            return Ok(());
        }
        Err(Error::NoSuchVariable { variable, variables: self.num_variables() })
    }
}
