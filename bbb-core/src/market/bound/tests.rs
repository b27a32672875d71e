use super::*;
use crate::blueprint::{Origin, find};
use crate::draw::Seed;
use crate::market::buyer::Traits;
use crate::market::fold::Person;

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
        assert!(usual <= longer && poorer < usual && dearer < usual, "{slug}: {usual} {longer} {poorer} {dearer}");
        assert!(usual < longer || slug == MONTHLY, "where money is not what is short, time is: {usual} {longer}");
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

/// The grid stands for people as the market draws them.
#[test]
fn its_people_accept_what_those_of_the_market_do() {
    for (seed, tolerance) in [(1, 25), (2, 12), (3, 60)] {
        let scenario = Scenario { price_tolerance_percent: Some(tolerance), ..Scenario::default() };
        let params = Params::of(&spec(ONCE, seed), &scenario);
        let prospects = Prospects::new(&params, 12);
        for channel in [Channel::Referral, Channel::Outbound] {
            for (place, price) in prospects.prices().into_iter().enumerate().step_by(4) {
                let person = |ordinal| Person {
                    ordinal,
                    channel,
                    consent: true,
                    gone: false,
                    answer: None,
                    mails: 0,
                    offers: 0,
                    offered: None,
                    orders: 0,
                };
                let people = 20_000;
                let drawn = (0..people).map(|ordinal| Traits::of(&params, &person(ordinal)));
                let mean = drawn.map(|traits| traits.fit * traits.accepts(&params, cents(price), 1.0)).sum::<f64>() / f64::from(people);
                let grid = prospects.mean_acceptance(channel, place);
                assert!((grid / mean - 1.0).abs() < 0.03, "tolerance {tolerance}, {channel} at {price}: {grid} for {mean}");
            }
        }
    }
}
