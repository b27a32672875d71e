//! `bbb bench`: measurements that can be repeated, a module per subject.

mod business;
mod ethics;
mod optimizer;

use clap::Subcommand;

use crate::cli::screen::Screen;
use crate::fault::Fault;

#[derive(Debug, Subcommand)]
pub(super) enum Bench {
    /// Compare the engine with simpler growth policies and an oracle, in the same simulated futures
    Business(business::Business),
    /// Tempt every role and see at the ports what leaves; fails where harm leaves or an honest effect is blocked
    Ethics(ethics::Ethics),
    /// Search known problems and compare with the best values known
    Optimizer(optimizer::Optimizer),
}

impl Bench {
    pub(super) fn run(self, screen: &mut Screen) -> Result<(), Fault> {
        match self {
            Bench::Business(business) => business.run(screen),
            Bench::Ethics(ethics) => ethics.run(screen),
            Bench::Optimizer(optimizer) => optimizer.run(screen),
        }
    }
}
