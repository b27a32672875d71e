//! Problems that are more than a model: with rules that a state must keep.
//!
//! Four of them are questions of a founder. Each has an `Input` that is checked once ([`Invalid`] names the field and the rule), and `solve`, which gives an
//! [`Outcome`]: an answer that keeps every rule, or a proof that there is none, or, where neither was found, that it is unknown. An answer is never worse than the
//! greedy choice, is called `optimal` only where that is proved, and explains itself, as data and as text:
//!
//! - [`portfolio`]: which projects, under a budget and weekly hours;
//! - [`budget`]: how much money for which marketing channel;
//! - [`assignment`]: who does which task;
//! - [`schedule`]: what is done when.
//!
//! Two are the field's own: [`knapsack`] and [`planted`].

mod amount;
mod answer;
pub mod assignment;
pub mod budget;
mod check;
pub mod knapsack;
pub mod planted;
pub mod portfolio;
mod qubo;
pub mod schedule;
#[cfg(test)]
mod tests;
mod text;

pub use self::answer::{Conflict, Invalid, Outcome, Relief};
