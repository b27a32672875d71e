//! `bbb inbox`: what waits for the owner.

use bbb_core::id::BusinessId;
use clap::Args;

use crate::cli::Common;
use crate::cli::access::Access;
use crate::cli::screen::Screen;
use crate::fault::Fault;

#[derive(Debug, Args)]
pub(super) struct Inbox {
    /// The business; may be left out where there is only one
    business: Option<BusinessId>,
}

impl Inbox {
    pub(super) fn run(self, common: &Common, screen: &mut Screen) -> Result<(), Fault> {
        let access = Access::open(common)?;
        let inbox = access.inbox(access.pick(self.business)?)?;
        screen.result(&inbox.json, &inbox.text)
    }
}
