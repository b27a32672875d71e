//! Strategies to be beaten: from a plan that never changes to epsilon-greedy.

use super::{Allotment, ORGANIC, PAID, cents, daily_ads, post_cost};
use crate::blueprint::Channel;
use crate::decide::view::View;
use crate::draw::Draw;
use crate::money::Cents;
use crate::state::trade::ChannelResult;

/// Weeks in which [`greedy`] tries everything.
const GREEDY_LOOKS_WEEKS: u32 = 2;
/// Prices that [`epsilon`] tries, in percent of the blueprint's.
const PRICES: [i64; 5] = [90, 95, 100, 105, 112];
/// How many plans [`epsilon`] chooses from.
const PLANS: u32 = 10;
/// How often [`epsilon`] tries something at first, and how many weeks it takes until it tries half as often.
const EPSILON: (f64, f64) = (0.5, 6.0);
/// Leads for one customer, where nothing is known: the aim of one in five.
const LEADS_PER_CUSTOMER: f64 = 5.0;
/// What a customer of a monthly price is worth, in months, where nothing is known.
const MONTHS: i64 = 6;

/// The fixed plan's week: posts of a day on three channels, and the blueprint's advertising.
fn weekly_money(view: &View<'_>) -> Cents {
    post_cost(view).times(21).plus(daily_ads(view).times(7))
}

fn at_list_price(view: &View<'_>) -> Allotment {
    Allotment { price: view.spec().blueprint.price, sells: true, ..Allotment::nothing(view) }
}

pub(super) fn fixed(view: &View<'_>) -> Allotment {
    let mut allotment = at_list_price(view);
    let mut channels = ORGANIC;
    channels.sort_by_key(|channel| std::cmp::Reverse(view.spec().blueprint.channel_mix.percent(*channel)));
    channels[..3].iter().for_each(|channel| allotment.posts[*channel as usize] = 7);
    allotment.ads[Channel::PaidSearch as usize] = daily_ads(view);
    allotment
}

/// So much money a week on each channel: posts on organic ones, advertising on paid search.
fn spread(view: &View<'_>, parts: [f64; 6], money: Cents) -> Allotment {
    let mut allotment = at_list_price(view);
    let sum: f64 = parts.iter().sum();
    for channel in Channel::ALL {
        let part = money.get() as f64 * parts[channel as usize] / sum.max(f64::MIN_POSITIVE);
        if channel == Channel::PaidSearch {
            allotment.ads[channel as usize] = cents(part / 7.0);
        } else {
            allotment.posts[channel as usize] = whole(part / post_cost(view).get().max(1) as f64);
        }
    }
    allotment
}

/// Whole posts, none below zero, and no more than can be told.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the figure is within the range before")]
fn whole(posts: f64) -> u8 {
    libm::round(posts).clamp(0.0, f64::from(u8::MAX)) as u8
}

pub(super) fn equal(view: &View<'_>) -> Allotment {
    spread(view, [1.0; 6], weekly_money(view))
}

pub(super) fn greedy(view: &View<'_>) -> Allotment {
    if view.growth().allotted < GREEDY_LOOKS_WEEKS {
        return equal(view);
    }
    let mut channels = Channel::ALL;
    // The cost of a lead as a fraction, compared without dividing; nothing spent and nothing come says nothing, and comes last.
    let cost = |channel: Channel| {
        let result = view.trade().channel(channel);
        (i128::from(result.spent.get().max(1)), i128::from(result.leads))
    };
    channels.sort_by(|one, other| {
        let ((spent, leads), (others_spent, others_leads)) = (cost(*one), cost(*other));
        (spent * others_leads).cmp(&(others_spent * leads)).then(others_leads.cmp(&leads)).then(one.cmp(other))
    });
    // All the money on the best; what does not fit there goes to the next.
    let mut allotment = at_list_price(view);
    let mut left = weekly_money(view);
    for channel in channels {
        if channel == Channel::PaidSearch {
            allotment.ads[channel as usize] = Cents::new(left.get() / 7);
            break;
        }
        let posts = (left.get() / post_cost(view).get().max(1)).min(i64::from(super::MAX_POSTS_A_WEEK));
        allotment.posts[channel as usize] = u8::try_from(posts).unwrap_or(0);
        left = left.minus(post_cost(view).times(posts));
    }
    allotment
}

