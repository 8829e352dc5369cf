//! Defects of the generated Rust, all of them compiled as modules of one program, which is then run.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use phasegate_codegen::emit::rust::{Rust, RustTarget};
use phasegate_codegen::machine::{Acceptance, Log, StateId};
use phasegate_codegen::{Machine, load, render};

use super::defect::{Defect, check, killer, put};
use crate::common::program::MAIN;

const WIDE: &str = "tests/artifacts/equivalence/tables/wide.toml";

const fn deploy(what: &'static str, from: &'static str, to: &'static str) -> Defect {
    put("deploy.toml", "deploy.rs", what, from, to)
}

const fn order(what: &'static str, from: &'static str, to: &'static str) -> Defect {
    put("tests/tables/order.toml", "order.rs", what, from, to)
}

pub(crate) const DEFECTS: [Defect; 33] = [
    deploy("a pair dropped", "&[S::Deploying, S::Failed]", "&[S::Failed]"),
    deploy("a pair added", "// succeeded\n    &[]", "// succeeded\n    &[S::Failed]"),
    deploy(
        "pairs read the wrong way round",
        "LEGAL[self as usize] >> (to as usize)",
        "LEGAL[to as usize] >> (self as usize)",
    ),
    deploy("any step let through", "if from.can_become(to) { Ok(()) }", "if true { Ok(()) }"),
    deploy("any start let through", "if to.is_initial() { Ok(()) }", "if true { Ok(()) }"),
    deploy("another initial state", "&[Self::Queued]", "&[Self::Queued, Self::Building]"),
    deploy(
        "the first of a sequence is let through",
        "None => validate_start(to),",
        "None => Ok(()),",
    ),
    deploy(
        "a rejection's place counts from nothing",
        "Rejected { at: at + 1, step }",
        "Rejected { at, step }",
    ),
    deploy("every sequence is complete", "Ok(last.is_some_and(S::is_ended))", "Ok(last.is_some())"),
    deploy(
        "a rejection names what follows, not what starts",
        "None => &STARTS,",
        "None => S::Queued.next(),",
    ),
    deploy("a value with a letter less", "value: \"smoke_passed\"", "value: \"smoke_pased\""),
    deploy("another title", "title: \"Smoke passed\"", "title: \"Smoke past\""),
    deploy(
        "a swapped phase",
        "title: \"Building\",\n        phase: Some(P::Deploy)",
        "title: \"Building\",\n        phase: Some(P::HealthCheck)",
    ),
    deploy(
        "`completes` lost",
        "title: \"Smoke passed\",\n        phase: Some(P::SmokeGate),\n        completes: true",
        "title: \"Smoke passed\",\n        phase: Some(P::SmokeGate),\n        completes: false",
    ),
    deploy(
        "`optional` lost",
        "completes: false,\n        optional: true",
        "completes: false,\n        optional: false",
    ),
    deploy(
        "another outcome",
        "outcome: Some(Outcome::Failure)",
        "outcome: Some(Outcome::Cancelled)",
    ),
    deploy(
        "the terminal flag lost",
        "outcome: Some(Outcome::Failure),\n        reopens: false,\n        retired: false,\n        terminal: true",
        "outcome: Some(Outcome::Failure),\n        reopens: false,\n        retired: false,\n        terminal: false",
    ),
    deploy(
        "a state found under no value",
        "    S::Building,\n    S::Deploying,\n    S::Failed,\n",
        "    S::Failed,\n    S::Deploying,\n    S::Building,\n",
    ),
    deploy(
        "the fingerprints swapped",
        "LANGUAGE: &'static str = \"775a73dba2dc4ce4\"",
        "LANGUAGE: &'static str = \"3214e42ddef3e601\"",
    ),
    deploy("a suggestion whatever was asked", "distance * 3 <=", "distance * 0 <="),
    deploy(
        "a phase without its completing state",
        "HAS_COMPLETING: [bool; 4] = [true,",
        "HAS_COMPLETING: [bool; 4] = [false,",
    ),
    deploy("nothing can be hidden by a skip", "(over && !self.hidden[at])", "over"),
    deploy(
        "`attempted` ignored",
        "attempted.and_then(incomplete).or(current.phase())",
        "current.phase()",
    ),
    deploy("a phase that passed fails", ".filter(|_| !state.completes())", ""),
    deploy(
        "an optional state less",
        "S::FreezePassed, S::HealthChecking]",
        "S::FreezePassed, S::FreezePassed]",
    ),
    deploy(
        "a later phase says nothing of an earlier",
        "self.reported[at + 1..].contains(&true)",
        "false",
    ),
    order("a name where the value belongs", "value: \"wc-pending\"", "value: \"pending\""),
    order(
        "an end that reopens is none",
        "self.is_terminal() || self.outcome().is_some()",
        "self.is_terminal()",
    ),
    order("`reopens` lost", "reopens: true", "reopens: false"),
    order("cancelled shown as failed", "=> PhaseView::Cancelled,", "=> PhaseView::Failed,"),
    put(
        "tests/artifacts/mutants/around.toml",
        "around.rs",
        "a row that starts over keeps what it had",
        "if state.is_initial() {\n                break;",
        "if false {\n                break;",
    ),
    put(
        WIDE,
        "wide.rs",
        "the 65th state and later looked up as the first",
        "LEGAL[self as usize][to as usize / 64]",
        "LEGAL[self as usize][0]",
    ),
    put(
        WIDE,
        "wide.rs",
        "the 65th state and later kept with the first",
        "rows[from][to / 64]",
        "rows[from][0]",
    ),
];

