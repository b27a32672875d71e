//! The master key: what secrets of accounts are encrypted under. It lives outside the data directory and its backups, so that neither gives them away.
//!
//! It is made when it is first needed, and never again: where secrets are kept and the file is not there, that is an error that names the file. Which key it was is kept
//! beside the secrets (as a hash), so that another one is noticed too.

use std::fs;
use std::io::Read as _;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use aes_gcm_siv::aead::{Aead as _, KeyInit as _, Payload};
use aes_gcm_siv::{Aes256GcmSiv, Key, Nonce};

use crate::accounts::Error;
use crate::accounts::id::random;
use crate::fault::Fault;
use crate::keys::{create_private, from_hex, open_private};

const NONCE_BYTES: usize = 12;
const HEX_DIGITS: u64 = 64;

/// Where the key is, and the key once it was read.
pub(super) struct MasterKey {
    path: PathBuf,
    loaded: Mutex<Option<Loaded>>,
}

/// The key.
#[derive(Clone)]
pub(super) struct Loaded {
    cipher: Aes256GcmSiv,
    mark: [u8; 32],
}

/// The key's file: as configured, else where the state of programs is kept, which is no part of a data directory.
///
/// # Errors
/// [`Fault`] where nothing says where, and where it would be in the data directory.
pub fn place(configured: &str, data: &Path, find: impl Fn(&str) -> Option<PathBuf>) -> Result<PathBuf, Fault> {
    let absolute = |name: &str| find(name).filter(|path| path.is_absolute());
    let path = match configured {
        "" => absolute("XDG_STATE_HOME")
            .or_else(|| absolute("HOME").map(|home| home.join(".local/state")))
            .map(|state| state.join("bbb").join("master.key"))
            .ok_or_else(|| Fault::usage("there is no home directory for the master key: say where it is with server.master_key_file"))?,
        path => std::path::absolute(path).map_err(|error| Fault::file(path, &error))?,
    };
    let data = data.canonicalize().map_err(|error| Fault::file(data.display(), &error))?;
    // What is not there yet cannot be resolved; what it would be made in can.
    let there = path.ancestors().find_map(|place| Some((place.canonicalize().ok()?, path.strip_prefix(place).ok()?)));
    let real = there.map_or_else(|| path.clone(), |(there, rest)| there.join(rest));
    if real.starts_with(&data) {
        let place = path.display();
        return Err(Fault::usage(format!(
            "server.master_key_file is {place}, in the data directory: whoever has that must not have the key too"
        )));
    }
    Ok(path)
}

impl MasterKey {
    pub(super) fn at(path: PathBuf) -> MasterKey {
        MasterKey { path, loaded: Mutex::default() }
    }

    /// The key that was used before: there must be one, and it must be this one.
    pub(super) fn known(&self, mark: Option<[u8; 32]>) -> Result<Loaded, Error> {
        let path = self.path.display();
        let key = self.find()?.ok_or_else(|| {
            Error::Key(format!(
                "the master key is missing: restore {path} from its backup; without it nothing opens that is encrypted here"
            ))
        })?;
        if mark == Some(key.mark) {
            return Ok(key);
        }
        Err(Error::Key(format!(
            "{path} is not the master key that what is secret in this data directory is encrypted under: restore that one"
        )))
    }

    /// The key, made now where there is none. Only where nothing is encrypted under another one.
    pub(super) fn find_or_make(&self) -> Result<Loaded, Error> {
        if let Some(key) = self.find()? {
            return Ok(key);
        }
        let failed = |error: &dyn std::fmt::Display| Error::Key(format!("the master key {}: {error}", self.path.display()));
        if let Some(dir) = self.path.parent() {
            fs::DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(|error| failed(&error))?;
        }
        let key: [u8; 32] = random()?;
        let text: String = key.iter().map(|byte| format!("{byte:02x}")).chain(["\n".to_owned()]).collect();
        let made = create_private(&self.path, text.as_bytes());
        // Another daemon may have made it just now: then that one is used.
        match (self.find()?, made) {
            (Some(key), _) => Ok(key),
            (None, Err(error)) => Err(failed(&error)),
            (None, Ok(())) => Err(failed(&"it is gone again")),
        }
    }

    fn find(&self) -> Result<Option<Loaded>, Error> {
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        if loaded.is_none() {
            *loaded = read(&self.path)?;
        }
        Ok(loaded.clone())
    }
}

