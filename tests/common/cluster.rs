//! A PostgreSQL of the tests' own: one private cluster per test process, a database per test.
#![allow(dead_code, reason = "the benches use a part of it")]

use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{ChildStdin, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection};

/// The cluster lives in this shell's hands: it ends, and its folder goes, when the standard input
/// closes, which it does however the test process ends.
const KEEPER: &str = r#"
set -eu
bin=$1 port=$2
shift 2
folder=$(mktemp -d "${TMPDIR:-/tmp}/phasegate-postgres.XXXXXX")
server=
clean() {
  trap - EXIT HUP INT TERM
  if [ -n "$server" ]; then kill -INT "$server" 2>/dev/null && wait "$server" || :; fi
  rm -rf "$folder"
}
trap clean EXIT
trap 'exit 1' HUP INT TERM
"$bin/initdb" -D "$folder/data" -U postgres -A trust -E UTF8 --locale=C --no-sync >"$folder/log" 2>&1 ||
  { cat "$folder/log"; exit 1; }
"$bin/postgres" -D "$folder/data" -p "$port" -k "$folder" -c listen_addresses=127.0.0.1 \
  -c max_connections=200 "$@" \
  </dev/null >"$folder/log" 2>&1 &
server=$!
tries=0
until "$bin/pg_isready" -q -h 127.0.0.1 -p "$port"; do
  tries=$((tries + 1))
  kill -0 "$server" 2>/dev/null && [ "$tries" -lt 600 ] || { cat "$folder/log"; exit 1; }
  sleep 0.1
done
# Whose is it? Another cluster may have taken the port in between.
kill -0 "$server" && [ -S "$folder/.s.PGSQL.$port" ] || { cat "$folder/log"; exit 1; }
echo ready
read -r _ || :
"#;

/// A cluster that runs; the keeper holds it until this is closed.
pub(crate) struct Cluster {
    pub(crate) port: u16,
    _open: ChildStdin,
}

/// What a test can do without, and what logical replication needs.
const LAX: &[&str] = &[
    "-c",
    "fsync=off",
    "-c",
    "synchronous_commit=off",
    "-c",
    "full_page_writes=off",
    "-c",
    "wal_level=logical",
];

/// The address of a new, empty database.
///
/// # Panics
/// Where there is no PostgreSQL to start: a test that needs one fails without it.
pub(crate) async fn database() -> String {
    database_of(LAX).await
}

/// The same of a cluster that is started with these settings, where it is the first.
pub(crate) async fn database_of(settings: &[&str]) -> String {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    static DATABASES: AtomicU32 = AtomicU32::new(0);
    let cluster = CLUSTER.get_or_init(|| Cluster::start(settings));
    let name = format!("test_{}", DATABASES.fetch_add(1, Ordering::Relaxed));
    let url = |name: &str| format!("postgres://postgres@127.0.0.1:{}/{name}", cluster.port);
    let mut admin = PgConnection::connect(&url("postgres")).await.expect("the cluster has started");
    sqlx::raw_sql(AssertSqlSafe(format!("CREATE DATABASE {name} TEMPLATE template0")))
        .execute(&mut admin)
        .await
        .expect("the name is new");
    admin.close().await.expect("the connection is open");
    url(&name)
}

impl Cluster {
    pub(crate) fn start(settings: &[&str]) -> Self {
        let bin = bin();
        let mut said = String::new();
        // A port that is free now may be taken in a moment.
        for _ in 0..3 {
            let free = TcpListener::bind(("127.0.0.1", 0)).and_then(|socket| socket.local_addr());
            let port = free.expect("the loopback has a free port").port();
            let arguments = [bin.to_string_lossy().into_owned(), port.to_string()];
            #[expect(
                clippy::zombie_processes,
                reason = "it ends with this process, and not before"
            )]
            let mut keeper = shell()
                .args(["-c", KEEPER, "keeper"])
                .args(arguments)
                .args(settings)
                .current_dir("/")
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()
                .expect("there is a shell");
            let open = keeper.stdin.take().expect("the input is piped");
            let mut words = BufReader::new(keeper.stdout.take().expect("the output is piped"));
            said.clear();
            words.read_line(&mut said).expect("the keeper writes text");
            if said == "ready\n" {
                return Self { port, _open: open };
            }
            words.read_to_string(&mut said).expect("the keeper writes text");
        }
        panic!("PostgreSQL from {} does not start:\n{said}", bin.display());
    }
}

/// PostgreSQL refuses to run as root.
pub(crate) fn shell() -> Command {
    let uid = Command::new("id").arg("-u").output().expect("there is `id`").stdout;
    if uid != b"0\n" {
        return Command::new("sh");
    }
    let mut shell = Command::new("runuser");
    shell.args(["-u", "postgres", "--", "sh"]);
    shell
}

/// The newest PostgreSQL's programs.
pub(crate) fn bin() -> PathBuf {
    let debian = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut versions: Vec<(u32, PathBuf)> = debian
        .filter_map(|entry| {
            let version = entry.file_name().to_str()?.parse().ok()?;
            Some((version, entry.path().join("bin")))
        })
        .collect();
    versions.sort();
    let newest_first = versions.into_iter().rev().map(|(_, bin)| bin);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut places = newest_first.chain(std::env::split_paths(&path));
    places.find(|bin| bin.join("postgres").is_file() && bin.join("initdb").is_file()).expect(
        "this test needs PostgreSQL 15 or newer (Debian's package `postgresql`): found neither in \
         /usr/lib/postgresql/*/bin nor in PATH",
    )
}
