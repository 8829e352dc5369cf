//! `kill -9`, of the backend and of PostgreSQL, while clients start rows and report: what was answered is
//! there, and nothing is there twice. Clients send again what was not answered, as the generated action does.
//!
//! `PHASEGATE_CRASHES` is the number of crashes. They come with the progress of the clients, not with time.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection as _, Row as _};

use crate::binary::{Folder, PHASEGATE};
use crate::cluster;

const TABLE: &str = "format = 1\n[machine]\nname = \"job\"\ninitial = \"a\"\n\
    [[state]]\nname = \"a\"\n[[state]]\nname = \"b\"\n[[state]]\nname = \"c\"\n\
    [[transition]]\npath = [\"a\", \"b\", \"c\", \"a\"]\n[target.sql]\n";
const CYCLE: [&str; 3] = ["a", "b", "c"];
/// How many clients there are, and how many reports each of their rows gets.
const CLIENTS: usize = 6;
const REPORTS: usize = 40;
/// How many answers lie between two crashes.
const BETWEEN: usize = 25;

/// The number of crashes: `PHASEGATE_CRASHES`, or this.
fn crashes(default: usize) -> usize {
    std::env::var("PHASEGATE_CRASHES").map_or(default, |crashes| {
        crashes.parse().unwrap_or_else(|_| panic!("PHASEGATE_CRASHES is not a number: {crashes}"))
    })
}

/// The backend, which is killed and started anew at the same address.
struct Backend {
    child: Child,
    folder: Arc<Folder>,
    address: String,
    database: String,
}

impl Backend {
    fn start(folder: &Arc<Folder>, address: &str, database: &str) -> Self {
        let child = Self::spawn(folder, address, database);
        Self {
            child,
            folder: folder.clone(),
            address: address.to_owned(),
            database: database.to_owned(),
        }
    }

    fn spawn(folder: &Folder, address: &str, database: &str) -> Child {
        let log = std::fs::File::options().append(true).create(true).open(folder.path("log"));
        let mut child = Command::new(PHASEGATE)
            .args(["serve", "job.toml", "--listen", address, "--database-url", database])
            .args(["--log-level", "error"])
            .current_dir(folder.path(""))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log.unwrap())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert!(line.starts_with("Serving jobs"), "{line}{}", folder.read("log"));
        child
    }

    fn crash(&mut self) {
        // SIGKILL.
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.child = Self::spawn(&self.folder, &self.address, &self.database);
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A PostgreSQL that comes back whenever it is killed, until its keeper's input closes.
struct Postgres {
    data: std::path::PathBuf,
    port: u16,
    _open: ChildStdin,
}

const KEEPER: &str = r#"
set -eu
bin=$1 port=$2
folder=$(mktemp -d "${TMPDIR:-/tmp}/phasegate-crash.XXXXXX")
trap '' HUP INT TERM
"$bin/initdb" -D "$folder/data" -U postgres -A trust -E UTF8 --locale=C --no-sync >"$folder/log" 2>&1
# What was committed is with the system when it is answered: that outlives the process, and here has to.
(while [ ! -e "$folder/over" ]; do
  "$bin/postgres" -D "$folder/data" -p "$port" -k "$folder" -c listen_addresses=127.0.0.1 -c fsync=off \
    </dev/null >>"$folder/log" 2>&1 || :
  sleep 0.1
done) &
until "$bin/pg_isready" -q -h 127.0.0.1 -p "$port"; do sleep 0.1; done
echo "$folder/data"
read -r _ || :
touch "$folder/over"
kill -INT "$(head -n 1 "$folder/data/postmaster.pid")" || :
wait
rm -rf "$folder"
"#;

impl Postgres {
    fn start() -> Self {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        #[expect(clippy::zombie_processes, reason = "it ends with this process, and not before")]
        let mut keeper = cluster::shell()
            .args(["-c", KEEPER, "keeper", cluster::bin().to_str().unwrap(), &port.to_string()])
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let open = keeper.stdin.take().unwrap();
        let mut line = String::new();
        BufReader::new(keeper.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Self { data: line.trim_end().into(), port, _open: open }
    }

    fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    /// Kills the postmaster and all of its processes at once.
    fn crash(&self) {
        let pid = loop {
            let file = std::fs::read_to_string(self.data.join("postmaster.pid"));
            if let Some(pid) = file.ok().and_then(|text| text.lines().next()?.parse::<u32>().ok()) {
                break pid;
            }
            std::thread::sleep(Duration::from_millis(20));
        };
        let own: Vec<String> =
            std::iter::once(pid).chain(children(pid)).map(|pid| pid.to_string()).collect();
        // One may have ended by itself meanwhile.
        let _ = Command::new("kill").arg("-9").args(own).stderr(Stdio::null()).status();
    }
}

/// The processes that this one started.
fn children(of: u32) -> Vec<u32> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else {
            continue;
        };
        let stat = std::fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        // The name in parentheses may have spaces: what comes after it is the state, and who started it.
        let parent = stat.rsplit_once(')').and_then(|(_, rest)| rest.split_whitespace().nth(1));
        if parent.and_then(|parent| parent.parse().ok()) == Some(of) {
            found.push(pid);
        }
    }
    found
}

