//! Shares of the processor: businesses whose time passes as quickly as the machine can wait for each other, where whoever runs them wants that.
//!
//! A business waits between two steps and never within one. It is told things, pauses and ends while it waits, and what it writes is the same however long that takes: its
//! time is virtual.

use std::fmt;

use bbb_core::journal::store::BoxFuture;

/// The most steps of one share.
pub(crate) const STEPS_PER_SHARE: u32 = 64;

/// Who gives a business its shares.
pub trait Shares: Send + Sync {
    /// Waits for the next share of this business. Dropped, it waits no more.
    fn next(&self) -> BoxFuture<'static, Share>;
}

/// A share of the processor: so long as it is held, a business may step. It is over when it is dropped.
pub struct Share {
    events: u64,
    over: Option<Box<dyn FnOnce(u64) + Send>>,
}

impl Share {
    /// A share that says how many events came of it, once, when it is over.
    pub fn new(over: impl FnOnce(u64) + Send + 'static) -> Share {
        Share { events: 0, over: Some(Box::new(over)) }
    }

    /// So many events more came of it.
    pub(crate) fn brought(&mut self, events: u64) {
        self.events = self.events.saturating_add(events);
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        if let Some(over) = self.over.take() {
            over(self.events);
        }
    }
}

impl fmt::Debug for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Share").field("events", &self.events).finish_non_exhaustive()
    }
}
