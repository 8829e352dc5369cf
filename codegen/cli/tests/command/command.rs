//! The command as a process: exit codes, formats, which table is meant, and what goes wrong
//! outside of it.

use crate::binary;
use crate::binary::{Folder, PHASEGATE, Ran, finish};
use crate::common;
use serde_json::{Value, json};

const GOOD: &str = "format = 1\n[machine]\nname = \"m\"\ninitial = \"a\"\n[[state]]\nname = \"a\"\n\
    [[state]]\nname = \"b\"\noptional = true\n[[state]]\nname = \"z\"\n\
    [[transition]]\npath = [\"a\", \"b\", \"z\"]\n";
const BAD: &str =
    "format = 1\n[machine]\nname = \"m\"\ninitial = \"a\"\n[[state]]\nname = \"aa\"\n";
/// The commands, by the list of `--help`.
fn commands() -> Vec<String> {
    let help = Folder::new().run(&["--help"]).out;
    let (_, list) = help.split_once("\nCommands:\n").unwrap();
    let list = list.split("\n\n").next().unwrap();
    let names = list.lines().filter_map(|line| line.strip_prefix("  ")?.split(' ').next());
    names.filter(|&name| !name.is_empty() && name != "help").map(str::to_owned).collect()
}

/// Every command that reads a table and has a format; those that need a history, too, are tried in
/// `audit`.
fn readers() -> Vec<String> {
    let reads = |name: &String| {
        let help = Folder::new().run(&[name, "--help"]).out;
        let usage = help.lines().find(|line| line.starts_with("Usage: ")).unwrap();
        usage.contains("TABLE") && !usage.contains("SOURCE") && help.contains("--format")
    };
    commands().into_iter().filter(reads).collect()
}

#[test]
fn the_help_of_each_command_says_what_its_exit_codes_mean() {
    let commands = commands();
    assert!(commands.len() >= 15, "{commands:?}");
    for name in commands {
        let help = Folder::new().run(&[&name, "--help"]).out;
        assert!(help.contains("Exit codes: 0 "), "{name}:\n{help}");
    }
}

#[test]
fn exits_with_2_where_it_is_used_wrongly_and_says_how_it_is_used() {
    let folder = Folder::with("m.toml", GOOD);
    for arguments in [
        &["nothing"][..],
        &["transitions", "--format", "xml"],
        &["generate", "--only", "ruby"],
        &["accepts"],
        &["phases"],
        &["check", "--wrong"],
    ] {
        let ran = folder.run(arguments);
        assert_eq!(ran.code, Some(2), "{arguments:?}: {ran:?}");
        assert!(ran.out.is_empty() && ran.err.contains("--help"), "{ran:?}");
    }
    assert_eq!(folder.run(&[]).code, Some(2));
    let ran = folder.run(&["--help"]);
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
    for command in ["init", "generate", "check", "transitions", "accepts", "phases", "schema"] {
        assert!(ran.out.contains(command), "{command}");
    }
    assert_eq!(folder.run(&["--version"]).code, Some(0));
}

#[test]
fn exits_with_2_where_a_table_is_invalid_and_tells_of_it_in_the_format_of_the_run() {
    let folder = Folder::with("m.toml", BAD);
    let readers = readers();
    assert!(readers.len() >= 7, "{readers:?}");
    for command in readers {
        let with = |format: &str| folder.run(&[&command, "m.toml", "--format", format]);
        let text = with("text");
        assert_eq!(text.code, Some(2), "{text:?}");
        // What prints data of a table prints nothing else, not even what is wrong with it.
        let is_data = ["transitions", "accepts", "phases"].contains(&command.as_str());
        let told = if is_data { &text.err } else { &text.out };
        assert!(
            told.starts_with("error[unknown-state]: `initial` names no state: `a`\n"),
            "{text:?}"
        );
        assert!(
            told.contains("--> m.toml:4:11")
                && told.contains("did you mean `aa`? If not, add a [[state]] of this name")
        );
        assert!(text.err.contains("m.toml is not a valid table: 1 error"), "{text:?}");
        let json = with("json");
        assert_eq!(json.code, Some(2));
        assert_eq!(
            json.json()["findings"],
            json!([{
                "rule": "unknown-state", "severity": "error", "path": "m.toml",
                "line": 4, "column": 11,
                "message": "`initial` names no state: `a`", "help": "did you mean `aa`? If not, add a [[state]] of this name",
                "docs": "docs/rules.md#unknown-state", "fingerprint": null,
            }])
        );
        let github = with("github");
        assert_eq!(github.code, Some(2));
        assert_eq!(
            github.out,
            "::error file=m.toml,line=4,col=11,title=unknown-state::`initial` names no state: \
             `a`%0Adid you mean `aa`? If not, add a [[state]] of this name\n"
        );
    }
}

