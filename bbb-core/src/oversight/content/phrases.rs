//! Finding phrases: many patterns in one pass over the words of a text.
//!
//! A pattern is written as its words, in lower case and in order. `a|b` is either word, `..3` lets up to three words of the same sentence stand between,
//! `#` is a number, and `@name` is a list of words of [`LISTS`].

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use super::denial::denies;
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

/// A table that is asked about every word of a text. Its keys are fixed, so nobody can choose them to collide, and its hash is made for short ones.
pub(super) type Table<V> = HashMap<&'static str, V, BuildHasherDefault<Fnv>>;

/// FNV-1a, of 64 bits.
pub(super) struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Fnv {
        Fnv(0xcbf2_9ce4_8422_2325)
    }
}

impl Hasher for Fnv {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3);
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// The number that stands for a word of the patterns of an index. Words that are in none have none.
type WordId = u16;

/// The word that patterns write for a number.
const NUMBER: &str = "#";

/// The words that a part of a pattern admits, and how many others may stand before it.
struct Part {
    skip: usize,
    words: Vec<WordId>,
}

/// Patterns by the words that they begin with.
pub(super) struct Index {
    ids: Table<WordId>,
    patterns: Vec<(usize, Vec<Part>)>,
    /// By the number of a word, the patterns that begin with it.
    by_first: Vec<Vec<usize>>,
}

/// A pattern of this group lies from the first to the last of these words.
pub(super) struct Match {
    pub(super) group: usize,
    pub(super) first: usize,
    pub(super) last: usize,
    /// Whether a denial stands in a gap of the pattern: "we give no advice".
    pub(super) denied: bool,
}

/// What a word of a text is to the patterns: a number, the word itself, and what is left of it without a final `'s`.
type Reading = [Option<WordId>; 3];

impl Index {
    /// The patterns of all groups, which are numbered in their order.
    pub(super) fn of(groups: impl Iterator<Item = &'static [&'static str]>) -> Index {
        let mut index = Index { ids: Table::default(), patterns: Vec::new(), by_first: Vec::new() };
        for (group, patterns) in groups.enumerate() {
            for pattern in patterns {
                let parts = index.parts(pattern);
                for word in parts.first().iter().flat_map(|first| &first.words) {
                    index.by_first[usize::from(*word)].push(index.patterns.len());
                }
                index.patterns.push((group, parts));
            }
        }
        index
    }

    fn parts(&mut self, pattern: &'static str) -> Vec<Part> {
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
            parts.push(Part { skip, words: words.map(|word| self.id(word)).collect() });
            skip = 0;
        }
        parts
    }

    /// The number of a word of a pattern: a new one where it has none yet.
    fn id(&mut self, word: &'static str) -> WordId {
        // Cannot fail: the patterns are part of the binary and have some thousand words; every test of a text makes the whole index.
        let next = WordId::try_from(self.by_first.len()).expect("the patterns should have fewer words than numbers for them");
        let id = *self.ids.entry(word).or_insert(next);
        if id == next {
            self.by_first.push(Vec::new());
        }
        id
    }

    /// Whether a word is one of any pattern.
    pub(super) fn knows(&self, word: &str) -> bool {
        self.ids.contains_key(word)
    }

    fn read(&self, word: &str) -> Reading {
        let id = |word: &str| self.ids.get(word).copied();
        [is_number(word).then(|| id(NUMBER)).flatten(), id(word), word.strip_suffix("'s").and_then(id)]
    }

    /// All matches, in the order of the text.
    pub(super) fn find(&self, normal: &Normal, words: &[Word<'_>]) -> Vec<Match> {
        let readings: Vec<Reading> = words.iter().map(|word| self.read(word.text)).collect();
        let text = Text { normal, words, readings: &readings };
        let mut found = Vec::new();
        for (first, reading) in readings.iter().enumerate() {
            for pattern in reading.iter().flatten().flat_map(|id| &self.by_first[usize::from(*id)]) {
                let (group, parts) = &self.patterns[*pattern];
                found.extend(text.follow(&parts[1..], first).map(|(last, denied)| Match { group: *group, first, last, denied }));
            }
        }
        found
    }
}

/// A text as an index reads it.
struct Text<'a> {
    normal: &'a Normal,
    words: &'a [Word<'a>],
    readings: &'a [Reading],
}

impl Text<'_> {
    /// The last word of a match whose other parts follow the word at `at`, and whether a denial stands in a gap.
    fn follow(&self, parts: &[Part], at: usize) -> Option<(usize, bool)> {
        let Some((part, rest)) = parts.split_first() else { return Some((at, false)) };
        (at + 1..self.words.len().min(at + 2 + part.skip))
            .filter(|next| self.readings[*next].iter().flatten().any(|id| part.words.contains(id)))
            .filter(|next| part.skip == 0 || same_sentence(self.normal, self.words, at, *next))
            .find_map(|next| {
                let (last, denied) = self.follow(rest, next)?;
                Some((last, denied || self.words[at + 1..next].iter().any(|word| denies(word.text))))
            })
    }
}

