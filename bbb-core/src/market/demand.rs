//! Who hears of the business, and who comes.
//!
//! For a channel with `x` posts a day (smoothed: adstock, Broadbent 1979) and a boost `b` from mails or happy customers:
//!
//! ```text
//! echo(t)    = decay * echo(t-1) + (1 - decay) * posts(t)
//! reach      = 1.5 * a / (a + 0.5)                      a = echo + b; one post a day gives 1
//! awareness += rate * (1 - exp(-2.5 * sum(share * min(reach, 1))) - awareness)
//! organic    = leads per day * share * reach * awareness
//! bought     = 1 - exp(-spend / scale)
//! wear(t)    = 0.92 * wear(t-1) + 0.08 * bought(t)      by channel
//! paid       = most leads * bought * (1 - fatigue * wear) * (0.3 + 0.7 * awareness)
//! leads      ~ Poisson((organic * viral + paid) * season * rivals * weekday * noise * room)
//! ```
//!
//! Advertising wears out while it runs and recovers while it rests, half of either in eight days (as Naik, Mantrala and Sawyer, 1998). What
//! satisfied customers say counts with their ratings: `fans = customers served lately / expected * exp(4 * reputation * (stars - 4.3))`.
//!
//! Both responses are concave, as measured for advertising in general (Simon and Arndt 1980). Without any activity nobody comes but a stray
//! lead every other month.

use crate::blueprint::Channel;
use crate::event::Signal;
use crate::limits::MAX_CONTACTS;
use crate::market::climate::Climate;
use crate::market::fold::{Folded, Level};
use crate::market::params::Params;
use crate::market::people;
use crate::money::Cents;
use crate::seal::Vault;

/// The most leads of one day.
const MAX_LEADS_PER_DAY: u32 = 400;
/// Leads a day that come without any activity.
const STRAY_LEADS: f64 = 0.02;
/// Standard deviation of the logarithm of a day's noise.
const DAY_SPREAD: f64 = 0.15;
/// Part of the smoothed mails that is left after a day.
const MAIL_DECAY: f64 = 0.9;
/// Commercial mails a day, per lead a day at full reach, that count as full activity.
const FULL_MAILS: f64 = 0.8;
/// Days without a paid bill after which tools are cut off and posts reach half as far.
const BILL_GRACE_DAYS: u32 = 40;
/// Part of the way to today's that the wear of advertising goes in a day.
const WEAR_RATE: f64 = 0.08;
/// How much more strongly reputation moves recommendations than purchases.
const WORD_OF_MOUTH: f64 = 4.0;

/// How much a post does: 0.6 for one that costs nothing, 1 for one that costs as much as a good one.
pub(super) fn post_quality(params: &Params, cost: Cents) -> f64 {
    0.6 + 0.4 * (cost.get().max(0) as f64 / params.post_cost).min(1.0)
}

/// Part of a post's effect that is left after a day.
const fn decay(channel: Channel) -> f64 {
    match channel {
        Channel::Seo => 0.95,
        Channel::Referral => 0.92,
        Channel::Email | Channel::Outbound | Channel::PaidSearch => 0.9,
        Channel::Social => 0.85,
    }
}

/// What the activity of today and before reaches.
pub(super) struct Reach {
    /// Posts a day, smoothed, today included.
    pub(super) echo: [Level; 6],
    /// Mails a day, smoothed, today included.
    pub(super) mail_echo: Level,
    /// Awareness after today.
    pub(super) next_awareness: Level,
    /// How worn out advertising is after today, by channel.
    pub(super) wear: [Level; 6],
    /// Expected leads of today by channel, before weekday and noise.
    leads: [f64; 6],
}

impl Reach {
    pub(super) fn today(params: &Params, folded: &Folded) -> Reach {
        let echo = Channel::ALL.map(|channel| {
            let index = channel as usize;
            let decay = decay(channel);
            Level::of(decay * folded.echo[index].get() + (1.0 - decay) * folded.posts[index].get())
        });
        let climate = Climate::of(params, folded.day);
        let letters = folded.letters.iter().filter(|letter| letter.sent_on == folded.day).count();
        let letters = f64::from(u32::try_from(letters).unwrap_or(u32::MAX));
        let mail_echo = Level::of(MAIL_DECAY * folded.mail_echo.get() + (1.0 - MAIL_DECAY) * letters);
        let mails = mail_echo.get() / (params.leads_per_day * FULL_MAILS);
        let fans = fans(params, folded);
        let tools = if folded.day.saturating_sub(folded.billed_on) > BILL_GRACE_DAYS { 0.5 } else { 1.0 };
        let reach = Channel::ALL.map(|channel| {
            let boost = match channel {
                Channel::Email => 0.5 * mails,
                Channel::Outbound => 0.8 * mails,
                Channel::Referral => 0.8 * fans,
                Channel::Seo | Channel::Social | Channel::PaidSearch => 0.0,
            };
            let posts = if channel == Channel::PaidSearch { 0.0 } else { tools * echo[channel as usize].get() };
            let activity = if climate.bans(channel) { 0.0 } else { posts + boost };
            1.5 * activity / (activity + 0.5)
        });
        let bought = Channel::ALL.map(|channel| match climate.bans(channel) {
            true => 0.0,
            false => ad_response(params, channel, folded.ads[channel as usize]),
        });
        let awareness = folded.awareness.get();
        let known = Channel::ALL.iter().map(|channel| {
            let index = *channel as usize;
            params.share[index] * (reach[index] + bought[index]).min(1.0)
        });
        let target = 1.0 - libm::exp(-2.5 * known.sum::<f64>());
        let leads = Channel::ALL.map(|channel| {
            let index = channel as usize;
            let organic = params.leads_per_day * params.share[index] * reach[index] * awareness;
            let paid = params.ad_leads[index] * bought[index] * fresh(params, folded, channel) * (0.3 + 0.7 * awareness);
            organic * climate.viral + paid
        });
        let wear = Channel::ALL.map(|channel| {
            let index = channel as usize;
            let worn = folded.wear[index].get();
            Level::of(worn + WEAR_RATE * (bought[index] - worn))
        });
        let next_awareness = Level::of(awareness + params.awareness_rate.min(1.0) * (target - awareness));
        Reach { echo, mail_echo, next_awareness, wear, leads }
    }
}

