//! Sales: writes to fit leads, reminds them once or twice, makes offers to those who answer.

use super::{propose, unknown};
use crate::action::MailPurpose;
use crate::blueprint::Billing;
use crate::decide::view::View;
use crate::decide::worth::Worth;
use crate::decide::{Decision, Draft, text};
use crate::id::ContactId;
use crate::state::trade::{Contact, Interest};
use crate::task::{Task, TaskKind};
use crate::time::DAY_MS;

/// Mails of one task.
const MAILS_PER_TASK: usize = 30;
/// Days to wait before a reminder.
pub(crate) const FOLLOW_UP_AFTER_DAYS: i64 = 3;
/// Commercial mails after which a silent lead is left alone.
pub(crate) const MAX_MAILS: u8 = 3;

/// Whether a contact should get a mail of this kind of task now.
pub(crate) fn wants(kind: TaskKind, contact: &Contact, now: crate::time::Timestamp) -> bool {
    if contact.suppressed || !contact.consent {
        return false;
    }
    match kind {
        TaskKind::Outreach => contact.interest == Interest::Fit && contact.mails == 0,
        TaskKind::FollowUp => {
            let waited = now.since(contact.last_mail_at) >= FOLLOW_UP_AFTER_DAYS * DAY_MS;
            contact.interest == Interest::Contacted && contact.mails < MAX_MAILS && waited
        }
        TaskKind::MakeOffers => matches!(contact.interest, Interest::Interested | Interest::AskedPrice),
        _ => false,
    }
}

pub(super) fn decide(view: &View<'_>, task: &Task) -> Decision {
    let kind = task.order.kind;
    let (purpose, confidence, why) = match kind {
        TaskKind::Outreach => (MailPurpose::Outreach, 60, "a fit lead that agreed to be written to"),
        TaskKind::FollowUp => (MailPurpose::FollowUp, 45, "no answer for three days"),
        TaskKind::MakeOffers => (MailPurpose::Offer, 75, "the lead answered"),
        _ => return unknown(task),
    };
    let (blueprint, founder) = (&view.spec().blueprint, view.spec().founder.as_str());
    let price = (purpose == MailPurpose::Offer).then_some(view.trade().price);
    let (subject, body) = match purpose {
        MailPurpose::Outreach => text::outreach(blueprint, founder),
        MailPurpose::FollowUp => text::follow_up(blueprint, founder),
        _ => text::offer(blueprint, founder, view.trade().price, blueprint.billing == Billing::Monthly),
    };
    let wanted = |(id, contact): &(&ContactId, &Contact)| wants(kind, contact, view.now()) && !view.is_being_written_to(**id);
    // Who is worth most is written to first, should messages be short.
    let worth = Worth::new(view);
    let mut contacts: Vec<_> =
        view.trade().contacts.iter().filter(wanted).map(|(id, contact)| (worth.contact(kind, contact), id)).collect();
    contacts.sort_by(|(one, first), (other, second)| other.total_cmp(one).then(first.cmp(second)));
    let contacts = contacts.into_iter().take(MAILS_PER_TASK.min(view.messages_left_today()));
    let drafts = contacts.filter_map(|(_, id)| Some(Draft::new(view.mail(*id, purpose, price, &subject, &body)?, confidence, why)));
    propose(drafts.collect(), "nobody to write to")
}
