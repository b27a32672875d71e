//! `bbb report`: what a business came to, as a document.

use std::fs;
use std::path::PathBuf;

use bbb_core::id::BusinessId;
use clap::{Args, ValueEnum};
use serde_json::json;

use crate::cli::Common;
use crate::cli::access::{Access, decode};
use crate::cli::business::replay;
use crate::cli::screen::Screen;
use crate::fault::Fault;
use crate::report;

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
        if screen.is_json() && self.output.is_none() && !matches!(self.format, None | Some(Format::Json)) {
            return Err(Fault::usage("--json prints the report as JSON: leave --format away, or name a file with --output"));
        }
        let access = Access::open(common)?;
        let id = access.pick(self.business)?;
        let (records, head) = access.journal(id)?;
        let events = decode(&records)?;
        let state = replay(id, &events)?;
        let report = report::Report::gather(&state, &events, head);
        let format = self.format.or(screen.is_json().then_some(Format::Json));
        let document = match format {
            None => report::text(&report),
            Some(Format::Markdown) => report::markdown(&report),
            Some(Format::Html) => report::html(&report).map_err(|error| Fault::failed(error.to_string()))?,
            Some(Format::Json) => serde_json::to_string_pretty(&report::json(&report)).map_err(|error| Fault::failed(error.to_string()))? + "\n",
        };
        let Some(path) = &self.output else { return screen.print(&document) };
        fs::write(path, document).map_err(|error| Fault::file(path.display(), &error))?;
        let text = format!("wrote the report on {id} to {}", path.display());
        screen.result(&json!({ "business_id": id, "file": path }), &text)
    }
}
