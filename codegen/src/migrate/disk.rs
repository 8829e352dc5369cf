//! Writing migrations: all or none of them, never over a file that exists, and one process at a
//! time.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use crate::artifact::stays_inside;

/// A file that is to be there.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct NewFile {
    /// From the root, with `/`.
    pub(super) path: String,
    pub(super) text: String,
}

fn about(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

/// A folder that no other process writes migrations to until this is dropped.
pub(super) struct Lock(#[expect(dead_code, reason = "it is held, and dropped")] File);

/// Waits until no other process writes below this folder, which is made where it is not there.
pub(super) fn lock(root: &Path, folder: &str) -> io::Result<Lock> {
    let path = root.join(folder);
    stays_inside(root, &path)?;
    fs::create_dir_all(&path).map_err(|error| about(&path, &error))?;
    let file = open(&path).map_err(|error| about(&path, &error))?;
    match file.lock() {
        // Where the file system has no locks, files still don't take each other's places.
        Err(error) if error.kind() != io::ErrorKind::Unsupported => Err(about(&path, &error)),
        Ok(()) | Err(_) => Ok(Lock(file)),
    }
}

/// Waits until no process is in the middle of writing below this folder; none where it is not there.
pub(super) fn shared_lock(root: &Path, folder: &str) -> io::Result<Option<Lock>> {
    let path = root.join(folder);
    if !path.is_dir() {
        return Ok(None);
    }
    let file = open(&path).map_err(|error| about(&path, &error))?;
    match file.lock_shared() {
        Err(error) if error.kind() != io::ErrorKind::Unsupported => Err(about(&path, &error)),
        Ok(()) | Err(_) => Ok(Some(Lock(file))),
    }
}

/// The folder itself is the lock, so that nothing is left behind.
#[cfg(unix)]
fn open(folder: &Path) -> io::Result<File> {
    File::open(folder)
}

/// Where a folder cannot be opened, a file in it.
#[cfg(not(unix))]
fn open(folder: &Path) -> io::Result<File> {
    let path = folder.join(".lock");
    fs::OpenOptions::new().write(true).create(true).truncate(false).open(path)
}

/// Writes the files in their order, the last one last. Where one cannot be written, those before it
/// are taken back.
pub(super) fn write(root: &Path, files: &[NewFile]) -> io::Result<()> {
    let mut written: Vec<PathBuf> = Vec::new();
    for file in files {
        let path = root.join(&file.path);
        if let Err(error) = write_new(root, &path, &file.text) {
            for path in written {
                // The first error is the one to report. A migration that is a folder leaves none behind.
                let _ = fs::remove_file(&path);
                let _ = path.parent().map(fs::remove_dir);
            }
            return Err(about(&path, &error));
        }
        written.push(path);
    }
    Ok(())
}

/// A file that is whole from the moment that it is there, and takes no other's place.
fn write_new(root: &Path, path: &Path, text: &str) -> io::Result<()> {
    let folder = path.parent().unwrap_or(root);
    stays_inside(root, folder)?;
    fs::create_dir_all(folder)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let beside = folder.join(format!(".{name}.{}.new", std::process::id()));
    let written = fs::write(&beside, text).and_then(|()| match fs::hard_link(&beside, path) {
        // Where the file system has no links, there is a moment in which half of it could be seen.
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            use std::io::Write as _;
            let mut file = fs::OpenOptions::new().write(true).create_new(true).open(path)?;
            let written = file.write_all(text.as_bytes());
            if written.is_err() {
                let _ = fs::remove_file(path);
            }
            written
        }
        linked => linked,
    });
    let _ = fs::remove_file(&beside);
    written
}
