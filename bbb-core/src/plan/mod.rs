//! The founder's plan: what a blueprint is expected to bring, how sure that is, and what to do first.
//!
//! [`projection`] takes the planning figures as they are; [`outlook`] asks what becomes of them if they are wrong, by drawing many futures; [`recommend`] says which
//! blueprints fit a [`founder`]'s money and hours; `frontier` looks for several that fit together. [`ninety`] plans the first ninety days of one: its
//! [`cash_flow`] by week, the [`band`] around it, [`milestone`]s, and a [`checklist`] of what a founder does in their [`state`].

pub mod band;
pub mod cash_flow;
pub mod checklist;
pub mod founder;
#[cfg(feature = "optimizer")]
pub mod frontier;
mod future;
pub mod licence;
pub mod link;
pub mod milestone;
pub mod ninety;
pub mod outlook;
pub mod projection;
pub mod recommend;
pub mod state;

use crate::money::Cents;

/// The income a month that a founder should be able to live on.
pub const MONTHLY_FLOOR: Cents = Cents::from_dollars(4_500);

/// What a quarter should bring in, where the blueprint allows it.
pub const QUARTER_TARGET: Cents = Cents::from_dollars(20_000);

/// A share in percent, rounded so that only never is 0 and only always is 100.
pub fn percent(share: f64) -> String {
    let rounded = (share * 100.0).round();
    match share {
        share if share > 0.0 && rounded == 0.0 => "<1%".to_owned(),
        share if share < 1.0 && rounded == 100.0 => ">99%".to_owned(),
        _ => format!("{rounded:.0}%"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_never_is_nothing_and_only_always_is_all() {
        assert_eq!([0.0, 0.001, 0.424, 0.999, 1.0].map(percent), ["0%", "<1%", "42%", ">99%", "100%"]);
    }
}
