//! The playbook minds: deterministic rules from the blueprint, one file a role.

mod finance;
mod fulfillment;
mod marketer;
mod orchestrator;
mod researcher;
mod sales;
mod support;

pub(in crate::decide) use finance::{is_due, weekly_bill};
pub(in crate::decide) use sales::who_wants as who_wants_mail;

use crate::decide::view::View;
use crate::decide::{Decision, Draft, Mind};
use crate::role::Role;
use crate::task::Task;

/// The playbook of every role.
#[derive(Debug, Clone, Copy, Default)]
pub struct Playbook;

impl Mind for Playbook {
    fn decide(&self, view: &View<'_>, task: &Task) -> Decision {
        match task.role() {
            Role::Researcher => researcher::decide(view, task),
            Role::Marketer => marketer::decide(view, task),
            Role::Sales => sales::decide(view, task),
            Role::Fulfillment => fulfillment::decide(view, task),
            Role::Support => support::decide(view, task),
            Role::Finance => finance::decide(view, task),
            Role::Orchestrator => orchestrator::decide(view, task),
        }
    }
}

/// These drafts, or giving up where there is none.
fn propose(drafts: Vec<Draft>, otherwise: &str) -> Decision {
    if drafts.is_empty() { Decision::GiveUp(otherwise.to_owned()) } else { Decision::Propose(drafts) }
}

/// A task that this role has no play for.
fn unknown(task: &Task) -> Decision {
    Decision::GiveUp(format!("no play for {}", task.order.kind))
}
