//! Projections of a real run against its fold: two readers of one journal must agree.

use std::sync::Arc;

use bbb::agents::engine::Engine;
use bbb::agents::world::World;
use bbb::core::action::ActionKind;
use bbb::core::blueprint::{self, Channel};
use bbb::core::draw::Seed;
use bbb::core::event::Event;
use bbb::core::journal::chain::Head;
use bbb::core::journal::memory::MemoryStore;
use bbb::core::journal::writer;
use bbb::core::money::Cents;
use bbb::core::projection::agents::agents;
use bbb::core::projection::audit::{Ended, audit};
use bbb::core::projection::funnel::funnel;
use bbb::core::projection::inbox::inbox;
use bbb::core::projection::spending::spending;
use bbb::core::projection::summary::summary;
use bbb::core::projection::tasks::tasks;
use bbb::core::projection::timeline;
use bbb::core::role::Role;
use bbb::core::seal::{DerivedKeys, Vault};
use bbb::core::spec::{Autonomy, Spec};
use bbb::core::state::State;
use bbb::core::state::work::Stage;
use bbb::core::task::TaskStatus;

/// A whole run: its state, its journal, and where that ends.
pub(crate) fn run(concept: &str, days: u32, autonomy: Autonomy) -> (Arc<State>, Vec<Event>, Head) {
    let (origin, blueprint) = blueprint::resolve(concept).unwrap();
    let spec = Spec { autonomy, ..Spec::simulated(origin, blueprint, Seed::new(42), days) };
    // The supervision of actors needs timers.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async {
        let engine = Engine::builder(Arc::new(MemoryStore::new())).build();
        let spec = engine.prepare(spec);
        let business = engine.launch(spec.clone(), World::simulated(&spec, None)).await.unwrap();
        let state = business.wait().await.unwrap();
        let (events, head) = writer::load(engine.store().as_ref(), business.id(), Head::EMPTY).await.unwrap();
        (state, events, head)
    })
}

/// Every total that two readers can disagree on.
fn agree(state: &State, events: &[Event], head: Head) {
    assert_eq!(State::replay(state.business, events).unwrap().as_ref(), Some(state));
    let summary = summary(state, head);
    let rulings = &summary.oversight;
    assert_eq!(rulings.approved + rulings.vetoed + rulings.escalated, rulings.reviewed);
    assert_eq!(summary.journal.events, events.len() as u64);
    assert_eq!(summary.history.len(), state.history.len());

    let rows = tasks(events);
    assert_eq!(rows.len(), state.work.next_task as usize);
    let open: Vec<_> = rows.iter().filter(|row| row.ended_at.is_none()).map(|row| (row.id, row.status, row.attempts)).collect();
    let kept: Vec<_> = state.work.tasks.values().map(|task| (task.id, task.status, task.attempts)).collect();
    assert_eq!(open, kept);
    assert!(rows.iter().all(|row| row.failure.is_some() == (row.status == TaskStatus::Failed)));
    for (row, told) in agents(&rows, events).iter().zip(&summary.agents) {
        let folded = state.performance_of(row.role);
        assert_eq!((row.completed, row.failed, row.vetoed, row.crashes), (folded.completed, folded.failed, folded.vetoed, folded.crashes));
        assert_eq!((told.role, told.tasks_failed, told.success_rate), (row.role, row.failed + row.vetoed, row.success_rate));
    }

    let spending = spending(events);
    let books = &state.books;
    assert_eq!(spending.simulated.total.0, books.simulated.spent().cents());
    assert_eq!(spending.real.total.0, books.real.spent().cents());
    for spent in [&spending.simulated, &spending.real] {
        let by_kind = spent.by_kind.values().fold(Cents::ZERO, |sum, line| sum.plus(line.total.0));
        assert_eq!(by_kind, spent.total.0);
    }
    for channel in Channel::ALL {
        let told = spending.simulated.by_channel.get(&channel).map_or(Cents::ZERO, |total| total.0);
        assert_eq!(told, state.trade.channel(channel).spent, "{channel}");
    }

    let funnel = funnel(events);
    let trade = &state.trade;
    assert_eq!((funnel.total.leads, funnel.total.qualified, funnel.total.customers), (trade.leads, trade.qualified, trade.customers));
    for channel in Channel::ALL {
        let steps = funnel.by_channel.get(&channel).copied().unwrap_or_default();
        assert_eq!((steps.leads, steps.customers), (trade.channel(channel).leads, trade.channel(channel).customers), "{channel}");
    }

    let audit = audit(events);
    assert_eq!(audit.len(), state.work.next_proposal as usize);
    assert_eq!(audit.iter().filter(|row| !row.verdicts.is_empty()).count() as u64, rulings.reviewed);
    let paid = audit.iter().filter(|row| row.kind == ActionKind::CollectPayment && row.outcome == Ended::Done).count() as u64;
    assert_eq!(paid, spending.payments);
    let simulated = audit.iter().filter_map(|row| row.cost).filter(|cost| cost.simulated);
    assert_eq!(simulated.fold(Cents::ZERO, |sum, cost| sum.plus(cost.money.0)), books.simulated.spent().cents());
}

