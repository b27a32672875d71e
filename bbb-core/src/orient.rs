//! Orient: what follows from the state and the time alone. Judges tasks, lets deadlines and escalations expire, starts the day's planning, ends the
//! business; and says when to look again.

use crate::decide::view::Eyes;
use crate::decide::{create, fail_attempt, growth, plan};
use crate::event::{By, Payload};
use crate::fork;
use crate::id::{ProposalId, TaskId};
use crate::observe;
use crate::oversight::limits;
use crate::round::Round;
use crate::state::work::Stage;
use crate::state::{Misfit, State, Status};
use crate::task::{FailureCause, NewTask, Step, Task, TaskKind, TaskStatus};
use crate::time::{self, DAY_MS, HOUR_MS, Timestamp};

/// Hours after the day's beginning at which the day is planned.
pub const PLANNING_HOUR: i64 = 8;

/// Stages the initial plan of a business that was just launched.
///
/// # Errors
/// [`Misfit`] on a defect of the engine.
pub fn begin(round: &mut Round, eyes: &Eyes) -> Result<(), Misfit> {
    let first = round.state().next_task();
    let orders = plan::initial(&eyes.view(round.state(), round.now()), first);
    for order in orders {
        create(round, order)?;
    }
    Ok(())
}

/// Stages everything that time and state call for.
///
/// # Errors
/// [`Misfit`] on a defect of the engine.
pub fn orient(round: &mut Round, eyes: &Eyes) -> Result<(), Misfit> {
    expire_escalations(round)?;
    alert(round)?;
    if round.state().status != Status::Active {
        return Ok(());
    }
    judge_tasks(round)?;
    expire_tasks(round)?;
    plan_day(round, eyes)?;
    end(round)
}

/// Tells of budgets that are half used, nearly used and used up.
fn alert(round: &mut Round) -> Result<(), Misfit> {
    while let Some((resource, window, percent)) = round.state().books.next_alert() {
        round.stage(Payload::BudgetReached { resource, window, percent }, 0)?;
    }
    Ok(())
}

fn expire_escalations(round: &mut Round) -> Result<(), Misfit> {
    let now = round.now();
    let expired = |stage: &Stage| matches!(stage, Stage::Waiting { expires_at, .. } if *expires_at <= now);
    let ids: Vec<ProposalId> = round.state().work.proposals.iter().filter(|(_, open)| expired(&open.stage)).map(|(id, _)| *id).collect();
    ids.into_iter().try_for_each(|id| observe::answer(round, id, By::Expiry, false, "nobody answered in time").map(drop))
}

fn tasks_where(state: &State, matches: impl Fn(&Task) -> bool) -> Vec<TaskId> {
    state.work.tasks.values().filter(|task| matches(task)).map(|task| task.id).collect()
}

fn judge_tasks(round: &mut Round) -> Result<(), Misfit> {
    let judged = tasks_where(round.state(), |task| task.status == TaskStatus::InProgress && task.step == Step::Judge);
    for id in judged {
        let task = &round.state().work.tasks[&id];
        if task.is_accepted() {
            round.stage(Payload::TaskCompleted { task: id }, 0)?;
        } else if task.vetoed > 0 && task.failed == 0 {
            let reason = format!("{} of its proposals {} vetoed", task.vetoed, if task.vetoed == 1 { "was" } else { "were" });
            round.stage(Payload::TaskFailed { task: id, cause: FailureCause::Vetoed, reason }, 0)?;
        } else {
            let reason = format!("{} of its effects failed, {} succeeded", task.failed, task.settled);
            fail_attempt(round, id, &reason)?;
        }
    }
    Ok(())
}

fn expire_tasks(round: &mut Round) -> Result<(), Misfit> {
    let now = round.now();
    let late = tasks_where(round.state(), |task| task.order.deadline <= now && task.open == 0);
    for task in late {
        round.stage(Payload::TaskFailed { task, cause: FailureCause::Deadline, reason: "its deadline passed".to_owned() }, 0)?;
    }
    // A blocked task is unblocked when the last task that it waits for is completed; if all have ended and it is still blocked, one failed.
    let ended = |state: &State, task: &Task| task.order.depends_on.iter().all(|other| !state.work.tasks.contains_key(other));
    let stuck = tasks_where(round.state(), |task| task.status == TaskStatus::Blocked && ended(round.state(), task));
    for task in stuck {
        let reason = "a task that it depends on failed".to_owned();
        round.stage(Payload::TaskFailed { task, cause: FailureCause::Dependency, reason }, 0)?;
    }
    Ok(())
}

