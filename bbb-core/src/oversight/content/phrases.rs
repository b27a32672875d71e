//! Finding phrases: many patterns in one pass over the words of a text.
//!
//! A pattern is written as its words, in lower case and in order. `a|b` is either word, `..3` lets up to three words of the same sentence stand between,
//! `#` is a number, and `@name` is a list of words of [`LISTS`].

use std::collections::HashMap;

use super::claims::DENIALS;
use super::normal::{Normal, Word};

/// Lists of words that many patterns share.
const LISTS: [(&str, &[&str]); 7] = [
    (
        "@sell",
        &[
            "sell",
            "sells",
            "selling",
            "sold",
            "resell",
            "reselling",
            "buy",
            "buying",
            "supply",
            "supplies",
            "supplying",
            "ship",
            "ships",
            "shipping",
            "deliver",
            "delivers",
            "delivering",
            "smuggle",
            "smuggling",
            "import",
            "importing",
            "export",
            "exporting",
            "trade",
            "trading",
            "traffic",
            "trafficking",
            "distribute",
            "distributing",
            "manufacture",
            "manufacturing",
            "make",
            "making",
            "produce",
            "producing",
            "order",
            "ordering",
            "provide",
            "provides",
            "providing",
            "offer",
            "offers",
            "offering",
            "wholesale",
            "rent",
            "renting",
        ],
    ),
    (
        "@sale",
        &[
            "shop",
            "store",
            "delivery",
            "dealer",
            "dealers",
            "dealing",
            "sale",
            "sales",
            "supplier",
            "suppliers",
            "wholesale",
            "marketplace",
        ],
    ),
    (
        "@people",
        &[
            "customers",
            "clients",
            "users",
            "companies",
            "businesses",
            "teams",
            "families",
            "people",
            "owners",
            "founders",
            "subscribers",
            "members",
            "students",
            "patients",
            "firms",
            "shops",
            "restaurants",
            "brands",
        ],
    ),
    ("@agency", &["irs", "fbi", "police", "sheriff", "court", "government", "ftc", "fda", "sec", "uscis", "dmv", "medicare"]),
    (
        "@platform",
        &[
            "paypal",
            "amazon",
            "google",
            "microsoft",
            "apple",
            "facebook",
            "meta",
            "instagram",
            "netflix",
            "stripe",
            "visa",
            "mastercard",
            "usps",
            "ups",
            "fedex",
            "dhl",
            "linkedin",
            "whatsapp",
            "chase",
            "citibank",
            "godaddy",
        ],
    ),
    ("@gift", &["discount", "refund", "coupon", "voucher", "cash", "cashback", "reward", "bonus", "gift", "off", "prize"]),
    (
        "@group",
        &[
            "whites",
            "blacks",
            "asians",
            "hispanics",
            "latinos",
            "arabs",
            "jews",
            "muslims",
            "christians",
            "catholics",
            "hindus",
            "immigrants",
            "foreigners",
            "gays",
            "lesbians",
            "americans",
            "africans",
            "mexicans",
            "christian",
            "muslim",
            "jewish",
        ],
    ),
];

/// The words that a part of a pattern admits, and how many others may stand before it.
struct Part {
    skip: usize,
    words: Vec<&'static str>,
}

/// Patterns by the words that they begin with.
pub(super) struct Index {
    patterns: Vec<(usize, Vec<Part>)>,
    by_first: HashMap<&'static str, Vec<usize>>,
}

/// A pattern of this group lies from the first to the last of these words.
pub(super) struct Match {
    pub(super) group: usize,
    pub(super) first: usize,
    pub(super) last: usize,
    /// Whether a denial stands in a gap of the pattern: "we give no advice".
    pub(super) denied: bool,
}