/// What clients were answered.
#[derive(Default)]
struct Told {
    /// The rows, each with how many of its reports were answered.
    rows: Mutex<BTreeMap<String, usize>>,
    answered: AtomicUsize,
    /// Those that were answered only after they were sent again, and had been done.
    again: AtomicUsize,
    unanswered: AtomicUsize,
    over: AtomicBool,
}

/// Sends it until it is answered for good.
fn until_answered(told: &Told, url: &str, headers: &[(&str, &str)], body: &Value) -> Value {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(Duration::from_secs(20)))
        .build()
        .into();
    let until = Instant::now() + Duration::from_secs(300);
    loop {
        let mut request = ureq::http::Request::post(url).header("content-type", "application/json");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let reply = agent.run(request.body(body.to_string()).unwrap());
        let said = reply.and_then(|mut reply| {
            Ok((reply.status().as_u16(), reply.body_mut().read_to_string()?))
        });
        match said {
            Ok((200 | 201, text)) => {
                told.answered.fetch_add(1, SeqCst);
                return serde_json::from_str(&text).unwrap();
            }
            Ok((429 | 503 | 408, _)) | Err(_) => {
                told.unanswered.fetch_add(1, SeqCst);
            }
            Ok((status, text)) => panic!("{status} to {body}: {text}"),
        }
        assert!(Instant::now() < until, "it is never answered: {url} {body}");
        std::thread::sleep(Duration::from_millis(30));
    }
}

/// Starts rows and reports to them, one after the other, until it is over.
fn client(told: &Told, address: &str, number: usize) {
    for row in 0.. {
        let key = format!("client {number} row {row}");
        let rows = format!("http://{address}/api/jobs");
        let started = until_answered(told, &rows, &[("idempotency-key", &key)], &json!({}));
        let id = started["id"].as_str().unwrap().to_owned();
        let bearer = format!("Bearer {}", started["callback_token"].as_str().unwrap());
        assert!(
            told.rows.lock().unwrap().insert(id.clone(), 0).is_none(),
            "{id} was started twice"
        );
        for step in 1..=REPORTS {
            let body = json!({"status": CYCLE[step % 3], "event_id": format!("{key} step {step}")});
            let to = format!("{rows}/{id}/callbacks");
            let answer = until_answered(told, &to, &[("authorization", &bearer)], &body);
            // Sent again, it may have been done before.
            told.again.fetch_add(usize::from(answer["applied"] == false), SeqCst);
            *told.rows.lock().unwrap().get_mut(&id).unwrap() = step;
            if told.over.load(SeqCst) {
                return;
            }
        }
    }
}

/// Lets clients go on during so many crashes, and then gives what they were answered.
fn crashed(address: &str, times: usize, mut crash: impl FnMut(usize)) -> Told {
    let told = Told::default();
    std::thread::scope(|scope| {
        for number in 0..CLIENTS {
            let told = &told;
            scope.spawn(move || client(told, address, number));
        }
        let mut before = 0;
        for time in 0..times {
            let until = Instant::now() + Duration::from_secs(300);
            // Now sooner, now later: in the middle of whatever.
            let enough = before + 3 + (time * 7) % BETWEEN;
            while told.answered.load(SeqCst) < enough && Instant::now() < until {
                std::thread::sleep(Duration::from_millis(1));
            }
            before = told.answered.load(SeqCst);
            assert!(before >= enough, "nothing is answered any more");
            crash(time);
        }
        told.over.store(true, SeqCst);
    });
    told
}

