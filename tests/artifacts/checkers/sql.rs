//! squawk and sqlfluff find nothing in the schemas and the migrations.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use phasegate_codegen::emit::sql::Dialect;
use tempfile::TempDir;

use super::{broken, finds, finds_nothing, root};
use crate::common::sql::{deploy, machine, schema, texts};

/// What squawk is not asked for.
const SQUAWK: [(&str, &str); 6] = [
    ("renaming-object", "a rename of what is stored is asked for, and `migrate` warns of it, too"),
    ("prefer-bigint-over-int", "places of states, and steps of one row: thousands, not milliards"),
    ("prefer-bigint-over-smallint", "the id of the one row of M_language is always 1"),
    ("require-lock-timeout", "a schema is applied by a tool of the user's, which sets timeouts"),
    ("require-statement-timeout", "likewise"),
    (
        "ban-drop-view",
        "M_observed is there while the guard observes, and nothing reads it but people",
    ),
];

/// What sqlfluff is not asked for, on both databases.
const FLUFF: [(&str, &str); 3] = [
    ("layout", "a state and its transitions stand in a line each, however long they are"),
    ("RF06", "identifiers are always quoted: a table may be called `order`"),
    ("CP02", "it takes PUBLIC, NEW and OLD for identifiers"),
];
const FLUFF_POSTGRES: [(&str, &str); 1] =
    [("CP04", "it takes the NULL of IS NULL for a literal, like the `false` of a row")];
const FLUFF_SQLITE: [(&str, &str); 5] = [
    ("CP03", "RAISE, of triggers, is a keyword that it takes for a function"),
    ("RF01", "it does not know that triggers have NEW and OLD"),
    ("RF02", "likewise"),
    ("RF03", "likewise"),
    ("AL03", "`SELECT RAISE(..)` gives no column"),
];

fn rules<'a>(lists: impl IntoIterator<Item = &'a [(&'a str, &'a str)]>) -> String {
    lists.into_iter().flatten().map(|(rule, _)| *rule).collect::<Vec<_>>().join(",")
}

fn migrations(dialect: Dialect) -> Vec<PathBuf> {
    let folder = root("migrations").join(dialect.as_str());
    let mut files: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(files.len() >= 2, "migrations are missing");
    files
}

const BEFORE: &str = "format = 1\nmachine = { name = 'job', initial = 'a' }\n\
    state = [{ name = 'a' }, { name = 'b' }, { name = 'c' }]\n\
    transition = [{ path = ['a', 'b', 'c'] }]\n[target.sql]\n";
/// A state is retired, and one is added that rows start in.
const AFTER: &str = "format = 1\nmachine = { name = 'job', initial = ['n', 'a'] }\n\
    state = [{ name = 'n', value = \"it's\" }, { name = 'a' }, { name = 'b', retired = true }, { name = 'c' }]\n\
    transition = [{ path = ['n', 'a', 'c'] }, { from = 'b', to = 'c' }]\n[target.sql]\n";

/// Shapes of tables that have a history, and so can be observed.
const SHAPES: [&str; 5] = [
    "",
    "storage = 'text'",
    "owns = false",
    "owns = false\nstorage = 'text'",
    "schema = 'app'\ntable = 'order'\nkey = 'group'\ncolumn = 'user'\nkey_type = 'uuid'",
];

/// What is looked at before a table is guarded, guards that observe, and switches there and back,
/// one of them with a rename; the last text is a switch to one that enforces.
fn modes(dialect: Dialect) -> Vec<String> {
    let mut texts = Vec::new();
    for keys in SHAPES {
        let [before, after] = [BEFORE, AFTER].map(|text| format!("{text}{keys}"));
        // The value stays, so that what is observed tells it by name.
        let renamed =
            after.replace("{ name = 'c' }", "{ name = 'z', renamed_from = 'c', value = 'c' }");
        let renamed = renamed.replace("'c']", "'z']").replace("to = 'c'", "to = 'z'");
        let [enforces, observes, renamed] = [
            before.clone(),
            format!("{before}\nmode = 'observe'"),
            format!("{renamed}\nmode = 'observe'"),
        ]
        .map(|text| machine(&text));
        texts.extend([&enforces, &observes].map(|machine| schema(machine, dialect)));
        for (old, new) in [(&enforces, &observes), (&observes, &renamed), (&observes, &enforces)] {
            let files = phasegate_codegen::emit::sql::migrations(&[old], new, dialect).unwrap();
            assert!(!files.is_empty(), "{keys}");
            texts.extend(files.into_iter().map(|file| file.text));
        }
    }
    let all = texts.concat();
    for part in ["_observed\"", "cannot be guarded", "that the table lacks: ", "DROP VIEW"] {
        assert!(all.contains(part), "no text has {part}");
    }
    texts
}

/// Migrations of every kind, of tables of several shapes.
fn changes(dialect: Dialect) -> Vec<String> {
    let renamed = AFTER
        .replace("{ name = 'a' }", "{ name = 'z', renamed_from = 'a' }")
        .replace("'a']", "'z']")
        .replace("'a', 'c'", "'z', 'c'");
    let mut texts = Vec::new();
    for keys in SHAPES.into_iter().chain(["events = false"]) {
        let [old, new, other] =
            [BEFORE, AFTER, &renamed].map(|text| machine(&format!("{text}{keys}")));
        for new in [&new, &other] {
            let files = phasegate_codegen::emit::sql::migrations(&[&old], new, dialect).unwrap();
            texts.extend(files.into_iter().map(|file| file.text));
        }
    }
    texts
}

