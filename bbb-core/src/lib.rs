//! The pure core of Better Business Builder: no async runtime, no I/O, no clock, no global randomness.
//!
//! Words and layout:
//!
//! - what a business is: [`blueprint`], [`spec`], [`budget`], [`role`], [`task`], [`action`], [`receipt`], [`event`];
//! - what is derived: [`state`] (the fold), [`projection`] (the fold and the journal, told for readers);
//! - who may act: [`oversight`] (verdicts, permits), [`port`] (what carries effects out);
//! - what is kept: [`journal`], [`seal`];
//! - the simulated world: [`market`]; the founder's advice: [`plan`];
//! - how to choose well: [`optimizer`], a library of its own (`default-features = false`, feature `optimizer`);
//! - small words: [`money`], [`time`], [`id`], [`draw`], [`limits`].

// Without businesses the links above lead nowhere; with them they are checked.
#![cfg_attr(not(feature = "business"), allow(rustdoc::broken_intra_doc_links))]

#[cfg(feature = "business")]
pub mod action;
#[cfg(feature = "business")]
pub mod blueprint;
#[cfg(feature = "business")]
pub mod budget;
#[cfg(feature = "business")]
pub mod decide;
#[cfg(feature = "business")]
pub mod draw;
#[cfg(feature = "business")]
pub mod event;
#[cfg(feature = "business")]
pub mod fork;
#[cfg(feature = "business")]
pub mod id;
#[cfg(feature = "business")]
pub mod invariant;
#[cfg(feature = "business")]
pub mod journal;
#[cfg(feature = "business")]
pub mod limits;
#[cfg(feature = "business")]
pub mod market;
#[cfg(feature = "business")]
mod model;
#[cfg(any(feature = "business", feature = "optimizer"))]
pub mod money;
#[cfg(feature = "business")]
pub mod observe;
#[cfg(feature = "optimizer")]
pub mod optimizer;
#[cfg(feature = "business")]
pub mod orient;
#[cfg(feature = "business")]
pub mod oversight;
#[cfg(feature = "business")]
pub mod plan;
#[cfg(feature = "business")]
pub mod port;
#[cfg(feature = "business")]
pub mod projection;
#[cfg(feature = "business")]
pub mod receipt;
#[cfg(feature = "business")]
pub mod role;
#[cfg(feature = "business")]
pub mod round;
#[cfg(feature = "business")]
pub mod seal;
#[cfg(feature = "business")]
pub mod settle;
#[cfg(feature = "business")]
pub mod spec;
#[cfg(feature = "business")]
pub mod state;
#[cfg(feature = "business")]
pub mod task;
#[cfg(feature = "business")]
pub mod temptation;
#[cfg(feature = "business")]
pub mod time;

/// The version of the rules by which the engine and its minds decide: a simulated run of another version is not resumed.
#[cfg(feature = "business")]
pub const ENGINE_VERSION: u32 = 4;
