//! `generate` and `check`: what is written, what is left, what is no longer owned, and what never
//! happens outside of the root.

use crate::binary;
use crate::binary::Folder;
use serde_json::{Value, json};

const TABLE: &str = "format = 1\n[machine]\nname = \"m\"\ninitial = \"a\"\n[[state]]\nname = \"a\"\n\
    [[state]]\nname = \"z\"\n[[transition]]\npath = [\"a\", \"z\"]\n[target.rust]\n[target.sql]\n";
const ALL: [&str; 4] = [
    "generated/m.rs",
    "generated/sql/postgres.sql",
    "generated/sql/sqlite-guards.sql",
    "generated/sql/sqlite.sql",
];

/// What became of each artifact, as JSON tells it.
fn states(ran: &binary::Ran) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().expect("it is a text").to_owned();
    let all = ran.json()["artifacts"].as_array().expect("it is a list").clone();
    all.iter().map(|artifact| (text(&artifact["path"]), text(&artifact["state"]))).collect()
}

fn of(state: &str) -> Vec<(String, String)> {
    ALL.iter().map(|path| ((*path).to_owned(), state.to_owned())).collect()
}

/// The rules that `check` finds broken, and where.
fn found(folder: &Folder) -> Vec<(Value, Value)> {
    let ran = folder.run(&["check", "--format", "json"]);
    let findings = ran.json()["findings"].as_array().expect("it is a list").clone();
    assert_eq!(ran.code, Some(i32::from(!findings.is_empty())), "{ran:?}");
    findings.iter().map(|f| (f["rule"].clone(), f["path"].clone())).collect()
}

#[test]
fn writes_what_is_missing_and_leaves_what_is_current() {
    let folder = Folder::with("m.toml", TABLE);
    let missing: Vec<_> = ALL.iter().map(|path| (json!("missing"), json!(path))).collect();
    assert_eq!(found(&folder), missing);
    let ran = folder.run(&["generate", "--format", "json"]);
    assert_eq!((ran.code, states(&ran)), (Some(0), of("written")));
    let mut files: Vec<&str> = ALL.to_vec();
    files.push("m.toml");
    assert_eq!(folder.files(), files);
    assert_eq!(found(&folder), []);

    let written =
        std::fs::metadata(folder.path(ALL[0])).and_then(|m| m.modified()).expect("it is there");
    let ran = folder.run(&["generate", "--format", "json"]);
    assert_eq!((ran.code, states(&ran)), (Some(0), of("current")));
    let now =
        std::fs::metadata(folder.path(ALL[0])).and_then(|m| m.modified()).expect("it is there");
    assert_eq!(written, now, "a file that is current is not touched");
}

#[test]
fn says_which_it_wrote_left_and_no_longer_owns() {
    let folder = Folder::with("m.toml", TABLE);
    folder.run(&["generate"]);
    folder.write(ALL[0], "changed");
    folder.write(
        "m.toml",
        TABLE.replace("[target.sql]\n", "[target.sql]\ndialects = [\"sqlite\"]\n"),
    );
    let ran = folder.run(&["generate"]);
    assert_eq!(ran.code, Some(0));
    for line in [
        "wrote generated/m.rs\n",
        "left generated/sql/sqlite.sql\n",
        "m.toml: 1 artifact written, 2 current and left\n",
        "warning[orphaned]",
        "--> generated/sql/postgres.sql\n",
    ] {
        assert!(ran.out.contains(line), "{line}: {}", ran.out);
    }
    // What is no longer owned is not removed, and `check` minds it.
    assert!(folder.path(ALL[1]).exists());
    assert_eq!(found(&folder), [(json!("orphaned"), json!(ALL[1]))]);
    std::fs::remove_file(folder.path(ALL[1])).expect("it is there");
    assert_eq!(found(&folder), []);
}

#[test]
fn shows_how_a_file_differs_and_the_one_command_that_mends_it() {
    let folder = Folder::with("m.toml", TABLE);
    folder.run(&["generate"]);
    let good = folder.read(ALL[0]);
    let line = good.lines().find(|line| line.contains("pub enum")).expect("it has an enum");
    folder.write(ALL[0], good.replace(line, "pub enum Mine {"));
    let ran = folder.run(&["check"]);
    assert_eq!(ran.code, Some(1));
    for part in [
        "--- generated/m.rs\n",
        "+++ generated/m.rs",
        "-pub enum Mine {\n",
        &format!("+{line}\n"),
        "error[stale]",
        "phasegate generate m.toml",
    ] {
        assert!(ran.out.contains(part), "{part:?}: {}", ran.out);
    }
    assert_eq!(folder.run(&["generate", "m.toml"]).code, Some(0));
    assert_eq!((found(&folder), folder.read(ALL[0])), (vec![], good));
}

