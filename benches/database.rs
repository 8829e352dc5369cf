//! What the guards cost, next to the plain statements and next to the smallest pair of triggers that
//! somebody would write by hand, in one run: 100,000 rows of an application's table.
//!
//! `cargo bench --bench database` prints the median of five times each, and how many times plain that
//! is: of the CPU that works at it, on PostgreSQL the backend's, which neighbours disturb less than the clock
//! (it reads `/proc`, so it takes Linux). Then it moves rows from partition to partition, lets the history grow
//! to 2,000,000 events, and has pgbench change one row a transaction, durably, with 8 clients. It needs
//! PostgreSQL 15 or newer. With words after `--` it measures these only: `sqlite`, `postgres`, `partitions`,
//! `growth`, `pgbench`.

#[path = "../tests/common/cluster.rs"]
mod cluster;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::process::Command;

use phasegate_codegen::Machine;
use phasegate_codegen::emit::sql::{Dialect, migrations};
use sqlx::postgres::PgConnection;
use sqlx::sqlite::SqliteConnection;
use sqlx::{AssertSqlSafe, Connection as _};

const TABLE: &str = r#"
format = 1
machine = { name = "order", initial = "new" }
state = [{ name = "new" }, { name = "paid" }, { name = "packed" }, { name = "sent" }, { name = "returned" }, { name = "void", outcome = "cancelled" }]
transition = [{ path = ["new", "paid", "packed", "sent", "returned", "paid"] }, { from = ["new", "paid", "packed"], to = "void" }]
[target.sql]
owns = false
storage = "text"
"#;

/// The legal steps, as somebody would write them by hand.
const JUDGE: &str = "CASE OLD.status
    WHEN 'new' THEN NEW.status IN ('paid', 'void') WHEN 'paid' THEN NEW.status IN ('packed', 'void')
    WHEN 'packed' THEN NEW.status IN ('sent', 'void') WHEN 'sent' THEN NEW.status = 'returned'
    WHEN 'returned' THEN NEW.status = 'paid' ELSE false END";

const STATEMENTS: [&str; 6] = [
    "INSERT",
    "UPDATE of the status, first",
    "UPDATE of the status, again",
    "UPDATE of another column",
    "UPDATE of the status, a third time",
    "UPDATE of the status, the first of rows from before the guard",
];

const TURNS: usize = 5;
const KINDS: [&str; 5] = ["plain", "by hand", "guard", "guard and history", "observed"];
/// Those of a table whose rows move: the smallest triggers by hand would take a move for a start.
const MOVING: [&str; 3] = ["plain", "guard and history", "observed"];
/// So many events the history grows to.
const EVENTS: usize = 2_000_000;
const ROWS: usize = 100_000;

/// The statements that are measured.
fn statements(dialect: Dialect) -> [String; 5] {
    let numbers = match dialect {
        Dialect::Postgres => "FROM generate_series(1, 100000) AS g(n)",
        Dialect::Sqlite => {
            "FROM (WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 100000) SELECT n FROM n)"
        }
    };
    let insert = format!(
        "INSERT INTO orders (id, customer, email, total, note, created_at) SELECT 'order ' || n, 'customer ' || n, \
         'c' || n || '@example.org', n * 7, 'some words that people write down about an order, of no interest here', \
         '2026-01-01T00:00:00.000Z' {numbers}"
    );
    let to = |state: &str| format!("UPDATE orders SET status = '{state}'");
    let other = "UPDATE orders SET updated_at = '2026-01-01T00:00:00.000Z'".to_owned();
    [insert, to("paid"), to("packed"), other, to("sent")]
}

/// The application's own table.
const OWN: &str = "CREATE TABLE orders (id text PRIMARY KEY, status text NOT NULL DEFAULT 'new', \
    customer text NOT NULL, email text, total integer, note text, created_at text NOT NULL, updated_at text)";

/// The same with a partition for each of some states.
fn partitioned() -> String {
    let own = OWN.replace("id text PRIMARY KEY", "id text NOT NULL");
    let own = own.trim_end_matches(')');
    let partition = |state| {
        format!("; CREATE TABLE orders_{state} PARTITION OF orders FOR VALUES IN ('{state}')")
    };
    let partitions: String = ["new", "paid", "packed", "sent"].map(partition).concat();
    format!("{own}, PRIMARY KEY (id, status)) PARTITION BY LIST (status){partitions}")
}

