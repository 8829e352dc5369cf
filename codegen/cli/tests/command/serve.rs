//! `phasegate serve` as a process: any tables, their settings, what the start refuses, and what it logs.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Command, Stdio};

use crate::binary::{Folder, PHASEGATE};
use crate::client::{Reply, call};
use serde_json::{Value, json};

const ORDER: &str = "format = 1\n[machine]\nname = \"order\"\ninitial = \"placed\"\n\
    [[state]]\nname = \"placed\"\n[[state]]\nname = \"paid\"\nvalue = \"it's paid\"\noutcome = \"success\"\n\
    [[transition]]\npath = [\"placed\", \"paid\"]\n\
    [target.sql]\ntable = \"shop_orders\"\nkey = \"order_no\"\ncolumn = \"state\"\n";

const TICKET: &str = "format = 1\n[machine]\nname = \"ticket\"\ninitial = \"open\"\n\
    [[state]]\nname = \"open\"\n[[state]]\nname = \"closed\"\noutcome = \"neutral\"\n\
    [[transition]]\npath = [\"open\", \"closed\"]\n[target.sql]\n";

pub(crate) const JSON: (&str, &str) = ("content-type", "application/json");
pub(crate) const ADA: &str = "ada-0123456789abcdef0123456789abcdef";

/// A process that serves.
pub(crate) struct Serving {
    child: Child,
    pub(crate) url: String,
    /// Its log, read as it comes: a pipe that is full would stop it.
    log: std::thread::JoinHandle<String>,
}

