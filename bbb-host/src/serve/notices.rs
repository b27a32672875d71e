//! Reads journals for what the members of their tenants are told of: each event once, whatever is killed in between.
//!
//! How far a journal was read is on disk before anybody is told, and with it. That more of it was read in which there is nothing to tell is kept in memory and written later, for many
//! at once: read again, the same events say the same.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use bbb_agents::fork::fork_id;
use bbb_agents::world::Pace;
use bbb_core::budget::Window;
use bbb_core::event::{Event, Outcome, Payload};
use bbb_core::id::{BusinessId, ProposalId};
use bbb_core::projection::inbox::inbox;
use serde_json::{Map, Value, json};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::accounts::{Accounts, Noted, Notice, NoticeKind, Owner};
use crate::fault::Fault;
use crate::serve::fleet::Fleet;
use crate::service::{MAX_PAGE_RECORDS, Service};

/// How often it is looked whether journals have grown.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// The share of a cap from which on its use is told, in percent.
const ALERT_FROM: u8 = 80;

/// How long it may stay unwritten that a journal was read in which there was nothing to tell, and of how many at most.
const WRITE_EVERY: Duration = Duration::from_secs(60);
const MAX_UNWRITTEN: usize = 10_000;

/// How far a journal was read.
#[derive(Debug, Clone, Copy, Default)]
struct Cursor {
    noted: Option<Noted>,
    /// The same on disk.
    written: Option<Noted>,
}

impl Cursor {
    fn on_disk(noted: Option<Noted>) -> Cursor {
        Cursor { noted, written: noted }
    }

    fn is_written(&self) -> bool {
        self.noted == self.written
    }
}

/// What is known of businesses, so that it is not read for each look.
struct Known {
    cursors: BTreeMap<BusinessId, Cursor>,
    /// Whose cursors are not written, and when they were written last.
    unwritten: BTreeSet<BusinessId>,
    wrote_at: Instant,
    /// Where a journal ended that could not be read, and whether it should run and did not.
    unreadable: BTreeMap<BusinessId, (u64, bool)>,
}

impl Known {
    fn of(noted: Vec<(BusinessId, Noted)>) -> Known {
        let cursors = noted.into_iter().map(|(id, noted)| (id, Cursor::on_disk(Some(noted)))).collect();
        Known { cursors, unwritten: BTreeSet::new(), wrote_at: Instant::now(), unreadable: BTreeMap::new() }
    }
}

/// Reads journals.
pub(crate) struct Notices {
    pub(crate) accounts: Arc<Accounts>,
    pub(crate) service: Arc<Service>,
    pub(crate) fleet: Arc<Fleet>,
}

impl Notices {
    /// Reads until the daemon ends.
    pub(crate) async fn read(self, mut ending: watch::Receiver<bool>) {
        let mut known = match self.accounts.all_noted() {
            Ok(noted) => Known::of(noted),
            Err(error) => return tracing::error!(%error, "nobody is told of anything: it is not known how far journals were read"),
        };
        loop {
            if let Err(fault) = self.look(&mut known).await {
                tracing::error!(%fault, "journals were not read for what is to be told");
            }
            if let Err(error) = self.accounts.send_digests().await {
                tracing::error!(%error, "the mails of the day were not written");
            }
            let is_late = known.unwritten.len() >= MAX_UNWRITTEN || known.wrote_at.elapsed() >= WRITE_EVERY;
            if is_late {
                self.write(&mut known).await;
            }
            let ends = tokio::select! {
                biased;
                _ = ending.wait_for(|ending| *ending) => true,
                () = tokio::time::sleep(LOOK_AGAIN) => false,
            };
            if ends {
                return self.write(&mut known).await;
            }
        }
    }

    /// Writes how far journals were read in which there was nothing to tell.
    async fn write(&self, known: &mut Known) {
        known.wrote_at = Instant::now();
        let unwritten: Vec<_> = std::mem::take(&mut known.unwritten).into_iter().collect();
        for some in unwritten.chunks(MAX_UNWRITTEN) {
            let cursors = some.iter().filter_map(|id| known.cursors.get(id).map(|cursor| (*id, cursor)));
            let moves = cursors.filter_map(|(id, cursor)| Some((id, cursor.written, cursor.noted?))).collect();
            let others = match self.accounts.note_nothing(moves).await {
                Ok(others) => others,
                Err(error) => {
                    tracing::warn!(%error, "journals will be read again for what is to be told");
                    some.to_vec()
                }
            };
            for id in some {
                if let Some(cursor) = known.cursors.get_mut(id) {
                    cursor.written = cursor.noted;
                }
            }
            // How far those were read is looked up again.
            for id in others {
                known.cursors.remove(&id);
            }
        }
    }

