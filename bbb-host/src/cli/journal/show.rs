//! `bbb journal show`: events, one line each.

use bbb_core::event::Event;
use bbb_core::id::BusinessId;
use bbb_core::projection::timeline::line;
use clap::Args;
use serde_json::{Value, json};

use crate::cli::Common;
use crate::cli::access::{Access, decode};
use crate::cli::screen::Screen;
use crate::fault::Fault;
use crate::service::MAX_PAGE_RECORDS;

#[derive(Debug, Args)]
pub(in crate::cli) struct Show {
    /// The business; may be left out where there is only one
    business: Option<BusinessId>,
    /// Begin with this event
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..), value_name = "N")]
    from: u64,
    /// Print at most so many events
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..), value_name = "N")]
    limit: Option<u64>,
    /// Go on with events as they are committed, while the business runs elsewhere
    #[arg(long, conflicts_with_all = ["limit", "json"])]
    follow: bool,
}

impl Show {
    pub(in crate::cli) fn run(self, common: &Common, screen: &mut Screen) -> Result<(), Fault> {
        let access = Access::open(common)?;
        let id = access.pick(self.business)?;
        // Subscribed before the journal is read, so that nothing falls between.
        let follower = match (&access, self.follow) {
            (Access::Remote(client), true) => Some(client.follow(id)?),
            (Access::Local(_), true) => return Err(Fault::refused(format!("{id} is not running, so there is nothing to follow"))),
            _ => None,
        };
        let mut after = self.from - 1;
        // What a running business adds meanwhile is the follower's, or nobody's.
        let end = access.row(id)?.events;
        let mut left = self.limit.unwrap_or(u64::MAX).min(end.saturating_sub(after));
        let mut objects = Vec::new();
        while left > 0 && !screen.is_gone() {
            let page = access.records(id, after, usize::try_from(left).unwrap_or(usize::MAX).min(MAX_PAGE_RECORDS))?;
            let Some(last) = page.last() else { break };
            after = last.sequence;
            left -= page.len() as u64;
            let events = decode(&page)?;
            if screen.is_json() {
                objects.extend(events.iter().map(object));
            } else {
                screen.print(&events.iter().map(|event| line(event) + "\n").collect::<String>())?;
            }
        }
        if screen.is_json() {
            return screen.object(&json!({ "business_id": id, "events": objects }));
        }
        if after < self.from {
            screen.note(&format!("the journal of {id} ends at event {end}"));
        }
        for event in follower.into_iter().flatten() {
            let event = event?;
            if event.sequence > after {
                screen.print(&line(&event))?;
            }
            if screen.is_gone() {
                break;
            }
        }
        Ok(())
    }
}

fn object(event: &Event) -> Value {
    let payload = serde_json::to_value(&event.payload).unwrap_or_default();
    json!({ "sequence": event.sequence, "at": event.at.to_string(), "cause": event.cause, "payload": payload })
}