#[test]
fn exits_with_2_where_a_file_cannot_be_read_and_names_it() {
    let folder = Folder::with("m.toml", GOOD);
    folder.write("folder.toml/x", "");
    for command in readers() {
        for missing in ["missing.toml", "folder.toml", "m.toml/x"] {
            let ran = folder.run(&[&command, missing, "--format", "json"]);
            assert_eq!(ran.code, Some(2), "{ran:?}");
            assert!(ran.err.contains(missing), "{ran:?}");
        }
    }
    for command in ["accepts", "phases"] {
        for missing in ["missing.log", "folder.toml"] {
            let ran = folder.run(&[command, "m.toml", missing]);
            assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{ran:?}");
            assert!(ran.err.contains(missing), "{ran:?}");
        }
    }
}

#[cfg(unix)]
#[test]
fn reads_no_more_of_an_endless_file_than_shows_that_it_is_too_large() {
    let ran = Folder::new().run(&["check", "/dev/zero", "--format", "json"]);
    assert_eq!(ran.code, Some(2));
    assert_eq!(ran.json()["findings"][0]["rule"], "too-large");
}

#[test]
fn takes_the_one_table_of_the_folder_where_none_is_named() {
    let folder = Folder::with("m.toml", GOOD);
    folder
        .write("Cargo.toml", "[package]\nname = \"x\"\ndescription = \"\"\"\n[machine]\n\"\"\"\n");
    folder.write("deeper/n.toml", GOOD);
    folder.write("latin.toml", b"# \xe9\n");
    folder.write("folder.toml/x", "");
    for arguments in [&["transitions"][..], &["check"], &["generate"]] {
        assert_eq!(folder.run(arguments).code, Some(0), "{arguments:?}");
    }
    assert!(folder.run(&["check"]).out.contains("m.toml: 3 states"));
    // A table that is not valid is one all the same, however its section is written.
    for table in ["[ machine ]\n", "machine.name = \"m\"\n", "\u{feff}[machine]\n[", "machine = 1"]
    {
        let folder = Folder::with("m.toml", table);
        let ran = folder.run(&["check"]);
        assert_eq!(ran.code, Some(2));
        assert!(ran.err.contains("m.toml is not a valid table"), "{table}: {ran:?}");
    }
}

#[test]
fn names_the_candidates_where_there_are_several_tables_and_says_so_where_there_is_none() {
    let folder = Folder::with("m.toml", GOOD);
    folder.write("b.toml", BAD);
    for arguments in [&["transitions"][..], &["generate"]] {
        let ran = folder.run(arguments);
        assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""));
        assert!(
            ran.err.contains("several tables") && ran.err.contains("b.toml, m.toml"),
            "{ran:?}"
        );
        let ran = Folder::new().run(arguments);
        assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""));
        assert!(ran.err.contains("no table") && ran.err.contains("phasegate init"), "{ran:?}");
    }
}

#[test]
fn check_without_a_table_looks_at_every_one_of_the_folder() {
    let folder = Folder::with("m.toml", GOOD);
    folder.write("b.toml", GOOD.replace("\"m\"", "\"b\""));
    folder.write("Cargo.toml", "[package]\n");
    let tables = |ran: Ran| -> Vec<Value> {
        let tables = ran.json()["tables"].as_array().unwrap().clone();
        tables.into_iter().map(|table| table["table"].clone()).collect()
    };
    let ran = folder.run(&["check", "--format", "json"]);
    assert_eq!((ran.code, tables(ran)), (Some(0), vec![json!("b.toml"), json!("m.toml")]));
    // One that is not valid is told of next to the others.
    folder.write("b.toml", BAD);
    let ran = folder.run(&["check", "--format", "json"]);
    assert_eq!((ran.code, tables(ran)), (Some(2), vec![json!("m.toml")]));
    let ran = Folder::new().run(&["check"]);
    assert!(ran.code == Some(2) && ran.err.contains("no table"), "{ran:?}");
}

