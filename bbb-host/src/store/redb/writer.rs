//! The one writer: a thread that commits what all businesses append, in groups.
//!
//! One group is one transaction and one sync. Nobody is answered before it, not even who is refused: a refusal may rest on something in the same group, which
//! is not true unless the group is committed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError};
use std::time::Duration;

use bbb_core::id::BusinessId;
use bbb_core::journal::chain::Head;
use bbb_core::journal::store::{Append, Epoch, Error, Snapshot};
use redb::{Database, Durability, ReadableTable, WriteTransaction};
use tokio::sync::Semaphore;

use super::answer::{Answer, Wakers};
use super::database::{Place, failure, persist};
use super::index::{ByBusiness, Change};
use super::layout::{self, BATCHES, Batcher, Row, Run, SIGNALS, SNAPSHOTS, SignalId};
use super::{OpenError, Options, Shared};

/// The most commands that one transaction carries out.
const MAX_GROUP_COMMANDS: usize = 1024;
/// The payload bytes after which a group takes no further command.
const MAX_GROUP_BYTES: usize = 8 * 1024 * 1024;

/// How often it is looked whether a further command has come before the group is taken to be whole, each after a moment of spinning: who sends many is about
/// as fast as they are staged.
const MAX_LOOKS: usize = 4;
/// Spins between two looks, together less than a microsecond.
const SPINS: usize = 32;
/// How often a group that is smaller than the one before also yields the processor, in a row.
const MAX_TURNS: usize = 32;

/// What the writer is asked to do, and where the answer goes.
#[derive(Debug)]
pub(super) enum Command {
    Acquire(BusinessId, Answer<(Epoch, Head)>),
    /// With what [`Append::verify`] said.
    Append(Append, Result<Head, Error>, Answer<Head>),
    SaveSnapshot(BusinessId, Snapshot, Answer<()>),
    Settle(Answer<()>),
}

impl Command {
    fn bytes(&self) -> usize {
        match self {
            Command::Append(append, ..) => append.records.iter().map(|record| record.len_bytes()).sum(),
            Command::SaveSnapshot(_, snapshot, _) => snapshot.bytes.len(),
            Command::Acquire(..) | Command::Settle(_) => 0,
        }
    }

    fn refused(self, error: Error) -> Reply {
        match self {
            Command::Acquire(_, answer) => Reply::Lease(answer, Err(error)),
            Command::Append(_, _, answer) => Reply::Head(answer, Err(error)),
            Command::SaveSnapshot(_, _, answer) | Command::Settle(answer) => Reply::Done(answer, Err(error)),
        }
    }
}

/// What is answered once the group is committed.
enum Reply {
    Lease(Answer<(Epoch, Head)>, Result<(Epoch, Head), Error>),
    Head(Answer<Head>, Result<Head, Error>),
    Done(Answer<()>, Result<(), Error>),
}

impl Reply {
    fn give(self, failed: Option<&Error>, wakers: &mut Wakers) {
        fn one<T>(answer: Answer<T>, result: Result<T, Error>, failed: Option<&Error>, wakers: &mut Wakers) {
            answer.give(failed.map_or(result, |error| Err(error.clone())), wakers);
        }
        match self {
            Reply::Lease(answer, result) => one(answer, result, failed, wakers),
            Reply::Head(answer, result) => one(answer, result, failed, wakers),
            Reply::Done(answer, result) => one(answer, result, failed, wakers),
        }
    }
}

/// What a group changes, and what is answered, until it is committed.
#[derive(Default)]
struct Staged {
    changes: ByBusiness<Change>,
    signals: BTreeSet<SignalId>,
    replies: Vec<Reply>,
    /// How many runs the changes have.
    runs: usize,
    /// Whether a snapshot was written.
    snapshots: bool,
    /// Whether it was asked for to settle.
    settles: bool,
}