#[test]
fn findings_stand_above_the_differences_and_those_are_short() {
    let folder = Folder::with("m.toml", crate::migrations::TABLE);
    folder.write("m.toml", format!("{}[target.rust]\n[target.js]\n", crate::migrations::TABLE));
    folder.run(&["generate"]);
    folder.run(&["migrate"]);
    folder.write("m.toml", format!("{}[target.rust]\n[target.js]\n", crate::migrations::grown()));
    let ran = folder.run(&["check"]);
    assert_eq!(ran.code, Some(1));
    let last_finding = ran.out.rfind("error[").expect("there are findings");
    let first_difference = ran.out.find("--- generated/").expect("there are differences");
    assert!(last_finding < first_difference, "{}", ran.out);
    for difference in ran.out.split("--- generated/").skip(1) {
        assert!(difference.lines().count() <= 16, "{difference}");
    }
    assert!(ran.out.contains(" more lines of this difference: `check --diff`\n"), "{}", ran.out);
    assert!(
        ran.out.ends_with("to mend this: phasegate generate m.toml && phasegate migrate m.toml\n"),
        "{}",
        ran.out
    );
    let whole = folder.run(&["check", "--diff"]);
    assert!(
        whole.out.len() > 2 * ran.out.len() && !whole.out.contains("more lines"),
        "{}",
        whole.out
    );
    folder.run(&["generate"]);
    assert!(folder.run(&["check"]).out.ends_with("to mend this: phasegate migrate m.toml\n"));
}

#[test]
fn minds_every_byte() {
    let folder = Folder::with("m.toml", TABLE);
    folder.run(&["generate"]);
    let good = folder.read(ALL[0]);
    for bad in [good.trim_end().as_bytes(), good.replace('\n', "\r\n").as_bytes(), b"", b"\xff"] {
        folder.write(ALL[0], bad);
        assert_eq!(found(&folder), [(json!("stale"), json!(ALL[0]))]);
        assert_eq!(folder.run(&["check"]).code, Some(1));
    }
}

#[test]
fn annotates_what_falls_short_in_a_workflow() {
    let folder = Folder::with("m.toml", TABLE);
    folder.run(&["generate"]);
    folder.write(ALL[0], "changed");
    let ran = folder.run(&["check", "--format", "github"]);
    assert_eq!(ran.code, Some(1));
    assert_eq!(
        ran.out,
        "::error file=generated/m.rs,title=stale::the file is not what the table gives%0Arun \
         `phasegate generate m.toml`\n"
    );
}

#[test]
fn generates_some_targets_alone_and_speaks_of_no_other() {
    let folder = Folder::with("m.toml", TABLE);
    let ran = folder.run(&["generate", "--only", "rust", "--format", "json"]);
    assert_eq!(states(&ran), of("written")[..1]);
    assert!(!folder.path("generated/sql").exists());
    let ran = folder.run(&["generate", "--only", "sql,rust", "--format", "json"]);
    assert_eq!(ran.code, Some(0));
    assert_eq!(states(&ran).len(), 4);
    // A target that the table has not.
    let ran = folder.run(&["generate", "--only", "docs"]);
    assert_eq!(ran.code, Some(0));
    assert!(ran.err.contains("[target.*]"), "{ran:?}");
}

#[test]
fn knows_its_own_by_their_header_alone() {
    let folder = Folder::with("m.toml", TABLE);
    folder.run(&["generate"]);
    folder.write("generated/mine.txt", "mine");
    folder.write(
        "generated/sql/other.sql",
        "-- Generated by phasegate from other.toml (table 0123456789abcdef): x",
    );
    folder.write("elsewhere/m.rs", folder.read(ALL[0]));
    assert_eq!(found(&folder), []);
    folder.write("generated/deep/er/m.rs", folder.read(ALL[0]));
    assert_eq!(found(&folder), [(json!("orphaned"), json!("generated/deep/er/m.rs"))]);
}

