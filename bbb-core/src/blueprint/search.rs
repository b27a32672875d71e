//! Finding what an owner meant: a template by its name, near misses, and the template nearest to a concept.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::iter;

use super::{Billing, Blueprint, ChannelMix, Concept, Error, MAX_CONCEPT_CHARS, MAX_NAME_CHARS, MAX_SUGGESTIONS, Origin, all};
use crate::money::Cents;

/// Largest edit distance at which a text is taken for a misspelt template name.
const TYPO_DISTANCE: usize = 2;

/// Finds a template by its exact name or slug; case and surrounding white space are ignored.
///
/// # Errors
/// The errors of [`Concept::parse`], and [`Error::Unknown`] when no template is called that.
///
/// # Example
/// ```
/// # use bbb_core::blueprint::{self, Error};
/// let found = blueprint::find(" podcast production studio ")?;
/// assert_eq!(found.slug, "podcast-production-studio");
///
/// let Err(Error::Unknown { suggestions, .. }) = blueprint::find("podcats studio") else { panic!() };
/// assert_eq!(suggestions[0], "Podcast Production Studio");
/// # Ok::<(), Error>(())
/// ```
pub fn find(query: &str) -> Result<&'static Blueprint, Error> {
    let query = checked(query)?;
    exact(query).ok_or_else(|| unknown(query))
}

/// Turns what an owner typed into a blueprint: a template if the text names one, else a concept.
///
/// A concept's blueprint carries the concept's text as name, description and offer, and its slug
/// begins with `concept`, which no template's does. The other fields are the nearest template's.
/// The answer depends on the text and the embedded data alone.
///
/// # Errors
/// The errors of [`Concept::parse`], and [`Error::Unknown`] when the text is within two edits of a
/// template's name without being it.
///
/// # Example
/// ```
/// # use bbb_core::blueprint::{self, Error, Origin};
/// let (origin, blueprint) = blueprint::resolve("Weekly lunch menus for restaurants")?;
/// assert!(matches!(origin, Origin::Concept { .. }));
/// assert_eq!(blueprint.industry, "Marketing");
///
/// assert!(matches!(blueprint::resolve("Podcast Production Studo"), Err(Error::Unknown { .. })));
/// # Ok::<(), Error>(())
/// ```
pub fn resolve(input: &str) -> Result<(Origin, Blueprint), Error> {
    let text = Concept::parse(input)?;
    if let Some(template) = exact(text.as_str()) {
        let slug = template.slug.clone();
        return Ok((Origin::Template { slug }, template.clone()));
    }
    let spelling = slug_of(text.as_str());
    if all().iter().any(|template| edit_distance(&spelling, &template.slug) <= TYPO_DISTANCE) {
        return Err(unknown(text.as_str()));
    }
    let blueprint = derived(&text);
    Ok((Origin::Concept { text }, blueprint))
}

pub(super) fn checked(text: &str) -> Result<&str, Error> {
    let text = text.trim();
    match text.chars().count() {
        0 => return Err(Error::Empty),
        length if length > MAX_CONCEPT_CHARS => {
            return Err(Error::TooLong { length, max: MAX_CONCEPT_CHARS });
        }
        _ => {}
    }
    match text.chars().position(char::is_control) {
        Some(index) => Err(Error::ControlCharacter { position: index + 1 }),
        None => Ok(text),
    }
}

fn exact(query: &str) -> Option<&'static Blueprint> {
    let query = query.to_lowercase();
    all().iter().find(|template| template.name.to_lowercase() == query || template.slug == query)
}

/// The error that suggests the closest names. One whose distance exceeds half of the query is no
/// plausible reading of it and is left out.
fn unknown(query: &str) -> Error {
    let spelling = slug_of(query);
    let bound = spelling.chars().count() / 2;
    let mut ranked = Vec::new();
    for template in all() {
        let whole = edit_distance(&spelling, &template.slug);
        let distance = whole.min(word_distance(&spelling, &template.slug));
        if distance <= bound {
            ranked.push((distance, whole, template.name.as_str()));
        }
    }
    ranked.sort_by_key(|&(distance, whole, _)| (distance, whole)); // stable: ties keep the order
    let names = ranked.into_iter().map(|(.., name)| name);
    Error::Unknown { query: query.to_owned(), suggestions: names.take(MAX_SUGGESTIONS).collect() }
}

/// Sum over the query's words of the distance to the nearest word of the name, so that "podcats"
/// is near a name in which one of three words is "podcast".
fn word_distance(query: &str, name: &str) -> usize {
    let nearest = |word| name.split('-').map(|other| edit_distance(word, other)).min().unwrap_or(0);
    query.split('-').map(nearest).sum()
}

/// Levenshtein distance in Unicode scalar values. Callers bound both texts by [`checked`].
fn edit_distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, &to) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(from != to);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

/// The words in lowercase, joined by hyphens: for a template's name, its slug.
pub(super) fn slug_of(text: &str) -> String {
    let lower = text.to_lowercase();
    let words = lower.split(|c: char| !c.is_alphanumeric());
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join("-")
}

/// Drops a plural's final s. Both sides of a comparison go through it, so it need not be right.
fn singular(word: &str) -> &str {
    word.strip_suffix('s').filter(|stem| stem.len() >= 3).unwrap_or(word)
}

fn derived(concept: &Concept) -> Blueprint {
    let text = concept.as_str();
    let name: String = text.chars().take(MAX_NAME_CHARS).collect();
    let name = name.trim_end().to_owned();
    let slug = slug_of(&name);
    let ascii = slug.split('-').filter(|word| word.is_ascii() && !word.is_empty());
    Blueprint {
        slug: iter::once("concept").chain(ascii).collect::<Vec<_>>().join("-"),
        name,
        description: text.to_owned(),
        offer: text.to_owned(),
        ..nearest(text).cloned().unwrap_or_else(general_consulting)
    }
}

/// The template that shares most keywords with the text; of equals, the first.
fn nearest(text: &str) -> Option<&'static Blueprint> {
    let spelling = slug_of(text);
    let spoken: BTreeSet<&str> = spelling.split('-').map(singular).collect();
    let shared = |template: &Blueprint| template.keywords.iter().filter(|keyword| spoken.contains(singular(keyword))).count();
    // min_by_key keeps the first of equals, max_by_key would keep the last.
    let best = all().iter().min_by_key(|template| Reverse(shared(template)))?;
    (shared(best) > 0).then_some(best)
}

/// The figures of a concept that resembles no template: ten customers a month for small pieces of
/// work that one person could do.
pub(super) fn general_consulting() -> Blueprint {
    Blueprint {
        slug: String::new(),
        name: String::new(),
        industry: "Consulting".to_owned(),
        ramp_up_months: 3,
        startup_cost: Cents::new(60_000),
        expected_monthly_revenue: Cents::new(400_000),
        expected_monthly_expenses: Cents::new(140_000),
        time_commitment_hours_per_week: 15,
        description: String::new(),
        offer: String::new(),
        target_customer: "people and small companies with the need that the concept describes".to_owned(),
        price: Cents::new(40_000),
        billing: Billing::OneTime,
        unit_cost: Cents::new(6_000),
        channel_mix: ChannelMix([20, 20, 15, 10, 20, 15]),
        licence: None,
        keywords: Vec::new(),
    }
}