#[test]
fn graph_says_what_there_is_where_no_language_is_named() {
    let ran = Folder::new().run(&["graph"]);
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
    let help = Folder::new().run(&["graph", "--help"]).out;
    for line in ran.out.lines() {
        let language = line.strip_prefix("--to ").unwrap().split(' ').next().unwrap();
        assert!(help.contains(&format!("- {language}:")), "{help}");
    }
    assert_eq!(ran.out.lines().count(), help.matches("\n          - ").count(), "{help}");
}

#[test]
fn graph_marks_what_a_row_has_reached_and_refuses_what_it_cannot_draw() {
    let folder = Folder::new();
    let states: Vec<String> = (0..201).map(|at| format!("s{at}")).collect();
    let table = |states: &[String]| {
        let rows = states.iter().map(|name| format!("[[state]]\nname = \"{name}\"\n"));
        format!(
            "format = 1\n[machine]\nname = \"m\"\ninitial = \"s0\"\n[[transition]]\npath = {states:?}\n{}",
            rows.collect::<String>()
        )
    };
    folder.write("m.toml", table(&states[..4]));
    folder.write("large.toml", table(&states));
    folder.write("row", "s0\ns1 s2\n");
    let states_of = |svg: &str, class: &str| -> Vec<String> {
        let lines = svg.lines().filter(|line| line.contains(class) && line.contains("data-state="));
        lines.map(|line| line.split('"').nth(3).unwrap().to_owned()).collect()
    };
    let svg = folder.run(&["graph", "m.toml", "--to", "svg", "--history", "row"]).out;
    assert_eq!(states_of(&svg, "reached"), ["s0", "s1", "s2"]);
    assert_eq!(states_of(&svg, "current"), ["s2"]);
    let taken = |step: &str| svg.contains(&format!("class=\"step taken\" data-step=\"{step}\""));
    assert!(taken("s0 s1") && taken("s1 s2") && !taken("s2 s3"), "{svg}");
    let svg = folder.run(&["graph", "m.toml", "--to", "svg", "--at", "s1"]).out;
    assert_eq!(states_of(&svg, "current"), ["s1"]);

    folder.write("wrong", "s0 s2");
    for (arguments, says) in [
        (&["m.toml", "--at", "s01"][..], "no state `s01`; did you mean `s0`?"),
        (&["m.toml", "--at", "shipped"], "its states: `s0`, `s1`, `s2`, `s3`"),
        (&["m.toml", "--history", "wrong"], "wrong: not accepted at 2: s0 -> s2; legal: `s1`"),
        (&["m.toml", "--history", "none"], "none: No such file"),
        (&["large.toml"], "201 states and 200 edges are too many for a picture"),
    ] {
        let ran = folder.run(&[&["graph"], arguments, &["--to", "svg"]].concat());
        assert!(ran.code == Some(2) && ran.out.is_empty() && ran.err.contains(says), "{ran:?}");
    }
    // What the refusal advises works.
    assert_eq!(folder.run(&["graph", "large.toml", "--to", "dot"]).code, Some(0));
}

#[test]
fn a_table_that_is_not_there_is_said_with_the_nearest() {
    let folder = Folder::new();
    folder.write("tables/order.toml", "");
    for (path, says) in [
        (
            "tables/ordr.toml",
            "tables/ordr.toml: No such file or directory (os error 2); did you mean tables/order.toml?",
        ),
        ("tables/order", "did you mean tables/order.toml?"),
        ("tables/payment.toml", "tables/payment.toml: No such file or directory (os error 2)\n"),
        ("order.toml", "order.toml: No such file or directory (os error 2)\n"),
        ("nowhere/order.toml", "nowhere/order.toml: No such file or directory (os error 2)\n"),
    ] {
        let ran = folder.run(&["check", path]);
        assert!(ran.code == Some(2) && ran.err.contains(says), "{ran:?}");
    }
}

#[test]
fn packagers_get_completions_and_a_page_for_each_command() {
    let folder = Folder::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let ran = folder.run(&["completions", shell]);
        assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
        assert!(ran.out.contains("transitions"), "{shell}");
    }
    assert_eq!(folder.run(&["man", "share/man"]).code, Some(0));
    for command in commands() {
        let page = folder.read(&format!("share/man/phasegate-{command}.1"));
        assert!(page.contains(".TH") && page.contains("Exit codes: 0 "), "{command}");
    }
    assert!(folder.read("share/man/phasegate-workflow-adopt.1").contains(".TH"));
}

