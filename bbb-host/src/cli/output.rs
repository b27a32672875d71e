//! Files that a command writes: never over one that is there, unless that is asked for.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::Path;

use crate::fault::Fault;

/// Refuses early what [`write`] would refuse: a file that is there.
///
/// # Errors
/// Where there is one and `force` was not asked for.
pub(super) fn check(path: &Path, force: bool) -> Result<(), Fault> {
    if !force && path.symlink_metadata().is_ok() { Err(taken(path)) } else { Ok(()) }
}

/// Writes a text to a file.
///
/// # Errors
/// A file that is there, where `force` was not asked for, and whatever else keeps it from being written.
pub(super) fn write(path: &Path, text: &str, force: bool) -> Result<(), Fault> {
    let failed = |error| Fault::file(path.display(), &error);
    if force {
        return fs::write(path, text).map_err(failed);
    }
    match OpenOptions::new().write(true).create_new(true).open(path) {
        Ok(mut file) => file.write_all(text.as_bytes()).map_err(failed),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(taken(path)),
        Err(error) => Err(failed(error)),
    }
}

fn taken(path: &Path) -> Fault {
    Fault::refused(format!("{} is there already: --force writes over it", path.display()))
}
