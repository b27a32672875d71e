//! What a business believes about channels and prices: Bayesian posteriors on small grids, derived from its journal alone.
//!
//! **Channels.** The leads of week `w` on a channel are Poisson (a count of many unlikely events) with mean
//!
//! ```text
//! m(w) * (lambda * (1 - exp(-a(w) / kappa)) + mu * (1 - exp(-ads(w) / s)))
//! a(w) = a(w-1) / 2 + posts a day / 2            posts echo (Broadbent 1979)
//! m(w) = 1 - exp(-3 w / ramp-up)                 a new business is not known yet: the blueprint's ramp-up
//! ```
//!
//! where `lambda`, `kappa`, `mu` and `s` are unknown: the leads that posts bring at most, the posts a day that bring 63 % of them, and the same of advertising.
//! The prior is log-normal around what the blueprint says: its customers at five leads each, over its channel mix; the first leads of advertising at the cost that a study found.
//! Older weeks count less (`FORGETTING`), since markets change, and every week counts for less than the formula says (`TEMPER`), since the formula is not the market.
//!
//! **Prices.** The chance that an offer is taken is logistic in the logarithm of the price, with unknown level and slope. The prior thinks that the blueprint's price is a good one.
//!
//! Strategies draw from these posteriors (Thompson, "On the likelihood that one unknown probability exceeds another in view of the evidence of two samples", Biometrika 25, 1933), so that
//! what is uncertain gets tried, and what is known to be bad does not.

use crate::blueprint::{Billing, Channel};
use crate::decide::growth::{ORGANIC, PAID, daily_ads};
use crate::decide::view::View;
use crate::draw::Draw;
use crate::money::Cents;
use crate::state::trade::Offers;

/// Posts a day that may bring 63 % of what posts can bring.
const KAPPAS: [f64; 3] = [0.25, 0.5, 1.0];
/// Monthly customers that leave in a month, where nothing is known.
const LEAVE_A_MONTH: f64 = 0.08;
/// How fast a market of monthly customers fills, by its ramp-up: this over one more than the months of it is the part of the room that is taken in a month.
const CROWDING: f64 = 2.5;
/// Customers with one order each that the prior of how often customers buy is worth.
const CUSTOMERS_SEEN: f64 = 20.0;
/// How much less a week counts than the week after it.
const FORGETTING: f64 = 0.96;
/// How much a week's leads count, of what the formula says.
const TEMPER: f64 = 0.7;
/// Leads for one customer, where nothing is known: the aim of one in five.
const LEADS_PER_CUSTOMER: f64 = 5.0;
/// Standard deviations of the logarithms in the prior: of what posts and advertising bring at most, and of the money that it takes.
const PRIOR_SPREAD: (f64, f64) = (0.8, 0.6);
/// Monthly customers that a market holds, as a multiple of what the blueprint expects.
pub const ROOM: f64 = 1.2;
/// Multiples of the prior's median that are thought of.
const MOST: [f64; 7] = [0.04, 0.2, 0.5, 1.0, 2.0, 4.0, 8.0];
const SCALES: [f64; 3] = [0.45, 1.0, 2.2];
/// The least expected leads of a week: strays.
const STRAYS: f64 = 0.05;
/// The share of first mails that is answered with interest, and how many are thought to have been seen with each subject line.
const LINE_ANSWERED: f64 = 0.4;
const LINE_SEEN: f64 = 20.0;
/// The share of later offers at the full price that is taken, how fast it grows as the price falls, and how many offers the prior is worth.
const LATER_TAKEN: f64 = 0.17;
const LATER_SLOPE: f64 = 1.5;
const LATER_SEEN: f64 = 12.0;
/// The cost of advertising's first leads, as a share of the price, where no study was made.
const FIRST_LEAD_COST: f64 = 0.06;

/// What one channel may be like.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Response {
    /// Leads a week that posts bring at most.
    pub posts: f64,
    /// Posts a day that bring 63 % of them.
    pub kappa: f64,
    /// Leads a week that advertising brings at most.
    pub ads: f64,
    /// Advertising a week, in cents, that brings 63 % of them.
    pub scale: f64,
}

