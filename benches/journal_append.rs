//! How much slower than a bare log is the store? Both write the same records; the log is a file, written and synced once per group.
//!
//! The two take turns in every round, because the time of a sync changes with what else the machine does: only the ratio means anything. The store runs with
//! its default options, except that it does not settle in between. A round of the two larger sizes has as many appends as lie between two writes of the derived
//! tables, so each pays for exactly one such write. At the two smaller sizes a round that long would take minutes; their share of it, under a hundredth of
//! their time, is left out.

mod load;

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bbb_core::journal::store::Append;
use bbb_host::store::redb::{Options, RedbStore};

use load::{Load, append_all};

const ROUNDS: usize = 9;
/// Appends per group, groups per round, and the ratio wanted.
const SIZES: [(usize, usize, f64); 4] = [(1, 200, 0.40), (16, 200, 0.40), (128, 1024, 0.35), (1024, 128, 0.20)];

fn main() {
    let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory of its own");
    let options = Options { quiet_after: None, ..Options::default() };
    let store = Arc::new(RedbStore::open(directory.path().join("journal.redb"), options).expect("a new store"));
    let mut log = Log::new(&directory.path().join("log"));
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let mut load = runtime.block_on(Load::new(&store));
    println!("{:>6} {:>14} {:>14} {:>7} {:>7}", "group", "store/s", "bare log/s", "ratio", "wanted");
    for (size, groups, wanted) in SIZES {
        let mut pairs: Vec<(Duration, Duration)> = Vec::new();
        for round in 0..=ROUNDS {
            let work: Vec<Vec<Append>> = (0..groups).map(|_| load.group(size)).collect();
            let bare = log.write(&work);
            let begun = Instant::now();
            runtime.block_on(async {
                for group in work {
                    append_all(&store, group).await;
                }
            });
            // The first round warms up.
            if round > 0 {
                pairs.push((begun.elapsed(), bare));
            }
        }
        report(size, size * groups, wanted, &mut pairs);
    }
}

fn report(size: usize, appends: usize, wanted: f64, pairs: &mut [(Duration, Duration)]) {
    let ratio = |pair: &(Duration, Duration)| pair.1.as_secs_f64() / pair.0.as_secs_f64();
    pairs.sort_by(|left, right| ratio(left).total_cmp(&ratio(right)));
    let middle = &pairs[pairs.len() / 2];
    let per_second = |time: Duration| appends as f64 / time.as_secs_f64();
    let (store, bare) = (per_second(middle.0), per_second(middle.1));
    println!("{size:>6} {store:>14.0} {bare:>14.0} {:>7.2} {wanted:>7.2}", ratio(middle));
}

/// The bare log.
struct Log(File);

impl Log {
    fn new(path: &Path) -> Log {
        Log(File::create(path).expect("a new file"))
    }

    /// Writes the records of every group with one write and one sync.
    fn write(&mut self, work: &[Vec<Append>]) -> Duration {
        let begun = Instant::now();
        for group in work {
            let mut bytes = Vec::new();
            group.iter().flat_map(|append| &append.records).for_each(|record| record.write(&mut bytes));
            self.0.write_all(&bytes).and_then(|()| self.0.sync_data()).expect("the disk works");
        }
        begun.elapsed()
    }
}
