//! Growth: how much is published where, what advertising may cost, and at which price is sold. A business decides it once a week, by its [`Strategy`], from what its
//! own journal shows; the day's plan follows it.
//!
//! All strategies see the same [`View`] and get the same actions, caps and oversight: they differ in nothing but the [`Allotment`] that they choose. That is what makes
//! them comparable. [`Strategy::Engine`] is the one that learns (see [`belief`]); the others are there to be beaten.

pub mod belief;
mod learned;
mod simple;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use crate::action::SUBJECT_LINES;
use crate::blueprint::Channel;
use crate::decide::view::View;
use crate::money::Cents;
use crate::state::State;

/// Days between two allotments.
pub const ALLOT_EVERY_DAYS: u32 = 7;
/// The channels that carry posts.
pub const ORGANIC: [Channel; 5] = [Channel::Seo, Channel::Social, Channel::Email, Channel::Referral, Channel::Outbound];
/// The channels that carry advertising.
pub const PAID: [Channel; 2] = [Channel::PaidSearch, Channel::Social];
/// The most posts of a week on one channel; with five channels no day needs more tasks than a day may have.
pub const MAX_POSTS_A_WEEK: u8 = 11;
/// The bounds of the price, in percent of the blueprint's.
pub const PRICE_BOUNDS_PERCENT: (i64, i64) = (85, 150);
/// The bounds of what later offers may cost, in percent of the price.
pub const LATER_PERCENT: (u8, u8) = (80, 100);
/// What a post costs, as a share of the blueprint's monthly expenses, in ten-thousandths.
const POST_PER_10_000: i64 = 25;
/// What a day of advertising costs by the blueprint, likewise.
const ADS_PER_10_000: i64 = 30;

/// By which rule a business allots its growth.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// Learns what channels, advertising and prices bring, and allots by what it has learned.
    #[default]
    Engine,
    /// Daily posts on the three strongest channels of the blueprint, its advertising, its price: a competent plan that never changes.
    Fixed,
    /// The money of the fixed plan in equal parts on all channels.
    Equal,
    /// Two weeks as `equal`, then the money where a lead has cost least.
    Greedy,
    /// Epsilon-greedy over five plans, five prices and two parts of the price for later offers: mostly the best so far, now and then another.
    Epsilon,
    /// Every week other parts of the money and another price, drawn.
    Random,
    /// Nothing is published, advertised or written.
    Idle,
    /// Always this allotment, such as one that somebody found who knows more.
    Given(Allotment),
}

impl Strategy {
    /// Whether it is the default, which journals do not name.
    pub fn is_default(&self) -> bool {
        *self == Strategy::default()
    }

    /// The strategy's name.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Strategy::Engine => "engine",
            Strategy::Fixed => "fixed",
            Strategy::Equal => "equal",
            Strategy::Greedy => "greedy",
            Strategy::Epsilon => "epsilon",
            Strategy::Random => "random",
            Strategy::Idle => "idle",
            Strategy::Given(_) => "given",
        }
    }
}

/// What a week of growth is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Allotment {
    /// Posts a week, in the order of [`Channel::ALL`]; at most [`MAX_POSTS_A_WEEK`] each, and none on paid search.
    pub posts: [u8; 6],
    /// What each post costs.
    pub post_cost: Cents,
    /// Advertising a day, in the order of [`Channel::ALL`].
    pub ads: [Cents; 6],
    /// The price for new customers.
    pub price: Cents,
    /// Whether leads are scored and written to.
    pub sells: bool,
    /// What is offered to those who had an offer before; one offer to each, where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub later: Option<LaterOffers>,
    /// Which subject line first mails have, below [`SUBJECT_LINES`].
    #[serde(default, skip_serializing_if = "is_first")]
    pub line: u8,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "what serde asks for")]
const fn is_first(line: &u8) -> bool {
    *line == 0
}

/// Offers to people who had one before: who did not answer it, and who bought once and may buy again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LaterOffers {
    /// What those pay who did not answer, in percent of the price for new customers; never less than a sale costs.
    pub percent: u8,
}

