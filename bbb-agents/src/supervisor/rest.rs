//! Between two steps: when the next one comes, by the wall or by a virtual clock at its pace.

use std::time::Duration;

use bbb_core::state::Status;
use bbb_core::time::Timestamp;
use ractor::ActorRef;
use tokio::time::Instant;

use crate::handle::Rest;
use crate::message::ToSupervisor;
use crate::supervisor::Business;
use crate::turn;
use crate::world::Pace;

/// The longest that a business sleeps before it looks at the clock again.
const MAX_SLEEP_MS: i64 = 3_600_000;

/// The time of the runtime's clock, which tells how much has passed and nothing else.
pub(super) fn moment() -> Instant {
    Instant::now()
}

impl Business {
    /// Nothing can be done now: a virtual clock moves on to when something can, a real one wakes the business then.
    pub(super) async fn rest(&mut self, myself: &ActorRef<ToSupervisor>) {
        let Some(round) = &mut self.round else { return };
        let (active, now) = (round.state().status == Status::Active, round.now());
        let due = turn::next_due(&self.world, round);
        if !self.world.kind().is_simulated() {
            let sleep_ms = due.map_or(MAX_SLEEP_MS, |at| at.since(now).clamp(1, MAX_SLEEP_MS));
            return self.set_timer(myself, sleep_ms);
        }
        let wait_ms = due.filter(|_| active).map(|at| self.until(now, at));
        if let (Some(at), Some(0)) = (due, wait_ms)
            && let Some(round) = &mut self.round
        {
            self.turn.advance(round, at);
            return self.queue_step(myself);
        }
        if !active {
            self.paced_from = None;
        }
        if let Err(halt) = self.commit(myself).await {
            return self.halt(halt.to_string());
        }
        if let Some(wait_ms) = wait_ms {
            self.set_timer(myself, wait_ms.min(MAX_SLEEP_MS));
        }
    }

    /// How the business rests, where it may: nothing was done for `idle`, nothing is under way, and nothing is due for as long.
    pub(super) fn may_rest(&self, idle: Duration) -> Option<Rest> {
        let round = self.round.as_ref()?;
        let is_waiting = self.step_queued || self.held.waits() || self.draining;
        let idles = self.in_flight.is_empty() && self.ended.is_empty() && round.staged().is_empty() && !is_waiting;
        if !idles || self.halted.is_some() || round.state().status.is_over() || self.busy_at.elapsed() < idle {
            return None;
        }
        let is_virtual = self.world.kind().is_simulated();
        // The time of a simulated business stands still while it is paused.
        let active = round.state().status == Status::Active;
        let due = turn::next_due(&self.world, round).filter(|_| active || !is_virtual);
        let passed_ms = match self.paced_from {
            None if is_virtual && active => return None,
            None => None,
            Some((began, from)) => {
                Some(from.plus_ms(i64::try_from(began.elapsed().as_millis()).unwrap_or(i64::MAX)).since(round.state().now).max(0))
            }
        };
        let now = self.world.wall_time().unwrap_or_else(|| round.state().now.plus_ms(passed_ms.unwrap_or(0)));
        let due_in_ms = due.map(|at| at.since(now));
        if due_in_ms.is_some_and(|ms| ms <= i64::try_from(idle.as_millis()).unwrap_or(i64::MAX)) {
            return None;
        }
        Some(Rest { sequence: round.state().sequence, passed_ms, due_in_ms, simulated: is_virtual })
    }

    /// When somebody tells something that is told now: by the wall, or in a virtual time that passes as on the wall, though not beyond what is due in it. None where time
    /// stands while nothing happens.
    pub(super) fn told_at(&self) -> Option<Timestamp> {
        let (Some((began, from)), Some(round)) = (self.paced_from, &self.round) else { return self.world.wall_time() };
        let passed_ms = i64::try_from(began.elapsed().as_millis()).unwrap_or(i64::MAX);
        let due = turn::next_due(&self.world, round).unwrap_or(Timestamp::MAX);
        Some(from.plus_ms(passed_ms).min(due).max(round.now()))
    }

    /// How long it still takes, by the clock of this process, until it is `at` in a virtual time that is `now` or later. Nothing where that time does not pass by itself.
    fn until(&mut self, now: Timestamp, at: Timestamp) -> i64 {
        if self.world.pace() == Pace::Fast {
            return 0;
        }
        let (began, from) = *self.paced_from.get_or_insert_with(|| (Instant::now(), now));
        let passed_ms = i64::try_from(began.elapsed().as_millis()).unwrap_or(i64::MAX);
        at.since(from).saturating_sub(passed_ms).max(0)
    }

    fn set_timer(&mut self, myself: &ActorRef<ToSupervisor>, sleep_ms: i64) {
        let myself = myself.clone();
        let sleep = Duration::from_millis(sleep_ms.unsigned_abs());
        let timer = tokio::spawn(async move {
            tokio::time::sleep(sleep).await;
            let _ = myself.cast(ToSupervisor::Step);
        });
        if let Some(earlier) = self.timer.replace(timer) {
            earlier.abort();
        }
    }
}
