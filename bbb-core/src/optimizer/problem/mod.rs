//! Problems that are more than a model: with rules that a state must keep.

pub mod knapsack;
pub mod planted;
