//! `bbb journal export`: writes a journal to a file that can be verified without a store.

use std::path::PathBuf;

use bbb_core::id::BusinessId;
use bbb_core::journal::export;
use clap::Args;
use serde_json::json;

use super::write_new;
use crate::cli::Common;
use crate::cli::access::Access;
use crate::cli::screen::Screen;
use crate::fault::Fault;

#[derive(Debug, Args)]
pub(in crate::cli) struct Export {
    /// The business; may be left out where there is only one
    business: Option<BusinessId>,
    /// Write it to this new file instead of standard output
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

impl Export {
    pub(in crate::cli) fn run(self, common: &Common, screen: &mut Screen) -> Result<(), Fault> {
        if screen.is_json() && self.output.is_none() {
            return Err(Fault::usage("an export is many JSON objects, one a line: name a file with --output to use --json"));
        }
        let access = Access::open(common)?;
        let id = access.pick(self.business)?;
        // The checkpoints first: a running business may get another one meanwhile, and the journal read later has its events.
        let signed = access.signed(id)?;
        let (records, head) = access.journal(id)?;
        let mut bytes = Vec::new();
        match &signed {
            Some(signed) => export::write_signed(&mut bytes, id, &records, signed)?,
            None => export::write(&mut bytes, id, &records)?,
        }
        let Some(path) = &self.output else { return screen.print(&String::from_utf8_lossy(&bytes)) };
        write_new(path, "an export", &bytes)?;
        let covered = signed.and_then(|signed| Some(signed.checkpoints.last()?.head().sequence)).unwrap_or(0);
        let object =
            json!({ "business_id": id, "file": path, "events": head.sequence, "signed_events": covered, "head": head.hash.to_string() });
        let text = format!("wrote {} events of {id} to {}, {covered} of them signed\nhead {}", head.sequence, path.display(), head.hash);
        screen.result(&object, &text)
    }
}