/// A folder with two tables and their migrations.
pub(crate) fn shop() -> Folder {
    let folder = Folder::with("order.toml", ORDER);
    folder.write("ticket.toml", TICKET);
    let ran = folder.run(&["migrate", "order.toml", "ticket.toml"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    folder
}

pub(crate) fn command(folder: &Folder, arguments: &[&str]) -> Command {
    let mut command = Command::new(PHASEGATE);
    command.arg("serve").args(arguments).current_dir(folder.path("")).stdin(Stdio::null());
    command.env_remove("PHASEGATE_LISTEN");
    command
}

impl Serving {
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url =
            line.rsplit_once(": ").map(|(_, url)| url.trim_end().trim_end_matches('/').to_owned());
        let Some(url) = url else {
            panic!("{:?}", child.wait_with_output());
        };
        let mut lines = child.stderr.take().unwrap();
        let log = std::thread::spawn(move || {
            let mut log = String::new();
            lines.read_to_string(&mut log).unwrap();
            log
        });
        Self { child, url, log }
    }

    pub(crate) fn post(&self, path: &str, headers: &[(&str, &str)], body: &Value) -> Reply {
        let headers = [&[JSON], headers].concat();
        call("POST", &format!("{}{path}", self.url), &headers, body.to_string().as_bytes())
    }

    pub(crate) fn get(&self, path: &str) -> Reply {
        call("GET", &format!("{}{path}", self.url), &[], b"")
    }

    /// Ends it, and gives its log.
    pub(crate) fn end(mut self) -> String {
        assert!(Command::new("kill").arg(self.child.id().to_string()).status().unwrap().success());
        let status = self.child.wait().unwrap();
        let log = self.log.join().unwrap();
        assert_eq!(status.code(), Some(0), "{log}");
        log
    }
}

#[test]
fn serves_any_tables_in_one_process_by_their_own_names() {
    let folder = shop();
    let arguments = [
        "order.toml",
        "ticket.toml",
        "--database-url",
        "sqlite:shop.db",
        "--listen",
        "127.0.0.1:0",
    ];
    let serving = Serving::start(command(&folder, &arguments));
    let started = serving.post("/api/shop_orders", &[], &json!({})).ok(201);
    let bearer = format!("Bearer {}", started["callback_token"].as_str().unwrap());
    let row = format!("/api/shop_orders/{}", started["id"].as_str().unwrap());
    let to = format!("{row}/callbacks");
    let reply = serving.post(&to, &[("authorization", &bearer)], &json!({"status": "it's paid"}));
    assert_eq!(reply.ok(200)["applied"], true);
    assert_eq!(serving.get(&row).ok(200)["outcome"], "success");
    assert_eq!(serving.post("/api/tickets", &[], &json!({})).ok(201)["status"], "open");
    let ready = serving.get("/readyz").ok(200);
    assert_eq!(
        (&ready["machines"][0]["machine"], &ready["machines"][1]["machine"]),
        (&json!("order"), &json!("ticket"))
    );
    // Each has its page, with its own map of states.
    let list = serving.get("/").text;
    assert!(list.contains("href=\"shop_orders/\"") && list.contains("href=\"tickets/\""), "{list}");
    for (page, machine) in [("shop_orders", "it's paid"), ("tickets", "closed")] {
        assert!(serving.get(&format!("/{page}/")).text.contains(&format!("/api/{page}")));
        assert!(serving.get(&format!("/{page}/status-map.js")).text.contains(machine));
        assert_eq!(serving.get(&format!("/{page}/console.js")).status, 200);
        // It has the picture of its own table, and a page for each row.
        let picture = serving.get(&format!("/{page}/picture.svg"));
        assert_eq!((picture.status, picture.header("content-type")), (200, "image/svg+xml"));
        assert!(picture.text.starts_with("<svg ") && picture.text.contains("data-state="));
        assert_eq!(serving.get(&format!("/{page}/rows/none")).status, 404);
    }
    let own = serving.get(&row.replace("/api/shop_orders/", "/shop_orders/rows/"));
    assert!(own.status == 200 && own.text.contains("<h1 id=\"watch-title\""), "{}", own.text);
    let (picture, of) = (serving.get("/shop_orders/picture.svg").text, "data-state=\"paid\"");
    assert!(picture.contains(of) && !serving.get("/tickets/picture.svg").text.contains(of));
    serving.end();
    // What was kept is there again.
    let serving = Serving::start(command(&folder, &arguments));
    assert_eq!(serving.get(&row).ok(200)["status"], "it's paid");
    serving.end();
}

#[test]
fn any_table_is_tried_in_a_database_that_ends_with_the_command() {
    let folder = shop();
    let mut console = Command::new(PHASEGATE);
    console.args(["console", "order.toml", "--listen", "127.0.0.1:0"]).stdin(Stdio::null());
    console
        .current_dir(folder.path(""))
        .env("TMPDIR", folder.path(""))
        .env_remove("PHASEGATE_LISTEN");
    let before = std::fs::read_dir(folder.path("")).unwrap().count();
    let serving = Serving::start(console);
    let id = serving.post("/api/shop_orders", &[], &json!({})).ok(201)["id"].clone();
    let page = serving.get(&format!("/rows/{}", id.as_str().unwrap())).text;
    assert!(page.contains("name=\"phasegate-simulates\" content=\"yes\""), "{page}");
    serving.end();
    assert_eq!(std::fs::read_dir(folder.path("")).unwrap().count(), before);
    let arguments = ["console", "order.toml", "--database-url", "sqlite:x.db"];
    let output = Command::new(PHASEGATE).args(arguments).current_dir(folder.path("")).output();
    let said = String::from_utf8(output.unwrap().stderr).unwrap();
    assert!(said.contains("a table is tried in a database of its own"), "{said}");
}

#[test]
fn a_flag_wins_over_the_environment_and_that_over_the_file() {
    let folder = shop();
    folder.write(
        "serve.toml",
        "tables = [\"ticket.toml\"]\ndatabase-url-file = \"secret\"\nlisten = \"127.0.0.1:1\"\n\
         log = \"json\"\nno-migrate = false\n",
    );
    folder.write("secret", "sqlite:from-file.db\n");
    let mut by_file = command(&folder, &["--config", "serve.toml"]);
    by_file.env("PHASEGATE_LISTEN", "127.0.0.1:0");
    let serving = Serving::start(by_file);
    assert_eq!(serving.get("/api/tickets").ok(200)["tickets"], json!([]));
    assert_eq!(serving.get("/api/shop_orders").status, 404);
    assert!(serving.end().lines().all(|line| line.starts_with('{')), "the file's log is JSON");
    assert!(folder.path("from-file.db").exists());

    let flags =
        ["order.toml", "--config", "serve.toml", "--listen", "127.0.0.1:0", "--log", "text"];
    let mut by_flags = command(&folder, &flags);
    by_flags.env("PHASEGATE_LISTEN", "127.0.0.1:1");
    let serving = Serving::start(by_flags);
    assert_eq!(serving.get("/api/shop_orders").status, 200);
    assert_eq!(serving.get("/api/tickets").status, 404);
    assert!(!serving.end().starts_with('{'));
}

#[test]
fn the_start_refuses_what_is_not_safe_by_its_name() {
    let folder = shop();
    folder.write("tokens", format!("ada {ADA}\n"));
    folder.write("short", "ada short\n");
    folder.write("bad.toml", "listn = \"x\"\n");
    folder.write("nested.toml", "[listen]\nx = 1\n");
    let db = ["ticket.toml", "--database-url", "sqlite:x.db"];
    let open = ["--listen", "0.0.0.0:0"];
    let name = ["--public-url", "https://deploys.example.org"];
    let tokens = ["--operator-token-file", "tokens"];
    let oidc = ["--reports", "oidc"];
    let cases: &[(&[&[&str]], &str)] = &[
        (
            &[&open, &name],
            "--listen 0.0.0.0:0 without --operator-token-file, --operator-issuer or --operator-header",
        ),
        (&[&open, &tokens], "--listen 0.0.0.0:0 without --public-url"),
        (&[&open, &tokens, &["--public-url", "http://deploys.example.org"]], "--plain-http"),
        (&[&["--public-url", "deploys"]], "is no address"),
        (&[&["--operator-token-file", "short"]], "short: line 1: a token has at least 32"),
        (&[&["--operator-token-file", "none"]], "none: No such file"),
        (
            &[&tokens, &["--operator-header", "x-user"]],
            "--operator-token-file and --operator-header",
        ),
        (&[&["--operator-header", "x-user"]], "--operator-header without a --trusted-proxy"),
        (&[&["--operator-header", "x-user", "--trusted-proxy", "0.0.0.0/0"]], "every address"),
        (
            &[&["--operator-issuer", "http://issuer.example", "--operator-audience", "me"]],
            "is no https address",
        ),
        (&[&["--operator-issuer", "https://issuer.example"]], "--operator-audience"),
        (&[&oidc], "--reports oidc without --report-audience or --public-url"),
        (&[&oidc, &name], "--reports oidc without --report-repository-id"),
        (&[&["--trusted-proxy", "10.0.0.0/33"]], "names no network"),
        (&[&["--config", "bad.toml"]], "bad.toml: `listn` is no setting; known: tables, "),
        (&[&["--config", "nested.toml"]], "nested.toml: `listen` can't be"),
        (&[&["--config", "no.toml"]], "no.toml: No such file"),
        (&[&["--database-url-file", "x"]], "cannot be used with"),
    ];
    for (arguments, message) in cases {
        let arguments = [&db[..], &arguments.concat()].concat();
        let output = command(&folder, &arguments).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
        assert!(said.contains(message), "{message:?} is not in: {said}");
    }
    let output = command(&folder, &["ticket.toml"]).output().unwrap();
    assert!(
        String::from_utf8(output.stderr).unwrap().contains("no database: say it by --database-url")
    );
}

#[test]
fn others_may_reach_it_with_a_credential_and_by_its_name() {
    let folder = shop();
    folder.write("tokens", format!("ada {ADA}\n"));
    let arguments = [
        "ticket.toml",
        "--database-url",
        "sqlite:x.db",
        "--listen",
        "0.0.0.0:0",
        "--public-url",
        "https://deploys.example.org",
        "--operator-token-file",
        "tokens",
        "--metrics-listen",
        "127.0.0.1:0",
    ];
    let serving = Serving::start(command(&folder, &arguments));
    let port = serving.url.rsplit_once(':').unwrap().1.to_owned();
    let url = format!("http://127.0.0.1:{port}/api/tickets");
    let bearer = format!("Bearer {ADA}");
    let own = [JSON, ("authorization", &bearer), ("host", "deploys.example.org")];
    assert_eq!(call("POST", &url, &own, b"{}").ok(201)["events"][0]["actor"], "ada");
    call("POST", &url, &[JSON, ("host", "deploys.example.org")], b"{}")
        .problem(401, "unauthorized");
    let other = [JSON, ("authorization", &bearer), ("host", "rebound.example")];
    call("POST", &url, &other, b"{}").problem(421, "foreign-host");
    let metrics = format!("http://127.0.0.1:{port}/metrics");
    assert_eq!(call("GET", &metrics, &own[1..], b"").status, 404, "it stands elsewhere");
    serving.end();
}

#[test]
fn metrics_stand_at_an_address_of_their_own_without_a_credential() {
    let folder = shop();
    folder.write("tokens", format!("ada {ADA}\n"));
    let address = free_address();
    let arguments = [
        "ticket.toml",
        "--database-url",
        "sqlite:x.db",
        "--listen",
        "127.0.0.1:0",
        "--operator-token-file",
        "tokens",
        "--metrics-listen",
        &address,
    ];
    let serving = Serving::start(command(&folder, &arguments));
    let bearer = format!("Bearer {ADA}");
    serving.post("/api/tickets", &[("authorization", &bearer)], &json!({})).ok(201);
    let there = format!("http://{address}");
    let metrics = call("GET", &format!("{there}/metrics"), &[], b"");
    assert_eq!(metrics.status, 200);
    assert!(metrics.text.contains("phasegate_started_total{machine=\"ticket\"} 1"), "{metrics:?}");
    assert_eq!(serving.get("/metrics").status, 404, "the page's own port has none");
    // Nothing else is there.
    for path in ["/", "/api/tickets", "/readyz"] {
        assert_eq!(call("GET", &format!("{there}{path}"), &[], b"").status, 404, "{path}");
    }
    // It ends with the rest.
    serving.end();
    assert!(std::net::TcpStream::connect(&address).is_err());
}

/// An address that is free at this moment.
pub(crate) fn free_address() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}

