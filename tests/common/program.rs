//! The generated Rust, compiled as a user would: one program over many tables, asked by lines.
#![allow(dead_code, reason = "each test uses a part of it")]

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use phasegate_codegen::Loaded;
use phasegate_codegen::emit::rust::{Rust, RustTarget};

/// One program with a module per table. It reads `TABLE COMMAND STATE…` lines, states by their
/// places, and answers each with a line.
pub(crate) struct Program {
    folder: tempfile::TempDir,
    pub(crate) tables: Vec<Loaded>,
}

/// Declares the module of a table, and the function that answers for it.
pub(crate) const MAIN: &str = r#"
macro_rules! machine {
    ($function:ident, $module:ident, $status:ident) => {
        mod $module;
        fn $function(command: &str, words: &[&str]) -> String {
            use $module::*;
            let state = |word: &&str| $status::ALL[word.parse::<usize>().unwrap()];
            match command {
                "pairs" => {
                    let mut out = String::new();
                    for to in $status::ALL {
                        out.push(if validate_start(to).is_ok() { '1' } else { '0' });
                        assert_eq!(validate_start(to).is_ok(), $status::INITIAL.contains(&to));
                    }
                    for from in $status::ALL {
                        for to in $status::ALL {
                            let legal = from.can_become(to);
                            assert_eq!(legal, validate(from, to).is_ok());
                            assert_eq!(legal, from.next().contains(&to));
                            out.push(if legal { '1' } else { '0' });
                        }
                    }
                    out
                }
                "error" => match words {
                    [to] => validate_start(state(to)).unwrap_err().to_string(),
                    [from, to] => validate(state(from), state(to)).unwrap_err().to_string(),
                    _ => unreachable!(),
                },
                "sequence" => match validate_sequence(words.iter().map(state)) {
                    Ok(false) => "accepted".to_owned(),
                    Ok(true) => "complete".to_owned(),
                    Err(rejected) => {
                        let allowed = rejected.step.allowed().iter();
                        let legal: Vec<String> = allowed.map(|to| to.index().to_string()).collect();
                        format!("rejected {} {}", rejected.at, legal.join(" "))
                    }
                },
                "phases" => {
                    let attempted = words[0].parse::<usize>().ok().map(|at| $status::ALL[at]);
                    let history: Vec<$status> = words[1..].iter().map(state).collect();
                    phases(&history, attempted).map(|view| view.as_str()).join(" ")
                }
                "facts" => {
                    let mut out = format!("{} {} {}", $status::MACHINE, $status::LANGUAGE, $status::TABLE);
                    for state in $status::ALL {
                        assert_eq!(state.as_str().parse(), Ok(state));
                        assert_eq!(Stored::new(state.as_str()).known(), Some(state));
                        out += &format!(
                            "|{}/{}/{}/{}/{}{}{}{}{}{}{}/{}",
                            state.name(), state, state.title(),
                            state.phase().map_or("", |phase| phase.name()),
                            state.completes() as u8, state.is_optional() as u8, state.reopens() as u8,
                            state.is_retired() as u8, state.is_terminal() as u8, state.is_ended() as u8,
                            state.is_initial() as u8, state.outcome().map_or("", |outcome| outcome.as_str()),
                        );
                    }
                    out
                }
                "read" => {
                    let text = words.join(" ");
                    let stored = Stored::new(text.as_str());
                    assert_eq!(stored.as_str(), text);
                    match text.parse::<$status>() {
                        Ok(state) => format!("known {}", state.name()),
                        Err(error) => error.to_string(),
                    }
                }
                other => panic!("{other}"),
            }
        }
    };
}
"#;

impl Program {
    /// The program of some tables.
    pub(crate) fn build(tables: Vec<Loaded>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let tables: Vec<Loaded> = tables
            .into_iter()
            .map(|mut loaded| {
                // What needs other crates is compiled with the console.
                loaded.machine.targets.set::<Rust>(RustTarget {
                    path: "status.rs".to_owned(),
                    type_name: "Status".to_owned(),
                    derive: Vec::new(),
                });
                loaded
            })
            .collect();
        let mut main = String::from("//! A program over generated files.\n");
        main.push_str(MAIN);
        let mut arms = String::new();
        for (at, loaded) in tables.iter().enumerate() {
            let artifacts = phasegate_codegen::render(loaded, &[&Rust]);
            let rust = artifacts.iter().find(|artifact| artifact.path == "status.rs").unwrap();
            std::fs::write(folder.path().join(format!("m{at}.rs")), &rust.text).unwrap();
            writeln!(main, "machine!(f{at}, m{at}, Status);").unwrap();
            writeln!(arms, "            \"{at}\" => f{at}(words[1], &words[2..]),").unwrap();
        }
        writeln!(
            main,
            "fn main() {{\n    for line in std::io::stdin().lines() {{\n        let line = line.unwrap();\n        \
             let words: Vec<&str> = line.split(' ').collect();\n        let answer = match words[0] {{\n{arms}            \
             _ => unreachable!(),\n        }};\n        println!(\"{{answer}}\");\n    }}\n}}"
        )
        .unwrap();
        std::fs::write(folder.path().join("main.rs"), main).unwrap();
        compile(folder.path());
        Self { folder, tables }
    }

    /// The answers to some lines.
    pub(crate) fn ask(&self, lines: &[String]) -> Vec<String> {
        let mut child = Command::new(self.folder.path().join("main"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut input = child.stdin.take().unwrap();
        let text = lines.iter().fold(String::new(), |text, line| text + line + "\n");
        let writer = std::thread::spawn(move || input.write_all(text.as_bytes()));
        let output = child.wait_with_output().unwrap();
        writer.join().unwrap().unwrap();
        assert!(output.status.success(), "the program failed");
        let answers: Vec<String> =
            String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect();
        assert_eq!(answers.len(), lines.len());
        answers
    }
}

/// With the lints of this project, and no warning.
pub(crate) fn compile(folder: &Path) {
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    let output = Command::new(rustc)
        .args([
            "--edition",
            "2021",
            "-D",
            "warnings",
            "-D",
            "missing_docs",
            "-D",
            "unreachable_pub",
        ])
        .args(["-F", "unsafe_code", "-C", "debug-assertions=on", "-o", "main", "main.rs"])
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
