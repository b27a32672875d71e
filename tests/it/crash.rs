//! A simulated business that is killed at any moment and resumed ends in the same head as the run that nobody killed.

use std::sync::Arc;

use bbb::agents::engine::Engine;
use bbb::agents::world::World;
use bbb::core::invariant;
use bbb::core::journal::chain::Head;
use bbb::core::journal::store::Store;
use bbb::host::store::redb::{Options, RedbStore};

use crate::disk::{Disk, Image};
use crate::run::{chatbot, journal, on_one_thread, run, spec};
use crate::store_crash::subset;

const DAYS: u32 = 6;

fn options() -> Options {
    Options { quiet_after: None, index_after_runs: 16, ..Options::default() }
}

/// Launches or resumes the business on this disk, and runs it to its end.
async fn finish(disk: Disk) -> (Head, Vec<bbb::core::event::Event>) {
    let store: Arc<dyn Store> = Arc::new(RedbStore::open_with_backend(disk, options()).unwrap());
    let engine = Engine::builder(Arc::clone(&store)).build();
    let spec = engine.prepare(chatbot(DAYS));
    let known = store.list().await.unwrap().iter().any(|listed| listed.head != Head::EMPTY);
    let business = match known {
        true => engine.resume(spec.id(), |spec| Ok(World::simulated(spec, None))).await.unwrap(),
        false => engine.launch(spec.clone(), World::simulated(&spec, None)).await.unwrap(),
    };
    business.wait().await.unwrap();
    let (events, head) = journal(store.as_ref(), spec.id()).await;
    (head, events)
}

fn recorded() -> (Head, Vec<Image>) {
    let disk = Disk::recording(None);
    let (head, _) = on_one_thread(finish(disk.clone()));
    (head, disk.images())
}

#[test]
fn a_run_killed_at_any_commit_and_resumed_ends_in_the_same_head() {
    let nobody_killed = on_one_thread(run(chatbot(DAYS), |engine| engine)).head;
    let (head, images) = recorded();
    assert_eq!(head, nobody_killed, "memory and redb hold the same journal");
    assert!(images.len() > 10, "there are commits to be killed at: {}", images.len());
    for (at, image) in images.into_iter().enumerate() {
        let (resumed, events) = on_one_thread(finish(Disk::holding(image.durable.clone())));
        assert_eq!(resumed, nobody_killed, "killed at sync {at}, with what was synced");
        invariant::check(&events).unwrap();
        let seed = at as u64;
        let (resumed, _) = on_one_thread(finish(Disk::holding(subset(&image, seed))));
        assert_eq!(resumed, nobody_killed, "killed at sync {at}, with part {seed} of what was not synced");
    }
}

#[test]
fn a_run_killed_again_and_again_ends_in_the_same_head() {
    let nobody_killed = on_one_thread(run(chatbot(DAYS), |engine| engine)).head;
    let mut bytes = Vec::new();
    // Each resumed run is killed after a third of its syncs, the first of which open and repair the store.
    for kill in 0..8 {
        let disk = Disk::recording_from(bytes.clone());
        let (head, _) = on_one_thread(finish(disk.clone()));
        assert_eq!(head, nobody_killed, "kill {kill}");
        let images = disk.images();
        bytes.clone_from(&images[images.len() / 3].durable);
    }
}

#[test]
fn a_simulated_run_of_another_version_is_not_resumed() {
    on_one_thread(async {
        let store: Arc<dyn Store> = Arc::new(bbb::prelude::MemoryStore::new());
        let engine = Engine::builder(Arc::clone(&store)).build();
        let spec = engine.prepare(spec("Grant Writing Consultancy", 1, 3650));
        let business = engine.launch(spec.clone(), World::simulated(&spec, None)).await.unwrap();
        business.pause("to be resumed by another engine").await.unwrap();
        business.passivate().await;
        let policy =
            r#"@id("own") @says("No posts.") @ground("The owner's wish.") forbid (principal, action == Action::"publish_post", resource);"#;
        let charter = bbb::core::oversight::charter::Charter::with_owner_policies("own.cedar", policy).unwrap();
        let other = Engine::builder(store).charter(charter).build();
        let refused = other.resume(spec.id(), |spec| Ok(World::simulated(spec, None))).await.unwrap_err().to_string();
        assert!(refused.contains("cannot be resumed") && refused.contains(&spec.versions.charter), "{refused}");
    });
}
