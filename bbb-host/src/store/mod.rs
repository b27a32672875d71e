//! Stores: implementations of [`bbb_core::journal::store::Store`] that survive the process.

pub mod redb;
