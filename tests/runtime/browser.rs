//! The console in a real Chromium, over a real backend: what people see of a deploy, live.
//!
//! The picture in the README is `tests/runtime/browser/run.png`; this takes it anew:
//! `PHASEGATE_PICTURE=tests/runtime/browser/run.png cargo test --test runtime the_readme -- --ignored`.
use crate::common;
use std::process::{Command, Output};

mod faults;

use crate::common::backend::world::{DEPLOY, DEPLOY_V1, Database, World, machine, schema};
use axum::Router;
use axum::extract::RawQuery;
use axum::http::header::CONTENT_TYPE;
use axum::response::Html;
use axum::routing::{get, post};
use phasegate::Schema;
use phasegate::console::Page;
use phasegate::http::{Backend, BearerToken, By, Ends, Github, Options, Running};
use phasegate_codegen::emit::js::{Js, JsTarget};
use sqlx::{Connection, Executor};
use std::io::{BufRead, BufReader, Read};
use std::num::NonZeroU32;
use std::process::Stdio;
use std::time::Duration;

/// Three of them missed are a silence that the page speaks of.
const HEARTBEAT: Duration = Duration::from_millis(500);
/// Set where this program is to serve until its input ends.
const BY_ITSELF: &str = "PHASEGATE_SERVES_BY_ITSELF";

/// Serves the interface and the page over a database, as a table judges it, and at `/test/sql` a way
/// past both.
fn serve(world: &World, table: &str, page: &Page) -> Running {
    let often = NonZeroU32::new(100_000).unwrap();
    let options = Options::default().heartbeat(HEARTBEAT).burst(often).starts(often);
    let backend = Backend::with(world.store.clone(), machine(table), BearerToken, options);
    let url = world.database_url.clone();
    let sql = post(|sql: String| async move {
        let mut connection = sqlx::SqliteConnection::connect(&url).await.unwrap();
        connection.execute(sqlx::AssertSqlSafe(sql)).await.unwrap();
        axum::Json(())
    });
    let pages = page.clone().backend(&backend).router().route("/test/sql", sql);
    world.run(async move {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        backend.serve(listener, pages).unwrap()
    })
}

fn empty(table: &str) -> World {
    let machine = machine(table);
    let names = Schema::of(&*machine);
    let world = World::empty(Database::Sqlite, machine, names);
    world.sql(&schema(table, Database::Sqlite));
    world
}

/// A table whose rows go round and round.
const ROUND: &str = "format = 1\n[machine]\nname = \"pump\"\ninitial = \"new\"\n\
    [[phase]]\nname = \"in\"\n[[phase]]\nname = \"out\"\n[[state]]\nname = \"new\"\n\
    [[state]]\nname = \"filling\"\nphase = \"in\"\n[[state]]\nname = \"emptying\"\nphase = \"out\"\n\
    [[state]]\nname = \"off\"\noutcome = \"neutral\"\n\
    [[transition]]\npath = [\"new\", \"filling\", \"emptying\", \"filling\", \"off\"]\n[target.sql]\n";

/// The status map of a table.
fn status_map(table: &str) -> String {
    modules(table, "map.js").0
}

/// The status map of a table at this path, and the element next to it.
fn modules(table: &str, path: &str) -> (String, String) {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path().join("table.toml");
    std::fs::write(&at, table).unwrap();
    let mut loaded = common::load(&at);
    loaded.machine.targets.set::<Js>(JsTarget { path: path.to_owned(), component: true });
    let artifacts = phasegate_codegen::render(&loaded, &[&Js]);
    let text = |path: &str| artifacts.iter().find(|it| it.path == path).unwrap().text.clone();
    (text(path), text(&path.replace(".js", "-stepper.js")))
}

/// What comes of a script of `tests/runtime/browser`.
fn ran(script: &str, variables: &[(&str, &str)]) -> Output {
    let root = common::root();
    assert!(
        root.join("tests/node_modules/playwright-core").exists(),
        "playwright-core is missing: npm ci --prefix tests"
    );
    Command::new("node")
        .arg(root.join("tests/runtime/browser").join(script))
        .envs(variables.iter().copied())
        .output()
        .expect("node runs; install it (on Debian: apt-get install nodejs)")
}

/// Runs one to its end.
fn run(script: &str, variables: &[(&str, &str)]) {
    let output = ran(script, variables);
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{script}: {said}");
    print!("{said}");
}

