//! What `check --database-url` finds in a database, held to what a test expects of it.

use phasegate_cli::live::{self, Failure, Looked};
use phasegate_codegen::{Finding, Loaded, load};

use super::backend::world::{Database, World, schema};

/// A table in a folder of its own.
pub(crate) fn loaded(table: &str) -> (tempfile::TempDir, Loaded) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("table.toml");
    std::fs::write(&path, table).unwrap();
    let loaded = load(&path).unwrap();
    (folder, loaded)
}

/// What is found in the database at an address.
#[track_caller]
pub(crate) fn looked(answer: Result<Looked, Failure>) -> Looked {
    match answer {
        Ok(looked) => looked,
        Err(Failure::Away(message)) => panic!("{message}"),
        Err(Failure::Files(error)) => panic!("{error}"),
    }
}

/// Why the database at an address cannot be looked at.
#[track_caller]
pub(crate) fn away(answer: Result<Looked, Failure>) -> String {
    match answer {
        Err(Failure::Away(message)) => message,
        Err(Failure::Files(error)) => panic!("{error}"),
        Ok(looked) => panic!("{looked:?}"),
    }
}

#[track_caller]
pub(crate) fn look(world: &World, table: &Loaded) -> Looked {
    looked(world.run(live::look(table, &world.database_url)))
}

/// Holds what is found to rows of a rule and a part of the message or the help.
#[track_caller]
pub(crate) fn holds(looked: &Looked, expected: &[(&str, &str)]) {
    let said = |f: &Finding| format!("{} ({})", f.message, f.help);
    let found: Vec<String> =
        looked.findings.iter().map(|f| format!("{} {}", f.rule.id, said(f))).collect();
    let rules: Vec<&str> = looked.findings.iter().map(|f| f.rule.id).collect();
    let wanted: Vec<&str> = expected.iter().map(|(rule, _)| *rule).collect();
    assert_eq!(rules, wanted, "{found:#?}");
    for (finding, (_, part)) in looked.findings.iter().zip(expected) {
        assert!(said(finding).contains(part), "{part:?}: {found:#?}");
        assert!(finding.path.ends_with(".toml") && !finding.help.is_empty(), "{finding:?}");
    }
}

/// Statements past every guard of PostgreSQL's, or past one of SQLite's, which is made again as it was.
pub(crate) fn past(database: Database, table: &str, trigger: &str, sql: &str) -> String {
    match database {
        Database::Postgres => {
            format!("SET session_replication_role = replica; {sql}; RESET session_replication_role")
        }
        Database::Sqlite => {
            let text = schema(table, database);
            // The one that looks whether the guard was there goes first, and comes back first.
            let logged = format!("{trigger}_logged");
            let (mut drops, mut whole) = (String::new(), String::new());
            for name in [&logged[..], trigger] {
                let Some(start) = text.find(&format!("CREATE TRIGGER \"{name}\"")) else {
                    continue;
                };
                whole += &text[start..start + text[start..].find("\nEND;").unwrap() + 5];
                drops += &format!("DROP TRIGGER \"{name}\";");
            }
            format!("PRAGMA foreign_keys = OFF; {drops} {sql}; {whole}")
        }
    }
}
