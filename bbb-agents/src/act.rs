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
