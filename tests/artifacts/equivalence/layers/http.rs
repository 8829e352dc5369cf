//! The one door: reports over HTTP to a backend that judges by the table, on its schema in SQLite.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use phasegate::http::{Backend, BearerToken, Options, Running};
use phasegate::{Schema, Store};
use phasegate_codegen::emit::sql::Dialect;
use serde_json::{Value, json};
use sqlx::AssertSqlSafe;
use sqlx::sqlite::SqlitePoolOptions;
use tokio::runtime::Runtime;
use ureq::Agent;

use crate::common::sql;
use crate::equivalence::cases::{Answers, Case, Reply, Row, Word};
use crate::equivalence::oracle::State;

/// Whether the table's rows can be opened to reports as they are: they have a place for a token.
pub(crate) fn can_serve(case: &Case) -> bool {
    case.machine().targets.sql().unwrap().owns
}

fn names(case: &Case) -> Schema {
    case.machine().schema()
}

/// A backend in memory, and a client that keeps its connection.
struct Served {
    runtime: Runtime,
    running: Option<Running>,
    agent: Agent,
    rows: String,
}

impl Served {
    fn new(case: &Case) -> Self {
        let runtime = Runtime::new().unwrap();
        let names = names(case);
        let schema = sql::schema(case.machine(), Dialect::Sqlite);
        let machine = Arc::new(case.machine().clone());
        let table = names.table.clone();
        let running = runtime.block_on(async {
            let pool = SqlitePoolOptions::new().max_connections(1).idle_timeout(None);
            let pool = pool.max_lifetime(None).connect("sqlite::memory:").await.unwrap();
            sqlx::raw_sql(AssertSqlSafe(schema)).execute(&pool).await.unwrap();
            let burst = NonZeroU32::new(1_000_000).unwrap();
            let often = Duration::from_millis(1);
            let options = Options::default().burst(burst).every(often);
            let options = options.starts(burst).starts_every(often);
            let backend = Backend::with(Store::sqlite(pool, names), machine, BearerToken, options);
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            backend.serve(listener, Default::default()).unwrap()
        });
        let agent = Agent::config_builder().http_status_as_error(false).build().into();
        let rows = format!("{}/api/{table}", running.url());
        Self { runtime, running: Some(running), agent, rows }
    }

    fn post(&self, path: &str, token: &str, body: &Value) -> (u16, Value) {
        let call = self.agent.post(format!("{}{path}", self.rows));
        let call = call.header("authorization", format!("Bearer {token}"));
        let mut reply = call.send_json(body).unwrap();
        (reply.status().as_u16(), reply.body_mut().read_json().unwrap())
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            self.runtime.block_on(running.stop());
        }
    }
}

/// Every pair from what rows can get to from the default start, and every sequence after it.
pub(super) fn judge(case: &Case) -> Answers {
    let served = Served::new(case);
    let start = case.oracle.initial[0];
    let count = case.oracle.states.len();
    let mut pairs = vec![vec![None; count]; count + 1];
    let mut rows = Vec::new();
    for (from, way) in case.oracle.ways(&[start]).into_iter().enumerate() {
        let Some(way) = way else { continue };
        let way: Vec<Word> = way[1..].iter().copied().map(Word::Known).collect();
        // What is refused changes nothing: one row takes it all.
        let legal: Vec<State> = case.oracle.next(Some(from));
        let refused = (0..count).filter(|to| !legal.contains(to)).map(Word::Known);
        let refused: Vec<Word> =
            refused.chain([Word::Unknown("of a newer table".into())]).collect();
        let each = legal.iter().map(|&to| vec![Word::Known(to)]).chain([refused]);
        for tried in each {
            let reports: Vec<Word> = way.iter().cloned().chain(tried.iter().cloned()).collect();
            let row = row(case, &served, start, reports);
            for (word, told) in tried.iter().zip(&row.told[way.len()..]) {
                if let Word::Known(to) = word {
                    pairs[from + 1][*to] = Some(*told == Reply::Applied);
                }
            }
            rows.push(row);
        }
    }
    rows.extend(case.sequences.iter().map(|words| row(case, &served, start, words.clone())));
    Answers { pairs, rows, ..Answers::default() }
}

fn row(case: &Case, served: &Served, start: State, reports: Vec<Word>) -> Row {
    let (status, begun) = served.post("", "", &json!({}));
    assert_eq!(status, 201, "{begun}\nin: {}", case.name);
    let (id, token) = (begun["id"].as_str().unwrap(), begun["callback_token"].as_str().unwrap());
    let mut last = start;
    let told = reports
        .iter()
        .enumerate()
        .map(|(at, word)| {
            let report = json!({ "status": case.value(word), "event_id": at.to_string() });
            let (status, body) = served.post(&format!("/{id}/callbacks"), token, &report);
            let reply = reply(case, last, status, &body);
            if reply == Reply::Applied {
                last = word.state().unwrap();
            }
            reply
        })
        .collect();
    let snapshot = served.agent.get(format!("{}/{id}", served.rows)).call().unwrap();
    let snapshot: Value = snapshot.into_body().read_json().unwrap();
    let events = snapshot["events"].as_array().unwrap().iter();
    let log = events.map(|event| event["to"].as_str().unwrap().to_owned()).collect();
    let keeps_log = case.machine().targets.sql().unwrap().events.is_some();
    Row {
        before: Some(start),
        reports,
        told,
        log: keeps_log.then_some(log),
        status: Some(snapshot["status"].as_str().unwrap().to_owned()),
    }
}

/// What an answer means, which has to say what it was judged on.
fn reply(case: &Case, last: State, status: u16, body: &Value) -> Reply {
    let from = Value::from(case.oracle.states[last].value.as_str());
    match (status, body["type"].as_str()) {
        (200, None) if body["applied"] == true && body["from"] == from => Reply::Applied,
        (200, None) if body["duplicate"] == true && body["status"] == from => Reply::Duplicate,
        (422, Some("/problems/unknown-status")) => Reply::Unknown,
        (422, Some("/problems/illegal-transition")) if body["from"] == from => {
            let allowed = body["allowed"].as_array().unwrap().iter();
            let allowed: Vec<&str> = allowed.map(|value| value.as_str().unwrap()).collect();
            Reply::Refused(if allowed.is_empty() { "none".into() } else { allowed.join(", ") })
        }
        // It says no more than that nothing else follows.
        (422, Some("/problems/ended"))
            if body["from"] == from
                && case.oracle.next(Some(last)).iter().all(|&to| to == last) =>
        {
            Reply::Refused(case.listed(Some(last)))
        }
        _ => Reply::Refused(format!("{status} {body}")),
    }
}
