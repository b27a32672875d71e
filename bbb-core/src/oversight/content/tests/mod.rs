//! Tests of the content checks: every rule stops something, and lets a near miss pass.

mod cases;
mod spans;

use std::collections::BTreeSet;

use self::cases::{Case, IN_BODIES, IN_SUBJECTS};
use super::*;
use crate::action::{Action, MailPurpose, PublishPost, RunAds};
use crate::blueprint::{self, Billing, Channel};
use crate::decide::text as playbook;
use crate::money::Cents;
use crate::oversight::tests_support::{EMAIL, Scene};

/// What is found by checks that remember nothing.
fn findings(facts: &Facts) -> Vec<Finding> {
    super::findings(facts, &Memory::default())
}

fn found(facts: &Facts) -> Vec<&'static str> {
    let memory = Memory::default();
    let first = super::findings(facts, &memory);
    assert_eq!(first, super::findings(facts, &memory), "what is remembered is what was found");
    let rules: BTreeSet<String> = first.iter().map(|finding| finding.rule.to_string()).collect();
    RULES.iter().map(|rule| rule.id).filter(|id| rules.contains(*id)).collect()
}

fn in_body(text: &str) -> Vec<&'static str> {
    let scene = Scene::new();
    let mail = scene.mail(MailPurpose::Outreach, |mail| mail.body = format!("{text}\n\n{}", scene.state.spec.sender.footer()));
    found(&scene.facts(&scene.proposal(mail)))
}

fn in_subject(text: &str) -> Vec<&'static str> {
    let scene = Scene::new();
    let mail = scene.mail(MailPurpose::Outreach, |mail| mail.subject = text.to_owned());
    found(&scene.facts(&scene.proposal(mail)))
}

/// Rules that depend on more than the text.
const ELSEWHERE: [&str; 3] = ["content.advertising-in-service", "content.footer", "content.prohibited-business"];

#[test]
fn every_rule_stops_something_and_lets_a_near_miss_pass() {
    let mut wrong = Vec::new();
    let mut check = |find: fn(&str) -> Vec<&'static str>, (rule, stopped, pass): Case| {
        for text in stopped {
            wrong.extend((!find(text).contains(&rule)).then(|| format!("{rule} should stop {text:?}: {:?}", find(text))));
        }
        for text in pass {
            wrong.extend((!find(text).is_empty()).then(|| format!("{rule} should let pass {text:?}: {:?}", find(text))));
        }
    };
    IN_BODIES.into_iter().for_each(|case| check(in_body, case));
    IN_SUBJECTS.into_iter().for_each(|case| check(in_subject, case));
    let covered: BTreeSet<&str> = IN_BODIES.iter().chain(&IN_SUBJECTS).map(|case| case.0).chain(ELSEWHERE).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(covered, RULES.iter().map(|rule| rule.id).collect(), "every rule has a case");
    assert!(RULES.is_sorted_by_key(|rule| rule.id));
}

#[test]
fn commercial_mail_needs_its_footer() {
    let scene = Scene::new();
    let bare = |purpose| {
        let mail = scene.mail(purpose, |mail| mail.body = "It is done.".to_owned());
        found(&scene.facts(&scene.proposal(mail)))
    };
    assert_eq!(bare(MailPurpose::Outreach), ["content.footer"]);
    assert_eq!(bare(MailPurpose::Service), Vec::<&str>::new());
}

#[test]
fn what_is_remembered_of_a_text_holds_for_the_same_setting_only() {
    let memory = Memory::default();
    let about = |facts: &Facts| super::findings(facts, &memory).iter().map(|finding| finding.rule.to_string()).collect::<Vec<_>>();
    let text = format!("We have {EMAIL} on file, and the price is 7 USD.");
    let scene = Scene::new();
    let mut facts = scene.facts(&scene.proposal(scene.mail(MailPurpose::Service, |mail| mail.body.clone_from(&text))));
    assert_eq!(about(&facts), ["content.price-mismatch"], "the address is the reader's");
    facts.stated_price = Some(Cents::from_dollars(7));
    assert_eq!(about(&facts), [""; 0], "it may name this price");
    let (message, contact) = (facts.message.as_mut().expect("a mail"), facts.contact.as_mut().expect("a reader"));
    message.to = "eve@customer.example".to_owned();
    contact.profile.email.clone_from(&message.to);
    assert_eq!(about(&facts), ["content.third-party-address"], "to another reader it is somebody else's");
}

