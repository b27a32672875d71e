//! The key that signs checkpoints, and the public list of all keys that ever did.
//!
//! `signing.key` is the secret, `signing.keys.json` the list. A rotation writes the next secret beside the present one, then the list, then moves the secret: the list
//! decides which of the two secrets is the present one, whatever a crash leaves behind.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use bbb_core::journal::checkpoint::{Checkpoint, Statement};
use bbb_core::journal::keys::{KeyList, MAX_KEYS_BYTES, PublicKey, Rotation, Signature, rotation_bytes};
use bbb_core::time::Timestamp;
use ed25519_dalek::{Signer as _, SigningKey};

use super::owner::{create_private, from_hex, open_private};
use super::{Error, damage, random, with};

/// The secret: 64 hex digits and a line break.
const SECRET: &str = "signing.key";
/// The next secret, while a rotation is under way.
const NEXT: &str = "signing.key.next";
/// The public list.
const KEYS: &str = "signing.keys.json";

/// Signs checkpoints. Its secret prints as `***`.
pub struct Signer {
    dir: PathBuf,
    secret: SigningKey,
    keys: KeyList,
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer").field("dir", &self.dir).field("key", self.keys.current()).field("secret", &"***").finish()
    }
}

impl Signer {
    /// Reads the key in the data directory, and makes it on first use. Finishes a rotation that a crash cut off.
    ///
    /// # Errors
    /// [`Error::Exposed`] where others could read the secret; [`Error::Damaged`] where it is no key, or not the one that the public list names.
    pub fn open(dir: &Path) -> Result<Signer, Error> {
        let (path, next) = (dir.join(SECRET), dir.join(NEXT));
        let Some(keys) = Signer::keys(dir)? else {
            if !exists(&path)? {
                create_private(&path, &text(&SigningKey::from_bytes(&random()?)))?;
            }
            let secret = read(&path)?;
            let keys = KeyList::new(public(&secret, &path)?);
            replace(dir, KEYS, &(keys.to_text() + "\n"))?;
            return Ok(Signer { dir: dir.to_owned(), secret, keys });
        };
        if exists(&next)? {
            // Which side of the rotation the crash was on, the list says.
            if public(&read(&next)?, &next)? == *keys.current() {
                fs::rename(&next, &path).map_err(with("rename", &next))?;
            } else {
                fs::remove_file(&next).map_err(with("remove", &next))?;
            }
            sync(dir).map_err(with("write to", dir))?;
        }
        if !exists(&path)? {
            return Err(damage(&path, format!("it is gone, though {KEYS} names its public key: bring it back from a backup")));
        }
        let secret = read(&path)?;
        if public(&secret, &path)? != *keys.current() {
            return Err(damage(&path, format!("it is not the key that {KEYS} names")));
        }
        Ok(Signer { dir: dir.to_owned(), secret, keys })
    }

    /// The public list of the data directory, if a key was ever made there. Reads no secret.
    ///
    /// # Errors
    /// [`Error::Damaged`] where it is not what was written.
    pub fn keys(dir: &Path) -> Result<Option<KeyList>, Error> {
        let path = dir.join(KEYS);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(with("open", &path)(error)),
        };
        let mut text = String::new();
        file.take(MAX_KEYS_BYTES as u64 + 2).read_to_string(&mut text).map_err(with("read", &path))?;
        let text = text.strip_suffix('\n').ok_or_else(|| damage(&path, "it is cut off"))?;
        KeyList::from_text(text).map(Some).map_err(|error| damage(&path, error.to_string()))
    }

    /// The keys, the present one last.
    pub fn list(&self) -> &KeyList {
        &self.keys
    }

    /// Signs.
    ///
    /// # Errors
    /// [`Error::Damaged`] where the signature does not verify: a defect of the machine.
    pub fn sign(&self, statement: Statement) -> Result<Checkpoint, Error> {
        let signature = Signature(self.secret.sign(&statement.bytes()).to_bytes());
        Checkpoint::new(statement, *self.keys.current(), signature).map_err(|error| damage(&self.dir.join(SECRET), error.to_string()))
    }

    /// Makes a new key that takes over. The old secret is overwritten by name; its public key stays in the list.
    ///
    /// # Errors
    /// [`Error`] names the file; opening the key again finds out whether the rotation took place.
    pub fn rotate(&mut self, at: Timestamp) -> Result<(), Error> {
        let (path, next) = (self.dir.join(SECRET), self.dir.join(NEXT));
        let secret = SigningKey::from_bytes(&random()?);
        let (old, new) = (*self.keys.current(), public(&secret, &next)?);
        let bytes = rotation_bytes(self.keys.rotations() as u64 + 1, &old, &new, at);
        let sign = |secret: &SigningKey| Signature(secret.sign(&bytes).to_bytes());
        let rotation = Rotation { key: new, at_ms: at.ms(), by_old: sign(&self.secret), by_new: sign(&secret) };
        let keys = self.keys.clone().rotated(rotation).map_err(|error| damage(&self.dir.join(KEYS), error.to_string()))?;
        create_private(&next, &text(&secret))?;
        replace(&self.dir, KEYS, &(keys.to_text() + "\n"))?;
        fs::rename(&next, &path).map_err(with("rename", &next))?;
        sync(&self.dir).map_err(with("write to", &self.dir))?;
        (self.secret, self.keys) = (secret, keys);
        Ok(())
    }
}