/// What is made around it.
fn guards(dialect: Dialect, kind: &str) -> String {
    let keys = match kind {
        "plain" => return String::new(),
        "by hand" => return by_hand(dialect),
        "guard" => "events = false",
        "observed" => "mode = \"observe\"",
        _ => "",
    };
    let text = format!("{TABLE}{keys}");
    let (_, machine, _): (_, Machine, _) =
        phasegate_codegen::machine("orders.toml", text.as_bytes()).expect("the table is valid");
    let files = migrations(&[], &machine, dialect).expect("it is the first");
    files.into_iter().map(|file| file.text).collect()
}

fn by_hand(dialect: Dialect) -> String {
    match dialect {
        Dialect::Postgres => format!(
            "CREATE TABLE steps (order_id text NOT NULL, seq bigint GENERATED ALWAYS AS IDENTITY, was text, becomes text,
               at timestamptz NOT NULL, PRIMARY KEY (order_id, seq));
             CREATE FUNCTION judge() RETURNS trigger LANGUAGE plpgsql AS $$
             BEGIN
               IF TG_OP = 'INSERT' THEN
                 IF NEW.status <> 'new' THEN RAISE 'no start'; END IF;
                 INSERT INTO steps (order_id, becomes, at) VALUES (NEW.id, NEW.status, clock_timestamp());
               ELSIF NEW.status <> OLD.status THEN
                 IF NOT ({JUDGE}) THEN RAISE 'illegal'; END IF;
                 INSERT INTO steps (order_id, was, becomes, at) VALUES (NEW.id, OLD.status, NEW.status, clock_timestamp());
               END IF;
               RETURN NULL;
             END $$;
             CREATE TRIGGER judge AFTER INSERT OR UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION judge()"
        ),
        Dialect::Sqlite => format!(
            "CREATE TABLE steps (order_id TEXT NOT NULL, seq INTEGER NOT NULL, was TEXT, becomes TEXT, at TEXT NOT NULL,
               PRIMARY KEY (order_id, seq)) WITHOUT ROWID;
             CREATE TRIGGER starts AFTER INSERT ON orders BEGIN
               SELECT RAISE(ABORT, 'no start') WHERE NEW.status <> 'new';
               INSERT INTO steps VALUES (NEW.id, 1, NULL, NEW.status, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'));
             END;
             CREATE TRIGGER moves AFTER UPDATE OF status ON orders WHEN NEW.status IS NOT OLD.status BEGIN
               SELECT RAISE(ABORT, 'illegal') WHERE NOT {JUDGE};
               INSERT INTO steps VALUES (NEW.id, (SELECT coalesce(max(seq), 0) + 1 FROM steps WHERE order_id = NEW.id),
                 OLD.status, NEW.status, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'));
             END;"
        ),
    }
}

/// A connection to a new file, which goes with the folder.
async fn file() -> (tempfile::TempDir, SqliteConnection) {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let url = format!("sqlite:{}?mode=rwc", folder.path().join("orders.db").display());
    let db = SqliteConnection::connect(&url).await.expect("the file can be made");
    (folder, db)
}

/// How long this process works at a statement: its threads, among them the one that SQLite runs in.
async fn own_cpu(db: &mut SqliteConnection, sql: &str) -> f64 {
    let before = worked();
    let statement = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()));
    statement.execute(db).await.expect("the statement is legal");
    // A thread of a connection before may have ended since.
    let since = worked().into_iter().map(|(thread, now)| now - before.get(&thread).unwrap_or(&0));
    since.sum::<u64>() as f64 / 1e9
}

/// What each thread that is there has worked so far, in nanoseconds.
fn worked() -> BTreeMap<OsString, u64> {
    let threads = std::fs::read_dir("/proc/self/task").expect("there is /proc");
    let worked = |thread: std::io::Result<std::fs::DirEntry>| {
        let thread = thread.ok()?;
        let stat = std::fs::read_to_string(thread.path().join("schedstat")).ok()?;
        Some((thread.file_name(), stat.split(' ').next()?.parse().ok()?))
    };
    threads.filter_map(worked).collect()
}

