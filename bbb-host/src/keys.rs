//! Keys on disk: one file for each business, wrapped by the owner's key.
//!
//! Whoever has a contact's key can read what is sealed about the contact, and whoever destroys it erases that for good. So keys do not live
//! in the journal, which is never changed, but in a file of their own, which is overwritten in place.
//!
//! A file is a header and slots, all of 96 bytes:
//!
//! | bytes | header | slot |
//! |---|---|---|
//! | 0..8 | `bbbkeys` and the format's version | 1 (key) or 2 (erased), then zeros |
//! | 8..16 | the business | the contact |
//! | 16..28 | nonce | nonce; zeros if erased |
//! | 28..76 | the index key, wrapped | the contact's key, wrapped; zeros if erased |
//! | 76..80 | zeros | zeros |
//! | 80..96 | BLAKE3 of the bytes before | the same |
//!
//! Keys are drawn from the system and wrapped with AES-256-GCM-SIV under the owner's key; what they belong to is associated data, so that
//! no slot can be passed off as another. What a crash can leave behind:
//!
//! | crash | what opening finds | what it does |
//! |---|---|---|
//! | while a slot is appended | a last slot that is short or fails its checksum | ignores it: no key is used before its slot is durable |
//! | while a key is erased, after the mark was appended | the key's slot, whole or damaged, and an erased slot of the same contact | overwrites it again |
//!
//! Files are made by a launch and by nothing else. Everywhere else one that is missing is an error: a new one would have another index key, so that everybody who
//! is known, and everybody who unsubscribed, would be a stranger.
//!
//! A damaged slot that is neither is reported, and nothing is opened: guessing would make a second key for someone who has one. Overwriting
//! in place cannot reach copies that a file system or a drive keeps by itself, nor backups; for those the owner's key is the last line.

mod owner;
mod signing;
mod slot;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{File, TryLockError};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bbb_core::id::{BusinessId, ContactId};
use bbb_core::seal::{self, Keys, SecretKey};

pub use self::owner::OwnerKey;
pub(crate) use self::owner::{create_private, from_hex, open_private};
pub use self::signing::Signer;
use self::slot::{SLOT_BYTES, Slot};

/// The most slots of one file: a key and an erasure for each of the contacts that a business may have, and more. About 24 MB.
pub const MAX_SLOTS: usize = 250_000;

/// Why keys cannot be opened, made or erased. Names the file, never a key.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The system refused.
    #[error("cannot {doing} {}: {source}", path.display())]
    Io {
        /// What was tried.
        doing: &'static str,
        /// With which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The keys of a business are not there.
    #[error("the keys of {business} are missing: restore {} from the backup; without them no personal text of this business can be read", path.display())]
    NoKeys {
        /// Whose.
        business: BusinessId,
        /// The file.
        path: PathBuf,
    },
    /// The owner's key is not there.
    #[error(
        "the owner's key is missing: restore {} from the backup; without it no keys of this directory can be opened, and no personal text can be read",
        path.display()
    )]
    NoOwnerKey {
        /// The file.
        path: PathBuf,
    },
    /// Others than the owner could read the file.
    #[error("{} has mode {mode:o}: only its owner may have access (chmod 600)", path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The file is not what this version wrote.
    #[error("{} is damaged or not a key file: {what}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// The keys are wrapped by another owner's key.
    #[error("{} does not open with the owner.key beside it: one of the two is from another directory or another backup", path.display())]
    OtherOwner {
        /// The file.
        path: PathBuf,
    },
    /// The keys belong to another business.
    #[error("{} has the keys of {found}", path.display())]
    OtherBusiness {
        /// The file.
        path: PathBuf,
        /// Whose keys they are.
        found: BusinessId,
    },
    /// Another process, or another part of this one, has the file open.
    #[error("{} is in use by another process", path.display())]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// The file has [`MAX_SLOTS`] slots.
    #[error("{} is full: it has {MAX_SLOTS} slots", path.display())]
    Full {
        /// The file.
        path: PathBuf,
    },
    /// An earlier write failed, so what is on disk is not known. Opening the file again finds out.
    #[error("{} must be opened again: an earlier write to it failed", path.display())]
    Unsure {
        /// The file.
        path: PathBuf,
    },
    /// The system gives no randomness.
    #[error("the system gives no random bytes: {0}")]
    Random(getrandom::Error),
}

