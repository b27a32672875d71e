//! Support: answers every request for help.

use super::{propose, unknown};
use crate::action::AnswerTicket;
use crate::decide::view::View;
use crate::decide::{Decision, Draft, text};
use crate::id::{ContactId, TicketId};
use crate::limits::MAX_PROPOSALS_PER_DECISION;
use crate::task::{Task, TaskKind};

pub(super) fn decide(view: &View<'_>, task: &Task) -> Decision {
    if task.order.kind != TaskKind::AnswerTickets {
        return unknown(task);
    }
    let waiting = view.trade().tickets.iter().filter(|(_, (contact, _))| !view.is_being_written_to(*contact));
    let bound = MAX_PROPOSALS_PER_DECISION.min(view.messages_left_today());
    let drafts =
        waiting.take(bound).filter_map(|(ticket, (contact, _))| Some(Draft::new(answer(view, *ticket, *contact)?, 80, "a customer waits")));
    propose(drafts.collect(), "nobody waits for an answer")
}

fn answer(view: &View<'_>, ticket: TicketId, contact: ContactId) -> Option<AnswerTicket> {
    let profile = view.profile(view.trade().contacts.get(&contact)?)?;
    let body = text::fill(&text::answer(&view.spec().blueprint, &view.spec().founder), &profile);
    Some(AnswerTicket { ticket, body: view.seal(contact, &body).ok()? })
}
