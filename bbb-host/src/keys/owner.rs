//! The owner's key, which wraps all others, and the files that nobody else may read.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use aes_gcm_siv::aead::{Aead as _, KeyInit as _, Payload};
use aes_gcm_siv::{Aes256GcmSiv, Key, Nonce};

use super::{Error, damage, random, with};

/// The owner's key file in the data directory: 64 hex digits and a line break.
const FILE: &str = "owner.key";
const HEX_DIGITS: usize = 64;

/// The key that wraps the keys of all businesses of one data directory. Prints as `***`.
#[derive(Clone)]
pub struct OwnerKey {
    cipher: Aes256GcmSiv,
}

impl fmt::Debug for OwnerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl OwnerKey {
    /// Makes `owner.key` in the data directory. For the launch of its first real business only. Without this file nothing sealed can ever be read again: it
    /// belongs in a backup, and not in the one that holds the journals.
    ///
    /// # Errors
    /// [`Error`] names the file; where one is there already, it stays as it is.
    pub fn make(dir: &Path) -> Result<OwnerKey, Error> {
        let key: [u8; 32] = random()?;
        let text: String = key.iter().map(|byte| format!("{byte:02x}")).chain(["\n".to_owned()]).collect();
        create_private(&dir.join(FILE), text.as_bytes())?;
        OwnerKey::find(dir)
    }

    /// Reads `owner.key` in the data directory, which must be there.
    ///
    /// # Errors
    /// [`Error::NoOwnerKey`] where it is not, [`Error::Exposed`] where others could read it, [`Error::Damaged`] where it is not a key.
    pub fn find(dir: &Path) -> Result<OwnerKey, Error> {
        let path = dir.join(FILE);
        let mut text = String::new();
        // One byte more than a key has, so that a longer file is noticed and a huge one is not read.
        let file = open_private(&path)?.ok_or_else(|| Error::NoOwnerKey { path: path.clone() })?;
        file.take(HEX_DIGITS as u64 + 3).read_to_string(&mut text).map_err(with("read", &path))?;
        let key = from_hex(text.trim_end()).ok_or_else(|| damage(&path, "an owner's key is 64 hex digits"))?;
        Ok(OwnerKey { cipher: Aes256GcmSiv::new(&Key::<Aes256GcmSiv>::from(key)) })
    }

    /// Wraps a key; `about` says what it belongs to, and must be the same when it is unwrapped.
    pub(super) fn wrap(&self, key: &[u8; 32], nonce: [u8; 12], about: &[u8]) -> [u8; 48] {
        // Cannot fail: encryption refuses only texts of more than 2^36 bytes, and a tag of 16 bytes is added to the 32.
        let wrapped = self.cipher.encrypt(&Nonce::from(nonce), Payload { msg: key, aad: about }).expect("32 bytes are encrypted");
        wrapped.try_into().expect("48 bytes are 48 bytes")
    }

    /// The wrapped key, if it was wrapped by this owner and for this purpose.
    pub(super) fn unwrap(&self, wrapped: &[u8], nonce: [u8; 12], about: &[u8]) -> Option<[u8; 32]> {
        let key = self.cipher.decrypt(&Nonce::from(nonce), Payload { msg: wrapped, aad: about }).ok()?;
        key.try_into().ok()
    }
}

pub(crate) fn from_hex(text: &str) -> Option<[u8; 32]> {
    let bytes = text.as_bytes();
    if bytes.len() != HEX_DIGITS {
        return None;
    }
    let mut key = [0; 32];
    for (byte, pair) in key.iter_mut().zip(bytes.as_chunks::<2>().0) {
        let digit = |digit: u8| char::from(digit).to_digit(16);
        *byte = u8::try_from(digit(pair[0])? * 16 + digit(pair[1])?).ok()?;
    }
    Some(key)
}

/// Makes a file that only its owner can read, whole or not at all. Never over one that is there.
pub(crate) fn create_private(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let draft = PathBuf::from(format!("{}.{}-{count}.new", path.display(), std::process::id()));
    // Unlike a rename, a link does not replace what is there.
    let made = write_draft(&draft, bytes).and_then(|()| fs::hard_link(&draft, path));
    let removed = fs::remove_file(&draft);
    let dir = path.parent().unwrap_or(Path::new("."));
    made.and(removed).and_then(|()| File::open(dir)?.sync_all()).map_err(with("create", path))
}

fn write_draft(draft: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(draft)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Opens a file for reading and writing, unless others could read it too; nothing where there is none.
pub(crate) fn open_private(path: &Path) -> Result<Option<File>, Error> {
    let file = match OpenOptions::new().read(true).write(true).open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened.map_err(with("open", path))?,
    };
    let mode = file.metadata().map_err(with("read", path))?.mode() & 0o777;
    if mode & 0o077 == 0 { Ok(Some(file)) } else { Err(Error::Exposed { path: path.to_owned(), mode }) }
}