#[test]
fn each_answer_is_a_line_of_the_log_and_no_line_has_a_secret() {
    let folder = shop();
    folder.write("tokens", format!("ada {ADA}\n"));
    let arguments = [
        "ticket.toml",
        "--database-url",
        "sqlite:x.db",
        "--listen",
        "127.0.0.1:0",
        "--log",
        "json",
        "--log-level",
        "trace",
        "--operator-token-file",
        "tokens",
    ];
    let serving = Serving::start(command(&folder, &arguments));
    let operator = format!("Bearer {ADA}");
    let started = serving
        .post(
            "/api/tickets",
            &[("authorization", &operator)],
            &json!({"reason": "a secret reason"}),
        )
        .ok(201);
    let (id, token) =
        (started["id"].as_str().unwrap(), started["callback_token"].as_str().unwrap());
    let bearer = format!("Bearer {token}");
    let to = format!("/api/tickets/{id}/callbacks");
    let wrong = "Bearer wrong-0123456789abcdef0123456789ab";
    let body = json!({"status": "closed", "job": "close", "log_tail": "a secret log"});
    let reply = serving.post(&to, &[("authorization", &bearer)], &body);
    let request = reply.header("x-request-id").to_owned();
    reply.ok(200);
    serving
        .post(&to, &[("authorization", &bearer)], &json!({"status": "open"}))
        .problem(422, "ended");
    serving
        .post(&to, &[("authorization", wrong)], &json!({"status": "open"}))
        .problem(401, "unauthorized");
    serving.get("/api/tickets?limit=secret-query").problem(401, "unauthorized");
    let log = serving.end();
    let (half, _) = token.split_once('.').unwrap();
    for secret in [ADA, token, half, "wrong-0123456789", "a secret", "secret-query"] {
        assert!(!log.contains(secret), "{secret}: {log}");
    }
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let answers: Vec<&Value> =
        lines.iter().filter(|line| line["target"] == "phasegate::answer").collect();
    let of = |answer: &str| {
        answers
            .iter()
            .find(|line| line["answer"] == answer)
            .unwrap_or_else(|| panic!("{answer}: {log}"))
    };
    let applied = of("applied");
    assert_eq!(
        (&applied["row"], &applied["from"], &applied["to"]),
        (&json!(id), &json!("open"), &json!("closed"))
    );
    assert_eq!((&applied["status"], &applied["machine"]), (&json!(200), &json!("ticket")));
    assert_eq!(applied["span"]["id"], request.as_str());
    assert!(applied["ms"].as_f64().unwrap() > 0.0);
    assert_eq!((&of("ended")["from"], &of("ended")["status"]), (&json!("closed"), &json!(422)));
    assert_eq!((&of("started")["actor"], &of("started")["to"]), (&json!("ada"), &json!("open")));
    assert_eq!(of("unauthorized")["status"], 401);
    assert_eq!(answers.len(), 5, "{log}");
}

