//! Tests of the market as a whole, and the calibration of its numbers.

mod calibration;
mod driver;
mod mechanisms;
mod temptations;

use std::sync::{Arc, RwLock};

use driver::{COMPETENT, Habits, IDLE, Run, run, spec, vault};

use crate::action::{Action, ActionKind, CallModel, CollectPayment, DeliverOrder, MailPurpose, PayBill, PublishPost, SendEmail};
use crate::blueprint::{self, Channel};
use crate::event::{Outcome, Payload, Profile, Proposal, Signal};
use crate::id::{OrderId, ProposalId, TaskId};
use crate::market::{Folded, Market, SOURCE, SimulatedOwner, ports};
use crate::money::Cents;
use crate::oversight::verdict::{Ruling, Verdict};
use crate::receipt::Receipt;
use crate::role::Role;
use crate::state::orders::Order;
use crate::time::{DAY_MS, HOUR_MS, SIMULATION_START};

const ONE_TIME: &str = "mobile-car-detailing";
const MONTHLY: &str = "technical-interview-prep-platform";

/// Six templates of every size and billing whose ramp-up takes at most three months.
const SAMPLE: [&str; 6] = [
    "financial-literacy-micro-courses",
    "technical-interview-prep-platform",
    "sustainable-office-snack-boxes",
    "corporate-training-bootcamps",
    "smart-home-starter-kits",
    "mobile-car-detailing",
];

fn signals(run: &Run) -> impl Iterator<Item = &Signal> {
    run.events.iter().filter_map(|event| match &event.payload {
        Payload::Received { signal, .. } => Some(signal),
        _ => None,
    })
}

fn count(run: &Run, wanted: impl Fn(&Signal) -> bool) -> usize {
    signals(run).filter(|signal| wanted(signal)).count()
}

#[test]
fn the_fold_in_one_go_in_pieces_and_through_snapshots_is_the_same() {
    let run = run(ONE_TIME, 1, 30, COMPETENT);
    let mut pieces = Market::new(&run.spec, vault(&run.spec));
    for (index, event) in run.events.iter().enumerate() {
        if index % 97 == 0 {
            let snapshot = serde_json::to_string(pieces.folded()).expect("plain data");
            let folded: Folded = serde_json::from_str(&snapshot).expect("own text");
            assert_eq!(&folded, pieces.folded());
            pieces = Market::resume(&run.spec, vault(&run.spec), folded);
        }
        pieces.apply(event);
    }
    assert_eq!(pieces.folded(), run.market.folded());
    assert_eq!(pieces.end_of_day(30), run.market.end_of_day(30));
    assert!(!pieces.end_of_day(30).is_empty());
    assert_eq!(pieces.end_of_day(31), Vec::new(), "only the day that runs can end");
}

#[test]
fn a_run_is_a_function_of_its_seed() {
    let events = |seed| run(MONTHLY, seed, 20, COMPETENT).events;
    assert_eq!(events(3), events(3));
    assert_ne!(events(3), events(4));
}

#[test]
fn a_day_of_which_some_signals_are_journaled_is_told_to_its_end() {
    let mut run = run(MONTHLY, 2, 45, COMPETENT);
    run.work(COMPETENT);
    let all = run.market.end_of_day(45);
    assert!(all.len() > 3, "{all:?}");
    for (index, signal) in all.iter().enumerate() {
        assert_eq!(run.market.end_of_day(45), all[index..]);
        run.push(Payload::Received { source: SOURCE.to_owned(), external_id: String::new(), signal: signal.clone() });
    }
    assert_eq!(run.market.end_of_day(45), Vec::new());
}

#[test]
fn doing_nothing_earns_nothing() {
    for slug in SAMPLE {
        for seed in 1..=3 {
            let run = run(slug, seed, 90, IDLE);
            assert_eq!(run.month_revenue(0).plus(run.month_revenue(1)).plus(run.month_revenue(2)), Cents::ZERO);
            assert!(run.state.trade.leads <= 6, "{slug}: {} leads", run.state.trade.leads);
        }
    }
}

#[test]
fn steady_work_earns_about_what_the_blueprint_expects() {
    for slug in SAMPLE {
        let expected = blueprint::find(slug).expect("a template").expected_monthly_revenue;
        let mut runs: Vec<Run> = (1..=3).map(|seed| run(slug, seed, 90, COMPETENT)).collect();
        runs.sort_by_key(|run| run.month_revenue(2));
        let (earned, spent) = (runs[1].month_revenue(2), runs[1].month_spending(2));
        assert!(earned >= expected.percent(65) && earned <= expected.percent(135), "{slug}: {earned} of {expected}");
        assert!(spent < earned, "{slug}: {spent} spent, {earned} earned");
    }
}

