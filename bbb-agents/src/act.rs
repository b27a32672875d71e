//! Act: the runner consumes permits and calls the ports. It never waits inside an actor's handler: each effect is a task of its own, and its report
//! comes back as a message.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use bbb_core::action::Action;
use bbb_core::id::ProposalId;
use bbb_core::limits::MAX_EFFECT_MS;
use bbb_core::oversight::permit::Granted;
use bbb_core::port::{Failure, Ports, Verification};
use bbb_core::settle::Report;
use futures_util::FutureExt;
use tokio::time::timeout;

/// The longest that a question about an effect may take.
const TIME_LIMIT: Duration = Duration::from_millis(MAX_EFFECT_MS);

/// Carries out one effect and reports how it ended. A port that panics or takes too long has lost the answer if it had begun, and has done nothing if it had
/// not. Once this is over the permit is used or revoked, whatever the port did with it.
pub(crate) fn perform(ports: Ports, granted: Granted) -> impl Future<Output = (ProposalId, u32, Report)> + Send {
    let (id, attempt) = (granted.grant().proposal, granted.grant().attempt);
    let (use_mark, limit) = (granted.use_mark(), ports.time_limit(granted.kind()));
    async move {
        let effect = AssertUnwindSafe(ports.perform(granted)).catch_unwind();
        let answer = match limit {
            Some(limit) => timeout(limit, effect).await.map_err(|_| limit),
            None => Ok(effect.await),
        };
        let never_begun = use_mark.revoke();
        let report = match answer {
            Ok(Ok(answer)) => Report::Answered(answer),
            Ok(Err(_)) if never_begun => Report::Answered(Err(Failure::Permanent("the adapter failed before it had begun".to_owned()))),
            Ok(Err(_)) => Report::LostAnswer("the adapter failed after it had begun".to_owned()),
            Err(limit) if never_begun => {
                Report::Answered(Err(Failure::Temporary(format!("it did not begin within {} s", limit.as_secs()))))
            }
            Err(limit) => Report::LostAnswer(format!("no answer came within {} s", limit.as_secs())),
        };
        (id, attempt, report)
    }
}

