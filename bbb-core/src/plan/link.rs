//! Link: a page of somebody official, where it was taken from, and whether anybody has looked.
//!
//! Pages move. A link is called checked only where its page itself was seen, with the day; all others say that they are not verified.

use std::borrow::Cow;

use serde::{Serialize, Serializer, ser::SerializeStruct};

/// Whether a page was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Checked {
    /// Nobody has looked for this edition.
    NotVerified,
    /// It was seen.
    Seen {
        /// On which day, as `2026-11-26`.
        on: &'static str,
        /// How.
        how: &'static str,
    },
}

/// A page of somebody official.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// What it is about.
    pub title: Cow<'static, str>,
    /// Its address.
    pub url: &'static str,
    /// Who publishes it.
    pub source: &'static str,
    /// Whether it was seen.
    pub checked: Checked,
}

impl Link {
    /// A link that nobody has looked at.
    pub(super) const fn unseen(title: &'static str, url: &'static str, source: &'static str) -> Link {
        Link { title: Cow::Borrowed(title), url, source, checked: Checked::NotVerified }
    }

    /// A link whose page was seen in a stored copy.
    pub(super) const fn stored(title: &'static str, url: &'static str, source: &'static str) -> Link {
        Link { title: Cow::Borrowed(title), url, source, checked: STORED }
    }

    /// Whether it was seen, for people: `not verified`, or the day and how.
    pub fn standing(&self) -> String {
        match self.checked {
            Checked::NotVerified => "not verified".to_owned(),
            Checked::Seen { on, how } => format!("checked {on}: {how}"),
        }
    }
}

impl Serialize for Link {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_struct("Link", 5)?;
        out.serialize_field("title", &self.title)?;
        out.serialize_field("url", self.url)?;
        out.serialize_field("source", self.source)?;
        out.serialize_field("verified", &matches!(self.checked, Checked::Seen { .. }))?;
        out.serialize_field("checked", &self.standing())?;
        out.end()
    }
}

/// Seen for this edition, where no page of today could be.
const STORED: Checked = Checked::Seen { on: "2026-11-26", how: "a stored copy of the page, of unknown age" };

const SBA: &str = "U.S. Small Business Administration";
const IRS: &str = "Internal Revenue Service";

/// How to register a business, with a choice of states.
pub(super) const REGISTER: Link =
    Link::unseen("Register your business", "https://www.sba.gov/business-guide/launch-your-business/register-your-business", SBA);
/// How to choose a legal form.
pub(super) const STRUCTURE: Link =
    Link::unseen("Choose a business structure", "https://www.sba.gov/business-guide/launch-your-business/choose-business-structure", SBA);
/// The employer identification number.
pub(super) const EIN: Link = Link::unseen(
    "Get an employer identification number",
    "https://www.irs.gov/businesses/small-businesses-self-employed/get-an-employer-identification-number",
    IRS,
);
/// Business accounts.
pub(super) const BANK: Link =
    Link::unseen("Open a business bank account", "https://www.sba.gov/business-guide/launch-your-business/open-business-bank-account", SBA);
/// Licences and permits of the federation, states and places.
pub(super) const PERMITS: Link =
    Link::unseen("Apply for licenses and permits", "https://www.sba.gov/business-guide/launch-your-business/apply-licenses-permits", SBA);
/// Insurance.
pub(super) const INSURANCE: Link =
    Link::unseen("Get business insurance", "https://www.sba.gov/business-guide/launch-your-business/get-business-insurance", SBA);
/// The states' own pages for businesses, taxes among them.
pub(super) const STATE_SITES: Link = Link::unseen(
    "State government websites",
    "https://www.irs.gov/businesses/small-businesses-self-employed/state-government-websites",
    IRS,
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_says_whether_it_was_seen() {
        let json = serde_json::to_value(&EIN).expect("plain");
        assert_eq!((json["verified"].as_bool(), json["checked"].as_str()), (Some(false), Some("not verified")));
        let seen = Link { checked: Checked::Seen { on: "2026-11-26", how: "a stored copy" }, ..EIN };
        assert_eq!(seen.standing(), "checked 2026-11-26: a stored copy");
        assert_eq!(serde_json::to_value(&seen).expect("plain")["verified"].as_bool(), Some(true));
    }
}
