//! Why there is no such model.

/// Why a model cannot be made, or a state has no energy in it.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A coefficient that is no finite number.
    #[error("{place}: {value} is no finite number")]
    NotFinite {
        /// Whose coefficient: `offset`, `variable 3`, `variables 3 and 4`.
        place: String,
        /// What it is.
        value: f64,
    },
    /// Coefficients that are finite, with energies that may not be.
    #[error("the magnitudes of the coefficients sum to more than a double holds")]
    TooLarge,
    /// More variables than a model may have.
    #[error("variable {variable} is beyond the {most} that a model may have")]
    TooManyVariables {
        /// The variable.
        variable: usize,
        /// How many a model may have.
        most: usize,
    },
    /// More couplers than a model may have.
    #[error("there are more than the {most} couplers that a model may have")]
    TooManyCouplers {
        /// How many a model may have.
        most: usize,
    },
    /// A variable that the model does not have.
    #[error("there is no variable {variable}: the model has {variables}")]
    NoSuchVariable {
        /// The variable.
        variable: usize,
        /// How many there are.
        variables: usize,
    },
    /// A state of another length than the model.
    #[error("the state has {found} values, the model {wanted} variables")]
    WrongLength {
        /// How many values there are.
        found: usize,
        /// How many there should be.
        wanted: usize,
    },
    /// A value that a variable cannot have.
    #[error("variable {variable} cannot be {value}: it is {allowed}")]
    WrongValue {
        /// The variable.
        variable: usize,
        /// What it was given.
        value: i8,
        /// What it can be, for people.
        allowed: &'static str,
    },
    /// A label that two variables have.
    #[error("two variables have the label {0:?}")]
    SameLabel(String),
    /// Another number of labels than of variables.
    #[error("there are {found} labels for {wanted} variables")]
    WrongLabels {
        /// How many labels there are.
        found: usize,
        /// How many variables.
        wanted: usize,
    },
}
