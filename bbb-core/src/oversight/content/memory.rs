//! What the checks said of texts: a post, an offer or a subject is often the same, word for word, as one that was checked before.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::Hit;
use super::context::{Context, Setting};

/// The most texts that are remembered; then all of them are forgotten.
const MAX_TEXTS: usize = 1024;

/// Everything that decides what the checks say, where they do not ask who reads the text. Spec and business are those of the memory.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Asked {
    field: &'static str,
    text: String,
    setting: Setting,
}

/// What the checks said of texts of one business, under one spec.
#[derive(Debug, Default)]
pub struct Memory(Mutex<HashMap<Asked, Vec<Hit>>>);

impl Memory {
    /// What the checks say of a text: `check` is called where it is not known.
    pub(super) fn recall(&self, context: &Context<'_>, field: &'static str, text: &str, check: impl FnOnce() -> Vec<Hit>) -> Vec<Hit> {
        let asked = Asked { field, text: text.to_owned(), setting: context.setting };
        if let Some(hits) = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&asked) {
            return hits.clone();
        }
        let hits = check();
        if !context.depends_on_reader() {
            let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if known.len() >= MAX_TEXTS {
                known.clear();
            }
            known.insert(asked, hits.clone());
        }
        hits
    }
}
