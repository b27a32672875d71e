//! What no growth policy can expect to earn more than: an upper bound, from the hidden parameters.
//!
//! It is the value of an easier problem, in which all that could go wrong goes right. Each step lets a policy do at least what it can do in the market, or earn at least
//! as much with it, so that the expected profit of any policy stays below. `docs/design/market.md` argues the steps; here is what is computed:
//!
//! ```text
//! bound      = max over ends, min over m >= 1 of  sum over days and channels of (leads * worth + advertising) + (m - 1) * cap - m * bills
//! leads      = mood * (leads per day * share * reach * awareness * viral + stray)
//! mood       = season * rivals of that day * weekday * the mean of a day's noise
//! awareness' = awareness + rate * (1 - exp(-2.5) - awareness)
//! reach      = 1.5 * a / (a + 0.5)      a = the most posts, and for referral the most fans; 1.5 for email and outbound
//! advertising = max over s of  worth * mood * most leads * (0.3 + 0.7 awareness) * (1 - exp(-s / scale)) - m * s
//! worth      = what a lead of the channel earns at most from that day on, goods at m times their cost: see `lead`
//! bills      = a week's every eight days until the end
//! ```
//!
//! `m` is what a cent of the owner's money is counted as: by weak duality each gives a bound, and the least is taken. The end is when the money is used up, at the latest
//! that of the business. Climate and parameters are those of the seed; over people, noise and failures it is a mean, and what a policy earns in a single future by luck may be more.

mod lead;
#[cfg(test)]
mod tests;

use crate::blueprint::{Blueprint, Channel};
use crate::decide::growth::MAX_POSTS_A_WEEK;
use crate::market::cents;
use crate::market::climate::Climate;
use crate::market::params::Params;
use crate::market::scenario::Scenario;
use crate::money::Cents;
use crate::spec::Spec;
use lead::{MONTH_DAYS, Prospects};

/// Days from a lead to its first order, at the least: written to on the next, offered to on the one after, when it orders.
const FIRST_ORDER_DAYS: u32 = 2;
/// The mean of a day's noise: log-normal with a spread of 0.15.
const MEAN_NOISE: f64 = 1.011_314;
/// Leads a day that come without any activity.
const STRAY_LEADS: f64 = 0.02;
/// What awareness comes to where every channel reaches everybody.
const MOST_AWARENESS: f64 = 0.917_916;
/// The largest part of a day's posts in the echo: that of social.
const MOST_OF_A_DAY: f64 = 0.15;
/// The most stars that a business can have above the usual.
const MOST_STARS_ABOVE_USUAL: f64 = 0.7;
/// Prices of money that are tried.
const MONEY_PRICES: usize = 10;
/// Parts of the days at whose ends a business may have run out of money.
const ENDS: usize = 24;
/// Days from one bill to the next, at the most: a week and what it takes to try again.
const BILL_DAYS: usize = 8;

/// A profit, over the days of the spec, that no growth policy can expect to exceed in the market of this spec and scenario, where whatever was paid for is delivered; none
/// for a business without an end. For whoever looks back at a run, never for its minds.
///
/// A growth policy is whatever allots as [`crate::decide::growth`] lets it; the playbook and the charter do the rest.
pub fn bound(spec: &Spec, scenario: Option<&Scenario>) -> Option<Cents> {
    let days = u32::try_from(spec.days()?).ok()?;
    let params = Params::of(spec, &scenario.cloned().unwrap_or_default());
    let cap = spec.caps.simulated_money.total.get().max(0) as f64;
    Some(cents(Relaxed::new(&params, cap, bill(&spec.blueprint), days).least()))
}

/// The easier problem.
struct Relaxed<'a> {
    params: &'a Params,
    /// The owner's money, in cents.
    cap: f64,
    /// What a week's bills come to, in cents.
    bill: f64,
    prospects: Prospects<'a>,
    days: Vec<Day>,
}

/// What is best of a day.
struct Day {
    /// Leads that come without advertising, by channel.
    leads: [f64; 6],
    /// The most leads that advertising brings, by channel; 0 where it is shut out.
    ad_leads: [f64; 6],
}

