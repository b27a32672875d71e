//! Doing a fixed number of independent pieces of work on whatever threads there are; what comes out does not depend on how many.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::run::{Job, Run};

/// `work(0)`, `work(1)` and so on, in this order.
pub(super) fn all<T: Send>(run: &Run<'_>, count: usize, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<(usize, T)>> = Mutex::new(Vec::with_capacity(count));
    let take = || {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= count {
                return;
            }
            let result = work(number);
            done.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push((number, result));
        }
    };
    let threads = run.executor.threads().clamp(1, count.max(1));
    run.executor.run((0..threads).map(|_| Box::new(take) as Job<'_>).collect());
    let mut done = done.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    done.sort_by_key(|(number, _)| *number);
    done.into_iter().map(|(_, result)| result).collect()
}
