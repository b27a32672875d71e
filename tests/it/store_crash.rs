//! Every crash of a scripted run: the disk is put back to what each sync left, with and without parts of what was written after it, and the store opened on that.
//!
//! Whatever the store had answered must be there, with its chain; what it had not answered is there whole or not at all.

use std::collections::BTreeMap;
use std::sync::Arc;

use bbb_core::id::BusinessId;
use bbb_core::journal::chain::{Head, verify};
use bbb_core::journal::store::{Append, SignalKey, Snapshot, Store};
use bbb_core::time::Timestamp;
use bbb_host::store::redb::{OpenError, Options, RedbStore};

use crate::disk::{Change, Disk, Image};
use crate::support::{Holder, block_on, business, signal};

/// Subsets of the unsynced writes that are tried for each crash.
const SUBSETS: u64 = 4;
const BUSINESSES: u64 = 4;
const ROUNDS: u64 = 8;

/// A state of one business that the run passed through.
#[derive(Debug, Clone, PartialEq)]
struct Point {
    epoch: u64,
    head: Head,
    wake_at: Option<Timestamp>,
    signals: Vec<SignalKey>,
}

/// What a run did: the points that each business passed through, and which of them each answer confirmed.
#[derive(Debug, Default)]
struct Run {
    points: BTreeMap<BusinessId, Vec<Point>>,
    answers: Vec<(BusinessId, usize)>,
    images: Vec<Image>,
}

/// The run's notes while it lasts.
struct Script {
    disk: Disk,
    run: Run,
    holders: Vec<Holder>,
}

fn open(disk: &Disk, index_after_runs: usize) -> Arc<RedbStore> {
    let options = Options { quiet_after: None, index_after_runs, ..Options::default() };
    Arc::new(RedbStore::open_with_backend(disk.clone(), options).unwrap())
}

impl Script {
    fn points(&mut self, of: BusinessId) -> &mut Vec<Point> {
        let start = Point { epoch: 0, head: Head::EMPTY, wake_at: None, signals: Vec::new() };
        self.run.points.entry(of).or_insert_with(|| vec![start])
    }

    /// Adds a point before the store is asked for it.
    fn pass(&mut self, of: BusinessId, change: impl FnOnce(&mut Point)) {
        let points = self.points(of);
        let mut point = points[points.len() - 1].clone();
        change(&mut point);
        points.push(point);
    }

    /// Notes that the store confirmed the newest point.
    fn confirm(&mut self, of: BusinessId) {
        let newest = self.points(of).len() - 1;
        self.run.answers.push((of, newest));
        self.disk.answered(self.run.answers.len());
    }

    async fn acquire_all(&mut self, store: &Arc<dyn Store>) {
        self.holders.clear();
        for number in 0..BUSINESSES {
            self.pass(business(number), |point| point.epoch += 1);
            self.holders.push(Holder::of(store, business(number)).await);
            self.confirm(business(number));
        }
    }

    /// Every business appends, each alone, or two at a time and so, as the threads happen to run, in one group.
    async fn round(&mut self, round: u64, in_pairs: bool) {
        let indexes: Vec<_> = (0..self.holders.len()).collect();
        for together in indexes.chunks(if in_pairs { 2 } else { 1 }) {
            let appends: Vec<_> = together.iter().map(|index| self.prepare(*index, round)).collect();
            let store = Arc::clone(&self.holders[0].store);
            let heads = futures_util::future::join_all(appends.into_iter().map(|append| store.append(append))).await;
            for (index, head) in together.iter().zip(heads) {
                self.holders[*index].head = head.unwrap();
                self.confirm(self.holders[*index].business);
            }
        }
    }

    fn prepare(&mut self, index: usize, round: u64) -> Append {
        let holder = &self.holders[index];
        // Some appends are larger than a batch row.
        let count = if round % 4 == index as u64 { 120 } else { 1 + usize::try_from(round).unwrap() % 3 };
        let signals = if round.is_multiple_of(2) { vec![signal(&format!("{index}-{round}"))] } else { Vec::new() };
        let wake_at = Some(Timestamp::from_ms(round.cast_signed()));
        let append = Append { signals, wake_at, ..holder.next(count) };
        let head = verify(holder.head, &append.records).unwrap();
        let (new, of) = (append.signals.clone(), holder.business);
        self.pass(of, |point| {
            point.head = head;
            point.wake_at = wake_at;
            point.signals.extend(new);
        });
        append
    }
}

/// Runs the script on a recording disk.
fn run(index_after_runs: usize, in_pairs: bool, ignored_sync: Option<usize>) -> Run {
    let disk = Disk::recording(ignored_sync);
    let mut script = Script { disk: disk.clone(), run: Run::default(), holders: Vec::new() };
    block_on(async {
        for half in 0..2 {
            let store = open(&disk, index_after_runs);
            let any: Arc<dyn Store> = Arc::<RedbStore>::clone(&store);
            script.acquire_all(&any).await;
            for round in half * ROUNDS / 2..(half + 1) * ROUNDS / 2 {
                script.round(round, in_pairs).await;
                let snapshot = Snapshot { head: script.holders[0].head, fold_version: 1, bytes: vec![1; 100].into() };
                any.save_snapshot(business(0), snapshot).await.unwrap();
                if round % 4 == 3 {
                    store.settle().await.unwrap();
                }
            }
            script.holders.clear();
        }
    });
    script.run.images = disk.images();
    script.run
}