async fn sqlite(kind: &str) -> [f64; 6] {
    let made = guards(Dialect::Sqlite, kind);
    let [insert, first, ..] = statements(Dialect::Sqlite);
    let mut times = [0.0; 6];
    let (_folder, mut db) = file().await;
    for sql in [OWN, &made] {
        own_cpu(&mut db, sql).await;
    }
    for (time, sql) in times.iter_mut().zip(statements(Dialect::Sqlite)) {
        *time = own_cpu(&mut db, &sql).await;
    }
    let (_folder, mut db) = file().await;
    for sql in [OWN, &insert, &made] {
        own_cpu(&mut db, sql).await;
    }
    times[5] = own_cpu(&mut db, &first).await;
    times
}

/// A database of PostgreSQL's with the table, these rows in it, and what is around it.
async fn installed_on(kind: &str, own: &str, rows: &str) -> (String, PgConnection) {
    let url = cluster::database_of(&["-c", "shared_buffers=256MB", "-c", "max_wal_size=4GB"]).await;
    let mut db = PgConnection::connect(&url).await.expect("the cluster runs");
    for sql in [own.to_owned(), rows.to_owned(), guards(Dialect::Postgres, kind)] {
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut db).await.expect("it can be made");
    }
    (url, db)
}

/// The same without rows.
async fn installed(kind: &str) -> (String, PgConnection) {
    installed_on(kind, OWN, "").await
}

/// How long the backend works at a statement.
async fn cpu(db: &mut PgConnection, sql: &str) -> f64 {
    // Its own and the kernel's time, in hundredths of a second.
    let ticks = "SELECT (s[12]::bigint + s[13]::bigint)::float8 / 100 FROM (SELECT string_to_array( \
                 split_part(pg_read_file('/proc/self/stat'), ') ', 2), ' ') AS s) AS t";
    let before: f64 = sqlx::query_scalar(ticks).fetch_one(&mut *db).await.expect("there is /proc");
    let statement = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()));
    statement.execute(&mut *db).await.expect("the statement is legal");
    let after: f64 = sqlx::query_scalar(ticks).fetch_one(&mut *db).await.expect("there is /proc");
    after - before
}

async fn postgres(kind: &str) -> [f64; 6] {
    let (_, mut db) = installed(kind).await;
    let mut times = [0.0; 6];
    for (time, sql) in times.iter_mut().zip(statements(Dialect::Postgres)) {
        *time = cpu(&mut db, &sql).await;
    }
    let [insert, first, ..] = statements(Dialect::Postgres);
    let (_, mut db) = installed_on(kind, OWN, &insert).await;
    times[5] = cpu(&mut db, &first).await;
    times
}

/// The middle one of some times.
fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// What each statement takes of each kind, in the middle of some turns.
async fn bulk(dialect: Dialect) {
    let mut turns: [Vec<[f64; 6]>; KINDS.len()] = Default::default();
    for _ in 0..TURNS {
        for (turns, kind) in turns.iter_mut().zip(KINDS) {
            turns.push(match dialect {
                Dialect::Postgres => postgres(kind).await,
                Dialect::Sqlite => sqlite(kind).await,
            });
        }
    }
    println!("{}, {ROWS} rows in one statement", dialect.as_str());
    print(&STATEMENTS, &KINDS, &turns);
}

/// The median of each kind's turns, statement by statement.
fn print<const N: usize>(statements: &[&str], kinds: &[&str], turns: &[Vec<[f64; N]>]) {
    for (at, what) in statements.iter().enumerate() {
        println!("  {what}");
        let time = |turns: &Vec<[f64; N]>| median(turns.iter().map(|times| times[at]).collect());
        let plain = time(&turns[0]);
        for (turns, kind) in turns.iter().zip(kinds) {
            let time = time(turns);
            println!("    {kind:18} {time:.2} s  {:.1} x", time / plain);
        }
    }
}

