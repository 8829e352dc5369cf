//! What is counted, as Prometheus reads it.

use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;
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

#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    reports: Family<Answered, Counter>,
    seconds: Histogram,
    started: Counter,
    streams: Gauge,
    overdue: Mutex<Family<In, Gauge>>,
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
        Self { registry, reports, seconds, started, streams, overdue: Mutex::new(overdue) }
    }

    pub(crate) fn reported(&self, answer: &'static str, took: Duration) {
        self.reports.get_or_create(&Answered { answer }).inc();
        self.seconds.observe(took.as_secs_f64());
    }

    pub(crate) fn started(&self) {
        self.started.inc();
    }

    pub(crate) fn streams(&self) -> &Gauge {
        &self.streams
    }

    /// All of it as text, with the rows that are overdue by state.
    pub(crate) fn text(&self, overdue: Vec<(String, i64)>) -> String {
        let family = self.overdue.lock().unwrap_or_else(PoisonError::into_inner);
        family.clear();
        for (state, rows) in overdue {
            family.get_or_create(&In { state }).set(rows);
        }
        let mut text = String::new();
        text::encode(&mut text, &self.registry).expect("a String takes all that is written");
        text
    }
}