/// The part of a channel's advertising leads that a day's spend brings, 0 to 1.
pub(super) fn ad_response(params: &Params, channel: Channel, spend: Cents) -> f64 {
    1.0 - libm::exp(-(spend.get().max(0) as f64) / params.ad_scale[channel as usize])
}

/// The part of its effect that advertising on a channel still has, 1 where it rested long.
pub(super) fn fresh(params: &Params, folded: &Folded, channel: Channel) -> f64 {
    1.0 - params.ad_fatigue * folded.wear[channel as usize].get()
}

/// Customers who may recommend the business, compared with how many are expected, weighted by its reputation: 0 to about 3.
fn fans(params: &Params, folded: &Folded) -> f64 {
    let recent = |served: Option<u32>| served.is_some_and(|on| folded.day.saturating_sub(on) <= 60);
    let count = folded.deals.values().filter(|deal| deal.open && recent(deal.served_on)).count();
    let expected = params.customers * if params.monthly { 1.0 } else { 2.0 };
    let liking = libm::exp(WORD_OF_MOUTH * params.reputation * folded.above_usual()).min(1.5);
    (f64::from(u32::try_from(count).unwrap_or(u32::MAX)) / expected).min(2.0) * liking
}

/// How much room a market of monthly customers has left, 0 to 1.
fn room(params: &Params, folded: &Folded) -> f64 {
    let Some(capacity) = params.capacity else { return 1.0 };
    let held = folded.deals.values().filter(|deal| deal.open).count();
    (1.0 - f64::from(u32::try_from(held).unwrap_or(u32::MAX)) / capacity).max(0.0)
}

/// The people who come today, by channel.
pub(super) fn arrivals(params: &Params, folded: &Folded, vault: &Vault) -> Vec<Signal> {
    let day = folded.day;
    let reach = Reach::today(params, folded);
    let noise = params.seed.draw("day", day.into()).log_normal(DAY_SPREAD);
    let mood = Climate::of(params, day).demand * params.weekday_factor(day) * noise * room(params, folded);
    let mut left = MAX_LEADS_PER_DAY.min(u32::try_from(MAX_CONTACTS.saturating_sub(folded.people.len())).unwrap_or(u32::MAX));
    let mut ordinal = u32::try_from(folded.people.len()).unwrap_or(u32::MAX);
    let mut signals = Vec::new();
    for _ in 0..folded.listed.min(left) {
        signals.extend(lead(params, vault, ordinal, Channel::Email).map(unasked));
        ordinal += 1;
    }
    left -= folded.listed.min(left);
    for channel in Channel::ALL {
        let index = channel as usize;
        let mean = (reach.leads[index] + STRAY_LEADS * params.share[index]) * mood;
        let count = params.seed.draw("arrivals", u64::from(day) * 8 + channel as u64).poisson(mean).min(left);
        left -= count;
        for _ in 0..count {
            signals.extend(lead(params, vault, ordinal, channel));
            ordinal += 1;
        }
    }
    signals
}

/// The same person, who was never asked whether it wants to be written to.
fn unasked(arrival: Signal) -> Signal {
    match arrival {
        Signal::LeadArrived { contact, channel, profile, .. } => Signal::LeadArrived { contact, channel, consent: false, profile },
        other => other,
    }
}

/// The lead with this ordinal; none where the vault cannot seal its profile.
fn lead(params: &Params, vault: &Vault, ordinal: u32, channel: Channel) -> Option<Signal> {
    let mut draw = params.seed.draw("profile", ordinal.into());
    let consent = draw.chance(params.consent);
    let profile = people::profile(&mut draw, ordinal);
    let contact = vault.contact_id(&profile.email);
    let text = serde_json::to_string(&profile).ok()?;
    let profile = vault.seal(contact, &text).ok()?;
    Some(Signal::LeadArrived { contact, channel, consent, profile })
}
