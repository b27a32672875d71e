//! Decide: a role's mind turns a task into proposals, or into a request for a model call. Pure: no clock, no I/O, no journal, no market.
//!
//! Two minds are here: [`playbook`] (deterministic rules from the blueprint) and [`llm`] (a language model chooses among the playbook's options and
//! rewrites their texts). Whoever embeds the engine can bring an own [`Mind`] for any role.

pub mod growth;
pub mod llm;
pub mod plan;
pub mod playbook;
pub mod text;
pub mod view;
pub mod worth;

use crate::action::Action;
use crate::decide::view::View;
use crate::event::{Payload, Proposal};
use crate::id::{ProposalId, TaskId};
use crate::limits::{
    MAX_MODEL_CALLS_PER_ATTEMPT, MAX_OPEN_TASKS, MAX_PROPOSALS_PER_DECISION, MAX_TASK_ATTEMPTS, MAX_TASKS_PER_KIND_PER_DAY,
    MAX_TASKS_PER_PLAN, MAX_TASKS_PER_ROLE_PER_ROUND, MAX_TEXT_CHARS, TASK_BACKOFF_MS,
};
use crate::role::{Agent, Role};
use crate::round::Round;
use crate::state::{Misfit, State, Status};
use crate::task::{FailureCause, NewTask, Step, Task, TaskKind, TaskStatus};
use crate::time::Timestamp;

/// An action that a mind wants, before it is a proposal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// What.
    pub action: Action,
    /// How sure the mind is that it serves the task, in percent.
    pub confidence: u8,
    /// Why, for people; no personal text.
    pub rationale: String,
}

impl Draft {
    /// A draft of this action.
    pub fn new(action: impl Into<Action>, confidence: u8, rationale: impl Into<String>) -> Self {
        Draft { action: action.into(), confidence, rationale: rationale.into() }
    }
}

/// What a mind decides about a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Take these actions.
    Propose(Vec<Draft>),
    /// Create these tasks; only the orchestrator's planning task may.
    Plan(Vec<NewTask>),
    /// There is nothing that would serve the task.
    GiveUp(String),
    /// One of these, made without the model that the mind asks otherwise.
    Unadvised {
        /// Why the model did not count, for people; no word of the model's.
        reason: String,
        /// What was decided all the same.
        decision: Box<Decision>,
    },
}

/// How a role thinks.
///
/// `decide` must be a function of its arguments: no clock, no randomness but [`View::draw`], no state of its own.
pub trait Mind: Send + Sync + 'static {
    /// Decides about one task.
    fn decide(&self, view: &View<'_>, task: &Task) -> Decision;
}

/// The tasks that each role should decide about now, most urgent first: those in progress that wait for a decision, and pending ones whose time
/// has come. A role that is down gets none; a paused business has none. Where a plan is to be made, it is made before anything else is begun, so that what it finds is weighed with the rest.
pub fn ready(state: &State, now: Timestamp) -> Vec<(Role, Vec<TaskId>)> {
    if state.status != Status::Active {
        return Vec::new();
    }
    let waits = |task: &Task| task.status == TaskStatus::Pending && task.ready_at <= now && !state.is_down(Agent::Role(task.role()), now);
    let plans = state.work.tasks.values().any(|task| task.order.kind == TaskKind::PlanDay && waits(task));
    let is_ready = |task: &&Task| match task.status {
        TaskStatus::InProgress => task.step == Step::Decide,
        TaskStatus::Pending => task.ready_at <= now && (!plans || task.order.kind == TaskKind::PlanDay),
        _ => false,
    };
    let mut by_role: [Vec<&Task>; 7] = Default::default();
    for task in state.work.tasks.values().filter(is_ready) {
        by_role[task.role().index()].push(task);
    }
    let awake = Role::ALL.into_iter().zip(by_role).filter(|(role, tasks)| !tasks.is_empty() && !state.is_down(Agent::Role(*role), now));
    awake
        .map(|(role, mut tasks)| {
            tasks.sort_by_key(|task| (std::cmp::Reverse(task.order.priority), task.order.deadline, task.id));
            tasks.truncate(MAX_TASKS_PER_ROLE_PER_ROUND);
            (role, tasks.into_iter().map(|task| task.id).collect())
        })
        .collect()
}

/// Stages that these tasks are begun, where they are not yet.
///
/// # Errors
/// [`Misfit`] on a defect of the engine.
pub fn begin(round: &mut Round, tasks: &[TaskId]) -> Result<(), Misfit> {
    for id in tasks {
        if round.state().work.tasks.get(id).is_some_and(|task| task.status == TaskStatus::Pending) {
            round.stage(Payload::TaskStarted { task: *id }, 0)?;
        }
    }
    Ok(())
}

