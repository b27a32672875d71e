//! The strategy that learns: draws from what it believes, and gives the week's money out by the optimizer where the draw says that it brings most.

use super::belief::{self, Response};
use super::{Allotment, MAX_POSTS_A_WEEK, ORGANIC, PAID, post_cost};
use crate::blueprint::Channel;
use crate::decide::view::View;
use crate::draw::Draw;
use crate::money::Cents;
use crate::optimizer::problem::Outcome;
use crate::optimizer::problem::budget::{self, Budget, Goal};
use crate::task::TaskKind;
use crate::time::DAY_MS;

/// Prices that are thought of, in percent of the blueprint's.
const PRICES: [i64; 7] = [88, 92, 96, 100, 104, 108, 112];
/// What a draw's promise is taken for, in percent: the plan that looks best looks better than it is (Smith and Winkler, "The optimizer's curse", Management Science 52, 2006).
const TRUST_PERCENT: f64 = 85.0;
/// Draws whose mean a week is planned by. One would change channels so often that what is published has no time to be noticed.
const PLAN_DRAWS: usize = 4;
/// Draws by which the risk of a plan is judged, and the part of them that is its bad end.
const RISK_DRAWS: usize = 20;
const BAD_END: usize = 2;
/// The part of the money that is left, in percent, that a week may lose at its bad end (CVaR).
const MAX_LOSS_PERCENT: i64 = 3;
/// How often the week's money is halved until the risk is bearable.
const HALVINGS: u32 = 3;
/// Weeks by which the cost of goods and bills is told.
const RECENT_WEEKS: usize = 6;
/// How much more another price must promise than the one that holds, in percent: changing it costs trust, and rivals answer.
const PRICE_GAIN_PERCENT: f64 = 3.0;
/// Draws of demand whose mean a price is judged by.
const PRICE_DRAWS: usize = 3;
/// Weeks between two looks at the price.
const PRICE_EVERY_WEEKS: u32 = 4;
/// Weeks that a business without an end plans its money over.
const OPEN_END_WEEKS: i64 = 52;
/// Days before the end in which nothing that is published pays any more.
const LAST_DAYS: i64 = 6;

pub(super) fn allot(view: &View<'_>) -> Allotment {
    let mut draw = view.spec().seed.derive("growth").draw("thompson", u64::from(view.day()));
    let beliefs = belief::channels(view);
    let values = belief::lead_values(view).map(|value| value * TRUST_PERCENT / 100.0);
    let mut money = weekly_limit(view);
    let sampled =
        Channel::ALL.map(|channel| Response::mean([(); PLAN_DRAWS].map(|()| beliefs[channel as usize].sample(&mut draw)).into_iter()));
    let mut allotment = best(view, &sampled, &values, money);
    for _ in 0..HALVINGS {
        if is_bearable(view, &allotment, &beliefs, &values, &mut draw) {
            break;
        }
        money = Cents::new(money.get() / 2);
        allotment = best(view, &sampled, &values, money);
    }
    allotment.price = price(view, &mut draw);
    allotment
}

/// What the week may cost: the money that is left, less what goods and bills will take, over the weeks that are left. What is ordered comes first: a customer who gets
/// nothing costs more than a lead that does not come.
fn weekly_limit(view: &View<'_>) -> Cents {
    let weeks = view.spec().end.map_or(OPEN_END_WEEKS, |end| end.since(view.now()).div_euclid(7 * DAY_MS).max(1));
    let recent = &view.growth().weeks[view.growth().weeks.len().saturating_sub(RECENT_WEEKS)..];
    let others = match i64::try_from(recent.len()).unwrap_or(0) {
        // Half of the blueprint's expenses, as long as little is known.
        0..3 => view.spec().blueprint.expected_monthly_expenses.percent(50).get() * 7 / 30,
        count => {
            let on_growth = recent.iter().flat_map(|week| &week.channels).fold(Cents::ZERO, |sum, channel| sum.plus(channel.spent));
            let days = usize::try_from(count * 7).unwrap_or(0);
            let before = view.history().iter().rev().nth(days).map_or(Cents::ZERO, |row| row.spent);
            view.spent().minus(before).minus(on_growth).max(Cents::ZERO).get() / count
        }
    };
    let free = view.left().minus(Cents::new(others).times(weeks)).max(Cents::ZERO);
    Cents::new(free.get() / weeks).min(view.left_today().times(7)).max(Cents::ZERO)
}

