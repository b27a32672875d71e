//! What every store promises, tried on each: in memory, and redb with derived tables that lag far behind, or not at all.

use std::sync::Arc;

use bbb_core::journal::chain::{Hash, Head, verify};
use bbb_core::journal::memory::MemoryStore;
use bbb_core::journal::store::{Append, Epoch, Error, Listed, Snapshot, Store};
use bbb_core::limits::{MAX_APPEND_BYTES, MAX_EVENT_BYTES, MAX_EVENTS_PER_APPEND};
use bbb_core::time::Timestamp;
use bbb_host::store::redb::{Options, RedbStore};
use redb::backends::InMemoryBackend;

use crate::support::{Holder, block_on, business, numbers, records, signal};

fn redb_store(index_after_runs: usize) -> Arc<dyn Store> {
    let options = Options { quiet_after: None, index_after_runs, ..Options::default() };
    Arc::new(RedbStore::open_with_backend(InMemoryBackend::new(), options).unwrap())
}

fn stores() -> [(&'static str, Arc<dyn Store>); 4] {
    [
        ("memory", Arc::new(MemoryStore::new())),
        ("redb, index in memory", redb_store(usize::MAX)),
        ("redb, index on disk", redb_store(1)),
        ("redb, index in both", redb_store(7)),
    ]
}

/// Runs a check on every store.
fn check(promise: impl AsyncFn(&Arc<dyn Store>)) {
    for (name, store) in stores() {
        // Shown only where the check fails.
        println!("store: {name}");
        block_on(promise(&store));
    }
}

#[test]
fn every_acquire_is_a_newer_lease_and_tells_the_head() {
    check(async |store| {
        let mut first = Holder::of(store, business(1)).await;
        assert_eq!((first.epoch, first.head), (Epoch(1), Head::EMPTY));
        let head = first.write(3).await.unwrap();
        assert_eq!(store.acquire(business(1)).await, Ok((Epoch(2), head)));
        assert_eq!(store.acquire(business(2)).await, Ok((Epoch(1), Head::EMPTY)));
    });
}

#[test]
fn a_lease_that_was_taken_over_writes_nothing() {
    check(async |store| {
        let mut old = Holder::of(store, business(1)).await;
        old.write(1).await.unwrap();
        let mut new = Holder::of(store, business(1)).await;
        let lost = Error::LeaseLost { business: business(1), held: 1, newest: 2 };
        assert_eq!(old.write(1).await, Err(lost));
        assert_eq!(new.write(1).await.unwrap().sequence, 2);
        assert_eq!(numbers(&store.read(business(1), 0, 10).await.unwrap()), [1, 2]);
    });
}

#[test]
fn nobody_writes_without_a_lease() {
    check(async |store| {
        let never = |held| Append {
            business: business(9),
            epoch: Epoch(held),
            expected: Head::EMPTY,
            records: records(Head::EMPTY, 1, "x"),
            signals: Vec::new(),
            wake_at: None,
            ended: false,
        };
        for held in [0, 1] {
            let lost = Error::LeaseLost { business: business(9), held, newest: 0 };
            assert_eq!(store.append(never(held)).await, Err(lost));
        }
        assert_eq!(store.list().await.unwrap(), []);
    });
}

#[test]
fn a_conflict_names_both_ends_and_writes_nothing() {
    check(async |store| {
        let mut holder = Holder::of(store, business(1)).await;
        holder.write(2).await.unwrap();
        for expected in [0, 1, 3, u64::MAX] {
            let append = Append { expected: Head { sequence: expected, ..holder.head }, ..holder.next(1) };
            let conflict = Error::Conflict { business: business(1), expected, found: 2 };
            assert_eq!(store.append(append).await, Err(conflict));
        }
        assert_eq!(holder.write(1).await.unwrap().sequence, 3);
    });
}

#[test]
fn records_that_break_the_chain_or_a_limit_are_refused_whole() {
    check(async |store| {
        let mut holder = Holder::of(store, business(1)).await;
        let head = holder.write(2).await.unwrap();
        let mut altered = holder.next(3);
        altered.records[2].payload = b"{}".as_slice().into();
        let mut gap = holder.next(3);
        gap.records.remove(1);
        let mut foreign = holder.next(1);
        foreign.records = records(Head { hash: Hash([7; 32]), ..head }, 1, "entry");
        let elsewhere = Append { expected: Head { hash: Hash([7; 32]), ..head }, ..foreign.clone() };
        let mut large = holder.next(1);
        large.records = vec![large.records[0].clone(); MAX_APPEND_BYTES / MAX_EVENT_BYTES + 1];
        large.records.iter_mut().for_each(|record| record.payload = vec![b' '; MAX_EVENT_BYTES].into());
        let many = Append { signals: vec![signal("a"), signal("b")], ..holder.next(1) };
        let cases = [
            (altered, "record 5 does not match its hash"),
            (gap, "record 5 stands where record 4 should"),
            (foreign, "record 3 does not match its hash"),
            (elsewhere, "the journal's event 2 is not the one they follow"),
            (Append { records: Vec::new(), ..holder.next(1) }, "no records"),
            (holder.next(MAX_EVENTS_PER_APPEND + 1), "over the limit of 16384"),
            (large, "over the limit of 67108864"),
            (many, "2 signals in 1 records"),
        ];
        for (append, reason) in cases {
            let error = store.append(append).await.unwrap_err();
            assert!(matches!(&error, Error::BadAppend(text) if text.contains(reason)), "{error}");
        }
        assert_eq!(numbers(&store.read(business(1), 0, 10).await.unwrap()), [1, 2]);
        assert!(!store.received(business(1), signal("a")).await.unwrap());
    });
}

#[test]
fn the_largest_append_is_taken() {
    check(async |store| {
        let mut holder = Holder::of(store, business(1)).await;
        let head = holder.write(MAX_EVENTS_PER_APPEND).await.unwrap();
        assert_eq!(head.sequence, MAX_EVENTS_PER_APPEND as u64);
        let read = store.read(business(1), 0, usize::MAX).await.unwrap();
        assert_eq!(verify(Head::EMPTY, &read), Ok(head));
    });
}

#[test]
fn a_signal_is_received_once_and_with_its_records_or_not_at_all() {
    check(async |store| {
        let mut holder = Holder::of(store, business(1)).await;
        holder.receive(&[signal("a"), signal("b")]).await.unwrap();
        let refused = holder.receive(&[signal("new"), signal("b")]).await;
        assert_eq!(refused, Err(Error::DuplicateSignal(signal("b"))));
        assert!(!store.received(business(1), signal("new")).await.unwrap(), "the refused append left a signal behind");
        assert_eq!(holder.receive(&[signal("c"), signal("c")]).await, Err(Error::DuplicateSignal(signal("c"))));
        assert!(!store.received(business(1), signal("c")).await.unwrap());
        holder.receive(&[signal("new")]).await.unwrap();
        let mut other = Holder::of(store, business(2)).await;
        other.receive(&[signal("a")]).await.expect("another business's signals are its own");
        for (number, name, known) in [(1, "a", true), (1, "new", true), (2, "a", true), (2, "b", false), (3, "a", false)] {
            assert_eq!(store.received(business(number), signal(name)).await, Ok(known), "{name} of {number}");
        }
        assert_eq!(store.list().await.unwrap().iter().map(|listed| listed.head.sequence).sum::<u64>(), 4);
    });
}

#[test]
fn a_signal_of_a_refused_append_is_not_received() {
    check(async |store| {
        let mut holder = Holder::of(store, business(1)).await;
        holder.write(1).await.unwrap();
        let late = Append { expected: Head::EMPTY, signals: vec![signal("a")], ..holder.next(1) };
        assert!(matches!(store.append(late).await, Err(Error::Conflict { .. })));
        assert!(!store.received(business(1), signal("a")).await.unwrap());
        holder.receive(&[signal("a")]).await.unwrap();
    });
}

#[test]
fn signals_whose_source_and_id_run_together_are_different() {
    check(async |store| {
        let mut holder = Holder::of(store, business(1)).await;
        let key = |source: &str, id: &str| bbb_core::journal::store::SignalKey { source: source.to_owned(), external_id: id.to_owned() };
        holder.receive(&[key("ab", "c")]).await.unwrap();
        assert!(!store.received(business(1), key("a", "bc")).await.unwrap());
        holder.receive(&[key("a", "bc")]).await.unwrap();
    });
}

#[test]
fn the_due_come_earliest_first_and_never_the_ended() {
    check(async |store| {
        let at = Timestamp::from_ms;
        let mut holders = Vec::new();
        for number in 0..5 {
            holders.push(Holder::of(store, business(number)).await);
        }
        holders[0].rest(Some(300), false).await;
        holders[1].rest(Some(100), false).await;
        holders[2].rest(Some(200), true).await;
        holders[3].rest(None, false).await;
        holders[4].rest(Some(-5), false).await;
        let due = async |now| store.due(at(now), 10).await.unwrap();
        assert_eq!(due(99).await, [(at(-5), business(4))]);
        assert_eq!(due(300).await, [(at(-5), business(4)), (at(100), business(1)), (at(300), business(0))]);
        assert_eq!(store.due(at(300), 2).await.unwrap().len(), 2);
        assert_eq!(store.due(at(300), 0).await.unwrap(), []);
        // What is said later replaces what was said before.
        holders[4].rest(Some(301), false).await;
        holders[1].rest(None, false).await;
        assert_eq!(due(300).await, [(at(300), business(0))]);
        // A lease alone changes no wake-up.
        Holder::of(store, business(0)).await;
        assert_eq!(due(300).await, [(at(300), business(0))]);
        // Equal times are ordered by id.
        holders[1].rest(Some(301), false).await;
        let mut both = [(at(301), business(1)), (at(301), business(4))];
        both.sort();
        assert_eq!(due(301).await[1..], both);
    });
}

#[test]
fn the_list_has_every_business_that_began_ordered_by_id() {
    check(async |store| {
        Holder::of(store, business(100)).await;
        assert_eq!(store.list().await.unwrap(), [], "a lease alone begins nothing");
        assert_eq!(store.look(business(100)).await.unwrap(), None);
        let mut want = Vec::new();
        for number in 0..8 {
            let mut holder = Holder::of(store, business(number)).await;
            let (wake_at, ended) = (Some(Timestamp::from_ms(number.cast_signed())), number % 2 == 0);
            let head = holder.send(Append { wake_at, ended, ..holder.next(2) }).await.unwrap();
            want.push(Listed { business: business(number), head, wake_at, ended });
        }
        want.sort_by_key(|listed| listed.business);
        assert_eq!(store.list().await.unwrap(), want);
        for listed in want {
            assert_eq!(store.look(listed.business).await.unwrap(), Some(listed));
        }
    });
}

#[test]
fn pages_are_full_until_the_journal_ends() {
    check(async |store| {
        let mut holder = Holder::of(store, business(1)).await;
        let mut other = Holder::of(store, business(2)).await;
        for size in [1, 5, 2, 300, 1, 1, 40] {
            holder.write(size).await.unwrap();
            other.write(1).await.unwrap();
        }
        let all = store.read(business(1), 0, 1000).await.unwrap();
        assert_eq!(verify(Head::EMPTY, &all), Ok(holder.head));
        for limit in [0, 1, 2, 3, 7, 100, 349, 350, 351, usize::MAX] {
            for after in [0, 1, 5, 6, 7, 8, 300, 308, 309, 349, 350, 351, u64::MAX] {
                let page = store.read(business(1), after, limit).await.unwrap();
                let skipped = usize::try_from(after).unwrap().min(all.len());
                let want = &all[skipped..all.len().min(skipped.saturating_add(limit))];
                assert_eq!(numbers(&page), numbers(want), "after {after}, limit {limit}");
                assert_eq!(page, want);
            }
        }
        assert_eq!(store.read(business(3), 0, 10).await.unwrap(), []);
    });
}

#[test]
fn the_newest_snapshot_is_kept() {
    check(async |store| {
        let mut holder = Holder::of(store, business(1)).await;
        let head = holder.write(2).await.unwrap();
        assert_eq!(store.snapshot(business(1)).await, Ok(None));
        for fold_version in [1, 2] {
            let snapshot = Snapshot { head, fold_version, bytes: vec![7; 10_000 * fold_version as usize].into() };
            store.save_snapshot(business(1), snapshot.clone()).await.unwrap();
            assert_eq!(store.snapshot(business(1)).await, Ok(Some(snapshot)));
        }
        let snapshot = Snapshot { head: Head::EMPTY, fold_version: 1, bytes: Vec::new().into() };
        store.save_snapshot(business(2), snapshot).await.expect("losing it is harmless");
        assert_eq!(store.snapshot(business(2)).await, Ok(None), "nobody took a lease on that journal");
    });
}

#[test]
fn many_businesses_append_at_once_and_a_refusal_is_nobody_elses() {
    for threads in [1, 4] {
        for (name, store) in stores() {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(threads).build().unwrap();
            runtime.block_on(async {
                let tasks: Vec<_> = (0..100).map(|number| tokio::spawn(busy(Arc::clone(&store), number))).collect();
                for task in tasks {
                    task.await.unwrap();
                }
                for listed in store.list().await.unwrap() {
                    let all = store.read(listed.business, 0, usize::MAX).await.unwrap();
                    assert_eq!(verify(Head::EMPTY, &all), Ok(listed.head), "{name}");
                    assert_eq!(listed.head.sequence, 30, "{name}");
                }
                assert_eq!(store.list().await.unwrap().len(), 100);
            });
        }
    }
}

/// Appends, and again and again tries what must be refused.
async fn busy(store: Arc<dyn Store>, number: u64) {
    let mut holder = Holder::of(&store, business(number)).await;
    for round in 0..20_u64 {
        let key = signal(&round.to_string());
        let size = 1 + usize::try_from(round % 2).unwrap();
        holder.send(Append { signals: vec![key.clone()], ..holder.next(size) }).await.unwrap();
        let refused = match round % 3 {
            0 => Append { expected: Head::EMPTY, ..holder.next(1) },
            1 => Append { signals: vec![key], ..holder.next(1) },
            _ => Append { epoch: Epoch(0), ..holder.next(1) },
        };
        store.append(refused).await.unwrap_err();
    }
}

#[test]
fn of_two_who_append_the_same_sequence_one_wins() {
    check(async |store| {
        let holder = Holder::of(store, business(1)).await;
        for round in 0..10 {
            let (_, head) = (round, store.read(business(1), 0, 100).await.unwrap());
            let head = verify(Head::EMPTY, &head).unwrap();
            let now = Holder { store: Arc::clone(store), business: business(1), epoch: holder.epoch, head };
            let (left, right) = tokio::join!(store.append(now.next(1)), store.append(now.next(2)));
            let conflicts = [&left, &right].into_iter().filter(|result| matches!(result, Err(Error::Conflict { .. }))).count();
            assert_eq!((conflicts, left.is_ok() != right.is_ok()), (1, true), "{left:?} {right:?}");
        }
    });
}