impl Index {
    /// The patterns of all groups, which are numbered in their order.
    pub(super) fn of(groups: impl Iterator<Item = &'static [&'static str]>) -> Index {
        let mut index = Index { patterns: Vec::new(), by_first: HashMap::new() };
        for (group, patterns) in groups.enumerate() {
            for pattern in patterns {
                let parts = parts(pattern);
                for word in parts.first().iter().flat_map(|first| &first.words) {
                    index.by_first.entry(word).or_default().push(index.patterns.len());
                }
                index.patterns.push((group, parts));
            }
        }
        index
    }

    /// All matches, in the order of the text.
    pub(super) fn find(&self, normal: &Normal, words: &[Word<'_>]) -> Vec<Match> {
        let mut found = Vec::new();
        for (first, word) in words.iter().enumerate() {
            let number = is_number(word.text).then_some("#");
            let keys = number.into_iter().chain([word.text]).chain(word.text.strip_suffix("'s"));
            for pattern in keys.filter_map(|key| self.by_first.get(key)).flatten() {
                let (group, parts) = &self.patterns[*pattern];
                found.extend(follow(&parts[1..], normal, words, first).map(|(last, denied)| Match { group: *group, first, last, denied }));
            }
        }
        found
    }
}

fn parts(pattern: &'static str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut skip = 0;
    for token in pattern.split(' ') {
        if let Some(words) = token.strip_prefix("..") {
            skip = words.parse().unwrap_or(0);
            continue;
        }
        let words = token.split('|').flat_map(|word| match LISTS.iter().find(|(name, _)| *name == word) {
            Some((_, list)) => list.to_vec(),
            None => vec![word],
        });
        parts.push(Part { skip, words: words.collect() });
        skip = 0;
    }
    parts
}

/// The last word of a match whose other parts follow the word at `at`, and whether a denial stands in a gap.
fn follow(parts: &[Part], normal: &Normal, words: &[Word<'_>], at: usize) -> Option<(usize, bool)> {
    let Some((part, rest)) = parts.split_first() else { return Some((at, false)) };
    (at + 1..words.len().min(at + 2 + part.skip))
        .filter(|next| part.words.iter().any(|want| admits(want, words[*next].text)))
        .filter(|next| part.skip == 0 || same_sentence(normal, words, at, *next))
        .find_map(|next| {
            let (last, denied) = follow(rest, normal, words, next)?;
            Some((last, denied || words[at + 1..next].iter().any(|word| DENIALS.contains(&word.text))))
        })
}

fn admits(want: &str, word: &str) -> bool {
    want == word || word.strip_suffix("'s") == Some(want) || (want == "#" && is_number(word))
}

pub(super) fn ends_sentence(between: &str) -> bool {
    [". ", "? ", "! "].iter().any(|end| between.contains(end))
}

pub(super) fn same_sentence(normal: &Normal, words: &[Word<'_>], from: usize, to: usize) -> bool {
    !ends_sentence(&normal.text[words[from].end..words[to].start])
}

/// A figure, with separators, or a word for many.
fn is_number(word: &str) -> bool {
    let digits = word.bytes().filter(u8::is_ascii_digit).count();
    let figure = digits > 0 && word.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b',' | b'%' | b'k' | b'm' | b'$'));
    figure || matches!(word, "dozens" | "hundreds" | "thousands" | "millions" | "hundred" | "thousand" | "million")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_find_alternatives_gaps_numbers_and_lists() {
        let check = |pattern: &'static [&'static str], text: &str, want: Option<&str>| {
            let normal = Normal::of(text);
            let words = normal.words();
            let found = Index::of([pattern].into_iter()).find(&normal, &words);
            let found = found.first().map(|found| &normal.text[words[found.first].start..words[found.last].end]);
            assert_eq!(found, want, "{text}");
        };
        check(&["as seen|featured in|on"], "It was as Seen\non tv", Some("as seen on"));
        check(&["as seen|featured in|on"], "as much on tv", None);
        check(&["split ..2 market"], "we split up the market here", Some("split up the market"));
        check(&["split ..2 market"], "we split this up today for a market", None);
        check(&["split ..2 market"], "We split. The market", None);
        check(&["join # @people"], "join 1,200 teams", Some("join 1,200 teams"));
        check(&["# stars"], "4.9 stars and thousands of stars", Some("4.9 stars"));
        check(&["a ..2 b ..1 c"], "a b x b c", Some("a b x b c"));
        assert!(LISTS.iter().all(|(name, list)| name.starts_with('@') && list.iter().all(|word| !word.contains([' ', '-']))));
    }
}
