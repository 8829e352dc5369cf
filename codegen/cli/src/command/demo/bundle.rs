//! The deploy table and its artifacts in a folder, so that the demo runs from anywhere.

use std::fs;
use std::path::Path;

use crate::command::Failure;
use phasegate::console::{BEFORE, FILES};
use phasegate_codegen::load::{self, Loaded};
use phasegate_codegen::machine::Machine;

/// The table's name in the folder.
pub(super) const TABLE: &str = "deploy.toml";

const OLD_TABLE: &str = "migrations/tables/0001.toml";

/// Writes the files into a folder, and reads the table there.
pub(super) fn unpack(folder: &Path) -> Result<Loaded, Failure> {
    for (path, text) in FILES {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap_or(folder))?;
        fs::write(&path, text)?;
        if text.starts_with("#!") {
            make_executable(&path)?;
        }
    }
    Ok(load::load(&folder.join(TABLE))?)
}

/// The machine from before the phases.
pub(super) fn old_machine() -> Result<Machine, Failure> {
    let (_, machine, _) = load::machine(OLD_TABLE, BEFORE.as_bytes())?;
    Ok(machine)
}

#[cfg(unix)]
fn make_executable(path: &Path) -> Result<(), Failure> {
    use std::os::unix::fs::PermissionsExt as _;
    Ok(fs::set_permissions(path, fs::Permissions::from_mode(0o755))?)
}

#[cfg(not(unix))]
fn make_executable(_: &Path) -> Result<(), Failure> {
    Ok(())
}
