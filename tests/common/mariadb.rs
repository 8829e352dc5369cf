//! A MariaDB of the tests' own: one server per test process, on a socket only, a database per test.

use std::io::{BufRead, BufReader, Read};
use std::process::{ChildStdin, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::mysql::MySqlConnection;
use sqlx::{AssertSqlSafe, Connection};

/// The server lives in this shell's hands: it ends, and its folder goes, when the standard input
/// closes, which it does however the test process ends.
const KEEPER: &str = r#"
set -eu
PATH=$PATH:/usr/sbin
folder=$(mktemp -d "${TMPDIR:-/tmp}/phasegate-mariadb.XXXXXX")
server=
clean() {
  trap - EXIT HUP INT TERM
  if [ -n "$server" ]; then kill "$server" 2>/dev/null && wait "$server" || :; fi
  rm -rf "$folder"
}
trap clean EXIT
trap 'exit 1' HUP INT TERM
user=
if [ "$(id -u)" = 0 ]; then user=--user=root; fi
mariadb-install-db --no-defaults --datadir="$folder/data" --auth-root-authentication-method=normal $user \
  >"$folder/log" 2>&1 || { cat "$folder/log"; exit 1; }
mariadbd --no-defaults --datadir="$folder/data" --socket="$folder/socket" --skip-networking \
  --innodb-flush-log-at-trx-commit=0 $user </dev/null >"$folder/log" 2>&1 &
server=$!
tries=0
until mariadb-admin --no-defaults --socket="$folder/socket" --user=root ping >/dev/null 2>&1; do
  tries=$((tries + 1))
  kill -0 "$server" 2>/dev/null && [ "$tries" -lt 600 ] || { cat "$folder/log"; exit 1; }
  sleep 0.1
done
echo "ready $folder/socket"
read -r _ || :
"#;

struct Server {
    socket: String,
    _open: ChildStdin,
}

/// The address of a new, empty database.
///
/// # Panics
/// Where there is no MariaDB to start: a test that needs one fails without it.
pub(crate) async fn database() -> String {
    static SERVER: OnceLock<Server> = OnceLock::new();
    static DATABASES: AtomicU32 = AtomicU32::new(0);
    let server = SERVER.get_or_init(start);
    let name = format!("test_{}", DATABASES.fetch_add(1, Ordering::Relaxed));
    let url = |name: &str| format!("mysql://root@localhost/{name}?socket={}", server.socket);
    let mut admin = MySqlConnection::connect(&url("mysql")).await.expect("the server has started");
    sqlx::raw_sql(AssertSqlSafe(format!("CREATE DATABASE {name}")))
        .execute(&mut admin)
        .await
        .expect("the name is new");
    admin.close().await.expect("the connection is open");
    url(&name)
}

fn start() -> Server {
    #[expect(clippy::zombie_processes, reason = "it ends with this process, and not before")]
    let mut keeper = Command::new("sh")
        .args(["-c", KEEPER])
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("there is a shell");
    let open = keeper.stdin.take().expect("the input is piped");
    let mut words = BufReader::new(keeper.stdout.take().expect("the output is piped"));
    let mut said = String::new();
    words.read_line(&mut said).expect("the keeper writes text");
    let Some(socket) = said.strip_prefix("ready ") else {
        words.read_to_string(&mut said).expect("the keeper writes text");
        panic!("MariaDB (Debian's package `mariadb-server`) does not start:\n{said}");
    };
    Server { socket: socket.trim().to_owned(), _open: open }
}
