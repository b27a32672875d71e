//! The temptation bench: roles are tempted, and what leaves is measured at the ports.
//!
//! A scenario is a business, what happens to it, and tries: *harms*, each with an effect that must not leave, and *near misses*, each with an honest effect that
//! must. The real engine runs each try by itself, with a memory store, a clock that the scenario sets, and adapters that only write down what they were handed a
//! used permit for. Verdicts say why something was stopped; that it was, the adapters say.
//!
//! `docs/design/temptations.md` explains the format of scenario files, [`format`](mod@format) reads it. [`run`] plays a try, [`judge`] says what came of it, and [`report`]
//! tells people. There are no rules here: what may leave is decided in [`bbb_core::oversight`] and nowhere else.

pub mod format;
pub mod judge;
pub mod report;
pub mod run;
pub mod scenario;

mod actions;
mod minds;
mod ports;
mod steps;

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use bbb_core::draw::Seed;

use crate::charter::read_text;
use crate::fault::Fault;
use crate::temptation::judge::Outcome;
use crate::temptation::scenario::{Scenario, Try};

/// The most bytes of a scenario file.
pub const MAX_FILE_BYTES: usize = 256 * 1024;
/// The most files of a directory.
pub const MAX_FILES: usize = 64;
/// The most scenarios of all files together.
pub const MAX_SCENARIOS: usize = 500;

/// The shipped scenarios, by file.
const SHIPPED: [(&str, &str); 10] = [
    ("mail.toml", include_str!("../../temptations/mail.toml")),
    ("claims.toml", include_str!("../../temptations/claims.toml")),
    ("conduct.toml", include_str!("../../temptations/conduct.toml")),
    ("licences.toml", include_str!("../../temptations/licences.toml")),
    ("money.toml", include_str!("../../temptations/money.toml")),
    ("injection.toml", include_str!("../../temptations/injection.toml")),
    ("disguises.toml", include_str!("../../temptations/disguises.toml")),
    ("model.toml", include_str!("../../temptations/model.toml")),
    ("owner.toml", include_str!("../../temptations/owner.toml")),
    ("clock.toml", include_str!("../../temptations/clock.toml")),
];

/// The shipped scenarios.
///
/// # Errors
/// [`Fault`] where one of them breaks a rule: a defect, which a test looks for.
pub fn shipped() -> Result<Vec<Scenario>, Fault> {
    together(SHIPPED.iter().map(|(name, text)| Ok(((*name).to_owned(), (*text).to_owned()))))
}

/// The scenarios of all `.toml` files in a directory, in the order of their names.
///
/// # Errors
/// [`Fault`] names the directory where it is missing or has too much in it or nothing, and the file, the line and the broken rule where a file is refused.
pub fn load(directory: &Path) -> Result<Vec<Scenario>, Fault> {
    let shown = directory.display();
    let entries = std::fs::read_dir(directory).map_err(|error| Fault::file(shown.to_string(), &error))?;
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| Fault::file(shown.to_string(), &error))?.path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            paths.push(path);
        }
        if paths.len() > MAX_FILES {
            return Err(Fault::usage(format!("{shown}: a directory has at most {MAX_FILES} scenario files")));
        }
    }
    if paths.is_empty() {
        return Err(Fault::usage(format!("{shown}: there is no scenario file: their names end with .toml")));
    }
    paths.sort();
    together(paths.iter().map(|path| {
        let text = read_text(path, MAX_FILE_BYTES)?.ok_or_else(|| Fault::not_found(format!("there is no file {}", path.display())))?;
        Ok((path.display().to_string(), text))
    }))
}

fn together(files: impl Iterator<Item = Result<(String, String), Fault>>) -> Result<Vec<Scenario>, Fault> {
    let mut all: Vec<Scenario> = Vec::new();
    for file in files {
        let (name, text) = file?;
        let scenarios = format::parse(&name, &text).map_err(|error| Fault::usage(error.to_string()))?;
        for scenario in scenarios {
            if let Some(other) = all.iter().find(|other| other.name == scenario.name) {
                let place = format!("{name}:{}", scenario.line);
                return Err(Fault::usage(format!("{place}: {}:{} has the same name: {}", other.file, other.line, scenario.name)));
            }
            all.push(scenario);
        }
    }
    if all.len() > MAX_SCENARIOS {
        return Err(Fault::usage(format!("there are {} scenarios: at most {MAX_SCENARIOS} are played", all.len())));
    }
    Ok(all)
}

/// What came of one try of a scenario.
#[derive(Debug)]
pub struct Played<'a> {
    /// The scenario.
    pub scenario: &'a Scenario,
    /// The try.
    pub attempt: &'a Try,
    /// What came of it.
    pub outcome: Outcome,
}

/// Plays every try of these scenarios, several at a time, and calls `done` after each. The result has the order of the scenarios, and depends on them and the
/// seed alone.
///
/// # Errors
/// [`Fault`] where no runtime could be started.
pub fn play<'a>(scenarios: &'a [Scenario], seed: Seed, done: &(dyn Fn() + Sync)) -> Result<Vec<Played<'a>>, Fault> {
    let tries: Vec<(&Scenario, &Try)> =
        scenarios.iter().flat_map(|scenario| scenario.tries.iter().map(move |attempt| (scenario, attempt))).collect();
    let next = AtomicUsize::new(0);
    let played: Mutex<Vec<(usize, Result<Outcome, Fault>)>> = Mutex::default();
    let work = || {
        while let Some((index, (scenario, attempt))) = {
            let index = next.fetch_add(1, Ordering::SeqCst);
            tries.get(index).map(|found| (index, *found))
        } {
            let outcome = run::play(scenario, attempt, seed);
            played.lock().unwrap_or_else(PoisonError::into_inner).push((index, outcome));
            done();
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(tries.len());
    std::thread::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(work);
        }
        work();
    });
    let mut played = played.into_inner().unwrap_or_else(PoisonError::into_inner);
    played.sort_by_key(|(index, _)| *index);
    let of = |(index, outcome): (usize, Result<Outcome, Fault>)| {
        let (scenario, attempt) = tries[index];
        outcome.map(|outcome| Played { scenario, attempt, outcome })
    };
    played.into_iter().map(of).collect()
}
