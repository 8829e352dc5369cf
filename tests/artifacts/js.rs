//! The generated status map, in node: it says of every state what the table does, cannot be changed,
//! and no key of it is anything but a state. (That it judges as the table does: `equivalence.rs`.)
use crate::common;
use std::path::PathBuf;
use std::process::Command;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use crate::common::facts;
use crate::common::node::{ask, write};
use phasegate_codegen::Loaded;
use phasegate_codegen::machine::StateId;
use serde_json::json;

/// The tables and their modules, each next to its declarations.
struct Modules {
    folder: tempfile::TempDir,
    tables: Vec<(Loaded, PathBuf)>,
}

static MODULES: LazyLock<Modules> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let own = ["tests/artifacts/page/odd.toml", "tests/artifacts/js/loops.toml"];
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

#[test]
#[ignore = "needs node: run by tests/run"]
fn judges_every_pair_as_the_table_does() {
    for (loaded, path) in &MODULES.tables {
        let machine = &loaded.machine;
        // Values that no table has stand next to those that it has.
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
        let next: Vec<Vec<&str>> =
            machine.state_ids().map(|from| machine.next(from).map(value).collect()).collect();
        let expected = json!({
            "machine": machine.name, "title": machine.title, "meta": machine.meta,
            "fingerprints": facts::fingerprints(machine), "initial": facts::initial(machine),
            "phases": facts::phases(machine), "states": facts::states(machine), "next": next,
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
    let folder = tempfile::tempdir().unwrap();
    let parts = ["phasegate-stepper.js", "audit.js"].map(|name| {
        let part = folder.path().join(name);
        std::fs::copy(root.join("src/console/assets").join(name), &part).unwrap();
        part
    });
    std::fs::write(folder.path().join("package.json"), r#"{"type":"module"}"#).unwrap();
    let output = Command::new("node")
        .arg(root.join("tests/artifacts/js/stepper.mjs"))
        .arg(MODULES.folder.path().join("deploy.mjs"))
        .args(parts)
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
    std::fs::copy(common::root().join("tests/artifacts/js/use.ts"), folder.join("use.mts"))
        .unwrap();
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

#[test]
fn the_console_has_the_element_that_is_generated() {
    let path = common::root().join("src/console/assets/phasegate-stepper.js");
    let generated = phasegate_codegen::emit::js::element();
    if std::env::var_os("INSTA_UPDATE").is_some_and(|how| how == "always") {
        std::fs::write(&path, &generated).unwrap();
    }
    let held = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        held == generated,
        "run this test again with INSTA_UPDATE=always: the element has changed"
    );
}
