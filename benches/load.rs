//! What a backend takes of reports over HTTP, each durable before it is answered, next to pgbench with the
//! least SQL on the same server, and on SQLite next to a bare loop of the same statements.
//!
//! `cargo bench --bench load` runs both in turn with 1, 8 and 32 connections, and prints what came through
//! in a second, the median and the 99th percentile. Then it opens 5,000 event streams, and prints what they
//! take and how long an event of another instance is under way. It needs PostgreSQL 15 or newer. With words after `--` it
//! measures only these: `postgres`, `sqlite`, `streams`. `PHASEGATE_SECONDS` is how long a turn takes (10 by default).

#[path = "../tests/common/cluster.rs"]
mod cluster;

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use phasegate::http::{Backend, BearerToken, Options};
use phasegate::store::Start;
use phasegate::{Machine, Schema, Store};
use phasegate_codegen::emit::sql::{Dialect, migrations};
use sqlx::{AssertSqlSafe, Connection as _};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const CONNECTIONS: [usize; 3] = [1, 8, 32];
/// Rows that each connection reports to in turn.
const ROWS: usize = 20;

/// A machine that never ends, so that a row takes any number of reports.
const TABLE: &str = r#"
format = 1
machine = { name = "order", initial = "new" }
state = [{ name = "new" }, { name = "paid" }, { name = "packed" }, { name = "sent" }, { name = "returned" }]
transition = [{ path = ["new", "paid", "packed", "sent", "returned", "paid"] }]
[target.sql]
storage = "text"
"#;

/// The same three writes and no more: no guard, no judgement, no token.
const LEAST: &str = "CREATE TABLE least (id integer PRIMARY KEY, status text NOT NULL, seq bigint NOT NULL);
    CREATE TABLE least_events (id integer, seq bigint, was text, becomes text, at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (id, seq));
    CREATE TABLE least_reports (id integer, event_id text, status text, seq bigint, at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (id, event_id));
    INSERT INTO least SELECT n, 'paid', 1 FROM generate_series(1, 640) AS n";

/// One statement: compare and set, the event, the report.
const SCRIPT: &str = "\\set n random(1, 20)
\\set id :client_id * 20 + :n
WITH moved AS (UPDATE least SET status = CASE status WHEN 'paid' THEN 'packed' ELSE 'paid' END, seq = seq + 1
    WHERE id = :id AND status IN ('paid', 'packed') RETURNING id, status, seq),
  event AS (INSERT INTO least_events SELECT id, seq, CASE status WHEN 'paid' THEN 'packed' ELSE 'paid' END, status FROM moved)
INSERT INTO least_reports SELECT id, 'run/1/build/' || seq, status, seq FROM moved;
";

fn seconds() -> u64 {
    std::env::var("PHASEGATE_SECONDS").ok().and_then(|given| given.parse().ok()).unwrap_or(10)
}

fn machine() -> Arc<dyn Machine> {
    Arc::new(phasegate_codegen::machine("orders.toml", TABLE.as_bytes()).expect("it is valid").1)
}

fn schema(dialect: Dialect) -> String {
    let (_, machine, _) =
        phasegate_codegen::machine("orders.toml", TABLE.as_bytes()).expect("it is valid");
    let files = migrations(&[], &machine, dialect).expect("it is the first");
    files.into_iter().map(|file| file.text).collect()
}

/// What a turn came to.
struct Turn {
    per_second: f64,
    /// In milliseconds, sorted.
    took: Vec<f64>,
}

impl Turn {
    fn percentile(&self, percent: usize) -> f64 {
        self.took[(self.took.len() - 1) * percent / 100]
    }
}

/// A row that is reported to.
struct Row {
    id: String,
    token: String,
    step: usize,
}

/// Reports to its rows until the time is over; how long each answer took.
async fn client(address: SocketAddr, mut rows: Vec<Row>, until: Instant) -> Vec<f64> {
    let mut socket = TcpStream::connect(address).await.expect("the backend listens");
    socket.set_nodelay(true).expect("it is a socket");
    let mut took = Vec::new();
    let mut buffer = [0; 4096];
    while Instant::now() < until {
        for row in &mut rows {
            let status = ["returned", "paid", "packed", "sent"][(row.step + 1) % 4];
            row.step += 1;
            let body = format!(
                r#"{{"status":"{status}","job":"build","run_id":"1","run_attempt":1,"event_id":"{}"}}"#,
                row.step
            );
            let request = format!(
                "POST /api/orders/{}/callbacks HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {}\r\n\
                 Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
                row.id,
                row.token,
                body.len()
            );
            let begun = Instant::now();
            socket.write_all(request.as_bytes()).await.expect("the backend reads");
            let mut read = 0;
            // The answers are small, and end with the object that they are.
            while !buffer[..read].ends_with(b"}") {
                let more = socket.read(&mut buffer[read..]).await.expect("the backend answers");
                assert_ne!(more, 0, "the backend closed the connection");
                read += more;
            }
            let answer = String::from_utf8_lossy(&buffer[..read]);
            assert!(answer.contains("\"applied\":true"), "{answer}");
            took.push(begun.elapsed().as_secs_f64() * 1e3);
        }
    }
    took
}

