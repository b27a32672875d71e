//! What the words of a business say that it is: one that nobody may run with this software, or one that needs a licence.
//!
//! A thing in a table counts wherever it stands, except in the words of those who work against it, next to it: "counterfeit detection", "protection
//! against malware", "never sells stolen goods". Like all content checks this knows words and not meaning.

mod around;
mod licensed;
mod prohibited;
#[cfg(test)]
mod tests;

use std::sync::LazyLock;

use self::around::{is_dealt_in, is_plied};
use self::licensed::LICENSED;
use self::prohibited::PROHIBITED;
use super::language::is_foreign;
use super::normal::{Normal, Word, fold};
use super::own::OwnWords;
use super::phrases::{Index, Match};
use crate::blueprint::{self, Origin};
use crate::spec::Spec;

static PROHIBITED_INDEX: LazyLock<Index> = LazyLock::new(|| Index::of(PROHIBITED.iter().map(|(_, patterns)| *patterns)));
static LICENSED_INDEX: LazyLock<Index> = LazyLock::new(|| Index::of(LICENSED.iter().map(|(_, patterns)| *patterns)));

/// What a business deals in that nobody may deal in, by its own words; none where they name nothing of the kind.
///
/// Disguises do not help: look-alike letters, digits for letters, points or blanks between letters.
pub fn prohibited(spec: &Spec) -> Option<&'static str> {
    Words::of(spec).prohibited()
}

/// The licences that a business needs by its own words; the templates name theirs in their blueprints.
pub fn licences(spec: &Spec) -> Vec<&'static str> {
    Words::of(spec).licences()
}

/// What the owner's words for a business say. It is the same for all reviews under one spec, and so is read once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Business {
    /// The [licences](Spec::licences) that it needs.
    pub licences: Vec<String>,
    /// See [`prohibited`].
    pub prohibited: Option<&'static str>,
    /// Whether they are in a language that is not read here, so that nobody knows what the business deals in.
    pub unread: bool,
    /// The words themselves, as a text of the business may repeat them: see `own`.
    pub(super) own_words: OwnWords,
}

impl Business {
    /// Reads the owner's words.
    pub fn of(spec: &Spec) -> Business {
        let words = Words::of(spec);
        let licences = spec.blueprint.licence.as_deref().into_iter().chain(words.licences()).map(str::to_owned).collect();
        Business { licences, prohibited: words.prohibited(), unread: words.are_unread(), own_words: OwnWords::of(spec) }
    }
}

/// The owner's words for what the business is, made comparable; none for a template as it is.
struct Words(Vec<Normal>);

impl Words {
    fn of(spec: &Spec) -> Words {
        if is_curated(spec) {
            return Words(Vec::new());
        }
        Words(texts(spec).into_iter().map(Normal::of).collect())
    }

    /// See [`prohibited`].
    fn prohibited(&self) -> Option<&'static str> {
        let group = self.0.iter().find_map(|plain| {
            let disguised = ['i', 'l'].map(|one| Normal::of(&fold(&plain.text, one)));
            let mut readings = vec![plain];
            for reading in &disguised {
                if readings.iter().all(|known| known.text != reading.text) {
                    readings.push(reading);
                }
            }
            readings.into_iter().find_map(|normal| first(&PROHIBITED_INDEX, normal, is_dealt_in))
        })?;
        Some(PROHIBITED[group].0)
    }

    /// See [`licences`].
    fn licences(&self) -> Vec<&'static str> {
        let mut named = Vec::new();
        for normal in &self.0 {
            let words = normal.words();
            let found = LICENSED_INDEX.find(normal, &words).into_iter().filter(|found| is_plied(found, normal, &words));
            named.extend(found.map(|found| found.group));
        }
        named.sort_unstable();
        named.dedup();
        named.into_iter().map(|group| LICENSED[group].0).collect()
    }

    /// See [`Business::unread`].
    fn are_unread(&self) -> bool {
        self.0.iter().any(|normal| is_foreign(&normal.words()))
    }
}

/// Whether the blueprint is one of the templates as they are, whose words somebody has read.
fn is_curated(spec: &Spec) -> bool {
    matches!(spec.origin, Origin::Template { .. }) && blueprint::all().contains(&spec.blueprint)
}

/// The owner's words for what the business is, each once.
fn texts(spec: &Spec) -> Vec<&str> {
    let blueprint = &spec.blueprint;
    let concept = match &spec.origin {
        Origin::Concept { text } => text.as_str(),
        Origin::Template { .. } => "",
    };
    let mut texts: Vec<&str> = Vec::new();
    for text in [concept, &blueprint.description, &blueprint.offer, &blueprint.name] {
        // A concept's name is the start of its text, and its offer and description are all of it.
        if !texts.iter().any(|known| known.starts_with(text)) {
            texts.push(text);
        }
    }
    texts
}

fn first(index: &Index, normal: &Normal, counts: fn(&Match, &Normal, &[Word<'_>]) -> bool) -> Option<usize> {
    let words = normal.words();
    index.find(normal, &words).into_iter().find(|found| counts(found, normal, &words)).map(|found| found.group)
}
