use super::*;
use crate::action::{AnswerTicket, CollectPayment, DeliverOrder, PayBill, RefundPayment};
use crate::event::Signal;
use crate::id::TicketId;
use crate::oversight::tests_support::{EMAIL, ORDER, Scene, TICKET};

const OTHER: OrderId = OrderId::new(1);

/// A scene with a second contact, order and request for help.
fn two_of_each() -> (Scene, ContactId) {
    let mut scene = Scene::new();
    let contact = scene.lead("bob@customer.example", true);
    let price = scene.state.trade.price;
    scene.signal(Signal::OrderPlaced { order: OTHER, contact, price, monthly: false });
    scene.signal(Signal::TicketOpened { ticket: TicketId::new(1), contact });
    (scene, contact)
}

#[test]
fn the_same_step_is_under_way_and_another_is_not() {
    let (scene, other) = two_of_each();
    let price = scene.state.trade.price;
    let bill = |label: &str| Action::from(PayBill { label: label.to_owned(), cost: Cents::new(1) });
    let mail = |contact, purpose| Action::from(SendEmail { contact, ..scene.mail(purpose, |_| ()) });
    let answer = |ticket, text: &str| Action::from(AnswerTicket { ticket, ..scene.answer(text) });
    let deliver = |order, cost| Action::from(DeliverOrder { order, cost: Cents::new(cost) });
    let collect = |order, installment| Action::from(CollectPayment { order, installment, price });
    let refund = |order, cents| Action::from(RefundPayment { order, refund: Cents::new(cents) });
    let cases: [(Action, Action, Vec<Action>); 6] = [
        (
            mail(scene.contact, MailPurpose::Outreach),
            scene.mail(MailPurpose::Outreach, |mail| mail.subject = "Another".to_owned()).into(),
            vec![mail(scene.contact, MailPurpose::FollowUp), mail(other, MailPurpose::Outreach)],
        ),
        (deliver(ORDER, 1), deliver(ORDER, 2), vec![deliver(OTHER, 1), collect(ORDER, 0)]),
        (answer(TICKET, "One"), answer(TICKET, "Two"), vec![answer(TicketId::new(1), "One")]),
        (collect(ORDER, 0), collect(ORDER, 1), vec![collect(OTHER, 0), refund(ORDER, 1)]),
        (refund(ORDER, 1), refund(ORDER, 2), vec![refund(OTHER, 1), deliver(ORDER, 1)]),
        (bill("rent"), PayBill { label: "rent".to_owned(), cost: Cents::new(2) }.into(), vec![bill("power")]),
    ];
    for (first, same, others) in cases {
        for approved in [true, false] {
            let (mut scene, _) = two_of_each();
            let first = scene.propose(first.clone(), approved);
            assert!(!scene.facts(&first).under_way, "nothing is under way beside itself: {first:?}");
            let again = scene.propose(same.clone(), false);
            assert!(scene.facts(&again).under_way, "{again:?}");
            assert!(!scene.facts(&first).under_way, "what waits behind it does not count");
            for other in &others {
                let other = scene.proposal(other.clone());
                assert!(!scene.facts(&other).under_way, "{other:?}");
            }
            scene.state.work.proposals.get_mut(&again.id).expect("open").stage = Stage::Approved { answered: false, attempt: 0 };
            assert!(scene.facts(&first).under_way, "what was approved before it does");
        }
    }
}

#[test]
fn what_is_foreseen_is_the_blueprints_own_figure() {
    let mut scene = Scene::new();
    let blueprint = scene.state.spec.blueprint.clone();
    let price = scene.state.trade.price;
    let planned = |scene: &Scene, action: Action| scene.facts(&scene.proposal(action)).planned_cost;
    let refund = |order| Action::from(RefundPayment { order, refund: Cents::new(1) });
    assert_eq!(planned(&scene, DeliverOrder { order: ORDER, cost: Cents::new(1) }.into()), blueprint.unit_cost);
    assert_eq!((planned(&scene, refund(ORDER)), planned(&scene, refund(OTHER))), (price, Cents::ZERO));
    let most = blueprint.startup_cost.max(blueprint.expected_monthly_expenses);
    assert_eq!(planned(&scene, PayBill { label: "rent".to_owned(), cost: Cents::new(1) }.into()), most);
    let ads = scene.good(ActionKind::RunAds);
    assert_eq!(planned(&scene, ads), Cents::ZERO);
    assert!([blueprint.unit_cost, price, most].iter().all(|cents| *cents > Cents::ZERO));
}