/// The clients of one thread.
fn clients(address: SocketAddr, all: Vec<Vec<Row>>, until: Instant) -> Vec<f64> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime can be made").block_on(async {
        let mut tasks = tokio::task::JoinSet::new();
        for rows in all {
            tasks.spawn(client(address, rows, until));
        }
        tasks.join_all().await.concat()
    })
}

/// Reports over so many connections at once.
async fn over_http(store: &Store, machine: &Arc<dyn Machine>, connections: usize) -> Turn {
    let options = Options::default().burst(NonZeroU32::MAX).every(Duration::from_nanos(1));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("there is a port");
    let backend = Backend::with(store.clone(), machine.clone(), BearerToken, options);
    let running = backend.serve(listener, Default::default()).expect("it listens");
    let address = running.address();
    let mut all = Vec::new();
    for _ in 0..connections {
        let mut rows = Vec::new();
        for _ in 0..ROWS {
            let started = store.start(&**machine, &Start::default()).await.expect("it starts");
            let token = started.token.expect("the table has tokens");
            rows.push(Row { id: started.id, token, step: 0 });
        }
        all.push(rows);
    }
    let begun = Instant::now();
    let until = begun + Duration::from_secs(seconds());
    // As pgbench: two threads for all of them.
    let other = all.split_off(all.len() / 2);
    let clients: Vec<_> = [all, other]
        .map(|all| tokio::task::spawn_blocking(move || clients(address, all, until)))
        .into();
    let mut took = Vec::new();
    for clients in clients {
        took.extend(clients.await.expect("each report is applied"));
    }
    let per_second = took.len() as f64 / begun.elapsed().as_secs_f64();
    took.sort_by(f64::total_cmp);
    running.stop().await;
    Turn { per_second, took }
}

/// What pgbench takes of a script, in transactions a second.
fn pgbench(url: &str, script: &str, connections: usize) -> f64 {
    let file = tempfile::NamedTempFile::new().expect("a temporary file can be made");
    std::fs::write(file.path(), script).expect("the file is there");
    let ran = Command::new(cluster::bin().join("pgbench"))
        .args(["-n", "-M", "prepared", "-j", "2", "-c"])
        .arg(connections.to_string())
        .args(["-T", &seconds().to_string(), "-f"])
        .arg(file.path())
        .arg(url)
        .output()
        .expect("PostgreSQL comes with pgbench");
    let said = String::from_utf8_lossy(&ran.stdout);
    assert!(ran.status.success(), "{said}\n{}", String::from_utf8_lossy(&ran.stderr));
    let tps = said.lines().find_map(|line| line.strip_prefix("tps = "));
    let tps = tps.and_then(|tps| tps.split(' ').next()).and_then(|tps| tps.parse().ok());
    tps.expect("pgbench says how many")
}

fn print(connections: usize, share: bool, beside: &[(&str, f64)], turn: &Turn) {
    let shared = if share { "shared commits" } else { "a commit each" };
    print!("  {connections:2} connections, {shared:14}: {:5.0} reports/s", turn.per_second);
    for (what, per_second) in beside {
        print!("; {:.2} x {what} ({per_second:.0})", turn.per_second / per_second);
    }
    println!("; p50 {:.2} ms, p99 {:.2} ms", turn.percentile(50), turn.percentile(99));
}

async fn postgres() {
    let url = cluster::database_of(&["-c", "shared_buffers=256MB", "-c", "max_wal_size=4GB"]).await;
    let mut db = sqlx::PgConnection::connect(&url).await.expect("the cluster runs");
    for sql in [schema(Dialect::Postgres), LEAST.to_owned()] {
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut db).await.expect("it can be made");
    }
    let machine = machine();
    let store = Store::open(&url, Schema::named("order")).await.expect("it opens");
    println!("postgres, reports over HTTP beside pgbench with the least SQL");
    for connections in CONNECTIONS {
        let least = blocking(&url, SCRIPT.to_owned(), connections).await;
        let guarded =
            blocking(&url, guarded(&store, &machine, connections).await, connections).await;
        for share in [false, true] {
            store.share_commits(share);
            let turn = over_http(&store, &machine, connections).await;
            print(
                connections,
                share,
                &[("pgbench", least), ("pgbench with the guards", guarded)],
                &turn,
            );
        }
    }
    store.close().await;
}

