//! Rechecking: the reviews of a journal made again under other charters, by whoever holds its keys.

use bbb_core::event::{Event, Payload};
use bbb_core::id::BusinessId;
use bbb_core::oversight::charter::Charter;
use bbb_core::oversight::recheck::{Rechecked, recheck};
use bbb_core::spec::Spec;

use crate::fault::{Fault, Kind};
use crate::service::Service;

impl Service {
    /// Makes every review of a journal again under these charters, each the shipped one with this text of an owner's.
    ///
    /// # Errors
    /// [`Kind::NotFound`]; [`Kind::Usage`] for a text that is refused; and where the journal or its keys cannot be read.
    pub async fn recheck(&self, id: BusinessId, texts: &[String]) -> Result<Vec<Rechecked>, Fault> {
        let charters = texts.iter().map(|text| Charter::with_owner_policies("the owner's policies", text));
        let charters = charters.collect::<Result<Vec<_>, _>>()?;
        let (events, _) = self.events(id).await?;
        let vault = self.vault(id, launched(id, &events)?).map_err(|fault| unreadable(id, &fault))?;
        let work = move || recheck(id, &events, &vault, &charters.iter().collect::<Vec<_>>());
        // Not on a thread that serves: a long journal takes seconds.
        let done = tokio::task::spawn_blocking(work).await;
        Ok(done.map_err(|error| Fault::failed(format!("the reviews could not be made again: {error}")))??)
    }
}

/// What a business was launched with.
pub(crate) fn launched(id: BusinessId, events: &[Event]) -> Result<&Spec, Fault> {
    match events.first() {
        Some(Event { payload: Payload::Launched { spec, .. }, .. }) => Ok(spec),
        _ => Err(Fault::new(Kind::Corrupted, format!("the journal of {id} does not begin with a launch"))),
    }
}

/// The fault of a journal whose keys are missing.
pub(crate) fn unreadable(id: BusinessId, fault: &Fault) -> Fault {
    Fault::new(fault.kind, format!("the mails and profiles in the journal of {id} cannot be opened: {}", fault.message))
}
