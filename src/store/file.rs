//! Which file SQLite's connections have open. One that was removed, or replaced by another, is written to by
//! those who have it open, and no one ever reads what they wrote.

use super::{Error, Result};
use sqlx::SqlitePool;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// What distinguishes a file from another one under its name.
pub(crate) type FileId = (u64, u64);

/// The file of a pool; none for a database in memory.
#[derive(Debug)]
pub(crate) struct File {
    path: Option<PathBuf>,
    open: Mutex<Option<FileId>>,
}

impl File {
    pub(crate) fn of(pool: &SqlitePool) -> Self {
        let options = pool.connect_options();
        let path = options.get_filename();
        // What is in memory has a name that no file has.
        let path = path.is_file().then(|| path.to_owned());
        let open = path.as_deref().and_then(|path| id(path).ok());
        Self { path, open: Mutex::new(open) }
    }

    /// The file that is under the name now. Connections that have another one open are closed.
    pub(crate) fn now(&self, pool: &SqlitePool) -> Result<Option<FileId>> {
        let Some(path) = &self.path else {
            return Ok(None);
        };
        let now = id(path).map_err(|error| {
            let what = format!("{}: {error}", path.display());
            Error::Unavailable(sqlx::Error::Io(io::Error::new(error.kind(), what)))
        })?;
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if *open != Some(now) {
            while let Some(mut other) = pool.try_acquire() {
                other.close_on_drop();
            }
            *open = Some(now);
        }
        Ok(Some(now))
    }

    /// Whether there is one at all.
    pub(crate) fn is_there(&self) -> bool {
        self.path.is_some()
    }

    /// Whether it is the file that was opened last.
    pub(crate) fn is(&self, file: Option<FileId>) -> bool {
        file.is_none() || *self.open.lock().unwrap_or_else(PoisonError::into_inner) == file
    }
}

#[cfg(unix)]
fn id(path: &Path) -> io::Result<FileId> {
    use std::os::unix::fs::MetadataExt as _;
    let metadata = std::fs::metadata(path)?;
    Ok((metadata.dev(), metadata.ino()))
}

/// Elsewhere a file that is open can't be removed.
#[cfg(not(unix))]
fn id(path: &Path) -> io::Result<FileId> {
    std::fs::metadata(path).map(|_| (0, 0))
}
