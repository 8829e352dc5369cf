//! Every object that phasegate installs, dropped or altered one after the other: `check
//! --database-url` names each. The list is what a database made afresh holds, so that none is
//! forgotten.

use crate::common::cluster;
use crate::common::sql;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use phasegate_cli::live;
use phasegate_codegen::emit::sql::Dialect;
use phasegate_codegen::{Finding, Loaded};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous};
use sqlx::{Connection as _, PgConnection};

use crate::common::sql::{Db, ORDER, ok};

/// What the tables say under `[target.sql]`: all that phasegate makes, guards around a
/// table of the application's, and guards without a history.
const KINDS: [&str; 4] = [
    "",
    "mode = 'observe'\nkey_type = 'bigint'\nstorage = 'text'",
    "owns = false\nstorage = 'text'\nmode = 'observe'",
    "events = false",
];
/// The application's own, where it is.
const OWN: &str = "CREATE TABLE orders (id text PRIMARY KEY, status text, note text)";
const OTHER: &str = "phasegate_live_objects";

fn loaded(keys: &str) -> (tempfile::TempDir, Loaded) {
    crate::common::live::loaded(&format!("{ORDER}{keys}"))
}

/// What is asked of a database: each row what a finding has to name, and what is done to it.
async fn changes(db: &mut impl Db, queries: &[&str]) -> BTreeSet<(String, String)> {
    let mut changes = BTreeSet::new();
    for query in queries {
        for row in db.rows(query).await {
            let [name, change] = row.try_into().unwrap();
            changes.insert((name.unwrap(), change.unwrap()));
        }
    }
    changes
}

async fn findings(table: &Loaded, url: &str, context: &str) -> Vec<Finding> {
    let looked = live::look(table, url).await;
    looked.unwrap_or_else(|failure| panic!("{failure:?}\nafter: {context}")).findings
}

/// What is said where no one names what was changed.
async fn unnamed(table: &Loaded, url: &str, name: &str, change: &str) -> Option<String> {
    let found = findings(table, url, change).await;
    let told: Vec<String> =
        found.iter().map(|finding| format!("{}: {}", finding.rule.id, finding.message)).collect();
    let is_named = told.iter().any(|message| message.contains(name));
    (!is_named).then(|| format!("{name}, after {change}: {told:#?}"))
}

