//! Turns at what is all work for a processor: a few at a time, and one for each user.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;

use crate::accounts::id::UserId;
use crate::http::problem::{Problem, What};

/// How many are advised at a time.
const AT_A_TIME: usize = 2;
/// How long somebody waits for a turn before they are told to come again.
const WAIT: Duration = Duration::from_secs(5);

/// Turns at the drawing of futures: a few at a time, and one for each user.
#[derive(Debug)]
pub(crate) struct Turns {
    all: Arc<Semaphore>,
    users: Arc<Mutex<BTreeSet<UserId>>>,
    wait: Duration,
}

/// The turn of one user; dropped, it is over.
struct Turn(Arc<Mutex<BTreeSet<UserId>>>, UserId);

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.1);
    }
}

impl Default for Turns {
    fn default() -> Turns {
        Turns { all: Arc::new(Semaphore::new(AT_A_TIME)), users: Arc::default(), wait: WAIT }
    }
}

impl Turns {
    /// Does this work where it holds up nobody else, when its turn comes. The turn lasts as long as the work, also where nobody waits for its answer any more.
    pub(crate) async fn take<T: Send + 'static>(&self, user: UserId, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Problem> {
        if !self.users.lock().unwrap_or_else(PoisonError::into_inner).insert(user) {
            return Err(Problem::new(What::TooMany, "you are being advised already: one thing at a time").after(1));
        }
        let mine = Turn(Arc::clone(&self.users), user);
        let Ok(Ok(slot)) = tokio::time::timeout(self.wait, Arc::clone(&self.all).acquire_owned()).await else {
            return Err(Problem::new(What::Busy, "as many are being advised as the daemon advises at a time").after(2));
        };
        let done = tokio::task::spawn_blocking(move || {
            let done = work();
            drop((slot, mine));
            done
        });
        done.await.map_err(Problem::failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::response::IntoResponse;

    #[tokio::test]
    async fn so_many_are_advised_at_a_time_and_nobody_twice() {
        let turns = Turns { wait: Duration::ZERO, ..Turns::default() };
        let user = |number| UserId::from_bytes([number; 8]);
        let slots = turns.all.clone().try_acquire_many_owned(2).expect("nobody has one");
        let told = turns.take(user(1), || ()).await.expect_err("there is none left");
        assert_eq!(told.what(), What::Busy);
        assert!(told.into_response().headers().contains_key("retry-after"));
        drop(slots);
        let users = Arc::clone(&turns.users);
        users.lock().expect("nobody panicked").insert(user(2));
        assert_eq!(turns.take(user(2), || ()).await.map_err(|told| told.what()), Err(What::TooMany));
        assert_eq!(turns.take(user(1), || 7).await.ok(), Some(7), "who was turned away may come again");
        assert_eq!(turns.all.available_permits(), AT_A_TIME);
    }
}