impl LaterOffers {
    /// The price of an offer to somebody who did not answer one.
    pub fn price(self, view: &View<'_>) -> Cents {
        let price = view.trade().price;
        price.percent(i64::from(self.percent)).max(view.spec().blueprint.unit_cost).min(price)
    }
}

impl Allotment {
    /// Nothing at all, at the price that holds.
    pub fn nothing(view: &View<'_>) -> Allotment {
        Allotment {
            posts: [0; 6],
            post_cost: post_cost(view),
            ads: [Cents::ZERO; 6],
            price: view.trade().price,
            sells: false,
            later: None,
            line: 0,
        }
    }

    /// What a week of it costs, at most.
    pub fn weekly_cost(&self) -> Cents {
        let posts = self.posts.iter().map(|posts| i64::from(*posts)).sum();
        self.ads.iter().fold(self.post_cost.times(posts), |sum, ads| sum.plus(ads.times(7)))
    }

    /// How many posts a channel gets on this day: the week's, spread evenly.
    pub fn posts_on(&self, channel: Channel, day: u32) -> u32 {
        let (posts, day) = (u32::from(self.posts[channel as usize]), day % 7);
        (day + 1) * posts / 7 - day * posts / 7
    }

    /// The allotment within its bounds.
    fn bounded(mut self, view: &View<'_>) -> Allotment {
        let list = view.spec().blueprint.price;
        let (low, high) = PRICE_BOUNDS_PERCENT;
        self.price = view.growth().owners_price.unwrap_or_else(|| self.price.max(list.percent(low)).min(list.percent(high)));
        self.posts.iter_mut().for_each(|posts| *posts = (*posts).min(MAX_POSTS_A_WEEK));
        self.posts[Channel::PaidSearch as usize] = 0;
        self.ads.iter_mut().for_each(|ads| *ads = (*ads).max(Cents::ZERO));
        let percent = |later: LaterOffers| LaterOffers { percent: later.percent.clamp(LATER_PERCENT.0, LATER_PERCENT.1) };
        self.later = self.later.map(percent);
        self.line = if usize::from(self.line) < SUBJECT_LINES { self.line } else { 0 };
        self
    }
}

/// Whether it is time to allot: on the second day, when the market was studied, and a week after the last time.
pub fn is_due(state: &State) -> bool {
    let since = state.day.saturating_sub(state.growth.day);
    if state.growth.allotment.is_some() { since >= ALLOT_EVERY_DAYS } else { state.day > 0 }
}

/// What the strategy of this business allots to the week that begins now.
pub fn allot(view: &View<'_>) -> Allotment {
    let allotment = match &view.spec().strategy {
        Strategy::Engine => learned::allot(view),
        Strategy::Fixed => simple::fixed(view),
        Strategy::Equal => simple::equal(view),
        Strategy::Greedy => simple::greedy(view),
        Strategy::Epsilon => simple::epsilon(view),
        Strategy::Random => simple::random(view),
        Strategy::Idle => Allotment::nothing(view),
        Strategy::Given(allotment) => allotment.clone(),
    };
    allotment.bounded(view)
}

/// What a post costs by the blueprint.
pub(super) fn post_cost(view: &View<'_>) -> Cents {
    share(view, POST_PER_10_000)
}

/// What a day of advertising costs by the blueprint.
pub(crate) fn daily_ads(view: &View<'_>) -> Cents {
    share(view, ADS_PER_10_000)
}

fn share(view: &View<'_>, per_10_000: i64) -> Cents {
    Cents::new(view.spec().blueprint.expected_monthly_expenses.get() * per_10_000 / 10_000).max(Cents::from_dollars(1))
}

/// Whole cents, none below zero or out of range.
#[expect(clippy::cast_possible_truncation, reason = "the figure is in the range of exact whole numbers")]
pub(crate) fn cents(figure: f64) -> Cents {
    let rounded = libm::round(figure);
    if (0.0..1e13).contains(&rounded) { Cents::new(rounded as i64) } else { Cents::ZERO }
}