/// Stages what the roles decided about their tasks at one time: the most urgent task first, whichever role's it is, so that it comes first to what is short.
///
/// # Errors
/// [`Misfit`] on a defect of the engine.
pub fn adopt_all(round: &mut Round, mut decisions: Vec<(Role, TaskId, Decision)>) -> Result<(), Misfit> {
    let tasks = &round.state().work.tasks;
    // Tasks of one urgency stay in the order of the roles.
    decisions.sort_by_key(|(_, id, _)| std::cmp::Reverse(tasks.get(id).map(|task| task.order.priority)));
    decisions.into_iter().try_for_each(|(role, id, decision)| adopt(round, role, id, decision))
}

/// Stages what a role's mind decided about a task. The mind is not trusted: bounds are checked here, and the role is the actor's, not the mind's word.
///
/// # Errors
/// [`Misfit`] on a defect of the engine.
pub fn adopt(round: &mut Round, role: Role, id: TaskId, decision: Decision) -> Result<(), Misfit> {
    let Some(task) = round.state().work.tasks.get(&id).filter(|task| task.role() == role) else {
        return Ok(());
    };
    let over = |draft: &Draft| matches!(draft.action, Action::CallModel(_)) && task.calls >= MAX_MODEL_CALLS_PER_ATTEMPT;
    match decision {
        Decision::Unadvised { decision, .. } if matches!(*decision, Decision::Unadvised { .. }) => {
            fail_attempt(round, id, "a decision is made without its model once")
        }
        Decision::Unadvised { reason, decision } => {
            round.stage(Payload::Unadvised { task: id, reason: clip(&reason) }, 0)?;
            adopt(round, role, id, *decision)
        }
        Decision::Propose(drafts) if drafts.iter().any(over) => fail_attempt(round, id, "a model is asked as often as one attempt allows"),
        Decision::Propose(drafts) if drafts.is_empty() => fail_attempt(round, id, "the mind proposed nothing"),
        Decision::Propose(drafts) => propose(round, role, id, drafts),
        Decision::Plan(orders) if task.order.kind.action().is_none() => plan(round, id, orders),
        Decision::Plan(_) => fail_attempt(round, id, "only a planning task may create tasks"),
        Decision::GiveUp(reason) => fail_attempt(round, id, &clip(&reason)),
    }
}

fn propose(round: &mut Round, role: Role, task: TaskId, drafts: Vec<Draft>) -> Result<(), Misfit> {
    for draft in drafts.into_iter().take(MAX_PROPOSALS_PER_DECISION) {
        let id = ProposalId::new(round.state().work.next_proposal);
        let rationale = clip(&draft.rationale);
        let proposal = Proposal { id, task, role, action: draft.action, confidence: draft.confidence.min(100), rationale, reviews: None };
        round.stage(Payload::Proposed { proposal: Box::new(proposal) }, 0)?;
    }
    Ok(())
}

fn plan(round: &mut Round, id: TaskId, orders: Vec<NewTask>) -> Result<(), Misfit> {
    for order in orders.into_iter().take(MAX_TASKS_PER_PLAN) {
        create(round, order)?;
    }
    round.stage(Payload::TaskCompleted { task: id }, 0)?;
    Ok(())
}

/// Stages a new task, unless a bound forbids it: open tasks in all, tasks of a kind in a day.
///
/// # Errors
/// [`Misfit`] on a defect of the engine.
pub fn create(round: &mut Round, order: NewTask) -> Result<bool, Misfit> {
    let work = &round.state().work;
    if work.open_tasks() >= MAX_OPEN_TASKS || work.created_today(order.kind) >= MAX_TASKS_PER_KIND_PER_DAY {
        return Ok(false);
    }
    let task = round.state().next_task();
    round.stage(Payload::TaskCreated { task, order }, 0)?;
    Ok(true)
}

/// Stages that an attempt came to nothing: another one follows after a backoff, or the task fails for good.
///
/// # Errors
/// [`Misfit`] on a defect of the engine.
pub fn fail_attempt(round: &mut Round, id: TaskId, reason: &str) -> Result<(), Misfit> {
    let Some(task) = round.state().work.tasks.get(&id) else { return Ok(()) };
    let retry_at = round.now().plus_ms(TASK_BACKOFF_MS << task.attempts.min(10));
    let payload = if task.attempts >= MAX_TASK_ATTEMPTS || retry_at >= task.order.deadline {
        Payload::TaskFailed { task: id, cause: FailureCause::Attempts, reason: reason.to_owned() }
    } else {
        Payload::AttemptFailed { task: id, reason: reason.to_owned(), retry_at }
    };
    round.stage(payload, 0).map(drop)
}

fn clip(text: &str) -> String {
    text.chars().take(MAX_TEXT_CHARS.min(500)).collect()
}
