//! The messages between the actors of one business.

use std::sync::Arc;
use std::time::Duration;

use bbb_core::decide::Decision;
use bbb_core::event::Event;
use bbb_core::id::{ProposalId, TaskId};
use bbb_core::journal::writer::Acknowledgement;
use bbb_core::observe::Arrival;
use bbb_core::oversight::Refusal;
use bbb_core::oversight::permit::Granted;
use bbb_core::round::Round;
use bbb_core::settle::Report;
use bbb_core::state::{Misfit, State};
use bbb_core::time::Timestamp;
use ractor::RpcReplyPort;
use tokio::sync::mpsc;

use crate::handle::{Command, Refused, Rest};
use crate::share::Share;

/// To the supervisor.
pub(crate) enum ToSupervisor {
    /// Look again whether something is to be done.
    Step,
    /// Its share of the processor, for which it waited.
    Share(Share),
    /// An effect ended.
    Ended { id: ProposalId, attempt: u32, report: Report },
    /// The owner wants something.
    Command { command: Command, reply: RpcReplyPort<Result<(), Refused>> },
    /// Something arrived from outside; answered after it is committed, with how many were new.
    Arrived { arrivals: Vec<Arrival>, reply: RpcReplyPort<Result<usize, Refused>> },
    /// The state as it is now.
    Inspect { reply: RpcReplyPort<Arc<State>> },
    /// Committed events from now on.
    Subscribe { sender: mpsc::Sender<Arc<Event>>, reply: RpcReplyPort<()> },
    /// The state once the business is over, or why it stands still.
    Wait { reply: RpcReplyPort<Result<Arc<State>, Refused>> },
    /// End the actors where nothing was done for `idle`, nothing is under way, and nothing is due for as long; the answer says whether they end, and for how long.
    Rest { idle: Duration, reply: RpcReplyPort<Option<Rest>> },
    /// Begin nothing any more; answered once nothing is under way.
    Drain { reply: RpcReplyPort<()> },
    /// End an agent's actor as a crash would: for tests of supervision.
    Crash { agent: bbb_core::role::Agent },
}

/// To a role.
pub(crate) enum ToRole {
    /// Decide about these tasks.
    Decide { state: Arc<State>, now: Timestamp, tasks: Vec<TaskId>, reply: RpcReplyPort<Vec<(TaskId, Decision)>> },
    /// Fail as a defect would: for tests of supervision.
    Crash,
}

/// To oversight.
pub(crate) enum ToOversight {
    /// Review what waits in this round.
    Review { round: Box<Round>, reply: RpcReplyPort<Result<Box<Round>, Misfit>> },
    /// Make the permits of acknowledged intents.
    Mint { acknowledgement: Acknowledgement, state: Arc<State>, now: Timestamp, reply: RpcReplyPort<Vec<Result<Granted, Refusal>>> },
    /// Fail as a defect would: for tests of supervision.
    Crash,
}