/// The rows of a question, as texts.
fn ask(url: &str, sql: &str) -> Vec<Vec<String>> {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let sql = AssertSqlSafe(sql.to_owned());
    macro_rules! texts {
        ($rows:expr) => {
            $rows.iter().map(|row| (0..row.len()).map(|at| row.get(at)).collect()).collect()
        };
    }
    runtime.block_on(async {
        if url.starts_with("sqlite:") {
            let mut conn = sqlx::SqliteConnection::connect(url).await.unwrap();
            texts!(sqlx::query(sql).fetch_all(&mut conn).await.unwrap())
        } else {
            let mut conn = sqlx::PgConnection::connect(url).await.unwrap();
            texts!(sqlx::query(sql).fetch_all(&mut conn).await.unwrap())
        }
    })
}

/// That the database has what was answered, all of it and once.
fn holds(url: &str, told: &Told) {
    let told_rows = told.rows.lock().unwrap();
    let rows = ask(url, "SELECT id, CAST(status AS text) FROM jobs ORDER BY id");
    let ids: Vec<&String> = rows.iter().map(|row| &row[0]).collect();
    assert_eq!(
        ids,
        told_rows.keys().collect::<Vec<_>>(),
        "each row that was started, and no other"
    );
    let events = ask(
        url,
        "SELECT job_id, CAST(seq AS text), coalesce(from_state, '-'), to_state FROM job_events e ORDER BY e.job_id, e.seq",
    );
    let reports = ask(
        url,
        "SELECT job_id, CAST(seq AS text), event_id FROM job_reports r WHERE answer = 'applied' ORDER BY r.job_id, r.seq",
    );
    let of = |all: &[Vec<String>], id: &String| -> Vec<Vec<String>> {
        all.iter().filter(|one| one[0] == *id).map(|one| one[1..].to_vec()).collect()
    };
    for row in &rows {
        let (id, answered) = (&row[0], told_rows[&row[0]]);
        let (events, reports) = (of(&events, id), of(&reports, id));
        let expected: Vec<Vec<String>> = (0..=answered)
            .map(|step| {
                let from = if step == 0 { "-" } else { CYCLE[(step - 1) % 3] };
                vec![(step + 1).to_string(), from.to_owned(), CYCLE[step % 3].to_owned()]
            })
            .collect();
        assert_eq!(events, expected, "the history of {id}");
        assert_eq!(row[1], CYCLE[answered % 3]);
        let places: Vec<&String> = reports.iter().map(|report| &report[0]).collect();
        assert_eq!(places, expected.iter().map(|event| &event[0]).collect::<Vec<_>>(), "{id}");
        for (step, report) in reports.iter().enumerate().skip(1) {
            assert!(report[1].ends_with(&format!(" step {step}")), "{report:?}");
        }
    }
    println!(
        "{} rows, {} answers, {} of them to what had been done before, {} sent again",
        rows.len(),
        told.answered.load(SeqCst),
        told.again.load(SeqCst),
        told.unanswered.load(SeqCst)
    );
    assert!(told.unanswered.load(SeqCst) > 0, "no crash came into anything's way");
}

fn folder() -> (Arc<Folder>, String) {
    let folder = Folder::with("job.toml", TABLE);
    let ran = folder.run(&["migrate", "job.toml"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    (Arc::new(folder), free.local_addr().unwrap().to_string())
}

#[test]
fn on_sqlite_nothing_is_lost_or_doubled_where_the_backend_is_killed() {
    let (folder, address) = folder();
    let url = format!("sqlite:{}", folder.path("jobs.db").display());
    let mut backend = Backend::start(&folder, &address, &url);
    let told = crashed(&address, crashes(12), |_| backend.crash());
    drop(backend);
    holds(&url, &told);
}

#[test]
#[ignore = "needs PostgreSQL: run by tests/run"]
fn on_postgresql_nothing_is_lost_or_doubled_where_either_side_is_killed() {
    let (folder, address) = folder();
    let postgres = Postgres::start();
    let url = postgres.url();
    let mut backend = Backend::start(&folder, &address, &url);
    // In turn, and now and then both at once.
    let told = crashed(&address, crashes(12), |time| match time % 5 {
        0 | 3 => backend.crash(),
        1 | 2 => postgres.crash(),
        _ => {
            postgres.crash();
            backend.crash();
        }
    });
    drop(backend);
    holds(&url, &told);
}
