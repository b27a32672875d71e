//! What is reviewed, when it begins, and what gets a permit: each condition with its near miss.

use std::sync::{Arc, Mutex, RwLock};

use super::*;
use crate::action::{Action, MailPurpose, PayBill};
use crate::event::{By, Event, Outcome, Signal};
use crate::id::BusinessId;
use crate::journal::memory::MemoryStore;
use crate::journal::writer::Journal;
use crate::market::{self, Market};
use crate::money::Cents;
use crate::oversight::permit::Revoked;
use crate::oversight::tests_support::{Scene, ready};
use crate::spec::{Autonomy, QuietHours, Spec, WorldKind};
use crate::time::{DAY_MS, HOUR_MS};

fn oversight(scene: &Scene, recovery: Recovery) -> Oversight {
    let recovery = ActionKind::ALL.iter().map(|kind| (*kind, recovery)).collect();
    Oversight { charter: Charter::shipped().clone(), vault: scene.vault.clone(), recovery, read: Mutex::default() }
}

#[test]
fn the_owners_words_are_read_once_for_each_spec() {
    let mut scene = Scene::with("Legal advice for tenants", |_| ());
    let oversight = oversight(&scene, Recovery::Idempotent);
    let first = oversight.read(&scene.state).business;
    assert!(Arc::ptr_eq(&first, &oversight.read(&scene.state.clone()).business), "a fold of the same journal has the same spec");
    let names_it = |business: &Business| business.licences.iter().any(|licence| licence == "another one");
    Arc::make_mut(&mut scene.state.spec).blueprint.licence = Some("another one".to_owned());
    assert!(!names_it(&first) && names_it(&oversight.read(&scene.state).business), "another spec");
}

fn live(spec: &mut Spec) {
    spec.world = WorldKind::Live;
    spec.caps.real_money = spec.caps.simulated_money;
    spec.end = None;
    spec.sender.address = "hello@podcast-studio.com".to_owned();
    spec.sender.unsubscribe = "https://podcast-studio.com/unsubscribe".to_owned();
}

fn bill(label: &str) -> Action {
    PayBill { label: label.to_owned(), cost: Cents::from_dollars(80) }.into()
}

/// What a review stages, in one word each, with the attempt of an intent; and whether it was announced that there is something to do.
fn reviewed(oversight: &Oversight, scene: &Scene, now: Timestamp) -> (Vec<String>, Round) {
    let work = Oversight::has_work(&scene.state, now);
    let mut round = Round::new(scene.state.clone(), now);
    oversight.review(&mut round).expect("a review");
    let word = |event: &Event| match &event.payload {
        Payload::Reviewed { verdict, .. } => verdict.ruling.as_str().to_owned(),
        Payload::Intended { attempt, .. } => format!("intended {attempt}"),
        Payload::Withdrawn { .. } => "withdrawn".to_owned(),
        Payload::Doubted { reason, .. } => format!("doubted: {reason}"),
        other => panic!("{other:?}"),
    };
    let staged: Vec<String> = round.staged().iter().map(word).collect();
    assert!(work || staged.is_empty(), "what is not announced is not done: {staged:?}");
    (staged, round)
}

fn settled(scene: &mut Scene, id: ProposalId, outcome: Outcome) {
    let cost = scene.state.work.proposals[&id].proposal.action.worst_case(scene.state.spec.world.is_simulated());
    let cost = if outcome.keeps_hold() { cost } else { cost.released() };
    scene.apply(Payload::Settled { proposal: id, outcome, cost });
}

/// An effect under way, by its first attempt.
fn held(scene: &mut Scene, action: Action, recovery: Recovery) -> ProposalId {
    let proposal = scene.propose(action, true);
    let hold = worst_case(&scene.state, &proposal);
    let (id, digest, key) = (proposal.id, proposal.action.digest(), idempotency_key(&scene.state, proposal.id));
    scene.apply(Payload::Intended { proposal: id, digest, attempt: 1, key, hold, recovery });
    id
}

