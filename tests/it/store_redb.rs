//! What only the redb store promises: what it finds when opened again, whom it refuses, and what it does when the disk fails.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bbb_core::journal::chain::{Head, verify};
use bbb_core::journal::store::{Append, BoxFuture, Epoch, Error, Snapshot, Store};
use bbb_core::time::Timestamp;
use bbb_host::store::redb::{OpenError, Options, RedbStore};
use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};

use crate::disk::{Disk, Failure};
use crate::support::{Holder, block_on, business, numbers, records, signal};

fn options(index_after_runs: usize) -> Options {
    Options { quiet_after: None, index_after_runs, ..Options::default() }
}

fn open(disk: &Disk, index_after_runs: usize) -> Arc<RedbStore> {
    Arc::new(RedbStore::open_with_backend(disk.clone(), options(index_after_runs)).unwrap())
}

/// As every other part of the program sees a store.
fn any(store: &Arc<RedbStore>) -> Arc<dyn Store> {
    Arc::<RedbStore>::clone(store)
}

#[test]
fn everything_is_found_again_after_closing() {
    for index_after_runs in [1, 5, usize::MAX] {
        let disk = Disk::default();
        let before = block_on(async {
            let store = any(&open(&disk, index_after_runs));
            let mut holder = Holder::of(&store, business(1)).await;
            for size in [1, 20, 300] {
                holder.write(size).await.unwrap();
            }
            holder.receive(&[signal("a")]).await.unwrap();
            holder.rest(Some(50), false).await;
            Holder::of(&store, business(2)).await.rest(Some(40), true).await;
            Holder::of(&store, business(3)).await;
            let snapshot = Snapshot { head: holder.head, fold_version: 3, bytes: b"state".as_slice().into() };
            store.save_snapshot(business(1), snapshot).await.unwrap();
            (store.list().await, store.read(business(1), 0, 1000).await, store.snapshot(business(1)).await)
        });
        block_on(async {
            let store = open(&disk, index_after_runs);
            let after = (store.list().await, store.read(business(1), 0, 1000).await, store.snapshot(business(1)).await);
            assert_eq!(before, after);
            assert_eq!(store.received(business(1), signal("a")).await, Ok(true));
            assert_eq!(store.due(Timestamp::from_ms(60), 9).await.unwrap(), [(Timestamp::from_ms(50), business(1))]);
            assert_eq!(store.acquire(business(1)).await.unwrap().0, Epoch(2));
            assert_eq!(store.acquire(business(3)).await.unwrap(), (Epoch(2), Head::EMPTY), "a lease outlives the process");
        });
    }
}

#[test]
fn what_was_queued_when_the_store_is_dropped_is_still_written() {
    let disk = Disk::default();
    block_on(async {
        let store = open(&disk, usize::MAX);
        let holder = Holder::of(&any(&store), business(1)).await;
        let append = holder.next(1);
        drop(holder);
        let mut pending = store.append(append);
        // The disk stands still meanwhile, so that no answer can come first.
        let held = disk.held();
        poll_once(&mut pending).await;
        // Nobody waits for it any more.
        drop(pending);
        drop(held);
    });
    assert_eq!(block_on(open(&disk, usize::MAX).list()).unwrap()[0].head.sequence, 1);
}

#[test]
fn a_store_that_is_open_is_not_opened_twice() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("journal.redb");
    let first = RedbStore::open(&path, options(1)).unwrap();
    let error = RedbStore::open(&path, options(1)).unwrap_err();
    assert!(matches!(&error, OpenError::AlreadyOpen { place } if *place == path.display().to_string()), "{error}");
    drop(first);
    RedbStore::open(&path, options(1)).expect("closing releases it");
}

#[test]
fn a_store_whose_making_was_cut_short_is_made_anew() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("journal.redb");
    // redb writes its magic number last.
    std::fs::write(directory.path().join("journal.redb.new"), [0; 8192]).unwrap();
    std::fs::write(&path, []).unwrap();
    drop(RedbStore::open(&path, options(1)).unwrap());
    RedbStore::open(&path, options(1)).unwrap();
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
}

fn refused(path: &Path) -> String {
    let before = std::fs::read(path).unwrap_or_default();
    let error = RedbStore::open(path, options(1)).unwrap_err().to_string();
    assert!(error.starts_with(&path.display().to_string()), "{error}");
    assert!(std::fs::read(path).unwrap_or_default() == before, "the file was changed");
    error
}

