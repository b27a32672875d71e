//! Handles: how the outside talks to a running business.

use std::sync::Arc;
use std::time::Duration;

use bbb_core::action::ActionKind;
use bbb_core::budget::Caps;
use bbb_core::event::{Delegation, Event};
use bbb_core::id::{BusinessId, ProposalId};
use bbb_core::observe::Arrival;
use bbb_core::role::Agent;
use bbb_core::spec::Autonomy;
use bbb_core::state::State;
use ractor::ActorRef;
use ractor::rpc::CallResult;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use crate::message::ToSupervisor;

/// How long a handle waits for an answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);
/// Committed events that a subscriber may be behind before it is dropped.
pub const SUBSCRIBER_QUEUE_EVENTS: usize = 4096;

/// What an owner may tell a business.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Command {
    /// Say yes to an escalation.
    Approve(ProposalId),
    /// Say no to an escalation.
    Veto(ProposalId, String),
    /// Start no effect from here on.
    Pause(String),
    /// Go on.
    Resume,
    /// End the business.
    Stop,
    /// Say what became of an effect in doubt.
    ResolveDoubt(ProposalId, bool),
    /// Set how much may be done without asking: for a kind of action, or for all without a level of their own. A kind without a level has none of its own.
    SetAutonomy(Option<ActionKind>, Option<Autonomy>),
    /// Set other caps. What is spent and held counts towards them.
    SetCaps(Box<Caps>),
    /// Name somebody who may answer escalations, or take that back.
    Delegate(String, Option<Delegation>),
    /// Put these policies of the owner in the place of all that the owner added before: one text, none where it is empty. They hold from the next review on. Whoever
    /// resumes the business later does so under the same; simulated businesses keep what they were launched with.
    SetCharter(String),
    /// Answer an escalation in the name of a delegate: yes or no, and why.
    AnswerAs {
        /// The delegate.
        name: String,
        /// Which proposal.
        proposal: ProposalId,
        /// True for yes.
        approve: bool,
        /// Why, for people.
        reason: String,
    },
}

/// Why a command was not carried out. Nothing was changed, except where it says so.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refused {
    /// The proposal is not waiting for an answer.
    #[error("{0} is not waiting for an answer")]
    NotWaiting(ProposalId),
    /// Nobody of this name may give this answer.
    #[error("{name} may not answer for {proposal}: {rule}")]
    NotDelegated {
        /// The name.
        name: String,
        /// Which proposal.
        proposal: ProposalId,
        /// Why not.
        rule: String,
    },
    /// What was to be set makes no sense.
    #[error("{0}")]
    BadSetting(String),
    /// The effect is not in doubt.
    #[error("{0} is not in doubt")]
    NotInDoubt(ProposalId),
    /// The command does not fit the business's status.
    #[error("the business is {0}")]
    Status(String),
    /// A signal does not fit the business.
    #[error("the signal was refused: {0}")]
    BadSignal(String),
    /// The journal cannot be written; the business stands still until it is resumed. Then it shows whether the command had been written all the same; if it had
    /// not, it is dropped.
    #[error("the journal failed, the business stands still: {0}")]
    Journal(String),
    /// The business's actors are gone.
    #[error("the business is not running")]
    NotRunning,
    /// No answer came in time; the command may still be carried out.
    #[error("the business did not answer in time; look whether it did it before you say it again")]
    Overloaded,
}

/// How a business stands that was brought to rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rest {
    /// The last event of its journal.
    pub sequence: u64,
    /// How much of its time has passed since that event's, in milliseconds; [`crate::world::World::after`] takes it, with what passes from here on. None where its time
    /// stands still, or is that of the wall.
    pub passed_ms: Option<i64>,
    /// After how many milliseconds by the wall something is due in it; none where it waits for somebody to tell it something.
    pub due_in_ms: Option<i64>,
    /// Whether its world is simulated.
    pub simulated: bool,
}

/// A running business.
#[derive(Debug, Clone)]
pub struct BusinessHandle {
    id: BusinessId,
    supervisor: ActorRef<ToSupervisor>,
}

impl BusinessHandle {
    pub(crate) fn new(id: BusinessId, supervisor: ActorRef<ToSupervisor>) -> Self {
        BusinessHandle { id, supervisor }
    }

    /// Which business.
    pub fn id(&self) -> BusinessId {
        self.id
    }

    /// The state with everything that has happened so far.
    ///
    /// # Errors
    /// [`Refused::NotRunning`], [`Refused::Overloaded`].
    pub async fn status(&self) -> Result<Arc<State>, Refused> {
        self.call(|reply| ToSupervisor::Inspect { reply }, Some(ANSWER_TIMEOUT)).await
    }

    /// Tells the business something; the answer comes after it is committed.
    ///
    /// # Errors
    /// Any [`Refused`]; then nothing was changed.
    pub async fn command(&self, command: Command) -> Result<(), Refused> {
        self.call(|reply| ToSupervisor::Command { command, reply }, Some(ANSWER_TIMEOUT)).await?
    }