#[test]
fn says_where_migrations_are_missing_and_runs_none_where_told() {
    let folder = Folder::with("ticket.toml", TICKET);
    let arguments = ["ticket.toml", "--database-url", "sqlite:x.db", "--listen", "127.0.0.1:0"];
    let output = command(&folder, &arguments).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("there are no migrations in ") && said.contains("--no-migrate"),
        "{said}"
    );
    let serving = Serving::start(command(&folder, &[&arguments[..], &["--no-migrate"]].concat()));
    serving.get("/readyz").problem(503, "schema-mismatch");
    serving.end();
}

#[test]
fn help_shows_the_environment_of_each_setting() {
    let output = Command::new(PHASEGATE).args(["serve", "--help"]).output().unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    let flags: Vec<&str> = help.lines().filter_map(|line| line.trim().strip_prefix("--")).collect();
    assert!(flags.len() > 20, "{help}");
    for flag in flags {
        let name = flag.split([' ', '=']).next().unwrap();
        let env = format!("[env: PHASEGATE_{}", name.to_uppercase().replace('-', "_"));
        assert!(help.contains(&env), "{env} is not in: {help}");
    }
}

#[test]
fn the_page_lists_every_setting() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/operating.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let (start, end) = ("<!-- settings -->\n\n", "\n<!-- end of settings -->");
    let from = page.find(start).expect("the page has a place for it") + start.len();
    let to = page.find(end).expect("the place has an end");
    let now = phasegate_cli::command::settings();
    if std::env::var("INSTA_UPDATE").is_ok_and(|update| update == "always") {
        std::fs::write(&path, format!("{}{now}{}", &page[..from], &page[to..])).unwrap();
        return;
    }
    assert_eq!(&page[from..to], now, "INSTA_UPDATE=always writes it anew");
}

