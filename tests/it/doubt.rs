//! Effects whose answer does not come: nothing that may have happened is forgotten, repeated under another key, or waited for without end.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bbb::core::action::{ActionKind, SendEmail};
use bbb::core::event::{Event, Outcome, Payload, Recovery, Signal};
use bbb::core::id::ProposalId;
use bbb::core::journal::store::BoxFuture;
use bbb::core::limits::{MAX_EFFECT_ATTEMPTS, MAX_EFFECT_MS};
use bbb::core::observe::Arrival;
use bbb::core::port::Verification;
use bbb::core::receipt::MailReceipt;
use bbb::core::state::State;
use bbb::core::state::work::Stage;
use bbb::core::time::{HOUR_MS, MINUTE_MS};
use bbb::prelude::*;

use crate::faults::live;
use crate::run::on_one_thread;
use crate::support::scene::{ADA, Scene};

/// What becomes of one mail.
#[derive(Debug, Clone, Copy)]
enum Fate {
    Sent,
    Unknown,
    Temporary,
    Permanent,
    Hangs,
    HangsBefore,
}

/// A mail provider that is told what to do, and notes under which keys it was asked.
struct Provider {
    recovery: Recovery,
    fates: Mutex<VecDeque<Fate>>,
    keys: Mutex<Vec<String>>,
    known: Verification<()>,
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn receipt() -> MailReceipt {
    MailReceipt { message_id: "one".to_owned(), response: "250".to_owned() }
}

impl Port<SendEmail> for Provider {
    fn recovery(&self) -> Recovery {
        self.recovery
    }

    fn perform(&self, permit: Permit<SendEmail>) -> BoxFuture<'_, Result<MailReceipt, Failure>> {
        let fate = locked(&self.fates).pop_front().unwrap_or(Fate::Sent);
        Box::pin(async move {
            if matches!(fate, Fate::HangsBefore) {
                std::future::pending::<()>().await;
            }
            let begun = permit.begin()?;
            locked(&self.keys).push(begun.grant.key);
            match fate {
                Fate::Sent => Ok(receipt()),
                Fate::Unknown => Err(Failure::Unknown("no answer".to_owned())),
                Fate::Temporary => Err(Failure::Temporary("busy".to_owned())),
                Fate::Permanent => Err(Failure::Permanent("never".to_owned())),
                Fate::Hangs | Fate::HangsBefore => std::future::pending().await,
            }
        })
    }

    fn verify<'a>(&'a self, _: &'a str, _: &'a SendEmail) -> BoxFuture<'a, Verification<MailReceipt>> {
        let known = match &self.known {
            Verification::Happened(()) => Verification::Happened(receipt()),
            Verification::DidNotHappen => Verification::DidNotHappen,
            Verification::Unknown(reason) => Verification::Unknown(reason.clone()),
        };
        Box::pin(std::future::ready(known))
    }
}

impl Provider {
    /// A live business with one lead, which it writes to through this provider as soon as it is launched.
    async fn begin(recovery: Recovery, fates: &[Fate], known: Verification<()>) -> (Scene, Arc<Provider>) {
        let provider = Provider { recovery, fates: Mutex::new(fates.iter().copied().collect()), keys: Mutex::default(), known };
        let provider = Arc::new(provider);
        (business_with(provider.clone()).await, provider)
    }

    /// Lets time pass until the first mail has been tried.
    async fn first_attempt(&self, scene: &Scene) -> Arc<State> {
        scene.until(|state| locked(&self.fates).is_empty().then(|| Arc::clone(state))).await
    }

    fn keys(&self) -> Vec<String> {
        locked(&self.keys).clone()
    }
}

/// A live business with one lead and this mail provider.
async fn business_with(provider: Arc<dyn Port<SendEmail>>) -> Scene {
    Scene::begin(live(false), &[ADA], |ports| ports.send_email = Some(provider)).await
}

/// The mail that is not closed, and where it stands.
fn mail(state: &State) -> Option<(ProposalId, Stage)> {
    let is_mail = |(_, open): &(&ProposalId, &bbb::core::state::work::Open)| open.proposal.action.kind() == ActionKind::SendEmail;
    state.work.proposals.iter().find(is_mail).map(|(id, open)| (*id, open.stage.clone()))
}

fn outcomes(events: &[Event], id: ProposalId) -> Vec<&Outcome> {
    let outcome = |event| match event {
        &Event { payload: Payload::Settled { proposal, ref outcome, .. }, .. } if proposal == id => Some(outcome),
        _ => None,
    };
    events.iter().filter_map(outcome).collect()
}

