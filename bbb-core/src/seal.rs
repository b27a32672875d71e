//! Sealed text: what is personal enters a journal only encrypted, under a key of the contact that it is about.
//!
//! AES-256-GCM-SIV (RFC 8452) under the contact's key, with the contact's id as associated data. The nonce is derived from the key
//! and the text, so that sealing is deterministic; the SIV construction stays secure when a nonce repeats, and then shows no more than that
//! two texts are equal. Destroying a contact's key erases everything sealed under it, while the hash chain over the sealed form still
//! verifies. Where keys live is not here: see [`Keys`].

use std::fmt;
use std::sync::Arc;

use aes_gcm_siv::aead::{Aead, KeyInit, Payload};
use aes_gcm_siv::{Aes256GcmSiv, Key, Nonce};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::draw::Seed;
use crate::id::ContactId;

/// The most bytes of text that one seal holds: 256 KiB.
pub const MAX_SEALED_BYTES: usize = 256 * 1024;

const NONCE_BYTES: usize = 12;

/// Whose key seals what belongs to no contact: prompts, model answers, the owner's notes.
pub fn owner_contact() -> ContactId {
    ContactId::derive(&blake3::hash(b"bbb: the owner"))
}

/// Text that can be read only with the key of its contact.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed {
    contact: ContactId,
    bytes: Arc<[u8]>,
}

impl Sealed {
    /// Whom the text is about.
    pub fn contact(&self) -> ContactId {
        self.contact
    }

    /// The size of the text, in bytes, that is sealed here.
    pub fn text_bytes(&self) -> usize {
        self.bytes.len().saturating_sub(NONCE_BYTES + 16)
    }
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealed({}, {} bytes)", self.contact, self.bytes.len())
    }
}

impl Serialize for Sealed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{}:{}", self.contact, BASE64.encode(&self.bytes)))
    }
}

impl<'de> Deserialize<'de> for Sealed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error as _;
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        let (contact, encoded) = text.split_once(':').ok_or_else(|| D::Error::custom("sealed text is <contact>:<base64>"))?;
        let bytes = BASE64.decode(encoded).map_err(|_| D::Error::custom("sealed text is not base64"))?;
        Ok(Sealed { contact: contact.parse().map_err(D::Error::custom)?, bytes: bytes.into() })
    }
}

/// Opened personal text. Prints as `***`, so that it does not reach a log by accident.
#[derive(Clone, PartialEq, Eq)]
pub struct Personal(String);

impl Personal {
    /// Marks `text` as personal.
    pub fn new(text: impl Into<String>) -> Self {
        Personal(text.into())
    }

    /// The text itself: for the eyes of the recipient or the owner.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Personal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// A 256-bit key. Prints as `***`.
#[derive(Clone)]
pub struct SecretKey(pub [u8; 32]);

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Why text could not be sealed or opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The contact's key was destroyed: the text is erased for good.
    #[error("the key of {0} was erased")]
    Erased(ContactId),
    /// There is no key of the contact: nothing was ever sealed about it here, or its keys are lost.
    #[error("there is no key of {0}")]
    NoKey(ContactId),
    /// The sealed bytes are not what was sealed under this key.
    #[error("sealed text of {0} does not open: wrong key or altered bytes")]
    Altered(ContactId),
    /// More text than [`MAX_SEALED_BYTES`].
    #[error("text of {bytes} bytes is over the limit of {max} bytes for sealed text")]
    TooLong {
        /// The text's size in bytes.
        bytes: usize,
        /// The limit in bytes.
        max: usize,
    },
    /// The key store failed.
    #[error("the key store failed: {0}")]
    KeyStore(String),
}

/// Where the keys of one business come from. Implemented by the host (a file of wrapped keys) and by [`DerivedKeys`].
pub trait Keys: Send + Sync {
    /// The key of a contact, to read by. Never makes one: a key made for text that is there already could not open it.
    ///
    /// # Errors
    /// [`Error::Erased`] where the key was destroyed, [`Error::NoKey`] where there is none, [`Error::KeyStore`] where it cannot be read.
    fn contact_key(&self, contact: ContactId) -> Result<SecretKey, Error>;

    /// The key of a contact, to write by; made now if the contact is new.
    ///
    /// # Errors
    /// [`Error::Erased`] where the key was destroyed, [`Error::KeyStore`] where it cannot be read or made durable.
    fn contact_key_or_new(&self, contact: ContactId) -> Result<SecretKey, Error>;

    /// The key of keyed digests: contact ids and the suppression list.
    fn index_key(&self) -> SecretKey;
}

/// Keys derived from a seed: for simulated runs, whose contacts do not exist.
#[derive(Debug, Clone, Copy)]
pub struct DerivedKeys(Seed);

impl DerivedKeys {
    /// Keys that are a function of `seed`.
    pub fn new(seed: Seed) -> Self {
        DerivedKeys(seed)
    }

    fn key(self, context: &[u8]) -> SecretKey {
        let mut hasher = blake3::Hasher::new_derive_key("bbb 2026 simulated keys");
        hasher.update(&self.0.get().to_le_bytes()).update(context);
        SecretKey(*hasher.finalize().as_bytes())
    }
}

