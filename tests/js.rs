//! The generated status map, in node: it judges every pair, shows every phase and says of every
//! state what the table does; it cannot be changed, and no key of it is anything but a state.
#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use phasegate_codegen::machine::{Machine, Meta, StateId};
use phasegate_codegen::target::Target;
use phasegate_codegen::targets::PathTarget;
use phasegate_codegen::{Loaded, machine, render};
use proptest::prelude::*;
use serde_json::{Value, json};

/// The tables and their modules, each beside its declarations.
struct Modules {
    folder: tempfile::TempDir,
    tables: Vec<(Loaded, PathBuf)>,
}

static MODULES: LazyLock<Modules> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let own = ["tests/page/odd.toml", "tests/js/loops.toml"];
    let own = own.map(|path| common::load(&common::root().join(path)));
    let tables = common::tables()
        .into_iter()
        .chain(own)
        .enumerate()
        .map(|(at, loaded)| {
            // The deploy table is there twice, as it is and as it was.
            let name = match at {
                1 => "before".to_owned(),
                _ => loaded.machine.name.clone(),
            };
            let path = write(folder.path(), &format!("{name}.mjs"), &loaded);
            (loaded, path)
        })
        .collect();
    Modules { folder, tables }
});

/// Writes a table's module, and gives its path.
fn write(folder: &Path, name: &str, loaded: &Loaded) -> PathBuf {
    let mut loaded = loaded.clone();
    loaded.machine.targets.js = Some(PathTarget { path: name.to_owned() });
    for artifact in render(&loaded, &[Target::Js]).iter().filter(|it| !it.path.contains('/')) {
        std::fs::write(folder.join(&artifact.path), &artifact.text).unwrap();
    }
    folder.join(name)
}