pub(super) fn ends_sentence(between: &str) -> bool {
    [". ", "? ", "! "].iter().any(|end| between.contains(end))
}

pub(super) fn same_sentence(normal: &Normal, words: &[Word<'_>], from: usize, to: usize) -> bool {
    !ends_sentence(&normal.text[words[from].end..words[to].start])
}

/// A figure, with separators, or a word for many.
fn is_number(word: &str) -> bool {
    let figure = word.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b',' | b'%' | b'k' | b'm' | b'$'));
    (figure && word.bytes().any(|b| b.is_ascii_digit()))
        || matches!(word, "dozens" | "hundreds" | "thousands" | "millions" | "hundred" | "thousand" | "million")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draw::Seed;

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
        check(&["join # @people"], "join b2b teams", None);
        check(&["join # @people"], "join k teams", None);
        check(&["# stars"], "4.9 stars and thousands of stars", Some("4.9 stars"));
        check(&["a ..2 b ..1 c"], "a b x b c", Some("a b x b c"));
        assert!(LISTS.iter().all(|(name, list)| name.starts_with('@') && list.iter().all(|word| !word.contains([' ', '-']))));
    }

    #[test]
    fn hashes_are_those_of_fnv() {
        // From the test vectors of the Internet-Draft about FNV.
        for (text, want) in [("", 0xcbf2_9ce4_8422_2325), ("a", 0xaf63_dc4c_8601_ec8c), ("foobar", 0x8594_4171_f739_67e8)] {
            let mut hash = Fnv::default();
            hash.write(text.as_bytes());
            assert_eq!(hash.finish(), want, "{text}");
        }
    }

    /// All matches of a pattern that begin at this word, found by comparing words as texts.
    fn plainly(pattern: &[&str], skip: usize, normal: &Normal, words: &[Word<'_>], at: usize) -> Option<usize> {
        let Some((token, rest)) = pattern.split_first() else { return Some(at - 1) };
        if let Some(skip) = token.strip_prefix("..") {
            return plainly(rest, skip.parse().expect("a number"), normal, words, at);
        }
        let admits = |want: &str, word: &str| want == word || word.strip_suffix("'s") == Some(want) || want == "#" && is_number(word);
        let list = |want: &'_ str| LISTS.iter().find(|(name, _)| *name == want).map(|(_, list)| *list);
        let wanted = |word: &str| {
            token.split('|').any(|want| list(want).map_or(admits(want, word), |all| all.iter().any(|want| admits(want, word))))
        };
        (at..words.len().min(at + skip + 1))
            .filter(|next| wanted(words[*next].text) && (skip == 0 || same_sentence(normal, words, at - 1, *next)))
            .find_map(|next| plainly(rest, 0, normal, words, next + 1))
    }

    #[test]
    fn drawn_texts_match_as_when_words_are_compared_as_texts() {
        const PATTERNS: [&[&str]; 2] = [
            &["join|joined ..2 # ..1 @people", "a b|c ..3 a", "# out of 5|five", "a", "a a"],
            &["fda's approved", "fda|b ..2 it", "b ..1 b ..1 b"],
        ];
        let index = Index::of(PATTERNS.into_iter());
        let vocabulary = [
            "join", "joined", "1,200", "5", "five", "hundreds", "teams", "a", "a's", "b", "c", "fda", "fda's", "approved", "it", "out",
            "of", "no",
        ];
        let mut total = 0;
        for number in 0..2_000 {
            let mut draw = Seed::new(1).draw("phrases", number);
            let mut pick = |of: &[&'static str]| of[draw.below(u32::try_from(of.len()).expect("few")) as usize];
            let text: String = (0..12).map(|_| format!("{}{}", pick(&vocabulary), pick(&[" ", " ", " ", ". ", ", "]))).collect();
            let normal = Normal::of(&text);
            let words = normal.words();
            let mut found: Vec<(usize, usize, usize)> =
                index.find(&normal, &words).iter().map(|found| (found.group, found.first, found.last)).collect();
            let mut want = Vec::new();
            for first in 0..words.len() {
                for (group, pattern) in PATTERNS.iter().enumerate().flat_map(|(group, all)| all.iter().map(move |one| (group, one))) {
                    let tokens: Vec<&str> = pattern.split(' ').collect();
                    want.extend(plainly(&tokens, 0, &normal, &words, first).map(|last| (group, first, last)));
                }
            }
            total += want.len();
            found.sort_unstable();
            want.sort_unstable();
            assert_eq!(found, want, "{text}");
        }
        assert!(total > 3_000, "{total}");
    }
}