/// For providers whose class says that they are never asked.
const NOT_ASKED: Verification<()> = Verification::DidNotHappen;

#[test]
fn an_unanswered_effect_keeps_its_hold_and_is_tried_again_under_the_same_key() {
    on_one_thread(async {
        let (scene, provider) = Provider::begin(Recovery::Idempotent, &[Fate::Unknown], NOT_ASKED).await;
        let state = provider.first_attempt(&scene).await;
        let Some((id, Stage::Unanswered { attempt: 1, .. })) = mail(&state) else { panic!("{:?}", mail(&state)) };
        assert_eq!((state.books.messages.held, state.books.messages.spent), (1, 0));
        let state = scene.after(MINUTE_MS).await;
        assert_eq!(mail(&state), None, "it has its receipt");
        assert_eq!((state.books.messages.held, state.books.messages.spent, state.books.messages.today), (0, 1, 1), "counted once");
        let keys = provider.keys();
        assert!(keys.len() == 2 && keys[0] == keys[1], "{keys:?}");
        assert!(matches!(outcomes(&scene.events().await, id)[..], [Outcome::Unanswered { .. }, Outcome::Done { .. }]));
    });
}

#[test]
fn an_unanswered_effect_that_may_no_longer_be_tried_is_in_doubt() {
    on_one_thread(async {
        let (scene, provider) = Provider::begin(Recovery::Idempotent, &[Fate::Unknown], NOT_ASKED).await;
        provider.first_attempt(&scene).await;
        scene.hear("stop", Signal::Unsubscribed { contact: scene.ada() }).await.unwrap();
        let state = scene.after(MINUTE_MS).await;
        let Some((id, Stage::InDoubt { .. })) = mail(&state) else { panic!("{:?}", mail(&state)) };
        assert_eq!(state.books.messages.held, 1, "what may have been sent stays held");
        scene.business.command(Command::ResolveDoubt(id, true)).await.unwrap();
        let state = scene.rest().await;
        assert_eq!((state.books.messages.held, state.books.messages.spent), (0, 1));
        assert_eq!(provider.keys().len(), 1, "nobody is written to after unsubscribing");
        assert!(scene.events().await.iter().any(|event| matches!(event.payload, Payload::Doubted { .. })));
    });
}

#[test]
fn a_later_failure_does_not_prove_that_an_unanswered_effect_never_happened() {
    for later in [Fate::Temporary, Fate::Permanent] {
        on_one_thread(async {
            let (scene, provider) = Provider::begin(Recovery::Idempotent, &[Fate::Unknown], NOT_ASKED).await;
            provider.first_attempt(&scene).await;
            locked(&provider.fates).push_back(later);
            let state = scene.after(MINUTE_MS).await;
            assert!(matches!(mail(&state), Some((_, Stage::Unanswered { attempt: 2, .. }))), "{later:?}: {:?}", mail(&state));
        });
    }
    on_one_thread(async {
        let (scene, provider) = Provider::begin(Recovery::Idempotent, &[Fate::Unknown], NOT_ASKED).await;
        provider.first_attempt(&scene).await;
        for _ in 1..MAX_EFFECT_ATTEMPTS {
            locked(&provider.fates).push_back(Fate::Temporary);
            scene.after(HOUR_MS).await;
        }
        let state = scene.rest().await;
        assert!(matches!(mail(&state), Some((_, Stage::InDoubt { .. }))), "{:?}", mail(&state));
        assert_eq!(state.books.messages.held, 1);
    });
}

#[test]
fn an_effect_of_an_earlier_process_is_not_forgotten_by_a_pause() {
    on_one_thread(async {
        let (mut scene, provider) = Provider::begin(Recovery::Idempotent, &[Fate::Hangs], NOT_ASKED).await;
        provider.first_attempt(&scene).await;
        scene.business.pause("holidays").await.unwrap();
        let state = scene.restart().await;
        assert!(matches!(mail(&state), Some((_, Stage::Unanswered { .. }))), "{:?}", mail(&state));
        assert_eq!((state.books.messages.held, provider.keys().len()), (1, 1));
        scene.business.resume().await.unwrap();
        let state = scene.after(HOUR_MS).await;
        assert_eq!((mail(&state), state.books.messages.spent), (None, 1));
        let keys = provider.keys();
        assert!(keys.len() == 2 && keys[0] == keys[1], "{keys:?}");
        scene.events().await;
    });
}

