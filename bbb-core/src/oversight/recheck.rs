//! Rechecking: what other charters would have said about the reviews in a journal.

use serde::{Deserialize, Serialize};

use crate::action::ActionKind;
use crate::event::{Event, Payload};
use crate::id::{BusinessId, ProposalId};
use crate::oversight::charter::Charter;
use crate::oversight::facts::Facts;
use crate::oversight::verdict::Verdict;
use crate::oversight::{content, limits, worst_case};
use crate::seal::Vault;
use crate::state::{Misfit, State};
use crate::time::Timestamp;

/// The rule of a proposal for whose kind nothing was connected: what was, no journal says.
const NO_ADAPTER: &str = "limits.no-adapter";

/// One review, made again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rechecked {
    /// Which event it was.
    pub sequence: u64,
    /// When.
    pub at: Timestamp,
    /// Of which proposal.
    pub proposal: ProposalId,
    /// Of which kind.
    pub kind: ActionKind,
    /// What was said then.
    pub then: Verdict,
    /// What each charter would have said, together with the limits and content checks of this version; or why that cannot be known.
    pub now: Result<Vec<Verdict>, String>,
}

/// Makes every review of a journal again, in its state at that time, under each of these charters. `vault` opens the business's personal text.
///
/// # Errors
/// [`Misfit`] where the events do not fit together.
pub fn recheck(business: BusinessId, events: &[Event], vault: &Vault, charters: &[&Charter]) -> Result<Vec<Rechecked>, Misfit> {
    let Some((launch, rest)) = events.split_first() else { return Ok(Vec::new()) };
    let mut state = State::launch(business, launch)?;
    let mut all = Vec::new();
    for event in rest {
        if let Payload::Reviewed { proposal: id, verdict, .. } = &event.payload
            && let Some(open) = state.work.proposals.get(id)
        {
            let proposal = &open.proposal;
            // As oversight did, so that what no charter decides is the same under all of them.
            let has_adapter = verdict.rules.iter().all(|rule| rule.as_str() != NO_ADAPTER);
            let now = Facts::gather(&state, proposal, vault, event.at, false).map(|facts| {
                let hold = worst_case(&state, proposal);
                let mut others = limits::findings(&state, proposal, &hold, has_adapter, event.at, false);
                others.extend(content::findings(&facts));
                let verdict = |charter: &&Charter| Verdict::from_findings(&[others.clone(), charter.findings(&facts)].concat());
                charters.iter().map(verdict).collect()
            });
            let (kind, then) = (proposal.action.kind(), verdict.clone());
            all.push(Rechecked { sequence: event.sequence, at: event.at, proposal: *id, kind, then, now });
        }
        state.apply(event)?;
    }
    Ok(all)
}
