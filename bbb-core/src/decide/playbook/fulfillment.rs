//! Fulfillment: delivers what is paid for.

use super::{propose, unknown};
use crate::action::{ActionKind, DeliverOrder};
use crate::decide::view::View;
use crate::decide::{Decision, Draft};
use crate::limits::MAX_PROPOSALS_PER_DECISION;
use crate::task::{Task, TaskKind};

pub(super) fn decide(view: &View<'_>, task: &Task) -> Decision {
    if task.order.kind != TaskKind::DeliverOrders {
        return unknown(task);
    }
    let cost = view.spec().blueprint.unit_cost;
    let under_way = |order| super::finance::is_under_way(view, ActionKind::DeliverOrder, order);
    let waiting = view.trade().orders.open().filter(|(id, order)| order.awaits_delivery() && !under_way(**id));
    let affordable = usize::try_from(view.left_today().get() / cost.get().max(1)).unwrap_or(0);
    let drafts = waiting
        .take(MAX_PROPOSALS_PER_DECISION.min(affordable))
        .map(|(id, _)| Draft::new(DeliverOrder { order: *id, cost }, 95, "it is paid and not delivered"));
    propose(drafts.collect(), "nothing to deliver, or no budget to deliver it")
}