#[test]
fn shares_are_rounded_up_and_of_nothing_without_bounds() {
    for (price, list, percent) in [(0, 100, 0), (1, 100, 1), (1, 1000, 1), (100, 100, 100), (1001, 1000, 101), (150, 100, 150)] {
        assert_eq!(percent_of(Cents::new(price), Cents::new(list)), percent, "{price} of {list}");
    }
    for (price, list, unit, below) in
        [(90, 100, 91, true), (90, 100, 90, false), (90, 100, 50, false), (100, 100, 101, false), (110, 100, 120, false)]
    {
        let mut scene = Scene::new();
        scene.state.trade.price = Cents::new(list);
        Arc::make_mut(&mut scene.state.spec).blueprint.unit_cost = Cents::new(unit);
        let facts = PriceFacts { percent_of_list: price, below_unit_cost: below };
        assert_eq!(offer_price(&scene.state, Cents::new(price)), facts, "{price} {list} {unit}");
    }
    assert_eq!((percent_of(Cents::new(1), Cents::ZERO), percent_of(Cents::new(1), Cents::new(-1))), (i64::MAX, i64::MAX));
}

#[test]
fn the_recipient_is_the_contact_and_the_mail_is_read_as_it_is() {
    let (scene, other) = two_of_each();
    let facts = |edit: fn(&mut Message)| {
        let proposal = scene.proposal(scene.mail(MailPurpose::Outreach, edit));
        scene.facts(&proposal).mail.expect("a mail")
    };
    assert!(facts(|_| ()).recipient_matches && facts(|mail| mail.to = format!(" {} ", EMAIL.to_uppercase())).recipient_matches);
    assert!(!facts(|mail| mail.to = "bob@customer.example".to_owned()).recipient_matches);
    let mut moved = Scene::new();
    let profile = Profile { email: "ada@new.example".to_owned(), name: String::new(), company: String::new(), note: String::new() };
    let profile = moved.vault.seal(moved.contact, &serde_json::to_string(&profile).expect("plain data")).expect("short");
    moved.contact().profile = profile;
    for (to, matches) in [("ada@new.example", true), (EMAIL, true), ("eve@new.example", false)] {
        let proposal = moved.proposal(moved.mail(MailPurpose::Outreach, |mail| mail.to = to.to_owned()));
        assert_eq!(moved.facts(&proposal).mail.expect("a mail").recipient_matches, matches, "{to}");
    }
    let whole = facts(|_| ());
    assert!(whole.footer_present && whole.postal_address_present && whole.unsubscribe_present && whole.price_fits_purpose);
    let bare = facts(|mail| mail.body = "Hello".to_owned());
    assert!(!bare.footer_present && !bare.postal_address_present && !bare.unsubscribe_present);
    let unstated = Scene::with("podcast-production-studio", |spec| spec.sender.postal_address = " ".to_owned());
    let proposal = unstated.proposal(unstated.mail(MailPurpose::Outreach, |_| ()));
    assert!(!unstated.facts(&proposal).mail.expect("a mail").postal_address_present, "no address is not in every text");
    for (subject, claims) in [("Re: hello", true), (" FWD: hello", true), ("Reports", false), ("AW: x", true)] {
        let proposal = scene.proposal(scene.mail(MailPurpose::Outreach, |mail| mail.subject = subject.to_owned()));
        assert_eq!(scene.facts(&proposal).mail.expect("a mail").subject_claims_reply, claims, "{subject}");
    }
    for purpose in [MailPurpose::Outreach, MailPurpose::FollowUp, MailPurpose::Service, MailPurpose::Offer] {
        let offers = purpose == MailPurpose::Offer;
        for price in [None, Some(Cents::new(5))] {
            let proposal = scene.proposal(SendEmail { price, ..scene.mail(purpose, |_| ()) });
            let facts = scene.facts(&proposal);
            assert_eq!(facts.mail.expect("a mail").price_fits_purpose, offers == price.is_some(), "{purpose:?} {price:?}");
            assert_eq!((facts.stated_price, facts.commercial), (price, purpose != MailPurpose::Service));
        }
    }
    let mut answer = scene.answer("Hello");
    let matches = |answer: &AnswerTicket| scene.facts(&scene.proposal(answer.clone())).ticket_matches;
    assert_eq!(matches(&answer), Some(true));
    answer.body = scene.vault.seal(other, "Hello").expect("short");
    assert_eq!(matches(&answer), Some(false), "somebody else asked");
    answer.ticket = TicketId::new(99);
    assert_eq!(matches(&answer), Some(false));
}

