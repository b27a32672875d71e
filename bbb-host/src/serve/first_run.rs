//! The first run: how whoever started the daemon becomes its administrator. The link is good once, for 15 minutes, and goes to a terminal or into a file that only its
//! owner reads, never into a log.

use std::fs;
use std::io;
use std::path::PathBuf;

use crate::accounts::token::Token;
use crate::charter::write_private;
use crate::data_dir::DataDir;
use crate::fault::Fault;

/// The file's name in the data directory.
const FILE: &str = "first-admin.link";

/// The page that a token is for. What follows the `#` is never sent to a server, and so never in anybody's log.
pub fn link(base: &str, token: &Token) -> String {
    format!("{base}/welcome#{}", token.reveal())
}

/// Writes the link for its owner only, and returns where.
///
/// # Errors
/// [`Fault`] where it cannot be written.
pub fn write(data: &DataDir, link: &str) -> Result<PathBuf, Fault> {
    let path = data.path().join(FILE);
    write_private(&path, &format!("{link}\n"))?;
    Ok(path)
}

/// Takes away a link of an earlier start.
///
/// # Errors
/// [`Fault`] where there is one and it stays.
pub fn forget(data: &DataDir) -> Result<(), Fault> {
    let path = data.path().join(FILE);
    match fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Fault::file(path.display(), &error)),
        _ => Ok(()),
    }
}
