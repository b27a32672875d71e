use std::collections::BTreeMap;
use std::sync::Arc;

use super::*;
use crate::action::MailPurpose;
use crate::blueprint::{Origin, find};
use crate::draw::Seed;
use crate::event::{Intent, Signal};
use crate::id::ContactId;
use crate::market::buyer::{self, Traits};
use crate::market::customer::Counters;
use crate::market::demand;
use crate::market::fold::{Folded, Letter, Level, Person};
use crate::seal::{DerivedKeys, Vault};
use crate::state::contacts::FIT_THRESHOLD;

const ONCE: &str = "financial-literacy-micro-courses";
const MONTHLY: &str = "virtual-executive-assistant-agency";

fn spec(slug: &str, seed: u64) -> Spec {
    let blueprint = find(slug).expect("a template").clone();
    Spec::simulated(Origin::Template { slug: slug.to_owned() }, blueprint, Seed::new(seed), 365)
}

fn of(slug: &str, seed: u64, given: &Scenario) -> f64 {
    bound(&spec(slug, seed), Some(given)).expect("it ends").get() as f64
}

#[test]
fn it_moves_as_the_parameters_do() {
    type Field = fn(&mut Scenario, u32);
    let more: [(&str, Field, u32, u32); 9] = [
        ("size", |it, to| it.size_percent = Some(to), 60, 150),
        ("consent", |it, to| it.consent_percent = Some(to), 50, 95),
        ("reputation", |it, to| it.reputation_percent = Some(to), 5, 40),
        ("viral", |it, to| it.viral_percent = Some(to), 0, 100),
        ("fit", |it, to| it.quality_points = Channel::ALL.map(|channel| (channel, to as i32 - 20)).into(), 0, 40),
        ("known late", |it, to| it.awareness_days = Some(to), 400, 20),
        ("rivals", |it, to| it.rival_entry_percent = Some(to), 100, 0),
        ("bans", |it, to| it.ban_percent = Some(to), 100, 0),
        ("dear advertising", |it, to| it.ad_cost_percent = Some(to), 60, 2),
    ];
    for slug in [ONCE, MONTHLY] {
        for (what, set, worse, better) in more {
            let given = |to| {
                let mut given = Scenario::default();
                set(&mut given, to);
                given
            };
            let (worse, better) = (of(slug, 7, &given(worse)), of(slug, 7, &given(better)));
            // Where the owner's money is short, advertising may not pay at any of these costs.
            let idle = slug == MONTHLY && what == "dear advertising";
            assert!(worse < better || (idle && worse <= better), "{slug}, {what}: {worse} {better}");
        }
    }
    let churn = |percent| of(MONTHLY, 7, &Scenario { churn_percent: Some(percent), ..Scenario::default() });
    assert!(churn(40) < churn(5), "{} {}", churn(40), churn(5));
}

#[test]
fn more_days_more_money_and_cheaper_goods_are_never_worse() {
    for slug in [ONCE, MONTHLY] {
        let with = |change: &dyn Fn(&mut Spec)| {
            let mut spec = spec(slug, 3);
            spec.end = Some(spec.start.plus_ms(200 * crate::time::DAY_MS));
            change(&mut spec);
            bound(&spec, None).unwrap()
        };
        let usual = with(&|_| ());
        let longer = with(&|spec| spec.end = Some(spec.start.plus_ms(260 * crate::time::DAY_MS)));
        let poorer = with(&|spec| spec.caps.simulated_money.total = Cents::from_dollars(500));
        let dearer = with(&|spec| spec.blueprint.unit_cost = spec.blueprint.price.percent(80));
        // The prices of money and the ends that are tried are few, which moves the bound by some thousandths.
        let longer = longer.percent(101);
        assert!(usual <= longer && poorer < usual && dearer < usual, "{slug}: {usual} {longer} {poorer} {dearer}");
        assert!(usual.percent(102) < longer || slug == MONTHLY, "where money is not what is short, time is: {usual} {longer}");
        // A dollar of goods is one of at least the unit cost, sold at one and a half times the price at the most.
        let times = with(&|spec| spec.blueprint.unit_cost = spec.blueprint.price.percent(50));
        let served = 500.0 / 0.5 / 0.943_75 * (1.5 - 0.471_875);
        let few = with(&|spec| {
            spec.blueprint.unit_cost = spec.blueprint.price.percent(50);
            spec.caps.simulated_money.total = Cents::from_dollars(500);
        });
        assert!(few <= cents(served * 100.0 + 100.0) && few < times, "{slug}: {few} {served}");
        assert_eq!(with(&|spec| spec.end = Some(spec.start.plus_ms(1))), Cents::ZERO, "nobody buys on the first day");
    }
    let endless = Spec { end: None, ..spec(ONCE, 1) };
    assert_eq!(bound(&endless, None), None);
}

const PEOPLE: u32 = 20_000;

fn person(ordinal: u32, channel: Channel) -> Person {
    Person { ordinal, channel, consent: true, gone: false, answer: None, mails: 1, offers: 0, offered: None, orders: 0 }
}