impl Keys for DerivedKeys {
    fn contact_key(&self, contact: ContactId) -> Result<SecretKey, Error> {
        Ok(self.key(&contact.bytes()))
    }

    fn contact_key_or_new(&self, contact: ContactId) -> Result<SecretKey, Error> {
        self.contact_key(contact)
    }

    fn index_key(&self) -> SecretKey {
        self.key(b"index")
    }
}

/// Seals and opens the personal text of one business.
#[derive(Clone)]
pub struct Vault {
    keys: Arc<dyn Keys>,
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Vault(***)")
    }
}

impl Vault {
    /// A vault over these keys.
    pub fn new(keys: Arc<dyn Keys>) -> Self {
        Vault { keys }
    }

    /// The contact that has this address: a keyed digest of it, in lower case and without surrounding space.
    pub fn contact_id(&self, address: &str) -> ContactId {
        let normal = address.trim().to_lowercase();
        ContactId::derive(&blake3::keyed_hash(&self.keys.index_key().0, normal.as_bytes()))
    }

    /// A keyed digest of personal text, by which two journals' readers cannot guess it.
    pub fn digest(&self, text: &str) -> String {
        blake3::keyed_hash(&self.keys.index_key().0, text.as_bytes()).to_hex().to_string()
    }

    /// Seals text about a contact.
    ///
    /// # Errors
    /// [`Error::TooLong`] past [`MAX_SEALED_BYTES`]; [`Error::Erased`] and [`Error::KeyStore`] from the keys.
    pub fn seal(&self, contact: ContactId, text: &str) -> Result<Sealed, Error> {
        if text.len() > MAX_SEALED_BYTES {
            return Err(Error::TooLong { bytes: text.len(), max: MAX_SEALED_BYTES });
        }
        let key = self.keys.contact_key_or_new(contact)?;
        let digest = blake3::keyed_hash(&key.0, text.as_bytes());
        let mut bytes = digest.as_bytes()[..NONCE_BYTES].to_vec();
        let payload = Payload { msg: text.as_bytes(), aad: &contact.bytes() };
        let sealed = cipher(&key).encrypt(&nonce(&bytes), payload).map_err(|_| Error::Altered(contact))?;
        bytes.extend_from_slice(&sealed);
        Ok(Sealed { contact, bytes: bytes.into() })
    }

    /// Opens sealed text.
    ///
    /// # Errors
    /// [`Error::Erased`] where the key was destroyed, [`Error::NoKey`] where there is none, [`Error::Altered`] where the bytes are not what was sealed.
    pub fn open(&self, sealed: &Sealed) -> Result<Personal, Error> {
        let altered = || Error::Altered(sealed.contact);
        let key = self.keys.contact_key(sealed.contact)?;
        let (nonce_bytes, body) = sealed.bytes.split_at_checked(NONCE_BYTES).ok_or_else(altered)?;
        let payload = Payload { msg: body, aad: &sealed.contact.bytes() };
        let plain = cipher(&key).decrypt(&nonce(nonce_bytes), payload).map_err(|_| altered())?;
        String::from_utf8(plain).map(Personal).map_err(|_| altered())
    }
}

fn cipher(key: &SecretKey) -> Aes256GcmSiv {
    Aes256GcmSiv::new(&Key::<Aes256GcmSiv>::from(key.0))
}

fn nonce(bytes: &[u8]) -> Nonce {
    let mut nonce = [0; NONCE_BYTES];
    nonce.copy_from_slice(bytes);
    Nonce::from(nonce)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vault(seed: u64) -> Vault {
        Vault::new(Arc::new(DerivedKeys::new(Seed::new(seed))))
    }

    #[test]
    fn sealed_text_opens_with_its_key_only_and_never_prints() {
        let vault = vault(1);
        let contact = vault.contact_id(" Ada@Example.com ");
        assert_eq!(contact, vault.contact_id("ada@example.com"));
        let sealed = vault.seal(contact, "Dear Ada").expect("short");
        assert_eq!(vault.open(&sealed).expect("own key").reveal(), "Dear Ada");
        assert_eq!(self::vault(2).open(&sealed), Err(Error::Altered(contact)));
        let printed = format!("{sealed:?} {:?} {}", vault.open(&sealed), serde_json::to_string(&sealed).expect("plain"));
        assert!(!printed.contains("Ada"), "{printed}");
        assert_eq!(sealed.text_bytes(), 8);
    }

    #[test]
    fn sealing_is_deterministic_and_every_flipped_bit_is_noticed() {
        let vault = vault(1);
        let contact = owner_contact();
        let sealed = vault.seal(contact, "x").expect("short");
        assert_eq!(sealed, vault.seal(contact, "x").expect("short"));
        for index in 0..sealed.bytes.len() {
            let mut bytes = sealed.bytes.to_vec();
            bytes[index] ^= 1;
            assert_eq!(vault.open(&Sealed { contact, bytes: bytes.into() }), Err(Error::Altered(contact)), "byte {index}");
        }
        let back: Sealed = serde_json::from_str(&serde_json::to_string(&sealed).expect("plain")).expect("own text");
        assert_eq!(back, sealed);
        assert!(serde_json::from_str::<Sealed>("\"contact_0:!!\"").is_err());
        assert!(vault.seal(contact, &"x".repeat(MAX_SEALED_BYTES + 1)).is_err());
    }
}