#[test]
fn takes_several_tables_and_tells_of_all_of_them() {
    let folder = Folder::with("good.toml", GOOD);
    folder.write("bad.toml", BAD);
    folder.write("worse.toml", "x");
    let ran = folder.run(&["check", "good.toml", "bad.toml", "worse.toml", "--format", "json"]);
    assert_eq!(ran.code, Some(2));
    let rules: Vec<Value> = ran.json()["findings"]
        .as_array()
        .expect("they are a list")
        .iter()
        .map(|finding| json!([finding["path"], finding["rule"]]))
        .collect();
    assert_eq!(rules, [json!(["bad.toml", "unknown-state"]), json!(["worse.toml", "not-toml"])]);
    assert_eq!(ran.json()["tables"][0]["table"], "good.toml");
    // Nothing is written where one of them is not valid.
    let before = folder.files();
    let ran = folder.run(&["generate", "good.toml", "bad.toml"]);
    assert_eq!((ran.code, folder.files()), (Some(2), before), "{ran:?}");
    assert!(ran.err.contains("nothing is written while one of the tables is not valid"), "{ran:?}");
    assert_eq!(folder.run(&["check", "good.toml", "missing.toml"]).code, Some(2));
}

#[test]
fn lists_the_transitions_with_their_skips_marked() {
    let folder = Folder::with("m.toml", GOOD);
    let ran = folder.run(&["transitions", "m.toml"]);
    assert_eq!(ran.out, "start -> a\na -> b\na -> z  (skip)\nb -> z\nwithout `b`: a -> z\n");
    let ran = folder.run(&["transitions", "--format", "json"]);
    assert_eq!(ran.code, Some(0));
    assert_eq!(
        ran.json(),
        json!({
            "findings": [],
            "initial": ["a"],
            "states": ["a", "b", "z"],
            "transitions": [
                { "from": "a", "to": "b", "kind": "declared" },
                { "from": "a", "to": "z", "kind": "skip" },
                { "from": "b", "to": "z", "kind": "declared" },
            ],
        })
    );
}

#[test]
fn warnings_fail_nothing_and_are_told() {
    let table = format!("{GOOD}[[phase]]\nname = \"p\"\n[[phase]]\nname = \"q\"\n")
        .replace("name = \"b\"", "name = \"b\"\nphase = \"p\"");
    let folder = Folder::with("m.toml", &table);
    for arguments in [&["check"][..], &["generate"], &["transitions"]] {
        let ran = folder.run(&[arguments, &["--format", "json"]].concat());
        assert_eq!(ran.code, Some(0), "{ran:?}");
        let finding = &ran.json()["findings"][0];
        assert_eq!(
            (&finding["rule"], &finding["severity"]),
            (&json!("phase-without-states"), &json!("warning"))
        );
    }
    let ran = folder.run(&["check"]);
    assert!(
        ran.out.contains("warning[phase-without-states]") && ran.out.contains("m.toml:"),
        "{ran:?}"
    );
    let ran = folder.run(&["check", "--format", "github"]);
    assert!(ran.out.starts_with("::warning file=m.toml,line="), "{ran:?}");
}

#[test]
fn prints_the_schema_of_the_format() {
    let ran = Folder::new().run(&["schema"]);
    assert_eq!(ran.code, Some(0));
    let schema = ran.json();
    let mut keys: Vec<&String> =
        schema["properties"].as_object().expect("it has properties").keys().collect();
    keys.sort();
    let all = ["format", "job", "machine", "phase", "root", "state", "target", "transition"];
    assert_eq!(keys, all);
    assert_eq!(schema["additionalProperties"], false);
    assert_eq!(ran.out, phasegate_codegen::table::json_schema());
}

