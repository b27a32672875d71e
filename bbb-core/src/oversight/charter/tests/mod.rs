//! Tests of the charter: every policy stops something, and lets a near miss pass.

mod cases;
mod texts;

use std::collections::BTreeSet;

use self::cases::{CASES, another_waits_for_a_refund, good, idle, mail, mailed, outreach};
use super::*;
use crate::action::{ActionKind, CollectPayment, Cost, DeliverOrder, MailPurpose, PayBill, RefundPayment, RunAds, SendEmail, SetPrice};
use crate::event::{Proposal, Signal};
use crate::id::OrderId;
use crate::money::Cents;
use crate::oversight::tests_support::{ORDER, Scene, TICKET};
use crate::oversight::verdict::Verdict;
use crate::role::Role;
use crate::spec::WorldKind;
use crate::state::DayRow;
use crate::state::contacts::Interest;
use crate::state::orders::REFUND_WITHIN_DAYS;
use crate::time::DAY_MS;

#[test]
fn every_policy_stops_something_and_lets_a_near_miss_pass() {
    let charter = Charter::shipped();
    for (policy, stopped, passes) in CASES {
        let info = charter.policies().find(|info| info.id == policy).expect("a shipped policy");
        let rule = format!("charter.{policy}");
        let mut scene = Scene::new();
        let proposal = stopped(&mut scene);
        let findings = charter.findings(&scene.facts(&proposal));
        let ruling = findings.iter().find(|finding| finding.rule.as_str() == rule).map(|finding| finding.ruling);
        let want = if info.escalates { Ruling::Escalate } else { Ruling::Veto };
        assert_eq!(ruling, Some(want), "{policy}: {findings:?}");
        let after_yes = charter.findings(&scene.facts_after(&proposal, true));
        let still = after_yes.iter().any(|finding| finding.rule.as_str() == rule);
        assert_eq!(still, !info.escalates, "{policy}: a yes settles escalations and no veto: {after_yes:?}");
        let mut scene = Scene::new();
        let proposal = passes(&mut scene);
        let verdict = Verdict::from_findings(&charter.findings(&scene.facts(&proposal)));
        assert_eq!(verdict.ruling, Ruling::Approve, "{policy}: {verdict:?}");
    }
    let covered: BTreeSet<&str> = CASES.iter().map(|case| case.0).collect();
    let shipped: BTreeSet<&str> = charter.policies().filter(|info| !info.permits).map(|info| info.id).collect();
    assert_eq!(covered, shipped, "every policy that forbids has a case");
}

#[test]
fn spending_without_income_counts_days_and_budget() {
    let check = |days, percent, kind, want: Ruling| {
        let mut scene = Scene::new();
        idle(&mut scene, days, percent);
        let proposal = good(&mut scene, kind);
        let verdict = Verdict::from_findings(&Charter::shipped().findings(&scene.facts(&proposal)));
        assert_eq!(verdict.ruling, want, "{days} days, {percent} percent, {kind}: {verdict:?}");
    };
    check(14, 51, ActionKind::RunAds, Ruling::Escalate);
    check(14, 50, ActionKind::RunAds, Ruling::Approve);
    check(13, 90, ActionKind::RunAds, Ruling::Approve);
    check(14, 51, ActionKind::DeliverOrder, Ruling::Approve);
}

#[test]
fn an_overdue_refund_stops_what_advertises_and_nothing_that_serves() {
    let check = |days, kind, want: Ruling| {
        let mut scene = Scene::new();
        another_waits_for_a_refund(&mut scene, days);
        let proposal = good(&mut scene, kind);
        let verdict = Verdict::from_findings(&Charter::shipped().findings(&scene.facts(&proposal)));
        assert_eq!(verdict.ruling, want, "{days} days, {kind}: {verdict:?}");
    };
    for kind in [ActionKind::RunAds, ActionKind::PublishPost, ActionKind::SendEmail] {
        check(REFUND_WITHIN_DAYS, kind, Ruling::Approve);
        check(REFUND_WITHIN_DAYS + 1, kind, Ruling::Veto);
    }
    for kind in [ActionKind::DeliverOrder, ActionKind::AnswerTicket, ActionKind::RefundPayment, ActionKind::PayBill] {
        check(300, kind, Ruling::Approve);
    }
}

