//! A process that writes is killed, again and again: what it had told is on the disk.
//!
//! The process is this test binary, started once more to run [`child_appends_until_killed`] on the store that an environment variable names.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use bbb_core::id::BusinessId;
use bbb_core::journal::chain::{Head, verify};
use bbb_core::journal::store::Store;
use bbb_host::store::redb::{Options, RedbStore};

use crate::support::{Holder, block_on, business};

const STORE: &str = "BBB_TEST_STORE_TO_WRITE";
const ROUNDS: usize = 10;
const WRITERS: u64 = 16;

fn options() -> Options {
    Options { index_after_runs: 50, ..Options::default() }
}

#[test]
fn a_killed_process_loses_nothing_that_it_was_told() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("journal.redb");
    let mut told: BTreeMap<BusinessId, (u64, u64)> = BTreeMap::new();
    for round in 0..ROUNDS {
        for (of, epoch, sequence) in killed_after(&path, 1 + 40 * round) {
            let newest = told.entry(of).or_default();
            *newest = (*newest).max((epoch, sequence));
        }
        let store: Arc<dyn Store> = Arc::new(RedbStore::open(&path, options()).unwrap());
        for (of, (epoch, sequence)) in &told {
            let records = block_on(store.read(*of, 0, usize::MAX)).unwrap();
            let head = verify(Head::EMPTY, &records).unwrap();
            let (newer, listed) = block_on(store.acquire(*of)).unwrap();
            assert_eq!(head, listed);
            assert!(head.sequence >= *sequence, "round {round}: {of} was told {sequence} and ends at {}", head.sequence);
            assert!(newer.0 > *epoch, "round {round}: the lease of {of} went back from {epoch} to {}", newer.0);
        }
    }
    assert!(told.values().map(|(_, sequence)| sequence).sum::<u64>() > 500);
}

/// Lets a process write, kills it once it has told `lines` answers, and returns all that it told.
fn killed_after(path: &Path, lines: usize) -> Vec<(BusinessId, u64, u64)> {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "store_kill::child_appends_until_killed", "--nocapture", "--test-threads=1"]);
    let mut child = command.env(STORE, path).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut told = Vec::new();
    let mut line = String::new();
    // What stands in the pipe when the process is killed was told too.
    while output.read_line(&mut line).unwrap() > 0 {
        told.extend(parse(&line));
        line.clear();
        if told.len() == lines {
            child.kill().unwrap();
        }
    }
    child.wait().unwrap();
    assert!(told.len() >= lines, "the process ended by itself");
    told
}

/// A line of the process; the last one may be cut off.
fn parse(line: &str) -> Option<(BusinessId, u64, u64)> {
    let mut words = line.strip_suffix(" .\n")?.strip_prefix("told ")?.split(' ');
    Some((words.next()?.parse().ok()?, words.next()?.parse().ok()?, words.next()?.parse().ok()?))
}

#[test]
fn child_appends_until_killed() {
    let Some(path) = std::env::var_os(STORE) else { return };
    println!();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    let store: Arc<dyn Store> = Arc::new(RedbStore::open(path, options()).unwrap());
    runtime.block_on(async {
        let writers: Vec<_> = (0..WRITERS).map(|number| tokio::spawn(write_for_ever(Arc::clone(&store), number))).collect();
        for writer in writers {
            writer.await.unwrap();
        }
    });
}

async fn write_for_ever(store: Arc<dyn Store>, number: u64) {
    let mut holder = Holder::of(&store, business(number)).await;
    loop {
        let head = holder.write(1 + usize::try_from(number).unwrap() % 3).await.unwrap();
        let line = format!("told {} {} {} .\n", holder.business, holder.epoch.0, head.sequence);
        std::io::stdout().lock().write_all(line.as_bytes()).unwrap();
    }
}
