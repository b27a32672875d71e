//! The fold: replay equals live, snapshots are only a shortcut, and what does not fit is refused by number and reason, never by a panic.

use std::sync::Arc;

use bbb::core::event::{By, Event, Intent, Payload, Signal};
use bbb::core::id::{ContactId, OrderId, ProposalId, TaskId, TicketId};
use bbb::core::journal::chain::{Head, Record};
use bbb::core::journal::store::{Append, Snapshot, Store};
use bbb::core::oversight::verdict::{Finding, RuleId, Ruling, Verdict};
use bbb::core::state::{FOLD_VERSION, State};
use bbb::core::task::{FailureCause, NewTask, TaskKind};
use bbb::core::temptation::Temptation;
use bbb::prelude::*;

use crate::run::{Ran, chatbot, on_one_thread, run};

fn ran() -> Ran {
    on_one_thread(run(chatbot(12), |engine| engine))
}

#[test]
fn replaying_any_prefix_gives_the_state_that_was_live_then() {
    let ran = ran();
    let mut live = State::launch(ran.state.business, &ran.events[0]).unwrap();
    let mut draw = Seed::new(7).draw("prefixes", 0);
    for event in &ran.events[1..] {
        live.apply(event).unwrap();
        if draw.chance(0.02) {
            let prefix = &ran.events[..usize::try_from(event.sequence).unwrap()];
            assert_eq!(State::replay(live.business, prefix).unwrap().as_ref(), Some(&live), "event {}", event.sequence);
            let written = serde_json::to_vec(&live).unwrap();
            assert_eq!(serde_json::from_slice::<State>(&written).unwrap(), live, "event {}, from a snapshot", event.sequence);
        }
    }
    assert_eq!(live, *ran.state);
}

/// A store with this journal.
async fn stored(ran: &Ran) -> Arc<dyn Store> {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let (epoch, _) = store.acquire(ran.state.business).await.unwrap();
    let mut hash = Head::EMPTY.hash;
    let record = |event: &Event| {
        let record = Record::encode(event, &hash).unwrap();
        hash = record.hash;
        record
    };
    let records = ran.events.iter().map(record).collect();
    let append =
        Append { business: ran.state.business, epoch, expected: Head::EMPTY, records, signals: Vec::new(), wake_at: None, ended: false };
    store.append(append).await.unwrap();
    store
}

#[test]
fn a_snapshot_is_a_shortcut_and_one_of_another_fold_is_not_used() {
    let ran = ran();
    on_one_thread(async {
        let store = stored(&ran).await;
        let (id, half) = (ran.state.business, ran.events.len() / 2);
        let engine = Engine::builder(Arc::clone(&store)).build();
        assert_eq!(engine.peek(id).await.unwrap(), *ran.state, "without a snapshot");
        let snapshot = |state: &State, fold_version| {
            let record = store.read(id, half as u64 - 1, 1);
            let bytes: Arc<[u8]> = serde_json::to_vec(state).unwrap().into();
            async move {
                let record = record.await.unwrap().remove(0);
                Snapshot { head: Head { sequence: record.sequence, hash: record.hash }, fold_version, bytes }
            }
        };
        let state = State::replay(id, &ran.events[..half]).unwrap().unwrap();
        store.save_snapshot(id, snapshot(&state, FOLD_VERSION).await).await.unwrap();
        assert_eq!(engine.peek(id).await.unwrap(), *ran.state, "with a snapshot");
        // A snapshot that lies shows whether it was used.
        let mut lie = state.clone();
        lie.trade.refunds += 1_000;
        store.save_snapshot(id, snapshot(&lie, FOLD_VERSION).await).await.unwrap();
        assert_eq!(engine.peek(id).await.unwrap().trade.refunds, ran.state.trade.refunds + 1_000, "it was used");
        store.save_snapshot(id, snapshot(&lie, FOLD_VERSION + 1).await).await.unwrap();
        assert_eq!(engine.peek(id).await.unwrap(), *ran.state, "of another fold");
        let mut broken = snapshot(&lie, FOLD_VERSION).await;
        broken.bytes = Arc::from(&b"{"[..]);
        store.save_snapshot(id, broken).await.unwrap();
        assert_eq!(engine.peek(id).await.unwrap(), *ran.state, "unreadable");
    });
}

