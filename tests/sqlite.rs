//! On SQLite nothing but a legal transition changes a status, whatever SQL is sent, and the history
//! says what happened. (That it lets all of those through: `equivalence.rs`.)

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common {
    pub(crate) mod judge;
    pub(crate) mod sql;
}

use common::judge;
use common::sql::{self, Db, Row, history, ok, refused};
use phasegate_codegen::targets::Dialect;
use sqlx::ConnectOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};

/// The deploy table, with a row `a` that is building and `b` that is queued.
async fn deploys() -> SqliteConnection {
    let mut db = sql::sqlite(&sql::schema(&sql::deploy(), Dialect::Sqlite)).await;
    ok(&mut db, "INSERT INTO deploys (id) VALUES ('a'), ('b')").await;
    ok(&mut db, "UPDATE deploys SET status = 'building' WHERE id = 'a'").await;
    db
}

async fn assert_untouched(db: &mut SqliteConnection) {
    assert_eq!(history(db, "a").await, ">queued queued>building");
    assert_eq!(history(db, "b").await, ">queued");
    let rows = db.rows("SELECT id, status, typeof(status) FROM deploys ORDER BY id").await;
    let row =
        |id: &str, status: &str| [id, status, "text"].map(|text| Some(text.to_owned())).to_vec();
    assert_eq!(rows, [row("a", "building"), row("b", "queued")]);
}

#[tokio::test]
async fn judges_every_pair_of_rows_that_are_older_than_the_guard() {
    for machine in sql::attached() {
        let mut db = sql::sqlite("").await;
        let names = sql::Names::new(&machine, Dialect::Sqlite);
        let (table, key, column) = (&names.table, &names.key, &names.column);
        // As found in the field: no affinity, a collation that folds case, nulls.
        let columns = format!("{key} PRIMARY KEY, {column} TEXT COLLATE NOCASE, note TEXT");
        ok(&mut db, &format!("CREATE TABLE {table} ({columns})")).await;
        let mut n = 0;
        for from in &machine.states {
            for _ in &machine.states {
                n += 1;
                let (id, value) = (names.key(n), sql::literal(&from.value));
                ok(&mut db, &format!("INSERT INTO {table} VALUES ({id}, {value}, NULL)")).await;
            }
        }
        ok(&mut db, &format!("INSERT INTO {table} VALUES ({}, NULL, NULL)", names.key(n + 1)))
            .await;
        ok(&mut db, &sql::schema(&machine, Dialect::Sqlite)).await;
        judge::judges_older_rows_as_the_table(&mut db, &machine).await;

        let set = |value: &str| {
            format!("UPDATE {table} SET {column} = {value} WHERE {key} = {}", names.key(n + 1))
        };
        ok(&mut db, &format!("UPDATE {table} SET note = 'still without a status'")).await;
        refused(&mut db, &set("'no such state'"), "unknown state").await;
        let first = machine.state(machine.initial[0]);
        if let Some(other) = machine.states.iter().find(|state| state.name == "sent") {
            refused(&mut db, &set(&sql::literal(&other.value)), "illegal start").await;
        }
        ok(&mut db, &set(&sql::literal(&first.value))).await;
        refused(&mut db, &set("NULL"), "unknown state").await;
        refused(&mut db, &set("X'61'"), "unknown state").await;
        refused(&mut db, &set(&sql::literal(&first.value.to_uppercase())), "unknown state").await;
        if names.events.is_some() {
            let again = format!(
                "DELETE FROM {table}; INSERT INTO {table} ({key}, {column}) VALUES ({}, {})",
                names.key(1),
                sql::literal(&first.value)
            );
            refused(
                &mut db,
                &again,
                &format!("the key of {} cannot be used again", table.trim_matches('"')),
            )
            .await;
        }
    }
}

