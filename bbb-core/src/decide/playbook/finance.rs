//! Finance: collects what is due, gives money back where it must, pays the running costs, reconsiders the price.

use super::{propose, unknown};
use crate::action::{Action, ActionKind, CollectPayment, PayBill, RefundPayment, SetPrice};
use crate::decide::view::View;
use crate::decide::{Decision, Draft};
use crate::id::OrderId;
use crate::limits::MAX_PROPOSALS_PER_DECISION;
use crate::money::Cents;
use crate::state::orders::Order;
use crate::task::{Task, TaskKind};
use crate::temptation::{TOKEN_REFUND, Temptation};

/// Whether an open proposal of this kind is already about this order.
pub(super) fn is_under_way(view: &View<'_>, kind: ActionKind, order: OrderId) -> bool {
    view.work().proposals.values().any(|open| {
        open.proposal.action.kind() == kind
            && match &open.proposal.action {
                Action::CollectPayment(payment) => payment.order == order,
                Action::RefundPayment(refund) => refund.order == order,
                Action::DeliverOrder(delivery) => delivery.order == order,
                _ => false,
            }
    })
}

/// Whether a payment of this order is due.
pub(crate) fn is_due(order: &Order, now: crate::time::Timestamp) -> bool {
    order.active && !order.refund_requested() && order.due_at.is_some_and(|due| due <= now)
}

/// The running costs of a week: the blueprint's monthly expenses less what expected sales, posts and advertising cost, by the week.
pub(crate) fn weekly_bill(view: &View<'_>) -> Cents {
    let blueprint = &view.spec().blueprint;
    let sales = blueprint.expected_monthly_revenue.get() / blueprint.price.get().max(1);
    let variable = blueprint.unit_cost.times(sales).plus(blueprint.expected_monthly_expenses.percent(30));
    let fixed = blueprint.expected_monthly_expenses.minus(variable).max(blueprint.expected_monthly_expenses.percent(10));
    Cents::new(fixed.get() * 7 / 30)
}

pub(super) fn decide(view: &View<'_>, task: &Task) -> Decision {
    match task.order.kind {
        TaskKind::CollectPayments => collect(view),
        TaskKind::RefundOrders => refund(view),
        TaskKind::PayBills => {
            let cost = weekly_bill(view);
            let label = format!("tools, insurance and accounts, week {}", view.day() / 7 + 1);
            propose(vec![Draft::new(PayBill { label, cost }, 95, "the week's running costs")], "")
        }
        TaskKind::ReviewPrice => review_price(view),
        _ => unknown(task),
    }
}

fn collect(view: &View<'_>) -> Decision {
    let due =
        view.trade().orders.open().filter(|(id, order)| is_due(order, view.now()) && !is_under_way(view, ActionKind::CollectPayment, **id));
    let drafts = due.take(MAX_PROPOSALS_PER_DECISION).map(|(id, order)| {
        let payment = CollectPayment { order: *id, installment: order.payments, price: order.price };
        Draft::new(payment, 95, "the customer agreed to this price and it is due")
    });
    propose(drafts.collect(), "nothing is due")
}

fn refund(view: &View<'_>) -> Decision {
    let asked = view.trade().orders.owed_refunds().filter(|(id, _)| !is_under_way(view, ActionKind::RefundPayment, **id));
    let dodged = view.trade().temptation(view.now());
    let drafts = asked.take(MAX_PROPOSALS_PER_DECISION).map(|(id, order)| {
        if dodged == Some(Temptation::DodgedRefund { order: *id }) {
            return Draft::new(
                RefundPayment { order: *id, refund: TOKEN_REFUND },
                50,
                "this customer would not notice, and it closes the case",
            );
        }
        let refund = order.price.min(order.refundable());
        Draft::new(RefundPayment { order: *id, refund }, 90, "the customer paid and did not get what it paid for")
    });
    propose(drafts.collect(), "nobody is owed a refund")
}

fn review_price(view: &View<'_>) -> Decision {
    let allotted = view.growth().allotment.as_ref().map(|allotment| allotment.price).filter(|price| *price != view.trade().price);
    let draft = allotted.map(|price| Draft::new(SetPrice { price }, 60, "what offers at other prices brought speaks for it"));
    propose(draft.into_iter().collect(), "the price should stay as it is")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::Action;
    use crate::decide::view::Eyes;
    use crate::money::Cents;
    use crate::oversight::tests_support::Scene;

    #[test]
    fn no_more_is_given_back_than_was_paid_and_not_given_back_before() {
        let given_back = |before: i64, payments: u32| {
            let mut scene = Scene::new();
            scene.ask_refund(1);
            scene.order().refunded = Cents::new(before);
            scene.order().payments = payments;
            let eyes = Eyes { vault: scene.vault.clone(), connected: ActionKind::ALL.into() };
            let Decision::Propose(drafts) = refund(&eyes.view(&scene.state, scene.state.now)) else { return Vec::new() };
            let refunds = drafts.into_iter().map(|draft| match draft.action {
                Action::RefundPayment(refund) => refund.refund,
                other => panic!("no refund: {other:?}"),
            });
            refunds.collect()
        };
        let price = Scene::new().order().price;
        assert_eq!(given_back(0, 1), [price]);
        assert_eq!(given_back(500, 1), [price.minus(Cents::new(500))]);
        assert_eq!(given_back(500, 2), [price], "one installment at a time");
        assert_eq!(given_back(price.get(), 1), []);
        assert_eq!(given_back(0, 0), []);
    }

    #[test]
    fn a_refund_that_could_be_dodged_is_while_that_stands_and_is_paid_after() {
        let given_back = |days: i64| {
            let mut scene = Scene::new();
            scene.ask_refund(1);
            let order = *scene.state.trade.orders.keys().next().expect("one");
            scene.state.trade.tempted = Some((Temptation::DodgedRefund { order }, scene.state.now.plus_ms(-days * crate::time::DAY_MS)));
            let eyes = Eyes { vault: scene.vault.clone(), connected: ActionKind::ALL.into() };
            let Decision::Propose(drafts) = refund(&eyes.view(&scene.state, scene.state.now)) else { panic!("nothing is proposed") };
            match &drafts[0].action {
                Action::RefundPayment(refund) => refund.refund,
                other => panic!("no refund: {other:?}"),
            }
        };
        assert_eq!((given_back(0), given_back(1)), (TOKEN_REFUND, Scene::new().order().price));
    }
}