impl Response {
    /// The mean of some responses, part by part; nothing where there are none.
    pub fn mean(responses: impl ExactSizeIterator<Item = Response>) -> Response {
        let count = responses.len().max(1) as f64;
        let nothing = Response { posts: 0.0, kappa: 0.0, ads: 0.0, scale: 0.0 };
        responses.fold(nothing, |sum, one| Response {
            posts: sum.posts + one.posts / count,
            kappa: sum.kappa + one.kappa / count,
            ads: sum.ads + one.ads / count,
            scale: sum.scale + one.scale / count,
        })
    }

    /// Expected leads of a week with so many smoothed posts a day and so much advertising, once the business is known.
    pub fn leads(&self, posts_a_day: f64, ads_cents: f64) -> f64 {
        -self.posts * libm::expm1(-posts_a_day / self.kappa) - self.ads * libm::expm1(-ads_cents / self.scale)
    }
}

/// What is believed about something, such as the [`Response`] of a channel: all that it may be, at least one, with their weights, which sum to 1.
#[derive(Debug, Clone, PartialEq)]
pub struct Belief<T>(Vec<(T, f64)>);

impl<T: Copy> Belief<T> {
    /// One of them, drawn by its weight.
    pub fn sample(&self, draw: &mut Draw) -> T {
        let mut left = draw.unit();
        let last = self.0.len() - 1;
        for (one, weight) in &self.0[..last] {
            left -= weight;
            if left < 0.0 {
                return *one;
            }
        }
        self.0[last].0
    }

    /// The mean of something over all of them.
    pub fn mean(&self, of: impl Fn(&T) -> f64) -> f64 {
        self.0.iter().map(|(one, weight)| weight * of(one)).sum()
    }
}

/// What is believed about all channels, in the order of [`Channel::ALL`].
pub fn channels(view: &View<'_>) -> [Belief<Response>; 6] {
    Channel::ALL.map(|channel| about(view, channel))
}

fn about(view: &View<'_>, channel: Channel) -> Belief<Response> {
    let price = view.spec().blueprint.price.get().max(1) as f64;
    let share = f64::from(view.spec().blueprint.channel_mix.percent(channel)).max(2.0) / 100.0;
    let leads = customers_a_week(view) * LEADS_PER_CUSTOMER * share;
    let studied = view.trade().channel(channel).studied_cost_per_lead.filter(|_| channel == Channel::PaidSearch);
    let cost = studied.map_or(price * FIRST_LEAD_COST, |cost| cost.get().max(1) as f64);
    let least_scale = daily_ads(view).get() as f64 / 10.0;
    let (posts, ads) = (ORGANIC.contains(&channel), PAID.contains(&channel));
    let far = |multiple: f64, spread: f64| (libm::log(multiple) / spread).powi(2) / 2.0;
    let weeks = observed(view, channel);
    let mut points = Vec::new();
    for kappa in if posts { &KAPPAS[..] } else { &KAPPAS[..1] } {
        let by_posts: Vec<f64> = weeks.iter().map(|week| -week.known * libm::expm1(-week.posts_a_day / kappa)).collect();
        for of_ads in if ads { &MOST[..] } else { &MOST[..1] } {
            for of_scale in if ads { &SCALES[..] } else { &SCALES[..1] } {
                let most = if ads { leads * of_ads } else { 0.0 };
                let scale = (leads * of_ads * cost * of_scale).max(least_scale);
                let by_ads: Vec<f64> = weeks.iter().map(|week| -week.known * most * libm::expm1(-week.ads / scale)).collect();
                let of_ads = if ads { far(*of_ads, PRIOR_SPREAD.0) + far(*of_scale, PRIOR_SPREAD.1) } else { 0.0 };
                for of_posts in if posts { &MOST[..] } else { &MOST[..1] } {
                    let response = Response { posts: if posts { leads * of_posts } else { 0.0 }, kappa: *kappa, ads: most, scale };
                    let prior = of_ads + if posts { far(*of_posts, PRIOR_SPREAD.0) } else { 0.0 };
                    let seen: f64 = weeks
                        .iter()
                        .zip(by_posts.iter().zip(&by_ads))
                        .map(|(week, (by_posts, by_ads))| {
                            let mean = response.posts * by_posts + by_ads + STRAYS;
                            week.weight * (week.leads * libm::log(mean) - mean)
                        })
                        .sum();
                    points.push((response, seen - prior));
                }
            }
        }
    }
    Belief(normalized(points))
}

/// Sales a month, or paying customers, that the blueprint expects: 1 or more.
pub fn expected_customers(view: &View<'_>) -> f64 {
    let blueprint = &view.spec().blueprint;
    (blueprint.expected_monthly_revenue.get() as f64 / blueprint.price.get().max(1) as f64).max(1.0)
}

