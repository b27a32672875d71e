//! Licence: who grants what a blueprint needs, and where to ask.

use super::link::{Link, PERMITS};
use super::state::State;
use crate::blueprint::{self, Blueprint};

/// Who grants a licence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Grantor {
    Federal,
    State,
    Local,
}

const HIPAA: Link = Link::unseen(
    "HIPAA for professionals",
    "https://www.hhs.gov/hipaa/for-professionals/index.html",
    "U.S. Department of Health and Human Services",
);
const PTIN: Link = Link::unseen(
    "PTIN requirements for tax return preparers",
    "https://www.irs.gov/tax-professionals/ptin-requirements-for-tax-return-preparers",
    "Internal Revenue Service",
);
const FOOD: Link = Link::unseen("Food", "https://www.fda.gov/food", "U.S. Food and Drug Administration");
const ANIMAL: Link = Link::unseen("Animal and veterinary", "https://www.fda.gov/animal-veterinary", "U.S. Food and Drug Administration");
const SECURITIES: Link = Link::unseen(
    "Resources for small businesses",
    "https://www.sec.gov/resources-small-businesses",
    "U.S. Securities and Exchange Commission",
);
const CARRIER: Link =
    Link::stored("Registration of motor carriers", "https://www.fmcsa.dot.gov/registration", "Federal Motor Carrier Safety Administration");

/// Who grants a template's licence, and where more is told beside the states' own pages.
static KNOWN: [(&str, &[Grantor], Option<Link>); 14] = [
    ("remote-notary-collective", &[Grantor::State], None),
    ("grant-writing-consultancy", &[Grantor::State], None),
    ("sustainable-office-snack-boxes", &[Grantor::Federal, Grantor::State, Grantor::Local], Some(FOOD)),
    ("premium-pet-supplement-brand", &[Grantor::Federal, Grantor::State], Some(ANIMAL)),
    ("tax-prep-for-creators", &[Grantor::Federal, Grantor::State], Some(PTIN)),
    ("real-estate-syndication-platform", &[Grantor::Federal, Grantor::State], Some(SECURITIES)),
    ("telemedicine-platform-for-mental-health", &[Grantor::Federal, Grantor::State], Some(HIPAA)),
    ("medical-billing-services-for-chiropractors", &[Grantor::Federal, Grantor::State], Some(HIPAA)),
    ("last-mile-delivery-network", &[Grantor::Federal, Grantor::State], Some(CARRIER)),
    ("vacation-rental-management", &[Grantor::State, Grantor::Local], None),
    ("co-working-space-operator", &[Grantor::Local], None),
    ("mobile-car-detailing", &[Grantor::Local], None),
    ("smart-home-installation-service", &[Grantor::State, Grantor::Local], None),
    ("junk-removal-donation-coordination", &[Grantor::State, Grantor::Local], None),
];

/// What is known of a blueprint's licence. A concept has that of the template nearest to it.
fn known(blueprint: &Blueprint) -> Option<&'static (&'static str, &'static [Grantor], Option<Link>)> {
    let licence = blueprint.licence.as_ref()?;
    let template = blueprint::all().iter().find(|template| template.licence.as_ref() == Some(licence))?;
    KNOWN.iter().find(|(slug, ..)| *slug == template.slug)
}

/// Who grants the licence that a blueprint needs, for people; none where none is known to be needed.
pub fn granted_by(blueprint: &Blueprint, state: Option<&State>) -> Option<String> {
    let (_, grantors, _) = known(blueprint)?;
    let name = |grantor: &Grantor| match (grantor, state) {
        (Grantor::Federal, _) => "federal law".to_owned(),
        (Grantor::State, Some(state)) => state.name.to_owned(),
        (Grantor::State, None) => "each state for itself".to_owned(),
        (Grantor::Local, _) => "the city or county".to_owned(),
    };
    let names: Vec<String> = grantors.iter().map(name).collect();
    let listed = match &names[..] {
        [one] => one.clone(),
        [many @ .., last] => format!("{} and {last}", many.join(", ")),
        [] => return None,
    };
    let only = match state {
        Some(state) if grantors.contains(&Grantor::State) => format!("; what another state granted does not count in {}", state.name),
        _ => String::new(),
    };
    Some(format!("that is regulated by {listed}{only}"))
}

/// Where to ask about a blueprint's licence.
pub(super) fn links(blueprint: &Blueprint, state: Option<&'static State>) -> Vec<Link> {
    let (grantors, link) = known(blueprint).map_or((&[][..], None), |(_, grantors, link)| (*grantors, link.clone()));
    let of_state = state.filter(|_| grantors.contains(&Grantor::State)).map(State::registration);
    link.into_iter().chain(of_state).chain([PERMITS]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::state;

    #[test]
    fn every_licence_of_a_template_has_somebody_who_grants_it() {
        for template in blueprint::all() {
            assert_eq!(granted_by(template, None).is_some(), template.licence.is_some(), "{}", template.name);
        }
        for (slug, grantors, _) in &KNOWN {
            assert!(!grantors.is_empty() && blueprint::find(slug).is_ok_and(|template| template.licence.is_some()), "{slug}");
        }
    }

    #[test]
    fn the_state_is_named_where_it_grants() {
        let ohio = state::find("OH").expect("a state");
        let told = |slug, state| granted_by(blueprint::find(slug).expect("a template"), state).expect("a licence");
        assert_eq!(
            told("remote-notary-collective", Some(ohio)),
            "that is regulated by Ohio; what another state granted does not count in Ohio"
        );
        assert_eq!(told("tax-prep-for-creators", None), "that is regulated by federal law and each state for itself");
        assert_eq!(told("mobile-car-detailing", Some(ohio)), "that is regulated by the city or county");
        let links = links(blueprint::find("tax-prep-for-creators").expect("a template"), Some(ohio));
        assert_eq!(links.iter().map(|link| link.source).collect::<Vec<_>>()[1], "Ohio");
    }
}
