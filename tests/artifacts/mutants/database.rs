//! What must hold on both databases, a check each. The first ones are of the deploy table.

use std::cell::Cell;

use phasegate_codegen::Machine;
use phasegate_codegen::emit::sql::Dialect;

use super::defect::{Defect, check, put};
use crate::common::judge::judges_as_the_table;
use crate::common::sql::{Db, Names, Row, history, literal, ok, refused};

/// Defects that SQLite's schema can have in the rules that are read from it; the file is the end of
/// its path.
pub(crate) const fn written(file: &'static str) -> [Defect; 9] {
    [
        put("deploy", file, "a pair dropped", "  ('building', 'deploying', 'declared'),\n", ""),
        put("deploy", file, "a skip dropped", "  ('queued', 'building', 'skip'),\n", ""),
        put(
            "deploy",
            file,
            "a pair added",
            "\n  ('queued', 'failed', 'declared')",
            "\n  ('queued', 'failed', 'declared'),\n  ('succeeded', 'failed', 'declared')",
        ),
        put(
            "deploy",
            file,
            "a pair turned round",
            "('building', 'deploying', 'declared')",
            "('deploying', 'building', 'declared')",
        ),
        put(
            "deploy",
            file,
            "a skip marked as declared",
            "('queued', 'building', 'skip')",
            "('queued', 'building', 'declared')",
        ),
        put(
            "deploy",
            file,
            "a declared pair marked as a skip",
            "('queued', 'failed', 'declared')",
            "('queued', 'failed', 'skip')",
        ),
        put(
            "deploy",
            file,
            "the fingerprints swapped",
            "VALUES ('775a73dba2dc4ce4')",
            "VALUES ('3214e42ddef3e601')",
        ),
        put(
            "order",
            file,
            "an unescaped quote",
            "('it''s \"quoted\"; --', 1",
            "('it's \"quoted\"; --', 1",
        ),
        put("order", file, "a name where the value belongs", "(' Paid, or so ', 3", "('paid', 3"),
    ]
}

/// Runs the checks that a table is for.
pub(crate) async fn checks<D: Db>(db: &mut D, machine: &Machine, at: &Cell<&'static str>) {
    check!(at, judges_as_the_table(db, machine).await);
    check!(at, the_rows_are_those_of_the_table(db, machine).await);
    if machine.name == "deploy" {
        check!(at, a_new_row_starts_in_the_default(db).await);
        check!(at, the_key_of_a_row_stays(db).await);
        check!(at, a_key_is_used_once(db).await);
        check!(at, a_row_starts_in_an_initial_state(db).await);
        check!(at, a_status_is_known(db).await);
        check!(at, other_columns_write_no_event(db).await);
        check!(at, nothing_but_the_guard_writes_the_history(db).await);
        check!(at, the_history_is_append_only(db).await);
        check!(at, the_reports_are_append_only(db).await);
        check!(at, a_report_names_what_happened(db).await);
        check!(at, of_refused_reports_the_newest_stay(db).await);
        check!(at, a_force_writes_what_no_transition_allows_and_marks_it(db).await);
        check!(at, a_force_says_what_it_cannot_do(db).await);
        check!(at, a_force_leaves_the_guard_shut(db).await);
    } else {
        check!(at, a_force_enters_no_retired_state(db).await);
    }
}

async fn row(db: &mut impl Db, id: &str, way: &[&str]) {
    ok(db, &format!("INSERT INTO deploys (id) VALUES ('{id}')")).await;
    for state in way {
        ok(db, &format!("UPDATE deploys SET status = '{state}' WHERE id = '{id}'")).await;
    }
}

async fn a_new_row_starts_in_the_default(db: &mut impl Db) {
    row(db, "new", &[]).await;
    let status = db.rows("SELECT CAST(status AS text) FROM deploys WHERE id = 'new'").await;
    assert_eq!(status, [[Some("queued".to_owned())]]);
    assert_eq!(history(db, "new").await, ">queued");
}

