//! Forks: what is different in a copy of a simulated business from the event on at which it leaves the original.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::blueprint::Channel;
use crate::decide::growth::{Allotment, MAX_POSTS_A_WEEK, Strategy};
use crate::money::Cents;
use crate::oversight::charter::owners_part;

/// The most that a channel is multiplied by, in percent.
pub const MAX_CHANNEL_PERCENT: u16 = 1_000;
/// The highest price, in dollars.
pub const MAX_PRICE_USD: i64 = 1_000_000;
/// How many digits of a digest are shown.
const SHOWN_DIGITS: usize = 8;

/// What is different in a fork. What is absent goes on as it was.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// The price for new customers from the fork on; every strategy keeps it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<Cents>,
    /// By which rule growth is allotted, from the next allotment on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strategy: Option<Strategy>,
    /// What a channel gets of what the strategy allots to it, in percent, from the fork on. Nothing shuts it; a channel that gets nothing gets nothing of more, too.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub channels: BTreeMap<Channel, u16>,
    /// The digest of the charter that it goes on under.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub charter: Option<String>,
}

impl Change {
    /// Whether the fork goes on as the original did.
    pub fn is_nothing(&self) -> bool {
        *self == Change::default()
    }

    /// Checks that the figures are within their bounds.
    ///
    /// # Errors
    /// The rule that is broken.
    pub fn check(&self) -> Result<(), String> {
        match self.price {
            Some(price) if price <= Cents::ZERO => return Err("a price is more than 0".to_owned()),
            Some(price) if price > Cents::from_dollars(MAX_PRICE_USD) => return Err(format!("a price is at most {MAX_PRICE_USD} USD")),
            _ => {}
        }
        match self.channels.iter().find(|(_, percent)| **percent > MAX_CHANNEL_PERCENT) {
            Some((channel, percent)) => Err(format!("{channel} at {percent} percent: a channel gets at most {MAX_CHANNEL_PERCENT}")),
            None => Ok(()),
        }
    }
}

/// The names of what is different, as in `price 900.00, seo 0%`.
impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        parts.extend(self.price.map(|price| format!("price {price}")));
        parts.extend(self.strategy.as_ref().map(|strategy| format!("strategy {}", strategy.as_str())));
        parts.extend(self.channels.iter().map(|(channel, percent)| format!("{channel} {percent}%")));
        parts.extend(self.charter.as_ref().map(|charter| match owners_part(charter) {
            Some(owners) => format!("policies {}", owners.get(..SHOWN_DIGITS).unwrap_or(owners)),
            None => "no policies of its owner".to_owned(),
        }));
        if parts.is_empty() { f.write_str("no change") } else { f.write_str(&parts.join(", ")) }
    }
}

/// What of an allotment is left where channels get so many percent of it.
pub fn scale(mut allotment: Allotment, channels: &BTreeMap<Channel, u16>) -> Allotment {
    for (channel, percent) in channels {
        let index = *channel as usize;
        let posts = u32::from(allotment.posts[index]) * u32::from(*percent);
        allotment.posts[index] = u8::try_from((posts + 50) / 100).unwrap_or(u8::MAX).min(MAX_POSTS_A_WEEK);
        allotment.ads[index] = allotment.ads[index].percent(i64::from(*percent));
    }
    allotment
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_channel_gets_its_part_and_no_more_than_a_week_takes() {
        let channels = |percent| BTreeMap::from([(Channel::Seo, percent), (Channel::PaidSearch, percent)]);
        let before = Allotment {
            posts: [7, 7, 0, 0, 0, 0],
            post_cost: Cents::new(500),
            ads: [Cents::new(1000); 6],
            price: Cents::new(1),
            sells: true,
            later: None,
            line: 0,
        };
        for (percent, posts, ads) in [(0, 0, 0), (50, 4, 500), (100, 7, 1000), (150, 11, 1500), (1000, 11, 10_000)] {
            let after = scale(before.clone(), &channels(percent));
            assert_eq!((after.posts, after.ads[0], after.ads[3]), ([posts, 7, 0, 0, 0, 0], Cents::new(ads), Cents::new(ads)), "{percent}");
            assert_eq!((after.ads[1], after.post_cost), (before.ads[1], before.post_cost));
        }
    }

    #[test]
    fn a_change_says_what_it_is_and_which_bound_it_breaks() {
        let change = Change {
            price: Some(Cents::new(90_050)),
            strategy: Some(Strategy::Fixed),
            channels: BTreeMap::from([(Channel::Outbound, 0), (Channel::Seo, 200)]),
            charter: Some("0123456789".to_owned()),
        };
        assert_eq!(change.to_string(), "price 900.50, strategy fixed, seo 200%, outbound 0%, no policies of its owner");
        assert_eq!((change.check(), Change::default().to_string()), (Ok(()), "no change".to_owned()));
        let price = |cents| Change { price: Some(Cents::new(cents)), ..Change::default() }.check();
        assert_eq!(price(0), Err("a price is more than 0".to_owned()));
        assert_eq!(price(100_000_001), Err("a price is at most 1000000 USD".to_owned()));
        let dear = Change { channels: BTreeMap::from([(Channel::Seo, 1001)]), ..Change::default() };
        assert_eq!(dear.check(), Err("seo at 1001 percent: a channel gets at most 1000".to_owned()));
    }
}
