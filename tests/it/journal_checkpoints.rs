//! When the host signs, and what its store refuses because of it.

use std::sync::Arc;

use bbb::agents::world::World;
use bbb::core::journal::checkpoint;
use bbb::core::journal::store::Store;
use bbb::core::port::Ports;
use bbb::core::seal::{DerivedKeys, Vault};
use bbb::core::spec::Spec;
use bbb::core::time::DAY_MS;
use bbb::prelude::*;
use bbb_host::data_dir::DataDir;
use bbb_host::fault::Kind;
use bbb_host::service::Service;

use crate::faults::live;
use crate::run::on_one_thread;
use crate::worlds::{Clock, come_to_rest};

/// A service on a store, in a directory of its own.
fn service(directory: &tempfile::TempDir, store: &Arc<MemoryStore>) -> Service {
    let store: Arc<dyn Store> = Arc::<MemoryStore>::clone(store);
    Service::new(DataDir::create(directory.path()).unwrap(), store)
}

fn world(spec: &Spec, clock: &Clock) -> World {
    World::live(Ports::default(), Vault::new(Arc::new(DerivedKeys::new(spec.seed))), clock.told())
}

#[test]
fn each_closed_day_of_a_live_business_that_runs_is_signed() {
    let directory = tempfile::tempdir().unwrap();
    on_one_thread(async {
        let service = service(&directory, &Arc::default());
        let spec = service.engine().prepare(live(false));
        let (id, clock) = (spec.id(), Clock::at(spec.start));
        let launch = service.engine().launch(spec.clone(), world(&spec, &clock));
        let business = service.start(id, None, launch).await.unwrap();
        for day in 0..4 {
            come_to_rest(&business).await;
            let signed = service.checkpoints().signed(id).unwrap();
            assert_eq!(signed.map_or(0, |signed| signed.checkpoints.len()), day, "after {day} days");
            clock.pass(DAY_MS);
        }
        business.passivate().await;
        let signed = service.signed(id).await.unwrap().unwrap();
        let records = service.records(id, 0, 1024).await.unwrap();
        let verdict = checkpoint::verify(id, &records, Some(&signed), &[], Some(signed.keys.current())).unwrap();
        assert!(verdict.newest.is_some() && signed.checkpoints.len() >= 3);
        let last = service.checkpoint(id).await.unwrap();
        assert_eq!((last.head().sequence, last.head().hash), (records.len() as u64, records[records.len() - 1].hash));
    });
}

#[test]
fn a_store_that_fell_behind_a_checkpoint_is_refused_and_its_other_businesses_are_not() {
    let directory = tempfile::tempdir().unwrap();
    on_one_thread(async {
        let store = Arc::<MemoryStore>::default();
        let (lost, kept) = {
            let service = service(&directory, &store);
            let mut ids = Vec::new();
            for seed in [1, 2] {
                let (origin, blueprint) = blueprint::resolve("Grant Writing Consultancy").unwrap();
                let spec = service.engine().prepare(Spec::simulated(origin, blueprint, Seed::new(seed), 3));
                let business =
                    service.start(spec.id(), None, service.engine().launch(spec.clone(), World::simulated(&spec, None))).await.unwrap();
                business.wait().await.unwrap();
                business.passivate().await;
                service.checkpoint(spec.id()).await.unwrap();
                ids.push(spec.id());
            }
            (ids[0], ids[1])
        };
        // The same store after a disk that lost the first journal's last events, and one whose last event is another one.
        for other_end in [false, true] {
            let copy = Arc::<MemoryStore>::default();
            for id in [lost, kept] {
                let mut records = store.read(id, 0, 10_000).await.unwrap();
                if id == lost {
                    let last = records.pop().unwrap();
                    let mut event = last.decode().unwrap();
                    event.at = event.at.plus_ms(1);
                    let before = records[records.len() - 1].hash;
                    records.extend(other_end.then(|| bbb::core::journal::chain::Record::encode(&event, &before).unwrap()));
                }
                let (epoch, expected) = copy.acquire(id).await.unwrap();
                let append = bbb::core::journal::store::Append {
                    business: id,
                    epoch,
                    expected,
                    records,
                    signals: Vec::new(),
                    wake_at: None,
                    ended: true,
                };
                copy.append(append).await.unwrap();
            }
            let service = service(&directory, &copy);
            let want = if other_end { "was altered" } else { "events are missing at its end" };
            let check = |what: &str, fault: bbb_host::fault::Fault| {
                assert!(fault.kind == Kind::Corrupted && fault.message.contains(want), "{what}: {fault:?}");
            };
            check("now", service.now(lost).await.unwrap_err());
            check("events", service.events(lost).await.unwrap_err());
            check("a checkpoint", service.checkpoint(lost).await.unwrap_err());
            check("the lease", service.store().acquire(lost).await.unwrap_err().into());
            assert_eq!(service.list().await.unwrap().len(), 2, "both are listed");
            service.now(kept).await.unwrap();
            service.store().acquire(kept).await.unwrap();
        }
    });
}
