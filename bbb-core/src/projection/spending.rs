//! Spending: where the money went, by kind of action and by channel. Real and simulated money have a table each and are never added.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Dollars;
use crate::action::{Action, ActionKind, Cost};
use crate::blueprint::Channel;
use crate::event::{Event, Outcome, Payload};
use crate::id::ProposalId;
use crate::money::Cents;
use crate::receipt::Receipt;

/// Where the money of both kinds went.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Spending {
    /// Money of the simulator.
    pub simulated: Spent,
    /// Money of the world.
    pub real: Spent,
    /// Payments that receipts prove: one for each payment collected, of either kind of money.
    pub payments: u64,
}

/// Where the money of one kind went.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Spent {
    /// In all.
    pub total: Dollars,
    /// By what was done for it.
    pub by_kind: BTreeMap<ActionKind, Line>,
    /// By the channel that it was spent on: posts and advertisements.
    pub by_channel: BTreeMap<Channel, Dollars>,
}

/// What one kind of action has cost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Line {
    /// Effects that cost something.
    pub effects: u64,
    /// What they cost.
    pub total: Dollars,
}

/// Where the money of a journal went. Holds of effects in doubt are not spent before the owner says so.
pub fn spending<'a>(events: impl IntoIterator<Item = &'a Event>) -> Spending {
    let mut spending = Spending::default();
    let mut under_way: BTreeMap<ProposalId, (&Action, Option<Cost>)> = BTreeMap::new();
    for event in events {
        match &event.payload {
            Payload::Proposed { proposal } => drop(under_way.insert(proposal.id, (&proposal.action, None))),
            Payload::Intended { proposal, hold, .. } => {
                if let Some((_, held)) = under_way.get_mut(proposal) {
                    *held = Some(*hold);
                }
            }
            Payload::Settled { proposal, outcome, cost } => {
                let Some((action, _)) = under_way.get(proposal) else { continue };
                if !outcome.keeps_hold() {
                    spending.count(action, cost);
                }
                if let (Action::CollectPayment(_), Outcome::Done { receipt: Receipt::PaymentReceipt(_) }) = (action, outcome) {
                    spending.payments += 1;
                }
            }
            Payload::DoubtResolved { proposal, happened: true } => {
                if let Some((action, Some(hold))) = under_way.get(proposal) {
                    spending.count(action, hold);
                }
            }
            _ => {}
        }
    }
    spending
}

impl Spending {
    /// Money of the kind that the business's own world moves.
    pub fn of_world(&self, simulated: bool) -> &Spent {
        if simulated { &self.simulated } else { &self.real }
    }

    fn count(&mut self, action: &Action, cost: &Cost) {
        let cents = cost.money.cents();
        if cents == Cents::ZERO {
            return;
        }
        let spent = if cost.money.is_simulated() { &mut self.simulated } else { &mut self.real };
        spent.total.0 = spent.total.0.plus(cents);
        let line = spent.by_kind.entry(action.kind()).or_default();
        line.effects += 1;
        line.total.0 = line.total.0.plus(cents);
        if let Some(channel) = channel(action) {
            let total = spent.by_channel.entry(channel).or_default();
            total.0 = total.0.plus(cents);
        }
    }
}

const fn channel(action: &Action) -> Option<Channel> {
    match action {
        Action::PublishPost(post) => Some(post.channel),
        Action::RunAds(ads) => Some(ads.channel),
        _ => None,
    }
}
