//! `phasegate compat`: may one version of a table follow another while everything runs.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use clap::Args;

use super::{CommandResult, Exit, Failure, FormatArg, coloured, print, the_one_table};
use crate::command::Format;
use phasegate_codegen::accepted::Accepted;
use phasegate_codegen::compat::{self, Comparison, Origin, Version};
use phasegate_codegen::{finding, load, migrate};

#[derive(Args)]
pub(crate) struct Compat {
    /// The older version and the newer one: a file, or git:REF[:PATH] (a path left out is the other
    /// version's); the newer one left out is the table in the current folder
    #[arg(value_name = "OLD NEW", required = true)]
    versions: Vec<String>,
    /// Compare several versions that are all live at once, oldest first
    #[arg(long)]
    window: bool,
    /// The file of accepted findings; by default TABLE.accepted.toml next to the newest version
    #[arg(long, value_name = "FILE")]
    accepted: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) format: FormatArg,
}

impl Compat {
    pub(crate) fn run(&self) -> CommandResult {
        // A checker that breaks off must never count as one that found nothing.
        catch_unwind(AssertUnwindSafe(|| self.compare())).unwrap_or_else(|_| {
            let message = "compat broke off: nothing is said of these tables; please report them";
            Err(Failure::Message(message.to_owned()))
        })
    }

    fn compare(&self) -> CommandResult {
        let (versions, newest) = self.versions()?;
        let mut accepted = self.accepted(&newest)?;
        if self.window {
            let mut window = compat::window(&versions);
            // What no pair has any more is reported once.
            compat::accept(&mut accepted, window.pairs.iter_mut().map(|(_, _, pair)| pair));
            match self.format.format {
                Format::Text => {
                    for (_, _, pair) in &window.pairs {
                        print(&pair.changes_text(Some(accepted.source()), coloured()))?;
                    }
                    print(&window.text())?;
                }
                Format::Github => {
                    for (_, _, pair) in &window.pairs {
                        print(&finding::github(&pair.findings()))?;
                    }
                }
                Format::Json => print(&format!("{:#}\n", window.json()))?,
            }
            return Ok(exit(window.fails()));
        }
        let mut comparison = compat::compare(&versions, 0, 1);
        compat::accept(&mut accepted, std::iter::once(&mut comparison));
        self.report(&comparison, &accepted)?;
        Ok(exit(comparison.fails()))
    }

    fn report(&self, comparison: &Comparison<'_>, accepted: &Accepted) -> Result<(), Failure> {
        let out = match self.format.format {
            Format::Text => comparison.text(Some(accepted.source()), coloured()),
            Format::Github => finding::github(&comparison.findings()),
            Format::Json => format!("{:#}\n", comparison.json()),
        };
        Ok(print(&out)?)
    }

    /// The versions, oldest first, and the file that the newest stands for.
    fn versions(&self) -> Result<(Vec<Version>, PathBuf), Failure> {
        let mut places: Vec<Origin> = self.versions.iter().map(|one| Origin::of(one)).collect();
        let number = places.len();
        if number == 1 {
            places.push(Origin::File(the_one_table("name one")?));
        } else if number > 2 && !self.window {
            return Err(Failure::Message(format!(
                "{number} versions: compat compares an older and a newer one; with --window all \
                 that are live at once"
            )));
        }
        let file = places.iter().rev().find_map(|place| match place {
            Origin::File(path) => Some(path.clone()),
            Origin::Git { .. } => None,
        });
        let newest = match (&places[places.len() - 1], &file) {
            (Origin::File(path), _) | (Origin::Git { path: None, .. }, Some(path)) => path.clone(),
            (Origin::Git { path: Some(path), .. }, _) => PathBuf::from(path),
            (Origin::Git { path: None, .. }, None) => the_one_table("name one")?,
        };
        let beside = file.as_deref().unwrap_or(Path::new(&newest)).to_owned();
        let mut versions = Vec::new();
        for (at, place) in places.iter().enumerate() {
            let label = match (self.window, at) {
                (true, _) => place.to_string(),
                (false, 0) => "old".to_owned(),
                (false, _) => "new".to_owned(),
            };
            versions.push(place.read(&label, Some(&beside))?);
        }
        if let ([.., Origin::File(path)], [old, new]) = (&places[..], &mut versions[..]) {
            for (state, name) in migrate::former_names(&load::load(path)?, &old.machine)? {
                new.machine.states[state.index()].renamed_from = Some(name);
            }
        }
        Ok((versions, newest))
    }

    fn accepted(&self, newest: &Path) -> Result<Accepted, Failure> {
        Ok(match &self.accepted {
            Some(path) => Accepted::read(path)?,
            None => Accepted::of(newest)?,
        })
    }
}

const fn exit(fails: bool) -> Exit {
    if fails { Exit::Findings } else { Exit::Well }
}