#[test]
fn files_that_are_not_ours_or_of_another_format_are_refused_by_name() {
    const META: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("meta");
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    std::fs::write(path("text"), "hello, this is no database ".repeat(1000)).unwrap();
    assert!(refused(&path("text")).contains("is not a store of this program"));
    assert!(refused(&path("no/such/directory")).contains("cannot be opened"));
    let database = |name: &str, table: TableDefinition<'_, &str, &[u8]>, format: &[u8]| {
        let database = Database::create(path(name)).unwrap();
        let transaction = database.begin_write().unwrap();
        transaction.open_table(table).unwrap().insert("format", format).unwrap();
        transaction.commit().unwrap();
    };
    database("foreign", TableDefinition::new("other"), b"");
    assert!(refused(&path("foreign")).contains("is a database of something else"));
    database("newer", META, b"bbb-store/2");
    assert!(refused(&path("newer")).ends_with("has format `bbb-store/2`; this build reads `bbb-store/1`"));
}

#[test]
fn a_failed_sync_fails_the_whole_group_and_the_store_goes_on() {
    for (failure, landed) in [(Failure::NextSync, true), (Failure::NextSyncLosesWrites, false)] {
        let disk = Disk::default();
        block_on(async {
            let store = any(&open(&disk, usize::MAX));
            let mut first = Holder::of(&store, business(1)).await;
            let mut second = Holder::of(&store, business(2)).await;
            first.write(3).await.unwrap();
            disk.fail(failure);
            let both = tokio::join!(first.write(1), second.write(1));
            assert!(matches!(both, (Err(Error::Io(_)), _)), "{both:?}");
            // The second may have come into the group of the first, or into the next.
            let (epoch, head) = store.acquire(business(1)).await.unwrap();
            assert_eq!((epoch, head.sequence), (Epoch(2), if landed { 4 } else { 3 }));
            let read = store.read(business(1), 0, 10).await.unwrap();
            assert_eq!(verify(Head::EMPTY, &read), Ok(head));
            Holder::of(&store, business(1)).await.write(1).await.unwrap();
        });
    }
}

/// Queues two appends that come into one group, and returns what they were answered. The second follows the first, and has the same signal.
async fn in_one_group(store: &Arc<dyn Store>, disk: &Disk, failure: Option<Failure>) -> [Result<Head, Error>; 2] {
    let holder = Holder::of(store, business(1)).await;
    let first = Append { signals: vec![signal("a")], ..holder.next(1) };
    let second = Append { expected: head_of(&first), records: records(head_of(&first), 1, "x"), ..first.clone() };
    let (mut lease, mut first, mut second) = (store.acquire(business(2)), store.append(first), store.append(second));
    let mut held = disk.held();
    poll_once(&mut lease).await;
    held.is_wanted();
    poll_once(&mut first).await;
    poll_once(&mut second).await;
    if let Some(failure) = failure {
        held.fail_the_sync_after(failure);
    }
    drop(held);
    lease.await.unwrap();
    [first.await, second.await]
}

/// Polls a call, and so queues it.
async fn poll_once<T>(call: &mut BoxFuture<'_, T>) {
    let ready = std::future::poll_fn(|context| std::task::Poll::Ready(call.as_mut().poll(context).is_ready())).await;
    assert!(!ready, "it was answered before it was queued");
}

#[test]
fn a_group_sees_what_it_holds_itself() {
    let disk = Disk::default();
    block_on(async {
        let store = any(&open(&disk, usize::MAX));
        let [first, second] = in_one_group(&store, &disk, None).await;
        assert_eq!(first.unwrap().sequence, 1);
        assert_eq!(second, Err(Error::DuplicateSignal(signal("a"))), "it fits the head, so the group saw the append before it");
        assert_eq!(numbers(&store.read(business(1), 0, 9).await.unwrap()), [1]);
    });
}

#[test]
fn a_refusal_that_rests_on_a_failed_group_is_not_given() {
    let disk = Disk::default();
    block_on(async {
        let store = any(&open(&disk, usize::MAX));
        let [first, second] = in_one_group(&store, &disk, Some(Failure::NextSyncLosesWrites)).await;
        assert!(matches!(first, Err(Error::Io(_))), "{first:?}");
        assert!(matches!(second, Err(Error::Io(_))), "the signal is not committed, and was said to be received: {second:?}");
        assert!(!store.received(business(1), signal("a")).await.unwrap());
        Holder::of(&store, business(1)).await.receive(&[signal("a")]).await.unwrap();
    });
}