/// Node's answers to some questions.
fn ask(questions: &[Value]) -> Vec<Value> {
    let mut node = Command::new("node")
        .arg(common::root().join("tests/js/harness.mjs"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("node runs; install it (on Debian: apt-get install nodejs)");
    let mut input = node.stdin.take().unwrap();
    let lines: String = questions.iter().map(|question| format!("{question}\n")).collect();
    let writer = std::thread::spawn(move || input.write_all(lines.as_bytes()));
    let output = node.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success(), "node failed");
    let answers = String::from_utf8(output.stdout).unwrap();
    let answers: Vec<Value> =
        answers.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(answers.len(), questions.len());
    answers
}

#[test]
#[ignore = "needs node: run by tests/run"]
fn judges_every_pair_as_the_table_does() {
    for (loaded, path) in &MODULES.tables {
        let machine = &loaded.machine;
        // Values that no table has stand beside those that it has.
        let mut values: Vec<&str> =
            machine.states.iter().map(|state| state.value.as_str()).collect();
        let known = values.len();
        values.extend(["no such state", "", "hasOwnProperty"]);
        let answer = ask(&[json!({ "module": path, "ask": "pairs", "values": values })]).remove(0);
        let expected: Vec<String> = (0..values.len())
            .map(|from| {
                (0..values.len())
                    .map(|to| {
                        let legal = from < known
                            && to < known
                            && machine.can_become(StateId::new(from), StateId::new(to));
                        if legal { '1' } else { '0' }
                    })
                    .collect()
            })
            .collect();
        assert_eq!(answer, json!(expected), "{}", machine.name);
        let legal: usize = expected.iter().map(|row| row.matches('1').count()).sum();
        assert_eq!(legal, machine.transition_count());
    }
}

#[test]
#[ignore = "needs node: run by tests/run"]
fn says_of_each_state_what_the_table_says() {
    for (loaded, path) in &MODULES.tables {
        let machine = &loaded.machine;
        let answer = ask(&[json!({ "module": path, "ask": "facts" })]).remove(0);
        let value = |id: StateId| machine.state(id).value.as_str();
        let meta = |meta: &Meta| json!(meta);
        let phases: Vec<Value> = machine
            .phases
            .iter()
            .map(|phase| json!({ "name": phase.name, "title": phase.title, "meta": meta(&phase.meta) }))
            .collect();
        let states: Vec<Value> = machine
            .state_ids()
            .map(|id| {
                let state = machine.state(id);
                json!({
                    "name": state.name, "value": state.value, "title": state.title,
                    "phase": state.phase.map(|phase| &machine.phase(phase).name),
                    "completes": state.completes, "optional": state.optional,
                    "outcome": state.outcome.map(|outcome| outcome.as_str()),
                    "reopens": state.reopens, "retired": state.retired,
                    "initial": machine.is_initial(id), "terminal": state.terminal,
                    "ended": state.is_ended(), "meta": meta(&state.meta),
                })
            })
            .collect();
        let next: Vec<Vec<&str>> =
            machine.state_ids().map(|from| machine.next(from).map(value).collect()).collect();
        let prints = &machine.fingerprints;
        let expected = json!({
            "machine": machine.name, "title": machine.title, "meta": meta(&machine.meta),
            "fingerprints": { "language": prints.language, "table": prints.table },
            "initial": machine.initial.iter().map(|&id| value(id)).collect::<Vec<_>>(),
            "phases": phases, "states": states, "next": next,
        });
        assert_eq!(answer, expected, "{}", machine.name);
    }
}

#[test]
#[ignore = "needs node: run by tests/run"]
fn cannot_be_changed_and_takes_nothing_strange_for_a_state() {
    for (_, path) in &MODULES.tables {
        let questions =
            ["loose", "strange"].map(|question| json!({ "module": path, "ask": question }));
        assert_eq!(ask(&questions), [json!([]), json!([])], "{}", path.display());
    }
}

/// A history and an `attempted`, and what the interpreter of the table shows after them.
struct Case {
    history: Vec<StateId>,
    attempted: Option<StateId>,
}

/// Compares what node shows with what the interpreter does; `strange` puts values that the table
/// lacks among those that it has.
fn compare(tables: &[(&Machine, &Path, Vec<Case>)], strange: bool) {
    let written = |machine: &Machine, (at, case): (usize, &Case)| {
        let value = |id: StateId| machine.state(id).value.clone();
        let mut history: Vec<String> = case.history.iter().map(|&id| value(id)).collect();
        let mut attempted = case.attempted.map(value);
        if strange {
            history.insert(at % (history.len() + 1), "of a newer table".to_owned());
            attempted = attempted.or_else(|| Some("of a newer table too".to_owned()));
        }
        json!({ "history": history, "attempted": attempted })
    };
    let questions: Vec<Value> = tables
        .iter()
        .map(|(machine, path, cases)| {
            let histories = cases.iter().enumerate().map(|case| written(machine, case));
            let histories: Vec<Value> = histories.collect();
            json!({ "module": path, "ask": "phases", "histories": histories })
        })
        .collect();
    for (((machine, _, cases), question), answers) in
        tables.iter().zip(&questions).zip(ask(&questions))
    {
        for (at, case) in cases.iter().enumerate() {
            let views = machine.phases(&case.history, case.attempted);
            let views: Vec<&str> = views.iter().map(|view| view.as_str()).collect();
            let told = &question["histories"][at];
            assert_eq!(answers[at], views.join(" "), "{}: {told}", machine.name);
        }
    }
}

/// Accepted sequences, the shortest first, as many as there are or as asked for.
fn sequences(machine: &Machine, most: usize) -> Vec<Vec<StateId>> {
    let mut found: Vec<Vec<StateId>> = vec![Vec::new()];
    let mut at = 0;
    while at < found.len() && found.len() < most {
        for next in machine.legal_after(found[at].last().copied()) {
            let mut longer = found[at].clone();
            longer.push(next);
            found.push(longer);
        }
        at += 1;
    }
    found
}

#[test]
#[ignore = "needs node: run by tests/run"]
fn shows_the_phases_of_every_short_history_as_the_table_does() {
    let mut total = 0;
    let mut tables = Vec::new();
    for (loaded, path) in &MODULES.tables {
        let machine = &loaded.machine;
        let attempts: Vec<Option<StateId>> =
            std::iter::once(None).chain(machine.state_ids().map(Some)).collect();
        let cases: Vec<Case> = sequences(machine, 2_000)
            .into_iter()
            .flat_map(|history| {
                attempts.iter().map(move |&attempted| Case { history: history.clone(), attempted })
            })
            .collect();
        total += cases.len();
        tables.push((machine, path.as_path(), cases));
    }
    compare(&tables, false);
    assert!(total > 100_000, "only {total} cases");
}

/// A table of few states with whatever a table may have: loops, optional states that lead to
/// themselves, several initial states, phases in any order. Most of them are valid.
fn any_table() -> impl Strategy<Value = String> {
    let state = (0..6_usize, any::<bool>(), any::<bool>(), 0..8_usize);
    let states = prop::collection::vec(state, 3..9);
    (states, prop::collection::vec((0..9_usize, 0..9_usize), 1..10), 1..3_usize).prop_map(
        |(states, pairs, initial)| {
            let count = states.len();
            // A way through all of them makes each one reachable.
            let mut pairs: Vec<(usize, usize)> = pairs
                .into_iter()
                .map(|(from, to)| (from % count, to % count))
                .chain((1..count).map(|to| (to - 1, to)))
                .collect();
            pairs.sort_unstable();
            pairs.dedup();
            let mut table = String::from("format = 1\n[machine]\nname = \"any\"\ninitial = [");
            table += &(0..initial).map(|at| format!("\"s{at}\"")).collect::<Vec<_>>().join(", ");
            table += "]\n";
            for phase in 0..4 {
                table += &format!("[[phase]]\nname = \"p{phase}\"\n");
            }
            for (at, (phase, completes, optional, outcome)) in states.into_iter().enumerate() {
                let left = pairs.iter().any(|&(from, to)| from == at && to != at);
                table += &format!("[[state]]\nname = \"s{at}\"\n");
                if phase < 4 {
                    table += &format!("phase = \"p{phase}\"\ncompletes = {completes}\n");
                }
                let outcome = ["success", "failure", "cancelled"].get(outcome);
                match outcome.filter(|_| at >= initial) {
                    Some(outcome) => {
                        table += &format!("outcome = \"{outcome}\"\nreopens = {left}\n");
                    }
                    None => table += &format!("optional = {}\n", optional && left && at >= initial),
                }
            }
            for (from, to) in pairs {
                table += &format!("[[transition]]\nfrom = \"s{from}\"\nto = \"s{to}\"\n");
            }
            table
        },
    )
}

/// A walk through a table by random numbers.
fn walk(machine: &Machine, steps: &[u8]) -> Case {
    let mut history: Vec<StateId> = Vec::new();
    for &step in steps {
        let legal = machine.legal_after(history.last().copied());
        let Some(&next) = legal.get(usize::from(step) % legal.len().max(1)) else { break };
        history.push(next);
    }
    let attempted = usize::from(steps[0]) % (machine.states.len() + 1);
    let attempted = (attempted < machine.states.len()).then(|| StateId::new(attempted));
    Case { history, attempted }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]

    #[test]
    #[ignore = "needs node: run by tests/run"]
    fn shows_the_phases_of_any_table_as_its_interpreter_does(
        tables in prop::collection::vec(any_table(), 60),
        steps in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..40), 60),
        strange in any::<bool>(),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let mut valid = Vec::new();
        for (at, text) in tables.iter().enumerate() {
            let file = folder.path().join(format!("t{at}.toml"));
            std::fs::write(&file, text).unwrap();
            if machine("t.toml", text.as_bytes()).is_ok() {
                let loaded = common::load(&file);
                let path = write(folder.path(), &format!("t{at}.mjs"), &loaded);
                valid.push((loaded, path));
            }
        }
        prop_assert!(valid.len() > 20, "only {} of the tables were valid", valid.len());
        let cases = valid.iter().map(|(loaded, path)| {
            let machine = &loaded.machine;
            let cases = steps.iter().map(|steps| walk(machine, steps)).collect();
            (machine, path.as_path(), cases)
        });
        compare(&cases.collect::<Vec<_>>(), strange);
    }
}

