//! How many mails strangers may cause: to one address, and from one. It counts addresses, not accounts, and so tells nobody who has one.
//!
//! It is kept in memory: a restart forgets it, and nobody but the operator can bring one about.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use bbb_core::time::{HOUR_MS, Timestamp};

use crate::accounts::Error;
use crate::accounts::lockout::subscriber;

/// Within an hour: mails to one address, and mails that one subscriber causes.
const TO_ADDRESS: usize = 3;
const BY_SUBSCRIBER: usize = 20;
/// The most names that are remembered.
const MAX_NAMES: usize = 20_000;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Name {
    Address(String),
    Subscriber(IpAddr),
}

/// Counts mails.
#[derive(Default)]
pub(super) struct MailLimit {
    names: Mutex<HashMap<Name, Vec<Timestamp>>>,
}

impl MailLimit {
    /// Counts one mail, or refuses it.
    pub(super) fn count(&self, address: &str, from: IpAddr, now: Timestamp) -> Result<(), Error> {
        let mut known = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        let recent = |times: &mut Vec<Timestamp>| times.retain(|at| now.since(*at) < HOUR_MS);
        if known.len() + 2 > MAX_NAMES {
            known.retain(|_, times| {
                recent(times);
                !times.is_empty()
            });
            if known.len() + 2 > MAX_NAMES {
                return Err(Error::Busy);
            }
        }
        let names = [(Name::Address(address.to_owned()), TO_ADDRESS), (Name::Subscriber(subscriber(from)), BY_SUBSCRIBER)];
        for (name, most) in &names {
            if let Some(times) = known.get_mut(name) {
                recent(times);
                if let Some(first) = times.first().filter(|_| times.len() >= *most) {
                    let wait_ms = HOUR_MS - now.since(*first);
                    return Err(Error::Locked { seconds: wait_ms.max(1).unsigned_abs().div_ceil(1000) });
                }
            }
        }
        for (name, _) in names {
            known.entry(name).or_default().push(now);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_gets_few_mails_and_a_subscriber_causes_few() {
        let (limit, home) = (MailLimit::default(), "192.0.2.1".parse().unwrap());
        let at = |ms| Timestamp::from_ms(1_000_000 + ms);
        for ms in 0..3 {
            assert_eq!(limit.count("ada@example.org", home, at(ms)), Ok(()));
        }
        let elsewhere = "192.0.2.2".parse().unwrap();
        assert_eq!(limit.count("ada@example.org", elsewhere, at(1_000)), Err(Error::Locked { seconds: 3_599 }));
        assert_eq!(limit.count("ada@example.org", elsewhere, at(HOUR_MS)), Ok(()));
        for number in 3..BY_SUBSCRIBER {
            assert_eq!(limit.count(&format!("{number}@example.org"), home, at(5)), Ok(()));
        }
        assert!(limit.count("bob@example.org", home, at(5)).is_err());
    }
}