#[test]
fn trait_support_with_a_question_mark_is_behind_the_user_s_feature() {
    let folder = Folder::new();
    folder.run(&["init", "m.toml"]);
    let table = folder.read("m.toml");
    let with = |derive: &str| {
        let derive = format!("[target.rust]\nderive = [{derive}]");
        folder.write("m.toml", table.replace("[target.rust]", &derive));
        folder.run(&["generate", "--only", "rust"])
    };
    let six = ["serde", "sqlx", "schemars", "utoipa", "proptest", "quickcheck"];
    let all = six.map(|it| format!("\"{it}?\"")).join(", ");
    assert_eq!(with(&all).code, Some(0));
    let gated = folder.read("generated/m.rs");
    let mut impls = 0;
    for (at, line) in gated.lines().enumerate().filter(|(_, line)| line.starts_with("impl")) {
        let library = six.into_iter().find(|it| line.contains(&format!("{it}::")));
        let Some(library) = library else { continue };
        let above = gated.lines().nth(at - 1).unwrap();
        assert_eq!(above, format!("#[cfg(feature = \"{library}\")]"), "{line}");
        impls += 1;
    }
    assert_eq!(impls, 4 + 11 + 2 + 4 + 1 + 3, "of each, of sqlx on two databases");
    let both = "#[cfg(any(feature = \"proptest\", feature = \"quickcheck\"))]\nfn walk";
    assert!(gated.contains(both), "what two of them share");
    // Without these lines it is what is given without the question marks.
    assert_eq!(with(&all.replace('?', "")).code, Some(0));
    let plain = |text: &str| -> Vec<String> {
        let lines = text.lines().skip(1).filter(|line| !line.starts_with("#[cfg("));
        lines.map(str::to_owned).collect()
    };
    assert_eq!(plain(&gated), plain(&folder.read("generated/m.rs")));
    let ran = with("\"serde\", \"serde?\"");
    assert!(ran.code == Some(2) && ran.out.contains("the list holds this twice"), "{ran:?}");
}