    async fn look(&self, known: &mut Known) -> Result<(), Fault> {
        let all = self.service.store().list().await?;
        let ids: BTreeSet<BusinessId> = all.iter().map(|listed| listed.business).collect();
        known.cursors.retain(|id, _| ids.contains(id));
        known.unreadable.retain(|id, _| ids.contains(id));
        known.unwritten.retain(|id| ids.contains(id));
        let troubled = self.fleet.troubled();
        for listed in all {
            let id = listed.business;
            let cursor = match known.cursors.get(&id) {
                Some(cursor) => *cursor,
                None => *known.cursors.entry(id).or_insert(Cursor::on_disk(self.accounts.noted(id)?)),
            };
            let noted = cursor.noted;
            let was_failed = noted.is_some_and(|noted| noted.failed);
            // One that was not started yet, or is over, stands as it stood.
            let failed = troubled.contains(&id) || (was_failed && !self.service.is_running(id));
            let is_read = noted.is_some_and(|noted| noted.sequence == listed.head.sequence && noted.failed == failed);
            let standing = (listed.head.sequence, failed);
            if is_read || known.unreadable.get(&id) == Some(&standing) {
                continue;
            }
            match self.tell(id, cursor, failed).await {
                Ok(Some(cursor)) => {
                    known.cursors.insert(id, cursor);
                    match cursor.is_written() {
                        true => known.unwritten.remove(&id),
                        false => known.unwritten.insert(id),
                    };
                }
                Ok(None) => {
                    known.cursors.remove(&id);
                    known.unwritten.remove(&id);
                }
                // One that cannot be read keeps nobody else from being told, and is not tried again until something changes.
                Err(fault) => {
                    tracing::warn!(business = %id, %fault, "a journal was not read for what is to be told");
                    known.unreadable.insert(id, standing);
                    if failed && noted.is_none_or(|noted| !noted.failed) {
                        known.cursors.insert(id, self.tell_failure(id, cursor).await?);
                        known.unwritten.remove(&id);
                    }
                }
            }
        }
        Ok(())
    }

    /// Tells that a business does not run whose journal cannot be read.
    async fn tell_failure(&self, id: BusinessId, cursor: Cursor) -> Result<Cursor, Fault> {
        let Some(row) = self.accounts.business(id)? else { return Ok(cursor) };
        let to = cursor.noted.unwrap_or_default().once_more();
        let told = self.accounts.note((id, id.to_string(), row.tenant), cursor.written, to, vec![failure(&to)]).await?;
        Ok(if told { Cursor::on_disk(Some(to)) } else { Cursor::on_disk(self.accounts.noted(id)?) })
    }

    /// Tells of one business; returns how far it was read, or nothing where that is to be looked up again.
    async fn tell(&self, id: BusinessId, cursor: Cursor, failed: bool) -> Result<Option<Cursor>, Fault> {
        let from = cursor.noted;
        // A journal that was written outside the daemon, or whose launch was cut short, is nobody's yet.
        let Some(row) = self.accounts.business(id)? else { return Ok(None) };
        let now = self.service.now(id).await?;
        let name = now.state.spec.blueprint.name.clone();
        let mut read = from.unwrap_or_default();
        let mut notices = Vec::new();
        // What a fork has from its source happened to that.
        let mut is_copied = from.is_none() && now.state.spec.id() != id;
        let waiting: BTreeSet<ProposalId> = inbox(&now.state, None).waiting.iter().map(|item| item.proposal).collect();
        // A day of it passes in a moment: what counts by the day or month is no news by then.
        let is_hurried = now.state.spec.world.is_simulated() && row.pace == Pace::Fast;
        let asks = row.owner == Owner::Human || !now.state.spec.world.is_simulated();
        'reading: loop {
            let page = self.service.store().read(id, read.sequence, MAX_PAGE_RECORDS).await?;
            for record in &page {
                if record.sequence > now.state.sequence {
                    // It came since, and what waits now was not asked: the next look reads it.
                    break 'reading;
                }
                let event = record.decode()?;
                read.sequence = event.sequence;
                if let Payload::Forked { source, change } = &event.payload
                    && fork_id(*source, event.sequence - 1, change) == id
                {
                    is_copied = false;
                    notices.clear();
                }
                notices.extend(
                    notice(&event)
                        .filter(|(_, proposal)| match proposal {
                            // Its simulated owner answers within a simulated day; and what was answered meanwhile asks nobody.
                            Some(Asked::Approval(proposal)) => asks && waiting.contains(proposal),
                            Some(Asked::Doubt) => asks,
                            Some(Asked::Soon) => !is_hurried,
                            None => true,
                        })
                        .map(|(notice, _)| notice),
                );
            }
            if page.len() < MAX_PAGE_RECORDS {
                break;
            }
        }
        if is_copied {
            return Ok(None);
        }
        let to = if failed && !read.failed { read.once_more() } else { Noted { failed, ..read } };
        if to.failures > read.failures {
            notices.push(failure(&to));
        }
        // Read again, a journal says the same. Whether a business fails stands in none.
        if notices.is_empty() && to.failed == read.failed {
            return Ok(Some(Cursor { noted: Some(to), ..cursor }));
        }
        let told = self.accounts.note((id, name, row.tenant), cursor.written, to, notices).await?;
        Ok(told.then_some(Cursor::on_disk(Some(to))))
    }
}

