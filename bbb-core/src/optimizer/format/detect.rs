//! Telling formats by their first lines.

use super::lines::{Line, Lines};
use super::{Format, coo, qplib};

pub(super) fn detect(text: &str) -> Option<Format> {
    let mut lines = Lines::of(text);
    let first = lines.next()?;
    let word = first.clone().field()?.text;
    if word.starts_with('{') {
        return Some(Format::Json);
    }
    if matches!(word, "c" | "p") {
        return Some(Format::Qubo);
    }
    if word.starts_with('#') && comments(text).any(|comment| coo::vartype(comment).is_some()) {
        return Some(Format::Coo);
    }
    if qplib::looks_like(text) {
        return Some(Format::Qplib);
    }
    match wholes(&first) {
        Some(1) => return Some(Format::Orlib),
        Some(2) => return Some(if has_diagonal(lines) { Format::Orlib } else { Format::Rudy }),
        Some(3) => return Some(Format::Coo),
        _ => {}
    }
    let second = lines.next()?;
    (wholes(&second) == Some(1)).then_some(Format::Qkp)
}

/// The comments before anything else.
fn comments(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim).take_while(|line| line.is_empty() || line.starts_with('#'))
}

/// How many fields there are, the first two of them whole numbers, the others any.
fn wholes(line: &Line<'_>) -> Option<usize> {
    let mut fields = line.clone();
    let mut count = 0;
    while let Some(field) = fields.field() {
        if count < 2 && field.text.parse::<i64>().is_err() || count > 3 {
            return None;
        }
        count += 1;
    }
    Some(count)
}

/// Whether a line names the same variable twice.
fn has_diagonal(mut lines: Lines<'_>) -> bool {
    while let Some(mut line) = lines.next() {
        if let (Some(one), Some(other)) = (line.field(), line.field())
            && one.text == other.text
        {
            return true;
        }
    }
    false
}
