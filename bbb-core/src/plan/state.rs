//! State: the fifty states of the United States and the District of Columbia, and where each registers businesses.
//!
//! The addresses are those of the office that takes the filing, or of the state's own business portal. They could not be looked at for this edition, so
//! that they say that they are not verified; of three states another page could. Beside each stands the Small Business Administration's page, which leads to every state.

use serde::Serialize;

use super::link::Link;

/// A state, or the District of Columbia.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct State {
    /// Its two letters.
    pub code: &'static str,
    /// Its name.
    pub name: &'static str,
    #[serde(skip)]
    office: &'static str,
    #[serde(skip)]
    url: &'static str,
    /// Whether it has a sales tax of its own; where not, places or other taxes may take its part.
    #[serde(skip)]
    pub sales_tax: bool,
}

/// A text that names no state.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no US state: give two letters such as CA, a name such as California, or DC")]
pub struct Unknown(String);

const fn state(code: &'static str, name: &'static str, office: &'static str, url: &'static str, sales_tax: bool) -> State {
    State { code, name, office, url, sales_tax }
}

#[rustfmt::skip]
static STATES: [State; 51] = [
    state("AL", "Alabama", "Secretary of State", "https://www.sos.alabama.gov/business-entities", true),
    state("AK", "Alaska", "Division of Corporations, Business and Professional Licensing", "https://www.commerce.alaska.gov/web/cbpl/", false),
    state("AZ", "Arizona", "Corporation Commission", "https://ecorp.azcc.gov/", true),
    state("AR", "Arkansas", "Secretary of State", "https://www.sos.arkansas.gov/business-commercial-services-bcs", true),
    state("CA", "California", "Secretary of State", "https://bizfileonline.sos.ca.gov/", true),
    state("CO", "Colorado", "Secretary of State", "https://www.sos.state.co.us/", true),
    state("CT", "Connecticut", "Secretary of the State", "https://business.ct.gov/", true),
    state("DE", "Delaware", "Division of Corporations", "https://corp.delaware.gov/", false),
    state("DC", "District of Columbia", "Department of Licensing and Consumer Protection", "https://dlcp.dc.gov/", true),
    state("FL", "Florida", "Division of Corporations (Sunbiz)", "https://dos.fl.gov/sunbiz/", true),
    state("GA", "Georgia", "Secretary of State", "https://ecorp.sos.ga.gov/", true),
    state("HI", "Hawaii", "Business Registration Division", "https://cca.hawaii.gov/breg/", true),
    state("ID", "Idaho", "Secretary of State", "https://sosbiz.idaho.gov/", true),
    state("IL", "Illinois", "Secretary of State", "https://www.ilsos.gov/", true),
    state("IN", "Indiana", "Secretary of State (INBiz)", "https://inbiz.in.gov/", true),
    state("IA", "Iowa", "Secretary of State", "https://sos.iowa.gov/", true),
    state("KS", "Kansas", "Secretary of State", "https://www.sos.ks.gov/", true),
    state("KY", "Kentucky", "Secretary of State", "https://sos.ky.gov/", true),
    state("LA", "Louisiana", "Secretary of State", "https://www.sos.la.gov/", true),
    state("ME", "Maine", "Secretary of State", "https://www.maine.gov/sos/", true),
    state("MD", "Maryland", "Business Express", "https://egov.maryland.gov/businessexpress", true),
    state("MA", "Massachusetts", "Secretary of the Commonwealth", "https://www.sec.state.ma.us/", true),
    state("MI", "Michigan", "Department of Licensing and Regulatory Affairs", "https://www.michigan.gov/lara", true),
    state("MN", "Minnesota", "Secretary of State", "https://mblsportal.sos.mn.gov/", true),
    state("MS", "Mississippi", "Secretary of State", "https://www.sos.ms.gov/", true),
    state("MO", "Missouri", "Secretary of State", "https://bsd.sos.mo.gov/", true),
    state("MT", "Montana", "Secretary of State", "https://sosmt.gov/business/", false),
    state("NE", "Nebraska", "Secretary of State", "https://sos.nebraska.gov/", true),
    state("NV", "Nevada", "SilverFlume business portal", "https://www.nvsilverflume.gov/", true),
    state("NH", "New Hampshire", "Secretary of State", "https://www.sos.nh.gov/", false),
    state("NJ", "New Jersey", "Business.NJ.gov", "https://business.nj.gov/", true),
    state("NM", "New Mexico", "Secretary of State", "https://www.sos.nm.gov/", true),
    state("NY", "New York", "Department of State", "https://dos.ny.gov/", true),
    state("NC", "North Carolina", "Secretary of State", "https://www.sosnc.gov/", true),
    state("ND", "North Dakota", "Secretary of State (FirstStop)", "https://firststop.sos.nd.gov/", true),
    state("OH", "Ohio", "Secretary of State", "https://bsportal.ohiosos.gov/", true),
    state("OK", "Oklahoma", "Secretary of State", "https://www.sos.ok.gov/", true),
    state("OR", "Oregon", "Secretary of State", "https://sos.oregon.gov/business/", false),
    state("PA", "Pennsylvania", "Department of State", "https://file.dos.pa.gov/", true),
    state("RI", "Rhode Island", "Department of State", "https://www.sos.ri.gov/", true),
    state("SC", "South Carolina", "Secretary of State", "https://businessfilings.sc.gov/", true),
    state("SD", "South Dakota", "Secretary of State", "https://sdsos.gov/", true),
    state("TN", "Tennessee", "Secretary of State", "https://sos.tn.gov/", true),
    state("TX", "Texas", "Secretary of State", "https://www.sos.state.tx.us/corp/index.shtml", true),
    state("UT", "Utah", "Division of Corporations", "https://corporations.utah.gov/", true),
    state("VT", "Vermont", "Secretary of State", "https://bizfilings.vermont.gov/", true),
    state("VA", "Virginia", "State Corporation Commission", "https://cis.scc.virginia.gov/", true),
    state("WA", "Washington", "Secretary of State", "https://ccfs.sos.wa.gov/", true),
    state("WV", "West Virginia", "Secretary of State", "https://sos.wv.gov/", true),
    state("WI", "Wisconsin", "Department of Financial Institutions", "https://dfi.wi.gov/", true),
    state("WY", "Wyoming", "Secretary of State", "https://wyobiz.wyo.gov/", true),
];

