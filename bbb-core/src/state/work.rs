//! Tasks and proposals: what is to be done, and what was asked for to do it.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

use crate::action::{Action, ActionKind, Cost, Digest};
use crate::event::{Proposal, Recovery};
use crate::id::{ProposalId, TaskId};
use crate::limits::MAX_FINISHED_TASKS;
use crate::oversight::reviewer::Opinion;
use crate::oversight::verdict::RuleId;
use crate::role::Role;
use crate::seal::Sealed;
use crate::state::consultation::{Consultation, Consulted};
use crate::task::{FailureCause, NewTask, Step, Task, TaskKind, TaskStatus};
use crate::time::Timestamp;

/// Where a proposal stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "stage", rename_all = "snake_case")]
pub enum Stage {
    /// Not reviewed yet.
    New,
    /// Escalated: waits for the owner.
    Waiting {
        /// When it becomes a veto.
        expires_at: Timestamp,
        /// The rules that escalated.
        rules: Vec<RuleId>,
    },
    /// Approved, not begun.
    Approved {
        /// Whether the owner approved it, and not oversight alone.
        answered: bool,
        /// Attempts so far.
        attempt: u32,
    },
    /// Its effect may be under way.
    Held {
        /// Whether the owner approved it.
        answered: bool,
        /// The attempt, counted from 1.
        attempt: u32,
        /// The idempotency key.
        key: String,
        /// What is held.
        hold: Cost,
        /// What a restart does with it.
        recovery: Recovery,
        /// Whether an earlier attempt may have happened: then only a receipt proves anything.
        unsure: bool,
    },
    /// Its effect failed, or is harmless to repeat, and is tried again.
    Retry {
        /// Whether the owner approved it.
        answered: bool,
        /// Attempts so far.
        attempt: u32,
        /// Not before this time.
        at: Timestamp,
    },
    /// Its effect may have happened and is tried again under the same key; the hold stays.
    Unanswered {
        /// Whether the owner approved it.
        answered: bool,
        /// Attempts so far.
        attempt: u32,
        /// Not before this time.
        at: Timestamp,
        /// What stays held.
        hold: Cost,
    },
    /// Nobody knows whether its effect happened; the hold stays.
    InDoubt {
        /// What stays held.
        hold: Cost,
    },
}

impl Stage {
    /// What is held already, before an attempt takes its hold.
    pub const fn held_before(&self) -> Option<&Cost> {
        match self {
            Stage::Unanswered { hold, .. } => Some(hold),
            _ => None,
        }
    }

    /// Whether the owner approved this very content.
    pub const fn was_answered(&self) -> bool {
        match self {
            Stage::Approved { answered, .. }
            | Stage::Held { answered, .. }
            | Stage::Retry { answered, .. }
            | Stage::Unanswered { answered, .. } => *answered,
            Stage::New | Stage::Waiting { .. } | Stage::InDoubt { .. } => false,
        }
    }
}

/// A proposal that is not closed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Open {
    /// What is proposed.
    pub proposal: Box<Proposal>,
    /// The event that proposed it.
    pub event: u64,
    /// Where it stands.
    pub stage: Stage,
    /// What the reviewer was asked about its text, and said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consultation: Option<Consultation>,
}

/// How a proposal was closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Closed {
    Settled,
    Failed,
    Vetoed,
}

/// A task that has ended, remembered by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finished {
    /// Its name.
    pub id: TaskId,
    /// What it was about.
    pub kind: TaskKind,
    /// How it ended; absent where it was completed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<FailureCause>,
}

/// Tasks and proposals.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Work {
    /// The ordinal of the next task.
    pub next_task: u32,
    /// The ordinal of the next proposal.
    pub next_proposal: u32,
    /// Tasks that have not ended.
    pub tasks: BTreeMap<TaskId, Task>,
    /// Proposals that are not closed.
    pub proposals: BTreeMap<ProposalId, Open>,
    /// The newest tasks that have ended, oldest first.
    pub finished: VecDeque<Finished>,
    /// Tasks created today, by kind.
    pub created_today: BTreeMap<TaskKind, u32>,
    /// Tasks ever completed, by kind.
    pub completed: BTreeMap<TaskKind, u32>,
    /// The reviewer's newest opinions by the content that they are about, oldest first; silence is not among them.
    #[serde(default, skip_serializing_if = "VecDeque::is_empty")]
    pub opinions: VecDeque<(Digest, Opinion)>,
}

