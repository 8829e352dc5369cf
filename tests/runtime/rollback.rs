//! A code rollback really tried: the backend that was built from the table before, as a process of
//! its own, on the database that the newer one has migrated and left rows in every new state of.

// Formatted by what generates it.
mod deploy_v1;

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use crate::common::backend::client::{Reply, Stream, call, until_done};
use crate::common::backend::world::{DEPLOY, DEPLOY_V1, Database, World, machine};
use crate::deploy::DeployStatus;
use deploy_v1::DeployStatus as OldStatus;
use phasegate::console::Page;
use phasegate::http::Backend;
use phasegate::{Machine, Schema, Store};
use phasegate_codegen::emit::rust::Rust;
use serde_json::{Value, json};
use sqlx::migrate::Migrator;

phasegate::machine!(
    /// What runs now.
    New = crate::deploy::{DeployStatus, DeployPhase}
);
phasegate::machine!(
    /// What ran before, and runs again after a rollback.
    Old = deploy_v1::{DeployStatus, DeployPhase}
);

on_each_database! {
    an_older_backend_goes_on_where_a_newer_one_left_off
    both_serve_one_database_side_by_side
}

/// Which build of the backend a process is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Build {
    Old,
    New,
}

impl Build {
    fn machine(self) -> Arc<dyn Machine> {
        match self {
            Self::Old => Arc::new(Old),
            Self::New => Arc::new(New),
        }
    }

    /// The migrations that the build has in it.
    fn migrations(self, url: &str) -> Migrator {
        let mut all = match url.starts_with("sqlite:") {
            true => sqlx::migrate!("migrations/sqlite"),
            false => sqlx::migrate!("migrations/postgres"),
        };
        if self == Self::Old {
            all.migrations.to_mut().truncate(1);
        }
        all
    }
}

/// How a process of this very program is told to be a backend.
const BUILD: &str = "ROLLBACK_BUILD";
const DATABASE: &str = "ROLLBACK_DATABASE";

#[test]
fn serves_where_it_is_told_to_until_its_input_ends() {
    let (Ok(build), Ok(url)) = (std::env::var(BUILD), std::env::var(DATABASE)) else { return };
    let build = if build == "old" { Build::Old } else { Build::New };
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let store = Store::open(&url, Schema::named("deploy")).await.unwrap();
        store.migrate(build.migrations(&url)).await.unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let backend = Backend::new(store.clone(), build.machine());
        let running = backend.serve(listener, Page::deploys().router()).unwrap();
        println!("\nserves {}", running.url());
        let ended = tokio::task::spawn_blocking(|| {
            let mut rest = Vec::new();
            std::io::stdin().read_to_end(&mut rest)
        });
        ended.await.unwrap().unwrap();
        running.stop().await;
        store.close().await;
    });
}

/// A backend in a process of its own, which ends when this is dropped.
struct Process {
    child: Child,
    url: String,
}

impl Process {
    fn start(build: Build, world: &World) -> Self {
        let word = if build == Build::Old { "old" } else { "new" };
        let child = Command::new(std::env::current_exe().unwrap())
            .args([
                "rollback::serves_where_it_is_told_to_until_its_input_ends",
                "--exact",
                "--nocapture",
            ])
            .env(BUILD, word)
            .env(DATABASE, &world.database_url)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut process = Self { child, url: String::new() };
        let mut said = BufReader::new(process.child.stdout.take().unwrap());
        let mut all = String::new();
        loop {
            let mut line = String::new();
            let read = said.read_line(&mut line).unwrap();
            assert!(read > 0, "the {word} backend does not start: {all}");
            if let Some(url) = line.trim().strip_prefix("serves ") {
                // What else it says is read, so that it never waits for a reader.
                std::thread::spawn(move || said.read_to_end(&mut Vec::new()));
                url.clone_into(&mut process.url);
                return process;
            }
            all += &line;
        }
    }

    /// Ends it as an orchestrator would; it has to end well.
    fn stop(mut self) {
        drop(self.child.stdin.take());
        assert!(self.child.wait().unwrap().success());
    }

    fn get(&self, path: &str) -> Reply {
        until_done(|| call("GET", &format!("{}{path}", self.url), &[], &[]))
    }