#[test]
fn an_event_in_a_wrong_state_is_refused_with_its_number_and_the_reason() {
    let ran = ran();
    let launched = State::launch(ran.state.business, &ran.events[0]).unwrap();
    let (task, proposal, contact) = (TaskId::new(7), ProposalId::new(7), ContactId::from_bytes([7; 8]));
    let verdict = || Verdict::from_findings(&[Finding::new(Ruling::Veto, RuleId::named("limits.test"), "")]);
    let order = || NewTask::new(TaskKind::PlanDay, 1, launched.now);
    let received = |signal| Payload::Received { source: "test".to_owned(), external_id: String::new(), signal };
    let taken = |wanted: &dyn Fn(&Payload) -> bool| ran.events.iter().map(|event| &event.payload).find(|p| wanted(p)).unwrap().clone();
    let cases: Vec<(Payload, &str)> = vec![
        (ran.events[0].payload.clone(), "one launch"),
        (Payload::DayClosed { day: 3 }, "day 0"),
        (Payload::TaskCreated { task, order: order() }, "task_0 should come next"),
        (Payload::TaskStarted { task }, "not an open task"),
        (Payload::TaskCompleted { task }, "not an open task"),
        (Payload::AttemptFailed { task, reason: String::new(), retry_at: launched.now }, "not an open task"),
        (Payload::TaskFailed { task, cause: FailureCause::Deadline, reason: String::new() }, "not an open task"),
        (taken(&|payload| matches!(payload, Payload::Proposed { .. })), "not an open task"),
        (taken(&|payload| matches!(payload, Payload::Reviewed { .. })), "not an open proposal"),
        (taken(&|payload| matches!(payload, Payload::Intended { .. })), "not an open proposal"),
        (taken(&|payload| matches!(payload, Payload::Settled { .. })), "not an open proposal"),
        (Payload::Withdrawn { proposal, verdict: verdict() }, "not an open proposal"),
        (Payload::DoubtResolved { proposal, happened: true }, "not in doubt"),
        (Payload::Resumed { by: By::Owner }, "active"),
        (received(Signal::Replied { contact, intent: Intent::Interested }), "not known"),
        (received(Signal::Unsubscribed { contact }), "not known"),
        (received(Signal::OrderPlaced { order: OrderId::new(1), contact, price: Cents::new(1), monthly: false }), "not known"),
        (received(Signal::OrderPlaced { order: OrderId::new(1), contact, price: Cents::new(-1), monthly: false }), "below nothing"),
        (received(Signal::Churned { order: OrderId::new(1) }), "not known"),
        (received(Signal::TicketOpened { ticket: TicketId::new(1), contact }), "not known"),
        (received(Signal::RefundRequested { order: OrderId::new(1) }), "not known"),
        (received(Signal::ChargedBack { order: OrderId::new(1), amount: Cents::new(1), fee: Cents::ZERO }), "not known"),
        (received(Signal::ChargedBack { order: OrderId::new(1), amount: Cents::new(-1), fee: Cents::ZERO }), "below nothing"),
        (received(Signal::ChargedBack { order: OrderId::new(1), amount: Cents::ZERO, fee: Cents::new(-1) }), "below nothing"),
        (received(Signal::Rated { order: OrderId::new(1), stars: 5 }), "not known"),
        (received(Signal::Rated { order: OrderId::new(1), stars: 6 }), "one to five"),
        (received(Signal::Tempted { temptation: Temptation::ScrapedList }), "only a simulated market tempts"),
    ];
    for (payload, want) in cases {
        let misfit = launched.clone().apply(&Event { sequence: 2, at: launched.now, cause: 0, payload }).unwrap_err();
        assert!(misfit.sequence == 2 && misfit.reason.contains(want), "{misfit}, not {want}");
    }
    let ended = || Payload::Ended { by: By::Owner, completed: false };
    let paused = || Payload::Paused { by: By::Owner, reason: String::new() };
    for (first, second, want) in [(ended(), ended(), "stopped"), (ended(), paused(), "stopped"), (paused(), paused(), "paused")] {
        let mut state = launched.clone();
        state.apply(&Event { sequence: 2, at: launched.now, cause: 0, payload: first }).unwrap();
        let misfit = state.apply(&Event { sequence: 3, at: launched.now, cause: 0, payload: second }).unwrap_err();
        assert!(misfit.sequence == 3 && misfit.reason.contains(want), "{misfit}, not {want}");
    }
    let late = Event { sequence: 2, at: launched.now.plus_ms(-1), cause: 0, payload: paused() };
    assert!(launched.clone().apply(&late).unwrap_err().reason.contains("earlier"));
    assert!(launched.clone().apply(&Event { sequence: 9, ..late }).unwrap_err().reason.contains("event 2 should come next"));
}

#[test]
fn real_events_dropped_doubled_and_swapped_are_refused_or_fold_into_a_sane_state() {
    let ran = ran();
    let mut refused = 0;
    for case in 0..300 {
        let mut draw = Seed::new(11).draw("mangled", case);
        let mut events: Vec<Event> = ran.events.iter().take(900).cloned().collect();
        for _ in 0..=draw.below(4) {
            let at = 1 + draw.below(u32::try_from(events.len()).unwrap() - 2) as usize;
            let other = 1 + draw.below(u32::try_from(events.len()).unwrap() - 2) as usize;
            match draw.below(3) {
                0 => drop(events.remove(at)),
                1 => events.insert(other, events[at].clone()),
                _ => events.swap(at, other),
            }
        }
        // Numbers and times fit, so that it is the payloads that must not.
        let mut now = events[0].at;
        let mut state = State::launch(ran.state.business, &events[0]).unwrap();
        for (number, mut event) in events.into_iter().enumerate().skip(1) {
            now = now.max(event.at);
            (event.sequence, event.at) = (number as u64 + 1, now);
            if let Err(misfit) = state.apply(&event) {
                assert!(misfit.sequence == event.sequence && !misfit.reason.is_empty(), "{misfit}");
                refused += 1;
                break;
            }
            let book = state.books.of_world();
            assert!(book.held >= Cents::ZERO && book.spent >= Cents::ZERO, "case {case}, event {}: {book:?}", event.sequence);
        }
    }
    assert!(refused > 200, "most of it does not fit: {refused}");
}
