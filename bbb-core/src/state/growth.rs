//! Growth: the allotment that holds, and what the weeks before brought under theirs.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::blueprint::Channel;
use crate::decide::growth::Allotment;
use crate::fork;
use crate::money::Cents;
use crate::state::trade::ChannelResult;

/// The most weeks that are remembered; older ones stay in the journal.
pub const MAX_WEEKS: usize = 26;

/// A week that is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Week {
    /// What was allotted to it.
    pub allotment: Allotment,
    /// What each channel brought in it, in the order of [`crate::blueprint::Channel::ALL`].
    pub channels: [ChannelResult; 6],
}

/// The allotment that holds, and the weeks before.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Growth {
    /// What holds; nothing before the first.
    pub allotment: Option<Allotment>,
    /// What the channels had brought when it was made.
    since: [ChannelResult; 6],
    /// The weeks that are over, oldest first, at most [`MAX_WEEKS`].
    pub weeks: Vec<Week>,
    /// Allotments ever made.
    pub allotted: u32,
    /// On which day the one that holds was made.
    pub day: u32,
    /// The price that the owner set, which strategies keep.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owners_price: Option<Cents>,
    /// What channels get of what is allotted to them, in percent; of the others all.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub channels_percent: BTreeMap<Channel, u16>,
}

impl Growth {
    /// From now on every allotment has this price, that which holds included.
    pub(super) fn keep_price(&mut self, price: Cents) {
        self.owners_price = Some(price);
        if let Some(allotment) = &mut self.allotment {
            allotment.price = price;
        }
    }

    /// From now on channels get so many percent of what they got. The allotment that holds is the first to which that applies.
    pub(super) fn scale(&mut self, channels: &BTreeMap<Channel, u16>) {
        self.allotment = self.allotment.take().map(|allotment| fork::scale(allotment, channels));
        for (channel, percent) in channels {
            let before = self.channels_percent.get(channel).copied().unwrap_or(100);
            let product = u32::from(before) * u32::from(*percent) / 100;
            self.channels_percent.insert(*channel, u16::try_from(product).unwrap_or(u16::MAX).min(fork::MAX_CHANNEL_PERCENT));
        }
    }

    pub(super) fn allot(&mut self, allotment: Allotment, day: u32, channels: &[ChannelResult; 6]) {
        if let Some(ended) = self.allotment.replace(allotment) {
            let brought = std::array::from_fn(|index| channels[index].since(&self.since[index]));
            self.weeks.push(Week { allotment: ended, channels: brought });
            if self.weeks.len() > MAX_WEEKS {
                self.weeks.remove(0);
            }
        }
        self.since = *channels;
        (self.allotted, self.day) = (self.allotted + 1, day);
    }
}
