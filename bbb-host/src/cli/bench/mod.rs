//! `bbb bench`: measurements that can be repeated, a module per subject.

mod optimizer;

use clap::Subcommand;

use crate::cli::screen::Screen;
use crate::fault::Fault;

#[derive(Debug, Subcommand)]
pub(super) enum Bench {
    /// Search known problems and compare with the best values known
    Optimizer(optimizer::Optimizer),
}

impl Bench {
    pub(super) fn run(self, screen: &mut Screen) -> Result<(), Fault> {
        match self {
            Bench::Optimizer(optimizer) => optimizer.run(screen),
        }
    }
}
