//! The pure core of Better Business Builder: no async runtime, no I/O, no clock, no global randomness.
//!
//! Words and layout:
//!
//! - what a business is: [`blueprint`], [`spec`], [`budget`], [`role`], [`task`], [`action`], [`receipt`], [`event`];
//! - what is derived: [`state`] (the fold), [`projection`] (the fold and the journal, told for readers);
//! - who may act: [`oversight`] (verdicts, permits), [`port`] (what carries effects out);
//! - what is kept: [`journal`], [`seal`];
//! - the simulated world: [`market`];
//! - small words: [`money`], [`time`], [`id`], [`draw`], [`limits`].

pub mod action;
pub mod blueprint;
pub mod budget;
pub mod decide;
pub mod draw;
pub mod event;
pub mod id;
pub mod invariant;
pub mod journal;
pub mod limits;
pub mod market;
mod model;
pub mod money;
pub mod observe;
pub mod orient;
pub mod oversight;
pub mod port;
pub mod projection;
pub mod receipt;
pub mod role;
pub mod round;
pub mod seal;
pub mod settle;
pub mod spec;
pub mod state;
pub mod task;
pub mod time;

/// The version of the rules by which the engine and its minds decide: a simulated run of another version is not resumed.
pub const ENGINE_VERSION: u32 = 1;