/// The schemas of tables of every shape, and every migration, on disk.
fn written(dialect: Dialect, adapt: fn(String) -> String) -> (TempDir, Vec<PathBuf>) {
    let folder = tempfile::tempdir().unwrap();
    let mut machines = vec![deploy()];
    machines.extend(texts().iter().map(|text| machine(text)));
    let mut texts: Vec<String> = machines.iter().map(|machine| schema(machine, dialect)).collect();
    texts.extend(migrations(dialect).iter().map(|path| fs::read_to_string(path).unwrap()));
    texts.extend(changes(dialect));
    texts.extend(modes(dialect));
    let write = |(at, text): (usize, String)| {
        let path = folder.path().join(format!("{at:03}.sql"));
        fs::write(&path, adapt(text)).unwrap();
        path
    };
    let paths = texts.into_iter().enumerate().map(write).collect();
    (folder, paths)
}

/// What was in no file before: sqlfluff takes seconds for a file, and most of its statements are those
/// of the file before it.
fn each_statement_once(paths: &[PathBuf]) {
    let mut seen = HashSet::new();
    for path in paths {
        let text = fs::read_to_string(path).unwrap();
        let new = |part: &&str| seen.insert((*part).to_owned());
        let parts: Vec<&str> = text.trim_end().split("\n\n").filter(new).collect();
        fs::write(path, format!("{}\n", parts.join("\n\n"))).unwrap();
    }
}

/// The last file that has a text.
fn having<'p>(paths: &'p [PathBuf], part: &str) -> &'p Path {
    let has = |path: &&PathBuf| fs::read_to_string(path).unwrap().contains(part);
    paths.iter().rfind(has).unwrap_or_else(|| panic!("no file has {part:?}"))
}

fn squawk() -> Command {
    let mut command = Command::new("squawk");
    // Each file is applied in one transaction, on the oldest server that there is a test on.
    command.args([
        "--assume-in-transaction",
        "--pg-version",
        "15",
        "--exclude",
        &rules([&SQUAWK[..]]),
    ]);
    command
}

#[test]
#[ignore = "needs squawk: run by tests/run"]
fn squawk_finds_nothing() {
    let (_folder, paths) = written(Dialect::Postgres, |text| text);
    finds_nothing(squawk().args(&paths));
    broken(&paths[0], "CREATE INDEX", "ALTER TABLE other ADD COLUMN x int NOT NULL;\nCREATE INDEX");
    finds(squawk().arg(&paths[0]), "adding-required-field");
    let switch = &paths[paths.len() - 1];
    broken(switch, "DROP VIEW", "DROP TABLE \"job_events\";\nDROP VIEW");
    finds(squawk().arg(switch), "ban-drop-table");
}

fn sqlfluff(dialect: Dialect) -> Command {
    let own = match dialect {
        Dialect::Postgres => &FLUFF_POSTGRES[..],
        Dialect::Sqlite => &FLUFF_SQLITE[..],
    };
    let mut command = Command::new("sqlfluff");
    command.args(["lint", "--nocolor", "--dialect", dialect.as_str()]);
    command.arg("--config").arg(root("tests/sqlfluff.cfg"));
    command.args(["--exclude-rules", &rules([&FLUFF[..], own])]);
    command
}

#[test]
#[ignore = "needs sqlfluff: run by tests/run"]
fn sqlfluff_finds_nothing_for_postgres() {
    let (_folder, paths) = written(Dialect::Postgres, |text| text);
    each_statement_once(&paths);
    finds_nothing(sqlfluff(Dialect::Postgres).args(&paths));
    broken(&paths[0], "BEFORE INSERT ON", "BEFORE INSERT OF");
    finds(sqlfluff(Dialect::Postgres).arg(&paths[0]), "PRS");
    let switch = having(&paths, "DROP VIEW");
    broken(switch, "DROP VIEW", "drop VIEW");
    finds(sqlfluff(Dialect::Postgres).arg(switch), "CP01");
}

#[test]
#[ignore = "needs sqlfluff: run by tests/run"]
fn sqlfluff_finds_nothing_for_sqlite() {
    // Its grammar of SQLite lacks the operator COLLATE, which SQLite itself is run on in
    // `tests/database/sqlite.rs` and `tests/database/adopt.rs`.
    let (_folder, paths) = written(Dialect::Sqlite, |text| {
        text.replace(" COLLATE BINARY", "").replace(" COLLATE NOCASE", "")
    });
    each_statement_once(&paths);
    finds_nothing(sqlfluff(Dialect::Sqlite).args(&paths));
    broken(&paths[0], "BEFORE INSERT ON", "BEFORE INSERT OF");
    finds(sqlfluff(Dialect::Sqlite).arg(&paths[0]), "PRS");
    let switch = having(&paths, "\nDROP VIEW");
    broken(switch, "\nDROP VIEW", "\ndrop VIEW");
    finds(sqlfluff(Dialect::Sqlite).arg(switch), "CP01");
}