#[test]
fn init_writes_a_table_that_generates_and_is_clean_and_is_never_written_over() {
    let folder = Folder::new();
    assert_eq!(folder.run(&["init"]).code, Some(0));
    let table = folder.read("order.toml");
    common::warns(&table, &[]);
    let ran = folder.run(&["generate"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let ran = folder.run(&["check", "--format", "json"]);
    assert_eq!((ran.code, &ran.json()["findings"]), (Some(0), &json!([])));

    folder.write("order.toml", "mine");
    let ran = folder.run(&["init"]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.err.contains("order.toml exists"), "{ran:?}");
    assert_eq!(folder.read("order.toml"), "mine");

    assert_eq!(folder.run(&["init", "tables/pay.toml"]).code, Some(2));
    folder.write("tables/x", "");
    assert_eq!(folder.run(&["init", "tables/pay.toml"]).code, Some(0));
    assert_eq!(folder.run(&["init", "tables"]).code, Some(0));
    let called = |name: &str| format!("name    = \"{name}\"");
    assert_eq!(folder.read("tables/pay.toml"), table.replace(&called("order"), &called("pay")));
    let second = folder.read("tables/order.toml");
    let own = "path     = \"generated/order-sql\"    # generated/sql is another table's\n";
    assert_eq!(second.replace(own, ""), table, "next to another table it has schemas of its own");
    assert!(second.contains(own));
}

/// The command by a shell, which takes a path of it as its first argument.
#[cfg(unix)]
fn shell(folder: &Folder, script: &str) -> binary::Ran {
    let mut command = std::process::Command::new("sh");
    command.args(["-c", script, "sh", PHASEGATE]).current_dir(folder.path(""));
    finish(&mut command, b"")
}

#[cfg(unix)]
#[test]
fn ends_quietly_where_nobody_reads_on() {
    let folder = Folder::with("m.toml", GOOD);
    folder.write("long.log", "a b z\n".repeat(200_000));
    for arguments in ["accepts m.toml long.log", "phases m.toml long.log", "transitions", "schema"]
    {
        let script = format!("{{ \"$1\" {arguments}; echo \"code $?\" >&2; }} | head -c 1");
        let ran = shell(&folder, &script);
        assert_eq!(ran.err, "code 0\n", "{arguments}: {ran:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn exits_with_2_where_the_output_cannot_be_written() {
    let folder = Folder::with("m.toml", GOOD);
    for arguments in ["transitions", "schema", "check", "accepts m.toml m.toml"] {
        let ran = shell(&folder, &format!("\"$1\" {arguments} > /dev/full; echo \"code $?\" >&2"));
        assert!(ran.err.contains("No space left") && ran.err.ends_with("code 2\n"), "{ran:?}");
    }
}

#[cfg(unix)]
#[test]
fn colours_nothing_that_is_no_terminal() {
    let folder = Folder::with("m.toml", BAD);
    assert!(!shell(&folder, "TERM=xterm \"$1\" check m.toml").out.contains('\u{1b}'));
}

#[cfg(unix)]
#[test]
#[ignore = "needs script, of bsdutils: run by tests/run"]
fn colours_a_terminal_and_none_under_no_color() {
    let folder = Folder::with("m.toml", BAD);
    assert_eq!(shell(&folder, "command -v script").code, Some(0), "install bsdutils: no `script`");
    // `script` gives the command a terminal.
    let on_terminal = |set: &str| {
        let script = format!("env -u NO_COLOR {set} script -qec \"$1 check m.toml\" /dev/null");
        shell(&folder, &script).out.contains('\u{1b}')
    };
    assert!(on_terminal("TERM=xterm"));
    assert!(on_terminal("NO_COLOR="));
    assert!(!on_terminal("NO_COLOR=1"));
}

#[test]
fn what_is_wrong_with_a_table_never_stands_in_a_picture() {
    let folder = Folder::with("m.toml", BAD);
    for arguments in [
        &["graph", "--to", "svg"][..],
        &["graph", "--to", "mermaid"],
        &["transitions"],
        &["accepts", "m.toml"],
        &["phases", "m.toml"],
    ] {
        let ran = folder.run(arguments);
        assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{arguments:?}: {ran:?}");
        assert!(ran.err.contains("error[unknown-state]") && ran.err.contains("^^^"), "{ran:?}");
        assert!(ran.err.ends_with("phasegate: m.toml is not a valid table: 1 error\n"), "{ran:?}");
    }
    // Where findings are what is asked for, or a form for programs, they are printed.
    for arguments in [&["check"][..], &["transitions", "--format", "json"]] {
        assert!(folder.run(arguments).out.contains("unknown-state"), "{arguments:?}");
    }
}

#[test]
fn a_table_above_is_named_where_there_is_none() {
    let folder = Folder::with("order.toml", GOOD);
    folder.write("a/b/c.txt", "");
    let ran = folder.run_in("a/b", &["check"], b"");
    assert_eq!(ran.code, Some(2));
    assert!(ran.err.contains("name one; above there is ../../order.toml"), "{ran:?}");
    assert!(!ran.err.contains("init"), "{ran:?}");
    let ran = folder.run(&["check", "."]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.err.contains(".: a folder, and not a table"), "{ran:?}");
    let list = folder.run(&["explain", "stale", "--format", "github"]);
    assert!(
        list.out.starts_with("::notice title=stale::") && list.out.lines().count() == 1,
        "{list:?}"
    );
}
