//! Forks of a simulated business: where nothing is changed nothing changes, and where something is, everything before stays as it was.

use std::collections::BTreeMap;
use std::sync::Arc;

use bbb::agents::driver::Driver;
use bbb::agents::engine::Error;
use bbb::agents::fork::NoFork;
use bbb::core::action::Action;
use bbb::core::blueprint::Channel;
use bbb::core::decide::growth::Strategy;
use bbb::core::event::{Event, Payload};
use bbb::core::fork::Change;
use bbb::core::id::BusinessId;
use bbb::core::invariant;
use bbb::core::journal::store::Store;
use bbb::core::oversight::charter::Charter;
use bbb::core::projection::why::why;
use bbb::prelude::*;

use crate::run::{Ran, chatbot, finished, on_one_thread};

const DAYS: u32 = 30;

/// A business that ran to its end, and the store that has it.
struct Original {
    store: Arc<dyn Store>,
    ran: Ran,
}

impl Original {
    fn run(spec: Spec) -> Original {
        let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
        let ran = on_one_thread(async {
            let engine = Engine::builder(Arc::clone(&store)).build();
            let spec = engine.prepare(spec);
            let state = engine.launch(spec.clone(), World::simulated(&spec, None)).await.unwrap().wait().await.unwrap();
            finished(&store, state).await
        });
        Original { store, ran }
    }

    fn id(&self) -> BusinessId {
        self.ran.state.business
    }

    fn fork_under(&self, charter: &Charter, at: u64, change: Change) -> Result<Ran, Error> {
        on_one_thread(async {
            let engine = Engine::builder(Arc::clone(&self.store)).charter(charter.clone()).build();
            let fork = engine.fork(self.id(), at, change).await?;
            let state = engine.resume(fork, |spec| Ok(World::simulated(spec, None))).await?.wait().await.unwrap();
            let ran = finished(&self.store, state).await;
            invariant::check(&ran.events).unwrap();
            Ok(ran)
        })
    }

    fn fork(&self, at: u64, change: Change) -> Ran {
        self.fork_under(Charter::shipped(), at, change).unwrap()
    }

    /// The last event of this day, counted from 0.
    fn end_of(&self, day: u32) -> u64 {
        let closed = |event: &&Event| matches!(event.payload, Payload::DayClosed { day: closed } if closed == day);
        self.ran.events.iter().find(closed).unwrap().sequence
    }
}

/// The last event of each commit of this business.
fn commits(spec: &Spec) -> Vec<u64> {
    let mut ends = Vec::new();
    let mut watch = |events: &[Event], _: &bbb::core::state::State| ends.push(events.last().unwrap().sequence);
    Driver::default().run(spec.clone(), World::simulated(spec, None), Arc::new(MemoryStore::new()), &mut watch).unwrap();
    ends
}

/// Events as if the business had another name, and as many events less before them.
fn moved(events: &[Event], by: u64, at: u64) -> Vec<Event> {
    let keyless = |payload: &Payload| match payload.clone() {
        // The key under which a provider deduplicates names the business.
        Payload::Intended { proposal, digest, attempt, hold, recovery, .. } => {
            Payload::Intended { proposal, digest, attempt, key: String::new(), hold, recovery }
        }
        payload => payload,
    };
    let back = |sequence: u64| if sequence > at { sequence - by } else { sequence };
    events
        .iter()
        .map(|event| Event { sequence: back(event.sequence), cause: back(event.cause), payload: keyless(&event.payload), at: event.at })
        .collect()
}

#[test]
fn a_fork_that_changes_nothing_goes_on_as_the_original_did() {
    let original = Original::run(chatbot(DAYS));
    let ends = commits(&chatbot(DAYS));
    let ends = &ends[..ends.len() - 1];
    assert!(ends.len() > 20, "{}", ends.len());
    // Commits all over the run, and ends of days, which need not be ends of commits.
    let places = ends.iter().copied().step_by(ends.len() / 8).chain([0, 1, 6, 7, 20].map(|day| original.end_of(day)));
    for at in places {
        let fork = original.fork(at, Change::default());
        let cut = usize::try_from(at).unwrap();
        assert_eq!(fork.events[..cut], original.ran.events[..cut]);
        assert!(matches!(&fork.events[cut].payload, Payload::Forked { source, change } if *source == original.id() && change.is_nothing()));
        let (ours, theirs) = (moved(&fork.events[cut + 1..], 1, at), moved(&original.ran.events[cut..], 0, at));
        assert_eq!(ours.iter().zip(&theirs).find(|(ours, theirs)| ours != theirs), None, "fork after event {at}");
        assert_eq!(ours.len(), theirs.len(), "fork after event {at}");
        assert_eq!(fork.state.books, original.ran.state.books);
    }
}

#[test]
fn a_fork_at_any_event_keeps_the_invariants_and_comes_to_its_end() {
    let original = Original::run(chatbot(6));
    let last = original.ran.events.len() as u64 - 1;
    for at in (1..=last).step_by(11) {
        let fork = original.fork(at, Change::default());
        assert!(fork.state.status.is_over(), "fork after event {at}");
    }
}

