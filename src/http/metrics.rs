//! What is counted, as Prometheus reads it: the feature `metrics`.

use super::{Backend, Shared, problem, shared};
use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct Answered {
    answer: &'static str,
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct In {
    state: String,
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct Route {
    route: String,
    method: String,
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct Served {
    route: String,
    method: String,
    status: u16,
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct Failed {
    error: &'static str,
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct Dispatched {
    outcome: &'static str,
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct Connection {
    state: &'static str,
}

/// What the database is found to be when metrics are asked for.
#[derive(Clone, Debug, Default)]
struct Database {
    /// The rows that are overdue, by state.
    overdue: Vec<(String, i64)>,
    /// How many connections there are, and how many of them do nothing.
    connections: (u32, usize),
    /// Whether it is there.
    is_up: bool,
    /// Whether it judges by other rules than the backend.
    differs: bool,
}

/// A stream that is open.
pub(crate) struct OpenStream(Gauge);

impl Drop for OpenStream {
    fn drop(&mut self) {
        self.0.dec();
    }
}

#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    reports: Family<Answered, Counter>,
    seconds: Histogram,
    started: Counter,
    streams: Gauge,
    overdue: Mutex<Family<In, Gauge>>,
    requests: Family<Served, Counter>,
    request_seconds: Family<Route, Histogram>,
    errors: Family<Failed, Counter>,
    connections: Family<Connection, Gauge>,
    up: Gauge,
    differs: Gauge,
    by_another_table: Counter,
    dispatched: Family<Dispatched, Counter>,
}

impl Metrics {
    pub(crate) fn new(machine: &str) -> Self {
        let labels = [("machine".into(), machine.to_owned().into())];
        let mut registry = Registry::with_prefix_and_labels("phasegate", labels.into_iter());
        let reports = Family::<Answered, Counter>::default();
        // 1 ms to 4 s.
        let seconds = Histogram::new(exponential_buckets(0.001, 2.0, 13));
        let (started, streams) = (Counter::default(), Gauge::default());
        registry.register("reports", "Reports, by what was answered", reports.clone());
        registry.register("report_seconds", "How long reports took", seconds.clone());
        registry.register("started", "Rows started through this backend", started.clone());
        registry.register("streams", "Event streams that are open", streams.clone());
        let overdue = Family::<In, Gauge>::default();
        let about = "Rows that are longer in a state than its `expect` says";
        registry.register("overdue", about, overdue.clone());
        let requests = Family::<Served, Counter>::default();
        registry.register("requests", "Answers, by route and status", requests.clone());
        let latency: fn() -> Histogram = || Histogram::new(exponential_buckets(0.001, 2.0, 13));
        let request_seconds = Family::<Route, Histogram>::new_with_constructor(latency);
        let about = "How long answers took; of a stream until it began";
        registry.register("request_seconds", about, request_seconds.clone());
        let errors = Family::<Failed, Counter>::default();
        registry.register(
            "database_errors",
            "What the database could not do, by kind",
            errors.clone(),
        );
        let connections = Family::<Connection, Gauge>::default();
        registry.register("connections", "Connections to the database", connections.clone());
        let (up, differs, by_another_table) =
            (Gauge::default(), Gauge::default(), Counter::default());
        registry.register("database_up", "Whether the database answers, 1 or 0", up.clone());
        let about = "Whether the database judges by other rules than the backend, 1 or 0";
        registry.register("rules_differ", about, differs.clone());
        let about = "Reports whose sender was made from another version of the table";
        registry.register("reports_of_another_table", about, by_another_table.clone());
        let dispatched = Family::<Dispatched, Counter>::default();
        registry.register("dispatches", "Runs that were asked for, by outcome", dispatched.clone());
        Self {
            requests,
            request_seconds,
            errors,
            connections,
            up,
            differs,
            by_another_table,
            dispatched,
            registry,
            reports,
            seconds,
            started,
            streams,
            overdue: Mutex::new(overdue),
        }
    }

    pub(crate) fn reported(&self, answer: &'static str, took: Duration) {
        self.reports.get_or_create(&Answered { answer }).inc();
        self.seconds.observe(took.as_secs_f64());
    }

    pub(crate) fn answered(&self, route: String, method: String, status: u16, took: Duration) {
        let of = Route { route: route.clone(), method: method.clone() };
        self.request_seconds.get_or_create(&of).observe(took.as_secs_f64());
        self.requests.get_or_create(&Served { route, method, status }).inc();
    }

    pub(crate) fn failed(&self, error: &'static str) {
        self.errors.get_or_create(&Failed { error }).inc();
    }

    pub(crate) fn dispatched(&self, outcome: &'static str) {
        self.dispatched.get_or_create(&Dispatched { outcome }).inc();
    }

    pub(crate) fn sent_by_another_table(&self) {
        self.by_another_table.inc();
    }

    pub(crate) fn started(&self) {
        self.started.inc();
    }

    /// Counts a stream for as long as what it gives is there.
    pub(crate) fn stream(&self) -> OpenStream {
        self.streams.inc();
        OpenStream(self.streams.clone())
    }

    /// All of it as text, with what the database is found to be.
    fn text(&self, found: Database) -> String {
        let (all, idle) = found.connections;
        let idle = i64::try_from(idle).unwrap_or(i64::MAX);
        self.connections.get_or_create(&Connection { state: "idle" }).set(idle);
        self.connections.get_or_create(&Connection { state: "used" }).set(i64::from(all) - idle);
        self.up.set(found.is_up.into());
        self.differs.set(found.differs.into());
        let family = self.overdue.lock().unwrap_or_else(PoisonError::into_inner);
        family.clear();
        for (state, rows) in found.overdue {
            family.get_or_create(&In { state }).set(rows);
        }
        let mut text = String::new();
        text::encode(&mut text, &self.registry).expect("a String takes all that is written");
        text
    }
}

/// How long the database is waited for where metrics are asked for.
const PATIENCE: Duration = Duration::from_secs(2);

/// `/metrics` of several backends, to be served at an address of its own.
pub fn metrics<'a>(backends: impl IntoIterator<Item = &'a Backend>) -> Router {
    let router = Router::new().route("/metrics", get(page));
    router.with_state(shared(backends)).layer(from_fn(problem::nested))
}

/// Routes whose answers are counted.
pub(super) fn counted(router: Router<Arc<Shared>>, shared: &Arc<Shared>) -> Router<Arc<Shared>> {
    router.layer(from_fn_with_state(shared.clone(), measured))
}

/// Counts an answer, and how long it took; of a stream until it begins.
async fn measured(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let method = request.method().as_str().to_owned();
    let route = route.unwrap_or_default();
    super::log::routed(request.method(), &route);
    let response = next.run(request).await;
    shared.metrics.answered(route, method, response.status().as_u16(), begun.elapsed());
    response
}

async fn page(State(all): State<Arc<[Arc<Shared>]>>) -> Response {
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    let mut texts = Vec::new();
    for shared in &*all {
        texts.push(text_of(shared).await);
    }
    ([(CONTENT_TYPE, kind)], joined(&texts)).into_response()
}

/// What one machine's backend counted.
async fn text_of(shared: &Shared) -> String {
    // What is counted here is to be had without the database, too.
    let asked = async {
        let fit = shared.store.fit().await?;
        let differs = fit.language.as_deref().is_some_and(|own| own != shared.machine.language());
        Ok::<_, crate::store::Error>((shared.store.overdue().await?, differs))
    };
    let mut found = Database { connections: shared.store.connections(), ..Default::default() };
    match tokio::time::timeout(PATIENCE, asked).await {
        Ok(Ok((overdue, differs))) => {
            (found.overdue, found.differs, found.is_up) = (overdue, differs, true);
        }
        Ok(Err(error)) => tracing::warn!(%error, "what is overdue could not be counted"),
        Err(_) => tracing::warn!("the database does not answer"),
    }
    shared.metrics.text(found)
}

/// The texts of several backends as one: what is said of a metric stands once, above the values of all.
fn joined(texts: &[String]) -> String {
    // By the name that stands behind `# HELP`, in the order of the first text.
    let mut order: Vec<String> = Vec::new();
    let mut metrics: BTreeMap<String, (String, String)> = BTreeMap::new();
    for text in texts {
        let mut name = String::new();
        for line in text.lines().filter(|line| *line != "# EOF") {
            if let Some(help) = line.strip_prefix("# HELP ") {
                name = help.split(' ').next().unwrap_or_default().to_owned();
                if !metrics.contains_key(&name) {
                    order.push(name.clone());
                }
            }
            let (about, values) = metrics.entry(name.clone()).or_default();
            let line = format!("{line}\n");
            if !line.starts_with('#') {
                *values += &line;
            } else if !about.contains(&line) {
                *about += &line;
            }
        }
    }
    let parts = order.iter().filter_map(|name| metrics.get(name));
    let text: String = parts.map(|(about, values)| format!("{about}{values}")).collect();
    text + "# EOF\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_of_each_metric_once_what_it_is_and_of_each_machine_its_values() {
        let (one, two) = (Metrics::new("one"), Metrics::new("two"));
        one.started();
        two.started();
        let overdue = Database { overdue: vec![("open".to_owned(), 2)], ..Database::default() };
        let text = joined(&[one.text(Database::default()), two.text(overdue)]);
        for once in ["# HELP phasegate_started ", "# TYPE phasegate_overdue gauge", "# EOF"] {
            assert_eq!(text.matches(once).count(), 1, "{once}: {text}");
        }
        for machine in ["one", "two"] {
            let value = format!("phasegate_started_total{{machine=\"{machine}\"}} 1\n");
            assert!(text.contains(&value), "{text}");
        }
        assert!(text.ends_with("# EOF\n"));
        let alone = one.text(Database::default());
        assert_eq!(joined(std::slice::from_ref(&alone)), alone);
    }
}