async fn blocking(url: &str, script: String, connections: usize) -> f64 {
    let url = url.to_owned();
    let ran = tokio::task::spawn_blocking(move || pgbench(&url, &script, connections));
    ran.await.expect("pgbench runs")
}

/// A script that changes rows of the table itself, by the one statement that the backend uses.
async fn guarded(store: &Store, machine: &Arc<dyn Machine>, connections: usize) -> String {
    let mut rows = Vec::new();
    for _ in 0..connections * ROWS {
        let id = store.start(&**machine, &Start::default()).await.expect("it starts").id;
        let report = phasegate::Report::new("paid");
        store.apply_callback(&**machine, &id, &report).await.expect("it is legal");
        rows.push(format!("'{id}'"));
    }
    format!(
        "\\set n random(1, 20)\n\\set at :client_id * 20 + :n\n\\set e random(1, 9000000000000000)\n\
         SELECT was FROM order_apply((ARRAY[{}])[:at], NULL, ARRAY['paid', 'returned', 'packed', 'sent'], \
         (SELECT CASE status WHEN 'paid' THEN 'packed' WHEN 'packed' THEN 'sent' WHEN 'sent' THEN 'returned' \
         ELSE 'paid' END FROM orders WHERE id = (ARRAY[{0}])[:at]), :e::text, '\\x00', 'build', '1', 1, NULL, NULL, \
         NULL, NULL, NULL, false);\n",
        rows.join(", ")
    )
}

/// What SQLite takes of the statements that a report is, one commit each, in a bare loop.
async fn bare(url: &str) -> f64 {
    let mut db = sqlx::SqliteConnection::connect(url).await.expect("the file is there");
    for sql in [
        "PRAGMA journal_mode = WAL",
        "PRAGMA synchronous = FULL",
        "CREATE TABLE least (id integer PRIMARY KEY, status text NOT NULL, seq integer NOT NULL)",
        "CREATE TABLE least_events (id integer, seq integer, was text, becomes text, at text, PRIMARY KEY (id, seq))",
        "CREATE TABLE least_reports (id integer, event_id text, status text, seq integer, at text, PRIMARY KEY (id, event_id))",
        "WITH RECURSIVE n(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM n WHERE n < 20) \
         INSERT INTO least SELECT n, 'paid', 1 FROM n",
    ] {
        sqlx::query(sql).execute(&mut db).await.expect("it can be made");
    }
    let begun = Instant::now();
    let mut done = 0_u32;
    while begun.elapsed() < Duration::from_secs(seconds()) {
        let (id, seq) = (i64::from(done % 20) + 1, i64::from(done / 20) + 2);
        let becomes = if seq % 2 == 0 { "packed" } else { "paid" };
        for sql in ["BEGIN IMMEDIATE", "SELECT", "UPDATE", "EVENT", "REPORT", "COMMIT"] {
            let query = match sql {
                "SELECT" => sqlx::query("SELECT status, seq FROM least WHERE id = $1").bind(id),
                "UPDATE" => sqlx::query("UPDATE least SET status = $2, seq = $3 WHERE id = $1 AND seq = $3 - 1")
                    .bind(id).bind(becomes).bind(seq),
                "EVENT" => sqlx::query("INSERT INTO least_events VALUES ($1, $2, '', $3, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))")
                    .bind(id).bind(seq).bind(becomes),
                "REPORT" => sqlx::query("INSERT INTO least_reports VALUES ($1, $2, $3, $2, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))")
                    .bind(id).bind(seq).bind(becomes),
                plain => sqlx::query(plain),
            };
            query.execute(&mut db).await.expect("it is legal");
        }
        done += 1;
    }
    f64::from(done) / begun.elapsed().as_secs_f64()
}

async fn sqlite() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let url = |name: &str| format!("sqlite:{}?mode=rwc", folder.path().join(name).display());
    let least = bare(&url("least.db")).await;
    let mut db = sqlx::SqliteConnection::connect(&url("orders.db")).await.expect("it can be made");
    let made = sqlx::raw_sql(AssertSqlSafe(schema(Dialect::Sqlite)));
    made.execute(&mut db).await.expect("it can be made");
    let machine = machine();
    let store = Store::open(&url("orders.db"), Schema::named("order")).await.expect("it opens");
    println!(
        "sqlite, reports over HTTP beside a bare loop with the least SQL, in WAL, synchronous = FULL"
    );
    for connections in CONNECTIONS {
        for share in [false, true] {
            store.share_commits(share);
            let turn = over_http(&store, &machine, connections).await;
            print(connections, share, &[("bare loop", least)], &turn);
        }
    }
    store.close().await;
}

/// How many event streams are opened.
const STREAMS: usize = 5_000;