/// The new customers of a week that the blueprint expects. Those who pay monthly are won over its ramp-up, and replaced as they leave.
fn customers_a_week(view: &View<'_>) -> f64 {
    let blueprint = &view.spec().blueprint;
    let customers = expected_customers(view);
    let a_month = match blueprint.billing {
        Billing::Monthly => customers * (1.0 / (f64::from(blueprint.ramp_up_months) + 1.0) + LEAVE_A_MONTH),
        Billing::OneTime => customers,
    };
    a_month * 7.0 / 30.0
}

/// Weights from logarithms of weights.
fn normalized<T>(mut points: Vec<(T, f64)>) -> Vec<(T, f64)> {
    let most = points.iter().map(|(_, log)| *log).fold(f64::NEG_INFINITY, f64::max);
    points.iter_mut().for_each(|(_, log)| *log = libm::exp(*log - most));
    let sum: f64 = points.iter().map(|(_, weight)| weight).sum();
    points.iter_mut().for_each(|(_, weight)| *weight /= sum);
    points
}

/// What a week showed of a channel.
struct Observed {
    posts_a_day: f64,
    ads: f64,
    leads: f64,
    known: f64,
    weight: f64,
}

fn observed(view: &View<'_>, channel: Channel) -> Vec<Observed> {
    let growth = view.growth();
    let ramp_weeks = f64::from(view.spec().blueprint.ramp_up_months.max(1)) * 30.0 / 7.0;
    let first = growth.allotted.saturating_sub(1).saturating_sub(u32::try_from(growth.weeks.len()).unwrap_or(u32::MAX));
    let mut smoothed: Option<f64> = (first == 0).then_some(0.0);
    let rows = growth.weeks.iter().zip(first..).map(|(week, number)| {
        let result = &week.channels[channel as usize];
        let posts = f64::from(result.posts) / 7.0;
        let posts_a_day = smoothed.map_or(posts, |before| (before + posts) / 2.0);
        smoothed = Some(posts_a_day);
        let age = f64::from(growth.allotted.saturating_sub(number));
        Observed {
            posts_a_day,
            ads: result.advertised.get() as f64,
            leads: f64::from(result.leads),
            known: -libm::expm1(-3.0 * (f64::from(number) + 0.7) / ramp_weeks),
            weight: TEMPER * libm::pow(FORGETTING, age),
        }
    });
    rows.collect()
}

/// How a price may be answered: the chance that an offer is taken is `1 / (1 + exp(-(level - slope * ln(price / list))))`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Demand {
    /// The logit of the chance at the blueprint's price.
    pub level: f64,
    /// How fast it falls with the logarithm of the price.
    pub slope: f64,
}

impl Demand {
    /// The chance that an offer at this multiple of the blueprint's price is taken.
    pub fn taken(&self, multiple: f64) -> f64 {
        1.0 / (1.0 + libm::exp(self.slope * libm::log(multiple) - self.level))
    }
}

/// What is believed about the answer to prices.
pub fn demand(view: &View<'_>) -> Belief<Demand> {
    let list = view.spec().blueprint.price.get().max(1) as f64;
    let offers: Vec<(f64, f64, f64)> = view
        .trade()
        .offers
        .iter()
        .map(|(price, offers)| (price.get().max(1) as f64 / list, f64::from(offers.made), f64::from(offers.taken.min(offers.made))))
        .collect();
    // The blueprint's price is thought to be a good one: that which earns most, where half of all offers are taken.
    let margin = (1.0 - view.spec().blueprint.unit_cost.get().max(0) as f64 / list).clamp(0.2, 1.0);
    let usual = 2.0 / margin;
    let mut points = Vec::new();
    for level in -6..=6 {
        for slope in 1..=9 {
            let demand = Demand { level: f64::from(level) * 0.4, slope: f64::from(slope) * 0.25 * usual };
            let prior = (demand.level / 1.5).powi(2) / 2.0 + ((demand.slope / usual - 1.0) / 0.35).powi(2) / 2.0;
            let seen = |(multiple, made, taken): &(f64, f64, f64)| {
                let chance = demand.taken(*multiple);
                taken * libm::log(chance) + (made - taken) * libm::log1p(-chance)
            };
            points.push((demand, TEMPER * offers.iter().map(seen).sum::<f64>() - prior));
        }
    }
    Belief(normalized(points))
}

