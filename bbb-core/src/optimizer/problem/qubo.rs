//! Searching a model with constraints.

use crate::optimizer::model::constraint::{ConstraintError, Model};
use crate::optimizer::sample_set::SampleSet;
use crate::optimizer::sampler::auto::Auto;
use crate::optimizer::sampler::{Error, Params, Run, Sampler};

/// The model and what was found for its QUBO, on behalf of the solver of this name.
pub(super) fn sample(
    solver: &'static str,
    model: Result<Model, ConstraintError>,
    params: &Params,
    run: &Run<'_>,
) -> Result<(Model, SampleSet), Error> {
    let model = model.map_err(|error| match error {
        ConstraintError::Model(error) => error.into(),
        other => Error::Unsuitable { solver, reason: other.to_string() },
    })?;
    // The states to begin with are those of a caller's own model, which this is not.
    let params = Params { initial_states: Vec::new(), ..params.clone() };
    let found = Auto::default().sample(model.convert()?.bqm(), &params, run)?;
    Ok((model, found))
}
