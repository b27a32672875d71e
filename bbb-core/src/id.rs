//! Identifiers: a type for each, prefixed when printed, derived and never drawn.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Text that is not an identifier of the wanted kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not an id of the form {form}")]
pub struct ParseError {
    text: String,
    form: &'static str,
}

fn refuse(text: &str, form: &'static str) -> ParseError {
    ParseError { text: text.chars().take(64).collect(), form }
}

/// Counted ids: the n-th of their kind within one business.
macro_rules! counted {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(u32);

        impl $name {
            /// The id with this ordinal.
            pub const fn new(ordinal: u32) -> Self {
                $name(ordinal)
            }

            /// The ordinal within the business.
            pub const fn get(self) -> u32 {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&format!(concat!($prefix, "_{}"), self.0))
            }
        }

        impl FromStr for $name {
            type Err = ParseError;

            fn from_str(text: &str) -> Result<Self, ParseError> {
                let digits = text.strip_prefix(concat!($prefix, "_")).unwrap_or(text);
                digits.parse().map($name).map_err(|_| refuse(text, concat!($prefix, "_<number>")))
            }
        }
    };
}

/// Hashed ids: derived from what they name, so that the same thing always has the same id.
macro_rules! hashed {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; 8]);

        impl $name {
            /// The id with these bytes, as a store keeps them.
            pub const fn from_bytes(bytes: [u8; 8]) -> Self {
                $name(bytes)
            }

            /// The id of whatever `digest` is the digest of.
            pub fn derive(digest: &blake3::Hash) -> Self {
                let mut bytes = [0; 8];
                bytes.copy_from_slice(&digest.as_bytes()[..8]);
                $name(bytes)
            }

            /// The bytes, as a store keeps them.
            pub const fn bytes(self) -> [u8; 8] {
                self.0
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
            type Err = ParseError;

            fn from_str(text: &str) -> Result<Self, ParseError> {
                let form = concat!($prefix, "_<16 hex digits>");
                let hex = text.strip_prefix(concat!($prefix, "_")).filter(|hex| hex.len() == 16 && hex.bytes().all(|b| b.is_ascii_hexdigit()));
                let value = hex.and_then(|hex| u64::from_str_radix(hex, 16).ok()).ok_or_else(|| refuse(text, form))?;
                Ok($name(value.to_be_bytes()))
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

counted!(
    /// A unit of work for a role.
    TaskId, "task"
);
counted!(
    /// An action that a role wants to take; also names the effect that it becomes once permitted.
    ProposalId, "prop"
);
counted!(
    /// A customer's order.
    OrderId, "order"
);
counted!(
    /// A customer's request for help.
    TicketId, "ticket"
);
hashed!(
    /// One business: derived from everything it was launched with.
    BusinessId, "biz"
);
hashed!(
    /// A person or company that the business is in touch with: derived from a keyed hash of the address, so that the id tells nothing.
    ContactId, "contact"
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_read_back_what_they_print_and_refuse_other_text() {
        let business = BusinessId::derive(&blake3::hash(b"a"));
        assert_eq!(business.to_string().parse::<BusinessId>(), Ok(business));
        assert_eq!(serde_json::from_str::<BusinessId>(&serde_json::to_string(&business).expect("plain")).expect("own text"), business);
        assert_eq!("prop_7".parse::<ProposalId>(), Ok(ProposalId::new(7)));
        assert_eq!("7".parse::<ProposalId>(), Ok(ProposalId::new(7)));
        for bad in ["", "biz_", "biz_00", "task_00000000000000ff", "biz_000000000000000g", "biz_+00000000000000f"] {
            assert!(bad.parse::<BusinessId>().is_err(), "{bad}");
        }
        assert!("prop_-1".parse::<ProposalId>().is_err());
    }
}
