//! Stores: implementations of [`bbb_core::journal::store::Store`] that survive the process, and a guard around any of them.

pub mod guarded;
pub mod redb;