async fn the_key_of_a_row_stays(db: &mut impl Db) {
    row(db, "key", &["building"]).await;
    let why = "the key of deploys cannot change";
    refused(db, "UPDATE deploys SET id = 'other' WHERE id = 'key'", why).await;
    let both = "UPDATE deploys SET id = 'other', status = 'failed' WHERE id = 'key'";
    refused(db, both, why).await;
    assert_eq!(history(db, "key").await, ">queued queued>building");
}

async fn a_key_is_used_once<D: Db>(db: &mut D) {
    row(db, "once", &["failed"]).await;
    let why = "the key of deploys cannot be used again";
    if D::DIALECT == Dialect::Sqlite {
        refused(db, "INSERT OR REPLACE INTO deploys (id) VALUES ('once')", why).await;
    }
    ok(db, "DELETE FROM deploys WHERE id = 'once'").await;
    refused(db, "INSERT INTO deploys (id) VALUES ('once')", why).await;
    assert_eq!(history(db, "once").await, ">queued queued>failed");
}

async fn a_row_starts_in_an_initial_state(db: &mut impl Db) {
    let insert = "INSERT INTO deploys (id, status) VALUES ('start', 'building')";
    refused(db, insert, "illegal start of deploy").await;
}

async fn a_status_is_known<D: Db>(db: &mut D) {
    if D::DIALECT == Dialect::Sqlite {
        row(db, "known", &[]).await;
        for status in ["'none'", "'Failed'", "'failed' || char(0)"] {
            let update = format!("UPDATE deploys SET status = {status} WHERE id = 'known'");
            refused(db, &update, "unknown state of deploy").await;
        }
    }
}

async fn other_columns_write_no_event(db: &mut impl Db) {
    row(db, "note", &["building"]).await;
    ok(db, "UPDATE deploys SET reason = 'r' WHERE id = 'note'").await;
    ok(db, "UPDATE deploys SET status = 'building' WHERE id = 'note'").await;
    assert_eq!(history(db, "note").await, ">queued queued>building");
}

async fn nothing_but_the_guard_writes_the_history<D: Db>(db: &mut D) {
    row(db, "forged", &["building"]).await;
    let (now, language) = match D::DIALECT {
        Dialect::Sqlite => {
            ("strftime('%Y-%m-%dT%H:%M:%fZ', 'now')", "(SELECT fingerprint FROM deploy_language)")
        }
        Dialect::Postgres => ("now()", "'x'"),
    };
    // A step that is legal and was not taken, which SQLite can't tell from one that was; one that stays;
    // one from elsewhere.
    let is_sqlite = D::DIALECT == Dialect::Sqlite;
    for (seq, from, to, why) in [
        (
            3,
            "'building'",
            if is_sqlite { "succeeded" } else { "failed" },
            if is_sqlite { "illegal transition" } else { "deploy_events is append-only" },
        ),
        (
            3,
            "'building'",
            "building",
            if is_sqlite { "illegal transition" } else { "deploy_events is append-only" },
        ),
        (3, "'deploying'", "failed", ""),
        (4, "'building'", "failed", "deploy_events is append-only"),
        (1, "NULL", "queued", ""),
    ] {
        let insert = format!(
            "INSERT INTO deploy_events (deploy_id, seq, from_state, to_state, at, language) \
             VALUES ('forged', {seq}, {from}, '{to}', {now}, {language})"
        );
        refused(db, &insert, why).await;
    }
    assert_eq!(history(db, "forged").await, ">queued queued>building");
}

async fn the_history_is_append_only<D: Db>(db: &mut D) {
    row(db, "kept", &["building"]).await;
    let why = "deploy_events is append-only";
    refused(db, "UPDATE deploy_events SET to_state = 'failed'", why).await;
    refused(db, "DELETE FROM deploy_events WHERE deploy_id = 'kept'", why).await;
    if D::DIALECT == Dialect::Postgres {
        refused(db, "TRUNCATE deploy_events", why).await;
    }
    assert_eq!(history(db, "kept").await, ">queued queued>building");
}

