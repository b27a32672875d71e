//! The simulated world.

/// The version of the market model.
pub const VERSION: u32 = 1;
