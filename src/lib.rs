//! Better Business Builder: an engine that runs businesses by themselves, under an oversight that every effect must pass.
//!
//! This crate is the facade. [`prelude`] has what an embedder needs; the parts are [`core`] (pure domain, oversight, journal), [`agents`] (actors
//! and engine), [`integrations`] (adapters) and [`host`] (store, command line).

pub use bbb_agents as agents;
pub use bbb_core as core;
pub use bbb_host as host;
pub use bbb_integrations as integrations;

/// What an embedder needs first.
pub mod prelude {
    pub use bbb_agents::engine::Engine;
    pub use bbb_agents::handle::{BusinessHandle, Command};
    pub use bbb_agents::minds::Minds;
    pub use bbb_agents::world::World;
    pub use bbb_core::blueprint;
    pub use bbb_core::decide::view::View;
    pub use bbb_core::decide::{Decision, Draft, Mind};
    pub use bbb_core::draw::Seed;
    pub use bbb_core::journal::memory::MemoryStore;
    pub use bbb_core::money::Cents;
    pub use bbb_core::oversight::permit::Permit;
    pub use bbb_core::port::{Failure, Port, Ports};
    pub use bbb_core::role::Role;
    pub use bbb_core::spec::Spec;
    pub use bbb_core::task::Task;
}