const REPORT: &str = "INSERT INTO deploy_reports (deploy_id, event_id, status, answer, seq) VALUES";

async fn the_reports_are_append_only<D: Db>(db: &mut D) {
    row(db, "told", &["building"]).await;
    ok(db, &format!("{REPORT} ('told', 'e', 'building', 'applied', 2)")).await;
    let why = "deploy_reports is append-only";
    refused(db, "UPDATE deploy_reports SET actor = 'me'", why).await;
    refused(db, "DELETE FROM deploy_reports", why).await;
    match D::DIALECT {
        Dialect::Postgres => refused(db, "TRUNCATE deploy_reports", why).await,
        Dialect::Sqlite => {
            let replace = "REPLACE INTO deploy_reports (id, deploy_id, status, answer) \
                           SELECT id, 'told', 'failed', 'ended' FROM deploy_reports LIMIT 1";
            refused(db, replace, why).await;
            let below = "INSERT INTO deploy_reports (id, deploy_id, status, answer) \
                         VALUES (-1, 'told', 'failed', 'ended')";
            refused(db, below, "deploy_reports: ids start at 1").await;
        }
    }
}

async fn a_report_names_what_happened<D: Db>(db: &mut D) {
    row(db, "named", &["building"]).await;
    for (seq, why) in [(3, "deploy_reports: "), (0, "deploy_reports: ")] {
        let insert = format!("{REPORT} ('named', 'e{seq}', 'building', 'applied', {seq})");
        refused(db, &insert, why).await;
    }
    ok(db, &format!("{REPORT} ('named', 'e', 'building', 'applied', 2)")).await;
    for again in ["'e', 'building', 'applied', 1", "'f', 'building', 'applied', 2"] {
        let said = db.run(&format!("{REPORT} ('named', {again})")).await.unwrap_err();
        assert!(said.contains("append-only") || said.contains("unique constraint"), "{said}");
    }
    ok(db, &format!("{REPORT} ('named', 'e', 'failed', 'ended', NULL)")).await;
    row(db, "twin", &[]).await;
    ok(db, &format!("{REPORT} ('named', 's', 'queued', 'applied', 1)")).await;
    let said =
        db.run(&format!("{REPORT} ('twin', 's', 'queued', 'applied', 1)")).await.unwrap_err();
    assert!(said.contains("append-only") || said.contains("unique constraint"), "{said}");
    let insert = "INSERT INTO deploy_reports (deploy_id, status, answer, at) \
                  VALUES ('named', 'failed', 'ended', '2001-01-01T00:00:00.000Z')";
    match D::DIALECT {
        Dialect::Sqlite => refused(db, insert, "deploy_reports: the time").await,
        Dialect::Postgres => ok(db, insert).await,
    }
    let old = "SELECT CAST(id AS text) FROM deploy_reports WHERE CAST(at AS text) LIKE '2001%'";
    assert_eq!(db.rows(old).await, Vec::<Row>::new());
}

async fn of_refused_reports_the_newest_stay<D: Db>(db: &mut D) {
    row(db, "full", &["building"]).await;
    ok(db, &format!("{REPORT} ('full', 'e', 'building', 'applied', 2)")).await;
    let what =
        "INSERT INTO deploy_reports (deploy_id, status, answer) SELECT 'full', 'x' || n, 'ended'";
    let many = match D::DIALECT {
        Dialect::Postgres => format!("{what} FROM generate_series(1, 203) n"),
        Dialect::Sqlite => format!(
            "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 203) {what} FROM c"
        ),
    };
    ok(db, &many).await;
    let kept = "SELECT answer, CAST(count(*) AS text) FROM deploy_reports WHERE deploy_id = 'full' \
                AND status <> 'x3' GROUP BY answer ORDER BY 1";
    let text = |text: &str| Some(text.to_owned());
    let expected = [[text("applied"), text("1")], [text("ended"), text("200")]];
    assert_eq!(db.rows(kept).await, expected);
    let pruned = "SELECT CAST(reports AS text) FROM deploy_pruned WHERE deploy_id = 'full'";
    assert_eq!(db.rows(pruned).await, [[text("3")]]);
}

