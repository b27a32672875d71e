//! Each mechanism: without effect where its parameter is nothing, and in the right direction where it is something.

use std::collections::BTreeMap;

use super::driver::{COMPETENT, Habits, IDLE, Run};
use super::{MONTHLY, ONE_TIME, count, signals};
use crate::action::{MailPurpose, PublishPost, SetPrice};
use crate::blueprint::Channel;
use crate::event::{Event, Outcome, Payload, Signal};
use crate::id::ContactId;
use crate::market::climate::{Climate, rivals_price};
use crate::market::fold::Level;
use crate::market::params::Params;
use crate::market::{Folded, Market, Scenario, demand, parameters};
use crate::money::Cents;
use crate::receipt::Receipt;

/// A market in which nothing happens but what the business does.
fn calm() -> Scenario {
    Scenario {
        season_percent: Some(0),
        ad_fatigue_percent: Some(0),
        delivery_capacity_percent: Some(0),
        late_replies_percent: Some(0),
        disputes_percent: Some(0),
        reputation_percent: Some(0),
        rival_match_percent: Some(0),
        rival_entry_percent: Some(0),
        ban_percent: Some(0),
        price_war_percent: Some(0),
        viral_percent: Some(0),
        temptations_percent: Some(0),
        ..Scenario::default()
    }
}

fn within(scenario: Scenario, slug: &str, seed: u64, days: u32, habits: Habits) -> Run {
    let mut run = Run::within(slug, seed, Some(scenario));
    for _ in 0..days {
        run.day(habits);
    }
    run
}

fn params(scenario: &Scenario, seed: u64) -> Params {
    Params::of(&super::spec(ONE_TIME, seed), scenario)
}

#[test]
fn a_calm_market_has_no_weather_and_a_stormy_one_has_all_of_it() {
    let stormy = Scenario {
        rival_entry_percent: Some(100),
        ban_percent: Some(100),
        price_war_percent: Some(100),
        viral_percent: Some(100),
        ..calm()
    };
    for seed in 1..=40 {
        let (calm, stormy) = (params(&calm(), seed), params(&stormy, seed));
        let still = Climate { demand: 1.0, viral: 1.0, war: 1.0, banned: None };
        assert!((0..400).all(|day| Climate::of(&calm, day) == still), "seed {seed}");
        let days: Vec<Climate> = (0..400).map(|day| Climate::of(&stormy, day)).collect();
        assert!(days.iter().all(|day| day.demand <= 1.0 && day.viral >= 1.0 && day.war <= 1.0), "seed {seed}");
        assert!(days[360..].iter().all(|day| day.demand < 0.9), "seed {seed}: somebody came months ago and is still there");
        assert!(days.iter().any(|day| day.viral > 2.0) && days.iter().any(|day| day.war < 0.9), "seed {seed}");
        assert!(days.iter().any(|day| day.banned.is_some()), "seed {seed}");
    }
}

#[test]
fn rare_things_are_as_rare_as_they_are_said_to_be() {
    let begins = |pick: fn(&Climate) -> bool| {
        let days = |seed| (0..360).map(move |day| (seed, day));
        let hit = |(seed, day)| pick(&Climate::of(&params(&Scenario::default(), seed), day));
        (1..=60).map(|seed| days(seed).filter(|at| hit(*at)).count()).sum::<usize>()
    };
    // Of 21,600 days: 1.5 % a month for 4 weeks on average, and 2 % for 5.5 weeks.
    let (banned, wars) = (begins(|climate| climate.banned.is_some()), begins(|climate| climate.war < 1.0));
    assert!((60..=800).contains(&banned) && (150..=1_400).contains(&wars), "{banned} {wars}");
}

#[test]
fn the_year_swings_about_its_mean_and_peaks_when_it_is_said_to() {
    let scenario = Scenario { season_percent: Some(40), season_peak_day: Some(100), ..calm() };
    let params = params(&scenario, 1);
    let year: Vec<f64> = (0..365).map(|day| params.season(day)).collect();
    assert!((year.iter().sum::<f64>() / 365.0 - 1.0).abs() < 0.01);
    // The simulation starts on the fifth of January, so that its day 95 is day 100 of the year.
    let peak = (0..365).max_by(|a, b| year[*a].total_cmp(&year[*b])).expect("a year has days");
    assert!((90..=100).contains(&peak), "{peak}");
    assert!((year[peak] - 1.4).abs() < 0.01);
    let peaks = |slug: &str, seed| Params::of(&super::spec(slug, seed), &Scenario::default()).season_peak;
    assert!((peaks(ONE_TIME, 1) - peaks(ONE_TIME, 2)).abs() < 120.0, "the branch of trade has one season");
}

