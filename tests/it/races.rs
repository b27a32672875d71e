//! Races around one approval: every order of what owner, recipient, clock and process can do, compared with a model.
//!
//! Each order is played twice: once with the engine coming to rest after every step, where the model says exactly what becomes of the mail; and once with one step right
//! after the other, where only the promises hold.

use bbb::core::event::{Event, Outcome, Payload, Signal};
use bbb::core::id::ProposalId;
use bbb::core::spec::Autonomy;
use bbb::core::state::State;
use bbb::core::state::work::Stage;
use bbb::core::time::{DAY_MS, HOUR_MS};

use crate::faults::live;
use crate::run::on_one_thread;
use crate::support::scene::{ADA, Scene};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Approve,
    Veto,
    Pause,
    Resume,
    Stop,
    /// The clock jumps past the time until which the approval waits.
    Expire,
    /// The clock jumps back.
    Back,
    Unsubscribe,
    Restart,
}

const STEPS: [Step; 9] =
    [Step::Approve, Step::Veto, Step::Pause, Step::Resume, Step::Stop, Step::Expire, Step::Back, Step::Unsubscribe, Step::Restart];

/// What becomes of the mail, step by step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Waiting,
    Approved,
    Refused,
    Sent,
}

#[derive(Debug)]
struct Model {
    fate: Fate,
    paused: bool,
    over: bool,
    unsubscribed: bool,
}

impl Model {
    /// What follows from a step, once the engine is at rest.
    fn follow(&mut self, step: Step) {
        match step {
            Step::Stop if !self.over => {
                self.over = true;
                if self.fate == Fate::Waiting {
                    self.fate = Fate::Refused;
                }
            }
            _ if self.over => {}
            Step::Approve if self.fate == Fate::Waiting => self.fate = Fate::Approved,
            Step::Veto | Step::Expire if self.fate == Fate::Waiting => self.fate = Fate::Refused,
            Step::Pause => self.paused = true,
            Step::Resume => self.paused = false,
            Step::Unsubscribe => self.unsubscribed = true,
            _ => {}
        }
        if self.fate == Fate::Approved && !self.paused && !self.over {
            self.fate = if self.unsubscribed { Fate::Refused } else { Fate::Sent };
        }
    }
}

fn waiting(state: &State) -> Option<ProposalId> {
    let waits = |open: &&bbb::core::state::work::Open| {
        matches!(open.proposal.action, bbb::core::action::Action::SendEmail(_)) && matches!(open.stage, Stage::Waiting { .. })
    };
    state.work.proposals.values().find(waits).map(|open| open.proposal.id)
}

/// A business whose one lead's mail waits for the owner, and that mail.
async fn asked() -> (Scene, ProposalId) {
    let mut spec = live(false);
    spec.autonomy_by_kind = [(bbb::core::action::ActionKind::SendEmail, Autonomy::ASK)].into();
    let scene = Scene::begin(spec, &[ADA], |_| ()).await;
    let mail = scene.until(|state| waiting(state)).await;
    (scene, mail)
}

async fn take(scene: &mut Scene, mail: ProposalId, step: Step) {
    // What does not fit is refused, and changes nothing.
    match step {
        Step::Approve => drop(scene.business.approve(mail).await),
        Step::Veto => drop(scene.business.veto(mail, "a test").await),
        Step::Pause => drop(scene.business.pause("a test").await),
        Step::Resume => drop(scene.business.resume().await),
        Step::Stop => drop(scene.business.stop().await),
        Step::Expire => scene.clock.pass(8 * DAY_MS),
        Step::Back => scene.clock.pass(-3 * HOUR_MS),
        Step::Unsubscribe => drop(scene.hear("stop", Signal::Unsubscribed { contact: scene.ada() }).await),
        Step::Restart => {
            scene.business.passivate().await;
            let world = scene.world.clone();
            scene.business = scene.engine.resume(scene.id(), |_| Ok(world)).await.unwrap();
        }
    }
}

fn count(events: &[Event], wanted: impl Fn(&Payload) -> bool) -> usize {
    events.iter().filter(|event| wanted(&event.payload)).count()
}

fn orders() -> impl Iterator<Item = [Step; 3]> {
    STEPS.into_iter().flat_map(|first| STEPS.into_iter().flat_map(move |second| STEPS.into_iter().map(move |third| [first, second, third])))
}

#[test]
fn every_order_of_answers_pauses_expiry_and_restarts_ends_as_the_model_says() {
    let mut sent = 0;
    for order in orders() {
        on_one_thread(async {
            let (mut scene, mail) = asked().await;
            let mut model = Model { fate: Fate::Waiting, paused: false, over: false, unsubscribed: false };
            for step in order {
                take(&mut scene, mail, step).await;
                scene.rest().await;
                model.follow(step);
            }
            let events = scene.events().await;
            let begun = count(&events, |payload| matches!(payload, Payload::Intended { proposal, .. } if *proposal == mail));
            let done = count(
                &events,
                |payload| matches!(payload, Payload::Settled { proposal, outcome: Outcome::Done { .. }, .. } if *proposal == mail),
            );
            let expected = usize::from(model.fate == Fate::Sent);
            assert_eq!((begun, done), (expected, expected), "{order:?}: {model:?}");
            sent += expected;
        });
    }
    assert!(sent > 50, "{sent} orders let the mail out");
}

#[test]
fn no_order_without_rest_lets_out_what_was_not_approved_or_lets_it_out_twice() {
    for order in orders() {
        on_one_thread(async {
            let (mut scene, mail) = asked().await;
            for step in order {
                take(&mut scene, mail, step).await;
            }
            scene.rest().await;
            let events = scene.events().await;
            let approved =
                count(&events, |payload| matches!(payload, Payload::Answered { proposal, approve: true, .. } if *proposal == mail));
            let begun = count(&events, |payload| matches!(payload, Payload::Intended { proposal, .. } if *proposal == mail));
            assert!(begun <= approved && approved <= 1, "{order:?}: {approved} approvals, begun {begun} times");
            let place = |step| order.iter().position(|found| *found == step);
            let too_late = place(Step::Expire).is_some_and(|expired| place(Step::Approve).is_some_and(|answered| expired < answered));
            assert!(!too_late || approved == 0, "{order:?}: approved after its time, though nobody had looked at the clock");
        });
    }
}