/// What else the District of Columbia is called.
const DISTRICT: [&str; 3] = ["washington dc", "washington, dc", "washington d.c."];

/// All of them, by name.
pub fn all() -> &'static [State] {
    &STATES
}

/// The state of these two letters or of this name, whatever the case; blanks around and between words do not count.
///
/// # Errors
/// [`Unknown`] where there is none.
pub fn find(text: &str) -> Result<&'static State, Unknown> {
    let wanted = text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    let wanted = if DISTRICT.contains(&wanted.as_str()) { "dc" } else { &wanted };
    let is = |state: &&State| state.code.to_lowercase() == wanted || state.name.to_lowercase() == wanted;
    STATES.iter().find(is).ok_or_else(|| Unknown(text.trim().chars().take(40).collect()))
}

impl State {
    /// Where it registers businesses.
    pub fn registration(&self) -> Link {
        Link { title: format!("{}: {}", self.name, self.office).into(), ..Link::unseen("", self.url, self.name) }
    }

    /// A page of its own that tells more, where one was seen.
    pub(super) fn more(&self) -> Option<Link> {
        let (title, url) = match self.code {
            "CA" => ("California: forms and fees of business entities", "https://www.sos.ca.gov/business-programs/business-entities/forms"),
            "DE" => ("Delaware: questions on corporations", "http://corp.delaware.gov/faqs.shtml"),
            "FL" => ("Florida: questions on business entities", "https://dos.fl.gov/sunbiz/about-us/faqs"),
            _ => return None,
        };
        Some(Link::stored(title, url, self.name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_states_and_the_district_are_found_by_letters_and_name() {
        assert_eq!(all().len(), 51);
        assert!(all().is_sorted_by_key(|state| state.name));
        for state in all() {
            assert_eq!((state.code.len(), find(state.code), find(&state.code.to_lowercase())), (2, Ok(state), Ok(state)));
            assert_eq!(find(&format!("  {} ", state.name.to_uppercase().replace(' ', "  "))), Ok(state));
            let link = state.registration();
            assert!(link.url.starts_with("https://") && link.standing() == "not verified" && link.title.starts_with(state.name));
            let host = link.url.split('/').nth(2).expect("a host");
            assert!(host.ends_with(".gov") || host.ends_with(".us"), "{host}");
        }
        let codes: std::collections::BTreeSet<&str> = all().iter().map(|state| state.code).collect();
        let urls: std::collections::BTreeSet<&str> = all().iter().map(|state| state.url).collect();
        assert_eq!((codes.len(), urls.len()), (51, 51));
        assert_eq!(find("Washington DC").map(|state| state.code), Ok("DC"));
        assert_eq!(all().iter().filter(|state| !state.sales_tax).count(), 5);
    }

    #[test]
    fn what_is_no_state_is_named() {
        for text in ["", "ZZ", "PR", "Californ", "Washington D"] {
            assert!(find(text).is_err_and(|error| error.to_string().contains(&format!("{text:?} is no US state"))), "{text}");
        }
        assert!(find(&"x".repeat(10_000)).is_err_and(|error| error.to_string().len() < 200));
    }
}