#[test]
fn whatever_is_different_is_different_from_the_fork_on_and_survives_a_resume() {
    let original = Original::run(chatbot(DAYS));
    let at = original.end_of(13);
    let cut = usize::try_from(at).unwrap();
    let ads_off = Change { channels: BTreeMap::from([(Channel::PaidSearch, 0), (Channel::Social, 0)]), ..Change::default() };
    let changes = [
        Change { price: Some(Cents::from_dollars(77)), ..Change::default() },
        Change { strategy: Some(Strategy::Idle), ..Change::default() },
        ads_off.clone(),
    ];
    for change in changes {
        let fork = original.fork(at, change.clone());
        assert_eq!(fork.events[..cut], original.ran.events[..cut], "{change}");
        assert_ne!(moved(&fork.events[cut + 1..], 1, at), moved(&original.ran.events[cut..], 0, at), "{change}");
        // The journal alone says it all: read again, it gives the same state, and its last event is where the run ended.
        let read = invariant::check(&fork.events).unwrap().unwrap();
        assert_eq!((&read.spec, &read.growth, &read.trade), (&fork.state.spec, &fork.state.growth, &fork.state.trade), "{change}");
    }
    let dear = original.fork(at, Change { price: Some(Cents::from_dollars(77)), ..Change::default() });
    assert_eq!(dear.state.trade.price, Cents::from_dollars(77), "every strategy keeps it");

    let proposed = |ran: &Ran, wanted: fn(&Action) -> bool| {
        let actions = ran.events[cut..].iter().filter_map(|event| match &event.payload {
            Payload::Proposed { proposal } => Some(&proposal.action),
            _ => None,
        });
        actions.filter(|action| wanted(action)).count()
    };
    let on_them = |action: &Action| match action {
        Action::RunAds(ads) => matches!(ads.channel, Channel::PaidSearch | Channel::Social),
        Action::PublishPost(post) => post.channel == Channel::Social,
        _ => false,
    };
    let shut = original.fork(at, ads_off);
    assert!(proposed(&original.ran, on_them) > 0);
    assert_eq!(proposed(&shut, on_them), 0, "a channel that is shut gets nothing from the fork on");
    // A strategy decides at the next allotment, at most a week later.
    let idle = original.fork(at, Change { strategy: Some(Strategy::Idle), ..Change::default() });
    let publishes =
        |event: &&Event| matches!(&event.payload, Payload::Proposed { proposal } if matches!(proposal.action, Action::PublishPost(_)));
    let last = idle.events.iter().rfind(publishes).unwrap();
    let started = idle.events[cut].at;
    assert!(last.at.since(started) < 8 * bbb::core::time::DAY_MS && idle.state.spec.strategy == Strategy::Idle);
}

#[test]
fn a_fork_goes_on_under_another_charter_and_its_journal_says_so() {
    let original = Original::run(chatbot(DAYS));
    let at = original.end_of(13);
    let policies =
        "@id(\"we-do-not-advertise\") @says(\"We do not advertise.\") forbid (principal, action == Action::\"run_ads\", resource);";
    let own = Charter::with_owner_policies("mine", policies).unwrap();
    let change = Change { charter: Some(own.digest()), ..Change::default() };
    let fork = original.fork_under(&own, at, change.clone()).unwrap();
    assert_eq!(fork.state.spec.versions.charter, own.digest());
    let reviewed = |ran: &Ran| -> Vec<(u64, bbb::core::id::ProposalId)> {
        let vetoes = ran.events.iter().filter_map(|event| match &event.payload {
            Payload::Reviewed { proposal, verdict, .. }
                if verdict.rules.iter().any(|rule| rule.as_str() == "charter.we-do-not-advertise") =>
            {
                Some((event.sequence, *proposal))
            }
            _ => None,
        });
        vetoes.collect()
    };
    assert!(reviewed(&original.ran).is_empty());
    let vetoed = reviewed(&fork);
    assert!(!vetoed.is_empty() && vetoed.iter().all(|(sequence, _)| *sequence > at));
    // What was ruled before the fork was ruled under the charter of the original, and what came after under its own.
    let before = fork.events.iter().find_map(|event| match &event.payload {
        Payload::Reviewed { proposal, .. } => Some(*proposal),
        _ => None,
    });
    let other = |id| why(&fork.events, id, &own).unwrap().verdicts.iter().map(|judged| judged.other_charter).collect::<Vec<_>>();
    assert_eq!((other(before.unwrap()), other(vetoed[0].1)), (vec![true], vec![false]));
    // Nobody else's engine goes on with it, and none makes it that could not.
    let refused = original.fork_under(Charter::shipped(), at + 1, change).err().unwrap();
    assert!(matches!(refused, Error::OtherVersion { .. }), "{refused}");
}

#[test]
fn what_cannot_be_forked_is_refused_and_nothing_is_written() {
    let original = Original::run(chatbot(2));
    let last = original.ran.events.len() as u64;
    let dear = Change { price: Some(Cents::ZERO), ..Change::default() };
    let wide = Change { channels: BTreeMap::from([(Channel::Seo, 1001)]), ..Change::default() };
    let refused = |at, change| match original.fork_under(Charter::shipped(), at, change) {
        Err(Error::Fork(why)) => why,
        other => panic!("{:?}", other.err()),
    };
    assert_eq!(refused(last, Change::default()), NoFork::Over);
    for at in [0, last + 1, u64::MAX] {
        assert_eq!(refused(at, Change::default()), NoFork::NoEvent { at, events: original.ran.events.len() });
    }
    assert!(matches!(refused(1, dear), NoFork::Change(rule) if rule.contains("more than 0")));
    assert!(matches!(refused(1, wide), NoFork::Change(rule) if rule.contains("seo")));
    let known = on_one_thread(async { original.store.list().await.unwrap().len() });
    assert_eq!(known, 1);
}
