//! The generated Rust is compiled as a user would, and says of states, refusals and texts that are no
//! state what the table says. (That it judges as the table does: `equivalence.rs`.)

use crate::common;
use std::fmt::Write as _;
use std::process::Command;
use std::sync::LazyLock;

use crate::common::program::{Program, compile};

static PROGRAM: LazyLock<Program> = LazyLock::new(|| Program::build(common::tables()));

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
    let generated = phasegate_codegen::generate(&path).unwrap_or_else(|error| panic!("{error}"));
    assert!(generated.outcomes.iter().any(|outcome| outcome.path == "main_status.rs"));
    let main = "//! A user.\nmod main_status;\nfn main() {\n    for state in main_status::LoopStatus::ALL {\n        \
                assert_eq!(state.as_str().parse(), Ok(state));\n    }\n}\n";
    std::fs::write(folder.path().join("main.rs"), main).unwrap();
    compile(folder.path());
    assert!(Command::new(folder.path().join("main")).status().unwrap().success());
}