fn head_of(append: &Append) -> Head {
    verify(Head::EMPTY, &append.records).unwrap()
}

#[test]
fn a_disk_that_stays_broken_fails_every_later_call() {
    let disk = Disk::default();
    block_on(async {
        let store = any(&open(&disk, usize::MAX));
        let mut holder = Holder::of(&store, business(1)).await;
        holder.write(1).await.unwrap();
        disk.fail(Failure::AllWrites);
        assert!(matches!(holder.write(1).await, Err(Error::Io(_))));
        // Opening it again fails too: the store stays closed even if the disk comes back.
        assert!(matches!(holder.write(1).await, Err(Error::Io(_))));
        disk.heal();
        assert!(matches!(store.acquire(business(1)).await, Err(Error::Io(_))));
        assert!(matches!(store.read(business(1), 0, 1).await, Err(Error::Io(_))));
        assert!(matches!(store.list().await, Err(Error::Io(_))));
        assert!(matches!(store.due(Timestamp::MAX, 1).await, Err(Error::Io(_))));
    });
    let store = open(&disk, usize::MAX);
    assert!(block_on(store.list()).unwrap()[0].head.sequence >= 1, "what was acknowledged is still there");
}

#[test]
fn a_disk_that_forgets_what_was_acknowledged_is_not_written_any_more() {
    let disk = Disk::default();
    let early = block_on(async {
        let store = any(&open(&disk, usize::MAX));
        Holder::of(&store, business(1)).await.write(1).await.unwrap();
        drop(store);
        disk.bytes()
    });
    for failure in [Failure::Emptied, Failure::NextSync] {
        let disk = Disk::holding(early.clone());
        block_on(async {
            let store = any(&open(&disk, usize::MAX));
            let mut holder = Holder::of(&store, business(1)).await;
            holder.write(1).await.unwrap();
            disk.fail(failure);
            if failure == Failure::NextSync {
                // An old copy of the disk comes back after the failure.
                disk.revert_at_failure(early.clone());
            }
            holder.write(1).await.unwrap_err();
            let error = store.acquire(business(1)).await.unwrap_err();
            assert!(matches!(&error, Error::Corrupted(_)), "{error}");
            assert!(store.read(business(1), 0, 1).await.is_err());
        });
    }
}

#[test]
fn altered_records_are_reported_with_their_place_and_kept() {
    let disk = Disk::default();
    block_on(async {
        let store = any(&open(&disk, 1));
        Holder::of(&store, business(1)).await.write(3).await.unwrap();
        Holder::of(&store, business(2)).await.write(3).await.unwrap();
    });
    let alter = |what: &str| {
        let mut bytes = disk.bytes();
        let places: Vec<_> = (0..bytes.len() - what.len()).filter(|at| bytes[*at..].starts_with(what.as_bytes())).collect();
        places.iter().for_each(|at| bytes[*at] = b'E');
        assert!(!places.is_empty());
        Disk::holding(bytes)
    };
    let altered = alter("entry 2");
    block_on(async {
        let store = open(&altered, 1);
        let error = store.read(business(1), 0, 10).await.unwrap_err();
        let place = format!("{}, event 2: record 2 does not match its hash", business(1));
        assert!(matches!(&error, Error::Corrupted(text) if text.contains(&place)), "{error}");
        assert_eq!(numbers(&store.read(business(1), 0, 1).await.unwrap()), [1], "what is whole can still be read");
    });
}

#[test]
fn closing_leaves_no_batch_to_be_read_at_the_next_opening() {
    const META: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("meta");
    let disk = Disk::default();
    block_on(async { Holder::of(&any(&open(&disk, usize::MAX)), business(1)).await.write(3).await.unwrap() });
    let database = Database::builder().create_with_backend(disk).unwrap();
    let transaction = database.begin_read().unwrap();
    let indexed = transaction.open_table(META).unwrap().get("indexed").unwrap().unwrap().value().to_vec();
    let newest = transaction.open_table(BATCHES).unwrap().last().unwrap().unwrap().0.value();
    assert_eq!(indexed, (newest + 1).to_le_bytes());
}

