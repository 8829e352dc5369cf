//! Without the feature `otel` no traces leave the process.

use std::time::Duration;

use phasegate::axum::Router;
use phasegate::http::Net;
use tracing_subscriber::Registry;

use crate::command::Failure;

/// A layer of the log's that nobody has.
pub(super) type Layer = Option<Box<dyn tracing_subscriber::Layer<Registry> + Send + Sync>>;

pub(super) struct Traces;

impl Traces {
    pub(super) fn begin() -> Result<(Layer, Self), Failure> {
        Ok((None, Self))
    }

    /// Says where traces are asked for, which this build has not.
    pub(super) fn said(&self) {
        let asked = |name: &&str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let names = ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"];
        if let Some(name) = names.iter().find(|name| asked(name)) {
            tracing::warn!(
                "{name} is set, and this build has no traces: it lacks the feature `otel`"
            );
        }
    }

    pub(super) fn continued(&self, router: Router, _proxies: Vec<Net>) -> Router {
        router
    }

    pub(super) async fn end(self, _patience: Duration) {}
}