#[test]
fn a_refund_that_was_asked_for_twice_is_as_old_as_the_first_time_and_over_once_it_is_paid() {
    let mut scene = Scene::new();
    scene.signal(Signal::RefundRequested { order: ORDER });
    for _ in 0..20 {
        scene.state.now = scene.state.now.plus_ms(DAY_MS);
        scene.signal(Signal::RefundRequested { order: ORDER });
    }
    let days = |scene: &Scene| scene.state.trade.orders.oldest_refund_days(scene.state.now);
    assert_eq!(days(&scene), 20);
    let price = scene.order().price;
    scene.refund(price.minus(Cents::new(1)));
    let order = scene.order().clone();
    assert_eq!((days(&scene), order.refundable(), order.refunded), (0, Cents::new(1), price.minus(Cents::new(1))));

    // What was given back is not there to be given back again.
    scene.signal(Signal::RefundRequested { order: ORDER });
    for (cents, within) in [(1, true), (2, false)] {
        let proposal = scene.proposal(RefundPayment { order: ORDER, refund: Cents::new(cents) });
        assert_eq!(scene.facts(&proposal).order.map(|order| order.refund_within_paid), Some(within), "{cents}");
    }
    // Nothing was paid that is not given back: nobody is owed anything.
    scene.refund(Cents::new(1));
    scene.signal(Signal::RefundRequested { order: ORDER });
    scene.state.now = scene.state.now.plus_ms(30 * DAY_MS);
    assert_eq!(days(&scene), 0);
}

#[test]
fn words_that_name_a_profession_need_its_licence_in_a_live_business() {
    let check = |concept: &str, confirmed: bool, want: Ruling| {
        let mut scene = Scene::with(concept, |spec| {
            (spec.world, spec.licence_confirmed) = (WorldKind::Live, confirmed);
            spec.blueprint.licence = None;
        });
        for kind in [ActionKind::PublishPost, ActionKind::RunAds, ActionKind::DeliverOrder] {
            let proposal = good(&mut scene, kind);
            let verdict = Verdict::from_findings(&Charter::shipped().findings(&scene.facts(&proposal)));
            assert_eq!(verdict.ruling, want, "{concept}, {kind}: {verdict:?}");
        }
    };
    check("Legal advice for tenants", false, Ruling::Veto);
    check("Legal advice for tenants", true, Ruling::Approve);
    check("Weekly lunch menus for restaurants", false, Ruling::Approve);
}

#[test]
fn no_role_takes_an_action_of_another() {
    for kind in ActionKind::ALL {
        for role in Role::ALL {
            let mut scene = Scene::new();
            let proposal = Proposal { role, ..good(&mut scene, *kind) };
            let verdict = Verdict::from_findings(&Charter::shipped().findings(&scene.facts(&proposal)));
            let rules: Vec<&str> = verdict.rules.iter().map(RuleId::as_str).collect();
            match kind.role() {
                None => assert_eq!(rules, ["charter.any-role-thinks"]),
                Some(own) if own == role => assert_eq!(rules, [format!("charter.role-{role}")], "{kind}: {verdict:?}"),
                Some(_) => assert_eq!((verdict.ruling, rules), (Ruling::Veto, vec!["charter.default-deny"]), "{role} {kind}"),
            }
        }
    }
}

#[test]
fn each_policy_is_kept_for_the_kinds_that_its_scope_admits() {
    let listed = |kind, id: &str| Charter::shipped().policies_about(kind).any(|info| info.id == id);
    for (id, admitted, other) in [
        ("suppression-list", ActionKind::SendEmail, ActionKind::SetPrice),
        ("deliver-what-is-paid", ActionKind::DeliverOrder, ActionKind::CollectPayment),
        ("any-role-thinks", ActionKind::CallModel, ActionKind::PayBill),
    ] {
        assert!(listed(admitted, id) && !listed(other, id), "{id}");
    }
}