    /// A new row, and the token that it is reported with.
    fn deploy(&self) -> Row {
        let headers = [("content-type", "application/json")];
        let url = format!("{}/api/deploys", self.url);
        let body = until_done(|| call("POST", &url, &headers, b"{}")).ok(201);
        let text = |name: &str| body[name].as_str().unwrap().to_owned();
        Row { id: text("id"), token: text("callback_token") }
    }

    fn report(&self, row: &Row, status: &str) -> Reply {
        let bearer = format!("Bearer {}", row.token);
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
        let url = format!("{}/api/deploys/{}/callbacks", self.url, row.id);
        let body = json!({ "status": status }).to_string();
        until_done(|| call("POST", &url, &headers, body.as_bytes()))
    }

    #[track_caller]
    fn walk(&self, row: &Row, states: &[&str]) {
        for state in states {
            let reply = self.report(row, state).ok(200);
            assert_eq!(reply["applied"], true, "{state}: {reply}");
        }
    }

    fn snapshot(&self, row: &Row) -> Value {
        self.get(&format!("/api/deploys/{}", row.id)).ok(200)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Where a test failed; one that was stopped has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

struct Row {
    id: String,
    token: String,
}

/// The states that the table before lacks, and a way to each.
fn new_states() -> BTreeMap<&'static str, Vec<&'static str>> {
    let is_new = |state: &&DeployStatus| state.as_str().parse::<OldStatus>().is_err();
    let new: Vec<&'static str> =
        DeployStatus::ALL.iter().filter(is_new).map(|state| state.as_str()).collect();
    assert_eq!(new.len(), 5, "{new:?}");
    new.into_iter()
        .map(|state| match state {
            "health_checking" => (state, vec!["building", "deploying", state]),
            _ => (state, vec![state]),
        })
        .collect()
}

fn an_older_backend_goes_on_where_a_newer_one_left_off(database: Database) {
    let world = World::empty(database, machine(DEPLOY), Schema::named("deploy"));
    let new = Process::start(Build::New, &world);
    assert_eq!(new.get("/readyz").ok(200)["degraded"], false);
    // A row in each new state for each report that the old workflow can send, and one to look at.
    let mut rows = Vec::new();
    for (state, way) in new_states() {
        for asked in OldStatus::ALL.iter().map(|old| Some(old.as_str())).chain([None]) {
            let row = new.deploy();
            new.walk(&row, &way);
            rows.push((state, asked, row));
        }
    }
    let known = new.deploy();
    new.walk(&known, &["building"]);
    new.stop();

    // The rollback: it starts, though the database has a migration that it lacks.
    let old = Process::start(Build::Old, &world);
    assert_eq!(world.count("SELECT count(*) FROM _sqlx_migrations"), 2);
    let ready = old.get("/readyz").ok(200);
    assert_eq!((&ready["ready"], &ready["degraded"]), (&json!(true), &json!(true)));
    assert_eq!(ready["language"], Old.language());
    assert_eq!(ready["database"]["language"], New.language());
    assert_eq!(old.get("/").status, 200);

    // It reads, and shows.
    let listed = old.get("/api/deploys?limit=100").ok(200)["deploys"].as_array().unwrap().clone();
    assert_eq!(listed.len(), rows.len() + 1);
    assert_eq!(listed.iter().filter(|row| row["known"] == false).count(), rows.len());
    for (state, _, row) in &rows {
        let snapshot = old.snapshot(row);
        assert_eq!((&snapshot["status"], &snapshot["known"]), (&json!(state), &json!(false)));
        assert_eq!((&snapshot["terminal"], &snapshot["outcome"]), (&json!(false), &Value::Null));
        assert_eq!(snapshot["table"], Old.table());
        let last = snapshot["events"].as_array().unwrap().last().unwrap().clone();
        assert_eq!(&last["to"], state, "the history is passed on whole");
        for phase in snapshot["phases"].as_array().unwrap() {
            assert!(!["failed", "cancelled"].contains(&phase["view"].as_str().unwrap()), "{phase}");
        }
        let url = format!("{}/api/deploys/{}/events", old.url, row.id);
        assert_eq!(Stream::open(&url, None).next().unwrap().data, snapshot);
    }
    assert_eq!(old.snapshot(&known)["known"], true);

    // It judges: what the database's guard allows is applied, whatever else is refused by name.
    for (state, asked, row) in &rows {
        let Some(asked) = asked else { continue };
        let (from, to) = (deploy(state), deploy(asked));
        let reply = old.report(row, asked);
        if from.can_become(to) {
            let seq = if *state == "health_checking" { 5 } else { 3 };
            let applied = json!({ "applied": true, "status": asked, "from": state, "seq": seq });
            assert_eq!(reply.ok(200), applied);
            assert_eq!(old.snapshot(row)["known"], true, "it is back on known ground");
        } else {
            let problem = reply.problem(422, "illegal-transition");
            assert_eq!((&problem["from"], &problem["to"]), (&json!(state), &json!(asked)));
            let allowed: Vec<&str> = from.next().iter().map(|to| to.as_str()).collect();
            assert_eq!(problem["allowed"], json!(allowed), "by the database's rules");
            assert_eq!(old.snapshot(row)["status"], *state);
        }
    }
    // A newer workflow that runs on: what this backend lacks is refused as unknown, and goes on.
    let row = old.deploy();
    old.report(&row, "smoke_running").problem(422, "unknown-status");
    old.walk(&row, &["building", "deploying"]);
    old.report(&row, "health_checking").problem(422, "unknown-status");
    old.walk(&row, &["succeeded"]);
    assert_eq!(old.snapshot(&row)["outcome"], "success");
    old.stop();
    nothing_is_wrong_with(&world);
}

fn both_serve_one_database_side_by_side(database: Database) {
    let world = World::empty(database, machine(DEPLOY), Schema::named("deploy"));
    // The old one was there first, and serves on while the new one migrates and after it.
    let old = Process::start(Build::Old, &world);
    let early = old.deploy();
    assert_eq!(old.get("/readyz").ok(200)["degraded"], false);
    let new = Process::start(Build::New, &world);
    assert_eq!(old.get("/readyz").ok(200)["degraded"], true);
    new.walk(&early, &["smoke_running"]);
    assert_eq!(old.snapshot(&early)["known"], false);
    old.walk(&early, &["building"]);
    assert_eq!(new.snapshot(&early)["status"], "building");
    new.walk(&early, &["deploying", "health_checking"]);
    old.walk(&early, &["succeeded"]);
    let events = new.snapshot(&early)["events"].as_array().unwrap().clone();
    let states: Vec<&str> = events.iter().map(|event| event["to"].as_str().unwrap()).collect();
    let all = ["queued", "smoke_running", "building", "deploying", "health_checking", "succeeded"];
    assert_eq!(states, all);
    // Both say the same of a row that has ended.
    for process in [&old, &new] {
        let problem = process.report(&early, "failed").problem(422, "ended");
        assert_eq!(problem["from"], "succeeded");
        assert_eq!(process.snapshot(&early)["outcome"], "success");
    }
    old.stop();
    new.stop();
    nothing_is_wrong_with(&world);
}

fn deploy(state: &str) -> DeployStatus {
    state.parse().unwrap()
}

/// The database is as its table gives it, its rows and their history too.
#[track_caller]
fn nothing_is_wrong_with(world: &World) {
    let table = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy.toml");
    let loaded = phasegate_codegen::load(&table).unwrap();
    let looked = world.run(phasegate_cli::live::look(&loaded, &world.database_url));
    assert_eq!(looked.unwrap().findings, []);
}

#[test]
fn the_old_backend_is_built_from_the_old_table() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deploy.toml");
    fs::write(&path, format!("{DEPLOY_V1}\n[target.rust]\ntype = \"DeployStatus\"\n")).unwrap();
    let loaded = phasegate_codegen::load(&path).unwrap();
    let text = phasegate_codegen::render(&loaded, &[&Rust]).remove(0).text;
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/runtime/rollback/deploy_v1.rs");
    if std::env::var("ROLLBACK").as_deref() == Ok("write") {
        fs::write(&kept, &text).unwrap();
    }
    let is_kept = fs::read_to_string(&kept).unwrap() == text;
    assert!(is_kept, "run `ROLLBACK=write cargo test --test runtime rollback::the_old_backend`");
    assert_eq!(Old.table(), loaded.machine.fingerprints.table);
}
