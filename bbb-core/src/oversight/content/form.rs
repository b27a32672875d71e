//! The form of a text: unfilled gaps, hidden characters, shouting, missing parts.

use super::Hit;
use super::normal::{Normal, is_invisible};

/// What stands in brackets where somebody forgot to fill in a name.
const GAPS: [&str; 14] = [
    "name",
    "first name",
    "firstname",
    "last name",
    "your name",
    "company",
    "company name",
    "your company",
    "recipient",
    "date",
    "price",
    "link",
    "product",
    "city",
];

/// The most characters between the brackets of a gap, and the closing one.
const GAP_CHARS: usize = 40;

/// Letters from which a subject in capitals is shouting, and not an abbreviation.
const SHOUT_LETTERS: usize = 8;

/// Braces that hold a name, doubled braces, and bracketed gaps.
pub(super) fn placeholders(normal: &Normal, hits: &mut Vec<Hit>) {
    let text = &normal.text;
    // A single sign is found much quicker than two, and most texts have none.
    let doubled = [("{{", '{'), ("}}", '}'), ("${", '{'), ("<%", '%')].into_iter().filter(|(_, sign)| text.contains(*sign));
    let doubled = doubled.flat_map(|(mark, _)| text.match_indices(mark));
    hits.extend(doubled.map(|(at, mark)| Hit::of("content.placeholder", normal, at, at + mark.len())));
    for (open, close, gap) in [('{', '}', None), ('[', ']', Some(&GAPS)), ('<', '>', Some(&GAPS))] {
        for (start, _) in text.match_indices(open) {
            let end = text[start + 1..].char_indices().take(GAP_CHARS).find(|(_, c)| *c == close);
            let Some(inside) = end.map(|(length, _)| &text[start + 1..start + 1 + length]) else { continue };
            let name = !inside.is_empty() && inside.chars().all(|c| c.is_alphanumeric() || "_.- ".contains(c));
            if name && gap.is_none_or(|gaps| gaps.contains(&inside.trim()) || inside.starts_with("insert ")) {
                hits.push(Hit::of("content.placeholder", normal, start, start + inside.len() + 2));
            }
        }
    }
    hits.extend(text.match_indices("lorem ipsum").map(|(at, mark)| Hit::of("content.placeholder", normal, at, at + mark.len())));
}

/// Characters that hide or reorder text, and control characters; a subject or a headline is one line.
pub(super) fn hidden(field: &str, original: &str, hits: &mut Vec<Hit>) {
    let one_line = matches!(field, "subject" | "title" | "headline");
    for (at, c) in original.char_indices().filter(|(_, c)| c.is_control() || is_invisible(*c)) {
        let end = at + c.len_utf8();
        let (before, after) = (original[..at].chars().next_back(), original[end..].chars().next());
        let strange = |beside: Option<char>| beside.is_some_and(|c| !c.is_ascii());
        let harmless = match c {
            '\n' | '\r' | '\t' => !one_line,
            // Joiners are part of emoji and of some scripts; between Latin letters they only hide.
            '\u{200c}' | '\u{200d}' => strange(before) && strange(after),
            _ => false,
        };
        if !harmless {
            hits.push(Hit::at("content.invisible", at, end));
        }
    }
}

/// Capitals and exclamation marks.
pub(super) fn shouting(field: &str, original: &str, normal: &Normal, hits: &mut Vec<Hit>) {
    let title = matches!(field, "subject" | "title" | "headline");
    if title {
        let cased = original.chars().filter(|c| c.is_lowercase() || c.is_uppercase()).count();
        let upper = original.chars().filter(|c| c.is_uppercase()).count();
        if upper >= SHOUT_LETTERS && upper * 10 >= cased * 8 {
            hits.push(Hit::at("content.shouting", 0, original.len()));
        }
    }
    let Some(first) = normal.text.find('!') else { return };
    let many = || title && normal.text[first..].matches('!').count() >= 3;
    if let Some(start) = normal.text[first..].find("!!!").map(|at| first + at).or_else(|| many().then_some(first)) {
        hits.push(Hit::of("content.exclamation", normal, start, start + 1));
    }
}
