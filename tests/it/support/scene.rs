//! A live business in a world that a test holds in its hands: its store, its clock, its providers.

use std::sync::Arc;

use bbb::core::event::{Event, Recovery, Signal};
use bbb::core::id::{BusinessId, ContactId};
use bbb::core::invariant;
use bbb::core::journal::store::Store;
use bbb::core::observe::Arrival;
use bbb::core::seal::{DerivedKeys, Vault};
use bbb::core::state::State;
use bbb::core::time::HOUR_MS;
use bbb::prelude::*;

use crate::faults::lead;
use crate::faults::ports::Outside;
use crate::faults::store::FlakyStore;
use crate::run::journal;
use crate::worlds::{Clock, come_to_rest};

/// Whoever a business with one lead is in touch with.
pub(crate) const ADA: &str = "ada@somewhere.com";

/// A live business with a few leads, whose providers do what they are asked where a test says nothing else.
pub(crate) struct Scene {
    pub(crate) store: Arc<FlakyStore>,
    pub(crate) engine: Engine,
    pub(crate) world: World,
    pub(crate) spec: Spec,
    pub(crate) clock: Clock,
    pub(crate) vault: Vault,
    pub(crate) business: BusinessHandle,
}

impl Scene {
    /// Launches it with these leads; `connect` puts other providers in the place of the usual ones.
    pub(crate) async fn begin(spec: Spec, leads: &[&str], connect: impl FnOnce(&mut Ports)) -> Scene {
        let store = Arc::new(FlakyStore::default());
        let clock = Clock::at(spec.start);
        let vault = Vault::new(Arc::new(DerivedKeys::new(Seed::new(1))));
        let mut ports = Outside::new(Arc::clone(&store), &[]).ports(&[Recovery::AtMostOnce]);
        connect(&mut ports);
        let world = World::live(ports, vault.clone(), clock.told());
        let engine = Engine::builder(store.clone()).build();
        let spec = engine.prepare(spec);
        let arrivals = leads.iter().map(|email| Scene::lead(&vault, email)).collect();
        let business = engine.launch_with(spec.clone(), world.clone(), arrivals).await.unwrap();
        Scene { store, engine, world, spec, clock, vault, business }
    }

    /// A lead that agreed to be written to.
    pub(crate) fn lead(vault: &Vault, email: &str) -> Arrival {
        let signal = lead(vault, (vault.contact_id(email), email.to_owned()), "");
        Arrival { source: "outside".to_owned(), external_id: email.to_owned(), signal }
    }

    pub(crate) fn id(&self) -> BusinessId {
        self.spec.id()
    }

    pub(crate) fn ada(&self) -> ContactId {
        self.vault.contact_id(ADA)
    }

    /// Something happens outside. Returns what the business said to it.
    pub(crate) async fn hear(&self, name: &str, signal: Signal) -> Result<usize, bbb::agents::handle::Refused> {
        self.business.receive(vec![Arrival { source: "outside".to_owned(), external_id: name.to_owned(), signal }]).await
    }

    /// Lets it work until nothing moves.
    pub(crate) async fn rest(&self) -> Arc<State> {
        come_to_rest(&self.business).await
    }

    /// The same after so much time.
    pub(crate) async fn after(&self, ms: i64) -> Arc<State> {
        self.clock.pass(ms);
        self.rest().await
    }

    /// Lets so many hours pass, one after the other.
    pub(crate) async fn pass(&self, hours: i64) -> Arc<State> {
        let mut state = self.rest().await;
        for _ in 0..hours {
            state = self.after(HOUR_MS).await;
        }
        state
    }

    /// Lets hours pass until there is what is looked for, at most two days.
    pub(crate) async fn until<T>(&self, mut found: impl FnMut(&Arc<State>) -> Option<T>) -> T {
        for _ in 0..48 {
            if let Some(found) = found(&self.rest().await) {
                return found;
            }
            self.clock.pass(HOUR_MS);
        }
        panic!("what was waited for did not come in two days");
    }

    /// The whole journal, which keeps the engine's promises.
    pub(crate) async fn events(&self) -> Vec<Event> {
        let store: Arc<dyn Store> = self.store.clone();
        let (events, _) = journal(store.as_ref(), self.id()).await;
        invariant::check(&events).unwrap_or_else(|broken| panic!("{broken}"));
        events
    }

    /// Another process goes on.
    pub(crate) async fn restart(&mut self) -> Arc<State> {
        self.business.passivate().await;
        let world = self.world.clone();
        self.business = self.engine.resume(self.id(), |_| Ok(world)).await.unwrap();
        self.rest().await
    }
}