/// The statement that forces a row.
fn force<D: Db>(_: &D, machine: &str, id: &str, to: &str, reason: &str) -> String {
    let values = [id, to, reason].map(literal).join(", ");
    match D::DIALECT {
        Dialect::Postgres => format!("SELECT {machine}_force({values})"),
        Dialect::Sqlite => format!(
            "INSERT INTO {machine}_force (key, to_state, reason, actor) SELECT {values}, 'operator'; \
             UPDATE {machine}s SET status = {} WHERE id = {}",
            literal(to),
            literal(id)
        ),
    }
}

async fn a_force_writes_what_no_transition_allows_and_marks_it<D: Db>(db: &mut D) {
    row(db, "forced", &["building"]).await;
    if D::DIALECT == Dialect::Postgres {
        let database = db.rows("SELECT current_database()::text").await.remove(0).remove(0);
        let role = format!("operator_{}", database.unwrap());
        ok(db, &format!("CREATE ROLE {role} SUPERUSER; SET SESSION AUTHORIZATION {role}")).await;
    }
    let statement = force(db, "deploy", "forced", "succeeded", "the page hung");
    ok(db, &statement).await;
    if D::DIALECT == Dialect::Postgres {
        ok(db, "RESET SESSION AUTHORIZATION").await;
    }
    assert_eq!(history(db, "forced").await, ">queued queued>building building>succeeded");
    let marks = "SELECT forced FROM deploy_events WHERE deploy_id = 'forced' ORDER BY seq";
    let marked = Some("the page hung".to_owned());
    assert_eq!(db.rows(marks).await, [[None], [None], [marked]]);
    let left = db.rows("SELECT 'left' FROM deploy_forcing").await;
    assert_eq!(left, Vec::<Row>::new());
    let reports = "SELECT status, from_state, answer, CAST(seq AS text), actor FROM deploy_reports \
                   WHERE deploy_id = 'forced'";
    let report = db.rows(reports).await.remove(0);
    let report: Vec<&str> = report.iter().flatten().map(String::as_str).collect();
    assert_eq!(report[..4], ["succeeded", "building", "applied", "3"]);
    assert!(report[4].starts_with("operator"), "{report:?}");
}

async fn a_force_says_what_it_cannot_do<D: Db>(db: &mut D) {
    row(db, "asked", &[]).await;
    for (id, to, reason, why) in [
        ("asked", "none", "x", "unknown state of deploy"),
        ("nobody", "failed", "x", "no row of deploys"),
        ("asked", "queued", "x", ""),
        ("asked", "succeeded", " ", "deploy_force wants a reason"),
    ] {
        // SQLite's leave is for the UPDATE after it, which moves no row.
        if D::DIALECT == Dialect::Sqlite && id == "nobody" {
            continue;
        }
        let statement = force(db, "deploy", id, to, reason);
        refused(db, &statement, why).await;
    }
    assert_eq!(history(db, "asked").await, ">queued");
}

async fn a_force_leaves_the_guard_shut<D: Db>(db: &mut D) {
    row(db, "shut", &["building"]).await;
    row(db, "other", &["building"]).await;
    let statement = force(db, "deploy", "shut", "succeeded", "x");
    ok(db, &format!("BEGIN; {statement}")).await;
    let why = "illegal transition of deploy";
    ok(db, "SAVEPOINT s").await;
    for plain in [
        "UPDATE deploys SET status = 'succeeded' WHERE id = 'other'",
        "UPDATE deploys SET status = 'failed' WHERE id = 'shut'",
    ] {
        refused(db, plain, why).await;
        ok(db, "ROLLBACK TO s").await;
    }
    let now = "strftime('%Y-%m-%dT%H:%M:%fZ', 'now')";
    if D::DIALECT == Dialect::Sqlite {
        // A step that the row really just took, under a mark of one's own.
        let guard = "DROP TRIGGER \"000_deploy_guard_update\"; DROP TRIGGER IF EXISTS \"000_deploy_guard_update_logged\"; \
                     UPDATE deploys SET status = 'deploying' WHERE id = 'other'";
        ok(db, guard).await;
        let forged = format!(
            "INSERT INTO deploy_events SELECT 'other', 3, 'building', 'deploying', {now}, fingerprint, 'x', NULL \
             FROM deploy_language"
        );
        refused(db, &forged, "deploy_events is append-only").await;
    }
    ok(db, "ROLLBACK").await;
    assert_eq!(history(db, "shut").await, ">queued queued>building");
}

