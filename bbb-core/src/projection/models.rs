//! Models: how the calls of language models have ended, and the tasks that asked them. They cost real money in every world.

use std::collections::BTreeSet;

use serde::Serialize;

use super::Dollars;
use super::timeline::plain;
use crate::action::{Action, ActionKind};
use crate::event::{Event, Outcome, Payload};
use crate::id::{ContactId, ProposalId, TaskId};
use crate::oversight::verdict::{RuleId, Ruling};
use crate::task::FailureCause;

/// How the calls of language models have ended.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Models {
    /// Calls that have ended, each attempt counted.
    pub calls: u64,
    /// Those without an answer.
    pub calls_failed: u64,
    /// Attempts at tasks in which a model was to be asked, and which have ended.
    pub attempts: u64,
    /// Those that came to nothing, for whatever reason.
    pub attempts_failed: u64,
    /// Calls that asked again, because the answer before did not fit.
    pub repairs: u64,
    /// Attempts in which the playbook decided without the model, because it said nothing that counts or could not be asked.
    pub unadvised: u64,
    /// What the calls cost: real money.
    pub spent: Dollars,
    /// What should worry the owner, in a sentence each.
    pub warnings: Vec<String>,
}

/// How the model calls of a journal have ended; nothing where no model was to be asked.
pub fn models<'a>(events: impl IntoIterator<Item = &'a Event>) -> Option<Models> {
    let mut models = Models::default();
    let mut calls: BTreeSet<ProposalId> = BTreeSet::new();
    // The tasks whose attempt that runs has asked, or wanted to.
    let mut asking: Vec<TaskId> = Vec::new();
    let (mut call_failure, mut veto, mut attempt_failure) = (String::new(), String::new(), String::new());
    let mut alone = String::new();
    // Who was asked about in the attempt that runs, by its task.
    let mut questions: BTreeSet<(TaskId, ContactId)> = BTreeSet::new();
    let mut asked = false;
    for event in events {
        match &event.payload {
            Payload::Proposed { proposal } if proposal.action.kind() == ActionKind::CallModel => {
                asked = true;
                calls.insert(proposal.id);
                if let (None, Action::CallModel(call)) = (proposal.reviews, &proposal.action) {
                    let question = (proposal.task, call.prompt.contact());
                    models.repairs += u64::from(!questions.insert(question));
                }
                // Whether the reviewer answers says nothing of the task whose text it reads.
                if proposal.reviews.is_none() && !asking.contains(&proposal.task) {
                    asking.push(proposal.task);
                }
            }
            Payload::TaskStarted { task } => questions.retain(|(other, _)| other != task),
            Payload::Unadvised { task, reason } => {
                asked = true;
                models.unadvised += 1;
                reason.clone_into(&mut alone);
                if !asking.contains(task) {
                    asking.push(*task);
                }
            }
            Payload::Reviewed { verdict, .. } if verdict.ruling == Ruling::Veto => {
                let rules: Vec<&str> = verdict.rules.iter().map(RuleId::as_str).collect();
                veto = format!("vetoed by {}", rules.join(", "));
            }
            Payload::Settled { proposal, outcome, cost } if calls.contains(proposal) => {
                if !outcome.keeps_hold() {
                    models.spent.0 = models.spent.0.plus(cost.money.cents());
                }
                let failure = match outcome {
                    Outcome::Done { .. } => None,
                    Outcome::Released { .. } => continue,
                    Outcome::Failed { reason, .. } | Outcome::Unanswered { reason, .. } | Outcome::InDoubt { reason } => {
                        Some(reason.as_str())
                    }
                    Outcome::Lost { .. } => Some("the answer was lost, and the whole hold is spent"),
                };
                models.calls += 1;
                if let Some(failure) = failure {
                    models.calls_failed += 1;
                    failure.clone_into(&mut call_failure);
                }
            }
            Payload::TaskCompleted { task } => models.attempts += end(&mut asking, *task),
            Payload::AttemptFailed { task, reason, .. } => {
                came_to_nothing(&mut models, end(&mut asking, *task), reason, &mut attempt_failure);
            }
            Payload::TaskFailed { task, cause, reason } => {
                // The task's own reason only counts vetoes.
                let reason = if *cause == FailureCause::Vetoed && !veto.is_empty() { &veto } else { reason };
                came_to_nothing(&mut models, end(&mut asking, *task), reason, &mut attempt_failure);
            }
            _ => {}
        }
    }
    let most = |failed: u64, all: u64| failed * 2 > all;
    if most(models.calls_failed, models.calls) {
        let newest = plain(&call_failure);
        models.warnings.push(format!("Most model calls failed, {} of {}; the newest: {newest}.", models.calls_failed, models.calls));
    }
    if most(models.unadvised, models.attempts) {
        let (count, all, newest) = (models.unadvised, models.attempts, plain(&alone));
        models.warnings.push(format!(
            "Most attempts that were to ask a model were decided by the playbook, {count} of {all}; the newest, since {newest}."
        ));
    }
    if most(models.attempts_failed, models.attempts) {
        let (failed, all, newest) = (models.attempts_failed, models.attempts, plain(&attempt_failure));
        models
            .warnings
            .push(format!("Most attempts at tasks that asked a model came to nothing, {failed} of {all}; the newest: {newest}."));
    }
    asked.then_some(models)
}

fn came_to_nothing(models: &mut Models, ended: u64, reason: &str, newest: &mut String) {
    models.attempts += ended;
    models.attempts_failed += ended;
    if ended > 0 {
        reason.clone_into(newest);
    }
}

/// One where this task's attempt has asked, and none otherwise; the next attempt begins anew.
fn end(asking: &mut Vec<TaskId>, task: TaskId) -> u64 {
    let before = asking.len();
    asking.retain(|other| *other != task);
    u64::from(asking.len() < before)
}
