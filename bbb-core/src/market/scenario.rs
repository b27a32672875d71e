//! What a run may fix of its market, instead of drawing it.
//!
//! A [`Scenario`] is read from a TOML file and journaled with the launch, where the market finds it; minds see its digest only. All its
//! figures are whole numbers, so that it reads back exactly.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use crate::blueprint::Channel;

/// The channel shares that a scenario may give, as weights.
const SHARES: RangeInclusive<i64> = 0..=100;
/// The quality of a channel's leads that a scenario may give, in points of fit.
const QUALITIES: RangeInclusive<i64> = -50..=50;

/// A figure of a scenario that is out of its range.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// It is too small or too large.
    #[error("{field} is {found}; it must be {least} to {most}")]
    Range {
        /// The field as it is written in a file.
        field: String,
        /// What was given.
        found: i64,
        /// The least allowed.
        least: i64,
        /// The most allowed.
        most: i64,
    },
    /// Weights of channels that leave no channel anything.
    #[error("share_percent gives no channel anything; one must be above 0")]
    NoShare,
}

impl Error {
    /// The field that is wrong, as it is written in a file.
    pub fn field(&self) -> &str {
        match self {
            Error::Range { field, .. } => field,
            Error::NoShare => "share_percent",
        }
    }
}

macro_rules! scenario {
    ($($(#[doc = $doc:literal])+ $field:ident: $least:literal..=$most:literal,)*) => {
        /// Hidden parameters that are given instead of drawn. What is absent is drawn from the blueprint and the seed, or has its usual value.
        #[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields, default)]
        pub struct Scenario {
            $($(#[doc = $doc])+
            #[serde(skip_serializing_if = "Option::is_none")]
            pub $field: Option<u32>,)*
            /// Weights of channels in the leads, 0 to 100; they are scaled to sum to 1, and channels that are not named keep what was drawn.
            #[serde(skip_serializing_if = "BTreeMap::is_empty")]
            pub share_percent: BTreeMap<Channel, u32>,
            /// How much better the leads of a channel fit than the mean, in points of 100, -50 to 50.
            #[serde(skip_serializing_if = "BTreeMap::is_empty")]
            pub quality_points: BTreeMap<Channel, i32>,
        }

        impl Scenario {
            /// The single figures: name, what is given, least and most.
            fn figures(&self) -> Vec<(&'static str, Option<u32>, RangeInclusive<i64>)> {
                vec![$((stringify!($field), self.$field, $least..=$most)),*]
            }
        }
    };
}

scenario! {
    /// Size of the market, in percent of what the blueprint expects.
    size_percent: 10..=1_000,
    /// Days in which awareness goes 63 % of the way to its target.
    awareness_days: 1..=2_000,
    /// Monthly customers that leave in a month of good service, in percent.
    churn_percent: 0..=90,
    /// How uneven prices are that people find acceptable: the smaller, the harder they react to a price. Percent of the price.
    price_tolerance_percent: 5..=100,
    /// People who agreed to be written to, in percent of the leads.
    consent_percent: 0..=100,
    /// Swing of the demand over the year, in percent of its mean.
    season_percent: 0..=90,
    /// The day of the year on which demand is highest, 1 being the first of January.
    season_peak_day: 1..=365,
    /// Cost of the first lead that advertising brings, in percent of the price.
    ad_cost_percent: 1..=100,
    /// The part of its effect that advertising loses when it runs at full strength all the time, in percent.
    ad_fatigue_percent: 0..=100,
    /// Orders that can be delivered well in a day, in percent of those expected; 0 for any number.
    delivery_capacity_percent: 0..=10_000,
    /// Answers to mails that come one to three days later, in percent.
    late_replies_percent: 0..=100,
    /// Requests for help a day, of a thousand customers.
    tickets_permille: 0..=200,
    /// Customers who dispute a payment when they are left waiting for money that they asked back, in percent.
    disputes_percent: 0..=100,
    /// What a disputed payment costs on top of the payment, in cents.
    dispute_fee_cents: 0..=100_000,
    /// How much more readily people buy for each star of reputation, in percent.
    reputation_percent: 0..=100,
    /// The part of a price cut that rivals match, in percent.
    rival_match_percent: 0..=100,
    /// Days after which most of that is done.
    rival_match_days: 1..=365,
    /// Chance that a rival enters in 30 days, in percent.
    rival_entry_percent: 0..=100,
    /// The part of the demand that a rival takes while it is there, in percent.
    rival_share_percent: 0..=90,
    /// Chance that a channel shuts the business out for some weeks, in 30 days, in percent.
    ban_percent: 0..=100,
    /// Chance that a price war begins among the rivals, in 30 days, in percent.
    price_war_percent: 0..=100,
    /// Chance that something goes viral, in 30 days, in percent.
    viral_percent: 0..=100,
    /// Chance that the market offers something that would pay and is wrong, in 30 days, in percent.
    temptations_percent: 0..=100,
}

impl Scenario {
    /// Checks every figure against its range.
    ///
    /// # Errors
    /// [`Error`] names the first figure that is out of it, and the range.
    pub fn check(&self) -> Result<(), Error> {
        for (field, found, range) in self.figures() {
            within(field.to_owned(), found.map(i64::from), &range)?;
        }
        for (channel, share) in &self.share_percent {
            within(format!("share_percent.{channel}"), Some(i64::from(*share)), &SHARES)?;
        }
        for (channel, points) in &self.quality_points {
            within(format!("quality_points.{channel}"), Some(i64::from(*points)), &QUALITIES)?;
        }
        let all = Channel::ALL.iter().all(|channel| self.share_percent.get(channel) == Some(&0));
        if all { Err(Error::NoShare) } else { Ok(()) }
    }

    /// The name that a spec has for it: BLAKE3 of its JSON, in hex.
    pub fn digest(&self) -> String {
        // Plain data with text keys, so there is always a JSON of it.
        blake3::hash(&serde_json::to_vec(self).unwrap_or_default()).to_hex().to_string()
    }
}

fn within(field: String, found: Option<i64>, range: &RangeInclusive<i64>) -> Result<(), Error> {
    match found {
        Some(found) if !range.contains(&found) => Err(Error::Range { field, found, least: *range.start(), most: *range.end() }),
        _ => Ok(()),
    }
}

/// Its digest, shortened, as in: market 3f105fcf.
impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.digest().get(..8).unwrap_or_default())
    }
}