/// What so many people answer on the day of a letter, by whom.
fn answers(params: &Params, spec: &Spec, purpose: MailPurpose, edit: impl Fn(&mut Person)) -> Vec<(u32, Signal)> {
    let mut folded = Folded::new(spec);
    let line = (0..3).max_by(|one, other| params.line(*one).total_cmp(&params.line(*other))).unwrap();
    let mut ordinals = BTreeMap::new();
    for ordinal in 0..PEOPLE {
        let contact = ContactId::derive(&blake3::hash(&ordinal.to_le_bytes()));
        let mut person = person(ordinal, Channel::Seo);
        edit(&mut person);
        folded.letters.push(Letter { contact, purpose, nth: 1, offered: person.offered, line, sent_on: 0 });
        folded.people.insert(contact, person);
        ordinals.insert(contact, ordinal);
    }
    let signals = buyer::answers(params, &folded, &mut Counters::new(&folded));
    let whose = |signal: Signal| match &signal {
        Signal::Replied { contact, .. } | Signal::OrderPlaced { contact, .. } => Some((ordinals[contact], signal)),
        _ => None,
    };
    signals.into_iter().filter_map(whose).collect()
}

fn share(count: usize) -> f64 {
    count as f64 / f64::from(PEOPLE)
}

/// The grid stands for people as the market draws them.
#[test]
fn its_people_accept_what_those_of_the_market_do() {
    for (seed, tolerance) in [(1, 25), (2, 12), (3, 60)] {
        let scenario = Scenario { price_tolerance_percent: Some(tolerance), ..Scenario::default() };
        let params = Params::of(&spec(ONCE, seed), &scenario);
        let prospects = Prospects::new(&params, 12);
        for channel in [Channel::Referral, Channel::Outbound] {
            for (place, price) in prospects.prices().into_iter().enumerate().step_by(4) {
                let drawn = (0..PEOPLE).map(|ordinal| Traits::of(&params, &person(ordinal, channel)));
                let mean = drawn.map(|traits| traits.fit * traits.accepts(&params, cents(price), 1.0)).sum::<f64>() / f64::from(PEOPLE);
                let grid = prospects.mean(channel, |kind| kind.fit * kind.accepts[place]);
                assert!((grid / mean - 1.0).abs() < 0.03, "tolerance {tolerance}, {channel} at {price}: {grid} for {mean}");
            }
        }
    }
}

/// The chances that stand once more in `lead` are those of the market, and at least as good.
#[test]
fn its_people_answer_and_buy_as_those_of_the_market_do_or_sooner() {
    let spec = spec(ONCE, 5);
    let params = Params::of(&spec, &Scenario { late_replies_percent: Some(0), ..Scenario::default() });
    let prospects = Prospects::new(&params, 12);
    let fits = |ordinal: u32| {
        let seen = Traits::of(&params, &person(ordinal, Channel::Seo)).fit + 0.1 * params.seed.draw("score", ordinal.into()).normal();
        seen.clamp(0.0, 1.0) * 100.0 >= f64::from(FIT_THRESHOLD) - 0.5
    };
    let warm = |(ordinal, signal): &(u32, Signal)| fits(*ordinal) && !matches!(signal, Signal::Replied { intent: Intent::Declined, .. });
    let answered = share(answers(&params, &spec, MailPurpose::Outreach, |_| ()).iter().filter(|one| warm(one)).count());
    let ratio = prospects.mean(Channel::Seo, |kind| kind.answers[0]) / answered;
    assert!((0.99..1.04).contains(&ratio), "answers: {ratio}");
    let price = prospects.prices()[5];
    for (before, later) in (0..).zip(lead::LATER) {
        let answered = answers(&params, &spec, MailPurpose::Offer, |person| {
            person.answer = Some(if person.ordinal % 10 < 4 { Intent::AskedPrice } else { Intent::Interested });
            (person.offers, person.offered) = (before + 1, Some(cents(price)));
        });
        let bought = share(answered.iter().filter(|(_, signal)| matches!(signal, Signal::OrderPlaced { .. })).count());
        let ratio = prospects.mean(Channel::Seo, |kind| lead::INTEREST * later * kind.accepts[5]) / bought;
        assert!((0.98..1.06).contains(&ratio), "offers after {before}: {ratio}");
        let silent = (1.0 - share(answered.len())) / (1.0 - bought);
        assert!(silent <= lead::SILENT, "offers after {before}: {silent}");
    }
}

/// Where all the business could do is done, about as many come as the bound counts, and not more.
#[test]
fn no_more_come_than_it_counts() {
    let spec = spec(ONCE, 5);
    let params = Params::of(&spec, &Scenario { awareness_days: Some(5), ..Scenario::default() });
    let relaxed = Relaxed::new(&params, 0.0, 0.0, 365);
    let vault = Vault::new(Arc::new(DerivedKeys::new(spec.seed)));
    let mut folded = Folded::new(&spec);
    let posts = f64::from(MAX_POSTS_A_WEEK) / 7.0;
    (folded.echo, folded.posts) = ([Level::of(posts); 6], [Level::of(posts); 6]);
    (folded.awareness, folded.mail_echo) = (Level::of(MOST_AWARENESS), Level::of(1e6));
    let (mut came, mut counted) = ([0.0; 6], [0.0; 6]);
    for day in 60..360 {
        (folded.day, folded.billed_on) = (day, day);
        for signal in demand::arrivals(&params, &folded, &vault) {
            let Signal::LeadArrived { channel, .. } = signal else { panic!("{signal:?}") };
            came[channel as usize] += 1.0;
        }
        counted.iter_mut().zip(relaxed.days[day as usize].leads).for_each(|(sum, leads)| *sum += leads);
    }
    assert!(came.iter().sum::<f64>() > 3_000.0, "{came:?}");
    for channel in [Channel::Seo, Channel::Social, Channel::Email] {
        let (came, counted) = (came[channel as usize], counted[channel as usize]);
        // Four standard deviations of what is drawn, and what one more post is worth.
        let luck = 4.0 / f64::sqrt(came);
        assert!(came < counted * (1.0 + luck) && counted < came * (1.1 + luck), "{channel}: {came} of {counted}");
    }
}
