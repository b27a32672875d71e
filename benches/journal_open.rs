//! How long does opening a large store take: after a kill under load, and after a kill in a quiet moment?
//!
//! `BBB_BENCH_STORE_MB` is the store's size, 128 where it is not set. The store is filled by a process of its own, which is this program, and which is killed.

mod load;

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Instant;

use bbb_host::store::redb::{Options, RedbStore};

use load::{Load, append_all};

const SIZE: &str = "BBB_BENCH_STORE_MB";
const FILL: &str = "BBB_BENCH_FILL";
/// What the filling process does: `full`, append without end; `quiet`, append once and settle.
const UNTIL: &str = "BBB_BENCH_FILL_UNTIL";
const GROUP: usize = 1024;

fn main() {
    let megabytes = std::env::var(SIZE).ok().and_then(|text| text.parse().ok()).unwrap_or(128_u64);
    if let Some(path) = std::env::var_os(FILL) {
        return fill(&PathBuf::from(path), megabytes * 1024 * 1024);
    }
    let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory of its own");
    let path = directory.path().join("journal.redb");
    kill_at(&path, "full");
    report(&path, "after a kill under load", "4 s for 1 GB");
    kill_at(&path, "quiet");
    report(&path, "after a kill in a quiet moment", "50 ms");
    report(&path, "after closing", "50 ms");
}

fn report(path: &Path, when: &str, wanted: &str) {
    let bytes = path.metadata().expect("the store").len();
    let begun = Instant::now();
    let store = RedbStore::open(path, Options::default()).expect("a sound store");
    let took = begun.elapsed();
    drop(store);
    println!("{when:<32} {:>6} MB {:>10.1} ms   (wanted: {wanted})", bytes / 1024 / 1024, took.as_secs_f64() * 1000.0);
}

/// Starts the filling process and kills it some groups after it says `word`.
fn kill_at(path: &Path, word: &str) {
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    let mut child = command.env(FILL, path).env(UNTIL, word).stdout(Stdio::piped()).spawn().expect("this program again");
    let output = BufReader::new(child.stdout.take().expect("a pipe"));
    let mut lines = output.lines().map_while(Result::ok);
    lines.by_ref().find(|line| line == word).expect("the filling process goes on until it is killed");
    if word == "full" {
        lines.by_ref().take(20).for_each(drop);
    }
    child.kill().and_then(|()| child.wait()).expect("our own process");
}

/// Appends until it is killed, and says when the file has its size; or appends one group, settles and waits.
fn fill(path: &Path, bytes: u64) {
    let store = Arc::new(RedbStore::open(path, Options { quiet_after: None, ..Options::default() }).expect("the store"));
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let size = || path.metadata().expect("the store").len();
    let settles = std::env::var_os(UNTIL).is_some_and(|word| word == "quiet");
    runtime.block_on(async {
        let mut load = Load::new(&store).await;
        loop {
            append_all(&store, load.group(GROUP)).await;
            if settles {
                store.settle().await.expect("the disk works");
                println!("quiet");
                std::future::pending::<()>().await;
            }
            println!("{}", if size() >= bytes { "full" } else { "filling" });
        }
    });
}
