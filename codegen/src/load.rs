//! Reading a table from disk, up to the validated machine.

use std::fmt;
use std::fs;
use std::io::{self, Read as _};
use std::path::{Component, Path, PathBuf};

use crate::artifact::Header;
use crate::finding::{self, Finding};
use crate::machine::Machine;
use crate::suggest::nearest;
use crate::table::{self, Source};
use crate::validate::validate;

/// A valid table, read from disk.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Loaded {
    /// The text, and what findings call it.
    pub source: Source,
    /// What it says.
    pub machine: Machine,
    /// What is allowed, and probably not what was meant.
    pub warnings: Vec<Finding>,
    /// The folder that artifacts' paths are relative to.
    pub root: PathBuf,
    /// What every artifact says of itself.
    pub header: Header,
}

impl Loaded {
    /// A machine as if it were read from a file of the current folder that says nothing else.
    #[doc(hidden)] // for tests
    pub fn of(path: &str, machine: &Machine) -> Self {
        Self {
            source: Source::new(path, ""),
            machine: machine.clone(),
            warnings: Vec::new(),
            root: PathBuf::new(),
            header: Header::new(path, machine),
        }
    }
}

/// Why a run could not be made: for one of these two reasons, and no other.
#[derive(Debug)]
pub enum Error {
    /// A file cannot be read or written; the message names it.
    Io(io::Error),
    /// The table is not one: everything that is wrong with it, and its text.
    Invalid {
        /// What is wrong.
        findings: Vec<Finding>,
        /// The text that the findings' places are of.
        source: Source,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => error.fmt(f),
            Self::Invalid { findings, source } => {
                f.write_str(&finding::text(findings, Some(source), false))
            }
        }
    }
}

impl std::error::Error for Error {}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Reads a table from its text; `path` is what findings call it.
///
/// # Errors
/// [`Error::Invalid`] with everything that is wrong with it.
pub fn machine(path: &str, bytes: &[u8]) -> Result<(Source, Machine, Vec<Finding>), Error> {
    let (source, table, mut findings) = table::read(path, bytes);
    let machine = table.and_then(|table| {
        let (machine, more) = validate(&source, &table, &findings);
        findings.extend(more);
        machine
    });
    findings.sort_by_key(|finding| (finding.line, finding.column));
    match machine {
        Some(machine) => Ok((source, machine, findings)),
        None => Err(Error::Invalid { findings, source }),
    }
}

/// Reads a table from disk.
///
/// # Errors
/// Where the file cannot be read, or is no valid table.
pub fn load(path: &Path) -> Result<Loaded, Error> {
    let bytes = bounded(path).map_err(|error| match path.is_dir() {
        true => {
            let message = format!(
                "{}: a folder, and not a table; name the file, or run the command in the folder",
                path.display()
            );
            io::Error::new(error.kind(), message)
        }
        false => {
            let near = (error.kind() == io::ErrorKind::NotFound).then(|| near(path)).flatten();
            let help = near.map(|near| format!("; did you mean {}?", near.display()));
            let message = format!("{}: {error}{}", path.display(), help.unwrap_or_default());
            io::Error::new(error.kind(), message)
        }
    })?;
    let (source, machine, warnings) = self::machine(&path.to_string_lossy(), &bytes)?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let root = match &machine.targets.root {
        Some(root) => folder.join(root),
        None => folder.to_owned(),
    };
    let header = Header::new(&from_root(path, &root)?, &machine);
    Ok(Loaded { source, machine, warnings, root, header })
}

/// The file that was probably meant by a path where there is none.
fn near(path: &Path) -> Option<PathBuf> {
    let folder = path.parent().unwrap_or(Path::new(""));
    let here = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let names = fs::read_dir(here).into_iter().flatten().flatten();
    let names = names.map(|entry| entry.file_name().to_string_lossy().into_owned());
    let mut names: Vec<String> = names.filter(|name| name.ends_with(".toml")).collect();
    names.sort();
    let asked = path.file_name()?.to_string_lossy();
    let without_its_end = format!("{asked}.toml");
    let near = match names.contains(&without_its_end) {
        true => &without_its_end,
        false => nearest(&asked, names.iter().map(String::as_str))?,
    };
    Some(folder.join(near))
}

/// A file, or as much of it as shows that it is too large for a table.
pub fn bounded(path: &Path) -> Result<Vec<u8>, io::Error> {
    let mut bytes = Vec::new();
    let most = u64::try_from(table::MAX_BYTES).map_or(u64::MAX, |most| most + 1);
    fs::File::open(path)?.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Whether a file looks like a table: it has a `[machine]`. One that cannot be read or is no TOML
/// does not; named outright, a command says what is wrong with it.
pub fn has_machine(path: &Path) -> bool {
    of_document(path, |document| document.contains_key("machine"))
}

/// The name of a file's machine, where it looks like a table.
pub fn machine_name(path: &Path) -> Option<String> {
    of_document(path, |document| {
        let machine = document.get("machine")?.get_ref().as_table()?;
        Some(machine.get("name")?.get_ref().as_str()?.to_owned())
    })
}

fn of_document<T>(path: &Path, read: impl FnOnce(&toml::de::DeTable<'_>) -> T) -> T {
    let bytes = bounded(path).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let (document, _) = toml::de::DeTable::parse_recoverable(text);
    read(document.get_ref())
}

/// A table's path from the root, with `/`, however either was written.
pub fn from_root(path: &Path, root: &Path) -> Result<String, io::Error> {
    let root = if root.as_os_str().is_empty() { Path::new(".") } else { root };
    let (path, root) = (plain(&std::path::absolute(path)?), plain(&std::path::absolute(root)?));
    let shared = path.iter().zip(&root).take_while(|(a, b)| a == b).count();
    let up = root[shared..].iter().map(|_| "..".to_owned());
    let parts: Vec<String> = up.chain(path[shared..].iter().cloned()).collect();
    Ok(parts.join("/"))
}

/// The parts of an absolute path, with `..` resolved as it is written.
fn plain(path: &Path) -> Vec<String> {
    let mut parts = Vec::new();
    for component in path.components() {
        match component {
            Component::ParentDir => {
                parts.pop();
            }
            Component::Normal(part) => parts.push(part.to_string_lossy().into_owned()),
            Component::Prefix(_) | Component::RootDir | Component::CurDir => {}
        }
    }
    parts
}
