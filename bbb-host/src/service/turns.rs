//! Turns: what must not happen to a business at once, happens one after the other; what happens to others does not wait for it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use bbb_core::id::BusinessId;
use tokio::sync::OwnedMutexGuard;

/// The turns of all businesses.
#[derive(Debug, Default)]
pub(super) struct Turns(Mutex<BTreeMap<BusinessId, Arc<tokio::sync::Mutex<()>>>>);

/// The turn of a business; dropped, it is over.
pub(super) type Turn = OwnedMutexGuard<()>;

/// From how many on those that nobody holds are forgotten.
const MANY: usize = 1024;

impl Turns {
    /// Waits for the turn of a business.
    pub(super) async fn of(&self, id: BusinessId) -> Turn {
        let turn = {
            let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if turns.len() >= MANY {
                // Whoever holds or awaits one has a share in it, taken under this lock.
                turns.retain(|_, turn| Arc::strong_count(turn) > 1);
            }
            Arc::clone(turns.entry(id).or_default())
        };
        turn.lock_owned().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    #[tokio::test]
    async fn one_business_waits_for_itself_alone_and_what_nobody_holds_is_forgotten() {
        let turns = Turns::default();
        let id = |number: u32| BusinessId::from_bytes(u64::from(number).to_be_bytes());
        let held = turns.of(id(0)).await;
        for number in 1..5_000 {
            drop(turns.of(id(number)).await);
        }
        assert!(turns.of(id(0)).now_or_never().is_none(), "it is held, however many came since");
        assert!(turns.0.lock().unwrap().len() <= MANY);
        drop(held);
        assert!(turns.of(id(0)).now_or_never().is_some());
    }
}