/// Runs a script on the deploy console.
fn on_the_deploy_console(script: &str, variables: &[(&str, &str)]) {
    let world = empty(DEPLOY);
    let running = serve(&world, DEPLOY, &Page::deploys());
    let url = running.url();
    run(script, &[&[("BASE", url.as_str())], variables].concat());
    world.run(running.stop());
}

#[test]
#[ignore = "needs Chromium and node: run by tests/run"]
fn four_steps_advance_as_the_jobs_report() {
    on_the_deploy_console("walk.mjs", &[]);
}

#[test]
#[ignore = "needs Chromium and node: run by tests/run"]
fn gates_that_nobody_reported_are_shown_as_that() {
    on_the_deploy_console("gates.mjs", &[]);
}

#[test]
#[ignore = "needs Chromium and node: run by tests/run"]
fn the_readme_shows_a_run_as_it_is_watched() {
    let picture = std::env::var("PHASEGATE_PICTURE").map(|path| common::root().join(path));
    let picture = picture.as_ref().map(|path| path.to_str().unwrap()).unwrap_or_default();
    on_the_deploy_console("animated.mjs", &[("ANIMATED", picture)]);
}

#[test]
#[ignore = "needs Chromium and node: run by tests/run"]
fn the_picture_shows_what_was_reported() {
    on_the_deploy_console("picture.mjs", &[]);
}

#[test]
#[ignore = "needs Chromium and node: run by tests/run"]
fn every_row_has_a_page_of_its_own_with_and_without_script() {
    on_the_deploy_console("page.mjs", &[]);
}

#[test]
#[ignore = "needs Chromium and node: run by tests/run"]
fn a_table_is_tried_by_reports_by_hand() {
    let world = empty(DEPLOY);
    let running = serve(&world, DEPLOY, &Page::deploys().simulator());
    run("simulate.mjs", &[("BASE", &running.url())]);
    world.run(running.stop());
}

#[test]
#[ignore = "needs Chromium and node: run by tests/run"]
fn the_list_goes_on_to_the_oldest_row() {
    on_the_deploy_console("oldest.mjs", &[]);
}

/// `PHASEGATE_LOOKS=keep` takes the pictures anew.
#[test]
#[ignore = "needs Chromium and node: run by tests/run"]
fn the_main_views_look_as_they_were_kept() {
    on_the_deploy_console("kept.mjs", &[]);
}

/// `PHASEGATE_LOOKS=keep` writes them anew.
#[test]
#[ignore = "needs Chromium and node: run by tests/run"]
fn twelve_moments_say_what_is_known_and_what_is_not() {
    let path = common::root().join("tests/runtime/browser/moments/deploy.toml");
    let table = std::fs::read_to_string(path).unwrap();
    // The version before: it had no freeze check's start.
    let state = "[[state]]\nname  = \"freeze_checking\"\nphase = \"freeze_check\"\n";
    let older = table.replace(state, "").replace("\"freeze_checking\", ", "");
    assert_ne!(older, table);
    let page = |table: &str| {
        let machine = phasegate_codegen::machine("deploy.toml", table.as_bytes()).unwrap().1;
        Page::new(&machine, "deploys", status_map(table))
    };
    let world = empty(&table);
    let running = serve(&world, &table, &page(&table));
    let old = serve(&world, &older, &page(&older));
    run("moments.mjs", &[("BASE", &running.url()), ("OLD_BASE", &old.url())]);
    world.run(running.stop());
    world.run(old.stop());
}

/// A table without phases and ends, with a column of each type, in another script than ours.
const TICKETS: &str = "format = 1\n[machine]\nname = \"ticket\"\ninitial = \"new\"\n\
    [[state]]\nname = \"new\"\ntitle = \"جديد (١)\"\n\
    [[state]]\nname = \"open\"\ntitle = \"قيد المعالجة\"\n\
    [[transition]]\npath = [\"new\", \"open\", \"new\"]\n\
    [target.sql]\ncolumns = { title = \"text\", budget = \"bigint\", due = \"timestamptz\", more = \"jsonb\" }\n";

#[test]
#[ignore = "needs Chromium and node: run by tests/run"]
fn a_form_has_a_field_for_each_column_and_says_what_it_takes() {
    let machine = phasegate_codegen::machine("ticket.toml", TICKETS.as_bytes()).unwrap().1;
    let page = Page::new(&machine, "tickets", status_map(TICKETS));
    let world = empty(TICKETS);
    let running = serve(&world, TICKETS, &page);
    run("columns.mjs", &[("BASE", &running.url())]);
    world.run(running.stop());
}