#[test]
fn an_approval_is_staged_with_its_hold_and_everything_else_without() {
    let mut scene = Scene::new();
    let id = scene.propose(bill("rent"), false).id;
    let rules = oversight(&scene, Recovery::Verifiable);
    let now = scene.state.now;
    let (staged, round) = reviewed(&rules, &scene, now);
    assert_eq!(staged, ["approve", "intended 1"]);
    let digest = bill("rent").digest();
    assert!(matches!(&round.staged()[0].payload, Payload::Reviewed { expires_at: None, digest: seen, .. } if *seen == digest));
    let Payload::Intended { proposal, digest: seen, key, hold, recovery, .. } = &round.staged()[1].payload else { panic!("an intent") };
    assert_eq!((*proposal, *seen, *recovery), (id, digest, Recovery::Verifiable));
    assert_eq!((hold, key), (&Cost::money(true, Cents::from_dollars(80)), &idempotency_key(&scene.state, id)));
    assert!(round.state().books.simulated.held().cents() == Cents::from_dollars(80));

    scene.apply(Payload::Paused { by: By::Owner, reason: String::new() });
    assert_eq!(reviewed(&rules, &scene, now).0, [""; 0], "a paused business reviews nothing");
    assert!(!Oversight::has_work(&scene.state, now));

    for (edit, ttl) in [(live as fn(&mut Spec), APPROVAL_TTL_MS), (|_| (), SIMULATED_APPROVAL_TTL_MS)] {
        let mut scene = Scene::with("podcast-production-studio", |spec| {
            edit(spec);
            spec.autonomy = Autonomy::ASK;
        });
        let id = scene.propose(bill("rent"), false).id;
        let (staged, round) = reviewed(&rules, &scene, scene.state.now);
        assert_eq!(staged, ["escalate"]);
        let expiry = Some(round.now().plus_ms(ttl));
        assert!(
            matches!(round.staged()[0].payload, Payload::Reviewed { expires_at, .. } if expires_at == expiry),
            "an owner has this long"
        );
        assert!(matches!(round.state().work.proposals[&id].stage, Stage::Waiting { .. }));
        let verdict = |answered| rules.verdict(&scene.state, &scene.state.work.proposals[&id].proposal, now, answered).ruling;
        assert_eq!((verdict(false), verdict(true)), (Ruling::Escalate, Ruling::Approve), "a yes settles what was asked");
    }

    let mut scene = Scene::with("podcast-production-studio", |spec| spec.autonomy = Autonomy::OBSERVE);
    scene.propose(bill("rent"), false);
    assert_eq!(reviewed(&rules, &scene, now).0, ["veto"]);
}

#[test]
fn what_cannot_be_established_or_carried_out_is_vetoed_by_name() {
    let mut scene = Scene::new();
    let known = scene.proposal(scene.mail(MailPurpose::Outreach, |_| ()));
    let mut rules = oversight(&scene, Recovery::Idempotent);
    let now = scene.state.now;
    assert_eq!(rules.verdict(&scene.state, &known, now, false).ruling, Ruling::Approve);
    let contact = scene.contact;
    let profile = scene.state.trade.contacts.remove(contact).expect("the contact");
    let verdict = rules.verdict(&scene.state, &known, now, true);
    assert_eq!((verdict.ruling, verdict.rules[0].as_str()), (Ruling::Veto, "limits.facts"));
    scene.state.trade.contacts.insert(contact, profile);
    rules.recovery.remove(&ActionKind::SendEmail);
    let verdict = rules.verdict(&scene.state, &known, now, true);
    assert_eq!((verdict.ruling, verdict.rules[0].as_str()), (Ruling::Veto, "limits.no-adapter"));

    scene.contact().suppressed = true;
    let verdict = oversight(&scene, Recovery::Idempotent).verdict(&scene.state, &known, now, true);
    assert_eq!((verdict.ruling, verdict.rules[0].as_str()), (Ruling::Veto, "charter.suppression-list"));
    scene.contact().suppressed = false;
    let promise = scene.mail(MailPurpose::Outreach, |mail| mail.body = format!("We guarantee results.\n\n{}", mail.body));
    let promise = scene.proposal(promise);
    let verdict = oversight(&scene, Recovery::Idempotent).verdict(&scene.state, &promise, now, true);
    assert!(verdict.ruling == Ruling::Veto && verdict.rules[0].as_str().starts_with("content."), "{verdict}");
}