/// In PostgreSQL's catalog: relations, their columns, indexes, constraints, triggers, functions, and
/// what is granted on them. `other` is another role.
const POSTGRES: [&str; 19] = [
    "SELECT relname::text, format('DROP %s %I CASCADE', CASE relkind WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END, relname)
     FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v')",
    "SELECT relname::text, format('CREATE OR REPLACE VIEW %I AS SELECT * FROM (%s) v WHERE false', relname, rtrim(pg_get_viewdef(oid), ';'))
     FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'v'",
    "SELECT relname::text, format('ALTER TABLE %I OWNER TO phasegate_live_objects', relname)
     FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v')",
    // The application's roles write the table and the reports, no matter who they are.
    "SELECT relname::text, format('GRANT ALL ON %I TO PUBLIC', relname)
     FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname NOT IN ('orders', 'order_reports')",
    "SELECT a.attname::text, format('ALTER TABLE %I DROP COLUMN %I CASCADE', c.relname, a.attname)
     FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
     WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND a.attnum > 0",
    "SELECT a.attname::text, format('ALTER TABLE %I ALTER COLUMN %I %s NOT NULL', c.relname, a.attname, CASE WHEN a.attnotnull THEN 'DROP' ELSE 'SET' END)
     FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
     WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND a.attnum > 0 AND a.attidentity = ''
     AND NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisprimary AND a.attnum = ANY (i.indkey))",
    "SELECT a.attname::text, format('ALTER TABLE %I ALTER COLUMN %I DROP DEFAULT', c.relname, a.attname)
     FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
     WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND a.attnum > 0 AND a.atthasdef",
    "SELECT a.attname::text, format('ALTER TABLE %I ALTER COLUMN %I DROP IDENTITY', c.relname, a.attname)
     FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
     WHERE relnamespace = 'public'::regnamespace AND a.attidentity <> ''",
    "SELECT c.relname::text, format(way, c.relname, c.relname, t.relname)
     FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_class t ON t.oid = i.indrelid,
     unnest(ARRAY['DROP INDEX %I', 'DROP INDEX %I; CREATE INDEX %I ON %I ((1))']) way
     WHERE c.relnamespace = 'public'::regnamespace AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = c.oid)",
    "SELECT c.relname::text, format('ALTER TABLE %I DROP CONSTRAINT %I CASCADE', c.relname, k.conname)
     FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid WHERE relnamespace = 'public'::regnamespace",
    "SELECT tgname::text, format(way, tgname, c.relname)
     FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid, unnest(ARRAY['DROP TRIGGER %I ON %I', 'ALTER TABLE %2$I DISABLE TRIGGER %1$I', 'ALTER TABLE %2$I ENABLE REPLICA TRIGGER %1$I']) way
     WHERE relnamespace = 'public'::regnamespace AND NOT tgisinternal",
    "SELECT tgname::text, format('DROP TRIGGER %I ON %I; %s', tgname, c.relname, regexp_replace(pg_get_triggerdef(t.oid), '( WHEN .*)? EXECUTE ', ' WHEN (false) EXECUTE '))
     FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid WHERE relnamespace = 'public'::regnamespace AND NOT tgisinternal",
    "SELECT proname::text, format('DROP FUNCTION %s CASCADE', oid::regprocedure) FROM pg_proc WHERE pronamespace = 'public'::regnamespace",
    "SELECT proname::text, replace(pg_get_functiondef(oid), 'BEGIN', 'BEGIN NULL;') FROM pg_proc
     WHERE pronamespace = 'public'::regnamespace AND prolang = (SELECT oid FROM pg_language WHERE lanname = 'plpgsql')",
    "SELECT proname::text, format('CREATE OR REPLACE FUNCTION %s RETURNS %s LANGUAGE sql STABLE RETURN (SELECT %s(\"state\") FROM %I)',
       oid::regprocedure, prorettype::regtype, CASE WHEN prorettype = 'text'::regtype THEN 'max' ELSE 'max' END, 'order_states') FROM pg_proc
     WHERE pronamespace = 'public'::regnamespace AND prolang = (SELECT oid FROM pg_language WHERE lanname = 'sql') AND prorettype = 'text'::regtype",
    "SELECT proname::text, format('ALTER FUNCTION %s %s', oid::regprocedure, way) FROM pg_proc,
     unnest(ARRAY[CASE WHEN prosecdef THEN 'SECURITY INVOKER' ELSE 'SECURITY DEFINER' END,
       CASE provolatile WHEN 'v' THEN 'STABLE' ELSE 'VOLATILE' END, 'SET search_path = public', 'SET work_mem = ''1MB''',
       'OWNER TO phasegate_live_objects']) way
     WHERE pronamespace = 'public'::regnamespace",
    "SELECT proname::text, format('ALTER FUNCTION %s RESET ALL', oid::regprocedure) FROM pg_proc
     WHERE pronamespace = 'public'::regnamespace AND proconfig IS NOT NULL",
    // What a row starts in, and what the mode is, anybody may ask; to force is a privilege to be had.
    "SELECT proname::text, format('GRANT EXECUTE ON FUNCTION %s TO PUBLIC', oid::regprocedure) FROM pg_proc
     WHERE pronamespace = 'public'::regnamespace AND proname NOT IN ('order_initial', 'order_mode', 'order_rules', 'order_has_pruned', 'order_differs', 'order_names', 'order_types', 'order_forget', 'order_apply')",
    "SELECT proname::text, format('GRANT EXECUTE ON FUNCTION %s TO phasegate_live_objects', oid::regprocedure) FROM pg_proc
     WHERE pronamespace = 'public'::regnamespace AND proname NOT IN ('order_initial', 'order_mode', 'order_rules', 'order_has_pruned', 'order_differs', 'order_names', 'order_types', 'order_forget', 'order_apply', 'order_force', 'order_prune')",
];