    /// Says yes to an escalation.
    ///
    /// # Errors
    /// As [`BusinessHandle::command`].
    pub async fn approve(&self, proposal: ProposalId) -> Result<(), Refused> {
        self.command(Command::Approve(proposal)).await
    }

    /// Says no to an escalation.
    ///
    /// # Errors
    /// As [`BusinessHandle::command`].
    pub async fn veto(&self, proposal: ProposalId, reason: impl Into<String>) -> Result<(), Refused> {
        self.command(Command::Veto(proposal, reason.into())).await
    }

    /// Starts no effect any more: when this returns, none begins until the business is resumed.
    ///
    /// # Errors
    /// As [`BusinessHandle::command`].
    pub async fn pause(&self, reason: impl Into<String>) -> Result<(), Refused> {
        self.command(Command::Pause(reason.into())).await
    }

    /// Goes on after a pause or after a failed journal.
    ///
    /// # Errors
    /// As [`BusinessHandle::command`].
    pub async fn resume(&self) -> Result<(), Refused> {
        self.command(Command::Resume).await
    }

    /// Ends the business for good.
    ///
    /// # Errors
    /// As [`BusinessHandle::command`].
    pub async fn stop(&self) -> Result<(), Refused> {
        self.command(Command::Stop).await
    }

    /// Delivers what arrived from outside, and returns how many of them were new once they are committed.
    ///
    /// # Errors
    /// As [`BusinessHandle::command`]; nothing is received then.
    pub async fn receive(&self, arrivals: Vec<Arrival>) -> Result<usize, Refused> {
        self.call(|reply| ToSupervisor::Arrived { arrivals, reply }, Some(ANSWER_TIMEOUT)).await?
    }

    /// Committed events from now on. A subscriber that falls [`SUBSCRIBER_QUEUE_EVENTS`] behind is dropped: its channel closes.
    ///
    /// # Errors
    /// [`Refused::NotRunning`], [`Refused::Overloaded`].
    pub async fn subscribe(&self) -> Result<mpsc::Receiver<Arc<Event>>, Refused> {
        let (sender, receiver) = mpsc::channel(SUBSCRIBER_QUEUE_EVENTS);
        self.call(|reply| ToSupervisor::Subscribe { sender, reply }, Some(ANSWER_TIMEOUT)).await?;
        Ok(receiver)
    }

    /// Waits until the business is over, however long that takes.
    ///
    /// # Errors
    /// [`Refused::Journal`] where the business stands still, [`Refused::NotRunning`] where its actors are gone.
    pub async fn wait(&self) -> Result<Arc<State>, Refused> {
        self.call(|reply| ToSupervisor::Wait { reply }, None).await?
    }

    /// Ends an agent's actor as a crash would; the supervisor restarts it. For drills and tests of supervision.
    pub fn crash(&self, agent: Agent) {
        // An actor that is gone cannot crash.
        let _ = self.supervisor.cast(ToSupervisor::Crash { agent });
    }

    /// Lets the effects that are under way end and be journaled, and begins no more; waits `limit` at most. For a shutdown that leaves nothing in doubt:
    /// call [`BusinessHandle::passivate`] after it.
    ///
    /// # Errors
    /// [`Refused::Overloaded`] where an effect takes longer; [`Refused::NotRunning`].
    pub async fn drain(&self, limit: Duration) -> Result<(), Refused> {
        self.call(|reply| ToSupervisor::Drain { reply }, Some(limit)).await
    }

    /// Ends the business's actors without ending the business: what is committed stays, and it can be resumed.
    pub async fn passivate(&self) {
        self.supervisor.stop(None);
        // Waits at most as long as for any answer; the journal's lease keeps a slow one from writing.
        let _ = self.supervisor.wait(Some(ANSWER_TIMEOUT)).await;
    }

    /// Brings the business to rest where it has done nothing for `idle`, has nothing under way, and has nothing to do for at least as long: its actors end, its journal
    /// stays. Nothing where it goes on.
    ///
    /// # Errors
    /// [`Refused::NotRunning`], [`Refused::Overloaded`].
    pub async fn rest(&self, idle: Duration) -> Result<Option<Rest>, Refused> {
        let rest = self.call(|reply| ToSupervisor::Rest { idle, reply }, Some(ANSWER_TIMEOUT)).await?;
        if rest.is_some() {
            // It is stopping by itself. What was sent to it meanwhile hears that nothing runs.
            let _ = self.supervisor.wait(Some(ANSWER_TIMEOUT)).await;
        }
        Ok(rest)
    }

    /// Whether this is a handle of the same actors: a business that was resumed has others.
    pub fn is_of(&self, other: &BusinessHandle) -> bool {
        self.supervisor.get_id() == other.supervisor.get_id()
    }

    async fn call<T: Send + 'static>(
        &self,
        message: impl FnOnce(ractor::RpcReplyPort<T>) -> ToSupervisor,
        timeout: Option<Duration>,
    ) -> Result<T, Refused> {
        match self.supervisor.call(message, timeout).await {
            Ok(CallResult::Success(answer)) => Ok(answer),
            Ok(CallResult::Timeout) => Err(Refused::Overloaded),
            Ok(CallResult::SenderError) | Err(_) => Err(Refused::NotRunning),
        }
    }
}
