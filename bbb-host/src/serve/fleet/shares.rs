//! Fair shares of the processor between tenants: a few businesses at full speed compute at a time, tenants take turns, and each tenant has a budget.
//!
//! The budget is in events, which are exact, follow from what a business does and not from how busy the machine is, and cost nothing to count. It fills up all the time, to what an hour
//! gives at most. A share is never cut short, so a tenant may be over its budget by what its last shares brought; that is made good first.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bbb_agents::share::{Share, Shares};
use bbb_core::journal::store::BoxFuture;
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::accounts::id::TenantId;

const HOUR: Duration = Duration::from_secs(60 * 60);
/// From how many on tenants that nothing needs to be known of are forgotten.
const MANY: usize = 1024;

/// Whose a business is; what is nobody's counts as one tenant.
type Whose = Option<TenantId>;

/// Gives shares.
#[derive(Debug)]
pub(super) struct Sharing {
    events_per_hour: u64,
    all: Mutex<All>,
}

#[derive(Debug)]
struct All {
    /// How many more may compute now.
    free: usize,
    tenants: BTreeMap<Whose, Tenant>,
    /// Tenants some of whose businesses wait, the one whose turn is next first.
    turns: VecDeque<Whose>,
    /// When it is looked again whether a budget has filled up.
    looks_at: Option<Instant>,
}

#[derive(Debug)]
struct Tenant {
    /// Those that wait, the one that waits longest first.
    waiting: VecDeque<oneshot::Sender<Share>>,
    budget: Budget,
}

/// What may be used, in nanoseconds of the time in which it fills up: no fraction is lost.
#[derive(Debug, Clone, Copy)]
struct Budget {
    left_ns: i128,
    at: Instant,
}

impl Budget {
    fn full(now: Instant) -> Budget {
        Budget { left_ns: i128::from(nanoseconds(HOUR)), at: now }
    }

    fn fill(&mut self, now: Instant) {
        let most = i128::from(nanoseconds(HOUR));
        self.left_ns = (self.left_ns + i128::from(nanoseconds(now.saturating_duration_since(self.at)))).min(most);
        self.at = self.at.max(now);
    }

    /// How long it takes until something is left; nothing where something is.
    fn wait(&self) -> Option<Duration> {
        (self.left_ns <= 0).then(|| Duration::from_nanos(u64::try_from(1 - self.left_ns).unwrap_or(u64::MAX)))
    }
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

impl Sharing {
    pub(super) fn new(at_a_time: usize, events_per_hour: u64) -> Sharing {
        let all = All { free: at_a_time, tenants: BTreeMap::new(), turns: VecDeque::new(), looks_at: None };
        Sharing { events_per_hour: events_per_hour.max(1), all: Mutex::new(all) }
    }

    /// The shares of a business of this tenant.
    pub(super) fn of(self: &Arc<Self>, whose: Whose) -> Arc<dyn Shares> {
        Arc::new(Theirs { sharing: Arc::clone(self), whose })
    }

    /// Where a tenant has used up its budget, after how many seconds something is left again.
    pub(super) fn spent(&self, tenant: TenantId) -> Option<u64> {
        let mut all = self.all();
        let budget = &mut all.tenants.get_mut(&Some(tenant))?.budget;
        budget.fill(Instant::now());
        budget.wait().map(|wait| wait.as_secs().saturating_add(1))
    }

    fn all(&self) -> MutexGuard<'_, All> {
        // Nothing that is done under it panics.
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ask(self: &Arc<Self>, whose: Whose) -> oneshot::Receiver<Share> {
        let (sender, receiver) = oneshot::channel();
        {
            let mut all = self.all();
            let now = Instant::now();
            if all.tenants.len() >= MANY {
                all.forget(now);
            }
            let tenant = all.tenants.entry(whose).or_insert_with(|| Tenant { waiting: VecDeque::new(), budget: Budget::full(now) });
            tenant.waiting.push_back(sender);
            if tenant.waiting.len() == 1 {
                all.turns.push_back(whose);
            }
        }
        self.give();
        receiver
    }

    /// A share is over.
    fn over(self: &Arc<Self>, whose: Whose, events: u64) {
        {
            let mut all = self.all();
            all.free += 1;
            if let Some(tenant) = all.tenants.get_mut(&whose) {
                tenant.budget.fill(Instant::now());
                // An hour gives `events_per_hour`, so each event takes that part of it; rounded up, or the last ones of a large budget were free.
                let used = i128::from(events) * i128::from(nanoseconds(HOUR));
                let per_hour = i128::from(self.events_per_hour);
                tenant.budget.left_ns -= (used + per_hour - 1) / per_hour;
            }
        }
        self.give();
    }

    /// Gives what shares there are to those whose turn it is.
    fn give(self: &Arc<Self>) {
        let (given, look_at) = {
            let mut all = self.all();
            let given = all.next_ones(Instant::now());
            (given, all.looks_next())
        };
        // Not under the lock: a share that nobody takes any more is over at once.
        for (whose, sender) in given {
            let sharing = Arc::clone(self);
            drop(sender.send(Share::new(move |events| sharing.over(whose, events))));
        }
        // A share may be dropped where no runtime is any more; then nobody waits.
        if let (Some(at), Ok(runtime)) = (look_at, Handle::try_current()) {
            let sharing = Arc::downgrade(self);
            runtime.spawn(async move {
                tokio::time::sleep_until(at).await;
                if let Some(sharing) = sharing.upgrade() {
                    sharing.all().looks_at = None;
                    sharing.give();
                }
            });
        }
    }
}

impl All {
    /// Who gets a share now.
    fn next_ones(&mut self, now: Instant) -> Vec<(Whose, oneshot::Sender<Share>)> {
        let mut given = Vec::new();
        // Each tenant that has nothing left is passed over, and keeps its place.
        let mut passed = 0;
        while self.free > 0 && passed < self.turns.len() {
            let whose = self.turns[passed];
            let Some(tenant) = self.tenants.get_mut(&whose) else {
                self.turns.remove(passed);
                continue;
            };
            tenant.budget.fill(now);
            if tenant.budget.wait().is_some() {
                passed += 1;
                continue;
            }
            let next = std::iter::from_fn(|| tenant.waiting.pop_front()).find(|sender| !sender.is_closed());
            self.turns.remove(passed);
            if !tenant.waiting.is_empty() {
                self.turns.push_back(whose);
            }
            if let Some(sender) = next {
                self.free -= 1;
                given.push((whose, sender));
            }
        }
        given
    }