/// Opens the store on what a crash left, and compares it with the run.
fn check(run: &Run, image: &Image, bytes: Vec<u8>) -> Result<(), String> {
    let options = Options { quiet_after: None, ..Options::default() };
    let store = match RedbStore::open_with_backend(Disk::holding(bytes), options) {
        Ok(store) => store,
        // A backend whose very first opening was cut short is not a store yet, and nobody was told that it is; a file is made beside and then renamed.
        Err(OpenError::NotAStore { .. }) if image.answers == 0 => return Ok(()),
        Err(error) => return Err(error.to_string()),
    };
    let store: Arc<dyn Store> = Arc::new(store);
    let mut confirmed: BTreeMap<BusinessId, usize> = BTreeMap::new();
    for (of, point) in &run.answers[..image.answers] {
        confirmed.insert(*of, *point);
    }
    for (of, points) in &run.points {
        block_on(check_business(&store, *of, points, confirmed.get(of).copied().unwrap_or(0)))
            .map_err(|reason| format!("{of}: {reason}"))?;
    }
    Ok(())
}

async fn check_business(store: &Arc<dyn Store>, of: BusinessId, points: &[Point], confirmed: usize) -> Result<(), String> {
    let listed = store.list().await.map_err(|error| error.to_string())?.into_iter().find(|listed| listed.business == of);
    let head = listed.map_or(Head::EMPTY, |listed| listed.head);
    let records = store.read(of, 0, usize::MAX).await.map_err(|error| error.to_string())?;
    if verify(Head::EMPTY, &records) != Ok(head) {
        return Err(format!("the records do not lead to {head:?}"));
    }
    let snapshot = store.snapshot(of).await.map_err(|error| error.to_string())?;
    if snapshot.is_some_and(|snapshot| snapshot.head.sequence > head.sequence) {
        return Err("the snapshot is newer than the journal".to_owned());
    }
    let due = store.due(Timestamp::MAX, 100).await.map_err(|error| error.to_string())?;
    let due = due.into_iter().find_map(|(at, whose)| (whose == of).then_some(at));
    let mut received = Vec::new();
    for key in &points[points.len() - 1].signals {
        if store.received(of, key.clone()).await.map_err(|error| error.to_string())? {
            received.push(key.clone());
        }
    }
    let (epoch, _) = store.acquire(of).await.map_err(|error| error.to_string())?;
    let found = Point { epoch: epoch.0 - 1, head, wake_at: due, signals: received };
    match points[confirmed..].contains(&found) {
        true => Ok(()),
        false => Err(format!("after the answer {:?} it stands at {found:?}", points[confirmed])),
    }
}

/// The bytes after a crash that let only some of the unsynced changes through, some of them torn.
pub(crate) fn subset(image: &Image, seed: u64) -> Vec<u8> {
    let mut draws = blake3::Hasher::new().update(&seed.to_le_bytes()).finalize_xof();
    let mut draw = |outcomes: u8| {
        let mut byte = [0];
        draws.fill(&mut byte);
        byte[0] % outcomes
    };
    let mut bytes = image.durable.clone();
    for change in &image.unsynced {
        match (draw(4), change) {
            (0, _) => {}
            (1, Change::Write(offset, data)) => {
                let part = if draw(2) == 0 { 512 } else { 4096 };
                for (index, piece) in data.chunks(part).enumerate().filter(|_| draw(2) == 0) {
                    Change::Write(offset + (index * part) as u64, piece.to_vec()).apply(&mut bytes);
                }
            }
            _ => change.apply(&mut bytes),
        }
    }
    bytes
}

/// Every crash of a run, in every variant; the first that breaks a promise is the error.
fn survives(run: &Run) -> Result<usize, String> {
    let mut crashes = 0;
    for (number, image) in run.images.iter().enumerate() {
        let mut all = image.durable.clone();
        image.unsynced.iter().for_each(|change| change.apply(&mut all));
        let variants = [("nothing of the unsynced", image.durable.clone()), ("all of the unsynced", all)];
        for (what, bytes) in variants {
            check(run, image, bytes).map_err(|reason| format!("crash at sync {number}, {what}: {reason}"))?;
        }
        for seed in 0..SUBSETS {
            let seed = number as u64 * SUBSETS + seed;
            check(run, image, subset(image, seed)).map_err(|reason| format!("crash at sync {number}, seed {seed}: {reason}"))?;
        }
        crashes += 2 + usize::try_from(SUBSETS).unwrap();
    }
    Ok(crashes)
}

#[test]
fn no_crash_loses_what_was_answered_or_leaves_half_of_an_append() {
    for index_after_runs in [5, usize::MAX] {
        let run = run(index_after_runs, true, None);
        let crashes = survives(&run).unwrap();
        assert!(crashes > 200, "only {crashes} crashes were tried");
    }
}

#[test]
fn a_disk_that_skips_one_sync_is_found_out() {
    let syncs = run(5, false, None).images.len();
    let mut tried = 0;
    for skipped in (0..syncs - 1).step_by(3) {
        let run = run(5, false, Some(skipped));
        // The crash at the sync after; later syncs make up for the one that was left out.
        let [before, after] = [&run.images[skipped], &run.images[skipped + 1]];
        if after.answers > before.answers {
            let result = check(&run, after, after.durable.clone());
            result.expect_err("the check does not notice that an answer was lost");
            tried += 1;
        }
    }
    assert!(tried > 10, "only {tried} of {syncs} syncs were answered");
}