/// The allotment that brings most, were the channels as drawn.
fn best(view: &View<'_>, responses: &[Response; 6], values: &[f64; 6], money: Cents) -> Allotment {
    let mut allotment = Allotment { sells: true, ..Allotment::nothing(view) };
    let post_cost = post_cost(view);
    let days_left = view.spec().end.map_or(i64::MAX, |end| end.since(view.now()).div_euclid(DAY_MS));
    if days_left <= LAST_DAYS {
        return allotment;
    }
    let (mut uses, mut lines) = (Vec::new(), Vec::new());
    let mut line = |channel: Channel, posts: bool, most: f64, scale: f64| {
        let (most, scale) = (cents(most), cents(scale));
        if most > Cents::ZERO && scale > Cents::ZERO {
            let name = format!("{} on {channel}", if posts { "posts" } else { "advertising" });
            let max = posts.then(|| post_cost.times(i64::from(MAX_POSTS_A_WEEK)));
            let response = budget::Response::Saturating { most, scale };
            uses.push((channel as usize, posts));
            lines.push(budget::Channel { name, response, min: Cents::ZERO, max, fixed: Cents::ZERO, required: false });
        }
    };
    for channel in Channel::ALL {
        let (index, response) = (channel as usize, &responses[channel as usize]);
        if ORGANIC.contains(&channel) && view.can(TaskKind::PublishPosts) {
            line(channel, true, response.posts * values[index], response.kappa * 7.0 * post_cost.get() as f64);
        }
        if PAID.contains(&channel) && view.can(TaskKind::RunAds) {
            line(channel, false, response.ads * values[index], response.scale);
        }
    }
    let asked = budget::Input { budget: money, step: post_cost, channels: lines, goal: Goal::Profit };
    // A question without money or channels, or with more steps than the optimizer takes, is answered with nothing.
    let Ok(answer) = Budget::new(asked) else { return allotment };
    let Outcome::Solved(answer) = answer.solve() else { return allotment };
    for ((index, posts), spent) in uses.into_iter().zip(answer.spent) {
        if posts {
            allotment.posts[index] = u8::try_from(spent.get() / post_cost.get()).unwrap_or(MAX_POSTS_A_WEEK);
        } else {
            allotment.ads[index] = Cents::new(spent.get() / 7);
        }
    }
    allotment
}

/// Whether the mean of the bad end of what a week may bring (its conditional value at risk) loses little of the money that is left.
fn is_bearable(
    view: &View<'_>,
    allotment: &Allotment,
    beliefs: &[belief::Belief<Response>; 6],
    values: &[f64; 6],
    draw: &mut Draw,
) -> bool {
    let mut gains: Vec<f64> = (0..RISK_DRAWS)
        .map(|_| {
            let brought = Channel::ALL.map(|channel| {
                let index = channel as usize;
                let posts = f64::from(allotment.posts[index]) / 7.0;
                let leads = beliefs[index].sample(draw).leads(posts, allotment.ads[index].times(7).get() as f64);
                leads * values[index]
            });
            brought.iter().sum::<f64>() - allotment.weekly_cost().get() as f64
        })
        .collect();
    gains.sort_by(f64::total_cmp);
    let bad = gains[..BAD_END].iter().sum::<f64>() / BAD_END as f64;
    -bad <= view.left().percent(MAX_LOSS_PERCENT).get() as f64
}

/// The price that earns most by a draw of what is believed about demand, where the draw's mean promises enough more than the price that holds; looked at now and then.
fn price(view: &View<'_>, draw: &mut Draw) -> Cents {
    let (blueprint, holds) = (&view.spec().blueprint, view.trade().price);
    if !view.can(TaskKind::ReviewPrice) || view.growth().allotted % PRICE_EVERY_WEEKS != PRICE_EVERY_WEEKS - 1 {
        return holds;
    }
    let beliefs = belief::demand(view);
    let demands: Vec<belief::Demand> = (0..PRICE_DRAWS).map(|_| beliefs.sample(draw)).collect();
    let list = blueprint.price.get().max(1) as f64;
    let earns = |price: Cents| {
        let margin = price.minus(blueprint.unit_cost).get() as f64;
        demands.iter().map(|demand| demand.taken(price.get() as f64 / list) * margin).sum::<f64>()
    };
    let best =
        PRICES.map(|percent| blueprint.price.percent(percent)).into_iter().max_by(|one, other| earns(*one).total_cmp(&earns(*other)));
    best.filter(|best| earns(*best) > earns(holds) * (1.0 + PRICE_GAIN_PERCENT / 100.0)).unwrap_or(holds)
}

/// Whole cents, none below zero or out of range.
#[expect(clippy::cast_possible_truncation, reason = "the figure is in the range of exact whole numbers")]
fn cents(figure: f64) -> Cents {
    let rounded = libm::round(figure);
    if (0.0..1e13).contains(&rounded) { Cents::new(rounded as i64) } else { Cents::ZERO }
}
