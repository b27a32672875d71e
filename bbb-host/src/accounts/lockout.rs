//! Lockout: after some failures each further one doubles the wait, by account and by address. It knows names, not accounts: one that nobody has is locked like any other.
//!
//! A try counts as a failure from when it begins, and is taken back once it is none: of a burst of guesses, no more are checked than of as many guesses one after the other.
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

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Failures {
    count: u32,
    last: Timestamp,
    locked_until: Timestamp,
}

/// How long to wait after so many failures where so many are free; nothing where none is needed.
fn wait_ms(count: u32, free: u32) -> i64 {
    count.checked_sub(free + 1).map_or(0, |beyond| FIRST_WAIT_MS.saturating_mul(1 << beyond.min(20)).min(LONGEST_WAIT_MS))
}

/// Until when to wait after so many failures, the last of them at this time. Long ago where no wait is needed, so that a clock that is set back locks nobody.
fn locked_until(last: Timestamp, count: u32, free: u32) -> Timestamp {
    match wait_ms(count, free) {
        0 => Timestamp::from_ms(0),
        wait_ms => last.plus_ms(wait_ms),
    }
}

/// A try that is under way, and counted as a failure. Dropped, as by a client that hangs up, it stays one.
#[must_use = "a try that did not fail is taken back"]
#[derive(Debug)]
pub(super) struct Attempt<'a> {
    lockout: &'a Lockout,
    /// What was known of each name before and after it was counted.
    counted: Vec<(Name, Option<Failures>, Failures)>,
}

impl Attempt<'_> {
    /// It failed. Says whether it is the one that locks the account, or its tries from there.
    pub(super) fn failed(self) -> bool {
        let locks =
            |(name, _, after): &(Name, Option<Failures>, Failures)| !matches!(name, Name::Address(_)) && after.count == name.free() + 1;
        self.counted.iter().any(locks)
    }

    /// It was no failure: it counts for nothing. What failed before is not forgiven.
    pub(super) fn take_back(self) {
        let mut known = self.lockout.names.lock().unwrap_or_else(PoisonError::into_inner);
        for (name, before, after) in self.counted {
            let Some(now) = known.get_mut(&name) else { continue };
            match before {
                Some(before) if *now == after => *now = before,
                None if *now == after => drop(known.remove(&name)),
                // Others began, or ended, meanwhile: they wait as if this one had never been.
                _ => {
                    now.count = now.count.saturating_sub(1);
                    now.locked_until = locked_until(now.last, now.count, name.free());
                }
            }
        }
    }
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

impl std::fmt::Debug for Lockout {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Lockout")
    }
}

impl Lockout {
    pub(super) fn new(clock: WallClock) -> Lockout {
        Lockout { clock, names: Mutex::default() }
    }

    /// Begins a try, where one may be made now, and counts it as a failure until it is taken back.
    pub(super) fn begin(&self, account: &str, address: IpAddr) -> Result<Attempt<'_>, Error> {
        let now = (self.clock)();
        let mut known = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        let names = names(account, address);
        let waits = names.iter().filter_map(|name| known.get(name)).map(|failures| failures.locked_until.since(now));
        if let Some(wait_ms) = waits.max().filter(|wait_ms| *wait_ms > 0) {
            return Err(Error::Locked { seconds: wait_ms.unsigned_abs().div_ceil(1000) });
        }
        if known.len() + names.len() > MAX_NAMES {
            known.retain(|_, failures| now.since(failures.last) < MEMORY_MS);
            if known.len() + names.len() > MAX_NAMES {
                // Who fills it is not helped by that: the addresses they come from are limited by their requests.
                known.retain(|_, failures| failures.locked_until > now);
            }
        }
        let mut counted = Vec::with_capacity(names.len());
        for name in names {
            if known.len() >= MAX_NAMES && !known.contains_key(&name) {
                continue;
            }
            let before = known.get(&name).copied();
            let remembered = before.filter(|failures| now.since(failures.last) < MEMORY_MS).map_or(0, |failures| failures.count);
            let count = remembered.saturating_add(1);
            let after = Failures { count, last: now, locked_until: locked_until(now, count, name.free()) };
            known.insert(name.clone(), after);
            counted.push((name, before, after));
        }
        Ok(Attempt { lockout: self, counted })
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

    fn fails(lockout: &Lockout, account: &str, address: &str) -> bool {
        lockout.begin(account, from(address)).is_ok()
    }

