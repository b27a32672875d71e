//! Invented names for invented people. Addresses are at `.example`, which nobody can own (RFC 2606).

use crate::draw::Draw;
use crate::event::Profile;

const FIRST_NAMES: [&str; 20] = [
    "Alda", "Bram", "Ciro", "Dilia", "Enno", "Fenja", "Gero", "Hanne", "Ilvo", "Jorun", "Kaia", "Lior", "Mirel", "Nilo", "Orla", "Pella",
    "Ravi", "Sanna", "Tamo", "Vesna",
];

const LAST_NAMES: [&str; 20] = [
    "Arden", "Birkett", "Calder", "Dunmore", "Elver", "Farrow", "Gale", "Holm", "Ingle", "Juniper", "Kestrel", "Larch", "Marrow", "Nettle",
    "Osier", "Penrose", "Quill", "Rowan", "Sable", "Thorne",
];

const COMPANY_WORDS: [&str; 16] = [
    "Amber", "Beacon", "Cobalt", "Delta", "Ember", "Fern", "Granite", "Harbor", "Indigo", "Jasper", "Lantern", "Meadow", "Northway",
    "Orchard", "Pebble", "Quarry",
];

const COMPANY_FORMS: [&str; 6] = ["Works", "Studio", "Group", "Supply", "Partners", "Labs"];

/// The profile of the lead with this ordinal.
pub(super) fn profile(draw: &mut Draw, ordinal: u32) -> Profile {
    let name = format!("{} {}", pick(draw, &FIRST_NAMES), pick(draw, &LAST_NAMES));
    let company = format!("{} {}", pick(draw, &COMPANY_WORDS), pick(draw, &COMPANY_FORMS));
    Profile { email: format!("lead-{ordinal:06}@mail.example"), name, company, note: String::new() }
}

fn pick(draw: &mut Draw, words: &[&'static str]) -> &'static str {
    let index = draw.below(u32::try_from(words.len()).unwrap_or(0));
    words.get(index as usize).copied().unwrap_or_default()
}
