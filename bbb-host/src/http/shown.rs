//! Answers about a business that hold as long as its journal ends where it did: they are read again and again, and made once.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use axum::body::Bytes;
use bbb_core::id::BusinessId;
use bbb_core::journal::chain::Head;

/// The most answers that are kept; with one more, all are made anew.
const MAX_ANSWERS: usize = 4_096;

/// Answers by business, each with the head that it was made after.
#[derive(Debug, Default)]
pub(crate) struct Shown(Mutex<HashMap<BusinessId, (Head, Bytes)>>);

impl Shown {
    /// The answer that was made after this head.
    pub(crate) fn get(&self, id: BusinessId, head: Head) -> Option<Bytes> {
        let shown = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        shown.get(&id).filter(|(made_after, _)| *made_after == head).map(|(_, answer)| answer.clone())
    }

    /// Keeps one.
    pub(crate) fn keep(&self, id: BusinessId, head: Head, answer: Bytes) {
        let mut shown = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if shown.len() >= MAX_ANSWERS && !shown.contains_key(&id) {
            shown.clear();
        }
        shown.insert(id, (head, answer));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_shown_while_the_journal_ends_where_it_did() {
        let (shown, id) = (Shown::default(), BusinessId::from_bytes([1; 8]));
        let after = |sequence| Head { sequence, ..Head::EMPTY };
        assert_eq!(shown.get(id, after(1)), None);
        shown.keep(id, after(1), Bytes::from_static(b"one"));
        assert_eq!(shown.get(id, after(1)).as_deref(), Some(&b"one"[..]));
        assert_eq!(shown.get(id, after(2)), None);
        assert_eq!(shown.get(BusinessId::from_bytes([2; 8]), after(1)), None);
    }
}
