use super::*;
use bbb_agents::engine::Engine;
use bbb_agents::world::World;
use bbb_core::blueprint;
use bbb_core::draw::Seed;
use bbb_core::journal::memory::MemoryStore;
use bbb_core::spec::Spec;
use tokio::sync::watch;

use crate::accounts::id::{SessionId, TenantId};
use crate::accounts::step_up::Asker;
use crate::accounts::token::{Purpose, Token};
use crate::accounts::{Accounts, Delivery, Identity, User};
use crate::config::{Config, Registration};
use crate::data_dir::DataDir;
use crate::serve::fleet::Fleet;
use crate::service::Service;
use crate::sign_in::Providers;

/// A producer over a finished business of some hundred events, and the end that a reader has.
async fn producer(place: &tempfile::TempDir) -> (Producer, Receiver<Message>) {
    let data = DataDir::create(place.path()).unwrap();
    let service = Arc::new(Service::new(data.clone(), Arc::new(MemoryStore::new())));
    let engine = Engine::builder(Arc::clone(service.store())).build();
    let (origin, blueprint) = blueprint::resolve("Grant Writing Consultancy").unwrap();
    let spec = engine.prepare(Spec::simulated(origin, blueprint, Seed::new(1), 10));
    let handle = engine.launch(spec.clone(), World::simulated(&spec, None)).await.unwrap();
    handle.wait().await.unwrap();
    let clock = Arc::new(|| bbb_core::time::Timestamp::from_ms(0));
    let accounts = Arc::new(Accounts::open(&data, Registration::Open, data.path().join("unused"), clock).unwrap());
    let config = Config::default();
    let fleet = Arc::new(Fleet::open(Arc::clone(&service), Arc::clone(&accounts), config.clone()).unwrap());
    let address = "127.0.0.1:1".parse().unwrap();
    let server = (config.server, Providers::of(&[]).unwrap());
    let app = Arc::new(App::new((service, accounts, fleet), server, address, watch::channel(false).1));
    let user = User {
        id: UserId::from_bytes([1; 8]),
        address: String::new(),
        name: String::new(),
        admin: false,
        tenant: TenantId::from_bytes([1; 8]),
        created_at: bbb_core::time::Timestamp::from_ms(0),
    };
    let identity =
        Identity { user, session: Some(SessionId::from_bytes([1; 8])), shown_at: None, delivery: Delivery::Token, at_most: None };
    let caller = Caller { identity, token: Token::draw(Purpose::Access).unwrap(), asker: Asker::Session };
    let (sender, messages) = mpsc::channel(QUEUE);
    (Producer { app, caller, id: spec.id(), after: 0, sender }, messages)
}

#[tokio::test(start_paused = true)]
async fn whoever_takes_nothing_is_dropped_after_a_while_with_little_kept_and_goes_on_where_it_was() {
    let place = tempfile::tempdir().unwrap();
    let (producer, mut messages) = producer(&place).await;
    let app = Arc::clone(&producer.app);
    let (caller, id) = (producer.caller.clone(), producer.id);
    let began = tokio::time::Instant::now();
    let farewell = producer.run().await;
    assert_eq!(began.elapsed().as_secs(), PATIENCE.as_secs());
    assert_eq!(farewell, Farewell { reason: Reason::TooSlow, resume_after: QUEUE as u64 });
    let mut heard = 0;
    while let Some(Message::Event(entry)) = messages.recv().await {
        heard += 1;
        assert_eq!(entry.sequence, heard);
    }
    assert_eq!(heard, farewell.resume_after, "what it was promised, it has");
    let (sender, mut messages) = mpsc::channel(QUEUE);
    let again = Producer { app, caller, id, after: heard, sender };
    let reading = async {
        while let Some(Message::Event(entry)) = messages.recv().await {
            heard += 1;
            assert_eq!(entry.sequence, heard);
        }
        heard
    };
    let (farewell, heard) = tokio::join!(again.run(), reading);
    assert_eq!(farewell, Farewell { reason: Reason::Ended, resume_after: heard });
}

#[test]
fn a_user_has_so_many_seats_and_each_is_free_again() {
    let (readers, user) = (Arc::new(Readers::default()), UserId::from_bytes([1; 8]));
    let mut seats: Vec<Seat> = (0..MAX_READERS).map(|_| readers.admit(user).unwrap()).collect();
    assert_eq!(readers.admit(user).err().map(|problem| problem.what()), Some(What::TooMany));
    assert!(readers.admit(UserId::from_bytes([2; 8])).is_ok(), "others have their own");
    seats.pop();
    assert!(readers.admit(user).is_ok());
    drop(seats);
    assert!(readers.0.lock().unwrap().is_empty());
}
