//! Act: the runner consumes permits and calls the ports. It never waits inside an actor's handler: each effect is a task of its own, and its report
//! comes back as a message.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use std::time::Duration;

use bbb_core::action::Action;
use bbb_core::id::ProposalId;
use bbb_core::limits::MAX_EFFECT_MS;
use bbb_core::oversight::permit::{Granted, UseMark};
use bbb_core::port::{Failure, Ports, Verification};
use bbb_core::settle::Report;
use futures_util::FutureExt;
use tokio::time::timeout;

/// The longest that an effect, or a question about one, may take.
const TIME_LIMIT: Duration = Duration::from_millis(MAX_EFFECT_MS);

/// Keeps an effect that got its permit from beginning after all. An adapter may prepare for long before it uses its permit, and a pause must not wait for it.
#[derive(Debug)]
pub(crate) struct Gate {
    mark: UseMark,
    shut: Arc<Mutex<bool>>,
}

impl Gate {
    /// Shuts the gate; says whether that was in time. If it was, the effect has not begun and never will.
    pub(crate) fn shut(&self) -> bool {
        let mut shut = self.shut.lock().unwrap_or_else(PoisonError::into_inner);
        *shut |= !self.mark.was_used();
        *shut
    }
}

/// Carries out one effect and reports how it ended. A port that panics or takes too long has lost the answer if it had begun, and has done nothing if it had
/// not.
///
/// Until the permit is used, the port runs only while the gate is held open: whoever shuts the gate waits for one poll at most. A port must not hand its permit
/// to a task of its own.
pub(crate) fn perform(ports: Ports, granted: Granted) -> (Gate, impl Future<Output = (ProposalId, u32, Report)> + Send) {
    let (id, attempt) = (granted.grant().proposal, granted.grant().attempt);
    let (mark, shut) = (granted.use_mark(), Arc::<Mutex<bool>>::default());
    let gate = Gate { mark: mark.clone(), shut: Arc::clone(&shut) };
    let effect = async move {
        let mut effect = pin!(AssertUnwindSafe(ports.perform(granted)).catch_unwind());
        let answer = std::future::poll_fn(|context| {
            if mark.was_used() {
                return effect.as_mut().poll(context).map(Some);
            }
            let shut = shut.lock().unwrap_or_else(PoisonError::into_inner);
            if *shut { Poll::Ready(None) } else { effect.as_mut().poll(context).map(Some) }
        });
        let report = match timeout(TIME_LIMIT, answer).await {
            Ok(None) => Report::Unused("it was stopped before it began".to_owned()),
            Ok(Some(Ok(answer))) => Report::Answered(answer),
            Ok(Some(Err(_))) if mark.was_used() => Report::LostAnswer("the adapter failed after it had begun".to_owned()),
            Ok(Some(Err(_))) => Report::Answered(Err(Failure::Permanent("the adapter failed before it had begun".to_owned()))),
            Err(_) if mark.was_used() => Report::LostAnswer(format!("no answer came within {} s", TIME_LIMIT.as_secs())),
            Err(_) => Report::Answered(Err(Failure::Temporary(format!("it did not begin within {} s", TIME_LIMIT.as_secs())))),
        };
        (id, attempt, report)
    };
    (gate, effect)
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