#[test]
fn recovery_classes_are_those_of_the_connected_ports() {
    let scene = Scene::new();
    let market = Arc::new(RwLock::new(Market::new(&scene.state.spec, scene.vault.clone())));
    let rules = Oversight::new(Charter::shipped().clone(), scene.vault.clone(), &market::ports(market));
    assert_eq!(rules.recovery.get(&ActionKind::PayBill), Some(&Recovery::Idempotent));
    assert_eq!(rules.recovery.get(&ActionKind::CallModel), None, "nothing is connected that asks a model");
}

#[test]
fn a_second_look_begins_withdraws_or_leaves_in_doubt() {
    let now = Scene::new().state.now;
    let check = |recovery, stale: bool, first: Option<fn(Timestamp) -> Outcome>, words: &[&str]| {
        let mut scene = Scene::new();
        let id = match first {
            None => scene.propose(bill("rent"), true).id,
            Some(outcome) => {
                let id = held(&mut scene, bill("rent"), Recovery::Idempotent);
                let rules = oversight(&scene, recovery);
                assert_eq!(reviewed(&rules, &scene, now).0, [""; 0], "what is under way is left alone");
                assert!(!Oversight::has_work(&scene.state, now.plus_ms(DAY_MS)), "and so it is later");
                settled(&mut scene, id, outcome(now.plus_ms(5)));
                id
            }
        };
        if stale {
            scene.apply(Payload::AutonomySet { kind: None, level: Some(Autonomy::OBSERVE) });
        }
        let rules = oversight(&scene, recovery);
        if first.is_some_and(|outcome| !matches!(outcome(now), Outcome::Released { .. })) {
            assert_eq!(reviewed(&rules, &scene, now.plus_ms(4)).0, [""; 0], "it waits for its time");
            assert!(!Oversight::has_work(&scene.state, now.plus_ms(4)));
        }
        assert!(Oversight::has_work(&scene.state, now.plus_ms(5)));
        let (staged, round) = reviewed(&rules, &scene, now.plus_ms(5));
        let found: Vec<&str> = staged.iter().map(|word| word.split(':').next().unwrap_or(word)).collect();
        assert_eq!(found, words, "{staged:?}");
        let held = round.state().books.simulated.held().cents();
        let holds = words.iter().any(|word| word.starts_with("intended") || word.starts_with("doubted"));
        assert_eq!(held, if holds { Cents::from_dollars(80) } else { Cents::ZERO }, "one hold, or none");
        if let Some(Payload::Intended { key, .. }) = round.staged().last().map(|event| &event.payload) {
            assert_eq!(*key, idempotency_key(&scene.state, id), "every attempt has the same key");
        }
    };
    let failed: fn(Timestamp) -> Outcome = |at| Outcome::Failed { reason: String::new(), retry_at: Some(at) };
    let unanswered: fn(Timestamp) -> Outcome = |retry_at| Outcome::Unanswered { reason: String::new(), retry_at };
    let released: fn(Timestamp) -> Outcome = |_| Outcome::Released { reason: String::new() };
    check(Recovery::AtMostOnce, false, None, &["intended 1"]);
    check(Recovery::Idempotent, true, None, &["withdrawn"]);
    check(Recovery::AtMostOnce, false, Some(failed), &["intended 2"]);
    check(Recovery::AtMostOnce, true, Some(failed), &["withdrawn"]);
    check(Recovery::AtMostOnce, false, Some(released), &["intended 2"]);
    check(Recovery::AtMostOnce, true, Some(released), &["withdrawn"]);
    check(Recovery::Idempotent, false, Some(unanswered), &["intended 2"]);
    check(Recovery::Idempotent, true, Some(unanswered), &["doubted"]);
    check(Recovery::Verifiable, false, Some(unanswered), &["doubted"]);
    check(Recovery::AtMostOnce, true, Some(unanswered), &["doubted"]);
}