#[test]
fn leaves_the_file_of_another_table_to_that_table() {
    let folder = Folder::with("m.toml", TABLE);
    folder.write("n.toml", TABLE.replace("\"m\"", "\"n\""));
    let ran = folder.run(&["generate", "m.toml", "n.toml", "--format", "json"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let taken: Vec<Value> = ran.json()["findings"]
        .as_array()
        .expect("it is a list")
        .iter()
        .map(|f| json!([f["rule"], f["path"], f["severity"]]))
        .collect();
    let expected: Vec<Value> =
        ALL[1..].iter().map(|path| json!(["shared-path", path, "error"])).collect();
    assert_eq!(taken, expected);
    assert!(folder.read(ALL[1]).contains("from m.toml"));
    let ran = folder.run(&["check", "n.toml"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.out.contains("m.toml and n.toml both write this file"), "{ran:?}");
    assert!(ran.out.contains("give `path` in `[target.sql]` of one of them"), "{ran:?}");
    assert_eq!(folder.run(&["check", "m.toml"]).code, Some(0));
    // A table that was renamed takes its files along.
    std::fs::rename(folder.path("m.toml"), folder.path("k.toml")).expect("it is there");
    assert_eq!(folder.run(&["generate", "k.toml"]).code, Some(0));
    assert!(folder.read(ALL[1]).contains("from k.toml"));
}

#[test]
fn paths_are_relative_to_the_root() {
    let folder = Folder::new();
    folder.write("tables/deep/m.toml", TABLE.replace("format = 1", "format = 1\nroot = \"../..\""));
    let ran = folder.run(&["generate", "tables/deep/m.toml"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let text = folder.read(ALL[0]);
    assert!(text.contains("Generated by phasegate from tables/deep/m.toml (table "), "{text}");
    // From wherever it is run, and however the table is named.
    let absolute = folder.path("tables/deep/m.toml").to_string_lossy().into_owned();
    for (at, table) in [
        ("", absolute.as_str()),
        ("tables", "deep/m.toml"),
        ("tables/deep", "m.toml"),
        ("tables/deep", "../deep/./m.toml"),
    ] {
        let ran = folder.run_in(at, &["check", table], b"");
        assert_eq!(ran.code, Some(0), "{at} {table}: {ran:?}");
    }
}

#[test]
fn tells_a_shell_the_command_as_it_takes_it() {
    let folder = Folder::with("it's a table.toml", TABLE);
    let ran = folder.run(&["check"]);
    assert!(ran.out.contains(r"phasegate generate 'it'\''s a table.toml'"), "{ran:?}");
}

#[cfg(unix)]
#[test]
fn writes_nothing_through_a_link_that_leads_out_of_the_root() {
    let outside = Folder::new();
    let folder = Folder::with("m.toml", TABLE);
    std::os::unix::fs::symlink(outside.path(""), folder.path("generated")).expect("it can be made");
    let ran = folder.run(&["generate"]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.err.contains("a link leads out of the root"), "{ran:?}");
    assert_eq!(outside.files(), [""; 0]);
    assert!(!outside.path("sql").exists(), "not even a folder is made out there");
    // A file that is a link is replaced, and what it led to is left.
    std::fs::remove_file(folder.path("generated")).expect("it is there");
    outside.write("mine.rs", "mine");
    folder.write("generated/x", "");
    std::os::unix::fs::symlink(outside.path("mine.rs"), folder.path(ALL[0]))
        .expect("it can be made");
    assert_eq!(folder.run(&["generate"]).code, Some(0));
    assert_eq!(outside.read("mine.rs"), "mine");
    // A link within the root is nobody's harm.
    let folder = Folder::with("m.toml", TABLE);
    folder.write("real/x", "");
    std::os::unix::fs::symlink(folder.path("real"), folder.path("generated"))
        .expect("it can be made");
    assert_eq!(folder.run(&["generate"]).code, Some(0));
    assert_eq!(folder.run(&["check"]).code, Some(0));
}

#[test]
fn exits_with_2_where_a_path_is_taken_by_a_folder_or_a_file() {
    let folder = Folder::with("m.toml", TABLE);
    folder.write("generated/m.rs/x", "");
    for command in ["generate", "check"] {
        let ran = folder.run(&[command]);
        assert_eq!(ran.code, Some(2));
        assert!(ran.err.contains("m.rs"), "{ran:?}");
    }
    let folder = Folder::with("m.toml", TABLE);
    folder.write("generated", "a file");
    for command in ["generate", "check"] {
        let ran = folder.run(&[command]);
        assert_eq!(ran.code, Some(2));
        assert!(ran.err.contains("generated"), "{ran:?}");
    }
}

#[cfg(unix)]
#[test]
fn exits_with_2_where_it_may_not_write_and_leaves_nothing_half_written() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::with("m.toml", TABLE);
    folder.run(&["generate"]);
    folder.write(ALL[0], "changed");
    let mode = |mode| {
        std::fs::set_permissions(folder.path("generated"), PermissionsExt::from_mode(mode))
            .expect("it is ours");
    };
    mode(0o555);
    let may_write = std::fs::write(folder.path("generated/probe"), "").is_ok();
    let ran = folder.run(&["generate"]);
    mode(0o755);
    if may_write {
        // Who runs this may write everywhere; then it is simply written.
        assert_eq!(ran.code, Some(0), "{ran:?}");
    } else {
        assert_eq!(ran.code, Some(2));
        assert!(ran.err.contains("generated"), "{ran:?}");
        assert_eq!(folder.read(ALL[0]), "changed");
    }
    assert!(folder.files().iter().all(|file| !file.ends_with(".new")), "{:?}", folder.files());
}

#[test]
fn never_writes_over_the_table() {
    let table = TABLE
        .replace("format = 1", "format = 1\nroot = \"..\"")
        .replace("[target.rust]\n", "[target.rust]\npath = \"t/m.toml\"\n");
    let folder = Folder::with("t/m.toml", &table);
    let ran = folder.run(&["generate", "t/m.toml"]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.err.contains("the table itself"), "{ran:?}");
    assert_eq!(folder.files(), ["t/m.toml"]);
}

#[test]
fn output_is_a_function_of_the_table_alone() {
    let (one, two) = (Folder::with("m.toml", TABLE), Folder::with("m.toml", TABLE));
    one.run(&["generate"]);
    two.run(&["generate"]);
    for path in ALL {
        assert_eq!(one.read(path), two.read(path));
    }
}

#[test]
fn keeps_what_somebody_wrote_where_an_artifact_belongs() {
    let folder = Folder::with("m.toml", TABLE);
    folder.write(ALL[0], "mine");
    let first = folder.run(&["generate"]);
    assert_eq!(first.code, Some(0));
    assert_eq!(folder.read(&format!("{}.orig", ALL[0])), "mine");
    assert!(first.out.contains(&format!("{}.orig", ALL[0])), "{}", first.out);
    folder.write(ALL[0], "mine again");
    assert_eq!(folder.run(&["generate"]).code, Some(0));
    assert_eq!(folder.read(&format!("{}.orig", ALL[0])), "mine", "nor is what was kept lost");
    assert_eq!(folder.read(&format!("{}.orig2", ALL[0])), "mine again");
    assert_eq!(folder.run(&["check"]).code, Some(0));
}

#[test]
fn says_what_is_in_the_way_of_an_artifact() {
    for (taken, said) in
        [("generated/m.rs/x", "a folder is where"), ("generated", "a file is where")]
    {
        let folder = Folder::with("m.toml", TABLE);
        folder.write(taken, "x");
        for command in ["generate", "check"] {
            let ran = folder.run(&[command]);
            assert_eq!(ran.code, Some(2), "{ran:?}");
            assert!(ran.err.contains(said) && ran.err.contains("generated/m.rs"), "{ran:?}");
        }
        assert_eq!(folder.read(taken), "x");
    }
}

#[test]
fn says_which_files_are_no_tables_where_there_is_none() {
    let folder = Folder::with("m.toml", &TABLE.replace("[machine]", "[machin]"));
    let ran = folder.run(&["check"]);
    assert!(ran.err.contains("(a .toml with a [machine]: m.toml has none)"), "{ran:?}");
}
