//! Where a version's text comes from: a file, or a commit of the repository that it lies in.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::load::{self, Error};
use crate::machine::Machine;
use crate::rules::{self, Rule};
use crate::table::{self, MAX_BYTES, Source, Table};

/// One version of a table.
#[derive(Clone, Debug)]
pub struct Version {
    /// What the layers of it are called.
    pub label: String,
    /// The text.
    pub source: Source,
    /// What it says, as it is written.
    pub table: Table,
    /// What it means.
    pub machine: Machine,
}

impl Version {
    /// The rule by which a state leaves that this newer version has retired, or lacks.
    pub(super) fn leaves_by(&self, state: &str) -> &'static Rule {
        match self.machine.find(state) {
            Some(_) => rules::STATE_RETIRED,
            None => rules::STATE_REMOVED,
        }
    }

    /// A version from its text; `path` is what findings call it.
    ///
    /// # Errors
    /// [`Error::Invalid`] with everything that is wrong with it.
    pub fn new(label: &str, path: &str, bytes: &[u8]) -> Result<Self, Error> {
        let (source, machine, _) = load::machine(path, bytes)?;
        let (_, table, _) = table::read(path, bytes);
        let table = table.expect("a valid table can be read");
        Ok(Self { label: label.to_owned(), source, table, machine })
    }
}

/// Where to find a version: `PATH`, or `git:REF[:PATH]`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Origin {
    /// A file.
    File(PathBuf),
    /// A file of a commit.
    Git {
        /// What names the commit.
        reference: String,
        /// The file, from the repository's root, or from the current folder where it begins with
        /// `./`; none for where the other version lies.
        path: Option<String>,
    },
}

impl Origin {
    /// What an argument names.
    pub fn of(argument: &str) -> Self {
        let Some(rest) = argument.strip_prefix("git:") else {
            return Self::File(PathBuf::from(argument));
        };
        match rest.split_once(':') {
            Some((reference, path)) => {
                Self::Git { reference: reference.to_owned(), path: Some(path.to_owned()) }
            }
            None => Self::Git { reference: rest.to_owned(), path: None },
        }
    }

    /// Reads the version. `beside` is the file that stands for a path left out.
    ///
    /// # Errors
    /// Where it can't be read, or is no valid table.
    pub fn read(&self, label: &str, beside: Option<&Path>) -> Result<Version, Error> {
        match self {
            Self::File(path) => {
                let bytes = load::bounded(path).map_err(|error| {
                    failed(error.kind(), format!("{}: {error}", path.display()))
                })?;
                Version::new(label, &path.to_string_lossy(), &bytes)
            }
            Self::Git { reference, path } => {
                let (name, bytes) = from_git(reference, path.as_deref(), beside)?;
                Version::new(label, &name, &bytes)
            }
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Git { reference, path: None } => write!(f, "git:{reference}"),
            Self::Git { reference, path: Some(path) } => write!(f, "git:{reference}:{path}"),
        }
    }
}

fn failed(kind: io::ErrorKind, message: impl Into<String>) -> io::Error {
    io::Error::new(kind, message.into())
}