/// The plans that [`epsilon`] chooses from: the fixed one and the equal one at three sizes, and one that leans on each of four channels.
fn plan(view: &View<'_>, number: u32) -> Allotment {
    let money = weekly_money(view);
    let lean = |channel: Channel| {
        let mut parts = [0.5; 6];
        parts[channel as usize] = 4.0;
        spread(view, parts, money)
    };
    let scaled = |base: Allotment, percent: i64| Allotment {
        posts: base.posts.map(|posts| u8::try_from(i64::from(posts) * percent / 100).unwrap_or(u8::MAX)),
        ads: base.ads.map(|ads| ads.percent(percent)),
        ..base
    };
    match number {
        0 => fixed(view),
        1 => scaled(fixed(view), 150),
        2 => scaled(fixed(view), 50),
        3 => equal(view),
        4 => scaled(equal(view), 200),
        5 => scaled(equal(view), 50),
        6 => lean(Channel::Seo),
        7 => lean(Channel::Social),
        8 => lean(Channel::PaidSearch),
        _ => lean(Channel::Email),
    }
}

pub(super) fn epsilon(view: &View<'_>) -> Allotment {
    let week = view.growth().allotted;
    let pick = |purpose: &str, arms: u32, worth: &dyn Fn(u32) -> f64| -> u32 {
        let mut draw = draw(view, purpose, week);
        let (first, half) = EPSILON;
        if week == 0 || draw.chance(first * half / (half + f64::from(week))) {
            return if week == 0 { 0 } else { draw.below(arms) };
        }
        (0..arms).max_by(|one, other| worth(*one).total_cmp(&worth(*other)).then(other.cmp(one))).unwrap_or(0)
    };
    let mean_of = |number: u32| {
        let tried = plan(view, number);
        let weeks = view.growth().weeks.iter().filter(|week| (week.allotment.posts, week.allotment.ads) == (tried.posts, tried.ads));
        let (sum, count) = weeks.fold((0.0, 0.0), |(sum, count), week| (sum + gain(view, &week.channels), count + 1.0));
        // What was never tried counts as nothing, so that whatever loses is left for it.
        if count > 0.0 { sum / count } else { 0.0 }
    };
    let chosen = pick("plan", PLANS, &mean_of);
    let price = pick("price", 5, &|number| {
        let price = view.spec().blueprint.price.percent(PRICES[number as usize]);
        let offers = view.trade().offers.get(&price).copied().unwrap_or_default();
        // Half of ten offers are taken where nothing is known at the blueprint's price, fewer above.
        let prior = 3.0 * 100.0 / PRICES[number as usize] as f64;
        let rate = (f64::from(offers.taken) + prior) / (f64::from(offers.made) + 10.0);
        rate * price.minus(view.spec().blueprint.unit_cost).get() as f64
    });
    Allotment { price: view.spec().blueprint.price.percent(PRICES[price as usize]), ..plan(view, chosen) }
}

/// What a week brought: its leads at what a lead has been worth, less what was spent.
fn gain(view: &View<'_>, brought: &[ChannelResult; 6]) -> f64 {
    let (trade, blueprint) = (view.trade(), &view.spec().blueprint);
    let months = if blueprint.billing == crate::blueprint::Billing::Monthly { MONTHS } else { 1 };
    let margin = trade.price.minus(blueprint.unit_cost).times(months).get() as f64;
    let per_lead = (f64::from(trade.customers) + 2.0) / (f64::from(trade.leads) + 2.0 * LEADS_PER_CUSTOMER);
    brought.iter().map(|channel| f64::from(channel.leads) * per_lead * margin - channel.spent.get() as f64).sum()
}

pub(super) fn random(view: &View<'_>) -> Allotment {
    let mut draw = draw(view, "random", view.growth().allotted);
    let parts = [(); 6].map(|()| draw.unit());
    let money = weekly_money(view).percent(50 + i64::from(draw.below(150)));
    let mut allotment = spread(view, parts, money);
    allotment.ads[PAID[1] as usize] = daily_ads(view).percent(i64::from(draw.below(100)));
    allotment.price = view.spec().blueprint.price.percent(85 + i64::from(draw.below(31)));
    allotment
}

/// The random numbers of a strategy in a week.
fn draw(view: &View<'_>, purpose: &str, week: u32) -> Draw {
    view.spec().seed.derive("growth").draw(purpose, u64::from(week))
}