#[test]
fn more_spending_brings_more_leads_but_each_costs_more() {
    let leads = |ads_percent| -> f64 {
        let habits = Habits { ads_percent, ..IDLE };
        (1..=4).map(|seed| f64::from(run(ONE_TIME, seed, 60, habits).state.trade.leads)).sum()
    };
    let (little, more, much) = (leads(4), leads(16), leads(64));
    assert!(little < more && more < much, "{little} {more} {much}");
    assert!(little / 4.0 > more / 16.0 && more / 16.0 > much / 64.0, "{little} {more} {much}");
}

#[test]
fn a_higher_price_finds_fewer_buyers() {
    let orders = |price_percent| -> usize {
        let habits = Habits { price_percent, ..COMPETENT };
        (1..=2).map(|seed| count(&run(ONE_TIME, seed, 50, habits), |signal| matches!(signal, Signal::OrderPlaced { .. }))).sum()
    };
    let (cheap, normal, dear, absurd) = (orders(70), orders(100), orders(150), orders(1_000));
    assert!(cheap > normal && normal > dear, "{cheap} {normal} {dear}");
    assert!(absurd * 50 < normal, "{absurd} {normal}");
}

#[test]
fn customers_who_get_no_answer_leave_sooner_and_rate_worse() {
    let outcome = |answers| {
        let runs: Vec<Run> = (1..=2).map(|seed| run(MONTHLY, seed, 120, Habits { answers, ..COMPETENT })).collect();
        let left: usize = runs.iter().map(|run| count(run, |signal| matches!(signal, Signal::Churned { .. }))).sum();
        let liked: f64 = runs.iter().filter_map(|run| run.state.trade.ratings.mean()).sum();
        (left, liked)
    };
    let (answered, ignored) = (outcome(true), outcome(false));
    assert!(ignored.0 * 4 > answered.0 * 5, "{ignored:?} {answered:?}");
    assert!(ignored.1 < answered.1, "{ignored:?} {answered:?}");
}

#[test]
fn customers_who_get_nothing_want_their_money_back_once() {
    let run = run(ONE_TIME, 1, 60, Habits { deliver_every: 0, answers: false, ..COMPETENT });
    let asked: Vec<OrderId> =
        signals(&run).filter_map(|s| if let Signal::RefundRequested { order } = s { Some(*order) } else { None }).collect();
    let mut once = asked.clone();
    once.dedup();
    assert!(asked.len() > 5 && asked.len() == once.len());
    assert_eq!(run.state.trade.ratings.mean(), Some(1.0));
    assert!(count(&run, |signal| matches!(signal, Signal::Churned { .. })) > 3);
}

#[test]
fn journaled_signals_show_nothing_personal_and_profiles_open_with_their_key() {
    let run = run(ONE_TIME, 5, 20, COMPETENT);
    let mut leads = 0;
    for event in &run.events {
        let json = serde_json::to_string(&event.payload).expect("plain data");
        assert!(!json.contains("mail.example") && !json.contains("lead-0"), "{json}");
        let Payload::Received { signal: Signal::LeadArrived { contact, profile, .. }, .. } = &event.payload else { continue };
        let opened = run.vault.open(profile).expect("own key");
        let person: Profile = serde_json::from_str(opened.reveal()).expect("a profile");
        assert_eq!(run.vault.contact_id(&person.email), *contact);
        assert!(!json.contains(&person.name) && !json.contains(&person.company), "{json}");
        leads += 1;
    }
    assert!(leads > 10);
}

