//! A quantum-inspired optimizer: binary quadratic models (QUBO and Ising), their file formats, and samplers that look for states of low energy.
//!
//! It is a library of its own: `bbb-core` with `default-features = false` and the feature `optimizer` has nothing of businesses in it. Quantum-inspired means that the
//! models and some of the heuristics come from quantum annealing; everything runs on ordinary processors.
//!
//! - [`model`]: what is to be minimised, [`Bqm`](model::Bqm);
//! - [`format`](mod@format): readers and writers of the field's files;
//! - [`problem`]: problems that are more than a model;
//! - [`sampler`]: how low energies are looked for, and when to stop;
//! - [`sample_set`]: what was found.
//!
//! There is no clock in here, and no thread: time and cancellation come in through [`Stop`](sampler::Stop), threads through
//! [`Executor`](sampler::Executor). A run that is bounded by sweeps is a function of model, parameters and seed, on any number of threads and any x86-64 machine.
//!
//! ```
//! use bbb_core::optimizer::model::{Bqm, Vartype};
//! use bbb_core::optimizer::sampler::{Params, Run, Sampler, anneal::SimulatedAnnealing};
//!
//! // Of two neighbours at most one: minimise -a - b + 2ab.
//! let bqm = Bqm::builder(Vartype::Binary).linear(0, -1.0).linear(1, -1.0).quadratic(0, 1, 2.0).build()?;
//! let found = SimulatedAnnealing::default().sample(&bqm, &Params::default(), &Run::default())?;
//! assert_eq!(found.first().map(|row| row.energy), Some(-1.0));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod format;
pub mod model;
pub mod problem;
mod random;
pub mod sample_set;
pub mod sampler;