pub(super) struct Writer {
    pub(super) shared: Arc<Shared>,
    /// Bounds the queue. Who sent a command left a permit behind, which is given back once the command is carried out.
    pub(super) admission: Arc<Semaphore>,
    pub(super) place: Place,
    pub(super) options: Options,
    /// Whether the last commit was one that a restart after a kill would have to repair, or the derived tables lag behind.
    pub(super) unsettled: bool,
}

impl Drop for Writer {
    fn drop(&mut self) {
        // Nobody gives permits back any more.
        self.admission.close();
    }
}

impl Writer {
    /// Serves the queue until nobody can send to it any more, then closes the database.
    pub(super) fn run(mut self, queue: &Receiver<Command>) {
        let mut before = 0;
        while let Some(first) = self.next(queue) {
            let mut arrivals = Arrivals { queue: Some(queue), first: Some(first), before, count: 0, bytes: 0 };
            self.commit(&mut arrivals);
            before = arrivals.count;
        }
        if self.unsettled {
            self.commit(&mut Arrivals::default());
        }
        self.shared.close();
    }

    /// Waits for a command, and meanwhile, once it has been quiet, settles.
    fn next(&mut self, queue: &Receiver<Command>) -> Option<Command> {
        if let (true, Some(quiet)) = (self.unsettled, self.options.quiet_after) {
            match queue.recv_timeout(quiet.max(Duration::from_millis(1))) {
                Ok(command) => return Some(command),
                Err(RecvTimeoutError::Disconnected) => return None,
                Err(RecvTimeoutError::Timeout) => self.commit(&mut Arrivals::default()),
            }
        }
        queue.recv().ok()
    }

    /// Carries out a group in one transaction, and answers. An empty group settles.
    fn commit(&mut self, arrivals: &mut Arrivals<'_>) {
        let mut staged = Staged::default();
        staged.changes.reserve(arrivals.before);
        staged.replies.reserve(arrivals.before);
        let shared = Arc::clone(&self.shared);
        let failed = shared.with_database(|database| self.attempt(database, arrivals, &mut staged)).err();
        // Where it failed before anything was looked at, one is told so, and the others in the group after this.
        if let (Some(error), 0) = (&failed, arrivals.count) {
            staged.replies.extend(arrivals.next().map(|first| first.refused(error.clone())));
        }
        self.admission.add_permits(arrivals.count);
        let mut wakers = Wakers::default();
        staged.replies.drain(..).for_each(|reply| reply.give(failed.as_ref(), &mut wakers));
        wakers.wake();
        if let (Some(error), Ok(())) = (failed, shared.check()) {
            self.recover(&staged, &error);
        }
    }

    fn attempt(&mut self, database: &Database, arrivals: &mut Arrivals<'_>, staged: &mut Staged) -> Result<(), Error> {
        let mut transaction = database.begin_write().map_err(failure)?;
        let first_batch = self.shared.index().next_batch;
        let next_batch = self.fill(&transaction, first_batch, arrivals, staged)?;
        let settle = staged.settles || arrivals.count == 0;
        let idle = next_batch == first_batch;
        if idle && !settle && !staged.snapshots {
            return transaction.abort().map_err(failure);
        }
        let persists = self.finish(&mut transaction, staged, next_batch, settle, idle)?;
        transaction.commit().map_err(failure)?;
        self.unsettled = !settle;
        self.publish(staged, next_batch, persists);
        Ok(())
    }

    /// Stages commands while they arrive, so that who sends many and the writer work at the same time. Returns the number of the next batch row.
    fn fill(
        &self,
        transaction: &WriteTransaction,
        first_batch: u64,
        arrivals: &mut Arrivals<'_>,
        staged: &mut Staged,
    ) -> Result<u64, Error> {
        let mut batches = transaction.open_table(BATCHES).map_err(failure)?;
        let mut batcher = Batcher::new(first_batch, |number, row: &[u8]| batches.insert(number, row).map(drop).map_err(failure));
        while let Some(command) = arrivals.next() {
            self.stage(transaction, command, &mut batcher, staged)?;
        }
        let next_batch = batcher.finish()?;
        if !staged.signals.is_empty() {
            let mut table = transaction.open_table(SIGNALS).map_err(failure)?;
            for id in &staged.signals {
                table.insert(id, ()).map_err(failure)?;
            }
        }
        Ok(next_batch)
    }

