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
        let text = joined(&[one.text(Vec::new()), two.text(vec![("open".to_owned(), 2)])]);
        for once in ["# HELP phasegate_started ", "# TYPE phasegate_overdue gauge", "# EOF"] {
            assert_eq!(text.matches(once).count(), 1, "{once}: {text}");
        }
        for machine in ["one", "two"] {
            let value = format!("phasegate_started_total{{machine=\"{machine}\"}} 1\n");
            assert!(text.contains(&value), "{text}");
        }
        assert!(text.ends_with("# EOF\n"));
        let alone = one.text(Vec::new());
        assert_eq!(joined(std::slice::from_ref(&alone)), alone);
    }
}