#[test]
fn projections_of_a_run_agree_with_its_fold() {
    let (state, events, head) = run("AI Chatbot Integration Service", 30, Autonomy::FULL);
    agree(&state, &events, head);
    assert_eq!(summary(&state, head).agents.len(), Role::ALL.len());
    assert!(state.trade.leads > 0 && state.books.of_world().spent > Cents::ZERO, "a run in which nothing happens tests nothing");
}

#[test]
fn projections_agree_at_every_day_of_a_run_whose_owner_is_asked() {
    let (state, events, head) = run("Podcast Production Studio", 30, Autonomy::ASK);
    agree(&state, &events, head);
    assert!(state.rulings.escalated > 0, "nobody was asked");
    let mut so_far = State::launch(state.business, &events[0]).unwrap();
    for event in &events[1..] {
        so_far.apply(event).unwrap();
        if event.payload.name() == "day_closed" {
            let end = usize::try_from(event.sequence).unwrap();
            agree(&so_far, &events[..end], Head { sequence: event.sequence, hash: head.hash });
        }
    }
}

#[test]
fn the_inbox_shows_what_waits_and_opens_it_only_with_the_vault() {
    let (state, events, _) = run("Podcast Production Studio", 30, Autonomy::ASK);
    let vault = Vault::new(Arc::new(DerivedKeys::new(state.spec.seed)));
    let mut so_far = State::launch(state.business, &events[0]).unwrap();
    let (mut waited, mut mails) = (0, 0);
    for event in &events[1..] {
        so_far.apply(event).unwrap();
        if event.payload.name() != "reviewed" {
            continue;
        }
        let waiting = so_far.work.proposals.values().filter(|open| matches!(open.stage, Stage::Waiting { .. })).count();
        let (sealed, opened) = (inbox(&so_far, None), inbox(&so_far, Some(&vault)));
        assert_eq!((sealed.waiting.len(), opened.waiting.len()), (waiting, waiting));
        waited = waited.max(waiting);
        for (sealed, opened) in sealed.waiting.iter().zip(&opened.waiting).filter(|(item, _)| item.kind == ActionKind::SendEmail) {
            mails += 1;
            assert!(sealed.content.contains("[sealed, ") && !sealed.content.contains('@'), "{}", sealed.content);
            assert!(opened.content.contains("To: lead-") && opened.content.contains("\nSubject: "), "{}", opened.content);
            assert!(!format!("{opened:?}").contains('@'));
        }
    }
    assert!(waited > 0 && mails > 0);
}

#[test]
fn every_event_of_a_run_is_told_in_one_plain_line() {
    let (_, events, _) = run("Podcast Production Studio", 30, Autonomy::ASK);
    for event in &events {
        let line = timeline::line(event);
        assert!(!line.contains('\n') && !line.contains('@') && line.chars().count() < 400, "{line}");
    }
}
