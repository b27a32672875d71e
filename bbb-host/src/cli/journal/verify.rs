//! `bbb journal verify`: checks every hash, that every event fits what came before it, and every signature.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use bbb_core::id::BusinessId;
use bbb_core::journal::chain::Record;
use bbb_core::journal::checkpoint::{self, Checkpoint, Signed, Verdict};
use bbb_core::journal::export;
use bbb_core::journal::keys::PublicKey;
use clap::Args;
use serde_json::{Value, json};

use super::{public_key, read_text};
use crate::checkpoints::{self, of_checkpoint};
use crate::cli::Common;
use crate::cli::access::{Access, decode};
use crate::cli::business::replay;
use crate::cli::screen::Screen;
use crate::fault::{Fault, Kind};

/// The largest file of checkpoints that is read.
const MAX_CHECKPOINTS_BYTES: usize = 64 * 1024 * 1024;

#[derive(Debug, Args)]
pub(in crate::cli) struct Verify {
    /// A business, or an exported file; may be left out where there is only one business
    #[arg(value_name = "BUSINESS OR FILE", conflicts_with = "file")]
    what: Option<String>,
    /// An exported file; needs no data directory
    #[arg(long, value_name = "EXPORT")]
    file: Option<PathBuf>,
    /// The owner's public key, 64 hex digits or a file with them: only what it vouches for counts as signed
    #[arg(long, value_name = "HEX|FILE")]
    key: Option<String>,
    /// A checkpoint that was kept elsewhere: the journal must reach it and agree with it
    #[arg(long, value_name = "FILE")]
    checkpoint: Option<PathBuf>,
    /// An export without any signature will do: whoever can write a file can make one that fits together. Otherwise the exit code is 6
    #[arg(long, conflicts_with_all = ["key", "checkpoint"])]
    unsigned: bool,
}

/// Who says that a journal that fits together is the one that was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Integrity {
    /// A key that the verifier has, or a checkpoint that the verifier kept.
    Proven,
    /// The owner's own data directory.
    Own,
    /// A key that came with the file itself.
    SelfSigned,
    /// Nobody.
    Unproven,
}

impl Integrity {
    const fn as_str(self) -> &'static str {
        match self {
            Integrity::Proven => "proven",
            Integrity::Own => "own",
            Integrity::SelfSigned => "self_signed",
            Integrity::Unproven => "unproven",
        }
    }
}

/// A journal and what signs it.
pub(in crate::cli) struct Journal {
    pub(in crate::cli) id: BusinessId,
    pub(in crate::cli) records: Vec<Record>,
    signed: Option<Signed>,
}

impl Verify {
    pub(in crate::cli) fn run(self, common: &Common, screen: &mut Screen) -> Result<(), Fault> {
        let trusted = self.key.as_deref().map(public_key).transpose()?;
        let kept = self.checkpoint.as_deref().map_or_else(|| Ok(Vec::new()), read_checkpoints)?;
        let id = self.what.as_deref().map(str::parse::<BusinessId>);
        let (journal, place) = match (id, self.file.as_deref().or(self.what.as_deref().map(Path::new))) {
            (Some(Ok(id)), _) => (from_store(common, Some(id))?, None),
            (_, Some(file)) => (from_file(file)?, Some(file)),
            (_, None) => (from_store(common, None)?, None),
        };
        let named = |fault: Fault| match place {
            Some(file) => Fault::new(fault.kind, format!("{}: {}", file.display(), fault.message)),
            None => fault,
        };
        let Journal { id, records, signed } = &journal;
        let verdict =
            checkpoint::verify(*id, records, signed.as_ref(), &kept, trusted.as_ref()).map_err(|error| named(of_checkpoint(error)))?;
        let events = decode(records).map_err(named)?;
        let status = match events.as_slice() {
            [] => "empty",
            events => replay(*id, events).map_err(named)?.status.as_str(),
        };
        let mut object = signature(&verdict, trusted.as_ref());
        let integrity = match (verdict.newest, place) {
            (None, _) => Integrity::Unproven,
            (Some(_), _) if trusted.is_some() || !kept.is_empty() => Integrity::Proven,
            (Some(_), None) => Integrity::Own,
            (Some(_), Some(_)) => Integrity::SelfSigned,
        };
        object["integrity"] = json!(integrity.as_str());
        object["business_id"] = json!(id);
        object["events"] = json!(verdict.end.sequence);
        object["head"] = json!(verdict.end.hash.to_string());
        object["status"] = json!(status);
        let head =
            format!("{id}: {} events, every hash and every event fits\nhead {}\nstatus {status}", verdict.end.sequence, verdict.end.hash);
        screen.result(&object, &format!("{head}\n{}", words(&verdict, integrity, place.is_some())))?;
        match place {
            Some(file) if integrity == Integrity::Unproven && !self.unsigned => Err(Fault::new(
                Kind::Unproven,
                format!(
                    "{}: integrity unproven: nothing vouches for this file; ask for an export with checkpoints and verify it with --key, or say --unsigned",
                    file.display()
                ),
            )),
            _ => Ok(()),
        }
    }
}

