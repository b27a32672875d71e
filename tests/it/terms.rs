//! What an owner allows: autonomy by kind of action, budgets over every time, delegates, quiet hours.

use std::collections::{BTreeMap, BTreeSet};

use bbb::agents::handle::Refused;
use bbb::core::action::ActionKind;
use bbb::core::budget::{Cap, Resource, Window};
use bbb::core::event::{By, Delegation, Event, Payload};
use bbb::core::id::ProposalId;
use bbb::core::oversight::charter::Charter;
use bbb::core::oversight::verdict::{RuleId, Ruling};
use bbb::core::spec::{Autonomy, QuietHours};
use bbb::core::state::State;
use bbb::core::state::work::Stage;
use bbb::core::time::{DAY_MS, HOUR_MS, Timestamp, zone};
use bbb::prelude::*;

use crate::faults::{START, live};
use crate::run::{chatbot, on_one_thread, run};
use crate::support::scene::Scene;

const PEOPLE: [&str; 5] =
    ["person-0@somewhere.com", "person-1@somewhere.com", "person-2@somewhere.com", "person-3@somewhere.com", "person-4@somewhere.com"];

/// A live business with a few leads, on other terms than usual.
async fn on_terms(alter: impl FnOnce(&mut Spec)) -> Scene {
    let mut spec = live(false);
    alter(&mut spec);
    Scene::begin(spec, &PEOPLE, |_| ()).await
}

fn waiting(state: &State, kind: ActionKind) -> Vec<ProposalId> {
    let waits = |open: &&bbb::core::state::work::Open| open.proposal.action.kind() == kind && matches!(open.stage, Stage::Waiting { .. });
    state.work.proposals.values().filter(waits).map(|open| open.proposal.id).collect()
}

/// When the effects of this kind began.
fn begun(events: &[Event], kind: ActionKind) -> Vec<Timestamp> {
    let mut kinds: BTreeMap<ProposalId, ActionKind> = BTreeMap::new();
    let mut begun = Vec::new();
    for event in events {
        match &event.payload {
            Payload::Proposed { proposal } => drop(kinds.insert(proposal.id, proposal.action.kind())),
            Payload::Intended { proposal, .. } if kinds.get(proposal) == Some(&kind) => begun.push(event.at),
            _ => {}
        }
    }
    begun
}

/// The rules that vetoed.
fn vetoes(events: &[Event]) -> BTreeSet<String> {
    let rules = |event: &Event| match &event.payload {
        Payload::Reviewed { verdict, .. } if verdict.ruling == Ruling::Veto => verdict.rules.clone(),
        _ => Vec::new(),
    };
    events.iter().flat_map(rules).map(|rule: RuleId| rule.as_str().to_owned()).collect()
}

#[test]
fn a_kind_of_action_can_have_a_level_of_its_own() {
    on_one_thread(async {
        let scene = on_terms(|spec| spec.autonomy_by_kind = [(ActionKind::SendEmail, Autonomy::ASK)].into()).await;
        let state = scene.pass(30).await;
        assert!(!waiting(&state, ActionKind::SendEmail).is_empty(), "mail is asked about");
        assert!(begun(&scene.events().await, ActionKind::SendEmail).is_empty());
        assert!(!begun(&scene.events().await, ActionKind::PublishPost).is_empty(), "posts are not");
        scene.business.command(Command::SetAutonomy(Some(ActionKind::SendEmail), None)).await.unwrap();
        let base = scene.business.command(Command::SetAutonomy(None, None)).await;
        assert!(matches!(base, Err(Refused::BadSetting(_))), "{base:?}");
        let state = scene.rest().await;
        assert_eq!(state.autonomy.level(ActionKind::SendEmail), Autonomy::FULL);
    });
}

