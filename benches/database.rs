//! What SQLite's guards cost, beside the plain statements and beside the smallest pair of triggers that
//! somebody would write by hand, in one run: 100,000 rows of an application's table in a file.
//!
//! `cargo bench --bench database`; the least of three times each, and how many times plain that is.

use std::time::Instant;

use phasegate_codegen::Machine;
use phasegate_codegen::emit::sql::{Dialect, migrations};
use sqlx::sqlite::SqliteConnection;
use sqlx::{AssertSqlSafe, Connection as _};

const TABLE: &str = r#"
format = 1
machine = { name = "order", initial = "new" }
state = [{ name = "new" }, { name = "paid" }, { name = "packed" }, { name = "sent" }, { name = "returned" }, { name = "void", outcome = "cancelled" }]
transition = [{ path = ["new", "paid", "packed", "sent", "returned"] }, { from = ["new", "paid", "packed"], to = "void" }]
[target.sql]
owns = false
storage = "text"
key_type = "bigint"
"#;

const OWN: &str = "CREATE TABLE orders (id INTEGER PRIMARY KEY AUTOINCREMENT, \
    status TEXT NOT NULL DEFAULT 'new', customer TEXT NOT NULL, email TEXT, total INTEGER, note TEXT, \
    created_at TEXT NOT NULL, updated_at TEXT)";

const BY_HAND: &str = "
CREATE TABLE steps (order_id INTEGER NOT NULL, seq INTEGER NOT NULL, was TEXT, becomes TEXT, at TEXT NOT NULL,
  PRIMARY KEY (order_id, seq)) WITHOUT ROWID;
CREATE TRIGGER starts AFTER INSERT ON orders BEGIN
  SELECT RAISE(ABORT, 'no start') WHERE NEW.status <> 'new';
  INSERT INTO steps VALUES (NEW.id, 1, NULL, NEW.status, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'));
END;
CREATE TRIGGER moves AFTER UPDATE OF status ON orders WHEN NEW.status IS NOT OLD.status BEGIN
  SELECT RAISE(ABORT, 'illegal') WHERE NOT CASE OLD.status
    WHEN 'new' THEN NEW.status IN ('paid', 'void') WHEN 'paid' THEN NEW.status IN ('packed', 'void')
    WHEN 'packed' THEN NEW.status IN ('sent', 'void') WHEN 'sent' THEN NEW.status = 'returned' ELSE 0 END;
  INSERT INTO steps VALUES (NEW.id, (SELECT max(seq) + 1 FROM steps WHERE order_id = NEW.id),
    OLD.status, NEW.status, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'));
END;";

const STATEMENTS: [(&str, &str); 4] = [
    (
        "INSERT",
        "INSERT INTO orders (customer, email, total, note, created_at) \
         WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 100000) \
         SELECT 'customer ' || n, 'c' || n || '@example.org', n * 7, \
         'some words that people write down about an order, of no interest here', \
         '2026-01-01T00:00:00.000Z' FROM n",
    ),
    ("UPDATE of the status, first", "UPDATE orders SET status = 'paid'"),
    ("UPDATE of the status, again", "UPDATE orders SET status = 'packed'"),
    ("UPDATE of another column", "UPDATE orders SET updated_at = '2026-01-01T00:00:00.000Z'"),
];

const TURNS: usize = 3;

fn machine(keys: &str) -> Machine {
    let text = format!("{TABLE}{keys}");
    phasegate_codegen::machine("orders.toml", text.as_bytes()).expect("the table is valid").1
}

fn guards(keys: &str) -> String {
    let files = migrations(&[], &machine(keys), Dialect::Sqlite).expect("it is the first");
    files.into_iter().map(|file| file.text).collect()
}

/// How long each statement takes, in seconds.
async fn times(guards: &str) -> [f64; 4] {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let url = format!("sqlite:{}?mode=rwc", folder.path().join("orders.db").display());
    let mut db = SqliteConnection::connect(&url).await.expect("the file can be made");
    let mut run = async |sql: &str| {
        let start = Instant::now();
        let statement = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()));
        statement.execute(&mut db).await.expect("the statement is legal");
        start.elapsed().as_secs_f64()
    };
    run(OWN).await;
    run(guards).await;
    let mut times = [0.0; 4];
    for (time, (_, sql)) in times.iter_mut().zip(STATEMENTS) {
        *time = run(sql).await;
    }
    times
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let kinds = [
        ("plain", String::new()),
        ("by hand", BY_HAND.to_owned()),
        ("guard", guards("events = false")),
        ("guard and history", guards("")),
    ];
    let mut least = [[f64::MAX; 4]; 4];
    for _ in 0..TURNS {
        for (least, (_, guards)) in least.iter_mut().zip(&kinds) {
            for (least, time) in least.iter_mut().zip(times(guards).await) {
                *least = least.min(time);
            }
        }
    }
    for (at, (what, _)) in STATEMENTS.iter().enumerate() {
        println!("{what}");
        for (times, (kind, _)) in least.iter().zip(&kinds) {
            println!("  {kind:18} {:.3} s  {:.1} x", times[at], times[at] / least[0][at]);
        }
    }
}
