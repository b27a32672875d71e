//! `bbb charter put` and `bbb charter get`: the policies that are kept with a business.

use std::slice;

use bbb_agents::handle::Command;
use bbb_core::id::BusinessId;
use clap::Args;
use serde_json::json;

use super::list::of_business;
use crate::charter::{all_for, charter_of_texts, read_all};
use crate::cli::Common;
use crate::cli::access::Access;
use crate::cli::screen::Screen;
use crate::fault::Fault;

#[derive(Debug, Args)]
pub(in crate::cli) struct Put {
    /// The business, which may be left out where there is only one; then Cedar files, or packs such as pack:cautious
    #[arg(value_name = "ID | FILE", required_unless_present = "none")]
    words: Vec<String>,
    /// The owner has no policies of their own any more
    #[arg(long)]
    none: bool,
}

impl Put {
    pub(in crate::cli) fn run(self, common: &Common, screen: &mut Screen) -> Result<(), Fault> {
        let id = self.words.first().and_then(|word| word.parse::<BusinessId>().ok());
        let files = &self.words[usize::from(id.is_some())..];
        if files.is_empty() != self.none {
            return Err(Fault::usage("name the files that are to hold from now on, or --none; not both"));
        }
        // Checked here, where the files' names are known.
        let texts = read_all(files)?;
        let charter = charter_of_texts(&texts)?;
        for text in &texts {
            // A text without policies, as a file that was cut off or never written, would take all of them away without a word.
            if charter_of_texts(slice::from_ref(text))?.policies().all(|info| !info.owners) {
                let name = &text.name;
                return Err(Fault::usage(format!(
                    "{name} has no policy; to take all of the owner's policies away, say --none and no file"
                )));
            }
        }
        let access = Access::open(common)?;
        let id = access.pick(id)?;
        all_for(&texts, &access.now(id)?.state.spec.blueprint.name)?;
        access.command(id, Command::SetCharter(charter.owner_text().to_owned()))?;
        let own: Vec<&str> = charter.policies().filter(|info| info.owners).map(|info| info.id).collect();
        let running = access.now(id)?.running;
        let when = if running { "from its next review on" } else { "when it is resumed" };
        let text = match own.as_slice() {
            [] => format!("{id} is under the shipped policies alone, {when}"),
            own => format!("{id} is under the shipped policies and {}, {when}", own.join(", ")),
        };
        screen.result(&json!({ "business_id": id, "digest": charter.digest(), "policies": own, "running": running }), &text)
    }
}

#[derive(Debug, Args)]
pub(in crate::cli) struct Get {
    /// The business; may be left out where there is only one
    business: Option<BusinessId>,
}

impl Get {
    pub(in crate::cli) fn run(self, common: &Common, screen: &mut Screen) -> Result<(), Fault> {
        let id = Access::open(common)?.pick(self.business)?;
        let charter = of_business(common, id)?;
        let own: Vec<&str> = charter.policies().filter(|info| info.owners).map(|info| info.id).collect();
        if charter.owner_text().is_empty() {
            screen.note(&format!("the owner of {id} added no policies"));
        }
        let object = json!({ "business_id": id, "digest": charter.digest(), "policies": own, "text": charter.owner_text() });
        match charter.owner_text() {
            "" if !screen.is_json() => Ok(()),
            text => screen.result(&object, text),
        }
    }
}
