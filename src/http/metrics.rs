//! What is counted, as Prometheus reads it.

use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;
use std::time::Duration;

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct Answered {
    answer: &'static str,
}

#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    reports: Family<Answered, Counter>,
    seconds: Histogram,
    started: Counter,
    streams: Gauge,
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
        Self { registry, reports, seconds, started, streams }
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

    /// All of it as text.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        text::encode(&mut text, &self.registry).expect("a String takes all that is written");
        text
    }
}