    /// How long somebody would have to wait; asking costs nothing.
    fn wait(lockout: &Lockout, account: &str, address: &str) -> u64 {
        match lockout.begin(account, from(address)) {
            Ok(attempt) => {
                attempt.take_back();
                0
            }
            Err(Error::Locked { seconds }) => seconds,
            Err(error) => panic!("{error}"),
        }
    }

    #[test]
    fn each_further_failure_doubles_the_wait_up_to_a_quarter_of_an_hour() {
        let (lockout, time) = lockout();
        let mut waits = Vec::new();
        for _ in 0..18 {
            let seconds = wait(&lockout, "ada", HOME);
            waits.push(seconds);
            time.fetch_add(i64::try_from(seconds).unwrap() * 1000, Ordering::SeqCst);
            assert!(fails(&lockout, "ada", HOME), "after the wait it may try again");
        }
        assert_eq!(waits, [0, 0, 0, 0, 0, 0, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900]);
        assert_eq!(wait(&lockout, "bob", HOME), 0, "another account is free");
        assert_eq!(wait(&lockout, "ada", "192.0.2.2"), 0, "its owner gets in from elsewhere");
        time.fetch_add(LONGEST_WAIT_MS, Ordering::SeqCst);
        lockout.succeeded("ada", from(HOME));
        assert!(fails(&lockout, "ada", HOME));
        assert_eq!(wait(&lockout, "ada", HOME), 0, "what was before is forgiven");
    }

    #[test]
    fn a_clock_that_is_set_back_locks_nobody_who_may_still_fail() {
        let (lockout, time) = lockout();
        assert!(fails(&lockout, "ada", HOME));
        time.fetch_sub(LONGEST_WAIT_MS, Ordering::SeqCst);
        assert_eq!(wait(&lockout, "ada", HOME), 0);
    }

    #[test]
    fn of_a_burst_no_more_are_admitted_than_may_fail() {
        let (lockout, time) = lockout();
        let burst: Vec<_> = (0..100).filter_map(|_| lockout.begin("ada", from(HOME)).ok()).collect();
        assert_eq!(burst.len(), 6, "five are free, and the sixth brings the wait about, though none has ended");
        assert_eq!(wait(&lockout, "ada", HOME), 2);
        drop(burst);
        assert_eq!(wait(&lockout, "ada", HOME), 2, "who hangs up has failed");
        time.fetch_add(2_000, Ordering::SeqCst);
        let one = lockout.begin("ada", from(HOME)).unwrap();
        assert!(lockout.begin("ada", from(HOME)).is_err());
        one.take_back();
        assert_eq!(wait(&lockout, "ada", HOME), 0, "what was no failure has no wait of its own");
        assert!(fails(&lockout, "ada", HOME));
        assert_eq!(wait(&lockout, "ada", HOME), 4, "and forgives nothing");
    }

    #[test]
    fn who_began_together_is_counted_apart() {
        let (lockout, _) = lockout();
        let mut burst: Vec<_> = (0..6).map(|_| lockout.begin("ada", from(HOME)).unwrap()).collect();
        burst.swap_remove(1).take_back();
        assert_eq!(wait(&lockout, "ada", HOME), 0, "five failures are free");
        assert!(fails(&lockout, "ada", HOME));
        assert_eq!(wait(&lockout, "ada", HOME), 2);
        lockout.succeeded("ada", from(HOME));
        burst.into_iter().for_each(Attempt::take_back);
        assert_eq!(wait(&lockout, "ada", HOME), 0, "what is forgiven is not taken back a second time");
    }

    #[test]
    fn neither_many_addresses_nor_many_accounts_get_around_it() {
        let (lockout, _) = lockout();
        for number in 0..=FREE_OF_ACCOUNT {
            assert!(fails(&lockout, "ada", &format!("198.51.100.{number}")));
        }
        assert_eq!(wait(&lockout, "ada", HOME), 2);
        for number in 0..=FREE_OF_ADDRESS {
            assert!(fails(&lockout, &format!("user {number}"), "2001:db8::1"));
        }
        assert_eq!(wait(&lockout, "somebody", "2001:db8::ffff:2"), 2, "the same subscriber");
        assert_eq!(wait(&lockout, "somebody", "2001:db8:0:1::1"), 0);
    }
}
