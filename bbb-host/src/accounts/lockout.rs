//! Lockout: after some failures each further one doubles the wait, by account and by address. It knows names, not accounts: one that nobody has is locked like any other.
//!
//! It is kept in memory: a restart forgets it, and nobody but the operator can bring one about.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use bbb_agents::world::WallClock;
use bbb_core::time::Timestamp;

use crate::accounts::Error;

/// Failures without a wait: of one account from one address, of one account from anywhere, of one address with any account.
const FREE_OF_PAIR: u32 = 5;
const FREE_OF_ACCOUNT: u32 = 20;
const FREE_OF_ADDRESS: u32 = 40;
/// The wait after the first failure beyond them, which doubles up to the longest.
const FIRST_WAIT_MS: i64 = 2_000;
const LONGEST_WAIT_MS: i64 = 15 * 60_000;
/// After so long without a failure all is forgotten.
const MEMORY_MS: i64 = 60 * 60_000;
/// The most names that are remembered.
const MAX_NAMES: usize = 50_000;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Name {
    Pair(String, IpAddr),
    Account(String),
    Address(IpAddr),
}

impl Name {
    const fn free(&self) -> u32 {
        match self {
            Name::Pair(..) => FREE_OF_PAIR,
            Name::Account(_) => FREE_OF_ACCOUNT,
            Name::Address(_) => FREE_OF_ADDRESS,
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Failures {
    count: u32,
    last: Timestamp,
    locked_until: Timestamp,
}

/// Counts failures to sign in.
pub(super) struct Lockout {
    clock: WallClock,
    names: Mutex<HashMap<Name, Failures>>,
}

/// Addresses that one subscriber has count as one: of IPv6 that is the upper half.
pub(crate) fn subscriber(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(address) => address.to_ipv4_mapped().map_or_else(|| IpAddr::V6((u128::from(address) >> 64 << 64).into()), IpAddr::V4),
        IpAddr::V4(_) => address,
    }
}

fn names(account: &str, address: IpAddr) -> [Name; 3] {
    let address = subscriber(address);
    [Name::Pair(account.to_owned(), address), Name::Account(account.to_owned()), Name::Address(address)]
}

impl Lockout {
    pub(super) fn new(clock: WallClock) -> Lockout {
        Lockout { clock, names: Mutex::default() }
    }

    /// Whether somebody may try now.
    pub(super) fn admit(&self, account: &str, address: IpAddr) -> Result<(), Error> {
        let now = (self.clock)();
        let known = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        let waits =
            names(account, address).into_iter().filter_map(|name| known.get(&name)).map(|failures| failures.locked_until.since(now));
        match waits.max() {
            Some(wait_ms) if wait_ms > 0 => Err(Error::Locked { seconds: wait_ms.unsigned_abs().div_ceil(1000) }),
            _ => Ok(()),
        }
    }

    /// A try that failed. Says whether it is the one that locks the account, or its tries from there.
    pub(super) fn failed(&self, account: &str, address: IpAddr) -> bool {
        let now = (self.clock)();
        let mut known = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() + 3 > MAX_NAMES {
            known.retain(|_, failures| now.since(failures.last) < MEMORY_MS);
            if known.len() + 3 > MAX_NAMES {
                // Who fills it is not helped by that: the addresses they come from are limited by their requests.
                known.retain(|_, failures| failures.locked_until > now);
            }
        }
        let mut locks = false;
        for name in names(account, address) {
            let (free, of_account) = (name.free(), !matches!(name, Name::Address(_)));
            if known.len() >= MAX_NAMES && !known.contains_key(&name) {
                continue;
            }
            let failures = known.entry(name).or_insert(Failures { count: 0, last: now, locked_until: now });
            if now.since(failures.last) >= MEMORY_MS {
                failures.count = 0;
            }
            failures.count = failures.count.saturating_add(1);
            failures.last = now;
            if let Some(beyond) = failures.count.checked_sub(free + 1) {
                let wait_ms = FIRST_WAIT_MS.saturating_mul(1 << beyond.min(20)).min(LONGEST_WAIT_MS);
                failures.locked_until = now.plus_ms(wait_ms);
                locks |= of_account && beyond == 0;
            }
        }
        locks
    }

    /// A try that succeeded: what this account failed before from there is forgiven.
    pub(super) fn succeeded(&self, account: &str, address: IpAddr) {
        let mut known = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        let [pair, account, _] = names(account, address);
        known.remove(&pair);
        known.remove(&account);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicI64, Ordering};

    const HOME: &str = "192.0.2.1";

    fn lockout() -> (Lockout, Arc<AtomicI64>) {
        let time = Arc::new(AtomicI64::new(1_000_000));
        let clock = Arc::clone(&time);
        (Lockout::new(Arc::new(move || Timestamp::from_ms(clock.load(Ordering::SeqCst)))), time)
    }

    fn from(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn each_further_failure_doubles_the_wait_up_to_a_quarter_of_an_hour() {
        let (lockout, time) = lockout();
        let mut waits = Vec::new();
        for _ in 0..18 {
            let wait = match lockout.admit("ada", from(HOME)) {
                Err(Error::Locked { seconds }) => seconds,
                _ => 0,
            };
            waits.push(wait);
            time.fetch_add(i64::try_from(wait).unwrap() * 1000, Ordering::SeqCst);
            assert_eq!(lockout.admit("ada", from(HOME)), Ok(()), "after the wait it may try again");
            lockout.failed("ada", from(HOME));
        }
        assert_eq!(waits, [0, 0, 0, 0, 0, 0, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900]);
        assert_eq!(lockout.admit("bob", from(HOME)), Ok(()), "another account is free");
        assert_eq!(lockout.admit("ada", from("192.0.2.2")), Ok(()), "its owner gets in from elsewhere");
        time.fetch_add(LONGEST_WAIT_MS, Ordering::SeqCst);
        lockout.succeeded("ada", from(HOME));
        lockout.failed("ada", from(HOME));
        assert_eq!(lockout.admit("ada", from(HOME)), Ok(()), "what was before is forgiven");
    }

    #[test]
    fn neither_many_addresses_nor_many_accounts_get_around_it() {
        let (lockout, _) = lockout();
        for number in 0..=FREE_OF_ACCOUNT {
            lockout.failed("ada", from(&format!("198.51.100.{number}")));
        }
        assert!(lockout.admit("ada", from(HOME)).is_err());
        for number in 0..=FREE_OF_ADDRESS {
            lockout.failed(&format!("user {number}"), from("2001:db8::1"));
        }
        assert!(lockout.admit("somebody", from("2001:db8::ffff:2")).is_err(), "the same subscriber");
        assert_eq!(lockout.admit("somebody", from("2001:db8:0:1::1")), Ok(()));
    }
}