impl From<Error> for seal::Error {
    fn from(error: Error) -> seal::Error {
        seal::Error::KeyStore(error.to_string())
    }
}

/// Turns a system's answer into an [`Error`] that names the file.
fn with<'a>(doing: &'static str, path: &'a Path) -> impl FnOnce(io::Error) -> Error + 'a {
    move |source| Error::Io { doing, path: path.to_owned(), source }
}

fn random<const N: usize>() -> Result<[u8; N], Error> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(Error::Random)?;
    Ok(bytes)
}

/// The keys of one business. Making and erasing a key waits for the disk; finding one does not.
pub struct FileKeys {
    path: PathBuf,
    business: BusinessId,
    owner: OwnerKey,
    index_key: SecretKey,
    inner: Mutex<Inner>,
}

struct Inner {
    file: File,
    /// Where the next slot goes.
    end: usize,
    known: BTreeMap<ContactId, Entry>,
    unsure: bool,
}

enum Entry {
    Key { slot: usize, key: SecretKey },
    Erased,
}

impl fmt::Debug for FileKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileKeys").field("path", &self.path).finish_non_exhaustive()
    }
}

impl FileKeys {
    /// Makes the keys of a new business in the data directory `dir`, and opens them. For a launch only.
    ///
    /// # Errors
    /// [`Error`] names the file; where one is there already, it stays as it is.
    pub fn make(dir: &Path, business: BusinessId, owner: &OwnerKey) -> Result<FileKeys, Error> {
        let header = slot::header(business, random()?, &SecretKey(random()?), owner);
        create_private(&path_of(dir, business), &header)?;
        FileKeys::find(dir, business, owner)
    }

    /// Opens the keys of a business in the data directory `dir`, which must be there. The file stays locked against other processes.
    ///
    /// # Errors
    /// [`Error::NoKeys`] where there are none. [`Error`] names the file and what is wrong with it; nothing is made or changed where one is wrong.
    pub fn find(dir: &Path, business: BusinessId, owner: &OwnerKey) -> Result<FileKeys, Error> {
        let path = path_of(dir, business);
        let file = open_private(&path)?.ok_or_else(|| Error::NoKeys { business, path: path.clone() })?;
        file.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => Error::InUse { path: path.clone() },
            TryLockError::Error(source) => Error::Io { doing: "lock", path: path.clone(), source },
        })?;
        let bytes = read(&file, &path)?;
        let index_key = slot::open_header(&bytes, business, owner, &path)?;
        let inner = Inner::load(file, &bytes, business, owner, &path)?;
        Ok(FileKeys { path, business, owner: owner.clone(), index_key, inner: Mutex::new(inner) })
    }

    /// Destroys a contact's key, and with it everything sealed under it. A new key is never made for the contact. Erasing twice is no
    /// error.
    ///
    /// # Errors
    /// [`Error`] where the erasure could not be made durable; where it was begun, opening the file again completes it.
    pub fn erase(&self, contact: ContactId) -> Result<(), Error> {
        let mut inner = self.inner();
        let old = match inner.known.get(&contact) {
            Some(Entry::Erased) => return Ok(()),
            Some(Entry::Key { slot, .. }) => Some(*slot),
            None => None,
        };
        let mark = Slot::erased(contact).bytes();
        // The mark comes first: should the overwriting below be cut off, it tells what the damaged slot was.
        inner.append(&mark, &self.path)?;
        inner.known.insert(contact, Entry::Erased);
        match old {
            Some(slot) => inner.write(slot, &mark, &self.path),
            None => Ok(()),
        }
    }

    fn find_or_make_key(&self, contact: ContactId) -> Result<SecretKey, seal::Error> {
        let mut inner = self.inner();
        match inner.key(contact) {
            Err(seal::Error::NoKey(_)) => {}
            found => return found,
        }
        let key = SecretKey(random()?);
        let slot = Slot::wrap(self.business, contact, random()?, &key, &self.owner);
        let place = inner.append(&slot.bytes(), &self.path)?;
        inner.known.insert(contact, Entry::Key { slot: place, key: key.clone() });
        Ok(key)
    }

    // A panic while the lock is held cannot leave an entry whose slot is not durable: entries are made after their slot.
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Keys for FileKeys {
    fn contact_key(&self, contact: ContactId) -> Result<SecretKey, seal::Error> {
        self.inner().key(contact)
    }

    fn contact_key_or_new(&self, contact: ContactId) -> Result<SecretKey, seal::Error> {
        self.find_or_make_key(contact)
    }

    fn index_key(&self) -> SecretKey {
        self.index_key.clone()
    }
}

