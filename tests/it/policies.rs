//! Owners' policies of a business whose journal fails just when they change: what the journal says is what is kept.

use std::sync::Arc;

use bbb::core::event::Recovery;
use bbb::core::id::BusinessId;
use bbb::core::oversight::charter::Charter;
use bbb::core::seal::{DerivedKeys, Vault};
use bbb::host::data_dir::DataDir;
use bbb::host::service::Service;
use bbb::prelude::*;

use crate::faults::ports::Outside;
use crate::faults::store::{Fault, FlakyStore};
use crate::faults::{START, live};
use crate::run::on_one_thread;
use crate::worlds::{Clock, come_to_rest};

const OLD: &str = "@id(\"old\") forbid (principal, action == Action::\"run_ads\", resource);\n";
const NEW: &str = "@id(\"new\") forbid (principal, action == Action::\"run_ads\", resource);\n";

/// Changes the policies of a running business while the journal fails in this way; says what was answered, and the ids of the policies that are kept.
async fn put(fault: Fault) -> (Result<(), bbb::host::fault::Fault>, Vec<String>) {
    let directory = tempfile::tempdir().unwrap();
    let store = Arc::new(FlakyStore::default());
    let service = Service::new(DataDir::create(directory.path()).unwrap(), Arc::<FlakyStore>::clone(&store));
    let clock = Clock::at(START);
    let vault = Vault::new(Arc::new(DerivedKeys::new(Seed::new(1))));
    let world = World::live(Outside::new(Arc::clone(&store), &[]).ports(&[Recovery::AtMostOnce]), vault, clock.told());
    let spec = service.engine().prepare(live(false));
    let business = service.start(spec.id(), None, service.engine().launch(spec, world.clone())).await.unwrap();
    let id: BusinessId = business.id();
    come_to_rest(&business).await;
    service.command(id, Command::SetCharter(OLD.to_owned())).await.unwrap();
    come_to_rest(&business).await;

    store.break_next(Some(fault));
    let answer = service.command(id, Command::SetCharter(NEW.to_owned())).await;
    let text = std::fs::read_to_string(directory.path().join(format!("{id}.charter.cedar"))).unwrap();
    let kept = service.charter(id).await.unwrap();
    assert_eq!(kept.owner_text(), text, "what is kept is what holds");
    assert!(!directory.path().join(format!("{id}.charter.next.cedar")).exists(), "nothing is left over");

    // Whoever goes on from the journal does so under what is kept, and under nothing else.
    business.passivate().await;
    service.ended(id);
    let resume = |charter: Charter| Engine::builder(Arc::<FlakyStore>::clone(&store)).charter(charter).build();
    let other = if kept.owner_text() == NEW { OLD } else { NEW };
    let refused = resume(Charter::with_owner_policies("other", other).unwrap()).resume(id, |_| Ok(world.clone())).await;
    assert!(matches!(refused, Err(bbb::agents::engine::Error::OtherPolicies(_))), "{refused:?}");
    resume(kept.clone()).resume(id, |_| Ok(world.clone())).await.unwrap().passivate().await;
    (answer, kept.policies().filter(|info| info.owners).map(|info| info.id.to_owned()).collect())
}

#[test]
fn policies_that_were_reported_failed_and_written_all_the_same_are_kept() {
    let (answer, kept) = on_one_thread(put(Fault::After));
    assert!(answer.is_err_and(|fault| fault.message.contains("the journal failed")), "its owner is told to look");
    assert_eq!(kept, ["new"]);
}

#[test]
fn policies_that_were_not_written_leave_the_old_ones_where_they_are() {
    let (answer, kept) = on_one_thread(put(Fault::Before));
    assert!(answer.is_err_and(|fault| fault.message.contains("the journal failed")));
    assert_eq!(kept, ["old"]);
}