#[tokio::test]
async fn refuses_every_way_into_a_state_that_is_not_legal() {
    let mut db = deploys().await;
    let illegal = "illegal transition of deploy from building; legal: deploying, failed";
    let key = "the key of deploys";
    for (statement, why) in [
        ("UPDATE deploys SET status = 'succeeded' WHERE id = 'a'", illegal),
        ("UPDATE OR IGNORE deploys SET status = 'succeeded' WHERE id = 'a'", illegal),
        ("UPDATE OR REPLACE deploys SET status = 'succeeded' WHERE id = 'a'", illegal),
        ("UPDATE OR FAIL deploys SET status = 'succeeded' WHERE id = 'a'", illegal),
        ("UPDATE OR ROLLBACK deploys SET status = 'succeeded' WHERE id = 'a'", illegal),
        // REPLACE puts the column's default in the place of a null.
        ("UPDATE OR REPLACE deploys SET status = NULL WHERE id = 'a'", illegal),
        // One illegal row takes the legal ones with it.
        (
            "UPDATE deploys SET status = 'failed' WHERE id = 'b'; UPDATE deploys SET status = 'queued'",
            "illegal",
        ),
        ("UPDATE OR FAIL deploys SET status = 'deploying'", "illegal"),
        (
            "UPDATE deploys SET status = 'Building' WHERE id = 'a'",
            "unknown state of deploy; known: queued, ",
        ),
        ("UPDATE deploys SET status = 'building' || char(0) WHERE id = 'a'", "unknown state"),
        ("UPDATE deploys SET status = 1 WHERE id = 'a'", "unknown state"),
        (
            "INSERT INTO deploys (id, status) VALUES ('c', 'building')",
            "illegal start of deploy; initial: queued",
        ),
        ("INSERT OR IGNORE INTO deploys (id, status) VALUES ('c', 'building')", "illegal start"),
        ("INSERT OR REPLACE INTO deploys (id, status) VALUES ('c', 'building')", "illegal start"),
        ("INSERT INTO deploys (id, status) VALUES ('c', 'none')", "unknown state"),
        ("INSERT OR REPLACE INTO deploys (id, status) VALUES ('a', 'queued')", key),
        ("REPLACE INTO deploys (id, status) VALUES ('a', 'building')", "illegal start"),
        ("DELETE FROM deploys WHERE id = 'a'; INSERT INTO deploys (id) VALUES ('a')", key),
        (
            "DELETE FROM deploys WHERE id = 'a'; INSERT OR IGNORE INTO deploys (id) VALUES ('a')",
            key,
        ),
        (
            "DELETE FROM deploys WHERE id = 'a'; INSERT OR REPLACE INTO deploys (id) VALUES ('a')",
            key,
        ),
        ("UPDATE deploys SET id = 'c' WHERE id = 'a'", key),
        ("UPDATE deploys SET id = 'A' WHERE id = 'a'", key),
        ("UPDATE OR REPLACE deploys SET id = 'b' WHERE id = 'a'", key),
        ("UPDATE OR IGNORE deploys SET id = 'c', status = 'failed' WHERE id = 'a'", key),
        (
            "INSERT INTO deploys (id, status) VALUES ('b', 'succeeded') \
             ON CONFLICT (id) DO UPDATE SET status = excluded.status",
            "illegal transition of deploy from queued",
        ),
    ] {
        ok(&mut db, "BEGIN").await;
        refused(&mut db, statement, why).await;
        // The statement is undone, not the transaction: ROLLBACK has something to roll back.
        ok(&mut db, "ROLLBACK").await;
        assert_untouched(&mut db).await;
    }
    for statement in [
        "UPDATE deploys SET status = X'6661696c6564' WHERE id = 'a'",
        "UPDATE deploys SET status = NULL WHERE id = 'a'",
        "INSERT INTO deploys (id) VALUES (NULL)",
        "INSERT INTO deploys (id) VALUES (X'63')",
        "INSERT INTO deploys (id, status) VALUES ('c', X'717565756564')",
    ] {
        assert!(db.run(statement).await.is_err(), "{statement}");
        assert_untouched(&mut db).await;
    }
    // Silently nothing, as it asks for.
    ok(&mut db, "UPDATE OR IGNORE deploys SET status = NULL WHERE id = 'a'").await;
    assert_untouched(&mut db).await;
}

