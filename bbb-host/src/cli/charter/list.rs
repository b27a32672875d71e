//! `bbb charter list` and `bbb charter packs`: which policies there are.

use std::fmt::Write;

use bbb_core::id::BusinessId;
use bbb_core::oversight::charter::{Charter, PACKS};
use clap::Args;
use serde_json::{Value, json};

use super::{policy_json, policy_text};
use crate::charter::{Kept, charter_of};
use crate::cli::Common;
use crate::cli::access::Access;
use crate::cli::screen::Screen;
use crate::data_dir::DataDir;
use crate::fault::Fault;

#[derive(Debug, Args)]
pub(in crate::cli) struct List {
    /// The business; without one the shipped policies are listed
    business: Option<BusinessId>,
    /// Policies on top of the shipped ones: a Cedar file or a pack; may be given several times
    #[arg(long, value_name = "FILE.cedar", conflicts_with = "business")]
    charter: Vec<String>,
}

impl List {
    pub(in crate::cli) fn run(self, common: &Common, screen: &mut Screen) -> Result<(), Fault> {
        let charter = match self.business {
            Some(id) => of_business(common, id)?,
            None => charter_of(&self.charter)?,
        };
        let policies: Vec<Value> = charter.policies().map(|info| policy_json(&info)).collect();
        let object = json!({ "business_id": self.business, "digest": charter.digest(), "policies": policies });
        let text: String = charter.policies().map(|info| policy_text(&info)).collect();
        screen.result(&object, &text)
    }
}

/// The charter that a business is under, from its journal and its directory.
pub(super) fn of_business(common: &Common, id: BusinessId) -> Result<Charter, Fault> {
    let digest = Access::open(common)?.now(id)?.state.spec.versions.charter.clone();
    Kept::of(&DataDir::existing(&common.data)?, id).charter(&digest)
}

/// Prints the packs.
pub(super) fn packs(screen: &mut Screen) -> Result<(), Fault> {
    let (mut rows, mut text) = (Vec::new(), String::new());
    for pack in &PACKS {
        let charter = Charter::with_owner_policies(pack.name, pack.text)?;
        let own: Vec<_> = charter.policies().filter(|info| info.owners).collect();
        rows.push(json!({
            "name": pack.name,
            "says": pack.says(),
            "policies": own.iter().map(policy_json).collect::<Vec<_>>(),
            "text": pack.text,
        }));
        // Writing to a string cannot fail.
        let _ = writeln!(text, "pack:{}  {}", pack.name, pack.says());
        for info in own {
            let _ = writeln!(text, "    {} ({}): {}", info.id, super::does(&info), info.sentence);
        }
    }
    text.push_str("\nAdd one to a business: bbb launch --charter pack:cautious, or bbb charter put ID pack:cautious\n");
    screen.result(&json!({ "packs": rows }), &text)
}
