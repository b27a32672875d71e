//! The founder's plan: what a blueprint is expected to bring, and how sure that is.
//!
//! [`projection`] takes the planning figures as they are; [`outlook`] asks what becomes of them if they are wrong, by drawing many futures; [`recommend`] says which
//! blueprints fit a founder's money and hours.

pub mod outlook;
pub mod projection;
pub mod recommend;

use crate::money::Cents;

/// The income a month that a founder should be able to live on.
pub const MONTHLY_FLOOR: Cents = Cents::from_dollars(4_500);

/// What a quarter should bring in, where the blueprint allows it.
pub const QUARTER_TARGET: Cents = Cents::from_dollars(20_000);
