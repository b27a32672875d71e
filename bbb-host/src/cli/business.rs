//! Words that several commands say about a business.

use bbb_core::event::Event;
use bbb_core::id::BusinessId;
use bbb_core::journal::chain::Head;
use bbb_core::money::{Amount, Cents};
use bbb_core::projection::models::Models;
use bbb_core::projection::summary::{Summary, summary};
use bbb_core::state::State;
use serde::Serialize;

use crate::cli::screen::Screen;
use crate::fault::Fault;
use crate::report::{Report, text};

/// Money with its currency, and `simulated` where it is.
pub(super) fn money(cents: Cents, simulated: bool) -> String {
    if simulated { Amount::simulated(cents) } else { Amount::real(cents) }.to_string()
}

/// The summary, and how model calls have ended where there were any.
#[derive(Serialize)]
struct Outcome<'a> {
    #[serde(flatten)]
    summary: Summary,
    #[serde(skip_serializing_if = "Option::is_none")]
    models: Option<&'a Models>,
}

/// Prints what a run came to: the summary as JSON, or the report as text.
pub(super) fn print_result(screen: &mut Screen, state: &State, events: &[Event], head: Head, models: Option<&Models>) -> Result<(), Fault> {
    if screen.is_json() {
        return screen.object(&Outcome { summary: summary(state, head), models });
    }
    screen.print(&text(&Report::gather(state, events, head)))
}

/// The fold of a whole journal.
pub(super) fn replay(id: BusinessId, events: &[Event]) -> Result<State, Fault> {
    State::replay(id, events)?.ok_or_else(|| crate::service::unknown(id))
}
