//! Finance: collects what is due, gives money back where it must, pays the running costs, reconsiders the price.

use super::{propose, unknown};
use crate::action::{Action, ActionKind, CollectPayment, PayBill, RefundPayment, SetPrice};
use crate::blueprint::Billing;
use crate::decide::view::View;
use crate::decide::{Decision, Draft};
use crate::id::OrderId;
use crate::limits::MAX_PROPOSALS_PER_DECISION;
use crate::money::Cents;
use crate::state::trade::{Interest, Order};
use crate::task::{Task, TaskKind};

/// The bounds of the price, in percent of the blueprint's.
const PRICE_BOUNDS_PERCENT: (i64, i64) = (85, 115);

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
    order.active && !order.refund_requested && order.due_at.is_some_and(|due| due <= now)
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
    let due = view
        .trade()
        .active_orders()
        .filter(|(id, order)| is_due(order, view.now()) && !is_under_way(view, ActionKind::CollectPayment, **id));
    let drafts = due.take(MAX_PROPOSALS_PER_DECISION).map(|(id, order)| {
        let payment = CollectPayment { order: *id, installment: order.payments, price: order.price };
        Draft::new(payment, 95, "the customer agreed to this price and it is due")
    });
    propose(drafts.collect(), "nothing is due")
}

fn refund(view: &View<'_>) -> Decision {
    let asked = view
        .trade()
        .orders
        .iter()
        .filter(|(id, order)| order.refund_requested && order.payments > 0 && !is_under_way(view, ActionKind::RefundPayment, **id));
    let drafts = asked.take(MAX_PROPOSALS_PER_DECISION).map(|(id, order)| {
        Draft::new(RefundPayment { order: *id, refund: order.price }, 90, "the customer paid and did not get what it paid for")
    });
    propose(drafts.collect(), "nobody is owed a refund")
}

/// Raises the price a little where most offers are taken, lowers it a little where few are.
fn review_price(view: &View<'_>) -> Decision {
    let list = view.spec().blueprint.price;
    let contacts = view.trade().contacts.values();
    let (taken, open) = contacts.fold((0_i64, 0_i64), |(taken, open), contact| match contact.interest {
        Interest::Customer => (taken + 1, open),
        Interest::Offered | Interest::Lost if contact.qualified => (taken, open + 1),
        _ => (taken, open),
    });
    let share = taken * 100 / (taken + open).max(1);
    let percent = match (taken + open, share) {
        (0..20, _) => return Decision::GiveUp("too few offers were answered to judge the price".to_owned()),
        (_, 45..) => 103,
        (_, ..15) => 97,
        _ => return Decision::GiveUp(format!("{share} percent of offers are taken: the price stays")),
    };
    let (low, high) = PRICE_BOUNDS_PERCENT;
    let price = view.trade().price.percent(percent).max(list.percent(low)).min(list.percent(high));
    let period = if view.spec().blueprint.billing == Billing::Monthly { " a month" } else { "" };
    if price == view.trade().price {
        return Decision::GiveUp("the price is at its bound".to_owned());
    }
    propose(vec![Draft::new(SetPrice { price }, 60, format!("{share} percent of offers are taken; {price} USD{period} from now on"))], "")
}
