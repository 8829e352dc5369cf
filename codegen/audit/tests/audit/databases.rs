//! Histories in databases, streamed.

use std::ops::ControlFlow;

use phasegate_audit::{Error, Options, Report, Wanted, audit};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _};

use crate::histories::{Histories, ORDER, machine, options, troubles, violations};

/// The history of the table, as far as it is read: row 1 is whole, 2 breaks the rules twice, 3 was
/// pruned, 4 goes on from where it was before the history, 5 has a state that nothing has.
const EVENTS: &str = "
    CREATE TABLE order_events (order_id text NOT NULL, seq integer NOT NULL, from_state text,
        to_state text, at AT NOT NULL, PRIMARY KEY (order_id, seq));
    INSERT INTO order_events VALUES
        ('1', 2, 'placed', 'Paid up', '2026-01-01 10:00:00.5+00'),
        ('1', 1, NULL, 'placed', '2026-01-01 09:00:00+00'),
        ('2', 1, NULL, 'sent', '2026-01-01 09:00:00+00'),
        ('2', 2, 'sent', 'placed', '2026-01-01 08:00:00+00'),
        ('3', 7, NULL, 'sent', '2026-01-01 09:00:00+00'),
        ('3', 8, 'sent', 'arrived', '2026-01-01 09:00:00+00'),
        ('4', 1, 'Paid up', 'sent', '2026-01-01 09:00:00+00'),
        ('5', 1, NULL, 'placed', '2026-01-01 09:00:00+00'),
        ('5', 2, 'placed', NULL, '2026-01-01 09:00:00+00'),
        ('5', 3, NULL, 'gone', '2026-01-01 09:00:00+00');
    CREATE TABLE plain (id integer, n integer, status text);
    INSERT INTO plain VALUES (1, 2, 'sent'), (1, 1, 'placed'), (2, 3, 'arrived'), (2, 1, 'sent');
";

fn judged(url: &str, options: &Options) -> Result<Report, Error> {
    let machine = machine(&format!("{ORDER}[target.sql]\nkey_type = \"text\"\n"));
    audit(&machine, &[], &[url.to_owned()], options, None, &mut |_| ControlFlow::Continue(()))
}

fn finds_the_same(url: &str, shown: &str) {
    let report = judged(url, &options()).unwrap();
    assert_eq!(
        violations(&report),
        ["3: 2 1 start sent", "4: 2 2 sent placed", "10: 5 2 placed gone"]
    );
    assert_eq!(
        troubles(&report),
        [
            "4: step 2 of `2` is of 2026-01-01T08:00:00Z, before the one that it follows, of \
             2026-01-01T09:00:00Z",
            "9: the status of `5` is NULL",
        ]
    );
    assert_eq!((report.events, report.rows, report.unjudged), (9, 5, 1));
    assert_eq!(report.sources[0].name, shown, "no password is shown");
    let mut plain = options();
    plain.table = Some("plain".to_owned());
    let error = judged(url, &plain).unwrap_err().to_string();
    assert!(
        error.contains("name the column that orders the reports of a row by --order"),
        "{error}"
    );
    plain.wanted = Wanted { order: Some("n".to_owned()), ..Wanted::default() };
    let report = judged(url, &plain).unwrap();
    assert_eq!(violations(&report), ["4: 2 1 start sent"]);
    plain.table = Some("missing".to_owned());
    let error = judged(url, &plain).unwrap_err().to_string();
    assert!(error.starts_with(shown) && error.contains("missing"), "{error}");
    plain.table = Some("plain".to_owned());
    plain.wanted.status = Some("state".to_owned());
    let error = judged(url, &plain).unwrap_err().to_string();
    assert!(error.contains("no column `state` (--status); it has `id`, `n`, `status`"), "{error}");
}

#[test]
fn a_history_of_sqlite_is_streamed() {
    let histories = Histories::new();
    let path = histories.write("h.db", "");
    let url = format!("sqlite:{path}");
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let mut conn = sqlx::SqliteConnection::connect(&url).await.unwrap();
        conn.execute(AssertSqlSafe(EVENTS.replace(" AT ", " text "))).await.unwrap();
        conn.execute(AssertSqlSafe(LOG.replace(" AT)", " text)"))).await.unwrap();
        let bytes = "CREATE TABLE bytes (id integer, seq integer, status blob);
            INSERT INTO bytes VALUES (1, 1, X'ff'), (2, 1, 'placed')";
        conn.execute(bytes).await.unwrap();
        conn.close().await.unwrap();
    });
    finds_the_same(&url, &url);
    reads_a_log(&url);
    // What is no text is told as that.
    let mut asked = options();
    asked.table = Some("bytes".to_owned());
    let report = judged(&url, &asked).unwrap();
    assert!(troubles(&report)[0].starts_with("1: it is no text: "), "{report:?}");
    assert_eq!((report.events, report.violations), (1, 0));
    // A file that ends in the middle of its pages: what is read before that is judged.
    let bytes = std::fs::read(&path).unwrap();
    let torn = histories.write("torn.db", &bytes[..4096]);
    let error = judged(&format!("sqlite:{torn}"), &options());
    let is_told = match &error {
        Ok(report) => !report.troubles.is_empty(),
        Err(error) => error.to_string().starts_with("sqlite:"),
    };
    assert!(is_told, "{error:?}");
}

