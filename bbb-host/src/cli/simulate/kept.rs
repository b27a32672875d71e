//! The file in which outcomes are kept, a JSON object a line, so that a simulation goes on where it stopped.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use crate::fault::Fault;
use crate::simulate::outcome::Outcome;

/// A file of outcomes.
pub(super) struct Kept {
    path: PathBuf,
    file: File,
    pub(super) known: Vec<Outcome>,
}

impl Kept {
    /// Opens or makes the file, and reads what is there. A last line without an end was being written when a run was stopped: it is cut off.
    pub(super) fn open(path: &Path) -> Result<Kept, Fault> {
        let fault = |error: &std::io::Error| Fault::file(path.display(), error);
        let file = OpenOptions::new().read(true).append(true).create(true).open(path).map_err(|error| fault(&error))?;
        let (mut known, mut whole, mut line) = (Vec::new(), 0, String::new());
        let mut reader = BufReader::new(&file);
        loop {
            line.clear();
            let read = reader.read_line(&mut line).map_err(|error| fault(&error))?;
            if !line.ends_with('\n') {
                break;
            }
            whole += read as u64;
            let outcome = serde_json::from_str(&line).map_err(|error| {
                Fault::refused(format!("{}, line {}: not an outcome of `bbb simulate`: {error}", path.display(), known.len() + 1))
            })?;
            known.push(outcome);
        }
        file.set_len(whole).map_err(|error| fault(&error))?;
        Ok(Kept { path: path.to_owned(), file, known })
    }

    pub(super) fn add(&mut self, outcome: &Outcome) -> Result<(), Fault> {
        let mut line = serde_json::to_vec(outcome).map_err(|error| Fault::failed(format!("an outcome cannot be written: {error}")))?;
        line.push(b'\n');
        self.file.write_all(&line).map_err(|error| Fault::file(self.path.display(), &error))
    }
}
