//! Act: the runner consumes permits and calls the ports. It never waits inside an actor's handler: each effect is a task of its own, and its report
//! comes back as a message.

use std::future::Future;
use std::panic::AssertUnwindSafe;

use bbb_core::action::Action;
use bbb_core::id::ProposalId;
use bbb_core::oversight::permit::Granted;
use bbb_core::port::{Failure, Ports, Verification};
use bbb_core::settle::Report;
use futures_util::FutureExt;

/// Carries out one effect and reports how it ended. A port that panics has lost the answer if it had begun, and has done nothing if it had not.
pub fn perform(ports: Ports, granted: Granted) -> impl Future<Output = (ProposalId, u32, Report)> + Send {
    let (id, attempt) = (granted.grant().proposal, granted.grant().attempt);
    let mark = granted.use_mark();
    async move {
        let report = match AssertUnwindSafe(ports.perform(granted)).catch_unwind().await {
            Ok(answer) => Report::Answered(answer),
            Err(_) if mark.was_used() => Report::LostAnswer("the adapter failed after it had begun".to_owned()),
            Err(_) => Report::Answered(Err(Failure::Permanent("the adapter failed before it had begun".to_owned()))),
        };
        (id, attempt, report)
    }
}

/// Asks a provider what became of an effect whose answer was lost.
pub async fn verify(ports: Ports, id: ProposalId, attempt: u32, key: String, action: Action) -> (ProposalId, u32, Report) {
    let report = match ports.verify(&key, &action).await {
        Verification::Happened(receipt) => Report::Answered(Ok(receipt)),
        Verification::DidNotHappen => Report::Answered(Err(Failure::Temporary("the provider says that it did not happen".to_owned()))),
        Verification::Unknown(reason) => Report::LostAnswer(reason),
    };
    (id, attempt, report)
}
