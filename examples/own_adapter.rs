//! An own adapter: a price list that the engine may change. The port takes a permit, and only oversight can make one.
//!
//! Run with `cargo run --example own_adapter`.

use std::sync::{Arc, Mutex, PoisonError};

use bbb::core::action::{QualifyLeads, SendEmail};
use bbb::core::blueprint::Channel;
use bbb::core::event::{Profile, Recovery, Signal};
use bbb::core::journal::store::BoxFuture;
use bbb::core::observe::Arrival;
use bbb::core::projection::timeline;
use bbb::core::receipt::{MailReceipt, Scores};
use bbb::core::seal::{DerivedKeys, Vault};
use bbb::core::spec::{Autonomy, Sender, WorldKind};
use bbb::core::time::Timestamp;
use bbb::prelude::*;

/// Sends nothing, and remembers under which key it was asked to.
#[derive(Default)]
struct Outbox(Mutex<Vec<String>>);

impl Port<SendEmail> for Outbox {
    fn recovery(&self) -> Recovery {
        Recovery::Idempotent
    }

    fn perform(&self, permit: Permit<SendEmail>) -> BoxFuture<'_, Result<MailReceipt, Failure>> {
        Box::pin(async move {
            let begun = permit.begin()?;
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push(begun.grant.key.clone());
            Ok(MailReceipt { message_id: begun.grant.key, response: "250 kept in memory".to_owned() })
        })
    }
}

/// Finds every lead fit.
struct Optimist;

impl Port<QualifyLeads> for Optimist {
    fn recovery(&self) -> Recovery {
        Recovery::Repeatable
    }

    fn perform(&self, permit: Permit<QualifyLeads>) -> BoxFuture<'_, Result<Scores, Failure>> {
        Box::pin(async move {
            let begun = permit.begin()?;
            Ok(Scores { fit: begun.action.contacts.into_iter().map(|contact| (contact, 100)).collect() })
        })
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let outbox = Arc::new(Outbox::default());
    let mut ports = Ports::default();
    ports.send_email = Some(outbox.clone());
    ports.qualify_leads = Some(Arc::new(Optimist));

    let vault = Vault::new(Arc::new(DerivedKeys::new(Seed::new(1))));
    let (origin, blueprint) = blueprint::resolve("SEO Content Agency for Local Businesses")?;
    let start = Timestamp::from_ms(1_800_000_000_000);
    let mut spec = Spec::simulated(origin, blueprint, Seed::new(1), 1);
    (spec.world, spec.start, spec.end, spec.autonomy) = (WorldKind::Live, start, None, Autonomy::ASK);
    // Oversight lets no live mail out whose sender could not be answered.
    spec.sender = Sender {
        name: "Local Words".to_owned(),
        address: "hello@local-words.com".to_owned(),
        postal_address: "12 Market Street, Springfield".to_owned(),
        unsubscribe: "mailto:stop@local-words.com".to_owned(),
    };
    let engine = Engine::builder(Arc::new(MemoryStore::new())).build();
    let business = engine.launch(spec, World::live(ports, vault.clone(), Arc::new(move || start))).await?;

    let profile =
        Profile { email: "ada@example.com".to_owned(), name: "Ada".to_owned(), company: "Engines".to_owned(), note: String::new() };
    let contact = vault.contact_id(&profile.email);
    let profile = vault.seal(contact, &serde_json::to_string(&profile)?)?;
    let signal = Signal::LeadArrived { contact, channel: Channel::Email, consent: true, profile };
    let mut events = business.subscribe().await?;
    business.receive(vec![Arrival { source: "example".to_owned(), external_id: "ada".to_owned(), signal }]).await?;

    // At autonomy 2 the owner is asked before every effect; here the owner says yes to the first question.
    while let Some(event) = events.recv().await {
        println!("{}", timeline::line(&event));
        match &event.payload {
            bbb::core::event::Payload::Reviewed { proposal, expires_at: Some(_), .. } => business.approve(*proposal).await?,
            bbb::core::event::Payload::Settled { outcome, .. } if !outbox.0.lock().unwrap_or_else(PoisonError::into_inner).is_empty() => {
                println!("{outcome:?}");
                break;
            }
            _ => {}
        }
    }
    business.stop().await?;
    Ok(())
}
