//! `phasegate completions` and `phasegate man`: what a package of the command brings along.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use super::{Cli, CommandResult, Exit, print, say, shown};

#[derive(Args)]
pub(crate) struct Completions {
    /// The shell that completes
    #[arg(value_enum)]
    shell: Shell,
}

impl Completions {
    pub(crate) fn run(&self) -> CommandResult {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "phasegate", &mut script);
        print(&String::from_utf8_lossy(&script))?;
        Ok(Exit::Well)
    }
}

#[derive(Args)]
pub(crate) struct Man {
    /// The folder to write phasegate.1 and the others to
    dir: PathBuf,
}

impl Man {
    pub(crate) fn run(&self) -> CommandResult {
        fs::create_dir_all(&self.dir)?;
        let mut command = Cli::command();
        command.build();
        let pages = write(&self.dir, &command, "phasegate")?;
        say(&format!("wrote {pages} pages to {}", shown(&self.dir)));
        Ok(Exit::Well)
    }
}

/// Writes the page of a command and of all below it.
fn write(dir: &Path, command: &clap::Command, name: &str) -> io::Result<usize> {
    let mut page = Vec::new();
    clap_mangen::Man::new(command.clone().display_name(name.to_owned())).render(&mut page)?;
    fs::write(dir.join(format!("{name}.1")), page)?;
    let mut pages = 1;
    for below in command.get_subcommands().filter(|below| below.get_name() != "help") {
        pages += write(dir, below, &format!("{name}-{}", below.get_name()))?;
    }
    Ok(pages)
}
