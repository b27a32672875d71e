//! What each policy stops, and what comes close and passes.

use super::*;

/// A policy, what it stops, and what comes close and passes.
pub(super) type Case = (&'static str, fn(&mut Scene) -> Proposal, fn(&mut Scene) -> Proposal);

pub(super) fn outreach(scene: &mut Scene) -> Proposal {
    good(scene, ActionKind::SendEmail)
}

pub(super) fn good(scene: &mut Scene, kind: ActionKind) -> Proposal {
    let action = scene.good(kind);
    scene.proposal(action)
}

pub(super) fn mail(scene: &Scene, purpose: MailPurpose) -> Proposal {
    scene.proposal(scene.mail(purpose, |_| ()))
}

pub(super) fn offer_at(scene: &Scene, price: Cents) -> Proposal {
    scene.proposal(SendEmail { price: Some(price), ..scene.mail(MailPurpose::Offer, |_| ()) })
}

pub(super) fn unlicensed(scene: &mut Scene) {
    *scene = Scene::with("tax-prep-for-creators", |spec| spec.licence_confirmed = false);
}

/// A business whose needed licence is not confirmed, in this world.
pub(super) fn unlicensed_in(scene: &mut Scene, world: WorldKind) {
    *scene = Scene::with("tax-prep-for-creators", |spec| {
        (spec.world, spec.licence_confirmed) = (world, false);
        spec.sender.address = "hello@studio.com".to_owned();
    });
}

/// A live business that spent this share of its budget and earned nothing for so many days.
pub(super) fn idle(scene: &mut Scene, days: u32, percent: i64) {
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

pub(super) fn mailed(scene: &mut Scene, mails: u8, days_ago: i64) {
    let now = scene.state.now;
    let mut contact = scene.contact();
    (contact.mails, contact.last_mail_at) = (mails, now.plus_ms(-days_ago * DAY_MS));
}

/// Somebody else paid, and asked for it back so many days ago.
pub(super) fn another_waits_for_a_refund(scene: &mut Scene, days: i64) {
    let contact = scene.lead("eve@customer.example", true);
    let order = OrderId::new(7);
    let price = scene.state.trade.price;
    scene.signal(Signal::OrderPlaced { order, contact, price, monthly: false });
    let asked = scene.state.now.plus_ms(-days * DAY_MS);
    let mut order = scene.state.trade.orders.change(order).expect("placed");
    (order.payments, order.refund_asked_at) = (1, Some(asked));
}

pub(super) fn interest(scene: &mut Scene, interest: Interest) {
    scene.contact().interest = interest;
    scene.state.trade.tickets.remove(&TICKET);
}

pub(super) const CASES: [Case; 35] = [
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
        "refund-in-full",
        |scene| {
            scene.ask_refund(0);
            let refund = scene.order().price.minus(Cents::new(1));
            scene.proposal(RefundPayment { order: ORDER, refund })
        },
        |scene| {
            scene.ask_refund(0);
            scene.order().refunded = Cents::new(1);
            let refund = scene.order().price.minus(Cents::new(1));
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