#[test]
fn answers_posts_and_advertisements_are_checked_too() {
    let scene = Scene::new();
    let check = |action: Action, want: &str| {
        let facts = scene.facts(&scene.proposal(action));
        let notes: Vec<String> = findings(&facts).into_iter().map(|finding| finding.note).collect();
        assert!(notes.iter().any(|note| note.starts_with(want)), "{notes:?}");
    };
    check(scene.answer("It is guaranteed.").into(), "answer, bytes 6 to 16");
    let body = "Act now.".to_owned();
    check(PublishPost { channel: Channel::Seo, title: "A".to_owned(), body, cost: Cents::ZERO }.into(), "body, bytes 0 to 7");
    let headline = "No ｒｉｓｋ, all gain".to_owned();
    check(RunAds { channel: Channel::PaidSearch, headline, spend_limit: Cents::ZERO }.into(), "headline, bytes 0 to 15");
}

#[test]
fn a_prohibited_business_has_no_effects_at_all() {
    for (concept, want) in [("Counterfeit handbags", true), ("Counterfeit detection", false)] {
        let mut scene = Scene::with(concept, |_| ());
        for kind in crate::action::ActionKind::ALL {
            let action = scene.good(*kind);
            let facts = scene.facts_after(&scene.proposal(action), true);
            let found = findings(&facts);
            let stopped = found.iter().any(|finding| {
                (finding.rule.as_str(), finding.ruling, finding.note.as_str())
                    == ("content.prohibited-business", Ruling::Veto, "the business deals in counterfeit goods")
            });
            assert_eq!(stopped, want, "{concept}, {kind}: {found:?}");
        }
    }
}

#[test]
fn a_business_in_another_language_asks_the_owner_about_every_text() {
    let ask = |description: &str, yes| {
        let scene = Scene::with("podcast-production-studio", |spec| spec.blueprint.description = description.to_owned());
        let mut facts = scene.facts(&scene.proposal(scene.mail(MailPurpose::Outreach, |_| ())));
        facts.owner_approved = yes;
        found(&facts)
    };
    assert_eq!(ask("Wir schneiden Podcasts für Firmen und für Vereine", false), ["content.other-language"]);
    assert_eq!(ask("Wir schneiden Podcasts für Firmen und für Vereine", true), [""; 0]);
    assert_eq!(ask("We cut podcasts for companies and clubs", false), [""; 0]);
}

#[test]
fn advice_passes_with_a_confirmed_licence_of_its_kind() {
    let check = |slug: &str, confirmed: bool, text: &str, want: &[&str]| {
        let scene = Scene::with(slug, |spec| spec.licence_confirmed = confirmed);
        assert_eq!(found(&scene.facts(&scene.proposal(scene.answer(text)))), want, "{slug}, {confirmed}: {text}");
    };
    let (tax, therapy) = ("tax-prep-for-creators", "telemedicine-platform-for-mental-health");
    check(tax, true, "We give tax advice.", &[]);
    check(tax, false, "We give tax advice.", &["content.regulated-advice"]);
    check(tax, true, "We give legal advice.", &["content.regulated-advice"]);
    check(therapy, true, "It treats anxiety.", &[]);
    check(therapy, false, "It treats anxiety.", &["content.health-claim"]);
    check(therapy, true, "It cures anxiety.", &["content.health-claim"]);
    check("Legal advice for tenants", true, "We give legal advice.", &[]);
}

#[test]
fn a_customer_may_be_told_that_a_subscription_ends() {
    let scene = Scene::new();
    assert_eq!(found(&scene.facts(&scene.proposal(scene.answer("Your subscription expires in May.")))), Vec::<&str>::new());
}

#[test]
fn mail_about_an_order_advertises_only_if_the_owner_says_so() {
    let scene = Scene::new();
    let sent = |purpose, text: &str, yes| {
        let mail = scene.mail(purpose, |mail| mail.body = format!("{text}\n\n{}", scene.state.spec.sender.footer()));
        let mut facts = scene.facts(&scene.proposal(mail));
        facts.owner_approved = yes;
        found(&facts)
    };
    for text in
        ["Upgrade now to our premium plan.", "Order today!", "A special offer for you", "Take this coupon", "You may also like our shop"]
    {
        assert_eq!(sent(MailPurpose::Service, text, false), ["content.advertising-in-service"], "{text}");
        assert_eq!((sent(MailPurpose::Service, text, true), sent(MailPurpose::Outreach, text, false)), (vec![], vec![]), "{text}");
    }
    for text in ["Your order is ready.", "We offer you a new date.", "The upgrade of your files is done.", "We do not offer discounts."] {
        assert_eq!(sent(MailPurpose::Service, text, false), [""; 0], "{text}");
    }
}