/// A module for each table as it is, then one for each defect.
pub(crate) struct Program {
    folder: tempfile::TempDir,
    tables: Vec<(&'static str, Machine)>,
}

impl Program {
    pub(crate) fn build() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut tables = Vec::new();
        let mut texts = Vec::new();
        for table in
            ["deploy.toml", "tests/tables/order.toml", "tests/artifacts/mutants/around.toml", WIDE]
        {
            let mut loaded = load(&Path::new(env!("CARGO_MANIFEST_DIR")).join(table)).unwrap();
            // What needs other crates is compiled with the console.
            loaded.machine.targets.set::<Rust>(RustTarget {
                path: "status.rs".to_owned(),
                type_name: "Status".to_owned(),
                derive: Vec::new(),
            });
            texts.push(render(&loaded, &[&Rust]).remove(0).text);
            tables.push((table, loaded.machine));
        }
        let of = |table| tables.iter().position(|(name, _)| *name == table).unwrap();
        let broken: Vec<String> =
            DEFECTS.iter().map(|defect| defect.apply(&texts[of(defect.table)])).collect();
        texts.extend(broken);
        let mut main = MAIN.to_owned();
        let mut arms = String::new();
        for (at, text) in texts.iter().enumerate() {
            fs::write(folder.path().join(format!("m{at}.rs")), text).unwrap();
            writeln!(main, "machine!(f{at}, m{at}, Status);").unwrap();
            write!(arms, "\"{at}\" => f{at}(words[1], &words[2..]),").unwrap();
        }
        write!(
            main,
            "fn main() {{ for line in std::io::stdin().lines() {{ let line = line.unwrap(); \
             let words: Vec<&str> = line.split(' ').collect(); \
             println!(\"{{}}\", match words[0] {{ {arms} _ => unreachable!() }}); }} }}"
        )
        .unwrap();
        fs::write(folder.path().join("main.rs"), main).unwrap();
        let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
        let output = Command::new(rustc)
            .args(["--edition", "2021", "--cap-lints", "allow", "-o", "main", "main.rs"])
            .current_dir(folder.path())
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Self { folder, tables }
    }

    pub(crate) fn run(&self, table: &str, defect: Option<&Defect>) -> Option<String> {
        let of = self.tables.iter().position(|(name, _)| *name == table).unwrap();
        let place = defect.map(|it| DEFECTS.iter().position(|other| other.what == it.what));
        let module = place.map_or(of, |place| self.tables.len() + place.unwrap());
        let machine = &self.tables[of].1;
        killer(|at| {
            check!(at, self::judges_every_pair(self, module, machine));
            check!(at, self::says_what_the_table_says_of_each_state(self, module, machine));
            check!(at, self::judges_sequences(self, module, machine));
            check!(at, self::a_rejection_names_what_would_have_been_legal(self, module, machine));
            check!(at, self::suggests_what_is_near_alone(self, module));
            check!(at, self::shows_phases_as_the_table_does(self, module, machine));
        })
    }

