//! What is counted, as Prometheus reads it.

use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

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
struct Request {
    route: String,
    method: String,
    status: u16,
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct Failed {
    error: &'static str,
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct Connection {
    state: &'static str,
}

/// What the database is found to be when metrics are asked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Found {
    /// The rows that are overdue, by state.
    pub(crate) overdue: Vec<(String, i64)>,
    /// How many connections there are, and how many of them do nothing.
    pub(crate) connections: (u32, usize),
    /// Whether it is there.
    pub(crate) is_up: bool,
    /// Whether it judges by other rules than the backend.
    pub(crate) differs: bool,
}

#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    reports: Family<Answered, Counter>,
    seconds: Histogram,
    started: Counter,
    streams: Gauge,
    overdue: Mutex<Family<In, Gauge>>,
    requests: Family<Request, Counter>,
    request_seconds: Family<Route, Histogram>,
    errors: Family<Failed, Counter>,
    connections: Family<Connection, Gauge>,
    up: Gauge,
    differs: Gauge,
    by_another_table: Counter,
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
        let requests = Family::<Request, Counter>::default();
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
        Self {
            requests,
            request_seconds,
            errors,
            connections,
            up,
            differs,
            by_another_table,
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
        self.requests.get_or_create(&Request { route, method, status }).inc();
    }

    pub(crate) fn failed(&self, error: &'static str) {
        self.errors.get_or_create(&Failed { error }).inc();
    }

    pub(crate) fn sent_by_another_table(&self) {
        self.by_another_table.inc();
    }

    pub(crate) fn started(&self) {
        self.started.inc();
    }

    pub(crate) fn streams(&self) -> &Gauge {
        &self.streams
    }

    /// All of it as text, with what the database is found to be.
    pub(crate) fn text(&self, found: Found) -> String {
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

/// The texts of several backends as one: what is said of a metric stands once, above the values of all.
pub(crate) fn joined(texts: &[String]) -> String {
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
        let overdue = Found { overdue: vec![("open".to_owned(), 2)], ..Found::default() };
        let text = joined(&[one.text(Found::default()), two.text(overdue)]);
        for once in ["# HELP phasegate_started ", "# TYPE phasegate_overdue gauge", "# EOF"] {
            assert_eq!(text.matches(once).count(), 1, "{once}: {text}");
        }
        for machine in ["one", "two"] {
            let value = format!("phasegate_started_total{{machine=\"{machine}\"}} 1\n");
            assert!(text.contains(&value), "{text}");
        }
        assert!(text.ends_with("# EOF\n"));
        let alone = one.text(Found::default());
        assert_eq!(joined(std::slice::from_ref(&alone)), alone);
    }
}