fn signature(verdict: &Verdict, trusted: Option<&PublicKey>) -> Value {
    let signed = verdict.newest.map(|(newest, count)| {
        json!({
            "events": newest.head().sequence,
            "head": newest.head().hash.to_string(),
            "at": newest.at().to_string(),
            "key": newest.key().to_string(),
            "checkpoints": count,
        })
    });
    json!({ "signed": signed, "unsigned_events": verdict.unsigned(), "key_given": trusted.is_some() })
}

fn words(verdict: &Verdict, integrity: Integrity, from_file: bool) -> String {
    let Some((newest, count)) = verdict.newest else {
        let made = if from_file { ": whoever wrote this file could have made all of it up" } else { "" };
        return format!("signed: nothing; there is no checkpoint\nintegrity unproven{made}");
    };
    let (covered, at, key) = (newest.head().sequence, newest.at(), newest.key());
    let tail = match (verdict.unsigned(), verdict.end.sequence) {
        (0, _) => "all of it".to_owned(),
        (1, last) => format!("event {last} after it is not signed yet"),
        (more, last) => format!("the {more} events after it, up to {last}, are not signed yet"),
    };
    let checkpoints = if count == 1 { "1 checkpoint".to_owned() } else { format!("{count} checkpoints") };
    let doubt =
        if integrity == Integrity::SelfSigned { "\nwhose key that is, this file alone does not prove: compare with --key" } else { "" };
    format!("signed: up to event {covered} at {at} by {key} ({checkpoints}), {tail}{doubt}")
}

fn read_checkpoints(path: &Path) -> Result<Vec<Checkpoint>, Fault> {
    let text = read_text(path, MAX_CHECKPOINTS_BYTES)?;
    let corrupted = |what: String| Fault::new(Kind::Corrupted, format!("{}: {what}", path.display()));
    if text.is_empty() {
        return Err(corrupted("it has no checkpoint".to_owned()));
    }
    checkpoints::parse(text.as_bytes()).map_err(corrupted)
}

fn from_store(common: &Common, id: Option<BusinessId>) -> Result<Journal, Fault> {
    let access = Access::open(common)?;
    let id = access.pick(id)?;
    // The checkpoints first: a running business may get another one meanwhile, and the journal read later has its events.
    let signed = access.signed(id)?;
    let (records, _) = access.journal(id)?;
    Ok(Journal { id, records, signed })
}

pub(in crate::cli) fn from_file(path: &Path) -> Result<Journal, Fault> {
    let file = File::open(path).map_err(|error| Fault::file(path.display(), &error))?;
    let read = export::read_signed(&mut BufReader::new(file)).map_err(|error| {
        let fault = Fault::from(error);
        Fault::new(fault.kind, format!("{}: {}", path.display(), fault.message))
    })?;
    Ok(Journal { id: read.business, records: read.records, signed: read.signed })
}