#[test]
fn an_effect_of_an_earlier_process_leaves_again_only_after_a_second_look() {
    for wrong_by_now in [false, true] {
        on_one_thread(async {
            let (mut scene, provider) = Provider::begin(Recovery::Idempotent, &[Fate::Hangs], NOT_ASKED).await;
            provider.first_attempt(&scene).await;
            if wrong_by_now {
                scene.hear("stop", Signal::Unsubscribed { contact: scene.ada() }).await.unwrap();
            }
            let state = scene.restart().await;
            assert!(matches!(mail(&state), Some((_, Stage::Unanswered { attempt: 1, .. }))), "{:?}", mail(&state));
            assert_eq!((state.books.messages.held, provider.keys().len()), (1, 1));
            let state = scene.after(MINUTE_MS).await;
            let keys = provider.keys();
            if wrong_by_now {
                assert!(matches!(mail(&state), Some((_, Stage::InDoubt { .. }))), "{:?}", mail(&state));
                assert_eq!((state.books.messages.held, keys.len()), (1, 1), "what may have left stays held, and nothing leaves again");
            } else {
                assert_eq!((mail(&state), state.books.messages.spent), (None, 1));
                assert!(keys.len() == 2 && keys[0] == keys[1], "{keys:?}");
            }
            scene.events().await;
        });
    }
}

#[test]
fn a_mail_that_was_held_back_by_pauses_leaves_all_the_same() {
    on_one_thread(async {
        let (scene, provider) = Provider::begin(Recovery::AtMostOnce, &[Fate::HangsBefore; 7], NOT_ASKED).await;
        for left in (0..7).rev() {
            scene.until(|_| (locked(&provider.fates).len() == left).then_some(())).await;
            scene.business.pause("a thought").await.unwrap();
            let state = scene.rest().await;
            assert!(matches!(mail(&state), Some((_, Stage::Approved { .. }))), "{:?}", mail(&state));
            scene.business.resume().await.unwrap();
        }
        let state = scene.rest().await;
        assert_eq!((mail(&state), state.books.messages.spent, provider.keys().len()), (None, 1, 1));
    });
}

#[test]
fn a_permit_that_an_adapter_hands_to_a_task_of_its_own_does_not_outlive_the_pause() {
    /// Prepares in the background, and lets nobody stop it.
    struct Runaway {
        go: Arc<tokio::sync::Notify>,
        begun: Arc<Mutex<Vec<bool>>>,
    }

    impl Port<SendEmail> for Runaway {
        fn recovery(&self) -> Recovery {
            Recovery::AtMostOnce
        }

        fn perform(&self, permit: Permit<SendEmail>) -> BoxFuture<'_, Result<MailReceipt, Failure>> {
            let (go, begun) = (Arc::clone(&self.go), Arc::clone(&self.begun));
            let task = tokio::spawn(async move {
                go.notified().await;
                locked(&begun).push(permit.begin().is_ok());
                Ok(receipt())
            });
            Box::pin(async move { task.await.unwrap_or_else(|_| Err(Failure::Unknown("gone".to_owned()))) })
        }
    }

    on_one_thread(async {
        let (go, begun) = (Arc::new(tokio::sync::Notify::new()), Arc::default());
        let runaway = Runaway { go: Arc::clone(&go), begun: Arc::clone(&begun) };
        let scene = business_with(Arc::new(runaway)).await;
        scene.until(|state| matches!(mail(state), Some((_, Stage::Held { .. }))).then_some(())).await;
        scene.business.pause("stop everything").await.unwrap();
        go.notify_waiters();
        scene.rest().await;
        assert_eq!(*locked(&begun), [false], "the pause came first");
    });
}

#[test]
fn stopping_leaves_nothing_unanswered() {
    on_one_thread(async {
        let (scene, provider) = Provider::begin(Recovery::Idempotent, &[Fate::Unknown], NOT_ASKED).await;
        provider.first_attempt(&scene).await;
        scene.business.stop().await.unwrap();
        let state = scene.business.wait().await.unwrap();
        assert!(matches!(mail(&state), Some((_, Stage::InDoubt { .. }))), "{:?}", mail(&state));
        scene.events().await;
    });
}

