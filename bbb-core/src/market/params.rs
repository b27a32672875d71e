//! The market's hidden parameters: drawn from the blueprint and the seed, never from what happens.
//!
//! A blueprint expects `N = revenue / price` sales a month (or paying customers, where the price is paid monthly) after its ramp-up. The
//! scale of the market is set so that a business that works steadily on the channels of its mix reaches about that:
//!
//! ```text
//! leads per day at full reach = N * LEADS_PER_ORDER / 30 * size * pace / reached      size ~ log-normal(MARKET_SPREAD)
//! reached                     = sum(mix * steady reach of the channel)
//! share of a channel          = mix * appeal, scaled to sum to 1            appeal ~ log-normal(APPEAL_SPREAD)
//! ```
//!
//! `pace` is 1 for one-time sales. Monthly customers accumulate, so for them it is the part of `N` that is won in a month while the market is
//! empty, `PACE / (ramp_up_months + 1) + churn`, and arrivals shrink with `1 - customers / capacity`.
//!
//! Steady work reaches more of a channel that customers or mails push, and less of paid search, which takes more money than work: where a mix
//! leans on that, the market must be larger to bring the same.
//!
//! Each figure is drawn under a name of its own, so that a [`Scenario`] that gives one leaves the others as they were.

use crate::action::SUBJECT_LINES;
use crate::blueprint::{Billing, Channel, ChannelMix};
use crate::draw::Seed;
use crate::market::scenario::Scenario;
use crate::market::{figure, whole};
use crate::money::Cents;
use crate::spec::Spec;
use crate::time::DAY_MS;

/// Leads that it takes for one order, where every lead that fits is written to.
pub(super) const LEADS_PER_ORDER: f64 = 4.7;
/// Standard deviation of the logarithm of the market's size.
const MARKET_SPREAD: f64 = 0.12;
/// Standard deviation of the logarithm of a channel's hidden appeal.
const APPEAL_SPREAD: f64 = 0.35;
/// How fast monthly customers are won, see above.
const PACE: f64 = 2.3;
/// Customers that a market of monthly customers holds, as a multiple of `N`.
const CAPACITY: f64 = 1.18;
/// Monthly customers that leave in a month of good service, as a share.
const CHURN_PER_MONTH: f64 = 0.06;
/// How much of the way to its target awareness goes during the ramp-up, in e-foldings: one-time sales and monthly ones.
const AWARENESS_FOLDS: (f64, f64) = (3.0, 5.0);
/// Cost of the first lead that advertising brings, as a share of the price; hidden factor log-normal with this spread.
const FIRST_LEAD_COST: (f64, f64) = (0.04, 0.15);
/// The most leads that advertising brings in a day, as a multiple of the channel's organic leads.
const AD_REACH: f64 = 1.5;
/// The cost of a post of full quality, as a share of the expected expenses of a month.
const POST_COST: f64 = 0.0025;
/// Part of the people who agreed to be written to.
const CONSENT: f64 = 0.9;
/// How uneven acceptable prices are, in the logarithm.
const PRICE_TOLERANCE: f64 = 0.25;
/// Standard deviation of how much better the leads of one channel fit than expected of it.
const QUALITY_SPREAD: f64 = 0.04;
/// Requests for help a day and customer; hidden factor log-normal with this spread.
const TICKETS: (f64, f64) = (0.01, 0.25);
/// What a disputed payment costs on top, in cents: what card processors charge, about.
const DISPUTE_FEE: u32 = 1_500;
/// Standard deviation of the logarithm of how much better other subject lines than the first are answered.
const LINE_SPREAD: f64 = 0.15;
/// Chance in 30 days of a temptation.
const TEMPTATIONS: f64 = 0.5;
/// Chances in 30 days of a rival that enters, a price war, a channel's ban, and something that goes viral.
const RARE: [f64; 4] = [0.025, 0.02, 0.015, 0.015];

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
    /// The first day, counted from the first of January 1970.
    pub(super) first_day: f64,
    /// Size of the market, as a multiple of what the blueprint expects.
    pub(super) size: f64,
    /// Part of the people who agreed to be written to.
    pub(super) consent: f64,
    /// How uneven acceptable prices are, in the logarithm.
    pub(super) price_tolerance: f64,
    /// How much better the leads of each channel fit than the mean, in the order of [`Channel::ALL`].
    pub(super) quality: [f64; 6],
    /// How much better each subject line of a first mail is answered than the first one, which is 1.
    pub(super) lines: [f64; SUBJECT_LINES],
    /// Swing of the demand over the year, as a part of its mean.
    pub(super) season_swing: f64,
    /// The day of the year on which demand is highest, 0 being the first of January.
    pub(super) season_peak: f64,
    /// Cost of the first lead that advertising brings, as a part of the price.
    pub(super) ad_cost: f64,
    /// The part of its effect that advertising loses when it runs at full strength all the time.
    pub(super) ad_fatigue: f64,
    /// Orders that can be delivered well in a day; absent where any number can.
    pub(super) deliveries_per_day: Option<u32>,
    /// Chance that an answer comes one to three days later.
    pub(super) late_replies: f64,
    /// Chance that a customer asks for help on a day.
    pub(super) tickets: f64,
    /// Chance that a customer disputes a payment when left waiting for money that was asked back.
    pub(super) disputes: f64,
    /// What a disputed payment costs on top.
    pub(super) dispute_fee: Cents,
    /// How much more readily people buy for each star of reputation, in the logarithm.
    pub(super) reputation: f64,
    /// The part of a price cut that rivals match.
    pub(super) rival_match: f64,
    /// Days after which most of that is done.
    pub(super) rival_match_days: f64,
    /// Chance that a rival enters in 30 days.
    pub(super) rival_entry: f64,
    /// The part of the demand that a rival takes, where it is given.
    pub(super) rival_share: Option<f64>,
    /// Chance that a price war begins in 30 days.
    pub(super) price_war: f64,
    /// Chance of a channel's ban in 30 days.
    pub(super) ban: f64,
    /// Chance that something goes viral in 30 days.
    pub(super) viral: f64,
    /// Chance of a temptation in 30 days.
    pub(super) temptations: f64,
}

