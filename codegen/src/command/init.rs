//! `phasegate init`: a commented starter table.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::PathBuf;

use clap::Args;

use super::{Exit, Failure, Outcome, say, shown};

const STARTER: &str = include_str!("starter.toml");

#[derive(Args)]
pub(crate) struct Init {
    /// Where to; by default order.toml in the current folder
    #[arg(default_value = "order.toml")]
    path: PathBuf,
}

impl Init {
    pub(crate) fn run(&self) -> Outcome {
        let path =
            if self.path.is_dir() { self.path.join("order.toml") } else { self.path.clone() };
        let mut file =
            OpenOptions::new().write(true).create_new(true).open(&path).map_err(|error| {
                if error.kind() == io::ErrorKind::AlreadyExists {
                    Failure::Message(format!("{} exists; it is left as it is", shown(&path)))
                } else {
                    Failure::Message(format!("{}: {error}", shown(&path)))
                }
            })?;
        file.write_all(STARTER.as_bytes())
            .map_err(|error| Failure::Message(format!("{}: {error}", shown(&path))))?;
        say(&format!("wrote {0}; next: `phasegate generate {0}`", shown(&path)));
        Ok(Exit::Well)
    }
}
