//! `bbb journal`: reads, checks, exports and forks journals.

mod export;
mod fork;
mod show;
mod verify;

use clap::Subcommand;

pub(in crate::cli) use self::verify::{from_file, from_store};

use crate::cli::Common;
use crate::cli::screen::Screen;
use crate::fault::Fault;

#[derive(Debug, Subcommand)]
pub(super) enum Journal {
    /// Print events, one line each
    Show(show::Show),
    /// Check every hash and every event of a journal, or of an exported file, and print its head
    ///
    /// A journal that was cut at its end is a shorter journal whose hashes fit. Write the head and the number of events down elsewhere to be able to tell.
    Verify(verify::Verify),
    /// Write a journal to a file that can be verified without this data directory
    Export(export::Export),
    /// Copy the beginning of a simulated journal, change the price, and run the copy on
    Fork(fork::Fork),
}

impl Journal {
    pub(super) fn run(self, common: &Common, screen: &mut Screen) -> Result<(), Fault> {
        match self {
            Journal::Show(show) => show.run(common, screen),
            Journal::Verify(verify) => verify.run(common, screen),
            Journal::Export(export) => export.run(common, screen),
            Journal::Fork(fork) => fork.run(common, screen),
        }
    }
}