impl Params {
    pub(super) fn of(spec: &Spec, given: &Scenario) -> Params {
        let blueprint = &spec.blueprint;
        let seed = spec.seed.derive("market");
        let one = |name: &str| seed.draw(name, 0);
        let price = figure(blueprint.price);
        let months = f64::from(blueprint.ramp_up_months.max(1));
        let monthly = blueprint.billing == Billing::Monthly;
        let customers = (figure(blueprint.expected_monthly_revenue) / price).max(1.0);
        let size = percent(given.size_percent, one("size").log_normal(MARKET_SPREAD));
        let churn = percent(given.churn_percent, CHURN_PER_MONTH);
        let pace = if monthly { PACE / (months + 1.0) + CHURN_PER_MONTH } else { 1.0 };
        let leads_per_day = customers * LEADS_PER_ORDER / 30.0 * size * pace / reached(&blueprint.channel_mix);
        let share = shares(spec, seed, given);
        let ad_leads = Channel::ALL.map(|channel| {
            let organic = leads_per_day * share[channel as usize].max(0.02);
            AD_REACH * organic * ad_suitability(channel)
        });
        let ad_cost = percent(given.ad_cost_percent, FIRST_LEAD_COST.0 * one("ad cost").log_normal(FIRST_LEAD_COST.1));
        let folds = if monthly { AWARENESS_FOLDS.1 } else { AWARENESS_FOLDS.0 };
        let awareness_days = given.awareness_days.map_or(30.0 * months / folds, f64::from);
        let first_day = spec.start.ms().div_euclid(DAY_MS);
        let (swing, peak) = season(spec, seed);
        let crowd = percent(given.delivery_capacity_percent, one("capacity").between(2.5, 5.0));
        Params {
            seed,
            customers,
            leads_per_day,
            share,
            ad_leads,
            ad_scale: ad_leads.map(|leads| leads * price * ad_cost),
            post_cost: figure(blueprint.expected_monthly_expenses) * POST_COST,
            awareness_rate: 1.0 / awareness_days,
            capacity: monthly.then_some(customers * CAPACITY * size),
            normal_price: price,
            unit_cost: blueprint.unit_cost.get().max(0) as f64,
            monthly,
            churn_per_day: churn / 30.0,
            // 1970-01-01 was a Thursday.
            first_weekday: u32::try_from((first_day + 3).rem_euclid(7)).unwrap_or(0),
            first_day: first_day as f64,
            size,
            consent: percent(given.consent_percent, CONSENT),
            price_tolerance: percent(given.price_tolerance_percent, PRICE_TOLERANCE),
            quality: Channel::ALL.map(|channel| quality(channel, seed, given)),
            lines: std::array::from_fn(|line| match line {
                0 => 1.0,
                _ => seed.draw("line", line as u64).log_normal(LINE_SPREAD),
            }),
            season_swing: percent(given.season_percent, swing),
            season_peak: given.season_peak_day.map_or(peak, |day| f64::from(day.saturating_sub(1))),
            ad_cost,
            ad_fatigue: percent(given.ad_fatigue_percent, one("ad fatigue").between(0.2, 0.6)),
            deliveries_per_day: (crowd > 0.0).then(|| at_least_one(crowd * customers / 30.0)),
            late_replies: percent(given.late_replies_percent, one("late replies").between(0.3, 0.6)),
            tickets: given
                .tickets_permille
                .map_or_else(|| TICKETS.0 * one("tickets").log_normal(TICKETS.1), |given| f64::from(given) / 1e3),
            disputes: percent(given.disputes_percent, one("disputes").between(0.3, 0.7)),
            dispute_fee: Cents::new(given.dispute_fee_cents.unwrap_or(DISPUTE_FEE).into()),
            reputation: percent(given.reputation_percent, one("reputation").between(0.06, 0.18)),
            rival_match: percent(given.rival_match_percent, one("rival match").between(0.2, 0.7)),
            rival_match_days: given.rival_match_days.map_or_else(|| one("rival days").between(14.0, 42.0), f64::from),
            rival_entry: percent(given.rival_entry_percent, RARE[0]),
            rival_share: given.rival_share_percent.map(|share| f64::from(share) / 100.0),
            price_war: percent(given.price_war_percent, RARE[1]),
            ban: percent(given.ban_percent, RARE[2]),
            viral: percent(given.viral_percent, RARE[3]),
            temptations: percent(given.temptations_percent, TEMPTATIONS),
        }
    }