#[test]
fn promises_of_money_back_ask_the_owner() {
    let scene = Scene::new();
    let proposal = scene.proposal(scene.answer("You get a full refund."));
    assert_eq!(findings(&scene.facts(&proposal)).iter().map(|finding| finding.ruling).collect::<Vec<_>>(), [Ruling::Escalate]);
    assert_eq!(findings(&scene.facts_after(&proposal, true)), []);
}

#[test]
fn phone_numbers_ask_the_owner_whose_yes_settles_it() {
    let scene = Scene::new();
    let proposal = scene.proposal(scene.answer("call (555) 123-4567"));
    let asked = findings(&scene.facts(&proposal));
    assert_eq!(asked.iter().map(|finding| finding.ruling).collect::<Vec<_>>(), [Ruling::Escalate]);
    assert_eq!(findings(&scene.facts_after(&proposal, true)), []);
    let secret = scene.proposal(scene.answer("sk_live_51H8abcdefghijk"));
    assert_eq!(findings(&scene.facts_after(&secret, true))[0].ruling, Ruling::Veto);
}

#[test]
fn neither_facts_nor_findings_print_personal_text() {
    let scene = Scene::new();
    let text = format!("Dear Ada Byron, guaranteed! Ask bob@other.example. {}", scene.state.spec.sender.footer());
    for action in [scene.mail(MailPurpose::Outreach, |mail| mail.body = text.clone()).into(), Action::from(scene.answer(&text))] {
        let facts = scene.facts(&scene.proposal(action));
        let printed = format!("{facts:?} {:?} {:?}", findings(&facts), crate::oversight::charter::Charter::shipped().findings(&facts));
        for personal in ["Ada", "Byron", "bob", EMAIL, "1234567", "guaranteed"] {
            assert!(!printed.contains(personal), "{personal}: {printed}");
        }
    }
}

#[test]
fn each_rule_has_one_finding_a_field_and_no_text_is_read_in_quadratic_time() {
    let long = "guaranteed {name} a@b.example 4242 4242 4242 4242 +4420794609 !!! earn $500 a day [name ".repeat(100);
    let scene = Scene::new();
    let found = findings(&scene.facts(&scene.proposal(scene.answer(&long))));
    assert_eq!(found.len(), 8, "{found:?}");
    assert!(found.iter().any(|finding| finding.note == "answer, bytes 11 to 17 and 99 more"), "{found:?}");
    for mark in [
        "{",
        "[",
        "<",
        "@",
        "-----begin ",
        "sk-",
        "1 ",
        "+1 ",
        "a@",
        "earn ",
        "cure ",
        "!",
        "http://",
        "a.b",
        "a.com ",
        ":",
        "$",
        "5 $",
        "one ",
        "password ",
        "send ",
        "\"",
        "\" - a ",
        "women only ",
        "our diagnosis ",
        "agree a a a price ",
        "500 500 ",
        "you ",
    ] {
        findings(&scene.facts(&scene.proposal(scene.answer(&mark.repeat(50_000 / mark.len())))));
    }
}

#[test]
fn what_the_playbooks_write_passes_for_every_template() {
    for blueprint in blueprint::all() {
        let scene = Scene::with(&blueprint.slug, |spec| spec.founder = "Grace Hopper".to_owned());
        let founder = scene.state.spec.founder.clone();
        let monthly = blueprint.billing == Billing::Monthly;
        let price = blueprint.price;
        let mails = [
            (MailPurpose::Outreach, playbook::outreach(blueprint, &founder, 0)),
            (MailPurpose::Outreach, playbook::outreach(blueprint, &founder, 1)),
            (MailPurpose::Outreach, playbook::outreach(blueprint, &founder, 2)),
            (MailPurpose::FollowUp, playbook::follow_up(blueprint, &founder)),
            (MailPurpose::Offer, playbook::offer(blueprint, &founder, price, monthly)),
        ];
        let mut actions: Vec<Action> = Vec::new();
        for (purpose, (subject, body)) in mails {
            let profile = scene.facts(&scene.proposal(scene.answer("."))).contact.expect("the scene's contact").profile;
            let body = format!("{}\n\n{}", playbook::fill(&body, &profile), scene.state.spec.sender.footer());
            let subject = playbook::fill(&subject, &profile);
            actions.push(scene.mail(purpose, |mail| (mail.subject, mail.body) = (subject, body)).into());
            actions.push(scene.answer(&playbook::fill(&playbook::answer(blueprint, &founder), &profile)).into());
        }
        for index in 0..4 {
            let (title, body) = playbook::post(blueprint, blueprint.price, index);
            actions.push(PublishPost { channel: Channel::Social, title, body, cost: Cents::ZERO }.into());
        }
        let headline = playbook::advertisement(blueprint);
        actions.push(RunAds { channel: Channel::PaidSearch, headline, spend_limit: Cents::ZERO }.into());
        for action in actions {
            let facts = scene.facts(&scene.proposal(action));
            let all: Vec<Finding> = findings(&facts);
            assert!(all.is_empty(), "{}: {all:?}", blueprint.slug);
        }
    }
}