#[test]
fn a_company_is_named_where_its_entry_is_not_empty() {
    let charter = Charter::with_owner_policies("b2b-only", pack("b2b-only").expect("a pack").text).expect("valid");
    for (company, want) in [("", Ruling::Veto), (" ", Ruling::Veto), ("Engines Ltd", Ruling::Approve)] {
        let mut scene = Scene::new();
        let proposal = outreach(&mut scene);
        let mut facts = scene.facts(&proposal);
        facts.contact.as_mut().expect("a contact").profile.company = company.to_owned();
        assert_eq!(Verdict::from_findings(&charter.findings(&facts)).ruling, want, "{company:?}");
    }
}

#[test]
fn contexts_fit_the_schema() {
    for kind in ActionKind::ALL {
        let mut scene = Scene::new();
        let mut proposals = vec![good(&mut scene, *kind)];
        if *kind == ActionKind::SendEmail {
            proposals.push(mail(&scene, MailPurpose::Offer));
        }
        for proposal in proposals {
            let question = Question::of(&scene.facts(&proposal));
            assert!(question.request(Some(load::VALIDATOR.schema())).is_ok(), "{kind}: {question:?}");
        }
    }
    for (interest, name) in question::INTERESTS {
        assert_eq!(serde_json::to_value(interest).expect("plain"), name);
    }
    for (index, (interest, _)) in question::INTERESTS.iter().enumerate() {
        assert_eq!(*interest as usize, index);
    }
    assert!(ActionKind::ALL.iter().enumerate().all(|(index, kind)| *kind as usize == index));
}

#[test]
fn findings_are_sorted_and_name_every_broken_policy() {
    let mut scene = Scene::new();
    mailed(&mut scene, 4, 0);
    scene.contact().suppressed = true;
    scene.contact().consent = false;
    let proposal = scene.proposal(scene.mail(MailPurpose::FollowUp, |mail| mail.body = "Buy.".to_owned()));
    let findings = Charter::shipped().findings(&scene.facts(&proposal));
    let rules: Vec<&str> = findings.iter().map(|finding| finding.rule.as_str()).collect();
    let want = ["can-spam-postal-address", "can-spam-unsubscribe", "mail-at-most-four", "mail-consent", "mail-spacing", "suppression-list"];
    assert_eq!(rules, want.map(|id| format!("charter.{id}")));
    assert!((0..20).all(|_| Charter::shipped().findings(&scene.facts(&proposal)) == findings));
}

#[test]
fn owner_is_not_asked_about_what_a_yes_would_not_allow() {
    let scene = Scene::new();
    let bill = PayBill { label: "rent".to_owned(), cost: Cents::from_dollars(90_000) };
    let proposal = Proposal { role: Role::Sales, ..scene.proposal(bill) };
    let findings = Charter::shipped().findings(&scene.facts(&proposal));
    let verdict = Verdict::from_findings(&findings);
    assert_eq!((verdict.ruling, verdict.rules[0].as_str()), (Ruling::Veto, "charter.default-deny"), "{findings:?}");
}

#[test]
fn two_mails_of_one_round_count_as_two() {
    let mut scene = Scene::new();
    mailed(&mut scene, 3, 30);
    let first = scene.mail(MailPurpose::Outreach, |_| ());
    let second = scene.mail(MailPurpose::FollowUp, |_| ());
    let (first, second) = (scene.propose(first, false), scene.propose(second, false));
    let ruling = |proposal| Verdict::from_findings(&Charter::shipped().findings(&scene.facts(proposal)));
    assert_eq!(ruling(&first).ruling, Ruling::Approve);
    let rules: Vec<String> = ruling(&second).rules.iter().map(ToString::to_string).collect();
    assert_eq!(rules, ["charter.mail-at-most-four", "charter.mail-spacing"]);
}
