//! The owner's signing keys: public keys, what they signed, and which key took over from which.
//!
//! Only checking is here; the secrets are the host's. What is signed under these keys is in [`crate::journal::checkpoint`].

use std::fmt;

use ed25519_dalek::VerifyingKey;
use serde::{Deserialize, Serialize};

use crate::id::BusinessId;
use crate::journal::checkpoint::{Checkpoint, Error, exact};
use crate::journal::hex;
use crate::time::Timestamp;

/// The name of a key list's format.
pub const KEYS_FORMAT: &str = "bbb-keys/1";
/// The most rotations of a key list.
pub const MAX_ROTATIONS: usize = 1_000;
/// The longest text of a key list.
pub const MAX_KEYS_BYTES: usize = 1024 + 600 * MAX_ROTATIONS;

/// What is signed begins with a domain, so that no signature of one kind serves as one of another.
const ROTATION_DOMAIN: &[u8] = b"bbb 2026 signing key rotation v1\0";

/// An Ed25519 public key, known to be one that a signature can be checked with.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PublicKey([u8; 32]);

impl PublicKey {
    /// The key with these bytes; nothing where they are no key, or a weak one, under which a signature proves nothing.
    pub fn from_bytes(bytes: &[u8; 32]) -> Option<PublicKey> {
        VerifyingKey::from_bytes(bytes).ok().filter(|key| !key.is_weak()).map(|_| PublicKey(*bytes))
    }

    /// Reads 64 lowercase hex digits.
    pub fn from_hex(text: &str) -> Option<PublicKey> {
        PublicKey::from_bytes(&hex::decode(text)?)
    }

    /// The key's bytes.
    pub fn bytes(&self) -> [u8; 32] {
        self.0
    }

    /// Whether this key made the signature. Strict: one message has one valid signature, whoever reads it.
    pub(super) fn signed(&self, message: &[u8], signature: &Signature) -> bool {
        let signature = ed25519_dalek::Signature::from_bytes(&signature.0);
        VerifyingKey::from_bytes(&self.0).is_ok_and(|key| key.verify_strict(message, &signature).is_ok())
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(&self.0))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for PublicKey {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for PublicKey {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let bytes = hex::deserialize(deserializer)?;
        PublicKey::from_bytes(&bytes).ok_or_else(|| serde::de::Error::custom("not an Ed25519 public key"))
    }
}

/// An Ed25519 signature.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Signature(#[serde(with = "hex")] pub [u8; 64]);

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(&self.0))
    }
}

/// The public keys of a data directory in the order in which they signed.
///
/// Each rotation is signed by the key before it and by the new one, so whoever knows any of the keys knows that the others belong to the same owner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "WireKeys", into = "WireKeys")]
pub struct KeyList {
    first: PublicKey,
    rotations: Vec<Rotation>,
}

/// A key that takes over from the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rotation {
    /// The new key.
    pub key: PublicKey,
    /// When, by the host's clock, in milliseconds.
    pub at_ms: i64,
    /// The old key's signature over [`rotation_bytes`].
    pub by_old: Signature,
    /// The new key's.
    pub by_new: Signature,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WireKeys {
    format: String,
    first: PublicKey,
    rotations: Vec<Rotation>,
}

impl From<KeyList> for WireKeys {
    fn from(keys: KeyList) -> WireKeys {
        WireKeys { format: KEYS_FORMAT.to_owned(), first: keys.first, rotations: keys.rotations }
    }
}

impl TryFrom<WireKeys> for KeyList {
    type Error = Error;

    fn try_from(wire: WireKeys) -> Result<KeyList, Error> {
        if wire.format != KEYS_FORMAT {
            return Err(Error::UnknownFormat { found: wire.format, known: KEYS_FORMAT });
        }
        wire.rotations.into_iter().try_fold(KeyList::new(wire.first), KeyList::rotated)
    }
}

/// What both keys of a rotation sign. `number` counts from 1.
pub fn rotation_bytes(number: u64, old: &PublicKey, new: &PublicKey, at: Timestamp) -> Vec<u8> {
    let mut bytes = ROTATION_DOMAIN.to_vec();
    bytes.extend_from_slice(&number.to_le_bytes());
    bytes.extend_from_slice(&old.bytes());
    bytes.extend_from_slice(&new.bytes());
    bytes.extend_from_slice(&at.ms().to_le_bytes());
    bytes
}

impl KeyList {
    /// The list with one key.
    pub fn new(first: PublicKey) -> KeyList {
        KeyList { first, rotations: Vec::new() }
    }

