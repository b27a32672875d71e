//! Sales: writes to fit leads, reminds them once or twice, makes offers to those who answer.

use super::{propose, unknown};
use crate::action::{MailPurpose, SendEmail};
use crate::blueprint::Billing;
use crate::decide::view::View;
use crate::decide::worth::Worth;
use crate::decide::{Decision, Draft, text};
use crate::id::ContactId;
use crate::state::contacts::{Contact, Interest};
use crate::task::{Task, TaskKind};
use crate::time::DAY_MS;

/// Mails of one task.
const MAILS_PER_TASK: usize = 30;
/// Days to wait before a reminder.
pub(crate) const FOLLOW_UP_AFTER_DAYS: i64 = 3;
/// Commercial mails after which a silent lead is left alone.
pub(crate) const MAX_MAILS: u8 = 3;
/// Commercial mails after which nobody gets another offer: the charter allows no more.
const MAX_MAILS_WITH_OFFERS: u8 = 4;
/// Days to wait before somebody who did not answer an offer gets another.
const OFFER_AGAIN_AFTER_DAYS: i64 = 4;
/// Days to wait before a customer gets an offer to buy again.
const RETURN_AFTER_DAYS: i64 = 21;

/// The contacts that should get a mail of this kind of task now.
pub(crate) fn who_wants<'a>(kind: TaskKind, view: &'a View<'a>) -> impl Iterator<Item = (&'a ContactId, &'a Contact)> {
    asked(kind, view).into_iter().flatten().flat_map(move |asked| {
        let waited = move |(_, contact): &(&ContactId, &Contact)| view.now().since(contact.last_mail_at) >= asked.days * DAY_MS;
        view.trade().contacts.to_write_to(asked.interest, asked.mails).filter(waited)
    })
}

/// Contacts that have come so far get a mail, where they had fewer than so many and the last one so many days ago.
#[derive(Clone, Copy)]
struct Asked {
    interest: Interest,
    mails: u8,
    days: i64,
}