/// Asks a provider what became of an effect whose answer was lost. A port that panics could not tell.
pub(crate) async fn verify(ports: Ports, id: ProposalId, attempt: u32, key: String, action: Action) -> (ProposalId, u32, Report) {
    let report = match timeout(TIME_LIMIT, AssertUnwindSafe(ports.verify(&key, &action)).catch_unwind()).await {
        Ok(Ok(Verification::Happened(receipt))) => Report::Answered(Ok(receipt)),
        Ok(Ok(Verification::DidNotHappen)) => {
            Report::Answered(Err(Failure::Temporary("the provider says that it did not happen".to_owned())))
        }
        Ok(Ok(Verification::Unknown(reason))) => Report::LostAnswer(reason),
        Ok(Err(_)) => Report::LostAnswer("the adapter failed while it asked".to_owned()),
        Err(_) => Report::LostAnswer("the provider did not say in time what became of it".to_owned()),
    };
    (id, attempt, report)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bbb_core::action::SetPrice;
    use bbb_core::blueprint;
    use bbb_core::draw::Seed;
    use bbb_core::event::{Event, Payload, Proposal, Recovery};
    use bbb_core::id::TaskId;
    use bbb_core::journal::memory::MemoryStore;
    use bbb_core::journal::store::BoxFuture;
    use bbb_core::journal::writer::Journal;
    use bbb_core::money::Cents;
    use bbb_core::oversight::Oversight;
    use bbb_core::oversight::charter::Charter;
    use bbb_core::oversight::permit::Permit;
    use bbb_core::port::Port;
    use bbb_core::receipt::PriceReceipt;
    use bbb_core::round::Round;
    use bbb_core::seal::{DerivedKeys, Vault};
    use bbb_core::spec::Spec;
    use bbb_core::state::State;
    use bbb_core::task::{NewTask, TaskKind};
    use bbb_core::time::DAY_MS;

    use super::*;

    /// How an adapter behaves.
    #[derive(Debug, Clone, Copy, PartialEq)]
    enum Way {
        Answers,
        Refuses,
        Panics,
        Hangs,
    }

    /// An adapter that begins the effect or does not, and then behaves in its way.
    struct Scripted {
        begins: bool,
        way: Way,
    }

    impl Port<SetPrice> for Scripted {
        fn recovery(&self) -> Recovery {
            Recovery::Verifiable
        }

        fn perform(&self, permit: Permit<SetPrice>) -> BoxFuture<'_, Result<PriceReceipt, Failure>> {
            Box::pin(async move {
                let price = permit.action().price;
                // One that does not begin keeps its permit as long as it lives.
                let kept = if self.begins { permit.begin().map(|_| None)? } else { Some(permit) };
                let answer = self.behave(price).await;
                drop(kept);
                answer
            })
        }

        fn verify<'a>(&'a self, _: &'a str, action: &'a SetPrice) -> BoxFuture<'a, Verification<PriceReceipt>> {
            Box::pin(async move {
                match self.behave(action.price).await {
                    Ok(receipt) => Verification::Happened(receipt),
                    Err(_) if self.begins => Verification::Unknown("ask later".to_owned()),
                    Err(_) => Verification::DidNotHappen,
                }
            })
        }
    }

    impl Scripted {
        async fn behave(&self, price: Cents) -> Result<PriceReceipt, Failure> {
            match self.way {
                Way::Answers => Ok(PriceReceipt { price }),
                Way::Refuses => Err(Failure::Permanent("no".to_owned())),
                Way::Panics => panic!("an adapter with a fault"),
                Way::Hangs => std::future::pending().await,
            }
        }
    }

    fn ports(begins: bool, way: Way) -> Ports {
        let mut ports = Ports::default();
        ports.set_price = Some(Arc::new(Scripted { begins, way }));
        ports
    }

    /// A permit to set a price: proposed, approved and committed, as there is no other way to one.
    async fn permit(ports: &Ports) -> Granted {
        let vault = Vault::new(Arc::new(DerivedKeys::new(Seed::new(1))));
        let (origin, blueprint) = blueprint::resolve("podcast-production-studio").expect("a template");
        let price = blueprint.price;
        let mut spec = Spec::simulated(origin, blueprint, Seed::new(1), 30);
        spec.versions.charter = Charter::shipped().digest();
        let (business, start) = (spec.id(), spec.start);
        let launch = Event { sequence: 1, at: start, cause: 0, payload: Payload::Launched { spec: Box::new(spec), market: None } };
        let mut journal = Journal::open(Arc::new(MemoryStore::new()), business).await.expect("memory does not fail");
        let mut round = Round::new(State::launch(business, &launch).expect("a launch"), start);
        let (task, kind) = (TaskId::new(0), TaskKind::ReviewPrice);
        let order = NewTask::new(kind, 50, start.plus_ms(DAY_MS));
        let (id, rationale) = (ProposalId::new(0), "a test".to_owned());
        let proposal =
            Proposal { id, task, role: kind.role(), action: SetPrice { price }.into(), confidence: 80, rationale, reviews: None };
        for payload in
            [Payload::TaskCreated { task, order }, Payload::TaskStarted { task }, Payload::Proposed { proposal: Box::new(proposal) }]
        {
            round.stage(payload, 0).expect("fits");
        }
        let oversight = Oversight::new(Charter::shipped().clone(), vault, ports);
        oversight.review(&mut round).expect("fits");
        let events: Vec<Event> = std::iter::once(launch).chain(round.take_staged()).collect();
        let acknowledgement = journal.commit(&events, None, false).await.expect("memory does not fail");
        oversight.mint(acknowledgement, round.state(), start).remove(0).expect("an approved intent gets its permit")
    }

    /// What is reported of an effect, and whether its permit could still be taken back.
    async fn reported(begins: bool, way: Way) -> Report {
        let ports = ports(begins, way);
        let granted = permit(&ports).await;
        let mark = granted.use_mark();
        let (id, attempt, report) = perform(ports, granted).await;
        assert_eq!((id, attempt), (ProposalId::new(0), 1));
        assert_eq!(mark.revoke(), !begins, "an effect that was not begun never begins");
        report
    }

    #[tokio::test(start_paused = true)]
    async fn an_effect_that_had_not_begun_did_not_happen_and_one_that_had_may_have() {
        for begins in [true, false] {
            assert!(matches!(reported(begins, Way::Answers).await, Report::Answered(Ok(_))));
            assert!(matches!(reported(begins, Way::Refuses).await, Report::Answered(Err(Failure::Permanent(_)))));
        }
        assert!(matches!(reported(false, Way::Panics).await, Report::Answered(Err(Failure::Permanent(_)))));
        assert!(matches!(reported(false, Way::Hangs).await, Report::Answered(Err(Failure::Temporary(_)))));
        for way in [Way::Panics, Way::Hangs] {
            assert!(matches!(reported(true, way).await, Report::LostAnswer(_)), "{way:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_provider_that_cannot_tell_leaves_the_effect_in_doubt() {
        let told = |begins: bool, way: Way| async move {
            let price = Cents::from_dollars(5);
            let (id, attempt, report) =
                verify(ports(begins, way), ProposalId::new(3), 2, "key".to_owned(), SetPrice { price }.into()).await;
            assert_eq!((id, attempt), (ProposalId::new(3), 2));
            report
        };
        assert!(matches!(told(true, Way::Answers).await, Report::Answered(Ok(_))));
        assert!(matches!(told(false, Way::Refuses).await, Report::Answered(Err(Failure::Temporary(_)))));
        for (begins, way) in [(true, Way::Refuses), (false, Way::Panics), (false, Way::Hangs)] {
            assert!(matches!(told(begins, way).await, Report::LostAnswer(_)), "{way:?}");
        }
    }
}
