//! Where the writer leaves an answer for who waits for it.
//!
//! Giving an answer and waking who waits are two steps, so that a whole group is answered before the first of it wakes. A task that waits for many answers then
//! finds all of them, and does not run, sleep and wake again for each.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bbb_core::journal::store::Error;

type Outcome<T> = Result<T, Error>;

#[derive(Debug)]
struct Slot<T> {
    outcome: Option<Outcome<T>>,
    waker: Option<Waker>,
}

/// The writer's side, until it is given. Dropped before, it answers [`Error::Closed`].
#[derive(Debug)]
pub(super) struct Answer<T>(Option<Arc<Mutex<Slot<T>>>>);

/// The waiting side.
#[derive(Debug)]
pub(super) struct Waiting<T>(Arc<Mutex<Slot<T>>>);

/// Who is to be woken.
#[derive(Debug, Default)]
pub(super) struct Wakers(Vec<Waker>);

/// The two sides of one answer.
pub(super) fn answer<T>() -> (Answer<T>, Waiting<T>) {
    let slot = Arc::new(Mutex::new(Slot { outcome: None, waker: None }));
    (Answer(Some(Arc::clone(&slot))), Waiting(slot))
}

/// A panic while the lock is held leaves nothing half done: each holder makes one assignment.
fn lock<T>(slot: &Mutex<Slot<T>>) -> MutexGuard<'_, Slot<T>> {
    slot.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<T> Answer<T> {
    /// Leaves the answer; who waits for it is woken with `wakers`.
    pub(super) fn give(mut self, outcome: Outcome<T>, wakers: &mut Wakers) {
        wakers.0.extend(self.leave(outcome));
    }

    fn leave(&mut self, outcome: Outcome<T>) -> Option<Waker> {
        let slot = self.0.take()?;
        let mut slot = lock(&slot);
        slot.outcome = Some(outcome);
        slot.waker.take()
    }
}

impl<T> Drop for Answer<T> {
    fn drop(&mut self) {
        self.leave(Err(Error::Closed)).into_iter().for_each(Waker::wake);
    }
}

impl Wakers {
    pub(super) fn wake(self) {
        self.0.into_iter().for_each(Waker::wake);
    }
}

impl<T> Future for Waiting<T> {
    type Output = Outcome<T>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Outcome<T>> {
        let mut slot = lock(&self.0);
        if let Some(outcome) = slot.outcome.take() {
            return Poll::Ready(outcome);
        }
        slot.waker = Some(context.waker().clone());
        Poll::Pending
    }
}