#[test]
#[ignore = "needs node: run by tests/run"]
fn the_cost_of_phases_is_that_of_the_history() {
    let table = "format = 1\n[machine]\nname = \"loop\"\ninitial = \"start\"\n\
                 [[phase]]\nname = \"a\"\n[[phase]]\nname = \"b\"\n\
                 [[state]]\nname = \"start\"\n[[state]]\nname = \"one\"\nphase = \"a\"\n\
                 [[state]]\nname = \"two\"\nphase = \"b\"\noptional = true\n[[state]]\nname = \"end\"\n\
                 [[transition]]\npath = [\"start\", \"one\", \"two\", \"one\", \"end\"]\n";
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("loop.toml");
    std::fs::write(&file, table).unwrap();
    let loaded = common::load(&file);
    let path = write(folder.path(), "loop.mjs", &loaded);
    let mut history = vec!["start"];
    for _ in 0..100_000 {
        history.extend(["one", "two"]);
    }
    let begun = Instant::now();
    let histories = json!([{ "history": history, "attempted": null }]);
    let answer =
        ask(&[json!({ "module": path, "ask": "phases", "histories": histories })]).remove(0);
    assert_eq!(answer, json!(["done active"]));
    // A cost that grew with the square would take minutes.
    assert!(begun.elapsed() < Duration::from_secs(20), "it took {:?}", begun.elapsed());
}

#[test]
#[ignore = "needs node: run by tests/run"]
fn what_the_page_shows_is_a_function_of_the_map_and_the_snapshot() {
    let root = common::root();
    let folder = MODULES.folder.path();
    std::fs::copy(root.join("src/console/assets/stepper.js"), folder.join("stepper.mjs")).unwrap();
    let output = Command::new("node")
        .arg(root.join("tests/js/stepper.mjs"))
        .args([folder.join("deploy.mjs"), folder.join("stepper.mjs")])
        .output()
        .expect("node runs; install it (on Debian: apt-get install nodejs)");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
#[ignore = "needs node and `npm ci --prefix tests`: run by tests/run"]
fn the_declarations_hold_what_typescript_says_of_the_map() {
    let tsc = common::root().join("tests/node_modules/typescript/bin/tsc");
    assert!(tsc.exists(), "TypeScript is missing: npm ci --prefix tests");
    let folder = MODULES.folder.path();
    std::fs::copy(common::root().join("tests/js/use.ts"), folder.join("use.mts")).unwrap();
    let all: Vec<PathBuf> =
        MODULES.tables.iter().map(|(_, path)| path.with_extension("d.mts")).collect();
    let output = Command::new("node")
        .arg(tsc)
        .args(["--noEmit", "--strict", "--noUncheckedIndexedAccess", "--target", "es2022"])
        .args(["--module", "nodenext", "use.mts"])
        .args(all)
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}
