//! What is worth most is done first: a business that may send only a few messages a day sends the ones that are worth most.

use std::collections::BTreeMap;
use std::sync::Arc;

use bbb::agents::driver::Driver;
use bbb::core::action::{Action, MailPurpose};
use bbb::core::event::{Event, Payload};
use bbb::core::id::{ProposalId, TaskId};
use bbb::core::journal::passing::PassingStore;
use bbb::core::oversight::verdict::Ruling;
use bbb::core::state::State;
use bbb::core::time::Timestamp;
use bbb::prelude::*;

use crate::run::spec;

/// Runs a business that may send so many messages a day.
fn with_messages(name: &str, seed: u64, a_day: u64) -> (Vec<Event>, State) {
    let mut spec = spec(name, seed, 120);
    spec.caps.messages.day = a_day;
    let mut events = Vec::new();
    let mut watch = |committed: &[Event], _: &State| events.extend_from_slice(committed);
    let world = World::simulated(&spec, None);
    let driven = Driver::default().run(spec, world, Arc::new(PassingStore), &mut watch).unwrap();
    (events, driven.state)
}

/// A message that was reviewed: what its task was worth, and whether there was room for it.
#[derive(Debug, Clone, Copy)]
struct Message {
    priority: u8,
    approved: bool,
}

/// The messages that were reviewed together, in the order of their review; those that were vetoed for another reason than the cap left out. What is begun together is
/// decided together: the key says when, and after which beginning.
fn messages(events: &[Event]) -> BTreeMap<(Timestamp, u64), Vec<Message>> {
    let mut priorities: BTreeMap<TaskId, u8> = BTreeMap::new();
    let mut proposed: BTreeMap<ProposalId, u8> = BTreeMap::new();
    let mut found: BTreeMap<(Timestamp, u64), Vec<Message>> = BTreeMap::new();
    let mut begun = (0, 0);
    for event in events {
        match &event.payload {
            Payload::TaskStarted { .. } if event.sequence == begun.1 + 1 => begun.1 = event.sequence,
            Payload::TaskStarted { .. } => begun = (event.sequence, event.sequence),
            Payload::TaskCreated { task, order } => drop(priorities.insert(*task, order.priority)),
            Payload::Proposed { proposal } if matches!(proposal.action, Action::SendEmail(_) | Action::AnswerTicket(_)) => {
                proposed.insert(proposal.id, priorities[&proposal.task]);
            }
            Payload::Reviewed { proposal, verdict, .. } => {
                let Some(priority) = proposed.get(proposal).copied() else { continue };
                let approved = verdict.ruling == Ruling::Approve;
                if approved || verdict.rules.iter().any(|rule| rule.as_str().starts_with("limits.messages")) {
                    found.entry((event.at, begun.0)).or_default().push(Message { priority, approved });
                }
            }
            _ => {}
        }
    }
    found
}

#[test]
fn where_messages_are_short_none_goes_to_a_lesser_task_before_a_more_valuable_one() {
    let mut short = 0;
    for (name, seed) in [("ai-chatbot-integration-service", 1), ("sustainable-office-snack-boxes", 2), ("podcast-production-studio", 3)] {
        for ((at, _), messages) in messages(&with_messages(name, seed, 2).0) {
            assert!(messages.is_sorted_by(|first, second| first.priority >= second.priority), "{name}, {at}: {messages:?}");
            let least_sent = messages.iter().filter(|message| message.approved).map(|message| message.priority).min();
            let most_refused = messages.iter().filter(|message| !message.approved).map(|message| message.priority).max();
            if let (Some(sent), Some(refused)) = (least_sent, most_refused) {
                assert!(sent >= refused, "{name}, {at}: {messages:?}");
                short += usize::from(sent > refused);
            }
        }
    }
    assert!(short >= 20, "messages were short, and tasks of different worth waited, {short} times");
}

/// Mails of a purpose that were sent.
fn sent(events: &[Event], purpose: MailPurpose) -> usize {
    let mut wanted = BTreeMap::new();
    let mut count = 0;
    for event in events {
        match &event.payload {
            Payload::Proposed { proposal } => {
                wanted.insert(proposal.id, matches!(&proposal.action, Action::SendEmail(mail) if mail.purpose == purpose));
            }
            Payload::Settled { proposal, outcome: bbb::core::event::Outcome::Done { .. }, .. } => count += usize::from(wanted[proposal]),
            _ => {}
        }
    }
    count
}

#[test]
fn offers_go_out_before_reminders_do() {
    let share = |a_day: u64| {
        let (events, state) = with_messages("mobile-car-detailing", 1, a_day);
        (sent(&events, MailPurpose::Offer), sent(&events, MailPurpose::FollowUp), state.trade.customers)
    };
    let ((offers, reminders, customers), (all_offers, all_reminders, _)) = (share(4), share(200));
    assert!(customers > 0 && offers > 0, "{offers} offers, {customers} customers");
    assert!(offers * all_reminders > reminders * all_offers, "{offers} and {reminders}, of {all_offers} and {all_reminders}");
}
