//! The screen: results to standard output, everything else to standard error. A reader who hangs up early is no error.

use std::io::{self, IsTerminal, Write};

use serde::Serialize;
use serde_json::json;

use crate::fault::Fault;

/// Where a command's words go.
#[derive(Debug)]
pub(super) struct Screen {
    json: bool,
    gone: bool,
}

impl Screen {
    pub(super) fn new(json: bool) -> Screen {
        Screen { json, gone: false }
    }

    /// Whether the result is wanted as JSON.
    pub(super) fn is_json(&self) -> bool {
        self.json
    }

    /// Whether the reader of standard output has hung up: nothing more need be printed.
    pub(super) fn is_gone(&self) -> bool {
        self.gone
    }

    /// Whether a person sees standard error as it is written.
    pub(super) fn is_watched() -> bool {
        io::stderr().is_terminal()
    }

    /// Prints a part of the result, and a line break where it does not end with one.
    pub(super) fn print(&mut self, text: &str) -> Result<(), Fault> {
        if self.gone {
            return Ok(());
        }
        let mut out = io::stdout().lock();
        let end = if text.ends_with('\n') { "" } else { "\n" };
        let written = out.write_all(text.as_bytes()).and_then(|()| out.write_all(end.as_bytes())).and_then(|()| out.flush());
        match written {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.gone = true;
                Ok(())
            }
            Err(error) => Err(Fault::file("standard output", &error)),
        }
    }

    /// Prints the result as one JSON object.
    pub(super) fn object(&mut self, object: &impl Serialize) -> Result<(), Fault> {
        let text = serde_json::to_string_pretty(object).map_err(|error| Fault::failed(format!("the result cannot be written: {error}")))?;
        self.print(&text)
    }

    /// Prints a short result: its object where JSON is wanted, else its text.
    pub(super) fn result(&mut self, object: &impl Serialize, text: &str) -> Result<(), Fault> {
        if self.json { self.object(object) } else { self.print(text) }
    }

    /// Says something beside the result.
    pub(super) fn note(&self, text: &str) {
        // If standard error is closed, there is nobody to tell.
        let _ = writeln!(io::stderr(), "{text}");
    }

    /// Says why the command failed.
    pub(super) fn fault(&self, fault: &Fault) {
        if self.json {
            self.note(&json!({ "error": fault }).to_string());
        } else {
            self.note(&format!("error: {fault}"));
        }
    }
}
