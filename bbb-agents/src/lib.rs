//! The actors of Better Business Builder: one supervisor, seven roles and one oversight per business, and the [`engine::Engine`] that runs them.
//!
//! The actors are thin: they receive, call the pure core, commit, and reply. The stages of the one path are modules of [`bbb_core`] (`observe`, `orient`,
//! `decide`, `oversight`, `settle`); [`act`] is the one that is here, since it waits for the outside.

pub mod act;
pub mod conditions;
pub mod driver;
pub mod engine;
pub mod fork;
pub mod handle;
pub mod minds;
pub mod recording;
pub mod share;
pub mod world;

mod message;
mod oversight;
mod role;
mod supervisor;
mod turn;