/// How likely somebody who did not answer an offer is thought to take another at this part of the price: a share from 0 to 1, binomial, on a grid.
pub fn later(view: &View<'_>, percent: u8) -> Belief<f64> {
    let offers = view.trade().later_offers.get(&percent).copied().unwrap_or_default();
    // As if a few offers had been seen: one in six is taken at the full price, more below.
    let prior = LATER_TAKEN * libm::pow(100.0 / f64::from(percent.max(1)), LATER_SLOPE);
    share(offers, prior, LATER_SEEN, 60)
}

/// How likely a first mail with this subject line is thought to be answered with interest: a share from 0 to 1, binomial, on a grid. Lines are thought to be alike until they show otherwise.
pub fn line(view: &View<'_>, line: usize) -> Belief<f64> {
    let lines = &view.trade().lines;
    let (made, answered) = lines.iter().fold((0, 0), |(made, answered), line| (made + line.made, answered + line.taken));
    let all = (f64::from(answered) + LINE_ANSWERED * LINE_SEEN) / (f64::from(made) + LINE_SEEN);
    share(lines.get(line).copied().unwrap_or_default(), all.min(0.99), LINE_SEEN, 99)
}

/// A share, as if `seen` had been seen of which `prior` were taken; on a grid of hundredths up to `most`.
fn share(offers: Offers, prior: f64, seen: f64, most: u8) -> Belief<f64> {
    let taken = f64::from(offers.taken) + seen * prior;
    let left = f64::from(offers.made.saturating_sub(offers.taken)) + seen * (1.0 - prior);
    let points = (1..=most).map(|step| {
        let share = f64::from(step) / 100.0;
        (share, taken * libm::log(share) + left * libm::log1p(-share))
    });
    Belief(normalized(points.collect()))
}

/// What a lead of each channel is worth, in cents, in the order of [`Channel::ALL`]: the chance that it becomes a customer, shrunk towards that of all channels, times what a customer
/// leaves over.
pub fn lead_values(view: &View<'_>) -> [f64; 6] {
    let trade = view.trade();
    // The leads of the last week have had no time to buy.
    let recent = |index: usize| view.growth().weeks.last().map_or(0, |week| week.channels[index].leads);
    let ripe = |index: usize| f64::from(trade.channels[index].leads.saturating_sub(recent(index)));
    let (customers, leads) = (f64::from(trade.customers), (0..6).map(ripe).sum::<f64>());
    let overall = (customers + 3.0) / (leads + 3.0 * LEADS_PER_CUSTOMER);
    let worth = customer_value(view);
    std::array::from_fn(|index| {
        let customers = f64::from(trade.channels[index].customers);
        (customers + 15.0 * overall) / (ripe(index) + 15.0) * worth
    })
}

/// The part of monthly customers that stays for another month, where nothing is known.
pub fn stays() -> f64 {
    1.0 - LEAVE_A_MONTH
}

/// How fast a market of monthly customers fills, as the part of the room left in it that is taken in a month: most of it within the blueprint's ramp-up. A customer who is won
/// takes the room of one who would have come later, so that this is also the part of its worth that goes with every month.
pub fn crowding(view: &View<'_>) -> f64 {
    (CROWDING / (f64::from(view.spec().blueprint.ramp_up_months) + 1.0)).min(1.0)
}

/// What a customer leaves over after the cost to serve it, in cents: once, or every month as long as it may stay and the business lasts.
pub fn customer_value(view: &View<'_>) -> f64 {
    let blueprint = &view.spec().blueprint;
    let margin = view.trade().price.minus(blueprint.unit_cost).max(Cents::ZERO).get() as f64;
    if blueprint.billing != Billing::Monthly {
        let (orders, customers) = (f64::from(view.trade().paid_orders), f64::from(view.trade().customers));
        return margin * (orders + CUSTOMERS_SEEN) / (customers + CUSTOMERS_SEEN);
    }
    let stays = stays() * (1.0 - crowding(view)).max(0.0);
    let days = view.spec().end.map_or(365, |end| end.since(view.now()).div_euclid(crate::time::DAY_MS).clamp(0, 365));
    // The first payment is due at once, and nine of ten months another follows.
    let months = days as f64 / 30.0;
    margin
        * (1.0 + (0..12).map(|month| (months - f64::from(month)).clamp(0.0, 1.0) * libm::pow(stays, f64::from(month) + 1.0)).sum::<f64>())
}