fn plan_day(round: &mut Round, eyes: &Eyes) -> Result<(), Misfit> {
    let (state, now) = (round.state(), round.now());
    let planned_today = state.work.created_today(TaskKind::PlanDay) > 0;
    if now >= planning_time(state) && growth::is_due(state) {
        let allotment = fork::scale(growth::allot(&eyes.view(state, now)), &state.growth.channels_percent);
        let allotment = Box::new(allotment);
        round.stage(Payload::Allotted { allotment }, 0)?;
    }
    let state = round.state();
    let due = if planned_today { plan::should_replan(state, &eyes.view(state, now)) } else { now >= planning_time(state) };
    if due && !state.work.has_open(TaskKind::PlanDay) {
        create(round, NewTask::new(TaskKind::PlanDay, 80, now.plus_ms(DAY_MS)))?;
    }
    Ok(())
}

fn end(round: &mut Round) -> Result<(), Misfit> {
    let state = round.state();
    let in_flight = state.work.proposals.values().any(|open| matches!(open.stage, Stage::Held { .. } | Stage::Unanswered { .. }));
    if state.spec.end.is_some_and(|end| round.now() >= end) && !in_flight {
        close(round, By::Engine, true)?;
    }
    Ok(())
}

/// Stages the end of the business. What waits for its owner is refused, since nobody is asked any more, and what waited for another try is in doubt, since
/// there will be none.
///
/// # Errors
/// [`Misfit`] where the business is over already.
pub fn close(round: &mut Round, by: By, completed: bool) -> Result<(), Misfit> {
    let open = round.state().work.proposals.iter().map(|(id, open)| (*id, open.event, open.stage.clone()));
    for (proposal, cause, stage) in open.collect::<Vec<_>>() {
        match stage {
            Stage::Waiting { .. } => drop(observe::answer(round, proposal, By::Engine, false, "the business ended")?),
            Stage::Unanswered { .. } => {
                let reason = "the business ended before it was tried again".to_owned();
                round.stage(Payload::Doubted { proposal, reason }, cause)?;
            }
            _ => {}
        }
    }
    round.stage(Payload::Ended { by, completed }, 0).map(drop)
}

fn planning_time(state: &State) -> Timestamp {
    if state.day == 0 { state.day_started_at } else { state.day_started_at.plus_ms(PLANNING_HOUR * HOUR_MS) }
}

/// When the day that runs ends: the next midnight of the business's zone, or the planned end if that is earlier.
pub fn day_end(state: &State) -> Timestamp {
    let zone = time::zone(&state.spec.zone).unwrap_or(jiff::tz::TimeZone::UTC);
    let midnight = state.day_started_at.next_midnight_in(&zone);
    state.spec.end.map_or(midnight, |end| midnight.min(end))
}

/// The earliest time after `now` at which something follows from the state alone; none where the business is over. A paused business only
/// waits for expiries and the end of its day.
pub fn next_due(state: &State, now: Timestamp) -> Option<Timestamp> {
    if state.status.is_over() {
        return None;
    }
    let mut due = vec![day_end(state)];
    for open in state.work.proposals.values() {
        match &open.stage {
            Stage::Waiting { expires_at, .. } => due.push(*expires_at),
            Stage::Retry { at, .. } | Stage::Unanswered { at, .. } => due.push(*at),
            _ => {}
        }
        if matches!(open.stage, Stage::Approved { .. } | Stage::Retry { .. } | Stage::Unanswered { .. }) {
            due.extend(limits::not_before(state, &open.proposal, now));
        }
    }
    if state.status == Status::Active {
        for task in state.work.tasks.values() {
            due.push(task.order.deadline);
            due.push(task.ready_at);
        }
        due.extend(state.down.values().map(|(_, down)| down.restart_at));
        due.push(planning_time(state));
        due.extend(state.spec.end);
    }
    due.into_iter().filter(|at| *at > now).min()
}
