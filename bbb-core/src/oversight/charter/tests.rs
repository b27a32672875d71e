//! Tests of the charter: every policy stops something, and lets a near miss pass.

use std::collections::BTreeSet;

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
use crate::state::trade::{Interest, REFUND_WITHIN_DAYS};
use crate::time::DAY_MS;

/// A policy, what it stops, and what comes close and passes.
type Case = (&'static str, fn(&mut Scene) -> Proposal, fn(&mut Scene) -> Proposal);

fn outreach(scene: &mut Scene) -> Proposal {
    good(scene, ActionKind::SendEmail)
}

fn good(scene: &mut Scene, kind: ActionKind) -> Proposal {
    let action = scene.good(kind);
    scene.proposal(action)
}

fn mail(scene: &Scene, purpose: MailPurpose) -> Proposal {
    scene.proposal(scene.mail(purpose, |_| ()))
}

fn offer_at(scene: &Scene, price: Cents) -> Proposal {
    scene.proposal(SendEmail { price: Some(price), ..scene.mail(MailPurpose::Offer, |_| ()) })
}

fn unlicensed(scene: &mut Scene) {
    *scene = Scene::with("tax-prep-for-creators", |spec| spec.licence_confirmed = false);
}

/// A business whose needed licence is not confirmed, in this world.
fn unlicensed_in(scene: &mut Scene, world: WorldKind) {
    *scene = Scene::with("tax-prep-for-creators", |spec| {
        (spec.world, spec.licence_confirmed) = (world, false);
        spec.sender.address = "hello@studio.com".to_owned();
    });
}

/// A live business that spent this share of its budget and earned nothing for so many days.
fn idle(scene: &mut Scene, days: u32, percent: i64) {
    *scene = Scene::with("podcast-production-studio", |spec| {
        spec.world = WorldKind::Live;
        spec.caps.real_money = crate::budget::Cap::of(Cents::from_dollars(1_000));
    });
    let earned = scene.state.books.of_world().revenue;
    for day in 0..days + 5 {
        let revenue = if day < 5 { earned.minus(Cents::new(1)) } else { earned };
        let (at, spent) = (scene.state.now, Cents::ZERO);
        let (tasks_completed, tasks_failed, tasks_open) = (0, 0, 0);
        let row = DayRow { day, at, revenue, spent, customers: 1, leads: 1, qualified: 0, tasks_completed, tasks_failed, tasks_open };
        scene.state.history.push(row);
    }
    scene.state.books.hold(&Cost::money(false, Cents::from_dollars(10).times(percent)));
}

fn mailed(scene: &mut Scene, mails: u8, days_ago: i64) {
    let now = scene.state.now;
    let contact = scene.contact();
    (contact.mails, contact.last_mail_at) = (mails, now.plus_ms(-days_ago * DAY_MS));
}

/// Somebody else paid, and asked for it back so many days ago.
fn another_waits_for_a_refund(scene: &mut Scene, days: i64) {
    let contact = scene.lead("eve@customer.example", true);
    let order = OrderId::new(7);
    let price = scene.state.trade.price;
    scene.signal(Signal::OrderPlaced { order, contact, price, monthly: false });
    let asked = scene.state.now.plus_ms(-days * DAY_MS);
    let order = scene.state.trade.orders.get_mut(&order).expect("placed");
    (order.payments, order.refund_asked_at) = (1, Some(asked));
}

fn interest(scene: &mut Scene, interest: Interest) {
    scene.contact().interest = interest;
    scene.state.trade.tickets.remove(&TICKET);
}

const CASES: [Case; 34] = [
    (
        "suppression-list",
        |scene| {
            scene.contact().suppressed = true;
            mail(scene, MailPurpose::Service)
        },
        |scene| mail(scene, MailPurpose::Service),
    ),
    (
        "mail-consent",
        |scene| {
            scene.contact().consent = false;
            outreach(scene)
        },
        |scene| {
            scene.contact().consent = false;
            mail(scene, MailPurpose::Service)
        },
    ),
    (
        "mail-no-means-no",
        |scene| {
            interest(scene, Interest::Lost);
            outreach(scene)
        },
        |scene| {
            interest(scene, Interest::Offered);
            outreach(scene)
        },
    ),
    (
        "can-spam-postal-address",
        |scene| {
            let postal = scene.state.spec.sender.postal_address.clone();
            scene.proposal(scene.mail(MailPurpose::Outreach, |mail| mail.body = mail.body.replace(&postal, "somewhere")))
        },
        |scene| scene.proposal(scene.mail(MailPurpose::Service, |mail| mail.body = "It is done.".to_owned())),
    ),
    (
        "can-spam-unsubscribe",
        |scene| {
            let way = scene.state.spec.sender.unsubscribe.clone();
            scene.proposal(scene.mail(MailPurpose::Offer, |mail| mail.body = mail.body.replace(&way, "write to us")))
        },
        |scene| mail(scene, MailPurpose::Offer),
    ),
    (
        "can-spam-true-sender",
        |scene| {
            *scene = Scene::with("podcast-production-studio", |spec| spec.world = WorldKind::Live);
            outreach(scene)
        },
        |scene| {
            *scene = Scene::with("podcast-production-studio", |spec| {
                spec.world = WorldKind::Live;
                spec.sender.address = "hello@studio.com".to_owned();
            });
            outreach(scene)
        },
    ),
    (
        "can-spam-honest-subject",
        |scene| {
            interest(scene, Interest::Fit);
            scene.proposal(scene.mail(MailPurpose::Outreach, |mail| mail.subject = " Re: our call".to_owned()))
        },
        |scene| {
            interest(scene, Interest::Interested);
            scene.contact().qualified = true;
            scene.proposal(scene.mail(MailPurpose::Offer, |mail| mail.subject = "Re: our call".to_owned()))
        },
    ),
    (
        "mail-right-recipient",
        |scene| scene.proposal(scene.mail(MailPurpose::Outreach, |mail| mail.to = "eve@customer.example".to_owned())),
        |scene| scene.proposal(scene.mail(MailPurpose::Outreach, |mail| mail.to = "Ada@Customer.example ".to_owned())),
    ),
    (
        "mail-service-is-no-advertising",
        |scene| {
            interest(scene, Interest::Fit);
            mail(scene, MailPurpose::Service)
        },
        |scene| {
            scene.contact().interest = Interest::Fit;
            mail(scene, MailPurpose::Service)
        },
    ),
    (
        "mail-at-most-four",
        |scene| {
            mailed(scene, 4, 30);
            outreach(scene)
        },
        |scene| {
            mailed(scene, 3, 30);
            outreach(scene)
        },
    ),
    (
        "mail-spacing",
        |scene| {
            mailed(scene, 1, 1);
            mail(scene, MailPurpose::FollowUp)
        },
        |scene| {
            mailed(scene, 1, 1);
            interest(scene, Interest::AskedPrice);
            mail(scene, MailPurpose::Offer)
        },
    ),
    (
        "offer-names-its-price",
        |scene| scene.proposal(SendEmail { price: None, ..scene.mail(MailPurpose::Offer, |_| ()) }),
        |scene| mail(scene, MailPurpose::Offer),
    ),
    (
        "refund-before-advertising",
        |scene| {
            scene.ask_refund(0);
            outreach(scene)
        },
        |scene| {
            scene.ask_refund(0);
            mail(scene, MailPurpose::Service)
        },
    ),
    (
        "answer-to-asker",
        |scene| {
            let answer = scene.proposal(scene.answer("It is done."));
            scene.state.trade.tickets.remove(&TICKET);
            answer
        },
        |scene| scene.proposal(scene.answer("It is done.")),
    ),
    (
        "once-is-enough",
        |scene| {
            let action = scene.good(ActionKind::RefundPayment);
            scene.propose(action, true);
            good(scene, ActionKind::RefundPayment)
        },
        |scene| {
            let action = scene.good(ActionKind::RefundPayment);
            scene.propose(action, true)
        },
    ),
    (
        "licence-confirmed",
        |scene| {
            unlicensed(scene);
            good(scene, ActionKind::CollectPayment)
        },
        |scene| {
            *scene = Scene::with("tax-prep-for-creators", |_| ());
            good(scene, ActionKind::CollectPayment)
        },
    ),
    (
        "licence-confirmed-offers",
        |scene| {
            unlicensed(scene);
            mail(scene, MailPurpose::Offer)
        },
        |scene| {
            unlicensed(scene);
            outreach(scene)
        },
    ),
    (
        "licence-confirmed-advertising",
        |scene| {
            unlicensed_in(scene, WorldKind::Live);
            good(scene, ActionKind::RunAds)
        },
        |scene| {
            unlicensed_in(scene, WorldKind::Shadow);
            good(scene, ActionKind::PublishPost)
        },
    ),
    (
        "licence-confirmed-mail",
        |scene| {
            unlicensed_in(scene, WorldKind::Live);
            outreach(scene)
        },
        |scene| {
            unlicensed_in(scene, WorldKind::Live);
            mail(scene, MailPurpose::Service)
        },
    ),
    (
        "order-known",
        |scene| scene.proposal(DeliverOrder { order: OrderId::new(9), cost: Cents::ZERO }),
        |scene| good(scene, ActionKind::DeliverOrder),
    ),
    (
        "deliver-what-is-paid",
        |scene| {
            scene.order().payments = 0;
            scene.proposal(DeliverOrder { order: ORDER, cost: Cents::ZERO })
        },
        |scene| scene.proposal(DeliverOrder { order: ORDER, cost: Cents::ZERO }),
    ),
    (
        "collect-what-is-due",
        |scene| {
            let price = scene.order().price;
            scene.proposal(CollectPayment { order: ORDER, installment: 0, price })
        },
        |scene| {
            let price = scene.order().price;
            scene.proposal(CollectPayment { order: ORDER, installment: 1, price })
        },
    ),
    (
        "collect-the-ordered-price",
        |scene| {
            let price = scene.order().price.plus(Cents::new(1));
            scene.proposal(CollectPayment { order: ORDER, installment: 1, price })
        },
        |scene| good(scene, ActionKind::CollectPayment),
    ),
    (
        "collect-not-while-refund-asked",
        |scene| {
            let payment = good(scene, ActionKind::CollectPayment);
            scene.ask_refund(0);
            payment
        },
        |scene| good(scene, ActionKind::CollectPayment),
    ),
    (
        "refund-what-was-paid",
        |scene| {
            scene.ask_refund(0);
            let refund = scene.order().price.plus(Cents::new(1));
            scene.proposal(RefundPayment { order: ORDER, refund })
        },
        |scene| {
            scene.ask_refund(0);
            scene.order().payments = 2;
            let refund = scene.order().price.plus(Cents::new(1));
            scene.proposal(RefundPayment { order: ORDER, refund })
        },
    ),
    (
        "refund-overdue",
        |scene| {
            scene.ask_refund(REFUND_WITHIN_DAYS + 1);
            good(scene, ActionKind::PublishPost)
        },
        |scene| {
            scene.ask_refund(REFUND_WITHIN_DAYS);
            good(scene, ActionKind::PublishPost)
        },
    ),
    (
        "refund-overdue-mail",
        |scene| {
            scene.ask_refund(REFUND_WITHIN_DAYS + 1);
            mail(scene, MailPurpose::Offer)
        },
        |scene| {
            scene.ask_refund(REFUND_WITHIN_DAYS + 1);
            mail(scene, MailPurpose::Service)
        },
    ),
    (
        "refund-overdue-collect",
        |scene| {
            another_waits_for_a_refund(scene, REFUND_WITHIN_DAYS + 1);
            good(scene, ActionKind::CollectPayment)
        },
        |scene| {
            another_waits_for_a_refund(scene, REFUND_WITHIN_DAYS);
            good(scene, ActionKind::CollectPayment)
        },
    ),
    (
        "refund-unasked",
        |scene| {
            let action = scene.good(ActionKind::RefundPayment);
            scene.order().refund_asked_at = None;
            scene.proposal(action)
        },
        |scene| good(scene, ActionKind::RefundPayment),
    ),
    (
        "price-far-above-list",
        |scene| {
            let price = scene.state.trade.price.percent(150).plus(Cents::new(1));
            scene.proposal(SetPrice { price })
        },
        |scene| {
            let price = scene.state.trade.price.percent(150);
            offer_at(scene, price)
        },
    ),
    (
        "price-below-cost",
        |scene| {
            let price = scene.state.spec.blueprint.unit_cost.minus(Cents::new(1));
            offer_at(scene, price)
        },
        |scene| {
            let price = scene.state.spec.blueprint.unit_cost;
            scene.proposal(SetPrice { price })
        },
    ),
    (
        "large-spend",
        |scene| {
            let headline = "Podcast production for busy founders".to_owned();
            scene.proposal(RunAds { channel: crate::blueprint::Channel::PaidSearch, headline, spend_limit: Cents::new(100_001) })
        },
        |scene| {
            let cost = scene.state.spec.blueprint.startup_cost;
            scene.proposal(PayBill { label: "studio".to_owned(), cost })
        },
    ),
    (
        "spend-without-income",
        |scene| {
            idle(scene, 14, 51);
            good(scene, ActionKind::PayBill)
        },
        |scene| {
            idle(scene, 13, 51);
            good(scene, ActionKind::PayBill)
        },
    ),
    (
        "low-confidence",
        |scene| Proposal { confidence: 29, ..good(scene, ActionKind::PayBill) },
        |scene| Proposal { confidence: 29, ..good(scene, ActionKind::RunAds) },
    ),
];

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
    let days = |scene: &Scene| scene.state.trade.oldest_refund_days(scene.state.now);
    assert_eq!(days(&scene), 20);
    let price = scene.order().price;
    scene.refund(price.minus(Cents::new(1)));
    assert_eq!((days(&scene), scene.order().refundable(), scene.order().refunded), (0, Cents::new(1), price.minus(Cents::new(1))));

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

#[test]
fn owners_policies_forbid_and_ask_but_cannot_allow() {
    let text = r#"
        @id("no-ads") @says("We do not advertise.")
        forbid (principal, action == Action::"run_ads", resource);
        @id("ask-posts") @escalate("owner")
        forbid (principal, action == Action::"publish_post", resource) unless { context.owner_approved };
    "#;
    let charter = Charter::with_owner_policies("mine.cedar", text).expect("valid");
    let ruling = |kind, yes| {
        let mut scene = Scene::new();
        let proposal = good(&mut scene, kind);
        Verdict::from_findings(&charter.findings(&scene.facts_after(&proposal, yes)))
    };
    let no_ads = ruling(ActionKind::RunAds, true);
    assert_eq!((no_ads.ruling, no_ads.note.as_str()), (Ruling::Veto, "We do not advertise."));
    assert_eq!(ruling(ActionKind::PublishPost, false).ruling, Ruling::Escalate);
    assert_eq!(ruling(ActionKind::PublishPost, true).ruling, Ruling::Approve);
    assert_eq!(ruling(ActionKind::PayBill, false).ruling, Ruling::Approve);
    assert_eq!(charter.policies().filter(|info| info.owners).map(|info| info.id).collect::<Vec<_>>(), ["no-ads", "ask-posts"]);
    let (shipped, digest) = (Charter::shipped().digest(), charter.digest());
    assert_eq!((shipped.len(), owners_part(&shipped)), (64, None));
    assert!(digest.starts_with(&shipped) && owners_part(&digest).is_some_and(|own| own.len() == 64), "{digest}");
}

/// A charter whose owner's text went past no check.
fn unchecked(text: &str) -> Charter {
    let mut policies = PolicySet::new();
    let mut rules = Vec::new();
    for (name, text) in SHIPPED {
        load::load(name, text, false, &mut policies, &mut rules).expect("shipped");
    }
    let policy = cedar_policy::Policy::parse(Some(PolicyId::new("mine")), text).expect("a policy");
    let permits = policy.effect() == cedar_policy::Effect::Permit;
    policies.add(policy).expect("a new name");
    let text = || "mine".to_owned();
    rules.push(Rule { id: text(), sentence: text(), ground: text(), permits, escalates: false, owners: true });
    Charter::assemble(&policies, rules, String::new())
}

#[test]
fn shipped_forbid_wins_even_over_a_permit_that_slipped_in() {
    let charter = unchecked("permit (principal, action, resource);");
    let mut scene = Scene::new();
    scene.contact().suppressed = true;
    let proposal = outreach(&mut scene);
    let verdict = Verdict::from_findings(&charter.findings(&scene.facts_after(&proposal, true)));
    assert_eq!((verdict.ruling, verdict.rules[0].as_str()), (Ruling::Veto, "charter.suppression-list"));
}

#[test]
fn policy_that_fails_to_evaluate_is_a_veto() {
    let check = |charter: &Charter, kind, rule: &str| {
        let mut scene = Scene::new();
        let proposal = good(&mut scene, kind);
        let findings = charter.findings(&scene.facts_after(&proposal, true));
        assert!(findings.iter().any(|finding| finding.ruling == Ruling::Approve), "the others allow it: {findings:?}");
        let verdict = Verdict::from_findings(&findings);
        assert_eq!((verdict.ruling, verdict.rules[0].as_str(), verdict.rules.len()), (Ruling::Veto, rule, 1));
    };
    let overflow = r#"@id("overflow") forbid (principal, action, resource) when { context.act.cost + 9223372036854775807 < 0 };"#;
    let charter = Charter::with_owner_policies("mine.cedar", overflow).expect("well typed");
    check(&charter, ActionKind::RunAds, "charter.error.overflow");
    let missing = unchecked("forbid (principal, action, resource) when { context.mail.commercial };");
    check(&missing, ActionKind::RunAds, "charter.error.mine");
    let permit = unchecked("permit (principal, action, resource) when { context.mail.commercial };");
    check(&permit, ActionKind::RunAds, "charter.error.mine");
}

#[test]
fn wrong_texts_are_refused_with_line_and_column() {
    let check = |text: &str, line: usize, column: usize, reason: &str| {
        let error = Charter::with_owner_policies("mine.cedar", text).expect_err(text);
        assert_eq!((error.line, error.column), (line, column), "{error}");
        assert!(error.reason.contains(reason), "{error}");
        assert!(error.to_string().starts_with(&format!("mine.cedar:{line}:{column}: ")));
    };
    check("@id(\"a\")\nforbid (principal action, resource);", 2, 19, "unexpected token");
    check("forbid (principal, action, resource);", 1, 1, "@id");
    check("// ;\n\n  forbid (principal, action, resource);", 3, 3, "@id");
    check("@id(\"a\") forbid (principal, action, resource); @id(\"a\") forbid (principal, action, resource);", 1, 48, "another policy");
    check("@id(\"mail-consent\") forbid (principal, action, resource);", 1, 1, "shipped policy");
    check("@id(\"default-deny\") forbid (principal, action, resource);", 1, 1, "the charter uses itself");
    check("@id(\"No Spaces\") forbid (principal, action, resource);", 1, 1, "lowercase");
    check("@id(\"a\") permit (principal, action, resource);", 1, 1, "forbids");
    check("@id(\"a\") forbid (principal == ?principal, action, resource);", 1, 1, "slots");
    check("@id(\"a\") @because(\"x\") forbid (principal, action, resource);", 1, 1, "@because");
    check("@id(\"a\") @escalate(\"owner\") forbid (principal, action, resource);", 1, 1, "unless { context.owner_approved }");
    check("@id(\"a\") @escalate(\"mum\") forbid (principal, action, resource) unless { context.owner_approved };", 1, 1, "only escalation");
    check("@id(\"a\") forbid (principal, action, resource) unless { context.owner_approved };", 1, 1, "@escalate");
    let fields = "@id(\"a\") forbid (principal, action, resource)\nwhen { context.mail.commercial };";
    check(fields, 2, 8, "mail");
    check("@id(\"a\") forbid (principal == Role::\"ceo\", action, resource);", 1, 31, "ceo");
    check("@id(\"a\") forbid (principal, action == Action::\"steal\", resource);", 1, 39, "steal");
    check("@id(\"a\") forbid (principal, action, resource) when { context.act.cost > \"1\" };", 1, 73, "String");
    check("@id(\"a\") forbid (principal, action, resource) when { false };", 1, 1, "impossible");
    check(&format!("//{}", "x".repeat(MAX_POLICY_BYTES)), 1, 1, "bytes");
    assert!(Charter::with_owner_policies("mine.cedar", " // nothing but a comment; really\n").is_ok());
}

#[test]
fn strings_and_comments_do_not_confuse_the_places_of_policies() {
    let text = "@id(\"a\") @says(\"quoted \\\"; // x\") forbid (principal, action, resource); // ; \"\n @id(\"b\") forbid (principal, action, resource);";
    let charter = Charter::with_owner_policies("mine.cedar", text).expect("valid");
    let own: Vec<&str> = charter.policies().filter(|info| info.owners).map(|info| info.id).collect();
    assert_eq!(own, ["a", "b"]);
}

#[test]
fn shipped_policies_are_valid_and_only_escalations_look_at_the_owners_answer() {
    if let Err(error) = Charter::load(None) {
        panic!("{error}");
    }
    let charter = Charter::shipped();
    assert!(charter.policies().count() >= 12);
    for policy in charter.0.cedar.policies() {
        let text = policy.to_cedar().expect("a static policy");
        let escalates = policy.annotation("escalate") == Some("owner");
        assert_eq!(text.contains("owner_approved"), escalates, "{}", policy.id());
        assert!(policy.annotation("says").is_some_and(|says| says.ends_with('.')), "{}", policy.id());
        assert!(policy.annotation("ground").is_some(), "{}", policy.id());
    }
}

#[test]
fn every_policy_and_example_is_in_the_design_document() {
    let document = include_str!("../../../../docs/design/oversight.md");
    for info in Charter::shipped().policies() {
        assert!(document.contains(&format!("`{}`", info.id)), "{}", info.id);
    }
    let (_, example) = document.split_once("```cedar\n").expect("an example");
    let (example, _) = example.split_once("```").expect("its end");
    assert_eq!(
        Charter::with_owner_policies("document", example).map(|charter| charter.policies().filter(|info| info.owners).count()),
        Ok(2)
    );
}

#[test]
fn schema_knows_the_actions_of_the_code() {
    let named: BTreeSet<&str> = ActionKind::ALL.iter().map(|kind| kind.as_str()).collect();
    let schema = load::VALIDATOR.schema();
    let known: BTreeSet<String> = schema.actions().map(|action| action.id().unescaped().to_owned()).collect();
    assert_eq!(known.iter().map(String::as_str).collect::<BTreeSet<_>>(), named);
}