fn exists(path: &Path) -> Result<bool, Error> {
    path.try_exists().map_err(with("find", path))
}

fn text(secret: &SigningKey) -> Vec<u8> {
    let digits = secret.as_bytes().iter().map(|byte| format!("{byte:02x}"));
    digits.chain(["\n".to_owned()]).collect::<String>().into_bytes()
}

fn read(path: &Path) -> Result<SigningKey, Error> {
    let mut text = String::new();
    // One byte more than a key has, so that a longer file is noticed and a huge one is not read.
    let file = open_private(path)?.ok_or_else(|| damage(path, "it is missing: restore it from the backup"))?;
    file.take(67).read_to_string(&mut text).map_err(with("read", path))?;
    let key = from_hex(text.trim_end()).ok_or_else(|| damage(path, "a signing key is 64 hex digits"))?;
    Ok(SigningKey::from_bytes(&key))
}

fn public(secret: &SigningKey, path: &Path) -> Result<PublicKey, Error> {
    PublicKey::from_bytes(&secret.verifying_key().to_bytes()).ok_or_else(|| damage(path, "it is not a usable key"))
}

/// Puts a file in the place of another, whole or not at all.
fn replace(dir: &Path, name: &str, text: &str) -> Result<(), Error> {
    let (path, draft) = (dir.join(name), dir.join(format!("{name}.new")));
    let write = || -> io::Result<()> {
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&draft, &path)?;
        sync(dir)
    };
    write().map_err(with("write", &path))
}

fn sync(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn at() -> Timestamp {
        Timestamp::from_ms(7000)
    }

    #[test]
    fn a_key_is_made_once_kept_private_and_never_printed() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(Signer::keys(dir.path()).unwrap(), None);
        let signer = Signer::open(dir.path()).unwrap();
        assert_eq!(Signer::open(dir.path()).unwrap().list(), signer.list());
        assert_eq!(Signer::keys(dir.path()).unwrap().as_ref(), Some(signer.list()));
        let path = dir.path().join(SECRET);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let secret = fs::read_to_string(&path).unwrap();
        assert!(!format!("{signer:?}").contains(secret.trim()) && format!("{signer:?}").contains("***"));
        assert_ne!(Signer::open(tempfile::tempdir().unwrap().path()).unwrap().list(), signer.list());
        for mode in [0o640, 0o604, 0o660] {
            fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            assert!(matches!(Signer::open(dir.path()), Err(Error::Exposed { mode: found, .. }) if found == mode));
        }
    }

    #[test]
    fn a_missing_or_foreign_secret_is_never_replaced_by_a_new_one() {
        let dir = tempfile::tempdir().unwrap();
        drop(Signer::open(dir.path()).unwrap());
        let path = dir.path().join(SECRET);
        let own = fs::read(&path).unwrap();
        for (text, want) in [("", "64 hex digits"), (&"00".repeat(32), "not the key that"), (&"11".repeat(33), "64 hex digits")] {
            fs::write(&path, text).unwrap();
            let error = Signer::open(dir.path()).unwrap_err().to_string();
            assert!(error.contains(want) && error.contains(SECRET) && !error.contains("1111"), "{error}");
        }
        fs::remove_file(&path).unwrap();
        assert!(Signer::open(dir.path()).unwrap_err().to_string().contains("bring it back from a backup"));
        fs::write(&path, own).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        drop(Signer::open(dir.path()).unwrap());
        let list = dir.path().join(KEYS);
        let text = fs::read_to_string(&list).unwrap();
        fs::write(&list, text.trim_end()).unwrap();
        assert!(Signer::open(dir.path()).unwrap_err().to_string().contains("it is cut off"));
    }

    #[test]
    fn a_rotation_cut_off_anywhere_took_place_or_did_not() {
        let dir = tempfile::tempdir().unwrap();
        let names = [SECRET, KEYS];
        let keep = || names.map(|name| fs::read(dir.path().join(name)).unwrap());
        let lay = |secret: &[u8], list: &[u8], next: Option<&[u8]>| {
            fs::write(dir.path().join(SECRET), secret).unwrap();
            fs::write(dir.path().join(KEYS), list).unwrap();
            if let Some(next) = next {
                create_private(&dir.path().join(NEXT), next).unwrap();
            }
        };
        let mut signer = Signer::open(dir.path()).unwrap();
        let [old_secret, old_list] = keep();
        let first = signer.list().clone();
        signer.rotate(at()).unwrap();
        let [new_secret, new_list] = keep();
        let second = signer.list().clone();
        assert!(second.rotations() == 1 && old_secret != new_secret && !dir.path().join(NEXT).exists());
        assert_eq!(Signer::open(dir.path()).unwrap().list(), &second);
        for (list, want) in [(&old_list, &first), (&new_list, &second)] {
            lay(&old_secret, list, Some(&new_secret));
            assert_eq!(Signer::open(dir.path()).unwrap().list(), want);
            assert_eq!(Signer::open(dir.path()).unwrap().list(), want, "once more");
            assert!(!dir.path().join(NEXT).exists());
        }
        lay(&old_secret, &new_list, None);
        assert!(matches!(Signer::open(dir.path()), Err(Error::Damaged { .. })));
    }
}