#[test]
fn every_budget_binds_over_every_time() {
    let zero = |window: Window, cap: &mut Cap<u64>| match window {
        Window::Action => cap.action = 0,
        Window::Day => cap.day = 0,
        Window::Month => cap.month = 0,
        Window::Total => cap.total = 0,
    };
    for window in Window::ALL {
        let rule = if window == Window::Total { "limits.messages".to_owned() } else { format!("limits.messages-{}", window.as_str()) };
        on_one_thread(async {
            let scene = on_terms(|spec| zero(window, &mut spec.caps.messages)).await;
            scene.pass(30).await;
            let events = scene.events().await;
            assert!(begun(&events, ActionKind::SendEmail).is_empty());
            // A mind that sees that nothing is left does not ask; one action's cap it does not see.
            assert!(window != Window::Action || vetoes(&events).contains(&rule), "{rule}: {:?}", vetoes(&events));
        });
    }
    on_one_thread(async {
        let scene = on_terms(|spec| spec.caps.real_money.action = Cents::new(1)).await;
        scene.pass(30).await;
        let events = scene.events().await;
        assert!(vetoes(&events).contains("limits.budget-action"), "{:?}", vetoes(&events));
        let mut caps = scene.rest().await.books.caps;
        caps.real_money.day = Cents::new(-1);
        let refused = scene.business.command(Command::SetCaps(Box::new(caps))).await;
        assert!(matches!(&refused, Err(Refused::BadSetting(rule)) if rule.contains("negative")), "{refused:?}");
    });
}

#[test]
fn a_months_budget_begins_anew_with_the_month_of_the_businesss_zone() {
    let ran = on_one_thread(run(chatbot(60), |engine| engine));
    let mut state = State::launch(ran.state.business, &ran.events[0]).unwrap();
    let (utc, mut months) = (zone("UTC").unwrap(), 0);
    for event in &ran.events[1..] {
        let before = *state.books.usage(Resource::SimulatedMoney);
        state.apply(event).unwrap();
        if let Payload::DayClosed { .. } = event.payload {
            let after = state.books.usage(Resource::SimulatedMoney);
            let new_month = event.at.day_in(&utc) > 0 && event.at.month_in(&utc) != event.at.plus_ms(-1).month_in(&utc);
            assert_eq!(after.today, after.held);
            assert_eq!(after.this_month, if new_month { after.held } else { before.this_month }, "at {}", event.at);
            months += u32::from(new_month);
        }
    }
    assert_eq!(months, 2, "January and February ended");
}

#[test]
fn the_owner_is_told_once_at_each_share_of_a_budget() {
    on_one_thread(async {
        let scene = on_terms(|spec| spec.caps.messages = Cap { action: 1, day: 5, month: 1_000, total: 1_000 }).await;
        scene.pass(30).await;
        let told = |event: &Event| match event.payload {
            Payload::BudgetReached { resource: Resource::Messages, window, percent } => Some((window, percent)),
            _ => None,
        };
        let told: Vec<_> = scene.events().await.iter().filter_map(told).collect();
        assert_eq!(told.first(), Some(&(Window::Day, 100)), "five of five mails at once: {told:?}");
        let days: BTreeSet<_> = told.iter().collect();
        assert!(told.len() <= 2 * days.len(), "once a day at most: {told:?}");
    });
}

#[test]
fn a_delegate_answers_what_was_delegated_and_nothing_else() {
    on_one_thread(async {
        let scene = on_terms(|spec| spec.autonomy = Autonomy::ASK).await;
        let state = scene.pass(30).await;
        let (mail, post) = (waiting(&state, ActionKind::SendEmail)[0], waiting(&state, ActionKind::PublishPost)[0]);
        let say = |proposal, approve| Command::AnswerAs { name: "Grace".to_owned(), proposal, approve, reason: String::new() };
        let refused = |answer: Result<(), Refused>, rule: &str| match answer {
            Err(Refused::NotDelegated { rule: found, .. }) => assert!(found.contains(rule), "{found}"),
            other => panic!("{other:?}"),
        };
        refused(scene.business.command(say(mail, true)).await, "nobody of this name");
        let mails = Delegation { kinds: [ActionKind::SendEmail].into(), up_to: Cents::ZERO };
        scene.business.command(Command::Delegate("Grace".to_owned(), Some(mails))).await.unwrap();
        refused(scene.business.command(say(post, true)).await, "kind of action");
        let all = Delegation { kinds: BTreeSet::new(), up_to: Cents::ZERO };
        scene.business.command(Command::Delegate("Grace".to_owned(), Some(all))).await.unwrap();
        refused(scene.business.command(say(post, true)).await, "worth more");
        refused(scene.business.command(say(mail, true)).await, "does not say what it is worth");
        let mails = Delegation { kinds: [ActionKind::SendEmail].into(), up_to: Cents::ZERO };
        scene.business.command(Command::Delegate("Grace".to_owned(), Some(mails))).await.unwrap();
        scene.business.command(say(mail, true)).await.unwrap();
        assert_eq!(scene.business.command(say(mail, true)).await, Err(Refused::NotWaiting(mail)), "one answer, once");
        scene.business.command(Command::Delegate("Grace".to_owned(), None)).await.unwrap();
        refused(scene.business.command(say(post, false)).await, "nobody of this name");
        for bad in ["", "two\nlines", &"x".repeat(61)] {
            let answer = scene.business.command(Command::Delegate(bad.to_owned(), None)).await;
            assert!(matches!(answer, Err(Refused::BadSetting(_))), "{bad:?}: {answer:?}");
        }
        let by = |event: &Event| match &event.payload {
            Payload::Answered { proposal, by, approve: true, .. } if *proposal == mail => Some(by.clone()),
            _ => None,
        };
        assert_eq!(scene.events().await.iter().find_map(by), Some(By::Delegate("Grace".to_owned())));
    });
}

