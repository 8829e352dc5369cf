//! The programs that the callback script needs: looked for, and where that may be, installed.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::command::{Failure, print};

const NEEDED: [&str; 3] = ["bash", "curl", "jq"];

/// Makes sure that the script can run.
pub(super) fn make_sure() -> Result<(), Failure> {
    let missing = missing();
    if missing.is_empty() {
        return Ok(());
    }
    let names = missing.join(", ");
    if is_root() && find("apt-get").is_some() {
        print(&format!("The callback script needs {names}: installing through apt-get.\n"))?;
        apt_get(&["update", "-qq"]);
        let mut install = vec!["install", "-y", "-qq", "--no-install-recommends"];
        install.extend(&missing);
        apt_get(&install);
        if self::missing().is_empty() {
            return Ok(());
        }
    }
    Err(Failure::Message(format!(
        "the callback script needs {names}: install {} (on Debian: apt-get install {})",
        if missing.len() == 1 { "it" } else { "them" },
        missing.join(" ")
    )))
}

fn missing() -> Vec<&'static str> {
    NEEDED.into_iter().filter(|tool| find(tool).is_none()).collect()
}

fn find(tool: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(tool)).find(|file| is_program(file))
}

#[cfg(unix)]
fn is_program(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    file.metadata().is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_program(file: &Path) -> bool {
    file.with_extension("exe").is_file()
}

/// Without calls that are not safe: who owns this process' entry.
#[cfg(unix)]
fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt as _;
    Path::new("/proc/self").metadata().is_ok_and(|data| data.uid() == 0)
}

#[cfg(not(unix))]
fn is_root() -> bool {
    false
}

/// Whether it worked shows in what is there afterwards.
fn apt_get(arguments: &[&str]) {
    let _ = Command::new("apt-get")
        .args(arguments)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status();
}
