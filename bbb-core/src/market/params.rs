//! The market's hidden parameters: drawn from the blueprint and the seed, never from what happens.
//!
//! A blueprint expects `N = revenue / price` sales a month (or paying customers, where the price is paid monthly) after its ramp-up. The
//! scale of the market is set so that a business that works steadily on the channels of its mix reaches about that:
//!
//! ```text
//! leads per day at full reach = N * LEADS_PER_ORDER / 30 * size * pace      size ~ log-normal(MARKET_SPREAD)
//! share of a channel          = mix * appeal, scaled to sum to 1            appeal ~ log-normal(APPEAL_SPREAD)
//! ```
//!
//! `pace` is 1 for one-time sales. Monthly customers accumulate, so for them it is the part of `N` that is won in a month while the market is
//! empty, `PACE / (ramp_up_months + 1) + churn`, and arrivals shrink with `1 - customers / capacity`.

use crate::blueprint::{Billing, Channel};
use crate::draw::Seed;
use crate::market::figure;
use crate::spec::Spec;
use crate::time::DAY_MS;

/// Leads that it takes for one order, where every lead that fits is written to.
const LEADS_PER_ORDER: f64 = 5.3;
/// Standard deviation of the logarithm of the market's size.
const MARKET_SPREAD: f64 = 0.12;
/// Standard deviation of the logarithm of a channel's hidden appeal.
const APPEAL_SPREAD: f64 = 0.35;
/// How fast monthly customers are won, see above.
const PACE: f64 = 2.3;
/// Customers that a market of monthly customers holds, as a multiple of `N`.
const CAPACITY: f64 = 1.25;
/// Monthly customers that leave in a month of good service, as a share.
const CHURN_PER_MONTH: f64 = 0.06;
/// How much of the way to its target awareness goes during the ramp-up, in e-foldings: one-time sales and monthly ones.
const AWARENESS_FOLDS: (f64, f64) = (3.0, 5.0);
/// Cost of the first lead that advertising brings, as a share of the price.
const FIRST_LEAD_COST: f64 = 0.04;
/// The most leads that advertising brings in a day, as a multiple of the channel's organic leads.
const AD_REACH: f64 = 1.5;
/// The cost of a post of full quality, as a share of the expected expenses of a month.
const POST_COST: f64 = 0.0025;

/// The hidden parameters of one market.
#[derive(Debug, Clone)]
pub(super) struct Params {
    /// What all draws of this market are derived from.
    pub(super) seed: Seed,
    /// Sales a month, or paying customers, that the blueprint expects: above 0.
    pub(super) customers: f64,
    /// Leads a day at full reach and awareness.
    pub(super) leads_per_day: f64,
    /// Each channel's share of the leads, in the order of [`Channel::ALL`]; sums to 1.
    pub(super) share: [f64; 6],
    /// The most leads a day that advertising can bring, by channel.
    pub(super) ad_leads: [f64; 6],
    /// The spend, in cents a day, at which advertising has brought 63 % of them, by channel.
    pub(super) ad_scale: [f64; 6],
    /// Cost of a post of full quality, in cents.
    pub(super) post_cost: f64,
    /// Share of the way to its target that awareness goes in a day.
    pub(super) awareness_rate: f64,
    /// Customers that the market holds; absent where every sale is on its own.
    pub(super) capacity: Option<f64>,
    /// The price that people find normal, in cents.
    pub(super) normal_price: f64,
    /// Cost to fulfil one sale or one month, in cents.
    pub(super) unit_cost: f64,
    /// Whether the price is paid monthly.
    pub(super) monthly: bool,
    /// Chance that a well-served monthly customer leaves on a day.
    pub(super) churn_per_day: f64,
    /// The weekday of the first day, Monday being 0.
    pub(super) first_weekday: u32,
}

impl Params {
    pub(super) fn of(spec: &Spec) -> Params {
        let blueprint = &spec.blueprint;
        let seed = spec.seed.derive("market");
        let price = figure(blueprint.price);
        let months = f64::from(blueprint.ramp_up_months.max(1));
        let monthly = blueprint.billing == Billing::Monthly;
        let customers = (figure(blueprint.expected_monthly_revenue) / price).max(1.0);
        let size = seed.draw("size", 0).log_normal(MARKET_SPREAD);
        let pace = if monthly { PACE / (months + 1.0) + CHURN_PER_MONTH } else { 1.0 };
        let leads_per_day = customers * LEADS_PER_ORDER / 30.0 * size * pace;
        let share = shares(spec, seed);
        let ad_leads = Channel::ALL.map(|channel| {
            let organic = leads_per_day * share[channel as usize].max(0.02);
            AD_REACH * organic * ad_suitability(channel)
        });
        let folds = if monthly { AWARENESS_FOLDS.1 } else { AWARENESS_FOLDS.0 };
        Params {
            seed,
            customers,
            leads_per_day,
            share,
            ad_leads,
            ad_scale: ad_leads.map(|leads| leads * price * FIRST_LEAD_COST),
            post_cost: figure(blueprint.expected_monthly_expenses) * POST_COST,
            awareness_rate: folds / (30.0 * months),
            capacity: monthly.then_some(customers * CAPACITY * size),
            normal_price: price,
            unit_cost: blueprint.unit_cost.get().max(0) as f64,
            monthly,
            churn_per_day: CHURN_PER_MONTH / 30.0,
            // 1970-01-01 was a Thursday.
            first_weekday: u32::try_from((spec.start.ms().div_euclid(DAY_MS) + 3).rem_euclid(7)).unwrap_or(0),
        }
    }

    /// How busy a day is: 1 on average over a week, less on Saturdays and Sundays.
    pub(super) fn weekday_factor(&self, day: u32) -> f64 {
        match (self.first_weekday + day % 7) % 7 {
            5 => 0.8,
            6 => 0.7,
            _ => 1.1,
        }
    }
}

/// How well advertising works on a channel, compared with paid search.
const fn ad_suitability(channel: Channel) -> f64 {
    match channel {
        Channel::PaidSearch => 1.0,
        Channel::Social => 0.6,
        Channel::Seo | Channel::Email | Channel::Referral | Channel::Outbound => 0.1,
    }
}

fn shares(spec: &Spec, seed: Seed) -> [f64; 6] {
    let weights = Channel::ALL.map(|channel| {
        let mix = f64::from(spec.blueprint.channel_mix.percent(channel));
        mix * seed.draw("appeal", channel as u64).log_normal(APPEAL_SPREAD)
    });
    // A mix sums to 100 and every appeal is above 0, so the sum is above 0.
    let sum: f64 = weights.iter().sum();
    weights.map(|weight| weight / sum)
}
