//! The journal: the append-only, hash-chained record of one business, from which everything else is derived.
//!
//! [`chain`] is the format, [`store`] the port to a database, [`memory`] a store in memory, [`writer`] the one writer of a journal, [`export`] a
//! journal as a file that can be verified anywhere.

pub mod chain;
pub mod export;
pub mod memory;
pub mod store;
pub mod writer;