    fn ask(&self, module: usize, lines: &[String]) -> Vec<String> {
        let mut child = Command::new(self.folder.path().join("main"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut input = child.stdin.take().unwrap();
        let text =
            lines.iter().fold(String::new(), |text, line| format!("{text}{module} {line}\n"));
        // A program that fell over reads no further.
        let writer = std::thread::spawn(move || drop(input.write_all(text.as_bytes())));
        let output = child.wait_with_output().unwrap();
        writer.join().unwrap();
        assert!(output.status.success(), "the program failed");
        String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
    }
}

fn places(states: &[StateId]) -> String {
    states.iter().fold(String::new(), |text, state| format!("{text} {}", state.index()))
}

/// Accepted sequences, the shortest first, as many as there are or as asked for.
pub(crate) fn accepted(machine: &Machine, most: usize) -> Vec<Vec<StateId>> {
    let mut found: Vec<Vec<StateId>> = vec![Vec::new()];
    let mut at = 0;
    while at < found.len() && found.len() < most {
        for next in machine.legal_after(found[at].last().copied()) {
            found.push(found[at].iter().copied().chain([next]).collect());
        }
        at += 1;
    }
    found
}

fn judges_every_pair(program: &Program, module: usize, machine: &Machine) {
    let legal = |legal: bool| if legal { '1' } else { '0' };
    let starts = machine.state_ids().map(|to| legal(machine.is_initial(to)));
    let pairs = machine
        .state_ids()
        .flat_map(|from| machine.state_ids().map(move |to| legal(machine.can_become(from, to))));
    let expected: String = starts.chain(pairs).collect();
    assert_eq!(program.ask(module, &["pairs".to_owned()]), [expected]);
}

fn says_what_the_table_says_of_each_state(program: &Program, module: usize, machine: &Machine) {
    let prints = &machine.fingerprints;
    let mut expected = format!("{} {} {}", machine.name, prints.language, prints.table);
    for id in machine.state_ids() {
        let state = machine.state(id);
        let phase = state.phase.map_or("", |phase| &machine.phase(phase).name);
        write!(expected, "|{}/{}/{}/{phase}/", state.name, state.value, state.title).unwrap();
        let initial = machine.is_initial(id);
        let ends = [state.reopens, state.retired, state.terminal, state.is_ended(), initial];
        for flag in [state.completes, state.optional].into_iter().chain(ends) {
            expected.push(if flag { '1' } else { '0' });
        }
        write!(expected, "/{}", state.outcome.map_or("", |outcome| outcome.as_str())).unwrap();
    }
    assert_eq!(program.ask(module, &["facts".to_owned()]), [expected]);
}

fn judges_sequences(program: &Program, module: usize, machine: &Machine) {
    let (mut lines, mut expected) = (Vec::new(), Vec::new());
    for before in accepted(machine, 60) {
        for next in machine.state_ids() {
            let sequence: Vec<StateId> = before.iter().copied().chain([next]).collect();
            lines.push(format!("sequence{}", places(&sequence)));
            let mut log = Log::transitions(machine);
            for &state in &sequence {
                log.push(Some(state), &machine.state(state).name);
            }
            expected.push(match log.verdict() {
                Acceptance::Accepted => "accepted".to_owned(),
                Acceptance::Complete => "complete".to_owned(),
                Acceptance::Rejected(rejection) => {
                    let last = rejection.at.checked_sub(2).map(|before| sequence[before]);
                    let legal = machine.legal_after(last);
                    let legal: Vec<String> =
                        legal.iter().map(|to| to.index().to_string()).collect();
                    format!("rejected {} {}", rejection.at, legal.join(" "))
                }
            });
        }
    }
    assert_eq!(program.ask(module, &lines), expected);
}

fn a_rejection_names_what_would_have_been_legal(
    program: &Program,
    module: usize,
    machine: &Machine,
) {
    for to in machine.state_ids().filter(|&to| !machine.is_initial(to)) {
        let initial: Vec<&str> =
            machine.initial.iter().map(|&id| machine.state(id).value.as_str()).collect();
        let said = program.ask(module, &[format!("error {}", to.index())]).remove(0);
        assert!(said.ends_with(&format!("; legal: {}", initial.join(", "))), "{said}");
    }
}

fn suggests_what_is_near_alone(program: &Program, module: usize) {
    let said = program.ask(module, &["read wholly different".to_owned()]).remove(0);
    assert!(said.ends_with(r#": "wholly different""#), "{said}");
}

fn shows_phases_as_the_table_does(program: &Program, module: usize, machine: &Machine) {
    let (mut lines, mut expected) = (Vec::new(), Vec::new());
    for history in accepted(machine, 600) {
        for attempted in std::iter::once(None).chain(machine.state_ids().map(Some)) {
            let word = attempted.map_or("-".to_owned(), |state| state.index().to_string());
            lines.push(format!("phases {word}{}", places(&history)));
            let views = machine.phases(&history, attempted);
            expected.push(views.iter().map(|view| view.as_str()).collect::<Vec<_>>().join(" "));
        }
    }
    assert_eq!(program.ask(module, &lines), expected);
}
