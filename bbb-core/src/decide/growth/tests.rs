//! What is allotted, and what is believed, from what a journal shows.

use super::belief;
use super::*;
use crate::action::{ActionKind, PayBill};
use crate::decide::view::Eyes;
use crate::oversight::tests_support::Scene;
use crate::state::growth::Week;
use crate::state::trade::{ChannelResult, Offers};
use crate::time::DAY_MS;

/// A business of the podcast template after so many weeks, in each of which every channel had this allotment and brought these leads.
fn after(weeks: u32, allotment: impl Fn(&View<'_>) -> Allotment, leads: [u32; 6]) -> Scene {
    let mut scene = Scene::new();
    let eyes = eyes(&scene);
    let allotment = allotment(&eyes.view(&scene.state, scene.state.now));
    let channels = Channel::ALL.map(|channel| ChannelResult {
        leads: leads[channel as usize],
        posts: u32::from(allotment.posts[channel as usize]),
        advertised: allotment.ads[channel as usize].times(7),
        ..ChannelResult::default()
    });
    let week = Week { allotment: allotment.clone(), channels };
    scene.state.growth.weeks = vec![week; usize::try_from(weeks).expect("small")];
    scene.state.growth.allotment = Some(allotment);
    scene.state.growth.allotted = weeks + 1;
    let spec = std::sync::Arc::make_mut(&mut scene.state.spec);
    (spec.end, spec.caps.simulated_money) = (None, crate::budget::Cap::of(Cents::from_dollars(1_000_000)));
    scene.state.books = crate::state::books::Books::new(spec);
    (scene.state.day, scene.state.growth.day) = (weeks * 7 + 1, weeks * 7 + 1);
    scene.state.now = scene.state.now.plus_ms(i64::from(weeks) * 7 * DAY_MS);
    for channel in Channel::ALL {
        scene.state.trade.channels[channel as usize].leads = leads[channel as usize] * weeks;
    }
    scene
}

fn eyes(scene: &Scene) -> Eyes {
    Eyes { vault: scene.vault.clone(), connected: ActionKind::ALL.into() }
}

fn with<T>(scene: &Scene, look: impl FnOnce(&View<'_>) -> T) -> T {
    look(&eyes(scene).view(&scene.state, scene.state.now))
}

fn strategies() -> Vec<Strategy> {
    vec![Strategy::Engine, Strategy::Fixed, Strategy::Equal, Strategy::Greedy, Strategy::Epsilon, Strategy::Random, Strategy::Idle]
}

/// The scene under another strategy.
fn under(mut scene: Scene, strategy: Strategy) -> Scene {
    std::sync::Arc::make_mut(&mut scene.state.spec).strategy = strategy;
    scene
}

#[test]
fn a_weeks_posts_are_spread_over_its_days() {
    for posts in 0..=MAX_POSTS_A_WEEK {
        let allotment = with(&Scene::new(), |view| Allotment { posts: [posts; 6], ..Allotment::nothing(view) });
        for first in [0, 7, 70] {
            let days: Vec<u32> = (first..first + 7).map(|day| allotment.posts_on(Channel::Seo, day)).collect();
            assert_eq!(days.iter().sum::<u32>(), u32::from(posts));
            assert!(days.iter().max().expect("seven") - days.iter().min().expect("seven") <= 1, "{days:?}");
        }
    }
}

#[test]
fn every_strategy_keeps_the_bounds_and_allots_the_same_twice() {
    for strategy in strategies() {
        let scene = under(after(8, simple::equal, [1, 2, 3, 4, 5, 6]), strategy.clone());
        let list = scene.state.spec.blueprint.price;
        let allotment = with(&scene, allot);
        assert_eq!(allotment, with(&scene, allot), "{}", strategy.as_str());
        assert!(allotment.posts.iter().all(|posts| *posts <= MAX_POSTS_A_WEEK) && allotment.posts[Channel::PaidSearch as usize] == 0);
        assert!(allotment.ads.iter().all(|ads| *ads >= Cents::ZERO));
        let (low, high) = PRICE_BOUNDS_PERCENT;
        assert!((list.percent(low)..=list.percent(high)).contains(&allotment.price));
        assert_eq!(allotment.sells, strategy != Strategy::Idle);
        assert_eq!(allotment.weekly_cost() > Cents::ZERO, strategy != Strategy::Idle, "{}", strategy.as_str());
    }
}

#[test]
fn a_price_that_the_owner_set_stays() {
    for strategy in strategies() {
        let mut scene = under(after(3, simple::fixed, [5; 6]), strategy);
        scene.state.growth.owners_price = Some(Cents::new(123));
        assert_eq!(with(&scene, allot).price, Cents::new(123));
    }
}

#[test]
fn greedy_puts_the_money_where_a_lead_has_cost_least() {
    let mut scene = under(after(3, simple::equal, [5; 6]), Strategy::Greedy);
    for channel in Channel::ALL {
        scene.state.trade.channels[channel as usize].spent = Cents::from_dollars(100);
    }
    scene.state.trade.channels[Channel::Email as usize].leads = 500;
    let allotment = with(&scene, allot);
    assert!(Channel::ALL.iter().all(|channel| allotment.posts[*channel as usize] <= allotment.posts[Channel::Email as usize]));
    assert_eq!(allotment.posts[Channel::Email as usize], MAX_POSTS_A_WEEK);
}

#[test]
fn belief_comes_to_what_weeks_show_and_starts_at_the_blueprint() {
    let leads_of =
        |scene: &Scene| with(scene, |view| belief::channels(view)[Channel::Seo as usize].mean(|response| response.leads(1.0, 0.0)));
    let daily = |view: &View<'_>| Allotment { posts: [7, 7, 7, 7, 7, 0], ..Allotment::nothing(view) };
    let prior = leads_of(&Scene::new());
    let [few, many] = [1, 4].map(|leads| leads_of(&after(20, daily, [leads; 6])));
    assert!(few < prior && prior < many, "{few} {prior} {many}");
    assert!((many / 4.0 - 1.0).abs() < 0.3, "{many}, not 4");
}

#[test]
fn what_costs_more_than_it_brings_is_left_and_what_brings_more_is_not() {
    let allotted = |one_in: Option<u32>| {
        let daily = |view: &View<'_>| Allotment { posts: [7, 7, 7, 7, 7, 0], ..Allotment::nothing(view) };
        let mut scene = after(25, daily, [12; 6]);
        let trade = &mut scene.state.trade;
        trade.channels.iter_mut().for_each(|channel| channel.customers = one_in.map_or(0, |one_in| channel.leads / one_in));
        trade.customers = trade.channels.iter().map(|channel| channel.customers).sum();
        with(&scene, allot).posts.iter().map(|posts| u32::from(*posts)).sum::<u32>()
    };
    let (buying, looking) = (allotted(Some(5)), allotted(None));
    assert!(buying > 30 && looking < buying, "{buying} {looking}");
}

#[test]
fn offers_that_are_refused_above_a_price_teach_the_slope() {
    let slope = |high: u32| {
        let mut scene = Scene::new();
        let list = scene.state.spec.blueprint.price;
        scene.state.trade.offers.insert(list.percent(90), Offers { made: 200, taken: 100 });
        scene.state.trade.offers.insert(list.percent(112), Offers { made: 200, taken: high });
        with(&scene, |view| belief::demand(view).mean(|demand| demand.slope))
    };
    assert!(slope(40) > slope(95) + 1.0, "{} {}", slope(40), slope(95));
}

#[test]
fn it_is_time_on_the_second_day_and_a_week_later() {
    let mut scene = Scene::new();
    scene.state.growth = crate::state::growth::Growth::default();
    scene.state.day = 0;
    assert!(!is_due(&scene.state), "the market is being studied");
    scene.state.day = 1;
    assert!(is_due(&scene.state));
    let mut scene = after(2, simple::fixed, [1; 6]);
    for (days, due) in [(0, false), (6, false), (7, true), (30, true)] {
        scene.state.day = scene.state.growth.day + days;
        assert_eq!(is_due(&scene.state), due, "{days}");
    }
}

/// The price that the engine chooses after so many weeks in which so many offers at the list price were taken, with so much money left, in percent of the list price.
fn chosen_price(billing: crate::blueprint::Billing, money: i64) -> i64 {
    let mut scene = after(9, simple::fixed, [5; 6]);
    let list = scene.state.spec.blueprint.price;
    let spec = std::sync::Arc::make_mut(&mut scene.state.spec);
    spec.blueprint.billing = billing;
    spec.blueprint.unit_cost = list.percent(40);
    spec.end = Some(scene.state.now.plus_ms(200 * DAY_MS));
    spec.caps.simulated_money = crate::budget::Cap::of(Cents::from_dollars(money));
    scene.state.books = crate::state::books::Books::new(spec);
    scene.state.trade.offers.insert(list, Offers { made: 100, taken: 50 });
    let bill = PayBill { label: "goods".to_owned(), cost: Cents::from_dollars(10_000) };
    scene.done(bill);
    with(&scene, allot).price.get() * 100 / list.get()
}

#[test]
fn the_price_goes_up_where_money_or_room_is_short_and_stays_where_neither_is() {
    use crate::blueprint::Billing;
    assert_eq!(chosen_price(Billing::OneTime, 1_000_000), 100);
    assert_eq!(chosen_price(Billing::OneTime, 20_000), 106, "what cannot be served is not sold cheaply");
    assert_eq!(chosen_price(Billing::Monthly, 1_000_000), 106, "a market that is full in no time is not won by cheap offers");
}

#[test]
fn of_later_offers_that_part_of_the_price_is_chosen_that_earns_most() {
    for strategy in strategies() {
        let mut scene = after(8, simple::fixed, [5; 6]);
        for percent in [85, 90, 95, 100] {
            let taken = if percent == 90 { 40 } else { 5 };
            scene.state.trade.later_offers.insert(percent, Offers { made: 100, taken });
        }
        let learns = matches!(strategy, Strategy::Engine | Strategy::Epsilon);
        let later = learns.then_some(LaterOffers { percent: 90 });
        assert_eq!(with(&under(scene, strategy.clone()), allot).later, later, "{}: the simple ones make one offer", strategy.as_str());
    }
}

#[test]
fn the_subject_line_is_the_one_that_is_answered_most_for_a_strategy_that_learns() {
    for strategy in strategies() {
        let mut scene = after(8, simple::fixed, [5; 6]);
        scene.state.trade.lines = [20, 10, 60].map(|taken| Offers { made: 100, taken });
        let line = with(&under(scene, strategy.clone()), allot).line;
        assert_eq!(line, if strategy == Strategy::Engine { 2 } else { 0 }, "{}", strategy.as_str());
    }
}

#[test]
fn a_line_that_was_never_tried_is_thought_to_be_like_the_others_and_less_sure() {
    let mut scene = after(8, simple::fixed, [5; 6]);
    scene.state.trade.lines[0] = Offers { made: 300, taken: 150 };
    let (known, new) = with(&scene, |view| (belief::line(view, 0), belief::line(view, 1)));
    let (spread, mean) =
        (|one: &belief::Belief<f64>| one.mean(|share| (share - 0.5) * (share - 0.5)), |one: &belief::Belief<f64>| one.mean(|share| *share));
    assert!((mean(&known) - mean(&new)).abs() < 0.02 && spread(&new) > 4.0 * spread(&known));
}