#[test]
fn a_provider_that_can_be_asked_is_asked_while_the_business_runs() {
    let unknown = || Verification::Unknown("ask later".to_owned());
    for (known, expected) in [(Verification::Happened(()), "sent"), (Verification::DidNotHappen, "retry"), (unknown(), "in doubt")] {
        on_one_thread(async {
            let (scene, provider) = Provider::begin(Recovery::Verifiable, &[Fate::Unknown], known).await;
            let state = provider.first_attempt(&scene).await;
            let found = match mail(&state) {
                None if state.books.messages.spent == 1 => "sent",
                Some((_, Stage::Retry { .. })) => "retry",
                Some((_, Stage::InDoubt { .. })) => "in doubt",
                other => panic!("{other:?}"),
            };
            assert_eq!(found, expected);
            scene.events().await;
        });
    }
}

#[test]
fn an_effect_that_takes_too_long_is_given_up_by_its_class() {
    use Recovery::{AtMostOnce, Idempotent};
    for (recovery, fate, expected) in
        [(AtMostOnce, Fate::Hangs, "in doubt"), (Idempotent, Fate::Hangs, "unanswered"), (AtMostOnce, Fate::HangsBefore, "retry")]
    {
        let paused = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        paused.block_on(async {
            let (scene, provider) = Provider::begin(recovery, &[fate], NOT_ASKED).await;
            let state = provider.first_attempt(&scene).await;
            assert!(matches!(mail(&state), Some((_, Stage::Held { .. }))), "{:?}", mail(&state));
            tokio::time::advance(Duration::from_millis(MAX_EFFECT_MS + 1)).await;
            let state = scene.rest().await;
            let found = match mail(&state) {
                Some((_, Stage::InDoubt { .. })) => "in doubt",
                Some((_, Stage::Unanswered { .. })) => "unanswered",
                Some((_, Stage::Retry { .. })) => "retry",
                other => panic!("{other:?}"),
            };
            assert_eq!(found, expected);
            scene.events().await;
        });
    }
}

#[test]
fn a_read_that_was_lost_is_repeated_soon_and_not_hours_later() {
    use bbb::core::action::QualifyLeads;
    use bbb::core::receipt::Scores;

    /// Scores leads, but never answers the first time.
    struct Scorer(Mutex<u32>);

    impl Port<QualifyLeads> for Scorer {
        fn recovery(&self) -> Recovery {
            Recovery::Repeatable
        }

        fn perform(&self, permit: Permit<QualifyLeads>) -> BoxFuture<'_, Result<Scores, Failure>> {
            *locked(&self.0) += 1;
            let first = *locked(&self.0) == 1;
            Box::pin(async move {
                let asked = permit.begin()?.action.contacts;
                if first {
                    std::future::pending::<()>().await;
                }
                Ok(Scores { fit: asked.into_iter().map(|contact| (contact, 90)).collect() })
            })
        }
    }

    on_one_thread(async {
        let scorer = Arc::new(Scorer(Mutex::new(0)));
        let mut scene = Scene::begin(live(false), &[ADA], |ports| ports.qualify_leads = Some(scorer.clone())).await;
        let asked = || *locked(&scorer.0);
        scene.until(|_| (asked() > 0).then_some(())).await;
        scene.restart().await;
        let state = scene.after(MINUTE_MS).await;
        assert_eq!((asked(), state.trade.contacts.values().filter(|contact| contact.fit.is_some()).count()), (2, 1));
    });
}

#[test]
fn a_launch_takes_what_it_knows_with_it_or_does_not_happen() {
    on_one_thread(async {
        let (scene, _) = Provider::begin(Recovery::AtMostOnce, &[], NOT_ASKED).await;
        let first = scene.events().await;
        let state = State::replay(scene.spec.id(), &first).unwrap().unwrap();
        assert_eq!(state.trade.leads, 1);
        let (engine, vault) = (&scene.engine, &scene.vault);
        let mut other = scene.spec.clone();
        other.nonce = "another".to_owned();
        let known = Scene::lead(vault, ADA);
        let order = Signal::Churned { order: bbb::core::id::OrderId::new(7) };
        let unknown = Arrival { source: "outside".to_owned(), external_id: "7".to_owned(), signal: order };
        let refused = engine.launch_with(other.clone(), scene.world.clone(), vec![known.clone(), unknown]).await;
        assert!(matches!(refused, Err(bbb::agents::engine::Error::BadArrival(_))), "{refused:?}");
        assert!(engine.peek(other.id()).await.is_err(), "nothing of it is in the store");
        let business = engine.launch_with(other, scene.world.clone(), vec![known.clone(), known]).await.unwrap();
        assert_eq!(business.status().await.unwrap().trade.leads, 1, "the same lead twice is one lead");
    });
}