#[test]
#[ignore = "needs PostgreSQL: run by tests/run"]
fn the_owner_migrates_and_a_role_that_owns_nothing_serves() {
    let folder = shop();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let owner = runtime.block_on(crate::cluster::database());
    let sql = |sql: &str| {
        use sqlx::{AssertSqlSafe, Connection as _};
        runtime.block_on(async {
            let mut conn = sqlx::PgConnection::connect(&owner).await.unwrap();
            sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut conn).await.unwrap();
        });
    };
    folder.write("owner", &owner);
    let apply = ["migrate", "order.toml", "ticket.toml", "--apply", "--database-url-file", "owner"];
    for runs in
        ["ran migrations/postgres/0001_", "migrations/postgres: nothing to run, the database"]
    {
        let ran = folder.run(&apply);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        assert!(ran.out.contains(runs), "{ran:?}");
        assert!(ran.out.contains("the database has all of its migrations"), "{ran:?}");
    }
    sql("CREATE ROLE serves LOGIN");
    folder.write("app", owner.replace("postgres@", "serves@"));
    let arguments = [
        "ticket.toml",
        "--database-url-file",
        "app",
        "--listen",
        "127.0.0.1:0",
        "--no-migrate",
        "--log",
        "json",
    ];
    let serving = Serving::start(command(&folder, &arguments));
    let problem = serving.get("/readyz").problem(503, "schema-mismatch");
    let missing: Vec<String> = problem["missing"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one.as_str().unwrap().to_owned())
        .collect();
    let log = serving.end();
    assert!(missing.len() > 8, "{missing:?}");
    for missing in missing {
        assert!(log.contains(&missing.replace('"', "\\\"")), "{missing}: {log}");
        sql(missing.split_once(": ").unwrap().1);
    }
    let serving = Serving::start(command(&folder, &arguments));
    serving.get("/readyz").ok(200);
    serving.post("/api/tickets", &[], &json!({})).ok(201);
    serving.end();
    // It can't migrate, and a table that has changed is not migrated past its files.
    let ran = folder.run(&["migrate", "ticket.toml", "--apply", "--database-url-file", "app"]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    folder.write("ticket.toml", TICKET.replace("closed", "shut"));
    let ran = folder.run(&["migrate", "ticket.toml", "--apply", "--database-url-file", "owner"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
}
