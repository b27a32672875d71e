//! The bytes of a key file: its header and its slots.

use std::path::Path;

use bbb_core::id::{BusinessId, ContactId};
use bbb_core::seal::SecretKey;

use super::owner::OwnerKey;
use super::{Error, damage};

/// The size of the header and of each slot.
pub(super) const SLOT_BYTES: usize = 96;

const MAGIC: [u8; 8] = *b"bbbkeys\x01";
const KEY: u8 = 1;
const ERASED: u8 = 2;
const SUMMED_BYTES: usize = 80;

/// One slot whose checksum is right.
pub(super) struct Slot([u8; SLOT_BYTES]);

impl Slot {
    /// A contact's key, wrapped.
    pub(super) fn wrap(business: BusinessId, contact: ContactId, nonce: [u8; 12], key: &SecretKey, owner: &OwnerKey) -> Slot {
        let mut bytes = [0; SLOT_BYTES];
        bytes[0] = KEY;
        bytes[8..16].copy_from_slice(&contact.bytes());
        bytes[16..28].copy_from_slice(&nonce);
        bytes[28..76].copy_from_slice(&owner.wrap(&key.0, nonce, &about_contact(business, contact)));
        Slot(summed(bytes))
    }

    /// The mark of a contact whose key was destroyed.
    pub(super) fn erased(contact: ContactId) -> Slot {
        let mut bytes = [0; SLOT_BYTES];
        bytes[0] = ERASED;
        bytes[8..16].copy_from_slice(&contact.bytes());
        Slot(summed(bytes))
    }

    /// Reads a slot; none where its checksum is wrong.
    pub(super) fn read(bytes: &[u8; SLOT_BYTES]) -> Option<Slot> {
        (summed(*bytes) == *bytes && matches!(bytes[0], KEY | ERASED)).then_some(Slot(*bytes))
    }

    pub(super) fn bytes(&self) -> [u8; SLOT_BYTES] {
        self.0
    }

    pub(super) fn is_erased(&self) -> bool {
        self.0[0] == ERASED
    }

    pub(super) fn contact(&self) -> ContactId {
        Slot::contact_in(&self.0)
    }

    /// The contact in a slot that may be damaged: erasing writes the same bytes there, so a broken off erasure leaves them as they were.
    pub(super) fn contact_in(bytes: &[u8; SLOT_BYTES]) -> ContactId {
        ContactId::from_bytes(cut(bytes, 8))
    }

    /// The key, if this owner wrapped it for this business.
    pub(super) fn unwrap(&self, business: BusinessId, owner: &OwnerKey) -> Option<SecretKey> {
        owner.unwrap(&self.0[28..76], cut(&self.0, 16), &about_contact(business, self.contact())).map(SecretKey)
    }
}

/// The header of a new file.
pub(super) fn header(business: BusinessId, nonce: [u8; 12], index_key: &SecretKey, owner: &OwnerKey) -> [u8; SLOT_BYTES] {
    let mut bytes = [0; SLOT_BYTES];
    bytes[..8].copy_from_slice(&MAGIC);
    bytes[8..16].copy_from_slice(&business.bytes());
    bytes[16..28].copy_from_slice(&nonce);
    bytes[28..76].copy_from_slice(&owner.wrap(&index_key.0, nonce, &about_index(business)));
    summed(bytes)
}

/// Checks a file's header, and gives the index key that is in it.
pub(super) fn open_header(file: &[u8], business: BusinessId, owner: &OwnerKey, path: &Path) -> Result<SecretKey, Error> {
    let bytes: &[u8; SLOT_BYTES] = file.first_chunk().ok_or_else(|| damage(path, "it is too short"))?;
    if bytes[..8] != MAGIC || summed(*bytes) != *bytes {
        return Err(damage(path, "its header is not one of this version"));
    }
    let found = BusinessId::from_bytes(cut(bytes, 8));
    if found != business {
        return Err(Error::OtherBusiness { path: path.to_owned(), found });
    }
    let index_key = owner.unwrap(&bytes[28..76], cut(bytes, 16), &about_index(business));
    index_key.map(SecretKey).ok_or_else(|| Error::OtherOwner { path: path.to_owned() })
}

fn summed(mut bytes: [u8; SLOT_BYTES]) -> [u8; SLOT_BYTES] {
    let sum = blake3::hash(&bytes[..SUMMED_BYTES]);
    bytes[SUMMED_BYTES..].copy_from_slice(&sum.as_bytes()[..SLOT_BYTES - SUMMED_BYTES]);
    bytes
}

fn cut<const N: usize>(bytes: &[u8; SLOT_BYTES], from: usize) -> [u8; N] {
    let mut part = [0; N];
    part.copy_from_slice(&bytes[from..from + N]);
    part
}

fn about_contact(business: BusinessId, contact: ContactId) -> Vec<u8> {
    [b"bbb contact key v1".as_slice(), &business.bytes(), &contact.bytes()].concat()
}

fn about_index(business: BusinessId) -> Vec<u8> {
    [b"bbb index key v1".as_slice(), &business.bytes()].concat()
}