/// A file of a commit: what findings call it, and its bytes.
fn from_git(
    reference: &str,
    path: Option<&str>,
    beside: Option<&Path>,
) -> io::Result<(String, Vec<u8>)> {
    let invalid = |message: String| failed(io::ErrorKind::InvalidInput, message);
    if reference.is_empty() {
        return Err(invalid("`git:` names no commit: write git:REF or git:REF:PATH".to_owned()));
    }
    // Where a path is left out it is the other version's, as seen from its own folder.
    let (folder, file) = match (path, beside) {
        (Some(""), _) => {
            return Err(invalid(format!("git:{reference}: names no file after the second colon")));
        }
        (Some(path), _) => (PathBuf::from("."), path.to_owned()),
        (None, Some(beside)) => {
            let name = beside.file_name().map(|name| name.to_string_lossy().into_owned());
            let name = name.ok_or_else(|| invalid(format!("{}: no file", beside.display())))?;
            let folder = beside.parent().filter(|folder| !folder.as_os_str().is_empty());
            (folder.unwrap_or(Path::new(".")).to_owned(), format!("./{name}"))
        }
        (None, None) => {
            return Err(invalid(format!(
                "git:{reference} says no file, and there is none to take it from: write \
                 git:{reference}:PATH"
            )));
        }
    };
    let commit = format!("{reference}^{{commit}}");
    let found = git(&folder, &["rev-parse", "--verify", "--quiet", "--end-of-options", &commit])?;
    let Ok(commit) = found.map(text) else {
        // A folder outside of every repository ends otherwise than a name that nothing has.
        if let Err(why) = git(&folder, &["rev-parse", "--git-dir"])? {
            return Err(invalid(format!("git:{reference}: {why}")));
        }
        // A command is suggested only where a shell takes the name as it stands, and git for no option.
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._/-".contains(&byte);
        let plain = !reference.starts_with('-') && reference.bytes().all(is_plain);
        let how = match plain {
            true => format!(" (`git fetch origin {reference}`)"),
            false => String::new(),
        };
        return Err(invalid(format!(
            "git:{reference}: the repository has no commit of that name; a shallow clone has to \
             fetch it first{how}"
        )));
    };
    let object = format!("{commit}:{file}");
    let of_file = |what: &str| invalid(format!("git:{reference}:{file}: {what}"));
    match git(&folder, &["cat-file", "-t", &object])?.map(text) {
        Err(_) => return Err(invalid(missing(&folder, reference, &commit, &file)?)),
        Ok(kind) if kind != "blob" => return Err(of_file("no file, but a folder")),
        Ok(_) => {}
    }
    let size = git(&folder, &["cat-file", "-s", &object])?.map(text);
    if size.ok().and_then(|size| size.parse().ok()).is_none_or(|size: usize| size > MAX_BYTES) {
        return Err(of_file(&format!("the table is larger than {MAX_BYTES} bytes")));
    }
    let content = git(&folder, &["cat-file", "blob", &object])?.map_err(|why| of_file(&why))?;
    Ok((format!("git:{reference}:{}", from_root(&folder, &file)?), content))
}

/// A file's path from the repository's root.
fn from_root(folder: &Path, file: &str) -> io::Result<String> {
    let Some(below) = file.strip_prefix("./") else { return Ok(file.to_owned()) };
    let prefix = git(folder, &["rev-parse", "--show-prefix"])?.unwrap_or_default();
    Ok(String::from_utf8_lossy(&prefix).trim_end_matches('\n').to_owned() + below)
}

/// Why a file isn't in a commit, and where it may be.
fn missing(folder: &Path, reference: &str, commit: &str, file: &str) -> io::Result<String> {
    let name = file.rsplit('/').next().unwrap_or(file);
    let listed = git(folder, &["ls-tree", "-r", "-z", "--name-only", "--full-tree", commit])?;
    let listed = text(listed.unwrap_or_default());
    let tables: Vec<&str> = listed.split('\0').filter(|path| path.ends_with(".toml")).collect();
    let same = tables.iter().filter(|path| path.rsplit('/').next() == Some(name));
    let mut near: Vec<&str> = same.copied().collect();
    if near.is_empty() {
        // Moved under another name, perhaps: whatever has a `[machine]`.
        for path in tables.iter().take(200) {
            let content = git(folder, &["cat-file", "blob", &format!("{commit}:{path}")])?;
            if text(content.unwrap_or_default()).lines().any(|line| line.trim() == "[machine]") {
                near.push(path);
            }
        }
    }
    let help = match near.as_slice() {
        [] => "it has no table at all".to_owned(),
        near => {
            let near: Vec<String> =
                near.iter().take(5).map(|path| format!("git:{reference}:{path}")).collect();
            format!("was it {}?", near.join(" or "))
        }
    };
    let file = file.trim_start_matches("./");
    Ok(format!("git:{reference}:{file}: that commit has no such file; {help}"))
}

/// What git answers; or, where it fails, the first line of why.
fn git(folder: &Path, arguments: &[&str]) -> io::Result<Result<Vec<u8>, String>> {
    let mut command = Command::new("git");
    // Paths are meant as they are written, and no one is asked for anything.
    command.arg("-C").arg(folder).arg("--literal-pathspecs").args(arguments);
    command.env("GIT_TERMINAL_PROMPT", "0").env("LC_ALL", "C");
    let output = command.output().map_err(|error| {
        let message = if error.kind() == io::ErrorKind::NotFound {
            "`git` is not installed here: install it, or give a file instead".to_owned()
        } else {
            format!("git: {error}")
        };
        failed(error.kind(), message)
    })?;
    if output.status.success() {
        return Ok(Ok(output.stdout));
    }
    let said = text(output.stderr);
    Ok(Err(said.lines().next().unwrap_or("git failed and said nothing").to_owned()))
}

/// An answer that is a line.
fn text(answer: Vec<u8>) -> String {
    String::from_utf8_lossy(&answer).trim().to_owned()
}