/// What steps take that each move all rows to another partition.
async fn moves() {
    let mut turns: [Vec<[f64; 4]>; MOVING.len()] = Default::default();
    for _ in 0..TURNS {
        for (turns, kind) in turns.iter_mut().zip(MOVING) {
            let (_, mut db) = installed_on(kind, &partitioned(), "").await;
            let [insert, first, again, _, third] = statements(Dialect::Postgres);
            let mut times = [0.0; 4];
            for (time, sql) in times.iter_mut().zip([insert, first, again, third]) {
                *time = cpu(&mut db, &sql).await;
            }
            turns.push(times);
        }
    }
    println!("postgres, {ROWS} rows in one statement, from one partition to another");
    print(&["INSERT", "first move", "again", "a third time"], &MOVING, &turns);
}

/// What the same UPDATE takes while the history grows, in one session from the first event on.
async fn growth() {
    let (_, mut db) = installed("guard and history").await;
    let [insert, first, ..] = statements(Dialect::Postgres);
    cpu(&mut db, &insert).await;
    cpu(&mut db, &first).await;
    println!("postgres, {ROWS} rows a step, by the events that are there before it");
    let mut events = 2 * ROWS;
    for state in ["packed", "sent", "returned", "paid"].iter().cycle() {
        let time = cpu(&mut db, &format!("UPDATE orders SET status = '{state}'")).await;
        println!("    {events:9} {time:.2} s");
        events += ROWS;
        if events >= EVENTS {
            break;
        }
    }
}

/// One row a transaction, durable, 8 clients: the mean time of one.
async fn pgbench(kind: &str) -> f64 {
    let (url, mut db) = installed(kind).await;
    for sql in &statements(Dialect::Postgres)[..2] {
        cpu(&mut db, sql).await;
    }
    cpu(&mut db, "VACUUM ANALYZE").await;
    let script = tempfile::NamedTempFile::new().expect("a temporary file can be made");
    let text = "\\set n random(1, 100000)\nUPDATE orders SET status = CASE status WHEN 'paid' THEN 'packed' \
                WHEN 'packed' THEN 'sent' WHEN 'sent' THEN 'returned' ELSE 'paid' END WHERE id = 'order ' || :n;\n";
    std::fs::write(script.path(), text).expect("the file is there");
    let ran = Command::new(cluster::bin().join("pgbench"))
        .args(["-n", "-c", "8", "-j", "2", "-T", "20", "-f"])
        .arg(script.path())
        .arg(&url)
        .output()
        .expect("PostgreSQL comes with pgbench");
    let said = String::from_utf8_lossy(&ran.stdout);
    assert!(ran.status.success(), "{said}\n{}", String::from_utf8_lossy(&ran.stderr));
    let mean = said.lines().find_map(|line| line.strip_prefix("latency average = "));
    let mean = mean.and_then(|mean| mean.strip_suffix(" ms")).and_then(|mean| mean.parse().ok());
    mean.expect("pgbench says the latency")
}

/// One row a transaction, of each kind.
async fn transactions() {
    println!("postgres, one row a transaction, durable, 8 clients");
    let mut turns: [Vec<f64>; KINDS.len()] = Default::default();
    for _ in 0..TURNS {
        for (turns, kind) in turns.iter_mut().zip(KINDS) {
            turns.push(pgbench(kind).await);
        }
    }
    let means = turns.map(median);
    for (mean, kind) in means.iter().zip(KINDS) {
        println!("    {kind:18} {mean:.2} ms  {:.2} x", mean / means[0]);
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let only: Vec<String> =
        std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let is_asked = |part: &str| {
        let is_asked = only.is_empty() || only.iter().any(|word| word == part);
        if !is_asked {
            println!("{part}: left out, as asked");
        }
        is_asked
    };
    if is_asked("sqlite") {
        bulk(Dialect::Sqlite).await;
    }
    if is_asked("postgres") {
        bulk(Dialect::Postgres).await;
    }
    if is_asked("partitions") {
        moves().await;
    }
    if is_asked("growth") {
        growth().await;
    }
    if is_asked("pgbench") {
        transactions().await;
    }
}