/// The memory of this process, in bytes.
fn memory() -> usize {
    let said = std::fs::read_to_string("/proc/self/statm").expect("there is /proc");
    let pages = said.split(' ').nth(1).and_then(|pages| pages.parse::<usize>().ok());
    pages.expect("it says how many pages") * 4096
}

/// What idle streams take of the database and of memory, and how long an event of another instance takes to
/// reach all of them.
async fn streams() {
    let url = cluster::database_of(&["-c", "shared_buffers=256MB", "-c", "max_wal_size=4GB"]).await;
    let mut db = sqlx::PgConnection::connect(&url).await.expect("the cluster runs");
    let made = sqlx::raw_sql(AssertSqlSafe(schema(Dialect::Postgres)));
    made.execute(&mut db).await.expect("it can be made");
    let machine = machine();
    let store = Store::open(&url, Schema::named("order")).await.expect("it opens");
    let other = Store::open(&url, Schema::named("order")).await.expect("it opens");
    let id = store.start(&*machine, &Start::default()).await.expect("it starts").id;
    let options =
        Options::default().streams_per_client(STREAMS + 1).connections_per_client(STREAMS + 1);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("there is a port");
    let backend = Backend::with(store.clone(), machine.clone(), BearerToken, options);
    let running = backend.serve(listener, Default::default()).expect("it listens");
    let before = memory();
    let mut open = Vec::new();
    for _ in 0..STREAMS {
        let socket = TcpStream::connect(running.address()).await;
        let mut socket = socket.expect("as many files may be open: ulimit -n 20000");
        let request = format!("GET /api/orders/{id}/events HTTP/1.1\r\nHost: x\r\n\r\n");
        socket.write_all(request.as_bytes()).await.expect("it reads");
        // One after the other: what is measured is streams that are open, not a crowd at the door.
        let mut first = [0; 1024];
        let read = socket.read(&mut first).await.expect("it answers");
        assert_ne!(read, 0, "the backend closed the connection");
        open.push(socket);
    }
    // Both ends are in this process: the client's is its socket.
    let (sender, mut seen) = tokio::sync::mpsc::unbounded_channel();
    let per_stream = (memory() - before) / STREAMS;
    for mut socket in open {
        let sender = sender.clone();
        tokio::spawn(async move {
            let mut buffer = vec![0; 2048];
            let mut text = String::new();
            let mut events = 0;
            while let Ok(read) = socket.read(&mut buffer).await {
                if read == 0 {
                    return;
                }
                text.push_str(&String::from_utf8_lossy(&buffer[..read]));
                while let Some(at) = text.find("event: transition") {
                    let _ = sender.send((events, Instant::now()));
                    events += 1;
                    text.drain(..at + 17);
                }
                let kept = text.len().saturating_sub(16);
                text.drain(..(0..=kept).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0));
            }
        });
    }
    let transactions = "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = current_database()";
    let mut count = async || -> i64 {
        sqlx::query_scalar(transactions).fetch_one(&mut db).await.expect("it is counted")
    };
    // A session of PostgreSQL's counts what it did ten seconds after it has nothing to do.
    tokio::time::sleep(Duration::from_secs(12)).await;
    let idle = count().await;
    tokio::time::sleep(Duration::from_secs(seconds())).await;
    let idle = (count().await - idle) as f64 / seconds() as f64;
    println!("postgres, {STREAMS} event streams of one instance");
    println!("  {idle:.1} transactions/s while nothing happens, {per_stream} bytes of memory each");
    let mut took = Vec::new();
    for status in ["paid", "packed", "sent", "returned", "paid", "packed", "sent", "returned"] {
        let report = phasegate::Report::new(status);
        other.apply_callback(&*machine, &id, &report).await.expect("it is legal");
        let sent = Instant::now();
        for _ in 0..STREAMS {
            let (_, at) = seen.recv().await.expect("each stream hears of it");
            took.push(at.saturating_duration_since(sent).as_secs_f64() * 1e3);
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    took.sort_by(f64::total_cmp);
    let percentile = |percent: usize| took[(took.len() - 1) * percent / 100];
    println!(
        "  an event of another instance reaches them within {:.1} ms (p50), {:.1} ms (p99), {:.1} ms (all)",
        percentile(50),
        percentile(99),
        percentile(100)
    );
    running.stop().await;
    other.close().await;
    store.close().await;
}

#[tokio::main]
async fn main() {
    let only: Vec<String> =
        std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let is_asked = |part: &str| only.is_empty() || only.iter().any(|word| word == part);
    if is_asked("postgres") {
        postgres().await;
    }
    if is_asked("sqlite") {
        sqlite().await;
    }
    if is_asked("streams") {
        streams().await;
    }
}
