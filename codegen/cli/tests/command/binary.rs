//! Running the command in a folder of its own.

#![allow(dead_code, unreachable_pub, reason = "each test file takes what it needs")]

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// The command, as a path.
pub const PHASEGATE: &str = env!("CARGO_BIN_EXE_phasegate");

/// A folder that goes when the test does.
pub struct Folder(TempDir);

/// What a run came to.
#[derive(Debug)]
pub struct Ran {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Ran {
    /// The JSON object on standard output.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The JSON objects on standard output, a line each.
    #[track_caller]
    pub fn lines(&self) -> Vec<Value> {
        self.out
            .lines()
            .map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}")))
            .collect()
    }
}

impl Folder {
    /// An empty one.
    pub fn new() -> Self {
        Self(TempDir::new().expect("there is a temporary folder"))
    }

    /// One that holds a table.
    pub fn with(name: &str, table: &str) -> Self {
        let folder = Self::new();
        folder.write(name, table);
        folder
    }

    pub fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    pub fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        let path = self.path(path);
        let folder = path.parent().expect("it lies in the folder");
        std::fs::create_dir_all(folder).expect("it can be made");
        std::fs::write(path, text).expect("it can be written");
    }

    #[track_caller]
    pub fn remove(&self, path: &str) {
        std::fs::remove_file(self.path(path)).unwrap();
    }

    pub fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.path(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
    }

    /// Every file below the folder, with `/`.
    pub fn files(&self) -> Vec<String> {
        fn below(root: &Path, folder: &Path, files: &mut Vec<String>) {
            for entry in std::fs::read_dir(folder).expect("it can be read") {
                let path = entry.expect("it can be read").path();
                if path.is_dir() {
                    below(root, &path, files);
                } else {
                    let path = path.strip_prefix(root).expect("it lies below");
                    files.push(path.to_string_lossy().replace('\\', "/"));
                }
            }
        }
        let mut files = Vec::new();
        below(self.0.path(), self.0.path(), &mut files);
        files.sort();
        files
    }

    /// Runs the command here.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        self.run_in("", arguments, b"")
    }

    /// Runs the command in a folder below, with an input.
    pub fn run_in(&self, folder: &str, arguments: &[&str], input: &[u8]) -> Ran {
        let mut command = Command::new(PHASEGATE);
        command.args(arguments).current_dir(self.path(folder)).env_remove("NO_COLOR");
        finish(&mut command, input)
    }
}

/// Runs a command to its end.
pub fn finish(command: &mut Command, input: &[u8]) -> Ran {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command can be run");
    let mut stdin = child.stdin.take().expect("it is piped");
    let input = input.to_vec();
    // A process that does not read its input to the end is not made to.
    let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().expect("it ends");
    writer.join().expect("it does not panic");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("it is UTF-8");
    Ran { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}
