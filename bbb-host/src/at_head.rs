//! Things about businesses that hold as long as a journal ends where it did: states, and answers made from them. They are asked for again and again, and made once.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use bbb_core::id::BusinessId;
use bbb_core::journal::chain::Head;

/// One thing for each business, with the head that it was made after. With one more than there may be, the one that was not looked at for longest goes.
#[derive(Debug)]
pub(crate) struct AtHead<V> {
    most: usize,
    kept: Mutex<Kept<V>>,
}

#[derive(Debug)]
struct Kept<V> {
    by_business: HashMap<BusinessId, One<V>>,
    /// How often anything was looked at or kept.
    looks: u64,
}

#[derive(Debug)]
struct One<V> {
    head: Head,
    value: V,
    looked_at: u64,
}

impl<V: Clone> AtHead<V> {
    /// Room for so many.
    pub(crate) fn new(most: usize) -> AtHead<V> {
        AtHead { most, kept: Mutex::new(Kept { by_business: HashMap::new(), looks: 0 }) }
    }

    /// What was made after this head.
    pub(crate) fn get(&self, id: BusinessId, head: Head) -> Option<V> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let Kept { by_business, looks } = &mut *kept;
        let one = by_business.get_mut(&id).filter(|one| one.head == head)?;
        *looks += 1;
        one.looked_at = *looks;
        Some(one.value.clone())
    }

    /// Keeps it in the place of what was made before.
    pub(crate) fn keep(&self, id: BusinessId, head: Head, value: V) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let Kept { by_business, looks } = &mut *kept;
        if by_business.len() >= self.most
            && !by_business.contains_key(&id)
            && let Some(oldest) = by_business.iter().min_by_key(|(_, one)| one.looked_at).map(|(id, _)| *id)
        {
            by_business.remove(&oldest);
        }
        *looks += 1;
        by_business.insert(id, One { head, value, looked_at: *looks });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u8) -> BusinessId {
        BusinessId::from_bytes([number; 8])
    }

    fn after(sequence: u64) -> Head {
        Head { sequence, ..Head::EMPTY }
    }

    #[test]
    fn a_thing_is_kept_while_the_journal_ends_where_it_did() {
        let kept = AtHead::new(2);
        assert_eq!(kept.get(id(1), after(1)), None);
        kept.keep(id(1), after(1), "one");
        assert_eq!((kept.get(id(1), after(1)), kept.get(id(1), after(2)), kept.get(id(2), after(1))), (Some("one"), None, None));
        kept.keep(id(1), after(2), "more");
        assert_eq!((kept.get(id(1), after(1)), kept.get(id(1), after(2))), (None, Some("more")));
    }

    #[test]
    fn what_was_not_looked_at_for_longest_makes_room() {
        let kept = AtHead::new(2);
        kept.keep(id(1), after(1), 1);
        kept.keep(id(2), after(1), 2);
        assert_eq!(kept.get(id(1), after(1)), Some(1));
        kept.keep(id(3), after(1), 3);
        assert_eq!([1, 2, 3].map(|number| kept.get(id(number), after(1))), [Some(1), None, Some(3)]);
    }
}