#[test]
fn advertising_wears_out_and_recovers() {
    let worn = |fatigue, rest| {
        let scenario = Scenario { ad_fatigue_percent: Some(fatigue), ..calm() };
        let mut run = Run::within(ONE_TIME, 1, Some(scenario));
        for _ in 0..20 {
            run.day(Habits { ads_percent: 60, ..IDLE });
        }
        for _ in 0..rest {
            run.day(IDLE);
        }
        demand::fresh(&run.market.params, run.market.folded(), Channel::PaidSearch)
    };
    assert!((worn(0, 0) - 1.0).abs() < 1e-9);
    assert!(worn(60, 0) < 0.85 && worn(60, 0) > 0.4, "{}", worn(60, 0));
    assert!(worn(60, 8) > worn(60, 0) && worn(60, 60) > 0.99, "{} {}", worn(60, 8), worn(60, 60));
    let leads = |fatigue| {
        let scenario = Scenario { ad_fatigue_percent: Some(fatigue), ..calm() };
        (1..=3).map(|seed| within(scenario.clone(), ONE_TIME, seed, 60, Habits { ads_percent: 60, ..IDLE }).state.trade.leads).sum::<u32>()
    };
    assert!(leads(100) * 10 < leads(0) * 9, "{} {}", leads(100), leads(0));
}

#[test]
fn leads_of_a_better_channel_fit_better() {
    let fit = |points| {
        let scenario = Scenario { quality_points: BTreeMap::from([(Channel::Seo, points)]), ..calm() };
        let run = within(scenario, MONTHLY, 1, 40, COMPETENT);
        let seo = run.state.trade.contacts.values().filter(|contact| contact.channel == Channel::Seo);
        let scored: Vec<u32> = seo.filter_map(|contact| contact.fit.map(u32::from)).collect();
        let count = u32::try_from(scored.len()).expect("few");
        assert!(count > 5);
        scored.iter().sum::<u32>() / count
    };
    assert!(fit(-30) + 20 < fit(0) && fit(0) + 15 < fit(30), "{} {} {}", fit(-30), fit(0), fit(30));
}

#[test]
fn more_orders_than_can_be_delivered_well_are_served_later_and_worse() {
    let run = |capacity| {
        let scenario = Scenario { delivery_capacity_percent: Some(capacity), ..calm() };
        // All that came in ten days at once.
        within(scenario, MONTHLY, 1, 70, Habits { deliver_every: 5, ..COMPETENT })
    };
    let (any, few) = (run(0), run(25));
    let flaws = |run: &Run| run.market.folded().deals.values().filter(|deal| deal.flaw > 0).count();
    assert_eq!(flaws(&any), 0);
    assert!(flaws(&few) > 10, "{}", flaws(&few));
    let liked = |run: &Run| run.state.trade.ratings.mean().expect("ratings");
    assert!(liked(&few) + 0.25 < liked(&any), "{} {}", liked(&few), liked(&any));
}

#[test]
fn a_delivery_for_less_than_it_takes_is_a_worse_one() {
    let params = params(&calm(), 1);
    let unit = super::spec(ONE_TIME, 1).blueprint.unit_cost;
    assert_eq!(crate::market::deal::flaw(&params, 0, unit), 0);
    assert_eq!(crate::market::deal::flaw(&params, 0, unit.times(2)), 0);
    assert!((85..=95).contains(&crate::market::deal::flaw(&params, 0, unit.percent(70))));
    assert_eq!(crate::market::deal::flaw(&params, 2, unit), 60);
}

#[test]
fn customers_who_wait_for_their_money_in_vain_dispute_the_payment() {
    let run = |disputes| {
        let scenario = Scenario { disputes_percent: Some(disputes), dispute_fee_cents: Some(1_234), ..calm() };
        within(scenario, ONE_TIME, 1, 60, Habits { deliver_every: 0, answers: false, ..COMPETENT })
    };
    let taken = |run: &Run| -> Vec<(Cents, Cents)> {
        let taken = |signal: &Signal| if let Signal::ChargedBack { amount, fee, .. } = signal { Some((*amount, *fee)) } else { None };
        signals(run).filter_map(taken).collect()
    };
    assert_eq!(taken(&run(0)), []);
    let run = run(100);
    let taken = taken(&run);
    assert!(taken.len() > 3 && taken.iter().all(|(amount, fee)| *amount > Cents::ZERO && *fee == Cents::new(1_234)), "{taken:?}");
    let paid = run.events.iter().filter_map(|event| match &event.payload {
        Payload::Settled { outcome: Outcome::Done { receipt: Receipt::PaymentReceipt(payment) }, .. } => Some(payment.amount.cents()),
        _ => None,
    });
    let lost = taken.iter().fold(Cents::ZERO, |sum, (amount, fee)| sum.plus(*amount).plus(*fee));
    assert_eq!(run.state.books.of_world().revenue, paid.fold(Cents::ZERO, Cents::plus).minus(lost));
    let open = run.state.trade.orders.values().filter(|order| order.refunded > Cents::ZERO && (order.active || order.refund_requested()));
    assert_eq!(open.count(), 0, "a disputed order is over");
}