    /// The list with one more rotation.
    ///
    /// # Errors
    /// [`Error::BadRotation`], [`Error::BadKeys`].
    pub fn rotated(mut self, rotation: Rotation) -> Result<KeyList, Error> {
        let number = self.rotations.len() + 1;
        if number > MAX_ROTATIONS {
            return Err(Error::BadKeys(format!("has more than {MAX_ROTATIONS} rotations")));
        }
        if self.position(&rotation.key).is_some() {
            return Err(Error::BadKeys(format!("names {} twice", rotation.key)));
        }
        let old = self.current();
        let bytes = rotation_bytes(number as u64, old, &rotation.key, Timestamp::from_ms(rotation.at_ms));
        if !old.signed(&bytes, &rotation.by_old) || !rotation.key.signed(&bytes, &rotation.by_new) {
            return Err(Error::BadRotation { number });
        }
        self.rotations.push(rotation);
        Ok(self)
    }

    /// The key that signs now.
    pub fn current(&self) -> &PublicKey {
        self.rotations.last().map_or(&self.first, |rotation| &rotation.key)
    }

    /// All keys, oldest first.
    pub fn keys(&self) -> impl Iterator<Item = &PublicKey> {
        std::iter::once(&self.first).chain(self.rotations.iter().map(|rotation| &rotation.key))
    }

    /// How many times the key was changed.
    pub fn rotations(&self) -> usize {
        self.rotations.len()
    }

    /// A key's place, counted from 0.
    pub fn position(&self, key: &PublicKey) -> Option<usize> {
        self.keys().position(|known| known == key)
    }

    /// Reads a list. Only the very text that is written is accepted.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn from_text(text: &str) -> Result<KeyList, Error> {
        if text.len() > MAX_KEYS_BYTES {
            return Err(Error::Unreadable(format!("a list of keys has at most {MAX_KEYS_BYTES} bytes")));
        }
        exact(text, "a list of keys")
    }

    /// The list as one line of JSON, without its end.
    pub fn to_text(&self) -> String {
        // Cannot fail: numbers and texts.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Checks that a trusted key vouches for a checkpoint: it made it, or a later key did. What an older key signs, whoever stole it can sign too.
    ///
    /// # Errors
    /// [`Error::UnknownKey`], [`Error::Untrusted`].
    pub fn vouches(&self, trusted: &PublicKey, checkpoint: &Checkpoint) -> Result<(), Error> {
        let signer = self.place(checkpoint)?;
        let untrusted = |reason: String| Err(Error::Untrusted { key: *trusted, reason });
        match self.position(trusted) {
            None => untrusted(format!("it is not in the list of keys, whose newest is {}", self.current())),
            Some(place) if place > signer => {
                untrusted(format!("the newest checkpoint, of event {}, is signed by an older key", checkpoint.head().sequence))
            }
            Some(_) => Ok(()),
        }
    }

    fn place(&self, checkpoint: &Checkpoint) -> Result<usize, Error> {
        let unknown = Error::UnknownKey { sequence: checkpoint.head().sequence, key: *checkpoint.key() };
        self.position(checkpoint.key()).ok_or(unknown)
    }

    /// Checks that these checkpoints of one business can follow each other: events only grow, and a key that was replaced signs no more.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn check_order(&self, business: BusinessId, checkpoints: &[Checkpoint]) -> Result<(), Error> {
        for checkpoint in checkpoints {
            let sequence = checkpoint.head().sequence;
            if checkpoint.business() != business {
                return Err(Error::OtherBusiness { sequence, expected: business, found: checkpoint.business() });
            }
            if sequence == 0 {
                return Err(Error::Unreadable("a checkpoint of event 0 says nothing".to_owned()));
            }
            self.place(checkpoint)?;
        }
        for pair in checkpoints.windows(2) {
            let [first, second] = pair else { continue };
            let newer_key = self.place(second)? > self.place(first)?;
            let bad = |reason| Err(Error::OutOfOrder { first: first.head().sequence, second: second.head().sequence, reason });
            if self.place(second)? < self.place(first)? {
                return bad("its key had been replaced");
            }
            match second.head().sequence.cmp(&first.head().sequence) {
                std::cmp::Ordering::Less => return bad("it is older"),
                std::cmp::Ordering::Equal if !newer_key => return bad("it is of the same event"),
                std::cmp::Ordering::Equal if second.head() != first.head() || second.root() != first.root() => {
                    return bad("it says something else about the same event");
                }
                _ => {}
            }
        }
        Ok(())
    }
}