impl Inner {
    fn load(file: File, bytes: &[u8], business: BusinessId, owner: &OwnerKey, path: &Path) -> Result<Inner, Error> {
        let body = bytes.get(SLOT_BYTES..).unwrap_or_default();
        let (slots, rest) = body.as_chunks::<SLOT_BYTES>();
        let mut inner = Inner { file, end: slots.len(), known: BTreeMap::new(), unsure: false };
        let mut damaged = Vec::new();
        let mut unfinished = Vec::new();
        for (place, bytes) in slots.iter().enumerate() {
            match Slot::read(bytes) {
                None => damaged.push(place),
                Some(slot) if slot.is_erased() => {
                    if let Some(Entry::Key { slot: old, .. }) = inner.known.insert(slot.contact(), Entry::Erased) {
                        unfinished.push((old, slot.contact()));
                    }
                }
                Some(slot) => {
                    let key = slot.unwrap(business, owner).ok_or_else(|| damage(path, format!("slot {place} does not open")))?;
                    if inner.known.insert(slot.contact(), Entry::Key { slot: place, key }).is_some() {
                        return Err(damage(path, format!("slot {place} is a second one of the same contact")));
                    }
                }
            }
        }
        for place in damaged {
            let contact = Slot::contact_in(&slots[place]);
            if matches!(inner.known.get(&contact), Some(Entry::Erased)) {
                unfinished.push((place, contact));
            } else if place + 1 == slots.len() && rest.is_empty() {
                inner.end = place;
            } else {
                return Err(damage(path, format!("slot {place} fails its checksum")));
            }
        }
        for (place, contact) in unfinished {
            inner.write(place, &Slot::erased(contact).bytes(), path)?;
        }
        Ok(inner)
    }

    fn key(&self, contact: ContactId) -> Result<SecretKey, seal::Error> {
        match self.known.get(&contact) {
            Some(Entry::Key { key, .. }) => Ok(key.clone()),
            Some(Entry::Erased) => Err(seal::Error::Erased(contact)),
            None => Err(seal::Error::NoKey(contact)),
        }
    }

    /// Appends a slot; it is durable when this returns its place.
    fn append(&mut self, bytes: &[u8; SLOT_BYTES], path: &Path) -> Result<usize, Error> {
        if self.end >= MAX_SLOTS {
            return Err(Error::Full { path: path.to_owned() });
        }
        let place = self.end;
        self.write(place, bytes, path)?;
        self.end += 1;
        Ok(place)
    }

    fn write(&mut self, place: usize, bytes: &[u8; SLOT_BYTES], path: &Path) -> Result<(), Error> {
        if self.unsure {
            return Err(Error::Unsure { path: path.to_owned() });
        }
        let offset = (place as u64 + 1) * SLOT_BYTES as u64;
        let written = self.file.write_all_at(bytes, offset).and_then(|()| self.file.sync_all());
        self.unsure = written.is_err();
        written.map_err(with("write to", path))
    }
}

fn path_of(dir: &Path, business: BusinessId) -> PathBuf {
    dir.join(format!("{business}.keys"))
}

fn read(file: &File, path: &Path) -> Result<Vec<u8>, Error> {
    let limit = (MAX_SLOTS + 2) * SLOT_BYTES;
    let size = file.metadata().map_err(with("read", path))?.len();
    let size = usize::try_from(size).ok().filter(|size| *size < limit).ok_or_else(|| damage(path, format!("{size} bytes are too many")))?;
    let mut bytes = vec![0; size];
    file.read_exact_at(&mut bytes, 0).map_err(with("read", path))?;
    Ok(bytes)
}

fn damage(path: &Path, what: impl Into<String>) -> Error {
    Error::Damaged { path: path.to_owned(), what: what.into() }
}
