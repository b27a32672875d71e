//! The data directory: what a process that runs businesses keeps on disk, and who holds it.
//!
//! The lock on the store's file says who lives: whoever has the store open holds the directory, and only the holder binds the socket. A socket that nobody answers is
//! what a killed process left; the next holder takes it away.

use std::fs::{self, File, Permissions};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::fault::Fault;
use crate::store::redb::{OpenError, Options, RedbStore};

const STORE: &str = "journal.redb";
const SOCKET: &str = "bbb.sock";

/// How often, and how long apart, a request is tried again while the holder of the directory is just starting or ending.
pub const HOLDER_RETRIES: u32 = 50;
/// The wait between two tries.
pub const HOLDER_RETRY_WAIT: Duration = Duration::from_millis(100);

/// How much room a disk has that is not full: about what a commit of a large journal may need.
const ROOM_BYTES: u64 = 1024 * 1024;

/// A data directory that exists.
#[derive(Debug, Clone)]
pub struct DataDir {
    path: PathBuf,
}

impl DataDir {
    /// The directory at `path`; made now, for its owner only, if there is none.
    ///
    /// # Errors
    /// [`Fault`] where it cannot be made, is no directory, or others may write to it.
    pub fn create(path: &Path) -> Result<DataDir, Fault> {
        if !path.exists() {
            let mut builder = fs::DirBuilder::new();
            builder.recursive(true).mode(0o700);
            builder.create(path).map_err(|error| Fault::file(format_args!("the data directory {}", path.display()), &error))?;
        }
        DataDir::existing(path)
    }

    /// Whether its disk has no room left, or next to none.
    pub fn is_full(&self) -> bool {
        rustix::fs::statvfs(&self.path).is_ok_and(|disk| disk.f_bavail.saturating_mul(disk.f_frsize) < ROOM_BYTES)
    }

    /// The directory at `path`, which must be there.
    ///
    /// # Errors
    /// [`crate::fault::Kind::NotFound`] where there is none; otherwise as [`DataDir::create`].
    pub fn existing(path: &Path) -> Result<DataDir, Fault> {
        let named = || format!("the data directory {}", path.display());
        let metadata = match fs::metadata(path) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let hint = "launch a business first, or name another directory with --data";
                return Err(Fault::not_found(format!("there is no data directory {}: {hint}", path.display())));
            }
            Err(error) => return Err(Fault::file(named(), &error)),
        };
        if !metadata.is_dir() {
            return Err(Fault::usage(format!("{} is not a directory", named())));
        }
        if metadata.mode() & 0o022 != 0 {
            return Err(Fault::refused(format!("{} can be written to by others; run: chmod 700 {}", named(), path.display())));
        }
        // What cannot be listed cannot be used either, and says so with the directory's name rather than a file's.
        fs::read_dir(path).map_err(|error| Fault::file(named(), &error))?;
        Ok(DataDir { path: path.to_owned() })
    }

    /// The directory's path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether a store was ever made here.
    pub fn has_store(&self) -> bool {
        fs::metadata(self.path.join(STORE)).is_ok_and(|metadata| metadata.len() > 0)
    }

    /// Opens the store, and so takes the directory; makes a store where there is none. Nothing where another process holds the directory. Blocks.
    ///
    /// # Errors
    /// The store's.
    pub fn try_open_store(&self) -> Result<Option<RedbStore>, Fault> {
        let path = self.path.join(STORE);
        match RedbStore::open(&path, Options::default()) {
            Ok(store) => Ok(Some(store)),
            Err(OpenError::AlreadyOpen { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// The socket's path in a form that fits a socket address however long the directory's own path is.
    ///
    /// # Errors
    /// [`Fault`] where the directory cannot be opened.
    pub fn socket(&self) -> Result<SocketPath, Fault> {
        let directory = File::open(&self.path).map_err(|error| Fault::file(self.path.display(), &error))?;
        let short = PathBuf::from(format!("/proc/self/fd/{}", directory.as_raw_fd()));
        let base = if short.exists() { short } else { self.path.clone() };
        Ok(SocketPath { path: base.join(SOCKET), _directory: directory })
    }
}

/// A path to the socket, usable as long as this lives.
#[derive(Debug)]
pub struct SocketPath {
    path: PathBuf,
    _directory: File,
}

impl SocketPath {
    /// The path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Takes away a socket that a dead process left. Only for the holder of the store.
    ///
    /// # Errors
    /// What stands there is no socket, or cannot be removed.
    pub fn clear(&self) -> io::Result<()> {
        use std::os::unix::fs::FileTypeExt;
        match fs::symlink_metadata(&self.path) {
            Ok(metadata) if metadata.file_type().is_socket() => fs::remove_file(&self.path),
            Ok(_) => Err(io::Error::new(io::ErrorKind::AlreadyExists, "bbb.sock is there and is not a socket")),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Lets nobody but the owner connect.
    ///
    /// # Errors
    /// The system's.
    pub fn restrict(&self) -> io::Result<()> {
        fs::set_permissions(&self.path, Permissions::from_mode(0o600))
    }
}

/// The fault of a directory that another process runs with.
pub fn is_held(path: &Path) -> Fault {
    let place = path.display();
    Fault::refused(format!("another bbb process is running with the data directory {place}: stop it, or use another directory with --data"))
}

/// The fault of a directory whose holder neither answers nor ends.
pub fn holder_is_silent(path: &Path) -> Fault {
    Fault::refused(format!("another process holds the data directory {} and does not answer", path.display()))
}