/// A log that is nobody's but the application's: rows are mixed, and some can't be read.
const LOG: &str = "
    CREATE TABLE log (shop varchar(9), no integer, what BLOB, kind varchar(9), at AT);
    INSERT INTO log VALUES
        ('a:b', 1, 'placed', 'Order', '2026-01-01 09:00:00'),
        ('a', 1, 'placed', 'Order', '2026-01-01 09:00:01'),
        ('a', 1, 'arrived', 'order', '2026-01-01 10:00:00'),
        ('a', 1, 'Paid up', 'Order', '2026-01-01 10:00:00.25'),
        ('A', 1, 'Paid up', 'Order', '2026-01-01 10:00:01'),
        (NULL, 1, 'placed', 'Order', '2026-01-01 10:00:02'),
        ('a', 1, 'sent', 'Order''s', '2026-01-01 10:00:03');";

fn reads_a_log(url: &str) {
    let mut asked = options();
    asked.table = Some("log".to_owned());
    asked.wanted = Wanted {
        id: vec!["shop".to_owned(), "no".to_owned()],
        status: Some("what".to_owned()),
        order: Some("at".to_owned()),
        ..Wanted::default()
    };
    let report = judged(url, &asked).unwrap();
    let found = ["3: a:1 2 placed arrived", "4: a:1 3 arrived paid", "5: A:1 1 start paid"];
    assert_eq!(violations(&report), found);
    assert_eq!(troubles(&report), ["6: its row's id is NULL"]);
    assert_eq!((report.events, report.rows, report.has_times), (6, 3, true));
    let only = |value: &str| vec![("kind".to_owned(), value.to_owned())];
    for (value, events) in [("Order", 4), ("order", 1), ("Order's", 1), ("\\", 0)] {
        asked.wanted.only = only(value);
        assert_eq!(judged(url, &asked).unwrap().events, events, "{value}");
    }
}

#[test]
#[ignore = "needs MariaDB: run by tests/run"]
fn a_table_of_mysql_is_streamed() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let url = runtime.block_on(async {
        let url = crate::mariadb::database().await;
        let mut conn = sqlx::MySqlConnection::connect(&url).await.unwrap();
        let log = LOG.replace(" AT)", " datetime(6))");
        let numbered = "CREATE TABLE numbered (id integer, seq integer, status varchar(9));
            INSERT INTO numbered VALUES (1, 2, 'sent'), (2, 1, 'placed'), (1, 1, 'placed')";
        let secret = "CREATE USER me IDENTIFIED BY 'secret'";
        for sql in [
            &log,
            numbered,
            secret,
            "CREATE TABLE bytes (id integer, seq integer, status blob)",
            "INSERT INTO bytes VALUES (1, 1, X'ff'), (2, 1, 'placed')",
        ] {
            sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut conn).await.unwrap();
        }
        conn.close().await.unwrap();
        url
    });
    reads_a_log(&url);
    let database = url.split_once('?').unwrap().0.rsplit('/').next().unwrap();
    let shown = format!("mysql://localhost:3306/{database}");
    let error = judged(&url, &options()).unwrap_err().to_string();
    assert!(error.starts_with(&shown) && error.contains("name a table"), "{error}");
    let mut asked = options();
    // Another database's table, by its whole name; the rows come in the order of their numbers.
    asked.table = Some(format!("{database}.numbered"));
    let report = judged(&url.replace(database, "mysql"), &asked).unwrap();
    assert_eq!((report.events, report.violations), (3, 0));
    assert_eq!(report.sources[0].name, "mysql://localhost:3306/mysql");
    asked.table = Some("bytes".to_owned());
    let report = judged(&url, &asked).unwrap();
    assert_eq!(violations(&report), ["1: 1 1 start ?"], "MySQL makes texts of bytes");
    asked.table = Some("missing".to_owned());
    let error = judged(&url, &asked).unwrap_err().to_string();
    assert!(error.starts_with(&shown) && error.contains("missing"), "{error}");
    let error = judged(&url.replace("root@", "me:wrong@"), &asked).unwrap_err().to_string();
    assert!(error.starts_with(&shown) && !error.contains("wrong"), "{error}");
}

#[test]
fn an_address_that_leads_nowhere_is_told_without_its_password() {
    let missing = Histories::new().path("none.db").display().to_string();
    for (url, says) in [
        (format!("sqlite:{missing}"), "there is no such file"),
        ("mongodb://x".to_owned(), "no source of the kind `mongodb:` is known"),
        ("postgres://me:secret@127.0.0.1:1/x".to_owned(), "postgres://127.0.0.1:1/x: "),
        ("postgres://me:secret@[:x".to_owned(), "the address is none of PostgreSQL"),
        ("mysql://me:secret@127.0.0.1:1/x".to_owned(), "mysql://127.0.0.1:1/x: "),
        ("mariadb://me:secret@[:x".to_owned(), "the address is none of MySQL"),
    ] {
        let error = judged(&url, &options()).unwrap_err().to_string();
        assert!(error.contains(says) && !error.contains("secret"), "{error}");
    }
    let machine = machine(ORDER);
    let error = audit(&machine, &[], &["sqlite:x".to_owned()], &options(), None, &mut |_| {
        ControlFlow::Continue(())
    });
    assert!(error.is_err(), "{error:?}");
}

#[test]
#[ignore = "needs PostgreSQL 15: run by tests/run"]
fn a_history_of_postgresql_is_streamed() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let url = runtime.block_on(async {
        let url = crate::cluster::database().await;
        let mut conn = sqlx::PgConnection::connect(&url).await.unwrap();
        conn.execute(AssertSqlSafe(EVENTS.replace(" AT ", " timestamptz "))).await.unwrap();
        let log = LOG.replace(" AT)", " timestamptz)").replace("BLOB", "text");
        conn.execute(AssertSqlSafe(log)).await.unwrap();
        conn.close().await.unwrap();
        url
    });
    let (before, server) = url.rsplit_once('@').unwrap();
    assert!(before.starts_with("postgres://postgres"), "{url}");
    finds_the_same(&url, &format!("postgres://{server}"));
    reads_a_log(&url);
}
