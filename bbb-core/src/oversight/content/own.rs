//! The business's own words: what its owner wrote, and the engine repeats as it is. What stands inside a verbatim repetition of them is no claim of a
//! mind's.

use std::cell::OnceCell;

use memchr::memmem::Finder;

use super::normal::Normal;
use crate::spec::Spec;

/// Words that are shorter hold neither a link nor an amount.
const MIN_BYTES: usize = 4;

/// The owner's words, made comparable, ready to be looked for.
#[derive(Debug, Clone)]
pub(super) struct OwnWords(Vec<Finder<'static>>);

impl PartialEq for OwnWords {
    fn eq(&self, other: &OwnWords) -> bool {
        self.0.iter().map(Finder::needle).eq(other.0.iter().map(Finder::needle))
    }
}

impl Eq for OwnWords {}

impl OwnWords {
    pub(super) fn of(spec: &Spec) -> OwnWords {
        let (blueprint, sender) = (&spec.blueprint, &spec.sender);
        let words = [
            &blueprint.name,
            &blueprint.offer,
            &blueprint.description,
            &blueprint.target_customer,
            &spec.founder,
            &sender.name,
            &sender.postal_address,
            &sender.unsubscribe,
        ];
        let own = words.map(|words| Normal::of(words.trim()).text).into_iter().filter(|own| own.len() >= MIN_BYTES);
        OwnWords(own.map(|own| Finder::new(own.as_bytes()).into_owned()).collect())
    }
}

/// Where a text repeats the owner's words. Nobody asks about most texts, so it is looked for when somebody first does.
pub(super) struct Own<'a> {
    words: &'a OwnWords,
    normal: &'a Normal,
    /// Where each repetition begins, in order, and the furthest end of it and of those before it.
    repeated: OnceCell<Vec<(usize, usize)>>,
}

impl<'a> Own<'a> {
    pub(super) fn of(words: &'a OwnWords, normal: &'a Normal) -> Own<'a> {
        Own { words, normal, repeated: OnceCell::new() }
    }

    fn repeated(&self) -> Vec<(usize, usize)> {
        let text = self.normal.text.as_bytes();
        let found = self.words.0.iter().flat_map(|own| own.find_iter(text).map(|start| (start, start + own.needle().len())));
        let mut repeated: Vec<(usize, usize)> = found.collect();
        repeated.sort_unstable();
        let mut furthest = 0;
        for (_, end) in &mut repeated {
            furthest = furthest.max(*end);
            *end = furthest;
        }
        repeated
    }

    /// Whether all of this is in one repetition of the owner's words.
    pub(super) fn covers(&self, start: usize, end: usize) -> bool {
        let repeated = self.repeated.get_or_init(|| self.repeated());
        let begun = repeated.partition_point(|(own, _)| *own <= start);
        begun.checked_sub(1).is_some_and(|last| repeated[last].1 >= end)
    }
}