/// Who gets such mails.
fn asked(kind: TaskKind, view: &View<'_>) -> [Option<Asked>; 4] {
    let who = |interest, mails, days| Some(Asked { interest, mails, days });
    match kind {
        TaskKind::Outreach => [who(Interest::Fit, 1, 0), None, None, None],
        TaskKind::FollowUp => [who(Interest::Contacted, MAX_MAILS, FOLLOW_UP_AFTER_DAYS), None, None, None],
        TaskKind::MakeOffers => {
            let later = view.growth().allotment.as_ref().is_some_and(|allotment| allotment.later.is_some());
            let again = later && view.spec().blueprint.billing == Billing::OneTime;
            [
                who(Interest::Interested, u8::MAX, 0),
                who(Interest::AskedPrice, u8::MAX, 0),
                who(Interest::Offered, MAX_MAILS_WITH_OFFERS, OFFER_AGAIN_AFTER_DAYS).filter(|_| later),
                who(Interest::Customer, MAX_MAILS_WITH_OFFERS, RETURN_AFTER_DAYS).filter(|_| again),
            ]
        }
        _ => [None; 4],
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
    let monthly = blueprint.billing == Billing::Monthly;
    let later = view.growth().allotment.as_ref().and_then(|allotment| allotment.later);
    let line = view.growth().allotment.as_ref().map_or(0, |allotment| allotment.line);
    // Who gets what depends on how far they have come.
    let letter = |contact: &Contact| match purpose {
        MailPurpose::Outreach => (None, text::outreach(blueprint, founder, line), why),
        MailPurpose::FollowUp => (None, text::follow_up(blueprint, founder), why),
        _ => {
            let list = view.trade().price;
            match contact.interest {
                Interest::Offered => {
                    let price = later.map_or(list, |later| later.price(view));
                    (Some(price), text::offer_again(blueprint, founder, price, monthly), "no answer to the first offer")
                }
                Interest::Customer => (Some(list), text::offer_more(blueprint, founder, list), "a customer who may buy again"),
                _ => (Some(list), text::offer(blueprint, founder, list, monthly), why),
            }
        }
    };
    let owed = |id: ContactId| {
        view.trade().orders.open().any(|(_, order)| order.contact == id && (order.owed_refund_since().is_some() || order.awaits_delivery()))
    };
    let waits =
        |(id, contact): &(&ContactId, &Contact)| view.is_being_written_to(**id) || (contact.interest == Interest::Customer && owed(**id));
    // Who is worth most is written to first, should messages be short.
    let worth = Worth::new(view);
    let wanted = who_wants(kind, view).filter(|contact| !waits(contact));
    let mut contacts: Vec<_> = wanted.map(|(id, contact)| (worth.contact(kind, contact), id, contact)).collect();
    contacts.sort_by(|(one, first, _), (other, second, _)| other.total_cmp(one).then(first.cmp(second)));
    contacts.truncate(MAILS_PER_TASK.min(view.messages_left_today()));
    let drafts = contacts.into_iter().filter_map(|(_, id, contact)| {
        let (price, (subject, body), why) = letter(contact);
        let line = (purpose == MailPurpose::Outreach).then_some(line);
        Some(Draft::new(SendEmail { line, ..view.mail(*id, purpose, price, &subject, &body)? }, confidence, why))
    });
    propose(drafts.collect(), "nobody to write to")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::{Action, ActionKind};
    use crate::decide::growth::{Allotment, LaterOffers};
    use crate::decide::view::Eyes;
    use crate::event::{Payload, Signal};
    use crate::id::{OrderId, TaskId};
    use crate::oversight::tests_support::Scene;
    use crate::task::NewTask;

    /// The prices that are offered to the scene's contact, who has come so far, after so many mails and days; in percent of the price that holds.
    fn offered(interest: Interest, mails: u8, days: i64, later: Option<u8>, edit: impl FnOnce(&mut Scene)) -> Vec<i64> {
        let mut scene = Scene::with("ai-chatbot-integration-service", |_| ());
        scene.order().deliveries = 1;
        let now = scene.state.now;
        let mut contact = scene.contact();
        (contact.interest, contact.mails, contact.last_mail_at) = (interest, mails, now.plus_ms(-days * DAY_MS));
        drop(contact);
        let eyes = Eyes { vault: scene.vault.clone(), connected: ActionKind::ALL.into() };
        let nothing = Allotment::nothing(&eyes.view(&scene.state, now));
        let later = later.map(|percent| LaterOffers { percent });
        scene.state.growth.allotment = Some(Allotment { sells: true, later, ..nothing });
        edit(&mut scene);
        let order = NewTask::new(TaskKind::MakeOffers, 80, now.plus_ms(DAY_MS));
        let task = TaskId::new(scene.state.work.next_task);
        scene.apply(Payload::TaskCreated { task, order });
        let task = scene.state.work.tasks[&task].clone();
        let list = scene.state.trade.price.get();
        match decide(&eyes.view(&scene.state, now), &task) {
            Decision::Propose(drafts) => drafts
                .iter()
                .filter_map(|draft| match &draft.action {
                    Action::SendEmail(mail) => mail.price.map(|price| price.get() * 100 / list),
                    _ => None,
                })
                .collect(),
            _ => Vec::new(),
        }
    }

    #[test]
    fn who_did_not_answer_an_offer_gets_another_only_where_the_strategy_says_so() {
        let to = |mails, days, later| offered(Interest::Offered, mails, days, later, |_| ());
        assert_eq!(to(2, 4, Some(90)), [90]);
        assert_eq!(to(2, 4, None), [0_i64; 0], "one offer each");
        assert_eq!(to(2, 3, Some(90)), [0_i64; 0], "an answer may come for three days");
        assert_eq!(to(4, 40, Some(90)), [0_i64; 0], "nobody gets more than four mails");
        let dear = |scene: &mut Scene| {
            let price = scene.state.trade.price;
            std::sync::Arc::make_mut(&mut scene.state.spec).blueprint.unit_cost = price.percent(96);
        };
        assert_eq!(offered(Interest::Offered, 2, 4, Some(90), dear), [96], "never below what a sale costs");
        assert_eq!(offered(Interest::Interested, 1, 0, Some(90), |_| ()), [100], "the first offer is at the price that holds");
    }

    #[test]
    fn customers_who_were_served_may_buy_again() {
        let to = |days, edit: fn(&mut Scene)| offered(Interest::Customer, 2, days, Some(90), edit);
        assert_eq!(to(21, |_| ()), [100]);
        assert_eq!(to(20, |_| ()), [0_i64; 0], "not at once");
        assert_eq!(to(21, |scene| scene.order().deliveries = 0), [0_i64; 0], "not before they have what they paid for");
        assert_eq!(to(21, |scene| scene.ask_refund(1)), [0_i64; 0], "not while they wait for money");
        let monthly = |scene: &mut Scene| std::sync::Arc::make_mut(&mut scene.state.spec).blueprint.billing = Billing::Monthly;
        assert_eq!(to(21, monthly), [0_i64; 0], "who pays every month has it already");
        assert_eq!(offered(Interest::Customer, 2, 21, None, |_| ()), [0_i64; 0]);
        assert_eq!(offered(Interest::Lost, 2, 30, Some(90), |_| ()), [0_i64; 0], "who said no stays alone");
    }

    #[test]
    fn later_offers_are_counted_by_their_part_of_the_price_and_not_among_the_first() {
        let mut scene = Scene::new();
        let (contact, list) = (scene.lead("eve@customer.example", true), scene.state.trade.price);
        let offer = |scene: &mut Scene, percent: i64| {
            let mail = scene.mail(MailPurpose::Offer, |_| ());
            scene.done(SendEmail { contact, price: Some(list.percent(percent)), ..mail });
        };
        offer(&mut scene, 100);
        offer(&mut scene, 85);
        let order = OrderId::new(77);
        scene.signal(Signal::OrderPlaced { order, contact, price: list.percent(85), monthly: false });
        let trade = &scene.state.trade;
        assert_eq!((trade.later_offers[&85].made, trade.later_offers[&85].taken), (1, 1));
        assert_eq!((trade.offers[&list].made, trade.offers.get(&list.percent(85))), (1, None));
    }
}
