//! Charts.

use super::Report;

/// Lines over days.
pub(super) struct Lines {}
/// Bars.
pub(super) struct Bars {}
impl Lines {
    pub(super) fn of_money(_: &Report, _: &str) -> Lines {
        Lines {}
    }
}
impl Bars {
    pub(super) fn of_funnel(_: &[(&str, u32)], _: &str) -> Bars {
        Bars {}
    }
    pub(super) fn of_channels(_: &Report, _: &str) -> Bars {
        Bars {}
    }
    pub(super) fn of_roles(_: &Report, _: &str) -> Bars {
        Bars {}
    }
    pub(super) fn of_rules(_: &Report, _: &str) -> Bars {
        Bars {}
    }
}
