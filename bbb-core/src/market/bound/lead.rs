//! What a lead earns at most.
//!
//! ```text
//! a lead that agreed to mail   and whose score says that it fits, answers the first, second or third letter, or none, as in the market; nobody unsubscribes
//! offers                       one to three, of the four letters that the charter allows; each at the best price, later ones as if it were known who reads them
//! buys                         as in the market, at five stars, while rivals are at peace and match no cut
//! leaves without an answer     four of five, at the most, can be offered to again
//! a one-time order             its price less its goods, and then further orders of the same person
//! a monthly order              the same each month, as long as well-served customers stay
//! goods                        0.944 of the unit cost, which is the mean of what deliveries cost at a limit of the unit cost
//! ```
//!
//! People are counted on a grid of fit and willingness instead of drawn.

use crate::blueprint::Channel;
use crate::decide::growth::{LATER_PERCENT, PRICE_BOUNDS_PERCENT};
use crate::market::params::Params;
use crate::state::contacts::FIT_THRESHOLD;

use super::MOST_STARS_ABOVE_USUAL;

/// Days of a billing month.
pub(super) const MONTH_DAYS: u32 = 30;
/// Days between two points in time at which what comes back is looked at; those who may come back begin after as many.
const FORTNIGHT_DAYS: u32 = 14;
/// Fortnights in which a customer may come back: 181 days.
const RETURN_FORTNIGHTS: usize = 13;
/// Prices that are looked at.
const PRICES: usize = 12;
/// The most offers that anybody gets: of four letters one is answered first.
const OFFERS: usize = 3;
/// Points of the normal distributions of fit and willingness: so many on either side of the mean, this far apart.
const FITS: (i32, f64) = (4, 0.75);
const WILLING: (i32, f64) = (5, 0.6);
/// The mean of what interest makes of the chance of an order after an answer: 1, or 1.1 in four of ten.
pub(super) const INTEREST: f64 = 0.85 * 1.04;
/// The same for customers.
const AGAIN: f64 = 0.85 * 0.5;
/// What is left of it with each offer.
pub(super) const LATER: [f64; OFFERS] = [1.0, 0.6, 0.36];
/// The part of those who do not buy that does not decline, at the most.
pub(super) const SILENT: f64 = 0.8;
/// Chance that a customer comes back on a day, for perfect fit at an acceptable price.
const RETURN_PER_DAY: f64 = 0.0025;
/// The mean of what a delivery costs, as a part of the unit cost: evenly 0.85 to 1.05, and never more than 1.
const GOODS: f64 = 0.943_75;

/// A kind of person.
pub(super) struct Kind {
    weight: f64,
    /// Chances of an answer to the first, second and third letter, the earlier ones having none.
    pub(super) answers: [f64; OFFERS],
    pub(super) fit: f64,
    /// How acceptable each price is.
    pub(super) accepts: [f64; PRICES],
}

/// All leads, by channel and kind.
pub(super) struct Prospects<'a> {
    params: &'a Params,
    /// In cents, from the lowest that can be offered to the highest.
    prices: [f64; PRICES],
    kinds: [Vec<Kind>; 6],
    /// Payments of a monthly order that lasts so many months at the most, the first not counted in them.
    payments: Vec<f64>,
    /// How much more readily people buy at five stars.
    trust: f64,
}

