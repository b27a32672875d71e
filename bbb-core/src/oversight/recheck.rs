//! Rechecking: what other charters would have said about the reviews in a journal.

use serde::{Deserialize, Serialize};

use crate::action::ActionKind;
use crate::event::{Event, Payload};
use crate::id::{BusinessId, ProposalId};
use crate::oversight::charter::Charter;
use crate::oversight::facts::Facts;
use crate::oversight::verdict::Verdict;
use crate::oversight::{content, limits, reviewer, worst_case};
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
                others.extend(content::findings(&facts, &content::Memory::default()));
                // Nobody knows what the reviewer would have said where it was not asked.
                others.extend(open.opinion().and_then(|opinion| reviewer::finding(Some(opinion), false)));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::MailPurpose;
    use crate::event::Signal;
    use crate::oversight::tests_support::Scene;
    use crate::oversight::verdict::{Finding, RuleId, Ruling};
    use crate::task::{NewTask, TaskKind};

    /// A journal with a mail to a known contact, and this review of it.
    fn journal(scene: &Scene, then: Finding) -> Vec<Event> {
        let trade = &scene.state.trade.contacts[&scene.contact];
        let (contact, profile) = (scene.contact, trade.profile.clone());
        let signal = Signal::LeadArrived { contact, channel: crate::blueprint::Channel::Email, consent: true, profile };
        let proposal = scene.proposal(scene.mail(MailPurpose::Outreach, |_| ()));
        let (task, id, digest) = (proposal.task, proposal.id, proposal.action.digest());
        let order = NewTask::new(TaskKind::Outreach, 50, Timestamp::MAX);
        let expires_at = (then.ruling == Ruling::Escalate).then_some(scene.state.now);
        let payloads = [
            Payload::Launched { spec: Box::new((*scene.state.spec).clone()), market: None },
            Payload::Received { source: "test".to_owned(), external_id: String::new(), signal },
            Payload::TaskCreated { task, order },
            Payload::TaskStarted { task },
            Payload::Proposed { proposal: Box::new(proposal) },
            Payload::Reviewed { proposal: id, digest, verdict: Verdict::from_findings(&[then]), expires_at },
        ];
        (1..).zip(payloads).map(|(sequence, payload)| Event { sequence, at: scene.state.spec.start, cause: 0, payload }).collect()
    }

    #[test]
    fn each_review_is_made_again_under_each_charter_and_nothing_connected_stays_so() {
        let scene = Scene::new();
        let silent = "@id(\"silent\") forbid (principal, action == Action::\"send_email\", resource);";
        let silent = Charter::with_owner_policies("mine.cedar", silent).expect("valid");
        let charters = [Charter::shipped(), &silent];
        let again = |then: Finding, vault: &Vault| {
            let found = recheck(scene.state.business, &journal(&scene, then), vault, &charters).expect("a journal");
            let [one] = &found[..] else { panic!("{found:?}") };
            assert_eq!((one.sequence, one.proposal, one.kind), (6, ProposalId::new(0), ActionKind::SendEmail));
            let now = one.now.clone().map(|verdicts| verdicts.iter().map(|v| (v.ruling, v.rules[0].to_string())).collect::<Vec<_>>());
            (one.then.ruling, now)
        };
        let approved = || Finding::new(Ruling::Approve, RuleId::named("test"), "");
        let allowed = (Ruling::Approve, "charter.role-sales".to_owned());
        let forbidden = (Ruling::Veto, "charter.silent".to_owned());
        assert_eq!(again(approved(), &scene.vault), (Ruling::Approve, Ok(vec![allowed, forbidden])));
        let unconnected = Finding::new(Ruling::Veto, RuleId::named(NO_ADAPTER), "");
        let (then, now) = again(unconnected, &scene.vault);
        assert_eq!(then, Ruling::Veto);
        let now = now.expect("facts");
        assert_eq!(now[0], (Ruling::Veto, NO_ADAPTER.to_owned()), "what was connected no charter changes");
        assert_eq!(now[1].0, Ruling::Veto);
        let foreign = Scene::with("podcast-production-studio", |spec| spec.seed = crate::draw::Seed::new(2));
        assert!(again(approved(), &foreign.vault).1.is_err(), "what cannot be opened cannot be judged again");
        assert_eq!(recheck(scene.state.business, &[], &scene.vault, &charters), Ok(vec![]));
    }
}
