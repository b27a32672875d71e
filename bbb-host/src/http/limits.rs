//! How many requests an account, or an address that is not signed in, may make, and how it is told so (the draft fields `RateLimit-Policy` and `RateLimit`).

use std::net::{IpAddr, Ipv4Addr};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use governor::clock::Clock;
use governor::middleware::StateInformationMiddleware;
use governor::nanos::Nanos;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};
use http::HeaderValue;
use http::header::{HeaderMap, HeaderName};

use crate::accounts::id::UserId;
use crate::accounts::{Accounts, subscriber};
use crate::http::auth::Found;
use crate::http::problem::{Problem, What};

/// The most names that are counted; beyond them those are forgotten that have made no request lately.
const MAX_NAMES: usize = 100_000;
const WINDOW_S: u64 = 60;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Name {
    Account(UserId),
    Address(IpAddr),
}

/// The clock of the accounts, as the limiter reads it.
#[derive(Debug, Clone)]
struct ByAccounts(Arc<Accounts>);

impl Clock for ByAccounts {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        Duration::from_millis(self.0.now().ms().max(0).unsigned_abs()).into()
    }
}

/// Counts requests.
pub(crate) struct Limiter {
    limiter: RateLimiter<Name, HashMapStateStore<Name>, ByAccounts, StateInformationMiddleware>,
    clock: ByAccounts,
    per_minute: u32,
}

/// How many requests are left.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Standing {
    kind: &'static str,
    per_minute: u32,
    left: u32,
}

impl Limiter {
    pub(crate) fn new(accounts: Arc<Accounts>, per_minute: u32) -> Limiter {
        let quota = Quota::per_minute(NonZeroU32::new(per_minute).unwrap_or(NonZeroU32::MIN));
        let clock = ByAccounts(accounts);
        let limiter = RateLimiter::hashmap_with_clock(quota, clock.clone()).with_middleware::<StateInformationMiddleware>();
        Limiter { limiter, clock, per_minute }
    }

    /// Counts a request, or refuses it.
    pub(crate) fn count(&self, found: &Found, from: Option<IpAddr>) -> Result<Standing, Problem> {
        let (name, kind) = match found {
            Found::Somebody(identity, _) => (Name::Account(identity.user.id), "account"),
            Found::Nobody | Found::Stranger => (Name::Address(subscriber(from.unwrap_or(Ipv4Addr::UNSPECIFIED.into()))), "address"),
        };
        if self.limiter.len() > MAX_NAMES {
            self.limiter.retain_recent();
        }
        match self.limiter.check_key(&name) {
            Ok(state) => Ok(Standing { kind, per_minute: self.per_minute, left: state.remaining_burst_capacity() }),
            Err(until) => {
                let seconds = until.wait_time_from(self.clock.now()).as_millis().div_ceil(1000);
                let seconds = u64::try_from(seconds).unwrap_or(WINDOW_S);
                Err(Problem::new(What::TooMany, format!("at most {} requests a minute", self.per_minute)).after(seconds))
            }
        }
    }
}

impl Standing {
    /// Says it in an answer.
    pub(crate) fn tell(self, headers: &mut HeaderMap) {
        let Standing { kind, per_minute, left } = self;
        // One more each so often: when all are there again.
        let reset_s = u64::from(per_minute.saturating_sub(left)).saturating_mul(WINDOW_S).div_ceil(u64::from(per_minute.max(1)));
        let fields = [
            ("ratelimit-policy", format!("\"{kind}\";q={per_minute};w={WINDOW_S}")),
            ("ratelimit", format!("\"{kind}\";r={left};t={reset_s}")),
        ];
        for (name, value) in fields {
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.insert(HeaderName::from_static(name), value);
            }
        }
    }
}