#[test]
fn advertising_waits_for_the_morning_and_bills_do_not() {
    let mut scene = Scene::new();
    let now = scene.state.now;
    let mail = scene.mail(MailPurpose::Outreach, |_| ());
    let id = scene.propose(mail, false).id;
    let rules = oversight(&scene, Recovery::Idempotent);
    let (staged, round) = reviewed(&rules, &scene, now.plus_ms(22 * HOUR_MS));
    assert_eq!(staged, ["approve"], "the approval stands");
    let approved = Scene { state: round.into_parts().0, vault: scene.vault.clone(), contact: scene.contact };
    for (hour, words) in [(23, &[][..]), (24 + 7, &[]), (24 + 8, &["intended 1"]), (24 + 20, &["intended 1"])] {
        let at = now.plus_ms(hour * HOUR_MS);
        assert_eq!(reviewed(&rules, &approved, at).0, words, "{hour}");
        assert_eq!(Oversight::has_work(&approved.state, at), !words.is_empty());
    }
    let mut retried = approved;
    let hold = worst_case(&retried.state, &retried.state.work.proposals[&id].proposal);
    let (digest, key) = (retried.state.work.proposals[&id].proposal.action.digest(), String::new());
    retried.apply(Payload::Intended { proposal: id, digest, attempt: 1, key, hold, recovery: Recovery::Idempotent });
    settled(&mut retried, id, Outcome::Failed { reason: String::new(), retry_at: Some(now) });
    assert!(!Oversight::has_work(&retried.state, now.plus_ms(23 * HOUR_MS)), "nor is it tried again at night");
    assert!(Oversight::has_work(&retried.state, now.plus_ms(33 * HOUR_MS)));
    assert_eq!(reviewed(&rules, &retried, now.plus_ms(23 * HOUR_MS)).0, [""; 0]);
}

#[test]
fn no_more_effects_are_under_way_than_may_be() {
    for (edit, most) in [(live as fn(&mut Spec), MAX_IN_FLIGHT_LIVE), (|_| (), MAX_IN_FLIGHT_SIMULATED)] {
        let mut scene = Scene::with("podcast-production-studio", |spec| {
            edit(spec);
            (spec.quiet_hours, spec.caps.ask_above) = (QuietHours::NONE, Cents::new(i64::MAX));
        });
        let free = |n: usize| PayBill { label: format!("bill {n}"), cost: Cents::new(1) };
        for n in 1..most {
            held(&mut scene, free(n).into(), Recovery::Idempotent);
        }
        let rules = oversight(&scene, Recovery::Idempotent);
        let id = scene.propose(free(0), false).id;
        scene.propose(free(most), false);
        let (staged, round) = reviewed(&rules, &scene, scene.state.now);
        assert_eq!(staged, ["approve", "intended 1", "approve"], "one more may begin, and then none");
        assert!(matches!(round.state().work.proposals[&id].stage, Stage::Held { .. }));
        let full = Scene { state: round.into_parts().0, vault: scene.vault.clone(), contact: scene.contact };
        assert!(!Oversight::has_work(&full.state, full.state.now));
        assert_eq!(reviewed(&rules, &full, full.state.now).0, [""; 0]);
    }
}

#[test]
fn a_key_is_that_of_one_effect_of_one_business() {
    let (scene, mut other) = (Scene::new(), Scene::new());
    other.state.business = BusinessId::from_bytes([7; 8]);
    let key = |scene: &Scene, id| idempotency_key(&scene.state, ProposalId::new(id));
    assert_eq!(key(&scene, 1).len(), 32);
    assert_eq!(key(&scene, 1), key(&scene, 1));
    assert_ne!(key(&scene, 1), key(&scene, 2));
    assert_ne!(key(&scene, 1), key(&other, 1));
}