#[test]
fn mails_and_days_since_the_last_count_what_is_pending() {
    let (mut scene, other) = two_of_each();
    let commercial = scene.mail(MailPurpose::Outreach, |_| ());
    let facts = |scene: &Scene| {
        let later = scene.proposal(scene.mail(MailPurpose::FollowUp, |_| ()));
        let contact = scene.facts(&later).contact.expect("a contact");
        (contact.mails, contact.days_since_last_mail)
    };
    assert_eq!(facts(&scene), (0, 10));
    let service = scene.mail(MailPurpose::Service, |_| ());
    scene.propose(service, true);
    scene.propose(SendEmail { contact: other, ..commercial.clone() }, true);
    assert_eq!(facts(&scene), (0, 10), "service mails and mails to others do not count");
    scene.propose(commercial, true);
    assert_eq!(facts(&scene), (1, 0));
}

#[test]
fn who_is_served_and_who_waits_for_money_is_told_from_the_books_of_trade() {
    let mut scene = Scene::new();
    let stranger = scene.lead("eve@customer.example", true);
    let facts = |scene: &Scene, contact| {
        let proposal = scene.proposal(SendEmail { contact, ..scene.mail(MailPurpose::Service, |_| ()) });
        let contact = contact_facts(&scene.state, &proposal, contact, &scene.vault, scene.state.now).expect("facts");
        (contact.served, contact.refund_open)
    };
    let contact = scene.contact;
    scene.contact().interest = Interest::Fit;
    assert_eq!((facts(&scene, contact), facts(&scene, stranger)), ((true, false), (false, false)), "whoever asked is served");
    scene.state.trade.tickets.clear();
    assert_eq!(facts(&scene, contact), (false, false));
    scene.contact().interest = Interest::Customer;
    scene.ask_refund(1);
    assert_eq!((facts(&scene, contact), facts(&scene, stranger)), ((true, true), (false, false)));
    assert!(order_facts(&scene.state, ORDER).paid);
    scene.order().payments = 0;
    assert_eq!(facts(&scene, contact), (true, false), "there is nothing to give back");
    let order = order_facts(&scene.state, ORDER);
    assert!(order.known && !order.paid && order.refund_requested);
    assert_eq!(order_facts(&scene.state, OTHER), OrderFacts::default());
}

#[test]
fn a_subject_claims_an_answer_however_it_is_typed() {
    for subject in [
        "Re: us",
        " RE: us",
        "Fwd: us",
        "fw : us",
        "Ｒｅ： us",
        "[Re: us]",
        "Re[2]: us",
        "R\u{200b}e: us",
        "Aw (3) : us",
        "SV: us",
        "Antw: us",
        "RES: us",
        "R.e: us",
        "Re; us",
        "Re\u{2236} us",
    ] {
        assert!(claims_reply(subject), "{subject}");
    }
    for subject in [
        "Recording: a studio",
        "Re-think your show",
        "Reply",
        "Our offer: re your show",
        "Forward",
        "",
        "Re",
        "Restart: now",
        "re. us",
        "Ref us",
    ] {
        assert!(!claims_reply(subject), "{subject}");
    }
}

#[test]
fn what_was_given_back_before_counts() {
    let mut scene = Scene::new();
    let price = scene.order().price;
    let within = |scene: &Scene, refund| {
        let facts = scene.facts(&scene.proposal(RefundPayment { order: ORDER, refund }));
        facts.order.expect("an order").refund_within_paid
    };
    assert!(within(&scene, price));
    scene.order().refunded = Cents::new(1);
    assert!(!within(&scene, price) && within(&scene, price.minus(Cents::new(1))));
    scene.order().payments = 2;
    assert!(within(&scene, price));
}
