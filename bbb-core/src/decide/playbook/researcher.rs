//! The researcher: learns which channels work, scores new leads.

use super::{propose, unknown};
use crate::action::{QualifyLeads, StudyMarket};
use crate::blueprint::Channel;
use crate::decide::view::View;
use crate::decide::{Decision, Draft};
use crate::limits::MAX_BATCH;
use crate::state::contacts::Interest;
use crate::task::{Task, TaskKind};

pub(super) fn decide(view: &View<'_>, task: &Task) -> Decision {
    match task.order.kind {
        TaskKind::StudyMarket => {
            let study = StudyMarket { channels: Channel::ALL.to_vec() };
            propose(vec![Draft::new(study, 80, "what a lead costs decides where to spend")], "")
        }
        TaskKind::QualifyLeads => {
            let new = view.trade().contacts.at_step(Interest::New);
            let contacts: Vec<_> = new.map(|(id, _)| *id).take(MAX_BATCH).collect();
            let count = contacts.len();
            let drafts = match count {
                0 => Vec::new(),
                _ => vec![Draft::new(QualifyLeads { contacts }, 90, format!("{count} new leads are not scored yet"))],
            };
            propose(drafts, "no new leads")
        }
        _ => unknown(task),
    }
}
