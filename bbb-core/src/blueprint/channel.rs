//! Channels: the ways by which customers hear of a business, and how a budget is spread over them.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::Error;

/// A way by which customers hear of a business.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// Pages found through unpaid search results.
    Seo,
    /// Posts on social networks.
    Social,
    /// Messages to contacts who agreed to receive them.
    Email,
    /// Advertisements beside search results.
    PaidSearch,
    /// Recommendations by customers and partners.
    Referral,
    /// First contact made by the business itself.
    Outbound,
}

impl Channel {
    /// Every channel, in the order of the declaration, which is also the order of `Ord`.
    pub const ALL: [Channel; 6] =
        [Channel::Seo, Channel::Social, Channel::Email, Channel::PaidSearch, Channel::Referral, Channel::Outbound];

    /// The name used in data and on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Channel::Seo => "seo",
            Channel::Social => "social",
            Channel::Email => "email",
            Channel::PaidSearch => "paid_search",
            Channel::Referral => "referral",
            Channel::Outbound => "outbound",
        }
    }
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Percentages of the marketing effort by channel, which always sum to 100; a channel absent from
/// the data has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "BTreeMap<Channel, u8>", into = "BTreeMap<Channel, u8>")]
pub struct ChannelMix(pub(super) [u8; Channel::ALL.len()]);

impl ChannelMix {
    /// Makes a mix of percentages given in the order of [`Channel::ALL`].
    ///
    /// # Errors
    /// [`Error::MixSum`] unless they sum to 100.
    pub fn new(percents: [u8; Channel::ALL.len()]) -> Result<Self, Error> {
        match percents.iter().copied().map(u32::from).sum() {
            100 => Ok(ChannelMix(percents)),
            sum => Err(Error::MixSum { sum }),
        }
    }

    /// The percentage of one channel, 0 to 100.
    pub const fn percent(&self, channel: Channel) -> u8 {
        self.0[channel as usize]
    }
}

impl TryFrom<BTreeMap<Channel, u8>> for ChannelMix {
    type Error = Error;

    fn try_from(map: BTreeMap<Channel, u8>) -> Result<Self, Error> {
        ChannelMix::new(Channel::ALL.map(|channel| map.get(&channel).copied().unwrap_or(0)))
    }
}

impl From<ChannelMix> for BTreeMap<Channel, u8> {
    fn from(mix: ChannelMix) -> Self {
        Channel::ALL.into_iter().zip(mix.0).collect()
    }
}
