//! `bbb charter diff`: which reviews of a journal would have ended otherwise under another charter.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use bbb_core::id::BusinessId;
use bbb_core::oversight::charter::Charter;
use bbb_core::oversight::recheck::{Rechecked, recheck};
use bbb_core::oversight::verdict::{Ruling, Verdict};
use bbb_core::seal::{DerivedKeys, Vault};
use bbb_core::spec::Spec;
use clap::Args;
use serde_json::{Value, json};

use super::list::of_business;
use crate::charter::charter_of;
use crate::cli::Common;
use crate::cli::access::{Access, decode};
use crate::cli::journal::from_file;
use crate::cli::screen::Screen;
use crate::data_dir::DataDir;
use crate::fault::Fault;
use crate::keys::{FileKeys, OwnerKey};
use crate::service::recheck::{launched, unreadable};

/// The charter without an owner's policies.
const SHIPPED: &str = "shipped";

#[derive(Debug, Args)]
pub(in crate::cli) struct Diff {
    /// A charter: shipped, a Cedar file, a pack such as pack:cautious, or a business
    a: String,
    /// Another one
    b: String,
    /// Whose reviews are made again: a business, or an exported journal
    #[arg(long, value_name = "BUSINESS OR FILE")]
    journal: String,
}

impl Diff {
    pub(in crate::cli) fn run(self, common: &Common, screen: &mut Screen) -> Result<(), Fault> {
        let (a, b) = (charter(common, &self.a)?, charter(common, &self.b)?);
        let (id, all) = match self.journal.parse::<BusinessId>() {
            // Whoever holds the directory makes them: a business that runs has its keys open.
            Ok(id) => (id, Access::open(common)?.recheck(id, [&a, &b].map(|charter| charter.owner_text().to_owned()).to_vec())?),
            Err(_) => of_file(common, Path::new(&self.journal), &[&a, &b])?,
        };
        let rows: Vec<Row<'_>> = all.iter().filter_map(Row::of).collect();
        let unknown: Vec<&Rechecked> = all.iter().filter(|review| review.now.is_err()).collect();
        let changed: Vec<&Row<'_>> = rows.iter().filter(|row| row.differs()).collect();
        let object = json!({
            "business_id": id,
            "a": { "charter": self.a, "digest": a.digest() },
            "b": { "charter": self.b, "digest": b.digest() },
            "reviews": all.len(),
            "as_recorded": { "a": rows.iter().filter(|row| row.a == row.then).count(), "b": rows.iter().filter(|row| row.b == row.then).count() },
            "changed": changed.iter().map(|row| row.json()).collect::<Vec<_>>(),
            "unknown": unknown.iter().map(|review| unknown_json(review)).collect::<Vec<_>>(),
        });
        screen.result(&object, &self.text(all.len(), &changed, &unknown))
    }

    fn text(&self, reviews: usize, changed: &[&Row<'_>], unknown: &[&Rechecked]) -> String {
        let mut out = String::new();
        // Writing to a string cannot fail.
        for row in changed {
            let Rechecked { sequence, proposal, kind, .. } = row.review;
            let _ = writeln!(out, "{sequence:>7}  {proposal}  {kind}: {} -> {}", row.a.ruling.as_str(), row.b.ruling.as_str());
            let _ = writeln!(out, "         A: {}\n         B: {}", row.a, row.b);
        }
        for review in unknown {
            let reason = review.now.as_ref().err().map_or("", String::as_str);
            let _ = writeln!(out, "{:>7}  {}  {}: cannot be judged again: {reason}", review.sequence, review.proposal, review.kind);
        }
        let mut moves: BTreeMap<(Ruling, Ruling), usize> = BTreeMap::new();
        for row in changed {
            *moves.entry((row.a.ruling, row.b.ruling)).or_default() += 1;
        }
        let moves: Vec<String> = moves.iter().map(|((a, b), count)| format!("{count} from {} to {}", a.as_str(), b.as_str())).collect();
        let moves = if moves.is_empty() { String::new() } else { format!(": {}", moves.join(", ")) };
        let _ = write!(out, "{} of {reviews} reviews differ between A ({}) and B ({}){moves}", changed.len(), self.a, self.b);
        if !unknown.is_empty() {
            let _ = write!(out, "; {} could not be judged again", unknown.len());
        }
        out
    }
}

/// A review that could be made again.
struct Row<'a> {
    review: &'a Rechecked,
    then: &'a Verdict,
    a: &'a Verdict,
    b: &'a Verdict,
}

impl<'a> Row<'a> {
    fn of(review: &'a Rechecked) -> Option<Row<'a>> {
        let [a, b] = review.now.as_ref().ok()?.as_slice() else { return None };
        Some(Row { review, then: &review.then, a, b })
    }

    /// Whether the ruling is another one, or other rules decide against it. Who permits an approval is no difference.
    fn differs(&self) -> bool {
        self.a.ruling != self.b.ruling || (self.a.ruling != Ruling::Approve && self.a.rules != self.b.rules)
    }

    fn json(&self) -> Value {
        let Rechecked { sequence, at, proposal, kind, then, .. } = self.review;
        json!({ "sequence": sequence, "at_ms": at.ms(), "proposal": proposal, "action": kind, "recorded": then, "a": self.a, "b": self.b })
    }
}

fn unknown_json(review: &Rechecked) -> Value {
    json!({ "sequence": review.sequence, "proposal": review.proposal, "action": review.kind, "reason": review.now.as_ref().err() })
}

/// The charter that a word of the command line names.
fn charter(common: &Common, word: &str) -> Result<Charter, Fault> {
    match (word, word.parse::<BusinessId>()) {
        (SHIPPED, _) => Ok(Charter::shipped().clone()),
        (_, Ok(id)) => of_business(common, id),
        (file, _) => charter_of(&[file]),
    }
}

/// The same reviews of an exported journal, with the keys of this directory.
fn of_file(common: &Common, file: &Path, charters: &[&Charter]) -> Result<(BusinessId, Vec<Rechecked>), Fault> {
    let journal = from_file(file)?;
    let (id, records) = (journal.id, journal.records);
    let events = decode(&records)?;
    let vault = vault(common, id, launched(id, &events)?).map_err(|fault| unreadable(id, &fault))?;
    Ok((id, recheck(id, &events, &vault, charters)?))
}

/// What opens the personal text of a journal: keys from the seed of a simulated business, otherwise its key file in this directory.
fn vault(common: &Common, id: BusinessId, spec: &Spec) -> Result<Vault, Fault> {
    if spec.world.is_simulated() {
        return Ok(Vault::new(std::sync::Arc::new(DerivedKeys::new(spec.seed))));
    }
    let data = DataDir::existing(&common.data)?;
    Ok(Vault::new(std::sync::Arc::new(FileKeys::find(data.path(), id, &OwnerKey::find(data.path())?)?)))
}
