//! Oversight: what may happen.

pub mod permit;
pub mod verdict;