fn read(path: &Path) -> Result<Option<Loaded>, Error> {
    let failed = |error: &dyn std::fmt::Display| Error::Key(format!("the master key {}: {error}", path.display()));
    let Some(file) = open_private(path).map_err(|error| Error::Key(error.to_string()))? else { return Ok(None) };
    let mut text = String::new();
    // A little more than a key has, so that a longer file is noticed and a huge one is not read.
    file.take(HEX_DIGITS + 3).read_to_string(&mut text).map_err(|error| failed(&error))?;
    let key = from_hex(text.trim_end()).ok_or_else(|| failed(&"it is no key: that is 64 hex digits"))?;
    let mark = blake3::derive_key("bbb 2026 which master key this is", &key);
    Ok(Some(Loaded { cipher: Aes256GcmSiv::new(&Key::<Aes256GcmSiv>::from(key)), mark }))
}

impl Loaded {
    /// Which key it is. It tells nothing else.
    pub(super) fn mark(&self) -> [u8; 32] {
        self.mark
    }

    /// Encrypts; `about` says what it belongs to, and must be the same when it is decrypted.
    pub(super) fn seal(&self, secret: &[u8], about: &[u8]) -> Result<Vec<u8>, Error> {
        let nonce: [u8; NONCE_BYTES] = random()?;
        let sealed = self.cipher.encrypt(&Nonce::from(nonce), Payload { msg: secret, aad: about });
        let sealed = sealed.map_err(|_| Error::Key("a secret is too large to be encrypted".to_owned()))?;
        Ok([&nonce[..], &sealed].concat())
    }

    /// Decrypts.
    pub(super) fn open(&self, sealed: &[u8], about: &[u8]) -> Result<Vec<u8>, Error> {
        let opened = sealed
            .split_first_chunk::<NONCE_BYTES>()
            .and_then(|(nonce, rest)| self.cipher.decrypt(&Nonce::from(*nonce), Payload { msg: rest, aad: about }).ok());
        opened
            .ok_or_else(|| Error::Key("a secret does not open with the master key: it was damaged, or belongs to somebody else".to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_kept_apart_from_the_data() {
        let home = tempfile::tempdir().unwrap();
        let data = home.path().join("data");
        fs::create_dir(&data).unwrap();
        let place = |configured: &str, names: &[(&str, &Path)]| {
            place(configured, &data, |name| names.iter().find(|(known, _)| *known == name).map(|(_, path)| path.to_path_buf()))
        };
        let at = |path: &str| home.path().join(path);
        assert_eq!(place("", &[("HOME", home.path())]).unwrap(), at(".local/state/bbb/master.key"));
        assert_eq!(place("", &[("HOME", home.path()), ("XDG_STATE_HOME", &at("s"))]).unwrap(), at("s/bbb/master.key"));
        assert_eq!(place("", &[("HOME", home.path()), ("XDG_STATE_HOME", Path::new("s"))]).unwrap(), at(".local/state/bbb/master.key"));
        assert!(place("", &[]).is_err_and(|fault| fault.message.contains("server.master_key_file")));
        std::os::unix::fs::symlink(&data, at("elsewhere")).unwrap();
        for inside in ["data/master.key", "data/a/b/master.key", "elsewhere/master.key", "elsewhere/a/master.key"] {
            let refused = place(at(inside).to_str().unwrap(), &[]).expect_err(inside);
            assert!(refused.message.contains("in the data directory"), "{refused}");
        }
    }

    #[test]
    fn what_is_sealed_opens_for_the_same_purpose_only_and_no_other_key_is_taken_for_this_one() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("a/b/master.key");
        let key = MasterKey::at(path.clone()).find_or_make().unwrap();
        let sealed = key.seal(b"secret", b"ada").unwrap();
        assert!(!sealed.windows(6).any(|window| window == b"secret"));
        let again = MasterKey::at(path.clone()).known(Some(key.mark())).unwrap();
        assert_eq!(again.open(&sealed, b"ada"), Ok(b"secret".to_vec()));
        assert!(again.open(&sealed, b"bob").is_err() && again.open(&sealed[..11], b"ada").is_err());
        fs::rename(&path, home.path().join("kept")).unwrap();
        let missing = MasterKey::at(path.clone()).known(Some(key.mark())).err().unwrap().to_string();
        assert!(missing.contains("missing") && missing.contains(path.to_str().unwrap()), "{missing}");
        MasterKey::at(path.clone()).find_or_make().unwrap();
        assert!(
            MasterKey::at(path.clone()).known(Some(key.mark())).is_err_and(|error| error.to_string().contains("is not the master key"))
        );
        fs::write(&path, "no key").unwrap();
        assert!(MasterKey::at(path).find_or_make().is_err_and(|error| error.to_string().contains("64 hex digits")));
    }
}