#[tokio::test]
async fn holds_without_foreign_keys_and_recursive_triggers_and_with_them() {
    for pragmas in [
        "PRAGMA foreign_keys = OFF; PRAGMA recursive_triggers = OFF",
        "PRAGMA foreign_keys = ON; PRAGMA recursive_triggers = ON",
    ] {
        let mut db = deploys().await;
        ok(&mut db, pragmas).await;
        refused(&mut db, "UPDATE deploys SET status = 'none' WHERE id = 'a'", "unknown").await;
        refused(&mut db, "REPLACE INTO deploys (id) VALUES ('a')", "").await;
        refused(&mut db, "DELETE FROM deploy_events", "deploy_events is append-only").await;
        assert_untouched(&mut db).await;
    }
}

#[tokio::test]
async fn lets_an_upsert_move_a_row_that_is_there() {
    let mut db = deploys().await;
    let upsert = "INSERT INTO deploys (id, status) VALUES ('a', 'deploying') \
                  ON CONFLICT (id) DO UPDATE SET status = excluded.status";
    ok(&mut db, upsert).await;
    ok(&mut db, "INSERT INTO deploys (id, status) VALUES ('a', 'queued') ON CONFLICT DO NOTHING")
        .await;
    ok(&mut db, "INSERT OR IGNORE INTO deploys (id, status) VALUES ('a', 'queued')").await;
    assert_eq!(history(&mut db, "a").await, ">queued queued>building building>deploying");
}

#[tokio::test]
async fn rowids_are_no_way_around() {
    let mut db = deploys().await;
    // To take another row's rowid deletes that row, and nothing more.
    ok(&mut db, "UPDATE OR REPLACE deploys SET rowid = (SELECT rowid FROM deploys WHERE id = 'b') WHERE id = 'a'").await;
    refused(&mut db, "INSERT INTO deploys (id) VALUES ('b')", "the key of deploys").await;
    refused(&mut db, "INSERT INTO deploys (rowid, id) VALUES (99, 'b')", "the key of deploys")
        .await;
    ok(&mut db, "INSERT OR REPLACE INTO deploys (rowid, id) SELECT rowid, 'new' FROM deploys WHERE id = 'a'").await;
    refused(&mut db, "INSERT INTO deploys (id) VALUES ('a')", "the key of deploys").await;
    assert_eq!(history(&mut db, "a").await, ">queued queued>building");
}

#[tokio::test]
async fn writes_no_event_where_the_status_stays() {
    let mut db = deploys().await;
    ok(&mut db, "UPDATE deploys SET reason = 'note'; UPDATE deploys SET status = status").await;
    ok(&mut db, "UPDATE deploys SET rowid = rowid + 100").await;
    assert_untouched(&mut db).await;
}

