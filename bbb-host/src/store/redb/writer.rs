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
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use super::database::{Place, failure, persist};
use super::index::Change;
use super::layout::{self, BATCHES, Batcher, Row, Run, SIGNALS, SNAPSHOTS, SignalId};
use super::{OpenError, Options, Shared};

/// The most commands that one transaction carries out.
const MAX_GROUP_COMMANDS: usize = 1024;
/// The payload bytes after which a group takes no further command.
const MAX_GROUP_BYTES: usize = 8 * 1024 * 1024;

/// How often a group that is smaller than the one before yields the processor before it is committed.
const MAX_TURNS: usize = 32;

/// What the writer is asked to do, and where the answer goes.
#[derive(Debug)]
pub(super) enum Command {
    Acquire(BusinessId, oneshot::Sender<Result<(Epoch, Head), Error>>),
    Append(Append, oneshot::Sender<Result<Head, Error>>),
    SaveSnapshot(BusinessId, Snapshot, oneshot::Sender<Result<(), Error>>),
    Settle(oneshot::Sender<Result<(), Error>>),
}

/// A command in the queue; the permit bounds the queue.
#[derive(Debug)]
pub(super) struct Queued {
    pub(super) command: Command,
    pub(super) _permit: OwnedSemaphorePermit,
}

impl Command {
    fn bytes(&self) -> usize {
        match self {
            Command::Append(append, _) => append.records.iter().map(|record| record.len_bytes()).sum(),
            Command::SaveSnapshot(_, snapshot, _) => snapshot.bytes.len(),
            Command::Acquire(..) | Command::Settle(_) => 0,
        }
    }

    fn refuse(self, error: Error) {
        // A caller that no longer waits needs no answer, here and below.
        match self {
            Command::Acquire(_, answer) => drop(answer.send(Err(error))),
            Command::Append(_, answer) => drop(answer.send(Err(error))),
            Command::SaveSnapshot(_, _, answer) | Command::Settle(answer) => drop(answer.send(Err(error))),
        }
    }

    fn answer(self, reply: Reply) {
        match (self, reply) {
            (Command::Acquire(_, answer), Reply::Lease(result)) => drop(answer.send(result)),
            (Command::Append(_, answer), Reply::Head(result)) => drop(answer.send(result)),
            (Command::SaveSnapshot(_, _, answer) | Command::Settle(answer), Reply::Done) => drop(answer.send(Ok(()))),
            (command, _) => command.refuse(Error::Closed),
        }
    }
}

/// What is answered once the group is committed.
enum Reply {
    Lease(Result<(Epoch, Head), Error>),
    Head(Result<Head, Error>),
    Done,
}

/// What a group changes, until it is committed.
#[derive(Default)]
struct Staged {
    changes: BTreeMap<BusinessId, Change>,
    signals: BTreeSet<SignalId>,
    /// Whether a snapshot was written.
    snapshots: bool,
}

pub(super) struct Writer {
    pub(super) shared: Arc<Shared>,
    pub(super) place: Place,
    pub(super) options: Options,
    /// Whether the last commit was one that a restart after a kill would have to repair, or the derived tables lag behind.
    pub(super) unsettled: bool,
}

impl Writer {
    /// Serves the queue until nobody can send to it any more, then closes the database.
    pub(super) fn run(mut self, queue: &Receiver<Queued>) {
        let mut before = 0;
        while let Some(first) = self.next(queue) {
            let group = gather(queue, first, before);
            before = group.len();
            self.commit(group);
        }
        if self.unsettled {
            self.commit(Vec::new());
        }
        self.shared.close();
    }

    /// Waits for a command, and meanwhile, once it has been quiet, settles.
    fn next(&mut self, queue: &Receiver<Queued>) -> Option<Queued> {
        if let (true, Some(quiet)) = (self.unsettled, self.options.quiet_after) {
            match queue.recv_timeout(quiet.max(Duration::from_millis(1))) {
                Ok(queued) => return Some(queued),
                Err(RecvTimeoutError::Disconnected) => return None,
                Err(RecvTimeoutError::Timeout) => self.commit(Vec::new()),
            }
        }
        queue.recv().ok()
    }

    /// Carries out a group in one transaction, and answers. An empty group settles.
    fn commit(&mut self, group: Vec<Queued>) {
        let mut staged = Staged::default();
        let shared = Arc::clone(&self.shared);
        let result = shared.with_database(|database| self.attempt(database, &group, &mut staged));
        match result {
            Ok(replies) => group.into_iter().zip(replies).for_each(|(queued, reply)| queued.command.answer(reply)),
            Err(error) => {
                group.into_iter().for_each(|queued| queued.command.refuse(error.clone()));
                if shared.check().is_ok() {
                    self.recover(&staged, &error);
                }
            }
        }
    }