impl<'a> Prospects<'a> {
    /// The leads of this market, over so many months.
    pub(super) fn new(params: &'a Params, months: usize) -> Prospects<'a> {
        let least = PRICE_BOUNDS_PERCENT.0 as f64 * f64::from(LATER_PERCENT.0) / 10_000.0;
        let step = (PRICE_BOUNDS_PERCENT.1 as f64 / 100.0 - least) / (PRICES - 1) as f64;
        let prices = std::array::from_fn(|place| params.normal_price * (least + step * place as f64));
        let stays = libm::log(1.0 - params.churn_per_day.min(0.99));
        let payments = (0..=months).scan(0.0, |sum, month| {
            let days = (month as f64 * f64::from(MONTH_DAYS) - 1.0).max(0.0);
            *sum += libm::exp(stays * days);
            Some(*sum)
        });
        let kinds = Channel::ALL.map(|channel| kinds(params, channel, &prices));
        let trust = libm::exp(params.reputation * MOST_STARS_ABOVE_USUAL);
        Prospects { params, prices, kinds, payments: payments.collect(), trust }
    }

    /// The highest price, in cents.
    pub(super) fn dearest(&self) -> f64 {
        self.prices[PRICES - 1]
    }

    /// What the goods of a sale or a month cost in the mean, in cents.
    pub(super) fn goods(&self) -> f64 {
        GOODS * self.params.unit_cost
    }

    /// What a lead earns at most, by channel and whole months from its first order to the end, where what is spent counts so many times.
    pub(super) fn worth(&self, spending: f64) -> [Vec<f64>; 6] {
        let margins = self.prices.map(|price| (price - spending * self.goods()).max(0.0));
        Channel::ALL.map(|channel| {
            let mut worth = vec![[[0.0; PRICES]; OFFERS]; self.payments.len()];
            for kind in &self.kinds[channel as usize] {
                let returns = self.returns(kind, &margins);
                for (months, worth) in worth.iter_mut().enumerate() {
                    let orders = margins.map(|margin| self.order(margin, months, &returns));
                    self.offers(kind, &orders, worth);
                }
            }
            let best = |first: &[f64; PRICES]| first.iter().copied().fold(0.0, f64::max);
            // The first offer has one price for all who come at the same time.
            worth.iter().map(|worth| self.params.consent * worth.iter().map(best).sum::<f64>()).collect()
        })
    }

    #[cfg(test)]
    pub(super) fn prices(&self) -> [f64; PRICES] {
        self.prices
    }

    /// The mean over the people of a channel.
    #[cfg(test)]
    pub(super) fn mean(&self, channel: Channel, of: impl Fn(&Kind) -> f64) -> f64 {
        self.kinds[channel as usize].iter().map(|kind| kind.weight * of(kind)).sum()
    }

    /// What an order at this margin comes to, with all that follows it.
    fn order(&self, margin: f64, months: usize, returns: &[f64]) -> f64 {
        if self.params.monthly {
            return margin * self.payments[months];
        }
        margin + returns[fortnights(months)]
    }

    /// Adds what the first offer to a kind of person comes to at each price, with those after it, by the number of the letter that was answered.
    fn offers(&self, kind: &Kind, orders: &[f64; PRICES], worth: &mut [[f64; PRICES]; OFFERS]) {
        let buys = |price: usize, before: usize, readily: f64| (readily * self.trust * LATER[before] * kind.accepts[price]).min(1.0);
        let best = |of: &dyn Fn(usize) -> f64| (0..PRICES).map(of).fold(0.0, f64::max);
        // Of those who bought once, and of those who did not: the worth of one more offer after one or two, and of two more after one.
        let again = |before: usize, then: f64| {
            if self.params.monthly {
                return 0.0;
            }
            best(&|price| {
                let buys = buys(price, before, AGAIN);
                buys * (orders[price] + then) + (1.0 - buys) * then
            })
        };
        let still = |before: usize, bought: f64, silent: f64| {
            best(&|price| {
                let buys = buys(price, before, INTEREST);
                buys * (orders[price] + bought) + (1.0 - buys) * SILENT * silent
            })
        };
        let (bought_last, silent_last) = (again(2, 0.0), still(2, 0.0, 0.0));
        let bought = [0.0, again(1, 0.0), again(1, bought_last)];
        let silent = [0.0, still(1, 0.0, 0.0), still(1, bought_last, silent_last)];
        for (letter, worth) in worth.iter_mut().enumerate() {
            let more = OFFERS - 1 - letter;
            for (price, worth) in worth.iter_mut().enumerate() {
                let buys = buys(price, 0, INTEREST);
                let value = buys * (orders[price] + bought[more]) + (1.0 - buys) * SILENT * silent[more];
                *worth += kind.weight * kind.answers[letter] * value;
            }
        }
    }

    /// What a customer who was served brings by coming back, by the fortnights that are left; nothing where customers stay anyway.
    fn returns(&self, kind: &Kind, margins: &[f64; PRICES]) -> Vec<f64> {
        if self.params.monthly {
            return Vec::new();
        }
        let a_fortnight = f64::from(FORTNIGHT_DAYS) * RETURN_PER_DAY * kind.fit * self.trust;
        let left = fortnights(self.payments.len().saturating_sub(1));
        let (mut returns, mut best) = (vec![0.0; left + 1], vec![0.0; left + 1]);
        for now in 0..=left {
            // Whoever comes back after so many fortnights has the rest of them left.
            let first = now.saturating_sub(RETURN_FORTNIGHTS);
            returns[now] = a_fortnight * best[first..now].iter().skip(usize::from(first == 0)).sum::<f64>();
            let orders = (0..PRICES).map(|price| kind.accepts[price] * (margins[price] + returns[now]));
            best[now] = orders.fold(0.0, f64::max);
        }
        returns
    }
}

/// Fortnights in so many months and the rest of one more.
fn fortnights(months: usize) -> usize {
    ((months + 1) * MONTH_DAYS as usize).div_ceil(FORTNIGHT_DAYS as usize)
}

/// The people of a channel on a grid; their weights sum to 1.
fn kinds(params: &Params, channel: Channel, prices: &[f64; PRICES]) -> Vec<Kind> {
    let kinds = grid(FITS).flat_map(|(z, of_fit)| {
        let fit = (0.58 + params.quality[channel as usize] + 0.22 * z).clamp(0.02, 0.98);
        let mut answers = answers(fit);
        // The first letter has the best subject line; those whom it did not reach are left as they were.
        answers[0] = (answers[0] * params.lines.iter().copied().fold(1.0, f64::max)).min(1.0);
        grid(WILLING).map(move |(z, of_willing)| {
            let willing = params.normal_price * libm::exp(0.35 * z) * (0.75 + 0.5 * fit);
            let accepts = prices.map(|price| 1.0 / (1.0 + libm::exp(libm::log(price / willing) / params.price_tolerance)));
            Kind { weight: of_fit * of_willing, answers, fit, accepts }
        })
    });
    kinds.collect()
}

/// Chances that somebody is written to and answers the first, second and third letter, those before without an answer.
fn answers(fit: f64) -> [f64; OFFERS] {
    // The score is off by a tenth or so and rounded to whole points.
    let least = (f64::from(FIT_THRESHOLD) - 0.5) / 100.0;
    let written_to = 0.5 * (1.0 + libm::erf((fit - least) / (0.1 * std::f64::consts::SQRT_2)));
    let warm = 0.12 + 0.62 * fit;
    let undecided = 0.92 - 0.22 * (1.0 - fit);
    let mut silent = written_to;
    [1.0, 0.65, 0.65 * 0.65].map(|weariness| {
        let answers = silent * warm * weariness;
        silent *= (1.0 - warm * weariness) * undecided;
        answers
    })
}

/// Points of a normal distribution, and their weights, which sum to 1.
fn grid((side, step): (i32, f64)) -> impl Iterator<Item = (f64, f64)> {
    let points = move || (-side..=side).map(move |place| f64::from(place) * step).map(|z| (z, libm::exp(-0.5 * z * z)));
    let all: f64 = points().map(|(_, density)| density).sum();
    points().map(move |(z, density)| (z, density / all))
}
