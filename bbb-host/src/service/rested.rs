//! The states of businesses that do not run, so that looking at one twice folds its journal once.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use bbb_core::id::BusinessId;
use bbb_core::journal::chain::Head;
use bbb_core::state::State;

/// The most states that are kept.
const MAX_STATES: usize = 64;

/// States by business, each with the head that it was folded up to; the one that was looked at last is last.
#[derive(Debug, Default)]
pub(super) struct Rested(Mutex<VecDeque<(BusinessId, Head, Arc<State>)>>);

impl Rested {
    /// The state of a business whose journal ends at `head`, where it is kept.
    pub(super) fn get(&self, id: BusinessId, head: Head) -> Option<Arc<State>> {
        let mut states = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = states.iter().position(|(known, at, _)| *known == id && *at == head)?;
        let found = states.remove(at)?;
        let state = Arc::clone(&found.2);
        states.push_back(found);
        Some(state)
    }

    /// Keeps a state in the place of an earlier one of the same business.
    pub(super) fn keep(&self, id: BusinessId, head: Head, state: &Arc<State>) {
        let mut states = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        states.retain(|(known, ..)| *known != id);
        if states.len() >= MAX_STATES {
            states.pop_front();
        }
        states.push_back((id, head, Arc::clone(state)));
    }
}