    /// How much better a subject line is answered than the first one.
    pub(super) fn line(&self, line: u8) -> f64 {
        self.lines.get(usize::from(line)).copied().unwrap_or(1.0)
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

/// What steady work reaches of the channels of a mix, compared with one that has only posts.
fn reached(mix: &ChannelMix) -> f64 {
    let steady = |channel: Channel| match channel {
        Channel::Seo | Channel::Social => 1.0,
        Channel::Email | Channel::Outbound => 1.05,
        Channel::Referral => 1.15,
        Channel::PaidSearch => 0.5,
    };
    Channel::ALL.iter().map(|channel| f64::from(mix.percent(*channel)) / 100.0 * steady(*channel)).sum()
}

/// How well advertising works on a channel, compared with paid search.
const fn ad_suitability(channel: Channel) -> f64 {
    match channel {
        Channel::PaidSearch => 1.0,
        Channel::Social => 0.6,
        Channel::Seo | Channel::Email | Channel::Referral | Channel::Outbound => 0.1,
    }
}

/// What is given in percent, or else what was drawn.
fn percent(given: Option<u32>, drawn: f64) -> f64 {
    given.map_or(drawn, |percent| f64::from(percent) / 100.0)
}

fn at_least_one(figure: f64) -> u32 {
    u32::try_from(whole(figure)).unwrap_or(u32::MAX).max(1)
}

/// How much better the leads of a channel fit than the mean: people who were recommended better, people who were written to worse, and a
/// hidden part.
fn quality(channel: Channel, seed: Seed, given: &Scenario) -> f64 {
    let usual = match channel {
        Channel::Referral => 0.08,
        Channel::Seo => 0.03,
        Channel::Email | Channel::Social => 0.0,
        Channel::PaidSearch => -0.02,
        Channel::Outbound => -0.05,
    };
    let hidden = QUALITY_SPREAD * seed.draw("quality", channel as u64).normal();
    given.quality_points.get(&channel).map_or(usual + hidden, |points| f64::from(*points) / 100.0)
}

/// Swing and peak of the year: those of the branch of trade, and what is hidden on top.
fn season(spec: &Spec, seed: Seed) -> (f64, f64) {
    let mut branch = Seed::new(0).derive("season").draw(&spec.blueprint.industry, 0);
    let mut own = seed.draw("season", 0);
    let swing = branch.between(0.03, 0.18) * own.log_normal(0.2);
    (swing.min(0.5), branch.between(0.0, 365.0) + 15.0 * own.normal())
}

fn shares(spec: &Spec, seed: Seed, given: &Scenario) -> [f64; 6] {
    let weights = Channel::ALL.map(|channel| {
        let mix = f64::from(spec.blueprint.channel_mix.percent(channel));
        let drawn = mix * seed.draw("appeal", channel as u64).log_normal(APPEAL_SPREAD);
        given.share_percent.get(&channel).map_or(drawn, |share| f64::from(*share))
    });
    // A mix sums to 100 and every appeal is above 0, so the sum of what is drawn is above 0; a scenario may give weights of 0.
    let sum: f64 = weights.iter().sum();
    if sum > 0.0 { weights.map(|weight| weight / sum) } else { [1.0 / 6.0; 6] }
}
