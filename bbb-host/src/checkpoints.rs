//! Checkpoints on disk: for each business a file of signed lines beside the store, not in it, because the store is what they guard.
//!
//! A line is appended and synced after its events were committed, so a journal may be ahead of its newest checkpoint and is never behind it, unless the store lost
//! something. A last line without its end is what a crash left: nobody was told of it, and the next one is written over it.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bbb_core::id::BusinessId;
use bbb_core::journal::chain::Head;
use bbb_core::journal::checkpoint::{Checkpoint, MAX_CHECKPOINT_BYTES, Signed, Statement};
use bbb_core::journal::keys::KeyList;
use bbb_core::journal::merkle::Tree;
use bbb_core::journal::store::Store;
use bbb_core::time::Timestamp;

use crate::fault::{Fault, Kind};
use crate::keys::{self, Signer};

/// The end of the files' names, after the business.
const SUFFIX: &str = ".checkpoints";
/// The largest file that is read: a checkpoint a day for centuries.
const MAX_FILE_BYTES: u64 = 64 * 1024 * 1024;
/// How many records are read at a time.
const PAGE_RECORDS: usize = 1024;

/// The checkpoints of one data directory.
#[derive(Debug)]
pub struct Checkpoints {
    dir: PathBuf,
    clock: fn() -> Timestamp,
    known: Mutex<BTreeMap<BusinessId, Known>>,
    /// One is made at a time, and the key is opened when the first one is.
    signer: tokio::sync::Mutex<Option<Signer>>,
}

#[derive(Debug, Clone, Default)]
struct Known {
    all: Vec<Checkpoint>,
    /// Where the next line goes.
    end: u64,
    /// Whether the journal was found to agree with the newest one.
    agrees: bool,
    /// The tree over the records that were read so far, and where they end.
    tree: Tree,
    head: Option<Head>,
}

impl Checkpoints {
    /// The checkpoints in `dir`, made at the times of `clock`.
    pub fn new(dir: &Path, clock: fn() -> Timestamp) -> Checkpoints {
        Checkpoints { dir: dir.to_owned(), clock, known: Mutex::default(), signer: tokio::sync::Mutex::default() }
    }

    // Entries are replaced whole: a panic elsewhere leaves them as they were.
    fn known(&self) -> MutexGuard<'_, BTreeMap<BusinessId, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The file of a business.
    pub(crate) fn path(&self, id: BusinessId) -> PathBuf {
        self.dir.join(format!("{id}{SUFFIX}"))
    }

    /// Makes the signing key if there is none yet, and checks it otherwise.
    ///
    /// # Errors
    /// The key's.
    pub async fn prepare(&self) -> Result<(), Fault> {
        let mut signer = self.signer.lock().await;
        if signer.is_none() {
            *signer = Some(Signer::open(&self.dir).map_err(of_key)?);
        }
        Ok(())
    }

    /// The public keys, if one was ever made here.
    ///
    /// # Errors
    /// [`Fault`] where the list is damaged.
    pub fn keys(&self) -> Result<Option<KeyList>, Fault> {
        Signer::keys(&self.dir).map_err(of_key)
    }

    /// The newest checkpoint of a business, unless its journal is known to agree with it.
    ///
    /// # Errors
    /// [`Kind::Corrupted`] where the file is not what was written.
    pub fn to_compare(&self, id: BusinessId) -> Result<Option<Checkpoint>, Fault> {
        self.load(id)?;
        Ok(self.known().get(&id).filter(|known| !known.agrees).and_then(|known| known.all.last().copied()))
    }

    /// The journal agrees with the newest checkpoint.
    pub fn agrees(&self, id: BusinessId) {
        if let Some(known) = self.known().get_mut(&id) {
            known.agrees = true;
        }
    }

    /// All checkpoints of a business, with the keys; nothing where no key was ever made here.
    ///
    /// # Errors
    /// [`Kind::Corrupted`] where a file is not what was written.
    pub fn signed(&self, id: BusinessId) -> Result<Option<Signed>, Fault> {
        self.load(id)?;
        let checkpoints = self.known().get(&id).map_or_else(Vec::new, |known| known.all.clone());
        Ok(self.keys()?.map(|keys| Signed { keys, checkpoints }))
    }

