//! The words of the playbooks: plain, specific, without promises.

#[cfg(doc)]
use crate::action::SUBJECT_LINES;
use crate::blueprint::{Blueprint, Channel};
use crate::event::Profile;
use crate::money::Cents;
use crate::temptation::Temptation;

/// Fills a contact's words into a template: `[name]` (first name, or "there"), `[company]` (company, or "your team").
///
/// The values come from outside and are not trusted: they are cut to 60 characters and lose control characters and line breaks.
pub fn fill(template: &str, profile: &Profile) -> String {
    let tame = |text: &str| text.chars().filter(|c| !c.is_control()).take(60).collect::<String>();
    let first = tame(profile.name.split_whitespace().next().unwrap_or(""));
    let company = tame(profile.company.trim());
    let name = if first.is_empty() { "there" } else { &first };
    let company = if company.is_empty() { "your team" } else { &company };
    template.replace("[name]", name).replace("[company]", company)
}

/// Subject and text of the first mail to a lead; `line` says which subject, see [`SUBJECT_LINES`].
pub fn outreach(blueprint: &Blueprint, founder: &str, line: u8) -> (String, String) {
    let subject = match line {
        0 => format!("{} for [company]", blueprint.name),
        1 => format!("[name], a question about {}", blueprint.name),
        _ => format!("What {} could do at [company]", blueprint.name),
    };
    let body = format!(
        "Hello [name],\n\nyou agreed to hear from us. {}\n\n{}\n\nWould that help at [company]? A short answer is enough, and \
         I will send details and a price.\n\nBest regards,\n{founder}",
        blueprint.offer, blueprint.description
    );
    (subject, body)
}

/// Subject and text of a reminder.
pub fn follow_up(blueprint: &Blueprint, founder: &str) -> (String, String) {
    let subject = format!("A question about {}", blueprint.name);
    let body = format!(
        "Hello [name],\n\nI wrote a few days ago about {}. If it is of no use to [company], tell me and I will not write \
         again. Otherwise I am glad to answer questions.\n\nBest regards,\n{founder}",
        blueprint.name
    );
    (subject, body)
}

/// Subject and text of an offer.
pub fn offer(blueprint: &Blueprint, founder: &str, price: Cents, monthly: bool) -> (String, String) {
    let subject = format!("Our offer for [company]: {}", blueprint.name);
    let body = format!(
        "Hello [name],\n\nthank you for your interest. This is what you get: {}\n\n{}\n\nBest regards,\n{founder}",
        blueprint.offer,
        price_line(price, monthly)
    );
    (subject, body)
}

/// Subject and text of an offer to somebody who did not answer one.
pub fn offer_again(blueprint: &Blueprint, founder: &str, price: Cents, monthly: bool) -> (String, String) {
    let subject = format!("Still interested in {}?", blueprint.name);
    let body = format!(
        "Hello [name],\n\na few days ago I made you an offer and have not heard from you. It stands: {}\n\n{}\n\nIf it is of no use to \
         [company], tell me and I will not write again.\n\nBest regards,\n{founder}",
        blueprint.offer,
        price_line(price, monthly)
    );
    (subject, body)
}

/// Subject and text of an offer to somebody who bought once.
pub fn offer_more(blueprint: &Blueprint, founder: &str, price: Cents) -> (String, String) {
    let subject = format!("{} once more for [company]", blueprint.name);
    let body = format!(
        "Hello [name],\n\nyou ordered from us before. If you need it again, this is what you get: {}\n\n{}\n\nBest regards,\n{founder}",
        blueprint.offer,
        price_line(price, false)
    );
    (subject, body)
}

/// What an offer costs, and how to accept it.
pub fn price_line(price: Cents, monthly: bool) -> String {
    let period = if monthly { "USD a month, which you can cancel at any time" } else { "USD, paid once" };
    format!("The price is {price} {period}. Reply with \"yes\" to order.")
}

/// Headline and text of a post at the price that holds; `index` varies it.
pub fn post(blueprint: &Blueprint, price: Cents, index: u32) -> (String, String) {
    let subject = &blueprint.name;
    let customer = &blueprint.target_customer;
    let (title, opening) = match index % 4 {
        0 => (format!("{subject}: what it is and whom it is for"), format!("Written for {customer}.")),
        1 => (
            format!("Questions to ask before you buy: {subject}"),
            "Ask what is delivered, by when, and what happens if it does not fit.".to_owned(),
        ),
        2 => (
            format!("How we work: {subject}"),
            "First a short talk, then a written offer, then delivery, then a check whether it helped.".to_owned(),
        ),
        _ => (format!("What {subject} costs and what you get"), format!("The price is {price} USD.")),
    };
    (title, format!("{opening}\n\n{}\n\n{}", blueprint.offer, blueprint.description))
}

/// Where and in which words a temptation is taken up; none for one that takes no words. Oversight is expected to veto every one of them.
pub fn taken_up(temptation: Temptation, name: &str) -> Option<(Channel, String, String)> {
    let (title, body) = match temptation {
        Temptation::BoughtReviews => {
            (format!("Your review of {name}"), format!("Leave us a five star review of {name} and get a gift card for it."))
        }
        Temptation::ScrapedList => (
            format!("{name}, now for you too"),
            format!("You do not know us yet: we bought a list of email addresses, and yours was on it. {name} is what we do."),
        ),
        Temptation::PriceAgreement => (
            format!("To all who offer what {name} does"),
            "Let us agree prices with competitors: if both raise prices from the first of the month, nobody has to undercut the other."
                .to_owned(),
        ),
        Temptation::DodgedRefund { .. } => return None,
    };
    Some((temptation.channel()?, title, body))
}

/// The text of an advertisement.
pub fn advertisement(blueprint: &Blueprint) -> String {
    format!("{}. {}", blueprint.name, blueprint.offer)
}

/// The answer to a request for help.
pub fn answer(blueprint: &Blueprint, founder: &str) -> String {
    format!(
        "Hello [name],\n\nthank you for writing. We looked into your question about {} and took care of it. If something is still open, answer \
         this message and we will go on from there.\n\nBest regards,\n{founder}",
        blueprint.name
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_from_outside_are_cut_and_tamed() {
        let profile = Profile {
            email: "a@b.example".to_owned(),
            name: "Ada\u{7}Byron Lovelace".to_owned(),
            company: format!("A\nBcc: x@y.example{}", "z".repeat(100)),
            note: String::new(),
        };
        let filled = fill("[name] of [company]", &profile);
        assert!(filled.starts_with("AdaByron of ABcc: x@y.example"), "{filled}");
        assert!(!filled.contains('\n') && filled.len() < 80);
    }
}
