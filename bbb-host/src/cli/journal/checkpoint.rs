//! `bbb journal checkpoint`: signs where a journal ends, to be kept elsewhere.

use std::path::PathBuf;

use bbb_core::id::BusinessId;
use clap::Args;
use serde_json::json;

use crate::cli::Common;
use crate::cli::access::Access;
use crate::cli::screen::Screen;
use crate::fault::Fault;

#[derive(Debug, Args)]
pub(in crate::cli) struct Checkpoint {
    /// The business; may be left out where there is only one
    business: Option<BusinessId>,
    /// Write it to this new file too, to be kept elsewhere
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
}

impl Checkpoint {
    pub(in crate::cli) fn run(self, common: &Common, screen: &mut Screen) -> Result<(), Fault> {
        let access = Access::open(common)?;
        let id = access.pick(self.business)?;
        let checkpoint = access.checkpoint(id)?;
        if let Some(path) = &self.out {
            super::write_new(path, "a checkpoint", (checkpoint.to_line() + "\n").as_bytes())?;
        }
        let (head, key) = (checkpoint.head(), checkpoint.key());
        let object = json!({ "business_id": id, "checkpoint": checkpoint, "file": self.out });
        let written = self.out.as_ref().map_or_else(String::new, |path| format!("\nwritten to {}", path.display()));
        let text = format!("{id}: {} events signed\nhead {}\nkey  {key}{written}", head.sequence, head.hash);
        screen.result(&object, &text)
    }
}
