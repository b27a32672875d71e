//! Ids of accounts and tenants: drawn, since they are derived from nothing that stays.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::accounts::Error;

macro_rules! drawn {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; 8]);

        impl $name {
            /// A new one.
            ///
            /// # Errors
            /// [`Error::Database`] where the system gives no random numbers.
            pub(crate) fn draw() -> Result<Self, Error> {
                Ok($name(random()?))
            }

            /// The bytes, as the database keeps them.
            pub const fn bytes(self) -> [u8; 8] {
                self.0
            }

            /// The id with these bytes.
            pub const fn from_bytes(bytes: [u8; 8]) -> Self {
                $name(bytes)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&format!(concat!($prefix, "_{:016x}"), u64::from_be_bytes(self.0)))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = Error;

            fn from_str(text: &str) -> Result<Self, Error> {
                let form = || Error::Bad { field: "id", rule: concat!("has the form ", $prefix, "_<16 hex digits>").to_owned() };
                let hex = text.strip_prefix(concat!($prefix, "_")).ok_or_else(form)?;
                // What is printed is the only form that is read.
                if hex.len() != 16 || !hex.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
                    return Err(form());
                }
                u64::from_str_radix(hex, 16).map(|number| $name(number.to_be_bytes())).map_err(|_| form())
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

drawn!(
    /// An account.
    UserId, "usr"
);
drawn!(
    /// A tenant: what businesses belong to, and whom users are members of.
    TenantId, "ten"
);
drawn!(
    /// A session: one sign-in, until it is signed out or over.
    SessionId, "ses"
);

drawn!(
    /// An API key; not the key itself.
    KeyId, "key"
);
drawn!(
    /// Who a user is at a provider of sign-ins.
    IdentityId, "idn"
);

drawn!(
    /// Something that the daemon says to somebody: the name of its mail or its webhook's message, the same for every attempt.
    LetterId, "msg"
);
drawn!(
    /// Where a tenant wants to be told of things.
    WebhookId, "whk"
);

/// Random bytes of the system.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], Error> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| Error::Database(format!("the system gives no random numbers: {error}")))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn ids_read_back_what_they_print_and_nothing_else(number in any::<u64>(), text in "\\PC{0,24}") {
            let id = UserId(number.to_be_bytes());
            prop_assert_eq!(id.to_string().parse::<UserId>(), Ok(id));
            prop_assert!(id.to_string().parse::<TenantId>().is_err());
            if let Ok(read) = text.parse::<UserId>() {
                prop_assert_eq!(read.to_string(), text);
            }
        }
    }
}