#[tokio::test]
#[ignore = "needs PostgreSQL 15: run by tests/run"]
async fn on_postgres_each_is_named_once_it_is_dropped_or_altered() {
    let url = cluster::database().await;
    let mut db: PgConnection = sql::connect(&url).await;
    ok(
        &mut db,
        &format!(
            "DO $$ BEGIN CREATE ROLE {OTHER}; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
             SET client_min_messages = error"
        ),
    )
    .await;
    for keys in KINDS {
        let (_folder, table) = loaded(keys);
        let own = if keys.contains("owns = false") { OWN } else { "" };
        let afresh = format!(
            "DROP SCHEMA public CASCADE; CREATE SCHEMA public; GRANT ALL ON SCHEMA public TO {OTHER}; {own}"
        );
        ok(&mut db, &afresh).await;
        let before = changes(&mut db, &POSTGRES).await;
        let schema = sql::schema(&table.machine, Dialect::Postgres);
        ok(&mut db, &schema).await;
        assert_eq!(findings(&table, &url, "nothing").await, []);
        let changes: Vec<_> =
            changes(&mut db, &POSTGRES).await.difference(&before).cloned().collect();
        assert!(changes.len() > 60, "{changes:?}");
        let mut forgotten = Vec::new();
        for (name, change) in &changes {
            ok(&mut db, &format!("{afresh}; {schema}")).await;
            ok(&mut db, change).await;
            forgotten.extend(unnamed(&table, &url, name, change).await);
        }
        assert!(forgotten.is_empty(), "{keys}\n{}", forgotten.join("\n"));
    }
}

/// In SQLite's: tables, views, indexes and triggers, and what a table's text says of its columns.
const SQLITE: [&str; 4] = [
    "SELECT name, 'DROP ' || type || ' \"' || name || '\"' FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite%'",
    "SELECT name, 'DROP TRIGGER \"' || name || '\"; ' || replace(sql, 'BEGIN', 'BEGIN SELECT 1;') FROM sqlite_schema WHERE type = 'trigger'",
    "SELECT name, 'DROP VIEW \"' || name || '\"; ' || replace(sql, 'SELECT', 'SELECT DISTINCT') FROM sqlite_schema WHERE type = 'view' AND instr(sql, 'VALUES') = 0 AND name NOT LIKE '%renames'",
    "SELECT name, 'DROP INDEX \"' || name || '\"; CREATE INDEX \"' || name || '\" ON \"' || tbl_name || '\" (1)' FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL",
];

/// A database's file, as it is or as it comes to be.
async fn file(path: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(path).create_if_missing(true);
    let options =
        options.journal_mode(SqliteJournalMode::Memory).synchronous(SqliteSynchronous::Off);
    SqliteConnection::connect_with(&options).await.unwrap()
}

/// What a line of a table's text says of a column, said otherwise in each way that is one.
fn otherwise(line: &str) -> Vec<String> {
    let ways = [
        (" NOT NULL", ""),
        (" PRIMARY KEY", ""),
        (" AUTOINCREMENT", ""),
        ("CHECK (", "CHECK (1 OR "),
        (" DEFAULT ", " DEFAULT 9 -- "),
    ];
    ways.into_iter()
        .filter(|(word, _)| line.contains(word))
        .map(|(word, other)| line.replacen(word, other, 1))
        .collect()
}

