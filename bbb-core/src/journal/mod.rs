//! The journal: the append-only, hash-chained record of one business, from which everything else is derived.
//!
//! [`chain`] is the format, [`store`] the port to a database, [`memory`] a store in memory, [`passing`] one that keeps nothing, [`writer`] the one writer of a journal, [`export`] a
//! journal as a file that can be verified anywhere. [`checkpoint`] is what the host signs outside the store, [`keys`] what it signs with, [`proof`] shows that one event is under a
//! checkpoint, [`merkle`] is the tree that makes it short.

pub mod chain;
pub mod checkpoint;
pub mod export;
mod hex;
pub mod keys;
pub mod memory;
pub mod merkle;
pub mod passing;
pub mod proof;
pub mod store;
#[cfg(test)]
mod tests;
pub mod writer;