/// `PHASEGATE_SECONDS=60` is the long form, with its figures.
#[test]
#[ignore = "needs Chromium and node: run by tests/run"]
fn many_transitions_are_one_redraw_a_frame_and_no_fetch() {
    let seconds = std::env::var("PHASEGATE_SECONDS").unwrap_or_else(|_| "10".to_owned());
    let machine = phasegate_codegen::machine("pump.toml", ROUND.as_bytes()).unwrap().1;
    let page = Page::new(&machine, "pumps", status_map(ROUND));
    let world = empty(ROUND);
    let running = serve(&world, ROUND, &page);
    run("load.mjs", &[("BASE", &running.url()), ("SECONDS", &seconds)]);
    world.run(running.stop());
}

#[test]
#[ignore = "needs Chromium and node: run by tests/run"]
fn the_list_is_searched_and_filtered_by_the_backend() {
    on_the_deploy_console("filter.mjs", &[]);
}

#[test]
#[ignore = "needs Chromium and node: run by tests/run"]
fn a_failure_is_an_alert_that_names_its_phase() {
    on_the_deploy_console("failure.mjs", &[]);
}

#[test]
#[ignore = "needs Chromium and node: run by tests/run"]
fn the_keyboard_is_enough() {
    on_the_deploy_console("keyboard.mjs", &[]);
}

#[test]
#[ignore = "needs Chromium and node: run by tests/run"]
fn a_lost_connection_is_resumed_without_a_gap() {
    on_the_deploy_console("resume.mjs", &[]);
}

#[test]
#[ignore = "needs Chromium and node: run by tests/run"]
fn a_page_of_another_version_than_the_backend_shows_what_it_knows() {
    let world = empty(DEPLOY);
    let running = serve(&world, DEPLOY, &Page::deploys());
    let older = serve(&world, DEPLOY_V1, &Page::deploys());
    let (url, older_url) = (running.url(), older.url());
    let map = status_map(DEPLOY_V1);
    run("skew.mjs", &[("BASE", &url), ("OLD_BACKEND", &older_url), ("OLD_MAP", &map)]);
    world.run(running.stop());
    world.run(older.stop());
}

#[test]
#[ignore = "needs Chromium and node: run by tests/run"]
fn a_forced_row_is_shown_as_that_wherever_it_is_shown() {
    on_the_deploy_console("forced.mjs", &[]);
}

#[test]
#[ignore = "needs Chromium and node: run by tests/run"]
fn what_was_refused_stands_in_the_audit_log() {
    on_the_deploy_console("refused.mjs", &[]);
}

#[test]
#[ignore = "needs Chromium and node: run by tests/run"]
fn nothing_that_people_do_with_the_page_is_lost() {
    on_the_deploy_console("calm.mjs", &[]);
}

#[test]
#[ignore = "needs Chromium and node: run by tests/run"]
fn of_a_run_that_the_backend_starts_nothing_has_to_be_handed_on() {
    use common::backend::github::{Double, Mood, TOKEN};
    for (mood, said) in [
        (Mood::Well, "Its run was started: 900719925474"),
        (Mood::Refuses, "Its run could not be started: GitHub answered 422: Unexpected inputs"),
        (Mood::BrokenBefore, "Whether its run was started is not known yet: GitHub answered 502"),
    ] {
        let double = Double::new(|_| false);
        double.set(mood);
        let world = empty(DEPLOY);
        let by = By::Token(TOKEN.to_owned());
        let github = Github::new(&double.url, "octo/shop", "deploy.yml", "main", by).unwrap();
        let token = Some("callback_token".to_owned());
        let ends = Ends::of(&*world.machine);
        let options =
            Options::default().dispatcher(github.inputs("console_deploy_id", token), ends);
        let backend = Backend::with(world.store.clone(), machine(DEPLOY), BearerToken, options);
        let running = world.run(async move {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            backend.serve(listener, Page::deploys().router()).unwrap()
        });
        let said = serde_json::json!([said, said]).to_string();
        run("run.mjs", &[("BASE", &running.url()), ("SAID", &said)]);
        world.run(running.stop());
    }
}

#[test]
#[ignore = "needs Chromium and node: run by tests/run"]
fn every_row_of_the_list_lives_and_what_is_wrong_with_it_is_said() {
    on_the_deploy_console("list.mjs", &[]);
}

#[test]
#[ignore = "needs Chromium and node: run by tests/run"]
fn a_row_that_is_gone_and_answers_that_are_no_json_are_said_in_words() {
    on_the_deploy_console("gone.mjs", &[]);
}

