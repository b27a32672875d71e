//! The business's own words: what its owner wrote, and the engine repeats as it is. What stands inside a verbatim repetition of them is no claim of a
//! mind's.

use std::cell::OnceCell;

use super::normal::Normal;
use crate::oversight::facts::Facts;

/// Words that are shorter hold neither a link nor an amount.
const MIN_BYTES: usize = 4;

/// Where a text repeats the owner's words. Nobody asks about most texts, so it is looked for when somebody first does.
pub(super) struct Own<'a> {
    facts: &'a Facts,
    normal: &'a Normal,
    /// Where each repetition begins, in order, and the furthest end of it and of those before it.
    repeated: OnceCell<Vec<(usize, usize)>>,
}

impl<'a> Own<'a> {
    pub(super) fn of(facts: &'a Facts, normal: &'a Normal) -> Own<'a> {
        Own { facts, normal, repeated: OnceCell::new() }
    }

    fn repeated(&self) -> Vec<(usize, usize)> {
        let (facts, normal) = (self.facts, self.normal);
        let (blueprint, sender) = (&facts.spec.blueprint, &facts.spec.sender);
        let words = [
            &blueprint.name,
            &blueprint.offer,
            &blueprint.description,
            &blueprint.target_customer,
            &facts.spec.founder,
            &sender.name,
            &sender.postal_address,
            &sender.unsubscribe,
        ];
        let mut repeated = Vec::new();
        for own in words.map(|words| Normal::of(words.trim()).text).iter().filter(|own| own.len() >= MIN_BYTES) {
            repeated.extend(normal.text.match_indices(own.as_str()).map(|(start, own)| (start, start + own.len())));
        }
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