/// On what it depends whether somebody is told.
enum Asked {
    Approval(ProposalId),
    Doubt,
    /// Nothing; but it is over soon.
    Soon,
}

fn about(kind: NoticeKind, sequence: u64, text: impl Into<String>, data: Value) -> Notice {
    let mut fields = match data {
        Value::Object(fields) => fields,
        _ => Map::new(),
    };
    fields.insert("event".to_owned(), sequence.into());
    Notice { kind, key: format!("event {sequence}"), text: text.into(), data: fields }
}

impl Noted {
    /// Told once more that a business does not run.
    fn once_more(self) -> Noted {
        Noted { failed: true, failures: self.failures.saturating_add(1), ..self }
    }
}

fn failure(noted: &Noted) -> Notice {
    let text = "it should run, and does not: it could not be started, its actors died, or its journal cannot be written";
    Notice { key: format!("failure {}", noted.failures), ..about(NoticeKind::BusinessFailed, noted.sequence, text, json!({})) }
}

/// What an event tells, if anything, and on what that depends.
fn notice(event: &Event) -> Option<(Notice, Option<Asked>)> {
    let sequence = event.sequence;
    Some(match &event.payload {
        Payload::Reviewed { proposal, expires_at: Some(until), .. } => {
            let text = format!("it asks whether it may do something, {proposal}, until {until} UTC");
            let data = json!({ "proposal": proposal.to_string(), "expires_at": until.to_string() });
            (about(NoticeKind::ApprovalWaiting, sequence, text, data), Some(Asked::Approval(*proposal)))
        }
        Payload::BudgetReached { resource, window, percent } if *percent >= ALERT_FROM => {
            let text = format!("{percent} % of the cap of {} over {window} are used", resource.as_str());
            let data = json!({ "resource": resource, "window": window, "percent": percent });
            (about(NoticeKind::BudgetAlert, sequence, text, data), (*window != Window::Total).then_some(Asked::Soon))
        }
        Payload::Settled { proposal, outcome: Outcome::InDoubt { .. }, .. } | Payload::Doubted { proposal, .. } => {
            let text = format!("nobody knows whether {proposal} happened; say what became of it");
            let data = json!({ "proposal": proposal.to_string() });
            (about(NoticeKind::EffectInDoubt, sequence, text, data), Some(Asked::Doubt))
        }
        Payload::Ended { completed, .. } => {
            let text = if *completed { "it has come to its planned end" } else { "it was ended" };
            (about(NoticeKind::BusinessOver, sequence, text, json!({ "completed": completed })), None)
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use bbb_core::action::Cost;
    use bbb_core::budget::Resource;
    use bbb_core::event::By;
    use bbb_core::time::SIMULATION_START;

    #[test]
    fn budgets_from_80_percent_on_doubts_and_ends_are_told() {
        let told = |payload: Payload| {
            let event = Event { sequence: 7, at: SIMULATION_START, cause: 0, payload };
            notice(&event).map(|(notice, _)| (notice.kind, notice.key, notice.data["event"].clone()))
        };
        let reached = |percent| Payload::BudgetReached { resource: Resource::Tokens, window: Window::Total, percent };
        let of = |kind| Some((kind, "event 7".to_owned(), json!(7)));
        assert_eq!(told(reached(50)), None);
        assert_eq!(told(reached(80)), of(NoticeKind::BudgetAlert));
        assert_eq!(told(reached(100)), of(NoticeKind::BudgetAlert));
        let (proposal, cost, reason) = (ProposalId::new(3), Cost::nothing(false), String::new);
        assert_eq!(told(Payload::Doubted { proposal, reason: reason() }), of(NoticeKind::EffectInDoubt));
        let settled = |outcome| Payload::Settled { proposal, outcome, cost };
        assert_eq!(told(settled(Outcome::InDoubt { reason: reason() })), of(NoticeKind::EffectInDoubt));
        assert_eq!(told(settled(Outcome::Released { reason: reason() })), None);
        assert_eq!(told(Payload::Ended { by: By::Owner, completed: false }), of(NoticeKind::BusinessOver));
        assert_eq!(told(Payload::Resumed { by: By::Owner }), None);
    }
}
