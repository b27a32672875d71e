//! `bbb journal verify`: checks every hash, and that every event fits what came before it.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use bbb_core::id::BusinessId;
use bbb_core::journal::chain::{Head, Record};
use bbb_core::journal::export;
use clap::Args;
use serde_json::json;

use crate::cli::Common;
use crate::cli::access::{Access, decode};
use crate::cli::business::replay;
use crate::cli::screen::Screen;
use crate::fault::Fault;

#[derive(Debug, Args)]
pub(in crate::cli) struct Verify {
    /// A business, or an exported file; may be left out where there is only one business
    #[arg(value_name = "BUSINESS OR FILE")]
    what: Option<String>,
}

impl Verify {
    pub(in crate::cli) fn run(self, common: &Common, screen: &mut Screen) -> Result<(), Fault> {
        let id = self.what.as_deref().map(str::parse::<BusinessId>);
        let (id, records, head) = match (id, &self.what) {
            (Some(Ok(id)), _) => from_store(common, Some(id))?,
            (_, Some(file)) => from_file(Path::new(file))?,
            (_, None) => from_store(common, None)?,
        };
        let events = decode(&records)?;
        let state = replay_or_empty(id, &events)?;
        let object = json!({
            "business_id": id,
            "events": head.sequence,
            "head": head.hash.to_string(),
            "status": state,
        });
        screen.result(
            &object,
            &format!("{id}: {} events, every hash and every event fits\nhead {}\nstatus {state}", head.sequence, head.hash),
        )
    }
}

fn replay_or_empty(id: BusinessId, events: &[bbb_core::event::Event]) -> Result<&'static str, Fault> {
    match events {
        [] => Ok("empty"),
        events => Ok(replay(id, events)?.status.as_str()),
    }
}

pub(in crate::cli) fn from_store(common: &Common, id: Option<BusinessId>) -> Result<(BusinessId, Vec<Record>, Head), Fault> {
    let access = Access::open(common)?;
    let id = access.pick(id)?;
    let (records, head) = access.journal(id)?;
    Ok((id, records, head))
}

pub(in crate::cli) fn from_file(path: &Path) -> Result<(BusinessId, Vec<Record>, Head), Fault> {
    let file = File::open(path).map_err(|error| Fault::file(path.display(), &error))?;
    export::read(&mut BufReader::new(file)).map_err(|error| {
        let fault = Fault::from(error);
        Fault::new(fault.kind, format!("{}: {}", path.display(), fault.message))
    })
}