#[test]
fn advertising_waits_for_the_morning_of_the_businesss_zone() {
    on_one_thread(async {
        // START is 8 o'clock in the morning in UTC, and 17 o'clock in Tokyo.
        let scene = on_terms(|spec| {
            (spec.zone, spec.start) = ("Asia/Tokyo".to_owned(), START.plus_ms(5 * HOUR_MS));
            spec.quiet_hours = QuietHours { from: 21, to: 8 };
        })
        .await;
        scene.pass(2 * DAY_MS / HOUR_MS).await;
        let events = scene.events().await;
        let tokyo = zone("Asia/Tokyo").unwrap();
        let hours: BTreeSet<i8> = begun(&events, ActionKind::SendEmail).iter().map(|at| at.hour_in(&tokyo)).collect();
        assert!(!hours.is_empty() && hours.iter().all(|hour| (8..21).contains(hour)), "{hours:?}");
        let posts = begun(&events, ActionKind::PublishPost);
        assert!(posts.iter().any(|at| !(8..21).contains(&at.hour_in(&tokyo))), "posts do not wait");
        assert!(vetoes(&events).is_empty(), "waiting is no veto: {:?}", vetoes(&events));
    });
}

#[test]
fn the_owners_policies_change_by_the_owners_command_and_by_nothing_else() {
    on_one_thread(async {
        let scene = on_terms(|spec| spec.autonomy = Autonomy::ASK).await;
        let state = scene.rest().await;
        let is_mail = |open: &bbb::core::state::work::Open| open.proposal.action.kind() == ActionKind::SendEmail;
        let waits = |open: &bbb::core::state::work::Open| is_mail(open) && matches!(open.stage, Stage::Waiting { .. });
        let waiting = state.work.proposals.iter().find_map(|(id, open)| waits(open).then_some(*id)).unwrap();
        let nobody = "@id(\"nobody\") forbid (principal, action == Action::\"send_email\", resource);\n";
        let wide = scene.business.command(Command::SetCharter("permit (principal, action, resource);".to_owned())).await;
        assert!(matches!(&wide, Err(Refused::BadSetting(reason)) if reason.contains(":1:1: ")), "{wide:?}");
        scene.business.command(Command::SetCharter(nobody.to_owned())).await.unwrap();
        scene.business.approve(waiting).await.unwrap();
        scene.rest().await;
        let events = scene.events().await;
        let upgraded = events.iter().position(|event| matches!(event.payload, Payload::Upgraded { .. })).unwrap();
        let withdrawn = events[upgraded..].iter().find_map(|event| match &event.payload {
            Payload::Withdrawn { proposal, verdict } if *proposal == waiting => Some(verdict),
            _ => None,
        });
        assert_eq!(withdrawn.unwrap().rules, [RuleId::named("charter.nobody")], "a yes to what was asked before does not pass by it");

        scene.business.passivate().await;
        let id = scene.id();
        let resume = |charter: Charter| {
            let (engine, world) = (Engine::builder(scene.store.clone()).charter(charter).build(), scene.world.clone());
            async move { engine.resume(id, |_| Ok(world)).await }
        };
        let without = resume(Charter::shipped().clone()).await;
        assert!(matches!(without, Err(bbb::agents::engine::Error::OtherPolicies(_))), "{without:?}");
        let same = resume(Charter::with_owner_policies("mine", nobody).unwrap()).await.unwrap();
        same.command(Command::SetCharter(String::new())).await.unwrap();
        same.passivate().await;
        let without = resume(Charter::shipped().clone()).await.unwrap();
        without.passivate().await;
    });
}