    fn attempt(&mut self, database: &Database, group: &[Queued], staged: &mut Staged) -> Result<Vec<Reply>, Error> {
        let settle = group.is_empty() || group.iter().any(|queued| matches!(queued.command, Command::Settle(_)));
        let mut transaction = database.begin_write().map_err(failure)?;
        let mut batcher = Batcher::new(self.shared.index().next_batch);
        let replies =
            group.iter().map(|queued| self.stage(&transaction, &queued.command, &mut batcher, staged)).collect::<Result<_, _>>()?;
        let (rows, next_batch) = batcher.finish();
        if !settle && rows.is_empty() && !staged.snapshots {
            transaction.abort().map_err(failure)?;
            return Ok(replies);
        }
        write(&transaction, &rows, &staged.signals)?;
        let persists = self.finish(&mut transaction, staged, next_batch, settle, rows.is_empty())?;
        transaction.commit().map_err(failure)?;
        self.unsettled = !settle;
        self.publish(staged, next_batch, persists);
        Ok(replies)
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
        let runs = index.pending_runs() + staged.changes.values().map(|change| change.runs.len()).sum::<usize>();
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
    fn stage(&self, transaction: &WriteTransaction, command: &Command, batcher: &mut Batcher, staged: &mut Staged) -> Result<Reply, Error> {
        let row = |business| staged.changes.get(business).map(|change| change.row).or_else(|| self.shared.index().row(*business));
        match command {
            Command::Acquire(business, _) => {
                let row = row(business).unwrap_or(Row::EMPTY);
                let epoch = row.epoch + 1;
                batcher.lease(*business, epoch);
                staged.change(*business, Row { epoch, ..row });
                Ok(Reply::Lease(Ok((Epoch(epoch), row.head))))
            }
            Command::Append(append, _) => {
                let row = row(&append.business).unwrap_or(Row::EMPTY);
                match admit(transaction, append, &row, &staged.signals)? {
                    Err(refusal) => Ok(Reply::Head(Err(refusal))),
                    Ok((head, signals)) => {
                        let row = Row { epoch: row.epoch, head, wake_at: append.wake_at, ended: append.ended };
                        batcher.append(append, &signals, staged.change(append.business, row));
                        staged.signals.extend(signals);
                        Ok(Reply::Head(Ok(head)))
                    }
                }
            }
            Command::SaveSnapshot(business, snapshot, _) => {
                if row(business).is_some() {
                    let mut table = transaction.open_table(SNAPSHOTS).map_err(failure)?;
                    table.insert(&business.bytes(), layout::snapshot_to_bytes(snapshot).as_slice()).map_err(failure)?;
                    staged.snapshots = true;
                }
                Ok(Reply::Done)
            }
            Command::Settle(_) => Ok(Reply::Done),
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
            match index.same_rows(&BTreeMap::new(), found) || index.same_rows(&staged.changes, found) {
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

/// Takes what is queued, up to the bounds of a group. Who was answered in the group before is likely to be about to ask again, so where fewer came than then,
/// they are given a few turns of the processor: that costs far less than a sync for the first of them alone.
fn gather(queue: &Receiver<Queued>, first: Queued, before: usize) -> Vec<Queued> {
    let mut bytes = first.command.bytes();
    let mut group = vec![first];
    let mut turns = 0;
    while group.len() < MAX_GROUP_COMMANDS && bytes < MAX_GROUP_BYTES {
        match queue.try_recv() {
            Ok(queued) => {
                bytes += queued.command.bytes();
                group.push(queued);
            }
            Err(TryRecvError::Empty) if group.len() < before && turns < MAX_TURNS => {
                turns += 1;
                std::thread::yield_now();
            }
            Err(_) => break,
        }
    }
    group
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
    row: &Row,
    staged: &BTreeSet<SignalId>,
) -> Result<Result<Admitted, Error>, Error> {
    if row.epoch != append.epoch.0 || row.epoch == 0 {
        return Ok(Err(Error::LeaseLost { business: append.business, held: append.epoch.0, newest: row.epoch }));
    }
    let head = match append.check(&row.head) {
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

fn write(transaction: &WriteTransaction, rows: &[(u64, Vec<u8>)], signals: &BTreeSet<SignalId>) -> Result<(), Error> {
    if !rows.is_empty() {
        let mut batches = transaction.open_table(BATCHES).map_err(failure)?;
        for (number, bytes) in rows {
            batches.insert(number, bytes.as_slice()).map_err(failure)?;
        }
    }
    if !signals.is_empty() {
        let mut table = transaction.open_table(SIGNALS).map_err(failure)?;
        for id in signals {
            table.insert(id, ()).map_err(failure)?;
        }
    }
    Ok(())
}
