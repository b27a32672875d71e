//! Checklist: seven steps that a founder in the United States takes before the business opens, each with how to know that it is done and where to go.
//!
//! It says what to find out and where, and is no legal or tax advice. Which steps a business needs depends on its form, its trade and its place.

use serde::Serialize;

use super::licence;
use super::link::{BANK, EIN, INSURANCE, Link, PERMITS, REGISTER, STATE_SITES, STRUCTURE};
use super::state::State;
use crate::blueprint::Blueprint;

/// One step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    /// Which one, from 1.
    pub number: u32,
    /// What to do, in a few words.
    pub title: &'static str,
    /// What that means here.
    pub what: String,
    /// By when.
    pub when: &'static str,
    /// How to know that it is done.
    pub done_when: &'static str,
    /// Where to go.
    pub links: Vec<Link>,
}

const FIRST: &str = "first";
const BEFORE_OPENING: &str = "before opening";

/// The seven steps for this blueprint, in the order in which one needs the other.
pub fn steps(blueprint: &Blueprint, state: Option<&'static State>) -> [Step; 7] {
    let registration = state.map(State::registration);
    let place = state.map_or("your state", |state| state.name);
    let step = |number, title, what: String, when, done_when, links: Vec<Link>| Step { number, title, what, when, done_when, links };
    [
        step(
            1,
            "Choose a legal form and register it",
            format!(
                "Decide between a sole proprietorship and a company such as an LLC, and file with {place}. Who trades alone under their own \
                 name may not have to file.{}",
                if state.is_none() { " Say your state (--state) to be shown its office." } else { "" }
            ),
            FIRST,
            "you hold the state's confirmation, or its page says that your form need not file",
            registration.iter().cloned().chain(state.and_then(State::more)).chain([REGISTER, STRUCTURE]).collect(),
        ),
        step(
            2,
            "Get an EIN",
            "The federal tax number of the business. It is free at the IRS itself; whoever takes money for it is somebody else.".to_owned(),
            "after step 1",
            "you hold the IRS's confirmation letter with the number",
            vec![EIN],
        ),
        step(
            3,
            "Open a business bank account",
            "Keep the business's money apart from yours from the first payment on. Banks ask for the papers of steps 1 and 2.".to_owned(),
            "after step 2",
            "the account is open in the business's name, and the opening budget is on it",
            vec![BANK],
        ),
        trade(blueprint, state),
        step(
            5,
            "Register for sales tax and other state taxes",
            sales_tax(blueprint, state),
            "before the first taxable sale",
            "you hold the permit, or the tax office's page says that what you sell is not taxed",
            vec![STATE_SITES],
        ),
        step(
            6,
            "Ask your city and county",
            "Many want a general business licence, and zoning may limit working from home, signs, parking or storage.".to_owned(),
            BEFORE_OPENING,
            "you hold the local permits, or have it in writing that none are needed",
            vec![PERMITS],
        ),
        step(
            7,
            "Insure the business",
            format!("General liability at least; professional liability where advice or work can do harm{}.", cover(blueprint)),
            "before the first customer",
            "the policy is in force, and its yearly cost is within the planned expenses",
            vec![INSURANCE],
        ),
    ]
}

/// The licence of the trade.
fn trade(blueprint: &Blueprint, state: Option<&'static State>) -> Step {
    let what = match (&blueprint.licence, licence::granted_by(blueprint, state)) {
        (Some(licence), Some(by)) => format!("Needed here: {licence}; {by}."),
        (Some(licence), None) => format!("Needed here: {licence}."),
        (None, _) => {
            "None is known to be needed for this trade, which is no advice that none is: look for your trade on these pages.".to_owned()
        }
    };
    Step {
        number: 4,
        title: "Get the licences of the trade",
        what,
        when: BEFORE_OPENING,
        done_when: "you hold each licence, or an official page says that your trade needs none",
        links: licence::links(blueprint, state),
    }
}

fn sales_tax(blueprint: &Blueprint, state: Option<&State>) -> String {
    let sells = if blueprint.industry == "Ecommerce" {
        "You sell goods, which most states tax, also when they are sent into a state from another."
    } else {
        "You sell services or access, which states treat differently: find out whether yours are taxed."
    };
    let place = match state {
        Some(state) if state.sales_tax => format!("{} has a sales tax; its tax office is reached from this page.", state.name),
        Some(state) => {
            format!("{} has no sales tax of the state; its other business taxes, and taxes of places, may still apply.", state.name)
        }
        None => "Your state's tax office is reached from this page.".to_owned(),
    };
    format!("{sells} {place}")
}

/// What else this trade insures.
fn cover(blueprint: &Blueprint) -> &'static str {
    let drives = ["delivery", "vehicle", "hauling", "mobile"];
    let says = |word: &&str| blueprint.licence.as_ref().is_some_and(|licence| licence.contains(*word));
    match blueprint.industry.as_str() {
        _ if drives.iter().any(says) => "; commercial vehicles, since the work is done on the road",
        "Ecommerce" => "; product liability, since goods are sold",
        "Technology" | "Healthcare" | "Finance" => "; cyber liability, since customers' data is held",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blueprint;
    use crate::plan::state;

    #[test]
    fn every_template_in_every_state_has_seven_steps_with_links_that_say_where_they_stand() {
        for template in blueprint::all() {
            for state in state::all().iter().map(Some).chain([None]) {
                let steps = steps(template, state);
                assert!(steps.iter().map(|step| step.number).eq(1..=7));
                for step in &steps {
                    assert!(!step.what.is_empty() && !step.done_when.is_empty() && !step.links.is_empty());
                    for link in &step.links {
                        assert!(link.url.starts_with("http") && !link.source.is_empty() && !link.standing().is_empty());
                    }
                }
                let registers = steps[0].links.iter().any(|link| state.is_some_and(|state| link.source == state.name));
                assert_eq!(registers, state.is_some());
                assert!(steps[0].links.iter().any(|link| link.source.contains("Small Business Administration")));
                assert_eq!(steps[3].what.starts_with("Needed here: "), template.licence.is_some());
            }
        }
    }

    #[test]
    fn only_a_page_that_was_seen_is_called_checked() {
        let seen = |code: &str| {
            let all = steps(&blueprint::all()[0], state::find(code).ok());
            all.iter().flat_map(|step| &step.links).filter(|link| link.standing() != "not verified").count()
        };
        assert_eq!(["DE", "CA", "FL", "TX"].map(seen), [1, 1, 1, 0]);
        let taxed = |code: &str| steps(&blueprint::all()[0], state::find(code).ok())[4].what.contains("no sales tax");
        assert!(taxed("OR") && !taxed("CA"));
    }
}