#[test]
fn requests_for_help_grow_with_the_customers() {
    let asked = |permille, days| {
        let scenario = Scenario { tickets_permille: Some(permille), ..calm() };
        count(&within(scenario, MONTHLY, 1, days, COMPETENT), |signal| matches!(signal, Signal::TicketOpened { .. }))
    };
    assert_eq!(asked(0, 60), 0);
    let (first, both) = (asked(30, 30), asked(30, 60));
    assert!(first > 0 && both - first > 2 * first, "{first} {both}");
}

#[test]
fn a_bad_name_sells_less_and_none_matters_where_nobody_cares() {
    let with_stars = |reputation, stars| {
        let mut folded = Folded::new(&super::spec(ONE_TIME, 1));
        folded.repute = Level::of(stars);
        let params = params(&Scenario { reputation_percent: Some(reputation), ..calm() }, 1);
        folded.trust(&params)
    };
    assert!((with_stars(0, 1.0) - 1.0).abs() < 1e-9);
    assert!(with_stars(12, 2.0) < 0.8 && with_stars(12, 5.0) > 1.05);
    let orders = |reputation| {
        let scenario = Scenario { reputation_percent: Some(reputation), disputes_percent: Some(0), ..calm() };
        let badly = Habits { deliver_every: 0, answers: false, ..COMPETENT };
        (1..=2)
            .map(|seed| count(&within(scenario.clone(), MONTHLY, seed, 70, badly), |signal| matches!(signal, Signal::OrderPlaced { .. })))
            .sum::<usize>()
    };
    assert!(orders(40) < orders(0), "{} {}", orders(40), orders(0));
}

#[test]
fn rivals_follow_a_price_cut_after_some_weeks_and_no_rise() {
    let after = |matched, percent, days| {
        let scenario = Scenario { rival_match_percent: Some(matched), rival_match_days: Some(28), ..calm() };
        let mut run = Run::within(ONE_TIME, 1, Some(scenario));
        let price = run.spec.blueprint.price.percent(percent);
        run.act(SetPrice { price });
        for _ in 0..days {
            run.day(IDLE);
        }
        rivals_price(&run.market.params, run.market.folded())
    };
    assert!((after(0, 60, 80) - 1.0).abs() < 1e-9, "nobody matches");
    assert!((after(50, 150, 80) - 1.0).abs() < 1e-9, "a rise is not followed");
    assert!(after(50, 60, 2) > 0.98, "not at once: {}", after(50, 60, 2));
    let settled = after(50, 60, 120);
    assert!((settled - 0.8).abs() < 0.01, "half of a cut of 40 %: {settled}");
    assert!(after(100, 60, 120) < settled);
}

#[test]
fn a_rival_takes_its_part_of_the_demand() {
    let leads = |chance| {
        let scenario = Scenario { rival_entry_percent: Some(chance), rival_share_percent: Some(40), ..calm() };
        (1..=3)
            .map(|seed| within(scenario.clone(), ONE_TIME, seed, 70, Habits { mails: false, ..COMPETENT }).state.trade.leads)
            .sum::<u32>()
    };
    assert!(leads(100) * 10 < leads(0) * 8, "{} {}", leads(100), leads(0));
}

#[test]
fn a_channel_that_shut_the_business_out_takes_nothing_and_brings_nobody() {
    let scenario =
        Scenario { ban_percent: Some(100), share_percent: BTreeMap::from([(Channel::Seo, 0), (Channel::PaidSearch, 0)]), ..calm() };
    let mut run = Run::within(ONE_TIME, 1, Some(scenario));
    let post = |channel| PublishPost { channel, title: "x".to_owned(), body: "x".to_owned(), cost: Cents::ZERO };
    let banned = |run: &Run| Climate::of(&run.market.params, run.state.day).banned.is_some();
    while !banned(&run) {
        assert!(run.act(post(Channel::Social)).is_some());
        run.night();
    }
    assert_eq!(run.act(post(Channel::Social)), None);
    assert!(run.act(post(Channel::Email)).is_some());
    let leads = |run: &Run| run.state.trade.contacts.values().filter(|contact| contact.channel == Channel::Social).count();
    let before = leads(&run);
    while banned(&run) {
        run.night();
    }
    assert!(leads(&run) <= before + 1, "a stray one at most");
}