    /// Decides what kind of commit this is, and adds the derived rows where it is time to. Returns whether it did.
    fn finish(
        &self,
        transaction: &mut WriteTransaction,
        staged: &Staged,
        next_batch: u64,
        settle: bool,
        idle: bool,
    ) -> Result<bool, Error> {
        let index = self.shared.index();
        let runs = index.pending_runs() + staged.runs;
        let persists = runs >= self.options.index_after_runs || (settle && (index.is_ahead() || !staged.changes.is_empty()));
        let mut pending = if persists { index.pending() } else { BTreeMap::new() };
        drop(index);
        if persists {
            staged.merge_into(&mut pending);
            persist(transaction, &pending, next_batch)?;
        }
        if settle {
            transaction.set_quick_repair(true);
        } else if idle && !persists {
            // Only snapshots: losing them is harmless, and the next commit makes them durable.
            transaction.set_durability(Durability::None).map_err(|error| Error::Io(error.to_string()))?;
        }
        Ok(persists)
    }

    /// Shows readers what is committed.
    fn publish(&self, staged: &mut Staged, next_batch: u64, persisted: bool) {
        let mut index = self.shared.index();
        for (business, change) in &staged.changes {
            index.apply(*business, change.row, &change.runs);
        }
        index.next_batch = next_batch;
        if persisted {
            index.persisted();
        }
    }

    /// Decides one command against the index and what the group has staged before it. `Err` fails the whole group.
    fn stage(
        &self,
        transaction: &WriteTransaction,
        command: Command,
        batcher: &mut Batcher<impl FnMut(u64, &[u8]) -> Result<(), Error>>,
        staged: &mut Staged,
    ) -> Result<(), Error> {
        let row = |business| staged.changes.get(business).map(|change| change.row).or_else(|| self.shared.index().row(*business));
        match command {
            Command::Acquire(business, answer) => {
                let row = row(&business).unwrap_or(Row::EMPTY);
                let epoch = row.epoch + 1;
                staged.replies.push(Reply::Lease(answer, Ok((Epoch(epoch), row.head))));
                staged.change(business, Row { epoch, ..row });
                batcher.lease(business, epoch)
            }
            Command::Append(append, verified, answer) => {
                let row = row(&append.business).unwrap_or(Row::EMPTY);
                let (head, signals) = match admit(transaction, &append, verified, &row, &staged.signals) {
                    Ok(Ok(admitted)) => admitted,
                    Ok(Err(refusal)) => {
                        staged.replies.push(Reply::Head(answer, Err(refusal)));
                        return Ok(());
                    }
                    Err(error) => {
                        staged.replies.push(Reply::Head(answer, Err(error.clone())));
                        return Err(error);
                    }
                };
                staged.replies.push(Reply::Head(answer, Ok(head)));
                let row = Row { epoch: row.epoch, head, wake_at: append.wake_at, ended: append.ended };
                let runs = staged.change(append.business, row);
                let before = runs.len();
                batcher.append(&append, &signals, runs)?;
                staged.runs += runs.len() - before;
                staged.signals.extend(signals);
                Ok(())
            }
            Command::SaveSnapshot(business, snapshot, answer) => {
                let known = row(&business).is_some();
                staged.replies.push(Reply::Done(answer, Ok(())));
                if known {
                    let mut table = transaction.open_table(SNAPSHOTS).map_err(failure)?;
                    table.insert(&business.bytes(), layout::snapshot_to_bytes(&snapshot).as_slice()).map_err(failure)?;
                    staged.snapshots = true;
                }
                Ok(())
            }
            Command::Settle(answer) => {
                staged.replies.push(Reply::Done(answer, Ok(())));
                staged.settles = true;
                Ok(())
            }
        }
    }