#[tokio::test]
async fn on_sqlite_each_is_named_once_it_is_dropped_or_altered() {
    for keys in KINDS {
        let (folder, table) = loaded(keys);
        let (whole, path) = (folder.path().join("whole.db"), folder.path().join("live.db"));
        let url = format!("sqlite:{}", path.display());
        let mut db = file(&whole).await;
        ok(&mut db, if keys.contains("owns = false") { OWN } else { "" }).await;
        let before = changes(&mut db, &SQLITE).await;
        ok(&mut db, &sql::schema(&table.machine, Dialect::Sqlite)).await;
        fs::copy(&whole, &path).unwrap();
        assert_eq!(findings(&table, &url, "nothing").await, []);
        let mut changes: BTreeSet<_> =
            changes(&mut db, &SQLITE).await.difference(&before).cloned().collect();
        let tables =
            "SELECT name, sql FROM sqlite_schema WHERE type = 'table' AND name LIKE 'order%'";
        for row in db.rows(tables).await {
            let [name, text] = row.try_into().unwrap();
            let (name, text) = (name.unwrap(), text.unwrap());
            // A default that is a state's is another test's.
            let ours =
                |line: &&str| text != OWN && line.starts_with("  ") && !line.contains("DEFAULT '");
            for line in text.lines().filter(ours) {
                changes.extend(otherwise(line).into_iter().map(|other| {
                    let (line, other) = (sql::literal(line), sql::literal(&other));
                    let change = format!(
                        "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(sql, {line}, {other}) \
                         WHERE name = '{name}'"
                    );
                    (name.clone(), change)
                }));
            }
        }
        assert!(changes.len() > 10, "{changes:?}");
        let mut forgotten = Vec::new();
        for (name, change) in &changes {
            fs::copy(&whole, &path).unwrap();
            let mut db = file(&path).await;
            ok(&mut db, change).await;
            db.close().await.unwrap();
            // A text that SQLite itself does not take any more is its own affair.
            let is_read = match SqliteConnection::connect(&url).await {
                Ok(mut db) => db.run("SELECT count(*) FROM sqlite_schema").await.is_ok(),
                Err(_) => false,
            };
            if is_read {
                forgotten.extend(unnamed(&table, &url, name, change).await);
            } else {
                assert!(change.contains("writable_schema"), "{change}");
            }
        }
        assert!(forgotten.is_empty(), "{keys}\n{}", forgotten.join("\n"));
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL 15: run by tests/run"]
async fn what_rows_start_in_may_have_any_characters() {
    for (value, storage) in ["it's", "back\\slash", "\"quoted\"", "é ☃", " a::b; --", "E'\\\\n'"]
        .into_iter()
        .flat_map(|value| ["enum", "text"].map(|storage| (value, storage)))
    {
        let (_folder, table) = crate::common::live::loaded(&format!(
            "format = 1\nmachine = {{ name = \"odd\", initial = \"a\" }}\nstate = [{{ name = \"a\", value = {value:?} }}, \
             {{ name = \"b\" }}]\ntransition = [{{ path = [\"a\", \"b\"] }}]\n[target.sql]\nstorage = \"{storage}\"\n"
        ));
        let url = cluster::database().await;
        ok(&mut sql::connect(&url).await, &sql::schema(&table.machine, Dialect::Postgres)).await;
        let found = crate::common::live::looked(live::look(&table, &url).await).findings;
        assert!(found.is_empty(), "{value}: {found:#?}");
    }
}

/// What SQLite's shell prints as the schema has such a comment, and so has what is made of it.
#[tokio::test]
async fn on_sqlite_a_comment_at_the_end_of_a_view_changes_nothing() {
    for keys in KINDS {
        let (folder, table) = loaded(keys);
        let path = folder.path().join("live.db");
        let mut db = file(&path).await;
        ok(&mut db, if keys.contains("owns = false") { OWN } else { "" }).await;
        ok(&mut db, &sql::schema(&table.machine, Dialect::Sqlite)).await;
        let commented = "PRAGMA writable_schema = ON; \
                         UPDATE sqlite_schema SET sql = sql || char(10) || '/* ' || name || '(a,b) */' WHERE type = 'view'";
        ok(&mut db, commented).await;
        db.close().await.unwrap();
        let url = format!("sqlite:{}", path.display());
        assert_eq!(findings(&table, &url, commented).await, []);
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL 15: run by tests/run"]
async fn on_postgres_one_role_may_force_and_prune_and_everyone_may_not() {
    let url = cluster::database().await;
    let mut db: PgConnection = sql::connect(&url).await;
    let (_folder, table) = loaded("");
    ok(&mut db, &sql::schema(&table.machine, Dialect::Postgres)).await;
    let role = "DO $$ BEGIN CREATE ROLE phasegate_live_pruner; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
                GRANT EXECUTE ON FUNCTION order_prune(timestamptz) TO phasegate_live_pruner;
                GRANT EXECUTE ON FUNCTION order_force(text, text, text, jsonb) TO phasegate_live_pruner";
    ok(&mut db, role).await;
    assert_eq!(findings(&table, &url, role).await, []);
    let open = "GRANT EXECUTE ON FUNCTION order_prune(timestamptz) TO PUBLIC;
                GRANT EXECUTE ON FUNCTION order_set_mode(text) TO phasegate_live_pruner";
    ok(&mut db, open).await;
    let found = findings(&table, &url, open).await;
    let said: Vec<&str> = found.iter().map(|finding| finding.message.as_str()).collect();
    let expected = [
        "PUBLIC may execute the function `order_prune`",
        "phasegate_live_pruner may execute the function `order_set_mode`",
    ];
    assert_eq!(said, expected);
}