    /// When it must be looked again because a budget fills up, unless that is known.
    fn looks_next(&mut self) -> Option<Instant> {
        if self.free == 0 {
            // It is looked when a share is over.
            return None;
        }
        let waits = self.turns.iter().filter_map(|whose| {
            let budget = self.tenants.get(whose)?.budget;
            Some(budget.at + budget.wait()?)
        });
        let at = waits.min()?;
        if self.looks_at.is_some_and(|known| known <= at) {
            return None;
        }
        self.looks_at = Some(at);
        Some(at)
    }

    /// Forgets tenants who wait for nothing and have all of their budget.
    fn forget(&mut self, now: Instant) {
        let full = Budget::full(now).left_ns;
        self.tenants.retain(|_, tenant| {
            tenant.budget.fill(now);
            !tenant.waiting.is_empty() || tenant.budget.left_ns < full
        });
    }
}

/// The shares of the businesses of one tenant.
struct Theirs {
    sharing: Arc<Sharing>,
    whose: Whose,
}

impl Shares for Theirs {
    fn next(&self) -> BoxFuture<'static, Share> {
        let asked = self.sharing.ask(self.whose);
        Box::pin(async move {
            match asked.await {
                Ok(share) => share,
                // Whoever gives them is gone: nobody is left to be fair to.
                Err(_) => Share::new(|_| {}),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    fn tenant(number: u8) -> Whose {
        Some(TenantId::from_bytes([number; 8]))
    }

    type Asked = (&'static str, BoxFuture<'static, Share>);

    /// Whoever has a share now, by name.
    fn got(asked: &mut Vec<Asked>) -> Vec<(&'static str, Share)> {
        let mut got = Vec::new();
        asked.retain_mut(|(name, next)| match next.now_or_never() {
            Some(share) => {
                got.push((*name, share));
                false
            }
            None => true,
        });
        got
    }

    #[tokio::test]
    async fn a_tenant_with_one_business_waits_for_one_turn_of_a_tenant_with_a_hundred() {
        let sharing = Arc::new(Sharing::new(1, 1_000));
        let (many, few) = (sharing.of(tenant(1)), sharing.of(tenant(2)));
        let mut asked: Vec<Asked> = (0..100).map(|_| ("many", many.next())).collect();
        asked.push(("few", few.next()));
        let mut order = Vec::new();
        while !asked.is_empty() {
            let given = got(&mut asked);
            assert_eq!(given.len(), 1, "one at a time");
            let (name, share) = given.into_iter().next().unwrap();
            order.push(name);
            // Whoever has had a turn waits for the next one.
            if order.len() <= 3 {
                asked.push((name, if name == "few" { few.next() } else { many.next() }));
            }
            drop(share);
        }
        assert_eq!(order[..6], ["many", "many", "few", "many", "few", "many"]);
        assert_eq!(order.len(), 104);
    }

    #[tokio::test]
    async fn whoever_waits_no_more_takes_no_turn_and_a_share_that_nobody_takes_is_over() {
        let sharing = Arc::new(Sharing::new(1, 1_000));
        let theirs = sharing.of(tenant(1));
        let held = theirs.next().await;
        let (gone, mut next) = (theirs.next(), theirs.next());
        drop(gone);
        assert!((&mut next).now_or_never().is_none());
        drop(held);
        // It was given, and is not taken.
        drop(next);
        assert!(theirs.next().now_or_never().is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn a_budget_that_is_used_up_fills_by_the_second_and_keeps_nobody_else_waiting() {
        let sharing = Arc::new(Sharing::new(2, 3_600));
        let used = |events| Sharing::over(&sharing, tenant(1), events);
        let theirs = sharing.of(tenant(1));
        let first = theirs.next().await;
        assert_eq!(sharing.spent(TenantId::from_bytes([1; 8])), None);
        // Its share brought that much.
        sharing.all().free -= 1;
        used(3_600 + 99);
        drop(first);
        assert_eq!(sharing.spent(TenantId::from_bytes([1; 8])), Some(100));
        let mut waits = theirs.next();
        assert!((&mut waits).now_or_never().is_none(), "the hour is used up");
        assert!(sharing.of(tenant(2)).next().now_or_never().is_some(), "that of another tenant is not");
        assert!(sharing.of(None).next().now_or_never().is_some());
        let began = Instant::now();
        let share = waits.await;
        let waited = began.elapsed();
        assert!(waited >= Duration::from_secs(99) && waited < Duration::from_secs(100), "{waited:?}");
        assert_eq!(sharing.spent(TenantId::from_bytes([1; 8])), None);
        drop(share);
        tokio::time::advance(HOUR * 5).await;
        used(3_600);
        assert!(sharing.spent(TenantId::from_bytes([1; 8])).is_some(), "no more is saved up than an hour gives");
        sharing.all().forget(Instant::now());
        assert_eq!(sharing.all().tenants.len(), 1, "nothing needs to be known of the others");
    }
}
