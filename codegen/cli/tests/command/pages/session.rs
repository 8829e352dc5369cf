//! A page's session: its commands in a folder of its own, one after the other.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::page::{self, Block, Part};
use crate::binary::PHASEGATE;

struct Session<'a> {
    root: PathBuf,
    env: &'a [(&'a str, &'a str)],
    folder: tempfile::TempDir,
}

/// Runs a page, with what its commands find in their environment; what is not as it says comes back, each
/// with its line.
pub(super) fn run(root: &Path, page: &str, env: &[(&str, &str)]) -> Result<(), String> {
    let root = fs::canonicalize(root).unwrap();
    let text = fs::read_to_string(root.join(page)).unwrap();
    let session = Session { root, env, folder: tempfile::tempdir().unwrap() };
    let is_writing = std::env::var("INSTA_UPDATE").is_ok_and(|how| how == "always");
    let mut wrong = String::new();
    let mut anew = text.clone();
    for part in page::parts(&text) {
        match part {
            Part::Hidden { line, commands } => {
                let (succeeded, printed) = session.bash(&commands);
                if !succeeded {
                    wrong += &format!("{page}:{line}: what is hidden fails:\n{printed}\n");
                }
            }
            Part::Block(block) => {
                if let Err((said, instead)) = session.block(&block) {
                    let (old, new) = (indented(&block.text, &block), indented(&instead, &block));
                    if is_writing && old != new {
                        anew = anew.replacen(&old, &new, 1);
                    } else {
                        wrong += &format!("{page}:{}: {said}\n", block.line);
                    }
                }
            }
        }
    }
    if anew != text {
        fs::write(session.root.join(page), anew).unwrap();
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong) }
}

/// A block's text as it stands on the page.
fn indented(text: &str, block: &Block) -> String {
    let indent = " ".repeat(block.indent);
    let lines = text.lines().map(|line| match line.is_empty() {
        true => "\n".to_owned(),
        false => format!("{indent}{line}\n"),
    });
    lines.collect()
}

impl Session<'_> {
    /// What is wrong with a block, and what would be right to show.
    fn block(&self, block: &Block) -> Result<(), (String, String)> {
        let unmended = |said: String| Err((said, block.text.clone()));
        let at = |path: &str| self.folder.path().join(path);
        match &block.said {
            Some((word, _)) if word == "not run" => Ok(()),
            Some((word, path)) if word == "file" || word == "append" => {
                let before = match word.as_str() {
                    "append" => fs::read_to_string(at(path)).unwrap(),
                    _ => String::new(),
                };
                fs::create_dir_all(at(path).parent().unwrap()).unwrap();
                fs::write(at(path), before + &block.text).unwrap();
                Ok(())
            }
            Some((_, path)) => {
                let place = if at(path).exists() { at(path) } else { self.root.join(path) };
                let whole = fs::read_to_string(place).unwrap_or_default();
                match is_part(&block.text, &whole) {
                    true => Ok(()),
                    false => unmended(format!("this is no part of {path}:\n{}", block.text)),
                }
            }
            None if block.language == "sh" => match self.bash(&block.text) {
                (true, _) => Ok(()),
                (false, printed) => unmended(format!("a command fails:\n{printed}")),
            },
            None if block.language == "console" => self.console(&block.text),
            None => unmended(format!("nothing holds this block of `{}`", block.language)),
        }
    }

    fn console(&self, text: &str) -> Result<(), (String, String)> {
        let (mut wrong, mut instead) = (String::new(), String::new());
        for page::Command { command, prints } in page::commands(text) {
            let (_, printed) = self.bash(&command);
            instead += &format!("$ {command}\n");
            if page::fits(&prints, &printed) {
                instead += &prints;
            } else {
                wrong += &format!("`{command}` prints\n{printed}where the page shows\n{prints}");
                instead += &printed;
            }
        }
        if wrong.is_empty() { Ok(()) } else { Err((wrong, instead)) }
    }

    /// Runs commands; whether they succeeded, and all that they printed.
    fn bash(&self, commands: &str) -> (bool, String) {
        let mut path = vec![Path::new(PHASEGATE).parent().unwrap().to_owned()];
        let inherited = std::env::var_os("PATH").unwrap_or_default();
        path.extend(std::env::split_paths(&inherited));
        // What a hidden command sets for those after it stands in `.env`.
        let script = format!("set -e; exec 2>&1; [ ! -e .env ] || . ./.env\n{commands}");
        let mut bash = Command::new("bash");
        bash.args(["-c", &script])
            .current_dir(self.folder.path())
            .env("PATH", std::env::join_paths(path).unwrap())
            .env("ROOT", &self.root)
            .env("LC_ALL", "C.UTF-8")
            .envs(self.env.iter().copied())
            .env_remove("INSTA_UPDATE")
            .stdin(Stdio::null());
        // Into a file: who reads a pipe to its end waits for what runs on in the background.
        let printed = self.folder.path().join(".printed");
        bash.stdout(fs::File::create(&printed).unwrap());
        let succeeded = bash.status().expect("there is bash").success();
        let printed = fs::read(printed).unwrap();
        (succeeded, String::from_utf8_lossy(&printed).into_owned())
    }
}

/// Whether a text's lines stand in another, one after the other, at whatever indentation.
fn is_part(text: &str, whole: &str) -> bool {
    let lines = |text: &str| -> Vec<String> {
        text.lines().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect()
    };
    let (text, whole) = (lines(text), lines(whole));
    whole.windows(text.len()).any(|window| window == text)
}

impl Drop for Session<'_> {
    fn drop(&mut self) {
        // What a page started in the background, by the ids that it wrote down.
        let pids = fs::read_to_string(self.folder.path().join(".pids")).unwrap_or_default();
        for pid in pids.split_whitespace() {
            let _ = Command::new("kill").arg(pid).status();
        }
    }
}
