//! Stored bytes of format 1, which this and every later build must read: the records, the export, and a store's file.
//!
//! The files were written once, by the test that is ignored; a change of format adds files beside them and leaves these alone.

use std::path::PathBuf;
use std::sync::Arc;

use bbb_core::journal::chain::{Hash, Head, Record, verify};
use bbb_core::journal::export;
use bbb_core::journal::store::{Epoch, Snapshot, Store};
use bbb_core::time::Timestamp;
use bbb_host::store::redb::{Options, RedbStore};

use crate::support::{Holder, block_on, business, records, signal};

/// The head of the stored journal, and so of everything in it.
const HEAD: &str = "c73fcffc5fd271f53487f7bb48111ff738080a8ab4f00995f1c77a9afb535aa5";

fn golden(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests", "golden", name].iter().collect()
}

fn head() -> Head {
    Head { sequence: 5, hash: Hash::from_hex(HEAD).unwrap() }
}

#[test]
fn records_of_format_1_are_read_and_written_the_same() {
    let bytes = std::fs::read(golden("journal-v1.bin")).unwrap();
    let mut rest = bytes.as_slice();
    let mut read = Vec::new();
    while !rest.is_empty() {
        let (record, after) = Record::read(rest).unwrap();
        record.decode().unwrap();
        read.push(record);
        rest = after;
    }
    assert_eq!(verify(Head::EMPTY, &read), Ok(head()));
    assert_eq!(records(Head::EMPTY, 5, "entry"), read, "today's build makes other records of the same events");
    let mut written = Vec::new();
    read.iter().for_each(|record| record.write(&mut written));
    assert!(written == bytes);
}

#[test]
fn an_export_of_format_1_is_read_and_written_the_same() {
    let bytes = std::fs::read(golden("journal-v1.jsonl")).unwrap();
    let (whose, read, found) = export::read(&mut bytes.as_slice()).unwrap();
    assert_eq!((whose, found), (business(1), head()));
    let mut written = Vec::new();
    export::write(&mut written, whose, &read).unwrap();
    assert!(written == bytes);
}

#[test]
fn a_store_of_format_1_is_opened_and_goes_on() {
    // One was closed, the other was killed after the same commits.
    for name in ["store-v1-closed.redb", "store-v1-killed.redb"] {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("journal.redb");
        std::fs::copy(golden(name), &path).unwrap();
        let store = Arc::new(RedbStore::open(&path, Options { quiet_after: None, ..Options::default() }).unwrap());
        block_on(async {
            let listed = store.list().await.unwrap();
            let first = listed.iter().find(|listed| listed.business == business(1)).unwrap();
            assert_eq!((listed.len(), first.head, first.ended), (2, head(), false));
            assert_eq!(store.due(Timestamp::from_ms(77), 9).await.unwrap(), [(Timestamp::from_ms(77), business(1))]);
            assert_eq!(verify(Head::EMPTY, &store.read(business(1), 0, 9).await.unwrap()), Ok(head()));
            assert!(store.received(business(1), signal("paid-1")).await.unwrap());
            assert_eq!(store.snapshot(business(1)).await.unwrap().unwrap().bytes, b"state".as_slice().into());
            let store: Arc<dyn Store> = store;
            let mut holder = Holder::of(&store, business(1)).await;
            assert_eq!((holder.epoch, holder.head), (Epoch(3), head()));
            holder.write(1).await.unwrap();
        });
    }
}

#[test]
#[ignore = "writes the stored files anew; only for a new format"]
fn write_golden_files() {
    let all = records(Head::EMPTY, 5, "entry");
    let (mut plain, mut exported) = (Vec::new(), Vec::new());
    all.iter().for_each(|record| record.write(&mut plain));
    export::write(&mut exported, business(1), &all).unwrap();
    std::fs::write(golden("journal-v1.bin"), plain).unwrap();
    std::fs::write(golden("journal-v1.jsonl"), exported).unwrap();
    println!("{}", verify(Head::EMPTY, &all).unwrap().hash);
    let path = golden("store-v1-closed.redb");
    let options = Options { quiet_after: None, index_after_runs: 3, ..Options::default() };
    let store: Arc<dyn Store> = Arc::new(RedbStore::open(&path, options).unwrap());
    block_on(async {
        Holder::of(&store, business(1)).await.receive(&[signal("paid-1")]).await.unwrap();
        let mut holder = Holder::of(&store, business(1)).await;
        Holder::of(&store, business(2)).await.rest(Some(50), true).await;
        holder.write(3).await.unwrap();
        let snapshot = Snapshot { head: holder.head, fold_version: 1, bytes: b"state".as_slice().into() };
        store.save_snapshot(business(1), snapshot).await.unwrap();
        holder.rest(Some(77), false).await;
        std::fs::copy(&path, golden("store-v1-killed.redb")).unwrap();
    });
}
