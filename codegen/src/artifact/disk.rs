//! The files themselves: reading, writing, and finding those that no longer are artifacts.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{Artifact, Header, origin};

fn with_path(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

pub(super) fn read(path: &Path) -> Result<Option<Vec<u8>>, io::Error> {
    match fs::read(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
            let message = "a file is where a folder of this path belongs: move it, or give the artifact another \
                 `path`";
            Err(with_path(path, &io::Error::new(error.kind(), message)))
        }
        Err(error) if error.kind() == io::ErrorKind::IsADirectory => {
            let message =
                "a folder is where the file belongs: move it, or give the file another `path`";
            Err(with_path(path, &io::Error::new(error.kind(), message)))
        }
        Err(error) => Err(with_path(path, &error)),
    }
}

#[cfg(unix)]
pub(super) fn mode_fits(path: &Path, artifact: &Artifact) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    !artifact.executable
        || fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
pub(super) fn mode_fits(_: &Path, _: &Artifact) -> bool {
    true
}

/// Moves a file aside under a name that is free; gives that name, from the root as the path is.
pub(super) fn set_aside(path: &Path, shown: &str) -> Result<String, io::Error> {
    let free = |number: u32| match number {
        1 => ".orig".to_owned(),
        _ => format!(".orig{number}"),
    };
    let with = |ending: &str| PathBuf::from(format!("{}{ending}", path.display()));
    let ending = (1..).map(free).find(|ending| !with(ending).exists()).unwrap_or_default();
    fs::rename(path, with(&ending)).map_err(|error| with_path(path, &error))?;
    Ok(format!("{shown}{ending}"))
}

/// Writes next to the file and renames, so that no reader ever sees half of it.
pub(super) fn write(root: &Path, path: &Path, artifact: &Artifact) -> Result<(), io::Error> {
    // A link to somebody's own file stays one.
    let linked = path.canonicalize().ok().filter(|_| artifact.in_place && path.is_symlink());
    let path = linked.as_deref().unwrap_or(path);
    let folder = path.parent().unwrap_or(root);
    stays_inside(root, folder)?;
    fs::create_dir_all(folder).map_err(|error| with_path(folder, &error))?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let beside = folder.join(format!(".{name}.{}.new", std::process::id()));
    let written = fs::write(&beside, &artifact.text)
        .and_then(|()| match fs::metadata(path) {
            Ok(found) if artifact.in_place => fs::set_permissions(&beside, found.permissions()),
            Ok(_) | Err(_) => set_mode(&beside, artifact),
        })
        .and_then(|()| fs::rename(&beside, path));
    written.map_err(|error| {
        // The first error is the one to report; only we know of the new file.
        let _ = fs::remove_file(&beside);
        with_path(path, &error)
    })
}

#[cfg(unix)]
fn set_mode(path: &Path, artifact: &Artifact) -> Result<(), io::Error> {
    use std::os::unix::fs::PermissionsExt as _;
    if artifact.executable {
        fs::set_permissions(path, fs::Permissions::from_mode(0o755))?;
    }
    Ok(())
}

#[cfg(not(unix))]
fn set_mode(_: &Path, _: &Artifact) -> Result<(), io::Error> {
    Ok(())
}

/// A link must not lead an artifact out of the root, nor make folders out there.
pub(crate) fn stays_inside(root: &Path, folder: &Path) -> Result<(), io::Error> {
    let root = if root.as_os_str().is_empty() { Path::new(".") } else { root };
    // A root that is not there yet holds no link.
    let Ok(real_root) = root.canonicalize() else { return Ok(()) };
    let exists = |folder: &&Path| folder.symlink_metadata().is_ok();
    let there = folder.ancestors().find(exists).unwrap_or(root);
    let real = there.canonicalize().map_err(|error| with_path(there, &error))?;
    if real.starts_with(&real_root) {
        return Ok(());
    }
    let message =
        format!("{}: a link leads out of the root {}", folder.display(), real_root.display());
    Err(io::Error::new(io::ErrorKind::InvalidInput, message))
}

/// Files that carry this table's header where artifacts lie, and are none of them.
pub(super) fn orphans(
    root: &Path,
    header: &Header,
    artifacts: &[Artifact],
) -> Result<Vec<String>, io::Error> {
    let mut folders: BTreeSet<PathBuf> = BTreeSet::from([PathBuf::from("generated")]);
    let known: BTreeSet<&str> = artifacts.iter().map(|artifact| artifact.path.as_str()).collect();
    // Next to somebody's own file lie others of theirs, copies of artifacts among them.
    for artifact in artifacts.iter().filter(|artifact| !artifact.in_place) {
        folders.extend(Path::new(&artifact.path).parent().map(Path::to_owned));
    }
    let mut orphans = BTreeSet::new();
    let mut seen = BTreeSet::new();
    let mut waiting: Vec<(PathBuf, bool)> = folders
        .into_iter()
        .map(|folder| {
            let deep = !folder.as_os_str().is_empty();
            (folder, deep)
        })
        .collect();
    while let Some((folder, deep)) = waiting.pop() {
        if !seen.insert(folder.clone()) {
            continue;
        }
        let at = root.join(&folder);
        let entries = match fs::read_dir(&at) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(with_path(&at, &error)),
        };
        for entry in entries {
            let entry = entry.map_err(|error| with_path(&at, &error))?;
            let path = folder.join(entry.file_name());
            let kind = entry.file_type().map_err(|error| with_path(&path, &error))?;
            if kind.is_dir() && deep {
                waiting.push((path, deep));
            } else if kind.is_file() {
                let name = path.to_string_lossy().replace('\\', "/");
                let is_known = known.contains(name.as_str()) || name == header.table();
                if !is_known
                    && origin(&beginning(&root.join(&path))?).as_deref() == Some(header.table())
                {
                    orphans.insert(name);
                }
            }
        }
    }
    Ok(orphans.into_iter().collect())
}

fn beginning(path: &Path) -> Result<Vec<u8>, io::Error> {
    use std::io::Read as _;
    let mut start = Vec::new();
    fs::File::open(path)
        .and_then(|file| file.take(1024).read_to_end(&mut start))
        .map_err(|error| with_path(path, &error))?;
    Ok(start)
}