impl Work {
    /// Tasks that have not ended.
    pub fn open_tasks(&self) -> usize {
        self.tasks.len()
    }

    /// A task that has not ended.
    pub fn task(&self, id: TaskId) -> Result<&Task, String> {
        self.tasks.get(&id).ok_or_else(|| format!("{id} is not an open task"))
    }

    /// A proposal that is not closed.
    pub fn proposal(&self, id: ProposalId) -> Result<&Open, String> {
        self.proposals.get(&id).ok_or_else(|| format!("{id} is not an open proposal"))
    }

    /// Whether a task of this kind is open.
    pub fn has_open(&self, kind: TaskKind) -> bool {
        self.tasks.values().any(|task| task.order.kind == kind)
    }

    /// Tasks of this kind that were created today.
    pub fn created_today(&self, kind: TaskKind) -> u32 {
        self.created_today.get(&kind).copied().unwrap_or(0)
    }

    fn task_mut(&mut self, id: TaskId) -> Result<&mut Task, String> {
        self.tasks.get_mut(&id).ok_or_else(|| format!("{id} is not an open task"))
    }

    pub(super) fn create(&mut self, id: TaskId, order: &NewTask, at: Timestamp) -> Result<(), String> {
        if id.get() != self.next_task {
            return Err(format!("task_{} should come next", self.next_task));
        }
        self.next_task += 1;
        *self.created_today.entry(order.kind).or_default() += 1;
        let blocked = order.depends_on.iter().any(|dependency| self.tasks.contains_key(dependency));
        let task = Task {
            id,
            order: order.clone(),
            created_at: at,
            status: if blocked { TaskStatus::Blocked } else { TaskStatus::Pending },
            step: Step::Decide,
            attempts: 0,
            ready_at: at,
            open: 0,
            settled: 0,
            failed: 0,
            vetoed: 0,
            calls: 0,
            answers: Vec::new(),
        };
        self.tasks.insert(id, task);
        Ok(())
    }

    pub(super) fn start(&mut self, id: TaskId) -> Result<(), String> {
        let task = self.task_mut(id)?;
        if task.status != TaskStatus::Pending {
            return Err(format!("{id} is {}, not pending", task.status.as_str()));
        }
        task.status = TaskStatus::InProgress;
        task.step = Step::Decide;
        task.attempts += 1;
        (task.settled, task.failed, task.vetoed, task.calls) = (0, 0, 0, 0);
        task.answers.clear();
        Ok(())
    }

    pub(super) fn attempt_failed(&mut self, id: TaskId, retry_at: Timestamp) -> Result<(), String> {
        let task = self.task_mut(id)?;
        task.status = TaskStatus::Pending;
        task.ready_at = retry_at;
        Ok(())
    }

    pub(super) fn complete(&mut self, id: TaskId) -> Result<Role, String> {
        let task = self.end(id, None)?;
        *self.completed.entry(task.order.kind).or_default() += 1;
        let ready: Vec<TaskId> = self.tasks.values().filter(|t| t.order.depends_on.contains(&id)).map(|t| t.id).collect();
        for waiting in ready {
            let unblocked = self.tasks[&waiting].order.depends_on.iter().all(|dependency| !self.tasks.contains_key(dependency));
            let waiting = self.task_mut(waiting)?;
            if unblocked && waiting.status == TaskStatus::Blocked {
                waiting.status = TaskStatus::Pending;
            }
        }
        Ok(task.role())
    }

    pub(super) fn fail(&mut self, id: TaskId, cause: FailureCause) -> Result<Role, String> {
        Ok(self.end(id, Some(cause))?.role())
    }

    fn end(&mut self, id: TaskId, cause: Option<FailureCause>) -> Result<Task, String> {
        let task = self.tasks.remove(&id).ok_or_else(|| format!("{id} is not an open task"))?;
        self.finished.push_back(Finished { id, kind: task.order.kind, cause });
        if self.finished.len() > MAX_FINISHED_TASKS {
            self.finished.pop_front();
        }
        Ok(task)
    }

    pub(super) fn propose(&mut self, proposal: &Proposal, event: u64) -> Result<(), String> {
        if proposal.id.get() != self.next_proposal {
            return Err(format!("prop_{} should come next", self.next_proposal));
        }
        self.next_proposal += 1;
        // The reviewer's calls are oversight's: the task whose text is read knows nothing of them.
        if let Some(subject) = proposal.reviews {
            self.consult(subject, &proposal.action)?;
        } else {
            let task = self.task_mut(proposal.task)?;
            task.open += 1;
            task.step = Step::Act;
        }
        self.proposals.insert(proposal.id, Open { proposal: Box::new(proposal.clone()), event, stage: Stage::New, consultation: None });
        Ok(())
    }

