//! Plans: the tasks that a business starts with, and those that its state calls for.

use crate::blueprint::Channel;
use crate::decide::growth::Strategy;
use crate::decide::playbook as rules;
use crate::decide::view::View;
use crate::decide::worth::Worth;
use crate::money::Cents;
use crate::state::contacts::Interest;
use crate::state::orders::REFUND_WITHIN_DAYS;
use crate::state::{State, Status};
use crate::task::{NewTask, TaskKind};
use crate::temptation::Temptation;
use crate::time::DAY_MS;

/// Days between two bills.
const BILL_DAYS: i64 = 7;

/// The tasks of a new business, in creation order: study first, then publish and advertise on the blueprint's strongest channels. `first` is the id
/// that the first of them will get, for the dependencies.
pub fn initial(view: &View<'_>, first: crate::id::TaskId) -> Vec<NewTask> {
    let deadline = view.now().plus_ms(3 * DAY_MS);
    let mut tasks = Vec::new();
    if view.spec().strategy == Strategy::Idle {
        return tasks;
    }
    if view.can(TaskKind::StudyMarket) {
        tasks.push(NewTask::new(TaskKind::StudyMarket, 90, deadline));
    }
    let studied = !tasks.is_empty();
    let marketing =
        [(TaskKind::PublishPosts, Channel::Seo), (TaskKind::PublishPosts, Channel::Social), (TaskKind::RunAds, Channel::PaidSearch)];
    for (kind, channel) in marketing {
        if view.can(kind) {
            let task = NewTask::new(kind, 60, deadline).on(channel);
            tasks.push(if studied { task.after(first) } else { task });
        }
    }
    tasks.push(NewTask::new(TaskKind::PlanDay, 80, deadline));
    tasks
}

/// The tasks that the state calls for now and that are not open yet, with the priorities that they are worth now.
pub fn candidates(view: &View<'_>) -> Vec<NewTask> {
    let deadline = view.now().plus_ms(2 * DAY_MS);
    let fresh = |kind: &TaskKind| view.can(*kind) && !view.work().has_open(*kind);
    let waiting = WAITING.into_iter().filter(|kind| fresh(kind) && waits(view, *kind));
    let mut tasks: Vec<NewTask> = waiting.map(|kind| NewTask::new(kind, 0, deadline)).collect();
    let first_today = |kind: TaskKind| view.work().created_today(kind) == 0 && fresh(&kind);
    let allotment = view.growth().allotment.as_ref();
    if let Some(allotment) = allotment.filter(|_| may_advertise(view)) {
        if first_today(TaskKind::PublishPosts) {
            let posted = Channel::ALL.into_iter().filter(|channel| allotment.posts_on(*channel, view.day()) > 0);
            tasks.extend(posted.map(|channel| NewTask::new(TaskKind::PublishPosts, 0, deadline).on(channel)));
        }
        if first_today(TaskKind::RunAds) {
            let advertised = Channel::ALL.into_iter().filter(|channel| allotment.ads[*channel as usize] > Cents::ZERO);
            tasks.extend(advertised.map(|channel| NewTask::new(TaskKind::RunAds, 0, deadline).on(channel)));
        }
    }
    if sells(view) && first_today(TaskKind::PayBills) && view.trade().billed_at.is_none_or(|at| view.now().since(at) >= BILL_DAYS * DAY_MS)
    {
        tasks.push(NewTask::new(TaskKind::PayBills, 0, deadline));
    }
    if first_today(TaskKind::ReviewPrice) && allotment.is_some_and(|allotment| allotment.price != view.trade().price) {
        tasks.push(NewTask::new(TaskKind::ReviewPrice, 0, deadline));
    }
    if sells(view) && first_today(TaskKind::TakeUpOffer) {
        let tempting = view.trade().temptation(view.now()).and_then(Temptation::channel);
        tasks.extend(tempting.map(|channel| NewTask::new(TaskKind::TakeUpOffer, 0, deadline).on(channel)));
    }
    let worth = Worth::new(view);
    tasks.into_iter().map(|order| worth.ranked(order)).collect()
}