#[test]
fn an_amount_is_the_price_of_its_offer_or_the_list_price_in_public() {
    let mut scene = Scene::new();
    let (list, launched) = (scene.state.trade.price.percent(110), scene.state.spec.blueprint.price);
    scene.state.trade.price = list;
    let check = |action: Action, allowed: &[Cents]| {
        for amount in [list, launched, Cents::new(100)] {
            let text = format!("It costs {amount} USD.");
            let action = match &action {
                Action::SendEmail(mail) => {
                    scene.mail(mail.purpose, |mail| mail.body = format!("{text}\n\n{}", scene.state.spec.sender.footer())).into()
                }
                Action::AnswerTicket(_) => scene.answer(&text).into(),
                Action::PublishPost(post) => PublishPost { body: text, ..post.clone() }.into(),
                Action::RunAds(ads) => RunAds { headline: text, ..ads.clone() }.into(),
                other => other.clone(),
            };
            let want: &[&str] = if allowed.contains(&amount) { &[] } else { &["content.price-mismatch"] };
            assert_eq!(found(&scene.facts(&scene.proposal(action.clone()))), want, "{amount}: {action:?}");
        }
    };
    check(scene.mail(MailPurpose::Offer, |_| ()).into(), &[list]);
    check(scene.mail(MailPurpose::Outreach, |_| ()).into(), &[]);
    check(scene.answer("").into(), &[]);
    let rate = |price: Cents| {
        let amount = price.get() / 100;
        let text = format!("It is {amount} a month.\n\n{}", scene.state.spec.sender.footer());
        found(&scene.facts(&scene.proposal(scene.mail(MailPurpose::Offer, |mail| mail.body = text))))
    };
    assert_eq!((list.get() % 100, rate(list), rate(Cents::new(list.get() + 100))), (0, vec![], vec!["content.price-mismatch"]));
    // The playbook's posts name the price that the business was launched with.
    let post = PublishPost { channel: Channel::Seo, title: "A".to_owned(), body: String::new(), cost: Cents::ZERO };
    check(post.into(), &[list, launched]);
    check(RunAds { channel: Channel::PaidSearch, headline: String::new(), spend_limit: Cents::ZERO }.into(), &[list, launched]);
}

#[test]
fn an_owners_own_words_may_hold_links_and_amounts_and_no_others() {
    let scene = Scene::with("podcast-production-studio", |spec| {
        spec.blueprint.offer = "Lunch from bistro.com for $9 a day".to_owned();
        spec.sender.postal_address = "Shop.com Ltd, 1 Road".to_owned();
        spec.sender.name = "Drinks at 2 a month".to_owned();
        spec.sender.unsubscribe = "https://lists.example/out".to_owned();
    });
    let check = |text: &str, want: &[&str]| {
        let mail = scene.mail(MailPurpose::Outreach, |mail| mail.body = format!("{text}\n\n{}", scene.state.spec.sender.footer()));
        assert_eq!(found(&scene.facts(&scene.proposal(mail))), want, "{text}");
    };
    check("You get: lunch from  BISTRO.com for $9 a day.", &[]);
    check("Drinks at 2 a month, and so on", &[]);
    check("Drinks at 3 a month, and so on", &["content.price-mismatch"]);
    check("See https://lists.example/other for more", &[]);
    check("See https://sub.lists.example/other for more", &["content.foreign-link"]);
    check("Lunch from bistro.com for $9 a day, or see bistro.com for $9", &["content.foreign-link", "content.price-mismatch"]);
    check("Lunch from bistro.com for $9 a daybistro.com", &["content.foreign-link"]);
}

#[test]
fn a_mail_that_phishes_is_stopped_by_each_rule() {
    let scene = Scene::new();
    let words = "pay 1.00 USD at http://evil.example/pay and reply with your bank login. This costs 11400.00 USD";
    let mail = scene.mail(MailPurpose::Offer, |mail| mail.body = format!("{words}\n\n{}", scene.state.spec.sender.footer()));
    let facts = scene.facts(&scene.proposal(mail));
    assert_eq!(found(&facts), ["content.asks-credentials", "content.foreign-link", "content.price-mismatch"]);
    assert!(findings(&facts).iter().all(|finding| finding.ruling == Ruling::Veto));
}