impl<'a> Relaxed<'a> {
    fn new(params: &'a Params, cap: f64, bill: f64, days: u32) -> Relaxed<'a> {
        let reach = most_reach(params);
        let mut awareness = 0.0;
        // The leads of the last days come too late to buy.
        let days: Vec<Day> = (0..days.saturating_sub(FIRST_ORDER_DAYS))
            .map(|day| {
                let climate = Climate::of(params, day);
                let mood = climate.demand * params.weekday_factor(day) * MEAN_NOISE;
                let open = |channel: Channel| if climate.bans(channel) { 0.0 } else { mood };
                let leads = Channel::ALL.map(|channel| {
                    let share = params.share[channel as usize];
                    let organic = params.leads_per_day * share * reach[channel as usize] * awareness * climate.viral;
                    open(channel) * organic + mood * STRAY_LEADS * share
                });
                let ad_leads = Channel::ALL.map(|channel| open(channel) * params.ad_leads[channel as usize] * (0.3 + 0.7 * awareness));
                awareness += params.awareness_rate.min(1.0) * (MOST_AWARENESS - awareness);
                Day { leads, ad_leads }
            })
            .collect();
        let months = days.len() / MONTH_DAYS as usize;
        Relaxed { params, cap, bill, prospects: Prospects::new(params, months), days }
    }

    /// The bound: the best time to have run out of money, each at the price of money at which it is least.
    fn least(&self) -> f64 {
        // Above the highest price no sale is worth its goods.
        let most = libm::log(self.prospects.dearest() / self.prospects.goods().max(1.0)).max(1.0);
        let mut least = [f64::INFINITY; ENDS];
        for place in 0..MONEY_PRICES {
            let spending = libm::exp(most * place as f64 / (MONEY_PRICES - 1) as f64);
            let worth = self.prospects.worth(spending);
            for (end, least) in least.iter_mut().enumerate() {
                *least = least.min(self.until(end, &worth, spending));
            }
        }
        least.into_iter().fold(0.0, f64::max)
    }

    /// The bound for a business that sells and pays bills until this part of its days is over, where every cent that is spent counts so many times.
    fn until(&self, end: usize, worth: &[Vec<f64>; 6], spending: f64) -> f64 {
        let part = |end: usize| self.days.len() * end / ENDS;
        let bills = self.bill * (part(end) / BILL_DAYS) as f64;
        // It may end at any time within the part: later by its sales, earlier by its bills.
        let days = &self.days[..part(end + 1)];
        let earned = days.iter().enumerate().map(|(number, day)| {
            let months = (days.len() - 1 - number) / MONTH_DAYS as usize;
            let of = |channel: usize| {
                let worth = worth[channel][months];
                day.leads[channel] * worth + advertising(worth * day.ad_leads[channel], self.params.ad_scale[channel] * spending)
            };
            (0..6).map(of).sum::<f64>()
        });
        earned.sum::<f64>() + (spending - 1.0) * self.cap - spending * bills
    }
}

/// What a week's bills come to: the blueprint's monthly expenses less its goods and three tenths for growth, and a tenth of them at the least, as the playbook pays them.
fn bill(blueprint: &Blueprint) -> f64 {
    let goods = blueprint.unit_cost.times(blueprint.expected_monthly_revenue.get() / blueprint.price.get().max(1));
    let expenses = blueprint.expected_monthly_expenses;
    let fixed = expenses.percent(70).minus(goods).max(expenses.percent(10));
    fixed.get() as f64 * 7.0 / 30.0
}

/// The most that `all * (1 - exp(-s / scale)) - s` can be, both in cents that count as much.
fn advertising(all: f64, scale: f64) -> f64 {
    if all > scale { all - scale * (1.0 + libm::log(all / scale)) } else { 0.0 }
}

/// The most that activity reaches, by channel.
fn most_reach(params: &Params) -> [f64; 6] {
    // However a week's posts are spread, a window of days has at most the even share of them and one more.
    let posts = f64::from(MAX_POSTS_A_WEEK) / 7.0 + MOST_OF_A_DAY;
    let fans = 2.0 * libm::exp(4.0 * params.reputation * MOST_STARS_ABOVE_USUAL).min(1.5);
    let reach = |activity: f64| 1.5 * activity / (activity + 0.5);
    Channel::ALL.map(|channel| match channel {
        Channel::Seo | Channel::Social => reach(posts),
        Channel::Referral => reach(posts + 0.8 * fans),
        // Any number of mails.
        Channel::Email | Channel::Outbound => 1.5,
        Channel::PaidSearch => 0.0,
    })
}
