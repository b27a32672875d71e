//! A disk in memory that fails on request and that remembers in which order things were written, so that what a crash leaves can be made.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use redb::StorageBackend;

/// A disk; its clones are the same disk.
#[derive(Debug, Clone, Default)]
pub(crate) struct Disk {
    state: Arc<Mutex<State>>,
    /// How often somebody wanted something of the disk, also while it is [`Disk::held`].
    calls: Arc<AtomicUsize>,
}

/// While this lives, whoever wants something of the disk waits.
pub(crate) struct Held<'a> {
    state: MutexGuard<'a, State>,
    calls: &'a AtomicUsize,
    before: usize,
}

impl Held<'_> {
    /// As [`Disk::fail`], but lets one sync succeed before.
    pub(crate) fn fail_the_sync_after(&mut self, failure: Failure) {
        self.state.failing = Some(failure);
        self.state.spared_syncs = 1;
    }

    /// Waits until somebody waits for the disk.
    pub(crate) fn is_wanted(&self) {
        while self.calls.load(Ordering::SeqCst) == self.before {
            std::thread::yield_now();
        }
    }
}

#[derive(Debug, Default)]
pub(crate) struct State {
    /// What reads see.
    live: Vec<u8>,
    /// What the completed syncs made durable.
    durable: Vec<u8>,
    /// What was done since then.
    unsynced: Vec<Change>,
    syncs: usize,
    /// How many answers the store has given, as the test says.
    answers: usize,
    /// Where each crash can leave the disk: one image per sync, if they are wanted.
    images: Option<Vec<Image>>,
    ignored_sync: Option<usize>,
    failing: Option<Failure>,
    /// Syncs that succeed before one fails.
    spared_syncs: usize,
    /// What the disk holds after it failed, if not what it should.
    reverted: Option<Vec<u8>>,
}

/// What a disk refuses to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The next sync fails once; what was written reaches the disk all the same.
    NextSync,
    /// The next sync fails once, and what was written since the last one is lost.
    NextSyncLosesWrites,
    /// Every write and sync fails from now on.
    AllWrites,
    /// The next sync fails once, and the disk is empty afterwards.
    Emptied,
}

/// One change of the disk.
#[derive(Debug, Clone)]
pub(crate) enum Change {
    Write(u64, Vec<u8>),
    Length(u64),
}

/// The disk at a sync: what earlier syncs made durable, and what this one was about to.
#[derive(Debug, Clone)]
pub(crate) struct Image {
    pub(crate) durable: Vec<u8>,
    pub(crate) unsynced: Vec<Change>,
    /// How many answers the store had given before.
    pub(crate) answers: usize,
}

impl Change {
    pub(crate) fn apply(&self, bytes: &mut Vec<u8>) {
        match self {
            Change::Length(length) => bytes.resize(usize::try_from(*length).unwrap(), 0),
            Change::Write(offset, data) => {
                let start = usize::try_from(*offset).unwrap();
                if bytes.len() < start + data.len() {
                    bytes.resize(start + data.len(), 0);
                }
                bytes[start..start + data.len()].copy_from_slice(data);
            }
        }
    }
}

impl Disk {
    /// A disk with these bytes.
    pub(crate) fn holding(bytes: Vec<u8>) -> Disk {
        Disk::of(State { durable: bytes.clone(), live: bytes, ..State::default() })
    }

    /// An empty disk that keeps an image of every sync; it claims to have done the sync of number `ignored_sync`, and did not.
    pub(crate) fn recording(ignored_sync: Option<usize>) -> Disk {
        Disk::of(State { images: Some(Vec::new()), ignored_sync, ..State::default() })
    }

    fn of(state: State) -> Disk {
        Disk { state: Arc::new(Mutex::new(state)), calls: Arc::default() }
    }

    /// A disk with these bytes that keeps an image of every sync.
    pub(crate) fn recording_from(bytes: Vec<u8>) -> Disk {
        Disk::of(State { durable: bytes.clone(), live: bytes, images: Some(Vec::new()), ..State::default() })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// The state, for the database.
    fn serve(&self) -> MutexGuard<'_, State> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        self.state()
    }

    /// Holds the disk, so that commands can be queued behind one that waits for it.
    pub(crate) fn held(&self) -> Held<'_> {
        let state = self.state();
        Held { state, calls: &self.calls, before: self.calls.load(Ordering::SeqCst) }
    }

    pub(crate) fn fail(&self, failure: Failure) {
        self.state().failing = Some(failure);
    }

    /// When the disk next fails, these bytes stand on it afterwards.
    pub(crate) fn revert_at_failure(&self, bytes: Vec<u8>) {
        self.state().reverted = Some(bytes);
    }

    pub(crate) fn heal(&self) {
        self.state().failing = None;
    }

    /// Notes that the store has given its `count`th answer: from now on a crash must not lose it.
    pub(crate) fn answered(&self, count: usize) {
        self.state().answers = count;
    }

    /// Syncs that were completed, or claimed to be.
    pub(crate) fn syncs(&self) -> usize {
        self.state().syncs
    }

    /// What stands on the disk, as reads see it.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.state().live.clone()
    }

    /// The image of every sync so far, and of a crash now.
    pub(crate) fn images(&self) -> Vec<Image> {
        let state = self.state();
        let mut images = state.images.clone().unwrap_or_default();
        images.push(Image { durable: state.durable.clone(), unsynced: state.unsynced.clone(), answers: state.answers });
        images
    }
}

impl State {
    fn change(&mut self, change: Change) -> io::Result<()> {
        if self.failing == Some(Failure::AllWrites) {
            return Err(io::Error::other("the disk is broken"));
        }
        change.apply(&mut self.live);
        self.unsynced.push(change);
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        match self.failing {
            Some(Failure::AllWrites) => return Err(io::Error::other("the disk is broken")),
            Some(failure) if self.spared_syncs == 0 => return Err(self.fail_once(failure)),
            Some(_) => self.spared_syncs -= 1,
            None => {}
        }
        let ignored = self.ignored_sync == Some(self.syncs);
        if let Some(images) = &mut self.images {
            images.push(Image { durable: self.durable.clone(), unsynced: self.unsynced.clone(), answers: self.answers });
        }
        self.syncs += 1;
        if !ignored {
            self.durable.clone_from(&self.live);
            self.unsynced.clear();
        }
        Ok(())
    }

    fn fail_once(&mut self, failure: Failure) -> io::Error {
        self.failing = None;
        match failure {
            Failure::NextSyncLosesWrites => self.live.clone_from(&self.durable),
            Failure::Emptied => {
                self.live.clear();
                self.durable.clear();
            }
            Failure::NextSync | Failure::AllWrites => {}
        }
        if let Some(bytes) = self.reverted.take() {
            self.live = bytes;
        }
        self.unsynced.clear();
        io::Error::other("the sync failed")
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> io::Result<u64> {
        Ok(self.serve().live.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let state = self.serve();
        let start = usize::try_from(offset).unwrap();
        let found = state.live.get(start..start + out.len()).ok_or(io::ErrorKind::UnexpectedEof)?;
        out.copy_from_slice(found);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.serve().change(Change::Length(len))
    }

    fn sync_data(&self) -> io::Result<()> {
        self.serve().sync()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.serve().change(Change::Write(offset, data.to_vec()))
    }
}
