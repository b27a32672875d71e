//! The strategy that learns: draws from what it believes, and gives the week's money out by the optimizer where the draw says that it brings most.

use super::belief::{self, Response};
use super::{Allotment, LaterOffers, MAX_POSTS_A_WEEK, ORGANIC, PAID, cents, post_cost};
use crate::action::SUBJECT_LINES;
use crate::blueprint::{Billing, Channel};
use crate::decide::playbook::weekly_bill;
use crate::decide::view::View;
use crate::draw::Draw;
use crate::money::Cents;
use crate::optimizer::problem::Outcome;
use crate::optimizer::problem::budget::{self, Budget, Goal};
use crate::task::TaskKind;
use crate::time::DAY_MS;

/// Prices that are thought of, in percent of the blueprint's.
const PRICES: [i64; 13] = [88, 92, 96, 100, 104, 108, 112, 116, 120, 125, 130, 140, 150];
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
/// Weeks between two looks at the price.
const PRICE_EVERY_WEEKS: u32 = 2;
/// The furthest that the price moves at once, in percent of the blueprint's, but for the first one, which nobody has seen another before.
const PRICE_STEP_PERCENT: i64 = 6;
/// The part of what growth costs that it goes on costing, when the price is chosen by what can be served.
const GROWTH_KEPT: f64 = 0.7;
/// What later offers may cost, in percent of the price.
const LATER_PERCENTS: [u8; 4] = [85, 90, 95, 100];
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
    allotment.price = price(view);
    allotment.later = Some(later(view, &mut draw));
    allotment.line = line(view, &mut draw);
    allotment
}

/// What the week may cost: the money that is left, less what goods and bills will take, over the weeks that are left. What is ordered comes first: a customer who gets
/// nothing costs more than a lead that does not come.
fn weekly_limit(view: &View<'_>) -> Cents {
    let weeks = weeks_left(view);
    // Half of the blueprint's expenses, as long as little is known.
    let first = || view.spec().blueprint.expected_monthly_expenses.percent(50).get() * 7 / 30;
    let others = Spending::lately(view).map_or_else(first, |spending| spending.others);
    let free = view.left().minus(Cents::new(others).times(weeks)).max(Cents::ZERO);
    Cents::new(free.get() / weeks).min(view.left_today().times(7)).max(Cents::ZERO)
}

fn weeks_left(view: &View<'_>) -> i64 {
    view.spec().end.map_or(OPEN_END_WEEKS, |end| end.since(view.now()).div_euclid(7 * DAY_MS).max(1))
}

/// What a week cost lately, in cents.
struct Spending {
    /// Posts and advertising.
    growth: i64,
    /// Goods and bills.
    others: i64,
}

impl Spending {
    /// The mean of the last weeks; nothing where there were too few.
    fn lately(view: &View<'_>) -> Option<Spending> {
        let recent = &view.growth().weeks[view.growth().weeks.len().saturating_sub(RECENT_WEEKS)..];
        let count = i64::try_from(recent.len()).ok().filter(|count| *count >= 3)?;
        let growth = recent.iter().flat_map(|week| &week.channels).fold(Cents::ZERO, |sum, channel| sum.plus(channel.spent));
        let days = usize::try_from(count * 7).unwrap_or(0);
        let before = view.history().iter().rev().nth(days).map_or(Cents::ZERO, |row| row.spent);
        let others = view.spent().minus(before).minus(growth).max(Cents::ZERO);
        Some(Spending { growth: growth.get() / count, others: others.get() / count })
    }
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

/// The price that earns most by what is believed about demand, where it promises enough more than the price that holds; looked at now and then.
fn price(view: &View<'_>) -> Cents {
    let (blueprint, holds) = (&view.spec().blueprint, view.trade().price);
    if !view.can(TaskKind::ReviewPrice) || !view.growth().allotted.is_multiple_of(PRICE_EVERY_WEEKS) {
        return holds;
    }
    // By the mean level and slope, and not by the mean of what all of them say: few offers leave flat demands possible, under which the highest price always wins.
    let beliefs = belief::demand(view);
    let demand = belief::Demand { level: beliefs.mean(|demand| demand.level), slope: beliefs.mean(|demand| demand.slope) };
    let list = blueprint.price.get().max(1) as f64;
    let taken = |price: Cents| demand.taken(price.get() as f64 / list);
    let served = affordable(view);
    let earns = |price: Cents| {
        let margin = price.minus(blueprint.unit_cost).get() as f64;
        let demand = taken(price) / taken(holds);
        margin * if blueprint.billing == Billing::Monthly { held_months(view, demand) } else { demand.min(served) }
    };
    let best =
        PRICES.map(|percent| blueprint.price.percent(percent)).into_iter().max_by(|one, other| earns(*one).total_cmp(&earns(*other)));
    let wanted = best.filter(|best| earns(*best) > earns(holds) * (1.0 + PRICE_GAIN_PERCENT / 100.0)).unwrap_or(holds);
    if view.growth().allotted == 0 {
        return wanted;
    }
    let step = blueprint.price.percent(PRICE_STEP_PERCENT);
    wanted.max(holds.minus(step)).min(holds.plus(step))
}

/// How many times the goods of the last weeks the money that is left pays for, after bills and growth: more cannot be served, however many want it.
fn affordable(view: &View<'_>) -> f64 {
    let Some(spending) = Spending::lately(view) else { return f64::INFINITY };
    let bills = weekly_bill(view).get() as f64;
    let (others, growth) = (spending.others as f64, spending.growth as f64);
    let goods = others - bills;
    let left = view.left().get() as f64 / weeks_left(view) as f64 - bills - growth * GROWTH_KEPT;
    if goods > 0.0 { (left / goods).max(0.0) } else { f64::INFINITY }
}

/// Months that new customers of a monthly price pay for until the end, where so many times as many as now take an offer. Who is held already takes up room: a market of
/// monthly customers holds little more of them than the blueprint expects, and it fills within its ramp-up.
fn held_months(view: &View<'_>, demand: f64) -> f64 {
    let market = belief::expected_customers(view) * belief::ROOM;
    let mut old = view.trade().orders.open().count() as f64;
    let (mut new, mut months) = (0.0, 0.0);
    let fills = belief::crowding(view) * demand;
    for _ in 0..(weeks_left(view) * 7 / 30).clamp(1, 12) {
        new = new * belief::stays() + fills * (market - old - new).max(0.0);
        old *= belief::stays();
        months += new;
    }
    months
}

/// The subject line of first mails: the one that is answered most by a draw of what is believed about each.
fn line(view: &View<'_>, draw: &mut Draw) -> u8 {
    let lines = (0..SUBJECT_LINES).map(|line| (line, belief::line(view, line).sample(draw)));
    let best = lines.max_by(|one, other| one.1.total_cmp(&other.1));
    best.and_then(|(line, _)| u8::try_from(line).ok()).unwrap_or(0)
}

/// What those are offered who did not answer an offer: the part of the price that earns most by a draw of what is believed about each.
fn later(view: &View<'_>, draw: &mut Draw) -> LaterOffers {
    let (price, cost) = (view.trade().price.get() as f64, view.spec().blueprint.unit_cost.get() as f64);
    let earns = LATER_PERCENTS.map(|percent| {
        let taken = belief::later(view, percent).sample(draw);
        (percent, taken * (price * f64::from(percent) / 100.0 - cost))
    });
    let best = earns.into_iter().max_by(|one, other| one.1.total_cmp(&other.1));
    LaterOffers { percent: best.map_or(100, |(percent, _)| percent) }
}
