//! What happens in a market whatever the business does: seasons, rivals, and rare shocks.
//!
//! ```text
//! season(d)    = 1 + amplitude * cos(2 pi (d - peak) / 365.2425)          d = days since the first of January 1970
//! a rival      enters in 30 days with 2.5 %, and takes 10 to 30 % of the demand for 12 to 36 weeks
//! a price war  begins in 30 days with 2 %: rivals charge 10 to 30 % less for 3 to 8 weeks
//! a ban        begins in 30 days with 1.5 %: one of seo, social and paid search reaches nobody for 2 to 6 weeks
//! a viral hit  comes in 30 days with 1.5 %: activity reaches 1 + s * 0.7^days times as many for two weeks, s from 2 to 5
//! rivals' price = 1 - match * max(0, 1 - price seen), times that of a price war
//! price seen(t) = two smoothings in a row of price / normal price, each with the rate 2 / match days
//! ```
//!
//! Everything but the seen price is a function of the seed and the day. Each thing is drawn once for 30 days, so that looking at the months before a day tells
//! what still goes on. Rivals follow cuts and not rises, as in the kinked demand curve (Sweezy, 1939), and only the list price: what is offered in a
//! letter they do not see.

use crate::blueprint::Channel;
use crate::draw::Draw;
use crate::market::fold::{Folded, Level};
use crate::market::params::Params;

/// Days of a year.
const YEAR_DAYS: f64 = 365.242_5;
/// Days for which each rare thing is drawn once.
pub(super) const MONTH_DAYS: u32 = 30;
/// Channels that can shut a business out.
const BANNING: [Channel; 3] = [Channel::Seo, Channel::Social, Channel::PaidSearch];

/// The state of the market on a day.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Climate {
    /// Factor on all leads: the time of the year, and rivals that are there.
    pub(super) demand: f64,
    /// Factor on what activity brings.
    pub(super) viral: f64,
    /// The price level of rivals in a price war, 1 in peace.
    pub(super) war: f64,
    /// The channel that reaches nobody, and until which day.
    pub(super) banned: Option<(Channel, u32)>,
}

impl Climate {
    pub(super) fn of(params: &Params, day: u32) -> Climate {
        let mut rivals = 1.0;
        for (start, mut draw) in begun(params, "rival", params.rival_entry, day, 9) {
            let (length, share) = (84 + draw.below(169), draw.between(0.1, 0.3));
            if day - start < length {
                rivals *= 1.0 - params.rival_share.unwrap_or(share);
            }
        }
        let mut war = 1.0;
        for (start, mut draw) in begun(params, "war", params.price_war, day, 3) {
            let (length, depth) = (21 + draw.below(36), draw.between(0.1, 0.3));
            if day - start < length {
                war *= 1.0 - depth;
            }
        }
        let mut viral = 1.0;
        for (start, mut draw) in begun(params, "viral", params.viral, day, 1) {
            let strength = draw.between(2.0, 5.0);
            if day - start < 14 {
                viral += strength * libm::pow(0.7, f64::from(day - start));
            }
        }
        let mut banned = None;
        for (start, mut draw) in begun(params, "ban", params.ban, day, 3) {
            let (length, channel) = (14 + draw.below(29), banning(params, &mut draw));
            if day - start < length {
                banned = Some((channel, start + length));
            }
        }
        Climate { demand: params.season(day) * rivals, viral, war, banned }
    }

    /// Whether a channel reaches nobody.
    pub(super) fn bans(&self, channel: Channel) -> bool {
        self.banned.is_some_and(|(banned, _)| banned == channel)
    }
}

/// What began on `day` or in the `months` before it: when, and what else to draw of it.
pub(super) fn begun<'a>(params: &'a Params, what: &'a str, chance: f64, day: u32, months: u32) -> impl Iterator<Item = (u32, Draw)> + 'a {
    let month = day / MONTH_DAYS;
    (month.saturating_sub(months)..=month).filter_map(move |month| {
        let mut draw = params.seed.draw(what, month.into());
        let comes = draw.chance(chance);
        let start = month * MONTH_DAYS + draw.below(MONTH_DAYS);
        (comes && start <= day).then_some((start, draw))
    })
}

/// One of the channels that can shut a business out, the more likely the more it brings.
fn banning(params: &Params, draw: &mut Draw) -> Channel {
    let weights = BANNING.map(|channel| params.share[channel as usize]);
    let mut left = draw.unit() * weights.iter().sum::<f64>();
    for (channel, weight) in BANNING.into_iter().zip(weights) {
        left -= weight;
        if left < 0.0 {
            return channel;
        }
    }
    Channel::Social
}

impl Params {
    /// Factor on the demand of a day by the time of the year.
    pub(super) fn season(&self, day: u32) -> f64 {
        let turn = std::f64::consts::TAU * (self.first_day + f64::from(day) - self.season_peak) / YEAR_DAYS;
        1.0 + self.season_swing * libm::cos(turn)
    }
}

/// The list price as rivals have come to see it, as a multiple of the normal one: after today.
pub(super) fn watch(params: &Params, folded: &Folded) -> [Level; 2] {
    let rate = (2.0 / params.rival_match_days).min(1.0);
    let [seen, acted] = folded.watched.map(Level::get);
    let now = crate::market::figure(folded.price) / params.normal_price;
    let seen = seen + rate * (now - seen);
    [Level::of(seen), Level::of(acted + rate * (seen - acted))]
}

/// What rivals charge, as a multiple of the normal price.
pub(super) fn rivals_price(params: &Params, folded: &Folded) -> f64 {
    let cut = (1.0 - folded.watched[1].get()).max(0.0);
    (1.0 - params.rival_match * cut) * Climate::of(params, folded.day).war * folded.agreed()
}
