//! `bbb journal export`: writes a journal to a file that can be verified without a store.

use std::fs::OpenOptions;
use std::io::{BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use bbb_core::id::BusinessId;
use bbb_core::journal::chain::Record;
use bbb_core::journal::export;
use clap::Args;
use serde_json::json;

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
        let (records, head) = access.journal(id)?;
        match &self.output {
            None => {
                let mut text = Vec::new();
                export::write(&mut text, id, &records)?;
                screen.print(&String::from_utf8_lossy(&text))
            }
            Some(path) => {
                write(path, id, &records)?;
                let object = json!({ "business_id": id, "file": path, "events": head.sequence, "head": head.hash.to_string() });
                let text = format!("wrote {} events of {id} to {}\nhead {}", head.sequence, path.display(), head.hash);
                screen.result(&object, &text)
            }
        }
    }
}

fn write(path: &Path, id: BusinessId, records: &[Record]) -> Result<(), Fault> {
    let named = |error: &std::io::Error| Fault::file(path.display(), error);
    // Never over another file: an export is evidence.
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => Fault::refused(format!("{} is already there; an export does not overwrite files", path.display())),
        _ => named(&error),
    })?;
    let mut out = BufWriter::new(file);
    export::write(&mut out, id, records)?;
    out.flush().and_then(|()| out.get_ref().sync_all()).map_err(|error| named(&error))
}