    fn load(&self, id: BusinessId) -> Result<(), Fault> {
        if self.known().contains_key(&id) {
            return Ok(());
        }
        let path = self.path(id);
        let named = |error: io::Error| Fault::file(path.display(), &error);
        let corrupted = |what: String| Fault::new(Kind::Corrupted, format!("{}: {what}", path.display()));
        let bytes = match File::open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(named(error)),
            Ok(file) => {
                let size = file.metadata().map_err(named)?.len();
                let size = usize::try_from(size).ok().filter(|_| size <= MAX_FILE_BYTES);
                let mut bytes = vec![0; size.ok_or_else(|| corrupted(format!("it is over {MAX_FILE_BYTES} bytes")))?];
                file.read_exact_at(&mut bytes, 0).map_err(named)?;
                bytes
            }
        };
        let end = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
        let mut known = Known { end: end as u64, ..Known::default() };
        if end > 0 {
            known.all = parse(&bytes[..end]).map_err(corrupted)?;
        }
        if let Some(newest) = known.all.last() {
            let keys = self.keys()?.ok_or_else(|| corrupted(format!("signed by {}, and there is no list of keys", newest.key())))?;
            keys.check_order(id, &known.all).map_err(|error| corrupted(error.to_string()))?;
        }
        self.known().entry(id).or_insert(known);
        Ok(())
    }

    /// Signs where a journal ends now. Where its newest checkpoint says so already, that one is returned and nothing is written.
    ///
    /// Once per process and business the whole journal is read for its tree; after that, only what is new.
    ///
    /// # Errors
    /// The store's, the key's, the disk's; [`Kind::Corrupted`] where the journal disagrees with its newest checkpoint.
    pub async fn make(&self, store: &dyn Store, id: BusinessId) -> Result<Checkpoint, Fault> {
        let mut signer = self.signer.lock().await;
        if signer.is_none() {
            *signer = Some(Signer::open(&self.dir).map_err(of_key)?);
        }
        let Some(signer) = signer.as_ref() else { return Err(Fault::failed("there is no signing key")) };
        self.extend(store, id, signer).await
    }

    async fn extend(&self, store: &dyn Store, id: BusinessId, signer: &Signer) -> Result<Checkpoint, Fault> {
        self.load(id)?;
        // A copy: what is read below counts only once all of it fits.
        let mut known = self.known().get(&id).cloned().unwrap_or_default();
        let newest = known.all.last().copied();
        let mut head = known.head.unwrap_or(Head::EMPTY);
        loop {
            let page = store.read(id, head.sequence, PAGE_RECORDS).await?;
            for record in &page {
                head = record.follow(&head)?;
                known.tree.push(&record.hash);
                if let Some(newest) = newest.filter(|newest| newest.head().sequence == head.sequence) {
                    newest.compare(Some(head.hash), head.sequence, 0).map_err(of_checkpoint)?;
                }
            }
            if page.len() < PAGE_RECORDS {
                break;
            }
        }
        let root = known.tree.root().ok_or_else(|| crate::service::unknown(id))?;
        known.head = Some(head);
        if let Some(newest) = newest {
            newest
                .compare((newest.head().sequence <= head.sequence).then(|| newest.head().hash), head.sequence, 0)
                .map_err(of_checkpoint)?;
            if newest.head() == head && newest.key() == signer.list().current() {
                self.known().insert(id, known);
                return Ok(newest);
            }
        }
        let checkpoint = signer.sign(Statement { business: id, head, root, at: (self.clock)() }).map_err(of_key)?;
        let line = checkpoint.to_line() + "\n";
        self.append(id, known.end, line.as_bytes())?;
        known.end += line.len() as u64;
        known.all.push(checkpoint);
        known.agrees = true;
        self.known().insert(id, known);
        Ok(checkpoint)
    }

    fn append(&self, id: BusinessId, end: u64, line: &[u8]) -> Result<(), Fault> {
        let path = self.path(id);
        debug_assert!(line.len() <= MAX_CHECKPOINT_BYTES, "a checkpoint is short");
        let write = || -> io::Result<()> {
            let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(&path)?;
            // Also cuts off what a crash left behind the last whole line.
            file.set_len(end)?;
            file.write_all_at(line, end)?;
            file.sync_all()?;
            if end == 0 { File::open(&self.dir)?.sync_all() } else { Ok(()) }
        };
        write().map_err(|error| Fault::file(path.display(), &error))
    }

    /// Changes the key, and signs with the new one where each business ends that has checkpoints.
    ///
    /// # Errors
    /// The key's, before anything was changed; otherwise what kept a business from being signed anew, by name.
    pub async fn rotate(&self, store: &dyn Store) -> Result<KeyList, Fault> {
        let mut slot = self.signer.lock().await;
        let mut signer = match slot.take() {
            Some(signer) => signer,
            None => Signer::open(&self.dir).map_err(of_key)?,
        };
        signer.rotate((self.clock)()).map_err(of_key)?;
        let mut refused = None;
        for listed in store.list().await? {
            if self.path(listed.business).exists()
                && let Err(fault) = self.extend(store, listed.business, &signer).await
            {
                // The others are signed all the same.
                let message = format!("the key was changed, and {} could not be signed with it: {}", listed.business, fault.message);
                refused.get_or_insert(Fault::new(fault.kind, message));
            }
        }
        let keys = signer.list().clone();
        *slot = Some(signer);
        refused.map_or(Ok(keys), Err)
    }
}

/// Reads checkpoints, one a line; the last line may lack its end.
///
/// # Errors
/// Which line is none, and why.
pub fn parse(bytes: &[u8]) -> Result<Vec<Checkpoint>, String> {
    let read = |line: &[u8]| {
        let text = std::str::from_utf8(line).map_err(|_| "it is not UTF-8".to_owned())?;
        Checkpoint::from_line(text).map_err(|error| error.to_string())
    };
    let lines = bytes.strip_suffix(b"\n").unwrap_or(bytes).split(|byte| *byte == b'\n').enumerate();
    lines.map(|(index, line)| read(line).map_err(|why| format!("line {}: {why}", index + 1))).collect()
}

/// What is wrong with a journal according to its checkpoints, or with them.
pub fn of_checkpoint(error: bbb_core::journal::checkpoint::Error) -> Fault {
    Fault::new(Kind::Corrupted, error.to_string())
}

fn of_key(error: keys::Error) -> Fault {
    let kind = match &error {
        keys::Error::Exposed { .. } => Kind::Refused,
        keys::Error::Damaged { .. } => Kind::Corrupted,
        _ => Kind::Failed,
    };
    Fault::new(kind, error.to_string())
}