/// Whether work waits for which no task was created today: then the day is planned once more.
pub fn should_replan(state: &State, view: &View<'_>) -> bool {
    let untouched = |kind: &TaskKind| view.can(*kind) && state.work.created_today(*kind) == 0 && !state.work.has_open(*kind);
    state.status == Status::Active
        && !state.work.has_open(TaskKind::PlanDay)
        && WAITING.iter().any(|kind| untouched(kind) && waits(view, *kind))
}

/// The kinds of task for which something may wait.
const WAITING: [TaskKind; 8] = [
    TaskKind::CollectPayments,
    TaskKind::DeliverOrders,
    TaskKind::RefundOrders,
    TaskKind::AnswerTickets,
    TaskKind::MakeOffers,
    TaskKind::QualifyLeads,
    TaskKind::Outreach,
    TaskKind::FollowUp,
];

/// Whether something waits for a task of this kind.
fn waits(view: &View<'_>, kind: TaskKind) -> bool {
    let (trade, now) = (view.trade(), view.now());
    match kind {
        TaskKind::CollectPayments => trade.orders.open().any(|(_, order)| rules::is_due(order, now)),
        TaskKind::DeliverOrders => trade.orders.open().any(|(_, order)| order.awaits_delivery()),
        TaskKind::RefundOrders => trade.orders.owed_refunds().next().is_some(),
        TaskKind::AnswerTickets => !trade.tickets.is_empty(),
        TaskKind::QualifyLeads => sells(view) && trade.contacts.at_step(Interest::New).next().is_some(),
        TaskKind::MakeOffers | TaskKind::Outreach | TaskKind::FollowUp => {
            sells(view) && may_advertise(view) && rules::who_wants_mail(kind, view).next().is_some()
        }
        _ => false,
    }
}

/// Whether nobody waits too long for a refund: else whatever advertises is vetoed, and money goes back first.
fn may_advertise(view: &View<'_>) -> bool {
    view.trade().orders.oldest_refund_days(view.now()) <= REFUND_WITHIN_DAYS
}

/// Whether leads are scored and written to, and bills paid for it.
fn sells(view: &View<'_>) -> bool {
    view.growth().allotment.as_ref().map_or(view.spec().strategy != Strategy::Idle, |allotment| allotment.sells)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::ActionKind;
    use crate::decide::growth::Allotment;
    use crate::decide::view::Eyes;
    use crate::oversight::tests_support::Scene;

    #[test]
    fn with_a_refund_overdue_money_goes_back_first_and_nothing_is_advertised() {
        let kinds = |days: Option<i64>| {
            let mut scene = Scene::new();
            let written_to = scene.lead("eve@customer.example", true);
            scene.state.trade.contacts.change(written_to).expect("known").interest = Interest::Fit;
            if let Some(days) = days {
                scene.ask_refund(days);
            }
            let eyes = Eyes { vault: scene.vault.clone(), connected: ActionKind::ALL.into() };
            let nothing = Allotment::nothing(&eyes.view(&scene.state, scene.state.now));
            let daily = Allotment { posts: [7; 6], ads: [Cents::new(100); 6], sells: true, ..nothing };
            scene.state.growth.allotment = Some(daily);
            candidates(&eyes.view(&scene.state, scene.state.now)).into_iter().map(|task| task.kind).collect::<Vec<_>>()
        };
        let advertises = [TaskKind::PublishPosts, TaskKind::RunAds, TaskKind::Outreach];
        for days in [None, Some(REFUND_WITHIN_DAYS)] {
            assert!(advertises.iter().all(|kind| kinds(days).contains(kind)), "{days:?}: {:?}", kinds(days));
        }
        let overdue = kinds(Some(REFUND_WITHIN_DAYS + 1));
        assert!(!advertises.iter().any(|kind| overdue.contains(kind)), "{overdue:?}");
        assert!(
            [TaskKind::RefundOrders, TaskKind::AnswerTickets, TaskKind::DeliverOrders].iter().all(|kind| overdue.contains(kind)),
            "{overdue:?}"
        );
    }
}