#[test]
#[ignore = "needs Chromium and node: run by tests/run"]
fn the_silence_of_a_backend_that_hangs_is_said() {
    let this = std::env::current_exe().unwrap();
    let mut backend = Command::new(this)
        .args(["browser::a_backend_by_itself", "--exact", "--ignored", "--nocapture"])
        .env(BY_ITSELF, "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(backend.stdout.take().unwrap()).lines().map(Result::unwrap);
    let url = lines.find_map(|line| line.strip_prefix("URL ").map(str::to_owned)).unwrap();
    run("silence.mjs", &[("BASE", &url), ("BACKEND", &backend.id().to_string())]);
    drop(backend.stdin.take());
    let said: Vec<_> = lines.collect();
    assert!(backend.wait().unwrap().success(), "{said:?}");
}

#[test]
#[ignore = "needs a process of its own: the silence of a backend is tried on it"]
fn a_backend_by_itself() {
    let world = empty(DEPLOY);
    let running = serve(&world, DEPLOY, &Page::deploys());
    // After what the test's name is printed by.
    println!("\nURL {}", running.url());
    if std::env::var_os(BY_ITSELF).is_some() {
        std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
    }
    let reply =
        common::backend::client::call("GET", &format!("{}/readyz", running.url()), &[], &[]);
    assert_eq!(reply.status, 200);
    world.run(running.stop());
}

/// A page that has never heard of phasegate's console: three lines, and the two modules.
fn three_lines(table: &str) -> Router {
    let page = |RawQuery(id): RawQuery| async move {
        Html(format!(
            "<!doctype html><html lang=\"en\"><title>Order</title>\n\
             <script type=\"module\" src=\"order-stepper.js\"></script>\n\
             <phasegate-stepper events=\"/api/orders/{}/events\"></phasegate-stepper>\n",
            id.unwrap_or_default()
        ))
    };
    let script =
        |text: String| get(move || async move { ([(CONTENT_TYPE, "text/javascript")], text) });
    let (map, stepper) = modules(table, "order.js");
    Router::new()
        .route("/three-lines", get(page))
        .route("/order.js", script(map))
        .route("/order-stepper.js", script(stepper))
}

/// A backend of the order table, next to the page of three lines.
fn orders() -> (World, Running) {
    let table =
        std::fs::read_to_string(common::root().join("codegen/examples/order/order.toml")).unwrap();
    let world = empty(&table);
    let options = Options::default().heartbeat(HEARTBEAT);
    let backend = Backend::with(world.store.clone(), machine(&table), BearerToken, options);
    let pages = three_lines(&table);
    let running = world.run(async move {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        backend.serve(listener, pages).unwrap()
    });
    (world, running)
}

/// Runs a script on it.
fn on_orders(script: &str, variables: &[(&str, &str)]) {
    let (world, running) = orders();
    let url = running.url();
    run(script, &[&[("BASE", url.as_str())], variables].concat());
    world.run(running.stop());
}

#[test]
#[ignore = "needs Chromium and node: run by tests/run"]
fn three_lines_show_a_live_stepper_of_any_table() {
    let walk = serde_json::json!([
        ["", ["Payment: upcoming", "Delivery: upcoming"]],
        ["authorising", ["*Payment: in progress", "Delivery: upcoming"]],
        ["paid", ["Payment: done", "Delivery: upcoming"]],
        ["shipped", ["Payment: done", "*Delivery: in progress"]],
        ["delivered", ["Payment: done", "Delivery: done"]],
    ]);
    on_orders("stepper.mjs", &[("WALK", &walk.to_string())]);
}

#[test]
#[ignore = "needs Chromium and node: run by tests/run"]
fn the_element_lives_in_pages_of_all_kinds() {
    on_orders("embedded.mjs", &[]);
}

#[test]
#[ignore = "needs Chromium and node: run by tests/run"]
fn the_element_lives_in_react_and_in_vue() {
    on_orders("frameworks.mjs", &[]);
}

#[test]
#[ignore = "needs Chromium and node: run by tests/run"]
fn every_view_holds_in_light_and_dark_narrow_and_large() {
    let table =
        std::fs::read_to_string(common::root().join("tests/artifacts/page/odd.toml")).unwrap();
    let machine = phasegate_codegen::machine("odd.toml", table.as_bytes()).unwrap().1;
    let page = Page::new(&machine, "odds", status_map(&table));
    let world = empty(&table);
    let running = serve(&world, &table, &page);
    run("looks.mjs", &[("BASE", &running.url())]);
    world.run(running.stop());
}