/// What opening says after `alter` changed the batches that the derived tables do not cover.
fn refused_after(alter: impl FnOnce(&mut redb::Table<'_, u64, &'static [u8]>)) -> String {
    let disk = Disk::default();
    let bytes = block_on(async {
        let store = any(&open(&disk, usize::MAX));
        let mut holder = Holder::of(&store, business(1)).await;
        for _ in 0..3 {
            holder.write(2).await.unwrap();
        }
        // As a kill leaves it: without what closing would add.
        disk.bytes()
    });
    let disk = Disk::holding(bytes);
    let database = Database::builder().create_with_backend(disk.clone()).unwrap();
    let transaction = database.begin_write().unwrap();
    alter(&mut transaction.open_table(BATCHES).unwrap());
    transaction.commit().unwrap();
    drop(database);
    RedbStore::open_with_backend(disk, options(1)).unwrap_err().to_string()
}

const BATCHES: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("batches");

fn row(table: &redb::Table<'_, u64, &'static [u8]>, number: u64) -> Vec<u8> {
    table.get(number).unwrap().unwrap().value().to_vec()
}

#[test]
fn a_batch_that_was_altered_moved_or_taken_away_stops_the_opening_and_is_named() {
    let altered = refused_after(|table| {
        let mut bytes = row(table, 2);
        *bytes.last_mut().unwrap() ^= 1;
        table.insert(2, bytes.as_slice()).unwrap();
    });
    assert_eq!(altered, "<backend> is corrupted: batch 2: its checksum does not match");
    let moved = refused_after(|table| {
        let bytes = row(table, 2);
        table.insert(1, bytes.as_slice()).unwrap();
    });
    assert_eq!(moved, "<backend> is corrupted: batch 1: its checksum does not match");
    let missing = refused_after(|table| drop(table.remove(1).unwrap()));
    assert_eq!(missing, "<backend> is corrupted: batch 2: it stands where batch 1 should");
    let first_missing = refused_after(|table| drop(table.remove(0).unwrap()));
    assert_eq!(first_missing, "<backend> is corrupted: batch 1: it stands where batch 0 should");
    let cut = refused_after(|table| {
        table.insert(3, [1, 2, 3].as_slice()).unwrap();
    });
    assert_eq!(cut, "<backend> is corrupted: batch 3: it is shorter than its checksum");
}

#[test]
fn after_a_quiet_moment_the_store_settles_by_itself() {
    let disk = Disk::default();
    let options = Options { quiet_after: Some(Duration::from_millis(1)), ..options(usize::MAX) };
    let store = RedbStore::open_with_backend(disk.clone(), options).unwrap();
    block_on(async {
        let store: Arc<dyn Store> = Arc::new(store);
        let mut holder = Holder::of(&store, business(1)).await;
        holder.write(1).await.unwrap();
        let written = disk.syncs();
        // Settling takes syncs of its own; nothing else here does.
        while disk.syncs() == written {
            tokio::task::yield_now().await;
        }
    });
}

#[test]
fn settling_leaves_nothing_to_repair() {
    let disk = Disk::default();
    block_on(async {
        let store = open(&disk, usize::MAX);
        let mut holder = Holder::of(&any(&store), business(1)).await;
        holder.write(3).await.unwrap();
        assert!(needs_repair(disk.bytes()));
        store.settle().await.unwrap();
        assert!(!needs_repair(disk.bytes()));
        holder.write(1).await.unwrap();
        assert!(needs_repair(disk.bytes()), "a kill under load pays for repair");
    });
}

/// Whether opening these bytes has to read all of them.
fn needs_repair(bytes: Vec<u8>) -> bool {
    let mut builder = Database::builder();
    builder.set_repair_callback(redb::RepairSession::abort);
    match builder.create_with_backend(Disk::holding(bytes)) {
        Ok(_) => false,
        Err(redb::DatabaseError::RepairAborted) => true,
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn storage_is_linear_in_the_events() {
    let bytes_per_event = |events: usize| {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("journal.redb");
        block_on(async {
            let store = any(&Arc::new(RedbStore::open(&path, options(1_000)).unwrap()));
            let mut holder = Holder::of(&store, business(1)).await;
            for _ in 0..events / 50 {
                holder.write(50).await.unwrap();
            }
        });
        let database = Database::open(&path).unwrap();
        let transaction = database.begin_write().unwrap();
        let stats = transaction.stats().unwrap();
        (stats.stored_bytes() + stats.metadata_bytes() + stats.fragmented_bytes()) as f64 / events as f64
    };
    let sizes = [2_000, 8_000, 32_000].map(bytes_per_event);
    let (least, most) = (sizes.iter().copied().fold(f64::MAX, f64::min), sizes.iter().copied().fold(0.0, f64::max));
    assert!(most < least * 1.1, "bytes per event, at 2,000, 8,000 and 32,000 events: {sizes:?}");
}
