//! Figures as people read them.

use bbb_core::money::{self, Cents, grouped};
use bbb_core::projection::Dollars;

/// What stands where there is no figure.
pub(super) const NONE: &str = "–";

/// `$1,234.50`, or `-$0.05`.
pub(super) fn money(dollars: Dollars) -> String {
    money::dollars(dollars.0)
}

/// What one of `count` costs on average, rounded down; nothing where there is none.
pub(super) fn money_each(total: Dollars, count: u32) -> String {
    let each = total.0.get().checked_div(i64::from(count));
    each.map_or_else(|| NONE.to_owned(), |cents| money(Dollars(Cents::new(cents))))
}

/// `1,234,567`.
pub(super) fn count(number: impl Into<u64>) -> String {
    grouped(number.into())
}

/// A share from 0 to 1 as `96.2%`.
pub(super) fn share(part: f64) -> String {
    format!("{:.1}%", part * 100.0)
}

/// The same where there may be none.
pub(super) fn share_or_none(part: Option<f64>) -> String {
    part.map_or_else(|| NONE.to_owned(), share)
}

/// One figure as a share of another.
pub(super) fn ratio(part: u64, whole: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "one decimal for people")]
    share_or_none((whole > 0).then(|| part as f64 / whole as f64))
}

/// `1 lead`, `2 leads`.
pub(super) fn several(number: impl Into<u64>, one: &str, many: &str) -> String {
    let number = number.into();
    format!("{} {}", grouped(number), if number == 1 { one } else { many })
}

/// `study_market` as `study market`.
pub(super) fn words(name: &str) -> String {
    name.replace('_', " ")
}

/// The heights of eight blocks, one per value: each relative to the greatest. At most `width` values; more are summed in groups of equal size.
pub(super) fn sparkline(values: &[i64], width: usize) -> String {
    const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let group = values.len().div_ceil(width.max(1)).max(1);
    let sums: Vec<i64> = values.chunks(group).map(|chunk| chunk.iter().fold(0, |sum: i64, value| sum.saturating_add(*value))).collect();
    let top = sums.iter().copied().max().unwrap_or(0).max(1);
    let block = |sum: &i64| {
        let height = i128::from((*sum).max(0)) * 7 / i128::from(top);
        usize::try_from(height).ok().and_then(|height| BLOCKS.get(height)).copied().unwrap_or('▁')
    };
    sums.iter().map(block).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_read_as_people_write_them() {
        assert_eq!(money(Dollars(Cents::new(123_450))), "$1,234.50");
        assert_eq!(money_each(Dollars(Cents::new(1000)), 3), "$3.33");
        assert_eq!(money_each(Dollars(Cents::new(1000)), 0), NONE);
        assert_eq!((count(0_u32), count(999_u32), count(1_000_u32)), ("0".to_owned(), "999".to_owned(), "1,000".to_owned()));
        assert_eq!((ratio(1, 3), ratio(0, 0)), ("33.3%".to_owned(), NONE.to_owned()));
        assert_eq!((several(1_u32, "lead", "leads"), several(0_u32, "lead", "leads")), ("1 lead".to_owned(), "0 leads".to_owned()));
    }

    #[test]
    fn a_sparkline_has_one_block_per_group() {
        assert_eq!(sparkline(&[0, 1, 2, 3, 4, 5, 6, 7], 8), "▁▂▃▄▅▆▇█");
        assert_eq!(sparkline(&[1, 1, 1, 1, 8, 0], 3), "▂▂█");
        assert_eq!(sparkline(&[], 8), "");
        assert_eq!(sparkline(&[0, -5], 8), "▁▁");
        assert_eq!(sparkline(&[i64::MAX, i64::MAX], 1), "█");
    }
}
