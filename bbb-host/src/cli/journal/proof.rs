//! `bbb journal prove` and `bbb journal check-proof`: one event, shown without the journal.

use std::path::PathBuf;

use bbb_core::id::BusinessId;
use bbb_core::journal::proof::{self, MAX_PROOF_BYTES};
use bbb_core::projection::timeline::line;
use clap::Args;
use serde_json::json;

use super::{public_key, read_text, write_new};
use crate::checkpoints::of_checkpoint;
use crate::cli::Common;
use crate::cli::access::Access;
use crate::cli::screen::Screen;
use crate::fault::{Fault, Kind};

#[derive(Debug, Args)]
pub(in crate::cli) struct Prove {
    /// The business
    business: BusinessId,
    /// The event's number, as bbb journal show prints it
    #[arg(value_parser = clap::value_parser!(u64).range(1..), value_name = "EVENT")]
    sequence: u64,
    /// Write the proof to this new file instead of standard output
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct CheckProof {
    /// The proof
    file: PathBuf,
    /// The owner's public key: 64 hex digits, or a file with them
    #[arg(long, value_name = "HEX|FILE")]
    key: String,
}

fn of_proof(error: proof::Error) -> Fault {
    match error {
        proof::Error::Checkpoint(error) => of_checkpoint(error),
        error => Fault::new(Kind::Corrupted, error.to_string()),
    }
}

impl Prove {
    pub(in crate::cli) fn run(self, common: &Common, screen: &mut Screen) -> Result<(), Fault> {
        let access = Access::open(common)?;
        let (id, sequence) = (self.business, self.sequence);
        let end = access.row(id)?.events;
        if sequence > end {
            return Err(Fault::not_found(format!("the journal of {id} ends at event {end}: there is no event {sequence}")));
        }
        let covering = |access: &Access| -> Result<_, Fault> {
            let signed = access.signed(id)?;
            Ok(signed.filter(|signed| signed.checkpoints.last().is_some_and(|newest| newest.head().sequence >= sequence)))
        };
        let signed = match covering(&access)? {
            Some(signed) => signed,
            None => {
                access.checkpoint(id)?;
                covering(&access)?.ok_or_else(|| Fault::failed(format!("event {sequence} of {id} could not be signed")))?
            }
        };
        let Some(newest) = signed.checkpoints.last() else { return Err(Fault::failed("there is no checkpoint")) };
        let (records, _) = access.journal(id)?;
        let proof = proof::Proof::of(&signed.keys, *newest, &records, sequence).map_err(of_proof)?;
        let text = proof.to_text().map_err(of_proof)? + "\n";
        let Some(path) = &self.out else { return screen.print(&text) };
        write_new(path, "a proof", text.as_bytes())?;
        let (covered, nodes) = (newest.head().sequence, proof.path.len());
        let object = json!({ "business_id": id, "event": sequence, "file": path, "bytes": text.len(), "covered": covered, "path": nodes });
        let said = format!(
            "wrote the proof of event {sequence} of {id} to {}: {} bytes, {nodes} nodes for {covered} events",
            path.display(),
            text.len()
        );
        screen.result(&object, &said)
    }
}

impl CheckProof {
    pub(in crate::cli) fn run(self, screen: &mut Screen) -> Result<(), Fault> {
        let trusted = public_key(&self.key)?;
        let named = |fault: Fault| Fault::new(fault.kind, format!("{}: {}", self.file.display(), fault.message));
        let text = read_text(&self.file, MAX_PROOF_BYTES)?;
        let proof = proof::Proof::from_text(&text)
            .and_then(|proof| proof.check(&trusted).map(|()| proof))
            .map_err(|error| named(of_proof(error)))?;
        let event = proof.record.decode().map_err(|error| named(error.into()))?;
        let checkpoint = &proof.checkpoint;
        let (id, covered, at) = (checkpoint.business(), checkpoint.head().sequence, checkpoint.at());
        let payload = serde_json::to_value(&event.payload).unwrap_or_default();
        let object = json!({
            "business_id": id,
            "event": { "sequence": event.sequence, "at": event.at.to_string(), "cause": event.cause, "payload": payload },
            "checkpoint": { "sequence": covered, "hash": checkpoint.head().hash.to_string(), "at": at.to_string(), "key": checkpoint.key().to_string() },
        });
        let text = format!(
            "{}\nis event {} of the {covered} events of {id} that {} signed at {at}",
            line(&event),
            event.sequence,
            checkpoint.key()
        );
        screen.result(&object, &text)
    }
}
