//! Strategies to be beaten: from a plan that never changes to epsilon-greedy.

use super::{Allotment, LaterOffers, ORGANIC, PAID, cents, daily_ads, post_cost};
use crate::blueprint::Channel;
use crate::decide::view::View;
use crate::draw::Draw;
use crate::money::Cents;
use crate::state::trade::{ChannelResult, Offers};

/// Weeks in which [`greedy`] tries everything.
const GREEDY_LOOKS_WEEKS: u32 = 2;
/// Prices that [`epsilon`] tries, in percent of the blueprint's: between them the whole of what is allowed above it.
const PRICES: [i64; 5] = [100, 112, 125, 138, 150];
/// What [`epsilon`] tries of those who did not answer an offer, in percent of the price.
const LATER: [u8; 2] = [100, 90];
/// Plans that [`epsilon`] chooses from: the fixed or the equal one, in percent of its size. The first is what it begins with.
const PLANS: [(Base, i64); 5] = [(Base::Fixed, 200), (Base::Fixed, 100), (Base::Fixed, 150), (Base::Equal, 100), (Base::Equal, 200)];
/// How often [`epsilon`] tries something at first, and how many weeks it takes until it tries half as often.
const EPSILON: (f64, f64) = (0.5, 6.0);
/// How many offers what [`epsilon`] takes for granted is worth, of first offers and of later ones, and how many of them are taken.
const FIRST_PRIOR: (f64, f64) = (10.0, 0.3);
const LATER_PRIOR: (f64, f64) = (12.0, 1.0 / 6.0);
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

/// What a plan of [`epsilon`] is a multiple of.
#[derive(Debug, Clone, Copy)]
enum Base {
    Fixed,
    Equal,
}

/// A plan of [`PLANS`].
fn plan(view: &View<'_>, number: usize) -> Allotment {
    let (base, percent) = PLANS[number];
    let base = match base {
        Base::Fixed => fixed(view),
        Base::Equal => equal(view),
    };
    Allotment {
        posts: base.posts.map(|posts| u8::try_from(i64::from(posts) * percent / 100).unwrap_or(u8::MAX)),
        ads: base.ads.map(|ads| ads.percent(percent)),
        ..base
    }
}

/// Epsilon-greedy over [`PLANS`], [`PRICES`] and [`LATER`], each on its own: mostly what was best so far, and ever more rarely another. What it tries, how often, and what it takes for
/// granted were chosen by what they earn, on seeds that no result is reported of.
pub(super) fn epsilon(view: &View<'_>) -> Allotment {
    let week = view.growth().allotted;
    let pick = |purpose: &str, arms: usize, worth: &dyn Fn(usize) -> f64| -> usize {
        if week == 0 {
            return 0;
        }
        let mut draw = draw(view, purpose, week);
        let (first, half) = EPSILON;
        if draw.chance(first * half / (half + f64::from(week))) {
            return draw.below(u32::try_from(arms).unwrap_or(u32::MAX)) as usize;
        }
        (0..arms).max_by(|one, other| worth(*one).total_cmp(&worth(*other)).then(other.cmp(one))).unwrap_or(0)
    };
    let mean_of = |number: usize| {
        let tried = plan(view, number);
        let weeks = view.growth().weeks.iter().filter(|week| (week.allotment.posts, week.allotment.ads) == (tried.posts, tried.ads));
        let (sum, count) = weeks.fold((0.0, 0.0), |(sum, count), week| (sum + gain(view, &week.channels), count + 1.0));
        // What was never tried counts as nothing, so that whatever loses is left for it.
        if count > 0.0 { sum / count } else { 0.0 }
    };
    let (list, unit_cost) = (view.spec().blueprint.price, view.spec().blueprint.unit_cost);
    let earns = |offers: Offers, (worth, taken): (f64, f64), price: Cents| {
        (f64::from(offers.taken) + worth * taken) / (f64::from(offers.made) + worth) * price.minus(unit_cost).get() as f64
    };
    let chosen = pick("plan", PLANS.len(), &mean_of);
    let price = pick("price", PRICES.len(), &|number| {
        let price = list.percent(PRICES[number]);
        // Where nothing is known, fewer are taken the dearer they are, and less so than in proportion.
        let taken = FIRST_PRIOR.1 * (100.0 / PRICES[number] as f64).sqrt();
        earns(view.trade().offers.get(&price).copied().unwrap_or_default(), (FIRST_PRIOR.0, taken), price)
    });
    let later = pick("later", LATER.len(), &|number| {
        let percent = LATER[number];
        let offers = view.trade().later_offers.get(&percent).copied().unwrap_or_default();
        earns(offers, LATER_PRIOR, view.trade().price.percent(i64::from(percent)))
    });
    let later = Some(LaterOffers { percent: LATER[later] });
    Allotment { price: list.percent(PRICES[price]), later, ..plan(view, chosen) }
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
