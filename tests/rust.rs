//! The generated Rust is compiled as a user would, and judges what the table says: every pair of
//! every table, sequences, phases, and texts that are no state.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use phasegate_codegen::machine::{Log, StateId, Verdict};
use phasegate_codegen::targets::RustTarget;
use phasegate_codegen::{Loaded, Machine};
use proptest::prelude::*;

/// One program with a module per table. It reads `TABLE COMMAND STATE…` lines, states by their
/// places, and answers each with a line.
struct Program {
    folder: tempfile::TempDir,
    tables: Vec<Loaded>,
}

static PROGRAM: LazyLock<Program> = LazyLock::new(Program::build);

const MAIN: &str = r#"
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
                    Err(rejected) => format!("rejected {}", rejected.at),
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
    fn build() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let tables: Vec<Loaded> = common::tables()
            .into_iter()
            .map(|mut loaded| {
                // What needs other crates is compiled with the console.
                loaded.machine.targets.rust = Some(RustTarget {
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
            let artifacts =
                phasegate_codegen::render(loaded, &[phasegate_codegen::target::Target::Rust]);
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
    fn ask(&self, lines: &[String]) -> Vec<String> {
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
fn compile(folder: &Path) {
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

fn places(states: &[StateId]) -> String {
    states.iter().fold(String::new(), |text, state| text + " " + &state.index().to_string())
}

#[test]
fn judges_every_pair_as_the_table_does() {
    let program = &*PROGRAM;
    let lines: Vec<String> = (0..program.tables.len()).map(|at| format!("{at} pairs")).collect();
    for (loaded, answer) in program.tables.iter().zip(program.ask(&lines)) {
        let machine = &loaded.machine;
        let legal = |legal: bool| if legal { '1' } else { '0' };
        let starts = machine.state_ids().map(|to| legal(machine.is_initial(to)));
        let pairs = machine.state_ids().flat_map(|from| {
            machine.state_ids().map(move |to| legal(machine.can_become(from, to)))
        });
        assert_eq!(answer, starts.chain(pairs).collect::<String>(), "{}", machine.name);
    }
}

#[test]
fn says_what_the_table_says_of_each_state() {
    let program = &*PROGRAM;
    let lines: Vec<String> = (0..program.tables.len()).map(|at| format!("{at} facts")).collect();
    for (loaded, answer) in program.tables.iter().zip(program.ask(&lines)) {
        let machine = &loaded.machine;
        let prints = &machine.fingerprints;
        let mut expected = format!("{} {} {}", machine.name, prints.language, prints.table);
        for id in machine.state_ids() {
            let state = machine.state(id);
            let flags = [
                state.completes,
                state.optional,
                state.reopens,
                state.retired,
                state.terminal,
                state.is_ended(),
                machine.is_initial(id),
            ];
            write!(
                expected,
                "|{}/{}/{}/{}/{}/{}",
                state.name,
                state.value,
                state.title,
                state.phase.map_or("", |phase| &machine.phase(phase).name),
                flags.map(|flag| if flag { "1" } else { "0" }).concat(),
                state.outcome.map_or("", |outcome| outcome.as_str()),
            )
            .unwrap();
        }
        assert_eq!(answer, expected);
    }
}

#[test]
fn a_rejection_names_what_was_asked_and_what_would_have_been_legal() {
    let answers = PROGRAM.ask(&[
        "0 error 0 8".to_owned(),
        "0 error 8 9".to_owned(),
        "0 error 5".to_owned(),
        "0 read freeze_pased".to_owned(),
        "0 read wholly different".to_owned(),
        format!("0 read {}", "x".repeat(500)),
    ]);
    assert_eq!(
        answers[0],
        "illegal transition of deploy: queued -> succeeded; legal: smoke_running, smoke_passed, \
         freeze_checking, freeze_passed, building, failed"
    );
    assert_eq!(answers[1], "illegal transition of deploy: succeeded -> failed; legal: (nothing)");
    assert_eq!(answers[2], "illegal transition of deploy: start -> building; legal: queued");
    assert_eq!(
        answers[3],
        r#"unknown status of deploy: "freeze_pased"; did you mean "freeze_passed"?"#
    );
    assert_eq!(answers[4], r#"unknown status of deploy: "wholly different""#);
    assert_eq!(answers[5], format!("unknown status of deploy: \"{}\"", "x".repeat(64)));
}

/// A walk of mostly legal steps through a table, from random numbers.
fn walk(machine: &Machine, numbers: &[u16]) -> Vec<StateId> {
    let mut walk: Vec<StateId> = Vec::new();
    for &number in numbers {
        let legal = machine.legal_after(walk.last().copied());
        let any = StateId::new(usize::from(number) % machine.states.len());
        let wild = number % 19 == 0 || legal.is_empty();
        walk.push(if wild { any } else { legal[usize::from(number) % legal.len()] });
    }
    walk
}

fn verdict(machine: &Machine, walk: &[StateId]) -> String {
    let mut log = Log::transitions(machine);
    for &state in walk {
        log.push(Some(state), &machine.state(state).name);
    }
    match log.verdict() {
        Verdict::Accepted => "accepted".to_owned(),
        Verdict::Complete => "complete".to_owned(),
        Verdict::Rejected(rejection) => format!("rejected {}", rejection.at),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn judges_sequences_as_the_table_does(walks in prop::collection::vec(prop::collection::vec(any::<u16>(), 0..24), 40)) {
        let program = &*PROGRAM;
        let (mut lines, mut expected) = (Vec::new(), Vec::new());
        for (at, numbers) in walks.iter().enumerate() {
            let table = at % program.tables.len();
            let machine = &program.tables[table].machine;
            let walk = walk(machine, numbers);
            lines.push(format!("{table} sequence{}", places(&walk)));
            expected.push(verdict(machine, &walk));
        }
        // An empty sequence is a line that ends after its command.
        prop_assert_eq!(program.ask(&lines), expected);
    }

    #[test]
    fn shows_phases_as_the_table_does(walks in prop::collection::vec(prop::collection::vec(any::<u16>(), 1..24), 40)) {
        let program = &*PROGRAM;
        let (mut lines, mut expected) = (Vec::new(), Vec::new());
        for (at, numbers) in walks.iter().enumerate() {
            let table = at % program.tables.len();
            let machine = &program.tables[table].machine;
            let mut walk = walk(machine, numbers);
            // Only what was accepted is a history.
            while verdict(machine, &walk).starts_with("rejected") {
                walk.pop();
            }
            let attempted = numbers.first().map(|&n| usize::from(n) % (machine.states.len() + 1));
            let attempted = attempted.filter(|&at| at < machine.states.len()).map(StateId::new);
            let word = attempted.map_or("-".to_owned(), |state| state.index().to_string());
            lines.push(format!("{table} phases {word}{}", places(&walk)));
            let views = machine.phases(&walk, attempted);
            expected.push(views.iter().map(|view| view.as_str()).collect::<Vec<_>>().join(" "));
        }
        prop_assert_eq!(program.ask(&lines), expected);
    }
}

quickcheck::quickcheck! {
    fn a_sequence_is_judged_as_each_of_its_steps_is(numbers: Vec<u16>, table: usize) -> bool {
        let program = &*PROGRAM;
        let table = table % program.tables.len();
        let machine = &program.tables[table].machine;
        let walk = walk(machine, &numbers);
        let mut last = None;
        let first_bad = walk.iter().position(|&to| {
            let legal = machine.may_follow(last, to);
            last = Some(to);
            !legal
        });
        let answer = &program.ask(&[format!("{table} sequence{}", places(&walk))])[0];
        match first_bad {
            Some(at) => *answer == format!("rejected {}", at + 1),
            None => !answer.starts_with("rejected"),
        }
    }
}

#[test]
fn compiles_with_keywords_hostile_texts_and_the_largest_names() {
    let folder = tempfile::tempdir().unwrap();
    let names = [
        "type", "match", "async", "try", "gen", "crate", "super", "fn", "none", "some", "ok",
        "err", "option", "result", "string", "s", "p", "all", "initial",
    ];
    let mut table = String::from(
        "format = 1\n[machine]\nname = \"loop\"\ntitle = \"*/ \\\" ` [x] <b> \\u202e\"\ninitial = \"start\"\n\
         doc = \"```\\nnot rust\\n```\"\n[target.rust]\npath = \"main_status.rs\"\n[[phase]]\nname = \"super\"\n\
         [[state]]\nname = \"start\"\n",
    );
    let mut to = Vec::new();
    for (at, name) in names.iter().enumerate() {
        let doc = r#"    indented\n```\nlet x: () = 1;\n```\n[link] <tag> \\ \" \u202e \u2028"#;
        let value = format!(r#"'\"{{}}\\\u202e é{at}"#);
        write!(table, "[[state]]\nname = \"{name}\"\nvalue = \"{value}\"\ndoc = \"{doc}\"\nmeta = {{ \"k\\\"\" = \"v\\n\" }}\n").unwrap();
        to.push(format!("\"{name}\""));
    }
    write!(table, "[[state]]\nname = \"{}\"\n", "a".repeat(63)).unwrap();
    write!(
        table,
        "[[transition]]\nfrom = \"start\"\nto = [{}, \"{}\"]\n",
        to.join(", "),
        "a".repeat(63)
    )
    .unwrap();
    let path = folder.path().join("loop.toml");
    std::fs::write(&path, table).unwrap();
    let settled = phasegate_codegen::generate(&path).unwrap_or_else(|error| panic!("{error}"));
    assert!(settled.outcomes.iter().any(|outcome| outcome.path == "main_status.rs"));
    let main = "//! A user.\nmod main_status;\nfn main() {\n    for state in main_status::LoopStatus::ALL {\n        \
                assert_eq!(state.as_str().parse(), Ok(state));\n    }\n}\n";
    std::fs::write(folder.path().join("main.rs"), main).unwrap();
    compile(folder.path());
    assert!(Command::new(folder.path().join("main")).status().unwrap().success());
}
