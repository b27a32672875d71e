//! `bbb journal`: reads, checks, signs, proves and exports journals.

mod checkpoint;
mod export;
mod keys;
mod proof;
mod show;
mod verify;

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use bbb_core::journal::keys::{KeyList, PublicKey};
use clap::Subcommand;

pub(in crate::cli) use self::verify::from_file;

use crate::cli::Common;
use crate::cli::screen::Screen;
use crate::fault::{Fault, Kind};

#[derive(Debug, Subcommand)]
pub(super) enum Journal {
    /// Print events, one line each
    Show(show::Show),
    /// Check every hash, event and signature of a journal, or of an exported file
    Verify(verify::Verify),
    /// Write a journal to a file that can be verified without this data directory
    Export(export::Export),
    /// Sign where a journal ends now; keep a copy elsewhere, so that a shortened journal is noticed
    Checkpoint(checkpoint::Checkpoint),
    /// Prove that one event is in a journal, for someone who does not get the journal
    Prove(proof::Prove),
    /// Check such a proof, without the journal
    CheckProof(proof::CheckProof),
    /// Print the public key that journals are verified with
    Key(keys::Key),
    /// Replace the signing key; the old one signs the new one, and what it signed stays verifiable
    RotateKey(keys::RotateKey),
}

impl Journal {
    pub(super) fn run(self, common: &Common, screen: &mut Screen) -> Result<(), Fault> {
        match self {
            Journal::Show(show) => show.run(common, screen),
            Journal::Verify(verify) => verify.run(common, screen),
            Journal::Export(export) => export.run(common, screen),
            Journal::Checkpoint(checkpoint) => checkpoint.run(common, screen),
            Journal::Prove(prove) => prove.run(common, screen),
            Journal::CheckProof(check) => check.run(screen),
            Journal::Key(key) => key.run(common, screen),
            Journal::RotateKey(rotate) => rotate.run(common, screen),
        }
    }
}

/// Writes a new file, and never over another: it is evidence.
fn write_new(path: &Path, what: &str, bytes: &[u8]) -> Result<(), Fault> {
    let named = |error: &std::io::Error| Fault::file(path.display(), error);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => {
            Fault::refused(format!("{} is already there; {what} does not overwrite files", path.display()))
        }
        _ => named(&error),
    })?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(|error| named(&error))
}

/// Reads a file of text that is no longer than `longest`.
fn read_text(path: &Path, longest: usize) -> Result<String, Fault> {
    let named = |error: &std::io::Error| Fault::file(path.display(), error);
    let file = fs::File::open(path).map_err(|error| named(&error))?;
    let mut bytes = Vec::new();
    std::io::Read::read_to_end(&mut std::io::Read::take(file, longest as u64 + 1), &mut bytes).map_err(|error| named(&error))?;
    let corrupted = |what: String| Fault::new(Kind::Corrupted, format!("{}: {what}", path.display()));
    if bytes.len() > longest {
        return Err(corrupted(format!("it is over {longest} bytes")));
    }
    String::from_utf8(bytes).map_err(|_| corrupted("it is not UTF-8".to_owned()))
}

/// A public key from the command line: 64 hex digits, or a file with them or with a list of keys, whose newest one is meant.
fn public_key(text: &str) -> Result<PublicKey, Fault> {
    if text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        let key = PublicKey::from_hex(&text.to_ascii_lowercase());
        return key.ok_or_else(|| Fault::usage(format!("--key: {text} is not an Ed25519 public key")));
    }
    let content = read_text(Path::new(text), bbb_core::journal::keys::MAX_KEYS_BYTES)?;
    let content = content.trim();
    let list = KeyList::from_text(content).ok().map(|keys| *keys.current());
    list.or_else(|| PublicKey::from_hex(&content.to_ascii_lowercase()))
        .ok_or_else(|| Fault::usage(format!("--key: {text} has neither 64 hex digits of a public key nor a list of keys")))
}