/// What is minted from an acknowledgement of `id`, in the scene's state after `edit`: a permit, a refusal, or nothing.
fn minted(edit: impl FnOnce(&mut Scene, ProposalId)) -> Vec<Result<Granted, Refusal>> {
    let mut scene = Scene::with("podcast-production-studio", |spec| spec.versions.charter = Charter::shipped().digest());
    let id = held(&mut scene, bill("rent"), Recovery::Idempotent);
    let business = scene.state.business;
    let mut journal = ready(Journal::open(Arc::new(MemoryStore::new()), business)).expect("a lease");
    let proposal = &scene.state.work.proposals[&id].proposal;
    let (digest, hold) = (proposal.action.digest(), worst_case(&scene.state, proposal));
    let at = scene.state.now;
    let pause = |sequence| Event { sequence, at, cause: 0, payload: Payload::Resumed { by: By::Owner } };
    let mut events: Vec<Event> = (1..scene.state.sequence).map(pause).collect();
    let payload = Payload::Intended { proposal: id, digest, attempt: 1, key: String::new(), hold, recovery: Recovery::Idempotent };
    events.push(Event { sequence: scene.state.sequence, at, cause: 0, payload });
    let acknowledgement = ready(journal.commit(&events, None, false)).expect("a commit");
    let rules = oversight(&scene, Recovery::Idempotent);
    edit(&mut scene, id);
    rules.mint(acknowledgement, &scene.state, at)
}

#[test]
fn a_permit_is_minted_for_what_is_committed_held_and_still_allowed() {
    let permits = minted(|_, _| ());
    let [Ok(granted)] = &permits[..] else { panic!("{permits:?}") };
    assert_eq!((granted.kind(), granted.grant().attempt), (ActionKind::PayBill, 1));
    assert_eq!((granted.grant().digest, granted.grant().hold), (bill("rent").digest(), Cost::money(true, Cents::from_dollars(80))));
    assert_eq!(granted.grant().key.len(), 32, "the key is the state's");

    assert!(minted(|scene, _| scene.state.business = BusinessId::from_bytes([7; 8])).is_empty());
    assert!(minted(|scene, _| scene.state.sequence += 1).is_empty());
    assert!(minted(|scene, _| scene.state.sequence -= 1).is_empty());
    let refused = |reason: &str, edit: fn(&mut Scene, ProposalId)| match &minted(edit)[..] {
        [Err(refusal)] => assert!(refusal.reason.contains(reason), "{refusal:?}"),
        other => panic!("{reason}: {other:?}"),
    };
    refused("not active", |scene, _| scene.state.status = Status::Paused { reason: String::new() });
    refused("not active", |scene, _| scene.state.status = Status::Stopped);
    refused("charter", |scene, _| Arc::make_mut(&mut scene.state.spec).versions.charter = "another".to_owned());
    refused("closed", |scene, id| drop(scene.state.work.proposals.remove(&id)));
    refused("nothing is held", |scene, id| {
        scene.state.work.proposals.get_mut(&id).expect("open").stage = Stage::Approved { answered: true, attempt: 0 };
    });
    refused("not what was approved", |scene, id| {
        scene.state.work.proposals.get_mut(&id).expect("open").proposal.action = bill("another");
    });
}

#[test]
fn a_permit_is_used_or_taken_back_and_never_both() {
    let permit = || match minted(|_, _| ()).pop() {
        Some(Ok(Granted::PayBill(permit))) => Granted::PayBill(permit),
        other => panic!("{other:?}"),
    };
    let begin = |granted: Granted| match granted {
        Granted::PayBill(permit) => permit.begin().map(|begun| begun.action),
        other => panic!("{other:?}"),
    };
    let used = permit();
    let mark = used.use_mark();
    assert_eq!(begin(used).map(Action::from), Ok(bill("rent")));
    assert!(!mark.revoke(), "what has begun cannot be taken back");
    let revoked = permit();
    let mark = revoked.use_mark();
    assert!(mark.revoke() && mark.clone().revoke(), "whoever asks again hears the same");
    assert_eq!(begin(revoked), Err(Revoked));
    let (one, other) = (permit(), permit());
    assert!(one.use_mark().revoke());
    assert!(begin(other).is_ok(), "each permit has its own mark");
}

#[test]
fn signals_between_two_looks_count() {
    let mut scene = Scene::new();
    let mail = scene.mail(MailPurpose::Outreach, |_| ());
    scene.propose(mail, true);
    let contact = scene.contact;
    scene.signal(Signal::Unsubscribed { contact });
    let rules = oversight(&scene, Recovery::Idempotent);
    assert_eq!(reviewed(&rules, &scene, scene.state.now.plus_ms(12 * HOUR_MS)).0, ["withdrawn"]);
}