async fn a_force_enters_no_retired_state<D: Db>(db: &mut D) {
    ok(db, "INSERT INTO orders (id, status) VALUES ('old', 'cart')").await;
    let statement = force(db, "order", "old", "faxed", "x");
    let why = match D::DIALECT {
        Dialect::Postgres => "the state faxed of order is retired",
        Dialect::Sqlite => "that state of order is retired",
    };
    refused(db, &statement, why).await;
}

/// The states, their order and starts, the kinds of transitions, the fingerprint.
async fn the_rows_are_those_of_the_table<D: Db>(db: &mut D, machine: &Machine) {
    let prefix = Names::new(machine, D::DIALECT).table;
    let prefix = prefix.rsplit_once('.').map_or(String::new(), |(schema, _)| format!("{schema}."));
    let named = |what: &str| format!("{prefix}\"{}_{what}\"", machine.name);
    let value = |id| machine.state(id).value.clone();
    let states = format!("SELECT state FROM {} WHERE {{}} ORDER BY \"position\"", named("states"));
    let texts = |rows: Vec<Row>| -> Vec<String> { rows.into_iter().flatten().flatten().collect() };
    let all: Vec<String> = machine.state_ids().map(value).collect();
    assert_eq!(texts(db.rows(&states.replace("{}", "1 = 1")).await), all);
    let mut initial = machine.initial.clone();
    initial.sort();
    let initial: Vec<String> = initial.into_iter().map(value).collect();
    assert_eq!(texts(db.rows(&states.replace("{}", "\"initial\"")).await), initial);
    let mut pairs: Vec<Row> = machine
        .transitions()
        .map(|(from, to, kind)| {
            [value(from), value(to), kind.as_str().to_owned()].map(Some).to_vec()
        })
        .collect();
    pairs.sort();
    let sql = format!("SELECT from_state, to_state, kind FROM {}", named("transitions"));
    let mut found = db.rows(&sql).await;
    found.sort();
    assert_eq!(found, pairs);
    let language = db.rows(&format!("SELECT fingerprint FROM {}", named("language"))).await;
    assert_eq!(language, [[Some(machine.fingerprints.language.clone())]]);
}

/// Rows of the table with a transition of a state to itself: only the time, the place and the rules
/// tell a forged one from a real one.
pub(crate) async fn a_forged_step_says_what_the_row_could_have_done(db: &mut impl Db) {
    ok(db, "INSERT INTO orders (id, status) VALUES ('f', 'cart')").await;
    let quoted = literal("it's \"quoted\"; --");
    ok(db, &format!("UPDATE orders SET status = {quoted} WHERE id = 'f'")).await;
    let now = "strftime('%Y-%m-%dT%H:%M:%fZ', 'now')";
    let language = "(SELECT fingerprint FROM order_language)";
    for (seq, at, language) in
        [("4", now, language), ("3", "'2001-01-01T00:00:00.000Z'", language), ("3", now, "'x'")]
    {
        let insert = format!(
            "INSERT INTO order_events (order_id, seq, from_state, to_state, at, language) \
             VALUES ('f', {seq}, {quoted}, {quoted}, {at}, {language})"
        );
        refused(db, &insert, "order_events is append-only").await;
    }
}