#[test]
fn effects_that_make_no_sense_are_refused_for_good() {
    let mut run = run(MONTHLY, 1, 40, COMPETENT);
    let now = run.state.now;
    let settled = |order: &Order| order.payments == 1 && order.deliveries == 1 && order.due_at > Some(now.plus_ms(5 * DAY_MS));
    let found = run.state.trade.orders.open().find(|(_, order)| settled(order));
    let (order, known) = found.map(|(order, known)| (*order, known.clone())).expect("a month brings orders");
    let (price, unit_cost, sealed) = (known.price, run.spec.blueprint.unit_cost, run.vault.seal(known.contact, "x").expect("short"));
    let stranger = run.vault.contact_id("nobody@mail.example");
    let refused: Vec<Action> = vec![
        CollectPayment { order, installment: 0, price }.into(),
        CollectPayment { order, installment: 1, price }.into(),
        CollectPayment { order, installment: 1, price: price.times(2) }.into(),
        CollectPayment { order: OrderId::new(99_999), installment: 0, price }.into(),
        DeliverOrder { order, cost: unit_cost }.into(),
        DeliverOrder { order, cost: Cents::ZERO }.into(),
        SendEmail {
            contact: stranger,
            purpose: MailPurpose::Outreach,
            price: None,
            line: None,
            message: run.vault.seal(stranger, "x").expect("short"),
        }
        .into(),
        CallModel {
            purpose: "x".to_owned(),
            model: "x".to_owned(),
            prompt: sealed,
            schema: String::new(),
            max_tokens: 1,
            cost: Cents::ZERO,
        }
        .into(),
    ];
    for action in refused {
        let shown = format!("{action:?}");
        assert_eq!(run.act(action), None, "{shown}");
        let last = run.events.last().map(|event| event.payload.clone());
        let Some(Payload::Settled { outcome: Outcome::Failed { reason, .. }, .. }) = last else { panic!("{shown}") };
        assert!(reason.starts_with("failed: "), "{shown}: {reason}");
    }
}

#[test]
fn proposals_that_come_to_nothing_leave_no_trace() {
    let mut run = Run::new(ONE_TIME, 1);
    let before = run.market.folded().clone();
    let post = PublishPost { channel: Channel::Seo, title: "x".to_owned(), body: "x".to_owned(), cost: Cents::ZERO };
    let id = ProposalId::new(run.state.work.next_proposal);
    let proposal = Proposal {
        id,
        task: TaskId::new(0),
        role: Role::Marketer,
        action: post.clone().into(),
        confidence: 1,
        rationale: String::new(),
        reviews: None,
    };
    run.push(Payload::Proposed { proposal: Box::new(proposal) });
    let verdict = Verdict { ruling: Ruling::Veto, rules: Vec::new(), note: String::new() };
    run.push(Payload::Reviewed { proposal: id, digest: Action::from(post).digest(), verdict, expires_at: None });
    assert_eq!(run.market.folded(), &before);
}

#[test]
fn providers_fail_now_and_then_but_not_twice_in_a_row_for_long() {
    let mut run = Run::new(ONE_TIME, 1);
    let settled = |run: &Run| run.events.iter().filter(|event| matches!(event.payload, Payload::Settled { .. })).count();
    for _ in 0..1_000 {
        let receipt = run.act(PayBill { label: "rent".to_owned(), cost: Cents::new(1) });
        assert!(matches!(receipt, Some(Receipt::BillReceipt(_))));
    }
    let failures = settled(&run) - 1_000;
    assert!((3..=25).contains(&failures), "{failures}");
}

#[test]
fn every_action_but_the_model_call_has_a_simulated_port() {
    let spec = spec(ONE_TIME, 1);
    let ports = ports(Arc::new(RwLock::new(Market::new(&spec, vault(&spec)))));
    let missing: Vec<_> = ActionKind::ALL.iter().filter(|kind| ports.recovery(**kind).is_none()).collect();
    assert_eq!(missing, [&ActionKind::CallModel]);
}

#[test]
fn the_simulated_owner_answers_within_a_day_and_likes_cheap_things() {
    let spec = spec(ONE_TIME, 1);
    let owner = SimulatedOwner::new(&spec);
    let approved = |dollars: i64| {
        let action: Action = PayBill { label: "x".to_owned(), cost: Cents::from_dollars(dollars) }.into();
        let yes = (0..400).filter(|id| {
            let answer = owner.answer(ProposalId::new(*id), &action, SIMULATION_START);
            assert_eq!(answer, owner.answer(ProposalId::new(*id), &action, SIMULATION_START));
            let wait = answer.0.since(SIMULATION_START);
            assert!((HOUR_MS..=20 * HOUR_MS).contains(&wait), "{wait} ms");
            answer.1
        });
        yes.count()
    };
    let (cheap, dear, absurd) = (approved(10), approved(1_500), approved(100_000));
    assert!(cheap > 370 && dear < 320 && dear > 180 && absurd < 50, "{cheap} {dear} {absurd}");
}
