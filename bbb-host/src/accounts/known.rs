//! What was read lately and still holds: who a token names, which role somebody has, whose a business is. Every request asks these, and hardly anything changes them.
//!
//! An answer holds until anything at all is written to the database: then its version is another one, and what was read before is forgotten. So nobody goes on with a session that was
//! ended, or with a role that was taken away, once whoever did so has an answer.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{PoisonError, RwLock};

use crate::accounts::Error;
use crate::accounts::db::Db;

/// The most answers of a kind; when there is one more, all are read anew.
const MAX_ANSWERS: usize = 16_384;

/// Answers of one kind, by what was asked.
pub(super) struct Known<K, V>(RwLock<Answers<K, V>>);

struct Answers<K, V> {
    version: u64,
    by_key: HashMap<K, V>,
}

impl<K, V> Default for Known<K, V> {
    fn default() -> Self {
        Known(RwLock::new(Answers { version: 0, by_key: HashMap::new() }))
    }
}

impl<K: Eq + Hash, V: Clone> Known<K, V> {
    /// What is known, else what `read` finds, which is known from then on. Errors are not.
    pub(super) fn get(&self, db: &Db, key: K, read: impl FnOnce() -> Result<V, Error>) -> Result<V, Error> {
        // Taken before anything is read: what is written meanwhile makes a later version.
        let version = db.version();
        {
            let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
            if known.version == version
                && let Some(answer) = known.by_key.get(&key)
            {
                return Ok(answer.clone());
            }
        }
        let answer = read()?;
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if known.version < version || known.by_key.len() >= MAX_ANSWERS {
            known.version = known.version.max(version);
            known.by_key.clear();
        }
        if known.version == version {
            known.by_key.insert(key, answer.clone());
        }
        Ok(answer)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[tokio::test]
    async fn an_answer_holds_until_something_is_written() {
        let place = tempfile::tempdir().unwrap();
        let db = Db::open(&place.path().join("a.redb")).unwrap();
        let (known, reads) = (Known::default(), Cell::new(0));
        let ask = |key: u8| {
            let read = || {
                reads.set(reads.get() + 1);
                Ok(reads.get())
            };
            known.get(&db, key, read).unwrap()
        };
        assert_eq!((ask(1), ask(1), ask(2), ask(1)), (1, 1, 2, 1));
        assert_eq!(db.write(|_| Err::<(), _>(Error::NotFound)).await, Err(Error::NotFound));
        assert_eq!(ask(1), 1, "what failed has written nothing");
        db.write(|_| Ok(())).await.unwrap();
        assert_eq!((ask(1), ask(1), ask(2)), (3, 3, 4));
        assert_eq!(known.get(&db, 3, || Err(Error::Wrong)), Err(Error::Wrong));
        assert_eq!(known.get(&db, 3, || Ok(9)), Ok(9), "an error is no answer");
    }

    #[tokio::test]
    async fn what_was_read_before_a_write_is_not_known_after_it() {
        let place = tempfile::tempdir().unwrap();
        let db = Db::open(&place.path().join("a.redb")).unwrap();
        let known = Known::default();
        // Written while it is being read.
        let read = || {
            db.written();
            Ok("before")
        };
        assert_eq!(known.get(&db, 1, read), Ok("before"));
        assert_eq!(known.get(&db, 1, || Ok("after")), Ok("after"));
    }
}