    /// After a failure: opens the database again, and goes on only where it holds exactly what was acknowledged, or that and the whole failed group.
    fn recover(&mut self, staged: &Staged, cause: &Error) {
        let reopen = || {
            self.place.reopen(self.options.cache_bytes).map_err(|error| match error {
                OpenError::Corrupted { .. } => Error::Corrupted(error.to_string()),
                other => Error::Io(other.to_string()),
            })
        };
        let outcome = self.shared.replace_database(reopen, |index, found| {
            match index.same_rows(&ByBusiness::default(), found) || index.same_rows(&staged.changes, found) {
                true => Ok(()),
                false => Err(Error::Corrupted(format!("after a failure ({cause}) the database does not hold what was committed"))),
            }
        });
        self.unsettled = true;
        if let Err(error) = outcome {
            self.shared.fail(error);
        }
    }
}

/// The commands of a group, as they come.
#[derive(Default)]
struct Arrivals<'a> {
    queue: Option<&'a Receiver<Command>>,
    first: Option<Command>,
    /// How many the group before had.
    before: usize,
    count: usize,
    bytes: usize,
}

impl Arrivals<'_> {
    /// The next command, until the group is full or nobody sends any. Who was answered in the group before is likely to be about to ask again, so where fewer
    /// came than then, they are given some turns of the processor: that costs far less than a sync for the first of them alone.
    fn next(&mut self) -> Option<Command> {
        let command = match self.first.take() {
            Some(first) => first,
            None if self.count < MAX_GROUP_COMMANDS && self.bytes < MAX_GROUP_BYTES => self.wait()?,
            None => return None,
        };
        self.count += 1;
        self.bytes += command.bytes();
        Some(command)
    }

    fn wait(&self) -> Option<Command> {
        let queue = self.queue?;
        let turns = if self.count < self.before { MAX_TURNS } else { 0 };
        for turn in 0..MAX_LOOKS + turns {
            match queue.try_recv() {
                Ok(command) => return Some(command),
                Err(TryRecvError::Empty) if turn < MAX_LOOKS => (0..SPINS).for_each(|_| std::hint::spin_loop()),
                Err(TryRecvError::Empty) => std::thread::yield_now(),
                Err(TryRecvError::Disconnected) => return None,
            }
        }
        queue.try_recv().ok()
    }
}

impl Staged {
    /// Puts a row in place of what was known of a business, and returns its runs, to be added to.
    fn change(&mut self, business: BusinessId, row: Row) -> &mut Vec<Run> {
        let change = self.changes.entry(business).or_insert(Change { row, runs: Vec::new() });
        change.row = row;
        &mut change.runs
    }

    /// Adds what the group changes to what the derived tables lack.
    fn merge_into(&self, pending: &mut BTreeMap<BusinessId, Change>) {
        for (business, change) in &self.changes {
            let merged = pending.entry(*business).or_insert(Change { row: change.row, runs: Vec::new() });
            merged.row = change.row;
            merged.runs.extend_from_slice(&change.runs);
        }
    }
}

type Admitted = (Head, Vec<SignalId>);

/// Checks an append; the inner error is a refusal of this append only.
fn admit(
    transaction: &WriteTransaction,
    append: &Append,
    verified: Result<Head, Error>,
    row: &Row,
    staged: &BTreeSet<SignalId>,
) -> Result<Result<Admitted, Error>, Error> {
    if row.epoch != append.epoch.0 || row.epoch == 0 {
        return Ok(Err(Error::LeaseLost { business: append.business, held: append.epoch.0, newest: row.epoch }));
    }
    let head = match append.fits(&row.head).and(verified) {
        Ok(head) => head,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let mut ids = Vec::with_capacity(append.signals.len());
    if !append.signals.is_empty() {
        let table = transaction.open_table(SIGNALS).map_err(failure)?;
        for key in &append.signals {
            let id = layout::signal_id(append.business, key);
            if ids.contains(&id) || staged.contains(&id) || table.get(&id).map_err(failure)?.is_some() {
                return Ok(Err(Error::DuplicateSignal(key.clone())));
            }
            ids.push(id);
        }
    }
    Ok(Ok((head, ids)))
}
