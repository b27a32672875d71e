//! Words and tables for founders.

use std::fmt;

use super::answer::Relief;
use crate::money::{Cents, dollars, grouped};

/// An amount of dollars, rounded to cents.
pub(super) fn usd(dollars_exact: f64) -> String {
    dollars(rounded(dollars_exact))
}

/// Whole cents, saturating.
#[expect(clippy::cast_possible_truncation, reason = "a cast of a double saturates, and rounding to cents is what is wanted")]
pub(super) fn rounded(dollars: f64) -> Cents {
    Cents::new(libm::round(dollars * 100.0) as i64)
}

/// Cents as dollars.
#[expect(clippy::cast_precision_loss, reason = "amounts are held below 2^53 cents")]
pub(super) fn real(cents: Cents) -> f64 {
    cents.get() as f64 / 100.0
}

/// Minutes as hours: `12 h`, `7.5 h`, `1 h 20 min`.
pub(super) fn hours(minutes: i64) -> String {
    let sign = if minutes < 0 { "-" } else { "" };
    let (whole, rest) = (minutes.unsigned_abs() / 60, minutes.unsigned_abs() % 60);
    let whole = grouped(whole);
    match rest {
        0 => format!("{sign}{whole} h"),
        30 => format!("{sign}{whole}.5 h"),
        _ => format!("{sign}{whole} h {rest} min"),
    }
}

/// `a`, `a and b`, `a, b and c`; of many the first ones.
pub(super) fn list(names: &[String]) -> String {
    const SHOWN: usize = 6;
    match names {
        [] => "nothing".to_owned(),
        [one] => one.clone(),
        _ if names.len() > SHOWN => format!("{} and {} more", names[..SHOWN].join(", "), names.len() - SHOWN),
        [rest @ .., last] => format!("{} and {last}", rest.join(", ")),
    }
}

/// `1 task`, `2 tasks`.
pub(super) fn counted(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// Writes rows in columns, the head first; columns of `right` are flush right, the last one is never padded.
pub(super) fn table(f: &mut fmt::Formatter<'_>, right: &[usize], rows: &[Vec<String>]) -> fmt::Result {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    for row in rows {
        let mut line = String::new();
        for (column, cell) in row.iter().enumerate() {
            let gap = " ".repeat(widths[column] - cell.chars().count());
            line.push_str("  ");
            line.push_str(&if right.contains(&column) { format!("{gap}{cell}") } else { format!("{cell}{gap}") });
        }
        writeln!(f, "{}", line.trim_end())?;
    }
    Ok(())
}

/// Writes what wider limits would bring.
pub(super) fn reliefs(f: &mut fmt::Formatter<'_>, reliefs: &[Relief], unit: impl Fn(f64) -> String) -> fmt::Result {
    if reliefs.is_empty() {
        return Ok(());
    }
    writeln!(f, "\nWhat more would buy")?;
    let row = |relief: &Relief| {
        let at_least = if relief.proved { "" } else { "at least " };
        let gain = if relief.gain > 0.0 { format!("{at_least}{} more", unit(relief.gain)) } else { "nothing more".to_owned() };
        let found = if relief.proved || relief.gain > 0.0 { "" } else { " was found" };
        vec![format!("{} more {}", relief.by, relief.limit), format!("{gain}{found}")]
    };
    table(f, &[], &reliefs.iter().map(row).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_and_hours_read_as_people_write_them() {
        assert_eq!(usd(999.999), "$1,000.00");
        assert_eq!(usd(f64::INFINITY), dollars(Cents::new(i64::MAX)));
        assert_eq!((hours(90).as_str(), hours(60_000).as_str(), hours(-80).as_str()), ("1.5 h", "1,000 h", "-1 h 20 min"));
        assert_eq!(list(&["a".to_owned(), "b".to_owned(), "c".to_owned()]), "a, b and c");
    }
}