/// How many days after the newest mail to somebody an answer came.
fn delays(run: &Run) -> Vec<u32> {
    let (mut day, mut sent, mut delays) = (0, BTreeMap::<ContactId, u32>::new(), Vec::new());
    for Event { payload, .. } in &run.events {
        match payload {
            Payload::Proposed { proposal } => {
                if let crate::action::Action::SendEmail(mail) = &proposal.action {
                    // Only the first: later ones may overtake an answer to an earlier one.
                    if mail.purpose == MailPurpose::Outreach {
                        sent.insert(mail.contact, day);
                    } else {
                        sent.remove(&mail.contact);
                    }
                }
            }
            Payload::Received { signal: Signal::Replied { contact, .. }, .. } => {
                delays.extend(sent.remove(contact).map(|sent| day - sent));
            }
            Payload::DayClosed { .. } => day += 1,
            _ => {}
        }
    }
    delays
}

#[test]
fn answers_may_come_one_to_three_days_later() {
    let run = |late| within(Scenario { late_replies_percent: Some(late), ..calm() }, MONTHLY, 1, 40, COMPETENT);
    let at_once = delays(&run(0));
    assert!(at_once.len() > 20 && at_once.iter().all(|days| *days == 0), "{at_once:?}");
    let late = delays(&run(100));
    assert!(late.len() > 20 && late.iter().all(|days| (1..=3).contains(days)), "{late:?}");
    let mixed = delays(&run(50));
    assert!(mixed.contains(&0) && mixed.contains(&1) && mixed.contains(&2), "{mixed:?}");
}

#[test]
fn what_a_scenario_gives_is_used_and_leaves_the_rest_as_it_was_drawn() {
    let spec = super::spec(ONE_TIME, 7);
    let drawn = parameters(&spec, None);
    assert!(drawn.iter().all(|parameter| !parameter.given && parameter.value.is_finite()));
    let scenario = Scenario { disputes_percent: Some(77), quality_points: BTreeMap::from([(Channel::Email, 9)]), ..Scenario::default() };
    let changed = parameters(&spec, Some(&scenario));
    let names = |list: &[crate::market::Parameter]| list.iter().map(|parameter| parameter.name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&drawn), names(&changed));
    let differ: Vec<_> = drawn.iter().zip(&changed).filter(|(before, after)| before != after).map(|(_, after)| after).collect();
    assert_eq!(differ.iter().map(|parameter| parameter.name.as_str()).collect::<Vec<_>>(), ["disputes_percent", "quality_points.email"]);
    assert!(differ.iter().all(|parameter| parameter.given));
    assert!((differ[0].value - 77.0).abs() < 1e-9 && (differ[1].value - 9.0).abs() < 1e-9);
}

#[test]
fn a_scenario_comes_from_the_first_event_alone_and_survives_snapshots() {
    let scenario = Scenario { size_percent: Some(300), ..calm() };
    let given = within(scenario.clone(), ONE_TIME, 1, 20, COMPETENT);
    let mut again = Market::new(&given.spec, given.vault.clone());
    assert_ne!(again.parameters(), given.market.parameters());
    given.events.iter().for_each(|event| again.apply(event));
    assert_eq!(again.folded(), given.market.folded());
    assert_eq!(again.parameters(), given.market.parameters());
    let text = serde_json::to_string(given.market.folded()).expect("plain data");
    let folded: Folded = serde_json::from_str(&text).expect("own text");
    let resumed = Market::resume(&given.spec, given.vault.clone(), folded);
    assert_eq!(resumed.parameters(), given.market.parameters());
    assert_eq!(resumed.end_of_day(20), given.market.end_of_day(20));
    let json = serde_json::to_string(&given.events[0].payload).expect("plain data");
    assert!(json.ends_with(r#""temptations_percent":0}}"#) && json.contains(r#""market":{"size_percent":300,"#), "{json}");
    assert_eq!(serde_json::from_str::<Payload>(&json).expect("own text"), given.events[0].payload);
    let without = Payload::Launched { spec: Box::new(given.spec.clone()), market: None };
    assert!(!serde_json::to_string(&without).expect("plain data").contains("\"market\":{"));
}

#[test]
fn scenarios_are_checked_and_told_apart() {
    assert_eq!(Scenario::default().check(), Ok(()));
    let error = Scenario { churn_percent: Some(91), ..calm() }.check().expect_err("out of range");
    assert_eq!((error.field(), error.to_string().as_str()), ("churn_percent", "churn_percent is 91; it must be 0 to 90"));
    let nothing = Scenario { share_percent: Channel::ALL.map(|channel| (channel, 0)).into(), ..calm() };
    assert!(nothing.check().is_err_and(|error| error.field() == "share_percent"));
    assert_ne!(calm().digest(), Scenario::default().digest());
    assert_eq!(calm().digest(), calm().digest());
}