#[tokio::test]
async fn logs_a_declared_transition_to_itself_and_only_where_the_column_is_set() {
    let machine =
        sql::machine(&format!("{}table = 'orders'\nevents = 'deploy_events'", sql::ORDER));
    let schema = sql::schema(&machine, Dialect::Sqlite).replace("order_id", "deploy_id");
    let mut db = sql::sqlite(&schema).await;
    ok(&mut db, r#"INSERT INTO orders (id, status) VALUES ('a', 'it''s "quoted"; --')"#).await;
    ok(&mut db, "UPDATE orders SET reason = 'note'").await;
    assert_eq!(db.rows("SELECT 'row' FROM deploy_events").await.len(), 1);
    ok(&mut db, "UPDATE orders SET status = status; UPDATE OR REPLACE orders SET status = status")
        .await;
    assert_eq!(db.rows("SELECT 'row' FROM deploy_events").await.len(), 3);
}

#[tokio::test]
async fn nothing_but_the_guards_writes_the_history() {
    let mut db = deploys().await;
    let now = "strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), (SELECT fingerprint FROM deploy_language)";
    let append_only = "deploy_events is append-only";
    for (statement, why) in [
        ("DELETE FROM deploy_events", append_only),
        ("UPDATE deploy_events SET to_state = 'failed'", append_only),
        ("UPDATE OR REPLACE deploy_events SET seq = 1", append_only),
        ("UPDATE OR IGNORE deploy_events SET at = ''", append_only),
        (
            "INSERT OR REPLACE INTO deploy_events VALUES ('a', 1, NULL, 'building', NOW)",
            "the history of deploys",
        ),
        (
            "INSERT OR REPLACE INTO deploy_events VALUES ('a', 2, 'building', 'building', NOW)",
            append_only,
        ),
        (
            "INSERT OR IGNORE INTO deploy_events VALUES ('a', 3, 'building', 'failed', NOW)",
            append_only,
        ),
        ("INSERT INTO deploy_events VALUES ('a', 3, 'building', 'building', NOW)", append_only),
        ("INSERT INTO deploy_events VALUES ('a', 4, 'building', 'building', NOW)", append_only),
        ("INSERT INTO deploy_events VALUES ('a', 0, 'building', 'building', NOW)", append_only),
        ("INSERT INTO deploy_events VALUES ('new', 1, NULL, 'queued', NOW)", append_only),
        (
            "INSERT INTO deploy_events SELECT deploy_id, 3, to_state, to_state, at, language FROM deploy_events WHERE seq = 2",
            append_only,
        ),
        (
            "INSERT INTO deploy_events VALUES ('a', 2, 'queued', 'building', NOW) \
             ON CONFLICT DO UPDATE SET to_state = 'failed'",
            "the history of deploys",
        ),
    ] {
        refused(&mut db, &statement.replace("NOW", now), why).await;
        assert_untouched(&mut db).await;
    }
}

#[tokio::test]
async fn a_forged_transition_to_itself_says_what_the_row_could_have_done() {
    // A known limit: SQLite has no sessions, and cannot tell this INSERT from its own trigger's.
    let machine = sql::machine(&format!("{}events = 'log'", sql::ORDER));
    let mut db = sql::sqlite(&sql::schema(&machine, Dialect::Sqlite)).await;
    ok(&mut db, "INSERT INTO orders (id, status) VALUES ('a', 'it''s \"quoted\"; --')").await;
    let forge = |at: &str, language: &str| {
        format!("INSERT INTO log SELECT 'a', 2, status, status, {at}, {language} FROM orders")
    };
    let (now, language) =
        ("strftime('%Y-%m-%dT%H:%M:%fZ', 'now')", "(SELECT fingerprint FROM order_language)");
    refused(&mut db, &forge("'2020-01-01T00:00:00.000Z'", language), "log is append-only").await;
    refused(&mut db, &forge(now, "'0123456789abcdef'"), "log is append-only").await;
    let gap = forge(now, language).replace("'a', 2", "'a', 3");
    refused(&mut db, &gap, "log is append-only").await;
    ok(&mut db, &forge(now, language)).await;
}

#[tokio::test]
async fn the_reports_are_append_only() {
    let mut db = deploys().await;
    let report = |id: &str, event: &str, seq: &str| {
        format!(
            "INSERT OR REPLACE INTO deploy_reports (id, deploy_id, event_id, status, answer, seq) \
             VALUES ({id}, 'a', {event}, 'building', 'applied', {seq})"
        )
    };
    ok(&mut db, &report("NULL", "'e1'", "1")).await;
    ok(&mut db, &report("NULL", "NULL", "2")).await;
    let refusal = "INSERT INTO deploy_reports (deploy_id, event_id, status, from_state, answer) \
                   VALUES ('a', 'e1', 'queued', 'building', 'illegal-transition')";
    ok(&mut db, refusal).await;
    ok(&mut db, refusal).await;
    let append_only = "deploy_reports is append-only";
    for (statement, why) in [
        ("DELETE FROM deploy_reports".to_owned(), append_only),
        ("UPDATE deploy_reports SET actor = 'me'".to_owned(), append_only),
        ("UPDATE OR REPLACE deploy_reports SET id = 1".to_owned(), append_only),
        (report("1", "'e9'", "NULL"), append_only),
        (report("NULL", "'e1'", "NULL"), append_only),
        (report("NULL", "'e9'", "1"), append_only),
        (report("-1", "'e9'", "NULL"), "deploy_reports: ids start at 1"),
        (report("NULL", "'e9'", "3"), "deploy_reports: there is no such event"),
        (
            "INSERT INTO deploy_reports (deploy_id, status, answer, at) VALUES ('a', 'x', 'y', '2020')".to_owned(),
            "deploy_reports: the time is the database's own",
        ),
    ] {
        refused(&mut db, &statement, why).await;
    }
    assert_eq!(db.rows("SELECT 'row' FROM deploy_reports").await.len(), 4);
}

#[tokio::test]
async fn temporary_tables_shadow_nothing_that_the_guards_read() {
    let mut db = deploys().await;
    ok(
        &mut db,
        "CREATE TEMP TABLE deploy_transitions (from_state, to_state, kind);
         INSERT INTO temp.deploy_transitions VALUES ('building', 'succeeded', 'declared');
         CREATE TEMP TABLE deploy_states AS SELECT * FROM main.deploy_states;
         CREATE TEMP TABLE deploy_events AS SELECT * FROM main.deploy_events WHERE 0;",
    )
    .await;
    refused(&mut db, "UPDATE deploys SET status = 'succeeded' WHERE id = 'a'", "illegal").await;
    ok(&mut db, "UPDATE deploys SET status = 'failed' WHERE id = 'a'").await;
    ok(&mut db, "DROP TABLE temp.deploy_events").await;
    assert_eq!(history(&mut db, "a").await, ">queued queued>building building>failed");
}

#[tokio::test]
async fn other_triggers_move_a_row_legally_or_not_at_all() {
    let advance = "UPDATE deploys SET status = 'deploying' WHERE id = NEW.id; END";
    for (trigger, statement, expected) in [
        // A statement that leaves the status alone may set one off.
        (
            "AFTER UPDATE OF reason ON deploys BEGIN",
            "UPDATE deploys SET reason = 'x' WHERE id = 'a'",
            Ok(">queued queued>building building>deploying"),
        ),
        // One within the other: never logged out of order, so not at all.
        (
            "AFTER UPDATE ON deploys WHEN NEW.status = 'building' BEGIN",
            "UPDATE deploys SET status = 'building' WHERE id = 'b'",
            Err("phasegate: the history of deploys does not end where this step begins"),
        ),
        (
            "BEFORE UPDATE ON deploys WHEN NEW.status = 'failed' BEGIN",
            "UPDATE deploys SET status = 'failed' WHERE id = 'a'",
            Err("phasegate: the history of deploys does not end where this step begins"),
        ),
    ] {
        let mut db = deploys().await;
        ok(&mut db, &format!("CREATE TRIGGER other {trigger} {advance}")).await;
        match (db.run(statement).await, expected) {
            (Ok(()), Ok(expected)) => assert_eq!(history(&mut db, "a").await, expected),
            (Err(said), Err(why)) => {
                assert!(said.contains(why), "{said}");
                assert_untouched(&mut db).await;
            }
            (done, expected) => panic!("{statement}: {done:?} instead of {expected:?}"),
        }
    }
}

#[tokio::test]
async fn a_trigger_on_the_history_needs_recursive_triggers_to_move_the_row() {
    let mut db = deploys().await;
    let trigger =
        "CREATE TRIGGER other AFTER INSERT ON deploy_events WHEN NEW.to_state = 'building'
                   BEGIN UPDATE deploys SET status = 'deploying' WHERE id = NEW.deploy_id; END";
    ok(&mut db, trigger).await;
    let build = "UPDATE deploys SET status = 'building' WHERE id = 'b'";
    refused(&mut db, build, "a trigger on deploy_events changed deploys").await;
    assert_untouched(&mut db).await;
    ok(&mut db, "PRAGMA recursive_triggers = ON").await;
    ok(&mut db, build).await;
    assert_eq!(history(&mut db, "b").await, ">queued queued>building building>deploying");
}

#[tokio::test]
async fn a_row_that_was_changed_past_the_guard_goes_nowhere_until_it_is_put_back() {
    let mut db = deploys().await;
    let guards = db.rows("SELECT sql FROM sqlite_schema WHERE name LIKE '000_deploy_guard%'").await;
    assert_eq!(guards.len(), 3);
    for name in ["insert", "update", "again"] {
        ok(&mut db, &format!("DROP TRIGGER \"000_deploy_guard_{name}\"")).await;
    }
    // The owner can: that is what the guards cannot stop.
    ok(&mut db, "UPDATE deploys SET status = 'succeeded' WHERE id = 'b'").await;
    ok(&mut db, "UPDATE deploys SET status = 'deploying' WHERE id = 'a'").await;
    for guard in guards {
        ok(&mut db, guard[0].as_deref().unwrap()).await;
    }
    refused(
        &mut db,
        "UPDATE deploys SET status = 'failed' WHERE id = 'a'",
        "the history of deploys",
    )
    .await;
    assert_eq!(history(&mut db, "a").await, ">queued queued>building");
}

#[tokio::test]
async fn a_column_without_a_type_holds_texts_alone_and_its_key_stays() {
    let table = "format = 1\nmachine = { name = 'level', initial = 'one' }\n\
        state = [{ name = 'one', value = '1' }, { name = 'two', value = '2' }]\n\
        transition = [{ path = ['one', 'two', 'one'] }]\n[target.sql]\nowns = false";
    let machine = sql::machine(table);
    let mut db = sql::sqlite("CREATE TABLE levels (id COLLATE NOCASE, status)").await;
    ok(&mut db, &sql::schema(&machine, Dialect::Sqlite)).await;
    ok(&mut db, "INSERT INTO levels VALUES ('a', '1')").await;
    for (statement, why) in [
        ("UPDATE levels SET status = 2", "unknown state of level; known: 1, 2"),
        ("UPDATE levels SET status = X'32'", "unknown state"),
        ("INSERT INTO levels VALUES ('b', 1)", "unknown state"),
        ("INSERT INTO levels VALUES (NULL, '1')", "the key of levels cannot be null"),
        ("UPDATE levels SET id = 'A'", "the key of levels cannot change"),
        ("UPDATE levels SET id = NULL", "the key of levels cannot change"),
        ("INSERT INTO levels VALUES ('a', '1')", "the key of levels cannot be used again"),
    ] {
        refused(&mut db, statement, why).await;
    }
    ok(&mut db, "UPDATE levels SET status = '2'").await;
    let steps = db.rows("SELECT from_state, to_state FROM level_events ORDER BY seq").await;
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(steps, [[None, text("1")], [text("1"), text("2")]]);
}

#[tokio::test]
async fn without_a_history_a_key_that_exists_is_refused() {
    let machine = sql::machine(&format!("{}events = false", sql::ORDER));
    let mut db = sql::sqlite(&sql::schema(&machine, Dialect::Sqlite)).await;
    ok(&mut db, "INSERT INTO orders (id) VALUES ('a'); UPDATE orders SET status = 'quoted' WHERE id = 'none'").await;
    let exists = "the key of orders exists already";
    refused(&mut db, "REPLACE INTO orders (id) VALUES ('a')", exists).await;
    refused(&mut db, "INSERT OR IGNORE INTO orders (id) VALUES ('a')", exists).await;
    refused(&mut db, "INSERT INTO orders (id) VALUES ('a') ON CONFLICT DO NOTHING", exists).await;
    refused(&mut db, "UPDATE OR REPLACE orders SET id = 'b'", "the key of orders cannot change")
        .await;
    // The known hole of `events = false`: nothing remembers the key.
    ok(&mut db, "DELETE FROM orders; INSERT INTO orders (id) VALUES ('a')").await;
}

#[tokio::test]
async fn the_database_makes_numbers_for_keys_and_uses_none_twice() {
    let machine = sql::machine(&format!("{}key_type = 'bigint'", sql::ORDER));
    let mut db = sql::sqlite(&sql::schema(&machine, Dialect::Sqlite)).await;
    ok(&mut db, "INSERT INTO orders (status) VALUES ('cart'); DELETE FROM orders").await;
    ok(&mut db, "INSERT INTO orders (status) VALUES ('cart')").await;
    let keys = db.rows("SELECT CAST(id AS text) FROM orders").await;
    assert_eq!(keys, [[Some("2".to_owned())]]);
    refused(&mut db, "UPDATE orders SET id = 3", "the key of orders cannot change").await;
    refused(&mut db, "UPDATE orders SET rowid = 3", "the key of orders cannot change").await;
}

#[tokio::test]
async fn writers_at_once_leave_one_gapless_history() {
    let folder = tempfile::tempdir().unwrap();
    let options = SqliteConnectOptions::new()
        .filename(folder.path().join("test.db"))
        .create_if_missing(true)
        .busy_timeout(std::time::Duration::from_secs(60));
    let machine = sql::machine(sql::SWITCH);
    let mut db = options.connect().await.unwrap();
    ok(&mut db, &sql::schema(&machine, Dialect::Sqlite)).await;
    ok(&mut db, "INSERT INTO runs (id) VALUES ('a')").await;
    let writer = |options: SqliteConnectOptions| async move {
        let mut db = options.connect().await.unwrap();
        let mut moved = 0;
        for _ in 0..50 {
            let toggle = "UPDATE runs SET status = CASE status WHEN 'on' THEN 'off' ELSE 'on' END";
            moved += usize::from(db.run(toggle).await.is_ok());
        }
        moved
    };
    let writers: Vec<_> = (0..4).map(|_| tokio::spawn(writer(options.clone()))).collect();
    let mut moved = 0;
    for writer in writers {
        moved += writer.await.unwrap();
    }
    assert_eq!(moved, 200);
    let broken = "SELECT e.to_state FROM run_events e JOIN run_events n \
                  ON n.run_key = e.run_key AND n.seq = e.seq + 1 WHERE n.from_state <> e.to_state";
    assert_eq!(db.rows(broken).await, Vec::<Row>::new());
    let last =
        db.rows("SELECT CAST(max(seq) AS text), CAST(count(*) AS text) FROM run_events").await;
    assert_eq!(last, [[Some("201".to_owned()), Some("201".to_owned())]]);
}

#[tokio::test]
async fn the_largest_table_is_taken() {
    let machine = sql::machine(&sql::largest());
    assert_eq!((machine.states.len(), machine.transition_count()), (4096, 65536));
    let mut db = sql::sqlite(&sql::schema(&machine, Dialect::Sqlite)).await;
    ok(&mut db, "INSERT INTO bigs (id) VALUES ('a'); UPDATE bigs SET status = 's16'").await;
    refused(
        &mut db,
        "UPDATE bigs SET status = 's15'",
        "illegal transition of big; legal: see big_transitions",
    )
    .await;
}
