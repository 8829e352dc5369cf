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
        conn.close().await.unwrap();
    });
    finds_the_same(&url, &url);
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

#[test]
fn an_address_that_leads_nowhere_is_told_without_its_password() {
    let missing = Histories::new().path("none.db").display().to_string();
    for (url, says) in [
        (format!("sqlite:{missing}"), "there is no such file"),
        ("mongodb://x".to_owned(), "no source of the kind `mongodb:` is known"),
        ("postgres://me:secret@127.0.0.1:1/x".to_owned(), "postgres://127.0.0.1:1/x: "),
        ("postgres://me:secret@[:x".to_owned(), "the address is none of PostgreSQL"),
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
        conn.close().await.unwrap();
        url
    });
    let (before, server) = url.rsplit_once('@').unwrap();
    assert!(before.starts_with("postgres://postgres"), "{url}");
    finds_the_same(&url, &format!("postgres://{server}"));
}