    pub(super) fn set_stage(&mut self, id: ProposalId, stage: Stage) -> Result<(), String> {
        let open = self.proposals.get_mut(&id).ok_or_else(|| format!("{id} is not an open proposal"))?;
        let fits = matches!(
            (&open.stage, &stage),
            (Stage::New, Stage::Waiting { .. } | Stage::Approved { .. })
                | (Stage::Waiting { .. }, Stage::Approved { .. })
                | (Stage::Approved { .. } | Stage::Retry { .. } | Stage::Unanswered { .. }, Stage::Held { .. })
                | (Stage::Held { .. }, Stage::Approved { .. } | Stage::Retry { .. } | Stage::Unanswered { .. })
        );
        if !fits {
            return Err(format!("{id} cannot go from {:?} to {stage:?}", open.stage));
        }
        open.stage = stage;
        Ok(())
    }

    /// Closes a proposal.
    pub(super) fn close(&mut self, id: ProposalId, how: Closed) -> Result<(), String> {
        let open = self.proposals.remove(&id).ok_or_else(|| format!("{id} is not an open proposal"))?;
        if let Some(subject) = open.proposal.reviews {
            self.consulted(
                subject,
                match how {
                    Closed::Settled => Consulted::Answered,
                    Closed::Failed => Consulted::Unanswered,
                    Closed::Vetoed => Consulted::Refused,
                },
            );
            return Ok(());
        }
        // A task may have ended meanwhile, by its deadline; then nobody counts.
        if let Some(task) = self.tasks.get_mut(&open.proposal.task) {
            task.count(how, open.proposal.action.kind());
        }
        Ok(())
    }

    /// Keeps a model's answer for the task that asked.
    pub(super) fn answer(&mut self, id: ProposalId, text: Sealed) -> Result<(), String> {
        let Proposal { task: asked_by, reviews, .. } = *self.proposal(id)?.proposal;
        if let Some(subject) = reviews {
            if let Some(consultation) = self.proposals.get_mut(&subject).and_then(|open| open.consultation.as_mut()) {
                consultation.answers.push(text);
            }
        } else if let Some(task) = self.tasks.get_mut(&asked_by) {
            task.answers.push(text);
        }
        Ok(())
    }

    /// Marks an effect as in doubt: its task counts it as failed, its hold stays.
    pub(super) fn doubt(&mut self, id: ProposalId, hold: Cost) -> Result<(), String> {
        let open = self.proposals.get_mut(&id).ok_or_else(|| format!("{id} is not an open proposal"))?;
        open.stage = Stage::InDoubt { hold };
        let (task, reviews, kind) = (open.proposal.task, open.proposal.reviews, open.proposal.action.kind());
        if let Some(subject) = reviews {
            self.consulted(subject, Consulted::Unanswered);
        } else if let Some(task) = self.tasks.get_mut(&task) {
            task.count(Closed::Failed, kind);
        }
        Ok(())
    }

    /// Ends a doubt; returns the action and what was held.
    pub(super) fn resolve_doubt(&mut self, id: ProposalId) -> Result<(Action, Cost), String> {
        match self.proposals.remove(&id) {
            Some(Open { proposal, stage: Stage::InDoubt { hold }, .. }) => Ok((proposal.action, hold)),
            _ => Err(format!("{id} is not in doubt")),
        }
    }

    pub(super) fn new_day(&mut self) {
        self.created_today.clear();
    }
}

impl Task {
    /// Counts how a proposal of this attempt ended. A receipt counts where it is for what the task is accepted by, and for nothing else.
    fn count(&mut self, how: Closed, kind: ActionKind) {
        let thinking = kind == ActionKind::CallModel;
        self.open = self.open.saturating_sub(1);
        match how {
            // Its mind decides what a call without an answer means: it sees how many there were.
            _ if thinking => self.calls += 1,
            Closed::Settled => self.settled += u32::from(self.order.acceptance.counts(kind)),
            Closed::Failed => self.failed += 1,
            Closed::Vetoed => self.vetoed += 1,
        }
        if self.open == 0 && self.status == TaskStatus::InProgress {
            self.step = if thinking { Step::Decide } else { Step::Judge };
        }
    }
}
