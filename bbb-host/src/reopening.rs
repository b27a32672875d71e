//! A database that is opened again after a failure.
//!
//! Once a write failed, because the disk is full or gone, redb does nothing more with a database, not even read, until it is closed and opened. So whoever uses it next does
//! that: what is there can be read as soon as the disk can, and written once there is room, without a restart of the process.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use redb::Database;

type Open = dyn Fn() -> Result<Database, redb::Error> + Send + Sync;

/// The database.
pub(crate) struct Reopening {
    open: Box<Open>,
    state: Mutex<State>,
}

enum State {
    Open(Arc<Database>),
    /// Something failed in it. Its file can be opened once nobody uses it any more.
    Failed(Weak<Database>),
}

impl Reopening {
    /// Opens it, now and after each failure.
    ///
    /// # Errors
    /// Those of `open`.
    pub(crate) fn new(open: impl Fn() -> Result<Database, redb::Error> + Send + Sync + 'static) -> Result<Reopening, redb::Error> {
        let database = Arc::new(open()?);
        Ok(Reopening { open: Box::new(open), state: Mutex::new(State::Open(database)) })
    }

    /// Does something with it. `is_failure` says of an error of that whether the database is to be opened again before anything else.
    ///
    /// # Errors
    /// Those of opening it again.
    pub(crate) fn with<T, E>(
        &self,
        how: impl FnOnce(&Database) -> Result<T, E>,
        is_failure: impl FnOnce(&E) -> bool,
    ) -> Result<Result<T, E>, redb::Error> {
        let database = self.database()?;
        let done = how(&database);
        if done.as_ref().is_err_and(is_failure) {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            // Unless it was opened again meanwhile.
            if matches!(&*state, State::Open(now) if Arc::ptr_eq(now, &database)) {
                *state = State::Failed(Arc::downgrade(&database));
            }
        }
        Ok(done)
    }

    fn database(&self) -> Result<Arc<Database>, redb::Error> {
        // A panic elsewhere leaves the state as it was: it is changed whole.
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match &*state {
            State::Open(database) => return Ok(Arc::clone(database)),
            State::Failed(before) if before.strong_count() > 0 => {
                return Err(redb::Error::Io(std::io::Error::other("the database is about to be opened again after a failure")));
            }
            State::Failed(_) => {}
        }
        let database = Arc::new((self.open)()?);
        *state = State::Open(Arc::clone(&database));
        Ok(database)
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::atomic::{AtomicBool, Ordering};

    use redb::backends::InMemoryBackend;
    use redb::{ReadableDatabase, StorageBackend, TableDefinition};

    use super::*;

    const NUMBERS: TableDefinition<'_, u8, u8> = TableDefinition::new("numbers");

    /// A disk that can be full.
    #[derive(Debug, Clone, Default)]
    struct Disk {
        bytes: Arc<InMemoryBackend>,
        full: Arc<AtomicBool>,
    }

    impl Disk {
        fn room(&self) -> io::Result<()> {
            if self.full.load(Ordering::SeqCst) { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
        }
    }

    impl StorageBackend for Disk {
        fn len(&self) -> io::Result<u64> {
            self.bytes.len()
        }

        fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
            self.bytes.read(offset, out)
        }

        fn set_len(&self, len: u64) -> io::Result<()> {
            self.room()?;
            self.bytes.set_len(len)
        }

        fn sync_data(&self) -> io::Result<()> {
            self.bytes.sync_data()
        }

        fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
            self.room()?;
            self.bytes.write(offset, data)
        }
    }

    fn write(numbers: &Reopening, number: u8) -> Result<(), redb::Error> {
        let how = |database: &Database| {
            let writing = database.begin_write()?;
            writing.open_table(NUMBERS)?.insert(number, number)?;
            Ok(writing.commit()?)
        };
        numbers.with(how, |_| true)?
    }

    fn read(numbers: &Reopening, number: u8) -> Result<bool, redb::Error> {
        numbers.with(|database| Ok(database.begin_read()?.open_table(NUMBERS)?.get(number)?.is_some()), |_| true)?
    }

    #[test]
    fn what_was_written_before_a_failure_is_there_after_it_and_more_can_be_written() {
        let disk = Disk::default();
        let numbers = Reopening::new({
            let disk = disk.clone();
            move || Ok(Database::builder().create_with_backend(disk.clone())?)
        });
        let numbers = numbers.unwrap();
        write(&numbers, 1).unwrap();
        disk.full.store(true, Ordering::SeqCst);
        assert!(write(&numbers, 2).is_err() && write(&numbers, 3).is_err());
        disk.full.store(false, Ordering::SeqCst);
        assert!(read(&numbers, 1).unwrap() && !read(&numbers, 2).unwrap());
        write(&numbers, 4).unwrap();
        assert!(read(&numbers, 4).unwrap());
    }

    #[test]
    fn it_is_not_opened_twice_at_a_time() {
        let disk = Disk::default();
        let numbers = Reopening::new(move || Ok(Database::builder().create_with_backend(disk.clone())?)).unwrap();
        let fail = || numbers.with(|_| Err::<(), _>(redb::Error::PreviousIo), |_| true).unwrap();
        let seen = numbers.with(|_| Ok::<_, ()>((fail().is_err(), read(&numbers, 1).is_err())), |()| false);
        assert_eq!(seen.unwrap(), Ok((true, true)), "while somebody uses it, it is not opened again");
        write(&numbers, 1).unwrap();
    }
}
