//! The generated script in a folder of its own, run as a step would run it.

#![allow(dead_code, reason = "each test file takes what it needs")]

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::json;
use tempfile::TempDir;

use super::generated::Generated;
use super::stub::{Answer, Stub};

pub(crate) const TOKEN: &str = "tok-3f9a/+=.~";
pub(crate) const APPLIED: &str =
    r#"{"applied":true,"status":"smoke_running","from":"queued","seq":2}"#;

/// The script in a folder of its own, and the environment of a run.
pub(crate) struct Script {
    folder: TempDir,
    pub(crate) environment: BTreeMap<&'static str, String>,
}

/// What a run of the script came to.
pub(crate) struct Ran {
    pub(crate) code: i32,
    /// Standard output and error together.
    pub(crate) said: String,
}

impl Ran {
    /// Whether it ended so and said so.
    #[track_caller]
    pub(crate) fn is(&self, code: i32, said: &str) {
        assert_eq!(self.code, code, "{}", self.said);
        assert!(self.said.contains(said), "{said:?} is not in: {}", self.said);
    }
}

impl Script {
    pub(crate) fn of(table: &str, url: &str) -> Self {
        Self::with_text(Generated::from(table).text("notify.sh"), url)
    }

    pub(crate) fn with_text(text: &str, url: &str) -> Self {
        for tool in ["bash", "jq", "curl"] {
            let found = Command::new(tool).arg("--version").stdout(Stdio::null()).status();
            assert!(
                found.is_ok(),
                "{tool} is missing: install it (on Debian: apt-get install {tool})"
            );
        }
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("notify.sh"), text).unwrap();
        let script = Self { folder, environment: BTreeMap::new() };
        let event = json!({ "inputs": { "callback_token": TOKEN } });
        fs::write(script.path("event.json"), event.to_string()).unwrap();
        let event = script.path("event.json").display().to_string();
        script
            .with("NOTIFY_ID", "d1")
            .with("NOTIFY_URL", url)
            .with("NOTIFY_PAUSE", "0")
            .with("NOTIFY_TRIES", "4")
            .with("NO_PROXY", "127.0.0.1")
            .with("GITHUB_EVENT_PATH", &event)
            .with("GITHUB_RUN_ID", "77")
            .with("GITHUB_RUN_ATTEMPT", "2")
            .with("GITHUB_SERVER_URL", "https://git.example")
            .with("GITHUB_REPOSITORY", "acme/shop")
    }

    pub(crate) fn deploy(url: &str) -> Self {
        Self::of("deploy.toml", url)
            .with("NOTIFY_JOB", "smoke")
            .with("NOTIFY_STATE", "smoke_running")
    }

    pub(crate) fn with(mut self, key: &'static str, value: &str) -> Self {
        self.environment.insert(key, value.to_owned());
        self
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn files(&self) -> BTreeSet<OsString> {
        fs::read_dir(self.folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect()
    }

    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new("bash");
        command
            .arg(self.path("notify.sh"))
            .env_clear()
            .env("PATH", std::env::var("PATH").unwrap())
            .env("TMPDIR", self.folder.path())
            .envs(&self.environment)
            .current_dir(self.folder.path())
            .stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self) -> Ran {
        let before = self.files();
        let output = self.command().output().unwrap();
        assert_eq!(self.files(), before, "it leaves nothing behind");
        Ran {
            code: output.status.code().unwrap(),
            said: String::from_utf8(output.stdout).unwrap()
                + &String::from_utf8(output.stderr).unwrap(),
        }
    }
}

pub(crate) fn answering(answers: &[(u16, &str)]) -> Stub {
    Stub::answering(
        answers
            .iter()
            .map(|(status, body)| Answer::Http(*status, "", (*body).to_owned()))
            .collect(),
    )
}
