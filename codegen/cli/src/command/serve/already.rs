//! What leads out where what a migration makes is in the database already.

use std::path::{Path, PathBuf};

use phasegate_codegen::Loaded;
use phasegate_codegen::finding::Finding;
use phasegate_codegen::migrate::{self, Known};
use phasegate_codegen::rules;
use phasegate_codegen::suggest;
use sqlx::migrate::Migration;

use crate::command::shown;
use crate::live::{self, connect};

/// How a database stands to a migration that was not recorded there.
enum Standing {
    /// All of it was run.
    Whole,
    /// Not all of it, or something was changed since: what is wrong.
    Part(String),
    /// phasegate was to make a table, and there is one of that name: what leads out.
    Taken(String),
    /// The file is of a table that was not named, or the database can't be looked at.
    Unknown,
}

/// What is said below the database's own words.
pub(super) async fn in_words(
    (file, migration): (&Path, &Migration),
    url: &str,
    tables: &[(PathBuf, Loaded)],
) -> String {
    let makes = format!("What {} makes is there already", shown(file));
    let by_hand = "it was run another way, or in part, and nothing was changed now";
    let anew = "restore a backup from before, or where the database holds nothing yet begin with an empty one, and \
                run this command there";
    match standing(tables, url, file).await {
        Standing::Whole => format!(
            "{makes}: all of the file was run another way, and nothing was changed now. Say so in the database, and run \
             this command again:\n{}",
            record(migration, url)
        ),
        Standing::Part(wrong) => {
            format!(
                "{makes}, and not all of it is as the file makes it: {wrong}.\nWhere it was run in part, {anew}."
            )
        }
        Standing::Taken(way) => format!("{makes}: {way}."),
        Standing::Unknown => {
            let tables: Vec<String> = tables.iter().map(|(path, _)| shown(path)).collect();
            format!(
                "{makes}: {by_hand}. Name the table that it is of, next to {}. Where that is one of these, {anew}.",
                suggest::list(&tables)
            )
        }
    }
}

/// The statements that record a migration as run, as sqlx does.
fn record(migration: &Migration, url: &str) -> String {
    let (text, time, [open, close]) = match url.starts_with("sqlite:") {
        true => ("BLOB", "TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP", ["X'", "'"]),
        false => ("BYTEA", "TIMESTAMPTZ NOT NULL DEFAULT now()", ["'\\x", "'"]),
    };
    let sum: String = migration.checksum.iter().map(|byte| format!("{byte:02x}")).collect();
    format!(
        "  CREATE TABLE IF NOT EXISTS _sqlx_migrations (version BIGINT PRIMARY KEY, description TEXT NOT NULL, \
         installed_on {time}, success BOOLEAN NOT NULL, checksum {text} NOT NULL, execution_time BIGINT NOT NULL);\n  \
         INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES \
         ({}, 'run by hand', TRUE, {open}{sum}{close}, 0);",
        migration.version
    )
}

async fn standing(tables: &[(PathBuf, Loaded)], url: &str, file: &Path) -> Standing {
    let Ok(dialect) = connect::dialect(url) else { return Standing::Unknown };
    for (_, loaded) in tables {
        let known = migrate::known(loaded, dialect).unwrap_or_default();
        let leads = |known: &Known| known.files.iter().any(|of| loaded.root.join(of) == file);
        let Some(place) = known.iter().position(leads) else { continue };
        let Ok(looked) = live::look(loaded, url).await else { return Standing::Unknown };
        if let (true, Some(finding)) = (looked.taken, looked.findings.first()) {
            return Standing::Taken(format!("{}: {}", finding.message, finding.help));
        }
        let at = looked.at.map(|at| known.iter().position(|k| k.path == at).unwrap_or(known.len()));
        // What has yet to come after it is no fault of this one.
        let is_wrong = |finding: &&Finding| finding.is_error() && finding.rule != rules::BEHIND;
        let wrong: Vec<&str> =
            looked.findings.iter().filter(is_wrong).map(|found| found.message.as_str()).collect();
        return match at.is_some_and(|at| at >= place) && wrong.is_empty() {
            true => Standing::Whole,
            false if wrong.is_empty() => {
                Standing::Part("the database is at an earlier table".to_owned())
            }
            false => Standing::Part(wrong.join("; ")),
        };
    }
    Standing::Unknown
}
